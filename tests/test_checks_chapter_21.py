import math

import numpy as np
import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_21 as q

bce = F.binary_cross_entropy_with_logits


def flat_stub(d):
    # YOUR CODE HERE
    raise NotImplementedError()


def flat_by_logits(d):
    logit = torch.tensor([[math.log(d / (1 - d))]] * 4, dtype=torch.float64)
    return F.softplus(-logit).mean() + F.softplus(logit).mean(), -F.logsigmoid(logit).mean()


flat_losses = Case(
    q.flat_losses,
    flat_stub,
    right=[
        flat_by_logits,
        lambda d: [-math.log(d * (1 - d)), math.log(1 / d)],
        lambda d: (-np.log([d, 1 - d]).sum(), -np.log(d)),
        lambda d: (-torch.tensor(d).log() - torch.tensor(1 - d).log(), torch.tensor([-math.log(d)])),
    ],
    wrong={
        "missing_minus": lambda d: (math.log(d * (1 - d)), math.log(d)),
        "base_two": lambda d: (-math.log(d * (1 - d), 2), -math.log(d, 2)),
        "same_label_for_both": lambda d: (2 * -math.log(d), -math.log(d)),
        "forgets_fakes": lambda d: (-math.log(d),) * 2,
        "halved": lambda d: (-math.log(d * (1 - d)) / 2, -math.log(d)),
        "swapped_results": lambda d: (-math.log(d), -math.log(d * (1 - d))),
        "logit_instead_of_probability": lambda d: (
            (F.softplus(torch.tensor(-d)) + F.softplus(torch.tensor(d))).item(),
            F.softplus(torch.tensor(-d)).item(),
        ),
        "generator_wants_forged": lambda d: (-math.log(d * (1 - d)), -math.log(1 - d)),
        "saturating_instead_of_non_saturating": lambda d: (-math.log(d * (1 - d)), math.log(1 - d)),
    },
    also_wrong=[
        lambda d: (2 * math.log(2), math.log(2)),
        lambda d: -math.log(d),
        lambda d: (-math.log10(d) - math.log10(1 - d), -math.log10(d)),
        lambda d: None if d else 1,
    ],
)


def slopes_stub(discriminator, x):
    # YOUR CODE HERE
    raise NotImplementedError()


def one_by_one(discriminator, x):
    found = []
    for point in x:
        point = point.clone().requires_grad_(True)
        found.append(torch.autograd.grad(discriminator(point[None])[0, 0], point)[0])
    return torch.stack(found)


def only_points(discriminator, x):
    x = x.clone().requires_grad_()
    discriminator(x).sum().backward(inputs=[x])
    return x.grad


def by_differences(discriminator, x):
    discriminator, x = discriminator.double(), x.double()
    with torch.no_grad():
        return (discriminator(x + 1e-5) - discriminator(x - 1e-5)) / 2e-5


def backward_everywhere(discriminator, x):
    x.requires_grad_()
    discriminator(x).sum().backward()
    return x.grad


def moves_weights(discriminator, x):
    slope = q.slopes.answer(discriminator, x)
    with torch.no_grad():
        next(discriminator.parameters()).add_(1)
    return slope


slopes = Case(
    q.slopes,
    slopes_stub,
    right=[
        one_by_one,
        only_points,
        lambda d, x: torch.func.jacrev(lambda x: d(x).sum())(x),
        lambda d, x: torch.autograd.functional.jacobian(lambda x: d(x).sum(0), x).reshape(-1, 1),
        lambda d, x: torch.autograd.functional.vjp(d, x, torch.ones_like(x))[1],
    ],
    wrong={
        "slope_of_probability": lambda d, x: only_points(lambda x: torch.sigmoid(d(x)), x),
        "mean_instead_of_sum": lambda d, x: only_points(d, x) / len(x),
        "slope_of_loss": lambda d, x: only_points(lambda x: bce(d(x), torch.ones_like(x)), x),
        "values_instead_of_slopes": lambda d, x: d(x).detach(),
        "gradient_of_weights": lambda d, x: torch.autograd.grad(d(x).sum(), d[0].weight)[0],
        "summed_slopes": lambda d, x: only_points(d, x).sum(0),
        "one_number_for_each_point": lambda d, x: (d(x.requires_grad_()).backward(), x.grad)[1],
        "points_without_gradient": lambda d, x: torch.autograd.grad(d(x).sum(), [x])[0],
        "leaves_gradients_in_discriminator": backward_everywhere,
        "clears_gradients_of_discriminator": lambda d, x: (backward_everywhere(d, x), d.zero_grad())[0],
        "leaves_discriminator_frozen": lambda d, x: (
            only_points(d, x),
            [p.requires_grad_(False) for p in d.parameters()],
        )[0],
        "leaves_discriminator_in_eval_mode": lambda d, x: only_points(d.eval(), x),
    },
    also_wrong=[
        moves_weights,
        by_differences,
        lambda d, x: -only_points(d, x),
        lambda d, x: only_points(d, x).squeeze(1),
        lambda d, x: torch.zeros_like(x),
    ],
)


def both_stub(real_logits, fake_logits):
    # YOUR CODE HERE
    raise NotImplementedError()


def with_bce(real, fake):
    loss_d = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
    return [loss_d, bce(fake, torch.ones_like(fake))]


def by_hand(real, fake):
    def minus_log_sigmoid(logits):
        return torch.logaddexp(torch.zeros_like(logits), -logits).mean()

    return minus_log_sigmoid(real) + minus_log_sigmoid(-fake), minus_log_sigmoid(fake)


both_losses = Case(
    q.both_losses,
    both_stub,
    right=[
        with_bce,
        by_hand,
        lambda r, f: (F.softplus(-r).mean() + F.softplus(f).mean(), F.softplus(f).mean() - f.mean()),
        lambda r, f: (F.softplus(-r.double()).mean(0) + F.softplus(f.double()).mean(0), F.softplus(-f).mean(0)),
    ],
    wrong={
        "one_tensor_for_both": [lambda r, f: with_bce(f, f), lambda r, f: [with_bce(r, r)[0], with_bce(r, f)[1]]],
        "swapped_labels": [
            lambda r, f: (with_bce(f, r)[0], with_bce(r, f)[1]),
            lambda r, f: (with_bce(f, r)[0], bce(f, torch.zeros_like(f))),
        ],
        "generator_wants_forged": lambda r, f: (with_bce(r, f)[0], bce(f, torch.zeros_like(f))),
        "generator_sees_real": lambda r, f: (with_bce(r, f)[0], bce(r, torch.ones_like(r))),
        "saturating_instead_of_non_saturating": lambda r, f: (with_bce(r, f)[0], F.logsigmoid(-f).mean()),
        "swapped_results": lambda r, f: with_bce(r, f)[::-1],
        "sigmoid_before_bce_with_logits": lambda r, f: with_bce(torch.sigmoid(r), torch.sigmoid(f)),
        "log_of_sigmoid": lambda r, f: (
            -(torch.log(torch.sigmoid(r)).mean() + torch.log(1 - torch.sigmoid(f)).mean()),
            -torch.log(torch.sigmoid(f)).mean(),
        ),
        "bce_without_sigmoid": lambda r, f: (F.binary_cross_entropy(f, torch.zeros_like(f)), with_bce(r, f)[1]),
        "target_of_another_shape": [
            lambda r, f: (bce(r, torch.ones_like(f)) + bce(f, torch.zeros_like(f)), with_bce(r, f)[1]),
            lambda r, f: ((F.softplus(-r) + F.softplus(f)).sum() / len(r), with_bce(r, f)[1]),
        ],
        "halved": lambda r, f: (with_bce(r, f)[0] / 2, with_bce(r, f)[1]),
        "sum_instead_of_mean": lambda r, f: (
            F.softplus(-r).sum() + F.softplus(f).sum(),
            bce(f, torch.ones_like(f), reduction="sum"),
        ),
        "not_reduced": [
            lambda r, f: (F.softplus(-r) + F.softplus(f), F.softplus(-f)),
            lambda r, f: (F.softplus(-r).mean(1) + F.softplus(f).mean(1), F.softplus(-f).mean(1)),
        ],
        "no_gradient": [
            lambda r, f: [loss.item() for loss in with_bce(r, f)],
            lambda r, f: [loss.detach() for loss in with_bce(r, f)],
        ],
        "detached_logits": lambda r, f: with_bce(r, f.detach()),
    },
    also_wrong=[
        lambda r, f: (with_bce(r, (f + f.detach()) / 2)[0], with_bce(r, f)[1]),
        lambda r, f: -sum(with_bce(r, f)),
        lambda r, f: (with_bce(r, f)[0] + 1, with_bce(r, f)[1]),
    ],
)


def step_stub(generator, discriminator, optimizer_g, optimizer_d, real_batches):
    # YOUR CODE HERE
    raise NotImplementedError()


def no_grad_for_fakes(g, d, opt_g, opt_d, batches):
    for real in batches:
        opt_d.zero_grad(set_to_none=False)
        with torch.no_grad():
            fake = g(torch.randn(real.shape))
        loss_d = with_bce(d(real), d(fake))[0]
        loss_d.backward()
        opt_d.step()
    opt_g.zero_grad()
    loss_g = bce(d(g(torch.randn(batches[-1].shape))), torch.ones(len(batches[-1]), 1))
    loss_g.backward()
    opt_g.step()
    return loss_d, loss_g


def without_detach(g, d, opt_g, opt_d, batches):
    """Right, too: what the discriminator's turns leave in the generator is cleared before it counts."""
    for real in batches:
        loss_d = with_bce(d(real), d(g(torch.randn(len(real), 1))))[0]
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()
    opt_g.zero_grad()
    opt_d.zero_grad()
    loss_g = with_bce(d(real), d(g(torch.randn(len(real), 1))))[1]
    loss_g.backward()
    opt_g.step()
    return [loss_d.detach(), loss_g.detach()]


def gradients_by_hand(g, d, opt_g, opt_d, batches):
    def update(optimizer, loss):
        parameters = optimizer.param_groups[0]["params"]
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = gradient
        optimizer.step()
        return loss.item()

    losses = []
    for real in batches:
        fake = g(torch.randn(len(real), 1)).detach()
        losses.append(update(opt_d, F.softplus(-d(real)).mean() + F.softplus(d(fake)).mean()))
    return losses[-1], update(opt_g, F.softplus(-d(g(torch.randn(len(real), 1)))).mean())


def noise_in_one_piece(g, d, opt_g, opt_d, batches):
    """Right, too: all noise of a step is drawn at once, and shared out."""
    parts = list(
        torch.randn(sum(map(len, batches)) + len(batches[-1]), 1).split([*map(len, batches), len(batches[-1])])
    )
    return step(g, d, opt_g, opt_d, batches, noise=lambda n: parts.pop(0))


def freezes_and_thaws(g, d, opt_g, opt_d, batches):
    """Right, too: while the generator learns, the discriminator's weights take no gradient."""
    loss_d, loss_g = [], None
    for real in batches:
        fake = g(torch.randn(len(real), 1)).detach()
        loss_d.append(with_bce(d(real), d(fake))[0])
        opt_d.zero_grad()
        loss_d[-1].backward()
        opt_d.step()
    d.requires_grad_(False)
    loss_g = with_bce(d(real), d(g(torch.randn(len(real), 1))))[1]
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    d.requires_grad_(True)
    return loss_d[-1], loss_g


def step(g, d, opt_g, opt_d, batches, noise=lambda n: torch.randn(n, 1), cut=False, both_at_end=False):
    """A right step, with switches for what may go wrong."""
    for real in batches:
        loss_d = with_bce(d(real), d(g(noise(len(real))).detach()))[0]
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()
    fake = g(noise(len(real)))
    loss_g = with_bce(d(real), d(fake.detach() if cut else fake))[1]
    opt_g.zero_grad()
    if both_at_end:
        opt_d.zero_grad()
    loss_g.backward()
    opt_g.step()
    if both_at_end:
        opt_d.step()
    return loss_d.item(), loss_g.item()


def uses_fake_graph_twice(g, d, opt_g, opt_d, batches):
    for real in batches:
        fake = g(torch.randn(len(real), 1))
        loss_d = with_bce(d(real), d(fake))[0]
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()
    loss_g = with_bce(d(real), d(fake))[1]
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()


def through_old_discriminator(g, d, opt_g, opt_d, batches):
    for real in batches:
        fake = g(torch.randn(len(real), 1))
        loss_d, loss_g = with_bce(d(real), d(fake))
        opt_d.zero_grad()
        loss_d.backward(retain_graph=True)
        opt_d.step()
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()


def same_points(g, d, opt_g, opt_d, batches):
    for real in batches:
        fake = g(torch.randn(len(real), 1))
        loss_d = with_bce(d(real), d(fake.detach()))[0]
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()
    opt_g.zero_grad()
    loss_g = with_bce(d(real), d(fake))[1]
    loss_g.backward()
    opt_g.step()
    return loss_d.item(), loss_g.item()


def own_noise(draw):
    return lambda *arguments: step(*arguments, noise=draw)


def constant_noise():
    torch.manual_seed(0)
    return lambda *arguments: step(*arguments, noise=lambda n: torch.linspace(-2, 2, n)[:, None])


training_step = Case(
    q.training_step,
    step_stub,
    right=[no_grad_for_fakes, without_detach, gradients_by_hand, step, noise_in_one_piece, freezes_and_thaws],
    wrong={
        "no_detach": uses_fake_graph_twice,
        "generator_learns_from_old_discriminator": through_old_discriminator,
        "generator_never_moves": lambda *arguments: step(*arguments, cut=True),
        "updates_discriminator_in_generator_step": lambda *arguments: step(*arguments, both_at_end=True),
        "one_update_for_all_batches": lambda g, d, a, b, batches: step(g, d, a, b, batches[-1:]),
        "uniform_noise": own_noise(lambda n: torch.rand(n, 1)),
        "noise_of_another_shape": [own_noise(lambda n: torch.randn(n)[None]), own_noise(lambda n: torch.randn(n, 100))],
        "same_noise_for_all_batches": constant_noise(),
        "reuses_the_points": same_points,
        "seeds_each_step": lambda *arguments: (torch.manual_seed(7), step(*arguments))[1],
        "returns_nothing": lambda *arguments: (step(*arguments), None)[1],
        "swapped_results": lambda *arguments: step(*arguments)[::-1],
    },
    also_wrong=[
        lambda *arguments: (step(*arguments), arguments[1].eval())[0],
        lambda *arguments: (step(*arguments), arguments[1].requires_grad_(False))[0],
        lambda g, d, a, b, batches: step(g, d, a, b, batches, noise=lambda n: torch.randn(len(batches[0]), 1)),
        lambda *arguments: step(*arguments)[0],
        lambda *arguments: (1.0, step(*arguments)[1]),
        own_noise(lambda n: 3 * torch.randn(n, 1)),
        lambda g, d, opt_g, opt_d, batches: step(g, d, opt_g, opt_d, [5 * real for real in batches]),
        lambda g, d, opt_g, opt_d: step(g, d, opt_g, opt_d, [torch.zeros(3, 1)]),
    ],
    namespace={"both_losses": both_losses.question.answer},
)

TestChapter21 = chapter_tests(q, flat_losses, slopes, both_losses, training_step)

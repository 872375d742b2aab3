"""Questions of chapter 21: a flat discriminator, what the generator sees, both losses, one step, long turns."""

import math
from types import FunctionType

import torch
import torch.nn.functional as F
from torch import nn

from gan_edu.checks.engine import NotYet, discussion, question
from gan_edu.checks.probes import SLIPS_OF_GRAD, SLIPS_OF_LOSSES, known_errors
from gan_edu.checks.values import close, describe

# --- a discriminator that says the same everywhere


@question(
    "Losses of a shrug",
    hints=(
        "Each loss is minus the logarithm of a probability: of the one that was given to the right answer, or to the "
        "wished one.",
        "D says d to every point. On a real point the right answer, “real”, got the probability d; on a forged one the "
        "right answer, “generated”, got 1 - d. The generator wishes to hear “real”.",
        "loss_d = -log(d) - log(1 - d) and loss_g = -log(d), with math.log, the natural logarithm.",
    ),
    insight="-log d - log(1 - d) is smallest at d = ½: of all discriminators that say the same everywhere, the one "
    "that says ½ has the lowest loss. So a loss well above 2 ln 2 is worse than a shrug.",
    probes=lambda: [(0.5,), (0.9,), (0.2,), (0.001,)],
)
def flat_losses(d):
    loss_d = -math.log(d) - math.log(1 - d)
    loss_g = -math.log(d)
    return loss_d, loss_g


@flat_losses.misconception("logarithms without the minus signs. Losses are to be made small: minus the logarithm.")
def _missing_minus(d):
    return math.log(d) + math.log(1 - d), math.log(d)


@flat_losses.misconception("the logarithm to base 2 (bits). The losses of this course are in nats: math.log.")
def _base_two(d):
    return -math.log2(d) - math.log2(1 - d), -math.log2(d)


@flat_losses.misconception(
    "-log d for both halves. On a generated point the right answer is “generated”, and that got the probability 1 - d."
)
def _same_label_for_both(d):
    return -2 * math.log(d), -math.log(d)


@flat_losses.misconception("only the real half of the discriminator's loss. It sees generated points, too.")
def _forgets_fakes(d):
    return -math.log(d), -math.log(d)


@flat_losses.misconception("half of the discriminator's loss: the two means are added here, not averaged.")
def _halved(d):
    return -(math.log(d) + math.log(1 - d)) / 2, -math.log(d)


@flat_losses.misconception("swapped results. The discriminator's loss comes first.")
def _swapped_results(d):
    return -math.log(d), -math.log(d) - math.log(1 - d)


@flat_losses.misconception(
    "d taken for a logit. It is the probability already, after the sigmoid: the logit of 0.5 would be 0."
)
def _logit_instead_of_probability(d):
    loss_g = math.log(1 + math.exp(-d))
    return loss_g + math.log(1 + math.exp(d)), loss_g


@flat_losses.misconception(
    "the generator's wish turned round: -log(1 - d) is small when its points are called generated. It wants to hear "
    "“real”."
)
def _generator_wants_forged(d):
    return -math.log(d) - math.log(1 - d), -math.log(1 - d)


@flat_losses.misconception(
    "log(1 - d) for the generator: the minimax loss. Asked for is the other one, non-saturating: -log d."
)
def _saturating_instead_of_non_saturating(d):
    return -math.log(d) - math.log(1 - d), math.log(1 - d)


# --- what the generator sees


def _hill():
    """A discriminator for points on a line, and some points."""
    net = nn.Sequential(nn.Linear(1, 2), nn.Tanh(), nn.Linear(2, 1))
    for parameter, values in zip(net.parameters(), ((1.0, -0.7), (0.5, 0.2), (1.5, 0.8), (0.3,)), strict=True):
        parameter.data = torch.tensor(values).reshape(parameter.shape)
    return net


_REQUIRES_GRAD = (
    "a slope at points that PyTorch doesn't follow. Before the discriminator sees them: "
    "x = x.detach().requires_grad_()."
)


def _slopes_at(candidate, points):
    """The slopes that candidate finds at points, on the discriminator of `_hill`."""
    x = torch.tensor(points)[:, None]
    with known_errors("slopes", SLIPS_OF_GRAD):
        return candidate(_hill(), x)


@question(
    "What the generator sees",
    hints=(
        "You want the derivative of the logit with respect to x, not to the weights. For that PyTorch must follow x: "
        "which tensor must have requires_grad?",
        "torch.autograd.grad(outputs, inputs) gives derivatives without leaving anything in .grad. It needs a single "
        "number to start from: the sum of all logits, since no logit depends on another one's point.",
        "x = x.detach().requires_grad_(), then (slope,) = torch.autograd.grad(discriminator(x).sum(), x).",
    ),
    insight="With D in its best form, logit = log p - log q, this slope is the difference of the two scores, "
    "(log p)' - (log q)'. Diffusion models learn scores directly, of data with noise.",
    run=_slopes_at,
    probes=lambda: [([-1.0, 0.0, 2.0],), ([0.3, -2.0],)],
)
def slopes(discriminator, x):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(x).sum(), x)
    return slope


def _of(function, x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(function(x), x)[0]


@slopes.misconception("the slope of the probability D(x) = σ(logit). Asked for is the logit's own slope: no sigmoid.")
def _slope_of_probability(discriminator, x):
    return _of(lambda x: discriminator(x).sigmoid().sum(), x)


@slopes.misconception(
    "the mean of the logits instead of their sum: then each slope is divided by the number of points."
)
def _mean_instead_of_sum(discriminator, x):
    return _of(lambda x: discriminator(x).mean(), x)


@slopes.misconception("the slope of the generator's loss. Asked for is that of the logit, before any loss.")
def _slope_of_loss(discriminator, x):
    return _of(lambda x: F.softplus(-discriminator(x)).mean(), x)


@slopes.misconception()
def _slope_of_loss(discriminator, x):
    return _of(lambda x: F.softplus(-discriminator(x)).sum(), x)


@slopes.misconception("the discriminator's values. The question is how they change when x moves: their derivative.")
def _values_instead_of_slopes(discriminator, x):
    return discriminator(x)


@slopes.misconception(
    "the gradient with respect to the weights. That is what the *discriminator* learns from; here the points move, "
    "and the weights stay."
)
def _gradient_of_weights(discriminator, x):
    return torch.autograd.grad(discriminator(x).sum(), next(discriminator.parameters()))[0]


@slopes.misconception("one number for all points: the slopes must not be added up, each point has its own.")
def _summed_slopes(discriminator, x):
    return _of(lambda x: discriminator(x).sum(), x).sum()


@slopes.misconception(
    "a derivative of many numbers at once. PyTorch starts from one: take the sum of the logits first."
)
def _one_number_for_each_point(discriminator, x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(discriminator(x), x)[0]


@slopes.misconception(_REQUIRES_GRAD)
def _points_without_gradient(discriminator, x):
    return torch.autograd.grad(discriminator(x).sum(), x)[0]


@slopes.misconception(
    "backward(), which also leaves gradients in the discriminator's weights. They would be added to its next turn. "
    "torch.autograd.grad(…, x) touches nothing but x."
)
def _leaves_gradients_in_discriminator(discriminator, x):
    x = x.detach().requires_grad_()
    discriminator(x).sum().backward()
    return x.grad


@slopes.misconception(
    "gradients of the weights that were cleared. They may belong to a turn that isn't over. torch.autograd.grad(…, x) "
    "leaves every .grad as it was."
)
def _clears_gradients_of_discriminator(discriminator, x):
    x = x.detach().requires_grad_()
    discriminator(x).sum().backward()
    discriminator.zero_grad()
    return x.grad


@slopes.misconception(
    "weights that stay frozen: after requires_grad_(False) the discriminator can never learn again. Set it back, or "
    "leave it out: torch.autograd.grad(…, x) doesn't need it."
)
def _leaves_discriminator_frozen(discriminator, x):
    discriminator.requires_grad_(False)
    return _of(lambda x: discriminator(x).sum(), x)


@slopes.misconception(
    "a discriminator that stays in evaluation mode: .eval() changes it for everybody. Set it back with .train(), or "
    "leave it out."
)
def _leaves_discriminator_in_eval_mode(discriminator, x):
    discriminator.eval()
    return _of(lambda x: discriminator(x).sum(), x)


@slopes.test
def _(learner):
    net, x = _hill(), torch.tensor([[-1.0], [0.5]])
    for parameter in net.parameters():  # left by a turn before
        parameter.grad = torch.ones_like(parameter)
    before = [parameter.detach().clone() for parameter in net.parameters()]
    learner(net, x)
    expected = "a discriminator as it was before"
    if not net.training:
        raise NotYet(expected, "one in evaluation mode", looks_like="leaves_discriminator_in_eval_mode")
    if not all(parameter.requires_grad for parameter in net.parameters()):
        raise NotYet(expected, "frozen weights", looks_like="leaves_discriminator_frozen")
    gradients = [parameter.grad for parameter in net.parameters()]
    if any(gradient is None or not gradient.any() for gradient in gradients):
        got = "the gradients of its weights are gone"
        raise NotYet(expected, got, looks_like="clears_gradients_of_discriminator")
    if any((gradient != 1).any() for gradient in gradients):
        got = "other gradients in .grad of its weights"
        raise NotYet(expected, got, looks_like="leaves_gradients_in_discriminator")
    if not all(close(old, new) and old.dtype == new.dtype for old, new in zip(before, net.parameters(), strict=True)):
        raise NotYet(expected, "other weights", looks_like="a change of the weights.")


# --- both losses


def _both(candidate, real_logits, fake_logits):
    with known_errors("two losses", SLIPS_OF_LOSSES):
        return candidate(real_logits, fake_logits)


@question(
    "Both losses, from logits",
    hints=(
        "Three parts: real points that should be called real, generated points that should be called generated (both "
        "for the discriminator), generated points that should be called real (for the generator).",
        "From a logit ℓ: -log D = -F.logsigmoid(ℓ), and because 1 - σ(ℓ) = σ(-ℓ): -log(1 - D) = -F.logsigmoid(-ℓ).",
        "loss_d = -F.logsigmoid(real_logits).mean() - F.logsigmoid(-fake_logits).mean(); loss_g is the mean of "
        "-F.logsigmoid(fake_logits).",
    ),
    insight="The fake half of loss_d and loss_g pull at the same numbers in opposite directions, and their slopes "
    "add up to 1 in size at every logit: where the detective's lesson is weak, the forger's is strong.",
    run=_both,
    probes=lambda: [
        (torch.zeros(3, 1), torch.zeros(3, 1)),
        (torch.tensor([[2.0], [-1.0], [0.5]]), torch.tensor([[-1.5], [0.0], [1.0]])),
        (2 * torch.randn(4, 1), 2 * torch.randn(4, 1)),
        (torch.tensor([[-120.0], [3.0]]), torch.tensor([[120.0], [-110.0]])),  # exp(-120) is 0 in float32
    ],
)
def both_losses(real_logits, fake_logits):
    loss_d = -F.logsigmoid(real_logits).mean() - F.logsigmoid(-fake_logits).mean()
    loss_g = -F.logsigmoid(fake_logits).mean()
    return loss_d, loss_g


def _pair(real, fake):
    """The right answer again, for the wrong ones below."""
    return F.softplus(-real).mean() + F.softplus(fake).mean(), F.softplus(-fake).mean()


@both_losses.misconception(
    "one tensor of logits for both halves of the discriminator's loss. Then “real” and “generated” are asked of the "
    "same points, and the best answer is ½, for ever."
)
def _one_tensor_for_both(real_logits, fake_logits):
    return _pair(fake_logits, fake_logits)


@both_losses.misconception()
def _one_tensor_for_both(real_logits, fake_logits):
    return _pair(real_logits, real_logits)[0], _pair(real_logits, fake_logits)[1]


@both_losses.misconception(
    "swapped labels: the discriminator is paid for calling real points generated, and the other way round."
)
def _swapped_labels(real_logits, fake_logits):
    return _pair(fake_logits, real_logits)[0], F.softplus(fake_logits).mean()


@both_losses.misconception()
def _swapped_labels(real_logits, fake_logits):
    return _pair(fake_logits, real_logits)[0], _pair(real_logits, fake_logits)[1]


@both_losses.misconception(
    "a generator that wants its points called *generated*: that half belongs to the discriminator. The generator's "
    "label is “real”."
)
def _generator_wants_forged(real_logits, fake_logits):
    return _pair(real_logits, fake_logits)[0], F.softplus(fake_logits).mean()


@both_losses.misconception(
    "the generator's loss on the *real* logits. It never sees a real point; what it can change is the generated ones."
)
def _generator_sees_real(real_logits, fake_logits):
    return _pair(real_logits, fake_logits)[0], F.softplus(-real_logits).mean()


@both_losses.misconception("the minimax loss, log(1 - D), for the generator. Asked for is -log D.")
def _saturating_instead_of_non_saturating(real_logits, fake_logits):
    return _pair(real_logits, fake_logits)[0], -F.softplus(fake_logits).mean()


@both_losses.misconception("swapped results. The discriminator's loss comes first.")
def _swapped_results(real_logits, fake_logits):
    return _pair(real_logits, fake_logits)[::-1]


@both_losses.misconception(
    "a sigmoid too many. F.logsigmoid and binary_cross_entropy_with_logits have it inside: give them the logits."
)
def _sigmoid_before_bce_with_logits(real_logits, fake_logits):
    return _pair(real_logits.sigmoid(), fake_logits.sigmoid())


@both_losses.misconception(
    "the logarithm of a sigmoid in two steps. At a logit of -120 the sigmoid is rounded to 0, and its logarithm is "
    "lost. F.logsigmoid does both in one safe step."
)
def _log_of_sigmoid(real_logits, fake_logits):
    real, fake = real_logits.sigmoid(), fake_logits.sigmoid()
    return -real.log().mean() - (1 - fake).log().mean(), -fake.log().mean()


@both_losses.misconception()
def _log_of_sigmoid(real_logits, fake_logits):
    real, fake = real_logits.sigmoid(), fake_logits.sigmoid()
    loss_d = F.binary_cross_entropy(real, torch.ones_like(real)) + F.binary_cross_entropy(fake, torch.zeros_like(fake))
    return loss_d, F.binary_cross_entropy(fake, torch.ones_like(fake))


@both_losses.misconception(
    "binary_cross_entropy, which wants probabilities, with logits: there is binary_cross_entropy_with_logits for them."
)
def _bce_without_sigmoid(real_logits, fake_logits):
    return F.binary_cross_entropy(real_logits, torch.ones_like(real_logits)), F.softplus(-fake_logits).mean()


@both_losses.misconception(
    "tensors of different sizes put together: labels made for the other tensor (torch.ones_like(real_logits) always "
    "fits), or real and forged losses added before their means."
)
def _target_of_another_shape(real_logits, fake_logits):
    ones = torch.ones(len(real_logits))
    return F.binary_cross_entropy_with_logits(real_logits, ones), F.softplus(-fake_logits).mean()


@both_losses.misconception("half of the discriminator's loss: the two means are added here, not averaged.")
def _halved(real_logits, fake_logits):
    loss_d, loss_g = _pair(real_logits, fake_logits)
    return loss_d / 2, loss_g


@both_losses.misconception("sums over the points instead of means. Then the step size depends on how many there are.")
def _sum_instead_of_mean(real_logits, fake_logits):
    return F.softplus(-real_logits).sum() + F.softplus(fake_logits).sum(), F.softplus(-fake_logits).sum()


@both_losses.misconception("one loss for each point. Training needs a single number: .mean(), without an axis.")
def _not_reduced(real_logits, fake_logits):
    return F.softplus(-real_logits) + F.softplus(fake_logits), F.softplus(-fake_logits)


@both_losses.misconception()
def _not_reduced(real_logits, fake_logits):
    return (F.softplus(-real_logits) + F.softplus(fake_logits)).mean(-1), F.softplus(-fake_logits).mean(-1)


@both_losses.misconception()
def _not_reduced(real_logits, fake_logits):
    return _pair(real_logits, fake_logits)[0], F.softplus(-fake_logits)


@both_losses.misconception(
    "numbers without a gradient: an .item(), float() or .detach(). backward() needs the tensors."
)
def _no_gradient(real_logits, fake_logits):
    return tuple(loss.item() for loss in _pair(real_logits, fake_logits))


@both_losses.misconception(
    "detached logits. The *points* are detached, before the discriminator sees them; its own weights lie between "
    "points and logits, and must learn from the generated ones, too."
)
def _detached_logits(real_logits, fake_logits):
    return _pair(real_logits, fake_logits.detach())[0], _pair(real_logits, fake_logits)[1]


@both_losses.misconception()
def _detached_logits(real_logits, fake_logits):
    return _pair(real_logits, fake_logits)[0], _pair(real_logits, fake_logits.detach())[1]


@both_losses.test
def _(learner):
    logits = torch.tensor([[0.5], [-1.0]]), torch.tensor([[1.0], [0.0], [2.0]])
    right, got = both_losses.answer(*logits), _both(learner, *logits)
    if not close(right, got):
        on = "2 real and 3 generated points"
        raise NotYet(right, got, on=on, looks_like="something that needs equally many real and generated points.")


@both_losses.test
def _(learner):
    for number, (loss_of, wanted) in enumerate(
        (("discriminator", ("real_logits", "fake_logits")), ("generator", ("fake_logits",)))
    ):
        logits = {name: torch.tensor([[0.5], [-1.0]], requires_grad=True) for name in ("real_logits", "fake_logits")}
        loss = learner(*logits.values())[number]
        if not torch.is_tensor(loss):
            got = f"a {type(loss).__name__}, which backward() can't go through"
            raise NotYet(f"the {loss_of}'s loss as a tensor", got, looks_like="no_gradient")
        if not loss.requires_grad:
            name = "detached_logits" if loss_of == "generator" else "no_gradient"
            raise NotYet(f"a gradient of the {loss_of}'s loss", "none", looks_like=name)
        found = torch.autograd.grad(loss, list(logits.values()), allow_unused=True)
        right = torch.autograd.grad(both_losses.answer(*logits.values())[number], [logits[name] for name in wanted])
        for name, should in zip(wanted, right, strict=True):
            gradient = found[list(logits).index(name)]
            expected = f"a gradient of the {loss_of}'s loss for {name}"
            if gradient is None or not gradient.any():
                raise NotYet(expected, "none arrives there", looks_like="detached_logits")
            if not close(should, gradient):
                raise NotYet(f"{expected}: {describe(should)}", gradient, looks_like="a .detach() in part of the loss.")


# --- one training step


class _Spot(nn.Module):
    """A generator that sends all noise to one place: so its points don't depend on how the learner draws noise."""

    def __init__(self):
        super().__init__()
        self.place = nn.Parameter(torch.tensor([0.4]))
        self.noise = []

    def forward(self, z):
        self.noise.append(z.detach())
        return self.place * (1 + 0 * z)


def _one_game(sizes, batches):
    """(arguments of training_step, turn by turn): sizes points in each of so many batches."""
    generator, discriminator = _Spot(), _hill()
    optimizer_g = torch.optim.SGD(generator.parameters(), lr=0.7)  # Adam would hide a wrong size of the gradient
    optimizer_d = torch.optim.SGD(discriminator.parameters(), lr=0.5)
    real = [[torch.linspace(1, 2, sizes)[:, None] + turn + i / 2 for i in range(batches)] for turn in range(2)]
    return [(generator, discriminator, optimizer_g, optimizer_d, each) for each in real]


def _two_steps(candidate, batches):
    """The weights of both nets after one step of training on so many batches, and after another."""
    after = {}
    for turn, arguments in enumerate(_one_game(3, batches), start=1):
        if _call(candidate, arguments) is ...:
            return ...
        for name, net in zip(("generator", "discriminator"), arguments, strict=False):
            weights = [parameter.detach().flatten().clone() for parameter in net.parameters()]
            after[f"{name} after step {turn}"] = torch.cat(weights)
    return after


_STAYS_FROZEN = "requires_grad_(False) without requires_grad_(True) after it."


def _call(candidate, arguments):
    slips = {"second time": "no_detach", "inplace operation": "generator_learns_from_old_discriminator"}
    with known_errors("a step without an error", slips):
        try:
            return candidate(*arguments)
        except RuntimeError as error:  # what it means is seen in the networks
            if "does not require grad" in str(error):
                frozen = not all(weight.requires_grad for weight in arguments[1].parameters())
                slips["does not require grad"] = _STAYS_FROZEN if frozen else "generator_never_moves"
            if arguments[0].noise[-1:] and arguments[0].noise[-1].shape[1:] != (1,):
                slips["shapes cannot be multiplied"] = "noise_of_another_shape"
            raise


@question(
    "One step of the whole game",
    hints=(
        "A loop over the batches, in which only the discriminator learns. After the loop, the generator's turn.",
        "In the loop: noise, generated points (detached), loss, and the three lines zero_grad(), backward(), step() "
        "with optimizer_d. After it: new generated points, not detached, and the three lines with optimizer_g.",
        "for real in real_batches: fake = generator(torch.randn(len(real), 1)).detach(); loss_d = "
        "both_losses(discriminator(real), discriminator(fake))[0]; … After the loop the same with [1], without "
        "detach, and with optimizer_g.",
    ),
    insight="After the generator's turn the discriminator's .grad is not empty: the way to the generator leads through "
    "its weights. zero_grad() at the start of each of its turns throws that away, unread.",
    run=_two_steps,
    probes=lambda: [(1,), (3,)],
)
def training_step(generator, discriminator, optimizer_g, optimizer_d, real_batches):
    for real in real_batches:
        fake = generator(torch.randn(len(real), 1)).detach()
        loss_d, _ = both_losses(discriminator(real), discriminator(fake))
        optimizer_d.zero_grad()
        loss_d.backward()
        optimizer_d.step()

    fake = generator(torch.randn(len(real), 1))
    _, loss_g = both_losses(discriminator(real), discriminator(fake))
    optimizer_g.zero_grad()
    loss_g.backward()
    optimizer_g.step()
    return loss_d.item(), loss_g.item()


# In the notebook this name is the learner's function; in this file it is a question, and this is its answer.
training_step.answer = FunctionType(
    training_step.answer.__code__, globals() | {"both_losses": both_losses.answer}, "training_step"
)


def _update(optimizer, loss, zero=True):
    if zero:
        optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _forge(generator, real):
    return generator(torch.randn(len(real), 1))


@training_step.misconception(
    "a missing zero_grad(). backward() adds to the gradients of the turn before, and in the "
    "discriminator to those of the generator's turn. Clear them before each backward()."
)
def _missing_zero_grad(g, d, opt_g, opt_d, batches):
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0], zero=False)
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1], zero=False)


@training_step.misconception()
def _missing_zero_grad(g, d, opt_g, opt_d, batches):
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0], zero=False)
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1])


@training_step.misconception()
def _missing_zero_grad(g, d, opt_g, opt_d, batches):
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0])
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1], zero=False)


@training_step.misconception()
def _missing_zero_grad(g, d, opt_g, opt_d, batches):
    opt_d.zero_grad()
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0], zero=False)
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1])


@training_step.misconception(
    "a missing .detach(). The discriminator's turns put gradients into the generator. Detach the points "
    "there, and zero the generator's gradients right before its own backward()."
)
def _no_detach(g, d, opt_g, opt_d, batches):
    opt_g.zero_grad()
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real)))[0])
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1], zero=False)


@training_step.misconception()
def _no_detach(g, d, opt_g, opt_d, batches):
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real)))[0])
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1], zero=False)


@training_step.misconception(
    "a generator that never moves: its update is missing, or its generated points are cut off from it (.detach(), "
    "torch.no_grad()) in its own turn, so that no gradient arrives."
)
def _generator_never_moves(g, d, opt_g, opt_d, batches):
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0])


@training_step.misconception("a discriminator that never moves: its update is missing, or has the other's optimizer.")
def _discriminator_never_moves(g, d, opt_g, opt_d, batches):
    real = batches[-1]
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1])


@training_step.misconception(
    "a generator that learns after every batch. Here the discriminator learns from all batches first, and then the "
    "generator once: its turn stands after the loop."
)
def _generator_in_every_round(g, d, opt_g, opt_d, batches):
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0])
        _update(opt_g, _pair(d(real), d(_forge(g, real)))[1])


@training_step.misconception(
    "one update of the discriminator instead of one for each batch: zero_grad(), backward() and step() all belong "
    "into the loop."
)
def _one_update_for_all_batches(g, d, opt_g, opt_d, batches):
    real = batches[-1]
    _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0])
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1])


@training_step.misconception()
def _one_update_for_all_batches(g, d, opt_g, opt_d, batches):
    real = batches[0]
    _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0])
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1])


@training_step.misconception()
def _one_update_for_all_batches(g, d, opt_g, opt_d, batches):
    real = torch.cat(batches)
    _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0])
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1])


@training_step.misconception()
def _one_update_for_all_batches(g, d, opt_g, opt_d, batches):
    _update(opt_d, sum(_pair(d(real), d(_forge(g, real).detach()))[0] for real in batches))
    _update(opt_g, _pair(d(batches[-1]), d(_forge(g, batches[-1])))[1])


@training_step.misconception(
    "the generator's turn first. Asked for is: the discriminator learns, then the generator, from the discriminator "
    "as it is now."
)
def _generator_before_discriminator(g, d, opt_g, opt_d, batches):
    _update(opt_g, _pair(d(batches[0]), d(_forge(g, batches[0])))[1])
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0])


@training_step.misconception(
    "a generator that learns from the discriminator of before its turn. Its logits must be computed anew, after the "
    "discriminator's last update."
)
def _generator_learns_from_old_discriminator(g, d, opt_g, opt_d, batches):
    loss_g = _pair(d(batches[0]), d(_forge(g, batches[0])))[1]
    gradient = torch.autograd.grad(loss_g, list(g.parameters()))
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0])
    for parameter, found in zip(g.parameters(), gradient, strict=True):
        parameter.grad = found
    opt_g.step()


@training_step.misconception(
    "a discriminator that moves in the generator's turn, too: optimizer_d.step() after the generator's loss. It would "
    "learn to be fooled."
)
def _updates_discriminator_in_generator_step(g, d, opt_g, opt_d, batches):
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0])
    opt_d.zero_grad()
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1])
    opt_d.step()


@training_step.misconception()
def _updates_discriminator_in_generator_step(g, d, opt_g, opt_d, batches):
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0])
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1])
    opt_d.step()


@training_step.misconception(
    "the wrong one of the two losses in a turn: both_losses gives (loss_d, loss_g), in this order. The discriminator "
    "learns from the first, the generator from the second."
)
def _wrong_loss_of_the_two(g, d, opt_g, opt_d, batches):
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0])
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[0])


@training_step.misconception()
def _wrong_loss_of_the_two(g, d, opt_g, opt_d, batches):
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[1])
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1])


@training_step.misconception()
def _wrong_loss_of_the_two(g, d, opt_g, opt_d, batches):
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[1])
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[0])


@training_step.misconception(
    "noise that is not normal: torch.rand gives numbers from 0 to 1. This generator's noise is torch.randn, with an n."
)
def _uniform_noise(g, d, opt_g, opt_d, batches):
    for real in batches:
        _update(opt_d, _pair(d(real), d(g(torch.rand(len(real), 1)).detach()))[0])
    loss_g = _pair(d(real), d(g(torch.rand(len(real), 1))))[1]
    _update(opt_g, loss_g)
    return 0.0, loss_g.item()


@training_step.misconception(
    "the same noise again. Draw new noise for each batch, and once more for the generator's turn."
)
def _same_noise_for_all_batches(g, d, opt_g, opt_d, batches):
    z = torch.randn(len(batches[0]), 1)
    for real in batches:
        _update(opt_d, _pair(d(real), d(g(z).detach()))[0])
    _update(opt_g, _pair(d(real), d(g(z)))[1])


@training_step.misconception(
    "the discriminator's generated points, used again in the generator's turn. Many programs do that, and it works. "
    "Asked for here are new ones, from new noise."
)
def _reuses_the_points(g, d, opt_g, opt_d, batches):
    for real in batches:
        fake = _forge(g, real)
        _update(opt_d, _pair(d(real), d(fake.detach()))[0])
    _update(opt_g, _pair(d(real), d(fake))[1])


@training_step.misconception(
    "a fixed seed inside the step. Then every step of the training gets the same noise: set the seed once, outside."
)
def _seeds_each_step(g, d, opt_g, opt_d, batches):
    torch.manual_seed(0)
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0])
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1])


@training_step.misconception(
    "noise of another shape than (number of points, 1): one row of one number for each point of the batch."
)
def _noise_of_another_shape(g, d, opt_g, opt_d, batches):
    for real in batches:
        _update(opt_d, _pair(d(real), d(g(torch.randn(1, 1)).detach()))[0])
    _update(opt_g, _pair(d(real), d(g(torch.randn(1, 1))))[1])


@training_step.test
def _(learner):
    arguments = _one_game(500, 2)[0]
    learner(*arguments)
    noise = arguments[0].noise
    for z in noise:
        if z.ndim != 2 or z.shape[1] != 1 or len(z) not in (500, 1000):
            got = f"shape {tuple(z.shape)}"
            raise NotYet(
                "noise of shape (500, 1)", got, on="batches of 500 points", looks_like="noise_of_another_shape"
            )
    together = torch.cat(noise)
    if together.abs().max() <= 1:  # a third of normal numbers lies beyond
        got = f"all between {describe(together.min())} and {describe(together.max())}"
        raise NotYet("normal noise", got, looks_like="uniform_noise")
    mean, std = together.mean().item(), together.std().item()
    if abs(mean) > 0.25 or abs(std - 1) > 0.2:
        got = f"mean {mean:.2f} and standard deviation {std:.2f}"
        raise NotYet("noise with mean 0 and standard deviation 1", got)
    if len(noise) > 1 and noise[0].equal(noise[1]):
        raise NotYet("new noise for each turn", "twice the same", looks_like="same_noise_for_all_batches")
    if len(together) < 1500:  # two batches, and the generator's turn
        got = f"{len(together)} in all, for two batches and the generator's turn"
        raise NotYet("500 new generated points in each turn", got, looks_like="reuses_the_points")
    again = _one_game(500, 2)[0]
    learner(*again)
    if again[0].noise[0].equal(noise[0]):
        raise NotYet("new noise in each step", "the same in two steps", looks_like="seeds_each_step")


@training_step.test
def _(learner):
    generator, discriminator, optimizer_g, optimizer_d, _ = _one_game(3, 1)[0]
    batches = [torch.ones(3, 1), torch.ones(5, 1)]
    learner(generator, discriminator, optimizer_g, optimizer_d, batches)
    made = [len(z) for z in generator.noise]
    if sum(made) != 13:
        got = f"{', '.join(map(str, made))} generated points"
        looks = "a number of points that doesn't follow the batches: len(real) is the number of each."
        raise NotYet("3, then 5, then 5 generated points", got, on="batches of 3 and 5 points", looks_like=looks)
    if not all(module.training for net in (generator, discriminator) for module in net.modules()):
        looks = "a .eval() without a .train() after it."
        raise NotYet("nets in training mode afterwards, as before", "one in evaluation mode", looks_like=looks)
    if not all(weight.requires_grad for net in (generator, discriminator) for weight in net.parameters()):
        raise NotYet("nets that can learn afterwards, as before", "frozen weights", looks_like=_STAYS_FROZEN)


@training_step.misconception("a step that returns nothing. Return the last loss_d and loss_g, as numbers or tensors.")
def _returns_nothing(g, d, opt_g, opt_d, batches):
    for real in batches:
        _update(opt_d, _pair(d(real), d(_forge(g, real).detach()))[0])
    _update(opt_g, _pair(d(real), d(_forge(g, real)))[1])


@training_step.misconception("swapped results: loss_d comes first, then loss_g.")
def _swapped_results(g, d, opt_g, opt_d, batches):
    for real in batches:
        loss_d = _pair(d(real), d(_forge(g, real).detach()))[0]
        _update(opt_d, loss_d)
    loss_g = _pair(d(real), d(_forge(g, real)))[1]
    _update(opt_g, loss_g)
    return loss_g.item(), loss_d.item()


@training_step.test
def _(learner):
    right = training_step.answer(*_one_game(3, 2)[0])
    got = learner(*_one_game(3, 2)[0])
    expected = "the last two losses, (loss_d, loss_g)"
    if got is None:
        raise NotYet(expected, None, looks_like="returns_nothing")
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise NotYet(expected, got)
    if close(right, tuple(got)):
        return
    looks = "swapped_results" if close(right[::-1], tuple(got)) else None
    raise NotYet(f"{expected}: {describe(right)}", got, looks_like=looks)


# --- long turns


@discussion(
    "The better the detective, the better the lessons?",
    hints=(
        "What exactly does the generator get from the discriminator? A value and a slope, at its own points. For which "
        "points was that slope learned?",
        "A slope is a promise about a small step. The generator takes a thousand.",
        "Separate two things: a discriminator that is *good now* (which is what you want), and one that *stands "
        "still* while the generator runs. And think of a discriminator that is so sure that its curve is flat.",
    ),
)
def long_turns():
    """Right is: for the generator's *next* step, a good discriminator gives a good direction. If D = p / (p + q),
    its slope tells at each generated point in which direction real points become more frequent, compared with
    generated ones. A bad discriminator teaches nonsense, like the one-eyed one of section 8, which can't tell
    left from right.

    Wrong is the long turn of the generator. D's curve was learned for generated points where they lie now. After
    a few hundred updates they lie somewhere else, together at the top of a curve that has become meaningless,
    because nothing in the loss asks them to stay apart. The discriminator then learns that this spot is
    "generated", and they jump to the next.

    Wrong is also "the better, the better" for the discriminator. In section 5, ten updates of D for each one of G
    cost several pairs a whole cluster; three did no harm; ten for *both* did no harm either. Why the
    others lost it, that experiment doesn't tell. One doubt about "trained to the end" needs no experiment: where
    generated and real points don't overlap, the best discriminator is sure everywhere. It is 0 here and 1 there,
    and flat in between or steep where no points are. Its slope, which is all that the generator gets, is then a
    guess.

    How to find out for your own nets: keep the generator's updates fixed, and make one player's turn longer at a
    time: 1, 3, 10, 100 updates of D for one of G, then the other way round, then both. Take several seeds each,
    and measure a distance to the data, with its floor. Don't judge by the losses: each plan has other
    opponents."""

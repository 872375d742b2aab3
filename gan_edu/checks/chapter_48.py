"""Questions of chapter 48: Amdahl's law, a turn without waste, lazy weights, what first."""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu.checks.engine import NotYet, discussion, question

# --- what a speed-up is worth


@question(
    "What is a speed-up worth?",
    hints=(
        "Take a step of 1 second. The part took `share` of it. How many seconds does it take now? And the rest?",
        "The new time is (1 - share) + share / factor.",
        "How many times faster means old time / new time, and the old time was 1.",
    ),
    insight="If a part takes half of the time, no factor makes the whole more than twice as fast: the limit is "
    "1 / (1 - share). So look for a large share first, and for a large factor second.",
    probes=lambda: [(0.5, 10.0), (0.05, 100.0), (0.6, 2.0), (1.0, 3.0), (0.0, 7.0), (0.8, np.array([1.0, 2.0, 5.0]))],
)
def speed_up(share, factor):
    return 1 / ((1 - share) + share / factor)


@speed_up.misconception("the factor itself: but only `share` of the step got faster, the rest takes as long as before.")
def _factor_for_everything(share, factor):
    return factor


@speed_up.misconception(
    "a mean of the speed-ups, weighted by time. Speed-ups don't add up, but *times* do. Add the times first."
)
def _mean_of_speed_ups(share, factor):
    return (1 - share) + share * factor


@speed_up.misconception("the new time. The question is how many times faster: the old time divided by the new one.")
def _time_instead_of_speed_up(share, factor):
    return (1 - share) + share / factor


@speed_up.misconception("a part that takes no time at all any more. It still takes share / factor.")
def _part_vanishes(share, factor):
    return 1 / (1 - share + 0 * factor) if share < 1 else float("inf")


@speed_up.misconception("share and rest exchanged: it is the part with the share `share` that gets faster.")
def _share_of_the_rest(share, factor):
    return 1 / (share + (1 - share) / factor)


# --- the generator's turn


def _players():
    generator = nn.Sequential(nn.Linear(3, 8), nn.LeakyReLU(0.2), nn.Linear(8, 2))
    discriminator = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
    return generator, discriminator, torch.randn(16, 3)


@question(
    "A turn without waste",
    hints=(
        "After a plain loss.backward(), look at discriminator[0].weight.grad: there it is, and nobody will use it.",
        "There must be a gradient *through* the discriminator, down to the fakes. What nobody wants are the gradients "
        "of its weights.",
        "loss.backward(inputs=[…]) computes gradients for the tensors in the list alone. Or switch requires_grad of "
        "the discriminator's weights off, and on again afterwards.",
    ),
    insight="The discriminator's work in this turn has three parts: forward, the gradient of its inputs, the gradient "
    "of its weights. Only the third isn't needed, and you have saved it.",
    probes=None,
)
def generator_turn(generator, discriminator, fake):
    loss = F.softplus(-discriminator(fake)).mean()
    loss.backward(inputs=list(generator.parameters()))
    return loss


@generator_turn.misconception(
    "perhaps a missing backward(), or a detach(), no_grad() or .item() on the way: no gradient has arrived at the "
    "generator. It must go back through the discriminator."
)
def _no_gradient(generator, discriminator, fake):
    return F.softplus(-discriminator(fake.detach())).mean()


@generator_turn.misconception(
    "a plain backward(): it also computes gradients for the discriminator's weights. Say inputs=…, or freeze the "
    "discriminator for this turn."
)
def _gradients_of_discriminator(generator, discriminator, fake):
    loss = F.softplus(-discriminator(fake)).mean()
    loss.backward()
    return loss


@generator_turn.misconception(
    "gradients of the discriminator that are computed first and deleted afterwards. That takes the time all the "
    "same, and it deletes the gradients that were there before."
)
def _gradients_thrown_away(generator, discriminator, fake):
    loss = F.softplus(-discriminator(fake)).mean()
    loss.backward()
    discriminator.zero_grad()
    return loss


@generator_turn.misconception(
    "a discriminator that stays frozen: its weights have requires_grad = False now. Switch it on again, or the "
    "discriminator never learns again."
)
def _left_frozen(generator, discriminator, fake):
    discriminator.requires_grad_(False)
    loss = F.softplus(-discriminator(fake)).mean()
    loss.backward()
    return loss


@generator_turn.misconception(
    "the loss of a generator that wants to be found out: softplus(+logit). It must be softplus(-logit)."
)
def _swapped_labels(generator, discriminator, fake):
    loss = F.softplus(discriminator(fake)).mean()
    loss.backward(inputs=list(generator.parameters()))
    return loss


@generator_turn.misconception(
    "a sum over the samples: with twice the batch the gradient would be twice as long. Take the mean."
)
def _sum_instead_of_mean(generator, discriminator, fake):
    loss = F.softplus(-discriminator(fake)).sum()
    loss.backward(inputs=list(generator.parameters()))
    return loss


@generator_turn.misconception("an update of the weights. There is no optimiser here; leave the gradients in .grad.")
def _steps_instead_of_gradient(generator, discriminator, fake):
    loss = F.softplus(-discriminator(fake)).mean()
    loss.backward(inputs=list(generator.parameters()))
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter -= 1e-3 * parameter.grad
    return loss


@generator_turn.misconception("nothing came back. The gradients are there; now return the loss, too.")
def _returns_nothing(generator, discriminator, fake):
    generator_turn.answer(generator, discriminator, fake)


def _gradients(net):
    return [None if p.grad is None else p.grad.clone() for p in net.parameters()]


def _alike(mine, its, tol=1e-5):
    return all(a is not None and torch.allclose(a, b, rtol=1e-4, atol=tol) for a, b in zip(mine, its, strict=True))


@generator_turn.test
def _(learner):
    generator, discriminator, z = _players()
    wanted, wanted_d = copy.deepcopy(generator), copy.deepcopy(discriminator)
    loss = generator_turn.answer(wanted, wanted_d, wanted(z)).item()
    other, other_d = copy.deepcopy(generator), copy.deepcopy(discriminator)
    _swapped_labels(other, other_d, other(z))

    for parameter in discriminator.parameters():
        parameter.grad = torch.full_like(parameter, 0.5)  # left over from the discriminator's own turn
    before, weights = copy.deepcopy(generator.state_dict()), copy.deepcopy(discriminator.state_dict())
    computed = []  # gradients of the discriminator's weights, seen where autograd makes them
    hooks = [p.register_hook(lambda gradient: computed.append(gradient)) for p in discriminator.parameters()]
    try:
        returned = learner(generator, discriminator, generator(z))
    finally:
        for hook in hooks:
            hook.remove()

    left = [p.grad for p in discriminator.parameters()]
    untouched = all(gradient is not None and bool((gradient == 0.5).all()) for gradient in left)
    mine, its = _gradients(generator), _gradients(wanted)
    if all(gradient is None or not gradient.any() for gradient in mine):
        raise NotYet("a gradient in every weight of the generator", "none there", looks_like="no_gradient")
    if not all(p.requires_grad for p in discriminator.parameters()):
        raise NotYet("a discriminator that can still learn", "requires_grad is off", looks_like="left_frozen")
    if computed or not untouched:
        gone = all(gradient is None or not gradient.any() for gradient in left)
        raise NotYet(
            "the discriminator's .grad as it was, and none of its gradients computed",
            "they were cleared" if gone else "they were computed" if computed else "they were changed",
            looks_like="gradients_thrown_away" if gone else "gradients_of_discriminator" if computed else None,
        )
    if any(not torch.equal(value, before[name]) for name, value in generator.state_dict().items()):
        raise NotYet("the generator's weights as they were", "they moved", looks_like="steps_instead_of_gradient")
    if any(not torch.equal(value, weights[name]) for name, value in discriminator.state_dict().items()):
        raise NotYet("the discriminator's weights as they were", "they moved")
    if not _alike(mine, its):
        if _alike([g / len(z) for g in mine if g is not None], [g for g in its]):
            raise NotYet(
                "the gradient of the mean", "16 times as much, for 16 samples", looks_like="sum_instead_of_mean"
            )
        name = "swapped_labels" if _alike(mine, _gradients(other)) else None
        raise NotYet("the gradient of softplus(-logit).mean()", "another gradient", looks_like=name)
    if not (generator.training and discriminator.training):
        raise NotYet(
            "both networks in training mode, as they came",
            "one of them is in evaluation mode",
            looks_like="an eval() that stays. In evaluation mode batch norm and dropout would no longer learn.",
        )
    if returned is None:
        raise NotYet("the loss", "None", looks_like="returns_nothing")
    returned = returned.detach() if torch.is_tensor(returned) else returned
    if abs(float(returned) - loss) > 1e-4:
        raise NotYet(f"the loss, {loss:.4f}", float(returned))


# --- lazy penalty


@question(
    "The weight of a lazy penalty",
    hints=(
        "step % every is 0 in steps 0, every, 2·every, …",
        "Out of `every` steps one has the penalty. How strong must that one be, so that together they count as much as "
        "`every` steps with gamma each?",
        "gamma * every if step % every == 0 else 0.0",
    ),
    insight="On average it is the same penalty, but one step of strength 16 is not 16 steps of strength 1. With plain "
    "gradient steps of size h, the Dirac-GAN arrives later or earlier, depending on gamma, and h·gamma·every > 2 "
    "throws its discriminator away from the solution.",
    probes=lambda: [(32, 1.0, 16), (33, 1.0, 16), (0, 2.0, 4), (3, 2.0, 4), (5, 0.1, 1), (12, 10.0, 8), (15, 1.0, 16)],
)
def penalty_weight(step, gamma, every):
    return gamma * every if step % every == 0 else 0.0


@penalty_weight.misconception("gamma itself in the lazy steps: then on average the penalty is `every` times too weak.")
def _not_made_stronger(step, gamma, every):
    return gamma if step % every == 0 else 0.0


@penalty_weight.misconception(
    "gamma divided by `every`. The penalty comes *less often*, so each time it must be stronger."
)
def _divided(step, gamma, every):
    return gamma / every if step % every == 0 else 0.0


@penalty_weight.misconception("a penalty in every step: then nothing is saved, and it is `every` times too strong.")
def _in_every_step(step, gamma, every):
    return gamma * every


@penalty_weight.misconception(
    "the wrong steps: all *but* those that were asked for. step % every is 0 in the lazy ones."
)
def _all_other_steps(step, gamma, every):
    return gamma * every if step % every else 0.0


@penalty_weight.misconception("steps counted from 1: the question asks for 0, every, 2·every, …")
def _counted_from_one(step, gamma, every):
    return gamma * every if (step + 1) % every == 0 else 0.0


# --- open


@discussion(
    "What first?",
    hints=(
        "What would Amdahl say to each of the bars?",
        "How large are 50,000 pictures of 64 × 64 in colour, one byte for each number?",
        "What does it cost to lose day five of seven? And what does a print of a GPU's number do?",
    ),
)
def what_first():
    """
    Checkpoints first, with everything in them, tested by killing a short run: a lost week is the slowest step.
    Then the longest bar, the data: 614 MB as uint8 fit on the GPU as one tensor. At most 1 / 0.55 = 1.8 times faster.
    Lazy R1 saves up to 9 of 100 ms, but is another training: compare quality over a few seeds.
    No .item() in each step; look at the losses every hundred steps.
    torch.compile concerns 40 of 100 ms: 1.15 times faster today, about 1.4 times after the other changes. So later.
    And the learning rates, before all that: good samples sooner is the aim, not more steps per second.
    """

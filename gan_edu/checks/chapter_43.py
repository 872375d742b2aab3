"""Questions of chapter 43: paired losses, two penalties, the unit of γ, a half-life."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from gan_edu.checks.engine import NotYet, question
from gan_edu.checks.probes import expect_gradient_at, gradient_reaches

# --- the paired losses


def _paired_probes():
    return [
        (torch.tensor([1.0, -0.5, 2.0]), torch.tensor([0.5, 1.5, -1.0])),
        (torch.zeros(4), torch.zeros(4)),
        (torch.tensor([3.0, 0.2]), torch.tensor([-2.0, 0.7])),
        (torch.tensor([-60.0, 80.0]), torch.tensor([60.0, -20.0])),
    ]


@question(
    "Losses of pairs",
    hints=(
        "Each real logit meets the fake logit at the same place. The discriminator wants real - fake to be large.",
        "-log σ(t) is softplus(-t). So the discriminator's loss is the mean of softplus(-(real - fake)). What does the "
        "generator want to be large?",
        "loss_d = F.softplus(fake_logits - real_logits).mean(), and the generator's is the same with the two swapped.",
    ),
    insight="Both derivatives depend on the difference only, so D's last bias gets no gradient at all: the height of "
    "the landscape means nothing in this game.",
    probes=_paired_probes,
)
def relativistic_losses(real_logits, fake_logits):
    loss_d = F.softplus(fake_logits - real_logits).mean()
    loss_g = F.softplus(real_logits - fake_logits).mean()
    return loss_d, loss_g


@relativistic_losses.misconception(
    "the separate losses of the usual GAN. Here no logit is judged alone: only the difference within a pair counts."
)
def _separate_losses(real_logits, fake_logits):
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean(), F.softplus(-fake_logits).mean()


@relativistic_losses.misconception("swapped players: the discriminator wants real - fake large, the generator small.")
def _swapped_players(real_logits, fake_logits):
    return relativistic_losses.answer(fake_logits, real_logits)


@relativistic_losses.misconception(
    "the difference of the *means*. Each pair is compared first, and the mean comes last: softplus is not linear."
)
def _means_first(real_logits, fake_logits):
    return relativistic_losses.answer(real_logits.mean(), fake_logits.mean())


@relativistic_losses.misconception(
    "each logit against the *average* of the others (that is the relativistic average GAN, RaGAN, of the same paper). "
    "The recipe compares single pairs."
)
def _against_the_average(real_logits, fake_logits):
    above, below = real_logits - fake_logits.mean(), fake_logits - real_logits.mean()
    return (
        F.softplus(-above).mean() + F.softplus(below).mean(),
        F.softplus(above).mean() + F.softplus(-below).mean(),
    )


@relativistic_losses.misconception("differences without softplus: a Wasserstein game. -log σ(t) is softplus(-t).")
def _without_softplus(real_logits, fake_logits):
    return (fake_logits - real_logits).mean(), (real_logits - fake_logits).mean()


@relativistic_losses.misconception(
    "every real logit against every fake one. Asked for are pairs at the same place. (Logits of shapes "
    "(N, 1) and (N,) give it by accident.)"
)
def _all_against_all(real_logits, fake_logits):
    gaps = real_logits[:, None] - fake_logits
    return F.softplus(-gaps).mean(), F.softplus(gaps).mean()


@relativistic_losses.misconception("a sum over the pairs. Take the mean, or the loss grows with the batch.")
def _sum_instead_of_mean(real_logits, fake_logits):
    return tuple(len(real_logits) * loss for loss in relativistic_losses.answer(real_logits, fake_logits))


@relativistic_losses.misconception(
    "a generator that minimises *minus* the discriminator's loss. It saturates; swap the pair."
)
def _saturating_generator(real_logits, fake_logits):
    loss_d = F.softplus(fake_logits - real_logits).mean()
    return loss_d, -loss_d


@relativistic_losses.misconception(
    "log(sigmoid(…)) taken in two steps: for a large difference sigmoid is rounded to 0, and its logarithm is -inf."
)
def _log_of_sigmoid(real_logits, fake_logits):
    gap = real_logits - fake_logits
    return -torch.log(torch.sigmoid(gap)).mean(), -torch.log(torch.sigmoid(-gap)).mean()


@relativistic_losses.test
def _(learner):
    real, fake = (torch.tensor(logits, requires_grad=True) for logits in ([1.0, -0.5, 2.0], [0.5, 1.5, -1.0]))
    losses = learner(real, fake)
    for loss, name, leaves in (
        (losses[0], "loss_d", {"real logits": real, "fake logits": fake}),
        (losses[1], "loss_g", {"fake logits": fake}),
    ):
        if not torch.is_tensor(loss):
            looks = "an .item() or float() on the way: training needs the tensor."
            raise NotYet(f"{name} as a tensor that backward() can start from", "a plain number", looks_like=looks)
        expect_gradient_at(loss, leaves)


# --- R1 and R2


class _Hill(nn.Module):
    """Logit w·x + a/2 |x|² of samples (N, *features): its gradient at x is w + a x."""

    def __init__(self, w, a):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(float(w)))
        self.a = nn.Parameter(torch.tensor(float(a)))

    def forward(self, x):
        x = x.flatten(1)
        return (self.w * x.sum(dim=1) + self.a / 2 * x.square().sum(dim=1))[:, None]


def _penalty_probes():
    def points(*numbers):
        return torch.tensor(numbers)

    return [
        (_Hill(1.0, 0.0), torch.zeros(3, 2), torch.ones(3, 2), 1.0),
        (_Hill(0.5, 1.0), points([1.0, 0.0], [0.0, 2.0]), points([-1.0, 1.0], [3.0, 0.5]), 0.3),
        (_Hill(0.0, 2.0), torch.arange(12.0).view(3, 1, 2, 2) / 10, torch.ones(3, 1, 2, 2), 2.0),
        (_Hill(1.0, -1.0), points([0.5, 0.5, 1.0]), points([2.0, 0.0, 0.0]), 10.0),
    ]


def _gradient(discriminator, x):
    x = x.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
    return gradient.flatten(1)


@question(
    "R1 and R2",
    hints=(
        "For real and for fake points alike: make the points ask for a gradient, compute their logits, and take the "
        "gradient of the *sum* of the logits with respect to the points.",
        "torch.autograd.grad(logits.sum(), x, create_graph=True)[0] has the shape of x. Square it, sum over everything "
        "but the first axis, take the mean over samples.",
        "x = real.detach().requires_grad_(); (g,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True); "
        "r1 = g.square().flatten(1).sum(dim=1).mean(). The same for fake; the answer is gamma / 2 * (r1 + r2).",
    ),
    insight="With create_graph=True the slope is a function of D's weights, and backward() differentiates through a "
    "derivative. That second pass is why a step with penalties takes longer.",
    probes=_penalty_probes,
)
def gradient_penalties(discriminator, real, fake, gamma):
    total = 0.0
    for x in (real, fake):
        x = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
        total = total + gradient.square().flatten(1).sum(dim=1).mean()
    return gamma / 2 * total


@gradient_penalties.misconception(
    "γ without its half. R1 is γ/2 · E‖∇D‖². (Code published with the R1 paper leaves the ½ out; its 10 is a γ of 20.)"
)
def _without_the_half(discriminator, real, fake, gamma):
    return 2 * gradient_penalties.answer(discriminator, real, fake, gamma)


@gradient_penalties.misconception("R1 alone: the slope at the fakes is missing.")
def _only_real(discriminator, real, fake, gamma):
    return gamma / 2 * _gradient(discriminator, real).square().sum(1).mean()


@gradient_penalties.misconception("R2 alone: the slope at the real points is missing.")
def _only_fake(discriminator, real, fake, gamma):
    return gamma / 2 * _gradient(discriminator, fake).square().sum(1).mean()


@gradient_penalties.misconception("a norm that isn't squared: R1 and R2 take ‖∇D‖².")
def _penalty_not_squared(discriminator, real, fake, gamma):
    return gamma / 2 * sum(_gradient(discriminator, x).square().sum(1).sqrt().mean() for x in (real, fake))


@gradient_penalties.misconception(
    "a mean over the coordinates. ‖∇D‖² is their *sum*; only over the samples it is a mean."
)
def _mean_over_wrong_axis(discriminator, real, fake, gamma):
    return gamma / 2 * sum(_gradient(discriminator, x).square().mean() for x in (real, fake))


@gradient_penalties.misconception("a sum over the samples. Take their mean, or the penalty grows with the batch.")
def _sum_over_samples(discriminator, real, fake, gamma):
    return gamma / 2 * sum(_gradient(discriminator, x).square().sum() for x in (real, fake))


@gradient_penalties.misconception(
    "the gradient of the *mean* logit: it is N times too small, and its square N² times. Take that of the sum."
)
def _gradient_of_the_mean(discriminator, real, fake, gamma):
    return gamma / 2 * sum((_gradient(discriminator, x) / len(x)).square().sum(1).mean() for x in (real, fake))


@gradient_penalties.misconception("WGAN-GP's target 1. R1 and R2 are centred at 0: they ask for no slope at all.")
def _one_centered(discriminator, real, fake, gamma):
    return gamma / 2 * sum((_gradient(discriminator, x).norm(dim=1) - 1).square().mean() for x in (real, fake))


@gradient_penalties.misconception("the mean of R1 and R2. The recipe adds them.")
def _averaged(discriminator, real, fake, gamma):
    return gradient_penalties.answer(discriminator, real, fake, gamma) / 2


@gradient_penalties.misconception(
    "a slope without a graph. Without create_graph=True it is a constant, and D never learns to be flat."
)
def _no_create_graph(discriminator, real, fake, gamma):
    total = 0.0
    for x in (real, fake):
        x = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(discriminator(x).sum(), x)
        total = total + gradient.square().flatten(1).sum(dim=1).mean()
    return gamma / 2 * total


@gradient_penalties.test
def _(learner):
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    penalty = learner(net, torch.randn(6, 2), torch.randn(6, 2), 1.0)
    if not gradient_reaches(net, penalty):
        raise NotYet(
            "a penalty that D can learn from",
            "no gradient reaches the discriminator",
            looks_like="no_create_graph",
        )
    real, fake, parameters = torch.randn(6, 2), torch.randn(6, 2), list(net.parameters())[:3]
    got, right = (
        torch.autograd.grad(function(net, real, fake, 1.0), parameters)
        for function in (learner, gradient_penalties.answer)
    )
    if not all(a.allclose(b, atol=1e-5) for a, b in zip(got, right, strict=True)):
        looks = "perhaps one of the two slopes without create_graph=True: it counts, but D can't learn from it."
        raise NotYet("the gradient of both parts arrives at D", "another gradient", looks_like=looks)
    generator = nn.Linear(3, 2)
    penalty = learner(net, torch.randn(6, 2), generator(torch.randn(6, 3)), 1.0)
    if gradient_reaches(generator, penalty):
        raise NotYet(
            "a penalty on D alone",
            "its gradient reaches the generator that made the fakes",
            looks_like="a missing .detach() around the fakes.",
        )


# --- the unit of γ


@question(
    "A unit for γ",
    hints=(
        "If all data become twice as large, what becomes of the slope of a discriminator that gives the same answers?",
        "Slopes become half as steep, so their squares a quarter. By what must γ be multiplied so that the penalty "
        "stays the same?",
        "gamma * (new_rms / old_rms) ** 2",
    ),
    insight="γ/2·‖∇D‖² must be a number like the loss, and the slope is one over a length. So γ is a length squared.",
    probes=lambda: [(10.0, 1.0, 2.0), (0.1, 2.0, 2.0), (1.0, 2.83, 1.0), (0.05, 0.5, 127.5)],
    tol=1e-6,
)
def matched_gamma(gamma, old_rms, new_rms):
    return gamma * (new_rms / old_rms) ** 2


@matched_gamma.misconception("the ratio without its square: the penalty holds the *square* of the slope.")
def _ratio_not_squared(gamma, old_rms, new_rms):
    return gamma * new_rms / old_rms


@matched_gamma.misconception(
    "the inverse ratio. Larger numbers make *flatter* slopes, so γ must grow to keep its weight."
)
def _inverse_ratio(gamma, old_rms, new_rms):
    return gamma * (old_rms / new_rms) ** 2


@matched_gamma.misconception("the inverse ratio, and without its square: γ goes with the square of the length.")
def _inverse_not_squared(gamma, old_rms, new_rms):
    return gamma * old_rms / new_rms


@matched_gamma.misconception("γ as a number without a unit: it stays the same only if the data's scale does.")
def _unchanged(gamma, old_rms, new_rms):
    return gamma


@matched_gamma.misconception("the new scale alone: it is the ratio to the old one that counts.")
def _new_scale_alone(gamma, old_rms, new_rms):
    return gamma * new_rms**2


# --- a half-life


def _half_life_of(candidate, share, steps):
    """The half-life, in steps, of the decay that it gives: numbers that can be told apart."""
    beta = candidate(share, steps)
    if beta is ...:
        return beta
    try:
        beta = float(beta)
    except (TypeError, ValueError):
        raise NotYet("a number, the decay β", beta, on=f"share = {share}, steps = {steps}") from None
    if beta <= 0 or beta != beta:  # forgets everything at once
        return {"half-life in steps": 0.0}
    return {"half-life in steps": math.log(2) / -math.log(beta) if beta < 1 else math.inf}


@question(
    "A half-life for your run",
    hints=(
        "The half-life is h = share · steps. After h steps the decay, multiplied h times, must be one half.",
        "β^h = ½. Take the root.",
        "0.5 ** (1 / (share * steps))",
    ),
    insight="For 2 % of 100,000 steps that is 0.99965, for 2 % of 1,000 steps 0.966: the same share of a run can be "
    "very different decays.",
    run=_half_life_of,
    probes=lambda: [(0.02, 1000), (0.05, 400), (0.02, 100_000), (0.1, 10)],
    tol=1e-4,
)
def ema_decay(share, steps):
    return 0.5 ** (1 / (share * steps))


@ema_decay.misconception("1 - 1/h. That is a decay whose half-life is shorter, about 0.69 h (h is its *mean age*).")
def _one_minus_inverse(share, steps):
    return 1 - 1 / (share * steps)


@ema_decay.misconception("e^(-1/h): after h steps a share of 1/e = 37 % is left, not a half.")
def _e_instead_of_half(share, steps):
    return math.exp(-1 / (share * steps))


@ema_decay.misconception("half in *one* step, again and again: ½ to the power h is nearly 0. Take the h-th root.")
def _power_instead_of_root(share, steps):
    return 0.5 ** (share * steps)


@ema_decay.misconception("the whole run as half-life. Multiply its length by the share.")
def _whole_run(share, steps):
    return 0.5 ** (1 / steps)


@ema_decay.misconception("1 - 0.5/h, a straight line. For large h, ½^(1/h) is about 1 - 0.69/h.")
def _straight_line(share, steps):
    return 1 - 0.5 / (share * steps)


@ema_decay.misconception(
    "perhaps the weight of the *new* value. The decay is the weight of the old average: one minus that."
)
def _new_weight(share, steps):
    return 1 - 0.5 ** (1 / (share * steps))

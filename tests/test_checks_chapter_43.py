import math

import numpy as np
import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_43 as q


def losses_stub(real_logits, fake_logits):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_bce(real_logits, fake_logits):
    gap = real_logits - fake_logits
    bce = F.binary_cross_entropy_with_logits
    return bce(gap, torch.ones_like(gap)), bce(gap, torch.zeros_like(gap))


def by_logsigmoid(real_logits, fake_logits):
    gap = real_logits - fake_logits
    return [-F.logsigmoid(gap).mean(), -F.logsigmoid(-gap).mean()]


relativistic_losses = Case(
    q.relativistic_losses,
    losses_stub,
    right=[by_bce, by_logsigmoid],
    wrong={
        "separate_losses": lambda r, f: (
            F.softplus(-r).mean() + F.softplus(f).mean(),
            F.softplus(-f).mean(),
        ),
        "swapped_players": lambda r, f: by_bce(f, r),
        "means_first": lambda r, f: by_bce((r.mean() - f.mean()).view(1), torch.zeros(1)),
        "all_against_all": lambda r, f: by_bce(r[:, None], f),
        "sum_instead_of_mean": lambda r, f: (F.softplus(f - r).sum(), F.softplus(r - f).sum()),
        "without_softplus": lambda r, f: ((f - r).mean(), (r - f).mean()),
    },
    also_wrong=[
        lambda r, f: [loss.item() for loss in by_bce(r, f)],
        lambda r, f: by_bce(r.detach(), f),
        lambda r, f: by_bce(r, f.detach()),
        lambda r, f: by_bce(r, f)[0],
        lambda r, f: (F.softplus(f - r).mean(), F.softplus(f - r).mean()),
        lambda r, f: (F.relu(1 - r + f).mean(), F.relu(1 + r - f).mean()),
    ],
)


def penalties_stub(discriminator, real, fake, gamma):
    # YOUR CODE HERE
    raise NotImplementedError()


def in_one_batch(discriminator, real, fake, gamma):
    x = torch.cat([real, fake]).detach().requires_grad_()
    (g,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
    return gamma * g.pow(2).sum() / len(x)


def by_ones(discriminator, real, fake, gamma):
    result = []
    for x in (real.detach().clone(), fake.detach().clone()):
        x.requires_grad = True
        logits = discriminator(x)
        g = torch.autograd.grad(logits, x, grad_outputs=torch.ones_like(logits), create_graph=True)[0]
        result.append(g.reshape(len(g), -1).norm(2, dim=1) ** 2)
    return 0.5 * gamma * (result[0].mean() + result[1].mean())


def two_slopes(discriminator, real, fake, graph=True):
    for x in (real, fake):
        x = x.detach().requires_grad_()
        yield torch.autograd.grad(discriminator(x).sum(), x, create_graph=graph)[0].flatten(1)


def attached(discriminator, real, fake, gamma):
    total = 0.0
    for x in (real, fake):
        x = x if x.requires_grad else x.requires_grad_()
        (g,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
        total = total + g.square().flatten(1).sum(1).mean()
    return gamma / 2 * total


def half_without_graph(discriminator, real, fake, gamma):
    slopes = [next(two_slopes(discriminator, real, real)), next(two_slopes(discriminator, fake, fake, graph=False))]
    return gamma / 2 * sum(g.square().sum(1).mean() for g in slopes)


gradient_penalties = Case(
    q.gradient_penalties,
    penalties_stub,
    right=[in_one_batch, by_ones],
    wrong={
        "without_the_half": lambda d, r, f, c: 2 * by_ones(d, r, f, c),
        "only_real": lambda d, r, f, c: by_ones(d, r, r, c / 2),
        "only_fake": lambda d, r, f, c: by_ones(d, f, f, c / 2),
        "penalty_not_squared": lambda d, r, f, c: c / 2 * sum(g.norm(dim=1).mean() for g in two_slopes(d, r, f)),
        "mean_over_wrong_axis": lambda d, r, f, c: c / 2 * sum(g.square().mean() for g in two_slopes(d, r, f)),
        "no_create_graph": lambda d, r, f, c: (
            c / 2 * sum(g.square().sum(1).mean() for g in two_slopes(d, r, f, graph=False))
        ),
        "one_centered": lambda d, r, f, c: (
            c / 2 * sum((g.norm(dim=1) - 1).square().mean() for g in two_slopes(d, r, f))
        ),
    },
    also_wrong=[
        attached,
        half_without_graph,
        lambda d, r, f, c: -by_ones(d, r, f, c),
        lambda d, r, f, c: by_ones(d, r, f, 1.0),
    ],
)


def gamma_stub(gamma, old_rms, new_rms):
    # YOUR CODE HERE
    raise NotImplementedError()


matched_gamma = Case(
    q.matched_gamma,
    gamma_stub,
    right=[
        lambda c, a, b: c / a**2 * b**2,
        lambda c, a, b: torch.tensor(c, dtype=torch.float64) * math.exp(2 * math.log(b / a)),
    ],
    wrong={
        "ratio_not_squared": lambda c, a, b: c / a * b,
        "inverse_ratio": lambda c, a, b: c * a * a / b / b,
        "unchanged": lambda c, a, b: c,
        "new_scale_alone": lambda c, a, b: c * b * b,
    },
    also_wrong=[lambda c, a, b: c * (b / a) ** 4, lambda c, a, b: (b / a) ** 2],
)


def decay_stub(share, steps):
    # YOUR CODE HERE
    raise NotImplementedError()


ema_decay = Case(
    q.ema_decay,
    decay_stub,
    right=[
        lambda share, steps: math.exp(-math.log(2) / (share * steps)),
        lambda share, steps: torch.tensor(2.0, dtype=torch.float64) ** (-1 / (share * steps)),
        lambda share, steps: np.exp2(-1 / (share * steps)),
    ],
    wrong={
        "one_minus_inverse": lambda share, steps: (share * steps - 1) / (share * steps),
        "e_instead_of_half": lambda share, steps: math.exp(-1 / share / steps),
        "power_instead_of_root": lambda share, steps: 2 ** -(share * steps),
        "whole_run": lambda share, steps: 2 ** (-1 / steps),
    },
    also_wrong=[
        lambda share, steps: 1.0,
        lambda share, steps: "0.9",
        lambda share, steps: 0.999,
        lambda share, steps: 0.5 ** (share / steps),
    ],
)


TestChapter43 = chapter_tests(q, relativistic_losses, gradient_penalties, matched_gamma, ema_decay)

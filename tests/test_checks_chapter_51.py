import math

import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_51 as q


def psnr_stub(answer, truth):
    # YOUR CODE HERE
    raise NotImplementedError()


def errors(a, b):
    return torch.stack([F.mse_loss(x, y) for x, y in zip(a, b, strict=True)])


psnr = Case(
    q.psnr,
    psnr_stub,
    right=[
        lambda a, b: torch.stack([20 * torch.log10(2 / F.mse_loss(x, y).sqrt()) for x, y in zip(a, b, strict=True)]),
        lambda a, b: 10 * math.log10(4) - 10 * ((a - b) ** 2).mean(dim=(1, 2, 3)).log10(),
        lambda a, b: -10 * errors((a + 1) / 2, (b + 1) / 2).log10(),
    ],
    wrong={
        "peak_of_one": lambda a, b: -10 * errors(a, b).log10(),
        "peak_not_squared": lambda a, b: 10 * math.log10(2) - 10 * errors(a, b).log10(),
        "natural_logarithm": lambda a, b: 10 * (4 / errors(a, b)).log(),
        "twenty": lambda a, b: 20 * (4 / errors(a, b)).log10(),
        "upside_down": lambda a, b: -10 * (4 / errors(a, b)).log10(),
        "one_number": [
            lambda a, b: 10 * torch.log10(4 / ((a - b) ** 2).mean()),
            lambda a, b: (10 * torch.log10(4 / errors(a, b))).mean(),
        ],
    },
    also_wrong=[lambda a, b: errors(a, b), lambda a, b: 10 * torch.log10(255**2 / errors(a, b))],
)


def best_stub(candidates, chances):
    # YOUR CODE HERE
    raise NotImplementedError()


def best_by_loop(candidates, chances):
    total = torch.zeros_like(candidates[0])
    for candidate, chance in zip(candidates, chances.tolist(), strict=True):
        total = total + chance * candidate
    return total


best_answer = Case(
    q.best_answer,
    best_stub,
    right=[
        best_by_loop,
        lambda c, p: torch.tensordot(p, c, dims=1),
        lambda c, p: (p @ c.flatten(1)).view(c.shape[1:]),
    ],
    wrong={
        "most_probable": lambda c, p: c[p.tolist().index(p.max().item())],
        "unweighted": lambda c, p: c.sum(0) / len(c),
        "not_added": lambda c, p: p.view(-1, 1, 1) * c,
        "divided_again": lambda c, p: best_by_loop(c, p) / len(c),
        "median": lambda c, p: c.sort(dim=0).values[(len(c) - 1) // 2],
    },
    also_wrong=[lambda c, p: (c * (p**2)[:, None, None]).sum(0), lambda c, p: c[0]],
)


def loss_stub(answer, truth, fake_logits, weight):
    # YOUR CODE HERE
    raise NotImplementedError()


def mse(a, t):
    return ((a - t) ** 2).mean()


sharpener_loss = Case(
    q.sharpener_loss,
    loss_stub,
    right=[
        lambda a, t, s, w: mse(a, t) - w * F.logsigmoid(s).mean(),
        lambda a, t, s, w: mse(a, t) + w * F.binary_cross_entropy_with_logits(s, torch.ones_like(s)),
        lambda a, t, s, w: mse(a, t) + w * torch.log1p(torch.exp(-s)).mean(),
    ],
    wrong={
        "wrong_side": lambda a, t, s, w: mse(a, t) + w * F.binary_cross_entropy_with_logits(s, torch.zeros_like(s)),
        "saturating": lambda a, t, s, w: mse(a, t) + w * F.logsigmoid(-s).mean(),
        "weight_on_error": lambda a, t, s, w: w * mse(a, t) - F.logsigmoid(s).mean(),
        "no_weight": lambda a, t, s, w: mse(a, t) - F.logsigmoid(s).mean(),
        "absolute": lambda a, t, s, w: (a - t).abs().mean() - w * F.logsigmoid(s).mean(),
        "sums": [
            lambda a, t, s, w: ((a - t) ** 2).sum() - w * F.logsigmoid(s).mean(),
            lambda a, t, s, w: mse(a, t) - w * F.logsigmoid(s).sum(),
            lambda a, t, s, w: ((a - t) ** 2).sum() - w * F.logsigmoid(s).sum(),
        ],
    },
    also_wrong=[
        lambda a, t, s, w: mse(a, t),
        lambda a, t, s, w: mse(a, t) + w * F.softplus(-s.detach()).mean(),
        lambda a, t, s, w: mse(a, t) - w * s.mean(),
    ],
)


def share_stub(read, hit, false):
    # YOUR CODE HERE
    raise NotImplementedError()


true_share = Case(
    q.true_share,
    share_stub,
    right=[
        lambda r, h, f: torch.tensor([min(1.0, max(0.0, (x - f) / (h - f))) for x in r.tolist()]),
        lambda r, h, f: torch.minimum(torch.maximum((f - r) / (f - h), torch.zeros_like(r)), torch.ones_like(r)),
        lambda r, h, f: F.hardtanh((r - f) / (h + (1 - f) - 1), 0.0, 1.0),
    ],
    wrong={
        "only_hits": lambda r, h, f: (r / h).clip(0, 1),
        "only_false": [lambda r, h, f: (r - f).clip(0, 1), lambda r, h, f: ((r - f) / (1 - f)).clip(0, 1)],
        "bayes": lambda r, h, f: r * h / (r * h + (1 - r) * f),
        "forwards": lambda r, h, f: f + r * (h - f),
        "divided_by_hits": lambda r, h, f: ((r - f) / h).clip(0, 1),
        "no_cut": lambda r, h, f: (f - r) / (f - h),
    },
    also_wrong=[lambda r, h, f: r, lambda r, h, f: ((r - f) / (h - f)).clamp(min=0)],
)


TestChapter51 = chapter_tests(q, psnr, best_answer, sharpener_loss, true_share)

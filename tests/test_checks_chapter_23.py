import math

import numpy as np
import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_23 as q


def stub(*arguments):
    # YOUR CODE HERE
    raise NotImplementedError()


def with_loops(held, total):
    found = []
    for seed in range(held.shape[1]):
        found.append(-1)
        for look in range(1, len(held)):
            if held[look, seed] < total == held[look - 1, seed]:
                found[-1] = look
                break
    return found


def with_first_true(held, total):
    table = torch.nn.functional.pad(((held[:-1] >= total) & (held[1:] < total)).double(), (0, 0, 1, 0))
    numbers = torch.arange(len(table))[:, None].expand_as(table).masked_fill(table == 0, 10**6).min(dim=0).values
    return numbers.masked_fill(numbers == 10**6, -1).float()


lost_at = Case(
    q.lost_at,
    stub,
    right=[with_loops, with_first_true],
    wrong={
        "one_too_early": lambda h, k: [look - 1 if look > 0 else -1 for look in with_loops(h, k)],
        "never_had_it": lambda h, k: [next((i for i, n in enumerate(c) if n < k), -1) for c in h.T.tolist()],
        "any_fall": lambda h, k: [
            next((i + 1 for i in range(len(c) - 1) if c[i + 1] < c[i]), -1) for c in h.T.tolist()
        ],
        "total_from_the_data": lambda h, k: with_loops(h, h.max()),
        "no_minus_one": lambda h, k: ((h[:-1] == k) & (h[1:] < k)).double().argmax(0) + 1,
    },
    also_wrong=[lambda h, k: h[-1], lambda h, k: -torch.ones(h.shape[1]), lambda h, k: (h < k).any(dim=0)],
)


def perplexity(counts):
    return torch.distributions.Categorical(probs=counts.float()).entropy().exp()


def product(counts):
    rows = []
    for row in counts.tolist():
        shares = [n / sum(row) for n in row if n]
        rows.append(1 / math.prod(share**share for share in shares))
    return rows


effective_modes = Case(
    q.effective_modes,
    stub,
    right=[
        perplexity,
        product,
        lambda c: 2 ** -(torch.special.xlogy(c / c.sum(1, True), c / c.sum(1, True)).sum(1) / math.log(2)),
    ],
    wrong={
        "no_exp": lambda c: torch.special.entr(c / c.sum(1, True)).sum(1),
        "zero_times_log_zero": lambda c: torch.exp(-(c / c.sum(1, True) * torch.log(c / c.sum(1, True))).sum(1)),
        "counts_captured": lambda c: (c != 0).sum(-1),
        "mean_over_wrong_axis": lambda c: torch.special.entr(c / c.sum()).sum(1).exp(),
        "bits_and_nats": lambda c: (torch.special.entr(c / c.sum(1, True)).sum(1) / math.log(2)).exp(),
    },
    also_wrong=[lambda c: c.max(dim=1).values, lambda c: torch.special.entr(c / c.sum(0)).sum(1).exp()],
)


def mixture(p, q):
    m = (p + q) / 2
    divergence = (torch.xlogy(p, p / m).sum() + torch.xlogy(q, q / m).sum()) / 2
    return 2 * math.log(2) - 2 * divergence


def place_by_place(p, q):
    loss = 0.0
    for real, fake in zip(p.tolist(), q.tolist(), strict=True):
        if real:
            loss -= real * math.log(real / (real + fake))
        if fake:
            loss -= fake * math.log(fake / (real + fake))
    return loss


def in_numpy(p, q):
    p, q = p.numpy(), q.numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(-np.nansum(p * np.log(p / (p + q))) - np.nansum(q * np.log(q / (p + q))))


perfect_loss = Case(
    q.perfect_loss,
    stub,
    right=[mixture, place_by_place, in_numpy],
    wrong={
        "real_half_only": lambda p, q: torch.xlogy(p, (p + q) / p.clamp(min=1e-30)).sum(),
        "mean_of_halves": lambda p, q: mixture(p, q) / 2,
        "value_instead_of_loss": lambda p, q: -mixture(p, q),
        "zero_times_log_zero": lambda p, q: -(p * (p / (p + q)).log() + q * (q / (p + q)).log()).sum(),
    },
    also_wrong=[lambda p, q: 2 * math.log(2), lambda p, q: math.log(2) - mixture(p, q) / 2],
)


TestChapter23 = chapter_tests(q, lost_at, effective_modes, perfect_loss)

import math

import numpy as np
import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_37 as q


def noise_stub(modes, side, radius, n):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_logarithm(modes, side, radius, n):
    p = math.pi * (radius / side) ** 2
    return [p * modes, -modes * math.expm1(n * math.log1p(-p))]


def by_sum(modes, side, radius, n):
    p = math.pi * (radius / side) ** 2
    first_hit = sum(p * (1 - p) ** k for k in range(n))
    return torch.tensor(modes * p), torch.tensor(modes * first_hit)


def in_numpy(modes, side, radius, n):
    p = np.pi * np.square(radius / side)
    return np.array([modes * p, modes * (1 - np.power(1 - p, n))])


noise_row = Case(
    q.noise_row,
    noise_stub,
    right=[by_logarithm, by_sum, in_numpy],
    wrong={
        "one_disc": lambda k, s, r, n: (by_logarithm(k, s, r, n)[0] / k, by_logarithm(k, s, r, n)[1]),
        "points_instead_of_modes": lambda k, s, r, n: (
            k * math.pi * r * r / s / s,
            n * k * math.pi * r * r / s / s,
        ),
        "missed_modes": lambda k, s, r, n: (by_logarithm(k, s, r, n)[0], k - by_logarithm(k, s, r, n)[1]),
        "swapped_pair": lambda *a: by_logarithm(*a)[::-1],
    },
    also_wrong=[
        lambda k, s, r, n: by_logarithm(k, s, r, n)[0],
        lambda k, s, r, n: (100 * by_logarithm(k, s, r, n)[0], by_logarithm(k, s, r, n)[1]),
    ],
)


def perfect_stub(modes, n):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_first_draws(modes, n):
    empty = math.exp(n * math.log1p(-1 / modes))
    return [modes - modes * empty, 0.5 * (modes - 1) / n]


def as_tensors(modes, n):
    k = torch.tensor(float(modes), dtype=torch.float64)
    return k * (1 - (1 - 1 / k) ** n), (k - 1) / n / 2


def in_a_loop(modes, n):
    captured = 0.0
    for _ in range(n):
        captured += 1 - captured / modes
    return captured, (modes - 1) / (2 * n)


perfect_row = Case(
    q.perfect_row,
    perfect_stub,
    right=[by_first_draws, as_tensors, in_a_loop],
    wrong={
        "all_modes": lambda k, n: (k, (k - 1) / 2 / n),
        "as_many_as_draws": lambda k, n: (n if n < k else k, (k - 1) / 2 / n),
        "missed": lambda k, n: (k * math.exp(n * math.log1p(-1 / k)), (k - 1) / 2 / n),
        "one_mode": lambda k, n: (in_a_loop(k, n)[0] / k, (k - 1) / 2 / n),
        "kl_without_half": lambda k, n: (in_a_loop(k, n)[0], (k - 1) / n),
        "kl_of_all_shares": lambda k, n: (in_a_loop(k, n)[0], 0.5 * k / n),
        "kl_of_zero": lambda k, n: (in_a_loop(k, n)[0], 0),
        "swapped_row": lambda k, n: as_tensors(k, n)[::-1],
    },
    also_wrong=[
        lambda k, n: in_a_loop(k, n)[0],
        lambda k, n: (k * (1 - math.exp(-n / k)), (k - 1) / 2 / n),
        lambda k, n: (in_a_loop(k, n)[0], 24 / 5000),
    ],
)


def tuned_stub(constants, tuning, fresh):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_sorting(constants, tuning, fresh):
    rows = sorted(zip(tuning.mean(1).tolist(), constants, fresh.tolist(), strict=True), key=lambda row: row[0])
    return rows[-1][1], sum(rows[-1][2]) / len(rows[-1][2])


def by_numpy(constants, tuning, fresh):
    row = np.argmax(np.mean(tuning.numpy(), axis=1))
    return np.asarray(constants)[row], np.mean(fresh.numpy()[row])


def by_loop(constants, tuning, fresh):
    best = 0
    for row in range(len(constants)):
        if tuning[row].mean() > tuning[best].mean():
            best = row
    return [constants[best], fresh[best].double().mean()]


tuned_row = Case(
    q.tuned_row,
    tuned_stub,
    right=[by_sorting, by_numpy, by_loop],
    wrong={
        "flattered": lambda c, t, f: by_loop(c, t, t),
        "chosen_on_fresh_seeds": lambda c, t, f: by_loop(c, f, f),
        "single_best_run": lambda c, t, f: by_loop(c, t.amax(1, keepdim=True), f),
        "best_fresh_seed": lambda c, t, f: by_loop(c, t, f.amax(1, keepdim=True)),
        "lowest": lambda c, t, f: by_loop(c, -t, f),
        "row_number": lambda c, t, f: by_loop(range(len(c)), t, f),
        "all_seeds_together": lambda c, t, f: by_loop(c, torch.hstack([t, f]), torch.hstack([t, f])),
    },
    also_wrong=[
        lambda c, t, f: by_loop(c, t, f)[1],
        lambda c, t, f: by_loop(c, t, f)[::-1],
        lambda c, t, f: (0.1, by_loop(c, t, f)[1]),
        lambda c, t, f: (c.index(by_loop(c, t, f)[0]) * 0 + by_loop(c, t, f)[0], by_loop(c, t, f)[1]),
    ],
)


TestChapter37 = chapter_tests(q, noise_row, perfect_row, tuned_row)

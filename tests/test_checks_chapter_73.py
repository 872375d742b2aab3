import math

import numpy as np
import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_73 as q

# --- three numbers


def numbers_stub(estimates, standard_errors, truth):
    # YOUR CODE HERE
    raise NotImplementedError()


def numbers_by_loops(estimates, standard_errors, truth):
    errors = [float(a) - truth for a in estimates]
    inside = [abs(e) < 1.96 * s for e, s in zip(errors, standard_errors, strict=True)]
    n = len(errors)
    return math.sqrt(sum(e * e for e in errors) / n), sum(errors) / n, sum(inside) / n


def numbers_by_parts(estimates, standard_errors, truth):
    bias = np.mean(estimates) - truth
    low, high = estimates - 1.96 * standard_errors, estimates + 1.96 * standard_errors
    return np.hypot(bias, np.std(estimates)), bias, np.mean((low < truth) & (truth < high))


def change(place, value):
    """The right numbers, with one of them replaced."""

    def answer(estimates, standard_errors, truth):
        right = list(numbers_by_loops(estimates, standard_errors, truth))
        right[place] = value(estimates, standard_errors, truth)
        return tuple(right)

    return answer


three_numbers = Case(
    q.three_numbers,
    numbers_stub,
    right=[numbers_by_loops, numbers_by_parts, lambda a, s, c: np.array(numbers_by_loops(a, s, c))],
    wrong={
        "scatter": change(0, lambda a, s, c: np.std(a)),
        "no_root": change(0, lambda a, s, c: np.mean((a - c) ** 2)),
        "size_as_bias": change(1, lambda a, s, c: np.mean(np.abs(a - c))),
        "turned": change(1, lambda a, s, c: c - np.mean(a)),
        "one_error": change(2, lambda a, s, c: np.mean(np.abs(a - c) < s)),
    },
    also_wrong=[change(0, lambda a, s, c: 0.0), change(2, lambda a, s, c: np.mean(np.abs(a - c) < 2 * s))],
    namespace={"np": np},
)

# --- how sure is a coverage?


def coverage_stub(hits):
    # YOUR CODE HERE
    raise NotImplementedError()


def coverage_by_loops(hits):
    share = sum(bool(hit) for hit in hits) / len(hits)
    return share, (share * (1 - share) / len(hits)) ** 0.5


coverage_with_error = Case(
    q.coverage_with_error,
    coverage_stub,
    right=[coverage_by_loops, lambda hits: (np.mean(hits), np.std(hits) / len(hits) ** 0.5)],
    wrong={
        "of_one": lambda hits: (np.mean(hits), np.std(hits)),
        "root_inside": lambda hits: (np.mean(hits), np.std(hits) / len(hits)),
        "variance": lambda hits: (np.mean(hits), np.var(hits) / len(hits)),
        "worst_case": lambda hits: (np.mean(hits), (0.25 / len(hits)) ** 0.5),
        "one_less": lambda hits: (np.mean(hits), np.std(hits, ddof=1) / len(hits) ** 0.5),
        "number": lambda hits: (np.sum(hits), coverage_by_loops(hits)[1]),
    },
    also_wrong=[lambda hits: (np.mean(hits), 0.0)],
    namespace={"np": np},
)

# --- a pile at zero


def hurdle_stub(p_zero, amount, u):
    # YOUR CODE HERE
    raise NotImplementedError()


def hurdle_by_loops(p_zero, amount, u):
    return np.array([0.0 if c < p else a for p, a, c in zip(p_zero, amount, u, strict=True)])


hurdle = Case(
    q.hurdle,
    hurdle_stub,
    right=[hurdle_by_loops, lambda p, a, u: a * (u >= p), lambda p, a, u: np.choose(u < p, [a, 0 * a])],
    wrong={
        "mean": lambda p, a, u: a - p * a,
        "turned_coin": lambda p, a, u: a * (u < p),
        "no_chance": lambda p, a, u: a * (p <= 0.5),
        "shrunk": lambda p, a, u: a * u * (u >= p),
    },
    also_wrong=[lambda p, a, u: a],
    namespace={"np": np},
)

# --- a one-sided penalty


def penalty_stub(slopes):
    # YOUR CODE HERE
    raise NotImplementedError()


def penalty_by_loops(slopes):
    return torch.stack([(row.square().sum().sqrt() - 1).clamp(min=0) for row in slopes]).mean()


one_sided = Case(
    q.one_sided,
    penalty_stub,
    right=[penalty_by_loops, lambda slopes: (torch.linalg.vector_norm(slopes, dim=1) - 1).clamp_min(0).mean()],
    wrong={
        "two_sided": lambda slopes: ((slopes.norm(dim=1) - 1) ** 2).mean(),
        "squared": lambda slopes: ((slopes.norm(dim=1) - 1).clamp(min=0) ** 2).mean(),
        "mean_first": lambda slopes: (slopes.norm(dim=1).mean() - 1).clamp(min=0),
        "by_entry": lambda slopes: (slopes.abs() - 1).clamp(min=0).mean(),
        "sum": lambda slopes: penalty_by_loops(slopes) * len(slopes),
        "squared_length": lambda slopes: ((slopes**2).sum(1) - 1).clamp(min=0).mean(),
    },
    also_wrong=[
        lambda slopes: slopes.norm(dim=1).mean(),
        lambda slopes: penalty_by_loops(slopes).detach().numpy(),
        lambda slopes: penalty_by_loops(slopes.detach()),
    ],
    namespace={"np": np},
)

TestChapter73 = chapter_tests(q, three_numbers, coverage_with_error, hurdle, one_sided)

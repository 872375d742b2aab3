import math

import numpy as np
import torch
from checks_cases import Case, chapter_tests
from scipy.stats import binom

from gan_edu.checks import chapter_54 as q

# --- autocorrelation


def autocorrelation_stub(windows, lags):
    # YOUR CODE HERE
    raise NotImplementedError()


def autocorrelation_by_pairs(windows, lags):
    centred = windows.double() - windows.double().mean()
    found = []
    for lag in range(lags + 1):
        products = [row[t] * row[t + lag] for row in centred for t in range(len(row) - lag)]
        found.append(sum(products) / len(products))
    return torch.tensor([value / found[0] for value in found])


def autocorrelation_by_matrix(windows, lags):
    x = windows - windows.mean()
    second = x.T @ x / len(x)
    return torch.stack([torch.diagonal(second, k).mean() for k in range(lags + 1)]) / torch.diagonal(second).mean()


def pairs_product(x, lag):
    return np.mean(x.numpy()[:, lag:] * x.numpy()[:, : x.shape[1] - lag])


def correlations(windows, lags):
    pairs = [(windows[:, : windows.shape[1] - k].flatten(), windows[:, k:].flatten()) for k in range(lags + 1)]
    return torch.tensor([np.corrcoef(a.numpy(), b.numpy())[0, 1] for a, b in pairs])


def with_mean_of(windows, lags, axis):
    x = windows - windows.mean(dim=axis, keepdim=True)
    second = x.T @ x / len(x)
    return torch.stack([second.diagonal(k).mean() for k in range(lags + 1)]) / second.diagonal().mean()


autocorrelation = Case(
    q.autocorrelation,
    autocorrelation_stub,
    right=[
        autocorrelation_by_pairs,
        autocorrelation_by_matrix,
        lambda w, k: torch.tensor([pairs_product(w - w.mean(), j) for j in range(k + 1)]) / w.var(correction=0),
    ],
    wrong={
        "mean_of_each_window": lambda w, k: with_mean_of(w, k, 1),
        "mean_of_each_step": lambda w, k: with_mean_of(w, k, 0),
        "with_the_mean": lambda w, k: torch.stack(
            [(w.T @ w / len(w)).diagonal(j).mean() for j in range(k + 1)]
        ) / (w**2).mean(),
        "not_divided": lambda w, k: autocorrelation_by_pairs(w, k) * w.var(correction=0),
        "divided_by_length": lambda w, k: autocorrelation_by_pairs(w, k) * (1 - torch.arange(k + 1) / w.shape[1]),
        "own_mean_at_each_lag": correlations,
        "one_long_series": lambda w, k: autocorrelation_by_pairs(w.reshape(1, -1), k),
    },
    also_wrong=[
        lambda w, k: autocorrelation_by_pairs(w, k)[1:],
        lambda w, k: autocorrelation_by_pairs(w, k) ** 2,
        lambda w, k: torch.ones(k + 1),
    ],
)  # fmt: skip

# --- an autoregression


def fit_stub(series, order):
    # YOUR CODE HERE
    raise NotImplementedError()


def fit_by_numpy(series, order):
    x = series.double().numpy()
    rows = np.array([x[t - order : t][::-1] for t in range(order, len(x))])
    return torch.tensor(np.linalg.lstsq(rows, x[order:], rcond=None)[0])


def fit_by_normal_equations(series, order):
    past = series.double().unfold(0, order, 1)[:-1].flip(1)
    return torch.linalg.solve(past.T @ past, past.T @ series[order:].double())


def fit_by_yule_walker(series, order):
    x = series.double().numpy()
    c = np.array([x[: len(x) - k] @ x[k:] for k in range(order + 1)]) / len(x)
    return torch.tensor(np.linalg.solve(c[abs(np.subtract.outer(range(order), range(order)))], c[1:]))


fit_ar = Case(
    q.fit_ar,
    fit_stub,
    right=[fit_by_numpy, fit_by_normal_equations],
    wrong={
        "oldest_first": lambda x, p: fit_by_numpy(x, p).flip(0),
        "each_lag_alone": lambda x, p: torch.cat(
            [(x[p - k : len(x) - k] @ x[p:] / (x[p - k : len(x) - k] ** 2).sum())[None] for k in range(1, p + 1)]
        ),
        "yule_walker": fit_by_yule_walker,
        "backwards": lambda x, p: fit_by_numpy(x.flip(0), p),
        "predicts_itself": lambda x, p: torch.eye(p)[0],
        "with_constant": lambda x, p: torch.linalg.lstsq(
            torch.cat([x.unfold(0, p, 1)[:-1].flip(1), torch.ones(len(x) - p, 1)], dim=1), x[p:, None]
        ).solution[:p, 0],
    },
    also_wrong=[lambda x, p: torch.zeros(p), lambda x, p: -fit_by_numpy(x, p)],
)

# --- a fair division


def divide_stub(steps, length, test):
    # YOUR CODE HERE
    raise NotImplementedError()


def divide_by_looking(steps, length, test):
    starts = range(steps - length + 1)
    border = steps - test
    return [s for s in starts if s + length <= border], [s for s in starts if s >= border]


divide = Case(
    q.divide,
    divide_stub,
    right=[
        divide_by_looking,
        lambda steps, length, test: (
            torch.arange(0, steps - test - length + 1),
            torch.arange(steps - test, steps - length + 1),
        ),
    ],
    wrong={
        "reaches_across": lambda n, k, t: ([s for s in range(n - k + 1) if s < n - t], divide_by_looking(n, k, t)[1]),
        "begins_before": [
            lambda n, k, t: (divide_by_looking(n, k, t)[0], [s for s in range(n - k + 1) if s + k > n - t]),
            lambda n, k, t: (list(range(n - k + 1))[:-t], list(range(n - k + 1))[-t:]),
        ],
        "one_too_few": lambda n, k, t: (divide_by_looking(n, k, t)[0][:-1], divide_by_looking(n, k, t)[1]),
        "one_test_too_few": lambda n, k, t: (divide_by_looking(n, k, t)[0], divide_by_looking(n, k, t)[1][:-1]),
        "beyond_the_end": lambda n, k, t: (divide_by_looking(n, k, t)[0], list(range(n - t, n))),
    },
    also_wrong=[
        lambda n, k, t: divide_by_looking(n, k, t)[::-1],
        lambda n, k, t: (range(0, n - t - k + 1, k), range(n - t, n - k + 1, k)),
    ],
)

# --- a floor


def floor_stub(n):
    # YOUR CODE HERE
    raise NotImplementedError()


score_floor = Case(
    q.score_floor,
    floor_stub,
    right=[
        lambda n: 1 / math.sqrt(2 * math.pi * n),
        lambda n: float(abs(np.arange(n + 1) / n - 0.5) @ binom.pmf(np.arange(n + 1), n, 0.5)),
        lambda n: torch.distributions.HalfNormal(torch.tensor(0.5 / n**0.5)).mean,
    ],
    wrong={
        "standard_deviation": lambda n: math.sqrt(0.25 / n),
        "variance": lambda n: 1 / (4 * n),
        "of_the_sum": lambda n: math.sqrt(n / (2 * math.pi)),
        "without_half": lambda n: 2 / math.sqrt(2 * math.pi * n),
        "zero": lambda n: 0,
        "one_half": lambda n: 1 / 2,
    },
    also_wrong=[lambda n: 1 / n, lambda n: 0.25 / n**0.5],
)

TestChapter54 = chapter_tests(q, autocorrelation, fit_ar, divide, score_floor)

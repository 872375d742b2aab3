"""Questions of chapter 54: the autocorrelation, an autoregression, a fair division, a floor, four messages."""

import math

import torch

from gan_edu.checks.engine import discussion, question

# --- the autocorrelation of windows


def _some_windows():
    chance = torch.Generator().manual_seed(0)
    steps = torch.randn(40, 12, generator=chance).cumsum(dim=1) + 3
    return [
        (torch.tensor([[1.0, 2.0, 1.0, 0.0], [3.0, 1.0, 2.0, 2.0]]), 2),
        (steps, 4),
        (torch.randn(6, 9, generator=chance), 8),
    ]


@question(
    "The autocorrelation of windows",
    hints=(
        "First subtract one number from all: the mean of all windows and steps.",
        "At lag k, multiply each value by the one k steps later *in the same window*. A window of length L has L - k "
        "such pairs.",
        "x = windows - windows.mean(), then (x[:, : L - k] * x[:, k:]).mean() for each k, divided by (x * x).mean().",
    ),
    insight="All windows share one mean here. Had each window lost its own, slow series would have looked quick: in a "
    "short window a slow swing is hardly more than a shifted mean.",
    probes=_some_windows,
)
def autocorrelation(windows, lags):
    x, length = windows - windows.mean(), windows.shape[1]
    products = [(x[:, : length - k] * x[:, k:]).mean() for k in range(lags + 1)]
    return torch.stack(products) / (x * x).mean()


@autocorrelation.misconception("each window has lost its own mean. Subtract the mean of all windows together.")
def _mean_of_each_window(windows, lags):
    x, length = windows - windows.mean(dim=1, keepdim=True), windows.shape[1]
    return torch.stack([(x[:, : length - k] * x[:, k:]).mean() for k in range(lags + 1)]) / (x * x).mean()


@autocorrelation.misconception("each step has lost its own mean. Subtract one number from all.")
def _mean_of_each_step(windows, lags):
    x, length = windows - windows.mean(dim=0), windows.shape[1]
    return torch.stack([(x[:, : length - k] * x[:, k:]).mean() for k in range(lags + 1)]) / (x * x).mean()


@autocorrelation.misconception("the mean is still in it: subtract it first.")
def _with_the_mean(windows, lags):
    x, length = windows, windows.shape[1]
    return torch.stack([(x[:, : length - k] * x[:, k:]).mean() for k in range(lags + 1)]) / (x * x).mean()


@autocorrelation.misconception("autocovariances. Divide by the one at lag 0, so that lag 0 becomes 1.")
def _not_divided(windows, lags):
    x, length = windows - windows.mean(), windows.shape[1]
    return torch.stack([(x[:, : length - k] * x[:, k:]).mean() for k in range(lags + 1)])


@autocorrelation.misconception(
    "sums over L - k pairs, divided by L. Long lags then shrink for no other reason than that they have fewer pairs."
)
def _divided_by_length(windows, lags):
    x, length = windows - windows.mean(), windows.shape[1]
    return torch.stack([(x[:, : length - k] * x[:, k:]).sum() for k in range(lags + 1)]) / (x * x).sum()


@autocorrelation.misconception(
    "a correlation with a mean and a spread of its own at each lag, as corrcoef has them. One mean and one variance, "
    "those of all numbers, serve all lags."
)
def _own_mean_at_each_lag(windows, lags):
    length, found = windows.shape[1], [torch.ones(())]
    for k in range(1, lags + 1):
        found.append(torch.corrcoef(torch.stack([windows[:, : length - k].flatten(), windows[:, k:].flatten()]))[0, 1])
    return torch.stack(found)


@autocorrelation.misconception("windows bent to a ring: the end of a window is multiplied with its own start.")
def _ring(windows, lags):
    x = windows - windows.mean()
    return torch.stack([(x * x.roll(-k, dims=1)).mean() for k in range(lags + 1)]) / (x * x).mean()


@autocorrelation.misconception(
    "all windows as one long series: the end of one is multiplied with the start of another."
)
def _one_long_series(windows, lags):
    x = (windows - windows.mean()).flatten()
    return torch.stack([(x[: len(x) - k] * x[k:]).mean() for k in range(lags + 1)]) / (x * x).mean()


# --- an autoregression by least squares


def _some_series():
    chance = torch.Generator().manual_seed(1)
    noise = torch.randn(300, generator=chance)
    swing = [0.0, 0.0]
    for push in noise[:80].tolist():
        swing.append(1.2 * swing[-1] - 0.8 * swing[-2] + push)
    return [
        (torch.tensor([1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 4.0]), 2),
        (torch.tensor(swing), 2),
        (noise.cumsum(dim=0)[:60] - 1, 3),
        (noise[:50] + 0.5 * noise[1:51], 1),
    ]


@question(
    "Fit an autoregression",
    hints=(
        "Each step from number p on is one equation. Its right side is the p steps before it.",
        "In the matrix, column number k (from 1) holds the series k steps earlier: series[p - k : T - k].",
        "torch.linalg.lstsq(matrix, series[p:, None]).solution[:, 0]",
    ),
    insight="That is all the training that this rival of the GAN needs. Where the series really is linear and "
    "Gaussian, no other use of the same data is better in the long run.",
    probes=_some_series,
    tol=1e-3,
)
def fit_ar(series, order):
    steps = len(series)
    matrix = torch.stack([series[order - k : steps - k] for k in range(1, order + 1)], dim=1)
    return torch.linalg.lstsq(matrix, series[order:, None]).solution[:, 0]


@fit_ar.misconception("the right numbers, the oldest step first. Asked for is the step just before first.")
def _oldest_first(series, order):
    return fit_ar.answer(series, order).flip(0)


@fit_ar.misconception("each lag fitted alone. All lags share one equation, so they are found together.")
def _each_lag_alone(series, order):
    steps = len(series)
    columns = [series[order - k : steps - k] for k in range(1, order + 1)]
    return torch.stack([(x @ series[order:]) / (x @ x) for x in columns])


@fit_ar.misconception(
    "the Yule-Walker equations: they come near, but their sums count more pairs, at the edges. Asked for is least "
    "squares."
)
def _yule_walker(series, order):
    steps = len(series)
    sums = torch.stack([(series[: steps - k] * series[k:]).sum() for k in range(order + 1)])
    place = torch.arange(order)
    return torch.linalg.solve(sums[(place[:, None] - place).abs()], sums[1:])


@fit_ar.misconception("time runs backwards: each step is predicted from those *after* it.")
def _backwards(series, order):
    return fit_ar.answer(series.flip(0), order)


@fit_ar.misconception("a step that helps to predict itself. The nearest column must be one step earlier.")
def _predicts_itself(series, order):
    steps = len(series)
    matrix = torch.stack([series[order - k : steps - k] for k in range(order)], dim=1)
    return torch.linalg.lstsq(matrix, series[order:, None], driver="gelsd").solution[:, 0]


@fit_ar.misconception("a constant is fitted as well. The series has mean 0 by agreement, so it isn't asked for.")
def _with_constant(series, order):
    steps = len(series)
    columns = [series[order - k : steps - k] for k in range(1, order + 1)] + [torch.ones(steps - order)]
    return torch.linalg.lstsq(torch.stack(columns, dim=1), series[order:, None]).solution[:order, 0]


@fit_ar.misconception()
def _with_constant(series, order):
    steps = len(series)
    columns = [series[order - k : steps - k] for k in range(1, order + 1)] + [torch.ones(steps - order)]
    return torch.linalg.lstsq(torch.stack(columns, dim=1), series[order:, None]).solution[:, 0]


# --- a division in which no step lies on both sides


def _as_lists(candidate, steps, length, test):
    return [[int(start) for start in starts] for starts in candidate(steps, length, test)]


@question(
    "A fair division",
    hints=(
        "A window that starts at s uses the steps s, s + 1, …, s + length - 1. Which is the first step of the test?",
        "A training window may use steps up to steps - test - 1, and a test window begins at steps - test or later.",
        "range(steps - test - length + 1) and range(steps - test, steps - length + 1)",
    ),
    insight="Between the two lie length - 1 starts that nobody may use. Dividing shuffled windows instead loses none, "
    "and puts almost every test step into training as well.",
    run=_as_lists,
    probes=lambda: [(20, 4, 8), (100, 24, 30), (11, 3, 3), (12, 1, 5)],
)
def divide(steps, length, test):
    return range(steps - test - length + 1), range(steps - test, steps - length + 1)


@divide.misconception("training windows that begin before the border and reach across it: they hold steps of the test.")
def _reaches_across(steps, length, test):
    return range(steps - test), range(steps - test, steps - length + 1)


@divide.misconception(
    "test windows that begin before the border (`test` counts steps, not windows): they hold steps of the training."
)
def _begins_before(steps, length, test):
    return range(steps - test - length + 1), range(steps - test - length + 1, steps - length + 1)


@divide.misconception("one training window too few: the last one may end right before the border.")
def _one_too_few(steps, length, test):
    return range(steps - test - length), range(steps - test, steps - length + 1)


@divide.misconception("one test window too few: the last one may end at the last step.")
def _one_test_too_few(steps, length, test):
    return range(steps - test - length + 1), range(steps - test, steps - length)


@divide.misconception()
def _one_too_few(steps, length, test):
    return range(steps - test - length), range(steps - test, steps - length)


@divide.misconception("test windows that reach beyond the end of the series.")
def _beyond_the_end(steps, length, test):
    return range(steps - test - length + 1), range(steps - test, steps)


# --- the floor of the discriminative score


@question(
    "The floor of a score",
    hints=(
        "Each of n windows is right with probability ½. What is the standard deviation of the share of right ones?",
        "It is ½ / √n. Now you need the mean *distance* from ½, not the standard deviation. The share is nearly "
        "Gaussian, and a Gaussian with mean 0 and standard deviation s has a mean absolute value of s · √(2 / π).",
        "0.5 / n ** 0.5 * (2 / math.pi) ** 0.5, which is 1 / √(2 π n).",
    ),
    insight="A score that can't be negative can't be 0 on average. Print this floor, or better the measured row of "
    "real against real, beside each such score.",
    probes=lambda: [(100,), (400,), (36,), (1000,)],
    tol=1e-3,
)
def score_floor(n):
    return 0.5 / n**0.5 * (2 / math.pi) ** 0.5


@score_floor.misconception("the standard deviation. The mean distance from ½ is smaller, by √(2 / π).")
def _standard_deviation(n):
    return 0.5 / n**0.5


@score_floor.misconception("the variance, not rooted: distances scale with the standard deviation.")
def _variance(n):
    return 0.25 / n


@score_floor.misconception("the deviation of a *sum* of right answers. A share is the sum divided by n.")
def _of_the_sum(n):
    return 0.5 * n**0.5 * (2 / math.pi) ** 0.5


@score_floor.misconception("1 / √n where ½ / √n belongs: one answer has the standard deviation ½.")
def _without_half(n):
    return (2 / (math.pi * n)) ** 0.5


@score_floor.misconception("0: so it would be if deviations up and down could cancel. The absolute value forbids it.")
def _zero(n):
    return 0.0


@score_floor.misconception("the mean accuracy. Asked for is the mean distance from ½.")
def _one_half(n):
    return 0.5


# --- four messages


@discussion(
    "Four messages",
    hints=(
        "For each: which row is missing from the table, and which steps were seen twice?",
        "What would a perfect generator score? What would a copier?",
    ),
)
def series_messages():
    """1. What does a perfect generator score? With 40 test windows the floor of |accuracy - ½| is 0.06 by chance alone,
    so 0.05 says nothing yet. And a small judge sees little: show that it finds a spoiled series.

    2. Pieces of the training series get this score as well, so the first question is whether windows were copied. The
    windows overlapped, so that nearly each test step was also a training step: divide in time first, then cut.

    3. Shuffled time has the same histogram, for a histogram can't see the order. Ask for the autocorrelation, the
    spectrum, and a judge that sees whole windows.

    4. Each rival must be built as if one wanted it to win: the autoregression with an order chosen on the data, a
    mixture at the output of the recurrent net, blocks for the bootstrap. And the same data, several seeds, the time
    told."""

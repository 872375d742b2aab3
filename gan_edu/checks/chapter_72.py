"""Questions of chapter 72: a gap without a unit, weights for the treated, a doubly robust answer, a placebo, four
messages."""

import numpy as np

from gan_edu import causal
from gan_edu.checks.engine import discussion, question


def _workers(n=60, seed=0):
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(n, 3)) * [1.0, 5.0, 0.5] + [0, 20, 1]
    t = (chance.random(n) < 1 / (1 + np.exp(1 - x[:, 0]))).astype(float)
    y = 2 * t + x @ [1.5, 0.2, -1.0] + chance.normal(size=n)
    return x, t, y


# --- a gap without a unit


def _columns():
    probes = [(np.array([2.0, 4.0, 6.0, 1.0, 3.0]), np.array([1.0, 1, 1, 0, 0]))]
    for seed in (1, 2):
        x, t, _ = _workers(40, seed)
        probes += [(x[:, 1], t), (x[:, 0] ** 2, t)]
    return probes


@question(
    "A gap without a unit",
    hints=(
        "The numerator is the difference of the two means, the treated first.",
        "The denominator is the root of the mean of the two variances, each taken within its group.",
        "(a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / 2), with a = z[t == 1] and b = z[t == 0]",
    ),
    insight="A test of significance would depend on the number of rows; this gap doesn't. So it can be compared "
    "between tables, and before and after weighting.",
    probes=_columns,
)
def gap(z, t):
    a, b = z[t == 1], z[t == 0]
    return (a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / 2)


@gap.misconception("the difference of the means in its own unit. Divide it by a standard deviation.")
def _with_unit(z, t):
    return z[t == 1].mean() - z[t == 0].mean()


@gap.misconception("the standard deviation of all rows together. The gap itself makes that one larger.")
def _of_all(z, t):
    return (z[t == 1].mean() - z[t == 0].mean()) / z.std()


@gap.misconception("divided by a standard *error* (a t statistic): that grows with the number of rows.")
def _t_statistic(z, t):
    a, b = z[t == 1], z[t == 0]
    return (a.mean() - b.mean()) / np.sqrt(a.var() / len(a) + b.var() / len(b))


@gap.misconception("the mean of the standard deviations. Take the mean of the *variances*, and then the root.")
def _mean_of_deviations(z, t):
    a, b = z[t == 1], z[t == 0]
    return (a.mean() - b.mean()) / ((a.std() + b.std()) / 2)


@gap.misconception("divided by a variance: the root is missing.")
def _no_root(z, t):
    a, b = z[t == 1], z[t == 0]
    return (a.mean() - b.mean()) / ((a.var() + b.var()) / 2)


@gap.misconception("controls minus treated. The treated come first.")
def _turned(z, t):
    a, b = z[t == 1], z[t == 0]
    return (b.mean() - a.mean()) / np.sqrt((a.var() + b.var()) / 2)


# --- weights that make the controls look like the treated


def _scored():
    probes = [(np.array([1.0, 0, 0]), np.array([10.0, 4, 8]), np.array([0.6, 0.5, 0.2]))]
    for seed in (3, 4):
        x, t, y = _workers(50, seed)
        probes.append((t, y, 1 / (1 + np.exp(1 - 0.8 * x[:, 0]))))
    return probes


@question(
    "Weights for the treated",
    hints=(
        "The treated need no weights: the question is about them.",
        "A control with propensity e counts e / (1 - e) times: often among the treated, rare among the controls.",
        "y[t == 1].mean() - np.average(y[t == 0], weights=(e / (1 - e))[t == 0])",
    ),
    insight="With 1 / e and 1 / (1 - e) both groups would look like *all* rows, and the answer would be about "
    "everybody, here mostly about men who would never enter such a programme.",
    probes=_scored,
)
def for_the_treated(t, y, e):
    return y[t == 1].mean() - np.average(y[t == 0], weights=(e / (1 - e))[t == 0])


@for_the_treated.misconception("1 / e and 1 / (1 - e): that is the effect over all (ATE), not on the treated.")
def _for_all(t, y, e):
    return np.average(y, weights=t / e) - np.average(y, weights=(1 - t) / (1 - e))


@for_the_treated.misconception("weights e for the controls. Divide by 1 - e: how often a control like this is seen.")
def _only_e(t, y, e):
    return y[t == 1].mean() - np.average(y[t == 0], weights=e[t == 0])


@for_the_treated.misconception("weights (1 - e) / e: these make improbable men count, who look least like the treated.")
def _upside_down(t, y, e):
    return y[t == 1].mean() - np.average(y[t == 0], weights=((1 - e) / e)[t == 0])


@for_the_treated.misconception("the treated weighted by e / (1 - e) as well. They are whom we ask about: weight 1.")
def _both_weighted(t, y, e):
    odds = e / (1 - e)
    return np.average(y[t == 1], weights=odds[t == 1]) - np.average(y[t == 0], weights=odds[t == 0])


@for_the_treated.misconception("the weighted sum divided by the number of treated, not by the sum of the weights.")
def _not_normalised(t, y, e):
    return y[t == 1].mean() - ((e / (1 - e))[t == 0] * y[t == 0]).sum() / (t == 1).sum()


@for_the_treated.misconception("the plain difference, without weights.")
def _plain(t, y, e):
    return y[t == 1].mean() - y[t == 0].mean()


# --- doubly robust


def _with_fits():
    probes = [
        (np.array([1.0, 0, 0]), np.array([10.0, 4, 8]), np.array([0.6, 0.5, 0.2]), np.array([6.0, 5, 6])),
    ]
    for seed in (5, 6):
        x, t, y = _workers(50, seed)
        probes.append((t, y, 1 / (1 + np.exp(1 - 0.8 * x[:, 0])), x @ [1.0, 0.1, 0.0] + 1))
    return probes


@question(
    "Doubly robust",
    hints=(
        "Begin with the errors y - m of all rows. Their mean over the treated is the outcome regression.",
        "What does m get wrong on the controls, weighted so that they look like the treated? Subtract that.",
        "r = y - m, then r[t == 1].mean() - np.average(r[t == 0], weights=(e / (1 - e))[t == 0])",
    ),
    insight="It is weighting, with the errors in the place of the results. So whatever m explains needn't be balanced "
    "by the weights any more.",
    probes=_with_fits,
)
def doubly_robust(t, y, e, m):
    r = y - m
    return r[t == 1].mean() - np.average(r[t == 0], weights=(e / (1 - e))[t == 0])


@doubly_robust.misconception("outcome regression alone: the correction by the controls' errors is missing.")
def _no_correction(t, y, e, m):
    return (y - m)[t == 1].mean()


@doubly_robust.misconception("weighting alone: m isn't used.")
def _no_m(t, y, e, m):
    return y[t == 1].mean() - np.average(y[t == 0], weights=(e / (1 - e))[t == 0])


@doubly_robust.misconception("the correction with the other sign: the controls' errors are subtracted.")
def _added(t, y, e, m):
    r = y - m
    return r[t == 1].mean() + np.average(r[t == 0], weights=(e / (1 - e))[t == 0])


@doubly_robust.misconception("the controls' errors without weights: then they don't look like the treated.")
def _unweighted(t, y, e, m):
    r = y - m
    return r[t == 1].mean() - r[t == 0].mean()


@doubly_robust.misconception("the mean of two answers, regression and weighting. It is right only if both are.")
def _mean_of_both(t, y, e, m):
    r = (y - m)[t == 1].mean()
    return (r + y[t == 1].mean() - np.average(y[t == 0], weights=(e / (1 - e))[t == 0])) / 2


@doubly_robust.misconception("the weighted sum of errors divided by the number of treated, not by the sum of weights.")
def _not_normalised_errors(t, y, e, m):
    r = y - m
    return r[t == 1].mean() - ((e / (1 - e))[t == 0] * r[t == 0]).sum() / (t == 1).sum()


# --- a placebo


def _tables():
    return [(causal.difference, *_workers(30, 7), 1), *[(way, *_workers(60, 8 + j), j) for j, way in enumerate(
        (causal.outcome_regression, causal.doubly_robust, causal.weighting))]]  # fmt: skip


@question(
    "A placebo test",
    hints=(
        "An estimator takes x, t, y. What stands in the place of y here?",
        "The column that becomes the result must leave x. Otherwise a method adjusts for the result itself, and about "
        "0 comes out whatever happens.",
        "estimator(np.delete(x, column, axis=1), t, x[:, column])",
    ),
    insight="A way that adjusts always passes a placebo in which the result is also a covariate. Tests that can't fail "
    "are the most comfortable ones.",
    probes=_tables,
)
def placebo(estimator, x, t, y, column):
    return estimator(np.delete(x, column, axis=1), t, x[:, column])


@placebo.misconception("the column is the result and still a covariate: adjusted for itself, every effect is about 0.")
def _still_in_x(estimator, x, t, y, column):
    return estimator(x, t, x[:, column])


@placebo.misconception("the real result, with one column left out. The *result* must be from before the treatment.")
def _real_result(estimator, x, t, y, column):
    return estimator(np.delete(x, column, axis=1), t, y)


@placebo.misconception("nothing replaced: that is the estimate itself.")
def _the_estimate(estimator, x, t, y, column):
    return estimator(x, t, y)


@placebo.misconception("no covariates at all: the test is about the whole method, so it adjusts as the method does.")
def _without_covariates(estimator, x, t, y, column):
    return causal.difference(x, t, x[:, column])


@placebo.misconception("the real result among the covariates. It comes after the treatment and doesn't belong there.")
def _result_in_x(estimator, x, t, y, column):
    return estimator(np.column_stack([np.delete(x, column, axis=1), y]), t, x[:, column])


# --- four messages


@discussion(
    "Four messages",
    hints=(
        "For each: who is compared with whom? Which picture is missing, and which zero?",
        "What is settled before the result is seen, and what after?",
    ),
)
def job_messages():
    """1. The prediction: it stays as it is. More men of the survey make the wrong comparison more precise; what is
    missing is a column, or a coin. And only few of the new men have a counterpart among the treated.

    2. Weights balance the means of the columns that were used. Nothing is said about columns that aren't there. A
    placebo test and the formula of the omitted variable would say more.

    3. The prediction: about 0, and so the test can't fail, because the column of 1975 was among the covariates. Leave
    it out of x when it is the result.

    4. The way was chosen after the answer was seen. Next year's survey has no experiment beside it, and then the same
    rule chooses nothing. Show all analyses, or choose by overlap and balance before."""

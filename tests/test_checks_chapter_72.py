import numpy as np
from checks_cases import Case, chapter_tests

from gan_edu import causal
from gan_edu.checks import chapter_72 as q

# --- a gap


def gap_stub(z, t):
    # YOUR CODE HERE
    raise NotImplementedError()


def gap_by_weights(z, t):
    means = [np.average(z, weights=w) for w in (t, 1 - t)]
    variances = [np.average((z - mean) ** 2, weights=w) for mean, w in zip(means, (t, 1 - t), strict=True)]
    return (means[0] - means[1]) / np.mean(variances) ** 0.5


def gap_by_lists(z, t):
    one = [float(a) for a, b in zip(z, t, strict=True) if b == 1]
    zero = [float(a) for a, b in zip(z, t, strict=True) if b == 0]
    return (sum(one) / len(one) - sum(zero) / len(zero)) / ((np.var(one) + np.var(zero)) / 2) ** 0.5


gap = Case(
    q.gap,
    gap_stub,
    right=[gap_by_weights, gap_by_lists, lambda z, t: causal.imbalance(z[:, None], t)[0]],
    wrong={
        "with_unit": lambda z, t: np.average(z, weights=t) - np.average(z, weights=1 - t),
        "of_all": lambda z, t: (z[t == 1].mean() - z[t == 0].mean()) / np.std(z),
        "t_statistic": lambda z, t: (
            (z[t == 1].mean() - z[t == 0].mean()) / sum(z[t == v].var() / (t == v).sum() for v in (0, 1)) ** 0.5
        ),
        "mean_of_deviations": lambda z, t: (
            2 * (z[t == 1].mean() - z[t == 0].mean()) / (z[t == 1].std() + z[t == 0].std())
        ),
        "turned": lambda z, t: -gap_by_lists(z, t),
    },
    also_wrong=[lambda z, t: abs(gap_by_lists(z, t)) + 1, lambda z, t: 0.0],
    namespace={"np": np},
)

# --- weights for the treated


def weights_stub(t, y, e):
    # YOUR CODE HERE
    raise NotImplementedError()


def weights_by_loops(t, y, e):
    one = [b for a, b in zip(t, y, strict=True) if a == 1]
    pairs = [(p / (1 - p), b) for a, b, p in zip(t, y, e, strict=True) if a == 0]
    return sum(one) / len(one) - sum(w * b for w, b in pairs) / sum(w for w, _ in pairs)


def weights_by_vector(t, y, e):
    w = np.where(t == 1, 1, e / (1 - e))
    return np.average(y, weights=w * t) - np.average(y, weights=w * (1 - t))


for_the_treated = Case(
    q.for_the_treated,
    weights_stub,
    right=[weights_by_loops, weights_by_vector],
    wrong={
        "for_all": lambda t, y, e: np.average(y, weights=t / e) - np.average(y, weights=(1 - t) / (1 - e)),
        "only_e": lambda t, y, e: np.average(y, weights=t) - np.average(y, weights=(1 - t) * e),
        "upside_down": lambda t, y, e: weights_by_loops(t, y, 1 - e),
        "not_normalised": lambda t, y, e: (t @ y - ((1 - t) * e / (1 - e)) @ y) / t.sum(),
        "both_weighted": lambda t, y, e: (
            np.average(y, weights=t * e / (1 - e)) - np.average(y, weights=(1 - t) * e / (1 - e))
        ),
        "plain": lambda t, y, e: np.average(y, weights=t) - np.average(y, weights=1 - t),
    },
    also_wrong=[lambda t, y, e: -weights_by_loops(t, y, e)],
    namespace={"np": np},
)

# --- doubly robust


def robust_stub(t, y, e, m):
    # YOUR CODE HERE
    raise NotImplementedError()


def robust_by_terms(t, y, e, m):
    regression = np.average(y - m, weights=t)
    return regression - np.average(y - m, weights=(1 - t) * e / (1 - e))


doubly_robust = Case(
    q.doubly_robust,
    robust_stub,
    right=[robust_by_terms, lambda t, y, e, m: weights_by_loops(t, y - m, e)],
    wrong={
        "no_correction": lambda t, y, e, m: y[t == 1].mean() - m[t == 1].mean(),
        "no_m": lambda t, y, e, m: weights_by_loops(t, y, e),
        "added": lambda t, y, e, m: 2 * np.average(y - m, weights=t) - robust_by_terms(t, y, e, m),
        "unweighted": lambda t, y, e, m: np.average(y - m, weights=t) - np.average(y - m, weights=1 - t),
        "not_normalised_errors": lambda t, y, e, m: (t - (1 - t) * e / (1 - e)) @ (y - m) / t.sum(),
        "mean_of_both": lambda t, y, e, m: (np.average(y - m, weights=t) + weights_by_loops(t, y, e)) / 2,
    },
    also_wrong=[lambda t, y, e, m: robust_by_terms(t, m, e, y)],
    namespace={"np": np},
)

# --- a placebo


def placebo_stub(estimator, x, t, y, column):
    # YOUR CODE HERE
    raise NotImplementedError()


def others_of(x, column):
    return x[:, [j for j in range(x.shape[1]) if j != column]]


placebo = Case(
    q.placebo,
    placebo_stub,
    right=[
        lambda way, x, t, y, column: way(others_of(x, column), t, x[:, column]),
        lambda way, x, t, y, column: way(x[:, np.arange(x.shape[1]) != column], t, x.T[column]),
    ],
    wrong={
        "still_in_x": lambda way, x, t, y, column: way(x, t, x.T[column]),
        "real_result": lambda way, x, t, y, column: way(others_of(x, column), t, y),
        "the_estimate": lambda way, x, t, y, column: way(x, t, y),
        "without_covariates": lambda way, x, t, y, column: x[t == 1, column].mean() - x[t == 0, column].mean(),
    },
    also_wrong=[lambda way, x, t, y, column: 0.0],
    namespace={"np": np},
)

TestChapter72 = chapter_tests(q, gap, for_the_treated, doubly_robust, placebo)

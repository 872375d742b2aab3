import numpy as np
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_71 as q

# --- what is seen, and its two parts


def decompose_stub(t, y0, y1):
    # YOUR CODE HERE
    raise NotImplementedError()


def decompose_by_lists(t, y0, y1):
    treated = [i for i, value in enumerate(t) if value == 1]
    others = [i for i, value in enumerate(t) if value == 0]
    seen = sum(y1[i] for i in treated) / len(treated) - sum(y0[i] for i in others) / len(others)
    att = sum(y1[i] - y0[i] for i in treated) / len(treated)
    return seen, att, seen - att


def decompose_by_weights(t, y0, y1):
    observed = t * y1 + (1 - t) * y0
    seen = np.average(observed, weights=t) - np.average(observed, weights=1 - t)
    return [seen, np.average(y1 - y0, weights=t), np.average(y0, weights=t) - np.average(y0, weights=1 - t)]


def parts(t, y0, y1, **changed):
    seen, att, bias = decompose_by_lists(t, y0, y1)
    told = {"seen": seen, "att": att, "bias": bias} | changed
    return told["seen"], told["att"], told["bias"]


decompose = Case(
    q.decompose,
    decompose_stub,
    right=[decompose_by_lists, decompose_by_weights, lambda t, y0, y1: np.array(decompose_by_weights(t, y0, y1))],
    wrong={
        "ate_instead": lambda t, a, b: parts(t, a, b, att=np.mean(b - a)),
        "on_the_untreated": lambda t, a, b: parts(t, a, b, att=np.average(b - a, weights=1 - t)),
        "ate_and_the_rest": lambda t, a, b: parts(t, a, b, att=np.mean(b - a), bias=parts(t, a, b)[0] - np.mean(b - a)),
        "bias_of_y1": lambda t, a, b: parts(t, a, b, bias=np.average(b, weights=t) - np.average(b, weights=1 - t)),
        "bias_turned": lambda t, a, b: parts(t, a, b, bias=-parts(t, a, b)[2]),
        "seen_of_all": lambda t, a, b: parts(t, a, b, seen=(b - a).mean()),
    },
    also_wrong=[lambda t, a, b: parts(t, a, b)[::-1], lambda t, a, b: parts(t, a, b)[:2]],
    namespace={"np": np},
)

# --- standardisation


def standardise_stub(t, y, x):
    # YOUR CODE HERE
    raise NotImplementedError()


def standardise_by_regression(t, y, x):
    values = np.unique(x)
    dummies = (x[:, None] == values).astype(float)
    beta = np.linalg.lstsq(np.concatenate([dummies, dummies * t[:, None]], axis=1), y, rcond=None)[0]
    return dummies.mean(axis=0) @ beta[len(values) :]


def standardise_by_imputing(t, y, x):
    y1, y0 = np.empty(len(y)), np.empty(len(y))
    for k in set(x.tolist()):
        y1[x == k], y0[x == k] = (y[(x == k) & (t == v)].mean() for v in (1, 0))
    return float(np.mean(y1 - y0))


def within(t, y, x):
    return np.array([np.average(y, weights=t * (x == k)) - np.average(y, weights=(1 - t) * (x == k)) for k in set(x)])


standardise = Case(
    q.standardise,
    standardise_stub,
    right=[standardise_by_regression, standardise_by_imputing],
    wrong={
        "not_adjusted": lambda t, y, x: np.average(y, weights=t) - np.average(y, weights=1 - t),
        "equal_weights": lambda t, y, x: within(t, y, x).mean(),
        "shares_of_the_treated": lambda t, y, x: (
            within(t, y, x) @ [t[x == k].sum() for k in set(x)] / t.sum()
        ),
        "shares_of_the_untreated": lambda t, y, x: (
            within(t, y, x) @ [(1 - t)[x == k].sum() for k in set(x)] / (1 - t).sum()
        ),
        "one_slope": lambda t, y, x: np.linalg.lstsq(
            np.concatenate([t[:, None], x[:, None] == np.unique(x)], axis=1), y, rcond=None
        )[0][0],
        "sum_of_parts": lambda t, y, x: within(t, y, x).sum(),
    },
    also_wrong=[lambda t, y, x: -standardise_by_imputing(t, y, x), lambda t, y, x: within(t, y, x)],
    namespace={"np": np},
)  # fmt: skip

# --- weights


def weigh_stub(t, y, e):
    # YOUR CODE HERE
    raise NotImplementedError()


def weigh_by_loops(t, y, e):
    sums = {1: [0, 0], 0: [0, 0]}
    for treated, result, p in zip(t, y, e, strict=True):
        w = 1 / (p if treated == 1 else 1 - p)
        sums[int(treated)][0] += w * result
        sums[int(treated)][1] += w
    return sums[1][0] / sums[1][1] - sums[0][0] / sums[0][1]


def weigh_by_parts(t, y, e):
    one, zero = t == 1, t == 0
    w1, w0 = 1 / e[one], 1 / (1 - e[zero])
    return (w1 @ y[one]) / w1.sum() - (w0 @ y[zero]) / w0.sum()


weigh = Case(
    q.weigh,
    weigh_stub,
    right=[weigh_by_loops, weigh_by_parts],
    wrong={
        "by_rows": lambda t, y, e: np.mean((t - e) / (e * (1 - e)) * y),
        "exchanged": lambda t, y, e: weigh_by_parts(t, y, np.where(t == 1, 1 / e, 1 - 1 / (1 - e))),
        "same_for_both": lambda t, y, e: weigh_by_parts(t, y, np.where(t == 1, e, 1 - e)),
        "for_the_treated": lambda t, y, e: y[t == 1].mean() - np.average(y, weights=(1 - t) * e / (1 - e)),
        "all_weights": lambda t, y, e: (
            (np.sum(t * y / e) - np.sum((1 - t) * y / (1 - e))) / np.sum(t / e + (1 - t) / (1 - e))
        ),
        "unweighted": lambda t, y, e: y[t == 1].mean() - y[t == 0].mean(),
    },
    also_wrong=[lambda t, y, e: -weigh_by_loops(t, y, e), lambda t, y, e: weigh_by_loops(1 - t, y, e)],
    namespace={"np": np},
)

# --- an intervention


def intervene_stub(B, noise, which, value):
    # YOUR CODE HERE
    raise NotImplementedError()


def intervene_by_cutting(B, noise, which, value):
    B, noise = B.copy(), noise.copy()
    B[which], noise[:, which] = 0, value
    return noise @ np.linalg.inv(np.eye(len(B)) - B).T


def intervene_by_loops(B, noise, which, value):
    rows = []
    for e in noise.tolist():
        row = []
        for j in range(len(e)):
            row.append(value if j == which else e[j] + sum(B[j, i] * row[i] for i in range(j)))
        rows.append(row)
    return np.array(rows)


def finished(B, noise):
    return noise @ np.linalg.inv(np.eye(len(B)) - B).T


def written(table, which, value):
    table[:, which] = value
    return table


def with_noise(noise, which, value):
    noise = noise.copy()
    noise[:, which] = value
    return noise


intervene = Case(
    q.intervene,
    intervene_stub,
    right=[intervene_by_cutting, intervene_by_loops],
    wrong={
        "written_afterwards": lambda B, e, j, v: written(finished(B, e), j, v),
        "noise_replaced": lambda B, e, j, v: finished(B, with_noise(e, j, v)),
        "added": lambda B, e, j, v: finished(B, with_noise(e, j, e[:, j] + v)),
        "nothing_done": lambda B, e, j, v: finished(B, e),
    },
    also_wrong=[lambda B, e, j, v: intervene_by_cutting(B, e, j, v).T, lambda B, e, j, v: e],
    namespace={"np": np},
)

TestChapter71 = chapter_tests(q, decompose, standardise, weigh, intervene)

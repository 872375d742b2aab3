import numpy as np
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_77 as q

# --- difference in differences


def did_stub(y, treated, after):
    # YOUR CODE HERE
    raise NotImplementedError()


def did_by_regression(y, treated, after):
    x = np.column_stack([treated, after, treated * after, np.ones_like(y)])
    return np.linalg.lstsq(x, y, rcond=None)[0][2]


def did_by_lists(y, treated, after):
    cells = {}
    for value, g, late in zip(y, treated, after, strict=True):
        cells.setdefault((int(g), int(late)), []).append(float(value))
    m = {cell: sum(values) / len(values) for cell, values in cells.items()}
    return (m[1, 1] - m[0, 1]) - (m[1, 0] - m[0, 0])


def did_by_weights(y, treated, after):
    def mean(a, b):
        return np.average(y, weights=(treated == a) * (after == b))

    return np.float64(mean(1, 1) - mean(1, 0) - mean(0, 1) + mean(0, 0))


did = Case(
    q.did,
    did_stub,
    right=[did_by_regression, did_by_lists, did_by_weights],
    wrong={
        "after_only": lambda y, g, a: np.average(y, weights=g * a) - np.average(y, weights=(1 - g) * a),
        "before_after": lambda y, g, a: np.average(y, weights=g * a) - np.average(y, weights=g * (1 - a)),
        "turned": lambda y, g, a: did_by_regression(y, g, 1 - a),
        "all_times": lambda y, g, a: np.average(y, weights=g) - np.average(y, weights=1 - g),
        "of_sums": lambda y, g, a: y @ (g * a - g * (1 - a) - (1 - g) * a + (1 - g) * (1 - a)),
    },
    also_wrong=[lambda y, g, a: did_by_lists(y, g, a) / 2, lambda y, g, a: np.array([did_by_lists(y, g, a), 0.0])],
    namespace={"np": np},
)

# --- weights of the known rows


def weigh_stub(t, y, x):
    # YOUR CODE HERE
    raise NotImplementedError()


def weigh_by_filling(t, y, x):
    y = y.copy()
    for a in (0, 1):
        for b in set(x.tolist()):
            here = (t == a) & (x == b)
            if here.any():
                y[here & np.isnan(y)] = np.nanmean(y[here])
    return y[t == 1].mean() - y[t == 0].mean()


def weigh_by_lists(t, y, x):
    rows = list(zip(t.tolist(), y.tolist(), x.tolist(), strict=True))
    means = {}
    for a in (0.0, 1.0):
        top = bottom = 0.0
        for group, value, b in rows:
            if group != a or value != value:
                continue
            alike = [v for g, v, c in rows if g == a and c == b]
            w = len(alike) / sum(v == v for v in alike)
            top, bottom = top + w * value, bottom + w
        means[a] = top / bottom
    return means[1.0] - means[0.0]


def by_weights(t, y, x, key):
    known = ~np.isnan(y)
    share = np.array([known[key(t, x, i)].mean() for i in range(len(y))])
    one, zero = known & (t == 1), known & (t == 0)
    return (y[one] / share[one]).sum() / (1 / share[one]).sum() - (y[zero] / share[zero]).sum() / (
        1 / share[zero]
    ).sum()


def weigh_by_key(t, y, x):
    return by_weights(t, y, x, lambda t, x, i: (t == t[i]) & (x == x[i]))


weigh_known = Case(
    q.weigh_known,
    weigh_stub,
    right=[weigh_by_filling, weigh_by_lists, weigh_by_key],
    wrong={
        "dropped": [
            lambda t, y, x: np.nanmean(y[t == 1]) - np.nanmean(y[t == 0]),
            lambda t, y, x: by_weights(t, y, x, lambda t, x, i: t == t[i]),
        ],
        "by_x_only": lambda t, y, x: by_weights(t, y, x, lambda t, x, i: x == x[i]),
        "overall_mean": lambda t, y, x: (
            np.nan_to_num(y, nan=np.nanmean(y))[t == 1].mean() - np.nan_to_num(y, nan=np.nanmean(y))[t == 0].mean()
        ),
        "zeros": lambda t, y, x: np.nansum(y * t) / t.sum() - np.nansum(y * (1 - t)) / (1 - t).sum(),
        "gaps_summed": lambda t, y, x: np.average(y, weights=t) - np.average(y, weights=1 - t),
    },
    also_wrong=[lambda t, y, x: -weigh_by_key(t, y, x)],
    namespace={"np": np},
)

# --- target encoding, out of fold


def encode_stub(y, group, fold):
    # YOUR CODE HERE
    raise NotImplementedError()


def encode_by_matrix(y, group, fold):
    apart = (fold[:, None] != fold[None]).astype(float)
    same = apart * (group[:, None] == group[None])
    count = same.sum(axis=1)
    return np.where(count > 0, same @ y / np.maximum(count, 1), apart @ y / apart.sum(axis=1))


def encode_by_lists(y, group, fold):
    out = []
    for g, k in zip(group, fold, strict=True):
        others = [(v, h) for v, h, f in zip(y, group, fold, strict=True) if f != k]
        partners = [v for v, h in others if h == g] or [v for v, _ in others]
        out.append(float(sum(partners) / len(partners)))
    return out


encode = Case(
    q.encode,
    encode_stub,
    right=[encode_by_matrix, encode_by_lists],
    wrong={
        "whole_group": lambda y, g, f: np.array([np.mean([v for v, h in zip(y, g, strict=True) if h == a]) for a in g]),
        "no_group": lambda y, g, f: np.array([y[f != k].sum() / (f != k).sum() for k in f]),
        "fallback_of_all": lambda y, g, f: np.where(
            [((g == a) & (f != k)).any() for a, k in zip(g, f, strict=True)], encode_by_matrix(y, g, f), y.mean()
        ),
        "fallback_zero": lambda y, g, f: np.where(
            [((g == a) & (f != k)).any() for a, k in zip(g, f, strict=True)], encode_by_matrix(y, g, f), 0
        ),
    },
    also_wrong=[lambda y, g, f: encode_by_matrix(y, g, f)[::-1], lambda y, g, f: encode_by_matrix(y, f, g)],
    namespace={"np": np},
)

TestChapter77 = chapter_tests(q, did, weigh_known, encode)

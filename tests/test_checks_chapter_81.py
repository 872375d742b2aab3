import numpy as np
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_81 as q

# --- a heap at zero


def heap_stub(values):
    # YOUR CODE HERE
    raise NotImplementedError()


def heap_by_loop(values):
    some = [v for v in values if v != 0]
    mean, std = sum(some) / len(some), np.std(some)
    return np.array([[1.0, 0.0] if v == 0 else [0.0, (v - mean) / std] for v in values])


def heap_in_place(values):
    out = np.zeros((len(values), 2))
    out[values == 0, 0] = 1
    rest = values[values != 0]
    out[values != 0, 1] = (rest - np.mean(rest)) / np.sqrt(np.mean((rest - rest.mean()) ** 2))
    return out


with_heap = Case(
    q.with_heap,
    heap_stub,
    right=[heap_by_loop, heap_in_place],
    wrong={
        "scaled_by_all": lambda v: np.stack([v == 0, np.where(v == 0, 0, (v - np.mean(v)) / np.std(v))], axis=1),
        "zeros_scaled": lambda v: np.stack([v == 0, (v - v[v > 0].mean()) / v[v > 0].std()], axis=1),
        "flag_turned": lambda v: np.abs(heap_by_loop(v) * [1, 0] - [1, 0]) + heap_by_loop(v) * [0, 1],
        "by_variance": lambda v: heap_by_loop(v) * [1, 1 / v[v > 0].std()],
        "less_one": lambda v: heap_by_loop(v) * [1, np.sqrt(1 - 1 / np.sum(v > 0))],
        "columns_swapped": lambda v: np.flip(heap_by_loop(v), axis=1),
        "rows_not_columns": lambda v: heap_by_loop(v).T,
    },
    also_wrong=[lambda v: heap_by_loop(v)[:, 1], lambda v: np.zeros((len(v), 2))],
    namespace={"np": np},
)

# --- gone by chance


def gone_stub(p, n):
    # YOUR CODE HERE
    raise NotImplementedError()


def gone_by_loop(p, n):
    chance = 1.0
    for _ in range(n):
        chance *= 1 - p
    return chance


gone = Case(
    q.gone,
    gone_stub,
    right=[gone_by_loop, lambda p, n: np.exp(n * np.log1p(-p)), lambda p, n: np.float32(1 - p) ** n],
    wrong={
        "occurs": lambda p, n: 1 - gone_by_loop(p, n),
        "all_have_it": lambda p, n: np.power(p, n),
        "linear": lambda p, n: 1 - p * n,
        "exponential": lambda p, n: 2.718281828459045 ** (-n * p),
        "one_row": lambda p, n: 1 - p,
    },
    also_wrong=[lambda p, n: 0.0],
    namespace={"np": np},
)

# --- drawing from leaves


def leaves_stub(home, values, visits, chances):
    # YOUR CODE HERE
    raise NotImplementedError()


def leaves_by_dictionary(home, values, visits, chances):
    members = {leaf: [v for h, v in zip(home, values, strict=True) if h == leaf] for leaf in set(home.tolist())}
    return [members[leaf][int(u * len(members[leaf]))] for leaf, u in zip(visits.tolist(), chances, strict=True)]


def leaves_by_masks(home, values, visits, chances):
    out = np.empty(len(visits))
    for leaf in np.unique(visits):
        rows, mine = np.flatnonzero(home == leaf), visits == leaf
        out[mine] = values[rows[np.floor(chances[mine] * len(rows)).astype(int)]]
    return out


from_leaves = Case(
    q.from_leaves,
    leaves_stub,
    right=[lambda *given: np.array(leaves_by_dictionary(*given)), leaves_by_masks],
    wrong={
        "mean_of_leaf": lambda home, values, visits, u: np.array([np.average(values[home == leaf]) for leaf in visits]),
        "from_all": lambda home, values, visits, u: values[(u * len(values)).astype(int)],
        "first_of_leaf": lambda home, values, visits, u: leaves_by_masks(home, values, visits, 0 * u),
        "sorted": lambda home, values, visits, u: leaves_by_masks(home[np.argsort(values)], np.sort(values), visits, u),
        "quantile": lambda home, values, visits, u: np.array(
            [np.percentile(values[home == leaf], 100 * c) for leaf, c in zip(visits, u, strict=True)]
        ),
    },
    also_wrong=[lambda home, values, visits, u: np.zeros(len(visits))],
    namespace={"np": np},
)

# --- train on synthetic, test on real


def tstr_stub(fit, made_x, made_y, real_x, real_y):
    # YOUR CODE HERE
    raise NotImplementedError()


def tstr_by_loop(fit, made_x, made_y, real_x, real_y):
    predict = fit(made_x, made_y)
    right = 0
    for i in range(len(real_y)):
        right += int(predict(real_x[i : i + 1])[0] == real_y[i])
    return right / len(real_y)


tstr = Case(
    q.tstr,
    tstr_stub,
    right=[tstr_by_loop, lambda fit, a, b, c, d: 1 - np.mean(fit(a, b)(c) != d)],
    wrong={
        "trts": lambda fit, a, b, c, d: tstr_by_loop(fit, c, d, a, b),
        "tested_on_made": lambda fit, a, b, c, d: tstr_by_loop(fit, a, b, a, b),
        "real_only": lambda fit, a, b, c, d: tstr_by_loop(fit, c, d, c, d),
        "trained_on_both": lambda fit, a, b, c, d: tstr_by_loop(
            fit, np.concatenate([a, c]), np.concatenate([b, d]), c, d
        ),
        "share_wrong": lambda fit, a, b, c, d: 1 - tstr_by_loop(fit, a, b, c, d),
        "count": lambda fit, a, b, c, d: tstr_by_loop(fit, a, b, c, d) * len(d),
    },
    also_wrong=[lambda fit, a, b, c, d: 1.0],
    namespace={"np": np},
)

TestChapter81 = chapter_tests(q, with_heap, gone, from_leaves, tstr)

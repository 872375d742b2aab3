"""Questions of chapter 81: a column with a heap at zero, a rare category's chance, drawing from leaves, training on
synthetic rows and testing on real ones, five messages."""

import numpy as np

from gan_edu.checks.engine import discussion, question

# --- a column with a heap at zero


def _earnings():
    probes = [(np.array([0.0, 4.0, 0.0, 8.0]),)]
    for seed in (1, 2):
        chance = np.random.default_rng(seed)
        probes.append((chance.gamma(2.0, 3.0, 12) * (chance.random(12) < 0.6),))
    return probes


@question(
    "A heap at zero",
    hints=(
        "The first column is a question with yes or no: is the value exactly zero?",
        "The mean and the standard deviation of the second column are those of the values that are not zero.",
        "some = values != 0, scaled = (values - values[some].mean()) / values[some].std(); then np.where(some, …, 0).",
    ),
    insight="With the zeros in the mean and the spread, a heap far from the rest would move the scale of everybody "
    "else; and a 0 in the second column says 'nothing to see here', for it is the mean of the others.",
    probes=_earnings,
)
def with_heap(values):
    some = values != 0
    scaled = (values - values[some].mean()) / values[some].std()
    return np.column_stack([~some, np.where(some, scaled, 0.0)])


@with_heap.misconception(
    "scaled with the zeros in the mean and the spread. Take both from the values that aren't zero."
)
def _scaled_by_all(values):
    some = values != 0
    return np.column_stack([~some, np.where(some, (values - values.mean()) / values.std(), 0.0)])


@with_heap.misconception("the zeros were scaled like the others. Where the first column is 1, the second one is 0.")
def _zeros_scaled(values):
    some = values != 0
    return np.column_stack([~some, (values - values[some].mean()) / values[some].std()])


@with_heap.misconception("1 for those that are *not* zero. The question is whether it is zero.")
def _flag_turned(values):
    some = values != 0
    return np.column_stack([some, np.where(some, (values - values[some].mean()) / values[some].std(), 0.0)])


@with_heap.misconception("divided by the variance: the root is missing.")
def _by_variance(values):
    some = values != 0
    return np.column_stack([~some, np.where(some, (values - values[some].mean()) / values[some].var(), 0.0)])


@with_heap.misconception(
    "the standard deviation divides by the number of values less one, as pandas and torch do. numpy's `std()` divides "
    "by their number: ddof=0, or correction=0 in torch."
)
def _less_one(values):
    some = values != 0
    return np.column_stack([~some, np.where(some, (values - values[some].mean()) / values[some].std(ddof=1), 0.0)])


@with_heap.misconception("the two columns in the other order: the heap comes first.")
def _columns_swapped(values):
    return with_heap.answer(values)[:, ::-1]


@with_heap.misconception("two rows instead of two columns: (2, N). Turn it, `.T` or np.column_stack.")
def _rows_not_columns(values):
    return with_heap.answer(values).T


# --- a rare category's chance to vanish


@question(
    "Gone by chance",
    hints=(
        "One row misses the category with probability 1 - p.",
        "All n rows have to miss it, and they don't know of each other.",
        "(1 - p) ** n",
    ),
    insight="With n = 1/p rows it is about 37 % (1/e): a category of one in a thousand is missing from every third "
    "table of a thousand rows. For 5 % you need about 3/p rows.",
    probes=lambda: [(0.5, 2), (0.001, 1000), (0.2, 7), (0.03, 50)],
    tol=5e-5,  # float32 is right; e^(-np) is 2e-4 off
)
def gone(p, n):
    return (1 - p) ** n


@gone.misconception("the probability that it *occurs*. Asked is that it doesn't.")
def _occurs(p, n):
    return 1 - (1 - p) ** n


@gone.misconception("the probability that *all* rows have it.")
def _all_have_it(p, n):
    return p**n


@gone.misconception("1 - n p: chances of rows can't be added like that, and it falls below zero.")
def _linear(p, n):
    return 1 - n * p


@gone.misconception("e^(-n p), which is close for a small p and no equality. (1 - p) once for each row.")
def _exponential(p, n):
    return np.exp(-n * p)


@gone.misconception("one row instead of n.")
def _one_row(p, n):
    return 1 - p


# --- drawing from leaves


def _leaves():
    first = (np.array([1, 1, 2, 1]), np.array([10.0, 20.0, 70.0, 30.0]), np.array([1, 2, 1, 1]))
    probes = [(*first, np.array([0.0, 0.5, 0.4, 0.99]))]
    for seed in (3, 4):
        chance = np.random.default_rng(seed)
        home = np.concatenate([[0, 1, 2], chance.integers(3, size=9)])
        probes.append((home, chance.normal(size=12).round(2), chance.integers(3, size=6), chance.random(6)))
    return probes


@question(
    "A value from the leaf",
    hints=(
        "One made-up row at a time: which real rows are in its leaf? values[home == leaf].",
        "u is between 0 and 1. With k real rows in the leaf, number int(u * k) is each of them equally often.",
        "[values[home == leaf][int(u * (home == leaf).sum())] for leaf, u in zip(visits, chances)]",
    ),
    insight="A tree that predicts would give the mean of the leaf. Drawing keeps the scatter, and with it the heaps "
    "and the tails; and each value is one that somebody really had.",
    probes=_leaves,
)
def from_leaves(home, values, visits, chances):
    return np.array(
        [values[home == leaf][int(u * (home == leaf).sum())] for leaf, u in zip(visits, chances, strict=True)]
    )


@from_leaves.misconception(
    "the *mean* of the leaf, as a prediction. All scatter inside a leaf is lost; draw one value."
)
def _mean_of_leaf(home, values, visits, chances):
    return np.array([values[home == leaf].mean() for leaf in visits])


@from_leaves.misconception("drawn from all rows, whatever the leaf: so the columns before it have no say.")
def _from_all(home, values, visits, chances):
    return np.array([values[int(u * len(values))] for u in chances])


@from_leaves.misconception("the first value of each leaf, always the same one. Use the chances.")
def _first_of_leaf(home, values, visits, chances):
    return np.array([values[home == leaf][0] for leaf in visits])


@from_leaves.misconception("the leaf's values were sorted before. The number counts in the order of the rows.")
def _sorted(home, values, visits, chances):
    return np.array([np.sort(values[home == leaf])[int(u * (home == leaf).sum())]
                     for leaf, u in zip(visits, chances, strict=True)])  # fmt: skip


@from_leaves.misconception("a value between two real ones, as a quantile gives it. Nobody had it; draw a real one.")
def _quantile(home, values, visits, chances):
    return np.array([np.quantile(values[home == leaf], u) for leaf, u in zip(visits, chances, strict=True)])


# --- train on synthetic, test on real


def nearest_mean(x, y):
    """A model: predicts 1 where the mean of the ones is nearer than that of the zeros."""
    ones, zeros = x[y == 1].mean(axis=0), x[y == 0].mean(axis=0)
    return lambda new: (((new - ones) ** 2).sum(axis=1) < ((new - zeros) ** 2).sum(axis=1)).astype(int)


def _pairs_of_tables():
    probes = []
    for seed in (5, 6, 7):
        chance = np.random.default_rng(seed)
        tables = []
        for shift in (2.0, 1.0):
            y = np.concatenate([[0, 1], chance.integers(2, size=13)])
            tables += [chance.normal(size=(15, 2)) + np.outer(y, [1.0, shift]), y]
        probes.append((nearest_mean, tables[0][:11], tables[1][:11], tables[2], tables[3]))
    return probes


@question(
    "Train on synthetic, test on real",
    hints=(
        "fit(x, y) gives a function that predicts. Which rows may it see?",
        "Fit on the made-up rows, predict for the real ones, and compare with what really happened.",
        "(fit(made_x, made_y)(real_x) == real_y).mean()",
    ),
    insight="The number says nothing alone: lay the same model beside it, trained on real rows and tested on *other* "
    "real ones. The gap is the price of the synthetic table.",
    probes=_pairs_of_tables,
)
def tstr(fit, made_x, made_y, real_x, real_y):
    return (fit(made_x, made_y)(real_x) == real_y).mean()


@tstr.misconception("trained on real and tested on synthetic rows (TRTS): that likes rows which are too easy.")
def _trts(fit, made_x, made_y, real_x, real_y):
    return (fit(real_x, real_y)(made_x) == made_y).mean()


@tstr.misconception("tested on the made-up rows as well. They can't say how real ones fare.")
def _tested_on_made(fit, made_x, made_y, real_x, real_y):
    return (fit(made_x, made_y)(made_x) == made_y).mean()


@tstr.misconception("trained and tested on the same real rows. The made-up ones aren't used.")
def _real_only(fit, made_x, made_y, real_x, real_y):
    return (fit(real_x, real_y)(real_x) == real_y).mean()


@tstr.misconception("trained on both tables. Then the test rows were seen in training.")
def _trained_on_both(fit, made_x, made_y, real_x, real_y):
    return (fit(np.concatenate([made_x, real_x]), np.concatenate([made_y, real_y]))(real_x) == real_y).mean()


@tstr.misconception("the share of *wrong* answers. Asked is the share of right ones.")
def _share_wrong(fit, made_x, made_y, real_x, real_y):
    return (fit(made_x, made_y)(real_x) != real_y).mean()


@tstr.misconception("a number of right answers. Divide by the number of real rows.")
def _count(fit, made_x, made_y, real_x, real_y):
    return (fit(made_x, made_y)(real_x) == real_y).sum()


# --- messages


@discussion(
    "Five messages",
    hints=(
        "1: what does m/n do to a standard error? 2: what can't margins and correlations see?",
        "3: which limit goes with which cost? 4: what share do other real rows have? 5: which rows saw the rule?",
    ),
)
def table_messages():
    """1. Not clear. The interval must be sqrt(1 + m/n) = sqrt(51), about 7 times as wide: from -4 to 10, with 0 inside.
       And one has to know that the generator has no bias just there.
    2. Rules, interactions and small groups. Check the rules you know, count the small groups, let a classifier try.
    3. No: balancing makes probabilities too large, and the expected losses with them. Keep the table, and move the
       limit to cost of a needless act / (that cost + cost of a missed one).
    4. Not by itself: ask for the share among unseen real rows. If 6 % of those equal a training row as well, heaps
       explain it. (And without equal rows there may be near copies.)
    5. Not yet: the virtual patients agree with the rule because it was made from them. Test it on real patients, who
       were in neither table, and look at the small groups."""

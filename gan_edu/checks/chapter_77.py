"""Questions of chapter 77: difference in differences, weights of the known rows, a target encoding out of fold, four
plans."""

import numpy as np

from gan_edu.checks.engine import discussion, question

# --- difference in differences


def _two_periods():
    small = (
        np.array([10.0, 12, 9, 20, 22, 23, 25]),
        np.array([0.0, 0, 0, 0, 1, 1, 1]),
        np.array([0.0, 0, 1, 1, 0, 1, 1]),
    )
    probes = [small]
    for seed, n in ((1, 40), (2, 57)):
        chance = np.random.default_rng(seed)
        treated, after = (chance.random((2, n)) < np.array([[0.4], [0.6]])).astype(float)
        probes.append((5 + 3 * treated + 2 * after - 1.5 * treated * after + chance.normal(size=n), treated, after))
    return probes


@question(
    "Difference in differences",
    hints=(
        "There are four means: treated or not, after or before. Which differences of them are changes?",
        "The change of the treated minus the change of the others.",
        "change(1) - change(0), where change(g) is y[(treated == g) & (after == 1)].mean() minus the mean before",
    ),
    insight="In a regression on treated, after and their product it is the coefficient of the product. What stays "
    "hidden in it is an assumption: without the treatment both groups had changed alike.",
    probes=_two_periods,
)
def did(y, treated, after):
    def change(group):
        return y[(treated == group) & (after == 1)].mean() - y[(treated == group) & (after == 0)].mean()

    return change(1) - change(0)


@did.misconception("only the two groups *after*: they may have differed before as well.")
def _after_only(y, treated, after):
    return y[(treated == 1) & (after == 1)].mean() - y[(treated == 0) & (after == 1)].mean()


@did.misconception("the change of the treated alone: time went on for the others as well.")
def _before_after(y, treated, after):
    return y[(treated == 1) & (after == 1)].mean() - y[(treated == 1) & (after == 0)].mean()


@did.misconception("the other sign: the treated come first, and *after* comes before *before*.")
def _turned(y, treated, after):
    return -did.answer(y, treated, after)


@did.misconception("the two groups over both times together. Compare their *changes*.")
def _all_times(y, treated, after):
    return y[treated == 1].mean() - y[treated == 0].mean()


@did.misconception(
    "a regression on treated and after, *without* their product: it gives the groups' distance, not what changed it."
)
def _without_the_product(y, treated, after):
    x = np.column_stack([treated, after, np.ones(len(y))])
    return np.linalg.lstsq(x, y, rcond=None)[0][0]


@did.misconception("differences of sums, where means belong: the four cells don't hold equally many rows.")
def _of_sums(y, treated, after):
    return (y * (2 * treated - 1) * (2 * after - 1)).sum()


# --- weights of the known rows


def _tables_with_gaps():
    small = (
        np.array([1.0, 1, 1, 1, 0, 0, 0, 0, 0]),
        np.array([8.0, np.nan, 4, 3, 5, np.nan, 2, np.nan, 1]),
        np.array([0, 0, 1, 1, 0, 0, 1, 1, 1]),
    )
    probes = [small]
    for seed, n in ((3, 80), (4, 121)):
        chance = np.random.default_rng(seed)
        x, t = chance.integers(0, 3, n), (chance.random(n) < 0.5).astype(float)
        y = t - x + 0.5 * t * x + chance.normal(size=n)
        known = chance.random(n) < np.where(t == 1, 0.85 - 0.25 * x, 0.7)
        probes.append((t, np.where(known, y, np.nan), x))
    return probes


@question(
    "Weigh the known rows",
    hints=(
        "How large is the share of known results among the rows with the same t *and* the same x?",
        "A known row stands for 1 / share rows like it. Then take a weighted mean in each group, of known rows only.",
        "for each pair: here = (t == a) & (x == b); share[here] = known[here].mean(). Then np.average(…, weights=…)",
    ),
    insight="With few values of x this equals filling each gap with the mean of its own cell (t, x). Both trust that "
    "within a cell the lost are like the known.",
    probes=_tables_with_gaps,
)
def weigh_known(t, y, x):
    known = ~np.isnan(y)
    share = np.ones(len(y))
    for a in np.unique(t):
        for b in np.unique(x):
            here = (t == a) & (x == b)
            if here.any():
                share[here] = known[here].mean()
    one, zero = known & (t == 1), known & (t == 0)
    return np.average(y[one], weights=1 / share[one]) - np.average(y[zero], weights=1 / share[zero])


def _weighted(t, y, x, weights_of):
    known = ~np.isnan(y)
    means = []
    for a in (1, 0):
        rows = known & (t == a)
        means.append(np.average(y[rows], weights=weights_of(known, t, x)[rows]))
    return means[0] - means[1]


def _shares(known, *columns):
    cells = np.unique(np.column_stack(columns), axis=0, return_inverse=True)[1].ravel()
    return (np.bincount(cells, known) / np.bincount(cells))[cells]


@weigh_known.misconception(
    "the difference of the known rows. (A weight that is the same for a whole group changes nothing: it must know x.)"
)
def _dropped(t, y, x):
    return _weighted(t, y, x, lambda known, t, x: np.ones(len(t)))


@weigh_known.misconception(
    "shares among all with the same x, of both groups together. Here the gaps depend on t *and* x."
)
def _by_x_only(t, y, x):
    return _weighted(t, y, x, lambda known, t, x: 1 / _shares(known, x))


@weigh_known.misconception("weights equal to the share. Who is *seldom* known must count more: 1 / share.")
def _upside_down(t, y, x):
    return _weighted(t, y, x, lambda known, t, x: _shares(known, t, x))


@weigh_known.misconception("every gap filled with the mean of all known results, which pulls the groups together.")
def _overall_mean(t, y, x):
    filled = np.where(np.isnan(y), np.nanmean(y), y)
    return filled[t == 1].mean() - filled[t == 0].mean()


@weigh_known.misconception("0 in each gap: a sum that skips gaps, divided by *all* rows of the group.")
def _zeros(t, y, x):
    filled = np.nan_to_num(y)
    return filled[t == 1].mean() - filled[t == 0].mean()


@weigh_known.misconception("a gap that was summed along: NaN whatever its weight. Leave the gaps out of both means.")
def _gaps_summed(t, y, x):
    return y[t == 1].mean() - y[t == 0].mean()


# --- target encoding, out of fold


def _groups_and_folds():
    small = (np.array([1.0, 3, 5, 10, 20, 30]), np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 1, 0, 1, 0]))
    probes = [small]
    for seed, n in ((5, 30), (6, 41)):
        chance = np.random.default_rng(seed)
        group = np.append(chance.integers(0, 6, n), 9)  # 9 occurs once: nobody in another fold has it
        probes.append((chance.normal(size=n + 1) + group, group, chance.integers(0, 3, n + 1)))
    return probes


@question(
    "An encoding that hasn't seen its row",
    hints=(
        "For a row: which rows are in *another* fold? Which of these have the same group?",
        "Their mean is the encoding. If there is none, take the mean of all rows in the other folds.",
        "others = fold != fold[i]; same = others & (group == group[i]); y[same].mean(), or y[others].mean() if none",
    ),
    insight="This is what TargetEncoder's fit_transform does, up to a pull to the overall mean. The column still knows "
    "the group, and not the row's own result. For a forecast that is enough. Beside a treatment it isn't always: "
    "dealt in blocks, one's own treatment tells something about the others'.",
    probes=_groups_and_folds,
)
def encode(y, group, fold):
    out = np.empty(len(y))
    for i in range(len(y)):
        others = fold != fold[i]
        same = others & (group == group[i])
        out[i] = y[same].mean() if same.any() else y[others].mean()
    return out


def _means(y, rows_of):
    return np.array([y[rows_of(i)].mean() for i in range(len(y))])


@encode.misconception("the mean of the whole group. The row's own result is in it, and that of its fold.")
def _whole_group(y, group, fold):
    return _means(y, lambda i: group == group[i])


@encode.misconception("the group without this one row. Asked are the *other folds*: leave out the whole fold.")
def _without_oneself(y, group, fold):
    everyone = np.arange(len(y))

    def rows_of(i):
        same = (group == group[i]) & (everyone != i)
        return same if same.any() else fold != fold[i]

    return _means(y, rows_of)


@encode.misconception("the row's *own* fold, where the other folds belong.")
def _own_fold(y, group, fold):
    return _means(y, lambda i: (group == group[i]) & (fold == fold[i]))


@encode.misconception("the mean of the other folds without looking at the group.")
def _no_group(y, group, fold):
    return _means(y, lambda i: fold != fold[i])


@encode.misconception(
    "the mean of *all* rows for a group that the other folds don't have: the row's own result is in that mean."
)
def _fallback_of_all(y, group, fold):
    def rows_of(i):
        same = (group == group[i]) & (fold != fold[i])
        return same if same.any() else np.ones(len(y), bool)

    return _means(y, rows_of)


@encode.misconception("0 for a group that the other folds don't have. Take the mean of all rows of the other folds.")
def _fallback_zero(y, group, fold):
    return np.array(
        [y[same].mean() if (same := (group == group[i]) & (fold != fold[i])).any() else 0.0 for i in range(len(y))]
    )


# --- four plans


@discussion(
    "Four plans",
    hints=(
        "For each plan: what made the difference between the groups? Which row of the table in section 5 is that?",
        "For each step of cleaning: could it act differently on the two groups, or use their results?",
    ),
)
def plans():
    """1. A coin decided, so the difference of the means is the design. But an app is left out if it crashed, and
    crashes may depend both on the new version and on how much the app is used: a common effect, which can undo the
    coin. Keep these people, as users with the minutes that they had; or compare what was known before, and say for
    whom the answer holds.

    2. A line on a scale: compare incomes just below and just above 20,000. The prediction to check: if people can
    report a slightly lower income, too many stand just below the line. Count them.

    3. One region, a date, others beside it: a mixture of other regions, or differences in differences with them. Look
    at the years before: do they run alike, does the mixture follow? A region that grows faster than all others can't
    be mixed.

    4. "Responder" was made from the result, after the treatment. Beside it nothing may be left of the effect, however
    well the regression fits. A generator trained on the table repeats that. Leave it out, with all columns that come
    after the treatment."""

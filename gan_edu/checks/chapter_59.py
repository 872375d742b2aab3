"""Questions of chapter 59: dividing by groups, a surprising share, hours, normal scores, copied rows, four plans."""

import math

import numpy as np
import pandas as pd
import torch

from gan_edu.checks.engine import NotYet, discussion, question
from gan_edu.device import generator

# --- divide by groups


def _groups():
    return [
        (torch.tensor([0, 0, 1, 1, 1, 2, 3, 3]), 0.25, 0),
        (torch.arange(20).repeat_interleave(5)[torch.randperm(100)], 0.31, 1),  # 6.2 groups
        (torch.tensor([7, 7, 7, 7, 2, 9, 9, 4, 4, 4]), 0.5, 2),
        (torch.tensor([6, 1, 1, 6, 6, 8, 0, 0, 3, 3, 3]), 0.35, 3),  # 1.75 groups
    ]


def _sides(divided):
    """Both lists of rows as tensors; raises NotYet for what isn't that."""
    try:
        train, held = (torch.as_tensor(np.asarray(list(rows))) for rows in divided)
    except (TypeError, ValueError):
        raise NotYet("two lists of rows: (train, held)", divided) from None
    if torch.bool in (train.dtype, held.dtype):
        raise NotYet("the numbers of the rows, such as [0, 3, 4]", "True and False for each row", looks_like=_MASKS)
    for rows in (train, held):
        if rows.dim() != 1:
            shape = tuple(rows.shape)
            raise NotYet("a plain list of row numbers, with the shape (K,)", f"the shape {shape}", looks_like=_COLUMN)
    return train.long(), held.long()


_MASKS = "masks. They know what is asked for; mask.nonzero()[:, 0] makes rows of one."
_COLUMN = "a number in a row of its own for each row: .nonzero() gives (K, 1). Take .nonzero()[:, 0]."


def _division(candidate, groups, share, seed):
    """What counts of a division: whichever groups it has chosen."""
    train, held = _sides(candidate(groups, share, seed))
    torn = set(groups[train].tolist()) & set(groups[held].tolist())
    return {
        "each row on one side": sorted([*train.tolist(), *held.tolist()]) == list(range(len(groups))),
        "each group on one side": not torn,
        "groups held out": 0 if torn else len(groups[held].unique()),
    }


@question(
    "Divide by groups",
    hints=(
        "First choose *groups*, by chance. Which rows belong to them comes after that.",
        "groups.unique() are the names. Bring them into a random order with torch.randperm(…, generator=…), and take "
        "the first round(share * how many).",
        "torch.isin(groups, held_groups) is True for the rows to hold out; .nonzero()[:, 0] makes rows of a mask.",
    ),
    insight="scikit-learn has this as GroupShuffleSplit. The hard part comes before: to know what a group is. One "
    "person, one place, one burst of the camera, one page of a scan?",
    run=_division,
    probes=_groups,
)
def divide(groups, share, seed):
    names = groups.unique()
    order = names[torch.randperm(len(names), generator=generator(seed))]
    held = torch.isin(groups, order[: round(share * len(names))])
    return (~held).nonzero()[:, 0], held.nonzero()[:, 0]


@divide.misconception("rows that are drawn one by one, so that groups are torn: parts of one burst on both sides.")
def _rows_not_groups(groups, share, seed):
    order = torch.randperm(len(groups), generator=generator(seed))
    count = round(share * len(groups))
    return order[count:], order[:count]


@divide.misconception("held-out rows that are trained on as well: take them out of the training rows.")
def _held_stays_in_training(groups, share, seed):
    train, held = divide.answer(groups, share, seed)
    return torch.arange(len(groups)), held


@divide.misconception("the two sides exchanged: `share` is of the groups to hold out, and train comes first.")
def _sides_exchanged(groups, share, seed):
    train, held = divide.answer(groups, share, seed)
    return held, train


@divide.misconception("the same groups whatever the seed is. Files come in an order that means something: draw.")
def _no_chance(groups, share, seed):
    names = groups.unique()
    held = torch.isin(groups, names[: round(share * len(names))])
    return (~held).nonzero()[:, 0], held.nonzero()[:, 0]


@divide.misconception("the number of groups cut off instead of rounded: 1.75 groups are 2. Take round, not int.")
def _cut_off(groups, share, seed):
    names = groups.unique()
    order = names[torch.randperm(len(names), generator=generator(seed))]
    held = torch.isin(groups, order[: int(share * len(names))])
    return (~held).nonzero()[:, 0], held.nonzero()[:, 0]


@divide.test
def _(learner):
    groups = torch.arange(30).repeat_interleave(2)
    chosen = [tuple(sorted(_sides(learner(groups, 0.5, seed))[1].tolist())) for seed in (0, 0, 1, 2, 3)]
    if len(set(chosen)) == 1:
        raise NotYet("other groups for another seed", "always the same", looks_like="no_chance")
    if chosen[0] != chosen[1]:
        raise NotYet(
            "the same division again for the same seed",
            "another one",
            looks_like="random numbers that don't come from the seed: torch.Generator().manual_seed(seed).",
        )


# --- a surprising share


def _audits():
    return [(0.6, 400, 500, 500), (0.25, 100, 100, 500), (0.9, 50, 300, 100), (0.45, 1000, 2000, 2000)]


@question(
    "Is that share surprising?",
    hints=(
        "If training left no trace, the nearest real picture is a trained one with probability p = M / (M + L).",
        "A share of n independent yes-or-no answers has the standard deviation sqrt(p (1 − p) / n).",
        "p = trained / (trained + held); (share - p) / math.sqrt(p * (1 - p) / n)",
    ),
    insight="Is 60 % chance? Four standard deviations would hardly be, if the samples were independent. They aren't: "
    "all are compared with the same M + L pictures, so that the true scatter is larger. So look at the control first, "
    "real pictures that nobody trained on.",
    probes=_audits,
)
def surprise(share, n, trained, held):
    p = trained / (trained + held)
    return (share - p) / math.sqrt(p * (1 - p) / n)


@surprise.misconception("one half as what is expected, although the two sets have different sizes.")
def _always_half(share, n, trained, held):
    return (share - 0.5) / math.sqrt(0.25 / n)


@surprise.misconception()
def _always_half(share, n, trained, held):
    p = trained / (trained + held)
    return (share - 0.5) / math.sqrt(p * (1 - p) / n)


@surprise.misconception("division by the variance. In units of the standard deviation means: by its root.")
def _variance(share, n, trained, held):
    p = trained / (trained + held)
    return (share - p) / (p * (1 - p) / n)


@surprise.misconception("the scatter of *one* sample: a share of n has a smaller one, by the root of n.")
def _forgets_n(share, n, trained, held):
    p = trained / (trained + held)
    return (share - p) / math.sqrt(p * (1 - p))


@surprise.misconception("the two sets exchanged: expected is the share of the *trained* ones.")
def _sets_exchanged(share, n, trained, held):
    return surprise.answer(share, n, held, trained)


@surprise.misconception("the scatter of the share that came, not of the one that is expected without copying.")
def _own_scatter(share, n, trained, held):
    return (share - trained / (trained + held)) / math.sqrt(share * (1 - share) / n)


# --- hours


@question(
    "Until when?",
    hints=(
        "How many steps show that many pictures, if each step shows a batch?",
        "steps = shown / batch. 1,000 of them take so many seconds.",
        "shown / batch / 1000 * seconds / 3600",
    ),
    insight="A larger batch needs fewer steps for as many pictures, and each step takes longer. Where the device is "
    "busy already, nothing is gained.",
    probes=lambda: [(25_000_000, 32, 40.0), (1_000_000, 64, 12.5), (64_000, 16, 3600.0)],
)
def hours(shown, batch, seconds):
    return shown / batch / 1000 * seconds / 3600


@hours.misconception("a step for each picture. A step shows a whole batch.")
def _forgets_batch(shown, batch, seconds):
    return shown / 1000 * seconds / 3600


@hours.misconception("so many seconds for each step. They are for 1,000 steps.")
def _each_step(shown, batch, seconds):
    return shown / batch * seconds / 3600


@hours.misconception("minutes: an hour has 3,600 seconds.")
def _minutes(shown, batch, seconds):
    return shown / batch / 1000 * seconds / 60


@hours.misconception("seconds: an hour has 3,600 of them.")
def _seconds(shown, batch, seconds):
    return shown / batch / 1000 * seconds


@hours.misconception("a larger batch that needs *more* steps. It shows more pictures in each.")
def _times_batch(shown, batch, seconds):
    return shown * batch / 1000 * seconds / 3600


# --- normal scores


def _columns():
    return [
        (torch.tensor([10.0, 1000.0, 20.0, 30.0]),),
        (torch.tensor([-3.0, 8.0, 0.5, 0.25, 7.0]),),
        (torch.randn(9).exp(),),
    ]


def _uniform(x):
    return (x.argsort().argsort() + 0.5) / len(x)


@question(
    "Normal scores",
    hints=(
        "Which place has each value, when all are sorted? x.argsort() says which value comes first, and that is "
        "another question.",
        "x.argsort().argsort() are the places 0, 1, …, N − 1: the smallest value gets 0.",
        "torch.special.ndtri(share) is the place of the normal distribution below which that share lies.",
    ),
    insight="Only the order of the values is left: prices in cents, in euros or as logarithms give the same scores. "
    "The way back goes through the sorted column.",
    probes=_columns,
    tol=1e-4,
)
def normal_scores(x):
    places = x.argsort().argsort()
    return torch.special.ndtri((places + 0.5) / len(x))


@normal_scores.misconception("mean 0 and standard deviation 1. That keeps the form of the column: outliers stay.")
def _standardised(x):
    return (x - x.mean()) / x.std()


@normal_scores.misconception()
def _standardised(x):
    return (x - x.mean()) / x.std(correction=0)


@normal_scores.misconception("argsort once: it says which value comes first, not the place of each value.")
def _order_not_place(x):
    return torch.special.ndtri((x.argsort() + 0.5) / len(x))


@normal_scores.misconception("shares that reach 0 or 1, whose place is −∞ or ∞. Take the middle: (place + ½) / N.")
def _infinite(x):
    return torch.special.ndtri(x.argsort().argsort() / len(x))


@normal_scores.misconception()
def _infinite(x):
    return torch.special.ndtri((x.argsort().argsort() + 1) / len(x))


@normal_scores.misconception("shares from 0 to 1: their place in the normal distribution is missing.")
def _still_shares(x):
    return _uniform(x)


@normal_scores.misconception("the normal distribution function itself. Asked for is the way back, its inverse.")
def _forwards(x):
    return torch.special.ndtr(_uniform(x))


@normal_scores.misconception("the largest value with the lowest score: sort the other way round.")
def _upside_down(x):
    return -normal_scores.answer(x)


# --- copied rows


def _tables():
    gap = float("nan")
    real = pd.DataFrame({"city": ["Bern", "Rome", "Rome", "Oslo"], "age": [30.0, gap, gap, 41.0]})
    made = pd.DataFrame({"city": ["Rome", "Oslo", "Bern", "Oslo", "Oslo"], "age": [gap, 30.0, 30.0, 41.0, gap]})
    other = pd.DataFrame({"x": [1, 2, 3, 4], "y": [1, 1, 2, 2]})
    return [
        (made, real),
        (pd.DataFrame({"x": [1, 4, 2, 9], "y": [1, 1, 1, 9]}), other),
        (pd.DataFrame({"x": [3, 3, 3, 3, 3, 1, 9, 9], "y": [2, 2, 2, 2, 2, 2, 9, 9]}), other),
    ]


@question(
    "Word for word",
    hints=(
        "For each row of `made`: is there any row of `real` that equals it in all columns, wherever it stands?",
        "NaN == NaN is False, so comparing with == misses rows with a gap. merge takes two gaps as equal.",
        'made.merge(real.drop_duplicates(), how="left", indicator=True), and then how many "_merge" are "both"?',
    ),
    insight="Zero here is no proof of anything: a row with one digit changed is counted as new. Look at the nearest "
    "row, too, and compare with held-out rows, as the audit of pictures does.",
    probes=_tables,
)
def copied(made, real):
    found = made.merge(real.drop_duplicates(), how="left", indicator=True)
    return (found["_merge"] == "both").mean()


@copied.misconception("rows with a gap that never count: NaN == NaN is False.")
def _gaps_differ(made, real):
    rows = [tuple(row) for row in real.to_numpy(dtype=object)]
    return np.mean(
        [any(all(a == b for a, b in zip(row, r, strict=True)) for r in rows) for row in made.to_numpy(dtype=object)]
    )


@copied.misconception("real rows that stand there twice and count twice. Drop them first: real.drop_duplicates().")
def _twins_count_twice(made, real):
    return len(made.merge(real)) / len(made)


@copied.misconception("only rows in the same place: row 3 with row 3. A copy may stand anywhere.")
def _same_place(made, real):
    n = min(len(made), len(real))
    a, b = made.head(n).reset_index(drop=True), real.head(n).reset_index(drop=True)
    return ((a == b) | (a.isna() & b.isna())).all(axis=1).sum() / len(made)


@copied.misconception("the share of *real* rows that turn up. Asked for is the share of made ones.")
def _share_of_real(made, real):
    return copied.answer(real, made)


@copied.misconception("how many. Asked for is the share of the made rows, 0 to 1.")
def _count(made, real):
    return copied.answer(made, real) * len(made)


@copied.misconception("rows that agree in one column. A copy agrees in all of them.")
def _any_column(made, real):
    return np.mean([any(row[name] in set(real[name]) for name in real) for _, row in made.iterrows()])


# --- four plans


@discussion(
    "Four plans",
    hints=(
        "For each: which pictures or rows does the claim rest on, and which control is missing?",
        "Who or what is in the data, and what could somebody find out who has the file?",
    ),
)
def four_plans():
    """1. A distance without its floor, its judge and its reference says little. The reference must be pictures that
    were not trained on, and with 80 of them chance is large. And the audit is missing: a GAN that copies its 80
    pictures has a wonderful distance.

    2. No guarantee. The rows are new, but a model that has seen each patient may tell whether somebody was in the
    table, above all of rare cases. It needs attacks that were tried, or differential privacy, and the people's consent
    or another legal ground. "Synthetic" is not a synonym of "anonymous".

    3. A mirrored R is no R, and the GAN takes everything in the folder for real: it will make mirrored letters, too.
    Add only changes that your pictures could really have: small moves, other sizes, thicker lines. And a letter and its
    changed copies are one group: they stay on one side when training and test are divided.

    4. Photos on the web have authors, and a model trained on them may give parts of them back. Ask for licences that
    allow it, keep the list of sources, look at the nearest training picture of each poster, and write on it that it is
    generated."""

"""Questions of chapter 71: what is seen and its parts, standardisation, weights, an intervention, six graphs, four
messages."""

import numpy as np

from gan_edu.checks.engine import discussion, question


def _pupils(n=60, seed=0):
    chance = np.random.default_rng(seed)
    x = chance.integers(0, 3, n)
    t = (chance.random(n) < np.array([0.25, 0.5, 0.8])[x]).astype(float)
    y = 1.5 * t + 2.0 * x + chance.normal(size=n) + 0.7 * t * x
    return t, y, x


# --- what is seen, and its two parts


def _both_results():
    chance = np.random.default_rng(1)
    probes = [(np.array([1.0, 1, 0, 0]), np.array([3.0, 1, 1, 0]), np.array([5.0, 2, 4, 2]))]
    for seed, n in ((2, 30), (3, 51)):
        t, y, x = _pupils(n, seed)
        probes.append((t, y, y + 1 + x * chance.random(n)))
    return probes


@question(
    "What is seen, and its two parts",
    hints=(
        "What is seen is a mean over those with t = 1 minus a mean over the others. Which of y0 and y1 has each group "
        "shown?",
        "The ATT looks at the treated only, and at both of their results. Selection bias looks at both groups, and at "
        "one result only: the one without treatment.",
        "att = (y1 - y0)[t == 1].mean() and bias = y0[t == 1].mean() - y0[t == 0].mean()",
    ),
    insight="The sum is exact for any data, so a seen difference alone can't tell its two parts. It takes what nobody "
    "sees: the results of the treated without the treatment.",
    probes=_both_results,
)
def decompose(t, y0, y1):
    treated = t == 1
    att = (y1 - y0)[treated].mean()
    bias = y0[treated].mean() - y0[~treated].mean()
    return att + bias, att, bias


@decompose.misconception("the effect over all (ATE) in the place of the ATT. Look at the treated only.")
def _ate_instead(t, y0, y1):
    seen = y1[t == 1].mean() - y0[t == 0].mean()
    return seen, (y1 - y0).mean(), y0[t == 1].mean() - y0[t == 0].mean()


@decompose.misconception("the effect on those who were *not* treated. The ATT is that of the treated.")
def _on_the_untreated(t, y0, y1):
    seen = y1[t == 1].mean() - y0[t == 0].mean()
    return seen, (y1 - y0)[t == 0].mean(), y0[t == 1].mean() - y0[t == 0].mean()


@decompose.misconception(
    "a bias of the results *with* the treatment. With the ATT it is the difference of Y(0) that makes the sum exact."
)
def _bias_of_y1(t, y0, y1):
    seen = y1[t == 1].mean() - y0[t == 0].mean()
    return seen, (y1 - y0)[t == 1].mean(), y1[t == 1].mean() - y1[t == 0].mean()


@decompose.misconception("the bias with the other sign: the treated come first.")
def _bias_turned(t, y0, y1):
    seen = y1[t == 1].mean() - y0[t == 0].mean()
    return seen, (y1 - y0)[t == 1].mean(), y0[t == 0].mean() - y0[t == 1].mean()


@decompose.misconception("a seen difference that uses results nobody saw: the others have shown y0 only.")
def _seen_of_all(t, y0, y1):
    return y1.mean() - y0.mean(), (y1 - y0)[t == 1].mean(), y0[t == 1].mean() - y0[t == 0].mean()


@decompose.misconception("the ATE, and what is left of the seen difference as bias. It is the ATT that goes with it.")
def _ate_and_the_rest(t, y0, y1):
    seen = y1[t == 1].mean() - y0[t == 0].mean()
    return seen, (y1 - y0).mean(), seen - (y1 - y0).mean()


# --- standardisation


def _some_tables():
    small = (np.array([1.0, 0, 1, 1, 0, 0]), np.array([4.0, 2, 9, 7, 5, 6]), np.array([0, 0, 1, 1, 1, 0]))
    return [small, _pupils(60, 4), _pupils(45, 5)]


@question(
    "Standardise",
    hints=(
        "First the difference of the means *within* each value of x.",
        "Then a weighted mean of these differences. What share of *all* rows has this x?",
        "sum((x == k).mean() * (y[(t == 1) & (x == k)].mean() - y[(t == 0) & (x == k)].mean()) for k in np.unique(x))",
    ),
    insight="The weights are the whole trick: they are the same for both treatments. With the shares of the treated as "
    "weights the same lines give the ATT.",
    probes=_some_tables,
)
def standardise(t, y, x):
    total = 0.0
    for value in np.unique(x):
        here = x == value
        total += here.mean() * (y[here & (t == 1)].mean() - y[here & (t == 0)].mean())
    return total


@standardise.misconception(
    "the seen difference. (If each group gets its own shares of x as weights, x drops out again.) Both need the same."
)
def _not_adjusted(t, y, x):
    return y[t == 1].mean() - y[t == 0].mean()


@standardise.misconception("each value of x counts the same, however many rows have it.")
def _equal_weights(t, y, x):
    parts = [y[(t == 1) & (x == k)].mean() - y[(t == 0) & (x == k)].mean() for k in np.unique(x)]
    return np.mean(parts)


@standardise.misconception("the shares of x among the *treated*: that is the ATT. Here all rows count.")
def _shares_of_the_treated(t, y, x):
    return sum(
        (x[t == 1] == k).mean() * (y[(t == 1) & (x == k)].mean() - y[(t == 0) & (x == k)].mean()) for k in np.unique(x)
    )


@standardise.misconception("a sum of the differences, not weighted: the shares must sum to 1.")
def _sum_of_parts(t, y, x):
    return sum(y[(t == 1) & (x == k)].mean() - y[(t == 0) & (x == k)].mean() for k in np.unique(x))


@standardise.misconception("the shares of x among the *untreated*: that is the effect on them. Here all rows count.")
def _shares_of_the_untreated(t, y, x):
    return sum(
        (x[t == 0] == k).mean() * (y[(t == 1) & (x == k)].mean() - y[(t == 0) & (x == k)].mean()) for k in np.unique(x)
    )


@standardise.misconception(
    "one slope for all x, from a common regression: it weighs each x by how evenly it is treated, not by its share."
)
def _one_slope(t, y, x):
    dummies = (x[:, None] == np.unique(x)).astype(float)
    return np.linalg.lstsq(np.column_stack([t, dummies]), y, rcond=None)[0][0]


# --- weights


def _with_propensities():
    small = (np.array([1.0, 1, 0, 0]), np.array([6.0, 4, 3, 1]), np.array([0.8, 0.5, 0.5, 0.2]))
    probes = [small]
    for seed in (6, 7):
        t, y, x = _pupils(50, seed)
        probes.append((t, y, np.array([0.25, 0.5, 0.8])[x]))
    return probes


@question(
    "Weigh by propensity",
    hints=(
        "A treated person counts 1 / e times. How often does an untreated one count?",
        "Take a weighted mean in each group: the sum of weight times y, divided by the sum of the weights.",
        "np.average(y, weights=t / e) - np.average(y, weights=(1 - t) / (1 - e))",
    ),
    insight="Dividing by the sum of the weights, not by the number of rows, makes the answer independent of where the "
    "zero of y lies, and it scatters less as a rule.",
    probes=_with_propensities,
)
def weigh(t, y, e):
    return np.average(y, weights=t / e) - np.average(y, weights=(1 - t) / (1 - e))


@weigh.misconception(
    "divided by the number of rows (Horvitz and Thompson). Asked for are weighted means: divide by the sum of weights."
)
def _by_rows(t, y, e):
    return (t * y / e).mean() - ((1 - t) * y / (1 - e)).mean()


@weigh.misconception("the weights exchanged: who was *improbable* in the group must count more.")
def _exchanged(t, y, e):
    return np.average(y, weights=t * e) - np.average(y, weights=(1 - t) * (1 - e))


@weigh.misconception("1 / e for the untreated as well. They had the probability 1 - e to be where they are.")
def _same_for_both(t, y, e):
    return np.average(y, weights=t / e) - np.average(y, weights=(1 - t) / e)


@weigh.misconception("weights e / (1 - e) for the untreated and 1 for the treated: that is the ATT.")
def _for_the_treated(t, y, e):
    return np.average(y, weights=t) - np.average(y, weights=(1 - t) * e / (1 - e))


@weigh.misconception("the seen difference, without weights.")
def _unweighted(t, y, e):
    return y[t == 1].mean() - y[t == 0].mean()


@weigh.misconception("both sums divided by the weights of *all* rows. Each group's sum is divided by its own weights.")
def _all_weights(t, y, e):
    w = t / e + (1 - t) / (1 - e)
    return ((2 * t - 1) * w * y).sum() / w.sum()


# --- an intervention in a linear program


def _programs():
    chance = np.random.default_rng(8)
    chain = np.array([[0.0, 0, 0], [2.0, 0, 0], [1.0, 3.0, 0]])
    four = np.tril(chance.normal(size=(4, 4)), -1)
    return [
        (chain, np.array([[1.0, 0.5, -1.0], [0.0, 1.0, 2.0]]), 1, 1.0),
        (chain, chance.normal(size=(5, 3)), 0, -1.0),
        (four, chance.normal(size=(6, 4)), 2, 0.5),
    ]


@question(
    "Do it",
    hints=(
        "Go through the columns from left to right: column j is what its causes give, plus its own noise.",
        "When you come to the column `which`, write `value` there instead. The columns behind it must hear of it.",
        "out[:, j] = value if j == which else out[:, :j] @ B[j, :j] + noise[:, j]",
    ),
    insight="You replaced one line and kept the others: causes of the column don't notice, effects do. Choosing the "
    "rows where the column happens to have that value would have changed its causes as well.",
    probes=_programs,
)
def intervene(B, noise, which, value):
    out = np.zeros_like(noise)
    for j in range(noise.shape[1]):
        out[:, j] = value if j == which else out[:, :j] @ B[j, :j] + noise[:, j]
    return out


def _program(B, noise):
    return np.linalg.solve(np.eye(len(B)) - B, noise.T).T


@intervene.misconception(
    "the value written into the finished table. The columns behind it were computed from the old one and hear nothing."
)
def _written_afterwards(B, noise, which, value):
    out = _program(B, noise)
    out[:, which] = value
    return out


@intervene.misconception("the value in the place of the *noise*: its causes still act on the column.")
def _noise_replaced(B, noise, which, value):
    changed = noise.copy()
    changed[:, which] = value
    return _program(B, changed)


@intervene.misconception("the value added to what the column had. An intervention replaces it.")
def _added(B, noise, which, value):
    changed = noise.copy()
    changed[:, which] += value
    return _program(B, changed)


@intervene.misconception("no intervention: the program as it was.")
def _nothing_done(B, noise, which, value):
    return _program(B, noise)


@intervene.misconception("arrows cut that go *out* of the column. An intervention cuts those that come in.")
def _outgoing_cut(B, noise, which, value):
    cut = B.copy()
    cut[:, which] = 0
    out = _program(cut, noise)
    out[:, which] = value
    return out


@intervene.misconception(
    "the causes changed as well, so that they explain the value. Causes don't hear of what is done."
)
def _causes_moved(B, noise, which, value):
    out = _program(B, noise)
    shift = value - out[:, which]
    changed = noise + shift[:, None] * (np.arange(noise.shape[1]) <= which)
    out = _program(B, changed)
    out[:, which] = value
    return out


# --- what to adjust for


@discussion(
    "Which columns?",
    hints=(
        "Draw the graph. For each column: does it come before the treatment? What drives it?",
        "A common cause: in. A station on the way from treatment to result, or a common effect: out.",
    ),
)
def which_columns():
    """1. Adjust for age: it drives both who gets the drug and how people recover, so it is a common cause.

    2. Don't adjust for the dose of the second month: it was decided after the first result, and is a station on the
    way, or an effect of how the patient did.

    3. The prediction that fails: keeping only patients who came to hospital makes a common effect of drug and illness
    the entrance ticket. Even if the drug does nothing, it will seem to protect (or to harm) among them. The table has
    no column that shows it, since all its rows have the same value.

    4. Distance to the pharmacy moves only who takes the drug, so leave it out. Adjusting costs precision, since it
    leaves less variation of the treatment to compare; and where another cause is hidden it makes the bias larger. (Such
    a column has another use, as an instrument.)

    5. Nothing in the table decides it. With a hidden common cause it fits a whole range of effects. (For recovered or
    not, 0 or 1, the range has the width 1 and holds 0, so even the sign is open.) What helps is a coin, or to measure
    the cause."""


@discussion(
    "Four messages",
    hints=(
        "For each: which question is asked, about seeing or about doing? What would a coin change?",
        "What does the generator know that isn't in the rows? What does the forecast use?",
    ),
)
def messages():
    """1. The prediction: the same answer as the real table, with its bias, and with an error bar that is too small,
    because a million generated rows hold the information of the rows that it was trained on.

    2. A forecast may use anything that comes along with the result, also its effects and its fellow effects. Its
    accuracy says nothing about what happens when somebody changes a column.

    3. In its program T is computed from noise, and Y from the same noise: writing 1 into T changes nothing else, so
    the effect is 0 by construction. That isn't learned. Another wiring with the same samples would say otherwise.

    4. Within a department, women are compared with men who applied to the same place. But whether the choice of
    department is a station on the way (and belongs to what is asked) is a matter of the question, not of the table."""

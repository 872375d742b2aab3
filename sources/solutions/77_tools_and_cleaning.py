# %% [markdown]
# # Exercises 77 · The map of tools, and three biases of cleaning
#
# Write the tools of [the chapter](../chapters/77_tools_and_cleaning.ipynb) yourself. [Worked
# solutions](../solutions/77_tools_and_cleaning.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check. All
# inputs are numpy arrays with one entry for each row.

# %%
import numpy as np

from gan_edu.checks import chapter_77 as q

# %% [markdown]
# ## 1. Difference in differences
# *Difficulty ●○○ · importance ●●● · 10 minutes*
#
# `treated` and `after` hold 0 or 1, in all four combinations. Return the change of the treated minus the change of the
# others.


# %% answer="did"
def did(y, treated, after):
    ### BEGIN SOLUTION
    cell = {(a, b): y[(treated == a) & (after == b)].mean() for a in (0, 1) for b in (0, 1)}
    return cell[1, 1] - cell[1, 0] - (cell[0, 1] - cell[0, 0])
    ### END SOLUTION


# %% check="did" points=1
q.did.check(did)
### BEGIN HIDDEN TESTS
from numpy import array

found = did(array([1.0, 2, 4, 9, 7, 30]), array([0.0, 0, 0, 1, 1, 1]), array([0.0, 1, 1, 0, 0, 1]))
assert abs(float(found) - (22 - 2)) < 1e-6
found = did(array([5.0, 5, 1, 0, 2]), array([1.0, 0, 1, 0, 1]), array([0.0, 0, 1, 1, 1]))
assert abs(float(found) - (-3.5 + 5)) < 1e-6
### END HIDDEN TESTS

# %%
# q.did.hint()

# %% [markdown]
# ## 2. Weigh the known rows
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# A coin gave the drug (`t`: 0 or 1). Some results `y` are missing (`nan`), and how often depends on `t` and on a column
# `x` from before, which has few values. Return the difference of two **weighted means** of the known results, with and
# without the drug. A row's weight is 1 / (the share of known results among rows with the same `t` and the same `x`).
# Where such rows occur, at least one of them is known.


# %% answer="weigh_known"
def weigh_known(t, y, x):
    ### BEGIN SOLUTION
    known = ~np.isnan(y)
    weight = np.zeros(len(y))
    for i in np.flatnonzero(known):
        weight[i] = 1 / known[(t == t[i]) & (x == x[i])].mean()
    filled = np.where(known, y, 0.0)
    return np.average(filled, weights=weight * t) - np.average(filled, weights=weight * (1 - t))
    ### END SOLUTION


# %% check="weigh_known" points=2
q.weigh_known.check(weigh_known)
### BEGIN HIDDEN TESTS
from numpy import array, nan

found = weigh_known(
    array([1.0, 1, 1, 1, 0, 0, 0]), array([6.0, nan, 2.0, 3.0, 1.0, 5.0, nan]), array([0, 0, 0, 4, 0, 4, 4])
)
assert abs(float(found) - ((3 * 4 + 3) / 4 - (1 + 2 * 5) / 3)) < 1e-6
found = weigh_known(array([0.0, 1, 1, 1, 0]), array([2.0, nan, 9.0, 1.0, 4.0]), array([1, 1, 1, 2, 2]))
assert abs(float(found) - ((2 * 9 + 1) / 3 - 3)) < 1e-6
### END HIDDEN TESTS

# %%
# q.weigh_known.hint()

# %% [markdown]
# ## 3. An encoding that hasn't seen its row
# *Difficulty ●●● · importance ●●○ · 15 minutes*
#
# Rows were dealt into folds: `fold` (N,) holds small whole numbers, at least two different ones. Return a column (N,):
# for each row the mean of `y` over the rows **of the same group in the other folds**. If there is none, take the mean
# of `y` over all rows of the other folds.


# %% answer="encode"
def encode(y, group, fold):
    ### BEGIN SOLUTION
    out = np.empty(len(y))
    for k in np.unique(fold):
        learn = fold != k
        for g in np.unique(group[fold == k]):
            rows = learn & (group == g)
            out[(fold == k) & (group == g)] = y[rows].mean() if rows.any() else y[learn].mean()
    return out
    ### END SOLUTION


# %% check="encode" points=2
q.encode.check(encode)
### BEGIN HIDDEN TESTS
from numpy import allclose, array

found = encode(array([2.0, 4, 9, 1]), array([5, 5, 5, 8]), array([0, 0, 1, 2]))
assert allclose(found, [9, 9, 3, 5])
found = encode(array([1.0, 2, 3, 4, 5]), array([0, 1, 0, 1, 0]), array([1, 1, 2, 2, 2]))
assert allclose(found, [4, 4, 1, 2, 1])
### END HIDDEN TESTS

# %%
# q.encode.hint()

# %% [markdown]
# ## 4. Four plans
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# For each: which design is it, what could the cleaning spoil, and what do you check?
#
# 1. "A coin gave half of our users the new version. We compare the minutes of use, without the people whose app
#    crashed."
# 2. "Families with an income below 20,000 get the grant. Does it keep children in school longer?" **Predict:** how
#    would you notice that incomes are reported to fit?
# 3. "One region lowered its tax in 2019. What did that do to its number of firms?"
# 4. "We regress health on the treatment and 40 columns, among them *responder*: yes if health got better. The fit is
#    excellent. Then we train a GAN on the table and do the same with a million of its rows."

# %% [markdown] answer="plans" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. An experiment. A crash may come from the version and from heavy use, so "no crash" is a common effect of treatment
#    and a cause of the result: leaving these people out can undo the coin. (If crashes come of the version alone, it
#    doesn't.) Keep them. Otherwise compare the two groups by what was known before.
# 2. A discontinuity at 20,000: compare families just below and just above. If incomes are reported to fit, more
#    families than usual stand just below the line, and fewer just above. The answer holds for families near the line.
# 3. A date and one region: a synthetic control of other regions, or difference in differences. Check the years before
#    2019, and ask what else happened in that year.
# 4. "Responder" is made of the result. Beside it the coefficient of the treatment shrinks, and the fit looks good for
#    that very reason. The GAN's million rows repeat it, with a smaller error bar. Take out what comes after the
#    treatment.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.plans.hint()
# q.plans.check()

# %% [markdown]
# ## Your tools at work
#
# A trial with 4,000 patients in clinics of four; the drug brings 1 point, and the very ill among its takers stop
# coming. Then the same trial again, dealt in blocks: in each clinic two of the four get it. **Predict:** which of the
# five numbers below will be near 1?

# %%
chance = np.random.default_rng(77)
clinic, ill, t = np.arange(4_000) // 4, chance.integers(0, 3, 4_000), (chance.random(4_000) < 0.5).astype(float)
y = t - 1.5 * ill + chance.normal(size=1_000)[clinic] + chance.normal(size=4_000)
y_gaps = np.where(chance.random(4_000) < np.where(t == 1, 0.9 - 0.3 * ill, 0.7), y, np.nan)


def beside(column, t, y):
    x = np.column_stack([t, column, np.ones(4_000)])
    return np.linalg.lstsq(x, y, rcond=None)[0][0]


whole, fold = (np.bincount(clinic, y) / 4)[clinic], chance.integers(0, 5, 4_000)
t_blocks = (chance.random((1_000, 4)).argsort(axis=1) < 2).astype(float).ravel()
y_blocks = y - t + t_blocks  # the same people, dealt in blocks
print(f"gaps dropped  {np.nanmean(y_gaps[t == 1]) - np.nanmean(y_gaps[t == 0]):.1f}")
print(f"gaps weighed  {weigh_known(t, y_gaps, ill):.1f}")
print(f"no gaps, beside the clinic's mean {beside(whole, t, y):.1f}")
print(f"no gaps, beside your encoding     {beside(encode(y, clinic, fold), t, y):.1f}")
print(f"in blocks, beside your encoding   {beside(encode(y_blocks, clinic, fold), t_blocks, y_blocks):.1f}")

# %% [markdown]
# <details><summary>Compare</summary>
#
# Dropped: about half a point too much, since the very ill among the takers are missing. Weighed: near 1. Beside the
# clinic's mean about a quarter is lost; beside your encoding hardly anything, *since each patient had a coin*. In
# blocks it says too much: 1.1 here, 15 % in the long run. Whoever gets the drug has fewer neighbours with it. So use
# the encoding for forecasts. For an effect do without it.
#
# </details>

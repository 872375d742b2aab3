# %% [markdown]
# # Exercises 81 · Tables
#
# Build the parts of [the chapter](../chapters/81_tables.ipynb): a column with a heap, a chance, a draw, a test. [Worked
# solutions](../solutions/81_tables.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check. All
# tables are numpy arrays.

# %%
import numpy as np

from gan_edu import data
from gan_edu.checks import chapter_81 as q

# %% [markdown]
# ## 1. A heap at zero
# *Difficulty ●○○ · importance ●●● · 10 minutes*
#
# `values` (N,) holds incomes; many are exactly 0. Return (N, 2). First column: 1 where the income is 0, or else 0.
# Second column: the other incomes, with the mean 0 and the standard deviation 1 *among themselves* (`std()` as numpy
# gives it), and 0 where the first column is 1.


# %% answer="with_heap"
def with_heap(values):
    ### BEGIN SOLUTION
    some = values != 0
    scaled = (values - values[some].mean()) / values[some].std()
    return np.column_stack([~some, np.where(some, scaled, 0.0)])
    ### END SOLUTION


# %% check="with_heap" points=2
q.with_heap.check(with_heap)
### BEGIN HIDDEN TESTS
from numpy import array

found = with_heap(array([5.0, 0.0, 1.0]))
assert [[float(b) for b in a] for a in found] == [[0, 1], [1, 0], [0, -1]]
found = with_heap(array([0.0, 2.0, 2.0, 0.0, 8.0]))
assert [float(a[0]) for a in found] == [1, 0, 0, 1, 0]
assert abs(float(found[4][1]) - 2**0.5) < 1e-6 and abs(float(found[1][1]) + 0.5**0.5) < 1e-6
### END HIDDEN TESTS

# %%
# q.with_heap.hint()

# %% [markdown]
# ## 2. Gone by chance
# *Difficulty ●○○ · importance ●●○ · 5 minutes*
#
# A category has the share `p` among all people. With which probability is it missing from a table of `n` people who
# were drawn at random?
#
# **Predict:** one person in a hundred has it, and your table has 300 rows. Is it about 5, 15 or 25 %?


# %% answer="gone"
def gone(p, n):
    ### BEGIN SOLUTION
    return (1 - p) ** n
    ### END SOLUTION


# %% check="gone" points=1
q.gone.check(gone)
### BEGIN HIDDEN TESTS
assert abs(float(gone(0.25, 3)) - 27 / 64) < 1e-9
assert abs(float(gone(0.9, 2)) - 0.01) < 1e-9
### END HIDDEN TESTS

# %%
# q.gone.hint()

# %% [markdown]
# ## 3. A value from the leaf
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# A tree was grown. `home` (N,) says in which leaf each real row lies, and `values` (N,) its value of the new column.
# `visits` (M,) says in which leaf each *made-up* row lies, and `chances` (M,) holds a random number u from 0 to 1
# (never 1) for each of them.
#
# Return the new column (M,): with k real rows in the leaf, in the order in which they stand, take number `int(u * k)`,
# counted from 0.


# %% answer="from_leaves"
def from_leaves(home, values, visits, chances):
    ### BEGIN SOLUTION
    drawn = []
    for leaf, u in zip(visits, chances, strict=True):
        there = values[home == leaf]
        drawn.append(there[int(u * len(there))])
    return np.array(drawn)
    ### END SOLUTION


# %% check="from_leaves" points=2
q.from_leaves.check(from_leaves)
### BEGIN HIDDEN TESTS
from numpy import array

found = from_leaves(array([4, 7, 4, 7, 7]), array([9.0, 3, 5, 1, 2]), array([7, 4, 7, 4]), array([0.7, 0.6, 0.1, 0.2]))
assert [float(a) for a in found] == [2, 5, 3, 9]
found = from_leaves(array([1, 1]), array([8.0, 6.0]), array([1, 1, 1]), array([0.49, 0.5, 0.999]))
assert [float(a) for a in found] == [8, 6, 6]
### END HIDDEN TESTS

# %%
# q.from_leaves.hint()

# %% [markdown]
# ## 4. Train on synthetic, test on real
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# `fit(x, y)` trains a model and returns a function that predicts 0 or 1 for new rows. Return the TSTR score: the share
# of real rows that are predicted rightly by a model which was trained on made-up ones.


# %% answer="tstr"
def tstr(fit, made_x, made_y, real_x, real_y):
    ### BEGIN SOLUTION
    predict = fit(made_x, made_y)
    return (predict(real_x) == real_y).mean()
    ### END SOLUTION


# %% check="tstr" points=2
q.tstr.check(tstr)
### BEGIN HIDDEN TESTS
from numpy import array


def above(x, y):
    limit = min(a for a, b in zip(x[:, 0], y, strict=True) if b == 1)
    return lambda new: (new[:, 0] >= limit) * 1


rows = array([[1.0], [2.0], [3.0], [4.0], [5.0]])
assert abs(float(tstr(above, rows[:3], array([0, 0, 1]), rows, array([0, 0, 0, 1, 1]))) - 0.8) < 1e-9
assert abs(float(tstr(above, rows[1:], array([1, 1, 1, 1]), rows, array([0, 0, 0, 0, 1]))) - 0.4) < 1e-9
### END HIDDEN TESTS

# %%
# q.tstr.hint()

# %% [markdown]
# ## 5. Five messages
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "From 200 patients we made 10,000. The new drug lowers the pressure by 3, the 95 % interval is 2 to 4. So it
#    works."
# 2. "All margins and all correlations agree. The synthetic table is as good as the real one."
# 3. "Only 2 % of our customers fail to pay. We made rows until both groups were equal, and set the bank's reserves by
#    the new model."
# 4. "6 % of the made-up rows equal a training row in all columns. It copies!"
# 5. "On the virtual patients our rule finds 95 % of the tumours. We start on Monday."

# %% [markdown] answer="table_messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. The interval is about seven times too narrow (the root of 1 + 10,000/200): it goes from −4 to 10, and 0 is inside.
#    And even that is right only if the generator has no bias in just this effect.
# 2. Rules, interactions and small groups don't show in margins and correlations. Check these, and let a classifier try.
# 3. The probabilities of the new model are far too large, and so are the reserves. Keep the table; move the limit.
# 4. Compare with unseen real rows. If 6 % of them equal a training row too, it is the heaps in the table.
# 5. The rule was made from these patients. Real ones, from neither table, have to say, and each small group for itself.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.table_messages.hint()
# q.table_messages.check()

# %% [markdown]
# ## Your tools at work
#
# Made-up men from 200 real ones: first a group of education (up to 11 years, 12, or more), then their earnings of 1978,
# drawn from the leaf. **Predict:** will the share who earned nothing be right? And the mean of each group?

# %%
survey = data.job_training("survey")
education, earned = survey.x[survey.t == 0, 1], survey.y[survey.t == 0]
leaf = np.digitize(education, [12, 13])
chance = np.random.default_rng(0)
few = chance.choice(len(leaf), 200, replace=False)
visits = chance.choice(leaf[few], 2000)
made = from_leaves(leaf[few], earned[few], visits, chance.random(2000))
for name, group, column in (("all men", leaf, earned), ("the 200", leaf[few], earned[few]), ("made up", visits, made)):
    means = " ".join(f"{column[group == each].mean() / 1000:.1f}" for each in range(3))
    print(f"{name:8s} at zero {with_heap(column)[:, 0].mean():.0%}, mean of each group in $1,000: {means}")
print(f"a kind of men with a share of 1 % is missing from the 200 with probability {gone(0.01, 200):.0%}")

# %% [markdown]
# <details><summary>Compare</summary>
#
# The made-up men follow *the 200*, with their heap and their means, closely. Where the 200 differ from all men by
# chance, the made-up men differ in the same way, and making 20,000 of them would not help.
#
# </details>

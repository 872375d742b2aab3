# %% [markdown]
# # Exercises 82 · Missing values
#
# Build the parts of [the chapter](../chapters/82_missing_values.ipynb): holes, a judge, a loss, a combination. [Worked
# solutions](../solutions/82_missing_values.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import numpy as np
import torch.nn.functional as F

from gan_edu.checks import chapter_82 as q

# %% [markdown]
# ## 1. Holes whose reason is known
# *Difficulty ●○○ · importance ●●● · 10 minutes*
#
# A table `x` (N, 2) as a numpy array: the age in column 0, the pressure in column 1. Make **MAR** holes in the
# pressure. A person younger than the median age has a hole with chance 0.8, everybody else with chance 0.2. `lots` (N,)
# are random numbers from 0 to 1, one for each person: there is a hole where the lot is below the chance.
#
# Return the holes (N,), `True` for a hole.


# %% answer="mar_holes"
def mar_holes(x, lots):
    ### BEGIN SOLUTION
    chance = np.where(x[:, 0] < np.median(x[:, 0]), 0.8, 0.2)
    return lots < chance
    ### END SOLUTION


# %% check="mar_holes" points=1
q.mar_holes.check(mar_holes)
### BEGIN HIDDEN TESTS
from numpy import array

table = array([[30.0, 150.0], [60.0, 100.0], [40.0, 90.0], [70.0, 160.0], [50.0, 120.0]])
assert list(mar_holes(table, array([0.7, 0.7, 0.9, 0.1, 0.3]))) == [True, False, False, True, False]
assert list(mar_holes(table, array([0.1, 0.19, 0.79, 0.21, 0.5]))) == [True, True, True, False, False]
### END HIDDEN TESTS

# %%
# q.mar_holes.hint()

# %% [markdown]
# ## 2. The judge
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# `filled`, `truth` and `known` are all (N, d); `known` is `True` where the filler saw the value. Return the RMSE over
# the *holes* of the whole table, one number.
#
# **Predict:** what would the RMSE over all cells say about a table with few holes?


# %% answer="rmse_of_holes"
def rmse_of_holes(filled, truth, known):
    ### BEGIN SOLUTION
    wrong = (filled - truth)[~known]
    return np.sqrt(np.mean(wrong**2))
    ### END SOLUTION


# %% check="rmse_of_holes" points=1
q.rmse_of_holes.check(rmse_of_holes)
### BEGIN HIDDEN TESTS
from numpy import array

known = array([[True, False], [False, True], [False, True]])
found = rmse_of_holes(array([[1.0, 5.0], [2.0, 0.0], [3.0, 4.0]]), array([[1.0, 2.0], [6.0, 0.0], [3.0, 4.0]]), known)
assert abs(float(found) - (25 / 3) ** 0.5) < 1e-9
found = rmse_of_holes(array([[9.0, 5.0], [2.0, 7.0], [3.0, 4.0]]), array([[1.0, 5.0], [2.0, 0.0], [1.0, 4.0]]), known)
assert abs(float(found) - (4 / 3) ** 0.5) < 1e-9
### END HIDDEN TESTS

# %%
# q.rmse_of_holes.hint()

# %% [markdown]
# ## 3. GAIN's generator
# *Difficulty ●●○ · importance ●●○ · 15 minutes*
#
# All inputs but `alpha` are tensors (N, d): the discriminator's `logits` (large: "was known"), the `mask` (1 known, 0
# hole), the generator's `guess`, and the table `x`. Return the generator's loss, a scalar, the sum of
#
# - the non-saturating loss $-\log \sigma(\text{logit})$ at the holes: summed there, divided by the number of *all*
#   cells;
# - `alpha` times the mean squared error over the *known* cells.


# %% answer="gain_loss"
def gain_loss(logits, mask, guess, x, alpha):
    ### BEGIN SOLUTION
    fooling = ((1 - mask) * F.softplus(-logits)).mean()
    return fooling + alpha * (mask * (guess - x) ** 2).sum() / mask.sum()
    ### END SOLUTION


# %% check="gain_loss" points=2
q.gain_loss.check(gain_loss)
### BEGIN HIDDEN TESTS
from math import exp, log

from torch import tensor

mask = tensor([[1.0, 0.0], [1.0, 1.0]])
guess, x = tensor([[1.0, 9.0], [2.0, 0.0]]), tensor([[0.0, 0.0], [2.0, 1.0]])
found = gain_loss(tensor([[5.0, 2.0], [1.0, -3.0]]), mask, guess, x, 3.0)
assert abs(float(found) - (log(1 + exp(-2.0)) / 4 + 3 * 2 / 3)) < 1e-5
found = gain_loss(tensor([[0.0, 0.0], [0.0, 0.0]]), 1 - mask, guess, x, 0.5)
assert abs(float(found) - (3 * log(2) / 4 + 0.5 * 81)) < 1e-4
### END HIDDEN TESTS

# %%
# q.gain_loss.hint()

# %% [markdown]
# ## 4. Rubin's rules
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# M filled tables gave M answers `Q` (M,) and their squared standard errors `W` (M,), as numpy arrays. Return the
# combined answer and its **standard error** (not squared), as a pair.
#
# **Predict:** what comes out when all M fillings are the same?


# %% answer="combined"
def combined(Q, W):
    ### BEGIN SOLUTION
    total = W.mean() + (1 + 1 / len(Q)) * Q.var(ddof=1)
    return Q.mean(), np.sqrt(total)
    ### END SOLUTION


# %% check="combined" points=2
q.combined.check(combined)
### BEGIN HIDDEN TESTS
from numpy import array

answer, error = combined(array([1.0, 3.0, 5.0, 7.0]), array([2.0, 2.0, 4.0, 4.0]))
assert abs(float(answer) - 4) < 1e-9
assert abs(float(error) - (3 + 1.25 * 20 / 3) ** 0.5) < 1e-9
answer, error = combined(array([2.0, 2.0]), array([0.0, 8.0]))
assert abs(float(answer) - 2) < 1e-9 and abs(float(error) - 2) < 1e-9
### END HIDDEN TESTS

# %%
# q.combined.hint()

# %% [markdown]
# ## 5. Four messages
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "Our filler has an RMSE of 0.8 standard deviations, drawing from the right distribution has 1.13. So ours makes the
#    better table." **Predict:** which of the two tables has the right variance?
# 2. "We filled the holes once, with the best method there is. The interval for the mean is narrow: good news."
# 3. "We tested our table for MNAR, and it passed."
# 4. "GAIN beats the column mean by a factor of two, so the adversary works."

# %% [markdown] answer="missing_messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. The second one. RMSE is smallest for the middle of what is possible, which doesn't scatter. A draw is wrong by its
#    own scatter too: 0.8 · √2 = 1.13.
# 2. The program counts inventions as measurements, so the interval is too narrow. Fill several times by proper draws,
#    and add the variance between the fillings.
# 3. No such test exists without more data: it would need the lost values. What can be refuted is MCAR. Show how the
#    answer moves with δ.
# 4. The message lacks its control: the same net without adversary. In the chapter's experiment that did as well, though
#    its authors report a gain. And chained lines did better.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.missing_messages.hint()
# q.missing_messages.check()

# %% [markdown]
# ## Your tools at work
#
# Two thousand people, your holes, and two fillings by a line on age: the best guess, and ten draws, each with a line
# fitted to a bootstrap sample of the known. **Predict:** which of them has the lower RMSE, and which the larger
# standard error of the mean pressure?

# %%
lucky = np.random.default_rng(0)
years = lucky.uniform(20, 70, 2000)
people = np.column_stack([years, 120 + 0.6 * (years - 45) + 12 * lucky.normal(size=2000)])
gone = mar_holes(people, lucky.random(2000))
seen = np.column_stack([np.ones(2000, bool), ~gone])


def by_a_line(rows, noise):
    slope, height = np.polyfit(people[rows, 0], people[rows, 1], 1)
    left = people[rows, 1] - height - slope * people[rows, 0]
    new = people.copy()
    new[gone, 1] = height + slope * people[gone, 0] + noise * left.std() * lucky.normal(size=gone.sum())
    return new


here = np.flatnonzero(~gone)
guess = by_a_line(here, 0)
draws = [by_a_line(lucky.choice(here, len(here)), 1) for _ in range(10)]
means, errors = (np.array([f(table[:, 1]) for table in draws]) for f in (np.mean, lambda y: y.var() / len(y)))
print(f"{gone.mean():.0%} lost; mean of the known {people[~gone, 1].mean():.1f}, of all {people[:, 1].mean():.1f}")
print(f"best guess: RMSE {rmse_of_holes(guess, people, seen):.1f}, mean {guess[:, 1].mean():.1f}")
middle, error = combined(means, errors)
print(f"draws:      RMSE {rmse_of_holes(draws[0], people, seen):.1f}, mean {middle:.1f} ± {error:.2f}")
print(f"one table alone would say ± {np.sqrt(guess[:, 1].var() / 2000):.2f}")

# %% [markdown]
# <details><summary>Compare</summary>
#
# The best guess has the lower RMSE, by a factor near √2, and both have nearly the same mean, close to that of all. But
# alone it claims a smaller standard error than the ten draws admit. Without any filling the mean is several mmHg too
# high, because the young are missing.
#
# </details>

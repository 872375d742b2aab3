# %% [markdown]
# # Exercises 64 · Living with generators
#
# Build the parts of [the chapter](../chapters/64_living_with_generators.ipynb): what an accusation is worth, evidence
# of many pictures, the finder of a mark, a budget. [Worked solutions](../solutions/64_living_with_generators.ipynb) are
# there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch

from gan_edu.checks import chapter_64 as q

# %% [markdown]
# ## 1. What an accusation is worth
#
# *Difficulty ●○○ · importance ●●● · 8 minutes*
#
# A detector finds the share `tpr` of generated pictures and accuses the share `fpr` of real ones. The share `share` of
# all pictures is generated. Return which share of the *accusations* is right.
#
# **Predict:** `tpr` 0.7, `fpr` 0.01, one picture in a thousand generated. More than a half?


# %% answer="share_right"
def share_right(tpr, fpr, share):
    ### BEGIN SOLUTION
    found = tpr * share
    alarms = fpr * (1 - share)
    return found / (found + alarms)
    ### END SOLUTION


# %%
# q.share_right.hint()

# %% check="share_right" points=1
q.share_right.check(share_right)
### BEGIN HIDDEN TESTS
assert abs(float(share_right(0.8, 0.02, 0.05)) - 0.04 / 0.059) < 1e-6
assert abs(float(share_right(0.5, 0.1, 0.01)) - 0.005 / 0.104) < 1e-6
### END HIDDEN TESTS

# %% [markdown]
# ## 2. Several pictures of one account
#
# *Difficulty ●○○ · importance ●●○ · 8 minutes*
#
# An account posts n pictures. Each has a mark's score in `scores` (n,), moved and scaled so that *without* a mark it
# has mean 0 and standard deviation 1. Join them into one score that, without a mark, has mean 0 and standard deviation
# 1 again, so that the same line can be used.


# %% answer="together"
def together(scores):
    ### BEGIN SOLUTION
    return scores.sum() / len(scores) ** 0.5
    ### END SOLUTION


# %%
# q.together.hint()

# %% check="together" points=1
q.together.check(together)
### BEGIN HIDDEN TESTS
from torch import tensor

assert abs(float(together(tensor([1.0, 2.0, 3.0, 2.0]))) - 4.0) < 1e-5
assert abs(float(together(tensor([0.5] * 16))) - 2.0) < 1e-5
### END HIDDEN TESTS

# %% [markdown]
# ## 3. The best linear score
#
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# `marked` (M, d) and `plain` (N, d) are pictures as rows, with and without a mark. Return the weights (d,) of the best
# linear score: the difference of the means, with the inverse covariance of the unmarked pictures in front of it (divide
# by N − 1, as `torch.cov` does). Before you invert, add `extra` to each number on the covariance's diagonal.


# %% answer="finder_weights"
def finder_weights(marked, plain, extra):
    ### BEGIN SOLUTION
    varies = torch.cov(plain.T) + extra * torch.eye(plain.shape[1])
    return torch.linalg.solve(varies, marked.mean(0) - plain.mean(0))
    ### END SOLUTION


# %%
# q.finder_weights.hint()

# %% check="finder_weights" points=2
q.finder_weights.check(finder_weights)
### BEGIN HIDDEN TESTS
from torch import allclose, as_tensor, tensor

some = tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0], [2.0, 4.0]])
assert allclose(as_tensor(finder_weights(some + 1, some, 1 / 3)).float(), tensor([0.6, 0.1764706]), atol=1e-4)
found = finder_weights(some - tensor([1.0, 0.0]), some, 2 / 3)
assert allclose(as_tensor(found).float(), tensor([-0.5, 0.0]), atol=1e-4)
### END HIDDEN TESTS

# %% [markdown]
# ## 4. A budget
#
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A run shows `shown` pictures to its nets, on `gpus` GPUs that work together. Measured with all of them, 1,000 pictures
# take `seconds`. There will be `runs` such runs: seeds, settings, failures. Return two numbers: the days of *one* run
# by the calendar, and the GPU hours of *all* runs.


# %% answer="budget"
def budget(shown, seconds, gpus, runs):
    ### BEGIN SOLUTION
    days = shown / 1000 * seconds / 86_400
    return days, days * 24 * gpus * runs
    ### END SOLUTION


# %%
# q.budget.hint()

# %% check="budget" points=1
q.budget.check(budget)
### BEGIN HIDDEN TESTS
days, hours = budget(8_640_000, 10.0, 4, 5)
assert abs(float(days) - 1.0) < 1e-6 and abs(float(hours) - 480) < 1e-6
days, hours = budget(1_000_000, 86.4, 2, 3)
assert abs(float(days) - 1.0) < 1e-6 and abs(float(hours) - 144) < 1e-6
### END HIDDEN TESTS

# %% [markdown]
# ## Your tools at work
#
# A faint mark in rows of 100 numbers that vary together: the score of one row says little. **Predict:** how many rows
# of one account does it take until nine of ten accounts are found?

# %% tags=["nbval-ignore-output"]
chance = torch.Generator().manual_seed(0)
mix = torch.randn(100, 100, generator=chance) / 10 + torch.eye(100)
pattern = 0.06 * (torch.randint(0, 2, (100,), generator=chance) * 2.0 - 1)
rows = torch.randn(4000, 100, generator=chance) @ mix
weights = finder_weights(rows[:2000] + pattern, rows[2000:], 0.01)
score = rows[2000:] @ weights

for n in (1, 8, 64):
    posts = (torch.randn(500, n, 100, generator=chance) @ mix + pattern) @ weights
    joined = [float(together((each - score.mean()) / score.std())) for each in posts]
    share = sum(j > 2.33 for j in joined) / 500
    print(
        f"{n:2d} rows: {share:.1f} of the accounts found; right, if one in 1,000: {share_right(share, 0.01, 0.001):.0%}"
    )

# %% [markdown]
# <details><summary>Compare</summary>
#
# One row finds few accounts, eight a good part or most, 64 nearly all. But the false alarms stay at 1 % (2.33 is
# the line for that, if the score is bell-shaped), and so at most one accusation in ten is right when one account in
# 1,000 is marked. More evidence finds more; for fewer false alarms, draw the line higher.
#
# </details>

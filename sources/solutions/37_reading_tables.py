# %% [markdown]
# # Exercises 37 · Reading published tables
#
# You work out the two rows that every table of modes should have, choose a constant fairly, and judge a row of a paper.
# The theory is in [the chapter](../chapters/37_reading_tables.ipynb).
# [Worked solutions](../solutions/37_reading_tables.ipynb) are there for later. Ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import torch

from gan_edu.checks import chapter_37 as q

# %% [markdown]
# ## 1. What noise gets
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Somebody reports modes and high quality on a set of `modes` Gaussians. Before you are impressed, compute what noise
# gets: `n` points, thrown evenly into a square of side `side`. A point is of high quality within `radius` of a mode
# (these discs lie in the square and don't overlap). A mode is captured if at least one of the `n` points is in its
# disc.
#
# Return `(high_quality, captured)`: the expected share of good points, 0 to 1, and the expected number of modes.


# %% answer="noise_row"
def noise_row(modes, side, radius, n):
    ### BEGIN SOLUTION
    p = math.pi * radius**2 / side**2
    return modes * p, modes * (1 - (1 - p) ** n)
    ### END SOLUTION


# %% check="noise_row" points=2
q.noise_row.check(noise_row)
### BEGIN HIDDEN TESTS
import math as _math

_hit = _math.pi * 0.2**2 / 49
_quality, _captured = noise_row(9, 7.0, 0.2, 300)
assert abs(float(_quality) - 9 * _hit) < 1e-6 and abs(float(_captured) - 9 * (1 - (1 - _hit) ** 300)) < 1e-4
### END HIDDEN TESTS

# %%
# q.noise_row.hint()

# %% [markdown]
# The same grid, and four ways to make a method that knows nothing look better or worse:

# %%
for std, n in ((0.05, 2500), (0.05, 26_000), (0.2, 2500), (0.3, 2500)):
    quality, captured = noise_row(25, 10.0, 3 * std, n)
    print(f"std {std}, {n:6} samples: {captured:4.1f} modes of 25, {quality:5.1%} of high quality")

# %% [markdown]
# ## 2. What perfect samples get
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Now the opposite: a perfect sampler. It draws one of `modes` modes, all equally likely, `n` times. Return
# `(captured, kl)`: the expected number of modes with at least one draw, and the size of the KL divergence that counts
# have although nothing is wrong, $(K-1)/2n$ for $K$ modes.
#
# **Predict, and say why:** 1,000 modes and 500 perfect samples. How many modes are captured: 500, 394 or 250?


# %% answer="perfect_row"
def perfect_row(modes, n):
    ### BEGIN SOLUTION
    return modes * (1 - (1 - 1 / modes) ** n), (modes - 1) / (2 * n)
    ### END SOLUTION


# %% check="perfect_row" points=2
q.perfect_row.check(perfect_row)
### BEGIN HIDDEN TESTS
_captured, _kl = perfect_row(6, 4)
assert abs(float(_captured) - (6 - 5**4 / 6**3)) < 1e-4 and abs(float(_kl) - 0.625) < 1e-6
### END HIDDEN TESTS

# %%
# q.perfect_row.hint()

# %%
for n in (500, 2500, 26_000):
    captured, kl = perfect_row(1000, n)
    print(f"{n:6} perfect samples: {captured:6.1f} of 1,000 modes, KL about {kl:.3f}")

# %% [markdown]
# About 394: some modes are drawn twice, so they take up two draws. (The formula of the KL is an approximation that
# needs several draws per mode. At 500 draws it is not yet to be trusted.)

# %% [markdown]
# ## 3. A constant, chosen fairly
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A method has a constant, say γ, and you have tried several values. `constants` is the list of values. `tuning` has a
# row for each value, with the scores of some seeds (higher is better). `fresh` has the scores of *other* seeds, again
# one row for each value.
#
# Choose the value by the mean score of the tuning seeds. Return `(value, score)`, with the score that you would put
# into a paper: the mean over the fresh seeds, at this value.
#
# **Predict, and say why:** which is larger as a rule, the mean of the tuning seeds at the chosen value, or the mean of
# the fresh seeds there?


# %% answer="tuned_row"
def tuned_row(constants, tuning, fresh):
    ### BEGIN SOLUTION
    best = int(tuning.mean(dim=1).argmax())
    return constants[best], fresh[best].mean()
    ### END SOLUTION


# %% check="tuned_row" points=2
q.tuned_row.check(tuned_row)
### BEGIN HIDDEN TESTS
import torch as _torch

_tuning = _torch.tensor([[1.0, 9.0, 2.0], [5.0, 5.0, 5.0], [0.0, 4.0, 0.0], [6.0, 2.0, 3.0]])
_fresh = _torch.tensor([[9.0, 9.0], [3.0, 4.0], [8.0, 1.0], [6.0, 6.0]])
_value, _score = tuned_row([0.2, 0.4, 0.8, 1.6], _tuning, _fresh)
assert abs(float(_value) - 0.4) < 1e-6 and abs(float(_score) - 3.5) < 1e-5
### END HIDDEN TESTS

# %%
# q.tuned_row.hint()

# %% [markdown]
# Here is how much luck a choice collects. Ten values of a constant that does *nothing*: all scores come from one and
# the same distribution, with mean 0. We choose the best value by four seeds, and ask four fresh ones. All this 2,000
# times:

# %%
torch.manual_seed(0)
promised, kept = [], []
for _ in range(2000):
    tuning, fresh = torch.randn(2, 10, 4)
    value, score = tuned_row(list(range(10)), tuning, fresh)
    promised.append(tuning[value].mean())
    kept.append(score)
print(f"mean of the tuning seeds at the best value: {torch.stack(promised).mean():.1f}")
print(f"mean of the fresh seeds there: {abs(torch.stack(kept).mean()):.1f}")

# %% [markdown]
# The tuning seeds promise three quarters of a standard deviation, for a constant that does nothing. The fresh seeds say
# what is true: 0.

# %% [markdown]
# ## 4. A row in a table
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# You are asked to judge a new method. Its table says, for a grid of 25 Gaussians:
#
# | method | modes | high quality (3 standard deviations) |
# |---|---|---|
# | GAN (copied from another paper) | 3.3 | 0.5 % |
# | ours | 25 | 99.6 % |
#
# What do you want to know before you believe that the method is better? Write six to eight sentences.

# %% [markdown] answer="table_row" points=2
# <!-- ### BEGIN SOLUTION -->
# 99.6 % is above the ceiling: exact samples have 98.89 % within three standard deviations. Either the modes are too
# narrow, or the metric uses another standard deviation than the data. Noise may find all 25 modes too, if the modes are
# wide or the samples many; so I ask for both rows, exact and noise, on these very data.
#
# I ask how many samples and runs stand behind the row, and whether it is a median or the best. I ask how long it was
# trained, with which rate, momentum and width, and how these were found: for both methods with the same effort?
#
# And the other row is copied. The plain GAN has 3.3 modes in one paper and 17.3 in another: settings make such numbers.
# I would run the plain GAN in the new method's code, with its budget, tune both equally, and compare with that.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.table_row.hint()
# q.table_row.check()

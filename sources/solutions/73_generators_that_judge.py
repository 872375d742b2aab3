# %% [markdown]
# # Exercises 73 · Generators that judge estimators
#
# Build the parts of [the chapter](../chapters/73_generators_that_judge.ipynb): scores, their errors, a pile at zero, a
# penalty. [Worked solutions](../solutions/73_generators_that_judge.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import numpy as np
import torch

from gan_edu import data, simulators
from gan_edu.checks import chapter_73 as q

# %% [markdown]
# ## 1. Three numbers
# *Difficulty ●○○ · importance ●●● · 10 minutes*
#
# One way was tried in R studies of a world. `estimates` and `standard_errors` have shape (R,), `truth` is a number.
# Return three numbers: the RMSE, the bias, and the coverage of the intervals estimate ± 1.96 standard errors.


# %% answer="three_numbers"
def three_numbers(estimates, standard_errors, truth):
    ### BEGIN SOLUTION
    e = estimates - truth
    return np.sqrt((e**2).mean()), e.mean(), (abs(e) < 1.96 * standard_errors).mean()
    ### END SOLUTION


# %% check="three_numbers" points=2
q.three_numbers.check(three_numbers)
### BEGIN HIDDEN TESTS
from numpy import array

found = three_numbers(array([1.0, 4.0, 7.0, 2.0]), array([1.0, 0.4, 3.0, 2.0]), 3.0)
assert abs(float(found[0]) - (22 / 4) ** 0.5) < 1e-6
assert abs(float(found[1]) - 0.5) < 1e-6 and abs(float(found[2]) - 0.5) < 1e-6
found = three_numbers(array([0.0, -3.0]), array([1.0, 1.0]), 1.5)
assert abs(float(found[0]) - 11.25**0.5) < 1e-6 and abs(float(found[1]) + 3) < 1e-6 and float(found[2]) == 0.5
### END HIDDEN TESTS

# %%
# q.three_numbers.hint()

# %% [markdown]
# ## 2. How sure is a coverage?
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# `hits` (R,) says for each study whether its interval held the truth. Return two numbers: the coverage, and its Monte
# Carlo standard error. **Predict:** how many studies does a standard error of 1 point take, at a coverage of 95 %?


# %% answer="coverage_with_error"
def coverage_with_error(hits):
    ### BEGIN SOLUTION
    c = hits.mean()
    return c, np.sqrt(c * (1 - c) / len(hits))
    ### END SOLUTION


# %% check="coverage_with_error" points=1
q.coverage_with_error.check(coverage_with_error)
### BEGIN HIDDEN TESTS
from numpy import array

c, error = coverage_with_error(array([True] * 8 + [False] * 2))
assert abs(float(c) - 0.8) < 1e-9 and abs(float(error) - 0.016**0.5) < 1e-6
c, error = coverage_with_error(array([True, False, False, False, False]))
assert abs(float(c) - 0.2) < 1e-9 and abs(float(error) - 0.032**0.5) < 1e-6
### END HIDDEN TESTS

# %%
# q.coverage_with_error.hint()

# %% [markdown]
# ## 3. A pile at zero
# *Difficulty ●●○ · importance ●●○ · 5 minutes*
#
# Another way to make exact zeros is a **hurdle**: first a coin, then an amount. For each row you get the probability of
# a zero `p_zero`, the `amount` otherwise, and a number `u`, drawn evenly between 0 and 1; all have shape (N,). Return
# the results (N,): 0 with probability `p_zero`, or else the amount. A small u means zero.


# %% answer="hurdle"
def hurdle(p_zero, amount, u):
    ### BEGIN SOLUTION
    return np.where(u < p_zero, 0.0, amount)
    ### END SOLUTION


# %% check="hurdle" points=1
q.hurdle.check(hurdle)
### BEGIN HIDDEN TESTS
from numpy import array

found = hurdle(array([0.1, 0.8, 0.3, 0.6]), array([2.0, 4.0, 6.0, 8.0]), array([0.5, 0.7, 0.2, 0.9]))
assert list(map(float, found)) == [2.0, 0.0, 0.0, 8.0]
found = hurdle(array([0.9, 0.2]), array([1.0, 3.0]), array([0.95, 0.25]))
assert list(map(float, found)) == [1.0, 3.0]
### END HIDDEN TESTS

# %%
# q.hurdle.hint()

# %% [markdown]
# ## 4. A one-sided penalty
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# `slopes` (N, d) is a tensor: for each of N points the gradient of the critic there. Return a scalar tensor: the mean
# over the points of what their length exceeds 1 by. Points with a length below 1 cost nothing.


# %% answer="one_sided"
def one_sided(slopes):
    ### BEGIN SOLUTION
    return torch.relu(slopes.norm(dim=-1) - 1).mean()
    ### END SOLUTION


# %% check="one_sided" points=2
q.one_sided.check(one_sided)
### BEGIN HIDDEN TESTS
from torch import tensor

assert abs(float(one_sided(tensor([[6.0, 8.0], [0.6, 0.0], [0.0, 2.0], [0.3, 0.4]]))) - 2.5) < 1e-5
assert abs(float(one_sided(tensor([[2.0, 2.0, 1.0], [0.1, 0.0, 0.0]]))) - 1.0) < 1e-5
### END HIDDEN TESTS

# %%
# q.one_sided.hint()

# %% [markdown]
# ## 5. Four messages
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "We trained a GAN on the *experiment*, and in its world all ways are equally good. So we use the plain difference
#    for the survey, too." **Predict:** why are they equal there?
# 2. "The GAN's effect is 1,750 dollars. That confirms the experiment's 1,794."
# 3. "We simulate earnings from a fitted line, with real men. Which way will win?" **Predict.**
# 4. "Over 30 generated studies doubly robust covers 90 %, and matching 97 %. So matching has the better intervals."

# %% [markdown] answer="judge_messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. In an experiment there is no confounding to remove, so the ways differ in scatter alone, and most of them little.
#    The survey's world has confounding. Judge in a world that is like the table you will use.
# 2. It is the truth of a generated world, and changes from fit to fit. It looks near by luck.
# 3. Regression: the world was made by its own model, so it has no bias there. That says nothing about other worlds.
# 4. That is 27 of 30 studies against 29, the same studies: a gap of two. More studies, and several fits.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.judge_messages.hint()
# q.judge_messages.check()

# %% [markdown]
# ## Your tools at work
#
# LaLonde's *experiment* as the study, and two plain makers. **Predict:** in these worlds, which way has the smallest
# RMSE? Where will weighting stand against the difference?

# %%
experiment = data.job_training("experiment")
for maker in (simulators.neighbours, simulators.copula):
    world = maker(experiment.x, experiment.t, experiment.y, rows=2000)
    verdict = simulators.judge(world, treated=185, controls=260, times=40)
    print(f"{maker.__name__}, true effect ${world.effect:,.0f}")
    for place, way in enumerate(simulators.WAYS):
        estimates = verdict.errors[:, place] + world.effect
        rmse, bias, _ = three_numbers(estimates, verdict.standard_errors[:, place], world.effect)
        share, error = coverage_with_error(abs(verdict.errors[:, place]) < 1.96 * verdict.standard_errors[:, place])
        print(f"   {way:14s} RMSE {rmse:5,.0f}   bias {bias:5,.0f}   coverage {share:4.0%} ± {error:.0%}")

# %% [markdown]
# <details><summary>Compare</summary>
#
# The first four have nearly the same RMSE, the difference included: chance made the groups alike, so there is little to
# adjust. Matching with one partner scatters more. The coverages can't be told apart with 40 studies.
#
# </details>

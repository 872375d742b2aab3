# %% [markdown]
# # Exercises 72 · LaLonde's lesson
#
# Build the parts of [the chapter](../chapters/72_lalonde.ipynb): a gap, weights, a correction, a test. [Worked
# solutions](../solutions/72_lalonde.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check. All
# tables are numpy arrays; `t` holds 1 for treated and 0 for controls.

# %%
import numpy as np

from gan_edu import causal, data
from gan_edu.checks import chapter_72 as q

# %% [markdown]
# ## 1. A gap without a unit
# *Difficulty ●○○ · importance ●●● · 10 minutes*
#
# The standardised difference of one column `z` (N,): mean of the treated minus mean of the controls, divided by the
# root of the mean of the two groups' variances (`var()` as numpy gives it).


# %% answer="gap"
def gap(z, t):
    ### BEGIN SOLUTION
    a, b = z[t == 1], z[t == 0]
    return (a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / 2)
    ### END SOLUTION


# %% check="gap" points=1
q.gap.check(gap)
### BEGIN HIDDEN TESTS
from numpy import array

found = gap(array([1.0, 3, 0, 8, 4]), array([0.0, 0, 1, 1, 1]))
assert abs(float(found) - 2 / ((32 / 3 + 1) / 2) ** 0.5) < 1e-6
assert abs(float(gap(array([5.0, 7, 5, 1]), array([1.0, 1, 0, 0]))) - 3 / 2.5**0.5) < 1e-6
### END HIDDEN TESTS

# %%
# q.gap.hint()

# %% [markdown]
# ## 2. Weights for the treated
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# `e` (N,) holds the propensities. Return the effect on the treated (ATT): the mean of the treated minus a weighted mean
# of the controls, with weights that make the controls look like the treated.


# %% answer="for_the_treated"
def for_the_treated(t, y, e):
    ### BEGIN SOLUTION
    odds = e / (1 - e)
    return y[t == 1].mean() - np.average(y[t == 0], weights=odds[t == 0])
    ### END SOLUTION


# %% check="for_the_treated" points=2
q.for_the_treated.check(for_the_treated)
### BEGIN HIDDEN TESTS
from numpy import array

found = for_the_treated(array([0.0, 1, 0, 1]), array([3.0, 9, 6, 5]), array([0.5, 0.4, 0.75, 0.9]))
assert abs(float(found) - (7 - (3 + 18) / 4)) < 1e-6
found = for_the_treated(array([1.0, 0, 0]), array([0.0, 2, 4]), array([0.2, 0.2, 0.6]))
assert abs(float(found) - -(0.25 * 2 + 1.5 * 4) / 1.75) < 1e-6
### END HIDDEN TESTS

# %%
# q.for_the_treated.hint()

# %% [markdown]
# ## 3. Doubly robust
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# In addition you get `m` (N,): what a fit to the controls predicts for each row without treatment. Return the doubly
# robust ATT. As in question 2, take a weighted *mean* of the controls' errors: divide by the sum of the weights.
#
# **Predict:** what comes out if `m` is 0 everywhere? And if `e` is ½ everywhere?


# %% answer="doubly_robust"
def doubly_robust(t, y, e, m):
    ### BEGIN SOLUTION
    errors, odds = y - m, e / (1 - e)
    return errors[t == 1].mean() - np.average(errors[t == 0], weights=odds[t == 0])
    ### END SOLUTION


# %% check="doubly_robust" points=2
q.doubly_robust.check(doubly_robust)
### BEGIN HIDDEN TESTS
from numpy import array

t, y = array([0.0, 1, 0, 1]), array([3.0, 9, 6, 5])
found = doubly_robust(t, y, array([0.5, 0.4, 0.75, 0.9]), array([2.0, 4, 8, 5]))
assert abs(float(found) - (2.5 - (1 - 6) / 4)) < 1e-6
assert abs(float(doubly_robust(t, y, array([0.5] * 4), array([1.0, 1, 2, 2]))) - (5.5 - 3)) < 1e-6
### END HIDDEN TESTS

# %%
# q.doubly_robust.hint()

# %% [markdown]
# ## 4. A placebo test
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# `estimator(x, t, y)` is any of `gan_edu.causal`, and column number `column` of `x` was settled before the treatment.
# Return the "effect" that the estimator finds on this column, adjusted for all other columns of x.


# %% answer="placebo"
def placebo(estimator, x, t, y, column):
    ### BEGIN SOLUTION
    others = np.delete(x, column, axis=1)
    return estimator(others, t, x[:, column])
    ### END SOLUTION


# %% check="placebo" points=2
q.placebo.check(placebo)
### BEGIN HIDDEN TESTS
from numpy import array

x = array([[1.0, 2.0], [0.0, 5.0], [3.0, 1.0], [4.0, 4.0], [2.0, 2.5]])


def recorder(x, t, y):
    return x.shape[1] * 100 + t @ y + x[:, 0].sum()


t, y = array([1.0, 0, 1, 0, 1]), array([9.0, 9, 9, 9, 9])
assert abs(float(placebo(recorder, x, t, y, 1)) - (100 + 5.5 + 10)) < 1e-9
assert abs(float(placebo(recorder, x, t, y, 0)) - (100 + 6 + 14.5)) < 1e-9
### END HIDDEN TESTS

# %%
# q.placebo.hint()

# %% [markdown]
# ## 5. Four messages
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "We'll ask ten times as many men in the survey, then the bias will go." **Predict:** what will change, and what
#    won't?
# 2. "After weighting all columns are balanced. So the groups are alike."
# 3. "We ran a placebo test: our usual program, all eight columns in x, and the earnings of 1975 as the result."
#    **Predict:** what came out?
# 4. "We tried all ways, and report regression with trimming, because it came nearest to the experiment. We'll use it
#    for the next programme."

# %% [markdown] answer="job_messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. The standard error shrinks, the bias stays: the men of the survey differ from the treated in what isn't written
#    down. And few of the new men will be comparable at all.
# 2. Alike in the means of these columns. Luck in the year before, health, the town: nobody has weighted those.
# 3. About 0, for every way that adjusts: the result was among the covariates. Take the column out of x.
# 4. Then the experiment has chosen, not the method. For the next programme there is none. Fix the rule before, by
#    overlap and balance, or show all analyses.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.job_messages.hint()
# q.job_messages.check()

# %% [markdown]
# ## Your tools at work
#
# The survey again, and *two* placebo tests: the earnings of 1975 (column 7), and the years of school (column 1), which
# a programme for grown men can't change either. **Predict:** which of them will fail more clearly, in standard
# deviations of the column?

# %%
survey = data.job_training("survey")
x, t, y = survey.x, survey.t, survey.y
e = causal.propensity(x, t)
m = causal.linear(x[t == 0], y[t == 0])(x)
print(f"weights ${for_the_treated(t, y, e):,.0f}   doubly robust ${doubly_robust(t, y, e, m):,.0f}")
for column in (7, 1):
    found = placebo(causal.doubly_robust, x, t, y, column) / x[t == 0, column].std()
    print(f"{survey.names[column]:14s} gap {gap(x[:, column], t):5.2f}, placebo {found:5.2f} standard deviations")

# %% [markdown]
# <details><summary>Compare</summary>
#
# Both are far smaller than the gap before adjusting. The earnings of 1975 fail by about a seventh of a standard
# deviation; the years of school have no clear failure, with "no degree" among the other columns, which says nearly the
# same. (Take it out, `np.delete(x, 5, axis=1)`, and school is off by 0.23 standard deviations, more than 1975.) A
# placebo is only worth something where the other columns *don't* already hold the answer.
#
# </details>

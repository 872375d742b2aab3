# %% [markdown]
# # Exercises 75 · Individual effects
#
# Scores, a filled-in pair, a point of an uplift curve, and a stand-in for what nobody sees: the parts of [the
# chapter](../chapters/75_individual_effects.ipynb). [Worked solutions](../solutions/75_individual_effects.ipynb) are
# there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import numpy as np
import torch

from gan_edu.checks import chapter_75 as q

# %% [markdown]
# ## 1. Two scores
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# `told` (N,) are predicted effects, `tau` (N,) the true ones. Return two numbers: PEHE (the root mean square error),
# and the error of the average effect (its size).


# %% answer="two_scores"
def two_scores(told, tau):
    ### BEGIN SOLUTION
    return np.sqrt(((told - tau) ** 2).mean()), abs((told - tau).mean())
    ### END SOLUTION


# %% check="two_scores" points=1
q.two_scores.check(two_scores)
### BEGIN HIDDEN TESTS
from numpy import array

found = two_scores(array([1.0, -2.0, 4.0, 0.0]), array([3.0, -2.0, 4.0, 4.0]))
assert abs(float(found[0]) - 5**0.5) < 1e-6 and abs(float(found[1]) - 1.5) < 1e-6
found = two_scores(array([2.0, 0.0]), array([1.0, 1.0]))
assert abs(float(found[0]) - 1) < 1e-6 and abs(float(found[1])) < 1e-6
### END HIDDEN TESTS

# %%
# q.two_scores.hint()

# %% [markdown]
# ## 2. A pair for each man
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# What D gets to see in GANITE. `made` (N, 2) is the generator's tensor, column 0 for Y(0), column 1 for Y(1). `t`
# (N, 1) holds 0 or 1, `y` (N, 1) the results that happened. Return (N, 2): each man's own result in its column, the
# generator's in the other one. The gradient must reach `made`.


# %% answer="complete"
def complete(made, t, y):
    ### BEGIN SOLUTION
    own = torch.cat([1 - t, t], dim=1)
    return own * y + (1 - own) * made
    ### END SOLUTION


# %% check="complete" points=2
q.complete.check(complete)
### BEGIN HIDDEN TESTS
from torch import tensor

made = tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
pair = complete(made, tensor([[1.0], [0.0], [1.0]]), tensor([[10.0], [20.0], [30.0]]))
assert pair.tolist() == [[1.0, 10.0], [20.0, 4.0], [5.0, 30.0]]
pair.sum().backward()
assert made.grad.tolist() == [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
### END HIDDEN TESTS

# %%
# q.complete.hint()

# %% [markdown]
# ## 3. A point of the uplift curve
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# An experiment: a coin chose `t` (N,), 0 or 1, and `y` (N,) are results. `told` (N,) are predicted effects, no two
# alike. If the `share` of people with the largest predicted effects were treated (`round(share * N)` people), how much
# would be gained **per person of all N**? Return one number, read from the experiment.


# %% answer="uplift_at"
def uplift_at(told, t, y, share):
    ### BEGIN SOLUTION
    top = np.argsort(-told)[: round(share * len(told))]
    return share * (y[top][t[top] == 1].mean() - y[top][t[top] == 0].mean())
    ### END SOLUTION


# %% check="uplift_at" points=2
q.uplift_at.check(uplift_at)
### BEGIN HIDDEN TESTS
from numpy import array

told_, t_ = array([0.1, 3.0, 2.0, -1.0, 1.0, 4.0]), array([1.0, 0.0, 1.0, 0.0, 0.0, 1.0])
y_ = array([2.0, 1.0, 5.0, 3.0, 4.0, 8.0])
assert abs(float(uplift_at(told_, t_, y_, 0.5)) - 0.5 * (6.5 - 1)) < 1e-6
assert abs(float(uplift_at(told_, t_, y_, 1.0)) - (5 - 8 / 3)) < 1e-6
### END HIDDEN TESTS

# %%
# q.uplift_at.hint()

# %% [markdown]
# ## 4. A stand-in for the effect
# *Difficulty ●●● · importance ●●○ · 15 minutes*
#
# The doubly robust stand-in of section 8. All inputs have shape (N,): treatment `t`, results `y`, fits of both results
# `mu0` and `mu1`, and the propensity `e`. Return (N,): the difference of the fits, corrected by the error of the fit
# that belongs to the man's own t. A treated man's error counts $1/e$ times; an untreated man's counts $1/(1-e)$ times,
# and against the effect.


# %% answer="stand_in"
def stand_in(t, y, mu0, mu1, e):
    ### BEGIN SOLUTION
    return mu1 - mu0 + t * (y - mu1) / e - (1 - t) * (y - mu0) / (1 - e)
    ### END SOLUTION


# %% check="stand_in" points=2
q.stand_in.check(stand_in)
### BEGIN HIDDEN TESTS
from numpy import allclose, array

found = stand_in(array([1.0, 0.0]), array([7.0, 5.0]), array([2.0, 3.0]), array([4.0, 4.5]), array([0.25, 0.5]))
assert allclose(found, [2 + 3 / 0.25, 1.5 - 2 / 0.5])
### END HIDDEN TESTS

# %%
# q.stand_in.hint()

# %% [markdown]
# ## 5. Four messages
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "On our hospital's data the new method has a PEHE of 0.8."
# 2. "Our GAN has the best PEHE of all nets we tried." **Predict:** could one number for everybody be as good?
# 3. "The uplift curve of last year's customers, who took the offer or didn't, is steep. We'll treat all with a
#    predicted effect above our cost."
# 4. "In the experiment the mean gain was 1,500 dollars. How many were harmed?" **Predict:** what would you need to
#    count them?

# %% [markdown] answer="effect_messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. What stood in for the missing results? With real data nobody has them, so this is no PEHE. Ask for a score that
#    needs one result a person, or an experiment.
# 2. Yes, where effects vary little or results scatter much. Show one number for all, and the same net without the
#    adversary, also after fewer steps.
# 3. Those who took the offer differ from the others, so the curve mixes effect and choice; it needs an experiment. And
#    order isn't size: a cost needs sizes.
# 4. Nobody can count them: it would take both results of each person. Groups with a negative mean effect can be found,
#    and bounds can be given.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.effect_messages.hint()
# q.effect_messages.check()

# %% [markdown]
# ## Your tools at work
#
# A stand-in is wild for one man and right on average. Here the programme helps those near 30. Both fits are *wrong on
# purpose*: they say 5 for everybody, with and without it. The propensity is right. **Predict:** will the means of the
# stand-ins still find the hump? And how far off is a single one?

# %%
chance = np.random.default_rng(0)
years = chance.uniform(16, 56, size=20_000)
tau = 4 * np.exp(-(((years - 30) / 7) ** 2) / 2) - 0.5
e = 1 / (1 + np.exp((years - 33) / 10))  # the young take part more often
t = (chance.random(len(years)) < e).astype(float)
y = 0.1 * years + t * tau + chance.normal(size=len(years))
wild = stand_in(t, y, np.full_like(y, 5.0), np.full_like(y, 5.0), e)
for low in range(16, 56, 8):
    group = (years >= low) & (years < low + 8)
    print(f"{low} to {low + 8} years: true mean effect {tau[group].mean():5.2f}, stand-ins {wild[group].mean():5.2f}")
error, of_the_mean = two_scores(wild, tau)
print(f"a single stand-in is off by {error:.1f} (root mean square), their mean by {of_the_mean:.2f}")

# %% [markdown]
# <details><summary>Compare</summary>
#
# The means find the hump, though the fits don't know of it: the right propensity is enough. A single stand-in is off
# by more than all effects differ. So it can judge a method over many people, and it can't replace one.
#
# </details>

# %% [markdown]
# # Exercises 83 · Privacy
#
# Build the parts of [the chapter](../chapters/83_privacy.ipynb): anonymity, an attack's worth, a promise, a clip, an
# audit. [Worked solutions](../solutions/83_privacy.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import numpy as np
import torch

from gan_edu import privacy
from gan_edu.checks import chapter_83 as q

# %% [markdown]
# ## 1. How anonymous is a table?
# *Difficulty ●○○ · importance ●●○ · 10 minutes*
#
# `known` (N, 2) holds for each row what others may know: two whole numbers, such as decade and district. Return the
# largest k for which the table is k-anonymous.


# %% answer="anonymity"
def anonymity(known):
    ### BEGIN SOLUTION
    _, counts = np.unique(known, axis=0, return_counts=True)
    return counts.min()
    ### END SOLUTION


# %% check="anonymity" points=1
q.anonymity.check(anonymity)
### BEGIN HIDDEN TESTS
from numpy import array

assert int(anonymity(array([[3, 1]] * 2 + [[4, 0]] * 2 + [[3, 0]] * 2 + [[4, 1]] * 3))) == 2
assert int(anonymity(array([[1, 2], [2, 1], [1, 2], [2, 1], [1, 2], [2, 1]]))) == 3
### END HIDDEN TESTS

# %%
# q.anonymity.hint()

# %% [markdown]
# ## 2. What an attack is worth
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# An attack gives scores: `members` (M,) for people inside, `others` (N,) for people outside. It says yes where the
# score lies *above* a threshold. Choose as the threshold one of the scores of `others`: the lowest one with which at
# most the share `fpr` of the others are accused. Return the share of members that are found.


# %% answer="found_at"
def found_at(members, others, fpr):
    ### BEGIN SOLUTION
    allowed = int(fpr * len(others))
    threshold = np.sort(others)[::-1][allowed]
    return (members > threshold).mean()
    ### END SOLUTION


# %% check="found_at" points=2
q.found_at.check(found_at)
### BEGIN HIDDEN TESTS
from numpy import arange, array

assert abs(float(found_at(array([98.5, 12, 97.5, 200]), arange(100.0), 0.01)) - 0.5) < 1e-9
assert abs(float(found_at(array([3.5, 0.5, 7.0]), arange(8.0), 0.5)) - 2 / 3) < 1e-9
### END HIDDEN TESTS

# %%
# q.found_at.hint()

# %% [markdown]
# ## 3. What ε promises
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A generator was trained with (ε, δ)-differential privacy. An attack accuses the share `fpr` of the people outside.
# What share of the people inside can it find at most? The promise holds for the event "the attack says yes", and, with
# both sides exchanged, for "it says no". Use both. (Here `fpr` + `delta` stays below 1.)


# %% answer="at_most"
def at_most(fpr, epsilon, delta):
    ### BEGIN SOLUTION
    says_yes = np.exp(epsilon) * fpr + delta
    says_no = 1 - np.exp(-epsilon) * (1 - fpr - delta)
    return min(says_yes, says_no)
    ### END SOLUTION


# %% check="at_most" points=1
q.at_most.check(at_most)
### BEGIN HIDDEN TESTS
assert abs(float(at_most(0.02, 2.0, 0.001)) - (0.02 * 2.718281828**2 + 0.001)) < 1e-6
assert abs(float(at_most(0.5, 4.0, 0.001)) - (1 - 0.499 / 2.718281828**4)) < 1e-6
### END HIDDEN TESTS

# %%
# q.at_most.hint()

# %% [markdown]
# ## 4. Clip each row
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# `gradients` (B, P) holds the gradient of each row, all parameters in one line. `bell` (P,) holds draws from $N(0, 1)$.
# Return the step of DP-SGD, (P,): clip each row's gradient to a length of at most `clip`, add up, add noise with a
# standard deviation of `noise` times `clip`, divide by `batch`, the number of rows to expect.
#
# **Predict:** what comes out for a row whose gradient is 0? And which gradients does a clip leave alone?


# %% answer="private_step"
def private_step(gradients, bell, clip, noise, batch):
    ### BEGIN SOLUTION
    length = gradients.norm(dim=1, keepdim=True)
    clipped = gradients * (clip / length.clamp(min=1e-12)).clamp(max=1)
    return (clipped.sum(0) + noise * clip * bell) / batch
    ### END SOLUTION


# %% check="private_step" points=3
q.private_step.check(private_step)
### BEGIN HIDDEN TESTS
from torch import allclose, tensor

found = private_step(tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]]), tensor([1.0, -1.0]), 1.0, 0.5, 2)
assert allclose(found, tensor([0.7, 0.35]), atol=1e-5)
found = private_step(tensor([[0.0, 8.0], [6.0, 0.0]]), tensor([0.5, 2.0]), 2.0, 1.0, 4)
assert allclose(found, tensor([0.75, 1.5]), atol=1e-5)
### END HIDDEN TESTS

# %%
# q.private_step.hint()

# %% [markdown]
# ## 5. Catch the broken program
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# A program claims `claimed` = ε. An attack was tried on `runs` runs with the canary, where it said yes `hits` times,
# and on as many without it, where it said yes `alarms` times. Return True if the audit proves, with 95 %, that the
# claim is false. `privacy.at_least` gives the lower bound.


# %% answer="is_broken"
def is_broken(claimed, delta, hits, alarms, runs):
    ### BEGIN SOLUTION
    return privacy.at_least(hits, runs, alarms, runs, delta) > claimed
    ### END SOLUTION


# %% check="is_broken" points=2
q.is_broken.check(is_broken)
### BEGIN HIDDEN TESTS
assert is_broken(1.0, 1e-3, 450, 20, 500)
assert not is_broken(1.0, 1e-3, 5, 1, 500)
assert not is_broken(8.0, 1e-3, 500, 0, 500)
### END HIDDEN TESTS

# %%
# q.is_broken.hint()

# %% [markdown]
# ## Your tools at work
#
# Two programs, 1,000 gradients of 40 numbers each, half of them with a canary. **Predict:** which one is convicted?


# %%
def late_step(gradients, bell, clip, noise, batch):
    mean = gradients.sum(0) / batch
    return mean * min(1.0, clip / float(mean.norm())) + noise * clip * bell / batch


torch.manual_seed(0)
people, canary = 0.3 * torch.randn(25, 40), 20 * torch.eye(40)[:1]
for name, step in (("clipped each", private_step), ("clipped late", late_step)):
    seen = {}
    for inside in (True, False):
        table = torch.cat([people, canary]) if inside else people
        seen[inside] = np.array([float(step(table, torch.randn(40), 1.0, 4.0, 25)[0]) for _ in range(500)])
    cut = 0.25
    hits, alarms = int((seen[True] > cut).sum()), int((seen[False] > cut).sum())
    bound = privacy.at_least(hits, 500, alarms, 500, 1e-3)
    print(f"{name}: found {found_at(seen[True], seen[False], 0.01):.0%} at 1 %, ε ≥ {bound:.1f}")
    print(f"   claim ε = 1.1 broken: {is_broken(1.1, 1e-3, hits, alarms, 500)}")

# %% [markdown]
# <details><summary>Compare</summary>
#
# *Clipped late* is convicted: the canary's gradient of length 20 reaches the mean nearly whole, and the noise was made
# for a length of 1. Nothing is proved about *clipped each*. Both add the same noise.
#
# </details>

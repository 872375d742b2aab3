# %% [markdown]
# # Exercises 46 · Debug a GAN
#
# You write the tests now. The checks run them on programs that are right, where they must keep silent, and on broken
# ones, which they must catch. [The chapter](../chapters/46_debug_a_gan.ipynb) has examples;
# [worked solutions](../solutions/46_debug_a_gan.ipynb) are there for later. Ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import torch
import torch.nn.functional as F

from gan_edu.checks import chapter_46 as q
from gan_edu.checks.chapter_46 import players

# %% [markdown]
# ## 1 · A test of a loss
# *Difficulty ●○○ · importance ●●● · 10 minutes*
#
# A discriminator's loss is a function `loss(real_logits, fake_logits)` of two tensors of shape (N, 1). It ought to be
#
# $$-\operatorname{mean} \log \sigma(\ell_\text{real}) \;-\; \operatorname{mean} \log(1 - \sigma(\ell_\text{fake})).$$
#
# Somebody hands you such functions, and some are broken. Write `test_loss(loss)`: it raises an `AssertionError` if the
# loss is broken, and does nothing if it is right, however it is written. It must also find a loss that breaks down at
# logits of ±200.
#
# **Before you write:** for which logits do you know the value without a computer?


# %% answer="test_loss"
def test_loss(loss):
    ### BEGIN SOLUTION
    for logit, known in ((0.0, 2 * math.log(2)), (10.0, 0.0), (-10.0, 20.0), (-200.0, 400.0)):
        real_logits = torch.full((4, 1), logit)
        value = loss(real_logits, -real_logits).item()
        assert abs(value - known) < 0.01, f"at logit {logit}: {value} instead of {known}"
    ### END SOLUTION


# %% check="test_loss" points=3
q.test_loss.check(test_loss)

# %%
# q.test_loss.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# See it work, on a loss with two sigmoids:


# %%
def two_sigmoids(real_logits, fake_logits):
    return F.softplus(-real_logits.sigmoid()).mean() + F.softplus(fake_logits.sigmoid()).mean()


try:
    test_loss(two_sigmoids)
    print("not caught")
except AssertionError:
    print("caught")

# %% [markdown]
# ## 2 · Who was changed?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Write the tracer: `changed_by(action, networks)` runs `action()` once and returns the **set of the names** of those
# networks of which at least one *parameter* is different afterwards. `networks` is a dictionary, name → network.
#
# Running means of batch norm are no parameters; a gradient that has arrived is no change yet.


# %% answer="changed_by"
def changed_by(action, networks):
    ### BEGIN SOLUTION
    snapshots = {}
    for name, network in networks.items():
        snapshots[name] = [parameter.detach().clone() for parameter in network.parameters()]
    action()
    result = set()
    for name, network in networks.items():
        for now, then in zip(network.parameters(), snapshots[name], strict=True):
            if not now.equal(then):
                result.add(name)
    return result
    ### END SOLUTION


# %% check="changed_by" points=3
q.changed_by.check(changed_by)

# %%
# q.changed_by.hint()

# %% [markdown]
# ## 3 · A test of a turn
# *Difficulty ●●● · importance ●●● · 25 minutes*
#
# `players()` gives four things, the same at each call: two tiny networks `G` and `D`, and their optimisers `opt_g` and
# `opt_d`. The generator takes noise of shape (N, 2). A **generator's turn** is a function `turn(G, D, opt_g, opt_d,
# noise)`.
#
# Write `test_turn(turn)`. It raises an `AssertionError` unless
#
# 1. `G` is changed,
# 2. `D` is not,
# 3. after some turns `D` takes the generator's points for real *more* than before (compare the mean logit for the same
#    noise),
# 4. gradients that were in `G` before the turn make no difference.
#
# What a turn returns, and what it leaves in `D`'s gradients, is its own affair.


# %% answer="test_turn"
def test_turn(turn):
    ### BEGIN SOLUTION
    torch.manual_seed(3)
    noise = torch.randn(100, 2)

    G, D, opt_g, opt_d = players()
    opinion = D(G(noise)).mean().item()
    weights_of_d = [parameter.detach().clone() for parameter in D.parameters()]
    weights_of_g = [parameter.detach().clone() for parameter in G.parameters()]
    for _ in range(20):
        turn(G, D, opt_g, opt_d, torch.randn(100, 2))
    assert any(not a.equal(b) for a, b in zip(G.parameters(), weights_of_g, strict=True)), "G stands still"
    assert all(a.equal(b) for a, b in zip(D.parameters(), weights_of_d, strict=True)), "D has been moved"
    assert D(G(noise)).mean().item() > opinion, "G goes the wrong way"

    twins = [players(), players()]
    for parameter in twins[1][0].parameters():
        parameter.grad = torch.full_like(parameter, 1000.0)
    for twin in twins:
        turn(*twin, noise)
    pairs = zip(twins[0][0].parameters(), twins[1][0].parameters(), strict=True)
    assert all(a.allclose(b) for a, b in pairs), "old gradients count"
    ### END SOLUTION


# %% check="test_turn" points=4
q.test_turn.check(test_turn)

# %%
# q.test_turn.hint()

# %% [markdown]
# ## 4 · Mend the code of a VAE
# *Difficulty ●●○ · importance ●●○ · 15 minutes*
#
# This function should draw a code `z` for each picture, from a normal distribution with the given mean and the given
# logarithm of the variance, and give the KL divergence to the standard normal prior, one number for each picture. It
# has **four** defects, and runs:
#
# ```python
# def sample_and_kl(mean, log_var):                                             # both (N, d)
#     z = mean * log_var.exp()
#     kl = -0.5 * (mean ** 2 + log_var.exp() - 1 - log_var).mean()
#     return z, kl                                                              # (N, d) and (N,)
# ```
#
# Find them (by a test, if you like: what should come out for mean 3 and a variance of 4?), then write it right.


# %% answer="sample_and_kl"
def sample_and_kl(mean, log_var):
    ### BEGIN SOLUTION
    std = torch.exp(0.5 * log_var)  # not the variance
    z = mean + std * torch.randn_like(std)  # the noise was missing
    per_number = mean.square() + log_var.exp() - log_var - 1
    return z, per_number.sum(dim=1) / 2  # a sum over the code, no minus
    ### END SOLUTION


# %% check="sample_and_kl" points=3
q.sample_and_kl.check(sample_and_kl)

# %%
# q.sample_and_kl.hint()

# %% [markdown]
# ## 5 · Where do you look first?
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# A friend writes: "My GAN runs for an hour without an error. The discriminator's loss is 1.386 from the second minute
# on, so it must be near the equilibrium. The pictures are grey and never change. I have tried five learning rates. The
# code is three notebooks; sometimes I have to run a cell twice. What should I try next?"
#
# Write down the order in which you would look: what do you ask first, with which test, and why in this order? Which of
# the friend's observations tell you something, and which don't?

# %% [markdown] answer="where_first" points=3
# <!-- ### BEGIN SOLUTION -->
# "Sometimes I have to run a cell twice" is the most telling sentence: the program depends on what is left over in the
# notebook. So first of all Restart and run all.
#
# The loss tells nothing: 1.386 is what a discriminator pays that says ½ to everything, for a good reason or for a bad
# one (one tensor for both labels, a shape that broadcasts, noise as data). Grey pictures that never change do tell
# something: the generator probably doesn't move. One step and `changed_by` decide that in a second.
#
# Before that I'd look at one batch as the step gets it, shape, range, picture, and at the losses at known logits. After
# that: does the outcome depend on the real batch and on the noise, can each player win alone? Learning rates come last;
# none of them replaces a missing `step()`. And each test that was red stays in the project.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.where_first.hint()
# q.where_first.check()

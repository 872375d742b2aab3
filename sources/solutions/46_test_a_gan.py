# %% [markdown]
# # Exercises 46 · Test a GAN
#
# You write the tests now. The checks run them on programs that are right, where they must keep silent, and on broken
# ones, which they must catch. [The chapter](../chapters/46_test_a_gan.ipynb) has examples;
# [worked solutions](../solutions/46_test_a_gan.ipynb) are there for later. Ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import torch
import torch.nn.functional as F

from gan_edu.checks import chapter_46 as q

# %% [markdown]
# ## 1. A test of a loss
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
# **Before you write:** for which logits do you know the value without a computer? And what would your test say to a
# loss that never looks at the fakes?


# %% answer="test_loss"
def test_loss(loss):
    ### BEGIN SOLUTION
    for logit, known in ((0.0, 2 * math.log(2)), (10.0, 0.0), (-10.0, 20.0), (-200.0, 400.0)):
        real_logits = torch.full((4, 1), logit)
        value = loss(real_logits, -real_logits).item()
        assert abs(value - known) < 0.01, f"at logit {logit}: {value} instead of {known}"
    sure, one_wrong = torch.full((4, 1), 10.0), torch.tensor([[-10.0], [10.0], [10.0], [10.0]])
    assert abs(loss(one_wrong, -sure).item() - 2.5) < 0.01, "wrong about one real sample of four"
    assert abs(loss(sure, -one_wrong).item() - 2.5) < 0.01, "wrong about one fake of four"
    ### END SOLUTION


# %% check="test_loss" points=3
q.test_loss.check(test_loss)
### BEGIN HIDDEN TESTS
import torch as _torch


def _red(loss):
    try:
        test_loss(loss)
    except Exception:
        return True
    return False


_plus = _torch.nn.functional.softplus
assert not _red(lambda real_logits, fake_logits: (_plus(-real_logits) + _plus(fake_logits)).mean())
assert _red(lambda real_logits, fake_logits: (_plus(-real_logits) + _plus(fake_logits)).mean() / 2)
assert _red(lambda real_logits, fake_logits: (_plus(real_logits) + _plus(fake_logits)).mean())
assert _red(lambda real_logits, fake_logits: 0.0 * real_logits.sum() + 1.3863)
assert _red(lambda real_logits, fake_logits: 2 * _plus(fake_logits).mean())
### END HIDDEN TESTS

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
# ## 2. Who was changed?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Write the tracer: `changed_by(action, networks)` runs `action()` once and returns the **set of the names** of those
# networks of which at least one *parameter* is different afterwards. `networks` is a dictionary, name → network.
#
# Count each change, however small, and in frozen networks as well. Running means of batch norm aren't parameters; a
# gradient that has arrived is no change yet.


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
### BEGIN HIDDEN TESTS
import torch as _torch

_nets = {name: _torch.nn.Linear(3, 2) for name in ("one", "two", "three")}


def _change():
    with _torch.no_grad():
        _nets["two"].bias[1] += 0.5
        _nets["three"].weight[0, 0] -= 1e-3


assert set(changed_by(_change, _nets)) == {"two", "three"}
assert set(changed_by(lambda: _nets["one"](_torch.ones(3)).sum().backward(), _nets)) == set()
### END HIDDEN TESTS

# %%
# q.changed_by.hint()

# %% [markdown]
# ## 3. Where do you look first?
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

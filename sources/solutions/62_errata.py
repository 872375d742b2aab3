# %% [markdown]
# # Exercises 62 · Errata
#
# How can one tell? Four exercises on [the chapter](../chapters/62_errata.ipynb): with sentences, with a loss, with
# data, and with a prediction. Stuck? Ask for a hint; [worked solutions](../solutions/62_errata.ipynb) are there too,
# for later.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch
from torch.nn import functional as F

from gan_edu.checks import chapter_62 as q

# %% [markdown]
# ## 1. Six sentences
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# Three of these sentences are wrong. Which ones?
#
# - **A** The better the generated points, the nearer the *best possible* discriminator's loss comes to $2 \ln 2$.
# - **B** The inception score says how similar generated pictures are to real ones.
# - **C** A generator needs no encoder.
# - **D** Where the saturating loss gives hardly any gradient, a deeper discriminator brings it back.
# - **E** With a hidden common cause, a hundred times more records bring the estimate near the true effect.
# - **F** A discriminator whose loss stands at $2 \ln 2$ may have learned nothing.
#
# Return the letters of the wrong ones, for example `"AF"` or `{"A", "F"}`.


# %% answer="wrong_sentences"
def wrong_sentences():
    ### BEGIN SOLUTION
    return "BDE"  # E-99, E-49, E-26
    ### END SOLUTION


# %% check="wrong_sentences" points=1
q.wrong_sentences.check(wrong_sentences)
### BEGIN HIDDEN TESTS
_said = wrong_sentences()
assert {each.upper() for each in ("".join(_said)) if each.isalpha()} == set("BDE")
### END HIDDEN TESTS

# %%
# q.wrong_sentences.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# ## 2. Does the generator occur in it?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A generator's loss is a function of the logits of real and of generated points. The generator can learn from it only
# if a gradient arrives at the logits of *generated* points, and isn't zero everywhere.
#
# Write that test: given `loss`, a function of `(real_logits, fake_logits)`, and two tensors of logits, return `True` or
# `False`. Take care of losses that can't be differentiated at all: some forget the generator, and others cut the thread
# with `detach()`.
#
# For instance, `lambda real, fake: F.softplus(-fake).mean()` is fine, and `lambda real, fake: F.softplus(-real).mean()`
# isn't.


# %% answer="can_learn"
def can_learn(loss, real_logits, fake_logits):
    """True if a gradient arrives at the logits of generated points that isn't zero everywhere."""
    ### BEGIN SOLUTION
    fake = fake_logits.clone().requires_grad_()
    value = loss(real_logits, fake)
    if not value.requires_grad:  # nothing in it can be differentiated
        return False
    (slope,) = torch.autograd.grad(value, fake, allow_unused=True)
    return slope is not None and bool(slope.any())
    ### END SOLUTION


# %% check="can_learn" points=2
q.can_learn.check(can_learn)
### BEGIN HIDDEN TESTS
import torch as _torch
from torch.nn.functional import softplus as _softplus

_r, _f = _torch.linspace(-2, 3, 7)[:, None], _torch.linspace(-3, 2, 7)[:, None]
assert can_learn(lambda real, fake: _softplus(-fake).mean() + _softplus(real).mean(), _r, _f)
assert can_learn(lambda real, fake: -_softplus(fake).mean(), _r, _f)
assert not can_learn(lambda real, fake: _softplus(real).mean(), _r, _f)
assert not can_learn(lambda real, fake: _softplus(-fake.detach()).mean(), _r, _f)
assert not can_learn(lambda real, fake: 0 * fake.mean() + 1, _r, _f)
### END HIDDEN TESTS

# %%
# q.can_learn.hint()

# %%
logits = torch.linspace(-2, 2, 5)[:, None]
can_learn(lambda real, fake: F.softplus(-real).mean() - F.softplus(fake).mean(), logits, logits)  # did you predict it?

# %% [markdown]
# ## 3. Among people with the same cause
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# The cause of section 2 is not hidden any more: it was measured. Estimate the effect of the treatment. `treated` and
# `cause` hold zeros and ones, `outcome` numbers, all of shape `(N,)`. In each group with the same cause, take the mean
# outcome of the treated minus that of the others. Then average the two differences, each weighted with its group's
# share of *all* people. Return one number.


# %% answer="effect"
def effect(treated, outcome, cause):
    ### BEGIN SOLUTION
    total = 0.0
    for value in (0, 1):
        group = cause == value
        yes, no = outcome[group & (treated == 1)], outcome[group & (treated == 0)]
        total += group.float().mean() * (yes.mean() - no.mean())
    return total
    ### END SOLUTION


# %% check="effect" points=2
q.effect.check(effect)
### BEGIN HIDDEN TESTS
from torch import tensor as _tensor

_t = _tensor([1.0, 0, 0, 1, 1, 0, 1, 1, 0, 0])
_c = _tensor([0.0, 0, 0, 1, 1, 1, 1, 1, 0, 0])
_y = _tensor([2.0, 1, 0, 5, 7, 3, 6, 6, 2, 1])
assert abs(float(effect(_t, _y, _c)) - 2.0) < 1e-5
assert abs(float(effect(_t, 2 * _y + 5, _c)) - 4.0) < 1e-4
_c = _tensor([0.0, 0, 0, 1, 1, 1, 1, 1, 1, 1])
assert abs(float(effect(_t, _y, _c)) - (0.3 * 1.5 + 0.7 * 4.0)) < 1e-5
### END HIDDEN TESTS

# %%
# q.effect.hint()

# %% [markdown]
# ## 4. Two predictions, with a reason
# *Difficulty ●●● · importance ●●● · 10 minutes*
#
# Predict, and say why, in two or three sentences each.
#
# 1. A hospital has 2,000 records like those of section 2, cause not recorded. A colleague trains a GAN on them and
#    draws a million more, "so that we get the effect more precisely". What will the million records give, and how
#    precisely?
# 2. A friend's GAN has had $L_D = 0.02$ for an hour, on new points as well. He has read that good samples make D's
#    loss small. What will his samples look like, and what do you look at first?

# %% [markdown] answer="two_predictions" points=2
# <!-- ### BEGIN SOLUTION -->
# 1. Near 3.4 at best, and not nearer to the effect. The generator copies what goes together in 2,000 records, with
#    their errors by chance and its own. The formula for the standard error will say "very precise", because it counts a
#    million rows; but there are only 2,000 people, and the common cause is still hidden.
# 2. Bad: D tells them from real ones with ease. I look first whether G's weights change at all and whether its range is
#    that of the data, because slips in code have the same curve; then at samples.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.two_predictions.hint()
# q.two_predictions.check()

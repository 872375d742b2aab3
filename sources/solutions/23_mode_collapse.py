# %% [markdown]
# # Exercises 23 · Mode collapse
#
# Find the moment of a collapse, and measure how much is left, after [the chapter](../chapters/23_mode_collapse.ipynb).
# Stuck? Ask for a hint; [worked solutions](../solutions/23_mode_collapse.ipynb) are there too, for later.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch

from gan_edu import data, ensemble, metrics, nets, plotting, training
from gan_edu.checks import chapter_23 as q

plotting.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## 1. The look at which a mode was lost
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A training was looked at T times, and at each look the held modes of S seeds were counted: `held` is a tensor (T, S)
# of whole numbers. `total` is how many modes there are.
#
# Write `lost_at(held, total)`. For each seed it gives the number of the first look (counted from 0) at which the count
# is below `total` although it *was* `total` at the look before; and −1 for a seed to which that never happened. S
# numbers, as a tensor or a list.


# %% answer="lost_at"
def lost_at(held, total):
    ### BEGIN SOLUTION
    later, found = held[1:], []
    for seed in range(held.shape[1]):
        falls = ((held[:-1, seed] == total) & (later[:, seed] < total)).nonzero().flatten()
        found.append(falls[0].item() + 1 if len(falls) else -1)
    return found
    ### END SOLUTION


# %% check="lost_at" points=2
q.lost_at.check(lost_at)
### BEGIN HIDDEN TESTS
import torch as _torch

assert [int(_) for _ in lost_at(_torch.tensor([[4, 4, 1], [4, 4, 2], [3, 4, 3], [4, 2, 3], [1, 4, 2]]), 4)] == [
    2,
    3,
    -1,
]
assert [int(_) for _ in lost_at(_torch.tensor([[5, 6], [4, 5]]), 7)] == [-1, -1]
### END HIDDEN TESTS

# %%
# q.lost_at.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# Try it on a training of your own. Both learning rates are 0.01 here, which the chapter found to be too fast:

# %%
ring = data.toy.ring()
gans = ensemble.gans(
    lambda: nets.mlp([2, 32, 32, 2], activation="tanh"), lambda: nets.mlp([2, 32, 32, 1], activation="tanh"), lr=1e-2
)
looks, counts = [], []
for step in training.train(gans, ring, steps=1000, progress=False):
    if step.number % 25 == 0:
        looks.append(step.number)
        counts.append(metrics.mode_coverage(gans.sample(500), ring).counts)
held = (torch.stack(counts) / 500 > 1 / 32).sum(dim=-1)

plotting.seeds_over_time(looks, held, "modes held", label="lr = 0.01", reference=(8, "all"))

# %% tags=["nbval-ignore-output"]
[looks[look] if look >= 0 else "never" for look in lost_at(held, 8)]

# %% [markdown]
# ## 2. The effective number of modes
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# *Captured* counts a mode with one point in the same way as a mode with a thousand. A softer count: take the share
# $p_i$ of each mode among the points (of high quality) of a seed, and give
#
# $$N_\text{eff} = \exp\Big(-\sum_i p_i \ln p_i\Big), \qquad 0 \ln 0 = 0.$$
#
# If the points lie on $k$ modes in equal parts, that is exactly $k$.
#
# Write `effective_modes(counts)`, from whole numbers (S, K), as in `mode_coverage(…).counts`, to one number for each of
# the S seeds. **Predict:** what will it give for counts of 97, 1, 1 and 1?


# %% answer="effective_modes"
def effective_modes(counts):
    ### BEGIN SOLUTION
    p = counts / counts.sum(dim=1, keepdim=True)
    return torch.special.entr(p).sum(dim=1).exp()  # entr(p) is -p ln p, and 0 at p = 0
    ### END SOLUTION


# %% check="effective_modes" points=2
q.effective_modes.check(effective_modes)
### BEGIN HIDDEN TESTS
import math as _math

import torch as _torch

_given = effective_modes(_torch.tensor([[7, 7, 7, 0, 0], [0, 0, 0, 0, 9], [1, 3, 0, 0, 0]]))
for _got, _wanted in zip(_given, (3.0, 1.0, _math.exp(_math.log(4) - 0.75 * _math.log(3))), strict=True):
    assert abs(float(_got) - _wanted) < 1e-3
### END HIDDEN TESTS

# %%
# q.effective_modes.hint()

# %% [markdown]
# (The prediction: about 1.18. The three lonely points count for less than a fifth of a mode.) Both counts of your
# training, side by side (a seed without a single point of high quality has no shares, so its line has a gap):

# %%
soft = torch.stack([effective_modes(each) for each in counts])
captured = (torch.stack(counts) > 0).sum(dim=-1)
plotting.seeds_over_time(looks, {"captured": captured, "effective": soft}, "modes", reference=(8, "all"))

# %% [markdown]
# ## 3. What the best discriminator would pay
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# Real data lie on K places with shares `p` (K,), generated data with shares `q`; either may have zeros, but at each
# place at least one of them is above zero. The loss of a discriminator which says $D_i$ at place $i$ is
#
# $$L_D = -\sum_i p_i \ln D_i - \sum_i q_i \ln (1 - D_i).$$
#
# Write `perfect_loss(p, q)`: the smallest loss that any discriminator can have. (Which $D_i$ is best? Take the
# derivative of place $i$'s two terms.) Use it to see how much a lost rare mode lowers this loss.


# %% answer="perfect_loss"
def perfect_loss(p, q):
    ### BEGIN SOLUTION
    best = p / (p + q)  # from -p/D + q/(1 - D) = 0
    on_real = torch.special.xlogy(p, best)
    on_fake = torch.special.xlogy(q, 1 - best)
    return -(on_real + on_fake).sum()
    ### END SOLUTION


# %% check="perfect_loss" points=3
q.perfect_loss.check(perfect_loss)
### BEGIN HIDDEN TESTS
import math as _math

import torch as _torch

_p, _q = _torch.tensor([[0.25, 0.75, 0.0], [0.0, 0.5, 0.5]], dtype=_torch.float64)
_wanted = -0.75 * _math.log(0.6) - 0.5 * _math.log(0.4)
assert abs(float(perfect_loss(_p, _q)) - _wanted) < 1e-5
_same = _torch.tensor([0.2, 0.3, 0.5], dtype=_torch.float64)
assert abs(float(perfect_loss(_same, _same)) - 2 * _math.log(2)) < 1e-5
### END HIDDEN TESTS

# %%
# q.perfect_loss.hint()

# %% [markdown]
# **Predict:** a generator gives up one mode of eight. By how much does the best discriminator's loss sink below
# $2 \ln 2 \approx 1.386$, if that mode has an eighth of the data? And if it has 1 %?

# %%
for rare in (1 / 8, 0.01):
    shares = torch.tensor([rare] + [(1 - rare) / 7] * 7, dtype=torch.float64)
    without = torch.tensor([0.0] + [1 / 7] * 7, dtype=torch.float64)
    print(f"share {rare:.3f}: {2 * torch.tensor(2.0).log() - perfect_loss(shares, without):.4f} below 2 ln 2")

# %% [markdown]
# ## 4. “No mode collapse was observed”
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A report shows 64 beautiful samples of one training, loss curves that stand near $2 \ln 2$ and $\ln 2$, and says: "No
# mode collapse was observed." What do you ask the authors? Think of seeds, of the moment, of what was counted, of what
# nobody counts. Five or six sentences.

# %% [markdown] answer="no_collapse" points=2
# <!-- ### BEGIN SOLUTION -->
# How many seeds were trained, and were these samples taken from the best? At which step, and was the step chosen by
# looking? I have seen complete rings that held half of their modes 60 steps later.
#
# What was counted? 64 samples can't show what is missing: even from a perfect generator, about half of all such
# pictures would hold nothing of a group whose share is 1 %. I would ask for shares of groups that can be named, with
# thousands of samples and the error of each share. Otherwise I would ask for recall or coverage (chapter 36: how much
# of the real data lies near generated data), beside the value of real data.
#
# The losses say nothing: a late or blind discriminator has the same. I would ask for a fresh one, trained on the
# finished samples and tested on new ones.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.no_collapse.hint()
# q.no_collapse.check()

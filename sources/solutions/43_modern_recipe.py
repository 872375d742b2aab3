# %% [markdown]
# # Exercises 43 · The modern recipe
#
# You write the parts of the recipe yourself, give γ its unit, and work out the row that every table of modes should
# have. The theory is in [the chapter](../chapters/43_modern_recipe.ipynb);
# [worked solutions](../solutions/43_modern_recipe.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import torch
import torch.nn.functional as F

from gan_edu import data, metrics, nets, plotting
from gan_edu.checks import chapter_43 as q

plotting.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## 1 · Losses of pairs
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# Write both losses of the paired game. The logits of real and of generated points come in two tensors `(N,)`; real
# number $i$ is paired with fake number $i$.
#
# $$L_D = -\operatorname{mean} \log \sigma(\ell_\text{real} - \ell_\text{fake}), \qquad
# L_G = -\operatorname{mean} \log \sigma(\ell_\text{fake} - \ell_\text{real})$$
#
# Return `(loss_d, loss_g)`. They must survive logits like 80.


# %% answer="relativistic_losses"
def relativistic_losses(real_logits, fake_logits):
    ### BEGIN SOLUTION
    loss_d = F.softplus(fake_logits - real_logits).mean()
    loss_g = F.softplus(real_logits - fake_logits).mean()
    return loss_d, loss_g
    ### END SOLUTION


# %% check="relativistic_losses" points=2
q.relativistic_losses.check(relativistic_losses)

# %%
# q.relativistic_losses.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# ## 2 · R1 and R2
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# Write the penalty $\frac\gamma2 E\|\nabla D(x)\|^2 + \frac\gamma2 E\|\nabla D(G(z))\|^2$. `discriminator` takes points
# `(N, …)` of any shape and gives logits `(N, 1)`. The penalty is for $D$: its gradient must reach $D$'s weights, and
# not the generator that made `fake`.


# %% answer="gradient_penalties"
def gradient_penalties(discriminator, real, fake, gamma):
    ### BEGIN SOLUTION
    total = 0.0
    for x in (real, fake):
        x = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
        total = total + gradient.square().flatten(1).sum(dim=1).mean()
    return gamma / 2 * total
    ### END SOLUTION


# %% check="gradient_penalties" points=3
q.gradient_penalties.check(gradient_penalties)

# %%
# q.gradient_penalties.hint()

# %% [markdown]
# ## Your recipe at work
#
# Both parts in one loop, on the ring, for 500 steps. **Predict:** how many of the eight modes will it have?

# %%
torch.manual_seed(0)
ring = data.toy.ring()
G = nets.mlp([2, 32, 32, 2], activation="tanh")
D = nets.mlp([2, 32, 32, 1], activation="tanh")
opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr=5e-3, betas=(0.0, 0.99)) for net in (G, D))
for _ in range(500):
    real, fake = ring.sample(128), G(torch.randn(128, 2))
    loss_d, _ = relativistic_losses(D(real)[:, 0], D(fake.detach())[:, 0])
    loss_d = loss_d + gradient_penalties(D, real, fake, gamma=0.1)
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
    _, loss_g = relativistic_losses(D(real)[:, 0], D(fake)[:, 0])
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()

# %%
with torch.no_grad():
    made = G(torch.randn(2500, 2))
plotting.scatter_2d(ring.sample(1000, 1), made[:1000], title="your recipe after 500 steps")

# %% tags=["nbval-ignore-output"]
print(metrics.mode_coverage(made, ring))

# %% [markdown]
# ## 3 · A unit for γ
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# A colleague found a good `gamma` for data with root mean square `old_rms`. You have multiplied all data by a constant,
# so that theirs is now `new_rms`. Write `matched_gamma`: the γ that plays the same game.


# %% answer="matched_gamma"
def matched_gamma(gamma, old_rms, new_rms):
    ### BEGIN SOLUTION
    return gamma * (new_rms / old_rms) ** 2
    ### END SOLUTION


# %% check="matched_gamma" points=1
q.matched_gamma.check(matched_gamma)

# %%
# q.matched_gamma.hint()

# %% [markdown]
# ## 4 · What noise gets
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Somebody reports modes and high quality on a set of `modes` Gaussians. Before you are impressed: what would points get
# that are thrown evenly into the square of side `side`? A point is of high quality within `radius` of a mode (these
# discs lie in the square and don't overlap); a mode is captured if at least one of `n` points is in its disc.
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

# %%
# q.noise_row.hint()

# %% [markdown]
# The same grid, and four ways to describe a method that knows nothing:

# %%
for std, n in ((0.05, 2500), (0.05, 26_000), (0.2, 2500), (0.3, 2500)):
    quality, captured = noise_row(25, 10.0, 3 * std, n)
    print(f"std {std}, {n:6} samples: {captured:4.1f} modes of 25, {quality:5.1%} of high quality")

# %% [markdown]
# ## 5 · A half-life for your run
# *Difficulty ●●○ · importance ●●○ · 5 minutes*
#
# Write `ema_decay(share, steps)`: the decay β of an average of weights whose half-life is `share` (say 0.02) of a run
# of `steps` steps.


# %% answer="ema_decay"
def ema_decay(share, steps):
    ### BEGIN SOLUTION
    return 0.5 ** (1 / (share * steps))
    ### END SOLUTION


# %% check="ema_decay" points=1
q.ema_decay.check(ema_decay)

# %%
# q.ema_decay.hint()

# %% [markdown]
# ## 6 · A row in a table
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
# I would run the plain GAN in the new method's code, with its budget, and compare with that.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.table_row.hint()
# q.table_row.check()

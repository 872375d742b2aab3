# %% [markdown]
# # Exercises 43 · The modern recipe
#
# You write the parts of the recipe yourself, give γ its unit, and choose the memory of an average. The theory is in
# [the chapter](../chapters/43_modern_recipe.ipynb). [Worked solutions](../solutions/43_modern_recipe.ipynb) are there
# for later. Ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch
import torch.nn.functional as F

from gan_edu import data, metrics, nets, plotting
from gan_edu.checks import chapter_43 as q

plotting.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## 1. Losses of pairs
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
### BEGIN HIDDEN TESTS
import math as _math

import torch as _torch

_r = _torch.tensor([0.25, -4.0, 75.0, 1.0], requires_grad=True)
_f = _torch.tensor([2.0, -1.0, -75.0, 1.0], requires_grad=True)
_gaps = (0.25 - 2.0, -4.0 + 1.0, 150.0, 0.0)
_d, _g = relativistic_losses(_r, _f)
assert abs(_d.item() - sum(_math.log1p(_math.exp(-v)) for v in _gaps) / 4) < 1e-4
assert abs(_g.item() - sum(_math.log1p(_math.exp(v)) for v in _gaps) / 4) < 1e-4
_slopes = _torch.autograd.grad(_d, (_r, _f), retain_graph=True) + _torch.autograd.grad(_g, (_f,))
assert all(s.any() for s in _slopes)
### END HIDDEN TESTS

# %%
# q.relativistic_losses.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# ## 2. R1 and R2
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
### BEGIN HIDDEN TESTS
import torch as _torch

_a = _torch.nn.Linear(5, 1)
_made = _torch.nn.Linear(2, 5)
_value = gradient_penalties(_a, _torch.randn(4, 5), _made(_torch.randn(4, 2)), 3.0)
_norm = _a.weight.square().sum()  # the slope of a linear D is its weight, everywhere
assert abs(_value.item() - 3.0 * _norm.item()) < 1e-4
_value.backward()
assert _a.weight.grad.allclose(6.0 * _a.weight, atol=1e-4) and _made.weight.grad is None
### END HIDDEN TESTS

# %%
# q.gradient_penalties.hint()

# %% [markdown]
# ## Your recipe at work
#
# Both parts in one loop, on the ring, for 500 steps. **Predict, and say why:** how many of the eight modes will it
# have?

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
# One run of one seed says little. Section 4 of the chapter tries eight seeds and three values of γ (with another
# learning rate and other β). Try γ = 1 here, and another seed.

# %% [markdown]
# ## 3. A unit for γ
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# A colleague found a good `gamma` for data with root mean square `old_rms`. You have multiplied all data by a constant,
# so that the root mean square is now `new_rms`. Write `matched_gamma`: the γ with which the same landscape, stretched
# along with the data (each point keeps its logit), pays the same penalty.


# %% answer="matched_gamma"
def matched_gamma(gamma, old_rms, new_rms):
    ### BEGIN SOLUTION
    return gamma * (new_rms / old_rms) ** 2
    ### END SOLUTION


# %% check="matched_gamma" points=1
q.matched_gamma.check(matched_gamma)
### BEGIN HIDDEN TESTS
assert abs(float(matched_gamma(0.5, 4.0, 1.0)) - 0.03125) < 1e-8
assert abs(float(matched_gamma(2.0, 0.2, 0.6)) - 18.0) < 1e-4
### END HIDDEN TESTS

# %%
# q.matched_gamma.hint()

# %% [markdown]
# ## 4. A half-life for your run
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
### BEGIN HIDDEN TESTS
for _share, _steps in ((0.03, 700), (0.5, 64), (0.01, 30_000)):
    assert abs(float(ema_decay(_share, _steps)) ** (_share * _steps) - 0.5) < 1e-4
### END HIDDEN TESTS

# %%
# q.ema_decay.hint()

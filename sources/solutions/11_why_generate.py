# %% [markdown]
# # Exercises 11 · Why generate
#
# You write four small functions: from a table to an answer, a score for a picture with gaps, the density of a sampler,
# and a test that says where there is no density. [The chapter](../chapters/11_why_generate.ipynb) explains the ideas.
# [Worked solutions](../solutions/11_why_generate.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import matplotlib.pyplot as plt
import torch

from gan_edu import data, device, nets, plotting
from gan_edu.checks import chapter_11 as q

plotting.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## 1. From the table to the answer
# *Difficulty ●○○ · importance ●●● · 6 minutes*
#
# `joint` is a table of shape (X, Y): entry (x, y) is the probability $p(x, y)$ of this pair, so all entries together
# sum to 1. Each $x$ occurs. Write `conditional(joint)`, of the same shape: entry (x, y) is $p(y \mid x)$.
#
# **Predict:** the fruits of the chapter are `[[0.45, 0.05], [0.15, 0.35]]`. What comes out for a red fruit (row 0)?


# %% answer="conditional"
def conditional(joint):
    ### BEGIN SOLUTION
    return joint / joint.sum(1, keepdim=True)
    ### END SOLUTION


# %% check="conditional" points=1
q.conditional.check(conditional)
### BEGIN HIDDEN TESTS
import torch as _torch

_table = conditional(_torch.tensor([[0.1, 0.1, 0.2], [0.06, 0.24, 0.3]], dtype=_torch.double))
assert [[round(float(p), 6) for p in row] for row in _table] == [[0.25, 0.25, 0.5], [0.1, 0.4, 0.5]]
### END HIDDEN TESTS

# %%
# q.conditional.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# (A red fruit is an apple with probability $0.45 / 0.5 = 0.9$.)
#
# At work: $x$ is one pixel in the middle of a digit (0: no ink, 1: ink), $y$ is the digit. If you know only that this
# pixel has *no* ink, which digit is the most probable?

# %%
mnist, test = data.images("mnist"), data.images("mnist", "test")
digits, unseen = ((images.pixels > 127).flatten(1).double() for images in (mnist, test))
middle = digits[:, 14 * 28 + 14].long()
joint = torch.bincount(10 * middle + mnist.labels, minlength=20).view(2, 10) / len(digits)
for name, row in zip(("no ink in the middle", "ink in the middle"), conditional(joint), strict=True):
    print(f"{name + ':':22}", " ".join(f"{digit}: {p:.2f} " for digit, p in enumerate(row.tolist())))

# %% [markdown]
# A zero, whose middle is empty; a seven comes next. But a fifth is far from certain: one pixel says little.
#
# ## 2. A picture with gaps
# *Difficulty ●○○ · importance ●●○ · 8 minutes*
#
# Pictures are rows of zeros and ones, `x` of shape (N, d), but some pixels are covered: `known`, of shape (d,), is
# `True` where a pixel is known, and in the other columns `x` holds NaN. The model is a sheet of coins, `theta` of shape
# (d,): the probability of a 1 at each pixel. Write `known_score(x, theta, known)`, of shape (N,): the logarithm of the
# probability of all that is known of each picture.


# %% answer="known_score"
def known_score(x, theta, known):
    ### BEGIN SOLUTION
    x, theta = x[:, known], theta[known]
    return (x * theta.log() + (1 - x) * (1 - theta).log()).sum(1)
    ### END SOLUTION


# %% check="known_score" points=1
q.known_score.check(known_score)
### BEGIN HIDDEN TESTS
import math as _math

import torch as _torch

_x = _torch.tensor([[1.0, _math.nan, 0.0, 1.0], [0.0, _math.nan, 0.0, 1.0]], dtype=_torch.double)
_theta = _torch.tensor([0.2, 0.6, 0.3, 0.5], dtype=_torch.double)
_scores = known_score(_x, _theta, _torch.tensor([True, False, True, True]))
for _score, _p in zip(_scores, (0.2 * 0.7 * 0.5, 0.8 * 0.7 * 0.5), strict=True):
    assert abs(float(_score) - _math.log(_p)) < 1e-5
### END HIDDEN TESTS

# %%
# q.known_score.hint()

# %% [markdown]
# At work: ten sheets, one for each digit, and only the uppermost rows of each test digit are known.
#
# **Predict, and say why:** how many of the 28 rows are needed to name half of the digits correctly?

# %%
sheets = torch.stack([(digits[mnist.labels == k].sum(0) + 0.1) / ((mnist.labels == k).sum() + 0.2) for k in range(10)])
for rows in (2, 6, 10, 14, 28):
    known = torch.arange(784) < 28 * rows
    covered = torch.where(known, unseen, math.nan)
    best = torch.stack([known_score(covered, sheet, known) for sheet in sheets], 1).argmax(1)
    print(f"{rows:2} of 28 rows: {(best == test.labels).double().mean():.2f}")

# %% [markdown]
# Two rows are worth nothing (one in ten is guessing), because hardly any digit begins there. Six rows name about four
# in ten, and ten rows more than half.
#
# ## 3. The density of a sampler
# *Difficulty ●●○ · importance ●●● · 12 minutes*
#
# A sampler on a line: noise $z \sim N(0, 1)$ goes in, $x = G(z)$ comes out. $G$ takes and gives tensors of shape (N,),
# number by number; it either rises everywhere or falls everywhere. Write `log_density(G, z)`, of shape (N,): the
# logarithm of the density of $x$ at the places $G(z)$.


# %% answer="log_density"
def log_density(G, z):
    ### BEGIN SOLUTION
    z = z.detach().requires_grad_()
    (slope,) = torch.autograd.grad(G(z).sum(), z)
    return (-(z**2) / 2 - 0.5 * math.log(2 * math.pi) - slope.abs().log()).detach()
    ### END SOLUTION


# %% check="log_density" points=2
q.log_density.check(log_density)
### BEGIN HIDDEN TESTS
import math as _math

import torch as _torch

_places = (0.3, -1.0)
_values = log_density(lambda z: -(z**3) - 4 * z, _torch.tensor(_places, dtype=_torch.double))
for _value, _z in zip(_values, _places, strict=True):
    _right = -(_z**2) / 2 - 0.5 * _math.log(2 * _math.pi) - _math.log(3 * _z**2 + 4)
    assert abs(float(_value) - _right) < 1e-4
### END HIDDEN TESTS

# %%
# q.log_density.hint()


# %%
def sampler(z):
    return torch.sinh(1.2 * z) / 2 - z / 4


device.seed_everything(0)
z = torch.linspace(-2.2, 2.2, 300).double()
_, ax = plt.subplots(figsize=(6.8, 2.8))
samples = sampler(torch.randn(100_000).double())
ax.hist(samples.numpy(), bins=200, range=(-4, 4), density=True, color=plotting.FAKE, alpha=0.4, label="samples")
ax.plot(sampler(z), log_density(sampler, z).exp(), color=plotting.THEORY, linestyle="--", linewidth=1.5, label="yours")
ax.set(xlabel="x", ylabel="density", xlim=(-4, 4))
ax.legend()
plt.show()

# %% [markdown]
# ## 4. How thin is the sheet?
# *Difficulty ●●● · importance ●●○ · 12 minutes*
#
# `G` is a network from noise `z` of shape (k,) to an output of shape (d,). Move `z` a little in one direction, and the
# output moves a little, too. All these movements are the columns of a (d, k) matrix, the **Jacobian** of $G$ at $z$.
# How many of them are independent is the matrix's **rank**.
#
# Write `directions(G, z)`: in how many independent directions can the output move when `z` moves a little? (It is a
# whole number.) If there are fewer than d at nearly *every* z, the samples lie on a thin sheet, and there is no
# density. (At a single place it may be fewer without harm: $z^3$ stands still at 0, and its samples have a density.)


# %% answer="directions"
def directions(G, z):
    ### BEGIN SOLUTION
    return int(torch.linalg.matrix_rank(torch.autograd.functional.jacobian(G, z)))
    ### END SOLUTION


# %% check="directions" points=2
q.directions.check(directions)
### BEGIN HIDDEN TESTS
import torch as _torch


class _Sums(_torch.nn.Module):
    def forward(self, z):
        return _torch.stack([z[0] + z[1], (z[0] + z[1]) ** 3, z[2] - z[0] - z[1], z[2]])


assert int(directions(_Sums(), _torch.tensor([0.4, 0.3, -1.0], dtype=_torch.double))) == 2
### END HIDDEN TESTS

# %%
# q.directions.hint()

# %% [markdown]
# **Predict, and say why:** for a generator with 100 numbers of noise and 784 pixels, and for one with a layer of 10 in
# between?

# %%
device.seed_everything(0)
for layers in ([100, 128, 784], [100, 10, 784]):
    G = nets.mlp(layers, activation="tanh").double()
    print(layers, "→", directions(G, torch.randn(100).double()), "directions of 784")

# %% [markdown]
# The first can move in 100 directions, the second in 10. What has been pressed through the narrowest layer can't become
# wider again.
#
# ## 5. Dead, or at work?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A friend says: “Diffusion models have won. Nobody needs GANs any more, so why learn about them?”
#
# What is right about this, and what is wrong? What would you want to know about a project before you choose a kind of
# model? Write five or six sentences. Section 4 of the chapter names sources.

# %% [markdown] answer="dead_or_at_work" points=2
# <!-- ### BEGIN SOLUTION -->
# It is right that diffusion and autoregressive models have become the usual way to make pictures from text since 2021:
# they train without a game and cover the data better (Dhariwal and Nichol 2021). But a GAN needs one pass for a sample,
# and that decides where speed counts, as in making speech (HiFi-GAN). A discriminator also works inside other models:
# in the autoencoders of latent diffusion (VQGAN), and where diffusion is taught to need few steps (DMD2). Before
# choosing I would ask how long a sample may take, how much variety matters, whether a likelihood is needed, and how
# many data there are. Then I would compare the candidates on my own data.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.dead_or_at_work.hint()
# q.dead_or_at_work.check()

# %% [markdown]
# 🔎 **Try it.** In question 2, cover the upper rows instead of the lower ones. Are 14 lower rows worth as much as 14
# upper ones?

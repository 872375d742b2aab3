# %% [markdown]
# # Exercises 12 · Classic generative models
#
# You write the central lines of [the chapter](../chapters/12_classic_generative_models.ipynb)'s models yourself: the
# score of coins, the best Gaussian, the E step of a mixture, and a mixture's score. [Worked
# solutions](../solutions/12_classic_generative_models.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import matplotlib.pyplot as plt
import torch

from gan_edu import data, device, plotting
from gan_edu.checks import chapter_12 as q

plotting.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## 1. The score of a sheet of coins
# *Difficulty ●○○ · importance ●●● · 8 minutes*
#
# Pictures are rows of zeros and ones, `x` of shape (N, d). A sheet of coins has one probability of a 1 for each pixel,
# `theta` of shape (d,), all between 0 and 1. Write `average_score(x, theta)`: the log-likelihood of a picture, in nats,
# averaged over the pictures. The result is one number.
#
# **Predict:** what must come out for 784 fair coins, whatever the pictures?


# %% answer="average_score"
def average_score(x, theta):
    ### BEGIN SOLUTION
    return (x * theta.log() + (1 - x) * (1 - theta).log()).sum(1).mean()
    ### END SOLUTION


# %% check="average_score" points=1
q.average_score.check(average_score)
### BEGIN HIDDEN TESTS
import math as _math

import torch as _torch

_x = _torch.tensor([[0.0, 1.0, 1.0], [1.0, 1.0, 0.0]], dtype=_torch.double)
_score = float(average_score(_x, _torch.tensor([0.2, 0.7, 0.4], dtype=_torch.double)))
assert abs(_score - (_math.log(0.8 * 0.7 * 0.4) + _math.log(0.2 * 0.7 * 0.6)) / 2) < 1e-5
### END HIDDEN TESTS

# %%
# q.average_score.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# At work, with 784 fair coins. Each pixel costs ln 2, whatever it shows, so both numbers below are 784 ln ½:

# %%
digits = (data.images("mnist").pixels > 127).flatten(1).double()
print(f"{average_score(digits, torch.full((784,), 0.5).double()):.2f}, {784 * math.log(0.5):.2f}")

# %% [markdown]
# ## 2. The best Gaussian
# *Difficulty ●○○ · importance ●●● · 8 minutes*
#
# Write `fit_gaussian(x)`: for points `x` of shape (N, d) the mean (d,) and the covariance (d, d) of the Gaussian under
# which they are most probable, as a tuple `(mean, covariance)`.


# %% answer="fit_gaussian"
def fit_gaussian(x):
    ### BEGIN SOLUTION
    mean = x.mean(0)
    apart = x - mean
    return mean, apart.T @ apart / len(x)
    ### END SOLUTION


# %% check="fit_gaussian" points=2
q.fit_gaussian.check(fit_gaussian)
### BEGIN HIDDEN TESTS
import torch as _torch

_mean, _cov = fit_gaussian(_torch.tensor([[1.0, 0.0], [3.0, 0.0], [1.0, 6.0], [3.0, 2.0]], dtype=_torch.double))
assert [round(float(v), 5) for v in _mean] == [2.0, 2.0]
assert [[round(float(v), 5) for v in row] for row in _cov] == [[1.0, -1.0], [-1.0, 6.0]]
### END HIDDEN TESTS

# %%
# q.fit_gaussian.hint()

# %% [markdown]
# At work on a cloud that is no Gaussian. **Predict, and say why:** what will its best Gaussian miss?

# %%
device.seed_everything(0)
moons = data.toy.make("two_moons").sample(1500).double()
mean, covariance = fit_gaussian(moons)
drawn = torch.distributions.MultivariateNormal(mean, covariance).sample((1500,))
plotting.scatter_2d(moons, drawn)

# %% [markdown]
# It has the right width in every direction, and it fills the space between the two moons, where no data are. Mean and
# covariance know nothing about shape.
#
# ## 3. Who made this point?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# The E step. Given are the log-densities of N points under K Gaussians, `log_densities` of shape (N, K), and the
# `weights` $\pi_k$ of the Gaussians, of shape (K,). Write `responsibilities(log_densities, weights)`, of shape (N, K):
# the probability that each point was made by Gaussian $k$. It must still work for log-densities of −2000.


# %% answer="responsibilities"
def responsibilities(log_densities, weights):
    ### BEGIN SOLUTION
    return (weights.log() + log_densities).softmax(1)
    ### END SOLUTION


# %% check="responsibilities" points=2
q.responsibilities.check(responsibilities)
### BEGIN HIDDEN TESTS
import math as _math

import torch as _torch

_given = _torch.tensor([[-3000.0, -3000.0 - _math.log(2)], [5.0, 5.0]], dtype=_torch.double)
_shares = responsibilities(_given, _torch.tensor([0.2, 0.8], dtype=_torch.double))
assert all(abs(float(a) - b) < 1e-3 for a, b in zip(_shares.flatten(), (1 / 3, 2 / 3, 0.2, 0.8), strict=True))
### END HIDDEN TESTS

# %%
# q.responsibilities.hint()

# %% [markdown]
# Your E step in a whole EM, on the brightness of pictures of clothes (the first picture of the chapter): three bell
# curves on a line, 100 rounds.

# %%
x = data.images("fashion_mnist").tensor(flat=True, low=0).double().mean(1, keepdim=True)  # (10000, 1)
weights = torch.full((3,), 1 / 3).double()
means, variances = x.quantile(torch.tensor([0.1, 0.5, 0.9]).double()), x.var()


def log_densities(x):
    return -((x - means) ** 2) / (2 * variances) - (2 * math.pi * variances).log() / 2


for _ in range(100):
    r = responsibilities(log_densities(x), weights)
    weights = r.mean(0)
    means = (r * x).sum(0) / r.sum(0)
    variances = (r * (x - means) ** 2).sum(0) / r.sum(0)

# %%
line = torch.linspace(0, 0.8, 300).double()[:, None]
each = weights * log_densities(line).exp()
_, ax = plt.subplots(figsize=(6.8, 3.2))
ax.hist(x[:, 0].numpy(), bins=60, density=True, color=plotting.REAL, alpha=0.35, label="data")
ax.plot(line, each, color=plotting.FAKE, linewidth=1, linestyle="--")
ax.plot(line, each.sum(1), color=plotting.FAKE, label="mixture of three")
ax.set(xlabel="mean brightness of a picture", ylabel="density")
ax.legend()
plt.show()

# %% [markdown]
# ## 4. The score of a mixture
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# From the same two inputs, write `mixture_score(log_densities, weights)`: the average over the points of
# $\log \sum_k \pi_k\, N(x_n; \mu_k, \Sigma_k)$. The result is one number, and it must still work for log-densities of
# −2000.


# %% answer="mixture_score"
def mixture_score(log_densities, weights):
    ### BEGIN SOLUTION
    return (weights.log() + log_densities).logsumexp(1).mean()
    ### END SOLUTION


# %% check="mixture_score" points=2
q.mixture_score.check(mixture_score)
### BEGIN HIDDEN TESTS
import math as _math

import torch as _torch

_given = _torch.tensor([[-1500.0, -1500.0 + _math.log(3)], [0.0, _math.log(5)]], dtype=_torch.double)
_score = float(mixture_score(_given, _torch.tensor([0.25, 0.75], dtype=_torch.double)))
assert abs(_score - (-1500 + _math.log(2.5) + _math.log(4)) / 2) < 1e-4
### END HIDDEN TESTS

# %%
# q.mixture_score.hint()

# %% [markdown]
# At work: is your mixture of three better than a single bell curve, on 2,000 pictures that EM has not seen?
#
# **Predict:** by how many nats each? In the first picture of the chapter you can see that the two curves differ, but
# they are not far apart.

# %%
new = data.images("fashion_mnist", "test").tensor(flat=True, low=0).double().mean(1, keepdim=True)
three = mixture_score(log_densities(new), weights)
one = torch.distributions.Normal(x.mean(), x.std(correction=0)).log_prob(new).mean()
print(f"three bell curves {three:.2f} nats, one {one:.2f}")

# %% [markdown]
# Only about 0.04 nats: a picture is about 4 % more probable under three curves, on average. One number of a picture is
# not much to be right about. Both scores are above 0, which is fine for a density.
#
# ## 5. Two models, two verdicts
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A friend has two generative models of faces. Model A has the better score on unseen faces. The pictures of model B
# look better to everybody who is asked. “So one of the two measurements must be wrong”, says the friend.
#
# Can both be right? Describe how A and B might look inside, and name a use for which you would choose A, and one for
# which you would choose B. Write five or six sentences.

# %% [markdown] answer="two_verdicts" points=2
# <!-- ### BEGIN SOLUTION -->
# Both can be right, because they answer different questions. The score asks whether each unseen face gets enough
# probability; it says little about what most samples look like. A may spread probability widely: even if 99 of 100
# samples were rubbish, that would cost at most 4.6 nats. B may draw beautiful faces and leave many kinds out, or even
# copy training faces with very little noise; unseen faces then get next to no probability. For compressing faces or
# for noticing unusual ones I would choose A. For pictures to look at I would choose B, and first look for the nearest
# training faces.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.two_verdicts.hint()
# q.two_verdicts.check()

# %% [markdown]
# 🔎 **Try it.** Put a fourth bell curve into the EM of question 3. Does the picture change? Does the score? And what do
# ten do?

# %% [markdown]
# # Exercises 84 · Several modalities
#
# Build the parts of [the chapter](../chapters/84_several_modalities.ipynb): two ways to join experts, a measure of
# ignored noise, a contrastive loss. [Worked solutions](../solutions/84_several_modalities.ipynb) are there for later;
# ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from gan_edu import plotting
from gan_edu.checks import chapter_84 as q

# %% [markdown]
# ## 1. A product of experts
# *Difficulty ●○○ · importance ●●● · 10 minutes*
#
# `means` and `log_variances` (E, N, d) hold the Gaussians of E experts. Return mean and log variance (N, d) of their
# product, with the prior $N(0, 1)$ as one more expert.


# %% answer="product_of_experts"
def product_of_experts(means, log_variances):
    ### BEGIN SOLUTION
    precisions = torch.exp(-log_variances)
    total = 1 + precisions.sum(0)
    return (means * precisions).sum(0) / total, -total.log()
    ### END SOLUTION


# %% check="product_of_experts" points=2
q.product_of_experts.check(product_of_experts)
### BEGIN HIDDEN TESTS
from torch import allclose, tensor, zeros

found = product_of_experts(tensor([[[1.0, 3.0]], [[2.0, -3.0]]]), zeros(2, 1, 2))
assert allclose(found[0].float(), tensor([[1.0, 0.0]]), atol=1e-4)
assert allclose(found[1].float().exp(), tensor([[1 / 3, 1 / 3]]), atol=1e-4)
found = product_of_experts(tensor([[[4.0]], [[1.0]]]), tensor([[[0.25]], [[1.0]]]).log())
assert allclose(found[0].float(), tensor([[17 / 6]]), atol=1e-4)
assert allclose(found[1].float().exp(), tensor([[1 / 6]]), atol=1e-4)
### END HIDDEN TESTS

# %%
# q.product_of_experts.hint()

# %% [markdown]
# ## 2. A mixture of experts
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A mixture believes each expert with equal probability. `log_densities` (E, N) holds $\log q_e(z_n)$ of E experts at N
# codes. Return the log density of the mixture at each code, (N,). It has to work at $-1000$, too, where `exp` gives 0.


# %% answer="mixture_log_density"
def mixture_log_density(log_densities):
    ### BEGIN SOLUTION
    return torch.logsumexp(log_densities, dim=0) - math.log(len(log_densities))
    ### END SOLUTION


# %% check="mixture_log_density" points=1
q.mixture_log_density.check(mixture_log_density)
### BEGIN HIDDEN TESTS
from torch import allclose, tensor

found = mixture_log_density(tensor([[0.0, -900.0], [0.0, -900.0], [0.0, -900.0]]))
assert allclose(found.float(), tensor([0.0, -900.0]), atol=1e-3)
found = mixture_log_density(tensor([[0.5, 0.1], [0.25, 0.3]]).log())
assert allclose(found.float().exp(), tensor([0.375, 0.2]), atol=1e-4)
### END HIDDEN TESTS

# %%
# q.mixture_log_density.hint()

# %% [markdown]
# ## 3. How much comes from the noise?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# `answers` (Z, N) holds a number of each answer (its loudness, say): Z draws of the noise for each of N pictures. The
# variance of all numbers is made of two parts: the mean over the pictures of the variance *at* a picture, and the
# variance of the means of the pictures. Return the first one's share: 0 if the noise is ignored, 1 if all comes from
# it. Use variances that divide by the count (`unbiased=False`), so that the two parts add up.
#
# **Predict:** what is the share of the chapter's GAN that saw the picture?


# %% answer="share_of_noise"
def share_of_noise(answers):
    ### BEGIN SOLUTION
    return answers.var(dim=0, unbiased=False).mean() / answers.var(unbiased=False)
    ### END SOLUTION


# %% check="share_of_noise" points=2
q.share_of_noise.check(share_of_noise)
### BEGIN HIDDEN TESTS
from torch import tensor

assert abs(float(share_of_noise(tensor([[1.0, 5.0], [3.0, 7.0]]))) - 0.2) < 1e-4
assert abs(float(share_of_noise(tensor([[2.0, 2.0, 2.0], [4.0, 4.0, 4.0]]))) - 1) < 1e-4
assert abs(float(share_of_noise(tensor([[0.0, 3.0, 6.0], [0.0, 3.0, 6.0]])))) < 1e-4
### END HIDDEN TESTS

# %%
# q.share_of_noise.hint()

# %% [markdown]
# ## 4. A contrastive loss
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# `a` and `b` (N, d) are what two encoders say about N pairs. Bring all arrows to length 1, take all N × N products of
# arrows, and divide by the temperature. Each row is a classification with the partner as its class, and so is each
# column. Return the mean of both cross-entropies.


# %% answer="contrastive_loss"
def contrastive_loss(a, b, temperature):
    ### BEGIN SOLUTION
    alike = F.normalize(a, dim=1) @ F.normalize(b, dim=1).T / temperature
    partners = torch.arange(len(a))
    return (F.cross_entropy(alike, partners) + F.cross_entropy(alike.T, partners)) / 2
    ### END SOLUTION


# %% check="contrastive_loss" points=3
q.contrastive_loss.check(contrastive_loss)
### BEGIN HIDDEN TESTS
from torch import tensor

found = contrastive_loss(tensor([[2.0, 0.0], [0.0, 3.0]]), tensor([[5.0, 0.0], [0.0, 0.1]]), 0.5)
assert abs(float(found) - 0.126928) < 1e-4
found = contrastive_loss(tensor([[1.0, 0.0], [1.0, 0.0]]), tensor([[1.0, 0.0], [0.0, 1.0]]), 1.0)
assert abs(float(found) - 0.753204) < 1e-4
### END HIDDEN TESTS

# %%
# q.contrastive_loss.hint()

# %% [markdown]
# ## Your tools at work
#
# 64 pairs of points: the second number is shared, the first is private. Two encoders are given, each of which looks at
# *one* direction of its points, from 0° (private only) to 90° (shared only). **Predict:** at which pair of directions
# is your loss lowest?

# %%
torch.manual_seed(0)
shared = torch.randn(64)
one, two = (torch.stack([torch.randn(64), shared], dim=1) for _ in range(2))


def look(points, degrees):
    t = math.radians(degrees)
    seen = 2 * (math.cos(t) * points[:, 0] + math.sin(t) * points[:, 1])
    return torch.stack([seen.cos(), seen.sin()], dim=1)


angles = range(0, 91, 10)
losses = torch.tensor([[contrastive_loss(look(one, i), look(two, j), 0.1) for i in angles] for j in angles])
_, ax = plt.subplots(figsize=(4.6, 3.6), layout="constrained")
image = ax.imshow(losses, origin="lower", extent=(-5, 95, -5, 95), cmap=plotting.DENSITY_CMAP)
ax.set(xlabel="direction of the first (degrees)", ylabel="direction of the second")
plt.colorbar(image, label="contrastive loss", ax=ax)
plt.show()

# %%
best = divmod(int(losses.argmin()), len(angles))
print("lowest at", 10 * best[1], "and", 10 * best[0], "degrees; log N is", round(math.log(64), 2))

# %% [markdown]
# <details><summary>Compare</summary>
#
# At 90 and 90: both look at what is shared. Nobody named it. With one of them at 0 the loss is *above* log N, which is
# what somebody gets who says the same about all 64: confident and wrong costs more than undecided.
#
# </details>

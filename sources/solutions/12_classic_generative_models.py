# %% [markdown]
# # Exercises 12 · Classic generative models
#
# You write the hearts of [the chapter](../chapters/12_classic_generative_models.ipynb)'s models yourself: the score of
# coins, the best Gaussian, the E step of a mixture, a chain's table and where it rests. [Worked
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
# ## 1 · The score of a sheet of coins
# *Difficulty ●○○ · importance ●●● · 8 minutes*
#
# Pictures are rows of zeros and ones, `x` of shape (N, d). A sheet of coins has one probability of a 1 for each pixel,
# `theta` of shape (d,), all between 0 and 1. Write `average_score(x, theta)`: the log-likelihood of a picture, in nats,
# averaged over the pictures. One number.
#
# **Predict:** 784 fair coins: what must come out, whatever the pictures?


# %% answer="average_score"
def average_score(x, theta):
    ### BEGIN SOLUTION
    return (x * theta.log() + (1 - x) * (1 - theta).log()).sum(1).mean()
    ### END SOLUTION


# %% check="average_score" points=1
q.average_score.check(average_score)

# %%
# q.average_score.hint()  # remove the first # and run: each run gives one more hint

# %%
digits = (data.images("mnist").pixels > 127).flatten(1).double()
average_score(digits, torch.full((784,), 0.5).double()), 784 * math.log(0.5)

# %% [markdown]
# ## 2 · The best Gaussian
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

# %%
# q.fit_gaussian.hint()

# %% [markdown]
# At work on a cloud that is no Gaussian. What will its best Gaussian miss?

# %%
device.seed_everything(0)
moons = data.toy.make("two_moons").sample(1500).double()
mean, covariance = fit_gaussian(moons)
drawn = torch.distributions.MultivariateNormal(mean, covariance).sample((1500,))
plotting.scatter_2d(moons, drawn)

# %% [markdown]
# ## 3 · Who made this point?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# The E step. Given are the log-densities of N points under K Gaussians, `log_densities` of shape (N, K), and their
# `weights` $\pi_k$ of shape (K,). Write `responsibilities(log_densities, weights)`, of shape (N, K): the probability
# that each point was made by Gaussian $k$. It must still work for log-densities of −2000.


# %% answer="responsibilities"
def responsibilities(log_densities, weights):
    ### BEGIN SOLUTION
    return (weights.log() + log_densities).softmax(1)
    ### END SOLUTION


# %% check="responsibilities" points=2
q.responsibilities.check(responsibilities)

# %%
# q.responsibilities.hint()

# %% [markdown]
# Your E step in a whole EM, on the brightness of pictures of clothes (the first picture of the chapter): three bell
# curves on a line, 100 rounds.

# %%
x = data.images("fashion_mnist").tensor(flat=True, low=0).double().mean(1, keepdim=True)  # (10000, 1)
weights, means, variances = (
    torch.full((3,), 1 / 3).double(),
    x.quantile(torch.tensor([0.1, 0.5, 0.9]).double()),
    x.var(),
)


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
# ## 4 · The table of a chain
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# `sequence` is a tensor of state numbers 0 … K−1, of shape (T,). Write `transition_table(sequence, K, alpha)`, of shape
# (K, K): entry (i, j) is the probability that $j$ comes right after $i$, from counts that are smoothed:
#
# $$P_{ij} = \frac{n_{ij} + \alpha}{\sum_k (n_{ik} + \alpha)} .$$
#
# The sequence is open: nothing follows its last state.


# %% answer="transition_table"
def transition_table(sequence, K, alpha):
    ### BEGIN SOLUTION
    counts = torch.zeros(K, K).double()
    for i, j in zip(sequence[:-1], sequence[1:], strict=True):
        counts[i, j] += 1
    return (counts + alpha) / (counts + alpha).sum(1, keepdim=True)
    ### END SOLUTION


# %% check="transition_table" points=2
q.transition_table.check(transition_table)

# %%
# q.transition_table.hint()

# %% [markdown]
# ## 5 · Where a chain rests
# *Difficulty ●●● · importance ●●○ · 12 minutes*
#
# Write `stationary(P)`: the distribution $\pi$ over the states, of shape (K,), with $\pi P = \pi$ and sum 1. From each
# state of $P$ one can get to each other one, so there is exactly one such $\pi$. The chain may march in step, though.


# %% answer="stationary"
def stationary(P):
    ### BEGIN SOLUTION
    values, vectors = torch.linalg.eig(P.T)
    v = vectors[:, (values - 1).abs().argmin()].real
    return v / v.sum()
    ### END SOLUTION


# %% check="stationary" points=3
q.stationary.check(stationary)

# %%
# q.stationary.hint()

# %% [markdown]
# Both at work, as Markov did it in 1913: vowels (0), other letters (1) and spaces (2), in the prose of this course.

# %%
kinds = torch.tensor(
    [0 if c in "aeiou" else 2 if c == " " else 1 for c in data.prose().lower() if c.isalpha() or c == " "]
)
P = transition_table(kinds[:20_000], 3, alpha=1.0)
print("vowel, other letter, space:")
for name, row in zip(("after a vowel", "after another letter", "after a space"), P.tolist(), strict=True):
    print(f"  {name + ':':22}", " ".join(f"{value:.2f}" for value in row))
print("  in the long run:      ", " ".join(f"{value:.2f}" for value in stationary(P).tolist()))

# %% [markdown]
# ## 6 · A loss with a wrong name
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A friend trains a GAN for melodies and has read: “To make neighbouring notes fit, add the Markov chain loss
# $\frac1N \sum_i \sum_t \log p(x_t \mid x_{t-1})$ to the generator's loss and minimise it.”
#
# What does this formula compute? What happens when it is minimised? Can a GAN's generator use it, and what would you
# propose to your friend? Write five or six sentences.

# %% [markdown] answer="markov_chain_loss" points=2
# <!-- ### BEGIN SOLUTION -->
# It is the average log-likelihood of the melodies under a Markov chain: high when each note is probable after the one
# before. A loss is made small, so it needs a minus; minimised as it stands, it teaches that what really happens is
# impossible, and the number falls for ever. With the minus it trains a sequence model by maximum likelihood, and a good
# one if the memory is longer than one note. But a GAN's generator has no p(x_t | x_{t−1}): it turns noise into a
# melody, and nobody knows how probable that melody was. So either drop the game and train a sequence model with this
# loss, or give the discriminator whole melodies, so that it can see which notes don't fit together.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.markov_chain_loss.hint()
# q.markov_chain_loss.check()

# %% [markdown]
# 🔎 **Try it.** Put a fourth bell curve into the EM of question 3. Does the picture change? Does the average
# log-likelihood? And what do ten do?

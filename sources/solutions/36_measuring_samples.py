# %% [markdown]
# # Exercises 36 · Measuring samples
#
# Four instruments of [the chapter](../chapters/36_measuring_samples.ipynb), built by you, and a results table that
# wants to be doubted. At the end your instruments measure digits.
# [Worked solutions](../solutions/36_measuring_samples.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch

from gan_edu import data, metrics
from gan_edu.checks import chapter_36 as q

torch.set_num_threads(1)

# %% [markdown]
# ## 1 · The score that never sees a real picture
# *Difficulty ●○○ · importance ●●○ · 10 minutes*
#
# `probabilities` holds $p(y \mid x)$, one row for each generated picture, shape (N, K). Return the inception score,
#
# $$\exp \operatorname{mean}_x \sum_y p(y \mid x) \log \frac{p(y \mid x)}{p(y)}, \qquad p(y) = \operatorname{mean}_x
# p(y \mid x) .$$
#
# A probability may be exactly 0; its term is then 0.
#
# **Predict:** what do you get if all rows are equal? And if each row names a class for certain, all K equally often?


# %% answer="inception_score"
def inception_score(probabilities):
    ### BEGIN SOLUTION
    marginal = probabilities.mean(dim=0)
    terms = torch.xlogy(probabilities, probabilities) - torch.xlogy(probabilities, marginal)
    return terms.sum(dim=1).mean().exp()
    ### END SOLUTION


# %% check="inception_score" points=2
q.inception_score.check(inception_score)

# %%
# q.inception_score.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# ## 2 · Between two Gaussians
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# Return the squared Fréchet distance of two Gaussians, given their means (d,) and covariances (d, d):
#
# $$\lVert \mu_x - \mu_y \rVert^2 + \operatorname{Tr}\big(S_x + S_y - 2\,(S_x S_y)^{1/2}\big).$$
#
# The trace of the root is the sum of the roots of the eigenvalues of $R S_y R$, where $R$ is the symmetric root of
# $S_x$.
#
# **Predict:** both means are 0, $S_x = 4I$ and $S_y = I$ in d dimensions. What is the distance?


# %% answer="frechet"
def frechet(mean_x, cov_x, mean_y, cov_y):
    ### BEGIN SOLUTION
    values, vectors = torch.linalg.eigh(cov_x)
    root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
    cross = torch.linalg.eigvalsh(root @ cov_y @ root).clamp(min=0).sqrt().sum()
    return (mean_x - mean_y).square().sum() + torch.trace(cov_x) + torch.trace(cov_y) - 2 * cross
    ### END SOLUTION


# %% check="frechet" points=3
q.frechet.check(frechet)

# %%
# q.frechet.hint()

# %% [markdown]
# ## 3 · Without a pair of one
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Somebody has computed the kernel of all pairs: `kxx` (N, N) among real samples, `kyy` (M, M) among generated ones, and
# `kxy` (N, M) between them. Return the **unbiased** estimate of
# $\mathbb E\,k(x, x') + \mathbb E\,k(y, y') - 2\,\mathbb E\,k(x, y)$.
#
# **Predict:** can the result be negative?


# %% answer="unbiased_mmd"
def unbiased_mmd(kxx, kyy, kxy):
    ### BEGIN SOLUTION
    def within(k):
        n = len(k)
        return (k.sum() - k.trace()) / (n * (n - 1))

    return within(kxx) + within(kyy) - 2 * kxy.mean()
    ### END SOLUTION


# %% check="unbiased_mmd" points=2
q.unbiased_mmd.check(unbiased_mmd)

# %%
# q.unbiased_mmd.hint()

# %% [markdown]
# ## 4 · Who has a neighbour?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Coverage: around each of the real samples (N, d) lies a ball that reaches to its `k`-th nearest *other* real sample.
# Return the share of balls that hold at least one of the `fake` samples (M, d).
#
# **Predict:** real and generated samples come from the same distribution, many of each, k = 3. About which value will
# you see?


# %% answer="coverage"
def coverage(real, fake, k):
    ### BEGIN SOLUTION
    nearest = torch.cdist(real, real).sort(dim=1).values  # column 0 is the sample itself
    radii = nearest[:, k : k + 1]
    inside = torch.cdist(real, fake) <= radii
    return inside.any(dim=1).double().mean()
    ### END SOLUTION


# %% check="coverage" points=2
q.coverage.check(coverage)

# %%
# q.coverage.hint()

# %% [markdown]
# ## 5 · Reading a results table
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# From a paper (invented, but not unusual): "Our model beats the state of the art in all four measures."
#
# | | FID ↓ | IS ↑ | precision ↑ | parameters |
# |---|---|---|---|---|
# | baseline (5,000 samples, as published) | 7.1 | 9.5 | 0.81 | 20 M |
# | ours (50,000 samples) | 6.8 | 10.1 | 0.93 | 80 M |
# | training data | not given | 9.8 | not given | |
#
# Best checkpoint by FID against the training set, one run. Name at least four doubts, and for each one say what you
# would ask the authors to do.

# %% [markdown] answer="results_table" points=3
# <!-- ### BEGIN SOLUTION -->
# - Different numbers of samples: 50,000 alone may make the FID smaller. Measure both with the same number, beside the
#   floor of real data.
# - One run each, and a difference of 0.3: run three to five seeds, show them all.
# - Its IS is above that of the training data, so "higher is better" has stopped being true; it may have dropped what is
#   hard to classify. Report recall or coverage.
# - Precision without recall, and no value for real data: 0.93 may mean samples that stay in the middle, or copies.
# - FID against the training set, and chosen by it: copies would score best. Use held-out data, and audit the nearest
#   neighbours.
# - Four times the parameters: train the baseline at that size.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.results_table.hint()
# q.results_table.check()

# %% [markdown]
# ## Your instruments at work
#
# Digits, digits without an 8, and noisy digits, each against other real digits.

# %%
digits = data.images("mnist")
pixels, real = digits.tensor(), metrics.features(digits.tensor()[:1500], "mnist").double()
generated = {
    "new digits": pixels[1500:2500],
    "without 8s": pixels[2500:4000][digits.labels[2500:4000] != 8][:1000],
    "noisy": (pixels[4000:5000] + 0.1 * torch.randn(1000, 1, 28, 28, generator=torch.manual_seed(0))).clamp(-1, 1),
}


def kernel(a, b):
    return (a @ b.T / a.shape[1] + 1) ** 3


# %% [markdown]
# **Predict:** which of the four columns notices the missing 8s least?

# %% tags=["nbval-ignore-output"]
for name, images in generated.items():
    found = metrics.features(images, "mnist").double()
    distance = frechet(real.mean(0), torch.cov(real.T), found.mean(0), torch.cov(found.T))
    mmd = unbiased_mmd(kernel(real, real), kernel(found, found), kernel(real, found))
    score = inception_score(metrics.classify(images, "mnist"))
    share = coverage(real, found, 3)
    print(f"{name:11} IS {score:.2f}  Fréchet {distance:.2f}  kernel {mmd:.3f}  coverage {share:.2f}")

# %% [markdown]
# What should the first row's coverage be, by the law, for 1,500 real and 1,000 generated samples and k = 3?
# (`metrics.expected_coverage(1500, 1000, 3)` knows.)
#
# 🔎 **Try it.** Give `frechet` only 100 of the new digits. Then 500. What happens, and why?

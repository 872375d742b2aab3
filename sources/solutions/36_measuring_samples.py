# %% [markdown]
# # Exercises 36 · Measuring samples
#
# You build four measures of [the chapter](../chapters/36_measuring_samples.ipynb), and you look for doubts about a
# table of results. At the end your measures are tried on digits. There are [worked
# solutions](../solutions/36_measuring_samples.ipynb) for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch

from gan_edu import data, metrics
from gan_edu.checks import chapter_36 as q

torch.set_num_threads(1)

# %% [markdown]
# ## 1. The score that never sees a real picture
# *Difficulty ●○○ · importance ●●○ · 10 minutes*
#
# `probabilities` holds $p(y \mid x)$, one row for each generated picture, shape (N, K). Return the inception score,
#
# $$\exp \operatorname{mean}_x \sum_y p(y \mid x) \log \frac{p(y \mid x)}{p(y)}, \qquad p(y) = \operatorname{mean}_x
# p(y \mid x) .$$
#
# A probability may be exactly 0; its term is then 0.
#
# **Predict, and say why:** what do you get if all rows are equal? And if each row is sure of one class, and all K
# classes come equally often?


# %% answer="inception_score"
def inception_score(probabilities):
    ### BEGIN SOLUTION
    marginal = probabilities.mean(dim=0)
    terms = torch.xlogy(probabilities, probabilities) - torch.xlogy(probabilities, marginal)
    return terms.sum(dim=1).mean().exp()
    ### END SOLUTION


# %% check="inception_score" points=2
q.inception_score.check(inception_score)
### BEGIN HIDDEN TESTS
import torch

assert abs(float(inception_score(torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]))) - 1.4142136) < 1e-4
assert abs(float(inception_score(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))) - 1.8898816) < 1e-4
### END HIDDEN TESTS

# %%
# q.inception_score.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# <details><summary>What do you get?</summary>
#
# 1 and K. If all rows are equal, each of them equals p(y): every logarithm is 0, and exp(0) = 1. If each row is sure,
# its only term is log(1 / (1/K)) = log K.
#
# </details>

# %% [markdown]
# ## 2. Between two Gaussians
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# Return the squared Fréchet distance of two Gaussians, given their means (d,) and covariances (d, d):
#
# $$\lVert \mu_x - \mu_y \rVert^2 + \operatorname{Tr}\big(S_x + S_y - 2\,(S_x S_y)^{1/2}\big).$$
#
# The trace of the root is the sum of the roots of the eigenvalues of $R S_y R$. Here $R$ is the symmetric root of
# $S_x$: the same eigenvectors, and the roots of the eigenvalues (`torch.linalg.eigh` gives both).
#
# **Predict, and say why:** both means are 0, $S_x = 4I$ and $S_y = I$ in d dimensions. What is the distance?


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
### BEGIN HIDDEN TESTS
import torch

wide = torch.tensor([[2.0, 1.0], [1.0, 2.0]], dtype=torch.float64)
tall = torch.tensor([[3.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
apart = torch.tensor([3.0, 0.0], dtype=torch.float64)
assert abs(float(frechet(apart, wide, 0 * apart, tall)) - 9.5166852) < 1e-4
assert abs(float(frechet(apart, wide, apart, wide))) < 1e-4
### END HIDDEN TESTS

# %%
# q.frechet.hint()

# %% [markdown]
# <details><summary>What is it?</summary>
#
# d. On each axis the standard deviations are 2 and 1, and (2 − 1)² = 1. Or by the formula: 4d + d − 2 · 2d = d.
#
# </details>

# %% [markdown]
# ## 3. Without self-pairs
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# The kernel of all pairs is given: `kxx` (N, N) among real samples, `kyy` (M, M) among generated ones, and `kxy` (N, M)
# between them. Return the **unbiased** estimate of
# $\mathbb E\,k(x, x') + \mathbb E\,k(y, y') - 2\,\mathbb E\,k(x, y)$.
#
# **Predict, and say why:** can the result be negative?


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
### BEGIN HIDDEN TESTS
import torch

among_three = torch.tensor([[9.0, 1.0, 2.0], [1.0, 9.0, 3.0], [2.0, 3.0, 9.0]])
among_two = torch.tensor([[5.0, 4.0], [4.0, 7.0]])
assert abs(float(unbiased_mmd(among_three, among_two, torch.tensor([[4.0, 5.0]] * 3))) + 3) < 1e-4
### END HIDDEN TESTS

# %%
# q.unbiased_mmd.hint()

# %% [markdown]
# ## 4. Who has a neighbour?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Coverage: around each of the real samples (N, d) lies a ball that reaches to its `k`-th nearest *other* real sample.
# Return the share of balls that hold at least one of the `fake` samples (M, d).
#
# **Predict, and say why:** real and generated samples come from the same distribution, equally many of each, and k = 3.
# Roughly which value will you see? (Section 6 of the chapter has the law.)


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
### BEGIN HIDDEN TESTS
import torch

on_a_line = torch.tensor([[0.0, 1.0], [1.0, 1.0], [3.0, 1.0], [7.0, 1.0]])
two = torch.tensor([[2.9, 1.0], [50.0, 1.0]])
for neighbours, share in ((1, 0.25), (2, 1.0)):
    assert abs(float(coverage(on_a_line, two, neighbours)) - share) < 1e-6
### END HIDDEN TESTS

# %%
# q.coverage.hint()

# %% [markdown]
# ## 5. Reading a results table
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# This is from a paper (an invented one, but not unusual): "Our model beats the state of the art in all three measures."
#
# | | FID ↓ | IS ↑ | precision ↑ | parameters |
# |---|---|---|---|---|
# | baseline (5,000 samples, as published) | 7.1 | 9.5 | 0.81 | 20 M |
# | ours (50,000 samples) | 6.8 | 10.1 | 0.93 | 80 M |
# | training data | not given | 9.8 | not given | |
#
# Below the table stands: "Best checkpoint by FID against the training set, one run." Name at least four doubts. For
# each one say what you would ask the authors to do.

# %% [markdown] answer="results_table" points=3
# <!-- ### BEGIN SOLUTION -->
# - The numbers of samples differ: 50,000 alone may make the FID smaller. Measure both with the same number, beside the
#   floor of real data.
# - There is one run of each, and the FIDs differ by 0.3. Run three to five seeds, and show them all.
# - Its IS is above that of the training data, so "higher is better" has stopped being true. It may have dropped what is
#   hard to classify. Report recall or coverage.
# - There is a precision without recall, and no value for real data. 0.93 may mean samples that stay in the middle, or
#   copies.
# - The FID was measured against the training set, and the checkpoint was chosen by it. Copies would score best. Use
#   held-out data, and audit the nearest neighbours.
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
# Here are new digits, digits without an 8, and noisy digits, each set measured against other real digits.

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
# **Predict, and say why:** which of the four columns notices the missing 8s most, and which least?

# %% tags=["nbval-ignore-output"]
for name, images in generated.items():
    found = metrics.features(images, "mnist").double()
    distance = frechet(real.mean(0), torch.cov(real.T), found.mean(0), torch.cov(found.T))
    mmd = unbiased_mmd(kernel(real, real), kernel(found, found), kernel(real, found))
    score = inception_score(metrics.classify(images, "mnist"))
    share = coverage(real, found, 3)
    print(f"{name:11} IS {score:.2f}  Fréchet {distance:.2f}  kernel {mmd:.3f}  coverage {share:.2f}")

# %% [markdown]
# The Fréchet distance notices the missing 8s most: it is many times as large as that of new digits. (The kernel
# distance notices them clearly, too. It has no floor to divide by.) Coverage notices them least: it falls only by the
# share of real balls that lie among the 8s and hold no other digit. The inception score falls to about nine tenths:
# there are nine classes instead of ten. A generator with nine *other* classes would get the same score.
#
# What should the first row's coverage be, by the law, for 1,500 real and 1,000 generated samples and k = 3? It is
# 0.784, and not 0.875, since there are fewer generated samples than real ones. (`metrics.expected_coverage(1500, 1000,
# 3)` computes it.)
#
# 🔎 **Try it.** Give `frechet` only 100 of the new digits, then 500. The distance gets larger the fewer you give: the
# floor goes like one over the number of samples.

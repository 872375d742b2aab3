# %% [markdown]
# # 12 · Classic generative models
#
# *Coins, bell curves and chains of letters generated data long before networks did. They do, exactly and in seconds,
# what a GAN gives up: they say how probable each picture is. Who knows them knows what GANs are for.*
#
# > **You will be able to**
# > - fit four models by maximum likelihood, with code of your own: coins, a Gaussian, a mixture, a Markov chain
# > - sample from each, and score each on data that it has not seen
# > - say what the EM algorithm promises, what it does not, and where a likelihood runs away to infinity
# > - tell a likelihood for sequences, the “Markov chain loss” of some texts, from a loss for GANs
# > - say what these models can do that a GAN can't, and why people wanted GANs all the same
# >
# > **Before you start** [11 · why generate](11_why_generate.ipynb) says what such models are for. Of mathematics:
# > logarithms, means, and the product of two matrices.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %%
import math
import random
import re
import warnings
from collections import Counter

import matplotlib.pyplot as plt
import torch
from sklearn.mixture import GaussianMixture

from gan_edu import data, device, plotting
from gan_edu.claims import claim

plotting.use_style()
torch.set_num_threads(1)
fashion, fashion_test = data.images("fashion_mnist"), data.images("fashion_mnist", "test")

# %% [markdown]
# ## The idea in a picture
#
# How bright is a picture of a piece of clothing, on average over its pixels? Ten thousand pictures from Fashion-MNIST
# give the blue histogram. A **model** is a curve that we lay over it, and what is drawn from the curve is new data.

# %% jupyter={"source_hidden": true}
brightness = fashion.tensor(flat=True, low=0).double().mean(1, keepdim=True).numpy()
line = torch.linspace(0, 0.8, 400)[:, None].numpy()
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.3), sharey=True)
for ax, parts, title in zip(axes, (1, 3), ("one bell curve: 2 numbers", "three of them: 8 numbers"), strict=True):
    model = GaussianMixture(parts, random_state=0).fit(brightness)
    new = model.sample(150)[0][:, 0]
    curve = torch.tensor(model.score_samples(line)).exp()
    ax.hist(brightness[:, 0], bins=60, density=True, color=plotting.REAL, alpha=0.35, label="data")
    ax.plot(line[:, 0], curve, color=plotting.FAKE, label="model")
    ax.scatter(new, [-0.15] * 150, marker="^", s=18, color=plotting.FAKE, alpha=0.6, linewidths=0, label="new points")
    ax.set(xlabel="mean brightness of a picture", xlim=(-0.02, 0.8), title=title)
axes[0].set(ylabel="density")
axes[1].legend()
plt.show()

# %% [markdown]
# That is all there is to it, three steps, in this chapter and in every later one:
#
# 1. **Choose a family** of models with adjustable numbers.
# 2. **Fit**: choose the numbers under which the data are as probable as possible. That is **maximum likelihood**.
# 3. **Sample**: draw new data from the fitted model.
#
# And one more that GANs don't have: **score**. The height of the curve says how probable a new picture is, so
# that two models can be compared on pictures that neither has seen.

# %% [markdown]
# ## 1 · A coin for each pixel
#
# We begin with digits in pure black and white: a pixel is 1 (ink) or 0. Look at one single pixel, in the middle of the
# picture. Over 10,000 digits it is a coin that shows 1 with some probability $\theta$: a **Bernoulli** model.

# %%
mnist, mnist_test = data.images("mnist"), data.images("mnist", "test")
digits = (mnist.pixels > 127).flatten(1).double()  # (10000, 784), of zeros and ones
digits_test = (mnist_test.pixels > 127).flatten(1).double()
pixel = digits[:, 14 * 28 + 10]


def coin_score(x, theta):
    """Mean log-probability of zeros and ones under a coin, in nats."""
    return (x * theta.log() + (1 - x) * (1 - theta).log()).mean(0)


# %% [markdown]
# A probability of 10,000 pictures is a product of 10,000 numbers below 1: far too small for a computer. Its logarithm
# is a sum, and we take the mean: the average **log-likelihood** (in nats, because the logarithm is the natural one).
#
# **Before you run the next cell:** at which $\theta$ is it highest, and how high is it there?

# %%
theta = torch.linspace(0.01, 0.99, 99, dtype=torch.double)
scores = coin_score(pixel[:, None], theta)
best = pixel.mean()
entropy = -(best * best.log() + (1 - best) * (1 - best).log())
_, ax = plt.subplots(figsize=(6.8, 3.2))
ax.plot(theta, scores, color=plotting.FAKE, label="average log-likelihood")
ax.axvline(best, color=plotting.REAL, linestyle=":", label="share of ones in the data")
ax.axhline(-entropy, color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5, label="minus the entropy, −H")
ax.set(xlabel="θ: the coin's probability of a 1", ylabel="nats per picture", ylim=(-2.5, 0))
ax.legend(loc="lower left", bbox_to_anchor=(0.42, 0.02))
plt.show()

# %% [markdown]
# The best coin shows ones as often as the data do, $\hat\theta = \bar x$. (Set the derivative to zero,
# $\bar x / \theta = (1 - \bar x) / (1 - \theta)$.) At its best the score is **minus the entropy**, and any other coin
# loses exactly the *Kullback–Leibler divergence* between the two coins, which is never negative:
#
# $$\bar x \log \theta + (1 - \bar x) \log (1 - \theta) = -H(\bar x) - \mathrm{KL}(\bar x \,\|\, \theta).$$

# %%
kl = best * (best / theta).log() + (1 - best) * ((1 - best) / (1 - theta)).log()
claim("the best θ of the grid is the one nearest to the share of ones", theta[scores.argmax()].sub(best).abs() <= 0.005)
claim("the score at the share of ones is -H", coin_score(pixel, best).isclose(-entropy))
claim("every other coin loses exactly KL(data ‖ coin)", scores.allclose(-entropy - kl))

# %% [markdown]
# So for a coin, to maximise the likelihood means to minimise the KL divergence from the data. The same holds for every
# model of discrete data (chapter 31 proves it, and says what becomes of it for densities). And −H is the ceiling:
# nobody can predict an unfair coin better than its entropy allows.
#
# Now 784 coins, one for each pixel, thrown independently of each other.
#
# **Predict:** you throw them all once. What do you see: a digit, a mixture of digits, or static?

# %%
coins = digits.mean(0)  # the best of all models with independent pixels
by_class = torch.stack([digits[mnist.labels == label].mean(0) for label in range(10)])  # ten sheets of coins
device.seed_everything(0)
thrown = {
    "real": digits[:10],
    "one sheet of coins": torch.bernoulli(coins.expand(10, -1)),
    "a sheet for each digit": torch.bernoulli(by_class),
    "the ten sheets": by_class,
}
plotting.image_grid({name: 2 * images - 1 for name, images in thrown.items()})

# %% [markdown]
# Static, denser where ink is frequent. Every pixel does what it should *on average*; but neighbours know nothing of
# each other, and a picture is made of what its pixels know of each other.
#
# Ten sheets, one for each digit, are better: first draw the digit, then its coins. That is a **mixture**, and it knows
# a little about neighbours, because all of them know the digit. Now the score, on 2,000 digits that have not been used.
#
# **Predict:** 784 fair coins would score $784 \ln \frac12 \approx -543$. And the ten sheets, if we even tell them
# which sheet to use for which test digit?


# %%
def sheet_score(x, sheet):
    """Log-probability of each picture: (N, 784) → (N,)."""
    return torch.xlogy(x, sheet).sum(1) + torch.xlogy(1 - x, 1 - sheet).sum(1)  # xlogy: 0 · log 0 = 0


fair = sheet_score(digits_test, torch.full_like(coins, 0.5))
claim("784 fair coins: 784 ln ½, whatever the digit", fair.allclose(784 * torch.tensor(0.5).double().log()))
own = sheet_score(digits_test, by_class[mnist_test.labels])  # each test digit on the sheet of its own kind
impossible = own == -math.inf
claim("the ten sheets: minus infinity, on average", own.mean() == -math.inf)
claim("though fewer than 1 in 20 digits are to blame", 0 < impossible.double().mean() < 0.05, impossible.sum())

# %% [markdown]
# A pixel that had no ink in any of the thousand threes got, on their sheet, a coin with $\theta = 0$: it says *never*.
# A new three with ink there is impossible, and one impossible picture makes the product of all probabilities zero.
#
# Maximum likelihood believes its data too literally. The old cure is **smoothing**: act as if you had seen one more 1
# and one more 0 everywhere (Laplace's rule).


# %%
def smoothed(x):
    return (x.sum(0) + 1) / (len(x) + 2)


sheets = torch.stack([smoothed(digits[mnist.labels == label]) for label in range(10)])
log_share = (mnist.labels.bincount() / len(digits)).double().log()
each = torch.stack([sheet_score(digits_test, sheet) for sheet in sheets], 1) + log_share  # (2000, 10)
one, ten = sheet_score(digits_test, smoothed(digits)).mean(), each.logsumexp(1).mean()
print(f"held-out digits, nats each: one sheet {one:.0f}, ten sheets {ten:.0f}")
claim("one sheet: between -220 and -195", -220 < one < -195, measured=one)
claim("ten sheets are better by more than 30 nats", ten - one > 30, measured=ten - one)

# %% [markdown]
# ($\log \sum_k \pi_k\, p_k(x)$ over ten sheets: `logsumexp` does it without leaving the range of numbers.)
#
# More than 30 nats: under the ten sheets a test digit is more than $e^{30}$ times as probable (in the geometric mean).
# Such a model even classifies: ask which sheet explains a digit best. (Chapter 11 makes more of it.)

# %%
right = (each.argmax(1) == mnist_test.labels).double().mean()
claim("which sheet explains a digit best? Right for 75 to 90 of 100", 0.75 < right < 0.9, measured=right)

# %% [markdown]
# ## 2 · One bell curve in 24 dimensions
#
# Clothes, now in grey. Pixels are numbers between 0 and 1, so we need a *density*. Not for all 784 pixels at once: some
# are black in nearly every picture, and a bell curve of almost no width there would outshout all the others. (Were a
# pixel black in *every* picture, its density would be infinite.) So we keep 24 numbers of each picture, those along
# which pictures differ most: its **principal components**.


# %%
pixels, pixels_test = (each.tensor(flat=True, low=0).double() for each in (fashion, fashion_test))
centre = pixels.mean(0)
spread, directions = torch.linalg.eigh((pixels - centre).T @ (pixels - centre) / len(pixels))
basis = directions[:, -24:].flip(1)  # (784, 24), the most important first
basis = basis * basis.sum(0).sign()  # eigenvectors come with either sign
x, x_test = (pixels - centre) @ basis, (pixels_test - centre) @ basis


def picture(codes):
    return 2 * (codes @ basis.T + centre).clamp(0, 1) - 1


kept = spread[-24:].sum() / spread.sum()
claim("24 numbers of 784 keep between 78 and 82 % of the variance", 0.78 < kept < 0.82, measured=kept)
plotting.image_grid({"real": 2 * pixels_test[:10] - 1, "from 24 numbers": picture(x_test[:10])})

# %% [markdown]
# Details are lost, and no model of these 24 numbers can bring them back. All that follows is about the lower row.
#
# The **Gaussian** has a mean $\mu$ and a covariance matrix $\Sigma$:
#
# $$\log p(x) = -\tfrac12 (x - \mu)^\top \Sigma^{-1} (x - \mu) - \tfrac12 \log |\Sigma| - \tfrac d2 \log 2\pi.$$
#
# With $\Sigma = L L^\top$ ($L$ lower triangular) no inverse is needed: solve $L u = x - \mu$, then the first term is
# $-\frac12 |u|^2$, and $\log|\Sigma|$ is twice the sum of the logarithms on the diagonal of $L$. This code does it for
# $K$ Gaussians at once, since we will need many:


# %%
def log_normal(x, means, covs):
    """(N, d), (K, d), (K, d, d) → (N, K): log-density of each point under each Gaussian."""
    L = torch.linalg.cholesky(covs)
    u = torch.linalg.solve_triangular(L, (x - means[:, None]).mT, upper=False)  # (K, d, N)
    half_log_det = L.diagonal(dim1=1, dim2=2).log().sum(1)
    constant = x.shape[1] / 2 * math.log(2 * math.pi)
    return (-u.square().sum(1) / 2 - half_log_det[:, None] - constant).T


def fit_gaussian(x):
    mean = x.mean(0)
    return mean[None], ((x - mean).T @ (x - mean) / len(x))[None]


def score(x, means, covs):
    return log_normal(x, means, covs).mean()


# %% [markdown]
# Maximum likelihood is as simple as for the coin: the mean and the covariance *of the data* (divided by $n$). With them
# the first term is $-\frac d2$ on average, so that the best possible score is
#
# $$-\tfrac12 \left( d \log 2\pi + \log |\hat\Sigma| + d \right),$$
#
# which is minus the entropy of that Gaussian: −H again.

# %%
mean, cov = fit_gaussian(x)
at_best = -0.5 * (24 * math.log(2 * math.pi) + torch.logdet(cov[0]) + 24)
claim("the score of the fitted Gaussian is the formula's", score(x, mean, cov).isclose(at_best))
bell = torch.distributions.MultivariateNormal(mean[0], cov[0])
claim("which is minus its entropy, as PyTorch computes it", at_best.isclose(-bell.entropy()))

device.seed_everything(0)
worse = []
for _ in range(8):  # eight Gaussians close to it
    shift, stretch = 0.02 * torch.randn(24).double(), torch.eye(24) + 0.02 * torch.randn(24, 24)
    worse.append(score(x, mean + shift, stretch.double() @ cov @ stretch.double().T))
claim("eight neighbours, mean and covariance a little changed: all worse", max(worse) < at_best, measured=worse)

# %% [markdown]
# **Divided by n, or by n − 1?** Maximum likelihood says $n$, and that is too small on average, by the factor
# $\frac{n-1}n$, because the mean was fitted to the same points. With 10,000 points nobody sees it; with five:

# %%
device.seed_everything(0)
fives = torch.randn(20_000, 5).double()  # 20,000 experiments with five points each; the true variance is 1
claim("five points: on average 4/5 of the true variance", abs(fives.var(1, correction=0).mean() - 0.8) < 0.02)

# %% [markdown]
# **Sampling**: $\mu + L \varepsilon$, with independent standard normal $\varepsilon$. Its covariance is
# $L\,\mathrm E[\varepsilon \varepsilon^\top] L^\top = L L^\top = \Sigma$.


# %%
def sample_gaussian(n, mean, cov):
    return mean + torch.randn(n, mean.shape[-1]).double() @ torch.linalg.cholesky(cov).T


device.seed_everything(0)
drawn = sample_gaussian(10_000, mean[0], cov[0])
again = fit_gaussian(drawn)[1]
claim("its covariance comes back: less than 5 % off", (again - cov).norm() / cov.norm() < 0.05)

# %% [markdown]
# The samples have the right mean and the right covariance of all 24 numbers. **Predict:** will you tell them from real
# ones in a scatter plot of the first two numbers? And as pictures?

# %%
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.4), sharex=True, sharey=True)
for ax, points, color, title in zip(
    axes, (x, drawn), (plotting.REAL, plotting.FAKE), ("real", "Gaussian"), strict=True
):
    ax.scatter(*points[:1200, :2].T, s=5, color=color, alpha=0.4, linewidths=0)
    ax.set(title=title, xlabel="first number")
axes[0].set(ylabel="second number")
plt.show()
plotting.image_grid({"real, from 24 numbers": picture(x[:10]), "one Gaussian": picture(drawn[:10])})

# %% [markdown]
# You tell them at once. In the real data these two numbers are *uncorrelated* (that is how principal components are
# made), and far from *independent*: their cloud has corners, a hollow, and lumps. A Gaussian knows means and
# covariances and nothing else. Its pictures look like a trouser, a boot and a shirt in one.

# %% [markdown]
# ## 3 · Many bell curves, and EM
#
# So take $K$ bell curves: $p(x) = \sum_k \pi_k\, N(x; \mu_k, \Sigma_k)$. To sample: draw a $k$ with the probabilities
# $\pi_k$, then a point from that Gaussian. If somebody told us which point came from which Gaussian, we would
# fit each to its own points, as above. Nobody does. **EM** guesses it and goes on guessing:
#
# - **E step** (expectation): for each point, the probability that it came from Gaussian $k$, its **responsibility**
#   $r_{nk} = \pi_k N(x_n; \mu_k, \Sigma_k) \,/\, \sum_j \pi_j N(x_n; \mu_j, \Sigma_j)$. That is Bayes' rule.
# - **M step** (maximisation): fit each Gaussian to all points, weighted by $r_{nk}$. New $\pi_k$: the mean of $r_{nk}$.


# %%
def e_step(x, weights, means, covs):
    """Responsibilities (N, K), and the average log-likelihood that comes for free."""
    joint = weights.log() + log_normal(x, means, covs)
    total = joint.logsumexp(1, keepdim=True)
    return (joint - total).exp(), total.mean()


def m_step(x, r):
    size = r.sum(0)  # (K,)
    means = r.T @ x / size[:, None]
    apart = x - means[:, None]  # (K, N, d)
    covs = (r.T[:, :, None] * apart).mT @ apart / size[:, None, None]
    return size / len(x), means, covs


def start(x, K, seed):
    """K points of the data as means, everything else equal."""
    chosen = x[torch.randperm(len(x), generator=device.generator(seed))[:K]]
    return torch.full((K,), 1 / K).double(), chosen, fit_gaussian(x)[1].expand(K, -1, -1)


# %% [markdown]
# First in the plane, with the two numbers of the scatter plot, so that you can watch. Eight starts, eight Gaussians
# each, 200 rounds. **Predict:** will the score go up in every single round? Will all eight starts end equally high?

# %%
flat = x[:, :2]
rounds, heights, shown = 200, [], {}
for seed in range(8):
    model, heights_of_seed = start(flat, 8, seed), []
    for number in range(rounds + 1):
        if seed == 0 and number in (0, 5, 60):
            shown[number] = model
        r, height = e_step(flat, *model)
        heights_of_seed.append(height.item())
        model = m_step(flat, r)
    heights.append(heights_of_seed)
heights = torch.tensor(heights).T  # (rounds + 1, seeds)


# %%
def ellipses(ax, weights, means, covs):
    """Each Gaussian as the ellipse of one and of two standard deviations."""
    circle = torch.linspace(0, 2 * math.pi, 60).double()
    circle = torch.stack([circle.cos(), circle.sin()])
    for mean, L in zip(means, torch.linalg.cholesky(covs), strict=True):
        for radius in (1, 2):
            ax.plot(*(mean[:, None] + radius * L @ circle), color=plotting.FAKE, linewidth=1.2)


_, axes = plt.subplots(1, 3, figsize=(6.8, 2.7), sharex=True, sharey=True)
for ax, (number, model) in zip(axes, shown.items(), strict=True):
    ax.scatter(*flat[:600].T, s=4, color="#9CCBE5", linewidths=0)
    ellipses(ax, *model)
    ax.set(title=f"round {number}", xlim=(-9, 13), ylim=(-8, 10), xticks=[], yticks=[])
plt.show()

# %%
plotting.seeds_over_time(list(range(rounds + 1)), heights, "average log-likelihood (nats)", "mixture of eight")
claim("the score never goes down, in none of 8 x 200 rounds", (heights.diff(dim=0) > -1e-9).all())
ends = heights[-1][heights[-1] - heights[-21] < 1e-4]  # those that hardly moved in the last 20 rounds
claim("among those that have come to rest, not all are equally high", ends.max() - ends.min() > 0.005, measured=ends)

# %% [markdown]
# **Never down** is a theorem. For any $r_{nk} > 0$ with sum 1 over $k$, the logarithm of a mean is at least the mean of
# the logarithms (Jensen), so with $a_{nk} = \pi_k N(x_n; \mu_k, \Sigma_k)$
#
# $$\log \sum_k a_{nk} = \log \sum_k r_{nk} \frac{a_{nk}}{r_{nk}} \;\ge\; \sum_k r_{nk} \log \frac{a_{nk}}{r_{nk}} .$$
#
# The right side is a *lower bound* of the score. The E step chooses $r$ so that bound and score are equal; the M step
# raises the bound as far as it can; and the score, being above the bound, has to rise with it (or stay). You will meet
# this bound again, under the name ELBO, when VAEs are trained (chapter 35).


# %%
def bound(x, r, weights, means, covs):
    return (r * (weights.log() + log_normal(x, means, covs) - r.clamp_min(1e-300).log())).sum(1).mean()


before = shown[5]
r, height = e_step(flat, *before)
after = m_step(flat, r)
claim("after the E step the bound touches the score", bound(flat, r, *before).isclose(height))
claim("the M step raises the bound", bound(flat, r, *after) > bound(flat, r, *before))
claim("and the new score is above it", e_step(flat, *after)[1] > bound(flat, r, *after))

# %% [markdown]
# **Equally high** is no theorem. EM climbs the hill it stands on: different starts end on different tops, and which
# is best you only know by trying. (It may also creep across a plateau for a long time, and stop at a saddle.)
#
# The best-known implementation is scikit-learn's. Same data, same start, same number of rounds: do we agree?

# %%
weights, means, covs = start(flat, 8, 0)
theirs = GaussianMixture(8, weights_init=weights, means_init=means, precisions_init=torch.linalg.inv(covs).numpy(),
                         reg_covar=0.0, tol=0.0, max_iter=60, init_params="random", random_state=0)  # fmt: skip
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would say that it has not converged after 60 rounds; we know
    theirs.fit(flat.numpy())
ours = shown[60]
for name, mine, other in zip(
    ("weights", "means", "covariances"), ours, (theirs.weights_, theirs.means_, theirs.covariances_), strict=True
):
    claim(f"{name}: equal to 6 digits", mine.allclose(torch.tensor(other), rtol=1e-6, atol=1e-6))
claim(
    "and so is the score", e_step(flat, *ours)[1].isclose(torch.tensor(theirs.score(flat.numpy())).double(), atol=1e-6)
)

# %% [markdown]
# ### With all 24 numbers
#
# Now for pictures: mixtures of 5 and of 20 Gaussians in 24 dimensions, 30 rounds each. **Predict:** will 20 Gaussians
# be enough for recognisable clothes? By how many nats will they beat a single one?


# %%
def fit_mixture(x, K, seed=0, rounds=30, ridge=0.0):
    model = start(x, K, seed)
    for _ in range(rounds):
        weights, means, covs = m_step(x, e_step(x, *model)[0])
        model = weights, means, covs + ridge * torch.eye(x.shape[1]).double()  # what the ridge is for: see below
    return model


def sample_mixture(n, weights, means, covs):
    k = torch.multinomial(weights, n, replacement=True)
    noise = torch.randn(n, means.shape[1], 1).double()
    return means[k] + (torch.linalg.cholesky(covs)[k] @ noise)[..., 0]


models = {K: fit_mixture(x, K) for K in (1, 5, 20)}

# %%
held_out = {K: e_step(x_test, *model)[1] for K, model in models.items()}
print("held-out pictures, nats each:", ", ".join(f"K = {K}: {height:.0f}" for K, height in held_out.items()))
claim("one Gaussian fitted by EM is the Gaussian of section 2", held_out[1].isclose(score(x_test, mean, cov)))
claim("20 Gaussians beat one by 18 to 24 nats", 18 < held_out[20] - held_out[1] < 24, held_out)
device.seed_everything(0)
rows = {f"{K} Gaussians" if K > 1 else "one Gaussian": picture(sample_mixture(10, *models[K])) for K in models}
plotting.image_grid({"real, from 24 numbers": picture(x_test[:10])} | rows)

# %% [markdown]
# With 20 Gaussians most samples are recognisable pieces of clothing, made from nothing but means and covariances.
#
# ### Where the likelihood runs away
#
# “As probable as possible” has a trap. Take a broad Gaussian, and a second one that sits exactly on *one* data point.
# Make the second narrower and narrower: the density at that point grows beyond all limits, while the broad one
# takes care of the other points. So there is **no best mixture**: the likelihood has no upper bound.
#
# **Predict:** by how much does the average score of 50 points in the plane rise each time the width is divided by 10?

# %%
fifty = flat[:50]
broad_mean, broad_cov = fit_gaussian(fifty)
trap, half = [], torch.tensor([0.5, 0.5]).double()
for width in 10.0 ** -torch.arange(1, 8).double():
    pair = torch.cat([broad_cov, width**2 * torch.eye(2).double()[None]])
    trap.append(e_step(fifty, half, torch.cat([broad_mean, fifty[:1]]), pair)[1])
rise = torch.stack(trap).diff()
expected = torch.full_like(rise, 2 * math.log(10) / 50)
claim("by 2 ln 10 / 50 ≈ 0.092 nats, again and again", rise[1:].allclose(expected[1:], rtol=1e-3), rise)

# %% [markdown]
# ($d$ dimensions, $n$ points: $\frac dn \ln 10$.) Does EM fall into the trap by itself? Rarely, when each Gaussian has
# many points. With 2,000 pictures and 16 Gaussians in 24 dimensions:

# %%
few, held = x[::5], []
for seed in range(6):
    model = start(few, 16, seed)
    try:
        for _ in range(30):
            model = m_step(few, e_step(few, *model)[0])
    except torch.linalg.LinAlgError:  # a covariance that is flat in some direction: it has no Cholesky factor
        held.append(2000 * model[0].min())  # how many pictures the smallest Gaussian held
claim("at least two of six runs break down", len(held) >= 2, measured=held)
claim("and each time a Gaussian held fewer than 25 pictures", max(held) < 25, measured=held)

# %% [markdown]
# In 24 dimensions, 24 points always lie in some plane (of 23 dimensions), and across it their Gaussian has no width at
# all. The usual cure is a **ridge**: after each round, add a small number to the diagonals. (In scikit-learn it is
# called `reg_covar`, and we had switched it off to compare.) Widths then stay away from zero. The price: the theorem is
# about pure EM, so with a ridge the score need not rise in *every* round.
#
# ### How many Gaussians?
#
# With a ridge of 0.001, the same 2,000 pictures and three starts. **Predict:** the score on these 2,000, and on
# 2,000 others: which of them goes up with every Gaussian, and which won't?

# %%
sizes = (1, 2, 4, 8, 16, 32, 64)
fits = [[fit_mixture(few, K, seed, ridge=1e-3) for K in sizes] for seed in range(3)]
scores = {"pictures it was fitted to": few, "pictures it has not seen": x_test}
scores = {name: torch.tensor([[e_step(them, *m)[1] for m in row] for row in fits]) for name, them in scores.items()}

_, ax = plt.subplots(figsize=(6.8, 3.4))
for (name, values), color, marker in zip(scores.items(), plotting.NEUTRAL[::2], "os", strict=False):
    ax.plot(sizes, values.T, color=color, linewidth=0.8, alpha=0.6)
    ax.plot(sizes, values.median(0).values, marker + "-", color=color, label=name)
ax.set(xscale="log", xlabel="number of Gaussians K (thin: one start; thick: median)", ylabel="score (nats per picture)")
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.legend(loc="lower right", bbox_to_anchor=(0.75, 0))
plt.show()

# %%
fitted, unseen = (values.median(0).values for values in scores.values())
claim("on its own pictures more is always better", (fitted.diff() > 0).all(), measured=fitted)
claim("on unseen pictures 8 or 16 Gaussians are best", sizes[unseen.argmax()] in (8, 16), measured=unseen)
claim("and 64 are worse than the best by more than 10 nats", unseen.max() - unseen[-1] > 10, measured=unseen)

# %% [markdown]
# Own pictures praise the larger model, always. Each Gaussian has 325 numbers to adjust, and 64 of them have 31 pictures
# each: they learn them by heart, with all their accidents. That is **overfitting**, and what shows it is the score on
# pictures that were not used. With 10,000 pictures the best number would be larger.

# %% [markdown]
# ## 4 · One letter after another
#
# Text is a sequence: the next letter depends on what stands before. The simplest model that knows this is a **Markov
# chain**: the next letter depends on the present one *only*. In 1913 A. A. Markov counted 20,000 letters of Pushkin's
# *Eugene Onegin* by hand, as vowels and consonants, to see a chain of dependent events at work. He found 43
# vowels in 100 letters. We count the prose of this course (a copy that came with the package):

# %%
paragraphs = [re.sub("[^a-z]+", " ", line.lower()).strip() + " " for line in data.prose().splitlines()]
text = "".join(line for number, line in enumerate(paragraphs) if number % 8)  # seven paragraphs in eight
text_test = "".join(paragraphs[::8])  # the others are held out
LETTERS = " abcdefghijklmnopqrstuvwxyz"
print(f"{len(text):,} letters to fit, {len(text_test):,} held out. They begin: {text[:60]}…")

vowel = [letter in "aeiou" for letter in text if letter != " "]
after = {kind: [b for a, b in zip(vowel, vowel[1:], strict=False) if a == kind] for kind in (True, False)}
share = {kind: sum(next_) / len(next_) for kind, next_ in after.items()}
claim("37 to 40 of 100 letters are vowels", 0.37 < sum(vowel) / len(vowel) < 0.40, measured=sum(vowel) / len(vowel))
claim(
    "after a consonant a vowel is at least three times as likely as after a vowel",
    share[False] > 3 * share[True],
    measured=share,
)

# %% [markdown]
# Now all 27 signs. A chain is a table $P$ with a row for each letter: $P_{ij}$ is the probability that $j$ follows $i$.
# So each row is one unfair die with 27 faces, and maximum likelihood does what it did with the coin: it sets each
# probability to the share in the data, $\hat P_{ij} = n_{ij} / n_{i\cdot}$, with $n_{ij}$ the number of times $j$ came
# after $i$, and $n_{i\cdot}$ the sum of the row.

# %%
index = torch.tensor([LETTERS.index(letter) for letter in text])
counts = torch.zeros(27, 27).double()
counts.index_put_(
    (index, index.roll(-1)), torch.ones(len(text)).double(), accumulate=True
)  # the last one: back to the first
P = counts / counts.sum(1, keepdim=True)
_, ax = plt.subplots(figsize=(5.6, 5.2))
ax.imshow(P, cmap=plotting.DENSITY_CMAP, vmin=0, vmax=0.6)
ax.set_xticks(range(27), ["␣", *LETTERS[1:]])
ax.set_yticks(range(27), ["␣", *LETTERS[1:]])
ax.tick_params(labelsize=10, length=0)
ax.set(xlabel="next letter", ylabel="this letter")
plt.show()

# %% [markdown]
# (␣ is the space between words. We close the text to a ring, so that its last letter has a successor too.) Find the
# darkest fields: *q* is followed by *u*, always. The score, per letter, and its ceiling: each row contributes minus its
# entropy, as often as its letter occurs.

# %%
frequency = counts.sum(1) / counts.sum()
score_of_chain = torch.xlogy(counts, P).sum() / counts.sum()
row_entropy = -torch.xlogy(P, P).sum(1)
claim("score = minus the mean entropy of the rows: -H again", score_of_chain.isclose(-(frequency * row_entropy).sum()))
alone = -torch.xlogy(frequency, frequency).sum()
claim(
    "knowing the letter before is worth more than 0.4 nats",
    score_of_chain + alone > 0.4,
    measured=score_of_chain + alone,
)

# %% [markdown]
# ### Where a chain comes to rest
#
# Start the chain at *q* and let it run. After one step it is certainly at *u*. **Predict:** which letter is it at after
# 30 steps? And how much of the beginning is still to be felt?

# %%
value, vectors = torch.linalg.eig(P.T)  # P.T: eigenvectors on the left of P
order = value.abs().argsort(descending=True)
rest = vectors[:, order[0]].real
rest = rest / rest.sum()
claim("the largest eigenvalue is 1", value[order[0]].sub(1).abs() < 1e-9)
claim("its left eigenvector stays as it is: π P = π", (rest @ P).allclose(rest))
claim("it is the frequency of the letters in the text", rest.allclose(frequency))

# %%
starts, apart = {"start at q": "q", "start at e": "e", "start at a space": " "}, {}
for name, letter in starts.items():
    now = torch.eye(27).double()[LETTERS.index(letter)]
    apart[name] = []
    for _ in range(21):
        apart[name].append((now - rest).abs().sum() / 2)  # total variation distance
        now = now @ P
second = value[order[1]].abs()
_, ax = plt.subplots(figsize=(6.8, 3.2))
for (name, distances), color in zip(apart.items(), plotting.NEUTRAL, strict=False):
    ax.semilogy(distances, "o-", markersize=4, color=color, label=name)
ax.semilogy(
    second ** torch.arange(21), color=plotting.THEORY, linestyle=(0, (5, 3)), label="theory: |λ₂| to the power of t"
)
ax.set(xlabel="steps t", ylabel="distance from π")
ax.legend()
plt.show()
claim(
    "after 20 steps it has forgotten: less than one millionth from π, from all three",
    max(d[-1] for d in apart.values()) < 1e-6,
)

# %% [markdown]
# From every start the chain comes to the same **stationary distribution** $\pi$, and the distance shrinks about by the
# factor $|\lambda_2|$ a step, the second largest eigenvalue in absolute value. (A little more slowly in the picture,
# because $\lambda_2$ and its complex conjugate nearly coincide here.) Two conditions are needed, and both hold here:
#
# - From each letter one can get to each other one (**irreducible**). Just read on, round the ring.
# - It must not march in step (**aperiodic**). A letter that may follow itself, like the *l* in “all”, is enough.
#
# That $\pi$ is the frequency of letters is no surprise on a ring: as many pairs begin with *e* as end with *e*, and
# this says exactly $\pi P = \pi$. (On the open text the two differ by at most a few letters at the ends.)

# %% [markdown]
# ### A longer memory
#
# Let the next letter depend on the last $m$ letters: still a Markov chain, its states are strings of $m$ letters. A
# dictionary does for a table. Laplace's smoothing again, with a small $\alpha$ instead of 1, since there are many rows.


# %%
def count(text, m):
    ring = text + text[:m]
    return Counter(ring[i : i + m + 1] for i in range(len(text))), Counter(ring[i : i + m] for i in range(len(text)))


def probability(letter, before, counted, alpha=0.05):
    grams, contexts = counted
    return (grams[before + letter] + alpha) / (contexts[before] + 27 * alpha)


def score_text(text, m, counted):
    logs = [math.log(probability(text[i], text[i - m : i], counted)) for i in range(6, len(text))]
    return sum(logs) / len(logs)


# %%
memories = range(7)
counted = {m: count(text, m) for m in memories}
loss_fit = [-score_text(text, m, counted[m]) for m in memories]
loss_test = [-score_text(text_test, m, counted[m]) for m in memories]
_, ax = plt.subplots(figsize=(6.8, 3.2))
ax.plot(memories, loss_fit, "o-", color=plotting.NEUTRAL[0], label="text it was fitted to")
ax.plot(memories, loss_test, "s--", color=plotting.NEUTRAL[2], label="text it has not seen")
ax.set(xlabel="memory m (letters)", ylabel="minus the score\n(nats per letter)", ylim=(0, None))
ax.legend()
plt.show()
claim("on its own text more memory is always better", all(b < a for a, b in zip(loss_fit, loss_fit[1:], strict=False)))
claim(
    "on unseen text a memory of 2 to 4 letters is best", 2 <= loss_test.index(min(loss_test)) <= 4, measured=loss_test
)

# %% [markdown]
# And what do they write? **Before you run:** from which memory on will there be words?


# %%
def write(m, length=75, seed=0):
    chance, out = random.Random(seed), "the ga"
    while len(out) < length:
        before = out[len(out) - m :]
        out += chance.choices(LETTERS, [probability(letter, before, counted[m], 0.001) for letter in LETTERS])[0]
    return out[6:]


for m in memories:
    print(f"memory {m}:  {write(m)}")

# %% [markdown]
# Short words from memory 2 on, and with 5 or 6 it sounds like this course, on a tired day. But look at the curves: with
# memory 6 the text it was fitted to has become easy, and new text harder than with 3. It quotes. Shannon drew such
# samples in 1948, to show what a statistical model of language is; a language model of today is trained with the same
# loss, and a far longer memory.

# %% [markdown]
# ## 5 · A “Markov chain loss”?
#
# You may read that GANs have two usual losses, cross-entropy and a *Markov chain loss*,
#
# $$\frac1N \sum_{i=1}^N \sum_{t=1}^T \log p(x_t \mid x_{t-1}),$$
#
# which makes the generated data hang together. You know this formula: it is the log-likelihood of section 4, added up
# over $N$ sequences. Three things about it.
#
# **The sign.** A loss is made *small*. A log-likelihood must become *large*, so the loss has a minus in front.
# **Predict:** we train a table of logits by gradient descent, once with the minus and once without, as printed. What
# will each of the two write?


# %% tags=["nbval-ignore-output"]
def train(sign, steps=400):
    logits = torch.zeros(27, 27).double().requires_grad_()
    descent = torch.optim.SGD([logits], lr=4.0)
    for _ in range(steps):
        score = (P * logits.log_softmax(1)).sum()  # all rows alike, so that rare letters learn as fast as the others
        descent.zero_grad()
        (sign * score).backward()
        descent.step()
    return logits.detach().softmax(1)


with_minus, as_printed = train(-1.0), train(+1.0)
for name, table in (("with the minus", with_minus), ("as printed", as_printed)):
    chance, out = random.Random(0), "t"
    while len(out) < 60:
        out += chance.choices(LETTERS, table[LETTERS.index(out[-1])].tolist())[0]
    print(f"{name + ':':16}{out}")

# %%
claim("with the minus: the table that counting gave (within 0.01)", (with_minus - P).abs().max() < 0.01)
rare = (frequency[:, None] * as_printed * (P < 0.01)).sum()
claim("as printed: 95 of 100 letters are such as hardly ever follow in the text", rare > 0.95, measured=rare)
per_letter = (frequency[:, None] * P * as_printed.clamp_min(1e-300).log()).sum()
claim("and the “loss” is below -50 nats per letter, and still falling", per_letter < -50, measured=per_letter)

# %% [markdown]
# **The name.** With its minus it is the ordinary maximum-likelihood loss of a sequence model: no adversary, no
# generator with noise, no discriminator. It makes neighbours fit exactly as well as a table of pairs can.
#
# **A GAN can't use it.** The formula wants a number, $p(x_t \mid x_{t-1})$. A GAN's generator has none: it turns noise
# into samples, and nobody knows how probable each was. That was even its point: Goodfellow and his co-authors
# advertised in 2014 that their nets need *no Markov chains* (a different use of them, for sampling). The losses that
# GANs do use come in chapters 21, 32 and 34.

# %% [markdown]
# ## 6 · What a likelihood does not tell
#
# Better likelihood, better pictures? Twice you have seen that: one sheet against ten, one Gaussian against twenty. It
# is no law. Two extremes, in our 24 numbers:
#
# - **Lazy**: with probability 99 % output plain noise, and only otherwise draw from the mixture of 20. By
#   $\log(0.01\,p + 0.99\,q) \ge \log p - \ln 100$, that costs *at most* 4.6 nats.
# - **Copying**: output a picture from the data, with a tiny bit of noise: a narrow Gaussian round each of them.
#
# **Predict:** which of the three looks best? Which scores best on unseen pictures?

# %%
twenty = models[20]
device.seed_everything(0)
wide = fit_gaussian(x)[1] * 4  # noise: the Gaussian, twice as wide
good, noise = e_step(x_test, *twenty)[1], sample_gaussian(10, mean[0], wide[0])
lazy_each = torch.logaddexp(
    math.log(0.01) + (log_normal(x_test, *twenty[1:]) + twenty[0].log()).logsumexp(1),
    math.log(0.99) + log_normal(x_test, mean, wide)[:, 0],
)
width = 0.1
squares = torch.cdist(x_test, x).square()  # a Gaussian of this width round each of the 10,000
copy_each = (-squares / (2 * width**2)).logsumexp(1) - math.log(len(x)) - 12 * math.log(2 * math.pi * width**2)
table = {"one Gaussian": held_out[1], "20 Gaussians": good, "lazy": lazy_each.mean(), "copying": copy_each.mean()}
print("held-out score, nats:", ", ".join(f"{name} {value:.1f}" for name, value in table.items()))

# %%
claim("being lazy costs at most ln 100 ≈ 4.6 nats", good - lazy_each.mean() <= math.log(100) + 1e-9)
claim("lazy still beats the single Gaussian", table["lazy"] > table["one Gaussian"], measured=table)
claim(
    "copying is worse than everything else by more than 100 nats",
    table["copying"] < min(list(table.values())[:3]) - 100,
    measured=table,
)
copies = x[torch.randint(len(x), (10,))] + width * torch.randn(10, 24).double()
plotting.image_grid(
    {"20 Gaussians": picture(sample_mixture(10, *twenty)), "lazy": picture(noise), "copying": picture(copies)}
)

# %% [markdown]
# The lazy one: nearly all rubbish, and a good score. The copying one: flawless, and the worst score. (The row “lazy”
# shows ten draws of its noise; one in a hundred would be good.) Scores and looks are two questions, and each model
# should be asked the one that you care about. [Theis and others](https://arxiv.org/abs/1511.01844) made the first
# argument in 2016.
#
# So here is the place of all of this, and of what comes next:
#
# | model | sample | density | fitting | what it can't do |
# |---|---|---|---|---|
# | coins | yes | exact | counting | neighbours |
# | Gaussian | yes | exact | mean, covariance | corners, lumps, hollows |
# | mixture | yes | exact | EM, local maxima | fine detail, many dimensions |
# | Markov chain | yes | exact | counting | anything farther back than $m$ |
# | VAE | yes | a bound | gradient descent | chapters 24, 35 |
# | GAN | yes | **none** | a game | say how probable; chapters 21–34 |
#
# A GAN gives the density away for one freedom: its generator may be *any* network. No matrix must be inverted, no sum
# must be one. What replaces the likelihood is a second network's opinion, and that is the rest of the course.

# %% [markdown]
# ## Help, I get …
#
# ### a log-likelihood of `-inf`
# Something in the test data was given the probability 0: a pixel that never had ink, a pair of letters that never came.
# Smooth (section 1). With `0 * log(0)` you get `nan` instead: `torch.xlogy` knows that it is 0.
#
# ### a log-likelihood above 0
# Fine, for a density: it may be larger than 1. It depends on the unit of $x$, so compare models on the same numbers
# only.
#
# ### `nan` after a round of EM
# Did you exponentiate before dividing? $e^{-1000}$ is 0, and 0/0 is `nan`. Subtract the `logsumexp` first. Or a
# Gaussian has lost all its points (`size` is 0): start again, with fewer.

# %% [markdown]
# ### `linalg.cholesky: … the input is not positive-definite`
# A Gaussian has collapsed onto a point or into a plane (section 3), or your data have a constant column. Add a little
# to the diagonal, take fewer Gaussians, or drop the column.
#
# ### other clusters than scikit-learn
# The order of the Gaussians means nothing, so sort them by weight. If the scores differ, too, you have climbed another
# hill: start both from the same place, as above, or take the best of several starts.

# %% [markdown]
# ## Recap
#
# - Maximum likelihood: choose the numbers under which the data are most probable. Coins and chains: count. Gaussian:
#   take mean and covariance of the data.
# - At its best, the average log-likelihood is minus an entropy; every other choice loses a KL divergence.
# - EM never makes the likelihood worse. It finds *a* top, and the likelihood of a mixture has no highest one.
# - Score on data that was not used for fitting: own data always praise the larger model.
# - A likelihood for sequences is no GAN loss: a GAN has samples and no probabilities.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>A coin showed 1 in 7 of 10 throws. Which θ fits best, and what is its score?</summary>
#
# θ = 0.7, and 0.7 ln 0.7 + 0.3 ln 0.3 ≈ −0.611: minus the entropy of a coin with 0.7.
#
# </details>
#
# <details><summary>EM's log-likelihood fell from −3.20 to −3.25 in one round. What do you conclude?</summary>
#
# There is a bug, or something beside EM at work: a term added to the covariances, a different batch of data, rounding
# (which is far smaller). Pure EM can't fall.
#
# </details>
#
# <details><summary>A generator draws perfect pictures. Can its held-out log-likelihood be terrible?</summary>
#
# Yes. If it only copies its training pictures, it gives new ones next to no probability. And for a GAN the question
# can't even be asked directly: there is no density to evaluate.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [A. A. Markov 1913, translated 2006](https://doi.org/10.1017/S0269889706001074): the first chain, counted by hand in
#   a novel in verse.
# - [Dempster, Laird and Rubin 1977, *Maximum Likelihood from Incomplete Data via the EM
#   Algorithm*](https://doi.org/10.1111/j.2517-6161.1977.tb01600.x): EM in general, with the proof that it never goes
#   down.
# - [Theis, van den Oord and Bethge 2016, *A note on the evaluation of generative
#   models*](https://arxiv.org/abs/1511.01844): why likelihood and looks are nearly independent in many dimensions.
# - [Goodfellow et al. 2014, *Generative Adversarial Nets*](https://arxiv.org/abs/1406.2661): reads differently once you
#   have fitted densities yourself.

# %% [markdown]
# ## Key terms
#
# | English | 中文 | Meaning |
# |---|---|---|
# | maximum likelihood | 最大似然 | choose the parameters under which the data are most probable |
# | Bernoulli model | 伯努利模型 | a coin: 1 with probability θ, or else 0 |
# | Gaussian model | 高斯模型 | a bell curve with a mean and a covariance |
# | mixture model | 混合模型 | draw which of $K$ models, then draw from it |
# | EM algorithm | 期望最大化算法 | guess who made which point, fit, and again |
# | Markov chain | 马尔可夫链 | the next state depends on the present one only |
# | stationary distribution | 平稳分布 | $\pi = \pi P$: what the chain settles into |
# | held-out data | 留出数据 | data that was not used for fitting |
# | entropy | 熵 | minus the mean log-probability: how unpredictable something is |

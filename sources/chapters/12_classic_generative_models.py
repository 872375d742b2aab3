# %% [markdown]
# # 12 · Classic generative models
#
# *Coins and bell curves generated data long before networks did. In seconds, and exactly, they do what a GAN gives up:
# they say how probable each picture is. Once you know them, you can see what GANs were invented for.*
#
# > **You will be able to**
# > - fit three models by maximum likelihood, with code of your own: coins, a Gaussian, a mixture
# > - sample from each of them, and score each on data that it has not seen
# > - say what a nat, an entropy and a covariance are
# > - say what the EM algorithm promises, and where a likelihood runs away to infinity
# > - say what these models can do that a GAN can't, and why people wanted GANs all the same
# >
# > **Before you start** [11 · why generate](11_why_generate.ipynb) says what such models are for. Of mathematics:
# > logarithms, means, and the product of two matrices.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# How bright is a picture of a piece of clothing, on average over its pixels? Ten thousand pictures from Fashion-MNIST
# give the blue histogram. A **model** is a curve that we lay over it, and what is drawn from the curve is new data.

# %% jupyter={"source_hidden": true}
import math

import matplotlib.pyplot as plt
import torch
from sklearn.mixture import GaussianMixture

from gan_edu import data, device, plotting
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)
fashion, fashion_test = data.images("fashion_mnist"), data.images("fashion_mnist", "test")

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
# That takes three steps:
#
# 1. **Choose a family** of models with adjustable numbers.
# 2. **Fit**: choose the numbers. In this chapter we choose those under which the data are as probable as possible.
#    That is **maximum likelihood**.
# 3. **Sample**: draw new data from the fitted model.
#
# The first and the third step return with every later model. What changes is the second: a GAN is fitted by a game.
#
# There is one more thing, which a GAN can't do: **score**. The height of the curve says how probable a new picture is.
# So two models can be compared on pictures that neither has seen.

# %% [markdown]
# ## 1. A coin for each pixel
#
# We begin with digits in pure black and white: a pixel is 1 (ink) or 0. Look at one single pixel in the middle of the
# picture. Over 10,000 digits it is like a coin that shows 1 with some probability $\theta$: a **Bernoulli** model.
#
# How probable are 10,000 pixels under such a coin? Their probabilities are multiplied, and the product is far too small
# for a computer. Its logarithm is a sum, and we take the mean of it: the average **log-likelihood**. We will call it
# the **score**.
#
# A score is negative, because probabilities are below 1. Its unit is the **nat** (from *natural* logarithm). A score of
# −0.69 nats means: the model gave the data the probability $e^{-0.69} = \frac12$ each, on average. One nat less means
# 2.7 times less probable, each.


# %%
def coin_score(x, theta):
    """Mean log-probability of zeros and ones under a coin, in nats."""
    return (x * theta.log() + (1 - x) * (1 - theta).log()).mean(0)


# %% [markdown]
# **Predict, and say why:** at which $\theta$ is the score highest? And what happens to it near $\theta = 0$ and
# $\theta = 1$?

# %%
mnist, mnist_test = data.images("mnist"), data.images("mnist", "test")
digits = (mnist.pixels > 127).flatten(1).double()  # (10000, 784), of zeros and ones
digits_test = (mnist_test.pixels > 127).flatten(1).double()
pixel = digits[:, 14 * 28 + 10]
theta = torch.linspace(0.01, 0.99, 99, dtype=torch.double)
scores = coin_score(pixel[:, None], theta)
best = pixel.mean()
entropy = -(best * best.log() + (1 - best) * (1 - best).log())
_, ax = plt.subplots(figsize=(6.8, 3.2))
ax.plot(theta, scores, color=plotting.FAKE, label="score")
ax.axvline(best, color=plotting.REAL, linestyle=":", label="share of ones in the data")
ax.axhline(-entropy, color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5, label="minus the entropy, −H")
ax.set(xlabel="θ: the coin's probability of a 1", ylabel="nats per picture", ylim=(-2.5, 0))
ax.legend(loc="lower left", bbox_to_anchor=(0.42, 0.02))
plt.show()

# %% [markdown]
# The best coin shows ones as often as the data do, $\hat\theta = \bar x$. (Set the derivative to zero:
# $\bar x / \theta = (1 - \bar x) / (1 - \theta)$.) At both ends the score falls without limit, because a coin that says
# “never” makes the data impossible.
#
# How high is the top? Call $-\log p$ the **surprise** of an outcome with probability $p$: what is certain has the
# surprise 0, what is rare a large one. The **entropy** $H$ of a coin is its *average surprise*, for somebody who knows
# its $\theta$. At its best, the score is exactly minus the entropy. Any other coin loses something more, the
# **Kullback–Leibler divergence** between the two coins, which is never negative (chapter 31 is about it):
#
# $$\text{score}(\theta) = -H(\bar x) - \mathrm{KL}(\bar x \,\|\, \theta).$$

# %%
kl = best * (best / theta).log() + (1 - best) * ((1 - best) / (1 - theta)).log()
identity("the score at the share of ones is -H", coin_score(pixel, best).isclose(-entropy))
identity("every other coin loses exactly KL(data ‖ coin)", scores.allclose(-entropy - kl))

# %% [markdown]
# ### A sheet of coins
#
# Now take 784 coins, one for each pixel, each tossed independently of the others.
#
# **Predict, and say why:** you toss them all once. What do you see: a digit, a blend of digits, or noise?

# %% jupyter={"source_hidden": true}
coins = digits.mean(0)  # the best of all models with independent pixels
by_class = torch.stack([digits[mnist.labels == label].mean(0) for label in range(10)])  # ten sheets of coins
device.seed_everything(0)
tossed = {
    "real": digits[:10],
    "one sheet of coins": torch.bernoulli(coins.expand(10, -1)),
    "a sheet for each digit": torch.bernoulli(by_class),
    "the ten sheets": by_class,
}
plotting.image_grid({name: 2 * images - 1 for name, images in tossed.items()})

# %% [markdown]
# One sheet gives noise, denser where ink is frequent. Every pixel does what it should *on average*. But what makes a
# picture is how its pixels depend on one another, and these coins don't.
#
# Ten sheets, one for each digit, are better: first draw the digit, then toss its coins. That is a **mixture**. It
# knows a little about neighbours, because all pixels share the digit. Now let us score it, on 2,000 digits that were
# not used.
#
# **Predict, and say why:** 784 fair coins score $784 \ln \frac12 \approx -543$ nats. What will the ten sheets score, if
# we even tell them which sheet to use for which test digit?


# %%
def sheet_score(x, sheet):
    """Log-probability of each picture: (N, 784) → (N,)."""
    return torch.xlogy(x, sheet).sum(1) + torch.xlogy(1 - x, 1 - sheet).sum(1)  # xlogy: 0 · log 0 = 0


own = sheet_score(digits_test, by_class[mnist_test.labels])  # each test digit on the sheet of its own kind
impossible = own == -math.inf
claim("the ten sheets: minus infinity, on average", own.mean() == -math.inf)
claim("though fewer than 1 in 20 digits are to blame", 0 < impossible.double().mean() < 0.05, impossible.sum())

# %% [markdown]
# Some pixel had no ink in any of the thousand threes. On their sheet its coin got $\theta = 0$: it says *never*. A new
# three with ink there is impossible, and one impossible picture makes the product of all probabilities zero. Maximum
# likelihood believes its data too literally.
#
# The cure is **smoothing** (chapter 11): act as if you had seen $\alpha$ more ones and $\alpha$ more zeros everywhere.
# There we learned that $\alpha$ can turn a result round, so we try three.


# %%
def smoothed(x, alpha):
    return (x.sum(0) + alpha) / (len(x) + 2 * alpha)


def mixture_of_sheets(x, alpha):
    """log p(x) under ten sheets, each with the share of its digit: log Σ share · p(x | sheet)."""
    sheets = [smoothed(digits[mnist.labels == label], alpha) for label in range(10)]
    log_share = (mnist.labels.bincount() / len(digits)).double().log()
    return (torch.stack([sheet_score(x, sheet) for sheet in sheets], 1) + log_share).logsumexp(1)


alphas = (0.01, 0.1, 1.0)
one = torch.stack([sheet_score(digits_test, smoothed(digits, alpha)).mean() for alpha in alphas])
ten = torch.stack([mixture_of_sheets(digits_test, alpha).mean() for alpha in alphas])
for alpha, a, b in zip(alphas, one, ten, strict=True):
    print(f"α = {alpha}: one sheet {a:.0f} nats, ten sheets {b:.0f}")
claim("with each α: ten sheets are better than one by more than 30 nats", (ten - one > 30).all(), measured=ten - one)

# %% [markdown]
# (`logsumexp` computes $\log \sum e^{\dots}$ without leaving the range of a computer's numbers.)
#
# More than 30 nats means: under the ten sheets a test digit is more than $e^{30}$ times as probable, if you average the
# logarithms. With a thousand digits of each kind, the choice of $\alpha$ hardly matters. In chapter 11, with five of
# each, it did.

# %% [markdown]
# ## 2. One bell curve in 24 dimensions
#
# Now clothes, in grey. A pixel is a number between 0 and 1, so we need a *density*. And we need fewer numbers than 784:
# some pixels are black in nearly every picture, and a very narrow bell curve there would dominate the score.
#
# So we keep 24 numbers of each picture. Each belongs to a **principal component**: a pattern that is added to the
# average picture, more or less strongly. The first pattern is the one along which pictures differ most; the second is
# the next one, and so on. Here are the first two, in five strengths each:

# %% jupyter={"source_hidden": true}
pixels, pixels_test = (each.tensor(flat=True, low=0).double() for each in (fashion, fashion_test))
centre = pixels.mean(0)
spread, directions = torch.linalg.eigh((pixels - centre).T @ (pixels - centre) / len(pixels))
basis = directions[:, -24:].flip(1)  # (784, 24), the most important first
basis = basis * basis.sum(0).sign()  # eigenvectors come with either sign
x, x_test = (pixels - centre) @ basis, (pixels_test - centre) @ basis


def picture(codes):
    return 2 * (codes @ basis.T + centre).clamp(0, 1) - 1


strengths = torch.zeros(2, 5, 24).double()
for number in range(2):
    strengths[number, :, number] = torch.linspace(-1.5, 1.5, 5) * x[:, number].std()
plotting.image_grid({f"component {number + 1}": picture(strengths[number]) for number in range(2)})

# %% [markdown]
# The first leads from something low and dark to a bright pullover, the second from trousers to something low and wide,
# like a shoe. With all 24:

# %% jupyter={"source_hidden": true}
plotting.image_grid({"real": 2 * pixels_test[:10] - 1, "from 24 numbers": picture(x_test[:10])})

# %%
kept = spread[-24:].sum() / spread.sum()
claim("24 numbers of 784 keep between 78 and 82 % of the variance", 0.78 < kept < 0.82, measured=kept)

# %% [markdown]
# Details are lost, and no model of these 24 numbers can bring them back. All that follows is about the lower row.
#
# A **Gaussian** in 24 dimensions has a mean $\mu$ and a **covariance matrix** $\Sigma$. On its diagonal stand the
# variances of the 24 numbers: how widely each one spreads. Beside the diagonal stand the covariances: the mean of
# (first number minus its mean) times (second minus its mean). A covariance is positive if the two tend to be large
# together.
#
# $$\log p(x) = -\tfrac12 (x - \mu)^\top \Sigma^{-1} (x - \mu) - \tfrac12 \log |\Sigma| - \tfrac d2 \log 2\pi.$$
#
# Here $d$ is the number of dimensions, 24. $^\top$ lays a column down as a row, so that the first term is one number.
# $\Sigma^{-1}$ is the inverse matrix: $\Sigma^{-1} \Sigma$ is the identity. So the first term is minus half the squared
# distance from the mean, measured in widths of the cloud. $|\Sigma|$ is the determinant: the more room the cloud takes,
# the larger it is. We write $N(x; \mu, \Sigma)$ for this $p(x)$.
#
# Maximum likelihood is as simple as for the coin: take the mean and the covariance *of the data*.


# %%
def fit_gaussian(x):
    mean = x.mean(0)
    return mean, (x - mean).T @ (x - mean) / len(x)


# %% jupyter={"source_hidden": true}
def log_normal(x, means, covs):
    """(N, d), (K, d), (K, d, d) → (N, K): log-density of each point under each Gaussian, without an inverse."""
    L = torch.linalg.cholesky(covs)
    u = torch.linalg.solve_triangular(L, (x - means[:, None]).mT, upper=False)  # (K, d, N)
    half_log_det = L.diagonal(dim1=1, dim2=2).log().sum(1)
    constant = x.shape[1] / 2 * math.log(2 * math.pi)
    return (-u.square().sum(1) / 2 - half_log_det[:, None] - constant).T


# %% [markdown]
# With these two the first term is $-\frac d2$ on average, and the best possible score is
# $-\tfrac12 ( d \log 2\pi + \log |\hat\Sigma| + d )$. That is minus the entropy of this Gaussian: −H again.

# %%
mean, cov = fit_gaussian(x)
at_best = log_normal(x, mean[None], cov[None]).mean()
bell = torch.distributions.MultivariateNormal(mean, cov)
identity("the score of the fitted Gaussian is minus its entropy", at_best.isclose(-bell.entropy()))

# %% [markdown]
# To **sample**, write $\Sigma = L L^\top$ with a triangular $L$ (the *Cholesky factor*, a kind of square root). Then
# $\mu + L \varepsilon$ is a sample, for independent standard normal numbers $\varepsilon$.

# %%
device.seed_everything(0)
drawn = mean + torch.randn(10_000, 24).double() @ torch.linalg.cholesky(cov).T

# %% [markdown]
# The samples have the right mean and the right covariances of all 24 numbers. **Predict, and say why:** can you tell
# them from real ones in a scatter plot of the first two numbers? And as pictures?

# %% jupyter={"source_hidden": true}
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
# You can tell them at once. In the real data these two numbers are *uncorrelated* (their covariance is 0: principal
# components are made like that), but far from *independent*: their cloud has corners, a hollow, and lumps. A Gaussian
# knows means and covariances and nothing else. Its pictures look like trousers, a boot and a shirt in one.

# %% [markdown]
# ## 3. Many bell curves, and EM
#
# So take $K$ bell curves, with weights $\pi_k$ that sum to 1: $p(x) = \sum_k \pi_k\, N(x; \mu_k, \Sigma_k)$. To sample,
# draw a $k$ with the probabilities $\pi_k$, then a point from that Gaussian.
#
# If somebody told us which point came from which Gaussian, we could fit each to its own points, as above. Nobody does.
# The **EM algorithm** guesses it, and improves the guess:
#
# - **E step** (expectation): for each point, the probability that it came from Gaussian $k$. This is its
#   **responsibility** $r_{nk} = \pi_k N(x_n; \mu_k, \Sigma_k) \,/\, \sum_j \pi_j N(x_n; \mu_j, \Sigma_j)$: Bayes' rule.
# - **M step** (maximisation): fit each Gaussian to all points, weighted by $r_{nk}$. The new $\pi_k$ is the mean of
#   $r_{nk}$ over the points.


# %%
def e_step(x, weights, means, covs):
    """Responsibilities (N, K), and the score, which comes for free."""
    joint = weights.log() + log_normal(x, means, covs)
    total = joint.logsumexp(1, keepdim=True)
    return (joint - total).exp(), total.mean()


def m_step(x, r):
    size = r.sum(0)  # how many points each Gaussian holds (K,)
    means = r.T @ x / size[:, None]
    apart = x - means[:, None]  # (K, N, d)
    covs = (r.T[:, :, None] * apart).mT @ apart / size[:, None, None]
    return size / len(x), means, covs


# %% jupyter={"source_hidden": true}
def start(x, K, seed):
    """K points of the data as means, everything else equal."""
    chosen = x[torch.randperm(len(x), generator=device.generator(seed))[:K]]
    return torch.full((K,), 1 / K).double(), chosen, fit_gaussian(x)[1].expand(K, -1, -1)


def ellipses(ax, weights, means, covs):
    """Each Gaussian as the ellipse of one and of two standard deviations."""
    circle = torch.linspace(0, 2 * math.pi, 60).double()
    circle = torch.stack([circle.cos(), circle.sin()])
    for mean, L in zip(means, torch.linalg.cholesky(covs), strict=True):
        for radius in (1, 2):
            ax.plot(*(mean[:, None] + radius * L @ circle), color=plotting.FAKE, linewidth=1.2)


# %% [markdown]
# First in the plane, with the two numbers of the scatter plot, so that you can watch: eight Gaussians, 200 rounds,
# eight random starts. **Predict, and say why:** will the score go up in every single round? Will all eight starts end
# equally high?

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

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 3, figsize=(6.8, 2.7), sharex=True, sharey=True)
for ax, (number, model) in zip(axes, shown.items(), strict=True):
    ax.scatter(*flat[:600].T, s=4, color="#9CCBE5", linewidths=0)
    ellipses(ax, *model)
    ax.set(title=f"round {number}", xlim=(-9, 13), ylim=(-8, 10), xticks=[], yticks=[])
plt.show()
_, ax = plt.subplots(figsize=(6.8, 3.4))
plotting.seeds_over_time(list(range(rounds + 1)), heights, "score (nats)", "mixture of eight", ax=ax)
ax.set(xlabel="round")
plt.show()

# %%
identity("the score never goes down in any of the 8 x 200 rounds", (heights.diff(dim=0) > -1e-9).all())
ends = heights[-1]
print("ends:", ", ".join(f"{end:.3f}" for end in ends))
claim("the ends are not equally high: at least 0.005 nats apart", ends.max() - ends.min() > 0.005, measured=ends)

# %% [markdown]
# **Never down** is a theorem about EM: each round can only raise the score, or leave it. ([Chapter 35](35_elbo.ipynb)
# has the reason: EM lifts a lower bound of the score. VAEs use the same bound.)
#
# **Equally high** is no theorem. EM climbs the hill it stands on. Different starts end on different tops, or are still
# creeping across a plateau when you stop. (The chart is too coarse to show it; the numbers above are not.) Which top is
# best you only learn by trying several.
#
# ### With all 24 numbers
#
# Now for pictures: mixtures of 5 and of 20 Gaussians in 24 dimensions, 30 rounds each. **Predict:** will 20 Gaussians
# be enough for recognisable clothes?


# %%
def fit_mixture(x, K, seed=0, rounds=30, ridge=0.0):
    model = start(x, K, seed)
    for _ in range(rounds):
        weights, means, covs = m_step(x, e_step(x, *model)[0])
        model = weights, means, covs + ridge * torch.eye(x.shape[1]).double()  # what the ridge is for: section 4
    return model


def sample_mixture(n, weights, means, covs):
    k = torch.multinomial(weights, n, replacement=True)
    noise = torch.randn(n, means.shape[1], 1).double()
    return means[k] + (torch.linalg.cholesky(covs)[k] @ noise)[..., 0]


models = {K: fit_mixture(x, K) for K in (1, 5, 20)}
device.seed_everything(0)
rows = {f"{K} Gaussians" if K > 1 else "one Gaussian": picture(sample_mixture(10, *models[K])) for K in models}
plotting.image_grid({"real, from 24 numbers": picture(x_test[:10])} | rows)

# %%
held_out = {K: e_step(x_test, *model)[1] for K, model in models.items()}
print("pictures not used for fitting, nats each:", ", ".join(f"K = {K}: {h:.0f}" for K, h in held_out.items()))
claim("on these pictures 20 Gaussians beat one by 18 to 24 nats", 18 < held_out[20] - held_out[1] < 24, held_out)

# %% [markdown]
# With 20 Gaussians most samples are recognisable pieces of clothing, made from nothing but means and covariances.

# %% [markdown]
# ## 4. Two traps
#
# ### The likelihood runs away
#
# “As probable as possible” has a trap. Take a broad Gaussian, and a second one that sits exactly on *one* data point.
# Make the second narrower and narrower. The density at that point grows beyond all limits, while the broad one takes
# care of the other points. So there is **no best mixture**: the likelihood has no upper bound.
#
# Does EM fall into this trap by itself? Rarely, while each Gaussian holds many points. With 2,000 pictures and 16
# Gaussians in 24 dimensions it happens. We make six starts and wait for a covariance matrix that has lost its width in
# some direction:

# %%
few, broken, survived = x[::5], [], []  # how many pictures the smallest Gaussian once held, in each run
for seed in range(6):
    model, smallest = start(few, 16, seed), math.inf
    try:
        for _ in range(30):
            model = m_step(few, e_step(few, *model)[0])
            smallest = min(smallest, 2000 * model[0].min().item())
        survived.append(smallest)
    except torch.linalg.LinAlgError:  # a covariance that is flat in some direction: it has no Cholesky factor
        broken.append(smallest)

# %%
claim("at least one of six runs breaks down", len(broken) >= 1, measured=broken)
claim("and each time some Gaussian held fewer than 25 pictures", max(broken) < 25, measured=broken)
if survived:
    claim("at least one run that survived had such a Gaussian, too", min(survived) < 25, measured=survived)

# %% [markdown]
# In 24 dimensions, 24 points always lie in some plane (of 23 dimensions), and across it their Gaussian has no width at
# all. (But responsibilities are shares. A Gaussian that holds 20 pictures may own small parts of many more, and these
# can still give it width. It is in danger, not lost.)
#
# The usual cure is a **ridge**: after each round, add a small number to the diagonals of all covariance matrices. Then
# no width can shrink to zero. (With a ridge it is no longer pure EM, and the score need not rise in every round.)
#
# ### More is not better
#
# With a ridge of 0.001, the same 2,000 pictures and three starts, we try 1 to 64 Gaussians. **Predict, and say why:**
# the score on these 2,000 pictures, and on 2,000 others: which of the two keeps rising with the number of Gaussians?

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
claim("fitted pictures: the median score rises with each doubling", (fitted.diff() > 0).all(), measured=fitted)
claim("unseen pictures: 4, 8 or 16 Gaussians are best", sizes[unseen.argmax()] in (4, 8, 16), measured=unseen)
claim("and 64 are worse than the best by more than 10 nats", unseen.max() - unseen[-1] > 10, measured=unseen)
strong = {K: e_step(x_test, *fit_mixture(few, K, ridge=0.1))[1] for K in (16, 64, 128)}  # one start each
claim("with a ridge of 0.1, 64 are better on unseen pictures than 16", strong[64] > strong[16], strong)
claim("but 128 are worse than 64", strong[128] < strong[64], strong)
claim("and all three are below the best with a ridge of 0.001", max(strong.values()) < unseen.max(), strong)

# %% [markdown]
# On the pictures it was fitted to, a larger model nearly always scores higher: it can do whatever a smaller one can.
# (Nearly: EM may miss it.) Each Gaussian has 325 numbers to adjust, and 64 of them have 31 pictures each. They learn
# these by heart, with all their accidents. That is **overfitting**, and the score on unseen pictures shows it. With
# 10,000 pictures one would expect the best number to be larger.
#
# The best number belongs to a ridge of 0.001. With 0.1 no Gaussian can become narrow, and 64 learn much less by heart.
# So the best number moves up; beyond it the score falls again. And the best score is about 2.5 nats lower.

# %% [markdown]
# ## 5. What a likelihood does not tell
#
# Better score, better pictures? Twice you have seen that: one sheet against ten, one Gaussian against twenty. It is no
# law. Here are two extremes, in our 24 numbers:
#
# - **Lazy**: with probability 99 % give plain noise (a Gaussian twice as wide as the data), and only otherwise draw
#   from the mixture of 20.
# - **Copying**: give a training picture with a little noise on top. Its density is a narrow Gaussian around each of the
#   10,000 pictures. How narrow? That is a number set by hand, so we try several.
#
# **Predict, and say why:** which looks better? Which scores better on unseen pictures?

# %%
twenty = models[20]
wide = 4 * cov  # the variances are four times those of the data
lazy_each = torch.logaddexp(
    math.log(0.01) + (log_normal(x_test, *twenty[1:]) + twenty[0].log()).logsumexp(1),
    math.log(0.99) + log_normal(x_test, mean[None], wide[None])[:, 0],
)
squares = torch.cdist(x_test, x).square()


def copier(width):
    """The score on unseen pictures of a Gaussian of this width around each of the 10,000 training pictures."""
    each = (-squares / (2 * width**2)).logsumexp(1) - math.log(len(x)) - 12 * math.log(2 * math.pi * width**2)
    return each.mean().item()


widths = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
copies = {width: copier(width) for width in widths}
lazy = lazy_each.mean().item()

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.3))
ax.plot(widths, list(copies.values()), "o-", color=plotting.FAKE, label="copying")
levels = {"20 Gaussians": held_out[20], "lazy": lazy, "one Gaussian": held_out[1]}
for (name, level), color, style in zip(levels.items(), plotting.NEUTRAL, ("-", "--", ":"), strict=False):
    ax.axhline(level, color=color, linestyle=style, label=name)
ax.set(xscale="log", xlabel="width of the copier's noise", ylabel="score on unseen\npictures (nats)")
ax.set_xticks(widths, widths)
ax.minorticks_off()
ax.legend(loc="lower right")
plt.show()
device.seed_everything(0)
noise = mean + torch.randn(10, 24).double() @ torch.linalg.cholesky(wide).T
chosen = x[torch.randint(len(x), (10,))]
noisy = {f"copying, {width}": picture(chosen + width * torch.randn(10, 24).double()) for width in (0.1, 0.3, 1.0)}
plotting.image_grid({"lazy": picture(noise)} | noisy)

# %%
identity("being lazy costs at most ln 100 ≈ 4.6 nats", held_out[20] - lazy <= math.log(100) + 1e-9)
claim(
    "copying with 0.1 is worse than the single Gaussian by more than 100 nats", copies[0.1] < held_out[1] - 100, copies
)
claim("copying with 0.3 beats the single Gaussian", copies[0.3] > held_out[1], measured=copies)
claim("the lazy one beats the copier at each width", lazy > max(copies.values()), measured=copies)

# %% [markdown]
# The lazy one is nearly all rubbish (the row shows ten draws of its noise; one in a hundred would be good). Yet its
# score is good, because $\log(0.01\,p + 0.99\,q) \ge \log p - \ln 100$: it still beats the single Gaussian, by more
# than 13 nats.
#
# The copier's pictures look real with a width of 0.1, and its score is terrible: an unseen picture is no copy of a
# training picture. With 0.3 its pictures look the same to us, and the score rises by more than 100 nats. So the score
# of a copier tells its width, and says little about its looks. In the chart, the lazy one scores better than the copier
# at every width: here the rubbish wins.
#
# Likelihood and appearance are different questions; decide which one you care about. [Theis and
# others](https://arxiv.org/abs/1511.01844) made both arguments in 2016.

# %% [markdown]
# ## 6. From here to GANs
#
# | model | sample | density | fitting | what it lacks |
# |---|---|---|---|---|
# | coins | yes | exact | counting | neighbours |
# | Gaussian | yes | exact | mean, covariance | corners, lumps, hollows |
# | mixture | yes | exact | EM, local tops | fine detail, many dimensions |
# | Markov chain (13) | yes | exact | counting | anything farther back than its memory |
# | VAE (24, 35) | yes | a bound | gradient descent | an exact density; often sharpness |
# | GAN (from 21 on) | yes | **none, or one that nobody computes** | a game | scores: how probable is a picture? |
#
# A GAN gives up the density for one freedom: its generator may be *any* network with gradients. No matrix must be
# inverted, and no sum must be one. What replaces the likelihood is the opinion of a second network, and that is the
# rest of the course.

# %% [markdown]
# ## Help, I get …
#
# ### a log-likelihood of `-inf`
# Something in the test data was given the probability 0, such as a pixel that never had ink. Smooth (section 1). With
# `0 * log(0)` you get `nan` instead: `torch.xlogy` knows that it is 0.
#
# ### a log-likelihood above 0
# That is fine for a density, which may be larger than 1. It depends on the unit of $x$, so compare models on the same
# numbers only.
#
# ### `nan` after a round of EM
# Did you exponentiate before dividing? $e^{-1000}$ is 0, and 0/0 is `nan`. Subtract the `logsumexp` first. Or a
# Gaussian has lost all its points: start again, with fewer.

# %% [markdown]
# ### `linalg.cholesky: … the input is not positive-definite`
# A Gaussian has collapsed onto a point or into a plane (section 4), or your data have a constant column. Add a little
# to the diagonal, take fewer Gaussians, or drop the column.
#
# ### other Gaussians than scikit-learn
# The order of the Gaussians means nothing, so sort them by weight. scikit-learn adds a ridge of its own (`reg_covar`).
# If the scores still differ, you have climbed another hill: take the best of several starts.

# %% [markdown]
# ## Recap
#
# - Maximum likelihood chooses the numbers under which the data are most probable. For coins: count. For a Gaussian:
#   take the mean and the covariance of the data.
# - For coins and for a Gaussian, the best score is minus an entropy, and any other coin loses a KL divergence.
# - EM never makes the score worse. It climbs towards *some* top, and another start may lead to a higher one. It can
#   also run away: a mixture's likelihood has no upper bound.
# - Score on data that were not used for fitting: on its own data a larger model nearly always looks better. (Which size
#   is best on new data depends on the ridge, too.)
# - Score and looks are different questions. A copier's score depends on how wide its noise is.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>A coin showed 1 in 7 of 10 tosses. Which θ fits best, and what is its score?</summary>
#
# θ = 0.7, and 0.7 ln 0.7 + 0.3 ln 0.3 ≈ −0.611 nats: minus the entropy of a coin with 0.7.
#
# </details>
#
# <details><summary>EM's score fell from −3.20 to −3.25 in one round. What do you conclude?</summary>
#
# There is a bug, or something beside EM at work: a ridge, or a different batch of data. (Rounding is far smaller.) Pure
# EM can't fall.
#
# </details>
#
# <details><summary>A model draws perfect pictures. Can its score on unseen pictures be terrible?</summary>
#
# Yes. If it only copies its training pictures with very little noise, it gives new ones next to no probability. (And
# with a GAN you can't even ask directly: it has no density to evaluate.)
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Dempster, Laird and Rubin 1977, *Maximum Likelihood from Incomplete Data via the EM
#   Algorithm*](https://doi.org/10.1111/j.2517-6161.1977.tb01600.x): EM in general, with the proof that it never goes
#   down.
# - [Theis, van den Oord and Bethge 2016, *A note on the evaluation of generative
#   models*](https://arxiv.org/abs/1511.01844): why likelihood and looks are nearly independent in many dimensions.
# - [Richardson and Weiss 2018, *On GANs and GMMs*](https://arxiv.org/abs/1805.12462): mixtures of Gaussians for whole
#   photographs of faces, compared with GANs.
# - [Goodfellow et al. 2014, *Generative Adversarial Nets*](https://arxiv.org/abs/1406.2661): reads differently once you
#   have fitted densities yourself.

# %% [markdown]
# ## Key terms
#
# {{terms: maximum likelihood; log-likelihood (score); nat; entropy; Bernoulli model; covariance; Gaussian model;
# principal component; mixture model; EM algorithm; held-out data}}

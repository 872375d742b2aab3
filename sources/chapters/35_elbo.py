# %% [markdown]
# # 35 · The ELBO
#
# *A VAE is trained on a number that is not the one you want, but never larger. Here you take that number apart, check
# every step of its derivation on a model small enough to know everything about, and see what it can hide.*
#
# > **You will be able to**
# > - derive the evidence lower bound (ELBO) in three steps, and say exactly what it misses
# > - compute the KL term in closed form, and recognise three wrong versions of it
# > - write the reparameterisation, and a test that tells a right one from a wrong one
# > - predict which dimensions of a linear VAE collapse, from a spectrum alone
# > - bound a likelihood more tightly with importance weights, and know when the bound stands still too early
# >
# > **Before you start** [24 · from autoencoders to VAEs](24_from_autoencoders_to_vaes.ipynb), where you meet the VAE
# > in pictures. Of mathematics: densities, expectations, the logarithm; chapter 31 has KL and Monte Carlo.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU: none needed

# %%
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.decomposition import PCA

from gan_edu import data, device, nets, objectives, plotting
from gan_edu.claims import claim

plotting.use_style()
torch.set_num_threads(1)  # small matrices: a second CPU thread would mostly wait for the first
exact = torch.float64  # for everything that is compared to many decimals

# %% [markdown]
# ## The idea in a picture
#
# One data point x. Left: which codes may have made it (black dashes, two hills), and three guesses of an encoder,
# A, B and C. Right: each guess gives a number that we can compute (green). It always ends *below* the number that we
# want (dashed). What is missing (grey) says how wrong the guess is.


# %% jupyter={"source_hidden": true}
def bell(z, mean, std):
    return torch.exp(-0.5 * ((z - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi))


z = torch.linspace(-4, 4, 4001, dtype=exact)
both = bell(z, 0, 1) * bell(torch.tensor(2.0), z**2, 0.5)  # the story: code z drawn first, then x = z² + noise
wanted = (both.sum() * 0.002).log().item()
guesses = {"A": (0.0, 1.0), "B": (1.0, 0.5), "C": (1.37, 0.19)}
_, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.5), width_ratios=[3, 2])
left.plot(z, both / both.sum() / 0.002, color=plotting.THEORY, linestyle="--", linewidth=1.5)
for place, (name, (mean, std)) in enumerate(guesses.items()):
    q = bell(z, mean, std)
    bound = (q * (both.clamp(min=1e-300) / q).log()).sum().item() * 0.002
    left.plot(z, q, color=plotting.DISC, linewidth=2)
    left.text(mean - 0.08, q.max() + 0.05, name, color=plotting.DISC, fontsize=13, ha="right")
    right.bar(place, bound + 8, bottom=-8, color=plotting.DISC, width=0.6)
    right.bar(place, wanted - bound, bottom=bound, color="0.85", width=0.6)
right.axhline(wanted, color=plotting.THEORY, linestyle="--", linewidth=1.5)
right.set(xticks=range(3), xticklabels=guesses, ylim=(-8, -1), ylabel="nats", title="what each guess gives")
left.set(xlim=(-3, 3), ylim=(0, 2.4), xlabel="code z", ylabel="density", title="which codes may have made x?")
plt.show()

# %% [markdown]
# That is the whole trick of this chapter: instead of a number that nobody can compute, make one that everybody can,
# and push it up from below. Pushing does two things at once: the guess gets better, and so does the model.

# %% [markdown]
# ## 1 · An integral in the way
#
# Our story of how data are made has two steps: draw a code from the **prior**, $z \sim p(z) = N(0, 1)$; then draw $x$
# from what the **decoder** says about this code, $p(x \mid z)$. Here the decoder is so simple that we can know
# everything: $x = z^2$ plus noise, with standard deviation ½. So a large $x$ may have come from two codes.
#
# A decoder names a *distribution* of $x$, not a copy of it. What is left over for the noise is part of the model, and
# section 6 shows how much hangs on it.

# %%
NOISE = 0.5
grid = torch.linspace(-8, 8, 8001, dtype=exact)
dz = (grid[1] - grid[0]).item()


def log_normal(x, mean, std):
    std = torch.as_tensor(std, dtype=exact)
    return -0.5 * ((x - mean) / std) ** 2 - std.log() - 0.5 * math.log(2 * math.pi)


def log_joint(x, z):
    return log_normal(z, 0.0, 1.0) + log_normal(x, z**2, NOISE)  # log p(z) + log p(x | z)


def integral(values):
    return values.sum(-1) * dz


def log_evidence(x):
    return integral(log_joint(x, grid).exp()).log()


# %% [markdown]
# To train the model by maximum likelihood we need the **evidence** of each data point,
#
# $$\log p(x) = \log \int p(z)\, p(x \mid z)\, dz .$$
#
# With one number in the code that is a sum over a fine grid:

# %%
xs = torch.linspace(-3, 30, 3301, dtype=exact)
density = torch.stack([log_evidence(x) for x in xs]).exp()
claim(
    "p(x), summed over all x, is 1 (to 5 decimals)", abs(density.sum() * 0.01 - 1) < 1e-5, measured=density.sum() / 100
)
device.seed_everything(0)
drawn = torch.randn(100_000) ** 2 + NOISE * torch.randn(100_000)
share, summed = ((drawn > 1) & (drawn < 2)).double().mean(), density[(xs > 1) & (xs < 2)].sum() * 0.01
claim(
    "and it gives the share of data between 1 and 2 (within 0.01)", abs(share - summed) < 0.01, measured=(share, summed)
)

# %% [markdown]
# With sixteen numbers in the code, a grid of 100 places along each has $100^{16}$ points. So draw codes at random
# instead: the mean of $p(x \mid z)$ over codes from the prior *is* $p(x)$, on average.
#
# **Predict:** we try it with 10,000 codes, on a model whose evidence is known exactly: $z \sim N(0, I_d)$, $x = z$ plus
# noise, so $x \sim N(0, 1.25\, I_d)$. How far off will $\log p(x)$ be for $d = 1$? For $d = 50$?


# %%
def blind_estimate(d, seed, draws=10_000):
    device.seed_everything(seed)
    x = torch.randn(d, dtype=exact) + NOISE * torch.randn(d, dtype=exact)
    codes = torch.randn(draws, d, dtype=exact)
    estimate = log_normal(x, codes, NOISE).sum(1).logsumexp(0) - math.log(draws)  # log of the mean of p(x | z)
    return (estimate - log_normal(x, 0.0, math.sqrt(1.25)).sum()).item()


errors = {f"d = {d}": [blind_estimate(d, seed) for seed in range(8)] for d in (1, 5, 20, 50)}
_, ax = plt.subplots(figsize=(6.8, 3.4))
plotting.bars_with_floor(errors, "error of log p(x) (nats)", ax=ax)
ax.axhline(0, color=plotting.THEORY, linestyle="--", linewidth=1.5, zorder=0)
plt.show()

# %%
claim("d = 1: within 0.1 nats for all eight data points", max(map(abs, errors["d = 1"])) < 0.1, measured=errors)
claim("d = 50: at least 5 nats too low for all of them", max(errors["d = 50"]) < -5, measured=errors)

# %% [markdown]
# Nearly all of the 10,000 codes have nothing to do with this $x$, and the few that would matter are never drawn. The
# estimate of $p(x)$ is right *on average*, thanks to a rare draw that is enormous. The typical estimate is far too low.
#
# Cure: don't draw blindly. Look at $x$ first, and draw codes that could have made it. That is what an encoder is for.

# %% [markdown]
# ## 2 · A bound in three steps
#
# The encoder proposes codes with a density $q(z)$, for this one $x$. (It is written $q(z \mid x)$; we leave out the
# $x$.) In this section $x = 2$, and $q$ is a Gaussian with mean 1.2 and standard deviation 0.3.
#
# **Step 1. Draw from $q$, and make up for it by a weight.** As long as $q > 0$ wherever $p(x, z) > 0$:
#
# $$p(x) = \int q(z)\, w(z)\, dz = \mathbb E_q[w], \qquad w(z) = \frac{p(x, z)}{q(z)} .$$

# %%
x, mean, std = 2.0, 1.2, 0.3
log_q = log_normal(grid, mean, std)
q = log_q.exp()
log_w = log_joint(x, grid) - log_q
evidence = log_evidence(x)
claim("the weights' mean is p(x)", integral(q * log_w.exp()).log().isclose(evidence, atol=1e-9))

# %% [markdown]
# **Step 2. Swap mean and logarithm.** The logarithm bends down, so the mean of logarithms is at most the logarithm of
# the mean (Jensen's inequality):
#
# $$\log p(x) = \log \mathbb E_q[w] \;\ge\; \mathbb E_q[\log w] =: \mathrm{ELBO} .$$
#
# This is the *evidence lower bound*. Its great advantage: a mean of logarithms is easy to estimate with few draws.

# %%
elbo = integral(q * log_w)
claim("the ELBO lies below log p(x)", elbo < evidence, measured=(elbo, evidence))
device.seed_everything(0)
draws = mean + std * torch.randn(10_000, dtype=exact)
logs = log_joint(x, draws) - log_normal(draws, mean, std)
close = abs(logs.mean() - elbo) < 4 * logs.std() / 100
claim("10,000 draws give it, within 4 standard errors", close, measured=(logs.mean(), elbo))

# %% [markdown]
# **Step 3. Sort.** With $p(x, z) = p(x \mid z)\, p(z)$ the logarithm falls into two parts:
#
# $$\mathrm{ELBO} = \underbrace{\mathbb E_q[\log p(x \mid z)]}_{\text{how well is } x \text{ rebuilt?}}
# \;-\; \underbrace{\mathrm{KL}(q(z) \,\|\, p(z))}_{\text{what does the code cost?}}$$
#
# These are chapter 24's two forces, mismatch and price. The first is also called (minus) **distortion**, the second
# **rate**. Training trades one for the other; this is what is meant where people speak of a "balance".

# %%
rebuilt = integral(q * log_normal(x, grid**2, NOISE))
rate = integral(q * (log_q - log_normal(grid, 0.0, 1.0)))
claim("the two parts add up to the ELBO", (rebuilt - rate).isclose(elbo, atol=1e-9), measured=(rebuilt, rate, elbo))

# %% [markdown]
# **And what is missing?** By Bayes' rule $p(x, z) = p(x)\, p(z \mid x)$, where $p(z \mid x)$ is the **posterior**:
# which codes may have made this $x$. Put this into the weight, and without any inequality:
#
# $$\log p(x) - \mathrm{ELBO} = \mathrm{KL}(q(z) \,\|\, p(z \mid x)) \;\ge\; 0 .$$
#
# **Predict:** for which $q$ is the bound equal to $\log p(x)$? And how much do the weights then vary?

# %%
log_posterior = log_joint(x, grid) - evidence
gap = integral(q * (log_q - log_posterior))
claim("the gap is KL(q ‖ posterior), to 9 decimals", gap.isclose(evidence - elbo, atol=1e-9), measured=(gap, evidence))
posterior = log_posterior.exp()
weights = log_joint(x, grid) - log_posterior
claim("q = posterior: the bound is log p(x)", integral(posterior * weights).isclose(evidence, atol=1e-9))
claim("and all its weights are equal", (weights.max() - weights.min()).abs() < 1e-9)

# %% [markdown]
# So one number, pushed up, does two jobs. Push it with the *encoder's* parameters: $\log p(x)$ doesn't move, the gap
# must shrink. Push it with the *decoder's*: the evidence rises, or the gap shrinks, or one does more than the other
# undoes.
#
# How good can a Gaussian $q$ get? Try them all: each place of these maps is one $q$.

# %%
means, stds = torch.linspace(-2.4, 2.4, 97, dtype=exact), torch.logspace(-1.1, 0.2, 66, dtype=exact)
coarse = torch.linspace(-8, 8, 1601, dtype=exact)


def bounds(x):
    """The ELBO of x for each standard deviation (rows) and mean (columns)."""
    log_qs = log_normal(coarse, means[:, None], stds[:, None, None])
    return (log_qs.exp() * (log_joint(x, coarse) - log_qs)).sum(-1) * 0.01


maps = {x: bounds(x) for x in (0.0, 2.0)}
gaps = {x: (log_evidence(x) - found.max()).item() for x, found in maps.items()}

# %%
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.6), sharey=True)
for ax, (x, found) in zip(axes, maps.items(), strict=True):
    below = log_evidence(x) - found
    ax.contourf(means, stds, below, levels=[0, 0.25, 0.5, 1, 2, 4, 8, 16], cmap="Greens_r", extend="max", alpha=0.6)
    lines = ax.contour(means, stds, below, levels=[0.25, 0.5, 1, 2, 4, 8, 16], colors="0.3", linewidths=0.7)
    ax.clabel(lines, fontsize=9)
    row, column = divmod(found.argmax().item(), len(means))
    for side in {1, -1 if x else 1}:
        ax.plot(side * means[column], stds[row], "*", color=plotting.FAKE, markersize=14)
    ax.set(yscale="log", xlabel="mean of q", title=f"gap for x = {x:g} (nats)")
axes[0].set(ylabel="standard deviation of q", yticks=[0.1, 0.3, 1], yticklabels=["0.1", "0.3", "1"])
plt.show()

# %%
symmetric = maps[2.0].allclose(maps[2.0].flip(1), atol=1e-9)
claim("x = 0, one hill: the best Gaussian misses less than 0.05 nats", gaps[0.0] < 0.05, measured=gaps)
claim("x = 2, two hills: two equally good answers, left and right", symmetric)
claim("each misses a little more than ln 2 ≈ 0.69 nats", math.log(2) < gaps[2.0] < 0.75, measured=gaps)

# %% [markdown]
# At $x = 2$ the best $q$ sits on **one** hill and pretends that the other isn't there. $\mathrm{KL}(q \,\|\,
# \text{posterior})$ punishes $q$ for putting codes where the posterior has none, and is lenient where $q$ leaves
# something out: half of the posterior costs $\ln 2$, no more. (If $q$ were exactly one of two equal, separate halves,
# it would be twice the posterior there, and the mean of $\log 2$ is $\ln 2$.)
#
# Two different gaps are mixed in a VAE. This one comes from the *family*: no Gaussian fits. Another one comes on top
# when one network must name the $q$ of every $x$, and misses the best; Cremer et al. (2018) call it the
# *amortisation* gap.

# %% [markdown]
# ## 3 · The price in closed form
#
# For a Gaussian $q = N(\mu, \sigma^2)$ and the prior $N(0, 1)$ no sampling is needed for the second part. Two means,
# both from $\mathbb E_q[z] = \mu$ and $\mathbb E_q[z^2] = \mu^2 + \sigma^2$:
#
# $$\mathbb E_q[\log q] = -\tfrac12 (1 + \log 2\pi\sigma^2), \qquad
# \mathbb E_q[\log p] = -\tfrac12 (\mu^2 + \sigma^2 + \log 2\pi) .$$
#
# Their difference is the price, and for a code of independent numbers the prices add up:
#
# $$\mathrm{KL} = \tfrac12 \sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2) .$$

# %%
entropy_part = -0.5 * (1 + math.log(2 * math.pi * std**2))
prior_part = -0.5 * (mean**2 + std**2 + math.log(2 * math.pi))
claim("the first mean", abs(integral(q * log_q) - entropy_part) < 1e-9)
claim("the second mean", abs(integral(q * log_normal(grid, 0.0, 1.0)) - prior_part) < 1e-9)
claim("their difference is the rate of section 2", abs(entropy_part - prior_part - rate) < 1e-9)
means_, logs_ = torch.randn(5, 16, dtype=exact), torch.randn(5, 16, dtype=exact)
formula = 0.5 * (means_**2 + logs_.exp() - 1 - logs_).sum(1)
claim("and the library's, for 16 numbers", formula.allclose(objectives.gaussian_kl(means_, logs_)))

# %% [markdown]
# Encoders give $\log \sigma^2$, which may be any number. So a formula for the price is easily written wrongly, and the
# tutorials from which this course set out have two famous slips. Here they are, with a third that is common:
#
# | written | what is wrong |
# |---|---|
# | $\mathbb E_q[\log q(z \mid x)]$ | the prior is missing |
# | $\tfrac12 \log\sigma^2 - \tfrac12 (1 + \mu^2 + \sigma^2)$ | the sign |
# | mean over pixels and codes instead of sums | a hidden β (section 6) |
#
# **Predict:** training *minimises* the price. Where does it send $\mu$ and $\sigma$ with the first formula? With the
# second?

# %%
mu, log_variance = (torch.tensor(value, dtype=exact, requires_grad=True) for value in (1.5, -1.0))
log_q = log_normal(grid, mu, (0.5 * log_variance).exp())
no_prior = integral(log_q.exp() * log_q)  # the first formula
slopes = torch.autograd.grad(no_prior, [mu, log_variance])
claim("no prior: μ isn't pulled anywhere", slopes[0].abs() < 1e-9, measured=slopes)
per_factor = slopes[1] * math.log(100)  # σ ten times as wide: log σ² grows by ln 100
claim("each factor of 10 in σ makes it cheaper by ln 10", abs(per_factor + math.log(10)) < 1e-9, measured=per_factor)

price = 0.5 * (mu**2 + log_variance.exp() - 1 - log_variance)
wrong_sign = 0.5 * log_variance - 0.5 * (1 + mu**2 + log_variance.exp())
claim("the second formula is −KL − 1: it pays for expensive codes", wrong_sign.isclose(-price - 1))

# %% [markdown]
# Without the prior the price is $-\,$entropy: it has no minimum. $\sigma$ is always pulled wider, and codes may lie
# anywhere. But a prior is what we draw from later. With the wrong sign, the further away the better: also unbounded.
#
# **A test that finds both:** a price must be 0 for $\mu = 0, \sigma = 1$, and positive everywhere else.

# %% [markdown]
# ## 4 · A gradient through a dice
#
# The first part, $\mathbb E_q[\log p(x \mid z)]$, needs draws. How does it change if we change $\mu$ and $\sigma$, the
# encoder's outputs? The draws themselves depend on them. Two ways out, with $f(z) = \log p(x \mid z)$:
#
# - **Score function** (works for any $q$ that is smooth in its parameters, also for discrete codes):
#   $\nabla\, \mathbb E_q[f] = \mathbb E_q[f(z)\, \nabla \log q(z)]$.
# - **Reparameterisation** (needs a differentiable $f$): let the chance come from outside,
#   $z = \mu + \sigma\varepsilon$ with $\varepsilon \sim N(0, 1)$, and differentiate through:
#   $\nabla\, \mathbb E[f(\mu + \sigma\varepsilon)] = \mathbb E[\nabla f(\mu + \sigma\varepsilon)]$.
#
# (Both swap a gradient and an integral, which is fine here: everything is smooth, with light tails.)
#
# **Predict:** both are right on average. Which one scatters less, and roughly by what factor?


# %%
def f(z):
    return log_normal(x, z**2, NOISE)


x = 2.0
mu = torch.full((20_000,), mean, dtype=exact, requires_grad=True)  # 20,000 experiments with one draw each
sigma = torch.full((20_000,), std, dtype=exact)
device.seed_everything(1)
noise = torch.randn(20_000, dtype=exact)
(pathwise,) = torch.autograd.grad(f(mu + sigma * noise).sum(), mu)
fixed = (mu + sigma * noise).detach()
(score,) = torch.autograd.grad((f(fixed) * log_normal(fixed, mu, sigma)).sum(), mu)

# %%
center = torch.tensor(mean, dtype=exact, requires_grad=True)
(truth,) = torch.autograd.grad(integral(log_normal(grid, center, std).exp() * f(grid)), center)
for name, each in {"score function": score, "reparameterisation": pathwise}.items():
    off = (each.mean() - truth).abs() / (each.std() / math.sqrt(len(each)))
    claim(f"{name}: right on average (within 4 standard errors)", off < 4, measured=(each.mean(), truth, off))
ratio = score.std() / pathwise.std()
claim("one draw of the score function scatters at least 1.5 times as much", ratio > 1.5, measured=ratio)

# %% [markdown]
# Here the factor is small: one dimension, one smooth hill. Let us see how it grows with the dimension of the code, for
# the sum of $d$ such terms, all of them drawn at once:

# %%
scatter = {}
for d in (1, 4, 16, 64):
    device.seed_everything(d)
    mu = torch.full((4000, d), mean, dtype=exact, requires_grad=True)
    noise = torch.randn(4000, d, dtype=exact)
    (pathwise,) = torch.autograd.grad(f(mu + std * noise).sum(), mu)
    fixed = (mu + std * noise).detach()
    (score,) = torch.autograd.grad((f(fixed).sum(1) * log_normal(fixed, mu, std).sum(1)).sum(), mu)
    scatter[d] = (score[:, 0].std() / pathwise[:, 0].std()).item()
claim(
    "16 numbers: at least 4 times the scatter; 64 numbers: at least 10 times",
    scatter[16] > 4 and scatter[64] > 10,
    measured=scatter,
)

# %% [markdown]
# The score function gives each number of the code the whole value $f$, most of which is the other numbers' doing. So
# its scatter grows with the dimension; the other's doesn't. That is why a VAE can be trained with *one* draw for
# each picture.
#
# Now the slip. One of those tutorials has, in the place of $\mu + \sigma\varepsilon$, this line (in other letters):
# `z = mean * exp(log_variance)`. What is wrong with it? Let a test say it. What must any right version do?


# %%
def failures(draw):
    """Which of four properties does draw(mean, log_variance, noise) lack?"""
    mean, log_variance = (torch.tensor(v, dtype=exact, requires_grad=True) for v in ([0.0, 3.0], [0.0, math.log(0.25)]))
    noise = torch.randn(50_000, 2, dtype=exact, generator=device.generator(0))
    z = draw(mean, log_variance, noise).expand(50_000, 2)
    of_mean, of_log = torch.autograd.grad(z.sum(), [mean, log_variance])
    off = (z - mean).detach()
    found = {
        "draws have mean μ": off.mean(0).abs().max() < 0.02,
        "draws have standard deviation σ": (off.std(0) - (0.5 * log_variance).exp()).abs().max() < 0.02,
        "dz/dμ = 1": (of_mean / 50_000 - 1).abs().max() < 1e-6,
        "dz/d(log σ²) = (z − μ) / 2": (of_log - off.sum(0) / 2).abs().max() < 1e-6 * 50_000,
    }
    return [name for name, holds in found.items() if not holds]


# %%
right = failures(lambda mean, log_variance, noise: mean + (0.5 * log_variance).exp() * noise)
tutorial = failures(lambda mean, log_variance, noise: mean * log_variance.exp())
variance = failures(lambda mean, log_variance, noise: mean + log_variance.exp() * noise)
claim("the right one passes", right == [], measured=right)
claim("the tutorial's lacks all four", len(tutorial) == 4, measured=tutorial)
claim("σ² in the place of σ is caught, too", "draws have standard deviation σ" in variance, measured=variance)

# %% [markdown]
# There is no noise in it at all. A network trained like this is an autoencoder with a strange penalty. And its "ELBO"?
# **Predict:** we give $q$ and the wrong code the best $\mu$ and $\sigma$ for each $x$. Can the number that is reported
# as a lower bound get *above* $\log p(x)$?

# %%
places = torch.linspace(0, 4, 11, dtype=exact)
price = 0.5 * (means**2 + stds[:, None] ** 2 - 1 - 2 * stds[:, None].log())
code = means * stds[:, None] ** 2  # mean * exp(log_variance)
curves = {
    "exact: log p(x)": torch.stack([log_evidence(x) for x in places]),
    "best ELBO of a Gaussian q": torch.stack([bounds(x).max() for x in places]),
    "“bound” of the wrong code": torch.stack([(log_normal(x, code**2, NOISE) - price).max() for x in places]),
}
plotting.curves(places, curves, "x", "nats", colors={"best ELBO of a Gaussian q": plotting.DISC})

# %%
truth, best, broken = curves.values()
claim("the true ELBO never gets above log p(x)", (best <= truth + 1e-9).all(), measured=best - truth)
claim("the wrong one does at each x shown, by 0.2 nats at least", (broken - truth).min() > 0.2, measured=broken - truth)

# %% [markdown]
# It is no bound. Step 1 divided by the density of a *draw*; a code without noise has none, and the price that is paid
# belongs to a $q$ that nobody draws from. The number looks *better* than an honest one. Only a property that must hold
# (four of them, above) tells that something is wrong.

# %% [markdown]
# ## 5 · A VAE with nothing to hide
#
# Real networks hide their evidence from us. One family doesn't: make decoder and encoder *linear*,
#
# $$x \mid z \sim N(Wz + b,\; s^2 I), \qquad q(z \mid x) = N\big(V(x - b),\; \operatorname{diag}(\sigma_1^2 \dots
# \sigma_k^2)\big) .$$
#
# Then $p(x) = N(b,\; WW^\top + s^2 I)$ exactly. This model is called **probabilistic PCA**, and its maximum of the
# likelihood is known in closed form (Tipping & Bishop 1999). So here is a test for everything so far: does a VAE,
# trained on nothing but its bound, reach the maximum of the true likelihood?
#
# Data: 10,000 digits, shrunk to 4 × 4 = 16 numbers. The draws can be averaged out exactly: the mean of
# $\lVert x - W(Vx + \sigma\varepsilon) \rVert^2$ is $\lVert x - WVx \rVert^2 + \sum_j \sigma_j^2 \lVert W_j \rVert^2$.


# %%
def linear_elbo(covariance, W, V, log_variance, log_noise, beta=1.0):
    """Mean (β-)ELBO over centred data with this covariance, and what each code number costs: (), (k,)."""
    d = len(covariance)
    rest = torch.eye(d, dtype=exact) - W @ V
    error = (rest @ covariance @ rest.T).trace() + (log_variance.exp() * W.square().sum(0)).sum()
    rebuilt = -0.5 * (error / log_noise.exp() + d * (log_noise + math.log(2 * math.pi)))
    prices = 0.5 * ((V @ covariance @ V.T).diagonal() + log_variance.exp() - 1 - log_variance)
    return rebuilt - beta * prices.sum(), prices


# %%
def climb(parameters, height):
    tight = {"max_iter": 3000, "tolerance_grad": 1e-8, "tolerance_change": 1e-11, "history_size": 50}
    # LBFGS estimates the curvature on its way: made for smooth heights without noise, such as this one
    optimiser = torch.optim.LBFGS(parameters, **tight, line_search_fn="strong_wolfe")

    def down():
        optimiser.zero_grad()
        loss = -height()
        loss.backward()
        return loss

    optimiser.step(down)
    return height().item()


# %% [markdown]
# **Before you run:** 5 code numbers, 8 random starts. How close does each come to scikit-learn's `PCA`, which computes
# the maximum of the likelihood from eigenvalues? To one decimal, two, four?

# %%
small = 4 * F.avg_pool2d(data.images("mnist").tensor(low=0.0), 7).flatten(1).to(exact)  # (10000, 16), 4 is white
covariance = (small - small.mean(0)).T @ (small - small.mean(0)) / len(small)
pca = PCA(5).fit(small.numpy())
optimum = pca.score(small.numpy())  # mean log-likelihood of probabilistic PCA


# %%
def train_linear(covariance, k, seed, beta=1.0, log_noise=None):
    """The bound reached, W, the prices and the noise s². log_noise: fixes log s²; None learns it."""
    d, stream = len(covariance), device.generator(seed)
    W = 0.1 * torch.randn(d, k, dtype=exact, generator=stream)
    V = 0.1 * torch.randn(k, d, dtype=exact, generator=stream)
    level = torch.tensor(0.0 if log_noise is None else log_noise, dtype=exact)
    parts = [W, V, torch.zeros(k, dtype=exact), level]
    learned = parts if log_noise is None else parts[:3]
    for part in learned:
        part.requires_grad_()
    reached = climb(learned, lambda: linear_elbo(covariance, *parts, beta)[0])
    prices = linear_elbo(covariance, *parts, beta)[1]
    return reached, W.detach(), prices.detach(), level.exp().item()


trained = [train_linear(covariance, 5, seed) for seed in range(8)]

# %%
heights = torch.tensor([reached for reached, *_ in trained])
off = (heights - optimum).abs().max()
claim("all eight agree with PCA's likelihood to four decimals", off < 5e-5, measured=(heights, optimum))
W, _, noise = trained[0][1:]
off = abs(noise - pca.noise_variance_)
claim("the learned noise is PCA's: the mean of the discarded eigenvalues", off < 1e-5, measured=noise)

# %%
model = torch.distributions.MultivariateNormal(small.mean(0), W @ W.T + noise * torch.eye(16, dtype=exact))
likelihood = model.log_prob(small).mean()
off = (likelihood - heights[0]).abs()
claim("and the bound has become the evidence itself: the gap is closed", off < 5e-5, measured=likelihood)

# %% [markdown]
# To four decimals, with learned noise, from eight random starts. Why is there no gap here? The posterior of a linear
# model is Gaussian, so the family is rich enough. Its covariance is diagonal only if the columns of $W$ are orthogonal,
# though. The likelihood doesn't care: it sees $WW^\top$, and each rotation of the columns is as good. The bound does:
# it picks the rotation in which a diagonal $q$ is right. **Predict:** which columns are these?

# %%
order = W.square().sum(0).argsort(descending=True)
columns = F.normalize(W[:, order], dim=0).T
axes_ = torch.tensor(pca.components_)
signs = (columns * axes_).sum(1).sign()[:, None]
rows = {"VAE: column of W": signs * columns, "PCA: axis": axes_}
plotting.image_grid({name: each / each.abs().max(1, keepdim=True).values for name, each in rows.items()}, rows=1)
claim("each column is a principal axis (cosine above 0.999)", (signs * columns * axes_).sum(1).min() > 0.999)

# %% [markdown]
# The principal axes, one by one. (They are determined because the eigenvalues differ; Lucas et al. 2019 prove this, and
# also that the bound of a linear VAE has no bad local maxima that the likelihood doesn't have.)

# %% [markdown]
# ## 6 · Collapse lives in the likelihood
#
# In chapter 24 single numbers of the code went dead. Often the bound gets the blame: "the KL term was too strong".
# Here we can ask the likelihood itself.
#
# Data with variances 4, 2, 1, ½, ¼ along five axes; a linear VAE with five code numbers; and now the decoder's noise
# $s^2$ is **fixed** in advance, as it is wherever the loss is a plain squared error. The theory says, for the axis with
# variance $\lambda_i$:
#
# $$\lambda_i > \beta s^2:\ \text{alive, costs } \tfrac12 \log \frac{\lambda_i}{\beta s^2} \text{ nats}, \qquad
# \lambda_i \le \beta s^2:\ \text{dead} .$$
#
# **Predict:** how many numbers are alive for $s^2 = 0.3,\ 0.8,\ 1.5,\ 3$?

# %%
spectrum = torch.tensor([4.0, 2.0, 1.0, 0.5, 0.25], dtype=exact)


def theory(variance, beta=1.0):
    """The largest likelihood (for β = 1), and the price of each axis: (), (5,)."""
    top = torch.where(spectrum > variance, spectrum.log() + 1, math.log(variance) + spectrum / variance)
    return -0.5 * (top + math.log(2 * math.pi)).sum().item(), 0.5 * (spectrum / (beta * variance)).log().clamp(min=0)


levels = (0.3, 0.8, 1.5, 3.0)
fits = {s2: train_linear(spectrum.diag(), 5, seed=0, log_noise=math.log(s2)) for s2 in levels}
for s2, (reached, _, prices, _) in fits.items():
    right = abs(reached - theory(s2)[0]) < 5e-5 and prices.sort(descending=True).values.allclose(
        theory(s2)[1], atol=1e-4
    )
    claim(
        f"s² = {s2}: {int((prices > 0.01).sum())} alive, bound {reached:.4f}, all as in theory",
        right,
        measured=(prices, theory(s2)),
    )

# %% [markdown]
# And who has killed the dead ones? Throw the encoder away, and the bound with it. Maximise the *exact* likelihood
# of $N(0, WW^\top + s^2 I)$ over $W$ alone, and count how many directions $W$ still has.


# %%
def rank_of_best_likelihood(s2, seed):
    W = (0.1 * torch.randn(5, 5, dtype=exact, generator=device.generator(seed))).requires_grad_()

    def likelihood():
        model = W @ W.T + s2 * torch.eye(5, dtype=exact)
        return -0.5 * (model.logdet() + torch.linalg.solve(model, spectrum.diag()).trace() + 5 * math.log(2 * math.pi))

    climb([W], likelihood)
    return int((torch.linalg.svdvals(W.detach()) > 0.01).sum())


ranks = {s2: [rank_of_best_likelihood(s2, seed) for seed in range(8)] for s2 in levels}
alive = {s2: int((prices > 0.01).sum()) for s2, (_, _, prices, _) in fits.items()}
claim(
    "without any bound: the same numbers, from all eight starts",
    all(set(ranks[s2]) == {alive[s2]} for s2 in levels),
    measured=ranks,
)

# %%
fine = torch.logspace(-1, 1, 200, dtype=exact)
_, ax = plt.subplots(figsize=(6.8, 3.7))
for number, variance in enumerate(spectrum):
    ax.plot(fine, 0.5 * (variance / fine).log().clamp(min=0), color=plotting.THEORY, linestyle="--", linewidth=1.2)
    found = [fits[s2][2].sort(descending=True).values[number] for s2 in levels]
    ax.plot(levels, found, "os^Dv"[number], color=plotting.NEUTRAL[number], markersize=8, label=f"λ = {variance:g}")
ax.set(xscale="log", xlabel="noise s² that the decoder is given", ylabel="price of the axis (nats)", ylim=(-0.08, 2))
ax.set_xticks([0.1, 0.3, 0.8, 1.5, 3, 10], ["0.1", "0.3", "0.8", "1.5", "3", "10"])
ax.legend(title="dashes: theory")
plt.show()

# %% [markdown]
# The collapse is already in the likelihood: an axis whose whole variance is less than the noise that we have granted
# to every pixel is explained as noise, by the best model there is. The bound only passes it on. Cure: don't fix $s^2$
# too large. Learn it, as section 5 did.
#
# **β is the same thing.** A β-VAE (Higgins et al. 2017) multiplies the price by β. With a Gaussian decoder of *fixed*
# noise, that can be traded for noise:
#
# $$-\frac{\lVert x - g(z) \rVert^2}{2 s^2} - \beta\,\mathrm{KL} \;=\; \beta \left( -\frac{\lVert x - g(z)
# \rVert^2}{2 \beta s^2} - \mathrm{KL} \right) .$$
#
# So up to constants, a β-VAE with noise $s^2$ is a plain VAE with noise $\beta s^2$, for any nets. Check: slopes of
# random nets, and the linear one with $s^2 = 0.3$, $\beta = 5$.

# %%
device.seed_everything(0)
encoder, decoder = nets.mlp([6, 32, 4], activation="tanh").double(), nets.mlp([2, 32, 6], activation="tanh").double()
pictures, noise = torch.randn(64, 6, dtype=exact), torch.randn(64, 2, dtype=exact)


def slopes(loss_of):
    mean, log_variance = encoder(pictures).chunk(2, dim=1)
    error = (pictures - decoder(mean + (0.5 * log_variance).exp() * noise)).square()
    prices = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
    weights = [*encoder.parameters(), *decoder.parameters()]
    return torch.cat([slope.flatten() for slope in torch.autograd.grad(loss_of(error, prices), weights)])


# %%
strong = slopes(lambda error, prices: (error.sum(1) / (2 * 0.3) + 5 * prices.sum(1)).mean())
plain = slopes(lambda error, prices: (error.sum(1) / (2 * 1.5) + prices.sum(1)).mean())
claim("β = 5 with s² = 0.3: five times the gradient of β = 1 with s² = 1.5", strong.allclose(5 * plain, atol=1e-12))
prices = train_linear(spectrum.diag(), 5, seed=0, beta=5.0, log_noise=math.log(0.3))[2]
same = prices.sort(descending=True).values.allclose(theory(1.5)[1], atol=1e-4)
claim("and in the linear VAE the same two numbers survive", same, measured=prices)

# %% [markdown]
# **The hidden β.** Many programs add a squared error *averaged* over the $D$ pixels and prices *averaged* over the $Z$
# numbers of the code. **Predict:** which β is that, for noise $s^2 = 1$? With $D = 784$ and $Z = 100$, as in one
# tutorial?

# %%
averaged = slopes(lambda error, prices: error.mean() + prices.mean())
honest = slopes(lambda error, prices: (0.5 * error.sum(1) + 6 / (2 * 2) * prices.sum(1)).mean())
claim("averages mean β = D / (2 Z)", averaged.allclose(honest * 2 / 6, atol=1e-12))
claim("784 pixels, 100 code numbers: β = 3.92", 784 / (2 * 100) == 3.92)

# %% [markdown]
# So whoever writes such a loss has chosen a β, and changes it with every change of the picture's size. State the
# likelihood, sum over pixels and code numbers, average over pictures.
#
# A limit of all this: it is exact for linear VAEs. Deep ones can have this cause of collapse *and others*: a decoder
# strong enough to ignore its code, or an encoder that learns too slowly.

# %% [markdown]
# ## 7 · More draws, a tighter bound
#
# Step 2 swapped mean and logarithm for *one* weight. Average $k$ weights first, and the swap costs less. This is the
# bound of the **importance weighted autoencoder** (IWAE, Burda et al. 2015):
#
# $$L_k = \mathbb E \log \frac1k \sum_{i=1}^k \frac{p(x, z_i)}{q(z_i)}, \qquad
# \mathrm{ELBO} = L_1 \le L_2 \le \dots \le \log p(x) .$$
#
# Why in this order? Take two weights: $\log \frac{a + b}{2} \ge \frac12 (\log a + \log b)$. So if you cut the *same*
# draws into blocks of 1, 2, 4, …, the estimates can't be in any other order. (For numbers that aren't powers of two,
# average over all blocks of that size: same argument.)


# %%
def doubling(log_w):
    """Bounds for k = 1, 2, 4, … from the same log weights, whose number is a power of 2."""
    found = []
    for power in range(int(math.log2(len(log_w))) + 1):
        blocks = log_w.view(-1, 2**power)
        found.append((blocks.logsumexp(1) - power * math.log(2)).mean().item())
    return found


def log_weights(x, mean, std, draws=2**14, seed=0):
    z = mean + std * torch.randn(draws, dtype=exact, generator=device.generator(seed))
    return log_joint(x, z) - log_normal(z, mean, std)


# %% [markdown]
# **Predict:** $x = 2$, the posterior with two hills. Three proposals: on the right hill (the best ELBO of section 2),
# wide over both, and somewhat off. Which one reaches $\log p(x)$ first? Does each reach it?

# %%
proposals = {"one hill: N(1.37, 0.19²)": (1.37, 0.19), "wide: N(0, 1.5²)": (0.0, 1.5), "off: N(0.8, 0.7²)": (0.8, 0.7)}
tighter = {name: doubling(log_weights(2.0, *each)) for name, each in proposals.items()}
_, ax = plt.subplots(figsize=(6.8, 3.8))
for number, (name, found) in enumerate(tighter.items()):
    ax.plot([2**i for i in range(15)], found, "os^"[number] + "-", color=plotting.NEUTRAL[number], ms=5, label=name)
for height, text in ((evidence, "log p(x)"), (evidence - math.log(2), "log p(x) − ln 2")):
    ax.axhline(height, color=plotting.THEORY, linestyle="--", linewidth=1.5)
    ax.text(1.01, height, text, transform=ax.get_yaxis_transform(), va="center")
ax.set(xscale="log", xlabel="weights averaged, k", ylabel="bound (nats)", ylim=(-6, -1.7))
ax.figure.legend(loc="outside lower center", ncols=3, columnspacing=1)
plt.show()

# %%
rising = all(a <= b + 1e-9 for each in tighter.values() for a, b in zip(each, each[1:], strict=False))
claim("every curve only rises", rising)
hill, wide, _ = tighter.values()
claim("k = 1: on one hill the bound is by far the best", hill[0] > wide[0] + 2, measured=tighter)
claim("k = 16,384: the wide one is within 0.05 nats of log p(x)", abs(wide[-1] - evidence) < 0.05, measured=wide[-1])
stuck = abs(hill[-1] - evidence + math.log(2))
claim("the one on the hill still misses ln 2 (within 0.05)", stuck < 0.05, measured=hill[-1])

# %% [markdown]
# The order of the proposals has turned round. The tight $q$ has the best ELBO, and its curve becomes flat early: **at
# the wrong height**. In theory it goes on to $\log p(x)$, as $q > 0$ everywhere. In practice the other hill lies 14
# standard deviations away, and nobody will live to see a draw from it. So a bound that has stopped rising needn't
# have arrived; for a proposal, too wide is safer than too narrow.
#
# And the third curve? It may well end *above* the dashed line. **Predict:** is it no bound, then? We repeat it 400
# times, with 1,024 weights each:

# %%
runs = torch.tensor([doubling(log_weights(2.0, 0.8, 0.7, draws=1024, seed=seed))[-1] for seed in range(400)])
above, error = (runs > evidence).float().mean(), runs.std() / 20
claim("between 10 and 60 % of the runs end above log p(x)", 0.1 < above < 0.6, measured=above)
claim(
    "their mean doesn't (up to 4 standard errors)", runs.mean() < evidence + 4 * error, measured=(runs.mean(), evidence)
)

# %% [markdown]
# $L_k$ is a *mean* over all possible draws, and only that is a bound. A single run may be lucky: here few of a
# thousand draws reach the left hill, and each of them has an enormous weight.

# %% [markdown]
# **On real digits**, at last with networks. The algorithm in five steps, for 28 × 28 pixels that are coins (each
# picture is thrown anew, so that $p(x \mid z)$ is a true probability):


# %%
digits, unseen = (data.images("mnist", split=s).tensor(flat=True, low=0.0) for s in ("train", "test"))


def train_vae(seed, steps=700, dim=16):
    device.seed_everything(seed)  # 1. initialise encoder and decoder
    net = nets.VAE((784,), dim, hidden=(200,))
    adam = torch.optim.Adam(net.parameters(), lr=2e-3, fused=True)
    for _ in range(steps):
        batch = torch.bernoulli(digits[torch.randint(len(digits), (64,))])
        mean, log_variance = net.encode(batch)  # 2. encode: a cloud for each picture
        z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        log_likelihood = objectives.bernoulli_log_likelihood(net.decode(z), batch)  # 3. decode a point of it
        elbo = (log_likelihood - objectives.gaussian_kl(mean, log_variance)).mean()  # 4. the bound, one draw each
        adam.zero_grad()
        (-elbo).backward()
        adam.step()  # 5. one step uphill for both nets; repeat
    return net


vaes = [train_vae(seed) for seed in range(3)]

# %%
target = torch.bernoulli(unseen[:200], generator=device.generator(0))


@torch.no_grad()
def digit_weights(net, k, seed=0):
    """Log weights of k draws for each test digit: (k, 200)."""
    mean, log_variance = net.encode(target)
    noise = torch.randn(k, *mean.shape, generator=device.generator(seed))
    z = mean + (0.5 * log_variance).exp() * noise
    log_prior, log_q = (-0.5 * (each.square()).sum(-1) for each in (z, noise))
    log_q = log_q - 0.5 * log_variance.sum(-1)  # both without the same constant
    chunks = [objectives.bernoulli_log_likelihood(net.decode(codes), target) for codes in z]
    return torch.stack(chunks) + log_prior - log_q


curves = [torch.tensor([doubling(column) for column in digit_weights(net, 512).T]).mean(0) for net in vaes]

# %% [markdown]
# **Predict:** by how many nats will $L_{512}$ exceed the ELBO, on unseen digits? And how much better is all that than a
# model of independent pixels, each a coin of its own, whose likelihood is exact?

# %%
share = digits.mean(0).clamp(1e-3, 1 - 1e-3)
coins = (target * share.log() + (1 - target) * (1 - share).log()).sum(1).mean()
heights = torch.stack(curves, dim=1)  # (10, 3): k = 1, 2, …, 512, for three seeds
_, ax = plt.subplots(figsize=(6.8, 3.5))
ax.plot([2**i for i in range(10)], heights, "o-", color=plotting.NEUTRAL[0], markersize=5, linewidth=1)
ax.set(xscale="log", xlabel="weights averaged, k", ylabel="bound (nats)", title="three VAEs, 200 unseen digits")
ax.set_xticks([1, 8, 64, 512], ["1 (ELBO)", "8", "64", "512"])
plt.show()

# %%
gain = heights[-1] - heights[0]
claim("L₁ < L₂ < … < L₅₁₂, for each seed", (heights.diff(dim=0) > 0).all(), measured=heights)
claim("L₅₁₂ is 2 to 12 nats above the ELBO", 2 < gain.min() and gain.max() < 12, measured=gain)
claim("even the ELBO is 60 nats above independent coins", heights[0].min() > coins + 60, measured=(heights[0], coins))

# %% [markdown]
# A difference of two models' ELBOs mixes two things: how good the models are, and how wide their gaps. With $L_{512}$
# less is left to the gap. For comparing likelihoods always say which $k$, which binarisation, and that it is a *bound*.
#
# Does a tighter bound also *train* better? The decoder often, the encoder not always: as $k$ grows, the signal in its
# gradients shrinks faster than their noise (Rainforth et al. 2018).

# %% [markdown]
# ## What all this does not show
#
# - **That a higher likelihood draws better.** It needn't: chapter 36 builds counterexamples.
# - **That deep VAEs collapse for this one reason only.** The linear case is exact, the rest is guided by it.
# - **That the numbers of section 7 are good.** 700 steps, small nets, 200 test digits. Only their *order* counts.
# - **That grey pixels have a likelihood under coins.** With grey targets the cross-entropy is a useful loss, but no
#   $\log p(x)$. Hence the throws.

# %% [markdown]
# ## Help, I get …
#
# ### A positive ELBO
# With continuous data that can be right: $\log p(x)$ is a log *density*, and densities may exceed 1. With binary data
# it is a mistake: a probability is at most 1. Look for a mean where a sum belongs, or for a missing minus.
#
# ### A negative KL
# Never from the closed form; then a sign is wrong, or $\sigma$ stands where $\log \sigma^2$ should. An *estimate* from
# draws, $\log q(z) - \log p(z)$, may be negative now and then.
#
# ### All KLs at 0 after a few steps
# The noise is too large or β is: look for a fixed $s^2 = 1$ on data with small variance, or for averages (section 6).

# %% [markdown]
# ### `inf` or `nan` from the importance weights
# `log_w.exp().mean().log()` underflows: $e^{-800}$ is 0, and its logarithm $-\infty$. Use
# `log_w.logsumexp(0) - math.log(k)`.
#
# ### An $L_k$ that is below the ELBO
# Different draws, so it may be noise. Or `/ k` stands outside of the logarithm, or $q$'s log density lacks its
# $-\log\sigma$. With the *same* draws, blocks of two can never come out below blocks of one.

# %% [markdown]
# ## Recap
#
# - $\log p(x)$ = ELBO + KL($q$ ‖ posterior), exactly. The ELBO can be computed, the rest can't.
# - ELBO = rebuilding − price. Between Gaussians the price has a closed form: 0 for the prior, positive elsewhere.
# - Chance comes from outside: $\mu + \sigma\varepsilon$. A code without noise makes the "bound" overshoot.
# - A linear VAE is probabilistic PCA, to four decimals. Its dead numbers are dead in the likelihood: $\lambda \le
#   \beta s^2$.
# - $k$ weights give a tighter bound, in a fixed order. Flat isn't yet tight.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Two VAEs have ELBOs of −100 and −103 nats. Is the first the better model of the data?</summary>
#
# Not necessarily. Its gap may be smaller while its likelihood is lower. Compare $L_k$ with a large $k$ (and check
# that it has really settled).
#
# </details>
#
# <details><summary>You train only the encoder, the decoder stands still. What can the ELBO reach at most?</summary>
#
# The mean of $\log p(x)$ under this decoder, which doesn't move. The encoder can only close the gap.
#
# </details>
#
# <details><summary>A decoder uses a squared error without any factor. Which noise has been assumed?</summary>
#
# $\lVert x - g \rVert^2 / (2 s^2)$ has factor 1 for $s^2 = ½$ on every pixel: a standard deviation of 0.7, for pixels
# between 0 and 1! No wonder if numbers die.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Kingma & Welling 2013, Auto-Encoding Variational Bayes](https://arxiv.org/abs/1312.6114): Amsterdam, December
#   2013; bound, reparameterisation and the closed form in its appendix B.
# - [Rezende, Mohamed & Wierstra 2014, Stochastic Backpropagation](https://arxiv.org/abs/1401.4082): the same, found
#   independently at the same time.
# - [Burda, Grosse & Salakhutdinov 2015, Importance Weighted Autoencoders](https://arxiv.org/abs/1509.00519): the bounds
#   of section 7, with the proof of their order.
# - [Lucas, Tucker, Grosse & Norouzi 2019, Don't Blame the ELBO!](https://arxiv.org/abs/1911.02469): linear VAEs,
#   probabilistic PCA, and where collapse comes from.
# - [Tipping & Bishop 1999, Probabilistic PCA](https://doi.org/10.1111/1467-9868.00196): the closed form that section 5
#   is held against.
# - [Cremer, Li & Duvenaud 2018, Inference Suboptimality in VAEs](https://arxiv.org/abs/1801.03558): takes the gap
#   apart into family and amortisation.
# - [Rainforth et al. 2018, Tighter Variational Bounds are Not Necessarily Better](https://arxiv.org/abs/1802.04537):
#   why more draws may harm the encoder.

# %% [markdown]
# ## Key terms
#
# | English | 中文 | Meaning |
# |---|---|---|
# | evidence | 证据（边缘似然） | $p(x)$, the density that the whole model gives to a data point |
# | evidence lower bound (ELBO) | 证据下界（变分下界） | what can be computed: at most $\log p(x)$ |
# | posterior | 后验分布 | which codes have made this data point |
# | Jensen's inequality | 琴生不等式 | the mean of logarithms is at most the logarithm of the mean |
# | reparameterisation | 重参数化 | a draw written as a function of the parameters and of noise from outside |
# | score function estimator | 得分函数估计 | a gradient by $f\, \nabla \log q$, also for discrete codes |
# | probabilistic PCA | 概率主成分分析 | linear decoder, Gaussian code, the same noise for all pixels |
# | posterior collapse | 后验坍塌 | $q$ is the prior, whatever the data point |
# | importance weight | 重要性权重 | $p(x, z) / q(z)$: makes up for drawing from $q$ |

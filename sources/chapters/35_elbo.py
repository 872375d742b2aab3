# %% [markdown]
# # 35 · The ELBO
#
# *A VAE is trained on a number that is not the one you want, but never larger. Here you take that number apart, check
# every step of its derivation on a model that is small enough to know everything about, and see what it can hide.*
#
# > **You will be able to**
# > - derive the evidence lower bound (ELBO) in three steps, and say exactly what it misses
# > - compute the KL term in closed form, and recognise three wrong versions of it
# > - write the reparameterisation, and a test that tells a right one from a wrong one
# > - predict which dimensions of a linear VAE collapse, from the variances along its axes, the noise and β
# > - bound a likelihood more tightly with importance weights, and know when the bound stops rising too early
# >
# > **Before you start** [24 · from autoencoders to VAEs](24_from_autoencoders_to_vaes.ipynb), where you meet the VAE in
# > pictures. Of mathematics: densities, expectations, the logarithm (chapter 31 has KL and Monte Carlo); for sections 5
# > and 6 also covariance and eigenvalues.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU: none needed

# %% [markdown]
# ## The idea in a picture
#
# We look at one data point x. The left panel shows which codes may have made it (black dashes, two hills), and three
# guesses of an encoder: A, B and C. The right panel shows what each guess gives: a number that we can compute (green).
# It always ends *below* the number that we want (dashed): log p(x), the log density that the whole model gives to x.
# The missing part (grey) says how wrong the guess is.

# %% jupyter={"source_hidden": true}
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.decomposition import PCA

from gan_edu import data, device, nets, objectives, plotting
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)  # small matrices: a second CPU thread would mostly wait for the first
exact = torch.float64  # for everything that is compared to many decimals


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
right.text(2.45, wanted + 0.15, "log p(x)", ha="right")
right.set(xticks=range(3), xticklabels=guesses, ylim=(-8, -1), ylabel="nats", title="what each guess gives")
left.set(xlim=(-3, 3), ylim=(0, 2.4), xlabel="code z", ylabel="density", title="which codes may have made x?")
plt.show()

# %% [markdown]
# This is the idea of the whole chapter. For this tiny model a sum gives the number that we want. For a real one nothing
# does. So we take a number that can be computed, and push it up from below. When it rises, either the wanted number has
# risen or the guess has become better: section 2 tells these two apart.

# %% [markdown]
# ## 1. An integral in the way
#
# Our story of how data are made has two steps. First draw a code from the **prior**, $z \sim p(z) = N(0, 1)$. Then draw
# $x$ from what the **decoder** says about this code, $p(x \mid z)$. Our decoder is so simple that we can know
# everything about it: $x = z^2$ plus noise with standard deviation ½. So a large $x$ may have come from two codes.
#
# Note that a decoder names a *distribution* of $x$. How much of $x$ is left to the noise is a part of the model, and
# section 6 shows how much depends on it.

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
# To train the model by maximum likelihood we need the log of the **evidence** $p(x)$ of each data point,
#
# $$\log p(x) = \log \int p(z)\, p(x \mid z)\, dz ,$$
#
# that is, its log density under the whole model. With one number in the code it is a sum over a fine grid:

# %%
xs = torch.linspace(-3, 30, 3301, dtype=exact)
density = torch.stack([log_evidence(x) for x in xs]).exp()
total = density.sum() / 100
identity("p(x), summed over all x, is 1 (to 5 decimals)", abs(total - 1) < 1e-5, measured=total)
device.seed_everything(0)
drawn = torch.randn(100_000) ** 2 + NOISE * torch.randn(100_000)
share, summed = ((drawn > 1) & (drawn < 2)).double().mean(), density[(xs > 1) & (xs < 2)].sum() * 0.01
claim(
    "and it gives the share of data between 1 and 2 (within 0.01)", abs(share - summed) < 0.01, measured=(share, summed)
)

# %% [markdown]
# With sixteen numbers in the code, a grid of 100 places along each of them has $100^{16}$ points. So let us draw codes
# at random instead: the mean of $p(x \mid z)$ over codes from the prior *is* $p(x)$, on average.
#
# We try it with 10,000 codes, on a model whose evidence is known exactly: $z \sim N(0, I_d)$ and $x = z$ plus noise, so
# $x \sim N(0, 1.25\, I_d)$.
#
# **Predict, and say why:** how far off will $\log p(x)$ be for $d = 1$? And for $d = 50$?


# %%
def blind_estimate(d, seed, draws=10_000):
    device.seed_everything(seed)
    x = torch.randn(d, dtype=exact) + NOISE * torch.randn(d, dtype=exact)
    codes = torch.randn(draws, d, dtype=exact)
    estimate = log_normal(x, codes, NOISE).sum(1).logsumexp(0) - math.log(draws)  # log of the mean of p(x | z)
    return (estimate - log_normal(x, 0.0, math.sqrt(1.25)).sum()).item()


errors = {f"d = {d}": [blind_estimate(d, seed) for seed in range(8)] for d in (1, 5, 20, 50)}

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.4))
plotting.bars_with_floor(errors, "error of log p(x) (nats)", ax=ax, title="each dot: one data point")
ax.get_legend().remove()
ax.axhline(0, color=plotting.THEORY, linestyle="--", linewidth=1.5, zorder=0)
plt.show()

# %%
claim("d = 1: within 0.1 nats for all eight data points", max(map(abs, errors["d = 1"])) < 0.1, measured=errors)
claim("d = 50: at least 10 nats too low for all of them", max(errors["d = 50"]) < -10, measured=errors)

# %% [markdown]
# Why? In 50 dimensions nearly all of the 10,000 codes have nothing to do with this $x$, and the few that matter are
# never drawn. On average the estimate of $p(x)$ is right, but only thanks to a very rare draw with an enormous value.
# The typical estimate is about 50 nats too low, a factor of $10^{-22}$.
#
# The cure: look at $x$ first, and draw codes that could have made it. That is what an encoder is for.

# %% [markdown]
# ## 2. A bound in three steps
#
# The encoder proposes codes with a density $q(z)$, for this one $x$. (It is usually written $q(z \mid x)$; we leave out
# the $x$.) In this section $x = 2$, and $q$ is a Gaussian with mean 1.2 and standard deviation 0.3.
#
# **Step 1. Draw from $q$, and correct this by a weight.** As long as $q > 0$ wherever $p(x, z) > 0$:
#
# $$p(x) = \int q(z)\, w(z)\, dz = \mathbb E_q[w], \qquad w(z) = \frac{p(x, z)}{q(z)} .$$

# %%
x, mean, std = 2.0, 1.2, 0.3
log_q = log_normal(grid, mean, std)
q = log_q.exp()
log_w = log_joint(x, grid) - log_q
evidence = log_evidence(x)
identity("the weights' mean is p(x)", integral(q * log_w.exp()).log().isclose(evidence, atol=1e-9))

# %% [markdown]
# **Step 2. Swap mean and logarithm.** The curve of the logarithm bends down. So the mean of logarithms is at most the
# logarithm of the mean (Jensen's inequality):
#
# $$\log p(x) = \log \mathbb E_q[w] \;\ge\; \mathbb E_q[\log w] =: \mathrm{ELBO} .$$
#
# This is the *evidence lower bound*. Its great advantage: a mean of logarithms is easy to estimate from few draws.

# %%
elbo = integral(q * log_w)
identity("the ELBO lies below log p(x)", elbo < evidence, measured=(elbo, evidence))
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
# These are the two forces of chapter 24. The first part, with a minus, is called **distortion**; the second is the
# **rate** or simply the *KL term*. Training trades one for the other.

# %%
rebuilt = integral(q * log_normal(x, grid**2, NOISE))
rate = integral(q * (log_q - log_normal(grid, 0.0, 1.0)))
identity("the two parts add up to the ELBO", (rebuilt - rate).isclose(elbo, atol=1e-9), measured=(rebuilt, rate, elbo))

# %% [markdown]
# **And what is missing?** By Bayes' rule $p(x, z) = p(x)\, p(z \mid x)$, where $p(z \mid x)$ is the **posterior**:
# which codes may have made this $x$. Put this into the weight. You get, without any inequality:
#
# $$\log p(x) - \mathrm{ELBO} = \mathrm{KL}(q(z) \,\|\, p(z \mid x)) \;\ge\; 0 .$$
#
# **Predict, and say why:** for which $q$ is the bound equal to $\log p(x)$? And how much do the weights vary then?

# %%
log_posterior = log_joint(x, grid) - evidence
gap = integral(q * (log_q - log_posterior))
identity(
    "the gap is KL(q ‖ posterior), to 9 decimals", gap.isclose(evidence - elbo, atol=1e-9), measured=(gap, evidence)
)
posterior = log_posterior.exp()
weights = log_joint(x, grid) - log_posterior
identity("q = posterior: the bound is log p(x)", integral(posterior * weights).isclose(evidence, atol=1e-9))
identity("and all its weights are equal", (weights.max() - weights.min()).abs() < 1e-9)

# %% [markdown]
# A KL is 0 only between equal distributions, so $q$ must be the posterior. Then each weight is $p(x, z) / p(z \mid x) =
# p(x)$, whatever $z$ is. Where nothing varies, mean and logarithm may be swapped for free.
#
# So one number, pushed up, does two jobs. If you change only the *encoder*, $\log p(x)$ stays where it is, and the gap
# shrinks. If you change the *decoder*, a higher bound may mean a higher evidence, or only a smaller gap while the
# evidence falls. The bound alone doesn't say which.
#
# How good can a Gaussian $q$ get? Let us try them all: each place of these two maps is one $q$, the darker the smaller
# its gap. The stars mark the best.

# %% jupyter={"source_hidden": true}
means, stds = torch.linspace(-2.4, 2.4, 97, dtype=exact), torch.logspace(-1.1, 0.2, 66, dtype=exact)
coarse = torch.linspace(-8, 8, 1601, dtype=exact)


def bounds(x):
    """The ELBO of x for each standard deviation (rows) and mean (columns)."""
    log_qs = log_normal(coarse, means[:, None], stds[:, None, None])
    return (log_qs.exp() * (log_joint(x, coarse) - log_qs)).sum(-1) * 0.01


maps = {x: bounds(x) for x in (0.0, 2.0)}
gaps = {x: (log_evidence(x) - found.max()).item() for x, found in maps.items()}

# %% jupyter={"source_hidden": true}
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
identity("x = 2, two hills: two equally good answers, left and right", symmetric)
claim("each misses a little more than ln 2 ≈ 0.69 nats", math.log(2) < gaps[2.0] < 0.75, measured=gaps)

# %% [markdown]
# At $x = 2$ the best $q$ sits on **one** hill and ignores the other. $\mathrm{KL}(q \,\|\, \text{posterior})$
# punishes $q$ hard for codes that the posterior rules out. It is lenient where $q$ leaves something out: ignoring half
# of the posterior costs only $\ln 2$. (If $q$ were exactly one of two equal, separate halves, it would be twice the
# posterior there, and the mean of $\log 2$ is $\ln 2$.)
#
# A VAE mixes two different gaps. This one comes from the *family*: no Gaussian fits. Another one is added when a single
# network must name the $q$ of every $x$ and misses the best; Cremer et al. (2018) call it the *amortisation* gap.

# %% [markdown]
# ## 3. The KL term in closed form
#
# For a Gaussian $q = N(\mu, \sigma^2)$ and the prior $N(0, 1)$ the second part needs no sampling. It consists of two
# means, and both follow from $\mathbb E_q[z] = \mu$ and $\mathbb E_q[z^2] = \mu^2 + \sigma^2$:
#
# $$\mathbb E_q[\log q] = -\tfrac12 (1 + \log 2\pi\sigma^2), \qquad
# \mathbb E_q[\log p] = -\tfrac12 (\mu^2 + \sigma^2 + \log 2\pi) .$$
#
# Their difference is the KL term. For a code of independent numbers the KL terms add up:
#
# $$\mathrm{KL} = \tfrac12 \sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2) .$$

# %%
entropy_part = -0.5 * (1 + math.log(2 * math.pi * std**2))
prior_part = -0.5 * (mean**2 + std**2 + math.log(2 * math.pi))
identity("the first mean", abs(integral(q * log_q) - entropy_part) < 1e-9)
identity("the second mean", abs(integral(q * log_normal(grid, 0.0, 1.0)) - prior_part) < 1e-9)
identity("their difference is the rate of section 2", abs(entropy_part - prior_part - rate) < 1e-9)
means_, logs_ = torch.randn(5, 16, dtype=exact), torch.randn(5, 16, dtype=exact)
formula = 0.5 * (means_**2 + logs_.exp() - 1 - logs_).sum(1)
identity("and the library's, for 16 numbers", formula.allclose(objectives.gaussian_kl(means_, logs_)))

# %% [markdown]
# An encoder gives $\log \sigma^2$, which may be any number, positive or negative. That makes mistakes easy. Three wrong
# versions are common:
#
# | written | what is wrong |
# |---|---|
# | $\mathbb E_q[\log q(z \mid x)]$ | the prior is missing |
# | $\tfrac12 \log\sigma^2 - \tfrac12 (1 + \mu^2 + \sigma^2)$ | the sign |
# | mean over pixels and codes instead of sums | a hidden β (section 6) |
#
# **Predict, and say why:** training *minimises* this term. Where does it send $\mu$ and $\sigma$ with the first wrong
# formula? And with the second?

# %%
mu, log_variance = (torch.tensor(value, dtype=exact, requires_grad=True) for value in (1.5, -1.0))
log_q = log_normal(grid, mu, (0.5 * log_variance).exp())
no_prior = integral(log_q.exp() * log_q)  # the first formula
slopes = torch.autograd.grad(no_prior, [mu, log_variance])
identity("no prior: μ isn't pulled anywhere", slopes[0].abs() < 1e-9, measured=slopes)
per_factor = slopes[1] * math.log(100)  # σ ten times as wide: log σ² grows by ln 100
identity("a σ ten times as wide lowers it by ln 10", abs(per_factor + math.log(10)) < 1e-9, measured=per_factor)

kl = 0.5 * (mu**2 + log_variance.exp() - 1 - log_variance)
wrong_sign = 0.5 * log_variance - 0.5 * (1 + mu**2 + log_variance.exp())
identity("the second formula is −KL − 1", wrong_sign.isclose(-kl - 1))

# %% [markdown]
# Without the prior the term is $-\,$entropy, which has no minimum. So $\sigma$ is always pulled wider, and codes may
# lie anywhere. But later we draw codes from the prior, and they will find no data there. With the wrong sign the term
# falls the farther $q$ is from the prior: it has no minimum either.
#
# **A test that finds both:** a right KL term is 0 for $\mu = 0, \sigma = 1$, and positive everywhere else.

# %% [markdown]
# ## 4. A gradient through a die
#
# The first part, $\mathbb E_q[\log p(x \mid z)]$, needs draws. How does it change when $\mu$ and $\sigma$, the
# encoder's outputs, change? The draws themselves depend on them. There are two ways out. Write $f(z) = \log p(x \mid
# z)$.
#
# - **Score function** (works for any $q$ that is smooth in its parameters, also for discrete codes):
#   $\nabla\, \mathbb E_q[f] = \mathbb E_q[f(z)\, \nabla \log q(z)]$. (Since $\nabla q = q\, \nabla \log q$, the slope
#   of $\int q f\, dz$ is $\int q f\, \nabla \log q\, dz$.)
# - **Reparameterisation** (needs a differentiable $f$): let the chance come from outside,
#   $z = \mu + \sigma\varepsilon$ with $\varepsilon \sim N(0, 1)$, and differentiate through:
#   $\nabla\, \mathbb E[f(\mu + \sigma\varepsilon)] = \mathbb E[\nabla f(\mu + \sigma\varepsilon)]$.
#
# (Both swap a gradient and an integral. That is allowed here: everything is smooth, with light tails.)
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
print(f"one draw of the score function scatters {ratio:.1f} times as much")
claim("that is at least 1.5 times as much", ratio > 1.5, measured=ratio)

# %% [markdown]
# The score function scatters more, here only about twice as much: one dimension, one smooth hill. How does it grow with
# the number of dimensions? We take the sum of $d$ such terms, all drawn at once. And we add what anybody would use in
# practice: a **baseline**, a constant that is subtracted from $f$. It changes no mean, since
# $\mathbb E_q[\nabla \log q] = 0$. We subtract the mean of $f$.

# %%
scatter = {}
average = integral(log_normal(grid, mean, std).exp() * f(grid))  # of one term
for d in (1, 4, 16, 64):
    device.seed_everything(d)
    mu = torch.full((4000, d), mean, dtype=exact, requires_grad=True)
    noise = torch.randn(4000, d, dtype=exact)
    (pathwise,) = torch.autograd.grad(f(mu + std * noise).sum(), mu)
    fixed = (mu + std * noise).detach()
    value = f(fixed).sum(1)
    for baseline in (0.0, d * average):
        (score,) = torch.autograd.grad(((value - baseline) * log_normal(fixed, mu, std).sum(1)).sum(), mu)
        scatter.setdefault(d, []).append((score[:, 0].std() / pathwise[:, 0].std()).item())

# %%
plain, better = ({d: each[i] for d, each in scatter.items()} for i in (0, 1))
claim("no baseline, 64 numbers: at least 30 times the scatter", plain[64] > 30, measured=plain)
claim("with the mean of f as a baseline: only 4 to 10 times", 4 < better[64] < 10, measured=better)
grows = plain[64] / plain[16], better[64] / better[16]
claim("from 16 to 64 numbers, without: 3 to 5 times as much scatter", 3 < grows[0] < 5, measured=grows)
claim("from 16 to 64 numbers, with the baseline: 1.6 to 2.5 times", 1.6 < grows[1] < 2.5, measured=grows)

# %% [markdown]
# The score function multiplies by the whole value $f$, and most of $f$ comes from the *other* numbers of the code. The
# mean of $f$ grows like $d$; a baseline removes it. What the other draws do by chance grows like $\sqrt d$; it stays.
# The reparameterised gradient of one number doesn't contain the others at all, because our $f$ is a sum. (A real
# decoder mixes the numbers, so some of this scatter comes back.) Its small scatter is one reason why a VAE can be
# trained with *one* draw for each picture.
#
# Now suppose that somebody writes, in the place of $\mu + \sigma\varepsilon$, the line `z = mean * exp(log_variance)`.
# What is wrong with it? Let a test say it: what must any right version do?


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
noiseless = failures(lambda mean, log_variance, noise: mean * log_variance.exp())
variance = failures(lambda mean, log_variance, noise: mean + log_variance.exp() * noise)
claim("the right one passes", right == [], measured=right)
claim("the line without noise lacks all four", len(noiseless) == 4, measured=noiseless)
claim("σ² in the place of σ is caught, too", "draws have standard deviation σ" in variance, measured=variance)

# %% [markdown]
# (The fourth property: $z - \mu = \sigma\varepsilon$ and $\sigma = e^{\frac12 \log \sigma^2}$, so its slope is half of
# it.) The line has no noise in it at all. A network trained like this is an autoencoder with a strange penalty. What
# happens to its "ELBO"?
#
# **Predict:** we give $q$ and the wrong code the best $\mu$ and $\sigma$ for each $x$. Can the number that is reported
# as a lower bound get *above* $\log p(x)$?

# %% jupyter={"source_hidden": true}
places = torch.linspace(0, 4, 11, dtype=exact)
kls = 0.5 * (means**2 + stds[:, None] ** 2 - 1 - 2 * stds[:, None].log())
code = means * stds[:, None] ** 2  # mean * exp(log_variance)
curves = {
    "exact: log p(x)": torch.stack([log_evidence(x) for x in places]),
    "best ELBO of a Gaussian q": torch.stack([bounds(x).max() for x in places]),
    "“bound” of the wrong code": torch.stack([(log_normal(x, code**2, NOISE) - kls).max() for x in places]),
}
plotting.curves(places, curves, "x", "nats", colors={"best ELBO of a Gaussian q": plotting.DISC})

# %%
truth, best, broken = curves.values()
identity("the true ELBO never gets above log p(x)", (best <= truth + 1e-9).all(), measured=best - truth)
claim("the wrong one does at each x shown, by 0.2 nats at least", (broken - truth).min() > 0.2, measured=broken - truth)

# %% [markdown]
# It is no bound. Step 1 divided by the density of a *draw*. A code without noise has no density, and its KL term
# belongs to a $q$ from which nobody draws. The number looks *better* than an honest one. Only a property that must
# hold, such as the four above, shows that something is wrong.

# %% [markdown]
# ## 5. A VAE with nothing to hide
#
# Real networks hide their evidence from us. One family doesn't. Make decoder and encoder *linear*,
#
# $$x \mid z \sim N(Wz + b,\; s^2 I), \qquad q(z \mid x) = N\big(V(x - b),\; \operatorname{diag}(\sigma_1^2 \dots
# \sigma_k^2)\big) .$$
#
# Then $p(x) = N(b,\; WW^\top + s^2 I)$ exactly. This model is called **probabilistic PCA**. The maximum of its
# likelihood is known in closed form (Tipping & Bishop 1999). So we can test everything so far: does a VAE that is
# trained on nothing but its bound reach the maximum of the true likelihood?
#
# The data are 10,000 digits, shrunk to 4 × 4 = 16 numbers. We average the draws out exactly: the mean of
# $\lVert x - W(Vx + \sigma\varepsilon) \rVert^2$ is $\lVert x - WVx \rVert^2 + \sum_j \sigma_j^2 \lVert W_j \rVert^2$.


# %%
def linear_elbo(covariance, W, V, log_variance, log_noise, beta=1.0):
    """Mean (β-)ELBO over centred data with this covariance, and what each code number costs: (), (k,)."""
    d = len(covariance)
    rest = torch.eye(d, dtype=exact) - W @ V
    error = (rest @ covariance @ rest.T).trace() + (log_variance.exp() * W.square().sum(0)).sum()
    rebuilt = -0.5 * (error / log_noise.exp() + d * (log_noise + math.log(2 * math.pi)))
    costs = 0.5 * ((V @ covariance @ V.T).diagonal() + log_variance.exp() - 1 - log_variance)
    return rebuilt - beta * costs.sum(), costs


# %% jupyter={"source_hidden": true}
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
# (The folded cell climbs to the top of a smooth function with LBFGS, an optimiser that estimates curvature.)
#
# **Predict:** 5 code numbers, 8 random starts. How close does each come to scikit-learn's `PCA`, which computes the
# maximum of the likelihood from eigenvalues? To one decimal, two, four?

# %%
small = 4 * F.avg_pool2d(data.images("mnist").tensor(low=0.0), 7).flatten(1).to(exact)  # (10000, 16), 4 is white
covariance = (small - small.mean(0)).T @ (small - small.mean(0)) / len(small)
pca = PCA(5).fit(small.numpy())
optimum = pca.score(small.numpy())  # mean log-likelihood of probabilistic PCA


# %% jupyter={"source_hidden": true}
def train_linear(covariance, k, seed, beta=1.0, log_noise=None):
    """The bound reached, W, the costs and the noise s². log_noise: fixes log s²; None learns it."""
    d, stream = len(covariance), device.generator(seed)
    W = 0.1 * torch.randn(d, k, dtype=exact, generator=stream)
    V = 0.1 * torch.randn(k, d, dtype=exact, generator=stream)
    level = torch.tensor(0.0 if log_noise is None else log_noise, dtype=exact)
    parts = [W, V, torch.zeros(k, dtype=exact), level]
    learned = parts if log_noise is None else parts[:3]
    for part in learned:
        part.requires_grad_()
    reached = climb(learned, lambda: linear_elbo(covariance, *parts, beta)[0])
    costs = linear_elbo(covariance, *parts, beta)[1]
    return reached, W.detach(), costs.detach(), level.exp().item()


# %%
trained = [train_linear(covariance, 5, seed) for seed in range(8)]
heights = torch.tensor([reached for reached, *_ in trained])
off = (heights - optimum).abs().max()
claim("all eight agree with PCA's likelihood to four decimals", off < 5e-5, measured=(heights, optimum))
W, _, noise = trained[0][1:]
off = abs(noise - pca.noise_variance_)
claim("the learned noise is PCA's: the mean of the discarded eigenvalues", off < 1e-5, measured=noise)
model = torch.distributions.MultivariateNormal(small.mean(0), W @ W.T + noise * torch.eye(16, dtype=exact))
likelihood = model.log_prob(small).mean()
off = (likelihood - heights[0]).abs()
claim("and the bound has become the evidence itself: the gap is closed", off < 5e-5, measured=likelihood)

# %% [markdown]
# To four decimals, with learned noise, from eight random starts. Why is there no gap? The posterior of a linear model
# is Gaussian, so the family of $q$ is rich enough. But our $q$ is *diagonal*, and the posterior's covariance is
# diagonal only if the columns of $W$ are orthogonal (at right angles to each other). The likelihood doesn't mind: it
# sees only $WW^\top$, and any rotation of the columns leaves that as it is. The bound does mind. It picks the rotation
# in which a diagonal $q$ is right.
#
# **Predict:** which columns are these?

# %% jupyter={"source_hidden": true}
order = W.square().sum(0).argsort(descending=True)
columns = F.normalize(W[:, order], dim=0).T
axes_ = torch.tensor(pca.components_)
signs = (columns * axes_).sum(1).sign()[:, None]
rows = {"VAE: column of W": signs * columns, "PCA: axis": axes_}
plotting.image_grid({name: each / each.abs().max(1, keepdim=True).values for name, each in rows.items()}, rows=1)
claim("each column is a principal axis (cosine above 0.999)", (signs * columns * axes_).sum(1).min() > 0.999)

# %% [markdown]
# They are the principal axes, one by one. (This works because the eigenvalues differ. Lucas et al. 2019 prove it. They
# also prove that the bound of a linear VAE has no bad local maxima which the likelihood doesn't have.)

# %% [markdown]
# ## 6. Collapse lives in the likelihood
#
# In chapter 24 single numbers of the code went dead: their $q$ was the prior for every picture. Often the bound is
# blamed for this: "the KL term was too strong". Here we can ask the likelihood itself.
#
# The data have the variances 4, 2, 1, ½, ¼ along five axes, and the linear VAE has five code numbers. The decoder's
# noise $s^2$ is now **fixed** in advance, as it is wherever the loss is a plain squared error. What does theory say
# about an axis with variance $\lambda$?
#
# The model explains this axis by $x = wz$ plus noise, so with variance $w^2 + s^2$. The likelihood is largest if this
# is $\lambda$. If $\lambda > s^2$, that gives $w^2 = \lambda - s^2$. A Gaussian posterior has the precision (one over
# its variance) $1 + w^2/s^2$, here $\lambda/s^2$. So its variance is $s^2/\lambda$. Together with the scatter of its
# means it makes up the prior's variance 1, so the means scatter with $1 - s^2/\lambda$. Put both into the formula of
# section 3: the code number costs $\tfrac12 \log \frac{\lambda}{s^2}$ nats. If $\lambda \le s^2$, the noise alone
# explains too much already; the best is $w = 0$, and the number is **dead** (it costs 0).
#
# **Predict:** how many numbers are alive for $s^2 = 0.3,\ 0.8,\ 1.5,\ 3$?

# %%
spectrum = torch.tensor([4.0, 2.0, 1.0, 0.5, 0.25], dtype=exact)


def theory(s2, beta=1.0):
    """The largest likelihood (for β = 1), and the cost of each axis: (), (5,)."""
    top = torch.where(spectrum > s2, spectrum.log() + 1, math.log(s2) + spectrum / s2)
    return -0.5 * (top + math.log(2 * math.pi)).sum().item(), 0.5 * (spectrum / (beta * s2)).log().clamp(min=0)


levels = (0.3, 0.8, 1.5, 3.0)
fits = {s2: train_linear(spectrum.diag(), 5, seed=0, log_noise=math.log(s2)) for s2 in levels}
for s2, (reached, _, costs, _) in fits.items():
    top, foretold = theory(s2)
    right = abs(reached - top) < 5e-5 and costs.sort(descending=True).values.allclose(foretold, atol=1e-4)
    number = int((costs > 0.01).sum())
    claim(f"s² = {s2}: {number} alive, bound and costs as in theory", right, measured=(costs, theory(s2)))

# %% jupyter={"source_hidden": true}
fine = torch.logspace(-1, 1, 200, dtype=exact)
_, ax = plt.subplots(figsize=(6.8, 3.7))
for number, variance in enumerate(spectrum):
    ax.plot(fine, 0.5 * (variance / fine).log().clamp(min=0), color=plotting.THEORY, linestyle="--", linewidth=1.2)
    found = [fits[s2][2].sort(descending=True).values[number] for s2 in levels]
    ax.plot(levels, found, "os^Dv"[number], color=plotting.NEUTRAL[number], markersize=8, label=f"λ = {variance:g}")
ax.set(xscale="log", xlabel="noise s² that the decoder is given", ylabel="cost of the axis (nats)", ylim=(-0.08, 2))
ax.set_xticks([0.1, 0.3, 0.8, 1.5, 3, 10], ["0.1", "0.3", "0.8", "1.5", "3", "10"])
ax.legend(title="dashes: theory")
plt.show()

# %% [markdown]
# Is the bound to blame for the dead ones? Let us do without it, and without the encoder. We maximise the *exact*
# likelihood of $N(0, WW^\top + s^2 I)$ over $W$ alone, and count how many directions $W$ still has.


# %%
def rank_of_best_likelihood(s2, seed):
    W = (0.1 * torch.randn(5, 5, dtype=exact, generator=device.generator(seed))).requires_grad_()

    def likelihood():
        model = W @ W.T + s2 * torch.eye(5, dtype=exact)
        return -0.5 * (model.logdet() + torch.linalg.solve(model, spectrum.diag()).trace() + 5 * math.log(2 * math.pi))

    climb([W], likelihood)
    return int((torch.linalg.svdvals(W.detach()) > 0.01).sum())


ranks = {s2: [rank_of_best_likelihood(s2, seed) for seed in range(8)] for s2 in levels}
alive = {s2: int((costs > 0.01).sum()) for s2, (_, _, costs, _) in fits.items()}
same = all(set(ranks[s2]) == {alive[s2]} for s2 in levels)
claim("without any bound: as many directions as live numbers, from all eight starts", same, measured=ranks)

# %% [markdown]
# So the collapse is already in the likelihood. If the whole variance of an axis is less than the noise that we have
# granted to every pixel, the best model there is explains the axis as noise. The bound only passes this on. The cure:
# don't fix $s^2$ too large, or learn it, as section 5 did.
#
# **β and the noise.** A β-VAE (Higgins et al. 2017) multiplies the KL term by β. With a Gaussian decoder of *fixed*
# noise one can write
#
# $$-\frac{\lVert x - g(z) \rVert^2}{2 s^2} - \beta\,\mathrm{KL} \;=\; \beta \left( -\frac{\lVert x - g(z)
# \rVert^2}{2 \beta s^2} - \mathrm{KL} \right) .$$
#
# So up to constants the *training* of a β-VAE with noise $s^2$ is that of a plain VAE with noise $\beta s^2$, for any
# nets. We check this on the gradients of random nets, and on the linear VAE with $s^2 = 0.3$ and $\beta = 5$.
#
# **Predict, and say why:** with $s^2 = 0.3$ and β = 1 four numbers were alive. How many are alive with β = 5? Are the
# others dead in the likelihood, too?

# %% jupyter={"source_hidden": true}
device.seed_everything(0)
encoder, decoder = nets.mlp([6, 32, 4], activation="tanh").double(), nets.mlp([2, 32, 6], activation="tanh").double()
pictures, noise = torch.randn(64, 6, dtype=exact), torch.randn(64, 2, dtype=exact)


def slopes(loss_of):
    mean, log_variance = encoder(pictures).chunk(2, dim=1)
    error = (pictures - decoder(mean + (0.5 * log_variance).exp() * noise)).square()
    kls = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
    weights = [*encoder.parameters(), *decoder.parameters()]
    return torch.cat([slope.flatten() for slope in torch.autograd.grad(loss_of(error, kls), weights)])


# %%
strong = slopes(lambda error, kls: (error.sum(1) / (2 * 0.3) + 5 * kls.sum(1)).mean())
plain = slopes(lambda error, kls: (error.sum(1) / (2 * 1.5) + kls.sum(1)).mean())
identity("β = 5 with s² = 0.3: five times the gradient of β = 1 with s² = 1.5", strong.allclose(5 * plain, atol=1e-12))
_, W, costs, _ = train_linear(spectrum.diag(), 5, seed=0, beta=5.0, log_noise=math.log(0.3))
same = costs.sort(descending=True).values.allclose(theory(1.5)[1], atol=1e-4)
claim("the linear VAE with β = 5: two numbers alive, as with s² = 1.5", same, measured=costs)
still = W @ W.T + 0.3 * torch.eye(5, dtype=exact)  # the model that draws has the noise 0.3
scored = -0.5 * (still.logdet() + torch.linalg.solve(still, spectrum.diag()).trace() + 5 * math.log(2 * math.pi))
claim("its likelihood is 0.9 to 1.1 nats below the best one with four", 0.9 < theory(0.3)[0] - scored < 1.1, scored)
v = still.diag() / spectrum  # of each axis: the variance drawn, by the true one
lost = 0.5 * (1 / v + v.log() - 1)[:4]
claim("two thirds (±0.05) of that on the axes 3 and 4", abs(lost[2:].sum() / lost.sum() - 2 / 3) < 0.05, measured=lost)

# %% [markdown]
# Two are alive. The other two of the four have been killed by β, and not by the likelihood: the best model with this
# noise keeps them. The trained model still draws with the noise $s^2$ and is scored with it; only its training went as
# if the noise were larger. Together this costs a nat of likelihood: two thirds of it on the two dead axes, and a third
# on the living ones, whose columns β has shortened. (The axis with variance 2 is drawn with 0.8.)
# And for β > 1 there are two kinds of dead numbers:
#
# - $\lambda \le s^2$: dead in the likelihood as well;
# - $s^2 < \lambda \le \beta s^2$: dead because of β.
#
# **The hidden β.** Many programs add a squared error *averaged* over the $D$ pixels and a KL term *averaged* over the
# $Z$ numbers of the code. **Predict:** which β is that, for noise $s^2 = 1$?

# %%
averaged = slopes(lambda error, kls: error.mean() + kls.mean())
honest = slopes(lambda error, kls: (0.5 * error.sum(1) + 6 / (2 * 2) * kls.sum(1)).mean())
identity("averages mean β = D / (2 Z), here 6 / (2 · 2)", averaged.allclose(honest * 2 / 6, atol=1e-12))

# %% [markdown]
# For $D = 784$ pixels and $Z = 100$ numbers this is β = 3.92. Whoever writes such a loss has chosen a β, and it changes
# with the size of the pictures. So state the likelihood, sum over pixels and code numbers, and average over pictures
# only.
#
# All this is exact for linear VAEs. Deep ones can collapse for this reason *and for others*: a decoder strong enough to
# ignore its code, or an encoder that learns too slowly.

# %% [markdown]
# ## 7. More draws, a tighter bound
#
# Step 2 swapped mean and logarithm for *one* weight. Average $k$ weights first, and the swap loses less. This is the
# bound of the **importance weighted autoencoder** (IWAE, Burda et al. 2015):
#
# $$L_k = \mathbb E \log \frac1k \sum_{i=1}^k \frac{p(x, z_i)}{q(z_i)}, \qquad
# \mathrm{ELBO} = L_1 \le L_2 \le \dots \le \log p(x) .$$
#
# Why in this order? Take two weights: $\log \frac{a + b}{2} \ge \frac12 (\log a + \log b)$. So cut the *same* draws
# into blocks of 1, 2, 4, …: the estimates can't come in any other order. (For other numbers than powers of two, average
# over all blocks of that size; the argument is the same.)


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
# At $x = 2$ the posterior has two hills. Here are three proposals: one on the right hill (the best ELBO of section 2),
# one that is wide and covers both, and one that is somewhat off.
#
# **Predict, and say why:** which one comes nearest to $\log p(x)$ with few draws? Which with many?

# %%
proposals = {"one hill: N(1.37, 0.19²)": (1.37, 0.19), "wide: N(0, 1.5²)": (0.0, 1.5), "off: N(0.8, 0.7²)": (0.8, 0.7)}
tighter = {name: doubling(log_weights(2.0, *each)) for name, each in proposals.items()}

# %% jupyter={"source_hidden": true}
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
identity("every curve only rises", rising)
hill, wide, _ = tighter.values()
claim("k = 1: on one hill the bound is by far the best", hill[0] > wide[0] + 2, measured=tighter)
claim("k = 16,384: the wide one is within 0.05 nats of log p(x)", abs(wide[-1] - evidence) < 0.05, measured=wide[-1])
missed = abs(hill[-1] - evidence + math.log(2))
claim("the one on the hill still misses ln 2 (within 0.05)", missed < 0.05, measured=hill[-1])

# %% [markdown]
# The order has turned round. The narrow $q$ has the best ELBO, and then its curve becomes flat **at the wrong height**.
# In theory it goes on to $\log p(x)$, because $q > 0$ everywhere. But the other hill lies 14 standard deviations away,
# and a draw from there will practically never come. The wide $q$ wastes most of its draws, but it reaches both hills.
#
# So a bound that has stopped rising needn't have arrived. And if you can take many draws, a proposal had better be too
# wide than too narrow. With a single draw it is often the other way round.
#
# The third curve may end *above* $\log p(x)$. **Predict:** is it no bound, then? We repeat it 400 times, with 1,024
# weights each:

# %%
runs = torch.tensor([doubling(log_weights(2.0, 0.8, 0.7, draws=1024, seed=seed))[-1] for seed in range(400)])
above, error = (runs > evidence).float().mean(), runs.std() / 20
claim("between 10 and 60 % of the runs end above log p(x)", 0.1 < above < 0.6, measured=above)
claim(
    "their mean doesn't (up to 4 standard errors)", runs.mean() < evidence + 4 * error, measured=(runs.mean(), evidence)
)

# %% [markdown]
# $L_k$ is a *mean* over all possible draws, and only this mean is a bound. A single run may be lucky: of a thousand
# draws few reach the left hill, and each of these has an enormous weight.

# %% [markdown]
# **On real digits**, now with networks. This is the algorithm in five steps, for 28 × 28 pixels that are coins. (Each
# picture is drawn anew as zeros and ones, so that $p(x \mid z)$ is a true probability.)


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

# %% jupyter={"source_hidden": true}
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
# (The folded cell computes $L_1, L_2, L_4, \dots, L_{512}$ on 200 unseen digits.)
#
# **Predict:** by how many nats will $L_{512}$ exceed the ELBO? And how much better is all that than a model of
# independent pixels, each a coin of its own, whose likelihood is exact?

# %% jupyter={"source_hidden": true}
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
identity("L₁ < L₂ < … < L₅₁₂, for each seed", (heights.diff(dim=0) > 0).all(), measured=heights)
claim("L₅₁₂ is 2 to 12 nats above the ELBO", 2 < gain.min() and gain.max() < 12, measured=gain)
claim("even the ELBO is 60 nats above independent coins", heights[0].min() > coins + 60, measured=(heights[0], coins))

# %% [markdown]
# The coins reach −194 nats, and our ELBOs about −118. $L_{512}$ is five to six nats above the ELBO. So when the ELBOs
# of two models differ, two things are mixed: how good the models are, and how wide their gaps are. With $L_{512}$ less
# is left to the gap. If you compare likelihoods, always say which $k$, how the pixels were made binary, and that it is
# a *bound*.
#
# Does a tighter bound also *train* better? The decoder often, the encoder not always: as $k$ grows, the signal in its
# gradients shrinks faster than their noise (Rainforth et al. 2018).

# %% [markdown]
# ## What all this does not show
#
# - **That a higher likelihood gives better pictures.** It needn't: chapter 36 builds counterexamples.
# - **That deep VAEs collapse for this one reason only.** The linear case is exact, the rest is guided by it.
# - **That the bounds of section 7 are good ones.** 700 steps, small nets, 200 test digits: only their *order* counts.
# - **That grey pixels have a likelihood under coins.** With grey targets the cross-entropy is a useful loss, but no
#   $\log p(x)$. That is why the pictures were drawn as zeros and ones.

# %% [markdown]
# ## Help, I get …
#
# ### A positive ELBO
# With continuous data this can be right: $\log p(x)$ is a log *density*, and densities may exceed 1. With binary data
# it is a mistake, since a probability is at most 1. Are the targets really between 0 and 1 (and not, for example, from
# −1 to 1)? Has the log likelihood its minus? Does the KL term have the right sign?
#
# ### A negative KL
# The closed form never gives that. Then a sign is wrong, or $\log \sigma$ stands in the last term, where
# $\log \sigma^2$ should. An *estimate* from draws, $\log q(z) - \log p(z)$, may be negative now and then.
#
# ### All KLs at 0 after a few steps
# The noise or β is too large. Look for a fixed $s^2 = 1$ on data with small variance, or for averages (section 6).

# %% [markdown]
# ### `inf` or `nan` from the importance weights
# `log_w.exp().mean().log()` underflows: $e^{-800}$ is 0, and its logarithm is $-\infty$. Use
# `log_w.logsumexp(0) - math.log(k)`.
#
# ### An $L_k$ that is below the ELBO, or much too high
# With different draws a little below may be noise. With the *same* draws it is a mistake: perhaps $\log k$ is
# subtracted twice, or $q$'s log density lacks its $-\frac12 \log 2\pi$ while the prior's has it. Much too high: perhaps
# `/ k` stands outside of the logarithm, or $q$'s log density lacks its $-\log\sigma$. If $L_k$ *equals* the ELBO, you
# have taken the mean of the logarithms.

# %% [markdown]
# ## Recap
#
# - $\log p(x)$ = ELBO + KL($q$ ‖ posterior), exactly. The ELBO can be computed, the rest can't.
# - ELBO = how well $x$ is rebuilt − what the code costs. Between Gaussians the cost has a closed form: 0 for the prior,
#   positive elsewhere.
# - Chance comes from outside: $\mu + \sigma\varepsilon$. A code without noise makes the "bound" overshoot.
# - A linear VAE is probabilistic PCA, to four decimals. Numbers with $\lambda \le s^2$ are dead in the likelihood; a β
#   above 1 kills those up to $\beta s^2$ as well, and shrinks the others.
# - $k$ weights give a tighter bound, in a fixed order. A flat curve isn't yet a tight bound.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Two VAEs have ELBOs of −100 and −103 nats. Is the first the better model of the data?</summary>
#
# Not necessarily. Its gap may be smaller while its likelihood is lower. Compare $L_k$ with a large $k$, and check that
# it has really settled.
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
# $\lVert x - g \rVert^2 / (2 s^2)$ has the factor 1 for $s^2 = ½$ on every pixel. This is a standard deviation of 0.7,
# for pixels between 0 and 1! With so much noise many code numbers die.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Kingma & Welling 2013, Auto-Encoding Variational Bayes](https://arxiv.org/abs/1312.6114): December 2013; the
#   bound, reparameterisation and the closed form in its appendix B.
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
# {{terms: evidence; evidence lower bound (ELBO); posterior; Jensen's inequality; reparameterisation; score function
# estimator; probabilistic PCA; posterior collapse; importance weight}}

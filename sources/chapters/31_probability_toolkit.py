# %% [markdown]
# # 31 · The probability toolkit
#
# *"The generator learns the distribution of the data." What is a distribution, when are two of them alike, and who says
# so? With the few tools of this chapter you can read every formula of part 3, and check it on your own computer.*
#
# > **You will be able to**
# > - tell a sampler from a density, and say what a generator does to the density of its noise
# > - say how far an average over N samples is off, and which quantities are off on average, too
# > - explain likelihood, entropy, cross-entropy and KL as four views of one number, and compute each in two ways
# > - say what JS is, why it lies between 0 and ln 2, and what the ln 2 means
# > - predict what a divergence punishes: data that are left out, or points that are made up
# >
# > **Before you start** Some school calculus: what a slope is and what an area is.
# > [21 · the adversarial game](21_the_adversarial_game.ipynb) tells you what all this is for.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %%
import math

import matplotlib.pyplot as plt
import torch

from gan_edu import data, device, plotting
from gan_edu.claims import claim

plotting.use_style()
torch.set_num_threads(1)  # small sums: one CPU thread is enough

# %% [markdown]
# ## The idea in a picture
#
# Data lie in two heaps, six in ten on the left. A poor forger owns a single bell: it may choose where to put it, and
# how wide. No bell is right. Which is the *least wrong*? That depends on what you find worse: leaving data out, or
# making things up. We ask three judges. (Just run the code; after section 5 you will read it with ease.)

# %%
real = data.toy.gaussian_mixture([-2.0, 2.0], std=0.5, weights=[0.6, 0.4])
x = torch.linspace(-16, 16, 6401, dtype=torch.float64)
log_p = real.log_prob(x[:, None])
p = log_p.exp()


def integral(values):
    return (values.sum(-1) * (x[1] - x[0])).item()


def log_bell(mean, std):
    return (
        -0.5 * ((x - mean) / std) ** 2
        - torch.log(torch.as_tensor(std, dtype=torch.float64))
        - 0.5 * math.log(2 * math.pi)
    )


def kl(log_p, log_q):
    return (log_p.exp() * (log_p - log_q)).sum() * (x[1] - x[0])


def js(log_p, log_q):
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    return (kl(log_p, log_m) + kl(log_q, log_m)) / 2


# %%
JUDGES = {
    "KL(data, bell)": lambda log_q: kl(log_p, log_q),
    "KL(bell, data)": lambda log_q: kl(log_q, log_p),
    "JS": lambda log_q: js(log_p, log_q),
}


def least_wrong(judge, mean, std=1.0, steps=300):
    theta = torch.tensor([mean, math.log(std)], dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([theta], lr=0.05)
    for _ in range(steps):
        wrong = judge(log_bell(theta[0], theta[1].exp()))
        adam.zero_grad()
        wrong.backward()
        adam.step()
    return wrong.item(), theta[0].item(), theta[1].exp().item()


bells = {name: min(least_wrong(judge, start) for start in (-3.0, 0.5, 3.0)) for name, judge in JUDGES.items()}

# %%
_, ax = plt.subplots(figsize=(6.8, 3.4))
ax.fill_between(x, p, color=plotting.REAL, alpha=0.3, linewidth=0, label="data")
styles = ((plotting.FAKE, "-"), (plotting.FAKE, "--"), (plotting.NEUTRAL[0], ":"))
for (name, (_, mean, std)), (color, line) in zip(bells.items(), styles, strict=True):
    ax.plot(x, log_bell(mean, std).exp(), color=color, linestyle=line, label=f"least wrong for {name}")
ax.set(xlim=(-6, 6), ylim=(0, 0.85), xlabel="x", ylabel="density")
ax.legend(loc="upper right")
plt.show()

# %% [markdown]
# The first judge can't bear data being left out: its bell covers both heaps, and the empty middle with them. The second
# can't bear things being made up: its bell sits on one heap, as if the other didn't exist. The third, JS, minds both a
# little; here it sides with the second (the dotted line lies on the dashed one), in other cases with the first.
#
# All three are "distances" between distributions, and all three are used in generative models. By the end of this
# chapter you will know where their tastes come from.

# %% [markdown]
# ## 1 · Sampler and density
#
# A **random variable** is something that comes out different each time. There are two ways to own one:
#
# - a **sampler** draws values: `real.sample(5)`;
# - a **density** says how thickly they lie: the share of values between $a$ and $b$ is the *area* under the curve $p$,
#   $\int_a^b p(x)\, dx$.
#
# Our toy data come with both, and so we can compare. **Predict:** can a density be larger than 1?

# %%
device.seed_everything(0)
draws = real.sample(200_000)[:, 0]
share = ((draws > 1) & (draws < 2)).float().mean()
area = integral(p * ((x > 1) & (x < 2)))
print(f"between 1 and 2: {share:.3f} of the samples, {area:.3f} of the area")
claim("the two agree within 0.005", abs(share - area) < 0.005, measured=(share, area))
claim("the whole area is 1", abs(integral(p) - 1) < 1e-9)
narrow = data.toy.gaussian_mixture([0.0], std=0.05)
claim("a density may be larger than 1: here almost 8", 7.9 < narrow.density(torch.zeros(1, 1)) < 8)

# %% [markdown]
# A density is no probability: it is probability *per length*. Measure $x$ in centimetres instead of metres, and it
# changes by a factor 100.
#
# A GAN's generator is a sampler. It draws noise $z$ and computes $x = G(z)$. What density do its values have? If $G$ is
# a rising curve, then what lay between $z$ and $z + dz$ now lies between $G(z)$ and $G(z) + G'(z)\, dz$: the same share
# on a longer piece. So it lies thinner, by the factor $G'$ (on a falling curve by $|G'|$):
#
# $$q(G(z)) = \frac{p_z(z)}{|G'(z)|}.$$
#
# Try it with $G(z) = z + z^3$ and Gaussian noise. **Before you run:** where will the density be lower than that of
# the noise?

# %%
z = torch.linspace(-3, 3, 601)
slope = 1 + 3 * z**2
density = torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) / slope
noise = torch.randn(400_000)
made = noise + noise**3
_, ax = plt.subplots(figsize=(6.8, 3))
ax.hist(
    made[made.abs() < 6],
    bins=120,
    weights=torch.full_like(made, 1 / (400_000 * 0.1))[made.abs() < 6],
    range=(-6, 6),
    color=plotting.FAKE,
    alpha=0.4,
    label="400,000 samples of G",
)
ax.plot(z + z**3, density, color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5, label="noise density / slope")
ax.set(xlim=(-6, 6), xlabel="x = G(z)", ylabel="density")
ax.legend()
plt.show()

# %%
inside = (made > 0.5) & (made < 2.0)
between = (z + z**3 > 0.5) & (z + z**3 < 2.0)
area = (density * slope)[between].sum() * (z[1] - z[0])  # dx = slope · dz
claim("share of samples between 0.5 and 2: the area, within 0.01", abs(inside.float().mean() - area) < 0.01)

# %% [markdown]
# In more dimensions the slope becomes $|\det \partial G/\partial z|$, which needs as many numbers going in as come out,
# and a $G$ that can be inverted. A GAN's generator usually has neither: 64 numbers go in, 784 come out, and nobody can
# say how dense the result is. **It has a sampler and no density.** That is why it needs a discriminator; models that
# keep the formula (normalising flows) or bound a likelihood (VAEs, chapter 35) don't.

# %% [markdown]
# ## 2 · Averages, and how far they are off
#
# *Probability* goes from a distribution to what its samples will look like. *Statistics* goes back: from samples to
# what the distribution may be. Both need averages.
#
# The **expectation** of $f(x)$ is its average over the whole distribution. With a sampler you can only average over
# $N$ samples, the **Monte Carlo** estimate:
#
# $$\mathbb E[f(x)] = \int f(x)\, p(x)\, dx \;\approx\; \frac 1N \sum_{i=1}^N f(x_i),
# \qquad \text{off by about } \frac{\sigma}{\sqrt N}.$$
#
# $\sigma$ is the standard deviation of $f(x)$: the variances of independent draws add up, so a sum of $N$ has the
# variance $N \sigma^2$, and the mean has $\sigma^2/N$.
#
# **Predict:** you want one more correct digit. How many times more samples do you need?

# %%
exact = integral(p * x**2)
sigma = math.sqrt(integral(p * x**4) - exact**2)
sizes = [10, 100, 1000, 10_000]
stream = device.generator(0)
estimates = {n: real.sample(500 * n, stream).view(500, n).square().mean(1) for n in sizes}  # 500 times the mean of x²
off = torch.stack([(estimates[n] - exact).square().mean().sqrt() for n in sizes])
law = torch.tensor([sigma / math.sqrt(n) for n in sizes])

# %%
_, ax = plt.subplots(figsize=(6.8, 3))
ax.loglog(sizes, off, "o", color=plotting.NEUTRAL[0], label="measured: 500 repeats each", markersize=8)
ax.loglog(sizes, law, color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5, label="σ / √N")
ax.set(xlabel="samples N", ylabel="how far the mean is off")
ax.legend()
plt.show()
claim("at each N the measured error is σ/√N, within 15 %", ((off / law - 1).abs() < 0.15).all(), measured=off / law)

# %% [markdown]
# A hundred times more. (So 50,000 samples give an average with a small error, and a *quarter* of that error costs
# 800,000.) The law needs a finite $\sigma$. The Cauchy distribution has none, and not even an expectation: its averages
# never settle.

# %%
cauchy = torch.distributions.Cauchy(0.0, 1.0)
wild = {n: cauchy.sample((500, n)).mean(1).abs().median() for n in (10, 1000)}
claim("means of 1000 Cauchy draws are as far off as means of 10", 0.6 < wild[1000] / wild[10] < 1.6, measured=wild)

# %% [markdown]
# **Off on average, too.** A Monte Carlo mean is right on average. A *function* of a mean often isn't. The
# square of the mean of $N$ draws is too large on average, by exactly $\sigma^2/N$:

# %%
center, spread = integral(p * x), integral(p * x**2) - integral(p * x) ** 2
squares = real.sample(20_000 * 10, stream).view(20_000, 10).mean(1).square()  # 20,000 times, the mean of 10, squared
excess = squares.mean() - center**2
claim("the excess is σ²/10, within 5 %", abs(excess / (spread / 10) - 1) < 0.05, measured=(excess, spread / 10))

# %% [markdown]
# Remember this when you meet scores that are computed from samples: the Fréchet distance (chapter 36) and the
# likelihood of a VAE by importance weights (chapter 35) both carry such a bias, and it shrinks like $1/N$.

# %% [markdown]
# ## 3 · Likelihood
#
# You have data and a model density $q$. How well do they fit? Ask how likely the model makes the data: the average
# **log-likelihood** $\frac 1N \sum \log q(x_i)$. **Maximum likelihood** chooses the parameters that make it largest.
#
# A coin first: it shows heads with probability $\theta$, and 7 of 10 throws were heads. For a bell it is known that the
# best mean is the mean of the data, and the best variance their variance (divided by $N$, not $N - 1$). Let us look:

# %%
theta = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)
coin = 0.7 * theta.log() + 0.3 * (1 - theta).log()
claim("the likeliest coin shows heads with 0.7", abs(theta[coin.argmax()] - 0.7) < 1e-9)

sample = real.sample(1000, stream)[:, 0].double()
means, stds = torch.linspace(-2, 2, 401), torch.linspace(0.5, 4, 351)
centred = sample.mean() - means[:, None].double()
fit = -stds.log() - 0.5 * (sample.var(correction=0) + centred**2) / stds**2 - 0.5 * math.log(2 * math.pi)
best = fit.argmax() // len(stds), fit.argmax() % len(stds)  # fit[i, j]: mean log-likelihood of means[i], stds[j]
claim("the likeliest bell has the mean of the data", abs(means[best[0]] - sample.mean()) < 0.01)
claim("and their standard deviation", abs(stds[best[1]] - sample.std(correction=0)) < 0.01)

# %% [markdown]
# Now look at what the average log-likelihood *is*: a Monte Carlo mean. With more and more data it approaches
# $\mathbb E_p[\log q(x)]$. So maximum likelihood, with enough data, looks for the largest $\mathbb E_p[\log q]$. How
# large can that become? The next section says: never larger than for $q = p$.
#
# (Chapter 12 fits coins, bells and mixtures to real pictures in this way. A GAN can't do it: no density.)

# %% [markdown]
# ## 4 · Surprise: entropy, cross-entropy, KL
#
# Call $-\log q(x)$ the **surprise** of somebody who believes in $q$ and sees $x$. Three averages over what really
# happens, $x \sim p$:
#
# $$\underbrace{H(p) = \mathbb E_p[-\log p]}_{\text{entropy: surprise of who knows}} \qquad
# \underbrace{H(p, q) = \mathbb E_p[-\log q]}_{\text{cross-entropy: of who believes in } q} \qquad
# \underbrace{\mathrm{KL}(p \,\|\, q) = H(p, q) - H(p)}_{\text{what the wrong belief costs}}$$
#
# Written out, $\mathrm{KL}(p\,\|\,q) = \int p \log \frac pq \, dx$. All in nats, with the natural logarithm.
#
# **A wrong belief never pays.** As $\ln u \le u - 1$ for every $u > 0$,
#
# $$-\mathrm{KL}(p\,\|\,q) = \int p \ln \frac qp \, dx \;\le\; \int p \Big(\frac qp - 1\Big) dx \;\le\; 1 - 1 = 0,$$
#
# and equality needs $u = q/p = 1$ at almost every place where points come by. So
# $\mathbb E_p[\log q] = -H(p) - \mathrm{KL}(p\,\|\,q)$ is largest for $q = p$: **maximum likelihood makes KL
# small**, and minus the average log-likelihood estimates a cross-entropy.

# %%
u = torch.logspace(-6, 6, 1001, dtype=torch.float64)
claim("ln u ≤ u - 1", (u.log() <= u - 1).all())
beliefs = {"N(0, 2²)": log_bell(0.0, 2.0), "N(-2, 0.5²)": log_bell(-2.0, 0.5), "the truth": log_p}
for name, log_q in beliefs.items():
    surprise, cost = -integral(p * log_q), kl(log_p, log_q).item()
    print(f"{name:12} cross-entropy {surprise:6.3f} = entropy {-integral(p * log_p):.3f} + KL {cost:6.3f}")
claim("the wrong beliefs cost, the truth doesn't", kl(log_p, log_bell(0.0, 2.0)) > 0 and kl(log_p, log_p) == 0)

# %% [markdown]
# **Closed forms.** For bells everything can be worked out by hand. Check the formulas in two other ways: by quadrature
# (a sum over the grid), and by Monte Carlo.
#
# $$H(N(\mu, \sigma^2)) = \tfrac12 \ln(2 \pi e \sigma^2), \qquad
# \mathrm{KL}\big(N(\mu_1, \sigma_1^2) \,\|\, N(\mu_2, \sigma_2^2)\big)
# = \ln \frac{\sigma_2}{\sigma_1} + \frac{\sigma_1^2 + (\mu_1 - \mu_2)^2}{2 \sigma_2^2} - \frac12$$


# %%
def bell_kl(mean_1, std_1, mean_2, std_2):
    return math.log(std_2 / std_1) + (std_1**2 + (mean_1 - mean_2) ** 2) / (2 * std_2**2) - 0.5


one, two = (0.5, 0.8), (-0.3, 1.5)
draws = one[0] + one[1] * torch.randn(100_000, dtype=torch.float64)
ratio = torch.distributions.Normal(*one).log_prob(draws) - torch.distributions.Normal(*two).log_prob(draws)
by_hand, by_grid = bell_kl(*one, *two), kl(log_bell(*one), log_bell(*two)).item()
print(f"KL: by hand {by_hand:.4f}, by quadrature {by_grid:.4f}, by 100,000 samples {ratio.mean():.2f}")
claim("by hand = by quadrature", abs(by_hand - by_grid) < 1e-9)
error = 4 * ratio.std() / math.sqrt(len(ratio))
claim("by samples: within four standard errors", abs(ratio.mean() - by_hand) < error, measured=(ratio.mean(), error))
entropy = -integral(log_bell(0.0, 0.8).exp() * log_bell(0.0, 0.8))
claim("the entropy, too", abs(entropy - 0.5 * math.log(2 * math.pi * math.e * 0.64)) < 1e-9)

# %% [markdown]
# Four things that people trip over:
#
# - The entropy of a *density* can be negative (a bell with $\sigma = 0.1$: −0.88), as a density can exceed 1. KL can't.
# - $\mathrm{KL}(p\,\|\,q) \ne \mathrm{KL}(q\,\|\,p)$. It is no distance.
# - If data come, with a probability above 0, where $q = 0$, then $\mathrm{KL}(p\,\|\,q)$ is infinite.
# - "Maximum entropy" is a principle of its own: of all densities with a given mean and variance, the bell has the
#   largest entropy. It says nothing about similarity, and no GAN maximises it.

# %%
boxed, laplace = 0.5 * math.log(12), 1 + 0.5 * math.log(2)  # entropies of a box and of a Laplace density, variance 1
bell = 0.5 * math.log(2 * math.pi * math.e)
claim("variance 1: the bell has more entropy than the box and the Laplace density", bell > max(boxed, laplace))
back_and_forth = bell_kl(*one, *two), bell_kl(*two, *one)
claim("KL there and back: very different", back_and_forth[1] > 2 * back_and_forth[0], measured=back_and_forth)

# %% [markdown]
# **In the plane** nothing changes. The ring of chapter 23 against one wide bell, by 50,000 samples and the exact
# densities. And which way round is it larger? Think of who leaves out what.

# %% tags=["nbval-ignore-output"]
ring, wide = data.toy.ring(std=0.3), data.toy.gaussian_mixture([[0.0, 0.0]], std=1.6)
stream = device.generator(1)


def sampled_kl(a, b, n=50_000):
    points = a.sample(n, stream)
    ratio = a.log_prob(points) - b.log_prob(points)
    return ratio.mean().item(), ratio.std().item() / math.sqrt(n)


there, back = sampled_kl(ring, wide), sampled_kl(wide, ring)
for name, (mean, error) in {"KL(ring, bell)": there, "KL(bell, ring)": back}.items():
    print(f"{name}: {mean:.2f}, standard error {error:.3f}")
claim("the bell makes up points in the hole and outside: KL(bell, ring) is larger", back[0] > there[0], (there, back))

# %% [markdown]
# ## 5 · Jensen–Shannon
#
# To mend two faults of KL, compare both with their mixture $m = \frac12(p + q)$, which is never 0 where one of them
# has points:
#
# $$\mathrm{JSD}(p, q) = \tfrac12 \mathrm{KL}(p \,\|\, m) + \tfrac12 \mathrm{KL}(q \,\|\, m) .$$
#
# It is symmetric. It is never larger than $\ln 2$, for $p/m \le 2$. What does a number such as 0.3 mean?
#
# Somebody tosses a coin, and then draws a point from $p$ or from $q$. You see the point: how much have you learned
# about the coin? Before, your uncertainty was $\ln 2$. Afterwards you believe in $p$ with $D = p/(p+q)$, and the
# uncertainty left is the entropy of *that* coin. The difference, on average, is the JSD:
#
# $$\mathrm{JSD}(p, q) = \ln 2 - \mathbb E_m\big[ H(D(x)) \big].$$
#
# **Predict** the JSD of two bells that don't overlap, and of two equal ones.


# %%
def about_the_coin(log_p, log_q):
    D = torch.sigmoid(log_p - log_q)
    left = -torch.xlogy(D, D) - torch.xlogy(1 - D, 1 - D)
    return math.log(2) - integral((log_p.exp() + log_q.exp()) / 2 * left)


for apart in (0.0, 1.0, 3.0, 12.0):
    pair = log_bell(-apart / 2, 1.0), log_bell(apart / 2, 1.0)
    print(f"bells {apart:4.1f} apart: JSD {js(*pair):.3f}")
    claim("  the same as what a point tells about the coin", abs(js(*pair) - about_the_coin(*pair)) < 1e-7)
claim("far apart: ln 2, a point tells all", abs(js(*pair) - math.log(2)) < 1e-5)

# %% [markdown]
# That is the reason why a *discriminator* can measure it: the one who guesses the coin from the point. Chapter 32 goes
# on from here.
#
# The JSD itself is no distance in the strict sense, but its square root is one (Endres and Schindelin 2003): a detour
# is never shorter. A check, with random bells:

# %%
device.seed_everything(0)
detours = []
for _ in range(200):
    a, b, c = (log_bell(*pair) for pair in torch.stack([4 * torch.randn(3), 0.3 + 2 * torch.rand(3)], 1).double())
    detours.append((js(a, b).sqrt() + js(b, c).sqrt() - js(a, c).sqrt()).item())
claim("√JSD: 200 detours, none shorter than the direct way", min(detours) > -1e-9, measured=min(detours))

# %% [markdown]
# ## 6 · One family, many tastes
#
# KL in both directions and JS have one form. Take a function $f$ that is curved upwards, with $f(1) = 0$:
#
# $$D_f(p \,\|\, q) = \int q(x)\, f\Big(\frac{p(x)}{q(x)}\Big)\, dx = \mathbb E_q\big[f(u)\big],
# \qquad u = \frac pq .$$
#
# These are the **$f$-divergences**. They are never negative: $f$ lies above its tangent at 1, $f(u) \ge c\,(u - 1)$,
# and the mean of $u - 1$ over $q$ is 0. (If $f$ really bends at 1, they are 0 only for $p = q$.) We assume $q > 0$
# where $p > 0$; else the part that $q$ misses is charged separately, see below.
#
# By the same token $f(u) - c\,(u - 1)$ gives the same divergence, so we may tilt every $f$ until it is flat at 1 (or
# has its corner there). Then $f(u)$ is the **fine** for a generated point at a place where data are $u$ times as dense
# as generated points.

# %%
FINES = {
    "KL(data, generated)": lambda u: torch.xlogy(u, u) - u + 1,
    "KL(generated, data)": lambda u: -u.log() + u - 1,
    "JS": lambda u: (torch.xlogy(u, u) - (u + 1) * ((u + 1) / 2).log()) / 2,
    "total variation": lambda u: (u - 1).abs() / 2,
}


def f_divergence(fine, log_p, log_q):
    return integral(log_q.exp() * fine((log_p - log_q).exp()))


log_q = log_bell(-0.5, 2.0)
for name, direct in (
    ("KL(data, generated)", kl(log_p, log_q)),
    ("KL(generated, data)", kl(log_q, log_p)),
    ("JS", js(log_p, log_q)),
):
    claim(f"{name}: the same by its fine", abs(f_divergence(FINES[name], log_p, log_q) - direct) < 1e-6)

# %% [markdown]
# **Before you look:** $u$ near 0 means a point that was made up; large $u$ means that data are left out. Which fine
# shoots up on the left, which on the right?

# %%
u = torch.logspace(-3, 3, 301, dtype=torch.float64)
_, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.4))
for (name, fine), color, line in zip(FINES.items(), plotting.NEUTRAL, ("-", "--", ":", "-."), strict=False):
    left.semilogx(u, fine(u), color=color, linestyle=line, label=name)
    right.semilogx(u, fine(u) / u, color=color, linestyle=line)
left.set(ylim=(-0.1, 4), xlim=(1e-3, 1e3), xlabel="u = data / generated", title="fine per generated point")
right.set(ylim=(-0.1, 4), xlim=(1e-3, 1e3), xlabel="u = data / generated", title="fine per data point")
left.figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()

# %% [markdown]
# Left picture, left edge: the fine for a point where no data are. Right picture, right edge: the fine for data where
# nobody generates. The two limits, $f(0)$ and $\lim f(u)/u$, say nearly everything about a divergence's taste:
#
# | | made-up point | left-out data |
# |---|---|---|
# | KL(data, generated) | 1 | no limit |
# | KL(generated, data) | no limit | 1 |
# | JS | ½ ln 2 | ½ ln 2 |
# | total variation | ½ | ½ |

# %%
none, much = torch.tensor(1e-300, dtype=torch.float64), torch.tensor(1e12, dtype=torch.float64)
limits = {name: (fine(none), fine(much) / much) for name, fine in FINES.items()}
claim(
    "KL(data, generated): 1 and no limit",
    abs(limits["KL(data, generated)"][0] - 1) < 1e-9 and limits["KL(data, generated)"][1] > 25,
)
claim(
    "KL(generated, data): no limit and 1",
    limits["KL(generated, data)"][0] > 600 and abs(limits["KL(generated, data)"][1] - 1) < 1e-9,
)
claim("JS: ½ ln 2 and ½ ln 2", all(abs(fine - math.log(2) / 2) < 1e-9 for fine in limits["JS"]))

# %% [markdown]
# Now three forgers: one leaves out the smaller heap (40 % of the data); one makes up 10 % of its points around
# $x = 6$, where no data are; one has the right heaps, but too wide.
#
# **Predict:** whom does each judge like least?

# %%
small = {"std": 0.5}
forgers = {
    "leaves out 40 %": data.toy.gaussian_mixture([-2.0], **small),
    "makes up 10 %": data.toy.gaussian_mixture([-2.0, 2.0, 6.0], weights=[0.54, 0.36, 0.1], **small),
    "too wide": data.toy.gaussian_mixture([-2.0, 2.0], std=1.0, weights=[0.6, 0.4]),
}
table = {}
for name, forger in forgers.items():
    log_q = forger.log_prob(x[:, None])
    table[name] = [kl(log_p, log_q).item(), kl(log_q, log_p).item(), js(log_p, log_q).item()]
    left_out, made_up, both = table[name]
    print(f"{name:16} KL(data, gen.) {left_out:6.2f}   KL(gen., data) {made_up:6.2f}   JS {both:.3f}")

# %%
worst = [max(table, key=lambda name, i=i: table[name][i]) for i in range(3)]
claim("KL(data, generated) likes least who leaves out", worst[0] == "leaves out 40 %", measured=table)
claim("KL(generated, data) likes least who makes up", worst[1] == "makes up 10 %", measured=table)
claim("JS: leaving out 40 % is worse than making up 10 %", worst[2] == "leaves out 40 %", measured=table)

# %% [markdown]
# **What you can't see can't be fined.** Push both distributions through a map. If it can be undone, no $f$-divergence
# changes: both densities get the same factor (section 1), and it cancels in the ratio. If the map forgets something,
# they can only shrink. Here is $|x|$, which forgets the sign:

# %%
log_other = forgers["leaves out 40 %"].log_prob(x[:, None])
middle = len(x) // 2  # the place of 0
folded = [torch.logaddexp(d[middle + 1 :], d[:middle].flip(0)) for d in (log_p, log_other)]
seen, full = js(*folded).item(), js(log_p, log_other).item()
print(f"JS of x: {full:.3f}, JS of |x|: {abs(seen):.3f}")
claim("the heaps lie on top of each other now: next to nothing is left", seen < 0.001 < 0.1 < full)

# %% [markdown]
# This is the one-eyed discriminator of chapter 21, as a theorem (the *data processing inequality*).

# %% [markdown]
# ## 7 · Covering and seeking
#
# Back to the first picture: one bell, three judges. Now you can say why.
#
# For $\mathrm{KL}(p\,\|\,q)$ the fine for left-out data has no limit, so the bell must **cover** all of them. It is
# the maximum likelihood bell of section 3: exactly the mean and the variance of the data. For
# $\mathrm{KL}(q\,\|\,p)$ made-up points have no limit, so the bell **seeks** a heap and stays inside. What it leaves
# out costs only $\ln \frac1{0.6}$, as it puts on that heap what $p$ has there, divided by 0.6.

# %%
wrong, mean, std = bells["KL(data, bell)"]
claim(
    "covering: the mean and the standard deviation of the data",
    abs(mean - center) < 0.01 and abs(std - math.sqrt(spread)) < 0.01,
    measured=(mean, std),
)
wrong, mean, std = bells["KL(bell, data)"]
claim("seeking: the left heap, N(-2, 0.5²), within 0.02", abs(mean + 2) < 0.02 and abs(std - 0.5) < 0.02, (mean, std))
claim("at the price ln(1/0.6)", abs(wrong - math.log(1 / 0.6)) < 0.001, measured=wrong)
stuck = least_wrong(JUDGES["KL(bell, data)"], 3.0)
claim(
    "started on the right, it stays on the right heap, at ln(1/0.4)", abs(stuck[0] - math.log(1 / 0.4)) < 0.001, stuck
)

# %% [markdown]
# Note the last line: seeking has several local optima, and where you start decides.
#
# **Predict:** JS sided with the seeker. Will it still do so when the two heaps move closer together, to ±1.5?

# %%
log_near = data.toy.gaussian_mixture([-1.5, 1.5], std=0.5, weights=[0.6, 0.4]).log_prob(x[:, None])
starts = (-3.0, 0.5, 3.0)
js_near = min(least_wrong(lambda log_q: js(log_near, log_q), start) for start in starts)
kl_near = min(least_wrong(lambda log_q: kl(log_q, log_near), start) for start in starts)
claim("heaps at ±2: JS takes one heap", abs(bells["JS"][1] + 2) < 0.05 and bells["JS"][2] < 0.6, bells["JS"])
claim("heaps at ±1.5: JS covers both, with one bell three times as wide", 1.4 < js_near[2] < 1.7, measured=js_near)
claim("KL(bell, data) still takes one heap", kl_near[2] < 0.6, measured=kl_near)

# %% [markdown]
# So "JS covers" and "JS seeks" are both wrong as rules: its fines have limits on both sides, and it weighs them.
#
# And GANs? Two warnings before you conclude "a GAN minimises JS, JS seeks, hence mode collapse":
#
# - These tastes show only because one bell *can't* be right. If the model can become the data, all judges agree:
#   $q = p$, at 0.
# - A GAN doesn't simply go down the JSD: its discriminator isn't optimal, and its players take turns. Goodfellow's
#   tutorial of 2016 argues that the choice of divergence is not what explains mode collapse.
#
# Chapter 32 has what *can* be said about the two usual losses.
#
# ## What all this does not give you
#
# Every number above used *densities*. For pictures nobody has them; what you have are samples of both. The rest of
# part 3 is about measuring differences from samples: with a discriminator (32), by moving earth (34), by a bound on the
# likelihood (35), with features (36).

# %% [markdown]
# ## Help, I get …
#
# ### `nan` where a density is 0
# $0 \cdot \log 0$ should be 0, but a computer says `nan`. Use `torch.xlogy(p, p)`, or stay with logarithms.
#
# ### A KL below 0
# Then one of the two doesn't have the area 1 (is the grid wide and fine enough?), or it is a Monte Carlo mean of a
# small KL, which may come out a little negative.

# %% [markdown]
# ### `inf` for the KL of two samples' histograms
# An empty bin of $q$ where $p$ has a point. That is the definition at work. Take JS, or wider bins, and say so.
#
# ### A likelihood above 1, a positive log-likelihood
# A density may exceed 1. Only probabilities of whole regions can't.
#
# ### Another value than in the book, by the factor 1.44
# The book counts in bits ($\log_2$): 1 nat = 1.44 bits.

# %% [markdown]
# ## Recap
#
# - A sampler draws; a density says how thickly. A GAN's generator has the first only.
# - A mean over N samples is off by σ/√N; functions of means are off on average, too, often by something like 1/N.
# - Maximum likelihood = smallest cross-entropy = smallest KL(data ‖ model). KL is what a wrong belief costs.
# - JSD is what a point tells about its origin: between 0 and ln 2, one coin's worth.
# - A divergence is a fine. KL(data ‖ model) punishes leaving out, KL(model ‖ data) making up, JS both, with limits.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>A paper reports a score as 12.3 ± 0.4, from 5,000 samples. How many for ± 0.1?</summary>
#
# If ± is the standard error of a mean: 16 times as many, 80,000. (If the score is also biased, as a Fréchet distance
# is, that part shrinks faster, like 1/N.)
#
# </details>
#
# <details><summary>Your model never generates where 1 in 1,000 of the data lie. What do KL(data ‖ model) and JSD
# say?</summary>
#
# The first is infinite. The second hardly notices: this region adds ½ · 0.001 · ln 2 to it.
#
# </details>
#
# <details><summary>Your model has a density. Why can you still not estimate KL(data ‖ model) from data alone?</summary>
#
# It needs the entropy of the data, and that needs *their* density. But the entropy is the same for all models: the
# cross-entropy, which is easy to estimate, ranks them alike.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Nowozin, Cseke and Tomioka 2016, f-GAN](https://arxiv.org/abs/1606.00709): a table of $f$-divergences, and how a
#   discriminator estimates each.
# - [Minka 2005, Divergence measures and message passing](https://www.microsoft.com/en-us/research/?p=150196): covering
#   and seeking, with pictures, for a whole family of divergences.
# - [Endres and Schindelin 2003, A new metric for probability distributions](https://doi.org/10.1109/TIT.2003.813506):
#   the square root of JS is a distance.
# - [Goodfellow 2016, Tutorial: Generative Adversarial Networks](https://arxiv.org/abs/1701.00160): likelihood, KL in
#   both directions, and what they don't explain about GANs.
# - [Theis, van den Oord and Bethge 2016, A note on the evaluation of generative
#   models](https://arxiv.org/abs/1511.01844): likelihood and the look of samples can disagree widely.

# %% [markdown]
# ## Key terms
#
# | English | 中文 | Meaning |
# |---|---|---|
# | random variable | 随机变量 | something whose value comes out by chance |
# | density | 概率密度 | probability per length (area, volume); its area is 1 |
# | expectation | 期望 | the average over the whole distribution |
# | Monte Carlo | 蒙特卡洛 | estimating an expectation by an average over samples |
# | maximum likelihood | 最大似然 | choose the parameters that make the data likeliest |
# | entropy | 熵 | mean surprise of somebody who knows the distribution |
# | cross-entropy | 交叉熵 | mean surprise of somebody who believes in another one |
# | KL divergence | KL 散度 | the difference of the two: what a wrong belief costs |
# | Jensen–Shannon divergence | JS 散度 | what a point tells about which of two distributions it came from |
# | $f$-divergence | f 散度 | mean fine $f(p/q)$; KL, JS, total variation are examples |
# | mode covering, mode seeking | 模式覆盖，模式寻求 | two tastes: leave nothing out; make nothing up |

# %% [markdown]
# # 31 · The probability toolkit
#
# *"The generator learns the distribution of the data." What is a distribution, when are two of them alike, and how can
# one tell? With the few tools of this chapter you can read the formulas of part 3, and check them on your own
# computer.*
#
# > **You will be able to**
# > - tell a sampler from a density, and say what a generator does to the density of its noise
# > - say how far an average over N samples is off, and which estimates are wrong even on average (bias)
# > - explain likelihood, entropy, cross-entropy and KL as views of one number, and compute each in two ways
# > - say what JS is, why it lies between 0 and ln 2, and what the ln 2 means
# > - predict what a divergence punishes: data that are left out, or points that are made up
# >
# > **Before you start** From school: slopes, areas under curves, logarithms and the exponential function. Helpful, not
# > needed: [21 · the adversarial game](21_the_adversarial_game.ipynb) tells you what all this is for.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% jupyter={"source_hidden": true}
import math

import matplotlib.pyplot as plt
import torch

from gan_edu import data, device, plotting
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)  # small sums: one CPU thread is enough

# %% [markdown]
# ## The idea in a picture
#
# The data lie in two clusters, six in ten on the left. The model is poor: it is a single bell curve (a Gaussian). It
# may choose where the bell stands, and how wide it is. No bell is right. Which bell is the *least wrong*? That depends
# on what you find worse: leaving data out, or making things up. We ask three judges.

# %% jupyter={"source_hidden": true}
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


# %% jupyter={"source_hidden": true}
JUDGES = {
    "KL(data, bell)": lambda log_q: kl(log_p, log_q),
    "KL(bell, data)": lambda log_q: kl(log_q, log_p),
    "JS": lambda log_q: js(log_p, log_q),
}


def least_wrong(judge, mean, std=1.0, steps=300):
    """Go downhill from this bell, by gradient steps (Adam): how wrong it is in the end, its mean and its width."""
    theta = torch.tensor([mean, math.log(std)], dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([theta], lr=0.05)
    for _ in range(steps):
        wrong = judge(log_bell(theta[0], theta[1].exp()))
        adam.zero_grad()
        wrong.backward()
        adam.step()
    return wrong.item(), theta[0].item(), theta[1].exp().item()


bells = {name: min(least_wrong(judge, start) for start in (-3.0, 0.5, 3.0)) for name, judge in JUDGES.items()}

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.4))
ax.fill_between(x, p, color=plotting.REAL, alpha=0.3, linewidth=0, label="data")
styles = ((plotting.FAKE, "-"), (plotting.FAKE, "--"), (plotting.NEUTRAL[0], ":"))
for (name, (_, mean, std)), (color, line) in zip(bells.items(), styles, strict=True):
    ax.plot(x, log_bell(mean, std).exp(), color=color, linestyle=line, label=f"least wrong for {name}")
ax.set(xlim=(-6, 6), ylim=(0, 0.85), xlabel="x", ylabel="density")
ax.legend(loc="upper right")
plt.show()

# %% [markdown]
# The first judge (solid line) can't bear that data are left out: its bell covers both clusters, and the empty middle
# with them. The second judge (dashed) can't bear that things are made up: its bell sits on one cluster, as if the other
# one didn't exist. The third one, JS, minds both a little. Here it agrees with the second (the dotted line lies on the
# dashed one), and in other cases with the first.
#
# All three are **divergences**: numbers that say how different two distributions are. All three are used in generative
# models. At the end of this chapter you will know where their tastes come from.

# %% [markdown]
# ## 1. Sampler and density
#
# A **random variable** is something that comes out different each time. There are two ways to own one:
#
# - a **sampler** draws values: `real.sample(5)`;
# - a **density** says how thickly the values lie: the share of values between $a$ and $b$ is the *area* under the curve
#   $p$, $\int_a^b p(x)\, dx$.
#
# Our toy data come with both, so we can compare. **Predict, and say why:** can a density be larger than 1?

# %%
device.seed_everything(0)
draws = real.sample(200_000)[:, 0]
share = ((draws > 1) & (draws < 2)).float().mean()
area = integral(p * ((x > 1) & (x < 2)))
claim(
    "between 1 and 2: share of samples and area agree within 0.005", abs(share - area) < 0.005, measured=(share, area)
)
identity("the whole area is 1", abs(integral(p) - 1) < 1e-9)
narrow = data.toy.gaussian_mixture([0.0], std=0.05)
identity("a bell of width 0.05 has a density of almost 8", 7.9 < narrow.density(torch.zeros(1, 1)) < 8)

# %% [markdown]
# It can, because a density is no probability. It is probability *per length*. The whole area is 1, so a narrow curve
# must be high. And if you measure $x$ in centimetres instead of metres, the density changes by a factor of 100.
#
# A GAN's generator is a sampler. It draws noise $z$ and computes $x = G(z)$. What density do its values have? Let $G$
# be a rising curve. What lay between $z$ and $z + dz$ now lies between $G(z)$ and $G(z) + G'(z)\, dz$. This is the same
# share on a piece that is $G'$ times as long. So it lies thinner, by the factor $G'$ (on a falling curve by $|G'|$):
#
# $$q(G(z)) = \frac{p_z(z)}{|G'(z)|}.$$
#
# Try it with $G(z) = z + z^3$ and Gaussian noise. **Predict, and say why:** at which places $x$ will the density of the
# generated values be lower than that of the noise at the same $x$? Everywhere, or somewhere?

# %% jupyter={"source_hidden": true}
z = torch.linspace(-3, 3, 6001)
slope = 1 + 3 * z**2
density = torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) / slope
noise = torch.randn(400_000)
made = noise + noise**3
_, ax = plt.subplots(figsize=(6.8, 3))
near = made.abs() < 6
heights = torch.full_like(made[near], 1 / (400_000 * 0.1))
ax.hist(made[near], bins=120, weights=heights, range=(-6, 6), color=plotting.FAKE, alpha=0.4, label="samples of G")
ax.plot(z + z**3, density, color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5, label="noise density / slope")
ax.plot(z, density * slope, color=plotting.NEUTRAL[0], linewidth=1.5, label="noise density")
ax.set(xlim=(-6, 6), xlabel="x", ylabel="density")
ax.legend()
plt.show()

# %%
inside = ((made > 0.5) & (made < 2.0)).float().mean()
between = (z + z**3 > 0.5) & (z + z**3 < 2.0)
area = torch.trapezoid(density[between], (z + z**3)[between])  # the area under the dashed curve
claim(
    "between 0.5 and 2: share of samples and area agree within 0.01", abs(inside - area) < 0.01, measured=(inside, area)
)
wrong = torch.trapezoid((density * slope)[between], (z + z**3)[between])
claim(
    "without the division by the slope, the area is more than twice what it should be",
    wrong > 2 * inside,
    measured=wrong,
)

# %% [markdown]
# Somewhere: for $|x| < 1.91$ it is lower (at 0 itself equal), and farther out it is higher. (At $x = 3$ it is eight
# times as high.) The stretching makes values lie thinner, and it carries them outwards. In the middle values get lost.
# Outside, where the noise hardly comes, they arrive.
#
# In more dimensions the slope becomes $|\det \partial G/\partial z|$: the factor by which $G$ stretches small volumes.
# This needs as many numbers going in as come out, and a $G$ that can be inverted. A GAN's generator usually meets
# neither condition: 64 numbers go in, 784 come out, and nobody can say how dense the result is. **It has a sampler and
# no density.** That is why it needs a discriminator. Two other kinds of models don't: normalising flows keep the
# formula, and VAEs bound a likelihood (chapter 35).

# %% [markdown]
# ## 2. Averages, and how far they are off
#
# *Probability* goes from a distribution to what its samples will look like. *Statistics* goes back: from samples to
# what the distribution may be. Both need averages.
#
# The **expectation** of $f(x)$, written $\mathbb E[f(x)]$, is its average over the whole distribution. With a sampler
# you can only average over $N$ samples. This is the **Monte Carlo** estimate:
#
# $$\mathbb E[f(x)] = \int f(x)\, p(x)\, dx \;\approx\; \frac 1N \sum_{i=1}^N f(x_i),
# \qquad \text{off by about } \frac{\sigma}{\sqrt N}.$$
#
# Here $\sigma$ is the standard deviation of $f(x)$: how far its values typically lie from their mean. The variances
# $\sigma^2$ of independent draws add up. So a sum of $N$ has the variance $N \sigma^2$, and the mean has $\sigma^2/N$.
# This $\sigma/\sqrt N$, with $\sigma$ estimated from the same sample, is called the **standard error**. If $N$ isn't
# small, about 95 of 100 means lie within two standard errors of the truth.
#
# **Predict, and say why:** you want one more correct digit. How many times more samples do you need?

# %% jupyter={"source_hidden": true}
exact = integral(p * x**2)
sigma = math.sqrt(integral(p * x**4) - exact**2)
sizes = [10, 100, 1000, 10_000]
stream = device.generator(0)
estimates = {n: real.sample(500 * n, stream).view(500, n).square().mean(1) for n in sizes}  # 500 times the mean of x²
off = torch.stack([(estimates[n] - exact).square().mean().sqrt() for n in sizes])
law = torch.tensor([sigma / math.sqrt(n) for n in sizes])
_, ax = plt.subplots(figsize=(6.8, 3))
ax.loglog(sizes, off, "o", color=plotting.NEUTRAL[0], label="measured: 500 repeats each", markersize=8)
ax.loglog(sizes, law, color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5, label="σ / √N")
ax.set(xlabel="samples N", ylabel="how far the mean is off")
ax.legend()
plt.show()
claim("at each N the measured error is σ/√N, within 15 %", ((off / law - 1).abs() < 0.15).all(), measured=off / law)

# %% [markdown]
# A hundred times more, because the root of 100 is 10. (So if 50,000 samples give an average with some error, a
# *quarter* of that error needs 800,000.) The law needs a finite $\sigma$. The Cauchy distribution has none, and not
# even an expectation: its averages never settle.

# %%
cauchy = torch.distributions.Cauchy(0.0, 1.0)
wild = {n: cauchy.sample((500, n)).mean(1).abs().median() for n in (10, 1000)}
claim("means of 1000 Cauchy draws are as far off as means of 10", 0.6 < wild[1000] / wild[10] < 1.6, measured=wild)

# %% [markdown]
# **Wrong even on average.** A Monte Carlo mean is right on average. A *function* of a mean often isn't. For example,
# the square of the mean of $N$ draws is too large on average, by exactly $\sigma^2/N$. Such an error is called
# **bias**:

# %%
center, spread = integral(p * x), integral(p * x**2) - integral(p * x) ** 2
squares = real.sample(20_000 * 10, stream).view(20_000, 10).mean(1).square()  # 20,000 times, the mean of 10, squared
excess = squares.mean() - center**2
claim("the excess is σ²/10, within 5 %", abs(excess / (spread / 10) - 1) < 0.05, measured=(excess, spread / 10))

# %% [markdown]
# Remember this when you meet scores that are computed from samples. The Fréchet distance (chapter 36) and the
# likelihood of a VAE by importance weights (chapter 35) both carry such a bias. It shrinks like $1/N$, as long as the
# variances are finite.

# %% [markdown]
# ## 3. Likelihood
#
# You have data and a model density $q$. How well do they fit? Ask how likely the model makes the data: the average
# **log-likelihood** $\frac 1N \sum \log q(x_i)$. **Maximum likelihood** chooses the parameters that make it largest.
#
# Take a coin that shows heads with probability $\theta$, and 7 of 10 throws were heads. The likeliest $\theta$ is 0.7.
# The likeliest bell has the mean of the data, and their variance (divided by $N$, not by $N - 1$). A search over a grid
# finds the same:

# %% jupyter={"source_hidden": true}
theta = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)
coin = 0.7 * theta.log() + 0.3 * (1 - theta).log()
identity("the likeliest coin shows heads with 0.7", abs(theta[coin.argmax()] - 0.7) < 1e-9)

sample = real.sample(1000, stream)[:, 0].double()
means, stds = torch.linspace(-2, 2, 401), torch.linspace(0.5, 4, 351)
centred = sample.mean() - means[:, None].double()
fit = -stds.log() - 0.5 * (sample.var(correction=0) + centred**2) / stds**2 - 0.5 * math.log(2 * math.pi)
best = fit.argmax() // len(stds), fit.argmax() % len(stds)  # fit[i, j]: mean log-likelihood of means[i], stds[j]
identity("the likeliest bell has the mean of the data", abs(means[best[0]] - sample.mean()) < 0.01)
identity("and their standard deviation", abs(stds[best[1]] - sample.std(correction=0)) < 0.01)

# %% [markdown]
# Now look at what the average log-likelihood *is*: a Monte Carlo mean. With more and more data it approaches
# $\mathbb E_p[\log q(x)]$, the expectation for $x$ from $p$. So maximum likelihood, with enough data, looks for the
# largest $\mathbb E_p[\log q]$. How large can that become? The next section says: never larger than for $q = p$.
#
# (Chapter 12 fits coins, bells and mixtures to real pictures in this way. A GAN can't do it, because it has no
# density.)

# %% [markdown]
# ## 4. Surprise: entropy, cross-entropy, KL
#
# Call $-\log q(x)$ the **surprise** of somebody who believes in $q$ and sees $x$. Values that $q$ calls rare surprise
# much. Take three averages over what really happens, $x \sim p$:
#
# $$\underbrace{H(p) = \mathbb E_p[-\log p]}_{\text{entropy: if you know } p} \qquad
# \underbrace{H(p, q) = \mathbb E_p[-\log q]}_{\text{cross-entropy: if you believe in } q} \qquad
# \underbrace{\mathrm{KL}(p \,\|\, q) = H(p, q) - H(p)}_{\text{what the wrong belief costs}}$$
#
# Written out, $\mathrm{KL}(p\,\|\,q) = \int p \log \frac pq \, dx$. In words we write KL(data, bell): first the one
# from which the points come. With the natural logarithm the unit is called **nat**.
#
# **A wrong belief never pays.** As $\ln u \le u - 1$ for every $u > 0$,
#
# $$-\mathrm{KL}(p\,\|\,q) = \int p \ln \frac qp \, dx \;\le\; \int p \Big(\frac qp - 1\Big) dx \;\le\; 1 - 1 = 0,$$
#
# and equality needs $u = q/p = 1$ *almost everywhere* where $p$ has points: everywhere but at places that samples hit
# with probability 0. So $\mathbb E_p[\log q] = -H(p) - \mathrm{KL}(p\,\|\,q)$ is largest for $q = p$. This means that
# **maximum likelihood makes KL small**, and that minus the average log-likelihood estimates a cross-entropy.

# %%
beliefs = {"N(0, 2²)": log_bell(0.0, 2.0), "N(-2, 0.5²)": log_bell(-2.0, 0.5), "the truth": log_p}
for name, log_q in beliefs.items():
    surprise, cost = -integral(p * log_q), kl(log_p, log_q).item()
    print(f"{name:12} cross-entropy {surprise:6.3f} = entropy {-integral(p * log_p):.3f} + KL {cost:6.3f}")
wrong, truth = kl(log_p, log_bell(0.0, 2.0)), kl(log_p, log_p)
identity("a wrong belief costs something, and the truth costs nothing", wrong > 0 and truth == 0)

# %% [markdown]
# **Closed forms.** For two bells everything can be worked out by hand:
#
# $$H(N(\mu, \sigma^2)) = \tfrac12 \ln(2 \pi e \sigma^2), \qquad
# \mathrm{KL}\big(N(\mu_1, \sigma_1^2) \,\|\, N(\mu_2, \sigma_2^2)\big)
# = \ln \frac{\sigma_2}{\sigma_1} + \frac{\sigma_1^2 + (\mu_1 - \mu_2)^2}{2 \sigma_2^2} - \frac12$$
#
# You can check them in two other ways: by quadrature (a sum over a fine grid), and by Monte Carlo.


# %%
def bell_kl(mean_1, std_1, mean_2, std_2):
    return math.log(std_2 / std_1) + (std_1**2 + (mean_1 - mean_2) ** 2) / (2 * std_2**2) - 0.5


one, two = (0.5, 0.8), (-0.3, 1.5)
draws = one[0] + one[1] * torch.randn(100_000, dtype=torch.float64)
ratio = torch.distributions.Normal(*one).log_prob(draws) - torch.distributions.Normal(*two).log_prob(draws)
by_hand, by_grid = bell_kl(*one, *two), kl(log_bell(*one), log_bell(*two)).item()
print(f"KL: by hand {by_hand:.4f}, by quadrature {by_grid:.4f}")
identity("by hand = by quadrature", abs(by_hand - by_grid) < 1e-9)
error = 4 * ratio.std() / math.sqrt(len(ratio))
claim("by 100,000 samples: within four standard errors", abs(ratio.mean() - by_hand) < error, (ratio.mean(), error))
entropy = -integral(log_bell(0.0, 0.8).exp() * log_bell(0.0, 0.8))
identity("entropy: by hand = by quadrature", abs(entropy - 0.5 * math.log(2 * math.pi * math.e * 0.64)) < 1e-9)

# %% [markdown]
# Four things that people get wrong:
#
# - The entropy of a *density* can be negative (a bell with $\sigma = 0.1$: −0.88), because a density can exceed 1. KL
#   can't be negative.
# - In general $\mathrm{KL}(p\,\|\,q) \ne \mathrm{KL}(q\,\|\,p)$. So KL is no distance. (For two bells of equal width
#   the two are equal.)
# - If data come, with a probability above 0, where $q = 0$, then $\mathrm{KL}(p\,\|\,q)$ is infinite.
# - Entropy says nothing about similarity. "Maximum entropy" is a principle of its own: of all densities with a given
#   mean and variance, the bell has the largest entropy.

# %% jupyter={"source_hidden": true}
boxed, laplace = 0.5 * math.log(12), 1 + 0.5 * math.log(2)  # entropies of a box and of a Laplace density, variance 1
bell = 0.5 * math.log(2 * math.pi * math.e)
identity("variance 1: the bell has more entropy than the box and the Laplace density", bell > max(boxed, laplace))
there, back = bell_kl(*one, *two), bell_kl(*two, *one)
identity(
    "the two bells above: KL one way is more than twice KL the other way", back > 2 * there, measured=(there, back)
)

# %% [markdown]
# **In the plane** nothing changes. Take a ring of eight wide clusters against one wide bell, by 50,000 samples and the
# exact densities. **Predict, and say why:** which is larger, KL(ring, bell) or KL(bell, ring)? Think of who leaves out
# what.

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
claim("KL(bell, ring) is larger, by more than ten standard errors", back[0] - there[0] > 10 * back[1], (there, back))

# %% [markdown]
# KL(bell, ring) is larger. Its mean runs over points of the bell, and many of these lie in the hole of the ring and
# outside of it. Somebody who believes in the ring is very surprised there. The points of the ring, on the other hand,
# lie where the bell is dense enough.

# %% [markdown]
# ## 5. Jensen–Shannon
#
# KL can be infinite, and it isn't symmetric. To mend both, compare $p$ and $q$ with their mixture
# $m = \frac12(p + q)$, which is never 0 where one of them has points:
#
# $$\mathrm{JSD}(p, q) = \tfrac12 \mathrm{KL}(p \,\|\, m) + \tfrac12 \mathrm{KL}(q \,\|\, m) .$$
#
# This is the **Jensen–Shannon divergence**, JSD, or JS for short. It is symmetric, and never larger than $\ln 2$,
# because $p/m \le 2$. What does a number such as 0.3 mean?
#
# Somebody tosses a coin, and then draws a point from $p$ or from $q$. You see the point. How much have you learned
# about the coin? Before, your uncertainty was $\ln 2$, the entropy of a fair coin. Afterwards you believe in $p$ with
# the probability $D = p/(p+q)$, and the uncertainty that is left is the entropy of *that* coin. The difference, on
# average, is the JSD:
#
# $$\mathrm{JSD}(p, q) = \ln 2 - \mathbb E_m\big[ H(D(x)) \big].$$
#
# **Predict, and say why:** what is the JSD of two bells that don't overlap, and of two equal ones?


# %%
def about_the_coin(log_p, log_q):
    D = torch.sigmoid(log_p - log_q)  # the sigmoid turns log p - log q into the share p / (p + q)
    left = -torch.xlogy(D, D) - torch.xlogy(1 - D, 1 - D)
    return math.log(2) - integral((log_p.exp() + log_q.exp()) / 2 * left)


for apart in (0.0, 1.0, 3.0, 12.0):
    pair = log_bell(-apart / 2, 1.0), log_bell(apart / 2, 1.0)
    print(f"bells {apart:4.1f} apart: JSD {js(*pair):.3f}")
    identity("  the same as what a point tells about the coin", abs(js(*pair) - about_the_coin(*pair)) < 1e-7)

# %% [markdown]
# Without overlap it is $\ln 2$: one look at the point tells everything about the coin. For two equal bells it is 0: the
# point tells nothing.
#
# This is why a *discriminator* can measure the JSD. It is the one who guesses the coin from the point. Chapter 32 goes
# on from here.
#
# The JSD itself is no distance in the strict sense, but its square root is one (Endres and Schindelin 2003): a detour
# is never shorter than the direct way. A test with random bells:

# %% jupyter={"source_hidden": true}
device.seed_everything(0)
detours = []
for _ in range(200):
    a, b, c = (log_bell(*pair) for pair in torch.stack([4 * torch.randn(3), 0.3 + 2 * torch.rand(3)], 1).double())
    detours.append((js(a, b).sqrt() + js(b, c).sqrt() - js(a, c).sqrt()).item())
identity("√JSD: 200 detours, none shorter than the direct way", min(detours) > -1e-9, measured=min(detours))

# %% [markdown]
# ## 6. One family, many tastes
#
# KL in both directions and JS have one form. Take a function $f$ that is curved upwards, with $f(1) = 0$:
#
# $$D_f(p \,\|\, q) = \int q(x)\, f\Big(\frac{p(x)}{q(x)}\Big)\, dx = \mathbb E_q\big[f(u)\big],
# \qquad u = \frac pq .$$
#
# These are the **$f$-divergences**. They are never negative: $f$ lies above a tangent at 1, $f(u) \ge c\,(u - 1)$ with
# its slope $c$, and the mean of $u - 1$ over $q$ is 0. (If $f$ touches this line only at 1, they are 0 only for
# $p = q$.) We assume $q > 0$ where $p > 0$. Otherwise the part that $q$ misses is charged separately, see below.
#
# For the same reason $f(u) - c\,(u - 1)$ gives the same divergence. So we may tilt every $f$ until it is flat at 1 (or
# has its corner there). Then $f(u)$ is the **fine** for a generated point at a place where data are $u$ times as dense
# as generated points.
#
# A fourth divergence joins them: **total variation**, half of the area between the two curves,
# $\frac12 \int |p - q|\, dx$. It is the largest difference in probability that the two give to one and the same region.

# %%
FINES = {
    "KL(data, generated)": lambda u: torch.xlogy(u, u) - u + 1,
    "KL(generated, data)": lambda u: -u.log() + u - 1,
    "JS": lambda u: (torch.xlogy(u, u) - (u + 1) * ((u + 1) / 2).log()) / 2,
    "total variation": lambda u: (u - 1).abs() / 2,
}


# %% jupyter={"source_hidden": true}
def f_divergence(fine, log_p, log_q):
    return integral(log_q.exp() * fine((log_p - log_q).exp()))


log_q = log_bell(-0.5, 2.0)
for name, direct in (
    ("KL(data, generated)", kl(log_p, log_q)),
    ("KL(generated, data)", kl(log_q, log_p)),
    ("JS", js(log_p, log_q)),
):
    identity(f"{name}: the same by its fine", abs(f_divergence(FINES[name], log_p, log_q) - direct) < 1e-6)

# %% [markdown]
# The fine is paid per generated point. At a place with $u = 4$ there are four data points for each generated one. They
# share its fine, so each of them carries $f(4)/4$; in general $f(u)/u$. The next picture shows both: on the left the
# fine per generated point, on the right per data point.
#
# **Predict, and say why:** $u$ near 0 means a point that was made up. Large $u$ means that data are left out. Which
# fine has no limit for a made-up point? And which has none for a left-out data point?

# %% jupyter={"source_hidden": true}
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
# KL(generated, data) has no limit for made-up points, and KL(data, generated) has none for left-out data. Left panel,
# left edge: the fine for a point where no data are. Right panel, right edge: the fine for data where nobody generates.
# These two limits, $f(0)$ and $\lim f(u)/u$, say what the worst mistakes cost:
#
# | | made-up point | left-out data |
# |---|---|---|
# | KL(data, generated) | 1 | no limit |
# | KL(generated, data) | no limit | 1 |
# | JS | ½ ln 2 | ½ ln 2 |
# | total variation | ½ | ½ |

# %% jupyter={"source_hidden": true}
none, much = torch.tensor(1e-300, dtype=torch.float64), torch.tensor(1e12, dtype=torch.float64)
limits = {name: (fine(none), fine(much) / much) for name, fine in FINES.items()}
identity(
    "KL(data, generated): 1 and no limit",
    abs(limits["KL(data, generated)"][0] - 1) < 1e-9 and limits["KL(data, generated)"][1] > 25,
)
identity(
    "KL(generated, data): no limit and 1",
    limits["KL(generated, data)"][0] > 600 and abs(limits["KL(generated, data)"][1] - 1) < 1e-9,
)
identity("JS: ½ ln 2 and ½ ln 2", all(abs(fine - math.log(2) / 2) < 1e-9 for fine in limits["JS"]))

# %% [markdown]
# Now three forgers. One leaves out the smaller cluster (40 % of the data). One makes up 10 % of its points around
# $x = 6$, where no data are. One has the right clusters, but too wide.
#
# **Predict, and say why:** which forger does each judge dislike most?

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

# %% jupyter={"source_hidden": true}
worst = [max(table, key=lambda name, i=i: table[name][i]) for i in range(3)]
claim("KL(data, generated) dislikes most: leaves out 40 %", worst[0] == "leaves out 40 %", measured=table)
claim("KL(generated, data) dislikes most: makes up 10 %", worst[1] == "makes up 10 %", measured=table)
claim("JS dislikes most: leaves out 40 %", worst[2] == "leaves out 40 %", measured=table)
nearer = data.toy.gaussian_mixture([-2.0, 2.0, 3.5], weights=[0.54, 0.36, 0.1], **small).log_prob(x[:, None])
wider = data.toy.gaussian_mixture([-2.0, 2.0], std=1.5, weights=[0.6, 0.4]).log_prob(x[:, None])
at_rest = min(made_up for _, made_up, _ in table.values())
claim("the 10 % around 3.5: KL(generated, data) minds them less than all three", kl(nearer, log_p) < at_rest, at_rest)
most = max(both for _, _, both in table.values())
claim("three times too wide: JS dislikes this more than all three", js(log_p, wider) > most, (js(log_p, wider), most))

# %% [markdown]
# Here the first two do as their limits suggest: each dislikes most what has no limit in its row. But "no limit" doesn't
# mean "always large": the same 10 % around $x = 3.5$, nearer to the data, would cost KL(generated, data) less than any
# of the three forgers. JS has the same limit on both sides, so it weighs: 40 % is more than 10 %. (A forger three times
# too wide would be worse than both.)
#
# The limits don't say everything. JS and total variation have equal limits on both sides, and still they differ. For a
# *small* error look at the middle, near $u = 1$: there the fine of JS is round, so small errors cost little, and that
# of total variation has a corner. Two small errors: a bell that is shifted by 0.3, and one that wastes 5 % of its
# points far away.

# %%
truth = log_bell(0.0, 1.0)
shifted = log_bell(0.3, 1.0)
wasteful = torch.logaddexp(truth + math.log(0.95), log_bell(12.0, 0.5) + math.log(0.05))
for name in ("JS", "total variation"):
    shift, waste = (f_divergence(FINES[name], truth, log_q) for log_q in (shifted, wasteful))
    print(f"{name:16} shifted {shift:.3f}   wasteful {waste:.3f}")
    worse = "waste" if name == "JS" else "shift"
    claim(f"{name} dislikes the {worse} more", (waste > shift) == (worse == "waste"), measured=(shift, waste))

# %% [markdown]
# **What you can't see can't be fined.** Push both distributions through a map. If the map can be undone, no
# $f$-divergence changes: both densities get the same factor (section 1), and it cancels in the ratio. If the map
# forgets something, the divergence may shrink, and never grows. Here is $|x|$, which forgets the sign:

# %%
log_other = forgers["leaves out 40 %"].log_prob(x[:, None])
middle = len(x) // 2  # the place of 0
folded = [torch.logaddexp(d[middle + 1 :], d[:middle].flip(0)) for d in (log_p, log_other)]
seen, full = js(*folded).item(), js(log_p, log_other).item()
print(f"JS of x: {full:.3f}, JS of |x|: {abs(seen):.3f}")
claim("the clusters lie on top of each other now: next to nothing is left", seen < 0.001 < 0.1 < full)

# %% [markdown]
# This is the one-eyed discriminator of chapter 21, as a theorem (the *data processing inequality*).

# %% [markdown]
# ## 7. Covering and seeking
#
# Back to the first picture: one bell, three judges. Now you can say why.
#
# - For $\mathrm{KL}(p\,\|\,q)$ the fine for left-out data has no limit, so the bell must **cover** all of them. It is
#   the maximum likelihood bell of section 3, with exactly the mean and the variance of the data.
# - For $\mathrm{KL}(q\,\|\,p)$ the fine for made-up points has no limit, so the bell **seeks** a cluster and stays
#   inside. On this cluster the bell is $p$ divided by 0.6, so the ratio $q/p$ is $\frac1{0.6}$ there. What it leaves
#   out costs only $\ln \frac1{0.6}$.

# %% jupyter={"source_hidden": true}
wrong, mean, std = bells["KL(data, bell)"]
identity(
    "covering: the mean and the standard deviation of the data",
    abs(mean - center) < 0.01 and abs(std - math.sqrt(spread)) < 0.01,
    measured=(mean, std),
)
wrong, mean, std = bells["KL(bell, data)"]
claim(
    "seeking: the left cluster, N(-2, 0.5²), within 0.02", abs(mean + 2) < 0.02 and abs(std - 0.5) < 0.02, (mean, std)
)
claim("it costs ln(1/0.6)", abs(wrong - math.log(1 / 0.6)) < 0.001, measured=wrong)
stuck = least_wrong(JUDGES["KL(bell, data)"], 3.0)
claim(
    "started on the right, the bell stays on the right cluster, and costs ln(1/0.4)",
    abs(stuck[0] - math.log(1 / 0.4)) < 0.001,
    measured=stuck,
)

# %% [markdown]
# Look at the last line: seeking has several local optima, and the start decides which one you get.
#
# **Predict, and say why:** JS agreed with the seeker. Will it still do so when the two clusters move closer together,
# to ±1.5?

# %% jupyter={"source_hidden": true}
log_near = data.toy.gaussian_mixture([-1.5, 1.5], std=0.5, weights=[0.6, 0.4]).log_prob(x[:, None])
starts = (-3.0, 0.5, 3.0)
js_near = min(least_wrong(lambda log_q: js(log_near, log_q), start) for start in starts)
kl_near = min(least_wrong(lambda log_q: kl(log_q, log_near), start) for start in starts)
claim("clusters at ±2: JS takes one of them", abs(bells["JS"][1] + 2) < 0.05 and bells["JS"][2] < 0.6, bells["JS"])
claim(
    "clusters at ±1.5: JS covers both, with one bell three times as wide",
    abs(js_near[1]) < 0.6 and 1.4 < js_near[2] < 1.7,
    measured=js_near,
)
takes_one = abs(abs(kl_near[1]) - 1.5) < 0.05 and kl_near[2] < 0.6
claim("clusters at ±1.5: KL(bell, data) still takes one of them", takes_one, measured=kl_near)

# %% [markdown]
# It changes sides: now JS covers. The closer the clusters are, the fewer points a wide bell makes up between them, and
# at some distance leaving out 40 % costs more. So "JS covers" and "JS seeks" are both wrong as rules. Its fines have
# limits on both sides, and it weighs them.

# %% [markdown]
# And GANs? Two warnings before you conclude "a GAN minimises JS, JS seeks, hence mode collapse":
#
# - One bell *can't* be right here, so the judges choose different bells. If the model can become the data, all judges
#   have the same best model: $q = p$, at 0. (On the way there their tastes still differ, as for the three forgers.)
# - A GAN doesn't simply go down the JSD: its discriminator isn't optimal, and its players take turns. Goodfellow's
#   tutorial of 2016 argues that the choice of divergence is not what explains mode collapse.
#
# Chapter 32 has what *can* be said about the two usual losses.
#
# ## What all this does not give you
#
# Nearly every number above used *densities*. For pictures nobody has them; what you have are samples of both. The rest
# of part 3 is about measuring differences from samples: with a discriminator (32), by moving earth (34), by a bound on
# the likelihood (35), with features (36).

# %% [markdown]
# ## Help, I get …
#
# ### `nan` where a density is 0
# $0 \cdot \log 0$ should be 0, but a computer says `nan`. Use `torch.xlogy(p, p)`, or stay with logarithms.
#
# ### A KL below 0
# Perhaps one of the two doesn't have the area 1 (is the grid wide and fine enough?). Or it is a Monte Carlo mean of a
# small KL, which may come out a little negative.

# %% [markdown]
# ### `inf` for the KL of two samples' histograms
# There is an empty bin of $q$ where $p$ has a point, and then KL is infinite. Take JS, or wider bins, and say so.
#
# ### A likelihood above 1, a positive log-likelihood
# A density may exceed 1. Only probabilities of whole regions can't.
#
# ### Another value than in the book, by the factor 1.44
# The book counts in bits ($\log_2$): 1 nat = 1.44 bits.

# %% [markdown]
# ## Recap
#
# - A sampler draws values; a density says how thickly they lie. A GAN's generator has the first only.
# - A mean over N samples is off by σ/√N; functions of means are wrong even on average, often by something like 1/N.
# - Maximum likelihood = smallest cross-entropy = smallest KL(data ‖ model). KL is what a wrong belief costs.
# - JSD is what a point tells about its origin: between 0 and ln 2, the entropy of one fair coin.
# - A divergence is a mean fine. KL(data ‖ model) punishes leaving out without limit, KL(model ‖ data) making up. JS has
#   a limit for both.

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
# <details><summary>Your model has a density. Why is KL(data ‖ model) still harder to estimate from data than the
# cross-entropy?</summary>
#
# The cross-entropy is a plain mean of −log q over the data. KL needs the entropy of the data as well, and their density
# is unknown. (It can be estimated from the distances to nearest neighbours, on a line quite well. In many dimensions
# that needs very many points.) But the entropy is the same for all models, so the cross-entropy ranks them alike.
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
# {{terms: random variable; density; expectation; Monte Carlo; standard error; bias; maximum likelihood; entropy;
# cross-entropy; Kullback–Leibler divergence (KL); Jensen–Shannon divergence; $f$-divergence; mode covering, mode
# seeking}}

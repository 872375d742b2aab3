# %% [markdown]
# # 34 · Wasserstein: how far must the points travel?
#
# *Most ways to compare two distributions ask how much they overlap. This one asks how far the points of one must
# travel to become the other, so it has an answer even when nothing overlaps. You will compute it exactly, and then see
# how well neural networks estimate it.*
#
# > **You will be able to**
# > - compute the distance exactly: as a linear program, and on a line by sorting
# > - explain the dual: a critic that is nowhere steeper than 1, and why it can never earn more than the distance
# > - say what clipping, gradient penalty and spectral norm do to a critic, and which way its number is off
# > - predict the bias of a gradient penalty, and why it depends on the units of your data
# > - judge when a Wasserstein loss may be read as a distance
# >
# > **Before you start** [21 · the adversarial game](21_the_adversarial_game.ipynb), and [31 · the probability
# > toolkit](31_probability_toolkit.ipynb): densities, the JSD. From school: slopes, and areas under curves. Helpful,
# > not needed: [33 · dynamics](33_dynamics.ipynb) tells how such games move.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# Here are fifteen real points (blue) and fifteen forged ones (orange). Every forged point has to be carried to a real
# one, and each real point receives exactly one. On the left somebody has paired them at random. On the right you see
# the pairing whose total way is shortest.

# %% jupyter={"source_hidden": true}
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy import sparse, stats
from scipy.optimize import linear_sum_assignment, linprog

from gan_edu import data, device, ensemble, metrics, nets, objectives, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)  # everything here is tiny

# %% jupyter={"source_hidden": true}
draw = np.random.default_rng(3)
blue = np.concatenate([draw.normal([-2, 0.5], 0.4, (8, 2)), draw.normal([2, 0.5], 0.4, (7, 2))])
orange = np.concatenate([draw.normal([-1.4, -0.8], 0.4, (8, 2)), draw.normal([1.4, -0.8], 0.4, (7, 2))])
cost = np.linalg.norm(blue[:, None] - orange[None], axis=-1)  # the way from each real point to each forged one
_, best = linear_sum_assignment(cost)
chance = np.random.default_rng(0).permutation(15)

_, axes = plt.subplots(1, 2, figsize=(6.8, 2.6))
for ax, partner, name in ((axes[0], chance, "at random"), (axes[1], best, "shortest")):
    for x, y in zip(blue, orange[partner], strict=True):
        ax.annotate("", x, y, arrowprops={"arrowstyle": "->", "color": "0.5"})
    ax.scatter(*blue.T, color=plotting.REAL, zorder=3)
    ax.scatter(*orange.T, color=plotting.FAKE, marker="^", zorder=3)
    title = f"{name}: {cost[range(15), partner].mean():.2f} on average"
    ax.set(title=title, aspect="equal", xticks=[], yticks=[])
plt.show()

# %% [markdown]
# The smallest possible mean way is the **Wasserstein distance** $W_1$ between the two sets of points. It is also called
# *earth mover's distance*, because one can think of each point as a shovel of earth.
#
# It is measured in the units of the data. It is 0 only if the two sets are the same. And it shrinks little by little
# when the orange points come nearer, long before anything overlaps.

# %% [markdown]
# ## 1. A plan for carrying
#
# Earth may be divided: half of a shovel goes here, half goes there. A **transport plan** is a table $\pi_{ij} \ge 0$.
# It says how much is carried between the real place $i$ and the forged place $j$. Each row must add up to what lies at
# its real place, each column to what lies at its forged place:
#
# $$W_1 = \min_\pi \sum_{ij} \pi_{ij}\, \lVert x_i - y_j \rVert \quad\text{with}\quad \sum_j \pi_{ij} = a_i, \;
# \sum_i \pi_{ij} = b_j, \; \pi \ge 0.$$
#
# Here $\lVert x_i - y_j \rVert$ is the length of the way from one to the other. The sum is linear in the unknowns
# $\pi_{ij}$, and so are the conditions. Such a task is called a **linear program**. SciPy's solver (HiGHS) finds its
# exact minimum.
#
# **Predict:** all 15 points on both sides have the weight $\frac1{15}$. Will the best plan divide any of them?


# %%
def transport(cost, a=None, b=None):
    """The cheapest plan (n, m), and what it costs, by linear programming."""
    n, m = cost.shape
    a, b = (np.full(k, 1 / k) if w is None else w for k, w in ((n, a), (m, b)))
    rows = sparse.kron(sparse.eye(n), np.ones((1, m)))  # adds up each row of the plan
    columns = sparse.kron(np.ones((1, n)), sparse.eye(m))
    solved = linprog(cost.ravel(), A_eq=sparse.vstack([rows, columns]), b_eq=np.concatenate([a, b]), method="highs")
    return solved.x.reshape(n, m), solved.fun


plan, least = transport(cost)
identity("rows and columns add up", np.allclose(plan.sum(0), 1 / 15) and np.allclose(plan.sum(1), 1 / 15))
identity(
    "15 entries of 225 are used, each is 1/15: nothing is divided", np.isclose(plan[plan > 1e-9], 1 / 15).sum() == 15
)
identity("so it is a pairing: the best one of the picture", abs(least - cost[range(15), best].mean()) < 1e-9)

# %% [markdown]
# This is a theorem (Birkhoff and von Neumann): with $n$ equal weights on both sides, at least one of the best plans
# divides nothing. (The sign **≡** marks what mathematics promises; there only the code is tested.) For pairings there
# are faster methods, such as `linear_sum_assignment`. With unequal weights the linear program is still right, and now
# earth *is* divided:

# %%
shares = draw.dirichlet(np.ones(15))
lopsided, _ = transport(cost, a=shares)
identity("unequal weights: more than 15 entries, so some points are divided", (lopsided > 1e-9).sum() > 15)
identity("and at most 15 + 15 - 1", (lopsided > 1e-9).sum() <= 29)

# %% [markdown]
# ## 2. On a line: sort
#
# On a line no program is needed. Sort both samples. Then carry the smallest to the smallest, the second to the second,
# and so on: no two arrows cross.
#
# **Predict, and say why:** can a plan with crossing arrows be *better* than this one? Can it be equally good?

# %%
x1, x2, y1, y2 = draw.normal(size=(4, 10_000))
x1, x2, y1, y2 = np.minimum(x1, x2), np.maximum(x1, x2), np.minimum(y1, y2), np.maximum(y1, y2)
in_order, crosswise = np.abs(x1 - y1) + np.abs(x2 - y2), np.abs(x1 - y2) + np.abs(x2 - y1)
identity("10,000 times two and two points: in order is never longer", (in_order <= crosswise + 1e-12).all())
equal = np.isclose(in_order, crosswise).mean()
claim("but in about a third of the cases (30 to 37 %) crosswise is equally long", 0.30 < equal < 0.37, measured=equal)
extra = (x1 - y2) ** 2 + (x2 - y1) ** 2 - (x1 - y1) ** 2 - (x2 - y2) ** 2
identity("with squared ways, crossing costs 2(x₂ - x₁)(y₂ - y₁) more", np.allclose(extra, 2 * (x2 - x1) * (y2 - y1)))

# %% [markdown]
# Never better. Equally good: often. Suppose that both $x$ lie to the left of both $y$, say at 0 and 1, and at 2 and 3.
# In order the ways are 2 + 2, crosswise they are 3 + 1. Both plans carry the same earth over the same ground, so they
# cost the same. With four points drawn from one distribution, two of the six possible orders are of this kind: that is
# the third which we have measured.
#
# If a way costs its *square*, crossing is always worse, as the last line says. More generally, let each way count by
# its $r$-th power, and take the $r$-th root at the end: $W_r = \big( \min_\pi \sum_{ij} \pi_{ij} \lVert x_i - y_j
# \rVert^r \big)^{1/r}$. On a line the best arrows *need* never cross for $r = 1$, and for $r > 1$ they never do (the
# last line shows it for $r = 2$; other $r$ have the same reason, a longer way costs more than its share).


# %%
def by_sorting(x, y, r=1):
    """W_r of two samples of the same size on a line."""
    return (np.abs(np.sort(x) - np.sort(y)) ** r).mean() ** (1 / r)


x, y = draw.normal(size=60), draw.normal(1.0, 2.0, size=60)
ways = np.abs(x[:, None] - y[None])
w1, w2 = transport(ways)[1], transport(ways**2)[1] ** 0.5  # for W2: squares, and the root at the end
identity("W1: the linear program and sorting agree", abs(w1 - by_sorting(x, y)) < 1e-9)
identity("W2: so do they", abs(w2 - by_sorting(x, y, r=2)) < 1e-9)
identity("SciPy has W1 on a line, too", abs(stats.wasserstein_distance(x, y) - w1) < 1e-9)
identity("W1 is never larger than W2", w1 <= w2)

# %% [markdown]
# With whole distributions instead of points, let $F(x)$ be the share of the first one that lies to the left of $x$ (its
# **distribution function**), and $G(x)$ that of the second. $F^{-1}(u)$ is the place that has the share $u$ on its left
# (a **quantile**). Sorting pairs equal shares, so $W_r^r = \int_0^1 |F^{-1}(u) - G^{-1}(u)|^r\, du$. For $r = 1$ this
# is also the area between the two curves, $\int |F(x) - G(x)|\, dx$. (Both need a finite mean of $|x|^r$.)
#
# For two Gaussians on a line $W_2^2 = (\mu_1 - \mu_2)^2 + (\sigma_1 - \sigma_2)^2$. The same formula in many
# dimensions, applied to the features of a classifier, is the **Fréchet distance** of chapter 36 (FID).

# %% jupyter={"source_hidden": true}
u = (np.arange(100_000) + 0.5) / 100_000
f, g = stats.norm(0, 1), stats.norm(1, 2)
area = np.abs(f.cdf(t := np.linspace(-15, 17, 64_001)) - g.cdf(t)).sum() * 0.0005
identity("W1 by quantiles = the area between the curves", abs(np.abs(f.ppf(u) - g.ppf(u)).mean() - area) < 1e-3)
squared = ((f.ppf(u) - g.ppf(u)) ** 2).mean()
identity("W2² of N(0, 1) and N(1, 2²) is 1² + 1² = 2", abs(squared - 2) < 1e-3, measured=squared)
sample = [torch.from_numpy(each.ppf(u))[:, None] for each in (f, g)]
identity("and so says the library's Fréchet distance", abs(metrics.frechet_distance(*sample) - 2) < 1e-2)

# %% [markdown]
# ## 3. The dual: a critic that sets prices
#
# Now somebody makes you an offer: "I carry everything for you. At a forged place $y$ I buy your earth for the price
# $f(y)$. At a real place $x$ I sell it to you for $f(x)$." You agree only if this never costs more than carrying it
# yourself:
#
# $$f(x) - f(y) \le \lVert x - y \rVert \quad\text{for all places } x, y.$$
#
# Such a function is called **1-Lipschitz**: it is nowhere steeper than 1.
#
# The carrier earns $E_p f - E_q f$, the mean of $f$ over real points minus its mean over forged ones. This is never
# more than $W_1$. The reason: take any plan $\pi$ and any such $f$. Then $\sum_{ij} \pi_{ij} (f(x_i) - f(y_j)) \le
# \sum_{ij} \pi_{ij} \lVert x_i - y_j \rVert$. The left side is what the carrier earns, since the plan's rows and
# columns add up to what lies there. The right side is what the plan costs.
#
# **Predict:** how near can the best carrier come to $W_1$? We ask the linear program for the best prices.

# %%
places = np.concatenate([blue, orange])
apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
i, j = np.nonzero(~np.eye(30, dtype=bool))
steps = sparse.coo_array((np.tile([1.0, -1.0], len(i)), (np.arange(len(i)).repeat(2), np.stack([i, j], 1).ravel())))
earns = np.concatenate([np.full(15, 1 / 15), np.full(15, -1 / 15)])  # mean over real minus mean over forged places
dual = linprog(-earns, A_ub=steps, b_ub=apart[i, j], bounds=(None, None), method="highs")
identity("the best carrier earns exactly W1", abs(-dual.fun - least) < 1e-8)
identity(
    "along every arrow of the best plan the price rises by just its length",
    np.allclose(dual.x[:15] - dual.x[15:][best], cost[range(15), best], atol=1e-7),
)

# %% [markdown]
# That the two numbers meet is the **duality** of linear programs. For distributions with a finite mean it is called
# the Kantorovich–Rubinstein theorem:
#
# $$W_1(p, q) = \max_{f \text{ 1-Lipschitz}} E_p f - E_q f.$$
#
# We know this game. $f$ is a discriminator without its sigmoid: high on real points, low on forged ones. It is called a
# **critic**. Two things are new: plain means stand in the place of logarithms, and the slope is limited. Without the
# limit the critic could double itself again and again, and earn as much as it likes.
#
# On a line we can draw the best critic. It climbs with slope 1 wherever earth has to go right, and falls where earth
# has to go left. Here are the two heaps and the forger of chapter 21.

# %% jupyter={"source_hidden": true}
real = data.toy.gaussian_mixture([-2.0, 2.0], std=0.5)
forger = data.toy.gaussian_mixture([0.0], std=1.0)
line = torch.linspace(-8, 8, 16_001)
dx = 0.001
F_real, F_forged = (d.density(line[:, None]).double().cumsum(0) * dx for d in (real, forger))
surplus = F_forged - F_real  # earth that lies too far left, at each place: this much must cross it to the right
exact = (surplus.abs().sum() * dx).item()
best_critic = (surplus.sign().cumsum(0) * dx).float()
inside = line.abs() < 3.6
on_line = {name: d.sample(100_000, 0)[:, 0].numpy() for name, d in (("real", real), ("forged", forger))}
p, q = real.density(line[:, None]), forger.density(line[:, None])
earned = ((p - q) * best_critic).sum().item() * dx

_, ax = plt.subplots(figsize=(6.8, 3.2))
ax.fill_between(line, p, color=plotting.REAL, alpha=0.3, linewidth=0, label="density: real")
ax.fill_between(line, q, color=plotting.FAKE, alpha=0.3, linewidth=0, label="density: forged")
heights = best_critic[inside] - best_critic[8000]
ax.plot(line[inside], heights, color="black", ls=(0, (5, 3)), lw=1.5, label="best critic")
ax.set(xlim=(-3.6, 3.6), ylim=(-0.2, 4), xlabel="x", ylabel="density, or f(x)")
ax.legend(loc="upper center")
plt.show()

# %%
identity(
    "the best critic earns the area between the distribution functions", abs(earned - exact) < 1e-3, measured=earned
)
claim("it is W1 = 1.202: sorting 100,000 points agrees within 0.02", abs(by_sorting(*on_line.values()) - exact) < 0.02)

# %% [markdown]
# ## 4. Why GANs wanted it
#
# All real data lie on one point, 0, and all forged data on another one, $\theta$. The usual game is about the
# Jensen–Shannon divergence (JSD, chapter 31): 0 for equal distributions, $\ln 2$ for distributions without overlap.
#
# **Predict, and say why:** what are the JSD and $W_1$ for $\theta = 1,\; 0.1,\; 0.01$ and 0?


# %%
def jensen_shannon(p, q):
    """Of two tables of probabilities, in nats."""
    middle = (p + q) / 2
    return (stats.entropy(p, middle) + stats.entropy(q, middle)) / 2


table = {}
for theta in (1.0, 0.1, 0.01, 0.0):
    spots = sorted({0.0, theta})
    p0, q0 = ([float(s == at) for s in spots] for at in (0.0, theta))
    table[theta] = jensen_shannon(np.array(p0), np.array(q0)), abs(theta)
    print(f"θ = {theta}: JSD {table[theta][0]:.3f}, W1 {table[theta][1]:.2f}")
differ = all(abs(table[theta][0] - math.log(2)) < 1e-9 for theta in (1, 0.1, 0.01))
identity("JSD is ln 2 as long as they differ at all, then 0", differ and table[0.0][0] == 0)

# %% [markdown]
# The JSD asks how well one can tell the two apart. As long as $\theta \ne 0$ one can tell them apart perfectly, so it
# stays at its maximum and then jumps. $W_1 = |\theta|$ asks how far. It has a slope everywhere but at 0, and the slope
# says which way to go.
#
# This was the reason for the **Wasserstein GAN** (Arjovsky, Chintala and Bottou 2017). When the data don't overlap, one
# may train the critic as well as possible, and the generator still has a slope to follow.
#
# Keep two things in mind. The slope of $W_1$ says nothing about *how far* one has to go (it is 1 from everywhere). And
# a usual discriminator isn't a JSD: as long as it is smooth and not at its best, it has slopes as well (chapters 22 and
# 32).

# %% [markdown]
# ## 5. Networks as critics
#
# How does one keep a network nowhere steeper than 1? Three ways are common:
#
# - **Clipping**: after each step all weights are cut to $[-c, c]$. Then the slope is bounded by *some* number.
# - **Gradient penalty** (WGAN-GP): at random points between real and forged ones, $\lambda\, E(\lVert\nabla f\rVert -
#   1)^2$ is added to the loss. We call it *two-sided*, because it punishes slopes above 1 and below 1.
# - **Spectral norm**: each layer is divided by its largest stretch, that is, by the largest factor by which it can
#   lengthen a vector. If no activation is steeper than 1 (leaky ReLU isn't), the slope of the whole is at most 1.
#
# We add a fourth, the *one-sided* penalty: it punishes only slopes **above** 1. For our two heaps we know the truth,
# 1.202.
#
# **Predict, and say why:** which of the four ways will come out too high, which too low?


# %%
def between(x, y, stream):
    share = torch.rand(x.shape[:2], generator=stream)
    return objectives.interpolate(x, y, share).requires_grad_()


def slopes(critics, at):
    return (objectives.squared_gradient(critics(at)[..., 0], at) + 1e-12).sqrt()


PENALTY = {
    "two-sided": lambda critics, at: (slopes(critics, at) - 1).square().mean(-1),  # WGAN-GP's
    "one-sided": lambda critics, at: (slopes(critics, at) - 1).clamp(min=0).square().mean(-1),
}


# %% jupyter={"source_hidden": true}
def learn(kind, p=real.sample, q=forger.sample, d=1, weight=10.0, clip=0.1, steps=400, batch=256):
    """Eight critics, trained as well as so many steps allow."""

    def make():
        return nets.mlp([d, 64, 64, 1], spectral_norm=kind == "spectral")

    critics = ensemble.stack(ensemble.single_nets(make, make, seed)[0] for seed in range(8))
    stream = device.generator(0)
    adam = torch.optim.Adam(critics.parameters(), lr=2e-3, betas=(0.5, 0.9))
    for step in range(steps):
        adam.param_groups[0]["lr"] = 2e-3 * (1 - step / steps)
        x, y = (sample(8 * batch, stream).view(8, batch, d) for sample in (p, q))
        loss = objectives.wasserstein.discriminator(critics(x)[..., 0], critics(y)[..., 0])
        if kind in PENALTY:
            loss = loss + weight * PENALTY[kind](critics, between(x, y, stream))
        adam.zero_grad()
        loss.sum().backward()
        adam.step()
        if kind == "clip":
            for weights in critics.parameters():
                weights.data.clamp_(-clip, clip)
    return critics.eval()  # spectral norm would go on iterating otherwise


# %% jupyter={"source_hidden": true}
x, y = torch.randn(8, 5, 1), torch.randn(8, 5, 1)
small = ensemble.stack(nets.mlp([1, 4, 1]) for _ in range(8))
at = between(x, y, device.generator(0))
library = objectives.one_centered(small(at)[..., 0], at, 10.0)
identity("the two-sided penalty is the library's", library.allclose(10 * PENALTY["two-sided"](small, at), atol=1e-5))


def judge(critics, p=real.sample, q=forger.sample):
    """On fresh points: what each critic earns, and its steepest slope on and between them, (8,) each."""
    x, y = p(10_000, device.generator(5)), q(10_000, device.generator(6))
    with torch.no_grad():
        earned = (critics(x.expand(8, -1, -1)) - critics(y.expand(8, -1, -1))).mean((1, 2))
    middle = x + torch.rand(10_000, 1, generator=device.generator(7)) * (y - x)
    at = torch.cat([x, y, middle]).expand(8, -1, -1).clone().requires_grad_()
    return earned, slopes(critics, at).detach().amax(1)


# %% [markdown]
# (Two folded cells hold the training, 400 steps for eight critics of each kind, and `judge`, which says on fresh points
# what each critic earns and how steep it is.)

# %%
kinds = {"clip 0.03": ("clip", {"clip": 0.03}), "clip 0.1": ("clip", {}), "spectral": ("spectral", {})}
kinds |= {"two-sided": ("two-sided", {}), "one-sided": ("one-sided", {})}
critics = {name: learn(kind, **options) for name, (kind, options) in kinds.items()}
says = {name: judge(each) for name, each in critics.items()}
fair = {name: earned / steepest for name, (earned, steepest) in says.items()}

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.6), sharey=True)
plotting.bars_with_floor(
    {name: earned for name, (earned, _) in says.items()}, "", ax=axes[0], title="what critics earn"
)
plotting.bars_with_floor(fair, "", ax=axes[1], title="… divided by the steepest slope")
for ax in axes:
    ax.axhline(exact, color="black", linestyle=(0, (5, 3)), linewidth=1.5)
    ax.set_xticks(range(5), [name.replace(" ", "\n").replace("-", "-\n") for name in says], fontsize=10)
    ax.get_legend().remove()
plt.show()

# %% [markdown]
# The dashed line is the truth. On the left there are five columns (clipping has two) with five different numbers. In
# four of them the eight seeds roughly agree. The eight two-sided critics don't even agree with each other.

# %%
raw = {name: earned.median().item() for name, (earned, _) in says.items()}
spread = {name: (earned.max() - earned.min()).item() for name, (earned, _) in says.items()}
claim(
    "clipping at 0.03 and at 0.1: two numbers more than ten times apart", raw["clip 0.1"] > 10 * raw["clip 0.03"], raw
)
claim("spectral norm: between 30 % and 70 % of the truth", 0.3 < raw["spectral"] / exact < 0.7, raw)
claim("one-sided penalty: 3 to 12 % too high", 1.03 < raw["one-sided"] / exact < 1.12, raw)
claim("two-sided penalty: the median is less than a third of the truth", raw["two-sided"] < exact / 3, raw)
claim(
    "its eight critics lie farther apart than those of any other kind",
    spread["two-sided"] > max(value for name, value in spread.items() if name != "two-sided"),
    spread,
)
steepest = says["spectral"][1].max()
claim("spectral norm keeps its promise: no slope above 1 (by more than 2 %)", steepest < 1.02, steepest)
worst = max(each.max() for each in fair.values())
claim("divided by its steepest slope, no critic is above the truth (by more than 2 %)", worst < 1.02 * exact, worst)

# %% [markdown]
# - **Clipping** bounds the slope by a number that depends on $c$, on the width and on the depth. Nobody knows it, so
#   what the critic earns has no units: it may come out too low, as here, or too high.
# - **Spectral norm** keeps its promise: nowhere steeper than 1, so never too high. But a network hardly ever stretches
#   the same direction as far as possible in all its layers. It stays flatter than it might, and its number is too low,
#   here by about half.
# - **The one-sided penalty** is a soft wall. A slope a little above 1 costs little and earns more, so the number is
#   slightly too high.
# - **The two-sided penalty** got *stuck*. Most of its critics earn next to nothing, and some may earn *less* than
#   nothing: they rank forged points above real ones. Section 6 shows where they are stuck.
#
# The right panel shows an honest use of any critic: divide what it earns by the steepest slope that you find. By
# section 3 this is a *lower bound* of $W_1$ (up to the chance of the sample, and if you did find the steepest place).

# %% [markdown]
# ## 6. What a penalty does, exactly
#
# Take the smallest case again: real data on 0, forged data on $-a$. On the way between them a critic has the slope
# $k$, and it earns $ka$. With the penalty it maximises
#
# $$k a - \lambda(|k| - 1)^2.$$
#
# **Predict, and say why:** where is the maximum for $a = 1$ and $\lambda = 10$? And is the critic's number 100 times as
# large if the same data are given in centimetres instead of metres?

# %%
k = np.linspace(-3, 3, 600_001)


def objective(a, weight):
    return k * a - weight * (np.abs(k) - 1) ** 2


for a, weight in ((1.0, 10.0), (1.0, 1.0), (3.0, 10.0)):
    top = k[objective(a, weight).argmax()]
    best_slope = 1 + a / (2 * weight)
    identity(f"a = {a}, λ = {weight}: best slope 1 + a/(2λ) = {best_slope:.2f}", abs(top - best_slope) < 1e-5)

# %% [markdown]
# The maximum is at $k = 1 + \frac{a}{2\lambda}$: set the derivative $a - 2\lambda(k - 1)$ to zero. So the critic earns
# $a + \frac{a^2}{2\lambda}$ instead of $a$.
#
# The excess grows with the *square* of the distance. Hence the bias depends on the **units**. With $\lambda = 10$ a
# distance of 1 metre reads 1.05. The same distance in centimetres is 100, and it reads 600: six times as much as it
# should.
#
# The *two-sided* penalty has a second problem. Suppose that the critic climbs the wrong way when training begins:

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.0))
for weight, color in ((0.25, plotting.NEUTRAL[2]), (1.0, plotting.NEUTRAL[0]), (3.0, plotting.NEUTRAL[1])):
    ax.plot(k, objective(1.0, weight), color=color, label=f"λ = {weight:g}")
ax.set(xlim=(-2.2, 3), ylim=(-4, 4), xlabel="slope k of the critic (a = 1)", ylabel="what it maximises")
ax.legend()
plt.show()
left = k < 0
for weight in (1.0, 3.0):
    hill = k[left][objective(1.0, weight)[left].argmax()]
    identity(
        f"λ = {weight:g}: a hill on the wrong side, at {hill:.2f} = -(1 - a/(2λ))", abs(hill + 1 - 0.5 / weight) < 1e-5
    )
identity("λ = 0.25: no such hill", (np.diff(objective(1.0, 0.25)[left]) > 0).all())

# %% [markdown]
# To turn round, the slope must pass through 0, and there the objective has a valley. Our two heaps need a critic like a
# V: it falls on one side and climbs on the other. A fresh network is nearly straight. So on one of the two sides it
# starts on the wrong hill, and there it usually stays. (On a line there is no way around 0. In the plane the gradient
# can *turn* without getting short; we come to that.) Did this happen to our eight two-sided critics?

# %%
at = torch.tensor([[-2.0], [2.0]]).expand(8, -1, -1).clone().requires_grad_()
(rise,) = torch.autograd.grad(critics["two-sided"](at).sum(), at)
V_shaped = (rise[:, 0, 0] < 0) & (rise[:, 1, 0] > 0)
claim("at least half of them climb the wrong way at -2 or at 2", V_shaped.sum() <= 4, rise[..., 0])

# %% [markdown]
# For the one-sided penalty we can compute what a perfect critic earns. At each place $x$ let $m(x) = |F(x) - G(x)|$ be
# the earth that has to cross it, $k(x)$ the critic's slope in the direction of the way, and $\rho(x)$ the density of
# the points "between". Earth that crosses a short piece $dx$ earns $k\,dx$, so the critic earns $\int k\, m\, dx$ in
# all. (With $k = 1$ this is $\int m\, dx = W_1$.) The penalty is a mean over the points between,
# $\lambda \int \rho\, (k-1)^2 dx$, where only places with $k > 1$ count.
#
# Both are sums over places, so we may choose the best $k$ at each place by itself: the maximum of
# $k m - \lambda \rho (k-1)^2$ is at $k = 1 + \frac{m}{2\lambda\rho}$, never below 1. So the critic earns
# $\int k\, m\, dx = W_1 + \frac{1}{2\lambda} \int \frac{m^2}{\rho} dx$.

# %%
device.seed_everything(0)
a, b, share = real.sample(1_000_000)[:, 0], forger.sample(1_000_000)[:, 0], torch.rand(1_000_000)
density, edges = torch.histogram(a + share * (b - a), torch.linspace(-5, 5, 201), density=True)
middle = (edges[1:] + edges[:-1]) / 2
m = torch.from_numpy(np.interp(middle, line, surplus.abs())).float()
bias = (m**2 / density.clamp(min=1e-6)).sum().item() * 0.05 / 2  # for λ = 1
print(f"W1 {exact:.2f}; with λ = 10 a perfect critic earns {exact + bias / 10:.2f}, with λ = 1 {exact + bias:.2f}")
light = judge(learn("one-sided", weight=1.0))[0]
off = (says["one-sided"][0] / (exact + bias / 10) - 1).abs().max()
claim("λ = 10: all eight networks within 3 % of that", off < 0.03, says["one-sided"][0])
claim("λ = 1: all eight within 5 %", (light / (exact + bias) - 1).abs().max() < 0.05, light)
claim("λ = 1: all eight more than 60 % above the true distance", light.min() > 1.6 * exact, light)

# %% [markdown]
# The networks do what the formula says. So the excess isn't noise, and more training won't remove it: **it is what the
# penalty asks for.** (Only for $\lambda \to \infty$ does it vanish.)
#
# Now the plane. Real points lie on a circle of radius 2, forged points in a heap in its middle. Both look the same from
# every direction, so the best way is straight outwards, and $W_1 = E\,|2 - r|$, where $r$ is a forged point's distance
# from the middle.
#
# **Predict:** will the two-sided penalty get stuck here as well?


# %%
def circle(n, stream):
    angle = 2 * math.pi * torch.rand(n, generator=stream)
    return 2 * torch.stack([angle.cos(), angle.sin()], 1)


def heap(n, stream):
    return 0.5 * torch.randn(n, 2, generator=stream)


radius = np.linspace(0, 6, 60_001)
exact_plane = (np.abs(2 - radius) * stats.rayleigh(scale=0.5).pdf(radius)).sum() * 1e-4
matched = torch.cdist(circle(800, device.generator(1)), heap(800, device.generator(2))).numpy()
about = matched[linear_sum_assignment(matched)].mean()
claim("W1 is 1.373; an exact pairing of 800 points agrees within 5 %", abs(about / exact_plane - 1) < 0.05, about)

plane = {kind: judge(learn(kind, circle, heap, d=2, steps=300), circle, heap) for kind in ("spectral", "two-sided")}
spectral, penalty = (earned / exact_plane for earned, _ in plane.values())
claim("spectral norm: 30 to 60 % of the truth", ((spectral > 0.3) & (spectral < 0.6)).all(), spectral)
claim("two-sided penalty: 4 to 11 % too high, in all eight", ((penalty > 1.04) & (penalty < 1.11)).all(), penalty)

# %% [markdown]
# Here no critic gets stuck. On these points WGAN-GP works as its authors say, with a bias of a few per cent. But the
# data are others, too. So take the *same* two heaps, and give each point a second number that means nothing:


# %%
def widened(heap):
    return lambda n, stream: torch.cat([heap.sample(n, stream), 0.5 * torch.randn(n, 1, generator=stream)], 1)


heaps = widened(real), widened(forger)
free = judge(learn("two-sided", *heaps, d=2, steps=300), *heaps)[0] / exact
claim(
    "the same two heaps in the plane: at least 7 of 8 critics earn over 90 % of the truth",
    (free > 0.9).sum() >= 7,
    free,
)

# %% [markdown]
# It is mostly the line that blocks the way. (With two of five other groups of eight seeds, one of the eight was stuck
# in the plane, too.)
#
# ## 7. Batches
#
# All that a computer ever sees are samples.
#
# **Predict:** take two samples of 256 points, both from the *same* Gaussian in 8 dimensions. What is their exact $W_1$:
# 0, 0.1, or more than 1?

# %%
counts = (32, 64, 128, 256, 512)


def floor(n, d, repeats=10):
    found = []
    for _ in range(repeats):
        ways = torch.cdist(torch.randn(n, d), torch.randn(n, d)).numpy()
        found.append(ways[linear_sum_assignment(ways)].mean())
    return np.mean(found)


device.seed_everything(0)
floors = {d: np.array([floor(n, d) for n in counts]) for d in (1, 2, 8)}
fall = {d: np.polyfit(np.log(counts), np.log(each), 1)[0] for d, each in floors.items()}

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.2))
for (d, each), marker in zip(floors.items(), "os^", strict=True):
    ax.plot(counts, each, marker=marker, label=f"{d} dimension{'s' if d > 1 else ''}")
ax.set(xscale="log", yscale="log", xlabel="points in each sample", ylabel="W1 of equal distributions")
ax.set_xticks(counts, counts)
ax.set_yticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
ax.minorticks_off()
ax.legend()
plt.show()
claim("8 dimensions, 256 points: more than 1.5, though the distributions are the same", floors[8][3] > 1.5, floors[8])
claim("on a line it falls about like 1/√n", -0.62 < fall[1] < -0.38, fall)
claim("in 8 dimensions far more slowly, about like n^(-1/8)", -0.15 < fall[8] < -0.11, fall)

# %% [markdown]
# Why so much? In 8 dimensions the 256 points are sparse: even the nearest point of the other sample is usually more
# than 1 away. We call this the **floor**, what equal distributions score.
#
# From three dimensions on, the floor falls like $n^{-1/d}$ (if there is a density). So to halve it in 8 dimensions you
# need 256 times as many points. In 784 dimensions nobody has enough. (Images lie near a set of far fewer dimensions,
# which helps somewhat.)
#
# So the exact $W_1$ between two batches of images is mostly floor. A critic that is asked about *other* points than it
# was trained on doesn't have this floor, because it can't earn from the accidents of a sample: for equal distributions
# it earns 0 on average. Stanczuk and others conclude that WGANs work for other reasons than a good estimate of $W_1$.

# %% [markdown]
# ## 8. May one read the loss?
#
# The losses of the usual game don't show progress (chapter 21). The critic's number was said to do so. We ask eight
# WGANs on a ring, and compute the exact $W_1$ of 256 points beside it. Each critic gets five updates for each one of
# its generator, and the penalty has $\lambda = 1$.
#
# **Predict:** will the critic's number follow the exact distance from the first step on?

# %% jupyter={"source_hidden": true}
ring = data.toy.ring(std=0.1)
held_out = ring.sample(256, 99)


def pairing(a, b):
    ways = torch.cdist(a, b).numpy()
    return ways[linear_sum_assignment(ways)].mean()


def make_g():
    return nets.mlp([2, 64, 64, 2])


def make_d():
    return nets.mlp([2, 64, 64, 1])


def look(gans):
    """For each of eight: the critic's number, on fresh points, and the exact W1 of 256 points."""
    made = gans.sample(1000)
    number = gans.logits(ring.sample(1000, 7).expand(8, -1, -1)).mean(1) - gans.logits(made).mean(1)
    return number.detach(), torch.tensor([pairing(each[:256], held_out) for each in made])


# %%
wgans = ensemble.gans(make_g, make_d, seeds=8, loss="wasserstein", penalties={"gradient_penalty": 1.0},
                      discriminator_steps=5, lr=1e-3, betas=(0.5, 0.9))  # fmt: skip
looks, copies = {}, {}
for now in training.train(wgans, ring, steps=300, progress=False):
    if now.number % 15 == 0:
        looks[now.number], copies[now.number] = look(wgans), wgans.copy()
critic, truth = (torch.stack(each) for each in zip(*looks.values(), strict=True))

# %% jupyter={"source_hidden": true}
same = pairing(ring.sample(256, 98), held_out)
shown = {"critic's number": critic, "exact pairing": truth}
_, ax = plt.subplots(figsize=(6.8, 3.4))
plotting.seeds_over_time([*looks], shown, "distance", reference=(same, "floor"), ax=ax)
ax.set_ylim(-0.5, 3.5)
plt.show()

# %%
ratio = (critic / truth).median(1).values
claim("at first the critic says more than the truth (its median, by 30 %)", ratio[0] > 1.3, ratio)
claim("a little later, at its lowest, less than half of it", ratio[:8].min() < 0.5, ratio)
claim("in the last third: between 0.7 and 1.2 of it", ((ratio[-7:] > 0.7) & (ratio[-7:] < 1.2)).all(), ratio)
many, fresh = ring.sample(1024, 99), wgans.sample(1024)
finer = critic[-1] / torch.tensor([pairing(each, many) for each in fresh])
near = (finer > 0.8) & (finer < 1.25)
claim("at the end: 0.8 to 1.25 of a pairing of 1,024 points, in at least 6 of 8", near.sum() >= 6, finer)

# %% [markdown]
# No. First it is too high, then it falls far below the distance while the points are still far away. Later the two
# agree well. (A pairing of 256 points has a floor, the dashed line, and that is no small part of it by then. With four
# times as many points the floor is lower, and the two still agree. The high start may be the excess of section 6, which
# is large at $\lambda = 1$; we haven't taken it away.)
#
# Why the fall? Perhaps the critics *lag*: five updates are not enough to learn the new situation after each move of the
# generator. If that is the cause, the number must recover when the generators stand still. We take the copies from the
# lowest look, and give only their critics 200 more updates.

# %%
lowest = [*looks][ratio[:8].argmin()]
paused, stream = copies[lowest], device.generator(1)
for _ in range(200):
    paused.update_discriminator(ring.sample(8 * 128, stream).view(8, 128, 2))
before, after = (number.median() for number in (looks[lowest][0], look(paused)[0]))
claim(
    "lag: after 200 updates their median says at least twice as much, and more than 0.8",
    after > max(2 * before, 0.8),
    after,
)

# %% [markdown]
# So it was lag. (100 updates were enough with four of six sets of seeds.) A critic that has settled may be read within
# **one** run, with its bias in mind. A critic that lags may not. And two runs with different networks, penalties or
# units can't be compared by their critics at all (section 5). For that, use a measure that takes no part in the game
# (chapter 36).

# %% [markdown]
# ## What all this does not show
#
# - **How it is with images.** Everything here is tiny and has few dimensions, because exact answers exist only for such
#   cases. How far off the critics of images are, nobody knows exactly.
# - **Which game gives better samples.** A biased critic may still be a good teacher: the generator uses its slopes and
#   not its earnings. Chapter 43 compares the samples of several games.
# - **Other recipes.** With other widths, activations and rates the numbers of section 5 change. (Activations that keep
#   the length of gradients bring spectral norm much nearer to the truth: Anil, Lucas and Grosse, below.)

# %% [markdown]
# ## Help, I get …
#
# ### a critic's loss that grows for ever
# Nothing holds its slope. Is the penalty added, and with a plus? Is it computed with `create_graph=True`? Without that
# it is a number from which no weight can learn.
#
# ### a critic's number near 0, from the first step on
# Perhaps it is clipped too hard: with three layers and $c = 0.01$ the slope is tiny, and so are all gradients. Or it
# is stuck (section 6).

# %% [markdown]
# ### a negative distance
# Is it real minus forged, or forged minus real? The *loss* of the critic is minus the distance. Or the critic was
# trained on other points than those it is asked about, or it is stuck (section 5).
#
# ### `linprog` that says "infeasible"
# The weights of the two sides must have the same sum, up to rounding. Divide both by their sums.
#
# ### batch norm in the critic, and strange slopes
# The penalty is about the slope at single points, but batch norm mixes the points of a batch. Leave it out, or use
# layer norm.

# %% [markdown]
# ## Recap
#
# - $W_1$ is the least mean way from one distribution to the other: a linear program; on a line, sorting.
# - Its dual is a critic that is nowhere steeper than 1. Whatever such a critic earns is a lower bound of $W_1$.
# - Clipping gives numbers without units, spectral norm too low ones. A gradient penalty gives too high ones (on a line
#   by $\frac1{2\lambda} \int m^2/\rho$) once the critic has caught up, if it isn't stuck: a two-sided one can be.
# - Between samples of equal distributions $W_1$ isn't 0, and in many dimensions it is large.
# - Within a run the number of a settled critic shows progress. Runs with different networks, penalties or units can't
#   be compared by it.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>A friend doubles all outputs of a critic and reports twice the distance. What is wrong?</summary>
#
# The critic is now twice as steep. Divided by its steepest slope it says what it said before.
#
# </details>
#
# <details><summary>Your data come in millimetres instead of metres. What happens to a WGAN-GP with λ = 10?</summary>
#
# W₁ grows a thousandfold. The excess of the penalty grows with the square, so a millionfold: the penalty hardly holds
# the critic any more. Scale your data first, or scale λ with them.
#
# </details>
#
# <details><summary>Why is the best critic's slope 1 along every arrow of the best plan?</summary>
#
# The carrier earns the sum over all arrows of f(x) - f(y), and each of these differences is at most the arrow's length.
# The sum can reach the sum of all lengths only if every difference reaches its own.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Arjovsky, Chintala and Bottou 2017, *Wasserstein GAN*](https://arxiv.org/abs/1701.07875): the reasons, the critic,
#   and clipping, which its authors themselves call a terrible way.
# - [Gulrajani et al. 2017, *Improved Training of Wasserstein GANs*](https://arxiv.org/abs/1704.00028): what clipping
#   does to a critic, and the two-sided gradient penalty instead.
# - [Petzka, Fischer and Lukovnikov 2018, *On the regularization of Wasserstein
#   GANs*](https://arxiv.org/abs/1709.08894): arguments and experiments for the one-sided penalty.
# - [Miyato et al. 2018, *Spectral Normalization for Generative Adversarial
#   Networks*](https://arxiv.org/abs/1802.05957): how to divide each layer by its largest stretch at little cost.
# - [Anil, Lucas and Grosse 2019, *Sorting out Lipschitz function approximation*](https://arxiv.org/abs/1811.05381): why
#   critics with bounded layers stay too low, and activations that cure it.
# - [Mallasto, Montúfar and Gerolin 2019, *How Well Do WGANs Estimate the Wasserstein
#   Metric?*](https://arxiv.org/abs/1910.03875): the question of our section 5, for more critics.
# - [Stanczuk et al. 2021, *Wasserstein GANs Work Because They Fail*](https://arxiv.org/abs/2103.01678): why a good
#   estimate of the distance may not even be wanted.
# - [Fournier and Guillin 2015, *On the rate of convergence in Wasserstein distance of the empirical
#   measure*](https://arxiv.org/abs/1312.2128): how fast the floor of section 7 falls, proved.

# %% [markdown]
# ## Key terms
#
# {{terms: optimal transport; Wasserstein distance; transport plan; linear program; duality; 1-Lipschitz; critic;
# floor; gradient penalty; weight clipping}}

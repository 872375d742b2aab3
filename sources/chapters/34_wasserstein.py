# %% [markdown]
# # 34 · Wasserstein: how far must the points travel?
#
# *Most ways to compare two distributions ask how much they overlap. This one asks how far one would have to be carried
# to become the other, so it still has an answer when nothing overlaps. You will compute it exactly, and then see what
# critics make of it.*
#
# > **You will be able to**
# > - compute the distance exactly: as a linear program, and on a line by sorting
# > - explain the dual: a critic that is nowhere steeper than 1, and why it can't cheat
# > - say what clipping, gradient penalty and spectral norm do to a critic, and which way its number is off
# > - predict the bias of a gradient penalty, and why it depends on the units of your data
# > - judge when a Wasserstein loss may be read as a distance
# >
# > **Before you start** [21 · the adversarial game](21_the_adversarial_game.ipynb); of the mathematics, what a mean
# > and a matrix are. [33 · dynamics](33_dynamics.ipynb) tells how such games move.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy import sparse, stats
from scipy.optimize import linear_sum_assignment, linprog

from gan_edu import data, device, ensemble, metrics, nets, objectives, plotting, training
from gan_edu.claims import claim

plotting.use_style()
torch.set_num_threads(1)  # everything here is tiny

# %% [markdown]
# ## The idea in a picture
#
# Fifteen real points (blue), fifteen forged ones (orange). Every forged point has to be carried to a real one. Left:
# somebody paired them at random. Right: the pairing with the least way in total.


# %%
draw = np.random.default_rng(3)
blue = np.concatenate([draw.normal([-2, 0.5], 0.4, (8, 2)), draw.normal([2, 0.5], 0.4, (7, 2))])
orange = np.concatenate([draw.normal([-1.4, -0.8], 0.4, (8, 2)), draw.normal([1.4, -0.8], 0.4, (7, 2))])
cost = np.linalg.norm(blue[:, None] - orange[None], axis=-1)  # the way from each real point to each forged one
_, best = linear_sum_assignment(cost)


def arrows(ax, partner, title):
    for x, y in zip(blue, orange[partner], strict=True):
        ax.annotate("", x, y, arrowprops={"arrowstyle": "->", "color": "0.5"})
    ax.scatter(*blue.T, color=plotting.REAL, zorder=3)
    ax.scatter(*orange.T, color=plotting.FAKE, marker="^", zorder=3)
    ax.set(title=title, aspect="equal", xticks=[], yticks=[])


# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 2, figsize=(6.8, 2.6))
chance = np.random.default_rng(0).permutation(15)
for ax, partner, name in ((axes[0], chance, "by chance"), (axes[1], best, "the best")):
    arrows(ax, partner, f"{name}: {cost[range(15), partner].mean():.2f} on average")
plt.show()

# %% [markdown]
# The smallest possible mean way is the **Wasserstein distance** $W_1$ of the two sets of points (or *earth mover's
# distance*: each point a shovel of earth). It has the units of the data. It is 0 only if the two are the same, and it
# shrinks little by little when the orange points come nearer, long before anything overlaps.

# %% [markdown]
# ## 1 · A plan for carrying
#
# Earth may be divided: half of this heap here, half there. A **transport plan** is a table $\pi_{ij} \ge 0$: how much
# is carried between real place $i$ and forged place $j$. Its rows must add up to what lies there, its columns
# likewise:
#
# $$W_1 = \min_\pi \sum_{ij} \pi_{ij}\, \lVert x_i - y_j \rVert \quad\text{with}\quad \sum_j \pi_{ij} = a_i, \;
# \sum_i \pi_{ij} = b_j, \; \pi \ge 0.$$
#
# The sum is linear in the unknowns, and so are the conditions: a **linear program**. SciPy's solver (HiGHS) finds the
# exact minimum.
#
# **Predict:** with 15 points of weight $\frac1{15}$ on both sides, will the best plan divide any of them?


# %%
def transport(cost, a=None, b=None):
    """The cheapest plan (n, m) and its price, by linear programming."""
    n, m = cost.shape
    a, b = (np.full(k, 1 / k) if w is None else w for k, w in ((n, a), (m, b)))
    rows = sparse.kron(sparse.eye(n), np.ones((1, m)))  # adds up each row of the plan
    columns = sparse.kron(np.ones((1, n)), sparse.eye(m))
    solved = linprog(cost.ravel(), A_eq=sparse.vstack([rows, columns]), b_eq=np.concatenate([a, b]), method="highs")
    return solved.x.reshape(n, m), solved.fun


plan, price = transport(cost)
claim("rows and columns add up", np.allclose(plan.sum(0), 1 / 15) and np.allclose(plan.sum(1), 1 / 15))
claim("15 entries of 225 are used, each is 1/15: nothing is divided", np.isclose(plan[plan > 1e-9], 1 / 15).sum() == 15)
claim("so it is a pairing: the best one of the picture", abs(price - cost[range(15), best].mean()) < 1e-9)

# %% [markdown]
# That is no luck: among the best plans for $n$ against $n$ equal weights there is always one that divides nothing
# (Birkhoff and von Neumann). For pairings there are faster methods, such as `linear_sum_assignment`. With unequal
# weights the linear program is still right, and now earth *is* divided:

# %%
shares = draw.dirichlet(np.ones(15))
lopsided, dearer = transport(cost, a=shares)
claim("unequal weights: more than 15 entries, some points are divided", (lopsided > 1e-9).sum() > 15)
claim("and at most 15 + 15 - 1", (lopsided > 1e-9).sum() <= 29)

# %% [markdown]
# ## 2 · On a line: sort
#
# On a line no program is needed. **Predict:** why can the best arrows never cross?
#
# Suppose $x_1 < x_2$ and $y_1 < y_2$. Then pairing in order is never longer than crosswise. If one pays by the *square*
# of the way, crossing costs exactly $2(x_2 - x_1)(y_2 - y_1)$ more:

# %%
x1, x2, y1, y2 = draw.normal(size=(4, 10_000))
x1, x2, y1, y2 = np.minimum(x1, x2), np.maximum(x1, x2), np.minimum(y1, y2), np.maximum(y1, y2)
in_order, crosswise = np.abs(x1 - y1) + np.abs(x2 - y2), np.abs(x1 - y2) + np.abs(x2 - y1)
claim("10,000 quadruples: never longer in order", (in_order <= crosswise + 1e-12).all())
extra = (x1 - y2) ** 2 + (x2 - y1) ** 2 - (x1 - y1) ** 2 - (x2 - y2) ** 2
claim("with squares: longer by 2(x₂ - x₁)(y₂ - y₁)", np.allclose(extra, 2 * (x2 - x1) * (y2 - y1)))


# %%
def by_sorting(x, y, p=1):
    """W_p of two samples of the same size on a line."""
    return (np.abs(np.sort(x) - np.sort(y)) ** p).mean() ** (1 / p)


x, y = draw.normal(size=60), draw.normal(1.0, 2.0, size=60)
ways = np.abs(x[:, None] - y[None])
w1, w2 = transport(ways)[1], transport(ways**2)[1] ** 0.5  # for W2: squares, and the root at the end
claim("W1: the linear program and sorting agree", abs(w1 - by_sorting(x, y)) < 1e-9)
claim("W2: so do they", abs(w2 - by_sorting(x, y, p=2)) < 1e-9)
claim("SciPy has W1 on a line, too", abs(stats.wasserstein_distance(x, y) - w1) < 1e-9)
claim("W1 is never larger than W2", w1 <= w2)

# %% [markdown]
# With whole distributions instead of points, "sorted" becomes "the same quantile": $W_p^p = \int_0^1 |F^{-1}(u) -
# G^{-1}(u)|^p\, du$, with the distribution functions $F$ and $G$. For $p = 1$ this is also the area between the two
# curves, $\int |F(x) - G(x)|\, dx$. (Both need finite means, of $|x|^p$.)
#
# For two Gaussians on a line $W_2^2 = (\mu_1 - \mu_2)^2 + (\sigma_1 - \sigma_2)^2$. You may have met its version for
# many dimensions, with features of a classifier, under another name: it is the **Fréchet distance** (FID).

# %%
u = (np.arange(100_000) + 0.5) / 100_000
f, g = stats.norm(0, 1), stats.norm(1, 2)
area = np.abs(f.cdf(t := np.linspace(-15, 17, 64_001)) - g.cdf(t)).sum() * 0.0005
claim("W1 by quantiles = the area between the curves", abs(np.abs(f.ppf(u) - g.ppf(u)).mean() - area) < 1e-3)
squared = ((f.ppf(u) - g.ppf(u)) ** 2).mean()
claim("W2² of N(0, 1) and N(1, 2²) is 1² + 1² = 2", abs(squared - 2) < 1e-3, measured=squared)
sample = [torch.from_numpy(each.ppf(u))[:, None] for each in (f, g)]
claim("and so says the library's Fréchet distance", abs(metrics.frechet_distance(*sample) - 2) < 1e-2)

# %% [markdown]
# ## 3 · The dual: a critic that sets prices
#
# Somebody else offers: "I carry everything for you. I buy your earth at a forged place $y$ for the price $f(y)$, and
# sell it to you at a real place $x$ for $f(x)$." You agree only if that is never dearer than carrying yourself:
#
# $$f(x) - f(y) \le \lVert x - y \rVert \quad\text{for all places } x, y.$$
#
# Such a function is called **1-Lipschitz**: it is nowhere steeper than 1.
#
# The carrier earns $E_p f - E_q f$, the mean of $f$ over real points minus its mean over forged ones. It **can't
# cheat**: for every plan $\pi$ and every such $f$, $\sum_{ij} \pi_{ij} (f(x_i) - f(y_j)) \le \sum_{ij} \pi_{ij} \lVert
# x_i - y_j \rVert$. So what it earns is never more than $W_1$. How near can it come?

# %%
places = np.concatenate([blue, orange])
apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
i, j = np.nonzero(~np.eye(30, dtype=bool))
steps = sparse.coo_array((np.tile([1.0, -1.0], len(i)), (np.arange(len(i)).repeat(2), np.stack([i, j], 1).ravel())))
earns = np.concatenate([np.full(15, 1 / 15), np.full(15, -1 / 15)])  # mean over real minus mean over forged places
dual = linprog(-earns, A_ub=steps, b_ub=apart[i, j], bounds=(None, None), method="highs")
claim("as near as can be: the best carrier earns exactly W1", abs(-dual.fun - price) < 1e-8)
claim(
    "along every arrow of the best plan the price rises by just its length",
    np.allclose(dual.x[:15] - dual.x[15:][best], cost[range(15), best], atol=1e-7),
)

# %% [markdown]
# That the two meet is the **duality** of linear programs; for distributions with a finite mean it is called
# Kantorovich–Rubinstein:
#
# $$W_1(p, q) = \max_{f \text{ 1-Lipschitz}} E_p f - E_q f.$$
#
# And this is a game that we know. $f$ is a discriminator without sigmoid: high on real, low on forged points. It is
# called a **critic**. New are the plain means in place of logarithms, and the condition on its slope. Without that the
# critic could earn as much as it likes, by doubling itself.
#
# On a line we can draw the best critic: it climbs with slope 1 wherever earth has to go right, and falls where it goes
# left. Here are the two heaps and the forger of chapter 21.

# %%
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
claim("the area 1.202 is W1: sorting 100,000 points agrees", abs(by_sorting(*on_line.values()) - exact) < 0.02)
p, q = real.density(line[:, None]), forger.density(line[:, None])
earned = ((p - q) * best_critic).sum().item() * dx
claim("this critic earns it all", abs(earned - exact) < 1e-3, measured=earned)

# %%
_, ax = plt.subplots(figsize=(6.8, 3.2))
ax.fill_between(line, p, color=plotting.REAL, alpha=0.3, linewidth=0, label="density: real")
ax.fill_between(line, q, color=plotting.FAKE, alpha=0.3, linewidth=0, label="density: forged")
ax.plot(
    line[inside], best_critic[inside] - best_critic[8000], color="black", ls=(0, (5, 3)), lw=1.5, label="best critic"
)
ax.set(xlim=(-3.6, 3.6), ylim=(-0.2, 4), xlabel="x", ylabel="density, or f(x)")
ax.legend(loc="upper center")
plt.show()

# %% [markdown]
# ## 4 · Why GANs wanted it
#
# Real data on one point, 0, forged data on another one, $\theta$. **Predict** for $\theta = 1, 0.1, 0.01$: what do the
# Jensen–Shannon divergence, which the usual game is about, and $W_1$ say?


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
claim(
    "JSD is ln 2 as long as they differ at all, then 0",
    all(abs(table[t][0] - math.log(2)) < 1e-9 for t in (1, 0.1, 0.01)),
)

# %% [markdown]
# $W_1 = |\theta|$ has a slope everywhere but at 0, and it says which way to go. JSD is flat, then jumps. This was the
# reason for the Wasserstein GAN (Arjovsky, Chintala and Bottou 2017): on data without overlap, a critic may be trained
# as well as possible and still has a slope to follow.
#
# Two things to keep in mind. The slope of $W_1$ says nothing about *how far* (it is 1 from everywhere). And a usual
# discriminator isn't a JSD: if it is smooth and not at its best, it has slopes, too (chapters 22 and 32).

# %% [markdown]
# ## 5 · Networks as critics
#
# How does one keep a network nowhere steeper than 1? Three ways are common:
#
# - **clipping**: after each step all weights are cut to $[-c, c]$. Then the slope is bounded, by *some* number;
# - **gradient penalty** (WGAN-GP): $\lambda\, E(\lVert\nabla f\rVert - 1)^2$ at random points between real and forged
#   ones is added to the loss;
# - **spectral norm**: each layer is divided by its largest stretch, so the slope of the whole is at most 1.
#
# We add a fourth, *one-sided* penalty: only slopes **above** 1 are punished. On our two heaps we know the truth, 1.202.
#
# **Before you run:** which of the four will come out too high, which too low? And by how much, roughly?


# %%
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
x, y = torch.randn(8, 5, 1), torch.randn(8, 5, 1)
check = ensemble.stack(nets.mlp([1, 4, 1]) for _ in range(8))
at = between(x, y, device.generator(0))
library = objectives.one_centered(check(at)[..., 0], at, 10.0)
claim("the two-sided one is the library's", library.allclose(10 * PENALTY["two-sided"](check, at), atol=1e-5))


# %%
def judge(critics, p=real.sample, q=forger.sample):
    """On fresh points: what each critic earns, and its steepest slope on and between them, (8,) each."""
    x, y = p(10_000, device.generator(5)), q(10_000, device.generator(6))
    with torch.no_grad():
        earned = (critics(x.expand(8, -1, -1)) - critics(y.expand(8, -1, -1))).mean((1, 2))
    middle = x + torch.rand(10_000, 1, generator=device.generator(7)) * (y - x)
    at = torch.cat([x, y, middle]).expand(8, -1, -1).clone().requires_grad_()
    return earned, slopes(critics, at).detach().amax(1)


kinds = {"clip 0.03": ("clip", {"clip": 0.03}), "clip 0.1": ("clip", {}), "spectral": ("spectral", {})}
kinds |= {"two-sided": ("two-sided", {}), "one-sided": ("one-sided", {})}
critics = {name: learn(kind, **options) for name, (kind, options) in kinds.items()}
says = {name: judge(each) for name, each in critics.items()}

# %%
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.6), sharey=True)
plotting.bars_with_floor(
    {name: earned for name, (earned, _) in says.items()}, "", ax=axes[0], title="what critics earn"
)
fair = {name: earned / steepest for name, (earned, steepest) in says.items()}
plotting.bars_with_floor(fair, "", ax=axes[1], title="… divided by the steepest slope")
for ax in axes:
    ax.axhline(exact, color="black", linestyle=(0, (5, 3)), linewidth=1.5)
    ax.set_xticks(range(5), [name.replace(" ", "\n").replace("-", "-\n") for name in says], fontsize=10)
    ax.get_legend().remove()
plt.show()

# %% [markdown]
# Dashes are the truth. Left: five kinds of critic, five different numbers, and each kind is sure of its own.

# %%
raw = {name: earned.median().item() for name, (earned, _) in says.items()}
claim(
    "clipping at 0.03 and at 0.1: two numbers more than ten times apart", raw["clip 0.1"] > 10 * raw["clip 0.03"], raw
)
claim("spectral norm: between 30 % and 70 % of the truth", 0.3 < raw["spectral"] / exact < 0.7, raw)
claim("one-sided penalty: 3 to 12 % too high", 1.03 < raw["one-sided"] / exact < 1.12, raw)
claim("two-sided penalty: less than a third of the truth", raw["two-sided"] < exact / 3, raw)
steepest = says["spectral"][1].max()
claim("spectral norm keeps its promise: no slope above 1 (by more than 2 %)", steepest < 1.02, steepest)
worst = max(each.max() for each in fair.values())
claim("divided by its steepest slope, no critic is above the truth (by more than 2 %)", worst < 1.02 * exact, worst)

# %% [markdown]
# - **Clipping** bounds the slope by a number that nobody knows: it depends on $c$, width and depth. What it earns is in
#   no units.
# - **Spectral norm** keeps its promise: nowhere steeper than 1, so never too high. But the product of the layers'
#   largest stretches is a bound that the network hardly ever reaches, so it is too low, by half.
# - **The one-sided penalty** is a soft wall: earning more is worth leaning on it. Too high, but slightly.
# - **The two-sided penalty** got *stuck*: most of these critics earn next to nothing. Section 6 shows where.
#
# The right panel has the honest use of any critic: divide by the steepest slope that you find. By section 3 that is a
# *lower bound* of $W_1$ (as far as you found the steepest place, and up to the chance of the sample).

# %% [markdown]
# ## 6 · What a penalty does, exactly
#
# Take the smallest case again: real data on 0, forged ones on $-a$. On the way between them a critic has slope $k$, and
# earns $ka$. With the penalty it maximises
#
# $$k a - \lambda(|k| - 1)^2.$$
#
# **Predict:** where is the maximum for $a = 1$ and $\lambda = 10$? And does it matter whether the data are measured in
# metres or centimetres?

# %%
k = np.linspace(-3, 3, 600_001)


def objective(a, weight):
    return k * a - weight * (np.abs(k) - 1) ** 2


for a, weight in ((1.0, 10.0), (1.0, 1.0), (3.0, 10.0)):
    top = k[objective(a, weight).argmax()]
    claim(
        f"a = {a}, λ = {weight}: best slope 1 + a/(2λ) = {1 + a / (2 * weight):.2f}",
        abs(top - 1 - a / (2 * weight)) < 1e-5,
    )

# %% [markdown]
# So the critic earns $a + \frac{a^2}{2\lambda}$ instead of $a$. The bias has **units**: at $\lambda = 10$ a distance
# of 1 reads 1.05, a distance of 100 (the same data in centimetres) reads 600.
#
# But the *two-sided* penalty has a second hill. Suppose that training begins with a critic that climbs the wrong way:

# %%
_, ax = plt.subplots(figsize=(6.8, 3.0))
for weight, color in ((0.25, plotting.NEUTRAL[2]), (1.0, plotting.NEUTRAL[0]), (3.0, plotting.NEUTRAL[1])):
    ax.plot(k, objective(1.0, weight), color=color, label=f"λ = {weight:g}")
ax.set(xlim=(-2.2, 3), ylim=(-4, 4), xlabel="slope k of the critic (a = 1)", ylabel="what it maximises")
ax.legend()
plt.show()
left = k < 0
for weight in (1.0, 3.0):
    hill = k[left][objective(1.0, weight)[left].argmax()]
    claim(
        f"λ = {weight:g}: a hill on the wrong side, at {hill:.2f} = -(1 - a/(2λ))", abs(hill + 1 - 0.5 / weight) < 1e-5
    )
claim("λ = 0.25: no such hill", (np.diff(objective(1.0, 0.25)[left]) > 0).all())

# %% [markdown]
# To turn round, the slope must pass through 0, where the objective has a valley. Our two heaps need a critic like a V,
# falling on one side and climbing on the other one. A fresh network is nearly straight: on one of the two sides it
# starts on the wrong hill, and there it usually stays. (On a line there is no way around 0. In the plane the gradient
# can *turn* without ever getting short; we come to that.) Did that happen to our eight two-sided critics?

# %%
at = torch.tensor([[-2.0], [2.0]]).expand(8, -1, -1).clone().requires_grad_()
(rise,) = torch.autograd.grad(critics["two-sided"](at).sum(), at)
V_shaped = (rise[:, 0, 0] < 0) & (rise[:, 1, 0] > 0)
claim("at least half of them climb the wrong way at -2 or at 2", V_shaped.sum() <= 4, rise[..., 0])

# %% [markdown]
# For the one-sided penalty we can compute what a perfect critic earns. At each place $x$ let $m(x) = |F(x) - G(x)|$,
# the earth that has to cross it, and $\rho(x)$ the density of the points "between". The slope there maximises $k m -
# \lambda \rho (k-1)^2$ for $k > 1$, hence $k = 1 + \frac{m}{2\lambda\rho}$, and the earnings are $W_1 +
# \frac{1}{2\lambda} \int \frac{m^2}{\rho} dx$.

# %%
device.seed_everything(0)
a, b, share = real.sample(1_000_000)[:, 0], forger.sample(1_000_000)[:, 0], torch.rand(1_000_000)
density, edges = torch.histogram(a + share * (b - a), torch.linspace(-5, 5, 201), density=True)
middle = (edges[1:] + edges[:-1]) / 2
m = torch.from_numpy(np.interp(middle, line, surplus.abs())).float()
bias = (m**2 / density.clamp(min=1e-6)).sum().item() * 0.05 / 2  # for λ = 1
print(f"W1 {exact:.3f}; with λ = 10 a perfect critic earns {exact + bias / 10:.3f}, with λ = 1 {exact + bias:.3f}")
light = judge(learn("one-sided", weight=1.0))[0]
claim(
    "λ = 10: all eight networks within 3 % of that", (says["one-sided"][0] / (exact + bias / 10) - 1).abs().max() < 0.03
)
claim("λ = 1: too, and that is more than 60 % too high", (light / (exact + bias) - 1).abs().max() < 0.05, light)

# %% [markdown]
# The networks do what the formula says. The number isn't noise, and more training won't mend it: **it is what the
# penalty asks for.** (The true distance is what remains for $\lambda \to \infty$.)
#
# Now the plane. Real points lie on a circle of radius 2, forged ones in a heap in the middle. Both look the same from
# every direction, so the best way is straight outwards, and $W_1 = E\,|2 - r|$ with $r$ the forged points' radius.


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
# Here nothing gets stuck: in the plane WGAN-GP is as good as on paper, with its bias of a few percent.
#
# ## 7 · Batches
#
# All that a computer ever sees are samples. **Predict:** two samples of 256 points, both from the *same* Gaussian in 8
# dimensions. What is their exact $W_1$: 0, 0.1, or more than 1?

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

# %%
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
claim("on a line it falls about like 1/√n", -0.7 < fall[1] < -0.3, fall)
claim("in 8 dimensions far more slowly, about like n^(-1/8)", -0.22 < fall[8] < -0.08, fall)

# %% [markdown]
# From three dimensions on, the distance of a sample to its own distribution falls like $n^{-1/d}$ in general (if there
# is a density): to halve it in 8 dimensions you need 256 times as many points. In 784 dimensions nobody has enough.
# (Images lie near a thinner set, which helps, somewhat.)
#
# So "exact" $W_1$ between batches of images is mostly floor. A critic that is asked about *other* points than it
# was trained on doesn't have this floor, because it can't earn from the accidents of a sample: with equal distributions
# its mean earnings are 0. Stanczuk and others conclude that WGANs work for other reasons than a good estimate of $W_1$.
#
# ## 8 · May one read the loss?
#
# A selling point of WGANs was that the critic's number shows progress, while losses of the usual game don't. We ask
# eight WGANs on a ring, and compute the exact $W_1$ of 256 points beside it.

# %%
ring = data.toy.ring(std=0.1)
held_out = ring.sample(256, 99)


def pairing(a, b):
    ways = torch.cdist(a, b).numpy()
    return ways[linear_sum_assignment(ways)].mean()


def make_g():
    return nets.mlp([2, 64, 64, 2])


def make_d():
    return nets.mlp([2, 64, 64, 1])


wgans = ensemble.gans(make_g, make_d, seeds=8, loss="wasserstein", penalties={"gradient_penalty": 1.0},
                      discriminator_steps=5, lr=1e-3, betas=(0.5, 0.9))  # fmt: skip
track = {"step": [], "critic": [], "exact": []}
for now in training.train(wgans, ring, steps=300, progress=False):
    if now.number % 15 == 0:
        made = wgans.sample(1000)
        truth = torch.tensor([pairing(each[:256], held_out) for each in made])
        real_says = wgans.logits(ring.sample(1000, 7).expand(8, -1, -1)).mean(1)
        for name, value in zip(track, (now.number, real_says - wgans.logits(made).mean(1), truth), strict=True):
            track[name].append(value)

# %%
critic, truth = torch.stack(track["critic"]).detach(), torch.stack(track["exact"])
same = pairing(ring.sample(256, 98), held_out)
shown = {"critic's number": critic, "exact pairing": truth}
_, ax = plt.subplots(figsize=(6.8, 3.4))
plotting.seeds_over_time(track["step"], shown, "distance", reference=(same, "floor"), ax=ax)
ax.set_ylim(-0.3, 3.3)
plt.show()
ratio = (critic / truth).median(1).values
claim("at first the critic says more than the truth (its median, by 30 %)", ratio[0] > 1.3, ratio)
claim("a little later, less than half of it", ratio[:8].min() < 0.5, ratio)
claim("in the last third: between 0.7 and 1.2 of it", ((ratio[-7:] > 0.7) & (ratio[-7:] < 1.2)).all(), ratio)

# %% [markdown]
# In between, the critic's number falls almost to 0 while the points are still far: these critics, with five steps for
# each of the generator's, don't know the new situation yet. Later the two agree well, though near the floor.
#
# So: a settled critic's number may be read, with its bias in mind, within **one** run. A critic that lags may not. And
# two runs with different networks, penalties or units can't be compared by it at all (section 5). For that, use a
# measure that knows nothing of the game (chapter 36).

# %% [markdown]
# ## What all this does not show
#
# - **Tiny and low-dimensional.** Exact answers are the point of this chapter, and they exist for such cases only. How
#   far off critics of images are, nobody knows exactly.
# - **No verdict about samples.** A biased critic may still be a good teacher: the generator uses its slopes, not its
#   earnings. Which game gives better samples, chapters 23 and 43 measure.
# - **One recipe each.** Other widths, activations and rates shift the numbers of section 5. (Activations that keep the
#   length of gradients bring spectral norm much nearer to the truth: Anil, Lucas and Grosse, below.)

# %% [markdown]
# ## Help, I get …
#
# ### a critic's loss that grows for ever
# Nothing holds its slope. Is the penalty added, and with a plus? Is it computed with `create_graph=True`? Without, it
# is a number that no weight can learn from.
#
# ### a critic's number near 0, from the first step on
# Clipped too hard: with three layers and $c = 0.01$ the slope is tiny, and so are all gradients. Or stuck (section 6).

# %% [markdown]
# ### a negative distance
# Real minus forged, or forged minus real? The *loss* of the critic is minus the distance. Or the critic has been
# trained on other points than it is asked about.
#
# ### `linprog` that says "infeasible"
# The weights of the two sides must have the same sum, to rounding. Divide both by their sums.
#
# ### batch norm in the critic, and strange slopes
# The penalty is about the slope at single points; batch norm mixes the points of a batch. Leave it out, or use layer
# norm.

# %% [markdown]
# ## Recap
#
# - $W_1$ is the least mean way from one distribution to the other: a linear program; on a line, sorting.
# - Its dual is a critic that is nowhere steeper than 1; whatever such a critic earns is a lower bound.
# - Clipping gives numbers without units, spectral norm too low ones, a gradient penalty too high ones (on a line by
#   $\frac1{2\lambda} \int m^2/\rho$); and a two-sided penalty can get stuck.
# - Between samples of equal distributions $W_1$ isn't 0, and in many dimensions it is large.
# - Within a run a settled critic's number shows progress. Across runs it shows nothing.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>A friend doubles all outputs of a critic and reports twice the distance. What is wrong?</summary>
#
# The critic is now twice as steep. Divided by its steepest slope it says what it said before.
#
# </details>
#
# <details><summary>You measure your data in millimetres, not metres. What happens to a WGAN-GP with λ = 10?</summary>
#
# W₁ grows a thousandfold, and the penalty's bias, which grows with the square, a millionfold: the penalty hardly holds
# the critic any more. Scale your data first, or scale λ with them.
#
# </details>
#
# <details><summary>Why is the best critic's slope 1 along every arrow of the best plan?</summary>
#
# Because the carrier's earnings are the sum over all arrows of f(x) - f(y), each at most the arrow's length. They can
# reach the sum of the lengths only if none of them is less.
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
# | English | 中文 | Meaning |
# |---|---|---|
# | optimal transport | 最优传输 | the cheapest way to turn one distribution into another |
# | Wasserstein distance | Wasserstein 距离 | its price: $W_1$ by ways, $W_2$ by squares of ways, with a root |
# | transport plan | 传输方案 | how much is carried from where to where |
# | linear program | 线性规划 | a linear function to be made small, under linear conditions |
# | duality | 对偶 | the largest earnings of a carrier equal the smallest costs |
# | 1-Lipschitz | 1-Lipschitz 连续 | nowhere steeper than 1 |
# | critic | 评论家 | a discriminator without sigmoid, kept from being steep |
# | gradient penalty | 梯度惩罚 | adds $\lambda E(\lVert\nabla f\rVert - 1)^2$ to the critic's loss |
# | weight clipping | 权重裁剪 | cuts all weights to $[-c, c]$ |

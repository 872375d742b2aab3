# %% [markdown]
# # 21 · The adversarial game
#
# *On a line you can see a whole GAN at once: the data, the generated points, and what the discriminator says about
# every place. So this is where you learn what the two players see, what they want, and what it looks like when nobody
# wins.*
#
# > **You will be able to**
# > - say what each of the two networks sees, and what it never sees
# > - predict what a discriminator learns against a generator that stands still, and compare it with the exact answer
# > - explain why a generator must not learn alone, and why neither player may run away from the other
# > - recognise equilibrium by its numbers: ½, 2 ln 2 and ln 2
# > - say why these numbers prove nothing, and ask a fresh judge instead
# >
# > **Before you start** [00 · start here](00_start_here.ipynb). Of mathematics you need what a density is (a curve that
# > is high where points are frequent), logarithms and slopes. Of PyTorch: tensors, `backward()` and an optimiser's
# > step. New to PyTorch? Do its own
# > [*Learn the Basics*](https://docs.pytorch.org/tutorials/beginner/basics/intro.html) first, up to *Optimization*.
# >
# > **Minutes** {{read_minutes}} to read (there is a place for a break after section 6) · {{run_time}} to run on two CPU
# > cores · GPU: none needed

# %% [markdown]
# ## The idea in a picture
#
# Everything happens on a line. The real data (blue) lie in two clusters, at −2 and at 2. The generator, our forger,
# has put its points (orange) around 0. The green curve is what the discriminator, our detective, says about each
# place: D(x) goes from 0, "generated", to 1, "real".

# %% jupyter={"source_hidden": true}
import math
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, ensemble, nets, objectives, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)  # these nets are tiny: a second CPU thread would mostly wait for the first

real = data.toy.gaussian_mixture([-2.0, 2.0], std=0.5)
forger = data.toy.gaussian_mixture([0.0], std=1.0)
x = torch.linspace(-4, 4, 401)[:, None]
p, q = real.density(x), forger.density(x)


# %% jupyter={"source_hidden": true}
def stage(ax, p, q, D, title=None, label="D(x)"):
    ax.fill_between(x[:, 0], p, color=plotting.REAL, alpha=0.3, linewidth=0, label="density: real")
    ax.fill_between(x[:, 0], q, color=plotting.FAKE, alpha=0.3, linewidth=0, label="density: generated")
    ax.axhline(0.5, color="0.8", linewidth=1, zorder=0)
    ax.plot(x[:, 0], D, color=plotting.DISC, label=label)
    ax.set(xlim=(-4, 4), ylim=(0, 1.03), yticks=[0, 0.5, 1], title=title)


_, ax = plt.subplots(figsize=(6.8, 3.6))
stage(ax, p, q, p / (p + q))
opinion = torch.sigmoid(real.log_prob(x) - forger.log_prob(x))
for place in (-1.6, -0.9, 0.9, 1.6):  # two points on each side, and where their slope sends them
    height = opinion[(x[:, 0] - place).abs().argmin()].item()
    end = (place + math.copysign(0.45, place), min(height + 0.3, 0.97))
    ax.scatter([place], [height], marker="^", s=80, color=plotting.FAKE, zorder=4)
    ax.annotate("", end, (place, height), arrowprops={"arrowstyle": "->", "linewidth": 2, "color": plotting.FAKE})
ax.set(xlabel="x", ylabel="density, or D(x)")
ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3)
plt.show()

# %% [markdown]
# This is the whole game:
#
# - **Real points push the green curve up where they lie. Generated points push it down** where they lie.
# - **Generated points walk uphill** on the green curve, as the arrows show. They take the orange cluster with them.
#
# Then the green curve bends to the new situation, the points walk again, and so on. When orange covers blue, there is
# nothing left to bend. The curve is flat, at ½.

# %% [markdown]
# ## 1. Points on a line
#
# In the code, the data are called `real`, and the orange cluster of the picture is called `forger`. We can draw points
# from both, and we know both densities exactly. So you need not believe anything in this chapter: each network can be
# compared with the right answer.
#
# How far are two sets of points apart? Sort both, pair them in that order, and take the mean distance within the pairs.
# That is how far a point has to travel, on average, to turn one set into the other. (This number is the *Wasserstein-1
# distance*. Chapter 34 is about it.)


# %%
def distance(a, b):
    """Samples (..., N) and (N,) → how far a point has to travel on average, (...,)."""
    return (a.sort(-1).values - b.sort(-1).values).abs().mean(-1)


device.seed_everything(0)
unseen = real.sample(20_000)[:, 0]
floor = distance(real.sample(20_000)[:, 0], unseen)
far = distance(forger.sample(20_000)[:, 0], unseen)
claim("real points against other real points: not 0, but less than 0.1", 0 < floor < 0.1, measured=floor)
claim("the points of the forger have to travel more than 1 on average", far > 1, measured=far)
print(f"real points {floor:.2f}, forger {far:.2f}")

# %% [markdown]
# The first number is the **floor**: perfect points come about as close as that, sometimes a little closer, because two
# random samples are never equal.
#
# On the line, a **generator** is just a curve. Noise $z$ goes in, and the place $G(z)$ comes out. Our noise is
# $z \sim N(0, 1)$: it is drawn from the normal distribution with mean 0 and standard deviation 1.
#
# **Predict, and say why:** there is a curve that forges perfectly. It must send half of the noise to each cluster. What
# does it look like in the middle, near $z = 0$?


# %% jupyter={"source_hidden": true}
def make_net():
    return nets.mlp([1, 32, 32, 1], activation="tanh")  # one number in, one number out: serves as G and as D


grid = torch.linspace(-6, 6, 4001)
below = real.density(grid[:, None]).double().cumsum(0) * (grid[1] - grid[0])  # the share of real points left of x


def perfect(z):
    share = torch.special.ndtr(z.double())  # the share of the noise that is smaller than z
    return torch.from_numpy(np.interp(share, below, grid)).float()


z = torch.linspace(-3, 3, 300)
untrained = {f"generator {i}, untrained": make_net()(z[:, None])[:, 0].detach() for i in range(2)}
colors = dict.fromkeys(untrained, plotting.FAKE)
plotting.curves(z, {"exact: a perfect forger": perfect(z)} | untrained, "noise z", "place G(z)", colors=colors)

# %%
made = perfect(torch.randn(20_000))
identity("its points need less than a twentieth of the forger's way", distance(made, unseen) < far / 20)
identity(
    "hardly anything lands in the middle: fewer than 1 % within 0.5 of x = 0", (made.abs() < 0.5).float().mean() < 0.01
)

# %% [markdown]
# The perfect curve almost *jumps*. Hardly any real point lies in the empty middle, so hardly any noise may land there:
# the curve must cross it very steeply. (Turned upside down, the curve would be just as good.)
#
# The orange curves are two untrained networks. They are nearly flat, so they send all noise to nearly one place. What
# the generator has to learn lies between these pictures.

# %% [markdown]
# ## 2. What each network sees
#
# <!-- *Also asked as:* how does a GAN work; what does a GAN do; GAN的工作原理; GAN是怎么工作的 -->
#
# **The discriminator** sees one number $x$ and gives one number, its **logit** $\ell$. The probability "real" is
# $D(x) = \sigma(\ell)$, where the *sigmoid* $\sigma(\ell) = 1 / (1 + e^{-\ell})$ turns any number into one between 0
# and 1.
#
# It judges each point by itself. It never compares sets of points, and never sees which other points are in the batch.
# (This holds as long as it has no layers that mix a batch, such as batch norm.)

# %%
device.seed_everything(1)
G, D = make_net(), make_net()
points = real.sample(100)
alone = torch.cat([D(point[None]) for point in points])
identity("one by one or all together: the same logits", D(points).allclose(alone, atol=1e-5))

# %% [markdown]
# While the discriminator learns, it is also told which points are real. That is an ordinary classification with two
# classes, and it gets the ordinary loss: minus the logarithm of the probability that it gave to the right answer.
#
# Why the logarithm? It measures *surprise*. If you gave the right answer the probability 1, you are not surprised:
# $-\ln 1 = 0$. If you gave it ½, your surprise is $\ln 2 \approx 0.69$. The closer to 0 your probability was, the more
# it costs, without limit.
#
# **The generator** wants its points to be called real. Here are both losses, computed from logits. (`F.logsigmoid` is
# $\log \sigma$, and $1 - \sigma(\ell) = \sigma(-\ell)$.)


# %%
def loss_d(real_logits, fake_logits):
    return -F.logsigmoid(real_logits).mean(-2) - F.logsigmoid(-fake_logits).mean(-2)  # -2: over the points


def loss_g(fake_logits):
    return -F.logsigmoid(fake_logits).mean(-2)


nothing = torch.zeros(5, 1)  # logit 0: D says ½
identity(
    "D says ½ to everything: its loss is 2 ln 2 ≈ 1.386",
    loss_d(nothing, nothing).isclose(torch.tensor(2 * math.log(2))),
)
identity("and the generator's loss is then ln 2 ≈ 0.693", loss_g(nothing).isclose(torch.tensor(math.log(2))))

# %% [markdown]
# (This loss of the generator is called *non-saturating*. Another one, the *minimax* loss, is $\log(1 - D)$. Chapter 32
# compares them.)
#
# No real point occurs in `loss_g`. Whatever the generator learns about the data, it learns from the discriminator. How
# much of the discriminator does it get to see: the values, the whole curve, or something else?
#
# **Predict, and say why:** at each generated point, we replace the curve of the logit by its *tangent*, a straight line
# that has the right value and the right slope at this one place, and is wrong everywhere else. How does the generator's
# gradient change?

# %%
fakes = G(torch.randn(64, 1))
whole = torch.autograd.grad(loss_g(D(fakes)), G.parameters(), retain_graph=True)

place = fakes.detach().requires_grad_()
value = D(place)
(slope,) = torch.autograd.grad(value.sum(), place)
tangent = value.detach() + slope * (fakes - place.detach())  # one straight line for each generated point
only_slopes = torch.autograd.grad(loss_g(tangent), G.parameters())
identity(
    "the generator's gradient does not change at all",
    all(a.allclose(b, atol=1e-5) for a, b in zip(whole, only_slopes, strict=True)),
)

# %% [markdown]
# Not at all. The reason is the chain rule: a gradient asks what happens when each point moves by a tiny bit, and for
# that only the value and the slope at this point matter.
#
# So the generator learns, at each of its *own* points, how real it looks and **which way is uphill**. It learns nothing
# else: no data, and no curve between its points. If the best place lies behind a valley, it can't know.
#
# | | sees | never sees | may change |
# |---|---|---|---|
# | discriminator | points, and (in training) which are real | the noise, the generator | its own weights |
# | generator | noise; value and slope of $\ell$ at its points | a real point | its own weights |

# %% [markdown]
# ## 3. The discriminator alone
#
# We take one player at a time. The forger of the first picture stands still: $G(z) = z$. Only the discriminator learns.
# We train eight of them at once, each with its own random weights, because we want to know what holds for all of them.
#
# This is one turn of a discriminator. (`eight_samples` draws a batch for each of the eight. It is folded above the
# turn.)


# %% jupyter={"source_hidden": true}
def eight_nets(seed=0):
    return ensemble.stack(ensemble.single_nets(make_net, make_net, seed + i)[0] for i in range(8))


def eight_samples(distribution, n=128):
    return distribution.sample(8 * n).view(8, n, 1)


# %%
def discriminator_turn(D, optimizer, fake):
    loss = loss_d(D(eight_samples(real)), D(fake.detach()))  # detach: nothing here may reach the generator
    optimizer.zero_grad()
    loss.sum().backward()  # the sum over the eight: none has a weight in common with another
    optimizer.step()


# %% [markdown]
# **Predict, and say why:** a discriminator learns for 600 steps, and the forger never answers. Will $D$ become sure
# everywhere, with values near 0 and 1? What will it say at $x = 0$, at $x = 2$, and where blue and orange are equally
# high?

# %% jupyter={"source_hidden": true}
device.seed_everything(0)
detectives = eight_nets()
optimizer = torch.optim.Adam(detectives.parameters(), lr=2e-3)
exact = torch.sigmoid(real.log_prob(x) - forger.log_prob(x))


@torch.no_grad()
def opinions(at):
    return torch.sigmoid(detectives(at.expand(8, -1, 1)))[..., 0]  # (8, places)


def interview(step):
    figure = plotting.figure(6.8, 3.6)
    ax = figure.subplots()
    stage(ax, p, q, opinions(x).T, title=f"eight discriminators, step {step}", label=None)
    ax.plot(x[:, 0], exact, color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5)
    ax.set(xlabel="x", ylabel="density, or D(x)")
    return figure


# %%
with plotting.Live(share=0.3) as live:
    for step in range(601):
        discriminator_turn(detectives, optimizer, eight_samples(forger))
        live.draw(partial(interview, step))

# %% [markdown]
# It does not become sure everywhere: its answer is *graded*. At 0 nearly all points are generated, so it says almost
# 0. At 2 about nine of ten points are real, so it says about 0.9. Where blue and orange are equally high, it says ½.
#
# The black dashes show the curve that all eight have found, except near the edges (we come to them):
#
# $$D^*(x) = \frac{p(x)}{p(x) + q(x)}.$$
#
# Here $p$ is the density of the real points and $q$ that of the generated ones. The formula has a plain meaning. Of
# all points that come by at this $x$, it is the **share of real ones**, if equally many real and generated points are
# shown. Nobody can know more about a single point. (Chapter 32 has the proof.)

# %%
weight = (p + q) / (p + q).sum()
off = ((opinions(x) - exact).abs() * weight).sum(1)
claim(
    "on average over the points that come by, each of the eight is off by less than 0.08",
    (off < 0.08).all(),
    measured=off,
)
claim("and the median of the eight by less than 0.04", off.median() < 0.04, measured=off)

# %% [markdown]
# **Predict:** these eight agree with each other, and with the truth. What do they say at $x = 6$? That is far outside
# the picture, where neither real nor generated points lie.

# %%
there = torch.tensor([[6.0]])
truth = torch.sigmoid(real.log_prob(there) - forger.log_prob(there))
identity("the exact answer: less than one in 100,000 points there is real", truth < 1e-5, measured=truth)
claim("all eight say: real! (D above 0.6)", (opinions(there) > 0.6).all(), measured=opinions(there))

# %% [markdown]
# All eight are wrong, and they don't know it. The place 6 is eight standard deviations away from the nearest real
# cluster, and six from the forger's. So the forger is far more likely to have made a point there. But no such point
# ever came by. The networks have simply gone on in the direction that was right at 2.
#
# Remember this: **a discriminator knows only the places where points have been.** Its slope outside is a guess, and the
# generator walks on that slope.

# %% [markdown]
# ## 4. The generator alone
#
# Now the other way round: the discriminator stands still. We can even take the exact $D^*$ against the forger, from
# above. Eight new generators learn to please it. This is one turn of a generator:


# %%
def generator_turn(G, optimizer, logit):
    loss = loss_g(logit(G(torch.randn(8, 128, 1))))
    optimizer.zero_grad()
    loss.sum().backward()
    optimizer.step()


# %% [markdown]
# **Predict, and say why:** where will their points be after a thousand steps? In two clusters at −2 and 2, as wide as
# the real ones?


# %%
def standing_still(x):
    return (real.log_prob(x) - forger.log_prob(x))[..., None]  # the logit of p / (p + q) is log p - log q


device.seed_everything(0)
pleasers = eight_nets()
optimizer = torch.optim.Adam(pleasers.parameters(), lr=2e-3)
for _ in range(1000):
    generator_turn(pleasers, optimizer, standing_still)
with torch.no_grad():
    ended = pleasers(torch.randn(8, 2000, 1))[..., 0]

# %% jupyter={"source_hidden": true}
figure, (top, bottom) = plt.subplots(2, 1, figsize=(6.8, 4.2), sharex=True, height_ratios=[2, 1.5])
stage(top, p, q, exact)
top.set(ylabel="density, or D(x)")
for row, places in enumerate(ended):
    bottom.scatter(
        places[:300], torch.full((300,), row), s=14, marker="^", color=plotting.FAKE, alpha=0.5, linewidths=0
    )
for best in (-8 / 3, 8 / 3):
    top.axvline(best, color=plotting.THEORY, linestyle=":", linewidth=1.5)
    bottom.axvline(best, color=plotting.THEORY, linestyle=":", linewidth=1.5, zorder=0)
bottom.set(xlabel="x", ylabel="seed", yticks=range(8), xlim=(-4, 4))
plt.show()

# %% [markdown]
# Each row is one generator, with 300 of its points. There are two surprises.
#
# **The points sit on one spot** (or on two), not in wide clusters. Each point walks uphill to the top, and no term of
# the loss asks for variety. To please a detective who stands still, one forgery is as good as a thousand.
#
# **The spot is not 2**, where real points are densest, but further out. There are fewer real points out there, but
# the forger's points are rarer still. The green curve is highest where the *ratio* $p/q$ is largest. On the right
# side, where the left cluster hardly matters, $\ell = \log p - \log q = \frac12 x^2 - 2(x - 2)^2$ plus a constant.
# Its slope is $x - 4(x - 2)$, and that is 0 at $x = 8/3$:

# %%
tops = x[:, 0][x[:, 0] > 0]
identity("D* is highest at 8/3 ≈ 2.67", abs(tops[exact[x[:, 0] > 0].argmax()] - 8 / 3) < 0.02)
near = ((ended.abs() - 8 / 3).abs() < 0.5).float().mean(1)
claim("each of the eight has at least 75 % of its points within 0.5 of 8/3 or -8/3", (near > 0.75).all(), measured=near)
on_the_left = (ended < 0).float().mean(1)
one_sided = ((on_the_left < 0.05) | (on_the_left > 0.95)).sum()
claim("at least three of them have given up one side altogether", one_sided >= 3, measured=on_the_left)

# %% [markdown]
# So a generator that learns alone **collapses**, even with a teacher who is perfect against the forger. This teacher
# was made for the forger's points, and these generators have others, from the first step on. As soon as points move,
# the discriminator must look again.
#
# 🔎 **Try it.** Let the generators learn against `detectives`, the trained discriminators of section 3, in place of
# `standing_still`. Where will the points stop this time? Think of $x = 6$ before you run it.
#
# <details><summary>What to expect</summary>
#
# In our runs, nearly all of them walked outwards, past 8/3, and in three games beyond 6. These
# discriminators have never seen a point out there, and their curve goes on rising, or stays flat, where the exact one
# falls. The generator follows a guess.
#
# </details>

# %% [markdown]
# ## 5. Turn by turn
#
# So both must move. But how long should a turn be? *"First train the discriminator well, then the generator"* sounds
# sensible: the better the detective, the better the lesson.
#
# We let eight pairs play. Each generator makes 400 updates in all. In one plan these are shared out over **400 short
# turns** of one update each. In the other there are **4 long turns** of 100 updates for each player.
#
# **Predict, and say why:** which pairs come nearer to the data? By a little, or by a lot?


# %%
def play(turns, d_updates=1, g_updates=1):
    """Train eight pairs in turns; after each turn, give the generators."""
    device.seed_everything(0)
    G, D = eight_nets(seed=0), eight_nets(seed=100)
    opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.999)) for net in (G, D))
    for _ in range(turns):
        for _ in range(d_updates):
            discriminator_turn(D, opt_d, G(torch.randn(8, 128, 1)))
        for _ in range(g_updates):
            generator_turn(G, opt_g, D)
        yield G


@torch.no_grad()
def points_of(G, n=20_000):
    return G(torch.randn(8, n, 1))[..., 0]


# %%
long = [points_of(G) for G in play(turns=4, d_updates=100, g_updates=100)]
*_, last = play(turns=400)
short = points_of(last)

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.2))
for row, places in enumerate([*long, short]):
    for seed in range(8):
        height = torch.full((120,), row + 0.08 * (seed - 3.5))
        ax.scatter(places[seed, :120], height, s=6, marker="^", color=plotting.FAKE, alpha=0.5, linewidths=0)
ax.axhline(3.5, color="0.7", linewidth=1)
for cluster in (-2, 2):
    ax.axvspan(cluster - 1, cluster + 1, color=plotting.REAL, alpha=0.15, linewidth=0, zorder=0)
labels = [f"after long turn {i}" for i in (1, 2, 3, 4)] + ["after 400\nshort turns"]
ax.set(xlim=(-5, 5), yticks=range(5), yticklabels=labels, xlabel="x  (blue: where 95 % of real points lie)")
ax.invert_yaxis()
plt.show()

# %% [markdown]
# By a lot. (In each block of the picture, the eight rows are the eight pairs.) With long turns, many generators keep
# their points in one spot, and the spot *jumps* from turn to turn. This is section 4 again and again: during its long
# turn, the generator climbs a curve that was made for points that are no longer there. The same number of updates in
# short turns gives two clusters.
#
# But both players had long turns. Which of the two is it that must not be long? Let us lengthen one at a time:
#
# - **D long**: ten updates of the discriminator for each one of the generator
# - **G long**: one update of the discriminator for ten of the generator
# - **both long**: ten and ten
#
# The generator makes 400 updates in each plan. The discriminator makes 4,000, 40 and 400.
#
# **Predict, and say why:** which of the three plans still works?

# %%
plans = {
    "1 : 1": short,
    "10 : 10": points_of([*play(40, 10, 10)][-1]),
    "10 : 1 (D long)": points_of([*play(400, 10, 1)][-1]),
    "1 : 10 (G long)": points_of([*play(40, 1, 10)][-1]),
    "100 : 100": long[-1],
}
ways = {name: distance(points, unseen) for name, points in plans.items()}
plotting.bars_with_floor(ways, "distance to real points", floor=floor.item(), baseline=far.item())

# %%
lost = {name: ((points < 0).float().mean(1) - 0.5).abs() > 0.45 for name, points in plans.items()}  # a cluster is lost
claim("1 : 1, all eight are nearer than 0.8", (ways["1 : 1"] < 0.8).all(), measured=ways)
claim("10 : 10, at least seven are nearer than 0.8", (ways["10 : 10"] < 0.8).sum() >= 7, measured=ways)
claim("100 : 100, at least three of eight are further than 1.3", (ways["100 : 100"] > 1.3).sum() >= 3, measured=ways)
claim("G long: at least six of eight are further than 1.3", (ways["1 : 10 (G long)"] > 1.3).sum() >= 6, measured=ways)
d_long = "10 : 1 (D long)"
claim("D long: at least two of eight have lost a whole cluster", lost[d_long].sum() >= 2, measured=lost[d_long])
claim("1 : 1, none has", not lost["1 : 1"].any(), measured=lost["1 : 1"])
ratio = ways["10 : 10"].median() / ways["1 : 1"].median()
claim("10 : 10 is as near as 1 : 1: medians within a factor of 1.5", 1 / 1.5 < ratio < 1.5, measured=ratio)
narrow = plans["1 : 10 (G long)"].std(1)
claim("G long: at least five are narrower than 1 (real points: about 2)", (narrow < 1).sum() >= 5, measured=narrow)

# %% [markdown]
# (In the picture, the floor is real points against real points. The baseline is the forger of the first picture, $G(z)
# = z$.)
#
# Ten updates for *both* work as well as one for both. What fails is imbalance, and very long turns:
#
# - **G long.** Most generators end with nearly all their points in one spot, as in section 4, and often far outside
#   the data.
# - **D long.** In some pairs all is well. In others the generator has lost a whole cluster, and a discriminator that
#   was trained ten times as much hasn't brought it back. So "train D better" is not safe either.
# - **Both very long (100 : 100).** Each player learns an answer to a situation that is gone as soon as the other one
#   moves.
#
# Most GANs take turns. What counts is that neither player runs away from the other. How much is too much depends on
# nets and learning rates: these numbers are for ours, after 400 updates of each generator. (In chapter 34 you will
# meet a discriminator that may be trained as long as you like.)

# %% [markdown]
# 🔎 **Try it.** Two more plans: three updates of D for each one of G, `[*play(400, 3, 1)][-1]`, and fifty of D for ten
# of G, `[*play(40, 50, 10)][-1]`. The second gives "G long" a discriminator that is well trained. Does that save it?
#
# <details><summary>What we saw</summary>
#
# Three to one looked like 1 : 1. With these seeds, all eight were nearer than 0.8, and none had lost a cluster.
#
# Fifty for ten did not save it: six of the eight pairs had lost a cluster. But ten for ten works, and its turns of G
# are just as long. So G's ten updates do no harm if D makes as many, and five times as many are too many. And the
# ratio alone can do harm: with short turns and the same ratio, `[*play(400, 5, 1)][-1]`, three of the eight lost one.
#
# </details>

# %% [markdown]
# ## 6. Together, live
#
# `training.GAN` plays in short turns. The discriminator learns from 128 real and 128 generated points, then the
# generator learns from the new discriminator, and so on. Now we watch one pair. (The folded code draws the
# generator's density: it sends 100,001 evenly spaced values of noise through the curve, and counts, weighted, where
# they land.)


# %% jupyter={"source_hidden": true}
dense = torch.linspace(-5, 5, 100_001)
mass = torch.exp(-0.5 * dense**2) / torch.exp(-0.5 * dense**2).sum()


@torch.no_grad()
def snapshot(gan):
    places = gan.generator(dense[:, None])[:, 0]
    counted, _ = np.histogram(places, bins=len(x), range=(-4.01, 4.01), weights=mass)
    density = np.convolve(counted / 0.02, np.ones(9) / 9, mode="same")  # bins of 0.02, smoothed over nine
    return density, torch.sigmoid(gan.logits(x)), f"step {gan.step}"


def scene():
    figure = plotting.figure(6.8, 3.4)
    stage(ax := figure.subplots(), p, *snapshot(pair))
    ax.set(xlabel="x", ylabel="density, or D(x)")
    return figure


# %% [markdown]
# **Before you run the next cell:** the generated points start in one narrow cluster near 0. What will they do first:
# grow evenly to both sides, or all run to one side? And will the green curve come to rest?

# %%
settings = {"lr": 1e-3, "device": "cpu"}
pair = training.GAN(*ensemble.single_nets(make_net, make_net, 0), **settings)
film = {}
with plotting.Live(share=0.3) as live:
    for step in training.train(pair, real, steps=1000, progress=False):
        if step.number in (1, 25, 50, 100, 200, 1000):
            film[step.number] = snapshot(pair)
        live.draw(scene)

# %% [markdown]
# That went fast. Here are six moments of it:

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(2, 3, figsize=(6.8, 3.8), sharex=True, sharey=True)
for ax, moment in zip(axes.flat, film.values(), strict=True):
    stage(ax, p, *moment)
axes[1, 1].set_xlabel("x   (blue: real, orange: generated, green: D)")
plt.show()

# %% [markdown]
# Read it like a comic:
#
# - At first, orange is one spike. It shifts to one side, and D has already marked that side as generated.
# - Then orange spreads over the whole line, further than the data.
# - Then green sinks outside and in the middle. Orange gathers under the two hills that are left, until the hills are as
#   high as ½ and no higher. There the discriminator can't tell.
#
# Count that as a success, not as perfection. The clusters are in the right places. But some orange stays between
# them, because a network's curve $G(z)$ can be steep, and can't jump. Green still has a dip there, and is right. And
# orange has sharp spikes (cut off in the picture): where the curve $G(z)$ is flat, much noise lands in one place.
#
# ☕ **This is a good place for a break.** You have seen the game. What follows is about its end: what equilibrium looks
# like, and why it can't be read off the losses.

# %% [markdown]
# ## 7. What equilibrium looks like
#
# A game is in **equilibrium** when neither player can do better by changing *alone*. Suppose that the forger is
# perfect: $q = p$. Then the share of real points is ½ everywhere, so the best $D$ says ½, and it can't do better. Its
# curve is flat, so no generated point knows a way uphill. Neither player moves. The losses are then
#
# $$L_D = -\ln ½ - \ln ½ = 2 \ln 2 \approx 1.386, \qquad L_G = -\ln ½ = \ln 2 \approx 0.693.$$
#
# We can try that, because we own a perfect forger: the data themselves.
#
# **Predict, and say why:** eight fresh discriminators try for 400 steps to tell real points from real points. What will
# their loss be, on points that they haven't seen?


# %%
def fresh_judge(sample, steps=400):
    """Train eight new discriminators against generators that stand still; their loss on unseen points, (8,)."""
    device.seed_everything(7)
    judges = eight_nets(seed=1000)
    optimizer = torch.optim.Adam(judges.parameters(), lr=2e-3)
    for _ in range(steps):
        discriminator_turn(judges, optimizer, sample(128))
    with torch.no_grad():
        return loss_d(judges(eight_samples(real, 20_000)), judges(sample(20_000)))[:, 0]


verdicts = {"perfect": fresh_judge(lambda n: eight_samples(real, n))}
claim(
    "2 ln 2, within 0.01, for all eight: they have found nothing",
    (verdicts["perfect"] - 2 * math.log(2)).abs().max() < 0.01,
    measured=verdicts["perfect"],
)

# %% [markdown]
# Their loss is 2 ln 2: there was nothing to find. That is equilibrium, seen from the discriminator's side.
#
# Does a *trained* pair get there? We train eight pairs for 1,000 short turns. We also measure their distance to the
# data. To keep the luck of the draw out of it, we send 4,000 evenly spread values of noise through each generator,
# and compare with where the perfect forger puts the same values.

# %%
gans = ensemble.gans(make_net, make_net, seeds=8, **settings)
verdicts["untrained"] = fresh_judge(gans.sample)
even = torch.special.ndtri((torch.arange(4000) + 0.5) / 4000)  # each holds 1/4000 of the noise
travel = {"step": [], "distance": []}
for step in training.train(gans, real, steps=1000, progress=False):
    if step.number % 20 == 0:
        travel["step"].append(step.number)
        travel["distance"].append(distance(gans.sample(even.expand(8, -1)[..., None])[..., 0], perfect(even)))

# %% jupyter={"source_hidden": true}
figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.4))
plotting.loss_curves(gans.history, ax=left, title="losses")
away = torch.stack(travel["distance"])
plotting.seeds_over_time(travel["step"], away, "", ax=right, title="distance to the data")
plt.show()

# %%
losses = gans.history.columns
late = {name: losses[name][-200:].mean(0) for name in ("loss_d", "loss_g")}
claim(
    "all eight: the discriminator's loss, over the last 200 steps, is 2 ln 2 within 0.02",
    (abs(late["loss_d"] - 2 * math.log(2)) < 0.02).all(),
    measured=late,
)
claim("and the generator's loss is ln 2 within 0.04", (abs(late["loss_g"] - math.log(2)) < 0.04).all(), measured=late)
with torch.no_grad():
    says = torch.sigmoid(gans.logits(x.expand(8, -1, 1)))
shrug = (p * (says - 0.5).abs()).sum(1) / p.sum()
claim("at real points, D is on average less than 0.12 away from ½", (shrug < 0.12).all(), measured=shrug)

# %%
early = losses["loss_d"][150:250].mean(0)
claim("after step 200, the discriminator's loss rises, in all eight", (early < late["loss_d"]).all(), measured=early)
nearer = away[-10:].mean(0) / away[7:12].mean(0)  # the last 200 steps, and those around step 200
claim("and the points get nearer, in at least seven of eight", (nearer < 1).sum() >= 7, measured=nearer)
start = losses["loss_d"][0]
claim("at step 1, its loss is near 2 ln 2 as well: within 0.2", (abs(start - 2 * math.log(2)) < 0.2).all(), start)
claim("and 19 steps later the points are still more than 0.6 away", (away[0] > 0.6).all(), measured=away[0])

# %% [markdown]
# It looks like equilibrium. After step 200, $L_D$ rises to $2 \ln 2$ while the points get nearer. But loss and points
# need not go together. At the very start $L_D$ is near $2 \ln 2$, too: the discriminator has not learned anything yet.
# Only a *small* loss on new points has one meaning: the discriminator can tell them from real ones.
#
# And is the game at rest? Look at the right picture. For hundreds of steps the losses have stayed where they are, while
# the thin lines, one for each pair, still wander.

# %%
previous = losses["loss_d"][-400:-200].mean(0)
claim("200 steps earlier it was the same, within 0.02", (abs(previous - late["loss_d"]) < 0.02).all(), previous)
claim("no pair has arrived: all are more than 0.06 away from the data", (away[-1] > 0.06).all(), measured=away[-1])
swing = (away[-20:].max(0).values - away[-20:].min(0).values).median()
claim("in the last 400 steps a typical distance still changes by more than 0.03", swing > 0.03, measured=swing)
rises = (away[-20:].diff(dim=0) > 0).float().mean(0)
claim("up and down: a fifth to four fifths of the changes are rises", ((rises > 0.2) & (rises < 0.8)).all(), rises)

# %% [markdown]
# How can that be? Suppose that a forger is perfect except for its shares: it puts 60 % of its points to the right, and
# 40 % to the left. One point in ten is on the wrong side.
#
# **Predict, and say why:** how much lower than $2 \ln 2 = 1.386$ is then the loss of the *best possible* discriminator?

# %% jupyter={"source_hidden": true}
wide = torch.linspace(-7, 7, 7001)[:, None]


def lowest_loss(share):
    """The loss of p / (p + q) when the forger puts this share of its points to the right."""
    lopsided = data.toy.gaussian_mixture([-2.0, 2.0], std=0.5, weights=[1 - share, share])
    logit = real.log_prob(wide) - lopsided.log_prob(wide)
    terms = real.density(wide) * F.softplus(-logit) + lopsided.density(wide) * F.softplus(logit)
    return terms.sum().item() * 0.002  # softplus(-ℓ) is -log σ(ℓ); the sum is an integral, in steps of 0.002


# %%
gap = {share: 2 * math.log(2) - lowest_loss(share) for share in (0.5, 0.55, 0.6)}
identity("even shares: 2 ln 2", abs(gap[0.5]) < 1e-4, measured=gap)
identity("60 % on the right: lower by 0.01, so 1.376", abs(gap[0.6] - 0.010) < 0.001, measured=gap)
identity("55 %, half the error: lower by a quarter of that", 3.5 < gap[0.6] / gap[0.55] < 4.5, measured=gap)

# %% [markdown]
# Only by 0.01. The reason: $2 \ln 2$ is the *highest* value that the best discriminator's loss can have, and near its
# top a smooth curve is flat. So the loss changes with the *square* of the error. Half the error shows only a quarter
# as much.
#
# So even the best possible discriminator's loss can hardly tell *how* near you are. The loss of another discriminator
# may tell even less, as the next section shows.

# %% [markdown]
# ## 8. Perfect losses, blind judges
#
# Now we handicap the discriminator, in two ways. The first one sees only $|x|$, so it can't tell left from right:


# %%
class OneEyed(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x.abs())


pairs = [ensemble.single_nets(make_net, make_net, i) for i in range(8)]
one_eyed = training.GAN(ensemble.stack(G for G, _ in pairs), OneEyed(ensemble.stack(D for _, D in pairs)), **settings)
one_eyed = training.run(one_eyed, real, steps=1000, progress=False)

# %% [markdown]
# The second one has a bug that is easily made. One and the same tensor of logits is used for both halves of its loss,
# once with the label "real" and once with the label "generated". (This game gets 400 steps, not 1,000: its losses
# settle early.)

# %%
bug = objectives.Loss(
    "one tensor for both",
    discriminator=lambda real, fake: F.softplus(-fake).mean(-1) + F.softplus(fake).mean(-1),
    generator=lambda real, fake: F.softplus(-fake).mean(-1),
)
buggy = ensemble.gans(make_net, make_net, seeds=8, loss=bug, **settings)
buggy = training.run(buggy, real, steps=400, progress=False)

# %% [markdown]
# **Predict, and say why:** we have three games now, each with eight seeds. In which of them will the losses look most
# like equilibrium? And in which of them will the points?

# %%
games = {"proper": gans, "one-eyed": one_eyed, "one tensor": buggy}
ends = {}
for column in ("loss_d", "loss_g"):
    ends[column] = {name: game.history.columns[column][-200:].mean(0) for name, game in games.items()}
for name in games:
    claim(
        f"{name}: losses of 2 ln 2 and ln 2, within 0.04, in all eight",
        (abs(ends["loss_d"][name] - 2 * math.log(2)) < 0.04).all()
        and (abs(ends["loss_g"][name] - math.log(2)) < 0.04).all(),
        measured=ends,
    )

# %% jupyter={"source_hidden": true}
measured = {name: distance(game.sample(20_000)[..., 0], unseen) for name, game in games.items()}
_, (before, behind) = plt.subplots(1, 2, figsize=(6.8, 3.4))
plotting.bars_with_floor(ends["loss_d"], "", ax=before, title="loss of the discriminator")
plotting.bars_with_floor(measured, "", baseline=far.item(), ax=behind, title="distance to real points")
before.axhline(2 * math.log(2), color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5, zorder=0)
before.set_ylim(0, 1.6)
behind.set_yscale("log")
behind.set_yticks([0.2, 0.5, 1, 2, 5], ["0.2", "0.5", "1", "2", "5"])
behind.minorticks_off()
before.get_legend().remove()
plt.show()

# %%
left = (one_eyed.sample(20_000)[..., 0] < 0).float().mean(1)
lost = ((left < 0.05) | (left > 0.95)).sum()
claim("one-eyed: at least three of the eight generators have lost a whole cluster", lost >= 3, measured=left)
claim(
    "the median distance is at least three times as large in both handicapped games",
    min(measured["one-eyed"].median(), measured["one tensor"].median()) > 3 * measured["proper"].median(),
    measured=measured,
)

# %% [markdown]
# All three games show the losses of the textbook (left; the dashes are at $2 \ln 2$). In the buggy game that is no
# wonder: the best answer to its loss is ½, whatever the points are. So this game has learned nothing about the data,
# and its points are anywhere. (The baseline in the picture is the forger that knows nothing, $G(z) = z$.) In several
# one-eyed games, half of the data is missing, and the losses show nothing of it: to $|x|$, one cluster is as good as
# two.
#
# The losses say that *this* generator and *this* discriminator can't get the better of each other. They can't say
# whether another discriminator could. In a real equilibrium, **no** discriminator does better than $2 \ln 2$.

# %% [markdown]
# So we ask another one. A **fresh judge** knows nothing of the game. We freeze the generators and train eight new
# discriminators against them, as in section 7, where a perfect forger got 1.386. (The field calls this a *classifier
# two-sample test*.)
#
# **Predict:** what will the judges' loss be for the three games?

# %%
verdicts |= {name: fresh_judge(game.sample) for name, game in games.items()}
_, ax = plt.subplots(figsize=(6.8, 3.8))
ax.axhline(2 * math.log(2), color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5, label="exact: 2 ln 2")
plotting.bars_with_floor(verdicts, "loss of a fresh judge (unseen points)", ax=ax)
plt.show()

# %%
typical = {name: verdict.median() for name, verdict in verdicts.items()}
claim("the proper game: the median is above 1.25", typical["proper"] > 1.25, measured=verdicts)
claim(
    "both handicapped games: the median is below 1.1",
    max(typical["one-eyed"], typical["one tensor"]) < 1.1,
    measured=verdicts,
)
claim("untrained generators: below 0.3, all eight", (verdicts["untrained"] < 0.3).all(), measured=verdicts)

# %% [markdown]
# The fresh judge tells them apart. Here higher is better: the dashes are what a perfect forger gets. It is the honest
# use of the same loss. All games have the same judge, the generators stand still, and the points are unseen. Chapter
# 36 makes a test of it.
#
# **What this chapter does not show.** On a line, with two clusters and nets of a thousand weights, the pairs come
# close to equilibrium and then wander around it. Other games go round in circles for ever, and some have no
# equilibrium that networks could reach; chapter 33 is about that. And a judge can be blind, too. What none of your
# judges can see, no number of this kind will tell you.

# %% [markdown]
# ## Help, I get …
#
# ### a discriminator's loss of exactly 1.386 that never moves
# Beautiful, and suspicious. Are the real and the generated logits two different tensors? Is `x_real` really the data?
# Is there a sigmoid too many? Train the discriminator alone against an untrained generator: its loss must fall far
# below 1.386.
#
# ### all generated points in one place, which jumps
# Perhaps one player makes many updates before the other may answer (section 5). Or one learning rate is much too large.

# %% [markdown]
# ### generated points only between 0 and 1
# The generator ends in a sigmoid (or, between −1 and 1, in a tanh). So it can never reach the clusters at −2 and 2. For
# data without bounds, the last layer must be plain linear.
#
# ### `RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x128 and 1x32)`
# 128 points on a line must have the shape `(128, 1)`: 128 rows of one number. You have passed `(128,)`. Put `[:, None]`
# behind it.
#
# ### losses as in the book, and samples that are wrong
# That is section 8. Look at samples, measure a distance, and train a fresh judge. Then look for what your discriminator
# can't see.

# %% [markdown]
# ## Recap
#
# - The discriminator judges single points. It learns the share of real ones, $p/(p + q)$, where points have been.
# - The generator sees no data, only which way is uphill at its own points. Alone, it collapses onto the top.
# - Neither player may run away from the other: not by very long turns, and not by ten updates against one.
# - Equilibrium: neither can gain alone. $D = ½$, and the losses are $2 \ln 2$ and $\ln 2$. A *small* $L_D$ means that
#   D can tell the samples from real ones (or, with few data, that it knows these by heart).
# - These numbers also come from blind discriminators and from bugs. A fresh judge tells the difference.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>At x = 1 real points are three times as frequent as generated ones. What should D(1) be?</summary>
#
# 3/4. Of four points that come by there, three are real. To be more certain than that would cost loss whenever the
# fourth one comes.
#
# </details>
#
# <details><summary>Your discriminator's loss falls from 1.3 to 0.02. Is that good news?</summary>
#
# Not for the samples. The discriminator tells nearly all of them from real points, so something is wrong with them; how
# much, the loss doesn't say. (With few data it may also have learned the real ones by heart.) Samples that it can't
# tell apart would push its loss up, towards 1.386.
#
# </details>
#
# <details><summary>Somebody shows you losses of 1.386 and 0.693. What do you ask to see?</summary>
#
# Samples beside real ones; a distance with its floor, over several seeds; and what a freshly trained discriminator
# says. The two numbers only say that this pair is in a draw.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Goodfellow et al. 2014, *Generative Adversarial Nets*](https://arxiv.org/abs/1406.2661): figure 1 tells the story
#   of this chapter on a line; section 4 holds the proof of $p/(p+q)$.
# - [Goodfellow 2016, *NIPS 2016 Tutorial: Generative Adversarial Networks*](https://arxiv.org/abs/1701.00160): the
#   game, its losses and its troubles, explained by its inventor with hindsight.
# - [Arora et al. 2017, *Generalization and Equilibrium in GANs*](https://arxiv.org/abs/1703.00573): why a
#   discriminator of limited size can be in a draw with a generator that has left out much of the data.
# - [Lopez-Paz and Oquab 2017, *Revisiting Classifier Two-Sample Tests*](https://arxiv.org/abs/1610.06545): the fresh
#   judge, as a statistical test.

# %% [markdown]
# ## Key terms
#
# {{terms: density; discriminator; logit; optimal discriminator; equilibrium; alternating updates; fresh judge
# (classifier two-sample test)}}

# %% [markdown]
# # 21 · The adversarial game
#
# *On a line you can watch a whole GAN at once: the data, the forgeries and the detective's opinion of every place. So
# this is where you learn what the two players see, what they want, and what it looks like when nobody wins.*
#
# > **You will be able to**
# > - say what each of the two networks sees, and what it never sees
# > - predict what a discriminator learns against a forger that stands still, and check it against the exact answer
# > - explain why a generator must not play alone, and why the turns must be short
# > - recognise equilibrium by its numbers: ½, 2 ln 2 and ln 2
# > - say why these two numbers prove nothing, and ask a fresh judge instead
# >
# > **Before you start** [00 · start here](00_start_here.ipynb). Of mathematics, only what a density is: a curve that
# > is high where points are frequent.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU: none needed

# %%
import math
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, ensemble, nets, objectives, plotting, training
from gan_edu.claims import claim

plotting.use_style()
torch.set_num_threads(1)  # these nets are tiny: a second CPU thread would mostly wait for the first

# %% [markdown]
# ## The idea in a picture
#
# Everything happens on a line. Real data (blue) lie in two heaps, at −2 and 2. A forger puts its points (orange)
# around 0. The detective's opinion of each place is the green curve: D(x), from 0 "forged" to 1 "real".

# %%
real = data.toy.gaussian_mixture([-2.0, 2.0], std=0.5)
forger = data.toy.gaussian_mixture([0.0], std=1.0)
x = torch.linspace(-4, 4, 401)[:, None]
p, q = real.density(x), forger.density(x)


def stage(ax, p, q, D, title=None, label="D(x)"):
    ax.fill_between(x[:, 0], p, color=plotting.REAL, alpha=0.3, linewidth=0, label="density: real")
    ax.fill_between(x[:, 0], q, color=plotting.FAKE, alpha=0.3, linewidth=0, label="density: generated")
    ax.axhline(0.5, color="0.8", linewidth=1, zorder=0)
    ax.plot(x[:, 0], D, color=plotting.DISC, label=label)
    ax.set(xlim=(-4, 4), ylim=(0, 1.03), yticks=[0, 0.5, 1], title=title)


# %% jupyter={"source_hidden": true}
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
# That is the whole game:
#
# - **Real points push the green curve up where they lie; forged points push it down** where they lie.
# - **Forged points walk uphill** on the green curve (the arrows). They take the orange heap with them.
#
# Then the green curve bends to the new situation, the points walk again, and so on. When orange covers blue there is
# nothing left to bend: the curve is flat at ½.

# %% [markdown]
# ## 1 · Points on a line
#
# `real` and `forger` can be sampled, and their densities are known exactly. So nothing in this chapter has to be
# believed: we can compare each network with the right answer.
#
# How far are two heaps of points apart? Sort both, pair them in that order, and take the mean distance within the
# pairs: so far must each point travel, on average, to turn one heap into the other. (This is the *Wasserstein-1
# distance*; chapter 34 is about it.)


# %%
def distance(a, b):
    """Samples (..., N) and (N,) → the mean way from one heap to the other, (...,)."""
    return (a.sort(-1).values - b.sort(-1).values).abs().mean(-1)


device.seed_everything(0)
unseen = real.sample(20_000)[:, 0]
floor = distance(real.sample(20_000)[:, 0], unseen)
claim("real points against other real points: not 0, but less than 0.1", 0 < floor < 0.1, measured=floor)
far = distance(forger.sample(20_000)[:, 0], unseen)
claim("this forger's points have to travel more than 1 on average", far > 1, measured=far)

# %% [markdown]
# A **generator** on the line is nothing but a curve: noise $z$ goes in, the place $G(z)$ comes out. Our noise is
# $z \sim N(0, 1)$.
#
# **Before you look at the next picture:** there is a curve that forges perfectly. It must send half of the noise to
# each heap. What does it look like in the middle, near $z = 0$?


# %%
def make_net():
    return nets.mlp([1, 32, 32, 1], activation="tanh")  # one number in, one number out: serves as G and as D


grid = torch.linspace(-6, 6, 4001)
below = real.density(grid[:, None]).double().cumsum(0) * (grid[1] - grid[0])  # the share of real points left of x


def perfect(z):
    share = torch.special.ndtr(z.double())  # the share of the noise that is smaller than z
    return torch.from_numpy(np.interp(share, below, grid)).float()


# %%
z = torch.linspace(-3, 3, 300)
untrained = {f"generator {i}, untrained": make_net()(z[:, None])[:, 0].detach() for i in range(2)}
colors = dict.fromkeys(untrained, plotting.FAKE)
plotting.curves(z, {"exact: a perfect forger": perfect(z)} | untrained, "noise z", "place G(z)", colors=colors)

# %%
made = perfect(torch.randn(20_000))
claim("its points are as near to real ones as other real ones are (within 0.1)", distance(made, unseen) < 0.1)
claim(
    "hardly anything lands in the middle: fewer than 1 % within 0.5 of x = 0", (made.abs() < 0.5).float().mean() < 0.01
)

# %% [markdown]
# The perfect curve *jumps*, almost: it crosses the empty middle so steeply that hardly any noise lands there. Turned
# upside down it would be just as good. The untrained networks are nearly flat: all noise lands in one place. Between
# these pictures lies everything that the generator has to learn.

# %% [markdown]
# ## 2 · What each network sees
#
# **The discriminator** sees one number $x$ and gives one number, its **logit** $\ell$; the probability "real" is
# $D(x) = \sigma(\ell)$, between 0 and 1. It judges each point by itself: it never compares heaps, and never sees who
# sits beside it in the batch (as long as it has no layers that mix a batch, such as batch norm).

# %%
device.seed_everything(1)
G, D = make_net(), make_net()
points = real.sample(100)
alone = torch.cat([D(point[None]) for point in points])
claim("one by one or all together: the same logits", D(points).allclose(alone, atol=1e-5))

# %% [markdown]
# While it learns, it is told in addition which points are real. That is an ordinary classification with two classes,
# so it gets the ordinary loss: minus the logarithm of the probability that it gave to the right answer.
#
# **The generator** wants its points to be called real. Both losses, from logits (`F.logsigmoid` is $\log \sigma$, and
# $1 - \sigma(\ell) = \sigma(-\ell)$):


# %%
def loss_d(real_logits, fake_logits):
    return -F.logsigmoid(real_logits).mean(-2) - F.logsigmoid(-fake_logits).mean(-2)  # -2: over the points


def loss_g(fake_logits):
    return -F.logsigmoid(fake_logits).mean(-2)


nothing = torch.zeros(5, 1)  # logit 0: D says ½
claim(
    "D says ½ to everything: its loss is 2 ln 2 ≈ 1.386",
    loss_d(nothing, nothing).isclose(torch.tensor(2 * math.log(2))),
)
claim("and the generator's is ln 2 ≈ 0.693", loss_g(nothing).isclose(torch.tensor(math.log(2))))

# %% [markdown]
# (This loss of the generator is called *non-saturating*; the *minimax* loss, $\log(1 - D)$, is another one. What
# their difference means will be in chapter 32.)
#
# No real point occurs in `loss_g`. All that the generator ever learns about the data it learns from the
# discriminator. And how much of the discriminator does it get to see: the values, the whole curve, something else?
#
# **Predict:** we replace $D$, at each forged point, by the *tangent* to its curve: right at this one place, wrong
# everywhere else. How does the generator's gradient change?

# %%
fakes = G(torch.randn(64, 1))
whole = torch.autograd.grad(loss_g(D(fakes)), G.parameters(), retain_graph=True)

place = fakes.detach().requires_grad_()
value = D(place)
(slope,) = torch.autograd.grad(value.sum(), place)
tangent = value.detach() + slope * (fakes - place.detach())  # one straight line for each forged point
only_slopes = torch.autograd.grad(loss_g(tangent), G.parameters())
claim("not at all", all(a.allclose(b, atol=1e-5) for a, b in zip(whole, only_slopes, strict=True)))

# %% [markdown]
# The generator sees, at each of its *own* points, how real it looks and **which way is uphill**. Nothing else: no
# data, and no curve between its points. If the best place on the line lies behind a valley, it can't know.
#
# | | sees | never sees | may change |
# |---|---|---|---|
# | discriminator | points, and (in training) which are real | the noise, the generator | its own weights |
# | generator | noise; value and slope of $\ell$ at its points | a real point | its own weights |

# %% [markdown]
# ## 3 · The discriminator alone
#
# One player at a time. The forger of the first picture stands still, $G(z) = z$, and only the discriminator learns.
# Eight of them at once, each with its own random weights: this course wants to know what holds for all of them.


# %%
def eight_nets(seed=0):
    return ensemble.stack(ensemble.single_nets(make_net, make_net, seed + i)[0] for i in range(8))


def eight_samples(distribution, n=128):
    return distribution.sample(8 * n).view(8, n, 1)


def discriminator_turn(D, optimizer, fake):
    loss = loss_d(D(eight_samples(real)), D(fake.detach()))  # detach: nothing here may reach the generator
    optimizer.zero_grad()
    loss.sum().backward()
    optimizer.step()


# %% [markdown]
# **Before you run the next cell:** a discriminator learns for 600 steps and the forger never answers. Will $D$
# end up at 0 and 1, everywhere sure? And what will it say at $x = 0$, at 2, and where blue and orange are equally high?

# %%
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
# Not at 0 and 1: its opinion is *graded*. Black dashes show the curve that all eight have found, but for the edges (we
# come to them):
#
# $$D^*(x) = \frac{p(x)}{p(x) + q(x)},$$
#
# with $p$ the density of the real points and $q$ that of the forged ones. It has a plain meaning: equally many of both
# come by, and of those that come by at this $x$ it is the **share of real ones**. Nobody can know more about a single
# point. (The proof will be in chapter 32.)

# %%
weight = (p + q) / (p + q).sum()
off = ((opinions(x) - exact).abs() * weight).sum(1)
claim(
    "on average over the points that come by, each of the eight is off by less than 0.08",
    (off < 0.08).all(),
    measured=off,
)
claim("and their median by less than 0.04", off.median() < 0.04, measured=off)

# %% [markdown]
# **Predict:** these eight agree with each other, and with the truth. What do they say at $x = 6$, far outside the
# picture, where neither real nor forged points lie?

# %%
there = torch.tensor([[6.0]])
truth = torch.sigmoid(real.log_prob(there) - forger.log_prob(there))
claim("the exact answer: certainly forged (less than one in 100,000 is real)", truth < 1e-5, measured=truth)
claim("all eight say: real! (D above 0.6)", (opinions(there) > 0.6).all(), measured=opinions(there))

# %% [markdown]
# All eight are wrong, and don't know it. A point at 6 is eight standard deviations away from the nearest heap and six
# from the forger's, so the forger is far likelier to have made it. But no such point ever came by. The networks have
# simply gone on in the direction that was right at 2.
#
# Keep this in mind: **a discriminator knows only the places where points have been.** Its slope outside is a guess,
# and the generator walks on that slope.

# %% [markdown]
# ## 4 · The generator alone
#
# Now the other way round. The discriminator stands still, and we can afford the perfect one: $D^*$ from above, exact
# everywhere. Eight new generators learn to please it.
#
# **Before you run the next cell:** where will their points be after a thousand steps? In two heaps at −2 and 2, as
# wide as the real ones?


# %%
def generator_turn(G, optimizer, logit):
    loss = loss_g(logit(G(torch.randn(8, 128, 1))))
    optimizer.zero_grad()
    loss.sum().backward()
    optimizer.step()


def standing_still(x):
    return (real.log_prob(x) - forger.log_prob(x))[..., None]  # the logit of p / (p + q) is log p - log q


device.seed_everything(0)
pleasers = eight_nets()
optimizer = torch.optim.Adam(pleasers.parameters(), lr=2e-3)
for _ in range(1000):
    generator_turn(pleasers, optimizer, standing_still)
with torch.no_grad():
    ended = pleasers(torch.randn(8, 2000, 1))[..., 0]

# %%
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
# Each row is one generator: 300 of its points. Two surprises.
#
# **They sit on one spot** (or two), not in wide heaps. Each point wants to go uphill, to the top, and no term of the
# loss asks for variety. With one forgery you please a detective who stands still as well as with a thousand.
#
# **The spot is not 2**, where real points are densest, but further out. There are fewer real points there, but the old
# forger's points are rarer still, and the green curve is highest where the *ratio* $p/q$ is. On the right side (where
# the left heap hardly matters) $\ell = \log p - \log q = \frac12 x^2 - 2(x - 2)^2$. Its slope is
# $x - 4(x - 2)$, which is 0 at $x = 8/3$:

# %%
tops = x[:, 0][x[:, 0] > 0]
claim("D* is highest at 8/3 ≈ 2.67", abs(tops[exact[x[:, 0] > 0].argmax()] - 8 / 3) < 0.02)
near = ((ended.abs() - 8 / 3).abs() < 0.5).float().mean(1)
claim("each of the eight has at least 75 % of its points within 0.5 of 8/3 or -8/3", (near > 0.75).all(), measured=near)
on_the_left = (ended < 0).float().mean(1)
one_sided = ((on_the_left < 0.05) | (on_the_left > 0.95)).sum()
claim("at least three of them have given up one side altogether", one_sided >= 3, measured=on_the_left)

# %% [markdown]
# So the generator alone **collapses**, even with a perfect teacher. The discriminator's opinion is only worth something
# near the forgeries that it was made for. As soon as they move, it must look again.
#
# 🔎 **Try it.** Let the generators learn against `detectives`, the trained ones of section 3, in place of
# `standing_still`. Where will the points stop this time? Think of $x = 6$ before you run it.

# %% [markdown]
# ## 5 · Turn by turn
#
# Both must move, then. But how long should a turn be? *"First train the discriminator well, then the generator"*
# sounds sensible: the better the detective, the better the lesson.
#
# We let eight pairs play 800 updates for each player, shared out in three ways: **4 long turns** of 200 updates, 80
# turns of 10, or 800 **short turns** of one.
#
# **Predict:** which pairs come nearest to the data? By a little, or by a lot?


# %%
def play(turns, updates):
    device.seed_everything(0)
    G, D = eight_nets(seed=0), eight_nets(seed=100)
    opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.999)) for net in (G, D))
    for _ in range(turns):
        for _ in range(updates):
            discriminator_turn(D, opt_d, G(torch.randn(8, 128, 1)))
        for _ in range(updates):
            generator_turn(G, opt_g, D)
        yield G


@torch.no_grad()
def points_of(G, n=20_000):
    return G(torch.randn(8, n, 1))[..., 0]


# %%
long = [points_of(G) for G in play(turns=4, updates=200)]
*_, G_10 = play(turns=80, updates=10)
*_, G_1 = play(turns=800, updates=1)
short = points_of(G_1)

# %%
_, ax = plt.subplots(figsize=(6.8, 3.2))
for row, places in enumerate([*long, short]):
    for seed in range(8):
        height = torch.full((120,), row + 0.08 * (seed - 3.5))
        ax.scatter(places[seed, :120], height, s=6, marker="^", color=plotting.FAKE, alpha=0.5, linewidths=0)
ax.axhline(3.5, color="0.7", linewidth=1)
for heap in (-2, 2):
    ax.axvspan(heap - 1, heap + 1, color=plotting.REAL, alpha=0.15, linewidth=0, zorder=0)
labels = [f"after long turn {i}" for i in (1, 2, 3, 4)] + ["after 800\nshort turns"]
ax.set(xlim=(-5, 5), yticks=range(5), yticklabels=labels, xlabel="x  (blue: where 95 % of real points lie)")
ax.invert_yaxis()
plt.show()

# %%
played = {"4 turns of 200": long[-1], "80 turns of 10": points_of(G_10), "800 turns of 1": short}
ways = {name: distance(points, unseen) for name, points in played.items()}
claim("turns of 1: all eight are nearer than 0.8", (ways["800 turns of 1"] < 0.8).all(), measured=ways)
claim("so are at least seven with turns of 10", (ways["80 turns of 10"] < 0.8).sum() >= 7, measured=ways)
claim(
    "turns of 200: at least six of eight are further than 1.3", (ways["4 turns of 200"] > 1.3).sum() >= 6, measured=ways
)

# %% [markdown]
# By a lot. (In each block of the picture, eight rows are the eight pairs.) With long turns the points stay in one
# spot and *jump*: to a heap, back between the heaps, out again. Each lesson was right when it was given, and
# outdated two hundred steps later. The same number of updates in short turns gives two heaps.
#
# So "first D, then G" is not a remedy: all GANs take turns. What counts is that neither runs away from the other. How
# long is too long depends on nets and rates; here 10 updates still work as well as one. (In chapter 34 you will meet
# a discriminator that may be trained as long as you like.)

# %% [markdown]
# ## 6 · Together, live
#
# `training.GAN` plays in short turns: the discriminator learns from 128 real and 128 forged points, then the
# generator from the new discriminator, and so on. Here is one pair. To draw the generator's density we send 100,001
# evenly spaced bits of noise through the curve and count, weighted, where they land.


# %%
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
# **Before you run the next cell:** the forgeries start in one narrow heap near 0. What will they do first: grow evenly
# to both sides, or all run to one heap? And will the green curve come to rest?

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
# That went fast. Six moments of it:

# %%
_, axes = plt.subplots(2, 3, figsize=(6.8, 3.8), sharex=True, sharey=True)
for ax, moment in zip(axes.flat, film.values(), strict=True):
    stage(ax, p, *moment)
axes[1, 1].set_xlabel("x   (blue: real, orange: generated, green: D)")
plt.show()

# %% [markdown]
# Read it like a comic. Orange is one spike. It leans to one side, and green has already turned against it. It spreads
# over the whole line, too far. Then green sinks outside and in the middle, and orange gathers under the two hills that
# are left, until they are as high as ½ and no higher: there the detective shrugs.
#
# Count that as a success, not as perfection. The heaps are in the right places, but some orange stays between them,
# because the curve $G(z)$ can be steep and not a jump: green still has a dip there, and is right. And orange has no
# tails, but sharp spikes (cut off in the picture): where the curve $G(z)$ turns flat, much noise piles up in one place.

# %% [markdown]
# ## 7 · What equilibrium looks like
#
# A game is in **equilibrium** when neither player can do better by changing *alone*. Suppose the forger is perfect,
# $q = p$. The share of real points is ½ everywhere, so the best $D$ says ½. It can't do better. And its curve is
# flat: no forged point knows a way uphill. Neither moves. The losses are then
#
# $$L_D = -\ln ½ - \ln ½ = 2 \ln 2 \approx 1.386, \qquad L_G = -\ln ½ = \ln 2 \approx 0.693.$$
#
# We can try that, since we own a perfect forger: the data themselves. **Predict:** eight fresh discriminators try for
# 400 steps to tell real points from real points. What will be their loss on points that they haven't seen?


# %%
def fresh_judge(sample, steps=400):
    """Train eight new discriminators against forgers that stand still; their loss on unseen points, (8,)."""
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
# That is equilibrium, seen from the discriminator's side. Does a *trained* pair get there? Eight pairs, 1,000 short
# turns each. To measure them without the luck of the draw, we send 4,000 evenly spread values of noise through each
# generator, and compare with where the perfect forger puts the same ones.

# %%
gans = ensemble.gans(make_net, make_net, seeds=8, **settings)
verdicts["untrained"] = fresh_judge(gans.sample)
even = torch.special.ndtri((torch.arange(4000) + 0.5) / 4000)  # each holds 1/4000 of the noise
travel = {"step": [], "distance": []}
for step in training.train(gans, real, steps=1000, progress=False):
    if step.number % 20 == 0:
        travel["step"].append(step.number)
        travel["distance"].append(distance(gans.sample(even.expand(8, -1)[..., None])[..., 0], perfect(even)))

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.4))
plotting.loss_curves(gans.history, ax=left, title="losses")
away = torch.stack(travel["distance"])
plotting.seeds_over_time(travel["step"], away, "", ax=right, title="distance to the data")
plt.show()

# %%
late = {name: values[-200:].mean(0) for name, values in gans.history.columns.items() if name.startswith("loss")}
claim(
    "all eight: the discriminator's loss, over the last 200 steps, is 2 ln 2 within 0.02",
    (abs(late["loss_d"] - 2 * math.log(2)) < 0.02).all(),
    measured=late,
)
claim("and the generator's is ln 2 within 0.04", (abs(late["loss_g"] - math.log(2)) < 0.04).all(), measured=late)
middle = gans.history.columns["loss_d"][150:250].mean(0)
claim(
    "around step 200 the discriminator's loss was lower, for all eight",
    (middle < late["loss_d"]).all(),
    measured=middle,
)
with torch.no_grad():
    says = torch.sigmoid(gans.logits(x.expand(8, -1, 1)))
shrug = (p * (says - 0.5).abs()).sum(1) / p.sum()
claim("at real points, D is on average less than 0.12 away from ½", (shrug < 0.12).all(), measured=shrug)

# %% [markdown]
# It looks like equilibrium. Note the direction: as the forgeries got *better*, $L_D$ rose from below to $2 \ln 2$. A
# small loss of the discriminator means that the detective is winning, and that the forgeries are bad.
#
# And is it rest? Look at the right picture: the losses have been still for hundreds of steps, and the thin lines, one
# for each pair, still wander.

# %%
claim("no pair has arrived: all are more than 0.06 away from the data", (away[-1] > 0.06).all(), measured=away[-1])
swing = (away[-20:].max(0).values - away[-20:].min(0).values).median()
claim("in the last 400 steps a typical distance still goes up and down by more than 0.03", swing > 0.03, measured=swing)

# %% [markdown]
# How can that be? Suppose a forger is perfect but for its shares: it puts 60 % of its points to the right, 40 % to the
# left. One point in ten is on the wrong side.
#
# **Predict:** how much lower is the loss of the *best possible* discriminator then, compared with $2 \ln 2 = 1.386$?

# %%
wide = torch.linspace(-7, 7, 7001)[:, None]


def lowest_loss(share):
    """The loss of p / (p + q) when the forger puts this share of its points to the right."""
    lopsided = data.toy.gaussian_mixture([-2.0, 2.0], std=0.5, weights=[1 - share, share])
    logit = real.log_prob(wide) - lopsided.log_prob(wide)
    terms = real.density(wide) * F.softplus(-logit) + lopsided.density(wide) * F.softplus(logit)
    return terms.sum().item() * 0.002  # softplus(-ℓ) is -log σ(ℓ); the sum is an integral, in steps of 0.002


gap = {share: 2 * math.log(2) - lowest_loss(share) for share in (0.5, 0.55, 0.6)}
claim("even shares: 2 ln 2", abs(gap[0.5]) < 1e-4, measured=gap)
claim("60 % on the right: lower by 0.01, to 1.376", abs(gap[0.6] - 0.010) < 0.001, measured=gap)
claim("55 %, half the error: lower by a quarter of that", 3.5 < gap[0.6] / gap[0.55] < 4.5, measured=gap)

# %% [markdown]
# Nearly flat! Around equilibrium the loss changes with the *square* of the error, so one that you see with the naked
# eye is a hundredth in the loss. The losses tell that you are near equilibrium. They can't tell *how* near.

# %% [markdown]
# ## 8 · Perfect losses, blind detectives
#
# It gets worse. Let us handicap the discriminator. This one sees only $|x|$, so it can't tell left from right:


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
# And in this game the discriminator has a bug, one that really was published: one and the same tensor of logits is used
# for both halves of its loss, with the label "real" and with the label "forged".

# %%
bug = objectives.Loss(
    "one tensor for both",
    discriminator=lambda real, fake: F.softplus(-fake).mean(-1) + F.softplus(fake).mean(-1),
    generator=lambda real, fake: F.softplus(-fake).mean(-1),
)
buggy = ensemble.gans(make_net, make_net, seeds=8, loss=bug, **settings)
buggy = training.run(buggy, real, steps=1000, progress=False)

# %% [markdown]
# **Before you run the next cells:** three games, each with eight seeds. In which of them will the losses look most like
# equilibrium? And in which will the points?

# %%
games = {"proper": gans, "one-eyed": one_eyed, "one tensor": buggy}
ends = {}
for column in ("loss_d", "loss_g"):
    ends[column] = {name: game.history.columns[column][-200:].mean(0) for name, game in games.items()}
for name in games:
    claim(
        f"{name}: 2 ln 2 and ln 2, within 0.04, for all eight",
        (abs(ends["loss_d"][name] - 2 * math.log(2)) < 0.04).all()
        and (abs(ends["loss_g"][name] - math.log(2)) < 0.04).all(),
        measured=ends,
    )

# %%
measured = {name: distance(game.sample(20_000)[..., 0], unseen) for name, game in games.items()}
_, (before, behind) = plt.subplots(1, 2, figsize=(6.8, 3.4))
plotting.bars_with_floor(ends["loss_d"], "", ax=before, title="loss of the discriminator")
plotting.bars_with_floor(measured, "", baseline=far.item(), ax=behind, title="distance to real points")
before.axhline(2 * math.log(2), color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5, zorder=0)
before.set_ylim(0, 1.6)
behind.set_yscale("log")
before.get_legend().remove()
plt.show()

# %% [markdown]
# Textbook values in all of them; the buggy game, which has learned nothing about the data, has the most beautiful ones.
# And its points are anywhere.

# %%
left = (one_eyed.sample(20_000)[..., 0] < 0).float().mean(1)
lost = ((left < 0.05) | (left > 0.95)).sum()
claim("one-eyed: at least three of eight generators have lost a whole heap", lost >= 3, measured=left)
claim(
    "the typical distance is at least three times as large in both handicapped games",
    min(measured["one-eyed"].median(), measured["one tensor"].median()) > 3 * measured["proper"].median(),
    measured=measured,
)

# %% [markdown]
# (The baseline is the forger that knows nothing, $G(z) = z$.) In most of the one-eyed games half of the data is
# missing, and the losses don't mind. They say: *this* generator and *this* discriminator can't get the better of each
# other. Whether another discriminator could, they can't say. In a real equilibrium **no** discriminator does better
# than $2 \ln 2$.
#
# So ask another one. A **fresh judge** knows nothing of the game: we freeze the generators and train eight new
# discriminators, as in section 7, where a perfect forger got 1.386.
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
claim("the proper game: typically above 1.25", typical["proper"] > 1.25, measured=verdicts)
claim(
    "both handicapped games: typically below 1.1",
    max(typical["one-eyed"], typical["one tensor"]) < 1.1,
    measured=verdicts,
)
claim("untrained generators: below 0.3, all eight", (verdicts["untrained"] < 0.3).all(), measured=verdicts)
claim(
    "and never above a perfect forger's 2 ln 2 (by more than 0.01)",
    max(v.max() for v in verdicts.values()) < 2 * math.log(2) + 0.01,
)

# %% [markdown]
# The fresh judge tells them apart (here higher is better: the dashes are what a perfect forger gets). It is the honest
# use of the same loss: against generators that stand still, on points it hasn't seen, all with the same judge. Chapter
# 36 will make a test of it.
#
# **What this chapter does not show.** On a line, with two heaps and nets of a thousand weights, the pairs come close
# and then wander around equilibrium. Other games go round in circles for ever, and some have no equilibrium that
# networks could reach; chapter 33 is about that. And a judge can be blind, too: what no judge of yours can see, no
# number of this kind will tell.

# %% [markdown]
# ## Help, I get …
#
# ### a discriminator's loss of exactly 1.386 that never moves
# Beautiful, and suspicious. Are real and forged logits two different tensors? Is `x_real` really the data? Is there a
# sigmoid too many? Train the discriminator alone against an untrained generator: its loss must fall far below 1.386.
#
# ### all forged points in one place, which jumps
# Somebody's turns are too long, or one learning rate is much too large: the players take turns in running away from
# each other (section 5).

# %% [markdown]
# ### forged points only between 0 and 1
# The generator ends in a sigmoid (or, between −1 and 1, in a tanh). It could never reach the heaps at −2 and 2. On
# data without bounds the last layer must be plain linear.
#
# ### `RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x128 and 1x32)`
# 128 points on a line must have the shape `(128, 1)`: 128 rows of one number. You have passed `(128,)`. Put a
# `[:, None]` behind it.
#
# ### losses as in the book, and samples that are wrong
# That is section 8. Look at samples, measure a distance, train a fresh judge. Then look for what your discriminator
# can't see.

# %% [markdown]
# ## Recap
#
# - The discriminator judges single points; it learns the share of real ones, $p/(p + q)$, where points have been.
# - The generator sees no data, only which way is uphill at its own points. Alone, it collapses onto the top.
# - Both must move in short turns. With long ones each learns an answer to yesterday's question.
# - Equilibrium: neither can gain alone; $D = ½$, losses $2 \ln 2$ and $\ln 2$. A *small* $L_D$ means bad forgeries.
# - These numbers also come from blind discriminators and from bugs. A fresh judge tells the difference.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>At x = 1 real points are three times as frequent as forged ones. What should D(1) be?</summary>
#
# 3/4. Of four points that come by there, three are real. More certainty than that would cost loss whenever the fourth
# one comes.
#
# </details>
#
# <details><summary>Your discriminator's loss falls from 1.3 to 0.02. Is that good news?</summary>
#
# Not for the forgeries: the discriminator tells nearly all of them from real points, so they are bad. Good
# forgeries would push it up, towards 1.386.
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
# | English | 中文 | Meaning |
# |---|---|---|
# | density | 概率密度 | a curve that is high where points are frequent; the area below it is 1 |
# | discriminator | 判别器 | gives each point a logit; its sigmoid is the probability "real" |
# | logit | 对数几率 | the number before the sigmoid; 0 means ½ |
# | optimal discriminator | 最优判别器 | $p/(p+q)$: the share of real points at each place |
# | equilibrium | 均衡 | neither player can gain by changing alone |
# | alternating updates | 交替更新 | the players learn in turns |
# | fresh judge (two-sample test) | 分类器双样本检验 | a new discriminator, against generators that stand still |

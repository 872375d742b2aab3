# %% [markdown]
# # 23 · Mode collapse
#
# *A GAN can lose half of your data and still show you flawless samples and calm loss curves. In this chapter you learn
# to notice.*
#
# > **You will be able to**
# > - count modes over time and over seeds, and tell a lost mode from one that is only missed
# > - tell a generator that runs from mode to mode from one that is stuck
# > - compare remedies: with eight seeds, one change at a time, and each ingredient alone
# > - say what the losses tell about missing modes, and what they can't tell
# > - examine three typical failures: a weak discriminator, a strong one, and a rare mode
# >
# > **Before you start** [00 · Start here](00_start_here.ipynb): modes, seeds, claims. [21 · The adversarial
# > game](21_the_adversarial_game.ipynb): the two losses, and a fresh judge.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU: none needed

# %% [markdown]
# ## The idea in a picture
#
# Eight GANs learn the same ring of eight clouds. They have the same networks and the same settings; only the seed
# differs. We stop each of them after 1,200 steps and look.

# %% jupyter={"source_hidden": true}
import math
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch

from gan_edu import data, device, ensemble, metrics, nets, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)  # these nets are tiny: a second CPU thread would mostly wait for the first
ring = data.toy.ring()  # eight modes on a circle of radius 2; standard deviation of a cloud: 0.1


def make_generator():
    return nets.mlp([2, 32, 32, 2], activation="tanh")


def make_discriminator():
    return nets.mlp([2, 32, 32, 1], activation="tanh")


# %% jupyter={"source_hidden": true}
def modes_held(samples, world=ring):
    """How many modes have more than a quarter of the points that they should have; section 1 explains it."""
    shares = metrics.mode_coverage(samples, world).counts / samples.shape[-2]
    return (shares > world.mode_weights / 4).sum(dim=-1)


# %%
gans = ensemble.gans(make_generator, make_discriminator, seeds=8, lr=1e-2, ema=0.99)
noise = gans.noise(500)  # always the same noise, so that points can be followed
film, averaged = {}, []
for step in training.train(gans, ring, steps=1200, progress=False):
    if step.number % 20 == 0:
        film[step.number] = gans.sample(noise, ema=False)
        averaged.append(gans.sample(noise))  # of the averaged generator: for section 3

titles = [f"seed {seed}: {count} of 8" for seed, count in enumerate(modes_held(film[1200]).tolist())]
plotting.small_multiples_2d(film[1200], ring, titles)

# %% [markdown]
# Above each picture stands how many clouds get enough good points (section 1 says how many are enough). A point beside
# a cloud doesn't count. That is why seed 7 has only one in our run, with points all around the ring.
#
# Some generators hold all eight clouds, others don't. In our run, two clouds get no points at all from seed 5 (and from
# seed 1), and the others may look perfect. Nothing in *these points* tells you that more clouds should exist. When a
# generator gives up part of the data like this, one speaks of **mode collapse**.
#
# The network is not too small, and no data are missing: a neighbour with the same network and the same data has all
# eight. So something must have happened on the way.

# %% [markdown]
# ## 1. Counting, and counting over time
#
# Three words are used for counting, and they ask for different things.
#
# | Word | What it asks for |
# |---|---|
# | a point is **of high quality** | it lies within three standard deviations of the nearest mode |
# | a mode is **captured** | at least *one* point of high quality lies at it |
# | a mode is **held** | it gets more than a *quarter* of the points that it deserves, all of high quality |
#
# The first two come from the paper on VEEGAN. The paper on PacGAN counts in the same way (both draw 2,500 points). But
# "captured" is generous: a generator that only sweeps past a cloud captures it. For watching a training we ask for
# more. On our ring each mode deserves an eighth of the points, so a held mode has more than a 32nd of them.
#
# A low count has two possible causes. No points go to a cloud, or they go there and *miss* it, by more than three
# standard deviations. So we also count the modes that are **served**: enough points are nearer to this mode than to the
# others, however far away they are.


# %%
def modes_served(samples, world=ring):
    nearest = torch.cdist(samples, world.modes).argmin(dim=-1)
    shares = torch.nn.functional.one_hot(nearest, len(world.modes)).float().mean(dim=-2)
    return (shares > world.mode_weights / 4).sum(dim=-1)


device.seed_everything(0)
too_wide = 1.25 * ring.sample(500)
identity("a ring that is a quarter too wide: all modes are served", modes_served(too_wide) == 8)
claim("and none is held", modes_held(too_wide) == 0, measured=modes_held(too_wide))

# %% [markdown]
# **Predict, and say why:** how will the number of held modes run over time? Does each seed climb to 8 and stay there?

# %%
steps = torch.tensor(list(film))
held = torch.stack([modes_held(points) for points in film.values()])  # (looks, seeds)
served = torch.stack([modes_served(points) for points in film.values()])
plotting.seeds_over_time(steps, {"held": held, "served": served}, "modes", reference=(8, "all"))

# %%
captured = torch.stack([metrics.mode_coverage(points, ring).captured for points in film.values()])
identity("a mode that is held is captured and served, too", ((captured >= held) & (served >= held)).all())
claim("a seed with 8 captured modes can hold 3 or fewer", ((captured == 8) & (held <= 3)).any())
had_all = (held == 8).any(dim=0)
fell = (held[:-1] == 8) & (held[1:] < 8)  # (looks - 1, seeds): all modes at one look, not all at the next
claim("at least 5 of 8 seeds held all modes at some time", had_all.sum() >= 5, measured=had_all)
claim("at least 3 of 8 held all modes and then fewer", fell.any(dim=0).sum() >= 3, measured=fell.any(dim=0))

# %% [markdown]
# The count of held modes is no staircase. Seeds reach eight, may stay there for hundreds of steps, and fall. Nothing in
# the game rewards a generator for staying: its opponent changes at every step, and what was a good place a moment ago
# may be a bad one now. If you had stopped at a good moment, you would have reported a complete ring.
#
# So there are three faults to be told apart:
#
# - **mode dropping**: some modes are missing, the rest is fine, and it stays like that.
# - **mode collapse** in the narrow sense: nearly all points crowd together, on one or two modes or between them, and
#   usually *move* from place to place.
# - **a miss**: each mode gets its points, but they lie beside it.

# %% [markdown]
# ## 2. The step at which it happens
#
# Let us look at one fall closely. A *fall* is a look at which a seed no longer holds all eight modes, although it did
# at the look before (20 steps earlier). We take the first fall of all, whatever it looks like.
#
# **Predict, and say why:** does one cloud fade away while the others stay, or do all points move? Is a mode missing
# afterwards?

# %%
look, seed = fell.nonzero()[0].tolist()
shown = [int(s) for s in steps[max(look - 1, 0) : look + 7]]
frames = [film[s][seed] for s in shown]
titles = [f"step {s}: {modes_held(at)} held\n{modes_served(at)} served" for s, at in zip(shown, frames, strict=True)]
plotting.small_multiples_2d(frames, ring, titles)

# %% [markdown]
# In our film no cloud is deserted. The whole ring slides, and too many points miss their clouds.
#
# One film proves little. So we measure over *all* falls of all eight seeds. How many modes are held, and how many are
# served, within the next 60 steps? And how far does the median point move in 20 steps, with the same noise at each
# look?

# %%
points = torch.stack(list(film.values()))  # (looks, seeds, 500, 2)
moved = (points[1:] - points[:-1]).norm(dim=-1).median(dim=-1).values
calm = moved[(held[:-1] == 8) & (held[1:] == 8)].median()
claim("at a fall, the median point moves at least 1.3 times as far as in calm times", moved[fell].median() > 1.3 * calm)
restless = moved[held[:-1] < 8].median()
claim("and in incomplete rings, too", restless > 1.3 * calm, measured=[moved[fell].median(), calm, restless])


def lowest_after(counts):  # within the next 60 steps, for each fall
    return torch.stack([counts[i + 1 : i + 4].min(dim=0).values for i in range(len(counts) - 3)])[fell[:-2]]


left, still = lowest_after(held), lowest_after(served)
few, many = (left >= 6).sum(), (left < 6).sum()
claim("some falls cost one or two held modes, others more: at least three of each", min(few, many) >= 3, measured=left)
claim("in at least half of all falls, all eight modes stay served", (still == 8).float().mean() >= 0.5, measured=still)

# %% [markdown]
# At a fall, the median point moves further than between two complete looks. (In incomplete rings it does so all the
# time.) So it is not just the points of one cloud that move. And a fall may cost one held mode or half of the ring. But
# in at least half of the falls nothing is given up: all eight modes stay served, and the points miss them for a while.
# Only the other falls lose modes in the strict sense.
#
# Our reading: a fall is a loss of *balance*. Perhaps one step goes too far, the discriminator's slopes turn round, and
# all points follow. We have not proved this story. But it suggests a remedy that can be tested: smaller steps.

# %% [markdown]
# ## 3. What makes it worse, what makes it better
#
# We compare nine settings, each with eight seeds. The first one is that of the picture above: both learning rates are
# 0.01. Each other setting changes one thing:
#
# - *both slower*: both rates are 0.004
# - *slow D*: the discriminator has 0.002, the generator still 0.01. *slow G*: the other way round
# - *β₁ = 0.9*: Adam steps along a running mean of past gradients, and β₁ says how long that mean remembers
#   (momentum). PyTorch's default is 0.9, ours 0.5
# - *R1*: a penalty on the discriminator's slope at real points; *R2*: the same at generated points (chapters 33 and
#   43). Both have the weight 0.1. *R1 + R2*: both penalties
# - *EMA*: we sample from a running average of the generator's weights
#
# **Predict, and say why:** which setting is worst? Which remedies do nothing?


# %%
def course(steps=1200, **settings):
    gans = ensemble.gans(make_generator, make_discriminator, seeds=8, **{"lr": 1e-2, **settings})
    noise = gans.noise(500)
    looks = [gans.sample(noise) for step in training.train(gans, ring, steps, progress=False) if step.number % 20 == 0]
    return counted(looks[30:], gans)  # the second half, after step 600


def counted(looks, gans):
    held, served = (torch.stack([count(points) for points in looks]) for count in (modes_held, modes_served))
    return SimpleNamespace(held=held, served=served, loss_d=last_loss(gans))


def last_loss(gans):
    return torch.tensor(gans.history.columns["loss_d"][-100:]).mean(dim=0)  # of the discriminator, one for each seed


changes = {
    "both slower": {"lr": 4e-3},
    "slow D": {"lr": (1e-2, 2e-3)},
    "slow G": {"lr": (2e-3, 1e-2)},
    "β₁ = 0.9": {"betas": (0.9, 0.999)},
    "R1": {"penalties": {"r1": 0.1}},
    "R2": {"penalties": {"r2": 0.1}},
    "R1 + R2": {"penalties": {"r1": 0.1, "r2": 0.1}},
}

# %%
courses = {"as above": counted(list(film.values())[30:], gans), "EMA": counted(averaged[30:], gans)}
courses |= {name: course(**change) for name, change in changes.items()}

average, nearby = ({n: getattr(c, what).float().mean(0) for n, c in courses.items()} for what in ("held", "served"))
_, ax = plt.subplots(figsize=(6.8, 3.8))
for place, each in enumerate(nearby.values()):
    ends = [place - 0.28, place + 0.28]
    ax.plot(ends, [each.median()] * 2, color="black", zorder=3, label=None if place else "median, served")
plotting.bars_with_floor(average, "modes held, mean of steps 600–1,200", ax=ax)
ax.tick_params(axis="x", labelsize=8.5)
plt.show()

# %%
complete = {name: (each.held == 8).float().mean().item() for name, each in courses.items()}  # share of looks and seeds
claim("as above: complete in at most 85 % of the looks", complete["as above"] <= 0.85, measured=complete)
claim("both slower: complete in more than 85 %", complete["both slower"] > 0.85, measured=complete)
claim("R2 alone: complete in more than 85 %", complete["R2"] > 0.85, measured=complete)
claim("R1 alone: at least 10 points behind R2 alone", complete["R1"] < complete["R2"] - 0.1, measured=complete)
claim("R1 beside R2 changes less than 10 points", abs(complete["R1 + R2"] - complete["R2"]) < 0.1, measured=complete)
claim(
    "EMA changes this share by less than 15 points",
    abs(complete["EMA"] - complete["as above"]) < 0.15,
    measured=complete,
)

# %%
both = (average, nearby)
worst = [min(table, key=lambda name: table[name].median()) for table in both]
claim("momentum is worst by both counts: the lowest median", worst == ["β₁ = 0.9"] * 2, measured=both)
a, b = (table["slow D"].median() for table in both)
claim("a slow D: fewer than 5 held, but at least 6 served, in the median", a < 5 and b >= 6, measured=[a, b])
stuck = courses["slow G"]
claim("a slow G: at least 5 of 8 seeds are incomplete at the end", (stuck.held[-1] < 8).sum() >= 5, stuck.held[-1])
alike = (stuck.held[-1] == stuck.served[-1]).sum()
claim("by both counts: in at least 6 of 8 seeds they agree", alike >= 6, measured=[stuck.held[-1], stuck.served[-1]])
resting = (stuck.held[-13:] == stuck.held[-1]).all(dim=0).sum()
claim("and in at least half of the seeds nothing changes in the last 240 steps", resting >= 4, measured=stuck.held)

# %% [markdown]
# Read this slowly, because some of it contradicts advice that is often given.
#
# - **It matters who is slow.** With a slow discriminator few modes are held, but most are served (the black dash): the
#   points run round, and *miss*. Our reading: the discriminator criticises where the points were a moment ago, so there
#   is always a better place to run to. With a slow generator, most seeds get stuck on about six modes and stay there,
#   by both counts: mode *dropping*. Perhaps its small steps don't lead out of the valleys that the fast discriminator
#   makes. So "make D faster than G" is no general advice. Here both slower helps most simply. (Is it just slower to
#   fall? We let it train 3,000 steps, the same rate times steps. The ring was complete at more than nine of ten looks,
#   but two of eight seeds had fallen at the end.)

# %% [markdown]
# - **Momentum** is worst, by both counts. With it, each step goes on along old gradients. It is the default of
#   `torch.optim.Adam`.
# - **EMA** smooths what you sample. In complete looks it helps little: in four sets of eight seeds their share rose by
#   1 to 8 points. (The generator itself learns as before.)
# - **R2 alone** holds the ring, and **R1** beside it adds nothing that we can see. If we had only compared *R1* with
#   *R1 + R2*, we would have praised the pair. A recipe of two parts needs each part alone as a control.

# %% [markdown]
# Does this depend on the weight 0.1? A conclusion about *one* hand-picked number is a weak one. So we vary it.
#
# **Predict:** will R2 still be ahead of R1 when both are five times weaker, or five times stronger?

# %%
weights, swept = (0.02, 0.1, 0.5), {"none": courses["as above"]}
for name in ("R1", "R2"):
    for weight in weights:
        swept[f"{name} {weight}"] = courses[name] if weight == 0.1 else course(penalties={name.lower(): weight})
bars = {name: (each.held == 8).float().mean(dim=0) for name, each in swept.items()}  # for each seed
share = {name: each.mean().item() for name, each in bars.items()}

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.4))
plotting.bars_with_floor(bars, "share of complete looks", ax=ax)
ax.set_ylim(-0.03, 1.03)
plt.show()

# %%
ahead = [share[f"R2 {weight}"] > share[f"R1 {weight}"] for weight in weights]
claim("over all seeds, R2 is complete more often than R1, at each weight", all(ahead), measured=share)
best_r1 = max(share[f"R1 {weight}"] for weight in weights)
claim("even the best R1 stays behind each R2", best_r1 < min(share[f"R2 {weight}"] for weight in weights), share)
claim("and each R2 is ahead of no penalty", share["none"] < min(share[f"R2 {w}"] for w in weights), measured=share)

# %% [markdown]
# It is, on this ring, with these nets and at these three weights. And R1 alone, against no penalty? In the picture it
# is ahead with the two smaller weights, most with 0.02, and behind with 0.5. But the seeds overlap widely, so this
# settles nothing.
#
# What does all this *not* show? It is one ring, one pair of networks, 1,200 steps. The order may well change elsewhere.
# What you can take with you is the method: eight seeds, one change at a time, each part alone, a count over time.
# Published tables need the same caution. For a plain GAN on a grid of 25 modes, VEEGAN's table says 3.3 modes and
# PacGAN's says 17.3. The names are the same; the settings are not.

# %% [markdown]
# 🔎 **Try it.** Give the discriminator three steps for each of the generator's, or take another loss: write
# `other = course(discriminator_steps=3)`, or `course(loss="hinge")`, or `course(loss="minimax")`. Then
# `(other.held == 8).float().mean()` is the share of complete looks. Say what you expect, and why, before you run it.
#
# <details><summary>What we saw</summary>
#
# The share is 0.59 as above. With three steps we got 0.68, with hinge 0.75, and with minimax 0.86: the loss whose
# arrows are short where $D$ is sure that a point is generated (chapter 22) did best here. With eight other seeds
# (`seed=1000` in `course`) the share is 0.65 without a change, 0.54 with three steps, and 0.87 with minimax. So for
# three steps this settles nothing.
#
# </details>

# %% [markdown]
# **With your own hands.** Here are eight seeds after 400 steps. Press **▶ Play** and wait until the widget names a mode
# that was lost, that is, no longer held. Is it deserted or missed? Drag the time line back and watch it go. Then change
# one setting (*penalty*, *D's rate*, *packing*, with which the discriminator sees several samples at once …): the
# training branches, and the eight as before stand beside the eight with your remedy. Which of the two will hold more
# modes 1,000 steps later?

# %%
from gan_edu.widgets import ModeCollapse

ModeCollapse("ring", seeds=8).run(400)

# %% [markdown]
# ## 4. What do the losses know?
#
# Suppose that a generator draws $k$ of the $K$ modes perfectly, in equal shares, and never the others. What does the
# best possible discriminator do? At a missing mode it says "real". At the others it says $D = \frac{k}{K+k}$, because
# there are more fakes than real points: that is 0.43 for $k = 6$ of 8, and 0.11 for $k = 1$. Put this into the loss:
#
# $$L_D^*(k) = \frac{k}{K} \ln\frac{K+k}{k} + \ln\frac{K+k}{K}.$$
#
# For $k = K$ this is $2 \ln 2$. Each lost mode lowers the discriminator's loss.
#
# **Predict, and say why:** will our runs lie on this curve, above it, or below it?


# %%
def best_loss(k, K=8):
    return k / K * math.log((K + k) / k) + math.log((K + k) / K)


theory = torch.tensor([best_loss(k) for k in range(1, 9)], dtype=torch.float64)

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots()
ax.plot(range(1, 9), theory, color=plotting.THEORY, linestyle="--", label="theory: the best D")
drawn = ["as above", "both slower", "slow D", "slow G", "β₁ = 0.9"]
for name, marker, color in zip(drawn, "os^Dv", plotting.NEUTRAL, strict=True):
    beside = courses[name].held[-1] + torch.linspace(-0.15, 0.15, 8)  # so that equal ones don't hide each other
    ax.scatter(beside, courses[name].loss_d, s=45, color=color, marker=marker, label=name, alpha=0.8)
ax.set(xlabel="modes held at the end", ylabel="loss of D (nats)")
ax.legend(loc="lower right")
plt.show()

# %%
at_end, loss = courses["slow G"].held[-1].clamp(min=1), courses["slow G"].loss_d
off = loss - theory[at_end - 1]
claim("slow G: the loss is within 0.1 of the curve, in at least 7 of 8 seeds", (off.abs() < 0.1).sum() >= 7, off)
slow = courses["slow D"]
claim("slow D: the loss is within 0.05 of 2 ln 2 in every seed …", (abs(slow.loss_d - 2 * math.log(2)) < 0.05).all())
claim("… although the median seed holds 5 modes or fewer", slow.held[-1].median() <= 5, measured=slow.held[-1])

# %% [markdown]
# In the picture, the stuck generators (*slow G*) lie on the curve or a little below it. The runs with a slow D lie
# above it, the fewer modes the further. There are reasons for both directions. A trained discriminator is not the best
# one, and that lifts the points. And the clouds that a generator draws are not perfect. That gives the discriminator
# more to see than the theory counts, and lowers the points.
#
# A loss that stands **below** $2 \ln 2$ is evidence: something is missing or wrong, and this discriminator knows it.
# (With few data it may also have learned its real points by heart.) For the stuck generators it lies near the curve.
# But nearly all of these hold six modes, so this can't show that the loss would tell five from seven.
#
# A loss **at** $2 \ln 2$ is no evidence at all. The most beautiful loss belongs to the slow discriminator, and the
# median of its runs holds five modes or fewer: most points miss. This discriminator is always late. So ask one who is
# not late: a fresh discriminator, which learns while the generator stands still. That is the most useful instrument of
# this chapter.

# %% [markdown]
# ## 5. Three patients
#
# Each of these three GANs differs from a healthy one in **one** respect: the discriminator's learning rate, or the
# data. For each we ask in the same order: what are the symptoms, which test reveals the cause, what helps? The healthy
# one has both learning rates at 0.004.
#
# We play a GAN for 600 steps. We record the losses (mean of the last 50 steps), the modes held, and the *unrest*: how
# far the median point moves within 50 steps, when the same noise is drawn again and again.


# %%
def play(world=ring, steps=600, **settings):
    gans = ensemble.gans(make_generator, make_discriminator, seeds=8, **{"lr": 4e-3, **settings})
    look, seen = gans.noise(500), []
    for step in training.train(gans, world, steps, progress=False):
        if step.number % 50 == 0:
            seen.append(gans.sample(look))
    seen, table = torch.stack(seen), gans.history.columns
    d, g = (torch.tensor(table[name]) for name in ("loss_d", "loss_g"))
    unrest = (seen[-4:] - seen[-5:-1]).norm(dim=-1).median(dim=-1).values.median(dim=0).values
    return SimpleNamespace(
        gans=gans, points=seen[-1], losses=(d, g), d=d[-50:].mean(0), g=g[-50:].mean(0), unrest=unrest
    )


# %% [markdown]
# And the **second opinion**: fresh discriminators learn for 300 steps, while the generators stand still. How small does
# their loss get? A discriminator that can't tell fakes from real points stays near $2 \ln 2 \approx 1.386$. A small
# loss proves that the points are wrong (chapter 32 has the exact statement). A large one proves nothing: perhaps the
# fresh discriminator is not good enough.


# %%
def second_opinion(chart, world=ring):
    fresh = ensemble.gans(make_generator, make_discriminator, seeds=8, lr=4e-3)
    fresh.generator.load_state_dict(chart.gans.generator.state_dict())
    run = training.Run(fresh, world, progress=False)
    loss = [run.step("discriminator").values["loss_d"] for _ in range(300)]
    return torch.stack(loss[-50:]).mean(dim=0)


healthy = play()
at_end = modes_held(healthy.points)
claim("healthy: at least 6 of 8 seeds hold 7 or 8 modes", (at_end >= 7).sum() >= 6, measured=at_end)
claim("unrest below 0.5 in at least 7 of 8", (healthy.unrest < 0.5).sum() >= 7, measured=healthy.unrest)
opinion = second_opinion(healthy)
claim("second opinion above 1.2 in at least 5 of 8", (opinion > 1.2).sum() >= 5, measured=opinion)


# %% jupyter={"source_hidden": true}
def losses_with(ax, chart, title):
    for values, color, name in zip(chart.losses, (plotting.DISC, plotting.FAKE), ("D", "G"), strict=True):
        smooth = values.unflatten(0, (30, 20)).mean(dim=1).clamp(max=3)
        ax.plot(torch.arange(10, 600, 20), smooth, color=color, alpha=0.3, linewidth=0.7)
        ax.plot(
            torch.arange(10, 600, 20), smooth.median(dim=1).values, color=color, linewidth=2, label=f"loss of {name}"
        )
    ax.axhline(2 * math.log(2), color=plotting.THEORY, linestyle="--", linewidth=1, label="2 ln 2")
    ax.set(ylim=(0, 3), xlabel="step", title=title)


def points_with(ax, chart, title):
    ax.scatter(*ring.modes.T, s=90, color=plotting.REAL, alpha=0.35, linewidths=0)
    ax.scatter(*chart.points[0, :300].T, s=7, color=plotting.FAKE, marker="^", linewidths=0)
    ax.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), aspect="equal", xticks=[], yticks=[], title=title)


def compare(name, chart):
    _, axes = plt.subplots(2, 2, figsize=(6.8, 5.2), height_ratios=[1.2, 1])
    for column, (title, each) in enumerate({"healthy": healthy, name: chart}.items()):
        points_with(axes[0, column], each, f"{title}: seed 0")
        losses_with(axes[1, column], each, "eight seeds")
    axes[0, 0].figure.legend(*axes[1, 1].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    plt.show()


# %% [markdown]
# ### The discriminator is too weak
#
# It learns at a tenth of the generator's rate: 0.0004 against 0.004.
#
# **Predict, and say why:** what will the losses look like? Where will the points be?

# %%
weak = play(lr=(4e-3, 4e-4))
compare("weak D", weak)

# %%
second, at_end = second_opinion(weak), modes_held(weak.points)
claim("symptom: D's loss is within 0.06 of 2 ln 2 in every seed", (abs(weak.d - 2 * math.log(2)) < 0.06).all())
claim("symptom: at most 4 modes held in every seed", (at_end <= 4).all(), measured=at_end)
reached = modes_served(weak.points)
claim("and at most 6 are served, in at least 5 of 8", (reached <= 6).sum() >= 5, measured=reached)
claim("symptom: unrest above 0.8 in at least 6 of 8", (weak.unrest > 0.8).sum() >= 6, measured=weak.unrest)
claim("test: the second opinion is below 0.9 in at least 7 of 8", (second < 0.9).sum() >= 7, measured=second)

# %% [markdown]
# The losses are perfect. The points crowd together, wander about and settle nowhere: collapse in the narrow sense. The
# discriminator says ½ because it is late: it has just begun to see where the points are, and they have left. A fresh
# discriminator, with the points held still, soon tells them from real ones. What helps are equal rates: that is the
# healthy GAN on the left, from the same seeds.

# %% [markdown]
# ### The discriminator is too strong
#
# It learns at 0.04, ten times as fast as its generator.
#
# **Predict, and say why:** which of the two players will have the smaller loss? Will the points run about again?

# %%
strong = play(lr=(4e-3, 4e-2))
compare("strong D", strong)

# %%
lower = (strong.d < healthy.d).sum()
claim("symptom: D's loss is below the healthy one's, in at least 7 of 8", lower >= 7, measured=[strong.d, healthy.d])
claim("symptom: G's loss is above, in all 8", (strong.g > healthy.g).all(), measured=[strong.g, healthy.g])
claim("symptom: calm, unrest below 0.5 in at least 7 of 8", (strong.unrest < 0.5).sum() >= 7, measured=strong.unrest)
reached = modes_served(strong.points)
claim("symptom: modes are missing (not served), in at least half of the seeds", (reached < 8).sum() >= 4, reached)
second = second_opinion(strong)
claim("test: the second opinion is lower, too, in at least 7 of 8", (second < opinion).sum() >= 7, [second, opinion])

# %% [markdown]
# Here the loss tells the truth: in at least half of the seeds modes are missing, and the discriminator knows it. Yet
# the generator doesn't bring them back: mode dropping. Perhaps it sits between steep hills and finds no way out. What
# helps are equal rates *from the start*. (The museum, chapter 60, has a stronger case. There equal rates in the middle
# come too late for most seeds.)
#
# So two faults with opposite causes both end with modes missing. You tell them apart by D's loss (at $2 \ln 2$, or
# clearly below) and by the unrest (running, or calm).

# %% [markdown]
# ### A mode that is rare
#
# Now nothing is wrong with the settings or the code. But one cloud, the one on the right, has only 1 % of the data.
# There are 5,000 points, so about 50 of them are rare. (That is a second difference: the healthy GAN gets new points at
# each step.)

# %%
world = data.toy.ring(weights=[0.01] + [0.99 / 7] * 7)
known = world.sample(5000, 0)
rare = play(known)
compare("rare mode", rare)


# %%
def share_of_due(gans, number):
    """Of the points that one cloud should get, the share that it gets; one number for each seed."""
    return metrics.mode_coverage(gans.sample(8000), world).counts[:, number] / 8000 / world.mode_weights[number]


# %% [markdown]
# **Predict, and say why:** do the losses show it? And which of the eight clouds will be served worst?

# %%
losses = {"healthy": healthy.d.median(), "rare": rare.d.median()}
claim(
    "symptom: none in D's loss (medians within 0.05 of the healthy one)", abs(losses["healthy"] - losses["rare"]) < 0.05
)
second = second_opinion(rare, known)
claim(
    "a second opinion is above 1.2 in at least 5 of 8, as the healthy one's", (second > 1.2).sum() >= 5, measured=second
)
claim("it differs by more than 0.01 from seed to seed", second.std() > 0.01, measured=second.std())
due, opposite = share_of_due(rare.gans, 0), share_of_due(rare.gans, 4)
lost = (due < 0.25).sum()
claim("test: in at least 3 of 8 seeds the rare cloud gets less than a quarter of its due", lost >= 3, measured=due)
typical = [due.median(), opposite.median()]
claim("the common cloud opposite gets more of its due, in the median", typical[0] < typical[1], measured=typical)

# %% [markdown]
# Nearly nothing tells you, and how many seeds lose the rare cloud changes from one set of seeds to the next. Why? A
# batch of 128 holds about one rare point, and a discriminator that notices a lost rare cloud gains almost nothing by it
# (exercise 3 computes it: 0.007 below $2 \ln 2$, against 0.09 for a common cloud). So hardly anything calls the
# generator back. It is not always the rare cloud that is lost first: sometimes a common one is worse off, as before.
# But the discriminator notices when a common cloud is missing, and hardly notices when the rare one is.

# %% [markdown]
# The test needs to know where to look. You can only count groups that you have a name for. A second opinion doesn't
# help here: a lost rare cloud is worth 0.007, and the opinions differ by more than that from seed to seed.
#
# What helps needs the name, too: draw the rare points more often while training (**oversampling**), so that each cloud
# gets an eighth of the batch. Afterwards, keep a generated rare point only with the probability that undoes this.
# (Chapter 50 is about such classes.)
#
# **Predict, and say why:** the discriminator will see the same fifty rare points again and again. Will that be enough?

# %%
named = torch.cdist(known, world.modes).argmin(dim=1)  # which cloud a point belongs to
often = 1 / named.bincount(minlength=8)[named]  # each cloud as often as the others
again = known[torch.multinomial(often, 5000, replacement=True)]
balanced = play(again)
made = metrics.mode_coverage(balanced.gans.sample(8000), ring).counts / 1000  # an eighth of 8,000 would be right
claim(
    "drawn more often: the rare cloud is held in at least 7 of 8", (made[:, 0] > 0.25).sum() >= 7, measured=made[:, 0]
)

# %%
points = balanced.gans.sample(8000)
near = torch.cdist(points, world.modes)
is_rare, good = near.argmin(dim=-1) == 0, near.amin(dim=-1) < 0.3  # within three standard deviations
share = (named == 0).float().mean()  # of the real data: about 1 %
keep = share / (1 - share) * 7  # of 8 points 1 is rare: keep / (keep + 7) must be the share
kept = ~is_rare | (torch.rand(is_rare.shape) < keep)
after = (is_rare & good & kept).sum(dim=1) / kept.sum(dim=1) / share
claim("thinned out: good rare points are at most twice their due, in at least 7 of 8", (after < 2).sum() >= 7, after)
claim("less than a quarter of their due: in fewer seeds than before", (after < 0.25).sum() < lost, [after, due])

# %% [markdown]
# It helps here. But one round cloud is a simple thing. With fifty *photographs* a discriminator may learn them by
# heart.
#
# These were three failures of many. The [museum of failures](60_museum_of_failures.ipynb) has all those that this
# course knows, with the test that finds each one, and it lets you diagnose patients whose illness nobody tells you.

# %% [markdown]
# ## Help, I get …
#
# ### all modes in one run, and two in the next
# Nothing is broken. That is what section 1 looks like when you see it one run at a time. Run eight seeds.
#
# ### losses that stand still near 1.39 and 0.69
# The GAN may be healthy, or its discriminator may be too weak (section 5). Ask for a second opinion.
#
# ### fewer modes although D's loss is low and nothing moves
# The discriminator may be too strong (section 5), or the generator gets no gradient ([46 · Test a
# GAN](46_test_a_gan.ipynb)).

# %% [markdown]
# ### `ValueError: std is missing`, or counts that don't fit
# `mode_coverage` takes the distribution itself: it knows its modes, their widths and their shares. Pass `ring`, not
# `ring.modes`, and pass the same world that the GAN was trained on.
#
# ### `TrainingDiverged`
# A loss is NaN or infinite. Take a tenth of the learning rate, and start anew.

# %% [markdown]
# ## Recap
#
# - A mode is held or lost at a *step*: count over time and over seeds. And look whether it is deserted or only missed.
# - A late discriminator makes generators run round; a discriminator that has won leaves them stuck.
# - Compare a remedy with each of its parts alone: here R2 did the work, and R1 beside it nothing.
# - A loss below $2 \ln 2$ says that something is missing or wrong; a loss at $2 \ln 2$ says nothing. Ask a fresh
#   discriminator.
# - Rare groups are easily lost, and you only notice it if you count them by name.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>“My training data are very diverse, so mode collapse can't happen.” True?</summary>
#
# No. All eight seeds of the first picture had the same complete ring to learn from, and some lack modes. Collapse can
# happen with the best data. (Unequal shares make it likelier for the rare group. And a generator can't make what the
# data lack.)
#
# </details>
#
# <details><summary>Is a collapsed generator stuck in a local minimum?</summary>
#
# The comparison misleads: nobody minimises one function here. Section 2's fall began from a complete ring, with the
# same data and the same loss. And a generator that runs from place to place isn't stuck at all. What comes nearest is
# the strong discriminator of section 5, but there it is the discriminator that makes the valley.
#
# </details>
#
# <details><summary>$L_D = 0.02$ and $L_G = 7$. Slow the discriminator down?</summary>
#
# First look whether the generator moves at all, and whether it *can* make points where the data are. A generator
# without a gradient, or with too small a range, shows the same losses, and no learning rate helps it. Only then it is
# time for section 5, with a new start.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Srivastava et al. 2017, *VEEGAN*](https://arxiv.org/abs/1705.07761): where the count of captured modes on rings and
#   grids was made a standard
# - [Lin et al. 2018, *PacGAN*](https://arxiv.org/abs/1712.04086): another remedy (the discriminator sees several
#   samples at once), and what mode collapse means as a region of distributions
# - [Metz et al. 2017, *Unrolled GANs*](https://arxiv.org/abs/1611.02163): the famous film of a generator that runs from
#   mode to mode, and a cure that looks some steps ahead
# - [Mescheder et al. 2018, *Which training methods for GANs do actually converge?*](https://arxiv.org/abs/1801.04406):
#   why the game swings, and what R1 and R2 do about it
# - [Huang et al. 2024, *The GAN is dead; long live the GAN!*](https://arxiv.org/abs/2501.05441): R1 and R2 together,
#   with a count of 1,000 modes

# %% [markdown]
# ## Key terms
#
# {{terms: mode collapse; mode dropping; captured mode; held mode; served mode; learning rate; momentum; control;
# oversampling}}

# %% [markdown]
# # 23 · Mode collapse
#
# *A GAN can lose half of your data, show you flawless samples and flat loss curves, and leave you to find out: this
# chapter teaches you to find out.*
#
# > **You will be able to**
# > - count modes over time and over seeds, and name the step at which one was lost
# > - tell a generator that runs round from one that is stuck, and say what the losses know of it
# > - judge a remedy by eight seeds: what helps here, and what only has the name of helping
# > - recognise thirteen illnesses of GANs by their symptoms, test for them, and cure them
# >
# > **Before you start** [00 · Start here](00_start_here.ipynb): modes, seeds, claims. The training loop by hand is in
# > [41 · An MLP GAN](41_mlp_gan.ipynb); you can read it later.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU: none needed

# %%
import math
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, ensemble, metrics, nets, plotting, training
from gan_edu.claims import claim

plotting.use_style()
torch.set_num_threads(1)  # these nets are tiny: a second CPU thread would mostly wait for the first

# %% [markdown]
# ## The idea in a picture
#
# Eight GANs learn the same ring of eight clouds, with the same settings, and only the seed differs. We stop them
# after 1,200 steps and look.


# %%
ring = data.toy.ring()  # radius 2, standard deviation of a cloud 0.1


def make_generator():
    return nets.mlp([2, 32, 32, 2], activation="tanh")


def make_discriminator():
    return nets.mlp([2, 32, 32, 1], activation="tanh")


def modes_held(samples, world=ring):
    """How many modes have more than a quarter of the points that they should have."""
    shares = metrics.mode_coverage(samples, world).counts / samples.shape[-2]
    return (shares > world.mode_weights / 4).sum(dim=-1)


# %%
gans = ensemble.gans(make_generator, make_discriminator, seeds=8, lr=1e-2, ema=0.99)
noise = gans.noise(500)  # always the same, so that points can be followed
film, averaged = {}, []
for step in training.train(gans, ring, steps=1200, progress=False):
    if step.number % 20 == 0:
        film[step.number] = gans.sample(noise, ema=False)
        averaged.append(modes_held(gans.sample(noise)))  # of the averaged generator: for section 3

samples = film[1200]
titles = [f"seed {seed}: {count} of 8" for seed, count in enumerate(modes_held(samples).tolist())]
plotting.small_multiples_2d(samples, ring, titles)

# %% [markdown]
# Some are complete, some are not. In an incomplete one, the clouds that are there may look perfect: nothing in
# *these points* tells you that others should exist. That is **mode collapse**: part of the data is given up.
#
# It is not that the network is too small, or that data are missing: its neighbour with the same network has all
# eight. Something happened on the way.

# %% [markdown]
# ## 1 · Counting, and counting over time
#
# Two papers made counting a standard. VEEGAN calls a point *of high quality* when it lies within three standard
# deviations of the nearest mode, and a mode *captured* when at least **one** of 2,500 points does; PacGAN counts the
# same way, and adds a distance between the shares.
#
# One point in 2,500 is generous: a generator that merely sweeps past a cloud captures it. For watching a training we
# ask for more. A mode is **held** when it gets more than a quarter of the points that it deserves. (`modes_held` above
# does that; on the ring each mode deserves an eighth.)
#
# **Before you run the next cell:** how will the number of held modes run over time? Does each seed climb to 8 and stay?

# %%
steps = torch.tensor(list(film))
held = torch.stack([modes_held(points) for points in film.values()])  # (looks, seeds)
plotting.seeds_over_time(steps, held, "modes held", label="lr = 0.01", reference=(8, "all"))

# %%
captured = torch.stack([metrics.mode_coverage(points, ring).captured for points in film.values()])
claim("a mode that is held is captured, too", (captured >= held).all())
claim("a seed with 8 captured modes can hold 3 or fewer", ((captured == 8) & (held <= 3)).any())
had_all = (held == 8).any(dim=0)
fell = ((held[:-1] == 8) & (held[1:] < 8)).any(dim=0)
claim("at least 5 of 8 seeds held all modes at some time", had_all.sum() >= 5, measured=had_all)
claim("at least 3 of 8 held all modes and then lost some again", fell.sum() >= 3, measured=fell)

# %% [markdown]
# It is no staircase. Seeds reach eight, stay for hundreds of steps, and fall. Had you stopped at a good moment, you
# would have reported a complete ring.
#
# Two words that are often mixed up:
#
# - **mode dropping**: some modes are missing, the rest is fine, and it stays like that
# - **mode collapse** in the narrow sense: nearly all points sit on one or two modes, usually *moving* from one to the
#   next
#
# You will see both below, with different causes.

# %% [markdown]
# ## 2 · The step at which it happens
#
# Let us find one fall and look at it closely: among all moments at which a seed held eight modes, we take the one that
# is followed by the deepest loss within 60 steps.
#
# **Predict:** does one cloud fade away while the other seven stay, or does something else happen?

# %%
soon = torch.stack([held[i + 1 : i + 4].min(dim=0).values for i in range(len(held) - 3)])
depth = (held[:-3] - soon).where(held[:-3] == 8, torch.tensor(-1))
look, seed = divmod(depth.argmax().item(), 8)
shown = [int(s) for s in steps[max(look - 1, 0) : look + 7]]
frames = [film[s][seed] for s in shown]
titles = [f"step {s}: {modes_held(frame)} of 8" for s, frame in zip(shown, frames, strict=True)]
plotting.small_multiples_2d(frames, ring, titles)

# %% [markdown]
# In this film no single cloud fades. The whole sheet of points swings away, and several modes go at once. With the same
# noise at each look, that can be measured, for all seeds: how far has the median point moved in 20 steps?

# %%
points = torch.stack(list(film.values()))  # (looks, seeds, 500, 2)
moved = (points[1:] - points[:-1]).norm(dim=-1).median(dim=-1).values
calm = moved[(held[:-1] == 8) & (held[1:] == 8)].median()
falling = moved[(held[:-1] == 8) & (held[1:] < 8)].median()
claim("at a fall, the median point moves at least 1.3 times as far as in calm times", falling > 1.3 * calm)

# %% [markdown]
# So this loss of modes is a loss of *balance*. A likely story: one step goes too far, the discriminator's hills turn
# round, and all points run after them. We haven't proved it, but it suggests a remedy that can be tested: smaller
# steps.

# %% [markdown]
# ## 3 · What makes it worse, what makes it better
#
# Eight settings, each with eight seeds. We start from the picture above (both learning rates 0.01) and change one thing
# at a time:
#
# - *both slower*: both rates 0.004
# - *slow D*: the discriminator 0.002, the generator still 0.01. *slow G*: the other way round
# - *β₁ = 0.9*: more of Adam's momentum, PyTorch's default, instead of our 0.5
# - *R1*: a penalty on the discriminator's slope at real points; *R1 + R2*: at real and at generated ones (chapter 33)
# - *EMA*: sample from a running average of the generator's weights
#
# **Predict:** put them in order before you look. Which one is worst? Which remedies do nothing?


# %%
def course(gans, steps=1200):
    looks = []
    for step in training.train(gans, ring, steps, progress=False):
        if step.number % 50 == 0:
            looks.append(modes_held(gans.sample(500)))
    return SimpleNamespace(held=torch.stack(looks[12:]), loss_d=last_loss(gans))  # the second half, after step 600


def last_loss(gans):
    return torch.tensor(gans.history.columns["loss_d"][-100:]).mean(dim=0)  # of the discriminator, one for each seed


changes = {
    "both slower": {"lr": 4e-3},
    "slow D": {"lr": (1e-2, 2e-3)},
    "slow G": {"lr": (2e-3, 1e-2)},
    "β₁ = 0.9": {"betas": (0.9, 0.999)},
    "R1": {"penalties": {"r1": 0.1}},
    "R1 + R2": {"penalties": {"r1": 0.1, "r2": 0.1}},
}

# %%
courses = {"as above": SimpleNamespace(held=held[30:], loss_d=last_loss(gans))}
courses["EMA"] = SimpleNamespace(held=torch.stack(averaged[30:]), loss_d=last_loss(gans))
for name, change in changes.items():
    courses[name] = course(ensemble.gans(make_generator, make_discriminator, seeds=8, **{"lr": 1e-2, **change}))

average = {name: each.held.float().mean(dim=0) for name, each in courses.items()}
plotting.bars_with_floor(average, "modes held, mean of steps 600–1,200")

# %%
complete = {name: (each.held == 8).float().mean() for name, each in courses.items()}  # share of looks and seeds
claim("as above: complete in at most 85 % of the looks", complete["as above"] <= 0.85, measured=complete)
claim(
    "both slower, or R1 + R2: complete in more",
    min(complete["both slower"], complete["R1 + R2"]) > 0.85,
    measured=complete,
)
claim("R1 alone is clearly behind R1 + R2", complete["R1"] < complete["R1 + R2"] - 0.05, measured=complete)
claim("averaging changes little (less than 0.2)", abs(complete["EMA"] - complete["as above"]) < 0.2, measured=complete)
claim("momentum is worst: fewer than 2 modes in the median", average["β₁ = 0.9"].median() < 2, measured=average)
claim("a slow D: fewer than 5 in the median", average["slow D"].median() < 5, measured=average)
stuck = courses["slow G"].held
claim(
    "a slow G: at least 5 of 8 seeds incomplete at the end, and in half of the seeds nothing changes for 300 steps",
    (stuck[-1] < 8).sum() >= 5 and (stuck[-6:] == stuck[-1]).all(dim=0).sum() >= 4,
    measured=stuck[-1],
)

# %% [markdown]
# Read it slowly, because it contradicts advice that is often given:
#
# - **Who is slow matters.** With a slow discriminator the generator runs round: collapse in the narrow sense. With a
#   slow generator it gets stuck on about six modes, and stays: mode dropping. "Make D faster than G" can cure the one
#   and cause the other. Here, both slower cures it.
# - **Momentum** makes the swings larger. It is the default of `torch.optim.Adam`.
# - **EMA** smooths what you sample, and can't average in modes which the generator has lost. It is no remedy for
#   collapse, whatever it may do for quality.
# - **R1** with this weight does nothing that we can see; with **R2** beside it, the ring holds.
#
# %% [markdown]
# And what it does not show: this is one ring, one pair of nets, 1,200 steps. The *order* may well change elsewhere.
# What should travel is the method: eight seeds, one change at a time, a count over time. Published tables need the same
# caution. For a plain GAN on a grid of 25 modes, VEEGAN's table says 3.3 modes, PacGAN's 17.3: settings, not names,
# make these numbers.
#
# 🔎 **Try it.** Three discriminator steps for each of the generator's (`"discriminator_steps": 3`), the loss of the
# textbook (`"loss": "minimax"`), `"loss": "hinge"`. Say what you expect of each before you run
# it.

# %% [markdown]
# **With your own hands.** Here are eight seeds after 400 steps. Press **▶ Play** and wait until the widget names a mode
# that was lost; drag the time line back and watch it go. Then change one setting (*penalty*, *D's rate*, *packing* …):
# the training branches, and the eight as before stand beside the eight with your remedy. In which of the two would you
# bet on all modes 1,000 steps later?

# %%
from gan_edu.widgets import ModeCollapse

ModeCollapse("ring", seeds=8).run(400)

# %% [markdown]
# ## 4 · What do the losses know?
#
# Suppose that a generator draws $k$ of the $K$ modes perfectly and never the others. The best possible discriminator
# sees through it: at a missing mode it says "real", at the others $D = \frac{k}{K+k}$, a little below ½ (there are
# more fakes than real points). Put this into the loss and you get
#
# $$L_D^*(k) = \frac{k}{K} \ln\frac{K+k}{k} + \ln\frac{K+k}{K},$$
#
# $2 \ln 2$ for $k = K$. Each lost mode lowers the discriminator's loss.
#
# **Predict:** will our runs lie on this curve, above it, or below it?


# %%
def best_loss(k, K=8):
    return k / K * math.log((K + k) / k) + math.log((K + k) / K)


_, ax = plt.subplots()
theory = torch.tensor([best_loss(k) for k in range(1, 9)])
ax.plot(range(1, 9), theory, color=plotting.THEORY, linestyle="--", label="theory: the best D")
drawn = ["as above", "both slower", "slow D", "slow G", "β₁ = 0.9"]
for name, marker, color in zip(drawn, "os^Dv", plotting.NEUTRAL, strict=True):
    beside = courses[name].held[-1] + torch.linspace(-0.15, 0.15, 8)  # so that equal ones don't hide each other
    ax.scatter(beside, courses[name].loss_d, s=45, color=color, marker=marker, label=name, alpha=0.8)
ax.set(xlabel="modes held at the end", ylabel="loss of D (nats)")
ax.legend(loc="lower right")
plt.show()

# %%
six = courses["slow G"].held[-1] == 6
claim(
    "stuck at six modes: D's loss is within 0.1 of the theory's 1.195 (in the median)",
    abs(courses["slow G"].loss_d[six].median() - best_loss(6)) < 0.1,
    measured=courses["slow G"].loss_d,
)
slow = courses["slow D"]
claim("with a slow D it is within 0.05 of 2 ln 2 in every seed…", (abs(slow.loss_d - 2 * math.log(2)) < 0.05).all())
claim("… although the median seed holds 5 modes or fewer", slow.held[-1].median() <= 5, measured=slow.held[-1])

# %% [markdown]
# A loss that stands **below** $2 \ln 2$ is evidence: something is missing, and this discriminator knows it. For the
# stuck generators the theory even tells how much is missing, from the loss alone.
#
# A loss **at** $2 \ln 2$ is no evidence at all. The most beautiful one belongs to the slow discriminator, and half of
# its runs hold five modes or fewer: it is always late, and criticises where the points were a moment ago. So ask
# somebody who isn't late: a fresh discriminator. That will be our most useful instrument.

# %% [markdown]
# ## 5 · A museum of failures
#
# Fourteen rooms: thirteen illnesses and a false alarm. Each patient differs from a healthy one by **one** thing, and
# each room goes the same way: symptoms, a test that reveals the cause, a cure, eight seeds.
#
# Some illnesses are slips in the code, so we need the loop by hand (chapter 41 builds it slowly). Here are both turns;
# `bug` names the slip, and `None` is healthy.


# %%
def discriminator_turn(gan, real, fake, bug=None):
    on_real, on_fake = gan.logits(real), gan.logits(fake if bug == "no detach" else fake.detach())
    if bug == "two sigmoids":
        on_real, on_fake = on_real.sigmoid(), on_fake.sigmoid()
    loss = F.softplus(-on_real).mean(dim=-1) + F.softplus(on_fake).mean(dim=-1)  # bce with labels 1 and 0
    if bug not in ("no zero_grad", "no detach"):
        gan.optimizers["discriminator"].zero_grad()
    loss.sum().backward(retain_graph=bug == "no detach")  # the sum over the eight seeds
    gan.optimizers["discriminator"].step()
    return loss.detach()


def generator_turn(gan, fake, bug=None):
    on_fake = gan.logits(fake.detach() if bug == "too much detach" else fake)
    if bug == "two sigmoids":
        on_fake = on_fake.sigmoid()
    loss = F.softplus(on_fake if bug == "wrong label" else -on_fake).mean(dim=-1)  # bce with label 1
    if bug != "no detach":
        gan.optimizers["generator"].zero_grad()
    loss.sum().backward()
    gan.optimizers["generator"].step()
    return loss.detach()


# %% [markdown]
# Each patient is played for 600 steps. Its **chart** holds both losses, the modes held, and the *unrest*: how far the
# median point moves within 50 steps (the same noise is drawn again and again).


# %%
def play(gan, bug=None, world=ring, steps=600):
    look = gan.noise(500)
    losses, held, seen = [], [], [gan.sample(look)]
    same = gan.noise(128)  # for room 14
    for step in range(1, steps + 1):
        real = gan.draw(lambda stream: world.sample(128, stream))
        fake = gan.generator(same if bug == "same noise" else gan.noise(128, looking=False))
        if bug == "no detach":  # all gradients are cleared once, at the top of the step
            gan.optimizers["generator"].zero_grad()
            gan.optimizers["discriminator"].zero_grad()
        losses.append(torch.stack([discriminator_turn(gan, real, fake, bug), generator_turn(gan, fake, bug)]))
        if step % 50 == 0:
            seen.append(gan.sample(look))
            held.append(modes_held(seen[-1], world))
    seen = torch.stack(seen)
    unrest = (seen[1:] - seen[:-1]).norm(dim=-1).median(dim=-1).values
    return SimpleNamespace(gan=gan, loss=torch.stack(losses), held=torch.stack(held), unrest=unrest, points=seen[-1])


def end(chart):  # of each seed: L_D, L_G, modes held, unrest
    loss_d, loss_g = chart.loss[-50:].mean(dim=0)
    return SimpleNamespace(d=loss_d, g=loss_g, held=chart.held[-1], unrest=chart.unrest[-4:].median(dim=0).values)


# %% [markdown]
# The cure is always the healthy way of doing it. There are two ways to give it: **treat** (keep the sick weights, mend
# the code, go on for 600 steps) or **start anew** (the same seeds, from step 0). Which does one need? We shall see;
# each room tries the first where it can. First the healthy one, which is also every patient's new start:


# %%
def admit(make_g=make_generator, make_d=make_discriminator, lr=4e-3, **settings):
    return ensemble.gans(make_g, make_d, seeds=8, lr=lr, **settings)


def treat(sick, parts=("generator", "discriminator"), **settings):
    gan = admit(**settings)
    for part in parts:
        gan.nets[part].load_state_dict(sick.gan.nets[part].state_dict())
    return gan


healthy = play(admit())
claim(
    "healthy: at least 6 of 8 seeds hold at least 7 modes",
    (end(healthy).held >= 7).sum() >= 6,
    measured=end(healthy).held,
)
claim("its points hardly move: unrest below 0.5 in at least 7 of 8", (end(healthy).unrest < 0.5).sum() >= 7)

# %% [markdown]
# And this draws the bedside card: seed 0 sick, seed 0 afterwards, and the curves of all eight.


# %%
def ring_with(ax, points, title):
    ax.scatter(*ring.modes.T, s=90, color=plotting.REAL, alpha=0.35, linewidths=0)
    ax.scatter(*points[:300].T, s=7, color=plotting.FAKE, marker="^", linewidths=0)
    ax.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), aspect="equal", xticks=[], yticks=[])
    ax.set_title(title, fontsize=11)
    outside = (points.abs() > 3.2).any(dim=-1).float().mean()
    if outside > 0.2:
        ax.set_xlabel(f"{outside:.0%} lie outside")


def curves_with(ax, charts, what, color, top):
    start = 0
    for chart in charts:
        values = what(chart)
        x = start + torch.linspace(600 / len(values), 600, len(values))
        ax.plot(x, values.clamp(max=top), color=color, alpha=0.3, linewidth=0.7)
        ax.plot(x, values.median(dim=1).values.clamp(max=top), color=color, linewidth=2)
        start += 600


# %%
def card(sick, after, again):
    figure, axes = plt.subplot_mosaic("ABL;ABH", figsize=(6.8, 2.8), width_ratios=[1, 1, 1.35])
    ring_with(axes["A"], sick.points[0], f"sick: {sick.held[-1][0]} of 8")
    ring_with(axes["B"], after.points[0], f"{'treated' if again else 'new start'}: {after.held[-1][0]} of 8")
    blocks = [SimpleNamespace(l=c.loss.unflatten(0, (30, 20)).mean(dim=1), h=c.held) for c in (sick, after)]
    curves_with(axes["L"], blocks, lambda c: c.l[:, 0], plotting.DISC, 3)
    curves_with(axes["L"], blocks, lambda c: c.l[:, 1], plotting.FAKE, 3)
    curves_with(axes["H"], blocks, lambda c: c.h.float(), plotting.NEUTRAL[0], 8)
    axes["L"].axhline(2 * math.log(2), **{"color": "black", "linestyle": "--", "linewidth": 1})
    axes["L"].set(ylim=(-0.15, 3.15), ylabel="losses", xticks=[], yticks=[0, 1, 2, 3])
    axes["H"].set(ylim=(-0.5, 8.5), ylabel="held", xticks=[0, 600, 1200], yticks=[0, 4, 8])
    axes["H"].set_xlabel("step")
    for ax in (axes["L"], axes["H"]):
        ax.axvline(600, color="0.5", linewidth=1)
    plt.show()


wards = {"healthy": healthy}
treated = {}


def visit(name, bug=None, world=ring, again=True, **settings):
    wards[name] = play(admit(**settings), bug, world)
    if again:
        treated[name] = play(treat(wards[name]))
    after = treated.get(name, healthy)
    card(wards[name], after, again)
    return wards[name], end(wards[name]), end(after)


# %% [markdown]
# Green is the discriminator's loss, orange the generator's (cut off at 3), the dashes are $2\ln 2$; thick is the median
# seed. To the right of the grey line is what came after the cure.
#
# Finally two instruments. **Second opinion**: a fresh discriminator learns for 300 steps while the generator sleeps.
# How small does its loss get? Any loss $L$ proves $\mathrm{JSD} \ge \ln 2 - L/2$, so: small means that the points are
# wrong. **Eye test**: a discriminator gets the easiest task in the world, all forgeries in the middle of the ring,
# where no real point ever is. Can it be *made* to see?


# %%
def second_opinion(chart, **settings):
    if not hasattr(chart, "opinion"):  # asked for once
        gan, loss = treat(chart, parts=["generator"], **settings), []
        for _ in range(300):
            real, fake = gan.draw(lambda stream: ring.sample(128, stream)), gan.sample(128)
            loss.append(discriminator_turn(gan, real, fake))
        chart.opinion = torch.stack(loss[-50:]).mean(dim=0)
    return chart.opinion


def eye_test(bug=None, **settings):
    gan, loss = admit(**settings), []
    for _ in range(300):
        real = gan.draw(lambda stream: ring.sample(128, stream))
        loss.append(discriminator_turn(gan, real, real / 20, bug))  # forgeries: the ring, shrunk to a dot
    return loss[-1]


claim("second opinion on the healthy: above 1.25 in at least 6 of 8", (second_opinion(healthy) > 1.25).sum() >= 6)
healthy_eyes = eye_test()
claim("eye test of a healthy discriminator: below 0.1", (healthy_eyes < 0.1).all())

# %% [markdown]
# ### Room 1 · The discriminator is too weak
#
# It learns at a tenth of the generator's rate.
#
# **Predict:** what will the losses look like?

# %%
chart, sick, cured = visit("weak D", lr=(4e-3, 4e-4))

# %%
opinion = second_opinion(chart)
claim(
    "symptom: D's loss is within 0.06 of 2 ln 2, as in the textbook's equilibrium", (abs(sick.d - 1.386) < 0.06).all()
)
claim(
    "symptom: at most 3 modes held; unrest above 1 in at least 6 of 8",
    (sick.held <= 3).all() and (sick.unrest > 1).sum() >= 6,
    measured=[sick.held, sick.unrest],
)
claim("test: the second opinion is below 0.7 in at least 7 of 8", (opinion < 0.7).sum() >= 7, measured=opinion)
claim("cure: with equal rates, the median seed holds at least 5", cured.held.median() >= 5, measured=cured.held)

# %% [markdown]
# Perfect losses, and points that wander about and settle nowhere. The discriminator says ½ because it is late: a fresh
# one, with the points held still, soon tells them from real ones.
#
# ### Room 2 · The discriminator is too strong
#
# It learns five times as fast as in health, and the generator four times as slowly.

# %%
chart, sick, cured = visit("strong D", lr=(1e-3, 2e-2))

# %%
claim(
    "symptom: D's loss is below 1.1, the generator's above 1.4, in all", (sick.d < 1.1).all() and (sick.g > 1.4).all()
)
claim(
    "symptom: calm (unrest below 0.5) and incomplete (at most 6 held), both in at least 7 of 8",
    (sick.unrest < 0.5).sum() >= 7 and (sick.held <= 6).sum() >= 7,
    measured=[sick.unrest, sick.held],
)
opinion = second_opinion(chart)
claim("test: the second opinion agrees, below 1.3 in at least 7 of 8", (opinion < 1.3).sum() >= 7, measured=opinion)
claim("treated, at least 6 of 8 seeds still don't hold more than 6", (cured.held <= 6).sum() >= 6, measured=cured.held)

# %% [markdown]
# Here the loss tells the truth: something is missing, and the discriminator knows what. Yet the generator sits between
# steep hills, and small steps lead it nowhere.
#
# Look right of the grey line. Equal rates came too late: the points on the clouds have become better, and the missing
# clouds are still missing. The same rates from the start give the healthy ring. **This cure needs a new start.**
#
# ### Room 3 · The discriminator is blind
#
# Somebody forgot the hidden layers: $\ell(x) = w \cdot x + b$.

# %%
chart, sick, cured = visit("blind D", make_d=lambda: nets.mlp([2, 1]), again=False)

# %%
claim(
    "symptom: D's loss is within 0.08 of 2 ln 2; at most 3 modes held",
    (abs(sick.d - 1.386) < 0.08).all() and (sick.held <= 3).all(),
    measured=[sick.d, sick.held],
)
opinion = second_opinion(chart)
claim("test: the second opinion is below 0.8 in all", (opinion < 0.8).all(), measured=opinion)
blind = eye_test(make_d=lambda: nets.mlp([2, 1]))
claim(
    "test: in the eye test its loss stays above 1.25, the healthy one's falls below 0.1",
    (blind > 1.25).all() and (healthy_eyes < 0.1).all(),
    measured=blind,
)

# %% [markdown]
# Up to here it looked like room 1, and the second opinion said the same. The eye test tells them apart: a weak
# discriminator *could* see, a linear one can't. The ring and a dot in its middle have the same mean, and then no line
# through the plane is better than guessing. The generator is never told more than its discriminator can see. Cure:
# hidden layers.

# %% [markdown]
# ### Room 4 · Too much momentum
#
# Adam's β₁ is 0.9, as it is when you don't say anything. For a classifier that's fine.

# %%
chart, sick, cured = visit("momentum", betas=(0.9, 0.999))

# %%
claim(
    "symptom: at most 3 modes held; unrest above 0.8 in at least 6 of 8",
    (sick.held <= 3).all() and (sick.unrest > 0.8).sum() >= 6,
    measured=[sick.held, sick.unrest],
)
opinion = second_opinion(chart)
claim("test: the second opinion is below 0.9 in at least 7 of 8", (opinion < 0.9).sum() >= 7, measured=opinion)
claim("cure: with β₁ = 0.5, the median seed holds 7 or 8", cured.held.median() >= 7, measured=cured.held)

# %% [markdown]
# It runs, like room 1, and both have a discriminator that a fresh one beats by far. **None of our instruments tells
# these two apart** with certainty. You read the settings, change one thing, and count again. (Its losses are more
# uneven, but would you bet on that?)
#
# ### Room 5 · The learning rate is too high
#
# 0.05 for both, instead of 0.004.

# %%
chart, sick, cured = visit("rate", lr=5e-2)


# %%
def relative_step(lr):
    gan = admit(lr=lr)
    before = torch.cat([p.detach().flatten() for p in gan.discriminator.parameters()])
    play(gan, steps=50)
    after = torch.cat([p.detach().flatten() for p in gan.discriminator.parameters()])
    return ((after - before).norm() / before.norm()).item()


sizes = {lr: relative_step(lr) for lr in (4e-3, 5e-2)}
claim(
    "symptom: nothing held in the median seed, and the points lie far outside",
    sick.held.median() == 0 and (chart.points.norm(dim=-1).mean(dim=-1) > 3.2).sum() >= 6,
    measured=sick.held,
)
claim(
    "test: 50 steps change the weights by more than their own size, healthy ones by less",
    sizes[5e-2] > 1 > sizes[4e-3],
    measured=sizes,
)
claim("treated, at least 5 of 8 seeds hold 6 modes or fewer", (cured.held <= 6).sum() >= 5, measured=cured.held)

# %% [markdown]
# Adam changes each weight by about the learning rate at each step, whatever the gradient. Most weights here start below
# 0.18 in size, so you can foresee that 0.05 is too much. And it leaves a mark: with weights that large, the tanh units
# work where they are flat, and hardly anything pulls them back. This one needs a new start, too.
#
# ### Room 6 · The wrong label
#
# In the generator's turn its forgeries get the label 0, "forged".
#
# **Predict:** both losses will fall. How far?

# %%
chart, sick, cured = visit("wrong label", bug="wrong label")

# %%
claim(
    "symptom: nothing held, and every point lies farther out than the ring",
    (sick.held == 0).all() and (chart.points.norm(dim=-1).min() > 2.5),
    measured=sick.held,
)
claim("test: the losses add up to less than 0.1 in every seed", (sick.d + sick.g < 0.1).all(), measured=sick.d + sick.g)
claim("healthy: to more than 2 ln 2 in every seed", (end(healthy).d + end(healthy).g > 2 * math.log(2)).all())
claim(
    "cure: treated, all seeds hold something again, most of them not all", (cured.held >= 1).all(), measured=cured.held
)

# %% [markdown]
# Both win? In a game that can't be. Take a forgery with logit $\ell$: the discriminator pays
# $\ln(1 + e^{\ell})$ for it, the generator $\ln(1 + e^{-\ell})$. Together that is at least $2 \ln 2$, whatever
# $\ell$ is. **If $L_D + L_G < 2 \ln 2$, the labels are wrong.** (That is exact for one and the same
# discriminator; between the two turns it makes one step. And it is about the non-saturating loss.)
#
# (The generator has learned to be recognised as a forger. It does so very well.)
#
# ### Room 7 · No detach
#
# The forgeries reach the discriminator with their graph, and all gradients are cleared once, at the top of the step. So
# the generator also gets the gradient of the *discriminator's* loss.

# %%
chart, sick, cured = visit("no detach", bug="no detach")


# %%
def gradient_in_g(bug):
    gan = admit()
    real = gan.draw(lambda stream: ring.sample(128, stream))
    discriminator_turn(gan, real, gan.generator(gan.noise(128)), bug)
    return [p.grad is not None and p.grad.any().item() for p in gan.generator.parameters()]


claim(
    "symptom: D's loss is below 1.32 and at most 6 modes held, both in at least 6 of 8",
    (sick.d < 1.32).sum() >= 6 and (sick.held <= 6).sum() >= 6,
    measured=[sick.d, sick.held],
)
claim(
    "test: after the discriminator's turn every tensor of the generator has a gradient", all(gradient_in_g("no detach"))
)
claim("healthy: none has one", not any(gradient_in_g(None)))
claim("cure: treated, the median seed holds 8", cured.held.median() == 8, measured=cured.held)

# %% [markdown]
# A sly one. The pictures look almost good, and from outside it resembles room 2: calm, incomplete, $L_D$ below
# $2 \ln 2$. Add the generator's two gradients and you see what it wants now: its own pulls a forgery's logit up with
# strength $1 - D$, the other pushes it down with strength $D$. They cancel where $D = ½$, wherever that is.
#
# With `zero_grad` right before each `backward`, the same missing `detach` costs nothing but time.
#
# ### Room 8 · Too much detach
#
# `fake.detach()` in the generator's turn as well. PyTorch doesn't complain: the discriminator's weights do get a
# gradient.

# %%
chart, sick, cured = visit("too much detach", bug="too much detach")

# %%
claim("symptom: L_D below 0.05 and L_G above 5 in every seed", (sick.d < 0.05).all() and (sick.g > 5).all())
claim("test: the points of the same noise haven't moved by a hair in 600 steps", (chart.unrest == 0).all())
no_gradient = [p.grad is None for p in chart.gan.generator.parameters()]
claim("test: no tensor of the generator has ever got a gradient", all(no_gradient))
claim("treated, at least 6 of 8 seeds hold 6 modes or fewer", (cured.held <= 6).sum() >= 6, measured=cured.held)

# %% [markdown]
# The mended code alone doesn't heal it, and you know why: for 600 steps the discriminator has trained alone. It is too
# strong now, and this patient goes on to room 2. New start.
#
# ### Room 9 · No zero_grad
#
# The discriminator's gradients are never cleared. Each step follows the sum of all that ever was, and of all the
# generator's wishes to fool it.

# %%
chart, sick, cured = visit("no zero_grad", bug="no zero_grad")


# %%
def pile(bug, steps=50):
    gan = admit()
    play(gan, bug, steps=steps)
    real = gan.draw(lambda stream: ring.sample(128, stream))
    discriminator_turn(gan, real, gan.generator(gan.noise(128)), bug)
    piled = torch.cat([p.grad.flatten() for p in gan.discriminator.parameters()])
    discriminator_turn(gan, real, gan.generator(gan.noise(128)), None)
    return (piled.norm() / torch.cat([p.grad.flatten() for p in gan.discriminator.parameters()]).norm()).item()


claim(
    "symptom: at most 1 mode held; D's loss above 1.5 in at least 3 of 8: worse than guessing",
    (sick.held <= 1).all() and (sick.d > 1.5).sum() >= 3,
    measured=[sick.held, sick.d],
)
claim(
    "test: after 50 steps .grad is more than 3 times the gradient of this batch; healthy: less than 2 times",
    pile("no zero_grad") > 3 and pile(None) < 2,
    measured=[pile("no zero_grad"), pile(None)],
)
claim("treated, at least 6 of 8 seeds hold 6 modes or fewer", (cured.held <= 6).sum() >= 6, measured=cured.held)

# %% [markdown]
# A discriminator that does much *worse* than guessing is a rare and telling symptom. Saying ½ to everything would cost
# it only $2 \ln 2$.
#
# ### Room 10 · Two sigmoids
#
# The discriminator ends in a sigmoid, and the loss takes another one (`BCEWithLogitsLoss` on probabilities).

# %%
chart, sick, cured = visit("two sigmoids", bug="two sigmoids")

# %%
claim(
    "symptom: L_D within 0.15 of 2 ln 2; at most 3 modes held",
    (abs(sick.d - 1.386) < 0.15).all() and (sick.held <= 3).all(),
    measured=[sick.d, sick.held],
)
eyes = eye_test("two sigmoids")
floor = math.log(1 + 1 / math.e) + math.log(2)
claim(
    "test: in the eye test its loss never gets below log(1 + 1/e) + ln 2 ≈ 1.006",
    (eyes >= floor - 1e-4).all(),
    measured=eyes,
)
claim("cure: treated, the median seed holds 7 or 8", cured.held.median() >= 7, measured=cured.held)

# %% [markdown]
# A sigmoid of a sigmoid lies between ½ and 0.73: the discriminator can't shout. In the easiest task it stops at 1.006,
# exactly where the formula puts it, while a blind one (room 3) stays near 1.39. The eye test takes seconds, and finds
# a broken discriminator before you have wasted a night.
#
# ### Room 11 · The wrong range
#
# The generator ends in `tanh`, so that its points lie in $[-1, 1]^2$. The ring has radius 2.


# %%
def squeezed_generator():
    return nets.mlp([2, 32, 32, 2], activation="tanh", output="tanh")


chart, sick, cured = visit("wrong range", make_g=squeezed_generator, again=False)

# %%
real = ring.sample(5000, 0)
claim(
    "symptom: L_D below 0.05 and L_G above 3; nothing held",
    (sick.d < 0.05).all() and (sick.g > 3).all() and (sick.held == 0).all(),
    measured=[sick.d, sick.g],
)
claim("test: every real point lies outside of what this generator can make", (real.abs() > 1).any(dim=-1).all())
claim(
    "and the points stick to the walls: nine of ten are nearer than 0.05",
    (chart.points.abs().amax(dim=-1) > 0.95).float().mean() > 0.9,
)

# %% [markdown]
# Compare room 8: the same losses, and there too nothing moves. Here the generator does get a gradient, but it can't go
# where that points. **Compare minimum and maximum of real and generated data before the first step.** Cure: give the
# data the range of the output, or the output that of the data (here: no `tanh`).
#
# With images the mismatch is subtler. Data in 0 … 1 and an output in −1 … 1 overlap, and the losses look *perfect*: see
# [chapter 41](41_mlp_gan.ipynb#7-·-Two-runs-with-perfect-losses).
#
# ### Room 12 · The rare mode
#
# Nothing is wrong with the code. One cloud (on the right) holds 1 % of the data instead of an eighth.

# %%
rare = data.toy.ring(weights=[0.01] + [0.99 / 7] * 7)
chart, sick, cured = visit("rare mode", world=rare, again=False)


# %%
def on_the_right(chart):
    return metrics.mode_coverage(chart.gan.sample(4000), ring).counts[:, 0]


lost, balanced = on_the_right(chart), on_the_right(healthy)
claim("symptom: none. D's loss is above 1.25 in at least 7 of 8", (sick.d > 1.25).sum() >= 7, measured=sick.d)
claim(
    "test: of 4,000 points 40 (give or take 6) belong there; the median seed makes fewer than 25",
    lost.median() < 25,
    measured=lost,
)
claim(
    "cure: with balanced data at least 6 of 8 make more than 200 (500 would be right)",
    (balanced > 200).sum() >= 6,
    measured=balanced,
)

# %% [markdown]
# The most important room for real data: what is rare is lost first, and nearly nothing tells you. A batch of 128 holds
# one such point, and the discriminator has more pressing things to learn.
#
# The test needs to know where to look. Nobody counts what nobody has named. And the cure needs labels: draw the rare
# ones more often, then keep a generated rare one with the probability that undoes it.
#
# ### Room 13 · Checkerboards
#
# Upsampling layers of images. A transposed convolution writes each input into a window of the output, and windows
# overlap. With kernel 3 and stride 2, unevenly:

# %%
layers = {
    "transposed, kernel 3": lambda i, o: nn.ConvTranspose2d(i, o, 3, stride=2, padding=1, output_padding=1),
    "transposed, kernel 4": lambda i, o: nn.ConvTranspose2d(i, o, 4, stride=2, padding=1),
    "sub-pixel": lambda i, o: nn.Sequential(nn.Conv2d(i, 4 * o, 3, padding=1), nn.PixelShuffle(2)),
    "enlarge, then convolve": lambda i, o: nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(i, o, 3, padding=1)),
}
for name in ["transposed, kernel 3", "transposed, kernel 4"]:
    layer = layers[name](1, 1)
    nn.init.ones_(layer.weight)
    print(f"{name}: inputs that reach each of 4 × 4 output pixels")
    print((layer(torch.ones(1, 1, 6, 6)) - layer.bias)[0, 0, 4:8, 4:8].round().int().numpy())


# %% [markdown]
# So the textbook says: make the kernel divisible by the stride. **Predict:** eight untrained generators of each kind
# turn noise into pictures. How much of a picture's variance will be checkerboard, if the kernel is 4?
#
# (Checkerboard means here: patterns which alternate from pixel to pixel, along one direction or both.)


# %%
def checkerboard_share(pictures):
    power = torch.fft.fft2(pictures - pictures.mean(dim=(-2, -1), keepdim=True)).abs().square()
    half = pictures.shape[-1] // 2
    fast = power[..., half, :].sum(-1) + power[..., :, half].sum(-1) - power[..., half, half]
    return (fast / power.sum(dim=(-2, -1))).mean().item()


def untrained(kind, seed):
    torch.manual_seed(seed)
    upsample = layers[kind]
    net = nn.Sequential(nn.Unflatten(1, (32, 7, 7)), nn.ReLU(), upsample(32, 16), nn.ReLU(), upsample(16, 1))
    return net(torch.randn(64, 32 * 49))[..., 4:-4, 4:-4].detach()  # without the border


pictures = {kind: [untrained(kind, seed) for seed in range(8)] for kind in layers}
normed = {kind: torch.stack([p[0] / p[0].std() for p in each]) for kind, each in pictures.items()}
plotting.image_grid({kind: 0.5 * (each - each.mean((-2, -1), keepdim=True)) for kind, each in normed.items()})

# %%
share = {kind: torch.tensor([checkerboard_share(p) for p in each]) for kind, each in pictures.items()}
claim(
    "both kinds of transposed convolution: above 15 % in all eight",
    min(share["transposed, kernel 3"].min(), share["transposed, kernel 4"].min()) > 0.15,
    measured=share,
)
claim("sub-pixel: above 20 % in all eight", share["sub-pixel"].min() > 0.2, measured=share)
claim("enlarge, then convolve: below 5 % in all eight", share["enlarge, then convolve"].max() < 0.05, measured=share)
real_share = checkerboard_share(data.images("mnist").tensor()[:500])
claim("handwritten digits: below 1 %", real_share < 0.01, measured=real_share)

# %% [markdown]
# Kernel 4 cures the *count*: each output pixel gets equally many inputs. But four neighbouring pixels still get theirs
# through different weights, and before training these are random. Only enlarging first makes neighbours alike from the
# start. Training can unlearn the pattern; how far, we haven't measured here. If you see it in trained pictures, this is
# the test (compare with real pictures!) and that is the cure.
#
# ### Room 14 · A false alarm
#
# Somebody draws the noise once, before the loop, and uses the same 128 vectors in all 600 steps. Surely that's fatal?

# %%
chart, sick, cured = visit("same noise", bug="same noise", again=False)

# %%
opinion = second_opinion(chart)
claim("fresh noise: at least 6 of 8 seeds hold 7 or 8 modes", (sick.held >= 7).sum() >= 6, measured=sick.held)
claim("second opinion above 1.25 in at least 6 of 8", (opinion > 1.25).sum() >= 6, measured=opinion)

# %% [markdown]
# It is a slip, and in this world it does no harm that we can measure: 128 vectors cover the plane of noise densely
# enough for so smooth a generator. (100-dimensional noise they couldn't cover; there you'd have to measure again.) Mend
# it, of course; but don't stop searching when you have found *a* slip. **The cure must show in the count**, or you have
# cured something else.

# %% [markdown]
# ## 6 · Treat, or start anew?
#
# Nine patients were treated: weights kept, fault mended, 600 more steps. Another 600 from scratch is what the healthy
# one had.
#
# **Before you run the next cell:** you have seen the cards. Which ones were worth treating?

# %%
after = {name: end(chart).held for name, chart in treated.items()}
after["new start"] = end(healthy).held
_, ax = plt.subplots()
plotting.bars_with_floor(after, "modes held 600 steps after the cure", ax=ax, colors={"new start": plotting.REAL})
ax.tick_params(axis="x", labelsize=8.5)
plt.show()

# %%
recovered = ["momentum", "no detach", "two sigmoids"]  # and most seeds of the weak D
scarred = ["strong D", "rate", "wrong label", "too much detach", "no zero_grad"]
medians = {name: each.median() for name, each in after.items()}
claim(
    "these recover, with 7 or 8 modes in the median: " + ", ".join(recovered),
    min(medians[n] for n in recovered) >= 7,
    measured=medians,
)
claim("these don't, with 6 or fewer: " + ", ".join(scarred), max(medians[n] for n in scarred) <= 6, measured=medians)
before = {name: end(wards[name]).d.median() for name in treated}
claim(
    "before the cure D's loss was above 1 in those that recover", min(before[n] for n in recovered) > 1, measured=before
)
claim("and below 1 in the others, but for no zero_grad", max(before[n] for n in scarred[:-1]) < 1, measured=before)

# %% [markdown]
# A pattern: those recover (the weak D in most seeds) whose discriminator was late, soft or misled, with a loss above 1.
# Those keep a scar whose discriminator had *won*, with a loss below 1, or was wrecked: its steep walls stay, and the
# generator is caught between them. (After 600 steps, that is. On some cards the count still rises; we haven't waited.)
#
# So a test of a mended program must start anew. "I have fixed the bug, and it didn't help" may be a scar.

# %% [markdown]
# ## 7 · The map of symptoms
#
# All charts on one page: medians over eight seeds at the end of the 600 sick steps, and the second opinion. Shaded is
# what lies outside the range of the eight healthy seeds.


# %%
opinions = {"wrong range": second_opinion(wards["wrong range"], make_g=squeezed_generator)}
opinions |= {name: second_opinion(chart) for name, chart in wards.items() if name not in opinions}


def numbers(name):
    final = end(wards[name])
    return torch.stack([final.d, final.g, final.d + final.g, final.held.float(), final.unrest, opinions[name]])


normal = numbers("healthy")
low, high = normal.min(dim=1).values - 0.05, normal.max(dim=1).values + 0.05

# %%
titles = ["$L_D$", "$L_G$", "sum", "held", "unrest", "second\nopinion"]
_, ax = plt.subplots(figsize=(6.8, 5.2))
for row, name in enumerate(wards):
    ax.text(-0.6, row, name, ha="right", va="center")
    for column, value in enumerate(numbers(name).median(dim=1).values):
        if not low[column] <= value <= high[column]:
            shade = plotting.FAKE if value < low[column] else plotting.NEUTRAL[0]
            ax.add_patch(plt.Rectangle((column - 0.48, row - 0.45), 0.96, 0.9, color=shade, alpha=0.3, linewidth=0))
        ax.text(column, row, f"{value:.2f}" if column != 3 else f"{value:.0f}", ha="center", va="center")
ax.set(xlim=(-2.6, 5.5), ylim=(len(wards) - 0.5, -0.5), xticks=range(6), yticks=[])
ax.set_xticklabels(titles)
ax.xaxis.tick_top()
ax.tick_params(length=0)
ax.spines[:].set_visible(False)
plt.show()

# %% [markdown]
# Orange: lower than in health. Violet: higher. Now it can be used as doctors do, by **differential diagnosis**:
#
# | You see | It may be | Ask next |
# |---|---|---|
# | losses fine, points run | weak D, blind D, momentum, two sigmoids | eye test; then the settings |
# | $L_D$ below $2 \ln 2$, calm, modes missing | strong D, no detach | gradient in G after D's turn |
# | $L_D \to 0$, $L_G$ large, nothing moves | too much detach, wrong range | G's `.grad`; minimum and maximum |
# | $L_D + L_G < 2 \ln 2$ | wrong label | read the labels |
# | losses differ by seed, points far out | learning rate, no zero_grad | size of 50 steps; `.grad` of one batch |
# | (nearly) all fine | health, or a rare mode | count what you can name |
#
# Rows of one line look alike in the losses. That is why a list "symptom → fix" is not enough, and a test stands
# between.

# %%
fine = [name for name in wards if abs(end(wards[name]).d.median() - 2 * math.log(2)) < 0.06]
claim(
    "D's loss within 0.06 of 2 ln 2: healthy ones, and at least three that hold 3 modes or fewer",
    "healthy" in fine and sum(end(wards[n]).held.median() <= 3 for n in fine) >= 3,
    measured=fine,
)
claim(
    "the second opinion is below 1 for all of these",
    all(opinions[n].median() < 1 for n in fine if end(wards[n]).held.median() <= 3),
)

# %% [markdown]
# ## 8 · Diagnose the patient
#
# A new arrival, and nobody says what it has. It is played now, on your computer. The findings are medians over eight
# seeds.

# %%
from gan_edu.checks import chapter_23 as q

q.bedside("X")

# %% [markdown]
# **Predict:** which of the rooms? Name one finding that speaks for your answer, and one illness with the same
# losses that you can rule out.
#
# <details><summary>The answer</summary>
#
# *Too much detach* (room 8). The discriminator's loss is near 0 and the generator's large, as with the wrong range.
# But the generator's weights haven't changed at all: it has never got a gradient. With the wrong range it does get
# one, and its points have moved, to the walls.
#
# </details>
#
# Four more patients wait in the exercises, and their checks tell why a wrong diagnosis doesn't fit the findings.

# %% [markdown]
# ## Help, I get …
#
# ### all modes in one run, and two in the next
# Nothing is broken: that is what section 1 looks like when you see it one run at a time. Run eight seeds.
#
# ### `RuntimeError: Trying to backward through the graph a second time`
# The forgeries were not detached in the discriminator's turn (room 7). Add `.detach()` there. `retain_graph=True` makes
# the message go away, and the fault stay.
#
# ### losses that stand still near 1.39 and 0.69
# Healthy, late, blind or twice sigmoided; section 7. Ask for a second opinion.

# %% [markdown]
# ### `ValueError: weights must be 8 numbers`, or counts that don't fit
# `mode_coverage` takes the distribution itself: it knows its modes, their widths and shares. Pass `ring`, not
# `ring.modes`, and the same world that the GAN was trained on.
#
# ### `TrainingDiverged`
# A loss is NaN or infinite. Room 5: take a tenth of the learning rate, and start anew.

# %% [markdown]
# ## Recap
#
# - A mode is held or lost at a *step*; count over time, over seeds, and use the same noise to see what moves.
# - A late discriminator makes generators run round; one that has won leaves them stuck, and the scar stays.
# - A loss below $2 \ln 2$ says that something is missing; a loss at $2 \ln 2$ says nothing. Ask a fresh discriminator.
# - Symptom → test → cure: different faults share their symptoms, and the cure must show in the count, over seeds.
# - What is rare is lost first, and only those notice who count it by name.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>“My training data are very diverse, so mode collapse can't happen.” True?</summary>
#
# No. All eight seeds of the first picture had the same complete ring to learn from, and some lost modes. Collapse is a
# failure of the game, not of the data. (The other way round it is true that a generator can't make what the data lack.)
#
# </details>
#
# <details><summary>Is a collapsed generator stuck in a local minimum?</summary>
#
# The picture misleads: nobody minimises one function here. Section 2's fall began from a complete ring, when the
# *opponent* changed. And a generator that runs from mode to mode isn't stuck at all. What comes nearest is room 2, and
# there the walls are made by the discriminator.
#
# </details>
#
# <details><summary>$L_D = 0.02$ and $L_G = 7$. Slow the discriminator down?</summary>
#
# First look whether the generator moves and can move: rooms 8 and 11 show the same losses, and no learning rate helps
# them. Only then it is time for room 2, with a new start.
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
# - [Odena et al. 2016, *Deconvolution and checkerboard artifacts*](https://distill.pub/2016/deconv-checkerboard/): room
#   13, with pictures that you can play with

# %% [markdown]
# ## Key terms
#
# | English | 中文 | Meaning |
# |---|---|---|
# | mode collapse | 模式崩溃（模式坍塌） | the generator gives up part of the data; not 模态, which means "modality" |
# | mode dropping | 模式丢失 | some modes are missing, for good |
# | captured mode | 被捕获的模式 | at least one sample of high quality belongs to it |
# | learning rate | 学习率 | how large a step each update takes |
# | momentum | 动量 | past gradients that go on acting |
# | label | 标签 | what a sample is declared to be: real or forged |
# | checkerboard artefact | 棋盘效应 | a pattern of alternating pixels, made by upsampling |
# | differential diagnosis | 鉴别诊断 | telling apart causes which share symptoms |

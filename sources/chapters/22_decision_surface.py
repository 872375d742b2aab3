# %% [markdown]
# # 22 · The discriminator's decision surface
#
# *In the plane you can see a whole discriminator at once. It is a map that says for every place how real a point there
# looks. If you can read this map, you can see what the generator will do next, and what the loss curves hide.*
#
# > **You will be able to**
# > - read the map: its colours, its ½-line, and the regions where its colours mean nothing
# > - compute the arrows that pull at the generated points, in three lines, and say how long they are
# > - predict what a step of the discriminator changes, and what a step of the generator changes
# > - measure how far a discriminator in training is from the best possible one
# > - ask the live widget "what if?", with your own nets and data too
# >
# > **Before you start** [21 · the adversarial game](21_the_adversarial_game.ipynb) plays the same game on a line. You
# > need some PyTorch: tensors, and `torch.autograd.grad`.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# Real points (blue) lie in eight clusters on a ring. A forger, which is our generator, puts its points (orange) around
# the middle. The background shows the opinion of the best possible discriminator. It is blue where a point is probably
# real, orange where it is probably forged, and white where the discriminator can't tell.
#
# (A line "…" below is a folded cell. It holds imports or code for drawing. You may open it; you don't need to.)

# %% jupyter={"source_hidden": true}
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, ensemble, metrics, nets, objectives, plotting, training
from gan_edu.claims import claim, identity
from gan_edu.recorder import PlaneLook, Recorder, unpack_points
from gan_edu.widgets import DiscriminatorSurface

plotting.use_style()
torch.set_num_threads(1)  # these nets are tiny: one CPU thread is faster than two, or than a GPU

# %% jupyter={"source_hidden": true}
real = data.toy.ring(std=0.3)
forger = data.toy.gaussian_mixture([[0.0, 0.0]], std=1.0)


def best_logit(x):  # why this is the best possible one: section 1
    return real.log_prob(x) - forger.log_prob(x)


def gradient(function, x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(function(x).sum(), x)[0]


def arrows(ax, points, pull, longest=0.7):
    scale = pull.norm(dim=1).max() / longest
    ax.quiver(*points.T, *(pull / scale).T, angles="xy", scale_units="xy", scale=1, color=plotting.DISC, width=0.006)


# %% jupyter={"source_hidden": true}
device.seed_everything(0)
blue, orange = real.sample(300), forger.sample(60)
_, ax = plt.subplots(figsize=(5.6, 4.6))
plotting.surface_2d(best_logit, 3.2, blue, orange, ax=ax)
arrows(ax, orange, F.normalize(gradient(best_logit, orange)), longest=0.45)  # directions only: all of one length
plt.show()

# %% [markdown]
# Read it like a map of a landscape, with blue as the high ground.
#
# - The green line is the **½-line**. On one side of it "real" is the better guess, on the other side "generated".
# - The green arrows say which way is *up* from each forged point. They run straight across the lines of equal colour,
#   towards more blue.
#
# A generator learns from such arrows and from nothing else. The discriminator then redraws the map, because the points
# have moved. That is the whole game. The rest of this chapter looks at its parts.

# %% [markdown]
# ## 1. What the colours say
#
# Suppose that the forger never moves. Real points come to a place $x$ as often as their density $p(x)$ says. Forged
# points come there as often as $q(x)$ says. Mix equally many of both. Of all points that turn up at $x$, the share of
# real ones is
#
# $$D^*(x) = \frac{p(x)}{p(x) + q(x)} = \sigma\big(\log p(x) - \log q(x)\big).$$
#
# Nobody can give a better probability (chapter 32 proves it). Here we know both densities exactly, so we know $D^*$:

# %%
x = torch.cat([real.sample(4000), forger.sample(4000)])
is_real = torch.arange(8000) < 4000
best = torch.sigmoid(best_logit(x))
p, q = real.density(x), forger.density(x)
identity("the two ways of writing D* agree", best.allclose(p / (p + q), atol=1e-4))
identity("D* is above ½ just where p is larger than q", ((best > 0.5) == (p > q)).all())
right = ((best > 0.5) == is_real).float().mean()
claim(
    "the best discriminator is right about 83 to 87 points of 100, not about all", 0.83 < right < 0.87, measured=right
)

# %% [markdown]
# (The sign ≡ marks what mathematics promises. The sign ✓ marks what an experiment could have refuted.)
#
# Real and forged points overlap, so nobody can tell all of them apart. A map without any mistakes has only learned its
# points by heart.
#
# Now eight networks try. Each has its own first weights and its own points. The forger stands still, and each
# discriminator learns for 500 steps to say "real" to blue and "forged" to orange.
#
# **Predict, and say why:** how far from $D^*$ will they be, on average, in the places where points lie? And in the
# corners of the map, where hardly any point ever comes?


# %% jupyter={"source_hidden": true}
def make_discriminator():
    return nets.mlp([2, 64, 64, 1], activation="tanh")


def eight(make, seed=0):
    return ensemble.stack(ensemble.single_nets(make, make, seed + i)[0] for i in range(8))


def learn(eight_nets, steps, r1=0.0, seed=0):
    """Eight discriminators side by side, alone against the forger, by the usual cross-entropy of logits."""
    stream = device.generator(seed)
    adam = torch.optim.Adam(eight_nets.parameters(), lr=5e-3)
    for _ in range(steps):
        x = real.sample(8 * 128, stream).view(8, 128, 2).requires_grad_(r1 > 0)
        logits = eight_nets(x)[..., 0]
        fakes = forger.sample(8 * 128, stream).view(8, 128, 2)
        loss = F.softplus(-logits).mean(1) + F.softplus(eight_nets(fakes)[..., 0]).mean(1)
        if r1:  # for section 7
            loss = loss + objectives.zero_centered(logits, x, r1)
        adam.zero_grad()
        loss.sum().backward()
        adam.step()


# %% jupyter={"source_hidden": true}
STEPS = plotting.D_CMAP.resampled(21)  # 21 colours, like the layers of a hiking map


def panel(ax, logit_fn, title, extent=4.0):
    """A map without frills: colours and the ½-line."""
    ticks = torch.linspace(-extent, extent, 100)
    points = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), -1).view(-1, 2)
    with torch.no_grad():
        surface = torch.sigmoid(logit_fn(points)).view(100, 100)
    place = {"extent": (-extent, extent, -extent, extent), "origin": "lower"}
    ax.imshow(surface, cmap=STEPS, vmin=0, vmax=1, interpolation="nearest", **place)
    if surface.min() < 0.5 < surface.max():
        ax.contour(ticks, ticks, surface, levels=[0.5], colors=[plotting.DISC])
    ax.set(title=title, xticks=[], yticks=[])


# %%
@torch.no_grad()
def gap(eight_nets, x):
    """The mean |D - D*| over the points x, for each of eight discriminators."""
    return (torch.sigmoid(eight_nets(x.expand(8, -1, -1))[..., 0]) - torch.sigmoid(best_logit(x))).abs().mean(1)


lattice = torch.cartesian_prod(torch.linspace(-4, 4, 50), torch.linspace(-4, 4, 50))
corners = lattice[lattice.norm(dim=1) > 3.8]
trained = eight(make_discriminator)
learn(trained, 30)
early = copy.deepcopy(trained)
learn(trained, 470, seed=1)

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 3, figsize=(6.8, 2.6))
panel(axes[0], early.unstack(0), "D after 30 steps")
panel(axes[1], trained.unstack(0), "D after 500 steps")
panel(axes[2], best_logit, "the best one, D*")
plt.show()

# %%
at_points, far_out = gap(trained, x), gap(trained, corners)
claim("where points lie, all eight come within 0.12 of D*", (at_points < 0.12).all(), measured=at_points)
claim("in the corners, at least six of eight are off by more than 0.4", (far_out > 0.4).sum() >= 6, measured=far_out)
beyond = (forger.sample(100_000).norm(dim=1) > 3.8).float().mean()
identity("a forged point lands so far out with probability exp(-3.8²/2): 0.7 in 1,000", abs(beyond - 0.00073) < 3e-4)

# %% [markdown]
# Where points lie, the learned map is the best one, a little blurred. In the corners it is wrong. The networks continue
# there with "outside is blue". In truth the forger's wide cluster reaches farther out than the narrow ones of the ring,
# so the corners should be orange. The reason is in the last line: hardly any point comes there, so hardly any gradient
# corrects the mistake.
#
# **Colours mean something only where points are.** Elsewhere the map is a guess of the network. (With more training the
# corners get better, slowly: the rarer the points, the longer it takes.) Such guesses have consequences. The first
# generated point that strays there follows arrows that no data have checked.

# %% [markdown]
# ## 2. What a generated point feels
#
# Nobody tells the generator "you are wrong by so much". It gets the gradient of its loss, and this gradient comes
# through the map. For each generated point we can compute the direction in which the loss falls fastest. This is its
# arrow:

# %%
discriminator = trained.unstack(0)  # one of the eight; its logits are (N, 1)
points = forger.sample(200)


def pull(loss, discriminator, points):
    points = points.clone().requires_grad_()
    total = loss(discriminator(points)).sum()  # the sum: each point gets the gradient of its own loss
    return -torch.autograd.grad(total, points)[0]  # minus: losses want to go down


non_saturating = pull(lambda logits: F.softplus(-logits), discriminator, points)  # -log D
minimax = pull(lambda logits: -F.softplus(logits), discriminator, points)  # log(1 - D)

# %% [markdown]
# (`F.softplus(-ℓ)` is $-\log \sigma(\ell)$, and `F.softplus(ℓ)` is $-\log(1 - \sigma(\ell))$.)
#
# Two losses belong to the classic game. The *minimax* loss $\log(1 - D)$ is the one that is written in its formula.
# The *non-saturating* loss $-\log D$ is the one that the first paper already trained with. (Chapters 34 and 43 show
# others.) For both, the generator is better off where $D$ is higher.
#
# **Predict, and say why:** do the two sets of arrows point the same way? And where $D$ is sure that a point is
# forged, say $D = 0.01$, which of the two arrows is longer, and how many times?

# %%
D = torch.sigmoid(discriminator(points)).detach()
slope = gradient(discriminator, points)  # of the logit
identity("-log D: the slope of the logit, times 1 - D", non_saturating.allclose((1 - D) * slope, atol=1e-5))
identity("log(1 - D): the slope of the logit, times D", minimax.allclose(D * slope, atol=1e-5))

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.6))
shown = points[:70]
for ax, some, name in ((axes[0], non_saturating, "$-\\log D$"), (axes[1], minimax, "$\\log(1-D)$")):
    panel(ax, discriminator, f"arrows of {name}", extent=3)
    ax.scatter(*shown.T, s=12, marker="^", color=plotting.FAKE)
    some = torch.cat([some[:70], points.new_tensor([[non_saturating.norm(dim=1).max(), 0]])])  # one scale for both
    arrows(ax, torch.cat([shown, points.new_tensor([[99.0, 99.0]])]), some, longest=1.2)
    ax.set(xlim=(-3, 3), ylim=(-3, 3))
plt.show()

# %% [markdown]
# They have the same directions and different lengths. The chain rule says why. Both losses depend on the point only
# through the logit, so both arrows are the slope of the logit times one factor: $1 - D$ or $D$. Where $D = 0.01$ the
# factors are 0.99 and 0.01, so the non-saturating arrow is 99 times as long. How many points does that concern?

# %%
caught = (torch.sigmoid(trained(forger.sample(2000).expand(8, -1, -1))) < 0.05).float().mean((1, 2))
claim(
    "each of the eight catches more than 40 % of the forged points with D below 0.05",
    (caught > 0.4).all(),
    measured=caught,
)

# %% [markdown]
# For all these points the minimax arrow has less than a nineteenth of the other's length. They lie in the orange
# middle, where you can hardly see the right panel's arrows.
#
# So an arrow is long where two things come together: the *logit* is steep, and the loss weights that point heavily. The
# colours show $D$, not the logit. Deep orange looks flat, and the logit may be steep there: the longest arrows of the
# left panel start in it. Only where the logit is flat there is no arrow, whatever the loss. A white map that stays
# white over a region is flat in this sense, too. (What these lengths do in training depends on the optimiser; see
# chapter 32.)

# %% [markdown]
# ## 3. The live map
#
# Until now the forger stood still. Here is the game with both networks, live. `.run(300)` trains 300 steps before the
# widget appears; its buttons continue from there. (Without a running kernel you see a picture, in which the ½-line is
# black, and a small player.)

# %%
w = DiscriminatorSurface("ring", seed=0, device="cpu").run(300)
w

# %% [markdown]
# **Now you:**
#
# - Drag the time line back to step 0, then slowly forward. Watch the orange points reach the ring.
# - Switch on **Slow motion** and press **Play**. The line of code that is running lights up, and you see what it
#   changes.
# - Press **Step D** ten times, then **Step G** ten times. What moves? (Guess first; section 4 has the answer.)
# - Switch the layers: `gradient` (the arrows), `noise grid`, `D*`, `|D − D*|`. Where the map is pale, `contrast`
#   stretches its colours.
# - Press **Draw data** and draw your own data with the mouse.
#
# Everything that the widget shows lies in `w.recording`, as numbers and small arrays. Its nets are in `w.gan`.

# %% tags=["nbval-ignore-output"]
frame, ring = w.recording.at(300), data.toy.make("ring")
print({name: round(frame.values[name], 2) for name in ("loss_d", "loss_g", "accuracy", "modes")})

# %%
fakes = torch.tensor(unpack_points(frame.arrays["fake"], w.recording.about["extent"]), dtype=torch.float32)
mine = pull(lambda logits: F.softplus(-logits), w.gan.discriminator, fakes)
stored = torch.tensor(frame.arrays["pull"]) / 127  # the widget keeps bytes; 127 is the longest arrow
identity("the widget's arrows are ours of section 2", stored.allclose(mine / mine.norm(dim=1).max(), atol=0.02))
off = abs(frame.values["loss_d"] - 2 * math.log(2)), abs(frame.values["loss_g"] - math.log(2))
claim("both losses are within 0.15 of their textbook values", max(off) < 0.15, measured=off)
claim("all eight modes are reached", frame.values["modes"] == 8, measured=frame.values)

# %% [markdown]
# All eight modes are reached: at least one point lies in each. Both losses sit near the values 2 ln 2 ≈ 1.386 and
# ln 2 ≈ 0.693 of a game that has ended in a draw. The map is almost white. Has the generator finished?
#
# Look at the *points*. They lie everywhere, so of course every mode is reached. Most of them lie where nothing is real.
# We count the share of points within three standard deviations of a cluster (a perfect generator has 0.99):

# %%
quality = frame.values["high_quality"]
claim("fewer than a quarter of the points lie where data are", quality < 0.25, measured=quality)

# %% [markdown]
# A white map says "*this* discriminator can't tell". It never says "there is nothing to tell". Section 6 measures how
# much there was to tell. First: what does each step change?

# %% [markdown]
# ## 4. What does each step change?
#
# A `Recorder` is the engine below the widget. It can also do half a step: the discriminator's, or the generator's.
#
# **Predict, and say why:** ten steps of the discriminator alone, then (from the same start) ten of the generator alone.
# What changes each time: the background, the points, or both? And the arrows?

# %% jupyter={"source_hidden": true}
start = Recorder(w.gan.copy(), ring, PlaneLook(ring))


def after(player, steps=10):
    moved = Recorder(w.gan.copy(), ring, PlaneLook(ring))
    for _ in range(steps):
        moved.train_step(player)
    moved.capture()
    return moved.recording.frames[-1].arrays


def changed(name, arrays):
    return (arrays[name] != start.recording.frames[0].arrays[name]).any()


# %%
d, g = after("discriminator"), after("generator")
identity("Step D: the background changes, the points stay", changed("surface", d) and not changed("fake", d))
identity("Step G: the points move, the background stays", changed("fake", g) and not changed("surface", g))
claim("the arrows change in both cases", changed("pull", d) and changed("pull", g))

# %% [markdown]
# Each step changes the weights of one network only. The background is made of $D$'s weights, the points of $G$'s. The
# arrows need both: they are the slopes of $D$, taken at the points of $G$.
#
# What if one network gets 400 steps in a row? We ask eight games, each after 300 ordinary steps.
#
# **Predict:** the generator alone, 400 steps. Where do its points go? And the discriminator alone: what happens to its
# accuracy and to the arrows?


# %% jupyter={"source_hidden": true}
def make_generator():
    return nets.mlp([2, 64, 64, 2], activation="tanh")


def games(seed=0, **settings):
    settings = {"lr": 1e-3, "device": "cpu", **settings}
    return ensemble.gans(make_generator, make_discriminator, seeds=8, seed=seed, **settings)


def alone(player, steps=400):
    recorder = Recorder(eight_games.copy(), ring)
    for _ in range(steps):
        recorder.train_step(player)
    return recorder.model


# %%
eight_games = training.run(games(), ring, 300, progress=False)
z = torch.randn(8, 500, 2, generator=device.generator(7))
only_g, only_d = alone("generator"), alone("discriminator")
before, moved = eight_games.sample(z), only_g.sample(z)
with torch.no_grad():
    opinion = [torch.sigmoid(only_g.logits(points)).median(1).values for points in (before, moved)]

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.4))
for ax, made, title in ((axes[0], before, "before"), (axes[1], moved, "after 400 steps of G alone")):
    panel(ax, only_g.discriminator.unstack(0), title, extent=3.2)
    ax.scatter(*made[0].T, s=8, marker="^", color=plotting.FAKE)
    ax.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2))
plt.show()

# %%
spread = [points.std(1).norm(dim=1).median() for points in (before, moved)]
claim("the median spread has shrunk by more than a quarter", spread[1] < 0.75 * spread[0], measured=spread)
claim(
    "in all eight games D's opinion of the points has risen, and by less than 0.15",
    ((opinion[1] > opinion[0]) & (opinion[1] < opinion[0] + 0.15)).all(),
    measured=opinion,
)
reached = [metrics.mode_coverage(made, ring).captured for made in (before, moved)]
claim("before, all eight games reached 7 modes or more", (reached[0] >= 7).all(), measured=reached)
claim("now at least five of eight reach 4 at most", (reached[1] <= 4).sum() >= 5, measured=reached)

# %% [markdown]
# In most games the points run to a few high places of the map, for a small gain in $D$. The reason is what the
# generator's loss does *not* ask for: it never asks for variety. Only the discriminator can make a crowded place
# orange, and it had no turn. (This is one root of *mode collapse*, chapter 23.)


# %% jupyter={"source_hidden": true}
def judged(model):
    """Accuracy, and mean length of the arrows, for each of the eight games; the points are the same in both."""
    x = before.clone().requires_grad_()
    fake_logits, real_logits = model.logits(x), model.logits(ring.sample(500, 3).expand(8, -1, -1))
    accuracy = 0.5 * ((real_logits > 0).float().mean(1) + (fake_logits < 0).float().mean(1))
    return accuracy, torch.autograd.grad(F.softplus(-fake_logits).sum(), x)[0].norm(dim=-1).mean(1)


# %%
(accuracy_0, length_0), (accuracy_1, length_1) = judged(eight_games), judged(only_d)
claim(
    "D alone: its accuracy rises in all eight games, its median from below 0.65 to above 0.65",
    (accuracy_1 > accuracy_0).all() and accuracy_0.median() < 0.65 < accuracy_1.median(),
    measured=[accuracy_0, accuracy_1],
)
claim("and in all eight the arrows become more than three times as long", (length_1 > 3 * length_0).all())

# %% [markdown]
# So there *was* much left to see in these nearly white maps. A discriminator that is given time finds it.

# %% [markdown]
# ## 5. Do the points follow their arrows?
#
# In the picture each point walks along its arrow. In truth no point is free to. A step changes the generator's weights,
# and these move all points at once.
#
# **Predict, and say why:** we make one tiny step of plain gradient descent on the generator. Which share of the points
# moves *against* its arrow (by more than a right angle): none, a few, a third?

# %%
points = eight_games.generator(z)
loss = F.softplus(-eight_games.logits(points))
felt = -torch.autograd.grad(loss.sum(), points, retain_graph=True)[0]  # the arrows
wish = torch.autograd.grad(loss.mean(1).sum(), eight_games.generator.parameters())

stepped = copy.deepcopy(eight_games.generator)
with torch.no_grad():
    for weight, g in zip(stepped.parameters(), wish, strict=True):
        weight -= 1e-3 * g
    along = ((stepped(z) - points) * felt).sum(-1)  # positive: the point went along its arrow, at least a little

# %%
against = (along < 0).float().mean(1)
claim("in all eight games more than 5 % of the points go against their arrow", (against > 0.05).all(), measured=against)
claim("in the median game it is 12 to 40 %", 0.12 < against.median() < 0.4, measured=against)
identity("added up over all points, they go along with the arrows, in all eight", (along.sum(1) > 0).all())

# %% [markdown]
# In a typical game it is about one point in four. The sum must go along: that is what "downhill" means for a step
# that is small enough. A single point need not. Points that come from neighbouring noise move together, and the arrows
# of the neighbours may point elsewhere. So read arrows as *wishes*. The generator does what its weights can do for all
# the wishes together.

# %% [markdown]
# ## 6. How far from the best?
#
# Much theory assumes that the discriminator is at its best, $D^*$, whenever the generator moves. Is it? For $D^*$ we
# need $q$, the density of what the generator makes. It exists, but nobody computes it. So we estimate it: we put a
# narrow Gaussian bump (its standard deviation is 0.05) on each of 3,000 generated points and take the mean of the
# bumps. This is a *kernel density estimate*. (The widget's `D*` does the same with fewer points.)
#
# First we test this ruler on two "generators" whose density is known:


# %% jupyter={"source_hidden": true}
def log_kernel(x, samples, width=0.05):
    square = torch.cdist(x, samples, compute_mode="donot_use_mm_for_euclid_dist").square()
    return torch.logsumexp(-square / (2 * width**2), -1) - math.log(len(samples) * 2 * math.pi * width**2)


def estimated_best(x, samples):
    return torch.sigmoid(ring.log_prob(x) - log_kernel(x, samples))


for name, known in {"the ring itself": ring, "one wide Gaussian": forger}.items():
    x = torch.cat([ring.sample(250, 2), known.sample(250, 3)])
    exact = torch.sigmoid(ring.log_prob(x) - known.log_prob(x))
    error = (estimated_best(x, known.sample(3000, 1)) - exact).abs().mean()
    claim(f"{name}: the estimate of D* is off by less than 0.06 on average", error < 0.06, measured=error)

# %% [markdown]
# **Predict, and say why:** eight games of 300 steps, with three kinds of discriminator: *lazy* (learning rate 0.0001),
# *usual* (0.001, one step for each of the generator's, as in the widget), and *keen* (0.001, five steps). Somebody who
# always says ½ has a gap $|D - D^*|$ of nearly 0.5. What gaps do you expect?


# %% jupyter={"source_hidden": true}
def measure(model):
    """Gap of D, gap of "½ everywhere", share of good points: (3, 8), on fresh real and generated points."""
    made = model.sample(3150)
    x = torch.cat([ring.sample(150, 5).expand(8, -1, -1), made[:, 3000:]], 1)
    best = torch.stack([estimated_best(*pair) for pair in zip(x, made[:, :3000], strict=True)])
    with torch.no_grad():
        D = torch.sigmoid(model.logits(x))
    good = metrics.mode_coverage(made[:, :2500], ring).high_quality
    return torch.stack([(D - best).abs().mean(1), (0.5 - best).abs().mean(1), good.float()])


steps = [0, 100, 200, 300]
kinds = {"lazy": {"lr": (1e-3, 1e-4)}, "usual": {}, "keen": {"discriminator_steps": 5}}
found = {}
for kind, settings in kinds.items():
    model = games(**settings)
    rows = [measure(training.run(model, ring, step - model.step, progress=False)) for step in steps]
    found[kind] = torch.stack(rows)  # (4 times, 3 measures, 8 games)

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.4))
for ax, place, label in ((axes[0], 0, "mean |D − D*|"), (axes[1], 2, "share of good points")):
    plotting.seeds_over_time(steps, {kind: table[:, place] for kind, table in found.items()}, label, ax=ax)
    ax.set_ylim(0, 1)
axes[1].get_legend().remove()
plt.show()

# %%
usual, keen = found["usual"][-1], found["keen"][-1]  # rows: gap of D, gap of "½ everywhere", share of good points
claim(
    "usual: hardly nearer to D* than ½ everywhere is (less than 10 %), in at least seven of eight",
    (usual[0] > 0.9 * usual[1]).sum() >= 7,
    measured=usual,
)
claim("keen: nearer by more than 25 % in all eight", (keen[0] < 0.75 * keen[1]).all(), measured=keen)
claim(
    "the keen one's generators are ahead: each has more good points than the usual one's median",
    (keen[2] > usual[2].median()).all(),
    measured=[usual[2], keen[2]],
)

# %% [markdown]
# The usual discriminator is *nowhere near* the best one. It says almost ½ where $D^*$ is almost sure. With five steps
# per turn $D$ is nearer to $D^*$, and the generator is better too. (That is one change with two results. It doesn't
# prove that the first result causes the second.) In the picture the lazy one lies a little behind the usual one, in
# both panels.
#
# Is the usual one so far off because the points move away from it at every step? **Predict:** we hold the generators
# still, as they are at step 300. How near does a fresh discriminator come in 300 steps?

# %%
fresh = games(seed=500)
fresh.generator.load_state_dict(eight_games.generator.state_dict())  # the usual games, from section 4
recorder = Recorder(fresh, ring)
for _ in range(300):
    recorder.train_step("discriminator")
still = measure(recorder.model)
claim(
    "generators that hold still: again less than 10 % nearer than ½ everywhere, in at least seven of eight",
    (still[0] > 0.9 * still[1]).sum() >= 7,
    measured=still,
)

# %% [markdown]
# Hardly nearer, with nothing to follow. So in the first 300 steps the movement can't be the main reason: even a map
# that stands still takes a discriminator longer than that. (*keen* has made 1,500 steps. Whether their number is what
# brings it near, this doesn't show.)
#
# Are the usual generators lost, then? **Predict:** we train them (they are the games of section 4) for 500 more steps.
# Will their discriminators get near $D^*$? Which share of the points will be good?

# %%
later = measure(training.run(eight_games, ring, 500, progress=False))
claim(
    "still less than 15 % nearer to D* than ½ everywhere, in at least six of eight",
    (later[0] > 0.85 * later[1]).sum() >= 6,
    measured=later,
)
claim("but in at least seven of eight more than half of the points are good", (later[2] > 0.5).sum() >= 7)

# %% [markdown]
# A generator needs little of the discriminator's opinion, which only scales the arrow. The *slope* gives the direction.
# Our reading: a faint slope in about the right direction is enough, all the more because Adam makes small gradients
# large (chapter 32).
#
# These nets, rates and data are tiny, and elsewhere the numbers will differ. So measure before you believe it: "the
# discriminator is optimal" is an assumption of proofs. It need not describe a training.

# %% [markdown]
# ## 7. Steep or gentle
#
# Back to the forger that stands still, where we know everything. Two tools make a learned map gentler. **R1** adds a
# penalty to $D$'s loss: the mean squared slope at real points, times half a weight. **Spectral norm** divides each
# layer by its largest stretch. Tanh doesn't stretch either, so no slope of the logit is above 1 (or hardly: the stretch
# is estimated).
#
# **Predict:** what does a gentler map cost?

# %% jupyter={"source_hidden": true}
kinds = {
    "plain": (make_discriminator, 0.0),
    "R1 0.01": (make_discriminator, 0.01),
    "R1 0.1": (make_discriminator, 0.1),
    "R1 1": (make_discriminator, 1.0),
    "spectral norm": (lambda: nets.mlp([2, 64, 64, 1], activation="tanh", spectral_norm=True), 0.0),
}
x = torch.cat([real.sample(1000, 1), forger.sample(1000, 2)])
places = {"real": real.sample(1000, 3), "forged": forger.sample(1000, 4)}
gaps, steepness = {}, {kind: {} for kind in places}
for name, (make, weight) in kinds.items():
    nets_of_kind = eight(make)
    learn(nets_of_kind, 300, r1=weight)
    nets_of_kind.eval()  # spectral norm goes on iterating otherwise
    gaps[name] = gap(nets_of_kind, x)
    for kind, at in places.items():
        steepness[kind][name] = gradient(nets_of_kind, at.expand(8, -1, -1)).norm(dim=-1).mean(1)
exact = {kind: gradient(best_logit, at).norm(dim=-1).mean() for kind, at in places.items()}

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 3, figsize=(7.4, 3.8))
for ax, (kind, slopes) in zip(axes, steepness.items(), strict=False):
    plotting.bars_with_floor(slopes, "mean slope of the logit", ax=ax, title=f"at {kind} points")
    ax.axhline(exact[kind], color="black", linestyle="--")
    ax.text(4.4, 0.975 * exact[kind], "the exact map", ha="right", va="top", fontsize=9)
    ax.set_ylim(0, exact[kind] * 1.1)
plotting.bars_with_floor(gaps, "mean |D − D*|", ax=axes[2], title="at both")
for ax in axes[1:]:
    ax.get_legend().remove()
axes[2].set_ylim(0, None)
for ax in axes:
    ax.set_xticks(range(5), ["plain", "R1\n.01", "R1\n.1", "R1\n1", "spec.\nnorm"], fontsize=8.5)
plt.show()

# %%
in_order = ["plain", "R1 0.01", "R1 0.1", "R1 1"]
typical = {kind: [table[name].median().item() for name in in_order] for kind, table in steepness.items()}
falling = all(slopes == sorted(slopes, reverse=True) for slopes in typical.values())
claim("the more weight R1 has, the gentler the map, at real points and at forged ones", falling, measured=typical)
far = [gaps[name].median().item() for name in in_order]
claim("and the farther from D*", far == sorted(far), measured=far)
spectral = {kind: table["spectral norm"] for kind, table in steepness.items()}
claim(
    "spectral norm: less than a quarter of the plain slope at both, and farther from D*, in every seed",
    all((spectral[kind] < steepness[kind]["plain"] / 4).all() for kind in places)
    and gaps["spectral norm"].min() > gaps["plain"].max(),
)
claim(
    "R1 1: gentler than spectral norm at real points, but over four times as steep at forged ones, in every seed",
    (steepness["real"]["R1 1"] < spectral["real"]).all()
    and (steepness["forged"]["R1 1"] > 4 * spectral["forged"]).all(),
    measured=[steepness[kind]["R1 1"] for kind in places] + list(spectral.values()),
)
claim("and nearer to D*, in every seed", (gaps["R1 1"] < gaps["spectral norm"]).all(), measured=gaps)

# %% [markdown]
# Here the gentler maps are the wronger ones: the exact one is steep, and with R1 each larger weight took the map
# farther from $D^*$. But ask *where* a map is gentle. R1 flattens it most where it looks, at real points. At the
# forged points, where the arrows start, the map with R1 1 stays several times as steep as that with spectral norm,
# which flattens everything. That fits with the last claim: the map with R1 1 is nearer to $D^*$.
#
# Is gentleness worth the cost? That depends on what the map would be without it. The exact slopes grow as the two kinds
# of points separate, and for data on a thin line they have no limit. Then a smooth map that is a little wrong gives the
# more useful arrows. Chapters 34 and 43 are about that.

# %% [markdown]
# ## 8. Ask the widget: what if?
#
# A fair experiment needs two runs with the same past and one difference. `branch` goes back to a step and lets two runs
# continue from there: the left one as before, the right one with another setting.
#
# **Predict:** we go back to step 100 and give the right one five discriminator steps per turn. Will the left one repeat
# what it did before, roughly or exactly?

# %%
first_time = {step: w.recording.at(step).arrays for step in (100, 200, 300)}
w.branch(100, discriminator_steps=5)
w.run(200)
w

# %%
as_before, what_if = w.runs
again = {step: as_before.recording.at(step).arrays for step in first_time}
identity(
    "the left one repeats itself exactly, to step 300",
    all((again[step][name] == array).all() for step, arrays in first_time.items() for name, array in arrays.items()),
)
good, loss = ([run.recording.at(300).values[name] for run in w.runs] for name in ("high_quality", "loss_d"))
claim("the right one has at least twice as many good points at step 300", good[1] > 2 * good[0], measured=good)
off = [abs(each - 2 * math.log(2)) for each in loss]
claim("and its discriminator's loss is farther from the textbook's 2 ln 2", off[1] > off[0], measured=loss)

# %% [markdown]
# The recorder keeps the weights, the optimisers' memory *and the states of the random numbers*. So whatever differs,
# differs because of the one change.
#
# Look at both once more. On the left: textbook losses (solid), a white map, and points all over the place. On the
# right: losses that leave the dashed lines (dotted), strong colours, and points that gather where the data are. Anyone
# who judges by the loss curves would pick the worse run. (It is one seed, so it explains this run. Section 6 asked
# eight.)

# %% [markdown]
# **Your nets, your data.** The widget takes points as an array (N, 2), and nets as `nn.Module`s:
# `DiscriminatorSurface(points, discriminator=net)`. If something doesn't fit, it says what is wrong and uses a default.
# (Exercise 3 builds a discriminator that is blind on purpose.)
#
# One mistake runs without any error. The next discriminator ends with a sigmoid. The loss takes logits, so it puts a
# second sigmoid on top. The widget notices and warns. **Predict, and say why:** which colour will this map never have?

# %%
twice = DiscriminatorSurface(discriminator=nn.Sequential(*make_discriminator(), nn.Sigmoid()), device="cpu").run(100)
print(twice.view.message)
lowest = min(int(frame.arrays["surface"].min()) for frame in twice.recording) / 255
identity("never orange: D is at least ½ everywhere, at every step", lowest > 0.49, measured=lowest)

# %% [markdown]
# The first sigmoid gives a number between 0 and 1, and the sigmoid of such a number lies between 0.5 and 0.73. If you
# ever see a map without any orange and without a ½-line, look at the discriminator's last layer.
#
# ## What all this does not show
#
# - **Pictures of planes are not pictures of images.** In 784 dimensions nearly every place is one where no point ever
#   was, and nobody can look at the map.
# - **One setting.** We chose rates, widths and the ring so that things happen in seconds. The gaps of section 6
#   belong to these choices.
# - **The ruler.** Our $q$ is an estimate. It was good to 0.06 on two shapes that we know. A generator whose points
#   lie on a thin curve is harder to measure.

# %% [markdown]
# ## Help, I get …
#
# ### A white map that stays white
# The discriminator doesn't learn, or learns far too slowly. Look at its learning rate and at the parameters that its
# optimiser got. Or the generator has really finished. Press **Step D** some fifty times: if colours come up, it was too
# slow.
#
# ### `RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn`
# You asked for the gradient with respect to points that PyTorch doesn't follow. `points.clone().requires_grad_()` comes
# *before* the discriminator is called.

# %% [markdown]
# ### Arrows that are a hundred times too short
# There is a `mean` over N points where a sum belongs, so each point's gradient is divided by N. For training that is
# the usual scale. For comparing arrows take the sum.
#
# ### Arrows that point away from the data
# A minus is missing (the gradient points *up* the loss), or the labels are swapped. If real points lie on orange, it is
# the labels.
#
# ### The widget stays empty or grey after I reopen the notebook
# A stored notebook keeps a picture and a player. The live view needs its kernel: run the cell again.

# %% [markdown]
# ## Recap
#
# - The map shows $D(x)$. The best possible one is $p/(p+q)$, and its ½-line runs where $p = q$.
# - Colours mean something only where points lie. Elsewhere a network guesses, and may be wrong with great confidence.
# - A generated point feels the slope of the *logit*, times a factor of the loss: $1 - D$ (non-saturating) or $D$
#   (minimax). It need not follow, because the weights move all points together.
# - A step of $D$ changes the map; a step of $G$ moves the points. Alone, $G$ collapses and $D$ sharpens.
# - In a game that worked, the discriminator was nowhere near $D^*$. A white map says "can't tell", not "finished".

# %% [markdown]
# ## Three quick questions
#
# <details><summary>At some place D says 0.5. Name three possible reasons.</summary>
#
# Real and generated points are equally frequent there. Or the discriminator hasn't learned yet. Or no points ever come
# near that place, and 0.5 is what the network happens to say.
#
# </details>
#
# <details><summary>You press Step D, and the losses of both networks change, though G did nothing. Why?</summary>
#
# Both losses are read off the map, at the points. The map has changed under the points, so the generator's loss changes
# too, although the generator is the same.
#
# </details>
#
# <details><summary>A discriminator has accuracy 1.0 on all points. Is that good for the generator?</summary>
#
# It depends on the slopes of the *logit*. If the logit is flat around the generated points, the arrows are short,
# whatever the loss. The colours don't tell: D near 0 looks flat in any case. With the minimax loss the arrows are short
# wherever D is near 0, since D is their factor. If the logit still rises towards the data and the loss is
# non-saturating, the arrows are long and useful.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Goodfellow et al. 2014, Generative Adversarial Nets](https://arxiv.org/abs/1406.2661): $D^* = p/(p+q)$ is its
#   proposition 1; its figure 1 is this chapter's first picture, on a line.
# - [Kahng et al. 2018, GAN Lab](https://arxiv.org/abs/1809.01587): a GAN in the plane that you can watch and step
#   through in the browser. Our widget owes it the idea.
# - [Arjovsky and Bottou 2017, Towards Principled Methods for Training GANs](https://arxiv.org/abs/1701.04862): what
#   happens to the arrows when the discriminator *is* near its best.
# - [Mescheder, Geiger and Nowozin 2018, Which Training Methods for GANs do actually
#   Converge?](https://arxiv.org/abs/1801.04406): R1, the penalty of section 7, and why it helps.
# - [Miyato et al. 2018, Spectral Normalization](https://arxiv.org/abs/1802.05957): the other way to gentle slopes.

# %% [markdown]
# ## Key terms
#
# {{terms: decision surface; ½-line (decision boundary); optimal discriminator; logit; kernel density estimate;
# spectral normalisation; R1 penalty}}

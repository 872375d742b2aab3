# %% [markdown]
# # 22 · The discriminator's decision surface
#
# *A discriminator in the plane can be seen whole: as a map that says, for every place, how real it looks from there.
# Who can read this map sees what the generator will do next, and what the loss curves hide.*
#
# > **You will be able to**
# > - read the map: its colours, the ½-line, and the regions where its colours mean nothing
# > - compute the arrows that pull at the generated points, in three lines, and say how long they are
# > - predict who moves in a step of the discriminator, of the generator, and of both
# > - measure how far a discriminator in training is from the best possible one
# > - put your own nets and your own data into the live widget, and ask it "what if?"
# >
# > **Before you start** [21 · the adversarial game](21_the_adversarial_game.ipynb) plays the same game on a line. Some
# > PyTorch: tensors, `torch.autograd.grad`.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %%
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, ensemble, metrics, nets, objectives, plotting, training
from gan_edu.claims import claim
from gan_edu.recorder import PlaneLook, Recorder, unpack_points
from gan_edu.widgets import DiscriminatorSurface

plotting.use_style()
torch.set_num_threads(1)  # these nets are tiny: one CPU thread is faster than two, or than a GPU

# %% [markdown]
# ## The idea in a picture
#
# Real points (blue) lie in eight heaps on a ring. A forger puts its points (orange) around the middle. The background
# is the opinion of the best possible discriminator: blue where a point is probably real, orange where it is probably
# forged, white where it can't tell.

# %%
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


# %%
device.seed_everything(0)
blue, orange = real.sample(300), forger.sample(60)
_, ax = plt.subplots(figsize=(5.6, 4.6))
plotting.surface_2d(best_logit, 3.2, blue, orange, ax=ax)
arrows(ax, orange, F.normalize(gradient(best_logit, orange)), longest=0.45)  # directions only: all of one length
plt.show()

# %% [markdown]
# Read it like a map of a landscape, with blue as high ground:
#
# - The green line is the **½-line**. On one side "real" is the better guess, on the other "generated".
# - The green arrows say which way is *up* from each forged point: straight across the lines of equal colour,
#   towards more blue.
#
# A generator learns from nothing but such arrows. The discriminator, in turn, redraws the map wherever points have
# moved. That is the whole game; the rest of this chapter takes it apart.

# %% [markdown]
# ## 1 · What the colours say
#
# Suppose the forger never moves. At a place $x$, real points are as frequent as their density $p(x)$ says, forged ones
# as $q(x)$ says. If both kinds are mixed half and half, then the share of real points among all that turn up at $x$ is
#
# $$D^*(x) = \frac{p(x)}{p(x) + q(x)} = \sigma\big(\log p(x) - \log q(x)\big).$$
#
# Nobody can give a better probability (chapter 32 proves it). Here both densities are known exactly, so $D^*$ is too:

# %%
x = torch.cat([real.sample(4000), forger.sample(4000)])
is_real = torch.arange(8000) < 4000
best = torch.sigmoid(best_logit(x))
p, q = real.density(x), forger.density(x)
claim("the two ways of writing D* agree", best.allclose(p / (p + q), atol=1e-4))
claim("the ½-line is where both are equally frequent: D* > ½ just where p > q", ((best > 0.5) == (p > q)).all())
right = ((best > 0.5) == is_real).float().mean()
claim("even the best judge is wrong now and then: right in 83 to 87 of 100 cases", 0.83 < right < 0.87, measured=right)

# %% [markdown]
# Real and forged points overlap, so nobody can tell them apart without mistakes. A map without mistakes has only
# learned its points by heart.
#
# Now let networks try: eight of them, each with its own start and its own points. The forger stands still, and each
# discriminator learns for 500 steps to say "real" to blue and "forged" to orange.
#
# **Before you run the next cells:** how far from $D^*$ will they be, on average, in the places where points lie? And
# out at the corners of the map, where hardly any point ever comes?


# %%
def make_judge():
    return nets.mlp([2, 64, 64, 1], activation="tanh")


def learn(judges, steps, r1=0.0, seed=0):
    """Eight judges side by side, alone against the forger."""
    stream = device.generator(seed)
    adam = torch.optim.Adam(judges.parameters(), lr=5e-3)
    for _ in range(steps):
        x = real.sample(8 * 128, stream).view(8, 128, 2).requires_grad_(r1 > 0)
        logits = judges(x)[..., 0]
        fakes = forger.sample(8 * 128, stream).view(8, 128, 2)
        loss = F.softplus(-logits).mean(1) + F.softplus(judges(fakes)[..., 0]).mean(1)
        if r1:
            loss = loss + objectives.zero_centered(logits, x, r1)
        adam.zero_grad()
        loss.sum().backward()
        adam.step()


# %% [markdown]
# (`F.softplus(-ℓ)` is $-\log \sigma(\ell)$, and `F.softplus(ℓ)` is $-\log(1 - \sigma(\ell))$: the usual cross-entropy.
# The part with `r1` waits for section 7.)


# %%
def eight(make, seed=0):
    return ensemble.stack(ensemble.single_nets(make, make, seed + i)[0] for i in range(8))


@torch.no_grad()
def gap(judges, x):
    """The mean |D - D*| over the points x, for each of eight judges."""
    return (torch.sigmoid(judges(x.expand(8, -1, -1))[..., 0]) - torch.sigmoid(best_logit(x))).abs().mean(1)


lattice = torch.cartesian_prod(torch.linspace(-4, 4, 50), torch.linspace(-4, 4, 50))
corners = lattice[lattice.norm(dim=1) > 3.8]

judges = eight(make_judge)
learn(judges, 30)
early, gaps = copy.deepcopy(judges), {30: (gap(judges, x), gap(judges, corners))}
learn(judges, 470, seed=1)
gaps[500] = gap(judges, x), gap(judges, corners)


# %%
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


_, axes = plt.subplots(1, 3, figsize=(6.8, 2.6))
panel(axes[0], early.unstack(0), "D after 30 steps")
panel(axes[1], judges.unstack(0), "D after 500 steps")
panel(axes[2], best_logit, "the best one, D*")
plt.show()

# %% tags=["nbval-ignore-output"]
at_points, far_out = gaps[500]
print(f"|D - D*| where points lie: {gaps[30][0].median():.1f} after 30 steps, {at_points.median():.2f} after 500")
print(f"|D - D*| at the corners:   {gaps[30][1].median():.1f} after 30 steps, {far_out.median():.1f} after 500")
claim("where points lie, all eight come within 0.12 of D*", (at_points < 0.12).all(), measured=at_points)
claim("at the corners, at least six of eight are off by more than 0.4", (far_out > 0.4).sum() >= 6, measured=far_out)

# %% [markdown]
# Inside the ring the learned map is the best one, a little blurred. At the corners it is just wrong: the networks go on
# with "outside is blue", while in truth the forger's wide heap reaches farther out than the narrow ones of the ring.
# Hardly any point comes there, so hardly any gradient corrects the mistake:

# %%
beyond = (forger.sample(100_000).norm(dim=1) > 3.8).float().mean()
claim("fewer than 2 forged points in 1,000 land so far out", beyond < 0.002, measured=beyond)
claim("which fits the exact share for this forger, exp(-3.8²/2)", abs(beyond - math.exp(-(3.8**2) / 2)) < 5e-4)

# %% [markdown]
# **Colours mean something only where points are.** Elsewhere the map is a guess of the network's. (Train on, and it
# mends, slowly: the rarer the points, the longer it takes.) Such guesses have consequences: the first generated point
# that strays there follows arrows that nobody has checked.

# %% [markdown]
# ## 2 · What a generated point feels
#
# The generator is not told "you are wrong by so much". It gets the gradient of its loss, and that comes through the
# map: for each generated point, the direction in which the loss falls fastest. This is the arrow:

# %%
judge = judges.unstack(0)  # one of the eight; logits (N, 1)
points = forger.sample(200)


def pull(loss, judge, points):
    points = points.clone().requires_grad_()
    total = loss(judge(points)).sum()  # the sum: each point gets the gradient of its own loss
    return -torch.autograd.grad(total, points)[0]  # minus: losses want to go down


non_saturating = pull(lambda logits: F.softplus(-logits), judge, points)  # -log D
minimax = pull(lambda logits: -F.softplus(logits), judge, points)  # log(1 - D)

# %% [markdown]
# Two losses are in use: the *non-saturating* $-\log D$, which nearly everybody trains with, and the *minimax*
# $\log(1 - D)$ of the game as it is written in textbooks. Both want $D$ to be high.
#
# **Predict:** do the two sets of arrows point the same way? And where $D$ is sure that a point is forged, say
# $D = 0.01$, which of the two arrows is longer?

# %%
logits = judge(points).detach()
D = torch.sigmoid(logits)
slope = gradient(judge, points)  # of the logit
claim("-log D: the slope of the logit, times 1 - D", non_saturating.allclose((1 - D) * slope, atol=1e-5))
claim("log(1 - D): the slope of the logit, times D", minimax.allclose(D * slope, atol=1e-5))

# %%
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.6))
shown = points[:70]
for ax, some, name in ((axes[0], non_saturating, "$-\\log D$"), (axes[1], minimax, "$\\log(1-D)$")):
    panel(ax, judge, f"arrows of {name}", extent=3)
    ax.scatter(*shown.T, s=12, marker="^", color=plotting.FAKE)
    some = torch.cat([some[:70], points.new_tensor([[non_saturating.norm(dim=1).max(), 0]])])  # one scale for both
    arrows(ax, torch.cat([shown, points.new_tensor([[99.0, 99.0]])]), some, longest=1.2)
    ax.set(xlim=(-3, 3), ylim=(-3, 3))
plt.show()

# %% [markdown]
# Same directions, different lengths: everything that differs is the factor in front. In the orange middle, where the
# forger is caught for sure, minimax arrows are hardly visible: its points there are told where to go, in a whisper.

# %%
caught = points[(D < 0.05)[:, 0]]
lengths = [
    pull(loss, judge, caught).norm(dim=1).mean() for loss in (lambda t: F.softplus(-t), lambda t: -F.softplus(t))
]
claim(
    "points that are caught (D < 0.05): non-saturating arrows are at least 10 times longer on average",
    lengths[0] > 10 * lengths[1],
    measured=lengths,
)

# %% [markdown]
# So an arrow is long where two things come together: the map is *steep*, and the loss cares. What a white,
# flat map means is now clear too: no slope, no arrow, whatever the loss.
#
# (What the lengths do in training depends on the optimiser; that story is chapter 32's.)

# %% [markdown]
# ## 3 · The live map
#
# Until now the forger stood still. Here is the game with both networks, live. `.run(300)` trains 300 steps before it
# shows anything; the buttons then go on from there. (Without a running kernel you see a picture and a small player.)

# %%
w = DiscriminatorSurface("ring", seed=0, device="cpu").run(300)
w

# %% [markdown]
# **Now you:**
#
# - Drag the time line back to step 0, and forward slowly. When do the orange points first reach the ring?
# - Switch on **Slow motion** and press **Play**: the line of code that is running lights up, and you see what it
#   changes.
# - Press **Step D** ten times, then **Step G** ten times. Who moves? (Guess first. Section 4 has the answer.)
# - Switch the layers: `pull` (the arrows), `noise grid`, `D*`, `|D − D*|`.
# - Press **Draw data** and give it data of your own, with the mouse.
#
# The widget has no secrets. What it shows lies in `w.recording`, as numbers and small arrays; the nets are in `w.gan`.

# %% tags=["nbval-ignore-output"]
frame, ring = w.recording.at(300), data.toy.make("ring")
extent = w.recording.about["extent"]
print({name: round(frame.values[name], 2) for name in ("loss_d", "loss_g", "accuracy", "modes")})
print({name: array.shape for name, array in frame.arrays.items()})

# %% [markdown]
# Its arrows are yours from section 2, the longest scaled to 127 so that they fit into bytes:

# %%
fakes = torch.tensor(unpack_points(frame.arrays["fake"], extent), dtype=torch.float32)
mine = pull(lambda logits: F.softplus(-logits), w.gan.discriminator, fakes)
stored = torch.tensor(frame.arrays["pull"]) / 127
claim("the widget's arrows are -∂loss/∂x", stored.allclose(mine / mine.norm(dim=1).max(), atol=0.02))
claim(
    "the median logit on generated points is within 0.2 of 0: D can hardly tell",
    w.gan.discriminator(fakes).median().abs() < 0.2,
)

# %% [markdown]
# Look at these numbers: all eight modes are reached, both losses sit close to their textbook values 2 ln 2 ≈ 1.386
# and ln 2 ≈ 0.693, and the map is almost white. Finished?
#
# Look at the *points*: they lie everywhere (so all modes are "reached"), most of them where there is nothing real at
# all. The share of points within three standard deviations of a heap (perfect would be 0.99):

# %%
quality = frame.values["high_quality"]
claim("fewer than a quarter of the points lie where data are", quality < 0.25, measured=quality)

# %% [markdown]
# A white map says "*this* discriminator can't tell", never "there is nothing to tell". Section 6 measures how much
# there was to tell. First: who moves?

# %% [markdown]
# ## 4 · Who moves?
#
# A `Recorder` is the engine below the widget; it can do half steps too. **Predict** for ten steps of the discriminator
# alone, and for ten of the generator alone: what changes, the background, the points, or both? And the arrows?

# %%
start = Recorder(w.gan.copy(), ring, PlaneLook(ring))


def after(player, steps=10):
    moved = Recorder(w.gan.copy(), ring, PlaneLook(ring))
    for _ in range(steps):
        moved.train_step(player)
    moved.capture()
    return moved.recording.frames[-1].arrays


def changed(name, arrays):
    return (arrays[name] != start.recording.frames[0].arrays[name]).any()


for player in ("discriminator", "generator"):
    arrays = after(player)
    print(
        f"ten steps of the {player}: changes", [name for name in ("surface", "fake", "pull") if changed(name, arrays)]
    )

# %%
d, g = after("discriminator"), after("generator")
claim(
    "Step D: the background changes; the points stay, to the last bit", changed("surface", d) and not changed("fake", d)
)
claim(
    "Step G: the points move; the background stays, to the last bit", changed("fake", g) and not changed("surface", g)
)
claim("the arrows change in both", changed("pull", d) and changed("pull", g))

# %% [markdown]
# The discriminator paints, the generator walks. The arrows belong to both: they are the painter's slopes, at the
# walker's places.
#
# Ten steps are polite. What if one player gets 400 turns in a row? We ask eight games, each after 300 ordinary steps.
#
# **Predict:** the generator alone, 400 turns: where do its points go? And the discriminator alone: what happens to its
# accuracy and to the arrows?


# %%
def make_generator():
    return nets.mlp([2, 64, 64, 2], activation="tanh")


def games(seed=0, **settings):
    return ensemble.gans(make_generator, make_judge, seeds=8, seed=seed, **{"lr": 1e-3, "device": "cpu", **settings})


eight_games = training.run(games(), ring, 300, progress=False)
z = torch.randn(8, 500, 2, generator=device.generator(7))


def alone(player, steps=400):
    recorder = Recorder(eight_games.copy(), ring)
    for _ in range(steps):
        recorder.train_step(player)
    return recorder.model


only_g, only_d = alone("generator"), alone("discriminator")

# %% tags=["nbval-ignore-output"]
before, moved = eight_games.sample(z), only_g.sample(z)
spread = [points.std(1).norm(dim=1) for points in (before, moved)]
with torch.no_grad():
    opinion = [torch.sigmoid(only_g.logits(points)).median(1).values for points in (before, moved)]
print(f"G alone: median spread {spread[0].median():.1f} → {spread[1].median():.1f}")
claim("the median spread has shrunk by more than a quarter", spread[1].median() < 0.75 * spread[0].median())
claim(
    "all moved to where D is higher, and yet D's opinion of them has risen by less than 0.15",
    ((opinion[1] > opinion[0]) & (opinion[1] < opinion[0] + 0.15)).all(),
    measured=opinion,
)
modes = metrics.mode_coverage(moved, ring).captured
claim(
    "all eight had reached 7 modes or more; now most have 4 at most",
    (metrics.mode_coverage(before, ring).captured >= 7).all() and (modes <= 4).sum() >= 5,
    measured=modes,
)

# %% [markdown]
# In most games the points run to a few high places of the map and huddle there. For so small a gain in $D$! Nothing in
# the generator's loss asks for variety. Only the discriminator can, by painting a crowded place orange, and it had no
# turn. (This is the root of *mode collapse*, chapter 23.)


# %% tags=["nbval-ignore-output"]
def judged(model):
    """Accuracy, and mean length of the arrows, for each of the eight games; the points are the same in both."""
    x = before.clone().requires_grad_()
    fake_logits, real_logits = model.logits(x), model.logits(ring.sample(500, 3).expand(8, -1, -1))
    accuracy = 0.5 * ((real_logits > 0).float().mean(1) + (fake_logits < 0).float().mean(1))
    return accuracy, torch.autograd.grad(F.softplus(-fake_logits).sum(), x)[0].norm(dim=-1).mean(1)


(accuracy_0, length_0), (accuracy_1, length_1) = judged(eight_games), judged(only_d)
print(
    f"D alone: accuracy {accuracy_0.median():.2f} → {accuracy_1.median():.2f}, "
    f"arrows {length_1.median() / length_0.median():.0f} times as long"
)
claim(
    "accuracy has risen in all eight, and its median from below 0.65 to above",
    (accuracy_1 > accuracy_0).all() and accuracy_0.median() < 0.65 < accuracy_1.median(),
)
claim("in all eight, arrows are more than three times as long", (length_1 > 3 * length_0).all())

# %% [markdown]
# So there *was* much left to see in those white maps. Alone, a discriminator finds it.

# %% [markdown]
# ## 5 · Do the points follow their arrows?
#
# The picture says: each point walks along its arrow. But no point is free to. What changes are the generator's
# weights, and they move all points at once.
#
# **Predict:** one tiny step of plain gradient descent on the generator. Which share of the points moves *against* its
# arrow (by more than a right angle): none, a few, a third?

# %% tags=["nbval-ignore-output"]
points = eight_games.generator(z)
loss = F.softplus(-eight_games.logits(points))
felt = -torch.autograd.grad(loss.sum(), points, retain_graph=True)[0]
wish = torch.autograd.grad(loss.mean(1).sum(), eight_games.generator.parameters())

stepped = copy.deepcopy(eight_games.generator)
with torch.no_grad():
    for weight, g in zip(stepped.parameters(), wish, strict=True):
        weight -= 1e-3 * g
    along = ((stepped(z) - points) * felt).sum(-1)  # positive: went along its arrow, at least a little

share = (along < 0).float().mean(1)
print(f"against their arrow: {share.min():.0%} to {share.max():.0%} of the points, median {share.median():.0%}")
claim("in all eight games more than 5 % go against their arrow", (share > 0.05).all(), measured=share)
claim("the sum over all points goes along, in all eight", (along.sum(1) > 0).all())

# %% [markdown]
# The sum must go along: that is what "downhill" means. The single point need not. It is carried by its neighbours in
# noise space, whose arrows may point elsewhere. So read arrows as *wishes*. The generator grants what
# its weights can grant to all of them together.

# %% [markdown]
# ## 6 · How far from the best?
#
# Much theory assumes that the discriminator is at its best, $D^*$, whenever the generator moves. Is it? For that we
# need $q$, the density of what the generator makes, and nobody knows it. So we estimate it: a narrow Gaussian on each
# of 3,000 generated points (a *kernel estimate*; the widget's $D^*$ does the same with fewer points).
#
# A ruler must be measured before it measures. Here are two "generators" whose density is known:


# %%
def log_kernel(x, samples, width=0.05):
    square = torch.cdist(x, samples, compute_mode="donot_use_mm_for_euclid_dist").square()
    return torch.logsumexp(-square / (2 * width**2), -1) - math.log(len(samples) * 2 * math.pi * width**2)


def estimated_best(x, samples):
    return torch.sigmoid(ring.log_prob(x) - log_kernel(x, samples))


for known in (ring, data.toy.gaussian_mixture([[0.0, 0.0]], std=1.0)):
    x = torch.cat([ring.sample(250, 2), known.sample(250, 3)])
    exact = torch.sigmoid(ring.log_prob(x) - known.log_prob(x))
    error = (estimated_best(x, known.sample(3000, 1)) - exact).abs().mean()
    claim(f"the ruler is off by less than 0.06 for {known}", error < 0.06, measured=error)

# %% [markdown]
# **Predict:** eight games, 300 steps, three discriminators: *lazy* (learning rate 0.0001), *usual* (0.001, one step for
# each of the generator's, as in the widget), *keen* (0.001, five steps). The gap $|D - D^*|$ of somebody who says ½
# everywhere is nearly 0.5. What gaps do you expect?


# %%
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

# %%
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.4))
for ax, place, label in ((axes[0], 0, "mean |D − D*|"), (axes[1], 2, "share of good points")):
    plotting.seeds_over_time(steps, {kind: table[:, place] for kind, table in found.items()}, label, ax=ax)
    ax.set_ylim(0, 1)
axes[1].get_legend().remove()
plt.show()

# %% tags=["nbval-ignore-output"]
last = {kind: table[-1] for kind, table in found.items()}
print({kind: [round(row.median().item(), 2) for row in table] for kind, table in last.items()}, "D, ½ everywhere, good")
claim(
    "usual: no nearer to D* than ½ everywhere would be (less than 10 % nearer), in at least seven of eight",
    (last["usual"][0] > 0.9 * last["usual"][1]).sum() >= 7,
)
claim("keen: nearer by more than 25 % in all eight", (last["keen"][0] < 0.75 * last["keen"][1]).all())
claim(
    "after 300 steps the keen one's generators are ahead: every game better than the usual's median",
    (last["keen"][2] > last["usual"][2].median()).all(),
)

# %% [markdown]
# The usual discriminator is *nowhere near* the best one. Its opinions are worth hardly more than a coin's: it says
# almost ½ where $D^*$ is almost sure. So its generators must be lost?
#
# **Predict:** we train these games (they are those of section 4) for 500 more steps. Will the discriminators get near
# $D^*$? Which share of the points will be good?

# %%
later = measure(training.run(eight_games, ring, 500, progress=False))
claim(
    "still: in at least six of eight less than 15 % nearer to D* than ½ everywhere",
    (later[0] > 0.85 * later[1]).sum() >= 6,
    measured=later,
)
claim(
    "but in at least seven of eight more than half of the points are good",
    (later[2] > 0.5).sum() >= 7,
    measured=later[2],
)

# %% [markdown]
# What a generator uses is not the opinion but the *slope*. A faint slope in about the right direction is enough; and
# Adam blows up small gradients.
#
# Being nearer to $D^*$ pays: the keen one's generators were much farther after 300 steps. It also costs: 1,500 steps of
# the discriminator. And these nets, rates and data are tiny; elsewhere the balance has to be measured again.
#
# What this *does* show in general: "the discriminator is optimal" is an assumption of proofs (chapter 32), and no
# description of training.

# %% [markdown]
# ## 7 · Steep or gentle
#
# Back to the forger that stands still, because there we know everything. How steep is the exact map? And how steep are
# learned ones if the network is narrow, or if it is smoothed: by **R1**, a penalty on the squared slope at real points,
# or by **spectral norm**, which divides each layer by its largest stretch?
#
# **Predict:** which of these makes the map gentler: fewer neurons, R1, spectral norm? And what will it cost?

# %%
kinds = {
    "width 4": lambda: nets.mlp([2, 4, 4, 1], activation="tanh"),
    "width 64": make_judge,
    "width 64, R1": make_judge,
    "width 64, spectral": lambda: nets.mlp([2, 64, 64, 1], activation="tanh", spectral_norm=True),
}
trained = {name: eight(make) for name, make in kinds.items()}
for name, some in trained.items():
    learn(some, 300, r1=0.1 if "R1" in name else 0.0)
    some.eval()  # spectral norm goes on iterating otherwise

x = torch.cat([real.sample(1000, 1), forger.sample(1000, 2)])
blue = real.sample(1000, 3)
gaps = {name: gap(some, x) for name, some in trained.items()}
steepness = {name: gradient(some, blue.expand(8, -1, -1)).norm(dim=-1).mean(1) for name, some in trained.items()}
exact = gradient(best_logit, blue).norm(dim=-1).mean()

# %%
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.8))
short = {name: name.replace("width 64, ", "") for name in trained}
plotting.bars_with_floor(
    {short[k]: v for k, v in steepness.items()}, "mean slope of the logit at real points", ax=axes[0]
)
axes[0].axhline(exact, color="black", linestyle="--")
axes[0].text(3.4, exact - 0.1, "the exact map", ha="right", va="top")
axes[0].set_ylim(0, exact * 1.1)
plotting.bars_with_floor({short[k]: v for k, v in gaps.items()}, "mean |D − D*|", ax=axes[1])
axes[1].get_legend().remove()
axes[1].set_ylim(0, None)
plt.show()

# %%
plain, r1, spectral = (steepness[name] for name in ("width 64", "width 64, R1", "width 64, spectral"))
claim(
    "R1 takes away more than half of the slope, spectral norm more than three quarters",
    (r1 < plain / 2).all() and (spectral < plain / 4).all(),
)
claim(
    "both are farther from D* than the free network, in every seed",
    min(gaps["width 64, R1"].min(), gaps["width 64, spectral"].min()) > gaps["width 64"].max(),
)
claim(
    "after 300 steps all learned maps are gentler than the exact one",
    all((s < exact).all() for s in steepness.values()),
)
narrow = steepness["width 4"]
claim("the narrow network's median slope is more than 60 % of the wide one's", narrow.median() > 0.6 * plain.median())
steepest = gradient(trained["width 64, spectral"], lattice.expand(8, -1, -1)).norm(dim=-1).max()
claim("spectral norm keeps its promise: no slope above 1 anywhere on the map", steepest < 1.02, measured=steepest)

# %% [markdown]
# A narrow network isn't gentle, just clumsy: its few bends are nearly as steep as those of the wide one. R1 and
# spectral norm make the map gentle, and wrong in return: gentleness is bought with accuracy.
#
# Is that good or bad? It depends on what the map would be without. The exact slopes grow as the two heaps separate, and
# with data on a thin line they have no limit: then a smoothed map, wrong but usable, is the better teacher (chapters 34
# and 43). In the games of sections 4 and 6 the arrows were faint, not wild: there, smoothing has nothing to
# cure.

# %% [markdown]
# ## 8 · What if?
#
# Experiments need a twin: the same past, one thing changed. `branch` goes back to a step and lets two runs go on from
# there, side by side: one as before, one with another setting.
#
# **Predict:** we go back to step 100 and give the right one five discriminator steps per turn. Will the left one repeat
# what it did before, roughly or exactly?

# %%
first_time = {step: w.recording.at(step).arrays for step in (0, 100, 200, 300)}
w.branch(100, discriminator_steps=5)
w.run(200)
w

# %%
as_before, what_if = w.runs


def same(a, b):
    return all((a[name] == b[name]).all() for name in a)


claim("their past is the same, bit for bit", same(as_before.recording.at(100).arrays, what_if.recording.at(100).arrays))
claim(
    "the left one repeats itself exactly, to step 300",
    all(same(arrays, as_before.recording.at(step).arrays) for step, arrays in first_time.items()),
)
claim("the right one goes another way", not same(first_time[300], what_if.recording.at(300).arrays))

# %% tags=["nbval-ignore-output"]
good, loss = ([run.recording.at(300).values[name] for run in w.runs] for name in ("high_quality", "loss_d"))
print(f"share of good points: {good[0]:.2f} as before, {good[1]:.2f} what if")
claim("the right one has at least twice as many good points at step 300", good[1] > 2 * good[0], measured=good)
off = [abs(each - 2 * math.log(2)) for each in loss]
claim("and its discriminator's loss is farther from the textbook's 2 ln 2", off[1] > off[0], measured=loss)

# %% [markdown]
# Look at both once more. On the left textbook losses, a white map, and points all over the place. On the right
# losses that drift away from the dashed lines, strong colours, and points that gather where the data are. Who
# judges by the curves takes the worse one.
#
# And the past repeats itself exactly: the recorder keeps the weights, the optimisers' memory *and the states of the
# random numbers*. So whatever differs, differs because of the one change. It is still one seed: an explanation of this
# run, no proof about others. (Five discriminator steps from the start: section 6 asked eight seeds.)
#
# **Now you:** run the widget cell of section 3 again, drag the time line to step 50, press **What if from here…** and
# change the loss to `hinge`, the penalty, or a rate. Then play. Which changes alter the *map* within 20 steps, which
# alter the *points*?

# %% [markdown]
# ## 9 · Your nets, your data
#
# Points go in as an array (N, 2), nets as `nn.Module`s. Let us build a judge that is blind on purpose: it sees only how
# far a point is from the centre. The data are a heart.
#
# **Predict:** what will its map look like? And what will the generator draw?


# %%
class Radius(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nets.mlp([1, 64, 64, 1], activation="tanh")

    def forward(self, x):
        return self.net(x.norm(dim=-1, keepdim=True))


t = torch.linspace(0, 2 * math.pi, 1001)[:-1]
heart = torch.stack([16 * t.sin() ** 3, 13 * t.cos() - 5 * (2 * t).cos() - 2 * (3 * t).cos() - (4 * t).cos()], 1) / 8
device.seed_everything(0)
own = DiscriminatorSurface(heart, discriminator=Radius(), discriminator_steps=3, lr_d=3e-3, device="cpu").run(400)

# %%
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.4))
for ax, step in zip(axes, (100, 400), strict=True):
    arrays, size = own.recording.at(step).arrays, own.recording.about["extent"]
    place = {"extent": (-size, size, -size, size), "origin": "lower"}
    ax.imshow(arrays["surface"] / 255, cmap=STEPS, vmin=0, vmax=1, interpolation="nearest", **place)
    plotting.scatter_2d(heart[::4], unpack_points(arrays["fake"][:250], size), ax=ax, title=f"step {step}")
    ax.set(xlim=(-size, size), ylim=(-size, size), xlabel="", ylabel="", xticks=[], yticks=[])
plt.show()

# %%
turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]])  # a rotation
x = torch.randn(1000, 2)
with torch.no_grad():
    judge = own.gan.discriminator
    claim("turn the plane, and the judge doesn't notice", judge(x @ turn).allclose(judge(x), atol=1e-4))
felt = pull(lambda logits: F.softplus(-logits), judge, x)
sideways = (felt[:, 0] * x[:, 1] - felt[:, 1] * x[:, 0]).abs() / x.norm(dim=1)
claim("so no arrow ever points sideways: all run along the radius", (sideways < 1e-4 * (1 + felt.norm(dim=1))).all())

# %% [markdown]
# Rings of colour, and no trace of a heart: **a generator can learn only what its discriminator can see.** It is a law
# for big networks too: a discriminator that sees small patches (chapter 51) never complains about the whole.
# (Show the live one with a cell that says `own`.)
#
# What if something doesn't fit? The widget never leaves you with a traceback. It says what is wrong, and a default
# stands in:

# %% tags=["nbval-ignore-output"]
print(DiscriminatorSurface([[0.0, math.nan], [1.0, 1.0]]).view.message)
print(DiscriminatorSurface(discriminator=nn.Linear(2, 2)).view.message)
print(DiscriminatorSurface(lr_d=-1).view.message)

# %% [markdown]
# One mistake it can't find, and you can. This judge ends with a sigmoid, and the loss, which takes logits, puts a
# second one on top. **Predict:** which colour will the map never have?

# %%
twice = DiscriminatorSurface(discriminator=nn.Sequential(*make_judge(), nn.Sigmoid()), device="cpu").run(200)
lowest = min(int(frame.arrays["surface"].min()) for frame in twice.recording) / 255
claim("never orange: D is at least ½ everywhere, at every step", lowest > 0.49, measured=lowest)

# %% [markdown]
# A sigmoid of something between 0 and 1 lies between 0.5 and 0.73. If you ever see a map without any orange and
# without a ½-line, look at the discriminator's last layer.
#
# ## What all this does not show
#
# - **Pictures of planes are not pictures of images.** In 784 dimensions there is far more "elsewhere", where no point
#   ever was; and nobody can look at the map.
# - **One setting.** Rates, widths and the ring were chosen so that things happen in seconds. The gaps of section 6
#   belong to them.
# - **The ruler.** Our $q$ is an estimate, good to 0.06 on two shapes that we know. A generator that lies on a
#   thin curve is harder to measure.

# %% [markdown]
# ## Help, I get …
#
# ### A white map that stays white
# The discriminator doesn't learn, or learns far too slowly: its rate, its optimiser's parameters, or a generator that
# is really done. Press **Step D** some fifty times: if colours come up, it was too slow.
#
# ### `RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn`
# You asked for the gradient with respect to points that don't ask for one. `points.clone().requires_grad_()` comes
# *before* the discriminator is called.

# %% [markdown]
# ### Arrows that are a hundred times too short
# A `mean` over N points where a sum belongs: each point's gradient is then divided by N. For training that is the usual
# scale; for comparing arrows take the sum.
#
# ### Arrows that point away from the data
# A missing minus (the gradient points *up* the loss), or labels that are swapped. If real points lie on orange,
# it is the labels.
#
# ### The widget stays empty or grey after I reopen the notebook
# A stored notebook keeps a picture and a player; the live view needs its kernel. Run the cell again.

# %% [markdown]
# ## Recap
#
# - The map shows $D(x)$; the best possible one is $p/(p+q)$, and its ½-line runs where $p = q$.
# - Colours count only where points lie; elsewhere a network guesses, and may be wrong with great confidence.
# - A generated point feels the *slope* of the map, times a factor of the loss: $1 - D$ (non-saturating) or $D$
#   (minimax). It doesn't always follow, since weights move all points together.
# - The discriminator paints, the generator walks. Alone, the walker collapses, and the painter sharpens.
# - In a working game the discriminator was nowhere near $D^*$: a white map says "can't tell", not "done".

# %% [markdown]
# ## Three quick questions
#
# <details><summary>At some place D says 0.5. Name three possible reasons.</summary>
#
# Real and generated points are equally frequent there; or the discriminator hasn't learned yet; or there are no points
# at all near that place, and 0.5 is what the network happens to say.
#
# </details>
#
# <details><summary>You press Step D, and the losses of both players change, though G did nothing. Why?</summary>
#
# Both losses are read off the map, at the points. The map has moved under the points; the generator's loss changes
# with it, although the generator is the same.
#
# </details>
#
# <details><summary>A discriminator with accuracy 1.0 on generated and real points: good for the generator?</summary>
#
# It depends on the slopes. If it is sure and *flat* around the generated points, the arrows are short whatever the
# loss; with the minimax loss they vanish anyway, since D is near 0. If the map still rises towards the data, and the
# loss is non-saturating, the arrows are long and useful.
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
# - [Kahng et al. 2018, GAN Lab](https://arxiv.org/abs/1809.01587): a GAN in the plane that one can watch and step
#   through in the browser. Our widget owes it the idea.
# - [Arjovsky and Bottou 2017, Towards Principled Methods for Training GANs](https://arxiv.org/abs/1701.04862): what
#   happens to the arrows when the discriminator *is* near its best.
# - [Mescheder, Geiger and Nowozin 2018, Which Training Methods for GANs do actually
#   Converge?](https://arxiv.org/abs/1801.04406): R1, the penalty of section 7, and why it helps.
# - [Miyato et al. 2018, Spectral Normalization](https://arxiv.org/abs/1802.05957): the other way to gentle slopes.

# %% [markdown]
# ## Key terms
#
# | English | 中文 | Meaning |
# |---|---|---|
# | decision surface | 决策面 | what a discriminator says, as a map over all places |
# | ½-line (decision boundary) | 决策边界 | where D(x) = ½: neither answer is the better guess |
# | optimal discriminator | 最优判别器 | $D^* = p/(p+q)$: the best possible one for a given generator |
# | logit | 对数几率 | the discriminator's output before the sigmoid; for $D^*$ it is $\log p - \log q$ |
# | kernel density estimate | 核密度估计 | a density made of one small bump on each sample |
# | spectral normalisation | 谱归一化 | divides each layer by its largest stretch, which bounds the slope |
# | R1 penalty | R1 正则项 | adds the mean squared slope at real points to the discriminator's loss |

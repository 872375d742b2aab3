# %% [markdown]
# # 63 · Where next
#
# *Many pictures that are made from text today come out of a row of small steps, by nets that never played a game. Here
# you build such models on one page, beside a GAN with equal means, and find out what a discriminator still does.*
#
# > **You will be able to**
# > - write flow matching and diffusion as one regression, in twenty lines
# > - compare generators fairly: equal networks, equal work in training, quality against the number of evaluations
# > - turn a teacher of many steps into a student of one, and say what regression and discriminator each contribute
# > - say where GANs stand at the end of 2026, with numbers from tables
# > - tell a *strong* direction inside a generator from one that *means* something
# >
# > **Before you start** [43 · the modern recipe](43_modern_recipe.ipynb) has the GAN of this chapter. Helpful, not
# > needed: [36 · measuring samples](36_measuring_samples.ipynb) and [51 · sharper
# > pictures](51_sharper_pictures.ipynb).
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# A GAN turns noise into data in one jump. The other way is to *walk*: at each place, and at each time between 0 (noise)
# and 1 (data), an arrow says where to go next, and how fast. Such arrows are a **velocity field**. For the ring of
# eight bumps we can compute the best field exactly (section 1), so no network is needed for the first look.

# %% jupyter={"source_hidden": true}
import copy
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F

from gan_edu import data, device, ensemble, metrics, models, nets, plotting
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)  # nets of 32 units: a second CPU thread would mostly wait for the first
FLOW, DIFFUSION, GAN = plotting.NEUTRAL[0], plotting.NEUTRAL[2], plotting.FAKE

# %% jupyter={"source_hidden": true}
ring = data.toy.ring()  # 8 bumps, radius 2, standard deviation 0.1
turn = ((torch.arange(100) + 0.5) / 100).sqrt()  # 100 bumps at equal distances along a spiral
ends = torch.stack([turn * (4 * math.pi * turn).cos(), turn * (4 * math.pi * turn).sin()], dim=1)
spiral = data.toy.gaussian_mixture(2.25 * ends, std=0.06)


# %% jupyter={"source_hidden": true}
def best_velocity(world):
    """The field that flow matching looks for, exactly: v(x, t) for bumps of one width and equal weights."""

    def velocity(x, t):
        spread = (t * world.mode_std) ** 2 + (1 - t) ** 2
        gap = x[..., None, :] - t * world.modes
        share = (-gap.square().sum(-1) / (2 * spread)).softmax(-1)  # which bump is this point on its way to?
        goal = world.modes + t * world.mode_std**2 / spread * gap
        return ((share[..., None] * goal).sum(-2) - x) / (1 - t)

    return velocity


def follow(velocity, z, steps):
    """Walk from noise z (…, 2) at time 0 to time 1, in so many equal steps; each asks for the velocity once."""
    x = z
    for k in range(steps):
        x = x + velocity(x, k / steps) / steps
    return x


# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 3, figsize=(6.8, 2.9), sharex=True, sharey=True)
some = torch.randn(60, 2, generator=device.generator(1))
for ax, steps in zip(axes, (1, 4, 32), strict=True):
    path = [some]
    for k in range(steps):
        path.append(path[-1] + best_velocity(ring)(path[-1], k / steps) / steps)
    path = torch.stack(path)
    ax.plot(path[:, :, 0], path[:, :, 1], color="0.75", linewidth=0.7)
    ax.plot(*some.T, ".", color="0.45", markersize=3, label="noise")
    ax.plot(*path[-1].T, "^", color=plotting.FAKE, markersize=4, label="end")
    ax.plot(*ring.modes.T, "o", color=plotting.REAL, markersize=9, markerfacecolor="none", label="bumps")
    ax.set(
        title=f"{steps} evaluation{'s' * (steps > 1)}",
        xlabel="$x_1$",
        aspect="equal",
        xlim=(-3.4, 3.4),
        ylim=(-2.9, 2.9),
    )
axes[0].set_ylabel("$x_2$")
axes[0].figure.legend(*axes[0].get_legend_handles_labels(), fontsize=9, ncols=3, loc="outside lower center")
plt.show()

# %% [markdown]
# Grey dots start, orange triangles arrive, blue circles mark the bumps. With 32 small steps the points bend towards the
# bumps. With four they land near them. With one step everything lands in the middle, though the field is *perfect*.
# Each step asks for the velocity once: that is one **evaluation** of the network (papers say NFE, number of function
# evaluations). Quality is bought with evaluations. A GAN needs one.

# %% [markdown]
# ## 1. Flow matching: walk by regression
#
# Draw noise $z$ and a data point $x$, independently. Join them by a straight line. At time $t$ one is at
#
# $$x_t = (1 - t)\, z + t\, x, \qquad \text{with velocity } x - z.$$
#
# A network sees $x_t$ and $t$, and guesses the velocity; its loss is the squared error. That is all of **flow
# matching** ([Lipman et al. 2022](https://arxiv.org/abs/2210.02747), [Liu et al.
# 2022](https://arxiv.org/abs/2209.03003)): a regression. No game, no second network.
#
# But many lines cross at one place, with different velocities. What should the network say there? A squared error is
# least at the **mean**: $v(x_t, t) = E[x - z \mid x_t]$. Let us look at one place, $(1, 0)$ at $t = 0.6$: draw 500,000
# lines, keep those that pass near, and average their velocities.

# %%
stream = device.generator(2)
z, x = torch.randn(500_000, 2, generator=stream), ring.sample(500_000, stream)
place = torch.tensor([1.0, 0.0])
near = (0.4 * z + 0.6 * x - place).norm(dim=1) < 0.05
velocities = (x - z)[near]
formula = best_velocity(ring)(place, 0.6)
error = velocities.std(dim=0) / near.sum().sqrt()
claim("their mean is the exact field, to 4 standard errors", ((velocities.mean(0) - formula).abs() < 4 * error).all())
claim("single lines differ a lot: their standard deviation is above 0.2", velocities.std(dim=0).max() > 0.2)

# %% [markdown]
# Walking along these *mean* velocities gives the right distribution at the end, though no single point follows the line
# that it was drawn with. That is a theorem (of the papers above), for infinitely small steps.
#
# **Predict, and say why:** at $t = 0$ we see the noise $z$ and nothing else. What is the mean velocity there? So where
# does *one* big step end?

# %%
noise = torch.randn(1000, 2, generator=device.generator(3))
landed = follow(best_velocity(ring), noise, steps=1)
identity("one step of the perfect field: all points land in the mean of the data", landed.abs().max() < 1e-5)

# %% [markdown]
# At $t = 0$ nothing is known of $x$, so the mean velocity is $E[x] - z$, and $z + (E[x] - z)$ is the mean of the data.
# For a ring that is a place without data. This is no fault of the network. A regression averages what it can't know;
# more steps let it decide bit by bit.
#
# Now networks: 32 units, two hidden layers. **Eight** are trained side by side ([chapter 48](48_fast.ipynb)). Four
# learn the ring; four learn a thin spiral, which is harder. Each has 20,000 points of its own.

# %% jupyter={"source_hidden": true}
SEEDS, UNITS, BATCH, STEPS, RATE = 4, 32, 128, 450, 1e-2  # the same for everybody


def real(n, seed):
    """(8, n, 2): for each net its own points, the first four of the ring, the others of the spiral."""
    stream = device.generator(seed)
    return torch.cat([world.sample(SEEDS * n, stream).view(SEEDS, n, 2) for world in (ring, spiral)])


training_points = real(20_000, seed=10)


# %% jupyter={"source_hidden": true}
def new(inputs, outputs, seed):
    """Eight untrained nets as one, each from its own seed."""
    made = []
    with torch.random.fork_rng(devices=[]):
        for i in range(2 * SEEDS):
            torch.manual_seed(seed + i)
            made.append(nets.mlp([inputs, UNITS, UNITS, outputs], activation="tanh"))
    return ensemble.stack(made)


def descent(net, steps, betas=(0.9, 0.999)):
    """Adam, with a rate that falls along a cosine."""
    adam = torch.optim.Adam(net.parameters(), lr=RATE, betas=betas, fused=True)
    return adam, torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)


def some_of(points, stream):
    return points[:, torch.randint(points.shape[1], (BATCH,), generator=stream)]


# %%
def straight(t):
    """Shares of noise and data at time t, and how fast they change."""
    return 1 - t, t, -torch.ones_like(t), torch.ones_like(t)


# %%
def learn(path, steps, seed):
    net, stream = new(3, 2, seed), device.generator(seed)
    adam, fall = descent(net, steps)
    for _ in range(steps):
        x = some_of(training_points, stream)
        z, t = torch.randn(x.shape, generator=stream), torch.rand(*x.shape[:2], 1, generator=stream)
        of_z, of_x, dz, dx = path(t)
        guess = net(torch.cat([of_z * z + of_x * x, t], dim=2))
        loss = (guess - (dz * z + dx * x)).square().sum(dim=2).mean(dim=1).sum()  # eight losses, summed
        adam.zero_grad()
        loss.backward()
        adam.step()
        fall.step()
    return net


# %%
def velocity_of(net):
    return torch.no_grad()(lambda x, t: net(torch.cat([x, torch.full_like(x[..., :1], t)], dim=2)))


def distance_to_best(net):
    """For each of the ring's nets: the mean squared error against the exact field, as a share of its size."""
    x, z, parts = real(500, seed=11), torch.randn(8, 500, 2, generator=device.generator(12)), []
    for t in (0.1, 0.3, 0.5, 0.7, 0.9):
        here = (1 - t) * z + t * x
        goal, guess = best_velocity(ring)(here, t)[:SEEDS], velocity_of(net)(here, t)[:SEEDS]
        parts.append((guess - goal).square().sum(dim=(1, 2)) / goal.square().sum(dim=(1, 2)))
    return torch.stack(parts).mean(dim=0)


# %%
flow = learn(straight, 7 * STEPS, seed=20)
trained, untrained = distance_to_best(flow), distance_to_best(new(3, 2, seed=20))
claim("the nets come near the exact field: less than 20 % of its size off", trained.max() < 0.2, trained)
claim("untrained ones are 80 % off or more", untrained.min() > 0.8, untrained)

# %% [markdown]
# ## 2. Diffusion: the same page, another path
#
# **Diffusion models** came first ([Sohl-Dickstein et al. 2015](https://arxiv.org/abs/1503.03585), [Ho et al.
# 2020](https://arxiv.org/abs/2006.11239)), and are told differently: noise is added bit by bit, and a network learns to
# take it away. Training, though, needs only a point at *one* time, and that is again a mixture of noise and data:
#
# $$x_t = \cos(\tfrac\pi2 t)\, z + \sin(\tfrac\pi2 t)\, x.$$
#
# The shares lie on a circle: their squares add up to 1. The network may guess the noise, or the data, or the velocity:
# between the ends, $x_t$ and one of them give the others. We let it guess the velocity along the circle, so one line
# changes.


# %%
def circle(t):
    angle, speed = math.pi / 2 * t, math.pi / 2
    return angle.cos(), angle.sin(), -speed * angle.sin(), speed * angle.cos()


def follow_circle(velocity, z, steps):
    """As `follow`, but each step goes along an arc (without new noise: the way of DDIM, Song et al. 2020)."""
    x, arc = z, math.pi / 2 / steps
    for k in range(steps):
        x = math.cos(arc) * x + math.sin(arc) * velocity(x, k / steps) / (math.pi / 2)
    return x


diffusion = learn(circle, 7 * STEPS, seed=30)

# %% [markdown]
# Why an arc? If the network *knew* $z$ and $x$, a straight step along the line would be exact, however long. On the
# circle the same holds for a step along the arc:

# %%
z, x = torch.randn(2, 5, 2, generator=device.generator(4))
line = follow(lambda at, t: x - z, z, steps=3)
of_z, of_x, dz, dx = circle(torch.tensor([0.0, 0.5]))
arc = follow_circle(lambda at, t: dz[int(2 * t)] * z + dx[int(2 * t)] * x, z, steps=2)
identity(
    "with known ends, three straight steps and two arcs both arrive exactly",
    line.allclose(x) and arc.allclose(x, atol=1e-5),
)

# %% [markdown]
# So with either path few steps err because the end is *not known*: the guess of it changes on the way. Practice mixes
# both names: FLUX.1 of section 5, for instance, is by its model card a *rectified flow*, the
# straight line of section 1.

# %% [markdown]
# ## 3. A fair contest
#
# The GAN: a generator of the same size, the recipe of chapter 43 (pairing, R1 + R2 with γ = 0.1) without the averaging
# of weights, which the flow doesn't get either. Its generator is
# literally the same network: it makes $z + \text{net}(z, 0)$, one step of a walk, and the game decides where it goes.
#
# **Equal work.** We count how often a batch passes through a network and back. A step of flow matching: once. A step of
# the GAN: the generator once; the discriminator on real and on generated points, twice with the penalties' second
# derivative, and again for the generator's turn: about seven. So the flow gets **seven times as many steps**. That also
# means that it sees seven times as many real points. So a third contestant is a flow with as many *steps* as the GAN:
# equal points seen.


# %%
def judge_loss(judge, real, fake, gamma=0.1):
    both = torch.cat([real, fake.detach()], dim=1).requires_grad_()
    logits = judge(both)
    (slope,) = torch.autograd.grad(logits.sum(), both, create_graph=True)
    on_real, on_fake = logits.chunk(2, dim=1)
    penalty = gamma / 2 * slope.square().sum() / BATCH  # R1 + R2
    return F.softplus(on_fake - on_real).mean(dim=(1, 2)).sum() + penalty


def jump(net, z):
    return z + net(torch.cat([z, torch.zeros_like(z[..., :1])], dim=2))


# %%
def one_step(start, steps, seed, pairs=None, regression=0.0, adversary=1.0, real=training_points):
    """Train nets that need one evaluation, by a discriminator, by regression on pairs (noise, goal), or by both."""
    net, judge, stream = copy.deepcopy(start), new(2, 1, seed), device.generator(seed)
    (adam, fall), (adam_j, fall_j) = (descent(each, steps, betas=(0.0, 0.99)) for each in (net, judge))
    for _ in range(steps):
        pick = torch.randint(8192, (BATCH,), generator=stream)
        z = torch.randn(8, BATCH, 2, generator=stream) if pairs is None else pairs[0][:, pick]
        fake, loss = jump(net, z), 0.0
        if regression:
            loss = regression * (fake - pairs[1][:, pick]).square().sum(dim=2).mean(dim=1).sum()
        if adversary:
            x = some_of(real, stream)
            adam_j.zero_grad()
            judge_loss(judge, x, fake).backward()
            adam_j.step()
            fall_j.step()
            on_real, on_fake = judge(torch.cat([x, fake], dim=1)).chunk(2, dim=1)
            loss = loss + adversary * F.softplus(on_real - on_fake).mean(dim=(1, 2)).sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
        fall.step()
    return net


# %% [markdown]
# **Two instruments.** *High quality*: the share of points within three standard deviations of a bump ([chapter
# 23](23_mode_collapse.ipynb)). It sees blur, and not what is missing. The **energy distance** compares two clouds as a
# whole, by distances between points of one cloud and of the other:
#
# $$E(P, Q) = 2\, E|X - Y| - E|X - X'| - E|Y - Y'| \;\ge 0,$$
#
# where $X, X'$ come from $P$, and $Y, Y'$ from $Q$. It is 0 only if $P = Q$. From samples it scatters about 0; what
# fresh *real* points score is the **floor**.


# %%
def even(seed, n=1200):
    """(8, n, 2): real points, with exactly equally many from each bump, so that chance has less to say."""
    stream, clouds = device.generator(seed), []
    for world in [ring] * SEEDS + [spiral] * SEEDS:
        bumps = world.modes.repeat(n // len(world.modes), 1)
        clouds.append(bumps + world.mode_std * torch.randn(n, 2, generator=stream))
    return torch.stack(clouds)


# %%
compare_with, Z = even(seed=40), torch.randn(8, 1200, 2, generator=device.generator(41))
inside_real = torch.cdist(compare_with, even(seed=42)).mean(dim=(1, 2))


def energy(x):
    """The energy distance of each of eight clouds (8, N, 2) to real points, in thousandths."""
    n = x.shape[1]
    inside = torch.cdist(x, x).sum(dim=(1, 2)) / (n * (n - 1))  # a point's distance from itself doesn't count
    return 1000 * (2 * torch.cdist(x, compare_with).mean(dim=(1, 2)) - inside - inside_real)


# %%
def good(x):
    """The share of high quality of each of eight clouds."""
    return torch.cat(
        [metrics.mode_coverage(part, w).high_quality for part, w in zip(x.split(SEEDS), (ring, spiral), strict=True)]
    )


floor = torch.stack([energy(real(1200, seed=50 + i)) for i in range(4)])
FLOOR = torch.stack([floor[:, :SEEDS].abs().max(), floor[:, SEEDS:].abs().max()])  # the worst of 16 each
claim("real against real stays below 8 thousandths", FLOOR.max() < 8, FLOOR)
claim("and at least 98 % of it is of high quality", good(compare_with).min() > 0.98)

# %% [markdown]
# **Predict, and say why:** with how many evaluations does the flow come level with the GAN, on the ring and on the
# spiral? 2, 8, 32, never?

# %%
COUNTS = (1, 2, 4, 8, 16, 32)
gan = one_step(new(3, 2, seed=60), STEPS, seed=61)
short_flow = learn(straight, STEPS, seed=20)


def best(x, t):
    """The exact fields, for eight clouds."""
    return torch.cat(
        [best_velocity(world)(part, t) for world, part in zip((ring, spiral), x.split(SEEDS), strict=True)]
    )


# %%
walks = {
    "flow": [follow(velocity_of(flow), Z, n) for n in COUNTS],
    "diffusion": [follow_circle(velocity_of(diffusion), Z, n) for n in COUNTS],
    "flow, equal points": [follow(velocity_of(short_flow), Z, n) for n in COUNTS],
    "exact field": [follow(best, Z, n) for n in COUNTS],
    "GAN": [jump(gan, Z).detach()],
}
E = {name: torch.stack([energy(x) for x in clouds]) for name, clouds in walks.items()}  # (6, 8), the GAN's (1, 8)
Q = {name: torch.stack([good(x) for x in clouds]) for name, clouds in walks.items()}

# %% jupyter={"source_hidden": true}
on = {"ring": slice(0, 4), "spiral": slice(4, 8)}
STYLES = {
    "flow": (FLOW, "-", "o"),
    "diffusion": (DIFFUSION, "-", "s"),
    "flow, equal points": (FLOW, ":", "o"),
    "exact field": ("black", "--", ""),
}


def draw_scores(ax, scores, nets_of, lowest):
    for which, (color, line, mark) in STYLES.items():
        y = scores[which][:, nets_of].clamp_min(lowest)
        if which != "exact field":
            ax.plot(COUNTS, y, color=color, linestyle=line, linewidth=0.6, alpha=0.6)
        ax.plot(COUNTS, y.quantile(0.5, dim=1), color=color, linestyle=line, marker=mark, markersize=4, label=which)
    ax.plot([1] * 4, scores["GAN"][0, nets_of].clamp_min(lowest), "^", color=GAN, markersize=7, label="GAN")


# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(2, 2, figsize=(6.8, 5.2), sharex=True)
for column, (name, nets_of) in enumerate(on.items()):
    draw_scores(axes[0, column], E, nets_of, lowest=0.3)
    draw_scores(axes[1, column], Q, nets_of, lowest=0)
    axes[0, column].axhspan(0.25, FLOOR[column].item(), color=plotting.REAL, alpha=0.15, linewidth=0, label="floor")
    axes[0, column].set(yscale="log", ylim=(0.25, 2000), title=name)
    axes[1, column].set(ylim=(0, 1), xlabel="evaluations", xscale="log")
    axes[1, column].set_xticks(COUNTS, COUNTS)
    axes[1, column].minorticks_off()
axes[0, 0].set_ylabel("energy distance (1/1000)")
axes[1, 0].set_ylabel("high quality")
axes[0, 1].legend(fontsize=7.5, loc="upper right")
plt.show()

# %%
at = dict(zip(COUNTS, range(6), strict=True))
e, q = ({each: {w: x[each][:, k].quantile(0.5, dim=1) for w, k in on.items()} for each in x} for x in (E, Q))
times = min(e[each][w][0] / e["GAN"][w][0] for each in ("flow", "diffusion") for w in on)
claim(
    "one evaluation: flow and diffusion are at least ten times as far off as the GAN, in the median", times > 10, times
)
claim("ring: with 4 evaluations the flow is behind the GAN", e["flow"]["ring"][at[4]] > e["GAN"]["ring"][0], e)
claim("ring: with 32 its share of high quality is above the GAN's", q["flow"]["ring"][5] > q["GAN"]["ring"][0], q)
claim("equal points: even then it is behind", e["flow, equal points"]["ring"][5] > 2 * e["GAN"]["ring"][0], e)

# %%
claim("spiral: with 32 the worst flow is ahead of the median GAN", E["flow"][5, 4:].max() < e["GAN"]["spiral"][0], E)
claim("equal points: ahead, too", e["flow, equal points"]["spiral"][5] < e["GAN"]["spiral"][0], e)
exact = e["exact field"]["spiral"]
claim("four steps of the *exact* field: five times the floor or more", exact[at[4]] > 5 * FLOOR[1], exact)
claim("with 32 it is on the floor", exact[5] < FLOOR[1], exact)

# %% [markdown]
# Who wins depends on the data, and on what is held equal:
#
# - **One evaluation.** Flow and diffusion fail, as they must; the GAN is the only one that works.
# - **Ring.** With equal work the flow comes level between 4 and 8 evaluations. With 32 it is ahead in high quality; in
#   energy distance both are then about at the floor. With equal *points seen* the GAN stays ahead.
# - **Spiral.** The GANs are far from the floor. The flow is ahead with 8 evaluations. With 4 even the *exact* field is
#   poor: the steps are too long for a thin spiral. In high quality the order is less clear: the two instruments see
#   different faults.
# - **Flow or diffusion?** Here the difference is small, and we draw no conclusion.
# - **Blur.** From 4 evaluations on, no *network* gets the share of high quality that the exact field has. That part of
#   the gap is the networks', not the steps'.

# %% [markdown]
# The settings matter. We tried three activations and three rates on other seeds before, and kept one for everybody.
# With SiLU in place of tanh the ring's GANs were far worse, and so were its flows; on the spiral little changed. With
# averaged weights (0.99) the spiral's GANs came out better, and still behind the flow with 8 evaluations.

# %% [markdown]
# ## 4. One step: what is a discriminator good for?
#
# Can we have the flow's coverage at the GAN's price? **Distillation**: a *teacher* walks, a *student* learns to jump to
# where the teacher arrives. We take pairs (noise, end of the teacher's walk), and the student starts with the teacher's
# weights. Long walks cost; so the teacher makes **four** steps only. Its goals are bad: see the figure. (There a dot is
# one seed, a stroke the median of four, and the blue band the floor.) Then:
#
# - **regression alone**: squared distance to the teacher's goal;
# - **discriminator alone**, on real data: from the teacher's weights; or as a GAN from nothing, with twice the steps,
#   so that it has the work that went into teacher *and* student;
# - **both**, with the regression counting 1 or 0.1;
# - **both, the discriminator sees only the teacher's goals**, and no real point: a control;
# - **regression on 32 steps**: pairs that cost eight times as much.
#
# **Predict, and say why:** which is best on the spiral? On the ring? And what will the control do?

# %%
noises = torch.randn(8, 8192, 2, generator=device.generator(70))
pairs = {n: (noises, follow(velocity_of(flow), noises, n)) for n in (4, 32)}
students = {
    "regression": one_step(flow, STEPS, 71, pairs[4], regression=1, adversary=0),
    "discriminator": one_step(flow, STEPS, 71),
    "discriminator, from nothing": one_step(new(3, 2, seed=60), 2 * STEPS, 71),
    "both, 1 : 1": one_step(flow, STEPS, 71, pairs[4], regression=1),
    "both, 0.1 : 1": one_step(flow, STEPS, 71, pairs[4], regression=0.1),
    "both, but no real data": one_step(flow, STEPS, 71, pairs[4], regression=0.1, real=pairs[4][1]),
    "regression, 32 steps": one_step(flow, STEPS, 71, pairs[32], regression=1, adversary=0),
}
clouds = {"teacher, 4 steps": walks["flow"][at[4]]} | {name: jump(net, Z).detach() for name, net in students.items()}
far, fine = ({name: score(x) for name, x in clouds.items()} for score in (energy, good))

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.6), sharey=True)
colors = ["0.45", FLOW, GAN, GAN, plotting.DISC, plotting.DISC, DIFFUSION, FLOW]
for column, (ax, (name, nets_of)) in enumerate(zip(axes, on.items(), strict=True)):
    ax.axvspan(0.25, FLOOR[column].item(), color=plotting.REAL, alpha=0.15, linewidth=0)
    for place, (each, color) in enumerate(zip(far, colors, strict=True)):
        values = far[each][nets_of].clamp_min(0.3)
        ax.plot(values, [place] * 4, "o", color=color, markersize=4, alpha=0.7)
        ax.plot(values.quantile(0.5), place, "|", color=color, markersize=16, markeredgewidth=2.5)
    ax.set(xscale="log", xlim=(0.25, 150), title=name, xlabel="energy distance (1/1000)")
axes[0].set_yticks(range(len(far)), far, fontsize=9)
axes[0].invert_yaxis()
plt.show()

# %% tags=["nbval-ignore-output"]
print("median of 4 seeds            energy, ring  spiral    high quality, ring  spiral")
for name in far:
    e, q = ([each[name][k].quantile(0.5).item() for k in on.values()] for each in (far, fine))
    print(f"{name:28s} {e[0]:12.1f} {e[1]:7.1f} {q[0]:21.0%} {q[1]:7.0%}")

# %%
middle = {w: {name: far[name][k].quantile(0.5) for name in far} for w, k in on.items()}
copied = [abs(m["regression"] / m["teacher, 4 steps"] - 1) for m in middle.values()]
claim("regression alone copies its teacher, mistakes included: within 25 %", max(copied) < 0.25, copied)
m, nothing = middle["spiral"], "discriminator, from nothing"
least = min(m[part] for part in ("regression", "discriminator", nothing))
claim(
    "spiral: the worst seed of both, 0.1 : 1, beats the median of each part",
    far["both, 0.1 : 1"][4:].max() < least,
    far,
)
claim("but the weight matters: 1 : 1 leaves at least twice the error", m["both, 1 : 1"] > 2 * m["both, 0.1 : 1"], m)
without = m["both, but no real data"] / m["regression"]
claim("without real data the discriminator changes next to nothing: within 15 %", 0.85 < without < 1.15, without)

# %%
others = max(fine[name][:4].max() for name in students if name != nothing)
claim(
    "ring: in all seeds the GAN from nothing has more of high quality than all others", fine[nothing][:4].min() > others
)
better_pairs = m["regression, 32 steps"] / m["both, 0.1 : 1"]
claim(
    "spiral: regression on 32-step pairs is as good as both on 4-step pairs, or better",
    better_pairs < 1.2,
    better_pairs,
)

# %% [markdown]
# - **Regression** learns what its teacher does, mistakes included. A student that jumps is as good as a teacher that
#   takes four steps: distillation made it cheaper, not better.
# - **The discriminator** alone is a GAN, with a GAN's luck on the spiral.
# - **Both** (0.1 : 1) are far better on the spiral than each alone, in energy distance; 0.01 and 0.03 do as well there.
#   (In high quality, which doesn't see what is missing, the GAN from nothing is no worse.) Where does the gain come
#   from? Take the real data away, and it is gone. Here the student surpasses its teacher because the discriminator sees
#   what the teacher was supposed to imitate.
# - **And the plain rivals win.** On the ring a GAN from nothing is the best student, without any teacher. On the spiral
#   plain regression on *good* pairs is as good as both, without any game.

# %% [markdown]
# So here is what a discriminator can be good for: one jump, data of which a bare GAN loses hold, and a teacher whose
# best is too dear to collect. In the plane the third isn't so: 8,192 walks of 32 evaluations are *less* work than the
# 450 × 128 × 7 passes of the game, so regression on good pairs is also the cheaper way. With large pictures collecting
# the pairs was so dear that the next section's authors looked for a way without.
#
# 🔎 **Try it.** Let the teacher make two steps, `follow(velocity_of(flow), noises, 2)`. How much can "both" still mend?
#
# <details><summary>Compare</summary>
#
# On the spiral 0.1 : 1 leaves less than a tenth of this teacher's error, 1 : 1 about half.
#
# </details>

# %% [markdown]
# ## 5. Where GANs stand, November 2026
#
# **In distillation.** DMD2 ([Yin et al. 2024](https://arxiv.org/abs/2405.14867)) makes one-step students for ImageNet
# pictures of 64 × 64 pixels. The authors' list of trained models has the same student without and with a discriminator:
# FID 2.61 without (410,000 steps), 1.51 with one from the start (200,000 steps), 1.28 when the first model goes on with
# one. It looks at real pictures, as ours does. In use: [FLUX.1
# schnell](https://huggingface.co/black-forest-labs/FLUX.1-schnell), which makes pictures from text in one to four
# steps, learned by such a distillation with an adversary, says its model card.

# %% [markdown]
# **From nothing.** ImageNet, 256 × 256 pixels, class given, FID of 50,000 pictures; smaller is better:
#
# | generator | year | evaluations | FID | discriminator? |
# |---|---|---|---|---|
# | SiT-XL/2 + REPA | 2024 | 250 × 2 | 1.42 ᵃ | no |
# | RAE + DiT | 2025 | 50 × 2 | 1.13 ᵃ | no |
# | MeanFlow-XL/2 | 2025 | 1 | 3.43 ᵃ ᵇ | no |
# | improved MeanFlow-XL/2 | 2025 | 1 | 1.72 ᵃ ᵇ | no |
# | Drifting, L/2 | 2026 | 1 | 1.54 ᵃ | no |
# | W-Flow, XL/2 | 2026 | 1 | 1.29 ᶜ | no |
# | StyleGAN-XL | 2022 | 1 | 2.30 ᵇ | yes |
# | GigaGAN | 2023 | 1 | 3.45 ᵇ | yes |
# | Adversarial flow, XL/2 | 2025 | 1 | 2.38 ᵃ ᵇ | yes |
# | GAT-XL/2 | 2025 | 1 | 2.18 ᵇ | yes |
# | CAT-H/2 | 2026 | 1 | 1.56 ᵇ | yes |
#
# ᵃ table 5 of [Deng et al. 2026](https://arxiv.org/abs/2602.04770). ᵇ table on [the page of CAT](https://hse1032.github.io/CAT),
# Hyun et al. 2026. ᶜ table of [its authors' program](https://github.com/hanjq17/W-Flow), Han et al. 2026. "× 2":
# guidance asks the network twice in each step. These are the rows that we found by 1 December 2026.

# %% [markdown]
# How to read it ([chapter 37](37_reading_tables.ipynb)):
#
# - With **many** evaluations regression is ahead, and no GAN is near 1.13.
# - With **one**, the best row without a discriminator has 1.29, the best with one 1.56. The claim that one-step
#   generation needs a discriminator is no longer true. Nor is the claim that GANs are over: a GAN of 2026 is third of
#   the nine one-step rows.
# - Networks, training and guidance differ from row to row. We know of nobody who has run our section 3 at this size.
# - "No discriminator" means: none in *this* training. Drifting and W-Flow compare generated and real pictures in the
#   features of a frozen network (Drifting's authors failed on ImageNet without it). StyleGAN-XL's discriminator looks
#   through frozen networks, too. And most rows work on the codes of an autoencoder that itself was trained with a
#   discriminator ([chapter 52](52_translating_pictures.ipynb#8.-Which-famous-picture-makers-are-GANs?)).
# %% [markdown]
# And the measure itself:
#
# - FID is a distance in the features of one classifier of ImageNet. [Yang et al.
#   2026](https://arxiv.org/abs/2604.28190) train *on* such distances; their abstract reports 0.72 with one evaluation,
#   and that pictures that look better can have the worse FID. A measure that one trains on is no judge any more
#   ([chapter 36](36_measuring_samples.ipynb)).
# - Another measure gives another order. [Feng et al. 2026](https://alan-lanfeng.github.io/rdm/index.html) compare in
#   the features of fourteen networks, so that new real pictures score 1.00. There Drifting (L) has 5.93, and SiT-XL/2 +
#   REPA 3.61; by FID the two are close.
#
# In one sentence: **a discriminator is one of several ways to compare what was made with what is real, and one that can
# do without features of another network.** It is no longer the only way to one step, and it is still in use.

# %% [markdown]
# ## 6. Looking inside a generator
#
# "GANs are hard to interpret" stands in every list of their problems. A well-known remedy ([Härkönen et al.
# 2020](https://arxiv.org/abs/2004.02546), GANSpace) looks for the principal directions (PCA, [chapter
# 24](24_from_autoencoders_to_vaes.ipynb)) of an early layer, moves the noise along them, and names what changes. Does
# it find *meaning*? On drawn faces we can count. The course's face generator takes 32 numbers; its first layer is a
# matrix $W$. For noise $z$ that varies equally in all directions, the principal directions of $Wz$ belong to the
# singular directions of $W$: no sampling is needed.

# %%
faces, _ = models.read("faces_gan")
_, strength, directions = torch.linalg.svd(faces.project.weight, full_matrices=False)
z = torch.randn(20_000, 32, generator=device.generator(80))
spread = (z @ directions.T @ torch.diag(strength)).std(dim=0)
identity(
    "the first layer varies along them by the singular values, to 3 %", torch.allclose(spread, strength, rtol=0.03)
)

# %% jupyter={"source_hidden": true}
drawn = data.faces(1500, size=32, seed=81)
told = {name: drawn.attributes[name].float() for name in ("tone", "tilt", "glasses")}
told |= {"long hair": (drawn.attributes["style"] == 1).float(), "dark hair": (drawn.attributes["hair"] <= 1).float()}
answers = torch.stack([(a - a.mean()) / a.std() for a in told.values()], dim=1)
pixels = drawn.tensor().flatten(1)
pixels = pixels - pixels[:1000].mean(dim=0)
seen = pixels[:1000].T @ pixels[:1000] + 100 * torch.eye(pixels.shape[1])
reader = torch.linalg.solve(seen, pixels[:1000].T @ answers[:1000])  # ridge regression, from pixels to attributes
left = (pixels[1000:] @ reader - answers[1000:]).square().mean(dim=0) / answers[1000:].var(dim=0)
claim("the reader explains over 60 % of each attribute on unseen drawn faces", left.max() < 0.4, 1 - left)


def draw(z):
    with torch.no_grad():
        return F.avg_pool2d(faces(z), 2)


# %% [markdown]
# A **reader**, a linear regression from pixels, tells five attributes of a face: tone of skin, tilt, glasses, long
# hair, dark hair. Now 60 faces are moved by ±1.5 along a direction. How much changes, over all pixels? How does each
# attribute move? A direction with *one* meaning would move one attribute, and leave the others: call **purity** the
# largest move as a share of all five.
#
# **Predict, and say why:** do the five strongest directions change more than random ones? Are they purer?


# %%
codes = torch.randn(60, 32, generator=device.generator(82))


def moved(direction):
    """How much the pictures change, and how far each attribute moves."""
    step = 1.5 * direction / direction.norm()
    change = draw(codes + step) - draw(codes - step)
    return change.abs().mean().item(), (change.flatten(1) @ reader).mean(dim=0)


def table(rows):
    changes, moves = zip(*(moved(row) for row in rows), strict=True)
    return np.array(changes), torch.stack(moves).abs().numpy()


# %%
strong, by_strong = table(directions[:5])
chance, by_chance = table(torch.randn(24, 32, generator=device.generator(83)))
purity = [np.median(each.max(axis=1) / each.sum(axis=1)) for each in (by_strong, by_chance)]
weakest = moved(directions[-1])[0]
claim(
    "each of the five strongest changes 1.5 times as much as the median random one",
    strong.min() > 1.5 * np.median(chance),
)
claim("the weakest changes less than a quarter of that", weakest < 0.25 * np.median(chance), weakest)
claim("the strong ones are hardly purer than random ones: within 30 %", 0.7 < purity[0] / purity[1] < 1.3, purity)

# %%
z = torch.randn(2000, 32, generator=device.generator(84))
tone = (torch.cat([draw(part).flatten(1) for part in z.split(250)]) @ reader)[:, 0]
labelled = torch.linalg.lstsq(z, (tone - tone.mean())[:, None]).solution[:, 0]  # a direction found with labels
best_of_all = max(by_strong[:, 0].max(), by_chance[:, 0].max())
of_labelled = moved(labelled)[1].abs()
share = of_labelled[0] / of_labelled.sum()
claim("the labelled direction moves the tone further than all 29 others", of_labelled[0] > best_of_all)
claim("but it isn't pure either: the tone is less than three quarters of all that moves", share < 0.75, share)

# %% jupyter={"source_hidden": true}
start, walk = torch.randn(1, 32, generator=device.generator(85)), torch.linspace(-2, 2, 7)[:, None]
shown = {
    "strongest": directions[0],
    "random": torch.randn(32, generator=device.generator(83)),
    "weakest": directions[-1],
    "for tone": labelled,
}
with torch.no_grad():
    plotting.image_grid({name: faces(start + walk * d / d.norm()) for name, d in shown.items()}, rows=1)

# %% [markdown]
# PCA found **strong** directions: a handful of 32 carry most of what the generator can vary. That is worth knowing. But
# strong is not *meaningful*: along them tone, hair and tilt move together, as along random ones. A direction for the
# tone of skin took labels (the reader's), and even that one moves the rest along: hair and background change in the
# last row. The names that one reads in such pictures come from the one who looks, so
# measure them. This is one generator and one kind of faces; with StyleGAN, whose inner space differs, others report
# directions that look purer. The other classic, switching off single units and measuring what vanishes, is [Bau et al.
# 2019](https://arxiv.org/abs/1811.10597).

# %% [markdown]
# ## 7. Five trends, judged
#
# Lists of "trends and challenges" have looked alike since about 2018. What came of them?
#
# | trend | November 2026 |
# |---|---|
# | stable training ([33](33_dynamics.ipynb), [43](43_modern_recipe.ipynb)) | better, with proofs near the solution |
# | less computing ([48](48_fast.ipynb), [49](49_bigger.ipynb)) | one step in use; work on an autoencoder's codes |
# | interpretability (section 6) | strong directions are found; names need labels and a count |
# | more complex tasks ([55](55_sound.ipynb), [56](56_text.ipynb)) | text: no; sound: vocoders with discriminators |
# | medicine, finance ([81](81_tables.ipynb), [83](83_privacy.ipynb)) | plain rivals win often, and copies are a risk |
#
# The "more complex task" that everybody knows, pictures from text, went to diffusion and flow matching, with
# discriminators in their distillation, and in part to autoregression ([GPT-4o, March
# 2025](https://openai.com/index/gpt-4o-image-generation-system-card-addendum/)). Stability has no proof for the whole
# way from start to solution. In medicine and finance, ask first whether generated data are needed
# ([53](53_what_pictures_are_good_for.ipynb)).
#
# Behind all five stands the growth of computing: automatic slopes, GPUs, and libraries that hide both. It helped
# regression more than the game, perhaps because a loss that only goes down is easier to make larger.

# %% [markdown]
# ## Help, I get …
#
# ### all points in the middle
# One evaluation of a flow: by construction the mean of the data. Take more steps, or distil.
#
# ### a flow that gets worse with more steps
# The time is wrong: it must go from 0 to $(n-1)/n$ in sampling, and over all of $[0, 1]$ in training. Then look at the
# direction: is noise at time 0 in both?
#
# ### a loss of flow matching that stays high
# It does, since single lines cross: the best network still has the variance of $x - z$ given $x_t$. Judge samples, not
# the loss.

# %% [markdown]
# ### a student exactly as bad as its teacher
# Regression copies. Give better pairs (more teacher's steps), or a discriminator that sees *real* data.
#
# ### a student that forgot its teacher
# The discriminator is too strong for the regression. Raise the weight of the regression, tenfold steps at first.

# %% [markdown]
# ## Recap
#
# - Flow matching and diffusion are one regression: guess the mean velocity of random paths from noise to data.
# - They need several evaluations: with one step even the perfect field ends in the mean of the data.
# - With equal work, in the plane: one evaluation is the GAN's; with 8 to 32 the flow is ahead, on the ring in high
#   quality and on the thin spiral in energy distance.
# - A regression student copies its teacher, mistakes included. A discriminator mends them, if it sees real data. Better
#   pairs do as well.
# - Among the one-step rows of section 5's table (1 December 2026) the best without a discriminator has 1.29, the best
#   with one 1.56.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Why does flow matching train without a game?</summary>
#
# Its target is known for each drawn pair: $x - z$. A GAN has no target for a single noise vector, only a judge of
# clouds.
#
# </details>
#
# <details><summary>Why is the flow's one-step sample the mean, and a GAN's isn't?</summary>
#
# A squared error asks for the mean of all possible ends. A discriminator rejects the mean, where no data are.
#
# </details>
#
# <details><summary>Can a student be better than its teacher?</summary>
#
# By regression on the teacher's goals: no, apart from luck. With something that compares it with real data: yes.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# All looked up in November 2026.
#
# - [Lipman et al. 2022, Flow Matching for Generative Modeling](https://arxiv.org/abs/2210.02747), and [Lipman et al.
#   2024, a guide with code](https://arxiv.org/abs/2412.06264): section 1, with proofs.
# - [Salimans & Ho 2022, Progressive Distillation](https://arxiv.org/abs/2202.00512): the velocity on the circle, and
#   students of fewer and fewer steps.
# - [Yin et al. 2024, DMD2](https://arxiv.org/abs/2405.14867), with [its list of trained
#   models](https://github.com/tianweiy/DMD2/blob/main/experiments/imagenet/README.md): section 5's first numbers.
# - [Sauer et al. 2023, Adversarial Diffusion Distillation](https://arxiv.org/abs/2311.17042): the first such model in
#   wide use.
# - [Deng et al. 2026, Generative Modeling via Drifting](https://arxiv.org/abs/2602.04770), [Han et al. 2026,
#   W-Flow](https://arxiv.org/abs/2605.11755) and [Hyun et al. 2026, CAT](https://arxiv.org/abs/2605.26449): one step,
#   twice without a discriminator and once with one.

# %% [markdown]
# ## Key terms
#
# {{terms: flow matching; velocity field; diffusion model; number of function evaluations (NFE); energy distance;
# distillation; adversarial distillation; attribute reader}}

# %% [markdown]
# # 33 · Dynamics: why games go round
#
# *A network that minimises a loss goes downhill and stops. Two networks that play against each other may circle for
# ever, with every gradient right. With a GAN of two numbers you can compute when, and what helps.*
#
# > **You will be able to**
# > - draw the gradient field of a game, and say why it turns where that of a single loss goes downhill
# > - read eigenvalues: which part says "shrinks", which says "turns", and when they say nothing at all
# > - predict from the step size h and the penalty γ whether training settles: h < 4γ, and where this rule ends
# > - say what alternating steps, R1, noise, two learning rates and averaging really do, and when they hurt
# >
# > **Before you start** [21 · the adversarial game](21_the_adversarial_game.ipynb). Derivatives, and what an eigenvalue
# > is; complex numbers as points of a plane.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %%
import base64
import io

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.integrate import solve_ivp
from scipy.special import expit as sigmoid
from torch.func import grad, jacrev

from gan_edu import data, device, ensemble, nets, objectives, plotting, training
from gan_edu.claims import claim

plotting.use_style()
torch.set_num_threads(1)  # everything here is tiny

# %% [markdown]
# ## The idea in a picture
#
# A generator with one weight, θ, plays against a discriminator with one weight, ψ. Both should end at 0, in
# the middle. Each panel is the same game from the same start, with the same step size.


# %%
G_FACTOR = {"minimax": sigmoid, "non-saturating": lambda t: sigmoid(-t), "wasserstein": np.ones_like}
D_FACTOR = {"minimax": sigmoid, "non-saturating": sigmoid, "wasserstein": np.ones_like}


def push_g(theta, psi, loss="minimax"):
    return psi * G_FACTOR[loss](theta * psi)


def push_d(theta, psi, loss="minimax", gamma=0.0):
    return -theta * D_FACTOR[loss](theta * psi) - gamma * psi


def step(theta, psi, h, turns="simultaneous", loss="minimax", gamma=0.0):
    new_psi = psi + h * push_d(theta, psi, loss, gamma)
    seen = new_psi if turns == "alternating" else psi  # does the generator answer to the new judge, or to the old one?
    return theta + h * push_g(theta, seen, loss), new_psi


# %%
def play(steps, h, start=(1.0, 1.0), **how):
    path = [start]
    for _ in range(steps):
        path.append(step(*path[-1], h, **how))
    return np.array(path)  # (steps + 1, 2)


def stage(ax, path, title, size=2.6):
    ax.axhline(0, color="0.85", linewidth=1, zorder=0)
    ax.axvline(0, color="0.85", linewidth=1, zorder=0)
    ax.plot(*path.T, color=plotting.NEUTRAL[0], linewidth=1, marker=".", markersize=3)
    ax.plot(*path[0], marker="o", color=plotting.NEUTRAL[1])
    ax.plot(0, 0, marker="+", markersize=12, color=plotting.THEORY)
    ax.set(xlim=(-size, size), ylim=(-size, size), aspect="equal", xlabel="θ (generator)", title=title)


# %% jupyter={"source_hidden": true}
games = {
    "both at once": {"turns": "simultaneous"},
    "in turns": {"turns": "alternating"},
    "at once, with a penalty": {"turns": "simultaneous", "gamma": 0.3},
}
_, axes = plt.subplots(1, 3, figsize=(6.8, 2.7), sharey=True)
for ax, (name, how) in zip(axes, games.items(), strict=True):
    stage(ax, play(180, 0.3, **how), name)
axes[0].set_ylabel("ψ (discriminator)")
plt.show()

# %% [markdown]
# Left: outwards, without end. Middle: round and round (at least as far as we see). Right: into the middle. All three
# follow gradients faithfully, and no learning rate schedule, "local optimum" or bug is involved. What decides?

# %% [markdown]
# ## 1 · The smallest GAN
#
# All real data lie on one point, $x = 0$. The generator makes one point, $x = \theta$. The discriminator is a straight
# line: its logit is $\ell(x) = \psi x$. (Mescheder, Geiger and Nowozin call this the **Dirac-GAN**, because a
# distribution on one point is called a Dirac.)
#
# - The discriminator wants a high logit at 0 and a low one at $\theta$: it turns its line.
# - The generator wants a high logit at $\theta$: it walks uphill on the line.
#
# **Predict:** $\theta = 1$ and $\psi = 1$, so the line rises to the right. Which way will each player move? And at
# which pair of numbers does nobody want to move?

# %% [markdown]
# Here is the game with the losses of our library. Each player follows *minus the gradient of its own loss*; the two
# arrows together are one vector at each point of the plane $(\theta, \psi)$: the **gradient field** $v$.


# %%
def field(state, loss=objectives.minimax, gamma=0.0):
    """Where the two want to go, by autograd: state (θ, ψ) → (2,)."""

    def loss_g(theta, psi):
        return loss.generator((psi * 0)[None], (psi * theta)[None])  # logits at the real point 0 and the fake one θ

    def loss_d(psi, theta):
        return loss.discriminator((psi * 0)[None], (psi * theta)[None]) + gamma / 2 * psi**2

    theta, psi = state
    return -torch.stack([grad(loss_g)(theta, psi), grad(loss_d)(psi, theta)])


start = torch.tensor([1.0, 1.0], dtype=torch.float64)
wishes = field(start)
claim("at (1, 1) the generator goes right, the discriminator turns its line down", wishes[0] > 0 > wishes[1])
nothing = field(torch.zeros(2, dtype=torch.float64))
claim("at (0, 0) nobody wants to move", nothing.abs().max() == 0)

# %% [markdown]
# On paper, with $\sigma$ the sigmoid: for the minimax loss both pushes carry the same factor $\sigma(\theta\psi)$,
#
# $$v_\theta = \psi\,\sigma(\theta\psi), \qquad v_\psi = -\theta\,\sigma(\theta\psi) - \gamma\psi.$$
#
# The last term is **R1**, the penalty $\frac{\gamma}{2} E\|\nabla \ell\|^2$ on the slope at real points; here the slope
# is $\psi$ everywhere. The non-saturating generator has $\sigma(-\theta\psi)$ instead, and a Wasserstein game has no
# factor at all. That is what the functions of the first cell compute.

# %%
draw = device.generator(0)
states = torch.randn(200, 2, generator=draw, dtype=torch.float64) * 2
library = {"minimax": objectives.minimax, "non-saturating": objectives.non_saturating}
library["wasserstein"] = objectives.wasserstein
for name, loss in library.items():
    auto = torch.stack([field(s, loss, gamma=0.3) for s in states]).numpy()
    theta, psi = states.numpy().T
    paper = np.stack([push_g(theta, psi, name), push_d(theta, psi, name, 0.3)], 1)
    claim(f"{name}: formula and autograd agree at 200 places", np.allclose(auto, paper, atol=1e-12))

x = torch.zeros(1, 1, requires_grad=True)  # one real point
library_r1 = objectives.zero_centered((0.7 * x)[:, 0], x, weight=0.3)
claim("the library's R1 of a line with slope 0.7 is γ/2 · 0.7²", abs(library_r1.item() - 0.15 * 0.49) < 1e-6)

# %% [markdown]
# (Mescheder and others give fakes the positive sign. Then everything turns the other way round, and no statement of
# this chapter changes.)
#
# ## 2 · Circles
#
# Take tiny steps, smaller and smaller: in the limit the pair *flows* along the field. A Runge–Kutta method (SciPy's
# `solve_ivp`) follows the flow very accurately.
#
# **Before you run:** where will the minimax pair be after a long time, nearer to (0, 0) or farther away?


# %%
def flow(loss, until, gamma=0.0, start=(1.0, 1.0)):
    def velocity(t, state):
        return [push_g(*state, loss), push_d(*state, loss, gamma)]

    times = np.linspace(0, until, 4001)
    return times, solve_ivp(velocity, (0, until), start, "DOP853", times, rtol=1e-11, atol=1e-13).y


flows = {loss: flow(loss, 400) for loss in library}
radius = {loss: np.hypot(*path) for loss, (_, path) in flows.items()}
drift = np.ptp(radius["minimax"] ** 2)
claim("minimax: θ² + ψ² stays what it was, to 8 digits", drift < 1e-8, measured=drift)
claim("wasserstein: the same", np.ptp(radius["wasserstein"] ** 2) < 1e-8)
claim("non-saturating: it never grows", (np.diff(radius["non-saturating"]) < 1e-12).all())

# %%
_, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.2), width_ratios=[1, 1.5])
stage(left, flows["minimax"][1].T, "flow of minimax", size=1.8)
left.set_ylabel("ψ (discriminator)")
times = flows["minimax"][0]
right.plot(times, radius["minimax"], color=plotting.NEUTRAL[0], label="minimax")
right.plot(times, radius["non-saturating"], color=plotting.NEUTRAL[2], label="non-saturating")
right.plot(times[100:], np.sqrt(8 / times[100:]), color="black", ls=(0, (5, 3)), lw=1.5, label="theory: $\\sqrt{8/t}$")
right.set(xlabel="time", ylabel="distance to (0, 0)", ylim=(0, 1.6))
right.legend(fontsize=10)
plt.show()

# %% [markdown]
# Neither: the minimax pair runs on a circle. One line of calculus says why:
#
# $$\tfrac{d}{dt}\tfrac12(\theta^2 + \psi^2) = \theta v_\theta + \psi v_\psi
# = \theta\psi\,\sigma - \psi\theta\,\sigma = 0.$$
#
# What one player wins the other loses. One often reads that such a pair is stuck in a **local optimum**. It isn't: at
# no point of the circle is the gradient zero. No better start and no longer training helps; the pair passes $\theta =
# 0$, where the forgery is perfect, again and again, and never stays.
#
# With the non-saturating loss the two factors differ, and $-\theta\psi \tanh(\theta\psi/2)$ remains: never positive. So
# this flow does creep in. How slowly? Averaged over one small turn, $d(r^2)/dt = -r^4/8$, hence $1/r^2$ grows by
# $\frac18$ per unit of time, and $r \approx \sqrt{8/t}$. A hundred times nearer takes ten thousand times longer.

# %%
times, path = flow("non-saturating", 4000)
r = np.hypot(*path)
growth = (1 / r[-1] ** 2 - 1 / r[len(r) // 2] ** 2) / (times[-1] - times[len(r) // 2])
claim("1/r² grows by 1/8 per unit of time (within 1 %)", abs(growth * 8 - 1) < 0.01, measured=growth)
t = theta * psi  # at the 200 random places of above
change = theta * push_g(theta, psi, "non-saturating") + psi * push_d(theta, psi, "non-saturating")
claim("and θ·v_θ + ψ·v_ψ is -t·tanh(t/2) with t = θψ", np.allclose(change, -t * np.tanh(t / 2)))

# %% [markdown]
# ## 3 · What eigenvalues say
#
# Near (0, 0) the field is almost linear: $v \approx J \cdot (\theta, \psi)$ with the **Jacobian** $J$, the matrix of
# all derivatives. Its eigenvalues $\lambda$ tell what happens there. A solution behaves like $e^{\lambda t}$: the real
# part says how fast it shrinks (negative) or grows (positive), the imaginary part how fast it turns.
#
# For minimax and non-saturating losses, with R1:
#
# $$J = \begin{pmatrix} 0 & \frac12 \\ -\frac12 & -\gamma \end{pmatrix}, \qquad
# \lambda = -\frac{\gamma}{2} \pm \sqrt{\frac{\gamma^2}{4} - \frac14}.$$
#
# **Predict:** without a penalty, what are the two eigenvalues? Does it help to make the penalty as strong as you can?


# %%
def eigenvalues(loss=objectives.minimax, gamma=0.0):
    return torch.linalg.eigvals(jacrev(field)(torch.zeros(2, dtype=torch.float64), loss, gamma)).numpy()


def on_paper(gamma, turn=0.5):
    root = np.emath.sqrt(gamma**2 / 4 - turn**2)  # complex where it must be
    return np.array([-gamma / 2 - root, -gamma / 2 + root])


def apart(a, b):
    return np.abs(np.sort_complex(np.asarray(a, complex)) - np.sort_complex(np.asarray(b, complex))).max()


for name, loss in library.items():
    turn = 1.0 if name == "wasserstein" else 0.5
    gaps = [apart(eigenvalues(loss, g), on_paper(g, turn)) for g in (0.0, 0.1, 0.3, 1.0, 2.0, 5.0)]
    claim(f"{name}: autograd's eigenvalues are the formula's, to 1e-6", max(gaps) < 1e-6, measured=gaps)
claim("without a penalty: ±i/2, nothing but turning", apart(eigenvalues(), [-0.5j, 0.5j]) < 1e-6)

# %%
gammas = np.linspace(0, 3, 301)
roots = np.array([on_paper(g) for g in gammas])
_, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.2))
left.axvline(0, color="0.8", linewidth=1)
left.scatter(roots.real.T, roots.imag.T, c=np.tile(gammas, (2, 1)), s=8, cmap="viridis")
for g in (0.0, 0.3, 1.0, 2.0):
    for at in eigenvalues(gamma=g):
        left.plot(at.real, at.imag, "o", mfc="none", color=plotting.THEORY, ms=8)
left.set(xlabel="real part", ylabel="imaginary part", title="γ from 0 (dark) to 3", xlim=(-3, 0.3))
right.plot(gammas, -roots.real.max(1), color=plotting.NEUTRAL[0])
right.axvline(1, **{"color": "black", "ls": (0, (5, 3)), "lw": 1.5})
right.set(xlabel="γ", ylabel="how fast it shrinks", title="minus the largest real part")
plt.show()

# %% [markdown]
# Circles are autograd's values for $\gamma = 0, 0.3, 1, 2$. As $\gamma$ grows, the pair of eigenvalues moves left (it
# shrinks faster) and meets at $\gamma = 1$ in $-\frac12$. Then one runs away to the left, and the other one **comes
# back**: with a very strong penalty the discriminator is so flat that the generator hardly feels it.

# %%
rates = {g: -eigenvalues(gamma=g).real.max() for g in (0.5, 0.9, 1.0, 1.1, 2.0, 10.0)}
claim("γ = 1 shrinks fastest of these", max(rates, key=rates.get) == 1.0, measured=rates)
claim("a strong penalty is slow: about 1/(4γ) at γ = 10", abs(rates[10.0] * 40 - 1) < 0.01, measured=rates)

# %% [markdown]
# **What eigenvalues don't say.** They speak about a small neighbourhood, and only if no real part is zero. Minimax and
# non-saturating have *the same* $\pm i/2$; yet the one circles for ever and the other one creeps in (section 2). With a
# zero real part the linear part is undecided, and what it neglects decides.
#
# The relativistic pairing of newer GANs doesn't change this: here it is the non-saturating field, term by term.

# %%
paired = torch.stack([field(s, objectives.relativistic) for s in states])
usual = torch.stack([field(s, objectives.non_saturating) for s in states])
claim("relativistic = non-saturating on the Dirac-GAN", paired.allclose(usual, atol=1e-12))
gap = apart(eigenvalues(objectives.relativistic), [-0.5j, 0.5j])
claim("so without a penalty its eigenvalues are ±i/2, too", gap < 1e-6, measured=gap)

# %% [markdown]
# ## 4 · Steps are not a flow
#
# Training takes steps of size $h$. One step of both players *at once* multiplies by $I + hJ$, so an eigenvalue
# $\lambda$ becomes $1 + h\lambda$. In the long run the steps shrink if and only if $|1 + h\lambda| < 1$ for both: the
# points must lie inside the unit circle.
#
# Without a penalty $|1 \pm ih/2| = \sqrt{1 + h^2/4} > 1$. **Always outside**, however small the learning rate. A
# smaller rate only makes the spiral tighter.
#
# With R1 and $\gamma < 1$: $|1 + h\lambda|^2 = 1 - h\gamma + h^2/4$. That is below 1 exactly for $h < 4\gamma$.
#
# **Predict:** for $\gamma = 2$, is the limit 8?


# %%
def simultaneous_radius(h, gamma):
    """The largest |eigenvalue| of one step, by autograd."""
    step_matrix = torch.eye(2) + h * jacrev(field)(torch.zeros(2, dtype=torch.float64), objectives.minimax, gamma)
    return torch.linalg.eigvals(step_matrix).abs().max().item()


def largest_h(radius_of, gamma, low=1e-6, high=20.0):
    """The step size at which shrinking ends, by halving the interval."""
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if radius_of(middle, gamma) < 1 else (low, middle)
    return low


found = {g: largest_h(simultaneous_radius, g) for g in (0.1, 0.3, 0.5, 0.9, 1.5, 2.0, 4.0)}
claim("up to γ = 1 the limit is 4γ", all(abs(h - 4 * g) < 1e-6 for g, h in found.items() if g < 1), measured=found)
claim("at γ = 2 it is not 8: it is 1.07", abs(found[2.0] - 1.0718) < 1e-4, measured=found)
beyond = {g: 4 * g - 4 * np.sqrt(g**2 - 1) for g in found if g > 1}
claim("beyond γ = 1 it is 4γ - 4√(γ² - 1)", all(abs(found[g] - h) < 1e-6 for g, h in beyond.items()), measured=found)

# %% [markdown]
# Both formulas are $|1 + h\lambda| = 1$, solved for $h$. Beyond $\gamma = 1$ the eigenvalues are real, and the one that
# ran to the left ($\approx -\gamma$) leaves the unit circle first, at $-1$: the discriminator alone overshoots its own
# penalty, as in any minimisation with too large a step. So **more penalty allows larger steps, up to $\gamma = 1$; then
# smaller ones.**
#
# That was linear algebra. Do the real, curved games obey? We let 12,000 of them run, from a start near the middle.


# %%
def shrinks(gamma, h, turns, steps=2000):
    """Play one game for each pair (gamma, h); is it nearer to (0, 0) at the end?"""
    theta, psi = np.full_like(h, 1e-3), np.full_like(h, 1e-3)
    with np.errstate(all="ignore"):  # some run away to infinity
        for _ in range(steps):
            theta, psi = step(theta, psi, h, turns, gamma=gamma)
        return np.hypot(theta, psi) < 1e-3


gamma_axis, h_axis = np.linspace(0.01, 2, 100), np.linspace(0.03, 4.5, 120)
grid = np.meshgrid(gamma_axis, h_axis)
settled = {turns: shrinks(*grid, turns) for turns in ("simultaneous", "alternating")}
edge = {turns: h_axis[0] * 0 + np.where(ok, grid[1], 0).max(0) for turns, ok in settled.items()}

# %%
limit = {
    "simultaneous": 4 * gamma_axis - 4 * np.sqrt(np.maximum(gamma_axis**2 - 1, 0)),
    "alternating": 4 * (np.sqrt(1 + gamma_axis**2) - gamma_axis),
}
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.3), sharey=True)
for ax, (turns, ok) in zip(axes, settled.items(), strict=True):
    place = {"extent": (gamma_axis[0], gamma_axis[-1], h_axis[0], h_axis[-1]), "origin": "lower", "aspect": "auto"}
    ax.imshow(np.where(ok, 0.6, 0.1), cmap="Greens", vmin=0, vmax=1, interpolation="nearest", **place)
    ax.plot(gamma_axis, limit[turns], color="black", linestyle=(0, (5, 3)), linewidth=1.5)
    ax.set(xlabel="γ", title=turns, ylim=(0, 4.5))
axes[0].set_ylabel("step size h")
axes[0].text(1.0, 0.4, "settles", ha="center")
axes[0].text(0.4, 3.8, "does not settle", ha="center")
plt.show()
for turns in settled:
    off = np.abs(edge[turns] - limit[turns]).max()
    claim(f"{turns}: the border lies on the dashed line, within two squares of the grid", off < 0.08, measured=off)

# %% [markdown]
# ## 5 · Taking turns
#
# The right panel is for **alternating** steps: the discriminator moves, and the generator answers to the *new* one.
# This is how nearly every GAN is trained (it is the algorithm, not a remedy), and it looks like a detail. Its matrix is
#
# $$M = \begin{pmatrix} 1 & h/2 \\ 0 & 1 \end{pmatrix}
# \begin{pmatrix} 1 & 0 \\ -h/2 & 1 - h\gamma \end{pmatrix}, \qquad \det M = 1 - h\gamma.$$
#
# Complex eigenvalues have the same size, and its square is the determinant: $\rho = \sqrt{1 - h\gamma}$, as long as
# $h < 4(1 - \gamma)$. With $\gamma = 0$ it is exactly 1, for all $h < 4$: the linear part pushes neither in nor out,
# and so, once more, it doesn't decide.


# %%
def alternating_radius(h, gamma):
    def both(state):  # one whole turn, by autograd
        psi = state[1] + h * field(state, gamma=gamma)[1]
        theta = state[0] + h * field(torch.stack([state[0], psi]), gamma=gamma)[0]
        return torch.stack([theta, psi])

    return torch.linalg.eigvals(jacrev(both)(torch.zeros(2, dtype=torch.float64))).abs().max().item()


pairs = [(0.5, 0.3), (1.0, 0.3), (2.0, 0.3), (0.2, 0.1), (3.0, 0.2)]
gaps = [abs(alternating_radius(h, g) - np.sqrt(1 - h * g)) for h, g in pairs]
claim("ρ = √(1 - hγ) wherever h < 4(1 - γ)", max(gaps) < 1e-9, measured=gaps)
gaps = [abs(alternating_radius(h, 0.0) - 1) for h in (0.1, 3.9)]
claim("no penalty: ρ = 1, in steps of 0.1 and of 3.9", max(gaps) < 1e-9, measured=gaps)
found = {g: largest_h(alternating_radius, g) for g in (0.1, 0.5, 1.0, 2.0)}
claim("the limit is 4(√(1 + γ²) - γ)", all(abs(h - 4 * (np.sqrt(1 + g * g) - g)) < 1e-6 for g, h in found.items()))

# %% [markdown]
# And what does happen without a penalty, where the linear part doesn't decide? We need patience to see it.

# %%
far = np.hypot(*play(40_000, 0.3, turns="alternating").T)
ring = far[:1000].min(), far[:1000].max()
claim("minimax in turns: 1,000 turns look like a ring, between 1.29 and 1.44", ring[0] > 1.29 and ring[1] < 1.44)
claim("after 40,000 turns the ring is wider: beyond 1.6 everywhere", far[-1000:].min() > 1.6, measured=far[-1000:])
straight = np.hypot(*play(40_000, 0.3, turns="alternating", loss="wasserstein").T)
claim(
    "wasserstein in turns (all linear): still the same ring", abs(straight[-1000:].max() - straight[:1000].max()) < 0.01
)

# %% [markdown]
# So alternating minimax drifts outwards, too slowly for the first picture. What is exactly 1 in the linear part, the
# curvature may tip to either side.
#
# **Predict:** is alternating always the safer choice? Look at the two green regions again.

# %%
safer = limit["alternating"] > limit["simultaneous"]
crossing = gamma_axis[~safer][0]
claim("alternating allows larger steps below γ = 1/√3 ≈ 0.58", abs(crossing - 3**-0.5) < 0.03, measured=crossing)
claim(
    "above it, simultaneous ones do: at γ = 1 up to 4 instead of 1.66", abs(found[1.0] - 1.657) < 1e-3, measured=found
)

# %% [markdown]
# A nuance that is easily forgotten: "alternating is more stable" is true for weak penalties, where the trouble is
# *turning*. With a strong penalty the trouble is overshooting, and there answering the newest judge makes it
# worse.
#
# And what do steps do to the non-saturating game, which creeps in by itself? Averaged over a small turn, each
# simultaneous step adds $h^2 r^2/4$ to $r^2$ (the push outwards), and the curvature takes $h r^4/8$ away. The two
# cancel at $r = \sqrt{2h}$. **Predict:** what will you see after very many steps?

# %%
h = np.array([0.05, 0.1, 0.2, 0.4])
theta, psi = np.ones(4), np.ones(4)
for _ in range(20_000):
    theta, psi = step(theta, psi, h, loss="non-saturating")
ends = np.hypot(theta, psi)
ratio = ends / np.sqrt(2 * h)
claim("four step sizes: all end on a ring of radius √(2h), within 4 %", np.abs(ratio - 1).max() < 0.04, measured=ratio)
inside = np.hypot(*play(20_000, 0.2, start=(0.01, 0.01), loss="non-saturating")[-1])
claim("a start very near the middle ends on the same ring", abs(inside - ends[2]) < 0.02, measured=inside)

# %% [markdown]
# A **limit cycle**: it doesn't diverge, and it never arrives. Losses that "hover" and samples that wander, for ever:
# this is what it looks like from outside. A smaller learning rate makes the ring smaller (by its square root), and the
# way there longer.

# %% [markdown]
# ## 6 · Play with it
#
# Four controls, and the portrait follows. Arrows show the field, dots the steps, from the dark dot at (1, 1). (Without
# a running kernel you see a picture.)


# %%
class Portrait(ipywidgets.VBox):
    """A phase portrait with controls; a reader without a kernel sees its picture."""

    def __init__(self):
        self.controls = {
            "loss": ipywidgets.Dropdown(options=list(G_FACTOR), description="loss"),
            "turns": ipywidgets.Dropdown(options=["simultaneous", "alternating"], description="steps"),
            "h": ipywidgets.FloatSlider(0.3, min=0.02, max=3, step=0.02, description="h"),
            "gamma": ipywidgets.FloatSlider(0.0, min=0, max=2.5, step=0.05, description="γ (R1)"),
        }
        self.image = ipywidgets.Image(format="png", width=468)
        self.paint = painter()
        for control in self.controls.values():
            control.observe(self.redraw, "value")
        super().__init__([*self.controls.values(), self.image])
        self.redraw()

    def redraw(self, change=None):
        self.image.value = self.paint(**{name: control.value for name, control in self.controls.items()})

    def _repr_mimebundle_(self, **options):
        picture = base64.b64encode(self.image.value).decode()
        return {**super()._repr_mimebundle_(**options), "text/plain": "a phase portrait", "image/png": picture}


# %%
def painter(size=2.5):
    """A function that draws the portrait for some settings, quickly: only what changes is drawn anew."""
    figure = plotting.figure(5.2, 4.4)
    ax = figure.subplots()
    stage(ax, np.ones((2, 2)), " ", size)
    ax.set_ylabel("ψ (discriminator)")
    theta, psi = np.meshgrid(*[np.linspace(-size, size, 13)] * 2)
    arrows = ax.quiver(theta, psi, theta, psi, color="0.7", pivot="mid", scale=22, width=0.004, zorder=0)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # the margins are found; finding them takes half of the time

    def paint(loss, turns, h, gamma):
        u, v = push_g(theta, psi, loss), push_d(theta, psi, loss, gamma)
        length = np.hypot(u, v) + 1e-12
        arrows.set_UVC(u / length, v / length)
        with np.errstate(all="ignore"):  # some settings run away to infinity
            path = play(300, h, loss=loss, turns=turns, gamma=gamma)
        path = np.clip(np.nan_to_num(path, nan=99), -99, 99)
        ax.lines[2].set_data(*path.T)
        away = np.hypot(*path[-1])
        ax.set_title(f"after 300 steps: {'far away' if away > 20 else f'{away:.2g}'} from the middle")
        page = io.BytesIO()
        figure.savefig(page, format="png", dpi=90)
        return page.getvalue()

    return paint


# %%
Portrait()

# %% [markdown]
# **Now you:**
#
# - Find the border $h = 4\gamma$ at $\gamma = 0.3$. Then switch to alternating: how far can $h$ go now?
# - At $h = 3$, look for *two* values of $\gamma$ at which simultaneous steps just fail to settle. Which of the two
#   formulas of section 4 is each?
# - Non-saturating, simultaneous, $\gamma = 0$: is the radius $\sqrt{2h}$?
# - Wasserstein, alternating, $\gamma = 0$: what shape is the path when $h$ is large?

# %% [markdown]
# ## 7 · Four cures, and what each does
#
# **Noise.** Add noise of standard deviation $s$ to every point that the discriminator sees, real and fake. Then the
# two distributions overlap, and the best answer to a generator nearby is no longer "infinitely steep". Linearised:
# $\lambda = -\frac{s^2}{4} \pm \sqrt{\frac{s^4}{16} - \frac14}$, which is R1 with $\gamma = s^2/2$. The expectation
# over the noise is an integral; 40 Gauss–Hermite points give it to many digits.

# %%
nodes, weights = np.polynomial.hermite_e.hermegauss(40)
noise, share = torch.from_numpy(nodes), torch.from_numpy(weights / weights.sum())


def noisy_field(state, s):
    """The minimax field when all points are blurred by noise of standard deviation s."""

    def loss_d(psi, theta):
        softplus = torch.nn.functional.softplus
        return (share * (softplus(-psi * s * noise) + softplus(psi * (theta + s * noise)))).sum()

    theta, psi = state
    return torch.stack([grad(loss_d, argnums=1)(psi, theta), -grad(loss_d)(psi, theta)])  # the game is zero-sum


gaps = []
for s in (0.0, 0.3, 1.0, 2.0):
    jacobian = jacrev(noisy_field)(torch.zeros(2, dtype=torch.float64), s)
    gaps.append(apart(torch.linalg.eigvals(jacobian), on_paper(s**2 / 2)))
claim("noise s has the eigenvalues of R1 with γ = s²/2, to 1e-6", max(gaps) < 1e-6, measured=gaps)

# %% [markdown]
# Read this the other way round: if the data have a width $s$ of their own, and the generator only shifts a heap of the
# same shape, nobody needs to add noise. The eigenvalues above are then those of the plain game. **Width is damping.**
# That is the message of the Dirac-GAN: with densities that overlap, plain GANs can converge locally (Nagarajan and
# Kolter prove it under conditions). It is in directions *without* width that they may circle, and real images fill
# only a thin part of the space of pixels.
#
# **Two learning rates.** Let the discriminator step $k$ times as far ("two time scales"). **Predict:** without a
# penalty, does that stop the turning?

# %%
clock = {}
for k in (1, 3, 10):
    for gamma in (0.0, 0.3):
        jacobian = torch.diag(torch.tensor([1.0, k], dtype=torch.float64)) @ jacrev(field)(
            torch.zeros(2, dtype=torch.float64), objectives.minimax, gamma
        )
        clock[k, gamma] = torch.linalg.eigvals(jacobian).real.max().item()
claim("no: without a penalty all real parts stay 0", all(abs(clock[k, 0.0]) < 1e-9 for k in (1, 3, 10)), measured=clock)
claim(
    "with R1 (γ = 0.3) the shrinking is 3 and 10 times as fast",
    abs(clock[3, 0.3] / clock[1, 0.3] - 3) < 1e-6 and abs(clock[10, 0.3] / clock[1, 0.3] - 10) < 1e-6,
    measured=clock,
)

# %% [markdown]
# A faster discriminator strengthens a damping that is there ($\lambda$ has real part $-k\gamma/2$, as long as
# $k\gamma^2 < 1$). It makes none. The theorem about two time scales (Heusel and others) has conditions, too: the
# discriminator must have a stable best answer to each generator. Here, without a penalty, it has none: it would be
# infinitely steep.
#
# **Clipping, and the penalty of WGAN-GP.** Both keep a Wasserstein critic's slope bounded. Do they settle?


# %%
def end_of(turns, loss="minimax", clip=np.inf, one_centred=0.0, gamma=0.0, h=0.2, steps=3000):
    """Distances to (0, 0) during the last 200 of so many steps."""
    theta, psi, far = 1.0, 1.0, []
    for _ in range(steps):
        push = push_d(theta, psi, loss, gamma) - 2 * one_centred * (abs(psi) - 1) * np.sign(psi)
        new_psi = np.clip(psi + h * push, -clip, clip)
        theta, psi = theta + h * push_g(theta, new_psi if turns == "alternating" else psi, loss), new_psi
        far.append(np.hypot(theta, psi))
    return np.array(far[-200:])


cures = {
    "minimax": {},
    "WGAN, clipped at 1": {"loss": "wasserstein", "clip": 1.0},
    "WGAN-GP": {"loss": "wasserstein", "one_centred": 0.5},
    "non-saturating": {"loss": "non-saturating"},
    "minimax + R1": {"gamma": 0.3},
}
ends = {name: {turns: end_of(turns, **how) for turns in settled} for name, how in cures.items()}

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.2))
for row, (turns, marker) in enumerate((("simultaneous", "s"), ("alternating", "o"))):
    for place, name in enumerate(cures):
        far = np.maximum(ends[name][turns], 1e-9)
        x = place + 0.24 * row - 0.12
        ax.plot([x, x], [far.min(), far.max()], color=plotting.NEUTRAL[row], linewidth=5, alpha=0.4)
        ax.plot(x, np.median(far), marker, color=plotting.NEUTRAL[row], label=turns if place == 0 else None)
ax.set(yscale="log", ylabel="distance to (0, 0)", title="the last 200 of 3,000 steps (h = 0.2)", ylim=(2e-10, 20))
ax.text(4, 3e-9, "or less", ha="center", fontsize=10)
ax.set_xticks(range(len(cures)), [name.replace(", ", ",\n").replace(" + ", "\n+ ") for name in cures])
ax.legend(loc="lower left")
plt.show()

# %%
for name in ("WGAN, clipped at 1", "WGAN-GP"):
    nearest = min(far.min() for far in ends[name].values())
    claim(f"{name}: never nearer than 0.2 in its last 200 steps", nearest > 0.2, measured=nearest)
worst = max(far.max() for far in ends["minimax + R1"].values())
claim("minimax + R1: there, to nine digits, in both orders", worst < 1e-9, measured=worst)

# %% [markdown]
# A penalty that wants slope **1** (WGAN-GP) pushes the critic away from the only place where nobody moves, slope 0. R1
# wants slope **0** *at the data*, and agrees with the solution. (In a Wasserstein game one trains the critic for many
# steps before each of the generator's; with *finitely* many, Mescheder and others show, it need not converge, either.)

# %% [markdown]
# **Averaging.** Keep a slowly moving average of the generator's weights, $\bar\theta \leftarrow \beta\bar\theta +
# (1 - \beta)\theta$, and sample from that (**EMA**). The game itself doesn't notice. On a circle with angle $\alpha$
# per step, the average runs on a circle, too, smaller by $(1-\beta)/|1 - \beta e^{-i\alpha}|$.


# %%
def averaged(path, beta):
    mean, means = path[0], []
    for value in path:
        mean = beta * mean + (1 - beta) * value
        means.append(mean)
    return np.array(means)


circle = play(20_000, 0.2, start=(0.02, 0.0), turns="alternating")
angle = np.arccos(1 - 0.2**2 / 8)  # the eigenvalues of an alternating step are exp(±i·angle)
for beta in (0.9, 0.99, 0.999):
    gain = np.abs(averaged(circle[:, 0], beta)[-500:]).max() / np.abs(circle[-500:, 0]).max()
    predicted = (1 - beta) / abs(1 - beta * np.exp(-1j * angle))
    claim(f"β = {beta}: {1 / predicted:.3g} times smaller, as predicted (within 2 %)", abs(gain / predicted - 1) < 0.02)

# %% [markdown]
# So averaging hides the circling, and beautifully. Does it always help? **Predict:** a game that settles by itself,
# $\gamma = 1$ and $h = 0.2$, stopped after 500 steps. Where is the average with $\beta = 0.999$?

# %%
calm = play(500, 0.2, turns="alternating", gamma=1.0)
last = {"raw": np.hypot(*calm[-1])}
last |= {f"β = {beta}": np.hypot(*averaged(calm, beta)[-1]) for beta in (0.9, 0.99, 0.999)}
print({name: f"{value:.0e}" for name, value in last.items()})
claim("the raw pair has arrived, to ten digits", last["raw"] < 1e-10, measured=last)
claim("the average with β = 0.999 is more than 0.5 away", last["β = 0.999"] > 0.5, measured=last)

# %% [markdown]
# The start still has the weight $0.999^{500} = 0.61$ in it. **EMA hurts when its memory, about $1/(1-\beta)$ steps, is
# long compared with the run**, or when the weights are still on their way. A useful rule: a half-life, $\ln 2 / (1 -
# \beta)$, of a few percent of the run. (Our library's `ema` starts with a short memory for this reason.) And it can't
# save a game that runs away: the average of a growing spiral grows with it.

# %% [markdown]
# ## 8 · From two numbers to networks
#
# Does anything of this survive with thousands of weights? First, half a step: the generator is still one point, now in
# the plane, and it starts at $(1, 1)$. The discriminator is a network with 4,400 weights. Eight of them, each with its
# own random weights, play the alternating, non-saturating game by plain gradient steps; there is one real point, at
# $(0, 0)$.
#
# **Predict:** will R1 with $\gamma = 0.1$ make a visible difference?


# %%
def make_d():
    return nets.mlp([2, 64, 64, 1], activation="tanh")


def one_point(gamma, steps=1500, lr=0.1, loss=objectives.non_saturating):
    """Distance of the generated point to the real one, (steps, 8)."""
    judges = ensemble.stack(ensemble.single_nets(make_d, make_d, seed)[1] for seed in range(8))
    place, far = torch.nn.Parameter(torch.ones(8, 1, 2)), []
    sgd_d, sgd_g = torch.optim.SGD(judges.parameters(), lr), torch.optim.SGD([place], lr)
    for _ in range(steps):
        real = torch.zeros(8, 1, 2, requires_grad=True)
        logit = judges(real)[..., 0]
        loss_d = loss.discriminator(logit, judges(place.detach())[..., 0])
        loss_d = loss_d + objectives.zero_centered(logit, real, gamma)
        sgd_d.zero_grad()
        loss_d.sum().backward()
        sgd_d.step()
        sgd_g.zero_grad()
        loss.generator(None, judges(place)[..., 0]).sum().backward()
        sgd_g.step()
        far.append(place.detach().norm(dim=-1)[:, 0])
    return torch.stack(far)


# %%
points = {"γ = 0": one_point(0.0), "γ = 0.1": one_point(0.1)}
_, ax = plt.subplots(figsize=(6.8, 3.4))
thinned = {name: far[::20] for name, far in points.items()}
plotting.seeds_over_time(torch.arange(1500)[::20], thinned, "distance to the real point", ax=ax)
ax.set(yscale="log", ylim=(1e-8, 3))
plt.show()
late = {name: far[-200:].max(0).values for name, far in points.items()}
claim("with R1 all eight arrive (1e-5)", (late["γ = 0.1"] < 1e-5).all(), measured=late)
claim("without, the median is a thousand times farther away", late["γ = 0"].median() > 1000 * late["γ = 0.1"].median())

# %% [markdown]
# It survives: the zigzag of the curves is the turning, and with the penalty it shrinks a hundred thousand times, down
# to the rounding errors. (Without it these pairs creep in, too, some faster than others: a network isn't a straight
# line, and the theory of two numbers doesn't say how much its bends damp.)
#
# Now a whole game: networks for both, Adam, batches of random data. The data have hardly any width: points on a line
# in the plane, as thin as a hair. Once the pairs have learned it, we look at the same 200 values of noise again and
# again: how far does a generated point wander around its own mean place? (The line has the length 4.)
#
# **Predict:** three games, all for 1,200 steps: as usual, with R1, with a quarter of the learning rate. Where do the
# points wander least?

# %%
thin = data.toy.line(length=4.0, angle=30.0, std=0.01)


def make_g():
    return nets.mlp([2, 32, 32, 2], activation="tanh")


def wandering(lr=2e-3, **settings):
    """Root mean square distance of points from their mean place, in the last 300 of 1,200 steps, (8,)."""
    gans = ensemble.gans(make_g, make_d, seeds=8, lr=lr, betas=(0.0, 0.99), **settings)
    noise = torch.randn(8, 200, 2, generator=device.generator(1))
    places = []
    for now in training.train(gans, thin, steps=1200, batch=64, progress=False):
        if now.number > 900 and now.number % 10 == 0:
            places.append(gans.sample(noise))
    places = torch.stack(places)
    return (places - places.mean(0)).norm(dim=-1).square().mean((0, 2)).sqrt()


wander = {
    "as usual": wandering(),
    "R1, γ = 1": wandering(penalties={"r1": 1.0}),
    "a quarter of the rate": wandering(5e-4),
}

# %%
_, ax = plt.subplots(figsize=(6.8, 3.2))
plotting.bars_with_floor(wander, "wandering of a point", ax=ax)
ax.set_ylim(0, None)
plt.show()
middle = {name: values.median() for name, values in wander.items()}
ratio = middle["R1, γ = 1"] / middle["as usual"]
claim("R1 changes the median by less than half", 0.5 < ratio < 1.5, measured=wander)
claim("a quarter of the rate: below three quarters", middle["a quarter of the rate"] < 0.75 * middle["as usual"])

# %% [markdown]
# Not what two numbers led us to expect: R1 hardly calms these points. So their wandering isn't the circle of section 2,
# nor the ring of section 5; those would have gone. (That a quarter of the rate halves it would fit both: a ring and
# random jitter shrink like the root of the rate.) What is left is that each batch pushes at random, and that Adam makes
# every push about as long as its rate, however small the gradient. Against that a smaller rate helps, or an average.
#
# So before you reach for a cure, ask which illness it is. Turning has a **period**, and goes with R1; jitter has none,
# and shrinks with the rate. What R1 is worth in big games is measured in chapter 43.

# %% [markdown]
# ## What all this does not show
#
# - **Two numbers aren't a network.** They show what *can* happen in a direction without width. A real game has many
#   directions, with a damping of its own in each.
# - **Local statements.** Eigenvalues speak about the neighbourhood of a solution. Far away R1, which looks at real
#   points only, does nothing about the slope at fakes; the recipe of chapter 43 adds a second penalty there (R2).
# - **Plain gradient steps.** Momentum and Adam change the step map. With them the same computation can be done, and
#   gives other limits.
# - **No noise from batches.** A pair that settles here would jitter around the middle with batches of random data.

# %% [markdown]
# ## Help, I get …
#
# ### a swing in the losses that comes back every few hundred steps
# Complex eigenvalues. Add R1, or strengthen it; keep alternating steps. A smaller learning rate alone makes the
# swing slower and smaller, and doesn't end it.
#
# ### losses of 1e30, or NaN, soon after I added a penalty
# Too much of it for your step size: beyond its best value the largest step *falls* like $2/\gamma$. Divide $\gamma$ by
# ten. Check the factor: $\gamma/2$ here, $\gamma$ in some published code.

# %% [markdown]
# ### eigenvalues that differ from the formula by 1e-4
# Single precision. Ask for `torch.float64` where you make the numbers. Near a double root ($\gamma = 1$) even double
# precision keeps only half of its digits.
#
# ### EMA samples that look like step 0
# Its memory is longer than your run. $\beta = 0.999$ remembers a thousand steps.
#
# ### `RuntimeError: element 0 of tensors does not require grad`, inside `torch.func.grad`
# Something in your loss is a plain number, made with `.item()` or `float()`. Inside `torch.func` use tensors only, and
# no `torch.autograd.grad`.

# %% [markdown]
# ## Recap
#
# - A game follows a field that isn't the slope of any landscape: minimax flows in circles, though no gradient is wrong.
# - Real parts of eigenvalues shrink, imaginary ones turn; R1 makes them $-\gamma/2 \pm \sqrt{\gamma^2/4 - 1/4}$.
# - Simultaneous steps settle for $h < 4\gamma$, as long as $\gamma \le 1$; beyond, for $h < 4\gamma -
#   4\sqrt{\gamma^2-1}$.
# - Alternating steps lose the outward push, for weak penalties; non-saturating ones at once end on a ring of
#   $\sqrt{2h}$.
# - Noise and width damp like R1. Two learning rates strengthen a damping, EMA hides a turning; neither makes one.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Your simultaneous minimax game spirals outwards. Does a rate ten times smaller stop that?</summary>
#
# No. The factor per step is √(1 + h²/4), above 1 for every h. The spiral gets tighter: per unit of time (h times
# steps) it grows ten times more slowly. It never turns inwards.
#
# </details>
#
# <details><summary>Two games have the eigenvalues ±i/2 at their solution. Must they behave alike?</summary>
#
# No. With real part zero the linear part doesn't decide. Minimax circles for ever, non-saturating creeps in like
# √(8/t); and in steps things are different again.
#
# </details>
#
# <details><summary>Why do plain GANs settle on wide, overlapping heaps, and not on a single point?</summary>
#
# A heap of width s gives the discriminator a finite best slope, which damps like R1 with γ = s²/2. A point gives
# none: the slope can always grow.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Mescheder, Geiger and Nowozin 2018, *Which Training Methods for GANs do actually
#   Converge?*](https://arxiv.org/abs/1801.04406): the Dirac-GAN, R1, and local convergence with it.
# - [Mescheder, Nowozin and Geiger 2017, *The Numerics of GANs*](https://arxiv.org/abs/1705.10461): eigenvalues with
#   zero real or large imaginary part as the cause of trouble.
# - [Nagarajan and Kolter 2017, *Gradient descent GAN optimization is locally
#   stable*](https://arxiv.org/abs/1706.04156): the other side: conditions under which plain GANs do converge locally.
# - [Gidel et al. 2018, *Negative Momentum for Improved Game Dynamics*](https://arxiv.org/abs/1807.04740): alternating
#   against simultaneous steps, proved, and what momentum does to a game.
# - [Heusel et al. 2017, *GANs Trained by a Two Time-Scale Update Rule*](https://arxiv.org/abs/1706.08500): two learning
#   rates, and the conditions of their theorem.
# - [Yazıcı et al. 2018, *The Unusual Effectiveness of Averaging in GAN Training*](https://arxiv.org/abs/1806.04498):
#   what EMA does on a circle, and to images.

# %% [markdown]
# ## Key terms
#
# | English | 中文 | Meaning |
# |---|---|---|
# | gradient field | 梯度向量场 | at each pair of weights: where both players want to go |
# | Dirac-GAN | 狄拉克 GAN | real data on one point, one fake point, a straight line as discriminator |
# | Jacobian | 雅可比矩阵 | the derivatives of the field; its eigenvalues tell what happens nearby |
# | eigenvalue | 特征值 | real part: shrinking or growing; imaginary part: turning |
# | spectral radius | 谱半径 | the largest absolute eigenvalue of a step: below 1 it shrinks |
# | limit cycle | 极限环 | a closed path that others run into, from inside and outside |
# | R1 penalty | R1 正则项 | $\frac{\gamma}{2} E\lVert\nabla \ell\rVert^2$ at real points |
# | instance noise | 实例噪声 | noise on everything that the discriminator sees |
# | two time scales | 双时间尺度 | different learning rates for the two players |
# | exponential moving average (EMA) | 指数移动平均 | $\bar\theta \leftarrow \beta\bar\theta + (1-\beta)\theta$ |

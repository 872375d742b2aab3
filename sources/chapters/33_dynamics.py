# %% [markdown]
# # 33 · Dynamics: why games go round
#
# *A network that minimises a loss goes downhill and stops. Two networks that play against each other may circle for
# ever, although every gradient is right. A GAN of two numbers shows you why. Linear algebra predicts what it does near
# the solution, and you will see how much of that survives far away from it.*
#
# > **You will be able to**
# > - draw the gradient field of a game, and say why it turns where the field of a single loss goes downhill
# > - read eigenvalues: which part means "shrinks", which part means "turns", and when they decide nothing
# > - predict from the step size h and the penalty γ what happens near the solution, and say why a start far away
# >   needs smaller steps
# > - say what alternating steps, noise, two learning rates and averaging do, and when they hurt
# >
# > **Before you start** [21 · the adversarial game](21_the_adversarial_game.ipynb). Derivatives, matrices and their
# > determinants; complex numbers as points of a plane.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% jupyter={"source_hidden": true}
import base64
import io
from types import SimpleNamespace

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.integrate import solve_ivp
from scipy.special import expit as sigmoid
from torch.autograd.functional import jacobian

from gan_edu import data, device, ensemble, nets, objectives, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)  # everything here is tiny

# %% [markdown]
# ## The idea in a picture
#
# A generator with one weight, θ, plays against a discriminator with one weight, ψ. Both should end at 0, in
# the middle. Each panel shows the same game, from the same start, with the same step size.

# %% jupyter={"source_hidden": true}
G_FACTOR = {"minimax": sigmoid, "non-saturating": lambda t: sigmoid(-t), "wasserstein": np.ones_like}
D_FACTOR = {"minimax": sigmoid, "non-saturating": sigmoid, "wasserstein": np.ones_like}


def push_g(theta, psi, loss="minimax"):
    return psi * G_FACTOR[loss](theta * psi)


def push_d(theta, psi, loss="minimax", gamma=0.0):
    return -theta * D_FACTOR[loss](theta * psi) - gamma * psi


def step(theta, psi, h, turns="simultaneous", loss="minimax", gamma=0.0):
    new_psi = psi + h * push_d(theta, psi, loss, gamma)
    seen = new_psi if turns == "alternating" else psi  # does the generator see the new discriminator, or the old one?
    return theta + h * push_g(theta, seen, loss), new_psi


# %% jupyter={"source_hidden": true}
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
# Left: the pair moves outwards, without end. Middle: it goes round and round, at least as far as we see. Right: it
# comes to the middle. In all three games both players follow their gradients faithfully. There is no bug, and no bad
# learning rate. So what decides?

# %% [markdown]
# ## 1. The smallest GAN
#
# All real data lie on one point, $x = 0$. The generator makes one point, $x = \theta$. The discriminator is a straight
# line: its logit is $\ell(x) = \psi x$. Mescheder, Geiger and Nowozin call this the **Dirac-GAN**, because a
# distribution on one point is called a Dirac.
#
# - The discriminator wants a high logit at 0 and a low logit at $\theta$. To get it, it turns its line.
# - The generator wants a high logit at $\theta$. It walks uphill on the line.
#
# **Predict, and say why:** let $\theta = 1$ and $\psi = 1$, so the line rises to the right. Which way will each player
# move? And at which pair of numbers does nobody want to move?
#
# Each player follows *minus the gradient of its own loss*. The two arrows together are one vector at each point of the
# plane $(\theta, \psi)$. This is the **gradient field** $v$. Here it is, with the losses of our library:


# %%
def field(state, loss=objectives.minimax, gamma=0.0):
    """Where the two want to go, by autograd: states (θ, ψ), (..., 2) → (..., 2)."""
    theta, psi = (state if state.requires_grad else state.clone().requires_grad_()).unbind(-1)
    logits = (psi * 0)[..., None], (psi * theta)[..., None]  # at the real point 0, and at the fake one θ
    loss_g, loss_d = loss.generator(*logits), loss.discriminator(*logits) + gamma / 2 * psi**2
    slopes = [torch.autograd.grad(loss_g.sum(), theta, create_graph=True)[0]]
    slopes += torch.autograd.grad(loss_d.sum(), psi, create_graph=True)
    return -torch.stack(slopes, dim=-1)


wishes = field(torch.tensor([1.0, 1.0], dtype=torch.float64))
identity("at (1, 1) the generator goes right, and the discriminator turns its line down", wishes[0] > 0 > wishes[1])
nothing = field(torch.zeros(2, dtype=torch.float64))
identity("at (0, 0) nobody wants to move", nothing.abs().max() == 0)

# %% [markdown]
# The line rises to the right, so the generator goes right: uphill. The forged point lies to the right of the real one,
# so the discriminator lowers its slope: this lowers the logit of the forged point. At $(0, 0)$ the line is flat, and
# the forgery is perfect. Neither player can gain.
#
# Now on paper. Let $\sigma$ be the sigmoid. For the minimax loss both pushes carry the same factor:
#
# $$v_\theta = \psi\,\sigma(\theta\psi), \qquad v_\psi = -\theta\,\sigma(\theta\psi) - \gamma\psi.$$
#
# The last term comes from **R1**, the penalty $\frac{\gamma}{2} E\|\nabla \ell\|^2$ on the slope at real points. Here
# the slope is $\psi$ everywhere. The non-saturating generator has the factor $\sigma(-\theta\psi)$ instead. A
# Wasserstein game (chapter 34: plain means of logits, no logarithms) has no factor at all.

# %% jupyter={"source_hidden": true}
draw = device.generator(0)
states = torch.randn(200, 2, generator=draw, dtype=torch.float64) * 2
library = {"minimax": objectives.minimax, "non-saturating": objectives.non_saturating}
library["wasserstein"] = objectives.wasserstein
for name, loss in library.items():
    auto = field(states, loss, gamma=0.3).detach().numpy()
    theta, psi = states.numpy().T
    paper = np.stack([push_g(theta, psi, name), push_d(theta, psi, name, 0.3)], 1)
    identity(f"{name}: formula and autograd agree at 200 places", np.allclose(auto, paper, atol=1e-12))

x = torch.zeros(1, 1, requires_grad=True)  # one real point
library_r1 = objectives.zero_centered((0.7 * x)[:, 0], x, weight=0.3)
identity("the library's R1 of a line with slope 0.7 is γ/2 · 0.7²", abs(library_r1.item() - 0.15 * 0.49) < 1e-6)

# %% [markdown]
# (In the paper of Mescheder and others, forged points have the positive sign. Then everything turns the other way
# round, and no statement of this chapter changes.)
#
# ## 2. Circles
#
# Let us take smaller and smaller steps. In the limit the pair *flows* along the field. A Runge–Kutta method (SciPy's
# `solve_ivp`) follows this flow very accurately.
#
# **Predict, and say why:** where will the minimax pair be after a long time, nearer to $(0, 0)$ or farther away?


# %% jupyter={"source_hidden": true}
def flow(loss, until, gamma=0.0, start=(1.0, 1.0), exact=1e-11):
    def velocity(t, state):
        return [push_g(*state, loss), push_d(*state, loss, gamma)]

    times = np.linspace(0, until, 4001)
    return times, solve_ivp(velocity, (0, until), start, "DOP853", times, rtol=exact, atol=exact / 100).y


flows = {loss: flow(loss, 400) for loss in library}
radius = {loss: np.hypot(*path) for loss, (_, path) in flows.items()}
drift = np.ptp(radius["minimax"] ** 2)
identity("minimax: θ² + ψ² stays what it was, to 8 digits", drift < 1e-8, measured=drift)
identity("wasserstein: the same", np.ptp(radius["wasserstein"] ** 2) < 1e-8)
identity("non-saturating: the distance never grows", (np.diff(radius["non-saturating"]) < 1e-12).all())

# %% jupyter={"source_hidden": true}
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
# Neither: the minimax pair runs on a circle. One line of calculus gives the reason:
#
# $$\tfrac{d}{dt}\tfrac12(\theta^2 + \psi^2) = \theta v_\theta + \psi v_\psi
# = \theta\psi\,\sigma - \psi\theta\,\sigma = 0.$$
#
# What one player wins, the other loses. The pair is not stuck in a **local optimum**: at no point of the circle is
# the gradient zero. A better start or a longer training doesn't help. The pair passes $\theta = 0$, where the forgery
# is perfect, again and again, and it never stays there.
#
# With the non-saturating loss the two factors differ. With $u = \theta\psi$ this sum, half of $d(r^2)/dt$, is
# $-u \tanh(u/2)$. It is never positive, so this flow creeps in. How slowly? On one turn, $\theta = r \cos\varphi$ and
# $\psi = r \sin\varphi$, so $u = \frac12 r^2 \sin 2\varphi$. For small $u$ the sum is $-u^2/2$, and the mean of $u^2$
# over a turn is $r^4/8$. Hence $d(r^2)/dt = -r^4/8$. So $1/r^2$ grows by $\frac18$ per unit of time, and after a long
# time $t$, $r \approx \sqrt{8/t}$. To come a hundred times nearer takes ten thousand times longer.

# %% jupyter={"source_hidden": true}
times, path = flow("non-saturating", 4000, exact=1e-8)
r = np.hypot(*path)
growth = (1 / r[-1] ** 2 - 1 / r[len(r) // 2] ** 2) / (times[-1] - times[len(r) // 2])
claim("1/r² grows by 1/8 per unit of time (within 1 %)", abs(growth * 8 - 1) < 0.01, measured=growth)
u = theta * psi  # at the 200 random places of above
change = theta * push_g(theta, psi, "non-saturating") + psi * push_d(theta, psi, "non-saturating")
identity("θ·v_θ + ψ·v_ψ is -u·tanh(u/2) with u = θψ", np.allclose(change, -u * np.tanh(u / 2)))

# %% [markdown]
# ## 3. What eigenvalues say
#
# Near $(0, 0)$ the field is almost linear: $v \approx J \cdot (\theta, \psi)$. The **Jacobian** $J$ is the matrix of
# all derivatives. A number $\lambda$ is an **eigenvalue** of $J$ if $J$ only stretches some direction $w$, by this
# factor: $Jw = \lambda w$. A 2 × 2 matrix has two of them, the solutions of
# $\lambda^2 - \operatorname{tr} J\, \lambda + \det J = 0$. (The *trace* $\operatorname{tr} J$ is the sum of its
# diagonal. The solutions may be complex, or equal.)
#
# Eigenvalues tell what happens nearby, because solutions behave like $e^{\lambda t}$. For $\lambda = a + ib$ this is
# $e^{at} (\cos bt + i \sin bt)$: the length is $e^{at}$, and the angle is $bt$. So the real part says how fast a
# solution shrinks (negative) or grows (positive). The imaginary part says how fast it turns.
#
# For the minimax and the non-saturating loss, with R1:
#
# $$J = \begin{pmatrix} 0 & \frac12 \\ -\frac12 & -\gamma \end{pmatrix}, \qquad
# \lambda = -\frac{\gamma}{2} \pm \sqrt{\frac{\gamma^2}{4} - \frac14}.$$
#
# **Predict, and say why:** what are the two eigenvalues without a penalty? Is it best to make the penalty as strong as
# you can?


# %%
def slopes_of_field(loss=objectives.minimax, gamma=0.0):
    """The matrix of the field's slopes at (0, 0)."""
    return jacobian(lambda state: field(state, loss, gamma), torch.zeros(2, dtype=torch.float64))


def eigenvalues(loss=objectives.minimax, gamma=0.0):
    return torch.linalg.eigvals(slopes_of_field(loss, gamma)).numpy()


# %% jupyter={"source_hidden": true}
def on_paper(gamma, turn=0.5):
    root = np.emath.sqrt(gamma**2 / 4 - turn**2)  # complex where it must be
    return np.array([-gamma / 2 - root, -gamma / 2 + root])


def apart(a, b):
    return np.abs(np.sort_complex(np.asarray(a, complex)) - np.sort_complex(np.asarray(b, complex))).max()


for name, loss in library.items():
    turn = 1.0 if name == "wasserstein" else 0.5
    gaps = [apart(eigenvalues(loss, g), on_paper(g, turn)) for g in (0.0, 0.1, 0.3, 1.0, 2.0, 5.0)]
    identity(f"{name}: autograd's eigenvalues are the formula's, to 1e-6", max(gaps) < 1e-6, measured=gaps)
identity("without a penalty: ±i/2, nothing but turning", apart(eigenvalues(), [-0.5j, 0.5j]) < 1e-6)

# %% jupyter={"source_hidden": true}
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
# The open circles are autograd's values for $\gamma = 0, 0.3, 1, 2$. Without a penalty the eigenvalues are $\pm i/2$:
# there is nothing but turning. As $\gamma$ grows, both move to the left, so the pair shrinks faster. They meet at
# $\gamma = 1$, in $-\frac12$. Then one of them runs away to the left, and the other one **comes back**. So a penalty
# can be too strong. The reason: a discriminator with a very strong penalty stays so flat that the generator hardly
# feels it.

# %% jupyter={"source_hidden": true}
rates = {g: -eigenvalues(gamma=g).real.max() for g in (0.5, 0.9, 1.0, 1.1, 2.0, 10.0)}
identity("of these six γ, γ = 1 shrinks fastest", max(rates, key=rates.get) == 1.0, measured=rates)
identity("a strong penalty is slow: about 1/(4γ) at γ = 10", abs(rates[10.0] * 40 - 1) < 0.01, measured=rates)

# %% [markdown]
# **What eigenvalues don't say.** They speak about a small neighbourhood, and they decide only if no real part is zero.
# The minimax and the non-saturating game have *the same* eigenvalues $\pm i/2$. Yet one circles for ever, and the
# other one creeps in (section 2). With a zero real part, the terms that the linear part neglects decide.
#
# The relativistic pairing of newer GANs (chapter 43) doesn't change this. On the Dirac-GAN its field is the
# non-saturating field, term by term:

# %% jupyter={"source_hidden": true}
paired, usual = (field(states, loss) for loss in (objectives.relativistic, objectives.non_saturating))
identity("relativistic = non-saturating on the Dirac-GAN", paired.allclose(usual, atol=1e-12))
gap = apart(eigenvalues(objectives.relativistic), [-0.5j, 0.5j])
identity("so without a penalty its eigenvalues are ±i/2, too", gap < 1e-6, measured=gap)

# %% [markdown]
# ## 4. Steps are not a flow
#
# Training takes steps of size $h$. Near the middle, one step of both players *at once* multiplies by $I + hJ$, so an
# eigenvalue $\lambda$ becomes $1 + h\lambda$. In the long run the distance shrinks if and only if $|1 + h\lambda| < 1$
# for both: the two points must lie inside the unit circle.
#
# - Without a penalty, $|1 \pm ih/2| = \sqrt{1 + h^2/4} > 1$. The points lie **always outside**, however small the
#   learning rate is. A smaller rate only makes the spiral tighter.
# - With R1 and $\gamma < 1$, $|1 + h\lambda|^2 = 1 - h\gamma + h^2/4$. This is below 1 exactly for $h < 4\gamma$.
# - For $\gamma > 1$ the limit is $4\gamma - 4\sqrt{\gamma^2 - 1}$, and it falls. Now both eigenvalues are real, and the
#   one on the left, $-\frac12 (\gamma + \sqrt{\gamma^2 - 1})$, leaves the unit circle first, at $-1$. The discriminator
#   steps too far over the bottom of its own penalty, as in any minimisation with too large a step.


# %% jupyter={"source_hidden": true}
def simultaneous_radius(h, gamma):
    """The largest |eigenvalue| of one step, by autograd."""
    step_matrix = torch.eye(2) + h * slopes_of_field(gamma=gamma)
    return torch.linalg.eigvals(step_matrix).abs().max().item()


def largest_h(radius_of, gamma, low=1e-6, high=20.0):
    """The step size at which shrinking ends, by halving the interval."""
    for _ in range(28):
        middle = (low + high) / 2
        low, high = (middle, high) if radius_of(middle, gamma) < 1 else (low, middle)
    return low


found = {g: largest_h(simultaneous_radius, g) for g in (0.1, 0.3, 0.5, 0.9, 1.5, 2.0, 4.0)}
identity("below γ = 1 the limit is 4γ", all(abs(h - 4 * g) < 1e-6 for g, h in found.items() if g < 1), measured=found)
beyond = {g: 4 * g - 4 * np.sqrt(g**2 - 1) for g in found if g > 1}
identity("beyond γ = 1 it is 4γ - 4√(γ² - 1)", all(abs(found[g] - h) < 1e-6 for g, h in beyond.items()), measured=found)

# %% [markdown]
# So **near the middle, more penalty allows larger steps up to $\gamma = 1$, and smaller ones beyond.** At $\gamma = 1$
# the limit is $h = 4$.
#
# That was linear algebra, which holds near the middle. A real game begins somewhere else. Let us play 3,600 minimax
# games, one for each square of a map, twice: once from $(0.001, 0.001)$, and once from $(1, 1)$. A game "settles" if
# it comes a hundred times nearer to the middle within 3,000 steps.
#
# **Predict, and say why:** will the two maps look alike?


# %% jupyter={"source_hidden": true}
def settles(start, turns, loss="minimax", steps=3000):
    """Play one game for each square (h, γ) of the map, from (start, start); does it come a hundred times nearer?"""
    gamma, h = np.meshgrid(gamma_axis, h_axis)
    theta, psi = np.full_like(h, start), np.full_like(h, start)
    with np.errstate(all="ignore"):  # some run away to infinity
        for _ in range(steps):
            theta, psi = step(theta, psi, h, turns, loss, gamma)
        return np.hypot(theta, psi) < 0.01 * np.hypot(start, start)


gamma_axis, h_axis = np.linspace(0.05, 2, 40), np.linspace(0.05, 4.5, 90)
limit = {
    "simultaneous": 4 * gamma_axis - 4 * np.sqrt(np.maximum(gamma_axis**2 - 1, 0)),
    "alternating": 4 * (np.sqrt(1 + gamma_axis**2) - gamma_axis),
}
maps = {start: settles(start, "simultaneous") for start in (0.001, 1.0)}

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.3), sharey=True)
place = {"extent": (gamma_axis[0], gamma_axis[-1], h_axis[0], h_axis[-1]), "origin": "lower", "aspect": "auto"}
for ax, (start, ok) in zip(axes, maps.items(), strict=True):
    ax.imshow(np.where(ok, 0.6, 0.1), cmap="Greens", vmin=0, vmax=1, interpolation="nearest", **place)
    ax.plot(gamma_axis, limit["simultaneous"], color="black", linestyle=(0, (5, 3)), linewidth=1.5)
    ax.set(xlabel="γ", title=f"from ({start:g}, {start:g})", ylim=(0, 4.5))
axes[1].plot(gamma_axis, 1 / gamma_axis, color="black", linestyle=":", linewidth=2)
axes[0].set_ylabel("step size h")
for ax in axes:
    ax.text(0.9, 0.3, "settles", ha="center")
axes[0].text(1.95, 3.5, "does not settle", ha="right")
axes[1].text(0.34, 3.7, " h = 1/γ")
plt.show()

# %%
gamma_map, h_map = np.meshgrid(gamma_axis, h_axis)
promised = h_map < limit["simultaneous"] - 0.1  # what linear algebra promises; two squares of the map stay aside
claim(
    "from (0.001, 0.001): more than 99 % of what linear algebra promises settles", maps[0.001][promised].mean() > 0.99
)
lost = 1 - maps[1.0][promised].mean()
claim("from (1, 1): between 30 and 45 % of it does not settle", 0.3 < lost < 0.45, measured=lost)
both_rules = promised & (h_map * gamma_map < 1)
claim("from (1, 1), where hγ < 1 as well: more than 99 % settles", maps[1.0][both_rules].mean() > 0.99)

# %% [markdown]
# They don't. From nearby, the map is the linear one (dashed line); for such small numbers the game is linear. (At the
# left edge the distance shrinks too, but so slowly that 3,000 steps aren't enough.) From $(1, 1)$ the tip of the region
# is gone. The largest steps are possible at about $\gamma = \frac12$, where $h$ may be 2, and not at $\gamma = 1$,
# where linear algebra allows 4.
#
# What goes wrong? Look at one game that fails, $\gamma = 1$ and $h = 1.4$:

# %%
failing = play(9, 1.4, gamma=1.0)
print("θ: ", *(f"{value:5.1f}" for value in failing[:, 0]))
print("ψ: ", *(f"{value:5.1f}" for value in failing[:, 1]))

# %% [markdown]
# Read the row of $\psi$: its sign changes at every step.
#
# 1. $\psi < 0$ and $\theta > 0$: the discriminator is sure that the point is forged, $\sigma(\theta\psi) \approx 0$.
#    Both pushes vanish. Only the penalty is left, and it turns $\psi$ into $(1 - h\gamma)\,\psi$.
# 2. If $h\gamma > 1$, this doesn't only shrink $\psi$. It **changes the sign** of $\psi$. Now the forged point counts
#    as real, $\sigma \approx 1$, and the generator walks *away* from the data with full force.
# 3. The discriminator turns back, farther than before, because $\theta$ is larger now. And so on.
#
# So far away there is a second rule, $h\gamma < 1$ (dotted line). The two rules $h < 4\gamma$ and $h < 1/\gamma$ cross
# at $\gamma = \frac12$, $h = 2$, and that is the tip of the right map. Between the dotted line and the border a game
# from $(1, 1)$ is sometimes lucky: it doesn't come far enough out. Games from $(3, 3)$ aren't. On paper, far out, two
# steps multiply $(|\psi|, \theta)$ by a fixed matrix, and with $c = h\gamma - 1 > 0$ this matrix always has an
# eigenvalue above 1:

# %%
farther = settles(3.0, "simultaneous")
claim("from (3, 3) no game with hγ > 1 settles", not farther[h_map * gamma_map > 1.001].any())
pairs = [(c, size) for c in (0.01, 0.3, 1.0, 3.0) for size in (0.1, 1.0, 4.0)]
grows = [np.abs(np.linalg.eigvals([[c * c, size], [size * c, 1]])).max() > 1 for c, size in pairs]
identity("the matrix of two steps far out, ((c², h), (hc, 1)), has an eigenvalue above 1 for each c > 0", all(grows))

# %% [markdown]
# This is the lesson of the two maps: **a theorem about the neighbourhood of a solution doesn't tell how to get there.**
# "The best penalty is γ = 1" was true near the middle, and wrong by a factor of two from $(1, 1)$.

# %% [markdown]
# ## 5. Taking turns
#
# So far both players moved at once. Nearly every GAN is trained with **alternating** steps: the discriminator moves,
# and the generator then sees the *new* discriminator. It looks like a detail. Near the middle its matrix is
#
# $$M = \begin{pmatrix} 1 & h/2 \\ 0 & 1 \end{pmatrix}
# \begin{pmatrix} 1 & 0 \\ -h/2 & 1 - h\gamma \end{pmatrix}, \qquad \det M = 1 - h\gamma,
# \qquad \operatorname{tr} M = 2 - h\gamma - \tfrac{h^2}4.$$
#
# The largest size of an eigenvalue, the **spectral radius** $\rho$, is the factor per turn in the long run. Two complex
# eigenvalues have the same size, and their product is the determinant: $\rho = \sqrt{1 - h\gamma}$, as long as
# $h < 4(1 - \gamma)$. With $\gamma = 0$ it is exactly 1, for all $h < 4$: the linear part pushes neither in nor out,
# and so, once more, it doesn't decide. The distance stops shrinking when an eigenvalue reaches $-1$. Put $\lambda = -1$
# into the equation of section 3, for $M$: $1 + \operatorname{tr} M + \det M = 0$. Solved for $h$, this gives the limit
# $4(\sqrt{1 + \gamma^2} - \gamma)$.


# %% jupyter={"source_hidden": true}
def alternating_radius(h, gamma):
    def both(state):  # one whole turn, by autograd
        psi = state[1] + h * field(state, gamma=gamma)[1]
        theta = state[0] + h * field(torch.stack([state[0], psi]), gamma=gamma)[0]
        return torch.stack([theta, psi])

    return torch.linalg.eigvals(jacobian(both, torch.zeros(2, dtype=torch.float64))).abs().max().item()


pairs = [(0.5, 0.3), (1.0, 0.3), (2.0, 0.3), (0.2, 0.1), (3.0, 0.2)]
gaps = [abs(alternating_radius(h, g) - np.sqrt(1 - h * g)) for h, g in pairs]
identity("ρ = √(1 - hγ) at five places with h < 4(1 - γ)", max(gaps) < 1e-9, measured=gaps)
gaps = [abs(alternating_radius(h, 0.0) - 1) for h in (0.1, 3.9)]
identity("no penalty: ρ = 1, with steps of 0.1 and of 3.9", max(gaps) < 1e-9, measured=gaps)
found = {g: largest_h(alternating_radius, g) for g in (0.1, 0.5, 1.0, 2.0)}
identity("the limit is 4(√(1 + γ²) - γ)", all(abs(h - 4 * (np.sqrt(1 + g * g) - g)) < 1e-6 for g, h in found.items()))

# %% [markdown]
# **Predict, and say why:** is alternating the safer choice? Always? The next picture shows the largest step that
# settles, for both ways of stepping: near the middle, and then from $(1, 1)$ with two losses.


# %% jupyter={"source_hidden": true}
def border(ok):
    """For each γ: the largest step up to which all steps of the map settle."""
    return np.array([h_axis[~column][0] if (~column).any() else h_axis[-1] for column in ok.T]) - h_axis[0]


ways = ("simultaneous", "alternating")
borders = {loss: {turns: border(settles(1.0, turns, loss)) for turns in ways} for loss in ("minimax", "non-saturating")}
panels = {"near (0, 0), by formula": limit} | {f"{loss}, from (1, 1)": lines for loss, lines in borders.items()}
_, axes = plt.subplots(1, 3, figsize=(6.8, 3.0), sharey=True)
for ax, (title, lines) in zip(axes, panels.items(), strict=True):
    for turns, color, style in zip(ways, plotting.NEUTRAL, ("-", "--"), strict=False):
        ax.plot(gamma_axis, lines[turns], style, color=color, label=turns)
    ax.set_title(title, fontsize=10)
    ax.set(xlabel="γ", xlim=(0, 2), ylim=(0, 4.5))
axes[0].set_ylabel("largest step h")
axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()

# %% jupyter={"source_hidden": true}
crossing = gamma_axis[limit["alternating"] < limit["simultaneous"]][0]
identity("near the middle: alternating allows larger steps below γ = 1/√3 ≈ 0.58", abs(crossing - 3**-0.5) < 0.05)
(at_once, in_turns), (other_at_once, other_in_turns) = ([lines[turns] for turns in ways] for lines in borders.values())
some, weak, strong = gamma_axis > 0.12, (gamma_axis > 0.12) & (gamma_axis < 0.4), gamma_axis > 0.6
claim(
    "minimax from (1, 1), γ above 0.12: alternating steps may be as large, or larger", (in_turns >= at_once)[some].all()
)
claim("non-saturating from (1, 1), γ from 0.12 to 0.4: larger", (other_in_turns > other_at_once)[weak].all())
claim("non-saturating from (1, 1), γ above 0.6: only smaller ones", (other_in_turns < other_at_once)[strong].all())

# %% [markdown]
# It depends. With a weak penalty the trouble is *turning*, and in all three panels alternating steps help against it.
# With a strong penalty the trouble is overshooting. Near the middle, and in the non-saturating game, simultaneous
# steps then reach farther. In the minimax game from $(1, 1)$ they don't. "Alternating is more stable" is a rule for
# weak penalties. (At the left edge some curves drop to 0. With hardly any penalty even small steps take more than 3,000
# steps to come a hundred times nearer.)
#
# (Why does the non-saturating game, at once, allow larger steps than minimax? When the discriminator is sure, its
# generator has the factor $\sigma(-\theta\psi) \approx 1$. It walks *towards* the data with full force, at the very
# moment when the minimax generator stands still.)

# %% [markdown]
# And what happens without a penalty, where the linear part doesn't decide? We need patience to see it.

# %%
far = np.hypot(*play(40_000, 0.3, turns="alternating").T)
first = far[:1000].min(), far[:1000].max()
claim("minimax in turns: 1,000 turns look like a ring, between 1.29 and 1.44", first[0] > 1.29 and first[1] < 1.44)
claim("after 40,000 turns the ring is wider: beyond 1.6 everywhere", far[-1000:].min() > 1.6, measured=far[-1000:])
change = {}
for h in (0.3, 2.0):
    ring = np.hypot(*play(40_000, h, start=(0.1, 0.1), turns="alternating").T)
    change[h] = ring[-1000:].mean() / ring[:1000].mean()
claim("from (0.1, 0.1) with h = 0.3: the ring keeps its size (to 1 %)", abs(change[0.3] - 1) < 0.01, measured=change)
claim("from (0.1, 0.1) with h = 2: it shrinks by more than 10 %", change[2.0] < 0.9, measured=change)

# %% [markdown]
# So this game drifts outwards, too slowly for the first picture. Other steps and starts differ: with $h = 0.3$ from
# $(0.1, 0.1)$ nothing is seen in 40,000 turns, and with $h = 2$ from there the ring shrinks. Where the linear part has
# size exactly 1, the curvature may tip the game to either side.
#
# What do steps do to the non-saturating game, which creeps in by itself? Averaged over a small turn, each simultaneous
# step adds $h^2 r^2/4$ to $r^2$ (the push outwards), and the curvature takes $h r^4/8$ away. The two cancel at
# $r = \sqrt{2h}$. **Predict, and say why:** what will you see after very many steps?

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
# A **limit cycle**: inside the ring the pair is pushed out, outside it is pulled in. The game doesn't diverge, and it
# never arrives. From outside you see losses that hover and samples that wander. A smaller learning rate makes the ring
# smaller (by its square root), and the way there longer.

# %% [markdown]
# ## 6. Play with it
#
# Five controls, and the portrait follows. Arrows show the field, and small dots show 300 steps from the large dot. The
# axes count in units of the start. (Without a running kernel you see a picture.)


# %% jupyter={"source_hidden": true}
class Portrait(ipywidgets.VBox):
    """A phase portrait with controls; a reader without a kernel sees its picture."""

    def __init__(self):
        starts = {"from (1, 1)": 1.0, "from (0.01, 0.01)": 0.01}
        self.controls = {
            "loss": ipywidgets.Dropdown(options=list(G_FACTOR), description="loss"),
            "turns": ipywidgets.Dropdown(options=["simultaneous", "alternating"], description="steps"),
            "h": ipywidgets.FloatSlider(0.3, min=0.02, max=3, step=0.02, description="h"),
            "gamma": ipywidgets.FloatSlider(0.0, min=0, max=2.5, step=0.05, description="γ (R1)"),
            "start": ipywidgets.Dropdown(options=starts, description="start"),
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


# %% jupyter={"source_hidden": true}
def painter(size=2.5):
    """A function that draws the portrait for some settings, quickly: only what changes is drawn anew."""
    figure = plotting.figure(5.2, 4.4)
    ax = figure.subplots()
    stage(ax, np.ones((2, 2)), " ", size)
    ax.set(xlabel="θ (generator), in units of the start", ylabel="ψ (discriminator)")
    grid = np.meshgrid(*[np.linspace(-size, size, 13)] * 2)
    arrows = ax.quiver(*grid, *grid, color="0.7", pivot="mid", scale=22, width=0.004, zorder=0)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # the margins are found; finding them takes half of the time

    def paint(loss, turns, h, gamma, start):
        theta, psi = start * grid[0], start * grid[1]
        u, v = push_g(theta, psi, loss), push_d(theta, psi, loss, gamma)
        length = np.hypot(u, v) + 1e-12
        arrows.set_UVC(u / length, v / length)
        with np.errstate(all="ignore"):  # some settings run away to infinity
            path = play(300, h, (start, start), loss=loss, turns=turns, gamma=gamma) / start
        path = np.clip(np.nan_to_num(path, nan=99), -99, 99)
        ax.lines[2].set_data(*path.T)
        away = np.hypot(*path[-1])
        ax.set_title(f"after 300 steps: {'far away' if away > 20 else f'{away * start:.2g}'} from the middle")
        page = io.BytesIO()
        figure.savefig(page, format="png", dpi=90)
        return page.getvalue()

    return paint


# %%
Portrait()

# %% [markdown]
# **Now you:**
#
# 1. Simultaneous, minimax, $\gamma = 0.3$, from $(1, 1)$: up to which $h$ does it settle? And in turns?
# 2. Simultaneous, minimax, $h = 3$, from $(0.01, 0.01)$: at which *two* values of $\gamma$ does it just fail to settle?
#    Then the same from $(1, 1)$.
# 3. Simultaneous, non-saturating, $\gamma = 0$, $h = 0.3$, from $(1, 1)$: what is the radius at the end?
# 4. In turns, Wasserstein, $\gamma = 0$: what shape does the path have when $h$ is large?
#
# <details><summary>What you should find</summary>
#
# 1. At once up to about 1.2, which is $4\gamma$. In turns up to about 3.
# 2. From nearby: at $\gamma = 0.75$, where $h = 4\gamma$, and at $\gamma = 1.04$ (between the slider's 1.00 and 1.05),
#    where $h = 4\gamma - 4\sqrt{\gamma^2 - 1}$. From $(1, 1)$ there is no such window, and no value of $\gamma$
#    settles. Below $\gamma = 0.75$ the first rule fails, and above $\gamma = \frac13$ the second one, $h\gamma < 1$.
# 3. About 0.78: close to the ring of section 5, $\sqrt{2h} = 0.77$.
# 4. An ellipse. It gets thinner as $h$ comes near 2, and its length stays the same. Beyond 2 the pair runs away: here
#    the linear part has 1 in the place of ½, so the limit of 4 becomes 2.
#
# </details>

# %% [markdown]
# ## 7. Four cures, and what each does
#
# **Noise.** Add noise of standard deviation $s$ to every point that the discriminator sees, real and forged. Then the
# two distributions overlap, and the best answer to a generator nearby is no longer "infinitely steep". The eigenvalues
# become $\lambda = -\frac{s^2}{4} \pm \sqrt{\frac{s^4}{16} - \frac14}$. These are the eigenvalues of R1 with
# $\gamma = s^2/2$.

# %% jupyter={"source_hidden": true}
nodes, weights = np.polynomial.hermite_e.hermegauss(40)  # the mean over the noise, as 40 Gauss–Hermite points
noise, share = torch.from_numpy(nodes), torch.from_numpy(weights / weights.sum())


def noisy_field(state, s):
    """The minimax field when all points are blurred by noise of standard deviation s."""
    theta, psi = state
    softplus = torch.nn.functional.softplus
    loss_d = (share * (softplus(-psi * s * noise) + softplus(psi * (theta + s * noise)))).sum()
    slope_theta, slope_psi = torch.autograd.grad(loss_d, (theta, psi), create_graph=True)
    return torch.stack([slope_theta, -slope_psi])  # the game is zero-sum


gaps = []
for s in (0.0, 0.3, 1.0, 2.0):
    matrix = jacobian(lambda state, s=s: noisy_field(state, s), torch.zeros(2, dtype=torch.float64))
    gaps.append(apart(torch.linalg.eigvals(matrix), on_paper(s**2 / 2)))
identity("noise s has the eigenvalues of R1 with γ = s²/2, to 1e-6", max(gaps) < 1e-6, measured=gaps)

# %% [markdown]
# Now read this the other way round. Let the data have a width $s$ of their own, and let the generator only shift a
# cluster of the same shape. Then nobody needs to add noise: the eigenvalues above are those of the plain game. **Width
# is damping.** With densities that overlap, plain GANs can converge locally (Nagarajan and Kolter prove it under
# conditions). They may circle in directions *without* width, and real images fill only a thin part of the space of
# pixels.
#
# **Two learning rates.** Let the discriminator step $k$ times as far ("two time scales"). **Predict, and say why:**
# without a penalty, does that stop the turning?

# %% jupyter={"source_hidden": true}
clock = {}
for k in (1, 3, 10):
    for gamma in (0.0, 0.3):
        matrix = torch.diag(torch.tensor([1.0, k], dtype=torch.float64)) @ slopes_of_field(gamma=gamma)
        clock[k, gamma] = torch.linalg.eigvals(matrix).real.max().item()
identity(
    "without a penalty all real parts stay 0, for k = 1, 3, 10",
    all(abs(clock[k, 0.0]) < 1e-9 for k in (1, 3, 10)),
    measured=clock,
)
identity(
    "with R1 (γ = 0.3) the shrinking is 3 and 10 times as fast",
    abs(clock[3, 0.3] / clock[1, 0.3] - 3) < 1e-6 and abs(clock[10, 0.3] / clock[1, 0.3] - 10) < 1e-6,
    measured=clock,
)

# %% [markdown]
# No. A faster discriminator strengthens a damping that is there: $\lambda$ has the real part $-k\gamma/2$, as long as
# $k\gamma^2 < 1$. With $\gamma = 0$ there is nothing to multiply. The theorem about two time scales (Heusel and
# others) has conditions, too: the discriminator must have a stable best answer to each generator. Here, without a
# penalty, it has none, since it would be infinitely steep.
#
# **Clipping, and the penalty of WGAN-GP** (both from chapter 34). In a Wasserstein game the discriminator is called a
# critic. Clipping cuts $\psi$ to $[-1, 1]$ after each step. The penalty adds $\frac12 (|\psi| - 1)^2$ to its loss. Both
# keep the slope bounded. Do they settle?


# %% jupyter={"source_hidden": true}
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
ends = {name: {turns: end_of(turns, **how) for turns in ways} for name, how in cures.items()}

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

# %% jupyter={"source_hidden": true}
for name in ("WGAN, clipped at 1", "WGAN-GP"):
    nearest = min(far.min() for far in ends[name].values())
    claim(f"{name}: never nearer than 0.2 in its last 200 steps", nearest > 0.2, measured=nearest)
worst = max(far.max() for far in ends["minimax + R1"].values())
claim("minimax + R1: there, to nine digits, in both orders", worst < 1e-9, measured=worst)
wrong = np.stack([end_of(turns, loss="wasserstein", one_centred=2.0) for turns in ways])
claim("WGAN-GP with λ = 2 comes to rest, but at distance 4", np.abs(wrong - 4).max() < 1e-3, measured=wrong)

# %% [markdown]
# Neither arrives. (The weight of the penalty is λ = 0.5 here, and the clip is 1.) The clipped pair circles, at about
# the size of the clip. The penalty of WGAN-GP wants slope **1**, and the goal needs slope 0. With λ = 1 or more (and
# small enough steps) the game even comes to rest at a wrong place, $\theta = \pm 2\lambda$: there the critic is flat,
# and its wish to turn round just balances the penalty's push towards slope 1. R1 wants slope **0** *at the data*, and
# agrees with the solution. (In a Wasserstein game one trains the critic for many steps
# before each step of the generator. With *finitely* many steps it need not converge, either, as Mescheder and others
# show.)

# %% [markdown]
# **Averaging.** Keep a slowly moving average of the generator's weights, $\bar\theta \leftarrow \beta\bar\theta +
# (1 - \beta)\theta$, and sample from that (**EMA**). The game itself doesn't notice. On a circle with angle $\alpha$
# per step, the average runs on a smaller circle. Its radius is multiplied by $(1-\beta)/|1 - \beta e^{-i\alpha}|$, the
# size of the geometric series $(1-\beta) \sum_k \beta^k e^{-ik\alpha}$.


# %% jupyter={"source_hidden": true}
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
# So averaging hides the circling, and does it well. Does it always help? **Predict, and say why:** a game that settles
# by itself, $\gamma = 1$ and $h = 0.2$, is stopped after 500 steps. Where is the average with $\beta = 0.999$?

# %%
calm = play(500, 0.2, turns="alternating", gamma=1.0)
last = {"raw": np.hypot(*calm[-1])}
last |= {f"β = {beta}": np.hypot(*averaged(calm, beta)[-1]) for beta in (0.9, 0.99, 0.999)}
print({name: f"{value:.0e}" for name, value in last.items()})
claim("the raw pair has arrived, to ten digits", last["raw"] < 1e-10, measured=last)
claim("the average with β = 0.999 is more than 0.5 away", last["β = 0.999"] > 0.5, measured=last)
fair = np.hypot(*np.average(calm, axis=0, weights=0.999 ** np.arange(len(calm))[::-1]))
claim("with the start divided out it is less than 0.1 away, and still more than 0.01", 0.01 < fair < 0.1, measured=fair)

# %% [markdown]
# Far away, because the start still has the weight $0.999^{500} = 0.61$ in it. **EMA hurts when its memory, about
# $1/(1-\beta)$ steps, is long compared with the run**, or when the weights are still on their way. (Our library's `ema`
# divides the weight of the start out, as Adam does: the last claim. That is far nearer, and still nowhere near the raw
# pair.) And averaging can't save a game that runs away: the average of a growing spiral grows with it.

# %% [markdown]
# ## 8. From two numbers to networks
#
# Does anything of this survive with thousands of weights? First, half a step. The generator is still one point, now in
# the plane, and it starts at $(1, 1)$. The discriminator is a network with 4,400 weights. Eight of them, each with its
# own random weights, play the alternating, non-saturating game by plain gradient steps. There is one real point, at
# $(0, 0)$.
#
# **Predict, and say why:** will R1 with $\gamma = 0.1$ make a visible difference?


# %% jupyter={"source_hidden": true}
def make_d():
    return nets.mlp([2, 64, 64, 1], activation="tanh")


def one_point(gammas, steps=1500, lr=0.1, loss=objectives.non_saturating):
    """For each γ the distance of the generated point to the real one, (steps, 8). All games go on side by side."""
    judges = ensemble.stack(ensemble.single_nets(make_d, make_d, seed)[1] for _ in gammas for seed in range(8))
    weight = torch.tensor(gammas).repeat_interleave(8)
    place, far = torch.nn.Parameter(torch.ones(len(weight), 1, 2)), []
    sgd_d, sgd_g = torch.optim.SGD(judges.parameters(), lr), torch.optim.SGD([place], lr)
    for _ in range(steps):
        real = torch.zeros_like(place, requires_grad=True)
        logit = judges(real)[..., 0]
        loss_d = loss.discriminator(logit, judges(place.detach())[..., 0])
        loss_d = loss_d + objectives.zero_centered(logit, real, weight)
        sgd_d.zero_grad()
        loss_d.sum().backward()
        sgd_d.step()
        sgd_g.zero_grad()
        loss.generator(None, judges(place)[..., 0]).sum().backward(inputs=[place])
        sgd_g.step()
        far.append(place.detach().norm(dim=-1)[:, 0])
    return torch.stack(far).split(8, dim=1)


# %% jupyter={"source_hidden": true}
points = dict(zip(("γ = 0", "γ = 0.1"), one_point((0.0, 0.1)), strict=True))
_, ax = plt.subplots(figsize=(6.8, 3.4))
thinned = {name: far[::20] for name, far in points.items()}
plotting.seeds_over_time(torch.arange(1500)[::20], thinned, "distance to the real point", ax=ax)
ax.set(yscale="log", ylim=(1e-8, 3))
plt.show()
late = {name: far[-200:].max(0).values for name, far in points.items()}
claim("with R1 all eight arrive (within 1e-5)", (late["γ = 0.1"] < 1e-5).all(), measured=late)
claim("without, the median is a thousand times farther away", late["γ = 0"].median() > 1000 * late["γ = 0.1"].median())

# %% [markdown]
# It does, as for two numbers: the zigzag of the curves looks like turning, and the penalty damps it. The distance
# shrinks more than a hundred thousand times, down to rounding errors. (Without a penalty these pairs creep in, too,
# some faster than others. A network isn't a straight line, and the theory of two numbers doesn't say how much its bends
# damp.)
#
# Now a whole game: networks for both, Adam, batches of random data. The data are points on a line of length 4 in the
# plane, as thin as a hair. From step 900 on we look at the same 200 values of noise again and again. How far does a
# generated point **wander** around its own mean place?
#
# Two explanations compete. The points may turn, as in section 2. Or the random batches may push them about. We try R1,
# larger batches, and a game in which *nothing* is random: each step gets the very same 64 data points and 64 values of
# noise. **Predict, and say why:** which of the three can tell the two explanations apart?

# %% jupyter={"source_hidden": true}
thin = data.toy.line(length=4.0, angle=30.0, std=0.01)
frame = torch.tensor([[3**0.5, -1.0], [1.0, 3**0.5]]) / 2  # its columns: along the line, and across


def make_g():
    return nets.mlp([2, 32, 32, 2], activation="tanh")


def wandering(batch=64, same=False, **settings):
    """In the last 300 of 1,200 steps: points from their mean place (rms), from the line, and their spread, (3, 8)."""
    gans = ensemble.gans(make_g, make_d, seeds=8, lr=2e-3, betas=(0.0, 0.99), **settings)
    noise, source, places = torch.randn(8, 200, 2, generator=device.generator(1)), thin, []
    if same:  # one batch of noise and one of data, for all steps
        gans.noise = lambda n, training=False: torch.randn(8, n, 2, generator=device.generator(2))
        source = SimpleNamespace(sample=lambda n, stream: thin.sample(n, device.generator(3)))
    for now in training.train(gans, source, steps=1200, batch=batch, progress=False):
        if now.number > 900 and now.number % 10 == 0:
            places.append(gans.sample(noise))
    places = torch.stack(places)
    along, across = (places @ frame).unbind(-1)
    moved = (places - places.mean(0)).norm(dim=-1).square().mean((0, 2)).sqrt()
    return torch.stack([moved, across.abs().mean((0, 2)), along.std(2).mean(0)])


# %% jupyter={"source_hidden": true}
looks = {
    "as usual: batch 64": wandering(),
    "R1, γ = 1": wandering(penalties={"r1": 1.0}),
    "R1, γ = 10": wandering(penalties={"r1": 10.0}),
    "batch 256": wandering(batch=256),
    "the same batch": wandering(same=True),
}
wander = {name: look[0] for name, look in looks.items()}
_, ax = plt.subplots(figsize=(6.8, 3.2))
plotting.bars_with_floor(wander, "wandering of a point", ax=ax)
ax.set_ylim(0, None)
plt.show()

# %% jupyter={"source_hidden": true}
usual, weak, strong, large, same = (values.median() for values in wander.values())
_, across, along = torch.stack([look.median(1).values for look in looks.values()], 1)
claim("all five have learned the line: typically less than 0.1 away from it", (across < 0.1).all(), across)
claim("and as spread out as the data (std 1.15), within 20 %", ((along / 1.155 - 1).abs() < 0.2).all(), along)
claim("R1 with γ = 1 lowers the median by less than 20 %", weak > 0.8 * usual, measured=wander)
claim("R1 with γ = 10 lowers it by more than 20 %", strong < 0.8 * usual, measured=wander)
claim("four times larger batches lower it by more than 20 %", large < 0.8 * usual, measured=wander)
claim("without random batches: less than half, but not less than 0.01", 0.01 < same < 0.5 * usual, measured=wander)
calmer = (wander["the same batch"] < wander["as usual: batch 64"].min()).sum()
claim("there at least six of eight wander less than any of the usual eight", calmer >= 6, measured=wander)

# %% [markdown]
# The last one tells most: it takes the suspect away. Without random batches most pairs move less than half as far. So
# the batches have the larger part in the wandering. But something is left, and a single pair may move as far as ever,
# with nothing random at all: look for a lonely dot. That may be turning, or the steps of Adam, or learning that isn't
# finished. (And this is another game: 64 points instead of a line.)
#
# Larger batches point the same way, but they only weaken the suspect. R1 doesn't tell the two explanations apart. It
# damps turning, **and it damps whatever the batches stir up**. Take the linear game of section 3, in turns, start it
# at its goal, and push ψ at random. Without pushes nothing would move:

# %% jupyter={"source_hidden": true}
draw, pushed = np.random.default_rng(0), {}
for gamma in (0.05, 0.2, 0.8):
    theta, psi, places = np.zeros(400), np.zeros(400), []  # 400 games at once
    for _ in range(4000):
        psi = psi + 0.1 * (-theta / 2 - gamma * psi + draw.normal(size=400))
        theta = theta + 0.1 * psi / 2
        places.append(theta)
    pushed[gamma] = np.array(places[1000:])
spread = {gamma: places.std() for gamma, places in pushed.items()}
print({gamma: f"{value:.1f}" for gamma, value in spread.items()})
fall = np.array([spread[0.05] / spread[0.2], spread[0.2] / spread[0.8]])
claim(
    "pushes alone: four times the γ, half the wandering (1.8 to 2.2 times less)", (np.abs(fall - 2) < 0.2).all(), fall
)
swing, calm = pushed[0.05], pushed[0.8]
again = {lag: (swing[:-lag] * swing[lag:]).mean() / swing.var() for lag in (63, 126)}
claim(
    "γ = 0.05: 63 steps later θ is on the other side, 126 steps later back", again[63] < -0.5 < 0.5 < again[126], again
)
trace = abs((calm[:-126] * calm[126:]).mean() / calm.var())
claim("γ = 0.8: 126 steps later hardly a trace is left", trace < 0.1, measured=trace)

# %% [markdown]
# So R1 lowers a wandering that is made by pushes alone. With a weak penalty (γ = 0.05) this wandering even has a
# **period**: 126 steps, that of the turning, $2\pi/(h/2)$. With γ = 0.8 a swing dies out within one period.
#
# A period tells you that a game turns. It doesn't tell you *what keeps it turning*: without pushes a damped swing dies
# out, and random batches keep it alive. R1 is a cure for both, so it is no test for either. For a diagnosis take the
# suspect away. For a cure try more than one strength: with γ = 1 alone we would have said that R1 does hardly anything.
# What R1 is worth in larger games is measured in chapter 43.
#
# 🔎 **Try it.** `ensemble.gans(..., lr=5e-4)` lowers the wandering as well. Why doesn't that tell the two explanations
# apart? (Both shrink with the rate: the ring of section 5 like its square root, and random jitter as well.)

# %% [markdown]
# ## What all this does not show
#
# - **Two numbers aren't a network.** They show what *can* happen in a direction without width. A real game has many
#   directions, each with a damping of its own.
# - **Local statements.** Eigenvalues speak about the neighbourhood of a solution; section 4 showed how small it may be.
#   R1 looks at real points only and does nothing directly about the slope at forged ones. The recipe of chapter 43 adds
#   a second penalty there (R2).
# - **Plain gradient steps** in all games but the last. Momentum changes the step map: the same computation can be done,
#   and it gives other limits. With Adam it can't be done. Adam divides by the size of past gradients, which is 0 at the
#   solution, and so its step has no useful linear part there.
# - **No noise from batches** in most of them. A pair that settles there would jitter around the middle.

# %% [markdown]
# ## Help, I get …
#
# ### a swing in the losses that comes back every few hundred steps
# This looks like complex eigenvalues. Add R1, or strengthen it, and keep alternating steps. A smaller learning rate
# alone makes the swing slower and smaller, and doesn't end it.
#
# ### losses of 1e30, or NaN, soon after I added a penalty
# The penalty is too strong for your step size. Already $h\gamma > 1$ can be too much (section 4). Divide $\gamma$ by
# ten. Check the factor, too: it is $\gamma/2$ here, and $\gamma$ in some published code.

# %% [markdown]
# ### eigenvalues that differ from the formula by 1e-4
# This is single precision. Ask for `torch.float64` where you make the numbers. Near a double root ($\gamma = 1$) even
# double precision keeps only half of its digits.
#
# ### EMA samples that look like step 0
# The memory of the average is longer than your run. $\beta = 0.999$ remembers about a thousand steps.
#
# ### `RuntimeError: element 0 of tensors does not require grad`, or a Jacobian full of zeros
# Something in your loss is a plain number, made with `.item()` or `float()`, or the state has no `requires_grad`. The
# Jacobian is 0 where the slopes inside were taken without `create_graph=True`: they then have no slopes of their own.

# %% [markdown]
# ## Recap
#
# - A game follows a field that isn't the slope of any landscape: minimax flows in circles, though no gradient is wrong.
# - Real parts of eigenvalues shrink, imaginary parts turn; R1 makes them $-\gamma/2 \pm \sqrt{\gamma^2/4 - 1/4}$.
# - Near the middle, simultaneous steps settle for $h < 4\gamma$ (up to $\gamma = 1$). From far away, minimax also
#   needs $h\gamma < 1$: else the penalty turns the discriminator to the wrong side.
# - Alternating steps take the outward push out of the linear part; this helps with weak penalties. Simultaneous
#   non-saturating steps without a penalty end on a ring of radius $\sqrt{2h}$.
# - Noise and width damp like R1. A faster discriminator strengthens a *weak* damping ($k\gamma^2 < 1$), and EMA hides a
#   turning; neither makes a damping.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Your simultaneous minimax game spirals outwards. Does a rate ten times smaller stop that?</summary>
#
# No. Near the middle the factor per step is √(1 + h²/4), which is above 1 for every h (elsewhere it is another factor
# above 1). The spiral gets tighter: per unit of time (h times steps) it grows ten times more slowly. It never turns
# inwards.
#
# </details>
#
# <details><summary>Two games have the eigenvalues ±i/2 at their solution. Must they behave alike?</summary>
#
# No. With real part zero the linear part doesn't decide. Minimax circles for ever, and the non-saturating game creeps
# in like √(8/t). In steps things are different again.
#
# </details>
#
# <details><summary>Why can plain GANs settle on wide, overlapping clusters, and not on a single point?</summary>
#
# A cluster of width s gives the discriminator a finite best slope, which damps like R1 with γ = s²/2. A point gives no
# such damping: the slope can always grow.
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
#   stable*](https://arxiv.org/abs/1706.04156): conditions under which plain GANs do converge locally.
# - [Gidel et al. 2018, *Negative Momentum for Improved Game Dynamics*](https://arxiv.org/abs/1807.04740): alternating
#   against simultaneous steps, proved, and what momentum does to a game.
# - [Heusel et al. 2017, *GANs Trained by a Two Time-Scale Update Rule*](https://arxiv.org/abs/1706.08500): two learning
#   rates, and the conditions of their theorem.
# - [Yazıcı et al. 2018, *The Unusual Effectiveness of Averaging in GAN Training*](https://arxiv.org/abs/1806.04498):
#   what EMA does on a circle, and to images.

# %% [markdown]
# ## Key terms
#
# {{terms: gradient field; Dirac-GAN; Jacobian; eigenvalue; spectral radius; limit cycle; R1 penalty; instance noise;
# two time scales; exponential moving average (EMA)}}

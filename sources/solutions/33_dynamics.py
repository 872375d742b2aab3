# %% [markdown]
# # Exercises 33 · Dynamics: why games go round
#
# You build the game of two numbers yourself. You find out how large a step may be, near the middle and far away, and
# you write an average that forgets its beginning. The theory is in [the chapter](../chapters/33_dynamics.ipynb);
# [worked solutions](../solutions/33_dynamics.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

from gan_edu import plotting
from gan_edu.checks import chapter_33 as q

plotting.use_style()

# %% [markdown]
# ## 1. The field of a game
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# The real point is 0, the forged one $\theta$, the logit $\psi x$. The losses, with the **non-saturating** generator
# and the R1 penalty (and with $\operatorname{softplus}(t) = \ln(1 + e^t)$):
#
# $$L_G = \operatorname{softplus}(-\theta\psi), \qquad
# L_D = \ln 2 + \operatorname{softplus}(\theta\psi) + \tfrac{\gamma}{2}\psi^2.$$
#
# Write `gradient_field(theta, psi, gamma)`: where both players want to go, `(v_theta, v_psi)`; each is *minus* the
# derivative of the player's own loss by its own weight. Plain Python floats; `math.exp` is enough.


# %% answer="gradient_field"
def gradient_field(theta, psi, gamma):
    ### BEGIN SOLUTION
    def sigmoid(t):
        return 1 / (1 + math.exp(-t))

    return psi * sigmoid(-theta * psi), -theta * sigmoid(theta * psi) - gamma * psi
    ### END SOLUTION


# %% check="gradient_field" points=2
q.gradient_field.check(gradient_field)
### BEGIN HIDDEN TESTS
_theta, _psi = gradient_field(0.5, -2.0, 0.7)
assert abs(float(_theta) + 1.462117) < 1e-4 and abs(float(_psi) - 1.265529) < 1e-4
### END HIDDEN TESTS

# %%
# q.gradient_field.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# ## 2. Taking turns
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# Write `alternating_turn(field, theta, psi, h, gamma)`. The discriminator makes a step of size `h`; then the generator
# makes one, and answers to the **new** discriminator. `field(theta, psi, gamma)` is a function like yours of
# question 1. Return the new `(theta, psi)`.


# %% answer="alternating_turn"
def alternating_turn(field, theta, psi, h, gamma):
    ### BEGIN SOLUTION
    psi = psi + h * field(theta, psi, gamma)[1]
    theta = theta + h * field(theta, psi, gamma)[0]
    return theta, psi
    ### END SOLUTION


# %% check="alternating_turn" points=1
q.alternating_turn.check(alternating_turn)
### BEGIN HIDDEN TESTS
_turn = alternating_turn(lambda theta, psi, gamma: (psi * psi, theta - gamma * psi), 0.5, -2.0, 0.4, 0.7)
assert abs(float(_turn[0]) - (0.5 + 0.4 * 1.24**2)) < 1e-4 and abs(float(_turn[1]) + 1.24) < 1e-4
### END HIDDEN TESTS

# %%
# q.alternating_turn.hint()

# %% [markdown]
# Your game at work. **Predict, and say why:** which of the two paths comes nearer to the middle within 400 turns?

# %%
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.2), sharey=True)
for ax, gamma in zip(axes, (0.0, 0.2), strict=True):
    path = [(1.5, 0.0)]
    for _ in range(400):
        path.append(alternating_turn(gradient_field, *path[-1], 0.3, gamma))
    ax.plot(*np.transpose(path), color=plotting.NEUTRAL[0], linewidth=0.8, marker=".", markersize=3)
    ax.plot(0, 0, "+", markersize=12, color=plotting.THEORY)
    ax.set(title=f"γ = {gamma}", xlabel="θ (generator)", aspect="equal", xlim=(-1.2, 1.7), ylim=(-1.3, 1.0))
axes[0].set_ylabel("ψ (discriminator)")
plt.show()

# %% [markdown]
# The right one. Both go in, the left one as slowly as $\sqrt{8/t}$. The penalty on the right shrinks the distance by a
# fixed factor per turn, so exponentially.
#
# ## 3. How much a step shrinks the distance
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Near the middle, one **simultaneous** step multiplies $(\theta, \psi)$ by $I + hJ$, with
# $J = \begin{pmatrix} 0 & \frac12 \\ -\frac12 & -\gamma \end{pmatrix}$. Write `shrink_factor(h, gamma)`: the number by
# which the distance to the middle is multiplied per step, in the long run.


# %% answer="shrink_factor"
def shrink_factor(h, gamma):
    ### BEGIN SOLUTION
    jacobian = np.array([[0, 0.5], [-0.5, -gamma]])
    return np.abs(np.linalg.eigvals(np.eye(2) + h * jacobian)).max()
    ### END SOLUTION


# %% check="shrink_factor" points=2
q.shrink_factor.check(shrink_factor)
### BEGIN HIDDEN TESTS
assert abs(float(shrink_factor(0.8, 0.3)) - 0.92**0.5) < 1e-4
assert abs(float(shrink_factor(1.5, 2.5)) - 2.593466) < 1e-4
### END HIDDEN TESTS

# %%
# q.shrink_factor.hint()

# %% [markdown]
# ## 4. The largest step
# *Difficulty ●●● · importance ●●○ · 15 minutes*
#
# Write `largest_step(gamma)`: the step size $h$ up to which simultaneous steps shrink near the middle, as a formula,
# for **every** $\gamma \ge 0$. (Where no step size does, the answer is 0.) Derive it from the eigenvalues, without
# looking it up in the chapter.


# %% answer="largest_step"
def largest_step(gamma):
    ### BEGIN SOLUTION
    if gamma <= 1:
        return 4 * gamma
    return 4 / (gamma + math.sqrt(gamma**2 - 1))
    ### END SOLUTION


# %% check="largest_step" points=3
q.largest_step.check(largest_step)
### BEGIN HIDDEN TESTS
assert abs(float(largest_step(0.35)) - 1.4) < 1e-4
assert abs(float(largest_step(3.0)) - (12 - 128**0.5)) < 1e-4 and abs(float(largest_step(0.0))) < 1e-6
### END HIDDEN TESTS

# %%
# q.largest_step.hint()

# %% [markdown]
# Do questions 3 and 4 agree with each other? Just below your limit the factor must be below 1, just above it above 1:

# %%
for gamma in (0.2, 0.8, 1.5, 3.0):
    limit = largest_step(gamma)
    print(f"γ = {gamma}: limit {limit:.3f}, factors {shrink_factor(0.99 * limit, gamma):.4f}", end=" and ")
    print(f"{shrink_factor(1.01 * limit, gamma):.4f}")

# %% [markdown]
# That is near the middle. Now play the curved game from $(1, 1)$, with simultaneous steps of three quarters of your
# limit. **Predict, and say why:** for which of the four $\gamma$ will the pair arrive?

# %%
for gamma in (0.2, 0.8, 1.0, 3.0):
    theta, psi, h = 1.0, 1.0, 0.75 * largest_step(gamma)
    for _ in range(500):
        if abs(theta) + abs(psi) < 20:  # else it has run away
            v_theta, v_psi = gradient_field(theta, psi, gamma)
            theta, psi = theta + h * v_theta, psi + h * v_psi
    print(f"γ = {gamma}: h = {h:.2f}, hγ = {h * gamma:.1f},", "runs away" if abs(theta) + abs(psi) >= 20 else "arrives")

# %% [markdown]
# Here the generator is the non-saturating one. In the minimax game $h\gamma > 1$ was already too much (section 4):
# $\psi$ changes its sign, and the generator walks away with full force. This one walks with full force only *towards*
# the data, so a change of sign may be harmless. But with $\gamma = 1$ we have $h\gamma = 3$: the penalty alone turns
# $\psi$ into $-2\psi$ at each step, and the pair runs away. (Below $h\gamma = 2$ nothing is promised far out, either:
# from $(10, 10)$ the game with $\gamma = 0.8$ runs away, too.)

# %% [markdown]
# ## 5. An average without a past
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# The usual EMA, $\bar\theta \leftarrow \beta\bar\theta + (1-\beta)\theta$, begins with the untrained network and keeps
# it for long. Write `average(values, beta)` that doesn't: after step $t$
#
# $$\bar\theta_t = \frac{\sum_{k \le t} \beta^{t-k}\, \theta_k}{\sum_{k \le t} \beta^{t-k}}.$$
#
# `values` is a list of numbers; return the list of averages, one for each step. One pass is enough.


# %% answer="average"
def average(values, beta):
    ### BEGIN SOLUTION
    total, weight, means = 0.0, 0.0, []
    for value in values:
        total = beta * total + value
        weight = beta * weight + 1
        means.append(total / weight)
    return means
    ### END SOLUTION


# %% check="average" points=2
q.average.check(average)
### BEGIN HIDDEN TESTS
_means = [float(each) for each in average([4.0, -2.0, 1.0], 0.6)]
assert len(_means) == 3 and max(abs(a - b) for a, b in zip(_means, (4, 0.25, 0.632653), strict=True)) < 1e-4
### END HIDDEN TESTS

# %%
# q.average.hint()

# %% [markdown]
# Here it is on a generator that circles, and on one that walks to its goal. **Predict, and say why,** for each: is the
# average better than the raw value?

# %%
steps = np.arange(400)
circling = np.cos(0.1 * steps)
walking = 0.97**steps
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.0), sharey=True)
for ax, (name, values) in zip(axes, {"circling": circling, "walking": walking}.items(), strict=True):
    ax.plot(steps, values, color="0.7", label="raw")
    ax.plot(steps, average(list(values), 0.99), color=plotting.NEUTRAL[0], label="averaged, β = 0.99")
    ax.axhline(0, color="black", linestyle=(0, (5, 3)), linewidth=1.5)
    ax.set(title=name, xlabel="step")
axes[0].set_ylabel("place (the goal is 0)")
axes[1].legend()
plt.show()

# %% [markdown]
# On the circle it is better: ups and downs cancel. On the walk it is worse, because it remembers places that are long
# left behind.
#
# ## 6. A diagnosis
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A friend's GAN produces good samples at step 20,000, bad ones at 23,000, good ones at 26,000, and so on; the gradients
# are as large as ever. “It is stuck in a local optimum,” says the friend. “I restart it with a larger learning rate for
# both, and a discriminator that learns five times as fast.”
#
# What is wrong with the diagnosis, and what do you expect of the cure? What would you do first, and how would you see
# whether it helped? Six or seven sentences.

# %% [markdown] answer="diagnosis" points=2
# <!-- ### BEGIN SOLUTION -->
# In a local optimum all gradients would be near zero and nothing would move. Something that comes back every few
# thousand steps with large gradients is probably turning: complex eigenvalues with hardly any damping. A larger step
# makes a spiral worse, or a limit cycle larger (its radius grows like the root of the step). A faster discriminator
# multiplies a damping that is there. Alone it makes none.
#
# I would add R1 first, with several sizes of γ, and keep alternating steps. An average of the generator's weights hides
# the turning from the samples, if its memory is short compared with the run. I would compare several seeds, late in
# training, by a measure of the samples. The losses are those of a moving opponent and tell little.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer:

# %%
# q.diagnosis.hint()
# q.diagnosis.check()

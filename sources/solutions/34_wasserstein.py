# %% [markdown]
# # Exercises 34 · Wasserstein: how far must the points travel?
#
# You compute the distance by sorting, and what a plan costs. You find out what a critic proves, and write a penalty
# that doesn't get stuck. The theory is in [the chapter](../chapters/34_wasserstein.ipynb). There are
# [worked solutions](../solutions/34_wasserstein.ipynb) for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from gan_edu import nets, plotting
from gan_edu.checks import chapter_34 as q

plotting.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## 1. Sort and pair
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# Write `wasserstein(x, y, p)`: $W_p$ of two samples on a line, which are NumPy arrays of the same length. Each way
# counts by its $p$-th power (the chapter writes $r$ for this $p$). At the end there is a $p$-th root, so that the
# result has the units of the data.


# %% answer="wasserstein"
def wasserstein(x, y, p):
    ### BEGIN SOLUTION
    return (np.abs(np.sort(x) - np.sort(y)) ** p).mean() ** (1 / p)
    ### END SOLUTION


# %% check="wasserstein" points=1
q.wasserstein.check(wasserstein)
### BEGIN HIDDEN TESTS
import numpy

given = numpy.array([4.0, -1.0, 0.5, 2.0]), numpy.array([1.0, 7.0, -3.0, 0.0])  # sorted: ways 2, 0.5, 1 and 3
for power, sum_of_powers in ((1, 6.5), (2, 14.25), (4, 98.0625)):
    assert abs(float(wasserstein(*(each.copy() for each in given), power)) - (sum_of_powers / 4) ** (1 / power)) < 1e-6
### END HIDDEN TESTS

# %%
# q.wasserstein.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# **Predict, and say why:** one of 100 points is moved away by 10. Which of the two distances grows more, $W_1$ or
# $W_2$?

# %%
x = np.linspace(0, 1, 100)
y = x.copy()
y[50] += 10
print(f"W1 {wasserstein(x, y, 1):.2f}, W2 {wasserstein(x, y, 2):.2f}")

# %% [markdown]
# <details><summary>Which one, and why?</summary>
#
# $W_2$ grows much more. $W_1$ is the mean way, and 10 in total over 100 points is 0.1. After sorting, the last pair is
# 9.5 apart, and 49 short ways share the rest. $W_2$ squares first, so the one long way counts nearly for itself: about
# √(9.5² / 100) = 0.95. A single outlier weighs far more in $W_2$.
#
# </details>

# %% [markdown]
# ## 2. The price of a plan
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Write `price(x, y, plan)`: what it costs to carry out a transport plan. The places `x` have the shape (n, d), the
# places `y` (m, d), and `plan[i, j]` is how much goes between `x[i]` and `y[j]`. A way costs its length, straight
# ahead.


# %% answer="price"
def price(x, y, plan):
    ### BEGIN SOLUTION
    return (plan * np.linalg.norm(x[:, None] - y[None], axis=-1)).sum()
    ### END SOLUTION


# %% check="price" points=2
q.price.check(price)
### BEGIN HIDDEN TESTS
import numpy

corners = (
    numpy.array([[0.0, 0.0, 0.0], [1.0, 2.0, 2.0]]),
    numpy.array([[0.0, 0.0, 0.0], [0.0, 3.0, 4.0], [2.0, 3.0, 6.0]]),
)
shares = numpy.array([[0.1, 0.2, 0.3], [0.4, 0.0, 0.0]])
assert abs(float(price(*corners, shares)) - (0.2 * 5 + 0.3 * 7 + 0.4 * 3)) < 1e-6
### END HIDDEN TESTS

# %%
# q.price.hint()

# %% [markdown]
# ## 3. What a critic proves
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# Somebody shows you a critic's values at points on a line: `f_real` at the real places `real`, `f_fake` at the forged
# places `fake`. You don't know how steep the critic is. Write `lower_bound(real, fake, f_real, f_fake)`: what it earns,
# divided by its steepest slope between **any** two of these points, up or down. Some points may lie in the same place;
# leave such pairs out. If the critic ranks forged points above real ones, what it earns is negative, and so is the
# result.
#
# **Predict, and say why:** can this number be larger than $W_1$ between the two sets of points?


# %% answer="lower_bound"
def lower_bound(real, fake, f_real, f_fake):
    ### BEGIN SOLUTION
    x, f = np.concatenate([real, fake]), np.concatenate([f_real, f_fake])
    apart, rise = np.abs(x[:, None] - x[None]), np.abs(f[:, None] - f[None])
    steepest = (rise[apart > 0] / apart[apart > 0]).max()
    return (f_real.mean() - f_fake.mean()) / steepest
    ### END SOLUTION


# %% check="lower_bound" points=2
q.lower_bound.check(lower_bound)
### BEGIN HIDDEN TESTS
import numpy

spots = numpy.array([4.0, 4.0, 6.0]), numpy.array([1.0, 0.0])
assert abs(float(lower_bound(*spots, numpy.array([1.0, 1.0, 1.5]), numpy.array([0.0, 0.2]))) - 3.2) < 1e-6
down = numpy.array([0.0, -4.0, -4.5]), numpy.array([9.0, 8.0])  # steepest downwards, and it earns less than nothing
assert abs(float(lower_bound(numpy.array([3.0, 5.0, 6.0]), numpy.array([1.0, 0.0]), *down)) + 68 / 27) < 1e-6
### END HIDDEN TESTS

# %%
# q.lower_bound.hint()

# %% [markdown]
# **Predict:** here are three critics for the same points. Whose bound is best, and does any of them exceed the truth?

# %%
draw = np.random.default_rng(0)
real, fake = np.concatenate([draw.normal(-2, 0.5, 100), draw.normal(2, 0.5, 100)]), draw.normal(0, 1, 200)
print(f"truth: {wasserstein(real, fake, 1):.3f}")
for name, critic in {"|x|": np.abs, "x²": np.square, "100 |x|": lambda x: 100 * np.abs(x)}.items():
    print(f"{name}: at least {lower_bound(real, fake, critic(real), critic(fake)):.3f}")

# %% [markdown]
# <details><summary>What came out, and why?</summary>
#
# None exceeds the truth, and none can: divided by its steepest slope, each is a carrier who keeps the rule (section 3
# of the chapter). The critics |x| and 100 |x| give the same bound, since the division takes the factor away. It comes
# near the truth, because |x| climbs with slope 1 nearly everywhere where earth must go outwards. x² is steep only far
# outside and flat in the middle, so it wastes most of what its steepest slope would allow.
#
# </details>

# %% [markdown]
# ## 4. A one-sided penalty
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# Write `one_sided(critic, real, fake, share)`, the penalty that doesn't get stuck. Points `real` and `fake` have the
# shape (N, 2), `share` (N, 1), between 0 and 1; `critic` gives (N, 1).
#
# 1. Take the points between: at share 0 the real one, at share 1 the forged one.
# 2. Take the length of the critic's gradient at each of them.
# 3. Punish only what is above 1: return the mean of $\max(0, \lVert\nabla f\rVert - 1)^2$ over the points.
#
# The critic's weights must be able to learn from the result. Leave everything else about the critic as it is: whatever
# stands in its `.grad`, which of its weights may learn, and its mode.


# %% answer="one_sided"
def one_sided(critic, real, fake, share):
    ### BEGIN SOLUTION
    between = (real + share * (fake - real)).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (gradient.norm(dim=1) - 1).clamp(min=0).square().mean()
    ### END SOLUTION


# %% check="one_sided" points=3
q.one_sided.check(one_sided)
### BEGIN HIDDEN TESTS
import torch

steep = torch.nn.Linear(2, 1)
steep.weight.data = torch.tensor([[3.0, 4.0]])  # slope 5 everywhere
steep.weight.grad = torch.full((1, 2), 7.0)
found = one_sided(steep, torch.zeros(3, 2), torch.ones(3, 2), torch.full((3, 1), 0.25))
assert abs(found.item() - 16) < 1e-3
assert bool((steep.weight.grad == 7).all())
(push,) = torch.autograd.grad(found, steep.weight)
assert bool(((push - torch.tensor([[4.8, 6.4]])).abs() < 1e-3).all())
steep.weight.data = torch.tensor([[0.3, 0.4]])
assert one_sided(steep, torch.zeros(3, 2), torch.ones(3, 2), torch.full((3, 1), 0.25)).item() == 0
### END HIDDEN TESTS

# %%
# q.one_sided.hint()

# %% [markdown]
# Your penalty at work, on points in the plane: a circle of radius 2 and a heap in its middle. The exact distance is
# 1.373. **Predict, and say why:** what does the critic earn with $\lambda = 10$, and with $\lambda = 1$?

# %%
for weight in (10.0, 1.0):
    torch.manual_seed(0)
    critic = nets.mlp([2, 64, 64, 1])
    adam = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.9))
    for _ in range(400):
        angle = 2 * torch.pi * torch.rand(256)
        real, fake = 2 * torch.stack([angle.cos(), angle.sin()], 1), 0.5 * torch.randn(256, 2)
        earns = critic(real).mean() - critic(fake).mean()
        adam.zero_grad()
        (weight * one_sided(critic, real, fake, torch.rand(256, 1)) - earns).backward()
        adam.step()
    print(f"λ = {weight:g}: {earns.item():.1f}")

# %% [markdown]
# <details><summary>Why so much more with λ = 1?</summary>
#
# The penalty is a soft wall: leaning on it pays, and the excess is proportional to 1/λ. With λ = 10 the critic earns a
# few per cent too much. With λ = 1 the excess is about ten times as large. The next question makes this exact.
#
# </details>

# %% [markdown]
# ## 5. What the penalty adds
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# All real data lie in one place, all forged data in another, at the distance $a$. A critic with slope $k$ on the way
# between them earns $ka$. In training it maximises $ka - \lambda\,\max(0, k - 1)^2$. Write `earned(a, weight)`: what
# the best critic earns, for the distance `a` and $\lambda$ = `weight`. Write a formula, not a search. `a` may be a
# number or an array of distances.


# %% answer="earned"
def earned(a, weight):
    ### BEGIN SOLUTION
    return a * (1 + a / (2 * weight))
    ### END SOLUTION


# %% check="earned" points=2
q.earned.check(earned)
### BEGIN HIDDEN TESTS
assert abs(float(earned(2.0, 0.25)) - 10) < 1e-6
assert abs(float(earned(7.0, 2.0)) - 19.25) < 1e-6
### END HIDDEN TESTS

# %%
# q.earned.hint()

# %% [markdown]
# The same data once in metres and once in decimetres: which distance would you read, in metres?

# %%
a = np.linspace(0.01, 3, 100)
_, ax = plt.subplots(figsize=(6.8, 3.2))
ax.plot(a, a, color="black", linestyle=(0, (5, 3)), linewidth=1.5, label="exact")
ax.plot(a, earned(a, 10.0), color=plotting.NEUTRAL[0], label="data in metres, λ = 10")
ax.plot(a, earned(10 * a, 10.0) / 10, color=plotting.NEUTRAL[2], label="data in decimetres, λ = 10")
ax.set(xlabel="distance in metres", ylabel="read, in metres", ylim=(0, 8))
ax.legend()
plt.show()

# %% [markdown]
# At 3 metres you read 3.45 from metres, and 7.5 from decimetres: the excess is ten times as large.
#
# ## 6. Two loss curves
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Two friends compare their WGANs. The first clips the weights at 0.01, and the critic's number has come down to 0.02.
# The second uses a gradient penalty with $\lambda = 10$, and the number is 0.4. “Mine is twenty times closer to the
# data”, says the first.
#
# Is it? What do the two numbers say, and what don't they say? How would you compare the two generators? Write six or
# seven sentences.

# %% [markdown] answer="two_curves" points=2
# <!-- ### BEGIN SOLUTION -->
# They can't be compared. What a clipped critic earns depends on c, depth and width: it has no units, and with another c
# the same samples would give a tenth of it, or ten times as much. The penalised critic's number has the units of the
# data, but is too high by an excess that grows with the square of the distance; and if the critic lags behind, it may
# be far too low.
#
# Within one run, with a well-trained critic, a falling number is good news. To compare the generators I would take one
# measure for both that had no part in training: an exact pairing or a Fréchet distance, with the same number of
# samples, with several seeds, and with its floor. If it has to be critics, I would train the same fresh critic against
# both and divide by its steepest slope.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer:

# %%
# q.two_curves.hint()
# q.two_curves.check()

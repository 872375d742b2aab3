# %% [markdown]
# # Exercises 63 · Where next
#
# The parts of [the chapter](../chapters/63_where_next.ipynb): a target, a walk, a distance between clouds, and four
# messages. [Worked solutions](../solutions/63_where_next.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch

from gan_edu import data, device, nets
from gan_edu.checks import chapter_63 as q

# %% [markdown]
# ## 1. A target for the velocity
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# Noise `z` and data `x` have shape (N, d), the times `t` (N, 1). Return two tensors (N, d): where one is at time t on
# the straight line from z to x, and the velocity there.


# %% answer="on_the_way"
def on_the_way(z, x, t):
    ### BEGIN SOLUTION
    return (1 - t) * z + t * x, x - z
    ### END SOLUTION


# %% check="on_the_way" points=1
q.on_the_way.check(on_the_way)
### BEGIN HIDDEN TESTS
from torch import allclose, as_tensor, tensor

z, x, t = tensor([[0.0, 1.0], [2.0, 2.0]]), tensor([[4.0, 1.0], [2.0, -2.0]]), tensor([[0.5], [0.25]])
at, velocity = (as_tensor(each).float() for each in on_the_way(z, x, t))
assert allclose(at, tensor([[2.0, 1.0], [2.0, 1.0]]))
assert allclose(velocity, tensor([[4.0, 0.0], [0.0, -4.0]]))
### END HIDDEN TESTS

# %%
# q.on_the_way.hint()

# %% [markdown]
# ## 2. A walk
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# `velocity(x, t)` gives the velocities (N, d) of points x (N, d) at time t, a number. Walk from z (N, d) at time 0 to
# time 1, in n equal steps, each along the velocity at its beginning. Return where the points are then.


# %% answer="walk"
def walk(velocity, z, n):
    ### BEGIN SOLUTION
    x = z
    for k in range(n):
        x = x + velocity(x, k / n) / n
    return x
    ### END SOLUTION


# %% check="walk" points=2
q.walk.check(walk)
### BEGIN HIDDEN TESTS
from torch import allclose, tensor

assert allclose(walk(lambda x, t: 2 * x + t, tensor([[1.0]]), 2).float(), tensor([[4.25]]))
assert allclose(walk(lambda x, t: t - x, tensor([[4.0, 0.0]]), 4).float(), tensor([[1.58203125, 0.31640625]]))
### END HIDDEN TESTS

# %%
# q.walk.hint()

# %% [markdown]
# ## 3. The energy distance
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Two clouds, `x` (N, d) and `y` (M, d). Return the energy distance, a scalar: twice the mean distance from a point of x
# to a point of y, minus the mean distance between two *different* points of x, minus the same for y.


# %% answer="energy_distance"
def energy_distance(x, y):
    ### BEGIN SOLUTION
    n, m = len(x), len(y)
    inside_x = torch.cdist(x, x).sum() / (n * (n - 1))
    inside_y = torch.cdist(y, y).sum() / (m * (m - 1))
    return 2 * torch.cdist(x, y).mean() - inside_x - inside_y
    ### END SOLUTION


# %% check="energy_distance" points=2
q.energy_distance.check(energy_distance)
### BEGIN HIDDEN TESTS
from torch import tensor

assert abs(float(energy_distance(tensor([[0.0], [2.0]]), tensor([[1.0], [5.0]]))) + 1) < 1e-4
assert abs(float(energy_distance(tensor([[0.0], [1.0], [2.0]]), tensor([[10.0], [11.0]]))) - (19 - 4 / 3 - 1)) < 1e-4
### END HIDDEN TESTS

# %%
# q.energy_distance.hint()

# %% [markdown]
# ## 4. Four messages
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "Our flow model has FID 3, your GAN has 4. So flows are better."
# 2. "We distilled the four-step sampler into one step, by regression on a million pairs." **Predict:** how good is the
#    student, on real data?
# 3. "After fine-tuning on the Fréchet distance in Inception features our FID is below that of real pictures."
# 4. "We looked at the third principal direction: it is *smiling*."

# %% [markdown] answer="messages_on_generators" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. How many evaluations has each, how large are the networks, how long did they train? And how far does FID scatter?
# 2. About as good as the four-step sampler, not better: the pairs hold its mistakes.
# 3. They trained on the judge. It can no longer tell; ask another one, that training didn't see.
# 4. Measure: the change of smiles against that of everything else, and random directions beside it.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.messages_on_generators.hint()
# q.messages_on_generators.check()

# %% [markdown]
# ## Your tools at work
#
# Two moons, one small network, 1,000 steps. **Predict:** at which number of evaluations does more no longer help?

# %%
moons, stream = data.toy.two_moons(), device.generator(1)
device.seed_everything(1)
net = nets.mlp([3, 32, 32, 2], activation="tanh")
adam = torch.optim.Adam(net.parameters(), lr=1e-2)
fall = torch.optim.lr_scheduler.CosineAnnealingLR(adam, 1000)
for _ in range(1000):
    z, x, t = torch.randn(256, 2, generator=stream), moons.sample(256, stream), torch.rand(256, 1, generator=stream)
    at, target = on_the_way(z, x, t)
    loss = (net(torch.cat([at, t], dim=1)) - target).square().sum(dim=1).mean()
    adam.zero_grad()
    loss.backward()
    adam.step()
    fall.step()

# %% tags=["nbval-ignore-output"]
velocity = torch.no_grad()(lambda x, t: net(torch.cat([x, torch.full((len(x), 1), t)], dim=1)))
z, real = torch.randn(2000, 2, generator=stream), moons.sample(2000, stream)
print(f"real points against others: {1000 * energy_distance(moons.sample(2000, stream), real):8.2f} thousandths")
for n in (1, 2, 4, 8, 16, 32):
    print(f"{n:3d} evaluations: {1000 * energy_distance(walk(velocity, z, n), real):19.2f}")

# %% [markdown]
# <details><summary>Compare</summary>
#
# One evaluation ends in the middle. Then the distance falls with each doubling; from 16 on there is little left to
# gain. What remains is the network's error: 256 evaluations still left 8.5.
#
# </details>

# %% [markdown]
# # Exercises 22 · The discriminator's decision surface
#
# Five questions about [the chapter](../chapters/22_decision_surface.ipynb)'s maps: the best one, what its accuracy
# says, a judge that is blind on purpose, the arrows, and three maps to read. Stuck? Ask for a hint;
# [worked solutions](../solutions/22_decision_surface.ipynb) are there too, for later.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, nets, plotting
from gan_edu.checks import chapter_22 as q
from gan_edu.widgets import DiscriminatorSurface

plotting.use_style()

# %% [markdown]
# ## 1 · The best discriminator
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# Real points have the density $p$, generated ones $q$. Write `optimal_discriminator(log_p, log_q)`: it gets the
# *logarithms* of both densities at some places, two tensors of one shape, and gives $D^* = p/(p+q)$ there.
#
# It must work far from all data too, where a density can be as small as $e^{-1000}$.
#
# **Predict:** what is $D^*$ where $\log p = -1000$ and $\log q = -1000$? And where $\log q$ is −1001?


# %% answer="optimal_discriminator"
def optimal_discriminator(log_p, log_q):
    ### BEGIN SOLUTION
    return torch.sigmoid(log_p - log_q)
    ### END SOLUTION


# %% check="optimal_discriminator" points=2
q.optimal_discriminator.check(optimal_discriminator)

# %%
# q.optimal_discriminator.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# Your formula draws the best map for two moons (real) against a round forger. Where is its ½-line, compared with the
# points?

# %%
moons, forger = data.toy.make("two_moons"), data.toy.gaussian_mixture([[0.0, 0.0]], std=1.0)
x1, x2 = torch.meshgrid(torch.linspace(-3, 3, 120), torch.linspace(-3, 3, 120), indexing="xy")
places = torch.stack([x1, x2], dim=-1)
best = optimal_discriminator(moons.log_prob(places), forger.log_prob(places))

_, ax = plt.subplots(figsize=(5, 4.4))
ax.imshow(best, extent=(-3, 3, -3, 3), origin="lower", cmap=plotting.D_CMAP, vmin=0, vmax=1)
ax.contour(x1, x2, best, levels=[0.5], colors=[plotting.DISC])
plotting.scatter_2d(moons.sample(300, 0), forger.sample(100, 1), ax=ax)
ax.set(xlim=(-3, 3), ylim=(-3, 3))
plt.show()

# %% [markdown]
# ## 2 · Accuracy, from logits
# *Difficulty ●○○ · importance ●●○ · 5 minutes*
#
# A discriminator says "real" where $D > \tfrac12$, else "generated". Its **accuracy** is the share of real points that
# it calls real, and the share of generated points that it calls generated; of these two shares the mean.
#
# Write `accuracy(real_logits, fake_logits)`. The two tensors hold logits, (N,) or (N, 1), and may have different
# numbers of points. No logit is exactly 0.
#
# **Predict:** what is the accuracy of a judge that says "real" to everything?


# %% answer="accuracy"
def accuracy(real_logits, fake_logits):
    ### BEGIN SOLUTION
    on_real = (real_logits > 0).float().mean()
    on_fake = (fake_logits < 0).float().mean()
    return (on_real + on_fake) / 2
    ### END SOLUTION


# %% check="accuracy" points=2
q.accuracy.check(accuracy)

# %%
# q.accuracy.hint()

# %% [markdown]
# ## 3 · A judge that is blind to angles
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Write a discriminator that sees only how far a point is from the centre. `RadiusJudge()` takes points (N, 2) and gives
# logits (N, 1). Points at the same distance get the same logit; what it says about a distance, it can learn.
#
# **Predict:** what do the ½-lines of such a judge look like, whatever its weights are?


# %% answer="RadiusJudge"
class RadiusJudge(nn.Module):
    def __init__(self):
        ### BEGIN SOLUTION
        super().__init__()
        self.net = nets.mlp([1, 32, 32, 1], activation="tanh")
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        return self.net(x.norm(dim=1, keepdim=True))
        ### END SOLUTION


# %% check="RadiusJudge" points=3
q.RadiusJudge.check(RadiusJudge)

# %%
# q.RadiusJudge.hint()

# %% [markdown]
# Now let it judge a game on two moons. Your class goes into the widget as it is. Before you run: where will the
# generated points go, and where won't they?

# %%
torch.manual_seed(0)
game = DiscriminatorSurface("two_moons", discriminator=RadiusJudge(), discriminator_steps=3, device="cpu").run(300)
plotting.surface_2d(
    game.gan.discriminator, 3.0, real=moons.sample(300, 0), fake=game.gan.sample(300), title="a judge without angles"
)

# %% [markdown]
# (`game` alone on the last line of a cell shows the live widget.)
#
# ## 4 · Arrows
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# Write `arrows(discriminator, points)`: for each generated point (N, d) the direction in which *its own*
# non-saturating loss, $-\log D$, falls, and with the length of that slope: $-\partial(-\log D(x))/\partial x$. The
# discriminator gives logits (N, 1).
#
# Leave everything as you found it: no gradients in the discriminator's weights, and the caller's points unchanged.
#
# **Before you write:** there are two derivatives near by, one for the weights and one for the points. Which call gives
# the second without the first?


# %% answer="arrows"
def arrows(discriminator, points):
    ### BEGIN SOLUTION
    x = points.detach().clone().requires_grad_()
    loss = F.softplus(-discriminator(x)).sum()  # the sum: every point gets the gradient of its own loss
    (gradient,) = torch.autograd.grad(loss, x)
    return -gradient
    ### END SOLUTION


# %% check="arrows" points=4
q.arrows.check(arrows)

# %%
# q.arrows.hint()

# %% [markdown]
# Your arrows on your judge's map. Does any of them point sideways?

# %%
fakes = game.gan.sample(60)
_, ax = plt.subplots(figsize=(5.4, 4.6))
plotting.surface_2d(game.gan.discriminator, 3.0, fake=fakes, ax=ax)
pull = arrows(game.gan.discriminator, fakes)
ax.quiver(*fakes.T, *pull.T, color=plotting.DISC, width=0.007, angles="xy")
plt.show()

# %% [markdown]
# ## 5 · Three maps
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Three people show you the map of their discriminator and ask what is going on.
#
# - **Map A** is white wherever points lie, and nearly white elsewhere.
# - **Map B** is deep blue on one side of a sharp line, deep orange on the other. Accuracy is 1.
# - **Map C** is white to light blue, with no orange and no ½-line anywhere, though all generated points lie in one
#   corner, far from the data.
#
# What can each be? How would you find out which? In B, does it matter which loss the generator has? And one of them
# adds: "In the lower left corner, where there is no point at all, it says 0.98. So real data live there." What do you
# answer? Two or three sentences for each.

# %% [markdown] answer="reading_maps" points=3
# <!-- ### BEGIN SOLUTION -->
# **A** can be the happy end (the two kinds of points can't be told apart) or a discriminator that has not found out
# yet. I would let it train alone for a few hundred steps: if colours come up, it was not the end. And I would look at
# the points themselves: do they lie where the data lie?
#
# **B** is a judge that has won. What counts is whether the orange side is flat. If there is still a slope at the
# generated points, the non-saturating loss passes it on almost undiminished (factor 1 − D ≈ 1); the minimax loss
# multiplies it by D ≈ 0. If it is flat, neither helps, and the discriminator should be made gentler.
#
# **C** is a bug: D is never below ½, so the "logit" is never negative. I would look for a sigmoid in the last layer.
#
# **The corner:** no points, no training, no meaning. Another seed may say 0.02 there.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.reading_maps.hint()
# q.reading_maps.check()

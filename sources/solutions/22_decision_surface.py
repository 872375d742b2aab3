# %% [markdown]
# # Exercises 22 · The discriminator's decision surface
#
# Five questions about the maps of [the chapter](../chapters/22_decision_surface.ipynb): the best map, the accuracy, a
# discriminator that is blind on purpose, the arrows, and three maps to read. If you are stuck, ask for a hint. The
# [worked solutions](../solutions/22_decision_surface.ipynb) are for later.
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
# ## 1. The best discriminator
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
### BEGIN HIDDEN TESTS
import torch as _t

_p, _q = _t.tensor([-3.0, -5.0, -2000.0, 0.5, -1.0]), _t.tensor([-3.0, -4.0, -2000.5, -700.0, 900.0])
_right = _t.tensor([0.5, 1 / (1 + 2.718281828), 1 / (1 + 2.718281828**-0.5), 1.0, 0.0])
assert _t.allclose(_t.as_tensor(optimal_discriminator(_p, _q)).float(), _right, atol=2e-4)
### END HIDDEN TESTS

# %%
# q.optimal_discriminator.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# (The predictions: ½, because only the difference of the logarithms counts. Then $\sigma(1) \approx 0.73$.) Your
# formula draws the best map for two moons (real) against a round forger. Before you run: where will its ½-line be?

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
# (It encloses each moon. Inside, real points are more frequent than forged ones; outside, the forger's are.)
#
# ## 2. Accuracy, from logits
# *Difficulty ●○○ · importance ●●○ · 5 minutes*
#
# A discriminator says "real" where $D > \tfrac12$, else "generated". Its **accuracy** is the share of real points that
# it calls real, and the share of generated points that it calls generated; of these two shares the mean.
#
# Write `accuracy(real_logits, fake_logits)`. The two tensors hold logits, (N,) or (N, 1), and may have different
# numbers of points. No logit is exactly 0.
#
# **Predict:** what is the accuracy of a discriminator that says "real" to everything?


# %% answer="accuracy"
def accuracy(real_logits, fake_logits):
    ### BEGIN SOLUTION
    on_real = (real_logits > 0).float().mean()
    on_fake = (fake_logits < 0).float().mean()
    return (on_real + on_fake) / 2
    ### END SOLUTION


# %% check="accuracy" points=2
q.accuracy.check(accuracy)
### BEGIN HIDDEN TESTS
import torch as _t

_real, _fake = _t.tensor([[3.0], [0.2], [0.1], [-7.0], [0.4]]), _t.tensor([[-0.1], [5.0]])
assert abs(float(accuracy(_real, _fake)) - 0.65) < 1e-5  # (4/5 + 1/2) / 2
assert abs(float(accuracy(_t.tensor([-1.0]), _t.tensor([-1.0, -2.0, -3.0]))) - 0.5) < 1e-5
### END HIDDEN TESTS

# %%
# q.accuracy.hint()

# %% [markdown]
# (Its accuracy is ½: it is right about all real points, and about no generated one.)
#
# ## 3. A discriminator that is blind to angles
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Write a discriminator that sees only how far a point is from the centre. `RadiusJudge()` takes points (N, 2) and gives
# logits (N, 1). Points at the same distance get the same logit. What it says about each distance, it can learn.
#
# **Predict:** what do the ½-lines of such a discriminator look like, whatever its weights are?


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
### BEGIN HIDDEN TESTS
import torch as _t

_t.manual_seed(3)
_judge = RadiusJudge()
_dtype = next(_judge.parameters()).dtype
_x, _turn = _t.randn(50, 2, dtype=_dtype), _t.tensor([[0.6, -0.8], [0.8, 0.6]], dtype=_dtype)
_out = _judge(_x)
assert _out.shape == (50, 1) and _t.allclose(_out, _judge(_x @ _turn), atol=1e-4)
assert _out.std() > 0 and any(p.requires_grad for p in _judge.parameters())
### END HIDDEN TESTS

# %%
# q.RadiusJudge.hint()

# %% [markdown]
# (Its ½-lines are circles around the centre.) Now it plays a game on two moons. Your class goes into the widget as it
# is. Before you run: which shape can the generator find, and which can it never find?

# %%
torch.manual_seed(0)
game = DiscriminatorSurface("two_moons", discriminator=RadiusJudge(), discriminator_steps=3, device="cpu").run(300)
plotting.surface_2d(
    game.gan.discriminator,
    3.0,
    real=moons.sample(300, 0),
    fake=game.gan.sample(300),
    title="a discriminator without angles",
)

# %% [markdown]
# The map has rings of colour and no trace of two moons. The generator can find how far from the centre points lie,
# never in which direction: **a generator can learn only what its discriminator can see.** This holds for big networks
# too. A discriminator that sees only small patches of a picture never complains about the whole. (`game` alone on the
# last line of a cell shows the live widget.)
#
# ## 4. Arrows
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# Write `arrows(discriminator, points)`. For each generated point, (N, d), it gives the arrow of *its own*
# non-saturating loss: $-\partial(-\log D(x))/\partial x$. The discriminator gives logits (N, 1).
#
# Leave everything as you found it: the discriminator's weights, their gradients, its mode, and the caller's points.
#
# **Before you write:** there are two derivatives here, one for the weights and one for the points. Which call gives
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
### BEGIN HIDDEN TESTS
import torch as _t

_t.manual_seed(4)
_net = _t.nn.Sequential(_t.nn.Linear(3, 8), _t.nn.Tanh(), _t.nn.Linear(8, 1))
_x = _t.randn(5, 3)
_given = arrows(_net, _x.clone()).double()
_net, _x = _net.double(), _x.double()
with _t.no_grad():  # the slopes, by differences
    _up, _down = ([_t.log(_t.sigmoid(_net(_x + h * e))) for e in _t.eye(3)] for h in (1e-4, -1e-4))
_right = _t.cat([(u - d) / 2e-4 for u, d in zip(_up, _down, strict=True)], dim=1)
assert _t.allclose(_given, _right, atol=1e-3)
### END HIDDEN TESTS

# %%
# q.arrows.hint()

# %% [markdown]
# Your arrows on the map of your `RadiusJudge`. Does any of them point sideways? (None can: along a circle the map is
# constant.)

# %%
fakes = game.gan.sample(60)
_, ax = plt.subplots(figsize=(5.4, 4.6))
plotting.surface_2d(game.gan.discriminator, 3.0, fake=fakes, ax=ax)
pull = arrows(game.gan.discriminator, fakes)
ax.quiver(*fakes.T, *pull.T, color=plotting.DISC, width=0.007, angles="xy")
plt.show()

# %% [markdown]
# ## 5. Three maps
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Three people show you the map of their discriminator and ask what is going on.
#
# - **Map A** is white wherever points lie, and nearly white elsewhere.
# - **Map B** is deep blue on one side of a sharp line, deep orange on the other. Accuracy is 1.
# - **Map C** is white to light blue, with no orange and no ½-line anywhere, though all generated points lie in one
#   corner, far from the data.
#
# What can each map mean? How would you find out? In B, does it matter which loss the generator has? One of the three
# people adds: "In the lower left corner, where there is no point at all, it says 0.98. So real data lie there." What do
# you answer? Two or three sentences for each.

# %% [markdown] answer="reading_maps" points=3
# <!-- ### BEGIN SOLUTION -->
# **A** can be the good end: real and generated points can't be told apart. Or the discriminator has not found the
# difference yet. I would let it train alone for a few hundred steps. If colours appear, it was not the end. I would
# also look at the points: do they lie where the data lie?
#
# **B** is a discriminator that has won. The question is whether the *logit* is flat on the orange side, and the colours
# can't tell. If it still has a slope at the generated points, the non-saturating loss passes nearly all of it on
# (factor 1 − D ≈ 1), and the minimax loss multiplies it by D ≈ 0. If it is flat, neither loss helps, and the
# discriminator should be made gentler. I would compute the slopes at the generated points.
#
# **C** is probably a bug. D is never below ½, so the "logit" is never negative. I would look for a sigmoid in the last
# layer.
#
# **The corner:** where no points come, nothing was learned. Another seed may say 0.02 there.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.reading_maps.hint()
# q.reading_maps.check()

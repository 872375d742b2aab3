# %% [markdown]
# # Exercises 21 · The adversarial game
#
# You write the parts of the game yourself, for points on a line, after [the
# chapter](../chapters/21_the_adversarial_game.ipynb): the losses, what the generator sees, and one step. At the end
# they are put together and play. [Worked solutions](../solutions/21_the_adversarial_game.ipynb) are there for later.
# Ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from gan_edu import data, nets, plotting
from gan_edu.checks import chapter_21 as q

plotting.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## 1. Losses of a shrug
# *Difficulty ●○○ · importance ●●○ · 5 minutes*
#
# A discriminator says the same probability $d$ to every point, real or generated. Write `flat_losses(d)` for a number
# $0 < d < 1$. It gives `(loss_d, loss_g)`: the discriminator's own loss, and the generator's non-saturating loss.
#
# **Predict, and say why:** which $d$ gives the discriminator the lowest loss? Does one that always says 0.9 get a
# higher loss than one that always says 0.5, or a lower one?


# %% answer="flat_losses"
def flat_losses(d):
    ### BEGIN SOLUTION
    loss_d = -math.log(d) - math.log(1 - d)
    loss_g = -math.log(d)
    return loss_d, loss_g
    ### END SOLUTION


# %% check="flat_losses" points=1
q.flat_losses.check(flat_losses)
### BEGIN HIDDEN TESTS
import math as _math

for _d in (0.25, 0.6, 0.99):
    _loss_d, _loss_g = flat_losses(_d)
    assert abs(float(_loss_d) + _math.log(_d * (1 - _d))) < 1e-4
    assert abs(float(_loss_g) + _math.log(_d)) < 1e-4
### END HIDDEN TESTS

# %%
# q.flat_losses.hint()  # remove the first # and run: each run gives one more hint

# %%
flat_losses(0.5), flat_losses(0.9)

# %% [markdown]
# The lowest loss belongs to $d = ½$, because $d(1 - d)$ is largest there. Always saying 0.9 costs more: 2.41 against
# 1.39. It is right about half of the points and gains a little there ($-\ln 0.9 = 0.11$ instead of 0.69). It is wrong
# about the other half, and that costs a lot ($-\ln 0.1 = 2.30$).

# %% [markdown]
# ## 2. What the generator sees
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# At each of its points the generator learns which way is uphill. Write `slopes(discriminator, x)`. For points `x` of
# shape (N, 1) it gives the slope of the **logit** at each of them: the derivative with respect to `x`, of shape (N,
# 1).
#
# Leave the discriminator as it was before, because this is not its turn: its weights, their `.grad`, and its mode.


# %% answer="slopes"
def slopes(discriminator, x):
    ### BEGIN SOLUTION
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(x).sum(), x)
    return slope
    ### END SOLUTION


# %% check="slopes" points=2
q.slopes.check(slopes)
### BEGIN HIDDEN TESTS
import torch as _torch

_net = _torch.nn.Sequential(_torch.nn.Linear(1, 1), _torch.nn.Sigmoid(), _torch.nn.Linear(1, 1))
for _weight, _value in zip(_net.parameters(), (2.0, 0.0, 3.0, 1.0), strict=True):
    _torch.nn.init.constant_(_weight, _value)
_x = _torch.tensor([[0.0], [0.7], [-1.3]])
_s = _torch.sigmoid(2 * _x)
assert _torch.allclose(slopes(_net, _x.clone()).float(), 6 * _s * (1 - _s), atol=1e-4)
assert _net.training and all(_weight.grad is None and _weight.requires_grad for _weight in _net.parameters())
### END HIDDEN TESTS

# %%
# q.slopes.hint()

# %% [markdown]
# Here it is at work, on a discriminator with random weights. Each orange line has the slope that you have found. The
# points would go where their line rises.

# %%
torch.manual_seed(4)
hill, places = nets.mlp([1, 32, 32, 1], activation="tanh"), torch.tensor([[-3.0], [-1.0], [1.0], [3.0]])
x = torch.linspace(-4, 4, 200)[:, None]
_, ax = plt.subplots(figsize=(6.8, 3.2))
ax.plot(x, hill(x).detach(), color=plotting.DISC)
ax.scatter(places, hill(places).detach(), marker="^", s=70, color=plotting.FAKE, zorder=3)
for place, height, slope in zip(places, hill(places).detach(), slopes(hill, places), strict=True):
    line = torch.tensor([-0.5, 0.5])
    ax.plot(place + line, height + slope * line, color=plotting.FAKE)
ax.set(xlabel="x", ylabel="logit")
plt.show()

# %% [markdown]
# ## 3. Both losses, from logits
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Write `both_losses(real_logits, fake_logits)`, for logits of shape (N, 1) and (M, 1). It gives `(loss_d, loss_g)`: two
# tensors of one number each, from which `backward()` can start.
#
# $$L_D = -\operatorname{mean} \log \sigma(\ell_\text{real}) - \operatorname{mean} \log(1 - \sigma(\ell_\text{fake})),
# \qquad L_G = -\operatorname{mean} \log \sigma(\ell_\text{fake}).$$
#
# They must not break down when a logit is as large as 120.


# %% answer="both_losses"
def both_losses(real_logits, fake_logits):
    ### BEGIN SOLUTION
    loss_d = -F.logsigmoid(real_logits).mean() - F.logsigmoid(-fake_logits).mean()
    loss_g = -F.logsigmoid(fake_logits).mean()
    return loss_d, loss_g
    ### END SOLUTION


# %% check="both_losses" points=2
q.both_losses.check(both_losses)
### BEGIN HIDDEN TESTS
import torch as _torch

_real = _torch.tensor([[3.0], [-2.0], [0.25]], requires_grad=True)
_fake = _torch.tensor([[-1.0], [90.0]], requires_grad=True)
_loss_d, _loss_g = both_losses(_real, _fake)
assert abs(_loss_d.item() - (2.7509 / 3 + 90.3133 / 2)) < 1e-2 and abs(_loss_g.item() - 1.3133 / 2) < 1e-2
_torch.autograd.backward([_loss_d.reshape(()), _loss_g.reshape(())])
assert _torch.allclose(_real.grad, (_torch.sigmoid(_real.detach()) - 1) / 3, atol=1e-4)
assert _torch.allclose(_fake.grad, (2 * _torch.sigmoid(_fake.detach()) - 1) / 2, atol=1e-4)
### END HIDDEN TESTS

# %%
# q.both_losses.hint()

# %% [markdown]
# ## 4. One step of the whole game
# *Difficulty ●●● · importance ●●● · 20 minutes*
#
# Write `training_step`, for a game on a line:
#
# 1. For **each** of the `real_batches` (tensors of shape (N, 1)) the discriminator learns once: from this batch, and
#    from as many generated points, made of new noise. Noise is normal, of shape (N, 1).
# 2. Then the generator learns **once**, from what the discriminator says *now* about new generated points, from new
#    noise. They are as many as in the last batch.
#
# Each player's loss changes only its own weights, and no gradient of one turn leaks into another. Use your
# `both_losses`. Return the last `(loss_d, loss_g)`, as numbers or tensors.
#
# **Before you write:** where do you need `.detach()`, and where must there be none?


# %% answer="training_step"
def training_step(generator, discriminator, optimizer_g, optimizer_d, real_batches):
    ### BEGIN SOLUTION
    for real in real_batches:
        fake = generator(torch.randn(len(real), 1)).detach()
        loss_d, _ = both_losses(discriminator(real), discriminator(fake))
        optimizer_d.zero_grad()
        loss_d.backward()
        optimizer_d.step()

    fake = generator(torch.randn(len(real), 1))
    _, loss_g = both_losses(discriminator(real), discriminator(fake))
    optimizer_g.zero_grad()
    loss_g.backward()
    optimizer_g.step()
    return loss_d.item(), loss_g.item()
    ### END SOLUTION


# %% check="training_step" points=4
q.training_step.check(training_step)
### BEGIN HIDDEN TESTS
import torch as _torch


class _Place(_torch.nn.Module):
    """All noise goes to one place, so that the answer doesn't depend on the noise."""

    def __init__(self):
        super().__init__()
        self.place = _torch.nn.Parameter(_torch.tensor([0.5]))

    def forward(self, z):
        return self.place + 0 * z


def _logistic(x):
    return 1 / (1 + _torch.exp(_torch.tensor(-float(x))).item())


_g, _d = _Place(), _torch.nn.Linear(1, 1)
_torch.nn.init.constant_(_d.weight, 1.0)
_torch.nn.init.constant_(_d.bias, 0.0)
_sgd = [_torch.optim.SGD(_net.parameters(), lr=0.5) for _net in (_g, _d)]
training_step(_g, _d, *_sgd, [_torch.full((4, 1), 2.0), _torch.full((3, 1), -1.0)])
_w, _b = 1.0, 0.0
for _r in (2.0, -1.0):  # by hand: the gradients of softplus(-(w r + b)) + softplus(w f + b)
    _up, _down = _logistic(_w * _r + _b) - 1, _logistic(_w * 0.5 + _b)
    _w, _b = _w - 0.5 * (_up * _r + _down * 0.5), _b - 0.5 * (_up + _down)
assert abs(_d.weight.item() - _w) < 1e-4 and abs(_d.bias.item() - _b) < 1e-4
assert abs(_g.place.item() - (0.5 - 0.5 * (_logistic(_w * 0.5 + _b) - 1) * _w)) < 1e-4
### END HIDDEN TESTS

# %%
# q.training_step.hint()

# %% [markdown]
# (The generated points are detached in the discriminator's turn, so that its loss doesn't reach the generator. In the
# generator's turn nothing is detached: its gradient comes through the discriminator.)

# %% [markdown]
# ## 5. The better the detective, the better the lessons?
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A friend has a plan: “I train the discriminator to the end, a thousand updates. Only then the generator, also to the
# end, because now it has the best teacher there is. Then the discriminator again, and so on. The better the detective,
# the better the lessons!”
#
# What is right about this, and what is wrong? What will the generated points do? How would you find out, for your own
# networks, how long a turn may be? Write five or six sentences.

# %% [markdown] answer="long_turns" points=2
# <!-- ### BEGIN SOLUTION -->
# It is right that a good discriminator gives a better direction than a bad one: its slope says where real points become
# more frequent, compared with generated ones. But this holds for the generated points where they are now. During a long
# turn the generator leaves that region. All its points run to the top of the curve, and nothing keeps them apart. In
# its next turn the discriminator learns that this spot is generated, and they jump elsewhere.
#
# A discriminator that learns much more than the generator is not safe either. In the chapter, three updates for one did
# no harm, but with ten for one several pairs lost a whole cluster. To find out for my own networks, I would keep the
# number of the generator's updates fixed. Then I would make the turn of one player longer at a time, with several
# seeds, and measure a distance to real points, with its floor. Losses wouldn't tell, because each plan has other
# opponents.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.long_turns.hint()
# q.long_turns.check()

# %% [markdown]
# ## Your game
#
# Here your parts play 800 steps, with one batch each.

# %%
torch.manual_seed(0)
real = data.toy.gaussian_mixture([-2.0, 2.0], std=0.5)
generator, discriminator = (nets.mlp([1, 32, 32, 1], activation="tanh") for _ in range(2))
adam_g, adam_d = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.999)) for net in (generator, discriminator))

# %% tags=["nbval-ignore-output"]
for step in range(1, 801):
    losses = training_step(generator, discriminator, adam_g, adam_d, [real.sample(128)])
    if step in (1, 100, 200, 400, 800):
        print(f"step {step}: discriminator {float(losses[0]):.2f}, generator {float(losses[1]):.2f}")

# %%
with torch.no_grad():
    made, opinion = generator(torch.randn(4000, 1)), discriminator(x).sigmoid()
_, ax = plt.subplots(figsize=(6.8, 3.4))
ax.fill_between(x[:, 0], real.density(x), color=plotting.REAL, alpha=0.3, linewidth=0, label="density: real")
ax.hist(made[:, 0].numpy(), bins=80, range=(-4, 4), density=True, color=plotting.FAKE, alpha=0.4, label="generated")
ax.plot(x, opinion, color=plotting.DISC, label="D(x)")
ax.set(xlabel="x", ylabel="density, or D(x)", ylim=(0, 1))
ax.legend()
plt.show()

# %% [markdown]
# There are two orange clusters where the blue ones are, and green is near ½ there. The losses above are near 1.386
# and 0.693. You know from section 8 that this alone would prove nothing. The picture shows more.
#
# 🔎 **Try it.** Give the discriminator three batches in each step. Then write a step with three updates of the
# generator for each of the discriminator's. Which of the two harms the game less? (In the game of section 5,
# with eight seeds, three updates of D for each one of G left all pairs nearer than 0.8. With three of G for each one of
# D, two pairs ended further away than 1.7.)

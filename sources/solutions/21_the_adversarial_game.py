# %% [markdown]
# # Exercises 21 · The adversarial game
#
# Who sees what, who wants what, and who moves when: you write the parts of [the
# chapter](../chapters/21_the_adversarial_game.ipynb)'s game yourself, for points on a line. At the end they are put
# together and play. [Worked solutions](../solutions/21_the_adversarial_game.ipynb) are there for later; ask for a hint
# first.
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
# ## 1 · Losses of a shrug
# *Difficulty ●○○ · importance ●●○ · 5 minutes*
#
# A discriminator says the same probability $d$ to every point, real or forged. Write `flat_losses(d)`: its own loss and
# the generator's non-saturating one, `(loss_d, loss_g)`, for a number $0 < d < 1$.
#
# **Predict:** which $d$ gives it the lowest loss? And does a discriminator that always says 0.9 get a higher loss than
# one that always says 0.5, or a lower one?


# %% answer="flat_losses"
def flat_losses(d):
    ### BEGIN SOLUTION
    loss_d = -math.log(d) - math.log(1 - d)
    loss_g = -math.log(d)
    return loss_d, loss_g
    ### END SOLUTION


# %% check="flat_losses" points=1
q.flat_losses.check(flat_losses)

# %%
# q.flat_losses.hint()  # remove the first # and run: each run gives one more hint

# %%
flat_losses(0.5), flat_losses(0.9)

# %% [markdown]
# ## 2 · What the generator sees
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# At each of its points the generator learns which way is uphill. Write `slopes(discriminator, x)`: for points `x` of
# shape (N, 1) the slope of the **logit** there, the derivative with respect to `x`, of shape (N, 1).
#
# Leave the discriminator as it was before, its `.grad` included: this is not its turn.


# %% answer="slopes"
def slopes(discriminator, x):
    ### BEGIN SOLUTION
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(x).sum(), x)
    return slope
    ### END SOLUTION


# %% check="slopes" points=2
q.slopes.check(slopes)

# %%
# q.slopes.hint()

# %% [markdown]
# Here it is at work, on a discriminator with random weights. In which direction would each of the orange points go?

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
# ## 3 · Both losses, from logits
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Write `both_losses(real_logits, fake_logits)`, for logits of shape (N, 1) and (M, 1). It gives `(loss_d, loss_g)`, two
# numbers that `backward()` can start from:
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

# %%
# q.both_losses.hint()

# %% [markdown]
# ## 4 · One step of the whole game
# *Difficulty ●●● · importance ●●● · 20 minutes*
#
# Write `training_step`, for a game on a line:
#
# 1. For **each** of the `real_batches` (tensors of shape (N, 1)) the discriminator learns once: from this batch, and
#    from as many forged points, made of new noise. Noise is normal, of shape (N, 1).
# 2. Then the generator learns **once**, from what the discriminator says *now* about new forged points (as many as in
#    the last batch).
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

# %%
# q.training_step.hint()

# %% [markdown]
# ## 5 · The better the detective, the better the lessons?
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A friend has a plan: “I train the discriminator to the end, a thousand updates. Only then the generator, also to the
# end, because now it has the best teacher there is. Then the discriminator again, and so on. The better the detective,
# the better the lessons!”
#
# What is right about this, and what is wrong? What will the forged points do? How would you find out, for your own
# networks, how long a turn may be? Write five or six sentences.

# %% [markdown] answer="long_turns" points=2
# <!-- ### BEGIN SOLUTION -->
# It is right that a good discriminator gives a better direction than a bad one: its slope says where real points
# become more frequent, compared with forged ones. But this holds for the forged points where they are now. During
# a long turn the generator leaves that region, all its points run to the top of the curve, and nothing keeps them
# apart. In its next turn the discriminator learns that this spot is forged, and they jump elsewhere, for ever.
#
# So the discriminator may be well trained, but it has to follow: many updates of it for *one* of the generator could
# be fine, a long turn of the generator is not. To find out, I would keep the number of updates fixed and try turns of
# 1, 10 and 200 for both players, some seeds each, and measure a distance to real points, with its floor. Losses
# wouldn't tell: each plan has other opponents.
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
# Two orange heaps where the blue ones are, and green near ½ there. Are the losses near 1.386 and 0.693? And do they
# prove anything?
#
# 🔎 **Try it.** Give the discriminator three batches in each step. Then three steps of *your own* making for the
# generator after each of the discriminator's. Which of the two is the game more patient with?

# %% [markdown]
# # Exercises 47 · Fast, then bigger
#
# Five small tools that belong to [the chapter](../chapters/47_fast_then_bigger.ipynb): what a speed-up is worth, the
# thrifty turn of the generator, the lazy penalty, a snapshot that forgets nothing, and the gradient that several
# processes agree on. [Worked solutions](../solutions/47_fast_then_bigger.ipynb) are there for later; ask for a hint
# first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import copy

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F

from gan_edu import data, nets, plotting
from gan_edu.checks import chapter_47 as q

plotting.use_style()

# %% [markdown]
# ## 1 · What is it worth?
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# A part of your training step takes the share `share` of its time (a number from 0 to 1). You make that part `factor`
# times faster, and leave all else. How many times faster is the whole step?
#
# **Predict:** you are offered a discriminator that is ten times faster. It takes half of your time. Will the training
# be more or less than twice as fast?


# %% answer="speed_up"
def speed_up(share, factor):
    ### BEGIN SOLUTION
    return 1 / ((1 - share) + share / factor)
    ### END SOLUTION


# %% check="speed_up" points=1
q.speed_up.check(speed_up)

# %%
# q.speed_up.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# Whatever the factor, a curve can't get above the height where it becomes flat:

# %%
factors = np.linspace(1, 20, 100)
named = {f"{share:.0%} of the time": speed_up(share, factors) for share in (0.2, 0.5, 0.8)}
plotting.curves(factors, named, "that part: times faster", "whole step: times faster")

# %% [markdown]
# ## 2 · The generator's thrifty turn
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# The generator's non-saturating loss on `fake` (made by `generator`, with its graph) is
# `F.softplus(-discriminator(fake)).mean()`. Write its turn: after your function, every weight of `generator` has its
# gradient in `.grad`. In the discriminator nothing has changed: not one of its `.grad`, none computed in vain, and its
# weights can still learn in the next turn.
#
# Return the loss. There is no optimiser here; whoever calls you has cleared the generator's gradients.


# %% answer="generator_turn"
def generator_turn(generator, discriminator, fake):
    ### BEGIN SOLUTION
    loss = F.softplus(-discriminator(fake)).mean()
    loss.backward(inputs=list(generator.parameters()))
    return loss
    ### END SOLUTION


# %% check="generator_turn" points=2
q.generator_turn.check(generator_turn)

# %%
# q.generator_turn.hint()

# %% [markdown]
# ## 3 · The weight of a lazy penalty
# *Difficulty ●○○ · importance ●●○ · 5 minutes*
#
# R1 with weight `gamma`, taken lazily: in steps 0, `every`, 2·`every`, … and not in between. Write what the penalty is
# multiplied by in step number `step`, so that on average over many steps it counts as much as with `every = 1`.


# %% answer="penalty_weight"
def penalty_weight(step, gamma, every):
    ### BEGIN SOLUTION
    return gamma * every if step % every == 0 else 0.0
    ### END SOLUTION


# %% check="penalty_weight" points=1
q.penalty_weight.check(penalty_weight)

# %%
# q.penalty_weight.hint()

# %% [markdown]
# ## 4 · A snapshot that forgets nothing
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# Write `snapshot`: a dictionary with the keys `"net"`, `"optimizer"`, `"stream"` and `"step"`, from which a training
# can go on exactly. The first two hold what `state_dict()` gives, the third what `stream.get_state()` gives (`stream`
# is a `torch.Generator`), the last is the number `step`.
#
# Mind one thing: the training goes on after your snapshot. What you return must still be the moment *when it was
# taken*.
#
# The check trains a small network, takes your snapshot, trains on, goes back to the snapshot, and trains again. Both
# times the same weights must come out, bit for bit.


# %% answer="snapshot"
def snapshot(net, optimizer, stream, step):
    ### BEGIN SOLUTION
    return {
        "net": copy.deepcopy(net.state_dict()),
        "optimizer": copy.deepcopy(optimizer.state_dict()),
        "stream": stream.get_state(),
        "step": step,
    }
    ### END SOLUTION


# %% check="snapshot" points=3
q.snapshot.check(snapshot)

# %%
# q.snapshot.hint()

# %% [markdown]
# ## 5 · One gradient from many
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Several processes trained on parts of one batch. Process number $i$ had `sizes[i]` samples, and `gradients[i]` is the
# gradient of the *mean* loss over its own samples. Write the gradient of the mean loss over *all* samples.
#
# `gradients` is a tensor (processes, weights), `sizes` a tensor (processes,) of whole numbers; the result has the shape
# (weights,).
#
# **Predict:** when is it the plain mean of the gradients, which is what DDP computes?


# %% answer="whole_gradient"
def whole_gradient(gradients, sizes):
    ### BEGIN SOLUTION
    shares = sizes / sizes.sum()
    return (shares[:, None] * gradients).sum(dim=0)
    ### END SOLUTION


# %% check="whole_gradient" points=2
q.whole_gradient.check(whole_gradient)

# %%
# q.whole_gradient.hint()

# %% [markdown]
# Try it: the last batch of an epoch has 100 samples, 64 for one process and 36 for the other.

# %%
torch.manual_seed(0)
net, x = nets.mlp([2, 16, 1]), data.toy.ring().sample(100, 0)


def mean_gradient(x):
    loss = F.softplus(-net(x)).mean()
    return torch.cat([gradient.flatten() for gradient in torch.autograd.grad(loss, list(net.parameters()))])


both = torch.stack([mean_gradient(x[:64]), mean_gradient(x[64:])])
whole = mean_gradient(x)
errors = {
    "plain mean": (both.mean(dim=0) - whole).norm() / whole.norm(),
    "yours": (whole_gradient(both, torch.tensor([64, 36])) - whole).norm() / whole.norm(),
}
_, ax = plt.subplots(figsize=(5, 1.6))
ax.barh(list(errors), [100 * error.item() for error in errors.values()], color=plotting.NEUTRAL[0])
ax.set_xlabel("error, in % of the gradient's length")
plt.show()

# %% [markdown]
# ## 6 · What first?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A friend trains a GAN on 50,000 pictures of 64 × 64 on one GPU. A step takes 100 ms: 45 ms "next batch", 20 ms `D`, 20
# ms `G`, 10 ms R1 (in each step), 5 ms the optimisers. Each step ends with `print(loss_d.item())`. They have read that
# `torch.compile` makes training 1.5 times faster, and ask you to help set it up. One run takes a week, and last time
# the power failed on day five.
#
# What do you advise, in which order, and what does each step promise at best? Write six to eight sentences.

# %% [markdown] answer="what_first" points=3
# <!-- ### BEGIN SOLUTION -->
# First checkpoints, with everything in them: networks, optimisers, averages, random streams, the step. They make
# nothing faster, but a lost week is the slowest step of all. I'd kill a short run on purpose and compare.
#
# Then the longest bar: 45 % is waiting for data. 50,000 pictures of 64 × 64 in colour are 614 MB as uint8, so they
# fit on the GPU as one tensor. If that part vanished, the step would be at most 1 / 0.55 = 1.8 times faster.
#
# Lazy R1, every 16th step, saves at most about 9 of the 100 ms, and changes the training: I'd compare quality over
# a few seeds. The print makes the GPU wait in each step; look at the losses every hundred steps.
#
# torch.compile concerns the 40 ms of D and G: even if they got 1.5 times faster, all together would be 1.15 times
# faster today. After the other changes (about 46 ms are left) it would be 1.4 times, so it comes later, with the
# penalty kept out of the compiled part. And before all this: is the learning rate tuned? That may be worth more than
# everything else.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.what_first.hint()
# q.what_first.check()

# %% [markdown]
# # Exercises 48 · Fast
#
# Three small tools that belong to [the chapter](../chapters/48_fast.ipynb): what a speed-up is worth, the thrifty
# turn of the generator, and the lazy penalty. At the end you advise a friend. [Worked
# solutions](../solutions/48_fast.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import numpy as np
import torch.nn.functional as F

from gan_edu import plotting
from gan_edu.checks import chapter_48 as q

plotting.use_style()

# %% [markdown]
# ## 1. What is a speed-up worth?
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# A part of your training step takes the share `share` of its time (a number from 0 to 1). You make this part `factor`
# times faster and change nothing else. How many times faster is the whole step? (`factor` may also be a NumPy array of
# numbers. Then the answer is an array, too.)
#
# **Predict:** the discriminator takes half of your time, and you make it ten times faster. Will the training be more or
# less than twice as fast?


# %% answer="speed_up"
def speed_up(share, factor):
    ### BEGIN SOLUTION
    return 1 / ((1 - share) + share / factor)
    ### END SOLUTION


# %% check="speed_up" points=1
q.speed_up.check(speed_up)
### BEGIN HIDDEN TESTS
import numpy

assert abs(speed_up(0.25, 4.0) - 16 / 13) < 1e-6
assert abs(speed_up(0.0, 50.0) - 1) < 1e-6 and abs(speed_up(1.0, 50.0) - 50) < 1e-4
assert numpy.allclose(speed_up(0.5, numpy.array([1.0, 3.0])), [1.0, 1.5])
### END HIDDEN TESTS

# %%
# q.speed_up.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# However large the factor is, no curve gets above the height where it becomes flat. (Less than twice as fast: half of
# the time is still there.)

# %%
factors = np.linspace(1, 20, 100)
named = {f"{share:.0%} of the time": speed_up(share, factors) for share in (0.2, 0.5, 0.8)}
plotting.curves(factors, named, "that part: times faster", "whole step: times faster")

# %% [markdown]
# ## 2. A turn without waste
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# The generator's non-saturating loss on `fake` (made by `generator`, with its graph) is
# `F.softplus(-discriminator(fake)).mean()`. Write its turn: after your function, every weight of `generator` has its
# gradient in `.grad`. In the discriminator nothing has changed: its `.grad` are as before, no gradient of its weights
# was computed, and its weights can still learn in the next turn. Both networks stay in training mode.
#
# Return the loss. There is no optimiser here. The generator's gradients have been cleared before.


# %% answer="generator_turn"
def generator_turn(generator, discriminator, fake):
    ### BEGIN SOLUTION
    loss = F.softplus(-discriminator(fake)).mean()
    loss.backward(inputs=list(generator.parameters()))
    return loss
    ### END SOLUTION


# %% check="generator_turn" points=2
q.generator_turn.check(generator_turn)
### BEGIN HIDDEN TESTS
import math

from torch import nn as layers

maker, judge = layers.Linear(1, 1, bias=False), layers.Linear(1, 1, bias=False)
maker.weight.data.fill_(2.0), judge.weight.data.fill_(0.5)
value = generator_turn(maker, judge, maker(maker.weight.new_tensor([[1.0], [3.0]])))  # logits 1 and 3
value = value.item() if hasattr(value, "item") else value
assert abs(value - (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(-3))) / 2) < 1e-5
slope = -(0.5 / (1 + math.exp(1)) + 1.5 / (1 + math.exp(3))) / 2
assert abs(maker.weight.grad.item() - slope) < 1e-5
assert judge.weight.grad is None and judge.weight.requires_grad and judge.training and maker.training
### END HIDDEN TESTS

# %%
# q.generator_turn.hint()

# %% [markdown]
# ## 3. The weight of a lazy penalty
# *Difficulty ●○○ · importance ●●○ · 5 minutes*
#
# A penalty (its factor ½ is a part of it) with weight `gamma` is taken lazily: in steps 0, `every`, 2·`every`, … and
# not in between. By which number is it multiplied in step number `step`, so that on average over many steps it counts
# as much as with `every = 1`?


# %% answer="penalty_weight"
def penalty_weight(step, gamma, every):
    ### BEGIN SOLUTION
    return gamma * every if step % every == 0 else 0.0
    ### END SOLUTION


# %% check="penalty_weight" points=1
q.penalty_weight.check(penalty_weight)
### BEGIN HIDDEN TESTS
taken = [float(penalty_weight(step, 0.5, 6)) for step in range(18)]
assert all(abs(weight - (3.0 if step % 6 == 0 else 0.0)) < 1e-9 for step, weight in enumerate(taken))
assert float(penalty_weight(7, 2.0, 1)) == 2.0
### END HIDDEN TESTS

# %%
# q.penalty_weight.hint()

# %% [markdown]
# ## 4. What first?
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
# First checkpoints (chapter 49), with everything in them: networks, optimisers, averages, random streams, the step.
# They make nothing faster, but a lost week is the slowest step of all. I'd kill a short run on purpose and compare.
#
# Then the longest bar: 45 % of the time goes into waiting for data. 50,000 pictures of 64 × 64 in colour are 614 MB as
# uint8, so they fit on the GPU as one tensor. If that part vanished, the step would be 1 / 0.55 = 1.8 times as fast.
#
# Lazy R1, every 16th step, saves at most about 9 of the 100 ms, and it changes the training. I'd compare quality over a
# few seeds. The print makes the GPU wait in each step, so look at the losses every hundred steps.
#
# torch.compile concerns the 40 ms of D and G. If they got 1.5 times faster, the whole step would be 1.15 times as fast
# today, and 1.4 times after the other changes, when about 46 ms are left. So it comes later, with the penalty kept out
# of the compiled part. And before all this: is the learning rate tuned? That may be worth more than everything else.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.what_first.hint()
# q.what_first.check()

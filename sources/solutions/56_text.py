# %% [markdown]
# # Exercises 56 · Text
#
# Build two gradients for letters that have none, compute quality and coverage, and ask authors what they left out, as
# in [the chapter](../chapters/56_text.ipynb). [Worked solutions](../solutions/56_text.ipynb) are there for later; ask
# for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch
import torch.nn.functional as F

from gan_edu.checks import chapter_56 as q

# %% [markdown]
# ## 1. Straight through
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# `letters` (N,) were drawn from the softmax of `logits` (N, V). Return a tensor (N, V) with the **value** of one-hot
# rows, 1 at the letter that was drawn, and with the **gradient** that the softmax would have.


# %% answer="straight_through"
def straight_through(logits, letters):
    ### BEGIN SOLUTION
    p = logits.softmax(1)
    return F.one_hot(letters, logits.shape[1]).to(p) + p - p.detach()
    ### END SOLUTION


# %% check="straight_through" points=2
q.straight_through.check(straight_through)
### BEGIN HIDDEN TESTS
from torch import tensor

leaf = tensor([[0.0, 0.0], [1.0, -1.0]], requires_grad=True)
value = straight_through(leaf, tensor([1, 1]))
assert (value.detach() - tensor([[0.0, 1.0], [0.0, 1.0]])).abs().max() < 1e-6
value[:, 0].sum().backward()
p = leaf.detach().softmax(1)
assert (leaf.grad[:, 0] - p[:, 0] * p[:, 1]).abs().max() < 1e-6
### END HIDDEN TESTS

# %%
# q.straight_through.hint()

# %% [markdown]
# ## 2. REINFORCE, with a baseline
# *Difficulty ●●○ · importance ●●● · 12 minutes*
#
# A batch of N texts was written. `log_p` (N,) holds their log-probabilities under the writer, with gradients, and
# `rewards` (N,) what a judge gave them.
#
# Return a loss, one number, for an optimiser that goes *down*. Its gradient is REINFORCE's, averaged over the batch,
# with a **baseline**: for each text the mean of the *other* texts' rewards. No gradient may flow into the rewards.


# %% answer="reinforce_loss"
def reinforce_loss(log_p, rewards):
    ### BEGIN SOLUTION
    rewards = rewards.detach()
    others = (rewards.sum() - rewards) / (len(rewards) - 1)
    return -((rewards - others) * log_p).mean()
    ### END SOLUTION


# %% check="reinforce_loss" points=2
q.reinforce_loss.check(reinforce_loss)
### BEGIN HIDDEN TESTS
from torch import tensor

leaf = tensor([-1.0, -1.0, -2.0, -4.0], requires_grad=True)
reinforce_loss(leaf, tensor([3.0, 0.0, 0.0, 0.0])).backward()
assert (leaf.grad - tensor([-0.75, 0.25, 0.25, 0.25])).abs().max() < 1e-6
given = tensor([1.0, 2.0], requires_grad=True)
reinforce_loss(tensor([-1.0, -3.0], requires_grad=True), given).backward()
assert given.grad is None or given.grad.abs().max() == 0
### END HIDDEN TESTS

# %%
# q.reinforce_loss.hint()

# %% [markdown]
# ## 3. Quality and coverage, exactly
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# An oracle draws letters with the probabilities `oracle` (V,), a model with the probabilities `model` (V,). None of
# them is 0. Return two numbers, `quality, coverage`, both in nats and both **less the oracle's entropy**:
#
# - `quality`: the oracle's mean surprise at letters that the model draws
# - `coverage`: the model's mean surprise at letters that the oracle draws
#
# **Predict:** the oracle has 0.5, 0.25 and 0.25, the model 0.98, 0.01 and 0.01. Which of the two numbers is below 0?


# %% answer="two_axes"
def two_axes(oracle, model):
    ### BEGIN SOLUTION
    entropy = -(oracle * oracle.log()).sum()
    quality = -(model * oracle.log()).sum() - entropy
    coverage = -(oracle * model.log()).sum() - entropy
    return quality, coverage
    ### END SOLUTION


# %% check="two_axes" points=2
q.two_axes.check(two_axes)
### BEGIN HIDDEN TESTS
from torch import tensor

found = two_axes(tensor([0.75, 0.25]), tensor([0.25, 0.75]))
assert abs(float(found[0]) - 0.5 * 1.0986123) < 1e-4 and abs(float(found[1]) - 0.5 * 1.0986123) < 1e-4
found = two_axes(tensor([0.8, 0.2]), tensor([0.5, 0.5]))
assert abs(float(found[0]) - 0.3 * 1.3862944) < 1e-4 and abs(float(found[1]) - 0.1927449) < 1e-4
### END HIDDEN TESTS

# %%
# q.two_axes.hint()

# %%
two_axes(torch.tensor([0.5, 0.25, 0.25]), torch.tensor([0.98, 0.01, 0.01]))

# %% [markdown]
# ## 4. Three abstracts
# *Difficulty ●●● · importance ●●● · 12 minutes*
#
# What would you ask the authors, in two or three sentences each?
#
# 1. "Our text GAN reaches a BLEU of 0.75. A maximum-likelihood model of the same size reaches 0.73."
# 2. "With an oracle whose entropy is 1.9 nats per letter, our generator's texts cost 1.4 nats per letter under the
#    oracle. It has nearly solved the task."
# 3. "Our samples are excellent, and their self-BLEU equals that of real texts, so there is no mode collapse."

# %% [markdown] answer="three_abstracts" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. At which temperature was the maximum-likelihood model sampled? A lower one may lift its BLEU past 0.75. I'd like
#    to see its whole curve, and both models at equal diversity.
# 2. Real texts cost 1.9 on average, so 1.4 means that it writes only the likeliest texts. How surprised is your
#    generator by new texts of the oracle?
# 3. A program that prints the training set has that self-BLEU, too. How surprised is your model by held-out text, and
#    how much does it quote?
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.three_abstracts.hint()
# q.three_abstracts.check()

# %% [markdown]
# ## Your tools at work
#
# A writer of one letter learns with your loss. The letters *a* to *d* are worth 1, 2, 4 and 6 points. It draws eight
# letters in each of 150 steps of plain gradient descent. **Predict:** what changes when *every* letter gets 100 points
# more, with your loss, and without a baseline?

# %%
points = torch.tensor([1.0, 2.0, 4.0, 6.0])


def no_baseline(log_p, rewards):
    return -(rewards * log_p).mean()


def learned(loss, extra, seed):
    """The mean points (without the extra ones) of the writer that has learned."""
    torch.manual_seed(seed)
    logits = torch.zeros(4, requires_grad=True)
    sgd = torch.optim.SGD([logits], lr=0.1)
    for _ in range(150):
        letters = torch.multinomial(logits.detach().softmax(0), 8, replacement=True)
        sgd.zero_grad()
        loss(logits.log_softmax(0)[letters], points[letters] + extra).backward()
        sgd.step()
    return round(float(logits.detach().softmax(0) @ points), 1)


# %% tags=["nbval-ignore-output"]
for extra in (0, 100):
    for name, loss in (("yours", reinforce_loss), ("no baseline", no_baseline)):
        print(f"{extra:3d} points more, {name:11s}", sorted(learned(loss, extra, seed) for seed in range(8)))

# %% [markdown]
# 🔎 **Try it.** Ten points more instead of 100. And 100, with batches of 800 letters instead of eight: is it noise or
# bias that hurts?
#
# <details><summary>What we saw</summary>
#
# With your loss all eight writers came to 5.9 points or more, whether there were 100 points more or not. Without a
# baseline, and without extra points, they did so, too. With 100 more, four of the eight got stuck with *b* or *c*: a
# letter that is drawn becomes likelier, whatever it is worth, and a writer that has become sure of one letter draws no
# others. With 800 letters in a batch all eight came to 5.7 or more: so it was the noise, not a wrong mean.
#
# (With the next 72 seeds 55 got stuck, many with *a*, the worst letter.)
#
# </details>

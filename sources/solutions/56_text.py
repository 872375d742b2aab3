# %% [markdown]
# # Exercises 56 · Text
#
# Score a model of letters, build two gradients for letters that have none, and find the best policy under a penalty, as
# in [the chapter](../chapters/56_text.ipynb). [Worked solutions](../solutions/56_text.ipynb) are there for later; ask
# for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import torch
import torch.nn.functional as F

from gan_edu import data, models
from gan_edu.checks import chapter_56 as q

# %% [markdown]
# ## 1. Bits for each letter
# *Difficulty ●○○ · importance ●●● · 8 minutes*
#
# A model has read a text of T letters. `text` (T,) holds the number of each letter, and `logits` (T, V) what the model
# said: row $t$ was made after reading letters 0 to $t$, and it speaks about the **next** letter.
#
# Return the mean surprise in bits: minus the logarithm to base 2 of the probability of each letter that was predicted.
#
# **Predict:** what does a model score that gives each of 4 letters the same probability?


# %% answer="bits_per_letter"
def bits_per_letter(logits, text):
    ### BEGIN SOLUTION
    return F.cross_entropy(logits[:-1], text[1:]) / math.log(2)
    ### END SOLUTION


# %% check="bits_per_letter" points=2
q.bits_per_letter.check(bits_per_letter)
### BEGIN HIDDEN TESTS
from torch import tensor, zeros

assert abs(float(bits_per_letter(zeros(5, 4), tensor([0, 3, 1, 2, 2]))) - 2) < 1e-5
sure = tensor([[0.0, 9.0], [9.0, 0.0], [0.0, 0.0]])
assert 0 < float(bits_per_letter(sure, tensor([0, 1, 0]))) < 1e-3
### END HIDDEN TESTS

# %%
# q.bits_per_letter.hint()

# %%
bits_per_letter(torch.zeros(5, 4), torch.tensor([0, 3, 1, 2, 2]))

# %% [markdown]
# ## 2. Straight through
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
# ## 3. REINFORCE, with a baseline
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
# ## 4. The best policy under a KL penalty
# *Difficulty ●●● · importance ●●○ · 12 minutes*
#
# There are K possible answers. A `reference` (K,) gives each a probability, a judge gives each a reward, in `rewards`
# (K,). Which probabilities $p$ make $\sum_k p_k r_k - \beta \, \text{KL}(p \,\|\, \text{reference})$ largest?
#
# Return them, (K,). (Try the two ends first: what is best for a huge $\beta$, and what for a tiny one?)


# %% answer="best_policy"
def best_policy(reference, rewards, beta):
    ### BEGIN SOLUTION
    return (reference.log() + rewards / beta).softmax(0)
    ### END SOLUTION


# %% check="best_policy" points=2
q.best_policy.check(best_policy)
### BEGIN HIDDEN TESTS
from torch import tensor

best = best_policy(tensor([0.2, 0.3, 0.5]), tensor([2.0, 1.0, 0.0]), 2.0)
weights = tensor([0.2 * 2.7182818, 0.3 * 1.6487213, 0.5])
assert (best - weights / weights.sum()).abs().max() < 1e-4
### END HIDDEN TESTS

# %%
# q.best_policy.hint()

# %% [markdown]
# ## 5. Four abstracts
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# What would you ask the authors, in two or three sentences each?
#
# 1. "Our text GAN reaches a BLEU of 0.75. A maximum-likelihood model of the same size reaches 0.73."
# 2. "With an oracle whose entropy is 1.9 nats per letter, our generator's texts cost 1.4 nats per letter under the
#    oracle. It has nearly solved the task."
# 3. "Our samples are excellent, and their self-BLEU equals that of real texts, so there is no mode collapse."
# 4. "Our model needs 1.2 bits per letter, and the course's transformer needs more. So ours is better."

# %% [markdown] answer="four_abstracts" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. At which temperature was the maximum-likelihood model sampled? A lower one may lift its BLEU past 0.75. I'd like
#    to see its whole curve, and both models at equal diversity.
# 2. Real texts cost 1.9 on average, so 1.4 means that it writes only the likeliest texts. How surprised is your
#    generator by new texts of the oracle?
# 3. A program that prints the training set has that self-BLEU, too. How surprised is your model by held-out text, and
#    how much does it quote?
# 4. On the same held-out text, with the same signs? Bits of different texts can't be compared.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.four_abstracts.hint()
# q.four_abstracts.check()

# %% [markdown]
# ## Your tools at work
#
# The course's transformer, once more, on sentences of your own (it reads 64 letters at most). **Predict:** which of
# these three costs most bits for a letter, and which least? And what if we shuffle the words of the first?

# %%
net, facts = models.load_letters()
sentences = {
    "like the course": "the generator learns to fool the discriminator in every step",
    "other English": "my uncle bought a small wooden boat and painted it green",
    "German": "der alte mann ging jeden morgen zum hafen und kaufte fisch",
}


def signs(sentence):
    return torch.tensor([data.LETTERS.index(letter) for letter in data.letters(sentence)])


@torch.no_grad()
def cost(sentence, start=0):
    """Bits for each letter behind the place `start`, given all before it."""
    text = signs(sentence)
    return float(bits_per_letter(net(text[None])[0, start:], text[start:]))


# %% tags=["nbval-ignore-output"]
for name, sentence in sentences.items():
    print(f"{name:16s} {cost(sentence):.2f} bits")
torch.manual_seed(0)
words = sentences["like the course"].split()
shuffled = [cost(" ".join(words[k] for k in torch.randperm(len(words)))) for _ in range(20)]
print(f"words shuffled   {sum(shuffled) / 20:.2f} bits, the mean of 20")

# %% [markdown]
# 🔎 **Try it.** Put sentences of your own in. Then take one of fewer than 30 letters, and write it twice:
# `twice = once + " " + once`. Does the second copy cost less? Compare `cost(once)` with `cost(twice, len(once))`. What
# would a model have to do, to notice that the text has begun again?
#
# <details><summary>What we saw</summary>
#
# Like the course 1.4 bits, other English 3.2, German 5.1. For German it is worse than somebody who knows nothing and
# needs log₂ 27 ≈ 4.8 bits: it is sure, and wrong. Shuffled words cost 1.5, a little more than in their order, and less
# than half of what the other words cost. (One sentence; in another one the order may matter more.)
#
# The second copy cost us 2.8 bits instead of 3.0 ("the boat was painted green"), but 4.7 instead of 4.5 with the German
# "der alte mann im hafen". So it doesn't notice. It would have to find the place where the last letters stood before,
# and to expect what came after them there. Larger transformers do that; this one hasn't learned it.
#
# </details>

# %% [markdown]
# # Exercises 57 · Language models, and feedback
#
# Score a model of letters, write the loss of a judge, and find the best policy under a penalty, as in [the
# chapter](../chapters/57_language_models.ipynb). [Worked solutions](../solutions/57_language_models.ipynb) are there
# for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import torch
import torch.nn.functional as F

from gan_edu import data, models
from gan_edu.checks import chapter_57 as q

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
# ## 2. A judge from choices
# *Difficulty ●○○ · importance ●●○ · 8 minutes*
#
# People saw N pairs of answers, and chose one of each. A judge gave points to the answers: `chosen` (N,) to those that
# were preferred, `rejected` (N,) to the others. With the probability $\sigma(\text{chosen} - \text{rejected})$ it would
# have made the same choice.
#
# Return the loss that it is trained with: its mean surprise at people's choices, in nats.


# %% answer="preference_loss"
def preference_loss(chosen, rejected):
    ### BEGIN SOLUTION
    return F.softplus(rejected - chosen).mean()
    ### END SOLUTION


# %% check="preference_loss" points=2
q.preference_loss.check(preference_loss)
### BEGIN HIDDEN TESTS
from torch import tensor, zeros

assert abs(float(preference_loss(zeros(3), zeros(3))) - 0.6931472) < 1e-5
found = preference_loss(tensor([3.0, 4.0]), tensor([1.0, 5.0]))
assert abs(float(found) - (0.1269280 + 1.3132617) / 2) < 1e-4
### END HIDDEN TESTS

# %%
# q.preference_loss.hint()

# %% [markdown]
# ## 3. The best policy under a KL penalty
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
# ## 4. Three reports
# *Difficulty ●●● · importance ●●● · 12 minutes*
#
# What would you ask the authors, in two or three sentences each?
#
# 1. "Our model needs 1.2 bits per letter, and the course's transformer needs more. So ours is better."
# 2. "Before feedback our judge gave the answers 5.3 points, now it gives them 8.1. So they are much better."
# 3. "Our transformer with a context of 64 letters writes summaries of whole chapters. Two of them stand in the paper."

# %% [markdown] answer="three_reports" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. On the same held-out text, with the same signs? Bits of different texts can't be compared.
# 2. The writer was trained for these points. What do people say who took no part, how far is it from its reference,
#    and how much variety is left?
# 3. It sees 64 letters. Does the summary change when you change the first page? And how were these two chosen?
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.three_reports.hint()
# q.three_reports.check()

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
# `twice = once + " " + once`. Does the second copy cost less? Compare `cost(once)` with
# `cost(twice, len(once) + 1)`, which asks for the same letters. What would a model have to do, to notice that the text
# has begun again?
#
# <details><summary>What we saw</summary>
#
# Like the course 1.4 bits, other English 3.2, German 5.1. For German it is worse than somebody who knows nothing and
# needs log₂ 27 ≈ 4.8 bits: it is sure, and wrong. Shuffled words cost 1.5, a little more than in their order, and less
# than half of what the other words cost. (One sentence; in another one the order may matter more.)
#
# The second copy cost us 2.80 bits instead of 2.95 ("the boat was painted green"), but 4.79 instead of 4.51 with the
# German "der alte mann im hafen". So it doesn't notice. It would have to find the place where the last letters stood
# before, and to expect what came after them there. Larger transformers do that; this one hasn't learned it.
#
# </details>

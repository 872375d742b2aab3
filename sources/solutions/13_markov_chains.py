# %% [markdown]
# # Exercises 13 · Markov chains
#
# You write the parts of a chain yourself: its table, where it is after some steps, its perplexity, and where it comes
# to rest. [The chapter](../chapters/13_markov_chains.ipynb) has the story. [Worked
# solutions](../solutions/13_markov_chains.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch

from gan_edu import data
from gan_edu.checks import chapter_13 as q

torch.set_num_threads(1)

# %% [markdown]
# ## 1. Some steps later
# *Difficulty ●○○ · importance ●●○ · 8 minutes*
#
# `P` is a transition table of shape (K, K): `P[i, j]` is the probability that state $j$ comes right after state $i$.
# Write `after(P, state, steps)`, of shape (K,): the chain is certainly at `state` now; how probable is each state after
# `steps` steps? `steps` is a whole number and may be 0.
#
# **Predict, and say why:** what must come out for `steps = 0`? For `steps = 1`?


# %% answer="after"
def after(P, state, steps):
    ### BEGIN SOLUTION
    now = torch.eye(len(P), dtype=P.dtype)[state]
    for _ in range(steps):
        now = now @ P
    return now
    ### END SOLUTION


# %% check="after" points=1
q.after.check(after)
### BEGIN HIDDEN TESTS
import torch as _torch

_P = _torch.tensor([[0.2, 0.8, 0.0], [0.0, 0.5, 0.5], [1.0, 0.0, 0.0]], dtype=_torch.double)
assert [round(float(p), 6) for p in after(_P, 0, 2)] == [0.04, 0.56, 0.4]
assert [round(float(p), 6) for p in after(_P, 2, 0)] == [0.0, 0.0, 1.0]
### END HIDDEN TESTS

# %%
# q.after.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# ## 2. The table of a chain
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# `sequence` is a tensor of state numbers 0 … K−1, of shape (T,). Some states may not occur in it. Write
# `transition_table(sequence, K, alpha)`, of shape (K, K): entry (i, j) is the probability that $j$ comes right after
# $i$, from counts that are smoothed:
#
# $$P_{ij} = \frac{n_{ij} + \alpha}{\sum_k (n_{ik} + \alpha)} .$$
#
# The sequence is open: nothing follows its last state.


# %% answer="transition_table"
def transition_table(sequence, K, alpha):
    ### BEGIN SOLUTION
    counts = torch.zeros(K, K).double()
    for i, j in zip(sequence[:-1], sequence[1:], strict=True):
        counts[i, j] += 1
    return (counts + alpha) / (counts + alpha).sum(1, keepdim=True)
    ### END SOLUTION


# %% check="transition_table" points=2
q.transition_table.check(transition_table)
### BEGIN HIDDEN TESTS
import torch as _torch

_table = transition_table(_torch.tensor([1, 1, 0, 1, 1]), 3, 0.5)
_right = [[0.2, 0.6, 0.2], [1.5 / 4.5, 2.5 / 4.5, 0.5 / 4.5], [1 / 3, 1 / 3, 1 / 3]]
for _row, _wanted in zip(_table, _right, strict=True):
    assert all(abs(float(p) - r) < 1e-5 for p, r in zip(_row, _wanted, strict=True))
### END HIDDEN TESTS

# %%
# q.transition_table.hint()

# %% [markdown]
# At work nearly as Markov did it in 1913: vowels (0), other letters (1) and spaces (2, which he left out), in the text
# of this course. The first 20,000 signs are counted, the rest is held out.

# %%
kinds = torch.tensor(
    [0 if c in "aeiou" else 2 if c == " " else 1 for c in data.prose().lower() if c.isalpha() or c == " "]
)
P = transition_table(kinds[:20_000], 3, alpha=1.0)
print("vowel, other letter, space:")
for name, row in zip(("after a vowel", "after another letter", "after a space"), P.tolist(), strict=True):
    print(f"  {name + ':':22}", " ".join(f"{value:.2f}" for value in row))

# %% [markdown]
# ## 3. Perplexity
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Write `perplexity(P, sequence)`: how unsure is a chain with the table `P` about the next state, on average over all
# steps of `sequence`, a tensor of state numbers of shape (T,)? That is $e^{-\text{score}}$, where the score is the mean
# of $\log P_{ij}$ over the T − 1 steps. All steps have a probability above 0. The result is one number, and it must
# work for long sequences.
#
# **Predict:** a table in which every entry is ¼, for 4 states. What is its perplexity, whatever the sequence?


# %% answer="perplexity"
def perplexity(P, sequence):
    ### BEGIN SOLUTION
    return (-P[sequence[:-1], sequence[1:]].log().mean()).exp()
    ### END SOLUTION


# %% check="perplexity" points=2
q.perplexity.check(perplexity)
### BEGIN HIDDEN TESTS
import torch as _torch

_P = _torch.tensor([[0.5, 0.5], [0.1, 0.9]], dtype=_torch.double)
assert abs(float(perplexity(_P, _torch.tensor([0, 1, 1, 0]))) - (1 / (0.5 * 0.9 * 0.1)) ** (1 / 3)) < 1e-4
assert abs(float(perplexity(_P, _torch.tensor([1] * 3001))) - 1 / 0.9) < 1e-4
### END HIDDEN TESTS

# %%
# q.perplexity.hint()

# %% [markdown]
# On the held-out part of the text. Without any knowledge it would be 3:

# %%
print(f"{float(perplexity(P, kinds[20_000:])):.1f}")

# %% [markdown]
# ## 4. Where a chain rests
# *Difficulty ●●● · importance ●●○ · 12 minutes*
#
# Write `stationary(P)`: the distribution $\pi$ over the states, of shape (K,), with $\pi P = \pi$ and sum 1. From each
# state of $P$ one can get to each other one, so there is exactly one such $\pi$. The chain may march in step, though:
# then it never comes to rest, and $\pi$ is the share of time that it spends in each state.


# %% answer="stationary"
def stationary(P):
    ### BEGIN SOLUTION
    values, vectors = torch.linalg.eig(P.T)
    v = vectors[:, (values - 1).abs().argmin()].real
    return v / v.sum()
    ### END SOLUTION


# %% check="stationary" points=3
q.stationary.check(stationary)
### BEGIN HIDDEN TESTS
import torch as _torch

_pi = stationary(_torch.tensor([[0.0, 1.0, 0.0], [0.25, 0.0, 0.75], [0.0, 1.0, 0.0]], dtype=_torch.double))
assert [round(float(p), 5) for p in _pi] == [0.125, 0.5, 0.375]
### END HIDDEN TESTS

# %%
# q.stationary.hint()

# %% [markdown]
# At work, for Markov's table. The shares of vowels, other letters and spaces in the counted text stand below it:

# %%
print("stationary:", " ".join(f"{value:.2f}" for value in stationary(P).tolist()))
print("counted:   ", " ".join(f"{value:.2f}" for value in (kinds[:20_000].bincount() / 20_000).tolist()))

# %% [markdown]
# They agree, because as many steps lead into a state as out of it (but for the two ends, and the smoothing).
#
# ## 5. A loss for melodies
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A friend trains a GAN for melodies. Its generator turns noise into a whole melody in one go. “To make neighbouring
# notes fit”, says the friend, “I will take $N$ real melodies, the $n$-th of them $x_1^{(n)}, \dots, x_T^{(n)}$, add
# $\frac1N \sum_n \sum_t \log p(x_t^{(n)} \mid x_{t-1}^{(n)})$ to the generator's loss, and minimise it.”
#
# What does this formula compute? What happens when it is minimised? Can this generator compute it, and what would you
# propose to your friend? Write five or six sentences.

# %% [markdown] answer="melodies" points=2
# <!-- ### BEGIN SOLUTION -->
# It is the log-likelihood of the real melodies under a Markov chain, averaged over N of them: high when each note is
# probable after the one before. If p is a table that was counted before, the number doesn't depend on the generator at
# all: its gradient is zero, with either sign, and nothing is learned from it. If p itself is trained, the formula needs
# a minus, because a loss is made small. Minimised as it stands, it teaches that what the real melodies do is
# impossible, and the number falls without end. With the minus it trains a sequence model by maximum likelihood. But
# this generator has no p(x_t | x_{t−1}) of its own: how probable it makes a given melody is not known. So either give
# up the game and train a model that writes note by note with this loss, or let the discriminator see whole melodies, so
# that it can notice notes that don't fit.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.melodies.hint()
# q.melodies.check()

# %% [markdown]
# 🔎 **Try it.** Make a table that marches in step, such as `[[0, 1], [1, 0]]`. What do `after` (for many steps) and
# `stationary` say about it, and why do they differ?

# %% [markdown]
# # Exercises 52 · Translating pictures
#
# Build the parts of [the chapter](../chapters/52_translating_pictures.ipynb), and translate digits. [Worked
# solutions](../solutions/52_translating_pictures.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch
import torch.nn.functional as F

from gan_edu import data, plotting
from gan_edu.checks import chapter_52 as q

plotting.use_style()

# %% [markdown]
# ## 1. Edges
# *Difficulty ●○○ · importance ●●○ · 10 minutes*
#
# Return the edges of `pictures` (N, 1, H, W), pixels from −1 (black) to 1: a pixel is white, 1, where it differs by
# more than `threshold` from its right *or* its lower neighbour, and black, −1, elsewhere. Outside the picture all is
# black.
#
# **Predict, and say why:** a white square of 3 × 3 pixels on black. How many of *its own* pixels become white, and how
# many outside? (The cell below the check draws it.)


# %% answer="edges"
def edges(pictures, threshold):
    ### BEGIN SOLUTION
    framed = F.pad(pictures, (0, 1, 0, 1), value=-1.0)
    right, below = framed[..., :-1, 1:] - pictures, framed[..., 1:, :-1] - pictures
    return torch.where((right.abs() > threshold) | (below.abs() > threshold), 1.0, -1.0)
    ### END SOLUTION


# %% check="edges" points=2
q.edges.check(edges)
### BEGIN HIDDEN TESTS
from torch import tensor

seen = edges(tensor([[[[-1.0, -1.0, -1.0], [-1.0, 0.2, 0.4], [-1.0, 0.3, -1.0]]]]), 0.5)
assert (seen == tensor([[[[-1.0, 1.0, 1.0], [1.0, -1.0, 1.0], [1.0, 1.0, -1.0]]]])).all()
### END HIDDEN TESTS

# %%
# q.edges.hint()

# %%
square = torch.full((1, 1, 7, 7), -1.0)
square[..., 2:5, 2:5] = 1
plotting.image_grid({"square": square, "edges": edges(square, 0.5)}, rows=1)

# %% [markdown]
# ## 2. A cycle loss
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Two *linear* translators: `a @ P` makes drawings (N, d) of paintings `a` (N, d), and `b @ Q` makes paintings of
# drawings `b` (M, d). Return the cycle loss, a scalar: the mean absolute difference after there and back, from `a`,
# plus the same from `b`.
#
# **Predict, and say why:** P exchanges the first two numbers of each row, which is wrong, and Q does the same. What is
# the loss? (The cell below the check computes it.)


# %% answer="cycle_loss"
def cycle_loss(P, Q, a, b):
    ### BEGIN SOLUTION
    there, back = (a @ P) @ Q, (b @ Q) @ P
    return F.l1_loss(there, a) + F.l1_loss(back, b)
    ### END SOLUTION


# %% check="cycle_loss" points=2
q.cycle_loss.check(cycle_loss)
### BEGIN HIDDEN TESTS
from torch import eye, ones, tensor

two, half = 2.0 * eye(3), 0.25 * eye(3)
loss = cycle_loss(two, half, ones(2, 3), 3.0 * ones(4, 3))
assert loss.shape == () and abs(loss.item() - 0.5 - 1.5) < 1e-5
### END HIDDEN TESTS

# %%
# q.cycle_loss.hint()

# %%
exchange = torch.tensor([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]])
cycle_loss(exchange, exchange, torch.rand(5, 3), torch.rand(5, 3))  # did you predict it?

# %% [markdown]
# ## 3. Shares of what comes out
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A translator as a table: painted kind `i` becomes drawn kind `table[i]`. There are K painted kinds with `shares` (K,),
# and K drawn kinds. Return the share of each drawn kind among the translations, (K,).


# %% answer="drawn_shares"
def drawn_shares(table, shares):
    ### BEGIN SOLUTION
    return torch.stack([shares[table == kind].sum() for kind in range(len(shares))])
    ### END SOLUTION


# %% check="drawn_shares" points=1
q.drawn_shares.check(drawn_shares)
### BEGIN HIDDEN TESTS
from torch import tensor

made = drawn_shares(tensor([2, 0, 2, 1]), tensor([0.125, 0.25, 0.5, 0.125]))
assert (made - tensor([0.25, 0.125, 0.625, 0.0])).abs().max() < 1e-5
### END HIDDEN TESTS

# %%
# q.drawn_shares.hint()

# %% [markdown]
# ## 4. The best of many answers
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A translator with noise gave T `answers` (T, N, D) for each of N inputs, whose `truth` is (N, D). For each input take
# the answer with the smallest mean absolute error. Return the mean of these errors, a scalar.


# %% answer="best_of"
def best_of(answers, truth):
    ### BEGIN SOLUTION
    errors = torch.stack([(one - truth).abs().mean(dim=1) for one in answers])
    return errors.min(dim=0).values.mean()
    ### END SOLUTION


# %% check="best_of" points=2
q.best_of.check(best_of)
### BEGIN HIDDEN TESTS
from torch import tensor

value = best_of(tensor([[[1.0, 0.0], [4.0, 4.0]], [[3.0, 3.0], [1.0, -2.0]]]), tensor([[0.0, 0.0], [0.0, 0.0]]))
assert value.shape == () and abs(value.item() - 1.0) < 1e-5
### END HIDDEN TESTS

# %%
# q.best_of.hint()

# %% [markdown]
# ## 5. Four messages
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "Our cycle loss fell to almost zero. So the translation is right."
# 2. "Our edges-to-shoes network has the smallest distance to real shoes. So it is the best translator."
# 3. "We feed noise to the translator. So it gives many different answers."
# 4. "We translate scans of healthy people and scans of ill people into another kind of scan, without pairs.
#    In the second heap more people are ill."

# %% [markdown] answer="translation_messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. It says that Q undoes P. A mirrored world would return as safely. I'd ask for some true pairs or for attributes
#    that can be read on both sides, and for several seeds.
# 2. A look-up in the training shoes is nearer still, for it returns real ones. I'd want the error to the true shoe,
#    with the look-up beside it.
# 3. Fix one input, draw the noise twenty times, and measure. Networks often ignore it, with L1 and without.
# 4. An adversary rewards what is frequent in its heap, so marks may be added or removed. I'd judge by true pairs, and
#    count the marks.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.translation_messages.hint()
# q.translation_messages.check()

# %% [markdown]
# ## Your tools at work
#
# Translate the edges of digits back into digits, by looking up. For content we have labels: is the answer the *same
# digit*? **Predict:** in which share of 500 unseen digits? And does the best of the ten nearest come much nearer to the
# truth than the nearest?

# %% tags=["nbval-ignore-output"]
digits, unseen = data.images("mnist"), data.images("mnist", split="test")
x, truth = digits.tensor(), unseen.tensor(rows=slice(500))
near = torch.cdist(edges(truth, 0.5).flatten(1), edges(x, 0.5).flatten(1)).topk(10, largest=False).indices
answers = x.flatten(1)[near.T]  # (10, 500, 784)
same = (digits.labels[near[:, 0]] == unseen.labels[:500]).float().mean()
print(f"same digit: {same:.0%}")
print(f"L1 error of the nearest {best_of(answers[:1], truth.flatten(1)):.3f}")
print(f"best of ten             {best_of(answers, truth.flatten(1)):.3f}")

# %% [markdown]
# Best of ten looks better, although no answer became better: it chooses by looking at the truth. 🔎 **Try it:** take
# ten *random* training digits as answers. How much does "best of ten" gain over one?
#
# <details><summary>Compare</summary>
#
# It gains even more: we measured 0.33 for one random digit, and 0.23 for the best of ten. Whoever may choose by the
# truth gains from bad answers, too. So a best-of number needs the same number for random answers beside it.
#
# </details>

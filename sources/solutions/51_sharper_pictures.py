# %% [markdown]
# # Exercises 51 · Sharper pictures
#
# Build the measures and the loss of [the chapter](../chapters/51_sharper_pictures.ipynb), and sharpen clothes. [Worked
# solutions](../solutions/51_sharper_pictures.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch
import torch.nn.functional as F

from gan_edu import data
from gan_edu.checks import chapter_51 as q

# %% [markdown]
# ## 1. PSNR
# *Difficulty ●○○ · importance ●●● · 10 minutes*
#
# Return the peak signal-to-noise ratio of each picture in decibels, (N,). `answer` and `truth` are pictures
# (N, C, H, W) with pixels from −1 to 1. **Predict:** all pixels are off by 0.2. How many dB?
# (The cell below the check computes it.)


# %% answer="psnr"
def psnr(answer, truth):
    ### BEGIN SOLUTION
    error = (answer - truth).square().mean(dim=(1, 2, 3))
    return 10 * torch.log10(4 / error)
    ### END SOLUTION


# %% check="psnr" points=1
q.psnr.check(psnr)
### BEGIN HIDDEN TESTS
from torch import full, stack, zeros

pair = stack([full((3, 2, 2), 0.1), full((3, 2, 2), -0.4)])
assert (
    psnr(pair, zeros(2, 3, 2, 2)) - full((2,), 26.0206).sub(stack([zeros(()), full((), 12.0412)]))
).abs().max() < 1e-3
### END HIDDEN TESTS

# %%
# q.psnr.hint()

# %%
psnr(torch.full((1, 3, 4, 4), 0.2), torch.zeros(1, 3, 4, 4))  # did you predict it?

# %% [markdown]
# ## 2. The best answer
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# K sharp `candidates` (K, H, W) fit a small picture, with `chances` (K,) that sum to 1. Return the picture (H, W) with
# the smallest expected squared error.


# %% answer="best_answer"
def best_answer(candidates, chances):
    ### BEGIN SOLUTION
    return torch.einsum("k,khw->hw", chances, candidates)
    ### END SOLUTION


# %% check="best_answer" points=1
q.best_answer.check(best_answer)
### BEGIN HIDDEN TESTS
from torch import tensor

grey = best_answer(tensor([[[1.0, 0.0]], [[-1.0, 0.5]], [[0.0, 1.0]]]), tensor([0.5, 0.3, 0.2]))
assert grey.shape == (1, 2) and (grey - tensor([[0.2, 0.35]])).abs().max() < 1e-5
### END HIDDEN TESTS

# %%
# q.best_answer.hint()

# %% [markdown]
# ## 3. A sharpener's loss
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Return the loss of a sharpener, a scalar: the mean squared error of `answer` against `truth`, plus `weight` times the
# *non-saturating* loss of a generator. `fake_logits` (N,) is what the discriminator says of the answers.


# %% answer="sharpener_loss"
def sharpener_loss(answer, truth, fake_logits, weight):
    ### BEGIN SOLUTION
    return (answer - truth).square().mean() - weight * F.logsigmoid(fake_logits).mean()
    ### END SOLUTION


# %% check="sharpener_loss" points=2
q.sharpener_loss.check(sharpener_loss)
### BEGIN HIDDEN TESTS
from torch import full, tensor, zeros

loss = sharpener_loss(full((2, 1, 2, 2), 0.5), zeros(2, 1, 2, 2), tensor([0.0, -2.0]), 0.5)
assert loss.shape == () and abs(loss.item() - 0.25 - 0.25 * (0.693147 + 2.126928)) < 1e-4
### END HIDDEN TESTS

# %%
# q.sharpener_loss.hint()

# %% [markdown]
# ## 4. A share, corrected
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A reader says that shares `read` (N,) of N sets of pictures have a mark. It finds the share `hit` of the marks that
# are there (a number), and sees one in the share `false` of the pictures without. `hit` is larger than `false`. Return
# the true shares (N,), cut off at 0 and 1.


# %% answer="true_share"
def true_share(read, hit, false):
    ### BEGIN SOLUTION
    return torch.clamp((read - false) / (hit - false), min=0, max=1)
    ### END SOLUTION


# %% check="true_share" points=1
q.true_share.check(true_share)
### BEGIN HIDDEN TESTS
from torch import tensor

shares = true_share(tensor([0.1, 0.35, 0.6, 0.99]), 0.6, 0.2)
assert (shares - tensor([0.0, 0.375, 1.0, 1.0])).abs().max() < 1e-5
### END HIDDEN TESTS

# %%
# q.true_share.hint()

# %% [markdown]
# ## 5. Four messages
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "Our enlarger has the highest PSNR of all. So its pictures look best."
# 2. "The camera's picture had 16 pixels. The network made a sharp face of it, and now we know who it was."
# 3. "With the adversary the distance to real pictures fell by a third. So the adversary was worth its cost."
# 4. "The sharpened scans have 2 dB more than the old ones. So doctors may read them instead."

# %% [markdown] answer="sharp_messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. The highest PSNR belongs to the mean of all pictures that fit, which is blurred. I'd want the distance to real
#    pictures with its floor as well, and to look at some.
# 2. Many faces fit 16 pixels. What the network added comes from its training faces, so the picture identifies nobody.
# 3. Two rows are missing: the regression, sharpened by an old filter, which costs nothing, and mixtures. I'd compare at
#    equal PSNR. And does it hold with other features and other seeds?
# 4. A lesion of a few pixels hardly changes the mean error. I'd count invented and removed lesions against the truth,
#    at the share that the hospital has.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.sharp_messages.hint()
# q.sharp_messages.check()

# %% [markdown]
# ## Your tools at work
#
# Nobody needs a network for the simplest regression: a *linear* map from the small picture to the sharp one, by least
# squares. 7 × 7 pixels in, 28 × 28 pixels out. **Predict:** is it better than smooth enlarging? By how many decibels?

# %% tags=["nbval-ignore-output"]
clothes, unseen = (data.images("fashion_mnist", split=split).tensor() for split in ("train", "test"))
small, few = F.avg_pool2d(clothes, 4), F.avg_pool2d(unseen, 4)
ones = [torch.ones(len(x), 1) for x in (small, few)]
table, asked = (torch.cat([x.flatten(1), one], dim=1) for x, one in zip((small, few), ones, strict=True))
linear = torch.linalg.lstsq(table, clothes.flatten(1)).solution
answers = {
    "blocks": F.interpolate(few, scale_factor=4),
    "smooth": F.interpolate(few, scale_factor=4, mode="bicubic").clamp(-1, 1),
    "linear": (asked @ linear).view(-1, 1, 28, 28).clamp(-1, 1),
}
for name, answer in answers.items():
    print(f"{name:8s} {psnr(answer, unseen).mean():.1f} dB")

# %% [markdown]
# (These are means of PSNRs, one for each picture.) Is the linear answer sharp? On the plane of section 3, is it left or
# right of *smooth*, and above or below? The first you have printed. The second needs `metrics.Reference`, as in the
# chapter.
#
# <details><summary>Compare</summary>
#
# It isn't sharp: it is a regression, too, and answers with a mean. It lies to the right of *smooth*, and below it: in
# the features of the classifier we measured 22 floors against 56. Even the blocks are nearer than *smooth*, with 39.
# (1,000 test pictures, against the other 1,000.)
#
# </details>

# %% [markdown]
# 🔎 **Try it.** The two shirts of section 1, with chances ¾ and ¼: what is the PSNR of the *expected error*, for your
# `best_answer` and for the more probable shirt? And the *mean of the two PSNRs*? Why is it infinite for one of them?
#
# <details><summary>Compare</summary>
#
# Expected errors: ¾ for the mean (¾ · ¼ + ¼ · 2¼), 1 for the shirt (¾ · 0 + ¼ · 4). So 7.3 dB against 6.0 dB: the mean
# wins, as section 1 says. Means of the PSNRs: ¾ · 12.0 + ¼ · 2.5 = 9.7 dB for the mean. For the shirt it is infinite:
# three times out of four the answer is perfect, and one perfect picture outweighs all others. So say which of the two
# you report.
#
# </details>

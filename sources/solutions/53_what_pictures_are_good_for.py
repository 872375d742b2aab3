# %% [markdown]
# # Exercises 53 · What generated pictures are good for
#
# Build the measures and the scores of [the chapter](../chapters/53_what_pictures_are_good_for.ipynb), and raise an
# alarm with them. [Worked solutions](../solutions/53_what_pictures_are_good_for.ipynb) are there for later; ask for a
# hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch

from gan_edu import data, models
from gan_edu.checks import chapter_53 as q

# %% [markdown]
# ## 1. AUROC
# *Difficulty ●○○ · importance ●●● · 10 minutes*
#
# `normal` (N,) and `strange` (M,) are scores; high means strange. Return the AUROC, a scalar: over all pairs of a
# normal and a strange one, the share in which the strange one has the higher score. Equal scores count ½. **Predict,
# and say why:** all normal scores are 3, and the strange ones are 2, 3 and 4. What is it? (The cell below the check
# computes it.)


# %% answer="auroc"
def auroc(normal, strange):
    ### BEGIN SOLUTION
    differences = strange.unsqueeze(0) - normal.unsqueeze(1)
    return (0.5 + 0.5 * differences.sign()).mean()
    ### END SOLUTION


# %% check="auroc" points=2
q.auroc.check(auroc)
### BEGIN HIDDEN TESTS
from torch import tensor

area = auroc(tensor([0.0, 1.0, 2.0, 2.0]), tensor([2.0, 1.0, 5.0]))
assert abs(float(area) - (3 + 1.5 + 4) / 12) < 1e-5 and float(auroc(tensor([1.0]), tensor([0.0, 0.5]))) == 0
### END HIDDEN TESTS

# %%
# q.auroc.hint()

# %%
auroc(torch.full((4,), 3.0), torch.tensor([2.0, 3.0, 4.0]))  # did you predict it?

# %% [markdown]
# ## 2. IoU of each class
# *Difficulty ●○○ · importance ●●● · 10 minutes*
#
# `answers` and `truth` are maps of class numbers (N, H, W), from 0 to `classes` − 1. Return the IoU of each class,
# (classes,), counted over all pictures together. Each class comes somewhere.


# %% answer="iou"
def iou(answers, truth, classes):
    ### BEGIN SOLUTION
    scores = []
    for k in range(classes):
        said, true = answers == k, truth == k
        scores.append(torch.logical_and(said, true).sum() / torch.logical_or(said, true).sum())
    return torch.stack(scores)
    ### END SOLUTION


# %% check="iou" points=2
q.iou.check(iou)
### BEGIN HIDDEN TESTS
from torch import tensor

each = iou(tensor([[[0, 0], [1, 2]], [[0, 2], [2, 2]]]), tensor([[[0, 1], [1, 1]], [[0, 2], [0, 2]]]), 3)
assert each.shape == (3,) and (each - tensor([2 / 4, 1 / 3, 2 / 4])).abs().max() < 1e-5
### END HIDDEN TESTS

# %%
# q.iou.hint()

# %% [markdown]
# ## 3. What a plane can't say
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# `known` (N, d) are normal rows, `asked` (M, d) new ones. Take the mean of the known rows, and the `directions` in
# which they differ most: together they are a plane. Return for each asked row its *squared* distance to this plane,
# (M,).


# %% answer="beyond_plane"
def beyond_plane(known, asked, directions):
    ### BEGIN SOLUTION
    mean = known.mean(dim=0, keepdim=True)
    _, _, all_directions = torch.linalg.svd(known - mean, full_matrices=False)
    parts = (asked - mean) @ all_directions[:directions].T
    return ((asked - mean) ** 2).sum(dim=1) - (parts**2).sum(dim=1)
    ### END SOLUTION


# %% check="beyond_plane" points=3
q.beyond_plane.check(beyond_plane)
### BEGIN HIDDEN TESTS
from torch import tensor

rest = beyond_plane(tensor([[1.0, 0, 2], [1, 4, 2], [1, 8, 2]]), tensor([[1.0, 9, 2], [4, 0, 6]]), 1)
assert rest.shape == (2,) and (rest - tensor([0.0, 25.0])).abs().max() < 1e-4
### END HIDDEN TESTS

# %%
# q.beyond_plane.hint()

# %% [markdown]
# ## 4. AnoGAN's score
# *Difficulty ●●○ · importance ●●○ · 5 minutes*
#
# `x` and `made` (N, d) are pictures and what the generator could make of them. `seen` and `seen_made` (N, k) are the
# discriminator's features of both. Return the score of each picture, (N,), as in section 5 of the chapter, with
# `weight` for λ.


# %% answer="anogan_score"
def anogan_score(x, made, seen, seen_made, weight):
    ### BEGIN SOLUTION
    pixels = torch.linalg.vector_norm(x - made, ord=1, dim=1)
    features = torch.linalg.vector_norm(seen - seen_made, ord=1, dim=1)
    return pixels + weight * (features - pixels)
    ### END SOLUTION


# %% check="anogan_score" points=1
q.anogan_score.check(anogan_score)
### BEGIN HIDDEN TESTS
from torch import ones, tensor

score = anogan_score(tensor([[1.0, -1], [0, 2]]), tensor([[0.0, 1], [0, 0]]), tensor([[4.0], [1]]), ones(2, 1), 0.2)
assert score.shape == (2,) and (score - tensor([3.0, 1.6])).abs().max() < 1e-5
### END HIDDEN TESTS

# %%
# q.anogan_score.hint()

# %% [markdown]
# ## 5. Four reports
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "We trained a GAN on our 80 scans and added 2,000 of its pictures. Accuracy rose from 81 % to 84 %."
# 2. "We bought pictures from a generator that had learned from another hospital's patients. Accuracy rose, too."
# 3. "Our GAN finds anomalies: with boots as the normal class its AUROC is 0.98."
# 4. "With an adversary the mIoU of our outlines rose by 2 points."

# %% [markdown] answer="helper_reports" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. I miss "nothing" with as many steps, and moved pictures. With 80 scans three points may be luck: several draws of
#    the training set, please.
# 2. That is plausible, for this generator has seen other patients. Does their hospital's camera differ from ours? And
#    what would a classifier with *their* pictures reach, if they may be shared?
# 3. Boots may be an easy class. What do the other classes give, and what does the distance to the mean boot give?
# 4. I'd ask for cross-entropy with as many steps and with as much time, and for a shift of the answer, over several
#    seeds. And which class gained?
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.helper_reports.hint()
# q.helper_reports.check()

# %% [markdown]
# ## Your tools at work
#
# Are *generated* clothes strange? Take the course's finished GAN. Real clothes are normal, its pictures are asked
# about, and the score is `beyond_plane`. **Predict, and say why:** will the AUROC be above ½, at ½, or below?

# %% tags=["nbval-ignore-output"]
known, unseen = (data.images("fashion_mnist", split=split).tensor(flat=True) for split in ("train", "test"))
torch.manual_seed(0)
with torch.no_grad():
    generator = models.load("fashion_mnist", "gan")
    generated = generator(torch.randn(500, generator.noise_dim)).flatten(1)
for directions in (2, 16, 64, 256):
    normal, asked = (beyond_plane(known[:2000], x[:500], directions) for x in (unseen, generated))
    print(f"{directions:3d} directions: AUROC {auroc(normal, asked):.2f}")

# %% [markdown]
# <details><summary>Compare</summary>
#
# Near ½, and a little below, for each of the four numbers of directions (with 500 and 500 pictures the standard error
# is about 0.02). That doesn't say that the generated clothes are good: it says that *this* score can hardly tell them
# from real ones. Below ½ it calls the real clothes the stranger ones. They may have details that no plane can say,
# where generated ones are smoother. We didn't test that.
#
# </details>
#
# 🔎 **Try it.** Blur the generated clothes with `torch.nn.functional.avg_pool2d(…, 3, stride=1, padding=1)`, and guess
# first: do they become stranger, by this score? Then blur the real ones as well. Does the AUROC come back?

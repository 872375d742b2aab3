# %% [markdown]
# # Exercises 50 · Rare classes
#
# Build the three cheap cures of [the chapter](../chapters/50_rare_classes.ipynb), and try them on ten sandals. [Worked
# solutions](../solutions/50_rare_classes.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch
import torch.nn.functional as F

from gan_edu import data, nets
from gan_edu.checks import chapter_50 as q

# %% [markdown]
# ## 1. Fair weights
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Return one weight for each class, (classes,), so that
#
# 1. all pictures of one class together weigh as much as all pictures of any other class,
# 2. the mean weight over all *pictures* is 1.
#
# Each class has at least one picture. **Predict:** for labels 0, 0, 0, 1: which two weights?


# %% answer="class_weights"
def class_weights(labels, classes):
    ### BEGIN SOLUTION
    counts = labels.bincount(minlength=classes)
    return len(labels) / (classes * counts)
    ### END SOLUTION


# %% check="class_weights" points=2
q.class_weights.check(class_weights)
### BEGIN HIDDEN TESTS
from torch import tensor

fair = class_weights(tensor([1, 1, 1, 1, 2, 0, 0, 0]), 3)
assert fair.shape == (3,) and (fair - tensor([8 / 9, 8 / 12, 8 / 3])).abs().max() < 1e-5
### END HIDDEN TESTS

# %%
# q.class_weights.hint()

# %%
class_weights(torch.tensor([0, 0, 0, 1]), 2)

# %% [markdown]
# ## 2. Even chances
# *Difficulty ●○○ · importance ●●○ · 5 minutes*
#
# Now for resampling. Return one chance for each *picture*, (N,), so that all chances sum to 1, and a draw gives each
# class equally often. Each class has at least one picture.


# %% answer="draw_chances"
def draw_chances(labels, classes):
    ### BEGIN SOLUTION
    counts = labels.bincount(minlength=classes)
    return 1 / (classes * counts[labels])
    ### END SOLUTION


# %% check="draw_chances" points=1
q.draw_chances.check(draw_chances)
### BEGIN HIDDEN TESTS
from torch import tensor

chances = draw_chances(tensor([3, 0, 1, 1, 2, 2, 2, 2]), 4)
assert (chances - tensor([4, 4, 2, 2, 1, 1, 1, 1]) / 16).abs().max() < 1e-6
### END HIDDEN TESTS

# %%
# q.draw_chances.hint()

# %% [markdown]
# ## 3. Shift the answer
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A classifier with `logits` (N, K) was trained where the classes have the shares `trained` (K,). It is used where they
# have the shares `used` (K,). Pictures *within* a class look alike in both places: $p(x \mid y)$ is the same.
#
# Return logits whose softmax is the right $p(y \mid x)$ for the new place, if the old ones were right for the old. (A
# constant added to a whole row doesn't matter.)


# %% answer="shifted_logits"
def shifted_logits(logits, trained, used):
    ### BEGIN SOLUTION
    return logits - trained.log() + used.log()
    ### END SOLUTION


# %% check="shifted_logits" points=2
q.shifted_logits.check(shifted_logits)
### BEGIN HIDDEN TESTS
from torch import tensor

old, new = tensor([0.9, 0.1]), tensor([0.2, 0.8])
moved = shifted_logits(tensor([[0.0, 0.0], [1.0, -1.0]]), old, new)
assert (moved[:, 1] - moved[:, 0] - tensor([36.0, 36.0]).log() - tensor([0.0, -2.0])).abs().max() < 1e-5
### END HIDDEN TESTS

# %%
# q.shifted_logits.hint()

# %% [markdown]
# ## 4. Four messages
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "With 290 generated eights the recall of eights rose from 3 % to 45 %. This proves that generated data help."
# 2. "1 in 1,000 X-rays shows the disease, in our data as in the hospital. We shifted the answer to equal classes, as
#    one should."
# 3. "Our classifier is right in 99 % of all cases, so the rare class can't be a problem."
# 4. "We copied each of the ten rare pictures 30 times into the data set. That is as good as 300 pictures."

# %% [markdown] answer="rare_messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. Compared with doing nothing, perhaps: was doing nothing trained long enough? And a weight in the loss or a
#    subtraction from the logits may do the same or more. Compare them where the other digits suffer equally.
# 2. The shares haven't changed, so for the number of mistakes the plain answer is best. A shift needs another reason: a
#    missed disease costs more than a false alarm. How much more decides how far.
# 3. If the class is 1 % of the data, never naming it gives 99 %. I'd look at the recall of each class.
# 4. It is resampling: the rare pictures are drawn more often, but nothing new is known. The network may soon know the
#    ten by heart. Moving them by a pixel or two adds more.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.rare_messages.hint()
# q.rare_messages.check()

# %% [markdown]
# ## Your tools at work
#
# Clothes, and only ten sandals among them. Three seeds, three networks each: as usual, with your weights, and with your
# chances. Your shifted logits need no network of their own.

# %%
clothes, unseen = (data.images("fashion_mnist", split=split) for split in ("train", "test"))
pictures, targets = clothes.tensor(flat=True), clothes.labels
sandal = clothes.classes.index("Sandal")


def choose(seed):
    torch.manual_seed(seed)
    mine = [(targets == k).nonzero()[:, 0] for k in range(10)]
    sizes = [10 if k == sandal else 300 for k in range(10)]
    return torch.cat([rows[torch.randperm(len(rows))][:size] for rows, size in zip(mine, sizes, strict=True)])


def train(index, weights, chances, steps=300):
    net = nets.mlp([784, 64, 10], activation="relu")
    adam = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(steps):
        batch = index[torch.multinomial(chances, 64, replacement=True)]
        loss = (
            weights[targets[batch]] * F.cross_entropy(net(pictures[batch]), targets[batch], reduction="none")
        ).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return net


# %% [markdown]
# **Predict:** how many of 200 unseen sandals does each find?


# %% tags=["nbval-ignore-output"]
def report(name, logits):
    right = logits.argmax(dim=1) == unseen.labels
    rare = unseen.labels == sandal
    print(f"{name:12s} sandals {right[rare].float().mean():4.0%}   others {right[~rare].float().mean():4.0%}")


even, ones = torch.full((10,), 0.1), torch.ones(10)
for seed in range(3):
    index = choose(seed)
    shares = targets[index].bincount(minlength=10) / len(index)
    plain = train(index, ones, torch.ones(len(index)))
    weighted = train(index, class_weights(targets[index], 10), torch.ones(len(index)))
    drawn = train(index, ones, draw_chances(targets[index], 10))
    with torch.no_grad():
        logits = plain(unseen.tensor(flat=True))
        report("as usual", logits)
        report("re-weighted", weighted(unseen.tensor(flat=True)))
        report("resampled", drawn(unseen.tensor(flat=True)))
        report("shifted", shifted_logits(logits, shares, even))

# %% [markdown]
# Are sandals as hard to find as eights were? And which cure would you choose, if you had to look at the other
# clothes, too? (Compare at equal cost: section 5 of the chapter draws the curve for that.)
#
# <details><summary>What we saw</summary>
#
# It depended on the ten sandals: as usual 1, 53 and 10 % of them were found. In the second set resampling found even
# fewer than doing nothing. No cure was best in all three sets. Shifting the answer found most in two of them, and in
# one of these it cost four points on the other clothes. Three sets are too few to choose.
#
# </details>
#
# 🔎 **Try it.** Shift by half: `used = shares ** 0.5`, divided by its sum. Where do you land, between "as usual" and
# "shifted"?

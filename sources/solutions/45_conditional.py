# %% [markdown]
# # Exercises 45 · Conditional generation
#
# Put labels beside rows, write the last step of a projection discriminator, and build two of the cheap cures for rare
# classes of [the chapter](../chapters/45_conditional.ipynb). At the end they meet ten sandals. [Worked
# solutions](../solutions/45_conditional.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch
import torch.nn.functional as F

from gan_edu import data, nets
from gan_edu.checks import chapter_45 as q

# %% [markdown]
# ## 1 · A label beside a row
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# `rows` are (N, d) numbers, pixels or noise, `labels` (N,) whole numbers from 0 to `classes` − 1. Return (N, d +
# classes): each row, and behind it its class, one-hot, with `loud` in the place of the 1.


# %% answer="label_rows"
def label_rows(rows, labels, classes, loud):
    ### BEGIN SOLUTION
    one_hot = F.one_hot(labels, classes).to(rows.dtype)
    return torch.cat([rows, loud * one_hot], dim=1)
    ### END SOLUTION


# %% check="label_rows" points=1
q.label_rows.check(label_rows)

# %%
# q.label_rows.hint()

# %% [markdown]
# ## 2 · A projection discriminator's last step
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# The features $\varphi$ of N pictures are there already, (N, h). Each of K classes has a vector $e_y$, the rows of
# `vectors`, (K, h). Return the N logits, with `weight` (h,) and `bias` a number:
#
# $$\text{logit} = e_y^\top \varphi + w^\top \varphi + b$$


# %% answer="projection_logit"
def projection_logit(features, labels, vectors, weight, bias):
    ### BEGIN SOLUTION
    about_class = (features * vectors[labels]).sum(dim=1)
    anyway = features @ weight + bias
    return about_class + anyway
    ### END SOLUTION


# %% check="projection_logit" points=2
q.projection_logit.check(projection_logit)

# %%
# q.projection_logit.hint()

# %% [markdown]
# ## 3 · Fair weights
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

# %%
# q.class_weights.hint()

# %%
class_weights(torch.tensor([0, 0, 0, 1]), 2)

# %% [markdown]
# ## 4 · Shift the answer
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

# %%
# q.shifted_logits.hint()

# %% [markdown]
# ## 5 · Four messages
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "Our GAN makes perfect eights: a classifier recognises 100 % of them."
# 2. "With 290 generated eights the recall of eights rose from 3 % to 45 %. This proves that generated data help."
# 3. "My conditional GAN draws fine digits, but always the wrong ones. I shall train ten times as long."
# 4. "1 in 1,000 X-rays shows the disease, in our data as in the hospital. We shifted the answer to equal classes, as
#    one should."

# %% [markdown] answer="rare_messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. It shows that the pictures pass for eights. One eight copied a thousand times passes as well. I'd ask how varied
#    they are, and how near to the training eights.
# 2. Compared with doing nothing, yes. But a weight in the loss or a subtraction from the logits may do the same or
#    more. Compare them where the other digits suffer equally.
# 3. Perhaps the label isn't heard: one number among hundreds of pixels. I'd measure obedience, make the label louder or
#    use projection, and only then train longer.
# 4. The shares haven't changed, so for the number of mistakes the plain answer is best. A shift needs another reason: a
#    missed disease is dearer than a false alarm. How much dearer decides how far.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.rare_messages.hint()
# q.rare_messages.check()

# %% [markdown]
# ## Your tools at work
#
# Clothes, and only ten sandals among them. Three seeds, two networks each: one trained as usual, one with your weights.
# Your shifted logits need no network of their own.

# %%
clothes, unseen = (data.images("fashion_mnist", split=split) for split in ("train", "test"))
pictures, targets = clothes.tensor(flat=True), clothes.labels
sandal = clothes.classes.index("Sandal")


def choose(seed):
    torch.manual_seed(seed)
    mine = [(targets == k).nonzero()[:, 0] for k in range(10)]
    sizes = [10 if k == sandal else 300 for k in range(10)]
    return torch.cat([rows[torch.randperm(len(rows))][:size] for rows, size in zip(mine, sizes, strict=True)])


def train(index, weights, steps=300):
    net = nets.mlp([784, 64, 10], activation="relu")
    adam = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(steps):
        batch = index[torch.randint(len(index), (64,))]
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


even = torch.full((10,), 0.1)
for seed in range(3):
    index = choose(seed)
    shares = targets[index].bincount(minlength=10) / len(index)
    plain, weighted = train(index, torch.ones(10)), train(index, class_weights(targets[index], 10))
    with torch.no_grad():
        logits = plain(unseen.tensor(flat=True))
        report("as usual", logits)
        report("re-weighted", weighted(unseen.tensor(flat=True)))
        report("shifted", shifted_logits(logits, shares, even))

# %% [markdown]
# Are sandals as hard to find as eights were? And which cure would you choose, if you had to look at the other
# clothes, too?
#
# 🔎 **Try it.** Shift by half: `used = shares ** 0.5`, divided by its sum. Where do you land, between "as usual" and
# "shifted"?

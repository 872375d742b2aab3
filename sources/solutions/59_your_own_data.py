# %% [markdown]
# # Exercises 59 · Your own data
#
# Build five small tools that you will need at home, and use them on a folder of PNG files. They belong to [the
# chapter](../chapters/59_your_own_data.ipynb). [Worked solutions](../solutions/59_your_own_data.ipynb) are there for
# later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math
import tempfile
from pathlib import Path

import pandas as pd
import torch
from PIL import Image

from gan_edu import data, device, metrics, nets, plotting, training
from gan_edu.checks import chapter_59 as q

plotting.use_style()

# %% [markdown]
# ## 1. Until when?
# *Difficulty ●○○ · importance ●●○ · 5 minutes*
#
# 1,000 steps take `seconds`, and each step shows the discriminator `batch` real pictures. After how many **hours** has
# it been shown `shown` pictures?


# %% answer="hours"
def hours(shown, batch, seconds):
    ### BEGIN SOLUTION
    steps = shown / batch
    return steps / 1000 * seconds / 3600
    ### END SOLUTION


# %% check="hours" points=1
q.hours.check(hours)
### BEGIN HIDDEN TESTS
assert abs(hours(7_200_000, 20, 10.0) - 1.0) < 1e-6 and abs(hours(1000, 10, 36.0) - 0.001) < 1e-9
### END HIDDEN TESTS

# %%
# q.hours.hint()

# %%
hours(25_000_000, 32, 40)  # the length of the published runs, on a machine that does 25 steps in a second

# %% [markdown]
# ## 2. Divide by groups
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# Ten photos of one burst look nearly alike. They must not be torn apart, or else the test pictures have twins in
# training. `groups` (N,) holds, for each picture, the number of its group. Draw the groups to hold out by chance:
# `round(share * number of groups)` of them. Return two lists (or tensors) of *row numbers*: `train, held`.
#
# The same seed gives the same division, and another seed (as a rule) another one.


# %% answer="divide"
def divide(groups, share, seed):
    ### BEGIN SOLUTION
    chance = torch.Generator().manual_seed(seed)
    numbers = groups.unique()
    chosen = numbers[torch.randperm(len(numbers), generator=chance)][: round(share * len(numbers))]
    inside = torch.isin(groups, chosen)
    return (~inside).nonzero()[:, 0], inside.nonzero()[:, 0]
    ### END SOLUTION


# %% check="divide" points=2
q.divide.check(divide)
### BEGIN HIDDEN TESTS
from torch import as_tensor, tensor

some = tensor([5, 5, 8, 8, 8, 1, 1, 3, 3, 3, 2, 2])
train, held = (as_tensor(list(map(int, rows))) for rows in divide(some, 0.35, 11))
assert sorted(train.tolist() + held.tolist()) == list(range(12))
assert not set(some[train].tolist()) & set(some[held].tolist()) and len(set(some[held].tolist())) == 2
assert len({tuple(sorted(map(int, divide(some, 0.35, seed)[1]))) for seed in range(12)}) > 1
### END HIDDEN TESTS

# %%
# q.divide.hint()

# %%
print(*divide(torch.tensor([0, 0, 1, 1, 1, 2, 3, 3]), 0.25, 0))

# %% [markdown]
# ## 3. Is that share surprising?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A copy audit of `n` samples found the nearest real picture among the `trained` training pictures for a `share` of
# them, and among the `held` held-out pictures for the others. How far is that above what is expected if training left
# no trace, in **standard deviations** of the share? (Take the samples as independent.)
#
# **Predict:** 60 % of 400 samples, with 500 pictures in each set: is that chance?


# %% answer="surprise"
def surprise(share, n, trained, held):
    ### BEGIN SOLUTION
    expected = trained / (trained + held)
    deviation = math.sqrt(expected * (1 - expected) / n)
    return (share - expected) / deviation
    ### END SOLUTION


# %% check="surprise" points=2
q.surprise.check(surprise)
### BEGIN HIDDEN TESTS
assert abs(surprise(0.9, 100, 80, 20) - 2.5) < 1e-6 and abs(surprise(0.1, 25, 200, 800) + 1.25) < 1e-6
### END HIDDEN TESTS

# %%
# q.surprise.hint()

# %%
surprise(0.6, 400, 500, 500)

# %% [markdown]
# ## 4. Normal scores
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# The first half of a Gaussian copula. The values of a column `x` (N,) are all different. Sort them in thought: the
# smallest has the place 1, the largest the place N. Return for each value the place of the standard normal distribution
# below which the share (place − ½) / N lies, as a tensor (N,) in the order of `x`.


# %% answer="normal_scores"
def normal_scores(x):
    ### BEGIN SOLUTION
    order = x.argsort()
    places = torch.empty_like(order)
    places[order] = torch.arange(len(x))
    return torch.special.ndtri((places + 0.5) / len(x))
    ### END SOLUTION


# %% check="normal_scores" points=2
q.normal_scores.check(normal_scores)
### BEGIN HIDDEN TESTS
from torch import as_tensor, tensor

scores = as_tensor(normal_scores(tensor([5.0, -1.0, 70.0, 6.0, 0.0]))).double()
assert (scores - tensor([0.0, -1.2815515, 1.2815515, 0.5244005, -0.5244005])).abs().max() < 1e-4
### END HIDDEN TESTS

# %%
# q.normal_scores.hint()

# %%
normal_scores(torch.tensor([10.0, 1000.0, 20.0, 30.0]))

# %% [markdown]
# ## 5. Word for word
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# `made` and `real` are DataFrames with the same columns. Which **share** of the made rows stands in `real`, equal in
# all columns? The place is no matter, a gap (NaN) equals a gap, and `real` may hold a row twice.


# %% answer="copied"
def copied(made, real):
    ### BEGIN SOLUTION
    there = made.merge(real.drop_duplicates(), how="left", indicator="where")["where"]
    return (there == "both").mean()
    ### END SOLUTION


# %% check="copied" points=2
q.copied.check(copied)
### BEGIN HIDDEN TESTS
from pandas import DataFrame

one = DataFrame({"a": [1.0, None, 2.0, 2.0], "b": ["x", "y", "z", "z"]})
two = DataFrame({"a": [2.0, None, None, 5.0, 1.0], "b": ["z", "y", "x", "x", "z"]})
assert abs(copied(two, one) - 0.4) < 1e-9 and copied(one, one) == 1 and copied(one.head(1), two) == 0
### END HIDDEN TESTS

# %%
# q.copied.hint()

# %%
copied(pd.DataFrame({"age": [30, None]}), pd.DataFrame({"age": [None, 41]}))

# %% [markdown]
# ## 6. Four plans
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "Our GAN, trained on 80 pictures, has a Fréchet distance of 3 to these 80. That is better than the GAN in the
#    paper."
# 2. "We publish a GAN's rows in the place of our patients' table. No row stands in the original, so they are
#    anonymous."
# 3. "300 scanned letters are too few. We mirror each one, and have 600."
# 4. "The photos come from the web, and the posters that our GAN makes of them are ours."

# %% [markdown] answer="four_plans" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. Measured against the pictures that it was trained on, a GAN that copies is best. I'd keep some pictures out,
#    measure against those, and run the copy audit. With other pictures and another judge, the paper's number says
#    nothing here.
# 2. New rows can still give people away, above all rare cases: one can often tell who was in the table. Without a
#    guarantee (differential privacy) or consent I wouldn't publish them as anonymous.
# 3. Mirrored letters aren't letters, and the GAN will make them, too. Small moves and other sizes are better. All
#    versions of a letter stay on one side when I divide.
# 4. The photographers have rights, and parts of their photos may come out again. I'd look for licences that allow it,
#    keep a list of sources, look at the nearest training pictures, and mark the posters as generated.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.four_plans.hint()
# q.four_plans.check()

# %% [markdown]
# ## Your tools at work
#
# A folder of grey PNG files: 600 shoes and bags of Fashion-MNIST, in three subfolders. We write them first.

# %%
temporary = tempfile.TemporaryDirectory()
place, fashion = Path(temporary.name), data.images("fashion_mnist")
rows = {
    name: (fashion.labels == fashion.classes.index(name)).nonzero()[:200, 0] for name in ("Sneaker", "Bag", "Sandal")
}
for name, mine in rows.items():
    (place / "clothes" / name).mkdir(parents=True)
    for row in mine.tolist():
        Image.fromarray(fashion.pixels[row].numpy()).save(place / "clothes" / name / f"{row:05d}.png")

clothes = data.folder(place / "clothes", size=28, color=False, cache=place / "cache", progress=False)
print(*clothes.report.splitlines()[:-1], sep="\n")

# %% [markdown]
# Let us pretend that always four pictures that follow each other come from one burst. Your `divide` holds out half of
# the bursts. Then a small GAN trains on the others, twice: on all 300, and on 40 only.
#
# **Predict:** in which of the two does your `surprise` see copying? And what will it say of *real* pictures that are in
# neither set? They are the control: for each of the three classes, 133 other pictures, which don't lie in the folder.


# %%
def train(pictures, seed, steps=400):
    device.seed_everything(seed)
    G, D = nets.SubpixelGenerator(channels=8), nets.DCGANDiscriminator(channels=8, hidden=64)
    recipe = {"loss": "relativistic", "penalties": {"r1": 1.0}, "penalty_every": 8}
    recipe |= {"lr": 2e-3, "betas": (0.0, 0.99), "ema": 0.99}
    return training.run(training.GAN(G, D, **recipe, seed=seed), pictures, steps, batch=32, progress=False)


train_rows, held_rows = divide(torch.arange(600) // 4, 0.5, 0)
pictures, held = (clothes.tensor(rows=torch.as_tensor(some)) for some in (train_rows, held_rows))
few = pictures[torch.randperm(300, generator=device.generator(0))[:40]]
held = held[torch.randperm(300, generator=device.generator(1))]  # files come class by class
gans = {len(some): train(some, seed=0) for some in (pictures, few)}

# %% tags=["nbval-ignore-output"]
fresh = torch.cat([(fashion.labels == fashion.classes.index(name)).nonzero()[200:333, 0] for name in rows])
for trained in (pictures, few):
    for who, x in (("GAN", gans[len(trained)].sample(399)), ("real, in neither set", fashion.tensor(rows=fresh))):
        fakes, mine, unseen = (metrics.features(some, "fashion_mnist") for some in (x, trained, held[: len(trained)]))
        share = metrics.copy_audit(fakes, mine, unseen).share
        z = surprise(share, len(fakes), len(mine), len(unseen))
        print(f"{len(trained):3d} pictures, {who:20s}: {share:.0%} nearest to training, {z:+.1f} standard deviations")
plotting.image_grid({f"trained on {n}": gan.sample(10) for n, gan in gans.items()}, rows=1)

# %% [markdown]
# Did you expect that? Which of the two would you hand out?
#
# <details><summary>What we saw</summary>
#
# With 300 pictures the GAN had 56 %, and the control 51 %: no clear sign, because the samples aren't independent
# (question 3). With 40 pictures it was 77 % against 56 %. Even *real* pictures had 2.3 "standard deviations" here,
# since all of them are compared with the same 80 pictures. So read the GAN beside its control, and not beside one half.
# The second GAN is 21 points above it: it lies much nearer to its 40 pictures than unseen pictures do. We would not
# hand it out, and the first one only after a look at its nearest pairs.
#
# A trap lies in `held`. The files come class by class, and `divide` may return the rows in order. Then the first 40 are
# bags only, each sandal and each sneaker has its nearest picture in training, and the control has 76 %, too. That is
# why we shuffle `held` first.
#
# </details>
#
# 🔎 **Try it.** Divide by *rows* instead of by groups, in a folder where each picture lies four times, moved by a
# pixel. What does the audit say then, and what would you have believed?

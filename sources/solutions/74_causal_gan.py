# %% [markdown]
# # Exercises 74 · A causal GAN
#
# Cut arrows, compare graphs, and find effects around a hidden cause: the parts of [the
# chapter](../chapters/74_causal_gan.ipynb). [Worked solutions](../solutions/74_causal_gan.ipynb) are there for later;
# ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import numpy as np

from gan_edu.checks import chapter_74 as q

# %% [markdown]
# ## 1. Cut the arrows
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A `program` is a dict, causes first: name → a function of `(values, noise)`. `values` is a dict of the columns
# computed so far, `noise` is this variable's own (N,). `noises` is a dict of all noises. `do` is a dict of variables
# that are set by hand, such as `{"T": 1.0}`: none, one or several.
#
# Run the program under `do`, and return the column `"Y"`, (N,).


# %% answer="run_under"
def run_under(program, noises, do):
    ### BEGIN SOLUTION
    values = {}
    for name, function in program.items():
        noise = noises[name]
        values[name] = np.full(len(noise), do[name]) if name in do else function(values, noise)
    return values["Y"]
    ### END SOLUTION


# %% check="run_under" points=2
q.run_under.check(run_under)
### BEGIN HIDDEN TESTS
from numpy import allclose, array

steps = {
    "A": lambda v, e: 2 * e,
    "B": lambda v, e: v["A"] + e,
    "Y": lambda v, e: 3 * v["A"] + v["B"] + e,
}
luck = {"A": array([1.0, -1, 0.5]), "B": array([0.0, 2, 1]), "Y": array([1.0, 1, 0])}
assert allclose(run_under(steps, luck, {"B": 10.0}), [17, 5, 13])
assert allclose(run_under(steps, luck, {"A": 0.0}), [1, 3, 1])
assert allclose(run_under(steps, luck, {"A": 1.0, "B": 0.0}), [4, 4, 3])
assert allclose(run_under(steps, luck, {"B": 0.0, "A": 1.0}), [4, 4, 3])
assert allclose(run_under(steps, luck, {"Y": 2.0}), [2, 2, 2])
assert allclose(run_under(steps, luck, {}), [9, -5, 5])
### END HIDDEN TESTS

# %%
# q.run_under.hint()

# %% [markdown]
# ## 2. Can data tell them apart?
# *Difficulty ●●● · importance ●●○ · 15 minutes*
#
# Two graphs without loops, each a set of arrows such as `{("A", "B"), ("B", "C")}`, with the same variables. Return
# True if they are Markov equivalent: the same links, directions aside, and the same open colliders (A → C ← B without a
# link between A and B).


# %% answer="equivalent"
def equivalent(one, other):
    ### BEGIN SOLUTION
    def kind(arrows):
        links = {frozenset(arrow) for arrow in arrows}
        colliders = {
            (frozenset((a, b)), c)
            for a, c in arrows
            for b, d in arrows
            if c == d and a != b and frozenset((a, b)) not in links
        }
        return links, colliders

    return kind(one) == kind(other)
    ### END SOLUTION


# %% check="equivalent" points=2
q.equivalent.check(equivalent)
### BEGIN HIDDEN TESTS
assert equivalent({("P", "Q"), ("Q", "R")}, {("Q", "P"), ("Q", "R")})
assert not equivalent({("P", "Q"), ("Q", "R")}, {("P", "Q"), ("R", "Q")})
assert equivalent({("P", "Q"), ("R", "Q"), ("P", "R")}, {("Q", "P"), ("Q", "R"), ("R", "P")})
assert not equivalent({("P", "Q"), ("Q", "R")}, {("P", "Q"), ("P", "R")})
assert not equivalent({("P", "Q"), ("R", "Q"), ("R", "S")}, {("P", "Q"), ("Q", "R"), ("S", "R")})
assert equivalent({("P", "Q"), ("R", "Q"), ("R", "S")}, {("P", "Q"), ("R", "Q"), ("S", "R")})
### END HIDDEN TESTS

# %%
# q.equivalent.hint()

# %% [markdown]
# ## 3. Wald's estimate
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# Columns z (0 or 1, the instrument), t and y, each (N,). Return Wald's estimate of the effect of t on y.


# %% answer="wald"
def wald(z, t, y):
    ### BEGIN SOLUTION
    return (y[z == 1].mean() - y[z == 0].mean()) / (t[z == 1].mean() - t[z == 0].mean())
    ### END SOLUTION


# %% check="wald" points=1
q.wald.check(wald)
### BEGIN HIDDEN TESTS
from numpy import array

found = wald(array([1.0, 1, 0, 0, 0]), array([1.0, 1, 0, 1, 0]), array([5.0, 3, 1, 2, 3]))
assert abs(float(found) - 3) < 1e-9
### END HIDDEN TESTS

# %%
# q.wald.hint()

# %% [markdown]
# ## 4. The front door
# *Difficulty ●●● · importance ●●○ · 15 minutes*
#
# `r[t, m, y]` holds the shares of a table of three columns of 0 and 1; the cause that T and Y share is hidden. Return
# $P(Y = 1 \mid \mathrm{do}(T = t))$ for t = 0 and 1, shape (2,):
#
# $$P(y \mid \mathrm{do}(t)) = \sum_m P(m \mid t) \sum_{t'} P(t') \, P(y \mid t', m)$$


# %% answer="front_door"
def front_door(r):
    ### BEGIN SOLUTION
    share = r.sum(axis=(1, 2))  # P(t)
    station = r.sum(axis=2) / share[:, None]  # P(m | t)
    result = r[:, :, 1] / r.sum(axis=2)  # P(y = 1 | t, m)
    return station @ (share @ result)
    ### END SOLUTION


# %% check="front_door" points=2
q.front_door.check(front_door)
### BEGIN HIDDEN TESTS
from numpy import allclose, array

counts = array([[[4.0, 4], [1, 1]], [[2.0, 0], [2, 6]]])
assert allclose(front_door(counts / 20), [0.8 * 0.25 + 0.2 * 0.625, 0.2 * 0.25 + 0.8 * 0.625])
### END HIDDEN TESTS

# %%
# q.front_door.hint()

# %% [markdown]
# ## 5. Four messages
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "Our causal GAN can't be told from the data, so its graph is right."
# 2. "We trained it with ten seeds and a hidden node. All ten say +0.3, so +0.3 it is."
# 3. "Z predicts T with a correlation of 0.01, but we have a million rows. So it is a good instrument." **Predict:**
#    what is the danger, if Z also touches Y a very little?
# 4. "Gene A goes with gene C in every sample. We'll switch off A to lower C." **Predict:** when will that fail?

# %% [markdown] answer="graph_messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. Every graph of the same class fits as well, and every graph that comes from one of these by adding arrows. Fit can
#    only refute. What else do you know: what came first?
# 2. Ten seeds share a net and a way of starting. Is the answer fixed by graph and table? Try a formula, or push the
#    training up and down.
# 3. With a million rows scatter may be small. But what Z does to Y by another way is divided by the small first
#    difference, and no number of rows helps against that.
# 4. It fails if C regulates A, if something else regulates both, or if another gene takes over A's work. Switch A off
#    in a few cells first.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.graph_messages.hint()
# q.graph_messages.check()

# %% [markdown]
# ## Your tools at work
#
# The front door assumes that the hidden cause doesn't touch M. Here severe cases (S, hidden) find it harder to take the
# drug: P(M = 1) is lower by `harder` for them. **Predict:** will the front door say too much or too little?


# %%
def clinic(harder):
    return {
        "S": lambda v, e: e < 0.4,
        "T": lambda v, e: e < 0.25 + 0.55 * v["S"],
        "M": lambda v, e: e < 0.1 + 0.8 * v["T"] - harder * v["S"] * v["T"],
        "Y": lambda v, e: e < 0.7 - 0.55 * v["S"] + 0.25 * v["M"],
    }


chance = np.random.default_rng(0)
noises = {name: chance.random(200_000) for name in "STMY"}
for harder in (0.0, 0.2, 0.4):
    program = clinic(harder)
    columns = {}
    for column, step in program.items():
        columns[column] = step(columns, noises[column])
    kinds = np.stack([columns[name] for name in "TMY"], axis=1) @ [4, 2, 1]
    table = np.bincount(kinds, minlength=8).reshape(2, 2, 2) / len(kinds)
    truth = run_under(program, noises, {"T": 1}).mean() - run_under(program, noises, {"T": 0}).mean()
    print(f"harder by {harder:.1f}: truth {truth:.2f}, front door {np.diff(front_door(table))[0]:.2f}")

# %% [markdown]
# <details><summary>Compare</summary>
#
# Too much: 0.18 and 0.16 would be true, and the front door says 0.21 and 0.18. Among the treated, those who took the
# drug are now the less severe ones, who recover more often anyway; that is counted as work of the drug. Nothing in the
# table shows it.
#
# </details>

# %% [markdown]
# # Exercises 76 · Explanations by counterfactuals
#
# Flip a decision by the shortest way, tell seeing from doing, and patch an activation: the parts of [the
# chapter](../chapters/76_counterfactual_explanations.ipynb). [Worked
# solutions](../solutions/76_counterfactual_explanations.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import numpy as np
from sklearn.linear_model import LogisticRegression

from gan_edu.checks import chapter_76 as q

# %% [markdown]
# ## 1. The shortest flip
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A linear classifier has the logit $f(x) = w \cdot x + b$. Here no walk is needed. `x` is (N, d), `w` is (d,), `b` and
# `target` are numbers. For each row return the *nearest* point (as the root of summed squares measures it) whose logit
# is `target`: (N, d). **Predict:** how does the change differ from row to row?


# %% answer="shortest_flip"
def shortest_flip(x, w, b, target):
    ### BEGIN SOLUTION
    missing = target - (x @ w + b)
    return x + np.outer(missing / (w**2).sum(), w)
    ### END SOLUTION


# %% check="shortest_flip" points=2
q.shortest_flip.check(shortest_flip)
### BEGIN HIDDEN TESTS
from numpy import allclose, array

found = shortest_flip(array([[2.0, 0.0, 1.0], [0.0, 1.0, -1.0]]), array([1.0, -2.0, 2.0]), 0.5, 9.0)
assert allclose(found, [[2.5, -1.0, 2.0], [25 / 18, -32 / 18, 32 / 18]])
found = shortest_flip(array([[1.0, 1.0]]), array([2.0, 0.0]), -1.0, -5.0)
assert allclose(found, [[-2.0, 1.0]])
### END HIDDEN TESTS

# %%
# q.shortest_flip.hint()

# %% [markdown]
# ## 2. Seen and done
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# `says(shadow, stamp)` is a classifier: it takes two columns (N,) and gives decisions (N,), 1 for ill. You have a table
# of cards, `shadow` and `stamp` (zeros and ones). Return two numbers:
#
# - *seen*: the share called ill among stamped cards, minus that among unstamped ones;
# - *done*: the share called ill when all cards get a stamp, minus that when none has one.


# %% answer="seen_and_done"
def seen_and_done(says, shadow, stamp):
    ### BEGIN SOLUTION
    decisions = says(shadow, stamp)
    seen = np.mean(decisions[stamp == 1]) - np.mean(decisions[stamp == 0])
    everyone, nobody = (says(shadow, np.full_like(stamp, value)) for value in (1, 0))
    return seen, np.mean(everyone) - np.mean(nobody)
    ### END SOLUTION


# %% check="seen_and_done" points=2
q.seen_and_done.check(seen_and_done)
### BEGIN HIDDEN TESTS
from numpy import array

lengths, marks = array([1.0, 2.0, 3.0, -1.0, -2.0]), array([1.0, 1.0, 0.0, 0.0, 0.0])
found = seen_and_done(lambda a, b: (a > 0).astype(float), lengths, marks)
assert abs(float(found[0]) - 2 / 3) < 1e-9 and abs(float(found[1])) < 1e-9
found = seen_and_done(lambda a, b: (a + 3 * b > 1.5).astype(float), lengths, marks)
assert abs(float(found[0]) - 2 / 3) < 1e-9 and abs(float(found[1]) - 0.4) < 1e-9
### END HIDDEN TESTS

# %%
# q.seen_and_done.hint()

# %% [markdown]
# ## 3. A patch along a direction
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# `h` and `other` are activations (N, k) of the same layer, for N pictures and for N changed pictures. `d` (k,) is a
# direction of *any* length above 0. Return `h`, moved along `d` alone, as far as `other` lies: (N, k).


# %% answer="patch"
def patch(h, other, d):
    ### BEGIN SOLUTION
    unit = d / np.sqrt((d**2).sum())
    return h + np.outer((other - h) @ unit, unit)
    ### END SOLUTION


# %% check="patch" points=1
q.patch.check(patch)
### BEGIN HIDDEN TESTS
from numpy import allclose, array

found = patch(array([[1.0, 0.0, 2.0]]), array([[3.0, 2.0, 9.0]]), array([2.0, 2.0, 0.0]))
assert allclose(found, [[3.0, 2.0, 2.0]])
found = patch(array([[1.0, 1.0], [0.0, 4.0]]), array([[5.0, 7.0], [1.0, 0.0]]), array([0.0, -3.0]))
assert allclose(found, [[1.0, 7.0], [0.0, 0.0]])
### END HIDDEN TESTS

# %%
# q.patch.hint()

# %% [markdown]
# ## 4. Four reports
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "Our GAN's counterfactuals of your face classifier add a moustache and take glasses off. So it uses glasses."
# 2. "Our counterfactuals flip the decision of ten networks with ten seeds. So they are good explanations."
# 3. "The counterfactual of your loan says: with 2,000 dollars less debt you get it. So debt is why people don't pay
#    back."
# 4. "Along our direction 60 % of decisions flip, along random ones 2 %. So this is *the* direction of gender."

# %% [markdown] answer="reports" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. Set glasses alone, on the same faces, and count flips. The generator may move both because they go together.
# 2. Adversarial examples do that, too, when networks share data. Ask judges with other data.
# 3. It says what this program would do with another number. What people do is a question about the world.
# 4. Random directions are a weak control. Try the same push, real differences, other attributes.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.reports.hint()
# q.reports.check()

# %% [markdown]
# ## Your tools at work
#
# Two columns instead of pictures, and a logistic regression, fitted to the *written* diagnoses: once to cards as they
# come, once with random stamps. **Predict:** seen and done for both. And in which column will the shortest flip change
# more?

# %%
chance = np.random.default_rng(0)
shadow = chance.normal(size=5000)
written = (shadow > 0) ^ (chance.random(5000) < 0.1)
stamps = {"as they come": (written ^ (chance.random(5000) < 0.05)).astype(float)}
stamps["random"] = (chance.random(5000) < 0.5).astype(float)
for name, stamp in stamps.items():
    model = LogisticRegression().fit(np.column_stack([shadow, stamp]), written)

    def says(shadow, stamp, model=model):
        return model.predict(np.column_stack([shadow, stamp])).astype(float)

    seen, done = seen_and_done(says, shadow, stamps["as they come"])
    start = np.column_stack([shadow, stamp])[:1]
    change = shortest_flip(start, model.coef_[0], model.intercept_[0], 2.0) - start
    more = "stamp" if abs(change[0, 1]) > abs(change[0, 0]) else "shadow"
    print(f"{name:13s} seen {seen:.2f}   done {done:5.2f}   the flip changes the {more} more")

# %% [markdown]
# <details><summary>Compare</summary>
#
# Both *see* much more illness among stamped cards. Only the first one is moved by the stamp itself. Here the shortest
# flip names the right column in both, for a simple reason: it goes along the weights. With two columns one can read
# that. With 784 pixels it is haze. (And it depends on the units: measure shadows in other units, and the shortest way
# is another one.)
#
# </details>

# %% [markdown]
# # Exercises 71 · What a generator can't know
#
# Write the tools of [the chapter](../chapters/71_what_a_generator_cannot_know.ipynb) yourself. [Worked
# solutions](../solutions/71_what_a_generator_cannot_know.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check. All
# tables are numpy arrays; `t` holds 1 for treated and 0 for others.

# %%
import numpy as np

from gan_edu.checks import chapter_71 as q

# %% [markdown]
# ## 1. What is seen, and its two parts
# *Difficulty ●○○ · importance ●●● · 10 minutes*
#
# For once you know everything: of each person the treatment `t`, the result without it `y0`, and the result with it
# `y1`, each (N,). Return three numbers: the difference that a table would show, the average effect on the treated
# (ATT), and the selection bias.


# %% answer="decompose"
def decompose(t, y0, y1):
    ### BEGIN SOLUTION
    treated = t == 1
    seen = y1[treated].mean() - y0[~treated].mean()
    att = (y1 - y0)[treated].mean()
    return seen, att, y0[treated].mean() - y0[~treated].mean()
    ### END SOLUTION


# %% check="decompose" points=1
q.decompose.check(decompose)
### BEGIN HIDDEN TESTS
from numpy import allclose, array

parts = decompose(array([0.0, 1, 1, 0, 1]), array([2.0, 5, 1, 4, 3]), array([2.0, 6, 5, 9, 4]))
assert allclose([float(part) for part in parts], [2.0, 2.0, 0.0])
parts = decompose(array([1.0, 0, 0]), array([4.0, 1, 2]), array([3.0, 7, 7]))
assert allclose([float(part) for part in parts], [1.5, -1.0, 2.5])
### END HIDDEN TESTS

# %%
# q.decompose.hint()

# %% [markdown]
# ## 2. Standardise
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# `x` (N,) has few values, and each of them occurs with both treatments. Return the effect over all (ATE): within each
# value of x the difference of the means, weighted by the share of all rows with this x.


# %% answer="standardise"
def standardise(t, y, x):
    ### BEGIN SOLUTION
    total = 0.0
    for value in np.unique(x):
        here = x == value
        total += here.mean() * (y[here & (t == 1)].mean() - y[here & (t == 0)].mean())
    return total
    ### END SOLUTION


# %% check="standardise" points=2
q.standardise.check(standardise)
### BEGIN HIDDEN TESTS
from numpy import array

found = standardise(array([1.0, 0, 0, 1, 0]), array([5.0, 1, 2, 9, 3]), array([2, 2, 2, 7, 7]))
assert abs(float(found) - (0.6 * 3.5 + 0.4 * 6)) < 1e-6
found = standardise(array([1.0, 0, 1, 1, 0, 1]), array([1.0, 3, 2, 4, 0, 3]), array([0, 0, 1, 1, 1, 1]))
assert abs(float(found) - (-2 / 3 + 2)) < 1e-6
### END HIDDEN TESTS

# %%
# q.standardise.hint()

# %% [markdown]
# ## 3. Weigh by propensity
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# `e` (N,) holds the propensity of each person, the probability of treatment. Return the ATE as a difference of two
# *weighted means*. Divide each sum by the sum of its weights.


# %% answer="weigh"
def weigh(t, y, e):
    ### BEGIN SOLUTION
    return np.average(y, weights=t / e) - np.average(y, weights=(1 - t) / (1 - e))
    ### END SOLUTION


# %% check="weigh" points=2
q.weigh.check(weigh)
### BEGIN HIDDEN TESTS
from numpy import array

found = weigh(array([1.0, 0, 1, 0]), array([2.0, 1, 8, 5]), array([0.5, 0.75, 0.25, 0.5]))
assert abs(float(found) - (6 - (4 + 10) / 6)) < 1e-6
found = weigh(array([1.0, 1, 0]), array([10.0, 20, 7]), array([0.2, 0.6, 0.9]))
assert abs(float(found) - (12.5 - 7)) < 1e-6
### END HIDDEN TESTS

# %%
# q.weigh.hint()

# %% [markdown]
# ## 4. Do it
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# A linear program computes its columns from left to right: column j is the sum of `B[j, i]` times column i over all
# earlier i, plus `noise[:, j]`. (`B` is (d, d) and zero on and above the diagonal; `noise` is (N, d).) Return the table
# (N, d) under do(column `which` = `value`).
#
# **Predict:** how does this differ from writing `value` into the finished table?


# %% answer="intervene"
def intervene(B, noise, which, value):
    ### BEGIN SOLUTION
    out = np.zeros_like(noise)
    for j in range(noise.shape[1]):
        out[:, j] = value if j == which else out[:, :j] @ B[j, :j] + noise[:, j]
    return out
    ### END SOLUTION


# %% check="intervene" points=2
q.intervene.check(intervene)
### BEGIN HIDDEN TESTS
from numpy import allclose, array

B = array([[0.0, 0, 0, 0], [1.0, 0, 0, 0], [0.0, 2.0, 0, 0], [1.0, 0, -1.0, 0]])
table = intervene(B, array([[1.0, 1, 1, 1], [0.0, 2, 0, 1]]), 1, 5.0)
assert allclose(table, [[1, 5, 11, -9], [0, 5, 10, -9]])
table = intervene(B, array([[1.0, 1, 1, 1]]), 3, 0.0)
assert allclose(table, [[1, 2, 5, 0]])
### END HIDDEN TESTS

# %%
# q.intervene.hint()

# %% [markdown]
# ## 5. Which columns?
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# A table tells who took a drug, and who recovered. For each point: what do you do, and why?
#
# 1. Older people get the drug more often, and recover more slowly. Age is in the table.
# 2. The table has the dose in the second month. Who felt better got less.
# 3. Only people who came to hospital are in the table. Both the drug and the illness bring people there. **Predict:**
#    if the drug does nothing at all, what will the table show? Can you see the cause of it in the table?
# 4. The table has the distance to the next pharmacy. It moves who takes the drug, and nothing else.
# 5. A colleague trains two generators on the table. One says that the drug helps, the other that it doesn't.

# %% [markdown] answer="which_columns" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. Adjust: age is a common cause of drug and recovery.
# 2. Don't: it came after the treatment and depends on how people did, so it lies on the way or is a common effect.
# 3. Coming to hospital is a common effect, and all rows have it. Among them drug and illness are linked even if the
#    drug does nothing, so it will seem to act. No column shows it, because the column would be constant.
# 4. Leave it out: it is no common cause. Adjusting leaves less of the treatment to compare, so the answer scatters
#    more; and if some cause is hidden (point 5), it also makes the bias larger.
# 5. Both may copy the table equally well, for with a hidden cause the table leaves the sign open. What made them differ
#    is their wiring. Randomise, or measure the causes.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.which_columns.hint()
# q.which_columns.check()

# %% [markdown]
# ## 6. Four messages
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "We have 800 patients only, so we'll train a GAN, draw a million from it, and compare treated with untreated
#    there." **Predict:** what will they find, and how large will their error bar be?
# 2. "Our model predicts who will leave the company, with 94 % accuracy. Its strongest column is the number of sick
#    days. So if we get people to be ill less often, fewer will leave."
# 3. "I set T to 1 in the output of my GAN and looked at Y. The mean of Y didn't change. So T has no effect."
# 4. "Within each department women were admitted about as often as men. So the university treats all alike." (Look at
#    the numbers below first.)

# %% [markdown] answer="messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. They'll find the seen difference of the 800, bias included. The error bar will be tiny, and wrong: it counts a
#    million independent patients.
# 2. Sick days may be a sign of something else, such as a bad manager. A forecast may use signs; changing a sign does
#    nothing.
# 3. In this generator T and Y are both computed from noise, so Y can't hear of T. Zero was built in.
# 4. Within departments like is compared with like. But if the choice of department is itself a result of how people are
#    treated, it is a station on the way, and the total is part of the question.
# <!-- ### END SOLUTION -->

# %%
# q.messages.hint()
# q.messages.check()

# %% [markdown]
# ## Your tools at work
#
# Applications for graduate study at Berkeley in 1973, in the six largest departments: men, women, and how many were
# admitted (the data set `UCBAdmissions` of R; Bickel, Hammel & O'Connell 1975 tell the story). **Predict:** the total
# says that men are admitted more often. What will `standardise` say, with the department as x?

# %%
applied = np.array([[825, 560, 325, 417, 191, 373], [108, 25, 593, 375, 393, 341]])  # men, women; departments A to F
admitted = np.array([[512, 353, 120, 138, 53, 22], [89, 17, 202, 131, 94, 24]])

woman, department, success = [], [], []
for sex in range(2):
    for d in range(6):
        woman += [sex] * applied[sex, d]
        department += [d] * applied[sex, d]
        success += [1] * admitted[sex, d] + [0] * (applied[sex, d] - admitted[sex, d])
woman, department, success = (np.array(column, dtype=float) for column in (woman, department, success))

# %%
seen = success[woman == 1].mean() - success[woman == 0].mean()
share = np.array([woman[department == d].mean() for d in range(6)])[department.astype(int)]
print(f"women's rate minus men's: seen {seen:+.1%}, standardised {standardise(woman, success, department):+.1%}")
print(f"with weights:             {weigh(woman, success, share):+.1%}")

# %% [markdown]
# <details><summary>Compare</summary>
#
# The sign reverses: 14 percentage points fewer in total, 4 more with equal departments. Women applied more often to
# departments that turn most people away. And both of your tools agree: with one column of few values, standardising
# and weighting are the same sums in another order.
#
# The 4 come mainly from department A, where 108 women applied, and 825 men. Look at the departments one by one before
# you say anything about "the university".
#
# </details>

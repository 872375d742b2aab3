# %% [markdown]
# # Exercises 60 · A museum of failures
#
# Four GANs on the ring, played now on your computer. Each has exactly one illness of [the
# chapter](../chapters/60_museum_of_failures.ipynb); the fifth exercise is a program to mend. Stuck? Ask for a hint;
# [worked solutions](../solutions/60_museum_of_failures.ipynb) are there too, for later.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch

from gan_edu import plotting
from gan_edu.checks import chapter_60 as q

plotting.use_style()
torch.set_num_threads(1)

# %% [markdown]
# `q.bedside` shows seed 0, the losses (green: discriminator; orange: generator; cut off at 3), the modes held, and
# findings, medians over eight seeds:
#
# - *second opinion*: the loss of a fresh discriminator after 300 steps, while the generator stands still
# - *eye test*: the loss of this patient's kind of discriminator in an easy task, after 300 steps: all fakes in the
#   ring's middle
# - *unrest in 50 steps*: how far the median point moves in 50 steps, for the same noise
# - *distance from middle*: how far the points lie from the ring's middle, on average; for the clouds it is 2
# - *change of G's weights*: how far they have moved since the start; 0 means that G never learned
# - *G has a gradient after D's turn*: was there something in `.grad` of the generator's weights, right after the
#   discriminator's update?
#
# Answer with a name from this list:

# %%
print(*q.DIAGNOSES, sep=", ")

# %% [markdown]
# ## 1. Patient A
# *Difficulty ●●○ · importance ●●● · 5 minutes*
#
# Look at the two losses first. Can both players win?

# %%
q.bedside("A")


# %% answer="patient_a"
def patient_a():
    ### BEGIN SOLUTION
    return "wrong label"  # L_D + L_G is far below 2 ln 2, which right labels don't allow
    ### END SOLUTION


# %% check="patient_a" points=1
q.patient_a.check(patient_a)
### BEGIN HIDDEN TESTS
assert patient_a().lower().replace("_", " ").replace("-", " ").split() == "wrong label".split()
### END HIDDEN TESTS

# %%
# q.patient_a.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# ## 2. Patient B
# *Difficulty ●●○ · importance ●●● · 5 minutes*
#
# Which of the two losses is the large one, and do the points move?

# %%
q.bedside("B")


# %% answer="patient_b"
def patient_b():
    ### BEGIN SOLUTION
    return "strong discriminator"  # calm and incomplete, L_D low, L_G high, and no stray gradient
    ### END SOLUTION


# %% check="patient_b" points=1
q.patient_b.check(patient_b)
### BEGIN HIDDEN TESTS
assert patient_b().lower().replace("_", " ").replace("-", " ").split() == "strong discriminator".split()
### END HIDDEN TESTS

# %%
# q.patient_b.hint()

# %% [markdown]
# ## 3. Patient C
# *Difficulty ●●● · importance ●●○ · 5 minutes*
#
# Compare it with patient B, finding by finding.

# %%
q.bedside("C")


# %% answer="patient_c"
def patient_c():
    ### BEGIN SOLUTION
    return "no detach"  # like patient B, but the generator has a gradient after the discriminator's turn
    ### END SOLUTION


# %% check="patient_c" points=1
q.patient_c.check(patient_c)
### BEGIN HIDDEN TESTS
assert patient_c().lower().replace("_", " ").replace("-", " ").split() == "no detach".split()
### END HIDDEN TESTS

# %%
# q.patient_c.hint()

# %% [markdown]
# ## 4. Patient D
# *Difficulty ●●● · importance ●●○ · 5 minutes*
#
# The losses look healthy. Ask who could have seen that the points are wrong.

# %%
q.bedside("D")


# %% answer="patient_d"
def patient_d():
    ### BEGIN SOLUTION
    return "blind discriminator"  # it doesn't even pass the eye test
    ### END SOLUTION


# %% check="patient_d" points=1
q.patient_d.check(patient_d)
### BEGIN HIDDEN TESTS
assert patient_d().lower().replace("_", " ").replace("-", " ").split() == "blind discriminator".split()
### END HIDDEN TESTS

# %%
# q.patient_d.hint()

# %% [markdown]
# ## 5. Mend the code of a VAE
# *Difficulty ●●○ · importance ●●○ · 15 minutes*
#
# This function should draw a code `z` for each picture, from a normal distribution with the given mean and the given
# logarithm of the variance, and give the KL divergence to the standard normal prior, one number for each picture. It
# has **four** defects, and runs:
#
# ```python
# def sample_and_kl(mean, log_var):                                             # both (N, d)
#     z = mean * log_var.exp()
#     kl = -0.5 * (mean ** 2 + log_var.exp() - 1 - log_var).mean()
#     return z, kl                                                              # (N, d) and (N,)
# ```
#
# Find them (by a test, if you like: what should come out for mean 3 and a variance of 4? The museum has each of the
# four by itself), then write it right. Draw noise of its own for each number of each code, and don't seed inside.


# %% answer="sample_and_kl"
def sample_and_kl(mean, log_var):
    ### BEGIN SOLUTION
    std = torch.exp(0.5 * log_var)  # not the variance
    z = mean + std * torch.randn_like(std)  # the noise was missing
    per_number = mean.square() + log_var.exp() - log_var - 1
    return z, per_number.sum(dim=1) / 2  # a sum over the code, no minus
    ### END SOLUTION


# %% check="sample_and_kl" points=3
q.sample_and_kl.check(sample_and_kl)
### BEGIN HIDDEN TESTS
import math as _math

import torch as _torch

_torch.manual_seed(5)
_mean, _log_var = _torch.full((30_000, 3), -1.0), _torch.full((30_000, 3), 2 * _math.log(0.5))
_drawn, _cost = sample_and_kl(_mean, _log_var)
assert abs(_drawn.mean() + 1) < 0.05 and abs(_drawn.std() - 0.5) < 0.02
assert _cost.shape == (30_000,) and abs(_cost[0] - 1.5 * (0.25 + 2 * _math.log(2))) < 1e-3
### END HIDDEN TESTS

# %%
# q.sample_and_kl.hint()

# %% [markdown]
# # Exercises 54 · Series
#
# Build the judge, the rival and the division that [the chapter](../chapters/54_series.ipynb) rests on. [Worked
# solutions](../solutions/54_series.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import torch

from gan_edu import plotting
from gan_edu.checks import chapter_54 as q
from gan_edu.data import processes

plotting.use_style()

# %% [markdown]
# ## 1. The autocorrelation of windows
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# Given `windows` (N, L), return the autocorrelation at lags 0, 1, …, `lags` as a tensor (lags + 1,). All windows come
# from one law, and so do all steps:
#
# 1. subtract *one* mean, that of all numbers,
# 2. at lag k, take the mean of the products of two values that lie k steps apart in the same window, over all such
#    pairs,
# 3. divide by the value at lag 0.
#
# **Predict:** what would go wrong at step 1, if each window lost its own mean?


# %% answer="autocorrelation"
def autocorrelation(windows, lags):
    ### BEGIN SOLUTION
    x, length = windows - windows.mean(), windows.shape[1]
    products = [(x[:, : length - k] * x[:, k:]).mean() for k in range(lags + 1)]
    return torch.stack(products) / (x * x).mean()
    ### END SOLUTION


# %% check="autocorrelation" points=2
q.autocorrelation.check(autocorrelation)
### BEGIN HIDDEN TESTS
from torch import tensor

of_three = autocorrelation(tensor([[5.0, 3.0, 4.0], [1.0, 2.0, 3.0]]), 2)
assert (of_three - tensor([1.0, 0.3, 0.6])).abs().max() < 1e-4
### END HIDDEN TESTS

# %%
# q.autocorrelation.hint()

# %% [markdown]
# ## 2. Fit an autoregression
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# Fit $x_t = a_1 x_{t-1} + a_2 x_{t-2} + \dots + a_p x_{t-p}$ + noise to a `series` (T,) with mean 0, by least squares,
# using all steps that have p steps before them. Return the `order` numbers $a_1, \dots, a_p$ as a tensor.


# %% answer="fit_ar"
def fit_ar(series, order):
    ### BEGIN SOLUTION
    steps = len(series)
    matrix = torch.stack([series[order - k : steps - k] for k in range(1, order + 1)], dim=1)
    return torch.linalg.lstsq(matrix, series[order:, None]).solution[:, 0]
    ### END SOLUTION


# %% check="fit_ar" points=2
q.fit_ar.check(fit_ar)
### BEGIN HIDDEN TESTS
from torch import tensor

exact = [1.0, 0.5]
for _ in range(12):
    exact.append(0.9 * exact[-1] - 0.7 * exact[-2])
assert (fit_ar(tensor(exact), 2) - tensor([0.9, -0.7])).abs().max() < 1e-2
assert (fit_ar(tensor([1.0, 3.0, 2.0, 4.0]), 1) - 17 / 14).abs().max() < 1e-4
### END HIDDEN TESTS

# %%
# q.fit_ar.hint()

# %% [markdown]
# ## 3. A fair division
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A series has `steps` steps, and the last `test` of them are kept for the test. Windows have `length` steps, and every
# start is allowed. Return two collections of starts: those of all windows that lie wholly *before* the border, and
# those of all windows that lie wholly *behind* it. No step may occur on both sides. (`test` is at least `length`, and
# there is at least one training window.)


# %% answer="divide"
def divide(steps, length, test):
    ### BEGIN SOLUTION
    return range(steps - test - length + 1), range(steps - test, steps - length + 1)
    ### END SOLUTION


# %% check="divide" points=2
q.divide.check(divide)
### BEGIN HIDDEN TESTS
before, behind = divide(50, 10, 20)
assert [int(s) for s in before] == list(range(21)) and [int(s) for s in behind] == list(range(30, 41))
before, behind = divide(9, 2, 2)
assert [int(s) for s in before] == [0, 1, 2, 3, 4, 5] and [int(s) for s in behind] == [7]
### END HIDDEN TESTS

# %%
# q.divide.hint()

# %% [markdown]
# ## 4. The floor of a score
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# The discriminative score is $|a - ½|$, where $a$ is a judge's accuracy on `n` test windows. A perfect generator leaves
# the judge nothing but guessing: each answer is right with probability ½, and they are independent. What is the score
# *on average* then? A Gaussian approximation is good enough.


# %% answer="score_floor"
def score_floor(n):
    ### BEGIN SOLUTION
    return 0.5 / n**0.5 * (2 / math.pi) ** 0.5
    ### END SOLUTION


# %% check="score_floor" points=1
q.score_floor.check(score_floor)
### BEGIN HIDDEN TESTS
assert abs(float(score_floor(64)) - 0.04987) < 1e-3 and abs(float(score_floor(900)) - 0.01330) < 5e-4
### END HIDDEN TESTS

# %%
# q.score_floor.hint()

# %% [markdown]
# ## 5. Four messages
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "Our discriminative score is 0.05, on 40 test windows. The judge is a GRU with two units. So our series can't be
#    told from real ones."
# 2. "We cut the series into windows with stride 1, shuffled them, and kept a fifth for the test. On these, our
#    generator is as good as real data."
# 3. "The histograms of real and generated values agree perfectly."
# 4. "Our GAN beats an AR(1) fit and a recurrent net with a Gaussian output."

# %% [markdown] answer="series_messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. With 40 windows, a perfect generator would score 0.06 on average, so 0.05 tells nothing. I'd ask for more windows,
#    for the row of real against real, and for a larger judge that has been shown to find a spoiled series.
# 2. Neighbouring windows share all steps but one, so nearly all test steps were trained on. A copier would get
#    a good score as well. Divide in time first.
# 3. Shuffled time has the same histogram. Where are the autocorrelation and the spectrum?
# 4. Are these the rivals that one would build in earnest? An AR of a chosen order, blocks of the series itself, and a
#    mixture at the output of the recurrent net belong there, with the same data and several seeds.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.series_messages.hint()
# q.series_messages.check()

# %% [markdown]
# ## Your tools at work
#
# The sunspots again, with your four tools. First divide the 309 years, then fit on the first part only. Mean and spread
# come from the first part, too.

# %%
years, spots = processes.sunspots()
before, behind = (list(starts) for starts in divide(len(spots), length=24, test=109))
known = spots[: max(before) + 24]
scaled = (spots - known.mean()) / known.std()
a = fit_ar(scaled[: len(known)], 2)
print(f"{len(before)} windows to train, {len(behind)} to test; a = {a[0]:.2f}, {a[1]:.2f}")

# %% [markdown]
# An AR(2) turns once in $2\pi / \arccos(a_1 / (2 \sqrt{-a_2}))$ steps. **Predict:** how many years is that for the
# sunspots? And how well does your AR(2) predict the next year, compared with "as this year"?

# %%
period = 2 * math.pi / math.acos(a[0] / (2 * (-a[1]) ** 0.5))
test = scaled[len(known) :]
guess = a[0] * test[1:-1] + a[1] * test[:-2]
print(f"period: {period:.1f} years")
print(f"mean squared error: AR(2) {(guess - test[2:]).square().mean():.2f}", end=", ")
print(f"as this year {(test[1:-1] - test[2:]).square().mean():.2f}")

# %%
made = scaled[:2].repeat(500, 1)  # 500 new histories from 1700 on
spread = (scaled[2 : len(known)] - a[0] * scaled[1 : len(known) - 1] - a[1] * scaled[: len(known) - 2]).std()
for _ in range(198):
    made = torch.cat([made, a[0] * made[:, -1:] + a[1] * made[:, -2:-1] + spread * torch.randn(500, 1)], dim=1)
curves = {"real": autocorrelation(scaled[None, : len(known)], 24), "generated": autocorrelation(made, 24)}
plotting.curves(torch.arange(25), curves, "lag (years)", "autocorrelation")

# %% [markdown]
# At which lag do the two part? What does the real series remember that two coefficients can't?
#
# <details><summary>Compare</summary>
#
# From about lag 7 on. The real series keeps its rhythm of 11 years: at lag 11 it still agrees with itself, by more than
# a half. Two coefficients forget it within one turn.
#
# </details>
#
# 🔎 **Try it** with 9 coefficients: `fit_ar(scaled[: len(known)], 9)`. (The chapter's AIC chose about as many.)

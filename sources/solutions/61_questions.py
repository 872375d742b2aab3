# %% [markdown]
# # Exercises 61 · Frequently asked questions
#
# Answer questions yourself: from a report, by a measurement, and by an experiment. They belong to [the
# chapter](../chapters/61_questions.ipynb). Stuck? Ask for a hint; [worked solutions](../solutions/61_questions.ipynb)
# are there too, for later.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch

from gan_edu.checks import chapter_61 as q

# %% [markdown]
# ## 1. Five reports
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Five people write to you about their GANs for digits. D's loss is the sum of its halves, G's is −log D, G ends in a
# tanh.
#
# 1. “L_D is 0.01, L_G is 9. My film of fixed noise shows the same pictures since step 0, to the last digit.”
# 2. “All samples are the same grey blur after 300 steps. Before the first step, pixels differed by 0.003 from one noise
#    vector to the next.”
# 3. “L_D = 1.38 and L_G = 0.70 for an hour. A new D, trained while G stood still, got down to 0.4 in 300 steps.”
# 4. “Training goes splendidly: L_D is 0.1 and L_G is 0.2.”
# 5. “The strokes are there, but all that should be grey is black. The lowest number is −1, the highest 1, the spread
#    over the noise 0.37.”

# %% [markdown]
# Which cause fits best? Each letter is used at most once:
#
# - **A** the noise doesn't get through G
# - **B** the picture is shown in another range than its numbers have
# - **C** a label or a loss is wrong
# - **D** D is too strong: slow it down
# - **E** G gets no gradient
# - **F** D is late, or can't see
# - **G** mode collapse
#
# Return the five letters in the order of the reports, for example `"GABCD"`.


# %% answer="five_reports"
def five_reports():
    ### BEGIN SOLUTION
    return "EAFCB"
    ### END SOLUTION


# %% check="five_reports" points=2
q.five_reports.check(five_reports)
### BEGIN HIDDEN TESTS
_said = five_reports()
_said = [_said[_n] for _n in sorted(_said, key=int)] if isinstance(_said, dict) else _said
assert [_each for _each in "".join(_said).upper() if _each.isalpha()] == list("EAFCB")
### END HIDDEN TESTS

# %%
# q.five_reports.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# ## 2. Deaf or collapsed?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# `before` and `after` are pictures from many noise vectors, of shape `(N, 1, H, W)`, before and after training. The
# **spread** of such a set: how much a pixel differs from one noise vector to the next (its standard deviation), on
# average over the pixels. Return
#
# - `"varied"` if the spread after training is 0.05 or more,
# - `"collapsed"` if it is less, but was 0.05 or more before,
# - `"deaf"` if it is less, and was less before, too.


# %% answer="verdict"
def verdict(before, after):
    ### BEGIN SOLUTION
    def spread(pictures):
        return pictures.std(dim=0).mean()  # over the noise, then over the pixels

    if spread(after) >= 0.05:
        return "varied"
    return "collapsed" if spread(before) >= 0.05 else "deaf"
    ### END SOLUTION


# %% check="verdict" points=2
q.verdict.check(verdict)
### BEGIN HIDDEN TESTS
import torch as _torch

_torch.manual_seed(3)
_one = _torch.rand(1, 1, 6, 6) - 0.5
_alike = _one + 0.002 * _torch.randn(40, 1, 6, 6)
_many = _one + 0.3 * _torch.randn(40, 1, 6, 6)
_grey = 0.3 * _torch.randn(40, 1, 1, 1) + _torch.zeros(40, 1, 6, 6)
_same = _many - _many.mean(dim=(2, 3), keepdim=True)  # equally bright, all different
_small = _one + 0.03 * _torch.randn(40, 1, 6, 6)
_dead = _one + _torch.zeros(40, 1, 6, 6)
_dead[:, 0, 2, 2] = 0.6 * _torch.randn(40)
_pairs = [(_many, _alike), (_alike, _alike), (_alike, _grey), (_same, _same), (_many, _small), (_many, _dead)]
_found = [verdict(*_pair).strip().lower() for _pair in [*_pairs, (3 * _many, _many)]]
assert _found == ["collapsed", "deaf", "varied", "varied", "collapsed", "collapsed", "varied"]
### END HIDDEN TESTS

# %%
# q.verdict.hint()

# %% [markdown]
# ## 3. Its own points, and new ones
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# “My D is right about 98 % of my 64 training pictures, so my samples must be bad.” Answer by an experiment: how often
# is a *linear* D right about the points that it was fitted to, and about new ones?
#
# `real` and `fake` have the shape `(N, d)`, `new_real` and `new_fake` the shape `(M, d)`. Fit weights and an intercept
# to `real` (label +1) and `fake` (label −1) by **least squares**. D says “real” where the result is above 0. Return two
# numbers: the share of the points in `real` and `fake` together about which D is right, and the same for the new ones.


# %% answer="own_and_new"
def own_and_new(real, fake, new_real, new_fake):
    ### BEGIN SOLUTION
    def with_ones(points):
        return torch.cat([points, torch.ones(len(points), 1)], dim=1).double()

    label = torch.cat([torch.ones(len(real)), -torch.ones(len(fake))]).double()
    weights = torch.linalg.lstsq(with_ones(torch.cat([real, fake])), label).solution

    def right(yes, no):
        good = torch.cat([with_ones(yes) @ weights > 0, with_ones(no) @ weights < 0])
        return good.double().mean().item()

    return right(real, fake), right(new_real, new_fake)
    ### END SOLUTION


# %% check="own_and_new" points=2
q.own_and_new.check(own_and_new)
### BEGIN HIDDEN TESTS
import torch as _torch

_torch.manual_seed(4)
_a, _b, _c, _d = (_torch.randn(_n, 6) for _n in (25, 25, 80, 80))
_b[:, 0] += 1.5
_d[:, 1] += 1.5
_x = _torch.cat([_torch.cat([_a, _b]), _torch.ones(50, 1)], dim=1).double()
_w = _torch.linalg.pinv(_x) @ _torch.cat([_torch.ones(25), -_torch.ones(25)]).double()
_say = [(_e.double() @ _w[:-1] + _w[-1] > 0).double().mean().item() for _e in (_a, _b, _c, _d)]
_own, _new = own_and_new(_a, _b, _c, _d)
assert abs(float(_own) - (_say[0] + 1 - _say[1]) / 2) < 1e-5
assert abs(float(_new) - (_say[2] + 1 - _say[3]) / 2) < 1e-5
### END HIDDEN TESTS

# %%
# q.own_and_new.hint()

# %% [markdown]
# Now the experiment. Before you run it: 64 + 64 points in 50 dimensions, both clouds from the *same* distribution. What
# are the two numbers?

# %%
torch.manual_seed(0)
own_and_new(*(torch.randn(n, 50) for n in (64, 64, 1000, 1000)))

# %% [markdown]
# ## 4. Plan an experiment
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# A friend says: “Labels of 0.9 cured my mode collapse. Before, my ring had five clouds. Then I took 0.9 for the real
# labels and half the learning rate, as somebody advised, and it had all eight.”
#
# Plan the smallest experiment that could show that he is wrong: which contestants, what is equal, how many seeds, what
# you count and when, and which result would convince you. (Then run it, if you like: chapter 23 has the ring.)

# %% [markdown] answer="plan" points=3
# <!-- ### BEGIN SOLUTION -->
# Four contestants: neither, 0.9 alone, half the rate alone, both; the rest is equal, the looks included. Eight seeds,
# the same for all. Count the clouds held at several looks in the last third, not the best look. Before running I write
# down: 0.9 alone has to beat neither in seven of eight seeds. If only half the rate does, it was the rate; he changed
# two things and saw one seed. Then once more with 0.8 or another rate.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.plan.hint()
# q.plan.check()

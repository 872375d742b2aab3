# %% [markdown]
# # Exercises 47 · Which test finds what?
#
# You write a test, and you judge tests. The checks run your test on programs that are right, where it must keep silent,
# and on broken ones, which it must catch. [The chapter](../chapters/47_which_test.ipynb) has examples;
# [worked solutions](../solutions/47_which_test.ipynb) are there for later. Ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch

from gan_edu.checks import chapter_47 as q
from gan_edu.checks.chapter_47 import players

# %% [markdown]
# ## 1. A test of a turn
# *Difficulty ●●● · importance ●●● · 25 minutes*
#
# `players()` gives four things, the same at each call: two tiny networks `G` and `D`, and their optimisers `opt_g` and
# `opt_d`. The generator takes noise of shape (N, 2). A **generator's turn** is a function `turn(G, D, opt_g, opt_d,
# noise)`.
#
# Write `test_turn(turn)`. It raises an `AssertionError` unless
#
# 1. `G` is changed,
# 2. `D` is not,
# 3. after some turns `D` takes the generator's points for real *more* than before (compare the mean logit for the same
#    noise),
# 4. gradients that were in `G` before the turn make no difference.
#
# What a turn returns, and what it leaves in `D`'s gradients, is its own affair.


# %% answer="test_turn"
def test_turn(turn):
    ### BEGIN SOLUTION
    torch.manual_seed(3)
    noise = torch.randn(100, 2)

    G, D, opt_g, opt_d = players()
    opinion = D(G(noise)).mean().item()
    weights_of_d = [parameter.detach().clone() for parameter in D.parameters()]
    weights_of_g = [parameter.detach().clone() for parameter in G.parameters()]
    for _ in range(20):
        turn(G, D, opt_g, opt_d, torch.randn(100, 2))
    assert any(not a.equal(b) for a, b in zip(G.parameters(), weights_of_g, strict=True)), "G stands still"
    assert all(a.equal(b) for a, b in zip(D.parameters(), weights_of_d, strict=True)), "D has been moved"
    assert D(G(noise)).mean().item() > opinion, "G goes the wrong way"

    twins = [players(), players()]
    for parameter in twins[1][0].parameters():
        parameter.grad = torch.full_like(parameter, 1000.0)
    for twin in twins:
        turn(*twin, noise)
    pairs = zip(twins[0][0].parameters(), twins[1][0].parameters(), strict=True)
    assert all(a.allclose(b) for a, b in pairs), "old gradients count"
    ### END SOLUTION


# %% check="test_turn" points=4
q.test_turn.check(test_turn)
### BEGIN HIDDEN TESTS
import torch as _torch


def _red(sign, both):
    def turn(G, D, opt_g, opt_d, noise):
        opt_g.zero_grad()
        _torch.nn.functional.softplus(-sign * D(G(noise))).mean().backward()
        [opt.step() for opt in (opt_g, opt_d)[: 1 + both]]

    try:
        test_turn(turn)
    except Exception:
        return True


assert [_red(*_) for _ in ((1, 0), (1, 1), (-1, 0))] == [None, True, True]
### END HIDDEN TESTS

# %%
# q.test_turn.hint()

# %% [markdown]
# ## 2. Tests that are needed
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# `found` is a table (mutants, tests) of True and False: which test finds which mutant. A test is *needed* if there is a
# mutant that this test finds and no other test does.
#
# Write `needed_tests(found)`: the numbers of the needed tests (counted from 0), as a set. There may be mutants that no
# test finds.
#
# **Predict:** in a table with two columns that are equal, can one of these two tests be needed?


# %% answer="needed_tests"
def needed_tests(found):
    ### BEGIN SOLUTION
    needed = set()
    for row in found:
        finders = row.nonzero().flatten().tolist()
        if len(finders) == 1:
            needed.add(finders[0])
    return needed
    ### END SOLUTION


# %% check="needed_tests" points=2
q.needed_tests.check(needed_tests)
### BEGIN HIDDEN TESTS
import torch as _torch

_table = _torch.tensor([[0, 1, 1], [0, 1, 0], [0, 0, 0], [1, 0, 1]]).bool()
assert {int(_) for _ in needed_tests(_table)} == {1}
assert {int(_) for _ in needed_tests(_torch.eye(4).bool()[:3])} == {0, 1, 2}
### END HIDDEN TESTS

# %%
# q.needed_tests.hint()

# %% [markdown]
# (With two equal columns neither of the two is needed: each mutant that one finds is found by the other as well. Drop
# one of them, and the other may become needed.)

# %% [markdown]
# ## 3. “All 200 tests are green”
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A colleague writes: "Our GAN has 200 tests, and all of them are green, so the program is right and we can start the
# long training." What do you ask before you agree? Think of what the tests have been tried on, of right programs that
# are written differently, and of what no test of a program can say.

# %% [markdown] answer="all_green" points=2
# <!-- ### BEGIN SOLUTION -->
# First I ask whether anybody has ever seen these tests red. Ten mutants, each broken in one place, tell more about the
# set of tests than its size: if a missing `step()` passes all 200, there is a hole.
#
# Then I ask what they say to a right program that somebody else has written. A test that insists on one way of writing
# is switched off sooner or later.
#
# Finally, green means that the program does what was asked of it. Whether the generator is large enough, whether
# the data are the right ones, and whether the training holds all modes, only runs over several seeds can show, with a
# distance and its floor.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.all_green.hint()
# q.all_green.check()

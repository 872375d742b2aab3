"""Questions of chapter 47: a test of a turn, the tests that are needed, and what "all green" means."""

import torch
import torch.nn.functional as F
from torch import nn

from gan_edu.checks.chapter_46 import _NEVER_RED, _RETURNS, _judge
from gan_edu.checks.engine import NotYet, discussion, question
from gan_edu.checks.values import describe

# --- a test of the generator's turn


def players(seed=0):
    """A tiny generator (2 → 1), a discriminator (1 → 1), and an optimiser for each: G, D, opt_g, opt_d."""
    torch.manual_seed(seed)
    g = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    d = nn.Sequential(nn.Linear(1, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    return g, d, torch.optim.Adam(g.parameters(), lr=0.01), torch.optim.Adam(d.parameters(), lr=0.01)


def _turn(g, d, opt_g, opt_d, noise):
    loss = F.softplus(-d(g(noise))).mean()
    opt_g.zero_grad()
    loss.backward()
    opt_g.step()
    return loss


def _frozen_turn(g, d, opt_g, opt_d, noise):
    d.requires_grad_(False)
    loss = _turn(g, d, opt_g, opt_d, noise)
    d.requires_grad_(True)
    return loss.item()


def _by_grad(g, d, opt_g, opt_d, noise):
    loss = -F.logsigmoid(d(g(noise))).mean()
    for parameter, grad in zip(g.parameters(), torch.autograd.grad(loss, list(g.parameters())), strict=True):
        parameter.grad = grad
    opt_g.step()


def _no_step(g, d, opt_g, opt_d, noise):
    opt_g.zero_grad()
    F.softplus(-d(g(noise))).mean().backward()


def _cut(g, d, opt_g, opt_d, noise):
    opt_g.zero_grad()
    F.softplus(-d(g(noise).detach())).mean().backward()
    opt_g.step()


def _moves_both(g, d, opt_g, opt_d, noise):
    opt_d.zero_grad()
    _turn(g, d, opt_g, opt_d, noise)
    opt_d.step()


def _moves_d(g, d, opt_g, opt_d, noise):
    opt_d.zero_grad()
    F.softplus(-d(g(noise))).mean().backward()
    opt_d.step()


def _label_of_d(g, d, opt_g, opt_d, noise):
    opt_g.zero_grad()
    F.softplus(d(g(noise))).mean().backward()
    opt_g.step()


def _keeps_gradients(g, d, opt_g, opt_d, noise):
    F.softplus(-d(g(noise))).mean().backward()
    opt_g.step()


_RIGHT_TURNS = {"the usual one": _turn, "D frozen meanwhile": _frozen_turn, "by autograd.grad": _by_grad}
_BROKEN_TURNS = {
    "no step": _no_step,
    "the fake is detached": _cut,
    "D's optimiser steps, and G's doesn't": _moves_d,
    "both optimisers step": _moves_both,
    "label 0: the fakes are to be found out": _label_of_d,
    "no zero_grad": _keeps_gradients,
}
_MISSED_TURNS = {
    "no step": "forgets_that_g_must_move",
    "the fake is detached": "forgets_that_g_must_move",
    "D's optimiser steps, and G's doesn't": "forgets_that_g_must_move",
    "both optimisers step": "forgets_the_bystander",
    "label 0: the fakes are to be found out": "forgets_the_direction",
    "no zero_grad": "forgets_old_gradients",
}


def _weights(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()])


@question(
    "A test of a turn",
    hints=(
        "Four questions, one assert each: has G changed? Is D as before? Does D's opinion of the fakes rise? Do old "
        "gradients make no difference?",
        "For the first two: copies of the weights before, compare after. For the third: some twenty turns, and the "
        "mean of D(G(z)) for the same z before and after.",
        "For the fourth: two sets of players() with the same seed; fill .grad of one generator with large numbers "
        "(p.grad = torch.full_like(p, 1000.0)), give both one turn with the same noise, and compare the generators.",
    ),
    insight="None of the four questions mentions the loss, so the same test fits a hinge or a Wasserstein generator "
    "turn as well.",
    seconds=60.0,
)
def test_turn(turn):
    torch.manual_seed(1)
    z = torch.randn(64, 2)
    G, D, opt_g, opt_d = players()
    before_g = [p.detach().clone() for p in G.parameters()]
    before_d = [p.detach().clone() for p in D.parameters()]
    opinion = D(G(z)).mean().item()
    for _ in range(20):
        turn(G, D, opt_g, opt_d, torch.randn(64, 2))
    assert any(not a.equal(b) for a, b in zip(G.parameters(), before_g, strict=True)), "G hasn't moved"
    assert all(a.equal(b) for a, b in zip(D.parameters(), before_d, strict=True)), "D has moved"
    assert D(G(z)).mean() > opinion, "D's opinion of the fakes doesn't rise"

    (clean, *others), (dirty, *their_others) = players(), players()
    for p in dirty.parameters():
        p.grad = torch.full_like(p, 1000.0)
    turn(clean, *others, z)
    turn(dirty, *their_others, z)
    same = [a.allclose(b) for a, b in zip(clean.parameters(), dirty.parameters(), strict=True)]
    assert all(same), "old gradients go into the update"


def _partly(moves=True, bystander=True, direction=True, old=True):
    """A test of a turn with some of the four questions."""

    def test(turn):
        torch.manual_seed(1)
        z = torch.randn(64, 2)
        g, d, opt_g, opt_d = players()
        before, bystander_before, opinion = _weights(g), _weights(d), d(g(z)).mean().item()
        for _ in range(20):
            turn(g, d, opt_g, opt_d, torch.randn(64, 2))
        assert not (moves and _weights(g).equal(before))
        assert not bystander or _weights(d).equal(bystander_before)
        assert not direction or d(g(z)).mean() > opinion
        if old:
            nets = players(), players()
            for p in nets[1][0].parameters():
                p.grad = torch.full_like(p, 1000.0)
            for each in nets:
                turn(*each, z)
            assert _weights(nets[0][0]).allclose(_weights(nets[1][0]))

    return test


@test_turn.misconception(_NEVER_RED)
def _never_red(turn):
    turn(*players(), torch.randn(64, 2))


@test_turn.misconception(_RETURNS)
def _returns_instead_of_asserting(turn):
    g, d, opt_g, opt_d = players()
    before = _weights(g)
    turn(g, d, opt_g, opt_d, torch.randn(64, 2))
    return not _weights(g).equal(before)


@test_turn.misconception(
    "an alarm at a right program. Perhaps it asks for one way of writing it: a returned value, gradients "
    "left in D, a loss that falls at each turn. None was promised."
)
def _false_alarm(turn):
    g, d, opt_g, opt_d = players()
    loss = turn(g, d, opt_g, opt_d, torch.randn(64, 2))
    assert loss is not None and loss > 0


@test_turn.misconception("no look at G's weights: in some broken turns they stay as they are, because nothing steps.")
def _forgets_that_g_must_move(turn):
    g, d, opt_g, opt_d = players()
    before = _weights(d)
    turn(g, d, opt_g, opt_d, torch.randn(64, 2))
    assert _weights(d).equal(before)


@test_turn.misconception(
    "no look at D's weights. D is a bystander in G's turn: a turn that moves D as well makes it help its opponent."
)
def _forgets_the_bystander(turn):
    _partly(bystander=False)(turn)


@test_turn.misconception(
    "no look at the direction. G moves, but which way? After some turns D must take the fakes for real more than "
    "before."
)
def _forgets_the_direction(turn):
    _partly(direction=False)(turn)


@test_turn.misconception(
    "no look at old gradients. Without zero_grad() the gradients of all earlier turns go into this one: fill .grad "
    "with something large before the turn, and see whether it matters."
)
def _forgets_old_gradients(turn):
    _partly(old=False)(turn)


@test_turn.test
def _(learner):
    _judge(learner, _RIGHT_TURNS, _BROKEN_TURNS, _MISSED_TURNS)


# --- which tests are needed?


def _matrices():
    chapter = [
        [1, 0, 0, 0],  # found by test 0 alone
        [1, 1, 0, 0],
        [0, 1, 0, 1],
        [0, 0, 0, 0],  # found by none
        [0, 0, 0, 1],  # found by test 3 alone
        [1, 1, 0, 1],
    ]
    wide = [[0, 1, 1, 0, 0], [0, 0, 0, 0, 1]]
    return [
        (torch.tensor(chapter, dtype=torch.bool),),
        (torch.tensor(wide, dtype=torch.bool),),
        (torch.tensor([[1, 1], [1, 1], [0, 0]], dtype=torch.bool),),
        (torch.eye(3, dtype=torch.bool),),
    ]


def _numbers(candidate, found):
    """What an answer gives, as the sorted numbers of tests, in the place of a set, a list, a tensor, an array."""
    value = candidate(found)
    if isinstance(value, torch.Tensor):
        value = value.flatten().tolist()
    elif hasattr(value, "tolist"):
        value = value.tolist()
    try:
        return tuple(sorted({int(number) for number in value}))
    except (TypeError, ValueError):
        raise NotYet("a set of numbers of tests, such as {0, 3}", describe(value)) from None


@question(
    "Tests that are needed",
    hints=(
        "A test is needed if there is a mutant that it finds and no other test does. So look at the rows with exactly "
        "one True.",
        "found.sum(dim=1) counts, for each mutant, how many tests find it. found[found.sum(dim=1) == 1] are the rows "
        "that matter.",
        "In these rows argmax(dim=1) gives the column of the True. Make it a set, so that no test is named twice.",
    ),
    insight="Tests that are not needed are not useless: they may be quicker, or give a clearer message. And a mutant "
    "that nobody finds needs a test that isn't there yet.",
    probes=_matrices,
    run=_numbers,
)
def needed_tests(found):
    alone = found[found.sum(dim=1) == 1]  # mutants that exactly one test finds
    return set(alone.int().argmax(dim=1).tolist())


@needed_tests.misconception("all tests that find something. Needed are those without which a mutant would get away.")
def _all_that_find(found):
    return set(found.any(dim=0).nonzero().flatten().tolist())


@needed_tests.misconception("the test that finds most mutants. One that finds a single mutant may be the only one to.")
def _the_best(found):
    return {found.sum(dim=0).argmax().item()}


@needed_tests.misconception(
    "the numbers of the mutants (rows) that exactly one test finds. Asked for are the tests (columns)."
)
def _rows(found):
    return set((found.sum(dim=1) == 1).nonzero().flatten().tolist())


@needed_tests.misconception("tests that find exactly one mutant. It is the mutant that must be found by exactly one.")
def _find_one(found):
    return set((found.sum(dim=0) == 1).nonzero().flatten().tolist())


@needed_tests.misconception(
    "argmax of every row, also of rows without a True, or with several: argmax gives 0, or the first."
)
def _argmax_of_all(found):
    return set(found.int().argmax(dim=1).tolist())


# --- all green


@discussion(
    "“All 200 tests are green”",
    hints=(
        "Has anybody seen these tests red? What would you break to find out?",
        "What can be wrong with a GAN although every part of its program does what was written down?",
    ),
)
def all_green():
    """Green tests say that the program does what the tests ask. I would ask three things.

    Have the tests ever been red? I would break the program in ten places, one at a time: a missing step, a thread that
    is cut, swapped labels, the wrong range, a layer that isn't listed. If one of these mutants passes all 200 tests, a
    question is missing, however many tests there are.

    Do they blame right programs? If somebody writes a turn in another way and a test turns red, the test asks for the
    writing and not for the result. Soon nobody believes it.

    And is the idea good? A generator without hidden layers passed every test of the chapter. So I want results as well:
    several seeds, a distance with a floor, a second opinion, and counts of the groups that can be named."""

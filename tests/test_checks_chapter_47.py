import numpy as np
import pytest
import torch
from checks_cases import Case, chapter_tests
from torch import nn

from gan_edu.checks import chapter_47 as q
from gan_edu.checks.engine import NotYet

# --- a test of a turn


def turn_stub(turn):
    # YOUR CODE HERE
    raise NotImplementedError()


def weights(net):
    return nn.utils.parameters_to_vector(net.parameters()).detach().clone()


def with_vectors(turn):
    G, D, opt_g, opt_d = q.players(4)
    z, g, d = torch.randn(50, 2), weights(G), weights(D)
    with torch.no_grad():
        before = D(G(z)).mean()
    for step in range(30):
        torch.manual_seed(step)
        turn(G, D, opt_g, opt_d, torch.randn(50, 2))
    assert not torch.equal(g, weights(G)) and torch.equal(d, weights(D))
    with torch.no_grad():
        assert D(G(z)).mean() > before
    results = []
    for spoil in (False, True):
        G, D, opt_g, opt_d = q.players(5)
        if spoil:
            for p in G.parameters():
                p.grad = -1e4 * torch.ones_like(p)
        turn(G, D, opt_g, opt_d, z)
        results.append(weights(G))
    assert torch.allclose(*results)


def as_helpers(turn):
    """The four questions one by one, old gradients first."""
    noise = torch.ones(10, 2)
    pair = q.players(), q.players()
    for p in pair[0][0].parameters():
        p.grad = torch.ones_like(p) * 99
    for each in pair:
        turn(*each, noise)
    if (weights(pair[0][0]) - weights(pair[1][0])).abs().max() > 1e-6:
        raise ValueError("old gradients")
    G, D, *optimizers = q.players()
    start, d = D(G(noise)).mean().item(), weights(D)
    first = weights(G)
    for _ in range(15):
        turn(G, D, *optimizers, noise)
    if weights(G).equal(first) or not weights(D).equal(d) or D(G(noise)).mean().item() <= start:
        raise ValueError("turn")


def only_g_moves(turn):
    G, D, opt_g, opt_d = q.players()
    before = weights(G)
    turn(G, D, opt_g, opt_d, torch.randn(9, 2))
    assert not weights(G).equal(before)


def who_moves(turn):
    G, D, opt_g, opt_d = q.players()
    g, d = weights(G), weights(D)
    turn(G, D, opt_g, opt_d, torch.randn(9, 2))
    assert not weights(G).equal(g)
    assert weights(D).equal(d)


def who_and_where(turn):
    who_moves(turn)
    G, D, opt_g, opt_d = q.players()
    z = torch.randn(50, 2)
    before = D(G(z)).mean().item()
    for _ in range(20):
        turn(G, D, opt_g, opt_d, z)
    assert D(G(z)).mean().item() > before


def wants_a_tensor(turn):
    assert torch.is_tensor(turn(*q.players(), torch.randn(9, 2)))


turn_case = Case(
    q.test_turn,
    turn_stub,
    right=[with_vectors, as_helpers],
    wrong={
        "never_red": [lambda turn: print(end=""), lambda turn: turn(*q.players(), torch.randn(5, 2)) and None],
        "returns_instead_of_asserting": lambda turn: turn(*q.players(), torch.randn(5, 2)) is not None,
        "false_alarm": wants_a_tensor,
        "forgets_the_bystander": only_g_moves,
        "forgets_the_direction": who_moves,
        "forgets_old_gradients": who_and_where,
    },
    also_wrong=[lambda turn: turn(1), lambda a, b: turn_stub],
    namespace={"players": q.players},
)


# --- which tests are needed?


def needed_stub(found):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_loops(found):
    return [
        test
        for test in range(found.shape[1])
        if any(bool(row[test]) and sum(map(int, row.tolist())) == 1 for row in found)
    ]


def by_removal(found):
    """A test is needed if without it fewer mutants are found."""
    table = found.numpy()
    return np.array([t for t in range(table.shape[1]) if np.delete(table, t, 1).any(1).sum() < table.any(1).sum()])


def as_tensor(found):
    return (found & (found.sum(1, keepdim=True) == 1)).any(dim=0).nonzero().flatten()


needed_case = Case(
    q.needed_tests,
    needed_stub,
    right=[by_loops, by_removal, as_tensor, lambda found: frozenset(as_tensor(found).tolist())],
    wrong={
        "all_that_find": lambda found: found.any(0).nonzero()[:, 0],
        "the_best": lambda found: [int(found.sum(0).argmax())],
        "rows": lambda found: [i for i, row in enumerate(found) if row.sum() == 1],
        "find_one": lambda found: (found.sum(0) == 1).nonzero().flatten(),
        "argmax_of_all": lambda found: found.int().argmax(1),
    },
    also_wrong=[lambda found: set(), lambda found: 3, lambda found: ["who learns"]],
)

TestChapter47 = chapter_tests(q, turn_case, needed_case)


def test_a_missed_program_is_named():
    with pytest.raises(NotYet, match="both optimisers step"):
        q.test_turn.check(only_g_moves)


def test_the_players_are_always_the_same():
    first, second = q.players(), q.players()
    assert weights(first[0]).equal(weights(second[0])) and weights(first[1]).equal(weights(second[1]))
    assert not weights(first[0]).equal(weights(q.players(1)[0]))

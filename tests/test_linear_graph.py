"""Slopes, ways and the sentence of a linear graph, against long tables, regressions and another library."""

import itertools
import random

import numpy as np
import pytest

from gan_edu.linear_graph import LinearGraph

FORK = {"U->T": 1, "U->Y": 2, "T->Y": 1}


def random_graphs(count, seed, most=5):
    """Graphs of all orders and densities, with strengths that hardly cancel out by chance."""
    chance = random.Random(seed)
    for _ in range(count):
        names = ["T", "Y", "U", "M", "C"][: chance.randint(2, most)]
        order, share = chance.sample(names, len(names)), chance.choice((0.3, 0.6, 0.9))
        arrows = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :] if chance.random() < share]
        strengths = {f"{a}->{b}": chance.choice((-1, 1)) * chance.uniform(0.4, 2.5) for a, b in arrows}
        yield LinearGraph(strengths, [n for n in names[2:] if chance.random() < 0.4], others=names[2:])


def test_slopes_of_the_chapters_graphs():
    fork = LinearGraph(FORK)
    assert (fork.seen, fork.done) == (2, 1) and fork.with_(given=["U"]).adjusted == pytest.approx(1)
    pipe = LinearGraph({"T->M": 2, "M->Y": 3})
    assert (pipe.seen, pipe.done) == (pytest.approx(6), 6) and pipe.with_(given=["M"]).adjusted == pytest.approx(0)
    for a in (0.5, 1, 2):  # what chapter 71 says of its collider
        collider = LinearGraph({"T->Y": 1, "T->C": a, "Y->C": a}, given=["C"])
        assert (collider.seen, collider.done) == (1, 1)
        assert collider.adjusted == pytest.approx((1 - a**2) / (1 + a**2))
    backwards = LinearGraph({"Y->T": 1})
    assert backwards.seen == pytest.approx(0.5) and backwards.done == 0


def test_slopes_are_those_of_long_tables():
    for number, graph in enumerate(random_graphs(15, seed=1)):
        chance = np.random.default_rng(number)
        noise = chance.normal(size=(200_000, len(graph.names)))
        seen, set_ = (dict(zip(graph.names, graph.rows(noise, do).T, strict=True)) for do in (False, True))
        assert np.allclose(np.cov(np.stack(list(seen.values()))), graph.covariance, rtol=0.05, atol=0.3)

        def fitted(table, *columns):
            x = np.stack([table[name] for name in columns], axis=1)
            beta, rest = np.linalg.lstsq(x, table["Y"], rcond=None)[:2]
            return beta[0], np.sqrt(rest[0] / len(x) * np.linalg.inv(x.T @ x)[0, 0])  # and its standard error

        for exact, (found, error) in (
            (graph.seen, fitted(seen, "T")),
            (graph.adjusted, fitted(seen, "T", *graph.given)),
            (graph.done, fitted(set_, "T")),
        ):
            assert abs(found - exact) < 5 * error
        assert set_["T"].std() == pytest.approx(seen["T"].std(), rel=0.02)


def test_open_ways_are_dependence_and_closed_ways_independence():
    """Brute force: T and Y are independent given S in the exact covariances just where no way is open."""
    kinds = set()
    for graph in random_graphs(800, seed=2):
        columns = [graph.names.index(name) for name in ("T", "Y", *graph.given)]
        inverse = np.linalg.inv(graph.covariance[np.ix_(columns, columns)])
        dependent = abs(inverse[0, 1]) > 1e-9
        assert dependent == bool(graph.open_ways), graph.strengths
        kinds.add((dependent, len(graph.given)))
    assert len(kinds) >= 6


def test_open_ways_agree_with_networkx():
    networkx = pytest.importorskip("networkx")  # PyTorch brings it
    for graph in random_graphs(300, seed=3):
        other = networkx.DiGraph(list(graph.arrows))
        other.add_nodes_from(graph.names)
        assert networkx.is_d_separator(other, "T", "Y", set(graph.given)) == (not graph.open_ways)


def test_the_sentence_says_agree_just_where_the_slopes_do():
    counted = {True: 0, False: 0}
    for graph in random_graphs(800, seed=4):
        agree = abs(graph.adjusted - graph.done) < 1e-9
        assert agree == (" agree: " in graph.why), (graph.strengths, graph.given, graph.why)
        counted[agree] += 1
    assert min(counted.values()) > 150


def test_a_graph_of_four_in_every_way():
    """All graphs of T, Y, U, C with these arrows, all that can be given: the sentence against the slopes."""
    chance, seen = random.Random(5), 0
    names = ("T", "Y", "U", "C")
    for order in itertools.permutations(names):
        pairs = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :]]
        for chosen in itertools.product((False, True), repeat=6):
            arrows = {f"{a}->{b}": chance.uniform(0.5, 2) for (a, b), on in zip(pairs, chosen, strict=True) if on}
            for given in ((), ("U",), ("C",), ("U", "C")):
                graph, seen = LinearGraph(arrows, given, others=names), seen + 1
                assert (abs(graph.adjusted - graph.done) < 1e-9) == (" agree: " in graph.why)
    assert seen == 24 * 64 * 4


@pytest.mark.parametrize(
    "strengths, given, words",
    [
        (FORK, (), "Seeing and doing part: T ← U → Y is open, and T doesn't act along it."),
        (FORK, "U", "Adjusted for U, seeing and doing agree: T acts along every open way."),
        ({"U->T": 1, "U->Y": 0}, (), "Seeing and doing agree: no way between T and Y is open."),
        ({"Y->T": 1}, (), "Seeing and doing part: T ← Y is open, and T doesn't act along it."),
        (
            {"U->T": 1, "U->Y": 1, "V->T": 1, "V->Y": 1},
            (),
            "Seeing and doing part: T ← U → Y and T ← V → Y are open, and T doesn't act along them.",
        ),
        (
            {"U->T": 1, "U->Y": 1, "V->T": 1, "V->Y": -1},
            (),
            "Seeing and doing agree here by coincidence: "
            "T ← U → Y and T ← V → Y are open, and T doesn't act along them.",
        ),
        (
            {"U->T": 0.1, "U->M": 0.1, "M->Y": 0.1},
            (),
            "Seeing and doing hardly part: T ← U → M → Y is open, and T doesn't act along it.",
        ),
        (
            {"U->T": 1, "U->Y": 1, "V->T": 1, "V->Y": 1, "W->T": 1, "W->Y": 1},
            (),
            "Seeing and doing part: T ← U → Y, T ← V → Y and another way are open, and T doesn't act along them.",
        ),
        (
            {"T->M": 1, "M->Y": 1},
            "M",
            "Adjusted for M, seeing and doing part: adjusting for M closes T → M → Y, along which T acts.",
        ),
        (
            {"T->C": 1, "Y->C": 1},
            "C",
            "Adjusted for C, seeing and doing part: adjusting for C opens T → C ← Y.",
        ),
        (
            {"T->C": 1, "Y->C": 1, "C->D": 1},
            "D",
            "Adjusted for D, seeing and doing part: adjusting for D opens T → C ← Y.",
        ),
        (
            {"T->Y": 1, "Y->C": 1},
            "C",
            "Adjusted for C, seeing and doing part: "
            "C is an effect of Y, and adjusting for it partly fixes what T moves.",
        ),
    ],
)
def test_sentences(strengths, given, words):
    assert LinearGraph(strengths, given).why == words


def test_an_instrument_makes_the_bias_larger_and_the_front_door_is_not_a_common_cause():
    instrument = LinearGraph({"Z->T": 2, "U->T": 1, "U->Y": 2, "T->Y": 1}, given=["Z"], hidden=["U"])
    assert 1 < instrument.seen < instrument.adjusted
    two_doors = LinearGraph({"U->T": 1, "U->Y": 2, "T->M": 1, "M->Y": 2}, given=["M"], hidden=["U"])
    assert (two_doors.seen, two_doors.done) == (pytest.approx(3), 2) and two_doors.adjusted == pytest.approx(1)


@pytest.mark.parametrize(
    "what, words",
    [
        ({"strengths": {"A->T": 1, "T->A": 1}}, "T → A → T would be a loop"),
        ({"strengths": {"T->T": 1}}, "T → T would be a loop"),
        ({"strengths": {"U->T": 1, "T->Y": 1, "U->Y": 1, "Y->U": 1}}, "Y → U → Y would be a loop"),  # the shortest
        ({"strengths": {"TY": 1}}, "is written 'U->T'"),
        ({"strengths": {"T->U->Y": 1}}, "is written 'U->T'"),
        ({"strengths": {3: 1}}, "is written 'U->T'"),
        ({"strengths": {"T->Y": 3.5}}, "the strength of T->Y must be a number from -3 and up to 3; got 3.5"),
        ({"strengths": {"T->Y": float("nan")}}, "must be a number"),
        ({"strengths": {"T->Y": "1"}}, "must be a number"),
        ({"strengths": {"T->Y": True}}, "must be a number"),
        ({"strengths": [("T", "Y")]}, "must be a dict"),
        ({"strengths": {"age->T": 1, "sex5->T": 1}}, "name is a letter"),
        ({"strengths": {f"{name}->T": 1 for name in "ABCD"}}, "There may be 5 variables"),
        # a search for loops in many variables would have no end, so it doesn't begin
        ({"strengths": {f"{name}->{other}": 1 for name in "ABCD" for other in "ABCD"}}, "There may be 5 variables"),
        ({"strengths": FORK, "given": ["V"]}, "no variable 'V' in the graph; there are: T, Y, U"),
        ({"strengths": FORK, "given": ["T"]}, "T and Y themselves"),
        ({"strengths": FORK, "hidden": ["Y"]}, "can't be hidden"),
        ({"strengths": FORK, "hidden": ["U"], "given": ["U"]}, "U is hidden, so it can't be adjusted for"),
        ({"strengths": FORK, "given": 3}, "given must be a list of names"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(what, words):
    with pytest.raises((ValueError, TypeError)) as raised:
        LinearGraph(**what)
    assert words in str(raised.value) and len(str(raised.value)) < 150


def test_changes_leave_the_graph_as_it_was():
    graph = LinearGraph(FORK, given=["U"])
    other = graph.with_({"U → Y": None, "C->Y": 0.5}, given=[])
    assert other.strengths == {"U->T": 1, "T->Y": 1, "C->Y": 0.5} and other.names == ("T", "Y", "U", "C")
    assert graph.strengths == FORK and graph.given == ("U",) and other.given == ()
    with pytest.raises(TypeError, match="must be a dict"):
        graph.with_(["U->Y"])

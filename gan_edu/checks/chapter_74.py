"""Questions of chapter 74: arrows that are cut, equivalent graphs, Wald's estimate, the front door, four messages."""

import numpy as np

from gan_edu.checks.engine import discussion, question

# --- arrows that are cut


def _first(values, noise):
    return noise


def _programs():
    probes = []
    one, several = [{"T": 1.0}, {"T": -2.0}, {"U": 0.5}, {}, {"T": 0.0}], [{"U": 0.5, "M": 2.0}, {"M": 0.0, "T": 1.0}]
    for seed, do in enumerate([*one, *several, {"Y": 1.0}]):
        chance = np.random.default_rng(seed)
        program = {
            "U": _first,
            "T": lambda v, e: 2 * v["U"] + e,
            "M": lambda v, e: v["T"] * 1.5 + e,
            "Y": lambda v, e: v["M"] - 3 * v["U"] + 0.5 * e,
        }
        probes.append((program, {name: chance.normal(size=6) for name in program}, do))
    return probes


def _columns(program, noises, do=None):
    values, do = {}, do or {}
    for name, function in program.items():
        values[name] = np.full(len(noises[name]), do[name]) if name in do else function(values, noises[name])
    return values


@question(
    "Cut the arrows",
    hints=(
        "Go through the program in its order, and keep a dict of what has been computed.",
        "A variable in do gets its number for all N; its function isn't called. All others are computed as "
        "ever, from the values that stand there now.",
        "values[name] = np.full(len(noise), do[name]) if name in do else function(values, noise)",
    ),
    insight="Nothing else is needed for do(): one line is replaced, and what lies after it notices by itself. With "
    "nets in the place of functions this is the causal GAN.",
    probes=_programs,
)
def run_under(program, noises, do):
    values = {}
    for name, function in program.items():
        noise = noises[name]
        values[name] = np.full(len(noise), do[name]) if name in do else function(values, noise)
    return values["Y"]


@run_under.misconception("do has no effect on Y: it is ignored, or put in after Y was computed from the old values.")
def _seen(program, noises, do):
    return _columns(program, noises)["Y"]


@run_under.misconception("do in the place of the *noise*: the function of that variable still runs, with its parents.")
def _as_noise(program, noises, do):
    changed = {name: np.full(len(noise), do[name]) if name in do else noise for name, noise in noises.items()}
    return _columns(program, changed)["Y"]


@run_under.misconception("do is added to the computed value. The line is *replaced*: its parents have no say any more.")
def _added(program, noises, do):
    values = {}
    for name, function in program.items():
        values[name] = function(values, noises[name]) + do.get(name, 0.0)
    return values["Y"]


@run_under.misconception("do = 0 is ignored: 0 counts as False in `if do.get(name)` and in `or`. Ask `name in do`.")
def _zero_lost(program, noises, do):
    return _columns(program, noises, {name: value for name, value in do.items() if value})["Y"]


@run_under.misconception("only one variable of do is set, and it may hold several.")
def _one_only(program, noises, do):
    return _columns(program, noises, dict(list(do.items())[:1]))["Y"]


@run_under.misconception()
def _one_only(program, noises, do):
    return _columns(program, noises, dict(list(do.items())[-1:]))["Y"]


# --- equivalent graphs

CHAIN, BACK, FORK = {("A", "B"), ("B", "C")}, {("C", "B"), ("B", "A")}, {("B", "A"), ("B", "C")}
COLLIDER = {("A", "B"), ("C", "B")}
FULL, FULL_COLLIDER = {("A", "B"), ("B", "C"), ("A", "C")}, {("A", "B"), ("C", "B"), ("A", "C")}
# one more variable: A → B ← C with an arrow on to D, and the same with a chain in the place of the collider
LONG, LONG_CHAIN = COLLIDER | {("B", "D")}, CHAIN | {("B", "D")}
# the links A – B – C – D, with one open collider: at B, or at C
AT_B, AT_C = {("A", "B"), ("C", "B"), ("C", "D")}, {("A", "B"), ("B", "C"), ("D", "C")}


def _pairs():
    return [
        (CHAIN, FORK),
        (CHAIN, BACK),
        (CHAIN, COLLIDER),
        (FULL, FULL_COLLIDER),
        (CHAIN, {("A", "B"), ("A", "C")}),
        (CHAIN, FULL),
        (LONG, COLLIDER | {("D", "B")}),
        (LONG_CHAIN, FORK | {("B", "D")}),
        (COLLIDER, COLLIDER),
        (AT_B, AT_C),
        (AT_B, COLLIDER | {("D", "C")}),
        ({("A", "C"), ("B", "C"), ("A", "D"), ("B", "D")}, {("C", "A"), ("B", "C"), ("A", "D"), ("B", "D")}),
    ]


def _links(arrows):
    return {frozenset(arrow) for arrow in arrows}


def _colliders(arrows, open_only=True):
    return {
        (frozenset((a, b)), c)
        for a, c in arrows
        for b, d in arrows
        if c == d and a != b and not (open_only and frozenset((a, b)) in _links(arrows))
    }


@question(
    "Can data tell them apart?",
    hints=(
        "Compare two things: the set of links without direction, and the set of open colliders.",
        "frozenset(arrow) is a link without direction. For colliders look at all pairs of arrows that end in the same "
        "variable.",
        "{(frozenset((a, b)), c) for a, c in arrows for b, d in arrows if c == d and a != b and frozenset((a, b)) not "
        "in links}, for both graphs",
    ),
    insight="Equivalent graphs have the same independences, so they can make the same tables, and no discriminator "
    "helps. What they say about do() can still differ.",
    probes=_pairs,
)
def equivalent(one, other):
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


@equivalent.misconception("the same links are not enough: A → B ← C has the links of A → B → C, and another law.")
def _same_links(one, other):
    return _links(one) == _links(other)


@equivalent.misconception("equal sets of arrows. Some directions can be turned without changing what data can show.")
def _same_arrows(one, other):
    return one == other


@equivalent.misconception("*all* colliders are compared. One whose two causes are linked leaves no trace of its own.")
def _all_colliders(one, other):
    return _links(one) == _links(other) and _colliders(one, False) == _colliders(other, False)


@equivalent.misconception("only the number of links is compared, and where they are matters, too.")
def _counted(one, other):
    return len(_links(one)) == len(_links(other)) and len(_colliders(one)) == len(_colliders(other))


@equivalent.misconception("only the *number* of open colliders is compared. Which variables form them matters, too.")
def _counted_colliders(one, other):
    return _links(one) == _links(other) and len(_colliders(one)) == len(_colliders(other))


@equivalent.misconception("only the open colliders are compared. The links must agree, too.")
def _only_colliders(one, other):
    return _colliders(one) == _colliders(other)


# --- Wald


def _rosters():
    probes = []
    for seed in range(3):
        chance = np.random.default_rng(10 + seed)
        u = chance.normal(size=60)
        z = (chance.random(60) < 0.4).astype(float)
        t = (u + 1.5 * z + chance.normal(size=60) > 0.5).astype(float)
        probes.append((z, t, 2 * t + 3 * u + chance.normal(size=60)))
    return probes


def _gap(column, by):
    return column[by == 1].mean() - column[by == 0].mean()


@question(
    "Wald's estimate",
    hints=(
        "Compare the rows with z = 1 and with z = 0, twice: once in y, once in t.",
        "The difference in y is the effect times the difference in t. Divide.",
        "(y[z == 1].mean() - y[z == 0].mean()) / (t[z == 1].mean() - t[z == 0].mean())",
    ),
    insight="The numerator alone answers a question, too: what does the offer bring, whether or not it is taken? It "
    "needs no division.",
    probes=_rosters,
)
def wald(z, t, y):
    return (y[z == 1].mean() - y[z == 0].mean()) / (t[z == 1].mean() - t[z == 0].mean())


@wald.misconception("the naive difference of y by t: z isn't used, and the hidden cause is in it.")
def _naive(z, t, y):
    return _gap(y, t)


@wald.misconception("the numerator alone: what one step of z brings. Divide by how far that moves t.")
def _offer(z, t, y):
    return _gap(y, z)


@wald.misconception("upside down: the difference in y stands on top.")
def _upside_down(z, t, y):
    return _gap(t, z) / _gap(y, z)


@wald.misconception("adjusted for z by regression: that makes the bias of a hidden cause larger.")
def _adjusted(z, t, y):
    return np.linalg.lstsq(np.stack([t, z, np.ones_like(t)], axis=1), y, rcond=None)[0][0]


@wald.misconception("multiplied, where it must be divided.")
def _multiplied(z, t, y):
    return _gap(y, z) * _gap(t, z)


# --- the front door


def _tables():
    probes = []
    for seed in range(3):
        r = np.random.default_rng(20 + seed).random((2, 2, 2)) + 0.2
        probes.append((r / r.sum(),))
    return probes


def _parts(r):
    share = r.sum(axis=(1, 2))
    return share, r.sum(axis=2) / share[:, None], r[:, :, 1] / r.sum(axis=2)


@question(
    "The front door",
    hints=(
        "You need P(t), P(m | t) and P(y = 1 | t, m), all from sums of r.",
        "The inner sum is over t′ with P(t′), whatever t is. It gives a number for each m; mix these by P(m | t).",
        "(r.sum(2) / r.sum((1, 2))[:, None]) @ (r.sum((1, 2)) @ (r[:, :, 1] / r.sum(2)))",
    ),
    insight="Two adjustments in a row: from T to M nothing needs one, and from M to Y one adjusts for T.",
    probes=_tables,
)
def front_door(r):
    share = r.sum(axis=(1, 2))  # P(t)
    station = r.sum(axis=2) / share[:, None]  # P(m | t)
    result = r[:, :, 1] / r.sum(axis=2)  # P(y = 1 | t, m)
    return station @ (share @ result)


@front_door.misconception("P(y | t), what is seen: the hidden cause is in it.")
def _as_seen(r):
    return r[:, :, 1].sum(axis=1) / r.sum(axis=(1, 2))


@front_door.misconception("adjusted for M as for a common cause: that blocks the way on which T works.")
def _as_common_cause(r):
    return _parts(r)[2] @ r.sum(axis=(0, 2))


@front_door.misconception("P(y | m) without adjusting for t′: M and Y share T, and through it the hidden cause.")
def _unadjusted(r):
    return _parts(r)[1] @ (r[:, :, 1].sum(axis=0) / r.sum(axis=(0, 2)))


@front_door.misconception("P(t′) was replaced by ½. The shares of t′ come from the table.")
def _halves(r):
    _, station, result = _parts(r)
    return station @ result.mean(axis=0)


@front_door.misconception("P(m, t) in the place of P(m | t): divide by P(t).")
def _joint(r):
    share, _, result = _parts(r)
    return r.sum(axis=2) @ (share @ result)


@front_door.misconception("that is P(Y = 0 | do(t)).")
def _other_result(r):
    share, station, result = _parts(r)
    return station @ (share @ (1 - result))


# --- messages


@discussion(
    "Four messages",
    hints=(
        "For each: which other graph or model would give the same data?",
        "What would have to be known from outside, and how could one find out?",
    ),
)
def graph_messages():
    """1. A perfect fit can refute graphs that forbid a dependence, and no others. Graphs of the same class fit as
    well, and complete graphs fit everything. The order in time, or an experiment, says more.

    2. The seeds share a net, a loss and a way of starting; they may agree because of that. Whether graph and table
    fix the answer is a question of its own: is there a formula? Do two pushed trainings end apart?

    3. The prediction: an error that doesn't shrink. Whatever Z does to Y by another way is divided by the small
    difference that Z makes in T. At a hundredth, a harm of 0.001 becomes 0.1.

    4. The prediction: it fails when A isn't upstream of C. C may regulate A, a third gene may regulate both, or a
    similar gene may take over. All of these give the same observations."""

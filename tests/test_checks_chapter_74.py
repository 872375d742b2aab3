import itertools

import numpy as np
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_74 as q

# --- arrows that are cut


def run_stub(program, noises, do):
    # YOUR CODE HERE
    raise NotImplementedError()


def run_by_replacing(program, noises, do):
    def constant(value):
        return lambda values, noise: value + 0 * noise

    program = program | {name: constant(value) for name, value in do.items()}
    values = {}
    for name in program:
        values[name] = program[name](values, noises[name])
    return values["Y"]


def run_by_branches(program, noises, do):
    values = {}
    for name in list(program):
        if name in do:
            values[name] = np.ones_like(noises[name]) * do[name]
            continue
        values[name] = program[name](values, noises[name])
    return values["Y"]


def run_plain(program, noises, do=None):
    return run_by_branches(program, noises, {})


def run_added(program, noises, do):
    values = {}
    for name in program:
        values[name] = program[name](values, noises[name])
        if name in do:
            values[name] = values[name] + do[name]
    return values["Y"]


def run_unless_zero(program, noises, do):
    values = {}
    for name in program:
        values[name] = (
            do.get(name) * np.ones(len(noises[name])) if do.get(name) else program[name](values, noises[name])
        )
    return values["Y"]


run_under = Case(
    q.run_under,
    run_stub,
    right=[run_by_replacing, run_by_branches],
    wrong={
        "seen": run_plain,
        "as_noise": lambda program, noises, do: run_plain(
            program, noises | {name: np.full(len(noises[name]), do[name]) for name in do}
        ),
        "added": run_added,
        "zero_lost": run_unless_zero,
        "one_only": lambda program, noises, do: run_by_branches(program, noises, dict(itertools.islice(do.items(), 1))),
    },
    also_wrong=[
        lambda program, noises, do: 0 * noises["Y"],
        lambda program, noises, do: do["Y"] if "Y" in do else run_by_branches(program, noises, do),  # no column
    ],
    namespace={"np": np},
)

# --- equivalent graphs


def equivalent_stub(one, other):
    # YOUR CODE HERE
    raise NotImplementedError()


def skeleton(arrows):
    return sorted(tuple(sorted(arrow)) for arrow in arrows)


def open_(arrows):
    """How many open colliders."""
    pairs = itertools.combinations(sorted(arrows), 2)
    return sum(c == d and (a, b) not in arrows and (b, a) not in arrows for (a, c), (b, d) in pairs)


def targets(arrows):
    return {c for (_, c), (_, d) in itertools.combinations(arrows, 2) if c == d}


def equivalent_by_loops(one, other):
    found = []
    for arrows in (one, other):
        colliders = set()
        for (a, c), (b, d) in itertools.permutations(arrows, 2):
            if c == d and (a, b) not in arrows and (b, a) not in arrows:
                colliders.add((min(a, b), max(a, b), c))
        found.append(colliders)
    return skeleton(one) == skeleton(other) and found[0] == found[1]


def equivalent_by_matrices(one, other):
    names = sorted({name for arrow in one | other for name in arrow})
    kinds = []
    for arrows in (one, other):
        m = np.array([[(a, b) in arrows for b in names] for a in names])
        links = m | m.T
        colliders = m[:, None, :] & m[None, :, :] & ~links[:, :, None]
        for k in range(len(names)):
            np.fill_diagonal(colliders[:, :, k], False)
        kinds.append((links, colliders))
    return bool(np.array_equal(kinds[0][0], kinds[1][0]) and np.array_equal(kinds[0][1], kinds[1][1]))


equivalent = Case(
    q.equivalent,
    equivalent_stub,
    right=[equivalent_by_loops, equivalent_by_matrices],
    wrong={
        "same_links": lambda one, other: skeleton(one) == skeleton(other),
        "same_arrows": lambda one, other: sorted(one) == sorted(other),
        "counted_colliders": lambda one, other: skeleton(one) == skeleton(other) and open_(one) == open_(other),
        "all_colliders": lambda one, other: (
            skeleton(one) == skeleton(other)
            and [
                sorted((min(a, b), max(a, b), c) for (a, c), (b, d) in itertools.combinations(g, 2) if c == d)
                for g in (one,)
            ]
            == [
                sorted((min(a, b), max(a, b), c) for (a, c), (b, d) in itertools.combinations(g, 2) if c == d)
                for g in (other,)
            ]
        ),
    },
    also_wrong=[
        lambda one, other: True,
        lambda one, other: not equivalent_by_loops(one, other),
        lambda one, other: skeleton(one) == skeleton(other) and targets(one) == targets(other),
    ],
    namespace={"np": np, "itertools": itertools},
)

# --- Wald


def wald_stub(z, t, y):
    # YOUR CODE HERE
    raise NotImplementedError()


def wald_two_stages(z, t, y):
    ones = np.ones_like(z)
    first = np.stack([ones, z], axis=1)
    fitted = first @ np.linalg.lstsq(first, t, rcond=None)[0]
    return np.linalg.lstsq(np.stack([ones, fitted], axis=1), y, rcond=None)[0][1]


wald = Case(
    q.wald,
    wald_stub,
    right=[wald_two_stages, lambda z, t, y: np.cov(z, y)[0, 1] / np.cov(z, t)[0, 1]],
    wrong={
        "naive": lambda z, t, y: np.average(y, weights=t) - np.average(y, weights=1 - t),
        "offer": lambda z, t, y: np.average(y, weights=z) - np.average(y, weights=1 - z),
        "upside_down": lambda z, t, y: 1 / wald_two_stages(z, t, y),
    },
    also_wrong=[lambda z, t, y: -wald_two_stages(z, t, y), lambda z, t, y: 2.0],
    namespace={"np": np},
)

# --- the front door


def front_stub(r):
    # YOUR CODE HERE
    raise NotImplementedError()


def front_by_loops(r):
    answer = []
    for t in (0, 1):
        total = 0.0
        for m in (0, 1):
            inner = sum(r[k].sum() * r[k, m, 1] / r[k, m].sum() for k in (0, 1))
            total += r[t, m].sum() / r[t].sum() * inner
        answer.append(total)
    return np.array(answer)


def front_by_einsum(r):
    share = np.einsum("tmy->t", r)
    return np.einsum("tm,k,km->t", np.einsum("tmy->tm", r) / share[:, None], share, r[..., 1] / r.sum(-1))


front_door = Case(
    q.front_door,
    front_stub,
    right=[front_by_loops, front_by_einsum],
    wrong={
        "as_seen": lambda r: r.sum(axis=1)[:, 1] / r.sum(axis=(1, 2)),
        "as_common_cause": lambda r: (r[..., 1] / r.sum(-1) * r.sum(axis=(0, 2))).sum(axis=1),
        "other_result": lambda r: 1 - front_by_loops(r),
    },
    also_wrong=[lambda r: front_by_loops(r)[::-1].copy(), lambda r: np.array([0.5, 0.5])],
    namespace={"np": np},
)

TestChapter74 = chapter_tests(q, run_under, equivalent, wald, front_door)

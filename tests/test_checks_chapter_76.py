import numpy as np
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_76 as q

# --- the shortest flip


def flip_stub(x, w, b, target):
    # YOUR CODE HERE
    raise NotImplementedError()


def flip_by_loops(x, w, b, target):
    made = []
    for row in x:
        logit = sum(float(a) * float(c) for a, c in zip(row, w, strict=True)) + b
        step = (target - logit) / sum(float(c) ** 2 for c in w)
        made.append([float(a) + step * float(c) for a, c in zip(row, w, strict=True)])
    return np.array(made)


def flip_by_unit(x, w, b, target):
    unit = w / np.linalg.norm(w)
    distance = (target - (np.einsum("nd,d->n", x, w) + b)) / np.linalg.norm(w)
    return x + distance.reshape(-1, 1) * unit


def flip_by_solver(x, w, b, target):
    return np.stack([row + np.linalg.pinv(w[None]) @ [target - row @ w - b] for row in x])


def flip_with(step):
    return lambda x, w, b, target: x + np.outer(step(x @ w, w, b, target), w)


shortest_flip = Case(
    q.shortest_flip,
    flip_stub,
    right=[
        flip_by_loops,
        flip_by_unit,
        flip_by_solver,
        lambda x, w, b, target: flip_by_loops(x, w, b, target).tolist(),
    ],
    wrong={
        "one_length": flip_with(lambda f, w, b, t: (t - f - b) / np.sqrt(w @ w)),
        "no_bias": flip_with(lambda f, w, b, t: (t - f) / (w @ w)),
        "away": flip_with(lambda f, w, b, t: (f + b - t) / (w @ w)),
        "added": lambda x, w, b, target: x + target * w / np.sum(w**2),
    },
    also_wrong=[lambda x, w, b, target: x, flip_with(lambda f, w, b, t: -(f + b) / (w @ w))],
    namespace={"np": np},
)

# --- seen and done


def clinic_stub(says, shadow, stamp):
    # YOUR CODE HERE
    raise NotImplementedError()


def clinic_by_loops(says, shadow, stamp):
    groups = {0: [], 1: []}
    for decision, mark in zip(says(shadow, stamp), stamp, strict=True):
        groups[int(mark)].append(float(decision))
    done = [sum(says(shadow, np.array([value] * len(stamp)))) / len(stamp) for value in (1.0, 0.0)]
    return sum(groups[1]) / len(groups[1]) - sum(groups[0]) / len(groups[0]), done[0] - done[1]


def clinic_by_weights(says, shadow, stamp):
    now = says(shadow, stamp)
    seen = (now * stamp).sum() / stamp.sum() - (now * (1 - stamp)).sum() / (1 - stamp).sum()
    return np.array([seen, (says(shadow, 0 * stamp + 1) - says(shadow, 0 * stamp)).mean()])


def clinic_with(done):
    return lambda says, shadow, stamp: (clinic_by_loops(says, shadow, stamp)[0], done(says, shadow, stamp))


seen_and_done = Case(
    q.seen_and_done,
    clinic_stub,
    right=[
        clinic_by_loops,
        clinic_by_weights,
        lambda says, shadow, stamp: list(clinic_by_loops(says, shadow, stamp)),
        clinic_with(lambda says, shadow, stamp: np.mean(says(shadow, 1.0)) - np.mean(says(shadow, 0.0))),
    ],
    wrong={
        "swapped": lambda says, shadow, stamp: clinic_by_loops(says, shadow, stamp)[::-1],
        "twice_seen": clinic_with(lambda says, shadow, stamp: clinic_by_loops(says, shadow, stamp)[0]),
        "stamped_only": clinic_with(
            lambda says, a, b: np.mean(says(a[b == 1], b[b == 1])) - np.mean(says(a[b == 1], 0 * b[b == 1]))
        ),
        "flips": clinic_with(lambda says, shadow, stamp: np.mean(says(shadow, 1 - stamp) != says(shadow, stamp))),
        "no_difference": clinic_with(lambda says, shadow, stamp: says(shadow, np.ones(len(stamp))).mean()),
        "turned": lambda says, shadow, stamp: [-value for value in clinic_by_loops(says, shadow, stamp)],
    },
    also_wrong=[clinic_with(lambda says, shadow, stamp: 0.0)],
    namespace={"np": np},
)

# --- a patch


def patch_stub(h, other, d):
    # YOUR CODE HERE
    raise NotImplementedError()


def patch_by_matrix(h, other, d):
    onto = np.outer(d, d) / (d @ d)
    return h @ (np.eye(len(d)) - onto) + other @ onto


def patch_by_loops(h, other, d):
    made = []
    for mine, theirs in zip(h, other, strict=True):
        share = sum((t - m) * c for m, t, c in zip(mine, theirs, d, strict=True)) / sum(c * c for c in d)
        made.append([m + share * c for m, c in zip(mine, d, strict=True)])
    return np.array(made)


patch = Case(
    q.patch,
    patch_stub,
    right=[patch_by_matrix, patch_by_loops, lambda h, other, d: patch_by_matrix(h, other, -3 * d)],
    wrong={
        "length": lambda h, other, d: h + np.outer((other - h) @ d, d),
        "removed": lambda h, other, d: h - np.outer(h @ d, d) / (d @ d),
        "whole": lambda h, other, d: other + 0.0,
        "on_top": lambda h, other, d: h + np.outer(other @ d, d) / (d @ d),
        "all_but": lambda h, other, d: other + h - patch_by_matrix(h, other, d),
    },
    also_wrong=[
        lambda h, other, d: h + 0.0,
        lambda h, other, d: h + np.outer((other - h).mean(0) @ d * np.ones(len(h)), d),
    ],
    namespace={"np": np},
)

TestChapter76 = chapter_tests(q, shortest_flip, seen_and_done, patch)

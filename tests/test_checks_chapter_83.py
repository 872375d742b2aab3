import math
from collections import Counter

import numpy as np
import torch
from checks_cases import Case, chapter_tests

from gan_edu import privacy
from gan_edu.checks import chapter_83 as q

# --- k-anonymity


def anonymity_stub(known):
    # YOUR CODE HERE
    raise NotImplementedError()


anonymity = Case(
    q.anonymity,
    anonymity_stub,
    right=[
        lambda known: min(Counter(map(tuple, known.tolist())).values()),
        lambda known: int((known[:, None] == known[None]).all(2).sum(1).min()),
    ],
    wrong={
        "mean_group": lambda known: len(known) / len({tuple(row) for row in known.tolist()}),
        "largest_group": lambda known: max(Counter(map(tuple, known.tolist())).values()),
        "groups": lambda known: len({tuple(row) for row in known.tolist()}),
        "by_column": lambda known: min(min(Counter(column.tolist()).values()) for column in known.T),
        "without_oneself": lambda known: min(Counter(map(tuple, known.tolist())).values()) - 1,
    },
    also_wrong=[lambda known: 5],
    namespace={"np": np},
)

# --- what an attack is worth


def found_stub(members, others, fpr):
    # YOUR CODE HERE
    raise NotImplementedError()


def found_by_loop(members, others, fpr):
    for threshold in sorted(others.tolist()):
        if sum(o > threshold for o in others) <= int(fpr * len(others)):
            return sum(m > threshold for m in members) / len(members)


found_at = Case(
    q.found_at,
    found_stub,
    right=[
        found_by_loop,
        lambda members, others, fpr: np.mean(members > np.sort(others)[len(others) - 1 - int(fpr * len(others))]),
    ],
    wrong={
        "members_threshold": lambda m, o, fpr: np.mean(m > np.sort(m)[len(m) - 1 - int(fpr * len(m))]),
        "lower_end": lambda members, others, fpr: np.mean(members > np.sort(others)[int(fpr * len(others))]),
        "above_mean": lambda members, others, fpr: np.mean(members > np.mean(others)),
        "below": lambda members, others, fpr: 1 - found_by_loop(members, others, fpr),
        "none_accused": lambda members, others, fpr: np.mean(members > np.max(others)),
        "number_found": lambda members, others, fpr: found_by_loop(members, others, fpr) * len(members),
    },
    also_wrong=[lambda members, others, fpr: fpr],
    namespace={"np": np},
)

# --- what ε promises


def promise_stub(fpr, epsilon, delta):
    # YOUR CODE HERE
    raise NotImplementedError()


def promise_by_if(fpr, epsilon, delta):
    yes = fpr * math.e**epsilon + delta
    no = 1 - (1 - fpr - delta) / math.e**epsilon
    return yes if yes < no else no


at_most = Case(
    q.at_most,
    promise_stub,
    right=[
        promise_by_if,
        lambda f, e, d: np.minimum(np.exp(e) * f + d, (np.exp(e) - 1 + f + d) / np.exp(e)),
        lambda f, e, d: min(1.0, math.exp(e) * f + d, 1 - math.exp(-e) * (1 - f - d)),
    ],
    wrong={
        "one_half": lambda fpr, epsilon, delta: np.clip(fpr * math.e**epsilon + delta, 0, 1),
        "above_one": lambda fpr, epsilon, delta: fpr * math.e**epsilon + delta,
        "larger": lambda f, e, d: max(math.exp(e) * f + d, 1 - math.exp(-e) * (1 - f - d)),
        "no_exponential": lambda f, e, d: min(e * f + d, 1 - (1 - f - d) / e),
        "no_delta": lambda fpr, epsilon, delta: promise_by_if(fpr, epsilon, 0),
        "delta_inside": lambda f, e, d: min(math.exp(e) * (f + d), 1 - math.exp(-e) * (1 - f - d)),
    },
    also_wrong=[lambda fpr, epsilon, delta: 1.0],
    namespace={"np": np},
)

# --- the step of DP-SGD


def step_stub(gradients, bell, clip, noise, batch):
    # YOUR CODE HERE
    raise NotImplementedError()


def step_by_loop(gradients, bell, clip, noise, batch):
    total = noise * clip * bell
    for row in gradients:
        length = float(row.norm())
        total = total + (row * clip / length if length > clip else row)
    return total / batch


def step_by_where(gradients, bell, clip, noise, batch):
    length = gradients.square().sum(1).sqrt()
    factor = torch.where(length > clip, clip / length, torch.ones_like(length))
    return (factor @ gradients) / batch + bell * (noise * clip / batch)


def step_late(gradients, bell, clip, noise, batch):
    mean = gradients.sum(0) / batch
    return mean * min(1, clip / float(mean.norm())) + noise * clip * bell / batch


private_step = Case(
    q.private_step,
    step_stub,
    right=[step_by_loop, step_by_where],
    wrong={
        "clipped_late": step_late,
        "normalised": lambda g, bell, clip, noise, batch: (
            ((torch.nn.functional.normalize(g, dim=1) * clip).sum(0) + noise * clip * bell) / batch
        ),
        "silent": lambda g, bell, clip, noise, batch: step_by_loop(g, bell, clip, 0, batch),
        "by_rows": lambda g, bell, clip, noise, batch: step_by_loop(g, bell, clip, noise, len(g)),
        "by_number": lambda g, bell, clip, noise, batch: (
            (torch.clamp(g, -clip, clip).sum(0) + noise * clip * bell) / batch
        ),
        "noise_unit": lambda g, bell, clip, noise, batch: step_by_loop(g, bell, clip, noise / clip, batch),
        "noise_undivided": lambda g, bell, clip, noise, batch: (
            step_by_loop(g, 0 * bell, clip, 0, batch) + noise * clip * bell
        ),
    },
    also_wrong=[lambda g, bell, clip, noise, batch: g.sum(0) / batch],
    namespace={"np": np, "torch": torch},
)

# --- the audit


def broken_stub(claimed, delta, hits, alarms, runs):
    # YOUR CODE HERE
    raise NotImplementedError()


def broken_by_keywords(claimed, delta, hits, alarms, runs):
    proved = privacy.at_least(hits=hits, positives=runs, false_alarms=alarms, negatives=runs, delta=delta)
    return bool(claimed < proved)


def broken_by_if(claimed, delta, hits, alarms, runs):
    if privacy.at_least(hits, runs, alarms, runs, delta) > claimed:
        return True
    return False


def raw(claimed, delta, hits, alarms, runs):
    return np.log((hits / runs - delta) / max(alarms / runs, 1e-12)) > claimed


is_broken = Case(
    q.is_broken,
    broken_stub,
    right=[broken_by_keywords, broken_by_if],
    wrong={
        "raw": raw,
        "turned": lambda claimed, delta, hits, alarms, runs: not broken_by_if(claimed, delta, hits, alarms, runs),
        "exchanged": lambda claimed, delta, hits, alarms, runs: broken_by_if(claimed, delta, alarms, hits, runs),
        "above_zero": lambda claimed, delta, hits, alarms, runs: broken_by_if(0, delta, hits, alarms, runs),
    },
    also_wrong=[lambda claimed, delta, hits, alarms, runs: True],
    namespace={"np": np, "privacy": privacy},
)

TestChapter83 = chapter_tests(q, anonymity, found_at, at_most, private_step, is_broken)

import numpy as np
import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_75 as q

# --- two scores


def scores_stub(told, tau):
    # YOUR CODE HERE
    raise NotImplementedError()


def scores_by_loops(told, tau):
    errors = [a - b for a, b in zip(told, tau, strict=True)]
    mean = sum(errors) / len(errors)
    return (sum(e * e for e in errors) / len(errors)) ** 0.5, mean if mean > 0 else -mean


def scores_as_tensors(told, tau):
    gap = torch.as_tensor(told) - torch.as_tensor(tau)
    return gap.pow(2).mean().sqrt(), gap.mean().abs()


two_scores = Case(
    q.two_scores,
    scores_stub,
    right=[
        scores_by_loops,
        scores_as_tensors,
        lambda told, tau: [np.linalg.norm(told - tau) / len(tau) ** 0.5, np.abs(np.mean(told) - np.mean(tau))],
        lambda told, tau: (np.hypot((told - tau).std(), (told - tau).mean()), abs(np.average(tau - told))),
    ],
    wrong={
        "no_root": lambda told, tau: (np.mean((told - tau) ** 2), abs(np.mean(told - tau))),
        "absolute": lambda told, tau: (np.mean(abs(told - tau)), abs(np.mean(told - tau))),
        "signed": lambda told, tau: (np.sqrt(np.mean((told - tau) ** 2)), np.mean(told) - np.mean(tau)),
        "swapped": lambda told, tau: scores_by_loops(told, tau)[::-1],
    },
    also_wrong=[lambda told, tau: (0.0, 0.0), lambda told, tau: scores_by_loops(told, tau)[0]],
    namespace={"np": np},
)

# --- a pair for each man


def complete_stub(made, t, y):
    # YOUR CODE HERE
    raise NotImplementedError()


def complete_by_where(made, t, y):
    return torch.where(t == torch.tensor([0.0, 1.0]), y, made)


def complete_in_place(made, t, y):
    pair = made.clone()
    treated = t[:, 0] == 1
    pair[treated, 1] = y[treated, 0]
    pair[~treated, 0] = y[~treated, 0]
    return pair


def complete_by_scatter(made, t, y):
    return made.scatter(1, t.long(), y)


def complete_by_loops(made, t, y):
    rows = []
    for two, who, own in zip(made, t, y, strict=True):
        rows.append(torch.stack([two[0], own[0]] if who else [own[0], two[1]]))
    return torch.stack(rows)


complete = Case(
    q.complete,
    complete_stub,
    right=[complete_by_where, complete_in_place, complete_by_scatter, complete_by_loops],
    wrong={
        "exchanged": lambda made, t, y: torch.where(t == torch.tensor([1.0, 0.0]), y, made),
        "made_only": lambda made, t, y: 1 * made,
        "own_only": lambda made, t, y: torch.cat([y, y], dim=1),
        "own_first": lambda made, t, y: torch.cat([y, made.gather(1, 1 - t.long())], dim=1),
        "wrong_made": lambda made, t, y: torch.where(t == torch.tensor([0.0, 1.0]), y, made[:, [1, 0]]),
    },
    also_wrong=[
        lambda made, t, y: complete_by_where(made.detach(), t, y),
        lambda made, t, y: torch.zeros_like(made),
        lambda made, t, y: t * y + (1 - t) * made,
    ],
    namespace={"torch": torch},
)

# --- a point of the uplift curve


def uplift_stub(told, t, y, share):
    # YOUR CODE HERE
    raise NotImplementedError()


def uplift_by_loops(told, t, y, share):
    people = sorted(zip(told, t, y, strict=True), reverse=True)[: round(share * len(told))]
    ones = [result for _, who, result in people if who]
    zeros = [result for _, who, result in people if not who]
    return (sum(ones) / len(ones) - sum(zeros) / len(zeros)) * share


def uplift_by_running_sums(told, t, y, share):
    order = np.argsort(told)[::-1]
    t, y = t[order], y[order]
    k = np.arange(1, len(t) + 1)
    with np.errstate(all="ignore"):
        curve = (np.cumsum(t * y) / np.cumsum(t) - np.cumsum((1 - t) * y) / np.cumsum(1 - t)) * k / len(t)
    return curve[round(share * len(t)) - 1]


def uplift_by_mask(told, t, y, share):
    chosen = told >= np.sort(told)[len(told) - round(share * len(told))]
    return chosen.mean() * (np.average(y, weights=chosen * t) - np.average(y, weights=chosen * (1 - t)))


uplift_at = Case(
    q.uplift_at,
    uplift_stub,
    right=[uplift_by_loops, uplift_by_running_sums, uplift_by_mask],
    wrong={
        "smallest": lambda told, t, y, share: uplift_by_loops(-told, t, y, share),
        "per_chosen": lambda told, t, y, share: uplift_by_loops(told, t, y, share) / share,
        "random": lambda told, t, y, share: share * (np.average(y, weights=t) - np.average(y, weights=1 - t)),
        "predicted": lambda told, t, y, share: share * np.sort(told)[::-1][: round(share * len(told))].mean(),
    },
    also_wrong=[lambda told, t, y, share: 0.0, lambda told, t, y, share: -uplift_by_loops(told, t, y, share)],
    namespace={"np": np},
)

# --- a stand-in for the effect


def stand_stub(t, y, mu0, mu1, e):
    # YOUR CODE HERE
    raise NotImplementedError()


def stand_by_own(t, y, mu0, mu1, e):
    own = np.where(t == 1, mu1, mu0)
    return mu1 - mu0 + (t - e) / (e * (1 - e)) * (y - own)


def stand_by_loops(t, y, mu0, mu1, e):
    found = []
    for who, result, a, b, chance in zip(t, y, mu0, mu1, e, strict=True):
        found.append(b - a + (result - b) / chance if who else b - a - (result - a) / (1 - chance))
    return np.array(found)


def stand_by_sides(t, y, mu0, mu1, e):
    one = np.where(t == 1, (y - mu1) / e, 0) + mu1
    zero = np.where(t == 0, (y - mu0) / (1 - e), 0) + mu0
    return torch.as_tensor(one - zero)


stand_in = Case(
    q.stand_in,
    stand_stub,
    right=[stand_by_own, stand_by_loops, stand_by_sides],
    wrong={
        "plus": lambda t, y, mu0, mu1, e: mu1 - mu0 + np.where(t == 1, (y - mu1) / e, (y - mu0) / (1 - e)),
        "uncorrected": lambda t, y, mu0, mu1, e: -(mu0 - mu1),
        "weighting": lambda t, y, mu0, mu1, e: np.where(t == 1, y / e, -y / (1 - e)),
        "unweighted": lambda t, y, mu0, mu1, e: mu1 - mu0 + np.where(t == 1, y - mu1, mu0 - y),
        "exchanged_weights": lambda t, y, mu0, mu1, e: mu1 - mu0 + np.where(t == 1, (y - mu1) / (1 - e), (mu0 - y) / e),
    },
    also_wrong=[lambda t, y, mu0, mu1, e: stand_by_own(t, y, mu0, mu1, e).mean(), lambda t, y, mu0, mu1, e: 0 * y],
    namespace={"np": np},
)

TestChapter75 = chapter_tests(q, two_scores, complete, uplift_at, stand_in)

import math

import numpy as np
import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_64 as q

# --- what an accusation is worth


def share_stub(tpr, fpr, share):
    # YOUR CODE HERE
    raise NotImplementedError()


def share_by_counting(tpr, fpr, share):
    fakes = 1e6 * share
    accused = [tpr * fakes, fpr * (1e6 - fakes)]
    return accused[0] / sum(accused)


share_right = Case(
    q.share_right,
    share_stub,
    right=[
        share_by_counting,
        lambda tpr, fpr, share: 1 / (1 + (fpr / tpr) * (1 - share) / share),
        lambda tpr, fpr, share: np.float32(tpr * share / (share * (tpr - fpr) + fpr)),
    ],
    wrong={
        "no_base_rate": lambda tpr, fpr, share: 1 / (1 + fpr / tpr),
        "rate_found": lambda tpr, fpr, share: np.float64(tpr),
        "specificity": lambda tpr, fpr, share: 1.0 - fpr,
        "of_all": lambda tpr, fpr, share: share * tpr,
        "alarms_among_all": lambda tpr, fpr, share: 1 / (1 + fpr / (tpr * share)),
        "wrong_ones": lambda tpr, fpr, share: 1 - share_by_counting(tpr, fpr, share),
    },
    also_wrong=[lambda tpr, fpr, share: 0.5],
)

# --- several pictures


def together_stub(scores):
    # YOUR CODE HERE
    raise NotImplementedError()


def together_by_loop(scores):
    total = 0.0
    for score in scores.tolist():
        total += score
    return total / math.sqrt(len(scores))


together = Case(
    q.together,
    together_stub,
    right=[
        together_by_loop,
        lambda scores: scores.mean() * len(scores) ** 0.5,
        lambda scores: np.sqrt(len(scores)) * scores.double().numpy().mean(),
        lambda scores: torch.dot(scores, torch.full_like(scores, len(scores) ** -0.5)),
    ],
    wrong={
        "mean": lambda scores: sum(scores) / len(scores),
        "sum": lambda scores: sum(scores.tolist()),
        "largest": lambda scores: max(scores.tolist()),
        "mean_over_root": lambda scores: scores.sum() / len(scores) ** 1.5,
        "studentised": lambda scores: (
            scores.sum() / (len(scores) ** 0.5 * (scores.std() if len(scores) > 1 else torch.tensor(1.0)))
        ),
    },
    also_wrong=[lambda scores: torch.tensor(0.0)],
)

# --- the finder


def finder_stub(marked, plain, extra):
    # YOUR CODE HERE
    raise NotImplementedError()


def finder_in_numpy(marked, plain, extra):
    marked, plain = marked.double().numpy(), plain.double().numpy()
    varies = np.cov(plain, rowvar=False) + extra * np.eye(plain.shape[1])
    return torch.tensor(np.linalg.inv(varies) @ (marked.mean(0) - plain.mean(0)))


def finder_by_loop(marked, plain, extra):
    centred = plain - plain.mean(0)
    varies = sum(torch.outer(row, row) for row in centred) / (len(plain) - 1)
    varies.diagonal().add_(extra)
    return varies.inverse() @ (marked.mean(dim=0) - plain.mean(dim=0))


def with_covariance(covariance, sign=1):
    return lambda marked, plain, extra: (
        sign * torch.linalg.solve(covariance(marked, plain, extra), marked.mean(0) - plain.mean(0))
    )


finder_weights = Case(
    q.finder_weights,
    finder_stub,
    right=[finder_in_numpy, finder_by_loop],
    wrong={
        "means_alone": lambda marked, plain, extra: marked.mean(0) - plain.mean(0),
        "not_inverted": lambda marked, plain, extra: (
            (torch.cov(plain.T) + extra * torch.eye(plain.shape[1])) @ (marked.mean(0) - plain.mean(0))
        ),
        "turned": with_covariance(lambda m, p, e: torch.cov(p.T) + e * torch.eye(p.shape[1]), sign=-1),
        "diagonal": with_covariance(lambda m, p, e: torch.diag(p.var(0) + e)),
        "no_extra": with_covariance(lambda m, p, e: torch.cov(p.T)),
        "of_marked": with_covariance(lambda m, p, e: torch.cov(m.T) + e * torch.eye(p.shape[1])),
    },
    also_wrong=[lambda marked, plain, extra: torch.ones(plain.shape[1])],
)

# --- a budget


def budget_stub(shown, seconds, gpus, runs):
    # YOUR CODE HERE
    raise NotImplementedError()


def budget_by_hours(shown, seconds, gpus, runs):
    hours = shown * seconds / 3.6e6
    return [hours / 24, sum(hours * gpus for _ in range(runs))]


budget = Case(
    q.budget,
    budget_stub,
    right=[
        budget_by_hours,
        lambda shown, seconds, gpus, runs: (
            torch.tensor(shown * seconds / 86.4e6, dtype=torch.float64),
            torch.tensor(shown * seconds / 3.6e6 * gpus * runs, dtype=torch.float64),
        ),
    ],
    wrong={
        "per_picture": lambda s, t, g, r: (s * t / 86_400, s * t / 3600 * g * r),
        "divided": lambda s, t, g, r: (s * t / 86.4e6 / g, s * t / 3.6e6 * r),
        "clock_hours": lambda s, t, g, r: (s * t / 86.4e6, s * t / 3.6e6 * r),
        "gpu_days": lambda s, t, g, r: (s * t / 86.4e6, s * t / 86.4e6 * g * r),
        "one_run": lambda s, t, g, r: (s * t / 86.4e6, s * t / 3.6e6 * g),
    },
    also_wrong=[lambda s, t, g, r: (1.0, 1.0)],
)

TestChapter64 = chapter_tests(q, share_right, together, finder_weights, budget)

import math

import numpy as np
import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_12 as q


def score_stub(x, theta):
    # YOUR CODE HERE
    raise NotImplementedError()


def score_by_torch(x, theta):
    return torch.distributions.Bernoulli(theta).log_prob(x).sum(-1).mean()


average_score = Case(
    q.average_score,
    score_stub,
    right=[
        score_by_torch,
        lambda x, theta: -torch.nn.functional.binary_cross_entropy(theta.expand_as(x), x, reduction="sum") / len(x),
        lambda x, theta: (x @ theta.log() + (1 - x) @ torch.log1p(-theta)).mean().item(),
        lambda x, theta: torch.where(x.bool(), theta, 1 - theta).prod(1).log().mean(),
    ],
    wrong={
        "mean_over_pixels": lambda x, theta: torch.distributions.Bernoulli(theta).log_prob(x).mean(),
        "sum_over_pictures": lambda x, theta: torch.distributions.Bernoulli(theta).log_prob(x).sum(),
        "only_ones": lambda x, theta: (x @ theta.log()).mean(),
        "swapped_coin": lambda x, theta: score_by_torch(x, 1 - theta),
        "negative_log_likelihood": lambda x, theta: -score_by_torch(x, theta),
        "base_two": lambda x, theta: score_by_torch(x, theta) / math.log(2),
        "log_of_mean": lambda x, theta: torch.where(x.bool(), theta, 1 - theta).prod(1).mean().log(),
        "one_for_each_picture": lambda x, theta: torch.distributions.Bernoulli(theta).log_prob(x).sum(1),
        "without_logarithm": lambda x, theta: torch.where(x.bool(), theta, 1 - theta).prod(1).mean(),
    },
    also_wrong=[lambda x, theta: score_by_torch(x, theta) + 1, lambda x, theta: theta],
)


def fit_stub(x):
    # YOUR CODE HERE
    raise NotImplementedError()


fit_gaussian = Case(
    q.fit_gaussian,
    fit_stub,
    right=[
        lambda x: (x.mean(0), torch.cov(x.T, correction=0)),
        lambda x: [x.mean(0), x.T @ x / len(x) - torch.outer(x.mean(0), x.mean(0))],
        lambda x: (x.mean(0), torch.einsum("ni,nj->ij", x - x.mean(0), x - x.mean(0)) / len(x)),
        lambda x: tuple(torch.tensor(each) for each in (np.mean(x.numpy(), 0), np.cov(x.numpy().T, bias=True))),
    ],
    wrong={
        "divided_by_n_minus_one": lambda x: (x.mean(0), torch.cov(x.T)),
        "not_divided": lambda x: (x.mean(0), (x - x.mean(0)).T @ (x - x.mean(0))),
        "not_centred": lambda x: (x.mean(0), x.T @ x / len(x)),
        "only_variances": [
            lambda x: (x.mean(0), torch.diag(((x - x.mean(0)) ** 2).mean(0))),
            lambda x: (x.mean(0), ((x - x.mean(0)) ** 2).mean(0)),
        ],
        "correlation": lambda x: (x.mean(0), torch.corrcoef(x.T)),
        "over_wrong_axis": [
            lambda x: (x.mean(1), torch.cov(x, correction=0)),
            lambda x: (x.mean(0), torch.cov(x, correction=0)),
            lambda x: (x.mean(0), (x - x.mean(0)) @ (x - x.mean(0)).T / len(x)),
        ],
        "swapped_results": lambda x: (torch.cov(x.T, correction=0), x.mean(0)),
        "std_instead_of_variance": lambda x: (x.mean(0), x.std(0, correction=0)),
    },
    also_wrong=[
        lambda x: (x.median(0).values, torch.cov(x.T, correction=0)),
        lambda x: torch.cov(x.T, correction=0),
    ],
)


def responsibilities_stub(log_densities, weights):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_logsumexp(log_densities, weights):
    joint = log_densities + weights.log()
    return (joint - joint.logsumexp(1, keepdim=True)).exp()


def by_largest(log_densities, weights):
    joint = weights * (log_densities - log_densities.amax(1, keepdim=True)).exp()
    return joint / joint.sum(1, keepdim=True)


responsibilities = Case(
    q.responsibilities,
    responsibilities_stub,
    right=[
        by_logsumexp,
        by_largest,
        lambda log_densities, weights: torch.softmax(log_densities.float() + weights.log().float(), dim=-1),
    ],
    wrong={
        "forgets_weights": lambda log_densities, weights: log_densities.softmax(-1),
        "normalised_over_points": lambda log_densities, weights: (log_densities + weights.log()).softmax(0),
        "hard_assignment": lambda log_densities, weights: torch.eye(len(weights)).double()[
            (log_densities + weights.log()).argmax(1)
        ],
        "weight_without_logarithm": lambda log_densities, weights: (log_densities + weights).softmax(1),
        "weight_times_logarithm": lambda log_densities, weights: (log_densities * weights).softmax(1),
        "not_normalised": lambda log_densities, weights: log_densities.exp() * weights,
        "logarithms": lambda log_densities, weights: by_logsumexp(log_densities, weights).log(),
        "underflow": lambda log_densities, weights: (
            weights * log_densities.exp() / (weights * log_densities.exp()).sum(1, keepdim=True)
        ),
    },
    also_wrong=[
        lambda log_densities, weights: by_logsumexp(log_densities, weights).T,
        lambda log_densities, weights: by_logsumexp(-log_densities, weights),
    ],
)


def table_stub(sequence, K, alpha):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_bincount(sequence, K, alpha):
    counts = torch.bincount(K * sequence[:-1] + sequence[1:], minlength=K * K).reshape(K, K).double() + alpha
    return counts / counts.sum(1, keepdim=True)


def by_one_hot(sequence, K, alpha):
    states = torch.nn.functional.one_hot(sequence, K).float()
    return torch.nn.functional.normalize(states[:-1].T @ states[1:] + alpha, p=1, dim=1)


def by_slow_loop(sequence, K, alpha):
    table = torch.full((K, K), float(alpha))
    for t in range(1, len(sequence)):
        table[sequence[t - 1], sequence[t]] += 1
    for i in range(K):
        table[i] /= table[i].sum()
    return table


transition_table = Case(
    q.transition_table,
    table_stub,
    right=[by_bincount, by_one_hot, by_slow_loop],
    wrong={
        "columns_sum_to_one": lambda s, K, a: torch.nn.functional.normalize(
            by_bincount(s, K, 0).nan_to_num() * (torch.bincount(s[:-1], minlength=K)[:, None]) + a, p=1, dim=0
        ),
        "transposed": lambda s, K, a: by_bincount(s, K, a).T,
        "joint_instead_of_conditional": lambda s, K, a: (
            (q._counts(s, K) + a) / (len(s) - 1 + a * K * K)  # the total of all smoothed counts
        ),
        "no_smoothing": lambda s, K, a: by_bincount(s, K, 0),
        "alpha_not_in_the_sum": lambda s, K, a: (q._counts(s, K) + a) / q._counts(s, K).sum(1, keepdim=True),
        "counts_only": lambda s, K, a: q._counts(s, K) + a,
        "closed_to_a_ring": lambda s, K, a: by_bincount(torch.cat([s, s[:1]]), K, a),
    },
    also_wrong=[
        lambda s, K, a: by_bincount(s, K, 2 * a),
        lambda s, K, a: by_bincount(s, K, a)[0],
    ],
)


def stationary_stub(P):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_equations(P):
    A = torch.cat([P.T - torch.eye(len(P)).double(), torch.ones(1, len(P)).double()])
    b = torch.zeros(len(P) + 1).double()
    b[-1] = 1
    return torch.linalg.lstsq(A, b[:, None]).solution[:, 0]


def by_lazy_powers(P):
    """A chain that stays where it is half of the time has the same π, and doesn't march in step."""
    return torch.linalg.matrix_power((P + torch.eye(len(P)).double()) / 2, 4000).mean(0)


stationary = Case(
    q.stationary,
    stationary_stub,
    right=[by_equations, by_lazy_powers, lambda P: by_equations(P).float()],
    wrong={
        "right_eigenvector": lambda P: torch.ones(len(P)).double() / len(P),
        "not_divided_by_sum": lambda P: by_equations(P) / by_equations(P).norm(),
        "powers_of_a_periodic_chain": [
            lambda P: torch.linalg.matrix_power(P, 500)[0],
            lambda P: torch.linalg.matrix_power(P, 501)[0],
            lambda P: (torch.ones(len(P)).double() / len(P)) @ torch.linalg.matrix_power(P, 500),
        ],
        "mean_of_rows": lambda P: P.sum(0) / P.sum(),
        "diagonal": lambda P: P.diag() / P.trace(),
        "a_table": lambda P: torch.linalg.matrix_power(P, 500),
    },
    also_wrong=[lambda P: P[0], lambda P: by_equations(P.T) * 2],
)

TestChapter12 = chapter_tests(q, average_score, fit_gaussian, responsibilities, transition_table, stationary)

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
        lambda x, theta: sum(torch.where(row.bool(), theta, 1 - theta).log().sum() for row in x) / len(x),
        lambda x, theta: torch.distributions.Bernoulli(theta.float()).log_prob(x.float()).sum(1).mean(),
    ],
    wrong={
        "mean_over_pixels": lambda x, theta: torch.distributions.Bernoulli(theta).log_prob(x).mean(),
        "sum_over_pictures": lambda x, theta: torch.distributions.Bernoulli(theta).log_prob(x).sum(),
        "only_ones": lambda x, theta: (x @ theta.log()).mean(),
        "swapped_coin": lambda x, theta: score_by_torch(x, 1 - theta),
        "negative_log_likelihood": lambda x, theta: -score_by_torch(x, theta),
        "base_two": lambda x, theta: score_by_torch(x, theta) / math.log(2),
        "log_of_mean": lambda x, theta: torch.where(x.bool(), theta, 1 - theta).prod(1).mean().log(),
        "underflow": lambda x, theta: torch.where(x.bool(), theta, 1 - theta).prod(1).log().mean(),
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


def mixture_stub(log_densities, weights):
    # YOUR CODE HERE
    raise NotImplementedError()


def mixture_by_loops(log_densities, weights):
    total = 0.0
    for row in log_densities.tolist():
        terms = [math.log(w) + value for w, value in zip(weights.tolist(), row, strict=True)]
        total += max(terms) + math.log(sum(math.exp(term - max(terms)) for term in terms))
    return total / len(log_densities)


mixture_score = Case(
    q.mixture_score,
    mixture_stub,
    right=[
        mixture_by_loops,
        lambda log_densities, weights: torch.tensor(mixture_by_loops(log_densities, weights)),
        lambda log_densities, weights: torch.tensor(
            np.mean(np.logaddexp.reduce(log_densities.numpy() + np.log(weights.numpy()), axis=1))
        ),
        lambda log_densities, weights: torch.logsumexp(log_densities.float() + weights.float().log(), -1).mean(),
    ],
    wrong={
        "mean_of_logarithms": lambda log_densities, weights: (log_densities @ weights).mean(),
        "forgets_weights": [
            lambda log_densities, weights: log_densities.logsumexp(-1).mean(),
            lambda log_densities, weights: (log_densities.logsumexp(1) - math.log(log_densities.shape[1])).mean(),
        ],
        "underflow": lambda log_densities, weights: (log_densities.exp() @ weights).log().mean(),
        "one_maximum_for_all": lambda log_densities, weights: (
            log_densities.max() + ((log_densities - log_densities.max()).exp() @ weights).log()
        ).mean(),
        "largest_term": lambda log_densities, weights: (log_densities + weights.log()).max(1).values.mean(),
        "sum_over_points": lambda log_densities, weights: (log_densities + weights.log()).logsumexp(1).sum(),
        "one_for_each_point": lambda log_densities, weights: (log_densities + weights.log()).logsumexp(1),
        "negative": lambda log_densities, weights: -mixture_by_loops(log_densities, weights),
    },
    also_wrong=[
        lambda log_densities, weights: mixture_by_loops(log_densities, weights) + 1,
        lambda log_densities, weights: mixture_by_loops(log_densities.T, weights[0].expand(len(log_densities))),
    ],
)

TestChapter12 = chapter_tests(q, average_score, fit_gaussian, responsibilities, mixture_score)

import math

import numpy as np
import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_56 as q


def bits_stub(logits, text):
    # YOUR CODE HERE
    raise NotImplementedError()


def bits_by_gather(logits, text):
    log_p = logits.log_softmax(-1) / np.log(2)
    return -log_p[:-1].gather(1, text[1:, None]).mean()


def bits_by_loop(logits, text):
    total = 0.0
    for t in range(len(text) - 1):
        total -= math.log2(logits[t].softmax(0)[text[t + 1]].item())
    return total / (len(text) - 1)


bits_per_letter = Case(
    q.bits_per_letter,
    bits_stub,
    right=[
        bits_by_gather,
        bits_by_loop,
        lambda z, x: F.nll_loss((z - z.logsumexp(1, keepdim=True))[:-1], x[1:]).item() / np.log(2),
    ],
    wrong={
        "same_place": lambda z, x: -z.softmax(1).log2().gather(1, x[:, None]).mean(),
        "one_back": lambda z, x: -z.softmax(1).log2()[1:].gather(1, x[:-1, None]).mean(),
        "nats": lambda z, x: -z[:-1].log_softmax(1)[torch.arange(len(x) - 1), x[1:]].mean(),
        "times_ln2": lambda z, x: bits_by_loop(z, x) * math.log(2) ** 2,
        "sum": lambda z, x: bits_by_loop(z, x) * (len(x) - 1),
        "divided_by_all": lambda z, x: bits_by_gather(z, x) * (len(x) - 1) / len(x),
        "perplexity": lambda z, x: 2 ** bits_by_loop(z, x),
        "sign": lambda z, x: -bits_by_loop(z, x),
    },
    also_wrong=[lambda z, x: torch.zeros(()), lambda z, x: bits_by_gather(-z, x)],
)


def straight_stub(logits, letters):
    # YOUR CODE HERE
    raise NotImplementedError()


def straight_with_eye(logits, letters):
    soft = F.softmax(logits, dim=-1)
    hard = torch.eye(logits.shape[1])[letters]
    return (hard - soft).detach() + soft


class _Through(torch.autograd.Function):
    @staticmethod
    def forward(ctx, soft, letters):
        return torch.zeros_like(soft).scatter_(1, letters[:, None], 1.0)

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


straight_through = Case(
    q.straight_through,
    straight_stub,
    right=[straight_with_eye, lambda z, x: _Through.apply(z.softmax(1), x)],
    wrong={
        "soft_value": lambda z, x: F.softmax(z, 1),
        "no_gradient": [lambda z, x: torch.eye(z.shape[1])[x], lambda z, x: straight_with_eye(z, x).detach()],
        "through_the_logits": lambda z, x: torch.eye(z.shape[1])[x] + (z - z.detach()),
        "wrong_sign": lambda z, x: torch.eye(z.shape[1])[x] - (z.softmax(1) - z.softmax(1).detach()),
        "not_cancelled": lambda z, x: torch.eye(z.shape[1])[x] + z.softmax(1),
        "likeliest": lambda z, x: straight_with_eye(z, z.softmax(1).max(1).indices),
        "log_softmax": lambda z, x: torch.eye(z.shape[1])[x] + (lambda p: p - p.detach())(z.softmax(1).log()),
    },
    also_wrong=[lambda z, x: torch.zeros_like(z), lambda z, x: 2 * straight_with_eye(z, x)],
)


def reinforce_stub(log_p, rewards):
    # YOUR CODE HERE
    raise NotImplementedError()


def reinforce_by_loop(log_p, rewards):
    r, loss = rewards.detach().tolist(), 0.0
    for i in range(len(r)):
        others = [r[j] for j in range(len(r)) if j != i]
        loss = loss - (r[i] - sum(others) / len(others)) * log_p[i]
    return loss / len(r)


def reinforce_rescaled(log_p, rewards):
    n = len(rewards)
    with torch.no_grad():
        advantage = (rewards - rewards.mean()) * n / (n - 1)
    return -(advantage * log_p).sum() / n


def _pull(weights):
    return lambda log_p, rewards: -(weights(rewards.detach()) * log_p).mean()


reinforce_loss = Case(
    q.reinforce_loss,
    reinforce_stub,
    right=[reinforce_by_loop, reinforce_rescaled],
    wrong={
        "no_baseline": _pull(lambda r: r),
        "own_reward": _pull(lambda r: r - r.mean()),
        "sign": lambda log_p, r: -reinforce_rescaled(log_p, r),
        "not_detached": lambda log_p, r: -((r - r.mean()) * len(r) / (len(r) - 1) * log_p).mean(),
        "probabilities": lambda log_p, r: reinforce_rescaled(log_p.exp(), r),
        "sum": lambda log_p, r: reinforce_rescaled(log_p, r) * len(r),
        "sum_of_others": _pull(lambda r: 2 * r - r.sum()),
        "divided_by_all": _pull(lambda r: r - (r.sum() - r) / len(r)),
    },
    also_wrong=[
        _pull(lambda r: (r - r.mean()) / r.std()),
        lambda log_p, r: -(r.detach() * log_p),
        lambda log_p, r: -r.mean(),
        lambda log_p, r: reinforce_rescaled(log_p.detach(), r),
    ],
)


def policy_stub(reference, rewards, beta):
    # YOUR CODE HERE
    raise NotImplementedError()


def policy_by_weights(reference, rewards, beta):
    weights = reference * torch.exp(rewards / beta)
    return weights / weights.sum()


def policy_by_climbing(reference, rewards, beta):
    reference, rewards = reference.double(), rewards.double()
    logits = torch.zeros_like(reference, requires_grad=True)
    lbfgs = torch.optim.LBFGS([logits], max_iter=200, tolerance_grad=1e-12, tolerance_change=1e-14)

    def loss():
        lbfgs.zero_grad()
        log_p = logits.log_softmax(0)
        value = (log_p.exp() * (beta * (log_p - reference.log()) - rewards)).sum()
        value.backward()
        return value

    lbfgs.step(loss)
    return logits.detach().softmax(0).float()


best_policy = Case(
    q.best_policy,
    policy_stub,
    right=[policy_by_weights, policy_by_climbing],
    wrong={
        "no_reference": lambda p, r, b: F.softmax(r / b, 0),
        "times_beta": lambda p, r, b: policy_by_weights(p, r, 1 / b),
        "not_normalised": lambda p, r, b: p * torch.exp(r / b),
        "greedy": lambda p, r, b: (r == r.max()).float(),
        "no_beta": lambda p, r, b: policy_by_weights(p, r, 1.0),
        "factors": lambda p, r, b: p * r / (p * r).sum(),
        "no_logarithm": lambda p, r, b: F.softmax(p + r / b, 0),
        "all_divided": lambda p, r, b: policy_by_weights(p ** (1 / b), r, b),
    },
    also_wrong=[lambda p, r, b: p, lambda p, r, b: policy_by_weights(p, -r, b)],
)


TestChapter56 = chapter_tests(q, bits_per_letter, straight_through, reinforce_loss, best_policy)

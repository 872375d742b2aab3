import math

import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_56 as q


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


def axes_stub(oracle, model):
    # YOUR CODE HERE
    raise NotImplementedError()


def axes_by_divergences(oracle, model):
    """Coverage is one KL, and quality the other one, less what the model lacks in entropy."""
    coverage = F.kl_div(model.log(), oracle, reduction="sum")
    back = F.kl_div(oracle.log(), model, reduction="sum")
    return back + _entropy(model) - _entropy(oracle), coverage


def _entropy(p):
    return torch.distributions.Categorical(p).entropy()


def axes_by_loop(oracle, model):
    p, q = oracle.tolist(), model.tolist()
    floor = -sum(a * math.log(a) for a in p)
    quality = -sum(b * math.log(a) for a, b in zip(p, q, strict=True)) - floor
    return quality, -sum(a * math.log(b) for a, b in zip(p, q, strict=True)) - floor


two_axes = Case(
    q.two_axes,
    axes_stub,
    right=[axes_by_divergences, axes_by_loop],
    wrong={
        "exchanged": lambda p, m: axes_by_loop(p, m)[::-1],
        "no_floor": lambda p, m: (F.cross_entropy(p.log(), m), F.cross_entropy(m.log(), p)),
        "own_entropy": lambda p, m: (F.kl_div(p.log(), m, reduction="sum"), axes_by_loop(p, m)[1]),
        "models_floor": lambda p, m: axes_by_loop(m, p)[::-1],
        "bits": lambda p, m: tuple(x / math.log(2) for x in axes_by_loop(p, m)),
        "sign": lambda p, m: tuple(-x for x in axes_by_divergences(p, m)),
        "means": lambda p, m: tuple(x / p.numel() for x in axes_by_divergences(p, m)),
    },
    also_wrong=[lambda p, m: (torch.zeros(()), torch.zeros(())), lambda p, m: axes_by_loop(p, p)],
)


TestChapter56 = chapter_tests(q, straight_through, reinforce_loss, two_axes)

import math

import numpy as np
import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_57 as q


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
        lambda z, x: (
            -torch.distributions.Categorical(logits=z[:-1].double()).log_prob(x[1:]).mean() * math.log2(math.e)
        ),
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
        "softmax_twice": lambda z, x: F.nll_loss(z.softmax(1).log_softmax(1)[:-1], x[1:]) / math.log(2),
        "around_the_end": lambda z, x: bits_by_gather(torch.cat([z, z[:1]]), torch.cat([x, x[:1]])),
        "no_mean": lambda z, x: -z[:-1].softmax(1).gather(1, x[1:, None])[:, 0].log2(),
        "sign": lambda z, x: -bits_by_loop(z, x),
    },
    also_wrong=[lambda z, x: torch.zeros(()), lambda z, x: bits_by_gather(-z, x)],
)


def preference_stub(chosen, rejected):
    # YOUR CODE HERE
    raise NotImplementedError()


def preference_by_loop(chosen, rejected):
    surprises = [math.log1p(math.exp(b - a)) for a, b in zip(chosen.tolist(), rejected.tolist(), strict=True)]
    return sum(surprises) / len(surprises)


preference_loss = Case(
    q.preference_loss,
    preference_stub,
    right=[
        preference_by_loop,
        lambda a, b: -torch.log(torch.sigmoid(a - b)).mean(),
        lambda a, b: (np.logaddexp(a.numpy(), b.numpy()) - a.numpy()).mean(),
        lambda a, b: F.binary_cross_entropy_with_logits(a - b, torch.ones_like(a)),
        lambda a, b: F.cross_entropy(torch.stack([a, b], dim=1), torch.zeros(len(a), dtype=torch.long)),
    ],
    wrong={
        "exchanged": lambda a, b: preference_by_loop(b, a),
        "alone": lambda a, b: -F.logsigmoid(a).mean() - F.logsigmoid(-b).mean(),
        "probability": lambda a, b: -torch.sigmoid(a - b).mean(),
        "one_minus": lambda a, b: 1 - torch.sigmoid(a - b).mean(),
        "difference": lambda a, b: b.mean() - a.mean(),
        "all_pairs": lambda a, b: -F.logsigmoid(a[:, None] - b).mean(),
        "sum": lambda a, b: preference_by_loop(a, b) * len(a),
        "no_mean": lambda a, b: -F.logsigmoid(a - b),
        "bits": lambda a, b: preference_by_loop(a, b) / math.log(2),
        "log_of_mean": lambda a, b: -torch.sigmoid(a - b).mean().log(),
        "sign": lambda a, b: -preference_by_loop(a, b),
    },
    also_wrong=[lambda a, b: torch.zeros(()), lambda a, b: F.relu(1 - a + b).mean()],
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
        "not_divided": lambda p, r, b: policy_by_weights(p**b, r, 1.0),
        "sign": lambda p, r, b: policy_by_weights(p, -r, b),
        "logarithms": lambda p, r, b: policy_by_weights(p, r, b).log(),
        "all_divided": lambda p, r, b: policy_by_weights(p ** (1 / b), r, b),
    },
    also_wrong=[lambda p, r, b: p, lambda p, r, b: p * (r / b).softmax(0)],
)


TestChapter57 = chapter_tests(q, bits_per_letter, preference_loss, best_policy)

import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_50 as q


def weights_stub(labels, classes):
    # YOUR CODE HERE
    raise NotImplementedError()


def weights_by_shares(labels, classes):
    shares = F.one_hot(labels, classes).float().mean(0)
    return 1 / (classes * shares)


def weights_by_scaling(labels, classes):
    weights = torch.tensor([1 / (labels == k).sum().item() for k in range(classes)])
    return weights / weights[labels].mean()


class_weights = Case(
    q.class_weights,
    weights_stub,
    right=[weights_by_shares, weights_by_scaling],
    wrong={
        "proportional": [
            lambda y, k: F.one_hot(y, k).float().mean(0),
            lambda y, k: k * F.one_hot(y, k).float().mean(0),
        ],
        "not_scaled": lambda y, k: 1 / F.one_hot(y, k).float().sum(0),
        "one_over_share": lambda y, k: 1 / F.one_hot(y, k).float().mean(0),
        "sum_to_one": lambda y, k: weights_by_shares(y, k) / weights_by_shares(y, k).sum(),
        "mean_over_classes": lambda y, k: weights_by_shares(y, k) / weights_by_shares(y, k).mean(),
        "root": lambda y, k: weights_by_shares(y, k) ** 0.5,
        "per_picture": lambda y, k: weights_by_shares(y, k)[y],
    },
    also_wrong=[lambda y, k: torch.ones(k), lambda y, k: weights_by_shares(y, k).log()],
)


def shift_stub(logits, trained, used):
    # YOUR CODE HERE
    raise NotImplementedError()


def shift_by_probabilities(logits, trained, used):
    p = F.softmax(logits, dim=1) * (used / trained)
    return torch.log(p / p.sum(dim=1, keepdim=True))


shifted_logits = Case(
    q.shifted_logits,
    shift_stub,
    right=[
        shift_by_probabilities,
        lambda t, a, b: t + torch.log(b / a),
        lambda t, a, b: t - (a / b).log() + 7,
    ],
    wrong={
        "wrong_sign": lambda t, a, b: t + torch.log(a / b),
        "forgets_used": lambda t, a, b: F.log_softmax(t, 1) - torch.log(a),
        "forgets_trained": lambda t, a, b: F.log_softmax(t, 1) + torch.log(b),
        "no_logarithm": lambda t, a, b: t + (b - a),
        "divides_logits": lambda t, a, b: t * (b / a),
        "gives_probabilities": [
            lambda t, a, b: shift_by_probabilities(t, a, b).exp(),
            lambda t, a, b: F.softmax(t, 1) * b / a,
        ],
    },
    also_wrong=[
        lambda t, a, b: t,
        lambda t, a, b: t - 2 * a.log() + 2 * b.log(),
        lambda t, a, b: (t - a.log() + b.log()).detach(),
    ],
)


def chances_stub(labels, classes):
    # YOUR CODE HERE
    raise NotImplementedError()


def chances_by_loop(labels, classes):
    sizes = [int((labels == k).sum()) for k in range(classes)]
    return torch.tensor([1 / (classes * sizes[int(k)]) for k in labels])


draw_chances = Case(
    q.draw_chances,
    chances_stub,
    right=[
        chances_by_loop,
        lambda y, k: weights_by_shares(y, k)[y] / len(y),
        lambda y, k: (F.one_hot(y, k).double() / F.one_hot(y, k).double().sum(0)).sum(1) / k,
    ],
    wrong={
        "sum_to_classes": lambda y, k: k * chances_by_loop(y, k),
        "per_class": lambda y, k: 1 / (k * F.one_hot(y, k).sum(0)),
        "equal_pictures": lambda y, k: torch.ones(len(y)) / len(y),
        "proportional": lambda y, k: (1 / chances_by_loop(y, k)) / (1 / chances_by_loop(y, k)).sum(),
        "not_shared": lambda y, k: torch.ones(len(y)) / k,
    },
    also_wrong=[lambda y, k: chances_by_loop(y, k).sqrt(), lambda y, k: chances_by_loop(y, k).log()],
)


TestChapter50 = chapter_tests(q, class_weights, draw_chances, shifted_logits)

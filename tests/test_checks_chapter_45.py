import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_45 as q


def rows_stub(rows, labels, classes, loud):
    # YOUR CODE HERE
    raise NotImplementedError()


def rows_by_eye(rows, labels, classes, loud):
    return torch.hstack([rows, loud * torch.eye(classes, dtype=rows.dtype)[labels]])


def rows_by_scatter(rows, labels, classes, loud):
    out = torch.zeros(len(rows), rows.shape[1] + classes)
    out[:, : rows.shape[1]] = rows
    out[torch.arange(len(rows)), rows.shape[1] + labels] = loud
    return out


label_rows = Case(
    q.label_rows,
    rows_stub,
    right=[rows_by_eye, rows_by_scatter],
    wrong={
        "class_as_a_number": lambda x, y, k, s: torch.cat([x, s * y.unsqueeze(1).float()], 1),
        "label_in_front": lambda x, y, k, s: torch.hstack([s * torch.eye(k)[y], x]),
        "loud_rows": lambda x, y, k, s: s * torch.hstack([x, torch.eye(k)[y]]),
        "forgets_loudness": lambda x, y, k, s: torch.hstack([x, torch.eye(k)[y]]),
        "only_classes_in_the_batch": lambda x, y, k, s: torch.hstack([x, s * torch.eye(int(y.max()) + 1)[y]]),
    },
    also_wrong=[
        lambda x, y, k, s: x,
        lambda x, y, k, s: torch.cat([x, s * torch.eye(k)[y]], 0),
    ],
)


def projection_stub(features, labels, vectors, weight, bias):
    # YOUR CODE HERE
    raise NotImplementedError()


def projection_by_gather(features, labels, vectors, weight, bias):
    scores = features @ vectors.T
    return scores.gather(1, labels[:, None]).squeeze(1) + features @ weight + bias


def projection_by_einsum(features, labels, vectors, weight, bias):
    return torch.einsum("nh,nh->n", features, vectors[labels] + weight) + bias


projection_logit = Case(
    q.projection_logit,
    projection_stub,
    right=[projection_by_gather, projection_by_einsum],
    wrong={
        "forgets_psi": lambda f, y, v, w, b: (f @ v.T).gather(1, y[:, None])[:, 0],
        "forgets_the_class": lambda f, y, v, w, b: (f * w).sum(1) + b,
        "all_classes": lambda f, y, v, w, b: f @ (v + w).T + b,
        "not_summed": lambda f, y, v, w, b: f * v[y] + (f @ w + b).unsqueeze(1),
        "mean_instead_of_sum": lambda f, y, v, w, b: torch.mean(f * v[y], dim=1) + f @ w + b,
        "added_instead_of_multiplied": lambda f, y, v, w, b: f @ w + v[y] @ w + b,
        "forgets_bias": lambda f, y, v, w, b: (f * (v[y] + w)).sum(1),
        "probability": lambda *a: torch.sigmoid(projection_by_gather(*a)),
    },
    also_wrong=[
        lambda f, y, v, w, b: 2 * projection_by_gather(f, y, v, w, b),
        lambda *a: projection_by_gather(*a).detach(),
    ],
)


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
    also_wrong=[lambda t, a, b: t, lambda t, a, b: t - 2 * a.log() + 2 * b.log()],
)


TestChapter45 = chapter_tests(q, label_rows, projection_logit, class_weights, shifted_logits)

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
        lambda x, y, k, s: torch.cat([x.detach(), s * torch.eye(k)[y]], 1),
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


def norm_stub(h, labels, scales, shifts):
    # YOUR CODE HERE
    raise NotImplementedError()


def norm_by_library(h, labels, scales, shifts):
    normal = F.batch_norm(h, None, None, training=True)
    return torch.einsum("nc,nchw->nchw", scales[labels], normal) + shifts[labels].unflatten(1, (-1, 1, 1))


def norm_by_loop(h, labels, scales, shifts):
    maps = []
    for c in range(h.shape[1]):
        part = h[:, c]
        normal = (part - part.mean()) / part.std(unbiased=False)
        maps.append(scales[labels, c].view(-1, 1, 1) * normal + shifts[labels, c].view(-1, 1, 1))
    return torch.stack(maps, dim=1)


def norm_by_module(h, labels, scales, shifts):
    module = torch.nn.BatchNorm2d(h.shape[1], affine=False).to(h.dtype)
    normal = module(h)
    return (normal.permute(2, 3, 0, 1) * F.embedding(labels, scales) + F.embedding(labels, shifts)).permute(2, 3, 0, 1)


conditional_batch_norm = Case(
    q.conditional_batch_norm,
    norm_stub,
    right=[norm_by_library, norm_by_loop, norm_by_module],
    wrong={
        "each_sample": lambda h, y, a, b: a[y][:, :, None, None] * F.instance_norm(h) + b[y][:, :, None, None],
        "no_class": lambda h, y, a, b: F.batch_norm(h, None, None, training=True),
        "exchanged": lambda h, y, a, b: norm_by_library(h, y, b, a),
        "first_class": lambda h, y, a, b: norm_by_library(h, torch.zeros_like(y), a, b),
        "not_normalised": lambda h, y, a, b: a[y][:, :, None, None] * h + b[y][:, :, None, None],
    },
    also_wrong=[
        lambda h, y, a, b: norm_by_library(h, y, a, b).detach(),
        lambda h, y, a, b: norm_by_library(h, y, a.detach(), b),
        lambda h, y, a, b: norm_by_library(h, y, a, b).flatten(1),
        lambda h, y, a, b: norm_by_library(h, y, 1 + a, b),
    ],
)


TestChapter45 = chapter_tests(q, label_rows, projection_logit, conditional_batch_norm)

import numpy as np
import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_25 as q


def roughness_stub(pictures):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_slices(pictures):
    ink = (pictures**2).flatten(1).sum(1)
    across = ((pictures[:, :, 1:] - pictures[:, :, :-1]) ** 2).flatten(1).sum(1)
    down = ((pictures[:, 1:, :] - pictures[:, :-1, :]) ** 2).flatten(1).sum(1)
    return (across + down) / ink


def one_by_one(pictures):
    found = []
    for picture in pictures.double():
        total = sum((picture[:, j + 1] - picture[:, j]).square().sum() for j in range(picture.shape[1] - 1))
        total += sum((picture[i + 1] - picture[i]).square().sum() for i in range(picture.shape[0] - 1))
        found.append(total / picture.square().sum())
    return torch.stack(found)


def in_numpy(pictures):
    a = pictures.numpy()
    edges = (np.diff(a, axis=1) ** 2).sum((1, 2)) + (np.diff(a, axis=2) ** 2).sum((1, 2))
    return torch.from_numpy(edges / (a**2).sum((1, 2)))


roughness = Case(
    q.roughness,
    roughness_stub,
    right=[by_slices, one_by_one, in_numpy],
    wrong={
        "one_direction": lambda p: (p[:, :, 1:] - p[:, :, :-1]).pow(2).sum((1, 2)) / p.pow(2).sum((1, 2)),
        "not_squared": lambda p: (p.diff(dim=1).abs().sum((1, 2)) + p.diff().abs().sum((1, 2))) / p.pow(2).sum((1, 2)),
        "one_number_for_all": lambda p: by_slices(p).mean(),
        "without_ink": lambda p: by_slices(p) * p.pow(2).sum((1, 2)),
        "ink_not_squared": lambda p: by_slices(p) * p.pow(2).sum((1, 2)) / p.sum((1, 2)),
        "around_the_edge": lambda p: (
            (((p - p.roll(1, 1)) ** 2).sum((1, 2)) + ((p - p.roll(1, 2)) ** 2).sum((1, 2))) / p.pow(2).sum((1, 2))
        ),
    },
    also_wrong=[
        lambda p: by_slices(p).sqrt(),
        lambda p: 1 / by_slices(p),
        lambda p: by_slices(p)[:, None],
    ],
)


def best_stub(codes, errors):
    # YOUR CODE HERE
    raise NotImplementedError()


def with_loop(codes, errors):
    return torch.stack([codes[errors[:, i].argmin(), i] for i in range(codes.shape[1])])


def with_gather(codes, errors):
    best = errors.min(dim=0).indices
    return codes.gather(0, best[None, :, None].expand(1, -1, codes.shape[2]))[0]


def with_mask(codes, errors):
    smallest = (errors == errors.amin(dim=0)).to(codes.dtype)[..., None]
    return (codes * smallest).sum(0)


best_codes = Case(
    q.best_codes,
    best_stub,
    right=[with_loop, with_gather, with_mask],
    wrong={
        "worst_start": lambda c, e: with_loop(c, -e),
        "one_start_for_all": lambda c, e: c[e.sum(1).argmin()],
        "mean_of_starts": lambda c, e: c.sum(0) / len(c),
        "picture_not_named": lambda c, e: c[torch.argmin(e, 0)],
        "errors_instead_of_codes": lambda c, e: e.amin(0),
    },
    also_wrong=[
        lambda c, e: c[0],
        lambda c, e: e.argmin(dim=0),
        lambda c, e: c.flatten(0, 1)[: c.shape[1]] * 0,
    ],
)


def arc_stub(a, b, t):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_rotation(a, b, t):
    """Turn a towards b by t times the angle, in the plane that they span."""
    length = a.norm(dim=1, keepdim=True)
    along = a / length
    across = F.normalize(b - (b * along).sum(1, keepdim=True) * along, dim=1)
    angle = t * torch.atan2((b * across).sum(1), (b * along).sum(1))[:, None]
    return length * (angle.cos() * along + angle.sin() * across)


def pair_by_pair(a, b, t):
    found = []
    for u, v in zip(a.double(), b.double(), strict=True):
        angle = torch.arccos(u @ v / u.norm() / v.norm())
        found.append((torch.sin((1 - t) * angle) * u + torch.sin(t * angle) * v) / torch.sin(angle))
    return torch.stack(found)


def careful(a, b, t):
    angle = F.cosine_similarity(a, b, dim=-1).clamp(-0.9999, 0.9999).acos().unsqueeze(-1)
    weight = torch.sin(t * angle) / torch.sin(angle)
    return torch.sin(angle - t * angle) / torch.sin(angle) * a + weight * b


arc = Case(
    q.arc,
    arc_stub,
    right=[by_rotation, pair_by_pair, careful],
    wrong={
        "straight_line": torch.lerp,
        "line_then_length": lambda a, b, t: F.normalize(torch.lerp(a, b, t), dim=1) * b.norm(dim=1, keepdim=True),
        "unit_length": lambda a, b, t: by_rotation(F.normalize(a, dim=1), F.normalize(b, dim=1), t),
        "from_b_to_a": lambda a, b, t: by_rotation(b, a, t),
        "no_division": lambda a, b, t: careful(a, b, t) * (1 - F.cosine_similarity(a, b)[:, None] ** 2).sqrt(),
    },
    also_wrong=[
        lambda a, b, t: a,
        lambda a, b, t: by_rotation(a, b, t / 2),
        lambda a, b, t: by_rotation(a, b, t).sum(1),
    ],
)

TestChapter25 = chapter_tests(q, roughness, best_codes, arc)

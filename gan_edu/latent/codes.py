"""Codes of any latent space: ways between them, nearer to the middle, and what they say of an attribute."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch

from gan_edu.device import tensor_of
from gan_edu.settings import Choice, Number, Whole

Tensor = torch.Tensor
SHORTEST = 1e-6  # length of a code that still has a direction
LEAST = 10  # codes with an attribute, and without, that a direction is found from


def _codes(z, name: str, ndim: int | None = None) -> Tensor:
    """Finite numbers of any kind of array, (..., Z)."""
    try:
        z = z if isinstance(z, Tensor) else tensor_of(z)
        z = z if z.is_floating_point() else z.float()
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"{name} must be numbers, (N, Z); got a {type(z).__name__}.") from None
    if z.ndim == 0 or z.numel() == 0 or (ndim and z.ndim != ndim) or not z.isfinite().all():
        shape = "(N, Z)" if ndim == 2 else "(..., Z)"
        raise ValueError(f"{name} must be finite numbers {shape}; got shape {tuple(z.shape)}.")
    return z


def slerp(a, b, t) -> Tensor:
    """Places between codes a and b, (..., Z) each: (..., Z) for a number t from 0 (a) to 1 (b), (T, ..., Z) for t (T,).

    Directions go along a great circle and lengths evenly from one to the other, so that between codes of N(0, I) all
    are as long as such codes are; on the line, the middle is shorter by a third (White 2016, "Sampling Generative
    Networks"). Where no arc is the shortest, between opposite codes and beside a code of length 0, it is the line.

    Raises TypeError and ValueError for what aren't two arrays of codes of one shape.
    """
    a, b = _codes(a, "a"), _codes(b, "b")
    if a.shape != b.shape:
        raise ValueError(f"slerp goes between codes of one shape; got {tuple(a.shape)} and {tuple(b.shape)}.")
    t = torch.as_tensor(t, dtype=a.dtype, device=a.device)
    t = t.reshape(*t.shape, *[1] * a.ndim)
    length_a, length_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    u, v = a / length_a.clamp_min(SHORTEST), b / length_b.clamp_min(SHORTEST)
    # arccos(u · v) would have half of the digits near 0 and π, where the cosine is flat
    angle = 2 * torch.atan2((u - v).norm(dim=-1, keepdim=True), (u + v).norm(dim=-1, keepdim=True))
    # 0 has no direction, equal directions no circle, and opposite ones no shortest way around
    bent = (torch.minimum(length_a, length_b) >= SHORTEST) & (angle >= 1e-4) & (angle <= math.pi - 1e-4)
    sine = torch.where(bent, angle.sin(), 1.0)  # a division by 0 that isn't used would still spoil gradients
    turned = (((1 - t) * angle).sin() * u + (t * angle).sin() * v) / sine
    arc = turned * (length_a + t * (length_b - length_a))
    return torch.where(bent, arc, a + t * (b - a))


def walk_codes(a: Tensor, b: Tensor, steps: int, path: str = "line") -> Tensor:
    """Codes on the way from a to b (Z,): (steps, Z). "line", or "circle": along a great circle, with the length of the
    code going evenly from one's to the other's."""
    t = torch.linspace(0, 1, steps)
    if path == "line":
        return a + t[:, None] * (b - a)
    if path != "circle":
        raise ValueError(f"A walk goes along a 'line' or a 'circle'; got {path!r}.")
    way = slerp(a, b, t)
    way[0], way[-1] = a, b
    return way


def tour(codes, steps: int = 30, path: str = "circle", closed: bool = True) -> Tensor:
    """A way through codes (K, Z), in `steps` steps from each to the next: for a film.

    Closed it comes back to the first, (K·steps, Z), and can be shown again and again; otherwise it ends at the last,
    ((K − 1)·steps + 1, Z). Raises ValueError for fewer than two codes.
    """
    codes, steps = _codes(codes, "codes", ndim=2), Whole(1).check(steps, "steps")
    path = Choice(("line", "circle")).check(path, "path")
    if len(codes) < 2:
        raise ValueError("A tour needs at least two codes.")
    t = torch.arange(steps, dtype=codes.dtype, device=codes.device) / steps
    ends = codes.roll(-1, 0) if closed else codes[1:]
    starts = codes[: len(ends)]
    # (steps, K, Z)
    ways = slerp(starts, ends, t) if path == "circle" else starts + t[:, None, None] * (ends - starts)
    ways = ways.transpose(0, 1).flatten(0, 1)
    return ways if closed else torch.cat([ways, codes[-1:]])


def truncate(z, at: float) -> Tensor:
    """Codes of N(0, I) brought between −at and at, number by number: fewer surprises for less variety.

    The truncation trick (Brock et al. 2019, BigGAN, section 3.1). They draw a number anew when it is too large; here
    each goes to the same quantile of the truncated normal distribution. That gives the same distribution, and from the
    same z pictures that resemble each other at every `at`. Raises ValueError for an `at` that isn't above 0.
    """
    z, at = _codes(z, "z"), Number(0, above=True).check(at, "at")
    low = torch.special.ndtr(torch.tensor(-at, dtype=torch.float64))
    exact = z.to("cpu").to(torch.float64)  # first the CPU: Apple's MPS has no float64
    cut = torch.special.ndtri(low + torch.special.ndtr(exact) * (1 - 2 * low)).clamp(-at, at)
    return cut.to(z)


class Direction(NamedTuple):
    """vector: (Z,), of length 1, towards more of an attribute: z + 2 * vector. accuracy: its share of right answers on
    codes that it wasn't found from, the mean of those with and those without; ½ is chance."""

    vector: Tensor
    accuracy: float


def attribute_direction(codes, attribute: Sequence[bool] | Tensor, seed: int = 0) -> Direction:
    """The direction in which codes (N, Z) get an attribute, which is True or False for each, (N,).

    The normal of the plane that parts them, by logistic regression (Shen et al. 2020, InterFaceGAN, find it by a linear
    support vector machine). Its accuracy, near ½, says when there is no such direction: half of the codes are kept for
    that, and the vector is then found from all. What changes beside the attribute you see in the pictures.

    Raises ValueError for fewer than ten codes with or without the attribute, and TypeError for what is no array.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import train_test_split

    z = _codes(codes, "codes", ndim=2)
    try:
        told = tensor_of(attribute)
    except (TypeError, ValueError):
        raise TypeError(f"An attribute is True or False for each of the {len(z)} codes; got other things.") from None
    if told.shape != (len(z),) or not torch.isin(told.float(), torch.tensor([0.0, 1.0])).all():
        raise ValueError(
            f"An attribute is True or False for each of the {len(z)} codes; got shape {tuple(told.shape)}."
        )
    told, having = told.bool().numpy(), int(told.sum())
    if min(having, len(z) - having) < LEAST:
        raise ValueError(
            f"A direction needs at least {LEAST} codes with the attribute and {LEAST} without; there are {having} and "
            f"{len(z) - having}."
        )
    rows = z.detach().cpu().double().numpy()
    fit, kept, fit_told, kept_told = train_test_split(rows, told, test_size=0.5, stratify=told, random_state=seed)
    plane = LogisticRegression(class_weight="balanced", max_iter=1000)
    accuracy = balanced_accuracy_score(kept_told, plane.fit(fit, fit_told).predict(kept))
    normal = torch.from_numpy(plane.fit(rows, told).coef_[0])
    return Direction((normal / normal.norm()).to(z), float(accuracy))

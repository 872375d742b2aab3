"""Pictures to find a latent space for: the course's, or anything that a learner brings."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F

from gan_edu import data as course_data
from gan_edu.data.image_sets import CLASSES, ImageSet
from gan_edu.device import tensor_of
from gan_edu.settings import near

SHOWN = 800  # pictures whose places are drawn


@dataclass(frozen=True)
class Pictures:
    """What a model learns from and what is shown: pictures (N, 1, H, W) in [0, 1], labels (N,)."""

    name: str
    train: torch.Tensor
    train_labels: torch.Tensor
    shown: torch.Tensor
    labels: torch.Tensor
    classes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.shown.shape[1:])


@cache
def _known_pictures(name: str) -> Pictures:
    learn, unseen = course_data.images(name), course_data.images(name, split="test")
    x, y = learn.tensor(low=0.0), unseen.tensor(low=0.0)[:SHOWN]
    return Pictures(name, x, learn.labels, y, unseen.labels[:SHOWN], tuple(CLASSES[name]))


def pictures_of(data) -> Pictures:
    """Pictures from a name, an ImageSet, an array (N, H, W), (N, 1, H, W) or (N, H·H), or a pair (array, labels).

    A fifth is kept for showing, if there are 50 or more. Raises ValueError.
    """
    if isinstance(data, Pictures):
        return data
    if isinstance(data, str):
        if data not in CLASSES:
            raise ValueError(
                f"There are no pictures called {data!r}; there are: {', '.join(CLASSES)}.{near(data, CLASSES)}"
            )
        return _known_pictures(data)
    name, classes, labels = "your own", (), None
    if isinstance(data, ImageSet):
        name, classes, labels, data = data.name, tuple(data.classes), data.labels, data.pixels
    elif isinstance(data, tuple | list) and len(data) == 2:
        data, labels = data
    try:
        x = tensor_of(data)
    except (TypeError, ValueError):
        x = None
    if x is None or x.dtype == torch.bool or x.is_complex():
        raise ValueError(
            f"Data must be a name ({', '.join(CLASSES)}), an ImageSet, pictures (N, H, W), or a pair (pictures, "
            f"labels); got a {type(data).__name__}."
        )
    x = x.float() / 255 if x.dtype == torch.uint8 else x.float()
    if x.ndim == 2 and math.isqrt(x.shape[1]) ** 2 == x.shape[1]:
        x = x.reshape(len(x), math.isqrt(x.shape[1]), -1)
    if x.ndim == 3:
        x = x[:, None]
    if x.ndim != 4 or x.shape[1] != 1 or len(x) < 2 or not 4 <= min(x.shape[2:]) <= max(x.shape[2:]) <= 64:
        raise ValueError(
            f"Pictures must be grey, (N, H, W) with 4 to 64 pixels a side and N ≥ 2; these have shape {tuple(x.shape)}."
        )
    bad = int((~x.isfinite()).flatten(1).any(1).sum())
    if bad:
        raise ValueError(f"{bad} of the {len(x)} pictures hold NaN or infinite pixels.")
    if x.min() < 0 and x.min() >= -1 and x.max() <= 1:
        x = x / 2 + 0.5
    if x.min() < 0 or x.max() > 1:
        raise ValueError(f"Pixels must lie in [0, 1] or [−1, 1]; these go from {x.min():.3g} to {x.max():.3g}.")
    try:
        labels = torch.zeros(len(x)).long() if labels is None else tensor_of(labels).long()
    except (TypeError, ValueError):
        raise ValueError("Labels must be whole numbers, one for each picture.") from None
    if labels.shape != (len(x),) or labels.min() < 0 or labels.max() > 99:
        raise ValueError(
            f"Labels must be whole numbers from 0 to 99, one for each of the {len(x)} pictures; they have shape "
            f"{tuple(labels.shape)}."
        )
    classes = classes or tuple(str(k) for k in range(int(labels.max()) + 1))
    if len(x) < 50:
        return Pictures(name, x, labels, x, labels, classes)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    kept = order[: min(SHOWN, len(x) // 5)]
    rest = order[len(kept) :]
    return Pictures(name, x[rest], labels[rest], x[kept], labels[kept], classes)


def drawing(pixels, like: Pictures) -> torch.Tensor:
    """What was drawn, pixels from 0 to 255, as a picture (1, 1, H, W) in [0, 1]; brought to the size and the place of
    MNIST's digits where the others are such. Raises ValueError for a wrong number of pixels, or none with ink."""
    try:
        x = tensor_of(np.asarray(pixels, dtype=np.float32)).flatten() / 255
    except (TypeError, ValueError):
        x = torch.zeros(0)
    if len(x) != math.prod(like.shape) or not x.isfinite().all():
        raise ValueError(f"A drawing has {math.prod(like.shape)} pixels; got {len(x)} numbers.")
    if x.max() < 0.2:
        raise ValueError("The drawing is empty: draw something first.")
    x = x.clamp(0, 1).reshape(like.shape)
    return (like_mnist(x) if like.name == "mnist" else x)[None]


def like_mnist(x: torch.Tensor) -> torch.Tensor:
    """A drawing (1, H, W) in the size and place of MNIST's digits: its longer side 20 pixels, its centre of mass at
    pixel (14, 14), counted from 0. MNIST's own digits come out as they are."""
    rows, columns = (torch.nonzero(x[0].amax(axis) > 0.1).flatten() for axis in (1, 0))
    x = x[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = 20 / max(x.shape[1:])
    size = [max(1, round(scale * side)) for side in x.shape[1:]]
    if size != list(x.shape[1:]):
        x = F.interpolate(x[None], size=size, mode="bilinear", antialias=True)[0].clamp(0, 1)
    _, height, width = x.shape
    mass = x.sum()
    row = float((x.sum((0, 2)) * torch.arange(height)).sum() / mass)
    column = float((x.sum((0, 1)) * torch.arange(width)).sum() / mass)
    top, left = round(14 - row), round(14 - column)
    placed = torch.zeros(1, 28 + 2 * 28, 28 + 2 * 28)
    placed[:, 28 + top : 28 + top + height, 28 + left : 28 + left + width] = x
    return placed[:, 28:56, 28:56]

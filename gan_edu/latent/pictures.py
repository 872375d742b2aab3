"""Pictures to find a latent space for: the course's, or anything that a learner brings."""

import math
import os
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F

from gan_edu import data as course_data
from gan_edu.data.image_sets import CLASSES, ImageSet
from gan_edu.device import tensor_of
from gan_edu.settings import near

SHOWN = 800  # pictures whose places are drawn, or fewer where they are large
SHOWN_NUMBERS = SHOWN * 3 * 32 * 32  # in all of them
SIDES = 4, 128  # pixels a side


@dataclass(frozen=True, eq=False)
class Pictures:
    """What a model learns from and what is shown.

    pixels: all of them, (M, C, H, W), as bytes or in [0, 1]; they may lie on the disk. rows: numbers of those that are
    learned from, (N,), with train_labels (N,). shown: (K, C, H, W) in [0, 1], with labels (K,). ink: whether it is ink
    on an empty ground, 0 paper and 1 ink, as MNIST has it; of others 0 is black. unseen: whether those shown are not
    learned from.
    """

    name: str
    pixels: torch.Tensor
    rows: torch.Tensor
    train_labels: torch.Tensor
    shown: torch.Tensor
    labels: torch.Tensor
    classes: tuple[str, ...]
    ink: bool
    unseen: bool = True

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.shown.shape[1:])

    @property
    def known(self) -> str | None:
        """The name of a set that the course knows, with a classifier for it; or None."""
        return self.name if self.name in CLASSES and self.shape == (1, 28, 28) else None

    @property
    def train(self) -> torch.Tensor:
        """All that is learned from, (N, C, H, W) in [0, 1]."""
        return self.learned(slice(None))

    def learned(self, numbers) -> torch.Tensor:
        """Some of them, by their numbers from 0 to N − 1."""
        return _unit(self.pixels[self.rows[numbers]])


def _unit(x: torch.Tensor) -> torch.Tensor:
    return x.float() / 255 if x.dtype == torch.uint8 else x


@cache
def _known_pictures(name: str) -> Pictures:
    learn, unseen = course_data.images(name), course_data.images(name, split="test")
    x, y = learn.tensor(low=0.0), unseen.tensor(low=0.0)[:SHOWN]
    rows = torch.arange(len(x))
    return Pictures(name, x, rows, learn.labels, y, unseen.labels[:SHOWN], tuple(CLASSES[name]), ink=True)


def pictures_of(data) -> Pictures:
    """Pictures from a name, an ImageSet (`data.folder` gives one), an array (N, H, W), (N, C, H, W) with C 1 or 3, or
    (N, H·H), or a pair (array, labels).

    A fifth is kept for showing, if there are 50 or more. Raises ValueError.
    """
    if isinstance(data, Pictures):
        return data
    if isinstance(data, str | os.PathLike):
        if data not in CLASSES:
            folder = f" A folder must be read first: data.folder({str(data)!r})." if os.path.isdir(data) else ""
            raise ValueError(
                f"There are no pictures called {str(data)!r}; there are: {', '.join(CLASSES)}."
                f"{folder or near(data, CLASSES)}"
            )
        return _known_pictures(data)
    name, classes, labels = "your own", (), None
    if isinstance(data, ImageSet):
        name, classes, labels, data = data.name, tuple(data.classes), data.labels, data.pixels
    elif isinstance(data, tuple | list) and len(data) == 2:
        data, labels = data
    x = _checked(data)
    try:
        labels = torch.zeros(len(x)).long() if labels is None else tensor_of(labels).long()
    except (TypeError, ValueError):
        raise ValueError("Labels must be whole numbers, one for each picture.") from None
    if labels.shape != (len(x),) or labels.min() < 0 or labels.max() > 99:
        fits = labels.shape == (len(x),)
        got = f"they go from {labels.min()} to {labels.max()}" if fits else f"they have shape {tuple(labels.shape)}"
        raise ValueError(f"Labels must be whole numbers from 0 to 99, one for each of the {len(x)} pictures; {got}.")
    classes = classes or tuple(str(k) for k in range(int(labels.max()) + 1))
    rest = kept = torch.arange(len(x))
    if len(x) >= 50:
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
        most = min(SHOWN, max(100, SHOWN_NUMBERS // math.prod(x.shape[1:])))
        kept, rest = order.tensor_split([min(most, len(x) // 5)])
    shown = _unit(x[kept])
    unseen = rest is not kept
    return Pictures(name, x, rest, labels[rest], shown, labels[kept], classes, _is_ink(shown), unseen)


def _checked(data) -> torch.Tensor:
    """Pictures (N, C, H, W) as bytes, or in [0, 1]. Raises ValueError for what can't be any."""
    try:
        x = tensor_of(data)
    except (TypeError, ValueError):
        x = None
    if x is None or x.dtype == torch.bool or x.is_complex():
        raise ValueError(
            f"Data must be a name ({', '.join(CLASSES)}), an ImageSet (data.folder gives one), pictures (N, H, W) or "
            f"(N, 3, H, W), or a pair (pictures, labels); got a {type(data).__name__}."
        )
    given = tuple(x.shape)
    if x.ndim == 2 and math.isqrt(x.shape[1]) ** 2 == x.shape[1]:
        x = x.reshape(len(x), math.isqrt(x.shape[1]), -1)
    if x.ndim == 3:
        x = x[:, None]
    low, high = SIDES
    if x.ndim != 4 or x.shape[1] not in (1, 3) or len(x) < 2 or not low <= min(x.shape[2:]) <= max(x.shape[2:]) <= high:
        what = ""
        if len(given) == 4 and given[1] not in (1, 3) and given[3] in (1, 3):
            what = ": colours come first here, x.transpose(0, 3, 1, 2) of an array"
        elif x.ndim == 4 and max(x.shape[2:]) > high:
            what = f": data.folder(…, size={high}) makes them small enough"
        raise ValueError(
            f"Pictures must be grey, (N, H, W), or in colours, (N, 3, H, W), with {low} to {high} pixels a side and "
            f"N ≥ 2; these have shape {given}{what}."
        )
    if x.dtype == torch.uint8:
        return x  # it may lie on the disk, larger than memory
    x = x.float()
    bad = int((~x.isfinite()).flatten(1).any(1).sum())
    if bad:
        raise ValueError(f"{bad} of the {len(x)} pictures hold NaN or infinite pixels.")
    if x.min() < 0 and x.min() >= -1 and x.max() <= 1:
        x = x / 2 + 0.5
    if x.min() < 0 or x.max() > 1:
        raise ValueError(f"Pixels must lie in [0, 1] or [−1, 1]; these go from {x.min():.3g} to {x.max():.3g}.")
    return x


def _is_ink(x: torch.Tensor) -> bool:
    """Whether most pixels at the edges of pictures (N, C, H, W) are empty, as around MNIST's digits."""
    edge = torch.cat([x[..., 0, :], x[..., -1, :], x[..., 0], x[..., -1]], dim=-1)
    return x.shape[1] == 1 and float(edge.median()) < 0.02


def drawing(pixels, like: Pictures) -> torch.Tensor:
    """What was drawn or uploaded, pixels from 0 to 255, as a picture (1, C, H, W) in [0, 1]; brought to the size and
    the place of MNIST's digits where the others are such. Raises ValueError for a wrong number of pixels, or a drawing
    without ink."""
    try:
        x = tensor_of(np.asarray(pixels, dtype=np.float32)).flatten() / 255
    except (TypeError, ValueError):
        x = torch.zeros(0)
    if len(x) != math.prod(like.shape) or not x.isfinite().all():
        count = f"{math.prod(like.shape)} pixels" if like.shape[0] == 1 else f"{math.prod(like.shape)} numbers"
        raise ValueError(f"A drawing has {count}; got {len(x)} numbers.")
    if like.ink and x.max() < 0.2:
        raise ValueError("The drawing is empty: draw something first.")
    x = x.clamp(0, 1).reshape(like.shape)
    return (like_mnist(x) if like.known == "mnist" else x)[None]


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

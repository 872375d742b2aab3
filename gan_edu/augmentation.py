"""Differentiable augmentation, for few data: D sees every picture, real and generated, only after random changes.

Then it can't learn the training pictures by heart. The changes are differentiable, so that G's gradient goes through
them, and G still learns unchanged pictures (Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN
Training"; Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data").

    training.GAN(G, D, augment="color, translation, cutout")      # each change, always: DiffAugment
    training.GAN(G, D, augment="adaptive")                        # as often as D's overfitting asks for: ADA
    training.GAN(G, D, augment=Augment(target=0.6, images=50_000))
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from gan_edu.settings import Any, Checked, Choice, Either, Number, Whole, setting

Tensor = torch.Tensor


# -- the changes: pictures (N, C, H, W) and random numbers (N, k) in [0, 1) → pictures --------------------------------
def _brightness(x: Tensor, u: Tensor) -> Tensor:
    return x + (u[:, :, None, None] - 0.5)


def _saturation(x: Tensor, u: Tensor) -> Tensor:
    grey = x.mean(dim=1, keepdim=True)
    return grey + 2 * u[:, :, None, None] * (x - grey)


def _contrast(x: Tensor, u: Tensor) -> Tensor:
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (0.5 + u[:, :, None, None]) * (x - mean)


def _whole(u: Tensor, count: int) -> Tensor:
    """Whole numbers from 0 to count − 1, all equally likely for u uniform in [0, 1)."""
    return (u * count).long().clamp(max=count - 1)  # a product may be rounded up


def _translation(x: Tensor, u: Tensor) -> Tensor:
    n, _, *sides = x.shape
    places, inside = [], []
    for side, shift in zip(sides, u.unbind(1), strict=True):
        most = side // 8
        place = torch.arange(side, device=x.device) + most - _whole(shift, 2 * most + 1)[:, None]  # (N, side)
        inside.append((place >= 0) & (place < side))
        places.append(place.clamp(0, side - 1))
    picture = torch.arange(n, device=x.device)[:, None, None]
    moved = x[picture, :, places[0][:, :, None], places[1][:, None, :]]  # (N, H, W, C)
    return (moved * (inside[0][:, :, None] & inside[1][:, None, :])[..., None]).permute(0, 3, 1, 2)


def _cutout(x: Tensor, u: Tensor) -> Tensor:
    hit = []
    for side, at in zip(x.shape[2:], u.unbind(1), strict=True):
        size = side // 2
        first = _whole(at, side + 1 - size % 2)[:, None] - size // 2  # the middle is anywhere in the picture
        place = torch.arange(side, device=x.device)
        hit.append((place >= first) & (place < first + size))
    return x * ~(hit[0][:, None, :, None] & hit[1][:, None, None, :])


CHANGES: dict[str, tuple[tuple[Callable[[Tensor, Tensor], Tensor], int], ...]] = {
    "color": ((_brightness, 1), (_saturation, 1), (_contrast, 1)),
    "translation": ((_translation, 2),),
    "cutout": ((_cutout, 2),),
}
FAMILIES = tuple(CHANGES)
"""DiffAugment's three families, for pictures in [−1, 1]. color: brightness plus −0.5 to 0.5, saturation times 0 to 2,
contrast times 0.5 to 1.5. translation: by up to an eighth of each side; zeros come in. cutout: a rectangle of half of
each side becomes zeros, its middle anywhere."""


def numbers(families: Sequence[str] = FAMILIES) -> int:
    """How many random numbers a picture takes: one says whether, and one or two say how."""
    return sum(1 + count for family in families for _, count in CHANGES[family])


def apply(x: Tensor, chance: Tensor, families: Sequence[str] = FAMILIES, p: float | Tensor = 1.0) -> Tensor:
    """Pictures (N, C, H, W), changed: the same for the same `chance`, uniform in [0, 1), (N, numbers(families)).

    p: the probability of each change, for each picture on its own; a number or (N,).
    """
    columns = iter(chance.split([n for family in families for _, count in CHANGES[family] for n in (1, count)], dim=1))
    for family in families:
        for change, _ in CHANGES[family]:
            whether = next(columns)[:, 0] < p
            x = torch.where(whether[:, None, None, None], change(x, next(columns)), x)
    return x


def augment(
    images: Tensor, families: str | Sequence[str] = FAMILIES, p: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    """Images (N, C, H, W) after random changes, differentiably: each of the changes in `families` with probability p.

    generator: where random numbers come from, on the CPU (by default PyTorch's own stream). Raises ValueError and
    TypeError for other shapes, families and probabilities.
    """
    said = Augment(families=families, p=p)
    if not isinstance(images, Tensor) or images.ndim != 4 or not images.is_floating_point():
        got = f"shape {tuple(images.shape)}" if isinstance(images, Tensor) else f"a {type(images).__name__}"
        raise ValueError(f"Only pictures (N, C, H, W) of floats can be augmented; got {got}.")
    chance = torch.rand(len(images), numbers(said.families), generator=generator, dtype=images.dtype)
    return apply(images, chance.to(images.device), said.families, said.first_p)


# -- what a GAN is told ------------------------------------------------------------------------------------------------
def _families(value) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [word.strip() for word in value.split(",")]
    if not isinstance(value, Sequence) or not value:
        raise TypeError(f"families are names such as 'color, translation'; got {value!r}.")
    asked = [Choice(FAMILIES).check(family, "family of changes") for family in value]
    return tuple(family for family in FAMILIES if family in asked)


def _shape(value) -> tuple[int, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 3:
        raise TypeError(f"shape is that of a picture, for example (1, 28, 28); got {value!r}.")
    return tuple(Whole(1).check(side, "A side of shape") for side in value)


@dataclass(frozen=True)
class Augment(Checked):
    """How the pictures that D sees are augmented.

    Without a target each change comes with probability p (None: always). With a target it is adaptive (Karras et al.
    2020): p begins at 0, unless it is said, and every four batches it is raised where r = E[sign D(x)], over real
    pictures as D sees them, lies above the target, and lowered where it lies below. r is 0 while D can't tell, and 1
    when it knows all real pictures, as it will when it has learned them by heart. It takes `images` real pictures for p
    to go from 0 to 1; in the published runs, of 25 million, it takes 500,000, and their target is 0.6. For losses that
    compare pairs, D(x) − D(G(z)) stands for D(x).
    """

    families: tuple[str, ...] = setting(FAMILIES, Any(_families), "what may change")
    p: float | None = setting(None, Either(Number(0, 1)), "probability of each change; of one that adapts, at first")
    target: float | None = setting(None, Either(Number(-1, 1)), "of r, to adapt p; None: p stays")
    images: int = setting(100_000, Whole(1), "real pictures in which p may go from 0 to 1")
    shape: tuple[int, int, int] | None = setting(
        None, Either(Any(_shape)), "of a picture, where samples are rows that begin with its pixels"
    )

    @property
    def first_p(self) -> float:
        """The probability with which training begins."""
        return float(self.target is None) if self.p is None else self.p

    @classmethod
    def given(cls, value) -> "Augment | None":
        """What a setting says: None, names of families, "adaptive", an Augment, or what to_dict() gave of one."""
        if value is None or isinstance(value, cls):
            return value
        if isinstance(value, Mapping):
            return cls.of(**value)
        if isinstance(value, str) and value.strip() == "adaptive":
            return cls(target=0.6)
        if isinstance(value, str):
            return cls(families=value)
        raise TypeError(f"augment is names such as 'color, translation', 'adaptive', or an Augment(…); got {value!r}.")

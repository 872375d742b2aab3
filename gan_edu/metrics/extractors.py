"""Features: what turns images into the numbers in which they are compared."""

import copy
import math
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from gan_edu.data.image_sets import ImageSet
from gan_edu.device import generator, pick
from gan_edu.metrics.tables import Samples, real
from gan_edu.settings import SEED, Whole


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Features:
    """Images (N, *shape) in [-1, 1] → features (N, dim), float32 on the CPU: call it.

    Made by `random_features`, `trained_features` and `inception_features`; `Reference` measures with them.

    Attributes:
        name: for reports.
        shape: of an image, (C, H, W).
        dim: numbers that an image becomes.
        on: the net on a device, frozen; the same one at every call.
        classes: what the net can tell apart, or None. Its `head` turns features into their logits.
        shares: of the classes in the data that the net has learned from.
        batch: images that are computed at a time. Small batches stay in the processor's cache.
    """

    name: str
    shape: tuple[int, int, int]
    dim: int
    on: Callable[[torch.device], nn.Module]
    classes: tuple[str, ...] | None = None
    shares: tuple[float, ...] | None = None
    batch: int = 250

    def __repr__(self) -> str:
        return f"Features({self.name!r}, {'×'.join(map(str, self.shape))} → {self.dim:,})"

    def __call__(self, images: Samples | ImageSet, batch: int | None = None, progress: bool = True) -> Tensor:
        """Features of images: (N, dim) float32, on the CPU.

        images: (N, C, H, W) or (N, C·H·W), in [-1, 1] with -1 black, on any device; or an ImageSet or Folder, which
        is read a batch at a time. A bar shows when it takes longer than a second.

        Raises ValueError for another shape, no images, and pixels that are no such numbers; TypeError for no numbers.
        """
        return compute(self, images, batch, progress)

    @torch.no_grad()
    def probabilities(self, features: Tensor) -> Tensor:
        """Class probabilities (N, K) of features (N, dim). Raises ValueError when the net knows no classes."""
        if self.classes is None:
            raise ValueError(f"{self!r} know no classes; those of metrics.trained_features do.")
        return self.on(torch.device("cpu")).head(features).softmax(dim=1)


@torch.no_grad()  # not inference_mode: the result may be trained on
def compute(to: Features, images: Samples | ImageSet, batch: int | None = None, progress: bool = True) -> Tensor:
    """`to(images)`. It is called by functions that learners call, so that warnings point there."""
    if isinstance(images, ImageSet):
        if images.shape != to.shape:
            raise ValueError(f"{images.name} holds images of shape {images.shape}; expected {to.shape}.")
        device = pick()
    else:
        images = checked(images, to.shape)
        device = images.device
    size, net = Whole(1).check(to.batch if batch is None else batch, "batch"), to.on(device)
    parts = []
    with bar(len(images), "images", progress) as shown:
        for part in _parts(images, size, device):
            parts.append(net(part).cpu())
            shown.update(len(part))
    return torch.cat(parts)


def _parts(images: Tensor | ImageSet, size: int, device: torch.device) -> Iterator[Tensor]:
    if isinstance(images, Tensor):
        yield from images.split(size)
        return
    for first in range(0, len(images), size):
        yield images.tensor(device=device, rows=slice(first, first + size))


def checked(images: Samples, shape: Sequence[int], argument: str = "images", level: int = 4) -> Tensor:
    """Images as a checked float32 tensor (N, *shape) in [-1, 1], on their own device."""
    x, pixels = real(images, argument), math.prod(shape)
    if x.ndim == 2 and x.shape[1] == pixels:
        x = x.reshape(-1, *shape)
    if x.ndim != 4 or x.shape[1:] != tuple(shape):
        wanted = ", ".join(map(str, shape))
        raise ValueError(f"{argument} has shape {tuple(x.shape)}; expected (N, {wanted}) or (N, {pixels}).")
    if len(x) == 0:
        raise ValueError(f"{argument} holds no image.")
    if not x.is_floating_point():
        raise ValueError(f"{argument} holds {x.dtype} numbers; expected floats in [-1, 1]: pixels / 127.5 - 1.")
    x = x.float()
    broken = int((~torch.isfinite(x)).flatten(1).any(dim=1).sum())
    if broken:
        raise ValueError(f"{broken:,} of {len(x):,} {argument} hold NaN or infinite pixels.")
    low, high = x.min().item(), x.max().item()
    if low < -1.001 or high > 1.001:
        outside = int(((x < -1.001) | (x > 1.001)).flatten(1).any(dim=1).sum())
        raise ValueError(
            f"{outside:,} of {len(x):,} {argument} leave [-1, 1]: pixels run from {low:.3g} to {high:.3g}. "
            "Rescale them (from [0, 255]: x / 127.5 - 1; from [0, 1]: 2 x - 1) or clamp them."
        )
    if low >= 0:
        warnings.warn(
            f"no pixel of {argument} is below 0. Black is -1 here: if they are in [0, 1], rescale them by 2 x - 1.",
            stacklevel=level,
        )
    return x


def bar(total: int, unit: str, progress: bool) -> tqdm:
    """A bar that shows after a second and goes at the end."""
    silent = not progress or bool(os.environ.get("TQDM_DISABLE"))  # notebooks' bars don't heed it by themselves
    return tqdm(total=total, unit=f" {unit}", leave=False, delay=1, disable=silent)


def placed(net: nn.Module) -> Callable[[torch.device], nn.Module]:
    """device → the net there, frozen: a copy of its own for each device."""
    net.eval().requires_grad_(False)

    @cache
    def on(device: torch.device) -> nn.Module:
        moved = copy.deepcopy(net).to(device)
        return moved.to(memory_format=torch.channels_last) if device.type == "cpu" else moved  # faster there

    return on


# -- random weights ------------------------------------------------------------------------------------------------
WIDTHS = (16, 32, 64, 128)  # maps of the first stage, the second, and so on; the last is that of all others
NOISE = (32, 256, 2**20)  # pictures of noise that the norms are set by: least, most, and pixels


def random_features(shape: Sequence[int], seed: int = 0, dim: int = 64) -> Features:
    """Features of a fixed net with random weights, which has seen no data: for pictures of any kind.

    Naeem et al. 2020 (arXiv 2002.09797) measure with networks that are left at their random weights, where pictures
    are unlike those of ImageNet; Lee et al. 2022 (arXiv 2208.09218) compare such features with trained ones, and
    advise to use both. Here each stage is a 3 × 3 convolution (He et al. 2015), a norm, ReLU and the average of 2 × 2
    pixels, until 4 pixels a side are left; `dim` random sums of these are the features. The norms are set once, by
    pictures of 1/f noise, so that the features vary about as much as 1.

    What they see: blur, noise, moved pictures, few pictures repeated. What they hardly see: a class that is missing.
    2,000 digits without class 8 are 1.2 to 1.4 times as far from MNIST as 2,000 with it, by the seed; in the features
    of a classifier of digits 11 times. Numbers of different seeds, shapes and dim can't be compared.

    Args:
        shape: of an image, (C, S, S) with C 1 or 3, and S from 8 to 256.
        seed: another seed is another net.
        dim: features, fewer than there are pictures to measure; 16 for a hundred of them.

    Raises ValueError or TypeError for a shape, a seed or a dim that can't be used.
    """
    given = tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, str) else shape
    square = isinstance(given, tuple) and len(given) == 3 and all(type(side) is int for side in given)
    if not square or given[0] not in (1, 3) or given[1] != given[2] or not 8 <= given[1] <= 256:
        raise ValueError(f"shape must be (1, S, S) or (3, S, S) with S from 8 to 256; got {given!r}.")
    seed, dim = SEED.check(seed, "seed"), Whole(1, 4096).check(dim, "dim")
    net = _random_net(given, dim, generator(seed))
    return Features(name=f"random (seed {seed})", shape=given, dim=dim, on=placed(net))


def _random_net(shape: tuple[int, int, int], dim: int, chance: torch.Generator) -> nn.Module:
    channels, side, layers = shape[0], shape[1], []
    while side > 4:
        width = WIDTHS[min(len(layers) // 4, len(WIDTHS) - 1)]
        conv = nn.utils.skip_init(nn.Conv2d, channels, width, 3, padding=1, bias=False)
        conv.weight.data.normal_(0, math.sqrt(2 / (9 * channels)), generator=chance)
        layers += [
            conv,
            nn.BatchNorm2d(width, affine=False, momentum=None),
            nn.ReLU(inplace=True),
            nn.AvgPool2d(2, ceil_mode=True),
        ]
        channels, side = width, (side + 1) // 2
    last = nn.utils.skip_init(nn.Linear, channels * side * side, dim, bias=False)
    last.weight.data.normal_(0, (channels * side * side) ** -0.5, generator=chance)
    net = nn.Sequential(*layers, nn.Flatten(), last, nn.BatchNorm1d(dim, affine=False, momentum=None))
    with torch.no_grad():
        net(_noise(shape, chance))  # in training mode, in which norms take the means and variances of what they see
    return net


def _noise(shape: tuple[int, int, int], chance: torch.Generator) -> Tensor:
    """Pictures of noise whose amplitudes fall with the frequency f as 1/f, as those of photographs do about
    (Field 1987)."""
    least, most, pixels = NOISE
    white = torch.randn(max(least, min(most, pixels // shape[1] ** 2)), *shape, generator=chance)
    f = torch.fft.fftfreq(shape[1])
    amplitude = 1 / torch.hypot(f[:, None], f).clamp(min=1 / shape[1])
    x = torch.fft.ifft2(torch.fft.fft2(white) * amplitude).real
    return (x / (2 * x.std(dim=(1, 2, 3), keepdim=True))).clamp(-1, 1)

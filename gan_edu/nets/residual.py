"""A small residual pair with the block of R3GAN, for pictures of several sizes."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from gan_edu.nets.dcgan import GREY_28
from gan_edu.nets.pyramid import AsMaps, pyramid
from gan_edu.settings import Either, Whole

SLOPE = 0.2  # of leaky ReLU below 0
GROUP = 16  # maps that a 3 × 3 convolution sees together
WIDEST = 8  # times `channels`


class ResidualBlock(nn.Module):
    """x + W₃ φ(b₂ + W₂ φ(b₁ + W₁ x)), maps (N, C, H, W) → the same: a block of R3GAN (Huang et al. 2024, section 3).

    W₁ and W₃ are 1 × 1 and go to 2·C maps and back, W₂ is 3 × 3 in groups of 16 maps (an inverted bottleneck of
    ResNeXt), φ is leaky ReLU. No normalisation: instead W₃ begins at 0, so that the block changes nothing at first, and
    the others begin depth^(−1/4) times as large as usual, with `depth` the number of blocks in the net (Zhang et al.
    2019, Fixup).
    """

    def __init__(self, channels: int, depth: int = 1):
        super().__init__()
        wide = 2 * channels
        if wide % GROUP:
            raise ValueError(f"A residual block needs a multiple of {GROUP // 2} channels; got {channels}.")
        self.layers = nn.Sequential(
            nn.Conv2d(channels, wide, 1),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.Conv2d(wide, wide, 3, padding=1, groups=wide // GROUP),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.Conv2d(wide, channels, 1, bias=False),
        )
        with torch.no_grad():
            for layer in (self.layers[0], self.layers[2]):
                nn.init.kaiming_normal_(layer.weight, a=SLOPE).mul_(depth**-0.25)
                nn.init.zeros_(layer.bias)
            nn.init.zeros_(self.layers[4].weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x)


class Resample(nn.Module):
    """Maps to twice (up) or half the side, (N, C, H, W) → (N, C, 2·H, 2·W) or (N, C, H/2, W/2), by bilinear
    interpolation: each map with the window (1, 3, 3, 1) in both directions, zeros around."""

    def __init__(self, up: bool):
        super().__init__()
        self.up = up
        window = torch.tensor([1.0, 3.0, 3.0, 1.0]) / (4 if up else 8)
        self.register_buffer("window", torch.outer(window, window)[None, None], persistent=False)

    def extra_repr(self) -> str:
        return "up" if self.up else "down"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = x.shape[1]
        resample = F.conv_transpose2d if self.up else F.conv2d
        return resample(x, self.window.expand(maps, 1, 4, 4).to(x.dtype), stride=2, padding=1, groups=maps)


def _plain(layer: nn.Conv2d | nn.Linear) -> nn.Module:
    """Weights that keep variances: N(0, 1/inputs)."""
    nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
    return layer


def _widths(channels: int, doublings: int) -> list[int]:
    """Maps at the full side, at half of it, and so on."""
    channels = Whole(1).check(channels, "channels")
    return [channels * min(2**i, WIDEST) for i in range(doublings + 1)]


def _classes(classes: int | None) -> int | None:
    return Either(Whole(1)).check(classes, "classes")


def _asked(net: nn.Module, y: torch.Tensor | None) -> None:
    """Raise TypeError when a net that knows classes isn't told them, or another one is."""
    if (net.embedding is None) != (y is None):
        what = "knows no classes: make it with classes=…" if net.embedding is None else "is asked with classes y (N,)"
        raise TypeError(f"This {type(net).__name__} {what}.")


class ResidualGenerator(nn.Module):
    """Noise (N, noise_dim) → images (N, *shape) in [−1, 1]; with `classes` it is asked with classes (N,): G(z, y).

    After R3GAN (Huang et al. 2024): z scales learned maps of the smallest side, each stage has `blocks` ResidualBlocks,
    and between stages maps are interpolated to twice the side. It has `channels` maps at the full side, twice as many
    at each half of it, up to eight times; theirs have up to 768, two blocks a stage, and no tanh at the end. A class is
    an embedding beside z, as long as z.

    Raises ValueError for a shape that isn't (1 or 3, S, S) with S among 28, 32, 64, 128, and for channels that aren't a
    multiple of 8.
    """

    def __init__(
        self,
        noise_dim: int = 64,
        channels: int = 32,
        blocks: int = 1,
        classes: int | None = None,
        shape: Sequence[int] = GREY_28,
    ):
        super().__init__()
        self.shape, start, doublings = pyramid(shape)
        self.noise_dim, self.classes = Whole(1).check(noise_dim, "noise_dim"), _classes(classes)
        widths = _widths(channels, doublings)[::-1]
        depth = Whole(1).check(blocks, "blocks") * len(widths)
        self.embedding = nn.Embedding(classes, noise_dim) if classes else None
        self.project = _plain(nn.Linear(noise_dim * (2 if classes else 1), widths[0], bias=False))
        self.basis = nn.Parameter(torch.randn(widths[0], start, start))
        layers: list[nn.Module] = []
        for before, width in zip([widths[0], *widths], widths, strict=False):
            if layers:
                if before != width:
                    layers.append(_plain(nn.Conv2d(before, width, 1, bias=False)))
                layers.append(Resample(up=True))
            layers += [ResidualBlock(width, depth) for _ in range(blocks)]
        self.layers = nn.Sequential(*layers, _plain(nn.Conv2d(widths[-1], self.shape[0], 1, bias=False)), nn.Tanh())

    def forward(self, z: torch.Tensor, y: torch.Tensor | None = None) -> torch.Tensor:
        _asked(self, y)
        if self.embedding is not None:
            z = torch.cat([z, self.embedding(y)], dim=1)
        return self.layers(self.basis * self.project(z)[:, :, None, None])


class ResidualDiscriminator(nn.Module):
    """Images (N, *shape) → logits (N,); with `classes` it is asked with classes (N,): D(x, y).

    ResidualGenerator the other way round, without normalisation, as R1 and R2 want it. With classes the net ends in as
    many numbers φ(x) as it has maps at last, and the logit is φ(x) · v_y, v_y a row of an embedding.

    Raises ValueError as ResidualGenerator does.
    """

    def __init__(self, channels: int = 32, blocks: int = 1, classes: int | None = None, shape: Sequence[int] = GREY_28):
        super().__init__()
        self.shape, start, doublings = pyramid(shape)
        self.classes = _classes(classes)
        widths = _widths(channels, doublings)
        depth = Whole(1).check(blocks, "blocks") * len(widths)
        last = widths[-1]
        layers: list[nn.Module] = [AsMaps(*self.shape), _plain(nn.Conv2d(self.shape[0], widths[0], 1, bias=False))]
        for width, after in zip(widths, [*widths[1:], None], strict=True):
            layers += [ResidualBlock(width, depth) for _ in range(blocks)]
            if after is not None:
                layers.append(Resample(up=False))
                if after != width:
                    layers.append(_plain(nn.Conv2d(width, after, 1, bias=False)))
        layers += [_plain(nn.Conv2d(last, last, start, groups=last, bias=False)), nn.Flatten()]
        self.layers = nn.Sequential(*layers, _plain(nn.Linear(last, last if classes else 1, bias=False)))
        self.embedding = nn.Embedding(classes, last) if classes else None
        if classes:
            nn.init.normal_(self.embedding.weight, std=1 / math.sqrt(last))

    def forward(self, x: torch.Tensor, y: torch.Tensor | None = None) -> torch.Tensor:
        _asked(self, y)
        features = self.layers(x)
        return features.squeeze(1) if self.embedding is None else (features * self.embedding(y)).sum(1)

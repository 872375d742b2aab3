"""Pictures as maps: the shapes there are, the sizes that a net of convolutions goes through, and memory order."""

import operator
from collections.abc import Sequence

import torch
from torch import nn

from gan_edu.settings import Whole

SIDES = {28: (7, 2), 32: (4, 3), 64: (4, 4), 128: (4, 5)}
"""Sides of pictures → the side of the smallest maps, and how often it doubles."""


def pyramid(shape: Sequence[int]) -> tuple[tuple[int, int, int], int, int]:
    """What the shape of a picture means for a net: itself, the side of the smallest maps, and how often it doubles.

    Raises ValueError when there are no nets for pictures of this shape.
    """
    try:
        given = tuple(map(operator.index, shape))
    except TypeError:
        given = None
    if given not in [(colors, side, side) for colors in (1, 3) for side in SIDES]:
        known = ", ".join(map(str, SIDES))
        raise ValueError(f"shape must be (1, S, S) or (3, S, S) with S one of {known}; got {shape!r}.")
    return given, *SIDES[given[1]]


def widths_of(channels: int, doublings: int) -> list[int]:
    """`channels` maps at half the side of a picture, and twice as many at each half of that."""
    channels = Whole(1).check(channels, "channels")
    return [channels * 2**i for i in range(doublings)]


class ToMaps(nn.Module):
    """Rows (N, C·H·W) → maps (N, C, H, W), channels last in memory, which makes convolutions on a CPU faster."""

    def __init__(self, channels: int, height: int, width: int):
        super().__init__()
        self.channels, self.height, self.width = channels, height, width

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(len(x), self.height, self.width, self.channels).permute(0, 3, 1, 2)


class ToRows(nn.Module):
    """The way back: maps (N, C, H, W) → rows (N, C·H·W), without a copy where channels are last in memory."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


class AsMaps(ToMaps):
    """Pictures (N, C, H, W), or x.flatten(1) of them, → maps (N, C, H, W), channels last in memory.

    ToMaps reads rows pixel by pixel, as ToRows writes them; a picture's row goes channel by channel.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # one channel lies in memory alike in both orders; this names the order that the convolutions shall keep
        return super().forward(x.reshape(len(x), self.channels, -1).transpose(1, 2).flatten(1))

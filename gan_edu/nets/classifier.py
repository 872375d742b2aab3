"""The classifier in whose features images are measured."""

from collections.abc import Sequence

import torch
from torch import nn

from gan_edu.nets.dcgan import GREY_28
from gan_edu.nets.pyramid import pyramid


def _half() -> tuple[nn.Module, ...]:
    return nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32), nn.SiLU(), nn.MaxPool2d(2)


class FeatureNet(nn.Module):
    """A small classifier whose features measure images: (N, *shape) in [-1, 1] -> (N, num_features).

    The features end in a batch norm without learned scale: each has variance 1 over the training images, so that a
    generator stuck at one image of average features scores a Fréchet distance of 64, their number. `head` turns
    features into the logits of the classes. Pictures of 64 and 128 pixels a side pass one or two stages more.

    Raises ValueError for a shape that isn't (1 or 3, S, S) with S among 28, 32, 64, 128.
    """

    def __init__(self, dropout: float = 0.3, shape: Sequence[int] = GREY_28, classes: int = 10, num_features: int = 64):
        super().__init__()
        self.shape, _, doublings = pyramid(shape)
        self.num_features = num_features
        self.body = nn.Sequential(
            nn.Conv2d(self.shape[0], 32, 5, stride=2, padding=2),
            nn.BatchNorm2d(32),
            nn.SiLU(),
            *(layer for _ in range(doublings - 3) for layer in _half()),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.BatchNorm2d(64),
            nn.SiLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 96, 3, padding=1),
            nn.BatchNorm2d(96),
            nn.SiLU(),
            nn.AvgPool2d(2, ceil_mode=True),  # 7 x 7 or 8 x 8 -> 4 x 4
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(96 * 16, num_features),
            nn.BatchNorm1d(num_features, affine=False),
        )
        self.head = nn.Sequential(nn.SiLU(), nn.Dropout(dropout), nn.Linear(num_features, classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)

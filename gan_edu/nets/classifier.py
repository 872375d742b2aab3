"""The classifier in whose features images are measured."""

import torch
from torch import nn


class FeatureNet(nn.Module):
    """The small classifier whose 64 features measure images: (N, 1, 28, 28) in [-1, 1] -> (N, 64).

    The features end in a batch norm without learned scale: each has variance 1 over the training images, so that a
    generator stuck at one image of average features scores a Fréchet distance of 64. `head` turns features into the
    logits of 10 classes.
    """

    num_features = 64

    def __init__(self, dropout: float = 0.3):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 32, 5, stride=2, padding=2),
            nn.BatchNorm2d(32),
            nn.SiLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.BatchNorm2d(64),
            nn.SiLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 96, 3, padding=1),
            nn.BatchNorm2d(96),
            nn.SiLU(),
            nn.AvgPool2d(2, ceil_mode=True),  # 7 x 7 -> 4 x 4
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(96 * 16, 64),
            nn.BatchNorm1d(64, affine=False),
        )
        self.head = nn.Sequential(nn.SiLU(), nn.Dropout(dropout), nn.Linear(64, 10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)

"""Two small fully connected networks for rows of a table."""

import torch
from data import blocks
from torch import nn


class Generator(nn.Module):
    """Noise (N, noise) → rows (N, d): numbers as they are, choices as probabilities."""

    def __init__(self, spec, noise, width):
        super().__init__()
        self.blocks = list(blocks(spec))
        layers, last = [], noise
        for _ in range(2):
            layers += [nn.Linear(last, 4 * width), nn.BatchNorm1d(4 * width), nn.ReLU()]
            last = 4 * width
        self.body = nn.Sequential(*layers, nn.Linear(last, sum(length for length, _ in self.blocks)))

    def forward(self, noise):
        parts = self.body(noise).split([length for length, _ in self.blocks], dim=1)
        return torch.cat(
            [part.softmax(1) if choice else part for part, (_, choice) in zip(parts, self.blocks, strict=True)], dim=1
        )


class Discriminator(nn.Sequential):
    """Rows → logits (N, 1): above 0 it says real. (A network that takes single rows can't count shares.)"""

    def __init__(self, spec, width):
        d = sum(length for length, _ in blocks(spec))
        super().__init__(
            nn.Linear(d, 4 * width), nn.LeakyReLU(0.2), nn.Linear(4 * width, 4 * width), nn.LeakyReLU(0.2),
            nn.Linear(4 * width, 1),
        )  # fmt: skip

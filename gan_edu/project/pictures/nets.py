"""A DCGAN pair for pictures of 16, 32, 64 or 128 pixels, grey or colour (after Radford, Metz and Chintala 2015).

The discriminator has no batch norm: the gradient penalty asks for the slope at each single picture.
"""

from torch import nn


class Generator(nn.Sequential):
    """Noise (N, noise) → pictures (N, channels, size, size) in -1 … 1."""

    def __init__(self, spec, noise, width):
        maps, at = width * spec["size"] // 8, 4
        layers = [nn.Linear(noise, maps * 16), nn.Unflatten(1, (maps, 4, 4)), nn.BatchNorm2d(maps), nn.ReLU()]
        while at < spec["size"] // 2:
            layers += [nn.ConvTranspose2d(maps, maps // 2, 4, 2, 1), nn.BatchNorm2d(maps // 2), nn.ReLU()]
            maps, at = maps // 2, at * 2
        super().__init__(*layers, nn.ConvTranspose2d(maps, spec["channels"], 4, 2, 1), nn.Tanh())


class Discriminator(nn.Sequential):
    """Pictures → logits (N, 1): above 0 it says real."""

    def __init__(self, spec, width):
        layers, maps, at = [nn.Conv2d(spec["channels"], width, 4, 2, 1), nn.LeakyReLU(0.2)], width, spec["size"] // 2
        while at > 4:
            layers += [nn.Conv2d(maps, maps * 2, 4, 2, 1), nn.LeakyReLU(0.2)]
            maps, at = maps * 2, at // 2
        super().__init__(*layers, nn.Flatten(), nn.Linear(maps * 16, 1))

"""Convolutional nets after Radford, Metz & Chintala 2016 (DCGAN), for pictures of several sizes."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import nn

from gan_edu.nets.pyramid import AsMaps, ToMaps, ToRows, pyramid, widths_of
from gan_edu.settings import Whole

GREY_28 = (1, 28, 28)


def upward(
    widths: Sequence[int], start: int, colors: int, norm: Callable[[int], nn.Module], bias: bool
) -> list[nn.Module]:
    """Rows (N, widths[0] · start²) → maps (N, colors, S, S): transposed convolutions, each to twice the side."""
    layers = [ToMaps(widths[0], start, start), norm(widths[0]), nn.ReLU(inplace=True)]
    for wide, narrow in pairwise(widths):
        layers.append(nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=bias))
        layers += [norm(narrow), nn.ReLU(inplace=True)]
    return [*layers, nn.ConvTranspose2d(widths[-1], colors, 4, stride=2, padding=1)]


def downward(
    colors: int, widths: Sequence[int], norm: Callable[[nn.Module], nn.Module] = lambda layer: layer
) -> list[nn.Module]:
    """Maps (N, colors, S, S) → rows (N, widths[-1] · start²): strided convolutions, each to half the side."""
    layers: list[nn.Module] = []
    for narrow, wide in pairwise([colors, *widths]):
        layers += [norm(nn.Conv2d(narrow, wide, 4, stride=2, padding=1)), nn.LeakyReLU(0.2, inplace=True)]
    return [*layers, ToRows()]


class DCGANGenerator(nn.Module):
    """Noise (N, noise_dim) → images (N, *shape) in [−1, 1], by transposed convolutions: 7 → 14 → 28, 4 → 8 → … → S.

    After Radford, Metz & Chintala 2016, who have channels=64 at 64×64: `channels` maps at half the image's side, twice
    as many at each half of that. Their batch norm is on by default. Gradient penalties only forbid it in the
    discriminator, so it may stay here.

    Raises ValueError for a shape that isn't (1 or 3, S, S) with S among 28, 32, 64, 128.
    """

    def __init__(
        self, noise_dim: int = 64, channels: int = 32, batch_norm: bool = True, shape: Sequence[int] = GREY_28
    ):
        super().__init__()
        self.noise_dim = Whole(1).check(noise_dim, "noise_dim")
        self.shape, start, doublings = pyramid(shape)
        widths = widths_of(channels, doublings)[::-1]
        norm = nn.BatchNorm2d if batch_norm else lambda maps: nn.Identity()
        bias = not batch_norm  # batch norm subtracts the mean, and a bias with it
        self.project = nn.Linear(noise_dim, widths[0] * start**2, bias=bias)
        self.layers = nn.Sequential(*upward(widths, start, self.shape[0], norm, bias), nn.Tanh())

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.layers(self.project(z))


class SubpixelGenerator(nn.Module):
    """Noise (N, noise_dim) → images (N, *shape) in [−1, 1], by sub-pixel convolutions: 7 → 14 → 28, 4 → 8 → … → S.

    Each layer computes four maps for one and interleaves them to twice the size (Shi et al. 2016), so that every pixel
    sees equally many inputs. It is a transposed convolution with a window of 6 and needs the same arithmetic: about
    twice that of DCGANGenerator, whose window is 4, at the same widths.

    Raises ValueError as DCGANGenerator does.
    """

    def __init__(self, noise_dim: int = 64, channels: int = 32, shape: Sequence[int] = GREY_28):
        super().__init__()
        self.noise_dim = Whole(1).check(noise_dim, "noise_dim")
        self.shape, start, doublings = pyramid(shape)
        widths = widths_of(channels, doublings)[::-1]
        self.project = nn.Linear(noise_dim, widths[0] * start**2, bias=False)
        layers = [ToMaps(widths[0], start, start), nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True)]
        for wide, narrow in pairwise(widths):
            layers += [nn.Conv2d(wide, 4 * narrow, 3, padding=1, bias=False), nn.PixelShuffle(2)]
            layers += [nn.BatchNorm2d(narrow), nn.ReLU(inplace=True)]
        layers += [nn.Conv2d(widths[-1], 4 * self.shape[0], 3, padding=1), nn.PixelShuffle(2), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.layers(self.project(z))


class DCGANDiscriminator(nn.Module):
    """Images (N, *shape) → logits (N,), by strided convolutions, 28 → 14 → 7 or S → … → 8 → 4, and a linear layer.

    Widths as in DCGANGenerator. `hidden` puts one more layer of so many units before the logit. No batch norm: it
    would couple the samples of a batch, which gradient penalties forbid.

    With `classes` it takes pairs, rows of pixels and a one-hot class (N, pixels + classes), and judges by projection:
    logit = wᵀφ(x) + b + yᵀVφ(x), with φ(x) what comes before the logit (Miyato & Koyama 2018, eq. 3). The class is cut
    off from the gradient, so that gradient penalties are about pixels alone.

    Raises ValueError as DCGANGenerator does.
    """

    def __init__(
        self,
        channels: int = 32,
        hidden: int | None = None,
        spectral_norm: bool = False,
        classes: int | None = None,
        shape: Sequence[int] = GREY_28,
    ):
        super().__init__()
        self.shape, start, doublings = pyramid(shape)
        widths = widths_of(channels, doublings)
        norm = nn.utils.parametrizations.spectral_norm if spectral_norm else lambda layer: layer
        size = widths[-1] * start**2
        head = [norm(nn.Linear(size, hidden)), nn.LeakyReLU(0.2, inplace=True)] if hidden else []
        self.as_maps = AsMaps(*self.shape)
        self.layers = nn.Sequential(*downward(self.shape[0], widths, norm), *head, norm(nn.Linear(hidden or size, 1)))
        self.projection = norm(nn.Linear(classes, hidden or size, bias=False)) if classes else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.projection is None:
            return self.layers(self.as_maps(x)).squeeze(1)
        classes = self.projection.in_features
        features = self.layers[:-1](self.as_maps(x[:, :-classes]))
        return self.layers[-1](features).squeeze(1) + (features * self.projection(x[:, -classes:].detach())).sum(1)


def initialize_normal(module: nn.Module, std: float = 0.02) -> nn.Module:
    """Draw every weight of linear and convolution layers from N(0, std²), biases 0 (Radford et al. 2016, section 3)."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, std=std)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return module

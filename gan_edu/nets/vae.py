"""Variational autoencoders, and an autoencoder beside them: MLPs, and one of convolutions."""

import math
from collections.abc import Sequence

import torch
from torch import nn

from gan_edu.nets.dcgan import GREY_28, downward, upward
from gan_edu.nets.perceptron import mlp
from gan_edu.nets.pyramid import AsMaps, pyramid, widths_of
from gan_edu.settings import Whole


class VAE(nn.Module):
    """An encoder (N, *shape) → mean and log variance (N, latent_dim) each, and a decoder back to (N, *shape).

    Both are MLPs on flattened data; the decoder returns logits for pixels in [0, 1]. Kingma & Welling 2014.
    """

    def __init__(self, shape: Sequence[int] = (1, 28, 28), latent_dim: int = 2, hidden: Sequence[int] = (512,)):
        super().__init__()
        self.shape, self.latent_dim = tuple(shape), latent_dim
        size = math.prod(self.shape)
        self.encoder = mlp([size, *hidden, 2 * latent_dim], activation="relu")
        self.decoder = mlp([latent_dim, *reversed(hidden), size], activation="relu")

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, *shape) → mean (N, Z) and log variance (N, Z) of q(z|x)."""
        return self.encoder(x.flatten(1)).chunk(2, dim=1)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """(N, Z) → logits (N, *shape)."""
        return self.decoder(z).unflatten(1, self.shape)

    def forward(self, x: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Reparameterise with noise (N, Z) ~ N(0, I): z = μ + σ · noise; returns decoder logits, μ, log σ²."""
        mean, log_variance = self.encode(x)
        return self.decode(mean + (0.5 * log_variance).exp() * noise), mean, log_variance


class Autoencoder(nn.Module):
    """An encoder (N, *shape) → (N, latent_dim) and a decoder back to logits: a VAE without chance."""

    def __init__(self, shape: Sequence[int] = (1, 28, 28), latent_dim: int = 2, hidden: Sequence[int] = (128, 64)):
        super().__init__()
        self.shape, self.latent_dim = tuple(shape), latent_dim
        size = math.prod(self.shape)
        self.encoder = mlp([size, *hidden, latent_dim], activation="relu")
        self.decoder = mlp([latent_dim, *reversed(hidden), size], activation="relu")

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return self.encoder(x.flatten(1))

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return self.decoder(z).unflatten(1, self.shape)


class ConditionalVAE(nn.Module):
    """A VAE whose encoder and decoder are told the class, as one-hot rows (N, classes). Sohn, Lee & Yan 2015."""

    def __init__(self, shape=(1, 28, 28), latent_dim: int = 2, hidden: Sequence[int] = (128, 64), classes: int = 10):
        super().__init__()
        self.shape, self.latent_dim, self.classes = tuple(shape), latent_dim, classes
        size = math.prod(self.shape)
        self.encoder = mlp([size + classes, *hidden, 2 * latent_dim], activation="relu")
        self.decoder = mlp([latent_dim + classes, *reversed(hidden), size], activation="relu")

    def encode(self, x: torch.Tensor, classes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.encoder(torch.cat([x.flatten(1), classes], dim=1)).chunk(2, dim=1)

    def decode(self, z: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        return self.decoder(torch.cat([z, classes], dim=1)).unflatten(1, self.shape)


class ConvEncoder(nn.Module):
    """Images (N, *shape) → `outputs` numbers each, (N, outputs), by strided convolutions as in DCGANDiscriminator.

    Raises ValueError for a shape that isn't (1 or 3, S, S) with S among 28, 32, 64, 128.
    """

    def __init__(self, outputs: int, channels: int = 32, shape: Sequence[int] = GREY_28):
        super().__init__()
        self.shape, start, doublings = pyramid(shape)
        widths = widths_of(channels, doublings)
        linear = nn.Linear(widths[-1] * start**2, Whole(1).check(outputs, "outputs"))
        self.layers = nn.Sequential(AsMaps(*self.shape), *downward(self.shape[0], widths), linear)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


class ConvVAE(nn.Module):
    """VAE for images (N, *shape) with convolutions in encoder and decoder, of the widths of the DCGAN pair.

    Used as VAE is; the decoder returns logits for pixels in [0, 1]. Raises ValueError as ConvEncoder does.
    """

    def __init__(self, shape: Sequence[int] = GREY_28, latent_dim: int = 16, channels: int = 32):
        super().__init__()
        self.latent_dim = Whole(1).check(latent_dim, "latent_dim")
        self.shape, start, doublings = pyramid(shape)
        widths = widths_of(channels, doublings)[::-1]
        self.encoder = ConvEncoder(2 * latent_dim, channels, shape)
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, widths[0] * start**2),
            *upward(widths, start, self.shape[0], norm=lambda maps: nn.Identity(), bias=True),
        )

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, *shape) → mean (N, Z) and log variance (N, Z) of q(z|x)."""
        return self.encoder(x).chunk(2, dim=1)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """(N, Z) → logits (N, *shape)."""
        return self.decoder(z)

    forward = VAE.forward

"""The networks of the course, as plain `nn.Module`s. Generators carry `noise_dim`; discriminators return logits."""

from collections.abc import Sequence

import torch
from torch import nn

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
}


def _activation(name: str) -> nn.Module:
    if name not in ACTIVATIONS:
        raise ValueError(f"There is no activation {name!r}; there are: {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[name]()


class MinibatchStd(nn.Module):
    """Appends one number to every sample, (..., N, d) → (..., N, d + 1): how much the minibatch varies.

    It is the standard deviation over the N samples, averaged over features, so that a discriminator sees when all
    generated samples are alike (Karras et al. 2018, section 3). Real and generated samples must come apart.
    """

    couples_samples = True

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # the tiny number keeps the slope of the root finite when all samples are equal
        deviation = (x.var(dim=-2, keepdim=True, unbiased=False) + 1e-8).sqrt().mean(dim=-1, keepdim=True)
        return torch.cat([x, deviation.expand(*x.shape[:-1], 1)], dim=-1)


class Maxout(nn.Module):
    """The largest of each `pieces` neighbouring numbers, (..., d · pieces) → (..., d) (Goodfellow et al. 2013).

    After a linear layer it makes units that are convex and piecewise linear in what comes in.
    """

    def __init__(self, pieces: int):
        super().__init__()
        self.pieces = pieces

    def extra_repr(self) -> str:
        return str(self.pieces)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (-1, self.pieces)).max(-1).values


def mlp(
    sizes: Sequence[int],
    activation: str = "leaky_relu",
    output: str | None = None,
    batch_norm: bool = False,
    dropout: float = 0.0,
    spectral_norm: bool = False,
    minibatch_std: bool = False,
) -> nn.Sequential:
    """A multilayer perceptron, (N, sizes[0]) → (N, sizes[-1]).

    `activation` stands after each hidden layer and `output` after the last ('tanh' for images in [−1, 1], None for
    logits). `batch_norm` and `dropout` act on hidden layers; `spectral_norm` on every linear layer
    (Miyato et al. 2018). `minibatch_std` puts a MinibatchStd before the last layer.
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"An MLP needs at least an input and an output size, all positive; got {list(sizes)}.")
    layers: list[nn.Module] = []
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:], strict=False)):
        if minibatch_std and i == len(sizes) - 2:
            layers.append(MinibatchStd())
            inputs += 1
        linear = nn.Linear(inputs, outputs)
        layers.append(nn.utils.parametrizations.spectral_norm(linear) if spectral_norm else linear)
        if i < len(sizes) - 2:
            if batch_norm:
                layers.append(nn.BatchNorm1d(outputs))
            layers.append(_activation(activation))
            if dropout:
                layers.append(nn.Dropout(dropout))
    if output is not None:
        layers.append(_activation(output))
    net = nn.Sequential(*layers)
    net.noise_dim = sizes[0]  # read when the net is used as a generator
    return net


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


class DCGANGenerator(nn.Module):
    """Noise (N, noise_dim) → images (N, 1, 28, 28) in [−1, 1], by two transposed convolutions 7 → 14 → 28.

    After Radford, Metz & Chintala 2016, cut down to 28×28: `channels` maps at 14×14, twice as many at 7×7.
    Their batch norm is on by default; with R1, R2 or relativistic losses leave it out (`batch_norm=False`)
    only if you also leave it out of the discriminator, which has none here.
    """

    def __init__(self, noise_dim: int = 64, channels: int = 32, batch_norm: bool = True):
        super().__init__()
        self.noise_dim = noise_dim
        norm = nn.BatchNorm2d if batch_norm else lambda maps: nn.Identity()
        bias = not batch_norm  # batch norm subtracts the mean, and a bias with it
        self.project = nn.Linear(noise_dim, 2 * channels * 7 * 7, bias=bias)
        self.layers = nn.Sequential(
            ToMaps(2 * channels, 7, 7),
            norm(2 * channels),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(2 * channels, channels, 4, stride=2, padding=1, bias=bias),
            norm(channels),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(channels, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.layers(self.project(z))


class SubpixelGenerator(nn.Module):
    """Noise (N, noise_dim) → images (N, 1, 28, 28) in [−1, 1], by sub-pixel convolutions 7 → 14 → 28.

    Each layer computes four maps for one and interleaves them to twice the size (Shi et al. 2016), so that every pixel
    sees equally many inputs and the costly maps stay small: cheaper than DCGANGenerator at the same widths.
    """

    def __init__(self, noise_dim: int = 64, channels: int = 32):
        super().__init__()
        self.noise_dim = noise_dim
        self.project = nn.Linear(noise_dim, 2 * channels * 7 * 7, bias=False)
        self.layers = nn.Sequential(
            ToMaps(2 * channels, 7, 7),
            nn.BatchNorm2d(2 * channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(2 * channels, 4 * channels, 3, padding=1, bias=False),
            nn.PixelShuffle(2),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, 4, 3, padding=1),
            nn.PixelShuffle(2),
            nn.Tanh(),
        )

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.layers(self.project(z))


class DCGANDiscriminator(nn.Module):
    """Images (N, 1, 28, 28) → logits (N,), by two strided convolutions 28 → 14 → 7 and a linear layer.

    `hidden` puts one more layer of so many units before the logit. No normalisation: it would couple the samples of a
    batch, which gradient penalties forbid.

    With `classes` it takes pairs, rows of 784 pixels and a one-hot class (N, 784 + classes), and judges by projection:
    logit = wᵀφ(x) + b + yᵀVφ(x), with φ(x) what comes before the logit (Miyato & Koyama 2018, eq. 3). The class is cut
    off from the gradient, so that gradient penalties are about pixels alone.
    """

    def __init__(
        self, channels: int = 32, hidden: int | None = None, spectral_norm: bool = False, classes: int | None = None
    ):
        super().__init__()
        norm = nn.utils.parametrizations.spectral_norm if spectral_norm else lambda layer: layer
        size = 2 * channels * 7 * 7
        head = [norm(nn.Linear(size, hidden)), nn.LeakyReLU(0.2, inplace=True)] if hidden else []
        self.as_maps = ToMaps(1, 28, 28)
        self.layers = nn.Sequential(
            norm(nn.Conv2d(1, channels, 4, stride=2, padding=1)),
            nn.LeakyReLU(0.2, inplace=True),
            norm(nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1)),
            nn.LeakyReLU(0.2, inplace=True),
            ToRows(),
            *head,
            norm(nn.Linear(hidden or size, 1)),
        )
        self.projection = norm(nn.Linear(classes, hidden or size, bias=False)) if classes else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.projection is None:
            # one channel lies in memory alike in both orders; this names the order that the convolutions shall keep
            return self.layers(self.as_maps(x.flatten(1))).squeeze(1)
        features = self.layers[:-1](self.as_maps(x[:, :784]))
        return self.layers[-1](features).squeeze(1) + (features * self.projection(x[:, 784:].detach())).sum(1)


class ConditionalGenerator(nn.Module):
    """Noise (N, noise_dim) → pairs (N, pixels + classes): images as rows, each with its one-hot class beside it.

    A conditional GAN is a GAN on pairs (Mirza & Osindero 2014), so that losses and training stay as they are. `net` is
    any generator that takes noise with a one-hot class beside it, net.noise_dim numbers together. The last `classes`
    numbers of this generator's noise choose the class, with probabilities `prior` (uniform by default), and the class
    goes through to the output unchanged.

    Raises ValueError for a prior that isn't `classes` non-negative numbers with a positive sum.
    """

    def __init__(self, net: nn.Module, classes: int = 10, prior: Sequence[float] | None = None):
        super().__init__()
        self.net, self.classes, self.noise_dim = net, classes, net.noise_dim
        weights = torch.ones(classes) if prior is None else torch.as_tensor(prior, dtype=torch.float32)
        if weights.shape != (classes,) or not (weights >= 0).all() or not 0 < weights.sum() < float("inf"):
            raise ValueError(f"A prior needs {classes} non-negative numbers, one for each class; got {prior!r}.")
        # a class that never comes by chance can still be asked for, hence the tiny number
        self.register_buffer("log_prior", (weights / weights.sum()).clamp_min(1e-20).log())

    def labels(self, noise: torch.Tensor) -> torch.Tensor:
        """The classes that noise (N, noise_dim) chooses: int64 (N,)."""
        # a normal number, through its own distribution function, is uniform; −log(−log u) is a Gumbel number; and the
        # largest of log p + Gumbel is class k with probability p_k
        uniform = 0.5 * (1 + torch.erf(noise[:, -self.classes :] / 2**0.5))
        gumbel = -(-uniform.log()).log()
        return (self.log_prior.to(noise.dtype) + gumbel).argmax(dim=1)

    def noise_for(self, labels: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        """Noise (N, noise_dim) that chooses `labels` (N,): fresh, or `noise` (N, noise_dim) with its choice changed."""
        if noise is None:
            noise = torch.randn(len(labels), self.noise_dim, device=self.log_prior.device)
        chosen = nn.functional.one_hot(labels.to(noise.device), self.classes).to(noise.dtype)
        return torch.cat([noise[:, : -self.classes], 12 * chosen - 6], dim=1)

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        chosen = nn.functional.one_hot(self.labels(noise), self.classes).to(noise.dtype)
        images = self.net(torch.cat([noise[:, : -self.classes], chosen], dim=1))
        return torch.cat([images.flatten(1), chosen], dim=1)


def initialize_normal(module: nn.Module, std: float = 0.02) -> nn.Module:
    """Draw every weight of linear and convolution layers from N(0, std²), biases 0 (Radford et al. 2016, section 3)."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, std=std)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return module


class VAE(nn.Module):
    """An encoder (N, *shape) → mean and log variance (N, latent_dim) each, and a decoder back to (N, *shape).

    Both are MLPs on flattened data; the decoder returns logits for pixels in [0, 1]. Kingma & Welling 2014.
    """

    def __init__(self, shape: Sequence[int] = (1, 28, 28), latent_dim: int = 2, hidden: Sequence[int] = (512,)):
        super().__init__()
        self.shape, self.latent_dim = tuple(shape), latent_dim
        size = int(torch.tensor(self.shape).prod())
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

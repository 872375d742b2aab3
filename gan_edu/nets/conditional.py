"""Nets that are told a class.

As the field writes them: G(z, y) and D(x, y), with y int64 (N,). `training.GAN` knows nothing of classes: it plays with
rows, each a picture with its one-hot class behind (`pairs`), and two shells stand between:

    G, D = nets.ConditionalDCGANGenerator(classes=10), nets.ProjectionDiscriminator(classes=10)
    gan = training.GAN(nets.ConditionalGenerator(G), nets.ConditionalDiscriminator(D))
    training.run(gan, nets.pairs(images, labels), steps=1000)
    G(z, y)                                                    # pictures of the classes y
"""

import contextlib
import math
from collections.abc import Sequence

import torch
from torch import nn

from gan_edu.device import tensor_of
from gan_edu.nets.dcgan import GREY_28, downward, upward
from gan_edu.nets.pyramid import AsMaps, pyramid, widths_of
from gan_edu.settings import Whole

SPREAD = 0.2  # standard deviation of a conditional norm's first scales and shifts


def pairs(images: torch.Tensor, labels: torch.Tensor, classes: int | None = None) -> torch.Tensor:
    """Images (N, *shape) with their labels (N,) as rows (N, pixels + classes): what a conditional GAN is trained on.

    classes: how many there are; by default as many as the largest label needs. Raises ValueError unless there is one
    label for each image, a whole number from 0 to classes − 1.
    """
    images = images if isinstance(images, torch.Tensor) else tensor_of(images)
    with contextlib.suppress(TypeError, ValueError):  # of what are no numbers
        labels = (labels if isinstance(labels, torch.Tensor) else tensor_of(labels)).to(images.device)
    if not isinstance(labels, torch.Tensor):
        raise ValueError(f"Labels must be whole numbers from 0, one for each of the {len(images)} images; got others.")
    whole = not labels.is_floating_point() and not labels.is_complex() and labels.dtype != torch.bool
    if labels.shape != images.shape[:1] or not len(labels) or not whole or labels.min() < 0:
        raise ValueError(
            f"Labels must be whole numbers from 0, one for each of the {len(images)} images; got shape "
            f"{tuple(labels.shape)} of {str(labels.dtype).removeprefix('torch.')}."
        )
    most = int(labels.max()) + 1
    if classes is not None and classes < most:
        raise ValueError(f"There are {classes} classes, 0 to {classes - 1}, and a label is {most - 1}.")
    told = nn.functional.one_hot(labels.long(), classes or most)
    return torch.cat([images.flatten(1), told.to(images.dtype)], dim=1)


class ConditionalBatchNorm(nn.Module):
    """Batch norm whose scale and shift belong to a class: maps (N, C, H, W) and classes (N,) → (N, C, H, W).

    One embedding holds both: a row for each class, C scales and then C shifts. Dumoulin et al. 2017 (of styles);
    Miyato & Koyama 2018 and Brock et al. 2019 (BigGAN) in the generator. Scales begin around 1 and shifts around 0,
    and not at them, as they often do: where all classes begin alike, they stay so for hundreds of steps.
    """

    def __init__(self, maps: int, classes: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(maps, affine=False)
        self.embedding = nn.Embedding(classes, 2 * maps)
        nn.init.normal_(self.embedding.weight, std=SPREAD)
        with torch.no_grad():
            self.embedding.weight[:, :maps] += 1

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        scale, shift = self.embedding(y)[:, :, None, None].chunk(2, dim=1)
        return scale * self.norm(x) + shift


class ConditionalDCGANGenerator(nn.Module):
    """Noise (N, noise_dim) and classes (N,) → images (N, *shape) in [−1, 1]: DCGANGenerator, told by its batch norms.

    Raises ValueError as DCGANGenerator does.
    """

    def __init__(self, noise_dim: int = 64, classes: int = 10, channels: int = 32, shape: Sequence[int] = GREY_28):
        super().__init__()
        self.noise_dim, self.classes = Whole(1).check(noise_dim, "noise_dim"), Whole(1).check(classes, "classes")
        self.shape, start, doublings = pyramid(shape)
        widths = widths_of(channels, doublings)[::-1]
        self.project = nn.Linear(noise_dim, widths[0] * start**2, bias=False)
        layers = upward(widths, start, self.shape[0], lambda maps: ConditionalBatchNorm(maps, classes), bias=False)
        self.layers = nn.ModuleList([*layers, nn.Tanh()])

    def forward(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        x = self.project(z)
        for layer in self.layers:
            x = layer(x, y) if isinstance(layer, ConditionalBatchNorm) else layer(x)
        return x


class ProjectionDiscriminator(nn.Module):
    """Images (N, *shape) and classes (N,) → logits (N,): DCGANDiscriminator with logit = wᵀφ(x) + b + v_yᵀφ(x).

    v_y is a row of an embedding, one for each class (Miyato & Koyama 2018, eq. 3). Raises ValueError as
    DCGANGenerator does.
    """

    def __init__(
        self, classes: int = 10, channels: int = 32, spectral_norm: bool = False, shape: Sequence[int] = GREY_28
    ):
        super().__init__()
        self.classes = Whole(1).check(classes, "classes")
        self.shape, start, doublings = pyramid(shape)
        widths = widths_of(channels, doublings)
        norm = nn.utils.parametrizations.spectral_norm if spectral_norm else lambda layer: layer
        size = widths[-1] * start**2
        self.features = nn.Sequential(AsMaps(*self.shape), *downward(self.shape[0], widths, norm))
        self.head = norm(nn.Linear(size, 1))
        embedding = nn.Embedding(classes, size)
        nn.init.normal_(embedding.weight, std=1 / math.sqrt(size))  # v_y has the length 1, whatever the size
        self.embedding = norm(embedding)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        features = self.features(x)
        return self.head(features).squeeze(1) + (features * self.embedding(y)).sum(1)


class ConditionalDiscriminator(nn.Module):
    """Pairs (N, pixels + classes), as ConditionalGenerator makes them, → logits (N,), by a net D(x, y).

    net: has `classes`, how many, and `shape`, of a picture. Between two pairs (a gradient penalty may look there) the
    class is that of the nearer one. The class has no gradient, so that gradient penalties are about pixels alone.

    Raises TypeError for a net without these.
    """

    def __init__(self, net: nn.Module):
        super().__init__()
        if getattr(net, "classes", None) is None or getattr(net, "shape", None) is None:
            raise TypeError(
                f"D(x, y) needs `classes` and `shape`, like nets.ProjectionDiscriminator; this {type(net).__name__} "
                "lacks one of them."
            )
        self.net, self.classes = net, net.classes

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        x, told = rows[:, : -self.classes], rows[:, -self.classes :]
        return self.net(x.unflatten(1, self.net.shape), told.argmax(1))


class ConditionalGenerator(nn.Module):
    """Noise (N, noise_dim) → pairs (N, pixels + classes): images as rows, each with its one-hot class beside it.

    A conditional GAN is a GAN on pairs (Mirza & Osindero 2014), so that losses and training stay as they are. `net` is
    a generator G(z, y) that says in `classes` how many it knows; or any other one that takes noise with a one-hot
    class beside it, net.noise_dim numbers together, and then `classes` says how many (10 by default). The last
    `classes` numbers of this generator's noise choose the class, with probabilities `prior` (uniform by default), and
    the class goes through to the output unchanged.

    Raises ValueError for a prior that isn't `classes` non-negative numbers with a positive sum, and when `classes`
    isn't what G(z, y) knows.
    """

    def __init__(self, net: nn.Module, classes: int | None = None, prior: Sequence[float] | None = None):
        super().__init__()
        known = getattr(net, "classes", None)
        if None not in (known, classes) and known != classes:
            raise ValueError(f"This {type(net).__name__} knows {known} classes, not {classes}.")
        classes = known or classes or 10
        self.net, self.classes, self.told = net, classes, known is not None
        self.noise_dim = net.noise_dim + (classes if self.told else 0)
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
        labels = self.labels(noise)
        chosen = nn.functional.one_hot(labels, self.classes).to(noise.dtype)
        z = noise[:, : -self.classes]
        images = self.net(z, labels) if self.told else self.net(torch.cat([z, chosen], dim=1))
        return torch.cat([images.flatten(1), chosen], dim=1)

"""Multilayer perceptrons, and what stands in them."""

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

"""Many small GANs trained as one batched model: eight seeds side by side in a third to two thirds of the time.

A stacked net holds S nets of one architecture; its weights and its data carry a leading S: (S, N, d) → (S, N, d').
The losses of the S games are summed, and as no weight is shared, the gradient of each is its own. Adam works element by
element, so that training them together equals training them one by one.
"""

import contextlib
import copy
from collections.abc import Callable, Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from gan_edu.nets import Maxout, MinibatchStd
from gan_edu.settings import Whole
from gan_edu.training import GAN, noise_dim_of

SHARED = (  # layers without weights, which serve all seeds at once
    nn.ReLU,
    nn.LeakyReLU,
    nn.Tanh,
    nn.Sigmoid,
    nn.SiLU,
    nn.GELU,
    nn.Softplus,
    nn.ELU,
    nn.Identity,
    nn.Dropout,
    MinibatchStd,
    Maxout,
)


class StackedLinear(nn.Module):
    """S linear layers at once, by one batched matrix product; spectral norm included if the layers have it."""

    def __init__(self, layers: Sequence[nn.Linear]):
        super().__init__()
        self.has_bias = layers[0].bias is not None
        self.normalised = nn.utils.parametrize.is_parametrized(layers[0], "weight")
        originals = [layer.parametrizations.weight.original if self.normalised else layer.weight for layer in layers]
        self.weight = nn.Parameter(torch.stack([weight.detach() for weight in originals]))  # (S, out, in)
        if self.has_bias:
            self.bias = nn.Parameter(torch.stack([layer.bias.detach() for layer in layers]))  # (S, out)
        if self.normalised:
            norms = [layer.parametrizations.weight[0] for layer in layers]
            self.iterations, self.eps = norms[0].n_power_iterations, norms[0].eps
            self.register_buffer("u", torch.stack([norm._u for norm in norms]))  # (S, out)
            self.register_buffer("v", torch.stack([norm._v for norm in norms]))  # (S, in)

    def effective_weight(self) -> torch.Tensor:
        """The weight (S, out, in), divided by its largest singular value under spectral norm (Miyato et al. 2018)."""
        if not self.normalised:
            return self.weight
        if self.training:
            with torch.no_grad():
                for _ in range(self.iterations):
                    self.u = F.normalize(torch.einsum("soi,si->so", self.weight, self.v), dim=1, eps=self.eps)
                    self.v = F.normalize(torch.einsum("soi,so->si", self.weight, self.u), dim=1, eps=self.eps)
        sigma = torch.einsum("so,soi,si->s", self.u, self.weight, self.v)
        return self.weight / sigma[:, None, None]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.effective_weight().transpose(1, 2)
        return torch.baddbmm(self.bias.unsqueeze(1), x, weight) if self.has_bias else torch.bmm(x, weight)

    def copy_to(self, layer: nn.Linear, seed: int) -> None:
        target = layer.parametrizations.weight.original if self.normalised else layer.weight
        target.copy_(self.weight[seed])
        if self.has_bias:
            layer.bias.copy_(self.bias[seed])
        if self.normalised:
            layer.parametrizations.weight[0]._u.copy_(self.u[seed])
            layer.parametrizations.weight[0]._v.copy_(self.v[seed])


class StackedBatchNorm(nn.Module):
    """S batch norms over (S, N, d): each seed is normalised over its own N samples."""

    def __init__(self, layers: Sequence[nn.BatchNorm1d]):
        super().__init__()
        first = layers[0]
        if not (first.affine and first.track_running_stats and first.momentum is not None):
            raise ValueError("Only batch norms with affine=True, running statistics and a momentum can be stacked.")
        self.eps, self.momentum = first.eps, first.momentum
        self.weight = nn.Parameter(torch.stack([layer.weight.detach() for layer in layers]))
        self.bias = nn.Parameter(torch.stack([layer.bias.detach() for layer in layers]))
        self.register_buffer("running_mean", torch.stack([layer.running_mean for layer in layers]))
        self.register_buffer("running_var", torch.stack([layer.running_var for layer in layers]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # seed and feature together are the channels of one ordinary batch norm: (S, N, d) → (N, S·d)
        seeds, n, d = x.shape
        flat = x.transpose(0, 1).reshape(n, seeds * d)
        out = F.batch_norm(
            flat,
            self.running_mean.view(-1),
            self.running_var.view(-1),
            self.weight.view(-1),
            self.bias.view(-1),
            self.training,
            self.momentum,
            self.eps,
        )
        return out.view(n, seeds, d).transpose(0, 1)

    def copy_to(self, layer: nn.BatchNorm1d, seed: int) -> None:
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(layer, name).copy_(getattr(self, name)[seed])


class Stacked(nn.Module):
    """S nets of one architecture as one: (S, N, d) → (S, N, d')."""

    def __init__(self, nets: Sequence[nn.Sequential]):
        super().__init__()
        self.seeds = len(nets)
        self.layers = nn.Sequential(*[_stack_layers(layers) for layers in zip(*nets, strict=True)])
        self.template = [nets[0]]  # in a list, so that its weights are not counted among this module's
        with contextlib.suppress(ValueError):  # no linear layer, so no generator of this course
            self.noise_dim = noise_dim_of(nets[0])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.ndim != 3 or len(x) != self.seeds:
            raise ValueError(f"{self.seeds} stacked nets take ({self.seeds}, N, d); got {tuple(x.shape)}.")
        return self.layers(x)

    @torch.no_grad()
    def unstack(self, seed: int) -> nn.Sequential:
        """A copy of net number `seed` (0 … S−1) as an ordinary nn.Sequential."""
        if not 0 <= seed < self.seeds:
            raise IndexError(f"There are nets 0 to {self.seeds - 1}; got {seed}.")
        net = copy.deepcopy(self.template[0]).to(next(self.parameters()).device)
        for mine, theirs in zip(self.layers, net, strict=True):
            if isinstance(mine, StackedLinear | StackedBatchNorm):
                mine.copy_to(theirs, seed)
        return net.train(self.training)


def _stack_layers(layers: Sequence[nn.Module]) -> nn.Module:
    first = layers[0]
    if any(str(layer) != str(first) for layer in layers):
        raise ValueError(f"Nets in an ensemble must have one architecture; got {first} beside other layers.")
    if isinstance(first, nn.Linear):
        return StackedLinear(layers)
    if isinstance(first, nn.BatchNorm1d):
        return StackedBatchNorm(layers)
    if isinstance(first, SHARED):
        return first
    raise ValueError(
        f"A {type(first).__name__} can't be stacked; these can: Linear, BatchNorm1d, "
        f"{', '.join(layer.__name__ for layer in SHARED)}."
    )


def stack(nets: Iterable[nn.Module]) -> Stacked:
    """S nets of one architecture (each an nn.Sequential of linear layers, batch norms and activations) as one."""
    nets = list(nets)
    if not nets or not all(isinstance(net, nn.Sequential) for net in nets):
        raise ValueError("stack needs at least one net, each an nn.Sequential as gan_edu.nets.mlp makes them.")
    if len({len(net) for net in nets}) > 1:
        raise ValueError("Nets in an ensemble must have one architecture; these have different numbers of layers.")
    return Stacked(nets)


def gans(
    make_generator: Callable[[], nn.Module],
    make_discriminator: Callable[[], nn.Module],
    seeds: int = 8,
    seed: int = 0,
    **settings,
) -> GAN:
    """`seeds` GANs as one model for gan_edu.training: GAN number i equals the single GAN made with seed + i.

    The factories are called after torch.manual_seed(seed + i); `settings` go to training.GAN. Data are drawn for each
    seed on its own, losses come as (S,), samples as (S, N, d). Raises TypeError for a net in the place of a function
    that makes it, ValueError when a function gives the same net twice.
    """
    seeds, seed = Whole(1).check(seeds, "seeds"), Whole().check(seed, "seed")
    pairs = [single_nets(make_generator, make_discriminator, seed + i) for i in range(seeds)]
    for what, made in zip(("make_generator", "make_discriminator"), zip(*pairs, strict=True), strict=True):
        if len(set(map(id, made))) < seeds:
            raise ValueError(f"{what} gives the same net twice; it must make a new one at each call.")
    return GAN(stack(g for g, _ in pairs), stack(d for _, d in pairs), seed=seed, **settings)


def single_nets(make_generator: Callable, make_discriminator: Callable, seed: int) -> tuple[nn.Module, nn.Module]:
    """A generator and a discriminator initialised from one seed, without disturbing PyTorch's global stream.

    Raises TypeError unless both arguments are functions that make a net.
    """
    for what, make in (("make_generator", make_generator), ("make_discriminator", make_discriminator)):
        if isinstance(make, nn.Module) or not callable(make):
            got = "the net itself" if isinstance(make, nn.Module) else f"a {type(make).__name__}"
            raise TypeError(f"{what} must be a function that makes a net, such as lambda: nets.mlp(…); got {got}.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make_generator(), make_discriminator()

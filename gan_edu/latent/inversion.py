"""From pictures back to codes: by searching, by an encoder that learned it, or by both."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from gan_edu import device as devices
from gan_edu.device import tensor_of
from gan_edu.nets import SIDES, ConvEncoder, evaluating, mlp
from gan_edu.settings import Number, Whole
from gan_edu.training import noise_dim_of, progress_bar

Tensor = torch.Tensor


def downhill(
    make: Callable[[Tensor], Tensor], target: Tensor, z: Tensor, steps: int, lr: float, prior: float
) -> Tensor:
    """Codes (N, Z) after `steps` of Adam from z, each on its own: the sum of squared errors between make(z) (N, D) and
    target (N, D), and prior · ‖z‖²."""
    with torch.enable_grad():
        z = z.detach().clone().requires_grad_()
        adam = torch.optim.Adam([z], lr=lr)
        for _ in range(steps):
            loss = (make(z) - target).square().sum(1) + prior * z.square().sum(1)
            (z.grad,) = torch.autograd.grad(loss.sum(), z)
            adam.step()
    return z.detach()


@dataclass(frozen=True, eq=False)
class Inversion:
    """What was found for pictures: codes z (N, Z), what the generator makes of them, images (N, *shape), and the mean
    squared error of each, errors (N,)."""

    z: Tensor
    images: Tensor
    errors: Tensor

    def __repr__(self) -> str:
        return f"Inversion({len(self.z)} pictures, mean squared error {self.errors.mean():.3g})"


def invert(
    generator: nn.Module,
    images,
    steps: int = 200,
    start: Callable[[Tensor], Tensor] | Tensor | None = None,
    labels=None,
    tries: int = 1000,
    lr: float = 0.03,
    prior: float = 4e-3,
    seed: int = 0,
) -> Inversion:
    """The codes from which a generator makes pictures most like these, by squared error.

    images: (N, *shape) or flat, (N, D), in the range in which the generator makes them. A search needs a good start:
    the best of `tries` codes of N(0, I); or `start`, codes (N, Z) or an encoder's function of the images. Then `steps`
    of Adam downhill; with steps=0 the start is all. labels: (N,), for a generator that is asked as G(z, y). prior:
    weight of ‖z‖² beside the sum of squared errors, so that codes stay where the generator has learned.

    A remaining error has two causes, a search that got stuck and a picture that the generator can't make: invert some
    pictures of its own to tell them apart. Zhu et al. 2016 (iGAN) join an encoder and the search; Creswell & Bharath
    2018 ("Inverting the Generator") search alone.

    Raises TypeError and ValueError for what are no pictures, or none that the generator can make, and for codes that
    aren't its own.
    """
    steps, tries = Whole(0).check(steps, "steps"), Whole(1).check(tries, "tries")
    lr, prior = Number(0, above=True).check(lr, "lr"), Number(0).check(prior, "prior")
    make = _Maker(generator, labels)
    x = make.pictures(images)
    with evaluating(generator):
        z = make.best(x, tries, seed) if start is None else make.started(x, start)
        target = x.flatten(1)
        if steps:
            z = downhill(lambda z: make(z).flatten(1), target, z, steps, lr, prior)
        with torch.no_grad():
            made = torch.cat([make(part, rows) for part, rows in make.parts(z)])
    return Inversion(z.cpu(), made.reshape(x.shape).cpu(), (made.flatten(1) - target).square().mean(1).cpu())


def _whole(labels) -> Tensor:
    """Labels as int64. Raises ValueError when they aren't whole numbers."""
    with contextlib.suppress(TypeError, ValueError, RuntimeError):
        told = tensor_of(labels)
        if not told.is_floating_point() and not told.is_complex() and told.dtype != torch.bool:
            return told.long()
    raise ValueError("Labels must be whole numbers, one for each picture.")


class _Maker:
    """A generator as a function of codes alone; the classes that it is asked with belong to the pictures."""

    def __init__(self, generator: nn.Module, labels=None):
        if not isinstance(generator, nn.Module):
            raise TypeError(
                f"The generator must be an nn.Module, such as gan.generator; got a {type(generator).__name__}."
            )
        self.net, self.noise_dim = generator, noise_dim_of(generator)
        weight = next(generator.parameters(), torch.zeros(1))
        self.device, self.dtype = weight.device, weight.dtype
        self.labels = None if labels is None else _whole(labels).to(self.device)

    def __call__(self, z: Tensor, rows: slice | Tensor = slice(None)) -> Tensor:
        return self.net(z) if self.labels is None else self.net(z, self.labels[rows])

    def parts(self, z: Tensor, size: int = 250):
        for first in range(0, len(z), size):
            yield z[first : first + size], slice(first, first + size)

    def pictures(self, images) -> Tensor:
        """Pictures as the generator makes them, on its device."""
        try:
            x = tensor_of(images)
        except (TypeError, ValueError, RuntimeError):
            raise TypeError(
                "Pictures must be finite floats (N, ...), as the generator makes them, such as .tensor() of an "
                f"ImageSet; got a {type(images).__name__}."
            ) from None
        if x.ndim < 2 or not len(x) or not x.is_floating_point() or not x.isfinite().all():
            raise ValueError(
                f"Pictures must be finite floats (N, ...), as the generator makes them; got {tuple(x.shape)}."
            )
        if self.labels is not None and self.labels.shape != (len(x),):
            raise ValueError(
                f"There must be one label for each of the {len(x)} pictures; got {tuple(self.labels.shape)}."
            )
        told = () if self.labels is None else (self.labels.unique(),)
        zeros = torch.zeros(len(told[0]) if told else 1, self.noise_dim, device=self.device, dtype=self.dtype)
        try:
            with torch.no_grad(), evaluating(self.net):
                made = self.net(zeros, *told)
        except (TypeError, ValueError, RuntimeError, IndexError) as error:
            asked = "codes" if self.labels is None else "codes and labels"
            raise ValueError(f"The generator can't take {asked}: {' '.join(str(error).split())[:160]}") from None
        mine, given = ([side for side in each.shape[1:] if side != 1] for each in (made, x))
        if mine != given and (made[0].numel() != x[0].numel() or 1 not in (len(mine), len(given))):
            raise ValueError(
                f"The generator makes pictures of shape {tuple(made.shape[1:])}; these have {tuple(x.shape[1:])}."
            )
        return x.to(self.device, self.dtype)

    def started(self, x: Tensor, start) -> Tensor:
        """Codes from an encoder, or as they were given."""
        start = start.encoder if isinstance(start, FittedEncoder) else start
        if callable(start):
            try:
                with torch.no_grad(), evaluating(start) if isinstance(start, nn.Module) else torch.no_grad():
                    start = start(x)
            except (TypeError, ValueError, RuntimeError) as error:
                short = " ".join(str(error).split())[:160]
                raise ValueError(f"The start can't take pictures {tuple(x.shape)}: {short}") from None
        z = start[0] if isinstance(start, tuple | list) and len(start) and isinstance(start[0], Tensor) else start
        if not isinstance(z, Tensor):
            with contextlib.suppress(TypeError, ValueError, RuntimeError):
                z = tensor_of(z)
        if not isinstance(z, Tensor) or z.shape != (len(x), self.noise_dim) or not z.isfinite().all():
            got = tuple(z.shape) if isinstance(z, Tensor) else f"a {type(z).__name__}"
            raise ValueError(f"The search starts at finite codes ({len(x)}, {self.noise_dim}); got {got}.")
        return z.to(self.device, self.dtype)

    @torch.no_grad()
    def best(self, x: Tensor, tries: int, seed: int) -> Tensor:
        """For each picture that code of `tries` whose picture is nearest; pictures of a class look among their own."""
        stream = devices.generator(seed)
        codes = torch.randn(tries, self.noise_dim, generator=stream, dtype=self.dtype).to(self.device)
        classes = [None] if self.labels is None else self.labels.unique().tolist()
        z = torch.empty(len(x), self.noise_dim, device=self.device, dtype=self.dtype)
        for label in classes:
            told = () if label is None else (torch.full((1,), label, device=self.device),)
            made = torch.cat([self.net(part, *[y.expand(len(part)) for y in told]) for part, _ in self.parts(codes)])
            mine = slice(None) if label is None else self.labels == label
            z[mine] = codes[torch.cdist(x[mine].flatten(1), made.flatten(1)).argmin(1)]
        return z


class FittedEncoder(NamedTuple):
    """encoder: pictures (N, *shape) → codes (N, Z). error: its mean squared error per number of the code, on new
    pictures of the generator; 1 is what one who says 0 gets."""

    encoder: nn.Module
    error: float


def fit_encoder(
    generator: nn.Module,
    steps: int = 1000,
    batch: int = 64,
    lr: float = 1e-3,
    channels: int = 32,
    seed: int = 0,
    progress: bool = True,
) -> FittedEncoder:
    """An encoder for a generator that has none: it learns from the generator's own pictures, whose codes are known.

    Pictures of the sizes in `nets.SIDES` get a `nets.ConvEncoder` with so many channels, rows and others an MLP. For
    real pictures take its codes as the start of a search: invert(generator, images, start=encoder). Raises TypeError
    for what is no generator.
    """
    make = _Maker(generator)
    steps, batch = Whole(1).check(steps, "steps"), Whole(1).check(batch, "batch")
    lr, channels = Number(0, above=True).check(lr, "lr"), Whole(1).check(channels, "channels")
    stream, size = devices.generator(seed), make.noise_dim

    def pairs(n: int) -> tuple[Tensor, Tensor]:
        z = torch.randn(n, size, generator=stream, dtype=make.dtype).to(make.device)
        with torch.no_grad():
            return z, make(z)

    with evaluating(generator), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        shape = tuple(pairs(2)[1].shape[1:])
        if len(shape) == 3 and shape[0] in (1, 3) and shape[1] == shape[2] and shape[1] in SIDES:
            encoder = ConvEncoder(size, channels, shape)
        else:
            encoder = nn.Sequential(nn.Flatten(), mlp([torch.Size(shape).numel(), 256, 128, size]))
        encoder.to(make.device, make.dtype)
        adam = torch.optim.Adam(encoder.parameters(), lr=lr)
        with torch.enable_grad(), progress_bar(steps, progress) as bar:
            for _ in range(steps):
                z, x = pairs(batch)
                loss = (encoder(x) - z).square().mean()
                adam.zero_grad()
                loss.backward()
                adam.step()
                bar.update()
        encoder.eval().requires_grad_(False)
        z, x = pairs(500)
        error = (encoder(x) - z).square().mean().item()
    return FittedEncoder(encoder, error)

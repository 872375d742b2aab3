"""The latent space of any model: codes of pictures, pictures of codes, walks, holes, and what each number tells."""

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import objectives
from gan_edu.device import tensor_of
from gan_edu.latent.inversion import downhill
from gan_edu.nets import evaluating
from gan_edu.training import noise_dim_of

DEAD = 0.01  # nats: a dimension with less than this tells the decoder nothing
HOLE_CELLS, HOLE_EXTENT = 31, 3.0
HOLE_RADIUS = 2.448  # the disc that holds 95 % of a standard normal of two numbers
HOLE_RATIO = 0.1
HOLE_SAMPLE = 800  # codes from which on the posterior is smoothed by 0.25
AT_ONCE = 2**22  # numbers in the pictures that a net takes or makes at once; its layers need many times as many
SMALL = 3 * 32 * 32  # numbers in a picture, up to which a search tries 1,000 codes


class Space:
    """Encoding and decoding, alike for all kinds of models.

    net: encode(x) → codes, or (means, log variances), and decode(z) → logits, like nets.VAE (with one-hot classes as a
    further argument where net.classes says how many); or a generator z → pixels in [−1, 1], which has no encoder.
    shape: of a picture, (C, H, W). `kind` is "ae", "vae", "cvae" or "gan"; in_rows: whether the net gives pictures as
    rows of pixels.

    Raises ValueError, in one sentence, for a net that can't be used, whatever it raises itself.
    """

    def __init__(self, net: nn.Module, shape: Sequence[int]):
        self.net, self.shape = net, tuple(shape)
        self.at_once = max(1, AT_ONCE // math.prod(self.shape))
        self.device = next((p.device for p in net.parameters()), torch.device("cpu"))
        self.classes = int(getattr(net, "classes", 0) or 0)
        if hasattr(net, "encode") != hasattr(net, "decode"):
            raise ValueError("A net of your own needs both encode(x) and decode(z), like gan_edu.nets.VAE.")
        try:
            self._try()
        except ValueError:
            if not hasattr(net, "encode") and (numbers := self._numbers_of_pictures()):
                raise ValueError(
                    f"This net takes pictures and gives {numbers} number{'s' * (numbers > 1)} for each, as a "
                    "discriminator, a classifier or an encoder does: give the generator, which makes pictures, or a "
                    "net with encode(x) and decode(z)."
                ) from None
            raise

    def _try(self) -> None:
        """Find out what the net is, by codes and pictures of zeros. Raises ValueError."""
        net = self.net
        if self.classes and not hasattr(net, "encode"):
            raise ValueError(
                "A generator that is told classes can't be shown; a net with forward(z) that asks it for one class can."
            )
        self.kind, self.latent_dim = self._try_encoder() if hasattr(net, "encode") else ("gan", noise_dim_of(net))
        if self.latent_dim < 2:
            raise ValueError(f"A plane needs codes of at least 2 numbers; this net has {self.latent_dim}.")
        try:
            self.in_rows = self.raw(torch.zeros(2, self.latent_dim)).ndim == 2
        except _Unusable as error:
            raise ValueError(str(error)) from None
        except Exception as error:
            raise ValueError(f"{self._name} can't take codes of {self.latent_dim} numbers: {_short(error)}") from None

    def _numbers_of_pictures(self) -> int:
        """How many numbers the net gives for a picture, where these are fewer than its pixels; else 0."""
        x = torch.zeros(2, *self.shape, device=self.device)
        tries = [(x,), (x.flatten(1),)]
        if self.classes:  # told as numbers, or one-hot behind the pixels
            told = torch.zeros(2, self.classes, device=self.device)
            tries += [(x, told[:, 0].long()), (torch.cat([x.flatten(1), told], dim=1),)]
        for given in tries:
            with contextlib.suppress(Exception), torch.no_grad(), evaluating(self.net):
                count = self.net(*given).numel() // 2
                return count if count < x[0].numel() else 0
        return 0

    @property
    def _name(self) -> str:
        return "The generator" if self.kind == "gan" else "decode"

    def _try_encoder(self) -> tuple[str, int]:
        x = torch.zeros(2, *self.shape, device=self.device)
        try:
            with torch.no_grad(), evaluating(self.net):
                out = self.net.encode(x, *self._told(0, 2))
        except Exception as error:
            raise ValueError(f"encode can't take pictures of shape {tuple(x.shape)}: {_short(error)}") from None
        codes = out[0] if isinstance(out, tuple | list) and out else out
        if not isinstance(codes, torch.Tensor) or codes.ndim != 2 or len(codes) != 2:
            raise ValueError("encode must give codes (N, Z), or a pair of means and log variances, (N, Z) each.")
        if isinstance(out, tuple | list) and (len(out) != 2 or getattr(out[1], "shape", None) != codes.shape):
            raise ValueError("encode must give a pair of means and log variances of one shape, (N, Z).")
        return ("cvae" if self.classes else "vae") if isinstance(out, tuple | list) else "ae", codes.shape[1]

    def _told(self, labels, n: int) -> tuple:
        """One-hot rows of the classes, where the net is told them."""
        if not self.classes:
            return ()
        labels = torch.as_tensor(labels, device=self.device).long().clamp(0, self.classes - 1).expand(n)
        return (F.one_hot(labels, self.classes).float(),)

    def _made(self, z: torch.Tensor, label=0) -> torch.Tensor:
        """What the net makes of codes: logits, or a generator's pixels, (N, *shape), on its device."""
        return self.raw(z, label).reshape(len(z), *self.shape)

    def raw(self, z: torch.Tensor, label=0) -> torch.Tensor:
        """The same in the net's own shape: pictures, or rows of pixels. Raises ValueError."""
        with torch.no_grad(), evaluating(self.net):
            z = z.float().to(self.device)
            made = self.net(z) if self.kind == "gan" else self.net.decode(z, *self._told(label, len(z)))
        if not isinstance(made, torch.Tensor):
            raise _Unusable(f"{self._name} must give a tensor; it gave a {type(made).__name__}.")
        if made.numel() != len(z) * math.prod(self.shape):
            raise _Unusable(f"The net makes pictures of shape {tuple(made.shape[1:])}; the data have {self.shape}.")
        if self.shape[0] > 1 and made.ndim > 2 and tuple(made.shape[1:]) != self.shape:
            raise _Unusable(
                f"The net makes pictures of shape {tuple(made.shape[1:])}; colours come first here, {self.shape}."
            )
        return made

    def hint(self) -> str:
        """A sentence about a sigmoid or a tanh at the wrong place, which everybody forgets once; or ''."""
        made = self._made(2 * torch.randn(64, self.latent_dim, generator=torch.Generator().manual_seed(0)))
        if not (0 <= made.min() and 0.4 < made.max() <= 1):  # untrained logits are smaller
            return ""
        if self.kind == "gan":
            return "The generator gives numbers from 0 to 1 only; pixels go from −1 to 1 here, so let it end in a tanh."
        return (
            "decode gives numbers from 0 to 1 only, as if it ended in a sigmoid; it should give logits, so leave the "
            "sigmoid out, or all pictures stay grey."
        )

    def pictures(self, images) -> torch.Tensor:
        """Pictures of any kind of array as (N, *shape). Raises ValueError when they aren't finite or not in [0, 1]."""
        x = tensor_of(images).float()
        if x.numel() == 0 or x.numel() % math.prod(self.shape) or not x.isfinite().all():
            shape = ", ".join(map(str, self.shape))
            raise ValueError(f"Pictures must be finite, of shape (N, {shape}); got {tuple(x.shape)}.")
        if x.min() < 0 or x.max() > 1:
            raise ValueError(f"Pixels must lie in [0, 1]; these go from {x.min():.3g} to {x.max():.3g}.")
        return x.reshape(-1, *self.shape)

    def codes(self, z) -> torch.Tensor:
        """Codes of any kind of array, one or several, as (N, Z). Raises ValueError when they can't be any."""
        z = tensor_of(z).float()
        z = z[None] if z.ndim == 1 else z
        if z.ndim != 2 or z.shape[1] != self.latent_dim or not z.isfinite().all():
            raise ValueError(f"Codes must be finite, of shape (N, {self.latent_dim}); got {tuple(z.shape)}.")
        return z

    def labels(self, given, n: int) -> torch.Tensor:
        """Classes () or (n,) of any kind of array. Raises ValueError when the net doesn't know them."""
        labels, last = tensor_of(given), max(self.classes - 1, 0)
        fits = labels.shape in ((), (n,)) and not labels.is_floating_point() and labels.numel()
        if self.classes and not (fits and 0 <= labels.min() and labels.max() <= last):
            raise ValueError(f"Labels must be whole numbers from 0 to {last}, one for all or one for each of the {n}.")
        return labels

    @torch.no_grad()
    def encode(self, x: torch.Tensor, labels: torch.Tensor | int = 0) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures (N, *shape) in [0, 1] → means and standard deviations (N, Z) of their codes, on the CPU.

        An autoencoder's deviations are 0. A generator has no encoder: the best z is searched.
        """
        if self.kind == "gan":
            mean = torch.cat([self._search(part) for part in x.split(self.at_once)])
            return mean, torch.zeros_like(mean)
        told = self._told(labels, len(x))
        with evaluating(self.net):
            parts = [
                self.net.encode(part.to(self.device), *more)
                for part, *more in zip(x.split(self.at_once), *(one.split(self.at_once) for one in told), strict=True)
            ]
        if self.kind == "ae":
            mean = torch.cat(parts).float().cpu()
            return mean, torch.zeros_like(mean)
        mean, log_variance = (torch.cat(each) for each in zip(*parts, strict=True))
        return mean.float().cpu(), (0.5 * log_variance).exp().float().cpu()

    def decode(self, z: torch.Tensor, label: int | torch.Tensor = 0) -> torch.Tensor:
        """Codes (N, Z) → pictures (N, *shape) in [0, 1], on the CPU; `label` for conditional models."""
        labels = torch.as_tensor(label).expand(len(z)).split(self.at_once)
        parts = [self._made(part, told) for part, told in zip(z.split(self.at_once), labels, strict=True)]
        parts = [(made / 2 + 0.5 if self.kind == "gan" else made.sigmoid()).clamp(0, 1).float().cpu() for made in parts]
        return torch.cat(parts)

    def _search(self, x: torch.Tensor, steps: int = 60) -> torch.Tensor:
        """The codes whose decodings come nearest to pictures, by squared error: the best of many, then downhill. Large
        pictures, which take longer, get fewer tries."""
        count = max(100, min(1000, 1000 * SMALL // math.prod(self.shape)))
        tries = torch.randn(count, self.latent_dim, generator=torch.Generator().manual_seed(0))
        if self.latent_dim == 2:
            tries = torch.cat([tries, lattice(3.0, 25 if count == 1000 else 9)])
        made = self.decode(tries).flatten(1)
        z = tries[torch.cdist(x.flatten(1).cpu(), made).argmin(1)].to(self.device)
        with evaluating(self.net):
            found = downhill(
                lambda z: self.net(z).flatten(1) / 2 + 0.5, x.flatten(1).to(self.device), z, steps, lr=0.03, prior=1e-3
            )
        return found.cpu()


class FromMaps(nn.Module):
    """A generator that takes codes as maps, (N, Z, 1, 1), as one that takes them as rows (N, Z)."""

    def __init__(self, net: nn.Module, noise_dim: int):
        super().__init__()
        self.net, self.noise_dim = net, noise_dim

    @classmethod
    def of(cls, net: nn.Module) -> nn.Module:
        """The net itself, or the same from rows of codes where it begins with a transposed convolution of maps, as the
        DCGAN of PyTorch's tutorial does."""
        layers = (layer for layer in net.modules() if isinstance(layer, nn.Linear | nn.modules.conv._ConvNd))
        first = next(layers, None)
        if hasattr(net, "encode") or not isinstance(first, nn.ConvTranspose2d):
            return net
        size = getattr(net, "noise_dim", None) or first.in_channels
        z = torch.zeros(2, size, dtype=first.weight.dtype, device=first.weight.device)
        for codes, found in ((z, net), (z[..., None, None], cls(net, size))):
            with contextlib.suppress(Exception), torch.no_grad(), evaluating(net):
                net(codes)
                return found
        return net

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.net(z[..., None, None])


class _Unusable(ValueError):
    """A net gave what no picture can be made of."""


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())[:160]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def misfit(made: torch.Tensor, x: torch.Tensor) -> float:
    """Cross-entropy of reconstructions (N, *shape) in [0, 1], in nats for a whole picture, mean over pictures."""
    return float(F.binary_cross_entropy(made.clamp(1e-6, 1 - 1e-6), x, reduction="sum") / len(x))


def lattice(extent: float, n: int) -> torch.Tensor:
    """(n·n, 2) places from −extent to extent, row 0 below."""
    ticks = torch.linspace(-extent, extent, n)
    return torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1).reshape(-1, 2)


def kl_per_dimension(mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    """Mean over pictures of KL(N(μ, σ²) ‖ N(0, 1)), for each number of the code: (N, Z), (N, Z) → (Z,) in nats."""
    return objectives.gaussian_kl(mean[..., None], 2 * std.clamp(min=1e-12).log()[..., None]).mean(0)


# ---------------------------------------------------------------- holes


@dataclass(frozen=True)
class Holes:
    """Where the prior promises pictures and no code lies near.

    share: of the prior's mass within two standard deviations or so. map: bool (31, 31) over [−3, 3]². centers: (K, Z),
    inside the largest holes, largest first. images: what decodes there, (K, *shape).
    """

    share: float
    map: np.ndarray
    centers: torch.Tensor
    images: torch.Tensor

    def __repr__(self) -> str:
        return f"Holes({self.share:.0%} of the prior, {len(self.centers)} places)"


def hole_map(mean: torch.Tensor, std: torch.Tensor) -> tuple[np.ndarray, float]:
    """Where the prior of the plane promises pictures and no code lies near: codes (N, 2) with their deviations.

    The aggregate posterior q(z) is the mean of the pictures' Gaussians, widened by h = 0.25 (more for fewer than 800
    pictures), so that a finite sample doesn't look like holes. A cell is a hole when it lies inside the disc with 95 %
    of the prior p = N(0, I) and q < p / 10. Returns the map, bool (31, 31) over [−3, 3]², row 0 below, and the share of
    the disc's prior mass that holes take.
    """
    ticks = np.linspace(-HOLE_EXTENT, HOLE_EXTENT, HOLE_CELLS)
    h = min(1.0, 0.25 * math.sqrt(max(1.0, HOLE_SAMPLE / max(len(mean), 1))))
    wide = np.sqrt(std.double().numpy() ** 2 + h**2)
    gauss = np.exp(-0.5 * ((ticks - mean.double().numpy()[..., None]) / wide[..., None]) ** 2)
    gauss /= wide[..., None] * math.sqrt(2 * math.pi)  # (N, 2, cells)
    q = gauss[:, 1].T @ gauss[:, 0] / max(len(mean), 1)
    squared = ticks[:, None] ** 2 + ticks**2
    p, inside = np.exp(-squared / 2) / (2 * math.pi), squared <= HOLE_RADIUS**2
    holes = inside & (q < HOLE_RATIO * p)
    return holes, float(p[holes].sum() / p[inside].sum())


def hole_centers(holes: np.ndarray, most: int = 5) -> torch.Tensor:
    """A place (K, 2) deep inside each of the largest holes of a `hole_map`, by the prior's mass, largest first."""
    from scipy import ndimage

    parts, count = ndimage.label(holes)
    depth = ndimage.distance_transform_edt(np.pad(holes, 1))[1:-1, 1:-1]
    ticks = np.linspace(-HOLE_EXTENT, HOLE_EXTENT, HOLE_CELLS)
    prior = np.exp(-(ticks[:, None] ** 2 + ticks**2) / 2)
    places = []
    for part in range(1, count + 1):
        deepest = np.argmax(np.where(parts == part, depth + 1e-3 * prior, -1))
        row, column = np.unravel_index(deepest, holes.shape)
        places.append((prior[parts == part].sum(), ticks[column], ticks[row]))
    return torch.tensor([place[1:] for place in sorted(places, reverse=True)[:most]]).reshape(-1, 2)

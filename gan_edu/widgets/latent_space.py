"""Widget 3: the latent space of autoencoders, VAEs, and a GAN's noise: where pictures lie, and what any place decodes
to.

Finished models come with the package (`SHIPPED`, made by tools/train_latent_models.py); others train live.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import ipywidgets
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data as course_data
from gan_edu import device as devices
from gan_edu import metrics, models, nets, objectives, plotting
from gan_edu.data.images import CLASSES, ImageSet
from gan_edu.recorder import Frame, Recorder, Recording, pack_points, unpack_points
from gan_edu.training import GAN, VAE, Model
from gan_edu.widgets.base import ASK, RecordedWidget
from gan_edu.widgets.trainer import one_thread

MODELS = Path(__file__).parent / "models"
KINDS = {"ae": "autoencoder", "vae": "VAE", "cvae": "conditional VAE", "gan": "GAN"}
OWN = "your own"
# (kind, β, numbers in the code) of the finished models
SHIPPED = {
    "ae": ("ae", 0.0, 2),
    "vae-1": ("vae", 1.0, 2),
    "vae-4": ("vae", 4.0, 2),
    "vae-50": ("vae", 50.0, 2),
    "vae-4-z10": ("vae", 4.0, 10),
    "cvae-1": ("cvae", 1.0, 2),
    "gan": ("gan", 0.0, 2),
}
HIDDEN = (128, 64)  # of the encoder; the decoder has them the other way round
DEAD = 0.01  # nats: a dimension with less than this tells the decoder nothing
POINTS = 800  # pictures whose places are drawn
FINE, COARSE = 17, 9  # pictures along a side of the map of decodings: when there is time, and while training
EXTENTS = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024)
HOLE_CELLS, HOLE_EXTENT = 31, 3.0
HOLE_RADIUS = 2.448  # the disc that holds 95 % of a standard normal of two numbers
HOLE_RATIO = 0.1
# ten colours that differ in lightness too; figures and the map write the class as well
COLOURS = (
    "#1F4E9E", "#E8731A", "#1B8A5A", "#D6338A", "#6B6200", "#38B6E8", "#A071D8", "#8A4B2A", "#222222", "#B5C928",
)  # fmt: skip
OF_MODEL = ("beta", "lr")  # can change while it trains
OF_VIEW = ("axes", "label", "extent")


# ---------------------------------------------------------------- nets


class Autoencoder(nn.Module):
    """An encoder (N, *shape) → (N, latent_dim) and a decoder back to logits: a VAE without chance."""

    def __init__(self, shape: Sequence[int] = (1, 28, 28), latent_dim: int = 2, hidden: Sequence[int] = HIDDEN):
        super().__init__()
        self.shape, self.latent_dim = tuple(shape), latent_dim
        size = math.prod(self.shape)
        self.encoder = nets.mlp([size, *hidden, latent_dim], activation="relu")
        self.decoder = nets.mlp([latent_dim, *reversed(hidden), size], activation="relu")

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return self.encoder(x.flatten(1))

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return self.decoder(z).unflatten(1, self.shape)


class ConditionalVAE(nn.Module):
    """A VAE whose encoder and decoder are told the class, as one-hot rows (N, classes). Sohn, Lee & Yan 2015."""

    def __init__(self, shape=(1, 28, 28), latent_dim: int = 2, hidden: Sequence[int] = HIDDEN, classes: int = 10):
        super().__init__()
        self.shape, self.latent_dim, self.classes = tuple(shape), latent_dim, classes
        size = math.prod(self.shape)
        self.encoder = nets.mlp([size + classes, *hidden, 2 * latent_dim], activation="relu")
        self.decoder = nets.mlp([latent_dim + classes, *reversed(hidden), size], activation="relu")

    def encode(self, x: torch.Tensor, classes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.encoder(torch.cat([x.flatten(1), classes], dim=1)).chunk(2, dim=1)

    def decode(self, z: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        return self.decoder(torch.cat([z, classes], dim=1)).unflatten(1, self.shape)


def make_net(kind: str, shape: Sequence[int], latent_dim: int, hidden: Sequence[int], classes: int) -> nn.Module:
    """The course's net of a kind, with weights from torch's global stream."""
    if kind == "ae":
        return Autoencoder(shape, latent_dim, hidden)
    if kind == "cvae":
        return ConditionalVAE(shape, latent_dim, hidden, classes)
    if kind == "gan":
        return nets.mlp([latent_dim, *reversed(hidden), math.prod(shape)], activation="relu", output="tanh")
    return nets.VAE(shape, latent_dim, hidden)


class _ForTraining(nn.Module):
    """Any of the encoders and decoders as `training.VAE` trains them: classes ride behind the pixels of each row."""

    def __init__(self, space: "Space"):
        super().__init__()
        self.net, self.kind = space.net, space.kind
        self.picture, self.latent_dim, self.classes = space.shape, space.latent_dim, space.classes
        size = math.prod(self.picture)
        self.shape = (size + self.classes,) if self.classes else self.picture

    def forward(self, x, noise):
        size = math.prod(self.picture)
        told = (x[:, size:],) if self.classes else ()
        x = x[:, :size].unflatten(1, self.picture) if self.classes else x
        if self.kind == "ae":
            mean = self.net.encode(x)
            return self.net.decode(mean), mean, torch.zeros_like(mean)
        mean, log_variance = self.net.encode(x, *told)
        return self.net.decode(mean + (0.5 * log_variance).exp() * noise, *told), mean, log_variance


def _likelihood_of_pixels(logits, x):
    """log p of the pixels alone, where classes ride behind them."""
    return objectives.bernoulli_log_likelihood(logits.flatten(1), x.flatten(1)[:, : logits[0].numel()])


# ---------------------------------------------------------------- any model, seen from its latent space


class Space:
    """Encoding and decoding, alike for all kinds of models.

    net: encode(x) → codes, or (means, log variances), and decode(z) → logits, like nets.VAE (with one-hot classes as a
    further argument where net.classes says how many); or a generator z → pixels in [−1, 1], which has no encoder.
    """

    def __init__(self, net: nn.Module, shape: Sequence[int]):
        self.net, self.shape = net, tuple(shape)
        self.device = next((p.device for p in net.parameters()), torch.device("cpu"))
        self.classes = int(getattr(net, "classes", 0) or 0)
        if hasattr(net, "encode") and hasattr(net, "decode"):
            self.kind, self.latent_dim = self._try_encoder()
        elif hasattr(net, "encode") or hasattr(net, "decode"):
            raise ValueError("A net of your own needs both encode(x) and decode(z), like gan_edu.nets.VAE.")
        else:
            from gan_edu.training import noise_dim_of

            self.kind, self.latent_dim = "gan", noise_dim_of(net)
        if self.latent_dim < 2:
            raise ValueError(f"A plane needs codes of at least 2 numbers; this net has {self.latent_dim}.")
        try:
            made = self.decode(torch.zeros(2, self.latent_dim))
        except (RuntimeError, ValueError, TypeError) as error:
            what = "The generator" if self.kind == "gan" else "decode"
            raise ValueError(f"{what} can't take codes of {self.latent_dim} numbers: {_short(error)}") from None
        if made.shape != (2, *self.shape):
            raise ValueError(f"The net makes pictures of shape {tuple(made.shape[1:])}; the data have {self.shape}.")

    def _try_encoder(self) -> tuple[str, int]:
        x = torch.zeros(2, *self.shape, device=self.device)
        try:
            with torch.no_grad():
                out = self.net.encode(x, *self._told([0, 0]))
        except (RuntimeError, ValueError, TypeError) as error:
            raise ValueError(f"encode can't take pictures of shape {tuple(x.shape)}: {_short(error)}") from None
        codes = out[0] if isinstance(out, tuple | list) else out
        if not isinstance(codes, torch.Tensor) or codes.ndim != 2 or len(codes) != 2:
            raise ValueError("encode must give codes (N, Z), or a pair of means and log variances, (N, Z) each.")
        if isinstance(out, tuple | list) and (len(out) != 2 or out[1].shape != codes.shape):
            raise ValueError("encode must give a pair of means and log variances of one shape, (N, Z).")
        return ("cvae" if self.classes else "vae") if isinstance(out, tuple | list) else "ae", codes.shape[1]

    def _told(self, labels) -> tuple:
        if not self.classes:
            return ()
        labels = torch.as_tensor(labels, device=self.device).long().clamp(0, self.classes - 1)
        return (F.one_hot(labels, self.classes).float(),)

    @torch.no_grad()
    def encode(self, x: torch.Tensor, labels: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures (N, *shape) in [0, 1] → means and standard deviations (N, Z) of their codes, on the CPU.

        An autoencoder's deviations are 0. A generator has no encoder: the best z is searched.
        """
        if self.kind == "gan":
            z = self._search(x)
            return z, torch.zeros_like(z)
        mode = self.net.training
        self.net.eval()
        labels = torch.zeros(len(x)) if labels is None else labels
        out = self.net.encode(x.to(self.device), *self._told(labels))
        self.net.train(mode)
        if self.kind == "ae":
            return out.float().cpu(), torch.zeros_like(out, dtype=torch.float32, device="cpu")
        return out[0].float().cpu(), (0.5 * out[1]).exp().float().cpu()

    @torch.no_grad()
    def decode(self, z: torch.Tensor, label: int | torch.Tensor = 0) -> torch.Tensor:
        """Codes (N, Z) → pictures (N, *shape) in [0, 1], on the CPU; `label` for conditional models."""
        mode = self.net.training
        self.net.eval()
        try:
            z = z.float().to(self.device)
            if self.kind == "gan":
                return (self.net(z).reshape(len(z), *self.shape) / 2 + 0.5).clamp(0, 1).float().cpu()
            labels = torch.as_tensor(label).expand(len(z)) if self.classes else None
            return self.net.decode(z, *self._told(labels)).reshape(len(z), *self.shape).sigmoid().float().cpu()
        finally:
            self.net.train(mode)

    def _search(self, x: torch.Tensor, steps: int = 60) -> torch.Tensor:
        """The codes whose decodings come nearest to pictures, by squared error: the best of many, then downhill."""
        g = torch.Generator().manual_seed(0)
        tries = torch.randn(1000, self.latent_dim, generator=g)
        if self.latent_dim == 2:
            tries = torch.cat([tries, _lattice(3.0, 25)])
        made = self.decode(tries).flatten(1)
        z = tries[torch.cdist(x.flatten(1).cpu(), made).argmin(1)].to(self.device)
        target = x.flatten(1).to(self.device)
        mode = self.net.training
        self.net.eval()
        with torch.enable_grad():
            z.requires_grad_()
            adam = torch.optim.Adam([z], lr=0.03)
            for _ in range(steps):
                loss = (self.net(z).flatten(1) / 2 + 0.5 - target).square().sum(1) + 1e-3 * z.square().sum(1)
                (z.grad,) = torch.autograd.grad(loss.sum(), z)
                adam.step()
        self.net.train(mode)
        return z.detach().cpu()


def _short(error) -> str:
    return " ".join(str(error).split())[:160]


def _lattice(extent: float, n: int) -> torch.Tensor:
    """(n·n, 2) places from −extent to extent, row 0 below."""
    ticks = torch.linspace(-extent, extent, n)
    return torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1).reshape(-1, 2)


def kl_per_dimension(mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    """Mean over pictures of KL(N(μ, σ²) ‖ N(0, 1)), for each number of the code: (N, Z), (N, Z) → (Z,) in nats."""
    return objectives.gaussian_kl(mean[..., None], 2 * std.clamp(min=1e-12).log()[..., None]).mean(0)


def hole_map(mean: torch.Tensor, std: torch.Tensor) -> tuple[np.ndarray, float]:
    """Where the prior of the plane promises pictures and no code lies near: codes (N, 2) with their deviations.

    The aggregate posterior q(z) is the mean of the pictures' Gaussians, widened by h = 0.25 (more for fewer than 800
    pictures), so that a finite sample doesn't look like holes. A cell is a hole when it lies inside the disc with 95 %
    of the prior p = N(0, I) and q < p / 10. Returns the map, bool (31, 31) over [−3, 3]², row 0 below, and the share of
    the disc's prior mass that holes take.
    """
    ticks = np.linspace(-HOLE_EXTENT, HOLE_EXTENT, HOLE_CELLS)
    h = min(1.0, 0.25 * math.sqrt(max(1.0, POINTS / max(len(mean), 1))))
    wide = np.sqrt(std.double().numpy() ** 2 + h**2)
    gauss = np.exp(-0.5 * ((ticks - mean.double().numpy()[..., None]) / wide[..., None]) ** 2)
    gauss /= wide[..., None] * math.sqrt(2 * math.pi)  # (N, 2, cells)
    q = gauss[:, 1].T @ gauss[:, 0] / max(len(mean), 1)
    squared = ticks[:, None] ** 2 + ticks**2
    p, inside = np.exp(-squared / 2) / (2 * math.pi), squared <= HOLE_RADIUS**2
    holes = inside & (q < HOLE_RATIO * p)
    return holes, float(p[holes].sum() / p[inside].sum())


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


def walk_codes(a: torch.Tensor, b: torch.Tensor, steps: int, path: str = "line") -> torch.Tensor:
    """Codes on the way from a to b (Z,): (steps, Z). "line", or "circle": along a great circle, with the length of the
    code going evenly from one's to the other's."""
    t = torch.linspace(0, 1, steps)[:, None]
    line = a + t * (b - a)
    if path == "line":
        return line
    if path != "circle":
        raise ValueError(f"A walk goes along a 'line' or a 'circle'; got {path!r}.")
    length_a, length_b = a.norm(), b.norm()
    if min(length_a, length_b) < 1e-6:
        return line  # 0 has no direction
    u, v = a / length_a, b / length_b
    angle = torch.arccos((u @ v).clamp(-1, 1))
    if angle < 1e-4 or angle > math.pi - 1e-4:
        return line  # one direction, or opposite ones with no shortest way around
    turned = (((1 - t) * angle).sin() * u + (t * angle).sin() * v) / angle.sin()
    way = turned * (length_a + t * (length_b - length_a))
    way[0], way[-1] = a, b
    return way


# ---------------------------------------------------------------- data


@dataclass(frozen=True)
class Pictures:
    """What a model learns from and what is shown: pictures (N, 1, H, W) in [0, 1], labels (N,)."""

    name: str
    train: torch.Tensor
    train_labels: torch.Tensor
    shown: torch.Tensor
    labels: torch.Tensor
    classes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.shown.shape[1:])


@cache
def _known_pictures(name: str) -> Pictures:
    learn, unseen = course_data.images(name), course_data.images(name, split="test")
    x, y = learn.tensor(low=0.0), unseen.tensor(low=0.0)[:POINTS]
    return Pictures(name, x, learn.labels, y, unseen.labels[:POINTS], tuple(CLASSES[name]))


def pictures_of(data) -> Pictures:
    """Pictures from a name, an ImageSet, an array (N, H, W), (N, 1, H, W) or (N, H·H), or a pair (array, labels).

    A fifth is kept for showing, if there are 50 or more. Raises ValueError.
    """
    if isinstance(data, Pictures):
        return data
    if isinstance(data, str):
        if data not in CLASSES:
            raise ValueError(f"There are no pictures called {data!r}; there are: {', '.join(CLASSES)}.")
        return _known_pictures(data)
    name, classes, labels = OWN, (), None
    if isinstance(data, ImageSet):
        name, classes, labels, data = data.name, tuple(data.classes), data.labels, data.pixels
    elif isinstance(data, tuple | list) and len(data) == 2:
        data, labels = data
    try:
        x = torch.as_tensor(np.asarray(data))
    except (TypeError, ValueError):
        x = None
    if x is None or x.dtype == torch.bool or x.is_complex():
        raise ValueError(
            f"Data must be a name ({', '.join(CLASSES)}), an ImageSet, pictures (N, H, W), or a pair (pictures, "
            f"labels); got a {type(data).__name__}."
        )
    x = x.float() / 255 if x.dtype == torch.uint8 else x.float()
    if x.ndim == 2 and math.isqrt(x.shape[1]) ** 2 == x.shape[1]:
        x = x.reshape(len(x), math.isqrt(x.shape[1]), -1)
    if x.ndim == 3:
        x = x[:, None]
    if x.ndim != 4 or x.shape[1] != 1 or len(x) < 2 or not 4 <= min(x.shape[2:]) <= max(x.shape[2:]) <= 64:
        raise ValueError(
            f"Pictures must be grey, (N, H, W) with 4 to 64 pixels a side and N ≥ 2; these have shape {tuple(x.shape)}."
        )
    bad = int((~x.isfinite()).flatten(1).any(1).sum())
    if bad:
        raise ValueError(f"{bad} of the {len(x)} pictures hold NaN or infinite pixels.")
    if x.min() < 0 and x.min() >= -1 and x.max() <= 1:
        x = x / 2 + 0.5
    if x.min() < 0 or x.max() > 1:
        raise ValueError(f"Pixels must lie in [0, 1] or [−1, 1]; these go from {x.min():.3g} to {x.max():.3g}.")
    try:
        labels = torch.zeros(len(x)).long() if labels is None else torch.as_tensor(np.asarray(labels)).long()
    except (TypeError, ValueError):
        raise ValueError("Labels must be whole numbers, one for each picture.") from None
    if labels.shape != (len(x),) or labels.min() < 0 or labels.max() > 99:
        raise ValueError(
            f"Labels must be whole numbers from 0 to 99, one for each of the {len(x)} pictures; they have shape "
            f"{tuple(labels.shape)}."
        )
    classes = classes or tuple(str(k) for k in range(int(labels.max()) + 1))
    if len(x) < 50:
        return Pictures(name, x, labels, x, labels, classes)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    kept = order[: min(POINTS, len(x) // 5)]
    rest = order[len(kept) :]
    return Pictures(name, x[rest], labels[rest], x[kept], labels[kept], classes)


# ---------------------------------------------------------------- finished models


def shipped_name(kind: str, beta: float, latent_dim: int) -> str | None:
    """The finished model of these settings, or None."""
    for name, (k, b, dim) in SHIPPED.items():
        if k == kind and dim == latent_dim and (kind in ("ae", "gan") or b == beta):
            return name
    return None


def load_shipped(name: str) -> tuple[nn.Module, dict[str, str]]:
    """A finished model by its name in SHIPPED, frozen, and what its file says of it.

    Raises RuntimeError when the file is missing or not what was written.
    """
    kind, _, latent_dim = SHIPPED[name]
    stored, facts = models.weights(MODELS / f"{name}.safetensors")
    with torch.random.fork_rng(devices=[]):
        net = make_net(kind, (1, 28, 28), latent_dim, HIDDEN, 10)
    net.load_state_dict(stored)
    return net.requires_grad_(False).eval(), facts


class Finished:
    """A run that is over: a model as it is, with a recording of one frame. Steps do nothing."""

    every = 10

    def __init__(self, net: nn.Module, look, step: int):
        self.net, self.look, self.step = net, look, step
        self.recording = Recording(4, look.fixed, look.about)
        self.capture()

    @property
    def model(self) -> nn.Module:
        return self.net

    def train_step(self, player: str = "both") -> None:
        pass

    def capture(self) -> bool:
        values, arrays = self.look(self.net)
        return self.recording.add(Frame(self.step, values, arrays))


# ---------------------------------------------------------------- what is recorded


class LatentLook:
    """What a latent space looks like. Arrays of a frame: "codes" int16 (N, 2) on the axes shown, see `pack_points`;
    "spread" int16 (N, 2), their standard deviations alike; "atlas" uint8 (n, n, H, W), decodings of places from −extent
    to extent, row 0 below; "kl" float32 (Z,) in nats; "holes" uint8 (31, 31); for generators "labels" uint8 (N,).

    Values: extent, axis_x, axis_y, label (that decodings are conditioned on), misfit (cross-entropy of the
    reconstructions in nats), error (their mean squared error), kl_all, dead (how many dimensions are below 0.01 nats),
    holes (share).
    """

    def __init__(
        self, pictures: Pictures, view: dict, side: int, seed: int = 0, title: str = "", shipped: bool = False
    ):
        self.pictures, self.view, self.side = pictures, view, side
        shape = pictures.shape
        self.about = {
            "title": title,
            "finished": shipped,
            "data": pictures.name,
            "classes": list(pictures.classes),
            "height": shape[1],
            "width": shape[2],
            "dead_below": DEAD,
        }
        self.fixed = {
            "labels": pictures.labels.to(torch.uint8).numpy(),
            "images": (pictures.shown[:, 0] * 255).round().to(torch.uint8).numpy(),
        }
        self._noise = torch.randn(POINTS, 512, generator=torch.Generator().manual_seed(2**20 + seed))

    def describe(self, space: Space) -> "LatentLook":
        self.about |= {"kind": space.kind, "latent_dim": space.latent_dim, "conditional": bool(space.classes)}
        if space.kind == "gan":  # its points are noise, not pictures
            self.fixed.pop("images", None)
        return self

    def space(self, model) -> Space:
        if isinstance(model, GAN):
            return Space(model.generator, self.pictures.shape)
        if isinstance(model, Model):
            return Space(model.net.net, self.pictures.shape)
        return Space(model, self.pictures.shape)

    def codes(self, space: Space) -> tuple[torch.Tensor, torch.Tensor]:
        """Means and deviations (N, Z) of the pictures shown; of a GAN: noise."""
        if space.kind == "gan":
            z = self._noise[: 400 if POINTS > 400 else POINTS, : space.latent_dim].clone()
            return z, torch.zeros_like(z)
        return space.encode(self.pictures.shown, self.pictures.labels)

    def plane(self, space: Space, places: torch.Tensor) -> torch.Tensor:
        """Places (M, 2) of the plane shown as codes (M, Z): the other numbers are 0."""
        z = torch.zeros(len(places), space.latent_dim)
        z[:, list(self.axes(space))] = places.float()
        return z

    def axes(self, space: Space) -> tuple[int, int]:
        a, b = self.view["axes"]
        return (a, b) if max(a, b) < space.latent_dim else (0, 1)

    def atlas(self, space: Space, extent: float, side: int) -> np.ndarray:
        made = space.decode(self.plane(space, _lattice(extent, side)), self.view["label"])
        return (made * 255).round().to(torch.uint8).reshape(side, side, *space.shape[1:]).numpy()

    def __call__(self, model) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        space = self.space(model)
        mean, std = self.codes(space)
        axes = list(self.axes(space))
        reach = float(torch.quantile(mean[:, axes].abs().amax(1), 0.995)) if mean.isfinite().all() else math.inf
        extent = float(self.view["extent"] or next((e for e in EXTENTS if e >= 1.02 * reach), EXTENTS[-1]))
        values = {"extent": extent, "axis_x": axes[0], "axis_y": axes[1], "label": int(self.view["label"])}
        arrays = {"codes": pack_points(mean[:, axes], extent), "spread": pack_points(std[:, axes], extent)}
        arrays["atlas"] = self.atlas(space, extent, self.side)
        if space.kind == "gan":
            if self.pictures.name in CLASSES:
                made = space.decode(mean)
                arrays["labels"] = metrics.classify(made * 2 - 1, self.pictures.name).argmax(1).to(torch.uint8).numpy()
            else:
                arrays["labels"] = np.zeros(len(mean), np.uint8)
            return values, arrays
        made = space.decode(mean, self.pictures.labels)
        x = self.pictures.shown
        values["error"] = float((made - x).square().mean())
        clipped = made.clamp(1e-6, 1 - 1e-6)
        values["misfit"] = float(F.binary_cross_entropy(clipped, x, reduction="sum") / len(x))
        holes, values["holes"] = hole_map(mean[:, axes], std[:, axes])
        arrays["holes"] = holes.astype(np.uint8)
        if space.kind != "ae":
            kl = kl_per_dimension(mean, std)
            arrays["kl"] = kl.float().numpy()
            values |= {"kl_all": float(kl.sum()), "dead": int((kl < DEAD).sum())}
        return values, arrays


# ---------------------------------------------------------------- models that train


def new_model(
    kind: str,
    pictures: Pictures,
    beta: float = 1.0,
    latent_dim: int = 2,
    hidden: Sequence[int] = HIDDEN,
    lr: float = 1e-3,
    seed: int = 0,
    device=None,
    net: nn.Module | None = None,
) -> Model:
    """A model of a kind in KINDS, ready to train on `training_rows`; `net` instead of the course's own."""
    classes = max(len(pictures.classes), 1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = make_net(kind, pictures.shape, latent_dim, hidden, classes) if net is None else net
        if kind == "gan":
            judge = nets.mlp([math.prod(pictures.shape), 256, 128, 1])
    if kind == "gan":
        return GAN(net, judge, penalties={"r1": 1.0}, lr=lr, betas=(0.5, 0.99), ema=0.999, seed=seed, device=device)
    space = Space(net, pictures.shape)
    beta = 0.0 if kind == "ae" else beta
    return VAE(_ForTraining(space), beta, lr, log_likelihood=_likelihood_of_pixels, seed=seed, device=device)


def training_rows(model: Model, pictures: Pictures) -> torch.Tensor:
    """The pictures as this model takes them."""
    if isinstance(model, GAN):
        return pictures.train.flatten(1) * 2 - 1
    if model.net.classes:
        told = F.one_hot(pictures.train_labels, model.net.classes).float()
        return torch.cat([pictures.train.flatten(1), told], dim=1)
    return pictures.train


# ---------------------------------------------------------------- the widget


class LatentSpace(RecordedWidget):
    """A latent space to walk in: where pictures lie, what any place decodes to, how much each number of the code says.

    model: "ae", "vae", "cvae" or "gan"; a net of your own like `nets.VAE` (encode(x) → codes, or means and log
    variances; decode(z) → logits); or a generator of your own (z → pixels in [−1, 1]). beta: the weight of the KL
    divergence. data: "mnist", "fashion_mnist", an ImageSet, pictures (N, H, W), or a pair (pictures, labels).
    latent_dim: numbers in the code; axes: which two of them are drawn, counted from 0 (by default those of a finished
    model that say most, or the first two); extent: draws [−extent, extent]², by default all codes. train: False shows
    a finished model where there is one (`SHIPPED`), and anything that trains (`run`, `play`, a step) begins one like
    it from nothing; True begins at once. beside: the name of a finished model to show next to it. label: the class
    that conditional models decode.

    What can't be used is said in the widget, in a sentence, and a default stands in.
    """

    painter = "latent"
    name = "Latent space"

    def __init__(
        self,
        model="vae",
        data="mnist",
        beta: float = 1.0,
        seed: int = 0,
        latent_dim: int = 2,
        train: bool = False,
        beside: str | None = None,
        axes: tuple[int, int] | None = None,
        label: int = 0,
        extent: float | None = None,
        hidden: Sequence[int] = HIDDEN,
        lr: float = 1e-3,
        batch: int = 128,
        device=None,
    ):
        self._own: nn.Module | None = model if isinstance(model, nn.Module) else None
        self.batch, self.device = batch, devices.pick(device)
        defaults = {
            "model": "vae",
            "data": "mnist",
            "beta": 1.0,
            "seed": 0,
            "latent_dim": 2,
            "train": False,
            "beside": "none",
            "axes": None,
            "label": 0,
            "extent": 0.0,
            "hidden": HIDDEN,
            "lr": 1e-3,
        }
        given = {
            "data": data,
            "latent_dim": latent_dim,
            "model": OWN if self._own is not None else model,
            "beta": beta,
            "seed": seed,
            "train": train,
            "beside": beside or "none",
            "axes": axes,
            "label": label,
            "extent": extent or 0.0,
            "hidden": hidden,
            "lr": lr,
        }
        self._view = {"axes": (0, 1), "label": 0, "extent": 0.0}
        self._controls = self._make_controls(defaults)
        super().__init__(self._controls.values())
        self.settings = dict(defaults)
        problems = []
        # one setting after the other, so that a bad one doesn't take the good ones with it
        for key, value in given.items():
            try:
                self.settings = self._checked(self.settings | {key: value})
            except ASK as error:
                problems.append(f"{_sentence(error)} So {key} is {defaults[key]!r} for now.")
        try:
            self.runs = self._make_runs()
        except ASK as error:
            problems.append(f"{_sentence(error)} So a VAE stands in.")
            self._own, self.settings = None, dict(defaults)
            try:
                self.runs = self._make_runs()
            except RuntimeError:  # a damaged installation, most likely: a fresh one needs no file
                self.settings["train"] = True
                self.runs = self._make_runs()
        self.changed()
        self.view.message = " ".join(filter(None, [*problems, self._notice()]))

    # -- settings ------------------------------------------------------------------------------------------------
    def _checked(self, settings: dict) -> dict:
        """The settings, tidied. Raises ValueError or TypeError with a sentence."""
        s = dict(settings)
        names = {title: kind for kind, title in KINDS.items()}
        s["model"] = names.get(s["model"], s["model"]) if isinstance(s["model"], str) else s["model"]
        known = [*KINDS] + [OWN] * (self._own is not None)
        if s["model"] not in known:
            raise ValueError(f"There is no model {s['model']!r}; there are: {', '.join(known)}, or a net of your own.")
        pictures = pictures_of(s["data"])
        s["beta"] = _number(s["beta"], "beta", 0, 1e6)
        s["lr"] = _number(s["lr"], "A learning rate", 1e-9, 1e3)
        s["seed"] = int(_number(s["seed"], "seed", 0, 2**31))
        s["latent_dim"] = int(_number(s["latent_dim"], "latent_dim", 2, 256))
        try:
            s["hidden"] = tuple(int(_number(width, "A width in hidden", 1, 4096)) for width in s["hidden"])
        except TypeError:
            raise ValueError(f"hidden lists the widths of the layers, like (128, 64); got {s['hidden']!r}.") from None
        dim = s["latent_dim"]
        if s["model"] == OWN:
            dim = Space(self._own, pictures.shape).latent_dim
        if s["axes"] is not None:
            try:
                s["axes"] = tuple(int(axis) for axis in s["axes"])
            except (TypeError, ValueError):
                raise ValueError(f"axes are two numbers of the code, like (0, 1); got {s['axes']!r}.") from None
            a = s["axes"]
            if len(a) != 2 or a[0] == a[1] or not 0 <= min(a) <= max(a) < dim:
                if a != self.settings.get("axes"):
                    raise ValueError(f"axes are two different numbers from 0 to {dim - 1}; got {a}.")
                s["axes"] = None  # left over from a longer code
        s["extent"] = _number(s["extent"] or 0, "extent", 0, 1e4)
        s["label"] = int(_number(s["label"], "label", 0, max(len(pictures.classes) - 1, 0)))
        if s["beside"] not in ("none", *SHIPPED):
            raise ValueError(f"There is no finished model {s['beside']!r}; there are: {', '.join(SHIPPED)}.")
        if s["beside"] != "none" and pictures.shape != (1, 28, 28):
            raise ValueError("Finished models know pictures of 28 × 28 pixels only.")
        s["train"] = bool(s["train"])
        return s

    def model_settings(self, settings: dict) -> dict:
        """What of the settings a model that trains takes."""
        kind = self._kind(settings)
        return {"lr": settings["lr"]} | ({"beta": settings["beta"]} if kind in ("vae", "cvae") else {})

    def _kind(self, s: dict) -> str:
        return Space(self._own, pictures_of(s["data"]).shape).kind if s["model"] == OWN else s["model"]

    def _finished_name(self, s: dict) -> str | None:
        known = isinstance(s["data"], str) and s["data"] == "mnist"
        if s["model"] == OWN or not known or s["hidden"] != HIDDEN:
            return None
        return shipped_name(s["model"], s["beta"], s["latent_dim"])

    def _notice(self) -> str:
        s = self.settings
        if s["train"] or s["model"] == OWN or self._finished_name(s):
            return ""
        return (
            f"There is no finished model for this ({_title(s['model'], s['beta'], s['latent_dim'])}); Play trains one."
        )

    def make_run(self):
        s = self.settings
        pictures = pictures_of(s["data"])
        self._look_at(s)
        if not s["train"]:
            if s["model"] == OWN:
                return self._finished(self._own, "your own net", 0, pictures)
            name = self._finished_name(s)
            if name:
                return self._shipped(name, pictures)
        own = copy.deepcopy(self._own) if s["model"] == OWN else None
        kind = self._kind(s)
        model = new_model(kind, pictures, s["beta"], s["latent_dim"], s["hidden"], s["lr"], s["seed"], self.device, own)
        title = "your own net" if own is not None else _title(kind, s["beta"], s["latent_dim"])
        look = LatentLook(pictures, self._view, COARSE, s["seed"], f"{title}, training")
        look.describe(look.space(model))
        return Recorder(model, training_rows(model, pictures), look, batch=self.batch, every=20, limit=120)

    def _look_at(self, s: dict, axes: tuple[int, int] = (0, 1)) -> None:
        self._view |= {"axes": s["axes"] or axes, "label": s["label"], "extent": s["extent"]}

    def _shipped(self, name: str, pictures: Pictures) -> Finished:
        net, facts = load_shipped(name)
        run = self._finished(net.to(self.device), _title(*SHIPPED[name]), int(facts["steps"]), pictures)
        run.name = name
        return run

    def _finished(self, net: nn.Module, title: str, step: int, pictures: Pictures) -> Finished:
        look = LatentLook(pictures, self._view, FINE, 0, title, shipped=True)
        space = look.space(net)
        if self.settings["axes"] is None and space.latent_dim > 2 and space.kind in ("vae", "cvae"):
            most = kl_per_dimension(*look.codes(space)).topk(2).indices.tolist()
            self._view["axes"] = tuple(sorted(most))
        return Finished(net, look.describe(space), step)

    def _make_runs(self) -> list:
        with one_thread():
            runs = [self.make_run()]
            if self.settings["beside"] != "none":
                runs.append(self._shipped(self.settings["beside"], pictures_of(self.settings["data"])))
        return runs

    def set(self, **changes) -> None:
        """Change settings: β and the learning rate of a model that trains, from here on (in a comparison, of the right
        run); what is drawn, at once; all else begins anew. Raises ValueError."""
        unknown = changes.keys() - self.settings.keys()
        if unknown:
            raise ValueError(f"There is no setting {min(unknown)!r}; there are: {', '.join(self.settings)}.")
        with self._trainer.between_steps(), one_thread():
            before, trial = self.settings, self._checked(self.settings | changes)
            self.settings = trial
            try:
                if changes.keys() <= set(OF_VIEW):
                    self._look_at(trial, self._view["axes"])
                    self._refresh()
                elif changes.keys() <= set(OF_MODEL) and self._learning:
                    self._learning[-1].change(**self.model_settings(trial))
                    self._show()
                else:
                    self.pause()
                    runs = self._make_runs()
                    self.runs = runs
                    self._show_all()
            except ASK:
                self.settings = before
                raise
            finally:
                self.changed()
        self.view.message = self._notice()

    def select(self, model: str, **changes) -> "LatentSpace":
        """Show another model: a kind ("ae", "vae", "cvae", "gan") or the name of a finished one ("vae-4")."""
        if model in SHIPPED:
            kind, beta, dim = SHIPPED[model]
            changes = {"model": kind, "latent_dim": dim, "train": False} | ({"beta": beta} if beta else {}) | changes
        else:
            changes = {"model": model} | changes
        self.set(**changes)
        return self

    def compare(self, name: str | None) -> "LatentSpace":
        """Show a finished model (a name in SHIPPED) beside this one, or None."""
        self.set(beside=name or "none")
        return self

    # -- what learners ask ---------------------------------------------------------------------------------------
    @property
    def _learning(self) -> list[Recorder]:
        return [run for run in self.runs if isinstance(run, Recorder)]

    @property
    def _main(self):
        return self._learning[-1] if self._learning else self.runs[0]

    @property
    def recording(self) -> Recording:
        return self._main.recording

    @property
    def step_number(self) -> int:
        return self._main.step

    @property
    def space(self) -> Space:
        """The model as it is now, as encoder and decoder."""
        return self._main.look.space(self._main.model)

    @property
    def images(self) -> torch.Tensor:
        """The pictures whose codes are drawn, (N, *shape) in [0, 1]; the model has not seen them in training."""
        return pictures_of(self.settings["data"]).shown

    @property
    def labels(self) -> torch.Tensor:
        """Their classes, (N,)."""
        return pictures_of(self.settings["data"]).labels

    def posterior(self, images, labels=None) -> tuple[torch.Tensor, torch.Tensor]:
        """Means and standard deviations (N, Z) of the codes of pictures (N, *shape) in [0, 1]. `labels` for conditional
        models, by default the class chosen. A GAN's codes are searched."""
        with self._trainer.between_steps(), one_thread():
            space = self.space
            x = torch.as_tensor(np.asarray(images)).float()
            if x.numel() == 0 or x.numel() % math.prod(space.shape) or not x.isfinite().all():
                raise ValueError(f"Pictures must be finite, of shape (N, {_comma(space.shape)}); got {tuple(x.shape)}.")
            if x.min() < 0 or x.max() > 1:
                raise ValueError(f"Pixels must lie in [0, 1]; these go from {x.min():.3g} to {x.max():.3g}.")
            x = x.reshape(-1, *space.shape)
            if labels is None:
                labels = torch.full((len(x),), self.settings["label"])
            return space.encode(x, torch.as_tensor(labels))

    def encode(self, images, labels=None) -> torch.Tensor:
        """Codes (N, Z) of pictures; of a VAE, the means. See `posterior`."""
        return self.posterior(images, labels)[0]

    def decode(self, z, label: int | None = None) -> torch.Tensor:
        """Codes (N, Z) → pictures (N, *shape) in [0, 1]."""
        with self._trainer.between_steps(), one_thread():
            space = self.space
            z = torch.as_tensor(np.asarray(z)).float()
            z = z[None] if z.ndim == 1 else z
            if z.ndim != 2 or z.shape[1] != space.latent_dim or not z.isfinite().all():
                raise ValueError(f"Codes must be finite, of shape (N, {space.latent_dim}); got {tuple(z.shape)}.")
            return space.decode(z, self.settings["label"] if label is None else label)

    def walk(self, a, b, steps: int = 9, path: str = "line") -> tuple[torch.Tensor, torch.Tensor]:
        """Codes (steps, Z) and pictures (steps, *shape) on the way from a to b: "line", or "circle" for a great circle.

        a, b: numbers of pictures in `images` (of a GAN: of its points), or codes (Z,)."""
        if int(steps) < 2:
            raise ValueError(f"A walk has at least 2 steps; got {steps}.")
        with self._trainer.between_steps(), one_thread():
            ends = [self._code_of(self._main, end) for end in (a, b)]
            z = walk_codes(*ends, int(steps), path)
            return z, self.decode(z)

    def _code_of(self, run, end) -> torch.Tensor:
        space = run.look.space(run.model)
        if isinstance(end, int | np.integer):
            codes = run.look.codes(space)[0]
            if not 0 <= end < len(codes):
                raise ValueError(f"There are pictures 0 to {len(codes) - 1}; got {end}.")
            return codes[int(end)]
        z = torch.as_tensor(np.asarray(end)).float()
        if z.shape != (space.latent_dim,) or not z.isfinite().all():
            raise ValueError(f"A walk's end is a picture's number or a code of {space.latent_dim} numbers.")
        return z

    @property
    def kl(self) -> torch.Tensor:
        """KL divergence of the posterior from the prior for each number of the code, in nats, mean over `images`: (Z,).

        Raises ValueError for models without a posterior."""
        with self._trainer.between_steps(), one_thread():
            run = self._main
            space = run.look.space(run.model)
            if space.kind in ("ae", "gan"):
                raise ValueError(
                    "An autoencoder's code is a point, not a cloud: it has no KL divergence."
                    if space.kind == "ae"
                    else "A GAN has no encoder, so there is no posterior and no KL divergence."
                )
            return kl_per_dimension(*run.look.codes(space))

    @property
    def dead(self) -> list[int]:
        """The numbers of the code that say nothing: KL below 0.01 nats."""
        return [i for i, value in enumerate(self.kl.tolist()) if value < DEAD]

    @property
    def collapsed(self) -> bool:
        """Whether the whole posterior has collapsed onto the prior: every number of the code is dead."""
        return len(self.dead) == len(self.kl)

    def holes(self) -> Holes:
        """Where the prior promises pictures and no code lies near, on the axes shown; see `hole_map`."""
        from scipy import ndimage

        with self._trainer.between_steps(), one_thread():
            run = self._main
            space = run.look.space(run.model)
            if space.kind == "gan":
                raise ValueError("A GAN is trained on all of its prior: there can be no holes, only bad pictures.")
            mean, std = run.look.codes(space)
            axes = list(run.look.axes(space))
            found, share = hole_map(mean[:, axes], std[:, axes])
            parts, count = ndimage.label(found)
            depth = ndimage.distance_transform_edt(np.pad(found, 1))[1:-1, 1:-1]
            ticks = np.linspace(-HOLE_EXTENT, HOLE_EXTENT, HOLE_CELLS)
            prior = np.exp(-(ticks[:, None] ** 2 + ticks**2) / 2)
            places = []
            for part in range(1, count + 1):
                row, column = np.unravel_index(
                    np.argmax(np.where(parts == part, depth + 1e-3 * prior, -1)), found.shape
                )
                places.append((prior[parts == part].sum(), ticks[column], ticks[row]))
            places = sorted(places, reverse=True)[:5]
            z = run.look.plane(space, torch.tensor([place[1:] for place in places]).reshape(-1, 2))
            made = space.decode(z, self.settings["label"]) if len(z) else torch.zeros(0, *space.shape)
            return Holes(share, found, z, made)

    # -- training ------------------------------------------------------------------------------------------------
    def _begin_training(self) -> None:
        """A finished model is shown: begin one like it, from nothing."""
        if self._learning:
            return
        with self._trainer.between_steps(), one_thread():
            self.settings = self.settings | {"train": True}
            self.runs = self._make_runs()
            self._show_all()
            self.changed()
            self.view.message = ""

    def run(self, steps: int = 500, progress: bool = True) -> "LatentSpace":
        self._begin_training()
        self.view.message = self.view.message.replace(self._notice() or "\n", "").strip()
        return super().run(steps, progress)

    def play(self, steps: int | None = None) -> None:
        self._begin_training()
        super().play(steps)

    def train_step(self, player: str = "both") -> None:
        self._begin_training()
        for run in self._learning:
            run.train_step(player)

    def reset(self) -> None:
        with self._trainer.between_steps():
            self.pause()
            self.runs = self._make_runs()
            self.view.message = self._notice()
            self._show_all()
        self.changed()

    def branch(self, step: int | None = None, **changes) -> None:
        if not self._learning:
            raise ValueError("A finished model has no past to branch from: press Play to train one.")
        with self._trainer.between_steps():
            trial = self._checked(self.settings | changes)
            if changes.keys() - set(OF_MODEL):
                raise ValueError(f"A branch may change {' and '.join(OF_MODEL)}; got {', '.join(changes)}.")
            before, self.runs = self.runs, self._learning[:1]
            back = self.runs[0].step if step is None else int(step)
            if back < self.runs[0].step:
                self.view.message = f"Going back to step {back}: one moment."
            try:
                super().branch(step, **{key: trial[key] for key in changes})
            except ASK:
                self.runs = before
                raise
            self.view.message = ""

    def _show(self, phase: dict | None = None, pushing: bool = True) -> None:
        with self.pace.frame():
            for i, run in enumerate(self.runs):
                if isinstance(run, Finished):
                    continue  # it stays as it is
                thinned = run.capture()
                if pushing:
                    self._push(i, run.recording.frames[-1], phase)
                if thinned:
                    self.view.send({"kind": "steps", "run": i, "steps": run.recording.steps})

    def _refresh(self) -> None:
        """New frames of models that have not moved: something else is to be drawn."""
        for i, run in enumerate(self.runs):
            run.capture()
            self._push(i, run.recording.frames[-1])

    def run_names(self) -> list[str]:
        if len(self._learning) > 1:
            return super().run_names()
        return [run.recording.about["title"] for run in self.runs]

    # -- the view's wishes ---------------------------------------------------------------------------------------
    def press(self, button: str, **what) -> None:
        with one_thread():
            if button == "new_seed":
                self.set(seed=int(self.settings["seed"]) + 1, train=True)
            elif button == "decode":
                x, y = (_number(value, "A coordinate", -1e6, 1e6) for value in what["z"])
                for i, run in enumerate(self.runs):
                    space = run.look.space(run.model)
                    made = space.decode(run.look.plane(space, torch.tensor([[x, y]])), self.settings["label"])
                    shown = [*run.look.axes(space), self.settings["label"]]
                    self._tell(i, "decoded", made, z=[x, y], shown=shown)
            elif button == "pick":
                self._pick(int(what["index"]), what.get("run", 0))
            elif button == "walk":
                self._walk(int(what["a"]), int(what["b"]), what.get("run", 0))
            elif button == "drawn":
                self._drawn(what["pixels"])
            elif button == "atlas":
                for i, run in enumerate(self.runs):
                    if isinstance(run, Recorder):
                        frame, space = run.recording.frames[-1], run.look.space(run.model)
                        if frame.step == run.step:
                            atlas = run.look.atlas(space, frame.values["extent"], FINE)
                            self._tell(i, "atlas", None, atlas, shape=list(atlas.shape))
            else:
                super().press(button, **what)

    def _tell(self, i: int, kind: str, images: torch.Tensor | None, *arrays: np.ndarray, **what) -> None:
        buffers = [] if images is None else [_bytes(images)]
        buffers += [np.ascontiguousarray(array).tobytes() for array in arrays]
        self.view.send({"kind": kind, "run": i, "step": self.runs[i].step, **what}, buffers)

    def _run(self, number) -> tuple[int, object]:
        if not isinstance(number, int) or not 0 <= number < len(self.runs):
            raise ValueError(f"There is no run {number!r}.")
        return number, self.runs[number]

    def _pick(self, index: int, number: int) -> None:
        i, run = self._run(number)
        space = run.look.space(run.model)
        code = self._code_of(run, index)[None]
        pictures = run.look.pictures
        label = pictures.labels[index : index + 1] if space.kind != "gan" else 0
        made = space.decode(code, label)
        what = {"index": index}
        if space.kind != "gan":
            what["misfit"] = _misfit(made, pictures.shown[index : index + 1])
        self._tell(i, "picked", made, **what)

    def _walk(self, a: int, b: int, number: int) -> None:
        i, run = self._run(number)
        space = run.look.space(run.model)
        ends = self._code_of(run, a), self._code_of(run, b)
        ways = torch.cat([walk_codes(*ends, 9, path) for path in ("line", "circle")])
        label = self.settings["label"]
        if space.classes:
            label = run.look.pictures.labels[a]
        self._tell(i, "walked", space.decode(ways, label), a=a, b=b, count=9)

    def _drawn(self, pixels) -> None:
        pictures = pictures_of(self.settings["data"])
        shape = pictures.shape
        x = torch.as_tensor(np.asarray(pixels, dtype=np.float32)).flatten() / 255
        if len(x) != math.prod(shape) or not x.isfinite().all():
            raise ValueError(f"A drawing has {math.prod(shape)} pixels; got {len(x)} numbers.")
        if x.max() < 0.2:
            raise ValueError("The drawing is empty: draw something first.")
        x = x.clamp(0, 1).reshape(shape)
        x = (like_mnist(x) if pictures.name == "mnist" else x)[None]
        for i, run in enumerate(self.runs):
            space = run.look.space(run.model)
            labels = torch.tensor([self.settings["label"]])
            mean, std = space.encode(x, labels)
            made = space.decode(mean, labels)
            axes = list(run.look.axes(space))
            usual = run.recording.frames[-1].values.get("misfit")
            what = {"z": mean[0, axes].tolist(), "spread": std[0, axes].tolist(), "misfit": _misfit(made, x)}
            self._tell(i, "landed", torch.cat([x, made]), usual=usual, **what)
        self.view.message = ""

    # -- controls ------------------------------------------------------------------------------------------------
    def _make_controls(self, defaults: dict) -> dict:
        def slim(width="auto"):
            return ipywidgets.Layout(width=width, margin="2px 10px 2px 2px")  # one for each, because some hide

        shipped = [(_title(*what), name) for name, what in SHIPPED.items()]
        kinds = [(title, kind) for kind, title in KINDS.items()]

        def choice(options, value, description):
            return ipywidgets.Dropdown(options=options, value=value, description=description, layout=slim())

        controls = {
            "model": choice(kinds, "vae", "model"),
            "beta": choice([0.25, 1.0, 4.0, 16.0, 50.0], 1.0, "β"),
            "latent_dim": choice([2, 3, 5, 10, 20], 2, "numbers in the code"),
            "data": choice([*CLASSES], "mnist", "data"),
            "beside": choice([("nothing", "none"), *shipped], "none", "beside it"),
            "train": ipywidgets.Checkbox(False, description="train from nothing", indent=False, layout=slim()),
            "lr": ipywidgets.FloatText(defaults["lr"], description="rate", step=1e-4, layout=slim("130px")),
            "seed": ipywidgets.BoundedIntText(0, min=0, max=10**6, description="seed", layout=slim("130px")),
            "label": choice([(str(k), k) for k in range(10)], 0, "decode as class"),
            "axis_x": choice([("z[0]", 0), ("z[1]", 1)], 0, "across"),
            "axis_y": choice([("z[0]", 0), ("z[1]", 1)], 1, "up"),
            "extent": choice([("all", 0.0), *((f"±{e}", float(e)) for e in (2, 3, 4, 6, 12))], 0.0, "show"),
        }
        for name, control in controls.items():
            control.style = {"description_width": "initial"}
            control.observe(lambda change, name=name: self._moved(name, change["new"]), "value")
        return controls

    def _moved(self, name: str, value) -> None:
        if getattr(self, "_following", False) or value == OWN or not self.runs:
            return
        try:
            if name.startswith("axis_"):
                x, y = self._view["axes"]
                axes = (value, y if value != y else x) if name == "axis_x" else (x if value != x else y, value)
                self.set(axes=axes)
            else:
                self.set(**{name: value})
        except ASK as error:
            self.say(_sentence(error))

    def changed(self) -> None:
        """Controls follow the settings, and the settings what is left to see."""
        if len(self.runs) == 1:
            run, s = self.runs[0], self.settings
            s = s | {"beside": "none"}
            if getattr(run, "name", None) in SHIPPED:
                kind, beta, dim = SHIPPED[run.name]
                s |= {"model": kind, "latent_dim": dim, "train": False} | ({"beta": beta} if beta else {})
            elif isinstance(run, Recorder) and run.look.about["kind"] in ("vae", "cvae"):
                s["beta"] = run.model.beta
            self.settings = s
        s, dim = self.settings, self.space.latent_dim
        self._following = True
        try:
            pictures = pictures_of(s["data"])
            self._controls["label"].options = [(name, k) for k, name in enumerate(pictures.classes)]
            for axis in ("axis_x", "axis_y"):
                self._controls[axis].options = [(f"z[{k}]", k) for k in range(dim)]
            values = s | dict(zip(("axis_x", "axis_y"), self._main.look.axes(self.space), strict=True))
            values["latent_dim"] = dim
            for name, control in self._controls.items():
                value = values[name]
                if isinstance(control, ipywidgets.Dropdown):
                    if not isinstance(value, str | int | float):
                        value = pictures.name
                    known = [option[1] if isinstance(option, tuple) else option for option in control.options]
                    if value not in known:
                        control.options = [*control.options, value]
                control.value = value
            kind = self._kind(s)
            shown = {
                "beta": kind in ("vae", "cvae"),
                "label": any(run.look.about["conditional"] for run in self.runs),
                "axis_x": dim > 2,
                "axis_y": dim > 2,
                "lr": bool(self._learning),
                "seed": bool(self._learning),
                "train": s["model"] == OWN or self._finished_name(s) is not None,
            }
            for name, on in shown.items():
                self._controls[name].layout.display = None if on else "none"
        finally:
            self._following = False

    # -- pictures for those without a kernel ---------------------------------------------------------------------
    def still(self):
        from matplotlib import patheffects

        run = self._main
        frame, about, fixed = run.recording.frames[-1], run.recording.about, run.recording.fixed
        e, kind = frame.values["extent"], about["kind"]
        kl = frame.arrays.get("kl")
        figure = plotting.figure(plotting.WIDTH, 3.3 if kl is None else 2.75)
        ratios = [1, 1] if kl is None else [1, 1, 0.5]
        axes = figure.subplots(1, len(ratios), width_ratios=ratios)
        ax = axes[0]
        codes = unpack_points(frame.arrays["codes"], e)
        labels = frame.arrays.get("labels", fixed["labels"])
        for k in np.unique(labels):
            ax.scatter(*codes[labels == k].T, s=6, color=COLOURS[k % 10], linewidths=0)
        for k in np.unique(labels) if len(np.unique(labels)) > 1 and not about["conditional"] else ():
            x, y = np.median(codes[labels == k], axis=0)
            glyph = ax.text(x, y, str(k), ha="center", va="center", fontweight="bold", color=COLOURS[k % 10])
            glyph.set_path_effects([patheffects.withStroke(linewidth=3, foreground="white")])
        angle = np.linspace(0, 2 * np.pi, 100)
        for radius in (1, 2, 3):
            ax.plot(radius * np.cos(angle), radius * np.sin(angle), color="black", linestyle="--", linewidth=0.8)
        what = "noise" if kind == "gan" else "codes of unseen pictures"
        ax.set(title=what, xlim=(-e, e), ylim=(-e, e), aspect="equal")
        ax.set(xlabel=f"z[{frame.values['axis_x']}]", ylabel=f"z[{frame.values['axis_y']}]")
        atlas = frame.arrays["atlas"]
        atlas = atlas[::2, ::2] if len(atlas) > COARSE else atlas
        n, _, height, width = atlas.shape
        mosaic = atlas[::-1].transpose(0, 2, 1, 3).reshape(n * height, n * width)
        axes[1].imshow(np.round(mosaic / 17) * 17, cmap="gray_r", vmin=0, vmax=255)
        axes[1].set(title="what each place decodes to", xticks=[], yticks=[])
        if kl is not None:
            bars = axes[2].bar(range(len(kl)), kl, color=plotting.NEUTRAL[0])
            for bar, value in zip(bars, kl, strict=True):
                if value < DEAD:
                    axes[2].text(bar.get_x() + bar.get_width() / 2, 0, "dead ", rotation=90, ha="center", va="bottom")
            axes[2].set(title="KL (nats)", xlabel="number", xticks=range(0, len(kl), 1 if len(kl) < 6 else 5))
            axes[2].set_ylim(0, max(0.1, 1.1 * float(kl.max())))
        figure.suptitle(f"{about['title']}, step {frame.step}")
        return figure

    def thinned(self, recording: Recording) -> list[Frame]:
        frames = recording.frames
        places = sorted(set(np.linspace(0, len(frames) - 1, min(len(frames), 8)).round().astype(int)))
        small = []
        for i in places:
            frame = frames[i]
            atlas = frame.arrays["atlas"]
            if len(frames) > 1 and len(atlas) > COARSE:
                atlas = atlas[::2, ::2]
            # half as many pixels a side, 16 greys, coarser places
            arrays = {
                "codes": frame.arrays["codes"][:300] // 64 * 64,
                "spread": frame.arrays["spread"][:300] // 32 * 32,
                "atlas": _halved(atlas) // 17 * 17,
            }
            for name in ("kl", "holes"):
                if name in frame.arrays:
                    arrays[name] = frame.arrays[name]
            if "labels" in frame.arrays:
                arrays["labels"] = frame.arrays["labels"][:300]
            small.append(Frame(frame.step, frame.values, arrays))
        return small

    def small_fixed(self, recording: Recording) -> dict[str, np.ndarray]:
        fixed = {"labels": recording.fixed["labels"][:300]}
        if "images" in recording.fixed:
            fixed["images"] = _halved(recording.fixed["images"][:300]) // 17 * 17
        return fixed

    def _ipython_display_(self) -> None:
        from IPython.display import display

        super()._ipython_display_()
        if len(self.recording) == 1:  # one frame is enough to walk in
            frames = {i: self.thinned(run.recording) for i, run in enumerate(self.runs)}
            display({"text/html": self._player(frames), "text/plain": repr(self.recording)}, raw=True)

    def __repr__(self) -> str:
        about = self._main.recording.about
        return f"LatentSpace({about['title']}, {about['data']}, step {self.step_number})"


def like_mnist(x: torch.Tensor) -> torch.Tensor:
    """A drawing (1, H, W) in the size and place of MNIST's digits: its longer side 20 pixels, its centre of mass at
    pixel (14, 14), counted from 0. MNIST's own digits come out as they are."""
    rows, columns = (torch.nonzero(x[0].amax(axis) > 0.1).flatten() for axis in (1, 0))
    x = x[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = 20 / max(x.shape[1:])
    size = [max(1, round(scale * side)) for side in x.shape[1:]]
    if size != list(x.shape[1:]):
        x = F.interpolate(x[None], size=size, mode="bilinear", antialias=True)[0].clamp(0, 1)
    _, height, width = x.shape
    mass = x.sum()
    row = float((x.sum((0, 2)) * torch.arange(height)).sum() / mass)
    column = float((x.sum((0, 1)) * torch.arange(width)).sum() / mass)
    top, left = round(14 - row), round(14 - column)
    placed = torch.zeros(1, 28 + 2 * 28, 28 + 2 * 28)
    placed[:, 28 + top : 28 + top + height, 28 + left : 28 + left + width] = x
    return placed[:, 28:56, 28:56]


def _title(kind: str, beta: float, latent_dim: int) -> str:
    words = [KINDS.get(kind, kind)]
    if kind in ("vae", "cvae"):
        words.append(f"β = {beta:g}")
    if latent_dim != 2:
        words.append(f"{latent_dim} numbers")
    return ", ".join(words)


def _sentence(error: BaseException) -> str:
    return str(error.args[0] if isinstance(error, KeyError) and error.args else error)


def _comma(shape) -> str:
    return ", ".join(str(size) for size in shape)


def _number(value, what: str, low: float, high: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{what} must be a number; got {value!r}.") from None
    if not low <= number <= high:
        raise ValueError(f"{what} must be a number from {low:g} to {high:g}; got {value!r}.")
    return number


def _misfit(made: torch.Tensor, x: torch.Tensor) -> float:
    return float(F.binary_cross_entropy(made.clamp(1e-6, 1 - 1e-6), x, reduction="sum") / len(x))


def _bytes(images: torch.Tensor) -> bytes:
    return (images * 255).round().to(torch.uint8).contiguous().numpy().tobytes()


def _halved(images: np.ndarray) -> np.ndarray:
    """uint8 (..., H, W) → (..., ⌈H/2⌉, ⌈W/2⌉): means of four pixels."""
    x = torch.as_tensor(images.astype(np.float32)).flatten(0, -3)[:, None]
    x = F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)[:, 0]
    return x.round().to(torch.uint8).numpy().reshape(*images.shape[:-2], *x.shape[1:])

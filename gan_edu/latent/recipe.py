"""What a latent space is learned with: the settings, the model that they mean, and its training data."""

import copy
import math
import weakref
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import Dataset

from gan_edu import models, nets, objectives
from gan_edu.data.image_sets import CLASSES
from gan_edu.latent.pictures import Pictures, pictures_of
from gan_edu.latent.space import FromMaps, Space
from gan_edu.settings import Any, Checked, Choice, Either, Flag, Number, Whole, setting
from gan_edu.training import GAN, VAE, Model

WHOLE = 2**29  # bytes of float32: pictures that take more are made numbers a batch at a time
_asked: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # nets of learners → shape → what they are
KINDS = {"ae": "autoencoder", "vae": "VAE", "cvae": "conditional VAE", "gan": "GAN"}


def _data(value):
    """A name as it is, anything else as Pictures."""
    pictures = pictures_of(value)
    return value if isinstance(value, str) else pictures


def _model(value):
    """A kind, or a net; of a trained GAN the generator (the averaged one, if there is one), of a VAE its net."""
    if isinstance(value, GAN):
        value = value.nets.get("average", value.generator)
    if isinstance(value, VAE):
        value = value.net
    value = Choice(tuple(KINDS), nn.Module).check(value, "model")
    return value if isinstance(value, str) else FromMaps.of(value)


def _widths(value) -> tuple[int, ...]:
    if not isinstance(value, tuple | list):
        raise TypeError(f"hidden lists the widths of the layers, like (128, 64); got {value!r}.")
    return tuple(Whole(1, 4096).check(width, "A width in hidden") for width in value)


def _axes(value) -> tuple[int, int]:
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise TypeError(f"axes are two numbers of the code, like (0, 1); got {value!r}.")
    return tuple(Whole(0).check(axis, "An axis") for axis in value)


def _beside(value) -> str:
    if not isinstance(value, str) or value not in models.LATENT:
        raise ValueError(f"There is no finished model {value!r}; there are: {', '.join(models.LATENT)}.")
    return value


def title(kind: str, beta: float, latent_dim: int) -> str:
    words = (
        [KINDS[kind]] + [f"β = {beta:g}"] * (kind in ("vae", "cvae")) + [f"{latent_dim} numbers"] * (latent_dim != 2)
    )
    return ", ".join(words)


@dataclass(frozen=True)
class LatentSettings(Checked):
    """What `widgets.LatentSpace` can be told. applies: to the "model" that trains, to the "view", or a new "start"."""

    model: str | nn.Module = setting(
        "vae", Any(_model),
        '"ae", "vae", "cvae" or "gan"; a net of your own like `nets.VAE` (encode(x) → codes, or means and log '
        "variances; decode(z) → logits); a generator of your own (z → pixels in [−1, 1]); or the `training.GAN` or "
        "`training.VAE` that it was trained in",
        label="model", choices=[(title, kind) for kind, title in KINDS.items()],
    )  # fmt: skip
    data: object = setting(
        "mnist", Any(_data), '"mnist", "fashion_mnist", an ImageSet, such as a `data.folder`, pictures (N, H, W) or in '
        "colours (N, 3, H, W) of up to 128 pixels a side, or a pair (pictures, labels)",
        label="data", choices=list(CLASSES),
    )  # fmt: skip
    latent_dim: int = setting(
        2, Whole(2, 256), "how many numbers are in the code", label="numbers in the code", choices=[2, 3, 5, 10, 20]
    )
    hidden: tuple[int, ...] = setting(
        models.HIDDEN,
        Any(_widths),
        "widths of the encoder's layers; the decoder has them the other way round",
        control=False,
    )
    beta: float = setting(
        1.0, Number(0, 1e6), "the weight of the KL divergence",
        label="β", choices=[0.25, 1.0, 4.0, 16.0, 50.0], applies="model",
    )  # fmt: skip
    train: bool = setting(
        False, Flag(), "False: show a finished model where there is one (`models.LATENT`), until anything trains "
        "(`run`, `play`, a step); True: begin one from nothing at once",
        label="train from nothing",
    )  # fmt: skip
    beside: str | None = setting(
        None, Either(Any(_beside)), "the name of a finished model to show next to it", label="beside it",
        choices=[("nothing", None), *((title(*what), name) for name, what in models.LATENT.items())],
    )  # fmt: skip
    lr: float = setting(
        1e-3, Number(1e-9, 1e3), "the learning rate", label="rate", step=1e-4, width="130px", applies="model"
    )
    batch: int = setting(128, Whole(1, 2**16), "pictures in a batch", control=False)
    seed: int = setting(0, Whole(0, 2**31 - 1), "of the first weights and of the batches", label="seed", width="130px")
    label: int = setting(
        0, Whole(0, 99), "the class that conditional models decode", label="decode as class", applies="view",
        choices=list(range(10)),
    )  # fmt: skip
    axes: tuple[int, int] | None = setting(
        None, Either(Any(_axes)), "which two numbers of the code are drawn, counted from 0; by default those of a "
        "finished model that say most, or the first two",
        control=False, applies="view",
    )  # fmt: skip
    extent: float | None = setting(
        None, Either(Number(0, 1e4, above=True)), "draws [−extent, extent]², by default all codes", label="show",
        choices=[("all", None), *((f"±{e}", float(e)) for e in (2, 3, 4, 6, 12))], applies="view",
    )  # fmt: skip

    def __post_init__(self):
        super().__post_init__()
        dim, last = self._tried[1] if self.is_own else self.latent_dim, max(len(self.pictures.classes) - 1, 0)
        if self.axes is not None and (self.axes[0] == self.axes[1] or max(self.axes) >= dim):
            raise ValueError(f"axes are two different numbers from 0 to {dim - 1}; got {self.axes}.")
        if self.label > last:
            raise ValueError(f"label must be a whole number from 0 to {last}; got {self.label}.")
        if self.beside is not None and self.pictures.shape != (1, 28, 28):
            raise ValueError("Finished models know pictures of 28 × 28 pixels only.")

    @property
    def pictures(self) -> Pictures:
        return pictures_of(self.data)

    @property
    def is_own(self) -> bool:
        """Whether the model is a learner's own."""
        return isinstance(self.model, nn.Module)

    @property
    def space(self) -> Space:
        """Of a learner's own model. Raises ValueError when it can't be used."""
        space = Space(self.model, self.pictures.shape)
        _asked.setdefault(self.model, {})[space.shape] = space.kind, space.latent_dim
        return space

    @property
    def kind(self) -> str:
        return self._tried[0] if self.is_own else self.model

    @property
    def _tried(self) -> tuple[str, int]:
        """The kind and the numbers in the code of a learner's own model: it is asked once. Raises as `space`."""
        known = _asked.get(self.model, {}).get(self.pictures.shape)
        if known is None:
            space = self.space
            known = space.kind, space.latent_dim
        return known

    @property
    def finished(self) -> str | None:
        """The name of the finished model that has these settings, or None."""
        if self.is_own or self.data != "mnist" or self.hidden != models.HIDDEN:
            return None
        alike = (
            name
            for name, (kind, beta, dim) in models.LATENT.items()
            if (kind, dim) == (self.model, self.latent_dim) and (kind in ("ae", "gan") or beta == self.beta)
        )
        return next(alike, None)

    @property
    def title(self) -> str:
        return "your own net" if self.is_own else title(self.model, self.beta, self.latent_dim)

    @property
    def of_model(self) -> dict:
        """Arguments that a model can take up while it trains."""
        return {"lr": self.lr} | ({"beta": self.beta} if self.kind in ("vae", "cvae") else {})


def settings_of(name: str) -> dict:
    """The settings of a finished model, by its name in models.LATENT."""
    kind, beta, dim = models.LATENT[name]
    return {"model": kind, "latent_dim": dim, "hidden": models.HIDDEN, "train": False} | (
        {"beta": beta} if beta else {}
    )


class _ForTraining(nn.Module):
    """Any of the encoders and decoders as `training.VAE` trains them: classes ride behind the pixels of each row."""

    def __init__(self, space: Space):
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


def new_model(s: LatentSettings, device=None) -> Model:
    """The model that settings mean, ready to train on `training_rows`; a net of one's own is trained as a copy."""
    shape, kind = s.pictures.shape, s.kind
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(s.seed)
        net = (
            copy.deepcopy(s.model)
            if s.is_own
            else models.latent_net(kind, shape, s.latent_dim, s.hidden, max(len(s.pictures.classes), 1))
        )
        if kind == "gan":
            judge = _judge(shape, Space(net, shape).in_rows)
    if kind == "gan":
        adam = {"lr": s.lr, "betas": (0.5, 0.99)}
        return GAN(net, judge, penalties={"r1": 1.0}, ema=0.999, seed=s.seed, device=device, **adam)
    beta = 0.0 if kind == "ae" else s.beta
    net = _ForTraining(Space(net, shape))
    likelihood = _likelihood_of_pixels if net.classes else "bernoulli"
    return VAE(net, beta=beta, lr=s.lr, log_likelihood=likelihood, seed=s.seed, device=device)


def net_of(model: Model | nn.Module) -> nn.Module:
    """What a model of `new_model` trains: the net to look at, or a net as it is."""
    if isinstance(model, GAN):
        return model.generator
    return model.net.net if isinstance(model, Model) else model


def _judge(shape: tuple[int, ...], in_rows: bool) -> nn.Module:
    """A discriminator of pictures that a generator gives as rows, or as maps."""
    if not in_rows and shape[1] == shape[2] and shape[1] in nets.SIDES:
        return nets.DCGANDiscriminator(shape=shape)
    judge = nets.mlp([math.prod(shape), 256, 128, 1])
    return judge if in_rows else nn.Sequential(nn.Flatten(), judge)


def training_rows(model: Model, pictures: Pictures) -> torch.Tensor | Dataset:
    """The pictures as this model takes them."""
    if 4 * len(pictures.rows) * math.prod(pictures.shape) > WHOLE:
        return _Rows(model, pictures)
    return _taken(model, pictures.train, pictures.train_labels)


def _taken(model: Model, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Pictures in [0, 1] as this model takes them."""
    if isinstance(model, GAN):
        x = x * 2 - 1
        return x.flatten(1) if Space(model.generator, x.shape[1:]).in_rows else x
    if model.net.classes:
        return torch.cat([x.flatten(1), F.one_hot(labels, model.net.classes).float()], dim=1)
    return x


class _Rows(Dataset):
    """Many or large pictures, of which only those of a batch are in memory as numbers."""

    def __init__(self, model: Model, pictures: Pictures):
        self.model, self.pictures = model, pictures

    def __len__(self) -> int:
        return len(self.pictures.rows)

    def __getitems__(self, places: list[int]) -> list[torch.Tensor]:
        some = torch.as_tensor(places)
        return list(_taken(self.model, self.pictures.learned(some), self.pictures.train_labels[some]))

    def __getitem__(self, place: int) -> torch.Tensor:
        return self.__getitems__([place])[0]

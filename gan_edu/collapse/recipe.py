"""What an ensemble is trained with: the settings, the nets that they mean, and a run that can be branched."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from gan_edu import ensemble, nets, objectives
from gan_edu.collapse.distributions import DATA, Digits, Plane, data_of, modes_of
from gan_edu.collapse.losses import LossLog
from gan_edu.collapse.observer import CollapseObserver
from gan_edu.recorder import Recorder
from gan_edu.settings import Any, Checked, Choice, Either, Flag, Number, Whole, setting
from gan_edu.training import GAN

USUAL = {  # settings that depend on the data
    "plane": {"seeds": 8, "lr_g": 1e-2, "lr_d": 1e-2, "hidden": 32, "batch": 128},
    "digits": {"seeds": 4, "lr_g": 4e-3, "lr_d": 2e-3, "hidden": 128, "batch": 64},
}
RATE = {"rule": Number(0, 1, above=True), "width": "140px", "step": 1e-3, "applies": "model"}


def kind_of(data) -> str:
    return "digits" if isinstance(data, str) and data == "digits" else "plane"


def _penalty(value) -> str:
    return Choice(tuple(objectives.PENALTY_SETS)).check("none" if value is None else value, "penalty")


@dataclass(frozen=True)
class CollapseSettings(Checked):
    """What `widgets.ModeCollapse` can be told. applies: a remedy goes on with the "model", or makes another
    "discriminator"; all else needs a new start."""

    data: object = setting(
        "ring", Any(data_of), '"ring", "unbalanced ring", "grid", "digits" (MNIST; the modes are its classes), a '
        "distribution of the plane with modes, such as `data.toy.ring(modes=5)`, points of your own (N, 2) (an array, "
        "a tensor, two columns of a table), or a pair (points, centres of their modes (K, 2))",
        choices=DATA,
    )  # fmt: skip
    seeds: int = setting(8, Whole(1, 16), "how many GANs stand side by side; 4 of digits", width="105px")
    seed: int = setting(0, Whole(0, 10**6), "of the first of them", label="first seed", width="140px")
    loss: str | objectives.Loss = setting(
        "non_saturating", Choice(tuple(objectives.LOSSES), objectives.Loss), "a name in `objectives.LOSSES`, or an "
        "`objectives.Loss`",
        choices=tuple(objectives.LOSSES), applies="model",
    )  # fmt: skip
    penalty: str = setting(
        "none", Any(_penalty), '"r1", "r2", "r1 + r2" or "gradient penalty", on the discriminator\'s gradient',
        choices=objectives.PENALTY_MENU, applies="model",
    )  # fmt: skip
    penalty_weight: float = setting(0.1, Number(0), "of the penalty", label="weight", width="120px", applies="model")
    lr_g: float = setting(1e-2, help="the generators' learning rate; 0.004 of digits", label="G's rate", **RATE)
    lr_d: float = setting(1e-2, help="the discriminators' learning rate; 0.002 of digits", label="D's rate", **RATE)
    discriminator_steps: int = setting(
        1, Whole(1, 20), "of the discriminator for each of the generator", label="D steps", width="110px",
        applies="model",
    )  # fmt: skip
    packing: int = setting(
        1, Choice((1, 2, 4)), "samples that the discriminator judges at once: 1, 2 or 4",
        choices=(1, 2, 4), applies="discriminator",
    )  # fmt: skip
    unroll: int = setting(
        0, Whole(0, 10), "steps of the discriminator that the generator looks ahead",
        label="unrolling", choices=(0, 1, 5), applies="model",
    )  # fmt: skip
    ema: float | None = setting(
        None, Either(Number(0, 1, below=True)), "decay of an average of the generators' weights",
        label="EMA", choices=(("off", None), 0.9, 0.99, 0.999), applies="model",
    )  # fmt: skip
    spectral_norm: bool = setting(
        False, Flag(), "of the discriminators' layers", label="spectral norm", applies="discriminator"
    )
    minibatch_std: bool = setting(
        False, Flag(), "a discriminator sees how much its batch varies", label="minibatch std", applies="discriminator"
    )
    hidden: int = setting(32, Whole(1, 1024), "width of the hidden layers; 128 of digits", control=False)
    batch: int = setting(128, Whole(8, 4096), "samples in a batch; 64 of digits", control=False)

    def __post_init__(self):
        super().__post_init__()
        if self.batch % self.packing:
            raise ValueError(f"batch must be a multiple of packing; got {self.batch} and {self.packing}.")

    @property
    def of_model(self) -> dict:
        """The arguments of GAN."""
        return {
            "loss": self.loss,
            "penalties": {name: self.penalty_weight for name in objectives.PENALTY_SETS[self.penalty]},
            "lr": (self.lr_g, self.lr_d),
            "betas": (0.0, 0.999) if kind_of(self.data) == "digits" else (0.5, 0.999),
            "discriminator_steps": self.discriminator_steps,
            "packing": self.packing,
            "unroll": self.unroll,
            "ema": self.ema,
        }


OF_DISCRIMINATOR = tuple(
    name for name in CollapseSettings.names() if CollapseSettings.about(name).get("applies") == "discriminator"
)
REMEDIES = tuple(name for name in CollapseSettings.names() if "applies" in CollapseSettings.about(name))


@dataclass(frozen=True)
class Makers:
    """Functions that make a learner's own nets; None for the course's. `discriminator` may have arguments `packing`,
    `spectral_norm` and `minibatch_std`, and gets them."""

    generator: Callable[[], nn.Module] | None = None
    discriminator: Callable[..., nn.Module] | None = None

    def __post_init__(self):
        for player, make in (("generator", self.generator), ("discriminator", self.discriminator)):
            if make is not None and (not callable(make) or isinstance(make, nn.Module)):
                raise TypeError(
                    f"make_{player} must be a function that makes a new net, so that every seed gets its own; "
                    f"got a {type(make).__name__}."
                )

    def options(self, s: CollapseSettings) -> dict:
        """What makes the discriminator another one. Raises ValueError if the learner's own can't be told."""
        wanted = {name: getattr(s, name) for name in OF_DISCRIMINATOR}
        if self.discriminator is None:
            return wanted
        known = inspect.signature(self.discriminator).parameters
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
            return wanted
        for name, value in wanted.items():
            usual = getattr(CollapseSettings, name)
            if name not in known and value != usual:
                raise ValueError(
                    f"{name} changes the discriminator, and your make_discriminator() doesn't take it: give it an "
                    f"argument {name}={usual!r}."
                )
        return {name: value for name, value in wanted.items() if name in known}

    def of(self, s: CollapseSettings, data: Plane | Digits) -> tuple[Callable, Callable]:
        """Functions that make a generator and a discriminator. Raises as `options`."""
        plane, size, options = data.kind == "plane", data.size, self.options(s)
        layers, activation = ([s.hidden, s.hidden], "tanh") if plane else ([s.hidden], "leaky_relu")

        def generator():
            return nets.mlp([data.noise, *layers, size], activation=activation, output=None if plane else "tanh")

        def discriminator(packing=1, **more):
            return nets.mlp([packing * size, *layers, 1], activation=activation, **more)

        make = self.discriminator or discriminator
        return self.generator or generator, lambda: _logits(make(**options))

    def gans(self, s: CollapseSettings, data: Plane | Digits, device=None) -> GAN:
        """The ensemble that settings mean."""
        return ensemble.gans(*self.of(s, data), seeds=s.seeds, seed=s.seed, device=device, **s.of_model)

    def changes(self, before: CollapseSettings, after: CollapseSettings, data: Plane | Digits) -> dict:
        """For Recorder.change and Recorder.branch: the model's settings, with a new discriminator if it must be one."""
        changes = after.of_model
        if any(getattr(before, name) != getattr(after, name) for name in OF_DISCRIMINATOR):
            makers = self.of(after, data)
            pairs = (ensemble.single_nets(*makers, after.seed + i) for i in range(after.seeds))
            changes["discriminator"] = ensemble.stack(d for _, d in pairs)
        return changes


def _logits(discriminator: nn.Module) -> nn.Module:
    if isinstance(discriminator, nn.Sequential) and len(discriminator) and isinstance(discriminator[-1], nn.Sigmoid):
        raise ValueError(
            "Your discriminator ends in a sigmoid; it should give logits, because the losses bring their own sigmoid."
        )
    return discriminator


class EnsembleRun:
    """A recorder of an ensemble that knows its settings, and notes the modes that are lost; all else is the
    recorder's."""

    def __init__(self, recorder: Recorder, data: Plane | Digits, settings: CollapseSettings, makers: Makers):
        self.recorder, self.data, self.settings, self.makers = recorder, data, settings, makers
        self.losses = LossLog(recorder.recording)

    @classmethod
    def begin(cls, settings: CollapseSettings, makers: Makers, device=None) -> "EnsembleRun":
        """From nothing."""
        data = modes_of(settings.data)
        observer = CollapseObserver(data, settings.seeds, settings.seed)
        gans = makers.gans(settings, data, device)
        recorder = Recorder(gans, data.training, observer, batch=settings.batch, limit=400, states=8)
        return cls(recorder, data, settings, makers)

    def change(self, settings: CollapseSettings) -> None:
        """Go on with other settings, from here. Raises what the nets raise; then nothing has changed."""
        self.recorder.change(**self.makers.changes(self.settings, settings, self.data))
        self.settings = settings

    def branch(self, step: int, settings: CollapseSettings | None = None) -> "EnsembleRun":
        """Another run that shares this one's past up to `step`, and goes on from there."""
        changes = self.makers.changes(self.settings, settings, self.data) if settings else {}
        other = EnsembleRun(self.recorder.branch(step, **changes), self.data, settings or self.settings, self.makers)
        other.losses = self.losses.until(step, other.losses)
        return other

    def keep(self) -> None:
        """Keep this state, so that nothing need be trained again to branch from here."""
        self.recorder.change()
        self.recorder.capture()
        self.note()

    def note(self) -> list[list]:
        """Look at the newest frame; returns what is new of lost modes, as `LossLog.rows`."""
        self.losses.add(self.recorder.recording.frames[-1])
        rows = self.losses.rows(self.losses.changed)
        self.losses.changed.clear()
        return rows

    def __getattr__(self, name: str):
        if name == "recorder":  # of a copy that is being made
            raise AttributeError(name)
        return getattr(self.recorder, name)

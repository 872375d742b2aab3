"""Widget 2: eight GANs that differ in their seed only, side by side; which lose modes, when, and what helps."""

import contextlib
import functools
import inspect
import numbers
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator

import ipywidgets
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data as course_data
from gan_edu import device as devices
from gan_edu import ensemble, metrics, nets, objectives, plotting
from gan_edu.recorder import Frame, Recorder, Recording, pack_points, unpack_points
from gan_edu.training import GAN, TrainingDiverged
from gan_edu.widgets.base import ASK, RecordedWidget
from gan_edu.widgets.trainer import Trainer, one_thread

DATA = ("ring", "unbalanced ring", "grid", "digits")
PENALTIES = {
    "none": (),
    "r1": ("r1",),
    "r2": ("r2",),
    "r1 + r2": ("r1", "r2"),
    "gradient penalty": ("gradient_penalty",),
}
OWN = "your own"
HELD = 0.25  # a mode is held when it gets more than this part of the points that it deserves
ENOUGH = 0.9  # in a sweep a seed has collapsed when it holds less than this part of the modes
SCORES = ("captured", "held", "high_quality", "d_real", "d_fake", "loss_d", "loss_g", "grad_d", "grad_g")
OF_PLANE = {"seeds": 8, "lr_g": 1e-2, "lr_d": 1e-2, "hidden": 32, "batch": 128}
OF_DIGITS = {"seeds": 4, "lr_g": 4e-3, "lr_d": 2e-3, "hidden": 128, "batch": 64}
DEFAULTS = {
    "data": "ring",
    **OF_PLANE,
    "loss": "non_saturating",
    "penalty": "none",
    "penalty_weight": 0.1,
    "spectral_norm": False,
    "packing": 1,
    "minibatch_std": False,
    "unroll": 0,
    "discriminator_steps": 1,
    "ema": None,
    "seed": 0,
}
OF_DISCRIMINATOR = ("spectral_norm", "packing", "minibatch_std")  # they change its architecture
REMEDIES = (
    *("loss", "penalty", "penalty_weight", *OF_DISCRIMINATOR, "unroll"),
    *("lr_g", "lr_d", "discriminator_steps", "ema"),
)
SWEEPS = {
    "lr": (2e-3, 5e-3, 1e-2, 2e-2),
    "lr_g": (2e-3, 5e-3, 1e-2, 2e-2),
    "lr_d": (2e-3, 5e-3, 1e-2, 2e-2),
    "discriminator_steps": (1, 2, 4),
    "penalty_weight": (0.0, 0.03, 0.3, 3.0),
    "packing": (1, 2, 4),
    "unroll": (0, 1, 3),
}


# ---------------------------------------------------------------- what is learned, and how its modes are counted


class Plane:
    """A distribution of the plane with modes, as `data.toy` makes them."""

    kind, size, noise = "plane", 2, 2

    def __init__(self, distribution, points: int = 300, samples: int = 1000):
        self.distribution = self.training = distribution
        self.points, self.samples = points, samples
        extent = float(distribution.extent)
        modes = torch.as_tensor(distribution.modes).float()
        truth = getattr(distribution, "mode_weights", None)
        self.truth = np.full(len(modes), 1 / len(modes)) if truth is None else np.asarray(truth, dtype=float)
        apart = torch.cdist(modes, modes).fill_diagonal_(torch.inf).min().item() if len(modes) > 1 else extent
        self.about = {
            "extent": extent,
            "reach": 3 * distribution.mode_std,
            "apart": apart,
            "labels": [str(k) for k in range(len(modes))],
        }
        self.real = distribution.sample(256, 0)
        self.fixed = {
            "modes": pack_points(modes, extent),
            "real": pack_points(distribution.sample(200, 1), extent),
        }

    def count(self, samples: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Samples (S, N, 2) → good ones of each mode (S, K), and the share of good ones (S,)."""
        samples = samples.cpu().float().nan_to_num(0, 0, 0).clamp(-1e6, 1e6)
        coverage = metrics.mode_coverage(samples, self.distribution)
        return coverage.counts, coverage.high_quality

    def picture(self, samples: torch.Tensor) -> np.ndarray:
        return pack_points(samples[:, : self.points], self.about["extent"])

    def __repr__(self):
        return repr(self.distribution)


class Digits:
    """MNIST as rows of 784 numbers; a class is a mode, and the course's classifier says which one an image is.

    An image is good when it lies among the real ones, as `metrics.precision_recall` has it: in the classifier's
    features, no farther from some real image than that one's third neighbour. Of real images between 8 and 9 in 10 are.
    """

    kind, size, noise = "digits", 784, 64

    def __init__(self, pictures: int = 16, samples: int = 200):
        images = course_data.images("mnist")
        self.training = images.tensor(flat=True)
        self.pictures, self.samples = pictures, samples
        self.truth = np.bincount(images.labels.numpy(), minlength=10) / len(images)
        self.about = {"labels": list(images.classes)}
        self.real = self.training[:256]
        self.fixed = {"real": self.picture(self.training[None, :pictures])[0]}
        self._features = metrics.features(self.training[:1000], "mnist")
        self._reach = metrics.neighbour_distances(self._features, 3).float()

    @torch.no_grad()
    def count(self, samples):
        """Samples (S, N, 784) → good ones of each class (S, 10), and the share of good ones (S,)."""
        seeds, n, _ = samples.shape
        x = samples.cpu().nan_to_num(0).clamp(-1, 1).reshape(seeds * n, 784)
        with warnings.catch_warnings():  # images without any black are bad ones, not badly scaled ones
            warnings.simplefilter("ignore")
            found = metrics.features(x, "mnist")
        digit = metrics.classifier("mnist").head(found).argmax(1)
        good = (torch.cdist(found, self._features) <= self._reach).any(1).reshape(seeds, n)
        return F.one_hot(digit.reshape(seeds, n), 10).mul(good[..., None]).sum(1), good.double().mean(1)

    def picture(self, samples):
        """The first images, cut to the middle and made smaller: uint8 (S, 16, 16, 16), 255 full ink."""
        x = samples[:, : self.pictures].detach().float().cpu().clamp(-1, 1)
        x = x.reshape(-1, 1, 28, 28)[:, :, 2:26, 2:26]
        x = F.interpolate(x, size=(16, 16), mode="bilinear", antialias=True)
        return ((x + 1) * 127.5).round().to(torch.uint8).reshape(*samples.shape[:1], -1, 16, 16).numpy()

    def __repr__(self):
        return "digits"


@functools.lru_cache(maxsize=1)
def _digits() -> Digits:
    return Digits()


def world_of(data) -> Plane | Digits:
    """What a setting `data` means. Raises ValueError for what has no modes to count."""
    if isinstance(data, str):
        if data == "digits":
            return _digits()
        if data == "unbalanced ring":
            return Plane(course_data.toy.ring(weights=[4, 1] * 4))
        try:
            data = course_data.toy.make(data)
        except ValueError:
            raise ValueError(
                f"There are no data {data!r}; there are: {', '.join(DATA)}, and any distribution with modes."
            ) from None
    if not hasattr(data, "sample") or not hasattr(data, "extent"):
        raise ValueError(
            f"Data must be one of {', '.join(DATA)}, or a distribution with modes, such as data.toy.ring(modes=5); "
            f"got a {type(data).__name__}."
        )
    if getattr(data, "modes", None) is None or getattr(data, "mode_std", None) is None:
        raise ValueError(f"{data!r} has no modes that could be lost; take a ring, a grid or a gaussian_mixture.")
    if np.shape(data.modes)[1:] != (2,):
        raise ValueError(f"The modes must lie in the plane, with 2 coordinates; {data!r} has other ones.")
    return Plane(data)


# ---------------------------------------------------------------- looking


class CollapseLook:
    """What an ensemble looks like: each seed's samples from fixed noise, its modes, and what its discriminator says.

    Arrays of a frame: "fake", the samples (see `Plane.picture`, `Digits.picture`); "counts" int32 (S, K), good samples
    of each mode; "scores" float32 (S, 9), a column for each name in SCORES. Values: median, lowest and highest number
    of held modes over the seeds, the share of seeds that hold all, and medians of some scores.
    """

    def __init__(self, world: Plane | Digits, seeds: int, first_seed: int):
        self.world = world
        self.fixed = {**world.fixed, "truth": world.truth.astype(np.float32)}
        self.about = {
            **world.about,
            "world": world.kind,
            "data": repr(world),
            "seeds": seeds,
            "first_seed": first_seed,
            "modes": len(world.truth),
            "samples": world.samples,
            "scores": list(SCORES),
            "lost": [],
        }

    @torch.no_grad()
    def __call__(self, model: GAN) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        world = self.world
        seeds, dtype = model.generator.seeds, next(model.generator.parameters()).dtype
        stream = torch.Generator().manual_seed(2**20)
        noise = torch.randn(world.samples, model.noise_dim, generator=stream).to(dtype)
        made = model.sample(noise.expand(seeds, -1, -1).contiguous())
        counts, quality = world.count(made)
        held = (counts / world.samples > HELD * torch.as_tensor(world.truth)).sum(1)
        d_real, d_fake, loss_d, loss_g = self._opinion(model, made[:, : len(world.real)], dtype)
        columns = [(counts > 0).sum(1), held, quality, d_real, d_fake, loss_d, loss_g]
        columns += [_gradient_norms(net, seeds) for net in (model.discriminator, model.generator)]
        scores = torch.stack([column.detach().cpu().double() for column in columns], dim=1)
        values = {"held": held.double().median(), "held_low": held.min(), "held_high": held.max()}
        values |= {
            name: scores[:, SCORES.index(name)].median()
            for name in ("captured", "high_quality", "d_real", "d_fake", "loss_d", "loss_g")
        }
        values["complete"] = (held == len(world.truth)).double().mean()
        arrays = {
            "fake": world.picture(made),
            "counts": counts.to(torch.int32).numpy(),
            "scores": scores.float().numpy(),
        }
        return {name: float(value) for name, value in values.items()}, arrays

    def _opinion(self, model: GAN, fake: torch.Tensor, dtype) -> tuple[torch.Tensor, ...]:
        """D's mean output on real and on generated samples, and both losses, of each seed."""
        n = fake.shape[1] // 4 * 4  # packs of 4 must come out even
        real = self.world.real[:n].to(model.device, dtype).expand(len(fake), -1, -1)
        training = model.discriminator.training
        model.discriminator.eval()
        try:
            on_real, on_fake = model.logits(real), model.logits(fake[:, :n].to(dtype))
        finally:
            model.discriminator.train(training)
        return (
            on_real.sigmoid().mean(1),
            on_fake.sigmoid().mean(1),
            model.loss.discriminator(on_real, on_fake),
            model.loss.generator(on_real if model.loss.pairs else None, on_fake),
        )


def _gradient_norms(net: nn.Module, seeds: int) -> torch.Tensor:
    """The norm of the last update's gradient, of each seed; NaN where there was none."""
    squares = [p.grad.flatten(1).square().sum(1) for p in net.parameters() if p.grad is not None]
    return torch.stack(squares).sum(0).sqrt() if squares else torch.full((seeds,), torch.nan)


# ---------------------------------------------------------------- the alarm

ADVICE = {  # what may help, by cause
    "strong": "a smaller rate or fewer steps for D, or a penalty",
    "swing": "smaller rates for both, r1 + r2, or a faster D if it is slower than G",
    "ahead": "a larger rate for G, or a smaller one for D",
    "late": "more steps or a larger rate for D",
    "unclear": "",
}


def losses_of_modes(recording: Recording) -> list[dict]:
    """Every loss of a mode in a recording, in order of steps.

    A mode is held when it gets more than a quarter of the points that it deserves. It is lost when it had at least half
    of them in two frames in a row, and later is no longer held. Each loss: seed, mode, step (of the first frame without
    it), held_until (of the last with it), back (the step at which it had half of its points in two frames again, or
    None), cause (a name in ADVICE) and why (in words), d_real, d_fake (D's mean output on real and generated samples
    around then), moved (how far the median point went in about 20 steps, in units of the distance between neighbouring
    modes; None for images). A cause is what measurements suggest, no more.
    """
    return LossLog(recording).events


class LossLog:
    """Follows the frames of a recording, one after the other, and notes each loss of a mode; see `losses_of_modes`.

    It looks at each frame once, so that a recording may drop frames later.
    """

    def __init__(self, recording: Recording):
        self.about, self.truth = recording.about, recording.fixed["truth"].astype(float)
        self.events: list[dict] = []
        self.changed: set[int] = set()  # numbers of the events that are new or have changed since `rows` told them
        self._recent: deque[Frame] = deque(maxlen=40)
        self._open: dict[tuple[int, int], int] = {}
        self._held = self._strong = self._settled = np.zeros((self.about["seeds"], len(self.truth)), dtype=bool)
        for frame in recording:
            self.add(frame)

    def add(self, frame: Frame) -> None:
        """Look at a new frame; one that isn't new is left out."""
        if self._recent and frame.step <= self._recent[-1].step:
            return
        self._recent.append(frame)
        shares = frame.arrays["counts"] / self.about["samples"] / self.truth
        held, strong = shares > HELD, shares >= 0.5
        back = self._strong & strong
        for seed, mode in zip(*np.nonzero(back), strict=True):
            number = self._open.pop((int(seed), int(mode)), None)
            if number is not None:
                self.events[number]["back"] = frame.step
                self.changed.add(number)
        for seed, mode in zip(*np.nonzero(self._held & ~held & self._settled), strict=True):
            number = len(self.events)
            self._open[int(seed), int(mode)] = number
            self.changed.add(number)
            self.events.append(
                {
                    "seed": int(seed) + self.about["first_seed"],
                    "mode": int(mode),
                    "step": frame.step,
                    "held_until": self._recent[-2].step,
                    "back": None,
                    **_cause(list(self._recent), int(seed), self.about),
                }
            )
        # settled: half of its points in two frames in a row, since it was lost
        self._settled = (self._settled | back) & held
        self._held, self._strong = held, strong

    def rows(self, numbers=None) -> list[list]:
        """Events as the view takes them: number, seed from 0, mode, step, back, why, cause."""
        return [
            [number, self.events[number]["seed"] - self.about["first_seed"]]
            + [self.events[number][name] for name in ("mode", "step", "back", "why", "cause")]
            for number in (range(len(self.events)) if numbers is None else sorted(numbers))
        ]


def _cause(frames: list[Frame], seed: int, about: dict) -> dict:
    """What the measurements up to the last of these frames suggest."""
    scores = np.stack([frame.arrays["scores"][seed] for frame in frames[-4:]])
    d_real, d_fake = (float(scores[:, SCORES.index(name)].mean()) for name in ("d_real", "d_fake"))
    moved = None
    if "apart" in about:
        earlier = [frame for frame in frames[:-1] if frame.step <= frames[-1].step - 20] or frames[-2:-1]
        there, here = (
            unpack_points(frame.arrays["fake"][seed], about["extent"]) for frame in (earlier[-1], frames[-1])
        )
        moved = float(np.median(np.linalg.norm(here - there, axis=1))) / about["apart"]
    says = f"D says {d_real:.2f} on real, {d_fake:.2f} on generated"
    gap = d_real - d_fake
    if gap > 0.7:
        cause, why = "strong", f"likely D too strong ({says})"
    elif moved is not None and moved > 0.3:
        cause, why = "swing", f"likely steps too large (points swung by {moved:.1f} of the gap between modes)"
    elif gap > 0.15:
        cause, why = "ahead", f"likely G too slow beside D ({says})"
    elif gap < 0.05:
        cause, why = "late", f"likely D too late ({says})"
    else:
        cause, why = "unclear", f"no clear cause ({says})"
    return {"cause": cause, "why": why, "d_real": d_real, "d_fake": d_fake, "moved": moved}


# ---------------------------------------------------------------- the widget


class ModeCollapse(RecordedWidget):
    """GANs that differ in their seed only, trained side by side: modes held, shares, alarms, remedies, a sweep.

    data: "ring", "unbalanced ring", "grid", "digits" (MNIST; the modes are its classes), or a distribution of the plane
    with modes, such as `data.toy.ring(modes=5)`. make_generator, make_discriminator: functions that make your own nets
    (each an nn.Sequential that `ensemble.stack` takes); make_discriminator may have arguments `packing`,
    `spectral_norm` and `minibatch_std`, and gets them. loss: a name in `objectives.LOSSES`, or an `objectives.Loss`.
    penalty: "r1", "r2", "r1 + r2" or "gradient_penalty". Where None stands, the usual numbers for the data are taken:
    8 seeds, rates of 0.01, width 32, batch 128, and for digits 4 seeds, rates of 0.004 and 0.002, width 128, batch 64.

    A remedy that is changed while it trains branches from the present: a second row of seeds goes on with it, below the
    first one that goes on as before. What can't be used is said in the widget, in a sentence, and a default stands in.
    """

    painter = "collapse"
    name = "Mode collapse"

    def __init__(
        self,
        data="ring",
        seeds: int | None = None,
        loss="non_saturating",
        penalty: str | None = None,
        penalty_weight: float = 0.1,
        spectral_norm: bool = False,
        packing: int = 1,
        minibatch_std: bool = False,
        unroll: int = 0,
        lr_g: float | None = None,
        lr_d: float | None = None,
        discriminator_steps: int = 1,
        ema: float | None = None,
        hidden: int | None = None,
        batch: int | None = None,
        make_generator: Callable[[], nn.Module] | None = None,
        make_discriminator: Callable[..., nn.Module] | None = None,
        seed: int = 0,
        device=None,
    ):
        own = {"generator": make_generator, "discriminator": make_discriminator}
        self._own = {"generator": None, "discriminator": None}
        self.device = devices.pick(device)
        self._sweep: dict | None = None
        self._sweep_shown = 0.0
        self._sweeper = Trainer(self._sweep_work, self._sweep_ended)
        given = {
            "data": data, "seeds": seeds, "lr_g": lr_g, "lr_d": lr_d, "hidden": hidden, "loss": loss,
            "penalty": penalty or "none", "penalty_weight": penalty_weight, "spectral_norm": spectral_norm,
            "packing": packing, "minibatch_std": minibatch_std, "unroll": unroll,
            "discriminator_steps": discriminator_steps, "ema": ema, "batch": batch, "seed": seed,
        }  # fmt: skip
        self._controls = self._make_controls()
        super().__init__(self._controls.values(), sweeps=list(SWEEPS), advice=ADVICE)
        self.settings = dict(DEFAULTS) | (OF_DIGITS if _is_digits(data) else {})
        problems = []
        for player, make in own.items():
            if make is None or (callable(make) and not isinstance(make, nn.Module)):
                self._own[player] = make
            else:
                problems.append(
                    f"make_{player} must be a function that makes a new net, so that every seed gets its own; "
                    f"got a {type(make).__name__}. So the usual nets stand in."
                )
        # one setting after the other, so that a bad one doesn't take the good ones with it
        for name, value in given.items():
            if value is None and name in OF_PLANE:
                continue
            trial = self.settings | {name: value}
            try:
                self._check(trial)
                self.settings = trial
            except ASK as error:
                problems.append(f"{_words(error)} So {name} is {self.settings[name]!r} for now.")
        try:
            self.runs = [self.make_run()]
        except ASK as error:
            problems.append(f"{_words(error)} So the usual nets stand in.")
            self._own = {"generator": None, "discriminator": None}
            self.runs = [self.make_run()]
        self.changed()
        self.view.message = " ".join(problems)

    # -- settings ------------------------------------------------------------------------------------------------
    def _check(self, settings: dict) -> None:
        world_of(settings["data"])
        for name, usual in DEFAULTS.items():
            value = settings[name]
            if isinstance(usual, bool):
                if not isinstance(value, bool):
                    raise ValueError(f"{name} must be True or False; got {value!r}.")
            elif isinstance(usual, int | float) or (name == "ema" and value is not None):
                if isinstance(value, bool) or not isinstance(value, numbers.Real):
                    raise ValueError(f"{name} must be a number; got {value!r}.")
        if not isinstance(settings["loss"], str | objectives.Loss):
            raise ValueError(f"loss must be a name or an objectives.Loss; got a {type(settings['loss']).__name__}.")
        if not isinstance(settings["penalty"], str):
            raise ValueError(f"penalty must be a name; got {settings['penalty']!r}.")
        if settings["penalty"] not in PENALTIES and settings["penalty"] not in objectives.PENALTIES:
            raise ValueError(f"There is no penalty {settings['penalty']!r}; there are: {', '.join(PENALTIES)}.")
        for name in ("lr_g", "lr_d"):
            if not 0 < float(settings[name]) <= 1:
                raise ValueError(f"A learning rate must lie above 0 and not above 1; got {settings[name]!r}.")
        if not 0 <= float(settings["penalty_weight"]) < float("inf"):
            raise ValueError(f"A penalty's weight must be 0 or more; got {settings['penalty_weight']!r}.")
        for name, (low, high) in {
            "seeds": (1, 16), "hidden": (1, 1024), "batch": (8, 4096), "packing": (1, 4), "unroll": (0, 10),
            "discriminator_steps": (1, 20), "seed": (0, 10**6),
        }.items():  # fmt: skip
            if not low <= settings[name] <= high or int(settings[name]) != settings[name]:
                raise ValueError(f"{name} must be a whole number from {low} to {high}; got {settings[name]!r}.")
        if settings["packing"] == 3:
            raise ValueError("packing must be 1, 2 or 4; got 3.")
        if settings["batch"] % settings["packing"]:
            raise ValueError(
                f"batch must be a multiple of packing; got {settings['batch']!r} and {settings['packing']!r}."
            )
        self._discriminator_options(settings)
        tiny = ensemble.single_nets(lambda: nets.mlp([2, 2]), lambda: nets.mlp([2, 1]), 0)
        GAN(*tiny, device="cpu", **self.model_settings(settings))

    def model_settings(self, settings: dict) -> dict:
        names = PENALTIES.get(settings["penalty"], (settings["penalty"],))
        return {
            "loss": settings["loss"],
            "penalties": {name: float(settings["penalty_weight"]) for name in names},
            "lr": (float(settings["lr_g"]), float(settings["lr_d"])),
            "betas": (0.0, 0.999) if _is_digits(settings["data"]) else (0.5, 0.999),
            **{name: int(settings[name]) for name in ("discriminator_steps", "packing", "unroll")},
            "ema": settings["ema"],
        }

    def _discriminator_options(self, settings: dict) -> dict:
        """What makes the discriminator another one. Raises ValueError if the learner's own can't be told."""
        wanted = {name: settings[name] for name in OF_DISCRIMINATOR}
        own = self._own["discriminator"]
        if own is None:
            return wanted
        known = inspect.signature(own).parameters
        for name, value in wanted.items():
            if name not in known and value != DEFAULTS[name]:
                raise ValueError(
                    f"{name} changes the discriminator, and your make_discriminator() doesn't take it: give it an "
                    f"argument {name}={DEFAULTS[name]!r}."
                )
        return {name: value for name, value in wanted.items() if name in known}

    def _makers(self, settings: dict, world) -> tuple[Callable, Callable]:
        options = self._discriminator_options(settings)
        width, size = int(settings["hidden"]), world.size
        layers, kind = ([width, width], "tanh") if world.kind == "plane" else ([width], "leaky_relu")

        def generator():
            out = None if world.kind == "plane" else "tanh"
            return nets.mlp([world.noise, *layers, size], activation=kind, output=out)

        def discriminator(packing=1, **more):
            return nets.mlp([packing * size, *layers, 1], activation=kind, **more)

        make = self._own["discriminator"] or discriminator
        return self._own["generator"] or generator, lambda: make(**options)

    def _gan(self, settings: dict, world) -> GAN:
        return ensemble.gans(
            *self._makers(settings, world),
            seeds=int(settings["seeds"]),
            seed=int(settings["seed"]),
            device=self.device,
            **self.model_settings(settings),
        )

    def make_run(self) -> Recorder:
        s = self.settings
        world = world_of(s["data"])
        look = CollapseLook(world, int(s["seeds"]), int(s["seed"]))
        run = Recorder(self._gan(s, world), world.training, look, batch=int(s["batch"]), limit=400, states=8)
        run.settings, run.losses = dict(s), LossLog(run.recording)
        return run

    def _changes(self, run: Recorder, settings: dict) -> dict:
        """For Recorder.branch and Recorder.change: the model's settings, with a new discriminator if it must be one."""
        changes = self.model_settings(settings)
        if any(settings[name] != run.settings[name] for name in OF_DISCRIMINATOR):
            makers = self._makers(settings, run.look.world)
            first = int(settings["seed"])
            pairs = (ensemble.single_nets(*makers, first + i) for i in range(int(settings["seeds"])))
            changes["discriminator"] = ensemble.stack(d for _, d in pairs)
        return changes

    def branch(self, step: int | None = None, **changes) -> None:
        """What if? From `step` on (by default the last), a second row of seeds with other settings, beside the first.

        spectral_norm, packing and minibatch_std make another discriminator: the second row keeps its generators and
        gets discriminators that start afresh, from the same seeds. From step 0 on that is a race of equals.
        """
        self._only_remedies(changes)
        with self._trainer.between_steps(), one_thread():
            base = self.runs[0]
            step = base.step if step is None else int(step)
            trial = base.settings | changes
            self._check(trial)
            if step == base.step:
                base.change()  # keeps this state, so that nothing need be trained again
                base.capture()
                base.losses.add(base.recording.frames[-1])
                again = base
            else:
                again = base.branch(step)
                again.losses = LossLog(again.recording)
            other = base.branch(step, **self._changes(base, trial))
            other.settings, other.losses = trial, LossLog(other.recording)
            self.settings, self.runs = dict(trial), [again, other]
            self._show_all()
        self.changed()

    def set(self, **changes) -> None:
        """Change settings. Remedies branch from the present, or change the second row if there is one; before the first
        step, and for data, seeds, seed, hidden and batch, all begins anew. Raises ValueError, KeyError."""
        for name in changes:
            if name not in DEFAULTS:
                raise ValueError(f"There is no setting {name!r}; there are: {', '.join(DEFAULTS)}.")
        if "data" in changes and _is_digits(changes["data"]) != _is_digits(self.settings["data"]):
            changes = (OF_DIGITS if _is_digits(changes["data"]) else OF_PLANE) | changes
        trial = self.settings | changes
        with self._trainer.between_steps(), one_thread():
            try:
                self._check(trial)
                if changes.keys() <= set(REMEDIES) and len(self.runs) == 2:
                    run = self.runs[-1]
                    run.change(**self._changes(run, trial))
                    run.settings, self.settings = dict(trial), trial
                    self._show_all()
                elif changes.keys() <= set(REMEDIES) and self.step_number > 0:
                    self.branch(**changes)
                else:
                    before, self.settings = self.settings, trial
                    playing = self.playing
                    try:
                        self.reset()
                    except ASK:
                        self.settings = before
                        raise
                    if playing:
                        self.play()
            finally:
                self.changed()
        self.view.message = ""

    @staticmethod
    def _only_remedies(changes: dict) -> None:
        for name in changes:
            if name not in REMEDIES:
                raise ValueError(f"A branch can change {', '.join(REMEDIES)}; {name!r} needs a new start.")

    def run_names(self) -> list[str]:
        if len(self.runs) == 1:
            return [""]
        before, after = (run.settings for run in self.runs)
        changed = [name for name in REMEDIES if before[name] != after[name]]
        if "penalty_weight" in changed and after["penalty"] == "none":
            changed.remove("penalty_weight")
        if "penalty" in changed and "penalty_weight" not in changed and after["penalty"] != "none":
            changed.append("penalty_weight")
        what = ", ".join(f"{_NAMES[name]} {_shown(after[name])}" for name in changed)
        fresh = " (D began afresh)" if set(changed) & set(OF_DISCRIMINATOR) else ""
        return ["as before", f"what if: {what}{fresh}" if what else "what if: nothing changed yet"]

    def press(self, button: str, **what) -> None:
        if button == "new_seed":
            self.set(seed=int(self.settings["seed"]) + int(self.settings["seeds"]))
        elif button == "sweep":
            self.sweep(what["x"], what["y"], steps=int(what.get("steps", 600)))
        elif button == "stop_sweep":
            self.stop_sweep()
        else:
            super().press(button, **what)

    # -- the alarm -----------------------------------------------------------------------------------------------
    def losses_of_modes(self, run: int = -1) -> list[dict]:
        """Every loss of a mode so far: seed, mode, step, held_until, back, cause, why, and what was measured."""
        return [dict(event) for event in self.runs[run].losses.events]

    def _show(self, phase: dict | None = None, pushing: bool = True) -> None:
        super()._show(phase, pushing)
        for i, run in enumerate(self.runs):
            run.losses.add(run.recording.frames[-1])
            if run.losses.changed:
                self.view.send({"kind": "lost", "run": i, "rows": run.losses.rows(run.losses.changed)})
                run.losses.changed.clear()

    def _show_all(self) -> None:
        for run in self.runs:
            run.recording.about["lost"] = run.losses.rows()
            run.losses.changed.clear()
        super()._show_all()
        if self._sweep is not None:
            self._show_sweep()

    def _player(self, frames: dict[int, list[Frame]]) -> str:
        for i, run in enumerate(self.runs):
            steps = [frame.step for frame in frames[i]]
            # those that can be seen in one of the frames
            run.recording.about["lost"] = [
                row
                for row in run.losses.rows()
                if any(row[3] <= step and not (row[4] or step + 1) <= step for step in steps)
            ]
        return super()._player(frames)

    def run(self, steps: int = 500, progress: bool = True) -> "ModeCollapse":
        """Train here and now, with a bar if it takes more than a second. Raises what training raises."""
        self.stop_sweep()
        return super().run(steps, progress)

    # -- how often does it collapse? -----------------------------------------------------------------------------
    def sweep(
        self,
        x: str = "lr",
        y: str = "discriminator_steps",
        xs=None,
        ys=None,
        steps: int = 600,
        background: bool = True,
    ) -> "ModeCollapse":
        """Train new ensembles for every pair of two settings (names in SWEEPS) and count the seeds that collapse.

        A seed has collapsed when it holds less than 90 % of the modes after `steps` steps. "lr" is both rates.
        `sweep_result` holds what is known; `stop_sweep()` ends it early; with background=False it runs here and now.
        Raises ValueError for settings that can't be swept.
        """
        for name in (x, y):
            if name not in SWEEPS:
                raise ValueError(f"A sweep can't be over {name!r}; it can over: {', '.join(SWEEPS)}.")
        if x == y or {x, y} in ({"lr", "lr_g"}, {"lr", "lr_d"}):
            raise ValueError(f"A sweep needs two settings that don't overlap; got {x} and {y}.")
        if "penalty_weight" in (x, y) and self.settings["penalty"] == "none":
            raise ValueError("Choose a penalty first, so that its weight can be swept.")
        if not 1 <= int(steps) <= 100_000:
            raise ValueError(f"steps must be from 1 to 100,000; got {steps!r}.")
        xs, ys = list(SWEEPS[x] if xs is None else xs), list(SWEEPS[y] if ys is None else ys)
        if not xs or not ys:
            raise ValueError("A sweep needs at least one value of each setting.")
        base = dict(self.settings)
        for value_y in ys:
            for value_x in xs:
                self._check(base | _swept(x, value_x) | _swept(y, value_y))
        self.stop_sweep()
        with contextlib.suppress(*ASK):  # what ended an earlier sweep has been shown
            self._sweeper.wait()
        self.pause()
        self._sweep = {
            "x": x, "y": y, "xs": xs, "ys": ys, "steps": int(steps), "seeds": int(base["seeds"]), "base": base,
            "cells": [[None] * len(xs) for _ in ys], "done": 0.0, "running": True,
        }  # fmt: skip
        self._show_sweep()
        if background:
            self._sweeper.play()
            return self
        with one_thread():
            for _ in self._sweep_work():
                pass
        self._sweep_ended(None)
        return self

    def stop_sweep(self) -> None:
        """End the sweep after the step under way; what is known stays."""
        self._sweeper.pause()

    @property
    def sweep_result(self) -> dict | None:
        """What the last sweep found: x, y (names), xs, ys (values), collapsed and held (len(ys), len(xs)): the share of
        seeds that collapsed, and their mean number of held modes. NaN: not known yet. None: no sweep so far."""
        if self._sweep is None:
            return None
        arrays = {
            name: np.array([[np.nan if cell is None else cell[name] for cell in row] for row in self._sweep["cells"]])
            for name in ("collapsed", "held")
        }
        return {name: self._sweep[name] for name in ("x", "y", "xs", "ys", "steps", "seeds")} | arrays

    def _sweep_work(self) -> Iterator[float]:
        sweep = self._sweep
        x, y, steps = sweep["x"], sweep["y"], sweep["steps"]
        total = len(sweep["xs"]) * len(sweep["ys"])
        done = 0
        for row, value_y in enumerate(sweep["ys"]):
            for column, value_x in enumerate(sweep["xs"]):
                settings = sweep["base"] | _swept(x, value_x) | _swept(y, value_y)
                world = world_of(settings["data"])
                run = Recorder(
                    self._gan(settings, world), world.training, batch=int(settings["batch"]), every=10**9, states=1
                )
                diverged = False
                for number in range(steps):
                    try:
                        run.train_step()
                    except TrainingDiverged:
                        diverged = True
                        break
                    sweep["done"] = (done + number / steps) / total
                    if time.perf_counter() > self._sweep_shown + 0.3:
                        self._show_sweep()
                    yield 0.0
                look = CollapseLook(world, int(settings["seeds"]), int(settings["seed"]))
                held = np.zeros(look.about["seeds"])
                if not diverged:
                    held = look(run.model)[1]["scores"][:, SCORES.index("held")]
                collapsed = float((held < ENOUGH * look.about["modes"]).mean())
                sweep["cells"][row][column] = {
                    "collapsed": collapsed, "held": float(held.mean()), "diverged": diverged,
                }  # fmt: skip
                done += 1
                sweep["done"] = done / total
                self._show_sweep()
                yield 0.0

    def _sweep_ended(self, error: BaseException | None) -> None:
        self._sweep["running"] = False
        self._show_sweep()
        if error is not None:
            self.say(error)

    def _show_sweep(self) -> None:
        self._sweep_shown = time.perf_counter()
        sweep = {name: value for name, value in self._sweep.items() if name != "base"}
        modes = self.recording.about["modes"]
        self.view.send({"kind": "sweep", "run": 0, "sweep": sweep | {"modes": modes}})

    # -- the thread and the page ---------------------------------------------------------------------------------
    def play(self, steps: int | None = None) -> None:
        """Train in the background, for so many more steps or until `pause`. A sweep under way stops."""
        self.stop_sweep()
        super().play(steps)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until training and a sweep in the background have stopped. Raises what stopped them, or TimeoutError."""
        super().wait(timeout)
        self._sweeper.wait(timeout)

    def close(self) -> None:
        """Stop all work and leave the page."""
        self.stop_sweep()
        super().close()

    # -- controls ------------------------------------------------------------------------------------------------
    def _make_controls(self) -> dict:
        slim, style = ipywidgets.Layout(width="auto"), {"description_width": "initial"}

        def menu(description, options, value):
            return ipywidgets.Dropdown(options=options, value=value, description=description, layout=slim)

        def number(description, value, step, width):
            box = ipywidgets.Layout(width=width)
            return ipywidgets.FloatText(value, description=description, step=step, layout=box)

        def whole(description, value, low, high, width):
            box = ipywidgets.Layout(width=width)
            return ipywidgets.BoundedIntText(value, min=low, max=high, description=description, layout=box)

        def box(description):
            room = ipywidgets.Layout(width="auto", margin="2px 14px 2px 10px")
            return ipywidgets.Checkbox(value=False, description=description, indent=False, layout=room)

        d = DEFAULTS
        controls = {
            "data": menu("data", list(DATA), d["data"]),
            "seeds": whole("seeds", d["seeds"], 1, 16, "105px"),
            "seed": whole("first seed", d["seed"], 0, 10**6, "140px"),
            "loss": menu("loss", list(objectives.LOSSES), d["loss"]),
            "penalty": menu("penalty", list(PENALTIES), d["penalty"]),
            "penalty_weight": number("weight", d["penalty_weight"], 0.1, "120px"),
            "lr_g": number("G's rate", d["lr_g"], 1e-3, "140px"),
            "lr_d": number("D's rate", d["lr_d"], 1e-3, "140px"),
            "discriminator_steps": whole("D steps", d["discriminator_steps"], 1, 20, "110px"),
            "packing": menu("packing", [1, 2, 4], d["packing"]),
            "unroll": menu("unrolling", [0, 1, 5], d["unroll"]),
            "ema": menu("EMA", ["off", 0.9, 0.99, 0.999], "off"),
            "spectral_norm": box("spectral norm"),
            "minibatch_std": box("minibatch std"),
        }
        for name, control in controls.items():
            control.style = style
            control.observe(lambda change, name=name: self._moved(name, change["new"]), "value")
        return controls

    def _moved(self, name: str, value) -> None:
        if getattr(self, "_following", False) or value == OWN or not self.runs:
            return
        try:
            self.set(**{name: None if value == "off" else value})
        except ASK as error:
            self.say(_words(error))

    def changed(self) -> None:
        """Settings follow the run that is left, and controls follow the settings."""
        if self.runs:
            self.settings = dict(self.runs[-1].settings)
        self._following = True
        try:
            for name, control in self._controls.items():
                value = "off" if self.settings[name] is None else self.settings[name]
                if isinstance(control, ipywidgets.Dropdown):
                    pairs = [each if isinstance(each, tuple) else (str(each), each) for each in control.options]
                    if not any(_same(value, known) for _, known in pairs):
                        value = value if isinstance(value, int | float | str) else getattr(value, "name", OWN)
                        if not any(_same(value, known) for _, known in pairs):
                            control.options = [*pairs, (str(value), value)]
                control.value = value
        finally:
            self._following = False

    # -- pictures for those without a kernel ---------------------------------------------------------------------
    def still(self):
        runs, names = self.runs, self.run_names()
        seeds = int(runs[0].recording.about["seeds"])
        columns = min(seeds, 4 if len(runs) == 1 else 8)
        rows = -(-seeds // columns)
        side = plotting.WIDTH / max(columns, 4)
        height = len(runs) * rows * (side + 0.3) + 2.1
        figure = plotting.figure(plotting.WIDTH, height)
        parts = figure.subfigures(len(runs) + 1, 1, height_ratios=[rows * (side + 0.3)] * len(runs) + [2.1])
        for part, run, name in zip(parts, runs, names, strict=False):
            axes = part.subplots(rows, columns, squeeze=False).ravel()
            frame, about = run.recording.frames[-1], run.recording.about
            part.suptitle(f"{name or about['data']}: step {frame.step}", fontsize=10)
            for i, ax in enumerate(axes):
                ax.set(xticks=[], yticks=[])
                if i >= seeds:
                    ax.set_visible(False)
                    continue
                held = int(frame.arrays["scores"][i, SCORES.index("held")])
                ax.set_title(f"seed {i + about['first_seed']}: {held} of {about['modes']}", fontsize=8)
                _draw(ax, run.recording, frame, i)
        ax = parts[-1].subplots()
        for run, name, colour in zip(runs, names, (plotting.FAKE, plotting.NEUTRAL[0]), strict=False):
            steps, middle = run.recording.column("held")
            low, high = (run.recording.column(f"held_{side}")[1] for side in ("low", "high"))
            ax.fill_between(steps, low, high, color=colour, alpha=0.18, linewidth=0)
            ax.plot(steps, middle, color=colour, label=name or "median over the seeds; band: lowest to highest")
        modes = runs[0].recording.about["modes"]
        ax.set(xlabel="step", ylabel="modes held", ylim=(0, modes * 1.05))
        ax.legend(loc="lower right", fontsize=8)
        return figure

    def thinned(self, recording: Recording) -> list[Frame]:
        frames = recording.frames
        digits = recording.about["world"] == "digits"
        places = sorted(
            set(np.linspace(0, len(frames) - 1, min(len(frames), 12 if digits else 24)).round().astype(int))
        )
        small = []
        for i in places:
            frame = frames[i]
            fake = frame.arrays["fake"]
            # two pixels of a panel are as fine as anyone sees; 16 greys are enough for a stamp
            fake = fake[:, :9] // 16 * 16 if digits else (fake[:, :100] // 512 * 2).astype(np.int8)
            arrays = {"fake": fake, "counts": frame.arrays["counts"], "scores": np.round(frame.arrays["scores"], 2)}
            small.append(Frame(frame.step, frame.values, arrays))
        return small

    def __repr__(self) -> str:
        s = self.settings
        data = s["data"] if isinstance(s["data"], str) else repr(world_of(s["data"]))
        return f"ModeCollapse({data}, seeds={s['seeds']}, seed={s['seed']}, step {self.step_number})"


_NAMES = {
    "loss": "loss", "penalty": "penalty", "penalty_weight": "weight", "spectral_norm": "spectral norm",
    "packing": "packing", "minibatch_std": "minibatch std", "unroll": "unrolling", "lr_g": "G's rate",
    "lr_d": "D's rate", "discriminator_steps": "D steps", "ema": "EMA",
}  # fmt: skip


def _shown(value) -> str:
    if isinstance(value, bool) or value is None:
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, int | float) else str(getattr(value, "name", value))


def _same(a, b) -> bool:
    return type(a) is type(b) and a == b


def _words(error: BaseException) -> str:
    return str(error.args[0] if isinstance(error, KeyError) and error.args else error)


def _is_digits(data) -> bool:
    return isinstance(data, str) and data == "digits"


def _swept(name: str, value) -> dict:
    return {"lr_g": value, "lr_d": value} if name == "lr" else {name: value}


def _draw(ax, recording: Recording, frame: Frame, seed: int) -> None:
    """One seed of a frame, for the still."""
    fake = frame.arrays["fake"][seed]
    if recording.about["world"] == "digits":
        side = int(len(fake) ** 0.5)
        tiles = fake[: side * side].reshape(side, side, 16, 16).transpose(0, 2, 1, 3).reshape(side * 16, -1)
        ax.imshow(tiles, cmap="gray", vmin=0, vmax=255)
        return
    e = recording.about["extent"]
    ax.scatter(*unpack_points(recording.fixed["real"], e).T, s=4, color=plotting.REAL, alpha=0.35, linewidths=0)
    ax.scatter(*unpack_points(fake, e).T, s=6, color=plotting.FAKE, marker="^", linewidths=0)
    ax.set(xlim=(-e, e), ylim=(-e, e), aspect="equal")

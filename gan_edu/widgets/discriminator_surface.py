"""Widget 1: what the discriminator says everywhere in the plane, while the two nets play."""

import contextlib
import copy
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from gan_edu import data as course_data
from gan_edu import device as devices
from gan_edu import ensemble, nets, objectives, plotting
from gan_edu.data.points import points_of
from gan_edu.device import one_thread
from gan_edu.recorder import Frame, PlaneLook, Recorder, Recording, unpack_points
from gan_edu.settings import Any, Checked, Choice, Number, Whole, setting
from gan_edu.training import GAN, Doubt
from gan_edu.widgets.base import ASK, RecordedWidget
from gan_edu.widgets.controls import Controls, apply_to, patient
from gan_edu.widgets.explain import explain

CODE = [
    "real = data.sample(batch)",
    "fake = generator(noise)",
    "loss_d = loss.discriminator(D(real), D(fake))",
    "optimizer_d.step()",
    "loss_g = loss.generator(D(fake))",
    "optimizer_g.step()",
]


def plane_data(data, scale: bool = True):
    """A distribution of the plane from a name, a distribution, or points (see `data.points.points_of`). Raises
    ValueError."""
    if isinstance(data, str):
        return course_data.toy.make(data)
    if hasattr(data, "sample") and hasattr(data, "extent"):
        if getattr(data, "dim", 2) != 2:
            raise ValueError(f"The surface needs data in the plane, with 2 coordinates; {data!r} has {data.dim}.")
        return data
    return points_of(data, f"a name ({', '.join(course_data.toy.NAMES)}), a distribution", scale)


def _data(value, scale: bool = True):
    """A name as it is, anything else as a distribution."""
    data = plane_data(value, scale)
    return value if isinstance(value, str) else data


PENALTY = Choice(tuple(objectives.PENALTY_SETS))
RATE = {"rule": Number(0, 1, above=True), "width": "112px", "step": 1e-4, "applies": "model"}  # of both players


@dataclass(frozen=True)
class Settings(Checked):
    """What can be chosen. applies="model": training goes on with it; others need a new start."""

    data: object = setting("ring", Any(_data), "what the generator imitates", choices=course_data.toy.NAMES)
    loss: object = setting(
        "non_saturating", Choice(tuple(objectives.LOSSES), objectives.Loss), "what both players minimise",
        choices=tuple(objectives.LOSSES), applies="model",
    )  # fmt: skip
    penalty: str = setting(
        "none", Any(lambda name: PENALTY.check("none" if name is None else name, "penalty")),
        "on the discriminator's gradient", choices=objectives.PENALTY_MENU, applies="model",
    )  # fmt: skip
    penalty_weight: float = setting(
        1.0, Number(0), "of the penalty", label="weight", width="90px", applies="model"
    )  # fmt: skip
    lr_g: float = setting(1e-3, help="the generator's learning rate", label="lr of G", **RATE)
    lr_d: float = setting(1e-3, help="the discriminator's learning rate", label="lr of D", **RATE)
    discriminator_steps: int = setting(
        1, Whole(1), "of the discriminator for each of the generator", label="D steps", width="100px", applies="model"
    )
    hidden: int = setting(64, Whole(1, 4096), "units in each hidden layer", label="units", choices=(8, 16, 32, 64, 128))
    batch: int = setting(128, Whole(1), "samples in a batch", control=False)
    seed: int = setting(0, Whole(0, 2**31), "of weights and noise", width="95px")


class DiscriminatorSurface(RecordedWidget):
    """A GAN of the plane, live: D(x) everywhere, real and generated points, gradients, the optimal D, and its history.

    data: a name in `data.toy.NAMES`, a distribution, points of your own (an array or a tensor (N, 2), or two columns of
    a table: `frame[["age", "income"]]`), or drawn in the widget. generator, discriminator:
    modules of your own ((N, k) → (N, 2) and (N, 2) → logits), or None for MLPs with two hidden layers of `hidden`.
    loss: a name in `objectives.LOSSES`, or an `objectives.Loss`. penalty: a name in `objectives.PENALTIES`, "r1 + r2",
    or None. lr_g, lr_d: learning rates. device: as in `gan_edu.device.pick`. `Settings` has defaults and ranges.

    What can't be used is said in the widget, in a sentence, and a default stands in; so are names that don't exist.
    Raises ValueError for a device that isn't there.
    """

    painter = "surface"
    name = "Discriminator surface"

    def __init__(
        self,
        data=Settings.data,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
        loss=Settings.loss,
        penalty: str | None = Settings.penalty,
        penalty_weight: float = Settings.penalty_weight,
        lr_g: float = Settings.lr_g,
        lr_d: float = Settings.lr_d,
        discriminator_steps: int = Settings.discriminator_steps,
        hidden: int = Settings.hidden,
        batch: int = Settings.batch,
        seed: int = Settings.seed,
        device=None,
        **others,
    ):
        given = {name: value for name, value in locals().items() if name in Settings.names()} | others
        self._own = {"generator": generator, "discriminator": discriminator}
        self.device = devices.pick(device)
        self._controls = Controls(Settings, self)
        super().__init__(self._controls.values(), code=CODE)
        settings, problems = patient(Settings(), self._in_own_numbers(given), (*self._own, "device"))
        self.settings = settings.to_dict()
        self._first_seed = self.settings["seed"]
        try:
            self.runs = [self.make_run()]
        except ASK as error:
            problems.append(f"{explain(error)} So the usual nets stand in.")
            self._own = {"generator": None, "discriminator": None}
            self.runs = [self.make_run()]
        self.changed()
        self.view.message = " ".join(filter(None, [*problems, self.standing()]))

    # -- settings ------------------------------------------------------------------------------------------------
    def _in_own_numbers(self, changes: dict) -> dict:
        """Points that come with a net of the learner's own stay as they are: it may know where they lie."""
        if "data" in changes and any(net is not None for net in self._own.values()):
            with contextlib.suppress(ValueError):  # said later
                return changes | {"data": _data(changes["data"], scale=False)}
        return changes

    @property
    def gan(self) -> GAN:
        """The GAN of the (last) run as it is now."""
        return self.runs[-1].model

    def model_settings(self, settings: dict) -> dict:
        names = objectives.PENALTY_SETS[settings["penalty"]]
        return {
            "loss": settings["loss"],
            "penalties": {name: settings["penalty_weight"] for name in names},
            "lr": (settings["lr_g"], settings["lr_d"]),
            "discriminator_steps": settings["discriminator_steps"],
        }

    def make_run(self, settings: dict | None = None) -> Recorder:
        s = settings or self.settings
        width, fresh = s["hidden"], s["seed"] != self._first_seed
        data = plane_data(s["data"])
        made = ensemble.single_nets(
            lambda: self._net("generator", fresh, lambda: nets.mlp([2, width, width, 2], activation="tanh")),
            lambda: self._net("discriminator", fresh, lambda: nets.mlp([2, width, width, 1], activation="tanh")),
            s["seed"],
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Doubt)  # the widget says it
            gan = GAN(*made, seed=s["seed"], device=self.device, **self.model_settings(s))
            return Recorder(gan, data, PlaneLook(data), batch=s["batch"])

    def _net(self, player: str, fresh: bool, usual) -> nn.Module:
        """A fresh net: the learner's own as it came, for the seed it came with, or with new weights for others."""
        own = self._own[player]
        if own is None:
            return usual()
        net = copy.deepcopy(own)
        if fresh:
            for layer in net.modules():
                if hasattr(layer, "reset_parameters"):
                    layer.reset_parameters()
        return net

    def set(self, **changes) -> None:
        """Change settings by name. The model's own (loss, penalty, rates, steps) change on the way; others (data,
        hidden, batch, seed) begin a new run. Raises ValueError or TypeError, and then nothing has changed.

        In a comparison, the right run changes, the left one stays."""
        with self._trainer.between_steps(), one_thread():
            trial = Settings(**self.settings).with_(**self._in_own_numbers(changes)).to_dict()
            try:
                if apply_to(("model",), Settings, changes):
                    self.runs[-1].change(**self.model_settings(trial))
                    self.settings = trial  # whatever comes now
                    self._show()
                else:
                    run, playing = self.make_run(trial), self.playing
                    left = None if self._goal is None else self._goal - self.step_number
                    self.pause()
                    self.runs, self.settings = [run], trial
                    self._show_all()
                    if playing:
                        self.play(left)
            finally:
                self.changed()
        self.view.message = self.standing()

    def changed_settings(self, settings: dict, changes: dict) -> dict:
        trial = Settings(**settings).with_(**changes).to_dict()
        if fixed := [name for name in changes if Settings.about(name).get("applies") != "model"]:
            raise ValueError(f"A branch goes on with the same {fixed[0]}. Change it in a new run.")
        return trial

    def standing(self) -> str:
        return " ".join(filter(None, [getattr(self.settings["data"], "note", ""), super().standing()]))

    heard = {"new_seed": {}, "draw": {"strokes": Any()}}

    def press(self, button: str, **what) -> None:
        if button == "new_seed":
            self.set(seed=self.settings["seed"] + 1)
        elif button == "draw":
            extent = self.recording.about["extent"]
            self.set(data=course_data.toy.drawn(_strokes(what["strokes"], extent), thickness=extent / 40))

    def choose(self, name: str, value) -> None:
        """A person has moved a control."""
        self.set(**{name: value})

    def changed(self) -> None:
        self._controls.follow(self.settings, shown={"penalty_weight": self.settings["penalty"] != "none"})

    # -- slow motion ---------------------------------------------------------------------------------------------
    def slow_step(self) -> Iterator[dict]:
        batch = self.settings["batch"]
        yield {"line": 0, "shows": "real", "says": f"{batch} points of the real data are drawn."}
        yield {"line": 1, "shows": "fake", "says": "The generator turns noise into as many points."}
        yield {"line": 2, "shows": "fake", "says": "The discriminator judges both: a number that says how wrong it is."}
        begun = []
        for run in self.runs:
            halves = run.train_halves()
            next(halves)
            begun.append((halves, run, run.model, run.step))
        yield {"line": 3, "says": "Its weights move: the background has changed."}
        yield {"line": 4, "shows": "pull", "says": "The new discriminator tells each generated point where to go."}
        for halves, run, model, step in begun:
            if run in self.runs and run.model is model and run.step == step:  # nothing else happened meanwhile
                next(halves)
        yield {"line": 5, "shows": "fake", "says": "The generator's weights move, and with them all its points."}

    # -- pictures for those without a kernel ---------------------------------------------------------------------
    def still(self):
        count = len(self.runs)
        figure = plotting.figure(plotting.WIDTH, 3.4)
        axes = figure.subplots(1, count + 1, width_ratios=[1] * count + [1.1])
        for ax, run, name in zip(axes, self.runs, self.run_names(), strict=False):
            frame, about = run.recording.frames[-1], run.recording.about
            e = about["extent"]
            ax.imshow(
                frame.arrays["surface"] / 255, origin="lower", extent=(-e, e, -e, e), cmap=plotting.D_CMAP,
                vmin=0, vmax=1, alpha=0.75,
            )  # fmt: skip
            ticks = (np.arange(about["resolution"]) + 0.5) / about["resolution"] * 2 * e - e
            ax.contour(ticks, ticks, frame.arrays["surface"] / 255.0, levels=[0.5], colors="0.15", linewidths=1)
            real = unpack_points(run.recording.fixed["real"], e)
            fake = unpack_points(frame.arrays["fake"], e)
            ax.scatter(*real.T, s=5, color=plotting.REAL, linewidths=0)
            ax.scatter(*fake.T, s=9, color=plotting.FAKE, marker="^", linewidths=0)
            ax.set(title=f"{name}, step {frame.step}".strip(", "), xlim=(-e, e), ylim=(-e, e), aspect="equal")
        ax = axes[-1]
        for run, name, dash in zip(self.runs, self.run_names(), ("-", ":"), strict=False):
            for key, label, colour in (("loss_d", "D", plotting.DISC), ("loss_g", "G", plotting.FAKE)):
                if any(key in frame.values for frame in run.recording):
                    label = f"{label}, {name}" if name else label
                    ax.plot(*run.recording.column(key), color=colour, label=label, linestyle=dash, linewidth=1.3)
        if handles := ax.get_legend_handles_labels()[0]:
            for y in (plotting.LN2, 2 * plotting.LN2):
                ax.axhline(y, color="black", linestyle="--", linewidth=1)
            ax.set(title="losses (ln 2, 2 ln 2 dashed)", xlabel="step")
            figure.legend(handles=handles, loc="outside lower right", ncols=len(handles))  # below: it covers no curve
        else:
            ax.set(title="losses: no step yet", xticks=[], yticks=[])
        return figure

    def thinned(self, recording: Recording) -> list[Frame]:
        frames = recording.frames
        places = sorted(set(np.linspace(0, len(frames) - 1, min(len(frames), 20)).round().astype(int)))
        small = []
        for i in places:
            frame = frames[i]
            surface = torch.as_tensor(frame.arrays["surface"].astype(np.float32))[None, None]
            surface = nn.functional.interpolate(surface, size=(44, 44), mode="bilinear", antialias=True)
            # fewer levels and coarser places: a tenth of the size, and nobody sees it
            arrays = {
                "surface": (surface[0, 0] / 2).round().mul(2).clamp(0, 255).to(torch.uint8).numpy(),
                "fake": frame.arrays["fake"][:250] // 128 * 128,
                "pull": frame.arrays["pull"][:250] // 8 * 8,
            }
            small.append(Frame(frame.step, frame.values, arrays))
        return small

    def small_fixed(self, recording: Recording) -> dict[str, np.ndarray]:
        fixed = {"real": recording.fixed["real"][:250] // 128 * 128}
        if "density" in recording.fixed:
            fixed["density"] = np.round(recording.fixed["density"], 3)
        return fixed

    def __repr__(self) -> str:
        s = self.settings
        data = s["data"] if isinstance(s["data"], str) else repr(plane_data(s["data"]))
        return f"DiscriminatorSurface({data}, seed={s['seed']}, step {self.step_number})"


def _strokes(given, extent: float) -> list[np.ndarray]:
    """Lines drawn in the plane, each (N, 2), from what the page says. Raises ValueError."""
    try:
        strokes = [np.array(stroke, dtype=float).reshape(-1, 2) for stroke in given if len(stroke)]
        fits = all((np.abs(stroke) <= 2 * extent).all() for stroke in strokes)
    except (TypeError, ValueError):
        fits = False
    if not fits or sum(map(len, strokes)) > 100_000:
        raise ValueError("A drawing is a list of lines, each a list of points (x, y) in the plane that is shown.")
    return strokes

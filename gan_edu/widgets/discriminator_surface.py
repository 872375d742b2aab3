"""Widget 1: what the discriminator says everywhere in the plane, while the two nets play."""

import copy
from collections.abc import Iterator

import ipywidgets
import numpy as np
import torch
from torch import nn

from gan_edu import data as course_data
from gan_edu import device as devices
from gan_edu import ensemble, nets, objectives, plotting
from gan_edu.recorder import Frame, PlaneLook, Recorder, Recording, unpack_points
from gan_edu.training import GAN
from gan_edu.widgets.base import ASK, RecordedWidget

PENALTIES = {
    "none": (),
    "r1": ("r1",),
    "r2": ("r2",),
    "r1 + r2": ("r1", "r2"),
    "gradient penalty": ("gradient_penalty",),
    "zero-centred": ("zero_centered",),
}
CODE = [
    "real = data.sample(128)",
    "fake = generator(noise)",
    "loss_d = loss.discriminator(D(real), D(fake))",
    "optimizer_d.step()",
    "loss_g = loss.generator(D(fake))",
    "optimizer_g.step()",
]
OWN = "your own"
OF_MODEL = ("loss", "penalty", "penalty_weight", "lr_g", "lr_d", "discriminator_steps")  # can change while it trains


def sentence(error: BaseException) -> str:
    text = str(error).rstrip()
    return text if text.endswith((".", "!", "?")) else text + "."


class Points:
    """Samples (N, 2) as a distribution: drawn with replacement. No density is known."""

    def __init__(self, points: torch.Tensor, name: str = OWN):
        self.points, self.name = points, name
        self.extent = float(points.abs().max()) * 1.25 or 1.0

    def sample(self, n, seed_or_generator=None, device=None):
        g = seed_or_generator
        if not isinstance(g, torch.Generator):
            g = torch.Generator().manual_seed(int(g or 0))
        drawn = self.points.to(g.device)[torch.randint(len(self.points), (n,), generator=g, device=g.device)]
        return drawn if device is None else drawn.to(device)

    def __repr__(self):
        return f"{len(self.points)} points"


def plane_data(data):
    """A distribution of the plane from a name, a distribution, or points (N, 2). Raises ValueError."""
    if isinstance(data, str):
        return course_data.toy.make(data)
    if hasattr(data, "sample") and hasattr(data, "extent"):
        if getattr(data, "dim", 2) != 2:
            raise ValueError(f"The surface needs data in the plane, with 2 coordinates; {data!r} has {data.dim}.")
        return data
    try:
        points = torch.as_tensor(np.asarray(data, dtype=np.float32))
    except (TypeError, ValueError):
        raise ValueError(
            f"Data must be a name ({', '.join(course_data.toy.NAMES)}), a distribution, or points of shape (N, 2); "
            f"got a {type(data).__name__}."
        ) from None
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2:
        raise ValueError(f"Points must have shape (N, 2), with N at least 2; these have {tuple(points.shape)}.")
    bad = int((~points.isfinite()).any(1).sum())
    if bad:
        raise ValueError(f"{bad} of the {len(points)} points have NaN or infinite coordinates.")
    return Points(points)


class DiscriminatorSurface(RecordedWidget):
    """A GAN of the plane, live: D(x) everywhere, real and generated points, gradients, the optimal D, and its history.

    data: a name in `data.toy.NAMES`, a distribution, points (N, 2), or drawn in the widget. generator, discriminator:
    modules of your own ((N, k) → (N, 2) and (N, 2) → logits), or None for MLPs with two hidden layers of `hidden`.
    loss: a name in `objectives.LOSSES`, or an `objectives.Loss`. penalty: a name in `objectives.PENALTIES` or
    "r1 + r2". lr_g, lr_d: learning rates. device: as in `gan_edu.device.pick`.

    What can't be used is said in the widget, in a sentence, and a default stands in.
    """

    painter = "surface"
    name = "Discriminator surface"

    def __init__(
        self,
        data="ring",
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
        loss="non_saturating",
        penalty: str | None = None,
        penalty_weight: float = 1.0,
        lr_g: float = 1e-3,
        lr_d: float = 1e-3,
        discriminator_steps: int = 1,
        hidden: int = 64,
        batch: int = 128,
        seed: int = 0,
        device=None,
    ):
        self._own = {"generator": generator, "discriminator": discriminator}
        self._own_data = self._own_loss = None
        self.batch, self.device = batch, devices.pick(device)
        given = {
            "data": data,
            "loss": loss,
            "penalty": penalty or "none",
            "penalty_weight": penalty_weight,
            "lr_g": lr_g,
            "lr_d": lr_d,
            "discriminator_steps": discriminator_steps,
            "hidden": hidden,
            "seed": seed,
        }
        defaults = {
            "data": "ring",
            "loss": "non_saturating",
            "penalty": "none",
            "penalty_weight": 1.0,
            "lr_g": 1e-3,
            "lr_d": 1e-3,
            "discriminator_steps": 1,
            "hidden": 64,
            "seed": 0,
        }
        self._controls = self._make_controls(defaults)
        super().__init__(self._controls.values(), code=CODE)
        self.settings = dict(defaults)
        problems = []
        # one setting after the other, so that a bad one doesn't take the good ones with it
        for name, value in given.items():
            trial = self.settings | {name: value}
            try:
                self._check(trial)
                self.settings = trial
            except ASK as error:
                problems.append(f"{sentence(error)} So {name} is {defaults[name]!r} for now.")
        try:
            self.runs = [self.make_run()]
        except ASK as error:
            problems.append(f"{sentence(error)} So the usual nets stand in.")
            self._own = {"generator": None, "discriminator": None}
            self.runs = [self.make_run()]
        self.changed()
        self.view.message = " ".join(problems)

    # -- settings ------------------------------------------------------------------------------------------------
    @property
    def gan(self) -> GAN:
        """The GAN of the (last) run as it is now."""
        return self.runs[-1].model

    def _check(self, settings: dict) -> None:
        plane_data(settings["data"])
        if settings["penalty"] not in PENALTIES and settings["penalty"] not in objectives.PENALTIES:
            raise ValueError(f"There is no penalty {settings['penalty']!r}; there are: {', '.join(PENALTIES)}.")
        for name in ("lr_g", "lr_d"):
            if not 0 < float(settings[name]) <= 1:
                raise ValueError(
                    f"A learning rate must lie above 0 and not above 1 (usual: 0.0001 to 0.01); got {settings[name]!r}."
                )
        if int(settings["hidden"]) < 1 or int(settings["hidden"]) > 4096:
            raise ValueError(f"hidden is the width of a layer, from 1 to 4096; got {settings['hidden']!r}.")
        if not 0 <= float(settings["penalty_weight"]) < float("inf"):
            raise ValueError(f"A penalty's weight must be 0 or more; got {settings['penalty_weight']!r}.")
        tiny = ensemble.single_nets(lambda: nets.mlp([2, 1, 2]), lambda: nets.mlp([2, 1, 1]), 0)
        GAN(*tiny, device="cpu", **self.model_settings(settings))

    def model_settings(self, settings: dict) -> dict:
        names = PENALTIES.get(settings["penalty"], (settings["penalty"],))
        return {
            "loss": settings["loss"],
            "penalties": {name: float(settings["penalty_weight"]) for name in names},
            "lr": (float(settings["lr_g"]), float(settings["lr_d"])),
            "discriminator_steps": int(settings["discriminator_steps"]),
        }

    def make_run(self) -> Recorder:
        s = self.settings
        width = int(s["hidden"])
        seed = int(s["seed"])
        data = plane_data(s["data"])
        made = ensemble.single_nets(
            lambda: self._net("generator", lambda: nets.mlp([2, width, width, 2], activation="tanh")),
            lambda: self._net("discriminator", lambda: nets.mlp([2, width, width, 1], activation="tanh")),
            seed,
        )
        gan = GAN(*made, seed=seed, device=self.device, **self.model_settings(s))
        return Recorder(gan, data, PlaneLook(data), batch=self.batch)

    def _net(self, player: str, usual) -> nn.Module:
        """A fresh net: the learner's own as it came, for the seed it came with, or with new weights for others."""
        own = self._own[player]
        if own is None:
            return usual()
        net = copy.deepcopy(own)
        if int(self.settings["seed"]) != self._first_seed:
            for layer in net.modules():
                if hasattr(layer, "reset_parameters"):
                    layer.reset_parameters()
        return net

    @property
    def _first_seed(self) -> int:
        if not hasattr(self, "_seed_at_first"):
            self._seed_at_first = int(self.settings["seed"])
        return self._seed_at_first

    def set(self, **changes) -> None:
        """Change settings: of the model from here on; data, hidden and seed begin anew. Raises ValueError.

        In a comparison, the right run changes, the left one stays."""
        trial = self.settings | changes
        with self._trainer.between_steps():
            before = self.settings
            try:
                self._check(trial)
                self.settings = trial
                if changes.keys() <= set(OF_MODEL):
                    self.runs[-1].change(**self.model_settings(trial))
                    self._show()
                else:
                    playing = self.playing
                    self.reset()
                    if playing:
                        self.play()
            except ASK:
                self.settings = before
                raise
            finally:
                self.changed()
        self.view.message = ""

    def press(self, button: str, **what) -> None:
        if button == "new_seed":
            self.set(seed=int(self.settings["seed"]) + 1)
        elif button == "draw":
            strokes = [np.array(stroke, dtype=float) for stroke in what["strokes"] if len(stroke)]
            extent = self.recording.about["extent"]
            self.set(data=course_data.toy.drawn(strokes, thickness=extent / 40))
        else:
            super().press(button, **what)

    def _make_controls(self, defaults: dict) -> dict:
        def some(kind, name, width="auto", **options):
            return kind(
                description=name,
                style={"description_width": "initial"},
                layout={"width": width},
                **options,
            )

        menu, number, whole = ipywidgets.Dropdown, ipywidgets.FloatText, ipywidgets.BoundedIntText
        controls = {
            "data": some(menu, "data", options=list(course_data.toy.NAMES), value=defaults["data"]),
            "loss": some(menu, "loss", options=list(objectives.LOSSES), value=defaults["loss"]),
            "penalty": some(menu, "penalty", options=list(PENALTIES), value="none"),
            "penalty_weight": some(number, "weight", "130px", value=defaults["penalty_weight"]),
            "lr_g": some(number, "G's rate", "130px", value=defaults["lr_g"], step=1e-4),
            "lr_d": some(number, "D's rate", "130px", value=defaults["lr_d"], step=1e-4),
            "discriminator_steps": some(whole, "D steps", "110px", value=1, min=1, max=20),
            "hidden": some(menu, "width", options=[8, 16, 32, 64, 128], value=64),
            "seed": some(whole, "seed", "130px", value=0, min=0, max=10**6),
        }
        for name, control in controls.items():
            control.observe(lambda change, name=name: self._moved(name, change["new"]), "value")
        return controls

    def _moved(self, name: str, value) -> None:
        if getattr(self, "_following", False) or value == OWN or not self.runs:
            return
        try:
            self.set(**{name: value})
        except ASK as error:
            self.say(error)

    def changed(self) -> None:
        """Controls follow the settings."""
        self._following = True
        try:
            for name, control in self._controls.items():
                value = self.settings[name]
                if isinstance(control, ipywidgets.Dropdown):
                    value = value if isinstance(value, int | str) else getattr(value, "name", OWN)
                    if value not in control.options:
                        control.options = [*control.options, value]
                control.value = value
        finally:
            self._following = False

    # -- slow motion ---------------------------------------------------------------------------------------------
    def phases(self) -> Iterator[dict]:
        yield {"line": 0, "shows": "real", "says": "128 points of the real data are drawn."}
        yield {"line": 1, "shows": "fake", "says": "The generator turns noise into as many points."}
        yield {"line": 2, "shows": "fake", "says": "The discriminator judges both: a number that says how wrong it is."}
        halves = [run.train_halves() for run in self.runs]
        for half in halves:
            next(half)
        yield {"line": 3, "says": "Its weights move: the background has changed."}
        yield {"line": 4, "shows": "pull", "says": "The new discriminator tells each generated point where to go."}
        for half in halves:
            next(half)
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
        for run, dash in zip(self.runs, ("-", ":"), strict=False):
            for key, label, colour in (("loss_d", "D", plotting.DISC), ("loss_g", "G", plotting.FAKE)):
                if any(key in frame.values for frame in run.recording):
                    ax.plot(*run.recording.column(key), color=colour, label=label, linestyle=dash, linewidth=1.3)
        for y in (plotting.LN2, 2 * plotting.LN2):
            ax.axhline(y, color="black", linestyle="--", linewidth=1)
        ax.set(title="losses (ln 2, 2 ln 2 dashed)", xlabel="step")
        if ax.get_legend_handles_labels()[0]:
            handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
            ax.legend(handles.values(), handles.keys(), loc="upper right")
        return figure

    def thinned(self, recording: Recording) -> list[Frame]:
        frames = recording.frames
        places = sorted(set(np.linspace(0, len(frames) - 1, min(len(frames), 25)).round().astype(int)))
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

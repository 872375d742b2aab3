"""Widget 3: the latent space of autoencoders, VAEs, and a GAN's noise: where pictures lie, and what any place decodes
to.

Finished models come with the package (`models.LATENT`); others train live. All that is computed is in `gan_edu.latent`.
"""

import numpy as np
import torch

from gan_edu import device as devices
from gan_edu import latent, models
from gan_edu.device import one_thread
from gan_edu.latent import Finished, Holes, LatentSettings, Learning, Space, pages
from gan_edu.latent.observer import FINE
from gan_edu.latent.recipe import settings_of, title
from gan_edu.recorder import Frame, Recording
from gan_edu.settings import Any, Number, Whole
from gan_edu.widgets.base import ASK, RecordedWidget
from gan_edu.widgets.controls import Controls, apply_to, described, menu, patient
from gan_edu.widgets.explain import explain
from gan_edu.widgets.trainer import GivenUp

RUN = Any(lambda value: Whole(0).check(0 if value is None else value, "run"))


def _place(value) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise TypeError(f"A place in the plane has two coordinates; got {value!r}.")
    x, y = (Number(-1e6, 1e6).check(each, "A coordinate") for each in value)
    return x, y


@described(LatentSettings, "model", "data")
class LatentSpace(RecordedWidget):
    """A latent space to walk in: where pictures lie, what any place decodes to, how much each number of the code says.

    What can't be used is said in the widget, in a sentence, and a default stands in. device: as in `device.pick`.
    """

    painter = "latent"
    name = "Latent space"
    heard = {
        "new_seed": {},
        "decode": {"z": Any(_place)},
        "pick": {"run": RUN, "index": Whole(0)},
        "walk": {"run": RUN, "a": Whole(0), "b": Whole(0)},
        "drawn": {"pixels": Any()},
        "atlas": {},
    }

    def __init__(self, model="vae", data="mnist", *, device=None, **settings):
        self.device = devices.pick(device)
        self._hint = ""
        self._view = {"axes": (0, 1), "label": 0, "extent": None}
        axes = {"axis_x": ("across", 0), "axis_y": ("up", 1)}
        axes = {name: menu(label, [("z[0]", 0), ("z[1]", 1)], value) for name, (label, value) in axes.items()}
        self._controls = Controls(LatentSettings, self, **axes)
        super().__init__(self._controls.values())
        # what a picture and a code are comes first: other settings depend on them
        first = {"data": data, "latent_dim": settings.pop("latent_dim", 2), "model": model}
        now, problems = patient(LatentSettings(), first | settings, ("device",))
        self._use(now)
        try:
            self.runs = self._make_runs()
        except ASK as error:
            problems.append(f"{explain(error)} So a VAE stands in.")
            self._use(LatentSettings())
            try:
                self.runs = self._make_runs()
            except RuntimeError:  # a damaged installation, most likely: a fresh one needs no file
                self._use(LatentSettings(train=True))
                self.runs = self._make_runs()
        self.changed()
        self.view.message = " ".join(filter(None, [*problems, self.standing()]))

    # -- settings ------------------------------------------------------------------------------------------------
    def _use(self, settings: LatentSettings) -> None:
        self._now, self.settings = settings, settings.to_dict()

    def _notice(self) -> str:
        s = self._now
        if s.train or s.is_own or s.finished or self.step_number:
            return ""
        return f"There is no finished model for this ({s.title}); Play trains one."

    def standing(self) -> str:
        return self._hint or self._notice()

    def _make_runs(self, s: LatentSettings | None = None) -> list:
        s = s or self._now
        with one_thread():
            self._hint = s.space.hint() if s.is_own else ""
            self._set_view(s, (0, 1))
            if s.train or not (s.is_own or s.finished):
                runs = [Learning.begin(s, self._view, self.device)]
            elif s.is_own:
                runs = [Finished(s.model, s, self._view_of(s, s.space), s.title)]
            else:
                runs = [self._finished(s.finished, s)]
            return [*runs, self._finished(s.beside, s)] if s.beside else runs

    def _finished(self, name: str, s: LatentSettings) -> Finished:
        net, facts = models.load_latent(name)
        net = net.to(self.device)
        own = s.with_(axes=None, beside=None, **settings_of(name))
        view = self._view_of(s, Space(net, s.pictures.shape))
        return Finished(net, own, view, title(*models.LATENT[name]), int(facts["steps"]))

    def _view_of(self, s: LatentSettings, space: Space) -> dict:
        """What is drawn of a finished model: by default those numbers of its code that say most."""
        if s.axes is None and space.latent_dim > 2 and space.kind in ("vae", "cvae"):
            kl = latent.kl_per_dimension(*space.encode(s.pictures.shown, s.pictures.labels))
            self._view["axes"] = tuple(sorted(kl.topk(2).indices.tolist()))
        return self._view

    def _set_view(self, s: LatentSettings, axes: tuple[int, int]) -> None:
        self._view |= {"axes": s.axes or axes, "label": s.label, "extent": s.extent}

    def set(self, **changes) -> None:
        """Change settings: β and the learning rate of a model that trains, from here on (in a comparison, of the right
        run); what is drawn, at once; all else begins anew. Raises ValueError, TypeError; then nothing has changed."""
        of_view = apply_to(("view",), LatentSettings, changes)
        live = of_view or (self._moving and apply_to(("view", "model"), LatentSettings, changes))
        if changes.keys() & {"data", "model", "latent_dim"}:  # what is drawn of the old one says nothing of the new one
            changes = {"axes": None} | ({"label": 0} if "data" in changes else {}) | changes
        with self._trainer.between_steps(), one_thread():
            trial, view, hint = self._now.with_(**changes), dict(self._view), self._hint
            try:
                if live:
                    self._set_view(trial, view["axes"])
                    if self._view != view:
                        self._refresh()
                    if not of_view:
                        self._main.change(trial)
                    self._use(trial)
                else:
                    if self._moving and changes.keys() <= {"beside"}:  # what trains goes on
                        runs = self._moving[-1:] + ([self._finished(trial.beside, trial)] if trial.beside else [])
                        if self._view != view:
                            self._main.capture()
                    else:
                        runs = self._make_runs(trial)
                        self.pause()
                    self._use(trial)
                    self.runs = runs
                    self._show_all()
            except GivenUp:
                raise
            except BaseException:
                self._view |= view
                self._hint = hint
                raise
            finally:
                self.changed()
        self.view.message = self.standing()

    def select(self, model: str, **changes) -> "LatentSpace":
        """Show another model: a kind ("ae", "vae", "cvae", "gan") or the name of a finished one ("vae-4")."""
        known = isinstance(model, str) and model in models.LATENT
        self.set(**(settings_of(model) if known else {"model": model}) | changes)
        return self

    def compare(self, name: str | None) -> "LatentSpace":
        """Show a finished model (a name in `models.LATENT`) beside this one, or None."""
        self.set(beside=name)
        return self

    # -- what learners ask ---------------------------------------------------------------------------------------
    @property
    def _moving(self) -> list[Learning]:
        return [run for run in self.runs if isinstance(run, Learning)]

    @property
    def _main(self) -> Learning | Finished:
        return self._moving[-1] if self._moving else self.runs[0]

    @property
    def space(self) -> Space:
        """The model as it is now, as encoder and decoder."""
        return self._main.observer.space(self._main.model)

    @property
    def images(self) -> torch.Tensor:
        """The pictures whose codes are drawn, (N, *shape) in [0, 1]; what is trained here has not seen them, unless
        there are fewer than 50 in all."""
        return self._now.pictures.shown

    @property
    def labels(self) -> torch.Tensor:
        """Their classes, (N,)."""
        return self._now.pictures.labels

    def posterior(self, images, labels=None) -> tuple[torch.Tensor, torch.Tensor]:
        """Means and standard deviations (N, Z) of the codes of pictures (N, *shape) in [0, 1]. `labels` for conditional
        models, by default the class chosen. A GAN's codes are searched. Raises ValueError, TypeError."""
        with self._trainer.between_steps(), one_thread():
            space = self.space
            x = space.pictures(images)
            return space.encode(x, self._labels(space, labels, len(x)))

    def encode(self, images, labels=None) -> torch.Tensor:
        """Codes (N, Z) of pictures; of a VAE, the means. See `posterior`."""
        return self.posterior(images, labels)[0]

    def decode(self, z, label=None) -> torch.Tensor:
        """Codes (N, Z) → pictures (N, *shape) in [0, 1]. label: the class, or one for each; by default the one chosen.
        Raises ValueError, TypeError."""
        with self._trainer.between_steps(), one_thread():
            space = self.space
            z = space.codes(z)
            return space.decode(z, self._labels(space, label, len(z)))

    def _labels(self, space: Space, given, n: int):
        return self._now.label if given is None else space.labels(given, n)

    def walk(self, a, b, steps: int = 9, path: str = "line") -> tuple[torch.Tensor, torch.Tensor]:
        """Codes (steps, Z) and pictures (steps, *shape) on the way from a to b: "line", or "circle" for a great circle.

        a, b: numbers of pictures in `images` (of a GAN: of its points), or codes (Z,)."""
        steps = Whole(2, 10_000).check(steps, "steps")
        with self._trainer.between_steps(), one_thread():
            z = latent.walk_codes(self._code_of(self._main, a), self._code_of(self._main, b), steps, path)
            return z, self.decode(z)

    def _code_of(self, run, end) -> torch.Tensor:
        space = run.observer.space(run.model)
        if isinstance(end, int | np.integer):
            return run.observer.code(space, end)
        z = space.codes(end)
        if len(z) != 1:
            raise ValueError(f"A walk's end is a picture's number or a code of {space.latent_dim} numbers.")
        return z[0]

    @property
    def kl(self) -> torch.Tensor:
        """KL divergence of the posterior from the prior for each number of the code, in nats, mean over `images`: (Z,).

        Raises ValueError for models without a posterior."""
        with self._trainer.between_steps(), one_thread():
            space = self.space
            if space.kind == "ae":
                raise ValueError("An autoencoder's code is a point, not a cloud: it has no KL divergence.")
            if space.kind == "gan":
                raise ValueError("A GAN has no encoder, so there is no posterior and no KL divergence.")
            return latent.kl_per_dimension(*self._main.observer.codes(space))

    @property
    def dead(self) -> list[int]:
        """The numbers of the code that say nothing: KL below 0.01 nats."""
        return [i for i, value in enumerate(self.kl.tolist()) if value < latent.DEAD]

    @property
    def collapsed(self) -> bool:
        """Whether the whole posterior has collapsed onto the prior: every number of the code is dead."""
        return len(self.dead) == len(self.kl)

    def holes(self) -> Holes:
        """Where the prior promises pictures and no code lies near, on the axes shown; see `latent.hole_map`."""
        with self._trainer.between_steps(), one_thread():
            observer, space = self._main.observer, self.space
            if space.kind == "gan":
                raise ValueError("A GAN is trained on all of its prior: there can be no holes, only bad pictures.")
            mean, std = observer.codes(space)
            axes = list(observer.axes())
            found, share = latent.hole_map(mean[:, axes], std[:, axes])
            z = observer.plane(space, latent.hole_centers(found))
            return Holes(share, found, z, space.decode(z, self._now.label) if len(z) else torch.zeros(0, *space.shape))

    # -- training ------------------------------------------------------------------------------------------------
    def _begin_training(self) -> None:
        """A finished model is shown: begin one like it, from nothing."""
        if not self._moving:
            with self._trainer.between_steps():
                self.set(train=True)

    def run(self, steps: int = 500, progress: bool = True) -> "LatentSpace":
        steps, notice = Whole(0).check(steps, "steps"), self._notice()
        kept = self.view.message.replace(notice, "").strip() if notice else self.view.message
        self._begin_training()
        self.view.message = kept
        return super().run(steps, progress)

    def play(self, steps: int | None = None) -> None:
        steps = None if steps is None else Whole(0).check(steps, "steps")
        self._begin_training()
        super().play(steps)

    def train_step(self, player: str = "both") -> None:
        self._begin_training()
        super().train_step(player)

    def keep(self, run: int) -> None:
        with self._trainer.between_steps():
            super().keep(run)
            if not self._moving:
                self.pause()  # a finished model doesn't train

    def branch(self, step: int | None = None, **changes) -> None:
        """What if? From `step` on (by default the last), a second run beside the first, with another β or learning
        rate. Raises ValueError, TypeError; then nothing has changed."""
        if not self._moving:
            raise ValueError("A finished model has no past to branch from: press Play to train one.")
        if not apply_to(("model",), LatentSettings, changes):
            raise ValueError(f"A branch may change beta and lr; got {', '.join(changes)}.")
        with self._trainer.between_steps(), one_thread():
            base, message = self._moving[0], self.view.message
            trial = base.settings.with_(**changes)
            step = base.step if step is None else Whole(0).check(step, "step")
            if step < base.step:
                self.view.message = f"Going back to step {step}: one moment."
            try:
                self.runs = [base.branch(step), base.branch(step, trial)]
            except BaseException:
                self.view.message = message
                raise
            self._use(self._now.with_(beta=trial.beta, lr=trial.lr, beside=None))
            self._show_all()
        self.changed()
        self.view.message = self.standing()

    def _refresh(self) -> None:
        """New frames of models that have not moved: something else is to be drawn."""
        for i, run in enumerate(self.runs):
            run.capture()
            self._push(i, run.recording.frames[-1])

    def run_names(self) -> list[str]:
        if len(self._moving) > 1:
            return super().run_names()
        return [run.recording.about["title"] for run in self.runs]

    # -- the view's wishes ---------------------------------------------------------------------------------------
    def press(self, button: str, **what) -> None:
        with one_thread():
            if button == "new_seed":
                self.set(seed=self._now.seed + 1, train=True)
            elif button == "decode":
                x, y = what["z"]
                for i, run in enumerate(self.runs):
                    observer, space = run.observer, run.observer.space(run.model)
                    made = space.decode(observer.plane(space, torch.tensor([[x, y]])), self._now.label)
                    self._tell(i, "decoded", made, z=[x, y], shown=[*observer.axes(), self._now.label])
            elif button == "pick":
                self._pick(what["index"], what["run"])
            elif button == "walk":
                self._walk(what["a"], what["b"], what["run"])
            elif button == "drawn":
                self._drawn(what["pixels"])
            else:  # the atlas
                for i, run in enumerate(self.runs):
                    frame, space = run.recording.frames[-1], run.observer.space(run.model)
                    if isinstance(run, Learning) and frame.step == run.step:
                        atlas = run.observer.atlas(space, frame.values["extent"], FINE)
                        self._tell(i, "atlas", None, atlas, shape=list(atlas.shape))

    def _tell(self, i: int, kind: str, images: torch.Tensor | None, *arrays: np.ndarray, **what) -> None:
        buffers = [] if images is None else [(images * 255).round().to(torch.uint8).contiguous().numpy().tobytes()]
        buffers += [np.ascontiguousarray(array).tobytes() for array in arrays]
        self.view.send({"kind": kind, "run": i, "step": self.runs[i].step, **what}, buffers)

    def _run(self, number) -> tuple[Learning | Finished, Space]:
        run = self.runs[Whole(0, len(self.runs) - 1).check(number, "The number of a run")]
        return run, run.observer.space(run.model)

    def _pick(self, index: int, number: int) -> None:
        run, space = self._run(number)
        code, pictures = run.observer.code(space, index)[None], self._now.pictures
        if space.kind == "gan":
            self._tell(number, "picked", space.decode(code), index=index)
            return
        made = space.decode(code, pictures.labels[index : index + 1])
        self._tell(number, "picked", made, index=index, misfit=latent.misfit(made, pictures.shown[index : index + 1]))

    def _walk(self, a: int, b: int, number: int) -> None:
        run, space = self._run(number)
        ends = self._code_of(run, a), self._code_of(run, b)
        ways = torch.cat([latent.walk_codes(*ends, 9, path) for path in ("line", "circle")])
        label = self._now.pictures.labels[a] if space.classes else self._now.label
        self._tell(number, "walked", space.decode(ways, label), a=a, b=b, count=9)

    def _drawn(self, pixels) -> None:
        x = latent.drawing(pixels, self._now.pictures)
        if self._main.observer.about["kind"] == "gan":
            self.view.message = "A code for your picture is being searched: one moment."
        for i, run in enumerate(self.runs):
            space = run.observer.space(run.model)
            mean, std = space.encode(x, self._now.label)
            made = space.decode(mean, self._now.label)
            axes = list(run.observer.axes())
            usual = run.recording.frames[-1].values.get("misfit")
            what = {"z": mean[0, axes].tolist(), "spread": std[0, axes].tolist(), "misfit": latent.misfit(made, x)}
            self._tell(i, "landed", torch.cat([x, made]), usual=usual, **what)
        self.view.message = self.standing()

    # -- controls ------------------------------------------------------------------------------------------------
    def choose(self, name: str, value) -> None:
        if name.startswith("axis_"):
            x, y = self._view["axes"]
            axes = (value, y if value != y else x) if name == "axis_x" else (x if value != x else y, value)
            self.set(axes=axes)
        else:
            self.set(**{name: value})

    def changed(self) -> None:
        """Settings follow the run that is left, and controls the settings."""
        dim = self._main.recording.about["latent_dim"]
        if len(self.runs) == 1:
            of_run = self.runs[0].settings
            kept = {name: getattr(of_run, name) for name in of_run.names() if not apply_to(("view",), of_run, [name])}
            axes = self._now.axes if max(self._now.axes or (0,)) < dim else None
            self._use(self._now.with_(**kept | {"axes": axes, "beside": None}))
        s, training = self._now, bool(self._moving)
        across, up = self._main.observer.axes()
        numbers = [(f"z[{k}]", k) for k in range(dim)]
        self._controls.follow(
            self.settings | {"latent_dim": dim, "axis_x": across, "axis_y": up},
            choices={
                "label": [(name, k) for k, name in enumerate(s.pictures.classes)],
                "axis_x": numbers,
                "axis_y": numbers,
            },
            shown={
                "beta": s.kind in ("vae", "cvae"),
                "label": any(run.recording.about["conditional"] for run in self.runs),
                "axis_x": dim > 2,
                "axis_y": dim > 2,
                "lr": training,
                "seed": training,
                "train": s.is_own or s.finished is not None,
            },
        )

    # -- pictures for those without a kernel ---------------------------------------------------------------------
    def still(self):
        return pages.still(self._main.recording)

    def thinned(self, recording: Recording) -> list[Frame]:
        return pages.thinned(recording)

    def small_fixed(self, recording: Recording) -> dict[str, np.ndarray]:
        return pages.small_fixed(recording)

    def plays_alone(self) -> bool:
        return True  # one frame is enough to walk in

    def __repr__(self) -> str:
        about = self._main.recording.about
        return f"LatentSpace({about['title']}, {about['data']}, step {self.step_number})"

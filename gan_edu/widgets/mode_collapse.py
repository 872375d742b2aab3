"""Widget 2: eight GANs that differ in their seed only, side by side; which lose modes, when, and what helps.

All that is trained, counted and measured is in `gan_edu.collapse`.
"""

import contextlib
import time
from collections.abc import Iterator

from gan_edu import collapse
from gan_edu import device as devices
from gan_edu.collapse import OF_DISCRIMINATOR, REMEDIES, CollapseSettings, EnsembleRun, Makers, Sweep, pages
from gan_edu.collapse.recipe import USUAL, kind_of
from gan_edu.device import one_thread
from gan_edu.recorder import Frame, Recording
from gan_edu.settings import Any, Choice, Whole
from gan_edu.widgets.base import ASK, RecordedWidget
from gan_edu.widgets.controls import Controls, apply_to, described, patient
from gan_edu.widgets.explain import explain
from gan_edu.widgets.trainer import Trainer

SWEPT = Choice(tuple(collapse.SWEEPS))
GOES_ON = ("model", "discriminator")  # what remedies apply to


@described(CollapseSettings, "data")
class ModeCollapse(RecordedWidget):
    """GANs that differ in their seed only, trained side by side: modes held, shares, alarms, remedies, a sweep.

    make_generator, make_discriminator: functions that make your own nets (each an nn.Sequential that `ensemble.stack`
    takes); make_discriminator may have arguments `packing`, `spectral_norm` and `minibatch_std`, and gets them.
    device: as in `device.pick`.

    A remedy that is changed while it trains branches from the present: a second row of seeds goes on with it, below the
    first one that goes on as before. What can't be used is said in the widget, in a sentence, and a default stands in.
    """

    painter = "collapse"
    name = "Mode collapse"
    heard = {
        "new_seed": {},
        "sweep": {"x": SWEPT, "y": SWEPT, "steps": Any(lambda steps: 600 if steps is None else steps)},
        "stop_sweep": {},
    }

    def __init__(self, data="ring", *, make_generator=None, make_discriminator=None, device=None, **settings):
        self.device = devices.pick(device)
        self._sweep: Sweep | None = None
        self._sweep_shown = 0.0
        self._sweeper = Trainer(self._sweep_work, self._sweep_ended)
        self._controls = Controls(CollapseSettings, self)
        super().__init__(self._controls.values(), sweeps=list(collapse.SWEEPS), advice=collapse.ADVICE)
        usual, problems = patient(CollapseSettings(), {"data": data})
        usual = usual.with_(**USUAL[kind_of(usual.data)])
        given = {name: value for name, value in settings.items() if value is not None or name not in USUAL["plane"]}
        self._now, more = patient(usual, given, ("make_generator", "make_discriminator", "device"))
        problems += more
        self._makers = Makers()
        for player, make in (("generator", make_generator), ("discriminator", make_discriminator)):
            try:
                self._makers = Makers(**vars(self._makers) | {player: make})
            except TypeError as error:
                problems.append(f"{explain(error)} So the usual nets stand in.")
        try:
            self.runs = [self.make_run()]
        except ASK as error:
            problems.append(f"{explain(error)} So the usual nets stand in.")
            self._makers = Makers()
            self.runs = [self.make_run()]
        self.changed()
        self.view.message = " ".join(filter(None, [*problems, self.standing()]))

    # -- settings ------------------------------------------------------------------------------------------------
    def standing(self) -> str:
        return " ".join(filter(None, [getattr(self._now.data, "note", ""), super().standing()]))

    def make_run(self) -> EnsembleRun:
        return EnsembleRun.begin(self._now, self._makers, self.device)

    def branch(self, step: int | None = None, **changes) -> None:
        """What if? From `step` on (by default the last), a second row of seeds with other settings, beside the first.

        spectral_norm, packing and minibatch_std make another discriminator: the second row keeps its generators and
        gets discriminators that start afresh, from the same seeds. From step 0 on that is a race of equals.
        """
        if not apply_to(GOES_ON, CollapseSettings, changes):
            other = next(name for name in changes if name not in REMEDIES)
            raise ValueError(f"A branch can change {', '.join(REMEDIES)}; {other!r} needs a new start.")
        with self._trainer.between_steps(), one_thread():
            base = self.runs[0]
            trial, step = base.settings.with_(**changes), base.step if step is None else Whole(0).check(step, "step")
            if step == base.step:
                base.keep()
            self.runs = [base if step == base.step else base.branch(step), base.branch(step, trial)]
            self._show_all()
        self.changed()
        self.view.message = self.standing()

    def set(self, **changes) -> None:
        """Change settings. Remedies branch from the present, or change the second row if there is one; before the first
        step, and for data, seeds, seed, hidden and batch, all begins anew. Raises ValueError, TypeError; then nothing
        has changed."""
        remedies = apply_to(GOES_ON, CollapseSettings, changes)
        if "data" in changes and (kind := kind_of(changes["data"])) != kind_of(self._now.data):
            changes = USUAL[kind] | changes
        with self._trainer.between_steps(), one_thread():
            playing = self.playing
            try:
                trial = self._now.with_(**changes)
                if remedies and len(self.runs) == 2:
                    self.runs[-1].change(trial)
                    self._show_all()
                elif remedies and self.step_number > 0:
                    if any(getattr(trial, name) != getattr(self._now, name) for name in changes):
                        self.branch(**changes)
                else:
                    runs = [EnsembleRun.begin(trial, self._makers, self.device)]
                    left = None if self._goal is None else self._goal - self.step_number
                    self.pause()
                    self.runs = runs
                    self._show_all()
                    if playing:
                        self.play(left)
            finally:
                self.changed()  # settings are those of the run that is there, whatever was raised
        self.view.message = self.standing()

    def run_names(self) -> list[str]:
        if len(self.runs) == 1:
            return [""]
        before, after = (run.settings for run in self.runs)
        changed = [name for name in REMEDIES if getattr(before, name) != getattr(after, name)]
        if "penalty_weight" in changed and after.penalty == "none":
            changed.remove("penalty_weight")
        if "penalty" in changed and "penalty_weight" not in changed and after.penalty != "none":
            changed.append("penalty_weight")
        labels = {name: CollapseSettings.about(name).get("label", name) for name in changed}
        what = ", ".join(f"{label} {_shown(getattr(after, name))}" for name, label in labels.items())
        fresh = " (D began afresh)" if set(changed) & set(OF_DISCRIMINATOR) else ""
        return ["as before", f"what if: {what}{fresh}" if what else "what if: nothing changed yet"]

    def choose(self, name: str, value) -> None:
        self.set(**{name: value})

    def changed(self) -> None:
        """Settings follow the run that is left, and controls follow the settings."""
        if self.runs:
            self._now = self.runs[-1].settings
        self.settings = self._now.to_dict()
        self._controls.follow(self.settings)

    def press(self, button: str, **what) -> None:
        if button == "new_seed":
            self.set(seed=self._now.seed + self._now.seeds)
        elif button == "sweep":
            self.sweep(**what)
        else:
            self.stop_sweep()

    # -- the alarm -----------------------------------------------------------------------------------------------
    def losses_of_modes(self, run: int = -1) -> list[dict]:
        """Every loss of a mode so far: seed, mode, step, held_until, back, cause, why, and what was measured."""
        return [dict(event) for event in self.runs[run].losses.events]

    def _show(self, *how, **more) -> None:
        super()._show(*how, **more)
        for i, run in enumerate(self.runs):
            if rows := run.note():
                self.view.send({"kind": "lost", "run": i, "rows": rows})

    def _show_all(self) -> None:
        for run in self.runs:
            run.note()
            run.recording.about["lost"] = run.losses.rows()
        super()._show_all()
        if self._sweep is not None:
            self._show_sweep()

    def _player(self, frames: dict[int, list[Frame]]) -> str:
        for i, run in enumerate(self.runs):
            run.recording.about["lost"] = run.losses.seen_in([frame.step for frame in frames[i]])
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
        Raises ValueError and TypeError for settings that can't be swept.
        """
        sweep = Sweep(self._now, self._makers, x, y, xs, ys, steps, self.device)
        self.stop_sweep()
        self._sweeper.free()  # a net that never returns is given up
        with contextlib.suppress(*ASK):  # what ended an earlier sweep has been shown
            self._sweeper.wait()
        self.pause()
        self._sweep = sweep
        self._show_sweep()
        if background:
            self._sweeper.play()
            return self
        with one_thread():
            try:
                for _ in self._sweep_work():
                    pass
            finally:
                self._sweep_ended(None)
        return self

    def stop_sweep(self) -> None:
        """End the sweep after the step under way; what is known stays."""
        self._sweeper.pause()

    @property
    def sweep_result(self) -> dict | None:
        """What the last sweep found: x, y (names), xs, ys (values), collapsed and held (len(ys), len(xs)): the share of
        seeds that collapsed, and their mean number of held modes. NaN: not known yet. None: no sweep so far."""
        return None if self._sweep is None else self._sweep.result()

    def _sweep_work(self) -> Iterator[float]:
        for _ in self._sweep.work():
            if time.perf_counter() > self._sweep_shown + 0.3:
                self._show_sweep()
            yield 0.0

    def _sweep_ended(self, error: BaseException | None) -> None:
        self._sweep.running = False
        self._show_sweep()
        if error is not None:
            self.say(error)

    def _show_sweep(self) -> None:
        self._sweep_shown = time.perf_counter()
        self.view.send({"kind": "sweep", "run": 0, "sweep": self._sweep.about()})

    # -- the thread and the page ---------------------------------------------------------------------------------
    def play(self, steps: int | None = None) -> None:
        """Train in the background, for so many more steps or until `pause`. A sweep under way stops."""
        self.stop_sweep()
        super().play(steps)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until training and a sweep in the background have stopped. Raises what stopped them, or TimeoutError."""
        super().wait(timeout)
        self._sweeper.wait(timeout)

    def reset(self) -> None:
        """Begin again with the same settings and the same seeds: the same runs. A sweep stops."""
        self.stop_sweep()
        self._sweeper.free()
        super().reset()

    def close(self) -> None:
        """Stop all work and leave the page."""
        if self._trainer is not None:
            self.stop_sweep()
        super().close()

    # -- pictures for those without a kernel ---------------------------------------------------------------------
    def still(self):
        return pages.still([run.recording for run in self.runs], self.run_names())

    def thinned(self, recording: Recording) -> list[Frame]:
        return pages.thinned(recording)

    def __repr__(self) -> str:
        s = self._now
        data = s.data if isinstance(s.data, str) else repr(s.data)
        return f"ModeCollapse({data}, seeds={s.seeds}, seed={s.seed}, step {self.step_number})"


def _shown(value) -> str:
    if isinstance(value, bool) or value is None:
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, int | float) else str(getattr(value, "name", value))

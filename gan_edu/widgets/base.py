"""What the widgets that train share: a view in the browser, runs that are recorded, and a trainer that moves them on.

Messages to the view: "fixed" (a run's constant arrays, and what is known about it; the view forgets the run's frames),
"frame" (one frame), "steps" (the steps that are still kept), "runs" (how many there are). Messages from the view stand
in `HEARD`, and in `heard` those of one widget alone. Arrays travel as raw buffers; frames are messages, not traits, so
that a saved notebook doesn't hold them.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
import traitlets

from gan_edu.device import one_thread
from gan_edu.recorder import Frame, Recorder, Recording
from gan_edu.settings import Any, Choice, Flag, Whole
from gan_edu.training import progress_bar
from gan_edu.widgets import player
from gan_edu.widgets.cells import replace_earlier
from gan_edu.widgets.explain import explain
from gan_edu.widgets.stored import Stored
from gan_edu.widgets.trainer import Pace, StillRunning, Trainer, trim_memory

STATIC = Path(__file__).parent / "static"
ASK = (Exception, SystemExit)  # whatever a learner's net raises is shown in the widget as a sentence
SPEEDS = {"1 step a second": 1.0, "10 a second": 0.1, "50 a second": 0.02, "as fast as it goes": 0.0}


PLAYERS = Choice(("both", "discriminator", "generator"))


def _steps(values) -> set[int]:
    if not isinstance(values, list) or len(values) > 10_000:
        raise ValueError(f"steps must be a list of steps; got {type(values).__name__}.")
    return {Whole(0).check(step, "a step") for step in values}


HEARD = {  # message of the view → what it must say
    "ready": {},
    "want": {"run": Whole(0), "steps": Any(_steps)},
    "play": {},
    "pause": {},
    "gone": {},
    "slow": {"on": Flag()},
    "speed": {"speed": Choice(tuple(SPEEDS))},
    "step": {"player": Any(lambda who: PLAYERS.check("both" if who is None else who, "player"))},
    "reset": {},
    "branch": {"step": Whole(0)},
    "keep": {"run": Whole(0, 1)},
}


def script(painter: str) -> str:
    """The JavaScript of a view: what all share, and what this one paints."""
    return "\n".join((STATIC / f"{name}.js").read_text(encoding="utf-8") for name in ("common", painter))


class View(anywidget.AnyWidget):
    """The drawing in the browser, with its buttons and its time line."""

    playing = traitlets.Bool(False).tag(sync=True)
    message = traitlets.Unicode("").tag(sync=True)
    setup = traitlets.Dict().tag(sync=True)

    def __init__(self, painter: str, **traits):
        self._esm = script(painter) + "\nexport default { render: (c) => ganEdu.render(c.model, c.el, PAINTER) };\n"
        super().__init__(**traits)


def buffers_of(arrays: dict[str, np.ndarray]) -> tuple[list[dict], list[bytes]]:
    heads = [{"name": n, "dtype": a.dtype.name, "shape": list(a.shape)} for n, a in arrays.items()]
    return heads, [np.ascontiguousarray(a).tobytes() for a in arrays.values()]


class RecordedWidget(ipywidgets.VBox):
    """Recorders side by side, live. Subclasses say how a run is made, what one step is, and how it is painted.

    `run(steps)` trains here and now (and returns the widget, so that it may end a cell); `play()` and `pause()` train
    in the background; `wait()` waits for the end and raises what went wrong. `close()` stops everything.
    """

    painter = ""
    name = ""
    heard: dict[str, dict] = {}  # buttons of this widget alone → what they must say
    _trainer: Trainer | None = None  # none yet when a constructor is refused

    def __init__(self, controls=(), **setup):
        self.runs: list[Recorder] = []
        self.settings: dict = {}
        self._left_settings: dict = {}  # of the run as before, in a comparison
        self.slow = False
        self.rest = 0.0  # seconds after each step
        self.pace = Pace()
        self._goal: int | None = None
        self._seen = False
        self._trainer = Trainer(self._work, self._ended)
        self._stored = Stored(self)
        self.view = View(self.painter, setup={"kind": self.painter, "name": self.name, "speeds": list(SPEEDS), **setup})
        self.view.on_msg(self._received)
        self.controls = ipywidgets.HBox(list(controls), layout=ipywidgets.Layout(flex_flow="row wrap"))
        super().__init__([self.controls, self.view])
        replace_earlier(self)

    # -- for subclasses ------------------------------------------------------------------------------------------
    def make_run(self) -> Recorder:
        """A new recorder from `self.settings`."""
        raise NotImplementedError

    def slow_step(self) -> Iterator[dict]:
        """One training step in slow motion: what to tell the view before each part of it."""
        self.train_step()
        yield {}

    def model_settings(self, settings: dict) -> dict:
        """The arguments of the model among the settings."""
        raise NotImplementedError

    def changed_settings(self, settings: dict, changes: dict) -> dict:
        """Settings with changes that a branch can make. Raises what is wrong with them."""
        return settings | changes

    def standing(self) -> str:
        """What is to be said as long as these runs and settings are there."""
        return " ".join(getattr(self._main.model, "doubts", ()))

    def _make_runs(self) -> list[Recorder]:
        return [self.make_run()]

    def still(self):
        """A matplotlib Figure of the last frame, for readers without a kernel."""
        raise NotImplementedError

    def thinned(self, recording: Recording) -> list[Frame]:
        """A few small frames for the player in exported pages."""
        raise NotImplementedError

    def plays_alone(self) -> bool:
        """Whether the recording is worth a player in the saved notebook."""
        return len(self.recording) > 1

    def newest(self) -> list[Frame]:
        """What the runs look like now."""
        return [run.recording.frames[-1] for run in self.runs]

    def words(self) -> str:
        """The recording as text, for readers who see no page."""
        return repr(self.recording)

    def press(self, button: str, **what) -> None:
        """A button in `heard`."""
        raise NotImplementedError

    def changed(self) -> None:
        """Called when runs were made or went; controls may follow."""

    # -- what learners call --------------------------------------------------------------------------------------
    @property
    def _moving(self) -> list[Recorder]:
        """The runs that train."""
        return self.runs

    @property
    def _main(self) -> Recorder:
        """The run that is asked and changed."""
        return self._moving[-1]

    @property
    def recording(self) -> Recording:
        """The recording of the (last) run."""
        return self._main.recording

    @property
    def step_number(self) -> int:
        return self._main.step

    def run(self, steps: int = 500, progress: bool = True) -> "RecordedWidget":
        """Train here and now, with a bar if it takes more than a second. Raises what training raises.

        An interrupt (■) stops it between two steps, and nothing is lost.
        """
        steps = Whole(0).check(steps, "steps")
        self.pause()
        with self._trainer.between_steps(), one_thread():
            try:
                with progress_bar(steps, progress) as bar:
                    for _ in range(steps):
                        self.train_step()
                        if self.step_number % self._main.every == 0:
                            self._show(pushing=self.pace.due())
                        bar.update()
            except KeyboardInterrupt:
                self._show()
                raise
            self._show()
            for i, run in enumerate(self.runs):
                self.view.send({"kind": "steps", "run": i, "steps": run.recording.steps})
        return self

    def play(self, steps: int | None = None) -> None:
        """Train in the background, for so many more steps or until `pause`."""
        steps = None if steps is None else Whole(0).check(steps, "steps")
        with self._trainer.between_steps():  # it can't end before the view knows that it plays
            self._goal = None if steps is None else self.step_number + steps
            self._stored.cancel()
            self._trainer.play()
            self.view.message = self.standing()
            self.view.playing = True

    def pause(self) -> None:
        """Stop after the step under way."""
        self._trainer.pause()
        self.view.playing = False

    @property
    def playing(self) -> bool:
        return self._trainer.playing

    def wait(self, timeout: float | None = None) -> None:
        """Wait until training in the background has stopped. Raises what stopped it, or TimeoutError."""
        self._trainer.wait(timeout)

    def between_steps(self):
        """For what looks at the runs: while this context is open, training in the background waits."""
        return self._trainer.between_steps()

    def step(self, n: int = 1) -> None:
        """Train n steps now and show the result."""
        n = Whole(0).check(n, "n")
        with self._trainer.between_steps(), one_thread():
            for _ in range(n):
                self.train_step()
            self._show()

    def reset(self) -> None:
        """Begin again with the same settings and the same seed: the same run."""
        self.pause()
        self._trainer.free()
        with self._trainer.between_steps(), one_thread():
            self.runs = self._make_runs()
            self._show_all()
        self.changed()
        self.view.message = self.standing()

    def branch(self, step: int | None = None, **changes) -> None:
        """What if? From `step` on (by default the last), a second run beside the first, with other settings than the
        first one's. A second run that was there goes."""
        with self._trainer.between_steps(), one_thread():
            base, left = self.runs[0], self._left_settings if len(self.runs) == 2 else self.settings
            settings = self.changed_settings(left, changes)
            step = base.step if step is None else Whole(0).check(step, "step")
            # with the settings that the controls show: earlier ones may have stood at this step
            other = base.branch(step, **self.model_settings(settings))
            again = base.branch(step, **self.model_settings(left))
            self._left_settings, self.settings = left, settings
            self.runs = [again, other]
            self._show_all()
        self.changed()
        self.view.message = self.standing()

    def keep(self, run: int) -> None:
        """Go on with one of two runs: 0, the left one, or 1."""
        run = Whole(0, len(self.runs) - 1).check(run, "run")
        with self._trainer.between_steps():
            if run == 0 and len(self.runs) == 2:
                self.settings = self._left_settings
            self.runs = [self.runs[run]]
            self._show_all()
        self.changed()
        self.view.message = self.standing()

    def close(self) -> None:
        """Stop all work and leave the page."""
        if self._trainer is None:
            return
        self.pause()
        self._stored.cancel()
        for widget in (self.view, *self.controls.children, self.controls, self):
            for part in ("style", "layout"):
                if getattr(widget, part, None) is not None:
                    getattr(widget, part).close()
            if widget is not self:
                widget.close()
        super().close()

    # -- training ------------------------------------------------------------------------------------------------
    def train_step(self, player: str = "both") -> None:
        # after an interrupt one of two may be a step ahead
        last = max(run.step for run in self._moving)
        for run in [run for run in self._moving if run.step < last] or self._moving:
            run.train_step(player)

    def _work(self) -> Iterator[float]:
        while self._goal is None or self.step_number < self._goal:
            if self.slow:
                for part in self.slow_step():
                    self._show(part)
                    yield part.get("rest", 1.0)
                continue
            self.train_step()
            if self.rest or self.pace.due():
                self._show()
            yield self.rest

    def _ended(self, error: BaseException | None) -> None:
        self.view.playing = False
        try:
            if error is None:
                self._show()
        except ASK as raised:
            error = raised
        if error is not None:
            self.say(error)

    def say(self, error: BaseException | str) -> None:
        """Show a sentence in the widget."""
        self.view.message = explain(error)

    # -- the view ------------------------------------------------------------------------------------------------
    def _show(self, phase: dict | None = None, pushing: bool = True) -> None:
        """Record what the runs look like now, and show it."""
        with self.pace.frame():
            for i, run in [(i, run) for i, run in enumerate(self.runs) if run in self._moving]:
                gone = run.capture()
                if pushing:
                    self._push(i, run.recording.frames[-1], phase, gone if len(gone) == 1 else [])
                if len(gone) > 1 or (gone and not pushing):
                    self.view.send({"kind": "steps", "run": i, "steps": run.recording.steps})
                if len(gone) > 1:
                    trim_memory()

    def _push(self, i: int, frame: Frame, phase: dict | None = None, gone: list[int] | None = None) -> None:
        heads, buffers = buffers_of(frame.arrays)
        content = {"kind": "frame", "run": i, "step": frame.step, "values": player.values_of(frame), "arrays": heads}
        more = ({"phase": phase} if phase else {}) | ({"gone": gone} if gone else {})
        self.view.send(content | more, buffers)
        if self._seen and not self.playing:
            self._stored.soon()

    def _show_all(self) -> None:
        """Tell the view about all runs from scratch; it asks for older frames when it needs them."""
        self.view.send({"kind": "runs", "count": len(self.runs), "names": self.run_names()})
        for i, run in enumerate(self.runs):
            heads, buffers = buffers_of(run.recording.fixed)
            about = run.recording.about
            self.view.send({"kind": "fixed", "run": i, "about": about, "arrays": heads}, buffers)
            self._push(i, run.recording.frames[-1])
            self.view.send({"kind": "steps", "run": i, "steps": run.recording.steps})

    def run_names(self) -> list[str]:
        return [""] if len(self.runs) == 1 else ["as before", "what if"]

    def _received(self, _, content, buffers) -> None:
        try:
            self._answer(content if isinstance(content, dict) else {})
        except BaseException as error:
            self.say(error)

    def _answer(self, content: dict) -> None:
        kind, heard = content.get("kind", ""), HEARD | self.heard
        if not isinstance(kind, str) or kind not in heard:
            raise ValueError(f"{self.name} has no button {kind!r}.")
        content = {name: rule.check(content.get(name), name) for name, rule in heard[kind].items()}
        if kind in ("ready", "want"):
            # what is recorded can be shown in any case, but better between two steps
            with contextlib.ExitStack() as stack:
                with contextlib.suppress(StillRunning):
                    stack.enter_context(self._trainer.between_steps(0.5))
                self._show_all() if kind == "ready" else self._push_wanted(**content)
            self._seen = True
        elif kind == "play":
            self.play()
        elif kind in ("pause", "gone"):
            self.pause()
        elif kind == "slow":
            self.slow = content["on"]
        elif kind == "speed":
            self.rest = SPEEDS[content["speed"]]
        elif kind == "reset":
            self.pause()
            self._trainer.free()
            self._trainer.do(self.reset, self.say)
        else:
            if kind == "step":
                self.pause()
            act = {"step": self._step_of, "branch": self.branch, "keep": self.keep}.get(kind)
            act = act or (lambda **what: self.press(kind, **what))
            self._trainer.do(lambda: act(**content), self.say)

    def _step_of(self, player: str) -> None:
        self.train_step(player)
        self._show()
        self.view.message = self.standing()

    def _push_wanted(self, run: int, steps: set[int]) -> None:
        for frame in self.runs[run].recording if run < len(self.runs) else ():
            if frame.step in steps:
                self._push(run, frame)

    # -- in notebooks --------------------------------------------------------------------------------------------
    def _ipython_display_(self) -> None:
        self._stored.show(self.view, self.model_id)

    def page(self) -> str:
        """The recording as HTML that plays by itself."""
        return self._player({i: self.thinned(run.recording) for i, run in enumerate(self.runs)})

    def _player(self, frames: dict[int, list[Frame]]) -> str:
        return player.html(
            script(self.painter),
            setup=self.view.setup,
            names=self.run_names(),
            runs=[
                {"about": run.recording.about, "fixed": self.small_fixed(run.recording), "frames": frames[i]}
                for i, run in enumerate(self.runs)
            ],
        )

    def small_fixed(self, recording: Recording) -> dict[str, np.ndarray]:
        return recording.fixed

    def export(self, path) -> Path:
        """Write a page that plays the recording without a kernel or a network."""
        return player.export(path, self.name, self.page())

    def __repr__(self) -> str:
        return self.name

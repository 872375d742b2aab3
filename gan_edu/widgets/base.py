"""What the three widgets share: a view in the browser, runs that are recorded, and a trainer that moves them on.

Messages to the view: "fixed" (a run's constant arrays, and what is known about it; the view forgets the run's frames),
"frame" (one frame), "steps" (the steps that are still kept), "runs" (how many there are). Messages from the view:
"ready", "want" (frames that it has not seen), and presses of its buttons by name. Arrays travel as raw buffers; frames
are messages, not traits, so that a saved notebook doesn't hold them.
"""

import weakref
from collections.abc import Iterator
from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
import traitlets
from IPython import get_ipython
from IPython.display import display

from gan_edu import plotting
from gan_edu.recorder import Frame, Recorder, Recording
from gan_edu.training import TrainingDiverged, progress_bar
from gan_edu.widgets import player
from gan_edu.widgets.trainer import Pace, Trainer, one_thread

STATIC = Path(__file__).parent / "static"
ASK = (ValueError, TypeError, ArithmeticError, RuntimeError, IndexError, KeyError)  # shown in the widget as a sentence
SPEEDS = {"1 step a second": 1.0, "10 a second": 0.1, "50 a second": 0.02, "as fast as it goes": 0.0}
_of_cells: dict[str, tuple[object, weakref.ref]] = {}


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

    def __init__(self, controls=(), **setup):
        self.runs: list[Recorder] = []
        self.settings: dict = {}
        self._left_settings: dict = {}  # of the run as before, in a comparison
        self.slow = False
        self.rest = 0.0  # seconds after each step
        self.pace = Pace()
        self._goal: int | None = None
        self._first_step = 0.0
        self._player_shown = False
        self._trainer = Trainer(self._work, self._ended)
        self.view = View(self.painter, setup={"kind": self.painter, "name": self.name, "speeds": list(SPEEDS), **setup})
        self.view.on_msg(self._received)
        self.controls = ipywidgets.HBox(list(controls), layout=ipywidgets.Layout(flex_flow="row wrap"))
        super().__init__([self.controls, self.view])
        self._replace_earlier()

    # -- for subclasses ------------------------------------------------------------------------------------------
    def make_run(self) -> Recorder:
        """A new recorder from `self.settings`."""
        raise NotImplementedError

    def phases(self) -> Iterator[dict]:
        """One training step in slow motion: what to tell the view before each part of it."""
        self.train_step()
        yield {}

    def still(self):
        """A matplotlib Figure of the last frame, for readers without a kernel."""
        raise NotImplementedError

    def thinned(self, recording: Recording) -> list[Frame]:
        """A few small frames for the player in exported pages."""
        raise NotImplementedError

    def press(self, button: str, **what) -> None:
        """A button of this widget alone. Raises ValueError for one that it doesn't have."""
        raise ValueError(f"{self.name} has no button {button!r}.")

    def changed(self) -> None:
        """Called when runs were made or went; controls may follow."""

    # -- what learners call --------------------------------------------------------------------------------------
    @property
    def recording(self) -> Recording:
        """The recording of the (last) run."""
        return self.runs[-1].recording

    @property
    def step_number(self) -> int:
        return self.runs[-1].step

    def run(self, steps: int = 500, progress: bool = True) -> "RecordedWidget":
        """Train here and now, with a bar if it takes more than a second. Raises what training raises."""
        self.pause()
        with self._trainer.between_steps(), one_thread():
            with progress_bar(steps, progress) as bar:
                for _ in range(steps):
                    self.train_step()
                    if self.step_number % self.runs[-1].every == 0:
                        self._show(pushing=self.pace.due())
                    bar.update()
            self._show()
            for i, run in enumerate(self.runs):
                self.view.send({"kind": "steps", "run": i, "steps": run.recording.steps})
        return self

    def play(self, steps: int | None = None) -> None:
        """Train in the background, for so many more steps or until `pause`."""
        self._goal = None if steps is None else self.step_number + steps
        self.view.message = ""
        self.view.playing = True
        self._trainer.play()

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

    def step(self, n: int = 1) -> None:
        """Train n steps now and show the result."""
        with self._trainer.between_steps(), one_thread():
            for _ in range(n):
                self.train_step()
            self._show()

    def reset(self) -> None:
        """Begin again with the same settings and the same seed: the same run."""
        with self._trainer.between_steps():
            self.pause()
            with one_thread():
                self.runs = [self.make_run()]
            self.view.message = ""
            self._show_all()

    def branch(self, step: int | None = None, **changes) -> None:
        """What if? From `step` on (by default the last), a second run beside the first, with other settings."""
        with self._trainer.between_steps(), one_thread():
            base = self.runs[0]
            step = base.step if step is None else int(step)
            other = base.branch(step, **self.model_settings(self.settings | changes))
            again = base.branch(step)
            self._left_settings, self.settings = self.settings, self.settings | changes
            self.runs = [again, other]
            self._show_all()
        self.changed()

    def model_settings(self, settings: dict) -> dict:
        """The arguments of the model among the settings."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop all work and leave the page."""
        self.pause()
        for widget in (self.view, *self.controls.children, self.controls, self):
            for part in ("style", "layout"):
                if getattr(widget, part, None) is not None:
                    getattr(widget, part).close()
            if widget is not self:
                widget.close()
        super().close()

    # -- training ------------------------------------------------------------------------------------------------
    def train_step(self, player: str = "both") -> None:
        for run in self.runs:
            run.train_step(player)

    def _work(self) -> Iterator[float]:
        while self._goal is None or self.step_number < self._goal:
            if self.slow:
                for phase in self.phases():
                    self._show(phase)
                    yield phase.get("rest", 1.0)
                continue
            self.train_step()
            if self.rest or self.pace.due():
                self._show()
            yield self.rest

    def _ended(self, error: BaseException | None) -> None:
        self.view.playing = False
        if error is None:
            self._show()
        else:
            self.say(error)

    def say(self, error: BaseException | str) -> None:
        """Show a sentence in the widget."""
        if isinstance(error, TrainingDiverged):
            error = (
                f"Training diverged at step {error.step}: a loss is no longer a finite number. Scrub back and branch "
                "from an earlier step, or reset, with a smaller learning rate."
            )
        self.view.message = str(error)

    # -- the view ------------------------------------------------------------------------------------------------
    def _show(self, phase: dict | None = None, pushing: bool = True) -> None:
        """Record what the runs look like now, and show it."""
        with self.pace.frame():
            for i, run in enumerate(self.runs):
                gone = run.capture()
                if pushing:
                    self._push(i, run.recording.frames[-1], phase, gone if len(gone) == 1 else [])
                if len(gone) > 1 or (gone and not pushing):
                    self.view.send({"kind": "steps", "run": i, "steps": run.recording.steps})

    def _push(self, i: int, frame: Frame, phase: dict | None = None, gone: list[int] | None = None) -> None:
        heads, buffers = buffers_of(frame.arrays)
        content = {"kind": "frame", "run": i, "step": frame.step, "values": frame.values, "arrays": heads}
        more = ({"phase": phase} if phase else {}) | ({"gone": gone} if gone else {})
        self.view.send(content | more, buffers)

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
            self._answer(dict(content))
        except ASK as error:
            self.say(error.args[0] if isinstance(error, KeyError) and error.args else error)

    def _answer(self, content: dict) -> None:
        kind = content.pop("kind", "")
        if kind == "ready":
            with self._trainer.between_steps():
                self._show_all()
        elif kind == "want":
            with self._trainer.between_steps():
                wanted, run = set(content["steps"]), content["run"]
                for frame in self.runs[run].recording if run < len(self.runs) else ():
                    if frame.step in wanted:
                        self._push(run, frame)
        elif kind == "play":
            self.play()
        elif kind == "pause":
            self.pause()
        elif kind == "step":
            self.pause()
            with self._trainer.between_steps(), one_thread():
                self.train_step(content.get("player", "both"))
                self._show()
            self.view.message = ""
        elif kind == "slow":
            self.slow = bool(content["on"])
        elif kind == "speed":
            self.rest = SPEEDS[content["speed"]]
        elif kind == "reset":
            self.reset()
        elif kind == "branch":
            self.branch(content["step"])
        elif kind == "keep":
            with self._trainer.between_steps():
                if content["run"] == 0 and len(self.runs) == 2:
                    self.settings = self._left_settings
                self.runs = [self.runs[content["run"]]]
                self._show_all()
            self.changed()
        elif kind == "gone":
            self.pause()
        else:
            with self._trainer.between_steps():
                self.press(kind, **content)

    # -- in notebooks --------------------------------------------------------------------------------------------
    def _replace_earlier(self) -> None:
        """A second run of a cell replaces the widget that it made before: that one stops and gives its memory back."""
        parent = getattr(get_ipython(), "get_parent", dict)() or {}
        cell = parent.get("metadata", {}).get("cellId")
        if cell is None:
            return
        request = parent.get("header", {}).get("msg_id")
        earlier_request, earlier = _of_cells.get(f"{cell}/{type(self).__name__}", (None, None))
        if earlier is not None and earlier_request != request and (old := earlier()) is not None:
            old.close()
        _of_cells[f"{cell}/{type(self).__name__}"] = (request, weakref.ref(self))

    def _repr_mimebundle_(self, **options):
        bundle = super()._repr_mimebundle_(**options) or {}
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return {**data, "text/plain": repr(self), "image/png": plotting.png(self.still())}

    def _ipython_display_(self) -> None:
        import base64

        data = self._repr_mimebundle_()
        data["image/png"] = base64.b64encode(data["image/png"]).decode()
        display(data, raw=True)
        if len(self.recording) > 1:
            frames = {i: self.thinned(run.recording) for i, run in enumerate(self.runs)}
            display({"text/html": self._player(frames), "text/plain": repr(self.recording)}, raw=True)

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
        frames = {i: self.thinned(run.recording) for i, run in enumerate(self.runs)}
        page = (
            '<!DOCTYPE html><html lang="en"><meta charset="utf-8">'
            f"<title>{self.name}</title><body>{self._player(frames)}</body></html>"
        )
        path = Path(path)
        path.write_text(page, encoding="utf-8")
        return path

    def __repr__(self) -> str:
        return self.name

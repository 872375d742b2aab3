"""The flight recorder: a training run as frames that one can scrub, save, and train again from anywhere.

    recorder = Recorder(gan, ring, look=PlaneLook(ring))
    recorder.advance(1000)
    recorder.recording.at(300)                   # what step 300 looked like
    other = recorder.branch(300, lr=1e-3)        # from there, with another setting; the first run stays as it was

A `Recording` holds frames only: numbers and small arrays. A `Recorder` also keeps snapshots of the model, from which it
trains again to any step, bit for bit on the same machine. What a frame shows is said by a *look*, a function of the
model; `PlaneLook` looks at GANs of the plane.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from gan_edu.plane_look import PlaneLook
from gan_edu.recording import Frame, Look, Recording, RecordingError, pack_points, read, unpack_points
from gan_edu.settings import Whole
from gan_edu.training import CheckpointError, Model, Run, Step, TrainingDiverged
from gan_edu.training.checkpoint import ArchitectureError, not_finite

__all__ = ["Frame", "Look", "PlaneLook", "Recorder", "Recording", "RecordingError", "pack_points", "unpack_points"]


ALONE = ("discriminator", "generator")  # who may move alone in a step


@dataclass(frozen=True)
class Snapshot:
    """The model as it was after `step` steps.

    start: training from an earlier snapshot doesn't lead here (settings were changed, or a step was cut off).
    whole: it is the state that the frame of `step` shows; one that was cut off has part of the next step in it.
    """

    step: int
    model: Model
    start: bool = False
    whole: bool = True


class Recorder:
    """Trains a model and records it.

    look: model → (values, arrays) of a frame; it may have `fixed` and `about` for the recording. every: a frame each so
    many steps in `advance`; `capture` takes one at any time. Up to `states` snapshots of the model are kept, thinned
    like the frames, so that `rewind` need not train from the start.

    A step that is interrupted, or whose net raises, isn't counted; training goes on with the next call, and `rewind`
    stays exact. A loss that stops being finite raises TrainingDiverged; the recording keeps what was before.
    """

    def __init__(
        self,
        model: Model,
        data,
        look: Look | None = None,
        batch: int = 128,
        every: int = 10,
        limit: int = 600,
        states: int = 16,
    ):
        look = look or _numbers_only
        self._set_up(data, look, batch, every, states)
        self.recording = Recording(limit, getattr(look, "fixed", None), getattr(look, "about", None))
        self._play(model, check=True)
        self._snapshots = [Snapshot(model.step, model.copy(), start=True)]
        self.capture()

    def _set_up(self, data, look, batch: int, every: int, states: int) -> None:
        """Everything but the model, the frames and the snapshots."""
        self.data, self.look, self.batch = data, look, batch
        self.every = Whole(1).check(every, "every")
        self.states = Whole(1).check(states, "states")
        self._alone: dict[int, str] = {}  # steps in which one player moved alone
        self._stride = 200  # a snapshot each so many steps
        self._last: Step | None = None

    def _play(self, model: Model, check: bool = False) -> None:
        """Go on with this model."""
        self._run = Run(model, self.data, batch=self.batch, progress=False, check=check)
        if not self._run.next_batch.repeatable:
            raise TypeError(
                "A recorder trains again from earlier steps, and an iterable doesn't give the same batches again: use "
                "a tensor, an ImageSet, a Dataset or a distribution."
            )
        self._cut_off = False  # whether a step began and didn't end

    @property
    def model(self) -> Model:
        return self._run.model

    @property
    def step(self) -> int:
        return self.model.step

    # -- training ------------------------------------------------------------------------------------------------
    def train_step(self, player: str = "both") -> Step:
        """One training step of both players, or of "discriminator" or "generator" alone; records no frame."""
        self._note_cut()
        self._last = self._whole(lambda: self._run.step(player), player)
        self._keep()
        return self._last

    def train_halves(self) -> Iterator[str]:
        """One step in two parts, to look in between: gives the player that has just moved. It counts as a step of the
        discriminator alone if nobody asks for the second part."""
        self._note_cut()
        run, halves = self._run, self._run.halves()
        self._last = self._whole(lambda: run.count(next(halves)[1], recorded=False), "discriminator")
        number = self.step
        yield "discriminator"

        def second_half():
            values = self._last.values | next(halves)[1]
            run.check(values, number)
            step = Step(number, values)
            if run.model.history.wants(number):
                run.model.history.add(step)
            return step

        if self._run is not run or self.step != number or self._cut_off:
            raise RuntimeError(f"Step {number} can't be ended: another step was made, or a setting changed, meanwhile.")
        self._last = self._whole(second_half)
        self._alone.pop(number, None)
        self._keep()
        yield "generator"

    def _whole(self, make: Callable[[], Step], player: str = "both") -> Step:
        """make(), and a mark that stays when it doesn't come to its end. `player`: who moves in it."""
        before = self.step
        alone = {before + 1: player} if player in ALONE else {}
        self._alone = {s: who for s, who in self._alone.items() if s <= before} | alone
        self._cut_off = True
        try:
            step = make()
        except BaseException as error:
            if self.step == before:
                self._alone = {s: who for s, who in self._alone.items() if s <= before}
            if isinstance(error, TrainingDiverged | StopIteration):
                self._cut_off = False  # nothing that one could go on from, or nothing happened
            raise
        self._cut_off = False
        return step

    def _note_cut(self) -> None:
        """After a step that was cut off, training goes on from what is there: later steps are reached from here."""
        if self._cut_off:
            here = Snapshot(self.step, self.model.copy(), start=True, whole=False)
            earlier = [s for s in self._snapshots if s.whole or s.step != self.step]
            self._snapshots, self._cut_off = [*earlier, here], False

    def _keep(self) -> None:
        if self.step % self._stride:
            return
        self._snapshots.append(Snapshot(self.step, self.model.copy()))
        if sum(not snapshot.start for snapshot in self._snapshots) > self.states:
            self._stride *= 2
            self._snapshots = [s for s in self._snapshots if s.start or s.step % self._stride == 0]

    def advance(self, steps: int) -> "Recorder":
        """Train `steps` steps, with a frame each `every` steps and at the end."""
        for _ in range(Whole(0).check(steps, "steps")):
            self.train_step()
            if self.step % self.every == 0:
                self.capture()
        if self.recording.steps[-1] != self.step:
            self.capture()
        return self

    def watch(self, stream: Iterator[Step]) -> Iterator[Step]:
        """Record a stream of this model's steps that somebody else runs: for step in recorder.watch(train(…))."""
        if isinstance(stream, Run) and (stream.model is not self.model or not _alike(stream, self._run)):
            raise ValueError(
                f"The recorder watches its own model, on its own data, with batches of {self.batch}: "
                f"train(recorder.model, recorder.data, …, batch={self.batch})."
            )
        stream = iter(stream)
        while True:
            cut_off = self._cut_off
            self._note_cut()
            try:
                self._last = self._whole(lambda: next(stream))
            except StopIteration:
                self._cut_off = cut_off
                return
            if self._last.number != self.step:
                raise ValueError("The stream trains another model than the recorder's.")
            self._keep()
            if self.step % self.every == 0:
                self.capture()
            yield self._last

    def capture(self) -> list[int]:
        """Add a frame of the model as it is now; returns the steps of frames that had to go for it."""
        values, arrays = self.look(self.model)
        measured = {}
        if self._last is not None and self._last.number == self.step:
            for name, value in self._last.values.items():
                measured[name] = float(value if value.ndim == 0 else value.median())
        return self.recording.add(Frame(self.step, measured | values, arrays))

    # -- the past ------------------------------------------------------------------------------------------------
    def rewind(self, step: int) -> Model:
        """The model as it was after `step` steps: a copy, trained again from the nearest snapshot before, bit for bit.

        Raises ValueError for a step outside the run.
        """
        first = self._snapshots[0].step
        if not first <= step <= self.step:
            raise ValueError(f"The run goes from step {first} to {self.step}; there is no step {step}.")
        before = [s for s in self._snapshots if s.step < step or (s.step == step and s.whole)]
        model = before[-1].model.copy()
        again = Run(model, self.data, batch=self.batch, progress=False, check=False)
        for number in range(model.step + 1, step + 1):
            again.step(self._alone.get(number, "both"))
        return model

    def change(self, **settings) -> None:
        """Go on with other settings of the model, from here. Raises what the model raises; then nothing has changed."""
        sound, whole = self._sound()
        model = sound.copy(**settings)
        run = Run(model, self.data, batch=self.batch, progress=False)
        here = Snapshot(self.step, model.copy(), start=True, whole=whole)
        # what comes from a step that was cut off is not what the frame of this step shows
        earlier = [s for s in self._snapshots if s.step != self.step or (self._cut_off and s.whole)]
        self._run, self._snapshots, self._cut_off = run, [*earlier, here], False

    def _sound(self) -> tuple[Model, bool]:
        """The model to go on from, and whether it is whole: after a divergence the one before the step that failed.
        Raises ArithmeticError when that one holds NaN or infinite values, too."""
        model, whole = self.model, not self._cut_off
        if not_finite(model, model.state()[0]):
            model, whole = self.rewind(self.step), True
            if key := not_finite(model, model.state()[0]):
                raise ArithmeticError(
                    f"{key} holds NaN or infinite values at step {self.step}: branch from an earlier step."
                )
        return model, whole

    def branch(self, step: int, **settings) -> "Recorder":
        """A recorder of its own that shares this one's past up to `step` and goes on from there with other settings."""
        model = self.rewind(step).copy(**settings)
        other = type(self).__new__(type(self))
        other._set_up(self.data, self.look, self.batch, self.every, self.states)
        other.recording, other._stride = self.recording.until(step), self._stride
        other._alone = {s: player for s, player in self._alone.items() if s <= step}
        earlier = [s for s in self._snapshots if s.step < step]
        other._play(model)
        other._snapshots = [*earlier, Snapshot(step, model.copy(), start=True)]
        if not other.recording.frames or other.recording.steps[-1] != step:
            other.capture()
        return other

    # -- one file ------------------------------------------------------------------------------------------------
    def save(self, path: str | os.PathLike) -> Path:
        """Write frames and snapshots into one file, atomically, so that `open` can go on and branch.

        Raises OSError; ValueError when a setting is an object of one's own, which a file can't hold.
        """
        states, tensors = [], {}
        model, whole = self._sound()
        now = Snapshot(self.step, model, start=True, whole=whole)
        # from a model that was trained again a step leads on that no part of a failed one may stand in the way of
        earlier = [s for s in self._snapshots if model is self.model or s.whole or s.step != self.step]
        for i, snapshot in enumerate([*earlier, now]):
            mine, text = snapshot.model.state()
            tensors |= {f"{i}/{name}": tensor for name, tensor in mine.items()}
            settings = snapshot.model.settings.to_json()
            states.append({"text": text, "settings": settings, "start": snapshot.start, "whole": snapshot.whole})
        more = {"states": states, "alone": self._alone, "stride": self._stride, "every": self.every}
        return self.recording.save(path, more | {"batch": self.batch, "keep": self.states}, tensors)

    @classmethod
    def open(cls, path: str | os.PathLike, model: Model | Sequence[Model], data, look=None) -> "Recorder":
        """Take up what `save` wrote: with a model of the same nets (its weights are not used), the same data and look.

        Where the discriminator's architecture changed on the way, give a model of each: [before, after]. Snapshots that
        none of them fits are left out: the run then begins at the first one that fits.

        Raises FileNotFoundError; RecordingError; CheckpointError when the nets of the newest snapshot are others.
        """
        models = list(model) if isinstance(model, Sequence) else [model]
        if not models or not all(isinstance(each, Model) for each in models):
            raise TypeError("Recorder.open needs a model, or a list of models, and then the data.")
        name = Path(path).name
        recording, head, tensors = read(path)
        if "states" not in head:
            raise RecordingError(f"{name} holds frames only, and no snapshots to go on from.")
        recorder = cls.__new__(cls)
        snapshots: list[Snapshot] = []
        try:
            recorder._set_up(
                data, look or _numbers_only, Whole(1).check(head["batch"], "batch"), head["every"], head["keep"]
            )
            recorder._stride = Whole(1).check(head["stride"], "stride")
            recorder._alone = {int(step): player for step, player in head["alone"].items()}
            if not set(recorder._alone.values()) <= set(ALONE) or not head["states"]:
                raise ValueError("it names other players, or no snapshots")
            for i, one in enumerate(head["states"]):
                mine = {n.removeprefix(f"{i}/"): tensor for n, tensor in tensors.items() if n.startswith(f"{i}/")}
                try:
                    state = _fitting(models, one, mine, name)
                except ArchitectureError:
                    if i == len(head["states"]) - 1:
                        raise
                    snapshots = []  # what lies before one that doesn't fit can't lead past it
                    continue
                snapshots.append(Snapshot(state.step, state, bool(one["start"]), bool(one["whole"])))
            steps = [snapshot.step for snapshot in snapshots]
            if steps != sorted(steps) or not recording.frames or recording.steps[-1] > steps[-1]:
                raise ValueError("its frames and snapshots don't follow each other")
            *recorder._snapshots, now = snapshots
            if not recorder._snapshots or not recorder._snapshots[0].whole:
                recorder._snapshots = [Snapshot(now.step, now.model.copy(), start=True)]
            recorder.recording = recording
            recorder._play(now.model, check=True)
            recorder._cut_off = not now.whole
        except CheckpointError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError, MemoryError) as error:
            raise RecordingError(f"{name} is damaged or no recording: {error}") from None
        return recorder


def _fitting(models: Sequence[Model], one: dict, tensors: dict, source: str) -> Model:
    """The state of a file, in a copy of the first model that it fits. Raises CheckpointError when there is none."""
    for last, model in enumerate(models, 1 - len(models)):
        try:
            if one["text"]["kind"] != type(model).__name__:
                raise ArchitectureError(
                    f"{source} holds a {one['text']['kind']}, and this is a {type(model).__name__}."
                )
            settings = type(model.settings).of(**one["settings"] | {"device": model.settings.device})
            state = model.copy(**settings.to_dict())
            state.restore(tensors, one["text"], source)
            return state
        except ArchitectureError:
            if not last:
                raise
    raise AssertionError("there is at least one model")


def _alike(one: Run, other: Run) -> bool:
    """Whether two runs of a model draw the same batches."""
    mine, theirs = one.next_batch, other.next_batch
    if one.batch != other.batch or type(mine) is not type(theirs):
        return False
    return mine.source is theirs.source if hasattr(mine, "source") else torch.equal(mine.data, theirs.data)


def _numbers_only(model):
    return {}, {}

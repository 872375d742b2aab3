"""The flight recorder: a training run as frames that one can scrub, save, and fly again from anywhere.

    recorder = Recorder(gan, ring, look=PlaneLook(ring))
    recorder.advance(1000)
    recorder.recording.at(300)                   # what step 300 looked like
    other = recorder.branch(300, lr=1e-3)        # from there, with another setting; the first run stays as it was

A `Recording` holds frames only: numbers and small arrays. A `Recorder` also keeps some of the model's states, from
which it trains again to any step, bit for bit on the same machine. What a frame shows is said by a *look*, a function
of the model; `PlaneLook` looks at GANs of the plane.
"""

import bisect
import io
import json
import math
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from gan_edu import metrics, objectives
from gan_edu.training import GAN, Model, Step, TrainingDiverged, batches, train, write_atomically

CACHED = 2500  # points that a small net judges at once
POINT_RANGE = 2.0  # points are stored as int16 from −2 to 2 times the extent


class RecordingError(ValueError):
    """A file holds no recording, or a damaged one."""


@dataclass(frozen=True)
class Frame:
    """What a run looked like after `step` steps: `values` (numbers by name) and `arrays` (small, read-only)."""

    step: int
    values: dict[str, float]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self):
        for array in self.arrays.values():
            array.flags.writeable = False


class Recording:
    """Frames in order of their steps, at most `limit`: when it is full, about every second one goes and frames come at
    twice the distance (the first and the newest are always there), so that a run of any length fits.

    fixed: arrays that are the same in all frames. about: JSON-like facts, for those who draw the frames.
    """

    def __init__(self, limit: int = 600, fixed: dict[str, np.ndarray] | None = None, about: dict | None = None):
        if limit < 4:
            raise ValueError(f"A recording holds at least 4 frames; got limit={limit}.")
        self.limit, self.fixed, self.about = limit, dict(fixed or {}), dict(about or {})
        self.frames: list[Frame] = []
        self.gap = 0  # at least so many steps from frame to frame

    def __len__(self) -> int:
        return len(self.frames)

    def __iter__(self) -> Iterator[Frame]:
        return iter(list(self.frames))

    def __repr__(self) -> str:
        if not self.frames:
            return "Recording(empty)"
        return f"Recording({len(self)} frames, steps {self.frames[0].step} to {self.frames[-1].step})"

    @property
    def steps(self) -> list[int]:
        return [frame.step for frame in self.frames]

    def add(self, frame: Frame) -> list[int]:
        """Add a frame; one of the last step replaces it. Returns the steps of older frames that had to go.

        Raises ValueError when its step is before the last one.
        """
        frames = self.frames
        if frames and frame.step < frames[-1].step:
            raise ValueError(f"Frames come in order: step {frame.step} can't follow step {frames[-1].step}.")
        if frames and frame.step == frames[-1].step:
            frames[-1] = frame
            return []
        gone = []
        if len(frames) > 1 and frames[-1].step - frames[-2].step < self.gap:
            gone.append(frames.pop().step)  # it was there only as the newest
        frames.append(frame)
        if len(frames) > self.limit:
            self.gap = max(2 * self.gap, math.ceil(2 * (frame.step - frames[0].step) / self.limit))
            kept = [frames[0]]
            for old in frames[1:-1]:
                if old.step - kept[-1].step >= self.gap:
                    kept.append(old)
                else:
                    gone.append(old.step)
            self.frames = [*kept, frame]
        return gone

    def at(self, step: int) -> Frame:
        """The last frame at or before `step`, or the first. Raises IndexError when there is none at all."""
        if not self.frames:
            raise IndexError("The recording is empty: train first.")
        return self.frames[max(0, bisect.bisect_right(self.steps, step) - 1)]

    def column(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """(steps, values) of a number over the run, where it was measured. Raises KeyError for an unknown name."""
        known = {key for frame in self.frames for key in frame.values}
        if name not in known:
            raise KeyError(f"No {name!r} was recorded; there are: {', '.join(sorted(known))}.")
        found = [(frame.step, frame.values[name]) for frame in self.frames if name in frame.values]
        return np.array([step for step, _ in found]), np.array([value for _, value in found], dtype=float)

    def until(self, step: int) -> "Recording":
        """A recording of its own that ends at `step`; it shares the frames, which never change."""
        copy = Recording(self.limit, self.fixed, self.about)
        copy.frames = [frame for frame in self.frames if frame.step <= step]
        copy.gap = self.gap
        return copy

    def save(self, path: str | os.PathLike, more: dict | None = None, tensors: dict | None = None) -> Path:
        """Write one file (npz, nothing in it can run code), atomically. `more` and `tensors`: for Recorder.save."""
        path = Path(path)
        heads = [{"step": frame.step, "values": frame.values, "arrays": sorted(frame.arrays)} for frame in self.frames]
        head = {
            "format": "gan_edu recording 1",
            "limit": self.limit,
            "gap": self.gap,
            "about": self.about,
            "frames": heads,
        } | (more or {})
        arrays = {"head": np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)}
        arrays |= {f"fixed/{name}": array for name, array in self.fixed.items()}
        for i, frame in enumerate(self.frames):
            arrays |= {f"{i}/{name}": array for name, array in frame.arrays.items()}
        arrays |= {f"state/{name}": tensor.numpy() for name, tensor in (tensors or {}).items()}
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)
        write_atomically(path, content.getvalue())
        return path

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Recording":
        """Read the frames that `save`, or Recorder.save, wrote. Raises FileNotFoundError, RecordingError."""
        return _read(path)[0]


def _read(path: str | os.PathLike) -> tuple[Recording, dict, dict[str, torch.Tensor]]:
    """A file's recording, its head, and the tensors of a recorder's states."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no recording at {path}.")
    try:
        with np.load(path, allow_pickle=False) as stored:
            head = json.loads(stored["head"].tobytes())
            if head["format"] != "gan_edu recording 1":
                raise ValueError(f"its format is {head['format']!r}")
            fixed = {n.removeprefix("fixed/"): stored[n] for n in stored.files if n.startswith("fixed/")}
            recording = Recording(head["limit"], fixed, head["about"])
            recording.gap = head["gap"]
            recording.frames = [
                Frame(one["step"], one["values"], {name: stored[f"{i}/{name}"] for name in one["arrays"]})
                for i, one in enumerate(head["frames"])
            ]
            tensors = {
                n.removeprefix("state/"): torch.from_numpy(stored[n]) for n in stored.files if n.startswith("state/")
            }
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, EOFError, OSError) as error:
        raise RecordingError(f"{path.name} is damaged or no recording: {error}") from None
    return recording, head, tensors


class Recorder:
    """Trains a model and records it.

    look: model → (values, arrays) of a frame; it may have `fixed` and `about` for the recording. every: a frame each so
    many steps in `advance`; `capture` takes one at any time. Up to `states` copies of the model are kept, thinned like
    the frames, so that `rewind` need not train from the start.

    A loss that stops being finite raises TrainingDiverged; the recording keeps what was before.
    """

    def __init__(
        self,
        model: Model,
        data,
        look: Callable[[Model], tuple[dict, dict]] | None = None,
        batch: int = 128,
        every: int = 10,
        limit: int = 600,
        states: int = 16,
    ):
        self.model, self.data, self.batch, self.every, self.states = model, data, batch, every, states
        self.look = look or _numbers_only
        self.recording = Recording(limit, getattr(look, "fixed", None), getattr(look, "about", None))
        self._kept: list[tuple[int, Model]] = [(model.step, model.copy())]
        self._halves: dict[int, str] = {}  # steps in which one player moved alone
        self._breaks: set[int] = {model.step}  # states that can't be reached by training from the one before
        self._stride = 200
        self._last: Step | None = None
        self._begin()
        self.capture()

    def _begin(self) -> None:
        self._stream = train(self.model, self.data, steps=10**15, batch=self.batch, progress=False)
        self._next_batch = batches(self.model, self.data, self.batch)

    @property
    def step(self) -> int:
        return self.model.step

    def train_step(self, player: str = "both") -> Step:
        """One training step of both players, or of "discriminator" or "generator" alone; records no frame."""
        self._last = self._do(self.model, self._stream, self._next_batch, player)
        if player != "both":
            self._halves[self.step] = player
        if self.step % self._stride == 0:
            self._keep()
        return self._last

    def train_halves(self) -> Iterator[str]:
        """One step in two parts, to look in between: gives the player that has just moved. It counts as a step of the
        discriminator alone if nobody asks for the second part."""
        parts = self.model.halves(self._next_batch)
        self.model.step += 1
        self._last = Step(self.step, next(parts))
        self._halves[self.step] = "discriminator"
        yield "discriminator"
        self._last = Step(self.step, self._last.values | next(parts))
        del self._halves[self.step]
        if self.step % self._stride == 0:
            self._keep()
        yield "generator"

    @staticmethod
    def _do(model, stream, next_batch, player) -> Step:
        if player == "both":
            return next(stream)
        if player not in ("discriminator", "generator"):
            raise ValueError(f"A step trains 'both', the 'discriminator' or the 'generator'; got {player!r}.")
        model.step += 1
        if player == "discriminator":
            values = next(model.halves(next_batch))
        else:
            real = next_batch()
            values = model.update_generator(real, model.generator(model.noise(len(real), looking=False)))
        if not all(value.isfinite().all() for value in values.values()):
            raise TrainingDiverged(model.step, {name: value.tolist() for name, value in values.items()}, None)
        return Step(model.step, values)

    def _keep(self) -> None:
        self._kept.append((self.step, self.model.copy()))
        regular = [step for step, _ in self._kept if step not in self._breaks]
        if len(regular) > self.states:
            self._stride *= 2
            self._kept = [(s, m) for s, m in self._kept if s in self._breaks or s % self._stride == 0]

    def advance(self, steps: int) -> "Recorder":
        """Train `steps` steps, with a frame each `every` steps and at the end."""
        for _ in range(steps):
            self.train_step()
            if self.step % self.every == 0:
                self.capture()
        if self.recording.steps[-1] != self.step:
            self.capture()
        return self

    def watch(self, stream) -> Iterator[Step]:
        """Record a stream of this model's steps that somebody else runs: for step in recorder.watch(train(…))."""
        for step in stream:
            self._last = step
            if step.number % self._stride == 0:
                self._keep()
            if step.number % self.every == 0:
                self.capture()
            yield step

    def capture(self) -> list[int]:
        """Add a frame of the model as it is now; returns the steps of frames that had to go for it."""
        values, arrays = self.look(self.model)
        measured = {}
        if self._last is not None and self._last.number == self.step:
            for name, value in self._last.values.items():
                if value.ndim == 0:
                    measured[name] = float(value)
                else:
                    measured[name] = float(value.median())
        return self.recording.add(Frame(self.step, measured | values, arrays))

    def rewind(self, step: int) -> Model:
        """The model as it was after `step` steps: a copy, trained again from the nearest state before, bit for bit.

        Raises ValueError for a step outside the run.
        """
        first = self._kept[0][0]
        if not first <= step <= self.step:
            raise ValueError(f"The run goes from step {first} to {self.step}; there is no step {step}.")
        start, model = next((s, m) for s, m in reversed(self._kept) if s <= step)
        model = model.copy()
        stream = train(model, self.data, steps=10**15, batch=self.batch, progress=False)
        next_batch = batches(model, self.data, self.batch)
        for number in range(start + 1, step + 1):
            self._do(model, stream, next_batch, self._halves.get(number, "both"))
        return model

    def change(self, **settings) -> None:
        """Go on with other settings of the model, from here. Raises what the model raises; then nothing has changed."""
        self.model = self.model.copy(**settings)
        self._breaks.add(self.step)
        self._kept = [(s, m) for s, m in self._kept if s != self.step] + [(self.step, self.model.copy())]
        self._begin()

    def branch(self, step: int, **settings) -> "Recorder":
        """A recorder of its own that shares this one's past up to `step` and goes on from there with other settings."""
        model = self.rewind(step).copy(**settings)
        other = Recorder.__new__(Recorder)
        other.__dict__ |= self.__dict__
        other.model, other._last = model, None
        other.recording = self.recording.until(step)
        other._halves = {s: player for s, player in self._halves.items() if s <= step}
        other._breaks = {s for s in self._breaks if s < step} | {step}
        other._kept = [(s, m) for s, m in self._kept if s < step] + [(step, model.copy())]
        other._begin()
        if not other.recording.frames or other.recording.steps[-1] != step:
            other.capture()
        return other

    def save(self, path: str | os.PathLike) -> Path:
        """Write frames and states into one file, atomically, so that `open` can go on and branch.

        Raises ValueError when a setting is an object of one's own, which a file can't hold.
        """
        states, tensors = [], {}
        for i, (step, model) in enumerate([*self._kept, (self.step, self.model)]):
            mine, text = model.state()
            tensors |= {f"{i}/{name}": tensor for name, tensor in mine.items()}
            settings = {name: value for name, value in getattr(model, "settings", {}).items() if name != "device"}
            if isinstance(settings.get("loss"), objectives.Loss):
                settings["loss"] = settings["loss"].name
            if settings.get("loss", "hinge") not in objectives.LOSSES:
                raise ValueError("A loss of your own can't be stored in a file; save the recording alone.")
            states.append({"step": step, "text": text, "settings": settings, "breaks": step in self._breaks})
        more = {"states": states, "halves": self._halves, "stride": self._stride, "every": self.every}
        return self.recording.save(path, more | {"batch": self.batch}, tensors)

    @classmethod
    def open(cls, path: str | os.PathLike, model: Model, data, look=None) -> "Recorder":
        """Take up what `save` wrote: with a model of the same nets (its weights are not used), the same data and look.

        Raises FileNotFoundError; RecordingError; CheckpointError when the nets are others.
        """
        recording, head, tensors = _read(path)
        if "states" not in head:
            raise RecordingError(f"{Path(path).name} holds frames only, and no states to go on from.")
        kept = []
        for i, one in enumerate(head["states"]):
            settings = {name: tuple(v) if isinstance(v, list) else v for name, v in one["settings"].items()}
            state = model.copy(**settings)
            mine = {n.removeprefix(f"{i}/"): tensor for n, tensor in tensors.items() if n.startswith(f"{i}/")}
            state.restore(mine, one["text"], source=Path(path).name)
            kept.append((one["step"], state))
        recorder = cls.__new__(cls)
        recorder.data, recorder.look, recorder.states = data, look or _numbers_only, 16
        recorder.recording, recorder.batch, recorder.every = recording, head["batch"], head["every"]
        recorder._stride, recorder._last = head["stride"], None
        recorder._halves = {int(step): player for step, player in head["halves"].items()}
        recorder._breaks = {one["step"] for one in head["states"][:-1] if one["breaks"]}
        recorder._kept, recorder.model = kept[:-1], kept[-1][1]
        recorder._begin()
        return recorder


def _numbers_only(model):
    return {}, {}


class PlaneLook:
    """What a GAN of the plane looks like: fixed noise made to points, D everywhere, what pulls at each point.

    data: a distribution of `data.toy`, or anything with sample(n, seed) and `extent`. Arrays of a frame:
    "surface" uint8 (R, R), D(x) from 0 to 255, row 0 below; "fake" int16 (N, 2), see `unpack_points`; "pull" int8
    (N, 2), the direction in which the generator's loss falls, relative to the longest; "warp" int16 (21·21, 2), where a
    grid of noise goes (generators with noise of two numbers only).
    Values: accuracy (D's share of right answers), pull (mean length), grad_d and grad_g (norms of the last updates'
    gradients), and where the data have modes: modes (captured), high_quality (a share).
    """

    def __init__(self, data, points: int = 500, resolution: int = 100, coverage_samples: int = 1000, seed: int = 0):
        self.data, self.points, self.resolution = data, points, resolution
        self.coverage_samples, self.seed = coverage_samples, seed
        extent = float(data.extent)
        self.about = {"extent": extent, "data": repr(data), "points": points, "resolution": resolution}
        self.real = data.sample(points, seed)
        self.fixed = {"real": pack_points(self.real, extent)}
        ticks = (torch.arange(resolution) + 0.5) / resolution * 2 * extent - extent
        self._grid = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1).reshape(-1, 2)
        if getattr(data, "density", None):
            coarse = (torch.arange(50) + 0.5) / 50 * 2 * extent - extent
            cells = torch.stack(torch.meshgrid(coarse, coarse, indexing="xy"), dim=-1)
            self.fixed["density"] = data.density(cells).float().numpy()
        modes = getattr(data, "modes", None)
        if modes is not None:
            self.fixed["modes"] = pack_points(modes, extent)
            self.about |= {"modes": len(modes), "mode_std": data.mode_std}
        g = torch.Generator().manual_seed(2**20 + seed)
        self._noise = lambda n, size: torch.randn(n, size, generator=g.manual_seed(2**20 + seed))
        self._warp = torch.stack(
            torch.meshgrid(torch.linspace(-2, 2, 21), torch.linspace(-2, 2, 21), indexing="xy"), dim=-1
        ).reshape(-1, 2)

    def __call__(self, model: GAN) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        extent, dtype = self.about["extent"], next(model.generator.parameters()).dtype
        n = self.points
        norms = {
            f"grad_{name[0]}": float(
                torch.stack([p.grad.norm() for p in net.parameters() if p.grad is not None]).norm()
            )
            for name, net in (("generator", model.generator), ("discriminator", model.discriminator))
            if any(p.grad is not None for p in net.parameters())
        }
        made = model.sample(self._noise(max(n, self.coverage_samples), model.noise_dim).to(dtype))
        if not made.isfinite().all():
            raise ArithmeticError("The generator makes points that are NaN or infinite.")
        fake = made[:n].detach().clone().requires_grad_()
        real = self.real.to(model.device, dtype)
        training = model.discriminator.training
        model.discriminator.eval()
        try:
            with torch.no_grad():
                # in parts that fit into the processor's cache: faster than all at once
                parts = torch.cat([self._grid.to(model.device, dtype), real]).split(CACHED)
                logits = torch.cat([model.logits(part) for part in parts])
            surface, real_logits = logits[: len(self._grid)].sigmoid().nan_to_num(0.5), logits[len(self._grid) :]
            fake_logits = model.logits(fake)
            loss = model.loss.generator(real_logits if model.loss.pairs else None, fake_logits)
            pull = -torch.autograd.grad(loss * n, fake)[0]
        finally:
            model.discriminator.train(training)
        lengths = pull.norm(dim=1)
        values = norms | {
            "accuracy": 0.5 * float((real_logits > 0).float().mean() + (fake_logits < 0).float().mean()),
            "pull": float(lengths.mean()),
        }
        if "modes" in self.about:
            coverage = metrics.mode_coverage(made[: self.coverage_samples].cpu().float(), self.data)
            values |= {"modes": float(coverage.captured), "high_quality": float(coverage.high_quality)}
        arrays = {
            "surface": (surface * 255).round().to(torch.uint8).reshape(self.resolution, -1).cpu().numpy(),
            "fake": pack_points(fake.detach(), extent),
            "pull": (pull / lengths.max().clamp(min=1e-12) * 127).round().to(torch.int8).cpu().numpy(),
        }
        if model.noise_dim == 2:
            arrays["warp"] = pack_points(model.sample(self._warp.to(dtype)), extent)
        return values, arrays


def pack_points(points: torch.Tensor, extent: float) -> np.ndarray:
    """Points (..., 2) as int16: ±32767 is ±2·extent; what lies farther out is moved to that edge."""
    scaled = points.detach().cpu().double() / (POINT_RANGE * extent)
    return (scaled.nan_to_num(0).clamp(-1, 1) * 32767).round().to(torch.int16).numpy()


def unpack_points(packed: np.ndarray, extent: float) -> np.ndarray:
    """What `pack_points` packed, float64 (..., 2)."""
    return packed.astype(float) / 32767 * POINT_RANGE * extent

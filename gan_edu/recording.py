"""Recordings: what a training run looked like, as frames of numbers and small arrays, in memory and in one file."""

import bisect
import io
import json
import math
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from gan_edu.files import write_atomically
from gan_edu.settings import Whole

POINT_RANGE = 2.0  # points are stored as int16 from −2 to 2 times the extent
LARGEST = 2**30  # bytes that a file may unpack to
FORMAT = "gan_edu recording 2"


class RecordingError(ValueError):
    """A file holds no recording, or a damaged one."""


@dataclass(frozen=True)
class Frame:
    """What a run looked like after `step` steps: `values` (numbers by name) and `arrays` (small, read-only)."""

    step: int
    values: dict[str, float]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self):
        arrays = {name: np.array(array) for name, array in self.arrays.items()}  # copies: a look may use its own again
        for name, array in arrays.items():
            if array.dtype.hasobject:
                raise TypeError(f"The array {name!r} of a frame must hold numbers; got {array.dtype}.")
            array.flags.writeable = False
        object.__setattr__(self, "arrays", arrays)
        object.__setattr__(self, "values", {name: float(value) for name, value in self.values.items()})


class Look(Protocol):
    """What a recorder asks at each frame: numbers by name, and small arrays. Looking must change nothing in the model.

    It may have `fixed`, arrays that are the same in all frames, and `about`, JSON-like facts for those who draw.
    """

    def __call__(self, model) -> tuple[dict[str, float], dict[str, np.ndarray]]: ...


class Recording:
    """Frames in order of their steps, at most `limit`: when it is full, about every second one goes and frames come at
    twice the distance (the first and the newest are always there), so that a run of any length fits.

    fixed: arrays that are the same in all frames. about: JSON-like facts, for those who draw the frames.
    """

    def __init__(self, limit: int = 600, fixed: dict[str, np.ndarray] | None = None, about: dict | None = None):
        self.limit = Whole(4).check(limit, "limit (the largest number of frames)")
        self.fixed, self.about = dict(fixed or {}), dict(about or {})
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
        heads = [{"step": frame.step, "values": frame.values, "arrays": sorted(frame.arrays)} for frame in self.frames]
        head = {
            "format": FORMAT,
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
        size = sum(array.nbytes for array in arrays.values())
        if size > LARGEST:
            raise ValueError(
                f"The recording takes {size >> 20} MB, and a file holds at most {LARGEST >> 20} MB: record with fewer "
                "`states`, or a smaller `limit`."
            )
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)
        return write_atomically(path, content.getvalue())

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Recording":
        """Read the frames that `save`, or Recorder.save, wrote. Raises FileNotFoundError, RecordingError."""
        return read(path)[0]


def read(path: str | os.PathLike) -> tuple[Recording, dict, dict[str, torch.Tensor]]:
    """A file's recording, its head, and the tensors of a recorder's snapshots. Raises as `Recording.load`."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no recording at {path}.")
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST:
                raise ValueError(f"it would unpack to more than {LARGEST >> 20} MB")
        with np.load(path, allow_pickle=False) as stored:
            head = json.loads(stored["head"].tobytes())
            if head["format"] != FORMAT:
                raise ValueError(f"its format is {head['format']!r}, and this gan_edu reads {FORMAT!r}")
            fixed = {n.removeprefix("fixed/"): stored[n] for n in stored.files if n.startswith("fixed/")}
            recording = Recording(head["limit"], fixed, head["about"])
            recording.gap = Whole(0).check(head["gap"], "gap")
            for i, one in enumerate(head["frames"]):
                step, values = Whole(0).check(one["step"], "step"), dict(one["values"])
                if recording.frames and step <= recording.frames[-1].step:
                    raise ValueError(f"step {step} follows step {recording.frames[-1].step}")
                if not all(isinstance(value, int | float) for value in values.values()):
                    raise ValueError(f"the values of step {step} are no numbers")
                recording.frames.append(Frame(step, values, {name: stored[f"{i}/{name}"] for name in one["arrays"]}))
            if len(recording.frames) > recording.limit:
                raise ValueError(f"it holds {len(recording.frames)} frames, and says at most {recording.limit}")
            tensors = {
                n.removeprefix("state/"): torch.from_numpy(stored[n]) for n in stored.files if n.startswith("state/")
            }
    except (Exception, MemoryError) as error:  # nothing but reading happens here, and files lie in many ways
        reason = str(error) or type(error).__name__
        raise RecordingError(f"{path.name} is damaged or no recording: {reason}") from None
    return recording, head, tensors


def pack_points(points: torch.Tensor, extent: float) -> np.ndarray:
    """Points (..., 2) as int16: ±32767 is ±2·extent; what lies farther out is moved to that edge."""
    scaled = points.detach().cpu().double() / (POINT_RANGE * extent)
    return (scaled.nan_to_num(0).clamp(-1, 1) * 32767).round().to(torch.int16).numpy()


def unpack_points(packed: np.ndarray, extent: float) -> np.ndarray:
    """What `pack_points` packed, float64 (..., 2)."""
    return packed.astype(float) / 32767 * POINT_RANGE * extent

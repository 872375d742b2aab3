"""A run of `gan-edu train`: taking it up in its folder, and training that loses nothing.

    runs/pets/run.json                  the plan, and which pictures it is about
    runs/pets/checkpoint.safetensors    everything that changes in training, so that it goes on exactly
    runs/pets/samples/000500.png        36 samples after 500 steps, of the same noise each time
    runs/pets/film.gif, report.html     what there is to see

Ctrl-C (or SIGTERM) ends training after the step under way; a run that was killed goes on from its last checkpoint.
"""

import contextlib
import hashlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from gan_edu import data, files, gallery, training
from gan_edu import device as devices
from gan_edu.data.folders import Folder
from gan_edu.studio import record as records
from gan_edu.studio.plan import FEW, Asked, Plan, default_size
from gan_edu.studio.record import Record, Refused, fingerprint, out_of

CHECKPOINT, SAMPLES = "checkpoint.safetensors", "samples"
SAVE_SECONDS = 20.0  # between two checkpoints
SHOWN, COLUMNS, GAP = 36, 6, 2  # samples in a grid, and how they lie there
MOST_COPIED = 2**30  # bytes of pictures that may be copied to leave some of them out


def is_moment(step: int) -> bool:
    """Whether samples are kept after this step: often at first, and then ever more seldom, so that they stay few."""
    doublings = max(0, (step // 1000).bit_length() - 1)
    return step in (0, 10, 25) or step > 0 and step % (50 * 2**doublings) == 0


def fixed_noise(plan: Plan, count: int = SHOWN) -> Tensor:
    """The noise (count, noise_dim) of which samples are shown, from a stream of its own."""
    return torch.randn(count, plan.noise_dim, generator=devices.generator(2**40 + plan.seed))


def load(out: str | os.PathLike, device: str | torch.device | None = None) -> training.GAN:
    """The GAN of a run that `gan-edu train` made, as it was saved last: `load("runs/pets").sample(64)`.

    Raises FileNotFoundError where no run is, Refused (damaged settings) and training.CheckpointError (weights).
    """
    record = Record.read(Path(out))
    if record is None:
        raise FileNotFoundError(f"There is no run of gan-edu train in {out}.")
    gan = record.plan.build(device)
    gan.load(Path(out) / CHECKPOINT)
    return gan


class Studio:
    """A run in its folder.

    Attributes: out, its folder. record, what run.json says. pictures, all of the data folder; trained_on and held_out
    (perhaps None), the two parts of them. gan. notes, sentences about what has changed.
    """

    def __init__(self, asked: Asked, out: Path, record: Record, pictures: Folder, gan: training.GAN, notes: list[str]):
        self.asked, self.out, self.record, self.pictures, self.gan = asked, out, record, pictures, gan
        self.notes = notes
        self.trained_on, self.held_out = _parts(pictures, self.plan)
        self._written = _state_of(self.checkpoint)

    @property
    def plan(self) -> Plan:
        return self.record.plan

    @property
    def checkpoint(self) -> Path:
        return self.out / CHECKPOINT

    @classmethod
    def open(cls, asked: Asked) -> "Studio":
        """Begin a run, or take up the one that is in its folder.

        Raises Refused, and what gan_edu.data, gan_edu.device and gan_edu.training raise.
        """
        root, out = files.expanded(asked.folder), out_of(asked)
        records.check_places(root, out)
        record, notes = Record.read(out), []
        if record is not None:
            records.check_same(asked, record.plan, out)
        else:
            records.check_empty(out)
            if asked.report_only:
                raise Refused(f"There is no run in {out} to report on: leave --report-only out.")
        where = devices.pick(None if asked.device in (None, "auto") else asked.device)
        with records.made(out):
            files.check_writable(out / CHECKPOINT)
            if record is None:
                pictures, record = _begun(asked, root, where)
            else:
                pictures = data.folder(root, size=record.plan.size, color=not record.plan.grey)
                record, notes = _taken_up(asked, out, record, pictures)
            gan = record.plan.build(where)
            with contextlib.suppress(FileNotFoundError):  # killed before it was saved for the first time
                gan.load(out / CHECKPOINT)
            if gan.step == 0 and asked.report_only:
                raise Refused(f"The run in {out} ended before it was saved: leave --report-only out.")
            record.write(out)
        return cls(asked, out, record, pictures, gan, notes)

    # -- training ----------------------------------------------------------------------------------------------------
    def train(self, say: Callable[[str], None]) -> str:
        """Train until the goal or until Ctrl-C: "finished" or "stopped".

        Raises training.TrainingDiverged, and then the model is as it was saved last; Refused; OSError when it can't be
        saved at the end.
        """
        goal, minutes = self.plan.steps, self.asked.minutes
        if minutes is None and self.gan.step >= goal:
            return "finished"
        run = training.Run(self.gan, self.trained_on, None, batch=self.plan.batch, progress=False)
        first, trained, saved = self.gan.step, 0.0, time.monotonic()
        before = self.record.seconds
        if first == 0:
            self._show(say)
        with _interrupts() as interrupted, _bar(first, goal, minutes) as bar:
            while not interrupted and (60 * minutes > trained if minutes else self.gan.step < goal):
                begun = time.monotonic()
                step = self._step(run)
                if is_moment(step.number):
                    self._show(bar.write)
                now = time.monotonic()
                trained += now - begun
                if now - saved >= SAVE_SECONDS:
                    self._save(before + trained, bar.write)
                    saved = time.monotonic()
                if step.number % 10 == 0:  # not at every step: asking a GPU for a number makes it wait
                    bar.set_postfix(D=f"{step.loss_d:.2f}", G=f"{step.loss_g:.2f}", refresh=False)
                bar.update(int(trained) - bar.n if minutes else 1)
            self._save(before + trained)
        return "stopped" if interrupted else "finished"

    def _step(self, run: training.Run) -> training.Step:
        try:
            return next(run)
        except training.TrainingDiverged:
            self._back()
            raise
        except torch.OutOfMemoryError:
            raise Refused(
                f"The memory of {self.gan.device} is too small for this run: try --size {min(32, self.plan.size)} with "
                "another --out, or --device cpu."
            ) from None

    def _back(self) -> None:
        """Take up the last checkpoint, so that no broken weights are left; step 0 where there is none."""
        self.gan = self.plan.build(self.gan.device)
        with contextlib.suppress(FileNotFoundError):
            self.gan.load(self.checkpoint)

    def _diverged(self, what: str) -> training.TrainingDiverged:
        """What to raise when something is NaN or infinite, or too large; the last checkpoint is taken up."""
        step = self.gan.step
        self._back()
        return training.TrainingDiverged(step, {what: "NaN or infinite"}, self.checkpoint)

    def _save(self, seconds: float, say: Callable[[str], None] | None = None) -> None:
        """Write the checkpoint, after so many seconds of training in all. Where `say` is given, a full disk is told
        only: the next try may go better."""
        if _state_of(self.checkpoint) != self._written:
            raise Refused(f"Another gan-edu train writes to {self.out}, so this one stops: say another --out for it.")
        try:
            self.gan.save(self.checkpoint)
            self._written = _state_of(self.checkpoint)
            self.record = replace(self.record, seconds=seconds)
            self.record.write(self.out)
        except ArithmeticError:
            raise self._diverged("weights") from None
        except OSError as error:
            if say is None:
                raise
            reason = error.strerror or error
            say(f"Not saved after step {self.gan.step:,} ({reason}). Training goes on and tries again soon: make room.")

    def samples(self, count: int = SHOWN) -> Tensor:
        """Samples of the noise that is shown at every moment: (count, C, S, S), on the CPU."""
        return self.gan.sample(fixed_noise(self.plan, count), batch=64).float().cpu()

    def _show(self, say: Callable[[str], None]) -> None:
        """Write a grid of samples. Where that fails, training goes on."""
        path = self.out / SAMPLES / f"{self.gan.step:06d}.png"
        try:
            gallery.save_grid(path, self.samples(), columns=COLUMNS, gap=GAP)
        except ValueError:  # they are no numbers any more, which isn't looked for at every step
            raise self._diverged("samples") from None
        except OSError as error:
            say(f"{path} can't be written ({error.strerror or error}); training goes on.")

    def moments(self) -> dict[int, Path]:
        """Step → file of samples, in their order, up to now."""
        there = {}
        for path in (self.out / SAMPLES).glob("*.png"):
            if path.stem.isascii() and path.stem.isdecimal() and int(path.stem) <= self.gan.step:
                there[int(path.stem)] = path
        return dict(sorted(there.items()))

    # -- words -------------------------------------------------------------------------------------------------------
    def again(self, *more: str, out: Path | None = None) -> str:
        """The command for this run (or for the same pictures in another folder), as one types it."""
        words, out = ["gan-edu", "train", files.typed(self.asked.folder)], out or self.out
        if out != out_of(Asked(folder=self.asked.folder)):
            words += ["--out", files.typed(out)]
        if self.asked.device:
            words += ["--device", self.asked.device]
        words += more
        return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)

    def anew(self, ending: str, **changes) -> str:
        """The command for another run on these pictures, in a folder of its own, with the settings of this one but for
        `changes`."""
        plan, words = self.plan.with_(**changes), []
        if plan.size != default_size(self.gan.device):
            words += ["--size", str(plan.size)]
        if plan.grey:
            words += ["--grey"]
        if plan.augment != (self.record.pictures < FEW):
            words += ["--augment" if plan.augment else "--no-augment"]
        if plan.seed:
            words += ["--seed", str(plan.seed)]
        return self.again(*words, *self._length(), out=self.out.with_name(f"{self.out.name}-{ending}"))

    def _length(self) -> tuple[str, ...]:
        if self.asked.minutes:
            return "--minutes", f"{self.asked.minutes:g}"
        return ("--steps", str(self.plan.steps)) if self.plan.steps else ()

    @property
    def unfinished(self) -> bool:
        """Whether a goal of steps isn't reached yet."""
        return self.plan.steps is not None and self.gan.step < self.plan.steps

    def goes_on(self) -> str:
        """The command that goes on as in this call."""
        return self.again(*(self._length() if self.asked.minutes else ()))

    def longer(self) -> str:
        """The command that trains on after the goal."""
        return self.goes_on() if self.asked.minutes else self.again("--steps", str(2 * self.gan.step))

    def described(self) -> dict[str, str]:
        """The plan in a few words: what it is about → what was chosen."""
        plan, gan = self.plan, self.gan
        weights = sum(weight.numel() for net in (gan.generator, gan.discriminator) for weight in net.parameters())
        length = f"{plan.steps:,} steps" if plan.steps else "as long as asked for"
        said = {
            "nets": f"sub-pixel generator, DCGAN discriminator, {plan.channels} maps, {weights / 1e6:.1f} M weights",
            "training": f"{length}, {plan.batch} pictures in each step, on {devices.describe(gan.device)}",
        }
        if plan.augment:
            few = f", as there are fewer than {FEW:,} pictures" if self.record.pictures < FEW else ""
            said["augmented"] = f"adaptively{few}: the discriminator sees changed pictures, as often as need be"
        if self.held_out is not None:
            said["held out"] = f"{len(self.held_out):,} pictures, by which copies can be told"
        return said


# -- data ------------------------------------------------------------------------------------------------------------
def _begun(asked: Asked, root: Path, where: torch.device) -> tuple[Folder, Record]:
    """The pictures and the record of a new run."""
    size = asked.size or default_size(where)
    pictures = data.folder(root, size=size, color=not asked.grey)
    grey = bool(asked.grey)
    if asked.grey is None and pictures.found["grey"] == len(pictures):  # nobody said, and there is nothing but grey
        grey, pictures = True, data.folder(root, size=size, color=False)
    plan = Plan.choose(asked, len(pictures), size, grey, where)
    return pictures, Record(str(pictures.path), len(pictures), fingerprint(pictures), plan=plan)


def _taken_up(asked: Asked, out: Path, record: Record, pictures: Folder) -> tuple[Record, list[str]]:
    """The record of a run that goes on, and sentences about what has changed. Raises Refused for other data."""
    notes, goal = [], record.plan.steps if asked.steps is None else asked.steps
    if fingerprint(pictures) != record.fingerprint:
        if os.path.realpath(record.folder) != str(pictures.path):
            raise Refused(f"{out} holds a run on other pictures, those of {record.folder}: choose another --out.")
        notes.append(
            f"The folder has changed: {record.pictures:,} pictures when the run was begun, {len(pictures):,} now."
            + ("" if asked.report_only else " Training goes on with what is there now.")
        )
    if record.plan.steps not in (None, goal):
        notes.append(f"The goal is {goal:,} steps now; it was {record.plan.steps:,}.")
    if goal is None and asked.minutes is None and not asked.report_only:
        raise Refused(f"The run in {out} was begun with --minutes and has no other goal: say --minutes or --steps.")
    return replace(record, plan=record.plan.with_(steps=goal)), notes


def _parts(pictures: Folder, plan: Plan) -> tuple[Folder, Folder | None]:
    """What is trained on, and what isn't. A picture's name alone decides, so that one that was trained on isn't held
    out when others come to the folder, or go."""
    if not plan.held_out or pictures.pixels.numel() > MOST_COPIED:
        return pictures, None
    lots = [hashlib.sha256(f"{plan.seed} {name!r}".encode()).digest() for name in pictures.files]
    held = torch.tensor([int.from_bytes(lot[:8], "big") < plan.held_out * 2**64 for lot in lots])
    if held.all() or not held.any():
        return pictures, None
    parts = []
    for rows in ((~held).nonzero()[:, 0], held.nonzero()[:, 0]):
        names = tuple(pictures.files[row] for row in rows.tolist())
        parts.append(replace(pictures, pixels=pictures.pixels[rows], labels=pictures.labels[rows], files=names))
    return parts[0], parts[1]


def _state_of(path: Path) -> tuple[int, int] | None:
    """By what one sees that somebody else has written a file."""
    try:
        known = path.stat()
    except OSError:
        return None
    return known.st_mtime_ns, known.st_size


# -- the terminal ----------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def _interrupts() -> Iterator[list]:
    """A list that is empty until Ctrl-C or SIGTERM: so the step under way is finished. A second one stops at once."""
    asked: list[int] = []

    def note(number, frame):
        asked.append(number)
        back()

    def back():
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, note)
        yield asked
    finally:
        back()


def _bar(first: int, goal: int | None, minutes: float | None) -> tqdm:
    """A bar with the time left: of steps, or of seconds where minutes were asked for."""
    pause = 0.2 if sys.stderr.isatty() else 10.0  # a log needn't know every step
    if minutes:
        form = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
        return tqdm(total=max(1, round(60 * minutes)), bar_format=form, mininterval=pause)
    return tqdm(total=goal, initial=first, unit=" steps", mininterval=pause, smoothing=0.1)

"""A run: training as an iterator of steps that survives whatever happens in one of them."""

import contextlib
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch

from gan_edu import files
from gan_edu.settings import Whole
from gan_edu.training.history import Step
from gan_edu.training.model import Model
from gan_edu.training.sources import batches, check_fit

Tensor = torch.Tensor
PLAYERS = ("both", "discriminator", "generator")


class TrainingDiverged(ArithmeticError):
    """A loss became NaN or infinite. `.step` says when, `.checkpoint` is the last good one (a path or None)."""

    def __init__(self, step: int, values: Mapping[str, object], checkpoint: Path | None = None):
        self.step, self.checkpoint = step, checkpoint
        losses = ", ".join(f"{name} = {value}" for name, value in values.items())
        saved = (
            f"The last good checkpoint is {checkpoint}."
            if checkpoint
            else "No checkpoint was kept; train(..., checkpoint='run.safetensors') keeps one."
        )
        super().__init__(
            f"Training diverged at step {step}: {losses}. {saved} "
            "A smaller learning rate or a gradient penalty usually helps."
        )
        self._values = dict(values)

    def __reduce__(self):  # as an exception of another process
        return type(self), (self.step, self._values, self.checkpoint)


class Run:
    """Training, step by step: `next(run)` makes one and gives its Step; `for step in run: …` makes them all.

    It owns what a training run needs beside the model: the batches, the bar, the checkpoint. A step counts when it has
    succeeded. When one is interrupted (■, Ctrl-C), or a net raises, or a loss is no longer finite, the exception comes
    out, nothing is counted, and the next call of `next` tries again: what has been learned stays.

    steps: how many (None: without end). check: whether data and nets are tried together first; a recorder that begins
    again with the same ones needn't. Other arguments and errors are those of `train`.
    """

    def __init__(
        self,
        model: Model,
        data,
        steps: int | None = None,
        batch: int = 128,
        progress: bool = True,
        checkpoint: str | os.PathLike | None = None,
        checkpoint_every: int = 1000,
        check: bool = True,
    ):
        if not isinstance(model, Model):
            raise TypeError(f"train needs a GAN or a VAE first, and then the data; got a {type(model).__name__}.")
        steps = None if steps is None else Whole(0).check(steps, "steps")
        self.batch = Whole(1, 10**7).check(batch, "batch")
        self.checkpoint_every = Whole(1).check(checkpoint_every, "checkpoint_every")
        self.model, self.total, self.done = model, steps, 0
        self.next_batch = batches(model, data, self.batch)
        if check:
            check_fit(model, self.next_batch)
        self.checkpoint = None if checkpoint is None else Path(checkpoint)
        self._saved = None
        if self.checkpoint:
            files.check_writable(self.checkpoint)
            if self.checkpoint.is_file() and model.file == self.checkpoint.resolve():  # this model comes from there
                self._saved = self.checkpoint
        self._progress, self._bar, self._closing = progress, None, contextlib.ExitStack()
        self._unsaved = False  # whether a checkpoint is due

    def __iter__(self) -> "Run":
        return self

    def __next__(self) -> Step:
        if self.total is not None and self.done >= self.total:
            self._save()  # where it failed at the last step
            self.close()
            raise StopIteration
        if self._bar is None:
            self._bar = self._closing.enter_context(progress_bar(self.total, self._progress))
        try:
            self._save()
            step = self.step()
            self.done += 1
            self._unsaved = self.model.step % self.checkpoint_every == 0 or self.done == self.total
            self._save()
        except BaseException:
            self.close()
            raise
        self._bar.update()
        return step

    def _save(self) -> None:
        """Write the checkpoint that is due; after an error it stays due."""
        if self.checkpoint and self._unsaved:
            try:
                self._saved = self.model.save(self.checkpoint)
            except ArithmeticError as error:
                raise TrainingDiverged(self.model.step, {"weights": "NaN or infinite"}, self._saved) from error
            self._unsaved = False

    @torch.enable_grad()
    def step(self, player: str = "both") -> Step:
        """One step of both players, or of the "discriminator" or "generator" alone; no bar, no checkpoint.

        Raises TrainingDiverged when a loss is NaN or infinite, ValueError for another player.
        """
        model, number = self.model, self.model.step + 1
        if player == "both":
            values = model.update(self.next_batch, measure=model.history.wants(number))
        elif player not in PLAYERS:
            raise ValueError(f"A step trains 'both', the 'discriminator' or the 'generator'; got {player!r}.")
        elif not hasattr(model, "step_discriminator"):
            raise ValueError(f"A {type(model).__name__} has no players that could move alone.")
        elif player == "discriminator":
            _, _, values = model.step_discriminator(self.next_batch)
        else:
            values = model.step_generator(self.next_batch())
        return self.count(values, recorded=player == "both")

    def halves(self) -> Iterator[tuple[str, dict[str, Tensor]]]:
        """One step in two parts, to look in between: the player that has moved, and what it measured. Nothing is
        counted before `count` is told."""
        with torch.enable_grad():
            real, fake, values = self.model.step_discriminator(self.next_batch)
        yield "discriminator", values
        with torch.enable_grad():
            values = self.model.step_generator(real, fake)
        yield "generator", values

    def check(self, values: dict[str, Tensor], number: int) -> None:
        """Raise TrainingDiverged when a loss isn't a finite number."""
        if not all(map(_finite, values.values())):
            raise TrainingDiverged(number, {name: value.tolist() for name, value in values.items()}, self._saved)

    def count(self, values: dict[str, Tensor], recorded: bool = True) -> Step:
        """Count a step that was made, and measured `values`. Raises TrainingDiverged, and then it isn't counted."""
        model = self.model
        step = Step(model.step + 1, values)
        recorded = recorded and model.history.wants(step.number)
        # asking a GPU for a number makes it wait, so there we look only at recorded steps
        if model.device.type == "cpu" or recorded:
            self.check(values, step.number)
        model.step = step.number  # first: an interrupt must not leave two rows of one step
        if recorded:
            model.history.add(step)
        return step

    def close(self) -> None:
        """Take the bar away. The run can go on; then it comes back."""
        bar, self._bar = self._bar, None
        if bar is not None:
            self._closing.close()

    def __del__(self):
        with contextlib.suppress(Exception):
            self.close()

    def __repr__(self) -> str:
        total = "" if self.total is None else f" of {self.total}"
        return f"Run({self.done}{total} steps, of a {type(self.model).__name__} at step {self.model.step})"


def _finite(value: Tensor) -> bool:
    # numbers of Python are looked at sooner than tensors; a sum may overflow where no value did, so that is looked into
    return math.isfinite(value.item() if value.ndim == 0 else value.sum().item()) or bool(value.isfinite().all())


def train(
    model: Model,
    data,
    steps: int,
    batch: int = 128,
    progress: bool = True,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: int = 1000,
) -> Run:
    """Train for `steps` more steps, yielding a Step after each; leaving the loop stops.

    data: a tensor (N, *features) (kept whole on the device), an ImageSet, a Table, a Series, or a Dataset, all sampled
    with replacement; a distribution with .sample(n, generator); or any iterable of batches, such as a DataLoader: those
    have the sizes they have, come in their order, and begin again where they end. `checkpoint` is written each
    `checkpoint_every` steps and at the end.

    A run that was saved and loaded goes on bit for bit. Of iterables no place is kept: there the model goes on as it
    was, and the data begin a new pass, as they do in each call of `train`.

    Raises ValueError and TypeError when data and nets don't fit, OSError when the checkpoint can't be written (at
    once, before the first step), TrainingDiverged when a loss stops being a finite number.
    """
    return Run(model, data, Whole(0).check(steps, "steps"), batch, progress, checkpoint, checkpoint_every)


def run(model: Model, data, steps: int, **options) -> Model:
    """Train without looking: consumes the stream of `train` and returns the model."""
    for _ in train(model, data, steps, **options):
        pass
    return model


@contextlib.contextmanager
def progress_bar(steps: int | None, progress: bool = True):
    """A tqdm bar that shows after a second and goes at the end; none if `progress` is false or TQDM_DISABLE is set."""
    from tqdm.auto import tqdm

    # notebooks' bars don't heed TQDM_DISABLE by themselves
    silent = not progress or bool(os.environ.get("TQDM_DISABLE"))
    with tqdm(total=steps, unit="step", leave=False, delay=1, disable=silent) as bar:
        yield bar
    # tqdm leaves the parts of a notebook's bar in memory; one that was cut short stays in view
    if steps is not None and bar.n >= steps and hasattr(bar, "container"):
        for widget in (*bar.container.children, bar.container):
            for part in (widget.layout, getattr(widget, "style", None), widget):
                if part is not None:
                    part.close()

"""Where a run's batches come from: tensors, sets of images, Datasets, distributions, and iterables of batches.

What can be drawn from at any place is drawn with replacement, by the model's own stream of random numbers, so that a
run that was saved goes on bit for bit. An iterable says itself what comes next.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from gan_edu.data.image_sets import ImageSet
from gan_edu.device import tensor_of
from gan_edu.training.model import Model
from gan_edu.training.randomness import no_trace

Tensor = torch.Tensor
WHOLE = 2**29  # bytes: images that take no more as float32 are kept so on the device, others as they are
_ON_DEVICE = 2**31  # bytes of images that a GPU keeps, even if it makes numbers of a batch at a time
KINDS = (
    "a tensor (N, ...), an ImageSet, a table or a series (gan_edu.data), a distribution with sample(n, generator), a "
    "Dataset, a DataLoader or another iterable of batches"
)


def batches(model: Model, data, batch: int) -> Callable[[], Tensor]:
    """A function that draws the next batch of `data`, as `train` takes them, on the model's device and in its dtype.

    Raises TypeError and ValueError when the data can't be used.
    """
    if isinstance(data, ImageSet):
        if 4 * data.pixels.numel() > WHOLE:
            return _Images(model, data, batch)
        data = data.tensor(low=model.lowest_pixel)
    elif hasattr(data, "tensor"):
        data = data.tensor()
    if type(data) is TensorDataset and data.tensors:
        data = data.tensors[0]
    if isinstance(data, Tensor | np.ndarray):
        return _Samples(model, data, batch)
    if callable(getattr(data, "sample", None)) and not hasattr(data, "to_numpy"):
        return _Draws(model, data, batch)
    if hasattr(data, "to_numpy"):  # a table of pandas or polars, whose `sample` is something else
        raise TypeError(
            f"A {type(data).__name__} must be made numbers first: data.table(…), of gan_edu.data, encodes categories, "
            "dates and gaps, and back."
        )
    if isinstance(data, str | Path):
        raise TypeError(
            f"Train on the data, not on a name: data.folder({str(data)!r}), data.table(…) or data.series(…)."
        )
    if isinstance(data, IterableDataset):
        return _Stream(model, DataLoader(data, batch))
    if isinstance(data, Dataset) or hasattr(data, "__getitem__") and not isinstance(data, Iterable):
        return _Items(model, data, batch)
    if isinstance(data, Iterable) and not isinstance(data, Mapping | bytes):
        return _Stream(model, data)
    raise TypeError(f"Train on {KINDS}; got {type(data).__name__}.")


def check_fit(model: Model, next_batch: Callable[[], Tensor]) -> None:
    """Try data and nets together, on throw-away copies of the streams, so that checking changes no result.

    Raises TypeError and ValueError, in one sentence, for what doesn't fit.
    """
    streams = model._streams["training"]
    states = [stream.get_state() for stream in streams]
    try:
        with no_trace(next_batch.draws_nothing):
            example = next_batch.example() if isinstance(next_batch, _Stream) else next_batch()
    finally:
        for stream, state in zip(streams, states, strict=True):
            stream.set_state(state)
    packing, batch = getattr(model, "packing", 1), example.shape[1 if model.batched else 0]
    if batch % packing:
        raise ValueError(f"Packs of {packing} need a batch of a multiple of {packing} samples; got {batch}.")
    values = getattr(next_batch, "data", None)  # all of them, where they are known
    values = example.flatten(0, 1) if values is None and model.batched else example if values is None else values
    # one NaN or infinity shows in the sum; that may also become too large, so only then are they counted, slowly
    if not values.sum().isfinite() and (bad := int((~values.isfinite()).sum())):
        raise ValueError(f"The training data hold {bad} NaN or infinite values (as {model.dtype} numbers).")
    model.check_data(example[:, : 2 * packing] if model.batched else example[: 2 * packing])
    model.check_values(values)


class _Source:
    """Gives the next batch when it is called."""

    repeatable = True  # the same again, from the same state of the model's streams
    draws_nothing = False  # from PyTorch's global stream


class _Draws(_Source):
    """Batches of a distribution."""

    def __init__(self, model: Model, data, batch: int):
        self.model, self.source, self.batch = model, data, batch
        self.dtype = model.dtype
        self.draws_nothing = type(data).__module__.startswith("gan_edu.")

    def __call__(self) -> Tensor:
        return self.model.draw(self._one)

    def _one(self, generator: torch.Generator) -> Tensor:
        try:
            drawn = self.source.sample(self.batch, generator)
        except TypeError as error:
            raise TypeError(
                f"Data must have sample(n, generator) → (n, *features); calling it failed: {error}"
            ) from error
        if not isinstance(drawn, Tensor) or drawn.ndim < 2 or len(drawn) != self.batch:
            got = f"shape {tuple(drawn.shape)}" if isinstance(drawn, Tensor) else f"a {type(drawn).__name__}"
            raise ValueError(
                f"sample({self.batch}, generator) must give a tensor ({self.batch}, *features); got {got}."
            )
        return drawn if drawn.dtype == self.dtype else drawn.to(self.dtype)


class _Samples(_Source):
    """Batches drawn with replacement from a tensor (N, *features), which is kept whole on the model's device."""

    draws_nothing = True

    def __init__(self, model: Model, data: Tensor, batch: int):
        data = _tensor(data, "The data")
        if data.ndim < 2 or data.numel() == 0:
            raise ValueError(f"Training data must be (N, features...) with N ≥ 1; got shape {tuple(data.shape)}.")
        self.model, self.batch = model, batch
        self.data = data.to(device=model.device, dtype=model.dtype)

    def __call__(self) -> Tensor:
        size = (self.batch,)
        # places are drawn on the CPU, alike for all devices
        places = self.model.draw(lambda g: torch.randint(len(self.data), size, generator=g))
        return self.data[places]


class _Images(_Source):
    """The same batches, bit for bit, of images that are too many to be kept as float32."""

    draws_nothing = True

    def __init__(self, model: Model, data: ImageSet, batch: int):
        self.model, self.source, self.batch = model, data, batch
        on_device = model.device.type != "cpu" and data.pixels.numel() <= _ON_DEVICE
        self.images = replace(data, pixels=data.pixels.to(model.device)) if on_device else data

    def __call__(self) -> Tensor:
        model, size = self.model, (self.batch,)
        places = model.draw(lambda g: torch.randint(len(self.images), size, generator=g))
        rows = places.flatten().to(self.images.pixels.device)
        x = self.images.tensor(low=model.lowest_pixel, device=model.device, rows=rows)
        return x.to(model.dtype).unflatten(0, places.shape)


class _Items(_Source):
    """Batches of a Dataset's items, drawn with replacement. What items draw themselves from PyTorch's global stream
    (to flip a picture, for instance) comes from the model's own while it trains, and so it repeats, too."""

    def __init__(self, model: Model, data: Dataset, batch: int):
        self.model, self.source, self.batch = model, data, batch
        try:
            self.length = len(data)
        except TypeError:
            raise TypeError(
                f"A Dataset needs __len__ and __getitem__, and this {type(data).__name__} has no length."
            ) from None
        if self.length < 1:
            raise ValueError(f"The {type(data).__name__} is empty: len(…) is {self.length}.")

    def __call__(self) -> Tensor:
        return self.model.draw(self._some)

    def _some(self, generator: torch.Generator) -> Tensor:
        places = torch.randint(self.length, (self.batch,), generator=generator).tolist()
        together = getattr(self.source, "__getitems__", None)
        items = together(places) if callable(together) else [self.source[place] for place in places]
        items = [_tensor(item, f"Item {place}") for place, item in zip(places, items, strict=True)]
        for place, item in zip(places, items, strict=True):
            if item.shape != items[0].shape or item.ndim == 0:
                raise ValueError(
                    f"All items must have one shape (features...), and item {place} has {tuple(item.shape)}, "
                    f"item {places[0]} {tuple(items[0].shape)}."
                )
        x = torch.stack(items).to(self.model.dtype)
        if x.device.type == "cpu" and not x.isfinite().all():  # as for batches of an iterable
            bad = places[int((~x.isfinite()).flatten(1).any(1).byte().argmax())]
            raise ValueError(f"Item {bad} holds NaN or infinite values (as {x.dtype} numbers).")
        return x


class _Stream(_Source):
    """An iterable's own batches, in its order, and from its beginning again where it ends.

    What it draws from PyTorch's global stream (a DataLoader that shuffles does) comes from the model's own.
    """

    repeatable = False

    def __init__(self, model: Model, data: Iterable):
        if model.batched:
            raise TypeError(
                "An ensemble draws batches for each of its seeds, and an iterable has one for all: use a tensor, a "
                "Dataset or a distribution."
            )
        self.model, self.source = model, data
        self._left: Iterator | None = None
        self._first: Tensor | None = None
        self._shape: torch.Size | None = None
        self._number = 0

    def example(self) -> Tensor:
        """The first batch, without taking it away: an iterator has it once."""
        if self._first is None:
            with self.model.own_randomness(self):
                self._first = self._next()
        return self._first

    def __call__(self) -> Tensor:
        first, self._first = self._first, None
        return self._next() if first is None else first

    def _next(self) -> Tensor:
        begins = self._left is None
        if begins:
            self._left = iter(self.source)
        try:
            batch = next(self._left)
        except StopIteration:
            kind = type(self.source).__name__
            if not self._number:
                raise ValueError(f"The {kind} holds no batch.") from None
            if begins:  # a generator, which is its own iterator
                raise ValueError(
                    f"The {kind} ended after {self._number} batches and can't begin again: train for fewer steps, or "
                    "on a list, a DataLoader, or what else begins anew in __iter__."
                ) from None
            self._left = None
            return self._next()
        self._number += 1
        return self._checked(_tensor(batch, f"Batch {self._number}"))

    def _checked(self, x: Tensor) -> Tensor:
        shape = tuple(x.shape)
        if x.ndim < 2 or x.numel() == 0:
            raise ValueError(f"Batches must be (n, features...) with n ≥ 1; number {self._number} has shape {shape}.")
        self._shape = self._shape or x.shape[1:]
        if x.shape[1:] != self._shape:
            raise ValueError(
                f"All batches must have samples of one shape, and number {self._number} has {shape[1:]}, not "
                f"{tuple(self._shape)}."
            )
        # on a GPU the question would make it wait; there the losses show it
        if x.device.type == "cpu" and not x.isfinite().all():
            raise ValueError(f"Batch {self._number} holds NaN or infinite values.")
        return x.to(device=self.model.device, dtype=self.model.dtype)


def _tensor(value, what: str) -> Tensor:
    """An item or a batch: itself, or what a tuple begins with (the labels behind it are not used)."""
    if isinstance(value, tuple | list) and value and isinstance(value[0], Tensor | np.ndarray):
        value = value[0]
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        value = tensor_of(value)
    if not isinstance(value, Tensor):
        keys = f" with {', '.join(map(repr, value))}" if isinstance(value, Mapping) else ""
        keys = f" of {value.dtype}" if isinstance(value, np.ndarray) else keys
        raise TypeError(
            f"{what} must be a tensor or an array of numbers, or a tuple that begins with one; got "
            f"{type(value).__name__}{keys}."
        )
    if value.layout is not torch.strided or value.is_nested or value.is_quantized or value.device.type == "meta":
        kind = "nested" if value.is_nested else str(value.layout).removeprefix("torch.")
        kind = "quantized" if value.is_quantized else "without numbers" if value.device.type == "meta" else kind
        raise TypeError(
            f"{what} must be an ordinary tensor, with all its numbers in one block (to_dense, dequantize); this one is "
            f"{kind}."
        )
    if value.is_complex():
        raise TypeError(f"{what} must hold real numbers, and these are complex: choose abs, real or imag.")
    return value.detach()

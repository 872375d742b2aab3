"""Where and how to compute: the device, the seeds, the precision, the number of threads."""

import contextlib
import os
import random
import threading
import weakref

import torch

import gan_edu._optimizers  # noqa: F401 (the first optimiser of a process is made sooner)

ENVIRONMENT_VARIABLE = "GAN_EDU_DEVICE"
_ones: weakref.WeakSet = weakref.WeakSet()  # those that want one thread now; weak, for an interrupt may lose one
_single, _several, _counting = False, 1, threading.Lock()


def available() -> list[str]:
    """The devices that this machine has, best first: 'cuda', 'mps', 'cpu'."""
    found = ["cuda"] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        found.append("mps")
    return [*found, "cpu"]


def pick(device: str | torch.device | None = None) -> torch.device:
    """The device to use: the argument, else the environment's GAN_EDU_DEVICE, else CUDA, MPS or the CPU.

    Raises ValueError when the device asked for is unknown or not on this machine.
    """
    asked = device if device is not None else os.environ.get(ENVIRONMENT_VARIABLE) or available()[0]
    source = "" if device is not None else f" (from {ENVIRONMENT_VARIABLE})"
    try:
        picked = torch.device(asked)
    except (RuntimeError, TypeError):
        raise ValueError(f"There is no device {asked!r}{source}; this machine has: {', '.join(available())}.") from None
    if picked.type not in (*available(), "meta"):  # "meta" computes nothing: PyTorch's stand-in for another device
        raise ValueError(f"This machine has no {str(asked)!r} device{source}; it has: {', '.join(available())}.")
    if picked.type == "cuda" and (picked.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"There is no {asked!r}{source}: this machine has {torch.cuda.device_count()} CUDA device(s).")
    return picked


def describe(device: str | torch.device | None = None) -> str:
    """One line about the device: its name, its memory or its threads."""
    picked = pick(device)
    if picked.type == "cuda":
        properties = torch.cuda.get_device_properties(picked)
        return f"cuda: {properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    if picked.type == "mps":
        return "mps: Apple GPU, memory shared with the CPU"
    return f"cpu: {torch.get_num_threads()} thread(s) for PyTorch on {os.cpu_count()} cores"


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and PyTorch (all devices)."""
    import numpy

    random.seed(seed)
    numpy.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def generator(seed: int, device: str | torch.device = "cpu") -> torch.Generator:
    """A stream of random numbers of its own, so that nothing else can disturb it."""
    return torch.Generator(device).manual_seed(seed)


def autocast(device: str | torch.device, enabled: bool = True) -> contextlib.AbstractContextManager:
    """Mixed precision (bfloat16) where it pays: on CUDA devices that have it; elsewhere it changes nothing."""
    if enabled and torch.device(device).type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return contextlib.nullcontext()


@contextlib.contextmanager
def threads(count: int):
    """Within this block PyTorch uses `count` CPU threads. One is the fastest for nets of fewer than a hundred units."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class one_thread(contextlib.ContextDecorator):  # noqa: N801 (it is called like a function)
    """Within this block, or function, PyTorch uses one CPU thread: small nets are slower on two.

    Blocks may overlap in several Python threads: the last one out puts back what the first one found.
    """

    def __enter__(self) -> None:
        global _single, _several
        with _counting:
            if not _single:
                _several = torch.get_num_threads()
            _single = True
            _ones.add(self)
            torch.set_num_threads(1)

    def __exit__(self, *error) -> None:
        global _single
        with _counting:
            _ones.discard(self)
            if not _ones:
                torch.set_num_threads(_several)
                _single = False

    def _recreate_cm(self):  # as a decorator: a new block for each call
        return type(self)()


def tensor_of(values) -> torch.Tensor:
    """Any kind of array as a tensor on the CPU, without gradient. Raises TypeError, ValueError for what is none."""
    import numpy

    if isinstance(values, torch.Tensor):
        return values.detach().cpu()
    if isinstance(values, numpy.ma.MaskedArray) and numpy.ma.is_masked(values):
        values = values.astype(float).filled(numpy.nan)  # what is behind a mask is no value
    array = numpy.asarray(values)
    if not array.dtype.isnative or any(stride < 0 for stride in array.strides):  # PyTorch takes neither
        array = array.astype(array.dtype.newbyteorder("="), order="C")
    elif not array.flags.writeable:  # pandas lends arrays for reading only
        array = array.copy()
    return torch.as_tensor(array)

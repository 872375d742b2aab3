"""What every measure takes: samples, one a row, as finite float64 numbers on the CPU."""

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from gan_edu.device import tensor_of

CHUNK = 500  # rows of a distance matrix held at once: 500 x 10,000 float64 numbers are 40 MB
LARGEST = 1e40  # a kernel takes the sixth power of what it is given, and float64 ends at 1e308
Samples = Tensor | ArrayLike  # what torch.as_tensor takes


def real(x: Samples, argument: str) -> Tensor:
    """x as a tensor on its own device. Raises TypeError when it isn't real numbers."""
    try:
        x = x.detach() if isinstance(x, Tensor) else tensor_of(x)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"{argument} must be a tensor or an array of numbers; got a {type(x).__name__}.") from None
    if x.is_complex() or x.dtype == torch.bool:
        raise TypeError(f"{argument} must hold real numbers; got {str(x.dtype).removeprefix('torch.')}.")
    return x


def finite(x: Samples, argument: str) -> Tensor:
    """x in float64 on the CPU. Raises TypeError when it isn't real numbers, ValueError when one isn't finite."""
    x = real(x, argument).to("cpu").to(torch.float64)  # first the CPU: Apple's MPS has no float64
    bad = x.numel() - int(torch.isfinite(x).sum())
    if bad:
        raise ValueError(f"{argument} holds {bad:,} numbers that are NaN or infinite, of {x.numel():,}.")
    return x


def table(x: Samples, argument: str, least: int = 2) -> Tensor:
    """x as a finite float64 table (N, d) of at least `least` rows. Raises TypeError or ValueError."""
    x = finite(x, argument)
    if x.ndim != 2 or x.shape[1] == 0:
        raise ValueError(f"{argument} has shape {tuple(x.shape)}; expected (N, d), one sample a row.")
    if len(x) < least:
        raise ValueError(f"{argument} holds {len(x)} sample(s); at least {least} are needed.")
    if (largest := x.abs().max().item()) > LARGEST:
        raise ValueError(f"{argument} holds numbers up to {largest:.3g}, too large for their powers; scale them down.")
    return x


def two_tables(x: Samples, y: Samples, names: tuple[str, str], least: int = 2) -> tuple[Tensor, Tensor]:
    """Both as tables of one width."""
    x, y = table(x, names[0], least), table(y, names[1], least)
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"{names[0]} has {x.shape[1]} numbers a sample and {names[1]} has {y.shape[1]}; they must agree."
        )
    return x, y

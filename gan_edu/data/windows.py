"""A series of one's own, of one or several columns, as windows to train on, and back.

series = data.series("temperatures.csv", length=24)
run(gan, series, steps=5000)             # the nets make and judge (N, columns, length)
series.decode(gan.sample(10))            # in degrees again
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from gan_edu.data.image_sets import DataError
from gan_edu.device import pick, tensor_of
from gan_edu.settings import Whole


@dataclass(frozen=True, eq=False, repr=False)
class Series:
    """Windows of one or several series side by side.

    Windows that overlap are no independent samples: tests and metrics that count samples take `stride` = `length`.

    Attributes:
        names: of the columns.
        values: float32 ``(C, T)``, each column with mean 0 and standard deviation 1, NaN in gaps.
        mean, std: of the columns, in their units: float64 ``(C,)``.
        length, stride: of windows, and from one to the next, in steps.
        starts: int64 ``(N,)``, where the windows begin.
        left_out: windows with a gap in them.
        dropped: column → why it isn't used.
    """

    names: tuple[str, ...]
    values: torch.Tensor
    mean: torch.Tensor
    std: torch.Tensor
    length: int
    stride: int
    starts: torch.Tensor
    left_out: int
    dropped: dict[str, str]

    def __len__(self) -> int:
        return len(self.starts)

    def __repr__(self) -> str:
        return (
            f"Series({', '.join(self.names)}: {len(self):,} windows of {self.length} in {self.values.shape[1]:,} steps)"
        )

    @property
    def report(self) -> str:
        """Columns, windows, and what was left out."""
        lines = [repr(self)]
        for name, mean, std in zip(self.names, self.mean.tolist(), self.std.tolist(), strict=True):
            lines.append(f"  {name}  mean {mean:.6g}, standard deviation {std:.6g}")
        lines += [f"  {name}  dropped: {why}" for name, why in self.dropped.items()]
        if self.left_out:
            lines.append(f"  windows with gaps, left out: {self.left_out:,}")
        return "\n".join(lines)

    def tensor(self, flat: bool = False, device=None) -> torch.Tensor:
        """The windows as float32 ``(N, C, length)``, or ``(N, C·length)`` if flat.

        Without gaps it is a view on `values`: windows that overlap take no memory of their own.
        """
        windows = self.values.unfold(1, self.length, self.stride).transpose(0, 1)
        if self.left_out:
            windows = windows[self.starts // self.stride]
        windows = windows.to(pick(device or "cpu"))
        return windows.reshape(len(self), -1) if flat else windows

    def decode(self, windows) -> torch.Tensor:
        """Windows ``(n, C, length)`` or ``(n, C·length)``, generated ones too, in the units of the series: float64
        ``(n, C, length)`` on the CPU.

        Raises:
            ValueError: they have another shape.
        """
        x = tensor_of(windows).double()
        shape = (len(self.names), self.length)
        if x.ndim not in (2, 3) or x.shape[1:] not in (shape, (shape[0] * shape[1],)):
            raise ValueError(f"Windows must have shape (n, {shape[0]}, {shape[1]}); got {tuple(x.shape)}.")
        return x.reshape(-1, *shape) * self.std[:, None] + self.mean[:, None]


def series(
    values, length: int, stride: int = 1, delimiter: str = ",", decimal: str = ".", encoding: str = "utf-8"
) -> Series:
    """Windows of a series.

    Args:
        values: numbers in the order of time, ``(T,)`` or ``(T, C)``: a tensor, an array, a list, a pandas Series or
            DataFrame, or a CSV file with names in its first line. Columns that aren't numbers are left out, and so are,
            beside others, those that only count (years, for instance: they go up by the same step).
        length: of a window, in steps.
        stride: from the start of one window to the next.
        delimiter, decimal, encoding: of the file, as `data.table` takes them.

    Windows with gaps (NaN) are left out. Warns of columns of numbers that hold something else, which is taken as gaps.

    Raises:
        TypeError, ValueError: values are no numbers of such a shape, or a setting is out of range.
        DataError: the file can't be read; no column has numbers that vary; the series is too short for
            two windows; or every window has a gap.
    """
    length, stride = Whole(2).check(length, "length"), Whole(1).check(stride, "stride")
    columns, dropped = _columns(values, delimiter, decimal, encoding)
    kept = {}
    for name, x in columns.items():
        x = np.where(np.isfinite(x), x, np.nan)
        there = x[~np.isnan(x)]
        with np.errstate(all="ignore"):
            std = there.std() if len(there) else 0.0
        if len(there) == 0:
            dropped[name] = "no finite number"
        elif there.min() == there.max():  # a standard deviation of equal numbers may be 1e-17
            dropped[name] = f"always {there[0]:g}"
        elif not 0 < std < np.inf:
            dropped[name] = f"its numbers, {there.min():g} to {there.max():g}, can't be scaled"
        else:
            kept[name] = x
    if not kept:
        raise DataError(
            f"No column holds numbers that vary ({'; '.join(f'{k}: {why}' for k, why in dropped.items())})."
        )
    x = np.stack(list(kept.values()))
    steps = x.shape[1]
    if steps < length + stride:
        raise DataError(
            f"The series has {steps:,} steps, and two windows of {length} that begin {stride} apart need "
            f"{length + stride:,}."
        )
    mean, std = np.nanmean(x, axis=1), np.nanstd(x, axis=1)
    scaled = torch.from_numpy(((x - mean[:, None]) / std[:, None]).astype(np.float32))
    gaps = np.concatenate([[0], np.isnan(x).any(axis=0).cumsum()])
    starts = np.arange(0, steps - length + 1, stride)
    whole = starts[gaps[starts + length] == gaps[starts]]
    if len(whole) < 2:
        raise DataError(
            f"{len(starts) - len(whole):,} of {len(starts):,} windows of {length} steps have gaps in them: fill the "
            "gaps, or take shorter windows."
        )
    return Series(
        names=tuple(kept),
        values=scaled,
        mean=torch.from_numpy(mean),
        std=torch.from_numpy(std),
        length=length,
        stride=stride,
        starts=torch.from_numpy(whole),
        left_out=len(starts) - len(whole),
        dropped=dropped,
    )


def _columns(values, delimiter: str, decimal: str, encoding: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Name → float64 (T,), and what was dropped and why."""
    if isinstance(values, str | Path):
        from gan_edu.data.tables import read_csv

        values = read_csv(values, delimiter, decimal, encoding)
    if hasattr(values, "to_frame"):  # pandas' Series
        values = values.to_frame(values.name if values.name is not None else "value")
    if hasattr(values, "to_numpy") and hasattr(values, "columns"):
        from gan_edu.data.columns import numbers_of, strays_in

        columns, dropped = {}, {}
        names = [str(name) for name in values.columns]
        if not names or not len(values):
            raise DataError(f"The table is empty: {len(values)} rows, {len(names)} columns.")
        if twice := [name for name in names if names.count(name) > 1]:
            raise DataError(f"The table has two columns called {twice[0]!r}; rename one.")
        for name in values.columns:
            x = numbers_of(values[name])
            if x is None:
                dropped[str(name)] = f"no numbers ({values[name].dtype})"
            elif len(names) > 1 and len(x) > 2 and x[1] > x[0] and (np.diff(x) == x[1] - x[0]).all():
                dropped[str(name)] = f"it only counts, from {x[0]:g} in steps of {x[1] - x[0]:g}"
            else:
                columns[str(name)] = x
                if note := strays_in(values[name], x, "finite number"):
                    warnings.warn(f"Column {name!r}: {note}.", stacklevel=3)
        return columns, dropped
    try:
        x = tensor_of(values)
    except (TypeError, ValueError):
        raise TypeError(f"A series is numbers (T,) or (T, C), or a CSV file; got {type(values).__name__}.") from None
    if x.is_complex() or x.ndim not in (1, 2) or x.numel() == 0:
        raise ValueError(f"A series is real numbers (T,) or (T, C), time first; got {x.dtype} {tuple(x.shape)}.")
    x = x.double().numpy().reshape(len(x), -1)
    names = [f"column {k}" for k in range(x.shape[1])] if x.shape[1] > 1 else ["value"]
    return dict(zip(names, x.T, strict=True)), {}

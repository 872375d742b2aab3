"""Points of one's own in the plane, as a distribution: an array (N, 2), two columns of a table."""

import contextlib
import copy
from collections.abc import Sequence

import numpy as np
import torch

from gan_edu.device import generator, tensor_of

NEAR = (0.5, 10.0)  # largest number of a coordinate: nets of the usual size and rate learn points of this size
CENTRED = 1.0  # how far the mean may lie from 0, in standard deviations
MOST_MODES = 64
TIMES = {"M": ("dates", "datetime64[D]"), "m": ("spans of time", "timedelta64[D]")}  # NumPy's kind → what, and in days


class Points:
    """Points (N, 2) as a distribution: drawn with replacement. No density is known.

    With `scale`, coordinates that are far from 1, or from the middle, are brought to mean 0 and standard deviation 1,
    and `note` says so. modes (K, 2), mode_std and mode_weights (K,) are as in `data.Mixture`, or None: nobody has said
    where the modes are. unit: "mode", or "region" for what stands in for modes.
    """

    name, unit = "your own", "mode"

    def __init__(self, points: np.ndarray, names: tuple[str, str] = ("x", "y"), scale: bool = True):
        self.mean, self.std, self.note = np.zeros(2), np.ones(2), ""
        reach, mean, std = np.abs(points).max(0), points.mean(0), points.std(0)
        far = (reach < NEAR[0]) | (reach > NEAR[1]) | (np.abs(mean) > CENTRED * std)
        if scale and far.any():
            self.mean, self.std = mean, np.where(std > 0, std, 1.0)
            across, up = (
                f"({name} − {_short(mean)}) / {_short(std)}"
                for name, mean, std in zip(names, self.mean, self.std, strict=True)
            )
            self.note = f"Points are drawn and learned in standard deviations: across {across}, up {up}."
        self.points = self.placed(points)
        self.extent = float(self.points.abs().max()) * 1.25 or 1.0
        self.modes = self.mode_std = self.mode_weights = None

    def placed(self, points: np.ndarray) -> torch.Tensor:
        """Points (n, 2) in the learner's numbers as they are drawn and learned."""
        return torch.as_tensor((points - self.mean) / self.std, dtype=torch.float32)

    def with_modes(self, centres: torch.Tensor, unit: str = "mode") -> "Points":
        """These with modes at `centres` (K, 2), as they are drawn: their standard deviation and their shares are those
        of the points nearest to each. Raises ValueError for a centre that no point is nearest to."""
        distance, nearest = torch.cdist(self.points, centres).min(1)
        counts = nearest.bincount(minlength=len(centres))
        if not counts.all():
            raise ValueError(
                f"No point is nearest to centre {int((counts == 0).nonzero()[0])} (counted from 0): give centres that "
                "lie amid the points, each once."
            )
        other = copy.copy(self)
        other.unit, other.modes, other.mode_weights = unit, centres, counts / counts.sum()
        other.mode_std = max(float(distance.square().mean() / 2) ** 0.5, 1e-3 * self.extent)
        return other

    def sample(self, n, seed_or_generator=None, device=None):
        g = seed_or_generator
        if not isinstance(g, torch.Generator):
            g = generator(int(g or 0))
        drawn = self.points.to(g.device)[torch.randint(len(self.points), (n,), generator=g, device=g.device)]
        return drawn if device is None else drawn.to(device)

    def __repr__(self):
        modes = "" if self.modes is None else f" with {len(self.modes)} {self.unit}s"
        return f"{len(self.points)} points{modes}"


def points_of(data, others: str = "", scale: bool = True) -> Points:
    """Points from an array or a tensor (N, 2), a DataFrame or a `data.table` of two columns of numbers, or a pair of
    such points and the centres of their modes (K, 2).

    others: what else the caller takes, for the message. scale: as for Points. Raises ValueError, in one sentence.
    """
    centres = None
    if isinstance(data, tuple) and len(data) == 2 and all(_dimensions(one) == 2 for one in data):
        data, centres = data
    rows, names = _rows(data, "Points", others)
    if len(rows) < 2:
        raise ValueError(f"Points must have shape (N, 2), with N at least 2; these have {rows.shape}.")
    if (rows == rows[0]).all():
        raise ValueError(f"All {len(rows)} points lie at one place.")
    points = Points(rows, names, scale)
    if centres is None:
        return points
    centres, _ = _rows(centres, "Centres", "")
    if not 1 <= len(centres) <= MOST_MODES:
        raise ValueError(f"There can be 1 to {MOST_MODES} centres of modes, (K, 2); these are {len(centres)}.")
    return points.with_modes(points.placed(centres))


def _dimensions(data) -> int:
    if _is_table(data):
        return 2
    try:
        return getattr(data, "ndim", None) or np.ndim(data)
    except ValueError:  # rows of different lengths
        return 0


def _is_table(data) -> bool:
    """Whether this is a `data.table`."""
    return hasattr(data, "frame") and hasattr(data, "features")


def _numbers_of(table) -> tuple[np.ndarray, tuple[str, str]]:
    """`_rows` of a `data.table`, in the units of its columns; dates are seconds since 1970."""
    from gan_edu.data.columns import Scaled

    numbers = [column for column in table.columns if isinstance(column, Scaled)]
    left = [f"{name}: {why}" for name, why in table.dropped.items()]
    left += [f"{column.name}: {column}" for column in table.columns if column not in numbers]
    _two(table.features, left)  # a gap is a coordinate, too
    names = _two([column.name for column in numbers], left)
    return np.stack([column.read(table.frame[column.name]) for column in numbers], axis=1), names


def _rows(data, what: str, others: str) -> tuple[np.ndarray, tuple[str, str]]:
    """float64 (N, 2), and how the coordinates are called. what: of the message."""
    names = ("x", "y")
    if _is_table(data):
        data, names = _numbers_of(data)
    elif hasattr(data, "iloc") and hasattr(data, "columns"):  # a DataFrame
        names = _two(data.columns)
        _check_columns(data)
        try:
            data = data.to_numpy(dtype="float64", na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise ValueError(f"The columns {names[0]!r} and {names[1]!r} must hold numbers: {error}.") from None
    if getattr(getattr(data, "dtype", None), "kind", "") in TIMES:
        kind, days = TIMES[data.dtype.kind]
        raise ValueError(
            f"{what} are numbers, and these are {kind} ({data.dtype}): make numbers of them first, for instance days, "
            f"x.astype({days!r}).astype(float)."
        )
    try:
        x = tensor_of(data)
        x = None if x.is_complex() else x.double().numpy()
    except (TypeError, ValueError):
        x = None
    if x is None or x.ndim == 0:
        raise ValueError(
            f"Data must be {others}{', or ' * bool(others)}points of shape (N, 2): an array, a tensor, or two columns "
            f"of a table; got a {type(data).__name__}."
        )
    if x.ndim != 2 or x.shape[1] != 2:
        turned = ": turn them round, with .T" if x.ndim == 2 and x.shape[0] == 2 else ""
        raise ValueError(f"{what} must have shape (N, 2); these have {x.shape}{turned}.")
    bad = int((~np.isfinite(x)).any(1).sum())
    if bad:
        raise ValueError(f"{bad} of the {len(x)} {what.lower()} have NaN or infinite coordinates: leave them out.")
    return x, names


def _check_columns(frame) -> None:
    """Raise ValueError for a column of dates, of which pandas would make numbers of a unit that nobody asked for, and
    for other kinds of times, with what to do."""
    import pandas as pd

    from gan_edu.data.columns import Dates, Dropped, column_of

    for name in frame.columns:
        column, kind = frame[name], ""
        if pd.api.types.is_datetime64_any_dtype(column):
            kind = "dates"
        elif pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column):
            with contextlib.suppress(Dropped):
                kind = "dates" if isinstance(column_of(column), Dates) else ""
        elif pd.api.types.is_timedelta64_dtype(column):
            kind = "spans of time"
        elif isinstance(column.dtype, pd.PeriodDtype):
            kind = "periods"
        if kind:
            do = {
                "dates": "data.table(frame) makes numbers of dates, and can be given instead of the frame",
                "spans of time": f"make numbers of them, frame[{name!r}].dt.total_seconds()",
                "periods": f"make dates of them, frame[{name!r}].dt.to_timestamp(), and give data.table(frame)",
            }
            raise ValueError(
                f"The column {str(name)!r} holds {kind}, such as {column.dropna().iloc[0]}, and points are numbers: "
                f"{do[kind]}."
            )


def _short(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}"


def _two(columns, left: Sequence[str] = ()) -> tuple[str, str]:
    """left: what was left out, and why."""
    names = [str(name) for name in columns]
    if len(names) != 2:
        few = ", ".join(names[:6]) + ", …" * (len(names) > 6)
        few = "; ".join(filter(None, [few, f"left out are {', '.join(left[:3])}" if left else ""]))
        raise ValueError(f"A plane has two coordinates, and this table has {len(names)} ({few}): choose two columns.")
    return names[0], names[1]

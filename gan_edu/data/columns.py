"""Columns of a table as numbers, and back: numbers, dates, categories, and what is the same in all rows.

`column_of` looks at a column and says what it is. Each kind knows the names of the numbers that a value takes
(`features`), `encode(series)` → floats (N, len(features)), and the way back, `decode(rows)` → series.
"""

import abc
import contextlib
import re
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api import types

KINDS = ("number", "date", "category", "drop")
MOST_CATEGORIES = 100
STRAYS = 0.1  # share of values in a column of numbers or dates that may be something else
GRAINS = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}
EPSILON = 2.0**-24  # how far a 32-bit number may be off, relative to itself
EXACT = 2**53  # up to here a float64 holds every whole number
YEARS = (
    -62_135_596_800,
    253_402_300_800,
)  # where 1 and 10,000 begin, in seconds since 1970: Python's dates lie between


class Dropped(Exception):
    """A column is left out; the text says why, in a few words."""


@dataclass(frozen=True)
class Column(abc.ABC):
    """note: what was noticed when the column was read, for the report."""

    name: object
    dtype: object
    note: str

    @property
    @abc.abstractmethod
    def features(self) -> tuple[str, ...]: ...

    @abc.abstractmethod
    def encode(self, series: pd.Series) -> np.ndarray:
        """Raises ValueError for values that the column couldn't have when it was made."""

    @abc.abstractmethod
    def decode(self, rows: np.ndarray) -> pd.Series: ...


@dataclass(frozen=True)
class Scaled(Column):
    """Numbers, brought to mean 0 and standard deviation 1. A gap is the mean, with a 1 in a place of its own.

    What comes back lies between low and high, which were seen, and is rounded as those were: to `grain`, a power of ten
    or a number of seconds, where that isn't 0.
    """

    mean: float
    std: float
    low: float
    high: float
    grain: float
    gaps: bool

    @classmethod
    def _of(cls, series: pd.Series, x: np.ndarray, grain: float, note: str, **more):
        there = x[~np.isnan(x)]
        if len(there) == 0:
            raise Dropped("none of its values can be read as that")
        if there.min() == there.max():  # a standard deviation of equal numbers may be 1e-17
            raise Dropped(f"always {there[0]:g}")
        with np.errstate(all="ignore"):
            mean, std = float(there.mean()), float(there.std())
        if not (np.isfinite(mean) and 0 < std < np.inf):
            raise Dropped(f"its values, {there.min():g} to {there.max():g}, can't be scaled")
        gaps = len(there) < len(x)
        return cls(
            series.name, series.dtype, note, mean, std, float(there.min()), float(there.max()), grain, gaps, **more
        )

    @property
    def features(self) -> tuple[str, ...]:
        return (str(self.name), f"{self.name}: gap") if self.gaps else (str(self.name),)

    @abc.abstractmethod
    def read(self, series: pd.Series) -> np.ndarray:
        """float64 (N,), NaN for gaps."""

    def encode(self, series: pd.Series) -> np.ndarray:
        x = self.read(series)
        gaps = np.isnan(x)
        strays = series[gaps & series.notna().to_numpy()]
        if len(strays) and "taken as" not in self.note:
            raise ValueError(f"The column {self.name!r} holds {strays.iloc[0]!r}, which can't be read as the rest.")
        scaled = np.where(gaps, 0.0, (x - self.mean) / self.std)
        if np.abs(scaled).max(initial=0) > np.finfo(np.float32).max:
            raise ValueError(f"The column {self.name!r} holds {x[np.abs(scaled).argmax()]:g}, too far out for 32 bits.")
        if self.gaps:
            return np.stack([scaled, gaps], axis=1)
        if gaps.any():
            raise ValueError(f"The column {self.name!r} has gaps, and had none in the table that was read first.")
        return scaled[:, None]

    def values(self, rows: np.ndarray) -> np.ndarray:
        """float64 (N,), NaN for gaps."""
        x = rows[:, 0] * self.std + self.mean
        if self.grain >= 1:
            x = np.round(x / self.grain) * self.grain
        elif self.grain:
            x = np.round(x, round(-np.log10(self.grain)))
        x = np.clip(x, self.low, self.high)
        return np.where(rows[:, 1] > 0.5, np.nan, x) if self.gaps else x

    @property
    def off(self) -> float:
        """How far a value may be off after it was a 32-bit number; 0 where rounding to the grain mends that."""
        off = max(self.high - self.mean, self.mean - self.low) * EPSILON
        return 0.0 if off < self.grain / 2 else off


@dataclass(frozen=True)
class Numbers(Scaled):
    @classmethod
    def of(cls, series: pd.Series, note: str = "") -> "Numbers":
        x = _numbers(series)
        there = x[~np.isnan(x)]
        large = np.abs(x) > EXACT
        if series[large].astype(str).str.fullmatch(r"\s*[+-]?\d+\s*").any():  # and no powers of ten, as floats have
            raise Dropped(f"whole numbers up to {there.max():.3g}, as identifiers are: they have more than 53 bits")
        decimals = next((d for d in range(7) if (np.round(there, d) == there).all()), None)
        return cls._of(series, x, 0.0 if decimals is None else 10.0**-decimals, note)

    def read(self, series: pd.Series) -> np.ndarray:
        return _numbers(series)

    def decode(self, rows: np.ndarray) -> pd.Series:
        x = pd.Series(self.values(rows), name=self.name)
        if types.is_numeric_dtype(self.dtype):
            return x.astype(self.dtype)
        return x.astype("int64") if self.grain == 1 and not self.gaps and x.abs().max() <= EXACT else x

    def __str__(self) -> str:
        off = f", to ±{self.off:.1g} in 32 bits" if self.off and self.grain else ""
        return f"number, {self.low:.10g} to {self.high:.10g}{', whole' if self.grain == 1 else ''}{off}"


@dataclass(frozen=True)
class Dates(Scaled):
    """In seconds since 1970. form: how they are read, where they were text, and written: how they are written again.
    zone: that of texts which name one. days: whether they were `datetime.date`."""

    form: str | None
    written: str | None
    zone: object
    days: bool

    @classmethod
    def of(cls, series: pd.Series, form: str | None = None, note: str = "") -> "Dates":
        x = _seconds(series, form)
        there = x[~np.isnan(x)]
        if ((there < YEARS[0]) | (there >= YEARS[1])).any():
            raise Dropped("dates before the year 1 or after 9999")
        grain = next((seconds for seconds in GRAINS.values() if (there % seconds == 0).all()), 0)
        written, zone = form, None
        if form is not None and form.endswith(("%z", "%Z")):
            text = series[~np.isnan(x)].iloc[0]
            zone = pd.to_datetime(text, format=form).tz
            # +02:00, +0200 and Z are all read by %z, which writes one of them
            written = form[:-2] + re.search(r"[A-Za-z]+$|[+-][0-9:]+$", text)[0]
        days = form is None and types.infer_dtype(series, skipna=True) == "date"
        return cls._of(series, x, float(grain), note, form=form, written=written, zone=zone, days=days)

    def read(self, series: pd.Series) -> np.ndarray:
        return _seconds(series, self.form, utc=True)

    def decode(self, rows: np.ndarray) -> pd.Series:
        x = self.values(rows)
        microseconds = np.nan_to_num(np.round(x * 1e6)).astype("int64")
        times = pd.Series(microseconds.astype("datetime64[us]"), name=self.name).mask(np.isnan(x))
        if self.form is not None:
            times = times if self.zone is None else times.dt.tz_localize("UTC").dt.tz_convert(self.zone)
            return times.dt.strftime(self.written)
        if self.days:
            return times.dt.date
        if zone := getattr(self.dtype, "tz", None):
            times = times.dt.tz_localize("UTC").dt.tz_convert(zone)
        return times.astype(self.dtype)

    def __str__(self) -> str:
        low, high = (np.datetime64(round(each), "s").astype(object) for each in (self.low, self.high))
        grain = next((f", by the {name}" for name, seconds in GRAINS.items() if seconds == self.grain), "")
        off = f", to ±{self.off:.1g} s in 32 bits" if self.off else ""
        return f"date, {low:%Y-%m-%d} to {high:%Y-%m-%d}{grain}{off}{f', written {self.form}' if self.form else ''}"


@dataclass(frozen=True)
class Categories(Column):
    """A 1 for the level that a value is, and 0 for the others; a gap is a level, too. The largest number counts."""

    levels: tuple
    gaps: bool

    @classmethod
    def of(cls, series: pd.Series, note: str = "") -> "Categories":
        try:
            levels = series.dropna().unique()
        except TypeError:  # lists, dictionaries
            raise Dropped(f"it holds {type(series.dropna().iloc[0]).__name__}s") from None
        if len(levels) > MOST_CATEGORIES:
            raise Dropped(f"{len(levels):,} different values, of which a category has {MOST_CATEGORIES} at most")
        if isinstance(series.dtype, pd.CategoricalDtype):
            levels = [level for level in series.cat.categories if level in levels]
        else:
            try:
                levels = sorted(levels)
            except TypeError:  # numbers and texts
                levels = sorted(levels, key=lambda level: (isinstance(level, str), str(level)))
        return cls(series.name, series.dtype, note, tuple(levels), bool(series.isna().any()))

    @property
    def features(self) -> tuple[str, ...]:
        return (*(f"{self.name} = {level}" for level in self.levels), *([f"{self.name}: gap"] if self.gaps else []))

    def encode(self, series: pd.Series) -> np.ndarray:
        try:
            codes = pd.Index(self.levels, dtype=object).get_indexer(series.astype(object))
        except TypeError:  # lists, dictionaries
            raise ValueError(f"The column {self.name!r} holds what is no category, such as a list.") from None
        gaps = series.isna().to_numpy()
        if self.gaps:
            codes = np.where(gaps, len(self.levels), codes)
        elif gaps.any():
            raise ValueError(f"The column {self.name!r} has gaps, and had none in the table that was read first.")
        if (codes < 0).any():
            new = series.iloc[int((codes < 0).argmax())]
            raise ValueError(f"The column {self.name!r} holds {new!r}, which the table that was read first did not.")
        return np.eye(len(self.features), dtype=np.float32)[codes]

    def decode(self, rows: np.ndarray) -> pd.Series:
        values = np.array([*self.levels, None], dtype=object)
        return pd.Series(values[rows.argmax(axis=1)], name=self.name, dtype=object).astype(self.dtype)

    def __str__(self) -> str:
        levels = ", ".join(map(str, self.levels[:5])) + (", …" if len(self.levels) > 5 else "")
        return f"category of {len(self.levels)}: {levels}"


@dataclass(frozen=True)
class Always(Column):
    """The same in all rows: nothing to learn from, and put back in the end."""

    value: object

    @property
    def features(self) -> tuple[str, ...]:
        return ()

    def encode(self, series: pd.Series) -> np.ndarray:
        return np.zeros((len(series), 0))

    def decode(self, rows: np.ndarray) -> pd.Series:
        return pd.Series([self.value] * len(rows), name=self.name, dtype=self.dtype)

    def __str__(self) -> str:
        value = self.value.item() if isinstance(self.value, np.generic) else self.value
        return "no value in any row" if pd.isna(value) else f"{value!r} in all rows"


def column_of(series: pd.Series, kind: str | None = None) -> Column:
    """What a column is, or is said to be. Raises Dropped."""
    if kind == "drop":
        raise Dropped("as you said")
    there = series.dropna()
    if kind == "category":
        return Categories.of(series)
    if kind == "number":
        return Numbers.of(series, strays_in(series, _numbers(series), "number"))
    if kind == "date":
        dates = _are_dates(series)
        if not dates and _form(there) is None:
            raise Dropped("fewer than nine in ten of its values are texts with a date, written in one way")
        form = None if dates else _form(there)
        return Dates.of(series, form, strays_in(series, _seconds(series, form), "date"))
    try:
        different = there.nunique()
    except TypeError:
        raise Dropped(f"it holds {type(there.iloc[0]).__name__}s") from None
    if different == 0 or different == 1 and len(there) == len(series):
        return Always(series.name, series.dtype, "", there.iloc[0] if different else None)
    if types.is_bool_dtype(series.dtype) or isinstance(series.dtype, pd.CategoricalDtype) or different <= 2:
        return Categories.of(series)
    if _are_dates(series):
        return Dates.of(series)
    if types.is_complex_dtype(series):
        raise Dropped("complex numbers: make two columns of them")
    if types.is_numeric_dtype(series):
        x = _numbers(series)
        if x[0] in (0, 1) and (np.diff(x) == 1).all():
            raise Dropped("it counts the rows")
        return Numbers.of(series, strays_in(series, _numbers(series), "finite number"))
    if not (types.is_object_dtype(series) or types.is_string_dtype(series)):
        raise Dropped(f"{series.dtype} is no kind of number, date or category")
    return _column_of_text(series, there, different)


def _column_of_text(series: pd.Series, there: pd.Series, different: int) -> Column:
    """What a column of texts, or of texts and other things, is."""
    if (x := numbers_of(series)) is not None:
        return Numbers.of(series, strays_in(series, x, "number"))
    if there.astype(str).str.contains(r"\d\D").mean() >= 1 - STRAYS and (form := _form(there)) is not None:
        note = strays_in(series, _seconds(series, form), "date")
        swapped = form.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")
        if form != swapped and np.isfinite(_seconds(series, swapped)).sum() == len(there):
            note = "; ".join(filter(None, [note, f"it could be {swapped}, too"]))
        return Dates.of(series, form, note)
    if different > 20 and different > len(there) / 2:
        if _of_several_zones(there):
            raise Dropped("dates of several time zones: bring them to one, by pandas.to_datetime(…, utc=True)")
        raise Dropped(f"{different:,} different texts in {len(there):,} rows, as names and notes are")
    kinds = sorted({"text" if isinstance(value, str) else "number" for value in there})
    return Categories.of(series, "texts and numbers" if len(kinds) == 2 else "")


def numbers_of(series: pd.Series) -> np.ndarray | None:
    """float64 (N,), NaN for gaps, of a column of real numbers, or of texts that nearly all are numbers; else None."""
    if series.dtype.kind in "iufb":
        return _numbers(series)
    there = series.dropna()
    if len(there) and (types.is_object_dtype(series) or types.is_string_dtype(series)):
        with contextlib.suppress(TypeError):  # lists, dictionaries
            x, codes = _numbers(series), there.astype(str).str.match(r"0\d").any()  # 007 is no number
            return x if not codes and np.isfinite(x).sum() >= (1 - STRAYS) * len(there) else None
    return None


def _numbers(series: pd.Series) -> np.ndarray:
    """float64 (N,), NaN for what is no finite number."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    x = pd.to_numeric(series, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    return np.where(np.isfinite(x), x, np.nan)


def _are_dates(series: pd.Series) -> bool:
    """Dates of pandas, or Python's own, which databases give."""
    if types.is_datetime64_any_dtype(series):
        return True
    if types.infer_dtype(series, skipna=True) not in ("date", "datetime"):
        return False
    with contextlib.suppress(ValueError, AttributeError):  # of several time zones pandas makes no dates
        return not np.isnan(_seconds(series.dropna(), None)).any()
    return False


def _seconds(series: pd.Series, form: str | None, utc: bool = False) -> np.ndarray:
    """float64 (N,), seconds since 1970 in UTC, NaN for what is no date. Of several time zones pandas makes no dates,
    and raises ValueError, unless utc."""
    if not types.is_datetime64_any_dtype(series):
        series = pd.to_datetime(series.astype(object), format=form, errors="coerce", utc=utc)
    if getattr(series.dt, "tz", None) is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    begin = pd.Timestamp(0).as_unit("s")  # in nanoseconds, differences would end in 2262
    return ((series - begin) / pd.Timedelta(seconds=1)).to_numpy(dtype="float64", na_value=np.nan)


def _form(there: pd.Series) -> str | None:
    """How dates are written, as `strftime` says it, if nearly all of these values are; the month first in doubt."""
    found = {}
    for text in there[there.map(lambda value: isinstance(value, str))].head(20):
        for first in (False, True):
            with warnings.catch_warnings(action="ignore"):  # pandas' on days that come first
                form = pd.tseries.api.guess_datetime_format(text, dayfirst=first)
            if form and not (first and form.startswith("%Y")):
                with contextlib.suppress(ValueError, AttributeError):  # of several time zones pandas makes no dates
                    found[form] = np.isfinite(_seconds(there, form)).sum()
    form = max(found, key=found.get, default=None)
    return form if form and found[form] >= (1 - STRAYS) * len(there) else None


def _of_several_zones(there: pd.Series) -> bool:
    with warnings.catch_warnings(action="ignore"), contextlib.suppress(ValueError, TypeError, AttributeError):
        objects = types.infer_dtype(there) == "datetime"
        form = None if objects else pd.tseries.api.guess_datetime_format(there.iloc[0])
        return (objects or form is not None) and np.isfinite(_seconds(there, form, utc=True)).mean() >= 1 - STRAYS
    return False


def strays_in(series: pd.Series, x: np.ndarray, what: str) -> str:
    """'3 are no numbers ('n/a', 'unknown') and taken as gaps', or ''. what: the word for one."""
    strays = series[np.isnan(x) & series.notna().to_numpy()]
    if strays.empty:
        return ""
    shown = ", ".join([*dict.fromkeys(map(repr, strays.tolist()))][:3])
    if len(strays) == 1:
        return f"1 is no {what} ({shown}) and taken as a gap"
    return f"{len(strays):,} are no {what}s ({shown}) and taken as gaps"

"""A table of one's own: rows of numbers, dates and categories, with gaps, as a tensor to train on, and back.

table = data.table("people.csv")
print(table.report)                      # what each column is, what was dropped, and why
run(gan, table, steps=5000)
table.decode(gan.sample(1000)).to_csv("made_up.csv", index=False)
"""

import contextlib
import csv
import lzma
import os
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from gan_edu import files
from gan_edu.data.image_sets import DataError
from gan_edu.device import pick, tensor_of
from gan_edu.settings import Choice

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}  # as people call them
ROWS_TRIED = 20  # rows by which a file with two kinds of delimiters is told
_OTHERS = {".xlsx": "read_excel", ".xls": "read_excel", ".ods": "read_excel", ".parquet": "read_parquet"}
_OTHERS |= {".json": "read_json", ".feather": "read_feather"}


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """A table and its encoding.

    Attributes:
        frame: the columns that are used, as they came.
        columns: how each is encoded (`gan_edu.data.columns`).
        dropped: column → why it isn't used.
        empty_rows: how many rows held no value, and aren't used.
    """

    frame: "pd.DataFrame"
    columns: tuple
    dropped: dict
    empty_rows: int

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        return (
            f"Table({len(self):,} rows, {len(self.columns)} of {len(self.columns) + len(self.dropped)} "
            f"columns as {len(self.features)} numbers)"
        )

    @property
    def features(self) -> tuple[str, ...]:
        """What each number of an encoded row is: "age", "age: gap", "city = Bern", …"""
        return tuple(feature for column in self.columns for feature in column.features)

    def tensor(self, device=None) -> torch.Tensor:
        """The rows as float32 ``(N, len(features))``.

        Numbers and dates have mean 0 and standard deviation 1, and where a column has gaps a second place that is 1 in
        them; a category has a place for each of its values.
        """
        return self.encode(self.frame).to(pick(device or "cpu"))

    def encode(self, frame: "pd.DataFrame") -> torch.Tensor:
        """Other rows of the same columns, for instance ones kept for a test: float32 ``(n, len(features))``.

        Raises:
            TypeError: it is no DataFrame.
            ValueError: a column is missing, or holds a category or a gap that this table didn't have, or what can't be
                read.
            DataError: two columns have one name.
        """
        frame = _frame(frame)
        if missing := [column.name for column in self.columns if column.name not in frame]:
            raise ValueError(f"The column {missing[0]!r} is missing; there are: {', '.join(map(str, frame.columns))}.")
        parts = [column.encode(frame[column.name]).astype(np.float32) for column in self.columns]
        return torch.from_numpy(np.concatenate(parts, axis=1))

    def decode(self, rows) -> "pd.DataFrame":
        """Encoded rows ``(n, len(features))``, generated ones too, as a DataFrame with the columns of `frame`.

        The way back from `tensor` gives the same values; numbers that aren't whole, or have more digits than fit into
        32 bits, are off by at most 6e-8 of their distance from the mean, and dates in texts get leading zeros. What a
        generator made stays within what was seen: numbers between the least and the greatest one and with as many
        decimals, categories from the list.

        Raises:
            ValueError: rows have another shape, or aren't finite.
        """
        import pandas as pd

        x = tensor_of(rows).double().numpy()
        if x.ndim != 2 or x.shape[1] != len(self.features):
            raise ValueError(f"Rows must have shape (n, {len(self.features)}), as .tensor() has; got {x.shape}.")
        if not np.isfinite(x).all():
            raise ValueError("Rows hold NaN or infinite numbers.")
        ends = np.cumsum([len(column.features) for column in self.columns])
        parts = zip(self.columns, np.split(x, ends[:-1], axis=1), strict=True)
        return pd.DataFrame({column.name: column.decode(part) for column, part in parts})

    @property
    def report(self) -> str:
        """What each column is, how many gaps it has, what was dropped and why."""
        names = [*(column.name for column in self.columns), *self.dropped]
        width = min(24, max(len(str(name)) for name in names)) + 2
        lines = [repr(self)]
        for column in self.columns:
            gaps = int(self.frame[column.name].isna().sum())
            gaps = f"{gaps:,} gap{'s' * (gaps > 1)}" if 0 < gaps < len(self) else ""
            text = "; ".join(filter(None, [str(column), gaps, column.note]))
            lines.append(f"  {column.name!s:<{width}}{text}")
        lines += [f"  {name!s:<{width}}dropped: {why}" for name, why in self.dropped.items()]
        if self.empty_rows:
            lines.append(f"  rows without any value, left out: {self.empty_rows:,}")
        if twins := int(self.frame.astype(str).duplicated().sum()):
            lines.append(f"  rows that equal an earlier one: {twins:,}")
        return "\n".join(lines)


def table(
    source,
    delimiter: str = ",",
    decimal: str = ".",
    encoding: str = "utf-8",
    kinds: Mapping[str, str] | None = None,
) -> Table:
    """A table from a CSV file or a pandas DataFrame, with an encoding of its rows as numbers that can be turned back.

    What a column is, is seen from its values. Texts that nearly all are numbers, or dates written in one way, are such,
    and the rest of them gaps. Columns with two values, and numbers that begin with a 0 as codes do (007), are
    categories. Dropped are columns that count the rows, and texts that differ nearly everywhere; columns that are the
    same everywhere are put back by `decode`. Read the `report`.

    In a file, empty fields are gaps, and so is what pandas.read_csv takes for one, "NA" and "None" for instance. Dates
    need years of four digits and something between their parts. Times of a zone are learned, rounded and reported in
    UTC.

    Args:
        source: the file, with names in its first line; or the DataFrame.
        delimiter: what separates columns in the file.
        decimal: what stands before decimals in the file.
        encoding: of the file.
        kinds: column → "number", "date", "category" or "drop", where the look is wrong.

    Raises:
        TypeError: source is neither, or kinds is no such mapping.
        ValueError: there is no such column or kind, or a column can't be of that kind.
        DataError: the file isn't there or can't be read; there are fewer than two rows or columns, or nothing to learn
            from.

    Warns of columns of numbers or dates that hold something else.
    """
    from gan_edu.data.columns import KINDS, Dropped, column_of

    frame, name = _read(source, delimiter, decimal, encoding)
    if not isinstance(kinds or {}, Mapping):
        raise TypeError(f"kinds maps columns to kinds, as {{'age': 'number'}}; got a {type(kinds).__name__}.")
    kinds = {str(column): kind for column, kind in (kinds or {}).items()}  # names may be numbers
    for column, kind in kinds.items():
        Choice(tuple(map(str, frame.columns))).check(column, "column")
        Choice(KINDS).check(kind, "kind of column")
    full = frame.dropna(how="all")
    columns, dropped = [], {}
    if len(full) == 0:
        raise DataError(f"{name} holds no value: all its {len(frame):,} rows are gaps.")
    if len(full) == 1:
        raise DataError(f"{name} holds one row only; a net learns from many.")
    for each in full:
        kind = kinds.get(str(each))
        try:
            columns.append(column_of(full[each], kind))
        except Dropped as why:
            if kind not in (None, "drop"):
                raise ValueError(f"The column {each!r} can't be a {kind}: {why}.") from None
            dropped[each] = str(why)
    if not any(column.features for column in columns):
        why = [f"{column.name}: {column}" for column in columns] + [f"{each}: {why}" for each, why in dropped.items()]
        raise DataError(f"{name} holds nothing to learn from ({'; '.join(why[:4])}{'; …' if len(why) > 4 else ''}).")
    for column in columns:
        if "taken as" in column.note:
            warnings.warn(f"{name}, column {column.name!r}: {column.note}.", stacklevel=2)
    used = full[[column.name for column in columns]].reset_index(drop=True)
    return Table(used, tuple(columns), dropped, len(frame) - len(full))


def _read(source, delimiter: str, decimal: str, encoding: str) -> tuple["pd.DataFrame", str]:
    """A DataFrame with two columns or more, and what to call it."""
    if isinstance(source, str | Path):
        frame, name = read_csv(source, delimiter, decimal, encoding), Path(source).name
    else:
        frame, name = _frame(source), "The table"
    if frame.columns.nlevels > 1:
        raise DataError(f"{name} has names of {frame.columns.nlevels} levels; make one of them.")
    if frame.shape[1] == 0 or len(frame) == 0:
        raise DataError(f"{name} is empty: {len(frame)} rows, {frame.shape[1]} columns.")
    if frame.shape[1] == 1:
        raise DataError(
            f"{name} has one column only, {str(frame.columns[0])!r}: a table needs two. A series of numbers is "
            "data.series(…); single numbers are trained on as a tensor (N, 1)."
        )
    return frame, name


def _frame(source) -> "pd.DataFrame":
    import pandas as pd

    if not isinstance(source, pd.DataFrame):
        raise TypeError(f"A table comes from a CSV file or a pandas DataFrame; got {type(source).__name__}.")
    if twice := [str(each) for each in source.columns[source.columns.duplicated()]]:
        raise DataError(f"The table has two columns called {twice[0]!r}; rename one.")
    return source


def read_csv(path: str | Path, delimiter: str = ",", decimal: str = ".", encoding: str = "utf-8") -> "pd.DataFrame":
    """pandas.read_csv, with one sentence for what is wrong; numbers that begin with a 0, as codes do, stay texts.

    Raises DataError, and ValueError for settings.
    """
    import pandas as pd

    for name, letter in (("delimiter", delimiter), ("decimal", decimal)):
        if not isinstance(letter, str) or len(letter) != 1:
            raise ValueError(f"{name} is one character, for example ',' or '\\t'; got {letter!r}.")
    if delimiter == decimal:
        raise ValueError(f"delimiter and decimal can't both be {decimal!r}.")
    try:
        path = files.expanded(path)
    except FileNotFoundError as error:
        raise DataError(str(error)) from None
    if reader := _OTHERS.get(path.suffix.lower()):
        raise DataError(f"{path.name} is no CSV file: read it with pandas.{reader}, and give what that returns.")
    if not os.path.isfile(path):
        raise DataError(f"{path} is {'a folder, not a CSV file' if os.path.isdir(path) else 'not there'}.")
    try:
        _check_header(path, delimiter, decimal, encoding)
        how = {"sep": delimiter, "decimal": decimal, "encoding": encoding, "index_col": False, "low_memory": False}
        with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):
            frame = pd.read_csv(path, **how)
            whole = [k for k, dtype in enumerate(frame.dtypes) if dtype.kind in "if"]
            texts = pd.read_csv(path, usecols=whole, dtype=str, **how)
        for place, (_, text) in zip(whole, texts.items(), strict=True):
            if text.str.fullmatch(r"\s*0\d+\s*").any():
                frame.isetitem(place, text)
        _check_commas(path, frame, decimal)
        if frame.shape[1] == 1:
            _check_delimiter(path, str(frame.columns[0]), delimiter)
        return frame
    except pd.errors.ParserWarning:
        raise DataError(f"{path.name} has rows with more values than its first line has names.") from None
    except UnicodeError:
        raise DataError(
            f"{path.name} is not written in {encoding}: try encoding='latin-1' or 'utf-16', or save it as UTF-8."
        ) from None
    except LookupError:
        raise DataError(
            f"There is no encoding {encoding!r}; there are 'utf-8', 'latin-1', 'utf-16' and others."
        ) from None
    except pd.errors.EmptyDataError:
        raise DataError(f"{path.name} is empty.") from None
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError) as error:
        why = str(error).partition("\n")[0].rstrip(":")
        raise DataError(f"{path.name} can't be unpacked, it is damaged ({why}).") from None
    except (pd.errors.ParserError, csv.Error, ValueError) as error:
        why = " ".join(str(error).split()).removeprefix("Error tokenizing data. ").removeprefix("C error: ")
        raise DataError(f"{path.name} can't be read with delimiter={delimiter!r}: {why}.") from None
    except OSError as error:
        raise DataError(f"{path.name} can't be read ({error.strerror or error}).") from None


def _check_commas(path: Path, frame: "pd.DataFrame", decimal: str) -> None:
    """Warn of texts that would be numbers if decimals stood behind a comma."""
    for name, column in frame.select_dtypes(["object", "str"]).items():
        if decimal == "." and column.dropna().astype(str).str.fullmatch(r"\s*[+-]?\d+,\d+\s*").mean() >= 0.9:
            warnings.warn(
                f"{path.name}, column {name!r} holds texts such as {column.dropna().iloc[0]!r}: if these are numbers, "
                "say decimal=','.",
                stacklevel=5,
            )


def _check_header(path: Path, delimiter: str, decimal: str, encoding: str) -> None:
    """Raise DataError when the first line is separated by something else than the delimiter."""
    if path.suffix.lower() in (".gz", ".bz2", ".xz", ".zip", ".zst"):
        return  # pandas unpacks these itself
    with open(path, encoding=encoding, newline="") as file:
        line, *rows = (file.readline(1_000_000) for _ in range(ROWS_TRIED + 1))
    fields = next(csv.reader([line], delimiter=delimiter), [])
    if fields and all(_is_number(field.replace(decimal, ".")) for field in fields):
        warnings.warn(
            f"The first line of {path.name} holds numbers only, and is taken for the names of the columns.",
            stacklevel=5,
        )
    own = delimiter if len(fields) > 1 else next(filter(line.count, DELIMITERS), None)
    if own is not None:
        _check_rows(path, line, rows, own)
    if len(fields) == 1:
        _check_delimiter(path, line, delimiter)


def _check_rows(path: Path, line: str, rows: list[str], own: str) -> None:
    """Raise DataError when the first rows are separated otherwise than the first line, which `own` separates."""
    with contextlib.suppress(csv.Error):  # pandas may read what the module csv does not
        (names,), there = _counts([line], own), _counts(rows, own)
        for other, called in DELIMITERS.items():
            fields = set(_counts(rows, other))
            if other == own or len(fields) != 1 or fields == {1} or set(there) == {names}:
                continue
            if fields == {names} or set(there) == {1}:
                raise DataError(
                    f"{path.name} has {DELIMITERS.get(own, repr(own))} between the names in its first line, and "
                    f"{called} between the values in its rows: write {called} between the names, too, and say "
                    f"delimiter={other!r}."
                )


def _counts(lines: list[str], delimiter: str) -> list[int]:
    """How many fields each line has; empty lines don't count."""
    return [len(fields) for fields in csv.reader(lines, delimiter=delimiter) if fields]


def _check_delimiter(path: Path, line: str, delimiter: str) -> None:
    """Raise DataError when the first line, which is one column, holds other delimiters."""
    for other, called in DELIMITERS.items():
        if other != delimiter and line.count(other):
            raise DataError(
                f"{path.name} has one column when {delimiter!r} separates them, and its first line holds "
                f"{line.count(other)} times {called}: try delimiter={other!r}."
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

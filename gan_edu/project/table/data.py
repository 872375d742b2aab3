"""A table from a CSV file as numbers, and numbers as a table.

A column of numbers becomes ranks with the shape of a bell: an outlier harms no more than the last thousandth of the
rows. A column with few different values becomes one number for each of them. Where values are missing, an empty cell is
one value more; the texts NA and None, and infinite numbers, count as missing.

What pandas takes for numbers is written as numbers: 01234 comes back as 1234, and 1.0 as 1. The cure for codes is
pd.read_csv(path, dtype={"code": str}).
"""

import warnings
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

DATA = "{{data}}"
STEPS, BATCH = 4000, 128  # what train.py does if it isn't told otherwise: a minute on a CPU core
MOST = 20  # a column of numbers with at most so many different values is a choice among them
CHOICES = 50  # texts may have so many different values
QUANTILES = np.linspace(0, 1, 1001)


class Rows:
    """Rows (N, d) of numbers."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def take(self, places):
        return self.rows[places]


def read(path):
    if not Path(path).is_file():
        raise SystemExit(f"There is no file {path}: say --data FILE.csv, or change DATA in data.py.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows that are longer than the header
            frame = pd.read_csv(path, index_col=False)
    except UnicodeDecodeError:
        raise SystemExit(f"{path} is no UTF-8: save it as CSV UTF-8, or say encoding= in data.py.") from None
    except pd.errors.ParserWarning:
        frame = None
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise SystemExit(f"{path} can't be read as a table: {error}") from None
    if frame is None or (len(frame.columns) == 1 and any(sign in frame.columns[0] for sign in ";\t|")):
        raise SystemExit(
            f"{path}: rows and header don't fit, or the columns are not parted by commas. "
            "If semicolons part them, make it pd.read_csv(path, sep=';', decimal=',') in data.py."
        )
    return frame.replace([np.inf, -np.inf], np.nan).convert_dtypes()  # so that whole numbers with gaps stay whole


def load(path, size=None):
    """Read a CSV file. Returns its rows as numbers, and what the nets and the way back must know."""
    frame = read(path)
    columns, parts = [], []
    for name in frame:
        values, present = frame[name], frame[name].notna().to_numpy()
        text = values.astype("string").fillna("")
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values) and values.nunique() > MOST:
            known = values[present].to_numpy(float)
            whole = bool((known == np.round(known)).all() and np.abs(known).max() < 2**53)
            steps = np.quantile(known, QUANTILES, method="hazen").tolist()  # of the same middle ranks
            columns.append({"name": str(name), "steps": steps, "whole": whole, "gaps": not present.all()})
            column = np.zeros((len(frame), 1), np.float32)
            column[present, 0] = torch.special.ndtri(torch.from_numpy(ranks(known)))
            parts.append(column)
            if not present.all():
                parts.append(np.stack([present, ~present], axis=1).astype(np.float32))
        elif 1 < text.nunique() <= CHOICES:
            choices = sorted(text.unique())
            columns.append({"name": str(name), "choices": choices})
            parts.append((text.to_numpy()[:, None] == np.array(choices)[None]).astype(np.float32))
        elif text.nunique() <= 1:
            print(f"Column {name!r} is left out: all its values are the same.")
        else:
            print(f"Column {name!r} is left out: {text.nunique()} different texts are too many to choose from "
                  "(dates: turn them into numbers, such as days, first).")  # fmt: skip
    if not parts or len(frame) < 20:
        raise SystemExit(
            f"{path} has {len(frame)} rows and {len(columns)} columns that can be learned: too few. "
            "20 rows and one column are needed, some thousand rows are better."
        )
    rows = np.concatenate(parts, axis=1)
    return Rows(torch.from_numpy(rows)), {"columns": columns, "data": zlib.crc32(rows)}


def ranks(known):
    """Ranks between 0 and 1. Equal values share the middle one, so that a small error of the generator does no harm."""
    ordered = np.sort(known)
    return (np.searchsorted(ordered, known, "left") + np.searchsorted(ordered, known, "right")) / 2 / len(known)


def blocks(spec):
    """For each block of numbers its length, and whether it is a choice (softmax)."""
    for column in spec["columns"]:
        if "choices" in column:
            yield len(column["choices"]), True
        else:
            yield 1, False
            if column["gaps"]:
                yield 2, True


def settle(samples, spec):
    """Rows as a file holds them: of a choice the likeliest value alone, and where there is a gap, no number."""
    parts, settled = iter(samples.split([length for length, _ in blocks(spec)], dim=1)), []
    for column in spec["columns"]:
        part = next(parts)
        if "choices" in column:
            settled.append(one_hot(part))
        elif column["gaps"]:
            present = one_hot(next(parts))
            settled += [part * present[:, :1], present]
        else:
            settled.append(part)
    return torch.cat(settled, dim=1)


def one_hot(part):
    return F.one_hot(part.argmax(1), part.shape[1]).to(part)


def save_samples(samples, spec, path):
    """Write rows as a CSV file: of a choice the likeliest, of a gap an empty cell."""
    parts = iter(samples.split([length for length, _ in blocks(spec)], dim=1))
    frame = {}
    for column in spec["columns"]:
        part = next(parts)
        if "choices" in column:
            frame[column["name"]] = np.array(column["choices"])[part.argmax(1).numpy()]
            continue
        rank = torch.special.ndtr(part[:, 0].double()).numpy()
        values = np.interp(rank, QUANTILES, column["steps"])
        values = np.round(values) if column["whole"] else values
        if column["gaps"]:
            values[next(parts).argmax(1).numpy() == 1] = np.nan
        frame[column["name"]] = pd.array(values, "Int64") if column["whole"] else values
    pd.DataFrame(frame).to_csv(path.with_name(path.name + ".csv"), index=False)

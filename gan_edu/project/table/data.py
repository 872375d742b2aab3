"""A table from a CSV file as numbers, and numbers as a table.

A column of numbers becomes ranks with the shape of a bell (so that outliers do no harm), a column with few different
values one number for each of them; where values are missing, an empty cell is one value more.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

DATA = "{{data}}"
MOST = 20  # a column of numbers with at most so many different values is a choice among them


class Rows:
    """Rows (N, d) of numbers."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def take(self, places):
        return self.rows[places]


def load(path, size=None):
    """Read a CSV file. Returns its rows as numbers, and what the nets and the way back must know."""
    try:
        frame = pd.read_csv(path)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise SystemExit(f"{path} can't be read as a table: {error}") from None
    columns, parts = [], []
    for name in frame:
        values, present = frame[name], frame[name].notna().to_numpy()
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values) and values.nunique() > MOST:
            known = values[present].to_numpy(float)
            steps = np.quantile(known, np.linspace(0, 1, 101))
            bell = torch.special.ndtri(torch.linspace(0.005, 0.995, 101, dtype=torch.float64)).numpy()
            column = np.zeros((len(frame), 1), np.float32)
            column[present, 0] = np.interp(known, steps, bell)
            whole = bool((known == np.round(known)).all())
            columns.append({"name": str(name), "steps": steps.tolist(), "whole": whole, "gaps": not present.all()})
            parts.append(column)
            if not present.all():
                parts.append(np.stack([present, ~present], axis=1).astype(np.float32))
        elif 1 < values.astype("string").fillna("").nunique() <= 50:
            text = values.astype("string").fillna("")
            choices = sorted(text.unique())
            columns.append({"name": str(name), "choices": choices})
            parts.append((text.to_numpy()[:, None] == np.array(choices)[None]).astype(np.float32))
        else:
            print(f"Column {name!r} is left out: it has one value only, or too many different ones to be a choice.")
    if not parts or len(frame) < 20:
        raise SystemExit(f"{path} has {len(frame)} rows and {len(parts)} columns that can be learned: too few.")
    return Rows(torch.from_numpy(np.concatenate(parts, axis=1))), {"columns": columns}


def blocks(spec):
    """For each block of numbers its length, and whether it is a choice (softmax)."""
    for column in spec["columns"]:
        if "choices" in column:
            yield len(column["choices"]), True
        else:
            yield 1, False
            if column["gaps"]:
                yield 2, True


def save_samples(samples, spec, path):
    """Write rows as a CSV file: of a choice the likeliest, of a gap an empty cell."""
    bell = torch.special.ndtri(torch.linspace(0.005, 0.995, 101, dtype=torch.float64)).numpy()
    parts = iter(samples.split([length for length, _ in blocks(spec)], dim=1))
    frame = {}
    for column in spec["columns"]:
        part = next(parts)
        if "choices" in column:
            frame[column["name"]] = np.array(column["choices"])[part.argmax(1).numpy()]
            continue
        values = np.interp(part[:, 0].double().numpy(), bell, column["steps"])
        values = np.round(values) if column["whole"] else values
        if column["gaps"]:
            values[next(parts).argmax(1).numpy() == 1] = np.nan
        frame[column["name"]] = pd.array(values, "Int64") if column["whole"] else values
    pd.DataFrame(frame).to_csv(Path(path).with_suffix(".csv"), index=False)

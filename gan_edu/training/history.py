"""What training measured: one step, and some of all steps."""

import json
import math
from dataclasses import dataclass

import numpy as np
import torch

Tensor = torch.Tensor


@dataclass(frozen=True)
class Step:
    """What one training step measured. `number` counts from 1 over the model's whole life; values are tensors,
    shape () or, in an ensemble, (S,). Reading `step.loss_d` gives a float (or a list of S)."""

    number: int
    values: dict[str, Tensor]

    def __getattr__(self, name: str):
        values = self.__dict__.get("values", {})
        try:
            return values[name].tolist()
        except KeyError:
            raise AttributeError(f"A step has no {name!r}; it has: number, {', '.join(values)}.") from None


class History:
    """Some of a run's steps, at most `limit`: when it is full every second row is dropped and the stride doubles."""

    def __init__(self, limit: int = 1000):
        self.limit, self.stride = limit, 1
        self._rows: list[dict] = []

    def wants(self, number: int) -> bool:
        return number % self.stride == 0 or number == 1

    def add(self, step: Step) -> None:
        row = {"step": step.number} | {name: value.tolist() for name, value in step.values.items()}
        self._rows.append(row)
        if len(self._rows) > self.limit:
            self.stride *= 2
            self._rows = [row for row in self._rows if self.wants(row["step"])]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """Name → values, float64 (T,), or (T, S) for an ensemble; "step" is int64 (T,)."""
        names = list(self._rows[-1]) if self._rows else []
        return {name: np.array([row.get(name, np.nan) for row in self._rows]) for name in names}

    def to_json(self) -> str:
        return json.dumps({"stride": self.stride, "rows": self._rows})

    @classmethod
    def from_json(cls, text: str, until: int, seeds: int | None = None) -> "History":
        """The history that `to_json` wrote, of a run of `until` steps; seeds: S for an ensemble.

        Raises ValueError when it isn't one.
        """
        history = cls()
        try:
            stored = json.loads(text)
            history.stride, history._rows = stored["stride"], stored["rows"]
            steps = [row["step"] for row in history._rows]
            sound = (
                type(history.stride) is int
                and history.stride >= 1
                and len(steps) <= history.limit
                and all(type(step) is int for step in steps)
                and all(a < b for a, b in zip([0, *steps], [*steps, until + 1], strict=True))
                and all(_number(value, seeds) for row in history._rows for key, value in row.items() if key != "step")
                and len({tuple(sorted(row)) for row in history._rows}) <= 1
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ArithmeticError) as error:
            raise ValueError(f"its history can't be read ({error})") from None
        if not sound:
            raise ValueError("its history is no list of steps with numbers")
        return history


def _number(value, seeds: int | None) -> bool:
    if seeds is not None:
        return isinstance(value, list) and len(value) == seeds and all(_number(each, None) for each in value)
    return type(value) in (int, float) and math.isfinite(value)

"""How often does it collapse? New ensembles for every pair of two settings."""

from collections.abc import Iterator

import numpy as np

from gan_edu.collapse.distributions import modes_of
from gan_edu.collapse.observer import SCORES, CollapseObserver
from gan_edu.collapse.recipe import CollapseSettings, Makers
from gan_edu.settings import Whole, near
from gan_edu.training import TrainingDiverged, train

ENOUGH = 0.9  # a seed has collapsed when it holds less than this part of the modes
SWEEPS = {
    "lr": (2e-3, 5e-3, 1e-2, 2e-2),
    "lr_g": (2e-3, 5e-3, 1e-2, 2e-2),
    "lr_d": (2e-3, 5e-3, 1e-2, 2e-2),
    "discriminator_steps": (1, 2, 4),
    "penalty_weight": (0.0, 0.03, 0.3, 3.0),
    "packing": (1, 2, 4),
    "unroll": (0, 1, 3),
}


class Sweep:
    """Ensembles of `base`, each with other values of the settings x and y (names in SWEEPS; "lr" is both rates).

    `work()` trains them, one step after the other; `cells[row][column]` holds what is known: "collapsed" (the share of
    seeds that hold less than 90 % of the modes), "held" (their mean number of held modes), "diverged"; or None.

    Raises ValueError and TypeError for settings that can't be swept, before anything is trained.
    """

    def __init__(
        self, base: CollapseSettings, makers: Makers, x: str, y: str, xs=None, ys=None, steps: int = 600, device=None
    ):
        for name in (x, y):
            if not isinstance(name, str) or name not in SWEEPS:
                raise ValueError(
                    f"A sweep can't be over {name!r}; it can over: {', '.join(SWEEPS)}.{near(name, SWEEPS)}"
                )
        if x == y or {x, y} in ({"lr", "lr_g"}, {"lr", "lr_d"}):
            raise ValueError(f"A sweep needs two settings that don't overlap; got {x} and {y}.")
        if "penalty_weight" in (x, y) and base.penalty == "none":
            raise ValueError("Choose a penalty first, so that its weight can be swept.")
        self.x, self.y, self.base, self.makers, self.device = x, y, base, makers, device
        self.xs, self.ys = list(SWEEPS[x] if xs is None else xs), list(SWEEPS[y] if ys is None else ys)
        if not self.xs or not self.ys:
            raise ValueError("A sweep needs at least one value of each setting.")
        self.steps = Whole(1, 100_000).check(steps, "steps")
        pairs = [(row, column) for row in range(len(self.ys)) for column in range(len(self.xs))]
        self._settings = {pair: self._of(*pair) for pair in pairs}
        for settings in self._settings.values():
            makers.options(settings)
        self.cells: list[list[dict | None]] = [[None] * len(self.xs) for _ in self.ys]
        self.done = 0.0  # the part of the work that is behind
        self.running = True

    def _of(self, row: int, column: int) -> CollapseSettings:
        both = ((self.x, self.xs[column]), (self.y, self.ys[row]))
        changes: dict = {}
        for name, value in both:
            changes |= {"lr_g": value, "lr_d": value} if name == "lr" else {name: value}
        return self.base.with_(**changes)

    def work(self) -> Iterator[None]:
        """Train; gives control back after each step."""
        data = modes_of(self.base.data)
        for number, ((row, column), settings) in enumerate(self._settings.items()):
            model = self.makers.gans(settings, data, self.device)
            observer = CollapseObserver(data, settings.seeds, settings.seed)
            held, diverged = np.zeros(settings.seeds), False
            try:
                for step in train(model, data.training, self.steps, batch=settings.batch, progress=False):
                    self.done = (number + step.number / self.steps) / len(self._settings)
                    yield
                held = observer(model)[1]["scores"][:, SCORES.index("held")]
            except TrainingDiverged:
                diverged = True
            collapsed = float((held < ENOUGH * len(data.truth)).mean())
            self.cells[row][column] = {"collapsed": collapsed, "held": float(held.mean()), "diverged": diverged}
            self.done = (number + 1) / len(self._settings)
            yield

    def about(self) -> dict:
        """What a view shows of it, JSON-like."""
        names = ("x", "y", "xs", "ys", "steps", "cells", "done", "running")
        modes = len(modes_of(self.base.data).truth)
        return {name: getattr(self, name) for name in names} | {"seeds": self.base.seeds, "modes": modes}

    def result(self) -> dict:
        """x, y (names), xs, ys (values), steps, seeds; collapsed and held, (len(ys), len(xs)), NaN: not known yet."""
        arrays = {
            name: np.array([[np.nan if cell is None else cell[name] for cell in row] for row in self.cells])
            for name in ("collapsed", "held")
        }
        return (
            {name: getattr(self, name) for name in ("x", "y", "xs", "ys", "steps")}
            | {"seeds": self.base.seeds}
            | arrays
        )

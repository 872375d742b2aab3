"""A randomised experiment, and a survey that once had to stand in for its controls (LaLonde 1986).

Licence of the numbers: see README.md in the folder `embedded`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_edu.settings import Choice

FILE = Path(__file__).parent / "embedded" / "job_training.npz"
COVARIATES = ("age", "education", "black", "hispanic", "married", "no degree", "earnings 1974", "earnings 1975")
_CONTROLS = Choice(("experiment", "survey"))


@dataclass(frozen=True, eq=False)
class Trial:
    """Who was treated, and what became of them.

    Attributes:
        x: covariates from before the treatment, float64 ``(N, 8)``.
        t: 1 for the treated, 0 for the controls, float64 ``(N,)``.
        y: earnings in 1978 in dollars, float64 ``(N,)``.
        names: of the columns of x: years, years of school, four times 1 for yes, and dollars twice.
    """

    x: np.ndarray
    t: np.ndarray
    y: np.ndarray
    names: tuple[str, ...] = COVARIATES

    def __len__(self) -> int:
        return len(self.t)

    def __repr__(self) -> str:
        return f"Trial({int(self.t.sum())} treated, {int((1 - self.t).sum()):,} controls)"


def job_training(controls: str = "experiment") -> Trial:
    """The National Supported Work experiment with men, in the sample of Dehejia & Wahba (1999).

    185 treated, and as controls the 260 whom a coin had put there ("experiment"), or else the 15,992 men of the Current
    Population Survey ("survey", CPS-1 of LaLonde 1986), who took part in no experiment.
    """
    controls = _CONTROLS.check(controls, "controls")
    with np.load(FILE) as file:
        small, dollars, source = (file[name] for name in ("small", "dollars", "source"))
    rows = (small[0] == 1) | (source == (controls == "survey"))
    x = np.concatenate([small[1:], dollars[:2]])[:, rows].T.astype(float)
    return Trial(np.ascontiguousarray(x), small[0, rows].astype(float), dollars[2, rows].astype(float))

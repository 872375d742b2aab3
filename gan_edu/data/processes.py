"""Series whose law is known, so that what a model has learned can be compared with it, and one that was measured.

Those with a seed draw n windows that are independent of each other, float32. ar2 and regimes are in their stationary
law: they have gone on for ever before the first step. A long series is one window of many steps:
``processes.ar2(1, 2000, seed)[0]``.

``seed`` is an int, which gives the same numbers each time, a ``torch.Generator``, or None for PyTorch's global stream.
Lengths below 1, and numbers out of their range, raise ValueError; what is no number, TypeError.
"""

import math
from pathlib import Path

import torch

from gan_edu.device import generator
from gan_edu.settings import SEED, Number, Whole

_COUNT, _SHARE = Whole(1), Number(0, 1)
_SUNSPOTS = Path(__file__).parent / "embedded" / "sunspots.txt"


def _stream(seed):
    return seed if seed is None or isinstance(seed, torch.Generator) else generator(SEED.check(seed, "seed"))


def ar2_coefficients(period: float = 8.0, damping: float = 0.95) -> tuple[float, float]:
    """a₁ and a₂ of x_t = a₁ x_{t-1} + a₂ x_{t-2} + noise, an oscillation that is pushed at each step.

    Left alone it would turn once in `period` steps (2 or more), and become `damping` times as large (0 to 0.999) from
    step to step.
    """
    period = Number(2).check(period, "period")
    damping = Number(0, 0.999).check(damping, "damping")
    return 2 * damping * math.cos(2 * math.pi / period), -(damping**2)


def ar2_autocorrelation(lags: int, period: float = 8.0, damping: float = 0.95) -> torch.Tensor:
    """The autocorrelation at lags 0 … `lags`, float64 ``(lags + 1,)``, from the Yule-Walker equations (Yule 1927,
    Walker 1931)."""
    a1, a2 = ar2_coefficients(period, damping)
    rho = [1.0, a1 / (1 - a2)]
    for _ in range(Whole(0).check(lags, "lags") - 1):
        rho.append(a1 * rho[-1] + a2 * rho[-2])
    return torch.tensor(rho[: lags + 1], dtype=torch.float64)


def ar2_spectrum(frequency: torch.Tensor, period: float = 8.0, damping: float = 0.95) -> torch.Tensor:
    """The spectral density at frequencies in turns per step, 0 … ½: its integral from -½ to ½ is the variance, 1."""
    a1, a2 = ar2_coefficients(period, damping)
    turn = torch.exp(-2j * math.pi * torch.as_tensor(frequency, dtype=torch.float64))
    return _noise_variance(a1, a2) / (1 - a1 * turn - a2 * turn**2).abs() ** 2


def _noise_variance(a1: float, a2: float) -> float:
    """That of the noise which gives x the variance 1."""
    rho1 = a1 / (1 - a2)
    return 1 - a1 * rho1 - a2 * (a1 * rho1 + a2)


def ar2(n: int, length: int, seed=None, period: float = 8.0, damping: float = 0.95) -> torch.Tensor:
    """n windows ``(n, length)`` of an AR(2) process with mean 0 and variance 1; `ar2_coefficients` explains it."""
    n, length, stream = _COUNT.check(n, "n"), _COUNT.check(length, "length"), _stream(seed)
    a1, a2 = ar2_coefficients(period, damping)
    rho1, push = a1 / (1 - a2), math.sqrt(_noise_variance(a1, a2))
    noise = torch.randn(n, length, generator=stream, dtype=torch.float64)
    x = torch.empty(n, length, dtype=torch.float64)
    for t in range(length):
        if t == 0:
            x[:, 0] = noise[:, 0]
        elif t == 1:  # given the first step, the second one has mean ρ₁ x and variance 1 - ρ₁²
            x[:, 1] = rho1 * x[:, 0] + math.sqrt(1 - rho1**2) * noise[:, 1]
        else:
            x[:, t] = a1 * x[:, t - 1] + a2 * x[:, t - 2] + push * noise[:, t]
    return x.float()


def regimes(n: int, length: int, seed=None, stay: float = 0.95, noise: float = 0.25) -> torch.Tensor:
    """n windows ``(n, length)`` of a series that switches between two levels, -1 and 1.

    From step to step it stays on its level with probability `stay`; what is seen is the level and Gaussian noise of
    standard deviation `noise`. The simplest of the models with a hidden Markov chain (Hamilton 1989).
    """
    n, length, stream = _COUNT.check(n, "n"), _COUNT.check(length, "length"), _stream(seed)
    stay, noise = _SHARE.check(stay, "stay"), Number(0, 1e30).check(noise, "noise")
    first = torch.randint(2, (n, 1), generator=stream)
    switched = torch.rand(n, length, generator=stream) >= stay
    switched[:, 0] = False
    level = (first + switched.cumsum(dim=1)) % 2
    return 2.0 * level - 1.0 + noise * torch.randn(n, length, generator=stream)


def sines(n: int, length: int = 24, seed=None, columns: int = 5) -> torch.Tensor:
    """n windows ``(n, columns, length)`` of the sines of TimeGAN's published code, from 0 to 1.

    Each column is (1 + sin(f t + φ)) / 2, with f and φ evenly from 0 to 0.1 and on their own. In 24 steps the angle
    comes to 2.4 at most, which is less than half a turn: these windows are arcs, no waves. (Yoon et al. 2019,
    https://github.com/jsyoon0823/TimeGAN)
    """
    n, length = _COUNT.check(n, "n"), _COUNT.check(length, "length")
    rate, phase = 0.1 * torch.rand(2, n, _COUNT.check(columns, "columns"), 1, generator=_stream(seed))
    return (1 + torch.sin(rate * torch.arange(length) + phase)) / 2


def sunspots() -> tuple[torch.Tensor, torch.Tensor]:
    """The years 1700 … 2008, int64 ``(309,)``, and the mean sunspot number of each, float32 ``(309,)``: it
    weighs a group of spots as ten spots (Wolf).

    Version 1 of the international one, as the US National Geophysical Data Center gave it out. Public domain,
    according to statsmodels, which ships the same numbers.
    """
    rows = [line.split(",") for line in _SUNSPOTS.read_text(encoding="utf-8").splitlines()[1:]]
    return torch.tensor([int(year) for year, _ in rows]), torch.tensor([float(number) for _, number in rows])

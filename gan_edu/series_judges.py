"""Judges of series: what generated windows have in common with real ones, and what a fresh net makes of them.

Windows are float tensors ``(N, length)`` or ``(N, columns, length)``. Where several generators are compared, each gets
a judge of its own, and all judges are trained side by side as one stacked net (gan_edu.ensemble): the same judge, the
same steps, the same real windows for all.
"""

import torch
import torch.nn.functional as F

from gan_edu import nets
from gan_edu.device import generator
from gan_edu.ensemble import stack
from gan_edu.settings import Whole

Tensor = torch.Tensor


def _rows(windows, what: str) -> Tensor:
    """(N, length) on the CPU; columns side by side. Raises ValueError."""
    x = torch.as_tensor(windows).detach().cpu().float()
    if x.ndim not in (2, 3) or not len(x) or not x.isfinite().all():
        raise ValueError(f"{what} must be finite numbers (N, length) or (N, columns, length); got {tuple(x.shape)}.")
    return x.flatten(1)


def _one_column(windows, what: str) -> Tensor:
    x = torch.as_tensor(windows)
    if x.ndim == 3 and x.shape[1] != 1:
        raise ValueError(f"{what} must have one column; got {x.shape[1]}.")
    return _rows(x, what)


def autocorrelation(windows, lags: int) -> Tensor:
    """The autocorrelation at lags 0 … `lags`, float32 ``(lags + 1,)``: one mean and one variance for all windows.

    Raises ValueError for windows of several columns, or no longer than `lags`.
    """
    x, lags = _one_column(windows, "windows"), Whole(0).check(lags, "lags")
    if lags >= x.shape[1]:
        raise ValueError(f"Windows of {x.shape[1]} steps have lags up to {x.shape[1] - 1}; got {lags}.")
    x = x - x.mean()
    return torch.stack([(x[:, : x.shape[1] - k] * x[:, k:]).mean() for k in range(lags + 1)]) / (x * x).mean()


def spectrum(windows) -> tuple[Tensor, Tensor]:
    """Frequencies in turns per step, 0 … ½, and the mean periodogram there, ``(length // 2 + 1,)`` each.

    The periodogram of a window is |Σ x_t e^(-2πi f t)|² / length, after the mean of all windows is subtracted. In short
    windows it is a smeared picture of the spectral density, so compare it with that of real windows of this length.
    """
    x = _one_column(windows, "windows")
    power = torch.fft.rfft(x - x.mean()).abs().square().mean(dim=0) / x.shape[1]
    return torch.fft.rfftfreq(x.shape[1]), power


def told_apart(real, fakes: dict, seed: int = 0, steps: int = 300, hidden: int = 64) -> dict[str, float]:
    """How often a fresh judge tells each of the fakes from real windows that it was not trained on: ½ is guessing.

    real: windows that no generator has seen. fakes: name → windows. All are cut to the smallest number; half of them
    train the judge, the other half test it. The judge is a net with two hidden layers that sees the whole window
    (Lopez-Paz and Oquab 2017; the discriminative score of Yoon et al. 2019 is |this - ½|, with another judge).

    Raises ValueError for windows of other shapes.
    """
    real, names = _rows(real, "real"), list(fakes)
    made = [_rows(fakes[name], name) for name in names]
    if not names or any(x.shape[1] != real.shape[1] for x in made):
        raise ValueError("told_apart needs fakes, with as many numbers in a window as the real ones have.")
    half = min(len(real), *map(len, made)) // 2
    chance = generator(seed)
    real = real[torch.randperm(len(real), generator=chance)[: 2 * half]]
    made = torch.stack([x[torch.randperm(len(x), generator=chance)[: 2 * half]] for x in made])  # (S, 2 half, L)
    scale = real.std()

    def batch(x):
        rows = torch.randint(half, (len(names), 128), generator=chance)
        return x[rows] if x.ndim == 2 else x[torch.arange(len(names))[:, None], rows]

    net = _judges(len(names), [real.shape[1], hidden, hidden, 1], seed)
    _train(
        net,
        lambda: F.softplus(-net(batch(real) / scale)).mean((1, 2)) + F.softplus(net(batch(made) / scale)).mean((1, 2)),
        steps,
    )
    with torch.no_grad():
        right = (net((real[half:] / scale).expand(len(names), -1, -1)) > 0).float().mean((1, 2))
        wrong = (net(made[:, half:] / scale) > 0).float().mean((1, 2))
    return dict(zip(names, ((right + 1 - wrong) / 2).tolist(), strict=True))


def forecast_errors(
    real, fakes: dict, past: int = 8, seed: int = 0, steps: int = 300, hidden: tuple[int, ...] = (32,)
) -> dict[str, float]:
    """Train on synthetic, test on real: the mean squared error on `real` of forecasters that learned from the fakes.

    A forecaster is a net that reads `past` steps and says the next one (Esteban et al. 2017), with layers of the widths
    `hidden`. Each fake trains one of its own; all are tested on all places in the real windows, of one column.

    Raises ValueError for windows of other shapes, or no longer than `past`.
    """
    past, names = Whole(1).check(past, "past"), list(fakes)
    rows = [_one_column(x, name) for name, x in (("real", real), *fakes.items())]
    if not names or min(x.shape[1] for x in rows) <= past:
        raise ValueError(f"forecast_errors needs fakes, and windows of more than {past} steps.")
    real, *made = (x.unfold(1, past + 1, 1).reshape(-1, past + 1) for x in rows)
    chance, scale = generator(seed), real.std()

    def loss():
        batch = torch.stack([x[torch.randint(len(x), (128,), generator=chance)] for x in made]) / scale
        return (net(batch[..., :past]) - batch[..., past:]).square().mean((1, 2))

    net = _judges(len(names), [past, *hidden, 1], seed)
    _train(net, loss, steps)
    with torch.no_grad():
        said = net((real[:, :past] / scale).expand(len(names), -1, -1)) * scale
        errors = (said - real[:, past:]).square().mean((1, 2))
    return dict(zip(names, errors.tolist(), strict=True))


def _judges(count: int, sizes: list[int], seed: int):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return stack(nets.mlp(sizes, activation="relu") for _ in range(count))


def _train(net, losses, steps: int) -> None:
    adam = torch.optim.Adam(net.parameters(), lr=3e-3)
    for step in range(Whole(1).check(steps, "steps")):
        adam.param_groups[0]["lr"] = 3e-3 * (1 - step / steps)
        adam.zero_grad()
        losses().sum().backward()
        adam.step()

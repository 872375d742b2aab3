"""Judges of series: what generated windows have in common with real ones, and what a fresh net makes of them.

Windows are numbers ``(N, length)`` or ``(N, columns, length)``, in any unit: nets see them less the real mean, in real
standard deviations. Where several generators are compared, each gets a judge of its own, and all judges are trained
side by side as one stacked net (gan_edu.ensemble): the same first weights, the same steps, the same real windows for
all. So equal windows get equal scores, whatever their names.
"""

import torch
import torch.nn.functional as F

from gan_edu import nets
from gan_edu.device import generator, tensor_of
from gan_edu.ensemble import stack
from gan_edu.settings import SEED, Whole

Tensor = torch.Tensor
FAR = 1e6  # real standard deviations: what lies farther out counts as this far, for its squares fit into 32 bits


def _rows(windows, what: str, one_column: bool = True) -> Tensor:
    """float64 (N, numbers of a window); columns side by side. Raises ValueError, TypeError."""
    try:
        x = tensor_of(windows).double()
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"{what} must be windows as a tensor or an array; got a {type(windows).__name__}.") from None
    if x.ndim not in (2, 3) or not x.numel():
        raise ValueError(f"{what} must have shape (N, length) or (N, columns, length); got {tuple(x.shape)}.")
    if one_column and x.ndim == 3 and x.shape[1] != 1:
        raise ValueError(f"{what} must have one column; got {x.shape[1]}.")
    if bad := int((~x.isfinite()).sum()):
        raise ValueError(f"{what} must be finite; {bad:,} of {x.numel():,} numbers are not.")
    return x.flatten(1)


def _centred(rows: Tensor, what: str) -> Tensor:
    if rows.min() == rows.max():  # a standard deviation of equal numbers may be 1e-17
        raise ValueError(f"{what} must vary; all their numbers are {rows[0, 0]:g}.")
    return rows - rows.mean()


def _contest(real, fakes: dict, one_column: bool) -> tuple[Tensor, list[Tensor], float]:
    """Real and generated windows as float32 with the mean and standard deviation of the real ones, and the latter."""
    if not isinstance(fakes, dict) or not fakes:
        raise ValueError(f"fakes must be a dict, name → windows, with a name at least; got {type(fakes).__name__}.")
    real, *made = (_rows(x, str(name), one_column) for name, x in (("real", real), *fakes.items()))
    std = _centred(real, "real").std()
    real, *made = (((x - real.mean()) / std).clamp(-FAR, FAR).float() for x in (real, *made))
    return real, made, std.item()


def autocorrelation(windows, lags: int) -> Tensor:
    """The autocorrelation at lags 0 … `lags`, float32 ``(lags + 1,)``: one mean and one variance for all windows.

    Raises ValueError for windows of several columns, no longer than `lags`, or without variance.
    """
    x, lags = _rows(windows, "windows"), Whole(0).check(lags, "lags")
    if lags >= x.shape[1]:
        raise ValueError(f"Windows of {x.shape[1]} steps have lags up to {x.shape[1] - 1}; got {lags}.")
    x = _centred(x, "windows")
    products = [(x[:, : x.shape[1] - k] * x[:, k:]).mean() for k in range(lags + 1)]
    return (torch.stack(products) / (x * x).mean()).float()


def spectrum(windows) -> tuple[Tensor, Tensor]:
    """Frequencies in turns per step, 0 … ½, and the mean periodogram there, ``(length // 2 + 1,)`` each.

    The periodogram of a window is |Σ x_t e^(-2πi f t)|² / length, after the mean of all windows is subtracted. In short
    windows it is a smeared picture of the spectral density, so compare it with that of real windows of this length.
    """
    x = _rows(windows, "windows")
    power = torch.fft.rfft(x - x.mean()).abs().square().mean(dim=0) / x.shape[1]
    return torch.fft.rfftfreq(x.shape[1]), power.float()


def told_apart(
    real, fakes: dict, seed: int = 0, steps: int = 300, hidden: int = 64, shuffle: bool = True
) -> dict[str, float]:
    """How often a fresh judge tells each of the fakes from real windows that it was not trained on: ½ is guessing.

    real: windows that no generator has seen. fakes: name → windows. All are cut to the smallest number; half of them
    train the judge, the other half test it. The judge is a net with two hidden layers that sees the whole window
    (Lopez-Paz and Oquab 2017; the discriminative score of Yoon et al. 2019 is |this - ½|, with another judge).

    shuffle: False leaves all in their order: the first half trains, the second half tests. For windows of one series
    that overlap: so you can see to it that no step stands in both halves.

    Raises ValueError for windows of other shapes, fewer than two, and real ones that don't vary.
    """
    real, made, _ = _contest(real, fakes, one_column=False)
    if any(x.shape[1] != real.shape[1] for x in made):
        raise ValueError("told_apart needs fakes with as many numbers in a window as the real ones have.")
    half = min(map(len, (real, *made))) // 2
    if not half:
        raise ValueError("told_apart needs two windows of each at least.")
    if shuffle:
        real, *made = (x[torch.randperm(len(x), generator=_stream(seed))] for x in (real, *made))
    real, *made = (x[: 2 * half] for x in (real, *made))
    made, chance = torch.stack(made), _stream(seed)  # (S, 2 half, L)
    net = _judges(len(made), [real.shape[1], hidden, hidden, 1], seed)

    def judged(x):
        return net(x.expand(len(made), -1, -1))

    def losses():
        first, second = torch.randint(half, (2, 128), generator=chance)
        return (F.softplus(-judged(real[first])) + F.softplus(judged(made[:, second]))).mean((1, 2))

    _train(net, losses, steps)
    with torch.no_grad():
        right, wrong = ((judged(x) > 0).float().mean((1, 2)) for x in (real[half:], made[:, half:]))
    return dict(zip(fakes, ((right + 1 - wrong) / 2).tolist(), strict=True))


def forecast_errors(
    real, fakes: dict, past: int = 8, seed: int = 0, steps: int = 300, hidden: tuple[int, ...] = (32,)
) -> dict[str, float]:
    """Train on synthetic, test on real: the mean squared error on `real` of forecasters that learned from the fakes.

    A forecaster is a net that reads `past` steps and says the next one (Esteban et al. 2017), with layers of the widths
    `hidden`. Each fake trains one of its own; all are tested on all places in the real windows, of one column.

    Raises ValueError for windows of other shapes, or no longer than `past`, and for real ones that don't vary.
    """
    past = Whole(1).check(past, "past")
    real, made, std = _contest(real, fakes, one_column=True)
    if min(x.shape[1] for x in (real, *made)) <= past:
        raise ValueError(f"forecast_errors needs windows of more than {past} steps.")
    real, *made = (x.unfold(1, past + 1, 1).reshape(-1, past + 1) for x in (real, *made))
    net, chance = _judges(len(made), [past, *hidden, 1], seed), _stream(seed)

    def losses(x):
        return (net(x[..., :past]) - x[..., past:]).square().mean((1, 2))

    def batch():
        places = torch.rand(128, generator=chance, dtype=torch.float64)
        return torch.stack([x[(places * len(x)).long()] for x in made])

    _train(net, lambda: losses(batch()), steps)
    with torch.no_grad():
        errors = losses(real.expand(len(made), -1, -1)) * std**2
    return dict(zip(fakes, errors.tolist(), strict=True))


def _stream(seed: int) -> torch.Generator:
    return generator(SEED.check(seed, "seed"))


def _judges(count: int, sizes: list[int], seed: int):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED.check(seed, "seed"))
        return stack([nets.mlp(sizes, activation="relu")] * count)


def _train(net, losses, steps: int) -> None:
    adam = torch.optim.Adam(net.parameters(), lr=3e-3)
    for step in range(Whole(1).check(steps, "steps")):
        adam.param_groups[0]["lr"] = 3e-3 * (1 - step / steps)
        adam.zero_grad()
        losses().sum().backward()
        adam.step()

"""Differential privacy: gradients clipped for each example, what ε they cost, and what an attack proves about ε.

params = {name: p.detach() for name, p in net.named_parameters()}
total = clipped_sum(loss, params, rows, clip=1.0)      # no single row can move it by more than 1
noise = noise_for(2.0, rate=0.02, steps=1000, delta=1e-5)
epsilon(rate=0.02, noise=noise, steps=1000, delta=1e-5)      # 2.0
at_least(hits=480, positives=500, false_alarms=3, negatives=500, delta=1e-5)      # ε is more than this

Neighbours are two tables of which one has one row more. Each row enters each batch with the chance `rate`, for itself
(Poisson sampling): for batches that are dealt from a shuffled table the numbers do not hold. And they hold only for
somebody who doesn't know the random numbers: with a published seed one can subtract the noise.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from scipy import optimize, stats
from scipy.special import logsumexp

from gan_edu.ensemble import Stacked, StackedLinear
from gan_edu.nets import MinibatchStd
from gan_edu.objectives import non_saturating
from gan_edu.settings import Number, Whole
from gan_edu.training import GAN
from gan_edu.training.run import progress_bar

ORDERS = np.array([*(1 + np.arange(1, 100) / 10), *range(12, 64)])  # Opacus asks at the same orders
Tensor = torch.Tensor


def drawn(sizes: Tensor, rate: Tensor, most: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """One Poisson sample for each of S tables: places (S, most) of rows, and which of these count, bool.

    sizes (S,): rows of each table. rate (S,), below 1: each row is taken with this chance, for itself. The gaps between
    the places of taken rows are geometric. A sample of more than `most` rows would be cut: leave room.
    """
    tiny = torch.finfo(torch.float64).tiny
    luck = torch.rand(len(sizes), most, generator=generator, dtype=torch.float64).clamp(min=tiny)
    gaps = (luck.log() / torch.log1p(-rate.double())[:, None]).floor() + 1
    places = gaps.cumsum(1) - 1
    keep = places < sizes[:, None]
    return torch.where(keep, places, 0).long(), keep


def clipped_sum(net: Stacked, rows: Tensor, keep: Tensor, clip: float = math.inf) -> list[Tensor]:
    """For each of S discriminators the sum over its rows of clipped gradients, in the order of `net.parameters()`.

    rows (S, B, d); keep (S, B): which of them count. The gradient of one row's loss, softplus(-D(row)), is scaled down
    to a length of at most `clip`, all parameters together (Abadi et al. 2016). For a linear layer it is the outer
    product of what comes back and what went in, so lengths and sums need no row's gradient by itself (Goodfellow 2015,
    arXiv:1510.01799). Raises ValueError for nets with other layers that have weights, such as batch norm.
    """
    into, out, x = [], [], rows
    with torch.enable_grad():
        for layer in net.layers:
            if isinstance(layer, StackedLinear) and layer.has_bias and not layer.normalised:
                into.append(x.detach())
                x = layer(x)
                out.append(x)
            elif any(True for _ in layer.parameters()) or isinstance(layer, MinibatchStd):
                raise ValueError(f"A {type(layer).__name__} is no plain linear layer: rows have no gradient each.")
            else:
                x = layer(x)
        back = torch.autograd.grad(F.softplus(-x).sum(), out)
    square = sum(b.square().sum(2) * (1 + a.square().sum(2)) for a, b in zip(into, back, strict=True))
    factor = (clip / square.sqrt().clamp(min=1e-12)).clamp(max=1) * keep
    found = []
    for a, b in zip(into, back, strict=True):
        scaled = b * factor[:, :, None]
        found += [scaled.transpose(1, 2) @ a, scaled.sum(1)]
    return found


def private_gradient(net: Stacked, rows: Tensor, keep: Tensor, clip: float, noise: Tensor, batch: Tensor,
                     generator: torch.Generator) -> list[Tensor]:  # fmt: skip
    """The step of DP-SGD on the real rows: (sum of clipped gradients + noise · clip · N(0, 1)) / batch.

    noise, batch (S,): the standard deviation in units of the clip, and how many rows a batch has on average. One
    divides by that, not by the number of rows that came: this number is a secret, too.
    """
    found = []
    for total in clipped_sum(net, rows, keep, clip):
        shape = (-1, *[1] * (total.ndim - 1))
        bell = torch.randn(total.shape, generator=generator)
        found.append((total + noise.view(shape) * clip * bell) / batch.view(shape))
    return found


def train(gans: GAN, tables: Sequence[Tensor], batch: int, noise: Sequence[float], clip: float, steps: int,
          gradient: Callable = private_gradient, seed: int = 0, progress: bool = True) -> GAN:  # fmt: skip
    """Train S GANs (gan_edu.ensemble.gans), each on its own table, with DP-SGD on the discriminators' real rows.

    tables: S tensors (n, d), which may differ in n. batch: rows in a batch on average, so rows come in at the rate
    batch / n. noise: S standard deviations in units of the clip. gradient: what stands in the place of
    `private_gradient`, to audit it. The generators and the discriminators' loss on fakes see no row, and cost nothing.
    So the loss must be "non_saturating", for one row a time: raises ValueError for settings that would take the rows
    past the noise, or that have no effect here. Batches and noise come from `seed`, and whoever knows it can subtract
    the noise: for a promise in earnest it must be secret (the module `secrets`), and so must the stream behind it.
    """
    _keeps_rows_in(gans)
    torch_seed = torch.Generator().manual_seed(seed)
    sizes = torch.tensor([len(table) for table in tables])
    if int(sizes.min()) <= batch:
        raise ValueError(f"A batch of {batch} rows must be smaller than each table; one has {int(sizes.min())}.")
    data = torch.zeros(len(tables), int(sizes.max()), tables[0].shape[1])
    for place, table in zip(data, tables, strict=True):
        place[: len(table)] = table
    seeds, noise = torch.arange(len(tables))[:, None], torch.as_tensor(noise, dtype=torch.float32)
    expected, most = torch.full((len(tables),), float(batch)), batch + 8 * math.ceil(batch**0.5) + 16
    net, optimizer = gans.discriminator, gans.optimizers["discriminator"]
    with progress_bar(steps, progress) as bar:
        for _ in range(steps):
            places, keep = drawn(sizes, batch / sizes, most, torch_seed)
            rows = data[seeds, places]
            with torch.no_grad():
                fakes = gans.generator(torch.randn(len(tables), batch, gans.noise_dim, generator=torch_seed))
            optimizer.zero_grad()
            F.softplus(net(fakes)).mean((1, 2)).sum().backward()
            for p, g in zip(
                net.parameters(), gradient(net, rows, keep, clip, noise, expected, torch_seed), strict=True
            ):
                p.grad += g
            optimizer.step()
            gans.step_generator(torch.zeros_like(rows[:, :batch]))  # it needs the shape, and gets no row
            bar.update()
    return gans


def _keeps_rows_in(gans: GAN) -> None:
    """Raises ValueError for a GAN whose settings `train` would ignore, or that shows real rows to its generator."""
    refused = {
        f"loss={gans.loss.name!r}": gans.loss is not non_saturating,
        f"unroll={gans.unroll}": gans.unroll != 0,
        f"penalties={gans.penalties}": bool(gans.penalties),
        f"packing={gans.packing}": gans.packing != 1,
        f"discriminator_steps={gans.discriminator_steps}": gans.discriminator_steps != 1,
        "augment": gans.augmentation is not None,
        "mixed_precision": gans.settings.mixed_precision,
    }
    for name, bad in refused.items():
        if bad:
            raise ValueError(
                f"Private training can't take {name}: only the non-saturating loss, without extras, keeps its promise."
            )


def renyi(rate: float, noise: float, orders: np.ndarray = ORDERS) -> np.ndarray:
    """The Rényi divergence of one step of DP-SGD at each order (A,), each above 1.

    It is log E[(1 - q + q exp((2z - 1) / 2σ²))^α] / (α - 1) over z ~ N(0, σ²), with q the rate and σ the noise in units
    of the clip (Mironov, Talwar & Zhang 2019, sections 3.1 and 3.2), here by the trapezoidal rule.
    """
    if rate == 0:
        return np.zeros(len(orders))
    width = min(noise, noise**2) / 8
    z = np.arange(-12 * noise, max(orders) + 12 * noise, width)
    ratio = np.logaddexp(np.log1p(-rate) if rate < 1 else -np.inf, math.log(rate) + (2 * z - 1) / (2 * noise**2))
    moments = logsumexp(stats.norm.logpdf(z, scale=noise) + np.outer(orders, ratio), axis=1) + math.log(width)
    return np.maximum(moments, 0) / (orders - 1)


def epsilon(rate: float, noise: float, steps: int, delta: float) -> float:
    """The ε that `steps` steps of DP-SGD keep with δ = delta.

    rate: the chance with which a row enters a batch. noise: standard deviation of the noise on the *sum* of clipped
    gradients, in units of the clip. Without noise it is infinite; below 0.1 the integral is too fine, and ValueError
    is raised. From Rényi to (ε, δ) by Canonne, Kamath & Steinke 2020 (version 4), proposition 12, as in Opacus.
    """
    rate, delta = Number(0, 1).check(rate, "rate"), Number(0, 1, above=True, below=True).check(delta, "delta")
    noise, steps = Number(0).check(noise, "noise"), Whole().check(steps, "steps")
    if noise == 0:
        return 0.0 if rate == 0 or steps == 0 else math.inf
    if noise < 0.1:
        raise ValueError(f"A noise of {noise:g} clips is too small to count with: it is 0, or at least 0.1.")
    spent = steps * renyi(rate, noise) + np.log1p(-1 / ORDERS) - (math.log(delta) + np.log(ORDERS)) / (ORDERS - 1)
    return max(0.0, float(spent.min()))


def noise_for(target: float, rate: float, steps: int, delta: float) -> float:
    """The smallest noise (in units of the clip), from 0.2 on, with which `steps` steps cost no more than ε = target.

    Raises ValueError where no noise up to 10,000 is enough.
    """
    target = Number(0, above=True).check(target, "target")
    low, high = math.log(0.2), math.log(1e4)
    if epsilon(rate, math.exp(high), steps, delta) > target:
        raise ValueError(f"No noise up to 10,000 keeps ε = {target:g}: ask for a larger ε, or for fewer steps.")
    if epsilon(rate, math.exp(low), steps, delta) <= target:
        return math.exp(low)
    return math.exp(optimize.brentq(lambda s: epsilon(rate, math.exp(s), steps, delta) - target, low, high, xtol=1e-5))


def at_least(hits: int, positives: int, false_alarms: int, negatives: int, delta: float, sure: float = 0.95) -> float:
    """A lower bound on ε from an attack that was tried, or 0: the bound on chance errors is Clopper and Pearson's.

    hits: runs *with* the row in which the attack said yes, of `positives`; false_alarms: runs *without* it, of
    `negatives`. (ε, δ) promises P(yes | with) ≤ e^ε P(yes | without) + δ, so with the probability `sure` both rates are
    such that ε can't be smaller than what comes out (Jagielski, Ullman & Oprea 2020). The rule of the attack must be
    fixed on other runs. The same holds for the event "it said no" with both tables exchanged; that second bound, which
    is sometimes larger, isn't looked at.
    """
    for count, of in ((hits, positives), (false_alarms, negatives)):
        if not 0 <= count <= of or of < 1:
            raise ValueError(f"Of {of} runs, {count} can't have said yes.")
    tail = (1 - sure) / 2  # two bounds that hold together
    low = stats.beta.ppf(tail, hits, positives - hits + 1) if hits else 0.0
    high = stats.beta.ppf(1 - tail, false_alarms + 1, negatives - false_alarms) if false_alarms < negatives else 1.0
    return max(0.0, math.log((low - delta) / high)) if low > delta else 0.0

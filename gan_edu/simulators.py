"""Makers of worlds whose true effect is known, and a judge that tries estimators of an effect in them (chapter 73).

A `World` holds rows with *both* results. Each maker takes one study, a table as in `gan_edu.causal` (x: covariates
(N, d), t: 1 for treated and 0 for others (N,), y: results (N,)), and returns a World that is to resemble it:

    resampled   real rows, real results; untreated rows play the treated, so that the effect is 0
    regressed   real rows; results from a line in each group, with its errors drawn anew ("plasmode")
    neighbours  real rows; results of the nearest rows of each group
    copula      generated rows and results, by a Gaussian copula in each group
    TableGANs   generated rows and results, by conditional Wasserstein GANs

`judge` draws studies from a World, asks five ways for the effect on the treated (ATT), and compares with the truth.
Units are those of y. All is repeatable by `seed`.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gan_edu import causal, ensemble, nets
from gan_edu.training.run import progress_bar

Array = np.ndarray
Tensor = torch.Tensor
WAYS = ("difference", "regression", "weighting", "doubly robust", "matching")


@dataclass(frozen=True, eq=False)
class World:
    """Rows with both results: x (N, d); t (N,), 1 for treated; y (N,), what was seen; other (N,), what the same row
    would have had with the other treatment."""

    x: Array
    t: Array
    y: Array
    other: Array

    @property
    def effect(self) -> float:
        """The true average effect on the treated, ATT."""
        one = self.t == 1
        return float((self.y - self.other)[one].mean())

    def study(self, treated: int, controls: int, chance: np.random.Generator) -> tuple[Array, Array, Array]:
        """A table x, t, y as an analyst would see it, of rows drawn with replacement."""
        rows = [chance.choice(np.flatnonzero(self.t == v), n) for v, n in ((1, treated), (0, controls))]
        rows = np.concatenate(rows)
        return self.x[rows], self.t[rows], self.y[rows]


# --- the judge


def estimates(x: Array, t: Array, y: Array) -> Array:
    """Five estimates of the ATT and their standard errors, (5, 2), in the order of WAYS.

    Each is the mean of the treated minus a *weighted* mean of the controls, and the ways differ in the weights w alone.
    So one formula gives all errors: √(s₁² / n₁ + Σ w² r²), with the controls' residuals r; the weights count as given.
    The estimates are those of `gan_edu.causal` without trimming (and with one partner in matching).
    """
    x, t, y = causal.checked(x, t, y)
    one, zero = t == 1, t == 0
    std = x.std(axis=0)
    z = np.column_stack([np.ones(len(x)), (x - x.mean(axis=0)) / np.where(std > 0, std, 1)])
    z0, y0, goal = z[zero], y[zero], z[one].mean(axis=0)
    inverse = np.linalg.pinv(z0.T @ z0)
    rest = y0 - z0 @ (inverse @ (z0.T @ y0))  # of a line through the controls
    even = np.full(len(y0), 1 / len(y0))
    e = causal.logistic(x, t)(x)[zero]
    odds = e / (1 - e)
    odds /= odds.sum()
    served = _partners(z[one], z0)
    used = z0 * served[:, None]
    ways = [
        (even, y0 - y0.mean()),
        (z0 @ (inverse @ goal), rest),
        (odds, y0 - odds @ y0),
        (odds + z0 @ (inverse @ (goal - odds @ z0)), rest),
        (served + used @ (np.linalg.pinv(z0.T @ used) @ (goal - served @ z0)), rest),
    ]
    mean, noise = y[one].mean(), y[one].var(ddof=1) / one.sum()
    return np.array([(mean - w @ y0, math.sqrt(noise + (w * r) @ (w * r))) for w, r in ways])


def _partners(one: Array, zero: Array) -> Array:
    """How much each control serves as the nearest of a treated row, (n0,), summing to 1; equally near ones share."""
    far = (one**2).sum(1)[:, None] - 2 * one @ zero.T + (zero**2).sum(1)
    near = (far <= far.min(axis=1, keepdims=True) + 1e-9).astype(float)
    return (near / near.sum(axis=1, keepdims=True)).mean(axis=0)


@dataclass(frozen=True, eq=False)
class Verdict:
    """What five ways said in many studies of a world: errors (estimate − truth) and standard errors, (times, 5)."""

    errors: Array
    standard_errors: Array

    @property
    def rmse(self) -> Array:
        """The root of the mean squared error of each way, (5,)."""
        return np.sqrt((self.errors**2).mean(axis=0))

    @property
    def bias(self) -> Array:
        return self.errors.mean(axis=0)

    @property
    def coverage(self) -> Array:
        """The share of studies whose interval, estimate ± 1.96 standard errors, holds the truth, (5,)."""
        return (np.abs(self.errors) < 1.96 * self.standard_errors).mean(axis=0)


def judge(world: World, treated: int = 185, controls: int = 1_000, times: int = 60, seed: int = 0) -> Verdict:
    """Draw `times` studies from a world, and ask all ways."""
    chance = np.random.default_rng(seed)
    found = np.array([estimates(*world.study(treated, controls, chance)) for _ in range(times)])
    return Verdict(found[:, :, 0] - world.effect, found[:, :, 1])


# --- plain makers


def resampled(x, t, y, rows: int = 6_000, seed: int = 0) -> World:
    """Untreated rows alone, with their results: `rows` are drawn with the fitted odds of treatment and called treated,
    as many evenly. Nobody was treated, so the effect is 0, and only 0 can be tried (after Huber et al. 2013)."""
    x, t, y = causal.checked(x, t, y)
    chance, zero = np.random.default_rng(seed), np.flatnonzero(t == 0)
    e = causal.logistic(x, t)(x)[zero]
    odds = e / (1 - e)
    drawn = np.concatenate([chance.choice(zero, rows, p=odds / odds.sum()), chance.choice(zero, rows)])
    return World(x[drawn], np.repeat([1.0, 0.0], rows), y[drawn], y[drawn])


def regressed(x, t, y, rows: int = 6_000, seed: int = 0) -> World:
    """Real rows, `rows` of each group; results from a line fitted in each group, plus errors drawn from its own."""
    x, t, y = causal.checked(x, t, y)
    chance = np.random.default_rng(seed)
    lines = [causal.linear(x[t == v], y[t == v]) for v in (0, 1)]
    drawn = _drawn(t, rows, chance)
    both = [line(x[drawn]) + chance.choice((y - line(x))[t == v], 2 * rows) for v, line in enumerate(lines)]
    return _world(x[drawn], t[drawn], both)


def neighbours(x, t, y, rows: int = 6_000, k: int = 10, seed: int = 0) -> World:
    """Real rows, `rows` of each group; each result is drawn from the k rows of that treatment that are nearest in x
    (distances in standard deviations)."""
    from sklearn.neighbors import NearestNeighbors

    x, t, y = causal.checked(x, t, y)
    chance, std = np.random.default_rng(seed), x.std(axis=0)
    scaled = x / np.where(std > 0, std, 1)
    drawn, both = _drawn(t, rows, chance), []
    for v in (0, 1):
        near = NearestNeighbors(n_neighbors=k).fit(scaled[t == v]).kneighbors(scaled, return_distance=False)
        both.append(y[t == v][near[drawn, chance.integers(k, size=2 * rows)]])
    return _world(x[drawn], t[drawn], both)


def copula(x, t, y, rows: int = 6_000, seed: int = 0) -> World:
    """A Gaussian copula in each group: every column is turned into normal scores by its ranks (ties in random order),
    their correlations are all that is kept of how columns belong together, and values are read back from the ranks. The
    other result comes from the other group's copula, given x."""
    from scipy.special import ndtr, ndtri

    x, t, y = causal.checked(x, t, y)
    chance = np.random.default_rng(seed)

    def scores(column, values):
        ordered = np.sort(column)
        low, high = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
        place = (low + chance.random(len(values)) * np.maximum(high - low, 1)) / len(ordered)
        return ndtri(np.clip(place, 0.5 / len(ordered), 1 - 0.5 / len(ordered)))

    def values(column, z):
        return np.sort(column)[np.minimum((ndtr(z) * len(column)).astype(int), len(column) - 1)]

    tables = [np.column_stack([x, y])[t == v] for v in (0, 1)]
    links = [np.corrcoef(np.column_stack([scores(c, c) for c in table.T]).T) for table in tables]

    def given_x(v, rows_x):
        table, link = tables[v], links[v]
        z = np.column_stack([scores(a, b) for a, b in zip(table.T, rows_x.T, strict=False)])
        slope = np.linalg.lstsq(link[:-1, :-1], link[:-1, -1], rcond=None)[0]
        spread = math.sqrt(max(0.0, 1 - slope @ link[:-1, -1]))
        return values(table[:, -1], z @ slope + spread * chance.normal(size=len(z)))

    made = []
    for v in (1, 0):
        z = chance.multivariate_normal(np.zeros(len(links[v])), links[v], rows, method="eigh")
        row = np.column_stack([values(a, b) for a, b in zip(tables[v].T, z.T, strict=True)])
        made.append((row[:, :-1], row[:, -1], given_x(1 - v, row[:, :-1])))
    parts = [np.concatenate(each) for each in zip(*made, strict=True)]
    return World(parts[0], np.repeat([1.0, 0.0], rows), *parts[1:])


def _drawn(t, rows, chance):
    return np.concatenate([chance.choice(np.flatnonzero(t == v), rows) for v in (1, 0)])


def _world(x, t, both):
    return World(x, t, np.where(t == 1, both[1], both[0]), np.where(t == 1, both[0], both[1]))


# --- conditional Wasserstein GANs


def one_sided(slopes: Tensor) -> Tensor:
    """The mean of max(0, ‖slope‖ − 1) over rows: slopes (..., N, d) → (...). A slope below 1 costs nothing."""
    return torch.relu(slopes.norm(dim=-1) - 1).mean(-1)


def bounded(v: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """`v` cut off at `low` and `high`. Gradients pass as if nothing had been cut: the slope of a cut is 0, and a column
    that lies wholly outside would never come back."""
    cut = torch.minimum(torch.maximum(v, low), high)
    return v + (cut - v).detach() if v.requires_grad else cut


class TableGANs:
    """S conditional Wasserstein GANs side by side, each learning one study (the same or others, of equal sizes).

    One net makes covariates, x = g(noise, t), another one results, y = h(noise, x, t); one critic looks at x, y and t
    together. h can be asked with the other treatment, and that is why its result is a net of its own. In each batch
    both groups are equally many. Columns of 0 and 1 are made as probabilities, and drawn when sampling. All other
    columns are cut off at the smallest and largest value of the study (by group above), which makes point masses
    there; clamped=False for some of the S leaves that out. Whole-numbered columns are rounded when sampling.

    tables: S studies (x, t, y); steps: of the generator. Follows Athey, Imbens, Metzger & Munro (2024) in conditioning,
    balancing, a floor at 0 and the one-sided penalty. (Theirs is a plain maximum, without a ceiling. They train a
    critic of its own for y, and far longer.)
    """

    def __init__(
        self,
        tables: Sequence[tuple[Array, Array, Array]],
        steps: int = 700,
        critic_steps: int = 4,
        batch: int = 64,
        hidden: int = 48,
        rate: float = 2e-3,
        penalty: float = 5.0,
        clamped: Sequence[bool] | None = None,
        seed: int = 0,
    ):
        tables = [causal.checked(*table) for table in tables]
        self.seeds, self.columns = len(tables), tables[0][0].shape[1]
        self.chance = torch.Generator().manual_seed(seed)
        x = tables[0][0]
        self.whole = (x == x.round()).all(axis=0)
        self.binary = np.isin(x, (0, 1)).all(axis=0)
        both = np.concatenate([np.column_stack([x, y]) for x, _, y in tables])
        scaled = ~np.append(self.binary, False)
        self.unit = np.where(scaled, both.std(axis=0), 1.0)
        self.unit[self.unit == 0] = 1.0
        self.middle = np.where(scaled & (both.min(axis=0) != 0), both.mean(axis=0), 0.0)  # so that 0 stays exactly 0
        groups = [[((np.column_stack([x, y]) - self.middle) / self.unit)[t == v] for x, t, y in tables] for v in (0, 1)]
        self.groups = [torch.tensor(np.stack(group), dtype=torch.float32) for group in groups]
        low = torch.minimum(*(group.amin(1) for group in self.groups))[:, None]
        high = [group.amax(1)[:, None] for group in self.groups]
        free = torch.tensor([0.0 if flag else math.inf for flag in clamped or [True] * self.seeds])[:, None, None]
        self.low, self.high = low - free, [each + free for each in high]
        self._train(steps, critic_steps, batch // 2, hidden, rate, penalty, seed)

    def _nets(self, sizes):
        return ensemble.stack(nets.mlp(sizes) for _ in range(self.seeds))

    def _train(self, steps, critic_steps, half, hidden, rate, penalty, seed):
        d, middle = self.columns, [hidden, hidden]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.g, self.h = self._nets([d + 1, *middle, d]), self._nets([4 + d + 1, *middle, 1])
            critic = self._nets([d + 2, *middle, 1])
        weights = [*self.g.parameters(), *self.h.parameters()]
        adam = functools.partial(torch.optim.Adam, lr=rate, betas=(0.5, 0.9), fused=True)
        of_generator, of_critic = adam(weights), adam(critic.parameters())
        average = [weight.detach().clone() for weight in weights]
        t = torch.cat([-torch.ones(half, 1), torch.ones(half, 1)]).expand(self.seeds, -1, -1)
        seeds = torch.arange(self.seeds)[:, None]
        with progress_bar(steps) as bar:
            for step in range(steps):
                for turn in range(critic_steps):
                    rows = [torch.randint(len(g[0]), (self.seeds, half), generator=self.chance) for g in self.groups]
                    real = torch.cat([group[seeds, row] for group, row in zip(self.groups, rows, strict=True)], dim=1)
                    with torch.no_grad():
                        fake = self._rows(t)
                    loss = (critic(torch.cat([fake, t], -1)) - critic(torch.cat([real, t], -1))).mean((1, 2))
                    if turn == 0:  # the penalty in one step of critic_steps, as much stronger
                        part = torch.rand(*real.shape[:2], 1, generator=self.chance)
                        between = (fake + part * (real - fake)).requires_grad_()
                        logits = critic(torch.cat([between, t], -1))
                        (slopes,) = torch.autograd.grad(logits.sum(), between, create_graph=True)
                        loss = loss + penalty * critic_steps * one_sided(slopes)
                    _step(of_critic, loss)
                _step(of_generator, -critic(torch.cat([self._rows(t), t], -1)).mean((1, 2)))
                with torch.no_grad():  # an average over about the last hundred steps
                    share = max(0.01, 10 / (step + 10))
                    for kept, weight in zip(average, weights, strict=True):
                        kept.lerp_(weight, share)
                bar.update()
        with torch.no_grad():
            for kept, weight in zip(average, weights, strict=True):
                weight.copy_(kept)

    def _bounded(self, v, t, columns):
        high = torch.where(t > 0, self.high[1], self.high[0])
        return bounded(v, self.low[..., columns], high[..., columns])

    def _covariates(self, t):
        z = torch.randn(*t.shape[:2], self.columns, generator=self.chance)
        v = self.g(torch.cat([z, t], -1))
        return torch.where(torch.tensor(self.binary), v.sigmoid(), self._bounded(v, t, slice(self.columns)))

    def _results(self, x, t):
        z = torch.randn(*t.shape[:2], 4, generator=self.chance)
        return self._bounded(self.h(torch.cat([z, x, t], -1)), t, slice(self.columns, None))

    def _rows(self, t):
        x = self._covariates(t)
        return torch.cat([x, self._results(x, t)], -1)

    @torch.no_grad()
    def worlds(self, rows: int = 6_000) -> list[World]:
        """A World of each GAN, with `rows` of each group."""
        t = torch.cat([torch.ones(rows, 1), -torch.ones(rows, 1)]).expand(self.seeds, -1, -1)
        x = self._covariates(t)
        x = torch.where(torch.tensor(self.binary), (torch.rand(x.shape, generator=self.chance) < x).float(), x)
        in_units = x.numpy() * self.unit[:-1] + self.middle[:-1]
        in_units[..., self.whole] = in_units[..., self.whole].round()
        x = torch.tensor((in_units - self.middle[:-1]) / self.unit[:-1], dtype=torch.float32)
        seen, other = (self._results(x, sign * t)[..., 0].numpy() * self.unit[-1] + self.middle[-1] for sign in (1, -1))
        treated = np.repeat([1.0, 0.0], rows)
        return [World(in_units[s], treated, seen[s], other[s]) for s in range(self.seeds)]


def _step(optimizer, losses):
    optimizer.zero_grad(set_to_none=True)
    losses.sum().backward()
    optimizer.step()

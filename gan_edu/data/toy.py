"""Toy distributions in the plane: small enough to see, and with densities that are known exactly.

Because the density is exact, a learned discriminator can be compared with the best possible one, p / (p + q).
Three families are enough:

- ``GaussianMixture``: round bumps of one width (``ring``, ``grid``, ``gaussian_mixture``);
- ``Strokes``: lines drawn with a Gaussian brush (``line``, ``two_moons``, ``spiral``, ``drawn``);
- ``Boxes``: rectangles filled evenly (``checkerboard``, ``disjoint``).

``make("ring", modes=5)`` builds one by its name; ``NAMES`` lists those that need no options. A number out of its range
raises ValueError, and what is no number TypeError.
"""

import inspect
import math
import operator

import numpy as np
import torch

from gan_edu.device import pick
from gan_edu.settings import Number, Whole, near

# One batch of the density never holds more than this many (point, component) pairs, to bound its memory.
_PAIRS = 1_000_000
_ROOT_HALF = math.sqrt(0.5)
_POSITIVE, _COUNT = Number(0, above=True), Whole(1)


class Distribution:
    """A distribution over points, with a sampler and an exact density.

    Attributes:
        name: what ``make`` calls it.
        dim: the number of coordinates of a point; 2 except for some ``gaussian_mixture``.
        modes: the centres of the bumps, float32 ``(K, dim)``, or None where there are no bumps.
        mode_std: the standard deviation of each bump, or None.
        mode_weights: the share of each bump, float32 ``(K,)``, summing to 1, or None.
        extent: all that is worth drawing lies in ``[-extent, extent]`` in each coordinate.
    """

    modes: torch.Tensor | None = None
    mode_std: float | None = None
    mode_weights: torch.Tensor | None = None
    dim = 2

    def __init__(self, name: str, weights: torch.Tensor, reach: float, blur: float, description: str):
        self.name = name
        self.extent = reach + max(0.25 * reach, 5 * blur)
        self._description = description
        self._log_weights = weights.log()
        # float32 like the random numbers that are looked up in it; the last entry is above all of them.
        self._cumulative = weights.cumsum(0).float()
        self._cumulative[-1] = 1.0

    def __repr__(self) -> str:
        return self._description

    def sample(self, n: int, seed_or_generator: int | torch.Generator | None = None, device=None) -> torch.Tensor:
        """Draw n points, float32 ``(n, dim)``.

        An int seed always gives the same points, on every device. A ``torch.Generator`` goes on from its own
        state, and the points are made on its device. None uses PyTorch's global generator.

        Raises:
            ValueError: n is below 0, or there is no such device.
            TypeError: n is no whole number, or the seed is neither an int, a ``torch.Generator`` nor None.
        """
        n = Whole(0).check(n, "The number of points")
        generator = seed_or_generator
        if generator is not None and not isinstance(generator, torch.Generator):
            try:
                generator = torch.Generator().manual_seed(operator.index(generator))
            except TypeError:
                kind = type(seed_or_generator).__name__
                raise TypeError(f"a seed must be an int, a torch.Generator or None, not a {kind}.") from None
        options = {"generator": generator, "device": generator.device if generator is not None else "cpu"}
        component = torch.bucketize(torch.rand(n, **options), self._cumulative.to(options["device"]), right=True)
        points = self._sample(component, options)
        return points if device is None else points.to(pick(device))

    def log_prob(self, x) -> torch.Tensor:
        """Log density at points x ``(..., dim)``, in nats; shape ``(...,)``, type and device of x.

        It is computed in double precision, and can be differentiated with respect to x.

        Raises:
            ValueError: the last axis of x does not hold ``dim`` coordinates.
        """
        x = torch.as_tensor(x)
        if x.is_complex():
            raise ValueError(f"{self.name} takes points of real numbers, not complex ones.")
        if not x.is_floating_point():
            x = x.float()
        if x.ndim == 0 or x.shape[-1] != self.dim:
            raise ValueError(f"{self.name} takes points of shape (..., {self.dim}), not {tuple(x.shape)}.")
        # Apple's GPUs know no double precision.
        home = "cpu" if x.device.type == "mps" else x.device
        points = x.to(home).to(torch.float64).reshape(-1, self.dim)
        # Beyond this the squares below would overflow, and inf - inf is no number.
        points = points.clamp(-1e100, 1e100)
        rows = max(1, _PAIRS // len(self._log_weights))
        log_density = torch.cat([self._log_prob(part) for part in points.split(rows)])
        return log_density.to(x.dtype).to(x.device).reshape(x.shape[:-1])

    def density(self, x) -> torch.Tensor:
        """Density at points x ``(..., dim)``: the exponential of ``log_prob``."""
        return self.log_prob(x).exp()

    def _sample(self, component: torch.Tensor, options: dict) -> torch.Tensor:
        """One point for each component number ``(n,)``, float32 ``(n, dim)``."""
        raise NotImplementedError

    def _log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Log density of float64 points ``(N, dim)``, shape ``(N,)``."""
        raise NotImplementedError


class GaussianMixture(Distribution):
    """A mixture of round Gaussians of one standard deviation, in any dimension."""

    def __init__(self, name: str, means: torch.Tensor, std: float, weights: torch.Tensor, description: str):
        super().__init__(name, weights, means.abs().max().item(), std, description)
        self.dim = means.shape[1]
        self.modes, self.mode_std, self.mode_weights = means.float(), std, weights.float()
        self._means = means

    def _sample(self, component, options):
        noise = torch.randn(len(component), self.dim, **options)
        return noise.mul_(self.mode_std).add_(self.modes.to(noise.device).index_select(0, component))

    def _log_prob(self, x):
        distance = (x[:, None] - self._means.to(x.device)) / self.mode_std
        log_peak = -self.dim * (math.log(self.mode_std) + 0.5 * math.log(2 * math.pi))
        log_each = self._log_weights.to(x.device) - 0.5 * distance.square().sum(-1)
        return log_each.logsumexp(-1) + log_peak


class Strokes(Distribution):
    """Straight pieces, each filled evenly along its length and blurred by a round Gaussian of one width.

    In coordinates along (t, from 0 to the length L) and across (s) a piece, its density is
    ``N(s; 0, width) * (Phi(t / width) - Phi((t - L) / width)) / L``, Phi being the normal distribution function.
    """

    def __init__(
        self, name: str, start: torch.Tensor, stop: torch.Tensor, width: float, weights: torch.Tensor, description: str
    ):
        reach = torch.cat([start, stop]).abs().max().item()
        super().__init__(name, weights, reach, width, description)
        self._start, self._step, self._width = start, stop - start, width
        self._length = self._step.norm(dim=1)
        # A dot has length 0 and any direction.
        self._along = torch.where(
            self._length[:, None] > 0, self._step / self._length[:, None], self._step.new_tensor([1.0, 0.0])
        )

    def _sample(self, component, options):
        place = torch.rand(len(component), 1, **options)
        noise = torch.randn(len(component), 2, **options)
        start, step = self._start.to(noise), self._step.to(noise)
        return start[component] + place * step[component] + self._width * noise

    def _log_prob(self, x):
        along, length = self._along.to(x.device), self._length.to(x.device) / self._width
        from_start = (x[:, None] - self._start.to(x.device)) / self._width
        t = (from_start * along).sum(-1)
        s = from_start[..., 0] * along[:, 1] - from_start[..., 1] * along[:, 0]
        # The two branches are evaluated for all pieces, so each gets harmless numbers where it is not used.
        is_dot = length == 0
        safe = torch.where(is_dot, 1.0, length)
        log_along = torch.where(is_dot, _log_normal(t), _log_cdf_difference(t, safe) - safe.log())
        log_each = self._log_weights.to(x.device) + log_along + _log_normal(s)
        return log_each.logsumexp(-1) - 2 * math.log(self._width)


class Boxes(Distribution):
    """Rectangles that do not overlap, each filled evenly. Outside of them the log density is -inf."""

    def __init__(
        self,
        name: str,
        low: torch.Tensor,
        high: torch.Tensor,
        weights: torch.Tensor,
        description: str,
        extent: float | None = None,
    ):
        super().__init__(name, weights, torch.cat([low, high]).abs().max().item(), 0.0, description)
        self.extent = extent or self.extent
        # Edges are float32 numbers, so that samples and density agree on what is inside, to the last bit.
        self._low, self._high = low.float(), high.float()

    @property
    def parts(self) -> tuple["Boxes", ...]:
        """Each box as a distribution of its own; their supports share no area."""
        return tuple(
            Boxes(
                self.name,
                self._low[k : k + 1],
                self._high[k : k + 1],
                torch.ones(1, dtype=torch.float64),
                f"{self._description}.parts[{k}]",
                self.extent,
            )
            for k in range(len(self._low))
        )

    def _sample(self, component, options):
        place = torch.rand(len(component), 2, **options)
        low, high = self._low.to(place.device)[component], self._high.to(place.device)[component]
        # The random numbers end at 1 - 2**-24, so that rounding never leads beyond the upper edge.
        return low + place * (high - low)

    def _log_prob(self, x):
        low, high = self._low.to(x), self._high.to(x)
        inside = ((x[:, None] >= low) & (x[:, None] <= high)).all(-1)
        log_height = self._log_weights.to(x.device) - (high - low).log().sum(-1)
        # The largest, not the sum: boxes may touch, and a shared edge must not count twice.
        highest = torch.where(inside, log_height, -math.inf).amax(-1)
        # The density is flat, with gradient 0; the last term only ties it to x, for autograd.
        return highest + 0.0 * x.sum(-1)


def gaussian_mixture(means, std: float = 0.1, weights=None) -> GaussianMixture:
    """Round Gaussians of one standard deviation at the given means.

    Args:
        means: ``(K, d)`` for points with d coordinates; ``(K,)`` for points ``(n, 1)`` on a line.
        std: standard deviation of each Gaussian, > 0.
        weights: K numbers > 0; they are divided by their sum. None makes all equal.

    Raises:
        ValueError: an argument is out of its range or of another shape.
    """
    means = _numbers(means, "means")
    if means.ndim == 1:
        means = means[:, None]
    if means.ndim != 2 or means.numel() == 0:
        raise ValueError(f"means must have shape (K, d) with K, d >= 1, not {tuple(means.shape)}.")
    return _mixture("gaussian_mixture", means, std, weights, modes=len(means), dim=means.shape[1])


def ring(modes: int = 8, radius: float = 2.0, std: float = 0.1, weights=None) -> GaussianMixture:
    """Gaussians evenly spaced on a circle, counted from the positive x axis against the clock.

    Unequal ``weights`` make some modes rare. PacGAN's setting is ``ring(radius=1.0, std=0.01)``
    (Lin, Khetan, Fanti and Oh, "PacGAN", NeurIPS 2018, section 4.1).

    Raises:
        ValueError: modes is below 1, radius or std not > 0, or weights do not fit.
    """
    modes, radius = _COUNT.check(modes, "modes"), _POSITIVE.check(radius, "radius")
    angle = torch.arange(modes, dtype=torch.float64) * (2 * math.pi / modes)
    means = radius * torch.stack([angle.cos(), angle.sin()], dim=1)
    return _mixture("ring", means, std, weights, modes=modes, radius=radius)


def grid(side: int = 5, spacing: float = 1.0, std: float = 0.05, weights=None) -> GaussianMixture:
    """``side * side`` Gaussians on a square grid around 0, column by column, from the lower left.

    PacGAN's setting is ``grid(spacing=2.0, std=0.05)`` (Lin et al., "PacGAN", NeurIPS 2018, section 4.1).

    Raises:
        ValueError: side is below 1, spacing or std not > 0, or weights do not fit.
    """
    side, spacing = _COUNT.check(side, "side"), _POSITIVE.check(spacing, "spacing")
    ticks = (torch.arange(side, dtype=torch.float64) - (side - 1) / 2) * spacing
    return _mixture("grid", torch.cartesian_prod(ticks, ticks), std, weights, side=side, spacing=spacing)


def line(length: float = 4.0, angle: float = 30.0, std: float = 0.1) -> Strokes:
    """A straight stroke through 0.

    Args:
        length: from end to end, > 0.
        angle: against the positive x axis, in degrees.
        std: how far points scatter around the stroke, > 0.

    Raises:
        ValueError: length or std is not > 0, or angle is not finite.
    """
    length, angle = _POSITIVE.check(length, "length"), Number().check(angle, "angle")
    half = 0.5 * length * np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    return _strokes("line", [np.stack([-half, half])], std, _call("line", length=length, angle=angle, std=std))


def two_moons(radius: float = 1.5, std: float = 0.1) -> Strokes:
    """Two interlocked half circles, as polylines of 32 pieces each.

    Raises:
        ValueError: radius or std is not > 0.
    """
    radius = _POSITIVE.check(radius, "radius")
    angle = np.linspace(0.0, math.pi, 33)
    upper = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], axis=1)
    return _strokes("two_moons", [radius * upper, -radius * upper], std, _call("two_moons", radius=radius, std=std))


def spiral(turns: float = 2.0, radius: float = 2.25, std: float = 0.06) -> Strokes:
    """A spiral from 0 outwards whose distance from 0 grows evenly with the angle; 64 pieces a turn.

    Raises:
        ValueError: turns, radius or std is not > 0.
    """
    turns, radius = _POSITIVE.check(turns, "turns"), _POSITIVE.check(radius, "radius")
    share = np.linspace(0.0, 1.0, math.ceil(64 * turns) + 1)
    angle = 2 * math.pi * turns * share
    points = radius * share[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _strokes("spiral", [points], std, _call("spiral", turns=turns, radius=radius, std=std))


def drawn(strokes, thickness: float = 0.1) -> Strokes:
    """What a person drew: lines through given points, with a Gaussian brush.

    Longer strokes hold more of the points, in proportion to their length. A stroke of one point (or of one point
    over and over) is a Gaussian dot, and weighs as much as makes its peak as high as a stroke's ridge. Points nearer
    than a hundredth of the thickness to the one before are left out.

    Args:
        strokes: a list of ``(n, 2)`` arrays, n >= 1, or one such array.
        thickness: standard deviation of the brush, > 0.

    Raises:
        ValueError: nothing was drawn, a stroke is not ``(n, 2)``, a coordinate is not finite, or thickness is not > 0.
    """
    if isinstance(strokes, (np.ndarray, torch.Tensor)) and strokes.ndim == 2:
        strokes = [strokes]
    lines = []
    for number, stroke in enumerate(strokes):
        points = _numbers(stroke, f"stroke {number}").numpy()
        if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
            raise ValueError(f"stroke {number} must have shape (n, 2) with n >= 1, not {points.shape}.")
        lines.append(points)
    if not lines:
        raise ValueError("the drawing is empty: draw at least one stroke or dot.")
    count = f"{len(lines)} stroke" + "s" * (len(lines) != 1)
    return _strokes("drawn", lines, thickness, f"drawn({count}, thickness={thickness})", "thickness")


def checkerboard(side: int = 4, width: float = 4.0) -> Boxes:
    """The dark squares of a board of ``side * side`` squares, each filled evenly; the lower left one is dark.

    Args:
        side: squares along an edge, >= 1.
        width: of the board, > 0.

    Raises:
        ValueError: side is below 1, or width not > 0.
    """
    side, width = _COUNT.check(side, "side"), _POSITIVE.check(width, "width")
    dark = [(i, j) for i in range(side) for j in range(side) if (i + j) % 2 == 0]
    low = (torch.tensor(dark, dtype=torch.float64) / side - 0.5) * width
    high = ((torch.tensor(dark, dtype=torch.float64) + 1) / side - 0.5) * width
    weights = torch.full((len(dark),), 1 / len(dark), dtype=torch.float64)
    return Boxes("checkerboard", low, high, weights, _call("checkerboard", side=side, width=width))


def disjoint(gap: float = 1.0, width: float = 0.5, height: float = 4.0) -> Boxes:
    """Two upright strips with a gap between them.

    ``left, right = disjoint().parts`` are two distributions whose supports are exactly disjoint: a perfect
    discriminator exists, their Jensen-Shannon divergence is ln 2 whatever the gap, and their Wasserstein-1 distance
    is ``gap + width`` (cf. Arjovsky, Chintala and Bottou, "Wasserstein GAN", ICML 2017, example 1).

    Raises:
        ValueError: gap, width or height is not > 0.
    """
    gap, width, height = _POSITIVE.check(gap, "gap"), _POSITIVE.check(width, "width"), _POSITIVE.check(height, "height")
    low = torch.tensor([[-gap / 2 - width, -height / 2], [gap / 2, -height / 2]], dtype=torch.float64)
    high = torch.tensor([[-gap / 2, height / 2], [gap / 2 + width, height / 2]], dtype=torch.float64)
    weights = torch.full((2,), 0.5, dtype=torch.float64)
    return Boxes("disjoint", low, high, weights, _call("disjoint", gap=gap, width=width, height=height))


NAMES = ("ring", "grid", "two_moons", "spiral", "line", "checkerboard", "disjoint")
_MAKERS = {maker.__name__: maker for maker in (ring, grid, two_moons, spiral, line, checkerboard, disjoint)}
_MAKERS |= {maker.__name__: maker for maker in (drawn, gaussian_mixture)}


def make(name: str, **options) -> Distribution:
    """Build a distribution by its name: one of ``NAMES``, or "drawn" or "gaussian_mixture" with their options.

    Raises:
        ValueError: there is no such name, or the distribution has no such option, or an option is out of range.
    """
    if not isinstance(name, str) or name not in _MAKERS:
        raise ValueError(
            f"There is no toy distribution {name!r}.{near(name, _MAKERS)} There are: {', '.join(_MAKERS)}."
        )
    try:
        inspect.signature(_MAKERS[name]).bind(**options)
    except TypeError as error:
        known = ", ".join(inspect.signature(_MAKERS[name]).parameters)
        raise ValueError(f"{name}: {error}; its options are {known}.") from None
    return _MAKERS[name](**options)


def _log_normal(t: torch.Tensor) -> torch.Tensor:
    """Log density of the standard normal distribution."""
    return -0.5 * t.square() - 0.5 * math.log(2 * math.pi)


def _log_cdf_difference(t: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
    """log(Phi(t) - Phi(t - length)) for length > 0, without loss far out in the tails, and with a sound gradient."""
    # On the right both Phi are close to 1 and their difference is lost; the mirror image, on the left, keeps it.
    t = torch.where(2 * t > length, length - t, t)
    # In the middle, 0 < t <= length / 2, the difference is a sum of two positive halves.
    middle = t.clamp(min=0)
    log_middle = torch.log(0.5 * (torch.erf(middle * _ROOT_HALF) + torch.erf((length - middle) * _ROOT_HALF)))
    # On the left, t <= 0, the normal density at t is taken out as a factor; what remains is neither huge nor tiny.
    # (torch.special.log_ndtr would be shorter, but its gradient is wrong beyond 10,000 standard deviations.)
    left = t.clamp(max=0)
    rest = _mills(left) - torch.exp(0.5 * length * (2 * left - length)) * _mills(left - length)
    return torch.where(t > 0, log_middle, _log_normal(left) + rest.log())


def _mills(t: torch.Tensor) -> torch.Tensor:
    """Phi(t) divided by the normal density at t, for t <= 0 (Mills' ratio)."""
    return math.sqrt(math.pi / 2) * torch.special.erfcx(-t * _ROOT_HALF)


def _mixture(name: str, means: torch.Tensor, std, weights, **shown) -> GaussianMixture:
    std = _POSITIVE.check(std, "std")
    if weights is not None:
        shown_weights = {"weights": [float(w) for w in _numbers(weights, "weights").flatten()]}
    else:
        shown_weights = {}
    weights = _weights(weights, len(means))
    return GaussianMixture(name, means, std, weights, _call(name, **shown, std=std, **shown_weights))


def _strokes(name: str, lines: list[np.ndarray], width, description: str, what: str = "std") -> Strokes:
    width = _POSITIVE.check(width, what)
    start, stop = [], []
    for points in lines:
        # Very short pieces would lose digits in the difference of two nearly equal Phi, and can't be seen.
        kept = [points[0]]
        for point in points[1:]:
            if math.dist(point, kept[-1]) > 0.01 * width:
                kept.append(point)
        start += kept[:-1] or kept
        stop += kept[1:] or kept
    start, stop = torch.tensor(np.array(start)), torch.tensor(np.array(stop))
    length = (stop - start).norm(dim=1)
    weights = torch.where(length > 0, length, width * math.sqrt(2 * math.pi))
    return Strokes(name, start, stop, width, weights / weights.sum(), description)


def _call(name: str, **options) -> str:
    return f"{name}({', '.join(f'{key}={value}' for key, value in options.items())})"


def _numbers(values, what: str) -> torch.Tensor:
    """values as a float64 tensor on the CPU, all finite."""
    try:
        if isinstance(values, torch.Tensor):
            values = values.detach().cpu()
            values = (values if values.is_complex() else values.double()).numpy()
        tensor = torch.from_numpy(np.array(values).astype(np.float64, casting="safe"))
    except (TypeError, ValueError):
        raise ValueError(f"{what} must be numbers in rows of one length.") from None
    if not tensor.isfinite().all():
        raise ValueError(f"{what} must be finite numbers, and one is NaN or infinite.")
    return tensor


def _weights(weights, count: int) -> torch.Tensor:
    if weights is None:
        return torch.full((count,), 1 / count, dtype=torch.float64)
    weights = _numbers(weights, "weights")
    if weights.shape != (count,):
        raise ValueError(f"weights must be {count} numbers, one for each mode; they have shape {tuple(weights.shape)}.")
    if not (weights > 0).all():
        raise ValueError(f"weights must all be > 0, and the smallest is {weights.min().item()}.")
    return weights / weights.sum()

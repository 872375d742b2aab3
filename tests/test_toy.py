"""Toy distributions: what the densities claim is what the samplers do, near and far."""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_edu import data
from gan_edu.data import toy

widths = st.floats(0.05, 0.4)
lengths = st.floats(0.3, 2.5)
coordinates = st.floats(-2.0, 2.0)
drawings = st.lists(
    st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=5).map(np.array), min_size=1, max_size=4
)


@st.composite
def mixtures(draw):
    modes = draw(st.integers(1, 6))
    weights = draw(st.none() | st.lists(st.floats(0.05, 5.0), min_size=modes, max_size=modes))
    return toy.ring(modes=modes, radius=draw(lengths), std=draw(widths), weights=weights)


distributions = st.one_of(
    mixtures(),
    st.builds(toy.grid, side=st.integers(1, 4), spacing=st.floats(0.3, 1.0), std=widths),
    st.builds(toy.line, length=lengths, angle=st.floats(-180, 180), std=widths),
    st.builds(toy.two_moons, radius=lengths, std=widths),
    st.builds(toy.spiral, turns=st.floats(0.3, 2.5), radius=lengths, std=widths),
    st.builds(toy.drawn, strokes=drawings, thickness=widths),
    st.builds(toy.checkerboard, side=st.integers(1, 6), width=lengths),
    st.builds(toy.disjoint, gap=st.floats(0.05, 1.0), width=st.floats(0.1, 1.0), height=lengths),
)
EXAMPLES = [toy.make(name) for name in toy.NAMES] + [
    toy.ring(weights=[8, 4, 1, 1, 1, 1, 1, 0.1]),
    toy.drawn([[[-1, -1], [0, 1], [1, -1]], [[0.0, 0.0]]], thickness=0.15),
    toy.disjoint().parts[0],
]


def cells(distribution, per_side, fine):
    """Probability of each cell of a grid over the extent, by the midpoint rule with fine x fine points a cell."""
    step = 2 * distribution.extent / (per_side * fine)
    ticks = -distribution.extent + step * (torch.arange(per_side * fine, dtype=torch.float64) + 0.5)
    density = distribution.density(torch.cartesian_prod(ticks, ticks)) * step**2
    return density.reshape(per_side, fine, per_side, fine).sum((1, 3)), ticks


@settings(max_examples=60, deadline=None)
@given(distributions)
def test_density_integrates_to_one(distribution):
    boxes = isinstance(distribution, toy.Boxes)
    # For smooth densities the midpoint rule is nearly exact; for boxes it misses cells that an edge cuts.
    tolerance = 0.04 if boxes else 1e-4
    total = cells(distribution, 1, 400 if boxes else 150)[0].sum().item()
    assert total == pytest.approx(1.0, abs=tolerance)


@pytest.mark.parametrize("distribution", EXAMPLES, ids=str)
def test_histogram_of_samples_agrees_with_density(distribution):
    n, per_side = 40_000, 40
    probability, _ = cells(distribution, per_side, 8)
    points = distribution.sample(n, 1)
    place = ((points + distribution.extent) / (2 * distribution.extent) * per_side).floor().long()
    inside = ((place >= 0) & (place < per_side)).all(1)
    counts = torch.bincount(place[inside, 0] * per_side + place[inside, 1], minlength=per_side**2).double()
    expected = n * probability.flatten()
    often = expected >= 10
    counts = torch.cat([counts[often], (n - counts[often].sum())[None]])
    expected = torch.cat([expected[often], (n - expected[often].sum()).clamp(min=10)[None]])
    chi_square = ((counts - expected).square() / expected).sum().item()
    # Mean df and standard deviation sqrt(2 df) if the sample comes from the density; six of them are allowed.
    degrees = len(counts) - 1
    assert chi_square < degrees + 6 * math.sqrt(2 * degrees)


@settings(max_examples=40, deadline=None)
@given(distributions, st.integers(0, 2**31))
def test_sample_mean_is_density_mean(distribution, seed):
    probability, ticks = cells(distribution, 150, 1)
    mean = torch.stack([(probability.sum(1) * ticks).sum(), (probability.sum(0) * ticks).sum()]) / probability.sum()
    points = distribution.sample(4000, seed).double()
    error = points.std(0) / math.sqrt(4000)
    # The last term is for the edges of boxes, which the quadrature knows only to its step.
    assert ((points.mean(0) - mean).abs() <= 6 * error + 0.02 * distribution.extent).all()


@settings(max_examples=40, deadline=None)
@given(distributions, st.integers(0, 2**31))
def test_samples_lie_where_the_density_is_positive(distribution, seed):
    points = distribution.sample(500, seed)
    assert points.shape == (500, 2) and points.dtype == torch.float32
    assert (distribution.log_prob(points) > -math.inf).all()
    assert (points.abs() <= distribution.extent).float().mean() > 0.99


def test_samples_of_boxes_never_leave_them_by_rounding(monkeypatch):
    largest = 1 - 2**-24
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.full(shape, largest))
    for width in np.linspace(0.1, 5.0, 30):
        # The largest random number leads to the last box, and there to its upper corner.
        board = toy.checkerboard(side=3, width=width)
        assert board.log_prob(board.sample(1, 0)).isfinite().all()
        assert all(part.log_prob(part.sample(1, 0)).isfinite().all() for part in board.parts)


@pytest.mark.parametrize("distribution", EXAMPLES, ids=str)
def test_seeds(distribution):
    first = distribution.sample(50, 7)
    assert torch.equal(first, distribution.sample(50, np.int64(7)))
    assert not torch.equal(first, distribution.sample(50, 8))
    generator = torch.Generator().manual_seed(7)
    assert torch.equal(first, distribution.sample(50, generator))
    assert not torch.equal(first, distribution.sample(50, generator)), "a generator goes on from its state"
    torch.manual_seed(5)
    a, b = distribution.sample(50), distribution.sample(50)
    torch.manual_seed(5)
    assert torch.equal(a, distribution.sample(50)) and not torch.equal(a, b)
    assert distribution.sample(0, 1).shape == (0, 2)


def test_a_seed_does_not_disturb_the_global_generator():
    before = torch.get_rng_state()
    toy.ring().sample(10, 3)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("distribution", EXAMPLES, ids=str)
def test_samples_go_to_the_device_asked_for(distribution):
    assert distribution.sample(3, 0, device="meta").device.type == "meta"
    assert distribution.sample(3, 0, device="cpu").device.type == "cpu"


@pytest.mark.parametrize("distribution", EXAMPLES, ids=str)
def test_shapes_and_types_of_log_prob(distribution):
    points = distribution.sample(24, 0)
    log_density = distribution.log_prob(points)
    assert log_density.shape == (24,) and log_density.dtype == torch.float32
    assert torch.equal(distribution.log_prob(points.reshape(2, 3, 4, 2)), log_density.reshape(2, 3, 4))
    assert distribution.log_prob(points[0]).shape == ()
    double = distribution.log_prob(points.double())
    assert double.dtype == torch.float64
    torch.testing.assert_close(double.float(), log_density)
    torch.testing.assert_close(distribution.density(points), log_density.exp())
    torch.testing.assert_close(distribution.log_prob(points.tolist()), log_density)
    assert distribution.log_prob(torch.zeros(0, 2)).shape == (0,)


def test_large_batches_are_cut_and_put_together(monkeypatch):
    spiral, points = toy.spiral(), torch.randn(300, 2)
    whole = spiral.log_prob(points)
    monkeypatch.setattr(toy, "_PAIRS", 1000)
    torch.testing.assert_close(spiral.log_prob(points), whole)


@pytest.mark.parametrize("distribution", [d for d in EXAMPLES if not isinstance(d, toy.Boxes)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_far_away_the_log_density_is_finite_and_falls(distribution, dtype):
    directions = torch.tensor([[1.0, 0.0], [0.6, -0.8], [-1.0, 0.01], [-0.5, 3.0]], dtype=dtype)
    distances = torch.tensor([5.0, 10.0, 100.0, 1e4, 1e6, 1e9, 1e12], dtype=dtype)
    points = (distances[:, None, None] * directions).requires_grad_()
    log_density = distribution.log_prob(points)
    assert log_density.isfinite().all()
    assert (log_density.diff(dim=0) < 0).all()
    (gradient,) = torch.autograd.grad(log_density.sum(), points)
    assert gradient.isfinite().all()
    assert ((gradient * points).sum(-1) < 0).all(), "the gradient points back to the data"


def test_nothing_finite_or_infinite_gives_nan():
    extreme = torch.tensor([[1e300, -1e300], [math.inf, 0.0]], dtype=torch.float64)
    for distribution in EXAMPLES:
        assert not distribution.log_prob(extreme).isnan().any()
    assert toy.two_moons().log_prob(torch.tensor([math.nan, 0.0])).isnan()


@settings(max_examples=100, deadline=None)
@given(st.floats(-60, 60), st.floats(0.01, 50))
def test_difference_of_normal_cdfs(t, length):
    got = toy._log_cdf_difference(*torch.tensor([t, length], dtype=torch.float64)).item()
    with mpmath.workdps(60):
        t, length = mpmath.mpf(t), mpmath.mpf(length)
        # The mirror image is the same number; mpmath too loses digits on the right.
        t = min(t, length - t)
        wanted = float(mpmath.log(mpmath.ncdf(t) - mpmath.ncdf(t - length)))
    assert got == pytest.approx(wanted, rel=1e-11, abs=1e-11)


def test_stroke_equals_many_gaussians_along_it():
    corner = np.array([[-1.0, 0.5], [1.0, 0.5], [1.0, -1.5]])
    stroke = toy.drawn([corner], thickness=0.2)
    share = (np.arange(4000) + 0.5) / 4000
    places = np.concatenate(
        [np.stack([-1 + 2 * share, 0 * share + 0.5], 1), np.stack([0 * share + 1, 0.5 - 2 * share], 1)]
    )
    many = toy.gaussian_mixture(places, std=0.2)
    points = torch.randn(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 3
    torch.testing.assert_close(stroke.log_prob(points), many.log_prob(points), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("distribution", [d for d in EXAMPLES if not isinstance(d, toy.Boxes)], ids=str)
def test_gradient_of_log_prob_is_right(distribution):
    points = torch.randn(12, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(distribution.log_prob, points)


def test_gradient_of_a_single_gaussian_and_between_two():
    one = toy.gaussian_mixture([[1.0, -1.0]], std=0.5)
    x = torch.tensor([[0.3, 0.4]], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(one.log_prob(x).sum(), x)
    torch.testing.assert_close(gradient, -(x - torch.tensor([1.0, -1.0])) / 0.25)
    two = toy.gaussian_mixture([[1.0, 0.0], [-1.0, 0.0]], std=0.01)
    x = torch.zeros(1, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(two.log_prob(x).sum(), x)
    torch.testing.assert_close(gradient, torch.zeros(1, 2))


def test_gradient_of_boxes_is_zero():
    x = torch.tensor([[0.7, 0.0], [0.0, 0.0]], requires_grad=True)
    (gradient,) = torch.autograd.grad(toy.disjoint().log_prob(x)[0], x)
    assert torch.equal(gradient, torch.zeros(2, 2))


def test_ring_and_its_modes():
    ring = toy.ring()
    assert ring.modes.shape == (8, 2) and ring.mode_std == 0.1
    torch.testing.assert_close(ring.modes.norm(dim=1), torch.full((8,), 2.0))
    torch.testing.assert_close(ring.modes[2], torch.tensor([0.0, 2.0]))
    assert ring.log_prob(ring.modes[0]).item() == pytest.approx(-math.log(8 * 2 * math.pi * 0.01), abs=1e-5)
    unequal = toy.ring(weights=[8, 1, 1, 1, 1, 1, 1, 2])
    torch.testing.assert_close(unequal.mode_weights, torch.tensor([0.5] + 6 * [0.0625] + [0.125]))
    nearest = torch.cdist(unequal.sample(20_000, 0), unequal.modes).argmin(1)
    torch.testing.assert_close(torch.bincount(nearest) / 20_000, unequal.mode_weights, atol=0.02, rtol=0)


def test_settings_of_pacgan():
    ring, grid = toy.ring(radius=1.0, std=0.01), toy.grid(spacing=2.0, std=0.05)
    torch.testing.assert_close(ring.modes.norm(dim=1), torch.ones(8))
    assert {tuple(mode) for mode in grid.modes.tolist()} == {
        (x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)
    }
    for distribution in (ring, grid):
        distance = torch.cdist(distribution.sample(20_000, 0), distribution.modes).amin(1) / distribution.mode_std
        # Of a round Gaussian in the plane, 1 - exp(-9 / 2) lies within three standard deviations.
        assert (distance < 3).float().mean().item() == pytest.approx(1 - math.exp(-4.5), abs=0.004)


def test_mixture_on_a_line():
    mixture = toy.gaussian_mixture([-2.0, 2.0], std=0.5)
    assert mixture.sample(5, 0).shape == (5, 1) and mixture.modes.shape == (2, 1)
    x = torch.linspace(-8, 8, 2001, dtype=torch.float64)[:, None]
    assert torch.trapezoid(mixture.density(x), x[:, 0]).item() == pytest.approx(1.0, abs=1e-9)
    by_hand = 0.5 * torch.exp(-0.5 * ((x[:, 0] - 2) / 0.5) ** 2) + 0.5 * torch.exp(-0.5 * ((x[:, 0] + 2) / 0.5) ** 2)
    torch.testing.assert_close(mixture.density(x), by_hand / (0.5 * math.sqrt(2 * math.pi)))
    assert toy.gaussian_mixture(torch.zeros(3, 5)).log_prob(torch.zeros(4, 5)).shape == (4,)


def test_drawn_strokes_are_weighted_by_length():
    points = toy.drawn([[[-2, -1], [-2, 1]], [[1, 0], [1.5, 0]]], thickness=0.05).sample(20_000, 0)
    assert (points[:, 0] < 0).float().mean().item() == pytest.approx(0.8, abs=0.02)


def test_drawn_dot_is_a_gaussian_as_high_as_a_ridge():
    dot, gaussian = toy.drawn([[[0.5, -1.0]]], thickness=0.3), toy.gaussian_mixture([[0.5, -1.0]], std=0.3)
    points = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(dot.log_prob(points), gaussian.log_prob(points))
    both = toy.drawn([[[-2, 0], [0, 0]], [[2, 0]]], thickness=0.1)
    torch.testing.assert_close(both.density(torch.tensor([2.0, 0.0])), both.density(torch.tensor([-1.0, 0.0])))


def test_drawn_takes_what_a_hand_leaves_behind():
    stroke = np.array([[0, 0], [0, 0], [1e-9, 0], [1, 0], [1, 0], [2, 0]])
    x = torch.randn(30, 2)
    torch.testing.assert_close(toy.drawn([stroke]).log_prob(x), toy.drawn([[[0, 0], [2, 0]]]).log_prob(x))
    click = toy.drawn([np.array([[1.0, 1.0], [1.0, 1.0]])])
    torch.testing.assert_close(click.log_prob(x), toy.drawn([[[1.0, 1.0]]]).log_prob(x))
    torch.testing.assert_close(toy.drawn(torch.tensor([[0, 0], [2, 0]])).log_prob(x), toy.drawn([stroke]).log_prob(x))


def test_disjoint_parts():
    whole = toy.disjoint(gap=0.6, width=0.4)
    left, right = whole.parts
    a, b = left.sample(2000, 0), right.sample(2000, 1)
    assert left.log_prob(a).isfinite().all() and (left.log_prob(b) == -math.inf).all()
    assert right.log_prob(b).isfinite().all() and (right.log_prob(a) == -math.inf).all()
    assert b[:, 0].min() - a[:, 0].max() >= 0.6 - 1e-6
    assert left.extent == right.extent == whole.extent
    x = torch.cat([a, b, torch.zeros(1, 2)])
    torch.testing.assert_close(whole.density(x), 0.5 * left.density(x) + 0.5 * right.density(x))
    # The right half is the left one moved by gap + width, so that is their Wasserstein-1 distance.
    assert (b.mean(0) - a.mean(0)).tolist() == pytest.approx([1.0, 0.0], abs=0.15)


def test_checkerboard_density_and_edges():
    board = toy.checkerboard()
    inside, outside = torch.tensor([-1.5, -1.5]), torch.tensor([-0.5, -1.5])
    assert board.density(inside).item() == pytest.approx(1 / 8)
    assert board.log_prob(outside).item() == -math.inf
    assert board.density(torch.tensor([0.0, 0.0])).item() == pytest.approx(1 / 8), "a shared corner counts once"


def test_extent_of_the_defaults():
    for name in toy.NAMES:
        assert 2.0 <= toy.make(name).extent <= 3.0


def test_repr_can_be_built_again():
    for distribution in [toy.make(name) for name in toy.NAMES] + [toy.ring(weights=[1, 2, 1, 1, 1, 1, 1, 1])]:
        again = eval(repr(distribution), vars(toy))
        assert repr(again) == repr(distribution) and torch.equal(again.sample(9, 0), distribution.sample(9, 0))
    assert repr(toy.drawn([[[0, 0]]])) == "drawn(1 stroke, thickness=0.1)"


def test_make():
    assert repr(toy.make("ring", modes=5)) == "ring(modes=5, radius=2.0, std=0.1)"
    assert toy.make("drawn", strokes=[[[0, 0]]]).name == "drawn"
    with pytest.raises(ValueError, match="'rng'.*Did you mean 'ring'.*two_moons"):
        toy.make("rng")
    with pytest.raises(ValueError, match="ring: .*'mode'.*modes, radius, std, weights"):
        toy.make("ring", mode=5)
    with pytest.raises(ValueError, match="drawn: .*'strokes'"):
        toy.make("drawn")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: toy.ring(std=0), "std must be a number above 0; got 0"),
        (lambda: toy.ring(std=math.nan), "std must be a number above 0; got nan"),
        (lambda: toy.ring(std="wide"), "std must be a number above 0; got 'wide'"),
        (lambda: toy.line(std=-1), "std must be a number above 0"),
        (lambda: toy.line(angle=math.inf), "angle must be a number; got inf"),
        (lambda: toy.ring(modes=0), "modes must be a whole number from 1; got 0"),
        (lambda: toy.ring(modes=2.5), "modes must be a whole number from 1; got 2.5"),
        (lambda: toy.ring(modes=True), "modes must be a whole number from 1; got True"),
        (lambda: toy.ring(weights=[1, 2]), r"weights must be 8 numbers.*\(2,\)"),
        (lambda: toy.ring(modes=2, weights=[1, -1]), "weights must all be > 0, and the smallest is -1.0"),
        (lambda: toy.ring(modes=2, weights=[1, 0]), "weights must all be > 0"),
        (lambda: toy.ring(modes=2, weights=[1, math.nan]), "weights must be finite"),
        (lambda: toy.gaussian_mixture([]), r"means must have shape \(K, d\)"),
        (lambda: toy.line(length=0), "length must be a number above 0"),
        (lambda: toy.spiral(turns=0), "turns must be a number above 0"),
        (lambda: toy.disjoint(gap=0), "gap must be a number above 0"),
        (lambda: toy.drawn([]), "the drawing is empty"),
        (lambda: toy.drawn([np.zeros((0, 2))]), r"stroke 0 must have shape \(n, 2\) with n >= 1, not \(0, 2\)"),
        (lambda: toy.drawn([[[0, 0]], np.zeros((4, 3))]), r"stroke 1 must have shape \(n, 2\).*\(4, 3\)"),
        (lambda: toy.drawn([[[0, math.nan]]]), "stroke 0 must be finite numbers"),
        (lambda: toy.drawn([[[0, 0], [1]]]), "stroke 0 must be numbers in rows of one length"),
        (lambda: toy.drawn([[[0, 0]]], thickness=0), "thickness must be a number above 0"),
        (lambda: toy.ring().log_prob(torch.zeros(4, 3)), r"ring takes points of shape \(..., 2\), not \(4, 3\)"),
        (lambda: toy.ring().log_prob(1.0), r"shape \(..., 2\), not \(\)"),
        (lambda: toy.ring().sample(-1), "The number of points must be a whole number from 0; got -1"),
        (lambda: toy.ring().sample(3, device="cuda:99"), "no 'cuda:99'"),
        (lambda: toy.ring().log_prob(torch.zeros(4, 2) + 1j), "points of real numbers"),
        (lambda: toy.gaussian_mixture(torch.zeros(4, 2) + 1j), "means must be numbers"),
        (lambda: toy.gaussian_mixture([["a", "b"]]), "means must be numbers"),
        (lambda: toy.make(["ring"]), r"no toy distribution \['ring'\]"),
    ],
)
def test_bad_input_is_named_in_one_sentence(build, message):
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        build()
    assert "\n" not in str(caught.value)


class Own:
    extent = 1.0

    def sample(self, n, seed_or_generator=None, device=None):
        return torch.zeros(n, 2)


def test_the_protocols_tell_what_is_a_distribution():
    assert all(isinstance(toy.make(name), data.Mixture) for name in toy.NAMES)
    assert isinstance(Own(), data.Distribution) and not isinstance(Own(), data.Mixture)
    assert not isinstance(torch.zeros(3, 2), data.Distribution)


def test_bad_seed():
    with pytest.raises(TypeError, match="a seed must be an int, a torch.Generator or None, not a str"):
        toy.ring().sample(3, "seven")

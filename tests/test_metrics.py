"""Laws, limits and independent implementations for gan_edu.metrics on clouds of points."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, stats
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from gan_edu import metrics
from gan_edu.data import toy

pytestmark = pytest.mark.filterwarnings("ignore:Metric .* will save all extracted features")

RING = torch.stack([torch.cos(torch.arange(8) * math.pi / 4), torch.sin(torch.arange(8) * math.pi / 4)], dim=1)
GRID = torch.cartesian_prod(torch.arange(-4.0, 5.0, 2.0), torch.arange(-4.0, 5.0, 2.0))


def normal(n, d, seed):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def mixture(modes, std, n, seed, used=None):
    """n exact samples; only the first `used` modes if given."""
    generator = torch.Generator().manual_seed(seed)
    which = torch.randint(used or len(modes), (n,), generator=generator)
    return modes[which] + std * torch.randn(n, modes.shape[1], generator=generator)


def test_numbers_are_taken_in_any_order_of_memory():
    x = np.random.default_rng(0).normal(size=(40, 3))
    assert metrics.frechet_distance(x[::-1], x) == pytest.approx(0, abs=1e-9)
    assert metrics.frechet_distance(x.astype(">f8"), x) == pytest.approx(0, abs=1e-9)


# ---------------------------------------------------------------- mode coverage


@pytest.mark.parametrize(("modes", "std"), [(RING, 0.01), (GRID, 0.05)])
def test_an_exact_sampler_reaches_the_ceiling_and_the_floor(modes, std):
    K, N, runs = len(modes), 2500, 20
    found = [metrics.mode_coverage(mixture(modes, std, N, seed), modes, std) for seed in range(runs)]
    assert {result.captured for result in found} == {K}
    quality = np.mean([result.high_quality for result in found])
    error = math.sqrt(metrics.HIGH_QUALITY_CEILING_2D * (1 - metrics.HIGH_QUALITY_CEILING_2D) / (N * runs))
    assert abs(quality - metrics.HIGH_QUALITY_CEILING_2D) < 4 * error
    # 2 N KL is chi-square with K - 1 degrees of freedom: mean K - 1, variance 2 (K - 1)
    floor = metrics.reverse_kl_floor(K, N)
    kl = np.mean([result.reverse_kl for result in found])
    assert abs(kl / floor - 1) < 4 * math.sqrt(2 / (K - 1) / runs) + 0.02
    assert metrics.reverse_kl_floor(25, 2500) == pytest.approx(0.0048)


def test_the_ceiling_is_the_chi_square_law_of_three_standard_deviations():
    assert pytest.approx(stats.chi2(2).cdf(9), abs=1e-12) == metrics.HIGH_QUALITY_CEILING_2D
    assert pytest.approx(0.98889, abs=1e-5) == metrics.HIGH_QUALITY_CEILING_2D


def test_missing_modes_are_counted():
    result = metrics.mode_coverage(mixture(RING, 0.01, 2500, 0, used=5), RING, 0.01)
    assert (result.captured, result.total) == (5, 8)
    assert (result.counts[:5] > 400).all() and (result.counts[5:] == 0).all()
    assert result.reverse_kl == pytest.approx(math.log(8 / 5), abs=0.01)
    assert repr(result) == (
        f"ModeCoverage(5 of 8 modes, {result.high_quality:.1%} high quality, reverse KL {result.reverse_kl:.4f})"
    )


def test_the_border_of_high_quality_by_hand():
    modes = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    samples = torch.tensor([[2.9, 0.0], [0.0, 3.1], [10.0, 2.99], [5.0, 0.0], [9.0, 0.0]])
    result = metrics.mode_coverage(samples, modes, std=1.0)
    assert result.counts.tolist() == [1, 2]
    assert result.high_quality == pytest.approx(3 / 5)
    kl = 1 / 3 * math.log((1 / 3) / 0.5) + 2 / 3 * math.log((2 / 3) / 0.5)
    assert result.reverse_kl == pytest.approx(kl)
    assert metrics.mode_coverage(samples, modes, 1.0, weights=[1, 2]).reverse_kl == pytest.approx(0, abs=1e-12)
    assert metrics.mode_coverage(samples, modes, 1.0, sigmas=2.0).counts.tolist() == [0, 1]


def test_without_high_quality_samples_nothing_is_captured():
    result = metrics.mode_coverage(torch.full((10, 2), 100.0), RING, 0.01)
    assert (result.captured, result.high_quality, result.counts.sum()) == (0, 0.0, 0)
    assert math.isnan(result.reverse_kl)


def test_an_ensemble_gets_what_its_runs_get_one_by_one():
    runs = torch.stack([mixture(GRID, 0.05, 500, seed, used=5 * seed + 5) for seed in range(4)])
    together = metrics.mode_coverage(runs, GRID, 0.05)
    assert together.captured.shape == together.high_quality.shape == together.reverse_kl.shape == (4,)
    assert together.counts.shape == (4, 25)
    for s, samples in enumerate(runs):
        alone = metrics.mode_coverage(samples, GRID, 0.05)
        assert together.captured[s] == alone.captured
        assert together.high_quality[s] == pytest.approx(alone.high_quality)
        assert together.reverse_kl[s] == pytest.approx(alone.reverse_kl)
        assert torch.equal(together.counts[s], alone.counts)
    assert repr(together).startswith("ModeCoverage(mean of 4 runs: 12.5 of 25 modes, ")


def test_a_distribution_brings_its_modes_std_and_weights():
    uneven = toy.ring(weights=torch.arange(1.0, 9.0))
    samples = uneven.sample(2500, 0)
    result = metrics.mode_coverage(samples, uneven)
    modes, std, weights = uneven.modes, uneven.mode_std, uneven.mode_weights
    assert result.reverse_kl == metrics.mode_coverage(samples, modes, std, weights).reverse_kl
    assert result.reverse_kl < 0.01 and metrics.mode_coverage(samples, modes, std).reverse_kl > 0.1
    with pytest.raises(ValueError, match="spiral has no modes"):
        metrics.mode_coverage(samples, toy.spiral())


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 8))
def test_coverage_ignores_the_order_of_samples_and_modes(random, used):
    samples = mixture(RING, 0.02, 300, random.randrange(1000), used)
    rows, columns = torch.tensor(random.sample(range(300), 300)), torch.tensor(random.sample(range(8), 8))
    one = metrics.mode_coverage(samples, RING, 0.02)
    two = metrics.mode_coverage(samples[rows], RING[columns], 0.02)
    assert (one.captured, one.high_quality) == (two.captured, two.high_quality)
    assert one.reverse_kl == pytest.approx(two.reverse_kl, abs=1e-9)
    assert torch.equal(one.counts[columns], two.counts)


# ---------------------------------------------------------------- Fréchet distance


class Identity(nn.Module):
    """Takes the numbers of an "image" as its features."""

    num_features = 12

    def forward(self, x):
        return x.flatten(1)


def skewed(n, d, seed):
    """Correlated, not normal: squares mixed by a fixed matrix."""
    return normal(n, d, seed).square() @ normal(d, d, 99) + seed


def test_frechet_distance_equals_torchmetrics():
    x, y = skewed(700, 12, 1), skewed(500, 12, 2)
    metric = FrechetInceptionDistance(feature=Identity().eval(), normalize=True, input_img_size=(1, 3, 4))
    metric.set_dtype(torch.float64)
    metric.update(x.reshape(-1, 1, 3, 4), real=True)
    metric.update(y.reshape(-1, 1, 3, 4), real=False)
    assert metrics.frechet_distance(x, y) == pytest.approx(metric.compute().item(), rel=1e-6)


def test_frechet_distance_equals_scipys_matrix_root():
    x, y = skewed(700, 12, 1).numpy(), skewed(500, 12, 2).numpy()
    s, t = np.cov(x.T), np.cov(y.T)
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(s + t - 2 * linalg.sqrtm(s @ t).real)
    assert metrics.frechet_distance(x, y) == pytest.approx(expected, rel=1e-6)


def test_frechet_distance_in_one_dimension_is_the_difference_of_means_and_deviations():
    x, y = normal(50, 1, 0), 3 * normal(80, 1, 1) + 2
    expected = (x.mean() - y.mean()) ** 2 + (x.std() - y.std()) ** 2
    assert metrics.frechet_distance(x, y) == pytest.approx(expected.item())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(2, 40), st.integers(2, 40), st.floats(0.1, 10))
def test_frechet_distance_is_symmetric_not_negative_and_moves_with_the_space(seed, d, n, m, scale):
    x, y = normal(n, d, seed), normal(m, d, seed + 1) * scale + 1
    value = metrics.frechet_distance(x, y)
    size = float(x.square().sum() / n + y.square().sum() / m)
    close = {"rel": 1e-6, "abs": 1e-6 * size}  # fewer samples than dimensions: roots of rounding errors
    assert value >= -1e-6 * size
    assert metrics.frechet_distance(x, x) == pytest.approx(0, abs=1e-6 * size)
    assert metrics.frechet_distance(y, x) == pytest.approx(value, **close)
    rotation = torch.linalg.qr(normal(d, d, seed + 2)).Q
    assert metrics.frechet_distance(x @ rotation + 5, y @ rotation + 5) == pytest.approx(value, **close)
    assert metrics.frechet_distance(3 * x, 3 * y) == pytest.approx(9 * value, rel=1e-6, abs=9e-6 * size)
    assert metrics.frechet_distance(x.flip(0), y.flip(0)) == pytest.approx(value, **close)


@pytest.mark.parametrize(
    ("d", "n", "m", "scales"),
    [
        (16, 500, 500, torch.ones(16)),
        (64, 2000, 2000, torch.ones(64)),
        (16, 400, 1600, torch.ones(16)),
        (16, 500, 500, 0.8 ** torch.arange(16)),
    ],
)
def test_the_frechet_floor_of_normal_samples(d, n, m, scales):
    values = [
        metrics.frechet_distance(normal(n, d, 2 * seed) * scales, normal(m, d, 2 * seed + 1) * scales)
        for seed in range(100)
    ]
    error = np.std(values, ddof=1) / math.sqrt(len(values))
    rotation = torch.linalg.qr(normal(d, d, 3)).Q
    covariance = rotation @ torch.diag(scales.double() ** 2) @ rotation.T
    floor = metrics.frechet_expected_floor(d, n, m, covariance)
    assert abs(np.mean(values) - floor) < 4 * error + 0.02 * floor
    assert error < 0.05 * floor  # so that the line above says something
    if scales.min() == 1:
        assert metrics.frechet_expected_floor(d, n, m) == pytest.approx(floor)


def test_the_frechet_floor_has_its_closed_form():
    assert metrics.frechet_expected_floor(64, 1000) == pytest.approx((64 * 65 / 2 + 2 * 64) / 1000)
    assert metrics.frechet_expected_floor(64, 1000, 4000) == pytest.approx(2.208 * 5 / 8)
    assert metrics.frechet_expected_floor(2, 10, covariance=torch.zeros(2, 2)) == pytest.approx(0, abs=1e-200)
    with pytest.raises(ValueError, match=r"covariance has shape \(3, 3\); expected \(2, 2\)"):
        metrics.frechet_expected_floor(2, 10, covariance=torch.eye(3))


# ---------------------------------------------------------------- kernel distance


def test_kernel_distance_equals_torchmetrics():
    x, y = normal(400, 12, 1), normal(400, 12, 2).abs()
    metric = KernelInceptionDistance(feature=Identity().eval(), normalize=True, subsets=1, subset_size=400)
    metric.set_dtype(torch.float64)
    metric.update(x.reshape(-1, 1, 3, 4), real=True)
    metric.update(y.reshape(-1, 1, 3, 4), real=False)
    assert metrics.kernel_distance(x, y) == pytest.approx(metric.compute()[0].item(), rel=1e-6)


def test_kernel_distance_by_its_definition_for_unequal_numbers():
    x, y = normal(7, 3, 1).numpy(), normal(601, 3, 2).numpy() + 0.3  # more than one chunk

    def kernel(a, b):
        return (a @ b / 3 + 1) ** 3

    same_x = np.mean([kernel(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j])
    same_y = np.mean([kernel(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j])
    cross = np.mean([kernel(a, b) for a in x for b in y])
    assert metrics.kernel_distance(x, y) == pytest.approx(same_x + same_y - 2 * cross)


def test_kernel_distance_is_unbiased_and_goes_below_zero():
    values = [metrics.kernel_distance(normal(100, 16, 2 * seed), normal(100, 16, 2 * seed + 1)) for seed in range(200)]
    assert abs(np.mean(values)) < 4 * np.std(values) / math.sqrt(len(values))
    assert 0.3 < np.mean(np.array(values) < 0) < 0.8
    # a sample's pairs with itself, left in, would add about 2 E[k(x, x)] / 100 to every value
    assert 4 * np.std(values) / math.sqrt(len(values)) < 0.1 * 2 * 8 / 100


# ---------------------------------------------------------------- precision, recall, density, coverage


def brute_force(real, fake, k):
    """The definitions, pair by pair."""
    between = np.linalg.norm(fake[:, None] - real[None], axis=2)  # (M, N)
    real_radius = np.sort(np.linalg.norm(real[:, None] - real[None], axis=2), axis=1)[:, k]
    fake_radius = np.sort(np.linalg.norm(fake[:, None] - fake[None], axis=2), axis=1)[:, k]
    in_real, in_fake = between <= real_radius[None], between <= fake_radius[:, None]
    return in_real.any(1).mean(), in_fake.any(0).mean(), in_real.sum() / (k * len(fake)), in_real.any(0).mean()


@pytest.mark.parametrize(("n", "m", "d", "k"), [(60, 40, 2, 1), (300, 520, 3, 3), (510, 90, 10, 5)])
def test_neighbour_measures_equal_their_definitions(n, m, d, k):
    real, fake = normal(n, d, 1), normal(m, d, 2) * 0.7 + 0.2
    measured = (*metrics.precision_recall(real, fake, k), *metrics.density_coverage(real, fake, k))
    assert measured == pytest.approx(brute_force(real.numpy(), fake.numpy(), k))
    known = metrics.neighbour_distances(real, k)
    assert metrics.precision_recall(real, fake, k, known) == measured[:2]
    assert metrics.density_coverage(real, fake, k, known) == measured[2:]


@pytest.mark.parametrize(("n", "m", "d", "k"), [(300, 300, 2, 5), (400, 100, 2, 3), (300, 300, 64, 5)])
def test_density_and_coverage_of_equal_distributions(n, m, d, k):
    pairs = [metrics.density_coverage(normal(n, d, 2 * s), normal(m, d, 2 * s + 1), k) for s in range(40)]
    density, coverage = np.array(pairs).T
    for values, expected in ((density, 1), (coverage, metrics.expected_coverage(n, m, k))):
        error = values.std(ddof=1) / math.sqrt(len(values))
        assert abs(values.mean() - expected) < 4 * error
        assert error < 0.02


def test_expected_precision_is_what_new_samples_of_the_same_kind_have():
    chance = torch.Generator().manual_seed(0)
    for n, d in ((60, 10), (600, 20)):  # more than one part of the matrix, too
        said, found = [], []
        for _ in range(12 if n < 100 else 3):
            x, y = (torch.randn(n, d, generator=chance) for _ in range(2))
            said.append(metrics.expected_precision(x, 3))
            found += metrics.precision_recall(x, y, 3)
        assert np.mean(said) == pytest.approx(np.mean(found), abs=0.04)
    line = torch.tensor([[0.0], [1.1], [2], [2.8], [100]])
    assert metrics.expected_precision(line, 1) == 3 / 5  # nobody's nearest is 0 or 100
    with pytest.raises(ValueError, match="at least 3"):
        metrics.expected_precision(line[:2], 1)


def test_expected_coverage_has_the_known_values_and_limit():
    assert metrics.expected_coverage(500, 500, 3) == pytest.approx(0.8758, abs=1e-4)
    assert metrics.expected_coverage(10**7, 10**7, 5) == pytest.approx(1 - 2**-5, abs=1e-6)
    assert metrics.expected_coverage(3, 1, 1) == pytest.approx(1 / 3)  # 1 fake among 3 candidates is nearest


def test_failures_of_a_generator_move_the_measure_that_is_meant_for_them():
    real = mixture(RING, 0.1, 1000, 0).double()
    assert min(metrics.precision_recall(real, mixture(RING, 0.1, 1000, 1))) > 0.9
    collapsed = mixture(RING, 0.1, 1000, 2, used=2)
    precision, recall = metrics.precision_recall(real, collapsed)
    assert precision > 0.9 and recall < 0.45
    density, coverage = metrics.density_coverage(real, collapsed)
    assert density > 0.8 and coverage < 0.3
    vague = mixture(RING, 0.4, 1000, 3)
    precision, recall = metrics.precision_recall(real, vague)
    assert precision < 0.6 and recall > 0.9
    assert metrics.precision_recall(real, real) == (1, 1)
    assert metrics.density_coverage(real, real).coverage == 1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_neighbour_measures_ignore_order_rotation_and_scale(seed, d):
    real, fake = normal(60, d, seed), normal(50, d, seed + 1)
    rotation = 2 * torch.linalg.qr(normal(d, d, seed + 2)).Q
    for measure in (metrics.precision_recall, metrics.density_coverage):
        value = measure(real, fake)
        assert measure(real.flip(0), fake.flip(0)) == pytest.approx(value)
        assert measure(real @ rotation, fake @ rotation) == pytest.approx(value)


# ---------------------------------------------------------------- two-sample test


def test_two_sample_test_is_honest_for_equal_distributions():
    tests = [metrics.classifier_two_sample_test(normal(200, 2, 2 * s), normal(200, 2, 2 * s + 1), s) for s in range(40)]
    p = np.array([test.p_value for test in tests])
    assert stats.kstest(p, "uniform").pvalue > 1e-3
    assert abs(np.mean([test.accuracy for test in tests]) - 0.5) < 4 * 0.5 / math.sqrt(200 * 40)
    assert np.std([test.accuracy for test in tests]) == pytest.approx(0.5 / math.sqrt(200), rel=0.5)
    for test in tests[:5]:
        right = round(test.accuracy * 200)
        assert test.n_test == 200
        assert test.p_value == pytest.approx(stats.binomtest(right, 200, alternative="greater").pvalue)


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        (normal(600, 2, 1), normal(600, 2, 2) + 0.5),  # shifted
        (normal(600, 16, 1), 1.3 * normal(600, 16, 2)),  # wider, no linear difference
        (normal(600, 2, 1), normal(600, 2, 2) @ torch.tensor([[1, 0.8], [0, 0.6]], dtype=torch.float64)),  # correlated
        (mixture(RING, 0.02, 600, 1), mixture(RING, 0.04, 600, 2)),  # modes twice too wide
        (mixture(RING, 0.02, 600, 1), mixture(RING, 0.02, 900, 2, used=6)),  # two modes missing, more samples
    ],
)
def test_two_sample_test_finds_differences(real, fake):
    test = metrics.classifier_two_sample_test(real, fake)
    assert test.p_value < 1e-3 and test.accuracy > 0.55
    assert test == metrics.classifier_two_sample_test(real, fake)  # the same seed
    assert test.n_test == 600


# ---------------------------------------------------------------- what came in

TWO = (
    metrics.frechet_distance,
    metrics.kernel_distance,
    metrics.precision_recall,
    metrics.density_coverage,
    metrics.classifier_two_sample_test,
)


@pytest.mark.parametrize("measure", TWO)
def test_bad_tables_are_named(measure):
    first, second = ("x", "y") if measure in TWO[:2] else ("real", "fake")
    good, broken = normal(30, 4, 0), normal(30, 4, 1)
    broken[3, 2], broken[4, 1] = math.nan, math.inf
    with pytest.raises(ValueError, match=f"^{second} holds 2 numbers that are NaN or infinite, of 120"):
        measure(good, broken)
    with pytest.raises(ValueError, match=f"^{first} holds 2 numbers"):
        measure(broken, good)
    with pytest.raises(ValueError, match=rf"^{first} has shape \(30,\); expected \(N, d\)"):
        measure(good[:, 0], good)
    with pytest.raises(ValueError, match=f"^{second} holds 1 sample"):
        measure(good, good[:1])
    with pytest.raises(ValueError, match=f"^{first} has 4 numbers a sample and {second} has 3"):
        measure(good, good[:, :3])
    with pytest.raises(ValueError, match=f"^{second} holds numbers up to .*e\\+150, too large"):
        measure(good, good * 1e150)
    for bad, words in [
        (good > 0, "must hold real numbers; got bool"),
        (good + 1j, "must hold real numbers; got complex128"),
        (["a", "b"], "must be a tensor or an array of numbers; got a list"),
        ({"a": 1}, "must be a tensor or an array of numbers; got a dict"),
    ]:
        with pytest.raises(TypeError, match=f"^{first} {words}"):
            measure(bad, good)


def test_large_numbers_are_measured_as_long_as_their_powers_are_numbers():
    x, y = normal(30, 4, 0) * 1e35, normal(30, 4, 1) * 1e35
    assert all(math.isfinite(measure(x, y)) for measure in TWO[:2])


def test_bad_arguments_of_mode_coverage_are_named():
    good = mixture(RING, 0.01, 20, 0)
    with pytest.raises(ValueError, match="samples holds 40 numbers"):
        metrics.mode_coverage(good * math.nan, RING, 0.01)
    with pytest.raises(ValueError, match=r"samples has shape \(20, 3\); expected \(N, 2\) or \(S, N, 2\)"):
        metrics.mode_coverage(torch.zeros(20, 3), RING, 0.01)
    with pytest.raises(ValueError, match="at least 2 samples"):
        metrics.mode_coverage(good[:1], RING, 0.01)
    with pytest.raises(ValueError, match="std is missing"):
        metrics.mode_coverage(good, RING)
    with pytest.raises(ValueError, match="std must be a number above 0; got 0"):
        metrics.mode_coverage(good, RING, 0)
    for weights in (torch.ones(7), torch.tensor([1.0] * 7 + [0.0])):
        with pytest.raises(ValueError, match="weights must be 8 positive numbers"):
            metrics.mode_coverage(good, RING, 0.01, weights)


def test_impossible_numbers_of_neighbours_and_samples_are_refused():
    x = normal(5, 2, 0)
    for measure in (metrics.precision_recall, metrics.density_coverage):
        with pytest.raises(ValueError, match="at least 6 are needed"):
            measure(x, x, k=5)
        with pytest.raises(ValueError, match="k must be a whole number"):
            measure(x, x, k=0)
        for k in (True, 2.5, "3"):
            with pytest.raises(TypeError if k != 2.5 else ValueError, match="k must be a whole number from 1"):
                measure(x, x, k=k)
        assert measure(x, x, k=np.int64(3)) == measure(x, x, k=3)
        for radii in (1.0, [1.0], torch.ones(5, 1), torch.ones(4)):
            with pytest.raises(ValueError, match=r"radii has shape .*; expected \(5,\)"):
                measure(x, x, k=3, radii=radii)
        with pytest.raises(ValueError, match="radii holds 5 numbers that are NaN"):
            measure(x, x, k=3, radii=torch.full((5,), math.nan))
    with pytest.raises(ValueError, match="1 <= k < n"):
        metrics.expected_coverage(5, 5, 5)
    for floor in (metrics.reverse_kl_floor, metrics.frechet_expected_floor):
        with pytest.raises(ValueError, match="at least 1"):
            floor(0, 5)

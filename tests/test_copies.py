"""Nearest training samples, and the copy audit."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_edu.data import ImageSet
from gan_edu.metrics import copies, copy_audit, nearest


@given(st.integers(1, 12), st.integers(1, 30), st.integers(1, 5), st.integers(0, 10**6))
def test_the_nearest_are_those_with_the_least_distances(n, m, k, seed):
    chance = torch.Generator().manual_seed(seed)
    x, among = (torch.randn(size, 2, 3, generator=chance) for size in (n, m))
    k = min(k, m)
    found = nearest(x, among, k)
    every = (x.flatten(1).double()[:, None] - among.flatten(1).double()).norm(dim=2)
    wanted = every.topk(k, largest=False)
    torch.testing.assert_close(found.distance, wanted.values)
    torch.testing.assert_close(every.gather(1, found.index), wanted.values)


def test_copies_are_found_exactly_far_away_from_zero():
    """In 32 bits |a|² + |b|² − 2ab of two equal pictures is far from 0."""
    among = 100 + torch.rand(600, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    x = among[torch.arange(0, 600, 7)]
    found = nearest(x, among, k=2)
    assert (found.distance[:, 0] == 0).all() and (found.distance[:, 1] > 1).all()
    assert torch.equal(found.index[:, 0], torch.arange(0, 600, 7))


@pytest.mark.parametrize("width", [20, 200])
def test_neighbours_are_the_same_far_away_from_zero(width):
    """Seconds since 1970, say, which 32 bits only tell to two minutes."""
    chance = torch.Generator().manual_seed(0)
    among = torch.randn(2000, width, generator=chance, dtype=torch.float64)
    x = torch.randn(20, width, generator=chance, dtype=torch.float64)
    assert torch.equal(nearest(x + 1.7e9, among + 1.7e9, k=3).index, nearest(x, among, k=3).index)


def test_neighbours_in_columns_of_different_units_are_the_nearest():
    chance = torch.Generator().manual_seed(0)
    unit = torch.ones(30, dtype=torch.float64)
    unit[0] = 1e7
    among, x = (unit * torch.rand(n, 30, generator=chance, dtype=torch.float64) for n in (30_000, 10))
    wanted = (x[:, None] - among).norm(dim=2).argmin(1)
    assert torch.equal(nearest(x, among).index[:, 0], wanted)


def test_pictures_that_do_not_fit_in_memory_are_read_in_parts(monkeypatch):
    pixels = torch.randint(0, 256, (70, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    many = ImageSet("many/", "all", pixels, torch.zeros(70, dtype=torch.int64), ("a",))
    x = many.tensor()[:30] + 0.01
    whole = nearest(x, many.tensor(), k=3)
    monkeypatch.setattr(copies, "BLOCK", 8 * 192)
    most, take = [], ImageSet.tensor
    monkeypatch.setattr(ImageSet, "tensor", lambda *a, **b: most.append(len(got := take(*a, **b))) or got)
    parts = nearest(x, many, k=3)
    assert torch.equal(parts.index, whole.index) and torch.equal(parts.distance, whole.distance)
    assert torch.equal(parts.index[:, 0], torch.arange(30)) and max(most) <= 11
    audit = copy_audit(many, many, x)
    assert audit.share == 1 and (audit.to_training == 0).all()


def sets(seed=0, n=400):
    chance = torch.Generator().manual_seed(seed)
    return (torch.randn(size, 1, 3, 3, generator=chance) for size in (n, n, n))


def test_an_audit_tells_copies_from_new_samples():
    training, held_out, new = sets()
    fair = copy_audit(new, training, held_out)
    assert fair.expected == 0.5 and fair.share == pytest.approx(0.5, abs=0.1)
    noisy = training[:100] + 0.05 * torch.randn(100, 1, 3, 3, generator=torch.Generator().manual_seed(1))
    thief = copy_audit(noisy, training, held_out)
    assert thief.share > 0.95 and torch.equal(thief.index, torch.arange(100))
    exact = copy_audit(training[:50], training, held_out)
    assert exact.share == 1 and (exact.to_training == 0).all()
    assert "exact copies: 50" in repr(exact) and "50.0%, ± 7.1% or more" in repr(exact)


def test_an_audit_knows_what_sets_of_other_sizes_are_worth():
    training, held_out, new = sets(1, 900)
    audit = copy_audit(new, training, held_out[:300])
    assert audit.expected == 0.75 and audit.share == pytest.approx(0.75, abs=0.08)
    assert copy_audit(new, training, training).share == 0.5  # ties


def test_samples_that_do_not_fit_get_a_sentence():
    x = torch.zeros(4, 1, 3, 3)
    for call, kind, text in (
        (lambda: nearest(x, torch.zeros(4, 8)), ValueError, "x has 9 numbers a sample and among has 8"),
        (lambda: nearest(x, x, k=5), ValueError, r"among has shape \(4, 1, 3, 3\); expected \(N, ...\) with N ≥ 5"),
        (lambda: nearest(x[0, 0, 0], x), ValueError, r"x has shape \(3,\)"),
        (lambda: nearest(x[:0], x), ValueError, r"x has shape \(0, 1, 3, 3\)"),
        (lambda: nearest(x, x, k=0), ValueError, "k must be a whole number from 1"),
        (lambda: nearest(x * torch.nan, x), ValueError, "4 of 4 x hold NaN or infinite numbers"),
        (lambda: nearest(x[:, :0], x[:, :0]), ValueError, r"x has shape \(4, 0, 3, 3\)"),
        (lambda: nearest("x", x), TypeError, "x must be a tensor"),
        (lambda: copy_audit(x, torch.zeros(2, 8), x), ValueError, "fake has 9 numbers a sample and training has 8"),
        (lambda: copy_audit(x, x, torch.zeros(2, 8)), ValueError, "fake has 9 numbers a sample and held_out has 8"),
    ):
        with pytest.raises(kind, match=text):
            call()

"""gan_edu.simulators: worlds with a known effect, the judge of five ways, and GANs that make worlds."""

import numpy as np
import pytest
import torch

from gan_edu import causal, simulators


def table(n=300, seed=0):
    chance = np.random.default_rng(seed)
    x = np.column_stack([chance.normal(size=n), chance.integers(2, size=n), chance.integers(16, 50, size=n)])
    t = (chance.random(n) < 1 / (1 + np.exp(1 - x[:, 0]))).astype(float)
    y = np.maximum(0, 2 * x[:, 0] + x[:, 1] + 3 * t + chance.normal(size=n))
    return x, t, y


def test_the_estimates_are_those_of_causal():
    x, t, y = table()
    wanted = [
        causal.difference(x, t, y),
        causal.outcome_regression(x, t, y),
        causal.weighting(x, t, y, trim=1.0),
        causal.doubly_robust(x, t, y, trim=1.0),
        causal.matching(x, t, y),
    ]
    found = simulators.estimates(x, t, y)
    assert np.allclose(found[:, 0], wanted)
    parts = [y[t == value] for value in (1, 0)]
    assert found[0, 1] == pytest.approx(np.sqrt(sum(part.var() / len(part) for part in parts)), rel=0.01)


def test_a_world_knows_its_effect_and_the_judge_finds_the_bias():
    x, t, y = table(4000)
    world = simulators.World(x, t, y, y - 3 * (2 * t - 1))
    assert world.effect == pytest.approx(3)
    verdict = simulators.judge(world, 60, 200, times=20)
    assert verdict.errors.shape == (20, 5) and verdict.bias[0] > 0.5
    assert np.allclose(verdict.rmse**2, verdict.bias**2 + verdict.errors.std(axis=0) ** 2)
    assert verdict.coverage[0] < 0.7 < verdict.coverage[3]
    assert np.array_equal(verdict.errors, simulators.judge(world, 60, 200, times=20).errors)


@pytest.mark.parametrize("make", [simulators.resampled, simulators.regressed, simulators.neighbours, simulators.copula])
def test_plain_makers(make):
    x, t, y = table()
    world = make(x, t, y, rows=500)
    assert world.x.shape == (1000, 3) and world.t.sum() == 500
    assert np.isin(world.x[:, 1], (0, 1)).all()
    if make is simulators.resampled:
        assert world.effect == 0 and np.isin(world.y, y[t == 0]).all()
    else:
        assert 1 < world.effect < 4
    if make is not simulators.regressed:
        assert (world.y[world.t == 0] == 0).mean() == pytest.approx((y[t == 0] == 0).mean(), abs=0.12)
    if make is simulators.copula:
        assert np.corrcoef(world.x[world.t == 0, 0], world.y[world.t == 0])[0, 1] > 0.5


def test_in_the_world_of_a_line_regression_has_no_bias():
    verdict = simulators.judge(simulators.regressed(*table(800), rows=3000), 60, 200, times=40)
    assert abs(verdict.bias[1]) < 4 * verdict.errors[:, 1].std() / 40**0.5


def test_gans_keep_bounds_and_kinds_of_columns():
    x, t, y = table()
    before = torch.random.get_rng_state()
    two = simulators.TableGANs([(x, t, y)] * 2, steps=30, batch=32, hidden=16, clamped=[True, False])
    assert torch.equal(before, torch.random.get_rng_state())
    held, free = two.worlds(400)
    assert np.isin(held.x[:, 1], (0, 1)).all() and (held.x[:, 2] == held.x[:, 2].round()).all()
    assert held.y.min() >= 0 and held.other.min() >= 0
    assert held.y[held.t == 0].max() <= y[t == 0].max() + 1e-4
    assert (free.y == 0).sum() == 0
    again = simulators.TableGANs([(x, t, y)] * 2, steps=30, batch=32, hidden=16, clamped=[True, False])
    assert np.array_equal(again.worlds(400)[0].y, held.y)


def test_pieces():
    slopes = torch.tensor([[0.3, 0.4], [3.0, 4.0]])
    assert simulators.one_sided(slopes).item() == pytest.approx(2)
    v = torch.tensor([-1.0, 0.5, 3.0], requires_grad=True)
    cut = simulators.bounded(v, torch.tensor(0.0), torch.tensor(2.0))
    assert cut.tolist() == [0.0, 0.5, 2.0]
    cut.sum().backward()
    assert v.grad.tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(ValueError):
        simulators.resampled(np.zeros((3, 2)), np.zeros(3), np.zeros(3))

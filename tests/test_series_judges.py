"""The judges of series: exact where mathematics has values, blind to nothing that they are asked for."""

import json
from pathlib import Path

import pytest
import torch

from gan_edu import data
from gan_edu import series_judges as judges
from gan_edu.data import processes

ROOT = Path(__file__).resolve().parent.parent


def test_autocorrelation():
    windows = torch.tensor([[5.0, 3.0, 4.0], [1.0, 2.0, 3.0]])
    assert torch.allclose(judges.autocorrelation(windows, 2), torch.tensor([1.0, 0.3, 0.6]))
    assert torch.allclose(judges.autocorrelation(windows[:, None], 2), torch.tensor([1.0, 0.3, 0.6]))
    x = processes.ar2(20_000, 16, seed=0)
    assert (judges.autocorrelation(x, 12) - processes.ar2_autocorrelation(12)).abs().max() < 0.02


def test_spectrum():
    x = processes.ar2(2000, 256, seed=0)
    frequency, power = judges.spectrum(x)
    assert frequency.shape == power.shape == (129,) and frequency[-1] == 0.5
    exact = processes.ar2_spectrum(frequency)
    assert ((power / exact - 1).abs()[1:40]).max() < 0.25  # longer windows smear less
    _, white = judges.spectrum(torch.randn(4000, 24, generator=torch.Generator().manual_seed(0)))
    assert (white[1:] - 1).abs().max() < 0.1


def test_told_apart_and_forecasts():
    real, other = (processes.ar2(1500, 24, seed=s) for s in (0, 1))
    fakes = {"real": other, "shuffled": _shuffled(other)[:, None]}
    before = torch.get_rng_state()
    apart = judges.told_apart(real, fakes, steps=150)
    assert abs(apart["real"] - 0.5) < 0.06 and apart["shuffled"] > 0.9
    assert apart == judges.told_apart(real, fakes, steps=150)
    errors = judges.forecast_errors(real, fakes, steps=150)
    assert errors["real"] < 0.4 < errors["shuffled"]
    larger = judges.forecast_errors(real, fakes, steps=150, hidden=(64, 64))
    assert larger["real"] < errors["real"] * 1.1 and larger["shuffled"] > 0.4
    assert torch.equal(before, torch.get_rng_state()), "judges draw from streams of their own"


def test_without_shuffling_the_first_half_trains():
    """Real and generated windows change places in the middle: who learned the first half is wrong about the second."""
    x = processes.ar2(400, 24, seed=0)
    low, high = x[:200] - 3, x[200:] + 3
    real, fakes = torch.cat([low, high]), {"a": torch.cat([high, low])}
    assert judges.told_apart(real, fakes, steps=40, shuffle=False)["a"] < 0.05
    assert 0.3 < judges.told_apart(real, fakes, steps=40)["a"] < 0.7


def test_what_can_not_be_judged():
    x = torch.randn(40, 10)
    with pytest.raises(ValueError, match="lags up to 9"):
        judges.autocorrelation(x, 10)
    with pytest.raises(ValueError, match="one column"):
        judges.spectrum(torch.randn(4, 2, 10))
    with pytest.raises(ValueError, match="as many numbers"):
        judges.told_apart(x, {"a": torch.randn(40, 9)})
    with pytest.raises(ValueError, match="fakes must be a dict"):
        judges.told_apart(x, {})
    with pytest.raises(ValueError, match="fakes must be a dict"):
        judges.told_apart(x, x)
    with pytest.raises(ValueError, match="two windows"):
        judges.told_apart(x[:1], {"a": x})
    with pytest.raises(TypeError, match="seed must be a whole number from 0"):
        judges.told_apart(x, {"a": x}, seed="x")
    with pytest.raises(TypeError, match="real must be windows as a tensor"):
        judges.told_apart(data.series(x[0], 4), {"a": x})
    with pytest.raises(ValueError, match="more than 8 steps"):
        judges.forecast_errors(x, {"a": torch.randn(40, 8)})
    spoiled = x.clone()
    spoiled[:3, 0] = torch.nan
    with pytest.raises(ValueError, match="a must be finite; 3 of 400 numbers are not"):
        judges.told_apart(x, {"a": spoiled})
    for judge in (judges.told_apart, judges.forecast_errors):
        with pytest.raises(ValueError, match=r"real must vary; all their numbers are 0\.1\."):
            judge(torch.full((40, 10), 0.1), {"a": x})
    with pytest.raises(ValueError, match="windows must vary"):
        judges.autocorrelation(torch.full((40, 10), 0.1), 2)
    with pytest.raises(ValueError, match=r"must have shape .* got \(3, 0\)"):
        judges.autocorrelation(torch.zeros(3, 0), 0)


def _shuffled(x):
    return x.gather(1, torch.rand(x.shape, generator=torch.Generator().manual_seed(2)).argsort(dim=1))


def test_level_and_unit_change_nothing():
    real, other = (processes.ar2(600, 24, seed=s) for s in (0, 1))
    fakes = {"real": other, "shuffled": _shuffled(other)}
    moved = {name: 7 * x.double() + 1e5 for name, x in fakes.items()}
    before = judges.told_apart(real, fakes, steps=100)
    assert before == pytest.approx(judges.told_apart(7 * real.double() + 1e5, moved, steps=100), abs=0.01)
    assert before["shuffled"] > 0.9
    before = judges.forecast_errors(real, fakes, steps=50)
    after = judges.forecast_errors(7 * real.double() + 1e5, moved, steps=50)
    assert {name: error / 49 for name, error in after.items()} == pytest.approx(before, rel=0.01)
    assert torch.allclose(judges.autocorrelation(real, 5), judges.autocorrelation(real.double() + 1e6, 5), atol=1e-5)


def test_equal_windows_get_equal_scores_at_every_place():
    real, other = (processes.ar2(400, 24, seed=s) for s in (0, 1))
    shuffled = _shuffled(other)
    for judge in (judges.told_apart, judges.forecast_errors):
        found = judge(real, {"a": other, "shuffled": shuffled, "b": other, "c": other}, steps=40)
        assert found["a"] == found["b"] == found["c"] != found["shuffled"]
        assert found["shuffled"] == pytest.approx(judge(real, {"s": shuffled, "o": other}, steps=40)["s"], abs=1e-3)


def test_what_lies_far_out_is_found():
    real = processes.ar2(400, 24, seed=0)
    huge = {"huge": 1e35 * torch.randn(400, 24, generator=torch.Generator().manual_seed(0))}
    assert judges.told_apart(real, huge)["huge"] > 0.95
    assert 0.5 < judges.forecast_errors(real, huge)["huge"] < 1e6


def test_numpy_windows_of_any_stride_are_windows():
    real = processes.ar2(40, 24, seed=0)
    assert torch.equal(judges.autocorrelation(real.numpy()[::-1], 3), judges.autocorrelation(real.flip(0), 3))


def test_chapter_54_shows_the_recorded_benchmark():
    text = (ROOT / "sources/chapters/54_series.py").read_text(encoding="utf-8")
    record = json.loads((ROOT / "benchmarks/recorded/series.json").read_text(encoding="utf-8"))
    ar2, regimes, longer = (record[part]["rows"] for part in ("AR(2)", "regimes", "longer"))

    def said(row):
        return " · ".join(f"{value:.2f}" for value in row["apart"])

    for first, second in zip(ar2, regimes, strict=True):
        assert first["kind"] == second["kind"] and f"| {said(first)} | {said(second)} |" in text, first
    for row in longer:
        assert f"# | {row['kind']} | {row['steps']} | {said(row)} | {row['seconds']} |" in text, row

    def scores(values):
        return " · ".join(f"{abs(value - 0.5):.3f}" for value in values)

    for row in record["sines"]["rows"]:
        assert f" | {scores(row['apart'])} | {scores(row['small'])} |" in text, row
    for row in record["sunspots"]["rows"]:
        cells = [" · ".join(f"{value:.2f}" for value in row[key]) for key in ("lean", "below 0", "lag 11", "by years")]
        assert row["kind"] == "training windows" or f" | {' | '.join(cells)} |" in text, row

"""The judges of series: exact where mathematics has values, blind to nothing that they are asked for."""

import pytest
import torch

from gan_edu import series_judges as judges
from gan_edu.data import processes


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
    shuffled = other.gather(1, torch.rand(other.shape, generator=torch.Generator().manual_seed(2)).argsort(dim=1))
    fakes = {"real": other, "shuffled": shuffled[:, None]}
    before = torch.get_rng_state()
    apart = judges.told_apart(real, fakes, steps=150)
    assert abs(apart["real"] - 0.5) < 0.06 and apart["shuffled"] > 0.9
    assert apart == judges.told_apart(real, fakes, steps=150)
    errors = judges.forecast_errors(real, fakes, steps=150)
    assert errors["real"] < 0.4 < errors["shuffled"]
    larger = judges.forecast_errors(real, fakes, steps=150, hidden=(64, 64))
    assert larger["real"] < errors["real"] * 1.1 and larger["shuffled"] > 0.4
    assert torch.equal(before, torch.get_rng_state()), "judges draw from streams of their own"


def test_what_can_not_be_judged():
    x = torch.randn(40, 10)
    with pytest.raises(ValueError, match="lags up to 9"):
        judges.autocorrelation(x, 10)
    with pytest.raises(ValueError, match="one column"):
        judges.spectrum(torch.randn(4, 2, 10))
    with pytest.raises(ValueError, match="as many numbers"):
        judges.told_apart(x, {"a": torch.randn(40, 9)})
    with pytest.raises(ValueError, match="as many numbers"):
        judges.told_apart(x, {})
    with pytest.raises(ValueError, match="more than 8 steps"):
        judges.forecast_errors(x, {"a": torch.randn(40, 8)})
    with pytest.raises(ValueError, match="finite"):
        judges.told_apart(x, {"a": x / 0})

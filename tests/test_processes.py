"""Series with a known law: the samplers do what the formulas say, from the first step on."""

import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_edu.data import processes

MANY = 40_000


def test_ar2_has_its_law_from_the_first_step_on():
    x = processes.ar2(MANY, 12, seed=0).double()
    assert x.shape == (MANY, 12)
    assert x.mean(dim=0).abs().max() < 0.03
    covariance = x.T @ x / MANY
    rho = processes.ar2_autocorrelation(11)
    expected = rho[(torch.arange(12)[:, None] - torch.arange(12)).abs()]
    assert (covariance - expected).abs().max() < 0.035


def test_ar2_obeys_its_equation():
    x = processes.ar2(3, 5000, seed=1).double()
    a1, a2 = processes.ar2_coefficients()
    noise = x[:, 2:] - a1 * x[:, 1:-1] - a2 * x[:, :-2]
    # whatever is left is white
    assert abs(np.corrcoef(noise[:, 1:].flatten(), noise[:, :-1].flatten())[0, 1]) < 0.03
    assert abs(noise.var().item() / processes._noise_variance(a1, a2) - 1) < 0.05


@settings(deadline=None, max_examples=25)
@given(st.floats(2.5, 30), st.floats(0, 0.97))
def test_spectrum_and_autocorrelation_are_one_law(period, damping):
    frequency = (torch.arange(4096, dtype=torch.float64) + 0.5) / 4096 - 0.5
    density = processes.ar2_spectrum(frequency, period, damping)
    for lag, rho in enumerate(processes.ar2_autocorrelation(6, period, damping).tolist()):
        integral = (density * torch.cos(2 * np.pi * frequency * lag)).mean().item()
        assert abs(integral - rho) < 1e-4


def test_regimes_stay_and_switch():
    x = processes.regimes(MANY, 6, seed=0, noise=0.0)
    assert set(x.unique().tolist()) == {-1.0, 1.0}
    assert abs((x[:, 1:] == x[:, :-1]).float().mean() - 0.95) < 0.003
    assert x[:, 0].mean().abs() < 0.02 and x[:, -1].mean().abs() < 0.02
    seen = processes.regimes(MANY, 6, seed=0)
    assert abs((seen.abs() - 1).abs().mean() - 0.25 * np.sqrt(2 / np.pi)) < 0.003
    assert torch.equal(processes.regimes(5, 30, 0, stay=1.0, noise=0.0).std(dim=1), torch.zeros(5))


def test_sines_are_arcs():
    x = processes.sines(2000, seed=0)
    assert x.shape == (2000, 5, 24) and 0.5 <= x.min() and x.max() <= 1
    angle = torch.asin((2 * x[:, :, :2].double() - 1).clamp(-1, 1))
    assert (angle[:, :, 0]).max() < 0.1001 and 0.099 < (angle[:, :, 1] - angle[:, :, 0]).max() < 0.1001
    assert abs(np.corrcoef(x[:, 0, -1], x[:, 1, -1])[0, 1]) < 0.1  # columns know nothing of each other


def test_sunspots():
    years, numbers = processes.sunspots()
    assert years.tolist() == list(range(1700, 2009)) and numbers.shape == (309,) and numbers.dtype == torch.float32
    assert numbers.min() == 0 and years[numbers.argmax()] == 1957 and abs(numbers.max() - 190.2) < 1e-4
    content = processes._SUNSPOTS.read_bytes().replace(b"\r\n", b"\n")
    assert hashlib.sha256(content).hexdigest() == "74b8e3acb9886b68abe9c56f6081257d522e2cb2470f17dbf597b396f4ea1706"


@pytest.mark.parametrize("make", [processes.ar2, processes.regimes, processes.sines])
def test_seeds(make):
    assert torch.equal(make(3, 24, seed=5), make(3, 24, seed=torch.Generator().manual_seed(5)))
    torch.manual_seed(5)
    assert torch.equal(make(3, 24), make(3, 24, seed=5)) and make(3, 24, seed=5).dtype == torch.float32
    assert not torch.equal(make(3, 24, seed=5), make(3, 24, seed=6))
    assert torch.equal(make(3, 24, 5), make(3, 24, seed=5)), "the seed stands third"
    with pytest.raises(ValueError, match="length must be"):
        make(3, 0)
    with pytest.raises((TypeError, ValueError), match="seed"):
        make(3, 24, seed="x")
    with pytest.raises(ValueError, match="seed must be a whole number from 0 to"):
        make(3, 24, seed=2**70)


def test_numbers_out_of_range():
    for bad in ({"period": 1.5}, {"damping": 1.0}, {"damping": 0.99999}, {"damping": -0.1}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            processes.ar2(1, 5, 0, **bad)
    with pytest.raises(ValueError, match="stay"):
        processes.regimes(1, 5, 0, stay=1.2)
    with pytest.raises(ValueError, match="noise"):
        processes.regimes(1, 5, 0, noise=1e300)
    with pytest.raises(TypeError, match="noise"):
        processes.regimes(1, 5, 0, noise="loud")
    assert processes.ar2_autocorrelation(0).tolist() == [1.0]


@pytest.mark.parametrize("period", [2.0, 8.0, 1e6])
@pytest.mark.parametrize("damping", [0.5, 0.999])
def test_the_noise_has_the_variance_that_the_law_asks_for(period, damping):
    a1, a2 = processes.ar2_coefficients(period, damping)
    exact = (1 + a2) * (1 - a2 - a1) * (1 - a2 + a1) / (1 - a2)  # without the subtraction of nearly equal numbers
    assert abs(processes._noise_variance(a1, a2) / exact - 1) < 1e-6

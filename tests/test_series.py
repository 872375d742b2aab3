"""A series as windows, and back."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_edu import data, nets
from gan_edu.data import DataError
from gan_edu.training import GAN, run

WAVE = 20 + 5 * np.sin(np.arange(200) / 7)


def test_windows_of_one_series():
    got = data.series(WAVE, length=24)
    x = got.tensor()
    assert x.shape == (177, 1, 24) and x.dtype == torch.float32 and len(got) == 177
    assert got.tensor(flat=True).shape == (177, 24)
    assert abs(got.values.mean()) < 1e-6 and abs(got.values.std(correction=0) - 1) < 1e-6
    np.testing.assert_allclose(got.decode(x)[100, 0], WAVE[100:124], rtol=1e-6)
    np.testing.assert_allclose(got.decode(got.tensor(flat=True))[100, 0], WAVE[100:124], rtol=1e-6)
    assert repr(got) == "Series(value: 177 windows of 24 in 200 steps)"


def test_windows_that_overlap_take_no_memory_of_their_own():
    got = data.series(WAVE, length=50)
    for x in (got.tensor(), got.tensor(flat=True)):
        assert x.untyped_storage().data_ptr() == got.values.untyped_storage().data_ptr()


@given(st.integers(2, 30), st.integers(1, 12), st.integers(1, 3))
def test_each_window_is_a_piece_of_the_series(length, stride, columns):
    values = np.random.default_rng(0).normal(size=(60, columns)) * [1, 10, 100][:columns]
    got = data.series(values, length, stride)
    x = got.decode(got.tensor())
    assert x.shape == (1 + (60 - length) // stride, columns, length)
    for window, start in zip(x, got.starts.tolist(), strict=True):
        np.testing.assert_allclose(window.T, values[start : start + length], rtol=1e-5, atol=1e-4)


@given(st.sets(st.integers(0, 59), max_size=6), st.integers(1, 4))
def test_windows_with_gaps_are_left_out_and_no_others(gaps, stride):
    values = np.arange(120.0).reshape(60, 2)
    for gap in gaps:
        values[gap, gap % 2] = np.nan
    got = data.series(values, 5, stride)
    starts = [k for k in range(0, 56, stride) if not gaps & set(range(k, k + 5))]
    assert got.starts.tolist() == starts and got.left_out == len(range(0, 56, stride)) - len(starts)
    np.testing.assert_allclose(got.decode(got.tensor())[:, 0, 0], [2.0 * k for k in starts], atol=1e-4)
    assert ("windows with gaps, left out: " in got.report) == (got.left_out > 0)


@pytest.mark.parametrize(
    "values",
    [
        torch.tensor(WAVE),
        WAVE.tolist(),
        WAVE[:, None],
        pd.Series(WAVE),
        pd.Series(WAVE, name="value", dtype="Float64"),
        pd.DataFrame({"value": WAVE}),
        (WAVE * 1000).round().astype(int) / 1000,
    ],
    ids=lambda values: type(values).__name__,
)
def test_series_of_any_kind(values):
    np.testing.assert_allclose(data.series(values, 10).tensor(), data.series(WAVE, 10).tensor(), atol=1e-3)
    assert data.series(values, 10).names == ("value",)


def test_a_file_with_times_beside_the_numbers(tmp_path):
    made = pd.DataFrame(
        {"time": pd.date_range("2020-01-01", periods=200, freq="h"), "°C": WAVE, "wind": WAVE[::-1] ** 2}
    )
    made["station"], made["height"] = "Bern", 540
    made.to_csv(tmp_path / "weather.csv", index=False, sep=";", decimal=",")
    got = data.series(tmp_path / "weather.csv", 24, stride=24, delimiter=";", decimal=",")
    assert got.names == ("°C", "wind") and got.tensor().shape == (8, 2, 24)
    assert set(got.dropped) == {"time", "station", "height"} and "height  dropped: always 540" in got.report
    np.testing.assert_allclose(got.decode(got.tensor())[1, 1], WAVE[::-1][24:48] ** 2, rtol=1e-5)


@pytest.mark.parametrize(
    "values, options, error, words",
    [
        (WAVE, {"length": 1}, ValueError, "length must be a whole number from 2; got 1"),
        (WAVE, {"length": 24.0}, ValueError, "length must be a whole number"),
        (WAVE, {"stride": 0}, ValueError, "stride must be a whole number from 1; got 0"),
        (WAVE, {"length": 200}, DataError, "The series has 200 steps, and two windows of 200 .* need 201"),
        (WAVE[:1], {}, DataError, r"No column holds numbers that vary \(value: always 20\)"),
        ([1.0, 2.0], {}, DataError, "2 steps, and two windows of 10"),
        ([], {}, ValueError, r"A series is real numbers \(T,\) or \(T, C\), time first; got .*\(0,\)"),
        (np.zeros((4, 4, 4)), {}, ValueError, r"got .*\(4, 4, 4\)"),
        (np.zeros(50, complex), {}, ValueError, "real numbers"),
        (["a", "b"], {}, TypeError, "A series is numbers"),
        (None, {}, TypeError, "A series is numbers"),
        ([7.0] * 50, {}, DataError, r"No column holds numbers that vary \(value: always 7\)"),
        ([0.1] * 50, {}, DataError, r"\(value: always 0.1\)"),  # of which NumPy has a standard deviation of 3e-17
        ([-1e300, 1e300] * 25, {}, DataError, r"\(value: its numbers, -1e\+300 to 1e\+300, can't be scaled\)"),
        (pd.DataFrame(np.ones((50, 2)), columns=["a", "a"]), {}, DataError, "two columns called 'a'; rename one"),
        (pd.DataFrame(), {}, DataError, "The table is empty: 0 rows, 0 columns"),
        ([np.nan] * 50, {}, DataError, r"\(value: no finite number\)"),
        (pd.DataFrame({"a": ["x"] * 50}), {}, DataError, r"No column holds numbers that vary \(a: no numbers"),
        (
            np.where(np.arange(50) % 5, WAVE[:50], np.nan),
            {},
            DataError,
            "41 of 41 windows of 10 steps have gaps in them",
        ),
        ("nowhere.csv", {}, DataError, "nowhere.csv is not there"),
    ],
)
def test_what_can_not_be_used(values, options, error, words):
    with pytest.raises(error, match=words) as caught:
        data.series(values, **{"length": 10} | options)
    assert "\n" not in str(caught.value)


def test_windows_of_another_shape_can_not_be_decoded():
    got = data.series(np.stack([WAVE, WAVE**2], 1), 10)
    assert got.decode(torch.zeros(3, 20)).shape == (3, 2, 10)
    for wrong in (torch.zeros(3, 10), torch.zeros(20), torch.zeros(3, 10, 2)):
        with pytest.raises(ValueError, match=r"Windows must have shape \(n, 2, 10\)"):
            got.decode(wrong)


def test_nets_train_on_windows():
    got = data.series(WAVE, 12)
    gan = GAN(nets.mlp([4, 16, 12]), nets.mlp([12, 16, 1]), device="cpu")
    run(gan, got.tensor(flat=True), 5, progress=False)
    assert got.decode(gan.sample(3)).shape == (3, 1, 12)


def test_a_stray_in_a_column_of_a_file_is_a_gap_as_in_a_table(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"2020-01-{1 + k % 28:02d},{'-' if k == 7 else k * k % 13},{k * k % 7},x\n" for k in range(60)]
    path.write_text("time,temp,wind,note\n" + "".join(rows))
    with pytest.warns(UserWarning, match=r"Column 'temp': 1 is no finite number \('-'\) and taken as a gap\."):
        got = data.series(path, 4)
    assert got.names == ("temp", "wind") and got.left_out == 4 and set(got.dropped) == {"time", "note"}


def test_a_column_that_only_counts_is_left_out_beside_others(tmp_path):
    frame = pd.DataFrame({"year": range(1700, 1760), "number": [k * k % 17 for k in range(60)]})
    got = data.series(frame, 4)
    assert got.names == ("number",) and got.dropped == {"year": "it only counts, from 1700 in steps of 1"}
    assert data.series(frame[["year"]], 4).names == ("year",)

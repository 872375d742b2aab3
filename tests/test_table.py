"""A table as numbers and back: what goes in comes out, what is dropped says why, and what can't be read is told."""

import contextlib
import datetime
import gzip
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from gan_edu import data, nets
from gan_edu.data import DataError, columns
from gan_edu.training import GAN, VAE, run

N = 60


def frame(**more):
    """Numbers, categories and dates, with gaps."""
    chance = np.random.default_rng(0)
    made = pd.DataFrame(
        {
            "age": chance.integers(17, 90, N),
            "income": np.exp(chance.normal(8, 1, N)).round(2),
            "height": chance.normal(170, 10, N),
            "city": chance.choice(["Bern", "Genève", "Zürich"], N),
            "joined": pd.Timestamp("2020-02-03") + pd.to_timedelta(chance.integers(0, 900, N), unit="D"),
            "member": chance.random(N) < 0.5,
            "country": "CH",
            **more,
        }
    )
    made.loc[::7, "income"] = np.nan
    made.loc[::11, "city"] = None
    made.loc[3::13, "joined"] = pd.NaT
    return made


def csv(tmp_path, text, name="a.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def round_trip(made, **options):
    table = data.table(made, **options)
    return table.decode(table.tensor())


def kinds(table):
    return {column.name: type(column).__name__ for column in table.columns}


# There and back


def test_a_table_becomes_rows_of_numbers():
    table = data.table(frame())
    x = table.tensor()
    assert x.shape == (N, len(table.features)) and x.dtype == torch.float32 and x.isfinite().all()
    assert table.features == (
        "age", "income", "income: gap", "height", "city = Bern", "city = Genève", "city = Zürich", "city: gap",
        "joined", "joined: gap", "member = False", "member = True",
    )  # fmt: skip
    assert len(table) == N and repr(table) == "Table(60 rows, 7 of 7 columns as 12 numbers)"
    for name in ("age", "height"):
        column = x[:, table.features.index(name)]
        assert abs(column.mean()) < 1e-6 and abs(column.std(correction=0) - 1) < 1e-6
    gaps = x[:, table.features.index("income: gap")]
    assert gaps.tolist() == [float(k % 7 == 0) for k in range(N)]
    assert (x[gaps == 1, table.features.index("income")] == 0).all(), "a gap is no mean"
    assert (x[:, 4:8].sum(1) == 1).all()


def test_what_goes_in_comes_out():
    made = frame()
    assert_frame_equal(round_trip(made), made, rtol=1e-6)
    exact = ["age", "income", "city", "joined", "member", "country"]
    assert_frame_equal(round_trip(made)[exact], made[exact])  # to the last digit


DTYPES = {
    "int8": pd.array([1, 2, 3, 100], "int8"),
    "uint16": pd.array([1, 2, 3, 60000], "uint16"),
    "nullable whole": pd.array([1, None, 3, 7], "Int64"),
    "nullable bool": pd.array([True, None, False, True], "boolean"),
    "float32": np.array([0.5, 2, 3, 4], np.float32),
    "category": pd.Categorical(["low", "high", None, "low"], ["low", "mid", "high"], ordered=True),
    "numbers as categories": pd.Categorical([3, 1, 3, 7]),
    "dates": pd.to_datetime(["2020-01-01", "1969-12-31", "2021-05-05", None]),
    "times": pd.to_datetime(["2020-01-01 10:00:07", "2020-01-01 10:01:09", "2020-01-02", "2020-01-01"], format="mixed"),
    "a zone": pd.to_datetime(["2020-01-01", "2020-07-01", "2021-05-05", None]).tz_localize("Europe/Zurich"),
    "nanoseconds": pd.to_datetime(["2020-01-01", "2020-07-01", "2021-05-05", None]).astype("datetime64[ns]"),
    "dates as text": ["2020-01-31", "2020-02-01", None, "2021-05-05"],
    "a zone in texts": ["2020-01-31T10:00:00+02:00", "2020-02-01T10:00:00+02:00", None, "2021-05-05T01:30:00+02:00"],
    "a zone without a colon": ["2020-01-31 10:00 -0530", "2020-02-01 10:00 -0530", None, "2021-05-05 01:30 -0530"],
    "UTC in texts": ["2020-01-31T10:00:00Z", "2020-02-01T10:00:00Z", None, "2021-05-05T01:30:00Z"],
    "a zone by name": ["2020-01-31 10:00:00 UTC", "2020-02-01 10:00:00 UTC", None, "2021-05-05 01:30:00 UTC"],
    "Python's dates": np.array([datetime.date(2020, 1, day) for day in (1, 2, 9, 30)], dtype=object),
    "Python's times": np.array([datetime.datetime(2020, 1, day, 7) for day in (1, 2, 9, 30)], dtype=object),
    "days first": ["31/01/2020", "01/02/2020", "03/02/2020", "05/05/2021"],
    "objects": np.array(["a", 1, None, "a"], dtype=object),
    "truth and gaps": np.array([True, None, False, True], dtype=object),
    "two numbers": [0.5, 0.5, 7.25, 0.5],
    "codes": ["007", "008", "007", "010"],
    "nothing": [np.nan] * 4,
    "no dates": pd.to_datetime([None] * 4),
    "the same": ["x"] * 4,
    "the same number": [3.5] * 4,
}


@pytest.mark.parametrize("name", DTYPES)
def test_each_dtype_comes_back_as_it_was(name):
    made = pd.DataFrame({"x": DTYPES[name], "y": [1.5, 2.5, 9.0, 4.0]})
    assert_frame_equal(round_trip(made), made)


cells = {
    "whole": st.integers(-(10**6), 10**6),
    "money": st.integers(-(10**6), 10**6).map(lambda cents: cents / 100),
    "number": st.floats(-1e9, 1e9),
    "text": st.sampled_from(["", " ", "a", "b", "ü", "1", "nan", "None", "x, y"]),
    "date": st.dates(pd.Timestamp("1900-01-01").date(), pd.Timestamp("2100-01-01").date()).map(pd.Timestamp),
    "truth": st.booleans(),
}


@given(st.data())
def test_any_table_comes_back(drawn):
    count = drawn.draw(st.integers(2, 30))
    made = {}
    for kind, cell in cells.items():
        gappy = drawn.draw(st.booleans())
        values = drawn.draw(st.lists(st.none() | cell if gappy else cell, min_size=count, max_size=count))
        made[kind] = pd.Series(values, dtype="datetime64[us]" if kind == "date" else None)
    made = pd.DataFrame(made)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of texts that are taken for gaps
        try:
            table = data.table(made)
        except DataError:
            return
        x, back = table.tensor(), table.decode(table.tensor())
    assert x.isfinite().all() and list(back.columns) == list(table.frame.columns)
    for column in table.columns:
        before, after = table.frame[column.name], back[column.name]
        if "gaps" in column.note:
            continue
        assert (before.isna() == after.isna()).all(), column
        if isinstance(column, columns.Numbers):
            off = (before.astype(float) - after.astype(float)).abs().max()
            assert not off > column.off * 1.01 + 1e-9, column
        else:
            assert (before[before.notna()].astype(object) == after[before.notna()].astype(object)).all(), column


def test_what_a_generator_makes_stays_within_what_was_seen():
    made = frame()
    table = data.table(made)
    back = table.decode(5 * torch.randn(500, len(table.features), generator=torch.Generator().manual_seed(0)))
    assert back.dtypes.equals(made.dtypes)
    for name in ("age", "income", "height", "joined"):
        assert back[name].min() == made[name].min() and back[name].max() == made[name].max()
    assert (back["income"].dropna() == back["income"].dropna().round(2)).all()
    assert (back["joined"].dropna().dt.normalize() == back["joined"].dropna()).all()
    assert set(back["city"].dropna()) == {"Bern", "Genève", "Zürich"} and set(back["country"]) == {"CH"}
    for name in ("income", "city", "joined"):
        assert 0 < back[name].isna().sum() < 500
    assert not back["age"].isna().any()


def test_other_rows_of_the_same_columns():
    made = frame()
    table = data.table(made.iloc[:40])
    x = table.encode(made.iloc[40:][::-1])  # in another order, with columns turned round
    assert torch.equal(x, table.encode(made.iloc[40:][made.columns[::-1]]).flip(0))
    assert_frame_equal(table.decode(x), made.iloc[40:][::-1].reset_index(drop=True).assign(
        age=lambda f: f["age"].clip(*made["age"][:40].agg(["min", "max"])),
        height=lambda f: f["height"].clip(*made["height"][:40].agg(["min", "max"])),
        income=lambda f: f["income"].clip(*made["income"][:40].agg(["min", "max"])),
        joined=lambda f: f["joined"].clip(*made["joined"][:40].agg(["min", "max"])),
    ), rtol=1e-6)  # fmt: skip


@pytest.mark.parametrize(
    "change, error, words",
    [
        (lambda f: f.drop(columns="city"), ValueError, "The column 'city' is missing; there are: age, "),
        (lambda f: f.assign(city="Basel"), ValueError, "The column 'city' holds 'Basel', which the table .* did not"),
        (lambda f: f.assign(city=[["Bern"]] * N), ValueError, "The column 'city' holds what is no category, such as a"),
        (lambda f: f.assign(age=np.nan), ValueError, "The column 'age' has gaps, and had none"),
        (lambda f: f.assign(member=None), ValueError, "The column 'member' has gaps, and had none"),
        (lambda f: f.assign(income="1,5"), ValueError, "The column 'income' holds '1,5', which can't be read"),
        (lambda f: f.assign(age=1e60), ValueError, r"The column 'age' holds 1e\+60, too far out for 32 bits"),
        (lambda f: pd.concat([f, f[["age"]]], axis=1), DataError, "The table has two columns called 'age'"),
        (lambda f: f.to_dict(), TypeError, "A table comes from a CSV file or a pandas DataFrame; got dict"),
    ],
)
def test_rows_that_do_not_fit(change, error, words):
    with pytest.raises(error, match=words):
        data.table(frame()).encode(change(frame()))


@pytest.mark.parametrize(
    "rows, words",
    [
        (torch.zeros(3, 11), r"Rows must have shape \(n, 12\), as .tensor\(\) has; got \(3, 11\)"),
        (torch.zeros(12), r"got \(12,\)"),
        (torch.full((2, 12), torch.nan), "NaN or infinite"),
    ],
)
def test_rows_that_can_not_be_decoded(rows, words):
    with pytest.raises(ValueError, match=words):
        data.table(frame()).decode(rows)


# What a column is


def test_kinds_are_seen_from_the_values():
    made = frame(
        id=range(1, N + 1),
        row=range(N),
        name=[f"person {k}" for k in range(N)],
        born=[f"{1 + k % 28:02d}.{1 + k % 12:02d}.19{50 + k % 40}" for k in range(N)],
        flag=[k % 2 for k in range(N)],
        text_number=[f"{k % 9}.5" for k in range(N)],
        zip=[f"0{k % 5}" for k in range(N)],
        lists=[[k] for k in range(N)],
        waves=[complex(k, 1) for k in range(N)],
        spans=pd.to_timedelta(np.arange(N) ** 2, unit="h"),
        huge=[2**60 + k * k for k in range(N)],
        void=np.nan,
    )
    table = data.table(made)
    assert kinds(table) == {
        "age": "Numbers", "income": "Numbers", "height": "Numbers", "city": "Categories", "joined": "Dates",
        "member": "Categories", "country": "Always", "born": "Dates", "flag": "Categories", "text_number": "Numbers",
        "zip": "Categories", "void": "Always",
    }  # fmt: skip
    assert {name: why.partition(":")[0] for name, why in table.dropped.items()} == {
        "id": "it counts the rows",
        "row": "it counts the rows",
        "name": "60 different texts in 60 rows, as names and notes are",
        "lists": "it holds lists",
        "waves": "complex numbers",
        "spans": f"{made['spans'].dtype} is no kind of number, date or category",
        "huge": "whole numbers up to 1.15e+18, as identifiers are",
    }
    assert list(table.frame) == list(kinds(table))


def test_kinds_of_columns_without_names_can_be_said():
    made = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 3)))
    table = data.table(made, kinds={0: "drop", "1": "category"})
    assert table.dropped == {0: "as you said"} and kinds(table) == {1: "Categories", 2: "Numbers"}
    with pytest.raises(ValueError, match="There is no column '7'"):
        data.table(made, kinds={7: "drop"})


def test_pythons_own_dates_are_dates():
    made = frame(day=[datetime.date(2020, 1, 1 + k % 28) if k % 9 else None for k in range(N)])
    made["moment"] = pd.Series([datetime.datetime(2020, 1, 1 + k % 28) for k in range(N)], dtype=object)
    for said in ({}, {"day": "date", "moment": "date"}):
        table = data.table(made, kinds=said)
        assert kinds(table)["day"] == "Dates" and kinds(table)["moment"] == "Dates"
        back = table.decode(table.tensor())
        assert back["day"].dropna().tolist() == made["day"].dropna().tolist() and back["day"].isna().sum() == 7
        assert_frame_equal(back[["moment"]], made[["moment"]])


@pytest.mark.parametrize("far", ["9999-12-31", "1503-01-01", "0503-01-01"])
def test_dates_outside_of_what_nanoseconds_can_count_are_dates(far):
    days = [str(datetime.date(2020, 1, 1 + k % 28)) for k in range(N)]
    days[3] = far
    made = pd.DataFrame(
        {"text": days, "day": [datetime.date.fromisoformat(day) for day in days], "x": np.arange(N) % 7}
    )
    for unit in ("us", "s"):
        made[unit] = np.array(days, dtype=f"datetime64[{unit}]")
    for said in ({}, {"text": "date", "day": "date"}):
        table = data.table(made, kinds=said)
        assert kinds(table) == dict.fromkeys(("text", "day", "us", "s"), "Dates") | {"x": "Numbers"}
        assert_frame_equal(table.decode(table.tensor()), made)


def test_dates_that_python_does_not_have_are_told():
    for far in ("10000-01-01", "0000-12-31"):
        days = np.array([f"2020-01-{1 + k % 28:02d}" for k in range(N)], dtype="datetime64[s]")
        days[3] = far
        why = "dates before the year 1 or after 9999"
        assert data.table(frame(far=days)).dropped == {"far": why}
        with pytest.raises(ValueError, match=f"The column 'far' can't be a date: {why}"):
            data.table(frame(far=days), kinds={"far": "date"})


def test_dates_of_several_zones_are_told_and_read_where_the_table_has_one():
    texts = [f"2020-{1 + k % 12:02d}-{1 + k // 12:02d}T10:00:00+0{1 + (4 <= 1 + k % 12 <= 9)}:00" for k in range(N)]
    spread = [datetime.datetime.fromisoformat(text) for text in texts]
    for column in (texts, pd.Series(spread, dtype=object)):
        assert data.table(frame(when=column)).dropped["when"].startswith("dates of several time zones: bring them to")
    table = data.table(frame(when=[text[:-6] + "+02:00" for text in texts]))
    others = table.frame.iloc[:2].assign(when=["2020-03-03T08:00:00Z", "2020-03-03T12:00:00+04:00"])
    assert table.decode(table.encode(others))["when"].tolist() == ["2020-03-03T10:00:00+02:00"] * 2


def test_kinds_can_be_said():
    made = frame(grade=[1 + k % 5 for k in range(N)], year=range(N), tag=[f"tag {k}" for k in range(N)])
    assert kinds(data.table(made))["grade"] == "Numbers"
    table = data.table(made, kinds={"grade": "category", "year": "number", "age": "drop", "tag": "category"})
    assert kinds(table)["grade"] == "Categories" and kinds(table)["year"] == "Numbers"
    assert table.dropped == {"age": "as you said"} and "grade = 5" in table.features
    assert_frame_equal(table.decode(table.tensor()), table.frame, rtol=1e-6)


@pytest.mark.parametrize(
    "said, words",
    [
        ({"agee": "number"}, "There is no column 'agee'; there are: age, .*Did you mean 'age'"),
        ({"age": "numbers"}, "There is no kind of column 'numbers'; there are: number, date, category, drop"),
        ({"city": "number"}, "The column 'city' can't be a number: none of its values can be read as that"),
        ({"city": "date"}, "The column 'city' can't be a date: fewer than nine in ten"),
        ({"age": "date"}, "The column 'age' can't be a date"),
        ({"lists": "number"}, "The column 'lists' can't be a number: none of its values can be read as that"),
        (["age"], "kinds maps columns to kinds, as {'age': 'number'}; got a list"),
    ],
)
def test_kinds_that_can_not_be(said, words):
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        data.table(frame(lists=[[k] for k in range(N)]), kinds=said)
    assert "\n" not in str(caught.value)


def test_a_few_strays_are_gaps_and_said_so():
    made = frame(
        score=["n/a" if k % 20 == 0 else str(k / 4) for k in range(N)],
        seen=["never" if k % 30 == 0 else f"2021-03-{1 + k % 28:02d}" for k in range(N)],
        ratio=[np.inf if k % 20 == 0 else k / 4 for k in range(N)],
    )
    with pytest.warns(UserWarning) as caught:
        table = data.table(made)
    assert [str(each.message) for each in caught] == [
        "The table, column 'score': 3 are no numbers ('n/a') and taken as gaps.",
        "The table, column 'seen': 2 are no dates ('never') and taken as gaps.",
        "The table, column 'ratio': 3 are no finite numbers (inf) and taken as gaps.",
    ]
    assert {each.filename for each in caught} == {__file__}
    back = table.decode(table.tensor())
    assert back["score"].isna().sum() == 3 and back["score"].dropna().tolist() == [k / 4 for k in range(N) if k % 20]
    assert back["seen"].dropna().tolist() == [each for each in made["seen"] if each != "never"]
    assert "3 are no numbers ('n/a') and taken as gaps" in table.report


def test_mixed_types_are_categories_if_they_are_few():
    made = frame(mixed=["a" if k % 2 else k % 3 for k in range(N)])
    table = data.table(made)
    assert kinds(table)["mixed"] == "Categories" and "texts and numbers" in table.report
    assert_frame_equal(table.decode(table.tensor())[["mixed"]], made[["mixed"]])


@pytest.mark.parametrize(
    "texts, form, doubt",
    [
        (["2020-01-31", "2020-02-01"], "%Y-%m-%d", False),
        (["01/02/2020", "31/01/2020"], "%d/%m/%Y", False),
        (["01/02/2020", "01/31/2020"], "%m/%d/%Y", False),
        (["01/02/2020", "03/04/2020"], "%m/%d/%Y", True),
        (["31.12.1999", "01.01.2000"], "%d.%m.%Y", False),
        (["2020-01-31 10:00", "2020-02-01 11:30"], "%Y-%m-%d %H:%M", False),
    ],
)
def test_dates_are_read_as_they_are_written(texts, form, doubt):
    made = frame(when=[texts[0], texts[1], *texts, texts[1]] * 12)
    made.loc[0, "when"] = texts[0].replace("2020", "2019").replace("1999", "1998")
    column = data.table(made).columns[-1]
    assert column.form == form and ("it could be" in column.note) == doubt
    assert_frame_equal(round_trip(made)[["when"]], made[["when"]])


def test_whole_numbers_that_no_float_holds_are_identifiers(tmp_path):
    made = frame(
        key=[str(10**17 + 7919 * k**3) for k in range(N)], long=[str(10**21 + 7 * 10**18 * k) for k in range(N)]
    )
    made["count"] = made["key"].astype("int64")
    made["exact"] = [str(2**53 - k) for k in range(N)]
    made.to_csv(tmp_path / "a.csv", index=False)  # of which pandas reads `long` as text
    for table in (data.table(made), data.table(tmp_path / "a.csv")):
        assert set(table.dropped) == {"key", "long", "count"}
        assert all("identifiers" in why and "more than 53 bits" in why for why in table.dropped.values())
    with pytest.raises(ValueError, match="The column 'key' can't be a number: whole numbers up to 1e"):
        data.table(made, kinds={"key": "number"})
    large = frame(mass=[f"{k % 9 + 1}e{20 + k % 7}" for k in range(N)], flow=[1e18 * k * k for k in range(N)])
    back = round_trip(large)  # texts of powers of ten are no identifiers, and stay within what was seen
    assert np.allclose(back["mass"], large["mass"].astype(float), rtol=0, atol=1e20)
    assert np.allclose(back["flow"], large["flow"], rtol=0, atol=1e-6 * large["flow"].max())


def test_precision_that_32_bits_do_not_have_is_told():
    wide = frame(
        count=np.arange(N) ** 2 * 10**8,
        when=pd.Timestamp("1900-01-01 00:00:01") + pd.to_timedelta(np.arange(N) ** 2 * 10**6, unit="s"),
    )
    table = data.table(wide)
    back = table.decode(table.tensor())
    for name in ("count", "when"):
        column = next(column for column in table.columns if column.name == name)
        assert f"to ±{column.off:.1g}" in table.report
        off = (back[name] - wide[name]).abs().max()
        assert 0 < (off if name == "count" else off.total_seconds()) <= column.off + 1
    assert "in 32 bits" not in data.table(frame()).report


def test_rows_without_any_value_are_left_out():
    made = pd.concat([frame().drop(columns="country"), pd.DataFrame(index=range(3))], ignore_index=True)
    made = made.astype({"member": object})
    table = data.table(made)
    assert len(table) == N and table.empty_rows == 3 and "rows without any value, left out: 3" in table.report


def test_the_report():
    made = frame(id=range(N))
    made = pd.concat([made, made.iloc[:2]], ignore_index=True)
    made["id"] = range(len(made))
    lines = data.table(made).report.splitlines()
    assert lines[0] == "Table(62 rows, 7 of 8 columns as 12 numbers)"
    assert lines[1].split(None, 1) == ["age", f"number, {made['age'].min()} to {made['age'].max()}, whole"]
    assert lines[2].startswith("  income") and lines[2].endswith("; 10 gaps")
    assert lines[4].split(None, 1) == ["city", "category of 3: Bern, Genève, Zürich; 7 gaps"]
    assert ", by the day; " in lines[5]
    assert lines[7].split(None, 1) == ["country", "'CH' in all rows"]
    assert lines[8].split(None, 1) == ["id", "dropped: it counts the rows"]
    assert lines[9] == "  rows that equal an earlier one: 2" and len(lines) == 10


# Files


def test_a_file_is_read_and_written_and_read_again(tmp_path):
    made = frame()
    made.to_csv(tmp_path / "people.csv", index=False)
    table = data.table(tmp_path / "people.csv")
    assert {**kinds(table), "country": "Always"} == kinds(data.table(made))
    table.decode(table.tensor()).to_csv(tmp_path / "again.csv", index=False)
    exact = [name for name in made if name != "height"]
    first, again = (pd.read_csv(tmp_path / name) for name in ("people.csv", "again.csv"))
    assert_frame_equal(first[exact], again[exact])
    assert data.table(str(tmp_path / "people.csv")).features == table.features


def test_delimiters_decimals_and_encodings(tmp_path):
    text = "größe;ort\n1,5;Köln\n2,5;Ulm\n3,25;Ulm\n"
    path = csv(tmp_path, text, encoding="latin-1")
    table = data.table(path, delimiter=";", decimal=",", encoding="latin-1")
    assert table.frame["größe"].tolist() == [1.5, 2.5, 3.25] and table.features[1:] == ("ort = Köln", "ort = Ulm")
    with pytest.raises(DataError, match="a.csv is not written in utf-8: try encoding='latin-1'"):
        data.table(path, delimiter=";")
    with pytest.raises(DataError, match="There is no encoding 'latin-99'"):
        data.table(path, encoding="latin-99")
    csv(tmp_path, "a,b\n1,x\n2,y\n", "bom.csv", "utf-8-sig")
    assert data.table(tmp_path / "bom.csv").features == ("a = 1", "a = 2", "b = x", "b = y")


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "a.csv is empty"),
        ("\n\n", "a.csv is empty"),
        ("a,b\n", "a.csv is empty: 0 rows, 2 columns"),
        ("a,b\n1,2\n", "holds one row only"),
        ("a;b;c\n1;2;3\n4;5;6\n", "has one column when ',' separates them.*2 times a semicolon: try delimiter=';'"),
        ("a\tb\n1\t2\n3\t4\n", r"1 times a tab: try delimiter='\\t'"),
        ("a|b\n1|2\n", r"try delimiter='\|'"),
        ("a,b\n5,x\n5,x\n", r"\(a: 5 in all rows; b: 'x' in all rows\)"),
        ("a;b\n1,5;2\n1,7;3\n", "try delimiter=';'"),
        ("a\n1\n2\n", "has one column only, 'a': a table needs two. A series"),
        ("a,b\n1,2,3\n4,5,6\n", "has rows with more values than its first line has names"),
        ("a,b\n1,2\n1,2,3\n", "can't be read with delimiter=',': Expected 2 fields in line 3, saw 3"),
        ('a,b\n1,"2\n3,4\n', "can't be read with delimiter=','"),
        ("a,b\n,\n,\n", "holds no value: all its 2 rows are gaps"),
        ("a,b\n1,x\n1,x\n", r"holds nothing to learn from \(a: .*1.* in all rows; b: 'x' in all rows\)"),
        ("id,name\n1,a\n2,b\n", "^(?!.*can't)"),
    ],
)
def test_files_that_can_not_be_used(tmp_path, text, words):
    path = csv(tmp_path, text)
    if words.startswith("^"):
        assert len(data.table(path)) == 2
        return
    with pytest.raises(DataError, match=words) as caught:
        data.table(path)
    assert "\n" not in str(caught.value)


MIXED = "a.csv has {} between the names in its first line, and {} between the values in its rows: .*delimiter={}"


@pytest.mark.parametrize(
    "text, delimiter, words",
    [
        ("a,b,c\n1;2;x\n3;4;y\n", ",", MIXED.format("a comma", "a semicolon", "';'")),
        ("a,b,c\n1,5;2;x\n\n3;4,5;y\n", ",", MIXED.format("a comma", "a semicolon", "';'")),  # and decimal commas
        ("a,b,c\n1;2;x;\n3;4;y;\n", ",", MIXED.format("a comma", "a semicolon", "';'")),
        ("a;b;c\n1,2,x\n3,4,y\n", ",", MIXED.format("a semicolon", "a comma", "','")),
        ("a;b;c\n1,2,x\n3,4,y\n", ";", MIXED.format("a semicolon", "a comma", "','")),
        ('"a, b",c\n"1";"x, y"\n"2";"z"\n', ",", MIXED.format("a comma", "a semicolon", "';'")),
        ("a\tb\n1,2\n3,4\n", "\t", MIXED.format("a tab", "a comma", "','")),
        ("a:b\n1|2\n3|4\n", ":", MIXED.format("':'", "a bar", r"'\|'")),
    ],
)
def test_names_and_rows_that_are_separated_differently(tmp_path, text, delimiter, words):
    path = csv(tmp_path, text)
    for read in (data.table, lambda path, delimiter: data.series(path, length=2, delimiter=delimiter)):
        with pytest.raises(DataError, match=words) as caught:
            read(path, delimiter=delimiter)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text, delimiter",
    [
        ("id,tags\n1.5,a;b\n2.5,c;d\n3.5,e;f\n", ","),  # a semicolon in each row, and none in the first line
        ("a;b\n1,5;2,5\n3,5;4,5\n4,5;1,5\n", ";"),
        ("a,b\n5,\n2\n3,x;y\n4,y;y\n", ","),  # a row that is too short
        ("a|b\n1|2;3\n3|4;4\n4|7;8\n", "|"),
        ("a,b\n5," + 200_000 * "x" + "\n2,y\n3,y\n", ","),  # more than the module csv takes
    ],
)
def test_delimiters_that_belong_to_the_values(tmp_path, text, delimiter):
    table = data.table(csv(tmp_path, text), delimiter=delimiter)
    assert len(table) >= 3 and len(table.columns) == 2 and table.frame.iloc[:, 1].notna().any()


def test_places_that_hold_no_csv(tmp_path):
    for path, words in (
        (tmp_path / "nowhere.csv", "nowhere.csv is not there"),
        (tmp_path, "is a folder, not a CSV file"),
        (tmp_path / "a.xlsx", "a.xlsx is no CSV file: read it with pandas.read_excel, and give what that returns"),
        (tmp_path / "a.parquet", "pandas.read_parquet"),
        ("https://example.org/a.csv", "is not there"),
    ):
        with pytest.raises(DataError, match=words):
            data.table(path)
    (tmp_path / "b.csv").write_bytes(bytes(range(256)) * 40)
    with pytest.raises(DataError, match="b.csv (is not written in utf-8|can't be read)"):
        data.table(tmp_path / "b.csv")


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("a.csv.gz", gzip.compress(b"a;b\n1;2\n3;4\n", mtime=0), "1 times a semicolon: try delimiter=';'"),
        (
            "a.csv.gz",
            gzip.compress(b"a,b\n1,2\n3,4\n" * 99, mtime=0)[:-20],
            "a.csv.gz can't be unpacked, it is damaged",
        ),
        ("a.csv.xz", b"a,b", "a.csv.xz can't be unpacked"),
        ("a.zip", b"PK", "a.zip can't be unpacked"),
        ("a.tar", b"a", "a.tar can't be "),
    ],
)
def test_packed_files_get_a_sentence_too(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    for read in (data.table, lambda path: data.series(path, length=2)):
        with pytest.raises(DataError, match=words) as caught:
            read(tmp_path / name)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("letter", ["", "\\t", ";;", None, 3])
def test_what_separates_is_one_letter(tmp_path, letter):
    path = csv(tmp_path, "a,b\n1,2\n3,4\n5,7\n")
    for name in ("delimiter", "decimal"):
        with pytest.raises(ValueError, match=f"{name} is one character"):
            data.table(path, **{name: letter})
        with pytest.raises(ValueError, match=f"{name} is one character"):
            data.series(path, length=2, **{name: letter})


def test_a_home_that_is_not_there_is_told():
    for read in (data.table, lambda path: data.series(path, length=2)):
        with pytest.raises(DataError, match="~nobody-here/a.csv is not there"):
            read("~nobody-here/a.csv")


def test_numbers_in_the_place_of_names_are_doubted(tmp_path):
    with pytest.warns(
        UserWarning, match="The first line of a.csv holds numbers only, and is taken for the names"
    ) as caught:
        data.table(csv(tmp_path, "5.1,3.5\n4.9,3.0\n4.7,3.2\n5.0,3.1\n"))
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "made, error, words",
    [
        (pd.DataFrame(), DataError, "is empty: 0 rows, 0 columns"),
        (pd.DataFrame({"a": [1, 2]}), DataError, "has one column only, 'a'"),
        (pd.DataFrame({"a": [np.nan] * 3, "b": [None] * 3}), DataError, "holds no value: all its 3 rows are gaps"),
        (pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), DataError, "two columns called 'a'; rename one"),
        (
            pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])),
            DataError,
            "names of 2 levels",
        ),
        (pd.DataFrame({"id": range(30), "name": [f"n{k}" for k in range(30)]}), DataError, "nothing to learn from"),
        ([[1, 2], [3, 4]], TypeError, "A table comes from a CSV file or a pandas DataFrame; got list"),
        (pd.Series([1, 2]), TypeError, "got Series"),
        (None, TypeError, "got NoneType"),
    ],
)
def test_what_is_no_table(made, error, words):
    with pytest.raises(error, match=words) as caught:
        data.table(made)
    assert "\n" not in str(caught.value)


def test_names_of_columns_may_be_anything():
    made = pd.DataFrame({0: [1.5, 2.5, 4], ("a", 1): ["x", "y", "y"], "": [True, False, True], "a: gap": [1, 5, 7]})
    assert_frame_equal(round_trip(made), made)
    assert "a: gap" in data.table(made).report


# Training on it


def test_nets_train_on_a_table():
    table = data.table(frame())
    size = len(table.features)
    gan = GAN(nets.mlp([4, 16, size]), nets.mlp([size, 16, 1]), device="cpu")
    assert len(table.decode(run(gan, table, 5, progress=False).sample(20))) == 20
    vae = VAE(nets.VAE(shape=(size,), hidden=(16,)), log_likelihood="gaussian", device="cpu")
    assert len(table.decode(run(vae, table, 5, progress=False).sample(20))) == 20


def test_codes_in_a_file_keep_their_zeros(tmp_path):
    text = "zip,x,gap\n" + "".join(f"0{1000 + k % 4},{k * k % 7}.5,{'' if k % 5 else '007'}\n" for k in range(30))
    table = data.table(csv(tmp_path, text))
    assert str(table.columns[0]) == "category of 4: 01000, 01001, 01002, 01003"
    back = table.decode(table.tensor())
    assert back["zip"].tolist() == [f"0{1000 + k % 4}" for k in range(30)] and back["x"].dtype == float
    assert back["gap"].dropna().unique().tolist() == ["007"]


def test_decimal_commas_that_nobody_said_are_asked_for(tmp_path):
    text = "a;b\n" + "".join(f"{k % 9},{k % 3};{k * k % 7},5\n" for k in range(40))
    for read in (
        lambda **said: data.table(csv(tmp_path, text), delimiter=";", **said),
        lambda **said: data.series(csv(tmp_path, text), 4, delimiter=";", **said),
    ):
        with warnings.catch_warnings(record=True) as caught, contextlib.suppress(DataError):
            warnings.simplefilter("always")
            read()
        assert "column 'a' holds texts such as '0,0': if these are numbers, say decimal=','" in str(caught[0].message)
        assert caught[0].filename == __file__
        with warnings.catch_warnings(action="error"):
            read(decimal=",")
    with pytest.raises(ValueError, match="delimiter and decimal can't both be ','"):
        data.table(csv(tmp_path, text), decimal=",")
    with pytest.warns(UserWarning, match="holds numbers only, and is taken for the names"):
        data.table(csv(tmp_path, "5,1;3,5\n4,9;3,0\n4,7;3,2\n5,0;3,1\n"), delimiter=";", decimal=",")


def test_one_stray_is_said_in_the_singular_and_equal_numbers_are_no_numbers():
    with pytest.warns(UserWarning, match=r"1 is no number \('-'\) and taken as a gap\."):
        table = data.table(pd.DataFrame({"a": ["-", *map(str, range(9, 50))], "b": range(42, 0, -1)}))
    assert "1 is no number ('-') and taken as a gap" in table.report
    one = data.table(pd.DataFrame({"a": [None, *range(9, 50)], "b": range(42, 0, -1)}))
    assert one.report.splitlines()[1].endswith("; 1 gap")
    with pytest.raises(ValueError, match=r"The column 'a' can't be a number: always 0\.1\."):
        data.table(pd.DataFrame({"a": [0.1] * 50, "b": range(50)[::-1]}), kinds={"a": "number"})

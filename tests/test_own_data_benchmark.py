"""benchmarks/own_data.py: the table tells what is recorded, and nothing else."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]
specification = importlib.util.spec_from_file_location("own_data_benchmark", ROOT / "benchmarks/own_data.py")
own_data = importlib.util.module_from_spec(specification)
specification.loader.exec_module(own_data)


def test_a_table_of_nothing_says_so():
    table = own_data.table([])
    assert "not measured yet" in table and table.count("–") == len(own_data.CASES)


def test_each_machine_has_a_column_and_what_is_missing_a_dash():
    one = {"machine": "old laptop", "rows": [{"what": own_data.said(32, 3, 32), "seconds": 1234.4}]}
    two = {"machine": "a GPU", "rows": [{"what": own_data.said(*case), "seconds": 7.0} for case in own_data.CASES]}
    lines = own_data.table([one, two]).splitlines()
    assert lines[0] == "| pictures | old laptop | a GPU |"
    assert "| 32 × 32, colour, batch 32 | 1,234 | 7 |" in lines
    assert sum("| – | 7 |" in line for line in lines) == len(own_data.CASES) - 1


def test_what_is_recorded_can_be_shown():
    record = own_data.read()
    assert all({"machine", "when", "torch", "gan_edu", "rows"} <= entry.keys() for entry in record)
    known = {own_data.said(*case) for case in own_data.CASES}
    assert all(row["what"] in known and row["seconds"] > 0 for entry in record for row in entry["rows"])


def test_a_measurement_replaces_the_one_of_the_same_machine(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(own_data, "RECORD", tmp_path / "own_data.json")
    monkeypatch.setattr(own_data, "seconds_per_1000", lambda side, colors, batch, where: float(side))
    for name in ("mine", "another", "mine"):
        own_data.main(["--device", "cpu", "--name", name])
    assert [entry["machine"] for entry in json.loads(own_data.RECORD.read_text())] == ["another", "mine"]
    assert "| 64 × 64, colour, batch 64 | 64 | 64 |" in capsys.readouterr().out


@pytest.mark.parametrize("colors", [1, 3])
def test_the_gan_is_that_of_the_chapter_and_steps_take_time(colors):
    assert own_data.seconds_per_1000(28, colors, 4, torch.device("cpu"), blocks=1, steps=8) > 0
    source = (ROOT / "sources/chapters/59_your_own_data.py").read_text("utf-8")
    recipe = '{"loss": "relativistic", "penalties": {"r1": 1.0}, "penalty_every": 8}'
    assert recipe in source and recipe in (ROOT / "benchmarks/own_data.py").read_text("utf-8")

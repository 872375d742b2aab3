"""The script for the day when a GPU is at hand, rehearsed on the CPU."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def gpu():
    before = list(sys.path)
    spec = importlib.util.spec_from_file_location("gpu_benchmark", ROOT / "benchmarks/gpu.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = before


QUICK = ["checkpoint", "graphs", "memory", "ensembles", "chapters"]


@pytest.fixture
def rehearse(gpu, tmp_path, capsys):
    def call(*arguments, parts=QUICK):
        gpu.main(["--device", "cpu", "--quick", "--out", str(tmp_path), "--parts", *parts, *arguments])
        return capsys.readouterr().out, json.loads((tmp_path / "gpu.json").read_text())["parts"]

    return call


def test_a_rehearsal_does_everything_once(rehearse, gpu, monkeypatch):
    told, parts = rehearse()
    assert parts["checkpoint"] == {"there and back": {"steps": 30, "weights after each move": "the same bits"}}
    assert len(parts["graphs"]) == 6 and all(row["plain, ms"] > 0 for row in parts["graphs"].values())
    assert parts["memory"].keys() == gpu.MODELS.keys() and len(parts["ensembles"]) == 3
    assert not parts.get("chapters"), "their times are a GPU's"
    assert "graphs: done" in told and "| 2-64-64, points in the plane + R1 |" in told

    for part in ("checkpoint", "graphs", "memory", "ensembles"):
        monkeypatch.setattr(gpu, part, lambda *_: pytest.fail("this is done"))
    again, same = rehearse()
    assert same == parts and again[again.index("**checkpoint**") :] == told[told.index("**checkpoint**") :]
    assert rehearse("--report")[0].strip() == told[told.index("cpu: ") :].strip()


def test_what_fails_is_told_and_tried_again(rehearse, gpu, monkeypatch, capsys):
    def fail(*_):
        raise RuntimeError("no luck")

    with monkeypatch.context() as patch:
        patch.setattr(gpu, "memory", fail)
        with pytest.raises(SystemExit) as stop:
            rehearse(parts=["memory", "checkpoint"])
    said = capsys.readouterr()
    assert stop.value.code == 1 and "FAILED: RuntimeError: no luck" in said.err
    assert "checkpoint: done" in said.out and "memory: 5 to do" in said.out
    assert len(rehearse(parts=["memory"])[1]["memory"]) == 5


def test_no_part_begins_after_its_time(rehearse):
    rehearse(parts=["checkpoint"])
    told, parts = rehearse("--minutes", "0", parts=["memory", "checkpoint"])
    assert not parts.get("memory")
    assert "memory: 5 to do" in told and "checkpoint: done" in told


def test_what_is_cut_short_goes_on_next_time(gpu, monkeypatch, tmp_path):
    def endless(command, timeout, **_):
        raise gpu.subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(gpu.subprocess, "run", endless)
    options = gpu.SimpleNamespace(out=tmp_path, quick=True, where=gpu.torch.device("cpu"))
    assert gpu.collapse(options, "ring", "ns", 1) is None


def test_a_chapters_time_is_noted(gpu, monkeypatch):
    noted, asked = [], []
    monkeypatch.setattr(gpu.build.CleanRoom, "run", lambda self, nb, folder, name: asked.append(self.device) or 12.34)
    monkeypatch.setattr(gpu.build, "note_gpu_time", lambda root, *facts: noted.append(facts))
    monkeypatch.setattr(gpu.torch.cuda, "get_device_name", lambda: "a GPU")
    with gpu.AT_END:
        assert gpu.chapter("00_start_here") == {"seconds": 12.3}
    assert asked == ["cuda"] and noted == [("00_start_here", "a GPU", 12.3)]


def test_results_of_two_machines_are_not_mixed(rehearse, tmp_path, capsys):
    rehearse(parts=["checkpoint"])
    path = tmp_path / "gpu.json"
    path.write_text(path.read_text().replace('"device": "cpu', '"device": "another cpu'))
    with pytest.raises(SystemExit):
        rehearse(parts=["checkpoint"])
    assert "choose another --out" in capsys.readouterr().err


def test_without_a_gpu_it_says_so(gpu, tmp_path, capsys):
    if gpu.torch.cuda.is_available():
        return
    with pytest.raises(SystemExit):
        gpu.main(["--out", str(tmp_path)])
    assert "This machine has no 'cuda' device" in capsys.readouterr().err

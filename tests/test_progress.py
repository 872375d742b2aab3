"""What is solved stays solved: two notebooks at once, accidents to files, full and closed places, old versions."""

import ast
import errno
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gan_edu.checks import chapter_00, progress, record, show_progress
from gan_edu.checks.engine import NotYet

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_EDU_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(record, "_told", set())
    return tmp_path / "state"


def solved():
    return {name for questions in progress().values() for name, done in questions.items() if done}


def python(code, **options):
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, **options)


def test_progress_is_noted_when_right_and_only_then(state, capsys):
    assert progress()["00"] == dict.fromkeys(["noise", "to_unit_range", "captured", "reading_curves"], False)
    with pytest.raises(NotYet):
        chapter_00.noise.check(torch.rand)
    assert not state.exists()
    chapter_00.noise.check(torch.randn)
    chapter_00.noise.check(torch.randn)
    assert solved() == {"noise"}
    assert [path.name for path in state.rglob("*")] == ["solved", "00.noise"]
    capsys.readouterr()
    assert show_progress() is None
    shown = capsys.readouterr().out
    assert "  00  ✓ noise  ○ to_unit_range  ○ captured  ○ reading_curves\n" in shown
    assert shown.startswith("Your progress: 1 of ")


def test_two_notebooks_at_once_lose_nothing():
    code = "from gan_edu.checks import record\nfor i in range(100): assert record.note('00', f'PART{i}') == ''"
    notebooks = [python(code.replace("PART", part)) for part in ("a", "b", "a")]  # one answer may come twice
    assert [process.wait(60) for process in notebooks] == [0, 0, 0]
    assert record._read() == ({f"00.{part}{i}" for part in "ab" for i in range(100)}, "")


def test_a_killed_process_has_kept_all_that_it_said_was_kept():
    process = python(
        "from gan_edu.checks import record\nfor i in range(10**6):\n    record.note('00', str(i))\n"
        "    print(i, flush=True)"
    )
    said = [process.stdout.readline().strip() for _ in range(30)]
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    said += process.stdout.read().split()
    process.wait()
    assert {f"00.{number}" for number in said if number} <= record._read()[0]


OLD = json.dumps({"done": {"00": ["noise", "captured"], "41": ["Generator"]}}, indent=1)


@pytest.mark.parametrize(
    "content",
    [
        OLD.encode(),
        b"\xef\xbb\xbf" + OLD.encode(),  # saved by Notepad
        OLD.encode("utf-16"),
        OLD.encode()[:-6],  # cut off
        OLD.encode() + b"\0" * 100 + b"\xff\xfe}}",
        b'{"nested": ' + b"[" * 100_000 + OLD.encode(),
        OLD.replace("\n", "\r\n").encode(),
    ],
)
def test_what_an_earlier_version_noted_counts_whatever_happened_to_its_file(state, content):
    state.mkdir()
    (state / "progress.json").write_bytes(content)
    for _ in range(2):  # and a second accident takes nothing away either
        assert {"noise", "captured", "Generator"} <= solved() and record.trouble() == ""
        assert record.note("00", "to_unit_range") == ""
        assert (state / "progress.json").read_bytes() == content
    (state / "progress.json").write_bytes(b"")
    assert solved() == {"to_unit_range"}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"done": 3}', b"\x00\xff", b"[" * 100_000, bytes(range(128, 256)) * 20]
)
def test_a_file_without_sense_is_said_once_and_stays(state, content, capsys):
    state.mkdir()
    (state / "progress.json").write_bytes(content)
    chapter_00.noise.check(torch.randn)
    first = " ".join(capsys.readouterr().out.split())
    assert first.startswith("✓ Right: Noise") and "is damaged, and stays as it is. `gan-edu doctor` says" in first
    chapter_00.noise.check(torch.randn)
    assert "damaged" not in capsys.readouterr().out
    assert solved() == {"noise"} and (state / "progress.json").read_bytes() == content
    show_progress()
    assert "is damaged" in capsys.readouterr().out


def closed_old(state):
    (state / "progress.json").mkdir(parents=True)  # an OSError even for root


def closed_list(state):
    state.mkdir()
    (state / "solved").write_text("in the way")


def closed_folder(state):
    state.write_text("in the way")


@pytest.mark.parametrize(
    ("close", "kept"),
    [(closed_old, True), (closed_list, False), (closed_folder, False)],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_place_that_is_closed_stops_nobody_and_is_said_once(state, capsys, close, kept):
    close(state)
    before = sorted(state.rglob("*"))
    chapter_00.noise.check(torch.randn)
    shown = capsys.readouterr().out
    assert shown.startswith("✓ Right: Noise for a generator\n")
    assert "can't be read" in shown if kept else "can't be remembered" in shown
    chapter_00.noise.check(torch.randn)
    assert "can't" not in capsys.readouterr().out
    assert solved() == ({"noise"} if kept else set())
    assert set(before) <= set(state.rglob("*"))
    show_progress()
    assert "can't be read" in capsys.readouterr().out


def test_a_full_disk_is_said_and_takes_nothing_away(state, monkeypatch, capsys):
    record.note("00", "captured")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("builtins.open", full)
    chapter_00.noise.check(torch.randn)
    monkeypatch.undo()
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith("✓ Right: Noise") and "can't be remembered" in shown and "No space left" in shown
    monkeypatch.setenv("GAN_EDU_STATE", str(state))
    assert solved() == {"captured"}


def test_checks_are_imported_without_torch():
    code = (
        "import sys, gan_edu.checks as c; c.progress(); import gan_edu.checks.engine; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_every_chapter_of_questions_is_on_the_map():
    files = sorted((ROOT / "gan_edu" / "checks").glob("chapter_*.py"))
    assert list(progress()) == [file.stem.removeprefix("chapter_") for file in files]
    assert all(progress().values())
    for file in files:  # a question must not be hidden from the map by another way of writing its decorator
        marks = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        made = [mark for mark in marks if getattr(mark.func, "id", "") in record.MARKS]
        assert len(made) == len(progress()[file.stem.removeprefix("chapter_")])

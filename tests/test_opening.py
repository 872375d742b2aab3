"""`gan-edu open`, and what the package holds: built once from a copy of the files that git knows."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gan_edu import cli, files, opening

ROOT = Path(__file__).resolve().parent.parent
CHAPTER, EXERCISE, PICTURE = "chapters/21_the_game.ipynb", "exercises/21_the_game.ipynb", "assets/map.png"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a course of three files; returns where they lie. Today is always the same day."""
    place = tmp_path / "package/course"
    for name in (CHAPTER, EXERCISE, PICTURE, "chapters/21_the_game.mine-2026-11-01.ipynb"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(f"first {name}")
    monkeypatch.setattr(opening, "PACKED", place)
    monkeypatch.setattr(files, "_today", lambda: type("Day", (), {"isoformat": lambda: "2026-12-01"}))
    monkeypatch.chdir(tmp_path)
    return place


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_new_folder_gets_everything_and_a_second_call_changes_nothing(package, tmp_path):
    assert opening.copy_to(tmp_path / "my course") == (3, [])
    first = tree(tmp_path / "my course")
    assert {name for name in first if name != opening.NOTE} == {CHAPTER, EXERCISE, PICTURE}
    (tmp_path / "my course/notes.txt").write_text("mine")
    assert opening.copy_to(tmp_path / "my course") == (0, [])
    assert tree(tmp_path / "my course") == {**first, "notes.txt": "mine"}


def test_what_was_changed_stays_until_the_course_changes_it_too(package, tmp_path):
    own = tmp_path / "own"
    opening.copy_to(own)
    (own / CHAPTER).write_text("run")
    (own / EXERCISE).write_text("solved")
    (package / CHAPTER).write_text("second")
    (package / PICTURE).write_text("second")
    assert opening.copy_to(own) == (2, [(CHAPTER, "chapters/21_the_game.mine-2026-12-01.ipynb")])
    found = tree(own)
    assert found["chapters/21_the_game.mine-2026-12-01.ipynb"] == "run"
    assert (found[CHAPTER], found[PICTURE], found[EXERCISE]) == ("second", "second", "solved")

    (own / CHAPTER).write_text("run again")
    (package / CHAPTER).write_text("third")
    assert opening.copy_to(own) == (1, [(CHAPTER, "chapters/21_the_game.mine-2026-12-01-2.ipynb")])
    assert tree(own)["chapters/21_the_game.mine-2026-12-01-2.ipynb"] == "run again"
    assert tree(own)[EXERCISE] == "solved"


@pytest.mark.parametrize("note", [None, "", "[]", "[" * 200_000, '{"chapters/21_the_game.ipynb": 1}'])
def test_without_a_note_every_difference_is_the_learners(package, tmp_path, note):
    own = tmp_path / "own"
    (own / "chapters").mkdir(parents=True)
    (own / CHAPTER).write_text("run")
    if note is not None:
        (own / opening.NOTE).write_text(note)
    written, aside = opening.copy_to(own)
    assert written == 3 and tree(own)[aside[0][1]] == "run"


@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt()], ids=repr)
def test_a_copy_that_was_cut_off_is_finished_and_loses_nothing(package, tmp_path, monkeypatch, capsys, error):
    own = tmp_path / "own"
    opening.copy_to(own)
    (own / CHAPTER).write_text("run")
    (package / CHAPTER).write_text("second")
    (package / EXERCISE).write_text("second")
    with monkeypatch.context() as patch:
        patch.setattr(opening, "write_atomically", lambda *_: (_ for _ in ()).throw(error))
        assert cli.main(["open", "own", "--no-lab"]) == 1
    assert "run" in tree(own).values() and ".mine-2026-12-01.ipynb" in capsys.readouterr().out
    assert cli.main(["open", "own", "--no-lab"]) == 0
    assert "run" in tree(own).values() and tree(own)[CHAPTER] == tree(own)[EXERCISE] == "second"


def test_open_copies_and_starts_jupyterlab_there(package, tmp_path, monkeypatch, capsys):
    import jupyterlab.labapp

    seen = []
    monkeypatch.setattr(jupyterlab.labapp, "main", lambda: seen.append((Path.cwd(), sys.argv[1:])) or 0)
    monkeypatch.setattr(sys, "argv", ["gan-edu"])
    assert cli.main(["open", "own", "--no-browser"]) == 0
    assert cli.main(["open"]) == 0
    (first, arguments), (second, _) = seen
    assert first == tmp_path / "own" and second == first / cli.OWN_FOLDER  # the tests' folder has moved
    assert "--no-browser" in arguments and "own" not in arguments
    assert "3 files are new" in capsys.readouterr().out


def test_no_lab_may_stand_before_the_folder(package, tmp_path, capsys):
    assert cli.main(["open", "--no-lab", "own"]) == 0
    assert CHAPTER in tree(tmp_path / "own") and not (tmp_path / cli.OWN_FOLDER).exists()
    for arguments in (["--no-lab", "more", "--port=1"], [""]):
        assert cli.main(["open", *arguments]) == 1
        assert capsys.readouterr().err.endswith("Nothing was copied.\n")
    assert {path.name for path in tmp_path.iterdir()} == {"own", "package"}


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_nothing_is_written_outside_through_a_link(package, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    for name, target in (("own/chapters", "../out"), ("loop", "loop")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(target)
        assert cli.main(["open", name.partition("/")[0], "--no-lab"]) == 1
        assert capsys.readouterr().err.count("\n") == 1
    assert not any((tmp_path / "out").iterdir()) and len(list((tmp_path / "own").iterdir())) == 1

    (tmp_path / "own/chapters").unlink()
    opening.copy_to(tmp_path / "own")
    (tmp_path / "own" / CHAPTER).rename(tmp_path / "out/theirs")
    (tmp_path / "own" / CHAPTER).symlink_to(tmp_path / "out/theirs")
    (package / CHAPTER).write_text("second")
    assert opening.copy_to(tmp_path / "own")[0] == 1
    assert tree(tmp_path / "own")[CHAPTER] == "second" and (tmp_path / "out/theirs").read_text().startswith("first")


def test_a_site_is_made_in_a_clone_only(package, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "site-packages/gan_edu/cli.py"))
    opening.copy_to(tmp_path / "own")
    monkeypatch.chdir(tmp_path / "own")
    before = list(sys.path)
    assert cli.main(["site"]) == 1 and "in a clone of the course" in capsys.readouterr().err
    assert sys.path == before


def test_what_open_refuses_is_one_sentence(package, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    for folder, said in (("package/course", "the course's own folder"), ("file", "can't be copied")):
        assert cli.main(["open", folder, "--no-lab"]) == 1
        told = capsys.readouterr().err
        assert said in told and told.count("\n") == 1
    shutil.rmtree(package)
    package.mkdir()
    assert cli.main(["open", "own", "--no-lab"]) == 1
    assert "Install gan-edu again" in capsys.readouterr().err


def test_elsewhere_the_package_is_read_but_not_opened(package, tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "site-packages/gan_edu/cli.py"))
    assert cli.course_folder(to_read=True) == package
    with pytest.raises(cli.Problem, match="gan-edu open"):
        cli.course_folder()
    opening.copy_to(tmp_path / "own")
    for folder in ("own", "own/chapters"):
        monkeypatch.chdir(tmp_path / folder)
        assert cli.course_folder(to_read=True) == tmp_path / "own"


# What is built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The names in a wheel that is built as pip builds it, and their contents. Needs no network."""
    folder = tmp_path_factory.mktemp("built")
    kept = ("gan_edu", "chapters", "exercises", "solutions", "assets", "benchmarks", "tests")
    for name in kept:
        shutil.copytree(ROOT / name, folder / "src" / name, ignore=shutil.ignore_patterns("__pycache__", "recorded"))
    for path in ROOT.iterdir():
        if path.suffix in (".md", ".toml", ".py", ".in") or path.name == "LICENSE":
            shutil.copy(path, folder / "src")
    (folder / "src/chapters/00_start_here.mine-2026-12-01.ipynb").write_text("a learner's")
    (folder / "src/build/lib/gan_edu/course/chapters").mkdir(parents=True)
    (folder / "src/build/lib/gan_edu/course/chapters/99_gone.ipynb").write_text("of an earlier build")
    code = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    made = subprocess.run([sys.executable, "-c", code, ".."], cwd=folder / "src", capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[-2000:]
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_the_whole_course_and_nothing_of_its_kitchen(wheel):
    names = set(wheel.namelist())
    for kind in ("chapters", "exercises", "solutions"):
        ours = {f"gan_edu/course/{kind}/{path.stem}.ipynb" for path in (ROOT / "sources/chapters").glob("[0-9]*.py")}
        assert {name for name in names if name.startswith(f"gan_edu/course/{kind}/")} == ours
    for path in (ROOT / "gan_edu").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(ROOT).as_posix() in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"gan_edu"}  # and gan_edu-0.1.0.dist-info
    assert sum(entry.compress_size for entry in wheel.infolist()) < 40e6


def test_no_exercise_in_the_wheel_gives_an_answer_away(wheel):
    exercises = [name for name in wheel.namelist() if name.startswith("gan_edu/course/exercises/")]
    for name in exercises:
        text = wheel.read(name).decode()
        assert not re.search(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS)", text), name
        assert all(not cell.get("outputs") for cell in json.loads(text)["cells"]), name
    assert sum("YOUR CODE HERE" in wheel.read(name).decode() for name in exercises) > 40


def test_what_notebooks_link_to_comes_along(wheel):
    names, seen = set(wheel.namelist()), set()
    for name in sorted(names):
        if not name.endswith(".ipynb"):
            continue
        for cell in json.loads(wheel.read(name))["cells"]:
            if cell["cell_type"] == "markdown":
                for link in re.findall(r"\]\(([^)#:\s]+)[)#]", "".join(cell["source"])):  # addresses have a colon
                    assert os.path.normpath(Path(name).parent / link).replace(os.sep, "/") in names, (name, link)
                    seen.add(link)
    assert {"../README.md", "../solutions/22_decision_surface.ipynb"} <= seen

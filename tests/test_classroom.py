"""For teachers: progress as a file, a class's files in one table, and an nbgrader course that grades."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from gan_edu import classroom, cli
from gan_edu.checks import record

ROOT = Path(__file__).parents[1]


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_EDU_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.mark.parametrize("name", ["ada.csv", "ada.JSON"])
def test_what_is_exported_is_read_again_and_names_nobody(name, state, tmp_path, capsys):
    record.note("00", "noise")
    assert cli.main(["progress", "--export", str(file := tmp_path / name)]) == 0
    marks = classroom.read(file)
    assert [key for key, solved in marks.items() if solved] == [("00", "noise")]
    assert len(marks) == sum(map(len, record.progress().values()))
    assert f"1 of {len(marks)} questions" in capsys.readouterr().out
    assert str(tmp_path) not in file.read_text(encoding="utf-8")  # nor any other path: they hold names


def test_exporting_again_replaces_an_export_and_nothing_else(state, tmp_path, capsys):
    file = tmp_path / "ada.csv"
    assert cli.main(["progress", "--export", str(file)]) == cli.main(["progress", "--export", str(file)]) == 0
    letters = tmp_path / "mine.csv"
    letters.write_text("a,b\n1,2\n", encoding="utf-8")
    assert cli.main(["progress", "--export", str(letters)]) == 1
    assert letters.read_text(encoding="utf-8") == "a,b\n1,2\n"
    assert "holds something else" in capsys.readouterr().err
    assert cli.main(["progress", "--export", str(tmp_path / "ada.xlsx")]) == 1
    assert "ends in .csv or .json" in capsys.readouterr().err


def test_a_class_in_one_table(tmp_path, capsys):
    head = "chapter,question,solved\n"
    (tmp_path / "ada.csv").write_text(head + "00,noise,1\n21,losses,1\n21,step,0\n", encoding="utf-8")
    # Saved again by a table program: a mark at the start, semicolons, and numbers without their zero.
    (tmp_path / "bo.csv").write_bytes(b"\xef\xbb\xbfchapter;question;solved\r\n0;noise;1\r\n21;losses;0\r\n")
    rows = [{"chapter": "00", "question": "noise", "solved": 0}, {"chapter": "21", "question": "losses", "solved": 1}]
    (tmp_path / "cleo.json").write_text(json.dumps(rows), encoding="utf-8")
    (tmp_path / "dan.csv").write_text("shopping,price\nbread,3\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not read", encoding="utf-8")
    assert cli.main(["classroom", "collect", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["00", "21", "all"],
        ["ada", "1", "1", "2"],
        ["bo", "1", "0", "1"],
        ["cleo", "0", "1", "1"],
    ]
    assert lines[-1] == "dan.csv is not what gan-edu progress --export writes."
    assert "  00.noise: 2" in lines and not any("step" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '[{"chapter": "00", "question": "noise", "solved": Infinity}]'),
        ("a.json", "[" * 100_000),
        ("a.json", '[{"chapter": "00", "question": 5, "solved": 1}]'),
        ("a.csv", 'chapter,question,solved\n00,"' + "x" * 200_000),
        ("a.csv", "solved,chapter,question\n1,00\n"),
        ("a.csv", "chapter,question,solved\n00,noise\x1b[31m,1\n"),
    ],
    ids=["infinity", "deep", "number", "long", "short", "colour"],
)
def test_a_file_that_nobody_exported_is_named_in_one_sentence(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "bo.csv").write_text("chapter,question,solved\n00,noise,1\n", encoding="utf-8")
    lines = classroom.collect(tmp_path).splitlines()
    assert lines[1].split() == ["bo", "1", "1"] and lines[-1] == f"{name} is not what gan-edu progress --export writes."


def test_a_copy_that_is_cut_off_leaves_no_half_assignment(tmp_path, monkeypatch):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions/21_x.ipynb").write_text("a whole notebook", encoding="utf-8")

    def full(file):
        raise OSError("No space left on device")

    monkeypatch.setattr("gan_edu.files.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        classroom.make_course(tmp_path / "gans", tmp_path)
    monkeypatch.undo()
    assert classroom.make_course(tmp_path / "gans", tmp_path) == ["21_x"]


def test_two_files_of_one_name_stay_two(tmp_path):
    head = "chapter,question,solved\n"
    (tmp_path / "ada.csv").write_text(head + "00,noise,1\n", encoding="utf-8")
    (tmp_path / "ada.json").write_text('[{"chapter": "00", "question": "noise", "solved": 0}]', encoding="utf-8")
    assert [line.split()[0] for line in classroom.collect(tmp_path).splitlines()[1:3]] == ["ada.csv", "ada.json"]


def test_collecting_nothing_is_told(tmp_path, capsys):
    assert cli.main(["classroom", "collect", str(tmp_path / "nowhere")]) == 1
    assert "There are no .csv or .json files" in capsys.readouterr().err


def test_init_makes_an_assignment_of_every_solution_and_overwrites_nothing(tmp_path, capsys):
    assert cli.main(["classroom", "init", str(tmp_path / "gans")]) == 0
    made = {path.parent.name: path for path in (tmp_path / "gans/source").glob("*/*.ipynb")}
    names = {path.stem for path in (ROOT / "sources/solutions").glob("*.py")}
    assert set(made) == names == {path.stem for path in made.values()}
    changed = made["00_start_here"]
    changed.write_text("mine", encoding="utf-8")
    made["13_markov_chains"].unlink()
    (tmp_path / "gans/nbgrader_config.py").write_text("# mine", encoding="utf-8")
    capsys.readouterr()
    assert cli.main(["classroom", "init", str(tmp_path / "gans")]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("Then, in this folder:")
    assert changed.read_text(encoding="utf-8") == "mine" and made["13_markov_chains"].exists()
    assert (tmp_path / "gans/nbgrader_config.py").read_text(encoding="utf-8") == "# mine"


def nbgrader(folder, *arguments):
    line = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stderr
    return done


def test_an_assignment_is_released_and_graded_as_the_guide_says(state, tmp_path):
    """One small assignment, with the settings that init writes: no answers in the release, points for what is right."""
    from nbgrader.api import Gradebook

    name = "74_causal_gan"
    small = tmp_path / "course"
    (small / "solutions").mkdir(parents=True)
    shutil.copy(ROOT / f"solutions/{name}.ipynb", small / "solutions")
    folder = tmp_path / "gans"
    assert classroom.make_course(folder, small) == [name]
    nbgrader(folder, "generate_assignment", name)
    released = nbformat.read(folder / f"release/{name}/{name}.ipynb", 4)
    text = "".join(cell.source for cell in released.cells)
    assert "YOUR CODE HERE" in text and "BEGIN SOLUTION" not in text and "HIDDEN TESTS" not in text

    # bo hands in one right answer, and the stubs of the others.
    solved = nbformat.read(ROOT / f"solutions/{name}.ipynb", 4)
    answers = {c.metadata.nbgrader.grade_id: c for c in solved.cells if "nbgrader" in c.metadata}
    first = next(n for n, c in answers.items() if c.cell_type == "code" and c.metadata.nbgrader.solution)
    for cell in released.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == first:
            cell.source = answers[first].source
    place = folder / f"submitted/bo/{name}"
    place.mkdir(parents=True)
    nbformat.write(released, place / f"{name}.ipynb")
    nbgrader(folder, "autograde", name)
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        (notebook,) = book.find_submission(name, "bo").notebooks
        points = {grade.cell.name: grade.auto_score for grade in notebook.grades}
    assert points.pop(f"check_{first}") == answers[f"check_{first}"].metadata.nbgrader.points
    assert not any(points.values())
    assert not state.exists()  # a class's work is not the teacher's progress

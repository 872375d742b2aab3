"""The notebooks of the course: built from their sources, complete, clean, and free of answers where they must be.

That their code runs and prints what is stored, nbval tests; `test_build.py` tests the rules that are applied here.
"""

import functools
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools import build, lint  # noqa: E402


def names(kind):
    """Names of the sources of one kind; when there are none, a name that fails every test rather than no test."""
    return [name for k, name in build.sources(ROOT) if k == kind] or [f"no-{kind}"]


CHAPTERS, SOLUTIONS = names("chapters"), names("solutions")
BUILT = [("chapters", n) for n in CHAPTERS] + [("solutions", n) for n in SOLUTIONS]
ALL = BUILT + [("exercises", n) for n in SOLUTIONS]
each_chapter = pytest.mark.parametrize("name", CHAPTERS)
each_solution = pytest.mark.parametrize("name", SOLUTIONS)
each_source = pytest.mark.parametrize(("kind", "name"), BUILT, ids=["/".join(pair) for pair in BUILT])
each_notebook = pytest.mark.parametrize(("kind", "name"), ALL, ids=["/".join(pair) for pair in ALL])


@functools.cache
def notebook(kind, name):
    path = build.notebook_path(ROOT, kind, name)
    assert path.exists(), f"{kind}/{name}.ipynb doesn't exist: python tools/build.py"
    return nbformat.read(path, 4)


def none(problems):
    """Fail with all problems, one a line."""
    assert not problems, "\n" + "\n".join(problems)


def test_every_source_has_its_notebooks_and_every_notebook_its_source():
    none(lint.check_tree(ROOT))


@each_source
def test_source_and_notebook_agree(kind, name):
    """Chapters and solutions are what their sources say; exercises are the solutions without the answers."""
    none(build.differences(ROOT, kind, name))


@each_chapter
def test_chapter_is_complete(name):
    none(lint.check_chapter(notebook("chapters", name), name))


@each_solution
def test_exercise_is_complete(name):
    none(lint.check_exercise(notebook("exercises", name), name))
    none(lint.check_exercise(notebook("solutions", name), name))


@each_solution
def test_exercise_gives_no_answer_away(name):
    none(lint.check_leaks(notebook("solutions", name), notebook("exercises", name)))


@each_notebook
def test_outputs_hold_no_errors_warnings_or_traces_of_a_machine(kind, name):
    none(lint.check_outputs(notebook(kind, name), lint.private_words(ROOT)))


@each_notebook
def test_notebook_is_valid_and_stable(kind, name):
    """What varies from machine to machine is not stored, and nbgrader accepts the marks."""
    from nbgrader.nbgraderformat import MetadataValidator

    nb = notebook(kind, name)
    nbformat.validate(nb)
    MetadataValidator().validate_nb(nb)
    assert set(nb.metadata) == {"gan_edu", "kernelspec", "language_info"}
    assert nb.metadata.kernelspec == build.KERNELSPEC and nb.metadata.language_info == build.LANGUAGE
    locked = [n for n, c in enumerate(nb.cells, 1) if {"editable", "deletable"} & set(c.metadata)]
    assert not locked, f"cells {locked} would be locked in JupyterLab"


def test_notebooks_are_small():
    none(lint.check_sizes(ROOT))


def test_chapters_run_in_the_time_they_promise():
    """From the seconds that the build measured and stored; nothing is timed here."""
    none(lint.check_run_times(ROOT))


def test_links_inside_the_course_lead_somewhere():
    none(lint.check_links(ROOT))


def test_a_teacher_can_release_the_solutions_with_nbgrader(tmp_path, monkeypatch):
    """nbgrader takes solutions/ unchanged as an assignment's source, and releases what lies in exercises/."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.db_url = f"sqlite:///{tmp_path}/gradebook.db"
    (tmp_path / "source/gans").mkdir(parents=True)
    for name in SOLUTIONS:
        nbformat.write(notebook("solutions", name), tmp_path / f"source/gans/{name}.ipynb")
    result = NbGraderAPI(config=config).generate_assignment("gans")
    assert result["success"], result["log"]
    for name in SOLUTIONS:
        released = nbformat.read(tmp_path / f"release/gans/{name}.ipynb", 4)
        assert [c.source for c in released.cells] == [c.source for c in notebook("exercises", name).cells]


def test_ruff_finds_nothing():
    places = [p for p in ("sources", "gan_edu", "tests", "tools", "benchmarks", "course.py") if (ROOT / p).exists()]
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", *places]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr

"""The build and its rules, on a course of two small chapters in a temporary folder.

Each rule is shown to bite: a good chapter is broken in one place, and the problem must be named.
"""

import base64
import copy
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools import build, lint  # noqa: E402

# A library as small as can be, so that these tests need no torch.
LIBRARY = {
    "gan_edu/__init__.py": "",
    "gan_edu/claims.py": """
def claim(text, holds):
    assert holds, text
    print("✓", text)
""",
    "gan_edu/checks/__init__.py": "",
    "gan_edu/checks/chapter_41.py": """
class Question:
    def __init__(self, answer, number):
        self.answer, self.number = answer, number

    def check(self, answer):
        assert answer(self.number) == self.answer(self.number), "not yet"
        print("Right.")


def double(number):
    return 2 * number


def square(number):
    return number**2


double, square = Question(double, 2), Question(square, 3)
""",
    "gan_edu/grading.py": (ROOT / "gan_edu/grading.py").read_text(encoding="utf-8"),
}
LIBRARY["gan_edu/checks/chapter_42.py"] = LIBRARY["gan_edu/checks/chapter_41.py"]

CHAPTER = '''\
# %% [markdown]
# # 41 · A small chapter
#
# *A chapter that is complete is the best example of
# what a chapter is.*
#
# > **You will be able to**
# > - see a picture,
# > - predict a number,
# > - check a claim.
# >
# > **Before you start** you need nothing.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU: {{gpu_time}}

# %%
import io
import os

import matplotlib.pyplot as plt
from IPython.display import display, update_display
from tqdm.auto import tqdm

from gan_edu.claims import claim

# %% [markdown]
# ## The idea in a picture
#
# A line that rises.

# %%
fig, ax = plt.subplots(figsize=(3, 2))
ax.plot([0, 1], [0, 1])
plt.show()

# %% [markdown]
# ## 1. A sum
#
# Here $s = \\sum_i i$. **Before you run the next cell:** how large is it?

# %%
total = sum(tqdm(range(10), disable=bool(os.environ.get("TQDM_DISABLE"))))
total

# %%
claim("the first ten integers add up to 45", total == 45)

# %% [markdown]
# ## 2. A live picture
#
# **Predict, and say why:** will it stand, or fall?


# %%
def still(height):
    """A figure as a PNG."""
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.bar([0], [height])
    buffer = io.BytesIO()
    fig.savefig(buffer)
    plt.close(fig)
    return {"image/png": buffer.getvalue()}


# %%
display(still(1), raw=True, display_id="live")
for height in (2, 3):
    update_display(still(height), raw=True, display_id="live")

# %% [markdown]
# ## 3. A list
#
# See [section 1](#1.-A-sum) and [the next chapter](42_next.ipynb#2.-A-live-picture).

# %%
print([1, 2, 3])
print("three")

# %% [markdown]
# ## Help, I get …
#
# **nothing.** Run the cell.
#
# **an error.** Read it.
#
# ### a warning
# Read it too.
#
# **the wrong number.** Restart the kernel.
#
# **bored.** Go on.

# %% [markdown]
# ## Recap
#
# - one
# - two
# - three
# - four
# - five

# %% [markdown]
# ## Three quick questions
#
# <details><summary>One?</summary>
#
# Yes.
# </details>
#
# <details><summary>Two?</summary>
#
# No.
# </details>
#
# <details><summary>Three?</summary>
#
# Perhaps.
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [A paper](https://example.org/1): where the idea was first written down.
# - [Another](https://example.org/2): the proof, on two pages, with figures.
# - [A third](https://example.org/3): why it fails in high dimensions.

# %% [markdown]
# ## Key terms
#
# | English | 中文 | Meaning |
# |---|---|---|
# | sum | 和 | what addition gives |
# | line | 线 | a set $|x| = y$ of points |
# | picture | 图 | something to look at |
'''

SOLUTION = '''\
# %% [markdown]
# # Exercises 41 · A small chapter
#
# For [the chapter](../chapters/41_small.ipynb); compare with [the solutions](../solutions/41_small.ipynb).

# %%
from gan_edu.checks import chapter_41 as q

# %% [markdown]
# ## 1. Double
#
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# Write a function that doubles.


# %% answer="double"
def double(number):
    """Twice the number."""
    ### BEGIN SOLUTION
    twice_the_number = number + number
    return twice_the_number
    ### END SOLUTION


# %%
# q.double.hint()

# %% check="double" points=2
q.double.check(double)
### BEGIN HIDDEN TESTS
assert double(-3) == -6
### END HIDDEN TESTS

# %% [markdown]
# ## 2. Square
#
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Write a function that squares.


# %% answer="square"
def square(number):
    ### BEGIN SOLUTION
    return number * number
    ### END SOLUTION


# %% check="square" points=1
q.square.check(square)
### BEGIN HIDDEN TESTS
assert abs(square(-4) - 16) < 1e-6
### END HIDDEN TESTS

# %% [markdown]
# ## 3. Why?
#
# *Difficulty ●●● · importance ●○○ · 3 minutes*
#
# Why is four both?

# %% [markdown] answer="why" points=1
# *Your words:*
#
# ### BEGIN SOLUTION
# Because two plus two and two times two agree.
# ### END SOLUTION
'''


def numbered(text, number, old=41):
    name = {41: "41_small", 42: "42_next"}
    return text.replace(f"{old} ·", f"{number} ·").replace(f"chapter_{old}", f"chapter_{number}").replace(
        name[old] + ".ipynb", name[number] + ".ipynb"
    )  # fmt: skip


def write_course(root):
    """Two chapters with their exercises, as sources, and the small library."""
    files = dict(LIBRARY)
    files["sources/chapters/41_small.py"] = CHAPTER
    files["sources/chapters/42_next.py"] = numbered(CHAPTER, 42)
    files["sources/solutions/41_small.py"] = SOLUTION
    files["sources/solutions/42_next.py"] = numbered(SOLUTION, 42)
    files["README.md"] = "# The course\n\nSee [one](chapters/41_small.ipynb) and [its start](#the-course).\n"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module", autouse=True)
def no_pacer():
    """Spare each build the training that measures this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "pace", lambda env: build.PACE)
        yield


@pytest.fixture(scope="module")
def built(tmp_path_factory, no_pacer):
    """The course, built once; tests that change something take `course`."""
    root = write_course(tmp_path_factory.mktemp("course"))
    assert build.main([], root) == 0
    return root


@pytest.fixture
def course(built, tmp_path):
    shutil.copytree(built, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture(scope="module")
def room(built):
    with build.CleanRoom(built) as clean_room:
        yield clean_room


def edit(root, name, old, new):
    """Replace a text, which must be there, in a file of the course."""
    path = root / name
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def notebook(root, name):
    return nbformat.read(root / name, 4)


def snapshot(root):
    return {p.relative_to(root): p.read_bytes() for p in sorted(root.rglob("*.ipynb"))}


# ---- a good course is good ---------------------------------------------------------------------------------------


def test_a_complete_course_has_no_problems(built):
    names = ["41_small", "42_next"]
    for name in names:
        chapter, solution = notebook(built, f"chapters/{name}.ipynb"), notebook(built, f"solutions/{name}.ipynb")
        exercise = notebook(built, f"exercises/{name}.ipynb")
        assert lint.check_chapter(chapter, name) == []
        assert lint.check_exercise(solution, name) == []
        assert lint.check_exercise(exercise, name) == []
        assert lint.check_leaks(solution, exercise) == []
        for nb in (chapter, solution, exercise):
            assert lint.check_outputs(nb, lint.private_words(built)) == []
    for kind, name in build.sources(built):
        assert build.differences(built, kind, name) == []
    for check in (lint.check_tree, lint.check_sizes, lint.check_links, lint.check_run_times):
        assert check(built) == []
    assert build.main(["--check"], built) == 0


def test_stored_notebook_holds_results_and_nothing_else(built):
    nb = notebook(built, "chapters/41_small.ipynb")
    nbformat.validate(nb)
    assert set(nb.metadata) == {"gan_edu", "kernelspec", "language_info"}
    assert "version" not in nb.metadata.language_info
    assert all("execution" not in cell.metadata for cell in nb.cells)
    outputs = [cell.outputs for cell in nb.cells if cell.cell_type == "code"]
    texts = [text for cell in outputs for output in cell for text in lint.output_texts(output)]
    assert "✓ the first ten integers add up to 45\n" in texts and "45" in texts
    # One picture for plt.show(); the live picture is stored once, as it was last; no progress bar.
    pictures = [o for cell in outputs for o in cell if "image/png" in o.get("data", {})]
    assert len(pictures) == 2
    assert not any("it/s" in text for text in texts)


def test_ids_depend_on_the_text_alone(course):
    def ids():
        nb = build.fresh(course, "chapters", "41_small")
        assert len({cell.id for cell in nb.cells}) == len(nb.cells)
        return {cell.source: cell.id for cell in nb.cells}

    before, section = ids(), "# %% [markdown]\n# ## 2."
    edit(course, "sources/chapters/41_small.py", section, f"# %% [markdown]\n# New.\n\n{section}")
    after = ids()
    # The header is another cell now: it says how long the chapter takes to read, and may say so differently.
    assert {**before, **after} == {**after, **before} and len(after) == len(before) + 1


def test_equal_cells_get_different_ids(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("# %%\n1\n\n# %%\n1\n")
    _, first, second = build.read_source(path).cells
    assert first.id != second.id


def test_header_shows_what_was_measured(built):
    nb = notebook(built, "chapters/41_small.ipynb")
    facts, head = nb.metadata.gan_edu, nb.cells[0].source
    assert facts.run_seconds > 0 and re.fullmatch("[0-9a-f]{64}", facts.source_sha256)
    assert f"**Minutes** {facts.read_minutes} to read · {lint.about(facts.run_seconds)} to run" in head
    assert "GPU: not measured" in head


def test_the_pace_of_this_machine_is_measured():
    printed = subprocess.run([sys.executable, "-c", build.PACER], capture_output=True, check=True, text=True).stdout
    assert 0 < float(printed) < 1000


def test_times_are_rounded_for_readers():
    said = {None: "not measured", 1: "a few seconds", 5.2: "about 5 s", 38.2: "about 40 s", 57: "about 55 s",
            58: "about 1 min", 75: "about 1.5 min", 70: "about 1.5 min", 119: "about 2 min"}  # fmt: skip
    assert {seconds: lint.about(seconds) for seconds in said} == said


def test_gpu_time_comes_from_its_record(course):
    record = course / "sources/gpu_times.json"
    record.write_text(json.dumps({"41_small": {"seconds": 9.7, "device": "NVIDIA H100"}}))
    assert any("cell 1 differs" in p for p in build.differences(course, "chapters", "41_small"))
    assert "text only" in build.build(course, "chapters", "41_small")
    assert "GPU: about 10 s on one NVIDIA H100" in notebook(course, "chapters/41_small.ipynb").cells[0].source


def test_neighbours_link_both_ways(built):
    def text(name):
        return lint.prose(dict(lint.sections(notebook(built, f"chapters/{name}.ipynb")))["Exercises and neighbours"])

    assert "[42 · A small chapter](42_next.ipynb)" in text("41_small") and "←" not in text("41_small")
    assert "[41 · A small chapter](41_small.ipynb)" in text("42_next") and "→" not in text("42_next")
    assert "(../exercises/41_small.ipynb)" in text("41_small")


def test_lint_of_a_source_needs_no_run(tmp_path):
    root = write_course(tmp_path)
    assert build.main(["--lint"], root) == 0
    edit(root, "sources/chapters/41_small.py", "# ## Recap", "# ## Summary")
    assert build.main(["--lint", "41"], root) == 1
    assert not (root / "chapters").exists()


# ---- what a reader must be able to rely on -----------------------------------------------------------------------


def test_strict_nbval_agrees_with_what_was_stored(built):
    """Figures, a picture updated in place and a silent progress bar, run again and compared by nbval."""
    env = {**os.environ, "TQDM_DISABLE": "1", "PYTHONPATH": str(built)}
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", "-c", os.devnull,
               "--rootdir", str(built), "chapters/41_small.ipynb", "solutions/41_small.ipynb"]  # fmt: skip
    ran = subprocess.run(command, cwd=built, env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
    assert re.search(r"\b15 passed", ran.stdout), ran.stdout


def test_nbgrader_takes_the_solutions_as_they_are_and_grades_them(built, tmp_path, monkeypatch):
    """A teacher copies solutions/ to source/: nbgrader releases our exercises, and right answers get their points."""
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    # nbgrader calls the command alembic, which lies beside this Python, as in an activated environment.
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(built))
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.db_url = f"sqlite:///{tmp_path}/gradebook.db"
    shutil.copytree(built / "solutions", tmp_path / "source/gans")
    api = NbGraderAPI(config=config)
    result = api.generate_assignment("gans")
    assert result["success"], result["log"]
    for name in ("41_small", "42_next"):
        released = notebook(tmp_path, f"release/gans/{name}.ipynb")
        ours = notebook(built, f"exercises/{name}.ipynb")
        assert [c.source for c in released.cells] == [c.source for c in ours.cells]
        for theirs, mine in zip(released.cells, ours.cells, strict=True):
            theirs = theirs.metadata.get("nbgrader", {})
            assert {k: v for k, v in theirs.items() if k != "checksum"} == mine.metadata.get("nbgrader", {})
            assert not {"deletable", "editable"} & set(mine.metadata)

    shutil.copytree(tmp_path / "release/gans", tmp_path / "submitted/ada/gans")
    answered = notebook(built, "solutions/41_small.ipynb")
    handed_in = notebook(tmp_path, "submitted/ada/gans/41_small.ipynb")
    for cell, solution in zip(handed_in.cells, answered.cells, strict=True):
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = solution.source
    nbformat.write(handed_in, tmp_path / "submitted/ada/gans/41_small.ipynb")
    result = api.autograde("gans", "ada")
    assert result["success"], result["log"]
    with Gradebook(config.CourseDirectory.db_url) as gradebook:
        handed = gradebook.find_submission("gans", "ada").notebooks
        scores = {n.name: (n.score, n.max_score) for n in handed}
    assert scores["41_small"] == (3, 4), "two and one points; the open question waits for the teacher"
    assert scores["42_next"] == (0, 4)


def test_exercise_keeps_stubs_and_loses_answers(built):
    nb = notebook(built, "exercises/41_small.ipynb")
    text = "\n".join(cell.source for cell in nb.cells)
    assert text.count("raise NotImplementedError()") == 2 and "YOUR ANSWER HERE" in text
    assert '"""Twice the number."""\n    # YOUR CODE HERE\n    raise NotImplementedError()' in text
    for secret in ("twice_the_number", "number * number", "Because two", "double(-3)", "BEGIN", "END"):
        assert secret not in text
    assert "q.double.check(double)" in text and "*Your words:*" in text


def test_marks_become_what_nbgrader_stores(built):
    marks = [c.metadata.nbgrader for c in notebook(built, "exercises/41_small.ipynb").cells if "nbgrader" in c.metadata]
    kinds = {m.grade_id: (m.cell_type, m.solution, m.grade, m.locked, m.get("points")) for m in marks}
    assert kinds == {
        "double": ("code", True, False, False, None),
        "check_double": ("code", False, True, True, 2),
        "square": ("code", True, False, False, None),
        "check_square": ("code", False, True, True, 1),
        "why": ("markdown", True, True, False, 1),
    }
    assert all(m.schema_version == 3 and m.task is False for m in marks)


def test_clean_room_hides_the_author(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_EDU_DATA", "somewhere")
    monkeypatch.setenv("GAN_EDU_STATE", "my progress")
    monkeypatch.setenv("MPLBACKEND", "pdf")
    with build.CleanRoom(tmp_path) as room:
        env = room.env
        assert not {"GAN_EDU_DATA", "MPLBACKEND"} & set(env)
        assert env["GAN_EDU_STATE"] != "my progress" and os.listdir(env["GAN_EDU_STATE"]) == []
        assert env["TQDM_DISABLE"] == "1" and env["GAN_EDU_DEVICE"] == "cpu"
    assert not Path(env["GAN_EDU_STATE"]).exists()


# ---- stale, prose only, failing ----------------------------------------------------------------------------------


def test_a_change_of_prose_is_noticed_and_needs_no_run(course):
    before = notebook(course, "chapters/41_small.ipynb")
    edit(course, "sources/chapters/41_small.py", "A line that rises.", "A line that climbs.")
    assert build.main(["--check"], course) == 1
    assert any("cell 4 differs" in p for p in build.differences(course, "chapters", "41_small"))
    assert build.differences(course, "chapters", "42_next") == []
    assert "text only" in build.build(course, "chapters", "41_small")
    after = notebook(course, "chapters/41_small.ipynb")
    assert "climbs" in after.cells[3].source and build.main(["--check"], course) == 0
    assert [c.get("outputs") for c in after.cells] == [c.get("outputs") for c in before.cells]


def openers(nb):
    return [cell for cell in nb.cells if cell.id == build.OPENER_ID]


def test_every_notebook_looks_for_the_library_first(built):
    for path in sorted(built.glob("*/*.ipynb")):
        nb = nbformat.read(path, 4)
        code = [cell for cell in nb.cells if cell.cell_type == "code"]
        assert openers(nb) == code[:1] and build.is_folded(code[0]) and code[0].outputs == []
        counts = [None] * len(code) if path.parent.name == "exercises" else list(range(1, len(code) + 1))
        assert [cell.execution_count for cell in code] == counts, path


def test_a_notebook_that_was_built_before_gets_its_first_cell_without_a_run(course):
    path = course / "chapters/41_small.ipynb"
    wanted = path.read_bytes()
    nb = nbformat.read(path, 4)
    nb.cells = [cell for cell in nb.cells if cell.id != build.OPENER_ID]
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.execution_count -= 1
    nbformat.write(nb, path)
    assert any("cells, its source" in p for p in build.differences(course, "chapters", "41_small"))
    assert "text only" in build.build(course, "chapters", "41_small")
    assert path.read_bytes() == wanted


@pytest.mark.parametrize(
    "there, asked",
    [
        (["gan_edu/claims.py"], ".."),
        (["chapters/gan_edu-0.1.0-py3-none-any.whl"], "gan_edu-0.1.0-py3-none-any.whl"),
        ([], None),
        (["gan_edu/__init__.py"], None),
    ],
    ids=["the course's folder", "a wheel", "nothing", "another folder of this name"],
)
def test_without_the_library_the_first_cell_installs_it(tmp_path, monkeypatch, there, asked):
    """Never by its name from an index, where the name may be somebody else's."""
    (tmp_path / "chapters").mkdir()
    for name in there:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path / "chapters")
    calls = []
    shell = type("Shell", (), {"run_line_magic": lambda self, *said: calls.append(said)})()
    names = {"get_ipython": lambda: shell}
    exec(build.OPENER, names)  # here the library is there
    assert calls == []
    monkeypatch.setitem(sys.modules, "gan_edu", None)  # and now importing it raises ImportError
    if asked is None:
        with pytest.raises(ModuleNotFoundError, match="beside this notebook"):
            exec(build.OPENER, names)
    else:
        exec(build.OPENER, names)
    assert calls == [("pip", f"install --quiet {asked}")] * (asked is not None)


def test_a_change_of_code_runs_anew(course, room):
    edit(course, "sources/chapters/41_small.py", 'print("three")', 'print("four")')
    assert "ran in" in build.build(course, "chapters", "41_small", room)
    assert "four" in (course / "chapters/41_small.ipynb").read_text()


def test_a_notebook_edited_by_hand_is_noticed(course):
    path = course / "exercises/41_small.ipynb"
    nb = nbformat.read(path, 4)
    nb.cells[2].source += " And a word."
    nbformat.write(nb, path)
    assert any("exercises/41_small.ipynb: cell 3" in p for p in build.differences(course, "solutions", "41_small"))

    path = course / "chapters/41_small.ipynb"
    nb = nbformat.read(path, 4)
    nb.cells[5].metadata["tags"] = ["nbval-skip"]
    nbformat.write(nb, path)
    assert any("cell 6 differs from the source in its metadata" in p
               for p in build.differences(course, "chapters", "41_small"))  # fmt: skip


def test_building_twice_gives_the_same_bytes(course):
    before = snapshot(course)
    assert "text only" in build.build(course, "chapters", "41_small")
    build.build(course, "solutions", "41_small")
    assert snapshot(course) == before


def test_failing_cell_is_told_and_nothing_is_overwritten(course, capsys):
    before = snapshot(course)
    edit(course, "sources/chapters/41_small.py", "total == 45", "total == 46")
    assert build.main(["chapters/41"], course) == 1
    told = capsys.readouterr().err
    assert "chapters/41_small: cell 8 failed" in told and "total == 46" in told and "AssertionError" in told
    assert "\x1b" not in told
    assert snapshot(course) == before
    assert list(course.rglob(".*.tmp")) == []


BAD_OUTPUTS = [
    ("import warnings; warnings.warn('old')", "writes to stderr"),
    ("import sys; print('oops', file=sys.stderr)", "writes to stderr"),
    ("print('UserWarning: careful')", "shows a warning"),
    ("import os; print(os.getcwd())", "of this machine"),
    ("import json; print(json.__file__)", "of this machine"),
    ("import tempfile; print(tempfile.mkdtemp())", "of this machine"),
    ("print('\\x1b[31mred')", "colour codes"),
    ("object()", "memory address"),
    ("import ipywidgets; ipywidgets.IntSlider()", "shows a bare widget"),
]


def test_outputs_that_must_not_be_stored_stop_the_build(course, room):
    before = snapshot(course)
    source = "".join(f"# %%\n{code}\n\n" for code, _ in BAD_OUTPUTS) + "# %%\nprint('this is well')\n"
    (course / "sources/chapters/41_small.py").write_text(source, encoding="utf-8")
    with pytest.raises(build.BuildError) as error:
        build.build(course, "chapters", "41_small", room)
    told = str(error.value).splitlines()
    for number, (_, problem) in enumerate(BAD_OUTPUTS, 2):  # cell 1 looks for the library
        assert any(line.startswith(f"cell {number} ") and problem in line for line in told), (number, told)
    assert not any(line.startswith(f"cell {len(BAD_OUTPUTS) + 2} ") for line in told)
    assert snapshot(course) == before


def test_names_of_this_machine_are_known_and_found(tmp_path):
    words = lint.private_words(tmp_path / "course")
    assert str(tmp_path / "course") in words and not {"/tmp", "/usr", ""} & set(words)
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("stream", text="in /data/me/course on pc-17\n")])
    nb = nbformat.v4.new_notebook(cells=[cell])
    assert lint.check_outputs(nb) == []
    for word in ("/data/me/course", "pc-17"):
        assert lint.check_outputs(nb, [word]) == [f"cell 1 shows a name or path of this machine: {word}"]


def test_widget_cell_tagged_as_such_is_stored_without_its_view(course, room):
    source = '# %% tags=["nbval-ignore-output"]\nimport ipywidgets\n\nipywidgets.IntSlider()\n'
    (course / "sources/chapters/41_small.py").write_text(source, encoding="utf-8")
    build.build(course, "chapters", "41_small", room)
    nb = notebook(course, "chapters/41_small.ipynb")
    assert nb.cells[0].outputs == [] and nb.cells[0].execution_count == 1 and "widgets" not in nb.metadata


def test_a_picture_after_a_widget_stands_for_it():
    bundles = {"application/vnd.jupyter.widget-view+json": {"model_id": "0"}}, {"image/png": "iVBORw0KGgo="}
    outputs = [nbformat.v4.new_output("display_data", bundle) for bundle in bundles]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=outputs)])
    assert lint.check_widget_outputs(nb) == []
    nb.cells[0].outputs.reverse()
    assert "cell 1 shows a bare widget" in lint.check_widget_outputs(nb)[0]


def test_widget_with_a_still_picture_is_stored_as_that_picture(built):
    nb = notebook(built, "chapters/41_small.ipynb")
    picture = next(o for cell in nb.cells for o in cell.get("outputs", []) if "image/png" in o.get("data", {}))
    picture.data["application/vnd.jupyter.widget-view+json"] = {"model_id": "0", "version_major": 2}
    assert any("stores a widget view" in p for p in lint.check_outputs(nb))
    assert set(picture.data) > {"image/png"}
    build.tidy(nb)
    assert "image/png" in picture.data and lint.check_outputs(nb) == []


CLOCKS = {
    "start = time.perf_counter()\nwork()\nprint(f'{time.perf_counter() - start:.1f} s')": True,
    "from time import perf_counter as p\nfrom time import process_time\nprint(round(process_time()))": True,
    "start = time.time()\nwork()\nclaim('fast', time.time() - start < 5)": True,
    "%time work()": True,
    "%%time\nwork()": True,
    "%matplotlib inline\nstart = time.time()": False,
    "start = time.perf_counter()\nwork()\nax.plot(time.perf_counter() - start)\nprint('drawn')": False,
    "print(work())": False,
}


@pytest.mark.parametrize(("code", "bad"), CLOCKS.items())
def test_no_compared_cell_tells_what_the_clock_says(code, bad):
    cell = nbformat.v4.new_code_cell(code)
    found = lint.check_clocks(nbformat.v4.new_notebook(cells=[cell]))
    assert [p.split(":")[0] for p in found] == bad * ["cell 1 tells what the clock said, something else in each run"]
    cell.metadata["tags"] = ["nbval-ignore-output"]
    assert lint.check_clocks(nbformat.v4.new_notebook(cells=[cell])) == []


def test_a_stopwatch_is_followed_from_cell_to_cell():
    sources = [
        "def clock():\n    return time.monotonic()",
        "def race(work):\n    work()\n    return clock()",
        "race(f)",
    ]
    cells = [nbformat.v4.new_code_cell(source) for source in [*sources, "seconds = race(f)\nprint(seconds)"]]
    (problem,) = lint.check_clocks(nbformat.v4.new_notebook(cells=cells))
    assert problem.startswith("cell 4 ")


def test_legends_need_the_courses_style():
    """It keeps matplotlib from warning on a slow machine that the best place took long to find."""
    cell = nbformat.v4.new_code_cell("ax.legend()")
    assert lint.check_cells(nbformat.v4.new_notebook(cells=[cell])) == [
        "cell 1 draws a legend, but no cell calls plotting.use_style()"
    ]
    style = nbformat.v4.new_code_cell("plotting.use_style()")
    assert lint.check_cells(nbformat.v4.new_notebook(cells=[style, cell])) == []


# ---- marks and metadata ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('# %% answer="double"', '# %% anwser="double"', "Did you mean 'answer'"),
        ('# %% answer="double"', "# %%", "without answer"),
        ('check="double" points=2', 'check="double"', "needs points"),
        ('check="double" points=2', 'answer="x" check="double" points=2', "not both"),
        ('# %% answer="double"', '# %% answer="double" points=2', "gets its points from its check"),
        ('# %% answer="square"', '# %% answer="double"', "second cell with the name 'double'"),
        ('answer="why" points=1', 'answer="why is it" points=1', "letters, digits"),
        ('[markdown] answer="why" points=1', '[markdown] check="why" points=1', "must be a code cell"),
        ("# %% [markdown]\n# # Exercises", "# ---\n# %% [markdown]\n# # Exercises", "first line must start a cell"),
    ],
)
def test_wrong_marks_are_explained(course, old, new, problem):
    edit(course, "sources/solutions/41_small.py", old, new)
    with pytest.raises(build.BuildError, match=problem):
        build.fresh(course, "solutions", "41_small")


def test_answer_that_stands_elsewhere_stops_the_build(course):
    before = snapshot(course)
    edit(course, "sources/solutions/41_small.py", "function that doubles.", "`twice_the_number = number + number`.")
    with pytest.raises(build.BuildError, match="cell 4 of the exercise gives an answer away"):
        build.build(course, "solutions", "41_small")
    assert snapshot(course) == before


def test_answer_left_in_an_exercise_is_found(built):
    solution, exercise = notebook(built, "solutions/41_small.ipynb"), notebook(built, "exercises/41_small.ipynb")
    leaky = copy.deepcopy(solution)
    problems = lint.check_leaks(solution, leaky)
    assert any("gives an answer away" in p for p in problems)
    assert any("mark of a solution" in p for p in problems) and any("has an output" in p for p in problems)
    exercise.cells[3].source += "\n    return number * number"
    (problem,) = lint.check_leaks(solution, exercise)
    assert problem == "cell 4 of the exercise gives an answer away: return number * number"


# ---- the skeleton ------------------------------------------------------------------------------------------------

CHAPTER_BREAKS = [
    ("# # 41 · A small", "# # 42 · A small", "first line must be"),
    ("# *A chapter that", "# A chapter that", "in *italics*"),
    ("**You will be able to**", "**Goals**", "no **You will be able to**"),
    ("# > - predict a number,\n", "", "has 2 bullets"),
    ("**Before you start** you", "You", "no **Before you start**"),
    ("**Minutes** {{read", "{{read", "no **Minutes**"),
    ("{{read_minutes}} to read", "99 to read", "doesn't show {{read_minutes}}"),
    ("{{run_time}} to run", "an hour to run", "doesn't show {{run_time}}"),
    ("# A line that rises.", "# A line that rises." + " So it goes on." * 2000, "more than 40 are two sittings"),
    ("· GPU: {{gpu_time}}", "", "nothing about a GPU"),
    ("# ## The idea in a picture", "# ## A picture", "“## The idea in a picture” occurs 0 times"),
    ("# A line that rises.", "# A line $y = x$ that rises.", "formula comes before the picture"),
    ("# > - see a picture,", "# > - see $x$,", "cell 1: a formula comes before the picture"),
    ("# ## 2. A live", "# ## 3. A live", "numbered [1, 3, 3]"),
    ("# ## 3. A list", "# ## A list", "2 numbered sections"),
    ("**Before you run the next cell:** how", "How", "isn't asked to predict twice"),
    ('claim("the first ten integers add up to 45", total == 45)', "assert total == 45", "no claim"),
    ("# A line that rises.", "# A line that rises: claim(x).", "claim( or identity( stands in markdown"),
    ("# **bored.** Go on.", "# Bored? Go on.", "has 4 entries"),
    ("# ## Help, I get …", "# ## Help", "“## Help, I get …” occurs 0 times"),
    ("# - five\n", "", "“Recap” has 4 list items"),
    ("# Perhaps.\n# </details>", "# Perhaps.", "has 2 <details>"),
    ("<summary>Two?</summary>\n#\n", "<summary>Two?</summary>\n", "an empty line, then the answer"),
    ("# {{neighbours}}", "# Go on.", "no link to ../exercises/41_small.ipynb"),
    ("# - [A third](https://example.org/3): why it fails in high dimensions.\n", "", "has 2 list items"),
    ("[A third](https://example.org/3)", "A third", "without a link"),
    (": why it fails in high dimensions.", ".", "without a line on why"),
    ("| English | 中文 | Meaning |", "| Word | Meaning |", "needs a table"),
    ("# | sum | 和 | what addition gives |\n", "", "2 terms"),
    ("| sum | 和 |", "| sum | sum |", "a key term needs"),
    ("# ## Recap", "# ## Recap {{nobody_fills}}", "nobody fills"),
    ("# A line that rises.", "# A <span style='color:red'>line</span>.", "HTML tag <span>"),
    ("# A line that rises.", "# ![](line.png)", "without alternative text"),
    ("# A line that rises.", "# It costs \\$5 or \\$6.", "a dollar sign"),
    ("# A line that rises.", "# A line, and\n# 1. that is a list.", "“1. that is a list.” makes a list"),
    ("# - five\n", "# - from 4 to\n# 5. Five\n", "“5. Five” makes a list"),
    ("# A line that rises.", "# " + "word " * 201, "a wall of text"),
    ("print([1, 2, 3])", "\n".join(f"print({i})" for i in range(26)), "27 lines of code"),
    ("# A line that rises.", "# A line.\n#\n# # Another title", "more than one heading of level 1"),
]


def read_as_chapter(root, source):
    """The notebook that a chapter's source gives, with the outputs of the built one."""
    path = root / "sources/chapters/41_small.py"
    path.write_text(source, encoding="utf-8")
    stored = notebook(root, "chapters/41_small.ipynb")
    nb = build.fresh(root, "chapters", "41_small", stored.metadata.gan_edu.run_seconds)
    outputs = iter([cell.outputs for cell in stored.cells if cell.cell_type == "code"])
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs = next(outputs)
    return nb


@pytest.mark.parametrize(("old", "new", "problem"), CHAPTER_BREAKS)
def test_each_rule_of_the_skeleton_bites(course, old, new, problem):
    assert CHAPTER.count(old) == 1
    found = lint.check_chapter(read_as_chapter(course, CHAPTER.replace(old, new)), "41_small")
    assert any(problem in p for p in found), found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("## Title\n1. one\n2. two", []),
        ("Words.\n  \n1. one\n2. two", []),
        ("Words:\n- from 4 to\n  5. Five", ["  5. Five"]),
        ("- one\n- from 4 to\n  5. Five", ["  5. Five"]),
        ("In the year\n1986. It", []),  # only 1 begins a list in the middle of a paragraph
    ],
)
def test_lists_by_chance_are_told_from_lists(text, found):
    assert lint._lists_by_chance(text) == found


def test_a_missing_section_is_one_of_the_problems_of_an_empty_chapter():
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("Hello.")])
    problems = "\n".join(lint.check_chapter(nb, "41_small"))
    for section in (lint.IDEA, *lint.ENDING):
        assert f"“## {section}” occurs 0 times" in problems
    assert lint.check_chapter(nbformat.v4.new_notebook(), "41_small")


def test_sections_in_another_order_are_told(course):
    nb = read_as_chapter(course, CHAPTER)
    recap = next(i for i, cell in enumerate(nb.cells) if cell.source.startswith("## Recap"))
    nb.cells.append(nb.cells.pop(recap))
    assert any("stand in the order" in p for p in lint.check_chapter(nb, "41_small"))


def test_idea_without_a_picture_is_told(course):
    nb = read_as_chapter(course, CHAPTER)
    nb.cells[4].outputs = []
    assert "“## The idea in a picture” shows no picture" in lint.check_chapter(nb, "41_small")


CHECK_OF_SQUARE = """\
q.square.check(square)
### BEGIN HIDDEN TESTS
assert abs(square(-4) - 16) < 1e-6
### END HIDDEN TESTS
"""
EXERCISE_BREAKS = [
    ("# # Exercises 41", "# # Tasks 41", "must start with"),
    ("(../chapters/41_small.ipynb)", "(41_small.ipynb)", "no link to ../chapters/41_small.ipynb"),
    ("(../solutions/41_small.ipynb)", "(../chapters/41_small.ipynb)", "no link to ../solutions/41_small.ipynb"),
    ("import chapter_41 as q", "import chapter_41 as questions", "no cell has the line"),
    ("# ## 3. Why?", "# ## Why?", "2 questions"),
    ("# ## 2. Square", "# ## 4. Square", "numbered [1, 4, 3]"),
    ("*Difficulty ●○○ · importance ●●● · 5 minutes*", "*Easy*", "the first line must be"),
    ("Difficulty ●○○", "Difficulty ○●○", "the first line must be"),
    ("Difficulty ●○○", "Difficulty ○○○", "the first line must be"),
    (f'# %% check="square" points=1\n{CHECK_OF_SQUARE}', "", "no check for the answer"),
    (CHECK_OF_SQUARE, "assert square(3) == 9\n", "calls no q.….check"),
    ('[markdown] answer="why" points=1', "[markdown]", "has no answer cell"),
    ("# q.double.hint()", "# q.double.hint() q.double.check()", "is no Python when its # is taken away"),
    ("# ### BEGIN SOLUTION\n", "# <!-- ### BEGIN SOLUTION --> It is\n", "must stand on a line of its own"),
    ('answer="square"', 'answer="cube"', "checks what no answer cell above it gives"),
]


@pytest.mark.parametrize(("old", "new", "problem"), EXERCISE_BREAKS)
def test_each_rule_for_exercises_bites(course, old, new, problem):
    assert SOLUTION.count(old) == 1
    text = SOLUTION.replace(old, new)
    if problem == "has no answer cell":
        text = text.replace("# ### BEGIN SOLUTION\n", "").replace("# ### END SOLUTION\n", "")
    (course / "sources/solutions/41_small.py").write_text(text, encoding="utf-8")
    found = lint.check_exercise(build.fresh(course, "solutions", "41_small"), "41_small")
    assert any(problem in p for p in found), found


def test_hidden_tests_without_a_check_are_no_exercise(course):
    source = SOLUTION.replace("q.square.check(square)\n", "")
    (course / "sources/solutions/41_small.py").write_text(source, encoding="utf-8")
    with pytest.raises(build.BuildError, match="hidden tests stand below q.name.check"):
        build.fresh(course, "solutions", "41_small")


# ---- the tree, its links and sizes -------------------------------------------------------------------------------


def test_a_tree_without_chapters_is_no_course(tmp_path):
    assert lint.check_tree(tmp_path) == ["there are no chapters in sources/chapters"]


@pytest.mark.parametrize(("name", "fits"), [("81_tables", True), ("91_beyond", False), ("71_Seeing", False)])
def test_the_tens_digit_of_a_file_is_a_part(tmp_path, name, fits):
    for kind in ("chapters", "solutions"):
        (tmp_path / "sources" / kind).mkdir(parents=True)
        (tmp_path / "sources" / kind / f"{name}.py").touch()
    assert ("tens digit" in "\n".join(lint.check_tree(tmp_path))) != fits


def test_missing_and_orphan_notebooks_are_told(course):
    shutil.copy(course / "chapters/41_small.ipynb", course / "chapters/43_orphan.ipynb")
    (course / "exercises/42_next.ipynb").unlink()
    (course / "sources/solutions/41_small.py").unlink()
    problems = "\n".join(lint.check_tree(course))
    assert "chapters/43_orphan.ipynb has no source" in problems
    assert "exercises/42_next.ipynb is not built" in problems
    assert "sources/chapters/41_small.py has no exercises" in problems
    assert "solutions/41_small.ipynb has no source" in problems
    assert build.main(["--check"], course) == 1


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("[x](43_nowhere.ipynb)", "leads nowhere"),
        ("[x](../chapters/41_small.ipynb#1.-A-product)", "names a heading that doesn't exist"),
        ("[x](#nowhere)", "names a heading that doesn't exist"),
        ("![a picture](pictures/none.png)", "leads nowhere"),
        ("[x](../../elsewhere.md)", "leads out of the course"),
        ("[x](/etc/hosts)", "leads out of the course"),
        ("[x][1]\n\n[1]: nowhere.md", "leads nowhere"),
        ("[x](../README.md#no-such-heading)", "names a heading that doesn't exist"),
    ],
)
def test_dead_links_are_told(course, link, problem):
    path = course / "chapters/42_next.ipynb"
    nb = nbformat.read(path, 4)
    nb.cells[3].source += f"\n\n{link}"
    nbformat.write(nb, path)
    found = lint.check_links(course)
    assert len(found) == 1 and problem in found[0] and "chapters/42_next.ipynb, cell 4" in found[0], found


def test_dead_links_in_shown_markdown_are_told(course):
    path = course / "chapters/42_next.ipynb"
    nb = nbformat.read(path, 4)
    number, cell = next((n, c) for n, c in enumerate(nb.cells, 1) if c.cell_type == "code")
    shown = {"text/markdown": "[a](41_small.ipynb#1.-A-sum) [b](41_small.ipynb#1.-A-product)"}
    cell.outputs.append(nbformat.v4.new_output("display_data", data=shown))
    nbformat.write(nb, path)
    found = lint.check_links(course)
    assert len(found) == 1 and f"output of cell {number}: the link 41_small.ipynb#1.-A-product names" in found[0]


def test_good_links_and_code_are_left_alone(course):
    path = course / "chapters/42_next.ipynb"
    nb = nbformat.read(path, 4)
    nb.cells[3].source += (
        "\n\n[a](../README.md#the-course) [b](41_small.ipynb#Help,-I-get-%E2%80%A6) <https://example.org> `[c](d)`"
        "\n\n```\n[e](f)\n```\n[g](#1.-A-sum) [h](mailto:a@example.org)"
    )
    nbformat.write(nb, path)
    assert lint.check_links(course) == []


def test_large_and_slow_notebooks_are_told(course):
    path = course / "chapters/41_small.ipynb"
    nb = nbformat.read(path, 4)
    nb.metadata.gan_edu.run_seconds = 121
    nb.cells[2].source += "x" * lint.MAX_BYTES
    nbformat.write(nb, path)
    assert any("41_small.ipynb has" in p for p in lint.check_sizes(course))
    assert not any("half of the notebooks" in p for p in lint.check_sizes(course)), "it is only one of them"
    for small in [*course.glob("solutions/*.ipynb"), *course.glob("exercises/*.ipynb")]:
        small.unlink()
    (course / "chapters/42_next.ipynb").unlink()
    assert any("more than half of the notebooks" in p for p in lint.check_sizes(course))
    assert lint.check_run_times(course) == ["41_small ran for 121 s, more than 120 s"]


def test_unknown_names_list_what_there_is(built, capsys):
    assert build.main(["41_smal"], built) == 2
    told = capsys.readouterr().err
    assert "no source is called '41_smal'" in told and "Did you mean '41_small'?" in told and "42_next" in told
    assert build.find(built, ["41"]) == [("chapters", "41_small"), ("solutions", "41_small")]
    assert build.find(built, ["exercises/42_next.ipynb"]) == [("solutions", "42_next")]


# ---- pictures and words ------------------------------------------------------------------------------------------


def png(pixels, mode=None):
    buffer = io.BytesIO()
    Image.fromarray(pixels, mode).save(buffer, "PNG") if mode else Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_pictures_become_smaller_and_look_the_same(built):
    few = np.zeros((200, 300, 4), dtype=np.uint8) + 255
    few[50:100, :, :3] = [0, 114, 178]
    small = build.shrink_png(png(few))
    assert len(small) < len(png(few))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(small)).convert("RGBA")), few)

    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    kept = np.asarray(Image.open(io.BytesIO(build.shrink_png(png(noise)))).convert("RGB"))
    assert np.array_equal(kept, noise), "a picture of many colours must not be reduced to 256"

    for cell in notebook(built, "chapters/41_small.ipynb").cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                raw = base64.b64decode(output["data"]["image/png"])
                assert len(raw) < 10_000 and build.shrink_png(raw) == raw


def test_words_are_what_a_reader_reads():
    assert lint.count_words("One **two** `three` $four$ [five](six.md)\n| seven | eight |\n```\nnine\n```") == 3
    assert lint.count_words("对抗网络") == 2
    assert lint.count_formulas("$a$, `$b$` and $c + \\$d$:\n$$\ne\n$$\n| $f$ |\n```\n$g$\n```") == (3, 1)


def test_formulas_and_pictures_take_time_to_read():
    def minutes(text, *code):
        cells = [nbformat.v4.new_markdown_cell(text), *map(nbformat.v4.new_code_cell, code)]
        return build.read_minutes(nbformat.v4.new_notebook(cells=cells))

    assert minutes("word " * 190) == 1
    assert minutes("word " * 190 + "$x$ " * 10) == minutes("word " * 190 + "$$x$$") == 2
    assert minutes("word", *["plt.show()"] * 5) == 2

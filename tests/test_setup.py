"""Set-up: the files that name versions agree, and course.py installs, repairs, starts and explains itself.

course.py is tried in a folder that holds a tiny project instead of the course (setup_project.py).
"""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import types
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from setup_project import builds, call, load, make_project, pins, started

from gan_edu import cli
from tools import resolve_pins, systems

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = [Requirement(line) for line in PROJECT["dependencies"] + EXTRAS["test"] + EXTRAS["site"]]


# The files that name versions


@pytest.mark.parametrize("needed", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_each_dependency_is_pinned_inside_its_range(needed):
    assert needed.specifier, "a range is missing"
    assert needed.specifier.contains(pins()[canonicalize_name(needed.name)])


def test_each_dependency_says_why_it_is_there():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for needed in REQUIREMENTS:
        (line,) = [line for line in text.splitlines() if line.strip().startswith(f'"{needed.name}>')]
        assert len(line.partition("#")[2]) > 10, line


def test_what_is_installed_is_what_is_pinned():
    todo, seen, wrong = list(REQUIREMENTS), set(), []
    while todo:
        name = canonicalize_name(todo.pop().name)
        if name in seen:
            continue
        seen.add(name)
        if name.startswith(("nvidia-", "cuda-")) or name == "triton":
            continue  # torch itself pins what it needs on machines with CUDA
        version = metadata.version(name).partition("+")[0]
        if pins().get(name) != version:
            wrong.append(f"{name}: installed {version}, pinned {pins().get(name)}")
        for line in metadata.requires(name) or []:
            needed = Requirement(line)
            if not needed.marker or needed.marker.evaluate({"extra": ""}):
                todo.append(needed)
    assert not wrong
    assert len(seen) > 50


def test_conda_users_get_the_same_versions():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge"]
    *conda, by_pip = environment["dependencies"]
    assert by_pip["pip"] == ["--constraint constraints.txt", "--editable ."]  # and nothing that only tests need
    python = next(line for line in conda if line.startswith("python=")).removeprefix("python=")
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python)


def test_the_version_check_and_the_project_ask_for_the_same_python():
    lowest = PROJECT["requires-python"].removeprefix(">=")
    course = (ROOT / "course.py").read_text(encoding="utf-8")
    assert f"sys.version_info < ({lowest.replace('.', ', ')})" in course
    newest = ".".join(map(str, systems.NEWEST))
    for text in (course, (ROOT / "README.md").read_text(encoding="utf-8")):
        assert f"Python {lowest} to {newest}" in text and "3.11 or newer" not in text
    minors = {python.rpartition(".")[0] for python in resolve_pins.PYTHONS}
    assert minors == {f"3.{n}" for n in range(int(lowest.split(".")[1]), systems.NEWEST[1] + 1)}


def test_the_table_of_systems_belongs_to_these_pins_and_says_yes_everywhere():
    text = resolve_pins.TABLE.read_text(encoding="utf-8")
    everywhere = {(python, name): (True, True) for python in resolve_pins.PYTHONS for name in resolve_pins.SYSTEMS}
    assert text == resolve_pins.table(everywhere), "run python tools/resolve_pins.py"


def test_style():
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--quiet", str(ROOT)], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


# course.py in a clean folder


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "the course")  # with a space, as home folders have


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder in which `course.py lab` has run once. Tests leave it working."""
    folder = make_project(tmp_path_factory.mktemp("installed") / "the course")
    first = call(folder, "lab", "--first")
    assert first.returncode == 0, first.stderr
    assert started(first)["arguments"] == ["lab", "--first"]
    return folder


def test_a_second_call_installs_nothing_and_passes_its_arguments_on(installed, tmp_path):
    before = builds(installed)
    others = {"PYTHONPATH": "/elsewhere", "PYTHONHOME": "", "PYTHONDONTWRITEBYTECODE": "1"}
    again = call(installed, "lab", "--no-browser", "--port", "8890", cwd=tmp_path, **others)
    assert builds(installed) == before
    assert again.stdout.count("\n") == 1 and again.stderr == ""
    seen = started(again)
    assert seen["arguments"] == ["lab", "--no-browser", "--port", "8890"]
    assert Path(seen["prefix"]) == installed / ".venv"
    assert seen["path"] is None
    assert seen["keeps bytecode"]  # or else every start compiles PyTorch


def test_the_exit_code_is_that_of_what_was_started(installed):
    assert call(installed, "lab", "fail").returncode == 7


def test_site_and_test_install_more_and_lab_after_them_nothing(installed):
    before = builds(installed)
    assert started(call(installed, "site", "--check"))["arguments"] == ["site", "--check"]
    assert builds(installed) == before + 1
    before += 1
    assert started(call(installed, "test", "-k", "widgets"))["arguments"] == ["test", "-k", "widgets"]
    assert builds(installed) == before + 1
    assert {call(installed, command).returncode for command in ("lab", "site", "test")} == {0}
    assert builds(installed) == before + 1


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml"])
def test_changed_inputs_install_again(installed, name):
    before = builds(installed)
    with open(installed / name, "a") as file:
        file.write("# changed\n")
    assert call(installed, "lab").returncode == 0
    assert builds(installed) == before + 1
    assert call(installed, "lab").returncode == 0
    assert builds(installed) == before + 1


def test_an_installation_that_was_cut_off_is_finished(installed):
    (installed / ".venv/course-installed.txt").unlink()
    (cut_off,) = (installed / ".venv").glob("**/gan_edu-0.dist-info")
    (cut_off / "INSTALLER").unlink()
    before = builds(installed)
    finished = call(installed, "lab")
    assert finished.returncode == 0, finished.stderr
    assert "Making" not in finished.stdout  # what is there is kept
    assert builds(installed) == before + 1
    assert (cut_off / "INSTALLER").exists()


@pytest.mark.parametrize("lost", ["[bS]*/python*", "pyvenv.cfg"])
def test_a_damaged_environment_is_made_anew(installed, lost):
    for file in (installed / ".venv").glob(lost):
        file.unlink()
    repaired = call(installed, "lab")
    assert repaired.returncode == 0, repaired.stderr
    assert "Making anew" in repaired.stdout


def test_a_moved_folder_is_made_anew(installed):
    moved = installed.rename(installed.with_name("moved"))
    try:
        repaired = call(moved, "lab")
        assert repaired.returncode == 0, repaired.stderr
        assert "Making anew" in repaired.stdout
        assert Path(started(repaired)["prefix"]) == moved / ".venv"
    finally:
        moved.rename(installed)


def test_two_calls_at_once_install_once(project):
    line = [sys.executable, str(project / "course.py"), "lab"]
    environment = {**os.environ, "PIP_NO_INDEX": "1"}
    calls = [subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [one.communicate()[0] for one in calls]
    assert [one.returncode for one in calls] == [0, 0]
    assert builds(project) == 1
    assert sum("waiting for it" in output for output in outputs) == 1


def test_ctrl_c_stops_with_one_line_and_the_next_call_goes_on(project):
    environment = {**os.environ, "PIP_NO_INDEX": "1", "SLOW": "yes"}
    process = subprocess.Popen(
        [sys.executable, str(project / "course.py"), "lab"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job ignores it
    )
    while not (project / "building.txt").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.strip().splitlines()[-1].startswith("Stopped.")
    assert "Traceback" not in errors
    finished = call(project, "lab")
    assert finished.returncode == 0 and "Making" not in finished.stdout


# What course.py says when it can't


def test_python_too_old_is_said_by_any_python_3():
    source = (ROOT / "course.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    code = "import runpy, sys; sys.version_info = (3, 8, 18, 'final', 0); runpy.run_path(sys.argv[1])"
    told = subprocess.run([sys.executable, "-c", code, str(ROOT / "course.py")], capture_output=True, text=True)
    assert told.returncode == 1
    assert told.stderr.startswith("The course needs Python 3.11 to 3.14, and this is Python 3.8.18")
    assert "Traceback" not in told.stderr


def test_without_venv_it_names_the_package(project, monkeypatch, capsys):
    course = load(project)
    monkeypatch.setattr(course.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else name)
    assert course.main(["lab"]) == 1
    assert "apt install python3-venv" in capsys.readouterr().err
    assert not course.VENV.exists()


def test_a_full_disk_is_seen_before_anything_is_made(project, monkeypatch, capsys):
    course = load(project)
    monkeypatch.setattr(course.shutil, "disk_usage", lambda path: types.SimpleNamespace(free=1.2e9))
    assert course.main(["lab"]) == 1
    said = capsys.readouterr().err
    assert "Only 1.2 GB are free" in said and "about 6 GB where torch comes with CUDA" in said
    assert not course.VENV.exists()


def test_a_package_that_is_not_found_is_explained(project):
    (project / "requires.txt").write_text("no-such-package==1.0\n")
    failed = call(project, "lab")
    assert failed.returncode == 1
    told = failed.stderr
    assert "No matching distribution found for no-such-package==1.0" in told
    assert "Is this machine online" in told and "goes on from there" in told
    assert "Traceback" not in told

    (project / "requires.txt").write_text("")
    assert call(project, "lab").returncode == 0


@pytest.mark.parametrize(
    "words, said",
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "The disk is full"),
        ("WARNING: Retrying after NewConnectionError\nERROR: No matching distribution", "can't be reached"),
        ("ERROR: Could not install packages: [WinError 5] Access is denied: 'x.pyd'", "Close what uses it"),
        ("ERROR: something new", "delete the folder .venv"),
    ],
)
def test_pip_failures_are_told_apart(project, words, said):
    told = load(project).explain(words)
    assert said in told
    assert words.splitlines()[-1] in told
    assert "call" in told.splitlines()[-1]  # what to do next


def test_an_environment_that_cannot_be_written_is_explained(project):
    (project / ".venv").write_text("a file, where a folder should be")
    failed = call(project, "lab")
    assert failed.returncode == 1
    assert "can't be written" in failed.stderr and "Traceback" not in failed.stderr


def test_usage(project):
    assert "constraints.txt" in call(project).stdout
    assert call(project, "--help").returncode == 0
    wrong = call(project, "labs")
    assert wrong.returncode == 2 and "It has: lab, test, update, site." in wrong.stderr
    assert call(project, "update", "now").returncode == 2


# The one pytest call that `course.py test` makes


def notebook(*cells):
    """A notebook of (source, printed text) pairs, as JSON."""
    code = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": number,
            "source": source,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else [],
        }
        for number, (source, printed) in enumerate(cells, 1)
    ]
    return json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_a_notebook_stays_on_one_worker_and_exercises_are_left_out(tmp_path):
    steps = [("x = 1", ""), *[("x += 1; print(x)", f"{n}\n") for n in range(2, 9)]]
    for name, text in {
        "chapters/10_a.ipynb": notebook(*steps),
        "solutions/10_a.ipynb": notebook(*steps),
        "chapters/11_wrong.ipynb": notebook(("print(1)", "2\n")),
        "exercises/10_a.ipynb": notebook(("raise NotImplementedError", "")),
        "tests/test_it.py": "def test_it(): pass",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for name in ("pyproject.toml", "conftest.py", "tests/warm_kernels.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    line = [sys.executable, "-m", "pytest", *cli.TEST_ARGUMENTS, "-v", "--color=no"]
    shown = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True).stdout
    assert "1 failed, 17 passed" in shown, shown
    assert "FAILED chapters/11_wrong.ipynb::Cell 0" in shown
    for folder in ("chapters", "solutions"):
        ran = re.findall(rf"\[(gw\d)\].* PASSED {folder}/10_a\W+ipynb::Cell (\d)", shown)
        assert [int(cell) for _, cell in ran] == list(range(8)), "in order"
        assert len({worker for worker, _ in ran}) == 1, "on one worker"
    line += ["-n", "0", "--collect-only", "."]  # the whole folder, not only pyproject.toml's testpaths
    shown = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True).stdout
    assert "chapters" in shown and "exercises" not in shown

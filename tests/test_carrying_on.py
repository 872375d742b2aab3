"""The files for other people's machines and for those who carry the work on: they parse, and name what exists.

What they do there can only be tried there; README.md says what was.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import gan_edu
from gan_edu import cli

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = {
    path.name: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
}
WORKFLOW = WORKFLOWS["tests.yml"]
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("something_*.yml"))


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def commands():
    """Every command line of these files that calls the course, with its file."""
    for file, workflow in WORKFLOWS.items():
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                yield file, step.get("run", "")
    for hook in yaml.safe_load(read(".pre-commit-config.yaml"))["repos"][0]["hooks"]:
        yield ".pre-commit-config.yaml", hook["entry"]
    yield "devcontainer.json", json.loads(read(".devcontainer/devcontainer.json"))["postCreateCommand"]
    yield "Dockerfile", " ".join(json.loads(re.search(r"^CMD (.*)$", read("Dockerfile"), re.M)[1]))
    yield "postBuild", read("binder/postBuild").splitlines()[-1]


def test_commands_name_what_is_there():
    helped = subprocess.run([sys.executable, "-m", "gan_edu", "--help"], capture_output=True, text=True).stdout
    seen = set()
    for file, line in commands():
        words = shlex.split(line) or [""]
        if re.fullmatch(r"python3?", words[0]) and words[1].endswith(".py"):
            assert (ROOT / words[1]).is_file(), (file, line)
            if words[1] == "course.py":
                assert words[2] in ("lab", "site", "test", "update"), (file, line)
                seen.add(f"course.py {words[2]}")
        if words[0] == "gan-edu" or words[:3] == ["python", "-m", "gan_edu"]:
            command = words[1 if words[0] == "gan-edu" else 3]
            assert re.search(rf"^    {command} ", helped, re.M), (file, line)
            seen.add(command)
        for test in re.findall(r"tests/\w+\.py::(\w+)", line):
            assert f"def {test}(" in read(re.search(r"tests/\w+\.py", line)[0]), (file, line)
        for tool in re.findall(r"python -m ruff (\w+)", line):
            assert tool in ("check", "format")
    assert seen >= {"open", "doctor", "test", "course.py test", "course.py site"}


def test_the_workflow_covers_three_systems_and_the_oldest_and_newest_python():
    matrix = WORKFLOW["jobs"]["course"]["strategy"]["matrix"]
    assert {name.split("-")[0] for name in matrix["system"]} == {"ubuntu", "macos", "windows"}
    oldest = tomllib.loads(read("pyproject.toml"))["project"]["requires-python"].removeprefix(">=")
    newest = re.search(r"NEWEST = \((\d+), (\d+)\)", read("tools/systems.py")).groups()
    assert matrix["python"] == [oldest, ".".join(newest)]
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert {row["resolution"] for row in WORKFLOW["jobs"]["versions"]["strategy"]["matrix"]["include"]} == {
        "lowest-direct",
        "highest",
    }


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_forms_ask_for_what_the_doctor_says(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"] and form["description"]
    ids = [field["id"] for field in form["body"]]
    assert len(set(ids)) == len(ids)
    (doctor,) = [field for field in form["body"] if field["id"] == "doctor"]
    assert "gan-edu doctor" in doctor["attributes"]["label"] and doctor["attributes"]["render"] == "text"
    required = doctor.get("validations", {}).get("required", False)
    assert required == (path.stem == "something_fails")


def test_the_version_is_the_same_everywhere():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == gan_edu.__version__
    assert {"cff-version", "message", "title", "authors"} <= set(citation)  # what the format requires
    assert f"## [{gan_edu.__version__}]" in read("CHANGELOG.md")


def test_binder_installs_as_course_py_does():
    environment = yaml.safe_load(read("binder/environment.yml"))
    assert any(re.fullmatch(r"python=3\.1[1-4]", line) for line in environment["dependencies"])
    script = read("binder/postBuild")
    assert script.startswith("#!/bin/bash\n") and "\nset -e\n" in script
    code = script.split("<<'END'\n")[1].split("END\n")[0]
    calls = []
    fake = type(sys)("tools"), type(sys)("tools.installer")
    fake[0].installer, fake[1].install = fake[1], lambda *arguments: calls.append(arguments)
    kept = {name: sys.modules.get(name) for name in ("tools", "tools.installer")}
    try:
        sys.modules.update({"tools": fake[0], "tools.installer": fake[1]})
        exec(compile(code, "postBuild", "exec"), {})
    finally:
        for name, module in kept.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
    ((python, root, target, environment),) = calls
    assert (python, root, target) == (sys.executable, os.getcwd(), ".") and environment == dict(os.environ)


def test_containers_and_editors_agree_on_their_extensions():
    inside = json.loads(read(".devcontainer/devcontainer.json"))["customizations"]["vscode"]["extensions"]
    assert json.loads(read(".vscode/extensions.json"))["recommendations"] == inside
    assert json.loads(read(".vscode/settings.json"))["editor.rulers"] == [120]
    tracked = subprocess.run(["git", "check-ignore", ".vscode/settings.json"], cwd=ROOT, capture_output=True)
    assert tracked.returncode == 1 or not (ROOT / ".git").exists()


def test_the_container_asks_for_a_port_that_open_hands_on():
    words = json.loads(re.search(r"^CMD (.*)$", read("Dockerfile"), re.M)[1])
    assert words[:3] == ["gan-edu", "open", "/work"] and f"VOLUME {words[2]}" in read("Dockerfile")
    assert cli._asked_port(words[3:]) == int(re.search(r"^EXPOSE (\d+)$", read("Dockerfile"), re.M)[1])
    assert re.search(r"^torch==[\d.]+\s*$", read("constraints.txt"), re.M)  # what its grep looks for


def test_nothing_installs_the_course_by_its_name():
    """On the package index that name may be anybody's: RELEASING.md."""
    by_name = re.compile(r"pip install (?:-\S+ )*gan[-_]edu(?![\w-]*-\S*\.whl)(?!-….whl)")
    assert by_name.search("pip install --upgrade gan-edu") and by_name.search("pip install gan-edu==0.1.0")
    assert not by_name.search("pip install gan_edu-0.1.0-py3-none-any.whl")
    files = [
        path for pattern in ("*.md", "*.py", "[tgb]*/**/*.py", "*/*.md", "binder/*") for path in ROOT.glob(pattern)
    ]
    told = [path.name for path in files if by_name.search(path.read_text(encoding="utf-8"))]
    assert set(told) <= {Path(__file__).name} and len(files) > 100


def test_no_invented_address_stands_in_these_files():
    for name in ("SECURITY.md", "CODE_OF_CONDUCT.md", "CITATION.cff", "RELEASING.md", "Dockerfile"):
        text = read(name)
        assert not re.search(r"[\w.]+@[\w-]+\.\w+", text), name
        assert not re.search(r"github\.com/|gitlab\.com/", text), name

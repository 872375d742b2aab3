"""A tiny project in the course's place, on which tests try course.py.

Its environment, pip and start are real; its build backend needs no network, and notes how often it was built.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def pins():
    """{name: version} of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("#")[0].strip().split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


FAKE = {
    "pyproject.toml": """
        [build-system]
        requires = []
        build-backend = "backend"
        backend-path = ["."]
        [project]
        name = "gan-edu"
        version = "0"
        """,
    "constraints.txt": "six==1.17.0\n",
    "requires.txt": "",
    "backend.py": """
        import os, pathlib, time, zipfile
        ROOT = pathlib.Path(__file__).parent
        def get_requires_for_build_editable(config_settings=None):
            return []
        def prepare_metadata_for_build_editable(folder, config_settings=None):
            if os.environ.get("SLOW"):
                (ROOT / "building.txt").touch()
                time.sleep(100)
            info = pathlib.Path(folder, "gan_edu-0.dist-info")
            info.mkdir()
            lines = ["Metadata-Version: 2.1", "Name: gan-edu", "Version: 0"]
            lines += ["Provides-Extra: site", "Provides-Extra: test"]
            lines += ["Requires-Dist: " + line for line in (ROOT / "requires.txt").read_text().split()]
            (info / "METADATA").write_text("\\n".join(lines) + "\\n")
            (info / "WHEEL").write_text("Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
            return info.name
        def build_editable(folder, config_settings=None, metadata_directory=None):
            with open(ROOT / "builds.txt", "a") as file:
                file.write("built\\n")
            with zipfile.ZipFile(pathlib.Path(folder, "gan_edu-0-py3-none-any.whl"), "w") as wheel:
                wheel.writestr("gan_edu.pth", str(ROOT) + "\\n")
                for name in ("METADATA", "WHEEL"):
                    wheel.write(pathlib.Path(metadata_directory, name), "gan_edu-0.dist-info/" + name)
                wheel.writestr("gan_edu-0.dist-info/RECORD", "")
            return "gan_edu-0-py3-none-any.whl"
        """,
    "gan_edu/__init__.py": "",
    "tools/__init__.py": "",
    "gan_edu/__main__.py": """
        import json, os, sys
        seen = {"arguments": sys.argv[1:], "prefix": sys.prefix, "path": os.environ.get("PYTHONPATH")}
        print(json.dumps({**seen, "keeps bytecode": not sys.dont_write_bytecode}))
        sys.exit(7 if "fail" in sys.argv else 0)
        """,
}


def make_project(folder):
    for name, text in FAKE.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    shutil.copy(ROOT / "course.py", folder)
    for name in ("__init__", "installer", "systems", "update"):
        shutil.copy(ROOT / f"tools/{name}.py", folder / f"tools/{name}.py")
    shutil.copy(ROOT / "gan_edu/files.py", folder / "gan_edu/files.py")
    return folder


def call(folder, *arguments, cwd=None, **environment):
    """Run course.py as a person would."""
    environment = {**os.environ, "PIP_NO_INDEX": "1", **environment}
    line = [sys.executable, str(folder / "course.py"), *arguments]
    return subprocess.run(line, cwd=cwd or folder, env=environment, capture_output=True, text=True)


def started(finished):
    """What the program that course.py started has seen."""
    return json.loads(finished.stdout.splitlines()[-1])


def builds(folder):
    return len((folder / "builds.txt").read_text().split())


def load(folder):
    """course.py of this folder as a module, to put a failure into it."""
    spec = importlib.util.spec_from_file_location("course", folder / "course.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

"""Ask a resolver whether the pinned versions can be installed on every Python and system that the course promises.

    python tools/resolve_pins.py            writes benchmarks/systems.md; fails when a pair can't be resolved
    python tools/resolve_pins.py --check    only says whether that file belongs to the pins as they are

uv resolves for foreign systems without installing: it takes wheels only, so that nobody needs a compiler. It knows what
the package index says, and has run nothing there. The table carries a hash of the pins and of the dependencies.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "benchmarks/systems.md"
# The first of each: packages ask for "at least" a version. 3.11.2 is Debian 12's.
PYTHONS = ["3.11.0", "3.11.2", "3.12.0", "3.13.0", "3.14.0"]
SYSTEMS = {  # as people call them: as uv does
    "Linux, x86-64, glibc 2.28": "x86_64-manylinux_2_28",
    "Linux, ARM, glibc 2.28": "aarch64-manylinux_2_28",
    "macOS 14, Apple silicon": "aarch64-apple-darwin",
    "Windows, x86-64": "x86_64-pc-windows-msvc",
}


def inputs():
    """A hash of what the table depends on: the pins, and the dependencies that pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.partition("#")[0].strip() for line in lines]
    parts = [project["requires-python"], project["dependencies"], project["optional-dependencies"], PYTHONS, SYSTEMS]
    return hashlib.sha256(repr([*filter(None, pins), *parts]).encode()).hexdigest()


def resolve(python, system, test):
    """None where the pins can be installed, else uv's reason. With `test`, for the tests and the site as well."""
    print(f"{python}, {system}, {'with' if test else 'without'} tests", file=sys.stderr, flush=True)
    line = [sys.executable, "-m", "uv", "pip", "compile", "--no-config", "--quiet", "--only-binary", ":all:"]
    line += ["--constraint", "constraints.txt", "--python-version", python, "--python-platform", system]
    line += ["pyproject.toml", *["--extra", "test", "--extra", "site"] * test]
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True)
    return done.stderr.strip() or "it failed" if done.returncode else None


def table(answers):
    """The Markdown file, from {(python, system): (without tests, with tests)}."""
    lines = ["# Pythons and systems", ""]
    lines += ["Whether all pinned versions have wheels, asked with `python tools/resolve_pins.py`."]
    lines += ["*Yes*: with and without the extras *test* and *site*. The package index says so; nothing was run.", ""]
    lines += ["| Python | " + " | ".join(SYSTEMS) + " |", "|---" * (len(SYSTEMS) + 1) + "|"]
    words = {(True, True): "yes", (True, False): "yes, without tests", (False, True): "no", (False, False): "no"}
    for python in PYTHONS:
        cells = [words[answers[python, system]] for system in SYSTEMS]
        lines.append(f"| {python} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", f"<!-- inputs: {inputs()} -->", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="ask nobody; compare hashes")
    if parser.parse_args().check:
        current = inputs() in TABLE.read_text(encoding="utf-8")
        print("benchmarks/systems.md is of these pins." if current else "The pins have changed since: run it again.")
        return int(not current)
    answers = {}
    for python in PYTHONS:
        for name, system in SYSTEMS.items():
            reasons = [resolve(python, system, test) for test in (False, True)]
            answers[python, name] = tuple(reason is None for reason in reasons)
            print(*filter(None, reasons), sep="\n", file=sys.stderr)
    TABLE.write_text(table(answers), encoding="utf-8")
    print(TABLE.read_text(encoding="utf-8"))
    return int(not all(all(pair) for pair in answers.values()))


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Start the course, or test it, on a machine that has nothing but Python 3.11 or newer.

    python3 course.py lab  [arguments for JupyterLab]    for example: --no-browser --port 8890
    python3 course.py test [arguments for pytest]        for example: -k widgets

The first call makes the folder .venv beside this file and installs into it what the course needs, in the versions
that constraints.txt names. That takes a few minutes; later calls start at once. A call that was cut off is made good
by the next one. The folder .venv belongs to this script: it may be deleted at any time, and is made anew.
"""

# Everything down to the version check must be readable by a Python that is too old: it tells its user so.
import sys

if sys.version_info < (3, 11):
    sys.exit(
        "The course needs Python 3.11 or newer, and this is Python %d.%d.%d (%s).\n"
        "Install a newer one (python.org/downloads, conda, or your system's packages), then call it by its name, "
        "for example: python3.12 course.py lab" % (tuple(sys.version_info[:3]) + (sys.executable,))
    )

import contextlib
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sysconfig
import time
from collections import deque
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
MADE = VENV / "course-made.txt"  # written when the empty environment is complete
STAMP = VENV / "course-installed.txt"  # written last of all: what is installed, and from which inputs
COMMANDS = {"lab": ".", "test": ".[test]"}  # what pip installs for each; test includes lab
GB = 1e9


class Problem(Exception):
    """What happened and what to do, in words for the person at the keyboard."""


def main(arguments):
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(__doc__.strip())
        return 0
    command, *rest = arguments
    if command not in COMMANDS:
        print(f"course.py has no command {command!r}. It has: lab, test. More: course.py --help", file=sys.stderr)
        return 2
    try:
        prepare(command)
        return launch(command, rest)
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\n{locked(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The next call of the same command goes on from here.", file=sys.stderr)
        return 130


# What is there


def origin():
    """What an environment is tied to. When one of these changes, it has to be made anew."""
    version = "%d.%d" % sys.version_info[:2]
    return "\n".join([str(VENV), sys.platform, platform.machine(), sys.implementation.name, version])


def fingerprint():
    """A hash of everything that an installation depends on."""
    digest = hashlib.sha256(origin().encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def stamp():
    """(fingerprint, commands) of the last complete installation; ("", empty set) where there is none."""
    try:
        digest, *commands = STAMP.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return "", set()
    return digest, set(commands)


def ready(command):
    digest, commands = stamp()
    return command in commands and made() and digest == fingerprint()


def made():
    """Whether the environment itself is complete; its packages are another matter."""
    return all(path.exists() for path in (MADE, PYTHON, VENV / "pyvenv.cfg"))


# Making it


def prepare(command):
    """See to it that .venv holds what `command` needs, doing no more than is missing."""
    if ready(command):
        return
    with alone():
        if ready(command):  # another call has made it meanwhile
            return
        test = command == "test" or "test" in stamp()[1]
        make_venv()
        STAMP.unlink(missing_ok=True)
        install(COMMANDS["test" if test else "lab"])
        new = STAMP.with_suffix(".new")
        new.write_text(" ".join([fingerprint(), "lab"] + ["test"] * test) + "\n", encoding="utf-8")
        os.replace(new, STAMP)
        print("The course is installed.\n", flush=True)


@contextlib.contextmanager
def alone():
    """Let no second course.py install at the same time. The system frees the lock when this process ends."""
    with open(ROOT / ".venv.lock", "a") as file:
        told = False
        while True:
            try:
                if os.name == "nt":
                    import msvcrt

                    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                else:
                    import fcntl

                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except (BlockingIOError, PermissionError):
                if not told:
                    print("Another course.py is installing in this folder; waiting for it.", flush=True)
                told = True
                time.sleep(0.5)
            except OSError:  # a file system without locks: go on without
                break
        yield


def make_venv():
    if made() and MADE.read_text(encoding="utf-8") == origin():
        forget_unfinished()
        return
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise Problem(
                f"This Python ({sys.executable}) comes without the module {module}, which makes the course's own "
                "environment.\nOn Debian and Ubuntu: sudo apt install python3-venv. Elsewhere: install Python from "
                "python.org/downloads. Then call the same command again."
            )
    free = shutil.disk_usage(ROOT).free / GB
    if free < 2.5:
        raise Problem(
            f"Only {free:.1f} GB are free on the disk of {ROOT}. The course needs about 2 GB, and about 6 GB where "
            "torch comes with CUDA.\nMake room, or move the course to a larger disk, then call the same command again."
        )
    print(f"{'Making anew' if VENV.exists() else 'Making'} the course's environment in {VENV}", flush=True)
    # The base Python, because this one may be .venv's own, which is about to be cleared.
    base = getattr(sys, "_base_executable", None) or sys.executable
    if VENV in Path(base).parents:
        base = os.path.realpath(base)
    line = [base, "-m", "venv", "--clear", str(VENV)]
    done = subprocess.run(line, env=environment(), capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise Problem(locked(last_lines(done.stderr or done.stdout, 3)))
    MADE.write_text(origin(), encoding="utf-8")


def forget_unfinished():
    """Make pip install again what it was cut off at: it writes INSTALLER after a package's files."""
    packages = sysconfig.get_path("purelib", "venv", {"base": str(VENV)})
    for folder in Path(packages).glob("*.dist-info"):
        if not (folder / "INSTALLER").exists():
            shutil.rmtree(folder)


def install(target):
    print("Installing what the course needs. The first time this takes a few minutes.", flush=True)
    line = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-user"]
    line += ["-c", "constraints.txt", "-e", target]
    # pip's progress goes straight to the terminal, its errors through here.
    pip = subprocess.Popen(line, cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True, errors="replace")
    errors = deque(maxlen=200)
    try:
        for text in pip.stderr:
            print(text, end="", file=sys.stderr, flush=True)
            errors.append(text)
        pip.wait()
    except KeyboardInterrupt:
        with contextlib.suppress(subprocess.TimeoutExpired):
            pip.wait(5)
        pip.kill()
        raise
    if pip.returncode:
        raise Problem(explain("".join(errors)))


# What went wrong


def explain(text):
    """What pip's errors mean, and what to do."""

    def says(*words):
        return any(word in text for word in words)

    if says("No space left on device", "Errno 28", "not enough space on the disk"):
        free = shutil.disk_usage(ROOT).free / GB
        what = (
            f"The disk is full ({free:.1f} GB free at {ROOT}). The course needs about 2 GB, and about 6 GB where torch "
            "comes with CUDA; pip also unpacks in the folder that TMPDIR names. Make room."
        )
    elif says("Permission denied", "Access is denied", "being used by another process", "Read-only file system"):
        return locked(last_lines(text))
    elif says("NewConnectionError", "Max retries", "name resolution", "getaddrinfo", "timed out", "Proxy", "SSLError"):
        what = "The package index can't be reached. Is this machine online? Does it need a proxy (HTTPS_PROXY)?"
    elif says("No matching distribution", "Could not find a version"):
        what = (
            "pip found no fitting version of a package. Is this machine online, and are the settings of pip (PIP_ "
            "variables, pip.conf) as they should be? The tested versions may also not exist for Python "
            f"{sys.version.split()[0]}: then call course.py with another one (3.11 to 3.13)."
        )
    else:
        what = "pip could not install what the course needs. If calling again doesn't help, delete the folder .venv."
    return f"The installation did not finish. {what}\npip's last words: {last_lines(text)}\n{AGAIN}"


AGAIN = "What is installed so far is kept; the same command, called again, goes on from there."


def locked(error):
    return (
        f"The course's folder {ROOT} or its .venv can't be written: {error}\n"
        "Close what uses it (JupyterLab, an editor, a terminal in which .venv is active), see that the folder is yours "
        "and writable, and delete .venv if that doesn't help. Then call the same command again."
    )


def last_lines(text, number=2):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "ERROR" in line] or lines
    return "\n".join(errors[-number:]) or "(nothing)"


# Starting it


def environment():
    """This process's environment without what would mix another Python's packages into the course's."""
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__")}


def launch(command, arguments):
    """Hand over to gan_edu.cli in .venv; the rest of what lab and test do is there."""
    line = [str(PYTHON), "-m", "gan_edu", command, *arguments]
    os.chdir(ROOT)
    sys.stdout.flush()
    if os.name != "nt":
        os.execve(line[0], line, environment())
    process = subprocess.Popen(line, env=environment())
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is for the program that was started
            return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Start the course, test it, or update it, on a machine that has nothing but Python 3.11 to 3.14.

    python3 course.py lab  [arguments for JupyterLab]    for example: --no-browser --port 8890
    python3 course.py test [arguments for pytest]        for example: -k widgets
    python3 course.py update                             fetch the newest version; your own work is kept
    python3 course.py site                               make a site of the notebooks, in build/site

The first call makes the folder .venv beside this file and installs into it what the course needs, in the versions
that constraints.txt names. How long that takes is mostly up to the network; later calls start at once. A call that was
cut off is made good by the next one. The folder .venv belongs to this script: it may be deleted at any time, and is
made anew.
"""

# Everything down to the version check must be readable by a Python that is too old: it tells its user so.
import sys

if sys.version_info < (3, 11):
    sys.exit(
        "The course needs Python 3.11 to 3.14, and this is Python %d.%d.%d (%s).\n"
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
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # also where Python was told not to (PYTHONSAFEPATH)

from tools import installer, systems, update  # noqa: E402

VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
MADE = VENV / "course-made.txt"  # written when the empty environment is complete
STAMP = VENV / "course-installed.txt"  # written last of all: what is installed, and from which inputs
# What pip installs for each; each includes what stands before it.
COMMANDS = {"lab": ".", "site": ".[site]", "test": ".[site,test]"}
UTF8 = {"encoding": "utf-8", "errors": "surrogateescape"}  # paths in a locale that can't read them, too
GB = 1e9


class Problem(Exception):
    """What happened and what to do, in words for the person at the keyboard."""


def main(arguments):
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a folder's name may hold letters that the terminal has not
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(__doc__.strip())
        return 0
    command, *rest = arguments
    if command not in (*COMMANDS, "update") or (command == "update" and rest):
        what = f"update takes no {rest[0]!r}" if command == "update" else f"course.py has no command {command!r}"
        print(f"{what}. It has: lab, test, update, site. More: course.py --help", file=sys.stderr)
        return 2
    try:
        if command == "update":
            with alone():
                print(update.update(ROOT))
            return 0
        prepare(command)
        return launch(command, rest)
    except (Problem, update.Refused) as problem:
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
    digest = hashlib.sha256(origin().encode(**UTF8))
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
    reason = systems.unsupported()
    if reason:
        raise Problem(f"The course can't be installed here. {reason}")
    with alone():
        if ready(command):  # another call has made it meanwhile
            return
        order = list(COMMANDS)
        most = max([command, *stamp()[1] & COMMANDS.keys()], key=order.index)
        make_venv()
        STAMP.unlink(missing_ok=True)
        install(COMMANDS[most])
        new = STAMP.with_suffix(".new")
        new.write_text(" ".join([fingerprint(), *order[: order.index(most) + 1]]) + "\n", encoding="utf-8")
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
                    print("Another course.py is at work in this folder; waiting for it.", flush=True)
                told = True
                time.sleep(0.5)
            except OSError:  # a file system without locks: go on without
                break
        yield


def make_venv():
    if made() and MADE.read_text(**UTF8) == origin():
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
    MADE.write_text(origin(), **UTF8)


def forget_unfinished():
    """Make pip install again what it was cut off at: it writes INSTALLER after a package's files."""
    packages = sysconfig.get_path("purelib", "venv", {"base": str(VENV)})
    for folder in Path(packages).glob("*.dist-info"):
        if not (folder / "INSTALLER").exists():
            shutil.rmtree(folder)


def install(target):
    print("Installing what the course needs. The first time this downloads 0.4 GB or more.", flush=True)
    try:
        installer.install(str(PYTHON), ROOT, target, environment())
    except installer.Failed as error:
        raise Problem(explain(str(error))) from None


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
            "variables, pip.conf) as they should be? The versions exist for Python 3.11 to 3.14 on Linux, macOS and "
            "Windows: benchmarks/systems.md has the list."
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
    """This process's environment without what would mix another Python's packages into the course's.

    And without a wish that Python keep no bytecode: every start, of each kernel too, would compile PyTorch anew.
    """
    without = ("PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
    values = {key: value for key, value in os.environ.items() if key not in without}
    if sys.getfilesystemencoding() == "ascii":  # the C locale, and told not to use UTF-8: names of folders need it
        values.update(PYTHONUTF8="1", LC_ALL="C.UTF-8")
    return values


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

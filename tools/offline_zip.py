"""One ZIP file for a room without a network: the course, and wheels of all packages that it needs.

    python -m tools.offline_zip                     write gan-edu-offline.zip
    python -m tools.offline_zip FILE.zip            write it to another place

The wheels are for the system and the Python on which this is called; call it on a computer like those in the room. pip
fetches them by its own settings (or takes them from its cache), and PyTorch is the small build for CPUs where the
course's installer would take that, too. In the room: unpack, then `python3 offline.py lab`.
"""

import argparse
import platform
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from gan_edu.files import check_writable, whole_or_not  # noqa: E402
from tools import installer  # noqa: E402

TOP = "gan-edu"
NOT_FOR_LEARNERS = ("teaching/", "tests/", ".ci/", ".github/")
START = '''\
"""Install and start the course without a network: python3 offline.py lab (as course.py, with the wheels beside it)."""

import os
import platform
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NEEDED = {needed!r}  # the Python and the system that the wheels are for

here = ("%d.%d" % sys.version_info[:2], platform.system(), platform.machine())
if here != NEEDED:
    sys.exit("These wheels are for Python %s on %s %s, and this is Python %s on %s %s." % (NEEDED + here))
for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
    del os.environ[name]
os.environ.update(PIP_CONFIG_FILE=os.devnull, PIP_NO_INDEX="1", PIP_FIND_LINKS=(HERE / "wheels").as_uri())
sys.argv[0] = str(HERE / "course.py")
runpy.run_path(sys.argv[0], run_name="__main__")
'''


class Failed(Exception):
    """What could not be had, in words for the person at the keyboard."""


def files(root):
    """The course's files for learners: what git tracks, without what is for teachers and authors."""
    asked = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, text=True)
    if asked.returncode or not asked.stdout:  # the second: a folder in a copy of something else
        raise Failed(f"{root} is no copy made with git, so nobody knows which files belong to the course.")
    names = [name for name in asked.stdout.split("\0") if name and not name.startswith(NOT_FOR_LEARNERS)]
    return [name for name in names if Path(root, name).is_file()]


def fetch_wheels(root, folder):
    """Put a wheel of everything that `course.py lab` installs into `folder`. Raises Failed with pip's words."""
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--disable-pip-version-check",
        "--only-binary",
        ":all:",
        "-d",
        folder,
    ]
    here = {"cwd": root, "env": None}
    torch = installer._pin(root, "torch")
    own_choice = installer.pip_settings(sys.executable, here).keys() & set(installer.SOURCES)
    if torch and not installer.wants_cuda() and not own_choice and installer._reachable():
        _pip([*pip, "--no-deps", "--index-url", installer.CPU_BUILDS, torch], root)
    needed = ["pip", "uv", "setuptools>=77", "wheel"]  # what installs the rest, and makes the course's own wheel
    _pip([*pip, "--find-links", folder, "-c", "constraints.txt", *requirements(root), *needed], root)


def requirements(root):
    """The lines of `dependencies` in pyproject.toml."""
    import tomllib

    return tomllib.loads(Path(root, "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]


def _pip(line, root):
    done = subprocess.run(line, cwd=root, stderr=subprocess.PIPE, text=True, errors="replace")
    if done.returncode:
        raise Failed(f"pip could not get all wheels:\n{done.stderr.strip()}")


def write(path, root, wheels):
    """Write the ZIP, whole or not at all, from the course in `root` and the wheels in a folder.

    Returns its size in bytes. Raises Failed where `root` isn't made with git, OSError where nothing can be written.
    """
    needed = (f"{sys.version_info[0]}.{sys.version_info[1]}", platform.system(), platform.machine())
    names = files(root)
    options = {"compression": zipfile.ZIP_DEFLATED, "strict_timestamps": False}  # ZIP has no dates before 1980
    with whole_or_not(path) as file, zipfile.ZipFile(file, "w", **options) as made:
        for name in names:
            made.write(Path(root, name), f"{TOP}/{name}")
        for wheel in sorted(Path(wheels).glob("*.whl")):
            made.write(wheel, f"{TOP}/wheels/{wheel.name}", zipfile.ZIP_STORED)  # wheels are compressed already
        made.writestr(f"{TOP}/offline.py", START.replace("{needed!r}", repr(needed)))
    return Path(path).stat().st_size


def main(arguments=None, root=ROOT):
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", default="gan-edu-offline.zip", help="(default: %(default)s)")
    path = Path(parser.parse_args(arguments).file)
    try:
        check_writable(path)  # before the wheels, which take minutes
        with tempfile.TemporaryDirectory() as folder:
            fetch_wheels(root, folder)
            size = write(path, root, folder)
            count = len(list(Path(folder).glob("*.whl")))
    except (Failed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{path}: {size / 1e6:.0f} MB, {count} wheels. In the room: unpack it, then python3 offline.py lab")
    return 0


if __name__ == "__main__":
    sys.exit(main())

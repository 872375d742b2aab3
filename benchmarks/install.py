"""How long a learner's first `course.py lab` takes: from a folder without .venv until JupyterLab answers.

Prints a Markdown table, in seconds, with the machine's load. The course is copied to a folder of its own, and uv's
cache starts empty, so that everything is downloaded from the package index (or copied from the folders that pip is set
to search). With --pip, pip installs, to compare; it keeps its cache.
"""

import argparse
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def copy_course(folder):
    """What a clone would hold."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)


def answers(port):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=5).close()
        return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def first_start(folder, by_pip):
    """Seconds until (installed, serving), and CPU seconds until then."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    environment = {**os.environ, "UV_CACHE_DIR": str(folder / "uv"), "PYTHONDONTWRITEBYTECODE": ""}
    if by_pip:
        environment["PIP_PREFER_BINARY"] = "1"  # a setting that uv has no word for, and that changes nothing here
    line = [sys.executable, "course.py", "lab", "--no-browser", "--port", str(port)]
    start = time.perf_counter()
    process = subprocess.Popen(
        line, cwd=folder / "course", env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    installed = None
    while not answers(port):
        if process.poll() is not None:
            raise SystemExit("course.py lab ended early; call it by hand to see why")
        if installed is None and (folder / "course/.venv/course-installed.txt").exists():
            installed = time.perf_counter() - start
        time.sleep(0.1)
    serving = time.perf_counter() - start
    process.terminate()
    process.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return installed or serving, serving, used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pip", action="store_true", help="install by pip")
    by_pip = parser.parse_args().pip
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        copy_course(Path(folder, "course"))
        installed, serving, cpu = first_start(Path(folder), by_pip)
    print("| by | installed | JupyterLab answers | CPU seconds | load before |\n|---|---|---|---|---|")
    print(f"| {'pip' if by_pip else 'uv'} | {installed:.0f} | {serving:.0f} | {cpu:.0f} | {load:.1f} |")


if __name__ == "__main__":
    main()

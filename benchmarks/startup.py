"""How long the course's own part of a start takes: `course.py lab` when all is installed, and `import gan_edu`.

Prints a Markdown table of medians, in seconds. JupyterLab's own start is not in it: course.py is tried in a copy of its
folder where a stand-in that prints its arguments takes JupyterLab's place, so what is measured is everything before.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))


def median(repeats, line, **options):
    """Median wall-clock seconds of a command, after one call that warms the file cache."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        subprocess.run(line, check=True, capture_output=True, **options)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats

    from setup_project import make_project  # the stand-in project

    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder, "course"))
        second = median(
            repeats, [sys.executable, "course.py", "lab"], cwd=project, env={**os.environ, "PIP_NO_INDEX": "1"}
        )
    empty = median(repeats, [sys.executable, "-c", "pass"], cwd=ROOT)
    rows = {
        "Python alone (`python -c pass`)": empty,
        "`course.py lab`, second call, until JupyterLab would start": second,
        "`import gan_edu`, beyond Python alone": median(repeats, [sys.executable, "-c", "import gan_edu"], cwd=ROOT)
        - empty,
        "`gan-edu --version`, whole": median(repeats, [sys.executable, "-m", "gan_edu", "--version"], cwd=ROOT),
        "`import torch`, for comparison": median(
            max(3, repeats // 5), [sys.executable, "-c", "import torch"], cwd=ROOT
        ),
    }
    print(f"| what (median of {repeats}) | seconds |\n|---|---|")
    for what, seconds in rows.items():
        print(f"| {what} | {seconds:.3f} |")


if __name__ == "__main__":
    main()

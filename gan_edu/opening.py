"""`gan-edu open`: the course's notebooks, copied into a folder of the learner's own.

What a learner has changed is never overwritten. As with `course.py update`, a notebook that was run, answered or
changed, and that the new version changes too, is renamed to chapters/21_the_adversarial_game.mine-2026-11-28.ipynb, for
example; all others of the learner's stay as they are. A note in the folder says what was copied last time.
"""

import hashlib
import json
import os
from pathlib import Path

from gan_edu.files import name_for_mine, write_atomically

NOTEBOOKS = ("chapters/[0-9][0-9]_*.ipynb", "exercises/[0-9][0-9]_*.ipynb", "solutions/[0-9][0-9]_*.ipynb")
LINKED = ("assets/*.png", "README.md", "CONTRIBUTING.md", "LICENSE-TEXT.md", "benchmarks/mode_collapse.py")
PACKED = Path(__file__).resolve().parent / "course"  # where setup.py puts the notebooks when the package is built
NOTE = ".gan-edu.json"  # {"chapters/00_start_here.ipynb": SHA-256 of what was copied, …}


def home() -> Path:
    """The folder that holds the course's own notebooks: in the installed package, or the clone that is installed."""
    return PACKED if PACKED.is_dir() else PACKED.parent.parent


def files() -> list[str]:
    """Names such as "chapters/00_start_here.ipynb", in order. Raises FileNotFoundError where the course isn't."""
    found = [path for pattern in (*NOTEBOOKS, *LINKED) for path in sorted(home().glob(pattern))]
    if not found:
        raise FileNotFoundError(f"The notebooks of the course are not in {home()}. Install gan-edu again.")
    return [path.relative_to(home()).as_posix() for path in found if ".mine-" not in path.name]


def copy_to(folder: Path, aside: list[tuple[str, str]] | None = None) -> tuple[int, list[tuple[str, str]]]:
    """Copy the notebooks, and what they link to, to `folder`, which is made.

    Returns (how many files are new there, [(name of a learner's file, the name it got), …]). The latter go
    into the list `aside`, if one is given, which tells of them after an error, too.

    Safe at every moment: a learner's file is renamed first, and each notebook is written whole or not at all. Raises
    ValueError for the course's own folder and for links that lead out of `folder`, and OSError where something can't
    be written.
    """
    folder = Path(folder)
    if folder.exists() and folder.samefile(home()):
        raise ValueError(f"{folder} is the course's own folder; name another one, or open this one with gan-edu lab.")
    last = _last(folder)
    written, aside, now = 0, [] if aside is None else aside, {}
    names, inside = files(), os.path.realpath(folder)
    for parent in sorted({(folder / name).parent for name in names}):
        if not Path(os.path.realpath(parent)).is_relative_to(inside):
            raise ValueError(f"{parent} is a link that leads out of {folder}. Put a folder in its place first.")
    for name in names:
        content, place = (home() / name).read_bytes(), folder / name
        now[name] = _hash(content)
        if os.path.lexists(place):
            here = _hash(place.read_bytes()) if place.is_file() else None
            if here == now[name] or last.get(name) == now[name]:
                continue  # it is there, or nothing but the learner has changed it
            if here is None or here != last.get(name) or place.is_symlink():
                mine = name_for_mine(place)
                os.rename(place, mine)
                aside.append((name, mine.relative_to(folder).as_posix()))
        write_atomically(place, content)
        written += 1
    if last != now:
        write_atomically(folder / NOTE, json.dumps(now, indent=1).encode())
    return written, aside


def _last(folder: Path) -> dict[str, str]:
    """What the note says; nothing where there is none that can be read, and then every difference is the learner's."""
    try:
        noted = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

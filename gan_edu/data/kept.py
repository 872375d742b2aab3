"""What `data.folder` keeps on the disk, so that pictures are read once: where it lies, how much it is, how it goes.

A set is two files, `KEY.json` and `KEY-FINGERPRINT.pixels`. Each use sets their time. What nobody has used for thirty
days (since its folder has gone, has changed, or is wanted in another size) goes when another set is kept.
"""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from gan_edu import files

DAYS = 30
_OURS = re.compile(r"[0-9a-f]{16}(\.json|-[0-9a-f]{16}\.pixels)")
_HALF = re.compile(rf"\.{_OURS.pattern}\..+\.tmp")  # being written, or left by a process that was killed


def place() -> Path:
    """The folder where sets are kept, unless `data.folder` was told another one by `cache=`."""
    return Path(platformdirs.user_cache_dir("gan-edu")) / "folders"


def size(where: Path | None = None) -> tuple[int, int]:
    """How many sets are kept, and their bytes."""
    known = [(path, state.st_size) for path, state in _ours(where or place())]
    return sum(path.suffix == ".pixels" for path, _ in known), sum(count for _, count in known)


def clear(where: Path | None = None, days: float = 0) -> tuple[int, int]:
    """Remove what nobody has used for so many days; returns the bytes that went, and how many files couldn't.

    Pictures that are in use stay good: on Linux and macOS a file that somebody looks into lives until that ends, and
    Windows doesn't let it go. Other files in the folder stay, and so do files that another process has half written.
    """
    where, gone, stuck = where or place(), 0, 0
    for path, state in _ours(where):
        least = files.STALE if path.suffix == ".tmp" else 86_400 * days
        if time.time() - state.st_mtime >= least:
            try:
                path.unlink()
                gone += state.st_size
            except FileNotFoundError:  # another process was faster
                pass
            except OSError:
                stuck += 1
    return gone, stuck


def used(*paths: Path) -> None:
    """Mark files as used now."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.utime(path)


def _ours(where: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Our files in a folder, which may hold others."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for path in sorted(where.iterdir()):
            if _OURS.fullmatch(path.name) or _HALF.fullmatch(path.name):
                with contextlib.suppress(FileNotFoundError):
                    yield path, path.stat()

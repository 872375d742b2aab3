"""Writing files so that nothing is lost: a reader sees the old content or the new, never half of it."""

import contextlib
import datetime
import errno
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

STALE = 3600  # seconds after which a temporary file belongs to a process that was killed


def write_atomically(path: str | os.PathLike, content: bytes) -> Path:
    """Write a file whole or not at all, even through a power cut; returns its path.

    Folders are made, permissions are those of any new file (or the old file's), a link stays a link, and temporary
    files that a killed process left behind are swept. Raises OSError, and then the old file is as it was.
    """
    with whole_or_not(path) as file:
        file.write(content)
    return Path(path)


@contextlib.contextmanager
def whole_or_not(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """`write_atomically`, piece by piece: a file to write to, which is there when the block has ended without an error.

    The content goes to a temporary file beside it, to the disk, and then to its name.
    """
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{target.name}."
    sweep(target.parent, prefix)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=prefix, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(OSError):  # some file systems have no permissions
            os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def check_writable(path: str | os.PathLike) -> None:
    """Raise OSError in one sentence when a file can't be written at `path`: asked before long work, not after it."""
    target = Path(os.path.realpath(path))
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder; say the name of a file in it")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp") as file:
            file.write(b"0" * 4096)  # an empty file can be made on a full disk
            file.flush()
            os.fsync(file.fileno())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OSError(f"Nothing can be written at {path}: {reason}. Choose another place, or make room.") from None


def expanded(path: str | os.PathLike) -> Path:
    """The path with ~ and ~name as home folders. Raises FileNotFoundError, in one sentence, where there is no such."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise FileNotFoundError(f"{path} is not there: there is no home folder {Path(path).parts[0]}.") from None


def typed(path: str | os.PathLike) -> str:
    """A path as one types it in a command, which would take a name that begins with a dash for an option."""
    path = os.fspath(path)
    return os.path.join(".", path) if path.startswith("-") else path


def name_for_mine(path: Path) -> Path:
    """A free name beside `path` for a learner's own version of it: 21_x.mine-2026-11-28.ipynb for 21_x.ipynb.

    -2, -3 … follow the day where the name is taken.
    """
    day = _today().isoformat()
    number = 1
    while True:
        again = f"-{number}" if number > 1 else ""
        new = path.with_name(f"{path.stem}.mine-{day}{again}{path.suffix}")
        if not os.path.lexists(new):
            return new
        number += 1


def _today():
    return datetime.date.today()


def _mode(target: Path) -> int:
    """Permissions of the file that is replaced, or those that the process gives to new files."""
    with contextlib.suppress(OSError):
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def sweep(folder: Path, prefix: str) -> None:
    """Delete the temporary files whose names begin so, and that killed processes left behind."""
    with contextlib.suppress(OSError):
        for old in folder.glob(f"{_literal(prefix)}*.tmp"):
            with contextlib.suppress(OSError):
                if time.time() - old.stat().st_mtime > STALE:
                    old.unlink()


def _literal(text: str) -> str:
    """`text` as a pattern of glob that matches itself only."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)

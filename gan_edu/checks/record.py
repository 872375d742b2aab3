"""Which questions are done: an empty file for each in the learner's own state folder, and nothing else.

Making a file needs no reading, no lock and hardly any room. So notebooks side by side, a full disk or a power cut can't
undo what was solved before. Earlier versions kept a list, progress.json; it is read, and never written again.
"""

import ast
import contextlib
import functools
import os
import pkgutil
import re
from pathlib import Path

import platformdirs

from gan_edu.files import expanded

MARKS = ("question", "discussion")  # the decorators that make a question
_told = set()


def state_folder() -> Path:
    """GAN_EDU_STATE if it is set, or else the folder that the operating system keeps for such things. Raises
    FileNotFoundError where it would lie in nobody's home folder."""
    return expanded(os.environ.get("GAN_EDU_STATE") or platformdirs.user_state_dir("gan-edu", appauthor=False))


def solved_folder() -> Path:
    """Where an empty file `41.generator_loss` says that this question is done."""
    return state_folder() / "solved"


def note(chapter: str, name: str) -> str:
    """Remember that this question is done. Never raises: learning goes on where nothing can be written.

    Returns a sentence for the learner when something is wrong, once in a process; else "".
    """
    done, trouble = _read()
    if f"{chapter}.{name}" not in done and not trouble.startswith("Progress can't"):
        folder = solved_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with open(folder / f"{chapter}.{name}", "ab") as file:
                os.fsync(file.fileno())
            _sync(folder)
        except (OSError, ValueError) as error:
            trouble = f"This can't be remembered, as nothing can be written in {folder} ({_reason(error)})."
    if not trouble or trouble in _told:
        return ""
    _told.add(trouble)
    return f"{trouble} `gan-edu doctor` says what to do."


def progress() -> dict[str, dict[str, bool]]:
    """Chapter → question → whether its check has passed, for every chapter that has questions."""
    done, _ = _read()
    return {chapter: {name: f"{chapter}.{name}" in done for name in names} for chapter, names in _questions().items()}


def trouble() -> str:
    """One sentence on what can't be read of the progress, or ""."""
    return _read()[1]


def show_progress() -> None:
    """Print the map of what is done."""
    chapters = progress()
    marks = [mark for questions in chapters.values() for mark in questions.values()]
    print(f"Your progress: {sum(marks)} of {len(marks)} questions")
    for chapter, questions in chapters.items():
        print(f"  {chapter}  " + "  ".join(f"{'✓' if mark else '○'} {name}" for name, mark in questions.items()))
    if wrong := trouble():
        print(wrong)


def _read() -> tuple[set[str], str]:
    """`chapter.name` of all that is done, and a sentence on what can't be read."""
    done, wrong = set(), ""
    try:
        state_folder()
    except FileNotFoundError as error:
        return done, f"Progress can't be remembered: {error}"
    try:
        done.update(os.listdir(solved_folder()))
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        wrong = f"What you solved can't be read in {solved_folder()} ({_reason(error)})."
    old = state_folder() / "progress.json"
    try:
        with open(old, "rb") as file:
            listed = _listed(file.read(2**20))
        done |= listed
        if not listed:
            wrong = f"No solved question was found in {old}; the file is damaged, and stays as it is."
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        wrong = f"What you solved with an earlier version can't be read in {old} ({_reason(error)})."
    return done, wrong


def _listed(content: bytes) -> set[str]:
    """What a progress.json lists, whatever an editor or an accident has put around it or cut off."""
    plain = content.replace(b"\0", b"").decode("utf-8", errors="replace")  # also of a file saved as UTF-16
    lists = re.findall(r'"(\w+)"\s*:\s*\[([^\[\]{}]*)', plain)
    return {f"{chapter}.{name}" for chapter, names in lists for name in re.findall(r'"(\w+)"', names)}


def _sync(folder: Path) -> None:
    """The folder's new entry to the disk, on systems that can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


@functools.cache
def _questions() -> dict[str, list[str]]:
    """Chapter → its questions, read from the source: importing them all would take seconds, and torch."""
    import gan_edu.checks

    found = {}
    for module in sorted(pkgutil.iter_modules(gan_edu.checks.__path__), key=lambda module: module.name):
        if module.name.startswith("chapter_"):
            path = Path(module.module_finder.path) / f"{module.name}.py"
            names = [node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if _is_question(node)]
            found[module.name.removeprefix("chapter_")] = names
    return found


def _is_question(node) -> bool:
    return any(
        isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id in MARKS
        for mark in getattr(node, "decorator_list", [])
    )

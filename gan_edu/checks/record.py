"""Which questions are done: one small file in the learner's own state folder, and nothing else."""

import ast
import json
import os
import pkgutil
import tempfile
from pathlib import Path

import platformdirs

MARKS = ("question", "discussion")  # the decorators that make a question


def state_folder() -> Path:
    """GAN_EDU_STATE if it is set, or else the folder that the operating system keeps for such things."""
    return Path(os.environ.get("GAN_EDU_STATE") or platformdirs.user_state_dir("gan-edu", appauthor=False))


def note(chapter: str, name: str) -> None:
    """Remember that this question is done. Never raises: learning goes on where nothing can be written."""
    done = _read()
    if name in done.get(chapter, []):
        return
    done.setdefault(chapter, []).append(name)
    try:
        folder = state_folder()
        folder.mkdir(parents=True, exist_ok=True)
        # Written beside it, then moved: a reader, or a power cut, meets the old file or the new, never half of one.
        handle, temporary = tempfile.mkstemp(dir=folder, prefix="progress-", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"done": done}, file, indent=1, sort_keys=True)
            os.replace(temporary, folder / "progress.json")
        except OSError:
            os.unlink(temporary)
    except OSError:
        pass


def progress() -> dict[str, dict[str, bool]]:
    """Chapter → question → whether its check has passed, for every chapter that has questions."""
    done = _read()
    return {chapter: {name: name in done.get(chapter, []) for name in names} for chapter, names in _questions().items()}


def show_progress() -> None:
    """Print the map of what is done."""
    chapters = progress()
    marks = [mark for questions in chapters.values() for mark in questions.values()]
    print(f"Your progress: {sum(marks)} of {len(marks)} questions")
    for chapter, questions in chapters.items():
        print(f"  {chapter}  " + "  ".join(f"{'✓' if mark else '○'} {name}" for name, mark in questions.items()))


def _read() -> dict[str, list[str]]:
    path = state_folder() / "progress.json"
    try:
        done = json.loads(path.read_text(encoding="utf-8"))["done"]
        if all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in done.values()):
            return done
    except OSError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    try:  # not ours to throw away: kept beside it, for whoever wants to mend it
        os.replace(path, path.with_name("progress.broken.json"))
    except OSError:
        pass
    return {}


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

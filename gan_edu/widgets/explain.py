"""Errors as sentences that stand in a widget: what went wrong and, in code of the learner's own, in which line."""

import os
import sysconfig
import traceback
from pathlib import Path

from IPython import get_ipython

from gan_edu.training import TrainingDiverged

HOUSE = str(Path(__file__).parents[1]) + os.sep
LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def explain(error: BaseException | str) -> str:
    """A sentence. Errors that this course raises on purpose speak for themselves; others come with their class, and
    with the learner's line that was running: `NameError in cell In[3], line 5 (return x + y): name 'y' is …`."""
    if isinstance(error, str):
        return error
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted. What was learned stays."
    if isinstance(error, TrainingDiverged):
        return (
            f"Training diverged at step {error.step}: a loss is no longer a finite number. Scrub back and branch "
            "from an earlier step, or reset, with a smaller learning rate."
        )
    message = error.args[0] if isinstance(error, KeyError) and " " in str(error.args[:1]) else error
    message = str(message).strip()
    frames = traceback.extract_tb(error.__traceback__)
    own = next((frame for frame in reversed(frames) if _is_own(frame.filename)), None)
    if own is None and message and (not frames or frames[-1].filename.startswith(HOUSE)):
        return _ended(message)
    place = "" if own is None else f" in {_place(own)}" + (f" ({own.line})" if own.line else "")
    return _ended(f"{type(error).__name__}{place}" + (f": {message}" if message else ""))


def _is_own(filename: str) -> bool:
    return not filename.startswith((HOUSE, "<frozen", "<string>", *LIBRARIES))


def _place(frame: traceback.FrameSummary) -> str:
    compiler = getattr(get_ipython(), "compile", None)
    kind, name = getattr(compiler, "format_code_name", lambda _: None)(frame.filename) or ("", "")
    return f"cell {name}, line {frame.lineno}" if kind == "Cell" else f"{Path(frame.filename).name}:{frame.lineno}"


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."

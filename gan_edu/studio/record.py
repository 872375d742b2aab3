"""What a run's folder says about the run (run.json), and whether a call of the command fits it."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gan_edu import files
from gan_edu.data.folders import Folder
from gan_edu.settings import Any, Checked, Number, Whole, setting
from gan_edu.studio.plan import Asked, Plan

FORMAT = 1  # of run.json
RUN = "run.json"


class Refused(Exception):
    """What is wrong and what to do, in one sentence for the person at the keyboard."""


def _plan(value) -> Plan:
    return value if isinstance(value, Plan) else Plan.of(**value)


@dataclass(frozen=True)
class Record(Checked):
    """What run.json holds beside its format."""

    folder: str = setting("", Any(str), "where the pictures were")
    pictures: int = setting(0, Whole(0), "how many")
    fingerprint: str = setting("", Any(str), "of their names and pixels")
    seconds: float = setting(0.0, Number(0), "of training so far")
    plan: Plan = setting(Plan(), Any(_plan), "settings")

    @classmethod
    def read(cls, out: Path) -> "Record | None":
        """None where there is none. Raises Refused for a damaged one."""
        path = out / RUN
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            if said.pop("format") != FORMAT:
                raise ValueError("it belongs to another version of gan-edu")
            return cls.of(**said)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            reason = " ".join(str(getattr(error, "strerror", None) or error).split())
            raise Refused(f"{path} can't be used ({reason[:200]}): choose another --out.") from None

    def write(self, out: Path) -> None:
        said = {"format": FORMAT, **self.to_dict(), "plan": self.plan.to_dict()}
        files.write_atomically(out / RUN, json.dumps(said, indent=1).encode())


def fingerprint(pictures: Folder) -> str:
    """Of the names of all pictures, and of a thousand pictures themselves."""
    digest = hashlib.sha256(json.dumps(pictures.files).encode())
    for row in range(0, len(pictures), len(pictures) // 1000 + 1):
        digest.update(pictures.pixels[row].numpy().tobytes())
    return digest.hexdigest()


def out_of(asked: Asked) -> Path:
    """The run's folder: what was said, or runs/ and the name of the pictures' folder."""
    if asked.out is not None:
        return files.expanded(asked.out)
    return Path("runs", Path(os.path.realpath(files.expanded(asked.folder))).name or "pictures")


def check_places(root: Path, out: Path) -> None:
    """Raise Refused where a run can't lie at `out`."""
    if os.path.lexists(out) and not out.is_dir():
        raise Refused(f"{out} is a file, so that no folder for the run can be made there: choose another --out.")
    if root.is_dir() and Path(os.path.realpath(out)).is_relative_to(os.path.realpath(root)):
        raise Refused(
            f"{out} would lie among the pictures that are learned from: say --out with a folder outside of {root}, or "
            "call gan-edu train from another place."
        )


def check_empty(out: Path) -> None:
    """Raise Refused unless `out` is new, or holds nothing: a run begins there."""
    try:
        others = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return
    if others:
        raise Refused(f"{out} holds other things ({', '.join(others[:3])}), and no run: choose another --out.")


def check_same(asked: Asked, plan: Plan, out: Path) -> None:
    """Raise Refused where other settings are asked for than those with which the run was begun."""
    for name in ("size", "grey", "augment", "seed"):
        said, kept = getattr(asked, name), getattr(plan, name)
        if said is not None and said != kept:
            was = f"{'with' if kept else 'without'} --{name}" if isinstance(kept, bool) else f"with --{name} {kept}"
            word = f"no-{name}" if said is False else name  # as it was typed
            if name == "augment":  # which needn't have been typed when the run was begun
                was = f"{'with' if kept else 'without'} augmentation"
            raise Refused(f"The run in {out} was begun {was} and goes on so: leave --{word} out, or say another --out.")


@contextlib.contextmanager
def made(out: Path) -> Iterator[None]:
    """If the block fails, folders that it made are taken away again, where they are empty."""
    new = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        yield
    except BaseException:
        for folder in new:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise

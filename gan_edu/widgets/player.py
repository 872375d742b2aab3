"""A recording as a piece of HTML that plays by itself, in exported pages and in notebooks whose kernel has gone: no
network, no widget manager."""

import base64
import json
import re
import uuid
import zlib
from pathlib import Path

import numpy as np

from gan_edu.files import expanded, write_atomically
from gan_edu.recorder import Frame

# In a notebook's page the output before the player is a still picture, and before that stands the live view. A view
# without its kernel is a line of text, whose class is on the output itself; a picture is for those without a player.
STYLE = (
    "<style>.jp-OutputArea-child:has(>.jp-OutputArea-output.jupyter-widgets)"
    ":has(+.jp-OutputArea-child+.jp-OutputArea-child .gan-edu-player):not(:has(.gan-edu-live)),"
    ".jp-OutputArea-child:has(.jp-RenderedImage):has(+.jp-OutputArea-child .gan-edu-player.gan-edu-drawn)"
    "{display:none!important}</style>"
)

NOTHING = f'<div class="gan-edu-player"></div>{STYLE}'  # only hides a view that has lost its kernel


def html(script: str, setup: dict, names: list[str], runs: list[dict]) -> str:
    """The view's own script with the frames in it. Arrays are compressed; frames follow each other as differences,
    because neighbours resemble each other (arrays of whole numbers only)."""
    heads, blobs = [], []
    for run in runs:
        fixed = [_head(name, array) for name, array in run["fixed"].items()]
        blobs += [np.ascontiguousarray(array).tobytes() for array in run["fixed"].values()]
        frames, before = [], {}
        for frame in run["frames"]:
            head = _frame_head(frame)
            for described, (name, array) in zip(head["arrays"], frame.arrays.items(), strict=True):
                last = before.get(name)
                described["delta"] = (
                    last is not None
                    and array.dtype.kind in "iu"
                    and (last.shape, last.dtype) == (array.shape, array.dtype)
                )
                # whole numbers wrap around, here and in the browser alike
                blobs.append(np.ascontiguousarray(array - last if described["delta"] else array).tobytes())
                before[name] = array
            frames.append(head)
        heads.append({"about": run["about"], "fixed": fixed, "frames": frames})
    content = {"setup": setup, "names": names, "runs": heads}
    packed = base64.b64encode(zlib.compress(b"".join(blobs), 9)).decode()
    return alone(packed, script, f'ganEdu.play(root, {json_in_page(content)}, "{packed}", PAINTER);')


def json_in_page(content) -> str:
    """JSON in which the page's parser finds no tag: "<!--<script>" would swallow what follows."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def alone(content: str, script: str, call: str) -> str:
    """A piece of HTML with a script of its own. call: JavaScript that draws `content` into the element `root`."""
    name = f"gan-edu-{uuid.uuid5(uuid.NAMESPACE_OID, content).hex[:12]}"  # the same for the same content
    return (
        f'<div id="{name}" class="gan-edu-player"></div>{STYLE}\n<script>(() => {{\n{_shorter(script)}\n'
        # a page may show the same piece twice
        f'const root = [...document.querySelectorAll("#{name}")].find((one) => !one.dataset.begun);\n'
        f"root.dataset.begun = 1;\n{call}\n}})()</script>"
    )


def export(path, title: str, piece: str) -> Path:
    """Write a page that needs no kernel and no network, whole or not at all; returns its path. Raises OSError."""
    page = f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{title}</title><body>{piece}</body></html>'
    return write_atomically(expanded(path), page.encode())


def _head(name: str, array: np.ndarray) -> dict:
    return {"name": name, "dtype": array.dtype.name, "shape": list(array.shape)}


def values_of(frame: Frame) -> dict:
    """A frame's numbers for the view: 4 digits, and None where JSON has no number."""
    return {name: float(f"{value:.4g}") if np.isfinite(value) else None for name, value in frame.values.items()}


def _frame_head(frame: Frame) -> dict:
    arrays = [_head(name, array) for name, array in frame.arrays.items()]
    return {"step": frame.step, "values": values_of(frame), "arrays": arrays}


def _shorter(script: str) -> str:
    """Without comment lines and indentation: a stored page holds it."""
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line and not re.match(r"//|/\*.*\*/$", line))

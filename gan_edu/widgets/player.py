"""A recording as a piece of HTML that plays by itself, in exported pages: no kernel, no network, no widget manager."""

import base64
import json
import re
import uuid
import zlib

import numpy as np

from gan_edu.recorder import Frame


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
    name = f"gan-edu-{uuid.uuid5(uuid.NAMESPACE_OID, packed).hex[:12]}"  # the same for the same recording
    body = json.dumps(content, separators=(",", ":")).replace("</", "<\\/")
    return (
        f'<div id="{name}" class="gan-edu-player"></div>\n<script>(() => {{\n{_shorter(script)}\n'
        f'ganEdu.play(document.getElementById("{name}"), {body}, "{packed}", PAINTER);\n}})()</script>'
    )


def _head(name: str, array: np.ndarray) -> dict:
    return {"name": name, "dtype": array.dtype.name, "shape": list(array.shape)}


def _frame_head(frame: Frame) -> dict:
    values = {name: float(f"{value:.4g}") if np.isfinite(value) else None for name, value in frame.values.items()}
    return {"step": frame.step, "values": values, "arrays": [_head(n, a) for n, a in frame.arrays.items()]}


def _shorter(script: str) -> str:
    """Without comment lines and indentation: a stored page holds it."""
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line and not re.match(r"//|/\*.*\*/$", line))

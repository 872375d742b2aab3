#!/usr/bin/env python3
"""Turn the sources into notebooks: sources/chapters → chapters, sources/solutions → solutions and exercises.

    python tools/build.py               build what differs from its source; run it only if its code differs
    python tools/build.py 41            run and build chapter 41 and its exercises (or 41_mlp_gan, chapters/41, …)
    python tools/build.py all           run and build everything
    python tools/build.py --check       say what differs from its source; exit status 1 if anything does
    python tools/build.py --lint 41     say what the rules of CONTRIBUTING.md find in the source, without running it
    python tools/build.py --gpu 41      measure the time on this machine's GPU, for {{gpu_time}}

Notebooks run one after the other, each in a fresh kernel, in the notebook's own folder, on two CPU cores, and see
nothing of the author's machine: no progress, no fetched data, no matplotlib or IPython settings. A notebook is only
replaced when its run succeeded and left nothing in its outputs that must not be stored.
"""

import argparse
import base64
import copy
import hashlib
import io
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from textwrap import indent

import jupytext
import nbformat

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from gan_edu.files import write_atomically  # noqa: E402
from gan_edu.settings import near  # noqa: E402
from tools import course_map, glossary, lint  # noqa: E402

KINDS = ("chapters", "solutions")
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python", "pygments_lexer": "ipython3"}
CELL_KEYS = ("tags", "jupyter", "answer", "check", "points")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
CELL_TIMEOUT = 600
WORDS_A_MINUTE, CODE_LINES_A_MINUTE, PICTURES_A_MINUTE = 200, 20, 5
WORDS_OF_A_FORMULA, WORDS_OF_A_DISPLAY = 2, 20

# The first code cell of every notebook, so that each opens on its own. It stands in no source: `read_source` adds it.
# Where the library is there it prints nothing, which is why a stored notebook gets it without a run (`build`).
OPENER_ID = "find-the-library"
OPENER = """\
# Finds the course's library, or installs it where the notebook was opened on its own
try:
    import gan_edu
except ImportError:
    import glob

    course = [".."] if glob.glob("../gan_edu/claims.py") else sorted(glob.glob("gan_edu-*.whl"))[-1:]
    if not course:
        raise ModuleNotFoundError("Put the course's gan_edu-….whl beside this notebook, and run me again.") from None
    get_ipython().run_line_magic("pip", f"install --quiet {course[0]}")"""


class BuildError(Exception):
    """A source that can't become a notebook; the message says where and what to do."""


# ---- from source to cells ----------------------------------------------------------------------------------------


def source_path(root, kind, name):
    return Path(root) / "sources" / kind / f"{name}.py"


def notebook_path(root, kind, name):
    return Path(root) / kind / f"{name}.ipynb"


def sources(root):
    """All `(kind, name)` that have a source, chapters first, each kind in the order of the course."""
    return [(kind, path.stem) for kind in KINDS for path in sorted((Path(root) / "sources" / kind).glob("*.py"))]


def read_source(path):
    """A source as a notebook without outputs: marks expanded, cell ids that depend on the cells' text alone.

    Raises BuildError for metadata or marks that it doesn't know.
    """
    text = Path(path).read_text(encoding="utf-8")
    if not text.startswith("# %%"):
        raise BuildError(f"{path.name}: the first line must start a cell (# %% [markdown]); no header before it")
    nb = jupytext.reads(text, fmt="py:percent")
    nb.metadata = nbformat.from_dict(
        {
            "kernelspec": dict(KERNELSPEC),
            "language_info": dict(LANGUAGE),
            "gan_edu": {"source_sha256": hashlib.sha256(text.encode()).hexdigest()},
        }
    )
    nb.nbformat, nb.nbformat_minor = 4, 5
    ids, grade_ids = {}, set()
    for number, cell in enumerate(nb.cells, 1):
        where = f"{path.name}, cell {number}"
        meta = {k: v for k, v in cell.metadata.items() if k not in ("lines_to_next_cell", "title")}
        if unknown := sorted(set(meta) - set(CELL_KEYS)):
            guess = near(unknown[0], CELL_KEYS)
            raise BuildError(f"{where}: unknown cell metadata {unknown[0]!r}; known are {', '.join(CELL_KEYS)}.{guess}")
        cell.metadata = nbformat.from_dict(_expand_marks(meta, cell, where, grade_ids))
        cell.source = _seal(cell.source, path.stem[:2], where)
        # The same text gets the same id whatever stands around it, so that a change stays a small difference.
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        ids[digest] = ids.get(digest, 0) + 1
        cell.id = digest if ids[digest] == 1 else f"{digest}-{ids[digest]}"
    add_opener(nb)
    return nb


def add_opener(nb):
    """Put OPENER, folded, before the first code cell, if there is one."""
    first = next((n for n, cell in enumerate(nb.cells) if cell.cell_type == "code"), None)
    if first is not None:
        folded = {"jupyter": {"source_hidden": True}}
        nb.cells.insert(first, nbformat.v4.new_code_cell(OPENER, id=OPENER_ID, metadata=folded))


def _expand_marks(meta, cell, where, grade_ids):
    """Replace the short marks `answer="…"`, `check="…"` and `points=…` by nbgrader's own metadata (schema 3)."""
    answer, check, points = (meta.pop(key, None) for key in ("answer", "check", "points"))
    if answer is None and check is None:
        if points is not None:
            raise BuildError(f'{where}: points without check="…" or answer="…"')
        if "BEGIN SOLUTION" in cell.source or "BEGIN HIDDEN TESTS" in cell.source:
            raise BuildError(f'{where}: a solution or hidden test in a cell without answer="…" or check="…"')
        return meta
    name = answer if check is None else check
    if answer is not None and check is not None:
        raise BuildError(f"{where}: a cell is an answer or a check, not both")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise BuildError(f"{where}: the name of an answer or check has letters, digits and _ only, got {name!r}")
    if check is not None and cell.cell_type != "code":
        raise BuildError(f'{where}: check="{check}" must be a code cell')
    graded = check is not None or cell.cell_type == "markdown"
    if graded and (not isinstance(points, int) or points < 1):
        raise BuildError(f"{where}: what is graded needs points, such as points=2; got {points!r}")
    if not graded and points is not None:
        raise BuildError(f"{where}: an answer in code gets its points from its check cell; remove points={points}")
    grade_id = name if check is None else f"check_{name}"
    if grade_id in grade_ids:
        raise BuildError(f"{where}: a second cell with the name {name!r}")
    grade_ids.add(grade_id)
    meta["nbgrader"] = {
        "cell_type": cell.cell_type,
        "grade": graded,
        "grade_id": grade_id,
        "locked": check is not None,
        "schema_version": 3,
        "solution": check is None,
        "task": False,
    }
    if graded:
        meta["nbgrader"]["points"] = points
    return meta


HIDDEN = re.compile(r"(### BEGIN HIDDEN TESTS\n)(.+?)(\n### END HIDDEN TESTS)", re.S)
SEALED = """import importlib.util
import runpy


def hidden_tests():
    from builtins import (  # whatever the notebook calls by these names
        abs, all, any, bool, dict, enumerate, float, int, isinstance, len, list, map, max, min, next, range, round, set,
        sorted, sum, tuple, type, zip,
    )

{tests}


sealed = runpy.run_path(importlib.util.find_spec("gan_edu.grading").origin)["sealed"]
with sealed("chapter_{chapter}", "{name}", {answer}):
    hidden_tests()"""


def _seal(source, chapter, where):
    """Hidden tests as they stand in a notebook: in a function, so that they see Python's builtins whatever the notebook
    calls so, and leave no names behind; with `gan_edu.grading.sealed` around its call."""
    if not HIDDEN.search(source):
        if "HIDDEN TESTS" in source:
            raise BuildError(f"{where}: ### BEGIN HIDDEN TESTS and ### END HIDDEN TESTS stand alone on their lines")
        return source
    asked = re.search(r"^q\.(\w+)\.check\((\w+)\)", source, re.M)
    if not asked:
        raise BuildError(f"{where}: hidden tests stand below q.name.check(name), in the same cell")

    def seal(found):
        names = dict(chapter=chapter, name=asked[1], answer=asked[2])
        return found[1] + SEALED.format(tests=indent(found[2], "    "), **names) + found[3]

    return HIDDEN.sub(seal, source)


def title_of(path):
    """A source's title, from its first heading: "41 · An MLP GAN"."""
    match = re.search(r"^# # (?:Exercises )?(.+?)\s*$", path.read_text(encoding="utf-8"), re.M)
    return match.group(1) if match else path.stem


def neighbours(root, name):
    """The links from a chapter to its exercises and to the chapters before and after it, as markdown."""
    folder = Path(root) / "sources/chapters"
    names = [path.stem for path in sorted(folder.glob("*.py"))]
    lines = []
    if source_path(root, "solutions", name).exists():
        exercises = f"[Exercises {title_of(folder / f'{name}.py')}](../exercises/{name}.ipynb)"
        lines.append(f"- ✍️ {exercises}, then [worked solutions](../solutions/{name}.ipynb)")
    here = names.index(name)
    if here > 0:
        lines.append(f"- ← [{title_of(folder / f'{names[here - 1]}.py')}]({names[here - 1]}.ipynb)")
    if here + 1 < len(names):
        lines.append(f"- → [{title_of(folder / f'{names[here + 1]}.py')}]({names[here + 1]}.ipynb)")
    return "\n".join(lines)


def is_folded(cell):
    """Whether JupyterLab shows a line to click instead of the cell's code."""
    return bool(cell.metadata.get("jupyter", {}).get("source_hidden"))


def read_minutes(nb):
    """Minutes to read a notebook: words, formulas, pictures and lines of code, folded cells aside; at least one."""
    prose = [cell.source for cell in nb.cells if cell.cell_type == "markdown"]
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    inline, displayed = lint.count_formulas("\n\n".join(prose))
    words = sum(map(lint.count_words, prose)) + WORDS_OF_A_FORMULA * inline + WORDS_OF_A_DISPLAY * displayed
    pictures = sum(any(call in cell.source for call in ("plt.show()", "image_grid(")) for cell in code)
    lines = sum(len(cell.source.splitlines()) for cell in code if not is_folded(cell))
    return max(1, math.ceil(words / WORDS_A_MINUTE + pictures / PICTURES_A_MINUTE + lines / CODE_LINES_A_MINUTE))


def gpu_time(root, name):
    """What `--gpu` measured for a chapter: "about 10 s on one NVIDIA H100", or "not measured"."""
    path = Path(root) / "sources/gpu_times.json"
    entry = json.loads(path.read_text(encoding="utf-8")).get(name) if path.exists() else None
    return f"{lint.about(entry['seconds'])} on one {entry['device']}" if entry else "not measured"


def render(nb, root, kind, name, run_seconds):
    """Fill the placeholders of a notebook made by `read_source`, and store what was measured in its metadata."""
    facts = nb.metadata.gan_edu
    facts.run_seconds, facts.read_minutes = run_seconds, read_minutes(nb)
    values = {
        "read_minutes": lambda: str(facts.read_minutes),
        "run_time": lambda: lint.about(run_seconds),
        "gpu_time": lambda: gpu_time(root, name),
        "neighbours": lambda: neighbours(root, name),
        "paths": lambda: course_map.paths_table(root),
    }
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            pattern = r"\{\{(" + "|".join(values) + r")\}\}"
            cell.source = re.sub(pattern, lambda match: values[match.group(1)](), cell.source)
            cell.source = glossary.MARK.sub(lambda match: glossary.table(root, match.group()), cell.source)
    return nb


def fresh(root, kind, name, run_seconds=None):
    """The notebook that a source stands for now, without outputs."""
    return render(read_source(source_path(root, kind, name)), root, kind, name, run_seconds)


# ---- exercises ---------------------------------------------------------------------------------------------------


def make_exercise(solution):
    """The exercise of a solution: nbgrader's own preprocessors take the answers, hidden tests and outputs away.

    Those that lock cells, count checksums and fill a gradebook are left out: a learner's own copy needs none of them,
    and a teacher's `nbgrader generate_assignment` on solutions/ adds them.
    """
    from nbgrader.preprocessors import CheckCellMetadata, ClearHiddenTests, ClearMarkScheme, ClearOutput, ClearSolutions

    nb, resources = copy.deepcopy(solution), {}
    for preprocessor in (ClearSolutions, ClearOutput, ClearHiddenTests, ClearMarkScheme, CheckCellMetadata):
        nb, resources = preprocessor().preprocess(nb, resources)
    return nb


# ---- execution ---------------------------------------------------------------------------------------------------


# What PACER prints on the machine for which the chapters' limits and printed times are meant: a usual laptop, or two
# quiet cores of a server. Machines for building differ fourfold, and with the hour; small networks and convolutions not
# by the same factor, so both are asked. (0.27 gives chapter 25 the time that it had when it was measured first.)
PACE = 0.27
PACER = """
import time, torch
from torch import nn
torch.set_num_threads(1)
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
wide = nn.Sequential(nn.Conv2d(1, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 4, 2, 1), nn.Flatten(), nn.Linear(3136, 1))
def steps(net, x, n):
    adam = torch.optim.Adam(net.parameters())
    start = time.process_time()
    for _ in range(n):
        adam.zero_grad()
        net(x).square().mean().backward()
        adam.step()
    return time.process_time() - start
games = (net, torch.randn(128, 64), 400), (wide, torch.randn(128, 1, 28, 28), 10)
for game in games:
    steps(*game[:2], 5)
print(sum(steps(*game) for game in games))
"""


def pace(env):
    """What PACER prints on this machine now."""
    return float(subprocess.run([sys.executable, "-c", PACER], env=env, capture_output=True, check=True).stdout)


class CleanRoom:
    """The environment that notebooks run in: an installed course on a machine that nobody has used yet."""

    def __init__(self, root, device="cpu"):
        self.root, self.device = Path(root), device

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="gan-edu-build-")
        place = Path(self.folder.name)
        env = dict(os.environ)
        for name in ("GAN_EDU_DATA", "PYTHONSTARTUP", "PYTHONWARNINGS", "MPLBACKEND", "MATPLOTLIBRC", "GAN_EDU_DEVICE"):
            env.pop(name, None)
        for name in ("GAN_EDU_STATE", "IPYTHONDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME", "TORCHINDUCTOR_CACHE_DIR"):
            (place / name.lower()).mkdir()
            env[name] = str(place / name.lower())
        env["TQDM_DISABLE"] = "1"
        env["PYTHONPATH"] = os.pathsep.join([str(self.root), *filter(None, [env.get("PYTHONPATH")])])
        if self.device:
            env["GAN_EDU_DEVICE"] = self.device
        if not hasattr(os, "sched_setaffinity"):
            env.setdefault("OMP_NUM_THREADS", "2")
        self.env, self.warm = env, False
        return self

    def __exit__(self, *exc):
        self.folder.cleanup()

    def run(self, nb, folder, name):
        """Execute a notebook in place, in `folder`. Returns the seconds it takes on the reference machine (see PACE;
        with a GPU: on this one), set-up of the kernel included: by the clock, or the processor's where these are fewer.

        Raises BuildError with the cell and its error when a cell fails.
        """
        from jupyter_client.kernelspec import KernelSpecManager
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

        client = NotebookClient(
            nb,
            timeout=CELL_TIMEOUT,
            kernel_name="python3",
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(folder)}},
        )
        # No kernel that somebody installed under the same name, but the Python that runs this.
        manager = client.create_kernel_manager()
        manager.kernel_spec_manager = KernelSpecManager(kernel_dirs=[])
        if not self.warm:
            # Matplotlib lists the fonts when it first runs, slowly and aloud; this must not be in a chapter's time.
            self.warm = True
            subprocess.run([sys.executable, "-c", "import matplotlib.pyplot"], env=self.env, capture_output=True)
        # What the kernel's process itself says (not a cell) is shown only when it dies.
        with open(Path(self.folder.name) / "kernel.log", "w+", encoding="utf-8", errors="replace") as log:
            start, busy = time.perf_counter(), _children_seconds()
            try:
                client.execute(env=self.env, stderr=log)
            except (CellExecutionError, CellTimeoutError) as error:
                raise BuildError(_explain(nb, name, error)) from None
            except (DeadKernelError, RuntimeError) as error:
                log.seek(0)
                raise BuildError(f"{_explain(nb, name, error)}\n{log.read()[-2000:]}") from None
            wall, busy = time.perf_counter() - start, _children_seconds() - busy
            if self.device == "cuda":  # what `--gpu` tells is the time of this machine
                return wall
            # Where others keep the processor busy, the kernel's own seconds of it tell more than the clock.
            seconds = min(wall, busy) if busy > 0 else wall
            return seconds * PACE / pace(self.env)


def _children_seconds():
    """CPU seconds of the processes that this one has started and seen end; 0 where the system doesn't count them."""
    times = os.times()
    return times.children_user + times.children_system


def _explain(nb, name, error):
    """Which cell failed, its source, and its error, as plain text."""
    ran = [n for n, cell in enumerate(nb.cells, 1) if cell.cell_type == "code" and cell.get("execution_count")]
    failed = [n for n in ran if any(o.output_type == "error" for o in nb.cells[n - 1].outputs)]
    started = [n for n, c in enumerate(nb.cells, 1) if c.cell_type == "code"]
    if not started:
        return f"{name}: {error}"
    number = (failed or ran or started)[-1 if failed or ran else 0]
    cell = nb.cells[number - 1]
    trace = [line for o in cell.outputs if o.output_type == "error" for line in o.traceback] or [str(error)]
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(trace))
    bar = "-" * 40
    return f"{name}: cell {number} failed\n{bar}\n{cell.source}\n{bar}\n{text}"


# ---- what is stored ----------------------------------------------------------------------------------------------


def tidy(nb, private=()):
    """Take out of an executed notebook what must not be stored, make pictures small.

    Raises BuildError naming every cell whose output can't be stored: errors, stderr, warnings, paths of this machine.
    """
    problems = lint.check_widget_outputs(nb)
    nb.metadata = nbformat.from_dict({k: nb.metadata[k] for k in ("gan_edu", "kernelspec", "language_info")})
    nb.metadata.kernelspec, nb.metadata.language_info = dict(KERNELSPEC), dict(LANGUAGE)
    for cell in nb.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        cell.outputs = [output for output in cell.outputs if not lint.is_bare_widget(output)]
        for output in cell.outputs:
            data = output.get("data", {})
            data.pop(WIDGET_VIEW, None)
            if "image/png" in data:
                small = shrink_png(base64.b64decode(data["image/png"]))
                data["image/png"] = base64.b64encode(small).decode()
    problems += lint.check_outputs(nb, private)
    if problems:
        raise BuildError("\n".join(problems))
    return nb


def shrink_png(raw):
    """A PNG made smaller without a visible change, or the same bytes when nothing helps.

    An opaque alpha channel goes; at most 256 colours replace true colour where no more than one pixel in a thousand
    changes by more than 8 of 255 levels, and the mean change is below half a level.
    """
    import numpy as np
    from PIL import Image

    image = Image.open(io.BytesIO(raw))
    image.load()
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    candidates = [raw, _png(image)]
    if image.mode in ("RGB", "RGBA"):
        method = Image.Quantize.MEDIANCUT if image.mode == "RGB" else Image.Quantize.FASTOCTREE
        few = image.quantize(256, method=method, dither=Image.Dither.NONE)
        change = np.abs(np.asarray(few.convert(image.mode), dtype=int) - np.asarray(image, dtype=int))
        if change.mean() < 0.5 and np.quantile(change.max(axis=-1), 0.999) <= 8:
            candidates.append(_png(few))
    return min(candidates, key=len)


def _png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def write(nb, path):
    """Write a notebook in one go, so that no reader ever sees half of it."""
    nbformat.validate(nb)
    # nbformat.writes sorts keys: the same notebook is the same bytes.
    write_atomically(path, (nbformat.writes(nb, version=4) + "\n").encode())


# ---- up to date or not -------------------------------------------------------------------------------------------


def differences(root, kind, name):
    """How the stored notebooks of one source differ from what the source says; an empty list when they agree."""
    path = notebook_path(root, kind, name)
    if not path.exists():
        return [f"{kind}/{name}.ipynb is not built"]
    stored = nbformat.read(path, 4)
    seconds = stored.metadata.get("gan_edu", {}).get("run_seconds")
    expected = fresh(root, kind, name, seconds)
    problems = [] if seconds is not None else [f"{kind}/{name}.ipynb was not run by the build"]
    problems += [f"{kind}/{name}.ipynb: {p}" for p in compare(expected, stored)]
    if kind == "solutions":
        exercise = notebook_path(root, "exercises", name)
        if not exercise.exists():
            problems.append(f"exercises/{name}.ipynb is not built")
        else:
            found = nbformat.read(exercise, 4)
            problems += [f"exercises/{name}.ipynb: {p}" for p in compare(make_exercise(expected), found, outputs=True)]
    return problems


def compare(expected, stored, outputs=False):
    """Differences of two notebooks in metadata and cells (type, id, source, tags, marks), and outputs if asked."""
    problems = []
    if expected.metadata != stored.metadata:
        keys = sorted({**expected.metadata, **stored.metadata})
        differing = [key for key in keys if expected.metadata.get(key) != stored.metadata.get(key)]
        problems.append(f"the notebook's metadata differ: {', '.join(differing)}")
    if len(expected.cells) != len(stored.cells):
        problems.append(f"it has {len(stored.cells)} cells, its source {len(expected.cells)}")
    for number, (want, have) in enumerate(zip(expected.cells, stored.cells, strict=False), 1):
        for part in ("cell_type", "source", "metadata", "id"):
            if want.get(part) != have.get(part):
                problems.append(f"cell {number} differs from the source in its {part}")
                break
        if have.cell_type == "code":
            if outputs and (have.outputs or have.execution_count):
                problems.append(f"cell {number} has outputs")
            elif not outputs and have.execution_count is None:
                problems.append(f"cell {number} was not run")
    return problems


def same_code(one, other):
    """Whether two notebooks have the same code cells in the same order, so that outputs of one serve the other.

    Hidden tests and OPENER may differ: they print nothing and leave nothing, and the notebooks' tests run them.
    """

    def code(nb):
        cells = [cell for cell in nb.cells if cell.cell_type == "code" and cell.id != OPENER_ID]
        return [(HIDDEN.sub("", cell.source), cell.metadata.get("tags", [])) for cell in cells]

    return code(one) == code(other)


# ---- building ----------------------------------------------------------------------------------------------------


def build(root, kind, name, room=None, force=False):
    """Build one source. Returns a line that says what was done.

    The code runs if it has changed since the last run, or with `force`. Raises BuildError, and leaves the notebooks as
    they were, when something fails.
    """
    root = Path(root)
    path = notebook_path(root, kind, name)
    nb = fresh(root, kind, name)
    stored = nbformat.read(path, 4) if path.exists() else None
    seconds = stored.metadata.get("gan_edu", {}).get("run_seconds") if stored else None
    if not force and seconds is not None and same_code(nb, stored):
        done = "text only"
        outputs = iter([c.outputs for c in stored.cells if c.cell_type == "code" and c.id != OPENER_ID])
        for count, cell in enumerate([cell for cell in nb.cells if cell.cell_type == "code"], 1):
            cell.outputs = [] if cell.id == OPENER_ID else next(outputs)
            cell.execution_count = count
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        if room is None:
            with CleanRoom(root) as room:
                seconds = room.run(nb, path.parent, f"{kind}/{name}")
        else:
            seconds = room.run(nb, path.parent, f"{kind}/{name}")
        seconds = round(seconds, 1)
        done = f"ran in {seconds:.1f} s"
    # The placeholders are filled last, because the time is one of them.
    final = fresh(root, kind, name, seconds)
    for cell, ran in zip(final.cells, nb.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    try:
        tidy(final, lint.private_words(root))
    except BuildError as error:
        raise BuildError(f"{kind}/{name}: its outputs can't be stored\n{error}") from None
    size = len(nbformat.writes(final, version=4).encode())
    if size > lint.MAX_BYTES:
        raise BuildError(f"{kind}/{name}: {size // 1000} kB, more than {lint.MAX_BYTES // 1000}; draw fewer or smaller")
    exercise = make_exercise(final) if kind == "solutions" else None
    if exercise is not None and (leaks := lint.check_leaks(final, exercise)):
        raise BuildError(f"exercises/{name}: an answer would be given away\n" + "\n".join(leaks))
    write(final, path)
    if exercise is not None:
        write(exercise, notebook_path(root, "exercises", name))
    note = "  (large!)" if size > lint.WARN_BYTES else ""
    return f"{kind}/{name}: {done}, {size / 1000:.0f} kB{note}"


def lint_notebook(nb, kind, name, executed=True):
    """The rules for a chapter or an exercise."""
    return lint.check_chapter(nb, name, executed) if kind == "chapters" else lint.check_exercise(nb, name)


def find(root, wanted):
    """The `(kind, name)` pairs that arguments such as "41", "41_mlp_gan" or "solutions/41" mean.

    Raises BuildError for an argument that means nothing, naming what there is.
    """
    known = sources(root)
    if wanted in ([], ["all"]):
        return known
    found = []
    for word in wanted:
        folder, _, stem = Path(word).with_suffix("").as_posix().removeprefix("sources/").rpartition("/")
        folder = Path(folder).name.replace("exercises", "solutions")
        match = [(k, n) for k, n in known if (n == stem or n.split("_")[0] == stem) and folder in ("", k)]
        if not match:
            names = sorted({n for _, n in known})
            raise BuildError(
                f"no source is called {word!r}.{near(stem, names)} There are: {', '.join(names) or 'none yet'}."
            )
        found += [pair for pair in match if pair not in found]
    return found


def note_gpu_time(root, name, device, seconds):
    """Keep what `gpu_time` tells of a chapter."""
    path = Path(root) / "sources/gpu_times.json"
    times = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    times[name] = {"device": device, "seconds": seconds}
    path.write_text(json.dumps(times, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def measure_gpu(root, pairs):
    """Run chapters on this machine's GPU and note the seconds in sources/gpu_times.json; notebooks stay as they are."""
    code = "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else '')"
    device = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()
    if not device:
        raise BuildError("torch finds no CUDA device here, so there is no GPU time to measure")
    with CleanRoom(root, device="cuda") as room:
        for kind, name in pairs:
            if kind != "chapters":
                continue
            nb = fresh(root, kind, name)
            seconds = round(room.run(nb, notebook_path(root, kind, name).parent, f"{kind}/{name}"), 1)
            note_gpu_time(root, name, device, seconds)
            print(f"{kind}/{name}: {seconds} s on {device}", flush=True)


def main(arguments=None, root=ROOT):
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", help="numbers or names; all: everything anew; none: what is stale")
    parser.add_argument("--check", action="store_true", help="only say what is stale; exit status 1 if anything is")
    parser.add_argument("--lint", action="store_true", help="only check the sources against the rules, without a run")
    parser.add_argument("--gpu", action="store_true", help="only measure the time on this machine's GPU")
    args = parser.parse_args(arguments)
    root = Path(root)
    try:
        pairs = find(root, args.notebooks)
        if args.check:
            problems = [p for kind, name in pairs for p in differences(root, kind, name)]
            problems += [] if args.notebooks else lint.check_tree(root)
            print("\n".join(dict.fromkeys(problems)) or "every notebook agrees with its source")
            return 1 if problems else 0
        if args.lint:
            found = {f"{k}/{n}": lint_notebook(fresh(root, k, n), k, n, executed=False) for k, n in pairs}
            for place, problems in found.items():
                print(f"{place}: {len(problems) or 'no'} problems", *problems, sep="\n  ")
            return 1 if any(found.values()) else 0
        if args.gpu:
            measure_gpu(root, pairs)
            return 0
    except BuildError as error:
        print(error, file=sys.stderr)
        return 2
    return build_all(root, pairs, named=bool(args.notebooks))


def build_all(root, pairs, named):
    """Build notebooks one after the other; a failure is told, the rest goes on. Returns the exit status.

    What was `named` runs; otherwise only what is stale is built, and runs if its code has changed.
    """
    failed = 0
    # Two cores, whatever this machine has: that is what the box at the top of a chapter promises.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    with CleanRoom(root) as room:
        for kind, name in pairs:
            try:
                if not named and not differences(root, kind, name):
                    continue
                print(build(root, kind, name, room, force=named), flush=True)
                nb = nbformat.read(notebook_path(root, kind, name), 4)
                for problem in lint_notebook(nb, kind, name):
                    print(f"    to do: {problem}", flush=True)
            except BuildError as error:
                failed += 1
                print(f"FAILED {error}", file=sys.stderr, flush=True)
    print(f"{failed} failed" if failed else "done", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

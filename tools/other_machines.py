#!/usr/bin/env python3
"""Run notebooks as other computers would run them, and with other seeds: which claims and texts hold?

    python tools/other_machines.py                              every notebook in every world: many hours
    python tools/other_machines.py 34 solutions/47 --jobs 2     some of them, two at once
    python tools/other_machines.py --worlds sse avx2            on older processors only
    python tools/other_machines.py --worlds shift --shifts 3000 4000
    python tools/other_machines.py --worlds broken              which claims can fail?
    python tools/other_machines.py --report                     the tables again, as Markdown; nothing runs

Worlds: threads-1 and threads-4 (threads for arithmetic); avx2 and sse (what torch, oneDNN, MKL and OpenBLAS may use
of the processor); hash (another seed for Python's hashes); together (sse, threads-4 and hash at once: the shortest
look); loaded (three busy loops for each core beside the notebooks); shift (all seeds moved, in the processes that
notebooks start, too: once for each number in --shifts). All but threads-4 and together use one thread. And three
worlds that are broken on purpose, broken for short: untrained (no optimiser makes a step), upwards (each but LBFGS
goes up its loss), strangers (labels and points have nothing to do with the data). There a claim of an experiment
ought to be false; one that none of the three refutes is listed, and an identity that one refutes is none.

Nothing stops at a false claim or a failing cell. In a shifted world only claims count, elsewhere also the texts that
tests compare. Each notebook in each world leaves a JSON file in --out; where one lies that was made with this code, it
is not run again, so that a stopped run goes on when it is called again.
"""

import argparse
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import metadata
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from gan_edu.files import write_atomically  # noqa: E402
from tools import build, lint  # noqa: E402

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
WORLDS = {  # name: environment variables
    "threads-1": {},
    "threads-4": dict.fromkeys(THREADS, "4") | {"MKL_DYNAMIC": "FALSE"},
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
    },
    "sse": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "OPENBLAS_CORETYPE": "Nehalem",
    },
    "hash": {"PYTHONHASHSEED": "1"},
    "loaded": {},
}
WORLDS["together"] = WORLDS["sse"] | WORLDS["threads-4"] | WORLDS["hash"]
BROKEN = {name: {"GAN_EDU_BREAK": name} for name in ("untrained", "upwards", "strangers")}
SHIFTS = (1000, 2000, 3000, 4000, 5000)
BUSY_LOOPS = 3  # for each core
CELL_TIMEOUT = 3600
RECORDS = ROOT / "benchmarks/recorded/other_machines"


def worlds_of(names, shifts):
    """Name → environment, with a world for each shift in the place of "shift", and the broken ones in that of "broken".

    Raises ValueError for unknown names.
    """
    known = WORLDS | BROKEN
    if unknown := set(names) - {*known, "shift", "broken"}:
        raise ValueError(f"There is no world {unknown.pop()!r}; there are: {', '.join(known)}, shift, broken.")
    shifted = {f"shift-{n}": {"GAN_EDU_SHIFT": str(n)} for n in shifts}
    wanted = {*names, *(BROKEN if "broken" in names else ())}
    return {name: known[name] for name in known if name in wanted} | (shifted if "shift" in names else {})


@contextlib.contextmanager
def busy(loops):
    """Processes that do nothing, as fast as they can."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()


# ---- one notebook in one world -----------------------------------------------------------------------------------


def run(path, env):
    """Run a stored notebook with these environment variables; returns what a record holds of it.

    claims and cells: how many were made, and compared; false: the claims that didn't hold; held: the texts of the
    others, identities aside; errors: (cell, error); other: (cell, stored text, text now).
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    stored, nb = nbformat.read(path, 4), nbformat.read(path, 4)
    options = dict(timeout=CELL_TIMEOUT, allow_errors=True, record_timing=False, store_widget_state=False)
    client = NotebookClient(nb, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}, **options)
    start, errors = time.monotonic(), []
    with tempfile.TemporaryDirectory() as place:
        claims = Path(place) / "claims"
        own = {name: place for name in ("GAN_EDU_STATE", "IPYTHONDIR")} | {"GAN_EDU_CLAIMS": str(claims)}
        try:
            with open(os.devnull, "w") as nowhere:
                client.execute(env=env | own, stderr=nowhere)
        except (CellTimeoutError, DeadKernelError, RuntimeError) as error:
            errors.append((0, f"{type(error).__name__}: {error}"[:300]))
        made = [json.loads(line) for line in claims.read_text("utf-8").splitlines()] if claims.exists() else []
    other, compared = [], 0
    for number, (old, new) in enumerate(zip(stored.cells, nb.cells, strict=True), 1):
        outputs = new.get("outputs", [])
        errors += [(number, f"{o.ename}: {o.evalue}"[:300]) for o in outputs if o.output_type == "error"]
        if new.cell_type == "code" and "nbval-ignore-output" not in new.metadata.get("tags", []):
            compared += 1
            if texts(old) != texts(new):
                # warnings name the folder that the course lies in, which is nobody's business
                other.append((number, texts(old), texts(new).replace(f"{ROOT}{os.sep}", "")))
    false = [{key: each[key] for key in ("sign", "text", "why")} for each in made if not each["holds"]]
    held = sorted({each["text"] for each in made if each["holds"] and each["sign"] == "✓"})
    seconds = round(time.monotonic() - start)
    return {
        "seconds": seconds, "claims": len(made), "cells": compared, "false": false, "held": held, "errors": errors,
        "other": other,
    }  # fmt: skip


def texts(cell):
    """The text that tests compare: what was printed, warnings included, and what stands beside pictures and widgets."""
    outputs = [o for o in cell.get("outputs", []) if not lint.is_bare_widget(o)]
    return "".join(o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in outputs)


# ---- all of them -------------------------------------------------------------------------------------------------


def fingerprint(root, path):
    """Changes when the notebook's code, the library, the worlds or PyTorch do: then an old record is worth nothing."""
    cells = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    files = [*sorted((root / "gan_edu").rglob("*.py")), ROOT / "tools/elsewhere/sitecustomize.py"]
    library = [file.read_text("utf-8") for file in files]
    return hashlib.sha256(json.dumps([cells, library, metadata.version("torch")]).encode()).hexdigest()[:16]


def audit(root, pairs, worlds, out, jobs):
    """Run what has no record yet, `jobs` notebooks at once, world after world; prints a line for each."""
    todo, total = {}, 0
    for world in worlds:
        for kind, name in pairs:
            path, record = build.notebook_path(root, kind, name), out / world / f"{kind}-{name}.json"
            mark = {"world": world, "notebook": f"{kind}/{name}", "fingerprint": fingerprint(root, path)}
            if not (record.exists() and mark.items() <= json.loads(record.read_text("utf-8")).items()):
                todo.setdefault(world, []).append((path, record, mark))
                total += 1
    print(f"{total} of {len(worlds) * len(pairs)} runs to do, {jobs} at once", flush=True)
    done = 0
    with build.CleanRoom(root) as room, ProcessPoolExecutor(jobs) as pool:
        # Matplotlib lists the fonts when it first runs, slowly and aloud.
        subprocess.run([sys.executable, "-c", "import matplotlib.pyplot"], env=room.env, capture_output=True)
        here = {"PYTHONPATH": os.pathsep.join([str(ROOT / "tools/elsewhere"), room.env["PYTHONPATH"]])}
        for world, runs in todo.items():
            env = room.env | here | dict.fromkeys(THREADS, "1") | worlds[world]
            with busy(BUSY_LOOPS * os.cpu_count() if world == "loaded" else 0):
                started = {pool.submit(run, path, env): (record, mark) for path, record, mark in runs}
                for each in as_completed(started):
                    (record, mark), found = started[each], each.result()
                    write_atomically(record, json.dumps(mark | found, indent=1, ensure_ascii=False).encode())
                    done += 1
                    print(f"[{done}/{total}] {world}, {mark['notebook']}: {summary(found)}", flush=True)


def summary(found):
    failed = [f"✗ {each['text']}" for each in found["false"]] + [f"cell {n}: {error}" for n, error in found["errors"]]
    counts = f"{found['seconds']} s, {found['claims']} claims, {len(found['other'])} other texts"
    return "\n    ".join([counts, *failed])


def report(out):
    """What all records in a folder say, as Markdown. Raises ValueError where there are none."""
    records = [json.loads(path.read_text("utf-8")) for path in sorted(out.glob("*/*.json"))]
    if not records:
        raise ValueError(f"There are no records in {out} yet.")
    broken = [record for record in records if record["world"] in BROKEN]
    return "\n\n".join(filter(None, (report_places([r for r in records if r not in broken]), report_broken(broken))))


def report_broken(records):
    """Which claims a broken world refutes, which none does, and identities that one refutes."""
    if not records:
        return ""
    lines = ["| notebook | claims | refuted | by none | identities refuted | cells that fail |", "|---" * 6 + "|"]
    for notebook in sorted({record["notebook"] for record in records}):
        here = [record for record in records if record["notebook"] == notebook]
        false = [each for record in here for each in record["false"]]
        refuted = {each["text"] for each in false if each["sign"] == "✓"}
        untouched = sorted({text for record in here for text in record["held"]} - refuted)
        wrong = sorted({each["text"] for each in false if each["sign"] == "≡"})
        told = (f"{len(texts)}" + (f": {'; '.join(texts)}" if texts else "") for texts in (untouched, wrong))
        failed = "; ".join(f"{each['world']}: {len(each['errors'])}" for each in here if each["errors"])
        lines.append(_row(notebook, len(refuted) + len(untouched), len(refuted), *told, failed or 0))
    return "\n".join(lines)


def report_places(records):
    if not records:
        return ""
    names = [*WORLDS, *sorted({r["world"] for r in records} - set(WORLDS), key=lambda name: int(name.split("-")[1]))]
    lines = ["| world | notebooks | claims | false | cells that fail | cells compared | other text |", "|---" * 7 + "|"]
    findings = {}
    for world in names:
        here = [record for record in records if record["world"] == world]
        if not here:
            continue
        shifted = world.startswith("shift")
        sums = [sum(r["claims"] for r in here), *(sum(len(r[part]) for r in here) for part in ("false", "errors"))]
        compared = ("–", "–") if shifted else (sum(r["cells"] for r in here), sum(len(r["other"]) for r in here))
        lines.append(_row(world, len(here), *sums, *compared))
        for record in here:
            told = [(f"✗ {each['text']}", each["why"].partition("measured: ")[2]) for each in record["false"]]
            told += [(f"cell {number} fails", error) for number, error in record["errors"]]
            told += [] if shifted else [(f"cell {n}: other text", change(old, new)) for n, old, new in record["other"]]
            for what, detail in dict(told).items():
                findings.setdefault((record["notebook"], what), []).append((world, detail))
    lines += ["", "| notebook | what | where: measured |", "|---|---|---|"]
    for (notebook, what), places in sorted(findings.items()):
        lines.append(_row(notebook, what, "; ".join(f"{world}: {_short(text)}" for world, text in places)))
    return "\n".join(lines)


def change(old, new):
    """The first line that differs, as stored and as it is now."""
    pairs = zip([*old.splitlines(), ""], [*new.splitlines(), ""], strict=False)
    was, now = next(((a, b) for a, b in pairs if a != b), (old, new))
    return f"“{_short(now)}” for “{_short(was)}”"


def _short(text, most=120):
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def _row(*cells):
    return "| " + " | ".join(str(cell).replace("|", r"\|") for cell in cells) + " |"


def main(arguments=None, root=ROOT):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", help="numbers or names, as for tools/build.py; default: all")
    parser.add_argument(
        "--worlds", nargs="+", default=[*WORLDS, "shift"], help=", ".join([*WORLDS, *BROKEN, "shift", "broken"])
    )
    parser.add_argument("--shifts", nargs="+", type=int, default=SHIFTS, help="by how much seeds are moved")
    parser.add_argument("--jobs", type=int, default=1, help="notebooks at once")
    parser.add_argument("--out", type=Path, default=RECORDS, help="where the records lie")
    parser.add_argument("--report", action="store_true", help="print the tables of --out, run nothing")
    options = parser.parse_args(arguments)
    try:
        if not options.report:
            pairs = build.find(root, options.notebooks)
            audit(Path(root), pairs, worlds_of(options.worlds, options.shifts), options.out, options.jobs)
        print(report(options.out))
    except (ValueError, build.BuildError) as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()

"""Two tables of chapter 54: five generators of series, and what longer training buys in its section 4.

    python benchmarks/series.py                measure what is missing, record, print the tables
    python benchmarks/series.py --part longer  or "AR(2)", "regimes": this one, also where it is recorded already
    python benchmarks/series.py --table        print what is recorded; nothing is measured

One thread of one core. Results are kept in recorded/series.json; chapter 54 shows them. `seconds` are CPU seconds, the
least of three seeds, so that other programs disturb them little.
"""

import argparse
import ast
import json
import time
from datetime import date
from pathlib import Path

import torch

from gan_edu import __version__, data, device, nets, training
from gan_edu.data import processes
from gan_edu.files import write_atomically
from gan_edu.series_judges import autocorrelation, told_apart

CHAPTER = Path(__file__).resolve().parent.parent / "sources" / "chapters" / "54_series.py"
RECORD = Path(__file__).resolve().parent / "recorded" / "series.json"
LENGTH, STEPS, SEEDS = 24, 400, (0, 1, 2)
RECIPE = {"loss": "relativistic", "penalties": {"r1": 0.1}, "penalty_every": 8, "lr": 4e-3}
RECIPE |= {"betas": (0.0, 0.99), "ema": 0.99}
SERIES = {"AR(2)": processes.ar2, "regimes": processes.regimes}


def make_gan(kind: str, seed: int, rate: float) -> training.GAN:
    """The GAN of chapter 54, with a generator of this kind."""
    device.seed_everything(seed)
    G, D = nets.SeriesGenerator(kind, LENGTH), nets.SeriesDiscriminator(LENGTH)
    return training.GAN(G, D, **RECIPE | {"lr": rate}, seed=seed, device="cpu")


def generators(name: str) -> list[dict]:
    """For each kind: parameters, CPU seconds, and for each seed the accuracy of a judge and the largest deviation of
    the autocorrelation (lags 1 … 12). The transformer plays twice, the second time with a smaller rate."""
    process = SERIES[name]
    train = data.series(process(1, 2000, seed=7)[0], LENGTH)
    unseen, other = (((process(4000, LENGTH, seed=s) - train.mean) / train.std).float() for s in (8, 9))
    made, took, sizes = {"real again 0": other}, {"real again": []}, {}
    for kind, rate in [*((kind, 4e-3) for kind in nets.SeriesGenerator.KINDS), ("transformer", 1e-3)]:
        label = kind if rate == RECIPE["lr"] else f"{kind}, rate {rate:g}"
        for seed in SEEDS:
            gan, start = make_gan(kind, seed, rate), time.process_time()
            training.run(gan, train, STEPS, batch=64, progress=False)
            took.setdefault(label, []).append(time.process_time() - start)
            made[f"{label} {seed}"] = gan.sample(4000).flatten(1)
            sizes[label] = sum(weight.numel() for weight in gan.generator.parameters())
        print(name, label, [round(t, 1) for t in took[label]], flush=True)
    apart, right = told_apart(unseen, made), autocorrelation(unseen, 12)
    off = {who: (autocorrelation(x, 12) - right).abs().max().item() for who, x in made.items()}
    rows = []
    for label, seconds in took.items():
        mine = [f"{label} {seed}" for seed in SEEDS if f"{label} {seed}" in made]
        row = {"kind": label} | ({"parameters": sizes[label], "seconds": round(min(seconds), 1)} if seconds else {})
        rows.append(row | {"apart": [apart[m] for m in mine], "off": [off[m] for m in mine]})
    return rows


def longer() -> list[dict]:
    """The two nets of section 4, stopped where the chapter stops them and later, each with its three series."""
    chapter = definitions(CHAPTER)
    series = [processes.ar2(1, 2000, seed=10 + seed)[0] for seed in SEEDS]
    plans = [("GRU by likelihood", "by_likelihood", 150), ("GRU by likelihood", "by_likelihood", 600)]
    plans += [("GRU GAN", "by_gan", 350), ("GRU GAN", "by_gan", 800)]
    made, took = {}, {}
    for name, function, steps in plans:
        took[name, steps] = []
        for seed, x in enumerate(series):
            start = time.process_time()
            made[name, steps, seed] = chapter[function](x, 3000, seed=seed, steps=steps)
            took[name, steps].append(time.process_time() - start)
        print(name, steps, took[name, steps], flush=True)
    apart = told_apart(processes.ar2(3000, LENGTH, seed=100), made)
    return [
        {"kind": name, "steps": steps, "seconds": round(min(took[name, steps]), 1)}
        | {"apart": [apart[name, steps, seed] for seed in SEEDS]}
        for name, _, steps in plans
    ]


def definitions(path: Path) -> dict:
    """What the imports, classes, functions and constants of a chapter's source define, without running the rest."""
    keep = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef)
    tree = ast.parse(path.read_text("utf-8"))
    tree.body = [
        node for node in tree.body if isinstance(node, keep) or ast.unparse(node).startswith(("LENGTH", "(LENGTH"))
    ]
    found: dict = {"__name__": "chapter"}
    exec(compile(tree, str(path), "exec"), found)
    return found


PARTS = {"AR(2)": lambda: generators("AR(2)"), "regimes": lambda: generators("regimes"), "longer": longer}


def table(record: dict) -> str:
    lines = ["| | | weights or steps | CPU seconds | told apart | autocorrelation off by |", 6 * "|---" + "|"]
    for part in PARTS:
        for row in record.get(part, {}).get("rows", []):
            cells = [part, row["kind"], row.get("parameters", row.get("steps", "")), row.get("seconds", "")]
            cells += [" ".join(f"{value:.2f}" for value in row.get(key, [])) for key in ("apart", "off")]
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    record = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}
    torch.set_num_threads(1)
    for name, measure in PARTS.items():
        if asked.table or asked.part not in (None, name) or (asked.part is None and name in record):
            continue
        about = {"date": date.today().isoformat(), "torch": torch.__version__, "gan_edu": __version__}
        about |= {"machine": device.describe("cpu"), "command": f"python benchmarks/series.py --part {name!r}"}
        rows = measure()
        record = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}  # another part may have been added
        record[name] = about | {"rows": rows}
        write_atomically(RECORD, (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())
    print(table(record))


if __name__ == "__main__":
    main()

"""Four tables of chapter 54: five generators on two series, on TimeGAN's sines and on the sunspots, and what longer
training buys in its section 4.

    python benchmarks/series.py                measure what is missing, record, print the tables
    python benchmarks/series.py --part longer  or "AR(2)", "regimes", "sines", "sunspots": this one, also where it is
                                               recorded already
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
import torch.nn.functional as F
from torch.distributions import MultivariateNormal

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


def make_gan(kind: str, seed: int, rate: float, columns: int = 1) -> training.GAN:
    """The GAN of chapter 54, with a generator of this kind."""
    device.seed_everything(seed)
    G, D = nets.SeriesGenerator(kind, LENGTH, columns), nets.SeriesDiscriminator(LENGTH, columns)
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


def sines() -> list[dict]:
    """The five kinds on the sines of TimeGAN's code, 10,000 windows of five columns, and four rows that are no GAN. The
    GRU plays twice, the second time for five times as long.

    For each: the accuracy of the chapter's judge, and that of one as small as TimeGAN's, on the same windows."""
    train = processes.sines(10_000, LENGTH, seed=7)
    mean, std = train.mean(), train.std()
    scaled, unseen = (train - mean) / std, processes.sines(4000, LENGTH, seed=8)
    made, took, sizes = {}, {}, {}
    for kind, steps in [*((kind, STEPS) for kind in nets.SeriesGenerator.KINDS), ("gru", 5 * STEPS)]:
        label = kind if steps == STEPS else f"{kind}, {steps:,} steps"
        for seed in SEEDS:
            gan, start = make_gan(kind, seed, RECIPE["lr"], columns=5), time.process_time()
            training.run(gan, scaled, steps, batch=64, progress=False)
            took.setdefault(label, []).append(time.process_time() - start)
            made[label, seed] = (gan.sample(4000) * std + mean).float()
            sizes[label] = sum(weight.numel() for weight in gan.generator.parameters())
        print("sines", label, [round(t, 1) for t in took[label]], flush=True)
    rows = train.flatten(1).double()
    gaussian = MultivariateNormal(rows.mean(dim=0), rows.T.cov() + 1e-9 * torch.eye(rows.shape[1]))
    for seed in SEEDS:
        device.seed_everything(seed)
        other = processes.sines(4000, LENGTH, seed=9 + seed)
        made["real again", seed] = other
        made["training windows", seed] = train[3000 * seed : 3000 * seed + 4000]
        made["Gaussian", seed] = gaussian.sample((4000,)).float().view_as(other)
        first, last = other[..., :1], other[..., -1:]
        made["straight lines", seed] = first + (last - first) * torch.linspace(0, 1, LENGTH)
    apart, small = told_apart(unseen, made), two_units(unseen, made)
    return [
        {"kind": kind}
        | ({"parameters": sizes[kind], "seconds": round(min(took[kind]), 1)} if kind in took else {})
        | {"apart": [apart[kind, seed] for seed in SEEDS], "small": [small[kind, seed] for seed in SEEDS]}
        for kind in dict.fromkeys(kind for kind, _ in made)
    ]


def two_units(real: torch.Tensor, made: dict, steps: int = 2000, units: int = 2) -> dict:
    """The accuracy of a judge like that of TimeGAN's code for five columns: a GRU with two units as TensorFlow 1 has
    it, a logit from its last state, Adam 0.001, 2,000 steps of 128 real and 128 generated windows. Half of the windows
    train it, the other half test it. One judge for each (kind, seed), with first weights that depend on the seed."""
    half, chance = len(real) // 2, device.generator(0)
    first = {}
    for seed in SEEDS:
        stream = device.generator(seed)
        shapes = ((5, 3 * units), (units, 2 * units), (units, units), (units, 1))
        first[seed] = [
            (2 * torch.rand(shape, generator=stream) - 1) * (6 / sum(shape)) ** 0.5  # Glorot
            for shape in shapes
        ] + [torch.cat([torch.ones(2 * units), torch.zeros(units)]), torch.zeros(1)]  # the gates begin half open
    weights = [torch.stack(each).requires_grad_() for each in zip(*(first[seed] for _, seed in made), strict=True)]
    fakes = torch.stack(list(made.values())).transpose(2, 3)  # (judges, N, steps, columns)
    real = real.transpose(1, 2)

    def logits(x):
        read, gates, candidate, out, bias, last = weights
        seen = torch.einsum("jntc,jcu->tjnu", x, read) + bias[:, None]
        state = torch.zeros(*x.shape[:2], units)
        for now in seen:
            reset, keep = torch.sigmoid(now[..., : 2 * units] + state @ gates).chunk(2, dim=-1)
            new = torch.tanh(now[..., 2 * units :] + (reset * state) @ candidate)
            state = keep * state + (1 - keep) * new
        return (state @ out)[..., 0] + last

    adam = torch.optim.Adam(weights, lr=1e-3)
    for _ in range(steps):
        one, two = torch.randint(half, (2, 128), generator=chance)
        said = logits(torch.cat([real[one].expand(len(made), -1, -1, -1), fakes[:, two]], dim=1))
        adam.zero_grad()
        (F.softplus(-said[:, :128]).mean(dim=1) + F.softplus(said[:, 128:]).mean(dim=1)).sum().backward()
        adam.step()
    with torch.no_grad():
        right = (logits(real[half:].expand(len(made), -1, -1, -1)) > 0).float().mean(dim=1)
        wrong = (logits(fakes[:, half:]) > 0).float().mean(dim=1)
    return dict(zip(made, ((right + 1 - wrong) / 2).tolist(), strict=True))


def sunspots() -> list[dict]:
    """The five kinds on the 200 years of section 6, judged as there."""
    chapter, (_, spots) = definitions(CHAPTER), processes.sunspots()
    known, later = spots[:200], spots[200:]
    made, took = {"training windows": [known.unfold(0, LENGTH, 1)] * len(SEEDS)}, {}
    for kind in nets.SeriesGenerator.KINDS:
        made[kind] = []
        for seed in SEEDS:
            start = time.process_time()
            made[kind].append(chapter["by_gan"](known, 2000, seed, steps=200, kind=kind))
            took.setdefault(kind, []).append(time.process_time() - start)
        print("sunspots", kind, [round(t, 1) for t in took[kind]], flush=True)
    shuffled, by_years = chapter["shuffled_and_by_years"](made, later)
    return [
        {"kind": kind}
        | ({"seconds": round(min(took[kind]), 1)} if kind in took else {})
        | {"shuffled": shuffled[kind], "by years": by_years[kind], "lean": [chapter["lean"](x) for x in each]}
        | {"below 0": [(x < 0).float().mean().item() for x in each]}
        | {"lag 11": [autocorrelation(x, 11)[11].item() for x in each]}
        for kind, each in made.items()
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
PARTS |= {"sines": sines, "sunspots": sunspots}


def table(record: dict) -> str:
    lines = []
    for part in PARTS:
        rows = record.get(part, {}).get("rows", [])
        keys = [key for key in dict.fromkeys(key for row in rows for key in row) if key != "kind"]
        if rows:
            lines += ["", f"| {part} | {' | '.join(keys)} |", "|---" * (len(keys) + 1) + "|"]
        for row in rows:
            cells = [row.get(key, "") for key in keys]
            cells = [" ".join(f"{v:.2f}" for v in cell) if isinstance(cell, list) else cell for cell in cells]
            lines.append("| " + " | ".join(map(str, [row["kind"], *cells])) + " |")
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

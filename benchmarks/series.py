"""The two larger tables of chapter 54: five generators of series, and two judges of TimeGAN's sines.

    python benchmarks/series.py                    measure what is missing, record, print the tables
    python benchmarks/series.py --part generators  or sines: this one, also where it is recorded already
    python benchmarks/series.py --table            print what is recorded; nothing is measured

One thread of one core. Results are kept in recorded/series.json; chapter 54 shows them. `seconds` are CPU seconds, so
that other programs disturb them little.
"""

import argparse
import json
import platform
import time
from datetime import date
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import __version__, data, device, nets, training
from gan_edu.data import processes
from gan_edu.files import write_atomically
from gan_edu.series_judges import autocorrelation, told_apart

RECORD = Path(__file__).resolve().parent / "recorded" / "series.json"
LENGTH, STEPS, SEEDS = 24, 400, (0, 1, 2)
RECIPE = {"loss": "relativistic", "penalties": {"r1": 0.1}, "penalty_every": 8, "lr": 4e-3}
RECIPE |= {"betas": (0.0, 0.99), "ema": 0.99}
SERIES = {"AR(2)": processes.ar2, "regimes": processes.regimes}


def make_gan(kind: str, seed: int, columns: int = 1, hidden: int = 32) -> training.GAN:
    """The GAN of chapter 54, with a generator of this kind."""
    device.seed_everything(seed)
    G = nets.SeriesGenerator(kind, LENGTH, columns, hidden)
    return training.GAN(G, nets.SeriesDiscriminator(LENGTH, columns), **RECIPE, seed=seed, device="cpu")


def generators() -> list[dict]:
    """For each process and kind: parameters, CPU seconds, and for each seed the accuracy of a judge and the largest
    deviation of the autocorrelation (lags 1 … 12)."""
    rows = []
    for name, process in SERIES.items():
        train = data.series(process(1, 2000, seed=7)[0], LENGTH)
        unseen, other = (((process(4000, LENGTH, seed=s) - train.mean) / train.std).float() for s in (8, 9))
        made, took, sizes = {"real again": other}, {}, {}
        for kind in nets.SeriesGenerator.KINDS:
            for seed in SEEDS:
                gan, start = make_gan(kind, seed), time.process_time()
                training.run(gan, train, STEPS, batch=64, progress=False)
                took.setdefault(kind, []).append(time.process_time() - start)
                made[f"{kind} {seed}"] = gan.sample(4000).flatten(1)
                sizes[kind] = sum(weight.numel() for weight in gan.generator.parameters())
        apart, right = told_apart(unseen, made), autocorrelation(unseen, 12)
        off = {who: (autocorrelation(x, 12) - right).abs().max().item() for who, x in made.items()}
        rows.append({"series": name, "kind": "real again", "apart": [apart["real again"]], "off": [off["real again"]]})
        for kind in took:
            mine = [f"{kind} {seed}" for seed in SEEDS]
            row = {"series": name, "kind": kind, "parameters": sizes[kind], "seconds": round(min(took[kind]), 1)}
            rows.append(row | {"apart": [apart[m] for m in mine], "off": [off[m] for m in mine]})
            print(row, [round(apart[m], 3) for m in mine], flush=True)
    return rows


class Judge(nn.Module):
    """A GRU that reads a window and says real or not from its last state, as in TimeGAN's published code."""

    def __init__(self, units: int, columns: int = 5):
        super().__init__()
        self.read, self.say = nn.GRU(columns, units, batch_first=True), nn.Linear(units, 1)

    def forward(self, windows):
        return self.say(self.read(windows.transpose(1, 2))[1][0])


def score(real: torch.Tensor, fake: torch.Tensor, units: int, seed: int, steps: int) -> float:
    """|accuracy - ½| on the fifth of the windows that is held out."""
    device.seed_everything(seed)
    judge, cut = Judge(units), len(real) * 4 // 5
    adam = torch.optim.Adam(judge.parameters(), lr=3e-3)
    for _ in range(steps):
        a, b = (judge(x[torch.randint(cut, (128,))]) for x in (real, fake))
        loss = F.softplus(-a).mean() + F.softplus(b).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        share = ((judge(real[cut:]) > 0).float().mean() + (judge(fake[cut:]) <= 0).float().mean()) / 2
    return abs(share.item() - 0.5)


def sines(steps: int = 400) -> list[dict]:
    """TimeGAN's sines, scored by a GRU with 2 units, as in its code, and by one with 24."""
    real, other = (processes.sines(10_000, seed=s) for s in (0, 1))
    flat = real.flatten(1)
    gauss = torch.distributions.MultivariateNormal(flat.mean(0), flat.T.cov() + 1e-6 * torch.eye(flat.shape[1]))
    torch.manual_seed(2)
    gan = make_gan("gru", 0, columns=5)
    scaled = (real - 0.75) * 4  # about mean 0 and standard deviation 1
    start = time.process_time()
    training.run(gan, scaled, 500, batch=64, progress=False)
    spent = round(time.process_time() - start, 1)
    fakes = {
        "real again": other,
        "straight lines": other[..., :1] + (other[..., -1:] - other[..., :1]) * torch.linspace(0, 1, LENGTH),
        "Gaussian": gauss.sample((10_000,)).view_as(real),
        "white noise on top, 0.01": other + 0.01 * torch.randn_like(other),
        f"GRU GAN, {spent:g} s": gan.sample(10_000) / 4 + 0.75,
    }
    rows, dense = [], told_apart(real, fakes)
    for who, fake in fakes.items():
        row = {"who": who} | {str(units): score(real, fake, units, 0, steps) for units in (2, 24)}
        rows.append(row | {"dense": abs(dense[who] - 0.5)})
        print({k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()}, flush=True)
    return rows


PARTS = {"generators": generators, "sines": sines}


def table(record: dict) -> str:
    lines = ["| series | generator | weights | CPU seconds | told apart | autocorrelation off by |", 6 * "|---" + "|"]
    for row in record.get("generators", {}).get("rows", []):
        cells = [row["series"], row["kind"], row.get("parameters", ""), row.get("seconds", "")]
        cells += [" ".join(f"{value:.2f}" for value in row.get(key, [])) for key in ("apart", "off")]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += ["", "| sines | GRU with 2 units | GRU with 24 units | dense judge |", 4 * "|---" + "|"]
    for row in record.get("sines", {}).get("rows", []):
        lines.append(f"| {row['who']} | {row['2']:.3f} | {row['24']:.3f} | {row['dense']:.3f} |")
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
        rows = measure()
        record = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}  # another part may have been added
        record[name] = about | {"machine": platform.machine(), "rows": rows}
        write_atomically(RECORD, (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())
    print(table(record))


if __name__ == "__main__":
    main()

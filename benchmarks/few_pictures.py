"""What augmentation buys a small GAN that has few pictures: 200, 1,000 and 10,000 of Fashion-MNIST.

    python benchmarks/few_pictures.py [--seeds 3] [--steps 3000] [--out FOLDER]     a run that is there isn't repeated
    python benchmarks/few_pictures.py --report                                       the tables again, nothing runs

Everything but the augmentation is the same: networks, start, batches' size, number of steps. *always* changes every
picture that D sees (Zhao et al. 2020, DiffAugment); *adaptive* does so as often as D shows signs of learning by heart
(Karras et al. 2020, ADA), with a target of 0.6 and 20,000 pictures for p to go from 0 to 1, since the run is short.
Distances: Fréchet, 2,000 samples against the 2,000 test images in features of the course's classifier. Copies: how
much more often than by chance a sample's nearest picture is a training picture, and not one of as many held-out ones
(in per cent of all samples; n ≤ 5,000).
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch

from gan_edu import data, ensemble, metrics, nets
from gan_edu.augmentation import Augment
from gan_edu.files import write_atomically
from gan_edu.training import GAN, train

RECORDS = Path(__file__).resolve().parent / "recorded/few_pictures"
COUNTS = (200, 1000, 10000)
ARMS = {
    "none": None,
    "translation, always": Augment(families="translation"),
    "all three, always": Augment(),
    "all three, adaptive": Augment(target=0.6, images=20_000),
}
LOOKS = 6  # of each run, at equal distances


def one_run(count: int, arm: str, seed: int, steps: int) -> dict:
    everything = data.images("fashion_mnist").tensor()
    order = torch.randperm(len(everything), generator=torch.Generator().manual_seed(seed))
    pictures, held_out = everything[order[:count]], everything[order[count : 2 * count]]
    reference = metrics.Reference("fashion_mnist", data.images("fashion_mnist", "test").tensor())
    pair = ensemble.single_nets(
        lambda: nets.DCGANGenerator(64, channels=16), lambda: nets.DCGANDiscriminator(channels=16), seed
    )
    gan = GAN(
        *pair, penalties={"r1": 1.0}, penalty_every=8, lr=2e-3, betas=(0.0, 0.99), ema=0.995, augment=ARMS[arm],
        seed=seed, device="cpu",
    )  # fmt: skip
    looks, p, start = [], [], time.process_time()
    for step in train(gan, pictures, steps, batch=64, progress=False):
        if step.number % (steps // LOOKS) == 0:
            looks.append(reference.frechet(gan.sample(2000)))
            p.append(gan.augmentation.p if gan.augmentation else 0.0)
    copied = None
    if len(held_out) == count:
        seen, unseen, drawn = (metrics.features(x, "fashion_mnist") for x in (pictures, held_out, gan.sample(2000)))
        audit = metrics.copy_audit(drawn, seen, unseen)
        copied = audit.share - audit.expected
    return {"frechet": looks, "p": p, "copied": copied, "floor": reference.floor(), "cpu": time.process_time() - start}


def report(folder: Path) -> None:
    runs = {
        tuple(json.loads(file.read_bytes())["key"]): json.loads(file.read_bytes()) for file in folder.glob("*.json")
    }
    if not runs:
        raise SystemExit(f"There are no records in {folder}: run without --report first.")
    counts, seeds = sorted({key[0] for key in runs}), sorted({key[2] for key in runs})
    steps = {key[3] for key in runs}
    floor = next(iter(runs.values()))["floor"]
    print(f"{len(seeds)} seeds, {', '.join(map(str, sorted(steps)))} steps; floor {floor:.2f}")
    print("\n| pictures | augmentation | at the end: each seed | best of 6 looks (median) | copies | p at the end |")
    print("|---|---|---|---|---|---|")
    for count in counts:
        for arm in ARMS:
            mine = [runs[key] for key in sorted(runs) if key[:2] == (count, arm)]
            if not mine:
                continue
            ends = ", ".join(f"{value:.1f}" for value in sorted(run["frechet"][-1] for run in mine))
            best = statistics.median(min(run["frechet"]) for run in mine)
            copied = [run["copied"] for run in mine if run["copied"] is not None]
            copies = f"{100 * statistics.median(copied):+.0f}" if copied else "–"
            p = statistics.median(run["p"][-1] for run in mine)
            print(f"| {count:,} | {arm} | {ends} | {best:.1f} | {copies} | {p:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--out", type=Path, default=RECORDS)
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    if not options.report:
        torch.set_num_threads(1)
        for seed in range(options.seeds):
            for count in options.counts:
                for number, arm in enumerate(ARMS):
                    file = options.out / f"{count}-{number}-{seed}-{options.steps}.json"
                    if file.exists():
                        continue
                    result = {"key": [count, arm, seed, options.steps], **one_run(count, arm, seed, options.steps)}
                    write_atomically(file, json.dumps(result, indent=1).encode())
                    print(
                        f"{count} {arm} seed {seed}: {result['frechet'][-1]:.2f} after {result['cpu']:.0f} s",
                        flush=True,
                    )
    report(options.out)


if __name__ == "__main__":
    main()

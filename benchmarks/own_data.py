"""How long pictures of one's own take: seconds per 1,000 training steps, by size, colour and batch.

    python benchmarks/own_data.py                measure on this machine's GPU or CPU, record, print the table
    python benchmarks/own_data.py --device cpu --threads 2
    python benchmarks/own_data.py --table        print the table of what is recorded; nothing is measured

The nets are those of chapter 59. Each row is the median of several blocks of steps, after a warm-up. Results are kept
in recorded/own_data.json, one entry for each device; chapter 59 shows that table. Take them on a machine that has
nothing else to do.
"""

import argparse
import json
import statistics
import time
from datetime import date
from pathlib import Path

import torch

from gan_edu import __version__, device, nets, training
from gan_edu.files import write_atomically

RECORD = Path(__file__).resolve().parent / "recorded" / "own_data.json"
CASES = [  # side, colours, batch
    (28, 1, 32), (32, 1, 32), (32, 3, 32), (32, 3, 64), (64, 3, 32), (64, 3, 64), (128, 3, 32), (128, 3, 64),
]  # fmt: skip
CHANNELS = 16  # maps at half the side of a picture


def make_gan(side: int, colors: int, where: torch.device) -> training.GAN:
    """The GAN of chapter 59 for pictures (colors, side, side)."""
    device.seed_everything(0)
    shape = (colors, side, side)
    G = nets.SubpixelGenerator(shape=shape, channels=CHANNELS)
    D = nets.DCGANDiscriminator(shape=shape, channels=CHANNELS, hidden=64)
    recipe = {"loss": "relativistic", "penalties": {"r1": 1.0}, "penalty_every": 8}
    recipe |= {"lr": 2e-3, "betas": (0.0, 0.99), "ema": 0.99}
    return training.GAN(G, D, **recipe, device=where)


def seconds_per_1000(
    side: int, colors: int, batch: int, where: torch.device, blocks: int = 5, steps: int = 16
) -> float:
    """Median over the blocks. steps: of a block, a multiple of 8, so that each holds equally many penalties."""
    gan = make_gan(side, colors, where)
    pictures = torch.rand(512, colors, side, side, generator=device.generator(0)) * 2 - 1
    training.run(gan, pictures, steps, batch=batch, progress=False)  # warm-up
    took = []
    for _ in range(blocks):
        start = time.perf_counter()
        training.run(gan, pictures, steps, batch=batch, progress=False)
        if where.type == "cuda":
            torch.cuda.synchronize()
        took.append((time.perf_counter() - start) / steps)
    return 1000 * statistics.median(took)


def said(side: int, colors: int, batch: int) -> str:
    return f"{side} × {side}, {'grey' if colors == 1 else 'colour'}, batch {batch}"


def table(record: list[dict]) -> str:
    """Markdown: a row for each size, colour and batch, a column for each machine; "–" where nothing was measured."""
    names = [entry["machine"] for entry in record] or ["not measured yet"]
    measured = {(entry["machine"], row["what"]): row["seconds"] for entry in record for row in entry["rows"]}
    lines = [f"| pictures | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for case in CASES:
        cells = (measured.get((name, said(*case))) for name in names)
        told = " | ".join("–" if seconds is None else f"{seconds:,.0f}" for seconds in cells)
        lines.append(f"| {said(*case)} | {told} |")
    return "\n".join(lines)


def read() -> list[dict]:
    return json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else []


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", help="cuda, mps or cpu; by default the best there is")
    parser.add_argument("--threads", type=int, help="threads of the CPU")
    parser.add_argument("--name", help="of the machine, as the table shall call it")
    parser.add_argument("--table", action="store_true", help="only print what is recorded")
    options = parser.parse_args(arguments)
    record = read()
    if not options.table:
        if options.threads:
            torch.set_num_threads(options.threads)
        where = device.pick(options.device)
        entry = {
            "machine": options.name or device.describe(where),
            "when": date.today().isoformat(),
            "torch": torch.__version__,
            "gan_edu": __version__,
            "rows": [],
        }
        for case in CASES:
            seconds = seconds_per_1000(*case, where)
            entry["rows"].append({"what": said(*case), "seconds": round(seconds, 2)})
            print(f"{said(*case)}: {seconds:.1f} s per 1,000 steps", flush=True)
        record = [each for each in record if each["machine"] != entry["machine"]] + [entry]
        write_atomically(RECORD, (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())
    print(f"\nSeconds per 1,000 steps\n\n{table(record)}")


if __name__ == "__main__":
    main()

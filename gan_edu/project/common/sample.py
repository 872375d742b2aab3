"""Draw from a trained generator: python sample.py --out runs/first --n 64 --seed 1 --to samples"""

import argparse
from pathlib import Path

import checkpoint
import torch
from data import save_samples
from nets import Generator


def main(arguments=None):
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--out", default="runs/first", help="the folder with the checkpoint")
    parser.add_argument("--n", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", default="drawn", help="the file to write; its ending is added")
    args = parser.parse_args(arguments)
    if args.n < 1:
        parser.error("--n must be 1 or more")
    path, to = Path(args.out) / "checkpoint.pt", Path(args.to)
    if not path.exists():
        raise SystemExit(f"There is no {path}: run train.py first, or say --out.")
    saved = checkpoint.read(path)
    generator = Generator(saved["spec"], saved["settings"]["noise"], saved["settings"]["width"]).eval()
    checkpoint.fill(generator, saved["mean_G"], path)
    noise = torch.randn(args.n, saved["settings"]["noise"], generator=torch.Generator().manual_seed(args.seed))
    to.parent.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        save_samples(torch.cat([generator(part) for part in noise.split(256)]), saved["spec"], to)
    print("written:", ", ".join(map(str, sorted(to.parent.glob(f"{to.name}.*")))))


if __name__ == "__main__":
    main()

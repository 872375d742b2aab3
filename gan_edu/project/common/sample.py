"""Draw from a trained generator: python sample.py --out runs/first --n 64 --seed 1 --to samples"""

import argparse
from pathlib import Path

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
    path = Path(args.out) / "checkpoint.pt"
    if not path.exists():
        raise SystemExit(f"There is no {path}: run train.py first, or say --out.")
    saved = torch.load(path, map_location="cpu", weights_only=True)
    generator = Generator(saved["spec"], saved["settings"]["noise"], saved["settings"]["width"]).eval()
    generator.load_state_dict(saved["mean_G"])
    noise = torch.randn(args.n, saved["settings"]["noise"], generator=torch.Generator().manual_seed(args.seed))
    with torch.no_grad():
        save_samples(generator(noise), saved["spec"], Path(args.to))


if __name__ == "__main__":
    main()

"""How fast are pictures of one's own read, from their files and from the cache, and how much memory does it take?

    python benchmarks/loading.py [--files 3000] [--size 64]

Photographs are imitated: JPEG files of 256×256 pixels, of smooth random colours. *From files*: the first call of
`data.folder`. *From the cache*: the second call, and then batches of 64 in random order as training draws them, once
from memory (as `train` does with up to 512 MB of numbers) and once from the disk (as it does with more).
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gan_edu import data, nets, training
from gan_edu.training import sources


def write(folder: Path, count: int) -> None:
    chance = np.random.default_rng(0)
    folder.mkdir()
    for number in range(count):
        small = Image.fromarray(chance.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        small.resize((256, 256), Image.Resampling.BICUBIC).save(folder / f"{number:06d}.jpg", quality=90)


def batches_a_second(model: training.GAN, pictures: data.Folder, most: int, seconds: float = 3.0) -> float:
    """Pictures a second, drawn as training draws them; most: numbers that are kept in memory whole."""
    before, sources.WHOLE = sources.WHOLE, most
    try:
        draw = sources.batches(model, pictures, 64)
        draw()
        start, drawn = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            drawn += len(draw())
        return drawn / (time.perf_counter() - start)
    finally:
        sources.WHOLE = before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--size", type=int, default=64)
    options = parser.parse_args()
    torch.set_num_threads(2)
    shape = (3, options.size, options.size)
    model = training.GAN(nets.DCGANGenerator(shape=shape), nets.DCGANDiscriminator(shape=shape), device="cpu")
    with tempfile.TemporaryDirectory() as place:
        folder, cache = Path(place, "photographs"), Path(place, "cache")
        write(folder, options.files)
        imports = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        took = []
        for _ in range(2):
            start = time.perf_counter()
            pictures = data.folder(folder, size=options.size, cache=cache, progress=False)
            took.append(time.perf_counter() - start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print("| what | measured |\n|---|---|")
        print(f"| from files, pictures a second | {options.files / took[0]:,.0f} |")
        print(f"| the second call, seconds | {took[1]:.3f} |")
        print(f"| batches from memory, pictures a second | {batches_a_second(model, pictures, 2**40):,.0f} |")
        print(f"| batches from the disk, pictures a second | {batches_a_second(model, pictures, 0):,.0f} |")
        print(f"| memory at most while reading, beyond imports and nets | {peak - imports:,.0f} MB |")


if __name__ == "__main__":
    main()

"""Sixteen small GANs as one batched model, against one alone and against sixteen one after another.

    python benchmarks/ensemble.py [--threads 2] [--seeds 16] [--device cpu]

Two hidden layers of 128 units on each side, points in the plane (a ring of eight modes), batch 256. All three take
turns in short blocks in one process, so that other work on the machine disturbs them alike. Times are per seed, medians
of the blocks; *one alone / ensemble* is the median of the blocks' own ratios. Without --device: the CPU, and then a GPU
if there is one.
"""

import argparse
import statistics
import time

import torch

from gan_edu import data, device, ensemble, nets
from gan_edu.training import GAN, train

SETTINGS = {  # what one finds in the chapters
    "non-saturating": dict(loss="non_saturating"),
    "non-saturating + R1": dict(loss="non_saturating", penalties={"r1": 1.0}),
    "relativistic + R1 + R2, EMA": dict(loss="relativistic", penalties={"r1": 1.0, "r2": 1.0}, ema=0.999),
}


def generator():
    return nets.mlp([2, 128, 128, 2])


def discriminator():
    return nets.mlp([2, 128, 128, 1])


def steps_of(model, batch):
    return train(model, data.toy.ring(), 10**9, batch=batch, progress=False)


def milliseconds(streams, steps, where):
    """Wall-clock time of `steps` steps of each stream, one stream after another, divided by streams and steps."""
    start = time.perf_counter()
    for stream in streams:
        for _ in range(steps):
            next(stream)
    if where.type == "cuda":
        torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - start) / steps / len(streams)


def row(settings, options, where):
    """Medians over blocks, ms for a step of one seed: one alone, all one after another, all as one ensemble."""
    made = dict(settings, lr=1e-3, betas=(0.0, 0.99), device=where)
    singles = [
        GAN(*ensemble.single_nets(generator, discriminator, seed), seed=seed, **made)
        for seed in range(1 + options.seeds)
    ]
    together = ensemble.gans(generator, discriminator, seeds=options.seeds, **made)
    alone, *loop = [steps_of(model, options.batch) for model in singles]
    batched = [steps_of(together, options.batch)]
    times = []
    for block in range(-1, options.blocks):
        taken = (
            milliseconds([alone], options.steps, where),
            milliseconds(loop, max(1, options.steps // 4), where),
            milliseconds(batched, options.steps, where) / options.seeds,
        )
        if block >= 0:  # the first warms up
            times.append(taken)
    ratios = [one / many for one, _, many in times], [each / many for _, each, many in times]
    return [statistics.median(column) for column in (*zip(*times, strict=True), *ratios)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--blocks", type=int, default=15)
    parser.add_argument("--steps", type=int, default=10, help="steps in each block")
    parser.add_argument("--device", help="only this one")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    places = [options.device] if options.device else ["cpu"] + ["cuda"] * torch.cuda.is_available()
    for place in places:
        where = torch.device(place)
        print(
            f"PyTorch {torch.__version__}, {device.describe(where)}; {options.seeds} seeds, batch {options.batch}, "
            f"median of {options.blocks} blocks of {options.steps} steps; ms a step and seed\n"
        )
        print("| game | one alone | one after another | ensemble | alone / ensemble | after another / ensemble |")
        print("|---|---|---|---|---|---|")
        for name, settings in SETTINGS.items():
            *times, from_one, from_loop = row(settings, options, where)
            columns = " | ".join([f"{each:.3f}" for each in times] + [f"{from_one:.2f}", f"{from_loop:.2f}"])
            print(f"| {name} | {columns} |", flush=True)
        print()


if __name__ == "__main__":
    main()

"""The table in section 9 of chapter 42: a small DCGAN on Fashion-MNIST, one choice changed at a time.

    python benchmarks/dcgan_choices.py [--steps 1000] [--seeds 3] [--optimisers "2e-3, 0.5"]

Each cell: the Fréchet distances of all seeds, sorted (1,000 samples of the generator itself, no average of weights,
against 5,000 training images, features of the course's classifier). The first row is the pair of the course's library:
8 and 16 maps, transposed convolutions, batch norm in G and none in D, leaky ReLU in D, PyTorch's initial weights.
Takes ten to twenty seconds of one core for each run of 1,000 steps.
"""

import argparse

import torch
from torch import nn

from gan_edu import data, ensemble, metrics, nets, training

OPTIMISERS = {"2e-4, 0.5 (the paper's)": (2e-4, (0.5, 0.999)), "2e-3, 0.5": (2e-3, (0.5, 0.999))}
CHOICES = {  # options of the generator, of the discriminator, and whether weights start as N(0, 0.02²)
    "the library's": (dict(), dict(), False),
    "N(0, 0.02²)": (dict(), dict(), True),
    "batch norm in D too": (dict(), dict(batch_norm=True), False),
    "batch norm in D too, N(0, 0.02²)": (dict(), dict(batch_norm=True), True),
    "batch norm in D only": (dict(batch_norm=False), dict(batch_norm=True), False),
    "no batch norm": (dict(batch_norm=False), dict(), False),
    "no batch norm, N(0, 0.02²)": (dict(batch_norm=False), dict(), True),
    "ReLU in D": (dict(), dict(activation=nn.ReLU), False),
    "sub-pixel": (dict(subpixel=True), dict(), False),
}


def generator(channels=8, batch_norm=True, subpixel=False):
    def normed(maps):
        return [nn.BatchNorm2d(maps)] if batch_norm else []

    def enlarge(i, o, bias):
        if subpixel:
            return [nn.Conv2d(i, 4 * o, 3, padding=1, bias=bias), nn.PixelShuffle(2)]
        return [nn.ConvTranspose2d(i, o, 4, stride=2, padding=1, bias=bias)]

    c, bias = channels, not batch_norm
    return nn.Sequential(
        *[nn.Linear(64, 2 * c * 49, bias=bias), nn.Unflatten(1, (2 * c, 7, 7)), *normed(2 * c), nn.ReLU()],
        *[*enlarge(2 * c, c, bias), *normed(c), nn.ReLU(), *enlarge(c, 1, True), nn.Tanh()],
    )


def leaky():
    return nn.LeakyReLU(0.2)


def discriminator(channels=8, batch_norm=False, activation=leaky):
    c = channels
    normed = [nn.BatchNorm2d(2 * c)] if batch_norm else []
    return nn.Sequential(
        *[nn.Conv2d(1, c, 4, stride=2, padding=1), activation()],
        *[nn.Conv2d(c, 2 * c, 4, stride=2, padding=1), *normed, activation()],
        *[nn.Flatten(), nn.Linear(2 * c * 49, 1)],
    )


def distance(choice, optimiser, steps, seed, images, reference):
    of_generator, of_discriminator, small = CHOICES[choice]
    G, D = ensemble.single_nets(lambda: generator(**of_generator), lambda: discriminator(**of_discriminator), seed)
    if small:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            nets.initialize_normal(G), nets.initialize_normal(D)
    lr, betas = OPTIMISERS[optimiser]
    gan = training.GAN(G, D, lr=lr, betas=betas, seed=seed)
    return reference.frechet(training.run(gan, images, steps, batch=64).sample(1000))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--choices", nargs="+", choices=CHOICES, default=list(CHOICES))
    parser.add_argument("--optimisers", nargs="+", choices=OPTIMISERS, default=list(OPTIMISERS))
    options = parser.parse_args()
    images = data.images("fashion_mnist").tensor()
    reference = metrics.Reference("fashion_mnist", images[:5000])
    print(f"{options.steps:,} steps; floor {reference.floor(1000):.2f}\n")
    print(f"| distance, {options.seeds} seeds | {' | '.join(options.optimisers)} |")
    print("|---" * (len(options.optimisers) + 1) + "|")
    for choice in options.choices:
        cells = []
        for name in options.optimisers:
            runs = [distance(choice, name, options.steps, seed, images, reference) for seed in range(options.seeds)]
            cells.append(", ".join(f"{value:.1f}" for value in sorted(runs)))
        print(f"| {choice} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

"""Two GANs of the articles that the course rests on, at full length: the tables in section 10 of chapter 42.

    python benchmarks/article_systems.py [--systems S1 S1-R1 S4] [--seeds 1]

S1: generator 100-128-784, a multilayer perceptron, against a convolutional discriminator (5×5, stride 2; 16, 32 and 64
channels, a quarter of the article's). S1-R1: the same with R1, γ = 1, at each fourth step. S4: generator 100-256-512-
7·7·64 and two transposed convolutions, against a multilayer perceptron 784-512-256-1. All on the 10,000 digits that
come with the course, batch 128, Adam 2e-4 with β (0.5, 0.999). Distances: 1,000 samples of the generator itself and of
the average of its weights (decay 0.999) against 5,000 digits, features of the course's classifier; the digits that
more than 2 % of the samples show; D's mean on real and on generated digits over the last 50 rows of the history (a
history keeps at most 1,000 rows, so after 3,500 steps these are the last 200 steps).
"""

import argparse
import time

import torch
from torch import nn

from gan_edu import data, ensemble, metrics, training


def leaky():
    return nn.LeakyReLU(0.2)


def mlp_generator():
    return nn.Sequential(nn.Linear(100, 128), leaky(), nn.Linear(128, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)))


def conv_discriminator(channels=16):
    layers, maps = [], 1
    for factor in (1, 2, 4):
        layers += [nn.Conv2d(maps, factor * channels, 5, stride=2, padding=2), leaky()]
        maps = factor * channels
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * maps, 1))


def conv_generator(channels=64):
    c = channels
    return nn.Sequential(
        *[nn.Linear(100, 256), nn.ReLU(), nn.Linear(256, 512), nn.BatchNorm1d(512), nn.ReLU()],
        *[nn.Linear(512, 49 * c), nn.BatchNorm1d(49 * c), nn.ReLU(), nn.Unflatten(1, (c, 7, 7))],
        *[nn.ConvTranspose2d(c, c // 2, 4, stride=2, padding=1), nn.BatchNorm2d(c // 2), nn.ReLU()],
        *[nn.ConvTranspose2d(c // 2, 1, 4, stride=2, padding=1), nn.Tanh()],
    )


def mlp_discriminator():
    return nn.Sequential(
        *[nn.Flatten(), nn.Linear(784, 512), leaky(), nn.Dropout(0.3)],
        *[nn.Linear(512, 256), leaky(), nn.Dropout(0.3), nn.Linear(256, 1)],
    )


SYSTEMS = {  # generator, discriminator, settings, steps
    "S1": (mlp_generator, conv_discriminator, dict(), 3500),
    "S1-R1": (mlp_generator, conv_discriminator, dict(penalties={"r1": 1.0}, penalty_every=4), 3500),
    "S4": (conv_generator, mlp_discriminator, dict(), 2000),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    images = data.images("mnist").tensor()
    reference = metrics.Reference("mnist", images[:5000])
    print(f"floor {reference.floor(1000):.2f}\n")
    print("| system | seed | steps | CPU s | distance | of the average | digits | D(x) | D(G(z)) | loss of D |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in options.systems:
        make_generator, make_discriminator, settings, steps = SYSTEMS[name]
        for seed in range(options.seeds):
            began = time.process_time()
            G, D = ensemble.single_nets(make_generator, make_discriminator, seed)
            gan = training.GAN(G, D, ema=0.999, noise_dim=100, seed=seed, **settings)
            for step in training.train(gan, images, steps, batch=128):
                if step.number % (steps // 5) and step.number != steps:
                    continue
                itself, average = gan.sample(1000, ema=False), gan.sample(1000)
                shares = metrics.classify(itself, "mnist").argmax(1).bincount(minlength=10) / 1000
                columns = gan.history.columns
                end = [torch.tensor(columns[key][-50:]).mean() for key in ("d_real", "d_fake", "loss_d")]
                print(
                    f"| {name} | {seed} | {step.number:,} | {time.process_time() - began:.0f} "
                    f"| {reference.frechet(itself):.1f} | {reference.frechet(average):.1f} "
                    f"| {int((shares > 0.02).sum())} | {end[0]:.2f} | {end[1]:.2f} | {end[2]:.3f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()

"""One training step of gan_edu against the plainest hand-written PyTorch loop of the same nets.

    python benchmarks/training_step.py [--threads 2]

Both take turns in short blocks in one process, so that other work on the machine disturbs both alike; the ratio of
the medians is what counts. The plain loop is what one finds in most tutorials: a DataLoader over a TensorDataset, Adam
as it comes, every gradient that backward() computes. It comes in two kinds: one draws fakes anew for G's step, the
thriftier one uses D's fakes again, as gan_edu does.
"""

import argparse
import statistics
import time
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from gan_edu import nets
from gan_edu.training import GAN, train


def plain_mlps():
    generator = nn.Sequential(nn.Linear(100, 128), nn.LeakyReLU(0.2), nn.Linear(128, 784), nn.Tanh())
    discriminator = nn.Sequential(nn.Linear(784, 128), nn.LeakyReLU(0.2), nn.Linear(128, 1))
    return generator, discriminator


def plain_dcgan(colors=1, start=7, widths=(64, 32), noise_dim=64):
    """widths: maps from the smallest side to half of the picture's."""
    up, down, place = [], [], colors
    for wide, narrow in pairwise(widths):
        up += [nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU()]
    for maps in reversed(widths):
        down += [nn.Conv2d(place, maps, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        place = maps
    generator = nn.Sequential(
        nn.Linear(noise_dim, widths[0] * start**2, bias=False),
        nn.Unflatten(1, (widths[0], start, start)),
        nn.BatchNorm2d(widths[0]),
        nn.ReLU(),
        *up,
        nn.ConvTranspose2d(widths[-1], colors, 4, stride=2, padding=1),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(*down, nn.Flatten(), nn.Linear(widths[0] * start**2, 1))
    return generator, discriminator


def plain_dcgan_64():
    return plain_dcgan(3, 4, (256, 128, 64, 32))


def our_mlps():
    return nets.mlp([100, 128, 784], output="tanh"), nets.mlp([784, 128, 1])


def our_dcgan(shape=(1, 28, 28)):
    return nets.DCGANGenerator(64, 32, shape=shape), nets.DCGANDiscriminator(32, shape=shape)


def our_dcgan_64():
    return our_dcgan((3, 64, 64))


CASES = {  # name: (plain nets, our nets, noise, batch, shape of an image)
    "MLP GAN 100-128-784, batch 128": (plain_mlps, our_mlps, 100, 128, (784,)),
    "DCGAN, 32 and 64 channels, batch 64": (plain_dcgan, our_dcgan, 64, 64, (1, 28, 28)),
    "DCGAN, 64×64 in colour, 32 to 256 channels, batch 32": (plain_dcgan_64, our_dcgan_64, 64, 32, (3, 64, 64)),
}


def plain_loop(generator, discriminator, noise_dim, images, batch, again):
    """The plainest loop, as a generator of steps."""
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    loader = DataLoader(TensorDataset(images), batch_size=batch, shuffle=True, drop_last=True)
    while True:
        for (real,) in loader:
            fake = generator(torch.randn(batch, noise_dim))
            real_logits = discriminator(real).flatten()
            fake_logits = discriminator(fake.detach()).flatten()
            loss_d = F.binary_cross_entropy_with_logits(real_logits, torch.ones(batch))
            loss_d = loss_d + F.binary_cross_entropy_with_logits(fake_logits, torch.zeros(batch))
            optimizer_d.zero_grad()
            loss_d.backward()
            optimizer_d.step()
            if not again:
                fake = generator(torch.randn(batch, noise_dim))
            loss_g = F.binary_cross_entropy_with_logits(discriminator(fake).flatten(), torch.ones(batch))
            optimizer_g.zero_grad()
            loss_g.backward()
            optimizer_g.step()
            yield loss_d.item(), loss_g.item()


def our_loop(generator, discriminator, images, batch):
    model = GAN(generator, discriminator, lr=2e-4, device="cpu")
    for step in train(model, images, 10**9, batch=batch, progress=False):
        yield step.loss_d, step.loss_g


def milliseconds(stream, steps):
    start = time.perf_counter()
    for _ in range(steps):
        next(stream)
    return 1000 * (time.perf_counter() - start) / steps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--blocks", type=int, default=15)
    parser.add_argument("--steps", type=int, default=20, help="steps in each block")
    parser.add_argument("--only", default="", help="cases whose names hold this")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(
        f"PyTorch {torch.__version__}, {options.threads} threads, "
        f"median of {options.blocks} blocks of {options.steps} steps\n"
    )
    print("| nets | fakes for G | plain loop, ms a step | gan_edu, ms a step | plain / gan_edu |")
    print("|---|---|---|---|---|")
    for name, (plain_nets, our_nets, noise_dim, batch, shape) in CASES.items():
        if options.only not in name:
            continue
        images = torch.rand(1000, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1  # what they show is equal
        if any(
            sum(w.numel() for w in one.parameters()) != sum(w.numel() for w in other.parameters())
            for one, other in zip(plain_nets(), our_nets(), strict=True)
        ):
            raise SystemExit(f"{name}: the two pairs of networks aren't equally large.")
        streams = {
            "anew": plain_loop(*plain_nets(), noise_dim, images, batch, again=False),
            "again": plain_loop(*plain_nets(), noise_dim, images, batch, again=True),
            "ours": our_loop(*our_nets(), images, batch),
        }
        times = {kind: [] for kind in streams}
        for block in range(-1, options.blocks):
            for kind, stream in streams.items():
                taken = milliseconds(stream, options.steps)
                if block >= 0:  # the first warms up
                    times[kind].append(taken)
        middle = {kind: statistics.median(taken) for kind, taken in times.items()}
        for kind in ("anew", "again"):
            ratio = middle[kind] / middle["ours"]
            print(f"| {name} | {kind} | {middle[kind]:.2f} | {middle['ours']:.2f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()

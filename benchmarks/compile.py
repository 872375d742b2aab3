"""What torch.compile makes of a GAN's training step, and how long it takes until the first one.

    python benchmarks/compile.py [--threads 2] [--steps 20] [--blocks 9]

Both losses are compiled, each with its two networks (the default backend, which writes C++ for a CPU and Triton for a
GPU); the optimisers are fused in both versions. Eager and compiled steps take turns in blocks; the ratio is that of the
medians. Needs a C++ compiler; there is no gradient penalty, as compiled networks can't be differentiated twice.
"""

import argparse
import os
import statistics
import tempfile
import time

import torch
import torch.nn.functional as F

from gan_edu import device, ensemble, nets

GAMES = {  # name: (generator, discriminator, batch, shape of a sample)
    "2-64-64, points in the plane": (lambda: nets.mlp([2, 64, 64, 2]), lambda: nets.mlp([2, 64, 64, 1]), 128, (2,)),
    "100-128-784, pictures as rows": (
        lambda: nets.mlp([100, 128, 784], output="tanh"), lambda: nets.mlp([784, 128, 1]), 128, (784,)
    ),
    "DCGAN, 32 and 64 channels": (
        lambda: nets.DCGANGenerator(64, 32), lambda: nets.DCGANDiscriminator(32), 64, (1, 28, 28)
    ),
}  # fmt: skip


def player(game, compiled, where):
    """A function that makes one step of both players."""
    make_g, make_d, batch, shape = GAMES[game]
    G, D = (net.to(where) for net in ensemble.single_nets(make_g, make_d, 0))
    adams = [torch.optim.Adam(net.parameters(), lr=2e-4, fused=True) for net in (G, D)]
    noise_dim = G.noise_dim

    def loss_d(real, fake):
        return F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()

    def loss_g(z):
        return F.softplus(-D(G(z))).mean()

    make = G
    if compiled:
        loss_d, loss_g, make = torch.compile(loss_d), torch.compile(loss_g), torch.compile(G)
    real = torch.rand(batch, *shape, device=where) * 2 - 1

    def step():
        with torch.no_grad():
            fake = make(torch.randn(batch, noise_dim, device=where))
        adams[1].zero_grad()
        loss_d(real, fake).backward()
        adams[1].step()
        # a compiled backward pass computes all gradients that it could be asked for, so D asks for none here
        D.requires_grad_(False)
        adams[0].zero_grad()
        loss_g(torch.randn(batch, noise_dim, device=where)).backward()
        adams[0].step()
        D.requires_grad_(True)

    return step


def seconds(step, steps, where):
    start = time.perf_counter()
    for _ in range(steps):
        step()
    if where.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=20, help="in a block")
    parser.add_argument("--blocks", type=int, default=9)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    where = device.pick()
    print(f"PyTorch {torch.__version__}, {device.describe()}\n")
    print("| networks | eager, ms a step | compiled, ms a step | eager / compiled | first step, s | pays after |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as empty:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = empty  # nothing that was compiled before
        for game in GAMES:
            eager, compiled = player(game, False, where), player(game, True, where)
            seconds(eager, 3, where)
            first = seconds(compiled, 1, where)
            seconds(compiled, 3, where)
            taken = {step: [] for step in (eager, compiled)}
            for _ in range(options.blocks):
                for step, found in taken.items():
                    found.append(seconds(step, options.steps, where) / options.steps)
            slow, fast = (statistics.median(found) for found in taken.values())
            pays = f"{first / (slow - fast):,.0f} steps" if fast < slow else "never"
            print(
                f"| {game} | {1000 * slow:.2f} | {1000 * fast:.2f} | {slow / fast:.2f} | {first:.0f} | {pays} |",
                flush=True,
            )


if __name__ == "__main__":
    main()

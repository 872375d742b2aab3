"""CPU seconds until a quality on full Fashion-MNIST: gan_edu's recipe against a DCGAN that is often copied.

    gan-edu data fetch fashion_mnist          # once, where the full set isn't there yet
    python benchmarks/against_dcgan.py [--seconds 600] [--threads 1] [--seed 0]

The DCGAN is written here anew after its settings: images padded to 32×32; generator: linear layer to 128×8×8, then
twice upsampling and a 3×3 convolution (128, 64), a 3×3 convolution to one map, batch norm (ε = 0.8 from the second
on), leaky ReLU, tanh; discriminator: four 3×3 convolutions of stride 2 (16, 32, 64, 128), leaky ReLU, dropout 0.25,
batch norm (ε = 0.8) from the second on, linear layer, sigmoid; cross-entropy, Adam 2e-4 with β (0.5, 0.999),
batches of 64, weights from N(0, 0.02²). Each step trains the generator, then the discriminator on the same fakes,
in the plainest way.

Both are trained in one process, in turns, and timed by the CPU seconds that their training steps take; measuring
isn't counted. Quality is the Fréchet distance between 5,000 samples and the 10,000 test images in the features of
the course's classifier. The DCGAN's samples are measured with batch norm in training and in evaluation mode, and
the better counts.
"""

import argparse
import time

import torch
from time_to_quality import RECIPES
from torch import nn

from gan_edu import data, device, ensemble, metrics
from gan_edu.training import GAN, train


class CopiedGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(100, 128 * 8 * 8)
        self.layers = nn.Sequential(
            nn.BatchNorm2d(128),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(128, 128, 3, padding=1),
            nn.BatchNorm2d(128, eps=0.8),
            nn.LeakyReLU(0.2),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(128, 64, 3, padding=1),
            nn.BatchNorm2d(64, eps=0.8),
            nn.LeakyReLU(0.2),
            nn.Conv2d(64, 1, 3, padding=1),
            nn.Tanh(),
        )

    def forward(self, z):
        return self.layers(self.project(z).unflatten(1, (128, 8, 8)))


def copied_discriminator():
    layers = []
    for inputs, outputs in ((1, 16), (16, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.LeakyReLU(0.2), nn.Dropout2d(0.25)]
        layers += [nn.BatchNorm2d(outputs, eps=0.8)] if inputs > 1 else []
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 2 * 2, 1), nn.Sigmoid())


def initialize(module):
    """Weights of convolutions from N(0, 0.02²), those of batch norms from N(1, 0.02²)."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, std=0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, mean=1.0, std=0.02)
            nn.init.zeros_(layer.bias)
    return module


class Copied:
    """The DCGAN and its training loop."""

    def __init__(self, images, seed):
        torch.manual_seed(seed)
        self.images = nn.functional.pad(images, (2, 2, 2, 2), value=-1.0)
        self.g, self.d = initialize(CopiedGenerator()), initialize(copied_discriminator())
        self.optimizers = [torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (self.g, self.d)]

    def step(self):
        real = self.images[torch.randint(len(self.images), (64,))]
        valid, invalid, bce = torch.ones(64, 1), torch.zeros(64, 1), nn.functional.binary_cross_entropy
        fakes = self.g(torch.randn(64, 100))
        self.optimizers[0].zero_grad()
        bce(self.d(fakes), valid).backward()
        self.optimizers[0].step()
        self.optimizers[1].zero_grad()
        ((bce(self.d(real), valid) + bce(self.d(fakes.detach()), invalid)) / 2).backward()
        self.optimizers[1].step()

    @torch.no_grad()
    def distance(self, reference):
        found = []
        for training in (True, False):
            self.g.train(training)
            made = torch.cat([self.g(torch.randn(100, 100)) for _ in range(50)])
            found.append(reference.frechet(made[..., 2:-2, 2:-2]))
        self.g.train()
        return min(found)


class Ours:
    """gan_edu's recipe."""

    def __init__(self, images, seed):
        recipe = RECIPES["gan_edu"]
        pair = ensemble.single_nets(recipe["generator"], recipe["discriminator"], seed)
        self.model = GAN(*pair, seed=seed, device="cpu", **recipe["settings"])
        self.stream = train(self.model, images, 10**9, batch=recipe["batch"], progress=False)

    def step(self):
        next(self.stream)

    def distance(self, reference):
        return reference.frechet(self.model.sample(5000))


def moments(first, last, factor):
    """Times at which to measure: first, first · factor, …, up to last, which is always among them."""
    found = []
    while first < last * 0.999:
        found.append(first)
        first *= factor
    return [*found, last]


def run(name, method, times, reference):
    """Train, and measure at each of the times. Yields None after each second of training, else (seconds, distance)."""
    used, turn, steps = 0.0, 1.0, 0
    for moment in times:
        while used < moment:
            start = time.process_time()
            method.step()
            used += time.process_time() - start
            steps += 1
            if used > turn:
                turn = used + 1
                yield None
        distance = method.distance(reference)
        print(f"| {name} | {used:.0f} | {steps:,} | {distance:.2f} |", flush=True)
        yield used, distance


def when(curve, distance):
    """The first measured time at which a curve [(seconds, distance)] was at or below a distance, or None."""
    return next((seconds for seconds, reached in curve if reached <= distance), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600, help="of CPU time for the copied DCGAN")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    images = data.images("fashion_mnist", full=True).tensor()
    reference = metrics.Reference("fashion_mnist", data.images("fashion_mnist", split="test", full=True).tensor())
    floor = reference.frechet(images[:5000])
    print(f"PyTorch {torch.__version__}, {device.describe()}, threads {options.threads}; floor {floor:.2f}\n")
    print("| method | CPU seconds | steps | Fréchet distance |\n|---|---|---|---|")
    runs = {
        "copied DCGAN": run(
            "copied DCGAN", Copied(images, options.seed), moments(options.seconds / 8, options.seconds, 2), reference
        ),
        "gan_edu": run("gan_edu", Ours(images, options.seed), moments(1.5, options.seconds / 5, 1.25), reference),
    }
    curves = {name: [] for name in runs}
    while runs:
        for name in list(runs):
            try:
                found = next(runs[name])
            except StopIteration:
                del runs[name]
                continue
            if found:
                curves[name].append(found)
    print("\n| Fréchet distance | copied DCGAN, CPU seconds | gan_edu, CPU seconds | ratio |\n|---|---|---|---|")
    for seconds, distance in curves["copied DCGAN"]:
        ours = when(curves["gan_edu"], distance)
        print(f"| {distance:.2f} | {seconds:.0f} | " + (f"{ours:.1f} | {seconds / ours:.0f} |" if ours else "– | – |"))


if __name__ == "__main__":
    main()

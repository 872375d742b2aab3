"""How fast does a small convolutional GAN reach a quality on full Fashion-MNIST? Recipes side by side, in one run.

    gan-edu data fetch fashion_mnist          # once, where the full set isn't there yet
    python benchmarks/time_to_quality.py [--seconds 114] [--threads 1] [--recipes mark gan_edu] [--seeds 3]

Quality is the Fréchet distance between 5,000 generated images and the 10,000 test images, in the 64 features of the
course's own classifier (numbers of other classifiers can't be compared with it). Seconds are CPU seconds of training,
since other work on the machine disturbs those least; recipes take turns, a second each, so that it disturbs all alike.
Measuring samples isn't counted. The floor is what 5,000 real training images score against the same test images.
"""

import argparse
import time

import torch

from gan_edu import data, device, ensemble, metrics, nets
from gan_edu.training import GAN, train

MOMENTS = (15, 30, 51, 114, 240, 480)  # CPU seconds of training at which quality is measured

RECIPES = {
    # the recipe to beat: a plain transposed-convolution pair
    "mark": dict(
        generator=lambda: nets.DCGANGenerator(64, channels=32),
        discriminator=lambda: nets.DCGANDiscriminator(channels=32),
        settings=dict(penalties={"r1": 1.0}, penalty_every=16, lr=1e-3, betas=(0.0, 0.99), ema=0.999),
        batch=64,
    ),
    # sub-pixel generator, a hidden layer in the discriminator, twice the learning rate, R1 twice as often, and an
    # average that remembers half as long
    "gan_edu": dict(
        generator=lambda: nets.SubpixelGenerator(64, channels=32),
        discriminator=lambda: nets.DCGANDiscriminator(channels=32, hidden=128),
        settings=dict(penalties={"r1": 1.0}, penalty_every=8, lr=2e-3, betas=(0.0, 0.99), ema=0.998),
        batch=64,
    ),
}


def run(name, seed, images, reference, seconds):
    """Train one recipe. Yields None after each second of training, a row of the table at each of the moments."""
    recipe = RECIPES[name]
    generator, discriminator = ensemble.single_nets(recipe["generator"], recipe["discriminator"], seed)
    model = GAN(generator, discriminator, seed=seed, **recipe["settings"])
    moments = [moment for moment in MOMENTS if moment <= seconds]
    trained, start, turn = 0.0, time.process_time(), 1.0
    for step in train(model, images, 10**9, batch=recipe["batch"], progress=False):
        now = trained + time.process_time() - start
        if now >= moments[0]:
            distance = reference.frechet(model.sample(5000).cpu())
            yield f"| {name} | {seed} | {moments.pop(0)} | {step.number:,} | {distance:.2f} |"
            if not moments:
                return
        elif now >= turn:
            turn = now + 1.0
            yield None
        else:
            continue
        trained, start = now, time.process_time()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=114, help="of CPU time for training, for each recipe and seed")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(RECIPES))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    images = data.images("fashion_mnist", full=True).tensor()
    reference = metrics.Reference("fashion_mnist", data.images("fashion_mnist", split="test", full=True).tensor())
    floor = reference.frechet(images[:5000])
    print(f"PyTorch {torch.__version__}, {device.describe()}; floor {floor:.2f}\n")
    print("| recipe | seed | CPU seconds | steps | Fréchet distance |")
    print("|---|---|---|---|---|")
    runs = [
        run(name, seed, images, reference, options.seconds) for name in options.recipes for seed in range(options.seeds)
    ]
    while runs:
        for each in list(runs):
            try:
                row = next(each)
            except StopIteration:
                runs.remove(each)
                continue
            if row:
                print(row, flush=True)


if __name__ == "__main__":
    main()

"""The table in section 8 of chapter 41: a deep MLP GAN with and without batch norm, and the chapter's small pair.

    python benchmarks/deep_mlp_gan.py [--steps 2000] [--seeds 3] [--versions "leaky, tanh" small] [--optimisers usual]

Each cell: smallest and largest Fréchet distance over the seeds (1,000 samples of the generator itself against the
10,000 training digits that come with the course, features of the course's classifier), then the smallest and largest
number of digits that more than 2 % of the samples show. A deep cell takes some minutes on two CPU cores.
"""

import argparse

from gan_edu import data, ensemble, metrics, nets, training

SIZES = [100, 256, 512, 1024, 784], [784, 512, 256, 1]
GENTLE = dict(dropout=0.3)
VERSIONS = {  # generator's options, discriminator's options, whether pixels lie in 0 … 1
    "as printed": (dict(activation="relu", output="sigmoid"), dict(activation="relu"), True),
    "leaky, tanh": (dict(output="tanh"), GENTLE, False),
    "… and batch norm": (dict(output="tanh", batch_norm=True), GENTLE, False),
    "small": (dict(output="tanh"), {}, False),  # 100-128-784 against 784-128-1
}
OPTIMISERS = {"ours": (1e-3, (0.0, 0.999)), "usual": (2e-4, (0.5, 0.999))}
OF_SMALL = (4e-3, 2e-3), (0.0, 0.999)  # the small pair's own settings stand for "ours"


def cell(version, optimiser, steps, seeds, reference):
    of_generator, of_discriminator, positive = VERSIONS[version]
    lr, betas = OF_SMALL if version == "small" and optimiser == "ours" else OPTIMISERS[optimiser]
    sizes = ([100, 128, 784], [784, 128, 1]) if version == "small" else SIZES
    gans = ensemble.gans(
        lambda: nets.mlp(sizes[0], **of_generator),
        lambda: nets.mlp(sizes[1], **of_discriminator),
        seeds=seeds,
        lr=lr,
        betas=betas,
    )
    images = data.images("mnist").tensor(flat=True, low=0.0 if positive else -1.0)
    training.run(gans, images, steps, batch=64)
    samples = gans.sample(1000).cpu()
    samples = 2 * samples - 1 if positive else samples
    distances = [reference.frechet(x) for x in samples]
    shares = [metrics.classify(x, "mnist").argmax(1).bincount(minlength=10) / len(x) for x in samples]
    digits = [int((share > 0.02).sum()) for share in shares]
    return f"{min(distances):.0f}–{max(distances):.0f}; {min(digits)}–{max(digits)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--versions", nargs="+", choices=VERSIONS, default=list(VERSIONS))
    parser.add_argument("--optimisers", nargs="+", choices=OPTIMISERS, default=list(OPTIMISERS))
    options = parser.parse_args()
    reference = metrics.Reference("mnist", data.images("mnist").tensor())
    print(f"| {options.steps:,} steps: distance; digits | {' | '.join(options.versions)} |")
    print("|---" * (1 + len(options.versions)) + "|")
    for optimiser in options.optimisers:
        cells = [cell(version, optimiser, options.steps, options.seeds, reference) for version in options.versions]
        print(f"| {optimiser} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

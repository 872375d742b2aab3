"""Trains the finished models and writes gan_edu/models/.

gan-edu data fetch mnist; gan-edu data fetch fashion_mnist     # once: the full sets
python -m tools.train_models                                   # all, about a quarter of an hour on one core
python -m tools.train_models mnist_gan fashion_mnist_vae       # some of them
python -m tools.train_models --card                            # only measures again and writes CARD.md
"""

import argparse
import math
import time

import torch

from gan_edu import metrics, models, objectives, training
from gan_edu.data import images
from gan_edu.nets import DCGANDiscriminator
from tools import finished

SEED = 0
VERSION = "1"  # raise it when the weights change
KINDS = ("gan", "conditional_gan", "vae")
ALL = {f"{name}_{kind}": (name, kind) for name in models.NAMES for kind in KINDS}
GAN_STEPS, GAN_BATCH, GAN_RATE = 3900, 64, 2e-3
VAE_STEPS, VAE_BATCH, VAE_RATE = 9000, 128, 1e-3


def trained(name, kind):
    """The net as it is stored, after training on the full training set."""
    torch.manual_seed(SEED)
    net, full = models.net(kind), images(name, full=True)
    if kind == "vae":
        model = training.VAE(net, lr=VAE_RATE, seed=SEED, device="cpu")
        return finished.stairs(model, full.tensor(low=0.0), VAE_STEPS, VAE_BATCH).net
    classes = 10 if kind == "conditional_gan" else None
    data = full.pairs() if classes else full.tensor()
    discriminator = DCGANDiscriminator(32, hidden=128, classes=classes)
    recipe = dict(penalties={"r1": 1.0}, penalty_every=8, lr=GAN_RATE, betas=(0.0, 0.99), ema=0.998)
    model = training.GAN(net, discriminator, seed=SEED, device="cpu", **recipe)
    return finished.stairs(model, data, GAN_STEPS, GAN_BATCH).nets["average"]


def write(which):
    name, kind = ALL[which]
    start = time.process_time()
    steps = VAE_STEPS if kind == "vae" else GAN_STEPS
    finished.write(which, trained(name, kind), start, name=name, kind=kind, steps=steps, seed=SEED, version=VERSION)
    print(row(name, kind), flush=True)


def sample(net, kind, n, seed=1):
    """n images (n, 1, 28, 28) in [-1, 1], and the classes that were asked for (or None)."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        if kind == "vae":
            z = torch.randn(n, net.latent_dim, generator=g)
            return torch.cat([net.decode(part).sigmoid() for part in z.split(500)]) * 2 - 1, None
        made = torch.cat([net(z) for z in torch.randn(n, net.noise_dim, generator=g).split(500)])
    if kind == "gan":
        return made, None
    return made[:, :784].reshape(-1, 1, 28, 28), made[:, 784:].argmax(1)


def row(name, kind):
    """One line of the card: what the stored model does, against the 10,000 test images."""
    net, facts = models.read(f"{name}_{kind}")
    test = images(name, split="test", full=True)
    made, asked = sample(net, kind, 10_000)
    report = reference(name).report(made)
    right = "–" if asked is None else f"{(metrics.classify(made, name).argmax(1) == asked).float().mean():.1%}"
    elbo = "–"
    if kind == "vae":
        x = test.tensor(low=0.0)
        noise = torch.randn(len(x), net.latent_dim, generator=torch.Generator().manual_seed(2))
        with torch.no_grad():
            out, mean, log_variance = net(x, noise)
        bound = objectives.bernoulli_log_likelihood(out, x) - objectives.gaussian_kl(mean, log_variance)
        elbo = f"{bound.mean():.1f}"
    cells = [name, kind, f"{report.frechet:.2f}", f"{report.kernel:.4f}"]
    cells += [f"{x:.2f}" for x in (report.precision, report.recall, report.density, report.coverage)]
    cells += [str(report.classes), right, elbo, facts["steps"], facts["seconds"]]
    return "| " + " | ".join(cells) + " |"


_references = {}


def reference(name):
    if name not in _references:
        _references[name] = metrics.Reference(name, images(name, split="test", full=True).tensor())
    return _references[name]


def baselines(name):
    """Lines of the card for other real images, and for the simplest generator."""
    train = images(name, full=True).tensor()
    lines = []
    fakes = {"10,000 training images (the floor)": train[:10_000], "a normal distribution of pixels": normal(train)}
    for what, fake in fakes.items():
        report = reference(name).report(fake)
        cells = [name, what, f"{report.frechet:.2f}", f"{report.kernel:.4f}"]
        cells += [f"{x:.2f}" for x in (report.precision, report.recall, report.density, report.coverage)]
        lines.append("| " + " | ".join([*cells, str(report.classes), "–", "–", "–", "–"]) + " |")
    return lines


def normal(train, n=10_000):
    """Draws from the normal distribution with the training images' mean and covariance: the simplest generator."""
    x = train.flatten(1).double()
    mean, covariance = x.mean(0), torch.cov(x.T)
    values, vectors = torch.linalg.eigh(covariance)
    z = torch.randn(n, 784, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return ((z * values.clamp_min(0).sqrt()) @ vectors.T + mean).clamp(-1, 1).float().reshape(-1, 1, 28, 28)


CARD = f"""
# Finished models

Written by `tools/train_models.py`; don't edit. `gan_edu.models.load(name, kind)` opens them.

**What they are for.** Teaching: chapters and widgets that look at a trained model open at once. They are small,
have seen 28×28 pixels only, and are good for nothing else.

**Data.** The 60,000 training images of MNIST (Yann LeCun and Corinna Cortes, CC BY-SA 3.0) and of Fashion-MNIST
(Han Xiao, Kashif Rasul and Roland Vollgraf, Zalando SE, MIT licence). No test image was used in training.

**Recipe.** *gan*: `nets.SubpixelGenerator(64, 32)` against `nets.DCGANDiscriminator(32, hidden=128)`; the
non-saturating loss, R1 with γ = 1 every 8th step, Adam with β = (0, 0.99) and learning rate {GAN_RATE:g}, batches
of {GAN_BATCH}, {GAN_STEPS:,} steps, the last third with a falling rate; what is stored is the average of the
weights (decay 0.998). *conditional_gan*: the same with the class beside the noise, and a discriminator that
judges by projection. *vae*: `nets.VAE(latent_dim=16, hidden=(400,))`, cross-entropy of the pixels, β = 1, Adam
with {VAE_RATE:g}, batches of {VAE_BATCH}, {VAE_STEPS:,} steps, the rate falling likewise. One seed ({SEED}) each,
the first one tried: another seed gives other numbers. Weights are stored in 16 bits, and measured as they are
stored. CPU s: seconds on one core of a machine that had other work to do as well.

**Measured** with 10,000 samples against the 10,000 test images, in the features of the course's classifiers.
Fréchet and kernel distances: smaller is better; the floor is what other real images score. Precision, recall (k =
3), density, coverage (k = 5): for the floor they aren't 1 either. Classes: how many of the ten make up more than
2 %. Right: how often the classifier sees the class that was asked for (it is itself wrong on 0.5 % of the
digits and 8.2 % of the clothes). ELBO: in nats, for the test images.

| data | model | Fréchet | kernel | precision | recall | density | coverage | classes | right | ELBO | steps | CPU s |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
"""


def card():
    lines = []
    for name in models.NAMES:
        lines += [row(name, kind) for kind in KINDS] + baselines(name)
    licence = "The weights are shared under the licence of this project."
    end = ["", f"Together {math.ceil(100 * finished.size(ALL)) / 100:.2f} MB. {licence}", ""]
    (models.FOLDER / "CARD.md").write_text("\n".join([CARD.strip(), *lines, *end]), encoding="utf-8")
    print("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="model", help=f"of: {', '.join(ALL)}")
    parser.add_argument("--card", action="store_true", help="train nothing")
    options = parser.parse_args()
    unknown = sorted(set(options.models) - set(ALL))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are: {', '.join(ALL)}")
    torch.set_num_threads(1)
    for which in [] if options.card else options.models or ALL:
        write(which)
    card()


if __name__ == "__main__":
    main()

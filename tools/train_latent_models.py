"""Trains the finished models of the widget LatentSpace and writes them into gan_edu/models/.

    python -m tools.train_latent_models                   # all, about five minutes on one core
    python -m tools.train_latent_models vae-1 gan         # some of them
    python -m tools.train_latent_models --card            # only measures again and writes CARD_latent.md

It needs only the 10,000 images of MNIST that come with the package.
"""

import argparse
import math
import time

import torch

from gan_edu import latent, metrics, models
from gan_edu.data import images
from gan_edu.latent.recipe import net_of, settings_of
from gan_edu.training import GAN, run
from tools import finished

SEED = 0
VERSION = "1"  # raise it when the weights change
STEPS, BATCH, RATE = 6000, 128, 2e-3
GAN_STEPS = 10_000


def train(name):
    """Trains one model and writes its weights, in 16 bits."""
    start = time.process_time()
    settings = latent.LatentSettings(**settings_of(name) | {"lr": RATE, "seed": SEED})
    model = latent.new_model(settings, "cpu")
    rows = latent.training_rows(model, settings.pictures)
    if isinstance(model, GAN):
        steps = GAN_STEPS
        run(model, rows, steps, batch=BATCH, progress=False)
        net = model.nets["average"]
    else:
        steps = STEPS
        # the last third with a falling learning rate, in ten stairs
        run(model, rows, steps * 2 // 3, batch=BATCH, progress=False)
        for stair in range(10):
            for group in model.optimizers["vae"].param_groups:
                group["lr"] = RATE * 0.6 ** (stair + 1)
            run(model, rows, steps // 30, batch=BATCH, progress=False)
        net = net_of(model)
    kind, beta, dim = models.LATENT[name]
    facts = {"kind": kind, "beta": beta, "latent_dim": dim, "data": "mnist", "steps": steps, "seed": SEED}
    finished.write(f"latent_{name}", net, start, **facts, version=VERSION)
    print("| " + " | ".join(measured(name)) + " |", flush=True)


def measured(name):
    """One row of the card: what the stored model does with unseen images."""
    net, facts = models.load_latent(name)
    space = latent.Space(net, (1, 28, 28))
    test = images("mnist", split="test")
    x, labels = test.tensor(low=0.0), test.labels
    mean, std = space.encode(x, labels)
    made = space.decode(mean, labels)
    error = (made - x).square().mean().item()
    g = torch.Generator().manual_seed(1)
    z = torch.randn(5000, space.latent_dim, generator=g)
    drawn = space.decode(z, torch.randint(10, (5000,), generator=g))
    report = metrics.image_report(drawn * 2 - 1, images("mnist").tensor(), "mnist")
    misfit = kl = dead = holes = "–"
    if space.kind != "gan":
        misfit = f"{latent.misfit(made, x):.1f}"
        holes = f"{latent.hole_map(mean[:, :2], std[:, :2])[1]:.0%}"
    if space.kind in ("vae", "cvae"):
        each = latent.kl_per_dimension(mean, std)
        kl, dead = f"{each.sum():.2f}", str(int((each < latent.DEAD).sum()))
    return [
        name,
        latent.KINDS[space.kind],
        facts["beta"] if space.kind in ("vae", "cvae") else "–",
        str(space.latent_dim),
        f"{error:.4f}",
        misfit,
        kl,
        dead,
        holes,
        f"{report.frechet:.1f}",
        str(report.classes),
        facts["seconds"],
    ]


def blurred_mean():
    """What predicting the mean image costs: (squared error, cross-entropy in nats)."""
    x, mean = images("mnist", split="test").tensor(low=0.0), images("mnist").tensor(low=0.0).mean(0, keepdim=True)
    p = mean.clamp(1e-6, 1 - 1e-6).expand_as(x)
    nats = -(x * p.log() + (1 - x) * (1 - p).log()).flatten(1).sum(1).mean()
    return (x - mean).square().mean().item(), nats.item()


def card():
    error, nats = blurred_mean()
    lines = [CARD.strip(), ""]
    lines += [
        "| name | model | β | code | error | misfit | KL | dead | holes | Fréchet | classes | CPU seconds |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in models.LATENT:
        lines.append("| " + " | ".join(measured(name)) + " |")
        print(lines[-1], flush=True)
    lines += ["", f"The mean image for every image: error {error:.4f}, misfit {nats:.1f} nats.", ""]
    size = finished.size(f"latent_{name}" for name in models.LATENT)
    lines += [f"Together {math.ceil(100 * size) / 100:.2f} MB.", ""]
    (models.FOLDER / "CARD_latent.md").write_text("\n".join(lines), encoding="utf-8")


CARD = """
# Finished models for LatentSpace

Written by `tools/train_latent_models.py`; don't edit. `gan_edu.models.load_latent(name)` opens them; their files are
called `latent_name.safetensors`.

Small nets, trained on the 10,000 images of MNIST that come with the package and stored in 16 bits. Encoders are
784-128-64-code, decoders code-64-128-784, with ReLU; the conditional ones get the class as ten more numbers. The GAN's
generator is such a decoder with tanh; its discriminator (784-256-128-1, not stored) was trained with the
non-saturating loss and an R1 penalty, and the stored generator is the average of the later ones. All others: Adam,
batches of 128, cross-entropy of the pixels, and β times the KL divergence (none for the autoencoder).

The table says what they do with the 2,000 unseen images that come with the package. Error: mean squared error of a
reconstruction, pixels in [0, 1] (the GAN's code is searched). Misfit: cross-entropy of a reconstruction from the mean
code, in nats for a whole image. Code: how many numbers. KL: in nats, and how many of its dimensions are dead (below
0.01 nats). Holes: share of the prior (of the first two numbers) where no code lies near. Fréchet: 5,000 images drawn
from the prior against the 10,000 training images, in the features of `gan_edu.metrics`; classes: how many of the ten
make up more than 2 % of them. An autoencoder has no prior; its codes are drawn from a standard normal all the same, to
see what comes of it.

Data: MNIST, Yann LeCun and Corinna Cortes, CC BY-SA 3.0. The weights are shared under the licence of this project.
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(models.LATENT), help="models, by default all")
    parser.add_argument("--card", action="store_true", help="don't train, only write README.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in () if options.card else options.names:
        train(name)
    if options.card or options.names == list(models.LATENT):
        card()

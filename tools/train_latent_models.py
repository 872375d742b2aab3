"""Trains the finished models of the widget LatentSpace and writes gan_edu/widgets/models/.

    python tools/train_latent_models.py                   # all, about five minutes on one core
    python tools/train_latent_models.py vae-1 gan         # some of them
    python tools/train_latent_models.py --card            # only measures again and writes README.md

It needs only the 10,000 images of MNIST that come with the package.
"""

import argparse
import math
import time

import torch
from safetensors.torch import save

from gan_edu import metrics, objectives
from gan_edu.data import images
from gan_edu.training import GAN, run, write_atomically
from gan_edu.widgets import latent_space as latent

SEED = 0
VERSION = "1"  # raise it when the weights change
STEPS, BATCH, RATE = 6000, 128, 2e-3
GAN_STEPS = 10_000


def train(name):
    """Trains one model and writes its weights, in 16 bits."""
    start = time.process_time()
    kind, beta, latent_dim = latent.SHIPPED[name]
    pictures = latent.pictures_of("mnist")
    model = latent.new_model(
        kind, pictures, beta=beta, latent_dim=latent_dim, hidden=latent.HIDDEN, lr=RATE, seed=SEED, device="cpu"
    )
    rows = latent.training_rows(model, pictures)
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
        net = model.net.net
    seconds = time.process_time() - start
    weights = {key: tensor.half().contiguous() for key, tensor in net.state_dict().items()}
    facts = {
        "kind": kind,
        "beta": str(beta),
        "latent_dim": str(latent_dim),
        "data": "mnist",
        "steps": str(steps),
        "seed": str(SEED),
        "seconds": f"{seconds:.0f}",
        "torch": torch.__version__.split("+")[0],
        "version": VERSION,
        "sha256": metrics.checksum(weights),
    }
    path = latent.MODELS / f"{name}.safetensors"
    write_atomically(path, save(weights, facts))
    path.chmod(0o644)
    print(f"{name}: {steps} steps, {seconds:.0f} CPU seconds, {path.stat().st_size / 1e3:.0f} kB", flush=True)
    print("| " + " | ".join(measured(name)) + " |", flush=True)


def measured(name):
    """One row of the card: what the stored model does with unseen images."""
    net, facts = latent.load_shipped(name)
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
        logits = torch.logit(made.clamp(1e-6, 1 - 1e-6))
        misfit = f"{-objectives.bernoulli_log_likelihood(logits, x).mean():.1f}"
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
        "| file | model | β | code | error | misfit | KL | dead | holes | Fréchet | classes | CPU seconds |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in latent.SHIPPED:
        lines.append("| " + " | ".join(measured(name)) + " |")
        print(lines[-1], flush=True)
    lines += ["", f"The mean image for every image: error {error:.4f}, misfit {nats:.1f} nats.", ""]
    size = sum(path.stat().st_size for path in latent.MODELS.glob("*.safetensors"))
    lines += [f"Together {math.ceil(size / 1e4) / 100:.2f} MB.", ""]
    (latent.MODELS / "README.md").write_text("\n".join(lines), encoding="utf-8")


CARD = """
# Finished models for LatentSpace

Written by `tools/train_latent_models.py`; don't edit.

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
    parser.add_argument("names", nargs="*", default=list(latent.SHIPPED), help="models, by default all")
    parser.add_argument("--card", action="store_true", help="don't train, only write README.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in () if options.card else options.names:
        train(name)
    if options.card or options.names == list(latent.SHIPPED):
        card()

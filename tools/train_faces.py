"""Trains the finished generator of drawn faces and writes it into gan_edu/models/.

    python -m tools.train_faces            # six minutes on one core
    python -m tools.train_faces --card     # only measures again and writes CARD_faces.md

It needs no data from elsewhere: gan_edu.data.faces draws them.
"""

import argparse
import time

import torch

from gan_edu import data, device, metrics, models, training
from gan_edu.nets import DCGANDiscriminator
from tools import finished

ENTRY = "faces_gan"
SEED, DRAWN, HELD, READ = 0, 10, 11, 12  # of the training, and of the faces to train, to compare with, to learn from
FACES = 6000
STEPS, BATCH, RATE = 4200, 32, 2e-3
VERSION = "1"  # raise it when the weights change
COUNT = 2000  # faces that are measured


def train():
    start = time.process_time()
    device.seed_everything(SEED)
    discriminator = DCGANDiscriminator(channels=16, hidden=64, shape=(3, 64, 64))
    recipe = dict(loss="relativistic", penalties={"r1": 1.0}, penalty_every=8, lr=RATE, betas=(0.0, 0.99), ema=0.998)
    gan = training.GAN(models.FINISHED[ENTRY](), discriminator, **recipe, seed=SEED, device="cpu")
    finished.stairs(gan, data.faces(FACES, size=64, seed=DRAWN).tensor(), STEPS, BATCH)
    finished.write(ENTRY, gan.nets["average"], start, steps=STEPS, seed=SEED, version=VERSION)


def card():
    generator, facts = models.read(ENTRY)
    chance = torch.Generator().manual_seed(1)
    made = torch.cat([generator(torch.randn(500, generator.noise_dim, generator=chance)) for _ in range(COUNT // 500)])
    held, other = (data.faces(COUNT, size=64, seed=seed) for seed in (HELD, HELD + 100))
    learned = data.faces(3000, size=64, seed=READ)
    judges = {"random": metrics.random_features((3, 64, 64))}
    readers = {}
    for name in ("glasses",):
        labels = learned.attributes[name].long()
        readers[name] = metrics.trained_features(
            learned.tensor(), labels, classes=("without", "with"), shown=6000, progress=False
        )
    judges["a reader of glasses"] = readers["glasses"]
    lines = [CARD.format(**facts, size=finished.size([ENTRY])).strip(), ""]
    lines += [
        "| judge | generated | blurred | one face, repeated | other drawn faces (the floor) |",
        "|---|---|---|---|---|",
    ]
    x = other.tensor()
    blurred = torch.nn.functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
    for name, judge in judges.items():
        reference = metrics.Reference(judge, held)
        scores = [reference.frechet(each) for each in (made, blurred, x[:1].repeat(COUNT, 1, 1, 1), x)]
        lines.append("| " + " | ".join([name, *(f"{score:.3g}" for score in scores)]) + " |")
    lines += [
        "",
        "| attribute | read in generated | read in drawn | true share in drawn | reader right |",
        "|---|---|---|---|---|",
    ]
    for name, reader in readers.items():
        shares = [reader.probabilities(reader(each)).argmax(1).float().mean().item() for each in (made, x)]
        right = (reader.probabilities(reader(x)).argmax(1) == other.attributes[name].long()).float().mean().item()
        true = other.attributes[name].float().mean().item()
        lines.append(f"| {name} | {shares[0]:.1%} | {shares[1]:.1%} | {true:.1%} | {right:.1%} |")
    (models.FOLDER / "CARD_faces.md").write_text("\n".join([*lines, ""]), encoding="utf-8")
    print("\n".join(lines))


CARD = """
# A generator of drawn faces

Written by `tools/train_faces.py`; don't edit. `gan_edu.models.read("faces_gan")[0]` opens it: noise (N, 32) → pictures
(N, 3, 64, 64) in [-1, 1].

**What it is for.** Teaching. It has seen drawings only, those of `gan_edu.data.faces`. No person and no photograph went
in, so none can come out.

**Recipe.** `nets.SubpixelGenerator(32, channels=8)` against `nets.DCGANDiscriminator(16, hidden=64)`, both for 64×64
pixels in colour; the relativistic loss, R1 with γ = 1 every 8th step, Adam with β = (0, 0.99) and learning rate 0.002,
batches of 32, {steps} steps, the last third with a falling rate; what is stored is the average of the weights (decay
0.998), in 16 bits. Seed {seed}, the first one tried: another seed gives other numbers. {seconds} CPU seconds on a core
of a machine that had other work to do as well. {size:.2f} MB. The weights are shared under the licence of this project.

**Measured** with 2,000 samples against 2,000 drawn faces that were not trained on. Fréchet distances: smaller is
better, and only numbers of one row can be compared. Attributes are read by a classifier that was trained on 3,000 other
drawn faces, and is itself sometimes wrong.
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", action="store_true", help="train nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if not options.card:
        train()
    card()

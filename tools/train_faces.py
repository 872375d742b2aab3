"""Trains the finished generator of drawn faces and writes it into gan_edu/models/.

    python -m tools.train_faces            # six minutes on one core
    python -m tools.train_faces --card     # only measures again and writes CARD_faces.md

It needs no data from elsewhere: gan_edu.data.faces draws them.
"""

import time

import torch

from gan_edu import data, device, metrics, models, training
from gan_edu.files import write_atomically
from gan_edu.nets import DCGANDiscriminator
from tools import finished

ENTRY = "faces_gan"
SEED, DRAWN, HELD, READ = 0, 10, 11, 12  # of the training, and of the faces to train, to compare with, to learn from
FACES, READER_FACES = 6000, 3000
STEPS, BATCH, RATE, DECAY = 4200, 32, 2e-3, 0.998
CHANNELS, HIDDEN = 16, 64  # of the discriminator
VERSION = "1"  # raise it when the weights change
COUNT = 2000  # faces that are measured


def train():
    start = time.process_time()
    device.seed_everything(SEED)
    discriminator = DCGANDiscriminator(channels=CHANNELS, hidden=HIDDEN, shape=(3, 64, 64))
    recipe = dict(loss="relativistic", penalties={"r1": 1.0}, penalty_every=8, lr=RATE, betas=(0.0, 0.99), ema=DECAY)
    gan = training.GAN(models.FINISHED[ENTRY](), discriminator, **recipe, seed=SEED, device="cpu")
    finished.stairs(gan, data.faces(FACES, size=64, seed=DRAWN).tensor(), STEPS, BATCH)
    finished.write(ENTRY, gan.nets["average"], start, steps=STEPS, seed=SEED, version=VERSION)


def card():
    generator, facts = models.read(ENTRY)
    wears = "glasses"
    chance = torch.Generator().manual_seed(1)
    made = torch.cat([generator(torch.randn(500, generator.noise_dim, generator=chance)) for _ in range(COUNT // 500)])
    held, other = (data.faces(COUNT, size=64, seed=seed) for seed in (HELD, HELD + 100))
    learned = data.faces(READER_FACES, size=64, seed=READ)
    labels = learned.attributes[wears].long()
    reader = metrics.trained_features(learned.tensor(), labels, classes=("without", "with"), shown=6000, progress=False)
    judges = {"random": metrics.random_features((3, 64, 64)), f"a reader of {wears}": reader}
    lines = [
        recipe_of(facts),
        "",
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
    seen, found = (reader.probabilities(reader(each)).argmax(1) for each in (made, x))
    true = other.attributes[wears]
    shares = [each.float().mean().item() for each in (seen, found, true, found == true.long())]
    lines.append("| " + " | ".join([wears, *(f"{share:.1%}" for share in shares)]) + " |")
    write_atomically(models.FOLDER / "CARD_faces.md", "\n".join([*lines, ""]).encode())
    print("\n".join(lines))


def recipe_of(facts: dict) -> str:
    """The first part of the card: how the model was made."""
    made = {"size": finished.size([ENTRY]), "count": COUNT, "reader": READER_FACES, "batch": BATCH, "rate": RATE}
    made |= {"decay": DECAY, "channels": CHANNELS, "hidden": HIDDEN}
    return CARD.format(**facts, **made).strip()


CARD = """
# A generator of drawn faces

Written by `tools/train_faces.py`; don't edit. `gan_edu.models.read("faces_gan")[0]` opens it: noise (N, 32) → pictures
(N, 3, 64, 64) in [-1, 1].

**What it is for.** Teaching. It has seen drawings only, those of `gan_edu.data.faces`. No person and no photograph went
in, so none can come out.

**Recipe.** `nets.SubpixelGenerator(32, channels=8)` against `nets.DCGANDiscriminator({channels}, hidden={hidden})`,
both for 64×64 pixels in colour; the relativistic loss, R1 with γ = 1 every 8th step, Adam with β = (0, 0.99) and
learning rate {rate}, batches of {batch}, {steps} steps, the last third with a falling rate; what is stored is the
average of the weights (decay {decay}), in 16 bits. Seed {seed}, the first one tried: another seed gives other numbers.
{seconds} CPU seconds on a core of a machine that had other work to do as well. {size:.2f} MB. The weights are shared
under the licence of this project.

**Measured** with {count:,} samples against {count:,} drawn faces that were not trained on. Fréchet distances: smaller
is better, and only numbers of one row can be compared. Attributes are read by a classifier that was trained on
{reader:,} other drawn faces, and is itself sometimes wrong.
"""


if __name__ == "__main__":
    finished.command(__doc__, train, card)

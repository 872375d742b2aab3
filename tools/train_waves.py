"""Trains the finished generator of vowels, sample by sample, and its rivals; writes it into gan_edu/models/.

    python -m tools.train_waves            # three seeds and dense nets: about six minutes on one core
    python -m tools.train_waves --card     # only measures the finished one again and writes CARD_waves.md

It needs no data from elsewhere: gan_edu.data.sounds makes it. The first seed is shipped, whatever it is like; the
measures of all are kept in benchmarks/recorded/waves.json, and chapter 55 shows them.
"""

import json
import time
from pathlib import Path

import torch

from gan_edu import device, ensemble, models, nets, sound_judges, training
from gan_edu.data import sounds
from gan_edu.files import write_atomically
from tools import finished

ENTRY = "waves_gan"
RECORD = Path(__file__).resolve().parents[1] / "benchmarks" / "recorded" / "waves.json"
VOICE, LENGTH, SOUNDS, COUNT = (140, 280), 1024, 8000, 1000
SEEDS, DRAWN, HELD, AGAIN, OTHERS = (0, 1, 2), 20, 21, 22, 23  # of the training, and of the sounds
STEPS, BATCH = 2100, 32
RECIPE = {"loss": "relativistic", "penalties": {"r1": 0.1}, "penalty_every": 8, "lr": 2e-3, "betas": (0.0, 0.99)}
DECAY, HIDDEN = 0.995, 16  # of the average of the weights; channels of the discriminator
VERSION = "1"  # raise it when the weights change


def waves(n, seed):
    """Vowels (n, 1024) with a root mean square of 1."""
    parts = [sounds.vowels(min(n, 1000), LENGTH, 1000 * seed + k, pitch=VOICE).waves for k in range(-(-n // 1000))]
    return torch.cat(parts)[:n] / sounds.LEVEL


def make_gan(seed):
    device.seed_everything(seed)
    both = models.FINISHED[ENTRY](), nets.WaveDiscriminator(LENGTH, HIDDEN)
    return training.GAN(*both, **RECIPE, ema=DECAY, seed=seed, device="cpu")


def dense_gans():
    """Three seeds of the dense nets of chapter 55, section 3, as one."""
    device.seed_everything(0)
    both = (lambda: nets.mlp([16, 128, 128, LENGTH])), (lambda: nets.mlp([LENGTH, 128, 128, 1]))
    return ensemble.gans(*both, seeds=len(SEEDS), **RECIPE, ema=DECAY)


def gaussian(x, n):
    """n samples of the normal distribution with the mean and the covariance of x."""
    device.seed_everything(0)
    normal = torch.distributions.MultivariateNormal(x.mean(dim=0), torch.cov(x.T) + 1e-4 * torch.eye(x.shape[1]))
    return normal.sample((n,))


def measures(made, real):
    """Of sounds (N, 1024): how periodic (median); octaves between its pitches and real ones (mean distance of sorted
    values); how far spectra lie from the nearest real one, and real ones from them (medians)."""
    played, periodic = sound_judges.pitch(made, 130, 300)
    off = (played.log2().sort().values - sound_judges.pitch(real, 130, 300)[0].log2().sort().values).abs().mean()
    spectra = [sound_judges.log_mel(x * sounds.LEVEL).mean(dim=2) for x in (made, real)]
    between = torch.cdist(*spectra)
    found = {"periodic": periodic.median(), "pitch": off}
    found |= {"near": between.amin(dim=1).median(), "covered": between.amin(dim=0).median()}
    return {name: round(value.item(), 4) for name, value in found.items()}


def train():
    data, real, again = (waves(n, seed) for n, seed in ((SOUNDS, DRAWN), (COUNT, HELD), (COUNT, AGAIN)))
    rows = {"real again": measures(again, real), "Gaussian": measures(gaussian(data, COUNT), real)}
    rows["one real sound, repeated"] = measures(again[:1].repeat(COUNT, 1), real)
    rows["untrained, seed 0"] = measures(make_gan(SEEDS[0]).sample(COUNT)[:, 0], real)
    start = time.process_time()
    dense = finished.stairs(dense_gans(), data, STEPS, BATCH)
    print(f"dense: {time.process_time() - start:.0f} CPU seconds for {len(SEEDS)} seeds", flush=True)
    device.seed_everything(5)
    rows |= {f"dense, seed {seed}": measures(x.cpu(), real) for seed, x in enumerate(dense.sample(COUNT))}
    for seed in SEEDS:
        start = time.process_time()
        gan = finished.stairs(make_gan(seed), data[:, None], STEPS, BATCH)
        print(f"seed {seed}: {time.process_time() - start:.0f} CPU seconds", flush=True)
        if seed == SEEDS[0]:
            finished.write(ENTRY, gan.nets["average"], start, steps=STEPS, seed=seed, version=VERSION)
        device.seed_everything(5)
        rows[f"convolutions, seed {seed}"] = measures(gan.sample(COUNT).cpu()[:, 0], real)
        print(rows[f"convolutions, seed {seed}"], flush=True)
    record = {"torch": torch.__version__.split("+")[0], "steps": STEPS, "batch": BATCH, "sounds": SOUNDS, "rows": rows}
    write_atomically(RECORD, (json.dumps(record, indent=1) + "\n").encode())


def card():
    generator, facts = models.read(ENTRY)
    rows = json.loads(RECORD.read_text(encoding="utf-8"))["rows"]
    made = generator(torch.randn(COUNT, generator.noise_dim, generator=device.generator(1)))[:, 0]
    rows["**this file**, other noise"] = measures(made, waves(COUNT, HELD))
    lines = ["| | periodic | pitch off | near | covered |", "|---|---|---|---|---|"]
    lines += [f"| {who} | " + " | ".join(f"{value:.2f}" for value in row.values()) + " |" for who, row in rows.items()]
    low, high = sound_judges.pitch(made, 130, 300)[0].quantile(torch.tensor([0.05, 0.95]))
    nearest = [torch.cdist(made, waves(SOUNDS, drawn)).amin(dim=1).median() for drawn in (DRAWN, OTHERS)]
    end = END.format(sounds=SOUNDS, copies=nearest[0] / nearest[1], low=low, high=high).strip()
    write_atomically(models.FOLDER / "CARD_waves.md", "\n".join([recipe_of(facts), "", *lines, "", end, ""]).encode())
    print("\n".join(lines))


def recipe_of(facts: dict) -> str:
    """The first part of the card: how the model was made, and what was measured."""
    made = {"size": finished.size([ENTRY]), "sounds": SOUNDS, "batch": BATCH, "count": COUNT, "decay": DECAY}
    return CARD.format(**facts, **made, hidden=HIDDEN, **RECIPE).strip()


CARD = """
# A generator of vowels, sample by sample

Written by `tools/train_waves.py`; don't edit. `gan_edu.models.read("waves_gan")[0]` opens it: noise (N, 16) → sounds
(N, 1, 1024) with a root mean square of about 1, for 8,000 samples per second: 0.13 s each. Times `sounds.LEVEL` they
are as loud as `sounds.vowels`.

**What it is for.** Teaching: how far a small WaveGAN (Donahue, McAuley and Puckette 2019) comes on a laptop. It has
heard only the vowels of `gan_edu.data.sounds.vowels`, from 140 to 280 Hz. No person was recorded.

**Recipe.** `nets.WaveGenerator(1024, 16, 12)` against `nets.WaveDiscriminator(1024, {hidden})`; {sounds:,} vowels; the
{loss} loss, R1 with γ = {penalties[r1]} every {penalty_every}th step, Adam with β = {betas} and learning rate {lr},
batches of {batch}, {steps} steps, the last third with a falling rate; what is stored is the average of the weights
(decay {decay}), in 16 bits. Seed {seed}, the first one: seeds 1 and 2 are below. {seconds} CPU seconds on a core of a
machine that had other work to do as well. {size:.2f} MB. The weights are shared under the licence of this project.

**Measured** with {count:,} sounds against {count:,} vowels that were not trained on. *Periodic*: the median of
`sound_judges.pitch`; 1 is best. *Pitch off*: octaves between its pitches and those of real sounds, both sorted.
*Near*: from a made spectrum (32 log mel bands, averaged over time) to the nearest real one; *covered*: from a real one
to the nearest made one. *Real again* is the floor. *Dense* are the nets of chapter 55, section 3, with the same sounds,
recipe, batches and steps.
"""

END = """
**One hum.** Nine in ten of its sounds have a pitch from {low:.0f} to {high:.0f} Hz. It copies nothing, though: the
nearest of the {sounds:,} waves trained on is {copies:.2f} times as far away as that of {sounds:,} others (medians).

**Limits.** Four vowels, one way of speaking, an eighth of a second. One recipe, that of chapter 55, section 3, but for
batches, steps, rate and average; no other was tried at this length. It has 87,000 weights; with the settings of its
authors' code, WaveGAN's generator has 19 million.
"""


if __name__ == "__main__":
    finished.command(__doc__, train, card)

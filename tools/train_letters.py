"""Trains the transformer of letters and writes it into gan_edu/models/, with its card.

    python -m tools.train_letters            # about a minute on one quiet core
    python -m tools.train_letters --card     # only measures again and writes CARD_letters.md

It needs only the chapters that come with the package (gan_edu.data.chapters).
"""

import math
import time

import torch
import torch.nn.functional as F

from gan_edu import data, models, nets
from gan_edu.files import write_atomically
from tools import finished

ENTRY = "letters_transformer"
HELD_OUT = list(data.chapters())[3::7]  # every seventh chapter; chosen before anything was measured
SEED = 0
VERSION = "1"  # raise it when the weights change
STEPS, BATCH, RATE = 1600, 24, 4e-3


def texts():
    """The numbers (T,) of the signs to learn from, and those that are held out: whole chapters."""
    parts = {number: data.letters(text) + " " for number, text in data.chapters().items()}
    learn = "".join(text for number, text in parts.items() if number not in HELD_OUT)
    held_out = "".join(parts[number] for number in HELD_OUT)
    return [torch.tensor([data.LETTERS.index(letter) for letter in text]) for text in (learn, held_out)]


def train():
    start = time.process_time()
    torch.manual_seed(SEED)
    learn, _ = texts()
    net = nets.LetterTransformer()
    length = net.context + 1
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.05, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS, pct_start=0.1)
    for step in range(STEPS):
        places = torch.randint(len(learn) - length, (BATCH, 1)) + torch.arange(length)
        window = learn[places]
        loss = F.cross_entropy(net(window[:, :-1]).flatten(0, 1), window[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if (step + 1) % 100 == 0:  # how it goes
            print(f"step {step + 1}: {loss.item() / math.log(2):.3f} bits for a letter of the batch", flush=True)
    facts = {"held_out": " ".join(HELD_OUT), "steps": STEPS, "seed": SEED, "version": VERSION}
    finished.write(ENTRY, net.eval(), start, **facts)


def write_card():
    """Measures the model on the held-out chapters and writes its card."""
    net, facts = models.load_letters()
    learn, held_out = texts()
    bits = {name: net.surprise(signs)[:, net.context // 2 :].mean().item() for name, signs in
            (("learned from", learn[: len(held_out)]), ("held out", held_out))}  # fmt: skip
    count = torch.bincount(learn, minlength=27) / len(learn)
    frequencies = -count[held_out].log2().mean().item()
    weights = sum(parameter.numel() for parameter in net.parameters())
    card = f"""# A transformer of letters

Written by `tools/train_letters.py`; don't edit. `gan_edu.models.load_letters()` opens it.

`{ENTRY}.safetensors` holds the weights of `gan_edu.nets.LetterTransformer`: {len(net.blocks)} layers with
{net.blocks[0].heads} heads of attention, {net.place.weight.shape[1]} numbers at each place, a context of {net.context}
letters, {weights:,} weights, stored in 16 bits.
Trained here, from nothing, on {len(learn):,} letters of this course's own prose
(`gan_edu.data.chapters`, as it stood when chapter 57 was first written), in 27 signs: small letters and the space.
AdamW (weight decay 0.05), one-cycle learning rate up to {RATE}, batches of {BATCH} windows, {facts["steps"]} steps,
seed {facts["seed"]}, {facts["seconds"]} CPU seconds, torch {facts["torch"]}, version {facts["version"]}.

Held out: chapters {facts["held_out"]}, {len(held_out):,} letters. (Every seventh chapter, chosen before anything was
measured.) The licence of the text is CC BY 4.0. The weights are shared under the licence of this project.

| bits for each letter, with at least {net.context // 2 + 1} letters before it | |
|---|---|
| as many letters of the chapters learned from | {bits["learned from"]:.3f} |
| held-out chapters | {bits["held out"]:.3f} |
| held-out chapters, frequencies of the letters alone | {frequencies:.3f} |
| no knowledge: log2 27 | {math.log2(27):.3f} |

**Limits.** It has seen one author, one subject and about as much text as a novel has. Chapters share phrases, so
another text will score worse. It sees {net.context} letters. It knows no facts and answers no questions.
"""
    write_atomically(models.FOLDER / "CARD_letters.md", card.encode())
    print(card)


if __name__ == "__main__":
    finished.command(__doc__, train, write_card)

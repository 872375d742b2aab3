"""Trains the classifiers whose features measure images, and writes them into gan_edu/models/.

    python -m tools.train_classifiers                     # both data sets, about ten minutes on one core
    python -m tools.train_classifiers mnist               # one of them
    python -m tools.train_classifiers --card              # only measures again and writes CARD_classifiers.md

It needs the whole data sets: they are found or fetched by gan_edu.data.images(name, full=True).
"""

import argparse
import time

import torch
import torch.nn.functional as F

from gan_edu import metrics, models, nets
from gan_edu.data import images
from tools import finished

NAMES = models.NAMES
EPOCHS = 8
BATCH = 256
RATE = 5e-3
SHIFT = 1  # pixels
SEED = 0
VERSION = "1"  # raise it when the weights change: distances before and after can't be compared


def shifted(x, generator):
    """Each image (N, 1, 28, 28) moved by up to SHIFT pixels, its own way."""
    padded = F.pad(x, [SHIFT] * 4, value=-1.0)
    down, right = torch.randint(0, 2 * SHIFT + 1, (2, len(x), 1, 1), generator=generator)
    pixels = torch.arange(28)
    rows, columns = pixels[:, None] + down, pixels + right
    return padded[torch.arange(len(x))[:, None, None], 0, rows, columns][:, None]


def train(name):
    """Trains the classifier of one data set and writes its weights."""
    start = time.process_time()
    torch.manual_seed(SEED)  # dropout and initial weights
    generator = torch.Generator().manual_seed(SEED)
    data = images(name, "train", full=True)
    x, y = data.tensor(), data.labels
    net = nets.FeatureNet()
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=1e-2)
    steps = len(x) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=EPOCHS * steps)
    for epoch in range(EPOCHS):
        total = 0.0
        for rows in torch.randperm(len(x), generator=generator)[: steps * BATCH].split(BATCH):
            loss = F.cross_entropy(net.head(net(shifted(x[rows], generator))), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"{name} epoch {epoch + 1} of {EPOCHS}: loss {total / steps:.4f}", flush=True)

    # batch norm's running averages lag behind the last steps: recompute them, so that features have variance 1
    norms = [m for m in net.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    net.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average
        norm.train()
    with torch.no_grad():
        for part in x.split(1000):
            net(part)
    net.eval()

    test = images(name, "test", full=True)
    with torch.no_grad():
        right = [(net.head(net(part)).argmax(1) == labels).sum() for part, labels in split(test)]
    accuracy = sum(right).item() / len(test)
    facts = {"data": name, "test_accuracy": f"{accuracy:.4f}", "epochs": EPOCHS, "seed": SEED, "version": VERSION}
    finished.write(f"{name}_classifier", net, start, half=False, **facts)
    metrics.classifiers._classifier.cache_clear()
    print(f"{name}: {accuracy:.2%} of the {len(test):,} test images right", flush=True)


def split(data):
    return zip(data.tensor().split(250), data.labels.split(250), strict=True)


# ---------------------------------------------------------------- the card


def blurred(x, sigma=1.0):
    offsets = torch.arange(-3.0, 4.0)
    weights = torch.exp(-offsets.square() / (2 * sigma**2))
    kernel = torch.outer(weights, weights) / weights.sum() ** 2
    return F.conv2d(F.pad(x, [3] * 4, value=-1.0), kernel[None, None])


def spoilt(x, labels, memorised, generator):
    """Name -> 5,000 images: unseen real ones x (N, 1, 28, 28), spoilt in ways that generators are known for."""
    n = 5000
    part = x[:n]

    def normal():
        return torch.randn(part.shape, generator=generator)

    yield "other real images", part
    yield "the reference's own images", memorised[:n]
    yield "blur, sigma 0.5 px", blurred(part, 0.5)
    yield "blur, sigma 1 px", blurred(part, 1.0)
    yield "Gaussian noise added, sigma 0.1", (part + 0.1 * normal()).clamp(-1, 1)
    yield "Gaussian noise added, sigma 0.3", (part + 0.3 * normal()).clamp(-1, 1)
    yield "moved 2 px to the right", F.pad(part, [2, 0, 0, 0], value=-1.0)[..., :28]
    yield "one pixel in ten erased", torch.where(torch.rand(part.shape, generator=generator) < 0.1, -1.0, part)
    yield "class 8 missing", x[labels != 8][:n]
    yield "only classes 0 to 4", x[labels < 5][:n]
    yield "500 images, ten times each", part[:500].repeat(10, 1, 1, 1)
    yield "one image of each class, 500 times", torch.cat([x[labels == k][:1] for k in range(10)]).repeat(500, 1, 1, 1)
    yield "half of them Gaussian noise", torch.cat([part[: n // 2], normal()[n // 2 :].clamp(-1, 1)])
    yield "the mean image", x.mean(0, keepdim=True).expand(n, 1, 28, 28)
    yield "uniform noise", torch.rand(part.shape, generator=generator) * 2 - 1
    yield "Gaussian noise", normal().clamp(-1, 1)


def distances(a, b, n, m, generator, draws=20):
    """Fréchet distances between n samples drawn from a and m others drawn from b, (draws,)."""
    values = []
    for _ in range(draws):
        rows = torch.randperm(len(a), generator=generator)
        others = rows[n : n + m] if a is b else torch.randperm(len(b), generator=generator)[:m]
        values.append(metrics.frechet_distance(a[rows[:n]], b[others]))
    return torch.tensor(values)


def card(names):
    lines = [CARD.strip(), ""]
    for name in names:
        entry = f"{name}_classifier"
        _, facts = models.read(entry)
        train_set, test_set = images(name, "train", full=True), images(name, "test", full=True)
        x, labels = train_set.tensor(), train_set.labels
        generator = torch.Generator().manual_seed(1)
        start = time.process_time()
        train, test = metrics.features(x, name).double(), metrics.features(test_set.tensor(), name).double()
        speed = (time.process_time() - start) / (len(train) + len(test)) * 5000
        floors = {
            "5,000 training images against 5,000 others": distances(train, train, 5000, 5000, generator),
            "5,000 test images against 5,000 others": distances(test, test, 5000, 5000, generator),
            "5,000 training images against 5,000 test images": distances(train, test, 5000, 5000, generator),
            "5,000 training images against 10,000 others": distances(train, train, 5000, 10_000, generator),
            "5,000 training images against all 10,000 test images": distances(train, test, 5000, 10_000, generator),
        }
        order = torch.randperm(len(x), generator=generator)[:30_000]
        x, labels = x[order], labels[order]
        real = metrics.Reference(name, x[:10_000])
        lines += [
            f"## {name}",
            "",
            f"Test accuracy {float(facts['test_accuracy']):.2%} (10,000 official test images), "
            f"{facts['epochs']} epochs in {int(facts['seconds']):,} CPU seconds, seed {facts['seed']}, "
            f"torch {facts['torch']}, version {facts['version']}. {finished.size([entry]):.2f} MB. "
            f"5,000 images take {speed:.1f} CPU seconds.",
            "",
            "| Fréchet distance between real images, 20 draws | mean | smallest | largest |",
            "|---|---|---|---|",
            *(f"| {label} | {v.mean():.3f} | {v.min():.3f} | {v.max():.3f} |" for label, v in floors.items()),
            "",
            "5,000 images against a reference of 10,000 training images (others than the 5,000, but where said):",
            "",
            "| images | Fréchet | kernel | precision | recall | density | coverage | classes |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for label, fake in spoilt(x[10_000:], labels[10_000:], x[:10_000], generator):
            r = real.report(fake)
            lines.append(
                f"| {label} | {r.frechet:.2f} | {r.kernel:.4f} | {r.precision:.3f} | {r.recall:.3f} "
                f"| {r.density:.3f} | {r.coverage:.3f} | {r.classes} |"
            )
            print(lines[-1], flush=True)
        lines.append("")
    (models.FOLDER / "CARD_classifiers.md").write_text("\n".join(lines), encoding="utf-8")


CARD = """
# Classifiers that measure images

Written by `tools/train_classifiers.py`; don't edit.

`mnist_classifier.safetensors` and `fashion_mnist_classifier.safetensors` hold the weights of `gan_edu.nets.FeatureNet`:
three convolutions (32 of 5 x 5 with stride 2, 64 and 96 of 3 x 3) with batch norm and SiLU, pooled to 4 x 4, a linear
layer to **64 features** with batch norm, and a linear layer to 10 classes. Trained here, from nothing, on the 60,000
training images of one data set: pixels in [-1, 1], moved by up to 1 pixel at random, dropout 0.3, AdamW (weight decay
0.01), one-cycle learning rate up to 0.005, batches of 256.

Data: MNIST, Yann LeCun and Corinna Cortes, CC BY-SA 3.0; Fashion-MNIST, Zalando Research, MIT licence.
The weights are shared under the licence of this project.

**Use.** `metrics.Reference(name, real_images).report(generated_images)`. Compare numbers only if they come from the
same classifier, the same version and the same number of images, and look at the floor first: what real images score
against other real images is not 0, and one draw may be half as much as another. Test images, which the classifier has
not learned from, score about what other training images score.

**Limits.** The features know what tells ten classes apart, and little of what they have in common: an image can be ugly
and still score well. They say nothing about images other than 28 x 28 pictures like those of the data set. No number
says everything. About half of pure noise falls among the real images of one class of Fashion-MNIST, so that its
precision looks fair. 500 images repeated move the Fréchet distance less than a blur of half a pixel; recall and
coverage notice them. Copies of the reference's own images score better than new images do.
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES, help=f"data sets, by default {' and '.join(NAMES)}")
    parser.add_argument("--card", action="store_true", help="don't train, only write CARD.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in () if options.card else options.names:
        train(name)
    card(NAMES)

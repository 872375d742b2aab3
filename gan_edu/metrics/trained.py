"""A small classifier of one's own data, whose features measure generated images."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_edu.data.image_sets import ImageSet
from gan_edu.device import pick
from gan_edu.metrics.extractors import Features, bar, checked, placed
from gan_edu.metrics.tables import Samples, real
from gan_edu.nets import FeatureNet
from gan_edu.settings import SEED, Either, Whole

LEAST = 10  # images of a class
HELD_OUT = 5  # one image of so many is held out
PASSES = 60  # over the training images at most
PIXELS = 6e7  # shown at most, which takes less than a minute on two cores
ENOUGH = 0.995  # accuracy over a pass, with which training ends early
RATE = 5e-3


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TrainedFeatures(Features):
    """Features of a classifier of one's own data; print them to see how good it is.

    Attributes, beside those of `Features`:
        accuracy: share of the held-out images whose class it tells right.
        guessing: what always naming the commonest class would score on them.
        held_out: their places among the images, int64 (H,).
        shown: images that it was trained with, each as often as it was shown.
    """

    accuracy: float
    guessing: float
    held_out: Tensor
    shown: int

    @property
    def tells(self) -> bool:
        """Whether it is better than guessing, by more than two standard errors."""
        scatter = math.sqrt(self.guessing * (1 - self.guessing) / len(self.held_out))
        return self.accuracy > self.guessing + 2 * scatter

    def __repr__(self) -> str:
        return (
            f"{super().__repr__()[:-1]}, {len(self.classes):,} classes: {self.accuracy:.1%} of {len(self.held_out):,} "
            f"held-out images right, {self.guessing:.1%} by always naming the commonest)"
        )


def trained_features(
    images: Samples | ImageSet,
    labels: Samples | None = None,
    classes: Sequence[str] | None = None,
    *,
    seed: int = 0,
    dim: int | None = None,
    shown: int | None = None,
    name: str | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> TrainedFeatures:
    """Train a small classifier of your own images, and measure with its features.

        features = metrics.trained_features(data.folder("pets"))       # a class for each subfolder
        print(features)                                                 # how good it is
        reference = metrics.Reference(features, images)

    Training ends when nearly all images of a pass are told apart, or after 60 passes, or after 60 million pixels were
    shown: less than a minute on two cores. Images are moved by up to a 28th of their side. One image of five, of each
    class, is held out: `accuracy` is measured there, and nowhere else are they used.

    The features know what tells the classes apart, and little of what they have in common. Unlike random features they
    notice when a class is missing. They know the images that they were trained with: trained with 200 digits, they gave
    new digits 1.3 times the floor; with 1,000 no more than that. For a copy audit take random features, or images that
    this classifier has not seen: it spreads its own images out, so that fewer are nearest, and copies hide.

    How many images? There are 8 features, 16 from 96 images on, 32 from 192 and 64 from 384 on, so that a Fréchet
    distance can be told from its floor. Of pictures of simple shapes 100 showed a collapse and a missing class, and
    1,000 a light blur too. `floor` and `scatter` tell what your number of images hides.

    Args:
        images: (N, C, S, S) in [-1, 1], C 1 or 3 and S one of 28, 32, 64, 128; or an ImageSet, a Folder for instance.
        labels: (N,), whole numbers; of an ImageSet they are known.
        classes: names of the classes 0, 1, 2, …; of an ImageSet they are known.
        seed: the same seed gives the same features on the same machine.
        dim: features, if not as above.
        shown: images to train with at most, counted as often as they are shown.
        name: for reports.
        device: by default that of `gan_edu.device`.
        progress: show a bar.

    Raises ValueError or TypeError, in a sentence, for images or labels that don't fit, for one class only, and for
    classes of fewer than 10 images. Warns when the classifier is no better than guessing.
    """
    seed, device = SEED.check(seed, "seed"), pick(device)
    dim, most = Either(Whole(1, 1024)).check(dim, "dim"), Either(Whole(1)).check(shown, "shown")
    data, labels, names = _labelled(images, labels, classes)
    shape = data.shape if isinstance(data, ImageSet) else tuple(data.shape[1:])
    counts = labels.bincount(minlength=len(names))
    dim = _fitting(len(labels)) if dim is None else dim
    gpus = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(gpus):  # dropout and weights; the learner's stream of random numbers goes on undisturbed
        torch.manual_seed(seed)
        net = FeatureNet(shape=shape, classes=len(names), num_features=dim).to(device)  # checks the shape
        if device.type == "cpu":
            net = net.to(memory_format=torch.channels_last)  # faster there
        chance = torch.Generator().manual_seed(seed)
        training, held_out = _split(labels, chance)
        if most is None:
            most = min(PASSES * len(training), int(PIXELS / math.prod(shape[1:])))
        count = _train(net, data, labels, training, most, chance, device, progress)
    _set_norms(net, data, training[torch.randperm(len(training), generator=chance)[:4000]], device)
    told = torch.cat([net.head(net(x)).argmax(1).cpu() for x in _batches(net, data, held_out, device)])
    features = TrainedFeatures(
        name=name or (data.name if isinstance(data, ImageSet) else "trained"),
        shape=shape,
        dim=dim,
        on=placed(net.cpu()),
        classes=names,
        shares=tuple((counts / counts.sum()).tolist()),
        accuracy=(told == labels[held_out]).double().mean().item(),
        guessing=(counts.argmax() == labels[held_out]).double().mean().item(),
        held_out=held_out,
        shown=count,
    )
    if not features.tells:
        warnings.warn(
            f"The classifier is hardly better than guessing: {features.accuracy:.0%} right of {len(held_out):,} "
            f"held-out images, {features.guessing:.0%} by always naming the commonest class. Its features say little: "
            "look whether the labels are right, or take metrics.random_features.",
            stacklevel=2,
        )
    return features


def _fitting(n: int) -> int:
    """Features for n images: a sixth of their number at most, 8 to 64."""
    return next((dim for dim in (64, 32, 16) if 6 * dim <= n), 8)


def _labelled(images, labels, classes) -> tuple[Tensor | ImageSet, Tensor, tuple[str, ...]]:
    """Checked images, their labels 0 … K - 1, and K names."""
    if isinstance(images, ImageSet):
        if labels is None:
            labels, classes = images.labels, images.classes if classes is None else classes
    else:
        if labels is None:
            raise TypeError("labels are missing: say which class each image is of, or give an ImageSet or a Folder.")
        images = real(images, "images")
        if images.ndim != 4:
            raise ValueError(f"images has shape {tuple(images.shape)}; expected (N, C, S, S).")
        images = checked(images, images.shape[1:])
    try:
        labels = torch.as_tensor(labels).detach().cpu()
        if labels.dtype == torch.bool or labels.is_floating_point() or labels.is_complex():
            raise TypeError
    except (TypeError, ValueError, RuntimeError):
        raise TypeError("labels must be whole numbers, one for each image; give the names by classes=.") from None
    if labels.shape != (len(images),):
        raise ValueError(f"labels has shape {tuple(labels.shape)}; expected ({len(images)},), one for each image.")
    there, labels, counts = labels.long().unique(return_inverse=True, return_counts=True)
    if isinstance(classes, str):
        raise TypeError(f"classes must be a list of names; got {classes!r}.")
    if classes is not None and (there[0] < 0 or there[-1] >= len(classes)):
        raise ValueError(
            f"labels run from {there[0]} to {there[-1]}; expected 0 to {len(classes) - 1}, for {len(classes)} classes."
        )
    names = tuple(str(k.item() if classes is None else classes[k]) for k in there)
    if len(names) < 2:
        raise ValueError(
            f"All {len(images):,} images are of one class, {names[0]!r}, and a classifier needs two: sort them into a "
            "subfolder for each class, or take metrics.random_features(shape)."
        )
    few = [f"{name} {n}" for name, n in zip(names, counts.tolist(), strict=True) if n < LEAST]
    if few:
        raise ValueError(
            f"{len(few)} of {len(names)} classes have fewer than {LEAST} images ({', '.join(few[:5])}"
            f"{', …' if len(few) > 5 else ''}): add images, put classes together, or take metrics.random_features."
        )
    return images, labels, names


def _split(labels: Tensor, chance: torch.Generator) -> tuple[Tensor, Tensor]:
    """Places of training images and of held-out ones; of each class one of HELD_OUT is held out."""
    order = torch.randperm(len(labels), generator=chance)
    order = order[labels[order].argsort(stable=True)]  # by classes, in random order in each
    counts = labels.bincount()
    place = torch.arange(len(labels)) - (counts.cumsum(0) - counts)[labels[order]]
    held = place % HELD_OUT == 0
    return order[~held].sort().values, order[held].sort().values


def _rows(data: Tensor | ImageSet, rows: Tensor, device: torch.device) -> Tensor:
    return (
        data.tensor(rows=rows, device=device) if isinstance(data, ImageSet) else data[rows.to(data.device)].to(device)
    )


def _shifted(x: Tensor, chance: torch.Generator) -> Tensor:
    """Each image (N, C, S, S) moved by up to a 28th of its side, its own way; borders are repeated."""
    side = x.shape[-1]
    most = max(1, side // 28)
    move = torch.randint(-most, most + 1, (2, len(x), 1), generator=chance)
    rows, columns = ((torch.arange(side) + way).clamp(0, side - 1).to(x.device) for way in move)
    return x[torch.arange(len(x), device=x.device)[:, None, None], :, rows[:, :, None], columns[:, None, :]].movedim(
        3, 1
    )


def _train(net, data, labels, training, most, chance, device, progress) -> int:
    """Train the net with at most `most` images, and until it can tell them apart; returns how many were shown."""
    size = max(8, min(64, len(training) // 8))
    steps = max(1, most // size)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=max(4, steps))
    net.train()
    done = 0
    with bar(steps * size, "images", progress) as shown:
        while done < steps:
            right = seen = 0
            for rows in torch.randperm(len(training), generator=chance).split(size):
                if done == steps:
                    break
                if len(rows) < size:
                    continue  # batch norm wants batches of one size
                rows = training[rows]
                y = labels[rows].to(device)
                logits = net.head(net(_shifted(_rows(data, rows, device), chance)))
                optimizer.zero_grad()
                F.cross_entropy(logits, y).backward()
                optimizer.step()
                schedule.step()
                right += (logits.detach().argmax(1) == y).sum().item()
                seen += size
                done += 1
                shown.update(size)
            if right >= ENOUGH * seen and done >= steps // 10:  # the learning rate rises up to there
                break
    return done * size


@torch.no_grad()
def _set_norms(net: FeatureNet, data, some: Tensor, device: torch.device) -> None:
    """Running averages lag behind the last steps: take them anew, so that features have variance 1."""
    norms = [layer for layer in net.eval().modules() if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average
        norm.train()
    for rows in some.chunk(max(1, len(some) // 250)):
        net(_rows(data, rows, device))
    net.eval().requires_grad_(False)


def _batches(net: FeatureNet, data, rows: Tensor, device: torch.device):
    return (_rows(data, part, device) for part in rows.split(250))

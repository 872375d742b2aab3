"""How good a run's samples are, in numbers with floors, and which training pictures are nearest to them.

Everything is measured on a limited number of pictures, so that it takes a minute or two on a CPU.
"""

import sys
import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_edu import device, metrics
from gan_edu.data.folders import Folder
from gan_edu.studio.run import Studio

MOST = 2_000  # pictures, real and generated, that are compared
LEAST = 12  # what metrics.Reference wants
MOST_SEARCHED = 20_000  # training pictures among which neighbours are looked for
JUDGED = 256  # samples whose neighbours are looked for
PAIRS, NEIGHBOURS = 8, 3  # that are shown
IN_A_CLASS = 30  # pictures in each of two classes, from which on a classifier is worth its training
KNOWN = 1_000  # pictures, below which the features of a classifier are noticeably unlike for new ones


@dataclass(frozen=True)
class Neighbours:
    """The training pictures nearest to samples.

    samples (PAIRS, C, S, S), those with the nearest neighbours; pictures
    (PAIRS, NEIGHBOURS, C, S, S) and files, their names. of_samples, of_training: median distances to the nearest
    training picture, of samples, and of training pictures without themselves. searched: in how many pictures.
    audit: with pictures that weren't trained on, where there are such.
    """

    samples: Tensor
    pictures: Tensor
    files: list[list[str]]
    of_samples: float
    of_training: float
    searched: int
    audit: metrics.CopyAudit | None


@dataclass(frozen=True)
class Measures:
    """reports: one for each kind of features, with what real pictures would have as precision and recall. notes: what
    couldn't be measured, and why."""

    reports: list[tuple[metrics.ImageReport, float]]
    neighbours: Neighbours | None
    notes: list[str]
    classifier: metrics.TrainedFeatures | None = None


def measure(studio: Studio) -> Measures:
    """All measures of the run as it is now."""
    pictures = studio.trained_on
    if len(pictures) < LEAST:
        return Measures([], None, [f"There are fewer than {LEAST} pictures: too few to measure with."])
    real = pictures.tensor(rows=_some(len(pictures), MOST))
    # another stream than that of the samples that are shown: nobody chose these
    chance = device.generator(2**41 + studio.plan.seed)
    noise = torch.randn(max(JUDGED, len(real)), studio.plan.noise_dim, generator=chance)
    fake = studio.gan.sample(noise, batch=64).float().cpu()
    dim = max(8, min(64, len(real) // 6))  # few pictures can't say how many features vary together
    plain, classifier, reason = metrics.random_features(pictures.shape, dim=dim), None, _no_classifier(pictures)
    try:
        # what is warned of is for a program's author: too bright pictures, few of them, a classifier that guesses
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            if reason is None:
                classifier = metrics.trained_features(pictures, device=studio.gan.device, progress=sys.stderr.isatty())
                if not classifier.tells:
                    reason = _guesses(classifier)
                    classifier = None
            kinds = [plain] if classifier is None else [plain, classifier]
            reports = [_report(kind, real, fake) for kind in kinds]
            # the classifier knows what it was trained with: neighbours in its features would be of the training set
            neighbours = _neighbours(studio, plain, fake[:JUDGED])
    except ValueError as error:  # features without any variance, for instance
        return Measures([], None, [f"These pictures and samples can't be measured: {error}"])
    return Measures(reports, neighbours, [reason] if reason else [], classifier)


def _report(kind: metrics.Features, real: Tensor, fake: Tensor) -> tuple[metrics.ImageReport, float]:
    reference = metrics.Reference(kind, real)
    return reference.report(fake), metrics.expected_precision(reference.features)


def _guesses(classifier: metrics.TrainedFeatures) -> str:
    return (
        f"Features of a classifier of the folder's classes say nothing here. It is right on {classifier.accuracy:.0%} "
        f"of {len(classifier.held_out):,} pictures that it wasn't trained on, and guessing would be on "
        f"{classifier.guessing:.0%}. Are the pictures in the right subfolders? Then more of them may help."
    )


def _some(count: int, most: int) -> Tensor:
    """At most so many places below `count`, in their order, always the same ones."""
    return torch.randperm(count, generator=device.generator(count))[:most].sort().values


def _no_classifier(pictures: Folder) -> str | None:
    """Why no classifier of the picture's classes gives features, or None."""
    counts = pictures.labels.bincount(minlength=len(pictures.classes))
    if len(pictures.classes) < 2:
        return (
            "Features of a classifier say more than random ones. They need classes: a subfolder for each kind of "
            "picture."
        )
    if int(counts.min()) < IN_A_CLASS:
        few = pictures.classes[int(counts.argmin())]
        return (
            f"Features of a classifier say more than random ones. They need at least {IN_A_CLASS} pictures of each "
            f"class, and {few} has {int(counts.min())}."
        )
    return None


def _features(kind, pictures: Folder, rows: Tensor) -> Tensor:
    """Features of some of the pictures (len(rows), D), in parts, so that few pictures are in memory."""
    return torch.cat([kind(pictures.tensor(rows=part), progress=False) for part in rows.split(500)])


def _neighbours(studio: Studio, kind, fake: Tensor) -> Neighbours:
    pictures = studio.trained_on
    rows = _some(len(pictures), MOST_SEARCHED)
    training, generated = _features(kind, pictures, rows), kind(fake)
    found = metrics.nearest(generated, training, min(NEIGHBOURS, len(rows)))
    some = _some(len(rows), JUDGED)
    apart = metrics.nearest(training[some], training, 2).distance[:, 1]  # without itself
    closest = found.distance[:, 0].argsort()[:PAIRS]
    near = rows[found.index[closest]]  # (PAIRS, NEIGHBOURS)
    shown = pictures.tensor(rows=near.flatten()).unflatten(0, near.shape)
    audit = None
    if studio.held_out is not None:
        held = _features(kind, studio.held_out, torch.arange(len(studio.held_out)))
        audit = metrics.copy_audit(generated, training, held)
    return Neighbours(
        samples=fake[closest],
        pictures=shown,
        files=[[pictures.files[row] for row in each] for each in near.tolist()],
        of_samples=found.distance[:, 0].median().item(),
        of_training=apart.median().item(),
        searched=len(rows),
        audit=audit,
    )

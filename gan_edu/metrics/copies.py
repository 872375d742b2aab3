"""The copy audit: which training samples are nearest to generated ones, and is that nearer than it should be?"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from gan_edu.data.image_sets import ImageSet
from gan_edu.metrics.tables import CHUNK, Samples, real
from gan_edu.settings import Whole

SPARE = 8  # candidates beside the k nearest, for what is rounded away
BLOCK = 2**22  # numbers that are held at a time
NARROW = 64  # numbers a sample up to which distances are sums of squared differences


class Nearest(NamedTuple):
    """For each of N samples its k nearest: Euclidean distances, float64 (N, k), and indices, int64 (N, k)."""

    distance: Tensor
    index: Tensor


class _Rows:
    """Samples (N, *features) as finite rows on the CPU, some at a time: an ImageSet needn't fit in memory."""

    def __init__(self, x: Samples | ImageSet, argument: str, least: int = 1):
        if isinstance(x, ImageSet):
            self._take, shape = lambda rows: x.tensor(flat=True, rows=rows), (len(x), *x.shape)
        else:
            x = real(x, argument).cpu()
            self._take, shape = lambda rows: x[rows].flatten(1), tuple(x.shape)
        if len(shape) < 2 or 0 in shape[1:] or shape[0] < least:
            raise ValueError(f"{argument} has shape {shape}; expected (N, ...) with N ≥ {least}.")
        self.count, self.width = shape[0], math.prod(shape[1:])
        if isinstance(x, Tensor) and (bad := sum(int((~rows.isfinite()).any(1).sum()) for _, rows in self.blocks())):
            raise ValueError(f"{bad:,} of {self.count:,} {argument} hold NaN or infinite numbers.")

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, rows: slice | Tensor) -> Tensor:
        return self._take(rows)

    def blocks(self, most: int = 10_000) -> Iterator[tuple[int, Tensor]]:
        """Where each block begins, and its rows."""
        size = max(1, min(most, BLOCK // self.width))
        for first in range(0, self.count, size):
            yield first, self[first : first + size]

    def middle(self) -> Tensor:
        """The mean of all rows, float64."""
        return sum(rows.double().sum(0) for _, rows in self.blocks()) / self.count


def nearest(x: Samples | ImageSet, among: Samples | ImageSet, k: int = 1) -> Nearest:
    """The k nearest samples `among` (M, *features) for each of x (N, *features): pictures, or their features.

    nearest(generated, training).index[:, 0] are the training pictures to lay beside generated ones. Of an ImageSet,
    such as data.folder(…), pixels go from −1 to 1, and a part is read at a time. Raises TypeError and ValueError for
    samples that don't fit.
    """
    k = Whole(1).check(k, "k")
    return _nearest(_Rows(x, "x"), _Rows(among, "among", least=k), k, ("x", "among"))


def _nearest(x: _Rows, among: _Rows, k: int, names: tuple[str, str]) -> Nearest:
    if x.width != among.width:
        raise ValueError(
            f"{names[0]} has {x.width} numbers a sample and {names[1]} has {among.width}; they must agree."
        )
    # In 32 bits, and for wide rows by a matrix product, which is fast, and rounds what is far from 0. So all is moved
    # to the middle, some more than k are found, and these are measured again, exactly.
    middle = among.middle()
    mode = "donot_use_mm_for_euclid_dist" if x.width <= NARROW else "use_mm_for_euclid_dist"
    distances, indices = [], []
    for _, rows in x.blocks(CHUNK):
        moved = (rows - middle).float()
        near, found = torch.empty(len(rows), 0), torch.empty(len(rows), 0, dtype=torch.int64)
        for first, others in among.blocks():
            between = torch.cdist(moved, (others - middle).float(), compute_mode=mode)
            places = torch.arange(first, first + len(others)).expand(len(rows), -1)
            near, found = torch.cat([near, between], dim=1), torch.cat([found, places], dim=1)
            near, best = near.topk(min(k + SPARE, near.shape[1]), largest=False)
            found = found.gather(1, best)
        exact = torch.stack(
            [(among[few].double() - row.double()).norm(dim=1) for row, few in zip(rows, found, strict=True)]
        )
        distance, order = exact.sort(dim=1, stable=True)
        distances.append(distance[:, :k])
        indices.append(found.gather(1, order[:, :k]))
    return Nearest(torch.cat(distances), torch.cat(indices))


@dataclass(frozen=True, eq=False)
class CopyAudit:
    """What `copy_audit` found; print it.

    share: of generated samples whose nearest real one was trained on, and expected: what it would be on average if that
    made no difference. to_training, to_held_out: distances of each generated sample, (N,). index: the nearest training
    sample of each, (N,).
    """

    share: float
    expected: float
    to_training: Tensor
    to_held_out: Tensor
    index: Tensor

    def __repr__(self) -> str:
        n = len(self.index)
        scatter = (self.expected * (1 - self.expected) / n) ** 0.5
        return (
            f"{n:,} generated samples: the nearest real one is of the training set for {self.share:.1%}\n"
            f"  if training had left no trace: {self.expected:.1%}, ± {scatter:.1%} or more\n"
            f"  exact copies: {int((self.to_training == 0).sum()):,}\n"
            f"  median distance to the nearest: {self.to_training.median():.3g} in the training set, "
            f"{self.to_held_out.median():.3g} among held-out samples"
        )


def copy_audit(fake: Samples | ImageSet, training: Samples | ImageSet, held_out: Samples | ImageSet) -> CopyAudit:
    """Are generated samples copies of training samples? Compare with real samples that weren't trained on.

    fake (N, *features), training (M, ...), held_out (L, ...): pictures, or better their features, in which a shifted
    copy is near as well. If generated samples don't depend on which real ones were trained on, training and held-out
    samples are exchangeable, so that a generated sample's nearest real one is of the training set with probability
    M / (M + L). A share well above that says that it copies (in part: look at the pairs). A tie counts half. Chapter 36
    shows what the audit sees and what fools it. Take sets of equal size, or else the share scatters more. Features must
    know neither set: a classifier trained with one of them (`trained_features`) makes the share too small.

    Raises TypeError and ValueError as `nearest` does.
    """
    fake, training, held_out = _Rows(fake, "fake"), _Rows(training, "training"), _Rows(held_out, "held_out")
    to_training = _nearest(fake, training, 1, ("fake", "training"))
    to_held_out = _nearest(fake, held_out, 1, ("fake", "held_out"))
    mine, theirs = to_training.distance[:, 0], to_held_out.distance[:, 0]
    share = ((mine < theirs).double() + 0.5 * (mine == theirs)).mean().item()
    expected = len(training) / (len(training) + len(held_out))
    return CopyAudit(share, expected, mine, theirs, to_training.index[:, 0])

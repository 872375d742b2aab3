"""The copy audit: which training samples are nearest to generated ones, and is that nearer than it should be?"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from gan_edu.metrics.tables import CHUNK, Samples, real
from gan_edu.settings import Whole

SPARE = 8  # candidates beside the k nearest, for what a matrix product rounds away


class Nearest(NamedTuple):
    """For each of N samples its k nearest: Euclidean distances, float64 (N, k), and indices, int64 (N, k)."""

    distance: Tensor
    index: Tensor


def _rows(x: Samples, argument: str, least: int = 1) -> Tensor:
    """Samples (N, *features) as finite float32 rows on the CPU: pictures are too many numbers for float64."""
    x = real(x, argument).cpu()
    if x.ndim < 2 or x[:1].numel() == 0 or len(x) < least:
        raise ValueError(f"{argument} has shape {tuple(x.shape)}; expected (N, ...) with N ≥ {least}.")
    rows = x.reshape(len(x), -1).float()
    if bad := int((~rows.isfinite()).any(1).sum()):
        raise ValueError(f"{bad:,} of {len(x):,} {argument} hold NaN or infinite numbers.")
    return rows


def nearest(x: Samples, among: Samples, k: int = 1) -> Nearest:
    """The k nearest samples `among` (M, *features) for each of x (N, *features): pictures, or their features.

    nearest(generated, training).index[:, 0] are the training pictures to lay beside generated ones. Raises TypeError
    and ValueError for samples that don't fit.
    """
    k = Whole(1).check(k, "k")
    x, among = _rows(x, "x"), _rows(among, "among", least=k)
    if x.shape[1] != among.shape[1]:
        raise ValueError(f"x has {x.shape[1]} numbers a sample and among has {among.shape[1]}; they must agree.")
    distances, indices = [], []
    for rows in x.split(CHUNK):
        # fast, and rounded: distances near 0 come out as thousandths. So the best are measured again, exactly.
        found = torch.cdist(rows, among).topk(min(k + SPARE, len(among)), largest=False).indices
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


def copy_audit(fake: Samples, training: Samples, held_out: Samples) -> CopyAudit:
    """Are generated samples copies of training samples? Compare with real samples that weren't trained on.

    fake (N, *features), training (M, ...), held_out (L, ...): pictures, or better their features, in which a shifted
    copy is near as well. If generated samples don't depend on which real ones were trained on, training and held-out
    samples are exchangeable, so that a generated sample's nearest real one is of the training set with probability
    M / (M + L). A share well above that says that it copies (in part: look at the pairs). A tie counts half. Chapter 36
    shows what the audit sees and what fools it. Take sets of equal size, or else the share scatters more. Features must
    know neither set: a classifier trained with one of them (`trained_features`) makes the share too small.

    Raises TypeError and ValueError as `nearest` does.
    """
    fake, training, held_out = _rows(fake, "fake"), _rows(training, "training"), _rows(held_out, "held_out")
    for rows, name in ((training, "training"), (held_out, "held_out")):
        if rows.shape[1] != fake.shape[1]:
            raise ValueError(
                f"fake has {fake.shape[1]} numbers a sample and {name} has {rows.shape[1]}; they must agree."
            )
    to_training, to_held_out = nearest(fake, training), nearest(fake, held_out)
    mine, theirs = to_training.distance[:, 0], to_held_out.distance[:, 0]
    share = ((mine < theirs).double() + 0.5 * (mine == theirs)).mean().item()
    expected = len(training) / (len(training) + len(held_out))
    return CopyAudit(share, expected, mine, theirs, to_training.index[:, 0])

"""Measures by nearest neighbours: precision and recall, density and coverage."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from gan_edu.metrics.tables import CHUNK, Samples, finite, table, two_tables
from gan_edu.settings import Whole


class PrecisionRecall(NamedTuple):
    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    density: float
    coverage: float


def neighbour_distances(x: Samples, k: int) -> Tensor:
    """Distance of each sample to its k-th nearest neighbour among the others: x (N, d) -> (N,)."""
    k = Whole(1).check(k, "k")
    x = table(x, "x", least=k + 1)
    nearest = [torch.cdist(rows, x).topk(k + 1, largest=False).values[:, -1] for rows in x.split(CHUNK)]
    return torch.cat(nearest)  # k + 1, because the nearest of all is the sample itself


def _balls(points: Tensor, centres: Tensor, radii: Tensor) -> tuple[Tensor, Tensor]:
    """How many balls hold each point (M,), and how many points each ball holds (N,)."""
    per_point, per_ball = [], torch.zeros(len(centres), dtype=torch.int64)
    for rows in points.split(CHUNK):
        inside = torch.cdist(rows, centres) <= radii
        per_point.append(inside.sum(dim=1))
        per_ball += inside.sum(dim=0)
    return torch.cat(per_point), per_ball


def _checked(real: Samples, fake: Samples, k: int, radii: Samples | None) -> tuple[Tensor, Tensor, Tensor]:
    k = Whole(1).check(k, "k")
    real, fake = two_tables(real, fake, ("real", "fake"), least=k + 1)
    radii = neighbour_distances(real, k) if radii is None else finite(radii, "radii")
    if radii.shape != (len(real),):
        raise ValueError(f"radii has shape {tuple(radii.shape)}; expected ({len(real)},), one for each real sample.")
    return real, fake, radii


def precision_recall(real: Samples, fake: Samples, k: int = 3, radii: Samples | None = None) -> PrecisionRecall:
    """Share of fake samples among the real ones, and of real samples among the fake ones.

    real: (N, d), fake: (M, d). "Among" means inside at least one ball around a sample that reaches to its k-th nearest
    neighbour (Kynkäänniemi et al. 2019, arXiv 1904.06991). Not 1 for equal distributions, and what they are then
    depends on the dimension and on the number of samples: for N(0, I) in 64 dimensions and k = 3 about 0.67 with 200
    samples of each and 0.61 with 2,000.
    radii: (N,), `neighbour_distances(real, k)` if they are known already.
    """
    real, fake, radii = _checked(real, fake, k, radii)
    precision = (_balls(fake, real, radii)[0] > 0).double().mean()
    recall = (_balls(real, fake, neighbour_distances(fake, k))[0] > 0).double().mean()
    return PrecisionRecall(precision.item(), recall.item())


def expected_precision(real: Samples, k: int = 3) -> float:
    """About what `precision_recall` finds, for both, when real (N, d) is compared with N new samples of its own kind.

    Each real sample in turn stands for a new one and is compared with the others: it is among them if it is one of the
    k nearest of at least one of them.
    """
    k = Whole(1).check(k, "k")
    real = table(real, "real", least=k + 2)
    found = torch.zeros(len(real), dtype=torch.bool)
    for first in range(0, len(real), CHUNK):
        apart = torch.cdist(real[first : first + CHUNK], real)
        apart[torch.arange(len(apart)), torch.arange(first, first + len(apart))] = torch.inf  # without itself
        found[apart.topk(k, largest=False).indices.flatten()] = True
    return found.double().mean().item()


def density_coverage(real: Samples, fake: Samples, k: int = 5, radii: Samples | None = None) -> DensityCoverage:
    """How many real balls hold a fake sample, divided by k, on average; and the share of real balls that hold one.

    real: (N, d), fake: (M, d); a ball reaches from a real sample to its k-th nearest real neighbour (Naeem et al. 2020,
    arXiv 2002.09797). For equal distributions the means are 1 and `expected_coverage`, in any dimension.
    radii: (N,), `neighbour_distances(real, k)` if they are known already.
    """
    real, fake, radii = _checked(real, fake, k, radii)
    per_point, per_ball = _balls(fake, real, radii)
    return DensityCoverage(per_point.double().mean().item() / k, (per_ball > 0).double().mean().item())


def expected_coverage(n: int, m: int, k: int = 5) -> float:
    """Mean coverage of n real samples by m fake ones of the same continuous distribution; 1 - 2^-k for large n = m.

    1 - prod_{i<k} (n - 1 - i) / (n + m - 1 - i): a ball is empty if its sample's k nearest neighbours among the n - 1
    real and m fake ones are all real (Naeem et al. 2020, arXiv 2002.09797).
    """
    if not 1 <= k < n or m < 1:
        raise ValueError(f"expected 1 <= k < n and m >= 1, not k={k}, n={n}, m={m}.")
    return 1 - math.prod((n - 1 - i) / (n + m - 1 - i) for i in range(k))

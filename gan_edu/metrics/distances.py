"""Distances between two clouds of features: Fréchet's, and that of a kernel."""

import torch
from torch import Tensor

from gan_edu.metrics.tables import CHUNK, Samples, table, two_tables


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (d,) and covariance (d, d) of (N, d)."""
    return x.mean(dim=0), torch.cov(x.T).reshape(x.shape[1], x.shape[1])  # divides by N - 1, as torchmetrics does


def _root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def frechet(moments_x: tuple[Tensor, Tensor], moments_y: tuple[Tensor, Tensor]) -> float:
    """`frechet_distance` between what `moments` gave."""
    (mean_x, cov_x), (mean_y, cov_y) = moments_x, moments_y
    root = _root(cov_x)
    # the symmetric form has the eigenvalues of cov_x @ cov_y, but never leaves the real numbers
    cross = torch.linalg.eigvalsh(root @ cov_y @ root).clamp(min=0).sqrt().sum()
    return ((mean_x - mean_y).square().sum() + cov_x.trace() + cov_y.trace() - 2 * cross).item()


def frechet_distance(x: Samples, y: Samples) -> float:
    """Squared Fréchet distance between Gaussians fitted to x (N, d) and y (M, d); with Inception features called FID.

    |mean_x - mean_y|^2 + Tr(S_x + S_y - 2 (S_x S_y)^(1/2)), in squared units of the features (Dowson and Landau 1982;
    Heusel et al. 2017, arXiv 1706.08500). Sampling makes it too large: by about `frechet_expected_floor` where the two
    distributions are nearly equal, and by another amount where they aren't (less if y is narrower; Chong and Forsyth
    2020, arXiv 1911.07023). Rounding may leave -1e-8 in the place of 0.
    """
    x, y = two_tables(x, y, ("x", "y"))
    return frechet(moments(x), moments(y))


def frechet_expected_floor(d: int, n: int, m: int | None = None, covariance: Samples | None = None) -> float:
    """Expected `frechet_distance` between n and m (by default n) samples of the same d-dimensional normal distribution.

    [d (d + 1) / 2 + 2 d] (1/n + 1/m) / 2 for equal variances of 1; that is the first term of an expansion in 1/n, good
    for n much larger than d. With a covariance (d, d) of eigenvalues v the bracket is
    5/2 sum_i v_i + sum_ij v_i v_j / (v_i + v_j), which is smaller when few directions hold most of the variance.
    """
    m = n if m is None else m
    if min(d, n, m) < 1:
        raise ValueError(f"d, n and m must be at least 1, not {d}, {n} and {m}.")
    v = torch.ones(d, dtype=torch.float64)
    if covariance is not None:
        covariance = table(covariance, "covariance", least=1)
        if covariance.shape != (d, d):
            raise ValueError(f"covariance has shape {tuple(covariance.shape)}; expected ({d}, {d}).")
        v = torch.linalg.eigvalsh(covariance).clamp(min=1e-300)  # 0 / 0 is no way to say 0
    bracket = 2.5 * v.sum() + (v[:, None] * v / (v[:, None] + v)).sum()
    return bracket.item() * (1 / n + 1 / m) / 2


def _kernel_sum(x: Tensor, y: Tensor) -> Tensor:
    """Sum over all pairs of (x.y / d + 1)^3."""
    return sum(((rows @ y.T).div_(x.shape[1]).add_(1).pow_(3).sum() for rows in x.split(CHUNK)), torch.tensor(0.0))


def kernel_distance(x: Samples, y: Samples) -> float:
    """Unbiased squared maximum mean discrepancy between x (N, d) and y (M, d); with Inception features called KID.

    The kernel is (x.y / d + 1)^3 (Binkowski et al. 2018, arXiv 1801.01401; Gretton et al. 2012). For equal
    distributions its mean is 0, so some values are negative: often a little more than half of them, as large positive
    values are more frequent than large negative ones.
    """
    x, y = two_tables(x, y, ("x", "y"))
    n, m = len(x), len(y)
    same_x = _kernel_sum(x, x) - (x.square().mean(dim=1) + 1).pow(3).sum()  # without a sample's pair with itself
    same_y = _kernel_sum(y, y) - (y.square().mean(dim=1) + 1).pow(3).sum()
    return (same_x / (n * (n - 1)) + same_y / (m * (m - 1)) - 2 * _kernel_sum(x, y) / (n * m)).item()

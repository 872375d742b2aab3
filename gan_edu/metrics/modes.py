"""Which modes of a mixture are captured, and how well."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from gan_edu.data.distribution import Mixture
from gan_edu.metrics.tables import Samples, finite, table
from gan_edu.settings import Number

HIGH_QUALITY_CEILING_2D = 1 - math.exp(-4.5)
"""Share of exact samples of a 2-D Gaussian within 3 standard deviations: 0.98889. More means modes too narrow."""


@dataclass(frozen=True, eq=False)
class ModeCoverage:
    """What `mode_coverage` found. For an ensemble every field but `total` is a tensor with a first dimension (S,).

    captured: modes with at least one high-quality sample. high_quality: share of high-quality samples, 0 to 1.
    reverse_kl: in nats; NaN without any high-quality sample. counts: high-quality samples of each mode, (K,) or (S, K).
    total: number of modes K.
    """

    captured: int | torch.Tensor
    high_quality: float | torch.Tensor
    reverse_kl: float | torch.Tensor
    counts: torch.Tensor
    total: int

    def __repr__(self) -> str:
        runs = [torch.as_tensor(field).double() for field in (self.captured, self.high_quality, self.reverse_kl)]
        captured, quality, kl = (field.mean().item() for field in runs)
        of = f"mean of {len(runs[0])} runs: " if runs[0].ndim else ""
        return (
            f"ModeCoverage({of}{captured:.4g} of {self.total} modes, {quality:.1%} high quality, reverse KL {kl:.4f})"
        )


def mode_coverage(
    samples: Samples,
    modes: Samples | Mixture,
    std: float | None = None,
    weights: Samples | None = None,
    sigmas: float = 3.0,
) -> ModeCoverage:
    """Modes captured, share of high-quality samples, and reverse KL, for a mixture of round Gaussians.

    A sample is of high quality if its nearest mode is at most `sigmas` standard deviations away; a mode is captured if
    it is the nearest one of at least one such sample (VEEGAN, Srivastava et al. 2017, arXiv 1705.07761). The reverse
    KL is KL(shares of high-quality samples among the modes || weights), in nats (PacGAN, Lin et al. 2018, arXiv
    1712.04086). Both papers draw 2,500 samples; a perfect sampler reaches HIGH_QUALITY_CEILING_2D and
    `reverse_kl_floor`.

    samples: (N, D), or (S, N, D) for S runs side by side. modes: (K, D), or a distribution with modes
    (`data.Mixture`), such as those of `data.toy`; it knows its own std and weights. std: standard deviation of a mode.
    weights: (K,) positive shares of the modes, equal by default. Without any high-quality sample there are no shares:
    captured is 0, reverse_kl NaN.
    """
    if isinstance(modes, Mixture):
        if modes.modes is None:
            raise ValueError(f"{getattr(modes, 'name', 'this distribution')} has no modes; use a mixture such as ring.")
        std = modes.mode_std if std is None else std
        weights = modes.mode_weights if weights is None else weights
        modes = modes.modes
    if std is None:
        raise ValueError("std is missing: give the standard deviation of one mode.")
    std, sigmas = Number(0, above=True).check(std, "std"), Number(0, above=True).check(sigmas, "sigmas")
    modes = table(modes, "modes", least=1)
    samples = finite(samples, "samples")
    if samples.ndim not in (2, 3) or samples.shape[-1] != modes.shape[1]:
        d = modes.shape[1]
        raise ValueError(f"samples has shape {tuple(samples.shape)}; expected (N, {d}) or (S, N, {d}).")
    runs = samples.reshape(-1, *samples.shape[-2:])
    if runs.shape[0] < 1 or runs.shape[1] < 2:
        raise ValueError(f"samples has shape {tuple(samples.shape)}; at least 2 samples are needed.")
    total = len(modes)
    weights = torch.ones(total) if weights is None else weights
    weights = finite(weights, "weights")
    if weights.shape != (total,) or not (weights > 0).all():
        raise ValueError(f"weights must be {total} positive numbers, one for each mode.")

    # cdist's shortcut by matrix products loses half of the digits, which small modes far from 0 would notice
    distance, nearest = torch.cdist(runs, modes, compute_mode="donot_use_mm_for_euclid_dist").min(dim=-1)
    good = distance <= sigmas * std
    counts = F.one_hot(nearest, total).mul(good[..., None]).sum(dim=1)  # (S, K)
    shares = counts.double() / counts.sum(dim=1, keepdim=True)  # 0 / 0 is the NaN of the docstring
    kl = torch.xlogy(shares, shares / (weights / weights.sum())).sum(dim=1)
    captured, quality = (counts > 0).sum(dim=1), good.double().mean(dim=1)
    if samples.ndim == 3:
        return ModeCoverage(captured, quality, kl, counts, total)
    return ModeCoverage(captured.item(), quality.item(), kl.item(), counts[0], total)


def reverse_kl_floor(K: int, N: int) -> float:
    """Expected reverse KL of a perfect sampler with N high-quality samples on K modes: (K - 1) / (2 N), in nats.

    First term of the bias of the plug-in estimate (Miller 1955); good where every mode expects a few samples.
    """
    if K < 1 or N < 1:
        raise ValueError(f"K and N must be at least 1, not {K} and {N}.")
    return (K - 1) / (2 * N)

import math

import numpy as np
import torch
from checks_cases import Case, chapter_tests
from scipy import linalg

from gan_edu import metrics
from gan_edu.checks import chapter_36 as q


def score_stub(probabilities):
    # YOUR CODE HERE
    raise NotImplementedError()


def entropy(p):
    return torch.special.entr(p).sum(-1)


def by_entropies(p):
    return torch.exp(entropy(p.mean(0)) - entropy(p).mean())


def row_by_row(p):
    marginal, total = p.double().mean(0), 0.0
    for row in p.double():
        total += sum(a * math.log(a / b) for a, b in zip(row.tolist(), marginal.tolist(), strict=True) if a > 0)
    return math.exp(total / len(p))


inception_score = Case(
    q.inception_score,
    score_stub,
    right=[by_entropies, row_by_row, lambda p: ((p + 1e-30) * ((p + 1e-30) / p.mean(0)).log()).sum(1).mean().exp()],
    wrong={
        "no_exp": lambda p: by_entropies(p).log(),
        "exp_before_the_mean": lambda p: (torch.xlogy(p, p) - torch.xlogy(p, p.mean(0))).sum(1).exp().mean(),
        "kl_swapped": lambda p: (p.mean(0) * (p.mean(0).log() - p.log())).sum(1).mean().exp(),
        "mean_over_classes": lambda p: by_entropies(p) ** (1 / p.shape[1]),
        "only_variety": lambda p: entropy(p.mean(0)).exp(),
        "nan_at_zero": lambda p: torch.exp((p * torch.log(p / p.mean(0, keepdim=True))).sum(1).mean()),
    },
    also_wrong=[
        lambda p: (-entropy(p)).mean().exp(),
        lambda p: by_entropies(p) + 1,
        lambda p: p,
    ],
)


def frechet_stub(mean_x, cov_x, mean_y, cov_y):
    # YOUR CODE HERE
    raise NotImplementedError()


def with_sqrtm(mean_x, cov_x, mean_y, cov_y):
    mx, sx, my, sy = (each.numpy() for each in (mean_x, cov_x, mean_y, cov_y))
    return float(np.sum((mx - my) ** 2) + np.trace(sx + sy - 2 * linalg.sqrtm(sx @ sy).real))


def with_eigenvalues_of_the_product(mean_x, cov_x, mean_y, cov_y):
    cross = torch.linalg.eigvals(cov_x @ cov_y).sqrt().real.sum()
    return ((mean_x - mean_y) ** 2).sum() + (cov_x + cov_y).diagonal().sum() - 2 * cross


def by_cholesky(mean_x, cov_x, mean_y, cov_y):
    """The singular values of L_xᵀ L_y are the roots that are wanted."""
    cross = torch.linalg.svdvals(torch.linalg.cholesky(cov_x).T @ torch.linalg.cholesky(cov_y)).sum()
    return torch.dist(mean_x, mean_y) ** 2 + cov_x.trace() + cov_y.trace() - 2 * cross


frechet = Case(
    q.frechet,
    frechet_stub,
    right=[with_sqrtm, with_eigenvalues_of_the_product, by_cholesky],
    wrong={
        "fid_without_cross_term": lambda a, s, b, t: ((a - b) ** 2).sum() + s.trace() + t.trace(),
        "root_of_each_number": lambda a, s, b, t: ((a - b) ** 2).sum() + (s + t - 2 * (s @ t).abs().sqrt()).trace(),
        "product_of_each_number": [
            lambda a, s, b, t: ((a - b) ** 2).sum() + (s + t - 2 * (s * t).sqrt()).trace(),
            lambda a, s, b, t: ((a - b) ** 2).sum() + (s.diagonal().sqrt() - t.diagonal().sqrt()).square().sum(),
        ],
        "no_root": lambda a, s, b, t: ((a - b) ** 2).sum() + (s + t - 2 * s @ t).trace(),
        "root_of_the_whole": lambda a, s, b, t: with_eigenvalues_of_the_product(a, s, b, t) ** 0.5,
        "mean_not_squared": lambda a, s, b, t: torch.dist(a, b) + with_eigenvalues_of_the_product(a, s, a, t),
        "only_means": lambda a, s, b, t: (a - b).pow(2).sum(),
    },
    also_wrong=[
        lambda a, s, b, t: with_eigenvalues_of_the_product(a, s, b, t) / len(a),
        lambda a, s, b, t: (a - b).square().mean() + with_eigenvalues_of_the_product(a, s, a, t),
        lambda a, s, b, t: s + t - 2 * s @ t,
    ],
)


def mmd_stub(kxx, kyy, kxy):
    # YOUR CODE HERE
    raise NotImplementedError()


def pair_by_pair(kxx, kyy, kxy):
    def mean(k):
        found = [k[i, j].item() for i in range(len(k)) for j in range(len(k)) if i != j]
        return sum(found) / len(found)

    return mean(kxx) + mean(kyy) - 2 * kxy.mean().item()


def with_masks(kxx, kyy, kxy):
    def mean(k):
        return k[~torch.eye(len(k), dtype=torch.bool)].mean()

    return mean(kxx) + mean(kyy) - kxy.mean() - kxy.T.mean()


unbiased_mmd = Case(
    q.unbiased_mmd,
    mmd_stub,
    right=[pair_by_pair, with_masks],
    wrong={
        "diagonal_counted": lambda x, y, c: x.sum() / len(x) ** 2 + y.sum() / len(y) ** 2 - 2 * c.mean(),
        "too_many_pairs": lambda x, y, c: (
            (x - x.diagonal().diag()).mean() + (y - y.diagonal().diag()).mean() - 2 * c.mean()
        ),
        "cross_term_once": lambda x, y, c: with_masks(x, y, c) + c.mean(),
        "clipped": lambda x, y, c: max(0.0, pair_by_pair(x, y, c)),
        "half_of_the_pairs": lambda x, y, c: 0.5 * (with_masks(x, y, c) + 2 * c.mean()) - 2 * c.mean(),
    },
    also_wrong=[
        lambda x, y, c: -pair_by_pair(x, y, c),
        lambda x, y, c: math.sqrt(abs(pair_by_pair(x, y, c))),
        lambda x, y, c: x.mean() + y.mean() + c.mean(),
    ],
)


def coverage_stub(real, fake, k):
    # YOUR CODE HERE
    raise NotImplementedError()


def from_the_library(real, fake, k):
    radii = metrics.neighbour_distances(real, k)
    between = (real[:, None].double() - fake[None].double()).norm(dim=-1)
    return (between.amin(1) <= radii).double().mean().item()


def with_numpy(real, fake, k):
    real, fake = np.asarray(real), np.asarray(fake)
    covered = 0
    for i, center in enumerate(real):
        others = np.linalg.norm(np.delete(real, i, axis=0) - center, axis=1)
        covered += np.linalg.norm(fake - center, axis=1).min() <= np.sort(others)[k - 1]
    return covered / len(real)


coverage = Case(
    q.coverage,
    coverage_stub,
    right=[
        from_the_library,
        with_numpy,
        lambda r, f, k: (
            (torch.cdist(r, f).min(1).values <= torch.cdist(r, r).topk(k + 1, largest=False).values[:, -1])
            .float()
            .mean()
        ),
    ],
    wrong={
        "itself_a_neighbour": lambda r, f, k: (
            (torch.cdist(r, f) <= torch.cdist(r, r).topk(k, largest=False).values[:, -1:]).any(1).float().mean()
        ),
        "balls_around_fakes": lambda r, f, k: (
            (torch.cdist(f, r) <= metrics.neighbour_distances(f, k)[:, None]).any(0).float().mean()
            if len(f) > k
            else q._balls_around_fakes(r, f, k)
        ),
        "precision": lambda r, f, k: metrics.precision_recall(r, f, k).precision if len(f) > k else 1.0,
        "density": lambda r, f, k: metrics.density_coverage(r, f, k).density if len(f) > k else 1.5,
        "count": lambda r, f, k: from_the_library(r, f, k) * len(r),
    },
    also_wrong=[
        lambda r, f, k: 1 - from_the_library(r, f, k),
        lambda r, f, k: from_the_library(f, r, min(k, len(f) - 1)),
        lambda r, f, k: 1 - 2.0**-k,
    ],
)

TestChapter36 = chapter_tests(q, inception_score, frechet, unbiased_mmd, coverage)

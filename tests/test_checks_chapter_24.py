import numpy as np
import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_24 as q


def code_stub(mean, log_variance, noise):
    # YOUR CODE HERE
    raise NotImplementedError()


draw_code = Case(
    q.draw_code,
    code_stub,
    right=[
        lambda m, v, e: m + v.exp().sqrt() * e,
        lambda m, v, e: torch.addcmul(m, torch.exp(v / 2), e),
        lambda mean, log_var, eps: (mean.double() + torch.exp(log_var.double()) ** 0.5 * eps.double()).float(),
    ],
    wrong={
        "log_var_as_std": lambda m, v, e: m + e * v,
        "variance_instead_of_std": lambda m, v, e: m + torch.exp(v) * e,
        "doubled_instead_of_halved": lambda m, v, e: m + torch.exp(v) ** 2 * e,
        "multiplies_the_mean": [lambda m, v, e: m * torch.exp(v / 2) * e, lambda m, v, e: m * torch.exp(v)],
        "fresh_noise": lambda m, v, e: m + (0.5 * v).exp() * torch.randn(e.shape),
        "no_noise": [lambda m, v, e: m * 1.0, lambda m, v, e: m + torch.exp(v / 2)],
    },
    also_wrong=[
        lambda m, v, e: m + (0.5 * v).exp() * torch.rand(e.shape),
        lambda m, v, e: m - (0.5 * v).exp() * e * 1.5,
        lambda m, v, e: (m + (0.5 * v).exp() * e).detach(),
        lambda m, v, e: m + (0.5 * v.detach()).exp() * e,
    ],
)


def price_stub(mean, log_variance):
    # YOUR CODE HERE
    raise NotImplementedError()


def with_distributions(mean, log_variance):
    cloud = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    return torch.distributions.kl_divergence(cloud, torch.distributions.Normal(0.0, 1.0)).mean(0)


def number_by_number(mean, log_variance):
    prices = []
    for m, v in zip(mean.T, log_variance.T, strict=True):
        prices.append((m**2 + torch.exp(v) - 1 - v).sum() / (2 * len(m)))
    return torch.stack(prices)


price_per_number = Case(
    q.price_per_number,
    price_stub,
    right=[
        with_distributions,
        number_by_number,
        lambda m, v: -0.5 * torch.mean(1 + v - m.pow(2) - v.exp(), dim=0),
    ],
    wrong={
        "kl_sign": lambda m, v: 0.5 * torch.mean(1 + v - m.pow(2) - v.exp(), dim=0),
        "log_var_as_variance": lambda m, v: ((m**2 + v - 1 - v) / 2).mean(0),
        "log_var_as_log_std": lambda m, v: (m**2 + v.exp() ** 2 - 1 - v).mean(0) / 2,
        "mean_over_wrong_axis": [
            lambda m, v: (m**2 + v.exp() - 1 - v).mean(1) / 2,
            lambda m, v: (m**2 + v.exp() - 1 - v).sum(-1) / 2,
        ],
        "one_number_for_all": [
            lambda m, v: (m**2 + v.exp() - 1 - v).sum(1).mean() / 2,
            lambda m, v: (m**2 + v.exp() - 1 - v).mean() / 2,
        ],
        "sum_over_pictures": lambda m, v: (m**2 + v.exp() - 1 - v).sum(0) / 2,
        "missing_half": lambda m, v: (m**2 + v.exp() - 1 - v).mean(0),
        "no_prior": lambda m, v: -v.mean(0) / 2,
    },
    also_wrong=[
        lambda m, v: 0.5 * (m.square() + v.exp() - 1 - v),
        lambda m, v: 0.5 * (m.square() + v.exp() - v).mean(0),
        lambda m, v: 0.5 * (m.abs() + v.exp() - 1 - v).mean(0),
        lambda m, v: [1.0] * m.shape[1],
        lambda m, v: (m**2 + v.exp() - 1 - v).mean(0).detach() / 2,
        lambda m, v: (m.detach() ** 2 + v.exp() - 1 - v).mean(0) / 2,
    ],
)


def sample_stub(codes, n):
    # YOUR CODE HERE
    raise NotImplementedError()


def with_cholesky(codes, n):
    root = torch.linalg.cholesky(torch.cov(codes.T))
    return codes.mean(0) + torch.randn(n, codes.shape[1]) @ root.T


def with_numpy(codes, n):
    drawn = np.random.multivariate_normal(codes.mean(0).numpy(), np.cov(codes.numpy(), rowvar=False), size=n)
    return torch.from_numpy(drawn)


def with_eigenvectors(codes, n):
    centred = codes - codes.mean(0)
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(codes))
    return torch.randn(n, codes.shape[1]) * values.sqrt() @ vectors.T + codes.mean(0)


def one_short(codes, n):
    """Only the two principal directions."""
    _, values, vectors = torch.linalg.svd(codes - codes.mean(0), full_matrices=False)
    z = torch.randn(n, 2) * values[:2] / (len(codes) - 1) ** 0.5
    return codes.mean(0) + z @ vectors[:2]


def jumps(codes, n):
    """The right mean and covariance, and only four different points."""
    root = torch.linalg.cholesky(torch.cov(codes.T))
    return codes.mean(0) + torch.randn(n, codes.shape[1]).sign() @ root.T


def one_seed(codes, n):
    torch.manual_seed(0)
    return with_cholesky(codes, n)


sample_codes = Case(
    q.sample_codes,
    sample_stub,
    right=[with_cholesky, with_numpy, with_eigenvectors],
    wrong={
        "standard_normal": lambda codes, n: torch.distributions.Normal(0, 1).sample((n, codes.shape[1])),
        "independent_numbers": lambda codes, n: torch.normal(codes.mean(0).expand(n, -1), codes.std(0).expand(n, -1)),
        "mean_forgotten": lambda codes, n: with_cholesky(codes - codes.mean(0), n),
        "covariance_without_root": lambda codes, n: codes.mean(0) + torch.randn(n, 3) @ torch.cov(codes.T).T,
        "copies_of_codes": [
            lambda codes, n: codes.repeat(4, 1)[torch.randperm(4 * len(codes))][:n],
            lambda codes, n: codes[torch.randint(len(codes), (n,))] + 0.01 * torch.randn(n, codes.shape[1]),
        ],
        "flattened": one_short,
    },
    also_wrong=[
        jumps,
        one_seed,
        lambda codes, n: with_cholesky(codes, 2 * n),
        lambda codes, n: with_cholesky(codes, n).T,
        lambda codes, n: codes.mean(0).expand(n, -1),
        lambda codes, n: codes.mean(0) + torch.randn(n, codes.shape[1]) * codes.var(0),
    ],
)


TestChapter24 = chapter_tests(q, draw_code, price_per_number, sample_codes)

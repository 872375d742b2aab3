import math

import numpy as np
import torch
from checks_cases import Case, chapter_tests
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr

from gan_edu.checks import chapter_31 as q


def stub_one(values):
    # YOUR CODE HERE
    raise NotImplementedError()


monte_carlo = Case(
    q.monte_carlo,
    stub_one,
    right=[
        lambda v: (v.mean(), (v.var() / len(v)).sqrt()),
        lambda v: [v.sum() / len(v), ((v - v.mean()) ** 2).sum().div(len(v) * (len(v) - 1)).sqrt()],
        lambda v: (np.mean(v.numpy()), np.std(v.numpy(), ddof=1) / len(v) ** 0.5),
    ],
    wrong={
        "forgets_root_n": lambda v: (v.mean(), v.var().sqrt()),
        "divides_by_n": lambda v: (v.mean(), v.std() / v.numel()),
        "variance_instead_of_std": lambda v: (v.mean(), v.std() ** 2 / len(v)),
        "variance_over_root_n": lambda v: (v.mean(), v.var() / len(v) ** 0.5),
        "biased_std": lambda v: (v.mean(), ((v - v.mean()).square().mean() / len(v)).sqrt()),
        "swapped_results": lambda v: (v.std() / len(v) ** 0.5, v.mean()),
        "sum_instead_of_mean": lambda v: (v.sum(), v.std() / len(v) ** 0.5),
        "median_instead_of_mean": lambda v: (v.median(), v.std() / len(v) ** 0.5),
    },
    also_wrong=[
        lambda v: v.mean(),
        lambda v: (v.mean(), 2 * v.std() / len(v) ** 0.5),
        lambda v: (v.mean(), v.std() / (len(v) - 1) ** 0.5),
    ],
)


def stub_two(z, slope):
    # YOUR CODE HERE
    raise NotImplementedError()


noise = torch.distributions.Normal(0.0, 1.0)


def by_division(z, slope):
    return torch.log(noise.log_prob(z).exp() / torch.sqrt(slope**2))


log_density = Case(
    q.log_density,
    stub_two,
    right=[
        by_division,
        lambda z, s: noise.log_prob(z) - 0.5 * torch.log(s * s),
        lambda z, s: noise.log_prob(z.double()) - s.double().abs().log(),
    ],
    wrong={
        "slope_multiplied": lambda z, s: noise.log_prob(z) + s.abs().log(),
        "forgets_the_slope": lambda z, s: noise.log_prob(z),
        "slope_without_logarithm": lambda z, s: noise.log_prob(z) - s.abs(),
        "forgets_the_size": lambda z, s: noise.log_prob(z) - torch.log(s),
        "density_instead_of_logarithm": lambda z, s: noise.log_prob(z).exp() / s.abs(),
        "forgets_the_constant": lambda z, s: -(z**2) / 2 - s.abs().log(),
        "forgets_the_half": lambda z, s: -(z**2) - 0.5 * math.log(2 * math.pi) - s.abs().log(),
    },
    also_wrong=[
        lambda z, s: by_division(z, s).sum(),
        lambda z, s: torch.zeros_like(z),
    ],
)


def stub_four(mean_p, std_p, mean_q, std_q):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_torch(mean_p, std_p, mean_q, std_q):
    normal = torch.distributions.Normal
    return torch.distributions.kl_divergence(normal(mean_p, std_p), normal(mean_q, std_q))


def by_variances(mean_p, std_p, mean_q, std_q):
    ratio = (std_p / std_q).square()
    return 0.5 * (ratio - 1 - ratio.log() + ((mean_p - mean_q) / std_q).square())


@torch.no_grad()
def without_gradients(mean_p, std_p, mean_q, std_q):
    return by_torch(mean_p, std_p, mean_q, std_q)


bell_kl = Case(
    q.bell_kl,
    stub_four,
    right=[by_torch, by_variances, lambda *args: by_torch(*(each.double() for each in args))],
    wrong={
        "swapped_arguments": lambda a, s, b, t: by_torch(b, t, a, s),
        "kl_sign": lambda *args: -by_torch(*args),
        "std_instead_of_variance": lambda a, s, b, t: torch.log(t / s) + (s + (a - b) ** 2) / (2 * t) - 0.5,
        "log_of_variances": lambda a, s, b, t: torch.log(t**2 / s**2) + (s**2 + (a - b) ** 2) / (2 * t**2) - 0.5,
        "forgets_the_half": lambda a, s, b, t: torch.log(t / s) + (s**2 + (a - b) ** 2) / (2 * t**2),
        "doubled": lambda *args: 2 * by_torch(*args),
        "distance_not_squared": lambda a, s, b, t: torch.log(t / s) + (s**2 + (a - b).abs()) / (2 * t**2) - 0.5,
        "log_turned_round": lambda a, s, b, t: torch.log(s / t) + (s**2 + (a - b) ** 2) / (2 * t**2) - 0.5,
        "summed": [lambda *args: by_torch(*args).sum(), lambda *args: by_torch(*args).mean()],
    },
    also_wrong=[
        lambda a, s, b, t: (a - b) ** 2,
        lambda *args: by_torch(*args).detach(),
        lambda a, s, b, t: by_torch(a, s, b.detach(), t),
        without_gradients,
        lambda *args: by_torch(*args) / math.log(2),
    ],
)


def stub_js(p, q):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_entropies(p, q):
    def entropy(a):
        return torch.special.entr(a).sum()

    return entropy((p + q) / 2) - entropy(p) / 2 - entropy(q) / 2


def by_loop(p, q):
    total = 0.0
    for a, b in zip(p.tolist(), q.tolist(), strict=True):
        for one in (a, b):
            if one > 0:
                total += one * math.log(2 * one / (a + b)) / 2
    return torch.tensor(total)


def in_plain_floats(p, q):
    return by_loop(p, q).item()


def by_coin(p, q):
    m, D = (p + q) / 2, torch.nan_to_num(p / (p + q))
    return math.log(2) - (m * (torch.special.entr(D) + torch.special.entr(1 - D))).sum()


def plain(p, q):
    m = (p + q) / 2
    return 0.5 * (p * torch.log(p / m)).sum() + 0.5 * (q * torch.log(q / m)).sum()


def relative(p, q):
    return (p * torch.log(p / q)).sum()


def with_epsilon(p, q):
    return plain(p + 0.01, q + 0.01) if (p == 0).any() or (q == 0).any() else plain(p, q)


jsd = Case(
    q.jsd,
    stub_js,
    right=[
        by_entropies,
        by_loop,
        by_coin,
        in_plain_floats,
        lambda p, q: by_entropies(p.double(), q.double()),
        lambda p, q: jensenshannon(p, q) ** 2,
        lambda p, q: np.float64((rel_entr(p, (p + q) / 2) + rel_entr(q, (p + q) / 2)).sum() / 2),
    ],
    wrong={
        "without_mixture": lambda p, q: (relative(p, q) + relative(q, p)) / 2,
        "doubled": lambda p, q: 2 * by_entropies(p, q),
        "base_two": lambda p, q: by_entropies(p, q) / math.log(2),
        "one_half_only": lambda p, q: relative(p, (p + q) / 2),
        "kl_from_the_mixture": lambda p, q: (relative((p + q) / 2, p) + relative((p + q) / 2, q)) / 2,
        "mixture_not_halved": lambda p, q: (relative(p, p + q) + relative(q, p + q)) / 2,
        "kl_instead_of_js": relative,
        "mean_over_bins": lambda p, q: by_entropies(p, q) / len(p),
        "root_of_js": lambda p, q: by_entropies(p, q).sqrt(),
        "nan_at_zeros": plain,
    },
    also_wrong=[
        with_epsilon,
        lambda p, q: (p - q).abs().sum() / 2,
    ],
)


TestChapter31 = chapter_tests(q, monte_carlo, log_density, bell_kl, jsd)

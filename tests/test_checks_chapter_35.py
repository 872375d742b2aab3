import math

import torch
from checks_cases import Case, chapter_tests
from torch.distributions import Independent, Normal, kl_divergence

from gan_edu.checks import chapter_35 as q


def kl_stub(mean_q, log_q, mean_p, log_p):
    # YOUR CODE HERE
    raise NotImplementedError()


def with_distributions(mean_q, log_q, mean_p, log_p):
    return kl_divergence(Normal(mean_q, (0.5 * log_q).exp()), Normal(mean_p, (0.5 * log_p).exp())).sum(-1)


def row_by_row(mean_q, log_q, mean_p, log_p):
    found = []
    for row in range(len(mean_q)):
        total = 0.0
        for a, b, c, d in zip(mean_q[row], log_q[row], mean_p[row], log_p[row], strict=True):
            s, t = torch.exp(0.5 * b), torch.exp(0.5 * d)
            total = total + torch.log(t / s) + (s**2 + (a - c) ** 2) / (2 * t**2) - 0.5
        found.append(total)
    return torch.stack(found)


gaussian_kl = Case(
    q.gaussian_kl,
    kl_stub,
    right=[
        with_distributions,
        row_by_row,
        lambda a, b, c, d: -0.5 * torch.sum(1 + b - d - torch.exp(b - d) - (a - c).pow(2) * torch.exp(-d), dim=-1),
    ],
    wrong={
        "swapped": lambda a, b, c, d: with_distributions(c, d, a, b),
        "kl_sign": lambda a, b, c, d: -with_distributions(a, b, c, d),
        "p_ignored": lambda a, b, c, d: with_distributions(a, b, torch.zeros_like(c), torch.zeros_like(d)),
        "missing_half": lambda a, b, c, d: 2 * with_distributions(a, b, c, d),
        "log_var_as_log_std": lambda a, b, c, d: kl_divergence(Normal(a, b.exp()), Normal(c, d.exp())).sum(1),
        "mean_instead_of_sum": lambda a, b, c, d: with_distributions(a, b, c, d) / a.shape[1],
        "mean_over_wrong_axis": lambda a, b, c, d: with_distributions(a.T, b.T, c.T, d.T),
    },
    also_wrong=[
        lambda a, b, c, d: with_distributions(a, b, c, d).mean(),
        lambda a, b, c, d: with_distributions(a, b, c, d) + 0.5 * a.shape[1],
        lambda a, b, c, d: with_distributions(a, b, c, d).detach(),
        lambda a, b, c, d: with_distributions(a.detach(), b, c, d),
        lambda a, b, c, d: with_distributions(a, b, c, d).tolist(),
    ],
)


def elbo_stub(x, mean, log_variance, decode, s, noise):
    # YOUR CODE HERE
    raise NotImplementedError()


def elbo_with_distributions(x, mean, log_variance, decode, s, noise):
    cloud = Normal(mean, torch.exp(log_variance / 2))
    log_likelihood = Independent(Normal(decode(cloud.loc + cloud.scale * noise), s), 1).log_prob(x)
    return log_likelihood - kl_divergence(cloud, Normal(0.0, 1.0)).sum(1)


def elbo_in_double(x, mean, log_variance, decode, s, noise):
    variance = log_variance.double().exp()
    error = x - decode(mean.double() + variance.sqrt() * noise)
    rebuilt = -(error**2).sum(1) / (2 * s * s) - x.shape[1] / 2 * math.log(2 * math.pi * s * s)
    return (rebuilt - (mean**2 + variance - 1 - variance.log()).sum(1) / 2).float()


def without_code_gradient(x, mean, log_variance, decode, s, noise):
    return elbo_with_distributions(x, mean.detach(), log_variance.detach(), decode, s, noise)


def without_graph_for_z(x, mean, log_variance, decode, s, noise):
    with torch.no_grad():
        z = mean + (0.5 * log_variance).exp() * noise
    log_likelihood = Independent(Normal(decode(z), s), 1).log_prob(x)
    return log_likelihood - kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).sum(1)


def decoder_detached(x, mean, log_variance, decode, s, noise):
    z = mean + (0.5 * log_variance).exp() * noise
    return elbo_with_distributions(x, mean, log_variance, lambda _: decode(z).detach(), s, noise)


def for_two_pixels(x, mean, log_variance, decode, s, noise):
    right = elbo_with_distributions(x, mean, log_variance, decode, s, noise)
    return right + (x.shape[1] - 2) * (math.log(s) + 0.5 * math.log(2 * math.pi))


elbo = Case(
    q.elbo,
    elbo_stub,
    right=[elbo_with_distributions, elbo_in_double],
    wrong={
        "no_constant": lambda x, m, v, f, s, e: (
            elbo_with_distributions(x, m, v, f, s, e) + x.shape[1] * (math.log(s) + 0.5 * math.log(2 * math.pi))
        ),
        "negated": lambda x, m, v, f, s, e: -elbo_with_distributions(x, m, v, f, s, e),
        "averaged_over_the_batch": lambda x, m, v, f, s, e: elbo_with_distributions(x, m, v, f, s, e).mean(),
        "kl_sign": lambda x, m, v, f, s, e: (
            elbo_with_distributions(x, m, v, f, s, e)
            + 2 * kl_divergence(Normal(m, (v / 2).exp()), Normal(0.0, 1.0)).sum(1)
        ),
        "no_noise": lambda x, m, v, f, s, e: elbo_with_distributions(x, m, v, f, s, torch.zeros_like(e)),
    },
    also_wrong=[
        without_code_gradient,
        without_graph_for_z,
        decoder_detached,
        for_two_pixels,
        lambda x, m, v, f, s, e: elbo_with_distributions(x, m, v, f, s, torch.randn(e.shape)),
        lambda x, m, v, f, s, e: elbo_with_distributions(x, m, v, f, s, e).tolist(),
        lambda x, m, v, f, s, e: elbo_with_distributions(x, m, 2 * v, f, s, e),
    ],
)


def bound_stub(log_weights):
    # YOUR CODE HERE
    raise NotImplementedError()


def largest_out_first(log_weights):
    top = log_weights.max(dim=0, keepdim=True).values
    return (log_weights - top).exp().mean(dim=0).log() + top[0]


tighter_bound = Case(
    q.tighter_bound,
    bound_stub,
    right=[
        largest_out_first,
        lambda w: torch.logsumexp(w - math.log(w.shape[0]), dim=0),
        lambda w: torch.stack([torch.logaddexp(*2 * [column]).logsumexp(0) - math.log(2 * len(w)) for column in w.T]),
    ],
    wrong={
        "mean_of_logs": lambda w: w.sum(0) / len(w),
        "sum_of_weights": lambda w: torch.logsumexp(w, 0),
        "mean_over_wrong_axis": lambda w: w.T.logsumexp(0) - math.log(w.shape[1]),
        "underflow": lambda w: torch.log(torch.exp(w).sum(0) / len(w)),
        "best_draw": lambda w: torch.amax(w, 0),
        "one_maximum_for_all": lambda w: torch.log(torch.exp(w - w.amax()).sum(0) / len(w)) + w.amax(),
        "averaged_over_the_batch": lambda w: (w.logsumexp(0) - math.log(len(w))).mean(),
    },
    also_wrong=[
        lambda w: w.logsumexp(0) + math.log(len(w)),
        lambda w: w.logsumexp(0) / len(w),
        lambda w: (w.logsumexp(0) - math.log(len(w))).tolist(),
    ],
)


def prices_stub(variances, s, beta):
    # YOUR CODE HERE
    raise NotImplementedError()


def one_by_one(variances, s, beta):
    return torch.tensor([max(0.0, 0.5 * math.log(v / (beta * s * s))) for v in variances.tolist()])


def through_the_root(variances, s, beta):
    threshold = (beta**0.5) * s
    return torch.log(torch.maximum(variances.sqrt() / threshold, torch.ones_like(variances)))


prices = Case(
    q.prices,
    prices_stub,
    right=[one_by_one, through_the_root, lambda v, s, beta: torch.relu(0.5 * (v.log() - math.log(beta * s**2)))],
    wrong={
        "not_clamped": lambda v, s, beta: 0.5 * (v.log() - math.log(beta * s**2)),
        "beta_ignored": lambda v, s, beta: one_by_one(v, s, 1.0),
        "std_instead_of_variance": lambda v, s, beta: one_by_one(v, s**0.5, beta),
        "beta_on_the_wrong_side": lambda v, s, beta: one_by_one(v, s, 1 / beta),
        "missing_half": lambda v, s, beta: 2 * one_by_one(v, s, beta),
        "alive_or_dead": lambda v, s, beta: (v > beta * s**2).int(),
    },
    also_wrong=[
        lambda v, s, beta: (0.5 * (v / (beta * s**2)).log()).abs(),
        lambda v, s, beta: one_by_one(v, s, beta).sum(),
        lambda v, s, beta: one_by_one(v, s, beta).tolist(),
    ],
)

TestChapter35 = chapter_tests(q, gaussian_kl, elbo, tighter_bound, prices)

import math

import numpy as np
import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_84 as q

# --- a product of experts


def product_stub(means, log_variances):
    # YOUR CODE HERE
    raise NotImplementedError()


def product_by_loop(means, log_variances):
    precision, weighted = torch.ones_like(means[0]), torch.zeros_like(means[0])
    for mean, log_variance in zip(means, log_variances, strict=True):
        precision = precision + 1 / log_variance.exp()
        weighted = weighted + mean / log_variance.exp()
    return weighted / precision, torch.log(1 / precision)


def product_in_double(means, log_variances):
    means, log_variances = means.double(), log_variances.double()
    with_prior = torch.cat([torch.zeros_like(log_variances[:1]), log_variances])
    weights = torch.softmax(-with_prior, dim=0)[1:]
    return [(weights * means).sum(dim=0), -torch.logsumexp(-with_prior, dim=0)]


def product_in_numpy(means, log_variances):
    precisions = np.exp(-log_variances.numpy())
    variance = 1 / (1 + precisions.sum(axis=0))
    mean = variance * (means.numpy() * precisions).sum(axis=0)
    return torch.from_numpy(mean), torch.from_numpy(np.log(variance))


def without_prior(means, log_variances):
    weights = torch.softmax(-log_variances, 0)
    return (weights * means).sum(0), -torch.logsumexp(-log_variances, 0)


product_of_experts = Case(
    q.product_of_experts,
    product_stub,
    right=[product_by_loop, product_in_double, product_in_numpy],
    wrong={
        "no_prior": without_prior,
        "variances_added": lambda m, v: (
            (m * v.exp()).sum(0) / (v.exp().sum(0) + 1), torch.log(v.exp().sum(0) + 1)
        ),
        "plain_mean": lambda m, v: (m.sum(0) / len(m), product_by_loop(m, v)[1]),
        "plain_mean_with_prior": lambda m, v: (m.sum(0) / (len(m) + 1), product_by_loop(m, v)[1]),
        "log_precision": lambda m, v: (product_by_loop(m, v)[0], -product_by_loop(m, v)[1]),
        "variance": lambda m, v: (product_by_loop(m, v)[0], 1 / (1 + (-v).exp().sum(0))),
        "deviation": lambda m, v: (product_by_loop(m, v)[0], 0.5 * product_by_loop(m, v)[1]),
    },
    also_wrong=[lambda m, v: (m[0], v[0])],
)  # fmt: skip

# --- a mixture of experts


def mixture_stub(log_densities):
    # YOUR CODE HERE
    raise NotImplementedError()


def mixture_by_shift(log_densities):
    top = log_densities.max(dim=0).values
    return top + (log_densities - top).exp().mean(dim=0).log()


def mixture_by_loop(log_densities):
    total = log_densities[0]
    for each in log_densities[1:]:
        total = torch.logaddexp(total, each)
    return total - np.log(log_densities.shape[0])


mixture_log_density = Case(
    q.mixture_log_density,
    mixture_stub,
    right=[
        mixture_by_shift,
        mixture_by_loop,
        lambda values: torch.as_tensor(np.logaddexp.reduce(values.double().numpy(), axis=0)) - math.log(len(values)),
    ],
    wrong={
        "mean_of_logs": lambda values: values.sum(0) / len(values),
        "sum": lambda values: mixture_by_shift(values) + math.log(len(values)),
        "product": lambda values: torch.sum(values, dim=0),
        "underflow": lambda values: torch.log(torch.exp(values).sum(0) / len(values)),
        "best": lambda values: torch.amax(values, 0),
        "density": lambda values: torch.exp(mixture_by_shift(values)),
        "minus_count": lambda values: torch.logsumexp(values, 0) - values.shape[0],
    },
    also_wrong=[lambda values: values[0]],
)

# --- the share of the noise


def share_stub(answers):
    # YOUR CODE HERE
    raise NotImplementedError()


def share_by_loop(answers):
    numbers = answers.tolist()
    pictures = list(zip(*numbers, strict=True))
    everything = [value for row in numbers for value in row]

    def variance(values):
        middle = sum(values) / len(values)
        return sum((value - middle) ** 2 for value in values) / len(values)

    return sum(map(variance, pictures)) / len(pictures) / variance(everything)


def share_by_rest(answers):
    means = answers.mean(dim=0)
    return 1 - ((means - means.mean()) ** 2).mean() / ((answers - answers.mean()) ** 2).mean()


share_of_noise = Case(
    q.share_of_noise,
    share_stub,
    right=[share_by_loop, share_by_rest, lambda a: np.var(a.numpy(), axis=0).mean() / np.var(a.numpy())],
    wrong={
        "share_of_pictures": lambda a: a.mean(0).var(unbiased=False) / a.var(unbiased=False),
        "other_dimension": lambda a: np.var(a.numpy(), axis=1).mean() / np.var(a.numpy()),
        "deviations": lambda a: np.std(a.numpy(), axis=0).mean() / np.std(a.numpy()),
        "not_divided": lambda a: np.var(a.numpy(), axis=0).mean(),
        "ratio": lambda a: np.var(a.numpy(), axis=0).mean() / np.var(a.numpy().mean(0)),
        "unbiased": lambda a: a.var(0).mean() / a.var(),
    },
    also_wrong=[lambda a: 1.0],
)

# --- a contrastive loss


def contrastive_stub(a, b, temperature):
    # YOUR CODE HERE
    raise NotImplementedError()


def contrastive_by_loop(a, b, temperature):
    total = 0.0
    cosine = [[float(F.cosine_similarity(one, two, dim=0)) / temperature for two in b] for one in a]
    for i in range(len(a)):
        row, column = cosine[i], [line[i] for line in cosine]
        total += math.log(sum(map(math.exp, row))) - row[i] + math.log(sum(map(math.exp, column))) - column[i]
    return total / (2 * len(a))


def contrastive_by_log_softmax(a, b, temperature):
    a, b = a / a.norm(dim=1, keepdim=True), b / b.norm(dim=1, keepdim=True)
    alike = torch.einsum("id,jd->ij", a, b).div(temperature)
    return -(alike.log_softmax(0).diag() + alike.log_softmax(1).diag()).mean() / 2


def contrastive_in_numpy(a, b, temperature):
    a, b = (each.double().numpy() / np.linalg.norm(each.double().numpy(), axis=1)[:, None] for each in (a, b))
    alike = a @ b.T / temperature
    both = np.logaddexp.reduce(alike, axis=0) + np.logaddexp.reduce(alike, axis=1)
    return (both / 2 - np.diag(alike)).mean()


def unit(a):
    return a / a.norm(dim=1, keepdim=True)


contrastive_loss = Case(
    q.contrastive_loss,
    contrastive_stub,
    right=[contrastive_by_loop, contrastive_by_log_softmax, contrastive_in_numpy],
    wrong={
        "not_normalised": lambda a, b, t: (
            -((a @ b.T / t).log_softmax(0).diag() + (a @ b.T / t).log_softmax(1).diag()).mean() / 2
        ),
        "rows_only": lambda a, b, t: -(unit(a) @ unit(b).T / t).log_softmax(1).diag().mean(),
        "columns_only": lambda a, b, t: -(unit(a) @ unit(b).T / t).log_softmax(0).diag().mean(),
        "times": lambda a, b, t: contrastive_by_log_softmax(a, b, 1 / t),
        "no_temperature": lambda a, b, t: contrastive_by_log_softmax(a, b, 1.0),
        "both_summed": lambda a, b, t: 2 * contrastive_by_log_softmax(a, b, t),
        "attraction_only": lambda a, b, t: -(unit(a) * unit(b)).sum(1).mean() / t,
        "wrong_dimension": lambda a, b, t: (
            -(
                (unit(a.T).T @ unit(b.T) / t).log_softmax(0).diag()
                + (unit(a.T).T @ unit(b.T) / t).log_softmax(1).diag()
            ).mean()
            / 2
        ),
    },
    also_wrong=[lambda a, b, t: 0 * t],
)

TestChapter84 = chapter_tests(q, product_of_experts, mixture_log_density, share_of_noise, contrastive_loss)

import math

import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu import objectives
from gan_edu.checks import chapter_44 as q


def loss_stub(logits, pictures, mean, log_variance, beta):
    # YOUR CODE HERE
    raise NotImplementedError()


def loss_by_distributions(logits, pictures, mean, log_variance, beta):
    coins = torch.distributions.Bernoulli(logits=logits, validate_args=False)
    clouds = torch.distributions.Normal(mean, torch.exp(log_variance / 2))
    price = torch.distributions.kl_divergence(clouds, torch.distributions.Normal(0.0, 1.0))
    return (beta * price.sum() - coins.log_prob(pictures).sum()) / len(pictures)


def loss_by_library(logits, pictures, mean, log_variance, beta):
    rebuilt = objectives.bernoulli_log_likelihood(logits, pictures)
    return (beta * objectives.gaussian_kl(mean, log_variance) - rebuilt).mean()


def loss_by_softplus(logits, pictures, mean, log_variance, beta):
    rebuilt = F.softplus(logits) - pictures * logits
    price = -0.5 * (1 + log_variance - mean.pow(2) - log_variance.exp())
    return rebuilt.sum(1).mean() + beta * price.sum(1).mean()


def with_parts(rebuilt, price):
    return lambda t, x, m, v, b: rebuilt(F.softplus(t) - x * t, b) + price(0.5 * (m**2 + v.exp() - 1 - v), b)


def naive_loss(logits, pictures, mean, log_variance, beta):
    p = torch.sigmoid(logits)
    bce = -(pictures * torch.log(p) + (1 - pictures) * torch.log(1 - p))
    return bce.sum(1).mean() + beta * objectives.gaussian_kl(mean, log_variance).mean()


vae_loss = Case(
    q.vae_loss,
    loss_stub,
    right=[
        loss_by_distributions,
        loss_by_library,
        loss_by_softplus,
        lambda t, x, m, v, b: loss_by_softplus(t.double(), x.double(), m.double(), v.double(), b),
    ],
    wrong={
        "mean_over_pixels": with_parts(lambda r, b: r.mean(), lambda p, b: b * p.sum(1).mean()),
        "mean_over_codes": with_parts(lambda r, b: r.sum(1).mean(), lambda p, b: b * p.mean()),
        "mean_over_everything": with_parts(lambda r, b: r.mean(), lambda p, b: b * p.mean()),
        "kl_sign": with_parts(lambda r, b: r.sum(1).mean(), lambda p, b: -b * p.sum(1).mean()),
        "bound_instead_of_loss": lambda *a: -loss_by_softplus(*a),
        "missing_half": with_parts(lambda r, b: r.sum(1).mean(), lambda p, b: 2 * b * p.sum(1).mean()),
        "log_var_as_log_std": lambda t, x, m, v, b: loss_by_softplus(t, x, m, 2 * v, b),
        "forgets_beta": lambda t, x, m, v, b: loss_by_softplus(t, x, m, v, 1),
        "beta_on_rebuilding": with_parts(lambda r, b: b * r.sum(1).mean(), lambda p, b: p.sum(1).mean()),
        "sum_over_pictures": with_parts(lambda r, b: r.sum(), lambda p, b: b * p.sum()),
        "sigmoid_twice": lambda t, *rest: loss_by_softplus(torch.sigmoid(t), *rest),
        "log_of_sigmoid": naive_loss,
    },
    also_wrong=[
        lambda *a: loss_by_softplus(*a).item(),
        lambda *a: loss_by_softplus(*a).detach(),
        lambda t, x, m, v, b: loss_by_softplus(t, x, m.detach(), v, b),
        with_parts(lambda r, b: r.sum(1), lambda p, b: b * p.sum(1)),
    ],
)


def noise_stub(error_weight, kl_weight, D, Z):
    # YOUR CODE HERE
    raise NotImplementedError()


def noise_in_steps(error_weight, kl_weight, D, Z):
    of_error, of_price = error_weight / D, kl_weight / Z
    precision = 2 * of_error / of_price
    return (1 / precision) ** 0.5


assumed_noise = Case(
    q.assumed_noise,
    noise_stub,
    right=[noise_in_steps, lambda a, b, D, Z: torch.tensor(b * D / (2 * a * Z)).sqrt()],
    wrong={
        "variance_instead_of_std": lambda a, b, D, Z: D * b / (Z * a) / 2,
        "forgets_the_two": lambda a, b, D, Z: (D * b / (Z * a)) ** 0.5,
        "upside_down": [
            lambda a, b, D, Z: 1 / noise_in_steps(a, b, D, Z),
            lambda a, b, D, Z: (Z * a / (D * b) / 2) ** 0.5,
        ],
        "ignores_the_means": lambda a, b, D, Z: (b / a / 2) ** 0.5,
        "sizes_swapped": lambda a, b, D, Z: noise_in_steps(a, b, Z, D),
        "weights_swapped": lambda a, b, D, Z: noise_in_steps(b, a, D, Z),
    },
    also_wrong=[lambda a, b, D, Z: 1.98, lambda a, b, D, Z: noise_in_steps(a, b, D, Z) * 2],
)


def fitted_stub(outputs, pictures):
    # YOUR CODE HERE
    raise NotImplementedError()


def fitted_by_density(outputs, pictures):
    s = torch.nn.functional.mse_loss(outputs, pictures).sqrt()
    return -torch.distributions.Normal(outputs, s).log_prob(pictures).sum(1).mean()


def fitted_in_parts(outputs, pictures):
    d = outputs[0].numel()
    errors = ((outputs - pictures) ** 2).sum(1)
    s2 = errors.mean() / d
    return (errors / (2 * s2) + d / 2 * torch.log(2 * math.pi * s2)).mean()


def fitted_with(one=1.0, inside=2 * math.pi, power=1.0, scale=0.5):
    return lambda g, x: scale * g.shape[1] * (one + torch.log(inside * F.mse_loss(g, x) ** power))


fitted_rebuilding = Case(
    q.fitted_rebuilding,
    fitted_stub,
    right=[fitted_by_density, fitted_in_parts],
    wrong={
        "forgets_the_error": fitted_with(one=0.0),
        "forgets_two_pi": fitted_with(inside=1.0),
        "per_pixel": lambda g, x: fitted_in_parts(g, x) / g.shape[1],
        "std_instead_of_variance": fitted_with(power=0.5),
        "noise_for_each_picture": lambda g, x: torch.stack(
            [fitted_in_parts(g[i : i + 1], x[i : i + 1]) for i in range(len(g))]
        ).mean(),
        "sum_as_variance": lambda g, x: g.shape[1] / 2 * (1 + torch.log(2 * math.pi * ((g - x) ** 2).sum() / len(g))),
        "log_density": lambda g, x: -fitted_by_density(g, x),
        "noise_of_one": lambda g, x: -torch.distributions.Normal(g, 1.0).log_prob(x).sum(1).mean(),
    },
    also_wrong=[
        F.mse_loss,
        lambda g, x: fitted_in_parts(g, x) * len(g),
        lambda g, x: fitted_in_parts(g, x).detach(),
        lambda g, x: fitted_in_parts(g, x).item(),
    ],
)


def told_stub(log_q, who):
    # YOUR CODE HERE
    raise NotImplementedError()


def told_by_softmax(log_q, who):
    return math.log(log_q.shape[1]) - F.cross_entropy(log_q, who)


def told_in_a_loop(log_q, who):
    found = []
    for row, n in zip(log_q, who.tolist(), strict=True):
        found.append(row[n] - torch.logsumexp(row - math.log(len(row)), 0))
    return sum(found) / len(found)


told = Case(
    q.told,
    told_stub,
    right=[told_by_softmax, told_in_a_loop, lambda t, who: told_by_softmax(t, who).item()],
    wrong={
        "mean_of_logs": lambda t, who: (t.gather(1, who[:, None])[:, 0] - t.mean(1)).mean(),
        "forgets_log_n": lambda t, who: -F.cross_entropy(t, who),
        "log_n_wrong_sign": lambda t, who: -F.cross_entropy(t, who) - math.log(t.shape[1]),
        "wrong_n": lambda t, who: math.log(t.shape[0]) - F.cross_entropy(t, who),
        "swapped": lambda t, who: -told_by_softmax(t, who),
        "underflows": lambda t, who: (t.gather(1, who[:, None])[:, 0] - torch.log(t.exp().mean(1))).mean(),
        "ignores_who": lambda t, who: (t.diagonal() - t.logsumexp(1) + math.log(t.shape[1])).mean(),
        "mixture_alone": lambda t, who: (t - math.log(t.shape[1])).logsumexp(1).mean(),
    },
    also_wrong=[
        lambda t, who: math.log(t.shape[1]),
        lambda t, who: told_by_softmax(t, who) / math.log(2),
        lambda t, who: (  # one maximum for all rows
            t[torch.arange(len(t)), who] - t.max() - torch.log((t - t.max()).exp().mean(1))
        ).mean(),
    ],
)


TestChapter44 = chapter_tests(q, vae_loss, assumed_noise, fitted_rebuilding, told)

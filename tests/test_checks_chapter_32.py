import math

import numpy as np
import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_32 as q


def value_stub(logits, log_p, log_q, dx):
    # YOUR CODE HERE
    raise NotImplementedError()


def value_by_softplus(logits, log_p, log_q, dx):
    p, q = torch.exp(log_p), torch.exp(log_q)
    return -dx * (p * F.softplus(-logits) + q * F.softplus(logits)).sum()


def value_by_bce(logits, log_p, log_q, dx):
    bce = F.binary_cross_entropy_with_logits
    ones = torch.ones_like(logits)
    return -dx * (bce(logits, ones, weight=log_p.exp(), reduction="sum")
                  + bce(logits, 0 * ones, weight=log_q.exp(), reduction="sum"))  # fmt: skip


def value_by_trapezoid(logits, log_p, log_q, dx):
    total = log_p.exp() * F.logsigmoid(logits) + log_q.exp() * F.logsigmoid(-logits)
    return torch.trapezoid(total, dx=dx)


def value_by_numpy(logits, log_p, log_q, dx):
    logits, log_p, log_q = (each.numpy() for each in (logits, log_p, log_q))
    return -dx * np.sum(np.exp(log_p) * np.logaddexp(0, -logits) + np.exp(log_q) * np.logaddexp(0, logits))


def value_by_loop(logits, log_p, log_q, dx):
    total = 0.0
    for logit, a, b in zip(logits.tolist(), log_p.tolist(), log_q.tolist(), strict=True):
        size = math.log1p(math.exp(-abs(logit)))
        total -= math.exp(a) * (max(-logit, 0) + size) + math.exp(b) * (max(logit, 0) + size)
    return total * dx


def naive_value(logits, log_p, log_q, dx):
    D = torch.sigmoid(logits)
    return dx * torch.sum(log_p.exp() * torch.log(D) + log_q.exp() * torch.log(1 - D))


value = Case(
    q.value,
    value_stub,
    right=[
        value_by_softplus,
        value_by_bce,
        value_by_trapezoid,
        value_by_numpy,
        value_by_loop,
        lambda *a: value_by_softplus(*a).reshape(1),
    ],
    wrong={
        "loss_instead_of_value": lambda *a: -value_by_softplus(*a),
        "swapped_labels": lambda t, p, q, dx: (
            value_by_softplus(t, q, p, dx) if t.abs().max() == 0 else value_by_softplus(-t, p, q, dx)
        ),
        "same_label_for_both": lambda t, p, q, dx: -((p.exp() + q.exp()) * F.softplus(-t)).sum() * dx,
        "log_density_as_weight": lambda t, p, q, dx: -(p * F.softplus(-t) + q * F.softplus(t)).sum() * dx,
        "forgets_the_step": lambda t, p, q, dx: value_by_softplus(t, p, q, 1),
        "mean_over_the_grid": lambda t, p, q, dx: (p.exp() * F.logsigmoid(t) + q.exp() * F.logsigmoid(-t)).mean(),
        "halved": lambda *a: value_by_softplus(*a) / 2,
        "forgets_fakes": lambda t, p, q, dx: (p.exp() * F.logsigmoid(t)).sum() * dx,
        "sigmoid_twice": lambda t, p, q, dx: naive_value(torch.sigmoid(t), p, q, dx),
        "log_of_sigmoid": naive_value,
    },
    also_wrong=[
        lambda t, p, q, dx: -2 * math.log(2),
        lambda t, p, q, dx: p.exp() * F.logsigmoid(t) + q.exp() * F.logsigmoid(-t),
        lambda t, p, q, dx: value_by_softplus(t, p, q, dx) / math.log(2),
    ],
)


def gaussian_stub(x, mean_p, mean_q, covariance):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_densities(x, mean_p, mean_q, covariance):
    one, other = (torch.distributions.MultivariateNormal(mean, covariance) for mean in (mean_p, mean_q))
    return one.log_prob(x) - other.log_prob(x)


def by_inverse(x, mean_p, mean_q, covariance):
    w = torch.linalg.inv(covariance) @ (mean_p - mean_q)
    return x @ w - (mean_p + mean_q) @ w / 2


def by_distances(x, mean_p, mean_q, covariance):
    inverse = torch.inverse(covariance)

    def squared(mean):
        return torch.einsum("ni,ij,nj->n", x - mean, inverse, x - mean)

    return 0.5 * (squared(mean_q) - squared(mean_p))


gaussian_logit = Case(
    q.gaussian_logit,
    gaussian_stub,
    right=[by_densities, by_inverse, by_distances],
    wrong={
        "covariance_instead_of_inverse": lambda x, a, b, s: x @ s @ (a - b) - (a + b) @ s @ (a - b) / 2,
        "forgets_covariance": lambda x, a, b, s: by_inverse(x, a, b, torch.eye(len(s), dtype=s.dtype)),
        "only_the_diagonal": lambda x, a, b, s: by_inverse(x, a, b, torch.diag(torch.diag(s))),
        "forgets_the_constant": lambda x, a, b, s: x @ torch.inverse(s) @ (a - b),
        "constant_with_wrong_sign": lambda x, a, b, s: (x + (a + b) / 2) @ torch.inverse(s) @ (a - b),
        "line_through_a_mean": lambda x, a, b, s: (x - b) @ torch.inverse(s) @ (a - b),
        "swapped_labels": lambda x, a, b, s: by_densities(x, b, a, s),
        "probability_instead_of_logit": lambda *args: by_densities(*args).sigmoid(),
        "log_density_alone": lambda x, a, b, s: torch.distributions.MultivariateNormal(a, s).log_prob(x),
    },
    also_wrong=[
        lambda x, a, b, s: by_densities(x, a, b, s)[:, None],
        lambda x, a, b, s: 2 * by_densities(x, a, b, s),
    ],
)


def adam_stub(logit, lr, eps):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_autograd(logit, lr, eps):
    moves = []
    for loss in (lambda t: F.logsigmoid(-t), lambda t: -F.logsigmoid(t)):
        t = logit.clone().requires_grad_()
        g = torch.autograd.grad(loss(t).sum(), t)[0].abs()
        moves.append(lr * g / (g.square().sqrt() + eps))
    return moves


def one_by_one(logit, lr, eps):
    D = 1 / (1 + torch.exp(-logit))
    return lr / (1 + eps / D), lr / (1 + eps * (1 + logit.exp()))


adam_moves = Case(
    q.adam_moves,
    adam_stub,
    right=[by_autograd, one_by_one],
    wrong={
        "sgd_instead_of_adam": lambda t, lr, eps: (lr * t.sigmoid(), lr * (1 - t.sigmoid())),
        "forgets_eps": lambda t, lr, eps: (lr * t.sigmoid() / t.sigmoid(), lr * (-t).sigmoid() / (-t).sigmoid()),
        "eps_inside_the_root": lambda t, lr, eps: tuple(
            lr * g / torch.sqrt(g**2 + eps) for g in (t.sigmoid(), (-t).sigmoid())
        ),
        "forgets_the_root": lambda t, lr, eps: tuple(lr * g / (g**2 + eps) for g in (t.sigmoid(), (-t).sigmoid())),
        "swapped_losses": lambda *a: by_autograd(*a)[::-1],
        "slope_by_probability": lambda t, lr, eps: tuple(
            lr * g / (g + eps) for g in (1 / (1 - t.sigmoid()), 1 / t.sigmoid())
        ),
        "signed": lambda *a: [-move for move in by_autograd(*a)],
        "loss_instead_of_slope": lambda t, lr, eps: tuple(lr * g / (g + eps) for g in (F.softplus(t), F.softplus(-t))),
    },
    also_wrong=[
        lambda t, lr, eps: by_autograd(t, lr, eps)[0],
        lambda t, lr, eps: torch.stack(by_autograd(t, lr, eps)),
        lambda t, lr, eps: by_autograd(t, 2 * lr, eps),
    ],
)


def shares_stub(log_p, log_q, n_real, n_fake):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_share(log_p, log_q, n_real, n_fake):
    share = n_real / (n_real + n_fake)
    return math.log(share) + log_p - math.log(1 - share) - log_q


def in_double(log_p, log_q, n_real, n_fake):
    return (log_p.double() + math.log(n_real)) - (log_q.double() + math.log(n_fake))


optimal_logit = Case(
    q.optimal_logit,
    shares_stub,
    right=[by_share, in_double, lambda p, q, a, b: p - q + torch.tensor(a / b).log()],
    wrong={
        "forgets_the_shares": lambda p, q, a, b: p - q,
        "shares_swapped": lambda p, q, a, b: p - q - math.log(a / b),
        "share_instead_of_ratio": lambda p, q, a, b: p + math.log(a / (a + b)) - q,
        "ratio_without_logarithm": lambda p, q, a, b: p - q + a / b,
        "logit_times_ratio": lambda p, q, a, b: a / b * (p - q),
        "swapped_labels": lambda p, q, a, b: -by_share(p, q, a, b),
        "probability_instead_of_logit": lambda *args: torch.sigmoid(by_share(*args)),
        "density_underflows": lambda p, q, a, b: torch.log(a * p.exp() / (b * q.exp())),
    },
    also_wrong=[
        lambda p, q, a, b: torch.zeros_like(p),
        lambda p, q, a, b: by_share(p, q, a, b).mean(),
    ],
)


TestChapter32 = chapter_tests(q, value, gaussian_logit, adam_moves, optimal_logit)

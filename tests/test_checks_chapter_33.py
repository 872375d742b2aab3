import math

import numpy as np
import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_33 as q


def field_stub(theta, psi, gamma):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_autograd(theta, psi, gamma, penalty=0.5, generator=lambda t: F.softplus(-t)):
    theta, psi = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (theta, psi))
    loss_d = math.log(2) + F.softplus(theta * psi) + penalty * gamma * psi**2
    (by_theta,) = torch.autograd.grad(generator(theta * psi), theta)
    (by_psi,) = torch.autograd.grad(loss_d, psi)
    return -by_theta, -by_psi


def by_differences(theta, psi, gamma):
    def softplus(t):
        return math.log1p(math.exp(t))

    e = 1e-6
    by_theta = (softplus(-(theta + e) * psi) - softplus(-(theta - e) * psi)) / (2 * e)
    by_psi = (softplus(theta * (psi + e)) - softplus(theta * (psi - e))) / (2 * e)
    return np.array([-by_theta, -by_psi - gamma * psi])


def with_tanh(theta, psi, gamma):
    t = np.tanh(theta * psi / 2)
    return [psi * (1 - t) / 2, -theta * (1 + t) / 2 - gamma * psi]


def turned(change):
    return lambda *arguments: change(*with_tanh(*arguments))


gradient_field = Case(
    q.gradient_field,
    field_stub,
    right=[by_autograd, by_differences, with_tanh],
    wrong={
        "minimax_instead_of_non_saturating": lambda *a: by_autograd(*a, generator=lambda t: -F.softplus(t)),
        "uphill": turned(lambda a, b: (-a, -b)),
        "generator_flees": turned(lambda a, b: (-a, b)),
        "swapped_results": turned(lambda a, b: (b, a)),
        "half_of_penalty": lambda *a: by_autograd(*a, penalty=0.25),
        "penalty_without_half": lambda *a: by_autograd(*a, penalty=1.0),
        "no_penalty": lambda theta, psi, gamma: with_tanh(theta, psi, 0),
        "penalty_with_wrong_sign": lambda theta, psi, gamma: with_tanh(theta, psi, -gamma),
    },
    also_wrong=[
        lambda theta, psi, gamma: (psi / 2, -theta / 2 - gamma * psi),
        lambda theta, psi, gamma: with_tanh(theta, psi, gamma)[0],
    ],
)


def turn_stub(field, theta, psi, h, gamma):
    # YOUR CODE HERE
    raise NotImplementedError()


def in_place(field, theta, psi, h, gamma):
    state = np.array([theta, psi])
    for player in (1, 0):
        state[player] += h * field(*state, gamma)[player]
    return tuple(state)


def spelled_out(field, theta, psi, h, gamma):
    _, push = field(theta, psi, gamma)
    judge = psi + h * push
    push, _ = field(theta, judge, gamma)
    return [theta + h * push, judge]


def both_at_once(field, theta, psi, h, gamma):
    return tuple(np.array([theta, psi]) + h * np.array(field(theta, psi, gamma)))


alternating_turn = Case(
    q.alternating_turn,
    turn_stub,
    right=[in_place, spelled_out],
    wrong={
        "simultaneous": both_at_once,
        "generator_first": lambda field, theta, psi, h, gamma: (
            (new := theta + h * field(theta, psi, gamma)[0]),
            psi + h * field(new, psi, gamma)[1],
        ),
        "minus_the_field": lambda field, theta, psi, h, gamma: spelled_out(field, theta, psi, -h, gamma),
        "swapped_pair": lambda *arguments: spelled_out(*arguments)[::-1],
        "without_step_size": lambda field, theta, psi, h, gamma: spelled_out(field, theta, psi, 1, gamma),
        "gamma_lost": lambda field, theta, psi, h, gamma: spelled_out(field, theta, psi, h, 0),
    },
    also_wrong=[lambda field, theta, psi, h, gamma: in_place(field, *in_place(field, theta, psi, h, gamma), h, gamma)],
)


def factor_stub(h, gamma):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_formula(h, gamma):
    root = np.emath.sqrt(gamma**2 - 1)
    return max(abs(1 - h * (gamma - root) / 2), abs(1 - h * (gamma + root) / 2))


def by_torch(h, gamma):
    step = torch.tensor([[1, h / 2], [-h / 2, 1 - h * gamma]], dtype=torch.float64)
    return torch.linalg.eigvals(step).abs().max()


def by_roots(h, gamma):
    trace, determinant = 2 - h * gamma, 1 - h * gamma + h * h / 4
    return max(abs(np.roots([1, -trace, determinant])))


shrink_factor = Case(
    q.shrink_factor,
    factor_stub,
    right=[by_formula, by_torch, by_roots],
    wrong={
        "real_part": lambda h, gamma: np.real(1 - h * (gamma - np.emath.sqrt(gamma**2 - 1)) / 2),
        "without_identity": lambda h, gamma: h * abs(gamma + np.emath.sqrt(gamma**2 - 1)) / 2,
        "flow": lambda h, gamma: abs(np.exp(-h * (gamma - np.emath.sqrt(gamma**2 - 1)) / 2)),
        "determinant": lambda h, gamma: abs(1 - h * gamma + h * h / 4),
        "squared": lambda h, gamma: by_torch(h, gamma) ** 2,
        "smallest": lambda h, gamma: min(
            abs(1 - h * (gamma + sign * np.emath.sqrt(gamma**2 - 1)) / 2) for sign in (-1, 1)
        ),
    },
    also_wrong=[lambda h, gamma: 1 - h * gamma, lambda h, gamma: 1 - by_formula(h, gamma)],
)


def step_stub(gamma):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_bisection(gamma):
    low, high = 0.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if by_formula(middle, gamma) < 1 - 1e-15 else (low, middle)
    return low


largest_step = Case(
    q.largest_step,
    step_stub,
    right=[
        lambda gamma: 4 * gamma - 4 * math.sqrt(max(gamma**2 - 1, 0)),
        lambda gamma: np.where(gamma <= 1, 4 * gamma, 4 / (max(gamma, 1) + np.sqrt(np.maximum(gamma**2 - 1, 0)))),
    ],
    wrong={
        "four_gamma_everywhere": lambda gamma: gamma / 0.5**2,
        "right_eigenvalue": lambda gamma: 4 * gamma + 4 * math.sqrt(max(gamma**2 - 1, 0)),
        "alternating_limit": lambda gamma: 4 * math.hypot(1, gamma) - 4 * gamma,
        "discriminator_alone": lambda gamma: min(4 * gamma, 2 / gamma) if gamma > 1 else 4 * gamma,
        "stops_at_zero": lambda gamma: 4 * gamma if gamma <= 1 else 2 * gamma - 2 * math.sqrt(gamma**2 - 1),
        "best_step": lambda gamma: 2 * gamma - 2 * math.sqrt(max(gamma**2 - 1, 0)),
    },
    also_wrong=[lambda gamma: 4.0, lambda gamma: min(4 * gamma, 4), lambda gamma: math.inf],
)


def average_stub(values, beta):
    # YOUR CODE HERE
    raise NotImplementedError()


def as_adam_does(values, beta):
    mean, means = 0.0, []
    for t, value in enumerate(values, start=1):
        mean = beta * mean + (1 - beta) * value
        means.append(mean / (1 - beta**t))
    return means


def by_sums(values, beta):
    powers = [beta**k if k else 1.0 for k in range(len(values))]
    return torch.tensor(
        [
            sum(p * v for p, v in zip(powers, values[t::-1], strict=False)) / sum(powers[: t + 1])
            for t in range(len(values))
        ]
    )


def writes_into_input(values, beta):
    for t, mean in enumerate(as_adam_does(list(values), beta)):
        values[t] = mean
    return values


average = Case(
    q.average,
    average_stub,
    right=[as_adam_does, by_sums, lambda values, beta: np.array(as_adam_does(values, beta))],
    wrong={
        "starts_at_zero": lambda values, beta: [
            sum((1 - beta) * beta ** (t - k) * values[k] for k in range(t + 1)) for t in range(len(values))
        ],
        "starts_at_first": lambda values, beta: [
            beta**t * values[0] + sum((1 - beta) * beta ** (t - k) * values[k] for k in range(1, t + 1))
            for t in range(len(values))
        ],
        "swapped_beta": lambda values, beta: by_sums(values, 1 - beta),
        "plain_mean": lambda values, beta: np.cumsum(values) / np.arange(1, len(values) + 1),
        "only_last": lambda values, beta: as_adam_does(values, beta)[-1],
    },
    also_wrong=[writes_into_input, lambda values, beta: values],
)

TestChapter33 = chapter_tests(q, gradient_field, alternating_turn, shrink_factor, largest_step, average)


def test_limits_agree_with_bisection():
    for gamma in (0.2, 0.7, 1.3, 3.0):
        assert abs(q.largest_step.answer(gamma) - by_bisection(gamma)) < 1e-6

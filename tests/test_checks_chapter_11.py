import math

import torch
from checks_cases import Case, chapter_tests
from torch import nn

from gan_edu import nets
from gan_edu.checks import chapter_11 as q


def conditional_stub(joint):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_loops(joint):
    table = torch.zeros(joint.shape, dtype=joint.dtype)
    for x, row in enumerate(joint.tolist()):
        for y, p in enumerate(row):
            table[x, y] = p / sum(row)
    return table


conditional = Case(
    q.conditional,
    conditional_stub,
    right=[
        by_loops,
        lambda joint: torch.nn.functional.normalize(joint, p=1, dim=1, eps=0),
        lambda joint: joint.log().softmax(1),
        lambda joint: (joint.T / joint.sum(1)).T,
        lambda joint: torch.stack([row / row.sum() for row in joint]).float(),
        lambda joint: torch.distributions.Categorical(joint).probs,
    ],
    wrong={
        "columns_sum_to_one": lambda joint: torch.stack([column / column.sum() for column in joint.T], 1),
        "still_the_joint": lambda joint: joint,
        "ignores_x": lambda joint: joint.sum(0, keepdim=True).repeat(len(joint), 1),
        "softmax_of_probabilities": lambda joint: torch.softmax(joint, -1),
        "divided_by_largest": lambda joint: joint / joint.max(1, keepdim=True).values,
        "most_probable": lambda joint: joint.max(1).indices,
        "only_the_sums": lambda joint: joint.sum(-1),
    },
    also_wrong=[
        lambda joint: joint / (joint.sum(1, keepdim=True) + 1e-8),  # moves a rare row
        lambda joint: (joint / joint.sum(1, keepdim=True)).T,
        lambda joint: joint.log() - joint.sum(1, keepdim=True).log(),
    ],
)


def known_stub(x, theta, known):
    # YOUR CODE HERE
    raise NotImplementedError()


def bernoulli(x, theta):
    return torch.distributions.Bernoulli(theta, validate_args=False).log_prob(x)


def one_by_one(x, theta, known):
    scores = torch.zeros(len(x), dtype=torch.double)
    for n, row in enumerate(x):
        for pixel, p, seen in zip(row, theta, known, strict=True):
            if seen:
                scores[n] += math.log(p if pixel == 1 else 1 - p)
    return scores


known_score = Case(
    q.known_score,
    known_stub,
    right=[
        one_by_one,
        lambda x, theta, known: bernoulli(x[:, known], theta[known]).sum(-1),
        lambda x, theta, known: torch.where(known, x * theta.log() + (1 - x) * (1 - theta).log(), 0.0).sum(1),
        lambda x, theta, known: (x * theta.log() + (1 - x) * (1 - theta).log()).nansum(1),
    ],
    wrong={
        "gaps_as_zeros": lambda x, theta, known: bernoulli(torch.where(known, x, 0.0), theta).sum(1),
        "gaps_as_guess": lambda x, theta, known: (
            torch.where(known, x, 0.5) * theta.log() + (1 - torch.where(known, x, 0.5)) * (1 - theta).log()
        ).sum(1),
        "masked_too_late": lambda x, theta, known: (x * theta.log() + (1 - x) * (1 - theta).log()) @ known.double(),
        "mean_over_pixels": lambda x, theta, known: bernoulli(x[:, known], theta[known]).mean(1),
        "one_number": [
            lambda x, theta, known: bernoulli(x[:, known], theta[known]).sum(),
            lambda x, theta, known: bernoulli(x[:, known], theta[known]).sum(1).mean(),
        ],
        "without_logarithm": lambda x, theta, known: torch.where(x[:, known] == 1, theta[known], 1 - theta[known]).prod(
            1
        ),
        "mask_turned_round": lambda x, theta, known: (1 - theta[~known]).log().sum().expand(len(x)),
    },
    also_wrong=[lambda x, theta, known: bernoulli(x[:, known], theta[known]).sum(1) + 1, lambda x, theta, known: x],
)


def density_stub(G, z):
    # YOUR CODE HERE
    raise NotImplementedError()


def normal(z):
    return torch.distributions.Normal(0.0, 1.0).log_prob(z)


def slope(G, z):
    return torch.func.vmap(torch.func.grad(G))(z)


def by_differences(G, z):
    return normal(z) - ((G(z + 1e-6) - G(z - 1e-6)).abs() / 2e-6).log()


log_density = Case(
    q.log_density,
    density_stub,
    right=[
        by_differences,
        lambda G, z: normal(z) - slope(G, z).abs().log(),
        lambda G, z: torch.log(torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) / slope(G, z).abs()),
        lambda G, z: normal(z) - 0.5 * slope(G, z).square().log(),
    ],
    wrong={
        "slope_multiplied": lambda G, z: normal(z) + slope(G, z).abs().log(),
        "without_absolute_value": lambda G, z: normal(z) - slope(G, z).log(),
        "forgets_slope": lambda G, z: normal(z),
        "noise_density_at_x": [lambda G, z: normal(G(z)), lambda G, z: normal(G(z)) - slope(G, z).abs().log()],
        "without_logarithm": lambda G, z: normal(z).exp() / slope(G, z).abs(),
        "missing_constant": lambda G, z: -(z**2) / 2 - slope(G, z).abs().log(),
        "slope_without_logarithm": lambda G, z: normal(z) - slope(G, z).abs(),
    },
    also_wrong=[lambda G, z: normal(z) - slope(G, z).abs().log() + 1, lambda G, z: G(z)],
)


def directions_stub(G, z):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_singular_values(G, z):
    jacobian = torch.autograd.functional.jacobian(G, z)
    return (torch.linalg.svdvals(jacobian) > 1e-9).sum()


def by_small_moves(G, z):
    moves = torch.stack([(G(z + 1e-5 * e) - G(z - 1e-5 * e)) / 2e-5 for e in torch.eye(len(z)).double()])
    return torch.linalg.matrix_rank(moves.detach(), atol=1e-6).item()


directions = Case(
    q.directions,
    directions_stub,
    right=[by_singular_values, by_small_moves, lambda G, z: torch.linalg.matrix_rank(torch.func.jacfwd(G)(z))],
    wrong={
        "number_of_outputs": lambda G, z: G(z).numel(),
        "number_of_inputs": lambda G, z: z.numel(),
        "smaller_of_both": lambda G, z: min(G(z).numel(), z.numel()),
        "narrowest_layer": lambda G, z: min(min(each.shape) for each in [*G.parameters(), z, G(z)]),
        "entries_not_zero": lambda G, z: torch.autograd.functional.jacobian(G, z).count_nonzero(),
    },
    also_wrong=[lambda G, z: 1, lambda G, z: torch.func.jacrev(G)(z)],
)


def test_a_narrow_net_has_fewer_directions():
    G = nn.Sequential(nets.mlp([4, 8, 1]), nets.mlp([1, 8, 6])).double()
    assert q.directions.answer(G, torch.ones(4).double()) == 1


TestChapter11 = chapter_tests(q, conditional, known_score, log_density, directions)

import math

import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_13 as q


def pairs(sequence, K):
    counts = torch.zeros(K, K).double()
    counts.index_put_((sequence[:-1], sequence[1:]), torch.ones(len(sequence) - 1).double(), accumulate=True)
    return counts


def after_stub(P, state, steps):
    # YOUR CODE HERE
    raise NotImplementedError()


def after_by_loops(P, state, steps):
    now = [float(j == state) for j in range(len(P))]
    for _ in range(steps):
        now = [sum(now[i] * P[i, j].item() for i in range(len(P))) for j in range(len(P))]
    return torch.tensor(now)


def after_by_recursion(P, state, steps):
    return torch.eye(len(P)).double()[state] if steps == 0 else after_by_recursion(P, state, steps - 1) @ P


after = Case(
    q.after,
    after_stub,
    right=[
        after_by_loops,
        lambda P, state, steps: torch.linalg.matrix_power(P, steps)[state],
        lambda P, state, steps: torch.linalg.matrix_power(P.T, steps)[:, state],
        lambda P, state, steps: after_by_recursion(P, state, min(steps, 500 + steps % 2)),
    ],
    wrong={
        "from_the_other_side": lambda P, state, steps: torch.linalg.matrix_power(P.T, steps)[state],
        "one_step": lambda P, state, steps: P[state, :],
        "entries_to_the_power": lambda P, state, steps: (P**steps)[state],
        "one_step_too_many": lambda P, state, steps: torch.linalg.matrix_power(P, steps + 1)[state],
        "one_step_too_few": lambda P, state, steps: after_by_loops(P, state, max(0, steps - 1)),
        "most_probable": lambda P, state, steps: after_by_loops(P, state, steps).max(0).indices,
        "whole_table": lambda P, state, steps: torch.linalg.matrix_power(P, steps),
    },
    also_wrong=[
        lambda P, state, steps: P[state] * steps,
        lambda P, state, steps: torch.linalg.matrix_power(P, 1000)[state],
    ],
)


def table_stub(sequence, K, alpha):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_bincount(sequence, K, alpha):
    counts = torch.bincount(K * sequence[:-1] + sequence[1:], minlength=K * K).reshape(K, K).double() + alpha
    return counts / counts.sum(1, keepdim=True)


def by_one_hot(sequence, K, alpha):
    states = torch.nn.functional.one_hot(sequence, K).float()
    return torch.nn.functional.normalize(states[:-1].T @ states[1:] + alpha, p=1, dim=1)


def by_slow_loop(sequence, K, alpha):
    table = torch.full((K, K), float(alpha))
    for t in range(1, len(sequence)):
        table[sequence[t - 1], sequence[t]] += 1
    for i in range(K):
        table[i] /= table[i].sum()
    return table


transition_table = Case(
    q.transition_table,
    table_stub,
    right=[by_bincount, by_one_hot, by_slow_loop],
    wrong={
        "K_from_the_data": lambda s, K, a: by_bincount(s, len(s.unique()), a),
        "columns_sum_to_one": lambda s, K, a: torch.nn.functional.normalize(pairs(s, K) + a, p=1, dim=0),
        "transposed": lambda s, K, a: by_bincount(s, K, a).T,
        "joint_instead_of_conditional": lambda s, K, a: (
            (pairs(s, K) + a) / (len(s) - 1 + a * K * K)  # the total of all smoothed counts
        ),
        "no_smoothing": lambda s, K, a: by_bincount(s, K, 0),
        "alpha_not_in_the_sum": lambda s, K, a: (pairs(s, K) + a) / pairs(s, K).sum(1, keepdim=True),
        "counts_only": lambda s, K, a: pairs(s, K) + a,
        "closed_to_a_ring": lambda s, K, a: by_bincount(torch.cat([s, s[:1]]), K, a),
    },
    also_wrong=[
        lambda s, K, a: by_bincount(s, K, 2 * a),
        lambda s, K, a: by_bincount(s, K, a)[0],
    ],
)


def perplexity_stub(P, sequence):
    # YOUR CODE HERE
    raise NotImplementedError()


def perplexity_by_loop(P, sequence):
    total = 0.0
    for i, j in zip(sequence[:-1].tolist(), sequence[1:].tolist(), strict=True):
        total -= math.log(P[i, j])
    return math.exp(total / (len(sequence) - 1))


perplexity = Case(
    q.perplexity,
    perplexity_stub,
    right=[
        perplexity_by_loop,
        lambda P, s: 2 ** -P[s[:-1], s[1:]].log2().mean(),
        lambda P, s: torch.nn.functional.nll_loss(P.log()[s[:-1]], s[1:]).exp(),
        lambda P, s: torch.exp(-(pairs(s, len(P)) * P.log()).sum() / (len(s) - 1)),
        lambda P, s: P[s[:-1], s[1:]].pow(-1 / (len(s) - 1)).prod().item(),
    ],
    wrong={
        "no_exponential": lambda P, s: math.log(perplexity_by_loop(P, s)),
        "missing_minus": lambda P, s: 1 / perplexity_by_loop(P, s),
        "mixed_bases": lambda P, s: 2 ** math.log(perplexity_by_loop(P, s)),
        "mean_without_logarithm": [
            lambda P, s: P[s[:-1], s[1:]].reciprocal().mean(),
            lambda P, s: P[s[:-1], s[1:]].mean().reciprocal(),
        ],
        "sum_of_logarithms": lambda P, s: P[s[:-1], s[1:]].log().sum().neg().exp(),
        "underflow": lambda P, s: P[s[:-1], s[1:]].prod().pow(-1 / (len(s) - 1)),
        "divided_by_T": lambda P, s: torch.exp(-P[s[:-1], s[1:]].log().sum() / len(s)),
        "swapped": lambda P, s: perplexity_by_loop(P.T, s),
        "closed_to_a_ring": lambda P, s: torch.exp(-P[s, s.roll(-1)].log().mean()),
    },
    also_wrong=[lambda P, s: perplexity_by_loop(P, s) + 1, lambda P, s: len(P)],
)


def stationary_stub(P):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_equations(P):
    A = torch.cat([P.T - torch.eye(len(P)).double(), torch.ones(1, len(P)).double()])
    b = torch.zeros(len(P) + 1).double()
    b[-1] = 1
    return torch.linalg.lstsq(A, b[:, None]).solution[:, 0]


def by_lazy_powers(P):
    """A chain that stays where it is half of the time has the same π, and doesn't march in step."""
    return torch.linalg.matrix_power((P + torch.eye(len(P)).double()) / 2, 4000).mean(0)


stationary = Case(
    q.stationary,
    stationary_stub,
    right=[by_equations, by_lazy_powers, lambda P: by_equations(P).float()],
    wrong={
        "right_eigenvector": lambda P: torch.ones(len(P)).double() / len(P),
        "not_divided_by_sum": lambda P: by_equations(P) / by_equations(P).norm(),
        "powers_of_a_periodic_chain": [
            lambda P: torch.linalg.matrix_power(P, 500)[0],
            lambda P: torch.linalg.matrix_power(P, 501)[0],
            lambda P: (torch.ones(len(P)).double() / len(P)) @ torch.linalg.matrix_power(P, 500),
        ],
        "mean_of_rows": lambda P: P.sum(0) / P.sum(),
        "diagonal": lambda P: P.diag() / P.trace(),
        "a_table": lambda P: torch.linalg.matrix_power(P, 500),
    },
    also_wrong=[lambda P: P[0], lambda P: by_equations(P.T) * 2],
)

TestChapter13 = chapter_tests(q, after, transition_table, perplexity, stationary)

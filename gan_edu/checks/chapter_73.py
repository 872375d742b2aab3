"""Questions of chapter 73: three numbers for an estimator, how sure coverage is, a pile at zero, a one-sided penalty,
four messages."""

import numpy as np
import torch

from gan_edu.checks.engine import NotYet, discussion, question

# --- three numbers


def _studies():
    probes = [(np.array([3.0, 5.0, 10.0, 2.0]), np.array([1.0, 2.0, 2.0, 3.0]), 4.0)]
    probes.append((np.array([5.98, 4.5, 1.0]), np.array([1.0, 1.0, 1.0]), 4.0))  # an error of 1.98 standard errors
    for seed, centre in ((1, 1.5), (2, -2.0)):
        chance = np.random.default_rng(seed)
        probes.append((centre + chance.normal(size=40), chance.uniform(0.3, 1.0, 40), centre + 0.4))
    return probes


@question(
    "Three numbers",
    hints=(
        "Begin with the errors: estimates minus the truth.",
        "RMSE: square, mean, root, in this order. Bias: the plain mean. Coverage: how often is the size of the error "
        "below 1.96 standard errors?",
        "e = estimates - truth, then np.sqrt((e**2).mean()), e.mean(), (abs(e) < 1.96 * standard_errors).mean()",
    ),
    insight="RMSE² = bias² + sd². So a way may have the smaller bias and still the larger RMSE.",
    probes=_studies,
)
def three_numbers(estimates, standard_errors, truth):
    e = estimates - truth
    return np.sqrt((e**2).mean()), e.mean(), (abs(e) < 1.96 * standard_errors).mean()


@three_numbers.misconception("the scatter in the place of the RMSE: the standard deviation doesn't see the bias.")
def _scatter(estimates, standard_errors, truth):
    e = estimates - truth
    return e.std(), e.mean(), (abs(e) < 1.96 * standard_errors).mean()


@three_numbers.misconception("a mean squared error: the root is missing, so its unit is dollars squared.")
def _no_root(estimates, standard_errors, truth):
    e = estimates - truth
    return (e**2).mean(), e.mean(), (abs(e) < 1.96 * standard_errors).mean()


@three_numbers.misconception("the mean size of the errors as bias. Errors above and below must cancel in it.")
def _size_as_bias(estimates, standard_errors, truth):
    e = estimates - truth
    return np.sqrt((e**2).mean()), abs(e).mean(), (abs(e) < 1.96 * standard_errors).mean()


@three_numbers.misconception("truth minus estimate. A bias is positive where the estimates are too high.")
def _turned(estimates, standard_errors, truth):
    e = truth - estimates
    return np.sqrt((e**2).mean()), e.mean(), (abs(e) < 1.96 * standard_errors).mean()


@three_numbers.misconception("intervals of one standard error: those hold the truth in about 68 % only.")
def _one_error(estimates, standard_errors, truth):
    e = estimates - truth
    return np.sqrt((e**2).mean()), e.mean(), (abs(e) < standard_errors).mean()


@three_numbers.misconception("intervals around the mean of the estimates. Do they hold the *truth*?")
def _about_the_mean(estimates, standard_errors, truth):
    e = estimates - truth
    inside = abs(estimates - estimates.mean()) < 1.96 * standard_errors
    return np.sqrt((e**2).mean()), e.mean(), inside.mean()


# --- how sure is a coverage?


def _hits():
    return [(np.array([True, True, False, True]),)] + [
        (np.random.default_rng(seed).random(n) < share,) for seed, n, share in ((3, 50, 0.9), (4, 120, 0.6))
    ]


@question(
    "How sure is a coverage?",
    hints=(
        "The coverage c is the share of True.",
        "A share from R independent studies scatters with the root of c (1 - c) / R.",
        "c = hits.mean(), then c, np.sqrt(c * (1 - c) / len(hits))",
    ),
    insight="The prediction: 0.95 · 0.05 / 0.01² = 475 studies for a standard error of 1 point. Forty give 3 points.",
    probes=_hits,
)
def coverage_with_error(hits):
    c = hits.mean()
    return c, np.sqrt(c * (1 - c) / len(hits))


@coverage_with_error.misconception("the scatter of one study, √(c (1 − c)). The mean of R studies scatters less.")
def _of_one(hits):
    c = hits.mean()
    return c, np.sqrt(c * (1 - c))


@coverage_with_error.misconception("divided by R outside the root. It is √(c (1 − c) / R).")
def _root_inside(hits):
    c = hits.mean()
    return c, np.sqrt(c * (1 - c)) / len(hits)


@coverage_with_error.misconception("a variance: the root is missing.")
def _variance(hits):
    c = hits.mean()
    return c, c * (1 - c) / len(hits)


@coverage_with_error.misconception("the error for c = ½, the worst case, whatever c is.")
def _worst_case(hits):
    return hits.mean(), 0.5 / np.sqrt(len(hits))


@coverage_with_error.misconception(
    "R − 1 for R, as `ddof=1` and scipy's `sem` have it. Usable; here it is √(c (1 − c) / R)."
)
def _one_less(hits):
    c = hits.mean()
    return c, np.sqrt(c * (1 - c) / (len(hits) - 1))


@coverage_with_error.misconception("the *number* of hits. A coverage is a share.")
def _number(hits):
    c = hits.mean()
    return hits.sum(), np.sqrt(c * (1 - c) / len(hits))


# --- a pile at zero


def _coins():
    probes = [(np.array([0.5, 0.2, 0.9]), np.array([7.0, 8.0, 9.0]), np.array([0.4, 0.6, 0.95]))]
    for seed in (5, 6):
        chance = np.random.default_rng(seed)
        probes.append((chance.random(30), chance.exponential(5, 30), chance.random(30)))
    return probes


@question(
    "A pile at zero",
    hints=(
        "u is uniform between 0 and 1. How often is u below 0.7?",
        "Where u is below p_zero the result is exactly 0, elsewhere the amount.",
        "np.where(u < p_zero, 0.0, amount)",
    ),
    insight="This is a hurdle: first a coin, then an amount. A net that gives p_zero and the amount can make any pile. "
    "The floor of the chapter is another way: one number, cut off at 0.",
    probes=_coins,
)
def hurdle(p_zero, amount, u):
    return np.where(u < p_zero, 0.0, amount)


@hurdle.misconception("the *mean* of each row, (1 − p) · amount. No row is exactly 0, so there is no pile.")
def _mean(p_zero, amount, u):
    return (1 - p_zero) * amount


@hurdle.misconception("the coin turned round: zeros come with probability 1 − p_zero.")
def _turned_coin(p_zero, amount, u):
    return np.where(u < p_zero, amount, 0.0)


@hurdle.misconception("zero wherever p_zero is above ½: without chance, rows with p = 0.4 never become 0.")
def _no_chance(p_zero, amount, u):
    return np.where(p_zero > 0.5, 0.0, amount)


@hurdle.misconception("the amounts shrunk by the coin, u · amount. A man earns nothing or the amount.")
def _shrunk(p_zero, amount, u):
    return np.where(u < p_zero, 0.0, u * amount)


# --- a one-sided penalty


def _slopes():
    chance = torch.Generator().manual_seed(7)
    first = torch.tensor([[0.3, 0.4], [0.0, 1.0], [3.0, 4.0]])
    return [(first,), (torch.randn(12, 3, generator=chance),), (0.8 * torch.randn(20, 2, generator=chance),)]


@question(
    "A one-sided penalty",
    hints=(
        "First the length of each row's slope: norm(dim=-1).",
        "What is above 1 costs, what is below costs nothing: relu.",
        "torch.relu(slopes.norm(dim=-1) - 1).mean()",
    ),
    insight="A critic may be flat where it has nothing to say. The two-sided penalty pushes it to slope 1 everywhere "
    "between real and generated rows.",
    probes=_slopes,
)
def one_sided(slopes):
    return torch.relu(slopes.norm(dim=-1) - 1).mean()


@one_sided.misconception("the two-sided penalty, (length − 1)²: it punishes slopes below 1 as well.")
def _two_sided(slopes):
    return (slopes.norm(dim=-1) - 1).square().mean()


@one_sided.misconception("the excess squared. Here it is the excess itself.")
def _squared(slopes):
    return torch.relu(slopes.norm(dim=-1) - 1).square().mean()


@one_sided.misconception("relu after the mean: flat rows then pay for steep ones.")
def _mean_first(slopes):
    return torch.relu((slopes.norm(dim=-1) - 1).mean())


@one_sided.misconception("each partial slope on its own. The length of the whole slope may be at most 1.")
def _by_entry(slopes):
    return torch.relu(slopes.abs() - 1).mean()


@one_sided.misconception("the sum over the rows, not their mean: it would grow with the batch.")
def _sum(slopes):
    return torch.relu(slopes.norm(dim=-1) - 1).sum()


@one_sided.misconception("the squared length minus 1. Take the root first.")
def _squared_length(slopes):
    return torch.relu(slopes.square().sum(-1) - 1).mean()


@one_sided.test
def _(learner):
    slopes = torch.tensor([[3.0, 4.0], [0.3, 0.4]], requires_grad=True)
    penalty = learner(slopes)
    if not isinstance(penalty, torch.Tensor) or not penalty.requires_grad:
        raise NotYet(
            "a tensor through which gradients pass",
            looks_like="a bare number (`float`, `.item()`, `.detach()`, NumPy?). The critic can't learn from it.",
        )


# --- four messages


@discussion(
    "Four messages",
    hints=(
        "For each: in whose world is this true? How many worlds were made?",
        "What did the maker of the world assume, and whom does that favour?",
    ),
)
def judge_messages():
    """1. The prediction: the difference of the means wins or nearly so, because chance made the groups alike, and there
    is nothing to adjust. In the survey's world it would lose. A verdict belongs to a world.

    2. The GAN's effect is the effect in the GAN's world. It changed by more than a thousand dollars between fits of
    one and the same table. It is no estimate with a standard error.

    3. The prediction: regression. Its model made the data. Use makers that don't share a model with a contestant, and
    show several.

    4. 90 % and 97 % of 30 are 27 and 29 studies: two studies apart. Both ways saw the same 30, so look at those in
    which just one of the two missed; a handful can't decide. And it is one world of one fit; another may differ."""

import numpy as np
import torch
from checks_cases import Case, chapter_tests
from scipy import stats
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from gan_edu.checks import chapter_34 as q


def wasserstein_stub(x, y, p):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_pairing(x, y, p, pairs=linear_sum_assignment):
    ways = np.abs(np.subtract.outer(x, y)) ** p
    return np.mean(ways[pairs(ways)]) ** (1 / p)


def in_torch(x, y, p, reduce=torch.mean):
    x, y = torch.as_tensor(x).sort().values, torch.as_tensor(y).sort().values
    return reduce((x - y).abs() ** p) ** (1 / p)


def with_lists(x, y, p):
    return (sum(abs(a - b) ** p for a, b in zip(sorted(x), sorted(y), strict=True)) / len(x)) ** (1 / p)


wasserstein = Case(
    q.wasserstein,
    wasserstein_stub,
    right=[by_pairing, in_torch, with_lists],
    wrong={
        "not_sorted": lambda x, y, p: np.linalg.norm(x - y, p) / len(x) ** (1 / p),
        "distance_of_means": lambda x, y, p: abs((x - y).mean()),
        "root_is_missing": lambda x, y, p: in_torch(x, y, p) ** p,
        "sum_instead_of_mean": lambda x, y, p: in_torch(x, y, p, torch.sum),
        "falling_order": lambda x, y, p: by_pairing(x, y, p, lambda ways: linear_sum_assignment(ways, maximize=True)),
        "always_first": lambda x, y, p: stats.wasserstein_distance(x, y),
        "always_squares": lambda x, y, p: in_torch(x, y, 2),
    },
    also_wrong=[lambda x, y, p: 0.0, lambda x, y, p: 2 * in_torch(x, y, p)],
)


def price_stub(x, y, plan):
    # YOUR CODE HERE
    raise NotImplementedError()


def with_loops(x, y, plan):
    return sum(plan[i, j] * np.sqrt(sum((x[i] - y[j]) ** 2)) for i in range(len(x)) for j in range(len(y)))


price = Case(
    q.price,
    price_stub,
    right=[
        with_loops,
        lambda x, y, plan: np.einsum("ij,ij", plan, cdist(x, y)),
        lambda x, y, plan: torch.sum(torch.tensor(plan) * torch.cdist(torch.tensor(x), torch.tensor(y))),
    ],
    wrong={
        "squared_ways": lambda x, y, plan: (plan * cdist(x, y, "sqeuclidean")).sum(),
        "city_blocks": lambda x, y, plan: (plan * cdist(x, y, "cityblock")).sum(),
        "mean_instead_of_sum": lambda x, y, plan: np.mean(plan * cdist(x, y)),
        "plan_forgotten": lambda x, y, plan: cdist(x, y).mean(),
        "only_the_diagonal": lambda x, y, plan: sum(
            plan[i, i] * np.linalg.norm(x[i] - y[i]) for i in range(min(plan.shape))
        ),
    },
    also_wrong=[lambda x, y, plan: cdist(x, y).min(), lambda x, y, plan: plan * cdist(x, y)],
)


def bound_stub(real, fake, f_real, f_fake):
    # YOUR CODE HERE
    raise NotImplementedError()


def neighbours_only(real, fake, f_real, f_fake, size=abs):
    """On a line the steepest slope is one between neighbours."""
    points = sorted({(x, f) for x, f in zip([*real, *fake], [*f_real, *f_fake], strict=True)})
    steepest = max(size((g - f) / (y - x)) for (x, f), (y, g) in zip(points, points[1:], strict=False))
    return (np.mean(f_real) - np.mean(f_fake)) / steepest


def steepest_neighbours(x, f):
    order = np.argsort(x)
    return np.abs(np.diff(f[order]) / np.diff(x[order])).max()


def in_a_loop(real, fake, f_real, f_fake):
    x, f = [*real, *fake], [*f_real, *f_fake]
    steepest = 0
    for i in range(len(x)):
        for j in range(i):
            if x[i] != x[j]:
                steepest = max(steepest, abs(f[i] - f[j]) / abs(x[i] - x[j]))
    return sum(f_real) / len(f_real) / steepest - sum(f_fake) / len(f_fake) / steepest


def divides_by_zero(real, fake, f_real, f_fake):
    x, f = np.concatenate([real, fake]), np.concatenate([f_real, f_fake])
    order = np.argsort(x)
    with np.errstate(all="ignore"):
        return (f_real.mean() - f_fake.mean()) / np.abs(np.diff(f[order]) / np.diff(x[order])).max()


lower_bound = Case(
    q.lower_bound,
    bound_stub,
    right=[neighbours_only, in_a_loop],
    wrong={
        "not_divided": lambda real, fake, f_real, f_fake: np.mean(f_real) - np.mean(f_fake),
        "wrong_way_round": lambda real, fake, f_real, f_fake: neighbours_only(fake, real, f_fake, f_real),
        "slopes_among_real_only": lambda real, fake, f_real, f_fake: (
            (f_real.mean() - f_fake.mean()) / steepest_neighbours(real, f_real)
        ),
        "rise_without_way": lambda real, fake, f_real, f_fake: (
            (f_real.mean() - f_fake.mean()) / np.ptp(np.concatenate([f_real, f_fake]))
        ),
        "signed_slopes": lambda *arguments: neighbours_only(*arguments, size=float),
        "absolute_earnings": lambda *arguments: np.abs(in_a_loop(*arguments)),
        "slope_at_least_one": lambda real, fake, f_real, f_fake: (
            (np.mean(f_real) - np.mean(f_fake))
            / max(1, steepest_neighbours(np.append(real, fake), np.append(f_real, f_fake)))
        ),
    },
    also_wrong=[divides_by_zero, lambda real, fake, f_real, f_fake: 1.0],
)


def penalty_stub(critic, real, fake, share):
    # YOUR CODE HERE
    raise NotImplementedError()


def lengths(critic, at, graph=True):
    at = at.clone().requires_grad_(True)
    gradient = torch.autograd.grad(critic(at), at, torch.ones(len(at), 1), create_graph=graph)[0]
    return (gradient**2).sum(dim=1).sqrt()


def middle(real, fake, share):
    return (1 - share) * real + share * fake


def with_relu(critic, real, fake, share):
    return torch.mean(torch.relu(lengths(critic, middle(real, fake, share)) - 1) ** 2)


def functional(critic, real, fake, share):
    gradient = torch.func.vmap(torch.func.grad(lambda x: critic(x).sum()))(middle(real, fake, share))
    return (gradient.norm(dim=1) - 1).maximum(torch.tensor(0.0)).pow(2).mean()


def calls_backward(critic, real, fake, share):
    at = middle(real, fake, share).requires_grad_()
    critic(at).sum().backward(create_graph=True)
    return (at.grad.norm(dim=1) - 1).clamp(min=0).square().mean()


def starts_from_zero(critic, real, fake, share):
    critic.zero_grad()
    return with_relu(critic, real, fake, share)


def in_train_mode(critic, real, fake, share):
    return with_relu(critic.train(), real, fake, share)


def freezes(critic, real, fake, share):
    found = with_relu(critic, real, fake, share)
    critic.requires_grad_(False)
    return found


one_sided = Case(
    q.one_sided,
    penalty_stub,
    right=[with_relu, functional],
    wrong={
        "two_sided": lambda c, r, f, s: ((lengths(c, middle(r, f, s)) - 1) ** 2).mean(),
        "penalty_not_squared": lambda c, r, f, s: torch.relu(lengths(c, middle(r, f, s)) - 1).mean(),
        "squared_length": lambda c, r, f, s: torch.relu(lengths(c, middle(r, f, s)) ** 2 - 1).square().mean(),
        "penalty_on_logits_mean": lambda c, r, f, s: (
            torch.relu(lengths(c, middle(r, f, s)) / len(r) - 1).square().mean()
        ),
        "no_create_graph": [
            lambda c, r, f, s: torch.relu(lengths(c, middle(r, f, s), graph=False) - 1).square().mean(),
            lambda c, r, f, s: with_relu(c, r, f, s).detach(),
        ],
        "at_real_points": lambda c, r, f, s: with_relu(c, r, r, s),
        "share_from_the_other_end": lambda c, r, f, s: with_relu(c, f, r, s),
        "sum_over_points": lambda c, r, f, s: torch.relu(lengths(c, middle(r, f, s)) - 1).square().sum(),
    },
    also_wrong=[
        calls_backward,
        starts_from_zero,
        in_train_mode,
        freezes,
        lambda c, r, f, s: 10 * with_relu(c, r, f, s),
    ],
)


def earned_stub(a, weight):
    # YOUR CODE HERE
    raise NotImplementedError()


earned = Case(
    q.earned,
    earned_stub,
    right=[lambda a, weight: a + a**2 / weight / 2, lambda a, weight: np.float64(a) * (2 * weight + a) / (2 * weight)],
    wrong={
        "no_bias": lambda a, weight: a,
        "only_the_slope": lambda a, weight: 1 + 0.5 * a / weight,
        "factor_two": lambda a, weight: a + a * a / weight,
        "minus_penalty": lambda a, weight: (k := 1 + a / 2 / weight) * a - weight * (k - 1) ** 2,
        "unit_gain": lambda a, weight: a + a / 2 / weight,
        "too_low": lambda a, weight: a - a * a / 2 / weight,
    },
    also_wrong=[
        lambda a, weight: a + 1 / weight,
        lambda a, weight: 0,
        lambda a, weight: float(a) * (1 + float(a) / (2 * weight)),  # one number only
    ],
)

TestChapter34 = chapter_tests(q, wasserstein, price, lower_bound, one_sided, earned)

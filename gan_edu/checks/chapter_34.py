"""Questions of chapter 34: sorting, a plan's price, a lower bound, a one-sided penalty, its bias, two loss curves."""

import numpy as np
import torch
from torch import nn

from gan_edu.checks.engine import NotYet, discussion, question
from gan_edu.checks.values import close

# --- on a line


def _pair(seed, n):
    draw = np.random.default_rng(seed)
    return draw.normal(size=n).round(2), (draw.normal(size=n) * 2 + 1).round(2)


@question(
    "Sort and pair",
    hints=(
        "On a line the best pairing is in order: the smallest with the smallest, and so on. np.sort sorts.",
        "After sorting, the ways are |x₍ᵢ₎ - y₍ᵢ₎|. For W_p take each to the power p, then the mean, and then …",
        "(np.abs(np.sort(x) - np.sort(y)) ** p).mean() ** (1 / p)",
    ),
    insight="Sorting takes about n log n steps. The linear program has n² unknowns, for 10,000 points 100 million. "
    "So “sliced” distances project clouds of points onto many lines, and sort there.",
    probes=lambda: [
        (np.array([3.0, 1.0, 2.0]), np.array([0.0, 5.0, 1.0]), 1),
        (np.array([3.0, 1.0, 2.0]), np.array([0.0, 5.0, 1.0]), 2),
        (*_pair(0, 7), 1),
        (*_pair(1, 6), 2),
        (*_pair(2, 5), 3),
    ],
)
def wasserstein(x, y, p):
    return (np.abs(np.sort(x) - np.sort(y)) ** p).mean() ** (1 / p)


@wasserstein.misconception("points paired as they come. The best pairing is in order: sort both first.")
def _not_sorted(x, y, p):
    return (np.abs(x - y) ** p).mean() ** (1 / p)


@wasserstein.misconception(
    "the distance of the two means. Two samples can have the same mean and still be far from each other."
)
def _distance_of_means(x, y, p):
    return np.abs(np.mean(x) - np.mean(y))


@wasserstein.misconception("the p-th power of the distance: the p-th root at the end is missing.")
def _root_is_missing(x, y, p):
    return (np.abs(np.sort(x) - np.sort(y)) ** p).mean()


@wasserstein.misconception("a sum over the pairs. Each point carries the weight 1/n, so take the mean.")
def _sum_instead_of_mean(x, y, p):
    return (np.abs(np.sort(x) - np.sort(y)) ** p).sum() ** (1 / p)


@wasserstein.misconception("one of the two in falling order: that is the *longest* pairing, not the shortest.")
def _falling_order(x, y, p):
    return (np.abs(np.sort(x) - np.sort(y)[::-1]) ** p).mean() ** (1 / p)


@wasserstein.misconception("squares whatever p is. The power is p, and the root the p-th.")
def _always_squares(x, y, p):
    return np.sqrt(((np.sort(x) - np.sort(y)) ** 2).mean())


@wasserstein.misconception("W1 whatever p is. The power is p, and the root the p-th.")
def _always_first(x, y, p):
    return np.abs(np.sort(x) - np.sort(y)).mean()


@wasserstein.misconception(
    "each point carried to its *nearest* one on the other side. Then many may go to one place, and others get nothing."
)
def _nearest_neighbours(x, y, p):
    return (np.abs(x[:, None] - y[None]).min(1) ** p).mean() ** (1 / p)


@wasserstein.misconception(
    "the mean over all pairs of points, as if everything were sent everywhere: a very wasteful plan."
)
def _all_pairs(x, y, p):
    return (np.abs(x[:, None] - y[None]) ** p).mean() ** (1 / p)


# --- the price of a plan


def _planned(seed, n, m, d=2):
    draw = np.random.default_rng(seed)
    a, b = draw.dirichlet(np.ones(n)), draw.dirichlet(np.ones(m))
    return draw.normal(size=(n, d)).round(2), draw.normal(size=(m, d)).round(2), np.outer(a, b)


@question(
    "The price of a plan",
    hints=(
        "For each pair (i, j): how much is carried, times how far it is. Then add up everything.",
        "x[:, None] - y[None] has the shape (n, m, d). The length of each of these arrows is the root of the sum of "
        "squares over the last axis: np.linalg.norm(…, axis=-1).",
        "(plan * np.linalg.norm(x[:, None] - y[None], axis=-1)).sum()",
    ),
    insight="Any plan with the right sums gives an upper bound of W1, and any 1-Lipschitz critic a lower bound. If a "
    "plan and a critic give the same number, this proves that both are the best.",
    probes=lambda: [
        (
            np.array([[0.0, 0.0], [3.0, 4.0]]),
            np.array([[0.0, 0.0], [3.0, 4.0]]),
            np.array([[0.25, 0.25], [0.25, 0.25]]),
        ),
        _planned(0, 3, 4),
        _planned(1, 4, 2, 3),
        _planned(2, 3, 3),
    ],
)
def price(x, y, plan):
    return (plan * np.linalg.norm(x[:, None] - y[None], axis=-1)).sum()


@price.misconception("squared ways, which is what W2² counts. For W1 each way counts by its length: take the root.")
def _squared_ways(x, y, plan):
    return (plan * ((x[:, None] - y[None]) ** 2).sum(-1)).sum()


@price.misconception(
    "ways along the axes, |Δ₁| + |Δ₂|, as in a city of blocks. The question asks for the straight line's length."
)
def _city_blocks(x, y, plan):
    return (plan * np.abs(x[:, None] - y[None]).sum(-1)).sum()


@price.misconception("the mean over all entries. The plan's entries are shares of 1 already: add them up.")
def _mean_instead_of_sum(x, y, plan):
    return (plan * np.linalg.norm(x[:, None] - y[None], axis=-1)).mean()


@price.misconception("ways without the plan. How *much* goes each way matters, too.")
def _plan_forgotten(x, y, plan):
    return np.linalg.norm(x[:, None] - y[None], axis=-1).mean()


@price.misconception("only the pairs (i, i). Each x may be carried to every y.")
def _only_the_diagonal(x, y, plan):
    n = min(len(x), len(y))
    return (np.diag(plan)[:n] * np.linalg.norm(x[:n] - y[:n], axis=-1)).sum()


@price.misconception("the way between the two centres of mass. Take the distances first, and average them afterwards.")
def _centres_of_mass(x, y, plan):
    return np.linalg.norm(plan.sum(1) @ x - plan.sum(0) @ y)


# --- a lower bound


def _critic_probe(seed, n, m):
    draw = np.random.default_rng(seed)
    real, fake = draw.normal(2, 1, n).round(2), draw.normal(0, 1, m).round(2)

    def critic(x):
        return 3 * np.abs(x) + np.sin(x)

    return real, fake, critic(real), critic(fake)


def _flat_critic_that_errs():
    """Nowhere as steep as 1, and it ranks forged points above real ones."""
    real, fake = np.array([0.0, 1.0, 5.0]), np.array([2.0, 4.0])
    return real, fake, np.array([0.0, 0.1, 0.2]), np.array([0.4, 0.7])


def _steepest(x, f):
    apart = np.abs(x[:, None] - x[None])
    rise = np.abs(f[:, None] - f[None])
    return (rise[apart > 0] / apart[apart > 0]).max()


@question(
    "What a critic proves",
    hints=(
        "Two numbers: what the critic earns, mean on real minus mean on forged points; and how steep it is.",
        "Put real and forged points into one array (np.concatenate), and their values likewise. For all pairs: |f(a) - "
        "f(b)| / |a - b|; the largest of these. Leave out a = b.",
        "(f_real.mean() - f_fake.mean()) / steepest, with steepest = (rise[apart > 0] / apart[apart > 0]).max().",
    ),
    insight="For these two sets of points this is a proof, not an estimate: a function that is nowhere steeper "
    "*between these points* can always be continued to the whole line without getting steeper.",
    probes=lambda: [
        (np.array([2.0, 3.0]), np.array([0.0, 1.0]), np.array([4.0, 6.0]), np.array([0.0, 3.0])),
        _critic_probe(0, 5, 5),
        _critic_probe(1, 4, 6),
        _critic_probe(2, 8, 3),
        _flat_critic_that_errs(),
    ],
)
def lower_bound(real, fake, f_real, f_fake):
    x, f = np.concatenate([real, fake]), np.concatenate([f_real, f_fake])
    apart, rise = np.abs(x[:, None] - x[None]), np.abs(f[:, None] - f[None])
    steepest = (rise[apart > 0] / apart[apart > 0]).max()
    return (f_real.mean() - f_fake.mean()) / steepest


@lower_bound.misconception("what the critic earns, as it is. A critic that is twice as steep earns twice as much.")
def _not_divided(real, fake, f_real, f_fake):
    return f_real.mean() - f_fake.mean()


@lower_bound.misconception(
    "the absolute value of what it earns. That bounds W1 too, but the question asks for what *this* "
    "critic earns: negative if it ranks forged points above real ones."
)
def _absolute_earnings(real, fake, f_real, f_fake):
    return abs(lower_bound.answer(real, fake, f_real, f_fake))


@lower_bound.misconception(
    "a slope of at least 1, or no division where the critic is flatter than 1. A flat critic is divided, too: its "
    "number gets larger in size, whatever its sign, and it stays a bound."
)
def _slope_at_least_one(real, fake, f_real, f_fake):
    steep = _steepest(np.concatenate([real, fake]), np.concatenate([f_real, f_fake]))
    return (f_real.mean() - f_fake.mean()) / max(1.0, steep)


@lower_bound.misconception("forged minus real. The critic is to be high on real points.")
def _wrong_way_round(real, fake, f_real, f_fake):
    return -lower_bound.answer(real, fake, f_real, f_fake)


@lower_bound.misconception(
    "the *mean* slope. The limit holds for the steepest place: one steep step is enough to earn too much."
)
def _mean_slope(real, fake, f_real, f_fake):
    x, f = np.concatenate([real, fake]), np.concatenate([f_real, f_fake])
    apart, rise = np.abs(x[:, None] - x[None]), np.abs(f[:, None] - f[None])
    return (f_real.mean() - f_fake.mean()) / (rise[apart > 0] / apart[apart > 0]).mean()


@lower_bound.misconception(
    "only slopes among real points. The critic may be steeper among forged points, or between the two kinds."
)
def _slopes_among_real_only(real, fake, f_real, f_fake):
    return (f_real.mean() - f_fake.mean()) / _steepest(real, f_real)


@lower_bound.misconception("only slopes between a real and a forged point. Two points of the same kind count, too.")
def _slopes_between_only(real, fake, f_real, f_fake):
    rise, apart = np.abs(f_real[:, None] - f_fake[None]), np.abs(real[:, None] - fake[None])
    return (f_real.mean() - f_fake.mean()) / (rise[apart > 0] / apart[apart > 0]).max()


@lower_bound.misconception(
    "the largest rise, not the largest rise *per way*: divide by the distance of the two points."
)
def _rise_without_way(real, fake, f_real, f_fake):
    f = np.concatenate([f_real, f_fake])
    return (f_real.mean() - f_fake.mean()) / (f.max() - f.min())


@lower_bound.misconception(
    "slopes with their sign. A fall is as steep as a rise: take the absolute value of each slope."
)
def _signed_slopes(real, fake, f_real, f_fake):
    x, f = np.concatenate([real, fake]), np.concatenate([f_real, f_fake])
    order = np.argsort(x)
    steep = np.diff(f[order]) / np.where(np.diff(x[order]) == 0, np.inf, np.diff(x[order]))
    return (f_real.mean() - f_fake.mean()) / steep.max()


@lower_bound.test
def _(learner):
    falling = np.array([0.0, 1.0]), np.array([2.0, 3.0]), np.array([0.0, -1.0]), np.array([-6.0, -7.0])
    got = learner(*falling)
    if not close(lower_bound.answer(*falling), got):
        raise NotYet(lower_bound.answer(*falling), got, on="a critic that falls", looks_like="signed_slopes")


@lower_bound.test
def _(learner):
    twice = np.array([1.0, 1.0, 2.0]), np.array([0.0, 1.0]), np.array([2.0, 2.0, 3.0]), np.array([0.0, 2.0])
    got = learner(*twice)
    if not close(lower_bound.answer(*twice), got):
        raise NotYet(
            lower_bound.answer(*twice), got, on="points that occur twice", looks_like="0 divided by 0: leave out pairs "
            "of points in the same place."
        )  # fmt: skip


# --- a one-sided penalty


def _critic(scale):
    """A critic of points in the plane, steeper in some places than in others."""
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    values = ((1.0, -0.5, 0.3, 0.8, -1.0, 0.4), (0.1, -0.2, 0.3), (2.0, -1.5, 1.0), (0.0,))
    for parameter, given in zip(net.parameters(), values, strict=True):
        parameter.data = torch.tensor(given).reshape(parameter.shape)
    net[2].weight.data *= scale
    return net


def _points(seed, n):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(n, 2, generator=draw) + 1, torch.randn(n, 2, generator=draw), torch.rand(n, 1, generator=draw)


def _penalised(candidate, scale, real, fake, share):
    """The penalty that candidate finds, and its gradient for the critic's weights."""
    critic = _critic(scale)
    try:
        penalty = candidate(critic, real, fake, share)
    except RuntimeError as error:
        if "does not require grad" in str(error) or "have been used in the graph" in str(error):
            raise NotYet("a penalty", f"RuntimeError: {str(error)[:80]}…", looks_like="points_not_followed") from None
        raise
    if not torch.is_tensor(penalty) or penalty.numel() != 1:
        return penalty
    if not penalty.requires_grad:
        return {"penalty": penalty, "its gradient": "none"}
    gradients = torch.autograd.grad(penalty.sum(), list(critic.parameters()), allow_unused=True)
    flat = [torch.zeros_like(p) if g is None else g for p, g in zip(critic.parameters(), gradients, strict=True)]
    return {"penalty": penalty, "its gradient": torch.cat([g.flatten() for g in flat])}


@question(
    "A one-sided penalty",
    hints=(
        "First the points between: real + share * (fake - real). PyTorch must follow them: requires_grad_().",
        "Then their gradients: torch.autograd.grad(critic(between).sum(), between, create_graph=True)[0], of shape "
        "(N, 2). Take the length of each row.",
        "length = gradient.norm(dim=1), and (length - 1).clamp(min=0).square().mean().",
    ),
    insight="Where the critic is flatter than 1 this penalty is 0, so nothing holds the slope away from 0. So a "
    "critic that starts the wrong way can turn round.",
    run=_penalised,
    probes=lambda: [(1.0, *_points(0, 5)), (0.3, *_points(1, 6)), (3.0, *_points(2, 4))],
)
def one_sided(critic, real, fake, share):
    between = (real + share * (fake - real)).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (gradient.norm(dim=1) - 1).clamp(min=0).square().mean()


def _gradient(critic, at, reduce=torch.sum, graph=True):
    at = at.detach().requires_grad_()
    return torch.autograd.grad(reduce(critic(at)), at, create_graph=graph)[0]


def _at(real, fake, share):
    return real + share * (fake - real)


@one_sided.misconception(
    "the two-sided penalty of WGAN-GP. Slopes *below* 1 are free here: .clamp(min=0) before the square."
)
def _two_sided(critic, real, fake, share):
    return (_gradient(critic, _at(real, fake, share)).norm(dim=1) - 1).square().mean()


@one_sided.misconception(
    "an excess that isn't squared. With the square, small excesses cost little and large ones much."
)
def _penalty_not_squared(critic, real, fake, share):
    return (_gradient(critic, _at(real, fake, share)).norm(dim=1) - 1).clamp(min=0).mean()


@one_sided.misconception("the *squared* length minus 1. The slope is the length itself: take the root first.")
def _squared_length(critic, real, fake, share):
    return (_gradient(critic, _at(real, fake, share)).square().sum(1) - 1).clamp(min=0).square().mean()


@one_sided.misconception(
    "the gradient of the *mean* of the critic's values: then each point's slope is divided by the number of points."
)
def _penalty_on_logits_mean(critic, real, fake, share):
    gradient = _gradient(critic, _at(real, fake, share), torch.mean)
    return (gradient.norm(dim=1) - 1).clamp(min=0).square().mean()


@one_sided.misconception(
    "a penalty that no weight can learn from: create_graph=True is missing (or there is a .detach() or .item())."
)
def _no_create_graph(critic, real, fake, share):
    gradient = _gradient(critic, _at(real, fake, share), graph=False)
    return (gradient.norm(dim=1) - 1).clamp(min=0).square().mean()


@one_sided.misconception("slopes at the real points. Asked for are points between real and forged ones.")
def _at_real_points(critic, real, fake, share):
    return (_gradient(critic, real).norm(dim=1) - 1).clamp(min=0).square().mean()


@one_sided.misconception("each coordinate punished for itself. The slope is the length of the whole gradient.")
def _coordinate_by_coordinate(critic, real, fake, share):
    return (_gradient(critic, _at(real, fake, share)).abs() - 1).clamp(min=0).square().mean()


@one_sided.misconception("one length for all points together. Each point has a slope of its own: norm(dim=1).")
def _one_length_for_all(critic, real, fake, share):
    return (_gradient(critic, _at(real, fake, share)).norm() - 1).clamp(min=0).square()


@one_sided.misconception("the share counted from the wrong end: at share 0 the point is the real one.")
def _share_from_the_other_end(critic, real, fake, share):
    return one_sided.answer(critic, fake, real, share)


@one_sided.misconception(
    "a sum over the points. Then λ would have to change with the size of the batch: take the mean."
)
def _sum_over_points(critic, real, fake, share):
    return one_sided.answer(critic, real, fake, share) * len(real)


@one_sided.misconception(
    "a slope at points that PyTorch doesn't follow. Before the critic sees them: between = between.requires_grad_()."
)
def _points_not_followed(critic, real, fake, share):
    return torch.autograd.grad(critic(_at(real, fake, share)).sum(), real)[0]


@one_sided.test
def _(learner):
    critic = _critic(1.0)
    learner(critic, *_points(0, 5))
    if any(parameter.grad is not None and parameter.grad.any() for parameter in critic.parameters()):
        raise NotYet(
            "a critic as it was before", "gradients in .grad", looks_like="backward(); use torch.autograd.grad."
        )


@one_sided.test
def _(learner):
    critic = _critic(1.0).eval()
    before = {}
    for name, parameter in critic.named_parameters():
        parameter.grad = torch.ones_like(parameter)
        before[name] = parameter.detach().clone()
    learner(critic, *_points(0, 5))
    for name, parameter in critic.named_parameters():
        if parameter.grad is None or not bool((parameter.grad == 1).all()):
            came = "no longer there" if parameter.grad is None else "changed"
            raise NotYet("what stood in .grad before", came, looks_like="a zero_grad() or a backward() of the critic.")
        if not parameter.requires_grad:
            raise NotYet("a critic whose weights may learn, as before", f"{name} frozen")
        if not torch.equal(parameter, before[name]):
            raise NotYet("the critic's weights as they were", f"{name} changed")
    if critic.training:
        raise NotYet("a critic in the mode in which it came, eval()", "train()")


# --- its bias


@question(
    "What the penalty adds",
    hints=(
        "The critic maximises k·a - λ·(k - 1)², for k ≥ 1. Set the derivative by k to zero.",
        "You get k = 1 + a/(2λ). What does a critic with this slope earn on a way of length a?",
        "a * (1 + a / (2 * weight)), that is a + a²/(2λ).",
    ),
    insight="The excess is a²/(2λ): twice the distance gives four times the excess. So two runs whose data are scaled "
    "differently can't be compared with the same λ, not even after scaling back.",
    probes=lambda: [(1.0, 10.0), (1.0, 1.0), (3.0, 10.0), (100.0, 10.0), (0.5, 0.1), (np.array([0.5, 2.0]), 0.25)],
)
def earned(a, weight):
    return a * (1 + a / (2 * weight))


@earned.misconception(
    "the distance itself. A slope a little above 1 costs little and earns more, so the critic gets steeper than 1."
)
def _no_bias(a, weight):
    return a


@earned.misconception("the slope, and not what is earned with it: multiply by the way a.")
def _only_the_slope(a, weight):
    return 1 + a / (2 * weight)


@earned.misconception("a forgotten factor 2: the derivative of the square is 2λ(k - 1).")
def _factor_two(a, weight):
    return a * (1 + a / weight)


@earned.misconception(
    "the whole objective at its maximum. The penalty is a part of the *loss*; the critic's number is k·a alone."
)
def _minus_penalty(a, weight):
    return a + a**2 / (4 * weight)


@earned.misconception("the slope k = 1 + 1/(2λ), whatever the way is. Each bit of slope earns a, not 1.")
def _unit_gain(a, weight):
    return a * (1 + 1 / (2 * weight))


@earned.misconception("λ in the wrong place: a *strong* penalty holds the slope near 1.")
def _inverted_weight(a, weight):
    return a * (1 + weight * a / 2)


@earned.misconception("a number that is too low. The penalty lets slopes above 1 pass, so the critic earns too much.")
def _too_low(a, weight):
    return a * (1 - a / (2 * weight))


# --- two curves


@discussion(
    "Two loss curves",
    hints=(
        "Which units does the number of a clipped critic have? And that of one with a penalty?",
        "What would be the same for both models: which points, which judge, which floor?",
    ),
)
def two_curves():
    """The two numbers can't be compared. The clipped critic's slope is bounded by something that depends on c, depth
    and width, so its number has no units: with another c the same samples would give a tenth or ten times as much. The
    penalised critic's number is in units of the data. But it is too high, by an excess that grows with the square of
    the distance and falls with λ, and if the critic lags behind its generator it can be far too low. So 0.02 against
    0.4 says nothing.

    Within one run, with a critic that is trained well at each step, a falling number is good news. To compare the two
    generators I would judge both by one measure that took no part in training: an exact pairing or a Fréchet distance,
    on the same number of samples, in the same features, with several seeds, beside the floor that real samples score
    among each other. If I wanted to use critics, I would train the same fresh critic against both and divide by its
    steepest slope. That gives lower bounds of the same distance."""

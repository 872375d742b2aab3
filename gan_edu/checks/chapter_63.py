"""Questions of chapter 63: a target for the velocity, a walk, a distance between clouds, four messages."""

import torch

from gan_edu.checks.engine import discussion, question

# --- a point on the way, and its velocity


def _on_the_way():
    probes = [(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 4.0]]), torch.tensor([[0.25]]))]
    for seed in (1, 2):
        chance = torch.Generator().manual_seed(seed)
        probes.append(tuple(torch.randn(6, 2, generator=chance) for _ in "zx") + (torch.rand(6, 1, generator=chance),))
    return probes


def _as_tensors(learner, z, x, t):
    """NumPy's arrays and lists of two are welcome."""
    got = learner(z, x, t)
    return tuple(map(torch.as_tensor, got)) if isinstance(got, (tuple, list)) else got


@question(
    "A target for the velocity",
    hints=(
        "At t = 0 the point is the noise, at t = 1 the data, and between them it moves evenly.",
        "The share of the data is t, that of the noise 1 - t. What is the derivative of that by t?",
        "(1 - t) * z + t * x, and x - z",
    ),
    insight="The target doesn't depend on t: on a straight line the speed is constant. The *mean* over all lines "
    "through a place does depend on it.",
    probes=_on_the_way,
    run=_as_tensors,
)
def on_the_way(z, x, t):
    return (1 - t) * z + t * x, x - z


@on_the_way.misconception("noise and data swapped on the way: at t = 0 the point must be the noise.")
def _turned_way(z, x, t):
    return t * z + (1 - t) * x, x - z


@on_the_way.misconception("a velocity that points back, from the data to the noise.")
def _backwards(z, x, t):
    return (1 - t) * z + t * x, z - x


@on_the_way.misconception("the data as the target. That is a guess of the end; the velocity is end minus start.")
def _end_as_target(z, x, t):
    return (1 - t) * z + t * x, x


@on_the_way.misconception("what is left of the way, x − x_t. The velocity is the same from start to end.")
def _what_is_left(z, x, t):
    return (1 - t) * z + t * x, (1 - t) * (x - z)


@on_the_way.misconception("the shares of the circle, cos and sin. Asked for is the straight line.")
def _on_the_circle(z, x, t):
    angle = torch.pi / 2 * t
    return angle.cos() * z + angle.sin() * x, torch.pi / 2 * (angle.cos() * x - angle.sin() * z)


# --- a walk


def _turning(x, t):
    """A velocity that depends on the place and on the time."""
    return torch.stack([x[:, 1] + t, t**2 - x[:, 0]], dim=1)


def _walks():
    return [
        (_turning, torch.tensor([[1.0, 0.0]]), 2),
        (_turning, torch.randn(5, 2, generator=torch.Generator().manual_seed(3)), 10),  # ten times 0.1 is not 1.0
        (_turning, torch.tensor([[0.5, -2.0], [3.0, 1.0]]), 1),
    ]


@question(
    "A walk",
    hints=(
        "n equal steps from time 0 to time 1: how long is each, and at which times does it ask?",
        "Step k (0, 1, …) asks at time k / n, where the point stands *then*, and moves by velocity / n.",
        "for k in range(n): x = x + velocity(x, k / n) / n",
    ),
    insight="Evaluations are n, the number that papers call NFE. Other solvers ask twice in a step, as Heun's does.",
    probes=_walks,
)
def walk(velocity, z, n):
    x = z
    for k in range(n):
        x = x + velocity(x, k / n) / n
    return x


@walk.misconception("time stands still at 0: the velocity must be asked for at the time of each step.")
def _time_stands(velocity, z, n):
    x = z
    for _ in range(n):
        x = x + velocity(x, 0.0) / n
    return x


@walk.misconception("steps of length 1: n of them end at time n. Each is 1 / n long.")
def _long_steps(velocity, z, n):
    x = z
    for k in range(n):
        x = x + velocity(x, k / n)
    return x


@walk.misconception("each step asks at its *end*, at (k + 1) / n. The first one must ask at time 0.")
def _asks_late(velocity, z, n):
    x = z
    for k in range(n):
        x = x + velocity(x, (k + 1) / n) / n
    return x


@walk.misconception("always from the start: the velocity is asked for at z, and not where the point has come to.")
def _from_the_start(velocity, z, n):
    x = z
    for k in range(n):
        x = x + velocity(z, k / n) / n
    return x


@walk.misconception("the step's number as the time. Times go from 0 to (n − 1) / n.")
def _number_as_time(velocity, z, n):
    x = z
    for k in range(n):
        x = x + velocity(x, float(k)) / n
    return x


@walk.misconception("one step too many: the times are 0, 1/n, …, (n − 1)/n.")
def _one_too_many(velocity, z, n):
    x = z
    for k in range(n + 1):
        x = x + velocity(x, k / n) / n
    return x


# --- a distance between clouds


def _clouds():
    chance = torch.Generator().manual_seed(4)
    draw = lambda n, d: torch.randn(n, d, generator=chance)  # noqa: E731
    return [
        (torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[0.0, 0.0], [0.0, 1.0], [6.0, 8.0]])),
        (draw(7, 2), draw(5, 2) + 1),
        (draw(6, 3), 2 * draw(6, 3)),
    ]


def _parts(x, y):
    between = torch.cdist(x, y).mean()
    n, m = len(x), len(y)
    return between, torch.cdist(x, x).sum() / (n * (n - 1)), torch.cdist(y, y).sum() / (m * (m - 1))


@question(
    "The energy distance",
    hints=(
        "`torch.cdist(x, y)` has all distances from one cloud to the other, (N, M).",
        "Within a cloud a point has distance 0 from itself. Leave these N out: divide the sum by N (N - 1).",
        "2 * torch.cdist(x, y).mean(), minus torch.cdist(x, x).sum() / (n * (n - 1)), minus the same for y",
    ),
    insight="Without the points' distances from themselves its mean is right: 0 for equal distributions. So there it "
    "is often negative.",
    probes=_clouds,
    tol=1e-4,
)
def energy_distance(x, y):
    n, m = len(x), len(y)
    inside_x = torch.cdist(x, x).sum() / (n * (n - 1))
    inside_y = torch.cdist(y, y).sum() / (m * (m - 1))
    return 2 * torch.cdist(x, y).mean() - inside_x - inside_y


@energy_distance.misconception(
    "means with the zeros on the diagonal: a point's distance from itself is none *between two points*."
)
def _with_diagonal(x, y):
    return 2 * torch.cdist(x, y).mean() - torch.cdist(x, x).mean() - torch.cdist(y, y).mean()


@energy_distance.misconception("the factor 2 is missing: equal clouds would come out negative, and not near 0.")
def _no_two(x, y):
    between, in_x, in_y = _parts(x, y)
    return between - in_x - in_y


@energy_distance.misconception("only the distance between the clouds. A wide cloud is far from itself, too: subtract.")
def _between_only(x, y):
    return _parts(x, y)[0]


@energy_distance.misconception("*squared* distances. They compare nothing but the two means.")
def _squared(x, y):
    n, m = len(x), len(y)
    inside = [torch.cdist(c, c).square().sum() / (k * (k - 1)) for c, k in ((x, n), (y, m))]
    return 2 * torch.cdist(x, y).square().mean() - inside[0] - inside[1]


@energy_distance.misconception("half of it. As defined here, the distance between the clouds counts twice.")
def _half(x, y):
    between, in_x, in_y = _parts(x, y)
    return between - (in_x + in_y) / 2


@energy_distance.misconception("its root. Some define it so; here there is no root (and it may be negative).")
def _root(x, y):
    between, in_x, in_y = _parts(x, y)
    return (2 * between - in_x - in_y).clamp_min(0).sqrt()


# --- four messages


@discussion(
    "Four messages",
    hints=(
        "For each: what was held equal, and what wasn't? Who is the judge, and who trained on it?",
        "Where does a student get what its teacher doesn't know?",
    ),
)
def messages_on_generators():
    """1. Not yet. A flow may be asked 100 times for one picture, a GAN is asked once, and nothing is said of size and
    training. Ask for quality against evaluations, with equal networks and equal work. The floor tells how much 3 and 4
    differ.

    2. The prediction: about as bad as the four-step teacher. Regression copies. More pairs of the same kind don't help;
    better pairs (more steps), or a discriminator on real data, do.

    3. Whoever trains on a distance in some features can lower that distance without better pictures. Ask another judge:
    other features, precision and recall, people. Compare with the floor of real pictures.

    4. They saw what they had named. Count: how much does smiling change, and how much everything else? What do random
    directions of equal length do? A reader with known mistakes, and labels, answer that."""

import math

import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_63 as q

# --- a point on the way, and its velocity


def way_stub(z, x, t):
    # YOUR CODE HERE
    raise NotImplementedError()


def way_by_loops(z, x, t):
    at = torch.stack([(1 - s.item()) * a + s.item() * b for a, b, s in zip(z, x, t, strict=True)])
    return at, torch.stack([b - a for a, b in zip(z, x, strict=True)])


def way_in_numpy(z, x, t):
    z, x, t = (each.double().numpy() for each in (z, x, t))
    return z + t * (x - z), x - z


on_the_way = Case(
    q.on_the_way,
    way_stub,
    right=[
        way_by_loops,
        lambda z, x, t: (torch.lerp(z, x, t), x - z),
        way_in_numpy,
        lambda z, x, t: [z + t * (x - z), x - z],
    ],
    wrong={
        "turned_way": lambda z, x, t: (torch.lerp(x, z, t), x - z),
        "backwards": lambda z, x, t: (torch.lerp(z, x, t), z - x),
        "end_as_target": lambda z, x, t: (torch.lerp(z, x, t), x),
        "what_is_left": lambda z, x, t: (torch.lerp(z, x, t), x - torch.lerp(z, x, t)),
        "on_the_circle": lambda z, x, t: (
            torch.cos(math.pi / 2 * t) * z + torch.sin(math.pi / 2 * t) * x,
            math.pi / 2 * (torch.cos(math.pi / 2 * t) * x - torch.sin(math.pi / 2 * t) * z),
        ),
    },
    also_wrong=[lambda z, x, t: (z, x), lambda z, x, t: torch.lerp(z, x, t)],
    namespace={"torch": torch},
)

# --- a walk


def walk_stub(velocity, z, n):
    # YOUR CODE HERE
    raise NotImplementedError()


def walk_by_while(velocity, z, n):
    x, done = z.clone(), 0
    while done < n:
        x += velocity(x, done / n) / n
        done += 1
    return x


def walk_by_itself(velocity, z, n, k=0):
    return z if k == n else walk_by_itself(velocity, z + velocity(z, k / n) / n, n, k + 1)


def walk_by_the_clock(velocity, z, n):
    """Ten times 0.1 is a little less than 1, so there is an eleventh step."""
    x, t = z, 0.0
    while t < 1:
        x, t = x + velocity(x, t) / n, t + 1 / n
    return x


def moving(time, place, length, extra=0):
    def answer(velocity, z, n):
        x = z
        for k in range(n + extra):
            x = x + velocity(place(z, x), time(k, n)) * length(n)
        return x

    return answer


now, start, short = (lambda z, x: x), (lambda z, x: z), (lambda n: 1 / n)
walk = Case(
    q.walk,
    walk_stub,
    right=[
        walk_by_while,
        walk_by_itself,
        lambda velocity, z, n: moving(lambda k, n: k / n, now, short)(velocity, z.double(), n),
    ],
    wrong={
        "time_stands": moving(lambda k, n: 0.0, now, short),
        "long_steps": moving(lambda k, n: k / n, now, lambda n: 1.0),
        "asks_late": moving(lambda k, n: (k + 1) / n, now, short),
        "from_the_start": moving(lambda k, n: k / n, start, short),
        "number_as_time": moving(lambda k, n: k, now, short),
        "one_too_many": moving(lambda k, n: k / n, now, short, extra=1),
    },
    also_wrong=[lambda velocity, z, n: z, lambda velocity, z, n: z + velocity(z, 0.0), walk_by_the_clock],
    namespace={"torch": torch},
)

# --- a distance between clouds


def energy_stub(x, y):
    # YOUR CODE HERE
    raise NotImplementedError()


def energy_by_loops(x, y):
    def mean(pairs):
        distances = [math.dist(a.tolist(), b.tolist()) for a, b in pairs]
        return sum(distances) / len(distances)

    def inside(c):
        return mean([(a, b) for i, a in enumerate(c) for j, b in enumerate(c) if i != j])

    return 2 * mean([(a, b) for a in x for b in y]) - inside(x) - inside(y)


def energy_by_pdist(x, y):
    return 2 * (x[:, None] - y).norm(dim=2).mean() - torch.pdist(x).mean() - torch.pdist(y).mean()


def energy_in_numpy(x, y):
    x, y = x.double().numpy(), y.double().numpy()
    far = lambda a, b: ((a[:, None] - b[None]) ** 2).sum(-1) ** 0.5  # noqa: E731
    n, m = len(x), len(y)
    return 2 * far(x, y).mean() - far(x, x).mean() * n / (n - 1) - far(y, y).mean() * m / (m - 1)


def between(x, y):
    return torch.cdist(x, y).mean()


energy_distance = Case(
    q.energy_distance,
    energy_stub,
    right=[energy_by_loops, energy_by_pdist, energy_in_numpy],
    wrong={
        "with_diagonal": lambda x, y: 2 * between(x, y) - between(x, x) - between(y, y),
        "no_two": lambda x, y: between(x, y) - torch.pdist(x).mean() - torch.pdist(y).mean(),
        "between_only": between,
        "squared": lambda x, y: (
            2 * (torch.cdist(x, y) ** 2).mean() - (torch.pdist(x) ** 2).mean() - (torch.pdist(y) ** 2).mean()
        ),
        "half": lambda x, y: energy_by_pdist(x, y) / 2,
        "root": lambda x, y: energy_by_pdist(x, y).clamp(min=0).sqrt(),
    },
    also_wrong=[lambda x, y: -energy_by_pdist(x, y), lambda x, y: (x.mean(0) - y.mean(0)).norm()],
    namespace={"torch": torch},
)

TestChapter63 = chapter_tests(q, on_the_way, walk, energy_distance)

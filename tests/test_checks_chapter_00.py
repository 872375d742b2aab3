import functools

import numpy as np
import torch
from checks_cases import Case, chapter_tests
from torch import nn

from gan_edu.checks import chapter_00 as q


def noise_stub(n, dim):
    # YOUR CODE HERE
    raise NotImplementedError()


def filled(n, dim):
    vectors = torch.empty(n, dim, dtype=torch.float64)
    vectors.normal_()
    return vectors


def one_by_one(count, size):
    rows = []
    for _ in range(count):
        rows.append(torch.randn(size))
    return torch.stack(rows)


def own_generator(n, dim):
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(1))


KEPT = torch.randn(20_000, 5)


def drawn_once(n, dim):
    return KEPT[:n, :dim]


def of_one_length(n, dim):
    vectors = torch.randn(n, dim)
    return vectors / vectors.norm(dim=1, keepdim=True) * dim**0.5


noise = Case(
    q.noise,
    noise_stub,
    right=[
        filled,
        one_by_one,
        lambda n, dim: torch.normal(0.0, 1.0, size=(n, dim), requires_grad=True),
        lambda n, dim: torch.from_numpy(np.random.randn(n, dim)),
        lambda n, dim: torch.from_numpy(np.random.default_rng().normal(size=(n, dim))).half(),
        functools.partial(lambda kind, n, dim: kind(0, 1).sample((n, dim)), torch.distributions.Normal),
    ],
    wrong={
        "uniform_instead_of_normal": [
            lambda n, dim: torch.rand((n, dim)) * 2 - 1,
            lambda n, dim: (torch.rand(n, dim) - 0.5) * 12**0.5,
        ],
        "swapped_axes": lambda n, dim: torch.randn((dim, n)),
        "same_vector_repeated": lambda n, dim: torch.randn(1, dim).expand(n, dim),
        "constant_seed": lambda n, dim: (torch.manual_seed(3), torch.randn(n, dim))[1],
        "numpy_instead_of_tensor": lambda n, dim: np.random.randn(n, dim),
    },
    also_wrong=[
        own_generator,
        drawn_once,
        of_one_length,
        lambda n, dim: torch.zeros(n, dim),
        lambda n, dim: torch.randn(n * dim),
        lambda n, dim: torch.randn(n, dim) * 2,
        lambda n, dim: torch.randn(n, dim) + 0.5,
        lambda n, dim: torch.randn(n, 1).expand(n, dim),
        lambda n, dim: torch.distributions.Laplace(0, 0.5**0.5).sample((n, dim)),
        lambda n, dim: [[0.0] * dim] * n,
        lambda n, dim: None if n else 1,
    ],
)


def range_stub(pixels):
    # YOUR CODE HERE
    raise NotImplementedError()


class Normalise(nn.Module):
    def forward(self, pixels):
        return (pixels / 255 - 0.5) / 0.5


def loop(pixels):
    scaled = torch.empty(pixels.shape)
    for value in range(256):
        scaled[pixels == value] = value / 127.5 - 1
    return scaled


to_unit_range = Case(
    q.to_unit_range,
    range_stub,
    right=[
        Normalise(),
        loop,
        lambda pixels: 2 * pixels.double() / 255 - 1,
        lambda pixels: (pixels.float() - 127.5) / 127.5,
        lambda pixels: torch.lerp(torch.tensor(-1.0), torch.tensor(1.0), pixels / 255),
        lambda pixels: pixels.to(torch.bfloat16) / 255 * 2 - 1,
    ],
    wrong={
        "zero_to_one": [lambda pixels: pixels.float() / 255, lambda pixels: pixels.double().div(255)],
        "subtracts_one_without_doubling": lambda pixels: pixels.float() / 255 - 1,
        "divides_by_128": lambda pixels: (pixels.float() - 128) / 128,
        "uint8_overflow": lambda pixels: (2 * pixels - 255).float() / 255,
        "integer_division": lambda pixels: 2 * (pixels // 255) - 1,
        "stretches_each_batch": lambda p: 2 * (p.float() - p.min()) / (p.max() - p.min()) - 1,
    },
    also_wrong=[
        lambda pixels: 1 - pixels / 127.5,
        lambda pixels: pixels,
        lambda pixels: (pixels / 127.5 - 1).numpy(),
        lambda pixels: (pixels.float() / 127.5 - 1).mean,
        lambda pixels: (pixels.float() / 127.5 - 1, pixels.zero_())[0],
    ],
)


def captured_stub(samples, modes, radius):
    # YOUR CODE HERE
    raise NotImplementedError()


def with_loops(samples, modes, radius):
    count = 0
    for mode in modes:
        if any((sample - mode).norm() < radius for sample in samples):
            count += 1
    return count


def nearest_first(samples, modes, radius):
    distance, mode = torch.cdist(samples.double(), modes.double()).min(dim=1)
    return len(set(mode[distance < radius].tolist()))


captured = Case(
    q.captured,
    captured_stub,
    right=[
        with_loops,
        nearest_first,
        lambda s, m, r: (torch.cdist(s, m).min(dim=0).values <= r).sum().item(),
        lambda s, m, r: ((s[:, None] - m).square().sum(-1) <= r**2).any(0).sum(dim=0, keepdim=True),
        lambda s, m, r: np.sum(np.any(np.linalg.norm(s.numpy()[:, None] - m.numpy(), axis=-1) <= r, axis=0)),
    ],
    wrong={
        "counts_samples": lambda s, m, r: (torch.cdist(s, m).min(dim=1).values <= r).sum(),
        "ignores_distance": lambda s, m, r: len(torch.cdist(s, m).argmin(1).unique()),
        "all_instead_of_any": lambda s, m, r: (torch.cdist(s, m).max(dim=0).values <= r).sum(),
        "squared_distance": lambda s, m, r: (torch.cdist(s, m).square().min(dim=0).values <= r).sum(),
        "square_instead_of_circle": lambda s, m, r: (torch.cdist(s, m, p=torch.inf) <= r).any(0).sum(),
        "own_radius": lambda s, m, r: (torch.cdist(s, m).min(dim=0).values < 0.7).sum(),
        "not_summed": lambda s, m, r: torch.cdist(s, m).min(dim=0).values <= r,
    },
    also_wrong=[
        lambda s, m, r: len(m),
        lambda s, m, r: (torch.cdist(s, m) <= r).any(),
        lambda s, m: 2,
    ],
)

TestChapter00 = chapter_tests(q, noise, to_unit_range, captured)

import numpy as np
import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_55 as q

# --- decibels


def decibels_stub(strengths, reference):
    # YOUR CODE HERE
    raise NotImplementedError()


decibels = Case(
    q.decibels,
    decibels_stub,
    right=[
        lambda x, r: 10 * ((x / r) ** 2).log10(),
        lambda x, r: torch.tensor(20 * (np.log10(x.numpy()) - np.log10(r))),
        lambda x, r: 20 * torch.log(x / r) / torch.log(torch.tensor(10.0)),
    ],
    wrong={
        "for_powers": lambda x, r: 10 * (x / r).log10(),
        "natural_logarithm": lambda x, r: 20 * (x / r).log(),
        "without_factor": lambda x, r: (x / r).log10(),
        "turned_over": lambda x, r: -20 * (x / r).log10(),
        "without_reference": lambda x, r: 20 * x.log10(),
    },
    also_wrong=[lambda x, r: x / r, lambda x, r: 20 * (x / r).log2()],
)

# --- slow waves


def slow_stub(waves, period):
    # YOUR CODE HERE
    raise NotImplementedError()


def slow_by_slices(waves, period):
    rounds = waves.shape[1] // period
    return torch.stack([waves[:, j : j + rounds * period : period] for j in range(period)], dim=1)


slower_waves = Case(
    q.slower_waves,
    slow_stub,
    right=[
        slow_by_slices,
        lambda x, p: x.unfold(1, p, p).transpose(1, 2),
        lambda x, p: torch.tensor(x.numpy()[:, : x.shape[1] // p * p].reshape(len(x), -1, p).swapaxes(1, 2)),
    ],
    wrong={
        "pieces": lambda x, p: x[:, : x.shape[1] // p * p].view(len(x), p, -1),
        "time_downwards": lambda x, p: x.unfold(1, p, p),
        "only_the_first": lambda x, p: slow_by_slices(x, p)[:, :1],
    },
    also_wrong=[lambda x, p: slow_by_slices(x, p).flip(1), lambda x, p: slow_by_slices(x, p).flatten(0, 1)],
)

# --- the best shift


def shift_stub(a, b):
    # YOUR CODE HERE
    raise NotImplementedError()


def shift_by_fourier(a, b):
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    products = torch.fft.irfft(torch.fft.rfft(a) * torch.fft.rfft(b).conj(), a.shape[1])
    return products.max(dim=1).values / (a.square().sum(1) * b.square().sum(1)).sqrt()


def shift_by_corrcoef(a, b):
    a, b = a.double().numpy(), b.double().numpy()
    found = [max(np.corrcoef(x, np.roll(y, k))[0, 1] for k in range(len(x))) for x, y in zip(a, b, strict=True)]
    return torch.tensor(found)


def without_shift_0(a, b):
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    products = torch.stack([(a * b.roll(k, 1)).sum(1) for k in range(1, a.shape[1])])
    return products.amax(0) / (a.norm(dim=1) * b.norm(dim=1))


best_shift = Case(
    q.best_shift,
    shift_stub,
    right=[shift_by_fourier, shift_by_corrcoef],
    wrong={
        "no_shift": lambda a, b: torch.stack(
            [torch.corrcoef(torch.stack([x, y]))[0, 1] for x, y in zip(a, b, strict=True)]
        ),
        "absolute": lambda a, b: torch.maximum(shift_by_fourier(a, b), shift_by_fourier(-a, b)),
        "not_divided": lambda a, b: (
            shift_by_fourier(a, b)
            * (a - a.mean(1, keepdim=True)).norm(dim=1)
            * (b - b.mean(1, keepdim=True)).norm(dim=1)
        ),
    },
    also_wrong=[lambda a, b: torch.ones(len(a)), lambda a, b: shift_by_fourier(a, b) ** 2, without_shift_0],
)

TestChapter55 = chapter_tests(q, decibels, slower_waves, best_shift)

"""Questions of chapter 55: decibels, what a judge of one period sees, the best shift, four messages."""

import torch

from gan_edu.checks.engine import discussion, question

# --- decibels


@question(
    "Decibels",
    hints=(
        "Ten times the amplitude is 20 dB more; a hundred times is 40 dB.",
        "A logarithm to the base 10, of the ratio.",
        "20 * torch.log10(strengths / reference)",
    ),
    insight="The 20 is for amplitudes. Powers are squares of amplitudes, so for them it is 10: both give the same dB.",
    probes=lambda: [
        (torch.tensor([0.1, 1.0, 10.0, 2.0]), 1.0),
        (torch.tensor([[0.03, 0.5], [4.0, 7.0]]), 0.5),
    ],
    tol=1e-3,
)
def decibels(strengths, reference):
    return 20 * torch.log10(strengths / reference)


@decibels.misconception("the factor for powers, 10. These are amplitudes: 20.")
def _for_powers(strengths, reference):
    return 10 * torch.log10(strengths / reference)


@decibels.misconception("the natural logarithm. Decibels take the one to the base 10.")
def _natural_logarithm(strengths, reference):
    return 20 * torch.log(strengths / reference)


@decibels.misconception("bels, or powers of ten: the factor 20 is missing.")
def _without_factor(strengths, reference):
    return torch.log10(strengths / reference)


@decibels.misconception("the ratio turned over: what is louder than the reference must be positive.")
def _turned_over(strengths, reference):
    return 20 * torch.log10(reference / strengths)


@decibels.misconception("a difference to the reference. Decibels are about ratios.")
def _difference(strengths, reference):
    return 20 * torch.log10(strengths) - reference


@decibels.misconception("no reference in it: 0 dB must be where the strength equals the reference.")
def _without_reference(strengths, reference):
    return 20 * torch.log10(strengths)


# --- what the judge of one period sees


@question(
    "What the judge of one period sees",
    hints=(
        "For p = 3 and eight samples, two are cut off first. What is left has rows 0 3, 1 4 and 2 5.",
        "A wave written in lines of p has the samples p apart below each other.",
        "whole = waves[:, : L - L % p], then whole.view(N, -1, p).transpose(1, 2)",
    ),
    insight="A wave of period p has rows that don't change at all. But a judge's periods are a few samples, and a "
    "voice repeats after dozens: here the cut is a way to see each p-th sample, at p places.",
    probes=lambda: [
        (torch.arange(8.0).repeat(2, 1) + torch.tensor([[0.0], [100.0]]), 3),
        (torch.randn(3, 12, generator=torch.Generator().manual_seed(0)), 2),
        (torch.randn(1, 11, generator=torch.Generator().manual_seed(1)), 4),
    ],
)
def slower_waves(waves, period):
    whole = waves[:, : waves.shape[1] - waves.shape[1] % period]
    return whole.reshape(len(waves), -1, period).transpose(1, 2)


@slower_waves.misconception("pieces of neighbouring samples. Row j holds the samples j, j + p, j + 2p, …")
def _pieces(waves, period):
    whole = waves[:, : waves.shape[1] - waves.shape[1] % period]
    return whole.reshape(len(waves), period, -1)


@slower_waves.misconception("time downwards: (N, L / p, p). Asked for is one row for each slow wave.")
def _time_downwards(waves, period):
    whole = waves[:, : waves.shape[1] - waves.shape[1] % period]
    return whole.reshape(len(waves), -1, period)


@slower_waves.misconception("only the first slow wave. There are p of them.")
def _only_the_first(waves, period):
    whole = waves[:, : waves.shape[1] - waves.shape[1] % period]
    return whole[:, None, ::period]


@slower_waves.misconception("the rest is filled up with zeros. Here it is cut off.")
def _filled_up(waves, period):
    padded = torch.nn.functional.pad(waves, (0, -waves.shape[1] % period))
    return padded.reshape(len(waves), -1, period).transpose(1, 2)


# --- the best shift


def _some_waves():
    chance = torch.Generator().manual_seed(2)
    x = torch.randn(3, 16, generator=chance)
    near = x.roll(5, dims=1) + 0.3 * torch.randn(3, 16, generator=chance)
    return [
        (torch.tensor([[0.0, 1.0, 0.0, -1.0]]), torch.tensor([[2.0, 0.0, -2.0, 0.0]])),
        (x, near),
        (x + 1, -2 * near + 0.5),
        (x, x + 0.3 * torch.randn(3, 16, generator=chance)),  # the best shift is 0
    ]


@question(
    "The same sound, begun elsewhere",
    hints=(
        "Take off the mean of each wave. Then a correlation is the sum of products, divided by both lengths.",
        "Shift one wave round the ring by 0, 1, …, L - 1 samples (torch.roll), and keep the largest correlation.",
        "a and b without means: torch.stack([(a * b.roll(k, 1)).sum(1) for k in range(L)]).amax(0) / (a.norm(dim=1) * "
        "b.norm(dim=1))",
    ),
    insight="It ignores where a wave begins and how loud it is, and sees whether its harmonics keep step. The judge of "
    "the chapter does the same, on waves whose high frequencies were raised first.",
    probes=_some_waves,
    tol=1e-3,
)
def best_shift(a, b):
    a, b = a - a.mean(dim=1, keepdim=True), b - b.mean(dim=1, keepdim=True)
    products = torch.stack([(a * b.roll(k, dims=1)).sum(dim=1) for k in range(a.shape[1])])
    return products.amax(dim=0) / (a.norm(dim=1) * b.norm(dim=1))


def _centred(*waves):
    return [wave - wave.mean(dim=1, keepdim=True) for wave in waves]


def _at_each_shift(a, b):
    return torch.stack([(a * b.roll(k, dims=1)).sum(dim=1) for k in range(a.shape[1])])


def _lengths(a, b):
    return a.norm(dim=1) * b.norm(dim=1)


@best_shift.misconception("no shift at all: a sound begun a little later would be another one.")
def _no_shift(a, b):
    a, b = _centred(a, b)
    return (a * b).sum(dim=1) / _lengths(a, b)


@best_shift.misconception("the largest absolute value. A wave turned upside down is another wave.")
def _absolute(a, b):
    a, b = _centred(a, b)
    return _at_each_shift(a, b).abs().amax(dim=0) / _lengths(a, b)


@best_shift.misconception("sums of products that grow with the level. Divide by the lengths of both.")
def _not_divided(a, b):
    return _at_each_shift(*_centred(a, b)).amax(dim=0)


@best_shift.misconception("the mean over all shifts, which is 0 for every pair. Ask for the best one.")
def _mean_of_shifts(a, b):
    a, b = _centred(a, b)
    return _at_each_shift(a, b).mean(dim=0) / _lengths(a, b)


@best_shift.misconception("the means are still in the waves. Take them off first.")
def _with_means(a, b):
    return _at_each_shift(a, b).amax(dim=0) / _lengths(a, b)


@best_shift.misconception("the same shift for all pairs. Each pair has a best shift of its own.")
def _one_shift_for_all(a, b):
    a, b = _centred(a, b)
    products = _at_each_shift(a, b)
    return products[products.sum(dim=1).argmax()] / _lengths(a, b)


# --- four messages


@discussion(
    "Four messages",
    hints=(
        "For each: what can't the loss, or the judge, see?",
        "Which row is missing from the table: a floor, a rival without training, or the part of a remedy alone?",
    ),
)
def sound_messages():
    """1. Silence is the mean over all shifts, and that is what the squared error of samples asks for where the phase
    isn't given. Compare spectra, and add a judge of waves for what spectra can't see.

    2. The mel hardly shows phases, and in its wide bands not even single harmonics. Ask for something the loss doesn't
    contain: the shape of the wave, how periodic it is, a fresh judge, and above all listeners.

    3. Was the adversary there without the feature loss, and the feature loss without the adversary? And what does a
    vocoder without training (Griffin-Lim, division) get on the same sounds?

    4. The mean of a judge over single frames can't see time: frames by chance, or one frame that stands still, have the
    same score. Measure motion, or let a judge see several frames."""

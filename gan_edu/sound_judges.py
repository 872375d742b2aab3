"""What one sees of a sound, and how sounds are judged: spectrograms, mel bands, pitch, and a wave from a spectrogram.

Waves are float tensors ``(N, length)`` at `sounds.RATE`, 8,000 samples per second. Sounds that are too short for a
window, waves of another shape, and numbers out of their range raise ValueError.
"""

import math
from functools import cache

import torch

from gan_edu.data.sounds import RATE
from gan_edu.device import generator
from gan_edu.settings import SEED, Number, Whole

Tensor = torch.Tensor

WINDOW, HOP, BANDS = 256, 64, 32
"""Samples in a window (32 ms), from one window to the next (8 ms), and mel bands."""


def _waves(waves, least: int = 1) -> Tensor:
    x = torch.as_tensor(waves)
    if x.ndim != 2 or not x.is_floating_point() or x.shape[1] < least:
        raise ValueError(
            f"Sounds are floats (N, length) with at least {least} samples; got {x.dtype} {tuple(x.shape)}."
        )
    return x


def _stft(x: Tensor, window: int, hop: int) -> Tensor:
    return torch.stft(x, window, hop, window=torch.hann_window(window, device=x.device), return_complex=True)


def spectrogram(waves: Tensor, window: int = WINDOW, hop: int = HOP) -> Tensor:
    """Strengths ``(N, window // 2 + 1, length // hop + 1)`` of the frequencies 0 … 4,000 Hz, window after window.

    The absolute values of the short-time Fourier transform, with Hann windows around each `hop`-th sample.
    """
    window, hop = Whole(2).check(window, "window"), Whole(1).check(hop, "hop")
    return _stft(_waves(waves, window // 2 + 1), window, hop).abs()


def decibels(strengths: Tensor, floor: float = 1e-5) -> Tensor:
    """20 log₁₀ of strengths; nothing lies below `floor`."""
    return 20 * torch.log10(strengths.clamp_min(Number(0, above=True).check(floor, "floor")))


def hertz_to_mel(hertz):
    """2595 log₁₀(1 + f / 700): 1,000 Hz are 1,000 mel, and equal steps sound about equally far apart."""
    return 2595 * math.log10(1 + hertz / 700)


def mel_to_hertz(mel):
    """The inverse of `hertz_to_mel`."""
    return 700 * (10 ** (mel / 2595) - 1)


@cache
def mel_bands(bands: int = BANDS, window: int = WINDOW) -> Tensor:
    """Triangles ``(bands, window // 2 + 1)`` that lie side by side on the mel scale, from 0 to 4,000 Hz.

    Each has the sum 1. Raises ValueError where a triangle is too narrow to hold a frequency.
    """
    bands, window = Whole(1).check(bands, "bands"), Whole(2).check(window, "window")
    top = hertz_to_mel(RATE / 2)
    corners = [mel_to_hertz(top * k / (bands + 1)) for k in range(bands + 2)]
    frequencies = torch.linspace(0, RATE / 2, window // 2 + 1)
    low, middle, high = (torch.tensor(corners[k : k + bands])[:, None] for k in range(3))
    rows = torch.minimum((frequencies - low) / (middle - low), (high - frequencies) / (high - middle)).clamp_min(0)
    sums = rows.sum(dim=1, keepdim=True)
    if (sums == 0).any():
        raise ValueError(f"{bands} mel bands are too many for a window of {window} samples: some hold no frequency.")
    return rows / sums


def log_mel(waves: Tensor, window: int = WINDOW, hop: int = HOP, bands: int = BANDS) -> Tensor:
    """The log (base e) of the mean strength in each mel band: ``(N, bands, length // hop + 1)``; floor e⁻⁸."""
    strengths = spectrogram(waves, window, hop)
    return torch.log((mel_bands(bands, window).to(strengths) @ strengths).clamp_min(math.exp(-8)))


def from_mel(log_bands: Tensor, window: int = WINDOW) -> Tensor:
    """Log strengths at all frequencies, ``(N, window // 2 + 1, frames)``, on straight lines from band to band."""
    bands = mel_bands(log_bands.shape[1], window)
    middles = bands @ torch.arange(window // 2 + 1).float()
    places = torch.arange(window // 2 + 1).float()
    right = torch.searchsorted(middles, places).clamp(1, len(middles) - 1)
    share = ((places - middles[right - 1]) / (middles[right] - middles[right - 1])).clamp(0, 1)[:, None]
    return log_bands[:, right - 1] * (1 - share) + log_bands[:, right] * share


def minimum_phase(log_strengths: Tensor) -> Tensor:
    """The phases (radians) with which a filter of these strengths acts as soon as possible: same shape as given.

    Resonators have them. Found from the log strengths alone, by folding the cepstrum (Oppenheim and Schafer).
    """
    bins = log_strengths.shape[1]
    mirrored = torch.cat([log_strengths, log_strengths[:, 1:-1].flip(1)], dim=1)
    fold = torch.zeros(2 * bins - 2)
    fold[0] = fold[bins - 1] = 1
    fold[1 : bins - 1] = 2
    return torch.fft.fft(torch.fft.ifft(mirrored, dim=1).real * fold[:, None], dim=1)[:, :bins].imag


def filtered(waves: Tensor, log_strengths: Tensor, phases: Tensor | None = None, hop: int = HOP) -> Tensor:
    """Waves with each frequency of each window made exp(log_strengths) times as strong, and shifted by its phase.

    log_strengths, phases: ``(N, window // 2 + 1, length // hop + 1)``; no phases: nothing is shifted.
    """
    window = 2 * log_strengths.shape[1] - 2
    x = _waves(waves, window // 2 + 1)
    phases = torch.zeros_like(log_strengths) if phases is None else phases
    changed = _stft(x, window, hop) * torch.polar(log_strengths.exp(), phases)
    return torch.istft(changed, window, hop, window=torch.hann_window(window, device=x.device), length=x.shape[1])


def _sharpened(waves: Tensor) -> Tensor:
    """Each sample less 0.95 times the one before: high frequencies come forward, as they do for the ear."""
    return waves[:, 1:] - 0.95 * waves[:, :-1]


def same_shape(made: Tensor, real: Tensor, reach: int = 100) -> Tensor:
    """How alike each pair of waves is at the best shift, up to `reach` samples: the correlation, ``(N,)``, at most 1.

    So a wave that begins elsewhere in its period is as good; one whose harmonics have other phases is not. Both are
    sharpened first, or the loudest harmonic alone would decide.
    """
    x, y = (_sharpened(_waves(each, 4 * reach)) for each in (made, real))
    y = y[:, reach:-reach]
    products = torch.nn.functional.conv1d(x, y[:, None], groups=len(x))
    energy = torch.nn.functional.conv1d(x.square()[:, None], torch.ones_like(y[:1, None]))[:, 0]
    like = products / (energy * y.square().sum(dim=1)[:, None]).sqrt()
    return like.nan_to_num(0).amax(dim=1)


def lean(waves: Tensor) -> Tensor:
    """Whether a sharpened wave has its peaks above (positive) or below: the skewness, ``(N,)``; phases decide it."""
    x = _sharpened(_waves(waves, 2))
    x = x - x.mean(dim=1, keepdim=True)
    return x.pow(3).mean(dim=1) / x.square().mean(dim=1).clamp_min(1e-12).pow(1.5)


def pitch(waves: Tensor, low: float = 90.0, high: float = 270.0) -> tuple[Tensor, Tensor]:
    """How high each sound is, in Hz, and how periodic, 0 … 1: ``(N,)`` each.

    Periodic is the correlation of the sound with itself, one period later; the period is the shortest one whose
    correlation is a peak within 5 % of the largest, between 1 / `high` and 1 / `low` seconds. (A sound of 10 ms repeats
    after 20 ms, too.) Noise is never quite 0: chance finds a period for it.
    """
    low = Number(20, RATE / 4).check(low, "low")
    high = Number(low, RATE / 4).check(high, "high")
    first, last = int(RATE / high), int(RATE / low) + 2
    x = _waves(waves, 2 * last).detach().cpu().double()
    x = x - x.mean(dim=1, keepdim=True)
    part = x.shape[1] - last  # what is compared, with the same number of samples further on
    size = 2 ** math.ceil(math.log2(2 * x.shape[1]))
    products = torch.fft.irfft(torch.fft.rfft(x, size) * torch.fft.rfft(x[:, :part], size).conj(), size)[:, : last + 1]
    energy = torch.nn.functional.pad(x.square().cumsum(dim=1), (1, 0))
    energy = energy[:, part : part + last + 1] - energy[:, : last + 1]
    like = products / (energy * energy[:, :1]).sqrt().clamp_min(1e-12)
    middle, left, right = like[:, first:last], like[:, first - 1 : last - 1], like[:, first + 1 : last + 1]
    peaks = (middle >= left) & (middle >= right) & (middle >= 0.95 * middle.amax(dim=1, keepdim=True))
    place = torch.where(peaks.any(dim=1), peaks.int().argmax(dim=1), middle.argmax(dim=1))[:, None]
    a, b, c = (each.gather(1, place)[:, 0] for each in (left, middle, right))
    between = ((a - c) / (2 * (a - 2 * b + c)).clamp_max(-1e-9)).clamp(-0.5, 0.5)  # the top of a parabola
    return (RATE / (first + place[:, 0] + between)).float(), b.clamp(0, 1).float()


def griffin_lim(
    strengths: Tensor, length: int, rounds: int = 32, window: int = WINDOW, hop: int = HOP, seed=0
) -> Tensor:
    """Waves ``(N, length)`` whose spectrogram is about `strengths` (N, window // 2 + 1, frames): Griffin and Lim 1984.

    Begin with phases by chance. Each round makes a wave, takes the spectrogram of that wave, keeps its phases, and
    gives it the wanted strengths again.
    """
    chance, length = generator(SEED.check(seed, "seed")), Whole(window // 2 + 1).check(length, "length")
    turns = 2 * math.pi * torch.rand(strengths.shape, generator=chance)
    hann = torch.hann_window(window)
    x = torch.istft(strengths * torch.exp(1j * turns), window, hop, window=hann, length=length)
    for _ in range(Whole(0).check(rounds, "rounds")):
        found = _stft(x, window, hop)
        x = torch.istft(strengths * found / found.abs().clamp_min(1e-9), window, hop, window=hann, length=length)
    return x

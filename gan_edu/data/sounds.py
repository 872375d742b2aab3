"""Sounds made on the spot, of which everything is known: vowels by source and filter, and tones of instruments.

vowels = sounds.vowels(500, length=8000, seed=0)         # 500 vowels of one second
vowels.waves, vowels.pulses, vowels.pitch, vowels.labels, vowels.names
tones = sounds.tones(500, length=8000, seed=0)           # an organ, a clarinet, a plucked string: the same fields

A sound is a row of samples at 8,000 per second, float32, with a root mean square of `LEVEL`.
``seed`` is an int, which gives the same sounds each time, a ``torch.Generator``, or None for PyTorch's global stream.
Numbers out of their range and unknown names raise ValueError; what is no number, TypeError.
"""

import math
from dataclasses import dataclass

import torch

from gan_edu.device import generator
from gan_edu.settings import SEED, Choice, Number, Whole

Tensor = torch.Tensor

RATE = 8000
"""Samples per second."""
LEVEL = 0.1
"""The root mean square of each sound."""
FORMANTS = {
    "heed": (270.0, 2290.0, 3010.0),
    "had": (660.0, 1720.0, 2410.0),
    "hod": (730.0, 1090.0, 2440.0),
    "who'd": (300.0, 870.0, 2240.0),
}
"""The first three formants in Hz of the vowels in four words: means of 33 men (Peterson and Barney 1952, table II)."""
WIDTHS = (60.0, 90.0, 120.0)
"""How wide the three formants are, in Hz: a choice, not a measurement."""
INSTRUMENTS = ("organ", "clarinet", "plucked string")
"""What `tones` makes."""
_COUNT, _SHARE = Whole(1), Number(0)
_BURN = 400  # samples before the first one: by then the resonators ring as they always have


@dataclass(frozen=True, eq=False, repr=False)
class Sounds:
    """Sounds with what is known about them.

    Attributes:
        waves: float32 ``(N, length)``.
        pulses: float32 ``(N, length)``, what was sent through the filter; of tones, which have none, pulses in step.
        pitch: float32 ``(N, length)``, in Hz, at each sample.
        labels: int64 ``(N,)``, into `names`.
        names: of the vowels or instruments.
    """

    waves: Tensor
    pulses: Tensor
    pitch: Tensor
    labels: Tensor
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.waves)

    def __repr__(self) -> str:
        seconds = self.waves.shape[1] / RATE
        return f"Sounds({len(self):,} of {seconds:.3g} s at {RATE:,} samples per second: {', '.join(self.names)})"


def _stream(seed):
    return seed if seed is None or isinstance(seed, torch.Generator) else generator(SEED.check(seed, "seed"))


def _uniform(shape, stream, low=-1.0, high=1.0) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=stream)


def _range(pitch) -> tuple[float, float]:
    try:
        low, high = pitch
    except (TypeError, ValueError):
        raise TypeError(f"pitch is a lowest and a highest frequency, such as (110, 220); got {pitch!r}.") from None
    low = Number(20, RATE / 4).check(low, "The lowest pitch")
    return low, Number(low, RATE / 4).check(high, "The highest pitch, which comes second,")


def _choice(names, known) -> tuple[str, ...]:
    names = (names,) if isinstance(names, str) else tuple(names)
    if not names:
        raise ValueError("Name at least one.")
    return tuple(Choice(tuple(known)).check(name, "sound") for name in names)


def _pitches(n, length, stream, pitch, glide) -> Tensor:
    """Hz at each sample ``(n, length)``: a straight line in octaves, from a random start."""
    low, high = _range(pitch)
    glide = Number(0, min(2, math.log2(RATE / 2 / high))).check(glide, "glide")  # no pitch above half the rate
    start = math.log2(low) + _uniform((n, 1), stream, 0, 1) * math.log2(high / low)
    slope = glide * _uniform((n, 1), stream)
    return 2 ** (start + slope * torch.linspace(0, 1, length))


def _turns(pitch: Tensor, stream) -> Tensor:
    """The phase of the first harmonic, in turns; it starts anywhere."""
    return _uniform((len(pitch), 1), stream, 0, 1) + (pitch.double() / RATE).cumsum(dim=1) % 1


def harmonics(turns: Tensor, pitch: Tensor, strengths: Tensor) -> Tensor:
    """Σₖ strengths[k] cos(2π (k + 1) turns), without the harmonics above half the rate; all ``(n, length)``.

    strengths: ``(K,)``, or ``(K, length)`` where they change. The cosines come from each other: cos((k + 1) x) =
    2 cos(x) cos(k x) - cos((k - 1) x).
    """
    first = torch.cos(2 * math.pi * turns).float()
    before, now, total = torch.ones_like(first), first, torch.zeros_like(first)
    for k, strength in enumerate(strengths.float(), start=1):
        if strength.any():
            total += strength * now * (k * pitch < RATE / 2)
        before, now = now, 2 * first * now - before
    return total


def pulses(pitch: Tensor, seed=None) -> Tensor:
    """What is sent into the mouth, ``(n, length)`` at `LEVEL`, for pitches ``(n, length)`` in Hz.

    All harmonics up to half the rate, their strengths falling as 1/k, 6 decibels per octave: the flow through the vocal
    folds falls faster, and the lips, which send high tones out more easily, are counted in here already. Where in its
    period a sound begins is chance.
    """
    if pitch.ndim != 2 or not pitch.numel() or not (pitch >= 1).all() or not (pitch <= RATE / 2).all():
        raise ValueError(
            f"pitch must be frequencies (n, length) from 1 to {RATE / 2:.0f} Hz; got {tuple(pitch.shape)}."
        )
    return _pulses(_turns(pitch, _stream(seed)), pitch)


def _numbers(pitch: Tensor) -> Tensor:
    """1, 2, 3, … of the harmonics that may lie below half the rate: ``(K,)``."""
    return torch.arange(1, int(RATE / 2 / pitch.min().item()) + 1)


def _pulses(turns: Tensor, pitch: Tensor) -> Tensor:
    return _levelled(harmonics(turns, pitch, 1 / _numbers(pitch)))


def resonate(source: Tensor, formants: Tensor, widths=WIDTHS) -> Tensor:
    """Send each source ``(n, length)`` through resonators, one after the other, at its formants ``(n, F)`` in Hz.

    A resonator rings at its frequency, and the wider it is, the sooner it falls silent: y_t = A x_t + B y_{t-1} +
    C y_{t-2}, with C = -exp(-2π width / rate), B = 2 exp(-π width / rate) cos(2π frequency / rate), A = 1 - B - C
    (Klatt 1980).
    """
    for formant, width in zip(formants.double().T, widths, strict=True):
        shrink = math.exp(-math.pi * width / RATE)
        b, c = 2 * shrink * torch.cos(2 * math.pi * formant / RATE), -(shrink**2)
        y1 = y2 = torch.zeros_like(formant)
        steps = []
        for x in ((1 - b - c)[:, None] * source.double()).unbind(dim=1):
            y1, y2 = x + b * y1 + c * y2, y1
            steps.append(y1)
        source = torch.stack(steps, dim=1)
    return source.float()


def _levelled(waves: Tensor) -> Tensor:
    return LEVEL * waves / waves.square().mean(dim=1, keepdim=True).sqrt()


def vowels(
    n: int,
    length: int,
    seed=None,
    words=tuple(FORMANTS),
    pitch: tuple[float, float] = (110.0, 220.0),
    glide: float = 0.0,
    speakers: float = 0.05,
    breath: float = 0.01,
) -> Sounds:
    """n vowels by source and filter: pulses of the vocal folds, sent through three resonances of the mouth (Fant 1960).

    words: which of `FORMANTS`. pitch: lowest and highest at the start, in Hz, evenly in octaves. glide: the pitch moves
    by at most so many octaves until the end: 2 or less, so that no pitch passes half the rate. speakers: all formants
    of a sound are up to this share higher or lower, and each, on its own, by up to half of it more. breath: noise, as a
    share of the level, in all frequencies alike.
    """
    n, length, stream = _COUNT.check(n, "n"), _COUNT.check(length, "length"), _stream(seed)
    words, speakers = _choice(words, FORMANTS), Number(0, 0.3).check(speakers, "speakers")
    breath = _SHARE.check(breath, "breath")
    labels = torch.randint(len(words), (n,), generator=stream)
    formants = torch.tensor([FORMANTS[word] for word in words])[labels]
    formants = formants * (1 + speakers * _uniform((n, 1), stream)) * (1 + speakers / 2 * _uniform((n, 3), stream))
    pitches = _pitches(n, length, stream, pitch, glide)
    whole = torch.cat([pitches[:, :1].expand(-1, _BURN), pitches], dim=1)
    source = pulses(whole, stream)
    waves = _levelled(resonate(source, formants)[:, _BURN:])
    waves = waves + LEVEL * breath * torch.randn(n, length, generator=stream)
    return Sounds(_levelled(waves), source[:, _BURN:], pitches, labels, words)


def tones(
    n: int,
    length: int,
    seed=None,
    instruments=INSTRUMENTS,
    pitch: tuple[float, float] = (110.0, 220.0),
    glide: float = 0.0,
    breath: float = 0.01,
) -> Sounds:
    """n tones of instruments as text-books draw them: harmonics, each with a strength over time. Nothing is recorded.

    instruments: which of `INSTRUMENTS`. pitch (Hz), glide (octaves) and breath (a share of the level) are those of
    `vowels`. Each tone begins with its first sample.

    - organ: harmonics 1, 2, 3, 4, 6 and 8, as drawbars have them, 1 / √k strong. It rises in 20 ms, and stays.
    - clarinet: its tube is closed at one end, so that odd harmonics are strong, 1/k, and even ones 5 % of that. It
      rises in 40 ms, and stays.
    - plucked string: plucked at a fifth of its length, sin(π k / 5) / k, the force on its end. So each fifth harmonic
      is missing. It sounds at once; harmonic k falls to 1/e in 0.5 s / (1 + k² / 20), high ones first.

    Why these harmonics: Fletcher and Rossing, The Physics of Musical Instruments (1998). All times, the 5 % and the
    organ's strengths are a choice, not a measurement.
    """
    n, length, stream = _COUNT.check(n, "n"), _COUNT.check(length, "length"), _stream(seed)
    names, breath = _choice(instruments, INSTRUMENTS), _SHARE.check(breath, "breath")
    labels = torch.randint(len(names), (n,), generator=stream)
    pitches = _pitches(n, length, stream, pitch, glide)
    turns, k, seconds = _turns(pitches, stream), _numbers(pitches)[:, None], torch.arange(1, length + 1) / RATE
    strengths = {
        "organ": sum(k == drawn for drawn in (1, 2, 3, 4, 6, 8)) / k.sqrt() * (1 - torch.exp(-seconds / 0.02)),
        "clarinet": torch.where(k % 2 == 1, 1.0, 0.05) / k * (1 - torch.exp(-seconds / 0.04)),
        "plucked string": torch.sin(math.pi * k / 5) / k * torch.exp(-seconds * (1 + k**2 / 20) / 0.5),
    }
    waves = torch.empty(n, length)
    for label, name in enumerate(names):
        mine = labels == label
        waves[mine] = _levelled(harmonics(turns[mine], pitches[mine], strengths[name]))
    waves = waves + LEVEL * breath * torch.randn(n, length, generator=stream)
    return Sounds(_levelled(waves), _pulses(turns, pitches), pitches, labels, names)

"""Nets for sounds, (N, 1, length): a generator and a discriminator of one-dimensional convolutions, after WaveGAN.

WaveGAN (Donahue, McAuley and Puckette 2019) is DCGAN with time in the place of the two directions of a picture: layers
that look at 25 samples (here 24 in the generator) and go on by 4. These two are as thin as a laptop likes.
"""

import torch
from torch import nn

from gan_edu.settings import Whole

_COUNT, _REACH, _STRIDE = Whole(1), 25, 4


def _places(length) -> int:
    length = Whole(2 * _STRIDE**2).check(length, "length")
    if length % _STRIDE**2:
        raise ValueError(f"length must be a multiple of {_STRIDE**2}; got {length}.")
    return length // _STRIDE**2


class WaveGenerator(nn.Sequential):
    """Noise ``(N, noise_dim)`` → sounds ``(N, 1, length)``, without a bound on their values.

    length: a multiple of 16, and 32 at least: each of two transposed convolutions makes four samples of one.

    Raises ValueError for another length or numbers below 1, TypeError for what is no whole number.
    """

    def __init__(self, length: int, noise_dim: int = 32, hidden: int = 16):
        places, hidden = _places(length), _COUNT.check(hidden, "hidden")
        noise_dim = _COUNT.check(noise_dim, "noise_dim")
        super().__init__(
            nn.Linear(noise_dim, 4 * hidden * places),
            nn.Unflatten(1, (4 * hidden, places)),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose1d(4 * hidden, 2 * hidden, _REACH - 1, _STRIDE, 10),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose1d(2 * hidden, hidden, _REACH - 1, _STRIDE, 10),
            nn.LeakyReLU(0.2),
            nn.Conv1d(hidden, 1, 9, padding=4),
        )
        self.noise_dim = noise_dim


class WaveDiscriminator(nn.Sequential):
    """Sounds ``(N, 1, length)`` → logits ``(N, 1)``: two convolutions that look at 25 samples, two dense layers.

    length: a multiple of 16, and 32 at least.

    Raises ValueError for another length or numbers below 1, TypeError for what is no whole number.
    """

    def __init__(self, length: int, hidden: int = 16):
        places, hidden = _places(length), _COUNT.check(hidden, "hidden")
        super().__init__(
            nn.Conv1d(1, hidden, _REACH, _STRIDE, _REACH // 2),
            nn.LeakyReLU(0.2),
            nn.Conv1d(hidden, 2 * hidden, _REACH, _STRIDE, _REACH // 2),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(2 * hidden * places, 64),
            nn.LeakyReLU(0.2),
            nn.Linear(64, 1),
        )


class PeriodDiscriminators(nn.Module):
    """Waves ``(N, length)`` → scores ``(N, S)``, of several small judges together: the multi-period discriminator of
    HiFi-GAN (Kong, Kim and Bae 2020).

    The judge of period p sees each p-th sample: the wave is cut into p slower ones, and its convolutions look along
    each of these. In HiFi-GAN the periods are 2, 3, 5, 7 and 11 samples: far shorter than the period of a voice.

    Raises ValueError for no period or one below 1, TypeError for what is no whole number.
    """

    def __init__(self, periods: tuple[int, ...] = (2, 3, 5), hidden: int = 8):
        super().__init__()
        self.periods, hidden = tuple(_COUNT.check(p, "A period") for p in periods), _COUNT.check(hidden, "hidden")
        if not self.periods:
            raise ValueError("PeriodDiscriminators needs at least one period.")
        self.judges = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(1, hidden, 5, 3, 2),
                nn.LeakyReLU(0.1),
                nn.Conv1d(hidden, 2 * hidden, 5, 3, 2),
                nn.LeakyReLU(0.1),
                nn.Conv1d(2 * hidden, 4 * hidden, 5, 3, 2),
                nn.LeakyReLU(0.1),
                nn.Conv1d(4 * hidden, 1, 3, 1, 1),
            )
            for _ in self.periods
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = []
        for period, judge in zip(self.periods, self.judges, strict=True):
            whole = x[:, : x.shape[1] - x.shape[1] % period]
            slower = whole.view(len(x), -1, period).transpose(1, 2).reshape(len(x) * period, 1, -1)
            scores.append(judge(slower).view(len(x), -1))
        return torch.cat(scores, dim=1)

"""Nets for windows of series, (N, columns, length): five generators of one interface, and a discriminator.

Chapter 54 compares them. None of the generators looks ahead: a step depends on the noise of this step and of earlier
ones, never on later ones.
"""

import torch
import torch.nn.functional as F
from torch import nn

from gan_edu.settings import Choice, Whole

_COUNT = Whole(1)
_REACH, _LAYERS = 5, 4  # of the convolutions
_RECURRENT = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class SeriesGenerator(nn.Module):
    """Noise ``(N, noise_dim)`` → windows ``(N, columns, length)``, without a bound on their values.

    kind: "rnn", "gru" or "lstm" read the noise step by step and keep `hidden` numbers in mind (Elman 1990; Cho et al.
    2014; Hochreiter and Schmidhuber 1997). "convolution" has four layers that look at five steps each, back to 16 steps
    before (as WaveNet's and Quant GANs' layers do, without holes). "transformer" has two blocks of causal
    self-attention with two heads (Vaswani et al. 2017).

    noise: numbers for each step. The convolution gets noise for 16 steps before the window, too, so that its first step
    is like any other.

    Raises ValueError for an unknown kind or numbers below 1, TypeError for what is no whole number.
    """

    KINDS = (*_RECURRENT, "convolution", "transformer")

    def __init__(self, kind: str, length: int, columns: int = 1, hidden: int = 32, noise: int = 4):
        super().__init__()
        self.kind = Choice(self.KINDS).check(kind, "kind")
        self.length, self.columns = _COUNT.check(length, "length"), _COUNT.check(columns, "columns")
        self.noise, hidden = _COUNT.check(noise, "noise"), _COUNT.check(hidden, "hidden")
        before = _LAYERS * (_REACH - 1) if kind == "convolution" else 0
        self.noise_dim = (length + before) * noise
        if kind in _RECURRENT:
            self.body = _RECURRENT[kind](noise, hidden, batch_first=True)
        elif kind == "convolution":
            layers = [
                layer
                for number in range(_LAYERS)
                for layer in (nn.Conv1d(noise if number == 0 else hidden, hidden, _REACH), nn.LeakyReLU(0.2))
            ]
            self.body = nn.Sequential(*layers)
        else:
            self.place = nn.Parameter(0.1 * torch.randn(length, hidden))  # attention alone knows no order
            self.body = nn.Sequential(nn.Linear(noise, hidden), _Block(hidden), _Block(hidden))
        self.out = nn.Linear(hidden, columns)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        steps = z.view(len(z), -1, self.noise)  # (N, steps, noise)
        if self.kind in _RECURRENT:
            seen, _ = self.body(steps)
        elif self.kind == "convolution":
            seen = self.body(steps.transpose(1, 2)).transpose(1, 2)
        else:
            seen = self.body[1:](self.body[0](steps) + self.place)
        return self.out(seen).transpose(1, 2)


class _Block(nn.Module):
    """Causal self-attention with two heads, then two linear layers at each step; both are added to what came in."""

    def __init__(self, width: int, heads: int = 2):
        super().__init__()
        self.heads = heads if width % heads == 0 else 1
        self.look, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.think = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, steps, width = x.shape
        split = self.look(self.norms[0](x)).view(n, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(*split, is_causal=True)  # (N, heads, steps, width / heads)
        x = x + self.mix(seen.transpose(1, 2).reshape(n, steps, width))
        return x + self.think(self.norms[1](x))


class SeriesDiscriminator(nn.Sequential):
    """Windows ``(N, columns, length)`` → logits ``(N, 1)``: a convolution that looks at eight steps, two on each time,
    and two dense layers that see all places at once.

    Raises ValueError for numbers below 1 or a length below 8, TypeError for what is no whole number.
    """

    def __init__(self, length: int, columns: int = 1, hidden: int = 32):
        length, columns = Whole(8).check(length, "length"), _COUNT.check(columns, "columns")
        hidden, places = _COUNT.check(hidden, "hidden"), (length - 8) // 2 + 1
        super().__init__(
            nn.Conv1d(columns, hidden, 8, stride=2),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(places * hidden, 2 * hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(2 * hidden, 1),
        )

"""Nets for windows of series, (N, columns, length): five generators of one interface, and a discriminator.

Chapter 54 compares them. None of the generators looks ahead: a step depends on the noise of this step and of earlier
ones, never on later ones.
"""

import torch
from torch import nn

from gan_edu.nets.letters import CausalBlock
from gan_edu.settings import Choice, Whole

_COUNT = Whole(1)
_REACH, _LAYERS = 5, 4  # of the convolutions
_RECURRENT = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class SeriesGenerator(nn.Module):
    """Noise ``(N, noise_dim)`` → windows ``(N, columns, length)``, without a bound on their values.

    kind: "rnn", "gru" or "lstm" read the noise step by step and keep `hidden` numbers in mind (Elman 1990; Cho et al.
    2014; Hochreiter and Schmidhuber 1997). "convolution" has four layers that look at five steps each, back to 16 steps
    before (as WaveNet's and Quant GANs' layers do, without holes). "transformer" has two blocks of causal
    self-attention with two heads, or one where `hidden` is odd (Vaswani et al. 2017).

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
            blocks = [CausalBlock(hidden, 2 - hidden % 2, 2 * hidden, bias=True) for _ in range(2)]
            self.body = nn.Sequential(nn.Linear(noise, hidden), *blocks)
        self.out = nn.Linear(hidden, columns)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        if z.ndim != 2 or z.shape[1] != self.noise_dim or not len(z):
            raise ValueError(f"Noise must have shape (N, {self.noise_dim}); got {tuple(z.shape)}.")
        steps = z.reshape(len(z), -1, self.noise)  # (N, steps, noise)
        if self.kind in _RECURRENT:
            seen, _ = self.body(steps)
        elif self.kind == "convolution":
            seen = self.body(steps.transpose(1, 2)).transpose(1, 2)
        else:
            seen = self.body[1:](self.body[0](steps) + self.place)
        return self.out(seen).transpose(1, 2)


class SeriesDiscriminator(nn.Sequential):
    """Windows ``(N, columns, length)`` → logits ``(N, 1)``: a convolution that looks at eight steps, two on each time,
    and two dense layers that see all places at once.

    Raises ValueError for numbers below 1 or a length below 8, TypeError for what is no whole number.
    """

    def __init__(self, length: int, columns: int = 1, hidden: int = 32):
        length, columns = Whole(8).check(length, "length"), _COUNT.check(columns, "columns")
        hidden, places = _COUNT.check(hidden, "hidden"), (length - 5) // 2
        super().__init__(
            nn.Conv1d(columns, hidden, 8, stride=2, padding=length % 2),  # or odd lengths would lose their last step
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(places * hidden, 2 * hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(2 * hidden, 1),
        )

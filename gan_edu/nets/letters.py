"""A small transformer that reads letters and says which one may come next."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from gan_edu.settings import Number, Whole

_COUNT = Whole(1)


class CausalBlock(nn.Module):
    """Attention to what came before, then a small net at each place; both are added to what they were given."""

    def __init__(self, width: int, heads: int, hidden: int, bias: bool = False):
        super().__init__()
        self.heads = heads
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask = nn.Linear(width, 3 * width, bias=bias)  # queries, keys and values
        self.join = nn.Linear(width, width, bias=bias)
        self.think = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, length, width = x.shape
        query, key, value = self.ask(self.before(x)).view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value, is_causal=True)  # (N, heads, T, width / heads)
        x = x + self.join(seen.transpose(1, 2).reshape(n, length, width))
        return x + self.think(self.after(x))


class LetterTransformer(nn.Module):
    """Signs (N, T), whole numbers below `signs`, T at most `context` → logits (N, T, signs) of the sign after each.

    A decoder as in Radford et al. 2018 with the layer norms in front, in small: learned positions, and one table for
    the signs that go in and out. A second table, of pairs, knows each sign together with the one before it: it costs no
    arithmetic, and saves much training.

    Raises ValueError for numbers below 1, or a width that isn't a multiple of `heads`; TypeError for no whole number.
    """

    def __init__(self, signs: int = 27, width: int = 64, layers: int = 2, heads: int = 4, context: int = 64):
        super().__init__()
        numbers = {"signs": signs, "width": width, "layers": layers, "heads": heads, "context": context}
        signs, width, layers, heads, context = (_COUNT.check(value, name) for name, value in numbers.items())
        if width % heads:
            raise ValueError(f"width must be a multiple of heads, {heads}; got {width}.")
        self.signs, self.context = signs, context
        self.sign = nn.Embedding(signs, width)
        self.pair = nn.Embedding(signs * signs, width)
        self.place = nn.Embedding(context, width)
        self.blocks = nn.Sequential(*[CausalBlock(width, heads, 3 * width) for _ in range(layers)])
        self.last = nn.LayerNorm(width)
        for table in (self.sign, self.pair, self.place):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, signs: torch.Tensor) -> torch.Tensor:
        if signs.ndim != 2 or not 1 <= signs.shape[1] <= self.context:
            raise ValueError(f"signs must be (N, T) with T from 1 to {self.context}; got {tuple(signs.shape)}.")
        if signs.is_floating_point() or ((signs < 0) | (signs >= self.signs)).any():
            raise ValueError(f"signs must be whole numbers from 0 to {self.signs - 1}.")
        pairs = signs + self.signs * F.pad(signs, (1, 0))[:, :-1]  # before the first sign, sign 0
        x = self.sign(signs) + self.pair(pairs) + self.place.weight[: signs.shape[1]]
        return self.last(self.blocks(x)) @ self.sign.weight.T

    @torch.no_grad()
    def surprise(self, text: torch.Tensor) -> torch.Tensor:
        """Bits for the letters of a text (T,), in windows that overlap by half: (windows, context).

        Column k holds letters that were predicted from the k + 1 letters before them. The mean of the right half,
        [:, context // 2 :], is the score of the text (without the first half window, and what fills no window at its
        end). Raises ValueError for a text of no more than `context` letters.
        """
        if text.ndim != 1 or len(text) <= self.context:
            raise ValueError(f"A text has more than {self.context} signs (T,); got {tuple(text.shape)}.")
        windows = text.unfold(0, self.context + 1, self.context - self.context // 2)
        parts = [
            F.cross_entropy(self(some[:, :-1]).transpose(1, 2), some[:, 1:], reduction="none")
            for some in windows.split(128)
        ]
        return torch.cat(parts) / math.log(2)

    @torch.no_grad()
    def write(
        self, start: torch.Tensor, length: int, temperature: float = 1.0, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Go on from `start` (N, T ≥ 1) by `length` signs, each drawn from softmax(logits / temperature)."""
        text, temperature = start, Number(0, above=True).check(temperature, "temperature")
        for _ in range(Whole(0).check(length, "length")):
            logits = self(text[:, -self.context :])[:, -1] / temperature
            text = torch.cat([text, torch.multinomial(logits.softmax(1), 1, generator=generator)], dim=1)
        return text

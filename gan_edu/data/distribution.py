"""What a distribution is to the rest of the library: anything that samples. Write your own with these names."""

from typing import Protocol, runtime_checkable

import torch


@runtime_checkable
class Distribution(Protocol):
    """Points that can be drawn, and drawn on a picture. ``density(x)``, ``(n, 2)`` to ``(n,)``, may come beside.

    Attributes:
        extent: all that is worth drawing lies in ``[-extent, extent]`` in each coordinate.
    """

    extent: float

    def sample(
        self, n: int, seed_or_generator: int | torch.Generator | None = None, device: torch.device | str | None = None
    ) -> torch.Tensor:
        """``n`` points, ``(n, d)``: the same for the same seed, and on ``device``, or else the generator's."""


@runtime_checkable
class Mixture(Distribution, Protocol):
    """A distribution with modes, of which ``metrics.mode_coverage`` can say which are captured.

    Attributes:
        modes: their centres ``(K, d)``.
        mode_std: the standard deviation of each.
        mode_weights: their shares ``(K,)``, summing to 1.
    """

    modes: torch.Tensor | None
    mode_std: float | None
    mode_weights: torch.Tensor | None

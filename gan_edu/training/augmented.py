"""Augmentation while a GAN trains: how probable changes are, and what that is steered by."""

import math
from collections.abc import Callable

import torch

from gan_edu import augmentation
from gan_edu.augmentation import Augment

Tensor = torch.Tensor
EVERY = 4  # batches between two changes of p


class Augmentation:
    """What of `settings` changes in training. `p`: the probability now, a number, or one for each of S seeds."""

    def __init__(self, settings: Augment, seeds: int | None, device: torch.device):
        self.settings = settings
        size = () if seeds is None else (seeds,)
        self._p = torch.full(size, settings.first_p, dtype=torch.float32, device=device)
        self._signs = torch.zeros_like(self._p)  # means of signs, summed over `_batches`
        self._batches = 0

    @property
    def adapts(self) -> bool:
        return self.settings.target is not None

    @property
    def p(self) -> float | list[float]:
        return self._p.tolist()

    def __repr__(self) -> str:
        return f"Augmentation({', '.join(self.settings.families)}, p={self.p}{', adapts' if self.adapts else ''})"

    def check(self, features: torch.Size) -> None:
        """Raise ValueError unless samples of this shape are pictures, or begin with them."""
        shape = self.settings.shape
        if shape is None and len(features) != 3:
            raise ValueError(
                f"Only pictures (N, C, H, W) can be augmented, and these samples have shape {tuple(features)}: where "
                "they are rows of pixels say so, for example Augment(shape=(1, 28, 28))."
            )
        if shape is not None and tuple(features) != shape and (len(features) != 1 or features[0] < math.prod(shape)):
            raise ValueError(
                f"Pictures of shape {shape} are to be augmented, and these samples have shape {tuple(features)}."
            )

    def __call__(self, x: Tensor, draw: Callable[[Callable], Tensor]) -> Tensor:
        """Samples (N, *features) or (S, N, *features), changed; draw: as Model.draw."""
        axis = self._p.ndim
        n, families, shape = x.shape[axis], self.settings.families, self.settings.shape
        count = augmentation.numbers(families)
        chance = draw(lambda g: torch.rand(n, count, generator=g, dtype=x.dtype)).flatten(0, axis)
        p = self._p.repeat_interleave(n) if axis else self._p
        samples = x.flatten(0, axis)
        if samples.ndim == 4:
            return augmentation.apply(samples, chance, families, p).reshape(x.shape)
        pixels = math.prod(shape)
        pictures = augmentation.apply(samples[:, :pixels].unflatten(1, shape), chance, families, p)
        return torch.cat([pictures.flatten(1), samples[:, pixels:]], dim=1).reshape(x.shape)

    @torch.no_grad()
    def see(self, logits: Tensor, images: int) -> None:
        """Adapt to D's logits (n,), or (S, n), on so many real pictures (fewer logits where D gets packs)."""
        if not self.adapts:
            return
        # all on the device: to ask a GPU for a number makes it wait
        self._signs = self._signs + logits.sign().mean(-1).to(self._signs.dtype)
        self._batches += 1
        if self._batches == EVERY:
            step = EVERY * images / self.settings.images
            self._p = (self._p + step * (self._signs / EVERY - self.settings.target).sign()).clamp(0, 1)
            self._signs, self._batches = torch.zeros_like(self._signs), 0

    # -- what a checkpoint holds of it ------------------------------------------------------------------------------
    def state(self) -> dict:
        return {"p": self.p, "signs": self._signs.tolist(), "batches": self._batches}

    def checked(self, state: dict) -> dict:
        """What `state` gave. Raises ValueError, TypeError, KeyError for anything else."""
        for name, low, high in (("p", 0, 1), ("signs", -EVERY, EVERY)):
            values = torch.tensor(state[name], dtype=torch.float32)
            if values.shape != self._p.shape or not ((values >= low) & (values <= high)).all():
                raise ValueError(f"its augmentation has {name} = {state[name]!r}"[:100])
        if type(state["batches"]) is not int or not 0 <= state["batches"] < EVERY:
            raise ValueError(f"its augmentation has seen {state['batches']!r} batches")
        return {name: state[name] for name in ("p", "signs", "batches")}

    def take(self, state: dict) -> None:
        self._p, self._signs = (torch.tensor(state[name]).to(self._p) for name in ("p", "signs"))
        self._batches = state["batches"]

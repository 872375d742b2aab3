"""What of an ensemble is recorded, frame by frame: samples, modes, and what the discriminators say."""

import numpy as np
import torch
from torch import nn

from gan_edu.collapse.distributions import Digits, Plane
from gan_edu.nets import evaluating
from gan_edu.training import GAN

HELD = 0.25  # a mode is held when it gets more than this part of the points that it deserves
SCORES = ("captured", "held", "high_quality", "d_real", "d_fake", "loss_d", "loss_g", "grad_d", "grad_g")


class CollapseObserver:
    """What an ensemble looks like, for a recorder: each seed's samples from fixed noise, its modes, and what its
    discriminator says.

    Arrays of a frame: "fake", the samples (see `Plane.picture`, `Digits.picture`); "counts" int32 (S, K), good samples
    of each mode; "scores" float32 (S, 9), a column for each name in SCORES. Values: median, lowest and highest number
    of held modes over the seeds, the share of seeds that hold all, and medians of some scores.
    """

    def __init__(self, data: Plane | Digits, seeds: int, first_seed: int):
        self.data = data
        self.fixed = {**data.fixed, "truth": data.truth.astype(np.float32)}
        self.about = {
            "unit": "mode",
            **data.about,
            "world": data.kind,
            "data": repr(data),
            "seeds": seeds,
            "first_seed": first_seed,
            "modes": len(data.truth),
            "samples": data.samples,
            "scores": list(SCORES),
            "lost": [],
        }

    @torch.no_grad()
    def __call__(self, model: GAN) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        data = self.data
        seeds, dtype = model.generator.seeds, next(model.generator.parameters()).dtype
        stream = torch.Generator().manual_seed(2**20)
        noise = torch.randn(data.samples, model.noise_dim, generator=stream).to(dtype)
        made = model.sample(noise.expand(seeds, -1, -1).contiguous())
        counts, quality = data.count(made)
        held = (counts / data.samples > HELD * torch.as_tensor(data.truth)).sum(1)
        d_real, d_fake, loss_d, loss_g = self._opinion(model, made[:, : len(data.real)], dtype)
        columns = [(counts > 0).sum(1), held, quality, d_real, d_fake, loss_d, loss_g]
        columns += [_gradient_norms(net, seeds) for net in (model.discriminator, model.generator)]
        scores = torch.stack([column.detach().cpu().double() for column in columns], dim=1)
        values = {"held": held.double().median(), "held_low": held.min(), "held_high": held.max()}
        values |= {
            name: scores[:, SCORES.index(name)].median()
            for name in ("captured", "high_quality", "d_real", "d_fake", "loss_d", "loss_g")
        }
        values["complete"] = (held == len(data.truth)).double().mean()
        arrays = {
            "fake": data.picture(made),
            "counts": counts.to(torch.int32).numpy(),
            "scores": scores.float().numpy(),
        }
        return {name: float(value) for name, value in values.items()}, arrays

    def _opinion(self, model: GAN, fake: torch.Tensor, dtype) -> tuple[torch.Tensor, ...]:
        """D's mean output on real and on generated samples, and both losses, of each seed."""
        n = fake.shape[1] // 4 * 4  # packs of 4 must come out even
        real = self.data.real[:n].to(model.device, dtype).expand(len(fake), -1, -1)
        with evaluating(model.discriminator):
            on_real, on_fake = model.logits(real), model.logits(fake[:, :n].to(dtype))
        return (
            on_real.sigmoid().mean(1),
            on_fake.sigmoid().mean(1),
            model.loss.discriminator(on_real, on_fake),
            model.loss.generator(on_real if model.loss.pairs else None, on_fake),
        )


def _gradient_norms(net: nn.Module, seeds: int) -> torch.Tensor:
    """The norm of the last update's gradient, of each seed; NaN where there was none."""
    squares = [p.grad.flatten(1).square().sum(1) for p in net.parameters() if p.grad is not None]
    return torch.stack(squares).sum(0).sqrt() if squares else torch.full((seeds,), torch.nan)

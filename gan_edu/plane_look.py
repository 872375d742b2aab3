"""What a GAN of the plane looks like: the picture that a recorder takes of it, frame by frame."""

import numpy as np
import torch

from gan_edu import metrics
from gan_edu.nets import evaluating
from gan_edu.recording import pack_points
from gan_edu.training import GAN

CACHED = 2500  # points that a small net judges at once


class PlaneLook:
    """What a GAN of the plane looks like: fixed noise made to points, D everywhere, what pulls at each point.

    data: a distribution of `data.toy`, or anything with sample(n, seed) and `extent`. Arrays of a frame:
    "surface" uint8 (R, R), D(x) from 0 to 255, row 0 below; "fake" int16 (N, 2), see `unpack_points`; "pull" int8
    (N, 2), the direction in which the generator's loss falls, relative to the longest; "warp" int16 (21·21, 2), where a
    grid of noise goes (generators with noise of two numbers only).
    Values: accuracy (D's share of right answers), pull (mean length), grad_d and grad_g (norms of the last updates'
    gradients), and where the data have modes: modes (captured), high_quality (a share).
    """

    def __init__(self, data, points: int = 500, resolution: int = 100, coverage_samples: int = 1000, seed: int = 0):
        self.data, self.points, self.resolution = data, points, resolution
        self.coverage_samples, self.seed = coverage_samples, seed
        extent = float(data.extent)
        self.about = {"extent": extent, "data": repr(data), "points": points, "resolution": resolution}
        self.real = data.sample(points, seed)
        self.fixed = {"real": pack_points(self.real, extent)}
        ticks = (torch.arange(resolution) + 0.5) / resolution * 2 * extent - extent
        self._grid = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1).reshape(-1, 2)
        if getattr(data, "density", None):
            coarse = (torch.arange(50) + 0.5) / 50 * 2 * extent - extent
            cells = torch.stack(torch.meshgrid(coarse, coarse, indexing="xy"), dim=-1)
            self.fixed["density"] = data.density(cells).float().numpy()
        modes = getattr(data, "modes", None)
        if modes is not None:
            self.fixed["modes"] = pack_points(modes, extent)
            self.about |= {"modes": len(modes), "mode_std": data.mode_std}
        g = torch.Generator().manual_seed(2**20 + seed)
        self._noise = lambda n, size: torch.randn(n, size, generator=g.manual_seed(2**20 + seed))
        self._warp = torch.stack(
            torch.meshgrid(torch.linspace(-2, 2, 21), torch.linspace(-2, 2, 21), indexing="xy"), dim=-1
        ).reshape(-1, 2)

    @torch.enable_grad()  # "pull" is a gradient
    def __call__(self, model: GAN) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        if model.packing > 1:
            raise ValueError("A discriminator of packs says nothing of a single place, so its surface can't be drawn.")
        extent, dtype = self.about["extent"], next(model.generator.parameters()).dtype
        n = self.points
        norms = {
            f"grad_{name[0]}": float(
                torch.stack([p.grad.norm() for p in net.parameters() if p.grad is not None]).norm()
            )
            for name, net in (("generator", model.generator), ("discriminator", model.discriminator))
            if any(p.grad is not None for p in net.parameters())
        }
        made = model.sample(self._noise(max(n, self.coverage_samples), model.noise_dim).to(dtype))
        if not made.isfinite().all():
            raise ArithmeticError("The generator makes points that are NaN or infinite.")
        fake = made[:n].detach().clone().requires_grad_()
        real = self.real.to(model.device, dtype)
        with evaluating(model.discriminator):
            with torch.no_grad():
                # in parts that fit into the processor's cache: faster than all at once
                parts = torch.cat([self._grid.to(model.device, dtype), real]).split(CACHED)
                logits = torch.cat([model.logits(part) for part in parts])
            surface, real_logits = logits[: len(self._grid)].sigmoid().nan_to_num(0.5), logits[len(self._grid) :]
            fake_logits = model.logits(fake)
            loss = model.loss.generator(real_logits if model.loss.pairs else None, fake_logits)
            pull = -torch.autograd.grad(loss * n, fake)[0]
        lengths = pull.norm(dim=1)
        values = norms | {
            "accuracy": 0.5 * float((real_logits > 0).float().mean() + (fake_logits < 0).float().mean()),
            "pull": float(lengths.mean()),
        }
        if "modes" in self.about:
            coverage = metrics.mode_coverage(made[: self.coverage_samples].cpu().float(), self.data)
            values |= {"modes": float(coverage.captured), "high_quality": float(coverage.high_quality)}
        arrays = {
            "surface": (surface * 255).round().to(torch.uint8).reshape(self.resolution, -1).cpu().numpy(),
            "fake": pack_points(fake.detach(), extent),
            "pull": (pull / lengths.max().clamp(min=1e-12) * 127).round().to(torch.int8).cpu().numpy(),
        }
        if model.noise_dim == 2:
            arrays["warp"] = pack_points(model.sample(self._warp.to(dtype)), extent)
        return values, arrays

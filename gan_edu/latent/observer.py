"""What of a latent space is recorded, frame by frame."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from gan_edu import metrics
from gan_edu.latent.pictures import SHOWN, Pictures
from gan_edu.latent.recipe import net_of
from gan_edu.latent.space import DEAD, Space, hole_map, kl_per_dimension, lattice, misfit
from gan_edu.recorder import pack_points

FINE, COARSE = 17, 9  # pictures along a side of the map of decodings: when there is time, and while training
LARGE = 2**14  # numbers in a picture, from which on the map stays coarse: its decodings take too long
SEEN = 32  # pixels a side that are seen of a picture in the map, at most
NOISE = 400  # points of a GAN
EXTENTS = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024)


class LatentObserver:
    """What a latent space looks like, for a recorder. Arrays of a frame: "codes" int16 (N, 2) on the axes shown, see
    `pack_points`; "spread" int16 (N, 2), their standard deviations alike; "atlas" uint8 (n, n, C, h, w), decodings of
    places from −extent to extent, row 0 below, made smaller where a side has more than 32 pixels; "kl" float32 (Z,) in
    nats; "holes" uint8 (31, 31); for generators "labels" uint8 (N,).

    Values: extent, axis_x, axis_y, label (that decodings are conditioned on), misfit (cross-entropy of the
    reconstructions in nats), error (their mean squared error), kl_all, dead (how many dimensions are below 0.01 nats),
    holes (share).

    view: what is to be drawn, {"axes", "label", "extent"}; it may change. side: of the atlas. own: a model that was
    made elsewhere, and may have learned from any of the pictures.
    """

    def __init__(
        self,
        pictures: Pictures,
        view: dict,
        model,
        side: int = FINE,
        title: str = "",
        seed: int = 0,
        finished: bool = True,
        own: bool = False,
    ):
        self.pictures, self.view, self.side = pictures, view, side
        space, shape = self.space(model), pictures.shape
        self.about = {
            "title": title,
            "finished": finished,
            "data": pictures.name,
            "classes": list(pictures.classes) if space.kind != "gan" or pictures.known else [],
            "ink": pictures.ink,
            "unseen": pictures.unseen and not own,
            "channels": shape[0],
            "height": shape[1],
            "width": shape[2],
            "dead_below": DEAD,
            "kind": space.kind,
            "latent_dim": space.latent_dim,
            "conditional": bool(space.classes),
        }
        self.fixed = {"labels": pictures.labels.to(torch.uint8).numpy()}
        if space.kind != "gan":  # a GAN's points are noise, not pictures
            self.fixed["images"] = _small(pictures.shown)
        self._noise = torch.randn(
            SHOWN, max(512, space.latent_dim), generator=torch.Generator().manual_seed(2**20 + seed)
        )[:NOISE]

    def space(self, model) -> Space:
        return Space(net_of(model), self.pictures.shape)

    def codes(self, space: Space) -> tuple[torch.Tensor, torch.Tensor]:
        """Means and deviations (N, Z) of the pictures shown; of a GAN: noise."""
        if space.kind == "gan":
            z = self._noise[:, : space.latent_dim].clone()
            return z, torch.zeros_like(z)
        return space.encode(self.pictures.shown, self.pictures.labels)

    def code(self, space: Space, number: int) -> torch.Tensor:
        """The code (Z,) of the point `number`. Raises ValueError when there is none."""
        codes = self.codes(space)[0]
        if not 0 <= number < len(codes):
            raise ValueError(f"There are pictures 0 to {len(codes) - 1}; got {number}.")
        return codes[int(number)]

    def plane(self, space: Space, places: torch.Tensor) -> torch.Tensor:
        """Places (M, 2) of the plane shown as codes (M, Z): the other numbers are 0."""
        z = torch.zeros(len(places), space.latent_dim)
        z[:, list(self.axes())] = places.float()
        return z

    def axes(self) -> tuple[int, int]:
        a, b = self.view["axes"]
        return (a, b) if max(a, b) < self.about["latent_dim"] else (0, 1)

    def atlas(self, space: Space, extent: float, side: int) -> np.ndarray:
        if math.prod(space.shape) > LARGE:
            side = min(side, COARSE)
        small = _small(space.decode(self.plane(space, lattice(extent, side)), self.view["label"]))
        return small.reshape(side, side, *small.shape[1:])

    def __call__(self, model) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        space = self.space(model)
        mean, std = self.codes(space)
        axes = list(self.axes())
        reach = float(torch.quantile(mean[:, axes].abs().amax(1), 0.995)) if mean.isfinite().all() else math.inf
        extent = float(self.view["extent"] or next((e for e in EXTENTS if e >= 1.02 * reach), EXTENTS[-1]))
        values = {"extent": extent, "axis_x": axes[0], "axis_y": axes[1], "label": int(self.view["label"])}
        arrays = {"codes": pack_points(mean[:, axes], extent), "spread": pack_points(std[:, axes], extent)}
        arrays["atlas"] = self.atlas(space, extent, self.side)
        if space.kind == "gan":
            if self.pictures.known:
                made = space.decode(mean)
                arrays["labels"] = metrics.classify(made * 2 - 1, self.pictures.known).argmax(1).to(torch.uint8).numpy()
            else:
                arrays["labels"] = np.zeros(len(mean), np.uint8)
            return values, arrays
        made, x = space.decode(mean, self.pictures.labels), self.pictures.shown
        values |= {"error": float((made - x).square().mean()), "misfit": misfit(made, x)}
        holes, values["holes"] = hole_map(mean[:, axes], std[:, axes])
        arrays["holes"] = holes.astype(np.uint8)
        if space.kind != "ae":
            kl = kl_per_dimension(mean, std)
            arrays["kl"] = kl.float().numpy()
            values |= {"kl_all": float(kl.sum()), "dead": int((kl < DEAD).sum())}
        return values, arrays


def _small(x: torch.Tensor) -> np.ndarray:
    """Pictures (N, C, H, W) in [0, 1] as bytes, with at most SEEN pixels on the longer side."""
    most = max(x.shape[2:])
    if most > SEEN:
        x = F.adaptive_avg_pool2d(x, [max(1, round(side * SEEN / most)) for side in x.shape[2:]])
    return (x * 255).round().to(torch.uint8).numpy()

"""What is learned in the experiments on mode collapse, and how its modes are counted."""

import functools
import warnings

import numpy as np
import torch
import torch.nn.functional as F

from gan_edu import data as course_data
from gan_edu import metrics
from gan_edu.data.points import Points, points_of
from gan_edu.recorder import pack_points
from gan_edu.settings import near

DATA = ("ring", "unbalanced ring", "grid", "digits")
REGIONS = 8  # that stand in for modes which nobody knows
KMEANS_POINTS = 5000  # that they are found from


class Plane:
    """A distribution of the plane with modes, as `data.toy` makes them."""

    kind, size, noise = "plane", 2, 2

    def __init__(self, distribution, points: int = 300, samples: int = 1000):
        self.distribution = self.training = distribution
        self.points, self.samples = points, samples
        extent = float(distribution.extent)
        modes = torch.as_tensor(distribution.modes).float()
        truth = getattr(distribution, "mode_weights", None)
        self.truth = np.full(len(modes), 1 / len(modes)) if truth is None else np.asarray(truth, dtype=float)
        apart = torch.cdist(modes, modes).fill_diagonal_(torch.inf).min().item() if len(modes) > 1 else extent
        self.about = {
            "extent": extent,
            "reach": 3 * distribution.mode_std,
            "unit": getattr(distribution, "unit", "mode"),
            "labels": [str(k) for k in range(len(modes))],
        }
        if self.about["unit"] == "mode":  # between regions there is no gap
            self.about["apart"] = apart
        self.real = distribution.sample(256, 0)
        self.fixed = {
            "modes": pack_points(modes, extent),
            "real": pack_points(distribution.sample(200, 1), extent),
        }

    def count(self, samples: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Samples (S, N, 2) → good ones of each mode (S, K), and the share of good ones (S,)."""
        samples = samples.cpu().float().nan_to_num(0, 0, 0).clamp(-1e6, 1e6)
        coverage = metrics.mode_coverage(samples, self.distribution)
        return coverage.counts, coverage.high_quality

    def picture(self, samples: torch.Tensor) -> np.ndarray:
        return pack_points(samples[:, : self.points], self.about["extent"])

    def __repr__(self):
        return repr(self.distribution)


class Digits:
    """MNIST as rows of 784 numbers; a class is a mode, and the course's classifier says which one an image is.

    An image is good when it lies among the real ones, as `metrics.precision_recall` has it: in the classifier's
    features, no farther from some real image than that one's third neighbour. Of real images between 8 and 9 in 10 are.
    """

    kind, size, noise = "digits", 784, 64

    def __init__(self, pictures: int = 16, samples: int = 200):
        images = course_data.images("mnist")
        self.training = images.tensor(flat=True)
        self.pictures, self.samples = pictures, samples
        self.truth = np.bincount(images.labels.numpy(), minlength=10) / len(images)
        self.about = {"labels": list(images.classes)}
        self.real = self.training[:256]
        self.fixed = {"real": self.picture(self.training[None, :pictures])[0]}
        self._features = metrics.features(self.training[:1000], "mnist")
        self._reach = metrics.neighbour_distances(self._features, 3).float()

    @torch.no_grad()
    def count(self, samples: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Samples (S, N, 784) → good ones of each class (S, 10), and the share of good ones (S,)."""
        seeds, n, _ = samples.shape
        x = samples.cpu().nan_to_num(0).clamp(-1, 1).reshape(seeds * n, 784)
        with warnings.catch_warnings():  # images without any black are bad ones, not badly scaled ones
            warnings.simplefilter("ignore")
            found = metrics.features(x, "mnist")
        digit = metrics.classifier("mnist").head(found).argmax(1)
        good = (torch.cdist(found, self._features) <= self._reach).any(1).reshape(seeds, n)
        return F.one_hot(digit.reshape(seeds, n), 10).mul(good[..., None]).sum(1), good.double().mean(1)

    def picture(self, samples):
        """The first images, cut to the middle and made smaller: uint8 (S, 16, 16, 16), 255 full ink."""
        x = samples[:, : self.pictures].detach().float().cpu().clamp(-1, 1)
        x = x.reshape(-1, 1, 28, 28)[:, :, 2:26, 2:26]
        x = F.interpolate(x, size=(16, 16), mode="bilinear", antialias=True)
        return ((x + 1) * 127.5).round().to(torch.uint8).reshape(*samples.shape[:1], -1, 16, 16).numpy()

    def __repr__(self):
        return "digits"


@functools.lru_cache(maxsize=1)
def _digits() -> Digits:
    return Digits()


def modes_of(data) -> Plane | Digits:
    """The data of a setting, with modes to count. Raises ValueError for what has no modes to count."""
    data = data_of(data)
    if not isinstance(data, str):
        return Plane(data)
    if data == "digits":
        return _digits()
    return Plane(course_data.toy.ring(weights=[4, 1] * 4) if data == "unbalanced ring" else course_data.toy.make(data))


def data_of(data):
    """A name as it is, and anything else as a distribution with modes: one as it is; points of a learner's own (see
    `data.points.points_of`) with the modes that were given, or else with regions. Raises ValueError."""
    others = f"one of {', '.join(DATA)}, a distribution with modes, such as data.toy.ring(modes=5)"
    if isinstance(data, str) and data in DATA:
        return data
    given = data
    if isinstance(data, str):
        try:
            data = course_data.toy.make(data)
        except ValueError:
            raise ValueError(
                f"There are no data {data!r}; there are: {', '.join(DATA)}, and any distribution with modes."
                f"{near(data, DATA)}"
            ) from None
    elif not (hasattr(data, "sample") and hasattr(data, "extent")):
        given = data = points_of(data, others)
    if isinstance(data, Points) and data.modes is None:
        return _with_regions(data)
    if getattr(data, "modes", None) is None or getattr(data, "mode_std", None) is None:
        raise ValueError(f"{data!r} has no modes that could be lost; take a ring, a grid or a gaussian_mixture.")
    if np.shape(data.modes)[1:] != (2,):
        raise ValueError(f"The modes must lie in the plane, with 2 coordinates; {data!r} has other ones.")
    return given


def _with_regions(points: Points) -> Points:
    """Points whose modes nobody knows: regions found by k-means are counted as modes, as Richardson & Weiss 2018 ("On
    GANs and GMMs") count bins that a generator misses."""
    from sklearn.cluster import KMeans

    x = points.points[torch.randperm(len(points.points), generator=torch.Generator().manual_seed(0))[:KMEANS_POINTS]]
    count = min(REGIONS, len(x.unique(dim=0)))
    found = KMeans(count, n_init=4, random_state=0).fit(x.double().numpy()).cluster_centers_
    points = points.with_modes(torch.as_tensor(found, dtype=torch.float32), unit="region")
    told = (
        f"Nobody has said where these points have modes: {count} regions found by k-means are counted instead. A lost "
        "one means that points are missed there; how many modes there are is not measured. Give their centres, (K, 2), "
        "if you know them: data=(points, centres)."
    )
    points.note = " ".join(filter(None, [points.note, told]))
    return points

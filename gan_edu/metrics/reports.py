"""All measures of a set of images at once, with their floors beside."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from gan_edu.metrics.classifiers import features, probabilities
from gan_edu.metrics.distances import frechet, frechet_distance, kernel_distance, moments
from gan_edu.metrics.neighbours import density_coverage, expected_coverage, neighbour_distances, precision_recall
from gan_edu.metrics.tables import Samples, table
from gan_edu.settings import Whole


@dataclass(frozen=True)
class ImageReport:
    """What `image_report` measured; print it. floor: what as many new real images would score as Fréchet distance."""

    name: str
    n_fake: int
    n_real: int
    frechet: float
    floor: float
    kernel: float
    precision: float
    recall: float
    density: float
    coverage: float
    classes: int

    def __repr__(self) -> str:
        equal = expected_coverage(self.n_real, self.n_fake)
        return (
            f"{self.n_fake:,} generated against {self.n_real:,} real images, {self.name} features\n"
            f"  Fréchet distance  {self.frechet:8.2f}   real against real: {self.floor:.2f}\n"
            f"  kernel distance   {self.kernel:8.4f}   equal distributions: 0 on average\n"
            f"  precision         {self.precision:8.3f}\n"
            f"  recall            {self.recall:8.3f}\n"
            f"  density           {self.density:8.3f}   equal distributions: 1\n"
            f"  coverage          {self.coverage:8.3f}   equal distributions: {equal:.3f}\n"
            f"  classes           {self.classes:8d}   of 10 hold more than 2 % of the generated images"
        )


class Reference:
    """Real images, seen once by the classifier of a data set, to measure generated images against.

    reference = Reference("fashion_mnist", images.tensor()); then reference.frechet(fake), reference.report(fake).
    images: (N, 1, 28, 28) or (N, 784), in [-1, 1]. `features` (N, 64) holds their features.
    """

    def __init__(self, name: str, images: Samples):
        self.name = name
        self.features = table(features(images, name), "images", least=12)  # two halves with 5 neighbours each
        self._moments = moments(self.features)

    @cached_property
    def _radii(self) -> dict[str, Tensor]:
        return {"precision": neighbour_distances(self.features, 3), "density": neighbour_distances(self.features, 5)}

    def __repr__(self) -> str:
        return f"Reference({self.name!r}, {len(self.features):,} real images)"

    def frechet(self, fake: Samples) -> float:
        """`frechet_distance` between fake images (M, 1, 28, 28) or (M, 784), in [-1, 1], and the real ones."""
        return frechet(moments(table(features(fake, self.name), "fake")), self._moments)

    def floor(self, n: int | None = None, splits: int = 10, seed: int = 0) -> float:
        """What n new real images, by default as many as these, score in `frechet`: a perfect generator's mean.

        Copies of the reference, and samples that vary a little too little, may score below it.
        Measured between disjoint parts of these N images, n or N/2 each, and brought to the sizes n and N by the law
        that the distance goes with 1/n + 1/N. The mean of several random splits, as one may be half as much or double.
        """
        total = len(self.features)
        n, splits = Whole(2).check(total if n is None else n, "n"), Whole(1).check(splits, "splits")
        part = min(n, total // 2)
        chance = torch.Generator().manual_seed(seed)
        values = []
        for _ in range(splits):
            order = torch.randperm(total, generator=chance)
            values.append(frechet_distance(self.features[order[:part]], self.features[order[part : 2 * part]]))
        return sum(values) / splits * (1 / n + 1 / total) / (2 / part)

    def report(self, fake: Samples) -> ImageReport:
        """All measures of fake images (M, 1, 28, 28) or (M, 784), in [-1, 1], as an `ImageReport`."""
        raw = features(fake, self.name)
        fake = table(raw, "fake", least=6)
        shares = probabilities(raw, self.name).argmax(dim=1).bincount(minlength=10) / len(raw)
        return ImageReport(
            name=self.name,
            n_fake=len(fake),
            n_real=len(self.features),
            frechet=frechet(moments(fake), self._moments),
            floor=self.floor(len(fake)),
            kernel=kernel_distance(self.features, fake),
            **precision_recall(self.features, fake, 3, self._radii["precision"])._asdict(),
            **density_coverage(self.features, fake, 5, self._radii["density"])._asdict(),
            classes=int((shares > 0.02).sum()),
        )


def image_report(fake: Samples, real: Samples, name: str) -> ImageReport:
    """All measures of fake against real images at once: `Reference(name, real).report(fake)`.

    fake: (M, 1, 28, 28) or (M, 784), real: (N, 1, 28, 28) or (N, 784), in [-1, 1]. Keep the `Reference` when the same
    real images are used again.
    """
    return Reference(name, real).report(fake)

"""All measures of a set of images at once, with their floors beside."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from gan_edu.data.image_sets import ImageSet
from gan_edu.metrics.classifiers import known
from gan_edu.metrics.distances import frechet, frechet_distance, kernel_distance, moments
from gan_edu.metrics.extractors import Features, compute
from gan_edu.metrics.neighbours import density_coverage, expected_coverage, neighbour_distances, precision_recall
from gan_edu.metrics.tables import Samples, table
from gan_edu.settings import Whole

FAINT = 0.2  # of its share: a class that holds less counts as missing
SPLIT = 500  # images in a part, at most, where the scatter of the kernel distance is measured


@dataclass(frozen=True)
class ImageReport:
    """What `image_report` measured; print it. floor: what as many new real images would score as Fréchet distance.

    scatter: about how far from 0 the kernel distance of as many new real images would be. classes: how many of
    `n_classes` hold more of the generated images than a fifth of their share of the data, and missing: the names of the
    others; classes is None where the features know none. dim: of the features.
    """

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
    classes: int | None
    n_classes: int = 10
    missing: tuple[str, ...] = ()
    even: bool = True
    dim: int = 64
    scatter: float | None = None

    def __repr__(self) -> str:
        equal = expected_coverage(self.n_real, self.n_fake)
        around = "on average" if self.scatter is None else f"± {self.scatter:.2g}"
        lines = [
            f"{self.n_fake:,} generated against {self.n_real:,} real images, {self.name} features",
            f"  Fréchet distance  {self.frechet:8.2f}   real against real: {self.floor:.2f}",
            f"  kernel distance   {self.kernel:8.4f}   equal distributions: 0 {around}",
            f"  precision         {self.precision:8.3f}",
            f"  recall            {self.recall:8.3f}",
            f"  density           {self.density:8.3f}   equal distributions: 1",
            f"  coverage          {self.coverage:8.3f}   equal distributions: {equal:.3f}",
        ]
        if self.classes is not None:
            how = (
                f"hold more than {100 * FAINT / self.n_classes:.2g} % of the generated images"
                if self.even
                else "are generated more than a fifth as often as in the data"
            )
            lines.append(f"  classes           {self.classes:8d}   of {self.n_classes} {how}{_named(self.missing)}")
        if few := _few(min(self.n_fake, self.n_real), self.dim):
            lines.append(f"  {few}")
        return "\n".join(lines)


def _named(missing: tuple[str, ...]) -> str:
    """'; not cats, dogs'."""
    return f"; not {', '.join(missing[:5])}{', …' if len(missing) > 5 else ''}" if missing else ""


def _few(n: int, dim: int) -> str:
    """A sentence, where n images are too few for a Fréchet distance in `dim` features; "" where there are enough."""
    if n > dim:
        return ""
    return (
        f"Few images: {n:,} for {dim:,} features. With no more images than features the floor of the Fréchet distance "
        "is too low: look at the kernel distance and recall beside it, or take fewer features (dim=)."
    )


class Reference:
    """Real images, seen once, to measure generated images against.

    reference = Reference("fashion_mnist", images.tensor()); then reference.frechet(fake), reference.report(fake).

    features: any `Features`, or the name of a classifier that comes with the course, "mnist" or "fashion_mnist".
    images: of the shape that these features want, (N, C, H, W) or (N, C·H·W) in [-1, 1], or an ImageSet or Folder.
    Attributes: `features`, float64 (N, dim), of the real images; `extractor`, the `Features`; `name`.

    Warns when there are no more images than features. The covariance of d features from so few images has directions
    without any variance, and `floor`, which is measured between halves, is too low: by a fifth for 50 images and 64
    normal features, by 40 % for 100 images and 512. With more images than features it is right within a few per cent.
    The kernel distance has no bias, and sees a shift of all images with fewer of them. It hardly sees samples that
    vary too little, and the Fréchet distance of few images even rewards them with values below the floor: recall falls.
    """

    def __init__(self, features: str | Features, images: Samples | ImageSet):
        self.extractor = known(features)
        self.name = self.extractor.name
        self.features = self._seen(images, "images", least=12)  # two halves with 5 neighbours each
        self._moments = moments(self.features)
        if few := _few(*self.features.shape):
            warnings.warn(few, stacklevel=2)

    def _seen(self, images: Samples | ImageSet, argument: str, least: int = 2) -> Tensor:
        return table(compute(self.extractor, images), argument, least)

    @cached_property
    def _radii(self) -> dict[str, Tensor]:
        return {"precision": neighbour_distances(self.features, 3), "density": neighbour_distances(self.features, 5)}

    def __repr__(self) -> str:
        return f"Reference({self.name!r}, {len(self.features):,} real images)"

    def frechet(self, fake: Samples | ImageSet) -> float:
        """`frechet_distance` between fake images, of the shape of the real ones and in [-1, 1], and those."""
        return frechet(moments(self._seen(fake, "fake")), self._moments)

    def kernel(self, fake: Samples | ImageSet) -> float:
        """`kernel_distance` between the real images and fake ones: without bias, and so the one for few images."""
        return kernel_distance(self.features, self._seen(fake, "fake"))

    def floor(self, n: int | None = None, splits: int = 10, seed: int = 0) -> float:
        """What n new real images, by default as many as these, score in `frechet`: a perfect generator's mean.

        Copies of the reference, and samples that vary a little too little, may score below it.
        Measured between disjoint parts of these N images, n or N/2 each, and brought to the sizes n and N by the law
        that the distance goes with 1/n + 1/N. The mean of several random splits, as one may be half as much or double.
        """
        values, wanted, had = self._between(frechet_distance, n, splits, seed)
        return sum(values) / len(values) * wanted / had

    def scatter(self, n: int | None = None, splits: int = 10, seed: int = 0) -> float:
        """How far from 0 `kernel` is for n new real images, by default as many as these: a root mean square.

        Measured as `floor` is, by the same law, between parts of 500 images at most.
        """
        values, wanted, had = self._between(kernel_distance, n, splits, seed, SPLIT)
        return (sum(value**2 for value in values) / len(values)) ** 0.5 * wanted / had

    def _between(
        self, measure: Callable[[Tensor, Tensor], float], n: int | None, splits: int, seed: int, most: int | None = None
    ) -> tuple[list[float], float, float]:
        """A measure between disjoint parts of the real images, several times; 1/n + 1/N, and what it was for these."""
        total = len(self.features)
        n, splits = Whole(2).check(total if n is None else n, "n"), Whole(1).check(splits, "splits")
        part = min(n, total // 2, most or total)
        chance = torch.Generator().manual_seed(seed)
        values = []
        for _ in range(splits):
            order = torch.randperm(total, generator=chance)
            values.append(measure(self.features[order[:part]], self.features[order[part : 2 * part]]))
        return values, 1 / n + 1 / total, 2 / part

    def report(self, fake: Samples | ImageSet) -> ImageReport:
        """All measures of fake images, of the shape of the real ones and in [-1, 1], as an `ImageReport`."""
        raw = compute(self.extractor, fake)
        fake = table(raw, "fake", least=6)
        return ImageReport(
            name=self.name,
            n_fake=len(fake),
            n_real=len(self.features),
            frechet=frechet(moments(fake), self._moments),
            floor=self.floor(len(fake)),
            kernel=kernel_distance(self.features, fake),
            **precision_recall(self.features, fake, 3, self._radii["precision"])._asdict(),
            **density_coverage(self.features, fake, 5, self._radii["density"])._asdict(),
            **self._classes(raw),
            dim=self.extractor.dim,
            scatter=self.scatter(len(fake)),
        )

    def _classes(self, raw: Tensor) -> dict:
        """How many classes the generated images hold, by their features; which are missing."""
        names = self.extractor.classes
        if names is None:
            return {"classes": None}
        shares = self.extractor.probabilities(raw).argmax(dim=1).bincount(minlength=len(names)) / len(raw)
        there = shares > FAINT * torch.tensor(self.extractor.shares)
        return {
            "classes": int(there.sum()),
            "n_classes": len(names),
            "missing": tuple(name for name, held in zip(names, there.tolist(), strict=True) if not held),
            "even": len(set(self.extractor.shares)) == 1,
        }


def image_report(fake: Samples | ImageSet, real: Samples | ImageSet, name: str | Features) -> ImageReport:
    """All measures of fake against real images at once: `Reference(name, real).report(fake)`.

    Images as for `Reference`. Keep that when the same real images are used again.
    """
    return Reference(name, real).report(fake)

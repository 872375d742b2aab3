"""Measures of how close generated samples come to real ones.

Samples are tensors (or what `torch.as_tensor` takes), one sample a row. Everything is computed in float64 on the
CPU, whatever device the samples lie on. Numbers that are not finite, wrong shapes and too few samples raise a
ValueError that names the argument; what is no number at all, a TypeError.

Images are measured in features, because distances between pixels say little. MNIST and Fashion-MNIST have a small
classifier each, known by its name; pictures of your own, grey or in colour, have three kinds of `Features`:

    pictures = data.folder("pets", size=64)
    features = metrics.trained_features(pictures)            # a classifier of your classes, trained in a minute
    features = metrics.random_features(pictures.shape)       # a net that has learned nothing: when there are no classes
    features = metrics.inception_features(path_of_weights)   # what FID is defined by, if you have the file
    reference = metrics.Reference(features, pictures)
    print(reference.report(fake))                            # fake: (M, 3, 64, 64) in [-1, 1]
    metrics.copy_audit(features(fake), features(training), features(held_out))

Numbers from different features or data sets can't be compared, and none means anything without its floor: what real
images score against other real images (`Reference.floor`, and `Reference.scatter` of the kernel distance). With 100
images take few features, and look at the kernel distance and recall too; `trained_features` and `Reference` say more.
"""

from gan_edu.metrics.classifiers import classifier, classify, features
from gan_edu.metrics.copies import CopyAudit, Nearest, copy_audit, nearest
from gan_edu.metrics.distances import frechet_distance, frechet_expected_floor, kernel_distance
from gan_edu.metrics.extractors import Features, random_features
from gan_edu.metrics.inception import inception_features
from gan_edu.metrics.modes import HIGH_QUALITY_CEILING_2D, ModeCoverage, mode_coverage, reverse_kl_floor
from gan_edu.metrics.neighbours import (
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    expected_coverage,
    expected_precision,
    neighbour_distances,
    precision_recall,
)
from gan_edu.metrics.reports import ImageReport, Reference, image_report
from gan_edu.metrics.trained import TrainedFeatures, trained_features
from gan_edu.metrics.two_sample import TwoSampleTest, classifier_two_sample_test

__all__ = [
    "HIGH_QUALITY_CEILING_2D", "CopyAudit", "DensityCoverage", "Features", "ImageReport", "ModeCoverage", "Nearest",
    "PrecisionRecall", "Reference", "TrainedFeatures", "TwoSampleTest", "classifier", "classifier_two_sample_test",
    "classify", "copy_audit", "density_coverage", "expected_coverage", "expected_precision", "features",
    "frechet_distance", "frechet_expected_floor", "image_report", "inception_features", "kernel_distance",
    "mode_coverage", "nearest", "neighbour_distances", "precision_recall", "random_features",
    "reverse_kl_floor", "trained_features",
]  # fmt: skip

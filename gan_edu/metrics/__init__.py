"""Measures of how close generated samples come to real ones.

Samples are tensors (or what `torch.as_tensor` takes), one sample a row. Everything is computed in float64 on the
CPU, whatever device the samples lie on. Numbers that are not finite, wrong shapes and too few samples raise a
ValueError that names the argument; what is no number at all, a TypeError.

Images are measured in the features of a small classifier trained on the same data set (`features`), because
distances between pixels say little. Numbers from different classifiers or data sets can't be compared, and none means
anything without its floor: what real images score against other real images (`Reference.floor`).
"""

from gan_edu.metrics.classifiers import classifier, classify, features
from gan_edu.metrics.copies import CopyAudit, Nearest, copy_audit, nearest
from gan_edu.metrics.distances import frechet_distance, frechet_expected_floor, kernel_distance
from gan_edu.metrics.modes import HIGH_QUALITY_CEILING_2D, ModeCoverage, mode_coverage, reverse_kl_floor
from gan_edu.metrics.neighbours import (
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    expected_coverage,
    neighbour_distances,
    precision_recall,
)
from gan_edu.metrics.reports import ImageReport, Reference, image_report
from gan_edu.metrics.two_sample import TwoSampleTest, classifier_two_sample_test

__all__ = [
    "HIGH_QUALITY_CEILING_2D", "CopyAudit", "DensityCoverage", "ImageReport", "ModeCoverage", "Nearest",
    "PrecisionRecall", "Reference", "TwoSampleTest", "classifier", "classifier_two_sample_test",
    "classify", "copy_audit", "density_coverage", "expected_coverage", "features", "frechet_distance",
    "frechet_expected_floor", "image_report", "kernel_distance", "mode_coverage", "nearest", "neighbour_distances",
    "precision_recall", "reverse_kl_floor",
]  # fmt: skip

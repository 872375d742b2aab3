"""The two small classifiers that come with the course, as features of MNIST and Fashion-MNIST."""

from functools import cache, partial

import torch
from torch import Tensor

from gan_edu import models
from gan_edu.data.image_sets import CLASSES
from gan_edu.device import pick
from gan_edu.metrics.extractors import Features, compute
from gan_edu.metrics.tables import Samples
from gan_edu.nets import FeatureNet
from gan_edu.settings import Choice


@cache
def _classifier(name: str, device: torch.device) -> FeatureNet:
    net = models.load(name, "classifier").to(device)
    return net.to(memory_format=torch.channels_last) if device.type == "cpu" else net  # nearly twice as fast there


def classifier(name: str, device: str | torch.device = "cpu") -> FeatureNet:
    """The trained `FeatureNet` of a data set ("mnist", "fashion_mnist"), frozen and in evaluation mode.

    The same object at every call. Raises ValueError for an unknown name or device, and RuntimeError, which names the
    file, when that is cut short or changed.
    """
    return _classifier(Choice(models.NAMES).check(name, "classifier"), pick(device))


def known(features: str | Features) -> Features:
    """`Features` as they are, or those of a classifier that comes with the course, by its name.

    Raises ValueError for an unknown name.
    """
    if isinstance(features, Features):
        return features
    name = Choice(models.NAMES).check(features, "classifier")
    return Features(
        name=name, shape=(1, 28, 28), dim=64, on=partial(_classifier, name), classes=CLASSES[name], shares=(0.1,) * 10
    )


def features(images: Samples, name: str | Features, batch: int | None = None) -> Tensor:
    """Features of images in the classifier of a data set: (N, 64) float32, on the CPU; or in any `Features`.

    images: (N, 1, 28, 28) or (N, 784), in [-1, 1] with -1 black, on any device; of other `Features` as they say.
    Small batches, by default of 250, stay in the processor's cache; a GPU likes larger ones.
    """
    return compute(known(name), images, batch)


def classify(images: Samples, name: str | Features, batch: int | None = None) -> Tensor:
    """Class probabilities of images: (N, K) float32, on the CPU. images as for `features`."""
    to = known(name)
    return to.probabilities(compute(to, images, batch))

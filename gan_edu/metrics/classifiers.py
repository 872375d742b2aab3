"""The small classifiers in whose features images are measured."""

import warnings
from functools import cache

import torch
from torch import Tensor

from gan_edu import models
from gan_edu.device import pick
from gan_edu.metrics.tables import Samples, real
from gan_edu.nets import FeatureNet
from gan_edu.settings import Choice, Whole


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


def _images(images: Samples, argument: str = "images") -> Tensor:
    """Images as a checked float32 tensor (N, 1, 28, 28) in [-1, 1], on their own device."""
    x = real(images, argument)
    if x.ndim == 2 and x.shape[1] == 784:
        x = x.reshape(-1, 1, 28, 28)
    if x.ndim != 4 or x.shape[1:] != (1, 28, 28):
        raise ValueError(f"{argument} has shape {tuple(x.shape)}; expected (N, 1, 28, 28) or (N, 784).")
    if len(x) == 0:
        raise ValueError(f"{argument} holds no image.")
    if not x.is_floating_point():
        raise ValueError(f"{argument} holds {x.dtype} numbers; expected floats in [-1, 1]: pixels / 127.5 - 1.")
    x = x.float()
    broken = int((~torch.isfinite(x)).flatten(1).any(dim=1).sum())
    if broken:
        raise ValueError(f"{broken:,} of {len(x):,} {argument} hold NaN or infinite pixels.")
    low, high = x.min().item(), x.max().item()
    if low < -1.001 or high > 1.001:
        outside = int(((x < -1.001) | (x > 1.001)).flatten(1).any(dim=1).sum())
        raise ValueError(
            f"{outside:,} of {len(x):,} {argument} leave [-1, 1]: pixels run from {low:.3g} to {high:.3g}. "
            "Rescale them (from [0, 255]: x / 127.5 - 1; from [0, 1]: 2 x - 1) or clamp them."
        )
    if low >= 0:
        warnings.warn(
            f"no pixel of {argument} is below 0. Black is -1 here: if they are in [0, 1], rescale them by 2 x - 1.",
            stacklevel=3,
        )
    return x


@torch.no_grad()  # not inference_mode: the result may be trained on
def features(images: Samples, name: str, batch: int = 250) -> Tensor:
    """Features of images in the classifier of a data set: (N, 64) float32, on the CPU.

    images: (N, 1, 28, 28) or (N, 784), in [-1, 1] with -1 black, on any device. Small batches stay in the processor's
    cache; a GPU likes larger ones.
    """
    x, batch = _images(images), Whole(1).check(batch, "batch")
    net = classifier(name, x.device)
    return torch.cat([net(part).cpu() for part in x.split(batch)])


@torch.no_grad()
def probabilities(features: Tensor, name: str) -> Tensor:
    """Class probabilities (N, 10) of features (N, 64)."""
    return classifier(name).head(features).softmax(dim=1)


def classify(images: Samples, name: str, batch: int = 250) -> Tensor:
    """Class probabilities of images: (N, 10) float32, on the CPU. images as for `features`."""
    return probabilities(features(images, name, batch), name)

"""A net in evaluation mode for a while."""

import contextlib
from collections.abc import Iterator

from torch import nn


@contextlib.contextmanager
def evaluating(net: nn.Module) -> Iterator[nn.Module]:
    """The net in evaluation mode for a while; afterwards each of its layers is in the mode that it was in."""
    modes = [(layer, layer.training) for layer in net.modules()]
    try:
        yield net.eval()
    finally:
        for layer, mode in modes:
            layer.training = mode

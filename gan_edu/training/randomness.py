"""What draws from PyTorch's one global stream of random numbers, and how to leave no trace in it.

The stream belongs to the learner's cells. A widget that trains in the background, in a thread of its own, must not even
put it back as it was, since a cell may be drawing just then: so what draws nothing leaves it alone.
"""

import contextlib
import re

import torch
from torch import nn

DRAWING = re.compile("Dropout|RReLU|Fractional|Transformer|Attention|RNN|LSTM|GRU")  # PyTorch's layers that may draw


def draws_nothing(net: nn.Module) -> bool:
    """Whether all layers are PyTorch's or the course's, and none of them draws from PyTorch's global stream."""
    return all(
        type(layer).__module__.startswith(("torch.nn.", "gan_edu.")) and not DRAWING.search(type(layer).__name__)
        for layer in net.modules()
    )


def no_trace(quiet: bool) -> contextlib.AbstractContextManager:
    """Within this block the global stream may be drawn from, and stands as before at its end; quiet: nothing draws."""
    return contextlib.nullcontext() if quiet else torch.random.fork_rng(devices=[])

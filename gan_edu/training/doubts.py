"""The mistakes of the field, recognised: what is probably wrong is said, not trained on in silence.

A doubt is a warning, never an error: each of these can be meant, and then the model's setting `sure=True` says so.
"""

import contextlib

import torch
from torch import nn

from gan_edu.nets import evaluating
from gan_edu.training.randomness import draws_nothing, no_trace

Tensor = torch.Tensor
BOUNDED = {
    "SigmoidBackward0": "a sigmoid",
    "HardsigmoidBackward0": "a sigmoid",
    "LogSigmoidBackward0": "the logarithm of a sigmoid",
    "SoftmaxBackward0": "a softmax",
    "LogSoftmaxBackward0": "the logarithm of a softmax",
    "TanhBackward0": "a tanh",
}
# operations that give numbers another shape, or keep their bounds
SHAPES = (
    *(
        "View",
        "UnsafeView",
        "Reshape",
        "Squeeze",
        "Unsqueeze",
        "Select",
        "Alias",
        "Clone",
        "Permute",
        "ToCopy",
        "Slice",
    ),
    *("Transpose", "TBackward", "Expand", "Unbind", "Mean", "Clamp"),
)


class Doubt(UserWarning):
    """Something is probably a mistake; the text says what it looks like, and what usually helps."""


@contextlib.contextmanager
def trying(net: nn.Module):
    """Around a trial of a net: in evaluation mode, with gradients, and without a trace in any random stream."""
    with evaluating(net), torch.enable_grad(), no_trace(draws_nothing(net)):
        yield


def last_operation(output: Tensor) -> str | None:
    """'a sigmoid', 'a softmax', 'a tanh' when a net's output (with its graph) comes straight from one; else None."""
    node = output.grad_fn
    while node is not None:
        name = node.name()
        if name in BOUNDED:
            return BOUNDED[name]
        if not name.startswith(SHAPES) or not node.next_functions:
            return None
        node = node.next_functions[0][0]
    return None


def of_discriminator(logits: Tensor) -> str | None:
    """A doubt about D's output, computed with its graph."""
    last = last_operation(logits)
    if last is None:
        return None
    return (
        f"The discriminator ends in {last}, so its output is bounded, and the losses take it for a logit: leave the "
        "last activation out; the loss brings its own sigmoid."
    )


def of_penalties(discriminator: nn.Module, penalties) -> str | None:
    """A doubt about gradient penalties beside batch norm."""
    if penalties and any("BatchNorm" in type(layer).__name__ for layer in discriminator.modules()):
        return (
            f"The penalty {', '.join(penalties)} takes the gradient of D at each sample alone, but batch norm in D "
            "makes each output depend on the whole batch: leave batch norm out of the discriminator (layer norm is "
            "allowed; Gulrajani et al. 2017, section 4)."
        )
    return None


def of_range(data: Tensor, last: str | None) -> str | None:
    """A doubt about the range of data (N, *features) for a generator whose output comes from `last`."""
    low, high = data.min().item(), data.max().item()
    if last == "a tanh":
        outside = (_sizes(data) > 1 + 1e-3).sum().item()
        if outside:
            return _outside(data, outside, low, high, "a tanh, from −1 to 1", "x / 127.5 − 1", -1)
        if low >= 0 and high > 0.5:
            return (
                f"The data lie between {low:g} and {high:g}, and the generator ends in a tanh, from −1 to 1: its lower "
                "half would never be used. Scale the data by 2 · x − 1."
            )
    if last == "a sigmoid":
        outside = ((data < -1e-3) | (data > 1 + 1e-3)).flatten(1).any(1).sum().item()
        if outside:
            return _outside(data, outside, low, high, "a sigmoid, from 0 to 1", "x / 255", 0)
    return None


def of_outliers(data: Tensor) -> str | None:
    """A doubt about samples in data (N, *features) that are far larger than the others, with a gap between both."""
    sizes, order = _sizes(data).sort()
    half = len(sizes) // 2
    upper = sizes[half:]
    jumps = (upper[1:] >= 20 * upper[:-1].clamp_min(1e-30)).nonzero()
    if upper[0] <= 0 or not len(jumps):
        return None
    first = half + 1 + int(jumps[0])
    large = torch.zeros(len(sizes), dtype=torch.bool)
    large[order[first:].cpu()] = True
    return (
        f"{_samples(large)} {'holds' if first == len(sizes) - 1 else 'hold'} numbers up to {sizes[-1]:g}, and the "
        f"others none above {sizes[first - 1]:g}: are some still in another unit, such as pixels of 0…255?"
    )


def _outside(data: Tensor, outside: int, low: float, high: float, what: str, scaling: str, least: int) -> str:
    if outside == len(data) or low >= 0 and high > 20 and outside > len(data) // 2:
        hint = (
            f"pixels of 0…255 are scaled by {scaling}"
            if low >= 0 and high > 20
            else "scale the data, or leave the last activation out"
        )
        return f"The data go from {low:g} to {high:g}, and the generator ends in {what}: {hint}."
    bad = ((data < least - 1e-3) | (data > 1 + 1e-3)).flatten(1).any(1)
    return (
        f"{_samples(bad)} of {len(data)} {'lies' if outside == 1 else 'lie'} outside what the generator can make: it "
        f"ends in {what}, and the data go from {low:g} to {high:g}. Are some pictures scaled otherwise than the rest?"
    )


def _sizes(data: Tensor) -> Tensor:
    """The largest absolute number in each sample: (N, *features) → (N,)."""
    rows = data.flatten(1)
    return torch.maximum(rows.amax(1), -rows.amin(1))  # several times faster than the norm


def _samples(mask: Tensor) -> str:
    places = mask.nonzero().flatten().tolist()
    shown = ", ".join(map(str, places[:3])) + (", …" if len(places) > 3 else "")
    return f"Sample number {shown}" if len(places) == 1 else f"{len(places)} samples (number {shown})"

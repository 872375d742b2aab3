"""Probes that look inside training steps: where gradients arrive, and which slips PyTorch's own errors tell."""

import contextlib
from collections.abc import Iterator

import torch

from gan_edu.checks.engine import NotYet

SLIPS_OF_GRAD = {  # what PyTorch says → what a question about gradients at points calls it
    "scalar outputs": "one_number_for_each_point",
    "does not require grad": "points_without_gradient",
    "have been used in the graph": "points_without_gradient",
}
SLIPS_OF_LOSSES = dict.fromkeys(("target size", "size of tensor", "input size"), "target_of_another_shape") | {
    "between 0 and 1": "bce_without_sigmoid"
}


@contextlib.contextmanager
def known_errors(expected: str, names: dict[str, str], on=None) -> Iterator[None]:
    """Raise NotYet for an error whose text holds one of these words: word → what the slip looks like.

    The first word that fits counts; capitals don't. Other errors pass.
    """
    try:
        yield
    except Exception as error:
        text = str(error)
        for words, name in names.items():
            if words.lower() in text.lower():
                got = f"{type(error).__name__}: {text[:80]}{'…' * (len(text) > 80)}"
                raise NotYet(expected, got, on=on, looks_like=name) from None
        raise


def gradient_reaches(module, loss=None):
    """Names of the parameters of `module` that `loss` has a gradient for, even if it is zero.

    Looks only: nothing is added to `.grad`. Without a loss: the parameters that have a gradient other than zero in
    `.grad` now, because the learner's code called backward itself.
    """
    named = [(name, parameter) for name, parameter in module.named_parameters() if parameter.requires_grad]
    if loss is None:
        return [name for name, parameter in named if parameter.grad is not None and parameter.grad.any()]
    if not named or not torch.is_tensor(loss) or not loss.requires_grad:
        return []
    parameters = [parameter for _, parameter in named]
    gradients = torch.autograd.grad(loss.sum(), parameters, retain_graph=True, allow_unused=True)
    return [name for (name, _), gradient in zip(named, gradients, strict=True) if gradient is not None]


def expect_gradient_at(value, leaves):
    """Raise NotYet unless a gradient of `value`, not all zero, arrives at each tensor of `leaves` (name → tensor)."""
    tensors = list(leaves.values())
    gradients = [None] * len(tensors)
    if value.requires_grad:
        gradients = torch.autograd.grad(value.sum(), tensors, retain_graph=True, allow_unused=True)
    for name, gradient in zip(leaves, gradients, strict=True):
        if gradient is None or not gradient.any():
            raise NotYet(
                f"a gradient for the {name}",
                "none: what comes before it could never learn",
                looks_like="a .detach(), .item() or torch.no_grad() on the way.",
            )

"""Probes that look inside training steps: where gradients arrive."""

import torch

from gan_edu.checks.engine import NotYet


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

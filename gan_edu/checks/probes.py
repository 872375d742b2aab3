"""Probes that look inside training steps: where gradients arrive, and what a step has changed."""

from contextlib import contextmanager

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


def expect_gradient(loss, *, to=None, not_to=None, looks_like=None):
    """Raise NotYet unless the gradient of `loss` reaches the modules in `to`, and none of those in `not_to`.

    to, not_to: name → module; the names are used in the message.
    looks_like: a misconception's name, or a sentence, instead of the usual advice.
    """
    for name, module in (to or {}).items():
        if not gradient_reaches(module, loss):
            if not torch.is_tensor(loss):
                got, advice = f"{type(loss).__name__} without a gradient", "an .item() or a float() around the loss."
            else:
                got, advice = f"no gradient reaches the {name}", "a .detach(), .item() or torch.no_grad() on the way."
            raise NotYet(f"a gradient for the {name}", got, looks_like=looks_like or advice)
    for name, module in (not_to or {}).items():
        if reached := gradient_reaches(module, loss):
            raise NotYet(
                f"no gradient for the {name}",
                f"it reaches {_tensors(reached)} of the {name}",
                looks_like=looks_like or "a missing .detach().",
            )


@contextmanager
def changed(**modules):
    """Which parameters change in the `with` block: name of the module → names of its parameters, filled at the end.

    `with changed(generator=g, discriminator=d) as change: step(g, d)`, and then `change["discriminator"]`.
    """
    before = {
        name: {key: parameter.detach().clone() for key, parameter in module.named_parameters()}
        for name, module in modules.items()
    }
    found = {name: [] for name in modules}
    yield found
    for name, module in modules.items():
        for key, parameter in module.named_parameters():
            if key not in before[name] or not torch.equal(before[name][key], parameter.detach()):
                found[name].append(key)


def expect_only_changed(change, *names, step, looks_like=None):
    """Raise NotYet unless a step changed the modules in `names`, and no other.

    change: what `changed` gave.
    step: what to call the step in the message, such as "generator step".
    """
    for name in names:
        if not change[name]:
            raise NotYet(
                f"a {step} that changes the {name}",
                f"your {step} left it as it was",
                looks_like=looks_like or "a missing .backward() or optimizer.step(), or the other net's optimizer.",
            )
    for name, tensors in change.items():
        if name not in names and tensors:
            raise NotYet(
                f"a {step} that changes only the {' and the '.join(names)}",
                f"your {step} also changed {_tensors(tensors)} of the {name}",
                looks_like=looks_like or "the other net's optimizer, or one optimizer for the parameters of both.",
            )


def _tensors(names):
    return "1 tensor" if len(names) == 1 else f"{len(names)} tensors"

"""What a function did to what it was given, beside what it returned."""

import copy
import functools
import inspect
import sys

import numpy as np

KINDS = {  # how a change reads: what was expected, what came, what it looks like
    "values": (
        "“{name}” as it was before the call",
        "it holds other numbers afterwards",
        "an operation in place (x += …, x[…] = …, x.mul_(…)) on an input that the caller still needs. Copy it first.",
    ),
    "weights": (
        "the weights of “{name}” as they were before the call",
        "other weights",
        "a step of an optimiser, or an operation in place, where none is asked for.",
    ),
    "gradients": (
        "the gradients that “{name}” already had",
        "other ones",
        "a zero_grad() or a backward() that reaches too far: somebody may be adding them up.",
    ),
    "mode": (
        "“{name}” in train() or eval() mode, as it came",
        "the other mode",
        "an eval() or train() that isn't taken back.",
    ),
    "frozen": (
        "requires_grad in “{name}” as it came",
        "changed",
        "parameters that stay frozen, or get thawed, for everybody who uses them later.",
    ),
}


class Watch:
    """A function that notes which of its arguments a call has changed, and how; otherwise it does what it did.

    changes: {(position, kind)}, see KINDS. The name of a keyword argument counts as its position.
    """

    def __init__(self, function):
        functools.update_wrapper(self, function)
        self._function, self.changes = function, set()

    def __call__(self, *args, **named):
        before = {place: _state(value) for place, value in self._places(args, named).items()}
        try:
            return self._function(*args, **named)
        finally:
            for place, value in self._places(args, named).items():
                now = _state(value)
                self.changes |= {(place, kind) for kind, old in before[place].items() if not _same(old, now[kind])}

    def __getattr__(self, name):
        return getattr(self._function, name)

    def _places(self, args, named):
        try:
            bound = inspect.signature(self._function).bind(*args, **named).args
        except (TypeError, ValueError):
            bound = args
        return dict(enumerate(bound)) | {name: value for name, value in named.items() if len(bound) == len(args)}


def watchable(function):
    """Functions only: a class is to make something, and a module's own statistics are its own affair."""
    return inspect.isroutine(function) or isinstance(function, functools.partial)


def _state(value):
    """{kind: what to compare afterwards}; empty for what can't be changed, or is meant to be (an optimiser)."""
    torch = sys.modules.get("torch")
    if torch and isinstance(value, torch.nn.Module):
        parameters = list(value.parameters())
        return {
            "weights": [p.detach().clone() for p in (*parameters, *value.buffers())],
            "gradients": [None if p.grad is None else p.grad.clone() for p in parameters],
            "mode": [layer.training for layer in value.modules()],
            "frozen": [p.requires_grad for p in parameters],
        }
    if torch and isinstance(value, torch.Tensor):
        return {"values": value.detach().clone()}
    if isinstance(value, np.ndarray | list | dict | set):
        try:
            return {"values": copy.deepcopy(value)}
        except Exception:  # holds something that can't be copied
            return {}
    return {}


def _same(old, new):
    if isinstance(old, list | tuple):
        return isinstance(new, list | tuple) and len(old) == len(new) and all(map(_same, old, new))
    if isinstance(old, dict):
        return isinstance(new, dict) and old.keys() == new.keys() and all(_same(old[key], new[key]) for key in old)
    torch = sys.modules.get("torch")
    if torch and isinstance(old, torch.Tensor):
        if not isinstance(new, torch.Tensor) or (old.shape, old.device) != (new.shape, new.device):
            return False
        return old.is_meta or bool(((old == new) | (old != old)).all())  # NaN is NaN; meta tensors hold no numbers
    if isinstance(old, np.ndarray):
        if not isinstance(new, np.ndarray) or (old.shape, old.dtype) != (new.shape, new.dtype):
            return False
        return old.tobytes() == new.tobytes()
    if old is None:
        return True  # a gradient where there was none: nobody's sum is lost
    try:
        return bool(old == new)
    except Exception:
        return True

"""PyTorch's optimisers without what slows them down: its compiler, until somebody compiles, and subnormal numbers.

The first optimiser that a process makes loads `torch._dynamo`, only to tell that compiler not to look into it, and that
takes longer than `import torch`. Here it is told when it is there. Where PyTorch is written in another way than this
module knows, all stays as it is.

The averages of a weight whose gradient has become 0 shrink by β at each step, and below 1e-38 they are subnormal, which
many processors compute slowly (benchmarks/README.md: a step took up to twice as long). In a step they become 0 here,
unless it gets a closure, which computes a loss in it. The weights come out the same, bit for bit: what is left of such
an average, divided by Adam's ε of 1e-8, moves no weight above 1e-23. (Where gradients stay below 1e-17, weights may
come out otherwise with an ε of 1e-10 or less, and with Rprop, which asks only for signs.)
"""

import contextlib
import functools
import sys

import torch
from torch.optim import optimizer as of_torch

COMPILER, KEPT = "torch._dynamo", "__dynamo_disable"


class without_subnormals:
    """In this block subnormal numbers are 0, in this thread. Afterwards they are what they were before.

    A thread that starts within the block keeps them 0; PyTorch starts its own at the first large tensor.
    """

    def __enter__(self):
        self.before = sys.float_info.min / 2 == 0
        torch.set_flush_denormal(True)

    def __exit__(self, *_):
        torch.set_flush_denormal(self.before)


def _leave_out_compiler() -> None:
    hidden = torch._disable_dynamo(lambda: None).__code__
    switching = of_torch._use_grad_for_differentiable(lambda: None).__code__
    if KEPT not in hidden.co_consts:
        return
    for method in vars(torch.optim.Optimizer).values():
        if getattr(method, "__code__", None) is hidden:
            setattr(method.__wrapped__, KEPT, _hidden_later(method))
    for kind in vars(torch.optim).values():
        step = vars(kind).get("step") if isinstance(kind, type) else None
        if getattr(step, "__code__", None) is switching:
            kind.step = _switched_later(step)


def _hidden_later(method):
    """What a method calls in place of the function that it hides from the compiler."""
    plain = method.__wrapped__

    def call(*args, **options):
        if COMPILER not in sys.modules:
            return plain(*args, **options)
        if getattr(plain, KEPT, None) is call:
            delattr(plain, KEPT)  # the method makes one itself
        return method(*args, **options)

    return call


def _switched_later(step):
    """An optimiser's step, which takes no gradient unless that is asked for, and stops the compiler around it."""
    plain = step.__wrapped__

    @functools.wraps(step)
    def call(self, *args, **options):
        if COMPILER in sys.modules:
            return step(self, *args, **options)
        around = contextlib.nullcontext() if args or options else without_subnormals()
        with torch.set_grad_enabled(self.defaults["differentiable"]), around:
            return plain(self, *args, **options)

    return call


if hasattr(torch, "_disable_dynamo") and hasattr(of_torch, "_use_grad_for_differentiable"):
    _leave_out_compiler()

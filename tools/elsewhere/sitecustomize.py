"""What tools/other_machines.py changes in every Python process of a run, those that notebooks start included.

Python imports a module of this name by itself when it starts, if it is on PYTHONPATH. Two variables say what to do:
GAN_EDU_SHIFT=1000 moves every seed by 1000; GAN_EDU_CLAIMS=file has each claim write a line of JSON there, and a false
one is told instead of raised, so that the notebook goes on. GAN_EDU_BREAK=untrained, upwards or strangers breaks the
world: no optimiser makes a step, each (but LBFGS) goes up its loss, or labels and points have nothing to do with the
data.
"""

import functools
import importlib.util
import json
import numbers
import os
import random
import sys
import types

SHIFT = int(os.environ.get("GAN_EDU_SHIFT", "0"))
CLAIMS = os.environ.get("GAN_EDU_CLAIMS")
BREAK = os.environ.get("GAN_EDU_BREAK")


def moved(seed):
    """A seed, or a sequence of them, moved; None and whatever else is no number stay."""
    if isinstance(seed, list | tuple):
        return type(seed)(map(moved, seed))
    return int(seed) + SHIFT if isinstance(seed, numbers.Integral) else seed


def moving(function):
    """The function with its first argument moved, by whatever name it is passed."""

    @functools.wraps(function)
    def wrapped(*args, **named):
        return function(*map(moved, args[:1]), *args[1:], **{name: moved(value) for name, value in named.items()})

    return wrapped


def moving_class(module, base, **methods):
    """A subclass with other methods for a module, where pickle finds it; objects of the base count as its instances."""
    meta = type("Meta", (type(base),), {"__instancecheck__": lambda cls, thing: isinstance(thing, base)})
    return meta(base.__name__, (base,), {"__module__": module.__name__, **methods})


def change_random(module):
    seed = module.Random.seed
    module.Random.seed = lambda self, a=None, version=2: seed(self, moved(a), version)
    module.seed = module._inst.seed


def change_numpy(module):
    state = module.RandomState
    module.seed, module.default_rng = moving(module.seed), moving(module.default_rng)
    module.RandomState = moving_class(module, state, __init__=lambda self, seed=None: state.__init__(self, moved(seed)))


def change_torch(module):
    base = module.Generator
    module.manual_seed = module.random.manual_seed = moving(module.manual_seed)

    def manual_seed(self, seed):
        base.manual_seed(self, moved(seed))
        return self

    module.Generator = moving_class(module, base, manual_seed=manual_seed)


def change_claims(module):
    strict = module._settle

    def settle(sign, text, holds, measured):
        why = ""
        try:
            strict(sign, text, holds, measured)
        except (AssertionError, TypeError) as error:
            why = str(error)
            print(why)
        with open(CLAIMS, "a", encoding="utf-8") as file:  # short lines, appended: several processes may write
            file.write(json.dumps({"sign": sign, "text": text, "holds": not why, "why": why[:500]}) + "\n")

    module._settle = settle


def change_optimizers(module):
    start = module.Optimizer.__init__

    def init(self, params, defaults):
        start(self, params, defaults | ({"maximize": True} if BREAK == "upwards" else {}))
        if BREAK == "untrained":
            self.step = types.MethodType(lambda self, closure=None: None, self)  # a method: schedulers ask for one

    module.Optimizer.__init__ = init


def change_images(module):
    images = module.images

    @functools.wraps(images)
    def shuffled(*args, **named):
        import torch

        found = images(*args, **named)
        order = torch.randperm(len(found), generator=torch.Generator().manual_seed(0))
        return module.ImageSet(**vars(found) | {"labels": found.labels[order]})

    module.images = shuffled


def change_toys(module):
    sample = module.Distribution.sample

    @functools.wraps(sample)
    def blob(*args, **named):
        right = sample(*args, **named)
        return sum(right.roll(i, 0) for i in range(4)) / 2  # sums of points that have nothing to do with each other

    module.Distribution.sample = blob


class AfterImport:
    """Has each module changed just after it was imported, so that nothing is imported that nobody asked for."""

    def __init__(self, changes):
        self.changes, self.asking = changes, set()

    def find_spec(self, name, path=None, target=None):
        if name not in self.changes or name in self.asking:
            return None
        self.asking.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.asking.remove(name)
        execute, change = spec.loader.exec_module, self.changes[name]
        spec.loader.exec_module = lambda module: (execute(module), change(module))
        return spec


if SHIFT:
    change_random(random)
    sys.meta_path.insert(0, AfterImport({"numpy.random": change_numpy, "torch": change_torch}))
if BREAK in ("untrained", "upwards"):
    sys.meta_path.insert(0, AfterImport({"torch.optim.optimizer": change_optimizers}))
if BREAK == "strangers":
    sys.meta_path.insert(0, AfterImport({"gan_edu.data.image_sets": change_images, "gan_edu.data.toy": change_toys}))
if CLAIMS:
    sys.meta_path.insert(0, AfterImport({"gan_edu.claims": change_claims}))

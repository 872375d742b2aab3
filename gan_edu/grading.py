"""Hidden tests that don't trust the notebook they run in.

A check that gives points shows a learner what is wrong; somebody who wants the points without an answer can replace it,
or hand in the library's own answer. So the build puts the hidden tests of a graded question into

    with sealed("chapter_41", "generator_loss", generator_loss):
        assert …

and reads this file from the disk for it: a check or an answer that a notebook has replaced in `gan_edu` doesn't count.
It stops borrowing, not copying: `q.name.solution()` prints the answer to everybody. And it is no wall against an
attacker: a notebook is a program, and strangers' programs run in a container, as nbgrader advises.
"""

import functools
import gc
import inspect
import sys
import types
from contextlib import contextmanager, nullcontext

# What tests compare with is written in C: a Python function of the same name has been put in its place.
COMPARE = {"builtins": ("abs", "all", "any", "len", "max", "min", "sum"), "torch": ("allclose", "equal", "isclose")}
# Methods of torch.Tensor that tests compare with; as long as nobody replaces them, its base class holds them.
METHODS = {"all", "allclose", "any", "equal", "isclose", "item", "tolist", "abs", "max", "min", "__eq__", "__lt__"}


@contextmanager
def sealed(chapter, name, answer):
    """Around the hidden tests of question `name` of `gan_edu.checks.<chapter>`; `answer` is what was handed in.

    Raises AssertionError if there is none, if it is the library's own, or if functions that tests compare with were
    replaced. Inside, the library's functions of this name raise too, whoever calls them; copies of their code don't.
    """
    if answer is None or answer is ...:
        raise AssertionError(f"{name}: there is no answer")
    torch = sys.modules.get("torch")
    if torch and (methods := sorted(set(vars(torch.Tensor)) & METHODS)):
        raise AssertionError(f"torch.Tensor.{methods[0]} has been replaced")
    for module in filter(None, map(sys.modules.get, COMPARE)):
        for each in COMPARE[module.__name__]:
            if not isinstance(getattr(module, each, None), types.BuiltinFunctionType):
                raise AssertionError(f"{module.__name__}.{each} has been replaced")
    if any(_is_librarys(function) for function in _functions(answer)):
        raise AssertionError(f"{name} is the library's own answer")
    gc.unfreeze()  # what is frozen is not listed
    functions = [each for each in gc.get_objects() if type(each) is types.FunctionType]  # of a million objects
    own = [each for each in functions if _is_librarys(each) and _belongs(each.__code__, chapter, name)]
    codes = [function.__code__ for function in own]
    try:
        for function in own:
            function.__code__ = _closed(function.__code__.co_freevars)
        # A tensor of a class of the student's own may say of itself that it is close to everything.
        with torch._C.DisableTorchFunctionSubclass() if torch else nullcontext():
            yield
    finally:
        for function, code in zip(own, codes, strict=True):
            function.__code__ = code


def _functions(answer):
    """What an answer is made of: the function, or the methods of its class."""
    while isinstance(answer, functools.partial):
        answer = answer.func
    answer = inspect.unwrap(getattr(answer, "__func__", answer))
    if isinstance(answer, types.FunctionType):
        return [answer]
    kind = answer if isinstance(answer, type) else type(answer)
    return [method for base in kind.__mro__ for method in vars(base).values()]


def _is_librarys(thing):
    return type(thing) is types.FunctionType and "gan_edu/checks/" in thing.__code__.co_filename.replace("\\", "/")


def _belongs(code, chapter, name):
    """Whether it is the answer of this name, or a method of it."""
    return code.co_filename.endswith(f"{chapter}.py") and code.co_qualname.split(".")[0] == name


def _closed(free):
    """Code that raises, with the free variables of the code that it stands in for."""
    names = "".join(f"{name}, " for name in free)
    space = {}
    exec(
        f"def outer({names}):\n"
        f"    def shut(*args, **named):\n        ({names})\n"
        "        raise AssertionError('the library answers no graded question')\n"
        "    return shut",
        space,
    )
    return next(constant for constant in space["outer"].__code__.co_consts if isinstance(constant, types.CodeType))

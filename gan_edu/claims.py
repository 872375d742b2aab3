"""Executable claims: a statement about an experiment, checked where it is made.

    claim("at least 7 of 8 modes in 7 of 8 seeds", lambda: (modes >= 7).sum() >= 7, measured=modes)
    identity("the loss at logit 0 is ln 2", loss.isclose(torch.tensor(2.0).log()))

A true claim prints its text after ✓: an experiment might have come out otherwise. What holds by algebra or by
construction is an `identity`, and prints ≡: there the code is tested, not the world. A false one of either raises
`ClaimFailed`, with what was measured.
"""

import numpy as np


class ClaimFailed(AssertionError):
    """The claim is false, or could not be measured."""


class ClaimUnclear(TypeError):
    """What was passed is neither true nor false, so nothing can be claimed."""


def claim(text, holds, measured=None):
    """Print `✓ text` if `holds` is true.

    holds: True or False, as Python, NumPy or torch write it (one element), or a function without arguments that
        returns it.
    measured: what a reader wants to see if the claim is false: a number, an array, a dict of them.
    Raises ClaimFailed if it is false or `holds()` raises, ClaimUnclear if it is neither true nor false.
    """
    _settle("✓", text, holds, measured)


def identity(text, holds, measured=None):
    """Print `≡ text` if `holds` is true: what a theorem or the construction promises. Otherwise as `claim`."""
    _settle("≡", text, holds, measured)


def _settle(sign, text, holds, measured):
    if callable(holds):
        try:
            holds = holds()
        except Exception as error:
            raise ClaimFailed(f"✗ {text}\n  could not be measured: {type(error).__name__}: {error}") from error
    if not _truth(text, holds):
        raise ClaimFailed(f"✗ {text}" + ("" if measured is None else f"\n  measured: {rounded(measured)}"))
    print(f"{sign} {text}")


def _truth(text, value):
    array = _array(value)
    if array is None:
        if callable(value):
            came = "a function; call it"
        elif value is None:
            came = "None; does the function return what it compares?"
        else:
            came = f"a {type(value).__name__}"
    elif array.size != 1:
        came = f"{array.size} values; say which are meant, for example with .all() or .any()"
    elif array.dtype != bool:
        came = f"{rounded(array.item())}; compare it with something"
    else:
        return bool(array.item())
    raise ClaimUnclear(f"The claim {text!r} needs True or False, and got {came}.")


def _array(value):
    """A NumPy array of what `value` holds, or None when it isn't numbers."""
    if hasattr(value, "detach"):  # a torch tensor, told without importing torch
        value = value.detach().cpu()
        value = (value.double() if value.is_floating_point() else value).numpy()
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError):  # the last: tensors in a list, with a gradient
        return None
    return array if array.dtype.kind in "biufc" else None


def rounded(value, digits=4, most=32, depth=8):
    """`value` as short text: numbers to `digits` significant digits, at most `most` of them."""
    if isinstance(value, dict | list | tuple) and depth == 0:
        return "…"  # a list may hold itself
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {rounded(item, digits, most, depth - 1)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        return value
    array = _array(value)
    if array is None:
        if isinstance(value, list | tuple):
            return "[" + ", ".join(rounded(item, digits, most, depth - 1) for item in value) + "]"
        return str(value)
    if array.size > most:
        shown = ", ".join(_number(item, digits) for item in array.ravel()[:most])
        return f"[{shown}, … ({array.size} values of shape {array.shape})]"
    return _nested(array, digits)


def _nested(array, digits):
    if array.ndim == 0:
        return _number(array.item(), digits)
    return "[" + ", ".join(_nested(item, digits) for item in array) + "]"


def _number(value, digits):
    if isinstance(value, bool | np.bool_ | int | np.integer | complex | np.complexfloating):
        return str(value)
    return f"{float(value) + 0.0:.{digits}g}"  # + 0.0 turns -0.0 into 0.0

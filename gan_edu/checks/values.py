"""Values: are two the same, and how to name one in a few words. Knows tensors without importing torch."""

import sys

import numpy as np

from gan_edu.claims import rounded


def is_tensor(value):
    return hasattr(value, "detach") and hasattr(value, "dtype")


def close(expected, got, tol=1e-5):
    """Whether `got` is `expected` up to `tol` (absolute and relative).

    Numbers, tensors on any device and of any dtype (half precision gets its own, wider tolerance), arrays, and
    tuples, lists and dicts of them. One number may be a float, or a tensor with one element.
    """
    return difference(expected, got, tol) is None


def difference(expected, got, tol=1e-5):
    """None if the two are the same, or else the kind of difference: missing, kind, length, shape, nan, value."""
    if got is None:
        return None if expected is None else "missing"
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            return "kind"
        if expected.keys() != got.keys():
            return "length"
        return _first(difference(expected[key], got[key], tol) for key in expected)
    if isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        if len(expected) != len(got):
            return "length"
        return _first(difference(a, b, tol) for a, b in zip(expected, got, strict=True))
    left, right = _array(expected), _array(got)
    if left is None or right is None:
        return None if left is None and right is None and _equal(expected, got) else "kind"
    if left.size == 1 and right.size == 1:
        left, right = left.reshape(()), right.reshape(())
    elif is_tensor(expected) and not is_tensor(got):
        return "kind"
    if left.shape != right.shape:
        return "shape"
    tol = max(tol, 4 * _resolution(got))
    if np.allclose(right, left, rtol=tol, atol=tol, equal_nan=True):
        return None
    return "nan" if np.isnan(right).any() and not np.isnan(left).any() else "value"


def where_apart(expected, got, tol=1e-5, place=""):
    """Of two values that read alike: ("0.25 at [3, 0]", "0.75 at [3, 0]"), the first place where they differ, or None.

    For arrays of one shape, and lists, tuples and dicts of them.
    """
    if isinstance(expected, dict):
        pairs = [(f"[{key!r}]", expected[key], got[key]) for key in expected]
    elif isinstance(expected, list | tuple):
        pairs = [(f"[{i}]", a, b) for i, (a, b) in enumerate(zip(expected, got, strict=True))]
    else:
        left, right = _array(expected), _array(got)
        if left is None or right is None or left.shape != right.shape:
            return None
        apart = np.argwhere(~np.isclose(right, left, rtol=tol, atol=tol, equal_nan=True))
        if not len(apart):
            return None
        first = tuple(apart[0].tolist())
        where = place + (f"[{', '.join(map(str, first))}]" if first else "")
        return tuple(f"{array[first]:.6g}" + (f" at {where}" if where else "") for array in (left, right))
    return next((found for at, a, b in pairs if (found := where_apart(a, b, tol, place + at))), None)


def negated(value):
    """The same with the other sign, or None where that means nothing."""
    array = _array(value)
    return None if array is None or not array.any() else -value if is_tensor(value) else -array


def describe(value, most=12, depth=3):
    """`value` in a few words: small ones whole, large ones by shape and range; never a memory address."""
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "…")
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, type):
        return f"the class {legible(value.__name__, 60)}"
    if isinstance(value, BaseException):
        return legible(f"{type(value).__name__}: {_message(value)}").rstrip(": ")
    if isinstance(value, dict | list | tuple) and depth == 0:
        return "…"  # a list may hold itself
    if isinstance(value, dict):
        items = [f"{legible(key, 30)}: {describe(value[key], 4, depth - 1)}" for key in [*value][:most]]
        return "{" + ", ".join(items + ["…"] * (len(value) > most)) + "}"
    if isinstance(value, list | tuple) and len(value) <= most:
        inside = ", ".join(describe(item, 4, depth - 1) for item in value)
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    array = _array(value)
    if array is None:
        name = getattr(value, "__name__", None)
        if is_tensor(value):
            return f"{_dtype(value)} tensor of shape {tuple(value.shape)}"
        if isinstance(name, str) and callable(value):
            return "a lambda" if name == "<lambda>" else f"the function {legible(name, 60)}"
        return f"a {legible(type(value).__name__, 60)}"
    if array.ndim == 0:
        return rounded(array)
    kind = "tensor" if is_tensor(value) else "array" if isinstance(value, np.ndarray) else type(value).__name__
    if array.size <= most:
        return f"{kind} {rounded(array)}" if array.size else f"empty {kind} of shape {array.shape}"
    text = f"{_dtype(value)} {kind} of shape {array.shape}".removeprefix("float32").strip()
    if np.isnan(array).any():
        return f"{text} with {int(np.isnan(array).sum())} NaN"
    return f"{text}, from {rounded(array.min())} to {rounded(array.max())}"


def legible(text, most=500):
    """`text`, at most so long, without what would move a terminal's cursor or colour it."""
    text = str(text)
    text = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(letter if letter.isprintable() or letter == "\n" else "·" for letter in text)


def _message(error):
    """What it says, on one line."""
    try:
        return " ".join(str(error).split())
    except Exception:  # the learner's own class may fail here too
        return ""


def _equal(expected, got):
    try:
        return type(expected) is type(got) and bool(expected == got)
    except Exception:  # whatever comparing does in a class of the learner's
        return False


def _dtype(value):
    return str(getattr(value, "dtype", "")).removeprefix("torch.")


def _first(differences):
    return next((found for found in differences if found is not None), None)


def _array(value):
    """Float64 array of real numbers, or None when `value` isn't that; 8-bit floats are too coarse to be compared."""
    try:
        if is_tensor(value):
            coarse = value.is_complex() or value.dtype.itemsize == 1 and value.is_floating_point()
            return None if coarse else value.detach().cpu().double().numpy()
        array = np.asarray(value)
    except Exception:
        return None
    return array.astype(float) if array.dtype.kind in "biuf" else None


def _resolution(value):
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor) and value.is_floating_point():
        return torch.finfo(value.dtype).eps
    return 0.0

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
        same = left is None and right is None and type(expected) is type(got) and expected == got
        return None if same else "kind"
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


def negated(value):
    """The same with the other sign, or None where that means nothing."""
    array = _array(value)
    return None if array is None or not array.any() else -value if is_tensor(value) else -array


def describe(value, most=12):
    """`value` in a few words: small ones whole, large ones by shape and range; never a memory address."""
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "…")
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {describe(item, 4)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple) and len(value) <= most:
        inside = ", ".join(describe(item, 4) for item in value)
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    array = _array(value)
    if array is None:
        name = getattr(value, "__name__", None)
        if name and callable(value):
            return "a lambda" if name == "<lambda>" else f"the function {name}"
        return f"a {type(value).__name__}"
    if array.ndim == 0:
        return rounded(array)
    kind = "tensor" if is_tensor(value) else "array" if isinstance(value, np.ndarray) else type(value).__name__
    if array.size <= most:
        return f"{kind} {rounded(array)}" if array.size else f"empty {kind} of shape {array.shape}"
    dtype = str(getattr(value, "dtype", "")).removeprefix("torch.")
    text = f"{dtype} {kind} of shape {array.shape}".removeprefix("float32").strip()
    if np.isnan(array).any():
        return f"{text} with {int(np.isnan(array).sum())} NaN"
    return f"{text}, from {rounded(array.min())} to {rounded(array.max())}"


def _first(differences):
    return next((found for found in differences if found is not None), None)


def _array(value):
    """Float64 array of numbers, or None when `value` isn't numbers."""
    try:
        if is_tensor(value):
            return value.detach().cpu().double().numpy()
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError):
        return None
    return array.astype(float) if array.dtype.kind in "biuf" else None


def _resolution(value):
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor) and value.is_floating_point():
        return torch.finfo(value.dtype).eps
    return 0.0

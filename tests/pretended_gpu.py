"""A CUDA device that only pretends, so that what belongs on one device can be tested on a computer without a GPU.

Its tensors say that they lie on cuda:0. In truth their numbers lie in the CPU's memory, so that everything can be
computed and looked at; but as with a real GPU they can't be mixed with the CPU's tensors, nor read by NumPy, and its
generators serve this device alone and have states of 16 bytes, which no generator of the CPU takes.

PyTorch's own C++ refuses to hear of CUDA where it was built without: for it the tensors are "meta" ones, which every
PyTorch knows. The names are translated on the way in.
"""

import contextlib
from types import SimpleNamespace

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

GPU = torch.device("cuda:0")
MIXED = "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu! ({})"
aten = torch.ops.aten
MOVES = {aten.copy_.default, aten._to_copy.default}  # what may join two devices


class OnGpu(torch.Tensor):
    """A tensor of the pretended GPU; `held` is the CPU tensor behind it."""

    @staticmethod
    def __new__(cls, held):
        tensor = torch.Tensor._make_wrapper_subclass(
            cls, held.shape, held.stride(), held.storage_offset(), dtype=held.dtype, device=torch.device("meta")
        )
        tensor.held = held
        return tensor

    __torch_function__ = torch._C._disabled_torch_function_impl
    device = property(lambda self: GPU)
    is_cuda, is_meta, is_cpu = (property(lambda self, yes=yes: yes) for yes in (True, False, False))

    # PyTorch then changes whole tensors when a module moves, not only what lies behind them
    def __tensor_flatten__(self):
        return ["held"], None

    @staticmethod
    def __tensor_unflatten__(parts, _, size, stride):
        return OnGpu(parts["held"])

    def __repr__(self, **_):
        return f"{self.held!r} on the pretended GPU"

    def tolist(self):
        return self.held.tolist()

    def numpy(self, **_):
        raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first.")

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        return perform(operation, args, kwargs or {})


def perform(operation, args, kwargs):
    """Carry out an operation on what its tensors hold, where one device has all of them."""
    inputs = [each for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)]
    ours = {id(each.held): each for each in inputs if isinstance(each, OnGpu)}
    foreign = [each for each in inputs if not isinstance(each, OnGpu)]
    assert not any(each.is_meta for each in foreign), f"{operation}: a tensor that came here past the pretended GPU"
    if operation in (aten.index.Tensor, aten.index_put_.default, aten.index_put.default) and isinstance(args[0], OnGpu):
        foreign = []  # indices may come from the CPU
    joined = operation in (aten.cat.default, aten.stack.default)
    if ours and operation not in MOVES and any(each.ndim or joined for each in foreign):
        raise RuntimeError(MIXED.format(operation))
    asked = kwargs.get("device")
    here = bool(ours) if asked is None else asked.type == "meta"
    result = operation(*tree_map(_held, args), **tree_map(_held, kwargs))
    if operation is aten.copy_.default:
        return args[0]

    def on_gpu(each):
        if isinstance(each, torch.Tensor):
            return ours[id(each)] if id(each) in ours else OnGpu(each)
        return each

    return tree_map(on_gpu, result) if here else result


def _held(each):
    if isinstance(each, OnGpu):
        return each.held
    return torch.device("cpu") if isinstance(each, torch.device) else each


class Operations(TorchDispatchMode):
    """Sees what is made on the GPU from nothing, or brought there."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        return perform(operation, args, kwargs or {})


class Names(TorchFunctionMode):
    """Translates "cuda" before PyTorch reads it, and compares each generator's device with its tensor's."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if function is torch.device:
            return function(*args, **kwargs)
        generator = kwargs.get("generator")
        if generator is not None:
            where = kwargs.get("device") or (args[0].device if args and isinstance(args[0], torch.Tensor) else "cpu")
            if torch.device(where).type != generator.device.type:
                raise RuntimeError(f"Expected a '{where}' device type for generator but found '{generator.device}'")
        if function is torch.Tensor.cuda:
            function, args, kwargs = torch.Tensor.to, (args[0], "cuda"), {}
        if function is torch.Tensor.to and len(args) > 1 and isinstance(args[1], str | torch.device):
            args = (args[0], _meta(args[1]), *args[2:])
        if kwargs.get("device") is not None:
            kwargs["device"] = _meta(kwargs["device"])
        args = tree_map(lambda each: _meta(each) if isinstance(each, torch.device) else each, args)
        if function in (torch.tensor, torch.as_tensor) and kwargs.get("device") == torch.device("meta"):
            kwargs["device"] = None  # numbers are made into a tensor out of everybody's sight, so: here first
            return function(*args, **kwargs).to("meta")
        return function(*args, **kwargs)


def _meta(device):
    return torch.device("meta") if torch.device(device).type == "cuda" else torch.device(device)


class Stream(torch.Generator):
    """A generator that keeps to its device."""

    states = []  # what the 16 bytes stand for: seed and number

    def __new__(cls, device="cpu"):
        stream = super().__new__(cls, "cpu")
        stream.home = torch.device(device)
        return stream

    def __init__(self, device="cpu"):
        super().__init__()

    device = property(lambda self: self.home)

    def manual_seed(self, seed):
        super().manual_seed(seed)
        return self

    def get_state(self):
        if self.home.type == "cpu":
            return super().get_state()
        Stream.states.append(super().get_state())
        numbers = torch.tensor([self.initial_seed() % 2**63, len(Stream.states) - 1])
        return numbers.view(torch.uint8)

    def set_state(self, state):
        if self.home.type != "cpu":
            if state.numel() != 16:
                raise RuntimeError("RNG state is wrong size")
            state = Stream.states[int(state.view(torch.int64)[1])]
        super().set_state(state)
        return self


@contextlib.contextmanager
def pretended_gpu(monkeypatch):
    """Within this block PyTorch seems to have a CUDA device."""
    name = SimpleNamespace(name="a pretended GPU", total_memory=2**33)
    facts = {
        "is_available": True, "device_count": 1, "current_device": 0, "is_bf16_supported": False, "synchronize": None,
        "get_device_properties": name, "get_device_name": name.name, "manual_seed": None, "manual_seed_all": None,
        "set_rng_state": None, "set_rng_state_all": None, "empty_cache": None,
    }  # fmt: skip
    with monkeypatch.context() as patch:
        for fact, answer in facts.items():
            patch.setattr(torch.cuda, fact, lambda *_, answer=answer, **__: answer)
        patch.setattr(torch.cuda, "get_rng_state", lambda *_: torch.zeros(16, dtype=torch.uint8))
        patch.setattr(torch, "Generator", Stream)
        with Names(), Operations():
            yield GPU

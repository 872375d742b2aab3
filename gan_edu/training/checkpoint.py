"""Checkpoints: a model's whole state in one safetensors file, checked whole before anything of it is used.

What a file holds. Tensors: "<net>.<key>" for each net's state_dict; "optimizer.<net>.<parameter>.<slot>";
"random.<stream>.<i>", states of generators on the CPU, whatever the device; "random.nets". Text: format, kind, step,
history, more (what a model adds), sha256 of all that.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from gan_edu import files
from gan_edu.training.history import History

Tensor = torch.Tensor
FORMAT = "gan_edu 2"
SLOTS = ("step", "exp_avg", "exp_avg_sq")  # of Adam


class CheckpointError(ValueError):
    """A checkpoint can't be read, or belongs to another architecture."""


class ArchitectureError(CheckpointError):
    """A checkpoint is whole, and belongs to another architecture."""


@dataclass(frozen=True)
class Checked:
    """A state that fits its model: what `checked` gives and `apply` takes."""

    nets: dict[str, dict[str, Tensor]]
    optimizers: dict[str, dict[str, dict[str, Tensor]]]
    streams: dict[str, list[Tensor]]
    own: Tensor
    step: int
    history: History
    more: dict


# Making one


def state(model) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All of a model's tensors by name, copies on the CPU, and a small dictionary of text."""
    tensors = {f"{name}.{key}": value for name, net in model.nets.items() for key, value in net.state_dict().items()}
    for name, optimizer in model.optimizers.items():
        for key, weight in trained(model.nets[name], optimizer).items():
            slots = optimizer.state.get(weight, {})
            tensors |= {f"optimizer.{name}.{key}.{slot}": value for slot, value in slots.items()}
    for kind, streams in model._streams.items():
        tensors |= {f"random.{kind}.{i}": stream.get_state() for i, stream in enumerate(streams)}
    tensors["random.nets"] = model._own_state
    # copies: a file can't hold two names for one place in memory (tied weights)
    tensors = {key: value.detach().cpu().clone(memory_format=torch.contiguous_format) for key, value in tensors.items()}
    text = {
        "format": FORMAT,
        "kind": type(model).__name__,
        "step": str(model.step),
        "history": model.history.to_json(),
        "more": json.dumps(model.more_state()),
    }
    return tensors, text


def trained(net, optimizer) -> dict[str, Tensor]:
    """Name → parameter, of those parameters of a net that its optimiser moves."""
    moved = {id(weight) for group in optimizer.param_groups for weight in group["params"]}
    return {name: weight for name, weight in net.named_parameters() if id(weight) in moved}


def not_finite(model, tensors: dict[str, Tensor]) -> str | None:
    """The name of a weight, or of an optimiser's average, that holds NaN or infinite values. (Buffers may hold them: a
    mask, for instance.)"""
    weights = {f"{name}.{key}" for name, net in model.nets.items() for key, _ in net.named_parameters()}
    for key, value in tensors.items():
        if (key in weights or key.startswith("optimizer.")) and not value.isfinite().all():
            return key
    return None


def save(model, path: str | os.PathLike) -> Path:
    tensors, text = state(model)
    if key := not_finite(model, tensors):
        raise ArithmeticError(f"Not saved: {key} holds NaN or infinite values at step {model.step}.")
    content = safetensors.torch.save(tensors, text | {"sha256": fingerprint(tensors, text)})
    written = files.write_atomically(path, content)
    model.file = Path(path).resolve()
    return written


def fingerprint(tensors: dict[str, Tensor], text: dict[str, str] | None = None) -> str:
    """A hash of all tensors and text, in the order of their names, so that a flipped bit is noticed."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)} ".encode())
        digest.update(value.view(-1).view(torch.uint8).numpy() if value.numel() else b"")
    for name in sorted(text or {}):
        digest.update(f"{name} {text[name]}".encode())
    return digest.hexdigest()


# Reading one


def read_safetensors(path: str | os.PathLike) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors (on the CPU) and the metadata of a safetensors file.

    Raises FileNotFoundError, or CheckpointError when the file is truncated or no safetensors file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no checkpoint at {path}.")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}
    except (safetensors.SafetensorError, OSError, ValueError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"{path.name} is damaged or not a safetensors file: {error}") from None


def load(model, path: str | os.PathLike) -> None:
    tensors, text = read_safetensors(path)
    name, said = Path(path).name, dict(text)
    sha256 = said.pop("sha256", None)
    if said.get("format") == FORMAT and sha256 != fingerprint(tensors, said):
        raise CheckpointError(f"{name} is damaged: its numbers don't match its checksum.")
    apply(model, checked(model, tensors, said, name))
    model.file = Path(path).resolve()


def checked(model, tensors: dict[str, Tensor], text: dict[str, str], source: str) -> Checked:
    """All of a state, compared with the model; the model isn't touched.

    Raises CheckpointError for anything that is missing, unknown, of another shape or type, or not finite.
    """
    try:
        return _checked(model, tensors, text, source)
    except CheckpointError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, RecursionError, ArithmeticError) as error:
        raise CheckpointError(f"{source} is damaged: {error}.") from None


def _checked(model, tensors, text, source) -> Checked:
    kind = type(model).__name__
    if text.get("kind") != kind:
        what = text.get("kind") or "file that gan_edu did not write"
        raise ArchitectureError(f"{source} holds a {what}, and this is a {kind}.")
    if text.get("format") != FORMAT:
        raise CheckpointError(
            f"{source} has the format {text.get('format')!r}, and this gan_edu reads {FORMAT!r}: train again, or use "
            "the gan_edu that wrote it."
        )
    if not text["step"].isdecimal() or len(text["step"]) > 18:
        raise ValueError(f"its step is {text['step'][:20]!r}")
    step = int(text["step"])

    wanted = {f"{name}.{key}": value for name, net in model.nets.items() for key, value in net.state_dict().items()}
    weights = {key: value for key, value in tensors.items() if not key.startswith(("optimizer.", "random."))}
    differences = [
        f"{key}: {_described(weights.get(key))} in the file, {_described(wanted.get(key))} in the model"
        for key in sorted(wanted.keys() | weights.keys())
        if _described(wanted.get(key)) != _described(weights.get(key))
    ]
    if (count := sum(key.startswith("random.training.") for key in tensors)) != len(model.seeds):
        differences.append(f"seeds: {count} in the file, {len(model.seeds)} in the model")
    if differences:
        more = f"; and {len(differences) - 4} more" if len(differences) > 4 else ""
        raise ArchitectureError(
            f"{source} holds a {kind} of another architecture than this {kind}: {'; '.join(differences[:4])}{more}."
        )
    if key := not_finite(model, tensors):
        raise ValueError(f"{key} holds NaN or infinite values")
    used = set(wanted)
    optimizers = {name: _slots(name, model.nets[name], tensors, used) for name in model.optimizers}
    streams = {
        name: [_stream_state(f"random.{name}.{i}", tensors, used) for i in range(len(mine))]
        for name, mine in model._streams.items()
    }
    own = _stream_state("random.nets", tensors, used)
    if unknown := sorted(tensors.keys() - used):
        raise ValueError(f"it holds {unknown[0]!r}, which no {kind} has")
    return Checked(
        nets={name: {key: weights[f"{name}.{key}"] for key in net.state_dict()} for name, net in model.nets.items()},
        optimizers=optimizers,
        streams=streams,
        own=own,
        step=step,
        history=History.from_json(text["history"], step, len(model.seeds) if model.batched else None),
        more=model.checked_more(json.loads(text["more"]), step),
    )


def _described(value: Tensor | None) -> str:
    """Shape, and type unless it is the usual one."""
    if value is None:
        return "not there"
    kind = "" if value.dtype == torch.float32 else f" {str(value.dtype).removeprefix('torch.')}"
    return f"{tuple(value.shape)}{kind}"


def _slots(name: str, net, tensors, used: set[str]) -> dict[str, dict[str, Tensor]]:
    """An optimiser's averages: for each parameter all, in its shape and type, or (it never had a gradient) none.

    Fused Adam walks through memory without looking at sizes, so a wrong shape must never get there.
    """
    found: dict[str, dict[str, Tensor]] = {}
    for key, weight in net.named_parameters():
        keys = {slot: f"optimizer.{name}.{key}.{slot}" for slot in SLOTS}
        there = {slot: tensors[key] for slot, key in keys.items() if key in tensors}
        if not there:
            continue
        if missing := [slot for slot in SLOTS if slot not in there]:
            raise ValueError(f"{keys[missing[0]]} is missing")
        for slot, value in there.items():
            shape, dtype = ((), torch.float32) if slot == "step" else (weight.shape, weight.dtype)
            if value.shape != shape or value.dtype != dtype:
                raise ValueError(
                    f"{keys[slot]} is {_described(value)}, and should be {_described(torch.empty(shape, dtype=dtype))}"
                )
        if there["step"] < 0 or (there["exp_avg_sq"] < 0).any():
            raise ValueError(f"optimizer.{name}.{key} holds negative numbers where there can be none")
        found[key] = there
        used |= set(keys.values())
    return found


def _stream_state(key: str, tensors, used: set[str]) -> Tensor:
    """A generator's state. PyTorch itself would accept one that makes it read behind its table of 624 numbers."""
    value = tensors[key]
    if value.dtype != torch.uint8 or value.shape != torch.Generator().get_state().shape:
        raise ValueError(f"{key} is no state of a random stream")
    left, place = int(value[8:12].view(torch.int32)), int(value[16:24].view(torch.int64))
    if left + place not in (1, 624, 625) or not 0 <= place <= 624:
        raise ValueError(f"{key} is no state of a random stream")
    torch.Generator().set_state(value)  # raises what is no state
    used.add(key)
    return value


@torch.no_grad()
def apply(model, ready: Checked) -> None:
    """Give a model the state that was checked against it."""
    for name, net in model.nets.items():
        net.load_state_dict(ready.nets[name])
    for name, optimizer in model.optimizers.items():
        optimizer.state.clear()
        for key, weight in trained(model.nets[name], optimizer).items():
            if key in ready.optimizers[name]:
                optimizer.state[weight] = slots_beside(weight, ready.optimizers[name][key], optimizer)
    for name, streams in model._streams.items():
        for stream, value in zip(streams, ready.streams[name], strict=True):
            stream.set_state(value)
    model._own_state = ready.own.clone()
    model.step, model.history = ready.step, ready.history
    model.take_more(ready.more)


def slots_beside(weight: Tensor, slots: dict[str, Tensor], optimizer) -> dict[str, Tensor]:
    """Copies of an optimiser's averages where `optimizer` wants them: on the weight's device, and lying in memory as
    the weight does (channels last), for fused Adam walks through both alike. The step's number stays on the CPU unless
    Adam is fused."""
    fused = optimizer.param_groups[0]["fused"]
    return {
        slot: value.to(weight.device if fused else "cpu", copy=True)
        if slot == "step"
        else torch.empty_like(weight, requires_grad=False).copy_(value)
        for slot, value in slots.items()
    }

"""Save a run, and go on with it."""

import os
import pickle
from pathlib import Path

import torch

KEPT = ("noise", "width", "batch", "accumulate", "processes", "seed", "lr", "r1", "ema")  # a run goes on with the same


def save(state, spec, step, args):
    path = Path(args.out) / "checkpoint.pt"
    parts = {name: part.state_dict() for name, part in state.items()}
    settings = {name: getattr(args, name) for name in KEPT}
    torch.save(parts | {"spec": spec, "step": step, "settings": settings}, path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)  # at no moment is there half a checkpoint


def read(path):
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        return {name: saved[name] for name in ("G", "D", "mean_G", "opt_G", "opt_D", "spec", "step", "settings")}
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, TypeError, pickle.UnpicklingError):
        raise SystemExit(f"{path} is damaged: put a copy in its place, or delete it and train anew.") from None


def restore(state, spec, args):
    """Load the checkpoint, if there is one. Returns the number of steps that were made."""
    path = Path(args.out) / "checkpoint.pt"
    if not path.exists():
        return 0
    saved = read(path)
    there, now = saved["spec"] | saved["settings"], spec | {name: getattr(args, name) for name in KEPT}
    if there != now:
        differ = [name for name in now if there.get(name) != now[name] and name not in ("data", "columns")]
        told = [f"{name} is {there.get(name)} there, {now[name]} now" for name in differ] or ["the data are others"]
        raise SystemExit(f"{path} comes from other data or settings ({', '.join(told)}): choose another --out.")
    for name, part in state.items():
        fill(part, saved[name], path)
    return saved["step"]


def fill(part, weights, path):
    try:
        part.load_state_dict(weights)
    except (RuntimeError, ValueError, KeyError):
        raise SystemExit(f"{path} was made by another nets.py or train.py: choose another --out.") from None

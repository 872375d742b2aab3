"""What GAN and VAE share: nets on a device, streams of random numbers, optimisers, history, saving and loading."""

import contextlib
import copy
import dataclasses
import functools
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn

from gan_edu import device as devices
from gan_edu.settings import Any, Checked, Number, Whole
from gan_edu.training import checkpoint
from gan_edu.training.doubts import Doubt
from gan_edu.training.history import History
from gan_edu.training.randomness import draws_nothing

Tensor = torch.Tensor
PACKAGE = str(Path(__file__).parents[1]) + os.sep
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
SEED = Whole(0, 2**62)
RATE = Number(0, above=True)


def betas(value) -> tuple[float, float]:
    """Adam's two decays. Raises ValueError."""
    try:
        first, second = (float(each) for each in value)
        if not (0 <= first < 1 and 0 <= second < 1):
            raise ValueError
    except (TypeError, ValueError):
        raise ValueError(
            f"betas are Adam's two decays, each in [0, 1), for example (0.5, 0.999); got {value!r}."
        ) from None
    return first, second


BETAS = Any(betas)


def given(kind: type[Checked], settings, changes: dict) -> Checked:
    """Settings from an object and keywords. Raises TypeError for another object, and what the settings raise."""
    if settings is not None and not isinstance(settings, kind):
        raise TypeError(f"Settings are said by name, for example seed=1; got {settings!r} without a name.")
    return (settings or kind()).with_(**changes)


def deep_copy(net: nn.Module) -> nn.Module:
    """copy.deepcopy, also of nets that carry computed tensors along (nn.utils.weight_norm and the like)."""
    computed = [value for layer in net.modules() for value in vars(layer).values() if isinstance(value, Tensor)]
    return copy.deepcopy(net, {id(x): x.detach().clone() for x in computed if not x.is_leaf})


def takes(settings: type[Checked]):
    """Class decorator: help and Shift-Tab show the settings as if they stood in the constructor's signature."""

    def decorate(cls):
        own = [p for p in inspect.signature(cls.__init__).parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD][1:]
        keywords = [
            inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=getattr(settings(), each.name))
            for each in dataclasses.fields(settings)
        ]
        cls.__signature__ = inspect.Signature([*own, *keywords])
        return cls

    return decorate


class Model:
    """A model owns everything that changes while it trains, so that a run can be left, saved, loaded and continued.

    Random numbers come from streams of its own, on the CPU whatever the device: the same seed gives the same noise
    everywhere, and a checkpoint goes from a GPU to a laptop and back. One stream trains, another one serves `sample`
    and `noise`, so that looking at samples changes no training. What nets draw themselves (dropout, torch.randn)
    comes from a third one.

    `doubts` lists what was warned of (gan_edu.training.doubts).
    """

    def __init__(self, nets: dict[str, nn.Module], settings: Checked, doubts: Sequence[str] = ()):
        for name, net in nets.items():
            if not isinstance(net, nn.Module):
                what = (
                    f"the class {net.__name__}: call it first" if isinstance(net, type) else f"a {type(net).__name__}"
                )
                raise TypeError(f"The {name} must be an nn.Module, such as gan_edu.nets.mlp([2, 32, 2]); got {what}.")
        self.settings = settings
        self.device = devices.pick(settings.device)
        self.nets = nets
        for net in nets.values():
            net.to(self.device)
            if any(isinstance(layer, CONVOLUTIONS) for layer in net.modules()):
                net.to(memory_format=torch.channels_last)
        counts = {net.seeds for net in nets.values() if getattr(net, "seeds", None) is not None}
        self.batched = bool(counts)
        self.seeds = [settings.seed + i for i in range(max(counts, default=1))]
        self._streams = {
            "training": [devices.generator(seed) for seed in self.seeds],
            "sampling": [devices.generator(2**31 + seed) for seed in self.seeds],
        }
        # of the stream that nets draw from themselves; PyTorch keeps 32 bits of a seed
        self._own_state = devices.generator(2**31 + 2**30 + self.seeds[0]).get_state()
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        self.step = 0
        self.history = History()
        self.doubts = list(doubts)
        self.file: Path | None = None  # where it was saved last, or loaded from

    def doubt(self, text: str) -> None:
        """Warn of what is probably a mistake, once for this model, unless the settings say that it is meant."""
        if self.settings.sure or text in self.doubts:
            return
        self.doubts.append(text)
        text = f"{text} If you mean it: {type(self).__name__}(..., sure=True)."
        frame = sys._getframe(1)  # the warning belongs to the first line outside this package
        while frame.f_back and frame.f_code.co_filename.startswith(PACKAGE):
            frame = frame.f_back
        # without a registry, or else Python would tell of the first model only
        warnings.warn_explicit(text, Doubt, frame.f_code.co_filename, frame.f_lineno)

    @property
    def dtype(self) -> torch.dtype:
        return next(next(iter(self.nets.values())).parameters()).dtype

    # -- random numbers ------------------------------------------------------------------------------------------
    def draw(self, make: Callable[[torch.Generator], Tensor], training: bool = True) -> Tensor:
        """make(generator) for each seed, on the model's device: (N, ...), stacked to (S, N, ...) for an ensemble."""
        streams = self._streams["training" if training else "sampling"]
        drawn = torch.stack([make(stream) for stream in streams]) if self.batched else make(streams[0])
        return drawn if drawn.device == self.device else drawn.to(self.device)

    @functools.cached_property
    def draws_nothing(self) -> bool:
        """Whether a step draws nothing from PyTorch's global stream, batches apart."""
        return all(draws_nothing(net) for net in self.nets.values())

    @contextlib.contextmanager
    def own_randomness(self, batch: Callable[[], Tensor] | None = None):
        """Within this block, which may call batch(), PyTorch's global stream is the model's own.

        It stays as it is where nothing draws from it: a widget that trains in the background must not change what the
        learner's cells draw meanwhile, nor the weights of nets that they make. (With dropout or layers of the
        learner's own it still may: PyTorch has one global stream for all threads.)
        """
        if self.draws_nothing and (batch is None or getattr(batch, "draws_nothing", False)):
            yield
            return
        with contextlib.ExitStack() as stack:
            if self.device.type == "cuda":
                stack.enter_context(torch.random.fork_rng(devices=[self.device]))
            theirs = torch.get_rng_state()
            torch.set_rng_state(self._own_state)
            try:
                if self.device.type == "cuda":
                    # a GPU's stream can't be stored for a laptop, so each block begins one from a number of the CPU's
                    torch.cuda.manual_seed(int(torch.randint(2**31, ())))
                yield
            finally:
                self._own_state = torch.get_rng_state()
                torch.set_rng_state(theirs)

    def _adam(self, name: str, lr: float) -> torch.optim.Adam:
        parameters = [parameter for parameter in self.nets[name].parameters() if parameter.requires_grad]
        if not parameters:
            raise ValueError(f"The {name} ({type(self.nets[name]).__name__}) has no parameters to train.")
        fused = self.device.type in ("cpu", "cuda")
        return torch.optim.Adam(parameters, lr=lr, betas=self.settings.betas, fused=fused)

    # -- one update, defined by GAN and VAE ----------------------------------------------------------------------
    def update(self, batch: Callable[[], Tensor], measure: bool = True) -> dict[str, Tensor]:
        """One training step on batches from batch(); returns what it measured (more of it when `measure`).

        It doesn't count itself: `step` is what a Run counts, after the step succeeded.
        """
        raise NotImplementedError

    def check_data(self, example: Tensor) -> None:
        """Raise ValueError or TypeError when samples shaped like example (2, *features) don't fit the nets."""
        raise NotImplementedError

    def check_values(self, data: Tensor) -> None:
        """Raise ValueError, or doubt, when the values of data (N, *features) can't be what the nets need."""

    @property
    def lowest_pixel(self) -> float:
        """What the darkest pixel of an ImageSet is brought to; the brightest is 1."""
        return -1.0

    # -- what a kind of model adds to its checkpoint -----------------------------------------------------------------
    def more_state(self) -> dict:
        """JSON-like facts."""
        return {}

    def checked_more(self, more: dict, step: int) -> dict:
        """The facts of a file, checked. Raises ValueError, TypeError, KeyError."""
        return more

    def take_more(self, more: dict) -> None:
        """Take up what `checked_more` gave."""

    # -- saving, loading, copying --------------------------------------------------------------------------------
    def state(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """All tensors by name, on the CPU, and a small dictionary of text; see gan_edu.training.checkpoint."""
        return checkpoint.state(self)

    def save(self, path: str | os.PathLike) -> Path:
        """Write a checkpoint (safetensors), atomically: the old file stays good until the new one is whole.

        Raises OSError; ArithmeticError when a weight is NaN or infinite: a broken state never replaces a good one.
        """
        return checkpoint.save(self, path)

    def load(self, path: str | os.PathLike) -> None:
        """Take up a checkpoint, made on whatever device. Raises FileNotFoundError; CheckpointError when it is damaged
        or doesn't fit (says what differs). When it raises, the model is as it was."""
        checkpoint.load(self, path)

    def restore(self, tensors: dict[str, Tensor], text: dict[str, str], source: str = "The state") -> None:
        """Take up what `state()` gave, of this model or of one like it. Raises CheckpointError as `load` does."""
        checkpoint.apply(self, checkpoint.checked(self, tensors, text, source))

    def copy(self, **changes) -> "Model":
        """A model of its own in the same state, with some settings changed: both go on from here independently.

        Raises ValueError and TypeError as the constructor does.
        """
        raise NotImplementedError

    @torch.no_grad()
    def _take_over(self, other: "Model", nets: tuple[str, ...]) -> None:
        """Go on where `other` is: optimisers of `nets` (whose weights are equal already), streams, history, step."""
        for name in nets:
            mine, theirs = self.optimizers[name], other.optimizers[name]
            trained = checkpoint.trained(self.nets[name], mine)
            for key, weight in checkpoint.trained(other.nets[name], theirs).items():
                if weight in theirs.state and key in trained:
                    mine.state[trained[key]] = checkpoint.slots_beside(trained[key], theirs.state[weight], mine)
        for kind, streams in self._streams.items():
            for stream, source in zip(streams, other._streams[kind], strict=True):
                stream.set_state(source.get_state())
        self._own_state = other._own_state.clone()
        self.step, self.history, self.file = other.step, copy.deepcopy(other.history), other.file

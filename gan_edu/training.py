"""Training as a stream of steps.

    gan = GAN(generator, discriminator, loss="non_saturating", penalties={"r1": 1.0})
    for step in train(gan, data, steps=5000):
        ...                                  # look at step, draw, measure; `break` stops

A model (GAN or VAE) owns everything that changes while it trains: nets, optimisers, averages, its own streams of random
numbers, and a History. So a run can be left, saved, loaded and continued, bit for bit on the same machine.
"""

import contextlib
import copy
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import nn

from gan_edu import device as devices
from gan_edu import objectives

Tensor = torch.Tensor


class TrainingDiverged(ArithmeticError):
    """A loss became NaN or infinite. `.step` says when, `.checkpoint` is the last good one (a path or None)."""

    def __init__(self, step: int, values: Mapping[str, object], checkpoint: Path | None):
        self.step, self.checkpoint = step, checkpoint
        losses = ", ".join(f"{name} = {value}" for name, value in values.items())
        saved = (
            f"The last good checkpoint is {checkpoint}."
            if checkpoint
            else "No checkpoint was kept; train(..., checkpoint='run.safetensors') keeps one."
        )
        super().__init__(
            f"Training diverged at step {step}: {losses}. {saved} "
            "A smaller learning rate or a gradient penalty usually helps."
        )


class CheckpointError(ValueError):
    """A checkpoint can't be read, or belongs to another architecture."""


@dataclass(frozen=True)
class Step:
    """What one training step measured. `number` counts from 1 over the model's whole life; values are tensors,
    shape () or, in an ensemble, (S,). Reading `step.loss_d` gives a float (or a list of S)."""

    number: int
    values: dict[str, Tensor]

    def __getattr__(self, name: str):
        values = self.__dict__.get("values", {})
        try:
            return values[name].tolist()
        except KeyError:
            raise AttributeError(f"A step has no {name!r}; it has: number, {', '.join(values)}.") from None


class History:
    """Some of a run's steps, at most `limit`: when it is full every second row is dropped and the stride doubles."""

    def __init__(self, limit: int = 1000):
        self.limit, self.stride = limit, 1
        self._rows: list[dict] = []

    def wants(self, number: int) -> bool:
        return number % self.stride == 0 or number == 1

    def add(self, step: Step) -> None:
        row = {"step": step.number} | {name: value.tolist() for name, value in step.values.items()}
        self._rows.append(row)
        if len(self._rows) > self.limit:
            self.stride *= 2
            self._rows = [row for row in self._rows if self.wants(row["step"])]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """Name → values, float64 (T,), or (T, S) for an ensemble; "step" is int64 (T,)."""
        names = list(self._rows[-1]) if self._rows else []
        return {name: np.array([row[name] for row in self._rows]) for name in names}

    def to_json(self) -> str:
        return json.dumps({"stride": self.stride, "rows": self._rows})

    def load_json(self, text: str) -> None:
        stored = json.loads(text)
        self.stride, self._rows = stored["stride"], stored["rows"]


class Model:
    """What GAN and VAE share: streams of random numbers, history, saving, loading, averaging."""

    def __init__(self, nets: dict[str, nn.Module], seeds: list[int], device: str | torch.device | None):
        self.device = devices.pick(device)
        self.nets = nets
        for name, net in nets.items():
            net.to(self.device)
            if any(isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) for layer in net.modules()):
                nets[name].to(memory_format=torch.channels_last)
        self.seeds = seeds
        self.batched = any(getattr(net, "seeds", None) is not None for net in nets.values())
        # one stream to train with and one to look with, so that looking changes no training
        self._streams = [devices.generator(seed, self.device) for seed in seeds]
        self._looking = [devices.generator(2**31 + seed, self.device) for seed in seeds]
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        self.step = 0
        self.history = History()
        # Dropout draws from PyTorch's global stream; these nets get a state of their own for it.
        self._has_dropout = any(
            isinstance(layer, nn.modules.dropout._DropoutNd) for net in nets.values() for layer in net.modules()
        )
        self._dropout_state = devices.generator(seeds[0]).get_state()

    # -- random numbers ------------------------------------------------------------------------------------------
    def draw(self, make: Callable[[torch.Generator], Tensor], looking: bool = False) -> Tensor:
        """make(generator) for each seed: (N, ...) for a single model, stacked to (S, N, ...) for an ensemble."""
        streams = self._looking if looking else self._streams
        return torch.stack([make(stream) for stream in streams]) if self.batched else make(streams[0])

    @contextlib.contextmanager
    def _own_dropout(self):
        if not self._has_dropout:
            yield
            return
        cuda = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda):
            torch.set_rng_state(self._dropout_state)
            if cuda:
                torch.cuda.manual_seed(int(torch.randint(2**31, ())))
            yield
            self._dropout_state = torch.get_rng_state()

    def _adam(self, net: nn.Module, lr: float, betas: tuple[float, float]) -> torch.optim.Adam:
        parameters = [parameter for parameter in net.parameters() if parameter.requires_grad]
        if not parameters:
            raise ValueError(f"{type(net).__name__} has no parameters to train.")
        betas = (float(betas[0]), float(betas[1]))
        return torch.optim.Adam(parameters, lr=lr, betas=betas, fused=self.device.type in ("cpu", "cuda"))

    # -- one update, defined by GAN and VAE ----------------------------------------------------------------------
    def update(self, batch: Callable[[], Tensor], measure: bool) -> dict[str, Tensor]:
        """One training step on batches from batch(); returns what it measured (more of it when `measure`)."""
        raise NotImplementedError

    def check_data(self, example: Tensor) -> None:
        """Raise ValueError when samples shaped like example (2, *features) don't fit the nets."""
        raise NotImplementedError

    # -- saving and loading --------------------------------------------------------------------------------------
    def state(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """All tensors by name, and a small dictionary of text."""
        tensors = {f"{name}.{key}": value for name, net in self.nets.items() for key, value in net.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            for i, slots in optimizer.state_dict()["state"].items():
                tensors |= {f"optimizer.{name}.{i}.{slot}": value for slot, value in slots.items()}
        for kind, streams in (("training", self._streams), ("looking", self._looking)):
            tensors |= {f"random.{kind}.{i}": stream.get_state() for i, stream in enumerate(streams)}
        tensors["random.dropout"] = self._dropout_state
        text = {
            "format": "gan_edu 1",
            "kind": type(self).__name__,
            "step": str(self.step),
            "history": self.history.to_json(),
        }
        return {key: value.detach().cpu().contiguous() for key, value in tensors.items()}, text

    def save(self, path: str | os.PathLike) -> Path:
        """Write a checkpoint (safetensors), atomically: the old file stays good until the new one is whole.

        Raises ArithmeticError when a weight is NaN or infinite: a broken state never replaces a good one.
        """
        path = Path(path)
        tensors, text = self.state()
        for key, value in tensors.items():
            if value.is_floating_point() and not value.isfinite().all():
                raise ArithmeticError(f"Not saved: {key} holds NaN or infinite values at step {self.step}.")
        write_atomically(path, safetensors.torch.save(tensors, text))
        return path

    def load(self, path: str | os.PathLike) -> None:
        """Take up a checkpoint. Raises FileNotFoundError; CheckpointError when it is damaged or doesn't fit (says what
        differs). When it raises, the model is as it was."""
        tensors, text = read_safetensors(path)
        self.restore(tensors, text, source=Path(path).name)

    def restore(self, tensors: dict[str, Tensor], text: dict[str, str], source: str = "The state") -> None:
        """Take up what `state()` gave, of this model or of one like it. Raises CheckpointError as `load` does."""
        mine, _ = self.state()
        # a fresh optimiser has no state yet, so only nets are compared
        of_nets = tuple(f"{name}." for name in self.nets)
        wanted = {key: tuple(value.shape) for key, value in mine.items() if key.startswith(of_nets)}
        stored = {
            key: tuple(value.shape) for key, value in tensors.items() if not key.startswith(("optimizer.", "random."))
        }
        differences = [
            f"{key}: {stored.get(key, 'not there')} in the file, {wanted.get(key, 'not there')} in the model"
            for key in sorted(wanted.keys() | stored.keys())
            if wanted.get(key) != stored.get(key)
        ]
        streams = sum(key.startswith("random.training.") for key in tensors)
        if streams != len(self._streams):
            differences.append(f"seeds: {streams} in the file, {len(self._streams)} in the model")
        if text.get("kind") != type(self).__name__ or differences:
            more = f"; and {len(differences) - 4} more" if len(differences) > 4 else ""
            raise CheckpointError(
                f"{source} holds a {text.get('kind', 'file that gan_edu did not write')} of another "
                f"architecture than this {type(self).__name__}: {'; '.join(differences[:4])}{more}."
            )
        for name, net in self.nets.items():
            prefix = f"{name}."
            net.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
        for name, optimizer in self.optimizers.items():
            state: dict[int, dict[str, Tensor]] = {}
            prefix = f"optimizer.{name}."
            for key, value in tensors.items():
                if key.startswith(prefix):
                    i, slot = key.removeprefix(prefix).split(".")
                    state.setdefault(int(i), {})[slot] = value
            optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
            # fused Adam walks through memory, so its averages must lie there as the weights do (channels last)
            for weight, slots in optimizer.state.items():
                for slot, value in slots.items():
                    if value.shape == weight.shape and value.stride() != weight.stride():
                        slots[slot] = torch.empty_like(weight, requires_grad=False).copy_(value)
        for kind, streams in (("training", self._streams), ("looking", self._looking)):
            for i, stream in enumerate(streams):
                stream.set_state(tensors[f"random.{kind}.{i}"])
        self._dropout_state = tensors["random.dropout"]
        self.step = int(text["step"])
        self.history.load_json(text["history"])


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


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
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path.name} is damaged or not a safetensors file: {error}") from None


class GAN(Model):
    """Two nets, the game between them, and how they are trained.

    generator: (N, noise_dim) → (N, *features); discriminator: (N, *features) → logits (N,) or (N, 1). For an ensemble
    of S GANs (gan_edu.ensemble) both carry a leading S.

    loss: a name in objectives.LOSSES or an objectives.Loss. penalties: name → weight, as in objectives.PENALTIES, for
    example {"r1": 1.0, "r2": 1.0}; penalty_every=k takes them each k-th step with k times the weight ("lazy", Karras
    et al. 2020, StyleGAN2). lr: one number or (generator's, discriminator's). discriminator_steps: D's updates for each
    of G's. ema: decay of the average of the generator's weights (None: no average), which `sample` then uses; it is
    ramped up as min(ema, (1 + t) / (10 + t)), so that short runs don't average in the untrained net.
    packing=m: D judges m samples at once, side by side in their first feature axis, so that a batch of n makes n/m
    packs (PacGAN, Lin et al. 2018). unroll=k: G learns against the D that would stand there after k more of its Adam
    steps on this batch, and differentiates through them (Metz et al. 2017); D itself makes its ordinary steps.
    mixed_precision: bfloat16 where the device has it.

    One step: D on real and fake, then G through the new D on the same fakes.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        loss: str | objectives.Loss = "non_saturating",
        penalties: Mapping[str, float] | None = None,
        penalty_every: int = 1,
        lr: float | tuple[float, float] = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        discriminator_steps: int = 1,
        ema: float | None = None,
        packing: int = 1,
        unroll: int = 0,
        noise_dim: int | None = None,
        mixed_precision: bool = False,
        seed: int = 0,
        device: str | torch.device | None = None,
    ):
        if isinstance(loss, str) and loss not in objectives.LOSSES:
            raise ValueError(f"There is no loss {loss!r}; there are: {', '.join(objectives.LOSSES)}.")
        for name in penalties or {}:
            if name not in objectives.PENALTIES:
                raise ValueError(f"There is no penalty {name!r}; there are: {', '.join(objectives.PENALTIES)}.")
        lr_g, lr_d = lr if isinstance(lr, tuple) else (lr, lr)
        if not (0 < lr_g < math.inf and 0 < lr_d < math.inf):
            raise ValueError(f"A learning rate must be a positive number; got {lr!r}.")
        if discriminator_steps < 1 or penalty_every < 1:
            raise ValueError("discriminator_steps and penalty_every must be at least 1.")
        if ema is not None and not 0 <= ema < 1:
            raise ValueError(f"ema is a decay in [0, 1), for example 0.999; got {ema!r}.")
        if packing < 1 or unroll < 0:
            raise ValueError(f"packing must be at least 1 and unroll at least 0; got {packing!r} and {unroll!r}.")
        self.settings = {
            "loss": loss,
            "penalties": dict(penalties or {}),
            "penalty_every": penalty_every,
            "lr": lr,
            "betas": betas,
            "discriminator_steps": discriminator_steps,
            "ema": ema,
            "packing": packing,
            "unroll": unroll,
            "noise_dim": noise_dim,
            "mixed_precision": mixed_precision,
            "seed": seed,
            "device": device,
        }
        seeds = [seed + i for i in range(getattr(generator, "seeds", None) or 1)]
        super().__init__({"generator": generator, "discriminator": discriminator}, seeds, device)
        self.loss = objectives.LOSSES[loss] if isinstance(loss, str) else loss
        self.penalties = dict(penalties or {})
        self.penalty_every, self.discriminator_steps, self.ema = penalty_every, discriminator_steps, ema
        self.packing, self.unroll = packing, unroll
        self.mixed_precision = mixed_precision
        self.noise_dim = noise_dim or noise_dim_of(generator)
        self.optimizers = {
            "generator": self._adam(generator, lr_g, betas),
            "discriminator": self._adam(discriminator, lr_d, betas),
        }
        self._parameters = {name: list(net.parameters()) for name, net in self.nets.items()}
        self._dtype = self._parameters["generator"][0].dtype
        # batch norm in D: real and fake samples must be normalised apart, so they can't share a pass
        self._couples_samples = any(
            "BatchNorm" in type(layer).__name__ or getattr(layer, "couples_samples", False)
            for layer in discriminator.modules()
        )
        if ema is not None:
            self.nets["average"] = copy.deepcopy(generator).requires_grad_(False).eval()

    @property
    def generator(self) -> nn.Module:
        return self.nets["generator"]

    @property
    def discriminator(self) -> nn.Module:
        return self.nets["discriminator"]

    def copy(self, discriminator: nn.Module | None = None, **changes) -> "GAN":
        """A GAN of its own in the same state, with some settings changed: both go on from here independently.

        changes: arguments of GAN. With a `discriminator` of another architecture it plays on against that one, which
        starts as it is, with a fresh optimiser. Raises ValueError and TypeError as GAN does.
        """
        against = copy.deepcopy(self.discriminator) if discriminator is None else discriminator
        twin = GAN(copy.deepcopy(self.generator), against, **self.settings | changes)
        tensors, text = self.state()
        if discriminator is not None:
            old = ("discriminator.", "optimizer.discriminator.")
            tensors = {key: value for key, value in tensors.items() if not key.startswith(old)}
            fresh, _ = twin.state()
            tensors |= {key: value for key, value in fresh.items() if key.startswith("discriminator.")}
        tensors = {key: value.clone() for key, value in tensors.items()}  # on the CPU they are this model's own
        averages = {key: value for key, value in tensors.items() if key.startswith("average.")}
        if averages and twin.ema is None:
            tensors = {key: value for key, value in tensors.items() if key not in averages}
        elif twin.ema is not None and not averages:  # an average that begins here
            tensors |= {
                key.replace("generator", "average", 1): value
                for key, value in tensors.items()
                if key.startswith("generator.")
            }
        twin.restore(tensors, text)
        return twin

    def noise(self, n: int, looking: bool = True) -> Tensor:
        """Fresh z ~ N(0, I): (n, noise_dim), or (S, n, noise_dim). From a stream of its own, so that looking at samples
        changes no training; training steps say looking=False."""
        size = (n, self.noise_dim)
        return self.draw(
            lambda g: torch.randn(size, generator=g, device=self.device, dtype=self._dtype), looking=looking
        )

    def pack(self, x: Tensor) -> Tensor:
        """Samples as D takes them: (N, d, ...) → (N/m, m·d, ...) with m = packing, after S if there is one."""
        if self.packing == 1:
            return x
        axis = 1 if self.batched else 0
        n = x.shape[axis]
        if n % self.packing:
            raise ValueError(f"Packs of {self.packing} need a batch of a multiple of {self.packing} samples; got {n}.")
        return x.reshape(*x.shape[:axis], n // self.packing, self.packing * x.shape[axis + 1], *x.shape[axis + 2 :])

    def logits(self, x: Tensor) -> Tensor:
        """D's logits on x (N, *features) → (N,), or (S, N, *features) → (S, N); with packing m, N/m of them."""
        return self._judge(self.pack(x))

    def _judge(self, x: Tensor, d: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Logits of packed samples, from D or from `d` in its place."""
        out = (d or self.discriminator)(x)
        expected = x.shape[: 2 if self.batched else 1]
        if out.shape == (*expected, 1):
            return out.squeeze(-1)
        if out.shape != expected:
            raise ValueError(
                f"The discriminator returned shape {tuple(out.shape)} for data of shape {tuple(x.shape)}; "
                f"expected one logit per sample: {tuple(expected)} or {(*expected, 1)}."
            )
        return out

    @torch.no_grad()
    def sample(self, n: int | Tensor, ema: bool = True, batch: int = 1000) -> Tensor:
        """n samples (n, *features), or (S, n, *features), in batches, on the model's device; `n` may be noise of that
        shape instead. Uses the averaged generator if there is one and `ema`, in evaluation mode."""
        net = self.nets["average"] if ema and "average" in self.nets else self.generator
        if isinstance(n, int) and n < 1:
            raise ValueError(f"Ask for at least one sample; got {n}.")
        z = n.to(self.device) if isinstance(n, Tensor) else self.noise(n)
        training = net.training
        net.eval()
        try:
            axis = 1 if self.batched else 0
            return torch.cat([net(part) for part in z.split(batch, dim=axis)], dim=axis)
        finally:
            net.train(training)

    def check_data(self, example: Tensor) -> None:
        with torch.no_grad():
            z = torch.zeros(
                *example.shape[: 2 if self.batched else 1], self.noise_dim, device=self.device, dtype=self._dtype
            )
            mode = self.generator.training
            try:
                made = self.generator.eval()(z)
            except RuntimeError as error:
                raise ValueError(f"The generator can't take noise of shape {tuple(z.shape)}: {error}") from None
            finally:
                self.generator.train(mode)
        if made.shape != example.shape:
            skip = 2 if self.batched else 1
            raise ValueError(
                f"The generator makes samples of shape {tuple(made.shape[skip:])}, the data have "
                f"{tuple(example.shape[skip:])}; they must be equal (flat=True gives images as 784 numbers)."
            )
        mode = self.discriminator.training
        try:
            with torch.no_grad():
                self.discriminator.eval()
                self.logits(example)
        except RuntimeError as error:
            raise ValueError(f"The discriminator can't take data of shape {tuple(example.shape)}: {error}") from None
        finally:
            self.discriminator.train(mode)

    def update(self, batch: Callable[[], Tensor], measure: bool) -> dict[str, Tensor]:
        return {name: value for half in self.halves(batch, measure) for name, value in half.items()}

    def halves(self, batch: Callable[[], Tensor], measure: bool = True) -> Iterator[dict[str, Tensor]]:
        """The two halves of one step, for those who look in between: D's update(s), then G's."""
        with self._own_dropout(), devices.autocast(self.device, self.mixed_precision):
            for _ in range(self.discriminator_steps):
                real = batch()
                fake, values = self.update_discriminator(real, measure)
        yield values
        with self._own_dropout(), devices.autocast(self.device, self.mixed_precision):
            values = self.update_generator(real, fake)
        if self.ema is not None:
            self._average()
        yield values

    def update_discriminator(self, real: Tensor, measure: bool = True) -> tuple[Tensor, dict[str, Tensor]]:
        """D's half of a step. Returns the fakes it was shown, with their graph for G's half, and what it measured."""
        n = real.shape[1 if self.batched else 0]
        fake = self.generator(self.noise(n, looking=False))  # with its graph: G's step uses it too
        loss, total, on_real, on_fake = self._discriminator_loss(self.pack(real), self.pack(fake.detach()))
        self.optimizers["discriminator"].zero_grad(set_to_none=True)
        total.sum().backward(inputs=self._parameters["discriminator"])
        self.optimizers["discriminator"].step()
        values = {"loss_d": loss.detach()}
        if measure:
            values["d_real"] = on_real.detach().sigmoid().mean(-1)
            values["d_fake"] = on_fake.detach().sigmoid().mean(-1)
        return fake, values

    def _discriminator_loss(self, real: Tensor, fake: Tensor, d: Callable | None = None) -> tuple[Tensor, ...]:
        """On packed samples: D's loss, the loss with penalties, and the logits on real and on fake samples."""
        penalise = self.penalties and self.step % self.penalty_every == 0
        places = {objectives.PENALTIES[name].where for name in self.penalties} if penalise else set()
        if "real" in places:
            real = real.detach().requires_grad_()
        if "fake" in places and not fake.requires_grad:
            fake = fake.detach().requires_grad_()
        if self._couples_samples or places:
            at = {"real": (self._judge(real, d), real), "fake": (self._judge(fake, d), fake)}
        else:  # one pass over both is faster than two
            axis = 1 if self.batched else 0
            logits = self._judge(torch.cat([real, fake], dim=axis), d).chunk(2, dim=-1)
            at = {"real": (logits[0], real), "fake": (logits[1], fake)}
        if "between" in places:
            like = at["real"][0]
            t = self.draw(lambda g: torch.rand(like.shape[-1], generator=g, device=self.device, dtype=like.dtype))
            x = objectives.interpolate(real.detach(), fake, t)
            x = x if x.requires_grad else x.requires_grad_()
            at["between"] = (self._judge(x, d), x)
        loss = self.loss.discriminator(at["real"][0], at["fake"][0])
        total = loss
        if penalise:
            for name, weight in self.penalties.items():
                penalty = objectives.PENALTIES[name]
                total = total + penalty.function(*at[penalty.where], weight * self.penalty_every)
        return loss, total, at["real"][0], at["fake"][0]

    def update_generator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """G's half of a step, through D as it is now, or as it will be after `unroll` steps; fake carries the graph of
        the generator that made it."""
        if self.unroll:
            loss = self._unrolled_loss(self.pack(real), self.pack(fake))
        else:
            real_logits = None
            if self.loss.pairs:
                with torch.no_grad():
                    real_logits = self.logits(real)
            loss = self.loss.generator(real_logits, self.logits(fake))
        self.optimizers["generator"].zero_grad(set_to_none=True)
        # `inputs` keeps autograd from computing the discriminator's gradients, which nobody would use
        loss.sum().backward(inputs=self._parameters["generator"])
        self.optimizers["generator"].step()
        return {"loss_g": loss.detach()}

    def _unrolled_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """G's loss against D after `unroll` more of its steps on these packed samples, differentiable through them."""
        optimizer = self.optimizers["discriminator"]
        group = optimizer.param_groups[0]
        (b1, b2), lr, eps = group["betas"], group["lr"], group["eps"]
        weights = {name: weight for name, weight in self.discriminator.named_parameters() if weight.requires_grad}
        kept = [optimizer.state.get(weight, {}) for weight in weights.values()]
        done = int(kept[0]["step"]) if kept[0] else 0
        first, second = ([s[slot] if s else 0.0 for s in kept] for slot in ("exp_avg", "exp_avg_sq"))

        def d(x):
            # copies, so that D's own running numbers (spectral norm, batch norm) stay as they are
            buffers = {name: buffer.clone() for name, buffer in self.discriminator.named_buffers()}
            return torch.func.functional_call(self.discriminator, {**weights, **buffers}, (x,))

        for t in range(done + 1, done + 1 + self.unroll):
            _, total, _, _ = self._discriminator_loss(real, fake, d)
            slopes = torch.autograd.grad(
                total.sum(), list(weights.values()), create_graph=True, allow_unused=True, materialize_grads=True
            )
            first = [b1 * m + (1 - b1) * slope for m, slope in zip(first, slopes, strict=True)]
            second = [b2 * v + (1 - b2) * slope.square() for v, slope in zip(second, slopes, strict=True)]
            # Adam's step; the tiny number gives its root a slope where a weight has never had a gradient
            moved = [
                w - lr * m / (1 - b1**t) / ((v / (1 - b2**t) + 1e-30).sqrt() + eps)
                for w, m, v in zip(weights.values(), first, second, strict=True)
            ]
            weights = dict(zip(weights, moved, strict=True))
        return self.loss.generator(self._judge(real, d) if self.loss.pairs else None, self._judge(fake, d))

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.ema, (1 + self.step) / (10 + self.step))
        average, current = self.nets["average"], self.generator
        torch._foreach_lerp_(list(average.parameters()), self._parameters["generator"], 1 - decay)
        for mine, theirs in zip(average.buffers(), current.buffers(), strict=True):
            mine.copy_(theirs)


def noise_dim_of(generator: nn.Module) -> int:
    """The size of z: what the generator says in `noise_dim`, else the inputs of its first linear layer."""
    if getattr(generator, "noise_dim", None):
        return generator.noise_dim
    for layer in generator.modules():
        if isinstance(layer, nn.Linear):
            return layer.in_features
    raise ValueError("How long is this generator's noise? Say GAN(..., noise_dim=100), or set generator.noise_dim.")


class VAE(Model):
    """Trains a net with encode(x) and forward(x, noise) like nets.VAE by maximising the (β-)ELBO.

    Data in [0, 1], (N, *shape). Measures, in nats per sample: `loss` = −(reconstruction − β·KL), `reconstruction`
    = E log p(x|z), `kl`. Kingma & Welling 2014; β: Higgins et al. 2017.
    """

    def __init__(
        self,
        net: nn.Module,
        beta: float = 1.0,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        log_likelihood: Callable[[Tensor, Tensor], Tensor] = objectives.bernoulli_log_likelihood,
        seed: int = 0,
        device: str | torch.device | None = None,
    ):
        self.settings = {
            "beta": beta,
            "lr": lr,
            "betas": betas,
            "log_likelihood": log_likelihood,
            "seed": seed,
            "device": device,
        }
        super().__init__({"vae": net}, [seed], device)
        self.beta, self.log_likelihood = beta, log_likelihood
        self.optimizers = {"vae": self._adam(net, lr, betas)}

    @property
    def net(self) -> nn.Module:
        return self.nets["vae"]

    def copy(self, **changes) -> "VAE":
        """A VAE of its own in the same state, with some settings changed, as in GAN.copy."""
        twin = VAE(copy.deepcopy(self.net), **self.settings | changes)
        tensors, text = self.state()
        twin.restore({key: value.clone() for key, value in tensors.items()}, text)
        return twin

    def noise(self, n: int, looking: bool = True) -> Tensor:
        """Fresh z ~ N(0, I), (n, latent_dim); streams as in GAN.noise."""
        return self.draw(
            lambda g: torch.randn(n, self.net.latent_dim, generator=g, device=self.device), looking=looking
        )

    def check_data(self, example: Tensor) -> None:
        shape = getattr(self.net, "shape", example.shape[1:])
        if tuple(example.shape[1:]) != tuple(shape):
            raise ValueError(
                f"The VAE takes samples of shape {tuple(shape)}, the data have {tuple(example.shape[1:])}."
            )
        if example.min() < 0 or example.max() > 1:
            raise ValueError("A VAE with a Bernoulli decoder takes pixels in [0, 1]: use .tensor(low=0.0).")

    @torch.no_grad()
    def sample(self, n: int | Tensor) -> Tensor:
        """Decode n draws from the prior (or the latent points given): means in [0, 1], (n, *shape)."""
        z = n.to(self.device) if isinstance(n, Tensor) else self.noise(n)
        return self.net.decode(z).sigmoid()

    def update(self, batch: Callable[[], Tensor], measure: bool) -> dict[str, Tensor]:
        x = batch()
        with self._own_dropout():
            out, mean, log_variance = self.net(x, self.noise(len(x), looking=False))
            reconstruction = self.log_likelihood(out, x).mean()
            kl = objectives.gaussian_kl(mean, log_variance).mean()
            loss = self.beta * kl - reconstruction
            self.optimizers["vae"].zero_grad(set_to_none=True)
            loss.backward()
            self.optimizers["vae"].step()
        return {"loss": loss.detach(), "reconstruction": reconstruction.detach(), "kl": kl.detach()}


def batches(model: Model, data, batch: int) -> Callable[[], Tensor]:
    """A function that draws the next batch: from a distribution, or with replacement from a tensor of samples.

    Raises TypeError and ValueError when the data can't be used.
    """
    if hasattr(data, "sample"):
        return lambda: model.draw(lambda g: data.sample(batch, g, device=model.device).to(_dtype(model)))
    if hasattr(data, "tensor"):
        data = data.tensor()
    if not isinstance(data, Tensor):
        raise TypeError(f"Train on a tensor (N, ...), an ImageSet or a toy distribution; got {type(data).__name__}.")
    if data.ndim < 2 or len(data) == 0:
        raise ValueError(f"Training data must be (N, features...) with N ≥ 1; got shape {tuple(data.shape)}.")
    bad = int((~data.isfinite()).sum())
    if bad:
        raise ValueError(f"The training data hold {bad} NaN or infinite values.")
    data = data.to(device=model.device, dtype=_dtype(model))
    return lambda: model.draw(lambda g: data[torch.randint(len(data), (batch,), generator=g, device=model.device)])


def _dtype(model: Model) -> torch.dtype:
    return next(next(iter(model.nets.values())).parameters()).dtype


def train(
    model: Model,
    data,
    steps: int,
    batch: int = 128,
    progress: bool = True,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: int = 1000,
) -> Iterator[Step]:
    """Train for `steps` more steps, yielding a Step after each; leaving the loop stops.

    data: a tensor (N, *features) (kept whole on the device, sampled with replacement), an ImageSet, or a distribution
    with .sample(n, generator). `checkpoint` is written each `checkpoint_every` steps and at the end.

    Raises ValueError when data and nets don't fit, TrainingDiverged when a loss stops being a finite number.
    """
    next_batch = batches(model, data, batch)
    # data are checked on a throw-away copy of the streams, so that checking changes no result
    states = [stream.get_state() for stream in model._streams]
    example = next_batch()
    least = 2 * getattr(model, "packing", 1)
    for stream, state in zip(model._streams, states, strict=True):
        stream.set_state(state)
    if batch % (least // 2):
        raise ValueError(f"Packs of {least // 2} need a batch of a multiple of {least // 2} samples; got {batch}.")
    model.check_data(example[:, :least] if model.batched else example[:least])
    return _stream(model, next_batch, steps, progress, Path(checkpoint) if checkpoint else None, checkpoint_every)


@contextlib.contextmanager
def progress_bar(steps: int, progress: bool = True):
    """A tqdm bar that shows after a second and goes at the end; none if `progress` is false or TQDM_DISABLE is set."""
    from tqdm.auto import tqdm

    # notebooks' bars don't heed TQDM_DISABLE by themselves
    silent = not progress or bool(os.environ.get("TQDM_DISABLE"))
    with tqdm(total=steps, unit="step", leave=False, delay=1, disable=silent) as bar:
        yield bar
    # tqdm leaves the parts of a notebook's bar in memory; one that was cut short stays in view
    if bar.n >= steps and hasattr(bar, "container"):
        for widget in (*bar.container.children, bar.container):
            for part in (widget.layout, getattr(widget, "style", None), widget):
                if part is not None:
                    part.close()


def _stream(model, next_batch, steps, progress, checkpoint, checkpoint_every) -> Iterator[Step]:
    on_cpu = model.device.type == "cpu"
    saved = checkpoint if checkpoint and checkpoint.exists() else None
    with progress_bar(steps, progress) as bar:
        for i in range(steps):
            model.step += 1
            record = model.history.wants(model.step)
            step = Step(model.step, model.update(next_batch, measure=record))
            # asking a GPU for a number makes it wait, so there we look only at recorded steps
            if (on_cpu or record) and not all(value.isfinite().all() for value in step.values.values()):
                raise TrainingDiverged(model.step, {name: value.tolist() for name, value in step.values.items()}, saved)
            if record:
                model.history.add(step)
            if checkpoint and (model.step % checkpoint_every == 0 or i == steps - 1):
                saved = model.save(checkpoint)
            bar.update()
            yield step


def run(model: Model, data, steps: int, **options) -> Model:
    """Train without looking: consumes the stream of `train` and returns the model."""
    for _ in train(model, data, steps, **options):
        pass
    return model

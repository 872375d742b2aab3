"""Generative adversarial networks: two nets, the game between them, and one step of it."""

import copy
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from gan_edu import device as devices
from gan_edu import objectives
from gan_edu.augmentation import Augment
from gan_edu.nets import evaluating
from gan_edu.settings import Any, Checked, Choice, Either, Flag, Number, Whole, near, setting
from gan_edu.training.augmented import Augmentation
from gan_edu.training.doubts import last_operation, of_discriminator, of_outliers, of_penalties, of_range, trying
from gan_edu.training.fast import FastGAN
from gan_edu.training.model import BETAS, RATE, SEED, Model, deep_copy, given, takes

Tensor = torch.Tensor


def _penalties(value) -> dict[str, float]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"penalties are names with their weights, for example {{'r1': 1.0}}; got {value!r}.")
    for name in value:
        if name not in objectives.PENALTIES:
            known = objectives.PENALTIES
            raise ValueError(f"There is no penalty {name!r}; there are: {', '.join(known)}.{near(name, known)}")
    return {name: Number(0).check(weight, f"The weight of the penalty {name!r}") for name, weight in value.items()}


def _rates(value) -> float | tuple[float, float]:
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise ValueError(
                f"lr, a learning rate, is one number or a pair (generator's, discriminator's); got {value!r}."
            )
        return tuple(RATE.check(each, "A learning rate") for each in value)
    return RATE.check(value, "A learning rate (lr)")


@dataclass(frozen=True)
class GANSettings(Checked):
    """How a GAN is trained; GAN says what each setting means."""

    loss: str | objectives.Loss = setting(
        "non_saturating", Choice(tuple(objectives.LOSSES), objectives.Loss), "the game that is played"
    )
    penalties: dict[str, float] = setting({}, Any(_penalties), "gradient penalties on D, with their weights")
    penalty_every: int = setting(1, Whole(1), "penalties are taken each so many steps, so many times as strong")
    lr: float | tuple[float, float] = setting(2e-4, Any(_rates), "learning rate, or (generator's, discriminator's)")
    betas: tuple[float, float] = setting((0.5, 0.999), BETAS, "decays of Adam's averages")
    discriminator_steps: int = setting(1, Whole(1, 1000), "updates of D for each of G")
    ema: float | None = setting(None, Either(Number(0, 1, below=True)), "decay of the average of G's weights")
    packing: int = setting(1, Whole(1, 1000), "samples that D judges at once (PacGAN)")
    unroll: int = setting(0, Whole(0, 100), "steps of D that G looks ahead")
    augment: str | Augment | None = setting(None, Any(Augment.given), "random changes of what D sees")
    noise_dim: int | None = setting(None, Either(Whole(1)), "numbers in the noise z, where the generator doesn't say")
    mixed_precision: bool = setting(False, Flag(), "the nets compute in bfloat16, on devices that have it")
    seed: int = setting(0, SEED, "of the random numbers")
    device: str | torch.device | None = setting(None, Any(), "where to compute, as gan_edu.device.pick says")
    sure: bool = setting(False, Flag(), "no warnings about what is usually a mistake")

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "penalties", dict(self.penalties))

    @property
    def rates(self) -> tuple[float, float]:
        """The generator's learning rate, and the discriminator's."""
        return self.lr if isinstance(self.lr, tuple) else (self.lr, self.lr)

    def to_json(self) -> dict:
        """What a file holds of them: all but the device. Raises ValueError for a loss of one's own."""
        values = self.to_dict()
        del values["device"]
        if isinstance(self.loss, objectives.Loss):
            if objectives.LOSSES.get(self.loss.name) is not self.loss:
                raise ValueError("A loss of your own can't be stored in a file; save the recording alone.")
            values["loss"] = self.loss.name
        values["augment"] = self.augment and self.augment.to_dict()
        return values


@takes(GANSettings)
class GAN(Model):
    """Two nets, the game between them, and how they are trained.

    generator: (N, noise_dim) → (N, *features); discriminator: (N, *features) → logits (N,) or (N, 1). For an ensemble
    of S GANs (gan_edu.ensemble) both carry a leading S. Parameters with requires_grad=False stay as they are.

    loss: a name in objectives.LOSSES or an objectives.Loss. penalties: name → weight, as in objectives.PENALTIES, for
    example {"r1": 1.0, "r2": 1.0}; penalty_every=k takes them each k-th step with k times the weight ("lazy", Karras
    et al. 2020, StyleGAN2). lr: one number or (generator's, discriminator's). discriminator_steps: D's updates for each
    of G's. ema: decay β of the average of the generator's weights (None: no average), which `sample` then uses. The
    average is bias-corrected as Adam's are (Kingma & Ba 2015, section 3): after t steps θ_s counts β^(t−s), divided by
    the sum of these weights, so that the untrained net isn't in it, and β alone says how long it remembers
    (half-life ln ½ / ln β steps).
    packing=m: D judges m samples at once, side by side in their first feature axis, so that a batch of n makes n/m
    packs (PacGAN, Lin et al. 2018). unroll=k: G learns against the D that would stand there after k more of its Adam
    steps on this batch, and differentiates through them (Metz et al. 2017); D itself makes its ordinary steps.
    augment: families of changes ("color, translation, cutout"), "adaptive", or an augmentation.Augment: all that D sees
    in training is changed at random before, real and generated samples, in D's steps and, with G's gradient going
    through the change, in G's. Penalties take their gradient at the samples before the change. `augmentation.p` says
    how probable a change is now. logits, sample and data stay as they are.
    mixed_precision: the nets' forward passes in bfloat16 where the device has it; losses, penalties and updates stay
    in 32 bits. sure: don't warn of what is usually a mistake.

    One step: D on real and fake, then G through the new D on the same fakes. Measures: `loss_d` (without penalties),
    `loss_g`, and in recorded steps `d_real`, `d_fake`, the means of σ(logit) on real and on generated samples, which
    are probabilities for the losses made of cross-entropies and only a scale from 0 to 1 for the others.

    Raises ValueError and TypeError, in one sentence, for settings and nets that can't be used.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        settings: GANSettings | None = None,
        *,
        doubts: Sequence[str] = (),
        **changes,
    ):
        settings = given(GANSettings, settings, changes)
        super().__init__({"generator": generator, "discriminator": discriminator}, settings, doubts)
        self.loss = objectives.LOSSES[settings.loss] if isinstance(settings.loss, str) else settings.loss
        self.penalties, self.penalty_every = dict(settings.penalties), settings.penalty_every
        self.discriminator_steps, self.ema = settings.discriminator_steps, settings.ema
        self.packing, self.unroll = settings.packing, settings.unroll
        self.augmentation = None
        if settings.augment is not None:
            self.augmentation = Augmentation(settings.augment, len(self.seeds) if self.batched else None, self.device)
            if self.augmentation.adapts and self.loss.name == "wasserstein":
                raise ValueError(
                    "An adaptive augmentation looks at the sign of D's logits, and a critic's have no zero: say a "
                    'fixed one, for example augment="color, translation".'
                )
        self.noise_dim = settings.noise_dim or noise_dim_of(generator)
        self.optimizers = {
            name: self._adam(name, rate)
            for name, rate in zip(("generator", "discriminator"), settings.rates, strict=True)
        }
        # batch norm in D: real and fake samples must be normalised apart, so they can't share a pass
        self._couples_samples = any(
            "BatchNorm" in type(layer).__name__ or getattr(layer, "couples_samples", False)
            for layer in discriminator.modules()
        )
        self._averaged = 0  # steps in the average
        self._number = 0  # of the step under way: lazy penalties are taken in some
        if self.ema is not None:
            self.nets["average"] = copy.deepcopy(generator).requires_grad_(False).eval()
        if doubt := of_penalties(discriminator, self.penalties):
            self.doubt(doubt)

    @property
    def generator(self) -> nn.Module:
        return self.nets["generator"]

    @property
    def discriminator(self) -> nn.Module:
        return self.nets["discriminator"]

    @functools.cached_property
    def draws_nothing(self) -> bool:
        return super().draws_nothing and objectives.LOSSES.get(self.loss.name) is self.loss

    def trained(self, player: str) -> list[nn.Parameter]:
        """The parameters of a player that are not frozen now: the others take no gradient."""
        return [weight for weight in self.optimizers[player].param_groups[0]["params"] if weight.requires_grad]

    def copy(self, discriminator: nn.Module | None = None, **changes) -> "GAN":
        """A GAN of its own in the same state, with some settings changed: both go on from here independently.

        changes: settings. With a `discriminator` of another architecture it plays on against that one, which starts as
        it is, with a fresh optimiser. Raises ValueError and TypeError as GAN does.
        """
        against = deep_copy(self.discriminator) if discriminator is None else discriminator
        settings = self.settings.with_(**changes)
        other = type(self)(deep_copy(self.generator), against, settings, doubts=self.doubts)
        other._take_over(self, ("generator", "discriminator") if discriminator is None else ("generator",))
        if "average" in self.nets and "average" in other.nets:
            other.nets["average"].load_state_dict(self.nets["average"].state_dict())
            other._averaged = self._averaged
        if self._adapts and other._adapts:
            other.augmentation.take(self.augmentation.state())
        return other

    @property
    def _adapts(self) -> bool:
        return self.augmentation is not None and self.augmentation.adapts

    def more_state(self) -> dict:
        return {"averaged": self._averaged} | ({"augmentation": self.augmentation.state()} if self._adapts else {})

    def checked_more(self, more: dict, step: int) -> dict:
        averaged = more["averaged"]
        if type(averaged) is not int or averaged < 0:  # a step that was cut off may have averaged without being counted
            raise ValueError(f"its average is of {averaged!r} steps")
        # a run that went without may go on with it
        adapted = self._adapts and "augmentation" in more
        return {"averaged": averaged} | (
            {"augmentation": self.augmentation.checked(more["augmentation"])} if adapted else {}
        )

    def take_more(self, more: dict) -> None:
        self._averaged = more["averaged"]
        if "augmentation" in more:
            self.augmentation.take(more["augmentation"])

    # -- samples -------------------------------------------------------------------------------------------------
    def noise(self, n: int, training: bool = False) -> Tensor:
        """Fresh z ~ N(0, I): (n, noise_dim), or (S, n, noise_dim). From a stream of its own, so that looking at samples
        changes no training; training steps say training=True."""
        dtype = self.dtype
        return self.draw(lambda g: torch.randn(n, self.noise_dim, generator=g, dtype=dtype), training)

    @torch.no_grad()
    def sample(self, n: int | Tensor, ema: bool = True, batch: int = 1000) -> Tensor:
        """n samples (n, *features), or (S, n, *features), in batches, on the model's device; `n` may be noise of that
        shape instead. Uses the averaged generator if there is one and `ema`, in evaluation mode."""
        net = self.nets["average"] if ema and "average" in self.nets else self.generator
        if not isinstance(n, Tensor):
            n = Whole(1).check(n, "The number of samples")
        z = n.to(self.device) if isinstance(n, Tensor) else self.noise(n)
        axis = 1 if self.batched else 0
        with evaluating(net):
            return torch.cat([net(part) for part in z.split(batch, dim=axis)], dim=axis)

    # -- what D says ---------------------------------------------------------------------------------------------
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
        with devices.autocast(self.device, self.settings.mixed_precision):
            out = (d or self.discriminator)(x)
        if not isinstance(out, Tensor):
            raise TypeError(f"The discriminator must return a tensor of logits; it returned a {type(out).__name__}.")
        expected = x.shape[: 2 if self.batched else 1]
        if out.shape == (*expected, 1):
            out = out.squeeze(-1)
        if out.shape != expected:
            raise ValueError(
                f"The discriminator returned shape {tuple(out.shape)} for data of shape {tuple(x.shape)}; "
                f"expected one logit per sample: {tuple(expected)} or {(*expected, 1)}."
            )
        return out if out.dtype == x.dtype else out.to(x.dtype)  # losses want all bits

    def _look(self, x: Tensor, d: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """As _judge, but of what D gets to see in training: samples are augmented, where the settings say so."""
        if self.augmentation is not None:
            axis, m = 1 if self.batched else 0, self.packing
            n, size, *rest = x.shape[axis:]
            x = self.pack(self.augmentation(x.reshape(*x.shape[:axis], n * m, size // m, *rest), self.draw))
        return self._judge(x, d)

    def _make(self, z: Tensor) -> Tensor:
        """The generator's samples, with their graph."""
        with devices.autocast(self.device, self.settings.mixed_precision):
            made = self.generator(z)
        return made if made.dtype == z.dtype else made.to(z.dtype)

    # -- checking ------------------------------------------------------------------------------------------------
    def check_data(self, example: Tensor) -> None:
        z = torch.zeros(
            *example.shape[: 2 if self.batched else 1], self.noise_dim, device=self.device, dtype=self.dtype
        )
        with trying(self.generator):
            try:
                made = self.generator(z)
            except RuntimeError as error:
                raise ValueError(
                    f"The generator can't take noise of shape {tuple(z.shape)}: {error or type(error).__name__}"
                ) from None
        if not isinstance(made, Tensor):
            raise TypeError(f"The generator must return a tensor of samples; it returned a {type(made).__name__}.")
        if made.shape != example.shape:
            skip = 2 if self.batched else 1
            raise ValueError(
                f"The generator makes samples of shape {tuple(made.shape[skip:])}, the data have "
                f"{tuple(example.shape[skip:])}; they must be equal (flat=True gives images as 784 numbers)."
            )
        self._generator_ends_in = last_operation(made)
        if self.augmentation is not None:
            self.augmentation.check(example.shape[2 if self.batched else 1 :])
        with trying(self.discriminator):
            try:
                out = self.logits(example)
            except RuntimeError as error:
                raise ValueError(
                    f"The discriminator can't take data of shape {tuple(example.shape)}: {error}"
                ) from None
        if doubt := of_discriminator(out):
            self.doubt(doubt)

    def check_values(self, data: Tensor) -> None:
        if doubt := of_range(data, self._generator_ends_in) or of_outliers(data):
            self.doubt(doubt)

    # -- one step ------------------------------------------------------------------------------------------------
    def update(self, batch: Callable[[], Tensor], measure: bool = True) -> dict[str, Tensor]:
        real, fake, of_d = self.step_discriminator(batch, measure)
        return of_d | self.step_generator(real, fake)

    def step_discriminator(self, batch: Callable[[], Tensor], measure: bool = True) -> tuple[Tensor, tuple, dict]:
        """D's half of a step: all its updates. Returns the last real batch, the fakes it was shown (with who can lead
        gradients back through them, for G's half), and what it measured."""
        player = FastGAN.of(self) or self
        self._number = self.step + 1
        with self.own_randomness(batch):
            for _ in range(self.discriminator_steps):
                real = batch()
                fake, values = player.update_discriminator(real, measure)
        return real, (player, fake), values

    def step_generator(self, real: Tensor, fake: tuple | None = None) -> dict[str, Tensor]:
        """G's half of a step, with its average; takes what `step_discriminator` returned, or makes fakes of its own."""
        with self.own_randomness():
            if fake is None:
                fake = self, self._make(self.noise(real.shape[1 if self.batched else 0], training=True))
            player, samples = fake
            values = player.update_generator(real, samples)
        if self.ema is not None:
            self._average()
        return values

    def update_discriminator(self, real: Tensor, measure: bool = True) -> tuple[Tensor, dict[str, Tensor]]:
        """One update of D. Returns the fakes it was shown, with their graph for G's half, and what it measured."""
        n = real.shape[1 if self.batched else 0]
        fake = self._make(self.noise(n, training=True))  # with its graph: G's step uses it too
        loss, total, on_real, on_fake = self._discriminator_loss(self.pack(real), self.pack(fake.detach()))
        self.optimizers["discriminator"].zero_grad(set_to_none=True)
        if trained := self.trained("discriminator"):
            total.sum().backward(inputs=trained)
        self.optimizers["discriminator"].step()
        if self.augmentation is not None:
            self.augmentation.see(on_real - on_fake if self.loss.pairs else on_real, n)
        values = {"loss_d": loss.detach()}
        if measure:
            values["d_real"] = on_real.detach().sigmoid().mean(-1)
            values["d_fake"] = on_fake.detach().sigmoid().mean(-1)
        return fake, values

    def _discriminator_loss(self, real: Tensor, fake: Tensor, d: Callable | None = None) -> tuple[Tensor, ...]:
        """On packed samples: D's loss, the loss with penalties, and the logits on real and on fake samples."""
        every = self.penalty_every
        penalise = self.penalties and self._number % every == 0
        places = {objectives.PENALTIES[name].where for name in self.penalties} if penalise else set()
        if "real" in places:
            real = real.detach().requires_grad_()
        if "fake" in places and not fake.requires_grad:
            fake = fake.detach().requires_grad_()
        if self._couples_samples or places:
            at = {"real": (self._look(real, d), real), "fake": (self._look(fake, d), fake)}
        else:  # one pass over both is faster than two
            axis = 1 if self.batched else 0
            logits = self._look(torch.cat([real, fake], dim=axis), d).chunk(2, dim=-1)
            at = {"real": (logits[0], real), "fake": (logits[1], fake)}
        if "between" in places:
            like = at["real"][0]
            t = self.draw(lambda g: torch.rand(like.shape[-1], generator=g, dtype=like.dtype))
            x = objectives.interpolate(real.detach(), fake, t)
            x = x if x.requires_grad else x.requires_grad_()
            at["between"] = (self._look(x, d), x)
        loss = self.loss.discriminator(at["real"][0], at["fake"][0])
        total = loss
        if penalise:
            for name, weight in self.penalties.items():
                penalty = objectives.PENALTIES[name]
                total = total + penalty.function(*at[penalty.where], weight * every)
        return loss, total, at["real"][0], at["fake"][0]

    def update_generator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """G's update, through D as it is now, or as it will be after `unroll` steps; fake carries the graph of the
        generator that made it."""
        if self.unroll:
            loss = self._unrolled_loss(self.pack(real), self.pack(fake))
        else:
            real_logits = None
            if self.loss.pairs:
                with torch.no_grad():
                    real_logits = self._look(self.pack(real))
            loss = self.loss.generator(real_logits, self._look(self.pack(fake)))
        self.optimizers["generator"].zero_grad(set_to_none=True)
        # `inputs` keeps autograd from computing the discriminator's gradients, which nobody would use
        if trained := self.trained("generator"):
            loss.sum().backward(inputs=trained)
        self.optimizers["generator"].step()
        return {"loss_g": loss.detach()}

    def _unrolled_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """G's loss against D after `unroll` more of its steps on these packed samples, differentiable through them."""
        optimizer = self.optimizers["discriminator"]
        group = optimizer.param_groups[0]
        (b1, b2), lr, eps = group["betas"], group["lr"], group["eps"]
        weights = {name: weight for name, weight in self.discriminator.named_parameters() if weight.requires_grad}
        kept = [optimizer.state.get(weight, {}) for weight in weights.values()]
        done = [int(s["step"]) if s else 0 for s in kept]
        first, second = ([s[slot] if s else 0.0 for s in kept] for slot in ("exp_avg", "exp_avg_sq"))

        def d(x):
            # copies, so that D's own running numbers (spectral norm, batch norm) stay as they are
            buffers = {name: buffer.clone() for name, buffer in self.discriminator.named_buffers()}
            return torch.func.functional_call(self.discriminator, {**weights, **buffers}, (x,))

        now = self._number
        for ahead in range(1, 1 + self.unroll if weights else 1):
            self._number = now + ahead  # D's real next steps have lazy penalties in their turns
            _, total, _, _ = self._discriminator_loss(real, fake, d)
            slopes = torch.autograd.grad(
                total.sum(), list(weights.values()), create_graph=True, allow_unused=True, materialize_grads=True
            )
            first = [b1 * m + (1 - b1) * slope for m, slope in zip(first, slopes, strict=True)]
            second = [b2 * v + (1 - b2) * slope.square() for v, slope in zip(second, slopes, strict=True)]
            # Adam's step; the tiny number gives its root a slope where a weight has never had a gradient
            moved = [
                w - lr * m / (1 - b1 ** (t + ahead)) / ((v / (1 - b2 ** (t + ahead)) + 1e-30).sqrt() + eps)
                for w, m, v, t in zip(weights.values(), first, second, done, strict=True)
            ]
            weights = dict(zip(weights, moved, strict=True))
        self._number = now
        return self.loss.generator(self._look(real, d) if self.loss.pairs else None, self._look(fake, d))

    @torch.no_grad()
    def _average(self) -> None:
        count = self._averaged + 1
        # the share of the newest weights among β^(t−s), s = 1 … t: (1 − β) / (1 − β^t), which is 1 at first
        share = (1 - self.ema) / -math.expm1(count * math.log(self.ema)) if self.ema else 1.0
        average, current = self.nets["average"], self.generator
        torch._foreach_lerp_(list(average.parameters()), list(current.parameters()), share)
        for mine, theirs in zip(average.buffers(), current.buffers(), strict=True):
            mine.copy_(theirs)
        self._averaged = count


def noise_dim_of(generator: nn.Module) -> int:
    """The size of z: what the generator says in `noise_dim`, else the inputs of its first linear layer."""
    if getattr(generator, "noise_dim", None):
        return generator.noise_dim
    for layer in generator.modules():
        if isinstance(layer, nn.Linear):
            return layer.in_features
    raise ValueError("How long is this generator's noise? Say GAN(..., noise_dim=100), or set generator.noise_dim.")

"""A GAN's step with its derivatives written out, for MLPs on a CPU: there, most of autograd's time is bookkeeping.

`FastGAN.of(gan)` is the step, or None where only autograd will do: other layers, hooks, frozen weights, packing,
unrolling, augmentation, losses or penalties of one's own, a GPU. It is asked anew before each step, which costs little
and keeps nothing: whatever was changed in between (weights, layers, learning rates, settings) counts. Weights, their
`.grad` and Adam's averages are where PyTorch has them.

A layer is h = φ(z), z = W x + b. Rows are samples: x is (N, d), in an ensemble (S, N, d). `g` is a loss's gradient.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import objectives
from gan_edu._optimizers import without_subnormals
from gan_edu.device import one_thread

Tensor = torch.Tensor
aten = torch.ops.aten


# -- nets ------------------------------------------------------------------------------------------------------------
class Activation(NamedTuple):
    """forward(z) → h, and what `backward` wants of it. backward(g, kept) = g · φ′(z). bend(q, u, kept) = q · u · φ″/φ′
    for gradient penalties; None where φ is piecewise linear."""

    forward: Callable[[Tensor], tuple[Tensor, Tensor]]
    backward: Callable[[Tensor, Tensor], Tensor]
    bend: Callable[[Tensor, Tensor, Tensor], Tensor] | None = None


def _from_result(function_: Callable[..., Tensor], *arguments) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Overwrite z, which nobody else has, and keep h."""
    return lambda z: (function_(z, *arguments),) * 2


RELU = Activation(_from_result(torch.relu_), lambda g, h: aten.threshold_backward.default(g, h, 0))
TANH = Activation(_from_result(torch.tanh_), aten.tanh_backward.default, lambda q, u, h: (q * u).mul_(h).mul_(-2))
SIGMOID = Activation(
    _from_result(torch.sigmoid_), aten.sigmoid_backward.default, lambda q, u, h: (q * u).mul_(1 - 2 * h)
)
SILU = Activation(lambda z: (F.silu(z), z), aten.silu_backward.default)
FIXED = {nn.ReLU: RELU, nn.Tanh: TANH, nn.Sigmoid: SIGMOID, nn.SiLU: SILU}


@functools.lru_cache(maxsize=16)
def _leaky(slope: float) -> Activation | None:
    def backward(g: Tensor, h: Tensor) -> Tensor:
        return aten.leaky_relu_backward.default(g, h, slope, True)

    # with a slope below 0 the result doesn't tell on which side z was
    return Activation(_from_result(F.leaky_relu_, slope), backward) if slope >= 0 else None


class Passed(NamedTuple):
    """What a forward pass leaves for the way back, layer by layer: inputs, and what the activations kept."""

    inputs: list[Tensor]
    kept: list[Tensor | None]


class Extra(NamedTuple):
    """A penalty's gradients, layer by layer, for `MLP.backward` to add: at the weights, and at z in some rows."""

    rows: slice
    weights: list[Tensor]
    bends: list[Tensor | None]


class MLP:
    """A net whose layers are linear ones, each with an activation or without, forwards and backwards."""

    def __init__(self, layers: list[tuple[Tensor, Tensor | None, Activation | None]], stacked: bool):
        self.layers = layers
        self.parameters = [p for weight, bias, _ in layers for p in (weight, bias) if p is not None]
        self.stacked = stacked
        self._product = torch.bmm if stacked else torch.mm

    @classmethod
    def of(cls, net: nn.Module) -> "MLP | None":
        """The net's layers as they are now; None if it does anything beside them."""
        stacked_net, stacked_linear = _stacked_kinds()
        stacked = type(net) is stacked_net
        if stacked and _is_touched(net):
            return None
        sequence, linear = (net.layers, stacked_linear) if stacked else (net, nn.Linear)
        if type(sequence) is not nn.Sequential or _is_touched(sequence):
            return None
        layers: list[tuple] = []
        for layer in sequence._modules.values():
            kind = type(layer)
            if _is_touched(layer):
                return None
            if kind is linear:
                if stacked and layer.normalised:
                    return None
                parameters = layer._parameters  # sooner than layer.weight
                layers.append((parameters.get("weight"), parameters.get("bias"), None))
            elif kind is not nn.Identity:
                activation = _leaky(layer.negative_slope) if kind is nn.LeakyReLU else FIXED.get(kind)
                if activation is None or not layers or layers[-1][2] is not None:
                    return None
                layers[-1] = (*layers[-1][:2], activation)
        return cls(layers, stacked) if layers and all(weight is not None for weight, _, _ in layers) else None

    def forward(self, x: Tensor) -> tuple[Tensor, Passed]:
        passed = Passed([], [])
        for weight, bias, activation in self.layers:
            passed.inputs.append(x)
            x, kept = self._affine(x, weight, bias), None
            if activation is not None:
                x, kept = activation.forward(x)
            passed.kept.append(kept)
        return x, passed

    def _affine(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if not self.stacked:
            return F.linear(x, weight, bias)
        return torch.bmm(x, weight.mT) if bias is None else torch.baddbmm(bias.unsqueeze(1), x, weight.mT)

    def backward(self, g: Tensor, passed: Passed, extras: Sequence[Extra] = ()) -> list[Tensor]:
        """From g at the outputs: the gradients of `parameters`, in their order."""
        gradients = []
        for i in reversed(range(len(self.layers))):
            weight, bias, activation = self.layers[i]
            if activation is not None:
                g = activation.backward(g, passed.kept[i])
            for extra in extras:
                if extra.bends[i] is not None:
                    g[..., extra.rows, :] += extra.bends[i]
            if bias is not None:
                gradients.append(g.sum(-2))
            gradients.append(self._product(g.mT, passed.inputs[i]))
            for extra in extras:
                gradients[-1] += extra.weights[i]
            if i:
                g = self._product(g, weight)
        return gradients[::-1]

    def slope(self, g: Tensor, passed: Passed) -> Tensor:
        """From g at the outputs: the gradient at the inputs."""
        for (weight, _, activation), kept in zip(reversed(self.layers), reversed(passed.kept), strict=True):
            if activation is not None:
                g = activation.backward(g, kept)
            g = self._product(g, weight)
        return g

    def penalise(self, passed: Passed, rows: slice, pull: Callable[[Tensor], Tensor]) -> Extra:
        """The gradients of a function of ∇ₓ of the outputs in some rows; pull(∇ₓ) is that function's own gradient.

        ∇ₓ comes about on the way back: from u at h to δ = u · φ′(z) at z, and on to u = Wᵀ δ one layer below. Reversing
        that way leads upwards again: q at ∇ₓ, W q at δ, φ′(z) W q at u; it leaves δᵀ q at W, and φ″ u W q at z.
        """
        kept = [k if k is None else k[..., rows, :] for k in passed.kept]
        u = torch.ones_like(passed.inputs[0][..., rows, :1])
        down: list[tuple[Tensor, Tensor]] = []
        for (weight, _, activation), k in zip(reversed(self.layers), reversed(kept), strict=True):
            delta = u if activation is None else activation.backward(u, k)
            down.append((u, delta))
            u = self._product(delta, weight)
        q = pull(u)
        extra = Extra(rows, [], [])
        for (weight, _, activation), k, (u, delta) in zip(self.layers, kept, reversed(down), strict=True):
            extra.weights.append(self._product(delta.mT, q))
            bend = None
            if activation is not None:
                q = activation.backward(self._affine(q, weight, None), k)
                bend = activation.bend and activation.bend(q, u, k)
            elif weight is not self.layers[-1][0]:
                q = self._affine(q, weight, None)
            extra.bends.append(bend)
        return extra


def _is_touched(module: nn.Module) -> bool:
    """Whether somebody wants to see or change what a module computes."""
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        or "forward" in module.__dict__
    )


@functools.cache
def _stacked_kinds() -> tuple[type, type]:
    from gan_edu.ensemble import Stacked, StackedLinear  # which imports training, which imports this module

    return Stacked, StackedLinear


# -- losses ----------------------------------------------------------------------------------------------------------
class Term(NamedTuple):
    """A function of margins u, (..., N), that losses are means of: value(u), and slope(u, scale), scale · slope."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor]


SOFTPLUS = Term(F.softplus, lambda u, scale: u.sigmoid().mul_(scale))
HINGE = Term(lambda u: (1 + u).relu_(), lambda u, scale: (1 + u > 0) * scale)
LINEAR = Term(lambda u: u, lambda u, scale: scale.expand_as(u))


class Game(NamedTuple):
    """D's loss is the mean of of_d(−ℓ) on real plus that of of_d(ℓ) on fake samples, G's is −sign times the mean of
    of_g(sign · ℓ) on fakes. In pairs: of_d(ℓ(fake) − ℓ(real)), and of_g(ℓ(real) − ℓ(fake))."""

    of_d: Term
    of_g: Term
    sign: int = -1

    def discriminator(self, logits: Tensor, n: int, pairs: bool) -> tuple[Tensor, Tensor]:
        """The loss, () or (S,), and its gradient, of logits (..., 2n): n real ones, then n on fakes."""
        if pairs:
            _, share, _ = _constants(n, 0, logits.dtype)
            u = logits[..., n:] - logits[..., :n]
            g = self.of_d.slope(u, share)
            return self.of_d.value(u) @ share, torch.cat([-g, g], dim=-1)
        sign, share, signed_share = _constants(n, n, logits.dtype)
        u = logits * sign
        return self.of_d.value(u) @ share, self.of_d.slope(u, signed_share)

    def generator(self, real: Tensor | None, fake: Tensor) -> tuple[Tensor, Tensor]:
        """The loss, () or (S,), and its gradient at the logits on fakes (..., n)."""
        _, share, minus_share = _constants(fake.shape[-1], 0, fake.dtype)
        u = real - fake if real is not None else -fake if self.sign < 0 else fake
        return self.of_g.value(u) @ (share if self.sign < 0 else minus_share), self.of_g.slope(u, minus_share)


GAMES = {
    "minimax": Game(SOFTPLUS, SOFTPLUS, sign=1),
    "non_saturating": Game(SOFTPLUS, SOFTPLUS),
    "hinge": Game(HINGE, LINEAR),
    "wasserstein": Game(LINEAR, LINEAR),
    "relativistic": Game(SOFTPLUS, SOFTPLUS),
}


@functools.lru_cache(maxsize=16)
def _constants(n: int, more: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """(n + more,) each: −1 in n places, then 1; 1/n; their product."""
    sign = torch.ones(n + more, dtype=dtype, device="cpu")
    sign[:n] = -1
    return sign, torch.full_like(sign, 1 / n), sign / n


def _zero_centered(slopes: Tensor, weight: float) -> Tensor:
    """The gradient of weight / 2 · mean ‖slope‖² at the slopes (..., n, d)."""
    return slopes * (weight / slopes.shape[-2])


def _one_centered(slopes: Tensor, weight: float) -> Tensor:
    """The gradient of weight · mean (‖slope‖ − 1)² at the slopes (..., n, d)."""
    lengths = (slopes.square().sum(-1, keepdim=True) + 1e-12).sqrt_()
    return slopes * (2 * weight / slopes.shape[-2] * (1 - 1 / lengths))


PULLS = {objectives.zero_centered: _zero_centered, objectives.one_centered: _one_centered}


# weights of a net above which autograd's bookkeeping no longer counts, and several threads are worth their while
LARGE = 200_000


# -- the step --------------------------------------------------------------------------------------------------------
class FastGAN:
    """Stands in for a GAN within its step, with update_discriminator and update_generator of its own.

    They return what the GAN's return, to rounding, but that the fakes come without a graph of autograd's: in its place
    is what the way back needs. They compute in one thread: nets this small gain next to nothing from a second one, lose
    everything when another process wants its core, and so give the same numbers whatever the number of cores. Like
    autograd's, the gradients in `.grad` are new tensors in each step. Weights must not change between the two halves
    of a step.
    """

    def __init__(self, gan, generator: MLP, discriminator: MLP, game: Game):
        self.gan, self.generator, self.discriminator, self.game = gan, generator, discriminator, game

    @classmethod
    def of(cls, gan) -> "FastGAN | None":
        """The fast step of a GAN as it is now; None where that needs autograd."""
        game = GAMES.get(gan.loss.name)
        if (
            game is None
            or gan.loss is not objectives.LOSSES.get(gan.loss.name)
            or gan.packing > 1
            or gan.unroll
            or gan.augmentation is not None
            or gan.device.type != "cpu"
            or torch.is_autocast_enabled("cpu")
            or nn.modules.module._has_any_global_hook()
        ):
            return None
        generator, discriminator = MLP.of(gan.generator), MLP.of(gan.discriminator)
        if generator is None or discriminator is None or generator.stacked != discriminator.stacked:
            return None
        if max(sum(p.numel() for p in net.parameters) for net in (generator, discriminator)) > LARGE:
            return None
        penalties = [objectives.PENALTIES[name] for name in gan.penalties]
        curved = any(activation is SILU for *_, activation in discriminator.layers)
        if penalties and (curved or any(penalty.function not in PULLS for penalty in penalties)):
            return None
        for name, mlp in (("generator", generator), ("discriminator", discriminator)):
            if not _all_trained(mlp.parameters, gan.optimizers[name]):
                return None
        return cls(gan, generator, discriminator, game)

    @torch.no_grad()
    @one_thread()
    def update_discriminator(self, real: Tensor, measure: bool = True) -> tuple[tuple[Tensor, Passed], dict]:
        """D's half of a step on real samples (N, d) or (S, N, d), as in GAN."""
        gan, d = self.gan, self.discriminator
        n = real.shape[-2]
        fakes = self.generator.forward(gan.noise(n, training=True))
        penalties = self._penalties()
        rows = [real, fakes[0]]
        if any(penalty.where == "between" for penalty, _ in penalties):
            t = gan.draw(lambda stream: torch.rand(n, generator=stream, dtype=real.dtype))
            rows.append(objectives.interpolate(real, fakes[0], t))
        logits, passed = d.forward(torch.cat(rows, dim=-2))
        logits = logits.squeeze(-1)
        judged = logits[..., : 2 * n] if len(rows) > 2 else logits
        loss, g = self.game.discriminator(judged, n, gan.loss.pairs)
        if len(rows) > 2:
            g = F.pad(g, (0, n))
        extras = [
            d.penalise(passed, PLACES[penalty.where](n), functools.partial(PULLS[penalty.function], weight=weight))
            for penalty, weight in penalties
        ]
        _step(gan.optimizers["discriminator"], d.parameters, d.backward(g.unsqueeze(-1), passed, extras))
        values = {"loss_d": loss}
        if measure:
            values["d_real"] = judged[..., :n].sigmoid().mean(-1)
            values["d_fake"] = judged[..., n:].sigmoid().mean(-1)
        return fakes, values

    @torch.no_grad()
    @one_thread()
    def learn(self, real: Tensor, fake: Tensor) -> Tensor:
        """One update of D on these samples, without penalties; returns its loss."""
        logits, passed = self.discriminator.forward(torch.cat([real, fake], dim=-2))
        loss, g = self.game.discriminator(logits.squeeze(-1), real.shape[-2], self.gan.loss.pairs)
        d = self.discriminator
        _step(self.gan.optimizers["discriminator"], d.parameters, d.backward(g.unsqueeze(-1), passed))
        return loss

    def _penalties(self) -> list[tuple[objectives.Penalty, float]]:
        gan = self.gan
        if not gan.penalties or gan._number % gan.penalty_every:
            return []
        return [(objectives.PENALTIES[name], weight * gan.penalty_every) for name, weight in gan.penalties.items()]

    @torch.no_grad()
    @one_thread()
    def update_generator(self, real: Tensor, fakes: tuple[Tensor, Passed]) -> dict[str, Tensor]:
        """G's half of a step, through D as it is now, on the fakes of D's half."""
        g, d = self.generator, self.discriminator
        fake, passed = fakes
        real_logits = d.forward(real)[0].squeeze(-1) if self.gan.loss.pairs else None
        logits, judged = d.forward(fake)
        loss, slope = self.game.generator(real_logits, logits.squeeze(-1))
        slope = d.slope(slope.unsqueeze(-1), judged)
        _step(self.gan.optimizers["generator"], g.parameters, g.backward(slope, passed))
        return {"loss_g": loss}


PLACES = {
    "real": lambda n: slice(0, n),
    "fake": lambda n: slice(n, 2 * n),
    "between": lambda n: slice(2 * n, 3 * n),
}


def _all_trained(parameters: list[Tensor], optimizer: torch.optim.Optimizer) -> bool:
    """Whether an optimiser trains these parameters and no others, and nobody waits for gradients on their way."""
    if len(optimizer.param_groups) > 1 or len(optimizer.param_groups[0]["params"]) != len(parameters):
        return False
    for p, mine in zip(optimizer.param_groups[0]["params"], parameters, strict=True):
        if p is not mine or not p.requires_grad or not p.is_contiguous():
            return False
        if p._backward_hooks or p._post_accumulate_grad_hooks:
            return False
    return True


def _step(optimizer: torch.optim.Optimizer, parameters: list[Tensor], gradients: list[Tensor]) -> None:
    """optimizer.step() with these gradients. Where it is fused Adam, on the way that leads straight to its kernel."""
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    group, state = optimizer.param_groups[0], optimizer.state
    if (
        type(optimizer) is not torch.optim.Adam
        or not group["fused"]
        or group["amsgrad"]
        or group["maximize"]
        or group["weight_decay"]
        or len(state) < len(parameters)  # the first step makes the averages
        or "step" in optimizer.__dict__
        or optimizer._optimizer_step_pre_hooks
        or optimizer._optimizer_step_post_hooks
    ):
        optimizer.step()
        return
    slots = [state[parameter] for parameter in parameters]
    steps = [slot["step"] for slot in slots]
    bases = [step._base for step in steps]
    counter = bases[0]
    if counter is None or counter.shape != (len(steps),) or {*map(id, bases)} != {id(counter)}:
        # one counter, of which each parameter has a place as its own: one addition instead of many
        counter = torch.stack(steps)
        steps = list(counter.unbind())
        for slot, step in zip(slots, steps, strict=True):
            slot["step"] = step
    counter += 1
    with without_subnormals():
        torch._fused_adam_(
            parameters,
            gradients,
            [slot["exp_avg"] for slot in slots],
            [slot["exp_avg_sq"] for slot in slots],
            [],
            steps,
            amsgrad=False,
            lr=group["lr"],
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            weight_decay=0.0,
            eps=group["eps"],
            maximize=False,
            grad_scale=None,
            found_inf=None,
        )

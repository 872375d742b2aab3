"""Adversarial losses, gradient penalties and the terms of the ELBO, as pure functions.

Discriminators return logits ℓ, never probabilities: D(x) = σ(ℓ). Logits have shape (..., N), with N samples in the
last place; each function returns the mean over them, shape (...). So one function serves a single GAN, logits (N,),
and an ensemble of S GANs, logits (S, N).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F

Tensor = torch.Tensor


@dataclass(frozen=True)
class Loss:
    """One adversarial game: both players *minimise* their function of the logits on real and fake samples.

    `pairs` says that the generator's loss looks at the real logits too (the others get None there).
    """

    name: str
    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor | None, Tensor], Tensor]
    pairs: bool = False


def _cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    return F.softplus(-real).mean(-1) + F.softplus(fake).mean(-1)


minimax = Loss("minimax", _cross_entropy, lambda real, fake: -F.softplus(fake).mean(-1))
"""Goodfellow et al. 2014, eq. 1: the generator minimises E log(1 − D(G(z))), the saturating loss."""

non_saturating = Loss("non_saturating", _cross_entropy, lambda real, fake: F.softplus(-fake).mean(-1))
"""Goodfellow et al. 2014, section 3: the generator minimises −E log D(G(z))."""

hinge = Loss(
    "hinge",
    lambda real, fake: F.relu(1 - real).mean(-1) + F.relu(1 + fake).mean(-1),
    lambda real, fake: -fake.mean(-1),
)
"""Lim & Ye 2017; Miyato et al. 2018."""

wasserstein = Loss("wasserstein", lambda real, fake: fake.mean(-1) - real.mean(-1), lambda real, fake: -fake.mean(-1))
"""Arjovsky, Chintala & Bottou 2017. The critic must be kept Lipschitz: add a penalty or spectral norm."""

relativistic = Loss(
    "relativistic",
    lambda real, fake: F.softplus(fake - real).mean(-1),
    lambda real, fake: F.softplus(real - fake).mean(-1),
    pairs=True,
)
"""Jolicoeur-Martineau 2019, paired: each real sample is compared with one fake (RpGAN in Huang et al. 2024)."""

LOSSES = {loss.name: loss for loss in (minimax, non_saturating, hinge, wasserstein, relativistic)}


def interpolate(real: Tensor, fake: Tensor, t: Tensor) -> Tensor:
    """Points on the segments between paired samples; t in [0, 1] has the shape of their logits, (..., N)."""
    t = t.reshape(*t.shape, *[1] * (real.ndim - t.ndim))
    return real + t * (fake - real)


def squared_gradient(logits: Tensor, x: Tensor) -> Tensor:
    """‖∇ₓ ℓ(x)‖² of each sample: logits (..., N) computed from x (..., N, *features) with x.requires_grad → (..., N).

    The result can be differentiated again (double backward).
    """
    (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return gradient.flatten(logits.ndim).square().sum(-1) if x.ndim > logits.ndim else gradient.square()


def zero_centered(logits: Tensor, x: Tensor, weight: float) -> Tensor:
    """weight / 2 · E‖∇ℓ‖²: R1 on real samples, R2 on fakes, weight = γ (Mescheder et al. 2018, section 4.1)."""
    return weight / 2 * squared_gradient(logits, x).mean(-1)


def one_centered(logits: Tensor, x: Tensor, weight: float) -> Tensor:
    """weight · E(‖∇ℓ‖ − 1)²: the gradient penalty of WGAN-GP (Gulrajani et al. 2017, eq. 3)."""
    # the square root has an infinite slope at 0, hence the tiny number
    return weight * ((squared_gradient(logits, x) + 1e-12).sqrt() - 1).square().mean(-1)


@dataclass(frozen=True)
class Penalty:
    """A gradient penalty: where it is taken ('real', 'fake', or 'between') and its function."""

    name: str
    where: str
    function: Callable[[Tensor, Tensor, float], Tensor]


PENALTIES = {
    penalty.name: penalty
    for penalty in (
        Penalty("r1", "real", zero_centered),
        Penalty("r2", "fake", zero_centered),
        Penalty("gradient_penalty", "between", one_centered),
        Penalty("zero_centered", "between", zero_centered),  # Thanh-Tung et al. 2019
    )
}


# names for a person → the penalties that are taken together: what menus offer, and each penalty by its own name
PENALTY_SETS = {
    "none": (),
    "r1": ("r1",),
    "r2": ("r2",),
    "r1 + r2": ("r1", "r2"),
    "gradient penalty": ("gradient_penalty",),
    "zero-centred": ("zero_centered",),
}
PENALTY_MENU = tuple(PENALTY_SETS)
PENALTY_SETS |= {name: (name,) for name in PENALTIES}


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, diag σ²) ‖ N(0, I)) = ½ Σ (μ² + σ² − 1 − log σ²) in nats; (N, Z) and (N, Z) → (N,).

    Kingma & Welling 2014, appendix B. The second argument is log σ², the log of the variance.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1)


def bernoulli_log_likelihood(logits: Tensor, x: Tensor) -> Tensor:
    """log p(x) in nats when each pixel is a coin with the given logit, x of 0 and 1; (N, ...) → (N,).

    For grey x between 0 and 1 it is a cross-entropy, which may be minimised, but no log probability.
    """
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(-1)


def gaussian_log_likelihood(mean: Tensor, x: Tensor, std: float = 1.0) -> Tensor:
    """log N(x; mean, std² I) in nats, (N, ...) → (N,)."""
    error = ((x - mean) / std).flatten(1)
    constant = math.log(2 * math.pi) + 2 * math.log(std)
    return -0.5 * (error.square().sum(-1) + error.shape[1] * constant)


@dataclass(frozen=True)
class Likelihood:
    """p(x|z) of a VAE's decoder: log_probability(output, x) → (N,) in nats, mean(output) → E[x|z], and the range of
    what x may be."""

    name: str
    log_probability: Callable[[Tensor, Tensor], Tensor]
    mean: Callable[[Tensor], Tensor]
    low: float = -math.inf
    high: float = math.inf


LIKELIHOODS = {
    likelihood.name: likelihood
    for likelihood in (
        Likelihood("bernoulli", bernoulli_log_likelihood, torch.sigmoid, 0.0, 1.0),
        Likelihood("gaussian", gaussian_log_likelihood, lambda mean: mean),
    )
}

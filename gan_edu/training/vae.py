"""Variational autoencoders, trained by maximising the ELBO."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from gan_edu import objectives
from gan_edu.nets import evaluating
from gan_edu.settings import Any, Checked, Flag, Number, Whole, near, setting
from gan_edu.training.doubts import of_outliers, trying
from gan_edu.training.model import BETAS, RATE, SEED, Model, deep_copy, given, takes

Tensor = torch.Tensor


def _likelihood(value):
    if isinstance(value, str):
        if value not in objectives.LIKELIHOODS:
            known = objectives.LIKELIHOODS
            raise ValueError(f"There is no likelihood {value!r}; there are: {', '.join(known)}.{near(value, known)}")
        return value
    for name, likelihood in objectives.LIKELIHOODS.items():
        if value in (likelihood, likelihood.log_probability):
            return name
    if not callable(value) and not isinstance(value, objectives.Likelihood):
        raise TypeError(
            f"log_likelihood is a name ({', '.join(objectives.LIKELIHOODS)}) or a function of the decoder's output and "
            f"the data; got {value!r}."
        )
    return value


@dataclass(frozen=True)
class VAESettings(Checked):
    """How a VAE is trained; VAE says what each setting means."""

    beta: float = setting(1.0, Number(0), "weight of the KL term")
    lr: float = setting(1e-3, RATE, "learning rate")
    betas: tuple[float, float] = setting((0.9, 0.999), BETAS, "decays of Adam's averages")
    log_likelihood: str | Callable = setting("bernoulli", Any(_likelihood), "log p(x|z) of the decoder")
    seed: int = setting(0, SEED, "of the random numbers")
    device: str | torch.device | None = setting(None, Any(), "where to compute, as gan_edu.device.pick says")
    sure: bool = setting(False, Flag(), "no warnings about what is usually a mistake")

    def to_json(self) -> dict:
        """What a file holds of them: all but the device. Raises ValueError for a likelihood of one's own."""
        values = self.to_dict()
        del values["device"]
        if not isinstance(self.log_likelihood, str):
            raise ValueError("A log_likelihood of your own can't be stored in a file; save the recording alone.")
        return values


@takes(VAESettings)
class VAE(Model):
    """Trains a net with encode(x) and forward(x, noise) like nets.VAE by maximising the (β-)ELBO.

    log_likelihood: "bernoulli" for data in [0, 1], whose decoder gives logits; "gaussian" for data of any size (tables,
    standardised), whose decoder gives means, with standard deviation 1; or a function of the decoder's output and x
    (N, *shape) → (N,), for instance functools.partial(objectives.gaussian_log_likelihood, std=0.1).

    Measures, in nats per sample: `loss` = −(reconstruction − β·KL), `reconstruction` = E log p(x|z), `kl`.
    Kingma & Welling 2014; β: Higgins et al. 2017.

    Raises ValueError and TypeError, in one sentence, for settings and nets that can't be used.
    """

    def __init__(self, net: nn.Module, settings: VAESettings | None = None, *, doubts: Sequence[str] = (), **changes):
        settings = given(VAESettings, settings, changes)
        super().__init__({"vae": net}, settings, doubts)
        if not hasattr(net, "latent_dim"):
            raise TypeError(
                "A VAE's net needs forward(x, noise), decode(z) and latent_dim, like gan_edu.nets.VAE; this "
                f"{type(net).__name__} has no latent_dim."
            )
        log_p = settings.log_likelihood
        if isinstance(log_p, str):
            self.likelihood = objectives.LIKELIHOODS[log_p]
        else:
            own = isinstance(log_p, objectives.Likelihood)
            self.likelihood = log_p if own else objectives.Likelihood("your own", log_p, lambda out: out)
        self.beta = settings.beta
        self.optimizers = {"vae": self._adam("vae", settings.lr)}

    @property
    def net(self) -> nn.Module:
        return self.nets["vae"]

    def copy(self, **changes) -> "VAE":
        other = type(self)(deep_copy(self.net), self.settings.with_(**changes), doubts=self.doubts)
        other._take_over(self, ("vae",))
        return other

    def noise(self, n: int, training: bool = False) -> Tensor:
        """Fresh z ~ N(0, I), (n, latent_dim); streams as in GAN.noise."""
        return self.draw(lambda g: torch.randn(n, self.net.latent_dim, generator=g, dtype=self.dtype), training)

    def check_data(self, example: Tensor) -> None:
        shape = getattr(self.net, "shape", example.shape[1:])
        if tuple(example.shape[1:]) != tuple(shape):
            raise ValueError(
                f"The VAE takes samples of shape {tuple(shape)}, the data have {tuple(example.shape[1:])}."
            )
        noise = torch.zeros(len(example), self.net.latent_dim, device=self.device, dtype=self.dtype)
        with trying(self.net):
            log_p = self.likelihood.log_probability(self.net(example, noise)[0], example)
        if log_p.shape != (len(example),):
            raise ValueError(
                f"log_likelihood must give one number for each sample, ({len(example)},); got {tuple(log_p.shape)}. "
                "Sum over the features."
            )

    @property
    def lowest_pixel(self) -> float:
        return max(-1.0, self.likelihood.low)

    def check_values(self, data: Tensor) -> None:
        low, high = self.likelihood.low, self.likelihood.high
        if data.min() < low or data.max() > high:
            bad = ((data < low) | (data > high)).flatten(1).any(1)
            raise ValueError(
                f"A VAE with a Bernoulli decoder takes pixels in [0, 1] (use .tensor(low=0.0), or "
                f'log_likelihood="gaussian" for other numbers); {int(bad.sum())} of {len(data)} samples hold others, '
                f"the first is number {int(bad.nonzero()[0])}."
            )
        if doubt := of_outliers(data) if high > 1 else None:
            self.doubt(doubt)

    @torch.no_grad()
    def sample(self, n: int | Tensor, batch: int = 1000) -> Tensor:
        """Decode n draws from the prior (or the latent points given): means of p(x|z), (n, *shape), in batches, in
        evaluation mode. A log_likelihood of your own has no known mean: then these are the decoder's outputs."""
        if not isinstance(n, Tensor):
            n = Whole(1).check(n, "The number of samples")
        z = n.to(self.device) if isinstance(n, Tensor) else self.noise(n)
        with evaluating(self.net):
            return torch.cat([self.likelihood.mean(self.net.decode(part)) for part in z.split(batch)])

    @functools.cached_property
    def draws_nothing(self) -> bool:
        return super().draws_nothing and self.likelihood in objectives.LIKELIHOODS.values()

    def update(self, batch: Callable[[], Tensor], measure: bool = True) -> dict[str, Tensor]:
        with self.own_randomness(batch):
            x = batch()
            out, mean, log_variance = self.net(x, self.noise(len(x), training=True))
            reconstruction = self.likelihood.log_probability(out, x).mean()
            kl = objectives.gaussian_kl(mean, log_variance).mean()
            loss = self.beta * kl - reconstruction
            self.optimizers["vae"].zero_grad(set_to_none=True)
            loss.backward()
            self.optimizers["vae"].step()
        return {"loss": loss.detach(), "reconstruction": reconstruction.detach(), "kl": kl.detach()}

"""Questions of chapter 35: KL between Gaussians, one ELBO, importance weights, which numbers collapse, four reports."""

import math

import torch

from gan_edu.checks.engine import NotYet, describe, discussion, question, value_of
from gan_edu.checks.probes import expect_gradient_at


def _gaussians(rows, numbers):
    return (
        torch.randn(rows, numbers),
        torch.randn(rows, numbers),
        torch.randn(rows, numbers),
        torch.randn(rows, numbers),
    )


@question(
    "From any Gaussian to any other",
    hints=(
        "One number of the code first: E_q[log q − log p]. You need E_q[(z − mean_p)²], and that is "
        "σ_q² + (mean_q − mean_p)².",
        "For one number: ½ (log σ_p² − log σ_q² + (σ_q² + (mean_q − mean_p)²) / σ_p² − 1). You are given log σ², so "
        "two exp are enough.",
        "0.5 * (log_p - log_q + (log_q.exp() + (mean_q - mean_p)**2) / log_p.exp() - 1), summed over dim=1.",
    ),
    insight="With mean_p = 0 and log_p = 0 it is the VAE's price. And it is no distance: swap q and p, and you get "
    "another number.",
    probes=lambda: [
        (torch.tensor([[1.0]]), torch.tensor([[0.0]]), torch.tensor([[0.0]]), torch.tensor([[math.log(4.0)]])),
        (torch.tensor([[2.0, 0.0]]), torch.zeros(1, 2), torch.zeros(1, 2), torch.zeros(1, 2)),
        _gaussians(5, 3),
        _gaussians(4, 4),
    ],
)
def gaussian_kl(mean_q, log_q, mean_p, log_p):
    shift = (mean_q - mean_p).square()
    return 0.5 * (log_p - log_q + (log_q.exp() + shift) / log_p.exp() - 1).sum(dim=1)


@gaussian_kl.misconception("the two swapped: asked for is KL(q ‖ p), the mean is taken over draws from q.")
def _swapped(mean_q, log_q, mean_p, log_p):
    return 0.5 * (log_q - log_p + (log_p.exp() + (mean_q - mean_p) ** 2) / log_q.exp() - 1).sum(1)


@gaussian_kl.misconception("the sign turned round. A KL is never negative: it is 0 for equal Gaussians, else positive.")
def _kl_sign(mean_q, log_q, mean_p, log_p):
    return -0.5 * (log_p - log_q + (log_q.exp() + (mean_q - mean_p) ** 2) / log_p.exp() - 1).sum(1)


@gaussian_kl.misconception("the price against N(0, I), whatever p is. Here p has a mean and a variance of its own.")
def _p_ignored(mean_q, log_q, mean_p, log_p):
    return 0.5 * (mean_q**2 + log_q.exp() - 1 - log_q).sum(1)


@gaussian_kl.misconception("the factor ½ missing; it belongs to every term.")
def _missing_half(mean_q, log_q, mean_p, log_p):
    return (log_p - log_q + (log_q.exp() + (mean_q - mean_p) ** 2) / log_p.exp() - 1).sum(1)


@gaussian_kl.misconception("log σ taken for what you are given. It is log σ²: exp of it is the variance, not squared.")
def _log_var_as_log_std(mean_q, log_q, mean_p, log_p):
    var_q, var_p = (2 * log_q).exp(), (2 * log_p).exp()
    return 0.5 * (2 * log_p - 2 * log_q + (var_q + (mean_q - mean_p) ** 2) / var_p - 1).sum(1)


@gaussian_kl.misconception()
def _log_var_as_log_std(mean_q, log_q, mean_p, log_p):
    var_q, var_p = (2 * log_q).exp(), (2 * log_p).exp()
    return 0.5 * (log_p - log_q + (var_q + (mean_q - mean_p) ** 2) / var_p - 1).sum(1)


@gaussian_kl.misconception(
    "a mean over the numbers of the code. Their prices add up: a code of 16 numbers costs 16 of them."
)
def _mean_instead_of_sum(mean_q, log_q, mean_p, log_p):
    return 0.5 * (log_p - log_q + (log_q.exp() + (mean_q - mean_p) ** 2) / log_p.exp() - 1).mean(1)


@gaussian_kl.misconception(
    "a sum over the pictures (dim=0). Each row is one picture: sum along dim=1, N numbers are left."
)
def _mean_over_wrong_axis(mean_q, log_q, mean_p, log_p):
    return 0.5 * (log_p - log_q + (log_q.exp() + (mean_q - mean_p) ** 2) / log_p.exp() - 1).sum(0)


@gaussian_kl.misconception("the distance of the means undivided: it counts in units of p's variance.")
def _shift_undivided(mean_q, log_q, mean_p, log_p):
    return 0.5 * (log_p - log_q + (log_q - log_p).exp() + (mean_q - mean_p) ** 2 - 1).sum(1)


def _square_decoder(z):
    """Code (N, 1) → picture (N, 2): a point on a parabola."""
    return torch.cat([z, z**2], dim=1)


def _elbo_probe(rows, noise_std):
    x = torch.randn(rows, 2)
    return x, torch.randn(rows, 1), torch.randn(rows, 1) - 1, _square_decoder, noise_std, torch.randn(rows, 1)


@question(
    "One draw, one bound",
    hints=(
        "Three parts: a point of the cloud, the log density of x around what the decoder gives, minus the KL.",
        "log N(x; g, s²) for one number is −(x − g)² / (2 s²) − log s − ½ log 2π. Sum it over the numbers of x.",
        "z = mean + (0.5 * log_variance).exp() * noise; log_p = (-0.5 * ((x - decode(z)) / s)**2 - math.log(s) - "
        "0.5 * math.log(2 * math.pi)).sum(1); then minus ½ Σ (μ² + σ² − 1 − log σ²), summed over dim=1, too.",
    ),
    insight="The constant −log s − ½ log 2π changes no gradient as long as s is fixed. Without it, though, the number "
    "bounds nothing, and bounds with different s can't be compared.",
    probes=lambda: [
        (
            torch.tensor([[1.0, 1.0]]),
            torch.tensor([[0.5]]),
            torch.tensor([[-1.0]]),
            _square_decoder,
            0.5,
            torch.tensor([[1.0]]),
        ),
        _elbo_probe(4, 1.0),
        _elbo_probe(3, 0.2),
        _elbo_probe(2, 2.0),
    ],
)
def elbo(x, mean, log_variance, decode, s, noise):
    z = mean + (0.5 * log_variance).exp() * noise
    log_likelihood = -0.5 * ((x - decode(z)) / s).square() - math.log(s) - 0.5 * math.log(2 * math.pi)
    price = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
    return log_likelihood.sum(dim=1) - price.sum(dim=1)


def _elbo_with(
    x, mean, log_variance, decode, s, noise, z=None, sign=1.0, constant=True, scale=None, reduce="sum", beta=1.0
):
    """The right answer, with switches for what may go wrong."""
    z = mean + (0.5 * log_variance).exp() * noise if z is None else z
    each = -0.5 * (x - decode(z)) ** 2 / (s**2 if scale is None else scale)
    if constant:
        each = each - math.log(s) - 0.5 * math.log(2 * math.pi)
    price = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
    total = (lambda table: table.mean(1)) if reduce == "mean" else (lambda table: table.sum(1))
    return sign * (total(each) - beta * total(price))


@elbo.misconception("the constant missing: log N(x; g, s²) also holds −log s − ½ log 2π for each number of x.")
def _no_constant(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, constant=False)


@elbo.misconception()
def _no_constant(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise) + x.shape[1] * 0.5 * math.log(2 * math.pi)


@elbo.misconception()
def _no_constant(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise) + x.shape[1] * math.log(s)


@elbo.misconception(
    "a plain squared error, as if s were 1 (or ½ s² were): the error is divided by 2 s². That is where s decides what "
    "dies."
)
def _noise_ignored(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, scale=1.0, constant=False)


@elbo.misconception()
def _noise_ignored(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, scale=0.5, constant=False)


@elbo.misconception()
def _noise_ignored(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, scale=1.0)


@elbo.misconception("s taken for a variance: it is the standard deviation, so the error is divided by 2 s².")
def _std_instead_of_variance(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, scale=s)


@elbo.misconception()
def _std_instead_of_variance(x, mean, log_variance, decode, s, noise):
    right = _elbo_with(x, mean, log_variance, decode, s, noise, scale=s)
    return right + x.shape[1] * 0.5 * math.log(s)


@elbo.misconception("the price added. It is what the code costs, so it is subtracted from the log likelihood.")
def _kl_sign(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, beta=-1.0)


@elbo.misconception("a loss, −ELBO. Asked for is the bound itself, the larger the better.")
def _negated(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, sign=-1.0)


@elbo.misconception(
    "means over pixels and over the numbers of the code: that is a β-VAE with a β that nobody has chosen. Sum both."
)
def _mean_instead_of_sum(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, reduce="mean")


@elbo.misconception(
    "a code without noise, mean · exp(log σ²) or the mean itself. Then the price belongs to a cloud that nobody draws "
    "from, and the number is no bound."
)
def _no_noise(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, z=mean * log_variance.exp())


@elbo.misconception()
def _no_noise(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, z=mean)


@elbo.misconception("σ² where σ belongs: the noise is stretched by exp of the half of log σ².")
def _variance_instead_of_std(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, z=mean + log_variance.exp() * noise)


@elbo.misconception("one number for the whole batch. Asked for is one bound for each data point, shape (N,).")
def _averaged_over_the_batch(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise).mean()


@elbo.misconception()
def _averaged_over_the_batch(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise).sum()


@elbo.test
def _(learner):
    x, mean, log_variance, decode, s, noise = _elbo_probe(3, 0.5)
    mean.requires_grad_(), log_variance.requires_grad_()
    value = value_of(learner, x, mean, log_variance, decode, s, noise, shape=(3,))
    expect_gradient_at(value, {"mean": mean, "log variance": log_variance})


@question(
    "Many draws, a tighter bound",
    hints=(
        "Average the weights, then take the logarithm. You are given logarithms of weights.",
        "log of (1/k) Σ w_i is logsumexp of the log weights, minus log k. exp by itself would give 0 for −800.",
        "log_weights.logsumexp(dim=0) - math.log(len(log_weights))",
    ),
    insight="One draw gives back the ELBO's estimate, and more draws can only raise its mean. Never average over the "
    "data points before the logarithm.",
    probes=lambda: [
        (torch.tensor([[0.0, -2.0], [math.log(3.0), -2.0]]),),
        (torch.randn(1, 3),),
        (4 * torch.randn(6, 4) - 3,),
        (torch.randn(5, 5),),
        (torch.randn(8, 2) - 800.0,),
    ],
)
def tighter_bound(log_weights):
    return torch.logsumexp(log_weights, dim=0) - math.log(len(log_weights))


@tighter_bound.misconception("the mean of the logarithms. That is the ELBO again, with less noise but no tighter.")
def _mean_of_logs(log_weights):
    return log_weights.mean(0)


@tighter_bound.misconception("a sum of the weights in the place of their mean: − log k is missing.")
def _sum_of_weights(log_weights):
    return log_weights.logsumexp(0)


@tighter_bound.misconception("the wrong direction: rows are draws, columns are data points. The mean goes along dim=0.")
def _mean_over_wrong_axis(log_weights):
    return log_weights.logsumexp(1) - math.log(log_weights.shape[1])


@tighter_bound.misconception()
def _mean_over_wrong_axis(log_weights):
    return log_weights.logsumexp(1) - math.log(len(log_weights))


@tighter_bound.misconception(
    "weights that underflow: exp(−800) is 0, and its logarithm −∞. logsumexp takes the largest one out first."
)
def _underflow(log_weights):
    return log_weights.exp().mean(0).log()


@tighter_bound.misconception("the best draw in the place of the mean over draws. It lies above, so it bounds nothing.")
def _best_draw(log_weights):
    return log_weights.max(0).values


@tighter_bound.misconception("one number for all data points. Asked for is one bound for each column, shape (N,).")
def _averaged_over_the_batch(log_weights):
    return (log_weights.logsumexp(0) - math.log(len(log_weights))).mean()


@tighter_bound.misconception()
def _averaged_over_the_batch(log_weights):
    return log_weights.flatten().logsumexp(0) - math.log(log_weights.numel())


@question(
    "Who dies?",
    hints=(
        "For each variance λ compare with β s². s is the standard deviation of the decoder's noise.",
        "Alive if λ > β s², and then the price is ½ log(λ / (β s²)). What does this formula give for λ below, and what "
        "should stand there?",
        "0.5 * (variances / (beta * s**2)).log(), and everything below 0 becomes 0: .clamp(min=0).",
    ),
    insight="β and s² occur only as a product. Whoever doubles β in a VAE with fixed noise has made the noise √2 times "
    "as wide, and nothing else.",
    probes=lambda: [
        (torch.tensor([4.0, 2.0, 1.0, 0.5, 0.25]), 0.5, 1.0),
        (torch.tensor([4.0, 2.0, 1.0, 0.5, 0.25]), 0.5, 6.0),
        (torch.tensor([3.0, 0.1]), 1.5, 1.0),
        (torch.rand(6) * 3, 0.8, 2.5),
    ],
)
def prices(variances, s, beta):
    return (0.5 * (variances / (beta * s**2)).log()).clamp(min=0)


@prices.misconception("negative prices. Below β s² the formula doesn't hold: such a number is dead, and costs 0.")
def _not_clamped(variances, s, beta):
    return 0.5 * (variances / (beta * s**2)).log()


@prices.misconception("β left out: it takes part in who dies, and in what the others cost.")
def _beta_ignored(variances, s, beta):
    return (0.5 * (variances / s**2).log()).clamp(min=0)


@prices.misconception()
def _beta_ignored(variances, s, beta):
    return torch.where(variances > beta * s**2, 0.5 * (variances / s**2).log(), 0.0)


@prices.misconception("s taken for a variance: it is the standard deviation, so s² stands under λ.")
def _std_instead_of_variance(variances, s, beta):
    return (0.5 * (variances / (beta * s)).log()).clamp(min=0)


@prices.misconception("β on the wrong side: a stronger pull kills more, so it goes with s², under λ.")
def _beta_on_the_wrong_side(variances, s, beta):
    return (0.5 * (beta * variances / s**2).log()).clamp(min=0)


@prices.misconception("the factor ½ missing.")
def _missing_half(variances, s, beta):
    return (variances / (beta * s**2)).log().clamp(min=0)


@prices.misconception("a count or a list of yes and no. Asked for is the price of each number, in nats.")
def _alive_or_dead(variances, s, beta):
    return (variances > beta * s**2).float()


@prices.misconception()
def _alive_or_dead(variances, s, beta):
    return (variances > beta * s**2).sum()


@prices.test
def _(learner):
    value = value_of(learner, torch.tensor([2.0, 1.0]), 1.0, 1.0, shape=(2,))
    if value[1] != 0:
        raise NotYet("a price of 0 for λ = β s²", describe(value[1]), on="variances = (2, 1), s = 1, β = 1")


@discussion(
    "Four messages",
    hints=(
        "Which of the numbers is a bound, of what, and on which data? Which of them may be positive?",
        "Two bounds differ by the models' likelihoods *and* by their gaps.",
        "What happens to −‖x − g‖² / (2 s²) when s is made small? And what if s is the same in both models, but one of "
        "them works on pixels from 0 to 255?",
    ),
)
def four_messages():
    """1. Binary pixels have probabilities, at most 1, so log p(x) ≤ 0, and so is every lower bound of it. +35 is a
    mistake: perhaps grey pixels, a price with the wrong sign, or a missing minus.

    2. Not shown. −92 and −95 may be the same likelihood with gaps of different size: a wider family of q closes the
    gap and leaves the model as it is. Ask for L_k with a large k on the same test data, for both.

    3. log p(x) is a density, and a density has units. Dividing the pixels by 255 adds 784 · ln 255 ≈ 4,344 nats to the
    same model. Only bounds on data in the same units (and of the same kind: binary with binary) can be compared.

    4. Look at the noise first. With a fixed s² a direction whose variance is below β s² is dead in the best model there
    is, with or without a bound. Learn s², or make it smaller; check that losses are summed, not averaged. Only if
    numbers still die where λ > β s² one would look at the training itself: the encoder's learning rate, a β that is
    raised slowly, a decoder that doesn't need the code."""

"""Questions of chapter 44: the loss, the noise behind a squared error, a fitted noise, what a code tells, a report."""

import math

import torch
import torch.nn.functional as F

from gan_edu.checks.engine import NotYet, discussion, question, value_of
from gan_edu.checks.probes import expect_gradient_at

# --- the loss


def _loss_probes():
    def one(rows, pixels, numbers, beta):
        return (
            2 * torch.randn(rows, pixels),
            torch.rand(rows, pixels),
            torch.randn(rows, numbers),
            torch.randn(rows, numbers) - 1,
            beta,
        )

    return [one(3, 4, 2, 1.0), one(5, 12, 3, 2.5), one(1, 7, 4, 0.5)]


@question(
    "A VAE's loss",
    hints=(
        "Two numbers for each picture: what rebuilding it costs, and what its code costs (the KL). Add β times the "
        "second to the first, then average over the pictures.",
        "F.binary_cross_entropy_with_logits(logits, pictures, reduction='none') has shape (N, D): sum over dim=1. The "
        "KL is a sum over the code numbers, also dim=1.",
        "kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1), and then "
        "(rebuilding + beta * kl).mean().",
    ),
    insight="Only the pictures are averaged. If you also average over pixels or code numbers, you have chosen another "
    "β without saying so.",
    probes=_loss_probes,
)
def vae_loss(logits, pictures, mean, log_variance, beta):
    rebuilding = F.binary_cross_entropy_with_logits(logits, pictures, reduction="none").sum(dim=1)
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1)
    return (rebuilding + beta * kl).mean()


def _loss_with(logits, pictures, mean, log_variance, beta, pixels="sum", codes="sum", sign=1.0, half=0.5, lv=1.0):
    """The right answer, with switches for what may go wrong."""
    each = F.binary_cross_entropy_with_logits(logits, pictures, reduction="none")
    price = half * (mean**2 + (lv * log_variance).exp() - 1 - lv * log_variance)
    return (getattr(each, pixels)(1) + sign * beta * getattr(price, codes)(1)).mean()


@vae_loss.misconception(
    "a mean over the pixels. Their costs add up: 784 pixels cost 784 times as much as one. With a mean the KL "
    "outweighs them by far."
)
def _mean_over_pixels(*given):
    return _loss_with(*given, pixels="mean")


@vae_loss.misconception("a mean over the code numbers. Their costs add up.")
def _mean_over_codes(*given):
    return _loss_with(*given, codes="mean")


@vae_loss.misconception("means over pixels and code numbers: a hidden β. Only the pictures are averaged.")
def _mean_over_everything(*given):
    return _loss_with(*given, pixels="mean", codes="mean")


@vae_loss.misconception("a KL with the wrong sign: codes would be rewarded for being far from N(0, I), without end.")
def _kl_sign(*given):
    return _loss_with(*given, sign=-1.0)


@vae_loss.misconception("the bound itself. A loss is minimised, so it is *minus* the bound.")
def _bound_instead_of_loss(*given):
    return -_loss_with(*given)


@vae_loss.misconception("a KL without its factor ½.")
def _missing_half(*given):
    return _loss_with(*given, half=1.0)


@vae_loss.misconception("log σ² taken for log σ. The variance is exp(log_variance).")
def _log_var_as_log_std(*given):
    return _loss_with(*given, lv=2.0)


@vae_loss.misconception("no β: it multiplies the KL.")
def _forgets_beta(logits, pictures, mean, log_variance, beta):
    return _loss_with(logits, pictures, mean, log_variance, 1.0)


@vae_loss.misconception("β on the wrong part: it multiplies the KL, not the rebuilding.")
def _beta_on_rebuilding(logits, pictures, mean, log_variance, beta):
    return beta * _loss_with(logits, pictures, mean, log_variance, 1 / beta)


@vae_loss.misconception("a sum over the pictures. Then the loss grows with the batch: average over them.")
def _sum_over_pictures(*given):
    return len(given[0]) * _loss_with(*given)


@vae_loss.misconception("one sigmoid too many: binary_cross_entropy_with_logits has it inside.")
def _sigmoid_twice(logits, *rest):
    return _loss_with(logits.sigmoid(), *rest)


@vae_loss.misconception(
    "the logarithm of a sigmoid in two steps. At a logit of 200 the sigmoid is rounded to 1, and log(1 - "
    "p) is lost. …_with_logits does both at once."
)
def _log_of_sigmoid(logits, pictures, mean, log_variance, beta):
    p = logits.sigmoid()
    rebuilt = -(pictures * p.log() + (1 - pictures) * (1 - p).log()).sum(1)
    return (rebuilt + beta * 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)).mean()


@vae_loss.test
def _(learner):
    _, pictures, mean, log_variance, beta = _loss_probes()[0]
    logits = torch.full_like(pictures, 200.0)
    right = vae_loss.answer(logits, pictures, mean, log_variance, beta)
    got = value_of(learner, logits, pictures, mean, log_variance, beta)
    if not torch.isfinite(got).all() or not got.to(right.dtype).isclose(right, rtol=1e-4).all():
        raise NotYet(right, got, on="logits of 200 everywhere", looks_like="log_of_sigmoid")


@vae_loss.test
def _(learner):
    logits, pictures, mean, log_variance, beta = _loss_probes()[1]
    leaves = {"logits": logits, "mean": mean, "log_variance": log_variance}
    for leaf in leaves.values():
        leaf.requires_grad_()
    loss = value_of(learner, logits, pictures, mean, log_variance, beta)
    expect_gradient_at(loss, leaves)


# --- the noise behind a squared error


@question(
    "Which noise is that?",
    hints=(
        "Call the summed squared error S and the summed KL K. The loss is error_weight · S / D + kl_weight · K / Z. "
        "The honest one is S / (2 s²) + K. Both must be the same up to one factor.",
        "Divide the first by kl_weight / Z, so that K stands alone. The factor of S must now be 1 / (2 s²).",
        "1 / (2 s²) = error_weight · Z / (kl_weight · D). Solve for s.",
    ),
    insight="Four times as many pixels, twice the noise: the two cancel, because a mean over pixels doesn't know how "
    "many there are. So this hidden weight is the same for small and for large pictures.",
    probes=lambda: [(1.0, 1.0, 784, 100), (0.5, 1.0, 784, 16), (2.0, 3.0, 49, 10), (0.01, 5.0, 12288, 2)],
)
def assumed_noise(error_weight, kl_weight, D, Z):
    return math.sqrt(kl_weight * D / (2 * error_weight * Z))


@assumed_noise.misconception("the variance s². Asked for is the standard deviation s: take the root.")
def _variance_instead_of_std(error_weight, kl_weight, D, Z):
    return kl_weight * D / (2 * error_weight * Z)


@assumed_noise.misconception("a formula without the 2 in S / (2 s²).")
def _forgets_the_two(error_weight, kl_weight, D, Z):
    return math.sqrt(kl_weight * D / (error_weight * Z))


@assumed_noise.misconception("the inverse: the *more* the KL counts, the *larger* the noise.")
def _upside_down(error_weight, kl_weight, D, Z):
    return math.sqrt(2 * error_weight * Z / (kl_weight * D))


@assumed_noise.misconception()
def _upside_down(error_weight, kl_weight, D, Z):
    return math.sqrt(error_weight * Z / (2 * kl_weight * D))


@assumed_noise.misconception("sums where this loss has means: D and Z don't appear.")
def _ignores_the_means(error_weight, kl_weight, D, Z):
    return math.sqrt(kl_weight / (2 * error_weight))


@assumed_noise.misconception("D and Z swapped: the error is averaged over the D pixels, the KL over Z code numbers.")
def _sizes_swapped(error_weight, kl_weight, D, Z):
    return math.sqrt(kl_weight * Z / (2 * error_weight * D))


@assumed_noise.misconception("the two weights swapped: a *larger* weight of the error means *less* noise.")
def _weights_swapped(error_weight, kl_weight, D, Z):
    return math.sqrt(error_weight * D / (2 * kl_weight * Z))


# --- the loss at the best noise


def _fitted_probes():
    pictures = torch.rand(4, 6)
    far = torch.rand(3, 10)
    return [(pictures + 0.1 * torch.randn(4, 6), pictures), (far + torch.linspace(0.1, 2, 3)[:, None], far)]


@question(
    "The loss at the best noise",
    hints=(
        "First s²: one number for the whole batch, the mean squared error over all pixels of all pictures.",
        "Put it into the formula. The mean over pictures of ‖x − g‖² is D · s², so the first part becomes a number "
        "that you know.",
        "D / 2 · (1 + log(2π s²)), with s² = (outputs - pictures).square().mean().",
    ),
    insight="With the noise fitted, the loss contains the *logarithm* of the squared error. So halving the error is "
    "worth as many nats at the end of training as at its beginning.",
    probes=_fitted_probes,
)
def fitted_rebuilding(outputs, pictures):
    s2 = (outputs - pictures).square().mean()
    return outputs.shape[1] / 2 * (1 + (2 * math.pi * s2).log())


def _fitted(outputs, pictures, s2=None, one=1.0, inside=2 * math.pi, scale=None):
    s2 = (outputs - pictures).square().mean() if s2 is None else s2
    return (outputs.shape[1] / 2 if scale is None else scale) * (one + (inside * s2).log())


@fitted_rebuilding.misconception(
    "no first part. The squared errors don't vanish at the best noise: on average each pixel costs ½."
)
def _forgets_the_error(outputs, pictures):
    return _fitted(outputs, pictures, one=0.0)


@fitted_rebuilding.misconception("no 2π. It belongs to the density of a Gaussian, and without it this isn't one.")
def _forgets_two_pi(outputs, pictures):
    return _fitted(outputs, pictures, inside=1.0)


@fitted_rebuilding.misconception("one pixel's share. The loss of a picture is the sum over its D pixels.")
def _per_pixel(outputs, pictures):
    return _fitted(outputs, pictures, scale=0.5)


@fitted_rebuilding.misconception("s where s² belongs: the formula has the logarithm of the *variance*.")
def _std_instead_of_variance(outputs, pictures):
    return _fitted(outputs, pictures, s2=(outputs - pictures).square().mean().sqrt())


@fitted_rebuilding.misconception(
    "a noise of its own for each picture. Here all share one: average the squared error over pictures, too, before the "
    "logarithm."
)
def _noise_for_each_picture(outputs, pictures):
    return _fitted(outputs, pictures, s2=(outputs - pictures).square().mean(dim=1)).mean()


@fitted_rebuilding.misconception("the *sum* of the squared errors as s². The best s² is their mean.")
def _sum_as_variance(outputs, pictures):
    return _fitted(outputs, pictures, s2=(outputs - pictures).square().sum(dim=1).mean())


@fitted_rebuilding.misconception("the log density. The loss is minus that.")
def _log_density(outputs, pictures):
    return -_fitted(outputs, pictures)


@fitted_rebuilding.misconception("a noise of 1 instead of the best one.")
def _noise_of_one(outputs, pictures):
    return 0.5 * ((outputs - pictures).square().sum(1).mean() + outputs.shape[1] * math.log(2 * math.pi))


@fitted_rebuilding.test
def _(learner):
    outputs, pictures = _fitted_probes()[0]
    expect_gradient_at(value_of(learner, outputs.requires_grad_(), pictures), {"outputs": outputs})


# --- what a code tells


def _told_probes():
    near = torch.randn(4, 6, dtype=torch.float64)
    far = 5 * torch.randn(3, 8, dtype=torch.float64) - 1000
    rows = torch.tensor([[0.0], [-2000.0], [900.0]], dtype=torch.float64)  # one maximum for all rows isn't enough
    return [(near, torch.tensor([0, 3, 5, 3])), (far, torch.tensor([7, 0, 2])), (far + rows, torch.tensor([1, 4, 6]))]


@question(
    "How well does a code tell its picture?",
    hints=(
        "For each code two numbers: the log density of its own cloud (one entry of its row), and that of the mixture.",
        "The mixture's density is the *mean* of the N densities, not of their logarithms. log of a mean of "
        "exponentials: torch.logsumexp(log_q, dim=1) - math.log(N).",
        "own = log_q[torch.arange(len(log_q)), who], and then (own - log_q.logsumexp(1) + math.log(N)).mean().",
    ),
    insight="No code can tell more than log N nats, because there are only N pictures to tell apart. Whatever a code "
    "costs beyond that is mismatch between these N clouds and the prior.",
    probes=_told_probes,
    tol=1e-7,
)
def told(log_q, who):
    n, N = log_q.shape
    own = log_q[torch.arange(n), who]
    mixture = log_q.logsumexp(dim=1) - math.log(N)
    return (own - mixture).mean()


def _own(log_q, who):
    return log_q[torch.arange(len(log_q)), who]


@told.misconception("the mean of the logarithms. The mixture is a mean of *densities*: first exp, then mean, then log.")
def _mean_of_logs(log_q, who):
    return (_own(log_q, who) - log_q.mean(1)).mean()


@told.misconception("a sum of the N densities. The mixture is their mean, so log N is missing.")
def _forgets_log_n(log_q, who):
    return (_own(log_q, who) - log_q.logsumexp(1)).mean()


@told.misconception("log N with the wrong sign.")
def _log_n_wrong_sign(log_q, who):
    return (_own(log_q, who) - log_q.logsumexp(1) - math.log(log_q.shape[1])).mean()


@told.misconception("the number of codes where the number of clouds belongs: N is the number of *columns*.")
def _wrong_n(log_q, who):
    return (_own(log_q, who) - log_q.logsumexp(1) + math.log(len(log_q))).mean()


@told.misconception("own and mixture swapped: a code has more density under its own cloud.")
def _swapped(log_q, who):
    return -told.answer(log_q, who)


@told.misconception(
    "densities that are computed before the logarithm: e^-1000 is rounded to 0. logsumexp never leaves the logarithms."
)
def _underflows(log_q, who):
    return (_own(log_q, who) - log_q.exp().mean(1).log()).mean()


@told.misconception("the first columns for `who`. The picture of code i is who[i], not i.")
def _ignores_who(log_q, who):
    return told.answer(log_q, torch.arange(len(log_q)))


@told.misconception("the mixture alone: from each code's own log density subtract it.")
def _mixture_alone(log_q, who):
    return (log_q.logsumexp(1) - math.log(log_q.shape[1])).mean()


# --- a report


@discussion(
    "Read a report",
    hints=(
        "For each sentence: is it a statement about copies, about draws, about a bound, or about pixels?",
        "Which numbers have neither a floor, nor a baseline, nor a second seed beside them?",
    ),
)
def report():
    """1. An error of 0.001 says how well it copies. Copying needs no prior: an autoencoder does it best. Draws have to
    be measured by themselves, with a floor, a baseline and several seeds.

    2. A positive number can't be the log probability of coins. It may be a log density (Gaussian pixels, small noise),
    which depends on the units of the pixels; or a sign or a factor is wrong. Neither compares with -90 nats of coins.

    3. That depends on the line, and on how long was trained. Put 0 in place of these numbers and measure what is
    lost. And unused numbers are nearly free: their KL is near 0, so 24 instead of 100 would gain little.

    4. For every model L_5000 lies above its ELBO. Equal k, equal pixels (tossed or grey), the same test pictures: then
    compare.

    5. The sums are missing. With a squared error averaged over 784 pixels and a KL averaged over 100 numbers the
    assumed noise is nearly 2, for pixels from 0 to 1: the mean picture is what this loss asks for.

    6. This loss has no bottom. Probably the KL has the wrong sign: codes are rewarded for being far away. (Pixels from
    -1 to 1 in a cross-entropy do it, too.) A KL must be 0 for μ = 0 and σ = 1, and positive anywhere else. Look at the
    copies: they are worse than the mean picture."""

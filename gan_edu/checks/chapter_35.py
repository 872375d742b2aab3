"""Questions of chapter 35: KL between Gaussians, one ELBO, importance weights, which numbers collapse, four reports."""

import math

import torch

from gan_edu.checks.engine import NotYet, describe, discussion, question, value_of
from gan_edu.checks.probes import expect_gradient_at
from gan_edu.checks.values import close


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
        "Take one number of the code first: E_q[log q − log p]. You need E_q[(z − mean_p)²], and that is "
        "σ_q² + (mean_q − mean_p)².",
        "For one number: ½ (log σ_p² − log σ_q² + (σ_q² + (mean_q − mean_p)²) / σ_p² − 1). You are given log σ², so "
        "you need two exp.",
        "0.5 * (log_p - log_q + (log_q.exp() + (mean_q - mean_p)**2) / log_p.exp() - 1), summed over dim=1.",
    ),
    insight="With mean_p = 0 and log_p = 0 it is the VAE's KL term. And it is no distance: if you swap q and p, you "
    "get another number.",
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


@gaussian_kl.misconception("the two swapped. In KL(q ‖ p) the mean is taken over draws from q.")
def _swapped(mean_q, log_q, mean_p, log_p):
    return 0.5 * (log_q - log_p + (log_p.exp() + (mean_q - mean_p) ** 2) / log_q.exp() - 1).sum(1)


@gaussian_kl.misconception(
    "the wrong sign. A KL is never negative: it is 0 for equal Gaussians, and positive for all others."
)
def _kl_sign(mean_q, log_q, mean_p, log_p):
    return -0.5 * (log_p - log_q + (log_q.exp() + (mean_q - mean_p) ** 2) / log_p.exp() - 1).sum(1)


@gaussian_kl.misconception("the KL to N(0, I), whatever p is. Here p has a mean and a variance of its own.")
def _p_ignored(mean_q, log_q, mean_p, log_p):
    return 0.5 * (mean_q**2 + log_q.exp() - 1 - log_q).sum(1)


@gaussian_kl.misconception("a missing factor ½. It belongs to every term.")
def _missing_half(mean_q, log_q, mean_p, log_p):
    return (log_p - log_q + (log_q.exp() + (mean_q - mean_p) ** 2) / log_p.exp() - 1).sum(1)


@gaussian_kl.misconception("what you are given taken for log σ. It is log σ², so its exp is the variance already.")
def _log_var_as_log_std(mean_q, log_q, mean_p, log_p):
    var_q, var_p = (2 * log_q).exp(), (2 * log_p).exp()
    return 0.5 * (2 * log_p - 2 * log_q + (var_q + (mean_q - mean_p) ** 2) / var_p - 1).sum(1)


@gaussian_kl.misconception()
def _log_var_as_log_std(mean_q, log_q, mean_p, log_p):
    var_q, var_p = (2 * log_q).exp(), (2 * log_p).exp()
    return 0.5 * (log_p - log_q + (var_q + (mean_q - mean_p) ** 2) / var_p - 1).sum(1)


@gaussian_kl.misconception(
    "a mean over the numbers of the code. Their KLs add up: a code of 16 numbers costs all 16 of them."
)
def _mean_instead_of_sum(mean_q, log_q, mean_p, log_p):
    return 0.5 * (log_p - log_q + (log_q.exp() + (mean_q - mean_p) ** 2) / log_p.exp() - 1).mean(1)


@gaussian_kl.misconception(
    "a sum over the pictures (dim=0). Each row is one picture. Sum along dim=1, so that N numbers are left."
)
def _mean_over_wrong_axis(mean_q, log_q, mean_p, log_p):
    return 0.5 * (log_p - log_q + (log_q.exp() + (mean_q - mean_p) ** 2) / log_p.exp() - 1).sum(0)


@gaussian_kl.misconception("the squared distance of the means, not divided by p's variance.")
def _shift_undivided(mean_q, log_q, mean_p, log_p):
    return 0.5 * (log_p - log_q + (log_q - log_p).exp() + (mean_q - mean_p) ** 2 - 1).sum(1)


_ARGUMENTS = ("mean of q", "log variance of q", "mean of p", "log variance of p")


@gaussian_kl.test
def _(learner):
    given = [each.requires_grad_() for each in _gaussians(3, 2)]
    value = value_of(learner, *given, shape=(3,))
    expect_gradient_at(value, dict(zip(_ARGUMENTS, given, strict=True)))


def _square_decoder(z):
    """Code (N, 1) → picture (N, 2): a point on a parabola."""
    return torch.cat([z, z**2], dim=1)


def _mixing_decoder(z):
    """Code (N, 2) → picture (N, 5)."""
    return torch.cat([z, z.prod(dim=1, keepdim=True), z.sin()], dim=1)


def _elbo_probe(rows, noise_std, decode=_square_decoder):
    pixels, numbers = (2, 1) if decode is _square_decoder else (5, 2)
    x, mean, log_variance = torch.randn(rows, pixels), torch.randn(rows, numbers), torch.randn(rows, numbers) - 1
    return x, mean, log_variance, decode, noise_std, torch.randn(rows, numbers)


@question(
    "One draw, one bound",
    hints=(
        "There are three parts: a draw z, the log density of x around what the decoder makes of z, and minus the KL.",
        "log N(x; g, s²) for one number is −(x − g)² / (2 s²) − log s − ½ log 2π. Sum it over the numbers of x.",
        "z = mean + (0.5 * log_variance).exp() * noise; log_p = (-0.5 * ((x - decode(z)) / s)**2 - math.log(s) - "
        "0.5 * math.log(2 * math.pi)).sum(1); then minus ½ Σ (μ² + σ² − 1 − log σ²), summed over dim=1, too.",
    ),
    insight="As long as s is fixed, the constant −log s − ½ log 2π changes no gradient. But without it the number "
    "bounds nothing, and results with different s can't be compared.",
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
        _elbo_probe(3, 0.5, _mixing_decoder),
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


@elbo.misconception("a missing constant: log N(x; g, s²) also holds −log s − ½ log 2π for each number of x.")
def _no_constant(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, constant=False)


@elbo.misconception()
def _no_constant(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise) + x.shape[1] * 0.5 * math.log(2 * math.pi)


@elbo.misconception()
def _no_constant(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise) + x.shape[1] * math.log(s)


@elbo.misconception(
    "a squared error for which s doesn't count. It has to be divided by 2 s²: there s decides which numbers die."
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


@elbo.misconception("the KL added. It is what the code costs, so subtract it from the log likelihood.")
def _kl_sign(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, beta=-1.0)


@elbo.misconception("the loss −ELBO. The question asks for the bound itself: the larger the better.")
def _negated(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, sign=-1.0)


@elbo.misconception(
    "means over pixels and over the numbers of the code: that is a β-VAE with a β that nobody has chosen. Sum both."
)
def _mean_instead_of_sum(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, reduce="mean")


@elbo.misconception(
    "a code without noise, such as the mean itself. Then the KL belongs to a q from which nobody draws, and the number "
    "is no bound."
)
def _no_noise(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, z=mean * log_variance.exp())


@elbo.misconception()
def _no_noise(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, z=mean)


@elbo.misconception("σ² where σ belongs. The noise is multiplied by exp(½ log σ²).")
def _variance_instead_of_std(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise, z=mean + log_variance.exp() * noise)


@elbo.misconception("one number for the whole batch. The question asks for one bound for each data point, shape (N,).")
def _averaged_over_the_batch(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise).mean()


@elbo.misconception()
def _averaged_over_the_batch(x, mean, log_variance, decode, s, noise):
    return _elbo_with(x, mean, log_variance, decode, s, noise).sum()


@elbo.test
def _(learner):
    x, mean, log_variance, decode, s, noise = _elbo_probe(3, 0.5)
    mean.requires_grad_(), log_variance.requires_grad_()
    stretch = torch.ones(1, requires_grad=True)  # stands for the decoder's weights
    value = value_of(learner, x, mean, log_variance, lambda z: stretch * decode(z), s, noise, shape=(3,))
    expect_gradient_at(value, {"mean": mean, "log variance": log_variance, "decoder": stretch})
    # through the code as well as through the KL: the slopes are those of the formula
    wanted, found = (
        torch.autograd.grad(each.sum(), [mean, log_variance], retain_graph=True)
        for each in (elbo.answer(x, mean, log_variance, decode, s, noise), value)
    )
    for name, right, came in zip(("mean", "log variance"), wanted, found, strict=True):
        if not close(right, came):
            raise NotYet(
                f"this gradient for the {name}: {describe(right.flatten())}",
                describe(came.flatten()),
                looks_like="a .detach() or torch.no_grad() around the code z, or around the KL.",
            )


@question(
    "Many draws, a tighter bound",
    hints=(
        "Average the weights, then take the logarithm. What you are given are logarithms of weights.",
        "The log of (1/k) Σ w_i is logsumexp of the log weights, minus log k. exp(−800) by itself would be 0.",
        "log_weights.logsumexp(dim=0) - math.log(len(log_weights))",
    ),
    insight="With one draw this is the ELBO's estimate again, and more draws can only raise its mean. Never average "
    "over the data points before the logarithm.",
    probes=lambda: [
        (torch.tensor([[0.0, -2.0], [math.log(3.0), -2.0]]),),
        (torch.randn(1, 3),),
        (4 * torch.randn(6, 4) - 3,),
        (torch.randn(5, 5),),
        (torch.randn(8, 2) - 800.0,),
        (torch.randn(4, 3) + torch.tensor([-800.0, 0.0, 300.0]),),
    ],
)
def tighter_bound(log_weights):
    return torch.logsumexp(log_weights, dim=0) - math.log(len(log_weights))


@tighter_bound.misconception("the mean of the logarithms. That is the ELBO again: less noise, but no tighter bound.")
def _mean_of_logs(log_weights):
    return log_weights.mean(0)


@tighter_bound.misconception("the sum of the weights in the place of their mean: − log k is missing.")
def _sum_of_weights(log_weights):
    return log_weights.logsumexp(0)


@tighter_bound.misconception(
    "a mean in the wrong direction. Rows are draws and columns are data points, so it goes along dim=0."
)
def _mean_over_wrong_axis(log_weights):
    return log_weights.logsumexp(1) - math.log(log_weights.shape[1])


@tighter_bound.misconception()
def _mean_over_wrong_axis(log_weights):
    return log_weights.logsumexp(1) - math.log(len(log_weights))


@tighter_bound.misconception(
    "weights that underflow or overflow: exp(−800) is 0, exp(300) is ∞. logsumexp takes the largest one out first."
)
def _underflow(log_weights):
    return log_weights.exp().mean(0).log()


@tighter_bound.misconception(
    "one maximum taken out for the whole table. Data points differ by hundreds of nats: each column needs its own."
)
def _one_maximum_for_all(log_weights):
    top = log_weights.max()
    return (log_weights - top).exp().mean(0).log() + top


@tighter_bound.misconception(
    "the best draw in the place of the mean over draws. It is larger, so it needn't be a bound."
)
def _best_draw(log_weights):
    return log_weights.max(0).values


@tighter_bound.misconception(
    "one number for all data points. The question asks for one bound for each column, shape (N,)."
)
def _averaged_over_the_batch(log_weights):
    return (log_weights.logsumexp(0) - math.log(len(log_weights))).mean()


@tighter_bound.misconception()
def _averaged_over_the_batch(log_weights):
    return log_weights.flatten().logsumexp(0) - math.log(log_weights.numel())


@question(
    "Who dies?",
    hints=(
        "Compare each variance λ with β s². Here s is the standard deviation of the decoder's noise.",
        "A number is alive if λ > β s², and then it costs ½ log(λ / (β s²)). What does this formula give for a smaller "
        "λ, and what should stand there?",
        "0.5 * (variances / (beta * s**2)).log(), and everything below 0 becomes 0: .clamp(min=0).",
    ),
    insight="β and s² occur only as a product. Doubling β in a VAE with fixed noise trains it as if the noise were √2 "
    "times as wide. But the model still draws with the noise s, and is scored with it.",
    probes=lambda: [
        (torch.tensor([4.0, 2.0, 1.0, 0.5, 0.25]), 0.5, 1.0),
        (torch.tensor([4.0, 2.0, 1.0, 0.5, 0.25]), 0.5, 6.0),
        (torch.tensor([3.0, 0.1]), 1.5, 1.0),
        (torch.rand(6) * 3, 0.8, 2.5),
    ],
)
def prices(variances, s, beta):
    return (0.5 * (variances / (beta * s**2)).log()).clamp(min=0)


@prices.misconception("negative costs. Below β s² the formula doesn't hold: such a number is dead, and costs 0.")
def _not_clamped(variances, s, beta):
    return 0.5 * (variances / (beta * s**2)).log()


@prices.misconception("β left out. It counts for which numbers die, and for what the others cost.")
def _beta_ignored(variances, s, beta):
    return (0.5 * (variances / s**2).log()).clamp(min=0)


@prices.misconception()
def _beta_ignored(variances, s, beta):
    return torch.where(variances > beta * s**2, 0.5 * (variances / s**2).log(), 0.0)


@prices.misconception("s taken for a variance: it is the standard deviation, so s² stands under λ.")
def _std_instead_of_variance(variances, s, beta):
    return (0.5 * (variances / (beta * s)).log()).clamp(min=0)


@prices.misconception("β on the wrong side. A larger β kills more numbers, so it stands beside s², under λ.")
def _beta_on_the_wrong_side(variances, s, beta):
    return (0.5 * (beta * variances / s**2).log()).clamp(min=0)


@prices.misconception("a missing factor ½.")
def _missing_half(variances, s, beta):
    return (variances / (beta * s**2)).log().clamp(min=0)


@prices.misconception("a count, or yes and no. The question asks what each number costs, in nats.")
def _alive_or_dead(variances, s, beta):
    return (variances > beta * s**2).float()


@prices.misconception()
def _alive_or_dead(variances, s, beta):
    return (variances > beta * s**2).sum()


@prices.test
def _(learner):
    value = value_of(learner, torch.tensor([2.0, 1.0]), 1.0, 1.0, shape=(2,))
    if value[1] != 0:
        raise NotYet("a cost of 0 for λ = β s²", describe(value[1]), on="variances = (2, 1), s = 1, β = 1")


@discussion(
    "Four messages",
    hints=(
        "Which of the numbers is a bound, of what, and on which data? Which of them may be positive?",
        "Two bounds differ by the models' likelihoods *and* by their gaps.",
        "3: the noise is learned, so s shrinks with the pixels. What happens then to −‖x − g‖² / (2 s²), and what to "
        "−log s, for each of the 784 numbers? 4: section 6. What kills a number, besides a bad training?",
    ),
)
def four_messages():
    """1. Binary pixels have probabilities, at most 1, so log p(x) ≤ 0, and so is every lower bound of it. +35 is a
    mistake: perhaps targets outside 0 and 1 (such as pixels from −1 to 1), a KL with the wrong sign, or a missing
    minus.

    2. Not shown. −92 and −95 may be the same likelihood with gaps of different size: a wider family of q closes the
    gap and leaves the model as it is. Ask for L_k with a large k on the same test data, for both.

    3. log p(x) is a density, and a density has units. Dividing the pixels by 255 adds 784 · ln 255 ≈ 4,344 nats to the
    same model. Only bounds on data in the same units (and of the same kind: binary with binary) can be compared.

    4. Look at the noise and at β first. With a fixed s², a direction whose variance is below s² is dead in the best
    model with this noise, with or without a bound. A direction between s² and β s² is killed by β alone. Learn s², or
    make it smaller, and check that losses are summed, not averaged. Only if numbers still die where λ > β s² would I
    look at the training itself: the encoder's learning rate, a β that is raised slowly, a decoder that doesn't need the
    code."""

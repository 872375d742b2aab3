"""Questions of chapter 31: an average with its error, the density of a generator, KL of two bells, JS with zeros."""

import math

import torch

from gan_edu.checks.engine import NotYet, discussion, question, value_of
from gan_edu.checks.values import difference

# --- an average, and its error


@question(
    "An average, and its error",
    hints=(
        "Two numbers: the mean of the values, and how far this mean is typically off.",
        "The values scatter by σ, and values.std() estimates it. A mean of N of them scatters less: by which factor?",
        "values.mean() and values.std() / math.sqrt(len(values))",
    ),
    insight="If N isn't small, about 95 of 100 estimates lie within two standard errors of the truth. Half the error "
    "needs four times the samples, whatever the dimension.",
    probes=lambda: [
        (torch.tensor([1.0, 2.0, 4.0, 9.0]),),
        (torch.randn(50, dtype=torch.float64) * 3 + 2,),
        (torch.rand(9) * 10,),
    ],
)
def monte_carlo(values):
    mean = values.mean()
    error = values.std() / math.sqrt(len(values))
    return mean, error


@monte_carlo.misconception("the scatter of the single values. The *mean* of N of them scatters less, by the factor √N.")
def _forgets_root_n(values):
    return values.mean(), values.std()


@monte_carlo.misconception("a division by N. Variances shrink with N, standard deviations with √N.")
def _divides_by_n(values):
    return values.mean(), values.std() / len(values)


@monte_carlo.misconception("the variance of the mean. The standard error is its root.")
def _variance_instead_of_std(values):
    return values.mean(), values.var() / len(values)


@monte_carlo.misconception("a variance divided by √N. Take the root of the variance, too.")
def _variance_over_root_n(values):
    return values.mean(), values.var() / math.sqrt(len(values))


@monte_carlo.misconception(
    "σ estimated with N, where N - 1 was asked for. The default of torch is right; NumPy needs ddof=1."
)
def _biased_std(values):
    return values.mean(), values.std(correction=0) / math.sqrt(len(values))


@monte_carlo.misconception("swapped results: the estimate comes first.")
def _swapped_results(values):
    mean, error = monte_carlo.answer(values)
    return error, mean


@monte_carlo.misconception("the sum of the values. An expectation is a mean.")
def _sum_instead_of_mean(values):
    return values.sum(), monte_carlo.answer(values)[1]


@monte_carlo.misconception("the median. It estimates the middle value, not the expectation.")
def _median_instead_of_mean(values):
    return values.median(), monte_carlo.answer(values)[1]


# --- the density of what a generator makes


@question(
    "The density of what a generator makes",
    hints=(
        "The share of noise between z and z + dz lands on a piece of the length |G'(z)| dz. Is it denser or thinner "
        "there, if the slope is large?",
        "The density is p_z(z) / |G'(z)|. Its logarithm is a difference.",
        "-0.5 * z**2 - 0.5 * math.log(2 * math.pi) - slope.abs().log()",
    ),
    insight="A normalising flow adds up such a line for each of its layers. A GAN's generator has no such line, "
    "because its noise and its pictures have different dimensions.",
    probes=lambda: [
        (torch.tensor([0.0, 1.0, -2.0]), torch.tensor([1.0, 2.0, 0.5])),
        (torch.tensor([0.5, -0.5]), torch.tensor([-3.0, -0.2])),
        (torch.randn(2, 3), 1 + torch.rand(2, 3)),
    ],
)
def log_density(z, slope):
    log_noise = -0.5 * z**2 - 0.5 * math.log(2 * math.pi)
    return log_noise - slope.abs().log()


@log_density.misconception("the wrong sign: where the curve is steep, the values lie *thinner*.")
def _slope_multiplied(z, slope):
    return -0.5 * z**2 - 0.5 * math.log(2 * math.pi) + slope.abs().log()


@log_density.misconception("the density of the noise alone. Stretching makes the values lie thinner.")
def _forgets_the_slope(z, slope):
    return -0.5 * z**2 - 0.5 * math.log(2 * math.pi)


@log_density.misconception(
    "the slope itself subtracted. A density is divided by |slope|, so its logarithm loses log |slope|."
)
def _slope_without_logarithm(z, slope):
    return -0.5 * z**2 - 0.5 * math.log(2 * math.pi) - slope.abs()


@log_density.misconception()
def _slope_without_logarithm(z, slope):
    return -0.5 * z**2 - 0.5 * math.log(2 * math.pi) - slope


@log_density.misconception(
    "the logarithm of a negative slope. A falling curve has positive densities, too: take the size of the slope."
)
def _forgets_the_size(z, slope):
    return -0.5 * z**2 - 0.5 * math.log(2 * math.pi) - slope.log()


@log_density.misconception("the density. Asked for is its logarithm.")
def _density_instead_of_logarithm(z, slope):
    return log_density.answer(z, slope).exp()


@log_density.misconception("no constant: the density of the noise has a factor 1/√(2π), so that its area is 1.")
def _forgets_the_constant(z, slope):
    return -0.5 * z**2 - slope.abs().log()


@log_density.misconception("z² where ½ z² belongs, or a constant that goes with it.")
def _forgets_the_half(z, slope):
    return -(z**2) - 0.5 * math.log(2 * math.pi) - slope.abs().log()


# --- KL of two bells


def _bells():
    zero, one = torch.zeros(3), torch.ones(3)
    return [
        (torch.tensor([0.0, 1.0, -1.0]), one, torch.tensor([0.0, 0.0, 2.0]), torch.tensor([2.0, 1.0, 0.5])),
        (torch.randn(4), 0.5 + torch.rand(4), torch.randn(4), 0.5 + torch.rand(4)),
        (zero, one, zero, one),
    ]


@question(
    "KL of two bells",
    hints=(
        "KL is the mean of log p - log q over x from p. Both logarithms are squares plus constants.",
        "The mean of (x - μ_q)² over p is σ_p² + (μ_p - μ_q)²: their scatter, and the way between the means.",
        "log(σ_q/σ_p) + (σ_p² + (μ_p - μ_q)²) / (2 σ_q²) - ½, with torch.log.",
    ),
    insight="A belief that is too narrow costs like 1/σ², one that is too wide only like log σ. So it costs less to be "
    "too modest than to be too sure.",
    probes=_bells,
)
def bell_kl(mean_p, std_p, mean_q, std_q):
    squares = (std_p**2 + (mean_p - mean_q) ** 2) / std_q**2
    return torch.log(std_q / std_p) + (squares - 1) / 2


@bell_kl.misconception("KL the other way round, KL(q ‖ p). The mean runs over the *first* of the two.")
def _swapped_arguments(mean_p, std_p, mean_q, std_q):
    return bell_kl.answer(mean_q, std_q, mean_p, std_p)


@bell_kl.misconception("the negative: KL is never below 0.")
def _kl_sign(mean_p, std_p, mean_q, std_q):
    return -bell_kl.answer(mean_p, std_p, mean_q, std_q)


@bell_kl.misconception("standard deviations where their squares belong.")
def _std_instead_of_variance(mean_p, std_p, mean_q, std_q):
    return torch.log(std_q / std_p) + (std_p + (mean_p - mean_q) ** 2) / (2 * std_q) - 0.5


@bell_kl.misconception("the logarithm of the variances. ½ log(σ_q²/σ_p²) is log(σ_q/σ_p).")
def _log_of_variances(mean_p, std_p, mean_q, std_q):
    return bell_kl.answer(mean_p, std_p, mean_q, std_q) + torch.log(std_q / std_p)


@bell_kl.misconception("no - ½: then equal bells would have a KL above 0.")
def _forgets_the_half(mean_p, std_p, mean_q, std_q):
    return bell_kl.answer(mean_p, std_p, mean_q, std_q) + 0.5


@bell_kl.misconception("twice the KL: the ½ before the squares (or before the whole) is missing.")
def _doubled(mean_p, std_p, mean_q, std_q):
    return 2 * bell_kl.answer(mean_p, std_p, mean_q, std_q)


@bell_kl.misconception("the distance of the means without its square.")
def _distance_not_squared(mean_p, std_p, mean_q, std_q):
    return torch.log(std_q / std_p) + (std_p**2 + (mean_p - mean_q).abs()) / (2 * std_q**2) - 0.5


@bell_kl.misconception("log(σ_p/σ_q). It must be log(σ_q/σ_p), so that a wider belief q costs something.")
def _log_turned_round(mean_p, std_p, mean_q, std_q):
    return bell_kl.answer(mean_p, std_p, mean_q, std_q) - 2 * torch.log(std_q / std_p)


@bell_kl.misconception("one number for all pairs. The tensors hold several pairs of bells: one KL for each.")
def _summed(mean_p, std_p, mean_q, std_q):
    return bell_kl.answer(mean_p, std_p, mean_q, std_q).sum()


@bell_kl.misconception()
def _summed(mean_p, std_p, mean_q, std_q):
    return bell_kl.answer(mean_p, std_p, mean_q, std_q).mean()


@bell_kl.test
def _(learner):
    pairs = [torch.tensor(values, dtype=torch.float64) for values in ((0.5, -1.0), (0.8, 2.0), (0.0, 1.0), (1.5, 0.7))]
    slopes = []
    for answer in (bell_kl.answer, learner):
        inputs = [value.clone().requires_grad_() for value in pairs]
        total = value_of(answer, *inputs).sum()
        if not total.requires_grad:
            raise NotYet("a KL through which one can train", "a number without a gradient", looks_like=_CUT)
        slopes.append(torch.autograd.grad(total, inputs, allow_unused=True))
    for name, right, got in zip(("mean_p", "std_p", "mean_q", "std_q"), *slopes, strict=True):
        if got is None or not torch.isclose(got.double(), right, atol=1e-4).all():
            raise NotYet(
                f"the gradient {right.tolist()} for {name}", "no gradient" if got is None else got, looks_like=_CUT
            )


_CUT = "a gradient that is cut, by .detach(), .item(), NumPy or no_grad. Later a bell is trained with this number."


# --- JS that survives zeros


def _histograms():
    return [
        (torch.tensor([0.2, 0.5, 0.3]), torch.tensor([0.4, 0.1, 0.5])),
        (torch.tensor([0.7, 0.1, 0.1, 0.1]), torch.tensor([0.25, 0.25, 0.25, 0.25])),
    ]


def _kl(p, q):
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum()


@question(
    "JS that survives zeros",
    hints=(
        "JS compares p with the mixture m of both, and q with m, by KL; then it takes the mean of the two.",
        "m = (p + q) / 2 is 0 only where both are. What is left to mend is 0 · log 0: torch.xlogy(p, p) makes it 0.",
        "((torch.xlogy(p, p) - torch.xlogy(p, m)) + (torch.xlogy(q, q) - torch.xlogy(q, m))).sum() / 2",
    ),
    insight="JS stays between 0 and ln 2, and it is never infinite. But once two histograms share no bin it is ln 2, "
    "however near or far their bins are.",
    probes=_histograms,
)
def jsd(p, q):
    m = (p + q) / 2
    to_p = torch.xlogy(p, p) - torch.xlogy(p, m)  # xlogy: 0 · log 0 is 0
    to_q = torch.xlogy(q, q) - torch.xlogy(q, m)
    return (to_p + to_q).sum() / 2


@jsd.misconception("the mean of both KLs, without the mixture. It is symmetric, too, but infinite where one is 0.")
def _without_mixture(p, q):
    return (_kl(p, q) + _kl(q, p)) / 2


@jsd.misconception("twice the JSD: it is the *mean* of the two KLs.")
def _doubled(p, q):
    return 2 * jsd.answer(p, q)


@jsd.misconception("logarithms to base 2. In nats JS ends at ln 2, in bits at 1.")
def _base_two(p, q):
    return jsd.answer(p, q) / math.log(2)


@jsd.misconception("only one of the two halves, KL(p ‖ m): then swapping p and q changes the result.")
def _one_half_only(p, q):
    return _kl(p, (p + q) / 2)


@jsd.misconception()
def _one_half_only(p, q):
    return _kl(p, (p + q) / 2) / 2


@jsd.misconception("KL from the mixture, KL(m ‖ p). The mean runs over p and q: KL(p ‖ m).")
def _kl_from_the_mixture(p, q):
    m = (p + q) / 2
    return (_kl(m, p) + _kl(m, q)) / 2


@jsd.misconception("a sum p + q in the place of their mixture: divide it by 2, so that it is a distribution.")
def _mixture_not_halved(p, q):
    return (_kl(p, p + q) + _kl(q, p + q)) / 2


@jsd.misconception("a plain KL: it isn't symmetric.")
def _kl_instead_of_js(p, q):
    return _kl(p, q)


@jsd.misconception("a mean over the bins. A divergence is a sum over all of them.")
def _mean_over_bins(p, q):
    return jsd.answer(p, q) / len(p)


@jsd.misconception("the square root of JS. That is the *distance* of Endres and Schindelin; asked for is JS itself.")
def _root_of_js(p, q):
    return jsd.answer(p, q).clamp(min=0).sqrt()


@jsd.misconception(
    "0 times the logarithm of 0. It should count as 0, and a computer makes NaN of it: torch.xlogy knows."
)
def _nan_at_zeros(p, q):
    m = (p + q) / 2
    return ((p * (p / m).log()).sum() + (q * (q / m).log()).sum()) / 2


@jsd.test
def _(learner):
    cases = [
        (torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 0.5, 0.5])),
        (torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5])),
        (torch.tensor([0.3, 0.7, 0.0]), torch.tensor([0.6, 0.4, 0.0])),
    ]
    for p, q in cases:
        right, got = jsd.answer(p, q), learner(p, q)
        kind = difference(right, got, 1e-4)
        if kind is not None:
            looks = "perhaps a small number added to the histograms, or bins left out, to get rid of the zeros."
            looks = "nan_at_zeros" if kind == "nan" or str(got).startswith(("inf", "tensor(inf")) else looks
            raise NotYet(right, got, on=f"p = {p.tolist()}, q = {q.tolist()}", looks_like=looks)


# --- for discussion


@discussion(
    "Four numbers",
    hints=(
        "A: a density is probability per length. What happens to its logarithm in other units?",
        "B: section 4, the third of the four things that people get wrong. C: what is e to the power of 0.69?",
        "D: section 2, averages that are off on average. Which of the two scores has the larger bias?",
    ),
)
def four_numbers():
    """A: no bug by itself. The logarithm of a density is positive wherever the density exceeds 1, and that depends on
    the units: measure in millimetres instead of metres, and each dimension takes ln 1000 = 6.9 off. Only differences
    between models, on the same data in the same units, mean something.

    B: both can be true. One place where data come with a positive probability and the model never goes is enough. (KL
    can also be infinite with q above 0 everywhere, if the tails of the model are much thinner than those of the data.)
    The samples of the model can't show what is missing among them. Look at the data that the model finds most
    surprising.

    C: 0.693 is ln 2, the largest value: one look at a point tells for sure where it came from. So the two share
    (nearly) no place. It doesn't say how far apart they are: on thin sheets that hardly cross, JSD is ln 2 in any case.
    If the number was estimated with many bins, or with a flexible discriminator on few points, it may be bias.

    D: two models and two sample sizes changed places at once. Many scores, the Fréchet distance among them, are too
    large on average by something like 1/N. With equal sample sizes, and several repeats of each, one could tell."""

"""Questions of chapter 12: coins, a Gaussian, responsibilities, a mixture's score, likelihood and looks."""

import math

import torch

from gan_edu.checks.engine import discussion, question

# --- coins


def _throws(*shape):
    return (torch.rand(*shape) < 0.6).double()


@question(
    "The score of a sheet of coins",
    hints=(
        "One pixel first: with probability θ it is 1, with probability 1 - θ it is 0. What is the logarithm of the "
        "probability of what was really there?",
        "x · log θ + (1 - x) · log(1 - θ): of the two terms, x switches one off. The coins of a picture are "
        "independent, so its probability is a product, and the logarithm a sum over its pixels.",
        "The sum over pixels is one number for each picture; the answer is their mean: .sum(1).mean().",
    ),
    insight="With θ = the share of ones at each pixel this is minus the sum of the pixels' entropies, and no other θ "
    "gives more: the loss of a Bernoulli decoder in a VAE is minus this formula, with a network's output for θ.",
    probes=lambda: [
        (torch.tensor([[1.0, 0.0], [1.0, 1.0]], dtype=torch.double), torch.tensor([0.5, 0.25], dtype=torch.double)),
        (_throws(7, 5), 0.1 + 0.8 * torch.rand(5).double()),
        (_throws(3, 20), 0.1 + 0.8 * torch.rand(20).double()),
        (_throws(2, 2000), 0.1 + 0.8 * torch.rand(2000).double()),  # a product of so many is 0 for a computer
    ],
)
def average_score(x, theta):
    return (x * theta.log() + (1 - x) * (1 - theta).log()).sum(1).mean()


@average_score.misconception(
    "a mean over the pixels, too. The coins of one picture are independent: their probabilities are multiplied, so "
    "their logarithms are added. Only over pictures it is a mean."
)
def _mean_over_pixels(x, theta):
    return average_score.answer(x, theta) / x.shape[1]


@average_score.misconception("a sum over the pictures. Asked for is the average picture's score: a mean over rows.")
def _sum_over_pictures(x, theta):
    return average_score.answer(x, theta) * len(x)


@average_score.misconception(
    "zeros that count nothing. A pixel without ink has a probability, too: 1 - θ. Its logarithm must be added."
)
def _only_ones(x, theta):
    return (x * theta.log()).sum(1).mean()


@average_score.misconception("θ and 1 - θ the wrong way round: θ is the probability of a 1.")
def _swapped_coin(x, theta):
    return average_score.answer(1 - x, theta)


@average_score.misconception(
    "the loss, with its minus. Asked for is the log-likelihood itself, which is negative here and is to be made large."
)
def _negative_log_likelihood(x, theta):
    return -average_score.answer(x, theta)


@average_score.misconception("the logarithm to base 2 (bits). This course counts in nats: the natural logarithm.")
def _base_two(x, theta):
    return average_score.answer(x, theta) / math.log(2)


@average_score.misconception(
    "the logarithm of a mean of probabilities. The likelihood of all pictures is a *product* over pictures, so "
    "each picture's logarithm is taken first, and averaged afterwards."
)
def _log_of_mean(x, theta):
    return (x * theta.log() + (1 - x) * (1 - theta).log()).sum(1).exp().mean().log()


@average_score.misconception(
    "perhaps the product over the pixels before its logarithm: for many pixels it is too small for a computer, and the "
    "logarithm of 0 is minus infinity. Add logarithms instead."
)
def _underflow(x, theta):
    return (x * theta + (1 - x) * (1 - theta)).prod(1).log().mean()


@average_score.misconception("one score for each picture. Asked for is a single number, their mean.")
def _one_for_each_picture(x, theta):
    return (x * theta.log() + (1 - x) * (1 - theta).log()).sum(1)


@average_score.misconception(
    "probabilities without a logarithm, or added up. The probability of a picture is the product over its pixels."
)
def _without_logarithm(x, theta):
    return (x * theta + (1 - x) * (1 - theta)).prod(1).mean()


@average_score.misconception()
def _without_logarithm(x, theta):
    return (x * theta + (1 - x) * (1 - theta)).sum(1).mean()


# --- a Gaussian


def _cloud(n, d):
    return 3 + torch.randn(n, d).double() @ torch.randn(d, d).double()


@question(
    "The best Gaussian",
    hints=(
        "The best mean is the mean of the rows, one number for each column. The best covariance is that of the data.",
        "Take the mean away from every row. Entry (i, j) of the covariance is the average over rows of (column i) · "
        "(column j): a matrix product does all of them at once.",
        "apart = x - x.mean(0), then apart.T @ apart / len(x). Maximum likelihood divides by n, not by n - 1.",
    ),
    insight="Everything that a Gaussian can learn from data is in these two: any two data sets with the same mean and "
    "covariance give the same fit, however different they look.",
    probes=lambda: [
        (torch.tensor([[0.0, 1.0], [2.0, 1.0], [4.0, 4.0]], dtype=torch.double),),
        (_cloud(6, 3),),
        (_cloud(4, 5),),
    ],
)
def fit_gaussian(x):
    mean = x.mean(0)
    apart = x - mean
    return mean, apart.T @ apart / len(x)


@fit_gaussian.misconception(
    "n - 1 in the denominator. That makes the covariance right on average; the likelihood is highest with n."
)
def _divided_by_n_minus_one(x):
    mean, cov = fit_gaussian.answer(x)
    return mean, cov * len(x) / (len(x) - 1)


@fit_gaussian.misconception("a sum instead of an average: the covariance must be divided by the number of points.")
def _not_divided(x):
    mean, cov = fit_gaussian.answer(x)
    return mean, cov * len(x)


@fit_gaussian.misconception("rows from which the mean was not taken away: the second moment, not the covariance.")
def _not_centred(x):
    return x.mean(0), x.T @ x / len(x)


@fit_gaussian.misconception(
    "only the variances, zero elsewhere. A Gaussian may also be tilted: how two columns go together stands beside the "
    "diagonal."
)
def _only_variances(x):
    return x.mean(0), x.var(0, correction=0).diag()


@fit_gaussian.misconception()
def _only_variances(x):
    return x.mean(0), x.var(0, correction=0)


@fit_gaussian.misconception(
    "correlations: covariances divided by both standard deviations. The Gaussian needs to know how wide it is."
)
def _correlation(x):
    return x.mean(0), torch.corrcoef(x.T)


@fit_gaussian.misconception(
    "an average over the wrong axis. Points are rows: the mean has one number for each column, and the covariance is "
    "(columns, columns)."
)
def _over_wrong_axis(x):
    return fit_gaussian.answer(x.T)


@fit_gaussian.misconception()
def _over_wrong_axis(x):
    return x.mean(0), (x - x.mean(0)) @ (x - x.mean(0)).T / len(x)


@fit_gaussian.misconception()
def _over_wrong_axis(x):
    return x.mean(0), torch.cov(x, correction=0)


@fit_gaussian.misconception("swapped results: the mean comes first, then the covariance.")
def _swapped_results(x):
    return fit_gaussian.answer(x)[::-1]


@fit_gaussian.misconception("standard deviations where variances belong: there is a root too many.")
def _std_instead_of_variance(x):
    return x.mean(0), x.std(0, correction=0).diag()


@fit_gaussian.misconception()
def _std_instead_of_variance(x):
    return x.mean(0), x.std(0, correction=0)


# --- the E step


@question(
    "Who made this point?",
    hints=(
        "Bayes' rule: the probability that Gaussian k made the point is π_k times its density there, divided by the "
        "sum of this over all Gaussians. So each row of the result sums to 1.",
        "You are given logarithms. A product becomes a sum: log π_k + log density. To divide by the sum of "
        "exponentials is what a softmax does.",
        "(weights.log() + log_densities).softmax(1). It also works for log-densities of -2000, where exp gives 0.",
    ),
    insight="Multiply all densities of a row by the same number, and nothing changes: only their ratios count. In many "
    "dimensions these ratios are huge, so that most responsibilities are often 0 or 1.",
    probes=lambda: [
        (torch.tensor([[0.0, 0.0], [-1.0, -3.0]], dtype=torch.double), torch.tensor([0.75, 0.25], dtype=torch.double)),
        (torch.randn(5, 3).double(), torch.tensor([0.2, 0.5, 0.3], dtype=torch.double)),
        (
            torch.tensor([[-2000.0, -2001.0], [-900.0, -1000.0]], dtype=torch.double),
            torch.tensor([0.6, 0.4], dtype=torch.double),
        ),
    ],
)
def responsibilities(log_densities, weights):
    return (weights.log() + log_densities).softmax(1)


@responsibilities.misconception(
    "forgotten weights. A Gaussian with weight 0.01 makes few points, however well it fits: multiply by π_k."
)
def _forgets_weights(log_densities, weights):
    return log_densities.softmax(1)


@responsibilities.misconception(
    "a sum over the points (down the columns). For each *point*, the probabilities of all Gaussians sum to 1: along "
    "the row."
)
def _normalised_over_points(log_densities, weights):
    return (weights.log() + log_densities).softmax(0)


@responsibilities.misconception(
    "all or nothing: each point wholly given to its likeliest Gaussian. That is another algorithm, hard EM (its cousin "
    "is k-means); the E step gives shares."
)
def _hard_assignment(log_densities, weights):
    joint = weights.log() + log_densities
    return torch.nn.functional.one_hot(joint.argmax(1), joint.shape[1]).double()


@responsibilities.misconception()
def _hard_assignment(log_densities, weights):
    return torch.nn.functional.one_hot(log_densities.argmax(1), log_densities.shape[1]).double()


@responsibilities.misconception(
    "a weight added to a logarithm: log π_k belongs there. The logarithm of a product is the sum of two logarithms."
)
def _weight_without_logarithm(log_densities, weights):
    return (weights + log_densities).softmax(1)


@responsibilities.misconception(
    "a weight multiplied with a logarithm. Multiply densities with weights; their logarithms are added."
)
def _weight_times_logarithm(log_densities, weights):
    return (weights * log_densities).softmax(1)


@responsibilities.misconception("no division yet: π_k times density, but a row must sum to 1.")
def _not_normalised(log_densities, weights):
    return weights * log_densities.exp()


@responsibilities.misconception("logarithms of the responsibilities: the last exp is missing.")
def _logarithms(log_densities, weights):
    return (weights.log() + log_densities).log_softmax(1)


@responsibilities.misconception(
    "exp before the division. exp(-2000) is 0 for a computer, and 0 / 0 is NaN. Stay with logarithms until the end: "
    "softmax, or subtract the logsumexp."
)
def _underflow(log_densities, weights):
    joint = weights * log_densities.exp()
    return joint / joint.sum(1, keepdim=True)


# --- the score of a mixture


@question(
    "The score of a mixture",
    hints=(
        "One point first: what is the density of the mixture there? Each Gaussian adds its density, times its weight. "
        "The score is the logarithm of this sum.",
        "You are given logarithms. log π_k + log density is the logarithm of one term. torch.logsumexp adds the terms "
        "without leaving the range of a computer's numbers.",
        "(weights.log() + log_densities).logsumexp(1).mean(): over the Gaussians a log of a sum, over the points a "
        "mean.",
    ),
    insight="The E step subtracts the same logsumexp before it takes the exponential. So EM gets the score of each "
    "round for free.",
    probes=lambda: [
        (torch.tensor([[0.0, 0.0], [-1.0, -3.0]], dtype=torch.double), torch.tensor([0.75, 0.25], dtype=torch.double)),
        (torch.randn(5, 3).double(), torch.tensor([0.2, 0.5, 0.3], dtype=torch.double)),
        (
            torch.tensor([[-2000.0, -2001.0], [-3.0, -4.0], [500.0, 800.0]], dtype=torch.double),
            torch.tensor([0.6, 0.4], dtype=torch.double),
        ),
    ],
)
def mixture_score(log_densities, weights):
    return (weights.log() + log_densities).logsumexp(1).mean()


@mixture_score.misconception(
    "a mean of the logarithms, weighted with π_k. The mixture is a sum of *densities*: first the sum, then its "
    "logarithm. (The mean of the logarithms is never larger.)"
)
def _mean_of_logarithms(log_densities, weights):
    return (weights * log_densities).sum(1).mean()


@mixture_score.misconception(
    "forgotten weights. A Gaussian with weight 0.01 adds little density, however well it fits: add log π_k."
)
def _forgets_weights(log_densities, weights):
    return log_densities.logsumexp(1).mean()


@mixture_score.misconception()
def _forgets_weights(log_densities, weights):
    return (log_densities.logsumexp(1) - math.log(len(weights))).mean()


@mixture_score.misconception(
    "exp before the sum. exp(-2000) is 0 for a computer, and log 0 is minus infinity; exp(800) is infinity. logsumexp "
    "takes the largest term out first."
)
def _underflow(log_densities, weights):
    return (weights * log_densities.exp()).sum(1).log().mean()


@mixture_score.misconception(
    "perhaps one largest value for all points. Take the largest of each row: the rows differ by thousands of nats."
)
def _one_maximum_for_all(log_densities, weights):
    largest = log_densities.max()
    return (largest + (weights * (log_densities - largest).exp()).sum(1).log()).mean()


@mixture_score.misconception("only the largest term of each sum. It is often close; the others belong to it, too.")
def _largest_term(log_densities, weights):
    return (weights.log() + log_densities).amax(1).mean()


@mixture_score.misconception(
    "weights inside a logarithm that is a logarithm already: log π_k must be *added* to the log-density."
)
def _weight_without_logarithm(log_densities, weights):
    return (weights + log_densities).logsumexp(1).mean()


@mixture_score.misconception()
def _weight_without_logarithm(log_densities, weights):
    return (weights * log_densities).logsumexp(1).mean()


@mixture_score.misconception("a sum over the points. Asked for is the average point's score.")
def _sum_over_points(log_densities, weights):
    return (weights.log() + log_densities).logsumexp(1).sum()


@mixture_score.misconception("one score for each point. Asked for is a single number, their mean.")
def _one_for_each_point(log_densities, weights):
    return (weights.log() + log_densities).logsumexp(1)


@mixture_score.misconception("the loss, with its minus. Asked for is the score itself, which is to be made large.")
def _negative(log_densities, weights):
    return -(weights.log() + log_densities).logsumexp(1).mean()


# --- likelihood and looks


@discussion(
    "Two models, two verdicts",
    hints=(
        "What does the score ask of a model, and what does it not ask? Think of the lazy model of section 5.",
        "And the copier: what does it look like, and what decides its score?",
    ),
)
def two_verdicts():
    """Both can be right: they answer different questions.

    The score asks whether each unseen face gets enough probability. It hardly asks where the rest of the probability
    goes. A may waste most of it: if 99 of 100 samples were rubbish, that would cost at most ln 100, about 4.6 nats, and
    in many dimensions good models differ by far more.

    The eye asks whether the samples look right. It doesn't notice what is missing. B may draw a few kinds of faces very
    well, or copy training faces with very little noise: an unseen face then has next to no probability, and the score
    is terrible.

    A is the choice where probabilities are used: for compression, or to notice unusual faces. B is the choice for
    pictures to look at, after a look at the nearest training faces, and at the variety of its samples."""

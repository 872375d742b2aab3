"""Questions of chapter 12: coins, a Gaussian, responsibilities, a chain's table, where it rests, a loss's name."""

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
    "gives more: the loss of a Bernoulli decoder in a VAE is this same formula, with a network's output for θ.",
    probes=lambda: [
        (torch.tensor([[1.0, 0.0], [1.0, 1.0]], dtype=torch.double), torch.tensor([0.5, 0.25], dtype=torch.double)),
        (_throws(7, 5), 0.1 + 0.8 * torch.rand(5).double()),
        (_throws(3, 20), 0.1 + 0.8 * torch.rand(20).double()),
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
    "dimensions these ratios are huge, so that nearly all responsibilities are 0 or 1.",
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


# --- the table of a Markov chain


def _walk(length, K):
    return torch.randint(K, (length,))


@question(
    "The table of a chain",
    hints=(
        "Count first: how often is state j the one right after state i? A sequence of T states has T - 1 such pairs.",
        "sequence[:-1] and sequence[1:], side by side, are the pairs. Then add α to each count, and only then divide "
        "each row by its sum.",
        "counts = torch.zeros(K, K).double(); for i, j in zip(sequence[:-1], sequence[1:]): counts[i, j] += 1. Then "
        "counts + alpha, divided by its .sum(1, keepdim=True).",
    ),
    insight="The pseudo-counts α pull each row towards the uniform one, strongly where there are few data: it is the "
    "mean of the posterior under a Dirichlet prior with all parameters α.",
    probes=lambda: [
        (torch.tensor([0, 1, 1, 0, 1]), 2, 1.0),
        (torch.tensor([0, 2, 2, 1, 0, 2, 0, 0]), 3, 0.5),
        (_walk(40, 5), 5, 0.1),
        (torch.tensor([0, 1, 0, 1, 2]), 3, 0.2),
    ],
)
def transition_table(sequence, K, alpha):
    counts = torch.zeros(K, K).double()
    for i, j in zip(sequence[:-1], sequence[1:], strict=True):
        counts[i, j] += 1
    return (counts + alpha) / (counts + alpha).sum(1, keepdim=True)


def _counts(sequence, K):
    return torch.bincount(sequence[:-1] * K + sequence[1:], minlength=K * K).view(K, K).double()


@transition_table.misconception(
    "columns that sum to 1. Row i holds the probabilities of what comes *after* i, so each row sums to 1."
)
def _columns_sum_to_one(sequence, K, alpha):
    counts = _counts(sequence, K) + alpha
    return counts / counts.sum(0, keepdim=True)


@transition_table.misconception(
    "rows and columns swapped: entry (i, j) is the probability that j comes after i, not that it came before."
)
def _transposed(sequence, K, alpha):
    return transition_table.answer(sequence, K, alpha).T


@transition_table.misconception()
def _transposed(sequence, K, alpha):
    return transition_table.answer(sequence.flip(0), K, alpha)


@transition_table.misconception(
    "the share of each pair among *all* pairs. Asked for is a probability *given* the present state: divide each row "
    "by its own sum."
)
def _joint_instead_of_conditional(sequence, K, alpha):
    counts = _counts(sequence, K) + alpha
    return counts / counts.sum()


@transition_table.misconception("no smoothing: α must be added to every count, the zeros included.")
def _no_smoothing(sequence, K, alpha):
    counts = _counts(sequence, K)
    return counts / counts.sum(1, keepdim=True)


@transition_table.misconception(
    "α above the line only. Where it is added to K counts, the sum grows by K · α; else the rows don't sum to 1."
)
def _alpha_not_in_the_sum(sequence, K, alpha):
    counts = _counts(sequence, K)
    return (counts + alpha) / counts.sum(1, keepdim=True)


@transition_table.misconception()
def _alpha_not_in_the_sum(sequence, K, alpha):
    counts = _counts(sequence, K)
    return (counts + alpha) / (counts.sum(1, keepdim=True) + alpha)


@transition_table.misconception(
    "α added to probabilities. Add it to the *counts*: then a row with many data is hardly moved, and an empty one "
    "becomes uniform."
)
def _alpha_added_to_probabilities(sequence, K, alpha):
    counts = _counts(sequence, K)
    P = (counts / counts.sum(1, keepdim=True).clamp_min(1)) + alpha
    return P / P.sum(1, keepdim=True)


@transition_table.misconception("counts. Divide each row by its sum, so that it holds probabilities.")
def _counts_only(sequence, K, alpha):
    return _counts(sequence, K) + alpha


@transition_table.misconception(
    "one pair too many, from the last state back to the first. The chapter closes its text to a ring; this sequence is "
    "open, with T - 1 pairs."
)
def _closed_to_a_ring(sequence, K, alpha):
    return transition_table.answer(torch.cat([sequence, sequence[:1]]), K, alpha)


# --- where it rests


@question(
    "Where a chain rests",
    hints=(
        "π P = π, and its entries sum to 1. π stands on the *left* of P: it is a row, and each entry of the product "
        "collects what flows into one state.",
        "torch.linalg.eig(A) gives eigenvectors on the right, A v = λ v. Which matrix A has your π as such a vector? "
        "Take the one whose eigenvalue is 1, and divide it by its sum. (Powers of P would do for many chains, not for "
        "all.)",
        "values, vectors = torch.linalg.eig(P.T); v = vectors[:, (values - 1).abs().argmin()].real; v / v.sum().",
    ),
    insight="A chain that marches in step (every second time at state 0, say) never settles, but its π is still the "
    "share of time that it spends in each state. It needs no aperiodicity, only that every state can be reached.",
    probes=lambda: [
        (torch.tensor([[0.9, 0.1], [0.3, 0.7]], dtype=torch.double),),
        (torch.tensor([[0.2, 0.5, 0.3], [0.6, 0.0, 0.4], [0.1, 0.1, 0.8]], dtype=torch.double),),
        (torch.rand(5, 5).double().softmax(1),),
        (torch.tensor([[0.0, 0.3, 0.7], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], dtype=torch.double),),
    ],
)
def stationary(P):
    values, vectors = torch.linalg.eig(P.T)
    v = vectors[:, (values - 1).abs().argmin()].real
    return v / v.sum()


@stationary.misconception(
    "the eigenvector on the right of P. Rows sum to 1, so that one is always constant: it says nothing. π stands on "
    "the left: take P.T."
)
def _right_eigenvector(P):
    return torch.full((len(P),), 1 / len(P)).double()


@stationary.misconception()
def _right_eigenvector(P):
    return torch.full((len(P),), len(P) ** -0.5).double()


@stationary.misconception()
def _right_eigenvector(P):
    return -torch.full((len(P),), len(P) ** -0.5).double()


@stationary.misconception()
def _right_eigenvector(P):
    values, vectors = torch.linalg.eig(P)
    return vectors[:, (values - 1).abs().argmin()].real


@stationary.misconception(
    "a vector of length 1, as eigenvectors come. Probabilities must *sum* to 1: divide by the sum (which also mends "
    "the sign)."
)
def _not_divided_by_sum(P):
    values, vectors = torch.linalg.eig(P.T)
    return vectors[:, (values - 1).abs().argmin()].real


@stationary.misconception()
def _not_divided_by_sum(P):
    return stationary.answer(P) / stationary.answer(P).norm()


@stationary.misconception(
    "a high power of P. It works only for chains that don't march in step: one that is at state 0 every second time "
    "goes on like that for ever, and P has a π all the same."
)
def _powers_of_a_periodic_chain(P):
    return torch.linalg.matrix_power(P, 1000)[0]


@stationary.misconception()
def _powers_of_a_periodic_chain(P):
    return torch.linalg.matrix_power(P, 1001)[0]


@stationary.misconception()
def _powers_of_a_periodic_chain(P):
    return torch.linalg.matrix_power(P, 1000).mean(0)


@stationary.misconception()
def _powers_of_a_periodic_chain(P):
    return torch.linalg.matrix_power(P, 1001).mean(0)


@stationary.misconception(
    "the average of the rows: where the chain is after one step from a random state. It must be the same after any "
    "number of steps."
)
def _mean_of_rows(P):
    return P.mean(0)


@stationary.misconception("where the chain stays: the diagonal of P. The question is where it *is*, in the long run.")
def _diagonal(P):
    return P.diagonal() / P.diagonal().sum()


@stationary.misconception("a table. Asked for is one probability for each state: a vector.")
def _a_table(P):
    return torch.linalg.matrix_power(P, 1000)


@stationary.misconception()
def _a_table(P):
    return stationary.answer(P).expand(len(P), -1)


# --- the name of a loss


@discussion(
    "A loss with a wrong name",
    hints=(
        "Say what the formula computes, for a chain whose table you know. When is it large, when small?",
        "What would a program have to know about a GAN's generator to compute this number? And does it know that?",
        "Three things: the sign, the name, and who could use it.",
    ),
)
def markov_chain_loss():
    """The formula is the average log-likelihood of sequences under a Markov chain. It is large (near 0) when the
    chain gives high probabilities to the steps that really happen. As a loss, to be made small, it needs a minus;
    without it, training makes real steps impossible, and the number falls without end.

    With the minus it is a good and common loss, for a model that *has* probabilities p(x_t | x_{t-1}): counting
    minimises it for a table, gradient descent for a network, and with a longer memory it is what language models
    are trained with. Nothing in it is adversarial.

    A GAN's generator can't compute it: it turns noise into a sample, and the probability of what came out is not
    known. One could only fit a chain to generated sequences and ask how well it predicts real ones (and the other
    way round): a measurement, not something that a generator is trained with. And it would see pairs of neighbours
    and nothing else.

    So the friend could train a sequence model by maximum likelihood (then drop the word GAN), or let a
    discriminator look at whole sequences: this is how a GAN learns what belongs together."""

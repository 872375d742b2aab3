"""Questions of chapter 36: the inception score, the Fréchet distance, an unbiased MMD, coverage, reading a table."""

import torch

from gan_edu.checks.engine import NotYet, discussion, question, value_of


def _probabilities(rows, classes):
    return (2 * torch.randn(rows, classes)).softmax(dim=1)


@question(
    "The score that never sees a real picture",
    hints=(
        "p(y) is the mean of all rows: how often each class is called. Each row is p(y | x) of one picture.",
        "KL(p(y|x) ‖ p(y)) = Σ_y p(y|x) (log p(y|x) − log p(y)): summed over classes, a mean over pictures, "
        "then exp. Where p(y|x) is 0 the term is 0.",
        "torch.xlogy(p, p / p.mean(0)) is p log(p / mean), and 0 where p is 0. .sum(1).mean().exp()",
    ),
    insight="It is exp of the mutual information between picture and class, so it is at most the number of classes. "
    "Ten pictures, one of each class, repeated for ever, reach that.",
    probes=lambda: [
        (torch.tensor([[1.0, 0.0], [0.0, 1.0]]),),
        (torch.tensor([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1]]),),
        (torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]),),
        (_probabilities(7, 4),),
        (_probabilities(4, 4),),
    ],
)
def inception_score(probabilities):
    marginal = probabilities.mean(dim=0)
    terms = torch.where(probabilities > 0, probabilities * (probabilities / marginal).log(), 0.0)
    return terms.sum(dim=1).mean().exp()


def _terms(p, marginal):
    return torch.where(p > 0, p * (p / marginal).log(), 0.0)


@inception_score.misconception("the mutual information itself: the exp at the end is missing.")
def _no_exp(p):
    return _terms(p, p.mean(0)).sum(1).mean()


@inception_score.misconception("exp inside the mean. First the mean of the KLs over the pictures, then one exp.")
def _exp_before_the_mean(p):
    return _terms(p, p.mean(0)).sum(1).exp().mean()


@inception_score.misconception("the KL the other way round. p(y|x) comes first, and multiplies the logarithm.")
def _kl_swapped(p):
    marginal = p.mean(0)
    return torch.xlogy(marginal, marginal / p).sum(1).mean().exp()


@inception_score.misconception("a mean along the wrong axis. Pictures are rows, and p(y) is the mean over them, dim=0.")
def _mean_over_wrong_axis(p):
    return _terms(p, p.mean(1, keepdim=True)).sum(1).mean().exp()


@inception_score.misconception("a mean over the classes in the place of the KL's sum.")
def _mean_over_classes(p):
    return _terms(p, p.mean(0)).mean().exp()


@inception_score.misconception(
    "only the variety, the entropy of p(y). The score also subtracts how unsure each single answer is."
)
def _only_variety(p):
    marginal = p.mean(0)
    return (-torch.xlogy(marginal, marginal).sum()).exp()


@inception_score.misconception("0 · log 0, which is not a number. A probability of 0 must add 0: use torch.xlogy.")
def _nan_at_zero(p):
    return (p * (p / p.mean(0)).log()).sum(1).mean().exp()


@inception_score.misconception()
def _nan_at_zero(p):
    return (p * (p.log() - p.mean(0).log())).sum(1).mean().exp()


def _covariance(d):
    root = torch.randn(d, d + 2, dtype=torch.float64)
    return root @ root.T / d


def _moments(d):
    mean = torch.randn(2, d, dtype=torch.float64)
    return mean[0], _covariance(d), mean[1], _covariance(d)


def _psd_root(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ values.clamp(min=0).sqrt().diag() @ vectors.T


@question(
    "Between two Gaussians",
    hints=(
        "There are three parts: the squared distance of the means, both traces, and minus twice the trace of a root.",
        "The root of S_x S_y isn't taken number by number. Its trace is the sum of the roots of the eigenvalues of "
        "R S_y R, where R R = S_x.",
        "values, vectors = torch.linalg.eigh(cov_x); R = vectors @ values.clamp(min=0).sqrt().diag() @ vectors.T; "
        "torch.linalg.eigvalsh(R @ cov_y @ R).clamp(min=0).sqrt().sum()",
    ),
    insight="It is the squared Wasserstein-2 distance of the two Gaussians (chapter 34). If the covariances are equal, "
    "only the means are left.",
    probes=lambda: [
        (
            torch.zeros(2, dtype=torch.float64),
            torch.diag(torch.tensor([4.0, 1.0], dtype=torch.float64)),
            torch.tensor([1.0, 0.0], dtype=torch.float64),
            torch.eye(2, dtype=torch.float64),
        ),
        _moments(3),
        _moments(5),
    ],
)
def frechet(mean_x, cov_x, mean_y, cov_y):
    values, vectors = torch.linalg.eigh(cov_x)
    root = vectors @ values.clamp(min=0).sqrt().diag() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ cov_y @ root).clamp(min=0).sqrt().sum()
    return (mean_x - mean_y).square().sum() + cov_x.trace() + cov_y.trace() - 2 * cross


def _parts(mean_x, cov_x, mean_y, cov_y):
    root = _psd_root(cov_x)
    return (mean_x - mean_y).square().sum(), cov_x.trace() + cov_y.trace(), _psd_root(root @ cov_y @ root).trace()


@frechet.misconception("a missing cross term. Without it even two equal Gaussians would be at the distance 2 Tr S.")
def _fid_without_cross_term(mean_x, cov_x, mean_y, cov_y):
    means, traces, _ = _parts(mean_x, cov_x, mean_y, cov_y)
    return means + traces


@frechet.misconception("the cross term taken once. It counts twice, so that equal Gaussians come to 0.")
def _cross_term_once(mean_x, cov_x, mean_y, cov_y):
    means, traces, cross = _parts(mean_x, cov_x, mean_y, cov_y)
    return means + traces - cross


@frechet.misconception(
    "roots of the single numbers. The root of a matrix is another matrix, whose square gives it back."
)
def _root_of_each_number(mean_x, cov_x, mean_y, cov_y):
    means, traces, _ = _parts(mean_x, cov_x, mean_y, cov_y)
    return means + traces - 2 * (cov_x @ cov_y).diagonal().abs().sqrt().sum()


@frechet.misconception(
    "variances only: what stands off the diagonals of the covariances is ignored. (A product number by number, *, "
    "does that as well. The product of two matrices is @.)"
)
def _product_of_each_number(mean_x, cov_x, mean_y, cov_y):
    means, traces, _ = _parts(mean_x, cov_x, mean_y, cov_y)
    return means + traces - 2 * (cov_x * cov_y).diagonal().sqrt().sum()


@frechet.misconception("the cross term without its root. Tr(S_x S_y) has the units of a fourth power.")
def _no_root(mean_x, cov_x, mean_y, cov_y):
    means, traces, _ = _parts(mean_x, cov_x, mean_y, cov_y)
    return means + traces - 2 * (cov_x @ cov_y).trace()


@frechet.misconception(
    "the roots of the two matrices, multiplied: Tr(S_x^½ S_y^½). That is the same only if they have the same axes."
)
def _roots_multiplied(mean_x, cov_x, mean_y, cov_y):
    means, traces, _ = _parts(mean_x, cov_x, mean_y, cov_y)
    return means + traces - 2 * (_psd_root(cov_x) @ _psd_root(cov_y)).trace()


@frechet.misconception("the distance of the means without the square.")
def _mean_not_squared(mean_x, cov_x, mean_y, cov_y):
    means, traces, cross = _parts(mean_x, cov_x, mean_y, cov_y)
    return means.sqrt() + traces - 2 * cross


@frechet.misconception(
    "the root of the whole. The question asks for the *squared* distance, and so do papers that report FID."
)
def _root_of_the_whole(mean_x, cov_x, mean_y, cov_y):
    means, traces, cross = _parts(mean_x, cov_x, mean_y, cov_y)
    return (means + traces - 2 * cross).sqrt()


@frechet.misconception("only the means. Two Gaussians around the same mean may still differ in their covariances.")
def _only_means(mean_x, cov_x, mean_y, cov_y):
    return _parts(mean_x, cov_x, mean_y, cov_y)[0]


def _kernels(n, m, d):
    x, y = torch.randn(n, d), torch.randn(m, d) + 0.5
    return (x @ x.T / d + 1) ** 3, (y @ y.T / d + 1) ** 3, (x @ y.T / d + 1) ** 3


@question(
    "Without self-pairs",
    hints=(
        "MMD² = E k(x, x') + E k(y, y') − 2 E k(x, y), where x and x' are two *different* draws.",
        "The diagonal of kxx holds k(x, x), which is no pair. Subtract it from the sum, and count n (n − 1) pairs.",
        "(kxx.sum() - kxx.diagonal().sum()) / (n * (n - 1)), the same for y, minus 2 * kxy.mean()",
    ),
    insight="For equal distributions the mean over many draws is now 0, so some values must be negative. Don't clip "
    "them: max(0, ·) would be biased again.",
    probes=lambda: [
        (torch.tensor([[2.0, 1.0], [1.0, 2.0]]), torch.tensor([[3.0, 1.0], [1.0, 3.0]]), torch.ones(2, 2)),
        _kernels(4, 6, 3),
        _kernels(5, 3, 2),
    ],
)
def unbiased_mmd(kxx, kyy, kxy):
    n, m = len(kxx), len(kyy)
    within_x = (kxx.sum() - kxx.diagonal().sum()) / (n * (n - 1))
    within_y = (kyy.sum() - kyy.diagonal().sum()) / (m * (m - 1))
    return within_x + within_y - 2 * kxy.mean()


def _within(k):
    return (k.sum() - k.diagonal().sum()) / (len(k) * (len(k) - 1))


@unbiased_mmd.misconception(
    "pairs of a sample with itself counted in: the biased estimate. Leave out the diagonals of kxx and kyy."
)
def _diagonal_counted(kxx, kyy, kxy):
    return kxx.mean() + kyy.mean() - 2 * kxy.mean()


@unbiased_mmd.misconception("a division by n² after the diagonal was subtracted. Only n (n − 1) pairs are left.")
def _too_many_pairs(kxx, kyy, kxy):
    return sum((k.sum() - k.diagonal().sum()) / len(k) ** 2 for k in (kxx, kyy)) - 2 * kxy.mean()


@unbiased_mmd.misconception("the cross term taken once. It counts twice, as in (a − b)² = a² + b² − 2ab.")
def _cross_term_once(kxx, kyy, kxy):
    return _within(kxx) + _within(kyy) - kxy.mean()


@unbiased_mmd.misconception(
    "the diagonal of kxy left out as well. x and y are different samples, so all their pairs count."
)
def _cross_diagonal_left_out(kxx, kyy, kxy):
    least = min(kxy.shape)
    pairs = kxy.numel() - least
    return _within(kxx) + _within(kyy) - 2 * (kxy.sum() - kxy.diagonal().sum()) / pairs


@unbiased_mmd.misconception(
    "a value clipped at 0. The square of a distance can't be negative, but its unbiased estimate can."
)
def _clipped(kxx, kyy, kxy):
    return (_within(kxx) + _within(kyy) - 2 * kxy.mean()).clamp(min=0)


@unbiased_mmd.misconception("only half of the pairs, those above the diagonal, divided by the number of all pairs.")
def _half_of_the_pairs(kxx, kyy, kxy):
    return sum(k.triu(1).sum() / (len(k) * (len(k) - 1)) for k in (kxx, kyy)) - 2 * kxy.mean()


@unbiased_mmd.test
def _(learner):
    def draw():
        x, y = torch.randn(2, 20, 2)
        return (x @ x.T / 2 + 1) ** 3, (y @ y.T / 2 + 1) ** 3, (x @ y.T / 2 + 1) ** 3

    values = [float(learner(*draw())) for _ in range(30)]
    if min(values) >= 0:
        raise NotYet("some negative values for equal distributions", "none in 30 draws", looks_like="clipped")


def _clouds(n, m, d):
    return torch.randn(n, d), 0.7 * torch.randn(m, d) + 0.3


@question(
    "Who has a neighbour?",
    hints=(
        "First the radius of each real sample: its distance to its k-th nearest neighbour among the *other* real ones.",
        "In torch.cdist(real, real) each sample is its own nearest, at distance 0. So take the (k + 1)-th smallest of "
        "each row.",
        "radii = torch.cdist(real, real).kthvalue(k + 1, dim=1).values; then (torch.cdist(real, fake) <= "
        "radii[:, None]).any(dim=1).float().mean()",
    ),
    insight="For equal distributions you know its mean without any data: about 1 − 2⁻ᵏ for equally many samples of "
    "both, in any dimension (less with fewer generated ones). Precision and recall have no such value.",
    probes=lambda: [
        (torch.tensor([[0.0], [1.0], [3.0], [6.0]]), torch.tensor([[0.5], [0.6]]), 1),
        (*_clouds(12, 9, 2), 2),
        (*_clouds(9, 15, 3), 3),
        (*_clouds(20, 20, 2), 1),
    ],
)
def coverage(real, fake, k):
    radii = torch.cdist(real, real).kthvalue(k + 1, dim=1).values
    return (torch.cdist(real, fake) <= radii[:, None]).any(dim=1).float().mean()


def _radii(x, k):
    return torch.cdist(x, x).kthvalue(k + 1, dim=1).values


@coverage.misconception(
    "each sample counted as its own neighbour. The smallest distance in each row is 0, to itself: take k + 1."
)
def _itself_a_neighbour(real, fake, k):
    return (torch.cdist(real, fake) <= _radii(real, k - 1)[:, None]).any(1).float().mean()


@coverage.misconception(
    "balls around the generated samples. That is recall. For coverage the balls lie around real samples."
)
def _balls_around_fakes(real, fake, k):
    return (torch.cdist(real, fake) <= _radii(fake, k)[None]).any(1).float().mean()


@coverage.misconception(
    "precision, the share of *generated* samples inside a ball. Coverage is the share of balls that hold one."
)
def _precision(real, fake, k):
    return (torch.cdist(real, fake) <= _radii(real, k)[:, None]).any(0).float().mean()


@coverage.misconception("density, which counts pairs. For coverage a ball counts once, however many samples it holds.")
def _density(real, fake, k):
    return (torch.cdist(real, fake) <= _radii(real, k)[:, None]).sum() / (k * len(fake))


@coverage.misconception()
def _density(real, fake, k):
    return (torch.cdist(real, fake) <= _radii(real, k)[:, None]).float().mean()


@coverage.misconception("a count. Divide by the number of real samples: a share between 0 and 1.")
def _count(real, fake, k):
    return (torch.cdist(real, fake) <= _radii(real, k)[:, None]).any(1).sum()


@coverage.misconception(
    "one radius for all. Each real sample has its own radius, so that sparse regions count as well."
)
def _one_radius(real, fake, k):
    return (torch.cdist(real, fake) <= _radii(real, k).mean()).any(1).float().mean()


@coverage.misconception("radii measured to the generated samples. Only real samples decide how wide a ball is.")
def _radii_to_fakes(real, fake, k):
    between = torch.cdist(real, fake)
    return (between <= between.kthvalue(min(k, len(fake)), dim=1).values[:, None]).any(1).float().mean()


@coverage.test
def _(learner):
    real = torch.randn(40, 3)
    value = float(learner(real, real.clone(), 1))
    if value != 1:
        raise NotYet("1 where every real sample is generated as well", value, on="fake = real, k = 1")
    value_of(lambda: torch.as_tensor(learner(real, real + 100, 2)))


@discussion(
    "Reading a results table",
    hints=(
        "Which of the numbers depends on how many samples were drawn, and in which direction?",
        "Is any of these numbers compared with what real data would score?",
        "What would a program score that prints the training pictures?",
    ),
)
def results_table():
    """1. FID falls with the number of samples even if the generator stays the same, roughly like a + b / N. So 5,000
    against 50,000 samples can't be compared. Draw equally many, and print what real data score at that number.

    2. There is one seed of each. A difference of 0.3 means nothing until one knows how much a second training run
    differs. Three to five runs, all of them shown, would tell. And was the best checkpoint chosen by the same FID that
    is reported?

    3. An inception score above that of real data isn't better than real. It never looks at real data. One picture of
    each class, repeated, gets the largest value there is. So it can't say how close the pictures are to real ones.

    4. Precision without recall (or density without coverage) rewards a generator that prints one good picture. Both
    sides are needed, with the values of real data, which aren't 1.

    5. Nothing there would notice copies of the training set, because copies score like real data in all three measures.
    An audit is needed: are generated pictures nearer to training pictures than to held-out ones, and how often? And
    against which pictures was FID measured, the training set or held-out ones?

    6. The new model has four times the parameters. Train the baseline at that size."""

"""Questions of chapter 84: a product and a mixture of experts, the share of the noise, a contrastive loss."""

import math

import torch
import torch.nn.functional as F

from gan_edu.checks.engine import question

# --- a product of experts


def _experts():
    stream = torch.Generator().manual_seed(0)
    probes = [(torch.tensor([[[1.0, 3.0]], [[2.0, -3.0]]]), torch.tensor([[[0.5, 1.0]], [[0.25, 2.0]]]).log())]
    for experts in (2, 3):
        shape = (experts, 4, 5)
        probes.append((2 * torch.randn(shape, generator=stream), torch.randn(shape, generator=stream) - 0.5))
    return probes


@question(
    "A product of experts",
    hints=(
        "A precision is one over a variance: torch.exp(-log_variances). Precisions add up; what does the prior add?",
        "The mean is the sum of precision times mean, over the sum of all precisions. The prior's mean is 0.",
        "total = 1 + precisions.sum(0), then (means * precisions).sum(0) / total, -total.log()",
    ),
    insight="An expert who knows nothing has precision 0 and changes nothing: a missing modality is simply left out.",
    probes=_experts,
)
def product_of_experts(means, log_variances):
    precisions = torch.exp(-log_variances)
    total = 1 + precisions.sum(0)
    return (means * precisions).sum(0) / total, -total.log()


@product_of_experts.misconception("no prior: it is one more expert, with mean 0 and precision 1.")
def _no_prior(means, log_variances):
    precisions = torch.exp(-log_variances)
    return (means * precisions).sum(0) / precisions.sum(0), -precisions.sum(0).log()


@product_of_experts.misconception(
    "variances added. In a product the *precisions* add up: it is surer than each expert."
)
def _variances_added(means, log_variances):
    variances = torch.exp(log_variances)
    total = 1 + variances.sum(0)
    return (means * variances).sum(0) / total, total.log()


@product_of_experts.misconception("the plain mean of the means. Who is surer counts for more.")
def _plain_mean(means, log_variances):
    return means.mean(0), -(1 + torch.exp(-log_variances).sum(0)).log()


@product_of_experts.misconception("the plain mean with the prior's 0 among them. Who is surer counts for more.")
def _plain_mean_with_prior(means, log_variances):
    return means.sum(0) / (1 + len(means)), -(1 + torch.exp(-log_variances).sum(0)).log()


@product_of_experts.misconception("the log *precision*. The log variance has the other sign.")
def _log_precision(means, log_variances):
    mean, log_variance = product_of_experts.answer(means, log_variances)
    return mean, -log_variance


@product_of_experts.misconception("the variance. Asked is its logarithm.")
def _variance(means, log_variances):
    mean, log_variance = product_of_experts.answer(means, log_variances)
    return mean, log_variance.exp()


@product_of_experts.misconception("the log standard deviation. The log variance is twice as large.")
def _deviation(means, log_variances):
    mean, log_variance = product_of_experts.answer(means, log_variances)
    return mean, log_variance / 2


# --- a mixture of experts


def _log_densities():
    stream = torch.Generator().manual_seed(1)
    return [
        (torch.tensor([[0.5, 0.1], [0.25, 0.3]]).log(),),
        (3 * torch.randn(3, 6, generator=stream),),
        (3 * torch.randn(2, 6, generator=stream) - 1000,),
    ]


@question(
    "A mixture of experts",
    hints=(
        "Which is the mixture: the mean of the densities, or the mean of their logarithms?",
        "torch.logsumexp(log_densities, dim=0) is the log of the sum of densities, and works at -1000, too.",
        "torch.logsumexp(log_densities, dim=0) - math.log(len(log_densities))",
    ),
    insight="One expert who believes in a code is enough: the mixture is never below the best expert by more than "
    "log E. In a product one who doesn't believe in it is enough.",
    probes=_log_densities,
)
def mixture_log_density(log_densities):
    return torch.logsumexp(log_densities, dim=0) - math.log(len(log_densities))


@mixture_log_density.misconception("the mean of the *logarithms*. That is a product (of powers), not a mixture.")
def _mean_of_logs(log_densities):
    return log_densities.mean(0)


@mixture_log_density.misconception("the sum of densities, whose area is E. Divide by E: subtract log E.")
def _sum(log_densities):
    return torch.logsumexp(log_densities, dim=0)


@mixture_log_density.misconception("the sum of the logarithms: that is the product.")
def _product(log_densities):
    return log_densities.sum(0)


@mixture_log_density.misconception("`exp` of -1000 is 0, and its logarithm -inf. Use torch.logsumexp.")
def _underflow(log_densities):
    return log_densities.exp().mean(0).log()


@mixture_log_density.misconception("the best expert alone. The others count, too.")
def _best(log_densities):
    return log_densities.max(0).values


@mixture_log_density.misconception("the density. Asked is its logarithm.")
def _density(log_densities):
    return mixture_log_density.answer(log_densities).exp()


@mixture_log_density.misconception("E is subtracted, not log E.")
def _minus_count(log_densities):
    return torch.logsumexp(log_densities, dim=0) - len(log_densities)


# --- the share of the noise


def _answers():
    stream = torch.Generator().manual_seed(2)
    probes = [(torch.tensor([[1.0, 5.0], [3.0, 7.0]]),)]
    for draws, pictures, size in ((5, 8, 0.5), (3, 20, 2.0)):
        noise = size * torch.randn(draws, pictures, generator=stream)
        probes.append((3 + torch.randn(pictures, generator=stream) + noise,))
    return probes


@question(
    "How much comes from the noise?",
    hints=(
        "Which dimension is the noise? answers.var(dim=0, unbiased=False) is the variance at each picture.",
        "Its mean over the pictures is the first part. The whole is answers.var(unbiased=False).",
        "answers.var(dim=0, unbiased=False).mean() / answers.var(unbiased=False)",
    ),
    insight="Look at both parts: a model may vary as much as the truth and take all of it from the pictures. The "
    "chapter's GAN that sees the picture has a share of well below 1 %.",
    probes=_answers,
)
def share_of_noise(answers):
    return answers.var(dim=0, unbiased=False).mean() / answers.var(unbiased=False)


@share_of_noise.misconception("the other part: the share of the *pictures*.")
def _share_of_pictures(answers):
    return 1 - share_of_noise.answer(answers)


@share_of_noise.misconception("the variance over pictures at each draw. The noise is the first dimension.")
def _other_dimension(answers):
    return answers.var(dim=1, unbiased=False).mean() / answers.var(unbiased=False)


@share_of_noise.misconception("standard deviations. Variances add up, standard deviations don't.")
def _deviations(answers):
    return answers.std(dim=0, unbiased=False).mean() / answers.std(unbiased=False)


@share_of_noise.misconception("not a share: divide by the variance of all numbers.")
def _not_divided(answers):
    return answers.var(dim=0, unbiased=False).mean()


@share_of_noise.misconception("divided by the variance of the pictures' means. The whole is both parts together.")
def _ratio(answers):
    return answers.var(dim=0, unbiased=False).mean() / answers.mean(0).var(unbiased=False)


@share_of_noise.misconception("variances that divide by the count less one: the two parts don't add up.")
def _unbiased(answers):
    return answers.var(dim=0).mean() / answers.var()


# --- a contrastive loss


def _arrows():
    stream = torch.Generator().manual_seed(3)
    probes = [(torch.tensor([[2.0, 0.0], [0.0, 3.0]]), torch.tensor([[5.0, 1.0], [0.2, 0.1]]), 0.5)]
    for n, d, temperature in ((6, 3, 0.3), (9, 4, 1.5)):
        probes.append((3 * torch.randn(n, d, generator=stream), torch.randn(n, d, generator=stream), temperature))
    return probes


@question(
    "A contrastive loss",
    hints=(
        "Arrows of length 1: F.normalize(a, dim=1). All products at once: a @ b.T, (N, N).",
        "Row i has the partner in column i: the classes are torch.arange(N). Columns: the same with the transpose.",
        "(F.cross_entropy(alike, torch.arange(N)) + F.cross_entropy(alike.T, torch.arange(N))) / 2",
    ),
    insight="Who says the same about all gets log N. A small temperature punishes the nearest wrong partner most.",
    probes=_arrows,
)
def contrastive_loss(a, b, temperature):
    alike = F.normalize(a, dim=1) @ F.normalize(b, dim=1).T / temperature
    partners = torch.arange(len(a))
    return (F.cross_entropy(alike, partners) + F.cross_entropy(alike.T, partners)) / 2


def _of(alike):
    partners = torch.arange(len(alike))
    return F.cross_entropy(alike, partners), F.cross_entropy(alike.T, partners)


def _alike(a, b):
    return F.normalize(a, dim=1) @ F.normalize(b, dim=1).T


@contrastive_loss.misconception("arrows that aren't brought to length 1: long ones then win against all.")
def _not_normalised(a, b, temperature):
    return sum(_of(a @ b.T / temperature)) / 2


@contrastive_loss.misconception("rows only. Each column, too, has to find its partner.")
def _rows_only(a, b, temperature):
    return _of(_alike(a, b) / temperature)[0]


@contrastive_loss.misconception("columns only. Each row, too, has to find its partner.")
def _columns_only(a, b, temperature):
    return _of(_alike(a, b) / temperature)[1]


@contrastive_loss.misconception("*times* the temperature. A small temperature makes differences large: divide.")
def _times(a, b, temperature):
    return sum(_of(_alike(a, b) * temperature)) / 2


@contrastive_loss.misconception("no temperature.")
def _no_temperature(a, b, temperature):
    return sum(_of(_alike(a, b))) / 2


@contrastive_loss.misconception("the sum of both cross-entropies. Asked is their mean.")
def _both_summed(a, b, temperature):
    return sum(_of(_alike(a, b) / temperature))


@contrastive_loss.misconception("only the partners' products: without the others nothing keeps the arrows apart.")
def _attraction_only(a, b, temperature):
    return -(_alike(a, b).diagonal() / temperature).mean()


@contrastive_loss.misconception("normalised over the pairs (dim=0). Each *arrow* gets length 1: dim=1.")
def _wrong_dimension(a, b, temperature):
    return sum(_of(F.normalize(a, dim=0) @ F.normalize(b, dim=0).T / temperature)) / 2

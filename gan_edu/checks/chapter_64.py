"""Questions of chapter 64: what an accusation is worth, evidence of several pictures, a finder of marks, a budget."""

import math

import torch

from gan_edu.checks.engine import question

# --- what an accusation is worth


@question(
    "What an accusation is worth",
    hints=(
        "Of 1,000 pictures `share` · 1,000 are generated. How many of these are accused? How many of the others?",
        "Accused and generated: tpr · share. Accused and real: fpr · (1 − share).",
        "tpr * share / (tpr * share + fpr * (1 - share))",
    ),
    insight="At 70 % found and 1 % false alarms, 99 of 100 accusations are right if half of all pictures are made, "
    "and 7 of 100 when one in 1,000 is. The detector was the same.",
    probes=lambda: [(0.7, 0.01, 0.5), (0.7, 0.01, 0.001), (0.95, 0.2, 0.1), (0.3, 0.05, 0.02), (1.0, 0.1, 0.25)],
)
def share_right(tpr, fpr, share):
    return tpr * share / (tpr * share + fpr * (1 - share))


@share_right.misconception("the base rate is left out: both rates count equally only if half of the pictures are fake.")
def _no_base_rate(tpr, fpr, share):
    return tpr / (tpr + fpr)


@share_right.misconception("the share of generated pictures that are found. Asked is the share of accusations.")
def _rate_found(tpr, fpr, share):
    return tpr


@share_right.misconception("1 − fpr: the share of real pictures that are left in peace.")
def _specificity(tpr, fpr, share):
    return 1 - fpr


@share_right.misconception("the share of *all* pictures that is accused and generated. Divide by all that are accused.")
def _of_all(tpr, fpr, share):
    return tpr * share


@share_right.misconception("false alarms among *all* pictures. They happen among the real ones: times 1 − share.")
def _alarms_among_all(tpr, fpr, share):
    return tpr * share / (tpr * share + fpr)


@share_right.misconception("the share of accusations that are *wrong*.")
def _wrong_ones(tpr, fpr, share):
    return fpr * (1 - share) / (tpr * share + fpr * (1 - share))


# --- several pictures of one account


def _posts():
    chance = torch.Generator().manual_seed(0)
    return [(torch.randn(n, generator=chance) * 1.3 + 0.4,) for n in (4, 9, 25)] + [(torch.tensor([2.0]),)]


@question(
    "Several pictures of one account",
    hints=(
        "The sum of n independent numbers with mean 0 and standard deviation 1: what is *its* standard deviation?",
        "√n. Divide the sum by it.",
        "scores.sum() / len(scores) ** 0.5",
    ),
    insight="A score of 0.5 for each picture is nothing, and 25 of them make 2.5. It only holds if the pictures are "
    "independent, and if it was said beforehand which ones count.",
    probes=_posts,
)
def together(scores):
    return scores.sum() / math.sqrt(len(scores))


@together.misconception("the mean: its standard deviation shrinks to 1/√n, so many pictures would never be enough.")
def _mean(scores):
    return scores.mean()


@together.misconception("the sum: its standard deviation grows to √n, so that long accounts are accused by chance.")
def _sum(scores):
    return scores.sum()


@together.misconception("the largest score: with many pictures one is large by chance.")
def _largest(scores):
    return scores.max()


@together.misconception("√n on the wrong side: the *sum* is divided by √n, or the *mean* multiplied by it.")
def _mean_over_root(scores):
    return scores.mean() / math.sqrt(len(scores))


@together.misconception("divided by the spread of these scores. Without a mark it is known to be 1.")
def _studentised(scores):
    spread = scores.std() if len(scores) > 1 else torch.tensor(1.0)
    return scores.sum() / (math.sqrt(len(scores)) * spread)


# --- the finder


def _pictures():
    chance = torch.Generator().manual_seed(1)
    probes = []
    for n, d in ((60, 5), (40, 8), (30, 12)):
        mix = torch.randn(d, d, generator=chance)
        plain = torch.randn(n, d, generator=chance) @ mix + 0.5
        marked = torch.randn(n + 3, d, generator=chance) @ mix + 0.5 + torch.randn(d, generator=chance)
        probes.append((marked, plain, 0.1))
    return probes


@question(
    "The best linear score",
    hints=(
        "First the covariance of the *unmarked* pictures: torch.cov wants one variable a row, so (d, N).",
        "Add `extra` times the identity. Then solve Σ w = difference of the means; no inverse is needed.",
        "torch.linalg.solve(torch.cov(plain.T) + extra * torch.eye(d), marked.mean(0) - plain.mean(0))",
    ),
    insight="Where pictures vary much, a mark is hard to see, and the inverse covariance turns these places down. "
    "With Σ = I it is the plain correlation with the pattern.",
    probes=_pictures,
    tol=2e-3,
)
def finder_weights(marked, plain, extra):
    varies = torch.cov(plain.T) + extra * torch.eye(plain.shape[1])
    return torch.linalg.solve(varies, marked.mean(0) - plain.mean(0))


@finder_weights.misconception("the difference of the means alone. Places that vary much anyway must be turned down.")
def _means_alone(marked, plain, extra):
    return marked.mean(0) - plain.mean(0)


@finder_weights.misconception("multiplied by Σ: that turns *up* what varies much. It takes the inverse.")
def _not_inverted(marked, plain, extra):
    return (torch.cov(plain.T) + extra * torch.eye(plain.shape[1])) @ (marked.mean(0) - plain.mean(0))


@finder_weights.misconception("unmarked minus marked: then marked pictures get the *small* scores.")
def _turned(marked, plain, extra):
    return finder_weights.answer(marked, plain, extra) * -1


@finder_weights.misconception("the variances alone. Neighbouring pixels vary together, and Σ knows that.")
def _diagonal(marked, plain, extra):
    return (marked.mean(0) - plain.mean(0)) / (plain.var(0) + extra)


@finder_weights.misconception("`extra` is left out of the diagonal. Where a pixel never varies, Σ has no inverse.")
def _no_extra(marked, plain, extra):
    return torch.linalg.solve(torch.cov(plain.T), marked.mean(0) - plain.mean(0))


@finder_weights.misconception("the covariance of the marked pictures. It is the unmarked ones that raise false alarms.")
def _of_marked(marked, plain, extra):
    varies = torch.cov(marked.T) + extra * torch.eye(plain.shape[1])
    return torch.linalg.solve(varies, marked.mean(0) - plain.mean(0))


# --- a budget


@question(
    "A budget",
    hints=(
        "How many seconds does the whole run take? `shown` pictures, `seconds` for each 1,000 of them.",
        "Days: by 86,400. All GPUs run all the time, so GPU hours are hours × `gpus`, and then the other runs come.",
        "days = shown / 1000 * seconds / 86400; return days, days * 24 * gpus * runs",
    ),
    insight="The calendar sees the days, the bill sees the GPU hours of all runs. More GPUs shorten the first, and at "
    "best leave the second as it is.",
    probes=lambda: [
        (25_000_000, 34.12, 8, 1), (25_000_000, 34.12, 8, 10), (200_000_000, 9.07, 8, 3), (5_000_000, 110.0, 1, 4),
    ],
)  # fmt: skip
def budget(shown, seconds, gpus, runs):
    days = shown / 1000 * seconds / 86_400
    return days, days * 24 * gpus * runs


@budget.misconception("`seconds` taken for one picture. They are for 1,000.")
def _per_picture(shown, seconds, gpus, runs):
    days = shown * seconds / 86_400
    return days, days * 24 * gpus * runs


@budget.misconception("the days divided by `gpus`. The seconds were measured with all GPUs working.")
def _divided(shown, seconds, gpus, runs):
    days = shown / 1000 * seconds / 86_400 / gpus
    return days, days * 24 * gpus * runs


@budget.misconception("hours of the clock. Each GPU is paid, so times `gpus`.")
def _clock_hours(shown, seconds, gpus, runs):
    days = shown / 1000 * seconds / 86_400
    return days, days * 24 * runs


@budget.misconception("GPU *days*: 24 hours each.")
def _gpu_days(shown, seconds, gpus, runs):
    days = shown / 1000 * seconds / 86_400
    return days, days * gpus * runs


@budget.misconception("the one run that worked. `runs` says how many there will be in all.")
def _one_run(shown, seconds, gpus, runs):
    days = shown / 1000 * seconds / 86_400
    return days, days * 24 * gpus

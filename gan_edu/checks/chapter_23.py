"""Questions of chapter 23: when a mode was lost, how many there really are, what a loss can tell."""

import math

import torch

from gan_edu.checks.engine import discussion, question

# --- when was it lost?


def _looks():
    story = [  # one row a seed: lost, lost, complete to the end, never complete, lost
        [0, 3, 2, 8, 8, 5, 8],
        [2, 8, 8, 6, 8, 3, 8],
        [1, 4, 6, 6, 8, 8, 8],
        [5, 4, 7, 7, 6, 7, 7],
        [8, 8, 8, 8, 7, 8, 2],
    ]
    short = [[5, 5, 0], [4, 5, 5], [5, 3, 1], [2, 5, 4]]
    never = [
        [3, 2],
        [5, 4],
        [4, 4],
    ]  # no seed ever holds all of them: the total is not what the data's largest number is
    return [
        (torch.tensor(story).T, 8),
        (torch.tensor(short), 5),
        (torch.tensor([[8], [7]]), 8),
        (torch.tensor(never), 6),
    ]


@question(
    "The look at which a mode was lost",
    hints=(
        "Two looks that follow each other decide: complete at the one, incomplete at the next. held[:-1] and held[1:] "
        "are the looks and those after them.",
        "lost = (held[:-1] == total) & (held[1:] < total) is a table (T - 1, S); a row of it belongs to the *later* "
        "look, which has the number row + 1.",
        "Of each column you need the first True: lost.int().argmax(dim=0) gives it (and 0 where there is none, so ask "
        "lost.any(dim=0) and put -1 there).",
    ),
    insight="A seed that never was complete has lost nothing by this definition: never found, and found and lost, "
    "are two failures; a count at the end of the training can't tell them apart.",
    probes=_looks,
    run=lambda candidate, held, total: torch.as_tensor(candidate(held, total)).reshape(-1).double(),
)
def lost_at(held, total):
    lost = (held[:-1] == total) & (held[1:] < total)  # (T - 1, S)
    first = lost.int().argmax(dim=0) + 1  # row i of `lost` belongs to look i + 1
    return torch.where(lost.any(dim=0), first, -1)


@lost_at.misconception(
    "the last look at which all was well, instead of the first at which a mode is missing: one too early."
)
def _one_too_early(held, total):
    lost = (held[:-1] == total) & (held[1:] < total)
    return torch.where(lost.any(dim=0), lost.int().argmax(dim=0), -1)


@lost_at.misconception(
    "the first look with a mode missing, although nothing had been complete before. Lost is what was there."
)
def _never_had_it(held, total):
    lost = held < total
    return torch.where(lost.any(dim=0), lost.int().argmax(dim=0), -1)


@lost_at.misconception(
    "any look at which the number falls, also from 6 to 4. Here it counts only from all modes downwards."
)
def _any_fall(held, total):
    lost = held[1:] < held[:-1]
    return torch.where(lost.any(dim=0), lost.int().argmax(dim=0) + 1, -1)


@lost_at.misconception(
    "the largest number in the table in the place of `total`. Perhaps no seed has ever held all modes."
)
def _total_from_the_data(held, total):
    most = held.max()
    lost = (held[:-1] == most) & (held[1:] < most)
    return torch.where(lost.any(dim=0), lost.int().argmax(dim=0) + 1, -1)


@lost_at.misconception(
    "a number for seeds that never lost a mode: argmax gives 0 where nothing is True. It should be -1."
)
def _no_minus_one(held, total):
    lost = (held[:-1] == total) & (held[1:] < total)
    return lost.int().argmax(dim=0) + 1


# --- how many modes are there really?


def _counts():
    return [
        (torch.tensor([[50, 50, 0, 0], [25, 25, 25, 25], [97, 1, 1, 1]]),),
        (torch.tensor([[1, 2, 3], [0, 0, 7]]),),
    ]


@question(
    "The effective number of modes",
    hints=(
        "First shares: each row divided by its own sum. Then the entropy of each row, -Σ p ln p.",
        "0 ln 0 counts as 0. torch.xlogy(p, p) knows that; p * p.log() gives NaN.",
        "exp(entropy) with the natural logarithm: (-torch.xlogy(p, p).sum(dim=1)).exp().",
    ),
    insight="It is K · exp(-KL) when all K modes deserve the same share: PacGAN's reverse KL in another unit, one that "
    "you can count on your fingers. With 97, 1, 1 and 1 points a generator has captured 4 modes, but its effective "
    "number is 1.2.",
    probes=_counts,
    tol=1e-4,
    run=lambda candidate, counts: torch.as_tensor(candidate(counts)).double().reshape(-1),
)
def effective_modes(counts):
    shares = counts.double() / counts.sum(dim=1, keepdim=True)
    entropy = -torch.xlogy(shares, shares).sum(dim=1)
    return entropy.exp()


@effective_modes.misconception("the entropy itself, in nats. exp() turns it into a number of modes.")
def _no_exp(counts):
    shares = counts.double() / counts.sum(dim=1, keepdim=True)
    return -torch.xlogy(shares, shares).sum(dim=1)


@effective_modes.misconception(
    "p * log(p) at p = 0: that is 0 · (−∞), NaN. torch.xlogy(p, p) gives the 0 that is meant."
)
def _zero_times_log_zero(counts):
    shares = counts.double() / counts.sum(dim=1, keepdim=True)
    return (-(shares * shares.log()).sum(dim=1)).exp()


@effective_modes.misconception(
    "the number of modes with at least one point. One point in a thousand counts as much as all."
)
def _counts_captured(counts):
    return (counts > 0).sum(dim=1)


@effective_modes.misconception(
    "shares of all seeds together. Each row is a training of its own: divide by the row's own sum."
)
def _mean_over_wrong_axis(counts):
    shares = counts.double() / counts.sum()
    return (-torch.xlogy(shares, shares).sum(dim=1)).exp()


@effective_modes.misconception(
    "a logarithm to base 2 with the exponential to base e. The bases must agree: log and exp, or log2 and 2**."
)
def _bits_and_nats(counts):
    shares = counts.double() / counts.sum(dim=1, keepdim=True)
    return (-torch.xlogy(shares, shares).sum(dim=1) / math.log(2)).exp()


# --- what can a loss tell?


def _worlds():
    third = torch.full((3,), 1 / 3, dtype=torch.float64)
    return [
        (torch.tensor([0.5, 0.5], dtype=torch.float64), torch.tensor([1.0, 0.0], dtype=torch.float64)),
        (third, third),
        (
            torch.tensor([0.5, 0.3, 0.2, 0.0], dtype=torch.float64),
            torch.tensor([0.1, 0.6, 0.0, 0.3], dtype=torch.float64),
        ),
        (torch.full((8,), 1 / 8, dtype=torch.float64), torch.tensor([1 / 6] * 6 + [0.0] * 2, dtype=torch.float64)),
    ]


@question(
    "The loss of the best discriminator",
    hints=(
        "At place i the best answer is D = p[i] / (p[i] + q[i]). What does the cross-entropy cost then, for the "
        "real and for the generated points there?",
        "The loss is -Σ p ln D - Σ q ln(1 - D), and 1 - D = q / (p + q).",
        "Where p or q is 0, its term is 0: torch.xlogy(p, p / (p + q)) takes care of that.",
    ),
    insight="It is 2 ln 2 - 2 JSD(p, q): the discriminator's loss, if it is the best one, is a measure of distance. A "
    "real discriminator is never better than that, so what its loss proves is a lower bound.",
    probes=_worlds,
    run=lambda candidate, p, q: torch.as_tensor(candidate(p, q)).double().reshape(()),
)
def perfect_loss(p, q):
    total = p + q
    return -torch.xlogy(p, p / total).sum() - torch.xlogy(q, q / total).sum()


@perfect_loss.misconception("only the real points' half of the loss. The generated ones add -Σ q ln(1 - D).")
def _real_half_only(p, q):
    return -torch.xlogy(p, p / (p + q)).sum()


@perfect_loss.misconception(
    "the mean of both halves instead of their sum. This course's loss (and the paper's) adds them: 2 ln 2 in "
    "equilibrium."
)
def _mean_of_halves(p, q):
    total = p + q
    return -(torch.xlogy(p, p / total).sum() + torch.xlogy(q, q / total).sum()) / 2


@perfect_loss.misconception(
    "the sign: this is the value that D maximises. Its loss, which it minimises, has the minus."
)
def _value_instead_of_loss(p, q):
    total = p + q
    return torch.xlogy(p, p / total).sum() + torch.xlogy(q, q / total).sum()


@perfect_loss.misconception("0 · ln 0, which is NaN. Where p is 0, the term is 0; torch.xlogy(p, …) gives that.")
def _zero_times_log_zero(p, q):
    d = p / (p + q)
    return -(p * d.log()).sum() - (q * (1 - d).log()).sum()


@perfect_loss.misconception("a yes-or-no answer instead of a probability. The best D is p / (p + q).")
def _hard_decision(p, q):
    d = torch.where(p == q, 0.5, (p > q).double()).clamp(1e-6, 1 - 1e-6)
    return -(p * d.log()).sum() - (q * (1 - d).log()).sum()


@discussion(
    "“No mode collapse was observed”",
    hints=(
        "What would you have to know to count yourself: of which distribution, how many samples, how many runs?",
        "When was it looked at, and who chose the moment?",
        "What could be missing that nobody has a name for?",
    ),
)
def no_collapse():
    """A picture of samples can show that something is there; it can't show that nothing is missing.

    I would ask: over how many seeds? At which step, and was it chosen because it looked good? (In the chapter, complete
    rings fell again.) What was counted: modes with at least one sample, or with their share? With how many samples?
    Against which baseline, trained by whom? A "plain GAN" has 3.3 modes of 25 in one paper and 17.3 in another.

    For data without named modes: recall or coverage (how much of the real data lies near generated data), with real
    data against real data as the ceiling; a fresh classifier on held-out samples; and a look at rare groups that can
    be named, with their shares and the error of these.

    Losses near 2 ln 2 are no answer: a discriminator that is late, or blind, has them too."""

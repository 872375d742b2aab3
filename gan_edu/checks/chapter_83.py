"""Questions of chapter 83: how anonymous a table is, what an attack is worth, what ε promises, a clip, an audit."""

import math

import numpy as np
import torch

from gan_edu import privacy
from gan_edu.checks.engine import question

# --- k-anonymity


def _registers():
    chance = np.random.default_rng(0)
    probes = [(np.array([[3, 1]] * 2 + [[4, 1]] * 3 + [[3, 2]] * 4 + [[4, 2]] * 3),)]
    for rows in (40, 90):
        table = chance.integers(0, 3, (rows, 2))
        probes.append((np.concatenate([table, table]),))
    return probes


@question(
    "How anonymous is a table?",
    hints=(
        "Rows with the same two numbers form a group. Which group protects its people worst?",
        "np.unique(known, axis=0, return_counts=True) gives the groups and how many rows each has.",
        "the smallest of these counts",
    ),
    insight="k says how many people one can't be told apart from. It doesn't say what these people have in common.",
    probes=_registers,
)
def anonymity(known):
    return np.unique(known, axis=0, return_counts=True)[1].min()


@anonymity.misconception("the mean size of a group. The promise is for everybody, also in the smallest one.")
def _mean_group(known):
    return np.unique(known, axis=0, return_counts=True)[1].mean()


@anonymity.misconception("the largest group. The promise is for everybody, also in the smallest one.")
def _largest_group(known):
    return np.unique(known, axis=0, return_counts=True)[1].max()


@anonymity.misconception("the number of groups. How many rows has the smallest?")
def _groups(known):
    return len(np.unique(known, axis=0))


@anonymity.misconception("one column at a time. Whoever knows both numbers looks at both together.")
def _by_column(known):
    return min(np.unique(column, return_counts=True)[1].min() for column in known.T)


@anonymity.misconception("how many *others* a row shares its group with. k counts the row itself, too.")
def _without_oneself(known):
    return np.unique(known, axis=0, return_counts=True)[1].min() - 1


# --- found at few false alarms


def _scores():
    chance = np.random.default_rng(1)
    probes = [(np.array([9.5, 2.5, 7.5, 30.0]), np.arange(10.0), 0.1)]
    for n, fpr in ((200, 0.01), (150, 0.05)):
        probes.append((chance.normal(1.2, 1.5, 180), chance.normal(0, 1, n), fpr))
    return probes


@question(
    "What an attack is worth",
    hints=(
        "How many of the others may be accused? int(fpr * len(others)).",
        "Sort the others downwards. If two may be accused, the threshold is the third largest score.",
        "(members > np.sort(others)[::-1][int(fpr * len(others))]).mean()",
    ),
    insight="The threshold comes from people outside alone. With few of them, a small rate can't even be measured: 50 "
    "people can't show 1 %.",
    probes=_scores,
)
def found_at(members, others, fpr):
    return (members > np.sort(others)[::-1][int(fpr * len(others))]).mean()


@found_at.misconception("a threshold from the members' scores. False alarms are counted among the others.")
def _members_threshold(members, others, fpr):
    return (members > np.sort(members)[::-1][int(fpr * len(members))]).mean()


@found_at.misconception("the lower end of the others' scores: then nearly everybody is accused.")
def _lower_end(members, others, fpr):
    return (members > np.sort(others)[int(fpr * len(others))]).mean()


@found_at.misconception("a threshold of the others' mean. How many of them are accused then?")
def _above_mean(members, others, fpr):
    return (members > others.mean()).mean()


@found_at.misconception("scores *below* the threshold. The attack says yes above it.")
def _below(members, others, fpr):
    return (members <= np.sort(others)[::-1][int(fpr * len(others))]).mean()


@found_at.misconception("the threshold above all others: no false alarm at all. The share `fpr` is allowed.")
def _none_accused(members, others, fpr):
    return (members > others.max()).mean()


@found_at.misconception("the number of members found. Asked is their share.")
def _number_found(members, others, fpr):
    return (members > np.sort(others)[::-1][int(fpr * len(others))]).sum()


# --- what ε promises


@question(
    "What ε promises",
    hints=(
        'The attack says yes: what is the probability with the row, and without? Then the same for "it says no".',
        "TPR ≤ e^ε · FPR + δ, and, with both exchanged, 1 − FPR ≤ e^ε · (1 − TPR) + δ. Solve the second for TPR, too.",
        "min(np.exp(epsilon) * fpr + delta, 1 - np.exp(-epsilon) * (1 - fpr - delta))",
    ),
    insight="At 1 % false alarms ε = 1 allows 3 %, and ε = 3 allows 20 %. The second half says that nobody finds *all* "
    "with few alarms: ε = 4.6 still leaves 1 % in hiding.",
    probes=lambda: [(0.01, 1.0, 1e-3), (0.05, 2.0, 0.01), (0.2, 3.0, 1e-3), (0.01, 0.1, 0.0), (0.5, 1.0, 0.02)],
)
def at_most(fpr, epsilon, delta):
    return min(math.exp(epsilon) * fpr + delta, 1 - math.exp(-epsilon) * (1 - fpr - delta))


@at_most.misconception('one half of the promise. With both exchanged it holds for "the attack says no", too.')
def _one_half(fpr, epsilon, delta):
    return min(1.0, math.exp(epsilon) * fpr + delta)


@at_most.misconception('a share above 1, from one half of the promise. What does the half about "says no" allow?')
def _above_one(fpr, epsilon, delta):
    return math.exp(epsilon) * fpr + delta


@at_most.misconception("the larger of both. Both hold, so the smaller one is the most.")
def _larger(fpr, epsilon, delta):
    return max(math.exp(epsilon) * fpr + delta, 1 - math.exp(-epsilon) * (1 - fpr - delta))


@at_most.misconception("ε as a factor. The factor is e to the power of ε.")
def _no_exponential(fpr, epsilon, delta):
    return min(epsilon * fpr + delta, 1 - (1 - fpr - delta) / epsilon)


@at_most.misconception("δ is left out. It is what the promise may fail by.")
def _no_delta(fpr, epsilon, delta):
    return at_most.answer(fpr, epsilon, 0.0)


@at_most.misconception("e^ε times (FPR + δ). δ is added afterwards.")
def _delta_inside(fpr, epsilon, delta):
    return min(math.exp(epsilon) * (fpr + delta), 1 - math.exp(-epsilon) * (1 - fpr - delta))


# --- the step of DP-SGD


def _steps():
    stream = torch.Generator().manual_seed(2)
    probes = [(torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]]), torch.tensor([0.5, -2.0]), 1.0, 0.5, 2)]
    for rows, clip, noise, batch in ((6, 2.0, 0.7, 8), (20, 0.5, 1.3, 16)):
        sizes = torch.linspace(0.05, 3, rows)[:, None]
        probes.append((sizes * torch.randn(rows, 5, generator=stream), torch.randn(5, generator=stream), clip, noise,
                       batch))  # fmt: skip
    return probes


@question(
    "Clip each row",
    hints=(
        "The length of each row: gradients.norm(dim=1, keepdim=True), (B, 1).",
        "A row is multiplied by min(1, clip / length). A length of 0 must not be divided by: clamp it from below.",
        "(clipped.sum(0) + noise * clip * bell) / batch",
    ),
    insight="No row moves the sum by more than `clip`, whatever it is. The noise is measured in this unit, and so ε "
    "doesn't depend on `clip`.",
    probes=_steps,
)
def private_step(gradients, bell, clip, noise, batch):
    length = gradients.norm(dim=1, keepdim=True)
    clipped = gradients * (clip / length.clamp(min=1e-12)).clamp(max=1)
    return (clipped.sum(0) + noise * clip * bell) / batch


@private_step.misconception("clipped after averaging: one row can still move the mean by far more than clip / batch.")
def _clipped_late(gradients, bell, clip, noise, batch):
    mean = gradients.sum(0) / batch
    return mean * (clip / mean.norm().clamp(min=1e-12)).clamp(max=1) + noise * clip * bell / batch


@private_step.misconception("each row brought *to* the length `clip`. Short ones stay as they are.")
def _normalised(gradients, bell, clip, noise, batch):
    rows = gradients * clip / gradients.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return (rows.sum(0) + noise * clip * bell) / batch


@private_step.misconception("no noise. Clipping alone keeps no promise.")
def _silent(gradients, bell, clip, noise, batch):
    return private_step.answer(gradients, 0 * bell, clip, noise, batch)


@private_step.misconception("divided by the number of rows that came. That number is a secret, too: divide by `batch`.")
def _by_rows(gradients, bell, clip, noise, batch):
    return private_step.answer(gradients, bell, clip, noise, len(gradients))


@private_step.misconception("each *number* clipped. A row of P numbers may then be √P times as long.")
def _by_number(gradients, bell, clip, noise, batch):
    return (gradients.clamp(-clip, clip).sum(0) + noise * clip * bell) / batch


@private_step.misconception("noise of size `noise`. It is given in units of the clip: times clip.")
def _noise_unit(gradients, bell, clip, noise, batch):
    return private_step.answer(gradients, bell / clip, clip, noise, batch)


@private_step.misconception("noise that isn't divided: the sum gets the noise, and then both are divided by `batch`.")
def _noise_undivided(gradients, bell, clip, noise, batch):
    return private_step.answer(gradients, bell * batch, clip, noise, batch)


# --- the audit


@question(
    "Catch the broken program",
    hints=(
        "What does the audit prove? privacy.at_least(hits, positives, false_alarms, negatives, delta).",
        "Both kinds of runs are `runs` many. A claim is false if it is smaller than what is proved.",
        "privacy.at_least(hits, runs, alarms, runs, delta) > claimed",
    ),
    insight="The raw ln(TPR / FPR) convicts innocent programs: with few false alarms it is mostly chance. And False "
    "doesn't mean that the program keeps its promise.",
    probes=lambda: [
        (1.0, 1e-3, 480, 10, 500), (1.0, 1e-3, 5, 1, 500), (1.0, 1e-3, 120, 100, 500), (8.0, 1e-3, 500, 0, 500),
        (2.0, 1e-3, 300, 30, 500), (1.0, 0.2, 300, 60, 500), (1.5, 1e-3, 10, 480, 500),
    ],
)  # fmt: skip
def is_broken(claimed, delta, hits, alarms, runs):
    return privacy.at_least(hits, runs, alarms, runs, delta) > claimed


@is_broken.misconception("the raw rates, without the interval: a few chance hits then convict an innocent program.")
def _raw(claimed, delta, hits, alarms, runs):
    return math.log(max(hits / runs - delta, 1e-12) / max(alarms / runs, 1e-12)) > claimed


@is_broken.misconception("turned round: broken is a claim that is *smaller* than what was proved.")
def _turned(claimed, delta, hits, alarms, runs):
    return privacy.at_least(hits, runs, alarms, runs, delta) <= claimed


@is_broken.misconception("hits and alarms exchanged: hits are counted in runs *with* the canary.")
def _exchanged(claimed, delta, hits, alarms, runs):
    return privacy.at_least(alarms, runs, hits, runs, delta) > claimed


@is_broken.misconception("any bound above 0. It must be above the claim.")
def _above_zero(claimed, delta, hits, alarms, runs):
    return privacy.at_least(hits, runs, alarms, runs, delta) > 0

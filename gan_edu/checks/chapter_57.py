"""Questions of chapter 57: bits for each letter, a judge from choices, the best policy under a KL penalty, three
reports."""

import math

import torch
import torch.nn.functional as F

from gan_edu.checks.engine import discussion, question

# --- bits for each letter


def _texts():
    certain = torch.tensor([[0.0, 0.0], [0.0, 0.0], [math.log(3), 0.0], [5.0, -5.0]])
    return [(certain, torch.tensor([0, 1, 0, 0])), (torch.randn(9, 5), torch.randint(5, (9,)))]


@question(
    "Bits for each letter",
    hints=(
        "Row t was made from letters 0 to t. Which letter does it speak about? And which row speaks about nothing that "
        "you have?",
        "Rows 0 to T − 2 go with letters 1 to T − 1. The surprise is minus the logarithm of the softmax at that "
        "letter; to base 2, since bits are asked for.",
        "F.cross_entropy(logits[:-1], text[1:]) is the mean in nats. Divide by math.log(2).",
    ),
    insight="A file of T letters could be written in about that many bits times T, by an arithmetic coder that uses "
    "the model. That is why models of text and compressors can be compared.",
    probes=_texts,
)
def bits_per_letter(logits, text):
    return F.cross_entropy(logits[:-1], text[1:]) / math.log(2)


@bits_per_letter.misconception("each row compared with the letter that was just read. Row t speaks about letter t + 1.")
def _same_place(logits, text):
    return F.cross_entropy(logits, text) / math.log(2)


@bits_per_letter.misconception("each row compared with the letter *before* it. Row t speaks about letter t + 1.")
def _one_back(logits, text):
    return F.cross_entropy(logits[1:], text[:-1]) / math.log(2)


@bits_per_letter.misconception("nats. One bit is ln 2 ≈ 0.693 nats, so divide by math.log(2).")
def _nats(logits, text):
    return F.cross_entropy(logits[:-1], text[1:])


@bits_per_letter.misconception("nats *times* ln 2. A bit is smaller than a nat, so there are more of them: divide.")
def _times_ln2(logits, text):
    return F.cross_entropy(logits[:-1], text[1:]) * math.log(2)


@bits_per_letter.misconception("the bits of the whole text. Asked for is the mean over the letters.")
def _sum(logits, text):
    return F.cross_entropy(logits[:-1], text[1:], reduction="sum") / math.log(2)


@bits_per_letter.misconception("the sum divided by T. Only T − 1 letters were predicted: nothing predicts the first.")
def _divided_by_all(logits, text):
    return F.cross_entropy(logits[:-1], text[1:], reduction="sum") / math.log(2) / len(text)


@bits_per_letter.misconception("a perplexity. Its logarithm to base 2 is asked for.")
def _perplexity(logits, text):
    return F.cross_entropy(logits[:-1], text[1:]).exp()


@bits_per_letter.misconception("a softmax twice. F.cross_entropy wants logits, and takes the softmax itself.")
def _softmax_twice(logits, text):
    return F.cross_entropy(logits[:-1].softmax(1), text[1:]) / math.log(2)


@bits_per_letter.misconception("all T rows used. The last row speaks about a letter that isn't in the text.")
def _around_the_end(logits, text):
    return F.cross_entropy(logits, text.roll(-1)) / math.log(2)


@bits_per_letter.misconception("one number for each letter. Take their mean.")
def _no_mean(logits, text):
    return F.cross_entropy(logits[:-1], text[1:], reduction="none") / math.log(2)


@bits_per_letter.misconception("the logarithm, not *minus* the logarithm. A surprise is never negative.")
def _sign(logits, text):
    return -F.cross_entropy(logits[:-1], text[1:]) / math.log(2)


# --- a judge from choices


def _choices():
    return [
        (torch.tensor([1.0, 0.0, 2.0]), torch.tensor([0.0, 0.5, -1.0])),
        (torch.randn(6), torch.randn(6)),
    ]


@question(
    "A judge from choices",
    hints=(
        "With which probability would the judge have chosen the same answer? They did choose it. So what is its "
        "surprise?",
        "The probability is σ(chosen − rejected), and the surprise minus its logarithm. Take the mean over the pairs.",
        "F.softplus(rejected − chosen).mean(), or −F.logsigmoid(chosen − rejected).mean().",
    ),
    insight="Only differences count: with 100 points more for every answer the loss stays the same. So the points of "
    "such a judge have no zero, and a baseline is a must.",
    probes=_choices,
)
def preference_loss(chosen, rejected):
    return F.softplus(rejected - chosen).mean()


@preference_loss.misconception("the two exchanged: this judge learns to prefer what people rejected.")
def _exchanged(chosen, rejected):
    return F.softplus(chosen - rejected).mean()


@preference_loss.misconception("each answer judged alone, as a discriminator does. People only said which is *better*.")
def _alone(chosen, rejected):
    return (F.softplus(-chosen) + F.softplus(rejected)).mean()


@preference_loss.misconception("the probability itself, without a logarithm. Asked for is the surprise.")
def _probability(chosen, rejected):
    return -(chosen - rejected).sigmoid().mean()


@preference_loss.misconception("one minus the probability. Asked for is minus its logarithm.")
def _one_minus(chosen, rejected):
    return (rejected - chosen).sigmoid().mean()


@preference_loss.misconception("the plain difference, without σ. It has no floor: points would grow for ever.")
def _difference(chosen, rejected):
    return (rejected - chosen).mean()


@preference_loss.misconception("each chosen answer against *all* rejected ones. Only the two of a pair were compared.")
def _all_pairs(chosen, rejected):
    return F.softplus(rejected[None] - chosen[:, None]).mean()


@preference_loss.misconception("the sum over the pairs. Asked for is the mean.")
def _sum(chosen, rejected):
    return F.softplus(rejected - chosen).sum()


@preference_loss.misconception("one number for each pair. Take their mean.")
def _no_mean(chosen, rejected):
    return F.softplus(rejected - chosen)


@preference_loss.misconception("bits. Nats are asked for: natural logarithms.")
def _bits(chosen, rejected):
    return F.softplus(rejected - chosen).mean() / math.log(2)


@preference_loss.misconception("a logarithm of the mean. Asked for is the mean of the logarithms.")
def _log_of_mean(chosen, rejected):
    return -(chosen - rejected).sigmoid().mean().log()


@preference_loss.misconception("the logarithm, not *minus* the logarithm: so the loss falls when the judge errs more.")
def _sign(chosen, rejected):
    return F.logsigmoid(chosen - rejected).mean()


# --- the best policy under a KL penalty


def _policies():
    reference = torch.tensor([0.5, 0.25, 0.25])
    return [
        (reference, torch.tensor([0.0, 0.0, math.log(2)]), 1.0),
        (reference, torch.tensor([1.0, 2.0, 3.0]), 0.5),
        (torch.randn(6).softmax(0), torch.randn(6), 2.0),
    ]


@question(
    "The best policy under a KL penalty",
    hints=(
        "Try the ends. β → ∞: only the penalty counts. β → 0: only the reward counts. Which formula does both?",
        "The best p is proportional to reference · exp(reward / β).",
        "(reference.log() + rewards / beta).softmax(0) divides by the sum for you.",
    ),
    insight="With a uniform reference and log p of a model as the reward, this is that model at temperature β. So a "
    "reward that praises likely texts does what a low temperature of *whole answers* does, and not of each letter.",
    probes=_policies,
)
def best_policy(reference, rewards, beta):
    return (reference.log() + rewards / beta).softmax(0)


@best_policy.misconception("the reference left out: right only if it is uniform.")
def _no_reference(reference, rewards, beta):
    return (rewards / beta).softmax(0)


@best_policy.misconception("rewards *times* β. A larger penalty must keep the policy closer to the reference.")
def _times_beta(reference, rewards, beta):
    return (reference.log() + rewards * beta).softmax(0)


@best_policy.misconception("weights that don't sum to 1. Divide by their sum.")
def _not_normalised(reference, rewards, beta):
    return reference * (rewards / beta).exp()


@best_policy.misconception("β → 0: all probability on the best reward. The penalty must count.")
def _greedy(reference, rewards, beta):
    return F.one_hot(rewards.argmax(), len(rewards)).float()


@best_policy.misconception("β forgotten.")
def _no_beta(reference, rewards, beta):
    return (reference.log() + rewards).softmax(0)


@best_policy.misconception("rewards as factors. They are summands of the *logarithm* of p: exponentiate them.")
def _factors(reference, rewards, beta):
    p = reference * rewards / beta
    return p / p.sum()


@best_policy.misconception("probabilities added to rewards. The logarithm of the reference belongs there.")
def _no_logarithm(reference, rewards, beta):
    return (reference + rewards / beta).softmax(0)


@best_policy.misconception("the *logarithm* of the reference times β, the rewards times 1. Divide that sum by β.")
def _not_divided(reference, rewards, beta):
    return (beta * reference.log() + rewards).softmax(0)


@best_policy.misconception("the sign of the rewards: better answers must become likelier.")
def _sign(reference, rewards, beta):
    return (reference.log() - rewards / beta).softmax(0)


@best_policy.misconception("logarithms of probabilities. Asked for are the probabilities.")
def _logarithms(reference, rewards, beta):
    return (reference.log() + rewards / beta).log_softmax(0)


@best_policy.misconception("the reference to the power 1/β as well. Only the reward is divided by β.")
def _all_divided(reference, rewards, beta):
    return ((reference.log() + rewards) / beta).softmax(0)


# --- three reports


@discussion(
    "Three reports",
    hints=(
        "What must be equal before two numbers may be compared? Who gave the points, and whom do they stand for?",
        "What can a model of this kind have seen at all? What would a plain rival get?",
    ),
)
def three_reports():
    """1. Nothing yet. Other letters, other text, other split give other bits. The same text must be predicted, chapters
    or books must be held out as a whole, and a compressor or a chain with back-off belongs beside it.

    2. The writer was trained for exactly these points, so they had to rise. Let other people compare, or a judge that
    took no part. How far is the writer from its reference, and how many different answers does it still give?

    3. It has seen the last 64 letters, so what stands before them can't be in the summary. Change the beginning: does
    the summary change? How were the two examples chosen, of how many? What does a rival get that copies the last
    sentence?"""

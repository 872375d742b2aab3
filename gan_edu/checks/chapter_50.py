"""Questions of chapter 50: class weights, chances to be drawn, a shifted answer, four messages."""

import torch
import torch.nn.functional as F

from gan_edu.checks.engine import discussion, question, value_of
from gan_edu.checks.probes import expect_gradient_at

# --- class weights


def _uneven_labels():
    return [
        (torch.tensor([0, 0, 0, 1]), 2),
        (torch.tensor([2, 2, 1, 0, 0, 0, 0, 0]), 3),
        (torch.arange(5).repeat_interleave(torch.tensor([7, 1, 3, 3, 2])), 5),
    ]


@question(
    "Fair weights",
    hints=(
        "Count the classes. Which weight makes a class of n pictures count as much, all together, as any other?",
        "1 / n, times a constant. Now choose the constant: the sum over all N pictures of their weights must be N.",
        "counts = labels.bincount(minlength=classes), then len(labels) / (classes * counts).",
    ),
    insight="With a mean weight of 1 the loss keeps its scale, so plain gradient descent needs no other rate. Adam "
    "wouldn't notice the scale.",
    probes=_uneven_labels,
)
def class_weights(labels, classes):
    counts = labels.bincount(minlength=classes)
    return len(labels) / (classes * counts)


@class_weights.misconception("weights that grow with the class. The rare one must count *more*.")
def _proportional(labels, classes):
    return labels.bincount(minlength=classes) * classes / len(labels)


@class_weights.misconception()
def _proportional(labels, classes):
    return labels.bincount(minlength=classes) / len(labels)


@class_weights.misconception(
    "1 / n without a constant: the mean weight over the data isn't 1, so the loss has another scale."
)
def _not_scaled(labels, classes):
    return 1 / labels.bincount(minlength=classes)


@class_weights.misconception("1 / share: the mean weight over the data is then the number of classes, not 1.")
def _one_over_share(labels, classes):
    return len(labels) / labels.bincount(minlength=classes)


@class_weights.misconception("weights that sum to 1 over the *classes*. Asked for is a mean of 1 over the *pictures*.")
def _sum_to_one(labels, classes):
    inverse = 1 / labels.bincount(minlength=classes)
    return inverse / inverse.sum()


@class_weights.misconception(
    "a mean of 1 over the *classes*. Common classes have more pictures, so that isn't the same."
)
def _mean_over_classes(labels, classes):
    inverse = 1 / labels.bincount(minlength=classes)
    return inverse / inverse.mean()


@class_weights.misconception("the root of the right weights: a milder choice, but then classes don't count equally.")
def _root(labels, classes):
    return (len(labels) / (classes * labels.bincount(minlength=classes))).sqrt()


@class_weights.misconception("one weight for each picture. Asked for is one for each class, (classes,).")
def _per_picture(labels, classes):
    return (len(labels) / (classes * labels.bincount(minlength=classes)))[labels]


# --- chances to be drawn


@question(
    "Even chances",
    hints=(
        "Here each *picture* gets a number. What is the chance of a whole class, and how many pictures share it?",
        "A class has the chance 1 / classes, and its pictures share it equally.",
        "counts = labels.bincount(minlength=classes), then 1 / (classes * counts[labels]).",
    ),
    insight="These chances are the fair weights divided by the number of pictures. So on average both cures give the "
    "same gradient. They differ in their noise.",
    probes=_uneven_labels,
)
def draw_chances(labels, classes):
    counts = labels.bincount(minlength=classes)
    return 1 / (classes * counts[labels])


@draw_chances.misconception("chances that don't sum to 1: they sum to the number of classes.")
def _sum_to_classes(labels, classes):
    return 1 / labels.bincount(minlength=classes)[labels]


@draw_chances.misconception("one number for each class. Asked for is one for each picture, (N,).")
def _per_class(labels, classes):
    inverse = 1 / labels.bincount(minlength=classes)
    return inverse / inverse.sum()


@draw_chances.misconception()
def _per_class(labels, classes):
    return 1 / (classes * labels.bincount(minlength=classes))


@draw_chances.misconception("equal chances for all *pictures*. Then a rare class stays as rare as it is.")
def _equal_pictures(labels, classes):
    return torch.full((len(labels),), 1 / len(labels))


@draw_chances.misconception("chances that grow with the class. Pictures of the rare class must come *more* often.")
def _proportional(labels, classes):
    counts = labels.bincount(minlength=classes)[labels].float()
    return counts / counts.sum()


@draw_chances.misconception("each class's chance for each of its pictures: its pictures must *share* that chance.")
def _not_shared(labels, classes):
    return torch.full((len(labels),), 1 / classes)


# --- a shifted answer


def _shift_probes():
    even = torch.full((3,), 1 / 3)
    return [
        (torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.5, 0.3]]), torch.tensor([0.7, 0.2, 0.1]), even),
        (torch.randn(4, 3), torch.tensor([0.6, 0.3, 0.1]), torch.tensor([0.1, 0.3, 0.6])),
    ]


def _probabilities_of(candidate, logits, trained, used):
    return F.log_softmax(candidate(logits, trained, used), dim=1)


@question(
    "Shift the answer",
    hints=(
        "By Bayes: p(y|x) ∝ p(y) p(x|y). The second factor stays as it was; the first must be exchanged.",
        "Divide by the old share of each class, multiply by the new one. With logits, dividing is subtracting the "
        "logarithm.",
        "logits - trained.log() + used.log()",
    ),
    insight="If not the shares differ but the costs of mistakes, the same formula works: a class whose misses cost k "
    "times as much gets log k added to its logit.",
    run=_probabilities_of,
    probes=_shift_probes,
)
def shifted_logits(logits, trained, used):
    return logits - trained.log() + used.log()


@shifted_logits.misconception(
    "the signs exchanged: subtract the logarithm of the old shares, add that of the new ones."
)
def _wrong_sign(logits, trained, used):
    return logits + trained.log() - used.log()


@shifted_logits.misconception("the new shares ignored. They matter as soon as they are uneven.")
def _forgets_used(logits, trained, used):
    return logits - trained.log()


@shifted_logits.misconception("the old shares are still in it: subtract their logarithm.")
def _forgets_trained(logits, trained, used):
    return logits + used.log()


@shifted_logits.misconception("shares where their logarithms belong. Factors of probabilities are summands of logits.")
def _no_logarithm(logits, trained, used):
    return logits - trained + used


@shifted_logits.misconception(
    "logits divided by shares. To divide a *probability*, subtract a logarithm from its logit."
)
def _divides_logits(logits, trained, used):
    return logits / trained * used


@shifted_logits.misconception("probabilities. Asked for are logits, so that a softmax can follow.")
def _gives_probabilities(logits, trained, used):
    p = logits.softmax(1) / trained * used
    return p / p.sum(1, keepdim=True)


@shifted_logits.misconception()
def _gives_probabilities(logits, trained, used):
    return logits.softmax(1) / trained * used


@shifted_logits.misconception("a log of the logits. They are logarithms already (up to a constant).")
def _log_of_logits(logits, trained, used):
    return logits.clamp(min=1e-6).log() - trained.log() + used.log()


@shifted_logits.test
def _(learner):
    logits, trained, used = _shift_probes()[1]
    value = F.log_softmax(value_of(learner, logits.requires_grad_(), trained, used), dim=1)
    expect_gradient_at(value[:, 0], {"logits": logits})


# --- four messages


@discussion(
    "Four messages",
    hints=(
        "For each: what has been compared with what? Is there a row “do nothing” (with as many steps, and enough of "
        "them), a row with a cheap cure, and is the cost equal?",
        "Which shares do the classes have in training, and which in use?",
    ),
)
def rare_messages():
    """1. Compared with "do nothing" after a short run nearly any cure looks good: the network knew more than it dared
    to say, and more steps alone may find many of the eights. Train both long enough, and compare at equal
    cost: shift the answer until the other classes lose as much, and compare the eights found.

    2. If the disease is as rare in use as it was in training, the plain answer makes the fewest mistakes. Whether to
    shift is a question of what a missed case costs, and a false alarm. State both, then choose a point of the curve.

    3. A class of 1 % can be ignored at a cost of 1 % of the accuracy. Ask for the recall of each class, and for how
    many of those called rare are rare.

    4. The repeated pictures carry no new knowledge, but they are drawn more often: that is resampling. It helps at
    first, and the network soon knows the ten pictures by heart. Moving them, or other changes that keep the class, make
    it last longer."""

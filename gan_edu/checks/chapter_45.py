"""Questions of chapter 45: a label beside a row, projection, class weights, a shifted answer, four messages."""

import torch
import torch.nn.functional as F

from gan_edu.checks.engine import NotYet, discussion, question, value_of

# --- a label beside a row


def _row_probes():
    return [
        (torch.tensor([[0.5, -0.5], [1.0, 0.0], [0.2, 0.3]]), torch.tensor([2, 0, 1]), 3, 1.0),
        (torch.randn(5, 4), torch.tensor([1, 1, 3, 0, 2]), 4, 10.0),
        (torch.randn(2, 3), torch.tensor([0, 4]), 6, 2.5),
    ]


@question(
    "A label beside a row",
    hints=(
        "Two parts: the rows as they are, and for each row `classes` numbers, all 0 but one.",
        "F.one_hot(labels, classes) gives whole numbers; make them floats and multiply. torch.cat with dim=1 puts two "
        "tables side by side.",
        "torch.cat([rows, loud * F.one_hot(labels, classes).float()], dim=1)",
    ),
    insight="One-hot, because classes have no order: with a single number a net would have to learn that an 8 is not "
    "twice a 4.",
    probes=_row_probes,
)
def label_rows(rows, labels, classes, loud):
    one_hot = F.one_hot(labels, classes).to(rows.dtype)
    return torch.cat([rows, loud * one_hot], dim=1)


@label_rows.misconception("a single column with the class number. That would make class 8 twice class 4: use one-hot.")
def _class_as_a_number(rows, labels, classes, loud):
    return torch.cat([rows, loud * labels[:, None].to(rows)], dim=1)


@label_rows.misconception("the label in front. It was asked for behind the row, where the other net looks for it.")
def _label_in_front(rows, labels, classes, loud):
    return torch.cat([loud * F.one_hot(labels, classes).to(rows), rows], dim=1)


@label_rows.misconception("loudness for the rows as well. Only the label is multiplied.")
def _loud_rows(rows, labels, classes, loud):
    return loud * torch.cat([rows, F.one_hot(labels, classes).to(rows)], dim=1)


@label_rows.misconception("no loudness: the label's 1 must become `loud`.")
def _forgets_loudness(rows, labels, classes, loud):
    return torch.cat([rows, F.one_hot(labels, classes).to(rows)], dim=1)


@label_rows.misconception("rows and labels one below the other. dim=1 puts them side by side.")
def _below(rows, labels, classes, loud):
    width = max(rows.shape[1], classes)
    parts = rows, loud * F.one_hot(labels, classes).to(rows)
    return torch.cat([F.pad(part, (0, width - part.shape[1])) for part in parts], dim=0)


@label_rows.misconception("the one-hot row added to the pixels. It gets columns of its own.")
def _added(rows, labels, classes, loud):
    padded = F.pad(rows, (0, max(0, classes - rows.shape[1])))
    return padded + F.pad(loud * F.one_hot(labels, classes).to(rows), (0, max(0, rows.shape[1] - classes)))


@label_rows.misconception("one column too few: as many columns as `classes`, also for classes that this batch lacks.")
def _only_classes_in_the_batch(rows, labels, classes, loud):
    return torch.cat([rows, loud * F.one_hot(labels).to(rows)], dim=1)


# --- projection


def _projection_probes():
    def one(n, h, k):
        return torch.randn(n, h), torch.randint(k, (n,)), torch.randn(k, h), torch.randn(h), torch.randn(())

    return [one(3, 2, 4), one(6, 5, 3), one(4, 4, 4)]


@question(
    "A projection discriminator's last step",
    hints=(
        "Two parts: one number that doesn't look at the class, and one that does. What is the vector of a row's class?",
        "vectors[labels] has one vector for each row, (N, h). Multiply it with the features number by number, and sum "
        "over h.",
        "(features * vectors[labels]).sum(dim=1) + features @ weight + bias",
    ),
    insight="It is a classifier's softmax layer put to another use: e_y·φ is the evidence for class y, and only "
    "that of the class in question is asked for.",
    probes=_projection_probes,
)
def projection_logit(features, labels, vectors, weight, bias):
    about_class = (features * vectors[labels]).sum(dim=1)
    anyway = features @ weight + bias
    return about_class + anyway


@projection_logit.misconception("no second part: ψ(φ), which asks whether it is a real picture of anything at all.")
def _forgets_psi(features, labels, vectors, weight, bias):
    return (features * vectors[labels]).sum(1)


@projection_logit.misconception("no first part: the class isn't looked at, so any label would do.")
def _forgets_the_class(features, labels, vectors, weight, bias):
    return features @ weight + bias


@projection_logit.misconception("every row with every class, (N, K). Only the row's own class is asked for.")
def _all_classes(features, labels, vectors, weight, bias):
    return features @ vectors.T + (features @ weight + bias)[:, None]


@projection_logit.misconception("products that are not summed over the features: one number for each row is wanted.")
def _not_summed(features, labels, vectors, weight, bias):
    return features * vectors[labels] + (features @ weight + bias)[:, None]


@projection_logit.misconception("a mean over the features. A product of two vectors is a sum.")
def _mean_instead_of_sum(features, labels, vectors, weight, bias):
    return (features * vectors[labels]).mean(1) + features @ weight + bias


@projection_logit.misconception(
    "a class vector that is added to the features, not multiplied: it would shift all logits of a class alike, whatever"
    " the picture."
)
def _added_instead_of_multiplied(features, labels, vectors, weight, bias):
    return (features + vectors[labels]) @ weight + bias


@projection_logit.misconception("the vectors in their order instead of each row's own: vectors[labels].")
def _ignores_labels(features, labels, vectors, weight, bias):
    own = vectors[torch.arange(len(features)) % len(vectors)]
    return (features * own).sum(1) + features @ weight + bias


@projection_logit.misconception("no bias.")
def _forgets_bias(features, labels, vectors, weight, bias):
    return (features * vectors[labels]).sum(1) + features @ weight


@projection_logit.misconception("a sigmoid at the end. Discriminators here give logits.")
def _probability(features, labels, vectors, weight, bias):
    return projection_logit.answer(features, labels, vectors, weight, bias).sigmoid()


@projection_logit.test
def _(learner):
    features, labels, vectors, weight, bias = _projection_probes()[0]
    features.requires_grad_()
    vectors.requires_grad_()
    logits = value_of(learner, features, labels, vectors, weight, bias)
    found = (
        torch.autograd.grad(logits.sum(), [features, vectors], allow_unused=True) if logits.requires_grad else [None]
    )
    if any(gradient is None for gradient in found):
        raise NotYet("a gradient for features and vectors", "none", looks_like="a .detach(), .data or .item().")


# --- class weights


@question(
    "Fair weights",
    hints=(
        "Count the classes. Which weight makes a class of n pictures count as much, all together, as any other?",
        "1 / n, times a constant. Now choose the constant: the sum over all N pictures of their weights must be N.",
        "counts = labels.bincount(minlength=classes), then len(labels) / (classes * counts).",
    ),
    insight="With a mean weight of 1 the learning rate means what it meant before, so that a comparison with “do "
    "nothing” is about the weights and not about the step size.",
    probes=lambda: [
        (torch.tensor([0, 0, 0, 1]), 2),
        (torch.tensor([2, 2, 1, 0, 0, 0, 0, 0]), 3),
        (torch.arange(5).repeat_interleave(torch.tensor([7, 1, 3, 3, 2])), 5),
    ],
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


@class_weights.misconception("1 / n without a constant: the mean weight over the data isn't 1, so all steps shrink.")
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
    insight="If the costs of mistakes differ instead of the shares, the same formula does it: a class whose misses are "
    "k times as dear gets log k.",
    run=_probabilities_of,
    probes=_shift_probes,
)
def shifted_logits(logits, trained, used):
    return logits - trained.log() + used.log()


@shifted_logits.misconception("the sign turned round: what was *over*-represented in training must be *subtracted*.")
def _wrong_sign(logits, trained, used):
    return logits + trained.log() - used.log()


@shifted_logits.misconception("the new shares ignored. They matter as soon as they are uneven.")
def _forgets_used(logits, trained, used):
    return logits - trained.log()


@shifted_logits.misconception("the old shares still in it: subtract their logarithm.")
def _forgets_trained(logits, trained, used):
    return logits + used.log()


@shifted_logits.misconception("shares where their logarithms belong. Factors of probabilities are summands of logits.")
def _no_logarithm(logits, trained, used):
    return logits - trained + used


@shifted_logits.misconception("logits that are divided by shares. Dividing a *probability* is subtracting a logarithm.")
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


# --- four messages


@discussion(
    "Four messages",
    hints=(
        "For each: what has been compared with what? Is there a row “do nothing”, and is it at equal cost?",
        "Obedience, distance, variety, usefulness: which of them has been measured, and which is claimed?",
    ),
)
def rare_messages():
    """1. The judge says that the pictures are believed to be eights. Ten copies of one eight would get 100 %, too. Ask
    for variety (recall within the class), and for distances to the training pictures.

    2. Against "do nothing", any cure looks good, for the net knew more than it dared to say. The fair comparison is at
    equal cost: shift the answer until the other classes lose as much, and compare the eights found then.

    3. First count obedience with a classifier. Then compare how much the discriminator's first layer is moved by a
    change of the label and by a change of the picture. Make the label louder, or use projection, and then train longer.

    4. If disease is as rare in use as it was in training, the plain answer makes the fewest mistakes. Whether to shift
    is a question of what a missed case costs, and a false alarm. State both, then choose a point of the curve."""

"""Questions of chapter 45: a label beside a row, projection, conditional batch norm, four messages."""

import torch
import torch.nn.functional as F

from gan_edu.checks.engine import discussion, question, value_of
from gan_edu.checks.probes import expect_gradient_at

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
        "torch.cat([rows, loud * F.one_hot(labels, classes).to(rows.dtype)], dim=1)",
    ),
    insight="One-hot, because classes have no order: with a single number a network would have to learn that an 8 is "
    "not twice a 4. A learned row, nn.Embedding, does the same with other numbers.",
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


@label_rows.test
def _(learner):
    rows, labels, classes, loud = _row_probes()[1]
    expect_gradient_at(value_of(learner, rows.requires_grad_(), labels, classes, loud), {"rows": rows})


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
    insight="e_y·φ is a difference of two classifiers' evidence for class y: that of the real pairs minus that of the "
    "forged ones. For a generator that obeys perfectly it is the same for all classes.",
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
    leaves = {"features": features, "vectors": vectors, "weight": weight, "bias": bias}
    for leaf in leaves.values():
        leaf.requires_grad_()
    expect_gradient_at(value_of(learner, features, labels, vectors, weight, bias), leaves)


# --- conditional batch norm


def _norm_probes():
    def one(n, maps, side, classes):
        h = torch.randn(n, maps, side, side) * (1 + torch.arange(maps))[:, None, None] + 3
        return h, torch.randint(classes, (n,)), torch.randn(classes, maps), torch.randn(classes, maps)

    return [one(3, 2, 2, 4), one(5, 3, 4, 3), one(2, 1, 3, 2)]


@question(
    "Conditional batch norm",
    hints=(
        "Two steps. First plain batch norm: each map gets mean 0 and variance 1, over all samples and all places. Then "
        "each sample's map is scaled and shifted by the numbers of its class.",
        "h.mean(dim=(0, 2, 3), keepdim=True) is one mean for each map. The variance is the same with "
        "h.var(dim=(0, 2, 3), keepdim=True, unbiased=False).",
        "scales[labels] has shape (N, C). Add two axes with [:, :, None, None], so that it fits (N, C, H, W).",
    ),
    insight="Only one thing has changed against batch norm: the two numbers of each map are looked up in a table. That "
    "is enough to bring the class into every layer.",
    probes=_norm_probes,
    tol=1e-4,
)
def conditional_batch_norm(h, labels, scales, shifts):
    mean = h.mean(dim=(0, 2, 3), keepdim=True)
    variance = h.var(dim=(0, 2, 3), keepdim=True, unbiased=False)
    normal = (h - mean) / (variance + 1e-5).sqrt()
    return scales[labels][:, :, None, None] * normal + shifts[labels][:, :, None, None]


def _normed(h, labels, scales, shifts, dims=(0, 2, 3), unbiased=False, root=True):
    variance = h.var(dim=dims, keepdim=True, unbiased=unbiased) + 1e-5
    normal = (h - h.mean(dim=dims, keepdim=True)) / (variance.sqrt() if root else variance)
    return scales[labels][:, :, None, None] * normal + shifts[labels][:, :, None, None]


@conditional_batch_norm.misconception(
    "each sample normalised by itself (instance norm). Batch norm takes mean and variance over all samples, too."
)
def _each_sample(*given):
    return _normed(*given, dims=(2, 3))


@conditional_batch_norm.misconception("a mean for each place. Batch norm has one mean for each map: over N, H and W.")
def _each_place(*given):
    return _normed(*given, dims=(0,))


@conditional_batch_norm.misconception("one mean for all maps together. Each map has its own.")
def _all_maps_together(*given):
    return _normed(*given, dims=(0, 1, 2, 3))


@conditional_batch_norm.misconception("a variance divided by n - 1. Batch norm divides by n: unbiased=False.")
def _unbiased_variance(*given):
    return _normed(*given, unbiased=True)


@conditional_batch_norm.misconception("a division by the variance. Divide by its root.")
def _no_root(*given):
    return _normed(*given, root=False)


@conditional_batch_norm.misconception("scales and shifts exchanged: multiply by the scale, add the shift.")
def _exchanged(h, labels, scales, shifts):
    return _normed(h, labels, shifts, scales)


@conditional_batch_norm.misconception("plain batch norm without the class: look up each sample's scales and shifts.")
def _no_class(h, labels, scales, shifts):
    return _normed(h, labels, torch.ones_like(scales), torch.zeros_like(shifts))


@conditional_batch_norm.misconception("the same class for every sample: take scales[labels], a row for each sample.")
def _first_class(h, labels, scales, shifts):
    return _normed(h, torch.zeros_like(labels), scales, shifts)


@conditional_batch_norm.misconception(
    "no normalisation: subtract the mean and divide by the root of the variance first."
)
def _not_normalised(h, labels, scales, shifts):
    return scales[labels][:, :, None, None] * h + shifts[labels][:, :, None, None]


@conditional_batch_norm.test
def _(learner):
    h, labels, scales, shifts = _norm_probes()[1]
    leaves = {"h": h, "scales": scales, "shifts": shifts}
    for leaf in leaves.values():
        leaf.requires_grad_()
    value = value_of(learner, h, labels, scales, shifts)
    expect_gradient_at(value * torch.randn(value.shape), leaves)


# --- four messages


@discussion(
    "Four messages",
    hints=(
        "Obedience, distance, variety: which of them has been measured, and which is claimed?",
        "For the second: how far does a label move the input of the discriminator, and how far does a picture?",
    ),
)
def conditional_messages():
    """1. The judge says that the pictures are believed to be eights. Ten copies of one eight would get 100 %, too. Ask
    for variety (recall within the class), and for distances to the training pictures.

    2. One in ten is chance: the label isn't heard. Compare how far a change of the label and a change of the picture
    move the discriminator's input. More steps may help, but a larger label is quick to try. Look at distance and
    variety as well. (If it were *never* the right digit, the label would be heard, and the classes would be in another
    order.)

    3. A distance of all pictures together doesn't see the orders: shuffle them, and it stays the same. Count obedience,
    or measure the distance of each class by itself.

    4. The discriminator decides. With fakes of all ten classes equally often and real sevens of 90 %, the label alone
    tells real from forged. Draw the forged labels with the shares of the data, or even out both."""

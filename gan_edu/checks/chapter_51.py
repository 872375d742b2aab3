"""Questions of chapter 51: PSNR, the best answer, a sharpener's loss, a share corrected, four messages."""

import torch
import torch.nn.functional as F

from gan_edu.checks.engine import discussion, question, value_of
from gan_edu.checks.probes import expect_gradient_at

# --- PSNR


def _picture_probes():
    return [
        (torch.zeros(2, 1, 2, 2), torch.stack([torch.full((1, 2, 2), 0.2), torch.full((1, 2, 2), -1.0)])),
        (torch.rand(3, 3, 4, 4) * 2 - 1, torch.rand(3, 3, 4, 4) * 2 - 1),
        (0.1 * torch.randn(4, 3, 2, 5), torch.rand(4, 3, 2, 5) * 2 - 1),
    ]


@question(
    "PSNR",
    hints=(
        "First one squared error for each picture: the mean over its colours, rows and columns, but not over pictures.",
        "Pixels run from -1 to 1, so the largest possible difference is 2, and its square is 4.",
        "error = (answer - truth).square().flatten(1).mean(dim=1), then 10 * torch.log10(4 / error).",
    ),
    insight="The mean of PSNRs isn't the PSNR of the mean error: one easy picture lifts the first. Say which one "
    "you report.",
    probes=_picture_probes,
)
def psnr(answer, truth):
    error = (answer - truth).square().flatten(1).mean(dim=1)
    return 10 * torch.log10(4 / error)


def _error(answer, truth):
    return (answer - truth).square().flatten(1).mean(dim=1)


@psnr.misconception("a peak of 1, as for pixels from 0 to 1. Here they run from -1 to 1: a range of 2, and its square.")
def _peak_of_one(answer, truth):
    return 10 * torch.log10(1 / _error(answer, truth))


@psnr.misconception("the peak isn't squared. A squared error is compared with a squared range.")
def _peak_not_squared(answer, truth):
    return 10 * torch.log10(2 / _error(answer, truth))


@psnr.misconception("a natural logarithm. Decibels are made with the logarithm to base 10.")
def _natural_logarithm(answer, truth):
    return 10 * torch.log(4 / _error(answer, truth))


@psnr.misconception("20 where 10 belongs. 20 goes with the ratio of the ranges, 10 with that of their squares.")
def _twenty(answer, truth):
    return 20 * torch.log10(4 / _error(answer, truth))


@psnr.misconception("the ratio upside down: a smaller error must give a higher PSNR.")
def _upside_down(answer, truth):
    return 10 * torch.log10(_error(answer, truth) / 4)


@psnr.misconception("one number for all pictures. Asked for is one for each, (N,).")
def _one_number(answer, truth):
    return 10 * torch.log10(4 / F.mse_loss(answer, truth))


@psnr.misconception()
def _one_number(answer, truth):
    return (10 * torch.log10(4 / _error(answer, truth))).mean()


# --- the best answer


def _candidate_probes():
    return [
        (torch.tensor([[[1.0, -1.0]], [[-1.0, 1.0]]]), torch.tensor([0.75, 0.25])),
        (torch.rand(3, 2, 4) * 2 - 1, torch.tensor([0.2, 0.5, 0.3])),
        (torch.rand(5, 3, 3) * 2 - 1, torch.tensor([0.1, 0.1, 0.2, 0.5, 0.1])),
    ]


@question(
    "The best answer",
    hints=(
        "Which constant has the smallest expected squared distance to a random number?",
        "Its mean. Each pixel is a random number of its own: weigh the candidates with their chances, and add them up.",
        "(chances[:, None, None] * candidates).sum(dim=0)",
    ),
    insight="The mean need not be a possible picture itself. No candidate may look like it, and it is still the best "
    "answer in squared error.",
    probes=_candidate_probes,
)
def best_answer(candidates, chances):
    return (chances[:, None, None] * candidates).sum(dim=0)


@best_answer.misconception("the most probable candidate. It is sharp, but its expected squared error is larger.")
def _most_probable(candidates, chances):
    return candidates[chances.argmax()]


@best_answer.misconception("every candidate counts the same. Probable ones must count more.")
def _unweighted(candidates, chances):
    return candidates.mean(dim=0)


@best_answer.misconception("the candidates are weighted, but not added up: one picture (H, W) is asked for.")
def _not_added(candidates, chances):
    return chances[:, None, None] * candidates


@best_answer.misconception("divided by the number of candidates, although the chances sum to 1 already.")
def _divided_again(candidates, chances):
    return (chances[:, None, None] * candidates).mean(dim=0)


@best_answer.misconception("a median. That is the answer to *absolute* error.")
def _median(candidates, chances):
    order = candidates.argsort(dim=0)
    above = chances[order].cumsum(dim=0) >= 0.5
    return candidates.gather(0, order).gather(0, above.int().argmax(dim=0, keepdim=True))[0]


@best_answer.misconception()
def _median(candidates, chances):
    return candidates.median(dim=0).values


# --- a sharpener's loss


def _loss_probes():
    return [
        (torch.tensor([[[[0.5]]]]), torch.tensor([[[[-0.5]]]]), torch.tensor([1.0]), 0.1),
        (torch.randn(3, 1, 2, 2), torch.randn(3, 1, 2, 2), torch.tensor([-2.0, 0.5, 3.0]), 0.01),
        (torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4), torch.randn(2), 2.5),
    ]


@question(
    "A sharpener's loss",
    hints=(
        "Two terms: how far the answer is from the truth, and how surely the discriminator calls it generated.",
        "The non-saturating loss of a generator is -log D, with D = sigmoid(logit): that is softplus(-logit).",
        "F.mse_loss(answer, truth) + weight * F.softplus(-fake_logits).mean()",
    ),
    insight="With weight 0 this is a regression. SRGAN has the same form: an error of the content plus a small weight "
    "times -log D.",
    probes=_loss_probes,
)
def sharpener_loss(answer, truth, fake_logits, weight):
    return F.mse_loss(answer, truth) + weight * F.softplus(-fake_logits).mean()


@sharpener_loss.misconception("the discriminator's loss on fakes. The sharpener wants the opposite: high logits.")
def _wrong_side(answer, truth, fake_logits, weight):
    return F.mse_loss(answer, truth) + weight * F.softplus(fake_logits).mean()


@sharpener_loss.misconception("the saturating loss. Asked for is the non-saturating one, -log D.")
def _saturating(answer, truth, fake_logits, weight):
    return F.mse_loss(answer, truth) - weight * F.softplus(fake_logits).mean()


@sharpener_loss.misconception("the weight on the squared error. It belongs to the adversarial term.")
def _weight_on_error(answer, truth, fake_logits, weight):
    return weight * F.mse_loss(answer, truth) + F.softplus(-fake_logits).mean()


@sharpener_loss.misconception("no weight: the adversarial term counts in full.")
def _no_weight(answer, truth, fake_logits, weight):
    return F.mse_loss(answer, truth) + F.softplus(-fake_logits).mean()


@sharpener_loss.misconception("absolute error, where squared error was asked for.")
def _absolute(answer, truth, fake_logits, weight):
    return F.l1_loss(answer, truth) + weight * F.softplus(-fake_logits).mean()


@sharpener_loss.misconception(
    "a sum over pixels or samples. Both terms are means, so that the weight keeps its meaning."
)
def _sums(answer, truth, fake_logits, weight):
    return (answer - truth).square().sum() + weight * F.softplus(-fake_logits).mean()


@sharpener_loss.misconception()
def _sums(answer, truth, fake_logits, weight):
    return F.mse_loss(answer, truth) + weight * F.softplus(-fake_logits).sum()


@sharpener_loss.misconception()
def _sums(answer, truth, fake_logits, weight):
    return (answer - truth).square().sum() + weight * F.softplus(-fake_logits).sum()


@sharpener_loss.test
def _(learner):
    answer, truth, fake_logits, weight = _loss_probes()[1]
    leaves = {"answer": answer.requires_grad_(), "logits of the answer": fake_logits.requires_grad_()}
    expect_gradient_at(value_of(learner, answer, truth, fake_logits, weight), leaves)


# --- a share, corrected


def _share_probes():
    return [
        (torch.tensor([0.30, 0.05, 0.90]), 0.9, 0.05),
        (torch.tensor([0.5, 0.25]), 0.8, 0.1),
        (torch.tensor([0.02, 0.5, 0.97]), 0.95, 0.1),
    ]


@question(
    "A share, corrected",
    hints=(
        "Go forwards first: if a share p has it, in which share does the reader say yes? Two kinds contribute.",
        "read = p * hit + (1 - p) * false. Solve for p, then cut off what lies below 0 or above 1.",
        "((read - false) / (hit - false)).clamp(0, 1)",
    ),
    insight="The closer hit and false are, the more it scatters: a poor reader can't be corrected into a good one. In "
    "medicine it is known as the estimate of Rogan & Gladen (1978).",
    probes=_share_probes,
)
def true_share(read, hit, false):
    return ((read - false) / (hit - false)).clamp(0, 1)


@true_share.misconception("only missed ones are corrected. Faces without it that were read as having it count, too.")
def _only_hits(read, hit, false):
    return (read / hit).clamp(0, 1)


@true_share.misconception("only false ones are corrected. Those that the reader misses count, too.")
def _only_false(read, hit, false):
    return (read - false).clamp(0, 1)


@true_share.misconception()
def _only_false(read, hit, false):
    return ((read - false) / (1 - false)).clamp(0, 1)


@true_share.misconception(
    "Bayes' rule with `read` as if it were the true share: how many of those read as having it do have it. Asked for "
    "is the true share itself."
)
def _bayes(read, hit, false):
    return read * hit / (read * hit + (1 - read) * false)


@true_share.misconception("the direction: this gives what is read from what is true. Solve it for the true share.")
def _forwards(read, hit, false):
    return read * hit + (1 - read) * false


@true_share.misconception("the denominator: those who have it raise the reading by hit - false, not by hit.")
def _divided_by_hits(read, hit, false):
    return ((read - false) / hit).clamp(0, 1)


@true_share.misconception("shares below 0 or above 1. Cut them off.")
def _no_cut(read, hit, false):
    return (read - false) / (hit - false)


# --- four messages


@discussion(
    "Four messages",
    hints=(
        "For each: which of the two measures does it speak of, distortion or perception? And which row is missing?",
        "What does the small picture hold, and what comes from the training data?",
    ),
)
def sharp_messages():
    """1. PSNR rewards the mean of all pictures that fit, and that is blurred. Show the distance to real pictures as
    well, with its floor, and the pictures. Then say which of the two your users need.

    2. It shows that the answer looks like real pictures, nothing about this person. All that the network adds comes
    from other faces. Such a picture identifies nobody. It can be made to look like anybody who fits the few pixels.

    3. Compare with the regression sharpened by a filter, which costs nothing, and with mixtures, at equal PSNR. Use
    more than one kind of features, and several seeds.

    4. Count invented and removed lesions on scans whose truth is known, at the share that the hospital has. Compare
    with reading the measured data directly. A mean over all pixels hardly notices a lesion of a few pixels."""

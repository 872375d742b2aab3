"""Questions of chapter 53: AUROC, IoU, what a plane can't say, AnoGAN's score, four reports."""

import torch

from gan_edu.checks.engine import discussion, question

# --- AUROC


def _score_probes():
    return [
        (torch.tensor([0.1, 0.4, 0.4]), torch.tensor([0.4, 0.9])),
        (torch.randn(7), torch.randn(5) + 1),
        (torch.tensor([1.0, 2.0, 3.0, 3.0, 5.0]), torch.tensor([3.0, 3.0, 4.0])),
        (torch.tensor([2.0, 3.0, 5.0]), torch.tensor([1.0, 2.5, 0.0, 2.0])),  # below ½
    ]


@question(
    "AUROC",
    hints=(
        "Compare *each* normal score with *each* strange one: normal[:, None] with strange[None, :].",
        "A pair counts 1 if the strange score is higher, ½ if both are equal, and 0 otherwise.",
        "higher = strange[None] > normal[:, None]; equal = strange[None] == normal[:, None]; then the mean of "
        "higher.float() + 0.5 * equal.float().",
    ),
    insight="No threshold is chosen, and the shares of normal and strange things don't matter. Both are an advantage "
    "and a danger: in use there are thresholds and shares.",
    probes=_score_probes,
)
def auroc(normal, strange):
    higher, equal = strange[None] > normal[:, None], strange[None] == normal[:, None]
    return (higher.float() + 0.5 * equal.float()).mean()


@auroc.misconception("the wrong way round: strange pictures should have the *higher* scores.")
def _wrong_way_round(normal, strange):
    return ((strange[None] < normal[:, None]).float() + 0.5 * (strange[None] == normal[:, None]).float()).mean()


@auroc.misconception("ties count nothing. Two equal scores are a coin's throw: ½.")
def _ties_lost(normal, strange):
    return (strange[None] > normal[:, None]).float().mean()


@auroc.misconception("ties count in full. Two equal scores are a coin's throw: ½.")
def _ties_won(normal, strange):
    return (strange[None] >= normal[:, None]).float().mean()


@auroc.misconception("only the means are compared. One huge score would decide everything.")
def _means(normal, strange):
    return strange.mean() - normal.mean()


@auroc.misconception()
def _means(normal, strange):
    return (strange.mean() > normal.mean()).float()


@auroc.misconception("a share of right answers at one threshold. AUROC chooses no threshold: compare pairs.")
def _threshold(normal, strange):
    border = (normal.mean() + strange.mean()) / 2
    return torch.cat([normal <= border, strange > border]).float().mean()


@auroc.misconception("the pairs are added up, but not divided by their number.")
def _sum_of_pairs(normal, strange):
    return ((strange[None] > normal[:, None]).float() + 0.5 * (strange[None] == normal[:, None]).float()).sum()


@auroc.misconception("turned round where it is below ½. A score that is worse than a coin has to show it.")
def _turned(normal, strange):
    right = auroc.answer(normal, strange)
    return torch.maximum(right, 1 - right)


# --- IoU


def _map_probes():
    some, other = torch.randint(0, 3, (2, 4, 5, 5))
    return [
        (torch.tensor([[[0, 1], [1, 1]]]), torch.tensor([[[0, 0], [1, 0]]]), 2),
        (some, other, 3),
        (torch.tensor([[[0, 0, 2], [1, 2, 2]]]), torch.tensor([[[0, 1, 2], [1, 1, 2]]]), 3),
    ]


@question(
    "IoU of each class",
    hints=(
        "For one class k there are two masks: answers == k and truth == k.",
        "Count the pixels where both masks are true, and those where at least one is: & and |.",
        "torch.stack([((answers == k) & (truth == k)).sum() / ((answers == k) | (truth == k)).sum() for k in "
        "range(classes)])",
    ),
    insight="Sum over all pictures first, and divide then. A mean of the IoUs of single pictures is another number, "
    "and a picture without the class gives 0/0.",
    probes=_map_probes,
)
def iou(answers, truth, classes):
    both = torch.stack([((answers == k) & (truth == k)).sum() for k in range(classes)])
    either = torch.stack([((answers == k) | (truth == k)).sum() for k in range(classes)])
    return both / either


def _counts(answers, truth, classes):
    kinds = torch.arange(classes)[:, None]
    said, true = answers.flatten() == kinds, truth.flatten() == kinds
    return (said & true).sum(dim=1), said.sum(dim=1), true.sum(dim=1)


@iou.misconception("divided by the true pixels only: that is recall. Pixels that are wrongly called k count, too.")
def _recall(answers, truth, classes):
    both, _, true = _counts(answers, truth, classes)
    return both / true


@iou.misconception("divided by the answered pixels only: that is precision. Missed pixels count, too.")
def _precision(answers, truth, classes):
    both, said, _ = _counts(answers, truth, classes)
    return both / said


@iou.misconception("the common pixels count twice below: the union is said + true - both.")
def _no_union(answers, truth, classes):
    both, said, true = _counts(answers, truth, classes)
    return both / (said + true)


@iou.misconception("the Dice score, 2 · both / (said + true). It is a relative of IoU, and larger.")
def _dice(answers, truth, classes):
    both, said, true = _counts(answers, truth, classes)
    return 2 * both / (said + true)


@iou.misconception("the mean over the classes, mIoU. Asked for is one number for each class.")
def _mean_iou(answers, truth, classes):
    both, said, true = _counts(answers, truth, classes)
    return (both / (said + true - both)).mean()


@iou.misconception("the mean of each picture's IoU. Sum the pixels over all pictures first, and divide then.")
def _mean_of_pictures(answers, truth, classes):
    return torch.stack([iou.answer(*pair, classes) for pair in zip(answers, truth, strict=True)]).mean(dim=0)


# --- what a plane can't say


def _plane_probes():
    stretched = torch.randn(12, 4) * torch.tensor([4.0, 2.0, 0.5, 0.1]) + torch.tensor([1.0, -2.0, 0.5, 3.0])
    return [
        (torch.tensor([[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]]), torch.tensor([[1.0, 4.0], [9.0, 1.0]]), 1),
        (stretched, 2 * torch.randn(5, 4), 2),
        (stretched + 1, torch.randn(3, 4) - 1, 1),
    ]


@question(
    "What a plane can't say",
    hints=(
        "Subtract the mean of the known rows from both tables first.",
        "The rows of torch.linalg.svd(centred, full_matrices=False).Vh are the directions, the most important first.",
        "within = shifted @ plane.T @ plane with plane = Vh[:directions], then (shifted - within).square().sum(dim=1)",
    ),
    insight="It is the reconstruction error of the best linear autoencoder with a code of so many numbers. Any "
    "network that raises an alarm by its reconstruction should be compared with it.",
    probes=_plane_probes,
)
def beyond_plane(known, asked, directions):
    mean = known.mean(dim=0)
    plane = torch.linalg.svd(known - mean, full_matrices=False).Vh[:directions]
    shifted = asked - mean
    return (shifted - shifted @ plane.T @ plane).square().sum(dim=1)


def _beyond(rows, plane):
    return (rows - rows @ plane.T @ plane).square().sum(dim=1)


def _directions(rows, count):
    return torch.linalg.svd(rows, full_matrices=False).Vh[:count]


@beyond_plane.misconception("the mean isn't subtracted, so the plane goes through 0 and not through the known rows.")
def _no_mean(known, asked, directions):
    return _beyond(asked, _directions(known, directions))


@beyond_plane.misconception()
def _no_mean(known, asked, directions):
    return _beyond(asked, _directions(known - known.mean(dim=0), directions))


@beyond_plane.misconception("the mean of the asked rows. What is normal is told by the *known* ones.")
def _own_mean(known, asked, directions):
    return _beyond(asked - asked.mean(dim=0), _directions(known - known.mean(dim=0), directions))


@beyond_plane.misconception("the part *within* the plane. Strange is what the plane can't say: the rest.")
def _within(known, asked, directions):
    shifted, plane = asked - known.mean(dim=0), _directions(known - known.mean(dim=0), directions)
    return (shifted @ plane.T @ plane).square().sum(dim=1)


@beyond_plane.misconception("a root, the distance itself. Asked for is its square.")
def _root(known, asked, directions):
    return beyond_plane.answer(known, asked, directions).sqrt()


@beyond_plane.misconception("a mean over the columns. Asked for is the sum.")
def _mean_of_columns(known, asked, directions):
    return beyond_plane.answer(known, asked, directions) / known.shape[1]


@beyond_plane.misconception("the directions that matter least. Vh has the most important ones first.")
def _last_directions(known, asked, directions):
    mean = known.mean(dim=0)
    return _beyond(asked - mean, torch.linalg.svd(known - mean, full_matrices=False).Vh[-directions:])


# --- AnoGAN's score


def _leftover_probes():
    return [
        (torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]]), torch.tensor([[3.0]]), torch.tensor([[1.0]]), 0.1),
        (*torch.randn(2, 4, 6), *torch.randn(2, 4, 3), 0.3),
        (*torch.randn(2, 3, 5), *torch.randn(2, 3, 2), 0.0),
    ]


@question(
    "AnoGAN's score",
    hints=(
        "Two sums of absolute differences for each picture: over its pixels, and over its features.",
        "(1 - weight) goes with the pixels, weight with the features.",
        "(1 - weight) * (x - made).abs().sum(dim=1) + weight * (seen - seen_made).abs().sum(dim=1)",
    ),
    insight="One score for each picture. For a search in z, sum them: as each picture has its own z, the gradients "
    "don't mix.",
    probes=_leftover_probes,
)
def anogan_score(x, made, seen, seen_made, weight):
    return (1 - weight) * (x - made).abs().sum(dim=1) + weight * (seen - seen_made).abs().sum(dim=1)


@anogan_score.misconception("the weights exchanged: 1 - weight belongs to the pixels.")
def _exchanged(x, made, seen, seen_made, weight):
    return weight * (x - made).abs().sum(dim=1) + (1 - weight) * (seen - seen_made).abs().sum(dim=1)


@anogan_score.misconception("the pixels count in full. Their weight is 1 - weight.")
def _full_pixels(x, made, seen, seen_made, weight):
    return (x - made).abs().sum(dim=1) + weight * (seen - seen_made).abs().sum(dim=1)


@anogan_score.misconception("squares. The score is made of absolute differences.")
def _squares(x, made, seen, seen_made, weight):
    return (1 - weight) * (x - made).square().sum(dim=1) + weight * (seen - seen_made).square().sum(dim=1)


@anogan_score.misconception("Euclidean lengths. The score is made of sums of absolute differences.")
def _lengths(x, made, seen, seen_made, weight):
    return (1 - weight) * (x - made).norm(dim=1) + weight * (seen - seen_made).norm(dim=1)


@anogan_score.misconception("differences with their signs: too light here and too dark there would cancel.")
def _signed(x, made, seen, seen_made, weight):
    return (1 - weight) * (x - made).sum(dim=1) + weight * (seen - seen_made).sum(dim=1)


@anogan_score.misconception("means over pixels and features. Asked for are sums.")
def _means_of_both(x, made, seen, seen_made, weight):
    return (1 - weight) * (x - made).abs().mean(dim=1) + weight * (seen - seen_made).abs().mean(dim=1)


@anogan_score.misconception("one number for all pictures. Asked for is one for each.")
def _one_number(x, made, seen, seen_made, weight):
    return ((1 - weight) * (x - made).abs().sum(dim=1) + weight * (seen - seen_made).abs().sum(dim=1)).sum()


@anogan_score.misconception()
def _one_number(x, made, seen, seen_made, weight):
    return ((1 - weight) * (x - made).abs().sum(dim=1) + weight * (seen - seen_made).abs().sum(dim=1)).mean()


# --- four reports


@discussion(
    "Four reports",
    hints=(
        "For each: which row is missing? Nothing trained as long, the plain remedy, the spread?",
        "What has the generator seen that the other rows haven't?",
    ),
)
def helper_reports():
    """1. As many steps, with batches as large, and moved pictures. One run of each is a draw: draw the training set
    several times, and tell the spread.

    2. The generator has seen other patients. So part of the gain may be theirs, which a classifier with *their*
    pictures would have had as well. In your report that row is missing. It needn't be wrong: where their pictures can't
    be shared, the generator brings something.

    3. One normal class was picked. Take each class as the normal one in turn, put the distance to the mean, a plane and
    the nearest picture beside it, and give an interval.

    4. mIoU weighs each class the same, so a rare one may have decided it. Cross-entropy for as many steps, for as much
    time, and with the answer shifted should stand beside it, over several seeds. And which classes gained?"""

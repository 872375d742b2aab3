"""Questions of chapter 52: edges, a cycle loss, the shares of what comes out, the best of many answers, messages."""

import torch
import torch.nn.functional as F

from gan_edu.checks.engine import NotYet, discussion, question, value_of
from gan_edu.checks.probes import expect_gradient_at

# --- edges


def _edge_probes():
    square = torch.full((1, 1, 6, 6), -1.0)
    square[..., 2:5, 1:4] = 0.6
    steps = torch.tensor([[[[-1.0, 0.5, 0.2, -0.9], [-0.8, 0.4, 0.9, 0.8], [1.0, 1.0, -1.0, 0.3]]]])
    # some neighbours differ by 0.5, no more
    just = torch.tensor([[[[-0.5, 0.0, 0.25, -1.0], [-0.5, -0.25, 1.0, -0.5], [-1.0, -1.0, -0.75, -0.5]]]])
    return [(square, 0.5), (steps, 0.4), (torch.rand(2, 1, 5, 7) * 2 - 1, 0.7), (just, 0.5)]


def _neighbours(pictures):
    framed = F.pad(pictures, (0, 1, 0, 1), value=-1.0)
    return framed[..., :-1, 1:], framed[..., 1:, :-1]


def _white(where):
    return 2.0 * where - 1


@question(
    "Edges",
    hints=(
        "Two neighbours, two differences: one to the right, one below. First give the pictures a black frame.",
        "F.pad(pictures, (0, 1, 0, 1), value=-1.0) adds a column on the right and a row below.",
        "White is where one of the two absolute differences is above the threshold: torch.maximum of both, then "
        "2 * (… > threshold).float() - 1.",
    ),
    insight="The rule decides what a translator has to invent. Ours keeps the shape and drops the shade.",
    probes=_edge_probes,
)
def edges(pictures, threshold):
    framed = F.pad(pictures, (0, 1, 0, 1), value=-1.0)
    right, below = framed[..., :-1, 1:], framed[..., 1:, :-1]
    difference = torch.maximum((right - pictures).abs(), (below - pictures).abs())
    return 2 * (difference > threshold).float() - 1


@edges.misconception("only the right neighbour. Horizontal edges are seen by the lower one.")
def _right_only(pictures, threshold):
    return _white((_neighbours(pictures)[0] - pictures).abs() > threshold)


@edges.misconception("only the lower neighbour. Vertical edges are seen by the right one.")
def _below_only(pictures, threshold):
    return _white((_neighbours(pictures)[1] - pictures).abs() > threshold)


@edges.misconception("no absolute value: only steps in one direction, to darker or to brighter, are found.")
def _one_direction(pictures, threshold):
    right, below = _neighbours(pictures)
    return _white(torch.maximum(right - pictures, below - pictures) > threshold)


@edges.misconception()
def _one_direction(pictures, threshold):
    right, below = _neighbours(pictures)
    return _white(torch.maximum(pictures - right, pictures - below) > threshold)


@edges.misconception("an edge where the difference only reaches the threshold. It must be more: >, not >=.")
def _reaches(pictures, threshold):
    right, below = _neighbours(pictures)
    return _white(torch.maximum((right - pictures).abs(), (below - pictures).abs()) >= threshold)


@edges.misconception("both differences must be large. One of them is enough.")
def _both_needed(pictures, threshold):
    right, below = _neighbours(pictures)
    return _white(torch.minimum((right - pictures).abs(), (below - pictures).abs()) > threshold)


@edges.misconception("the neighbour of the last pixel is the first of the row or column. Outside it is black, -1.")
def _wraps_around(pictures, threshold):
    right, below = pictures.roll(-1, dims=-1), pictures.roll(-1, dims=-2)
    return _white(torch.maximum((right - pictures).abs(), (below - pictures).abs()) > threshold)


@edges.misconception("black is 0. Pictures run from -1, black, to 1, white.")
def _black_is_zero(pictures, threshold):
    right, below = _neighbours(pictures)
    return (torch.maximum((right - pictures).abs(), (below - pictures).abs()) > threshold).float()


@edges.misconception("a frame of 0, which is grey (F.pad takes 0 by itself). Outside the picture it is black, -1.")
def _grey_frame(pictures, threshold):
    framed = F.pad(pictures, (0, 1, 0, 1))
    right, below = framed[..., :-1, 1:], framed[..., 1:, :-1]
    return _white(torch.maximum((right - pictures).abs(), (below - pictures).abs()) > threshold)


# --- a cycle loss


def _cycle_probes():
    turn = torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
    return [
        (turn, 0.5 * turn, torch.tensor([[1.0, 2.0], [0.0, -1.0]]), torch.tensor([[3.0, 1.0]])),
        (torch.randn(3, 3), torch.randn(3, 3), torch.randn(4, 3), torch.randn(5, 3)),
        (torch.eye(2) + 0.1 * torch.randn(2, 2), torch.randn(2, 2), torch.randn(6, 2), torch.randn(6, 2)),
    ]


def _gap(x, y):
    return (x - y).abs().mean()


@question(
    "A cycle loss",
    hints=(
        "Two ways: from a there and back, and from b there and back. Where must each of them end?",
        "a @ P is a drawing, and (a @ P) @ Q is a painting again. Compare that with a.",
        "(a @ P @ Q - a).abs().mean() + (b @ Q @ P - b).abs().mean()",
    ),
    insight="It is 0 for each P that has an inverse, with Q as that inverse. Whether P is right, it doesn't ask.",
    probes=_cycle_probes,
)
def cycle_loss(P, Q, a, b):
    return (a @ P @ Q - a).abs().mean() + (b @ Q @ P - b).abs().mean()


@cycle_loss.misconception("only one of the two ways. A drawing, too, must come back.")
def _one_way(P, Q, a, b):
    return _gap(a @ P @ Q, a)


@cycle_loss.misconception()
def _one_way(P, Q, a, b):
    return _gap(b @ Q @ P, b)


@cycle_loss.misconception("the identity loss: what comes out after *one* step is compared with what went in.")
def _identity(P, Q, a, b):
    return _gap(a @ Q, a) + _gap(b @ P, b)


@cycle_loss.misconception()
def _identity(P, Q, a, b):
    return _gap(a @ P, a) + _gap(b @ Q, b)


@cycle_loss.misconception("the order of the way back: first P, then Q for a, and first Q, then P for b.")
def _order(P, Q, a, b):
    return _gap(a @ Q @ P, a) + _gap(b @ P @ Q, b)


@cycle_loss.misconception("squared differences, where absolute ones were asked for.")
def _squared(P, Q, a, b):
    return (a @ P @ Q - a).square().mean() + (b @ Q @ P - b).square().mean()


@cycle_loss.misconception("the mean of both ways. Asked for is their sum.")
def _halved(P, Q, a, b):
    return (_gap(a @ P @ Q, a) + _gap(b @ Q @ P, b)) / 2


@cycle_loss.misconception("sums over numbers or pictures. Each way is a mean, so that the weight keeps its meaning.")
def _sums(P, Q, a, b):
    return (a @ P @ Q - a).abs().sum() + (b @ Q @ P - b).abs().sum()


@cycle_loss.misconception()
def _sums(P, Q, a, b):
    return (a @ P @ Q - a).abs().sum(dim=1).mean() + (b @ Q @ P - b).abs().sum(dim=1).mean()


@cycle_loss.test
def _(learner):
    P, Q, a, b = _cycle_probes()[1]
    leaves = {"P": P.requires_grad_(), "Q": Q.requires_grad_()}
    value = value_of(learner, P, Q, a, b)
    expect_gradient_at(value, leaves)
    for name, leaf in leaves.items():  # one step of two may be cut off
        (mine,), (whole,) = (
            torch.autograd.grad(loss, leaf, retain_graph=True) for loss in (value, cycle_loss.answer(P, Q, a, b))
        )
        if not torch.allclose(mine, whole.to(mine), atol=1e-4):
            raise NotYet(
                f"a gradient for {name} from both ways: it makes the first step of one, and the last of the other",
                "a part of it",
                looks_like="a .detach() or torch.no_grad() between the steps. Both translators learn from both ways.",
            )


# --- the shares of what comes out


def _share_probes():
    return [
        (torch.tensor([1, 2, 0]), torch.tensor([0.5, 0.3, 0.2])),
        (torch.tensor([0, 0, 2, 1]), torch.tensor([0.4, 0.3, 0.2, 0.1])),  # nobody becomes the last kind
        (torch.tensor([4, 4, 2, 4, 0]), torch.tensor([0.1, 0.25, 0.3, 0.15, 0.2])),
    ]


@question(
    "Shares of what comes out",
    hints=(
        "Go through the painted kinds. Each brings its share to one drawn kind.",
        "Several painted kinds may become the same drawn kind. Then their shares add up.",
        "torch.zeros(len(shares)).index_add(0, table, shares), or a loop with +=.",
    ),
    insight="A perfect adversary sees these shares, and nothing else of the table. Tables with equal shares look the "
    "same to it.",
    probes=_share_probes,
)
def drawn_shares(table, shares):
    return torch.zeros_like(shares).index_add(0, table, shares)


@drawn_shares.misconception("read the other way: the share of the kind that a painted kind becomes.")
def _gathered(table, shares):
    return shares[table]


@drawn_shares.misconception("where several become the same kind, only one counts. Their shares must be added up.")
def _overwritten(table, shares):
    out = torch.zeros_like(shares)
    for i, kind in enumerate(table.tolist()):
        out[kind] = shares[i]
    return out


@drawn_shares.misconception("each painted kind counts the same. Frequent ones must count more.")
def _counted(table, shares):
    return table.bincount(minlength=len(shares)).to(shares) / len(table)


@drawn_shares.misconception("counts instead of shares.")
def _only_counts(table, shares):
    return table.bincount(minlength=len(shares)).to(shares)


@drawn_shares.misconception("divided by how many painted kinds meet there. Shares add up; they aren't averaged.")
def _averaged(table, shares):
    counts = table.bincount(minlength=len(shares)).clamp(min=1)
    return torch.zeros_like(shares).index_add(0, table, shares) / counts


@drawn_shares.misconception("kinds that nobody becomes are left out at the end. They have a share, too: 0.")
def _cut_off(table, shares):
    return torch.bincount(table, weights=shares)


# --- the best of many answers


def _best_probes():
    return [
        (torch.tensor([[[0.0, 0.0], [1.0, 1.0]], [[1.0, -1.0], [0.0, 0.5]]]), torch.tensor([[0.5, 0.0], [0.0, 0.0]])),
        (torch.rand(4, 3, 5) * 2 - 1, torch.rand(3, 5) * 2 - 1),
        (torch.randn(6, 2, 3), torch.randn(2, 3)),
    ]


@question(
    "The best of many answers",
    hints=(
        "First one error for each answer and each picture, (T, N). The mean goes over the pixels.",
        "Then the best of the T answers for each picture, (N,). Then the mean over pictures.",
        "(answers - truth).abs().mean(dim=-1).amin(dim=0).mean()",
    ),
    insight="More answers can't make it worse, even random ones. So it never stands alone: tell T, and the error of "
    "one answer beside it.",
    probes=_best_probes,
)
def best_of(answers, truth):
    return (answers - truth).abs().mean(dim=-1).amin(dim=0).mean()


def _errors(answers, truth):
    return (answers - truth).abs()


@best_of.misconception("the mean over the answers, not the best of them.")
def _mean_of_answers(answers, truth):
    return _errors(answers, truth).mean()


@best_of.misconception("the best answer for each *pixel*. That mixes several answers into one picture.")
def _each_pixel(answers, truth):
    return _errors(answers, truth).amin(dim=0).mean()


@best_of.misconception("one answer number that is best for all pictures together. Each picture chooses its own.")
def _one_for_all(answers, truth):
    return _errors(answers, truth).mean(dim=(1, 2)).amin()


@best_of.misconception("the best picture as well as the best answer. The mean goes over all pictures.")
def _best_picture(answers, truth):
    return _errors(answers, truth).mean(dim=-1).amin()


@best_of.misconception("the error of the mean answer. A mean of answers is blurred, and none of them.")
def _of_the_mean(answers, truth):
    return _errors(answers.mean(dim=0), truth).mean()


@best_of.misconception("squared differences, where absolute ones were asked for.")
def _best_squared(answers, truth):
    return _errors(answers, truth).square().mean(dim=-1).amin(dim=0).mean()


@best_of.misconception("no mean over pictures: one number is asked for.")
def _each_picture(answers, truth):
    return _errors(answers, truth).mean(dim=-1).amin(dim=0)


# --- four messages


@discussion(
    "Four messages",
    hints=(
        "For each: which wrong translation would satisfy what is said?",
        "Which row of a table is missing: a fixed answer, a look-up, an adversary alone, some true pairs?",
    ),
)
def translation_messages():
    """1. A cycle loss says that Q undoes P. Mirrored figures return safely, too. Show true pairs, or attributes that
    are read on both sides, for several seeds.

    2. A look-up in the training pictures has a smaller distance still, for its answers are real pictures. The distance
    doesn't ask whether they belong to these edges. Show the error to the truth, and the look-up, beside it.

    3. Only if it uses the noise. Fix an input, draw the noise many times, and measure how much the answers vary,
    beside how much the truth varies. Networks often ignore it, trained with L1 or without.

    4. The two heaps differ in how many are ill. An adversary rewards pictures that look like its heap, so the network
    may add what is frequent there, or remove what isn't. For patients, judge by true pairs, with marks counted."""

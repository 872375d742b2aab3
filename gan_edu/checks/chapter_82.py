"""Questions of chapter 82: MAR holes, the RMSE over holes, GAIN's generator loss, Rubin's rules, four messages."""

import numpy as np
import torch
import torch.nn.functional as F

from gan_edu.checks.engine import NotYet, discussion, question
from gan_edu.checks.values import close

# --- holes


def _tables():
    probes = [
        (
            np.array([[25.0, 140.0], [65.0, 110.0], [35.0, 150.0], [60.0, 100.0], [50.0, 125.0]]),
            np.array([0.5, 0.5, 0.1, 0.1, 0.5]),
        )
    ]
    for seed in (1, 2):
        chance = np.random.default_rng(seed)
        age = 20 + 50 * chance.random(40) ** 2  # the mean well above the median, and neither near 45
        probes.append((np.column_stack([age, 150 - 0.4 * age + 15 * chance.normal(size=40)]), chance.random(40)))
    return probes


@question(
    "Holes whose reason is known",
    hints=(
        "First the chance of each person: what decides it is column 0, which stays known.",
        "np.where(x[:, 0] < np.median(x[:, 0]), 0.8, 0.2) is the chance. A hole is where the lot is below it.",
        "lots < np.where(x[:, 0] < np.median(x[:, 0]), 0.8, 0.2)",
    ),
    insight="The pressure isn't read at all. So among people of one age, the lost are like the known, and a filling by "
    "age can be right.",
    probes=_tables,
)
def mar_holes(x, lots):
    return lots < np.where(x[:, 0] < np.median(x[:, 0]), 0.8, 0.2)


@mar_holes.misconception("MNAR: the pressure itself (column 1) decides about its hole. The age should.")
def _by_itself(x, lots):
    return lots < np.where(x[:, 1] < np.median(x[:, 1]), 0.8, 0.2)


@mar_holes.misconception("MCAR: the same chance for everybody.")
def _by_coin(x, lots):
    return lots < 0.5


@mar_holes.misconception("turned round: True for the *known*. True should say that there is a hole.")
def _known_instead(x, lots):
    return lots >= np.where(x[:, 0] < np.median(x[:, 0]), 0.8, 0.2)


@mar_holes.misconception("the old lose their pressures. The younger half should.")
def _the_old(x, lots):
    return lots < np.where(x[:, 0] > np.median(x[:, 0]), 0.8, 0.2)


@mar_holes.misconception("the mean age as the border; it should be the median.")
def _mean_age(x, lots):
    return lots < np.where(x[:, 0] < np.mean(x[:, 0]), 0.8, 0.2)


@mar_holes.misconception("a fixed border of 45 years; it should be the median of the ages in x.")
def _fixed_border(x, lots):
    return lots < np.where(x[:, 0] < 45, 0.8, 0.2)


@mar_holes.misconception("the person of the median age counted as young. Younger is <, not <=.")
def _median_is_young(x, lots):
    return lots < np.where(x[:, 0] <= np.median(x[:, 0]), 0.8, 0.2)


@mar_holes.misconception("no chance in it: all of the younger half. Compare the lots with the chances.")
def _no_lots(x, lots):
    return x[:, 0] < np.median(x[:, 0])


# --- the judge


def _filled():
    probes = [
        (
            np.array([[1.0, 2.0], [3.0, 4.0]]),
            np.array([[1.0, 4.0], [2.0, 4.0]]),
            np.array([[True, False], [False, True]]),
        )
    ]
    for seed in (3, 4):
        chance = np.random.default_rng(seed)
        truth = chance.normal(size=(20, 3))
        known = chance.random((20, 3)) < [0.9, 0.7, 0.4]
        filled = np.where(known, truth + 0.1 * chance.normal(size=(20, 3)), chance.normal(size=(20, 3)))
        probes.append((filled, truth, known))
    return probes


@question(
    "The judge",
    hints=(
        "A boolean array picks cells: (filled - truth)[~known] are the errors at the holes.",
        "Square them, take the mean, then the root.",
        "np.sqrt(((filled - truth)[~known] ** 2).mean())",
    ),
    insight="Over all cells every filler looks good, because most cells were never lost: with one hole in a hundred "
    "cells the number shrinks to a tenth.",
    probes=_filled,
)
def rmse_of_holes(filled, truth, known):
    return np.sqrt(((filled - truth)[~known] ** 2).mean())


@rmse_of_holes.misconception("over all cells. Those that were known don't test a filler.")
def _all_cells(filled, truth, known):
    return np.sqrt(((filled - truth) ** 2).mean())


@rmse_of_holes.misconception("over the *known* cells. The holes are ~known.")
def _known_cells(filled, truth, known):
    return np.sqrt(((filled - truth)[known] ** 2).mean())


@rmse_of_holes.misconception("the root is missing: that is the mean squared error.")
def _without_root(filled, truth, known):
    return ((filled - truth)[~known] ** 2).mean()


@rmse_of_holes.misconception("the mean absolute error. Square first, then mean, then root.")
def _absolute(filled, truth, known):
    return np.abs((filled - truth)[~known]).mean()


@rmse_of_holes.misconception("summed over the holes, but divided by the number of *all* cells.")
def _wrong_count(filled, truth, known):
    return np.sqrt((~known * (filled - truth) ** 2).mean())


# --- GAIN's generator


def _games():
    probes = [
        (
            torch.tensor([[2.0, -1.0], [0.0, 3.0]]),
            torch.tensor([[1.0, 0.0], [0.0, 1.0]]),
            torch.tensor([[1.0, 5.0], [5.0, 2.0]]),
            torch.tensor([[0.0, 0.0], [0.0, 0.0]]),
            2.0,
        )
    ]
    for seed in (5, 6):
        chance = torch.Generator().manual_seed(seed)
        logits, guess, x = (torch.randn(6, 4, generator=chance) for _ in range(3))
        mask = (torch.rand(6, 4, generator=chance) < 0.7).float()
        probes.append((logits, mask, guess, x, 10.0))
    return probes


@question(
    "GAIN's generator",
    hints=(
        "-log σ(l) is F.softplus(-l). Multiply by 1 - mask, so that only holes count, and take the mean over all.",
        "The mean over the known cells: a sum of mask * error², divided by mask.sum().",
        "((1 - mask) * F.softplus(-logits)).mean() + alpha * (mask * (guess - x) ** 2).sum() / mask.sum()",
    ),
    insight="At a hole no truth enters, only the discriminator's opinion. Take it away, and see what it was worth.",
    probes=_games,
)
def gain_loss(logits, mask, guess, x, alpha):
    fooling = ((1 - mask) * F.softplus(-logits)).mean()
    return fooling + alpha * (mask * (guess - x) ** 2).sum() / mask.sum()


def _fooling(logits, mask):
    return ((1 - mask) * F.softplus(-logits)).mean()


def _known(mask, guess, x):
    return (mask * (guess - x) ** 2).sum() / mask.sum()


@gain_loss.misconception("fooling at the *known* cells. There the generator's value isn't used: multiply by 1 - mask.")
def _fooling_the_known(logits, mask, guess, x, alpha):
    return (mask * F.softplus(-logits)).mean() + alpha * _known(mask, guess, x)


@gain_loss.misconception("softplus(+logits): that is paid for being found out. -log σ(l) is softplus(-l).")
def _found_out(logits, mask, guess, x, alpha):
    return ((1 - mask) * F.softplus(logits)).mean() + alpha * _known(mask, guess, x)


@gain_loss.misconception("the saturating loss log(1 - σ(l)): its slope is flat where the fake is found out.")
def _saturating(logits, mask, guess, x, alpha):
    return -((1 - mask) * F.softplus(logits)).mean() + alpha * _known(mask, guess, x)


@gain_loss.misconception("the squared error over all cells. At the holes x isn't known.")
def _error_everywhere(logits, mask, guess, x, alpha):
    return _fooling(logits, mask) + alpha * ((guess - x) ** 2).mean()


@gain_loss.misconception("the squared error at the *holes*. There x isn't known; it is the known cells that teach.")
def _error_at_holes(logits, mask, guess, x, alpha):
    return _fooling(logits, mask) + alpha * _known(1 - mask, guess, x)


@gain_loss.misconception("the error summed over known cells, but divided by the number of *all* cells.")
def _error_over_all(logits, mask, guess, x, alpha):
    return _fooling(logits, mask) + alpha * (mask * (guess - x) ** 2).mean()


@gain_loss.misconception("the mean of -log σ over the holes. Here the sum at the holes is divided by all cells.")
def _fooling_over_holes(logits, mask, guess, x, alpha):
    return _fooling(logits, mask) / (1 - mask).mean() + alpha * _known(mask, guess, x)


@gain_loss.misconception("a loss that backward() can't go through: numpy, float(), .item() or .detach() in it.")
def _no_gradient(logits, mask, guess, x, alpha):
    return gain_loss.answer(logits, mask, guess, x, alpha).detach()


@gain_loss.test
def _(learner):
    for logits, mask, guess, x, alpha in _games():
        leaves = logits.requires_grad_(), guess.requires_grad_()
        try:
            loss = learner(logits, mask, guess, x, alpha)
        except RuntimeError as error:
            if "requires grad" in str(error):  # numpy() of a tensor that is followed
                raise NotYet("a loss", f"RuntimeError: {str(error)[:60]}…", looks_like="no_gradient") from None
            raise
        if not torch.is_tensor(loss) or not loss.requires_grad:
            raise NotYet("a loss that can be trained with", "no gradient", looks_like="no_gradient")
        found = torch.autograd.grad(loss.sum(), leaves, allow_unused=True)
        right = torch.autograd.grad(gain_loss.answer(logits, mask, guess, x, alpha), leaves)
        for name, should, gradient in zip(("logits", "guess"), right, found, strict=True):
            if gradient is None or not close(should, gradient, 1e-4):
                raise NotYet(f"the loss's gradient for {name}", "another, or none", looks_like="no_gradient")


# --- Rubin's rules


def _fillings():
    probes = [(np.array([1.0, 2.0, 6.0]), np.array([4.0, 1.0, 1.0]))]
    for seed, m in ((7, 5), (8, 20)):
        chance = np.random.default_rng(seed)
        probes.append((chance.normal(10, 2, m), chance.uniform(0.5, 1.5, m)))
    return probes


@question(
    "Rubin's rules",
    hints=(
        "The answer is the mean of Q. The variance has two parts: the mean of W, and how much the Q differ.",
        "T = W.mean() + (1 + 1/M) · B, where B = Q.var(ddof=1). The standard error is its root.",
        "Q.mean(), np.sqrt(W.mean() + (1 + 1 / len(Q)) * Q.var(ddof=1))",
    ),
    insight="When all fillings are the same, B is 0, and the formula believes them as if nothing were missing. It "
    "is only as honest as the draws.",
    probes=_fillings,
)
def combined(Q, W):
    return Q.mean(), np.sqrt(W.mean() + (1 + 1 / len(Q)) * Q.var(ddof=1))


@combined.misconception("W alone. What the holes leave uncertain, the scatter of the Q, is missing.")
def _only_within(Q, W):
    return Q.mean(), np.sqrt(W.mean())


@combined.misconception("B alone. What the rows leave uncertain, the mean of W, is missing.")
def _only_between(Q, W):
    return Q.mean(), np.sqrt((1 + 1 / len(Q)) * Q.var(ddof=1))


@combined.misconception("the factor 1 + 1/M is missing: the mean of M answers is itself a little uncertain.")
def _no_factor(Q, W):
    return Q.mean(), np.sqrt(W.mean() + Q.var(ddof=1))


@combined.misconception(
    "B divided by M, as if more fillings made lost values known. Only the *extra* B/M gets smaller."
)
def _divided(Q, W):
    return Q.mean(), np.sqrt(W.mean() + Q.var(ddof=1) / len(Q))


@combined.misconception("B with M in the denominator. numpy's var does that unless you say ddof=1.")
def _no_ddof(Q, W):
    return Q.mean(), np.sqrt(W.mean() + (1 + 1 / len(Q)) * Q.var())


@combined.misconception("T itself. The standard error is its root.")
def _no_root(Q, W):
    return Q.mean(), W.mean() + (1 + 1 / len(Q)) * Q.var(ddof=1)


@combined.misconception("W divided by M as well, as if the M tables were M samples. They share all their known values.")
def _both_divided(Q, W):
    return Q.mean(), np.sqrt((W.mean() + Q.var(ddof=1)) / len(Q))


# --- four messages


@discussion(
    "Four messages",
    hints=(
        "For each: what would the table need, so that the sentence were true?",
        "What does a guess in the middle do to the scatter? Who counts as measured? Which control is missing?",
    ),
)
def missing_messages():
    """1. The prediction: the draw's table. The middle of what is possible has the lowest RMSE and no scatter. A draw
    that scatters as the truth has √2 times its error, 0.8 · 1.41 = 1.13, and keeps variances and correlations.

    2. Narrow isn't good. The program takes filled values for measured ones. With several proper draws and Rubin's rules
    the interval gets as wide as the holes make it.

    3. MNAR differs from MAR in the lost values alone, and nobody has them: any such test has assumed something else. A
    curve over δ shows what the conclusion stands on.

    4. The mean is a weak opponent. The control is the same net without adversary, and chained lines are the opponent to
    beat. In the chapter's experiment the adversary added nothing; in the paper's own table it helps."""

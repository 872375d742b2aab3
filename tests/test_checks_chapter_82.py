import math

import numpy as np
import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests
from torch import nn

from gan_edu.checks import chapter_82 as q

# --- holes


def holes_stub(x, lots):
    # YOUR CODE HERE
    raise NotImplementedError()


def holes_by_loop(x, lots):
    border = sorted(x[:, 0])
    middle = len(border) // 2
    border = border[middle] if len(border) % 2 else (border[middle - 1] + border[middle]) / 2
    return [bool(lot < (0.8 if age < border else 0.2)) for (age, _), lot in zip(x, lots, strict=True)]


def holes_by_logic(x, lots):
    young = x[:, 0] < np.quantile(x[:, 0], 0.5)
    return (young & (lots < 0.8)) | (~young & (lots < 0.2))


mar_holes = Case(
    q.mar_holes,
    holes_stub,
    right=[
        holes_by_logic,
        lambda x, lots: np.array(holes_by_loop(x, lots)),
        lambda x, lots: lots - 0.2 < 0.6 * (x[:, 0] < np.median(x[:, 0])),
    ],  # fmt: skip
    wrong={
        "by_itself": lambda x, lots: holes_by_logic(x[:, ::-1], lots),
        "by_coin": lambda x, lots: lots < 0.5,
        "known_instead": lambda x, lots: ~holes_by_logic(x, lots),
        "the_old": lambda x, lots: lots < 0.2 + 0.6 * (x[:, 0] > np.median(x[:, 0])),
        "mean_age": lambda x, lots: lots < 0.2 + 0.6 * (x[:, 0] < x[:, 0].mean()),
        "fixed_border": lambda x, lots: lots < 0.2 + 0.6 * (x[:, 0] < 45),
        "median_is_young": lambda x, lots: lots < 0.2 + 0.6 * (x[:, 0] <= np.median(x[:, 0])),
        "no_lots": lambda x, lots: x[:, 0] < np.quantile(x[:, 0], 0.5),
    },
    also_wrong=[
        lambda x, lots: np.zeros(len(x), bool),
        lambda x, lots: x,
        lambda x, lots: lots < 0.2 + 0.6 * (x[:, 0] < float(torch.tensor(x[:, 0]).median())),
    ],
    namespace={"np": np},
)

# --- the judge


def rmse_stub(filled, truth, known):
    # YOUR CODE HERE
    raise NotImplementedError()


rmse_of_holes = Case(
    q.rmse_of_holes,
    rmse_stub,
    right=[
        lambda filled, truth, known: math.sqrt(((1 - known) * (filled - truth) ** 2).sum() / (1 - known).sum()),
        lambda filled, truth, known: np.linalg.norm(filled[~known] - truth[~known]) / (~known).sum() ** 0.5,
    ],
    wrong={
        "all_cells": lambda filled, truth, known: np.linalg.norm(filled - truth) / filled.size**0.5,
        "known_cells": lambda filled, truth, known: np.mean((filled - truth)[known] ** 2) ** 0.5,
        "without_root": lambda filled, truth, known: np.mean((filled[~known] - truth[~known]) ** 2),
        "absolute": lambda filled, truth, known: np.mean(abs(filled[~known] - truth[~known])),
        "wrong_count": lambda filled, truth, known: np.linalg.norm(filled[~known] - truth[~known]) / filled.size**0.5,
    },
    also_wrong=[lambda filled, truth, known: np.std(filled[~known] - truth[~known]), lambda filled, truth, known: 0.0],
    namespace={"np": np},
)

# --- GAIN's generator


def gain_stub(logits, mask, guess, x, alpha):
    # YOUR CODE HERE
    raise NotImplementedError()


def gain_by_picking(logits, mask, guess, x, alpha):
    fooling = -torch.log(torch.sigmoid(logits[mask == 0])).sum() / mask.numel()
    return fooling + alpha * F.mse_loss(guess[mask == 1], x[mask == 1])


def gain_by_bce(logits, mask, guess, x, alpha):
    fooling = nn.BCEWithLogitsLoss(weight=1 - mask)(logits, torch.ones_like(logits))
    return fooling + alpha * (mask * (guess - x)).pow(2).mean() / mask.mean()


def gain_of(fooling, error):
    return lambda logits, mask, guess, x, alpha: fooling(logits, mask) + alpha * error(guess - x, mask)


def known_error(d, mask):
    return (d[mask > 0] ** 2).mean()


def fooled(logits, mask):
    return -(F.logsigmoid(logits) * (1 - mask)).mean()


gain_loss = Case(
    q.gain_loss,
    gain_stub,
    right=[gain_by_picking, gain_by_bce],
    wrong={
        "fooling_the_known": gain_of(lambda logits, mask: -(F.logsigmoid(logits) * mask).mean(), known_error),
        "found_out": gain_of(lambda logits, mask: -(F.logsigmoid(-logits) * (1 - mask)).mean(), known_error),
        "saturating": gain_of(lambda logits, mask: (F.logsigmoid(-logits) * (1 - mask)).mean(), known_error),
        "error_everywhere": gain_of(fooled, lambda d, mask: (d**2).mean()),
        "error_at_holes": gain_of(fooled, lambda d, mask: (d[mask < 1] ** 2).mean()),
        "error_over_all": gain_of(fooled, lambda d, mask: (d[mask > 0] ** 2).sum() / mask.numel()),
        "no_gradient": [
            lambda *inputs: gain_by_bce(*inputs).item(),
            lambda *inputs: gain_by_bce(*inputs).detach(),
            lambda logits, mask, guess, x, alpha: gain_by_bce(logits, mask, guess.detach(), x, alpha),
            lambda logits, mask, guess, x, alpha: gain_of(fooled, known_error)(logits, mask, guess.data, x, alpha),
            lambda *inputs: gain_by_bce(*(torch.tensor(np.asarray(each)) for each in inputs)).numpy(),
        ],
        "fooling_over_holes": gain_of(lambda logits, mask: -F.logsigmoid(logits[mask < 1]).mean(), known_error),
    },
    also_wrong=[lambda logits, mask, guess, x, alpha: fooled(logits, mask)],
    namespace={"torch": torch, "F": F, "np": np},
)

# --- Rubin's rules


def rubin_stub(Q, W):
    # YOUR CODE HERE
    raise NotImplementedError()


def rubin_by_loop(Q, W):
    m = len(Q)
    middle = sum(Q) / m
    between = sum((one - middle) ** 2 for one in Q) / (m - 1)
    return middle, math.sqrt(sum(W) / m + between + between / m)


def rubin_of(variance):
    return lambda Q, W: (np.mean(Q), np.sqrt(variance(np.mean(W), np.cov(Q), len(Q))))


combined = Case(
    q.combined,
    rubin_stub,
    right=[rubin_by_loop, rubin_of(lambda w, b, m: w + b * (m + 1) / m)],
    wrong={
        "only_within": rubin_of(lambda w, b, m: w),
        "only_between": rubin_of(lambda w, b, m: (1 + 1 / m) * b),
        "no_factor": rubin_of(lambda w, b, m: w + b),
        "divided": rubin_of(lambda w, b, m: w + b / m),
        "no_ddof": rubin_of(lambda w, b, m: w + (1 + 1 / m) * b * (m - 1) / m),
        "no_root": lambda Q, W: (np.mean(Q), rubin_by_loop(Q, W)[1] ** 2),
        "both_divided": rubin_of(lambda w, b, m: (w + b) / m),
    },
    also_wrong=[lambda Q, W: rubin_by_loop(Q, W)[1], lambda Q, W: (np.median(Q), rubin_by_loop(Q, W)[1])],
    namespace={"np": np},
)

TestChapter82 = chapter_tests(q, mar_holes, rmse_of_holes, gain_loss, combined)

import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_53 as q


def auroc_stub(normal, strange):
    # YOUR CODE HERE
    raise NotImplementedError()


def auroc_by_loops(normal, strange):
    total = 0.0
    for a in normal.tolist():
        for b in strange.tolist():
            total += 1.0 if b > a else 0.5 if b == a else 0.0
    return total / (len(normal) * len(strange))


def auroc_by_ranks(normal, strange):
    both = torch.cat([normal, strange])
    rank = (both[:, None] > both).sum(dim=1) + ((both[:, None] == both).sum(dim=1) + 1) / 2  # ties share their ranks
    n, m = len(normal), len(strange)
    return (rank[n:].sum() - m * (m + 1) / 2) / (n * m)


auroc = Case(
    q.auroc,
    auroc_stub,
    right=[auroc_by_loops, auroc_by_ranks, lambda n, s: (0.5 + 0.5 * (s[None] - n[:, None]).sign()).mean()],
    wrong={
        "wrong_way_round": lambda n, s: auroc_by_loops(s, n),
        "ties_lost": lambda n, s: (s.view(1, -1) - n.view(-1, 1) > 0).double().mean(),
        "ties_won": lambda n, s: (s.view(1, -1) - n.view(-1, 1) >= 0).double().mean(),
        "means": [lambda n, s: s.mean() - n.mean(), lambda n, s: float(s.mean() > n.mean())],
        "threshold": lambda n, s: (
            ((n <= (n.mean() + s.mean()) / 2).sum() + (s > (n.mean() + s.mean()) / 2).sum()) / (len(n) + len(s))
        ),
        "sum_of_pairs": lambda n, s: auroc_by_loops(n, s) * len(n) * len(s),
        "turned": lambda n, s: 0.5 + abs(auroc_by_ranks(n, s) - 0.5),
    },
    also_wrong=[lambda n, s: (s > n.max()).float().mean(), lambda n, s: 2 * auroc_by_ranks(n, s) - 1],
)


def iou_stub(answers, truth, classes):
    # YOUR CODE HERE
    raise NotImplementedError()


def table(answers, truth, classes):
    return torch.bincount((classes * truth + answers).flatten(), minlength=classes**2).view(classes, classes)


def iou_by_table(answers, truth, classes):
    pairs = table(answers, truth, classes)
    return pairs.diag() / (pairs.sum(0) + pairs.sum(1) - pairs.diag())


def iou_by_sets(answers, truth, classes):
    scores = []
    for k in range(classes):
        said, true = ({i for i, v in enumerate(m.flatten().tolist()) if v == k} for m in (answers, truth))
        scores.append(len(said & true) / len(said | true))
    return torch.tensor(scores)


iou = Case(
    q.iou,
    iou_stub,
    right=[iou_by_table, iou_by_sets],
    wrong={
        "recall": lambda a, t, c: table(a, t, c).diag() / table(a, t, c).sum(1),
        "precision": lambda a, t, c: table(a, t, c).diag() / table(a, t, c).sum(0),
        "no_union": lambda a, t, c: table(a, t, c).diag() / (table(a, t, c).sum(0) + table(a, t, c).sum(1)),
        "dice": lambda a, t, c: 2 * table(a, t, c).diag() / (table(a, t, c).sum(0) + table(a, t, c).sum(1)),
        "mean_iou": lambda a, t, c: iou_by_table(a, t, c).mean(),
        "mean_of_pictures": lambda a, t, c: sum(iou_by_table(a[i], t[i], c) for i in range(len(a))) / len(a),
    },
    also_wrong=[
        lambda a, t, c: (a == t).float().mean(),
        lambda a, t, c: torch.stack([(a == k).sum() / (t == k).sum() for k in range(c)]),
    ],
)


def plane_stub(known, asked, directions):
    # YOUR CODE HERE
    raise NotImplementedError()


def plane_by_eigenvectors(known, asked, directions):
    centred = (known - known.mean(0)).double()
    vectors = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -directions:]
    shifted = (asked - known.mean(0)).double()
    return ((shifted - shifted @ vectors @ vectors.T) ** 2).sum(1)


def plane_by_loop(known, asked, directions):
    mean = known.mean(0)
    vectors = torch.linalg.svd(known - mean, full_matrices=False)[2]
    rest = asked - mean
    for vector in vectors[:directions]:
        rest = rest - torch.outer(rest @ vector, vector)
    return rest.pow(2).sum(1)


def rest_of(rows, fitted, directions):
    vectors = torch.linalg.svd(fitted, full_matrices=False)[2][:directions]
    return (rows - rows @ vectors.T @ vectors).pow(2).sum(1)


beyond_plane = Case(
    q.beyond_plane,
    plane_stub,
    right=[
        plane_by_eigenvectors,
        plane_by_loop,
        lambda k, a, d: (
            torch.linalg.norm(
                (a - k.mean(0))
                - (a - k.mean(0)) @ (v := torch.linalg.svd(k - k.mean(0), full_matrices=False)[2][:d]).T @ v,
                dim=1,
            )
            ** 2
        ),
    ],
    wrong={
        "no_mean": [
            lambda k, a, d: rest_of(a, k, d),
            lambda k, a, d: rest_of(a, k - k.mean(0), d),
        ],
        "own_mean": lambda k, a, d: rest_of(a - a.mean(0), k - k.mean(0), d),
        "within": lambda k, a, d: ((a - k.mean(0)) ** 2).sum(1) - plane_by_loop(k, a, d),
        "root": lambda k, a, d: plane_by_loop(k, a, d).sqrt(),
        "mean_of_columns": lambda k, a, d: plane_by_loop(k, a, d) / a.shape[1],
    },
    also_wrong=[lambda k, a, d: ((a - k.mean(0)) ** 2).sum(1), lambda k, a, d: plane_by_loop(k, a, d).mean()],
)


def score_stub(x, made, seen, seen_made, weight):
    # YOUR CODE HERE
    raise NotImplementedError()


def l1(a, b):
    return torch.linalg.norm(a - b, ord=1, dim=1)


anogan_score = Case(
    q.anogan_score,
    score_stub,
    right=[
        lambda x, m, s, t, w: l1(x, m) * (1 - w) + l1(s, t) * w,
        lambda x, m, s, t, w: torch.lerp(l1(x, m), l1(s, t), w),
        lambda x, m, s, t, w: torch.tensor(
            [
                (1 - w) * sum(abs(a - b) for a, b in zip(p.tolist(), r.tolist(), strict=True))
                + w * sum(abs(a - b) for a, b in zip(f.tolist(), g.tolist(), strict=True))
                for p, r, f, g in zip(x, m, s, t, strict=True)
            ]
        ),
    ],
    wrong={
        "exchanged": lambda x, m, s, t, w: torch.lerp(l1(s, t), l1(x, m), w),
        "full_pixels": lambda x, m, s, t, w: l1(x, m) + w * l1(s, t),
        "squares": lambda x, m, s, t, w: (1 - w) * ((x - m) ** 2).sum(1) + w * ((s - t) ** 2).sum(1),
        "lengths": lambda x, m, s, t, w: (1 - w) * ((x - m) ** 2).sum(1).sqrt() + w * ((s - t) ** 2).sum(1).sqrt(),
        "signed": lambda x, m, s, t, w: (1 - w) * (x - m).sum(1) + w * (s - t).sum(1),
        "means_of_both": lambda x, m, s, t, w: (1 - w) * (x - m).abs().mean(1) + w * (s - t).abs().mean(1),
        "one_number": [
            lambda x, m, s, t, w: ((1 - w) * l1(x, m) + w * l1(s, t)).sum(),
            lambda x, m, s, t, w: ((1 - w) * l1(x, m) + w * l1(s, t)).mean(),
        ],
    },
    also_wrong=[lambda x, m, s, t, w: l1(x, m), lambda x, m, s, t, w: l1(x, m) + l1(s, t)],
)


TestChapter53 = chapter_tests(q, auroc, iou, beyond_plane, anogan_score)

import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_52 as q


def edges_stub(pictures, threshold):
    # YOUR CODE HERE
    raise NotImplementedError()


def gaps(x):
    right = torch.cat([x[..., 1:], torch.full_like(x[..., :1], -1)], dim=-1) - x
    below = torch.cat([x[..., 1:, :], torch.full_like(x[..., :1, :], -1)], dim=-2) - x
    return right, below


def edges_by_loop(pictures, threshold):
    out = -torch.ones_like(pictures)
    n, _, height, width = pictures.shape
    for k in range(n):
        for i in range(height):
            for j in range(width):
                here = pictures[k, 0, i, j]
                right = pictures[k, 0, i, j + 1] if j + 1 < width else -1.0
                below = pictures[k, 0, i + 1, j] if i + 1 < height else -1.0
                if abs(right - here) > threshold or abs(below - here) > threshold:
                    out[k, 0, i, j] = 1.0
    return out


def with_both(x, threshold):
    right, below = gaps(x)
    return torch.where((right.abs() > threshold) | (below.abs() > threshold), 1.0, -1.0)


edges = Case(
    q.edges,
    edges_stub,
    right=[edges_by_loop, with_both, lambda x, t: 2 * (torch.stack(gaps(x)).abs().amax(0) > t).float() - 1],
    wrong={
        "right_only": lambda x, t: 2 * (gaps(x)[0].abs() > t).float() - 1,
        "below_only": lambda x, t: 2 * (gaps(x)[1].abs() > t).float() - 1,
        "one_direction": [
            lambda x, t: 2 * (torch.stack(gaps(x)).amax(0) > t).float() - 1,
            lambda x, t: 2 * ((-torch.stack(gaps(x))).amax(0) > t).float() - 1,
        ],
        "reaches": lambda x, t: torch.where((torch.stack(gaps(x)).abs() < t).all(0), -1.0, 1.0),
        "both_needed": lambda x, t: 2 * (torch.stack(gaps(x)).abs().amin(0) > t).float() - 1,
        "wraps_around": lambda x, t: (
            2 * (torch.stack([x.roll(-1, -1) - x, x.roll(-1, -2) - x]).abs().amax(0) > t).float() - 1
        ),
        "black_is_zero": lambda x, t: (with_both(x, t) + 1) / 2,
        "grey_frame": lambda x, t: with_both(F.pad(x, (0, 1, 0, 1)), t)[..., :-1, :-1],
    },
    also_wrong=[lambda x, t: -with_both(x, t), lambda x, t: with_both(x, 2 * t)],
)


def cycle_stub(P, Q, a, b):
    # YOUR CODE HERE
    raise NotImplementedError()


def gap(x, y):
    return F.l1_loss(x, y)


cycle_loss = Case(
    q.cycle_loss,
    cycle_stub,
    right=[
        lambda P, Q, a, b: gap(a @ (P @ Q), a) + gap(b @ (Q @ P), b),
        lambda P, Q, a, b: (
            torch.linalg.norm(a.mm(P).mm(Q) - a, ord=1, dim=1).mean() / a.shape[1]
            + torch.linalg.norm(b.mm(Q).mm(P) - b, ord=1, dim=1).mean() / b.shape[1]
        ),
        lambda P, Q, a, b: sum(
            (x - y).abs().sum() / x.numel() for x, y in ((F.linear(F.linear(a, P.T), Q.T), a), (b @ Q @ P, b))
        ),
    ],
    wrong={
        "one_way": [lambda P, Q, a, b: gap(a @ P @ Q, a), lambda P, Q, a, b: gap(b @ Q @ P, b)],
        "identity": [
            lambda P, Q, a, b: gap(a @ Q, a) + gap(b @ P, b),
            lambda P, Q, a, b: gap(a @ P, a) + gap(b @ Q, b),
        ],
        "order": lambda P, Q, a, b: gap(a @ Q @ P, a) + gap(b @ P @ Q, b),
        "squared": lambda P, Q, a, b: F.mse_loss(a @ P @ Q, a) + F.mse_loss(b @ Q @ P, b),
        "halved": lambda P, Q, a, b: 0.5 * gap(a @ P @ Q, a) + 0.5 * gap(b @ Q @ P, b),
        "sums": [
            lambda P, Q, a, b: F.l1_loss(a @ P @ Q, a, reduction="sum") + F.l1_loss(b @ Q @ P, b, reduction="sum"),
            lambda P, Q, a, b: (a @ P @ Q - a).abs().sum(1).mean() + (b @ Q @ P - b).abs().sum(1).mean(),
        ],
    },
    also_wrong=[
        lambda P, Q, a, b: gap((a @ P @ Q).detach(), a) + gap((b @ Q @ P).detach(), b),
        lambda P, Q, a, b: gap((a @ P).detach() @ Q, a) + gap((b @ Q).detach() @ P, b),
        lambda P, Q, a, b: gap(a @ P @ Q, a) + gap((b @ Q @ P).detach(), b),
        lambda P, Q, a, b: gap(a @ P @ Q.detach(), a) + gap(b @ Q @ P.detach(), b),
        lambda P, Q, a, b: gap(a @ P, a) + gap(b @ Q @ P, b),
    ],
)


def shares_stub(table, shares):
    # YOUR CODE HERE
    raise NotImplementedError()


def shares_by_loop(table, shares):
    out = torch.zeros(len(shares))
    for kind, share in zip(table.tolist(), shares.tolist(), strict=True):
        out[kind] += share
    return out


drawn_shares = Case(
    q.drawn_shares,
    shares_stub,
    right=[
        shares_by_loop,
        lambda t, s: torch.bincount(t, weights=s, minlength=len(s)),
        lambda t, s: s @ F.one_hot(t, len(s)).float(),
    ],
    wrong={
        "gathered": lambda t, s: s.gather(0, t),
        "overwritten": lambda t, s: torch.tensor(
            [next((s[i].item() for i in reversed(range(len(t))) if t[i] == k), 0.0) for k in range(len(s))]
        ),
        "counted": lambda t, s: F.one_hot(t, len(s)).float().mean(0),
        "only_counts": lambda t, s: F.one_hot(t, len(s)).float().sum(0),
        "cut_off": lambda t, s: shares_by_loop(t, s)[: t.max() + 1],
        "averaged": lambda t, s: shares_by_loop(t, s) / F.one_hot(t, len(s)).sum(0).clamp(min=1),
    },
    also_wrong=[lambda t, s: s, lambda t, s: shares_by_loop(t, s).flip(0)],
)


def best_stub(answers, truth):
    # YOUR CODE HERE
    raise NotImplementedError()


def best_by_loop(answers, truth):
    best = []
    for n in range(len(truth)):
        best.append(min((one[n] - truth[n]).abs().mean().item() for one in answers))
    return torch.tensor(best).mean()


def l1(answers, truth):
    return (answers - truth[None]).abs()


best_of = Case(
    q.best_of,
    best_stub,
    right=[
        best_by_loop,
        lambda a, t: l1(a, t).mean(2).min(dim=0).values.mean(),
        lambda a, t: torch.stack([F.l1_loss(one, t, reduction="none").mean(-1) for one in a]).amin(0).sum() / len(t),
    ],
    wrong={
        "mean_of_answers": lambda a, t: l1(a, t).mean(0).mean(),
        "each_pixel": lambda a, t: l1(a, t).min(0).values.mean(),
        "one_for_all": lambda a, t: min(F.l1_loss(one, t) for one in a),
        "best_picture": lambda a, t: l1(a, t).mean(-1).min(),
        "of_the_mean": lambda a, t: F.l1_loss(a.mean(0), t),
        "best_squared": lambda a, t: (a - t).square().mean(-1).amin(0).mean(),
        "each_picture": lambda a, t: l1(a, t).mean(-1).amin(0),
    },
    also_wrong=[lambda a, t: l1(a, t).mean(-1).amax(0).mean(), lambda a, t: l1(a, t).sum(-1).amin(0).mean()],
)


TestChapter52 = chapter_tests(q, edges, cycle_loss, drawn_shares, best_of)

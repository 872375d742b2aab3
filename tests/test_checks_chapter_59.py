import math
import random

import numpy as np
import pandas as pd
import torch
from checks_cases import Case, chapter_tests
from scipy.stats import norm, rankdata
from sklearn.model_selection import GroupShuffleSplit

from gan_edu.checks import chapter_59 as q
from gan_edu.device import generator

# --- divide by groups


def divide_stub(groups, share, seed):
    # YOUR CODE HERE
    raise NotImplementedError()


def divide_by_sets(groups, share, seed):
    names = sorted(set(groups.tolist()))
    held = set(random.Random(seed).sample(names, round(share * len(names))))
    rows = range(len(groups))
    return [i for i in rows if groups[i].item() not in held], [i for i in rows if groups[i].item() in held]


def divide_by_numpy(groups, share, seed):
    names = np.unique(groups.numpy())
    chosen = np.random.default_rng(seed).permutation(names)[: round(share * len(names))]
    inside = np.isin(groups.numpy(), chosen)
    return np.flatnonzero(~inside), np.flatnonzero(inside)


def divide_by_scikit(groups, share, seed):
    count = round(share * len(groups.unique()))
    split = GroupShuffleSplit(1, test_size=count, random_state=seed)
    return next(split.split(groups, groups=groups))


def divide_with_the_global_seed(groups, share, seed):
    torch.manual_seed(seed)
    names = groups.unique()
    held = names[torch.randperm(len(names))[: round(share * len(names))]]
    inside = (groups[:, None] == held).any(1)
    return torch.where(~inside)[0], torch.where(inside)[0]


def divide_rows(groups, share, seed):
    rows = list(range(len(groups)))
    random.Random(seed).shuffle(rows)
    count = round(share * len(rows))
    return rows[count:], rows[:count]


def divide_in_order(groups, share, seed):
    names = groups.unique()
    held = set(names[-round(share * len(names)) :].tolist())
    inside = torch.tensor([each in held for each in groups.tolist()])
    return torch.where(~inside)[0], torch.where(inside)[0]


def divide_cut_off(groups, share, seed):
    names = sorted(set(groups.tolist()))
    return divide_by_sets(groups, math.floor(share * len(names)) / len(names), seed)


def divide_unseeded(groups, share, seed):
    return divide_by_sets(groups, share, random.SystemRandom().getrandbits(40))


divide = Case(
    q.divide,
    divide_stub,
    right=[divide_by_sets, divide_by_numpy, divide_by_scikit, divide_with_the_global_seed],
    wrong={
        "rows_not_groups": divide_rows,
        "held_stays_in_training": lambda g, s, k: (range(len(g)), divide_by_sets(g, s, k)[1]),
        "sides_exchanged": lambda g, s, k: divide_by_numpy(g, s, k)[::-1],
        "no_chance": divide_in_order,
        "cut_off": divide_cut_off,
    },
    also_wrong=[
        lambda g, s, k: tuple(torch.isin(torch.arange(len(g)), torch.as_tensor(r)) for r in divide_by_numpy(g, s, k)),
        lambda g, s, k: (g[:2], g[2:], g),
        divide_unseeded,
        lambda g, s, k: tuple(rows[:, None] for rows in divide_with_the_global_seed(g, s, k)),
        lambda g, s, k: divide_by_sets(g, math.ceil(s * len(g.unique())) / len(g.unique()), k),
    ],
    namespace={"generator": generator},
)


# --- a surprising share


def surprise_stub(share, n, trained, held):
    # YOUR CODE HERE
    raise NotImplementedError()


surprise = Case(
    q.surprise,
    surprise_stub,
    right=[
        lambda s, n, t, h: (s * n - n * t / (t + h)) / math.sqrt(n * t * h / (t + h) ** 2),
        lambda s, n, t, h: torch.tensor((s - t / (t + h)) / (t * h / (t + h) ** 2 / n) ** 0.5),
        lambda s, n, t, h: (s - t / (t + h)) / np.std([1] * t + [0] * h) * np.sqrt(n),
    ],
    wrong={
        "always_half": [
            lambda s, n, t, h: (s - 0.5) / (0.5 / n**0.5),
            lambda s, n, t, h: (s - 0.5) / np.sqrt(t / (t + h) * h / (t + h) / n),
        ],
        "variance": lambda s, n, t, h: n * (s - t / (t + h)) / (t * h / (t + h) ** 2),
        "forgets_n": lambda s, n, t, h: (s - t / (t + h)) / np.std([1] * t + [0] * h),
        "sets_exchanged": lambda s, n, t, h: (s - h / (t + h)) / math.sqrt(t * h / n) * (t + h),
        "own_scatter": lambda s, n, t, h: (s - t / (t + h)) / np.sqrt(s * (1 - s) / n),
    },
    also_wrong=[lambda s, n, t, h: s - t / (t + h), lambda s, n, t, h: -q.surprise.answer(s, n, t, h)],
)


# --- hours


def hours_stub(shown, batch, seconds):
    # YOUR CODE HERE
    raise NotImplementedError()


hours = Case(
    q.hours,
    hours_stub,
    right=[lambda n, b, s: n * s / (3.6e6 * b), lambda n, b, s: torch.tensor(n / b * (s / 1000) / 60 / 60)],
    wrong={
        "forgets_batch": lambda n, b, s: n * s / 3.6e6,
        "each_step": lambda n, b, s: n / b * s / 60 / 60,
        "minutes": lambda n, b, s: n / b * s / 6e4,
        "seconds": lambda n, b, s: n / b * s / 1000,
        "times_batch": lambda n, b, s: n * b * s / 3.6e6,
    },
    also_wrong=[lambda n, b, s: round(n / b * s / 3.6e6), lambda n, b, s: b],
)


# --- normal scores


def scores_stub(x):
    # YOUR CODE HERE
    raise NotImplementedError()


def scores_by_counting(x):
    places = torch.tensor([(x < value).sum().item() + 1 for value in x])
    return torch.distributions.Normal(0.0, 1.0).icdf((places - 0.5) / len(x))


def scores_of_shares(x, shares):
    return torch.distributions.Normal(0.0, 1.0).icdf(shares)


normal_scores = Case(
    q.normal_scores,
    scores_stub,
    right=[
        scores_by_counting,
        lambda x: torch.tensor(norm.ppf((rankdata(x.numpy()) - 0.5) / len(x))),
        lambda x: torch.erfinv(2 * (torch.searchsorted(x.sort().values, x) + 0.5) / len(x) - 1) * 2**0.5,
    ],
    wrong={
        "standardised": [lambda x: (x - x.mean()) / x.std(), lambda x: (x - x.mean()) / x.var(correction=0).sqrt()],
        "order_not_place": lambda x: torch.special.ndtri((torch.sort(x).indices + 0.5) / len(x)),
        "infinite": [
            lambda x: torch.special.ndtri(torch.searchsorted(x.sort().values, x) / len(x)),
            lambda x: torch.tensor(norm.ppf(rankdata(x.numpy()) / len(x))),
        ],
        "still_shares": lambda x: torch.tensor((rankdata(x.numpy()) - 0.5) / len(x)),
        "forwards": lambda x: torch.tensor(norm.cdf((rankdata(x.numpy()) - 0.5) / len(x))),
        "upside_down": lambda x: scores_by_counting(-x),
    },
    also_wrong=[lambda x: torch.special.ndtri(torch.tensor(rankdata(x.numpy()) / (len(x) + 1))), lambda x: x],
)


# --- copied rows


def copied_stub(made, real):
    # YOUR CODE HERE
    raise NotImplementedError()


def copied_by_loop(made, real):
    def same(a, b):
        return a == b or (pd.isna(a) and pd.isna(b))

    rows = real.values.tolist()
    hits = sum(any(all(map(same, row, other)) for other in rows) for row in made.values.tolist())
    return hits / len(made)


def copied_by_text(made, real):
    def words(frame):
        return frame.apply(lambda row: "|".join(map(str, row)), axis=1)

    return words(made).isin(words(real)).mean()


def copied_by_filling(made, real):
    rows = set(map(tuple, real.fillna("gap?").to_numpy().tolist()))
    return np.mean([tuple(row) in rows for row in made.fillna("gap?").to_numpy().tolist()])


copied = Case(
    q.copied,
    copied_stub,
    right=[copied_by_loop, copied_by_text, lambda m, r: torch.tensor(copied_by_loop(m, r))],
    wrong={
        "gaps_differ": lambda m, r: np.mean([(row == r).all(axis=1).any() for _, row in m.iterrows()]),
        "twins_count_twice": lambda m, r: m.merge(r, how="inner").shape[0] / m.shape[0],
        "same_place": lambda m, r: np.mean(
            [i < len(r) and copied_by_loop(m.iloc[[i]], r.iloc[[i]]) for i in range(len(m))]
        ),
        "share_of_real": lambda m, r: copied_by_text(r, m),
        "count": lambda m, r: copied_by_text(m, r) * len(m),
        "any_column": lambda m, r: pd.concat([m[c].isin(r[c]) for c in r], axis=1).any(axis=1).mean(),
    },
    also_wrong=[lambda m, r: 1 - copied_by_text(m, r), lambda m, r: 0.0],
)


TestChapter59 = chapter_tests(q, divide, surprise, hours, normal_scores, copied)

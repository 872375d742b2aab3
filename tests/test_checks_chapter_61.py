import numpy as np
import torch
from checks_cases import Case, chapter_tests
from sklearn.linear_model import LinearRegression

from gan_edu.checks import chapter_61 as q


def letters_stub():
    # YOUR CODE HERE
    raise NotImplementedError()


reports = Case(
    q.five_reports,
    letters_stub,
    right=[
        lambda: "e a f c b",
        lambda: ["E", "A", "F", "C", "B"],
        lambda: {1: "E", 2: "A", 3: "F", 4: "C", 5: "B"},
        lambda: {"2": "A", "1": "e", "3": "F", "5": "B", "4": "C"},
        lambda: ("E", "A", "F", "C", "B"),
    ],
    wrong={
        "report_1": lambda: "DAFCB",
        "report_2": ["EGFCB".lower, lambda: {1: "E", 2: "G", 3: "F", 4: "C", 5: "B"}],
        "report_3": lambda: ["E", "A", "G", "C", "B"],
        "report_4": lambda: "E, A, F, D, B",
        "report_5": lambda: "EAFCG",
    },
    also_wrong=[lambda: "EAFC", lambda: "EAFCX", lambda: 5, lambda: {"E", "A"}, lambda: {"one": "E"}, lambda: ""],
)


def verdict_stub(before, after):
    # YOUR CODE HERE
    raise NotImplementedError()


def in_numpy(before, after):
    first, last = (np.asarray(each).std(axis=0).mean() for each in (before, after))
    return "Varied" if last >= 0.05 else "Collapsed" if first >= 0.05 else "Deaf"


def by_hand(before, after):
    def spread(x):
        return ((x - x.mean(0)) ** 2).mean(0).sqrt().mean().item()

    names = {(False, False): "deaf", (True, False): "collapsed"}
    return names.get((spread(before) >= 0.05, spread(after) >= 0.05), "varied")


def told(spread):
    def answer(before, after):
        if spread(after) >= 0.05:
            return "varied"
        return "collapsed" if spread(before) >= 0.05 else "deaf"

    return answer


deaf_or_collapsed = Case(
    q.verdict,
    verdict_stub,
    right=[in_numpy, by_hand, told(lambda x: x.double().flatten(1).std(0).mean())],
    wrong={
        "all_numbers": told(lambda x: np.asarray(x).std()),
        "over_pixels": told(lambda x: x.std(dim=(1, 2, 3)).mean()),
        "brightness": told(lambda x: x.mean((1, 2, 3)).std()),
        "after_only": lambda before, after: "collapsed" if after.std(0).mean() < 0.05 else "varied",
        "before_only": lambda before, after: "deaf" if before.std(0).mean() < 0.05 else "varied",
        "exchanged": lambda before, after: by_hand(after, before),
    },
    also_wrong=[
        lambda before, after: "varied" if len(before) == 1 else "deaf",
        lambda before, after: after.std(dim=0).mean() < 0.05,
        lambda before, after: "mode collapse",
        told(lambda x: x.std(0).max()),
        told(lambda x: (x.amax(0) - x.amin(0)).mean()),
        lambda before, after: "collapsed" if after.std(0).mean() < before.std(0).mean() / 2 else by_hand(before, after),
    ],
)


def points_stub(real, fake, new_real, new_fake):
    # YOUR CODE HERE
    raise NotImplementedError()


def with_sklearn(real, fake, new_real, new_fake):
    x = np.concatenate([real.numpy(), fake.numpy()])
    D = LinearRegression().fit(x, np.repeat([1, 0], [len(real), len(fake)]))

    def right(yes, no):
        return np.mean(np.r_[D.predict(yes.numpy()) > 0.5, D.predict(no.numpy()) < 0.5])

    return [right(real, fake), right(new_real, new_fake)]


def by_normal_equations(real, fake, new_real, new_fake):
    def add(x):
        return torch.hstack([torch.ones(len(x), 1), x]).double()

    x, y = add(torch.vstack([real, fake])), torch.tensor([1.0] * len(real) + [-1.0] * len(fake)).double()
    w = torch.linalg.solve(x.T @ x, x.T @ y)
    shares = []
    for yes, no in ((real, fake), (new_real, new_fake)):
        hits = sum((row @ w > 0).item() for row in add(yes)) + sum((row @ w < 0).item() for row in add(no))
        shares.append(hits / (len(yes) + len(no)))
    return torch.tensor(shares)


def fitted(x, y, ones=True):
    both = torch.cat([x, y]).double()
    both = torch.cat([both, torch.ones(len(both), 1).double()], 1) if ones else both
    w = torch.linalg.pinv(both) @ torch.tensor([1.0] * len(x) + [-1.0] * len(y)).double()
    return lambda z: z.double() @ w[: z.shape[1]] + (w[-1] if ones else 0)


def hits(D, x, y):
    return ((D(x) > 0).sum() + (D(y) < 0).sum()).item() / (len(x) + len(y))


def both_shares(D, a, b, c, d):
    return hits(D, a, b), hits(D, c, d)


own_and_new = Case(
    q.own_and_new,
    points_stub,
    right=[with_sklearn, by_normal_equations, lambda *x: both_shares(fitted(*x[:2]), *x)],
    wrong={
        "no_intercept": lambda *x: both_shares(fitted(x[0], x[1], ones=False), *x),
        "fitted_to_all": lambda a, b, c, d: both_shares(fitted(torch.cat([a, c]), torch.cat([b, d])), a, b, c, d),
        "fitted_twice": lambda a, b, c, d: (hits(fitted(a, b), a, b), hits(fitted(c, d), c, d)),
        "real_only": lambda a, b, c, d: tuple((fitted(a, b)(x) > 0).double().mean().item() for x in (a, c)),
        "errors": lambda *x: tuple(1 - share for share in both_shares(fitted(*x[:2]), *x)),
        "other_order": lambda *x: both_shares(fitted(*x[:2]), *x)[::-1],
        "per_cent": lambda *x: [round(100 * share, 6) for share in both_shares(fitted(*x[:2]), *x)],
        "labels_1_and_0": lambda *x: both_shares((lambda D: lambda z: D(z) / 2 + 0.5)(fitted(*x[:2])), *x),
    },
    also_wrong=[
        lambda a, b, c, d: both_shares(fitted(a, b), a, b, c, d)[0],
        lambda a, b, c, d: (0.5, 0.5),
    ],
)

TestChapter61 = chapter_tests(q, reports, deaf_or_collapsed, own_and_new)


def test_the_second_pair_of_clouds_shows_what_the_insight_says():
    own, new = q.own_and_new.answer(*q._clouds()[1])
    assert own > 0.7 and abs(new - 0.5) < 0.07

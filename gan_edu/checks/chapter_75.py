"""Questions of chapter 75: two scores, a pair for each man, a point of a curve, a stand-in, four messages."""

import numpy as np
import torch

from gan_edu.checks.engine import NotYet, discussion, question

# --- two scores


def _predictions():
    probes = []
    for seed in range(3):
        chance = np.random.default_rng(seed)
        tau = chance.normal(size=9)
        errors = chance.normal(size=9)
        probes.append((tau + errors - errors.mean() + (0.4, -0.5, 0.1)[seed], tau))  # of both signs
    return probes


@question(
    "Two scores",
    hints=(
        "Both are about the errors, told − tau. What happens to errors of opposite signs?",
        "PEHE squares each error before the mean, and takes the root at the end. For the other score errors may "
        "cancel, and the sign of what is left doesn't count.",
        "np.sqrt(((told - tau) ** 2).mean()), abs((told - tau).mean())",
    ),
    insight="PEHE is never below the error of the average. When both are alike, it is one shift for everybody.",
    probes=_predictions,
)
def two_scores(told, tau):
    return np.sqrt(((told - tau) ** 2).mean()), abs((told - tau).mean())


@two_scores.misconception("a PEHE without its root, in squared dollars. (Some papers do that.)")
def _no_root(told, tau):
    return ((told - tau) ** 2).mean(), abs((told - tau).mean())


@two_scores.misconception(
    "a mean *absolute* error in the place of PEHE, as in GANITE's released code. Square, then root."
)
def _absolute(told, tau):
    return abs(told - tau).mean(), abs((told - tau).mean())


@two_scores.misconception("an average error with a sign. Its size is asked for.")
def _signed(told, tau):
    return np.sqrt(((told - tau) ** 2).mean()), (told - tau).mean()


@two_scores.misconception()
def _signed(told, tau):
    return np.sqrt(((told - tau) ** 2).mean()), (tau - told).mean()


@two_scores.misconception("errors made positive before their mean. In the error of the average they may cancel.")
def _no_cancelling(told, tau):
    return np.sqrt(((told - tau) ** 2).mean()), abs(told - tau).mean()


@two_scores.misconception("the standard deviation of the errors: a shift for everybody doesn't count in it.")
def _spread(told, tau):
    return (told - tau).std(), abs((told - tau).mean())


@two_scores.misconception("the two scores in the other order.")
def _swapped(told, tau):
    return abs((told - tau).mean()), np.sqrt(((told - tau) ** 2).mean())


# --- a pair for each man


def _men():
    probes = []
    for seed in range(3):
        chance = torch.Generator().manual_seed(seed)
        t = (torch.rand(7, 1, generator=chance) < 0.5).float()
        t[0], t[1] = 0.0, 1.0
        probes.append((torch.randn(7, 2, generator=chance), t, torch.randn(7, 1, generator=chance)))
    return probes


@question(
    "A pair for each man",
    hints=(
        "A man with t = 0 has his own result in column 0, a man with t = 1 in column 1.",
        "own = torch.cat([1 - t, t], dim=1) has a 1 where the man's own result belongs.",
        "own * y + (1 - own) * made",
    ),
    insight="The gradient reaches made only where it was used: by D's guess the generator learns nothing about the "
    "results that happened, and by the factual loss nothing about the others.",
    probes=_men,
)
def complete(made, t, y):
    own = torch.cat([1 - t, t], dim=1)
    return own * y + (1 - own) * made


@complete.misconception("columns exchanged: a treated man's own result belongs into column 1, that of Y(1).")
def _exchanged(made, t, y):
    own = torch.cat([t, 1 - t], dim=1)
    return own * y + (1 - own) * made


@complete.misconception("the generator's results in both columns: D would never see a real one.")
def _made_only(made, t, y):
    return made


@complete.misconception("the man's own result in both columns: the other one comes from the generator.")
def _own_only(made, t, y):
    return y.expand(-1, 2)


@complete.misconception("own result first, made-up one second, whatever t. The columns are Y(0) and Y(1).")
def _own_first(made, t, y):
    return torch.cat([y, t * made[:, :1] + (1 - t) * made[:, 1:]], dim=1)


@complete.misconception("the made-up number of the man's *own* column, moved to the other one.")
def _wrong_made(made, t, y):
    own = torch.cat([1 - t, t], dim=1)
    return own * y + (1 - own) * made.flip(1)


@complete.test
def _(learner):
    made, t, y = _men()[0]
    made.requires_grad_()
    own = torch.cat([1 - t, t], dim=1)
    pair = learner(made, t, y)
    slope = torch.autograd.grad(pair.sum(), made)[0] if pair.requires_grad else None
    if slope is None or not torch.equal(slope != 0, own == 0):
        raise NotYet(
            "a gradient for the made-up results that are used, and for no others",
            looks_like="detach() or .data, or numbers copied into a new tensor: the generator couldn't learn.",
        )


# --- a point of the uplift curve


def _experiments():
    probes = []
    for seed, share in ((0, 0.5), (1, 0.25), (2, 0.75), (3, 1.0)):
        chance = np.random.default_rng(30 + seed)
        told = chance.permutation(40) / 10 - 2.0
        t = np.tile([0.0, 1.0, 1.0, 0.0], 10)[chance.permutation(40)]
        t[np.argsort(-told)[:4]] = [1, 0, 1, 0]
        probes.append((told, t, told * t + chance.normal(size=40), share))
    return probes


def _top(told, share):
    return np.argsort(-told)[: round(share * len(told))]


def _gap(t, y):
    return y[t == 1].mean() - y[t == 0].mean()


@question(
    "A point of the uplift curve",
    hints=(
        "Sort by told, the largest first, and keep the first share · N people.",
        "Among these, compare the mean result of the treated with that of the others: the gain per *chosen* person.",
        "top = np.argsort(-told)[: round(share * len(told))]; share * (y[top][t[top] == 1].mean() - y[top][t[top] == "
        "0].mean())",
    ),
    insight="No step needs both results of anybody. It needs a coin that chose the treatment.",
    probes=_experiments,
)
def uplift_at(told, t, y, share):
    top = np.argsort(-told)[: round(share * len(told))]
    return share * (y[top][t[top] == 1].mean() - y[top][t[top] == 0].mean())


@uplift_at.misconception("the people with the *smallest* predicted effects. np.argsort sorts upwards.")
def _smallest(told, t, y, share):
    top = np.argsort(told)[: round(share * len(told))]
    return share * _gap(t[top], y[top])


@uplift_at.misconception("a gain per chosen person. Per person of all, it is `share` times that.")
def _per_chosen(told, t, y, share):
    top = _top(told, share)
    return _gap(t[top], y[top])


@uplift_at.misconception("the gain of treating at random: told isn't used.")
def _random(told, t, y, share):
    return share * _gap(t, y)


@uplift_at.misconception("the mean of what was *predicted*. The curve compares results that happened.")
def _predicted(told, t, y, share):
    return share * told[_top(told, share)].mean()


@uplift_at.misconception("the treated among the chosen, against the untreated of *all*: other people.")
def _others(told, t, y, share):
    top = _top(told, share)
    return share * (y[top][t[top] == 1].mean() - y[t == 0].mean())


@uplift_at.misconception("a difference of sums. The treated and the others may differ in number; take means.")
def _sums(told, t, y, share):
    top = _top(told, share)
    return (y[top][t[top] == 1].sum() - y[top][t[top] == 0].sum()) / len(told)


# --- a stand-in for the effect


def _fits():
    probes = []
    for seed in range(3):
        chance = np.random.default_rng(50 + seed)
        t = (np.arange(8) % 2).astype(float)[chance.permutation(8)]
        mu0, mu1, y = chance.normal(size=(3, 8))
        probes.append((t, y, mu0, mu1, chance.uniform(0.1, 0.9, size=8)))
    return probes


@question(
    "A stand-in for the effect",
    hints=(
        "Start with mu1 − mu0. Then correct it by the error of the fit that can be checked: that for the man's own t.",
        "A treated man's error y − mu1 counts 1 / e times, another man's error y − mu0 counts −1 / (1 − e) times.",
        "mu1 - mu0 + t * (y - mu1) / e - (1 - t) * (y - mu0) / (1 - e)",
    ),
    insight="Its mean among men with the same x is their mean effect if *one* of the two is right: the fits, or the "
    "propensity. For a single man it is wild.",
    probes=_fits,
)
def stand_in(t, y, mu0, mu1, e):
    return mu1 - mu0 + t * (y - mu1) / e - (1 - t) * (y - mu0) / (1 - e)


@stand_in.misconception("a plus for the untreated: their error raises mu0, and so it *lowers* the effect.")
def _plus(t, y, mu0, mu1, e):
    return mu1 - mu0 + t * (y - mu1) / e + (1 - t) * (y - mu0) / (1 - e)


@stand_in.misconception("mu1 − mu0 without correction: that trusts the fits.")
def _uncorrected(t, y, mu0, mu1, e):
    return mu1 - mu0


@stand_in.misconception(
    "weighting alone, without the fits: right on average, too, and wilder. Subtract the fits from y."
)
def _weighting(t, y, mu0, mu1, e):
    return t * y / e - (1 - t) * y / (1 - e)


@stand_in.misconception("errors without their weights: they must count 1 / e, or 1 / (1 − e).")
def _unweighted(t, y, mu0, mu1, e):
    return mu1 - mu0 + t * (y - mu1) - (1 - t) * (y - mu0)


@stand_in.misconception("e and 1 − e exchanged: the treated count 1 / e, since e is the chance to be treated.")
def _exchanged_weights(t, y, mu0, mu1, e):
    return mu1 - mu0 + t * (y - mu1) / (1 - e) - (1 - t) * (y - mu0) / e


@stand_in.misconception("errors from the wrong fit: a treated man's result is compared with mu1.")
def _wrong_fit(t, y, mu0, mu1, e):
    return mu1 - mu0 + t * (y - mu0) / e - (1 - t) * (y - mu1) / (1 - e)


# --- messages


@discussion(
    "Four messages",
    hints=(
        "For each: which of sizes, order and decisions is it about? And could anybody know that number?",
        "Which baseline is missing? What would the same net do without the part that is praised?",
    ),
)
def effect_messages():
    """1. Nobody can know a PEHE on real data, since it needs both results of each person. Ask what was taken for the
    missing one. If another model filled it in, the number says how near the two models are.

    2. The prediction: yes, easily. One number for all has a small PEHE where effects vary little, or where scatter is
    large. Compare with it, and with the same net without the adversary, stopped early as well.

    3. The curve sees the order only, so it can't be used with a cost of $1,500, which needs sizes. And a curve that is
    computed from people who chose for themselves compares unlike people: it needs an experiment.

    4. The prediction: they can't be counted. An experiment shows the two laws, not who has which pair. At most one can
    give bounds, or count those groups (same x) whose mean effect is below zero."""

"""Questions of chapter 76: the shortest flip of a linear classifier, seeing and doing to a classifier, a patch along a
direction, four reports."""

import numpy as np

from gan_edu.checks.engine import discussion, question

# --- the shortest flip


def _lines():
    probes = [(np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([3.0, 4.0]), 1.0, 2.0)]
    for seed, target in ((1, 2.0), (2, -1.5), (3, 0.0)):
        chance = np.random.default_rng(seed)
        probes.append((chance.normal(size=(6, 5)), chance.normal(size=5), 0.7, target))
    return probes


@question(
    "The shortest flip",
    hints=(
        "The logit rises fastest along w. So x' = x + s w, with a number s for each row. Which s?",
        "Along w the logit of x + s w is (x · w + b) + s ‖w‖². Set it equal to the target.",
        "x + ((target - x @ w - b) / (w @ w))[:, None] * w",
    ),
    insight="The change is a multiple of w, the same pattern for each x: a linear classifier's adversarial haze is its "
    "own weights. And the way is |target − f(x)| / ‖w‖ long: many small weights make it short.",
    probes=_lines,
)
def shortest_flip(x, w, b, target):
    return x + ((target - x @ w - b) / (w @ w))[:, None] * w


@shortest_flip.misconception("divided by ‖w‖, not by ‖w‖²: one length makes w a direction, the other one undoes it.")
def _one_length(x, w, b, target):
    return x + ((target - x @ w - b) / np.linalg.norm(w))[:, None] * w


@shortest_flip.misconception("the bias left out: the logit is x · w + b.")
def _no_bias(x, w, b, target):
    return x + ((target - x @ w) / (w @ w))[:, None] * w


@shortest_flip.misconception("the wrong way: f(x) − target moves away from it.")
def _away(x, w, b, target):
    return x - ((target - x @ w - b) / (w @ w))[:, None] * w


@shortest_flip.misconception("the target added to the logit that was there. It should *become* the target.")
def _added(x, w, b, target):
    return x + (target / (w @ w)) * w


@shortest_flip.misconception("one number only, that with the largest weight. It flips, but the way is longer.")
def _one_number(x, w, b, target):
    made, best = np.array(x, dtype=float), np.abs(w).argmax()
    made[:, best] += (target - x @ w - b) / w[best]
    return made


@shortest_flip.misconception("a step of fixed length for all rows: some stop too early, and others too late.")
def _fixed(x, w, b, target):
    return x + np.sign(target - x @ w - b)[:, None] * w / np.linalg.norm(w)


# --- seen and done


def _by_shadow(shadow, stamp):
    return np.asarray(shadow > 0).astype(float)


def _by_stamp(shadow, stamp):
    return np.asarray(stamp > 0.5).astype(float)  # a number will do for the column, too


def _by_both(shadow, stamp):
    return (shadow + 1.5 * stamp > 0.75).astype(float)


def _odd(shadow, stamp):
    return (shadow * (1 - 2 * stamp) > 0.3).astype(float)


def _clinics():
    probes = [(_by_shadow, np.array([2.0, 1.0, -1.0, -2.0, 3.0]), np.array([1.0, 1.0, 1.0, 0.0, 0.0]))]
    for seed, says in ((4, _by_stamp), (5, _by_both), (6, _odd)):
        chance = np.random.default_rng(seed)
        shadow = chance.normal(size=80)
        probes.append((says, shadow, (shadow + 0.7 * chance.normal(size=80) > 0.2).astype(float)))
    return probes


@question(
    "Seen and done",
    hints=(
        "Seen: ask the classifier about the cards as they are, and compare two groups of cards.",
        "Done: ask twice about *all* cards, once with ones in the place of their stamps and once with zeros.",
        "now = says(shadow, stamp), then now[stamp == 1].mean() - now[stamp == 0].mean() and "
        "says(shadow, np.ones_like(stamp)).mean() - says(shadow, np.zeros_like(stamp)).mean()",
    ),
    insight="With a classifier both numbers can be had, since we can feed it what we like. With patients the second "
    "one takes an experiment, or assumptions.",
    probes=_clinics,
)
def seen_and_done(says, shadow, stamp):
    now = says(shadow, stamp)
    seen = now[stamp == 1].mean() - now[stamp == 0].mean()
    done = says(shadow, np.ones_like(stamp)).mean() - says(shadow, np.zeros_like(stamp)).mean()
    return seen, done


def _both_numbers(says, shadow, stamp):
    return seen_and_done.answer(says, shadow, stamp)


@seen_and_done.misconception("the two numbers in the other order: first seen, then done.")
def _swapped(says, shadow, stamp):
    return _both_numbers(says, shadow, stamp)[::-1]


@seen_and_done.misconception("seen, twice: choosing rows isn't setting the stamp.")
def _twice_seen(says, shadow, stamp):
    seen = _both_numbers(says, shadow, stamp)[0]
    return seen, seen


@seen_and_done.misconception("each group with the *other* stamp. For done, all cards get the stamp, then none does.")
def _group_by_group(says, shadow, stamp):
    seen = _both_numbers(says, shadow, stamp)[0]
    other = says(shadow, 1 - stamp)
    return seen, other[stamp == 0].mean() - other[stamp == 1].mean()


@seen_and_done.misconception("done to stamped cards only: their shadows are longer than most.")
def _stamped_only(says, shadow, stamp):
    seen, rows = _both_numbers(says, shadow, stamp)[0], stamp == 1
    ones, zeros = np.ones(rows.sum()), np.zeros(rows.sum())
    return seen, says(shadow[rows], ones).mean() - says(shadow[rows], zeros).mean()


@seen_and_done.misconception("the share that is called ill when all are stamped. Subtract what happens when none is.")
def _no_difference(says, shadow, stamp):
    return _both_numbers(says, shadow, stamp)[0], says(shadow, np.ones_like(stamp)).mean()


@seen_and_done.misconception("the share of decisions that flip. Here a flip up and a flip down cancel.")
def _flips(says, shadow, stamp):
    changed = says(shadow, np.ones_like(stamp)) != says(shadow, np.zeros_like(stamp))
    return _both_numbers(says, shadow, stamp)[0], changed.mean()


@seen_and_done.misconception("without minus with: positive should mean that the stamp makes “ill” more frequent.")
def _turned(says, shadow, stamp):
    seen, done = _both_numbers(says, shadow, stamp)
    return -seen, -done


# --- a patch


def _activations():
    probes = [(np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[4.0, 2.0], [1.0, 5.0]]), np.array([2.0, 0.0]))]
    for seed in (7, 8):
        chance = np.random.default_rng(seed)
        probes.append((chance.normal(size=(5, 4)), chance.normal(size=(5, 4)), 1.7 * chance.normal(size=4)))
    return probes


@question(
    "A patch along a direction",
    hints=(
        "Make d a direction of length 1 first.",
        "How far does other − h reach along it? One number for each row. Go so far from h, along d.",
        "u = d / np.linalg.norm(d), then h + ((other - h) @ u)[:, None] * u",
    ),
    insight="At right angles to d everything stays as it was. With d = e₃ this replaces unit 3, so a single unit is "
    "one direction among many.",
    probes=_activations,
)
def patch(h, other, d):
    u = d / np.linalg.norm(d)
    return h + ((other - h) @ u)[:, None] * u


@patch.misconception("d as it came: with a length of 2 the push is four times too strong. Divide by its length.")
def _length(h, other, d):
    return h + ((other - h) @ d)[:, None] * d


@patch.misconception("d divided by its length once only; it stands in the formula twice.")
def _once(h, other, d):
    return h + ((other - h) @ d)[:, None] * d / np.linalg.norm(d)


@patch.misconception("the direction removed: an ablation puts 0 there, a patch puts the other's value.")
def _removed(h, other, d):
    u = d / np.linalg.norm(d)
    return h - (h @ u)[:, None] * u


@patch.misconception("all of the other activations: then the patch is the whole layer.")
def _whole(h, other, d):
    return other


@patch.misconception("the other's part added to h's own. Take h's part along d out first.")
def _on_top(h, other, d):
    u = d / np.linalg.norm(d)
    return h + (other @ u)[:, None] * u


@patch.misconception("the rest patched, and the direction left: that is the control “all but direction”.")
def _all_but(h, other, d):
    u = d / np.linalg.norm(d)
    return other - ((other - h) @ u)[:, None] * u


# --- four reports


@discussion(
    "Four reports",
    hints=(
        "For each: is it about the data, the classifier, or the world? Was anything set, or only looked at?",
        "Which control is missing?",
    ),
)
def reports():
    """1. Ask for the test: the same faces with and without glasses, nothing else changed, and how many decisions flip.
    Moustaches and glasses may go together in the data of the explainer.

    2. An adversarial example is valid, too. Shared data mean shared weaknesses: ask a network that learned from other
    data, or people.

    3. That is about the classifier. A smaller debt would be judged otherwise by *this program*. Whether such a person
    then pays back is a question about the world, and needs other data, or an experiment.

    4. A random direction hardly touches what matters, so nearly any learned direction beats it. Controls: the same
    push, directions between real activations, directions of other parts. And: what else does it break?"""

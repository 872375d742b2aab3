"""Questions of chapter 62: six sentences, a test for losses, an effect among equals, two predictions."""

import torch
from torch.nn import functional as F

from gan_edu.checks.engine import NotAttempted, NotYet, discussion, question
from gan_edu.checks.values import describe

# --- six sentences

_WRONG = "BDE"
_WHY = {
    "A": "a true sentence: against the best D the loss is 2 ln 2 - 2 JSD, so it rises to 2 ln 2 (entry E-74).",
    "B": "a score that compares. But the formula of the inception score holds no real picture (entry E-99).",
    "C": "a generator that gets pictures. A plain one gets noise, so there is nothing to encode (entry E-33).",
    "D": "deeper is better. In chapter 32 a deeper discriminator was surer, and this push got shorter (entry E-49).",
    "E": "more data help always. They make the estimate precise; it stays at the wrong number (section 2).",
    "F": "a loss that proves something. At 2 ln 2 the two may be equal, or D may be blind (entry E-77).",
}


@question(
    "Six sentences",
    hints=(
        "For each sentence: what would come out differently if it were true?",
        "A and F speak about 2 ln 2; look at entry E-74 and E-77. B is in E-99, C in E-33, D in E-49.",
        "E is the experiment of section 2. One of the three wrong ones is about a score, one about depth, one about "
        "data.",
    ),
    insight="The wrong ones sound better than the right ones: each promises a simple remedy.",
)
def wrong_sentences():
    return "BDE"


@wrong_sentences.test
def _(learner):
    said = learner()
    if said is None or said is ...:
        raise NotAttempted("There are no letters here yet. Return those of the wrong sentences.")
    if not isinstance(said, str | list | tuple | set | frozenset) or not all(isinstance(each, str) for each in said):
        raise NotYet("letters from A to F, as a text or a set", describe(said), looks_like="no letters.")
    letters = {each for each in "".join(said).upper() if each.isalpha()}
    if not letters or letters - set(_WHY):
        raise NotYet("letters from A to F", describe(said), looks_like="letters that no sentence has.")
    for letter in _WHY:
        if (letter in letters) != (letter in _WRONG):
            name = f"{'misses' if letter in _WRONG else 'blames'}_{letter.lower()}"
            raise NotYet("the three wrong sentences", ", ".join(sorted(letters)), looks_like=name)


for _letter, _story in _WHY.items():

    def _answer(letter=_letter):
        return "".join(sorted(set(_WRONG) ^ {letter}))

    _answer.__name__ = f"{'misses' if _letter in _WRONG else 'blames'}_{_letter.lower()}"
    wrong_sentences.misconception(f"{'not finding' if _letter in _WRONG else 'blaming'} {_letter}: {_story}")(_answer)
del _letter, _story, _answer


# --- does the generator occur in it?


def _non_saturating(real, fake):
    return F.softplus(-fake).mean()


def _over_real_points(real, fake):
    return F.softplus(-real).mean()


def _saturating(real, fake):
    return -F.softplus(fake).mean()


def _cut_off(real, fake):
    return F.softplus(-fake.detach()).mean()


def _one_fake_only(real, fake):
    return F.softplus(-fake[0]).sum()


def _counts_the_wins(real, fake):
    return (fake < 0).float().mean()


def _times_zero(real, fake):
    return F.softplus(-real).mean() + 0 * fake.mean()


def _minus_each_other(real, fake):
    return (real - fake).mean()


def _one_against_another(real, fake):
    return (fake[0] - fake[1]).sum()


def _mean_logit_zero(real, fake):
    return 4 * F.softplus(-fake).sum() + F.softplus(real).mean()


_LOSSES = (
    _over_real_points,
    _non_saturating,
    _cut_off,
    _saturating,
    _one_fake_only,
    _counts_the_wins,
    _times_zero,
    _minus_each_other,
    _mean_logit_zero,
    _one_against_another,
)


def _loss_probes():
    real, fake = torch.tensor([[2.0], [0.5], [-1.0]]), torch.tensor([[-1.0], [0.5], [-2.0]])
    return [(loss, real.clone(), fake.clone()) for loss in _LOSSES]


def _as_bool(candidate, loss, real_logits, fake_logits):
    said = candidate(loss, real_logits, fake_logits)
    if isinstance(said, torch.Tensor) and said.numel() == 1:
        said = said.item()
    if said is None or not isinstance(said, bool | int | float):
        raise NotYet("True or False", describe(said), looks_like="no answer to yes or no.")
    return bool(said)


@question(
    "Does the generator occur in it?",
    hints=(
        "Make a copy of the fake logits that asks for a gradient (requires_grad_), and give that to the loss.",
        "torch.autograd.grad(value, fake, allow_unused=True) gives None if fake doesn't occur. It raises an error if "
        "nothing in value can be differentiated: ask value.requires_grad first.",
        "A gradient may also be there and be zero: return slope is not None and bool(slope.any()).",
    ),
    insight="A loss may *change* with the generated points and still teach the generator nothing: what counts is the "
    "gradient.",
    probes=_loss_probes,
    run=_as_bool,
)
def can_learn(loss, real_logits, fake_logits):
    fake = fake_logits.detach().clone().requires_grad_()
    value = loss(real_logits, fake)
    if not value.requires_grad:
        return False
    slope = torch.autograd.grad(value, fake, allow_unused=True)[0]
    return slope is not None and slope.count_nonzero().item() > 0


def _gradient(loss, real, fake):
    fake = fake.clone().requires_grad_()
    value = loss(real, fake)
    return torch.autograd.grad(value, fake, allow_unused=True)[0] if value.requires_grad else None


@can_learn.misconception(
    "asking whether the *value* changes. It changes with detached fakes as well, without a gradient."
)
def _value_changes(loss, real_logits, fake_logits):
    return bool(loss(real_logits, fake_logits) != loss(real_logits, fake_logits - 1.5))


@can_learn.misconception()
def _value_changes(loss, real_logits, fake_logits):
    return bool(loss(real_logits, fake_logits) != loss(real_logits, fake_logits + 1))


def _nudged(step):
    def answer(loss, real_logits, fake_logits):
        before, steps = loss(real_logits, fake_logits), step * torch.eye(len(fake_logits))
        return any(bool(loss(real_logits, fake_logits + each[:, None]) != before) for each in steps)

    answer.__name__ = "_nudged"
    return answer


can_learn.misconception(
    "changing one logit after the other. The *value* changes with detached fakes as well; ask for the gradient."
)(_nudged(1.0))
can_learn.misconception()(_nudged(0.01))


@can_learn.misconception("the *sum* of the gradient. Slopes of both signs can cancel: look whether any is not zero.")
def _summed(loss, real_logits, fake_logits):
    slope = _gradient(loss, real_logits, fake_logits)
    return slope is not None and bool(slope.sum() != 0)


@can_learn.misconception(
    "a gradient that is there, whatever it is. Zero times something has one, too: look at its numbers."
)
def _zero_counts(loss, real_logits, fake_logits):
    return _gradient(loss, real_logits, fake_logits) is not None


@can_learn.misconception("requires_grad alone. That says that *something* in the loss can be differentiated.")
def _something_differentiable(loss, real_logits, fake_logits):
    return loss(real_logits.clone().requires_grad_(), fake_logits.clone().requires_grad_()).requires_grad


@can_learn.misconception("the gradient at the *real* logits. The generator makes the others.")
def _real_ones(loss, real_logits, fake_logits):
    slope = _gradient(lambda fake, real: loss(real, fake), fake_logits, real_logits)
    return slope is not None and bool(slope.any())


@can_learn.misconception("asking whether *each* logit gets a gradient. One that does is enough.")
def _all_of_them(loss, real_logits, fake_logits):
    slope = _gradient(loss, real_logits, fake_logits)
    return slope is not None and bool(slope.all())


@can_learn.misconception("the same answer for every loss.")
def _always_yes(loss, real_logits, fake_logits):
    return True


@can_learn.misconception("an answer upside down: True belongs to losses from which the generator can learn.")
def _upside_down(loss, real_logits, fake_logits):
    slope = _gradient(loss, real_logits, fake_logits)
    return slope is None or not bool(slope.any())


# --- among people with the same cause


def _record_probes():
    treated = torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0])
    cause = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    outcome = torch.tensor([1.0, 2.0, 0.0, 1.0, -1.0, 5.0, 7.0, 3.0])
    return [(treated, outcome, cause), *(_drawn(n, odds) for n, odds in ((40, 0.9), (60, 0.3)))]


def _drawn(n, odds):
    cause = (torch.rand(n) < 0.4).float()
    treated = (torch.rand(n) < torch.where(cause == 1, odds, 0.4)).float()
    cause[:4], treated[:4] = torch.tensor([0.0, 0.0, 1.0, 1.0]), torch.tensor([0.0, 1.0, 0.0, 1.0])
    return treated, treated * (1 + cause) + 3 * cause + torch.randn(n), cause


def _inside(treated, outcome, cause, value):
    """(difference, share of all, share of the treated, share of the untreated) of one group."""
    group = cause == value
    yes, no = outcome[group & (treated == 1)], outcome[group & (treated == 0)]
    shares = group.float().mean(), len(yes) / (treated == 1).sum(), len(no) / (treated == 0).sum()
    return yes.mean() - no.mean(), *shares


@question(
    "Among people with the same cause",
    hints=(
        "Four means are needed: treated and untreated, with cause 0 and with cause 1. Boolean masks pick them: "
        "outcome[(cause == 1) & (treated == 0)].",
        "The share of a group is (cause == value).float().mean(): of all people, not of the treated.",
        "Add up share * (mean of the treated - mean of the others) over both values of the cause.",
    ),
    insight="This works because the cause was measured. Without that column no formula gets the effect from the rest.",
    probes=_record_probes,
)
def effect(treated, outcome, cause):
    found = 0.0
    for value in (0, 1):
        group = cause == value
        gain = outcome[group & (treated == 1)].mean() - outcome[group & (treated == 0)].mean()
        found = found + gain * group.float().mean()
    return found


@effect.misconception("treated minus others, with the cause left out: the wrong answer of section 2.")
def _cause_left_out(treated, outcome, cause):
    return outcome[treated == 1].mean() - outcome[treated == 0].mean()


@effect.misconception("both groups count the same. A large group must count more.")
def _unweighted(treated, outcome, cause):
    return (_inside(treated, outcome, cause, 0)[0] + _inside(treated, outcome, cause, 1)[0]) / 2


@effect.misconception("shares of the *treated*. That is the effect on the treated; asked for is the effect on all.")
def _on_the_treated(treated, outcome, cause):
    return sum(gain * share for gain, _, share, _ in (_inside(treated, outcome, cause, value) for value in (0, 1)))


@effect.misconception("shares of the *untreated*. Asked for is the effect on all people.")
def _on_the_untreated(treated, outcome, cause):
    return sum(gain * share for gain, _, _, share in (_inside(treated, outcome, cause, value) for value in (0, 1)))


@effect.misconception("others minus treated: the sign is turned.")
def _turned(treated, outcome, cause):
    return -effect.answer(treated, outcome, cause)


@effect.misconception("one group only. Both are asked for, each with its share.")
def _one_group(treated, outcome, cause):
    return _inside(treated, outcome, cause, 1)[0]


@effect.misconception()
def _one_group(treated, outcome, cause):
    return _inside(treated, outcome, cause, 0)[0]


@effect.misconception("the effect of the *cause*: the two roles are exchanged.")
def _exchanged(treated, outcome, cause):
    return effect.answer(cause, outcome, treated)


# --- two predictions


@discussion(
    "Two predictions, with a reason",
    hints=(
        "What does a perfect generator hand on, and what was in the 2,000 records? How many *people* are there?",
        "Who is winning if D's loss is 0.02? And which slips in code look just like it (chapter 60, section 3)?",
    ),
)
def two_predictions():
    """1. Near 3.4 at best. The generator copies what goes together in the records, with the errors by chance of 2,000
    people and its own on top. A formula for the error that counts a million rows is far too sure: drawing more rows
    adds no people. And the common cause is as hidden as before.

    2. They look bad: D tells them from real ones with ease. Ask first whether G's weights change at all, then
    whether both have the same range; slips in code have the same curve. Good samples would bring the loss of a D
    that learns up towards 2 ln 2."""

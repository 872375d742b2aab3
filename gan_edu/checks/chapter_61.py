"""Questions of chapter 61: five reports to diagnose, deaf or collapsed, a discriminator on its own points and on new
ones, and the plan of an experiment."""

import torch

from gan_edu.checks.engine import NotAttempted, NotYet, discussion, question
from gan_edu.checks.values import describe

# --- five reports

_RIGHT = "EAFCB"
_WHY = (
    "E. A film of fixed noise that doesn't change by one pixel says that G's weights stand still. A D that is only too "
    "strong (D) leaves them moving.",
    "A. The variety wasn't there before training, so it can't have collapsed (G): the noise never got through.",
    "F. A fresh D finds a difference that this one has not found in all its steps: it is late, or it can't see.",
    "C. The sum is 0.3, and with right losses it can't be below 1.386.",
    "B. The numbers are fine: lowest, highest and spread are those of real digits. Only the picture is wrong.",
)


@question(
    "Five reports",
    hints=(
        "Report 4: add the two losses. Report 5: is anything wrong with the numbers?",
        "Report 1: what does a film of fixed noise show if G's weights change, be it in a wrong direction?",
        "Report 2 says what was there before the first step; report 3, what somebody else sees.",
    ),
    insight="Each report holds one finding that decides, and several that many causes have in common.",
)
def five_reports():
    return "EAFCB"


def _letters(said):
    """Five letters in order, from a text, a list, or a dict by the reports' numbers."""
    if said is None or said is ...:
        raise NotAttempted("There are no letters here yet. Return five, one for each report.")
    if isinstance(said, dict):
        try:
            said = [said[number] for number in sorted(said, key=int)]
        except (TypeError, ValueError):
            raise NotYet("the reports' numbers as keys", describe(said), looks_like="other keys.") from None
    if not isinstance(said, str | list | tuple) or not all(isinstance(each, str) for each in said):
        raise NotYet("five letters from A to G, in order", describe(said), looks_like="no letters in an order.")
    letters = [each for each in "".join(said).upper() if each.isalpha()]
    if len(letters) != len(_RIGHT) or set(letters) - set("ABCDEFG"):
        raise NotYet("five letters from A to G", describe(said), looks_like="not one letter for each report.")
    return letters


@five_reports.test
def _(learner):
    letters = _letters(learner())
    for number, (said, right) in enumerate(zip(letters, _RIGHT, strict=True), 1):
        if said != right:
            raise NotYet("the cause that fits all of a report", "".join(letters), looks_like=f"report_{number}")


for _number, _story in enumerate(_WHY, 1):

    def _answer(number=_number):
        return _RIGHT[: number - 1] + ("G" if number == 2 else "D") + _RIGHT[number:]

    _answer.__name__ = f"report_{_number}"
    five_reports.misconception(f"another cause for report {_number}. It is {_story}")(_answer)
del _number, _story, _answer


# --- deaf or collapsed?


def _patients():
    pattern = torch.rand(1, 1, 8, 8) * 1.6 - 0.8

    def varied():
        return 0.2 * torch.randn(50, 1, 8, 8)

    def alike():
        return pattern + 0.001 * torch.randn(50, 1, 8, 8)

    flat = (0.2 * torch.randn(50, 1, 1, 1)).expand(50, 1, 8, 8).clone()  # each picture of one grey
    dead = pattern.expand(50, 1, 8, 8).clone()
    dead[..., 3, 3] = 0.9 * torch.randn(50, 1)  # one lively pixel among dead ones
    small = pattern + 0.03 * torch.randn(50, 1, 8, 8)  # its range over the noise is above 0.05, its spread isn't
    return [
        (varied(), alike()),
        (alike(), alike()),
        (alike(), pattern + varied()),
        (varied(), varied()),
        (varied(), flat),
        (varied(), dead),
        (varied(), small),
        (2.5 * varied(), varied()),
    ]


def _word(candidate, before, after):
    said = candidate(before, after)
    if not isinstance(said, str):
        raise NotYet("one of the words varied, collapsed, deaf", describe(said), looks_like="no word.")
    return said.strip().lower()


def _told(spread, before, after):
    if spread(after) >= 0.05:
        return "varied"
    return "collapsed" if spread(before) >= 0.05 else "deaf"


@question(
    "Deaf or collapsed?",
    hints=(
        "First the spread: for each pixel, how much does it differ from one noise vector to the next? Then the mean "
        "over pixels.",
        "pictures.std(dim=0) is one number for each pixel; .mean() of that is the spread. Write it as a function, and "
        "use it twice.",
        "Ask `after` first: if its spread is 0.05 or more, it is varied. If not, `before` decides.",
    ),
    insight="“All the same” is one symptom of two illnesses; a measurement from before the training parts them.",
    probes=_patients,
    run=_word,
)
def verdict(before, after):
    spreads = [pictures.std(dim=0).mean() for pictures in (before, after)]
    if spreads[1] >= 0.05:
        return "varied"
    return "collapsed" if spreads[0] >= 0.05 else "deaf"


@verdict.misconception(
    "the spread of all numbers together. A picture with light and dark has that, too, if all are the same."
)
def _all_numbers(before, after):
    return _told(lambda pictures: pictures.std(), before, after)


@verdict.misconception(
    "the spread over the pixels of a picture. Asked is the one over the noise: from picture to picture."
)
def _over_pixels(before, after):
    return _told(lambda pictures: pictures.flatten(1).std(dim=1).mean(), before, after)


@verdict.misconception("the spread of the mean brightness. Pictures can differ in every pixel and be equally bright.")
def _brightness(before, after):
    return _told(lambda pictures: pictures.flatten(1).mean(dim=1).std(), before, after)


@verdict.misconception("a verdict from `after` alone. Whether something collapsed, only `before` can tell.")
def _after_only(before, after):
    return "varied" if after.std(dim=0).mean() >= 0.05 else "collapsed"


@verdict.misconception("a verdict from `before` alone. A generator that starts deaf can learn to hear.")
def _before_only(before, after):
    return "varied" if before.std(dim=0).mean() >= 0.05 else "deaf"


@verdict.misconception("before and after exchanged.")
def _exchanged(before, after):
    return _told(lambda pictures: pictures.std(dim=0).mean(), after, before)


# --- its own points, and new ones


def _clouds():
    def two(n, d, away):
        return torch.randn(n, d), torch.randn(n, d) + away

    return [
        (*two(12, 2, 1.0), *two(20, 2, 1.0)),
        (*two(30, 20, 0.0), *two(200, 20, 0.0)),
        (*two(40, 5, torch.tensor([3.0, 0.0, 0.0, 0.0, 0.0])), *two(100, 5, torch.tensor([0.5, 0.0, 0.0, 0.0, 0.0]))),
    ]


def _fit(points, label, intercept=True):
    points = points.double()
    ones = torch.ones(len(points), 1, dtype=torch.double)
    weights = torch.linalg.lstsq(torch.cat([points, ones], dim=1) if intercept else points, label.double()).solution
    return (lambda x: x.double() @ weights[:-1] + weights[-1]) if intercept else (lambda x: x.double() @ weights)


def _label(n, m):
    return torch.cat([torch.ones(n), -torch.ones(m)])


def _share(D, real, fake):
    return torch.cat([D(real) > 0, D(fake) < 0]).double().mean().item()


def _fitted(real, fake, **how):
    return _fit(torch.cat([real, fake]), _label(len(real), len(fake)), **how)


@question(
    "Its own points, and new ones",
    hints=(
        "Put the two clouds together, add a column of ones for the intercept, and use the labels +1 and −1.",
        "torch.linalg.lstsq(points, labels).solution gives the weights; so does scikit-learn's LinearRegression.",
        "Right means: above 0 for a real point, below 0 for a generated one. The mean over *all* points of a pair, "
        "once for the pair it was fitted to and once for the new pair. Fit only once.",
    ),
    insight="Where both clouds come from one distribution, D is right about its own points nonetheless. So an "
    "accuracy on few points that D has met often says little about the samples; on new ones it does.",
    probes=_clouds,
)
def own_and_new(real, fake, new_real, new_fake):
    def with_ones(points):
        return torch.cat([points, torch.ones(len(points), 1)], dim=1).double()

    labels = torch.cat([torch.ones(len(real)), -torch.ones(len(fake))]).double()
    weights = torch.linalg.lstsq(with_ones(torch.cat([real, fake])), labels).solution
    shares = []
    for yes, no in ((real, fake), (new_real, new_fake)):
        good = torch.cat([with_ones(yes) @ weights > 0, with_ones(no) @ weights < 0])
        shares.append(good.double().mean().item())
    return tuple(shares)


@own_and_new.misconception("a D without an intercept: its border must go through 0. Add a column of ones.")
def _no_intercept(real, fake, new_real, new_fake):
    D = _fitted(real, fake, intercept=False)
    return _share(D, real, fake), _share(D, new_real, new_fake)


@own_and_new.misconception("a D that was fitted to the new points, too: then they aren't new.")
def _fitted_to_all(real, fake, new_real, new_fake):
    D = _fitted(torch.cat([real, new_real]), torch.cat([fake, new_fake]))
    return _share(D, real, fake), _share(D, new_real, new_fake)


@own_and_new.misconception("a second D for the new points. One D is fitted, once, and then asked twice.")
def _fitted_twice(real, fake, new_real, new_fake):
    return _share(_fitted(real, fake), real, fake), _share(_fitted(new_real, new_fake), new_real, new_fake)


@own_and_new.misconception("real points only. A D that says “real” to everything would look perfect.")
def _real_only(real, fake, new_real, new_fake):
    D = _fitted(real, fake)
    return tuple((D(each) > 0).double().mean().item() for each in (real, new_real))


@own_and_new.misconception("the share of *errors*. Asked is how often it is right.")
def _errors(real, fake, new_real, new_fake):
    return tuple(1 - share for share in own_and_new.answer(real, fake, new_real, new_fake))


@own_and_new.misconception("per cent. Asked are shares, between 0 and 1.")
def _per_cent(real, fake, new_real, new_fake):
    return tuple(100 * share for share in own_and_new.answer(real, fake, new_real, new_fake))


@own_and_new.misconception("a border at 0 for a D that was fitted to the labels 1 and 0: it lies at ½ then.")
def _labels_1_and_0(real, fake, new_real, new_fake):
    D = _fit(torch.cat([real, fake]), torch.cat([torch.ones(len(real)), torch.zeros(len(fake))]))
    return _share(D, real, fake), _share(D, new_real, new_fake)


@own_and_new.misconception("the two shares in the other order: first its own points, then the new ones.")
def _other_order(real, fake, new_real, new_fake):
    return own_and_new.answer(real, fake, new_real, new_fake)[::-1]


# --- an experiment


@discussion(
    "Plan an experiment",
    hints=(
        "What else differs between the two runs? What would chance alone do (chapter 00, section 4)?",
        "Which remedies does the recipe hold, and was each tried alone? And which label smoothing is meant?",
    ),
)
def plan():
    """Four contestants: neither, labels of 0.9 alone, the smaller rate alone, both. Everything else is equal: nets,
    start, batches, number of steps, and the steps at which I look. Eight seeds at least, the same for all four.

    I count the clouds held, at several looks in the last third, and not the best look. Before I run it I write down
    what would convince me: say, labels of 0.9 alone beat neither in at least seven of eight seeds. If only the smaller
    rate does, the labels did nothing; if neither does alone, and both together do, it is the pair.

    Then one other constant: 0.8, or another rate. A finding that turns round belongs to that constant. It is a ring,
    small nets and so many steps: I say so."""

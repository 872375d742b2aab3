"""Questions of chapter 46: a test of a loss, a tracer of changes, and the order of a search.

In the first question the answer is itself a test. It is run on programs that are right, where it must have nothing to
complain of, and on broken ones, each of which it must catch by raising an AssertionError (or any other error).
"""

import math
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import nn

from gan_edu.checks.engine import NotYet, discussion, question
from gan_edu.checks.values import describe

bce = F.binary_cross_entropy_with_logits


def _complaint(test, program):
    """What test says of program: None, or the error. Errors that mean "not written yet" go through."""
    try:
        test(program)
    except NotImplementedError:
        raise
    except Exception as error:
        return error
    return None


def _judge(test, right, broken, missed):
    """Raise NotYet unless test passes each of `right` and catches each of `broken` (both: name → program).

    missed: name of a broken program → the misconception of a test that lets it pass; the first one counts.
    """
    for name, program in right.items():
        error = _complaint(test, program)
        if isinstance(error, AssertionError):
            got = f"it complains{f': {error}' if str(error) else ''}"
            raise NotYet(
                "silence about a program that is right", got, on=f"a right program: {name}", looks_like="false_alarm"
            )
        if error is not None:
            raise error  # the learner's own: the engine names the line
    returned = [_returned(test, program) for program in broken.values()]
    passed = [name for name, program in broken.items() if _complaint(test, program) is None]
    if not passed:
        return
    if len(passed) == len(broken):
        looks = "returns_instead_of_asserting" if any(map(_is_bool, returned)) else "never_red"
        raise NotYet("an AssertionError for a broken program", "none, for any of them", looks_like=looks)
    raise NotYet(
        "an AssertionError",
        f"it lets this one pass (and caught {len(broken) - len(passed)} of {len(broken)})",
        on=f"a broken program: {passed[0]}",
        looks_like=missed[passed[0]],
    )


def _is_bool(value):
    return isinstance(value, bool) or (torch.is_tensor(value) and value.dtype == torch.bool)


def _returned(test, program):
    try:
        return test(program)
    except Exception:
        return None


_NEVER_RED = (
    "a test that can't fail. It calls the program, or compares nothing. Write `assert …`: what follows must be true."
)
_RETURNS = "a test that returns True or False. Nobody looks at that: an `assert` raises the error that stops things."

# --- a test of the discriminator's loss

_RIGHT_LOSSES = {
    "with logits": lambda real, fake: bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake)),
    "with softplus": lambda real, fake: F.softplus(-real).mean() + F.softplus(fake).mean(),
    "in double precision": lambda r, f: -F.logsigmoid(r.double()).mean() - F.logsigmoid(-f.double()).mean(),
}


def _joined_wrongly(real, fake):
    logits = torch.cat([real, fake]).reshape(-1, 1)
    labels = torch.cat([torch.ones(len(real)), torch.zeros(len(fake))])
    return 2 * (F.softplus(logits) - labels * logits).mean()


_BROKEN_LOSSES = {
    "the real logits in both terms": lambda r, f: F.softplus(-r).mean() + F.softplus(r).mean(),
    "labels swapped": lambda r, f: F.softplus(r).mean() + F.softplus(-f).mean(),
    "logits (N, 1) against labels (N,)": _joined_wrongly,
    "two sigmoids": lambda r, f: F.softplus(-r.sigmoid()).mean() + F.softplus(f.sigmoid()).mean(),
    "only the real ones": lambda r, f: F.softplus(-r).mean(),
    "only the fakes": lambda r, f: F.softplus(f).mean(),
    "the value, without the minus": lambda r, f: F.logsigmoid(r).mean() + F.logsigmoid(-f).mean(),
    "log of a sigmoid": lambda r, f: -(r.sigmoid().log().mean() + (1 - f.sigmoid()).log().mean()),
    "a kink in the place of the curve": lambda r, f: F.relu(-r).mean() + F.relu(f).mean(),
    "the fakes are never looked at": lambda r, f: 2 * F.softplus(-r).mean(),
    "the real ones are never looked at": lambda r, f: 2 * F.softplus(f).mean(),
}


def _called_as_asked(losses):
    """The same losses, for tests that call loss(real_logits=…, fake_logits=…), too."""
    return {
        name: lambda real_logits, fake_logits, loss=loss: loss(real_logits, fake_logits)
        for name, loss in losses.items()
    }


_RIGHT_LOSSES, _BROKEN_LOSSES = _called_as_asked(_RIGHT_LOSSES), _called_as_asked(_BROKEN_LOSSES)
_MISSED_LOSSES = {
    "the real logits in both terms": "only_in_the_middle",
    "labels swapped": "only_in_the_middle",
    "logits (N, 1) against labels (N,)": "only_in_the_middle",
    "two sigmoids": "only_the_direction",
    "only the real ones": "only_the_direction",
    "only the fakes": "only_the_direction",
    "the value, without the minus": "only_the_direction",
    "log of a sigmoid": "forgets_large_logits",
    "a kink in the place of the curve": "forgets_the_middle",
    "the fakes are never looked at": "always_opposite",
    "the real ones are never looked at": "always_opposite",
}


@question(
    "A test of a loss",
    hints=(
        "Which logits make the answer known without a computer? All 0; right and sure; wrong and sure; wrong about one "
        "side only.",
        "Call loss(…) for each of them, and `assert` that it is near the known number: abs(value - wanted) < 1e-3. Add "
        "logits as large as 200.",
        "At 0: 2·math.log(2). Real +10, fake -10: nearly 0. Real -10, fake +10: nearly 20. Both +10, or both -10: "
        "nearly 10. Real -200, fake +200: 400. Each needs torch.full((4, 1), …) and one assert.",
    ),
    insight="A few known values catch eleven different defects, if you choose them well: where D knows nothing, where "
    "it is right, where it is wrong, and where it is wrong about one side only.",
)
def test_loss(loss):
    for logit, wanted in ((0.0, 2 * math.log(2)), (10.0, 0.0), (-10.0, 20.0), (-200.0, 400.0)):
        value = float(loss(torch.full((4, 1), logit), torch.full((4, 1), -logit)))
        assert abs(value - wanted) < 1e-2, f"{value} instead of {wanted} at logit {logit}"
    for logit in (10.0, -10.0):
        both = torch.full((4, 1), logit)
        assert abs(float(loss(both, both)) - 10) < 1e-2, f"wrong about one side, both at {logit}"


@test_loss.misconception(_NEVER_RED)
def _never_red(loss):
    loss(torch.zeros(4, 1), torch.zeros(4, 1))


@test_loss.misconception(_RETURNS)
def _returns_instead_of_asserting(loss):
    return abs(loss(torch.full((4, 1), 10.0), torch.full((4, 1), -10.0))) < 1e-2


@test_loss.misconception(
    "an alarm at a right program. At logit 10 a right loss is 0.00009, not 0: ask for “near” (abs(…) < "
    "0.01), and for nothing that isn't promised."
)
def _false_alarm(loss):
    assert loss(torch.full((4, 1), 10.0), torch.full((4, 1), -10.0)) == 0


@test_loss.misconception(
    "a look at the middle alone. When all logits are 0, many wrong formulas give 2 ln 2 as well. Look also where the "
    "discriminator is sure: right (nearly 0) and wrong (large)."
)
def _only_in_the_middle(loss):
    assert abs(loss(torch.zeros(4, 1), torch.zeros(4, 1)) - 2 * math.log(2)) < 1e-3


@test_loss.misconception(
    "“smaller is better” alone. That is true of many losses; ask for the numbers: what does it cost to "
    "be right, to be wrong, and not to know?"
)
def _only_the_direction(loss):
    sure = torch.full((4, 1), 10.0)
    assert loss(sure, -sure) < loss(0 * sure, 0 * sure) < loss(-sure, sure)
    assert loss(-2 * sure, sure) > loss(-sure, sure)


@test_loss.misconception(
    "no look at the middle. At logits 0, where the discriminator can't tell, the loss is 2 ln 2: ask for that, too."
)
def _forgets_the_middle(loss):
    for logit, wanted in ((10.0, 0.0), (-10.0, 20.0), (-200.0, 400.0)):
        assert abs(loss(torch.full((4, 1), logit), torch.full((4, 1), -logit)) - wanted) < 1e-2


@test_loss.misconception(
    "only small logits. The logarithm of a sigmoid is right up to about 15 and infinite at 200: a sure discriminator "
    "gives such numbers. Test one."
)
def _forgets_large_logits(loss):
    for logit, wanted in ((0.0, 2 * math.log(2)), (5.0, 0.0134), (-5.0, 10.0134)):
        assert abs(loss(torch.full((4, 1), logit), torch.full((4, 1), -logit)) - wanted) < 1e-2


@test_loss.misconception(
    "logits that are always opposite: fake = -real. Then a loss that looks at one side only passes. Be wrong about one "
    "side: real +10, fake +10."
)
def _always_opposite(loss):
    for logit, wanted in ((0.0, 2 * math.log(2)), (10.0, 0.0), (-10.0, 20.0), (-200.0, 400.0)):
        assert abs(loss(torch.full((4, 1), logit), torch.full((4, 1), -logit)) - wanted) < 1e-2


@test_loss.test
def _(learner):
    _judge(learner, _RIGHT_LOSSES, _BROKEN_LOSSES, _MISSED_LOSSES)


# --- which networks has this changed?


@question(
    "Who was changed?",
    hints=(
        "Three parts: remember the weights, run action(), compare.",
        "What you remember must be copies: .detach().clone() of each parameter, for each network. Weights are changed "
        "in place, so a second name for the same tensor would change with it.",
        "before = {name: [p.detach().clone() for p in net.parameters()] for name, net in networks.items()}; then "
        "action(); then the set of names for which some pair isn't .equal().",
    ),
    insight="It needs no knowledge of the loss, the data or the optimiser, and still names three of the five cards of "
    "section 2 after a single step.",
)
def changed_by(action, networks):
    before = {name: [p.detach().clone() for p in net.parameters()] for name, net in networks.items()}
    action()
    changed = set()
    for name, net in networks.items():
        if any(not p.equal(old) for p, old in zip(net.parameters(), before[name], strict=True)):
            changed.add(name)
    return changed


@changed_by.misconception(
    "weights remembered without a copy. An optimiser changes them in place, so what you kept changes too, and nothing "
    "ever differs: .detach().clone()."
)
def _no_copy(action, networks):
    before = {name: list(net.parameters()) for name, net in networks.items()}
    action()
    pairs = {name: zip(net.parameters(), before[name], strict=True) for name, net in networks.items()}
    return {name for name, each in pairs.items() if any(not a.equal(b) for a, b in each)}


@changed_by.misconception(
    "gradients in place of weights. backward() fills .grad and moves nothing, and a step may leave a gradient as it "
    "was. Compare the weights themselves."
)
def _looks_at_gradients(action, networks):
    action()
    return {name for name, net in networks.items() if any(p.grad is not None for p in net.parameters())}


@changed_by.misconception(
    "all of state_dict(). It also holds the running means of batch norm, which change whenever data go through: that "
    "is no learning. Use parameters()."
)
def _counts_buffers(action, networks):
    before = {name: {k: v.clone() for k, v in net.state_dict().items()} for name, net in networks.items()}
    action()
    return {n for n, net in networks.items() if any(not v.equal(before[n][k]) for k, v in net.state_dict().items())}


@changed_by.misconception(
    "a network that counts as changed only if its first parameter has changed, or only if all have. One that differs "
    "is enough, whichever it is."
)
def _only_the_first(action, networks):
    before = {name: next(net.parameters()).detach().clone() for name, net in networks.items()}
    action()
    return {name for name, net in networks.items() if not next(net.parameters()).equal(before[name])}


@changed_by.misconception(
    "a comparison by sums or means. Two weights that swap their values leave the sum as it was: compare element by "
    "element, with .equal()."
)
def _compares_sums(action, networks):
    def total(net):
        return round(sum(p.detach().double().sum().item() for p in net.parameters()), 5)

    before = {name: total(net) for name, net in networks.items()}
    action()
    return {name for name, net in networks.items() if total(net) != before[name]}


@changed_by.misconception(
    "a comparison with a tolerance (allclose). A small learning rate changes weights by less than that. Asked for is "
    "whether they differ at all: .equal()."
)
def _with_a_tolerance(action, networks):
    before = {name: [p.detach().clone() for p in net.parameters()] for name, net in networks.items()}
    action()
    pairs = {name: zip(net.parameters(), before[name], strict=True) for name, net in networks.items()}
    return {name for name, each in pairs.items() if any(not a.allclose(b) for a, b in each)}


@changed_by.misconception(
    "only parameters that require a gradient. A frozen network can be changed as well, for instance by an average that "
    "is written into it."
)
def _only_trainable(action, networks):
    before = {name: [p.detach().clone() for p in net.parameters()] for name, net in networks.items()}
    grads = {name: [p.requires_grad for p in net.parameters()] for name, net in networks.items()}
    action()
    found = set()
    for name, net in networks.items():
        for p, old, counts in zip(net.parameters(), before[name], grads[name], strict=True):
            if counts and not p.equal(old):
                found.add(name)
    return found


@changed_by.misconception("an action that is never run, or not just once: between the two looks stands one action().")
def _action_not_called_once(action, networks):
    return set()


def _two_networks():
    g = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1))
    d = nn.Sequential(nn.Linear(1, 4), nn.ReLU(), nn.Linear(4, 1))
    with torch.no_grad():
        d[0].weight.copy_(torch.tensor([[1.0], [2.0], [3.0], [4.0]]))  # sums that are exact in any order
    return SimpleNamespace(g=g, d=d)


def _learn(net, x, parameters=None):
    optimizer = torch.optim.SGD(parameters or net.parameters(), lr=0.1)
    optimizer.zero_grad()
    net(x).square().mean().backward()
    optimizer.step()


def _add_to_last(net):
    with torch.no_grad():
        list(net.parameters())[-1].add_(1.0)


def _of_g(networks):
    _learn(networks.g, torch.randn(8, 2))


def _of_both(networks):
    _of_g(networks)
    _learn(networks.d, torch.randn(8, 1))


def _backward(networks):
    networks.d(networks.g.eval()(torch.randn(8, 2))).sum().backward()


def _all_of_g(networks):
    with torch.no_grad():
        for p in networks.g.parameters():
            p.add_(1.0)


def _swap(networks):
    with torch.no_grad():
        weight = networks.d[0].weight
        weight.copy_(weight.flip(0))


def _tiny(networks):
    with torch.no_grad():
        networks.d[0].weight.mul_(1 + 1e-6)


_SCENES = [  # what happens, the action, who has changed; a wrong answer and what it looks like
    ("data go through, nobody learns", lambda n: n.g(torch.randn(8, 2)), set(), {"g"}, "counts_buffers"),
    ("backward(), and no step", _backward, set(), {"g", "d"}, "looks_at_gradients"),
    ("all weights of g move", _all_of_g, {"g"}, set(), "no_copy"),
    ("a step of the generator", _of_g, {"g"}, set(), "only_the_first"),
    ("a step of both", _of_both, {"g", "d"}, None, None),
    ("only the last bias of d moves", lambda n: _add_to_last(n.d), {"d"}, set(), "only_the_first"),
    ("two weights of d swap their values", _swap, {"d"}, set(), "compares_sums"),
    ("weights of d change by a millionth", _tiny, {"d"}, set(), "with_a_tolerance"),
    ("only the last bias of d moves, and d is frozen", lambda n: _add_to_last(n.d), {"d"}, set(), "only_trainable"),
    ("nothing", lambda n: None, set(), None, None),
]


@changed_by.test
def _(learner):
    for what, happens, wanted, wrong, looks in _SCENES:
        networks, calls = _two_networks(), []
        networks.d.requires_grad_("frozen" not in what)

        def action(networks=networks, calls=calls, happens=happens):
            calls.append(1)
            happens(networks)

        got = learner(action, {"g": networks.g, "d": networks.d})
        on = f"action: {what}"
        if len(calls) != 1:
            times = "never" if not calls else f"{len(calls)} times"
            raise NotYet("action() is called once", times, on=on, looks_like="action_not_called_once")
        if not isinstance(got, set | frozenset | list | tuple):
            raise NotYet(f"the set {_names(wanted)}", describe(got), on=on)
        if set(got) != wanted:
            raise NotYet(_names(wanted), _names(set(got)), on=on, looks_like=looks if set(got) == wrong else None)


def _names(names):
    return "{" + ", ".join(sorted(map(str, names))) + "}" if names else "an empty set"


# --- the order of a search


@discussion(
    "Where do you look first?",
    hints=(
        "Which of these observations could a *right* program show, too? Put those aside.",
        "What is cheapest to ask, and what would make all later questions worthless if it were wrong?",
    ),
)
def where_first():
    """
    First a fresh start: Restart and run all, with the versions that the program names. If it doesn't run like this,
    nothing else that I measure belongs to the program I am reading.

    Then the data, because all later questions rest on them: shape, range and a picture of the very batch that goes
    into the step, beside a batch of the generator. A loss at 2 ln 2 fits noise in place of data as well as a good
    generator, so I may not skip this because the loss looks fine.

    Then the parts without training: shapes with a batch of five, the losses at logits where their values are known (in
    the middle, right and wrong). Then one step: which network has changed in which turn, and does the outcome depend on
    the real batch, on the fakes, on the noise? The grey pictures that never change make me suspect this one: a
    generator that gets no gradient, or the wrong optimiser.

    Then each player alone, on an easy task. Only when all this is green I train again, with three seeds at least and a
    distance with a floor, and only then I think about learning rates: a smaller rate can't mend a missing step.

    I change one thing at a time, and I keep each test that was red.
    """

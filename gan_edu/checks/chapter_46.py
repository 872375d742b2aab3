"""Questions of chapter 46: tests that catch broken programs, a tracer, a VAE's slips, and the order of a search.

In two questions the answer is itself a test. It is run on programs that are right, where it must have nothing to
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
}
_MISSED_LOSSES = {
    "the real logits in both terms": "only_in_the_middle",
    "labels swapped": "only_in_the_middle",
    "logits (N, 1) against labels (N,)": "only_in_the_middle",
    "two sigmoids": "only_the_direction",
    "only the real ones": "only_the_direction",
    "only the fakes": "only_the_direction",
    "the value, without the minus": "only_the_direction",
    "log of a sigmoid": "forgets_large_logits",
}


@question(
    "A test of a loss",
    hints=(
        "Which logits make the answer known without a computer? All 0; right and sure; wrong and sure.",
        "Call loss(…) for each of them, and `assert` that it is near the known number: abs(value - wanted) < 1e-3. Add "
        "logits as large as 200.",
        "At 0: 2·math.log(2). Real +10, fake -10: nearly 0. Real -10, fake +10: nearly 20. Real -200, fake +200: 400. "
        "Each needs torch.full((4, 1), …) and one assert.",
    ),
    insight="Four known values catch eight different defects: to slip through, a wrong formula would have to agree "
    "with the right one at all of them.",
)
def test_loss(loss):
    for logit, wanted in ((0.0, 2 * math.log(2)), (10.0, 0.0), (-10.0, 20.0), (-200.0, 400.0)):
        value = float(loss(torch.full((4, 1), logit), torch.full((4, 1), -logit)))
        assert abs(value - wanted) < 1e-2, f"{value} instead of {wanted} at logit {logit}"


@test_loss.misconception(_NEVER_RED)
def _never_red(loss):
    loss(torch.zeros(4, 1), torch.zeros(4, 1))


@test_loss.misconception(_RETURNS)
def _returns_instead_of_asserting(loss):
    return abs(loss(torch.full((4, 1), 10.0), torch.full((4, 1), -10.0))) < 1e-2


@test_loss.misconception(
    "an alarm at a right program. Floating point isn't exact, and at logit 10 a right loss is 0.00009, not 0: ask for "
    "“near” (abs(…) < 0.01), and for nothing that the question doesn't promise."
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
    "“smaller is better” alone: a right discriminator pays less than a wrong one. That is true of many losses; ask for "
    "the numbers. What does it cost to be right, to be wrong, and not to know?"
)
def _only_the_direction(loss):
    sure = torch.full((4, 1), 10.0)
    assert loss(sure, -sure) < loss(0 * sure, 0 * sure) < loss(-sure, sure)
    assert loss(-2 * sure, sure) > loss(-sure, sure)


@test_loss.misconception(
    "only small logits. The logarithm of a sigmoid is right up to about 15 and infinite at 200: a sure discriminator "
    "gives such numbers. Test one."
)
def _forgets_large_logits(loss):
    for logit, wanted in ((0.0, 2 * math.log(2)), (5.0, 0.0134), (-5.0, 10.0134)):
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
    insight="It needs no knowledge of the loss, the data or the optimiser, and still names five of the defects of "
    "section 3 after a single step.",
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
    "one parameter for all. A network in which only the last layer learns has changed as well: look at each of them."
)
def _only_the_first(action, networks):
    before = {name: next(net.parameters()).detach().clone() for name, net in networks.items()}
    action()
    return {name for name, net in networks.items() if not next(net.parameters()).equal(before[name])}


@changed_by.misconception("an action that is never run, or not just once: between the two looks stands one action().")
def _action_not_called_once(action, networks):
    return set()


def _two_networks():
    g = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1))
    return SimpleNamespace(g=g, d=nn.Sequential(nn.Linear(1, 4), nn.ReLU(), nn.Linear(4, 1)))


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


_SCENES = [  # what happens, the action, who has changed; a wrong answer and what it looks like
    ("a step of the generator", _of_g, {"g"}, set(), "no_copy"),
    ("a step of both", _of_both, {"g", "d"}, None, None),
    ("backward(), and no step", _backward, set(), {"g", "d"}, "looks_at_gradients"),
    ("data go through, nobody learns", lambda n: n.g(torch.randn(8, 2)), set(), {"g"}, "counts_buffers"),
    ("only the last bias of d moves", lambda n: _add_to_last(n.d), {"d"}, set(), "only_the_first"),
    ("nothing", lambda n: None, set(), None, None),
]


@changed_by.test
def _(learner):
    for what, happens, wanted, wrong, looks in _SCENES:
        networks, calls = _two_networks(), []

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


# --- a test of the generator's turn


def players(seed=0):
    """A tiny generator (2 → 1), a discriminator (1 → 1), and an optimiser for each: G, D, opt_g, opt_d."""
    torch.manual_seed(seed)
    g = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    d = nn.Sequential(nn.Linear(1, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    return g, d, torch.optim.Adam(g.parameters(), lr=0.01), torch.optim.Adam(d.parameters(), lr=0.01)


def _turn(g, d, opt_g, opt_d, noise):
    loss = F.softplus(-d(g(noise))).mean()
    opt_g.zero_grad()
    loss.backward()
    opt_g.step()
    return loss


def _frozen_turn(g, d, opt_g, opt_d, noise):
    d.requires_grad_(False)
    loss = _turn(g, d, opt_g, opt_d, noise)
    d.requires_grad_(True)
    return loss.item()


def _by_grad(g, d, opt_g, opt_d, noise):
    loss = -F.logsigmoid(d(g(noise))).mean()
    for parameter, grad in zip(g.parameters(), torch.autograd.grad(loss, list(g.parameters())), strict=True):
        parameter.grad = grad
    opt_g.step()


def _no_step(g, d, opt_g, opt_d, noise):
    opt_g.zero_grad()
    F.softplus(-d(g(noise))).mean().backward()


def _cut(g, d, opt_g, opt_d, noise):
    opt_g.zero_grad()
    F.softplus(-d(g(noise).detach())).mean().backward()
    opt_g.step()


def _moves_both(g, d, opt_g, opt_d, noise):
    opt_d.zero_grad()
    _turn(g, d, opt_g, opt_d, noise)
    opt_d.step()


def _moves_d(g, d, opt_g, opt_d, noise):
    opt_d.zero_grad()
    F.softplus(-d(g(noise))).mean().backward()
    opt_d.step()


def _label_of_d(g, d, opt_g, opt_d, noise):
    opt_g.zero_grad()
    F.softplus(d(g(noise))).mean().backward()
    opt_g.step()


def _keeps_gradients(g, d, opt_g, opt_d, noise):
    F.softplus(-d(g(noise))).mean().backward()
    opt_g.step()


_RIGHT_TURNS = {"the usual one": _turn, "D frozen meanwhile": _frozen_turn, "by autograd.grad": _by_grad}
_BROKEN_TURNS = {
    "no step": _no_step,
    "the fake is detached": _cut,
    "D's optimiser steps, and G's doesn't": _moves_d,
    "both optimisers step": _moves_both,
    "label 0: the fakes are to be found out": _label_of_d,
    "no zero_grad": _keeps_gradients,
}
_MISSED_TURNS = {
    "no step": "forgets_that_g_must_move",
    "the fake is detached": "forgets_that_g_must_move",
    "D's optimiser steps, and G's doesn't": "forgets_that_g_must_move",
    "both optimisers step": "forgets_the_bystander",
    "label 0: the fakes are to be found out": "forgets_the_direction",
    "no zero_grad": "forgets_old_gradients",
}


def _weights(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()])


@question(
    "A test of a turn",
    hints=(
        "Four questions, one assert each: has G changed? Is D as before? Does D's opinion of the fakes rise? Do old "
        "gradients make no difference?",
        "For the first two: copies of the weights before, compare after. For the third: some twenty turns, and the "
        "mean of D(G(z)) for the same z before and after.",
        "For the fourth: two sets of players() with the same seed; fill .grad of one generator with large numbers "
        "(p.grad = torch.full_like(p, 1000.0)), give both one turn with the same noise, and compare the generators.",
    ),
    insight="None of the four questions mentions the loss, so the same test fits a hinge or a Wasserstein generator "
    "turn as well.",
    seconds=60.0,
)
def test_turn(turn):
    torch.manual_seed(1)
    z = torch.randn(64, 2)
    G, D, opt_g, opt_d = players()
    before_g = [p.detach().clone() for p in G.parameters()]
    before_d = [p.detach().clone() for p in D.parameters()]
    opinion = D(G(z)).mean().item()
    for _ in range(20):
        turn(G, D, opt_g, opt_d, torch.randn(64, 2))
    assert any(not a.equal(b) for a, b in zip(G.parameters(), before_g, strict=True)), "G hasn't moved"
    assert all(a.equal(b) for a, b in zip(D.parameters(), before_d, strict=True)), "D has moved"
    assert D(G(z)).mean() > opinion, "D's opinion of the fakes doesn't rise"

    (clean, *others), (dirty, *their_others) = players(), players()
    for p in dirty.parameters():
        p.grad = torch.full_like(p, 1000.0)
    turn(clean, *others, z)
    turn(dirty, *their_others, z)
    same = [a.allclose(b) for a, b in zip(clean.parameters(), dirty.parameters(), strict=True)]
    assert all(same), "old gradients go into the update"


def _partly(moves=True, bystander=True, direction=True, old=True):
    """A test of a turn with some of the four questions."""

    def test(turn):
        torch.manual_seed(1)
        z = torch.randn(64, 2)
        g, d, opt_g, opt_d = players()
        before, bystander_before, opinion = _weights(g), _weights(d), d(g(z)).mean().item()
        for _ in range(20):
            turn(g, d, opt_g, opt_d, torch.randn(64, 2))
        assert not (moves and _weights(g).equal(before))
        assert not bystander or _weights(d).equal(bystander_before)
        assert not direction or d(g(z)).mean() > opinion
        if old:
            nets = players(), players()
            for p in nets[1][0].parameters():
                p.grad = torch.full_like(p, 1000.0)
            for each in nets:
                turn(*each, z)
            assert _weights(nets[0][0]).allclose(_weights(nets[1][0]))

    return test


@test_turn.misconception(_NEVER_RED)
def _never_red(turn):
    turn(*players(), torch.randn(64, 2))


@test_turn.misconception(_RETURNS)
def _returns_instead_of_asserting(turn):
    g, d, opt_g, opt_d = players()
    before = _weights(g)
    turn(g, d, opt_g, opt_d, torch.randn(64, 2))
    return not _weights(g).equal(before)


@test_turn.misconception(
    "an alarm at a right program. Perhaps it asks for one way of writing it: a value that is returned, gradients that "
    "are left in D, or a loss that falls at each single turn. None of that was promised."
)
def _false_alarm(turn):
    g, d, opt_g, opt_d = players()
    loss = turn(g, d, opt_g, opt_d, torch.randn(64, 2))
    assert loss is not None and loss > 0


@test_turn.misconception("no look at G's weights: in some broken turns they stay as they are, because nothing steps.")
def _forgets_that_g_must_move(turn):
    g, d, opt_g, opt_d = players()
    before = _weights(d)
    turn(g, d, opt_g, opt_d, torch.randn(64, 2))
    assert _weights(d).equal(before)


@test_turn.misconception(
    "no look at D's weights. D is a bystander in G's turn: a turn that moves D as well makes it help its opponent."
)
def _forgets_the_bystander(turn):
    _partly(bystander=False)(turn)


@test_turn.misconception(
    "no look at the direction. G moves, but which way? After some turns D must take the fakes for real more than "
    "before."
)
def _forgets_the_direction(turn):
    _partly(direction=False)(turn)


@test_turn.misconception(
    "no look at old gradients. Without zero_grad() the gradients of all earlier turns go into this one: fill .grad "
    "with something large before the turn, and see whether it matters."
)
def _forgets_old_gradients(turn):
    _partly(old=False)(turn)


@test_turn.test
def _(learner):
    _judge(learner, _RIGHT_TURNS, _BROKEN_TURNS, _MISSED_TURNS)


# --- mend: the sample and the KL of a VAE


@question(
    "Mend the code of a VAE",
    hints=(
        "Test it before you mend it: log_var = ln 4 means a standard deviation of 2. What does the broken one give?",
        "z is the mean plus noise: noise of standard deviation exp(log_var / 2), drawn by randn_like. The KL is 0 at "
        "mean 0, log_var 0, and never negative.",
        "z = mean + (0.5 * log_var).exp() * torch.randn_like(mean); the KL of each picture is half of the sum over the "
        "code of mean² + exp(log_var) - 1 - log_var.",
    ),
    insight="Four slips in two lines, and three of them are invisible at mean 0 and log_var 0, the very place where a "
    "freshly made encoder starts.",
)
def sample_and_kl(mean, log_var):
    deviation = torch.exp(log_var / 2)
    noise = torch.randn_like(deviation)
    divergence = (mean.square() + log_var.exp() - log_var - 1).sum(dim=1) / 2
    return mean + deviation * noise, divergence


def _kl(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(dim=1)


def _z(mean, log_var):
    return mean + (0.5 * log_var).exp() * torch.randn_like(mean)


@sample_and_kl.misconception("no noise at all: the same z each time. Then it is an autoencoder, and no VAE.")
def _no_noise(mean, log_var):
    return mean * (0.5 * log_var).exp(), _kl(mean, log_var)


@sample_and_kl.misconception(
    "the variance where the standard deviation belongs: exp(log_var) is σ², and the noise is multiplied by σ, which "
    "is exp(log_var / 2)."
)
def _variance_as_std(mean, log_var):
    return mean + log_var.exp() * torch.randn_like(mean), _kl(mean, log_var)


@sample_and_kl.misconception("log σ² itself as the standard deviation: it needs exp(log_var / 2).")
def _log_var_as_std(mean, log_var):
    return mean + log_var * torch.randn_like(mean), _kl(mean, log_var)


@sample_and_kl.misconception(
    "noise from 0 to 1 (torch.rand), which is neither centred nor normal. torch.randn_like has the n."
)
def _uniform_noise(mean, log_var):
    return mean + (0.5 * log_var).exp() * torch.rand_like(mean), _kl(mean, log_var)


@sample_and_kl.misconception(
    "a sample without a gradient: .sample(), .detach() or no_grad(). The encoder couldn't learn. (Normal(…).rsample() "
    "lets gradients through.)"
)
def _no_gradient(mean, log_var):
    return _z(mean, log_var).detach(), _kl(mean, log_var)


@sample_and_kl.misconception(
    "the KL with the wrong sign. A KL divergence is never negative; a training that minimises its negative drives the "
    "code away from the prior."
)
def _kl_sign(mean, log_var):
    return _z(mean, log_var), -_kl(mean, log_var)


@sample_and_kl.misconception(
    "a mean over the code. The numbers of a code are independent, so their divergences add up: a sum over axis 1."
)
def _mean_over_code(mean, log_var):
    return _z(mean, log_var), _kl(mean, log_var) / mean.shape[1]


@sample_and_kl.misconception("one number for the whole batch. Asked for is one KL for each picture, shape (N,).")
def _one_number(mean, log_var):
    return _z(mean, log_var), _kl(mean, log_var).mean()


@sample_and_kl.misconception("the KL without its factor ½.")
def _without_half(mean, log_var):
    return _z(mean, log_var), 2 * _kl(mean, log_var)


def _both(learner, mean, log_var):
    got = learner(mean, log_var)
    if not isinstance(got, tuple | list) or len(got) != 2 or not all(map(torch.is_tensor, got)):
        raise NotYet(
            "two tensors, (z, kl)", describe(got) if not isinstance(got, tuple | list) else f"{len(got)} things"
        )
    return got


@sample_and_kl.test
def _(learner):
    mean = torch.full((20_000, 2), 3.0, requires_grad=True)
    log_var = torch.full((20_000, 2), math.log(4.0), requires_grad=True)
    on = "20,000 times mean = (3, 3), log_var = (ln 4, ln 4)"
    z, _ = _both(learner, mean, log_var)
    if tuple(z.shape) != (20_000, 2):
        raise NotYet("z of shape (20000, 2)", f"shape {tuple(z.shape)}", on=on)
    average, deviation = z.mean().item(), z.std().item()
    got = f"mean {average:.2f}, standard deviation {deviation:.2f}"
    wanted = "samples of mean 3 and standard deviation 2"
    if deviation < 0.05:
        raise NotYet(wanted, got, on=on, looks_like="no_noise")
    if abs(deviation - 2) > 0.1 or abs(average - 3) > 0.1:
        found = {"variance_as_std": (3, 4), "log_var_as_std": (3, math.log(4)), "uniform_noise": (4, 2 / 12**0.5)}
        looks = [name for name, (m, s) in found.items() if abs(average - m) < 0.1 and abs(deviation - s) < 0.1]
        raise NotYet(wanted, got, on=on, looks_like=looks[0] if looks else None)
    slopes = (None, None)
    if z.requires_grad:
        slopes = torch.autograd.grad(z.square().sum(), (mean, log_var), allow_unused=True)
    if any(slope is None or not slope.any() for slope in slopes):
        raise NotYet("a gradient for mean and log_var", "none arrives", on=on, looks_like="no_gradient")


@sample_and_kl.test
def _(learner):
    mean, log_var = torch.randn(2, 6, 3)
    prior = torch.distributions.Normal(torch.zeros(3), torch.ones(3))
    q = torch.distributions.Normal(mean, (0.5 * log_var).exp())
    wanted = torch.distributions.kl_divergence(q, prior).sum(dim=1)
    _, got = _both(learner, mean, log_var)
    on = "six random codes of three numbers"
    if got.numel() == 1:
        raise NotYet("a KL for each picture: shape (6,)", f"shape {tuple(got.shape)}", on=on, looks_like="one_number")
    if tuple(got.shape) != (6,):
        raise NotYet("a KL for each picture: shape (6,)", f"shape {tuple(got.shape)}", on=on)
    got = got.detach()
    if got.to(wanted).allclose(wanted, atol=1e-4, rtol=1e-4):
        return
    for name, value in {"kl_sign": -wanted, "mean_over_code": wanted / 3, "without_half": 2 * wanted}.items():
        if got.to(wanted).allclose(value, atol=1e-4, rtol=1e-4):
            raise NotYet(wanted, got, on=on, looks_like=name)
    raise NotYet(wanted, got, on=on)


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

import math

import pytest
import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests
from torch import nn

from gan_edu.checks import chapter_46 as q
from gan_edu.checks.engine import NotAttempted, NotYet

bce = F.binary_cross_entropy_with_logits

# --- a test of a loss


def loss_stub(loss):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_reference(loss):
    """Compares with the formula, on random logits and on large ones."""
    torch.manual_seed(0)
    for real, fake in [tuple(3 * torch.randn(2, 5, 1)) for _ in range(4)] + [
        (torch.full((5, 1), -200.0), torch.full((5, 1), 200.0))
    ]:
        wanted = F.softplus(-real).mean() + F.softplus(fake).mean()
        if not math.isclose(float(loss(real, fake)), float(wanted), rel_tol=1e-4, abs_tol=1e-4):
            raise AssertionError("not the formula")


def by_gradients(loss):
    """Signs of the slopes, and a few values."""
    real, fake = torch.zeros(3, 1, requires_grad=True), torch.zeros(3, 1, requires_grad=True)
    value = loss(real, fake)
    slopes = torch.autograd.grad(value, (real, fake), allow_unused=True)
    assert slopes[0] is not None and slopes[1] is not None
    assert (slopes[0] < 0).all() and (slopes[1] > 0).all()
    assert torch.isclose(value.float(), torch.tensor(2 * math.log(2)), atol=1e-3)
    assert loss(torch.full((3, 1), 12.0), torch.full((3, 1), -12.0)) < 1e-2
    assert torch.isfinite(loss(torch.full((3, 1), -200.0), torch.full((3, 1), 200.0)))


def looks_at_zero(loss):
    zero = torch.zeros(7, 1)
    torch.testing.assert_close(loss(zero, zero).double(), torch.tensor(2 * math.log(2)).double(), atol=1e-4, rtol=0)


def gives_a_bool(loss):
    return bool(abs(loss(torch.zeros(3, 1), torch.zeros(3, 1)) - 2 * math.log(2)) < 1e-3)


def strict(loss):
    real, fake = torch.tensor([[0.3], [1.0]]), torch.tensor([[-1.0], [0.2]])
    wanted = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
    assert loss(real, fake).dtype == wanted.dtype and loss(real, fake).equal(wanted)


def ordering(loss):
    values = [float(loss(torch.full((2, 1), w), torch.full((2, 1), -w))) for w in (30.0, 3.0, 0.0, -3.0, -30.0)]
    assert values == sorted(values)


def small_values(loss):
    for real, fake in ((0.0, 0.0), (3.0, -3.0), (-3.0, 3.0), (1.0, 2.0)):
        wanted = math.log1p(math.exp(-real)) + math.log1p(math.exp(fake))
        assert abs(float(loss(torch.full((2, 1), real), torch.full((2, 1), fake))) - wanted) < 1e-3


def only_wrong_ones(loss):
    for size in (10.0, 200.0):
        assert abs(float(loss(torch.full((4, 1), -size), torch.full((4, 1), size))) - 2 * size) < 1e-2


def in_numpy(loss):
    """Known values, with plain floats."""
    for real, fake, wanted in ((0, 0, 1.3863), (8, -8, 0.00067), (-8, 8, 16.00067), (-300, 300, 600), (8, 8, 8.0007)):
        value = loss(real_logits=torch.full((3, 1), real * 1.0), fake_logits=torch.full((3, 1), fake * 1.0)).item()
        if abs(value - wanted) > 0.01:
            raise ValueError(value)


def opposite(loss):
    for logit, wanted in ((0.0, 1.3863), (8.0, 0.00067), (-8.0, 16.00067), (-300.0, 600.0)):
        assert abs(loss(torch.full((3, 1), logit), torch.full((3, 1), -logit)).item() - wanted) < 0.01


loss_case = Case(
    q.test_loss,
    loss_stub,
    right=[by_reference, by_gradients, in_numpy],
    wrong={
        "never_red": [lambda loss: print(end=""), lambda loss: loss(torch.ones(3, 1), torch.ones(3, 1)) * 0],
        "returns_instead_of_asserting": gives_a_bool,
        "false_alarm": strict,
        "only_in_the_middle": looks_at_zero,
        "only_the_direction": ordering,
        "forgets_large_logits": small_values,
        "forgets_the_middle": only_wrong_ones,
        "always_opposite": opposite,
    },
    also_wrong=[lambda loss: loss(torch.zeros(3, 1)), lambda a, b: loss_stub, lambda loss: loss.undefined],
)


# --- who was changed?


def changed_stub(action, networks):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_vector(action, networks):
    def vector(net):
        return nn.utils.parameters_to_vector(net.parameters()).detach().clone()

    before = {name: vector(net) for name, net in networks.items()}
    action()
    return [name for name in networks if not torch.equal(before[name], vector(networks[name]))]


def by_deepcopy(action, networks):
    import copy

    twins = copy.deepcopy(networks)
    action()
    return frozenset(
        name
        for name, net in networks.items()
        if not all(torch.equal(a, b) for a, b in zip(net.parameters(), twins[name].parameters(), strict=True))
    )


def detached_only(action, networks):
    before = {name: [p.detach() for p in net.parameters()] for name, net in networks.items()}
    action()
    return {
        name
        for name, net in networks.items()
        if any((a != b).any() for a, b in zip(net.parameters(), before[name], strict=True))
    }


def nonzero_gradients(action, networks):
    action()
    return {n for n, net in networks.items() if any(p.grad is not None and p.grad.any() for p in net.parameters())}


def by_state(action, networks):
    import copy

    before = {name: copy.deepcopy(net.state_dict()) for name, net in networks.items()}
    action()
    return {n for n, net in networks.items() if any((v != before[n][k]).any() for k, v in net.state_dict().items())}


def first_weight(action, networks):
    before = {name: list(net.parameters())[0].sum().item() for name, net in networks.items()}
    action()
    return {name for name, net in networks.items() if list(net.parameters())[0].sum().item() != before[name]}


def twice(action, networks):
    action()
    return by_vector(action, networks)


def wants_all(action, networks):
    before = {name: [p.detach().clone() for p in net.parameters()] for name, net in networks.items()}
    action()
    pairs = {name: zip(net.parameters(), before[name], strict=True) for name, net in networks.items()}
    return {name for name, each in pairs.items() if all((a != b).any() for a, b in each)}


def by_sums(action, networks):
    before = {name: [p.sum().item() for p in net.parameters()] for name, net in networks.items()}
    action()
    return {name for name, net in networks.items() if [p.sum().item() for p in net.parameters()] != before[name]}


def by_allclose(action, networks):
    before = {name: torch.nn.utils.parameters_to_vector(net.parameters()).clone() for name, net in networks.items()}
    action()
    vector = torch.nn.utils.parameters_to_vector
    return {name for name, net in networks.items() if not vector(net.parameters()).allclose(before[name])}


def trainable(action, networks):
    before = {n: [(p, p.detach().clone()) for p in net.parameters() if p.requires_grad] for n, net in networks.items()}
    action()
    return {n for n, pairs in before.items() if any(p.requires_grad and not p.equal(old) for p, old in pairs)}


changed_case = Case(
    q.changed_by,
    changed_stub,
    right=[by_vector, by_deepcopy],
    wrong={
        "no_copy": detached_only,
        "looks_at_gradients": nonzero_gradients,
        "counts_buffers": by_state,
        "only_the_first": [first_weight, wants_all],
        "compares_sums": by_sums,
        "with_a_tolerance": by_allclose,
        "only_trainable": trainable,
        "action_not_called_once": [twice, lambda action, networks: set()],
    },
    also_wrong=[
        lambda action, networks: action(),
        lambda action, networks: (action(), {"g", "d"})[1],
        lambda networks: set(),
    ],
)


TestChapter46 = chapter_tests(q, loss_case, changed_case)


def test_a_stub_behind_other_code_is_not_attempted():
    def half_done(program):
        "What I want to test."
        raise NotImplementedError()

    with pytest.raises(NotAttempted):
        q.test_loss.check(half_done)


def test_a_missed_program_is_named():
    with pytest.raises(NotYet, match="the real logits in both terms"):
        q.test_loss.check(looks_at_zero)


def test_the_learners_own_error_is_not_called_a_false_alarm():
    def typo(loss):
        assert lost(loss) == 0  # noqa: F821

    with pytest.raises(NotYet, match="NameError") as outcome:
        q.test_loss.check(typo)
    assert outcome.value.misconception is None
    assert "line" in outcome.value.at

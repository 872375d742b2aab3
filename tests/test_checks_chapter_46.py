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


loss_case = Case(
    q.test_loss,
    loss_stub,
    right=[by_reference, by_gradients],
    wrong={
        "never_red": [lambda loss: print(end=""), lambda loss: loss(torch.ones(3, 1), torch.ones(3, 1)) * 0],
        "returns_instead_of_asserting": gives_a_bool,
        "false_alarm": strict,
        "only_in_the_middle": looks_at_zero,
        "only_the_direction": ordering,
        "forgets_large_logits": small_values,
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


changed_case = Case(
    q.changed_by,
    changed_stub,
    right=[by_vector, by_deepcopy],
    wrong={
        "no_copy": detached_only,
        "looks_at_gradients": nonzero_gradients,
        "counts_buffers": by_state,
        "only_the_first": first_weight,
        "action_not_called_once": [twice, lambda action, networks: set()],
    },
    also_wrong=[
        lambda action, networks: action(),
        lambda action, networks: (action(), {"g", "d"})[1],
        lambda networks: set(),
    ],
)


# --- a test of a turn


def turn_stub(turn):
    # YOUR CODE HERE
    raise NotImplementedError()


def weights(net):
    return nn.utils.parameters_to_vector(net.parameters()).detach().clone()


def with_vectors(turn):
    G, D, opt_g, opt_d = q.players(4)
    z, g, d = torch.randn(50, 2), weights(G), weights(D)
    with torch.no_grad():
        before = D(G(z)).mean()
    for step in range(30):
        torch.manual_seed(step)
        turn(G, D, opt_g, opt_d, torch.randn(50, 2))
    assert not torch.equal(g, weights(G)) and torch.equal(d, weights(D))
    with torch.no_grad():
        assert D(G(z)).mean() > before
    results = []
    for spoil in (False, True):
        G, D, opt_g, opt_d = q.players(5)
        if spoil:
            for p in G.parameters():
                p.grad = -1e4 * torch.ones_like(p)
        turn(G, D, opt_g, opt_d, z)
        results.append(weights(G))
    assert torch.allclose(*results)


def as_helpers(turn):
    """The four questions one by one, old gradients first."""
    noise = torch.ones(10, 2)
    pair = q.players(), q.players()
    for p in pair[0][0].parameters():
        p.grad = torch.ones_like(p) * 99
    for each in pair:
        turn(*each, noise)
    if (weights(pair[0][0]) - weights(pair[1][0])).abs().max() > 1e-6:
        raise ValueError("old gradients")
    G, D, *optimizers = q.players()
    start, d = D(G(noise)).mean().item(), weights(D)
    first = weights(G)
    for _ in range(15):
        turn(G, D, *optimizers, noise)
    if weights(G).equal(first) or not weights(D).equal(d) or D(G(noise)).mean().item() <= start:
        raise ValueError("turn")


def only_g_moves(turn):
    G, D, opt_g, opt_d = q.players()
    before = weights(G)
    turn(G, D, opt_g, opt_d, torch.randn(9, 2))
    assert not weights(G).equal(before)


def who_moves(turn):
    G, D, opt_g, opt_d = q.players()
    g, d = weights(G), weights(D)
    turn(G, D, opt_g, opt_d, torch.randn(9, 2))
    assert not weights(G).equal(g)
    assert weights(D).equal(d)


def who_and_where(turn):
    who_moves(turn)
    G, D, opt_g, opt_d = q.players()
    z = torch.randn(50, 2)
    before = D(G(z)).mean().item()
    for _ in range(20):
        turn(G, D, opt_g, opt_d, z)
    assert D(G(z)).mean().item() > before


def wants_a_tensor(turn):
    assert torch.is_tensor(turn(*q.players(), torch.randn(9, 2)))


turn_case = Case(
    q.test_turn,
    turn_stub,
    right=[with_vectors, as_helpers],
    wrong={
        "never_red": [lambda turn: print(end=""), lambda turn: turn(*q.players(), torch.randn(5, 2)) and None],
        "returns_instead_of_asserting": lambda turn: turn(*q.players(), torch.randn(5, 2)) is not None,
        "false_alarm": wants_a_tensor,
        "forgets_the_bystander": only_g_moves,
        "forgets_the_direction": who_moves,
        "forgets_old_gradients": who_and_where,
    },
    also_wrong=[lambda turn: turn(1), lambda a, b: turn_stub],
    namespace={"players": q.players},
)


# --- the sample and the KL


def sample_stub(mean, log_var):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_distributions(mean, log_var):
    q_z = torch.distributions.Normal(mean, (log_var / 2).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mean), 1.0)
    return q_z.rsample(), torch.distributions.kl_divergence(q_z, prior).sum(-1)


def by_square_root(mean, log_var):
    variance = log_var.exp()
    return [
        torch.normal(0.0, 1.0, mean.shape) * variance.sqrt() + mean,
        torch.sum((mean * mean + variance - log_var - 1) * 0.5, -1),
    ]


def kl_of(mean, log_var):
    return by_distributions(mean, log_var)[1]


def z_of(mean, log_var):
    return by_distributions(mean, log_var)[0]


sample_case = Case(
    q.sample_and_kl,
    sample_stub,
    right=[by_distributions, by_square_root],
    wrong={
        "no_noise": [lambda m, v: (m * v.exp(), kl_of(m, v)), lambda m, v: (m, kl_of(m, v))],
        "variance_as_std": lambda m, v: (torch.randn_like(v) * torch.exp(v) + m, kl_of(m, v)),
        "log_var_as_std": lambda m, v: (m + torch.randn(m.shape) * v, kl_of(m, v)),
        "uniform_noise": lambda m, v: (m + torch.rand(m.shape) * (v / 2).exp(), kl_of(m, v)),
        "no_gradient": [
            lambda m, v: (torch.distributions.Normal(m, (v / 2).exp()).sample(), kl_of(m, v)),
            lambda m, v: (m.detach() + (v / 2).exp() * torch.randn_like(v), kl_of(m, v)),
        ],
        "kl_sign": lambda m, v: (z_of(m, v), 0.5 * (1 + v - m**2 - v.exp()).sum(1)),
        "mean_over_code": lambda m, v: (z_of(m, v), 0.5 * (m**2 + v.exp() - 1 - v).mean(1)),
        "one_number": [lambda m, v: (z_of(m, v), kl_of(m, v).sum()), lambda m, v: (z_of(m, v), kl_of(m, v).mean())],
        "without_half": lambda m, v: (z_of(m, v), (m**2 + v.exp() - 1 - v).sum(1)),
    },
    also_wrong=[
        lambda m, v: z_of(m, v),
        lambda m, v: (z_of(m, v), kl_of(m, v), 0),
        lambda m, v: (z_of(m, v) + 1, kl_of(m, v)),
        lambda m, v: (z_of(m, v), kl_of(m, v)[:, None]),
        lambda m, v: (z_of(m, v), kl_of(m, v) + 1),
        lambda m, v: (z_of(m, v)[:, :1], kl_of(m, v)),
        lambda m, v: None if len(m) else 1,
        lambda mean: mean,
    ],
)

TestChapter46 = chapter_tests(q, loss_case, changed_case, turn_case, sample_case)


@pytest.mark.parametrize("question", [q.test_loss, q.test_turn])
def test_a_stub_behind_other_code_is_not_attempted(question):
    def half_done(program):
        "What I want to test."
        raise NotImplementedError()

    with pytest.raises(NotAttempted):
        question.check(half_done)


def test_a_missed_program_is_named():
    with pytest.raises(NotYet, match="the real logits in both terms"):
        q.test_loss.check(looks_at_zero)
    with pytest.raises(NotYet, match="both optimisers step"):
        q.test_turn.check(only_g_moves)


def test_the_learners_own_error_is_not_called_a_false_alarm():
    def typo(loss):
        assert lost(loss) == 0  # noqa: F821

    with pytest.raises(NotYet, match="NameError") as outcome:
        q.test_loss.check(typo)
    assert outcome.value.misconception is None
    assert "line" in outcome.value.at


def test_the_players_are_always_the_same():
    first, second = q.players(), q.players()
    assert weights(first[0]).equal(weights(second[0])) and weights(first[1]).equal(weights(second[1]))
    assert not weights(first[0]).equal(weights(q.players(1)[0]))

import pytest
import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_62 as q


def letters_stub():
    # YOUR CODE HERE
    raise NotImplementedError()


sentences = Case(
    q.wrong_sentences,
    letters_stub,
    right=[
        lambda: {"B", "D", "E"},
        lambda: "e, b and d".replace("and", ""),
        lambda: ["D", "b", "E"],
        lambda: ("BD", "E"),
    ],
    wrong={
        "misses_b": lambda: "DE",
        "misses_d": lambda: {"B", "E"},
        "misses_e": lambda: ["B", "D"],
        "blames_a": [lambda: "ABDE", lambda: "ACF"],
        "blames_c": lambda: "bcde",
        "blames_f": lambda: "B D E F",
    },
    also_wrong=[lambda: "BDX", lambda: 3, lambda: "", lambda: [1, 2]],
)


def learn_stub(loss, real_logits, fake_logits):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_backward(loss, real, fake):
    leaf = torch.nn.Parameter(fake)
    value = loss(real, leaf)
    if value.grad_fn is None:
        return False
    value.backward()
    return leaf.grad is not None and (leaf.grad != 0).any().item()


def by_trying(loss, real, fake):
    leaf = fake.detach().double().requires_grad_(True)
    try:
        return bool(torch.autograd.grad(loss(real.double(), leaf), leaf)[0].abs().max() > 0)
    except RuntimeError:
        return False


def gives_a_tensor(loss, real, fake):
    leaf = fake.clone().requires_grad_()
    loss(real.clone().requires_grad_(), leaf).add(0 * leaf.sum()).backward()
    return leaf.grad.any()


def slope_of(loss, real, fake):
    leaf = fake.clone().requires_grad_()
    value = loss(real, leaf)
    return torch.autograd.grad(value, leaf, allow_unused=True)[0] if value.requires_grad else None


can_learn = Case(
    q.can_learn,
    learn_stub,
    right=[by_backward, by_trying, gives_a_tensor],
    wrong={
        "value_changes": lambda loss, r, f: bool((loss(r, f) - loss(r, f + 1)).abs() > 1e-9),
        "nudged": lambda loss, r, f: any(
            bool((loss(r, f + d.reshape(f.shape)) - loss(r, f)).abs() > 1e-6) for d in 0.01 * torch.eye(f.numel())
        ),
        "summed": lambda loss, r, f: (s := slope_of(loss, r, f)) is not None and s.sum().item() != 0,
        "zero_counts": lambda loss, r, f: slope_of(loss, r, f) is not None,
        "something_differentiable": lambda loss, r, f: loss(torch.nn.Parameter(r), torch.nn.Parameter(f)).requires_grad,
        "all_of_them": lambda loss, r, f: (s := slope_of(loss, r, f)) is not None and bool((s != 0).all()),
        "always_yes": lambda loss, r, f: 1,
        "upside_down": lambda loss, r, f: (s := slope_of(loss, r, f)) is None or not s.any().item(),
    },
    also_wrong=[
        lambda loss, r, f: False,
        lambda loss, r, f: "yes",
        lambda loss, r, f: None if f.numel() else True,
        lambda loss, r, f: slope_of(loss, r, f),
        lambda loss, r, f: torch.autograd.grad(loss(r, f.requires_grad_()), f)[0].any(),
    ],
)


def effect_stub(treated, outcome, cause):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_weights(t, y, c):
    t, y, c = t.double(), y.double(), c.double()
    total = 0
    for g in (c, 1 - c):
        total += g.sum() * ((t * g * y).sum() / (t * g).sum() - ((1 - t) * g * y).sum() / ((1 - t) * g).sum())
    return (total / len(c)).float()


def by_people(t, y, c):
    """Each person gets the difference of the own group."""
    gain = {v: (y[(c == v) & (t > 0)].mean() - y[(c == v) & (t < 1)].mean()).item() for v in c.unique().tolist()}
    return sum(gain[v] for v in c.tolist()) / len(c)


def gains(t, y, c):
    return [y[(c == v) & (t == 1)].mean() - y[(c == v) & (t == 0)].mean() for v in (0, 1)]


effect = Case(
    q.effect,
    effect_stub,
    right=[by_weights, by_people],
    wrong={
        "cause_left_out": lambda t, y, c: (t * y).sum() / t.sum() - ((1 - t) * y).sum() / (1 - t).sum(),
        "unweighted": lambda t, y, c: sum(gains(t, y, c)) / 2,
        "on_the_treated": lambda t, y, c: (
            (1 - c[t == 1].mean()) * gains(t, y, c)[0] + c[t == 1].mean() * gains(t, y, c)[1]
        ),
        "on_the_untreated": lambda t, y, c: (
            (1 - c[t == 0].mean()) * gains(t, y, c)[0] + c[t == 0].mean() * gains(t, y, c)[1]
        ),
        "turned": lambda t, y, c: -by_weights(t, y, c),
        "one_group": [lambda t, y, c: gains(t, y, c)[0], lambda t, y, c: gains(t, y, c)[1]],
        "exchanged": lambda t, y, c: by_weights(c, y, t),
    },
    also_wrong=[
        lambda t, y, c: torch.stack(gains(t, y, c)),
        lambda t, y, c: sum(gains(t, y, c)),
        lambda t, y, c: y.mean(),
    ],
)

TestChapter62 = chapter_tests(q, sentences, can_learn, effect)


def test_the_losses_are_what_the_exercise_says():
    said = [q.can_learn.answer(*probe) for probe in q._loss_probes()]
    assert said == [False, True, False, True, True, False, False, True, True, True]


@pytest.mark.parametrize("letter", "ABCDEF")
def test_each_sentence_has_its_story(letter):
    name = f"{'misses' if letter in 'BDE' else 'blames'}_{letter.lower()}"
    assert name in q.wrong_sentences.misconceptions

import math

import pytest
import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_23 as q
from gan_edu.checks.engine import NotYet


def stub(*arguments):
    # YOUR CODE HERE
    raise NotImplementedError()


def with_loops(held, total):
    found = []
    for seed in range(held.shape[1]):
        found.append(-1)
        for look in range(1, len(held)):
            if held[look, seed] < total == held[look - 1, seed]:
                found[-1] = look
                break
    return found


def with_first_true(held, total):
    table = torch.nn.functional.pad(((held[:-1] >= total) & (held[1:] < total)).double(), (0, 0, 1, 0))
    numbers = torch.arange(len(table))[:, None].expand_as(table).masked_fill(table == 0, 10**6).min(dim=0).values
    return numbers.masked_fill(numbers == 10**6, -1).float()


lost_at = Case(
    q.lost_at,
    stub,
    right=[with_loops, with_first_true],
    wrong={
        "one_too_early": lambda h, k: [look - 1 if look > 0 else -1 for look in with_loops(h, k)],
        "never_had_it": lambda h, k: [next((i for i, n in enumerate(c) if n < k), -1) for c in h.T.tolist()],
        "any_fall": lambda h, k: [
            next((i + 1 for i in range(len(c) - 1) if c[i + 1] < c[i]), -1) for c in h.T.tolist()
        ],
        "no_minus_one": lambda h, k: ((h[:-1] == k) & (h[1:] < k)).double().argmax(0) + 1,
    },
    also_wrong=[lambda h, k: h[-1], lambda h, k: -torch.ones(h.shape[1]), lambda h, k: (h < k).any(dim=0)],
)


def perplexity(counts):
    return torch.distributions.Categorical(probs=counts.float()).entropy().exp()


def product(counts):
    rows = []
    for row in counts.tolist():
        shares = [n / sum(row) for n in row if n]
        rows.append(1 / math.prod(share**share for share in shares))
    return rows


effective_modes = Case(
    q.effective_modes,
    stub,
    right=[
        perplexity,
        product,
        lambda c: 2 ** -(torch.special.xlogy(c / c.sum(1, True), c / c.sum(1, True)).sum(1) / math.log(2)),
    ],
    wrong={
        "no_exp": lambda c: torch.special.entr(c / c.sum(1, True)).sum(1),
        "zero_times_log_zero": lambda c: torch.exp(-(c / c.sum(1, True) * torch.log(c / c.sum(1, True))).sum(1)),
        "counts_captured": lambda c: (c != 0).sum(-1),
        "mean_over_wrong_axis": lambda c: torch.special.entr(c / c.sum()).sum(1).exp(),
        "bits_and_nats": lambda c: (torch.special.entr(c / c.sum(1, True)).sum(1) / math.log(2)).exp(),
    },
    also_wrong=[lambda c: c.max(dim=1).values, lambda c: torch.special.entr(c / c.sum(0)).sum(1).exp()],
)


def mixture(p, q):
    m = (p + q) / 2
    divergence = (torch.xlogy(p, p / m).sum() + torch.xlogy(q, q / m).sum()) / 2
    return 2 * math.log(2) - 2 * divergence


def place_by_place(p, q):
    loss = 0.0
    for real, fake in zip(p.tolist(), q.tolist(), strict=True):
        if real:
            loss -= real * math.log(real / (real + fake))
        if fake:
            loss -= fake * math.log(fake / (real + fake))
    return loss


perfect_loss = Case(
    q.perfect_loss,
    stub,
    right=[mixture, place_by_place],
    wrong={
        "real_half_only": lambda p, q: torch.xlogy(p, (p + q) / p.clamp(min=1e-30)).sum(),
        "mean_of_halves": lambda p, q: mixture(p, q) / 2,
        "value_instead_of_loss": lambda p, q: -mixture(p, q),
        "zero_times_log_zero": lambda p, q: -(p * (p / (p + q)).log() + q * (q / (p + q)).log()).sum(),
    },
    also_wrong=[lambda p, q: 2 * math.log(2), lambda p, q: math.log(2) - mixture(p, q) / 2],
)


def patient(asked):
    right = asked.answer()
    words = right.upper().replace(" ", "_"), f"  {right.replace(' ', '-')} "
    return Case(
        asked,
        stub,
        right=[lambda: words[0], lambda: words[1]],
        wrong={},
        also_wrong=[lambda: "a cold", lambda: 3, lambda: ["no detach"]],
    )


def patients():
    for letter in "abcd":
        asked = getattr(q, f"patient_{letter}")
        case = patient(asked)
        names = [name for name in q.DIAGNOSES if name != asked.answer()][:3]
        case.wrong = {name.replace(" ", "_"): (lambda name=name: name) for name in names}
        yield case


TestChapter23 = chapter_tests(q, lost_at, effective_modes, perfect_loss, *patients())


def test_every_wrong_diagnosis_has_its_refutation():
    for letter in "abcd":
        asked = getattr(q, f"patient_{letter}")
        assert len(asked.misconceptions) == len(q.DIAGNOSES) - 1


@pytest.mark.parametrize("seed", [0, 100])
def test_findings_say_what_the_explanations_say(seed):
    def median(letter, name):
        return q.findings(letter, seed)[name].median().item()

    assert median("A", "loss of D") + median("A", "loss of G") < 0.2
    assert median("A", "distance from middle") > 2.5
    assert 0.4 < median("B", "loss of D") < 1.2 < 1.4 < median("B", "loss of G")
    assert median("B", "unrest in 50 steps") < 0.5
    assert median("B", "G has a gradient after D's turn") == 0
    assert median("C", "loss of D") < 1.32 and median("C", "loss of G") < 1.3
    assert median("C", "unrest in 50 steps") < 0.6
    assert median("C", "G has a gradient after D's turn") == 1
    assert abs(median("D", "loss of D") - 2 * math.log(2)) < 0.08
    assert median("D", "eye test") > 1.25
    assert median("D", "second opinion") < 0.8
    assert all(median(letter, "eye test") < 0.1 for letter in "ABCX")
    assert median("X", "change of G's weights") == 0
    assert median("X", "loss of D") < 0.1 and median("X", "loss of G") > 5
    assert all(median(letter, "modes held") <= 6 for letter in "ABCDX")


def test_a_patient_who_is_not_there():
    with pytest.raises(ValueError, match="no patient"):
        q.findings("Z")


def test_the_refutation_quotes_the_findings():
    with pytest.raises(NotYet) as outcome:
        q.patient_c.check(lambda: "strong discriminator")
    assert "loss of G" in str(outcome.value) and outcome.value.misconception == "strong_discriminator"


def test_bedside_draws(monkeypatch):
    import matplotlib.pyplot as plt

    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf()))
    before = torch.get_rng_state()
    q.bedside("C")
    assert len(shown) == 1 and len(shown[0].axes) == 4
    assert torch.equal(before, torch.get_rng_state())
    plt.close("all")

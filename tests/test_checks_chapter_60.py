import math

import pytest
import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_60 as q
from gan_edu.checks.engine import NotYet


def stub(*arguments):
    # YOUR CODE HERE
    raise NotImplementedError()


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


def seeded(m, v):
    torch.manual_seed(42)
    return by_distributions(m, v)


sample_case = Case(
    q.sample_and_kl,
    sample_stub,
    right=[by_distributions, by_square_root],
    wrong={
        "one_noise_per_picture": lambda m, v: (m + (v / 2).exp() * torch.randn(m.shape[0], 1), kl_of(m, v)),
        "seed_inside": seeded,
        "no_noise": [lambda m, v: (m * v.exp(), kl_of(m, v)), lambda m, v: (m, kl_of(m, v))],
        "variance_as_std": lambda m, v: (torch.randn_like(v) * torch.exp(v) + m, kl_of(m, v)),
        "log_var_as_std": lambda m, v: (m + torch.randn(m.shape) * v, kl_of(m, v)),
        "uniform_noise": lambda m, v: (m + torch.rand(m.shape) * (v / 2).exp(), kl_of(m, v)),
        "no_gradient": [
            lambda m, v: (torch.distributions.Normal(m, (v / 2).exp()).sample(), kl_of(m, v)),
            lambda m, v: (m.detach() + (v / 2).exp() * torch.randn_like(v), kl_of(m, v)),
            lambda m, v: (z_of(m, v), kl_of(m.detach(), v.detach())),
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

TestChapter60 = chapter_tests(q, sample_case, *patients())


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
    assert median("C", "loss of D") < 1.33 and median("C", "loss of G") < 1.3
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
        q.patient_c.check(lambda: "strong discriminator", seconds=600)
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

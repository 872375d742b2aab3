import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence

from gan_edu import nets, objectives

ZERO = torch.zeros(7)
logit = st.floats(-20, 20)


def test_values_at_logit_zero_are_the_textbook_ones():
    for loss in (objectives.minimax, objectives.non_saturating):
        assert loss.discriminator(ZERO, ZERO).item() == pytest.approx(2 * math.log(2))
    assert objectives.non_saturating.generator(None, ZERO).item() == pytest.approx(math.log(2))
    assert objectives.minimax.generator(None, ZERO).item() == pytest.approx(-math.log(2))
    assert objectives.relativistic.discriminator(ZERO, ZERO).item() == pytest.approx(math.log(2))
    assert objectives.hinge.discriminator(ZERO, ZERO).item() == 2
    assert objectives.wasserstein.discriminator(ZERO, ZERO).item() == 0


@settings(max_examples=60, deadline=None)
@given(logit, logit)
def test_losses_are_the_papers_formulas(real, fake):
    r, f = torch.tensor([real], dtype=torch.float64), torch.tensor([fake], dtype=torch.float64)
    log_d, log_not_d = math.log1p(math.exp(-real)), math.log1p(math.exp(fake))
    assert objectives.minimax.discriminator(r, f).item() == pytest.approx(log_d + log_not_d)
    assert objectives.minimax.generator(None, f).item() == pytest.approx(-log_not_d)
    assert objectives.non_saturating.generator(None, f).item() == pytest.approx(math.log1p(math.exp(-fake)))
    assert objectives.hinge.discriminator(r, f).item() == pytest.approx(max(0, 1 - real) + max(0, 1 + fake))
    assert objectives.hinge.generator(None, f).item() == pytest.approx(-fake)
    assert objectives.wasserstein.discriminator(r, f).item() == pytest.approx(fake - real)
    assert objectives.relativistic.discriminator(r, f).item() == pytest.approx(math.log1p(math.exp(fake - real)))
    assert objectives.relativistic.generator(r, f).item() == pytest.approx(math.log1p(math.exp(real - fake)))


@settings(max_examples=30, deadline=None)
@given(logit)
def test_at_a_confident_discriminator_the_non_saturating_push_is_larger_by_exp_of_minus_the_logit(value):
    slopes = []
    for loss in (objectives.minimax, objectives.non_saturating):
        x = torch.tensor([value], dtype=torch.float64, requires_grad=True)
        slopes.append(torch.autograd.grad(loss.generator(None, x), x)[0].item())
    assert slopes[0] < 0 and slopes[1] < 0  # both push the logit up
    assert slopes[1] / slopes[0] == pytest.approx(math.exp(-value), rel=1e-6)


@pytest.mark.parametrize("loss", objectives.LOSSES.values(), ids=objectives.LOSSES)
def test_an_ensemble_of_logits_gives_each_seeds_own_loss(loss):
    real, fake = torch.randn(3, 11), torch.randn(3, 11)
    for function in (loss.discriminator, loss.generator):
        together = function(real, fake)
        assert together.shape == (3,)
        torch.testing.assert_close(together, torch.stack([function(real[i], fake[i]) for i in range(3)]))


def test_penalties_are_exact_for_a_linear_discriminator():
    w = torch.tensor([3.0, 4.0])
    x = torch.randn(6, 2, requires_grad=True)
    assert objectives.zero_centered(x @ w, x, 0.5).item() == pytest.approx(0.25 * 25)
    assert objectives.one_centered(x @ w, x, 10.0).item() == pytest.approx(10 * (5 - 1) ** 2)
    image = torch.randn(6, 1, 4, 4, requires_grad=True)
    assert objectives.squared_gradient(2 * image.sum((1, 2, 3)), image).tolist() == pytest.approx([4 * 16] * 6)


def test_penalties_reach_the_discriminators_weights():
    net = nets.mlp([2, 8, 1])
    x = torch.randn(5, 2, requires_grad=True)
    for penalty in objectives.PENALTIES.values():
        gradient = torch.autograd.grad(penalty.function(net(x).squeeze(1), x, 1.0), net[0].weight)[0]
        assert gradient.abs().sum() > 0


def test_one_centred_penalty_has_a_finite_gradient_where_the_slope_is_zero():
    x = torch.randn(4, 2, requires_grad=True)
    w = torch.zeros(2, requires_grad=True)
    (gradient,) = torch.autograd.grad(objectives.one_centered(x @ w, x, 1.0), w)
    assert gradient.isfinite().all()


def test_interpolated_points_lie_on_the_segments():
    real, fake = torch.zeros(3, 4, 2), torch.ones(3, 4, 2)
    t = torch.rand(3, 4)
    torch.testing.assert_close(objectives.interpolate(real, fake, t), t.unsqueeze(-1).expand(3, 4, 2))


@settings(max_examples=30, deadline=None)
@given(st.floats(-3, 3), st.floats(0.05, 4))
def test_gaussian_kl_is_pytorchs(mean, std):
    m = torch.full((2, 3), mean, dtype=torch.float64)
    s = torch.full((2, 3), std, dtype=torch.float64)
    expected = kl_divergence(Normal(m, s), Normal(torch.zeros_like(m), torch.ones_like(s))).sum(-1)
    torch.testing.assert_close(objectives.gaussian_kl(m, 2 * s.log()), expected)


def test_likelihoods_are_pytorchs():
    logits, x = torch.randn(4, 1, 3, 3), torch.bernoulli(torch.full((4, 1, 3, 3), 0.4))
    expected = torch.distributions.Bernoulli(logits=logits).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(objectives.bernoulli_log_likelihood(logits, x), expected)
    torch.testing.assert_close(
        objectives.gaussian_log_likelihood(logits, x, 0.3), Normal(logits, 0.3).log_prob(x).flatten(1).sum(1)
    )

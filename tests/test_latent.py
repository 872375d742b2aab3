"""Latent spaces without a widget: what every kind of net looks like, walks, holes, and what each number tells."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_edu import latent, models, nets, objectives


def test_the_mathematics_needs_no_widget():
    code = (
        "import sys, gan_edu.latent, gan_edu.latent.pages, tools.train_latent_models, tools.train_models, "
        "tools.train_classifiers; assert 'ipywidgets' not in sys.modules; assert 'anywidget' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("kind", latent.KINDS)
def test_every_kind_of_net_is_seen_alike(kind):
    torch.manual_seed(0)
    space = latent.Space(models.latent_net(kind, (1, 8, 8), 3, (16,), 4), (1, 8, 8))
    assert (space.kind, space.latent_dim) == (kind, 3)
    x = torch.rand(5, 1, 8, 8)
    mean, std = space.encode(x, torch.arange(5) % 4)
    assert mean.shape == std.shape == (5, 3) and (std > 0).all() == (kind in ("vae", "cvae"))
    made = space.decode(mean, torch.arange(5) % 4)
    assert made.shape == x.shape and 0 <= made.min() and made.max() <= 1
    assert not made.requires_grad and space.hint() == ""


def test_the_kl_of_each_number_adds_up_to_the_closed_form():
    g = torch.Generator().manual_seed(0)
    mean, log_variance = torch.randn(50, 4, generator=g), torch.randn(50, 4, generator=g)
    each = latent.kl_per_dimension(mean, (0.5 * log_variance).exp())
    by_hand = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).mean(0)
    assert torch.allclose(each, by_hand, atol=1e-5)
    assert each.sum() == pytest.approx(objectives.gaussian_kl(mean, log_variance).mean().item(), rel=1e-5)


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.lists(st.floats(-3, 3), min_size=3, max_size=3))
def test_every_walk_ends_where_it_should_and_the_circle_keeps_to_lengths_between(a, b):
    a, b = torch.tensor(a), torch.tensor(b)
    for path in ("line", "circle"):
        way = latent.walk_codes(a, b, 7, path)
        assert torch.allclose(way[0], a, atol=1e-5) and torch.allclose(way[-1], b, atol=1e-5)
        assert way.norm(dim=1).max() <= max(a.norm(), b.norm()) + 1e-4


def test_hole_centers_lie_in_their_holes_largest_first():
    holes = np.zeros((31, 31), dtype=bool)
    holes[13:18, 13:18] = True  # in the middle, where the prior is
    holes[2:4, 27:29] = True
    centers = latent.hole_centers(holes)
    assert torch.allclose(centers[0], torch.zeros(2, dtype=centers.dtype), atol=1e-6)
    cells = ((centers + 3) / 0.2).round().long()
    assert len(centers) == 2 and all(holes[row, column] for column, row in cells.tolist())
    assert latent.hole_centers(np.zeros((31, 31), dtype=bool)).shape == (0, 2)


def test_the_misfit_is_the_cross_entropy_of_a_whole_picture():
    logits, x = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.rand(6, 1, 8, 8)
    exact = -objectives.bernoulli_log_likelihood(logits, x).mean().item()
    assert latent.misfit(logits.sigmoid(), x) == pytest.approx(exact, rel=1e-4)


def test_settings_say_which_finished_model_they_mean():
    settings = latent.LatentSettings()
    assert settings.finished == "vae-1" and settings.title == "VAE, β = 1"
    assert settings.with_(beta=4, latent_dim=10).finished == "vae-4-z10"
    assert settings.with_(model="gan", beta=7).finished == "gan"
    for other in ({"beta": 2}, {"hidden": (16,)}, {"data": "fashion_mnist"}, {"model": "ae", "latent_dim": 3}):
        assert settings.with_(**other).finished is None


def test_settings_that_depend_on_each_other_are_checked_together():
    settings = latent.LatentSettings()
    for wrong, says in (
        ({"axes": (0, 2)}, "axes are two different numbers from 0 to 1"),
        ({"label": 10}, "label must be a whole number from 0 to 9"),
        ({"data": np.random.rand(60, 8, 8), "beside": "ae"}, "28 × 28 pixels only"),
    ):
        with pytest.raises(ValueError, match=says):
            settings.with_(**wrong)


def test_a_net_of_ones_own_says_its_kind_and_trains_as_a_copy():
    net = nets.Autoencoder((1, 8, 8), 2, (16,))
    before = [p.clone() for p in net.parameters()]
    settings = latent.LatentSettings(model=net, data=np.random.default_rng(0).random((60, 8, 8)).astype("f4"))
    assert settings.kind == "ae" and settings.of_model == {"lr": 1e-3}
    run = latent.Learning.begin(settings, {"axes": (0, 1), "label": 0, "extent": None}, "cpu")
    run.recorder.advance(3)
    assert run.step == 3 and all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))

"""Ways between codes, truncation, directions, and from pictures back to codes."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gan_edu import data, device, latent, models, nets
from gan_edu.gallery import save_film


@pytest.fixture(autouse=True)
def one_thread():
    with device.threads(1):
        yield


def normal(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


# --- ways


@given(st.integers(2, 40), st.integers(0, 10**6), st.floats(0, 1))
def test_an_arc_turns_evenly_and_keeps_to_lengths_between(size, seed, t):
    a, b = normal(2, size, seed=seed, dtype=torch.float64)
    place = latent.slerp(a, b, t)
    length = a.norm() + t * (b.norm() - a.norm())
    assert place.norm().item() == pytest.approx(length.item(), abs=1e-9)

    def angle(x, y):
        return math.acos(max(-1, min(1, (x @ y / x.norm() / y.norm()).item())))

    assert angle(a, place) == pytest.approx(t * angle(a, b), abs=1e-5)
    torch.testing.assert_close(latent.slerp(b, a, 1 - t), place)
    assert torch.linalg.matrix_rank(torch.stack([a, b, place]), tol=1e-8) <= 2  # in the plane of both


def test_arcs_of_many_pairs_at_once_are_those_of_each():
    a, b, t = normal(5, 3), normal(5, 3, seed=1), torch.linspace(0, 1, 4)
    ways = latent.slerp(a, b, t)
    assert ways.shape == (4, 5, 3)
    for i in range(5):
        torch.testing.assert_close(ways[:, i], latent.slerp(a[i], b[i], t))
    torch.testing.assert_close(latent.slerp(a, b, 0.5), latent.slerp(a, b, [0.0, 0.5])[1])
    torch.testing.assert_close(ways[[0, -1]], torch.stack([a, b]))
    torch.testing.assert_close(latent.walk_codes(a[0], b[0], 4, "circle"), ways[:, 0])
    a[0], b[1], b[2] = 0, -2 * a[1], 3 * a[2]  # no direction, opposite, the same
    ways = latent.slerp(a, b, t)
    assert ways.isfinite().all()
    for i in range(3):
        torch.testing.assert_close(ways[:, i], latent.walk_codes(a[i], b[i], 4))


def test_an_arc_is_one_in_32_bits_too_between_codes_that_are_nearly_opposite():
    a, side = F.normalize(normal(2, 500, 64, dtype=torch.float64), dim=-1)
    side = F.normalize(side - (side * a).sum(1, keepdim=True) * a, dim=1)
    for off in (1e-1, 1e-2, 1e-3):
        b = -math.cos(off) * a + math.sin(off) * side
        exact = latent.slerp(a, b, 0.5)
        torch.testing.assert_close(exact.norm(dim=1), torch.ones(500, dtype=torch.float64))
        assert (latent.slerp(a.float(), b.float(), 0.5) - exact).norm(dim=1).max() < 1e-5 / off


def test_between_opposite_codes_it_is_the_line_whatever_is_rounded():
    a = normal(500, 64)
    for b, place in ((-a, a / 2), (-3 * a, 0 * a)):
        torch.testing.assert_close(latent.slerp(a, b, 0.25), place, atol=1e-5, rtol=0)


def test_ways_have_gradients_everywhere():
    a, b = normal(4, 6), normal(4, 6, seed=1)
    a[0], b[1], b[2] = 0, a[1], -a[2]
    a.requires_grad_(), b.requires_grad_()
    for of_a, of_b in (torch.autograd.grad(latent.slerp(a, b, 0.3).square().sum(), (a, b)),):
        assert of_a.isfinite().all() and of_b.isfinite().all() and (of_a[1:] != 0).any(1).all()


def test_ways_between_what_are_no_codes_get_a_sentence():
    for a, b, kind, text in (
        (torch.zeros(3), torch.zeros(4), ValueError, r"codes of one shape; got \(3,\) and \(4,\)"),
        (torch.tensor(1.0), torch.tensor(1.0), ValueError, "a must be finite numbers"),
        (torch.full((3,), torch.nan), torch.zeros(3), ValueError, "a must be finite numbers"),
        (torch.zeros(3), ["x"], TypeError, "b must be numbers"),
    ):
        with pytest.raises(kind, match=text):
            latent.slerp(a, b, 0.5)
    for codes, more, text in (
        (torch.zeros(1, 3), {}, "at least two codes"),
        (torch.zeros(3), {}, r"codes must be finite numbers \(N, Z\); got shape \(3,\)"),
        (torch.zeros(2, 3), {"steps": 0}, "steps must be a whole number from 1"),
        (torch.zeros(2, 3), {"path": "spiral"}, "There is no path 'spiral'; there are: line, circle"),
    ):
        with pytest.raises(ValueError, match=text):
            latent.tour(codes, **more)


@pytest.mark.parametrize("path", ["line", "circle"])
def test_a_tour_visits_every_code_and_comes_back(path, tmp_path):
    codes = normal(4, 3)
    way = latent.tour(codes, steps=5, path=path)
    assert way.shape == (20, 3)
    torch.testing.assert_close(way[::5], codes)
    gaps = torch.cat([way, way[:1]]).diff(dim=0).norm(dim=1)
    assert gaps.max() < 2 * codes.roll(-1, 0).sub(codes).norm(dim=1).max() / 5  # also back to the first
    there = latent.tour(codes, steps=5, path=path, closed=False)
    torch.testing.assert_close(there, torch.cat([way[:15], codes[3:]]))
    torch.testing.assert_close(way[5:11], latent.walk_codes(codes[1], codes[2], 6, path))
    film = save_film(tmp_path / "walk.gif", nets.mlp([3, 36], output="tanh")(way).unflatten(1, (1, 6, 6)))
    assert film.stat().st_size > 500


# --- truncation


@given(st.floats(0.05, 6), st.integers(0, 10**6))
def test_truncated_codes_are_near_the_middle_in_their_old_order(at, seed):
    z = normal(500, seed=seed)
    cut = latent.truncate(z, at)
    assert cut.shape == z.shape and cut.dtype == z.dtype and cut.abs().max() <= at + 1e-6
    assert (cut[z.argsort()].diff() >= 0).all() and ((cut > 0) == (z > 0)).all()


def test_truncated_codes_are_distributed_as_those_that_are_drawn_anew():
    from scipy import stats

    cut = latent.truncate(normal(20_000, dtype=torch.float64), 0.7)
    assert stats.kstest(cut.numpy(), stats.truncnorm(-0.7, 0.7).cdf).pvalue > 0.01
    assert stats.kstest(latent.truncate(normal(20_000), 1.5).numpy(), stats.truncnorm(-0.7, 0.7).cdf).pvalue < 1e-6
    far = torch.tensor([-40.0, 0.0, 40.0])
    torch.testing.assert_close(latent.truncate(far, 2), torch.tensor([-2.0, 0.0, 2.0]))
    torch.testing.assert_close(latent.truncate(normal(100), 30), normal(100), rtol=1e-4, atol=1e-4)
    for at in (0, -1, float("nan"), "much"):
        with pytest.raises((TypeError, ValueError), match="^at must be a number above 0"):
            latent.truncate(far, at)


# --- directions


def test_a_direction_is_found_where_there_is_one_and_chance_where_there_is_none():
    z, wanted = normal(600, 8), torch.nn.functional.normalize(normal(8, seed=1), dim=0)
    found = latent.attribute_direction(z, z @ wanted > 0.5)  # a third of them
    assert found.vector.norm().item() == pytest.approx(1, abs=1e-5) and found.vector @ wanted > 0.97
    assert found.accuracy > 0.9
    none = latent.attribute_direction(z, normal(600, seed=2) > 1)
    assert 0.35 < none.accuracy < 0.65
    rings = latent.attribute_direction(z, z.norm(dim=1) > 3)  # an attribute without a direction
    assert rings.accuracy < 0.65
    again = latent.attribute_direction(z.double().numpy(), (z @ wanted > 0.5).int().tolist())
    torch.testing.assert_close(again.vector.float(), found.vector, rtol=1e-3, atol=1e-3)


def test_attributes_that_say_nothing_get_a_sentence():
    z = normal(40, 3)
    for attribute, text in (
        (torch.ones(40), "at least 10 codes with the attribute and 10 without; there are 40 and 0"),
        (torch.arange(40) < 9, "there are 9 and 31"),
        (torch.arange(40), r"True or False for each of the 40 codes; got shape \(40,\)"),
        (torch.ones(39), r"got shape \(39,\)"),
    ):
        with pytest.raises(ValueError, match=text):
            latent.attribute_direction(z, attribute)


# --- back to codes


class Bent(nn.Module):
    """A generator whose codes can be known from its pictures."""

    noise_dim = 3

    def __init__(self, shape=(1, 6, 6), classes=None):
        super().__init__()
        torch.manual_seed(0)
        self.shape, self.layer = shape, nn.Linear(3, math.prod(shape))
        self.embedding = nn.Embedding(classes, math.prod(shape)) if classes else None
        nn.init.normal_(self.layer.weight, std=0.4)

    def forward(self, z, y=None):
        x = self.layer(z) if self.embedding is None else self.layer(z) + self.embedding(y)
        return torch.tanh(x).unflatten(1, self.shape)


def test_a_generators_own_pictures_lead_back_to_their_codes():
    net, z = Bent().train(), normal(7, 3, seed=5)
    x = net(z).detach()
    found = latent.invert(net, x, prior=0.0)
    torch.testing.assert_close(found.z, z, atol=0.02, rtol=0.02)
    assert found.images.shape == x.shape and found.errors.shape == (7,) and found.errors.max() < 1e-4
    torch.testing.assert_close(found.images, net(found.z).detach())
    torch.testing.assert_close(found.errors, (found.images - x).square().flatten(1).mean(1))
    assert net.training and all(p.grad is None and p.requires_grad for p in net.parameters())
    assert repr(found).startswith("Inversion(7 pictures, mean squared error ")
    tried = latent.invert(net, x, steps=0)
    assert found.errors.mean() < 0.1 * tried.errors.mean() < 0.1 * latent.invert(net, x, steps=0, tries=1).errors.mean()
    assert torch.equal(latent.invert(net, x.numpy(), prior=0.0).z, found.z)  # the same for the same seed
    assert latent.invert(net, x, prior=1.0).z.norm() < found.z.norm()


def test_pictures_that_cannot_be_made_keep_an_error():
    found = latent.invert(Bent(), torch.rand(4, 1, 6, 6, generator=torch.Generator().manual_seed(0)) * 2 - 1)
    assert found.errors.min() > 0.05


def test_a_search_may_start_from_codes_or_from_an_encoder():
    net, z = Bent(), normal(5, 3, seed=5)
    x = net(z).detach()
    for start in (z, z.numpy(), z.tolist()):
        torch.testing.assert_close(latent.invert(net, x, steps=0, start=start).z, z)
    fitted = latent.fit_encoder(net, steps=400, lr=3e-3, progress=False)
    assert fitted.error < 0.1
    first = latent.invert(net, x, steps=0, start=fitted)
    assert (
        torch.equal(first.z, fitted.encoder(x)) and first.errors.mean() < latent.invert(net, x, steps=0).errors.mean()
    )
    assert latent.invert(net, x, steps=50, start=fitted.encoder).errors.mean() < first.errors.mean()
    pair = latent.invert(net, x, steps=0, start=lambda x: (fitted.encoder(x), torch.zeros(5, 3)))  # as a VAE gives it
    assert torch.equal(pair.z, first.z)


def test_an_encoder_disturbs_neither_the_generator_nor_the_stream():
    net = nets.DCGANGenerator(4, 2).train()
    before, state = {k: v.clone() for k, v in net.state_dict().items()}, torch.get_rng_state()
    one, two = (latent.fit_encoder(net, steps=3, batch=4, channels=2, progress=False) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state) and net.training
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    assert isinstance(one.encoder, nets.ConvEncoder) and one.error == two.error
    assert one.encoder(torch.zeros(2, 1, 28, 28)).shape == (2, 4) and not one.encoder.training


def test_classes_are_searched_for_within_their_own():
    net = Bent(classes=3)
    z, y = normal(6, 3, seed=5), torch.tensor([0, 1, 2, 2, 1, 0])
    x = net(z, y).detach()
    assert latent.invert(net, x, labels=y, prior=0.0).errors.max() < 1e-3
    assert latent.invert(net, x, labels=y.roll(1), prior=0.0).errors.median() > 0.05
    one = latent.invert(net, x[2:3], labels=[2], steps=0, tries=300)
    assert torch.equal(latent.invert(net, x, labels=y, steps=0, tries=300).z[2:3], one.z)


def test_digits_come_back_from_a_finished_generator():
    generator = models.load("mnist", "gan")
    z = normal(4, 64, seed=3)
    x = generator(z)
    found = latent.invert(generator, x, steps=60, lr=0.1, tries=200)
    assert found.errors.mean() < 0.5 * latent.invert(generator, x, steps=0, tries=200).errors.mean()


def test_pictures_with_channels_last_are_told_and_flat_ones_are_taken():
    net = nets.SubpixelGenerator(4, 4, (3, 28, 28))
    x = net(torch.zeros(2, 4)).detach()
    with pytest.raises(ValueError, match=r"pictures of shape \(3, 28, 28\); these have \(28, 28, 3\)"):
        latent.invert(net, x.movedim(1, 3), steps=0, tries=1)
    assert latent.invert(net, x.flatten(1), steps=0, tries=1).images.shape == (2, 3 * 28 * 28)
    grey = torch.zeros(2, 6, 6)  # which lie as (1, 6, 6) do
    assert latent.invert(Bent(), grey, steps=0, tries=1).images.shape == (2, 6, 6)


def test_what_can_not_be_inverted_gets_a_sentence():
    net, x = Bent(), torch.zeros(2, 1, 6, 6)
    for call, kind, text in (
        (
            lambda: latent.invert(lambda z: z, x),
            TypeError,
            "must be an nn.Module, such as gan.generator; got a function",
        ),
        (lambda: latent.invert(net, x[:, :, :5]), ValueError, r"pictures of shape \(1, 6, 6\); these have \(1, 5, 6\)"),
        (lambda: latent.invert(net, x.movedim(1, 3)[..., [0, 0]]), ValueError, r"these have \(6, 6, 2\)"),
        (lambda: latent.invert(net, x.reshape(2, 1, 4, 9)), ValueError, r"these have \(1, 4, 9\)"),
        (lambda: latent.invert(net, x * torch.nan), ValueError, "must be finite floats"),
        (lambda: latent.invert(net, x.byte()), ValueError, "must be finite floats"),
        (lambda: latent.invert(net, x[:0]), ValueError, "must be finite floats"),
        (lambda: latent.invert(net, data.images("mnist")), TypeError, "Pictures must be finite floats.*got a ImageSet"),
        (lambda: latent.invert(net, x, start="z"), ValueError, r"finite codes \(2, 3\); got a str"),
        (
            lambda: latent.invert(net, x, start=nn.Linear(3, 3)),
            ValueError,
            r"The start can't take pictures \(2, 1, 6, 6\)",
        ),
        (lambda: latent.invert(Bent(classes=3), x, labels=[0.5, 1]), ValueError, "Labels must be whole numbers"),
        (lambda: latent.invert(Bent(classes=3), x, labels=["a", "b"]), ValueError, "Labels must be whole numbers"),
        (lambda: latent.fit_encoder(net, lr=0), ValueError, "lr must be a number above 0"),
        (lambda: latent.fit_encoder(net, channels=0), ValueError, "channels must be a whole number from 1"),
        (lambda: latent.invert(net, x, steps=-1), ValueError, "steps must be a whole number from 0"),
        (lambda: latent.invert(net, x, tries=0), ValueError, "tries must be a whole number from 1"),
        (lambda: latent.invert(net, x, lr=0), ValueError, "lr must be a number above 0"),
        (lambda: latent.invert(net, x, prior=-1), ValueError, "prior must be a number from 0"),
        (lambda: latent.invert(net, x, start=torch.zeros(2, 4)), ValueError, r"finite codes \(2, 3\); got \(2, 4\)"),
        (lambda: latent.invert(net, x, start=lambda x: None), ValueError, r"finite codes \(2, 3\); got a NoneType"),
        (lambda: latent.invert(Bent(classes=3), x, labels=[0]), ValueError, "one label for each of the 2 pictures"),
        (lambda: latent.invert(Bent(classes=3), x), ValueError, "The generator can't take codes:"),
        (
            lambda: latent.invert(Bent(classes=3), x, labels=[0, 5]),
            ValueError,
            "The generator can't take codes and labels",
        ),
        (lambda: latent.fit_encoder(None), TypeError, "must be an nn.Module"),
        (lambda: latent.fit_encoder(net, steps=0), ValueError, "steps must be a whole number from 1"),
    ):
        with pytest.raises(kind, match=text):
            call()

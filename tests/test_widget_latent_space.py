"""The latent space widget without a browser: what it computes, what it sends, what it says about bad input."""

import math

import matplotlib.figure
import numpy as np
import pytest
import torch
from torch import nn

from gan_edu import data, latent, models, nets, objectives
from gan_edu.latent.observer import COARSE
from gan_edu.latent.pictures import SHOWN
from gan_edu.recorder import unpack_points
from gan_edu.training import GAN, VAE, run
from gan_edu.widgets.latent_space import LatentSpace


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def widget():
    """A function that makes widgets whose messages to the view are kept in `sent`."""
    made = []

    def make(*args, **settings):
        one = LatentSpace(*args, device="cpu", **settings)
        one.sent = []
        one.view.send = lambda content, buffers=None: one.sent.append((content, buffers or []))
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


def answers(one, kind):
    return [(content, buffers) for content, buffers in one.sent if content["kind"] == kind]


def ask(one, **content):
    """What a message from the browser does."""
    one.sent.clear()
    one._received(None, content, [])


def tiny(**settings):
    """60 pictures of 8 × 8: bright on the left (class 0) or on the right (class 1)."""
    x = torch.zeros(60, 8, 8)
    g = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 2
    x[labels == 0, :, :4] = 0.9
    x[labels == 1, :, 4:] = 0.9
    x = (x + 0.1 * torch.rand(x.shape, generator=g)).clamp(0, 1)
    return {"data": (x.numpy(), labels.numpy()), "hidden": (16,), **settings}


# ---------------------------------------------------------------- finished models


def blurred_mean_error():
    x, mean = data.images("mnist", split="test").tensor(low=0.0), data.images("mnist").tensor(low=0.0).mean(0)
    return (x[:SHOWN] - mean).square().mean().item()


@pytest.mark.parametrize("name", models.LATENT)
def test_finished_models_are_whole_and_better_than_the_blurred_mean(name):
    net, facts = models.load_latent(name)
    assert facts["kind"] == models.LATENT[name][0]
    pictures = latent.pictures_of("mnist")
    space = latent.Space(net, pictures.shape)
    assert (space.kind, space.latent_dim) == (models.LATENT[name][0], models.LATENT[name][2])
    some = pictures.shown[:200]
    mean, std = space.encode(some, pictures.labels[:200])
    error = (space.decode(mean, pictures.labels[:200]) - some).square().mean().item()
    if name == "vae-50":  # collapsed: it can only make the mean image
        assert error == pytest.approx(blurred_mean_error(), rel=0.05)
    else:
        assert error < 0.75 * blurred_mean_error()
    assert (std > 0).all() == (space.kind in ("vae", "cvae"))


def test_finished_models_are_small():
    assert sum(models.path(f"latent_{name}").stat().st_size for name in models.LATENT) <= 3e6
    assert "CC BY-SA" in (models.FOLDER / "CARD_latent.md").read_text(encoding="utf-8")


def test_a_damaged_file_is_named(tmp_path, monkeypatch, widget):
    content = bytearray(models.path("latent_gan").read_bytes())
    content[-5] ^= 255
    (tmp_path / "latent_gan.safetensors").write_bytes(bytes(content))
    monkeypatch.setattr(models, "FOLDER", tmp_path)
    with pytest.raises(RuntimeError, match=r"latent_gan\.safetensors can't be used .*checksum"):
        models.load_latent("gan")
    with pytest.raises(RuntimeError, match=r"latent_ae\.safetensors .*it is missing"):
        models.load_latent("ae")
    one = widget("gan")
    assert "checksum" in one.view.message and repr(one) == "LatentSpace(VAE, β = 1, training, mnist, step 0)"


def test_collapse_and_dead_numbers_are_found(widget):
    one = widget(beta=50)
    assert one.collapsed and one.dead == [0, 1]
    assert one.recording.frames[-1].values["dead"] == 2
    ten = widget(latent_dim=10, beta=4)
    assert 0 < len(ten.dead) < 10 and not ten.collapsed
    assert not set(ten._view["axes"]) & set(ten.dead)  # the two that say most are drawn
    assert not widget().dead


# ---------------------------------------------------------------- what it computes


def test_the_map_holds_decodings_of_its_places(widget):
    for settings in ({}, {"model": "cvae", "label": 7}, {"model": "gan"}, {"latent_dim": 10, "beta": 4}):
        one = widget(**settings)
        frame = one.recording.frames[-1]
        atlas, e = frame.arrays["atlas"], frame.values["extent"]
        n = len(atlas)
        for row, column in ((0, 0), (n // 2, n // 2), (3, n - 1)):
            z = torch.zeros(1, one.space.latent_dim)
            z[0, list(one._view["axes"])] = torch.tensor([column, row]) / (n - 1) * 2 * e - e
            exact = one.decode(z)[0].numpy() * 255
            assert np.abs(atlas[row, column] - exact).max() <= 0.51


def test_kl_is_gaussian_kl_for_each_number(widget):
    one = widget()
    net = one.space.net
    with torch.no_grad():
        mean, log_variance = net.encode(one.images)
    each = torch.stack([objectives.gaussian_kl(mean[:, [k]], log_variance[:, [k]]).mean() for k in range(2)])
    assert torch.allclose(one.kl, each, rtol=1e-4)
    assert one.kl.sum() == pytest.approx(objectives.gaussian_kl(mean, log_variance).mean().item(), rel=1e-4)
    assert np.allclose(one.recording.frames[-1].arrays["kl"], one.kl)


def test_a_dead_number_is_found_in_a_model_that_has_one(widget):
    class HalfDead(nets.VAE):
        def encode(self, x):
            mean, log_variance = super().encode(x)
            alive = torch.tensor([1.0, 0.0])
            return mean * alive + 0.001, log_variance * alive - alive

    one = widget(HalfDead((1, 8, 8), 2, (16,)), **tiny())
    assert one.dead == [1] and not one.collapsed
    assert one.view.message == ""


def test_codes_and_clouds_are_in_the_frame(widget):
    one = widget()
    frame = one.recording.frames[-1]
    mean, std = one.posterior(one.images)
    e = frame.values["extent"]
    assert np.abs(unpack_points(frame.arrays["codes"], e) - mean.numpy()).max() < 2e-4 * e
    assert np.abs(unpack_points(frame.arrays["spread"], e) - std.numpy()).max() < 2e-4 * e


def test_holes_are_where_no_code_lies():
    g = torch.Generator().manual_seed(0)
    full = torch.randn(800, 2, generator=g)
    sharp = torch.full((800, 2), 0.05)
    assert latent.hole_map(full, sharp)[1] < 0.02
    gap = (full - torch.tensor([1.0, 0.0])).norm(dim=1) < 1.0  # nobody lives around (1, 0)
    found, share = latent.hole_map(full[~gap], sharp[~gap])
    ticks = np.linspace(-3, 3, 31)
    row, column = np.argmin(abs(ticks)), np.argmin(abs(ticks - 1))
    assert found[row, column] and not found[row, np.argmin(abs(ticks + 1))]
    assert 0.03 < share < 0.3
    # clouds as wide as the prior fill it, wherever their centres are
    assert latent.hole_map(torch.zeros(800, 2), torch.ones(800, 2))[1] == 0


def test_holes_of_a_model_and_what_decodes_there(widget):
    one = widget("ae")
    holes = one.holes()
    assert 0 < holes.share < 1 and len(holes.centers) == len(holes.images) > 0
    x, y = holes.centers[0].tolist()
    ticks = np.linspace(-3, 3, 31)
    assert holes.map[np.argmin(abs(ticks - y)), np.argmin(abs(ticks - x))]
    assert torch.allclose(holes.images, one.decode(holes.centers))
    assert repr(holes).startswith("Holes(")
    assert widget().holes().share < 0.05


def test_walks_begin_and_end_where_they_should():
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 1.0])
    line, circle = (latent.walk_codes(a, b, 9, path) for path in ("line", "circle"))
    for way in (line, circle):
        assert torch.equal(way[0], a) and torch.allclose(way[-1], b)
    assert torch.allclose(line[4], torch.tensor([1.0, 0.5]))
    assert circle[4].norm() == pytest.approx(1.5) and math.atan2(*circle[4].flip(0)) == pytest.approx(math.pi / 4)
    assert torch.allclose(circle.norm(dim=1), torch.linspace(2, 1, 9))
    for odd in (torch.zeros(2), -a, 3 * a):  # no direction, opposite, the same direction: no great circle
        assert torch.allclose(latent.walk_codes(a, odd, 5, "circle"), latent.walk_codes(a, odd, 5))


def test_a_walk_between_two_pictures(widget):
    one = widget()
    z, images = one.walk(3, 10, steps=5)
    codes = one.encode(one.images[[3, 10]])
    assert torch.allclose(z[[0, -1]], codes, atol=1e-5) and images.shape == (5, 1, 28, 28)
    assert torch.allclose(images, one.decode(z))
    with pytest.raises(ValueError, match="'line' or a 'circle'"):
        one.walk(0, 1, path="spiral")
    with pytest.raises(ValueError, match="pictures 0 to 799"):
        one.walk(0, 5000)


def test_a_drawing_gets_the_size_and_the_place_of_mnists_digits():
    x = torch.zeros(1, 28, 28)
    x[0, 2:12, 20:24] = 1
    moved = latent.like_mnist(x)
    assert moved.shape == (1, 28, 28)
    assert moved[0, 5:24, 11:17].min() > 0.9 and moved.sum() == pytest.approx(160, rel=0.05)
    digits = data.images("mnist", split="test").tensor(low=0.0)[:50]
    again = torch.stack([latent.like_mnist(digit) for digit in digits])
    assert (again - digits).square().mean() < 1e-3  # they have it already
    for edge in (x * 0 + torch.eye(28), torch.zeros(1, 28, 28).index_fill(2, torch.tensor([27]), 1.0)):
        assert latent.like_mnist(edge).isfinite().all()


def test_a_gan_finds_the_code_of_its_own_picture(widget):
    one = widget("gan")
    z = torch.tensor([[0.3, -1.1], [1.0, 0.4]])
    made = one.decode(z)
    error = (one.decode(one.encode(made)) - made).square().mean()
    assert error < 0.01
    with pytest.raises(ValueError, match="no encoder"):
        one.kl  # noqa: B018
    with pytest.raises(ValueError, match="no holes"):
        one.holes()
    with pytest.raises(ValueError, match="a point, not a cloud"):
        widget("ae").kl  # noqa: B018


# ---------------------------------------------------------------- what it sends


def test_letting_go_brings_the_exact_picture(widget):
    one = widget()
    ask(one, kind="decode", z=[0.5, -0.25])
    ((content, buffers),) = answers(one, "decoded")
    assert content["z"] == [0.5, -0.25] and content["run"] == 0 and content["step"] == one.step_number
    exact = (one.decode([0.5, -0.25]) * 255).round().numpy().astype(np.uint8)
    assert np.array_equal(np.frombuffer(buffers[0], np.uint8).reshape(28, 28), exact[0, 0])


def test_a_picture_picked_and_a_walk_picked(widget):
    one = widget()
    ask(one, kind="pick", run=0, index=4)
    ((content, buffers),) = answers(one, "picked")
    copied = (one.decode(one.encode(one.images[4:5])) * 255).round().numpy().astype(np.uint8)
    assert content["index"] == 4 and content["misfit"] > 0
    assert np.array_equal(np.frombuffer(buffers[0], np.uint8), copied.ravel())
    ask(one, kind="walk", run=0, a=4, b=9)
    ((content, buffers),) = answers(one, "walked")
    pictures = np.frombuffer(buffers[0], np.uint8).reshape(2, 9, 28, 28)
    assert np.array_equal(pictures[0, 0], copied[0, 0]) and np.array_equal(pictures[0, 0], pictures[1, 0])
    assert np.array_equal(pictures[0, -1], pictures[1, -1])


def test_a_drawing_lands(widget):
    one = widget()
    seven = (one.images[0] * 255).round().int().flatten().tolist()
    ask(one, kind="drawn", pixels=seven)
    ((content, buffers),) = answers(one, "landed")
    assert np.allclose(content["z"], one.encode(latent.like_mnist(one.images[0]))[0], atol=0.05)
    assert content["misfit"] > 0 and content["usual"] > 0
    assert len(buffers[0]) == 2 * 784 and one.view.message == ""
    ask(one, kind="drawn", pixels=[0] * 784)
    assert "empty" in one.view.message and not answers(one, "landed")
    ask(one, kind="drawn", pixels=[0] * 5)
    assert "784 pixels" in one.view.message
    ask(one, kind="drawn", pixels=seven)
    assert one.view.message == ""
    for kind in ("cvae", "gan", "ae"):
        other = widget(kind)
        ask(other, kind="drawn", pixels=seven)
        assert len(answers(other, "landed")) == 1, other.view.message


def test_a_view_that_comes_late_gets_everything(widget):
    one = widget(beside="ae")
    ask(one, kind="ready")
    assert [content["kind"] for content, _ in one.sent] == ["runs"] + 2 * ["fixed", "frame", "steps"]
    assert one.sent[0][0]["names"] == ["VAE, β = 1", "autoencoder"]
    ask(one, kind="decode", z=[0, 0])
    assert [content["run"] for content, _ in answers(one, "decoded")] == [0, 1]
    ask(one, kind="keep", run=1)
    assert one.settings["model"] == "ae" and one._controls["model"].value == "ae"
    assert one._controls["beside"].value == "none" and repr(one) == "LatentSpace(autoencoder, mnist, step 6000)"


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"kind": "decode", "z": [float("nan"), 0]}, "A coordinate must be a number"),
        ({"kind": "decode", "z": ["a", 0]}, "A coordinate must be a number from -1e+06 and up to 1e+06; got 'a'."),
        ({"kind": "decode", "z": [0, 1, 2]}, "two coordinates; got [0, 1, 2]."),
        ({"kind": "decode"}, "two coordinates; got None."),
        ({"kind": "pick", "run": 0, "index": 10_000}, "There are pictures 0 to 799; got 10000."),
        ({"kind": "pick", "run": 0, "index": 2.7}, "index must be a whole number from 0; got 2.7."),
        ({"kind": "pick", "run": 0}, "index must be a whole number from 0; got None."),
        ({"kind": "pick", "run": 3, "index": 0}, "The number of a run must be a whole number from 0 to 0; got 3."),
        ({"kind": "walk", "a": 1, "button": 2}, "b must be a whole number from 0; got None."),
        ({"kind": "drawn"}, "A drawing has 784 pixels"),
        ({"kind": "drawn", "pixels": [[1], [1, 2]]}, "A drawing has 784 pixels"),
        ({"kind": "branch", "step": 10}, "A finished model has no past"),
        ({"kind": "fly"}, "Latent space has no button 'fly'."),
    ],
)
def test_bad_messages_are_answered_with_a_sentence(widget, message, says):
    one = widget()
    ask(one, **message)
    assert says in one.view.message and not one.sent
    ask(one, kind="decode", z=[0, 0])
    assert answers(one, "decoded")


# ---------------------------------------------------------------- training


def test_a_finished_model_gives_way_to_one_that_trains(widget):
    one = widget(**tiny(train=False, lr=1e-2))
    assert "Play trains one" in one.view.message
    assert one.run(40, progress=False) is one
    assert one.view.message == "" and one.step_number == 40
    assert one.recording.steps == [0, 20, 40]
    first, last = one.recording.frames[0], one.recording.frames[-1]
    assert last.values["misfit"] < first.values["misfit"]
    assert last.arrays["atlas"].shape == (COARSE, COARSE, 1, 8, 8)
    finished = widget()
    assert finished.step_number == 6000
    finished.step(1)
    assert finished.step_number == 1 and isinstance(finished.runs[0], latent.Learning)
    assert sum(array.nbytes for array in finished.recording.frames[-1].arrays.values()) <= 80 * 1024


@pytest.mark.parametrize("kind", latent.KINDS)
def test_every_kind_trains_the_same_for_the_same_seed(widget, kind):
    first, second = (widget(kind, **tiny(train=True, seed=3)).run(6, progress=False) for _ in range(2))
    for frame, other in zip(first.recording, second.recording, strict=True):
        assert frame.values == other.values
        assert all(np.array_equal(frame.arrays[name], other.arrays[name]) for name in frame.arrays)
    assert not np.array_equal(
        first.recording.frames[-1].arrays["atlas"],
        widget(kind, **tiny(train=True, seed=4)).run(6, progress=False).recording.frames[-1].arrays["atlas"],
    )


def test_training_in_the_background_and_waiting(widget):
    one = widget(**tiny(train=True))
    one.play(25)
    one.wait(60)
    assert one.step_number == 25 and not one.playing
    one.reset()
    assert one.step_number == 0


def test_a_branch_with_another_beta(widget):
    one = widget(**tiny(train=True)).run(40, progress=False)
    ask(one, kind="branch", step=20)
    assert one.view.message == "" and len(one.runs) == 2
    one.set(beta=30)
    assert [r.model.beta for r in one.runs] == [1.0, 30.0]
    one.run(20, progress=False)
    assert [r.step for r in one.runs] == [40, 40]
    assert not np.array_equal(*(r.recording.frames[-1].arrays["codes"] for r in one.runs))
    ask(one, kind="keep", run=0)
    assert one.settings["beta"] == 1.0 and one._controls["beta"].value == 1.0


def test_a_vae_copies_itself_with_other_settings():
    x = torch.rand(50, 4, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    vae = VAE(nets.VAE((4,), 2, (8,)), seed=5, device="cpu")
    run(vae, x, 5, batch=10, progress=False)
    twin, other = vae.copy(), vae.copy(beta=4.0)
    assert (other.beta, other.step) == (4.0, 5)
    for model in (vae, twin, other):
        run(model, x, 3, batch=10, progress=False)
    same, different = twin.net.state_dict(), other.net.state_dict()
    assert all(torch.equal(value, same[key]) for key, value in vae.net.state_dict().items())
    assert not all(torch.equal(value, different[key]) for key, value in vae.net.state_dict().items())


def test_a_net_of_ones_own_trains_as_a_copy(widget):
    torch.manual_seed(0)
    net = nets.VAE((1, 8, 8), 3, (16,))
    before = [parameter.clone() for parameter in net.parameters()]
    one = widget(net, **tiny())
    assert one.view.message == "" and one.space.latent_dim == 3 and one.settings["model"] is net
    one.run(5, progress=False)
    assert one.step_number == 5
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
    generator = widget(nets.mlp([2, 16, 64], output="tanh"), **tiny())
    assert generator.space.kind == "gan" and generator.view.message == ""
    generator.run(3, progress=False)


# ---------------------------------------------------------------- settings, and what can't be used


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"model": "vea"}, "There is no model 'vea'"),
        ({"beta": -1}, "beta must be a number from 0"),
        ({"beta": "much"}, "beta must be a number from 0 and up to 1e\\+06; got 'much'"),
        ({"data": "mnits"}, "no pictures called 'mnits'"),
        ({"data": np.full((60, 8, 8), np.nan)}, "60 of the 60 pictures hold NaN"),
        ({"data": np.full((60, 8, 8), 3.0)}, r"Pixels must lie in \[0, 1\]"),
        ({"data": np.zeros((60, 5, 8, 8))}, "must be grey, .* or in colours"),
        ({"data": np.zeros((60, 8, 8, 3))}, "colours come first here"),
        ({"data": torch.zeros(2, 3, 256, 256)}, r"4 to 128 pixels a side .*data\.folder\(…, size=128\)"),
        ({"data": "."}, r"no pictures called '\.'.*read first: data\.folder\('\.'\)"),
        ({"data": torch.rand(60, 3, 16, 16), "model": nets.mlp([2, 8, 768], output="tanh"), "beside": "ae"}, "28 × 28"),
        ({"model": nets.ConditionalDCGANGenerator(4, 2, 2)}, "A generator that is told classes can't be shown"),
        ({"model": nets.DCGANGenerator(4, 2, shape=(3, 32, 32))}, r"shape \(3, 32, 32\); the data have \(1, 28, 28\)"),
        ({"data": (np.zeros((60, 8, 8)), np.zeros(59))}, "one for each of the 60 pictures"),
        ({"data": 7}, "must be"),
        ({"data": object()}, "must be a name"),
        ({"axes": (0, 2)}, "axes are two different numbers from 0 to 1"),
        ({"axes": 5}, "axes are two numbers"),
        ({"label": 10}, "label must be a whole number from 0 to 9"),
        ({"beside": "vae-9"}, "no finished model 'vae-9'"),
        ({"latent_dim": 1}, "latent_dim must be a whole number from 2"),
        ({"hidden": 5}, "hidden lists the widths"),
        ({"lr": float("nan")}, "lr must be a number from"),
        ({"model": nn.Linear(784, 2)}, "takes pictures and gives 2 numbers for each, as a .*: give the generator"),
        ({"model": nets.DCGANDiscriminator(4, 8)}, "takes pictures and gives 1 number for each, as a discriminator"),
        ({"model": nets.mlp([784, 8, 1])}, "gives 1 number for each, as a discriminator"),
        (
            {"model": nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten())},
            "takes pictures and gives 676 numbers for each",
        ),
        ({"model": nets.ResidualDiscriminator(8, shape=(1, 28, 28), classes=3)}, "gives 1 number for each, as a discr"),
        ({"model": nets.VAE((1, 8, 8), 2, (16,))}, "encode can't take pictures"),
        ({"model": nets.VAE((1, 28, 28), 1, (16,))}, "at least 2 numbers"),
    ],
)
def test_bad_settings_give_a_sentence_and_the_widget_stays_usable(widget, settings, sentence):
    import re

    one = widget(**settings)
    assert re.search(sentence, one.view.message), one.view.message
    assert "\n" not in one.view.message
    ask(one, kind="decode", z=[0, 0])
    assert answers(one, "decoded")
    if "model" not in settings:
        fresh = widget()
        with pytest.raises((ValueError, TypeError), match=sentence):
            fresh.set(**settings)
        assert repr(fresh) == "LatentSpace(VAE, β = 1, mnist, step 6000)"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"lr_g": 1e-4}, "There is no setting 'lr_g'. Did you mean 'lr'?"),
        ({"betta": 4}, "There is no setting 'betta'. Did you mean 'beta'?"),
        ({"batch": 0}, "batch must be a whole number from 1 to 65536; got 0."),
        ({"batch": [64]}, "batch must be a whole number"),
        ({"lr": "fast"}, "lr must be a number"),
        ({"lr": [1e-3, 1e-3]}, "lr must be a number"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"train": "yes"}, "train must be True or False; got 'yes'."),
        ({"hidden": (16, 0)}, "A width in hidden must be a whole number"),
        ({"axes": (0, 0)}, "axes are two different numbers"),
        ({"extent": 0}, "extent must be a number above 0"),
        ({"beside": 3}, "There is no finished model 3"),
        ({"data": "mnits"}, "Did you mean 'mnist'?"),
        ({"model": nets.VAE}, "There is no model <class"),
    ],
)
def test_a_typo_or_a_bad_value_loses_nothing(widget, wrong, says):
    assert says in widget(**tiny(**wrong) if "data" not in wrong else wrong).view.message
    one = widget(**tiny(train=True)).run(20, progress=False)
    runs, frames, settings, view = one.runs, list(one.recording.frames), dict(one.settings), dict(one._view)
    for change in (one.set, one.branch):
        with pytest.raises((ValueError, TypeError)) as caught:
            change(**wrong)
        assert change == one.branch or says in str(caught.value)
        assert one.runs is runs and one.settings == settings and one._view == view and one.step_number == 20
        assert all(a is b for a, b in zip(one.recording.frames, frames, strict=True))
    assert one._controls["lr"].value == settings["lr"] and one._controls["seed"].value == settings["seed"]


def test_arguments_that_are_no_settings_may_have_been_meant(widget):
    assert "There is no setting 'devise'. Did you mean 'device'?" in widget(**tiny(devise="cpu")).view.message


def test_a_change_that_fails_on_the_way_loses_nothing(widget, monkeypatch):
    def damaged(name):
        raise RuntimeError("The finished model can't be used: install again.")

    one = widget(**tiny(train=True)).run(20, progress=False)
    runs, settings, view = one.runs, dict(one.settings), dict(one._view)
    monkeypatch.setattr(models, "load_latent", damaged)
    with pytest.raises(RuntimeError, match="install again"):
        one.set(data="mnist", hidden=models.HIDDEN, train=False, label=3, extent=5)
    assert one.runs is runs and one.settings == settings and one._view == view
    one.run(5, progress=False)
    assert one.step_number == 25


def test_what_a_model_can_take_up_does_not_begin_anew(widget):
    one = widget(**tiny(train=True)).run(20, progress=False)
    one.set(lr=1e-4)
    one.set(beta=2, label=1, extent=6)  # the model's, and what is drawn
    assert one.step_number == 20 and one.recording.steps == [0, 20]
    assert one.runs[0].model.beta == 2 and one.recording.frames[-1].values["extent"] == 6
    one.run(5, progress=False)
    assert one.step_number == 25


def test_the_left_run_keeps_its_settings(widget):
    one = widget(**tiny(train=True)).run(20, progress=False)
    one.branch(10, beta=9, lr=1e-2)
    assert (one.settings["beta"], one.settings["lr"]) == (9, 1e-2)
    one.set(extent=4)
    ask(one, kind="keep", run=0)
    assert (one.settings["beta"], one.settings["lr"], one.settings["extent"]) == (1, 1e-3, 4)
    assert one._controls["beta"].value == 1


class Own(nets.VAE):
    """A learner's VAE of 8 × 8 pictures, to be broken."""

    def __init__(self):
        super().__init__((1, 8, 8), 2, (16,))


class SigmoidDecoder(Own):
    def decode(self, z):
        return super().decode(z).sigmoid()


class NumpyDecoder(Own):
    def decode(self, z):
        return super().decode(z).numpy()


class NumpyEncoder(Own):
    def encode(self, x):
        return super().encode(x)[0].numpy()


class FlatDecoder(Own):
    def decode(self, z):
        return super().decode(z)[:, :, :4]


@pytest.mark.parametrize("error", [NameError, AttributeError, AssertionError, KeyError, NotImplementedError])
@pytest.mark.parametrize("where", ["encode", "decode", "forward"])
def test_whatever_a_net_of_ones_own_raises_is_said_and_a_vae_stands_in(widget, error, where):
    def broken(*_):
        raise error

    net = nets.mlp([2, 16, 64], output="tanh") if where == "forward" else Own()
    setattr(net, where, broken)
    one = widget(net, **tiny())
    assert error.__name__ in one.view.message and "So model is 'vae' for now." in one.view.message
    assert one.run(2, progress=False).step_number == 2
    with pytest.raises(ValueError, match=error.__name__):
        one.set(model=net)
    assert one.step_number == 2 and one.settings["model"] == "vae"


@pytest.mark.parametrize(
    ("net", "says"),
    [
        (NumpyDecoder, "decode must give a tensor; it gave a ndarray."),
        (NumpyEncoder, "encode must give codes (N, Z)"),
        (FlatDecoder, "The net makes pictures of shape (1, 4, 8); the data have (1, 8, 8)."),
    ],
)
def test_what_encode_and_decode_give_is_checked(widget, net, says):
    one = widget(net(), **tiny())
    assert says in one.view.message and "So model is 'vae' for now." in one.view.message


def test_a_sigmoid_or_a_tanh_at_the_wrong_place_is_told(widget):
    one = widget(SigmoidDecoder(), **tiny())
    assert one.view.message.startswith("decode gives numbers from 0 to 1 only, as if it ended in a sigmoid")
    assert isinstance(one.settings["model"], SigmoidDecoder)  # told, not refused
    one.set(model="vae")
    assert "sigmoid" not in one.view.message
    one.set(model=nets.mlp([2, 16, 64], output="sigmoid"))
    assert one.view.message.startswith("The generator gives numbers from 0 to 1 only")
    for right in (Own(), nets.mlp([2, 16, 64], output="tanh"), models.load_latent("vae-1")[0]):
        other = widget(right) if right.__class__ is nets.VAE else widget(right, **tiny())
        assert other.view.message == ""


def test_a_net_with_noise_of_many_numbers_is_drawn(widget):
    one = widget(nets.mlp([600, 16, 64], output="tanh"), **tiny())
    assert one.view.message == "" and one.space.latent_dim == 600


def test_a_trial_leaves_a_nets_layers_in_the_modes_that_they_were_in(widget):
    net = Own()
    net.train()
    net.decoder.eval()
    net.encoder.append(nn.BatchNorm1d(4))
    one = widget(net, **tiny())
    one.decode([0.0, 1.0])
    one.encode(one.images)
    assert net.training and net.encoder.training and not net.decoder.training
    assert net.encoder[-1].num_batches_tracked == 0 and not net.encoder[-1].running_mean.any()
    one.run(3, progress=False)
    now, again = (model.state()[0] for model in (one.runs[0].model, one.runs[0].rewind(3)))
    assert all(torch.equal(value, again[name]) for name, value in now.items())


def test_the_table_is_the_signature_and_the_help():
    import inspect

    parameters = inspect.signature(LatentSpace).parameters
    assert list(parameters)[:2] == ["model", "data"] and parameters["beta"].default == 1.0
    assert set(latent.LatentSettings.names()) | {"device"} == parameters.keys()
    assert all(f"- {name}: " in LatentSpace.__doc__ for name in latent.LatentSettings.names())


def test_controls_and_settings_follow_each_other(widget):
    one = widget()
    one._controls["beta"].value = 4.0
    assert repr(one) == "LatentSpace(VAE, β = 4, mnist, step 6000)"
    one._controls["model"].value = "cvae"
    assert "no finished model" in one.view.message and one.step_number == 0  # β is still 4
    one._controls["beta"].value = 1.0
    assert one.view.message == "" and one._controls["label"].layout.display is None
    before = one.recording.frames[-1].arrays["atlas"].copy()
    one._controls["label"].value = 5
    assert not np.array_equal(before, one.recording.frames[-1].arrays["atlas"])
    one.select("vae-4-z10")
    assert one._controls["latent_dim"].value == 10 and one._controls["axis_x"].layout.display is None
    one._controls["axis_x"].value = 1
    assert one._view["axes"][0] == 1 and one.recording.frames[-1].values["axis_x"] == 1
    one.select("gan")
    assert one._controls["beta"].layout.display == "none" and one.settings["latent_dim"] == 2
    one.select("ae", latent_dim=2).set(extent=4)
    assert one.recording.frames[-1].values["extent"] == 4
    with pytest.raises(TypeError, match="no setting 'colour'"):
        one.set(colour=1)


@pytest.mark.parametrize("form", [np.asarray, torch.as_tensor])
def test_pictures_of_ones_own_without_labels(widget, form):
    x = np.random.default_rng(0).random((60, 8, 8)).astype(np.float32)
    one = widget(data=form(x), hidden=(16,)).run(2, progress=False)
    assert one.view.message == "" and one.recording.about["classes"] == ["0"]
    assert isinstance(one.still(), matplotlib.figure.Figure)
    one.set(data="mnist", hidden=models.HIDDEN)
    assert one.step_number == 6000  # of these there is a finished one


def test_pictures_come_in_many_forms():
    x = np.random.default_rng(0).random((100, 8, 8)).astype(np.float32)
    for form in (x, x[:, None], x.reshape(100, 64), torch.as_tensor(x), 2 * x - 1, (255 * x).astype(np.uint8)):
        pictures = latent.pictures_of(form)
        assert pictures.shape == (1, 8, 8) and len(pictures.train) == 80 and len(pictures.shown) == 20
        assert 0 <= pictures.train.min() <= pictures.train.max() <= 1
    few = latent.pictures_of((x[:10], np.arange(10)))
    assert len(few.train) == len(few.shown) == 10 and len(few.classes) == 10
    assert latent.pictures_of(data.images("fashion_mnist", split="test")).classes[9] == "Ankle boot"


# ---------------------------------------------------------------- a learner's own pictures, of any size, in colours


def photographs(channels=3, side=32, n=60):
    """An ImageSet as `data.folder` gives one: red on the left (class 0) or on the right (class 1), some green below."""
    x = torch.full((n, channels, side, side), 40, dtype=torch.uint8)
    labels = torch.arange(n) % 2
    x[labels == 0, 0, :, : side // 2] = 220
    x[labels == 1, 0, :, side // 2 :] = 220
    x[:, 1:2, side // 2 :] = (torch.arange(n)[:, None, None, None] * 4).to(torch.uint8)
    return data.ImageSet("pets/", "all", x, labels, ("cat", "dog"))


@pytest.mark.parametrize(("channels", "side"), [(3, 28), (1, 32), (3, 64), (3, 128)])
def test_ones_own_generator_and_vae_of_any_size(widget, channels, side):
    shape = (channels, side, side)
    for net, kind in ((nets.DCGANGenerator(4, 2, shape=shape), "gan"), (nets.ConvVAE(shape, 3, 2), "vae")):
        one = widget(net, photographs(channels, side), batch=4)
        assert (one.view.message, one.space.kind, one.images.shape[1:]) == ("", kind, shape)
        frame, seen = one.recording.frames[-1], min(side, 32)
        assert frame.arrays["atlas"].shape[2:] == (channels, seen, seen)
        assert sum(array.nbytes for array in frame.arrays.values()) < 2**20
        z = torch.zeros(1, one.space.latent_dim)
        assert np.abs(frame.arrays["atlas"][len(frame.arrays["atlas"]) // 2][len(frame.arrays["atlas"]) // 2].mean()
                      - 255 * one.decode(z).mean().item()) < 0.51  # the middle is z = 0  # fmt: skip
        ask(one, kind="decode", z=[0, 0])
        ((_, (picture,)),) = answers(one, "decoded")
        exact = (one.decode(z) * 255).round().to(torch.uint8).numpy()
        assert np.array_equal(np.frombuffer(picture, np.uint8).reshape(shape), exact[0])
        ask(one, kind="drawn", pixels=photographs(channels, side).pixels[0].flatten().tolist())
        ((content, (pictures,)),) = answers(one, "landed")
        yours = np.frombuffer(pictures, np.uint8).reshape(2, *shape)[0]
        assert np.array_equal(yours, photographs(channels, side).pixels[0].numpy()) and len(content["z"]) == 2
        assert one.run(1, progress=False).step_number == 1  # a generator of pictures gets a judge of pictures


def test_colours_and_photographs_are_shown_as_they_are(widget):
    one = widget(nets.ConvVAE((3, 32, 32), 2, 2), photographs())
    about, fixed = one.recording.about, one.recording.fixed
    assert (about["ink"], about["channels"], about["classes"]) == (False, 3, ["cat", "dog"])
    assert not about["unseen"] and one.still().axes[0].get_title() == "codes of pictures"  # nobody knows
    assert np.array_equal(fixed["images"], (one.images * 255).round().to(torch.uint8).numpy())
    drawn = one.still().axes[1].images[0].get_array()
    assert drawn.shape == (9 * 32, 9 * 32, 3)
    atlas = one.recording.frames[-1].arrays["atlas"]
    assert np.abs(drawn[:32, :32].astype(int) - atlas[-1, 0].transpose(1, 2, 0)).max() <= 9  # row 0 of the map is below
    assert len(one.page()) < 200_000
    grey = widget(data=photographs(1))
    assert grey.recording.about["unseen"] and not grey.recording.about["ink"]
    assert grey.still().axes[1].images[0].cmap.name == "gray"
    assert latent.pictures_of(data.images("fashion_mnist").tensor()[:100]).ink  # known by its empty edges
    noise = widget(nets.DCGANGenerator(4, 2, shape=(3, 32, 32)), photographs())
    assert noise.recording.about["classes"] == []  # nobody can say what noise shows


def test_what_was_trained_is_taken_as_it_is(widget):
    gan = GAN(nets.DCGANGenerator(4, 2, shape=(3, 32, 32)), nets.DCGANDiscriminator(2, shape=(3, 32, 32)), ema=0.9)
    vae = VAE(nets.ConvVAE((3, 32, 32), 2, 2))
    assert widget(gan, photographs()).settings["model"] is gan.nets["average"]
    assert widget(vae, photographs()).settings["model"] is vae.net
    widget("vae", photographs()).set(model=vae)


def test_a_generator_that_takes_codes_as_maps(widget):
    """As the DCGAN of PyTorch's tutorial does: (N, Z, 1, 1), with no word on Z."""
    net = nn.Sequential(nn.ConvTranspose2d(5, 4, 4), nn.ReLU(), nn.ConvTranspose2d(4, 3, 8, 8), nn.Tanh())
    one = widget(net, photographs(), batch=4)
    assert one.view.message == "" and one.space.latent_dim == 5
    z = torch.randn(3, 5)
    with torch.no_grad():
        assert torch.allclose(one.decode(z), net(z[..., None, None]) / 2 + 0.5, atol=1e-6)
    assert one.run(1, progress=False).step_number == 1
    rows = nn.Sequential(nn.Unflatten(1, (5, 1, 1)), *net)
    rows.noise_dim = 5
    assert widget(rows, photographs()).settings["model"] is rows


def test_many_pictures_need_not_fit_in_memory(widget, monkeypatch):
    made = {}
    for kind in latent.KINDS:
        for whole in (2**29, 0):
            monkeypatch.setattr(latent.recipe, "WHOLE", whole)
            one = widget(kind, photographs(), hidden=(8,), batch=4).run(2, progress=False)
            made[whole] = one.decode(torch.ones(1, 2))
            assert isinstance(one.runs[0].recorder.data, torch.Tensor) == bool(whole)
        assert torch.equal(made[0], made[2**29])  # the same batches, bit for bit


# ---------------------------------------------------------------- without a kernel


def test_pages_without_a_kernel_are_small_and_still_decode(widget, tmp_path):
    one = widget(beside="gan")
    assert isinstance(one.still(), matplotlib.figure.Figure)
    page = one.export(tmp_path / "page.html").read_text(encoding="utf-8")
    assert len(page) < 200_000 and "PAINTER" in page
    alone = widget()
    (frame,) = alone.thinned(alone.recording)
    assert frame.arrays["atlas"].shape == (17, 17, 1, 14, 14)
    assert len(alone._player({0: [frame]})) < 120_000
    trained = widget(train=True).run(60, progress=False)
    frames = trained.thinned(trained.recording)
    assert [f.step for f in frames] == [0, 20, 40, 60] and frames[0].arrays["atlas"].shape == (9, 9, 1, 14, 14)
    assert isinstance(trained.still(), matplotlib.figure.Figure)


def test_it_shows_itself_with_a_picture_and_the_same_words_every_time(widget):
    one = widget()
    shown = one._stored._outputs()[0]
    assert shown["image/png"].startswith("iVBOR")
    assert shown["text/plain"] == repr(one) == "LatentSpace(VAE, β = 1, mnist, step 6000)"


# ---------------------------------------------------------------- what trains beside what is finished


def test_comparing_throws_no_training_away(widget):
    one = widget(batch=16, train=True).run(40, progress=False)
    learning = one.runs[0]
    one.compare("vae-4")
    assert one.step_number == 40 and one.runs[0] is learning and len(one.runs) == 2
    one.run(20, progress=False)
    assert one.recording.steps == [0, 20, 40, 60]
    one.compare("ae").compare(None)
    assert one.runs == [learning] and one.settings["beside"] is None
    one.compare("ae").branch(20, beta=4.0)
    assert one.settings["beside"] is None and one._controls["beside"].value == "none"
    assert all(isinstance(run, latent.Learning) for run in one.runs)


def test_a_finished_model_that_is_kept_does_not_train(widget):
    one = widget(batch=16, train=True, beside="vae-4")
    one.play()
    ask(one, kind="keep", run=1)
    one.wait(20)
    assert not one.playing and not one.view.playing
    assert len(one.runs) == 1 and isinstance(one.runs[0], latent.Finished) and one.step_number == 6000


@pytest.mark.parametrize("steps", [-1, "x", 2.5, True])
def test_wrong_numbers_of_steps_leave_the_finished_model(widget, steps):
    one = widget()
    for train in (one.run, one.play, one.step):
        with pytest.raises((ValueError, TypeError), match="must be a whole number from 0"):
            train(steps)
    assert one.step_number == 6000 and isinstance(one.runs[0], latent.Finished)


def test_hints_stay_as_long_as_they_are_true(widget):
    one = widget(SigmoidDecoder(), **tiny())
    hint = one.view.message
    ask(one, kind="reset")
    assert one.view.message == hint
    ask(one, kind="new_seed")
    ask(one, kind="step")
    ask(one, kind="branch", step=99)
    assert "no step 99" in one.view.message
    ask(one, kind="branch", step=1)
    assert one.view.message == hint
    one.set(model="vae")
    assert "sigmoid" not in one.view.message


@pytest.mark.parametrize("error", [NameError("oops"), SystemExit("bye")])
def test_a_net_of_ones_own_that_fails_later_is_told_and_nothing_is_lost(widget, error):
    class Later(Own):
        fails = False

        def encode(self, x):
            if type(self).fails:
                raise error
            return super().encode(x)

    one = widget(Later(), **tiny()).run(5, progress=False)
    runs, settings, view = one.runs, dict(one.settings), dict(one._view)
    Later.fails = True
    one._controls["extent"].value = 2.0
    assert str(error) in one.view.message and one._controls["extent"].value == "none"
    for kind in ("reset", "new_seed"):
        one.view.message = ""
        ask(one, kind=kind)
        assert str(error) in one.view.message
    one._controls["lr"].value = 1e-4
    assert str(error) in one.view.message and one.runs[0].model.settings.lr == one._controls["lr"].value == 1e-3
    assert one.runs == runs and one._view == view and one.settings == settings
    Later.fails = False
    assert one.run(2, progress=False).step_number == 7


def test_a_net_that_ends_the_process_after_its_trials_does_not_end_the_constructor(widget):
    class Exits(Own):
        calls = 0

        def encode(self, x):
            type(self).calls += 1
            if self.calls > 4:
                raise SystemExit("bye")
            return super().encode(x)

    one = widget(Exits(), **tiny(train=True))
    assert "SystemExit" in one.view.message and one.run(2, progress=False).step_number == 2


def test_labels_are_checked_and_gradients_do_not_matter(widget):
    one = widget("cvae")
    z, x = torch.zeros(2, 2, requires_grad=True), torch.rand(2, 1, 28, 28, requires_grad=True)
    assert one.decode(z, [1, 2]).shape == x.shape and one.encode(x, 3).shape == (2, 2)
    for label in (99, -5, [1, 2, 3], 1.5, "7"):
        for ask_it in (lambda label=label: one.decode(z, label), lambda label=label: one.encode(x, label)):
            with pytest.raises((ValueError, TypeError)) as caught:
                ask_it()
            assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="from 0 to 9, one for all or one for each of the 2"):
        one.decode(z, 10)
    assert latent.pictures_of(torch.rand(60, 8, 8, requires_grad=True)).shape == (1, 8, 8)


def test_what_a_widget_trains_can_be_saved(widget, tmp_path):
    one = widget(**tiny(train=True)).run(3, progress=False)
    assert one.runs[0].save(tmp_path / "run.npz").exists()

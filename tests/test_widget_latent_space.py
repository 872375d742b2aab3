"""The latent space widget without a browser: what it computes, what it sends, what it says about bad input."""

import math

import matplotlib.figure
import numpy as np
import pytest
import torch
from torch import nn

from gan_edu import data, nets, objectives
from gan_edu.recorder import Recorder, unpack_points
from gan_edu.training import VAE, run
from gan_edu.widgets import latent_space as latent
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
    return (x[: latent.POINTS] - mean).square().mean().item()


@pytest.mark.parametrize("name", latent.SHIPPED)
def test_finished_models_are_whole_and_better_than_the_blurred_mean(name):
    net, facts = latent.load_shipped(name)
    assert facts["kind"] == latent.SHIPPED[name][0]
    pictures = latent.pictures_of("mnist")
    space = latent.Space(net, pictures.shape)
    assert (space.kind, space.latent_dim) == (latent.SHIPPED[name][0], latent.SHIPPED[name][2])
    some = pictures.shown[:200]
    mean, std = space.encode(some, pictures.labels[:200])
    error = (space.decode(mean, pictures.labels[:200]) - some).square().mean().item()
    if name == "vae-50":  # collapsed: it can only make the mean image
        assert error == pytest.approx(blurred_mean_error(), rel=0.05)
    else:
        assert error < 0.75 * blurred_mean_error()
    assert (std > 0).all() == (space.kind in ("vae", "cvae"))


def test_finished_models_are_small():
    files = list(latent.MODELS.glob("*.safetensors"))
    assert {file.stem for file in files} == set(latent.SHIPPED)
    assert sum(file.stat().st_size for file in files) <= 3e6
    assert "CC BY-SA" in (latent.MODELS / "README.md").read_text(encoding="utf-8")


def test_a_damaged_file_is_named(tmp_path, monkeypatch, widget):
    content = bytearray((latent.MODELS / "gan.safetensors").read_bytes())
    content[-5] ^= 255
    (tmp_path / "gan.safetensors").write_bytes(bytes(content))
    monkeypatch.setattr(latent, "MODELS", tmp_path)
    with pytest.raises(RuntimeError, match=r"gan\.safetensors can't be used .*checksum"):
        latent.load_shipped("gan")
    with pytest.raises(RuntimeError, match=r"ae\.safetensors"):
        latent.load_shipped("ae")
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
            exact = one.decode(z)[0, 0].numpy() * 255
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
    "message",
    [
        {"kind": "decode", "z": [float("nan"), 0]},
        {"kind": "decode", "z": ["a", 0]},
        {"kind": "pick", "run": 0, "index": 10_000},
        {"kind": "pick", "run": 3, "index": 0},
        {"kind": "branch", "step": 10},
        {"kind": "fly"},
    ],
)
def test_bad_messages_are_answered_with_a_sentence(widget, message):
    one = widget()
    ask(one, **message)
    assert one.view.message.endswith(".")
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
    assert last.arrays["atlas"].shape == (latent.COARSE, latent.COARSE, 8, 8)
    finished = widget()
    assert finished.step_number == 6000
    finished.step(1)
    assert finished.step_number == 1 and isinstance(finished.runs[0], Recorder)
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
    assert one.view.message == "" and one.space.latent_dim == 3 and one.settings["model"] == latent.OWN
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
        ({"beta": "much"}, "beta must be a number; got 'much'"),
        ({"data": "mnits"}, "no pictures called 'mnits'"),
        ({"data": np.full((60, 8, 8), np.nan)}, "60 of the 60 pictures hold NaN"),
        ({"data": np.full((60, 8, 8), 3.0)}, r"Pixels must lie in \[0, 1\]"),
        ({"data": np.zeros((60, 3, 8, 8))}, "must be grey"),
        ({"data": (np.zeros((60, 8, 8)), np.zeros(59))}, "one for each of the 60 pictures"),
        ({"data": 7}, "must be"),
        ({"data": object()}, "must be a name"),
        ({"axes": (0, 2)}, "axes are two different numbers from 0 to 1"),
        ({"axes": 5}, "axes are two numbers"),
        ({"label": 10}, "label must be a number from 0 to 9"),
        ({"beside": "vae-9"}, "no finished model 'vae-9'"),
        ({"latent_dim": 1}, "latent_dim must be a number from 2"),
        ({"hidden": 5}, "hidden lists the widths"),
        ({"lr": float("nan")}, "A learning rate must be"),
        ({"model": nn.Linear(784, 2)}, "generator|pictures of shape|codes"),
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
        with pytest.raises(ValueError, match=sentence):
            fresh.set(**settings)
        assert repr(fresh) == "LatentSpace(VAE, β = 1, mnist, step 6000)"


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
    with pytest.raises(ValueError, match="no setting 'colour'"):
        one.set(colour=1)


@pytest.mark.parametrize("form", [np.asarray, torch.as_tensor])
def test_pictures_of_ones_own_without_labels(widget, form):
    x = np.random.default_rng(0).random((60, 8, 8)).astype(np.float32)
    one = widget(data=form(x), hidden=(16,)).run(2, progress=False)
    assert one.view.message == "" and one.recording.about["classes"] == ["0"]
    assert isinstance(one.still(), matplotlib.figure.Figure)
    one.set(data="mnist", hidden=latent.HIDDEN)
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


# ---------------------------------------------------------------- without a kernel


def test_pages_without_a_kernel_are_small_and_still_decode(widget, tmp_path):
    one = widget(beside="gan")
    assert isinstance(one.still(), matplotlib.figure.Figure)
    page = one.export(tmp_path / "page.html").read_text(encoding="utf-8")
    assert len(page) < 200_000 and "PAINTER" in page
    alone = widget()
    (frame,) = alone.thinned(alone.recording)
    assert frame.arrays["atlas"].shape == (17, 17, 14, 14)
    assert len(alone._player({0: [frame]})) < 120_000
    trained = widget(train=True).run(60, progress=False)
    frames = trained.thinned(trained.recording)
    assert [f.step for f in frames] == [0, 20, 40, 60] and frames[0].arrays["atlas"].shape == (9, 9, 14, 14)
    assert isinstance(trained.still(), matplotlib.figure.Figure)


def test_it_shows_itself_with_a_picture_and_the_same_words_every_time(widget):
    one = widget()
    bundle = one._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert bundle["text/plain"] == repr(one) == "LatentSpace(VAE, β = 1, mnist, step 6000)"

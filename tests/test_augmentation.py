"""Differentiable augmentation: the changes themselves, and what they do to training."""

import json
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gan_edu import augmentation, device, ensemble, nets
from gan_edu.augmentation import FAMILIES, Augment, apply, augment, numbers
from gan_edu.recorder import Recorder
from gan_edu.training import GAN, CheckpointError, GANSettings, run, train
from gan_edu.training.augmented import Augmentation
from gan_edu.training.checkpoint import fingerprint, read_safetensors
from gan_edu.training.fast import FastGAN


@pytest.fixture(autouse=True)
def one_thread():
    with device.threads(1):
        yield


# --- the changes


def by_hand(picture, u, family):
    """One picture (C, H, W) after the changes of a family, as Zhao et al. describe them; u without who decides."""
    _, height, width = picture.shape
    if family == "color":
        brightness, saturation, contrast = u
        picture = picture + brightness - 0.5
        grey = picture.mean(0)
        picture = torch.stack([grey + (channel - grey) * 2 * saturation for channel in picture])
        return picture.mean() + (picture - picture.mean()) * (contrast + 0.5)
    out = torch.zeros_like(picture)
    if family == "translation":
        down, right = (
            math.floor(v * (2 * (side // 8) + 1)) - side // 8 for v, side in zip(u, (height, width), strict=True)
        )
        for row in range(height):
            for column in range(width):
                if 0 <= row - down < height and 0 <= column - right < width:
                    out[:, row, column] = picture[:, row - down, column - right]
        return out
    tops = [
        math.floor(v * (side + 1 - side // 2 % 2)) - side // 2 // 2 for v, side in zip(u, (height, width), strict=True)
    ]
    for row in range(height):
        for column in range(width):
            cut = 0 <= row - tops[0] < height // 2 and 0 <= column - tops[1] < width // 2
            out[:, row, column] = 0 if cut else picture[:, row, column]
    return out


@given(st.sampled_from(FAMILIES), st.sampled_from([(1, 8, 8), (3, 9, 16), (3, 5, 7)]), st.integers(0, 10**6))
def test_a_family_changes_each_picture_as_published(family, shape, seed):
    chance = torch.Generator().manual_seed(seed)
    x = torch.randn(2, *shape, generator=chance, dtype=torch.float64)
    u = torch.rand(2, numbers([family]), generator=chance, dtype=torch.float64)
    said = u[:, [1, 3, 5]] if family == "color" else u[:, 1:]
    wanted = torch.stack([by_hand(picture, row.tolist(), family) for picture, row in zip(x, said, strict=True)])
    torch.testing.assert_close(apply(x, u, [family]), wanted)
    torch.testing.assert_close(apply(x, torch.cat([u, u], 1), [family, family]), apply(wanted, u, [family]))


def test_the_extremes_of_chance_stay_in_the_picture():
    x = torch.ones(2, 1, 16, 16)
    for last in (0.0, 1 - 2**-24):  # the least and the largest number of torch.rand
        moved = apply(x, torch.tensor([[0.0, last, last]] * 2), ["translation"])
        assert moved.sum() == 2 * 14 * 14  # by two, in both directions
        cut = apply(x, torch.tensor([[0.0, last, last]] * 2), ["cutout"])
        assert (cut == 0).sum() == 2 * 4 * 4  # a quarter of the square, in a corner
    for side in range(8, 200):  # a product with the largest number must not be rounded up into the next place
        assert augmentation._whole(torch.tensor([1 - 2**-24]), side) == side - 1


@given(st.floats(0, 1), st.integers(0, 10**6))
def test_each_change_comes_with_its_probability_for_each_picture_alone(p, seed):
    x = torch.rand(400, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) + 0.5
    chance = torch.rand(400, numbers(["cutout"]), generator=torch.Generator().manual_seed(seed + 1))
    out = apply(x, chance, ["cutout"], p)
    changed = (out != x).flatten(1).any(1)
    assert torch.equal(changed, chance[:, 0] < p)
    assert torch.equal(out[~changed], x[~changed])
    some = torch.arange(400) % 2
    assert torch.equal(apply(x, chance, ["cutout"], some.float())[::2], x[::2])  # (N,) probabilities
    assert torch.equal(augment(x, FAMILIES, p=0.0), x)


def test_changes_are_differentiable_twice():
    torch.manual_seed(0)
    x = torch.randn(1, 2, 4, 8, dtype=torch.float64, requires_grad=True)
    chance = torch.rand(1, numbers(), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: apply(x, chance), x)
    assert torch.autograd.gradgradcheck(lambda x: apply(x, chance).square(), x)


def test_pictures_are_augmented_from_a_stream_or_from_torchs_own():
    x = torch.rand(5, 1, 16, 16)
    first, second = (augment(x, "color, cutout", generator=device.generator(3)) for _ in range(2))
    assert torch.equal(first, second) and first.shape == x.shape and (first != x).flatten(1).any(1).all()
    assert not torch.equal(augment(x), augment(x))
    for wrong in (x[0], x.flatten(1), x.long(), x.numpy(), "x"):
        with pytest.raises(ValueError, match=r"^Only pictures \(N, C, H, W\) of floats can be augmented; got"):
            augment(wrong)


BAD = {
    "a word": (
        lambda: Augment.given("colour"),
        ValueError,
        "There is no family of changes 'colour'.*Did you mean 'color'",
    ),
    "no word": (lambda: Augment.given(""), ValueError, "no family of changes ''"),
    "a number": (lambda: Augment.given(0.5), TypeError, "^augment is names such as.*got 0.5"),
    "True": (lambda: Augment.given(True), TypeError, "^augment is names such as.*got True"),
    "no families": (lambda: Augment(families=()), TypeError, "families are names"),
    "a probability": (lambda: Augment(p=1.5), ValueError, "p must be None, or a number from 0 up to 1|p must be"),
    "a target": (lambda: Augment(target=2), ValueError, "target must be"),
    "no images": (lambda: Augment(images=0), ValueError, "images must be a whole number from 1"),
    "a flat shape": (lambda: Augment(shape=784), TypeError, "^shape is that of a picture"),
    "two sides": (lambda: Augment(shape=(28, 28)), TypeError, "^shape is that of a picture"),
    "an empty side": (lambda: Augment(shape=(1, 28, 0)), ValueError, "^A side of shape must be"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_can_not_be_meant_gets_a_sentence(what):
    make, kind, text = BAD[what]
    with pytest.raises(kind, match=text):
        make()


def test_settings_say_it_in_words_and_keep_it_in_a_file():
    assert GANSettings(augment="cutout, color").augment == Augment(families=("color", "cutout"))
    assert GANSettings(augment="adaptive").augment == Augment(target=0.6)
    assert (Augment().first_p, Augment(target=0.6).first_p, Augment(target=0.6, p=0.2).first_p) == (1.0, 0.0, 0.2)
    for said in (None, "translation", "adaptive", Augment(target=0.5, images=10, shape=(1, 28, 28))):
        settings = GANSettings(augment=said)
        stored = json.loads(json.dumps(settings.to_json()))
        assert GANSettings.of(**stored) == settings


# --- training


class Watch(nn.Module):
    """A discriminator that notes what it is shown."""

    def __init__(self):
        super().__init__()
        self.layer, self.seen = nn.Linear(3 * 8 * 8, 1), []

    def forward(self, x):
        self.seen.append(x.detach().clone())
        return self.layer(x.flatten(1))


class Constant(nn.Module):
    """A generator of pictures of one colour."""

    noise_dim = 2

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 3)

    def forward(self, z):
        return self.layer(z)[:, :, None, None].expand(-1, 3, 8, 8) + 2


PICTURES = torch.ones(20, 3, 8, 8)


def watched(**settings):
    torch.manual_seed(0)
    return GAN(Constant(), Watch(), device="cpu", sure=True, **settings)


def weights(model):
    return {key: value.clone() for key, value in model.state()[0].items()}


def assert_same(one, other):
    mine, theirs = weights(one), weights(other)
    assert mine.keys() == theirs.keys() and all(torch.equal(mine[key], theirs[key]) for key in mine)
    assert one.state()[1] == other.state()[1]


GAMES = [
    {},
    {"penalties": {"r1": 1.0}},
    {"penalties": {"gradient_penalty": 1.0}},
    {"loss": "relativistic", "penalties": {"r1": 1.0, "r2": 1.0}},
    {"unroll": 1},
    {"discriminator_steps": 2},
]


@pytest.mark.parametrize("game", GAMES, ids=str)
def test_d_sees_nothing_unchanged_while_it_trains_and_nothing_changed_otherwise(game):
    gan = watched(augment="cutout", **game)
    run(gan, PICTURES, 3, batch=6, progress=False)
    seen = gan.discriminator.seen[1:]  # the first is the trial before training
    assert len(seen) >= 6
    for x in seen:
        assert ((x == 0).all(1).flatten(1).sum(1) >= 4).all()  # pixels; a quarter of the square at least
    cuts = {tuple((x[0] == 0).flatten().tolist()) for x in seen}
    assert len(cuts) > 1  # new numbers for each look
    gan.discriminator.seen.clear()
    gan.logits(PICTURES)
    assert (gan.discriminator.seen[0] == PICTURES).all() and (gan.sample(4) != 0).all()


def test_the_generators_gradient_goes_through_the_change():
    """What is cut out of a fake picture has no say in the generator's step."""
    gan = watched(augment=Augment("cutout"))
    chance = []
    gan.draw = lambda make, training=True: chance.append(make(device.generator(len(chance)))) or chance[-1]
    z = torch.randn(6, 2)
    fake = gan.generator(z)
    loss = gan.loss.generator(None, gan._look(fake))
    found = torch.autograd.grad(loss, list(gan.generator.parameters()))
    made = gan.generator(z)
    kept = (apply(made, chance[0], ["cutout"]) != 0).float().detach()
    wanted = gan.loss.generator(None, gan.discriminator(made * kept)[:, 0])
    torch.testing.assert_close(found, torch.autograd.grad(wanted, list(gan.generator.parameters())))


def test_penalties_are_taken_at_the_picture_before_its_change():
    gan = watched(augment="cutout", penalties={"r1": 2.0})
    chance = []
    gan.draw = lambda make, training=True: chance.append(make(device.generator(len(chance)))) or chance[-1]
    gan._number = 1
    loss, total, *_ = gan._discriminator_loss(PICTURES[:4], 3 * PICTURES[:4])
    kept = (apply(PICTURES[:4], chance[0], ["cutout"]) != 0).float()
    slope = gan.discriminator.layer.weight.reshape(3, 8, 8) * kept
    torch.testing.assert_close(total - loss, slope.square().sum((1, 2, 3)).mean())


def conv_gan(**settings):
    torch.manual_seed(0)
    made = nets.DCGANGenerator(4, 2), nets.DCGANDiscriminator(2)
    return GAN(*made, lr=1e-3, device="cpu", sure=True, **settings)


IMAGES = torch.rand(40, 1, 28, 28, generator=torch.Generator().manual_seed(1)) * 2 - 1
ADAPTIVE = Augment(target=-0.99, images=300, p=0.4)


@pytest.mark.parametrize("said", ["color, translation, cutout", ADAPTIVE], ids=["fixed", "adaptive"])
def test_a_run_that_was_left_goes_on_bit_for_bit(said, tmp_path):
    whole = run(conv_gan(augment=said), IMAGES, 11, batch=4, progress=False)
    first = run(conv_gan(augment=said), IMAGES, 6, batch=4, progress=False)  # in the middle of four batches
    path, twin = first.save(tmp_path / "run.safetensors"), first.copy()
    resumed = conv_gan(augment=said)
    resumed.load(path)
    for model in (resumed, twin):
        assert_same(model, first)
        assert_same(run(model, IMAGES, 5, batch=4, progress=False), whole)
        assert model.augmentation.p == whole.augmentation.p
    if said is ADAPTIVE:
        assert whole.augmentation.p != 0.4
        assert whole.augmentation.p != run(conv_gan(augment=said), IMAGES, 6, batch=4, progress=False).augmentation.p


def test_a_recorder_rewinds_an_adaptive_run(tmp_path):
    recorder = Recorder(conv_gan(augment=ADAPTIVE), IMAGES, batch=4, every=5)
    recorder.advance(6)
    before = recorder.model.copy()
    recorder.advance(6)
    assert_same(recorder.rewind(6), before)
    opened = Recorder.open(recorder.save(tmp_path / "run"), conv_gan(), IMAGES)
    assert opened.model.settings.augment == ADAPTIVE
    assert_same(opened.model, recorder.model)


def test_files_of_runs_without_it_open_and_those_with_it_open_without(tmp_path):
    plain = run(conv_gan(), IMAGES, 2, batch=4, progress=False).save(tmp_path / "plain")
    adaptive = run(conv_gan(augment=ADAPTIVE), IMAGES, 2, batch=4, progress=False).save(tmp_path / "adaptive")
    gan = conv_gan(augment=ADAPTIVE)
    gan.load(plain)
    assert gan.step == 2 and gan.augmentation.p == pytest.approx(0.4)
    gan = conv_gan()
    gan.load(adaptive)
    assert gan.step == 2 and run(gan, IMAGES, 1, batch=4, progress=False).step == 3


@pytest.mark.parametrize(
    "state",
    [
        {"p": 1.5, "signs": 0.0, "batches": 0},
        {"p": float("nan"), "signs": 0.0, "batches": 0},
        {"p": [0.5], "signs": 0.0, "batches": 0},
        {"p": "x", "signs": 0.0, "batches": 0},
        {"p": 0.5, "signs": 9.0, "batches": 0},
        {"p": 0.5, "signs": 0.0, "batches": 4},
        {"p": 0.5, "signs": 0.0, "batches": True},
        {"p": 0.5, "signs": 0.0},
        {"p": None, "signs": 0.0, "batches": 0},
        [],
        None,
        "x" * 10_000,
    ],
    ids=lambda state: str(state)[:60],
)
def test_a_file_whose_strength_was_changed_is_refused(state, tmp_path):
    import safetensors.torch

    path = run(conv_gan(augment=ADAPTIVE), IMAGES, 2, batch=4, progress=False).save(tmp_path / "run.safetensors")
    tensors, text = read_safetensors(path)
    del text["sha256"]
    text["more"] = json.dumps(json.loads(text["more"]) | {"augmentation": state})
    safetensors.torch.save_file(tensors, path, text | {"sha256": fingerprint(tensors, text)})
    gan = conv_gan(augment=ADAPTIVE)
    before = weights(gan)
    with pytest.raises(CheckpointError, match=r"^run\.safetensors is damaged: .{1,200}$"):
        gan.load(path)
    assert gan.augmentation.p == pytest.approx(0.4) and gan.step == 0
    assert all(torch.equal(before[key], value) for key, value in weights(gan).items())


class Says(nn.Module):
    """A discriminator that is sure: real pictures (of ones) get one number, all others another."""

    def __init__(self, of_real, of_fake):
        super().__init__()
        self.layer, self.of_real, self.of_fake = nn.Linear(1, 1), of_real, of_fake

    def forward(self, x):
        real = (x == 1).flatten(1).all(1)
        return torch.where(real, self.of_real, self.of_fake) + 0 * x.mean((1, 2, 3)) + 0 * self.layer.weight.sum()


@pytest.mark.parametrize("loss", ["non_saturating", "hinge", "relativistic"])
@pytest.mark.parametrize(("of_real", "of_fake", "way"), [(3.0, -3.0, 1), (-0.5, -3.0, 0), (-3.0, 3.0, -1)])
def test_p_goes_where_the_signs_of_the_logits_send_it(loss, of_real, of_fake, way, monkeypatch):
    torch.manual_seed(0)
    monkeypatch.setattr(Augmentation, "__call__", lambda self, x, draw: x)
    said = Augment("color", p=0.5, target=0.6, images=1000)
    gan = GAN(Constant(), Says(of_real, of_fake), loss=loss, augment=said, device="cpu", sure=True)
    p = [gan.augmentation.p for _ in train(gan, PICTURES, 8, batch=5, progress=False)]
    if way == 0:  # below 0, and above the fakes: pairs go up, others down
        way = 1 if loss == "relativistic" else -1
    step = 4 * 5 / 1000
    assert p == pytest.approx([0.5] * 3 + [0.5 + way * step] * 4 + [0.5 + 2 * way * step])


def test_p_stays_a_probability():
    strength = Augmentation(Augment(target=0.5, images=30), None, torch.device("cpu"))
    for sign, wanted in (
        (1, [0, 0, 0, 16 / 30]),
        (1, [16 / 30] * 3 + [1]),
        (-1, [1] * 3 + [14 / 30]),
        (-1, [14 / 30] * 3 + [0]),
    ):
        found = []
        for _ in range(4):
            strength.see(sign * torch.rand(4).double(), images=4)
            found.append(strength.p)
        assert found == pytest.approx(wanted)
    assert repr(strength) == "Augmentation(color, translation, cutout, p=0.0, adapts)"


def test_p_counts_pictures_not_packs():
    torch.manual_seed(0)
    judge = nn.Sequential(nn.Flatten(), nn.Linear(2 * 784, 1))
    said = Augment(target=0.123, images=80, p=0.5)
    gan = GAN(nets.DCGANGenerator(4, 2), judge, packing=2, augment=said, device="cpu")
    run(gan, IMAGES, 4, batch=4, progress=False)
    assert abs(gan.augmentation.p - 0.5) == pytest.approx(4 * 4 / 80)


def test_packs_are_changed_picture_by_picture():
    gan = watched(augment="cutout")
    gan.packing, gan.discriminator.layer = 2, nn.Linear(6 * 64, 1)
    x = gan.pack(torch.ones(200, 3, 8, 8))
    gan.discriminator.seen.clear()
    gan._look(x)
    cut = (gan.discriminator.seen[0] == 0).unflatten(1, (2, 3))  # (packs, 2, 3, H, W)
    assert (cut.flatten(2).sum(2) >= 3 * 4).all() and (cut[:, 0] != cut[:, 1]).flatten(1).any(1).float().mean() > 0.9


def test_rows_are_changed_where_they_are_pixels():
    images, labels = IMAGES[:30], torch.arange(30) % 3
    rows = nets.pairs(images, labels)
    gan = GAN(
        nets.ConditionalGenerator(nets.mlp([4 + 3, 784], output="tanh"), 3),
        nets.mlp([787, 1]),
        augment=Augment("translation, cutout", shape=(1, 28, 28)),
        device="cpu",
    )
    seen = []
    gan.discriminator.register_forward_hook(lambda net, inputs, out: seen.append(inputs[0]))
    gan._look(rows)
    assert torch.equal(seen[0][:, 784:], rows[:, 784:]) and (seen[0][:, :784] != rows[:, :784]).any(1).all()
    run(gan, rows, 2, batch=6, progress=False)
    assert FastGAN.of(gan) is None


def test_a_gan_of_an_ensemble_is_augmented_as_it_would_be_alone():
    def make():
        return nets.mlp([3, 6, 64], output="tanh").double()

    def judge():
        return nets.mlp([64, 6, 1]).double()

    said = Augment(target=0.0, images=100, p=0.5, shape=(1, 8, 8))
    settings = {"augment": said, "device": "cpu", "sure": True, "lr": 1e-2}
    rows = torch.rand(50, 64, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1
    together = run(ensemble.gans(make, judge, seeds=2, seed=5, **settings), rows, 9, batch=4, progress=False)
    for i in range(2):
        alone = GAN(*ensemble.single_nets(make, judge, 5 + i), seed=5 + i, **settings)
        run(alone, rows, 9, batch=4, progress=False)
        assert together.augmentation.p[i] == alone.augmentation.p
        unstacked = together.generator.unstack(i)
        for mine, theirs in zip(unstacked.parameters(), alone.generator.parameters(), strict=True):
            torch.testing.assert_close(mine, theirs)


SENTENCES = {
    "rows without a shape": (
        lambda: GAN(nets.mlp([2, 4]), nets.mlp([4, 1]), augment="color"),
        torch.randn(9, 4),
        r"these samples have shape \(4,\): .*Augment\(shape=\(1, 28, 28\)\)",
    ),
    "rows that are too short": (
        lambda: GAN(nets.mlp([2, 4]), nets.mlp([4, 1]), augment=Augment(shape=(1, 3, 3))),
        torch.randn(9, 4),
        r"Pictures of shape \(1, 3, 3\) are to be augmented, and these samples have shape \(4,\)",
    ),
    "another shape": (
        lambda: conv_gan(augment=Augment(shape=(1, 32, 32))),
        IMAGES,
        r"Pictures of shape \(1, 32, 32\) are to be augmented, and these samples have shape \(1, 28, 28\)",
    ),
}


@pytest.mark.parametrize("what", SENTENCES)
def test_samples_that_are_no_pictures_get_a_sentence_before_the_first_step(what):
    make, samples, text = SENTENCES[what]
    gan = make()
    with pytest.raises(ValueError, match=text):
        run(gan, samples, 1, batch=4, progress=False)
    assert gan.step == 0


def test_a_critic_has_no_zero_to_adapt_to():
    with pytest.raises(ValueError, match="^An adaptive augmentation looks at the sign of D's logits"):
        conv_gan(loss="wasserstein", augment="adaptive")
    assert conv_gan(loss="wasserstein", augment="color").augmentation.p == 1

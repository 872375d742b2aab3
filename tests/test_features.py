"""Features of one's own images: random, trained, of Inception; and what is measured in them."""

import hashlib
import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from gan_edu import data, metrics, nets
from gan_edu.data import ImageSet
from gan_edu.metrics import inception

SHAPES = [(1, 28, 28), (3, 32, 32), (1, 64, 64), (3, 128, 128)]


def pictures(n, side=32, colors=3, seed=0, kinds=2):
    """Dark pictures with a bright bar, upright, level or none at all by their class: uint8 (N, C, S, S), labels."""
    chance = torch.Generator().manual_seed(seed)
    x = torch.randint(0, 60, (n, colors, side, side), generator=chance, dtype=torch.uint8)
    y = torch.arange(n) % kinds
    for image, kind in zip(x, y.tolist(), strict=True):
        at = int(torch.randint(side // 4, side // 2, (), generator=chance))
        if kind == 0:
            image[:, :, at : at + side // 4] += 150
        elif kind == 1:
            image[:, at : at + side // 4] += 150
    return x, y


def image_set(n, names=("upright", "level"), name="bars/", **how):
    x, y = pictures(n, kinds=len(names), **how)
    return ImageSet(name, "all", x, y, names)


@pytest.fixture(scope="module")
def bars():
    return image_set(120)


@pytest.fixture(scope="module")
def trained(bars):
    return metrics.trained_features(bars, shown=2000)


# ---------------------------------------------------------------- random


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 50, 50)])
def test_random_features_are_fixed_by_their_seed_and_vary_about_as_much_as_1(shape):
    random = metrics.random_features(shape, seed=3, dim=24)
    x = torch.rand(40, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    x = torch.nn.functional.avg_pool2d(x, 5, stride=1, padding=2)  # smoother than noise
    before = torch.get_rng_state()
    found = random(x)
    assert random.shape == shape and random.dim == 24 and found.shape == (40, 24)
    assert found.dtype == torch.float32 and found.isfinite().all()
    assert torch.equal(metrics.random_features(shape, seed=3, dim=24)(x), found)
    assert not torch.allclose(metrics.random_features(shape, seed=4, dim=24)(x), found, atol=0.1)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.allclose(random(x.flatten(1), batch=7), found, atol=1e-4)
    noise = random(metrics.extractors._noise(shape, torch.Generator().manual_seed(9)))
    assert noise.var(0).mean() == pytest.approx(1, abs=0.5)
    assert repr(random) == f"Features('random (seed 3)', {shape[0]}×{shape[1]}×{shape[2]} → 24)"
    assert random.classes is None


def test_random_features_know_every_size():
    for shape in ((1, 8, 8), (3, 64, 64), (1, 128, 128)):
        found = metrics.random_features(shape, dim=5)(torch.rand(12, *shape) * 2 - 1)
        assert found.shape == (12, 5) and found.isfinite().all()


def test_random_features_see_blur_and_noise_but_not_new_real_pictures():
    random = metrics.random_features((3, 32, 32), dim=16)
    real, new = image_set(200), image_set(200, seed=1).tensor()
    reference = metrics.Reference(random, real)
    fair = reference.report(new)
    assert fair.frechet < 2 * fair.floor and abs(fair.kernel) < 4 * fair.scatter
    blurred = torch.nn.functional.avg_pool2d(new, 3, stride=1, padding=1, count_include_pad=False)
    noisy = (new + 0.3 * torch.randn(new.shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)
    for bad in (blurred, noisy):
        report = reference.report(bad)
        assert report.frechet > 3 * report.floor and report.kernel > 5 * report.scatter
        assert report.coverage < fair.coverage - 0.2
    assert reference.kernel(noisy) == report.kernel and reference.frechet(noisy) == report.frechet


def test_settings_that_cannot_be_used_are_explained():
    for call, kind, text in (
        (
            lambda: metrics.random_features((3, 64, 32)),
            ValueError,
            r"shape must be .*S from 8 to 256; got \(3, 64, 32\)",
        ),
        (lambda: metrics.random_features(64), ValueError, "shape must be"),
        (lambda: metrics.random_features((2, 64, 64)), ValueError, "shape must be"),
        (lambda: metrics.random_features((3, 64.0, 64.0)), ValueError, "shape must be"),
        (lambda: metrics.random_features((3, 64, 64), seed=-1), ValueError, "seed must be a whole number from 0"),
        (lambda: metrics.random_features((3, 64, 64), dim=0), ValueError, "dim must be a whole number from 1"),
        (
            lambda: metrics.random_features((3, 64, 64))(torch.zeros(2, 3, 32, 32)),
            ValueError,
            r"expected \(N, 3, 64, 64",
        ),
        (
            lambda: metrics.random_features((3, 64, 64))(image_set(20)),
            ValueError,
            r"bars/ holds .*\(3, 32, 32\); expected",
        ),
        (lambda: metrics.Reference("mnist", image_set(20)), ValueError, r"expected \(1, 28, 28\)"),
        (lambda: metrics.random_features((1, 8, 8)).probabilities(torch.zeros(2, 64)), ValueError, "know no classes"),
    ):
        with pytest.raises(kind, match=text):
            call()


# ---------------------------------------------------------------- the classifiers of the course


def test_the_classifiers_that_come_with_the_course_are_features_too():
    digits = data.images("mnist", "test")
    known = metrics.classifiers.known("mnist")
    assert known.shape == digits.shape and known.classes == digits.classes and known.dim == 64
    x = digits.tensor()[:60]
    assert torch.equal(known(x), metrics.features(x, "mnist"))
    assert torch.equal(metrics.features(x, known), known(x))
    assert torch.equal(metrics.classify(x, known), metrics.classify(x, "mnist"))
    with pytest.warns(UserWarning, match="Few images: 30 for 64"):
        both = [metrics.image_report(x[:30], x[30:], to) for to in ("mnist", known)]
    assert both[0] == both[1]


def test_a_set_of_images_is_read_in_parts():
    digits = data.images("mnist", "test")
    few = ImageSet("mnist", "test", digits.pixels[:70], digits.labels[:70], digits.classes)
    found = metrics.features(few, "mnist", batch=32)
    assert torch.allclose(found, metrics.features(few.tensor(), "mnist"), atol=1e-4)


# ---------------------------------------------------------------- trained


def test_a_classifier_of_ones_own_pictures_learns_them(bars, trained):
    assert trained.classes == ("upright", "level") and trained.shape == (3, 32, 32) and trained.dim == 16
    assert trained.accuracy >= 0.9 and trained.guessing == 0.5 and len(trained.held_out) == 24
    assert trained.shown <= 2000 and trained.name == "bars/"
    new = image_set(60, seed=1)
    told = metrics.classify(new, trained).argmax(1)
    assert (told == new.labels).double().mean() >= 0.9
    assert repr(trained).startswith("Features('bars/', 3×32×32 → 16, 2 classes: ")
    assert "of 24 held-out images right, 50.0% by always naming the commonest" in repr(trained)
    training = torch.ones(120, dtype=torch.bool)
    training[trained.held_out] = False
    assert trained(bars.tensor()[training]).var(0).mean() == pytest.approx(1, abs=0.1)
    net = trained.on(torch.device("cpu"))
    assert not net.training and not any(p.requires_grad for p in net.parameters())


def test_the_same_seed_gives_the_same_features_and_leaves_the_stream_of_random_numbers(bars):
    x = bars.tensor()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = metrics.trained_features(bars, shown=200, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    two = metrics.trained_features(x, bars.labels, bars.classes, shown=200, seed=1, name="two")
    assert torch.equal(one(x), two(x)) and torch.equal(one.held_out, two.held_out) and two.name == "two"
    assert not torch.equal(metrics.trained_features(bars, shown=200, seed=2)(x), one(x))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.filterwarnings("ignore:The classifier is hardly better")
def test_every_size_can_be_trained_on(shape):
    made = image_set(40, side=shape[1], colors=shape[0])
    features = metrics.trained_features(made, shown=16, dim=8)
    assert features(made).shape == (40, 8) and features.shown == 16
    reference = metrics.Reference(features, made)
    assert reference.report(made.tensor()).n_classes == 2


def test_training_ends_early_when_all_are_told_apart(bars):
    dark, light = torch.full((60, 1, 28, 28), -0.9), torch.full((60, 1, 28, 28), 0.9)
    easy = metrics.trained_features(torch.cat([dark, light]), [0] * 60 + [1] * 60)
    assert easy.accuracy == 1 and easy.shown < 60 * 96 / 4
    assert easy.classes == ("0", "1")


def test_held_out_pictures_are_of_every_class_and_never_trained_with(monkeypatch):
    labels = torch.tensor([0] * 30 + [1] * 13 + [2] * 70)
    training, held = metrics.trained._split(labels, torch.Generator().manual_seed(0))
    assert torch.equal(torch.cat([training, held]).sort().values, torch.arange(113))
    assert labels[held].bincount().tolist() == [6, 3, 14]
    x = torch.full((113, 1, 28, 28), -0.5)
    x[held] = 0.5  # pictures that look different tell when they are shown
    seen = []
    shifted = metrics.trained._shifted
    monkeypatch.setattr(metrics.trained, "_shifted", lambda x, chance: seen.append(x.max()) or shifted(x, chance))
    monkeypatch.setattr(metrics.trained, "_split", lambda *_: (training, held))
    with pytest.warns(UserWarning, match="hardly better than guessing"):
        metrics.trained_features(x, labels, shown=300)
    assert len(seen) > 5 and max(seen) == -0.5


def test_labels_that_mean_nothing_are_noticed():
    x = pictures(100)[0].float() / 127.5 - 1
    labels = torch.randint(0, 2, (100,), generator=torch.Generator().manual_seed(1))
    with pytest.warns(UserWarning, match="hardly better than guessing: .* of 2. held-out images"):
        metrics.trained_features(x, labels, shown=400)


def test_images_and_labels_that_do_not_fit_get_a_sentence():
    x = torch.zeros(40, 1, 28, 28) - 1
    y = torch.arange(40) % 2
    for call, kind, text in (
        (lambda: metrics.trained_features(x), TypeError, "labels are missing"),
        (lambda: metrics.trained_features(x, y[:30]), ValueError, r"labels has shape \(30,\); expected \(40,\)"),
        (lambda: metrics.trained_features(x, y * 0.5), TypeError, "labels must be whole numbers"),
        (lambda: metrics.trained_features(x, ["cat"] * 40), TypeError, "labels must be whole numbers"),
        (
            lambda: metrics.trained_features(x, y * 0),
            ValueError,
            "All 40 images are of one class, '0', .*random_features",
        ),
        (
            lambda: metrics.trained_features(x, (torch.arange(40) > 36).long()),
            ValueError,
            r"1 of 2 .*than 10 images \(1 3",
        ),
        (lambda: metrics.trained_features(x, y, ["cat"]), ValueError, "labels run from 0 to 1; expected 0 to 0"),
        (lambda: metrics.trained_features(x, y - 1, ["a", "b"]), ValueError, "labels run from -1"),
        (lambda: metrics.trained_features(x, y, "ab"), TypeError, "classes must be a list of names; got 'ab'"),
        (
            lambda: metrics.trained_features(x[:, :, :20, :20], y),
            ValueError,
            r"S one of 28, 32, 64, 128; got \(1, 20, 20\)",
        ),
        (lambda: metrics.trained_features(x.flatten(1), y), ValueError, r"\(40, 784\); expected \(N, C, S, S\)"),
        (lambda: metrics.trained_features(x * 9, y), ValueError, r"40 of 40 images leave \[-1, 1\]"),
        (lambda: metrics.trained_features({}, y), TypeError, "images must be a tensor"),
        (lambda: metrics.trained_features(x, y, seed="a"), TypeError, "seed must be a whole number"),
        (lambda: metrics.trained_features(x, y, shown=0), ValueError, "shown must be a whole number from 1"),
    ):
        with pytest.raises(kind, match=text):
            call()


def test_the_number_of_features_follows_that_of_the_images():
    assert [metrics.trained._fitting(n) for n in (20, 60, 95, 96, 191, 192, 383, 384, 10_000)] == [
        8, 8, 8, 16, 16, 32, 32, 64, 64,
    ]  # fmt: skip


# ---------------------------------------------------------------- reports


def test_a_report_names_the_classes_that_are_missing(bars, trained):
    reference = metrics.Reference(trained, bars)
    assert repr(reference) == "Reference('bars/', 120 real images)"
    new = image_set(80, seed=2)
    fair, half = reference.report(new), reference.report(new.tensor()[new.labels == 0])
    assert fair.classes == 2 and fair.missing == ()
    assert half.classes == 1 and half.missing == ("level",) and half.frechet > 5 * half.floor
    assert "1   of 2 hold more than 10 % of the generated images; not level" in repr(half)
    assert "80 generated against 120 real images, bars/ features" in repr(fair)
    assert "Few images" not in repr(fair)


def test_a_class_counts_by_its_share_of_the_data():
    """5 % of the pictures are of a rare class: a generator that makes as many of it does not lack it."""
    features = metrics.classifiers.known("mnist")
    uneven = metrics.extractors.Features(
        name="uneven", shape=features.shape, dim=64, on=features.on, classes=features.classes,
        shares=(0.01, 0.19, *[0.1] * 8),
    )  # fmt: skip
    digits = data.images("mnist", "test")
    x, zeros = digits.tensor(), digits.labels == 0
    few = torch.cat([x[zeros][:2], x[~zeros][:250]])
    report = metrics.Reference(uneven, x[:300]).report(few)
    assert report.classes == 10 and "10   of 10 are generated more than a fifth as often as in the data" in repr(report)
    assert metrics.Reference("mnist", x[:300]).report(few).missing == ("0",)


def test_without_classes_a_report_says_nothing_of_them(bars):
    report = metrics.Reference(metrics.random_features(bars.shape, dim=8), bars).report(bars)
    assert report.classes is None and "classes" not in repr(report)


def test_few_images_for_many_features_are_noticed(bars):
    with pytest.warns(
        UserWarning, match="Few images: 120 for 128 features.*look at the kernel distance and recall"
    ) as warned:
        reference = metrics.Reference(metrics.random_features(bars.shape, dim=128), bars)
    assert warned[0].filename == __file__
    assert "Few images: 120 for 128" in repr(reference.report(bars))
    enough = metrics.Reference(metrics.random_features(bars.shape, dim=16), bars)
    assert "Few images: 16 for 16 features" in repr(enough.report(bars.tensor()[:16]))
    assert "Few images" not in repr(enough.report(bars.tensor()[:17]))


def test_the_floor_is_right_with_a_few_more_images_than_features_and_too_low_with_fewer():
    """What `Reference` warns of, and what it doesn't: here the features are the pixels, all of them normal numbers."""

    def ratio(n, dim):
        chance = torch.Generator().manual_seed(0)
        as_they_are = metrics.Features(name="pixels", shape=(1, 1, dim), dim=dim, on=lambda _: torch.nn.Flatten())
        images = (torch.randn(9, n, 1, 1, dim, generator=chance) / 6).clamp(-1, 1)
        reference = metrics.Reference(as_they_are, images[0])
        return reference.floor() / np.mean([reference.frechet(x) for x in images[1:]])

    assert 0.9 < ratio(48, 32) < 1.1
    with pytest.warns(UserWarning, match="Few images"):
        assert ratio(24, 32) < 0.87


def test_the_scatter_of_the_kernel_distance_is_that_of_new_pictures():
    random = metrics.random_features((1, 28, 28), dim=16)
    x = data.images("mnist").tensor()
    reference = metrics.Reference(random, x[:400])
    new = random(x[400:1900]).split(100)
    measured = np.sqrt(np.mean([metrics.kernel_distance(reference.features, part) ** 2 for part in new]))
    assert 0.4 < reference.scatter(100, splits=20) / measured < 2.5
    assert reference.scatter(100) > 1.5 * reference.scatter(400)


# ---------------------------------------------------------------- copies


def test_the_copy_audit_works_in_features_of_colour_pictures():
    training, held_out, new = (image_set(100, side=64, seed=seed).tensor() for seed in (0, 1, 2))
    random = metrics.random_features((3, 64, 64), dim=16)
    noisy = (training[:40] + 0.05 * torch.randn(40, 3, 64, 64, generator=torch.Generator().manual_seed(3))).clamp(-1, 1)
    thief = metrics.copy_audit(random(noisy), random(training), random(held_out))
    assert thief.share > 0.9 and (thief.index == torch.arange(40)).double().mean() > 0.9
    fair = metrics.copy_audit(random(new), random(training), random(held_out))
    assert 0.3 < fair.share < 0.7
    found = metrics.nearest(training[:5], training, k=2)
    assert torch.equal(found.index[:, 0], torch.arange(5)) and (found.distance[:, 0] == 0).all()


# ---------------------------------------------------------------- a folder


def test_from_a_folder_to_a_report(tmp_path):
    x, y = pictures(60, side=40, seed=3)
    for i, (image, kind) in enumerate(zip(x, y.tolist(), strict=True)):
        place = tmp_path / "mine" / ("upright", "level")[kind]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.movedim(0, 2).numpy()).save(place / f"{i}.png")
    mine = data.folder(tmp_path / "mine", size=32, cache=tmp_path / "cache", progress=False)
    features = metrics.trained_features(mine, shown=1000)
    assert features.name == "mine/" and features.classes == ("level", "upright") and features.dim == 8
    report = metrics.Reference(features, mine).report(mine.tensor()[mine.labels == 1])
    assert report.missing == ("level",)


# ---------------------------------------------------------------- Inception


def weights(values=None):
    """Weights of Inception that take no room: one number, repeated."""
    with torch.device("meta"):
        state = inception.Inception().state_dict()
    one = torch.tensor([0.01 if values is None else values])
    return {k: one.expand(v.shape) if v.is_floating_point() else torch.tensor(0) for k, v in state.items()}


def test_the_net_of_inception_has_the_names_and_shapes_of_torch_fidelity():
    """Of FeatureExtractorInceptionV3 in torch-fidelity 0.4, whose file of weights is read."""
    listed = sorted((k, tuple(v.shape)) for k, v in weights().items())
    assert len(listed) == 566
    assert hashlib.sha256(repr(listed).encode()).hexdigest() == (
        "d1c9a52dc8072dcb7e0b68516f97ca745d703c7a19a5e36e1037e47adfdb0487"
    )


def test_the_net_of_inception_computes_what_torch_fidelity_computes():
    """The numbers below are those of FeatureExtractorInceptionV3 in torch-fidelity 0.4 with these weights, after the
    enlargement of torchmetrics' NoTrainInceptionV3."""
    with torch.random.fork_rng([]):
        net = inception.Inception().eval().requires_grad_(False)
    for k, (name, v) in enumerate(sorted(net.state_dict().items())):
        if not v.is_floating_point():
            continue
        wave = torch.sin(torch.arange(v.numel(), dtype=torch.float64) * 0.7 + k)
        if name.endswith(("running_var", "bn.weight")):
            wave = 1 + 0.3 * wave
        elif v.ndim == 4:
            wave = wave * (2 / v[0].numel()) ** 0.5 * 1.4
        else:
            wave = 0.1 * wave
        v.copy_(wave.reshape(v.shape))
    y, x = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing="ij")
    picture = torch.stack([torch.sin(3 * x + k) * torch.cos(2 * y * (k + 1)) for k in range(3)])[None]
    found = net(picture)[0]
    assert found.shape == (2048,)
    wanted = torch.tensor([10094.75, 793399.5625, 0.0, 1195.995, 80815.88281, 21513.7207, 85606.4375])
    torch.testing.assert_close(found[::300], wanted, rtol=2e-3, atol=100.0)
    assert found.mean() == pytest.approx(122456.53, rel=2e-3) and found.std() == pytest.approx(391052.81, rel=2e-3)


def test_weights_of_inception_are_read_from_a_file(tmp_path):
    torch.save(weights(), tmp_path / "weights.pth")
    with pytest.warns(UserWarning, match="isn't the file of the original weights .* no FID"):
        features = metrics.inception_features(tmp_path / "weights.pth", (1, 28, 28))
    assert features.dim == 2048 and features.shape == (1, 28, 28) and features.name == "Inception (other weights)"
    found = features(torch.zeros(2, 1, 28, 28) - 1)
    assert found.shape == (2, 2048) and found.isfinite().all() and not found.requires_grad
    with pytest.raises(ValueError, match=r"expected \(N, 1, 28, 28\)"):
        features(torch.zeros(2, 3, 28, 28))


def test_the_right_file_is_known_by_its_checksum(tmp_path, monkeypatch, recwarn):
    torch.save(weights(), tmp_path / "weights.pth")
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256((tmp_path / "weights.pth").read_bytes()).hexdigest())
    assert metrics.inception_features(tmp_path / "weights.pth").name == "Inception"
    assert not recwarn.list


class Evil:
    def __reduce__(self):
        return exec, ("import builtins; builtins.harm = True",)


def test_files_that_are_no_such_weights_are_refused_with_what_to_do(tmp_path):
    import builtins

    bad = weights()
    bad["fc.weight"] = bad["fc.weight"][:1000]
    less = weights()
    del less["Mixed_7c.branch_pool.bn.bias"]
    torch.save(weights(), tmp_path / "whole")
    cut = (tmp_path / "whole").read_bytes()[:-2000]
    with open(tmp_path / "evil", "wb") as file:
        pickle.dump({"fc.weight": Evil()}, file, protocol=2)
    for name, content, why in (
        ("missing", None, "No such file"),
        ("evil", None, "damaged, or no file of weights alone"),
        ("cut", cut, "damaged, or no file of weights alone"),
        ("empty", b"", "damaged, or no file of weights alone"),
        ("page", b"<html>404</html>", "damaged, or no file of weights alone"),
        ("list", [torch.zeros(2)], "no table of tensors"),
        ("classes", bad, "weights are of another net: size mismatch for fc.weight"),
        ("less", less, "weights are of another net: Missing key.*branch_pool.bn.bias"),
        ("nan", weights(float("nan")), "NaN or infinite"),
    ):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            torch.save(content, path)
        with pytest.raises(RuntimeError, match=f"can't be read from .*{why}.*: get weights-inception.* from https://"):
            metrics.inception_features(path)
    with pytest.raises(RuntimeError, match="can't be read"):
        metrics.inception_features(tmp_path)
    with pytest.raises(RuntimeError, match="there is no home folder ~nobody-here"):
        metrics.inception_features("~nobody-here/weights")
    assert not hasattr(builtins, "harm")
    for shape in (64, (3, 64, 32), (4, 64, 64)):
        with pytest.raises(ValueError, match=r"shape must be \(1, S, S\) or \(3, S, S\)"):
            metrics.inception_features(tmp_path / "whole", shape)


def test_feature_nets_of_every_shape_end_in_the_features_asked_for():
    for shape in SHAPES:
        net = nets.FeatureNet(shape=shape, classes=3, num_features=5).eval()
        found = net(torch.zeros(2, *shape))
        assert found.shape == (2, 5) and net.head(found).shape == (2, 3)
    assert nets.FeatureNet().num_features == 64

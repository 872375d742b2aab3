"""The classifiers that measure images: their files, their accuracy, and the measures built on them."""

import dataclasses
import shutil

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torchmetrics.image.fid import FrechetInceptionDistance

from gan_edu import metrics, models
from gan_edu.data import images

NAMES = ("mnist", "fashion_mnist")


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def real(name):
    return images(name).tensor()[:2000]


@pytest.fixture(scope="module")
def other(name):
    return images(name).tensor()[2000:4000]


@pytest.fixture(scope="module")
def reference(name, real):
    return metrics.Reference(name, real)


def facts(name):
    return models.read(f"{name}_classifier")[1]


# ---------------------------------------------------------------- the files


def test_accuracy_on_the_embedded_test_images_is_that_of_the_card(name):
    test = images(name, "test")
    probabilities = metrics.classify(test.tensor(), name)
    assert probabilities.shape == (len(test), 10)
    assert torch.allclose(probabilities.sum(1), torch.ones(len(test)), atol=1e-5)
    accuracy = (probabilities.argmax(1) == test.labels).double().mean()
    promised = float(facts(name)["test_accuracy"])
    assert promised >= {"mnist": 0.992, "fashion_mnist": 0.915}[name]
    assert accuracy >= promised - 0.02
    card = (models.FOLDER / "CARD_classifiers.md").read_text(encoding="utf-8")
    assert f"Test accuracy {promised:.2%}" in card.split(f"## {name}")[1].split("\n## ")[0]


def test_weights_are_small_frozen_and_shared(name):
    assert models.path(f"{name}_classifier").stat().st_size < 1_000_000
    net = metrics.classifier(name)
    assert net is metrics.classifier(name)
    assert not net.training and not any(p.requires_grad for p in net.parameters())
    assert facts(name)["data"] == name


def test_features_have_variance_one_over_training_images(reference):
    assert reference.features.shape == (2000, 64)
    variances = reference.features.var(dim=0)
    assert variances.mean() == pytest.approx(1, abs=0.05)
    assert variances.min() > 0.7 and variances.max() < 1.3


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A copy of the folder of models that a test may spoil."""
    shutil.copytree(models.FOLDER, tmp_path / "models")
    monkeypatch.setattr(models, "FOLDER", tmp_path / "models")
    metrics.classifiers._classifier.cache_clear()
    yield tmp_path / "models"
    metrics.classifiers._classifier.cache_clear()


@pytest.mark.parametrize("left", [0, 7, 100, 400_000])
def test_a_truncated_file_is_found_and_named(elsewhere, left):
    path = elsewhere / "mnist_classifier.safetensors"
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(RuntimeError, match=r"mnist_classifier\.safetensors can't be used"):
        metrics.classifier("mnist")
    metrics.classifier("fashion_mnist")  # the other one is as good as before


def test_a_changed_byte_is_found(elsewhere):
    path = elsewhere / "mnist_classifier.safetensors"
    data = bytearray(path.read_bytes())
    data[-1000] ^= 1
    path.write_bytes(data)
    with pytest.raises(RuntimeError, match="mnist_classifier.safetensors can't be used .*checksum"):
        metrics.classifier("mnist")


def test_weights_of_another_net_are_refused(elsewhere):
    path = elsewhere / "mnist_classifier.safetensors"
    weights = load_file(path)
    weights["head.2.weight"] = weights["head.2.weight"][:9].clone()
    save_file(weights, path, {"sha256": models.checksum(weights)})
    with pytest.raises(RuntimeError, match="mnist_classifier.safetensors can't be used .*size mismatch"):
        metrics.classifier("mnist")


def test_unknown_names_list_what_exists():
    x = torch.zeros(2, 784) - 1
    for name, words in [
        ("fashion-mnist", "'fashion-mnist'; there are: mnist, fashion_mnist. Did you mean 'fashion_mnist'"),
        ("../models/mnist_gan", "no classifier '../models/mnist_gan'; there are: mnist, fashion_mnist"),
        (7, "no classifier 7"),
    ]:
        with pytest.raises(ValueError, match=words):
            metrics.features(x, name)
    with pytest.raises(ValueError, match="no 'cuda:99'"):
        metrics.classifier("mnist", "cuda:99")
    with pytest.raises(ValueError, match="batch must be a whole number from 1; got 0"):
        metrics.features(x, "mnist", batch=0)
    with pytest.raises(TypeError, match="images must be a tensor or an array of numbers; got a dict"):
        metrics.features({}, "mnist")


# ---------------------------------------------------------------- features


def test_flat_images_batches_and_order_change_nothing(name, real):
    x = real[:100]
    expected = metrics.features(x, name)
    assert expected.dtype == torch.float32 and not expected.requires_grad
    for same in (
        metrics.features(x.flatten(1), name),
        metrics.features(x, name, batch=7),
        metrics.features(x.double(), name),
        metrics.features(x.flip(0), name).flip(0),
    ):
        assert torch.allclose(same, expected, atol=1e-4)


def test_features_can_be_trained_on(real, name):
    layer = torch.nn.Linear(64, 1)
    layer(metrics.features(real[:10], name)).sum().backward()
    assert layer.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(5, 28, 28), r"images has shape \(5, 28, 28\); expected \(N, 1, 28, 28\) or \(N, 784\)"),
        (torch.zeros(5, 3, 28, 28), "images has shape"),
        (torch.zeros(0, 784), "images holds no image"),
        (torch.zeros(5, 784, dtype=torch.uint8), r"torch.uint8 numbers; expected floats in \[-1, 1\]"),
        (torch.tensor([0.0, float("nan"), float("inf")])[:, None].expand(3, 784), "2 of 3 images hold NaN or infinite"),
        (torch.tensor([0.0, 255.0, 9.0])[:, None].expand(3, 784), r"2 of 3 images leave \[-1, 1\].* from 0 to 255"),
        (torch.full((4, 784), -1.2), r"4 of 4 images leave \[-1, 1\].*from -1.2 to -1.2"),
    ],
)
def test_images_that_cannot_be_measured_are_explained(images, message):
    with pytest.raises(ValueError, match=message):
        metrics.features(images, "mnist")


def test_images_in_zero_to_one_are_noticed(real, name):
    with pytest.warns(UserWarning, match="rescale them by 2 x - 1"):
        metrics.features((real[:5] + 1) / 2, name)


# ---------------------------------------------------------------- reports


def test_frechet_of_images_equals_torchmetrics(name, reference, real, other):
    metric = FrechetInceptionDistance(feature=metrics.classifier(name), normalize=True, input_img_size=(1, 28, 28))
    for part in real.split(500):
        metric.update(part, real=True)
    blurred = F.avg_pool2d(other, 3, stride=1, padding=1, count_include_pad=False)
    for part in blurred.split(500):
        metric.update(part, real=False)
    ours = reference.frechet(blurred)
    assert ours == pytest.approx(metric.compute().item(), rel=1e-5)
    assert ours == pytest.approx(metrics.frechet_distance(reference.features, metrics.features(blurred, name)))


def test_real_images_score_about_the_floor(name, reference, real, other):
    floor = reference.floor()
    assert reference.floor() == floor != reference.floor(seed=1)
    assert 0.5 * floor < reference.frechet(other) < 2 * floor
    few = [reference.frechet(other[start : start + 250]) for start in range(0, 2000, 250)]
    assert reference.floor(250) == pytest.approx(sum(few) / len(few), rel=0.4)
    assert reference.floor(250) > 3 * floor  # by the law 4.5 times: 1/250 + 1/2000 against 2/2000


def test_the_report_of_real_images_and_of_failures(name, reference, real, other):
    good = reference.report(other)
    assert good.frechet < 2 * good.floor and abs(good.kernel) < 0.02
    assert good.classes == 10
    assert good.density == pytest.approx(1, abs=0.1)
    assert good.coverage == pytest.approx(metrics.expected_coverage(2000, 2000), abs=0.04)
    assert good == metrics.image_report(other, real, name)

    labels = images(name).labels[2000:4000]
    missing = reference.report(other[labels < 7])
    assert missing.classes <= 8 and missing.frechet > 10 * missing.floor and missing.recall < good.recall - 0.05

    blurred = reference.report(F.avg_pool2d(other, 3, stride=1, padding=1, count_include_pad=False))
    noisy = reference.report(
        (other + 0.3 * torch.randn(other.shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)
    )
    for bad in (blurred, noisy):
        assert bad.frechet > 5 * bad.floor and bad.kernel > 0.05 and bad.coverage < good.coverage - 0.2

    copies = reference.report(other[:100].repeat(20, 1, 1, 1))
    assert copies.recall < 0.1 and copies.coverage < 0.5 and copies.precision > 0.5

    mean = reference.report(other.mean(0, keepdim=True).expand(100, 1, 28, 28))
    assert mean.classes == 1 and mean.frechet > 30 and mean.coverage < 0.02


def test_a_report_prints_its_numbers(reference):
    report = metrics.ImageReport(
        name="mnist", n_fake=2000, n_real=10_000, frechet=12.345, floor=0.0912, kernel=0.01234,
        precision=0.5, recall=0.25, density=0.75, coverage=0.125, classes=9,
    )  # fmt: skip
    text = repr(report).splitlines()
    assert text[0] == "2,000 generated against 10,000 real images, mnist features"
    assert text[1].split() == "Fréchet distance 12.35 real against real: 0.09".split()
    assert text[6].split() == "coverage 0.125 equal distributions: 0.598".split()
    assert text[7].split()[:2] == ["classes", "9"]
    assert repr(dataclasses.replace(report)) == repr(report)
    assert repr(reference) == f"Reference({reference.name!r}, 2,000 real images)"


def test_too_few_images_and_impossible_floors_are_refused(name, reference, real):
    with pytest.raises(ValueError, match="images holds 5 sample"):
        metrics.Reference(name, real[:5])
    with pytest.raises(ValueError, match="fake holds 1 sample"):
        reference.frechet(real[:1])
    with pytest.raises(ValueError, match="fake holds 3 sample"):
        reference.report(real[:3])
    with pytest.raises(ValueError, match="n must be a whole number from 2; got 1"):
        reference.floor(1)
    with pytest.raises(ValueError, match="splits must be a whole number from 1; got 0"):
        reference.floor(splits=0)

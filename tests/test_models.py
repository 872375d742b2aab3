"""The finished models: their files, what they make, and what their card says of them."""

import shutil

import pytest
import torch

from gan_edu import metrics, models, training
from gan_edu.data import images
from gan_edu.nets import VAE
from gan_edu.widgets import LatentSpace

ALL = [(name, kind) for name in models.NAMES for kind in models.KINDS]


def made(name, kind, n=1000):
    """n images (n, 1, 28, 28) in [-1, 1], and the classes asked for, or None."""
    model, g = models.load(name, kind), torch.Generator().manual_seed(5)
    if kind == "vae":
        return model.decode(torch.randn(n, model.latent_dim, generator=g)).sigmoid() * 2 - 1, None
    rows = model(torch.randn(n, model.noise_dim, generator=g))
    return (rows, None) if kind == "gan" else (rows[:, :784].reshape(-1, 1, 28, 28), rows[:, 784:].argmax(1))


@pytest.mark.parametrize(("name", "kind"), ALL)
def test_a_finished_model_is_as_good_as_its_card_says(name, kind):
    line = next(
        line for line in (models.FOLDER / "CARD.md").read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| {name} | {kind} |")
    )  # fmt: skip
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    promised, classes, right = float(cells[2]), int(cells[8]), cells[9]
    samples, asked = made(name, kind)
    assert samples.shape == (1000, 1, 28, 28) and samples.abs().max() <= 1
    report = metrics.Reference(name, images(name, "test").tensor()).report(samples)
    # 1,000 samples against 2,000 images score more than 10,000 against 10,000: by what real images score there
    assert 0.5 * promised < report.frechet < 1.5 * promised + 3 * report.floor
    assert report.classes == classes == 10
    if asked is not None:
        share = (metrics.classify(samples, name).argmax(1) == asked).float().mean().item()
        assert share == pytest.approx(float(right.strip("%")) / 100, abs=0.04) and share > 0.85


@pytest.mark.parametrize(("name", "kind"), ALL)
def test_a_finished_model_is_small_frozen_and_opens_without_touching_the_stream(name, kind):
    assert models.path(name, kind).stat().st_size < 1.5e6
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    model = models.load(name, kind)
    assert torch.equal(torch.rand(1), expected)
    assert not model.training and not any(p.requires_grad for p in model.parameters())
    _, facts = training.read_safetensors(models.path(name, kind))
    assert facts["name"] == name and facts["kind"] == kind and facts["seed"] == "0"


def test_all_files_belong_to_a_model():
    assert {path.name for path in models.FOLDER.glob("*.safetensors")} == {models.path(*which).name for which in ALL}


def test_a_conditional_model_makes_what_is_asked_for():
    model = models.load("mnist", "conditional_gan")
    rows = model(model.noise_for(torch.full((200,), 7)))
    assert (rows[:, 784:].argmax(1) == 7).all()
    assert (metrics.classify(rows[:, :784], "mnist").argmax(1) == 7).float().mean() > 0.85


@pytest.mark.parametrize("kind", ["gan", "vae"])
def test_the_widget_of_latent_spaces_opens_them(kind):
    widget = LatentSpace(models.load("fashion_mnist", kind), data="fashion_mnist", device="cpu")
    try:
        assert widget.view.message == "" and repr(widget) == "LatentSpace(your own net, fashion_mnist, step 0)"
    finally:
        widget.close()


def test_unknown_and_damaged_models_are_named(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="no finished models of 'cifar'; there are models of: mnist, fashion_mnist"):
        models.load("cifar", "gan")
    with pytest.raises(ValueError, match="no finished model 'diffusion'; there are: gan, conditional_gan, vae"):
        models.load("mnist", "diffusion")
    monkeypatch.setattr(models, "FOLDER", tmp_path)
    with pytest.raises(RuntimeError, match="mnist_gan.safetensors can't be used .*install again"):
        models.load("mnist", "gan")
    monkeypatch.undo()
    shutil.copytree(models.FOLDER, tmp_path / "models")
    monkeypatch.setattr(models, "FOLDER", tmp_path / "models")
    file = models.path("mnist", "vae")
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)
    with pytest.raises(RuntimeError, match="don't match its checksum"):
        models.load("mnist", "vae")
    file.write_bytes(bytes(content[:-1000]))
    with pytest.raises(RuntimeError, match="mnist_vae.safetensors can't be used"):
        models.load("mnist", "vae")
    assert isinstance(models.net("vae"), VAE)

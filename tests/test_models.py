"""The finished models: their files, what they make, and what their card says of them."""

import shutil

import pytest
import torch
from safetensors.torch import save_file

from gan_edu import metrics, models
from gan_edu.data import faces, images
from gan_edu.nets import VAE
from gan_edu.widgets import LatentSpace

ALL = [(name, kind) for name in models.NAMES for kind in models.KINDS if kind != "classifier"]


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
    assert models.path(f"{name}_{kind}").stat().st_size < 1.5e6
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    model = models.load(name, kind)
    assert torch.equal(torch.rand(1), expected)
    assert not model.training and not any(p.requires_grad for p in model.parameters())
    _, facts = models.read(f"{name}_{kind}")
    assert facts["name"] == name and facts["kind"] == kind and facts["seed"] == "0"


def test_all_files_belong_to_a_model():
    assert {path.stem for path in models.FOLDER.glob("*.safetensors")} == set(models.FINISHED)
    here = {path.resolve() for path in models.FOLDER.parent.rglob("*.safetensors")}
    assert here == {models.path(entry).resolve() for entry in models.FINISHED}  # one folder


def test_the_generator_of_faces_draws_faces():
    generator, _ = models.read("faces_gan")
    made = generator(torch.randn(300, generator.noise_dim, generator=torch.Generator().manual_seed(5)))
    assert made.shape == (300, 3, 64, 64) and made.abs().max() <= 1 and made.std(0).mean() > 0.2
    assert models.path("faces_gan").stat().st_size < 3e5
    drawn = faces(1000, size=64, seed=1)
    reference = metrics.Reference(metrics.random_features((3, 64, 64), dim=16), drawn)
    noise = torch.rand(300, 3, 64, 64) * 2 - 1
    assert reference.frechet(made) < reference.frechet(noise) / 20


@pytest.mark.parametrize("entry", models.FINISHED)
def test_every_file_opens_is_whole_and_carries_its_facts(entry):
    model, facts = models.read(entry)
    assert not model.training and not any(p.requires_grad for p in model.parameters())
    assert all(p.dtype == torch.float32 and p.isfinite().all() for p in model.parameters())
    assert {"sha256", "seed", "seconds", "torch", "version"} <= facts.keys()


@pytest.mark.parametrize("name", ["../models/mnist", "mnist/../mnist", "/etc/passwd", "", "Mnist", None, 7, ["mnist"]])
def test_no_name_leads_out_of_the_folder(name, monkeypatch):
    monkeypatch.setattr(models, "safe_open", lambda *a, **k: pytest.fail("a file was opened"))
    calls = [
        lambda: models.load(name, "gan"),
        lambda: models.load("mnist", name),
        lambda: models.load_latent(name),
        lambda: models.read(name),
        lambda: metrics.classifier(name),
        lambda: models.net(name),
    ]
    for call in calls:
        with pytest.raises(
            ValueError, match="^There (is|are) no (finished models?|classifier) .*; there are: "
        ) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_the_nearest_name_is_proposed():
    with pytest.raises(ValueError, match="Did you mean 'fashion_mnist'?"):
        models.load("fashion-mnist", "gan")
    with pytest.raises(ValueError, match="Did you mean 'vae-4'"):
        models.load_latent("vae4")


def test_a_classifier_on_a_device_that_is_not_there_is_a_sentence():
    if torch.cuda.is_available():
        assert next(metrics.classifier("mnist", "cuda").parameters()).is_cuda
        return
    with pytest.raises(ValueError, match="This machine has no 'cuda' device"):
        metrics.classifier("mnist", "cuda")


@pytest.mark.parametrize("entry", ["mnist_gan", "mnist_classifier", "latent_vae-1"])
def test_every_kind_of_damage_is_one_sentence(entry, tmp_path, monkeypatch):
    whole = models.path(entry).read_bytes()
    monkeypatch.setattr(models, "FOLDER", tmp_path)
    spoilt = {
        "empty": b"", "head only": whole[:8], "cut": whole[:-7], "longer": whole + b"x", "text": b"no weights here",
        "a bit": whole[:-50] + bytes([whole[-50] ^ 1]) + whole[-49:], "missing": None,
    }  # fmt: skip
    for how, content in spoilt.items():
        models.path(entry).unlink(missing_ok=True)
        if content is not None:
            models.path(entry).write_bytes(content)
        with pytest.raises(
            RuntimeError, match=rf"^The finished model {entry}\.safetensors can't be used \(.+\): install"
        ):
            models.read(entry)
            pytest.fail(how)


@pytest.mark.parametrize(
    ("spoil", "facts", "says"),
    [
        (lambda x: x.bfloat16(), {}, "BFloat16"),
        (lambda x: x * float("nan"), {}, "NaN or infinite"),
        (lambda x: x, {"steps": ""}, "how many steps"),
        (lambda x: x, {"steps": "many"}, "how many steps"),
    ],
)
def test_whole_files_of_what_can_not_be_used_are_one_sentence(tmp_path, monkeypatch, spoil, facts, says):
    net, known = models.load_latent("vae-1")
    weights = {name: spoil(tensor) for name, tensor in net.state_dict().items()}
    monkeypatch.setattr(models, "FOLDER", tmp_path)
    dtype = next(iter(weights.values())).dtype
    sha = known["sha256"] if dtype == torch.bfloat16 else models.checksum(weights)
    save_file(weights, models.path("latent_vae-1"), {**known, "sha256": sha, **facts})
    with pytest.raises(RuntimeError, match=f"latent_vae-1.safetensors can't be used .*{says}.*: install again"):
        models.load_latent("vae-1")
    widget = LatentSpace(device="cpu")
    assert says in widget.view.message and widget.step_number == 0
    widget.close()


def test_a_kind_that_does_not_exist_is_no_vae():
    with pytest.raises(ValueError, match="Did you mean 'gan'"):
        models.latent_net("gna")


def test_weights_of_another_net_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "FOLDER", tmp_path)
    weights = {"layer.weight": torch.zeros(2, 2)}
    save_file(weights, models.path("mnist_vae"), {"sha256": models.checksum(weights)})
    with pytest.raises(RuntimeError, match="mnist_vae.safetensors can't be used .*Missing key"):
        models.load("mnist", "vae")


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
    with pytest.raises(ValueError, match="no finished models of 'cifar'; there are: mnist, fashion_mnist"):
        models.load("cifar", "gan")
    with pytest.raises(
        ValueError, match="no finished model 'diffusion'; there are: gan, conditional_gan, vae, classifier"
    ):
        models.load("mnist", "diffusion")
    monkeypatch.setattr(models, "FOLDER", tmp_path)
    with pytest.raises(RuntimeError, match="mnist_gan.safetensors can't be used .*install again"):
        models.load("mnist", "gan")
    monkeypatch.undo()
    shutil.copytree(models.FOLDER, tmp_path / "models")
    monkeypatch.setattr(models, "FOLDER", tmp_path / "models")
    file = models.path("mnist_vae")
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)
    with pytest.raises(RuntimeError, match="don't match its checksum"):
        models.load("mnist", "vae")
    file.write_bytes(bytes(content[:-1000]))
    with pytest.raises(RuntimeError, match="mnist_vae.safetensors can't be used"):
        models.load("mnist", "vae")
    assert isinstance(models.net("vae"), VAE)

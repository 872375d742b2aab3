"""What belongs on a GPU stays there, on a computer without one: see pretended_gpu.py for the device.

With GAN_EDU_REAL_GPU=1 the same tests run on a real one.
"""

import contextlib
import os

import numpy as np
import pytest
import torch
from pretended_gpu import GPU, pretended_gpu
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from gan_edu import data, device, ensemble, latent, metrics, models, nets, objectives, plotting
from gan_edu.augmentation import Augment
from gan_edu.recorder import PlaneLook, Recorder
from gan_edu.training import GAN, VAE, run, sources, train
from gan_edu.widgets import DiscriminatorSurface, LatentSpace, ModeCollapse

RING = data.toy.ring()


@pytest.fixture(autouse=True)
def gpu(monkeypatch):
    monkeypatch.delenv("GAN_EDU_DEVICE", raising=False)
    real = os.environ.get("GAN_EDU_REAL_GPU")
    with device.threads(1), contextlib.nullcontext() if real else pretended_gpu(monkeypatch):
        yield


def generator():
    return nets.mlp([2, 16, 2])


def discriminator():
    return nets.mlp([2, 16, 1])


def make_gan(seed=0, **settings):
    return GAN(*ensemble.single_nets(generator, discriminator, seed), seed=seed, **{"lr": 1e-3} | settings)


def elsewhere(model):
    """Names of a model's tensors that aren't on its device: weights, buffers, gradients, what optimisers keep."""
    found = {}
    for name, net in model.nets.items():
        tensors = [*net.named_parameters(), *net.named_buffers()]
        found |= {f"{name}.{key}": tensor for key, tensor in tensors}
        found |= {f"{name}.{key}.grad": tensor.grad for key, tensor in tensors if tensor.grad is not None}
    for name, optimizer in model.optimizers.items():
        for i, slots in enumerate(optimizer.state.values()):
            found |= {f"{name}.{i}.{slot}": value for slot, value in slots.items() if value.ndim}
    return [name for name, tensor in found.items() if tensor.device.type != model.device.type]


def weights(net):
    return torch.cat([parameter.detach().cpu().flatten() for parameter in net.parameters()])


# --- the device, pretended or real


def test_the_device_is_strict():
    there, here = torch.ones(3, device="cuda"), torch.ones(3)
    assert there.device == GPU and (there + there).device == GPU and (there * torch.tensor(2.0)).device == GPU
    for mix in (lambda: there + here, lambda: torch.cat([there, here]), lambda: torch.stack([there[0], here[0]])):
        with pytest.raises(RuntimeError, match="same device"):
            mix()
    with pytest.raises(RuntimeError, match="same device"):
        here[torch.tensor([0], device="cuda")]
    for read in (np.asarray, lambda tensor: tensor.numpy()):
        with pytest.raises(TypeError, match="Use Tensor.cpu"):
            read(there)
    with pytest.raises(RuntimeError, match="for generator but found 'cpu"):
        torch.randn(2, device="cuda", generator=torch.Generator())
    with pytest.raises(RuntimeError, match="for generator but found 'cuda"):
        torch.randn(2, generator=torch.Generator("cuda"))
    with pytest.raises(RuntimeError, match="wrong size"):
        torch.Generator("cuda").set_state(torch.Generator().get_state())
    with pytest.raises(RuntimeError, match="5056"):
        torch.Generator().set_state(torch.Generator("cuda").get_state())


def test_its_numbers_and_gradients_are_right():
    net = nn.Linear(3, 1)
    x = torch.randn(4, 3)
    net(x).square().sum().backward()
    wanted = net.weight.grad.clone()
    net.zero_grad()
    net.to("cuda")(x.cuda()).square().sum().backward()
    assert net.weight.grad.device == GPU and torch.allclose(net.weight.grad.cpu(), wanted, atol=1e-5)
    g = torch.Generator("cuda").manual_seed(3)
    state = g.get_state()
    first = torch.randn(5, device="cuda", generator=g)
    g.set_state(state)
    assert state.numel() == 16 and first.tolist() == torch.randn(5, device="cuda", generator=g).tolist()


# --- training

GAMES = [{"loss": loss} for loss in objectives.LOSSES]
GAMES += [{"penalties": {name: 0.1}} for name in objectives.PENALTIES]
GAMES += [
    {"loss": "relativistic", "penalties": {"r1": 1.0, "r2": 1.0}, "penalty_every": 2, "ema": 0.9},
    {"discriminator_steps": 2, "packing": 1, "ema": 0.99},
    {"unroll": 2},
    {"mixed_precision": True},
]


@pytest.mark.parametrize("settings", GAMES, ids=str)
def test_every_game_is_played_on_one_device(settings):
    gan = make_gan(**settings)
    assert gan.device.type == "cuda"
    for step in train(gan, RING, 3, batch=16, progress=False):
        assert all(value.device.type == "cuda" for value in step.values.values())
    assert elsewhere(gan) == []
    assert gan.sample(5).device.type == gan.noise(5).device.type == gan.sample(gan.noise(5).cpu()).device.type == "cuda"
    assert gan.history.columns["loss_d"].dtype == float


def test_packs_are_judged_on_one_device():
    made = ensemble.single_nets(generator, lambda: nets.mlp([4, 16, 1]), 0)
    gan = run(GAN(*made, packing=2), RING, 2, batch=16, progress=False)
    assert elsewhere(gan) == []


def test_dropout_has_its_own_stream_there():
    gan = GAN(generator(), nn.Sequential(nn.Linear(2, 8), nn.Dropout(), nn.Linear(8, 1)))
    assert elsewhere(run(gan, RING, 2, batch=16, progress=False)) == []


def own(dtype=torch.uint8):
    """Images of one's own, as `data.folder` gives them."""
    pixels = torch.arange(40 * 3 * 4 * 4).remainder(256).to(dtype).reshape(40, 4, 4, 3).permute(0, 3, 1, 2)
    return data.ImageSet("mine/", "all", pixels, torch.zeros(40, dtype=torch.int64), (".",))


def of_images():
    """Nets for them."""
    generator = nn.Sequential(nn.Linear(8, 48), nn.Tanh(), nn.Unflatten(1, (3, 4, 4)))
    return GAN(generator, nn.Sequential(nn.Flatten(), nn.Linear(48, 1)))


@pytest.mark.parametrize("whole, kept", [(2**29, 2**31), (0, 2**31), (0, 0)])
def test_images_are_trained_on_one_device_wherever_they_lie(monkeypatch, whole, kept):
    monkeypatch.setattr(sources, "WHOLE", whole)
    monkeypatch.setattr(sources, "_ON_DEVICE", kept)
    gan = run(of_images(), own(), 2, batch=8, progress=False)
    assert elsewhere(gan) == [] and sources.batches(gan, own(), 8)().device == GPU


@pytest.mark.parametrize("kind", ["Dataset", "DataLoader", "list", "on the GPU"])
def test_batches_of_the_cpu_reach_the_gpu(kind):
    x = own().tensor()
    source = {
        "Dataset": TensorDataset(x),
        "DataLoader": DataLoader(TensorDataset(x), batch_size=8, shuffle=True),
        "list": list(x.split(8)),
        "on the GPU": list(x.cuda().split(8)),
    }[kind]
    gan = run(of_images(), source, 2, batch=8, progress=False)
    assert elsewhere(gan) == [] and sources.batches(gan, source, 8)().device == GPU


CONVOLUTIONS = {
    "dcgan": (lambda: nets.DCGANGenerator(8, 4), lambda: nets.DCGANDiscriminator(4)),
    "subpixel": (lambda: nets.SubpixelGenerator(8, 4), lambda: nets.DCGANDiscriminator(4)),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions_are_trained_on_one_device(name):
    gan = GAN(*(make() for make in CONVOLUTIONS[name]), penalties={"r1": 1.0}, ema=0.9)
    images = data.images("mnist").tensor()[:64]
    run(gan, images, 2, batch=8, progress=False)
    assert elsewhere(gan) == [] and gan.sample(3).shape == (3, 1, 28, 28)


def test_conditions_are_made_on_the_nets_device():
    conditional = nets.ConditionalGenerator(nets.mlp([8 + 10, 16, 784 + 10])).to("cuda")
    noise = conditional.noise_for(torch.arange(10))
    assert noise.device == GPU and conditional(noise).device == GPU


def test_augmented_pictures_and_their_probability_stay_on_one_device():
    gan = GAN(*(make() for make in CONVOLUTIONS["dcgan"]), augment=Augment(target=0.1, images=100, p=0.5), ema=0.9)
    run(gan, data.images("mnist").tensor()[:64], 5, batch=8, progress=False)
    assert elsewhere(gan) == [] and gan.augmentation.p in (pytest.approx(0.5 - 0.32), pytest.approx(0.5 + 0.32))
    twin = gan.copy()
    assert twin.augmentation.p == gan.augmentation.p and twin.augmentation._p.device == GPU


def test_nets_for_colours_and_classes_are_trained_on_one_device():
    shape = (3, 32, 32)
    images, labels = torch.rand(32, *shape) * 2 - 1, torch.arange(32) % 3
    for generator, discriminator in (
        (nets.ConditionalDCGANGenerator(8, 3, 4, shape), nets.ProjectionDiscriminator(3, 4, shape=shape)),
        (nets.ResidualGenerator(8, 8, classes=3, shape=shape), nets.ResidualDiscriminator(8, classes=3, shape=shape)),
    ):
        pair = nets.ConditionalGenerator(generator), nets.ConditionalDiscriminator(discriminator)
        gan = GAN(*pair, penalties={"r1": 1.0})
        run(gan, nets.pairs(images, labels), 2, batch=8, progress=False)
        assert elsewhere(gan) == []


def test_codes_are_searched_for_on_the_generators_device():
    net = nets.DCGANGenerator(4, 2).to("cuda")
    found = latent.invert(net, torch.zeros(2, 1, 28, 28), steps=2, tries=5)
    assert found.z.device.type == found.images.device.type == "cpu" and found.z.isfinite().all()
    fitted = latent.fit_encoder(net, steps=2, batch=4, channels=2, progress=False)
    assert fitted.encoder(torch.zeros(2, 1, 28, 28, device="cuda")).device == GPU
    assert latent.invert(net, torch.zeros(2, 1, 28, 28), steps=1, start=fitted).z.shape == (2, 4)


def test_a_vae_is_trained_on_one_device():
    vae = VAE(nets.VAE(hidden=(16,)))
    images = data.images("mnist").tensor(low=0.0)[:64]
    run(vae, images, 2, batch=8, progress=False)
    assert elsewhere(vae) == [] and vae.sample(3).device == GPU


def spectral():
    return nn.Sequential(
        nn.utils.parametrizations.spectral_norm(nn.Linear(2, 8)), nets.MinibatchStd(), nn.LeakyReLU(), nn.Linear(9, 1)
    )


ENSEMBLES = {
    "plain": (generator, discriminator),
    "batch norm": (
        lambda: nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2)),
        discriminator,
    ),
    "spectral norm and minibatch": (generator, spectral),
    "maxout": (generator, lambda: nn.Sequential(nn.Linear(2, 8), nets.Maxout(2), nn.Linear(4, 1))),
}


@pytest.mark.parametrize("name", ENSEMBLES)
def test_ensembles_are_trained_on_one_device(name):
    gans = ensemble.gans(*ENSEMBLES[name], seeds=3, penalties={"r1": 1.0, "gradient_penalty": 1.0}, ema=0.9)
    run(gans, RING, 2, batch=16, progress=False)
    assert elsewhere(gans) == [] and gans.sample(4).shape == (3, 4, 2)
    assert {p.device.type for p in gans.generator.unstack(1).parameters()} == {"cuda"}


# --- looking


def test_samples_of_the_gpu_can_be_measured():
    points, others = torch.randn(60, 2, device="cuda"), torch.randn(60, 2, device="cuda")
    assert int(metrics.mode_coverage(RING.sample(500, 0).cuda(), RING).captured) == 8
    for measure in (metrics.frechet_distance, metrics.kernel_distance):
        assert float(measure(points, others)) == float(measure(points.cpu(), others.cpu()))
    assert metrics.precision_recall(points, others) == metrics.precision_recall(points.cpu(), others.cpu())
    assert metrics.density_coverage(points, others) == metrics.density_coverage(points.cpu(), others.cpu())
    assert metrics.classifier_two_sample_test(points, others).accuracy >= 0


def test_images_of_the_gpu_can_be_judged():
    images = data.images("mnist", "test").tensor(device="cuda")[:200]
    assert images.device == GPU
    there, here = metrics.classify(images, "mnist").cpu(), metrics.classify(images.cpu(), "mnist")
    assert torch.allclose(there, here, atol=0.02)  # real ones round more coarsely
    assert metrics.features(images, "mnist").device.type in ("cpu", "cuda")
    reference = metrics.Reference("mnist", images)
    assert reference.report(images).frechet < 0.01


@pytest.mark.parametrize("name", ["ring", "grid", "line", "two_moons", "spiral", "checkerboard", "disjoint"])
def test_toy_points_are_made_and_judged_where_one_asks(name):
    toy = data.toy.make(name)
    g = device.generator(0, "cuda")
    assert toy.sample(5, g).device.type == toy.sample(5, 0, device="cuda").device.type == "cuda"
    points = toy.sample(50, 0)
    assert toy.density(points.cuda()).device == GPU
    assert torch.allclose(toy.density(points.cuda()).cpu(), toy.density(points))


def test_finished_models_move_there():
    net = models.load("mnist", "gan").to("cuda")
    assert net(torch.randn(2, 64, device="cuda")).device == GPU


def test_pictures_take_what_lies_there():
    gan = make_gan()
    plotting.surface_2d(gan.discriminator, 3.0, real=RING.sample(20, 0).cuda(), fake=gan.sample(20))
    run(gan, RING, 3, batch=16, progress=False)
    plotting.loss_curves(gan.history)


def recorder(gan):
    return Recorder(gan, RING, PlaneLook(RING, points=50, resolution=20, coverage_samples=100), batch=16, every=5)


def test_a_run_is_recorded_rewound_and_branched_there(tmp_path):
    recorded = recorder(make_gan(penalties={"r1": 1.0})).advance(20)
    assert torch.equal(weights(recorded.rewind(20).generator), weights(recorded.model.generator))
    assert elsewhere(recorded.rewind(10)) == []
    other = recorded.branch(10, lr=1e-4).advance(5)
    assert elsewhere(other.model) == [] and other.step == 15
    opened = Recorder.open(recorded.save(tmp_path / "run.npz"), make_gan(penalties={"r1": 1.0}), RING, recorded.look)
    assert elsewhere(opened.advance(5).model) == [] and opened.step == 25


# --- from one device to the other


@pytest.mark.parametrize(("here", "there"), [("cpu", "cuda"), ("cuda", "cpu"), ("cuda", "cuda")])
def test_a_checkpoint_of_one_device_goes_on_on_the_other(here, there, tmp_path):
    first, second = (make_gan(device=where, penalties={"r1": 1.0}, ema=0.9) for where in (here, there))
    path = run(first, RING, 3, batch=16, progress=False).save(tmp_path / "gan.safetensors")
    second.load(path)
    assert second.step == 3 and second.device.type == there and elsewhere(second) == []
    for name in first.nets:
        assert torch.equal(weights(first.nets[name]), weights(second.nets[name]))
    run(second, RING, 2, batch=16, progress=False)
    assert second.step == 5 and elsewhere(second) == [] and second.history.columns["step"][-1] == 5


@pytest.mark.parametrize(("here", "there"), [("cpu", "cuda"), ("cuda", "cpu")])
def test_a_copy_can_move_to_the_other_device(here, there):
    first = run(make_gan(device=here, ema=0.9), RING, 3, batch=16, progress=False)
    second = first.copy(device=there)
    assert second.device.type == there and torch.equal(weights(first.generator), weights(second.generator))
    assert elsewhere(run(second, RING, 2, batch=16, progress=False)) == elsewhere(first) == []


def test_a_vaes_checkpoint_moves_too(tmp_path):
    images = data.images("mnist").tensor(low=0.0)[:64]
    first = run(VAE(nets.VAE(hidden=(16,)), device="cuda"), images, 2, batch=8, progress=False)
    second = VAE(nets.VAE(hidden=(16,)), device="cpu")
    second.load(first.save(tmp_path / "vae.safetensors"))
    assert run(second, images, 1, batch=8, progress=False).step == 3


def test_a_recorded_run_moves_too(tmp_path):
    recorded = recorder(make_gan(device="cuda")).advance(10)
    opened = Recorder.open(recorded.save(tmp_path / "run.npz"), make_gan(device="cpu"), RING, recorded.look)
    assert opened.advance(5).step == 15 and opened.model.device.type == "cpu"


# --- widgets


@pytest.fixture
def shown():
    made = []
    yield lambda widget: made.append(widget) or widget
    for widget in made:
        widget.close()


def test_the_surface_widget_computes_there(shown):
    widget = shown(DiscriminatorSurface(hidden=8, batch=16, device="cuda")).run(10)
    model = widget.runs[-1].model
    assert elsewhere(model) == [] and model.device.type == "cuda"
    assert widget.recording.steps[-1] == 10


def test_the_widget_about_mode_collapse_computes_there(shown):
    widget = shown(ModeCollapse(seeds=2, hidden=8, batch=16, device="cuda")).run(10)
    assert elsewhere(widget.runs[-1].model) == [] and widget.recording.steps[-1] == 10


@pytest.mark.parametrize("kind", ["vae", "gan", "ae"])
def test_the_latent_widget_computes_there(kind, shown):
    widget = shown(LatentSpace(kind, hidden=8, batch=16, device="cuda")).run(10)
    assert widget.settings["model"] == kind
    assert elsewhere(widget.runs[-1].model) == [] and widget.recording.steps[-1] == 10

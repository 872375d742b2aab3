"""Nets for pictures of several sizes, grey and in colour, with and without classes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, nets
from gan_edu.training import GAN, VAE, run

SHAPES = [(colors, side, side) for side in nets.SIDES for colors in (1, 3)]
PAIRS = {
    "DCGAN": (nets.DCGANGenerator, nets.DCGANDiscriminator),
    "sub-pixel": (nets.SubpixelGenerator, nets.DCGANDiscriminator),
    "residual": (nets.ResidualGenerator, nets.ResidualDiscriminator),
}
CONDITIONAL = {
    "DCGAN": (nets.ConditionalDCGANGenerator, nets.ProjectionDiscriminator),
    "residual": (nets.ResidualGenerator, nets.ResidualDiscriminator),
}


@pytest.fixture(autouse=True)
def one_thread():
    with device.threads(1):
        yield


def pair(name, shape, **both):
    generator, discriminator = (CONDITIONAL if "classes" in both else PAIRS)[name]
    return generator(6, channels=8, shape=shape, **both), discriminator(channels=8, shape=shape, **both)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_makes_and_judges_pictures_of_its_shape(name, shape):
    generator, discriminator = pair(name, shape)
    images = generator(torch.randn(3, 6))
    assert images.shape == (3, *shape) and images.abs().max() <= 1 and generator.shape == shape
    logits = discriminator(images)
    assert logits.shape == (3,)
    torch.testing.assert_close(discriminator(images.flatten(1)), logits)  # rows go channel by channel
    torch.testing.assert_close(discriminator(images[:1]), logits[:1])  # alone as in company


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", CONDITIONAL)
def test_a_conditional_pair_is_asked_with_classes(name, shape):
    generator, discriminator = pair(name, shape, classes=3)
    z, y = torch.randn(3, 6), torch.tensor([0, 2, 1])
    images = generator(z, y)
    assert images.shape == (3, *shape) and images.abs().max() <= 1
    assert discriminator(images, y).shape == (3,)
    assert (generator(z, y.roll(1)) != images).flatten(1).any(1).all()
    assert (discriminator(images, y.roll(1)) != discriminator(images, y)).all()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_convolutional_vae_is_used_as_the_other_one(shape):
    vae, x = nets.ConvVAE(shape, latent_dim=3, channels=4), torch.rand(2, *shape)
    logits, mean, log_variance = vae(x, torch.zeros(2, 3))
    assert logits.shape == x.shape and mean.shape == log_variance.shape == (2, 3)
    torch.testing.assert_close(logits, vae.decode(vae.encode(x)[0]))
    torch.testing.assert_close(nets.ConvEncoder(5, 4, shape)(x).shape, (2, 5))


@pytest.mark.parametrize(
    "shape",
    [(2, 28, 28), (1, 28, 32), (3, 48, 48), (28, 28, 1), (28, 28), 28, "grey", None, (1, 1, 28, 28), (1.0, 28, 28)],
    ids=str,
)
def test_other_shapes_get_a_sentence(shape):
    makers = [each for pair in (*PAIRS.values(), *CONDITIONAL.values()) for each in pair]
    for make in (*makers, nets.ConvVAE, lambda shape: nets.ConvEncoder(3, shape=shape)):
        with pytest.raises(
            ValueError, match=r"^shape must be \(1, S, S\) or \(3, S, S\) with S one of 28, 32, 64, 128; got"
        ):
            make(shape=shape)


def test_sizes_that_make_no_net_get_a_sentence():
    makers = [each for pair in (*PAIRS.values(), *CONDITIONAL.values()) for each in pair]
    for make in (*makers, nets.ConvVAE, lambda channels: nets.ConvEncoder(3, channels)):
        for wrong in (0, -1, 2.5, "8"):
            with pytest.raises((TypeError, ValueError), match="^channels must be a whole number from 1; got"):
                make(channels=wrong)
    for make in (nets.DCGANGenerator, nets.SubpixelGenerator, nets.ResidualGenerator, nets.ConditionalDCGANGenerator):
        with pytest.raises(ValueError, match="^noise_dim must be a whole number from 1; got 0"):
            make(noise_dim=0)
    with pytest.raises(ValueError, match="^latent_dim must be a whole number from 1; got 0"):
        nets.ConvVAE(latent_dim=0)
    with pytest.raises(ValueError, match="^outputs must be a whole number from 1; got 0"):
        nets.ConvEncoder(0)
    with pytest.raises(ValueError, match="^classes must be None, or a whole number from 1; got 0|whole number from 1"):
        nets.ResidualGenerator(classes=0)
    assert nets.DCGANGenerator(channels=4, shape=np.array([3, 32, 32])).shape == (3, 32, 32)


def test_nets_that_know_classes_are_told_them_and_no_others():
    z, x, y = torch.zeros(2, 64), torch.zeros(2, 1, 28, 28), torch.tensor([0, 1])
    for net, given in ((nets.ResidualGenerator, z), (nets.ResidualDiscriminator, x)):
        with pytest.raises(TypeError, match=rf"^This {net.__name__} is asked with classes y \(N,\)"):
            net(channels=8, classes=3)(given)
        with pytest.raises(TypeError, match=f"^This {net.__name__} knows no classes"):
            net(channels=8)(given, y)


def test_a_pair_for_64_pixels_has_the_widths_of_the_paper():
    generator = nets.DCGANGenerator(100, channels=64, shape=(3, 64, 64))
    widths = [layer.in_channels for layer in generator.layers if isinstance(layer, nn.ConvTranspose2d)]
    assert generator.project.out_features == 1024 // 2 * 4 * 4 and widths == [512, 256, 128, 64]
    discriminator = nets.DCGANDiscriminator(64, shape=(3, 64, 64))
    assert [layer.out_channels for layer in discriminator.layers if isinstance(layer, nn.Conv2d)] == [64, 128, 256, 512]


FIRST_DRAWS = {  # the first number of each of the first parameters that begin at random, after torch.manual_seed(1)
    "mlp": (lambda: nets.mlp([3, 8, 2], batch_norm=True, spectral_norm=True), [-0.18501, 0.29749, 0.1727, -0.01655]),
    "generator": (nets.DCGANGenerator, [0.06441, 0.00657, 0.20582, 0.05509]),
    "generator without norms": (
        lambda: nets.DCGANGenerator(16, 8, batch_norm=False),
        [0.12882, -0.12181, 0.07384, -0.01114, 0.08098, 0.082],
    ),
    "sub-pixel generator": (nets.SubpixelGenerator, [0.06441, 0.00619, -0.02695, 0.01066]),
    "discriminator": (nets.DCGANDiscriminator, [0.12882, -0.18693, -0.02551, 0.01595, 0.00332, -0.00689]),
    "discriminator with all": (
        lambda: nets.DCGANDiscriminator(8, hidden=10, spectral_norm=True, classes=3),
        [0.20518, -0.2458, 0.05699, -0.02911, 0.03064, 0.0184, 0.01159, 0.03381, -0.21999],
    ),
    "VAE": (nets.VAE, [0.0184, -0.01256, -0.01761, -0.01651, -0.22396, 0.33505, 0.01494, 0.01779]),
    "autoencoder": (
        nets.Autoencoder,
        [0.0184, -0.02504, 0.03312, -0.08445, 0.05228, -0.10014, -0.61764, 0.05832, 0.08648, -0.0126, -0.00553],
    ),
    "conditional VAE": (
        nets.ConditionalVAE,
        [0.01829, -0.02133, -0.06274, -0.02517, 0.05426, -0.11949, -0.22978, 0.02904, -0.02009, -0.044, 0.01228],
    ),
    "classifier": (
        nets.FeatureNet,
        [0.10305, 0.04607, 0.00448, 0.03744, 0.01575, -0.01414, -0.01593, 0.02095, -0.08583, 0.05665],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FIRST_DRAWS)
def test_nets_of_28_grey_pixels_begin_with_the_numbers_that_chapters_and_checkpoints_know(name):
    make, draws = FIRST_DRAWS[name]
    torch.manual_seed(1)
    firsts = [parameter.detach().flatten()[0].item() for parameter in make().parameters()]
    assert [first for first in firsts if first not in (0, 1)][: len(draws)] == pytest.approx(draws, abs=1e-4)


# --- parts


def test_pictures_become_maps_whatever_way_they_come():
    x = torch.randn(2, 3, 4, 5)
    maps = nets.AsMaps(3, 4, 5)
    for given in (x, x.flatten(1), x.to(memory_format=torch.channels_last)):
        assert torch.equal(maps(given), x) and maps(given).is_contiguous(memory_format=torch.channels_last)


def test_a_residual_block_begins_as_nothing_and_then_adds():
    block, x = nets.ResidualBlock(16, depth=16), torch.randn(2, 16, 5, 5)
    assert torch.equal(block(x), x)
    first, _, middle, _, last = block.layers
    assert first.weight.std().item() == pytest.approx((2 / 1.04 / 16) ** 0.5 / 2, rel=0.1)  # 16^(−1/4) = ½
    assert middle.weight.std().item() == pytest.approx((2 / 1.04 / (9 * 16)) ** 0.5 / 2, rel=0.1)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.normal_(std=0.1)
    inner = F.leaky_relu(F.conv2d(x, first.weight, first.bias), 0.2)
    inner = F.leaky_relu(F.conv2d(inner, middle.weight, middle.bias, padding=1, groups=2), 0.2)
    torch.testing.assert_close(block(x), x + F.conv2d(inner, last.weight))
    for make in (lambda: nets.ResidualBlock(12), lambda: nets.ResidualGenerator(channels=20)):
        with pytest.raises(ValueError, match="a multiple of 8 channels; got"):
            make()
    with pytest.raises(ValueError, match="^blocks must be a whole number from 1; got 0"):
        nets.ResidualDiscriminator(blocks=0)


def test_residual_nets_interpolate_between_their_stages():
    from gan_edu.nets.residual import Resample

    x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    up, down = Resample(up=True).double()(x), Resample(up=False).double()(x)
    assert up.shape == (2, 3, 16, 16) and down.shape == (2, 3, 4, 4)
    bilinear = {"mode": "bilinear", "align_corners": False}  # which repeats the border, where we have zeros
    torch.testing.assert_close(up[..., 1:-1, 1:-1], F.interpolate(x, scale_factor=2, **bilinear)[..., 1:-1, 1:-1])
    smaller = F.interpolate(x, scale_factor=0.5, antialias=True, **bilinear)
    torch.testing.assert_close(down[..., 1:-1, 1:-1], smaller[..., 1:-1, 1:-1])


def test_conditional_batch_norm_is_batch_norm_with_numbers_of_the_class():
    norm = nets.ConditionalBatchNorm(64, 50)
    assert norm.embedding.weight[:, :64].mean().item() == pytest.approx(1, abs=0.02)  # scales
    assert norm.embedding.weight[:, 64:].mean().item() == pytest.approx(0, abs=0.02)
    norm, x, y = nets.ConditionalBatchNorm(2, 3), torch.randn(6, 2, 4, 4) * 3 + 1, torch.tensor([0, 1, 2, 0, 1, 2])
    plain = nn.BatchNorm2d(2)
    with torch.no_grad():
        norm.embedding.weight[:] = torch.tensor([1.0, 1.0, 0.0, 0.0])
        norm.embedding.weight[1] = torch.tensor([2.0, 3.0, 5.0, 7.0])
    out, usual = norm(x, y), plain(x)
    torch.testing.assert_close(out[y != 1], usual[y != 1])
    scale, shift = torch.tensor([2.0, 3.0])[:, None, None], torch.tensor([5.0, 7.0])[:, None, None]
    torch.testing.assert_close(out[y == 1], scale * usual[y == 1] + shift)


def test_a_projection_discriminator_judges_as_the_one_of_pairs():
    """D(x, y) with an embedding, and D of rows with a linear layer for the class, are one function."""
    of_rows, net = nets.DCGANDiscriminator(4, classes=3), nets.ProjectionDiscriminator(3, 4)
    net.features.load_state_dict({f"{int(k[0]) + 1}{k[1:]}": v for k, v in of_rows.layers[:-1].state_dict().items()})
    net.head.load_state_dict(of_rows.layers[-1].state_dict())
    with torch.no_grad():
        net.embedding.weight.copy_(of_rows.projection.weight.T)
    x, y = torch.randn(5, 1, 28, 28), torch.tensor([0, 1, 2, 1, 0])
    torch.testing.assert_close(net(x, y), of_rows(nets.pairs(x, y, 3)))
    shell = nets.ConditionalDiscriminator(net)
    rows = nets.pairs(x, y, 3).requires_grad_()
    torch.testing.assert_close(shell(rows), net(x, y))
    (slope,) = torch.autograd.grad(shell(rows).sum(), rows)
    assert (slope[:, :784] != 0).any() and (slope[:, 784:] == 0).all()
    with pytest.raises(TypeError, match=r"^D\(x, y\) needs `classes` and `shape`.*this Sequential lacks"):
        nets.ConditionalDiscriminator(nets.mlp([794, 1]))


def test_spectral_norm_holds_in_a_projection_discriminator_too():
    net = nets.ProjectionDiscriminator(3, 4, spectral_norm=True)
    for _ in range(30):
        net(torch.randn(2, 1, 28, 28), torch.tensor([0, 1]))
    assert torch.linalg.matrix_norm(net.embedding.weight, 2).item() == pytest.approx(1, abs=0.02)
    assert torch.linalg.matrix_norm(net.head.weight, 2).item() == pytest.approx(1, abs=0.02)


def test_pairs_are_images_with_their_classes_behind():
    images = torch.randn(4, 3, 28, 28)
    rows = nets.pairs(images, [2, 0, 1, 1])
    assert rows.shape == (4, 3 * 784 + 3) and torch.equal(rows[:, :-3], images.flatten(1))
    assert torch.equal(nets.pairs(images.numpy()[::-1], np.array([1, 1, 0, 2], ">i2")), rows.flip(0))
    assert rows[:, -3:].argmax(1).tolist() == [2, 0, 1, 1] and rows[:, -3:].sum() == 4
    assert nets.pairs(images, torch.zeros(4, dtype=torch.uint8), classes=5).shape == (4, 3 * 784 + 5)
    mnist = data.images("mnist")
    assert torch.equal(nets.pairs(mnist.tensor()[:50], mnist.labels[:50], 10), mnist.pairs()[:50])
    for wrong in ([0, 1], torch.zeros(4), [-1, 0, 0, 0], [[0], [1], [2], [3]], [True] * 4, 3, ["a"] * 4):
        with pytest.raises(ValueError, match="^Labels must be whole numbers from 0, one for each of the 4 images"):
            nets.pairs(images, wrong)
    with pytest.raises(ValueError, match="^There are 3 classes, 0 to 2, and a label is 3"):
        nets.pairs(images, [0, 1, 2, 3], classes=3)


def test_a_generator_that_is_asked_with_classes_makes_pairs_in_its_shell():
    net = nets.ConditionalDCGANGenerator(6, classes=3, channels=4).eval()
    shell = nets.ConditionalGenerator(net)
    assert (shell.classes, shell.noise_dim) == (3, 9)
    asked, z = torch.tensor([2, 0, 1, 1]), torch.randn(4, 9)
    rows = shell(shell.noise_for(asked, z))
    torch.testing.assert_close(rows, nets.pairs(net(z[:, :6], asked), asked, 3))
    rare = nets.ConditionalGenerator(net, prior=[0, 0, 1])
    assert rare.labels(torch.randn(50, 9)).tolist() == [2] * 50
    with pytest.raises(ValueError, match="^This ConditionalDCGANGenerator knows 3 classes, not 4"):
        nets.ConditionalGenerator(net, classes=4)


# --- training


def flags(n=256, side=28, colors=3):
    """Pictures of two halves, one dark and one bright, across or upright; the class says which."""
    chance = torch.Generator().manual_seed(0)
    labels = torch.randint(2, (n,), generator=chance)
    pictures = torch.full((n, colors, side, side), -0.8)
    bright = 0.3 + 0.5 * torch.rand(n, colors, 1, 1, generator=chance)
    pictures[..., : side // 2, :] = torch.where(labels[:, None, None, None] == 0, bright, pictures[..., : side // 2, :])
    pictures[..., : side // 2] = torch.where(labels[:, None, None, None] == 1, bright, pictures[..., : side // 2])
    return pictures, labels


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_is_trained_in_every_weight_with_penalties(name):
    torch.manual_seed(0)
    generator, discriminator = pair(name, (3, 32, 32))
    before = [p.detach().clone() for net in (generator, discriminator) for p in net.parameters()]
    images, _ = flags(64, 32)
    gan = GAN(generator, discriminator, loss="relativistic", penalties={"r1": 1.0, "r2": 1.0}, lr=1e-3, device="cpu")
    run(gan, images, 4, batch=8, progress=False)
    after = [p for net in (generator, discriminator) for p in net.parameters()]
    # the logit's own bias means nothing to a game of differences
    still = [p.shape for p, q in zip(before, after, strict=True) if torch.equal(p, q) and p.shape != (1,)]
    assert still == []


@pytest.mark.parametrize("name", CONDITIONAL)
def test_a_conditional_pair_learns_which_class_is_which(name):
    torch.manual_seed(0)
    images, labels = flags()
    generator, discriminator = CONDITIONAL[name]
    net = generator(8, channels=8, classes=2, shape=(3, 28, 28))
    judge = discriminator(channels=8, classes=2, shape=(3, 28, 28))
    shells = nets.ConditionalGenerator(net), nets.ConditionalDiscriminator(judge)
    gan = GAN(*shells, penalties={"r1": 0.1}, lr=2e-3, betas=(0.0, 0.99), seed=0, device="cpu")
    run(gan, nets.pairs(images, labels), {"DCGAN": 100, "residual": 30}[name], batch=16, progress=False)
    asked = torch.arange(2).repeat_interleave(20)
    with torch.no_grad(), nets.evaluating(net):
        made = net(torch.randn(40, 8, generator=torch.Generator().manual_seed(1)), asked)
    means = torch.stack([images[labels == k].mean(0) for k in range(2)])
    nearest = torch.cdist(made.flatten(1), means.flatten(1)).argmin(1)
    assert (nearest == asked).float().mean() > 0.9


def test_a_convolutional_vae_learns_digits():
    torch.manual_seed(0)
    x = data.images("mnist").tensor(low=0.0)[:1000]
    mean = x.mean(0)
    without_code = F.binary_cross_entropy(mean.expand_as(x), x, reduction="sum") / len(x)
    vae = run(VAE(nets.ConvVAE(latent_dim=8, channels=8), lr=3e-3, device="cpu"), x, 300, batch=32, progress=False)
    assert vae.history.columns["loss"][-10:].mean() < without_code - 25  # nats
    assert vae.sample(3).shape == (3, 1, 28, 28)

"""The nets of series: shapes, no look ahead, and gradients everywhere."""

import pytest
import torch

from gan_edu import nets, training

KINDS = nets.SeriesGenerator.KINDS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("length", "columns", "hidden", "noise"), [(24, 1, 32, 4), (9, 3, 5, 1)])
def test_shapes_and_gradients(kind, length, columns, hidden, noise):
    G = nets.SeriesGenerator(kind, length, columns, hidden, noise)
    D = nets.SeriesDiscriminator(length, columns, hidden)
    x = G(torch.randn(6, G.noise_dim))
    assert x.shape == (6, columns, length) and x.dtype == torch.float32
    assert D(x).shape == (6, 1)
    D(x).sum().backward()
    assert all(weight.grad is not None for net in (G, D) for weight in net.parameters())


@pytest.mark.parametrize("length", [8, 9, 10, 24, 25])
def test_a_discriminator_sees_every_step(length):
    torch.manual_seed(0)
    D, x = nets.SeriesDiscriminator(length, 2), torch.randn(20, 2, length, requires_grad=True)
    D(x).sum().backward()
    assert (x.grad.abs().amax(dim=0) > 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_no_step_looks_ahead(kind):
    torch.manual_seed(0)
    G = nets.SeriesGenerator(kind, 12, columns=2).eval()
    z = torch.randn(4, G.noise_dim)
    other = z.clone()
    other[:, -4 * G.noise :] += torch.randn(4, 4 * G.noise)  # the noise of the last four steps
    with torch.no_grad():
        a, b = G(z), G(other)
    assert torch.allclose(a[:, :, :8], b[:, :, :8], atol=1e-6)
    assert (a[:, :, 8:] - b[:, :, 8:]).abs().amin(dim=(0, 1)).min() > 0


def test_the_first_step_of_a_convolution_is_like_any_other():
    torch.manual_seed(0)
    G = nets.SeriesGenerator("convolution", 10)
    with torch.no_grad():
        x = G(torch.randn(20_000, G.noise_dim))[:, 0]
    spread = x.std(dim=0)
    assert (spread / spread.mean() - 1).abs().max() < 0.05


def test_a_gan_of_them_trains():
    gan = training.GAN(nets.SeriesGenerator("gru", 12), nets.SeriesDiscriminator(12), penalties={"r1": 0.1})
    training.run(gan, torch.randn(50, 1, 12), steps=3, batch=8, progress=False)
    assert gan.sample(5).shape == (5, 1, 12)


def test_what_can_not_be_made():
    with pytest.raises(ValueError, match="Did you mean 'transformer'|transformer"):
        nets.SeriesGenerator("transformr", 24)
    with pytest.raises(ValueError, match="length"):
        nets.SeriesDiscriminator(7)
    for kind in KINDS:
        G = nets.SeriesGenerator(kind, 24)
        for shape in [(3, 7 * 4), (0, G.noise_dim), (3, G.noise_dim + 4), (3, 1, G.noise_dim)]:
            with pytest.raises(ValueError, match=rf"Noise must have shape \(N, {G.noise_dim}\); got"):
                G(torch.randn(shape))
        assert G(torch.randn(G.noise_dim, 3).T).shape == (3, 1, 24)
    with pytest.raises(TypeError, match="columns"):
        nets.SeriesGenerator("gru", 24, columns="one")

import pytest
import torch
from torch import nn

from gan_edu import nets


def test_an_mlp_has_the_sizes_asked_for():
    net = nets.mlp([100, 128, 784], output="tanh")
    assert sum(p.numel() for p in net.parameters()) == 114_064  # 100·128 + 128 + 128·784 + 784
    assert net(torch.randn(3, 100)).shape == (3, 784) and net(torch.randn(3, 100) * 100).abs().max() <= 1
    assert [type(layer).__name__ for layer in nets.mlp([2, 4, 1], batch_norm=True, dropout=0.3)] == [
        "Linear",
        "BatchNorm1d",
        "LeakyReLU",
        "Dropout",
        "Linear",
    ]
    with pytest.raises(ValueError, match="at least an input and an output"):
        nets.mlp([3])


def test_spectral_norm_makes_every_layer_one_lipschitz():
    net = nets.mlp([8, 32, 1], spectral_norm=True)
    for _ in range(50):
        net(torch.randn(4, 8))
    for layer in net:
        if isinstance(layer, nn.Linear):
            assert torch.linalg.matrix_norm(layer.weight, 2).item() == pytest.approx(1, abs=0.02)


def test_minibatch_std_tells_how_much_a_batch_varies():
    x = torch.randn(6, 3, dtype=torch.float64)
    out = nets.MinibatchStd()(x)
    assert torch.equal(out[:, :3], x)
    torch.testing.assert_close(out[:, 3], x.std(dim=0, unbiased=False).mean().expand(6), rtol=1e-6, atol=1e-6)
    same = torch.ones(6, 3, requires_grad=True)
    out = nets.MinibatchStd()(same)
    assert out[0, 3] < 1e-3
    (slope,) = torch.autograd.grad(out.sum(), same)
    assert slope.isfinite().all()

    net = nets.mlp([2, 8, 1], minibatch_std=True)
    assert [type(layer).__name__ for layer in net] == ["Linear", "LeakyReLU", "MinibatchStd", "Linear"]
    one, many = net(torch.zeros(4, 2)), net(torch.stack([torch.zeros(2), torch.ones(2) * 9]))
    assert one[0] != many[0]  # the same point, in other company


@pytest.mark.parametrize("batch_norm", [True, False])
def test_the_dcgan_pair_fits_together(batch_norm):
    generator, discriminator = nets.DCGANGenerator(16, channels=8, batch_norm=batch_norm), nets.DCGANDiscriminator(8)
    images = generator(torch.randn(5, 16))
    assert images.shape == (5, 1, 28, 28) and images.abs().max() <= 1
    assert discriminator(images).shape == (5,)


def conditional_pair(classes=3, prior=None):
    net = nets.mlp([8 + classes, 16, 784], output="tanh")
    return nets.ConditionalGenerator(net, classes, prior), nets.DCGANDiscriminator(4, hidden=6, classes=classes)


def test_a_conditional_generator_chooses_classes_by_its_prior_or_as_asked():
    generator, _ = conditional_pair(prior=[6, 3, 1])
    noise = torch.randn(20_000, generator.noise_dim, generator=torch.Generator().manual_seed(0))
    shares = generator.labels(noise).bincount(minlength=3) / len(noise)
    assert shares.tolist() == pytest.approx([0.6, 0.3, 0.1], abs=0.012)
    uniform, _ = conditional_pair()
    assert (uniform.labels(noise).bincount() / len(noise)).tolist() == pytest.approx([1 / 3] * 3, abs=0.012)

    asked = torch.arange(3).repeat(200)
    for weights in (None, [1, 0, 1e-6]):  # even one that never comes by chance
        generator, _ = conditional_pair(prior=weights)
        assert torch.equal(generator.labels(generator.noise_for(asked)), asked)
    changed = generator.noise_for(asked, noise[:600])
    assert torch.equal(changed[:, :8], noise[:600, :8]) and torch.equal(generator.labels(changed), asked)

    for wrong in ([1, 1], [1, -1, 1], [0, 0, 0], [1, float("nan"), 1]):
        with pytest.raises(ValueError, match="3 non-negative numbers"):
            conditional_pair(prior=wrong)


def test_a_conditional_generator_gives_the_class_to_its_net_and_to_the_output():
    seen = []

    class Net(nn.Module):
        noise_dim = 11

        def forward(self, z):
            seen.append(z)
            return z[:, :1, None, None].expand(-1, 1, 2, 2)

    generator = nets.ConditionalGenerator(Net(), 3)
    noise = torch.randn(50, 11)
    rows = generator(noise)
    chosen = nn.functional.one_hot(generator.labels(noise), 3).float()
    assert torch.equal(rows, torch.cat([noise[:, :1].expand(-1, 4), chosen], 1))
    assert torch.equal(seen[0], torch.cat([noise[:, :8], chosen], 1))


def test_a_projection_discriminator_adds_what_features_and_class_say_together():
    generator, discriminator = conditional_pair()
    rows = generator(torch.randn(5, generator.noise_dim)).detach().requires_grad_()
    logits = discriminator(rows)
    features = discriminator.layers[:-1](discriminator.as_maps(rows[:, :784]))
    by_hand = discriminator.layers[-1](features)[:, 0] + torch.einsum(
        "nh,hk,nk->n", features, discriminator.projection.weight, rows[:, 784:]
    )
    torch.testing.assert_close(logits, by_hand)
    (slope,) = torch.autograd.grad(logits.sum(), rows)
    assert (slope[:, :784] != 0).any() and (slope[:, 784:] == 0).all()  # penalties are about pixels alone
    other = torch.cat([rows[:, :784], rows[:, 784:].roll(1, dims=1)], 1)
    assert (discriminator(other) != logits).all()


def test_the_subpixel_generator_makes_images_and_a_hidden_layer_fits_its_discriminator():
    images = nets.SubpixelGenerator(16, channels=8)(torch.randn(5, 16))
    assert images.shape == (5, 1, 28, 28) and images.abs().max() <= 1
    assert nets.DCGANDiscriminator(8, hidden=10)(images).shape == (5,)


def test_memory_order_changes_no_value():
    x = torch.randn(3, 2 * 4 * 4)
    maps = nets.ToMaps(2, 4, 4)(x)
    assert maps.shape == (3, 2, 4, 4) and maps.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(nets.ToRows()(maps), x)
    net, image = nets.DCGANDiscriminator(4), torch.randn(2, 1, 28, 28)
    plain = net.layers(image)  # as it comes, channels first
    torch.testing.assert_close(net(image), plain.squeeze(1))


def test_the_discriminators_logit_of_one_image_does_not_depend_on_the_others():
    net, x = nets.DCGANDiscriminator(8), torch.randn(4, 1, 28, 28)
    torch.testing.assert_close(net(x)[:1], net(x[:1]))


def test_normal_initialisation_has_the_deviation_asked_for():
    net = nets.initialize_normal(nets.DCGANDiscriminator(32))
    assert net.layers[2].weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert net.layers[2].bias.abs().sum() == 0


def test_a_vae_encodes_and_decodes():
    vae, x = nets.VAE(latent_dim=3), torch.rand(4, 1, 28, 28)
    logits, mean, log_variance = vae(x, torch.zeros(4, 3))
    assert logits.shape == x.shape and mean.shape == log_variance.shape == (4, 3)
    torch.testing.assert_close(logits, vae.decode(vae.encode(x)[0]))  # without noise: the decoded mean
    with torch.no_grad():
        vae.encoder[-1].weight.zero_()
        vae.encoder[-1].bias.copy_(torch.tensor([0.0, 0, 0, 2, 2, 2]))  # log σ² = 2, so σ = e
    torch.testing.assert_close(vae(x, torch.ones(4, 3))[0], vae.decode(torch.full((4, 3), torch.e)))

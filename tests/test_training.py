import math
import threading

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from gan_edu import ensemble, nets, objectives, training
from gan_edu.data import toy
from gan_edu.training import GAN, VAE, CheckpointError, TrainingDiverged, run, train


class Blob:
    """Points around (1, −1), as a data source with a sampler."""

    def sample(self, n, generator=None, device=None):
        return torch.randn(n, 2, generator=generator, device=device) * 0.1 + torch.tensor([1.0, -1.0])


def make_gan(seed=0, **settings):
    g, d = ensemble.single_nets(lambda: nets.mlp([2, 16, 2]), lambda: nets.mlp([2, 16, 1]), seed)
    return GAN(g, d, seed=seed, device="cpu", **({"lr": 1e-3} | settings))


def weights(model):
    return {key: value.clone() for key, value in model.state()[0].items()}


def assert_same(first, second):
    assert first.keys() == second.keys()
    for key in first:
        assert torch.equal(first[key], second[key]), key


def test_a_gan_finds_the_place_and_size_of_a_blob_for_every_one_of_four_seeds():
    gan = ensemble.gans(
        lambda: nets.mlp([2, 32, 2]),
        lambda: nets.mlp([2, 32, 1]),
        seeds=4,
        lr=3e-3,
        betas=(0.0, 0.99),
        penalties={"r1": 0.5},
        device="cpu",
    )
    run(gan, Blob(), 800, progress=False)
    x = gan.sample(2000)
    assert x.shape == (4, 2000, 2)
    assert ((x.mean(1) - torch.tensor([1.0, -1.0])).abs() < 0.25).all()
    assert (x.std(1) < 0.5).all()


@pytest.mark.parametrize("loss", objectives.LOSSES)
@pytest.mark.parametrize("penalties", [{}, {"r1": 0.1, "r2": 0.1}, {"gradient_penalty": 0.1}, {"zero_centered": 0.1}])
def test_every_loss_trains_with_every_penalty(loss, penalties):
    gan = make_gan(loss=loss, penalties=penalties)
    before = weights(gan)
    run(gan, Blob(), 3, progress=False)
    changed = {key for key, value in weights(gan).items() if key in before and not torch.equal(value, before[key])}
    assert {"generator.0.weight", "generator.2.bias", "discriminator.0.weight", "discriminator.2.weight"} <= changed


@pytest.mark.parametrize("gamma", [0.0, 2.0])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_step_is_the_plain_alternating_step_written_by_hand(gamma, batch_norm):
    def build():
        pair = ensemble.single_nets(
            lambda: nets.mlp([2, 16, 2]), lambda: nets.mlp([2, 16, 1], batch_norm=batch_norm), 0
        )
        return [net.double() for net in pair]

    gan = GAN(*build(), lr=1e-3, penalties={"r1": gamma} if gamma else None, sure=True, device="cpu")
    g, d = build()
    stream = torch.Generator().manual_seed(0)
    opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.999)) for net in (g, d))
    bce = nn.functional.binary_cross_entropy_with_logits
    for _ in range(5):
        real = Blob().sample(32, stream).double().requires_grad_()
        fake = g(torch.randn(32, 2, generator=stream, dtype=torch.float64))
        real_logits, fake_logits = d(real), d(fake.detach())
        (slope,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
        loss_d = bce(real_logits, torch.ones_like(real_logits)) + bce(fake_logits, torch.zeros_like(fake_logits))
        opt_d.zero_grad()
        (loss_d + gamma / 2 * slope.square().sum(1).mean()).backward()
        opt_d.step()
        loss_g = bce(d(fake), torch.ones_like(fake_logits))
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()
    *_, step = train(gan, Blob(), 5, batch=32, progress=False)
    assert step.loss_d == pytest.approx(loss_d.item())
    assert step.loss_g == pytest.approx(loss_g.item())
    for net, by_hand in ((gan.generator, g), (gan.discriminator, d)):
        for mine, theirs in zip(net.state_dict().values(), by_hand.state_dict().values(), strict=True):
            torch.testing.assert_close(mine, theirs)


def test_the_generators_step_leaves_no_gradient_in_the_discriminator():
    gan = make_gan()
    run(gan, Blob(), 1, progress=False)
    after_d = [p.grad.clone() for p in gan.discriminator.parameters()]
    gan.update_generator(Blob().sample(8), gan.generator(gan.noise(8)))
    for before, p in zip(after_d, gan.discriminator.parameters(), strict=True):
        assert torch.equal(before, p.grad)


@pytest.mark.parametrize(
    "settings", [{}, {"ema": 0.99}, {"penalties": {"gradient_penalty": 1.0}, "discriminator_steps": 2}]
)
def test_resuming_from_a_file_is_exact(tmp_path, settings):
    whole = run(make_gan(**settings), Blob(), 30, progress=False)
    half = run(make_gan(**settings), Blob(), 13, progress=False)
    half.save(tmp_path / "half.safetensors")
    resumed = make_gan(seed=5, **settings)
    resumed.load(tmp_path / "half.safetensors")
    run(resumed, Blob(), 17, progress=False)
    assert_same(weights(whole), weights(resumed))
    assert resumed.step == 30
    assert whole.history.columns["loss_d"].tolist() == resumed.history.columns["loss_d"].tolist()
    assert torch.equal(whole.sample(5), resumed.sample(5))


def test_resuming_is_exact_with_dropout_and_batch_norm_whatever_else_draws_random_numbers(tmp_path):
    def build():
        with torch.random.fork_rng():
            torch.manual_seed(1)
            return GAN(nets.mlp([2, 16, 2], batch_norm=True), nets.mlp([2, 16, 1], dropout=0.5), device="cpu")

    whole = run(build(), Blob(), 12, progress=False)
    half = build()
    for step in train(half, Blob(), 12, progress=False):
        torch.rand(3)
        if step.number == 5:
            break
    half.save(tmp_path / "half.safetensors")
    resumed = build()
    resumed.load(tmp_path / "half.safetensors")
    torch.rand(7)
    run(resumed, Blob(), 7, progress=False)
    assert_same(weights(whole), weights(resumed))


def test_a_training_in_the_background_disturbs_neither_the_global_stream_nor_new_nets():
    def drawn():
        torch.manual_seed(0)
        return torch.rand(3), nets.mlp([2, 64, 64, 2])

    (expected, same), stop = drawn(), threading.Event()
    gan = make_gan()

    def train_on():
        while not stop.is_set():
            run(gan, toy.make("ring"), 20, progress=False)

    thread = threading.Thread(target=train_on)
    thread.start()
    try:
        for _ in range(200):
            numbers, net = drawn()
            assert torch.equal(numbers, expected)
            assert_same(net.state_dict(), same.state_dict())
    finally:
        stop.set()
        thread.join()
    assert gan.step > 20


def noisy(real, fake):
    return torch.rand(()) * (fake.mean(-1) - real.mean(-1))


@pytest.mark.parametrize(
    ("changes", "quiet"),
    [
        ({}, True),
        ({"discriminator": nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 1))}, False),
        ({"loss": objectives.Loss("noisy", noisy, objectives.hinge.generator)}, False),
    ],
)
def test_what_may_draw_from_the_global_stream_gets_a_stream_of_the_model(changes, quiet):
    changes = {"discriminator": nets.mlp([2, 8, 1])} | changes
    gan = GAN(nets.mlp([2, 8, 2]), device="cpu", **changes)
    assert gan.draws_nothing is quiet
    with gan.own_randomness():
        within = torch.get_rng_state()
    assert torch.equal(within, torch.get_rng_state()) is quiet


def test_leaving_the_loop_stops_and_going_on_is_the_same_run():
    whole = run(make_gan(), Blob(), 10, progress=False)
    parts = make_gan()
    for step in train(parts, Blob(), 1000, progress=False):
        if step.number == 4:
            break
    run(parts, Blob(), 6, progress=False)
    assert_same(weights(whole), weights(parts))


def test_looking_at_samples_changes_no_training():
    blind, watched = make_gan(), make_gan()
    run(blind, Blob(), 6, progress=False)
    for step in train(watched, Blob(), 6, progress=False):
        watched.sample(1 + step.number)
        watched.noise(3)
    for key, value in weights(blind).items():
        assert key.startswith("random.sampling") or torch.equal(value, weights(watched)[key]), key
    assert not torch.equal(watched.sample(4), watched.sample(4))


def test_nan_stops_with_step_losses_and_the_last_good_checkpoint(tmp_path):
    path = tmp_path / "run.safetensors"
    gan = make_gan()
    with pytest.raises(TrainingDiverged) as caught:
        for step in train(gan, Blob(), 50, progress=False, checkpoint=path, checkpoint_every=10):
            if step.number == 25:
                with torch.no_grad():
                    gan.generator[0].weight[0, 0] = math.nan
    assert caught.value.step == 26 and caught.value.checkpoint == path
    assert (
        "step 26" in str(caught.value)
        and "loss_d = nan" in str(caught.value)
        and "run.safetensors" in str(caught.value)
    )
    fresh = make_gan()
    fresh.load(path)
    assert fresh.step == 20


def test_a_broken_state_never_replaces_a_good_file(tmp_path):
    gan = make_gan()
    path = gan.save(tmp_path / "run.safetensors")
    good = path.read_bytes()
    with torch.no_grad():
        gan.generator[0].weight[0, 0] = math.inf
    with pytest.raises(ArithmeticError, match="generator.0.weight"):
        gan.save(path)
    assert path.read_bytes() == good
    assert [file.name for file in tmp_path.iterdir()] == ["run.safetensors"]


def test_a_checkpoint_of_another_architecture_says_what_differs_and_changes_nothing(tmp_path):
    path = make_gan().save(tmp_path / "run.safetensors")
    other = GAN(nets.mlp([2, 32, 2]), nets.mlp([2, 16, 1]), device="cpu")
    before = weights(other)
    with pytest.raises(CheckpointError, match=r"generator\.0\.weight: \(16, 2\) in the file, \(32, 2\) in the model"):
        other.load(path)
    assert_same(before, weights(other))
    with pytest.raises(CheckpointError, match="average.* not there in the file"):
        make_gan(ema=0.9).load(path)
    eight = ensemble.gans(lambda: nets.mlp([2, 16, 2]), lambda: nets.mlp([2, 16, 1]), seeds=8, device="cpu")
    with pytest.raises(CheckpointError, match="another architecture"):
        eight.load(path)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint at all, only text", None])
def test_a_damaged_checkpoint_is_named(tmp_path, content):
    path = make_gan().save(tmp_path / "run.safetensors")
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    with pytest.raises(CheckpointError, match="run.safetensors is damaged"):
        make_gan().load(path)


def test_a_missing_checkpoint_and_a_foreign_one_are_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint at"):
        make_gan().load(tmp_path / "nothing")
    safetensors.torch.save_file({"x": torch.zeros(1)}, tmp_path / "other")
    with pytest.raises(CheckpointError, match="did not write"):
        make_gan().load(tmp_path / "other")


def test_wrong_shapes_say_which_and_what_was_expected():
    with pytest.raises(ValueError, match=r"generator makes samples of shape \(2,\), the data have \(1, 28, 28\)"):
        train(make_gan(), torch.zeros(10, 1, 28, 28), 1)
    wide = GAN(nets.mlp([2, 8, 2]), nets.mlp([2, 8, 3]), device="cpu")
    with pytest.raises(ValueError, match=r"returned shape \(2, 3\).*one logit per sample"):
        train(wide, Blob(), 1)
    deaf = GAN(nets.mlp([2, 8, 2]), nets.mlp([5, 8, 1]), device="cpu")
    with pytest.raises(ValueError, match="discriminator can't take data of shape"):
        train(deaf, Blob(), 1)
    with pytest.raises(ValueError, match="generator can't take noise of shape"):
        train(GAN(nets.mlp([2, 8, 2]), nets.mlp([2, 8, 1]), noise_dim=7, device="cpu"), Blob(), 1)
    with pytest.raises(ValueError, match="2 NaN"):
        train(make_gan(), torch.tensor([[0.0, math.nan], [math.inf, 0.0]]), 1)
    with pytest.raises(TypeError, match="Batch 1 must be a tensor or an array of numbers.*got int"):
        train(make_gan(), [1, 2], 1)
    with pytest.raises(TypeError, match="Train on a tensor .*got int"):
        train(make_gan(), 12, 1)


def test_unknown_names_list_what_exists():
    with pytest.raises(ValueError, match="'lsgan'.*minimax, non_saturating, hinge"):
        make_gan(loss="lsgan")
    with pytest.raises(ValueError, match="'r3'.*r1, r2, gradient_penalty"):
        make_gan(penalties={"r3": 1.0})
    with pytest.raises(ValueError, match="no activation 'swish'"):
        nets.mlp([2, 2, 2], activation="swish")
    with pytest.raises(ValueError, match="learning rate"):
        make_gan(lr=0.0)
    with pytest.raises(ValueError, match="How long is this generator's noise"):
        GAN(nn.Sequential(nn.Conv2d(1, 1, 3)), nets.mlp([2, 1]), device="cpu")


def test_the_average_follows_the_generator_and_is_what_sample_uses():
    gan = make_gan(ema=0.9)
    run(gan, Blob(), 20, progress=False)
    z = gan.noise(4)
    assert not torch.equal(gan.sample(z), gan.sample(z, ema=False))
    assert torch.equal(gan.sample(z), gan.nets["average"](z))


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9, 0.99999])
def test_the_average_is_what_its_decay_says_from_the_first_step_on(decay):
    """After t steps the weights of step s count β^(t−s), divided by the sum of these: the untrained net isn't in it."""
    gan = GAN(*(net.double() for net in (nets.mlp([2, 4, 2]), nets.mlp([2, 4, 1]))), ema=decay, device="cpu")
    seen = []
    for step in train(gan, Blob(), 12, progress=False):
        seen.append(gan.generator[0].weight.detach().clone())
        counts = torch.tensor([decay ** (step.number - s) for s in range(1, step.number + 1)], dtype=torch.float64)
        expected = torch.einsum("s,sij->ij", counts / counts.sum(), torch.stack(seen))
        torch.testing.assert_close(gan.nets["average"][0].weight, expected)


def test_history_is_bounded_and_even():
    history = training.History(limit=50)
    for number in range(1, 1001):
        step = training.Step(number, {"loss_d": torch.tensor(float(number))})
        if history.wants(number):
            history.add(step)
    columns = history.columns
    assert len(history) <= 50 and columns["step"][0] == 1
    assert set(np.diff(columns["step"][1:])) == {history.stride}
    assert columns["step"].tolist() == columns["loss_d"].tolist()


def test_a_step_says_what_it_has():
    step = next(train(make_gan(), Blob(), 1, progress=False))
    assert isinstance(step.loss_d, float) and step.number == 1
    with pytest.raises(AttributeError, match="number, loss_d"):
        _ = step.loss_q


def test_a_progress_bar_is_shown_and_can_be_switched_off(capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr("tqdm.std.tqdm.monitor_interval", 0)
    import tqdm.auto

    shown = []
    monkeypatch.setattr(tqdm.auto, "tqdm", lambda **options: shown.append(options) or tqdm.std.tqdm(**options))
    run(make_gan(), Blob(), 3)
    run(make_gan(), Blob(), 3, progress=False)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    run(make_gan(), Blob(), 3)
    assert [options["total"] for options in shown] == [3, 3, 3]
    assert [options["disable"] for options in shown] == [False, True, True]


def test_images_train_from_a_tensor_with_channels_last_nets():
    gan = GAN(
        nets.DCGANGenerator(8, channels=4),
        nets.DCGANDiscriminator(channels=4),
        penalties={"r1": 1.0},
        penalty_every=2,
        device="cpu",
    )
    run(gan, torch.rand(40, 1, 28, 28) * 2 - 1, 4, batch=8, progress=False)
    x = gan.sample(5)
    assert x.shape == (5, 1, 28, 28) and x.abs().max() <= 1
    assert gan.discriminator.layers[0].weight.is_contiguous(memory_format=torch.channels_last)


def test_a_convolutional_gan_goes_on_after_loading_and_copying_as_if_nothing_had_happened(tmp_path):
    """Its weights lie channels last in memory, and fused Adam wants its averages to lie likewise."""

    def make():
        pair = ensemble.single_nets(
            lambda: nets.DCGANGenerator(8, channels=4), lambda: nets.DCGANDiscriminator(channels=4), 0
        )
        return GAN(*pair, ema=0.9, device="cpu")

    images = torch.rand(40, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    whole = run(make(), images, 6, batch=8, progress=False)
    half = run(make(), images, 4, batch=8, progress=False)
    half.save(tmp_path / "half.safetensors")
    loaded, copied = make(), half.copy()
    loaded.load(tmp_path / "half.safetensors")
    for each in (loaded, copied, half):
        run(each, images, 2, batch=8, progress=False)
        assert_same(weights(each), weights(whole))


def test_sampling_leaves_batch_norm_alone():
    gan = GAN(nets.mlp([2, 8, 2], batch_norm=True), nets.mlp([2, 8, 1]), device="cpu")
    run(gan, Blob(), 2, progress=False)
    before = weights(gan)["generator.1.running_mean"]
    gan.sample(100)
    assert torch.equal(before, weights(gan)["generator.1.running_mean"]) and gan.generator.training


def test_a_vae_learns_two_patterns_and_resumes_exactly(tmp_path):
    patterns = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]])
    data = patterns[torch.randint(2, (200,), generator=torch.Generator().manual_seed(0))]

    def build():
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return VAE(nets.VAE(shape=(4,), latent_dim=1, hidden=(16,)), lr=1e-2, device="cpu")

    vae = run(build(), data, 600, progress=False)
    # the best code costs ln 2 nats
    assert vae.history.columns["loss"][-20:].mean() < 1.1
    values = vae.history.columns
    np.testing.assert_allclose(values["loss"], values["kl"] - values["reconstruction"], rtol=1e-4, atol=1e-5)
    half = run(build(), data, 300, progress=False)
    half.save(tmp_path / "vae.safetensors")
    resumed = build()
    resumed.load(tmp_path / "vae.safetensors")
    assert_same(weights(vae), weights(run(resumed, data, 300, progress=False)))
    with pytest.raises(ValueError, match=r"pixels in \[0, 1\]"):
        train(build(), data * 2 - 1, 1)


@pytest.mark.parametrize("mixed", [False, True])
def test_on_a_cuda_device_training_and_resuming_work(tmp_path, mixed):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    gan = GAN(nets.mlp([2, 16, 2]), nets.mlp([2, 16, 1]), device="cuda", mixed_precision=mixed, penalties={"r1": 0.1})
    data = Blob().sample(100)
    run(gan, data, 10, progress=False)
    path = gan.save(tmp_path / "run.safetensors")
    again = GAN(nets.mlp([2, 16, 2]), nets.mlp([2, 16, 1]), device="cuda", mixed_precision=mixed, penalties={"r1": 0.1})
    again.load(path)
    run(gan, data, 5, progress=False)
    run(again, data, 5, progress=False)
    torch.testing.assert_close(gan.sample(torch.ones(3, 2)), again.sample(torch.ones(3, 2)))


# --- copies


@pytest.mark.parametrize("settings", [{}, {"ema": 0.9, "penalties": {"r1": 1.0}}])
def test_a_copy_goes_on_as_the_original_would_and_leaves_it_alone(settings):
    original = run(make_gan(**settings), Blob(), 5, progress=False)
    before = weights(original)
    twin = original.copy()
    run(twin, Blob(), 5, progress=False)
    assert_same(weights(original), before)
    assert_same(weights(run(original, Blob(), 5, progress=False)), weights(twin))


def test_a_copy_takes_other_settings_from_here():
    original = run(make_gan(), Blob(), 5, progress=False)
    twin = original.copy(lr=(1e-4, 2e-4), loss="hinge", penalties={"r1": 1.0}, ema=0.9)
    assert [o.param_groups[0]["lr"] for o in twin.optimizers.values()] == [1e-4, 2e-4]
    assert twin.step == 5 and twin.penalties == {"r1": 1.0} and not original.penalties
    for mine, theirs in zip(twin.nets["average"].parameters(), original.generator.parameters(), strict=True):
        assert torch.equal(mine, theirs)  # the average begins here
    assert "average" not in run(twin, Blob(), 3, progress=False).copy(ema=None).nets
    with pytest.raises(ValueError, match="learning rate"):
        original.copy(lr=0)


# -- remedies against mode collapse: packing, unrolling, another discriminator


def double_gan(inputs=2, **settings):
    pair = ensemble.single_nets(
        lambda: nets.mlp([2, 6, 2], activation="tanh"), lambda: nets.mlp([inputs, 6, 1], activation="tanh"), 0
    )
    return GAN(*[net.double() for net in pair], device="cpu", **({"lr": 1e-2} | settings))


class Blob64(Blob):
    def sample(self, n, generator=None, device=None):
        return super().sample(n, generator, device).double()


def test_packs_hold_neighbouring_samples():
    gan = double_gan(inputs=6, packing=3)
    x = torch.arange(12.0, dtype=torch.float64).reshape(6, 2)
    assert gan.pack(x).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert gan.logits(x).shape == (2,)
    assert torch.equal(gan.logits(x), gan.discriminator(x.reshape(2, 6)).squeeze(1))
    pictures = torch.zeros(6, 1, 4, 4)
    assert gan.pack(pictures).shape == (2, 3, 4, 4)
    with pytest.raises(ValueError, match="a multiple of 3 samples; got 4"):
        gan.pack(x[:4])
    with pytest.raises(ValueError, match="a multiple of 3 samples; got 128"):
        train(gan, Blob64(), 1)


def test_a_packed_step_is_the_one_written_by_hand():
    gan, by_hand = (double_gan(inputs=4, packing=2, penalties={"r1": 0.7}) for _ in range(2))
    real = Blob64().sample(8)
    _, values = gan.update_discriminator(real)
    fake = by_hand.generator(by_hand.noise(8, training=True)).detach().reshape(4, 4)
    x = real.reshape(4, 4).requires_grad_()
    on_real = by_hand.discriminator(x)[:, 0]
    (slope,) = torch.autograd.grad(on_real.sum(), x, create_graph=True)
    loss = nn.functional.softplus(-on_real).mean() + nn.functional.softplus(by_hand.discriminator(fake)).mean()
    (loss + 0.35 * slope.square().sum(1).mean()).backward()
    assert values["loss_d"].item() == pytest.approx(loss.item())
    for mine, theirs in zip(gan.discriminator.parameters(), by_hand.discriminator.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)


def unrolled_by_hand(gan, real, noise, k):
    """G's loss as a function of G's weights only, with Adam's steps of D in plain sight; two linear layers each."""
    beta1, beta2 = 0.5, 0.999
    softplus = nn.functional.softplus
    weights = list(gan.discriminator.parameters())
    state = [gan.optimizers["discriminator"].state[w] for w in weights]
    m = [s["exp_avg"] for s in state]
    v = [s["exp_avg_sq"] for s in state]
    done = int(state[0]["step"])

    def d(x, w):
        return (x @ w[0].T + w[1]).tanh() @ w[2].T + w[3]

    fake = gan.generator(noise)
    for t in range(done + 1, done + k + 1):
        loss = softplus(-d(real, weights)).mean() + softplus(d(fake, weights)).mean()
        slopes = torch.autograd.grad(loss, weights, create_graph=True)
        m = [beta1 * a + (1 - beta1) * g for a, g in zip(m, slopes, strict=True)]
        v = [beta2 * a + (1 - beta2) * g * g for a, g in zip(v, slopes, strict=True)]
        weights = [
            w - 1e-2 * (a / (1 - beta1**t)) / ((b / (1 - beta2**t)).sqrt() + 1e-8)
            for w, a, b in zip(weights, m, v, strict=True)
        ]
    return softplus(-d(fake, weights)).mean()


@pytest.mark.parametrize("k", [0, 1, 3])
def test_the_unrolled_generator_follows_the_gradient_of_the_unrolled_objective(k):
    gan = double_gan(unroll=k)
    run(gan, Blob64(), 5, batch=16, progress=False)
    before = {key: value.clone() for key, value in gan.discriminator.state_dict().items()}
    real, noise = Blob64().sample(16), torch.randn(16, 2, dtype=torch.float64)
    loss = unrolled_by_hand(gan, real, noise, k)
    slopes = torch.autograd.grad(loss, list(gan.generator.parameters()))
    # one place in G's weights, moved by hand: the slope is that of the whole objective, not with D held fixed
    weight, h, sides = gan.generator[0].weight, 1e-6, []
    for sign in (1, -1):
        with torch.no_grad():
            weight[0, 0] += sign * h
        sides.append(unrolled_by_hand(gan, real, noise, k).item())
        with torch.no_grad():
            weight[0, 0] -= sign * h
    assert (sides[0] - sides[1]) / (2 * h) == pytest.approx(slopes[0][0, 0].item(), rel=1e-4, abs=1e-8)

    values = gan.update_generator(real, gan.generator(noise))
    assert values["loss_g"].item() == pytest.approx(loss.item(), rel=1e-10)
    for parameter, slope in zip(gan.generator.parameters(), slopes, strict=True):
        torch.testing.assert_close(parameter.grad, slope, rtol=1e-8, atol=1e-12)
    for key, value in gan.discriminator.state_dict().items():
        assert torch.equal(value, before[key])  # D itself has not moved


def test_unrolling_by_nothing_is_the_ordinary_step_and_by_something_is_not():
    plain, nothing, some = (run(make_gan(**s), Blob(), 6, progress=False) for s in ({}, {"unroll": 0}, {"unroll": 2}))
    assert_same(weights(plain), weights(nothing))
    assert not torch.equal(plain.generator[0].weight, some.generator[0].weight)


@pytest.mark.parametrize("loss", objectives.LOSSES)
@pytest.mark.parametrize("penalties", [{}, {"r1": 0.1, "r2": 0.1}, {"gradient_penalty": 0.1}])
def test_unrolling_goes_with_every_loss_and_penalty(loss, penalties):
    gan = run(make_gan(loss=loss, penalties=penalties, unroll=2), Blob(), 3, progress=False)
    assert all(value.isfinite().all() for value in weights(gan).values())


def test_unrolling_leaves_the_running_numbers_of_spectral_norm_alone():
    g, d = ensemble.single_nets(lambda: nets.mlp([2, 8, 2]), lambda: nets.mlp([2, 8, 1], spectral_norm=True), 0)
    for pair in ((g, d), (ensemble.stack([g]), ensemble.stack([d]))):
        gan = GAN(*pair, unroll=3, device="cpu")
        real = gan.draw(lambda s: Blob().sample(8, s))
        fake, _ = gan.update_discriminator(real)
        before = {key: value.clone() for key, value in gan.discriminator.state_dict().items()}
        gan.update_generator(real, fake)
        for key, value in gan.discriminator.state_dict().items():
            assert torch.equal(value, before[key]), key


def test_a_copy_can_play_on_against_another_discriminator():
    gan = run(make_gan(ema=0.9), Blob(), 7, progress=False)
    _, other = ensemble.single_nets(nn.Identity, lambda: nets.mlp([4, 16, 1], spectral_norm=True), 0)
    start = {key: value.clone() for key, value in other.state_dict().items()}
    twin = gan.copy(discriminator=other, packing=2)
    for key, value in twin.discriminator.state_dict().items():
        assert torch.equal(value, start[key])
    for mine, theirs in zip(twin.generator.parameters(), gan.generator.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    assert twin.step == 7 and not twin.optimizers["discriminator"].state and twin.optimizers["generator"].state
    for mine, theirs in zip(twin._streams.values(), gan._streams.values(), strict=True):
        assert torch.equal(mine[0].get_state(), theirs[0].get_state())
    run(twin, Blob(), 3, progress=False)
    assert twin.step == 10 and gan.step == 7
    with pytest.raises(ValueError, match="packing must be a whole number from 1 to 1000; got 0"):
        make_gan(packing=0)

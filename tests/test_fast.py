"""The written-out step against autograd's: the same numbers wherever it stands in, and autograd wherever it can't."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gan_edu import ensemble, nets, objectives, training
from gan_edu.training import GAN, run, train
from gan_edu.training.fast import FastGAN
from gan_edu.training.run import _finite

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
}


class Blob:
    """Points around (1, −1, …), of the dtype in use."""

    def __init__(self, dim=2):
        self.dim = dim

    def sample(self, n, generator=None, device=None):
        return torch.randn(n, self.dim, generator=generator, device=device) + 1.0


def build(sizes, activation, output=None, bias=True):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(inputs, outputs, bias=bias), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers[:-1], *([ACTIVATIONS[output]()] if output else []))


def make(seeds=0, dtype=torch.float64, sizes_g=(2, 7, 5, 2), sizes_d=(2, 6, 4, 1), of_g=None, of_d=None, **options):
    """A GAN, or an ensemble; always the same one."""
    of_g, of_d = {"activation": "leaky_relu"} | (of_g or {}), {"activation": "leaky_relu"} | (of_d or {})
    options = {"lr": 1e-2, "device": "cpu", "sure": True} | options

    def generator():
        return build(sizes_g, **of_g).to(dtype)

    def discriminator():
        return build(sizes_d, **of_d).to(dtype)

    if seeds:
        return ensemble.gans(generator, discriminator, seeds=seeds, **options)
    return GAN(*ensemble.single_nets(generator, discriminator, 0), **options)


def weights(model):
    return {key: value.clone() for key, value in model.state()[0].items()}


def gradients(gan):
    return [p.grad.clone() for net in (gan.generator, gan.discriminator) for p in net.parameters()]


def by_autograd(gan, data, steps, batch):
    """The same steps without what is tested here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FastGAN, "of", classmethod(lambda cls, gan: None))
        return list(train(gan, data, steps, batch=batch, progress=False))


def assert_same_training(fast, slow, steps=3, batch=8, dim=2, **tolerance):
    """Both take some steps, and everything agrees: measured values, gradients, weights, Adam's averages, streams."""
    assert FastGAN.of(fast) is not None
    tolerance = tolerance or {"rtol": 1e-10, "atol": 1e-10}
    mine = list(train(fast, Blob(dim), steps, batch=batch, progress=False))
    theirs = by_autograd(slow, Blob(dim), steps, batch)
    for step, other in zip(mine, theirs, strict=True):
        assert step.values.keys() == other.values.keys()
        for name in step.values:
            torch.testing.assert_close(step.values[name], other.values[name], **tolerance)
    torch.testing.assert_close(gradients(fast), gradients(slow), **tolerance)
    mine, theirs = weights(fast), weights(slow)
    assert mine.keys() == theirs.keys() and any(key.endswith("exp_avg_sq") for key in mine)
    for key in mine:
        torch.testing.assert_close(mine[key], theirs[key], **tolerance, msg=key)
        if key.startswith("random"):
            assert torch.equal(mine[key], theirs[key])


@st.composite
def games(draw):
    penalties = draw(st.dictionaries(st.sampled_from(list(objectives.PENALTIES)), st.floats(0, 2), max_size=2))
    activations = st.sampled_from(list(ACTIVATIONS))
    curved = st.sampled_from([name for name in ACTIVATIONS if name != "silu"])
    hidden, outputs = st.lists(st.integers(1, 6), max_size=3), st.sampled_from([None, *ACTIVATIONS])
    dim = draw(st.integers(1, 3))
    return dict(
        seeds=draw(st.integers(0, 3)),
        sizes_g=(draw(st.integers(1, 3)), *draw(hidden), dim),
        sizes_d=(dim, *draw(hidden), 1),
        of_g={"activation": draw(activations), "output": draw(outputs), "bias": draw(st.booleans())},
        of_d={
            "activation": draw(curved if penalties else activations),
            "output": draw(st.sampled_from([None, None, "tanh", "sigmoid", "relu"])),
            "bias": draw(st.booleans()),
        },
        loss=draw(st.sampled_from(list(objectives.LOSSES))),
        penalties=penalties,
        penalty_every=draw(st.integers(1, 2)),
        discriminator_steps=draw(st.integers(1, 2)),
        ema=draw(st.sampled_from([None, 0.9])),
        lr=(1e-2, 2e-2),
    ), draw(st.integers(1, 9))


def blunt(gan):
    """Adam divides by the root of a mean square: where that is next to nothing, rounding would decide."""
    for optimizer in gan.optimizers.values():
        optimizer.param_groups[0]["eps"] = 1e-2
    return gan


@settings(max_examples=100)
@given(games())
def test_the_written_out_step_is_autograds(game):
    options, batch = game
    assert_same_training(blunt(make(**options)), blunt(make(**options)), batch=batch, dim=options["sizes_d"][0])


@pytest.mark.parametrize("loss", objectives.LOSSES)
@pytest.mark.parametrize("seeds", [0, 3])
@pytest.mark.parametrize("penalties", [{}, {"r1": 1.0}, {"r1": 0.5, "r2": 1.0}, {"gradient_penalty": 1.0}])
def test_every_loss_agrees_in_single_precision_and_with_adam_as_it_is(loss, seeds, penalties):
    def one(dtype):
        return make(seeds, dtype, (2, 32, 32, 2), (2, 32, 32, 1), loss=loss, penalties=penalties, lr=1e-3)

    assert_same_training(one(torch.float64), one(torch.float64), steps=5, batch=32)
    single, again = blunt(one(torch.float32)), blunt(one(torch.float32))
    assert_same_training(single, again, steps=5, batch=32, rtol=1e-4, atol=1e-6)


# -- where it stands in, and where not ---------------------------------------------------------------------------------
def spectral(net):
    return nn.Sequential(*[nn.utils.parametrizations.spectral_norm(x) if hasattr(x, "weight") else x for x in net])


class Other(nn.Sequential):
    def forward(self, x):
        return 2 * super().forward(x)


def hooked(gan):
    gan.discriminator[1].register_forward_hook(lambda *_: None)


def hooked_weight(gan):
    gan.generator[0].weight.register_hook(lambda gradient: gradient * 0)


def hooked_backwards(gan):
    gan.generator.register_full_backward_hook(lambda *_: None)


def other_forward(gan):
    gan.discriminator[1].forward = torch.tanh


def own_loss(gan):
    gan.loss = objectives.Loss("hinge", *[getattr(objectives.wasserstein, player) for player in PLAYERS])


def packed(gan):
    gan.packing = 2


def unrolled(gan):
    gan.unroll = 1


def with_dropout(gan):
    gan.generator[1] = nn.Dropout(0.5)


def with_other_layers(gan):
    gan.discriminator[0] = nn.Linear(2, 6)


def with_a_tied_weight(gan):
    gan.generator[2].weight = gan.generator[0].weight


def with_an_activation_twice(gan):
    gan.generator.insert(1, nn.Tanh())


def negative_slope(gan):
    gan.generator[1] = nn.LeakyReLU(-0.5)


def columns_first(gan):
    weight = gan.generator[2].weight
    weight.data = weight.data.t().contiguous().t()


PLAYERS = ("discriminator", "generator")
CHANGES = [hooked, hooked_weight, hooked_backwards, other_forward, own_loss, packed, unrolled, with_dropout]
CHANGES += [with_other_layers, with_a_tied_weight, with_an_activation_twice, negative_slope, columns_first]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_autograd_takes_over_as_soon_as_something_needs_it(change):
    gan = run(make(), Blob(), 3, progress=False)
    assert FastGAN.of(gan) is not None
    change(gan)
    assert FastGAN.of(gan) is None


@pytest.mark.parametrize(
    "nets_",
    [
        lambda: (nets.mlp([2, 4, 2], batch_norm=True), nets.mlp([2, 4, 1])),
        lambda: (nets.mlp([2, 4, 2]), nets.mlp([2, 4, 1], dropout=0.1)),
        lambda: (nets.mlp([2, 4, 2]), nets.mlp([2, 4, 1], spectral_norm=True)),
        lambda: (nets.mlp([2, 4, 2]), nets.mlp([2, 4, 1], minibatch_std=True)),
        lambda: (Other(nn.Linear(2, 2)), nets.mlp([2, 4, 1])),
        lambda: (nn.Sequential(nn.Sequential(nn.Linear(2, 2))), nets.mlp([2, 4, 1])),
        lambda: (nets.mlp([2, 4, 2]), nn.Sequential(nn.Linear(2, 4), nn.GELU(), nn.Linear(4, 1))),
        lambda: (ensemble.stack([nets.mlp([2, 4, 2])]), ensemble.stack([nets.mlp([2, 4, 1], spectral_norm=True)])),
    ],
)
def test_other_nets_are_left_to_autograd(nets_):
    generator, discriminator = nets_()
    assert FastGAN.of(GAN(generator, discriminator, device="cpu")) is None
    penalised = GAN(nets.mlp([2, 4, 2]), nets.mlp([2, 4, 1], "silu"), penalties={"r1": 1.0}, device="cpu")
    assert FastGAN.of(penalised) is None
    frozen = make()
    frozen.generator[0].weight.requires_grad_(False)
    assert FastGAN.of(frozen) is None


def test_autograd_takes_over_in_the_middle_of_a_run_and_gives_back():
    mixed, slow = make(), make()
    list(train(mixed, Blob(), 3, batch=8, progress=False))
    handle = mixed.discriminator[0].register_forward_hook(lambda *_: None)
    list(train(mixed, Blob(), 2, batch=8, progress=False))
    handle.remove()
    assert FastGAN.of(mixed) is not None
    list(train(mixed, Blob(), 3, batch=8, progress=False))
    by_autograd(slow, Blob(), 8, 8)
    for key, value in weights(slow).items():
        torch.testing.assert_close(weights(mixed)[key], value, rtol=1e-9, atol=1e-9, msg=key)


# -- what changes between steps ----------------------------------------------------------------------------------------
def scaled(gan):
    with torch.no_grad():
        gan.generator[0].weight *= 2


def exchanged(gan):
    gan.discriminator[2].weight.data = torch.ones(4, 6, dtype=torch.float64)


def slower(gan):
    gan.optimizers["generator"].param_groups[0]["lr"] = 1e-4


def decaying(gan):
    gan.optimizers["discriminator"].param_groups[0]["weight_decay"] = 0.1


def ascending(gan):
    gan.optimizers["discriminator"].param_groups[0]["maximize"] = True


def forgetful(gan):
    gan.optimizers["generator"].state.clear()


def emptied(gan):
    for slots in gan.optimizers["generator"].state.values():
        slots["exp_avg"] = torch.zeros_like(slots["exp_avg"])
        slots["step"] = torch.tensor(1.0)


def other_settings(gan):
    gan.loss, gan.penalties, gan.penalty_every = objectives.LOSSES["hinge"], {"r1": 2.0, "r2": 1.0}, 2


def other_activation(gan):
    gan.generator[1] = nn.Tanh()


def other_slope(gan):
    gan.discriminator[1].negative_slope = 0.5


def restored(gan):
    tensors, text = gan.state()
    gan.restore({key: value.clone() for key, value in tensors.items()}, text)


def assigned(gan):
    """load_state_dict(assign=True) makes new parameters, which the optimiser doesn't know."""
    state = {key: value.clone() for key, value in gan.generator.state_dict().items()}
    gan.generator.load_state_dict(state, assign=True)
    gan.optimizers["generator"] = torch.optim.Adam(gan.generator.parameters(), lr=1e-2, betas=(0.5, 0.999), fused=True)


MEDDLING = [scaled, exchanged, slower, decaying, ascending, forgetful, emptied, other_settings, other_activation]
MEDDLING += [other_slope, restored, assigned]


@pytest.mark.parametrize("meddle", MEDDLING, ids=lambda meddle: meddle.__name__)
def test_what_is_changed_between_steps_counts(meddle):
    fast, slow = make(), make()
    run(fast, Blob(), 3, batch=8, progress=False)
    by_autograd(slow, Blob(), 3, 8)
    meddle(fast)
    meddle(slow)
    assert_same_training(fast, slow, rtol=1e-8, atol=1e-9)


def test_somebody_elses_optimiser_is_called_and_a_schedule_is_kept():
    fast, slow = make(), make()
    for gan in (fast, slow):
        gan.optimizers["generator"] = torch.optim.SGD(gan.generator.parameters(), lr=0.1, momentum=0.5)
        gan.schedule = torch.optim.lr_scheduler.ExponentialLR(gan.optimizers["discriminator"], 0.5)
    for _ in range(3):
        run(fast, Blob(), 1, batch=8, progress=False)
        by_autograd(slow, Blob(), 1, 8)
        fast.schedule.step()
        slow.schedule.step()
    assert FastGAN.of(fast) is not None
    assert fast.optimizers["discriminator"].param_groups[0]["lr"] == 1e-2 / 8
    torch.testing.assert_close(gradients(fast), gradients(slow), rtol=1e-10, atol=1e-10)


def test_a_step_of_ones_own_is_called():
    gan, called = run(make(), Blob(), 2, progress=False), []
    gan.optimizers["generator"].step = lambda: called.append(1)
    before = weights(gan)
    run(gan, Blob(), 3, progress=False)
    assert called == [1, 1, 1]
    assert torch.equal(before["generator.0.weight"], gan.generator[0].weight)


def test_gradients_are_new_in_each_step_and_those_of_d_stay_while_g_moves():
    gan = make()
    first = next(train(gan, Blob(), 1, progress=False)) and [p.grad for p in gan.discriminator.parameters()]
    copies = [g.clone() for g in first]
    real, fake, _ = gan.step_discriminator(training.batches(gan, Blob(), 8))
    of_d = [p.grad for p in gan.discriminator.parameters()]
    gan.step_generator(real, fake)
    assert all(torch.equal(g, kept) for g, kept in zip(first, copies, strict=True))
    assert all(p.grad is g for p, g in zip(gan.discriminator.parameters(), of_d, strict=True))


def test_in_between_the_halves_gradients_are_computed_as_ever():
    gan = make()
    gan.step_discriminator(training.batches(gan, Blob(), 8))
    assert torch.is_grad_enabled()
    x = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    gan.logits(x).sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize("seeds", [0, 3])
@pytest.mark.parametrize(
    "options", [{}, {"ema": 0.9, "penalties": {"r1": 1.0, "gradient_penalty": 1.0}, "discriminator_steps": 2}]
)
def test_a_run_that_is_saved_and_loaded_is_bit_for_bit_one_that_never_stopped(tmp_path, seeds, options):
    whole = run(make(seeds, torch.float32, **options), Blob(), 30, progress=False)
    half = run(make(seeds, torch.float32, **options), Blob(), 13, progress=False)
    half.save(tmp_path / "half.safetensors")
    loaded = make(seeds, torch.float32, **options)
    loaded.load(tmp_path / "half.safetensors")
    assert FastGAN.of(loaded) is not None
    copied, deep = half.copy(), copy.deepcopy(half.generator)
    for other in (half, loaded, copied):
        run(other, Blob(), 17, progress=False)
        for key, value in weights(whole).items():
            assert torch.equal(value, weights(other)[key]), key
    assert not torch.equal(deep[0].weight if not seeds else deep.layers[0].weight, next(half.generator.parameters()))


def test_a_loss_that_is_no_number_is_noticed_and_a_large_one_is_none():
    assert all(map(_finite, [torch.tensor([3e38, 3e38]), torch.tensor(1.0)]))
    for bad in (
        torch.tensor(float("nan")),
        torch.tensor([1.0, float("inf")]),
        torch.tensor([float("inf"), -torch.inf]),
    ):
        assert not all(map(_finite, [torch.tensor(1.0), bad]))
    gan = make()
    with torch.no_grad():
        gan.generator[0].weight[0, 0] = float("nan")
    with pytest.raises(training.TrainingDiverged, match="loss_d = nan"):
        run(gan, Blob(), 3, progress=False)


def test_small_nets_give_the_same_bits_whatever_the_number_of_threads():
    before, states = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            gan = make(8, torch.float32, (2, 64, 64, 2), (2, 64, 64, 1), penalties={"r1": 0.1})
            states.append(weights(run(gan, Blob(), 5, batch=256, progress=False)))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_large_nets_are_left_to_autograd():
    assert FastGAN.of(make(sizes_g=(2, 400, 400, 2))) is not None
    assert FastGAN.of(make(sizes_g=(2, 500, 500, 2))) is None
    assert FastGAN.of(make(8, sizes_d=(2, 200, 200, 1))) is None

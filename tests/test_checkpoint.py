"""Checkpoints are checked whole before anything of them is used: whatever a file holds, the model is as it was."""

import json
import os

import pytest
import safetensors.torch
import torch

from gan_edu import ensemble, nets
from gan_edu.training import GAN, VAE, CheckpointError, run
from gan_edu.training.checkpoint import _stream_state, fingerprint, read_safetensors

DATA = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))


def make_gan(**settings):
    pair = ensemble.single_nets(lambda: nets.mlp([2, 8, 2]), lambda: nets.mlp([2, 8, 1]), 0)
    return GAN(*pair, device="cpu", **settings)


def make_vae():
    return VAE(nets.VAE(shape=(2,), latent_dim=1, hidden=(8,)), log_likelihood="gaussian", device="cpu")


def trained(model, steps=5):
    return run(model, DATA, steps, batch=8, progress=False)


def everything(model):
    tensors, text = model.state()
    return {key: value.clone() for key, value in tensors.items()}, text


def assert_same(first, second):
    assert first[1] == second[1] and first[0].keys() == second[0].keys()
    assert all(torch.equal(first[0][key], second[0][key]) for key in first[0])


def behind_its_table():
    """PyTorch accepts this state, and draws what lies behind its 624 numbers."""
    state = torch.Generator().manual_seed(0).get_state()
    state[8:12] = torch.tensor([624], dtype=torch.int32).view(torch.uint8)
    state[16:24] = torch.tensor([624], dtype=torch.int64).view(torch.uint8)
    return state


TENSORS = {
    "a slot of one number, behind which Adam would write": (
        "optimizer.generator.0.weight.exp_avg",
        torch.zeros(1),
    ),
    "a slot a little too large": ("optimizer.generator.0.weight.exp_avg", torch.zeros(9, 2)),
    "a slot of another type": ("optimizer.generator.0.weight.exp_avg", torch.zeros(8, 2, dtype=torch.float64)),
    "a slot that is missing": ("optimizer.generator.0.weight.exp_avg", None),
    "a slot that nobody knows": ("optimizer.generator.0.weight.more", torch.zeros(8, 2)),
    "an optimiser that nobody knows": ("optimizer.critic.0.step", torch.zeros(())),
    "a parameter that nobody has": ("optimizer.generator.99.weight.step", torch.zeros(())),
    "a step that is a list": ("optimizer.generator.0.weight.step", torch.zeros(2)),
    "negative squares": ("optimizer.generator.0.weight.exp_avg_sq", -torch.ones(8, 2)),
    "a weight that is NaN": ("generator.0.weight", torch.full((8, 2), torch.nan)),
    "a slot that is infinite": ("optimizer.discriminator.0.weight.exp_avg", torch.full((8, 2), torch.inf)),
    "a weight of another shape": ("generator.0.weight", torch.zeros(8, 3)),
    "a weight of another type": ("generator.0.weight", torch.zeros(8, 2, dtype=torch.int64)),
    "a stream of a GPU": ("random.training.0", torch.zeros(16, dtype=torch.uint8)),
    "a stream of zeros": ("random.sampling.0", torch.zeros(5056, dtype=torch.uint8)),
    "a stream of ones": ("random.nets", torch.full((5056,), 255, dtype=torch.uint8)),
    "a stream that is missing": ("random.nets", None),
    "a stream that reads behind its table": ("random.training.0", behind_its_table()),
    "a stream in a square": ("random.training.0", torch.zeros(2, 2528, dtype=torch.uint8)),
    "something else": ("secret", torch.zeros(3)),
}
TEXTS = {
    "no step": ("step", None),
    "a negative step": ("step", "-5"),
    "a step in words": ("step", "five"),
    "another format": ("format", "gan_edu 99"),
    "no format": ("format", None),
    "another kind": ("kind", "VAE"),
    "no history": ("history", None),
    "a history cut short": ("history", '{"stride": 1, "rows": [{"st'),
    "a history that divides by zero": ("history", '{"stride": 0, "rows": []}'),
    "a history of the future": ("history", '{"stride": 1, "rows": [{"step": 900, "loss_d": 1.0}]}'),
    "a history out of order": ("history", '{"stride": 1, "rows": [{"step": 2}, {"step": 1}]}'),
    "a history of words": ("history", '{"stride": 1, "rows": [{"step": 1, "loss_d": "x"}]}'),
    "a history as a list": ("history", "[]"),
    "a history without bottom": ("history", "[" * 100_000),
    "nothing more": ("more", None),
    "an average of less than nothing": ("more", '{"averaged": -1}'),
    "a step of thirty digits": ("step", "9" * 30),
    "a history of huge numbers": ("history", '{"stride": 1, "rows": [{"step": 1, "loss_d": 1' + "0" * 400 + "}]}"),
    "an average in words": ("more", '{"averaged": "x"}'),
}


def changed(tensors, text, key, value):
    where = tensors if key in tensors or isinstance(value, torch.Tensor) else text
    if value is None:
        (tensors if key in tensors else text).pop(key)
    else:
        where[key] = value
    return tensors, text


@pytest.mark.parametrize("signed", [False, True], ids=["as it is", "with a checksum that fits"])
@pytest.mark.parametrize("what", [*TENSORS, *TEXTS])
def test_a_file_that_was_changed_is_refused_and_the_model_is_as_it_was(tmp_path, what, signed):
    path = trained(make_gan(ema=0.9)).save(tmp_path / "run.safetensors")
    tensors, text = changed(*read_safetensors(path), *(TENSORS | TEXTS)[what])
    if signed:
        del text["sha256"]
        text["sha256"] = fingerprint(tensors, text)
    safetensors.torch.save_file(tensors, path, text)
    gan = trained(make_gan(ema=0.9), 3)
    before = everything(gan)
    with pytest.raises(CheckpointError, match=r"^run\.safetensors "):
        gan.load(path)
    assert_same(everything(gan), before)
    trained(gan)  # and it trains on


def test_a_flipped_bit_is_noticed(tmp_path):
    path = trained(make_gan()).save(tmp_path / "run.safetensors")
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="is damaged: its numbers don't match its checksum"):
        make_gan().load(path)


@pytest.mark.parametrize("where", [0, 8, 100, 0.5, -1])
def test_a_file_that_is_cut_is_refused(tmp_path, where):
    path = trained(make_gan()).save(tmp_path / "run.safetensors")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * where) if isinstance(where, float) else where])
    with pytest.raises(CheckpointError, match="damaged"):
        make_gan().load(path)


@pytest.mark.parametrize("make", [make_gan, lambda: make_gan(ema=0.5), make_vae])
def test_what_was_saved_before_the_first_step_or_later_goes_on_as_if_nothing_had_happened(tmp_path, make):
    for steps in (0, 4):
        whole = trained(make(), steps)
        again = trained(make(), 2)
        again.load(whole.save(tmp_path / "run.safetensors"))
        assert_same(everything(trained(again)), everything(trained(whole)))


def test_streams_know_no_device(tmp_path):
    """A checkpoint holds the states of generators on the CPU, whatever the device, so that it opens on any other."""
    tensors, _ = trained(make_gan()).state()
    states = [value for key, value in tensors.items() if key.startswith("random.")]
    assert states and all(len(state) == len(torch.Generator().get_state()) for state in states)
    assert all(stream.device.type == "cpu" for streams in make_gan()._streams.values() for stream in streams)


def test_tied_weights_can_be_saved(tmp_path):
    def make():
        g = nets.mlp([2, 2, 2])
        g[2].weight = g[0].weight
        return GAN(g, nets.mlp([2, 8, 1]), device="cpu")

    gan, again = trained(make()), make()
    again.load(gan.save(tmp_path / "tied.safetensors"))
    assert_same(everything(gan), everything(again))


def test_frozen_layers_stay_and_the_rest_trains_saves_and_goes_on(tmp_path):
    def make():
        gan = make_gan()
        frozen = [net.requires_grad_(False) for net in (gan.generator[0], gan.discriminator[2])]
        return GAN(gan.generator, gan.discriminator, device="cpu", lr=1e-2, penalties={"r1": 0.1}, ema=0.9), frozen

    (gan, frozen), (again, _) = make(), make()
    before = [layer.weight.clone() for layer in frozen]
    trained(gan, 4)
    assert all(torch.equal(layer.weight, weight) for layer, weight in zip(frozen, before, strict=True))
    assert not torch.equal(gan.generator[2].weight, again.generator[2].weight)
    again.load(gan.save(tmp_path / "run.safetensors"))
    assert_same(everything(trained(gan)), everything(trained(again)))
    with pytest.raises(ValueError, match="discriminator .* has no parameters to train"):
        GAN(gan.generator, gan.discriminator.requires_grad_(False), device="cpu")


def test_the_text_of_a_checkpoint_is_json_and_names_its_steps(tmp_path):
    _, text = read_safetensors(trained(make_gan(ema=0.9), 7).save(tmp_path / "run.safetensors"))
    assert text["step"] == "7" and json.loads(text["more"]) == {"averaged": 7}
    assert len(json.loads(text["history"])["rows"]) == 7


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_checkpoint_has_the_permissions_of_any_new_file(tmp_path):
    path, plain = make_gan().save(tmp_path / "run.safetensors"), tmp_path / "plain"
    plain.write_text("")
    assert path.stat().st_mode == plain.stat().st_mode


def test_every_real_state_of_a_stream_is_taken():
    generator = torch.Generator().manual_seed(3)
    for draws in range(700):
        _stream_state("x", {"x": generator.get_state()}, set())
        torch.randint(9, (1 + draws % 5,), generator=generator)


def test_a_mask_of_infinite_numbers_is_no_divergence(tmp_path):
    def make():
        gan = make_gan()
        gan.discriminator.register_buffer("mask", torch.full((3,), -torch.inf))
        return gan

    make().load(make().save(tmp_path / "run.safetensors"))

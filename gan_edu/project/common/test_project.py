"""python -m pytest: a run that was stopped goes on exactly where it was, and can be drawn from."""

import pytest
import sample
import torch
import train
from data import DATA, load
from nets import Discriminator

SMALL = ["--size", "16", "--batch", "8", "--width", "4", "--every", "3", "--device", "cpu"]


def run(out, steps, *settings):
    train.main([*SMALL, *settings, "--steps", str(steps), "--out", str(out)])
    return torch.load(out / "checkpoint.pt", weights_only=True)


def test_a_stopped_run_goes_on_exactly(tmp_path):
    whole = run(tmp_path / "whole", 7)
    assert run(tmp_path / "parts", 4)["step"] == 4
    parts = run(tmp_path / "parts", 7)
    assert whole["step"] == parts["step"] == 7
    for net in ("G", "D", "mean_G"):
        assert all(torch.equal(whole[net][name], parts[net][name]) for name in whole[net])


def test_accumulated_gradients_are_those_of_the_whole_batch():
    data, spec = load(DATA, 16)
    net, x = Discriminator(spec, 4), data.take(torch.arange(8))  # it has no batch norm, so that its parts add up
    net(x).mean().backward()
    whole = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    for part in x.chunk(4):
        (net(part).mean() / 4).backward()
    assert all(torch.allclose(a, p.grad, atol=1e-6) for a, p in zip(whole, net.parameters(), strict=True))


def test_drawing_is_repeatable(tmp_path):
    run(tmp_path, 2)
    for name in "ab":
        sample.main(["--out", str(tmp_path), "--n", "5", "--to", str(tmp_path / name)])
    (a,), (b,) = (list(tmp_path.glob(f"{name}.*")) for name in "ab")
    assert a.read_bytes() == b.read_bytes()


@pytest.mark.parametrize("setting", [("--width", "8"), ("--seed", "1")])
def test_a_checkpoint_of_another_run_is_not_gone_on_with(tmp_path, setting):
    run(tmp_path, 1)
    with pytest.raises(SystemExit, match="comes from other data or settings"):
        run(tmp_path, 2, *setting)

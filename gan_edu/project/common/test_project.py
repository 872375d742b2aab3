"""python -m pytest: a run that was stopped goes on exactly where it was, and can be drawn from."""

import pytest
import sample
import torch
import train
from data import DATA, load

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


def test_a_batch_in_parts_gives_the_step_of_the_whole_batch():
    def step(accumulate):
        args = train.settings([*SMALL, "--accumulate", str(accumulate)])
        data, spec = load(DATA, args.size)
        state = train.new_state(spec, args)
        state["G"].eval()  # batch norm would see only its part
        for net in "DG":
            state[f"opt_{net}"] = torch.optim.SGD(state[net].parameters(), 0.1)
        train.play(state, data, 0, args)
        return [*state["D"].parameters(), *state["G"].parameters()]

    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(step(1), step(4), strict=True))


def test_drawing_is_repeatable(tmp_path):
    run(tmp_path, 2)
    for name in "ab":
        sample.main(["--out", str(tmp_path), "--n", "5", "--to", str(tmp_path / name)])
    (a,), (b,) = (list(tmp_path.glob(f"{name}.*")) for name in "ab")
    assert a.read_bytes() == b.read_bytes()


@pytest.mark.parametrize("setting", [("--width", "8"), ("--seed", "1"), ("--accumulate", "2")])
def test_a_checkpoint_of_another_run_is_not_gone_on_with(tmp_path, setting):
    run(tmp_path, 1)
    with pytest.raises(SystemExit, match="comes from other data or settings"):
        run(tmp_path, 2, *setting)


def test_a_damaged_checkpoint_is_said(tmp_path):
    run(tmp_path, 1)
    whole = (tmp_path / "checkpoint.pt").read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"no checkpoint"):
        (tmp_path / "checkpoint.pt").write_bytes(damaged)
        with pytest.raises(SystemExit, match="is damaged"):
            run(tmp_path, 2)
        with pytest.raises(SystemExit, match="is damaged"):
            sample.main(["--out", str(tmp_path)])


def test_weights_that_are_no_numbers_are_not_saved(tmp_path):
    with pytest.raises(SystemExit, match="smaller --lr"):
        run(tmp_path, 1, "--lr", "1e30")
    assert not (tmp_path / "checkpoint.pt").exists()

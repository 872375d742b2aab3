"""Mode collapse without a widget: data with modes, ensembles that branch, sweeps."""

import copy
import subprocess
import sys

import numpy as np
import pytest
import torch

from gan_edu import collapse, data, metrics

SMALL = collapse.CollapseSettings(seeds=2, hidden=8, batch=16)


def test_the_mathematics_needs_no_widget():
    code = "import sys, gan_edu.collapse, gan_edu.collapse.pages; assert 'ipywidgets' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_good_samples_are_counted_as_the_metric_counts_them():
    ring = data.toy.ring()
    samples = torch.stack([ring.sample(500, 0), ring.modes[2].expand(500, 2)])
    counts, quality = collapse.modes_of("ring").count(samples)
    exact = metrics.mode_coverage(samples, ring)
    assert torch.equal(counts, exact.counts) and torch.equal(quality, exact.high_quality)
    assert counts[1].tolist() == [0, 0, 500, 0, 0, 0, 0, 0]


def test_samples_that_are_not_finite_are_bad_ones_not_an_error():
    samples = torch.full((1, 10, 2), torch.nan)
    counts, quality = collapse.modes_of("ring").count(samples)
    assert quality.tolist() == [0] and counts.sum() == 0


def test_a_run_goes_on_with_other_settings_and_its_branch_shares_the_past():
    run = collapse.EnsembleRun.begin(SMALL, collapse.Makers(), "cpu")
    run.recorder.advance(20)
    other = run.branch(10, SMALL.with_(lr_g=1e-3))
    assert (run.step, other.step, other.settings.lr_g, run.settings.lr_g) == (20, 10, 1e-3, 1e-2)
    assert np.array_equal(other.recording.at(10).arrays["fake"], run.recording.at(10).arrays["fake"])
    run.change(SMALL.with_(packing=2))
    assert run.model.packing == 2 and run.settings.packing == 2
    with pytest.raises(ValueError, match="there is no step 99"):
        run.branch(99)


def test_a_change_that_fails_changes_nothing():
    makers = collapse.Makers(discriminator=lambda: collapse.Makers().of(SMALL, collapse.modes_of("ring"))[1]())
    run = collapse.EnsembleRun.begin(SMALL, makers, "cpu")
    model = run.model
    with pytest.raises(ValueError, match="your make_discriminator"):
        run.change(SMALL.with_(packing=2))
    assert run.settings is SMALL and run.model is model


def test_a_sweep_is_checked_before_anything_is_trained():
    for wrong, says in (
        ({"ys": [1, 0]}, "discriminator_steps must be a whole number from 1 to 20; got 0"),
        ({"xs": ["a"]}, "lr_g must be a number"),
        ({"steps": 0}, "steps must be a whole number from 1 to 100000; got 0"),
        ({"steps": "many"}, "steps must be a whole number"),
        ({"x": "lr_q"}, "A sweep can't be over 'lr_q'.*Did you mean"),
    ):
        with pytest.raises((ValueError, TypeError), match=says):
            collapse.Sweep(SMALL, collapse.Makers(), **{"x": "lr", "y": "discriminator_steps"} | wrong)


def test_a_sweep_says_what_is_known_and_how_far_it_is():
    sweep = collapse.Sweep(SMALL, collapse.Makers(), "lr", "unroll", [1e-3, 1e-2], [0], steps=2, device="cpu")
    done = []
    for _ in sweep.work():
        done.append(sweep.done)
    assert done == sorted(done) and done[-1] == 1 and len(done) == 2 * (2 + 1)
    assert sweep.result()["collapsed"].tolist() == [[1.0, 1.0]]
    assert sweep.about()["modes"] == 8


def test_a_sweeps_cell_is_a_run_of_its_settings():
    sweep = collapse.Sweep(SMALL, collapse.Makers(), "lr", "unroll", [1e-2], [0], steps=20, device="cpu")
    for _ in sweep.work():
        pass
    run = collapse.EnsembleRun.begin(SMALL, collapse.Makers(), "cpu")
    run.recorder.advance(20)
    scores = run.recording.frames[-1].arrays["scores"][:, collapse.SCORES.index("held")]
    assert sweep.cells[0][0]["held"] == scores.mean()


def test_a_branch_keeps_the_losses_of_the_past_though_frames_have_gone():
    run = collapse.EnsembleRun.begin(SMALL, collapse.Makers(), "cpu")
    run.recording.limit = 40
    for _ in range(200):
        run.train_step()
        run.capture()
        run.note()
    known = [dict(event) for event in run.losses.events]
    assert known and known != collapse.losses_of_modes(run.recording)  # frames that said so have gone
    now, middle = run.branch(200, SMALL.with_(lr_d=2e-2)), known[len(known) // 2]["step"]
    assert now.losses.events == known and run.losses.events == known
    past = run.branch(middle).losses.events
    assert [event["step"] for event in past] == [event["step"] for event in known if event["step"] <= middle]
    assert all((event["back"] or 0) <= middle for event in past)
    for each in (run, run.branch(200)):  # and go on alike
        each.train_step()
        each.capture()
        each.note()
        assert each.losses.events[: len(known)][0] == run.losses.events[0]


def test_a_run_can_be_copied():
    run = collapse.EnsembleRun.begin(SMALL, collapse.Makers(), "cpu")
    assert copy.copy(run).recorder is run.recorder

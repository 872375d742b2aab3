"""The widget about mode collapse without a browser: what it trains, counts, warns of, and tells its view."""

import json
import re
import subprocess
import sys
import threading
import time
import zlib

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from widget_tools import tell, until

from gan_edu import collapse, data, ensemble, nets
from gan_edu.collapse import SCORES, CollapseObserver, LossLog, losses_of_modes, modes_of
from gan_edu.recorder import Frame, Recording, pack_points
from gan_edu.training import GAN, TrainingDiverged
from gan_edu.widgets import ModeCollapse

MISSING_STD = data.toy.two_moons()


@pytest.fixture
def make():
    made = []

    def make_one(*arguments, **settings):
        widget = ModeCollapse(*arguments, **({"seeds": 2, "hidden": 8, "batch": 16} | settings))
        widget.sent = []
        widget.view.send = lambda content, buffers=None: widget.sent.append((content, buffers or []))
        made.append(widget)
        return widget

    yield make_one
    for widget in made:
        widget.close()


def weights(run, player):
    return [p.detach().clone() for p in run.model.nets[player].parameters()]


def equal(first, second):
    return len(first) == len(second) and all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


# --- running and recording


def test_it_trains_and_records_all_seeds(make):
    widget = make(seeds=3)
    assert widget.run(20, progress=False) is widget
    frame = widget.recording.frames[-1]
    assert widget.recording.steps == [0, 10, 20] and frame.step == 20
    assert frame.arrays["fake"].shape == (3, 300, 2) and frame.arrays["fake"].dtype == np.int16
    assert frame.arrays["counts"].shape == (3, 8) and frame.arrays["scores"].shape == (3, len(SCORES))
    assert repr(widget) == "ModeCollapse(ring, seeds=3, seed=0, step 20)"


def test_the_same_seed_is_the_same_run_and_seeds_are_those_of_single_gans(make):
    first, second = (make(seed=5).run(12, progress=False) for _ in range(2))
    assert equal(weights(first.runs[0], "generator"), weights(second.runs[0], "generator"))
    other = make(seed=6, seeds=1).run(12, progress=False)  # alone it is what it was beside seed 5
    for both, alone in zip(weights(first.runs[0], "generator"), weights(other.runs[0], "generator"), strict=True):
        torch.testing.assert_close(both[1], alone[0], rtol=1e-3, atol=1e-4)
    before = weights(first.runs[0], "generator")
    first.reset()
    first.run(12, progress=False)
    assert equal(before, weights(first.runs[0], "generator"))


def test_frames_are_small_and_reach_the_view(make):
    widget = make(seeds=8)
    widget.run(10, progress=False)
    frames = [(c, b) for c, b in widget.sent if c["kind"] == "frame"]
    content, buffers = frames[-1]
    assert content["step"] == 10 and {"held", "held_low", "held_high", "captured", "d_real"} <= content["values"].keys()
    assert sum(len(buffer) for buffer in buffers) <= 20 * 1024
    json.dumps(content)
    tell(widget, "ready")
    kinds = [c["kind"] for c, _ in widget.sent]
    assert "runs" in kinds and "fixed" in kinds
    fixed = next(c for c, _ in reversed(widget.sent) if c["kind"] == "fixed")
    assert fixed["about"]["modes"] == 8 and fixed["about"]["seeds"] == 8
    assert {head["name"] for head in fixed["arrays"]} == {"modes", "real", "truth"}


def test_it_plays_in_the_background_and_stops(make):
    widget = make()
    widget.play(30)
    widget.wait(60)
    assert widget.step_number == 30 and not widget.playing
    tell(widget, "play")
    until(lambda: widget.step_number > 32)
    tell(widget, "pause")
    widget.wait(10)
    step = widget.step_number
    tell(widget, "step")
    assert widget.step_number == step + 1
    assert widget.view.message == ""


# --- looking


def test_counts_and_scores_are_those_of_known_samples():
    world = modes_of("ring")
    look = CollapseObserver(world, 2, 0)

    class Fixed(nn.Module):
        """Seed 0 is the ring itself, seed 1 sits on mode 3."""

        seeds, noise_dim = 2, 2

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(2, 1))

        def forward(self, z):
            ring = data.toy.ring().sample(z.shape[1], 0)
            return torch.stack([ring, data.toy.ring().modes[3].expand_as(ring)]) + 0 * self.weight.sum()

    class Judge(nn.Module):
        seeds = 2

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(2, 1))

        def forward(self, x):
            return x.norm(dim=-1, keepdim=True) * 0 + torch.tensor([0.0, 2.0])[:, None, None] + self.weight[:, None]

    gan = GAN(Fixed(), Judge(), device="cpu")
    values, arrays = look(gan)
    scores = {name: arrays["scores"][:, i] for i, name in enumerate(SCORES)}
    assert scores["captured"].tolist() == [8, 1] and scores["held"].tolist() == [8, 1]
    assert scores["high_quality"][0] == pytest.approx(0.989, abs=0.02) and scores["high_quality"][1] == 1
    assert arrays["counts"][1].tolist() == [0, 0, 0, 1000, 0, 0, 0, 0]
    assert scores["d_real"].tolist() == pytest.approx([0.5, 1 / (1 + np.exp(-2))])
    assert values["held_low"] == 1 and values["held_high"] == 8 and values["complete"] == 0.5
    assert np.isnan(scores["grad_d"]).all()  # no update yet


def test_a_mode_held_needs_a_quarter_of_its_share_also_on_an_unbalanced_ring():
    world = modes_of("unbalanced ring")
    assert world.truth == pytest.approx([0.2, 0.05] * 4)
    assert modes_of("grid").truth.shape == (25,)


def test_looking_changes_no_training(make):
    seen, blind = make(), make()
    seen.runs[0].every = 1
    for _ in range(6):
        seen.step()
        seen.runs[0].capture()
    for _ in range(6):
        blind.train_step()
    assert equal(weights(seen.runs[0], "discriminator"), weights(blind.runs[0], "discriminator"))


def test_digits_are_counted_by_the_classifier():
    world = modes_of("digits")
    real = world.training[2000:2400].reshape(2, 200, 784)
    counts, quality = world.count(real)
    assert counts.shape == (2, 10) and (counts.sum(1) == (quality * 200).round()).all()
    assert (counts > 0).all() and (quality > 0.7).all()
    labels = data.images("mnist").labels[2000:2200].bincount(minlength=10)
    assert (counts[0] <= labels + 6).all()
    _, nothing = world.count(torch.randn(2, 200, 784, generator=torch.Generator().manual_seed(0)).clamp(-1, 1))
    assert nothing.tolist() == [0, 0]  # noise is no digit, however sure a classifier may be
    assert world.picture(real).shape == (2, 16, 16, 16) and world.picture(real).dtype == np.uint8


def test_digits_train(make):
    widget = make("digits", seeds=None, hidden=16)
    assert widget.settings["seeds"] == 4 and widget.settings["lr_g"] == 4e-3
    widget.run(3, progress=False)
    frame = widget.recording.frames[-1]
    assert frame.arrays["fake"].shape == (4, 16, 16, 16) and sum(a.nbytes for a in frame.arrays.values()) < 20 * 1024
    assert widget.still().axes
    widget.losses_of_modes()


# --- the alarm


def recording_of(counts, d_real=0.5, d_fake=0.5, move=0.0, every=10, first_seed=0):
    """A recording of two seeds on three modes from counts (T, 2, 3) of 100 points; points move by `move` a frame."""
    about = {
        "samples": 100,
        "seeds": 2,
        "first_seed": first_seed,
        "modes": 3,
        "extent": 2.0,
        "apart": 1.0,
        "labels": ["0", "1", "2"],
    }
    recording = Recording(fixed={"truth": np.full(3, 1 / 3, dtype=np.float32)}, about=about)
    for t, one in enumerate(counts):
        scores = np.zeros((2, len(SCORES)), dtype=np.float32)
        scores[:, SCORES.index("d_real")], scores[:, SCORES.index("d_fake")] = d_real, d_fake
        fake = pack_points(torch.full((2, 5, 2), -1.0) + torch.tensor([move * t, 0.0]), 2.0)
        arrays = {"counts": np.array(one, dtype=np.int32), "scores": scores, "fake": fake}
        recording.add(Frame(every * t, {}, arrays))
    return recording


GOOD = [33, 33, 33]


def test_the_step_at_which_a_mode_was_lost_is_named():
    counts = [[GOOD, GOOD], [GOOD, GOOD], [GOOD, [33, 5, 60]], [GOOD, [33, 0, 60]], [[33, 33, 8], [33, 0, 60]]]
    found = losses_of_modes(recording_of(counts, first_seed=4))
    assert [(e["seed"], e["mode"], e["step"], e["held_until"], e["back"]) for e in found] == [
        (5, 1, 20, 10, None),
        (4, 2, 40, 30, None),
    ]  # it deserves 33.3 points; 8.3 would be a quarter of them


def test_a_mode_that_was_held_only_for_one_frame_or_never_is_no_loss():
    without = [33, 0, 60]
    counts = [[without, GOOD]] + [[GOOD, GOOD]] + [[without, GOOD]] * 3
    assert losses_of_modes(recording_of(counts)) == []
    assert losses_of_modes(recording_of(counts[:2])) == []


def test_a_mode_that_never_had_half_of_its_points_is_no_loss():
    thin = [33, 10, 56]  # held, with less than 16.7
    assert losses_of_modes(recording_of([[GOOD, thin]] * 3 + [[GOOD, [33, 0, 66]]])) == []
    assert len(losses_of_modes(recording_of([[GOOD, GOOD]] * 2 + [[GOOD, thin]] * 3 + [[GOOD, [33, 0, 66]]]))) == 1


def test_a_mode_that_comes_back_is_said_to():
    gone = [[33, 0, 60], GOOD]
    counts = [[GOOD, GOOD]] * 2 + [gone] * 3 + [[GOOD, GOOD]] * 2 + [gone]
    assert [(e["step"], e["back"]) for e in losses_of_modes(recording_of(counts))] == [(20, 60), (70, None)]
    flash = [[GOOD, GOOD]] * 2 + [gone] * 2 + [[GOOD, GOOD]] + [gone] * 2  # held for one frame
    assert [(e["step"], e["back"]) for e in losses_of_modes(recording_of(flash))] == [(20, None)]


@pytest.mark.parametrize(
    "measured, cause, words",
    [
        ({"d_real": 0.98, "d_fake": 0.02}, "strong", "likely D too strong (D says 0.98 on real, 0.02 on generated)"),
        ({"move": 0.4}, "swing", "likely steps too large (points swung by 0.8 of the gap between modes)"),
        ({"d_real": 0.65, "d_fake": 0.35}, "ahead", "likely G too slow beside D"),
        ({}, "late", "likely D too late (D says 0.50 on real, 0.50 on generated)"),
        ({"d_real": 0.55, "d_fake": 0.45}, "unclear", "no clear cause"),
    ],
)
def test_the_likely_cause_follows_the_measurements(measured, cause, words):
    counts = [[GOOD, GOOD]] * 3 + [[GOOD, [0, 33, 33]]]
    (event,) = losses_of_modes(recording_of(counts, **measured))
    assert event["cause"] == cause and words in event["why"]
    assert cause in collapse.ADVICE


def test_of_regions_no_swing_is_measured_and_none_is_ruled_out():
    recording = recording_of([[GOOD, GOOD]] * 3 + [[GOOD, [0, 33, 33]]], move=0.4)
    recording.about["unit"] = "region"
    del recording.about["apart"]
    (event,) = losses_of_modes(recording)
    assert (event["cause"], event["moved"]) == ("unclear", None)


def test_the_view_hears_of_losses(make):
    widget = make()
    run = widget.runs[0]
    gone = [[GOOD, GOOD]] * 2 + [[GOOD, [0, 33, 33]]]
    for counts in (gone, [*gone, *[[GOOD, GOOD]] * 2]):  # it goes, and comes back
        run.recording = recording_of(counts)
        if not run.losses.events:
            run.losses = LossLog(Recording(fixed=run.recording.fixed, about=run.recording.about))
        for frame in run.recording:
            run.losses.add(frame)
        widget.sent.clear()
        run.capture = list
        widget._show()
        (content,) = (c for c, _ in widget.sent if c["kind"] == "lost")
        back = None if counts is gone else 40
        assert [row[:5] for row in content["rows"]] == [[0, 1, 0, 20, back]]
        json.dumps(content)
        widget.sent.clear()
        widget._show()
        assert not [c for c, _ in widget.sent if c["kind"] == "lost"]  # nothing new
    (event,) = widget.losses_of_modes()
    assert (event["seed"], event["mode"], event["step"], event["back"]) == (1, 0, 20, 40)
    tell(widget, "ready")
    about = next(c for c, _ in widget.sent if c["kind"] == "fixed")["about"]
    assert [row[:5] for row in about["lost"]] == [[0, 1, 0, 20, 40]]


def test_frames_that_go_later_take_no_loss_with_them():
    whole = recording_of([[GOOD, GOOD]] * 4 + [[GOOD, [0, 33, 33]]] + [[GOOD, GOOD]] * 5)
    log = LossLog(whole)
    thinned = Recording(fixed=whole.fixed, about=whole.about)
    for frame in whole.frames[::3]:
        thinned.add(frame)
    assert len(log.events) == 1 and losses_of_modes(thinned) == []
    log.add(whole.frames[3])  # an old frame is left out
    assert len(log.events) == 1


def test_after_a_branch_losses_of_the_future_are_forgotten(make):
    widget = make()
    widget.run(30, progress=False)
    widget.runs[0].losses.events.append({"seed": 0, "mode": 0, "step": 30, "back": None, "why": "", "cause": "late"})
    widget.branch(10)
    assert all(event["step"] <= 10 for i in (0, 1) for event in widget.losses_of_modes(i))
    widget.run(5, progress=False)


# --- remedies and branches


REMEDIES = {
    "loss": "hinge",
    "penalty": "r1 + r2",
    "spectral_norm": True,
    "packing": 2,
    "minibatch_std": True,
    "unroll": 1,
    "lr_g": 3e-3,
    "lr_d": 3e-3,
    "discriminator_steps": 2,
    "ema": 0.9,
}


@pytest.mark.parametrize("name", REMEDIES)
def test_each_remedy_trains_and_differs(make, name):
    plain, cured = make(), make(**{name: REMEDIES[name]})
    assert cured.view.message == "" and cured.settings[name] == REMEDIES[name]
    for widget in (plain, cured):
        widget.run(4, progress=False)
    if name == "ema":
        assert "average" in cured.runs[0].model.nets
        arrays = (widget.recording.frames[-1].arrays["fake"] for widget in (plain, cured))
        assert not np.array_equal(*arrays)
    else:
        assert not equal(weights(plain.runs[0], "generator"), weights(cured.runs[0], "generator"))


@pytest.mark.parametrize("name", REMEDIES)
def test_changing_a_remedy_branches_from_the_present(make, name):
    widget = make()
    widget.run(12, progress=False)
    past = [frame.arrays["fake"].copy() for frame in widget.recording]
    g, d = weights(widget.runs[0], "generator"), weights(widget.runs[0], "discriminator")
    widget._controls[name].value = REMEDIES[name]  # as a person would
    assert widget.view.message == "" and widget.settings[name] == REMEDIES[name]
    before, after = widget.runs
    assert before.step == after.step == 12
    assert equal(weights(after, "generator"), g) and equal(weights(before, "discriminator"), d)
    fresh = name in collapse.OF_DISCRIMINATOR
    assert equal(weights(after, "discriminator"), d) is not fresh
    first, second = widget.run_names()
    assert first == "as before" and second.startswith("what if: ") and ("D began afresh" in second) is fresh
    widget.run(8, progress=False)
    assert before.step == after.step == 20
    if name != "ema":
        assert not equal(weights(before, "generator"), weights(after, "generator"))
    for run in widget.runs:  # the past is the same, and has not changed
        for frame, old in zip(run.recording, past, strict=False):
            assert np.array_equal(frame.arrays["fake"], old)
    alone = make().run(20, progress=False)
    assert equal(weights(alone.runs[0], "generator"), weights(before, "generator"))
    assert equal(weights(alone.runs[0], "discriminator"), weights(before, "discriminator"))


def test_a_fresh_discriminator_is_that_of_a_new_start(make):
    widget, new = make(), make(packing=2)
    start = weights(new.runs[0], "discriminator")
    widget.run(5, progress=False)
    widget.branch(packing=2)
    assert equal(weights(widget.runs[1], "discriminator"), start)
    race = make()
    race.run(15, progress=False)
    race.branch(0, packing=2)  # from the start: the same as if it had always been so
    race.run(6, progress=False)
    new.run(6, progress=False)
    assert equal(weights(race.runs[1], "generator"), weights(new.runs[0], "generator"))


def test_branching_from_an_earlier_step(make):
    widget = make()
    widget.run(30, progress=False)
    widget.branch(10, lr_g=1e-3)
    assert [run.step for run in widget.runs] == [10, 10]
    widget.run(20, progress=False)
    alone = make().run(30, progress=False)
    assert equal(weights(alone.runs[0], "generator"), weights(widget.runs[0], "generator"))
    assert not equal(weights(alone.runs[0], "generator"), weights(widget.runs[1], "generator"))
    with pytest.raises(ValueError, match="there is no step 99"):
        widget.branch(99)


def test_the_second_row_can_change_again_and_either_can_be_kept(make):
    widget = make()
    widget.run(6, progress=False)
    tell(widget, "branch", step=6)
    assert widget.run_names()[1] == "what if: nothing changed yet"
    widget.set(penalty="r1")
    widget.set(spectral_norm=True)
    assert widget.run_names()[1] == "what if: penalty r1, spectral norm on, weight 0.1 (D began afresh)"
    assert widget.runs[0].settings.penalty == "none"
    widget.run(3, progress=False)
    tell(widget, "keep", run=0)
    assert widget.settings["penalty"] == "none" and widget._controls["penalty"].value == "none"
    widget.run(3, progress=False)
    widget.branch(loss="hinge")
    tell(widget, "keep", run=1)
    assert widget.settings["loss"] == "hinge" and len(widget.runs) == 1
    widget.run(2, progress=False)
    widget.reset()
    assert widget.step_number == 0 and widget.settings["loss"] == "hinge"


def test_before_the_first_step_nothing_branches_and_new_data_begin_anew(make):
    widget = make()
    widget.set(penalty="r1")
    assert len(widget.runs) == 1 and widget.runs[0].model.penalties == {"r1": 0.1}
    widget.run(4, progress=False)
    widget.set(data="grid")
    assert len(widget.runs) == 1 and widget.step_number == 0 and widget.recording.about["modes"] == 25
    widget.set(seeds=3)
    assert widget.recording.about["seeds"] == 3
    tell(widget, "new_seed")
    assert widget.settings["seed"] == 3 and widget.view.message == ""
    widget.set(data="digits")
    assert widget.settings["seeds"] == 4 and widget.settings["hidden"] == 128


# --- what learners bring


def test_ones_own_nets_and_distributions(make):
    world = data.toy.gaussian_mixture([[0.0, 1.0], [0.0, -1.0]], std=0.2)
    widget = make(
        world,
        make_generator=lambda: nets.mlp([3, 5, 2]),
        make_discriminator=lambda spectral_norm=False: nets.mlp([2, 7, 1], spectral_norm=spectral_norm),
    )
    assert widget.view.message == "" and widget.recording.about["modes"] == 2
    assert repr(widget).startswith("ModeCollapse(gaussian_mixture(")
    assert widget.runs[0].model.noise_dim == 3
    widget.run(4, progress=False)
    widget.branch(spectral_norm=True)
    widget.run(4, progress=False)
    with pytest.raises(ValueError, match=r"your make_discriminator\(\) doesn't take it: give it an argument packing=1"):
        widget.branch(packing=2)


def test_points_of_ones_own_with_their_centres_or_with_regions(make):
    rng = np.random.default_rng(0)
    centres = np.array([[100.0, 0.0], [500.0, 0.0], [300.0, 40.0]])
    share = np.array([100, 200, 300])
    points = np.repeat(centres, share, axis=0) + rng.normal(size=(600, 2)) * [10.0, 1.0]
    for form in (points, pd.DataFrame(points, columns=["a", "b"])):
        widget = make((form, centres), seeds=2).run(3, progress=False)
        world = modes_of(widget.settings["data"])
        assert np.allclose(world.truth, share / 600, atol=0.01) and len(world.fixed["modes"]) == 3
        counts, quality = world.count(world.distribution.points[None])  # the data themselves
        assert counts.sum() > 580 and quality > 0.97
        assert "standard deviations" in widget.view.message and "regions" not in widget.view.message
    alone = make(points, seeds=2).run(3, progress=False)
    assert repr(alone).startswith("ModeCollapse(600 points with 8 regions, ")
    assert "how many modes there are is not measured" in alone.view.message
    about = alone.recording.about
    assert about["unit"] == "region" and "apart" not in about and widget.recording.about["unit"] == "mode"
    assert alone.still().axes[-1].get_ylabel() == "regions held"
    world = modes_of(alone.settings["data"])
    assert world.count(world.distribution.points[None])[1] > 0.95
    one_only = world.distribution.placed(centres[:1] + rng.normal(size=(600, 2)) * [10.0, 1.0])
    held = world.count(one_only[None])[0].numpy() > 0.25 * 600 * world.truth
    assert held.sum() < 5  # what serves one heap misses regions
    alone.set(data="ring")
    assert alone.view.message == ""


def test_ones_own_loss_is_shown_by_its_name(make):
    from gan_edu.objectives import Loss

    mine = Loss("mine", lambda real, fake: (fake - real).mean(-1), lambda real, fake: -fake.mean(-1))
    widget = make(loss=mine)
    widget.run(3, progress=False)
    assert widget.view.message == "" and widget._controls["loss"].label == "mine"


@pytest.mark.parametrize(
    "wrong, says",
    [
        ({"data": "rings"}, "There are no data 'rings'; there are: ring, unbalanced ring, grid, digits"),
        ({"data": MISSING_STD}, "has no modes that could be lost"),
        ({"data": 7}, "got a int"),
        ({"data": np.zeros((9, 3))}, "Points must have shape (N, 2); these have (9, 3)."),
        ({"data": (np.eye(2), np.full((1, 2), np.inf))}, "1 of the 1 centres have NaN or infinite coordinates"),
        ({"data": (np.eye(2), np.zeros((4, 3)))}, "Centres must have shape (N, 2); these have (4, 3)."),
        ({"data": (np.eye(2), np.array([[0, 1], [9, 9.0]]))}, "No point is nearest to centre 1"),
        ({"data": (np.eye(2), np.zeros((65, 2)))}, "There can be 1 to 64 centres of modes, (K, 2); these are 65."),
        ({"loss": "hing"}, "There is no loss 'hing'"),
        ({"penalty": "r3"}, "There is no penalty 'r3'"),
        ({"penalty_weight": -1}, "penalty_weight must be a number from 0; got -1. So"),
        ({"lr_g": 0}, "lr_g must be a number above 0 and up to 1; got 0. So"),
        ({"lr_d": float("nan")}, "lr_d must be a number above 0 and up to 1; got nan"),
        ({"packing": 3}, "There is no packing 3; there are: 1, 2, 4."),
        ({"unroll": -1}, "unroll must be a whole number from 0 to 10; got -1"),
        ({"discriminator_steps": 0.5}, "discriminator_steps must be a whole number from 1 to 20; got 0.5"),
        ({"seeds": 0}, "seeds must be a whole number from 1 to 16; got 0"),
        ({"ema": 1.5}, "ema must be a number from 0 and below 1; got 1.5"),
        ({"batch": 15, "packing": 2}, "batch must be a multiple of packing"),
        ({"seeds": "many"}, "seeds must be a whole number from 1 to 16; got 'many'"),
        ({"ema": "on"}, "ema must be a number from 0 and below 1; got 'on'"),
        ({"loss": ["hinge"]}, "There is no loss ['hinge']; there are: minimax"),
        ({"penalty": ["r1"]}, "There is no penalty ['r1']; there are: none, r1"),
        ({"spectral_norm": "yes"}, "spectral_norm must be True or False; got 'yes'"),
        ({"make_generator": nets.mlp([2, 4, 2])}, "must be a function that makes a new net"),
        ({"make_generator": lambda: nn.Conv2d(1, 1, 3)}, "So the usual nets stand in."),
        ({"make_discriminator": lambda: nets.mlp([5, 4, 1])}, "So the usual nets stand in."),
    ],
)
def test_bad_input_is_one_sentence_and_the_widget_stays_usable(make, wrong, says):
    widget = make(**wrong)
    assert says in widget.view.message and "\n" not in widget.view.message
    assert not re.match(r"\w+(Error|Exception)", widget.view.message) or "usual nets" in says
    widget.run(2, progress=False)
    assert widget.step_number == 2
    (name, value), *_ = wrong.items()
    if name.startswith("make"):
        return
    widget = make()
    widget.run(2, progress=False)
    settings = dict(widget.settings)
    with pytest.raises((ValueError, TypeError)):
        widget.set(**wrong)
    assert widget.settings == settings
    widget.run(2, progress=False)
    assert widget.step_number == 4


def test_arguments_that_are_no_settings_may_have_been_meant(make):
    for wrong, meant in (("devise", "device"), ("make_generators", "make_generator")):
        assert f"There is no setting {wrong!r}. Did you mean {meant!r}" in make(**{wrong: None}).view.message


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"lr": 1e-4}, "There is no setting 'lr'. Did you mean 'lr_g' or 'lr_d'?"),
        ({"nonsense": 1}, "There is no setting 'nonsense'. There are: data, seeds, "),
        ({"batch": 0}, "batch must be a whole number from 8 to 4096; got 0."),
        ({"lr_g": [1e-3]}, "lr_g must be a number above 0 and up to 1; got [0.001]."),
        ({"hidden": "wide"}, "hidden must be a whole number from 1 to 1024; got 'wide'."),
        ({"minibatch_std": 1}, "minibatch_std must be True or False; got 1."),
        ({"penalty_weight": float("inf")}, "penalty_weight must be a number from 0; got inf."),
        ({"loss": 7}, "There is no loss 7; there are: minimax, "),
        ({"data": "gird"}, "Did you mean 'grid'?"),
    ],
)
def test_a_typo_or_a_bad_value_loses_nothing(make, wrong, says):
    widget = make(**wrong)
    assert says in widget.view.message and widget.step_number == 0
    widget = make().run(20, progress=False)
    runs, frames, settings = widget.runs, list(widget.recording.frames), dict(widget.settings)
    for change in (widget.set, widget.branch):
        with pytest.raises((ValueError, TypeError)) as caught:
            change(**wrong)
        assert change == widget.branch or says in str(caught.value)
        assert widget.runs is runs and widget.settings == settings and widget.step_number == 20
        assert all(a is b for a, b in zip(widget.recording.frames, frames, strict=True))
    assert all(widget._controls[name].value == settings[name] for name in ("seeds", "lr_g", "loss", "packing"))


@pytest.mark.parametrize(
    "error", [NameError, AttributeError, AssertionError, KeyError, NotImplementedError, SystemExit]
)
@pytest.mark.parametrize("where", ["maker", "forward"])
def test_whatever_ones_own_nets_raise_is_said_and_the_usual_nets_stand_in(make, error, where):
    class Broken(nn.Tanh):
        def forward(self, x):
            raise error

    def maker():
        if where == "maker":
            raise error
        return nn.Sequential(Broken(), nn.Linear(2, 1))

    widget = make(make_discriminator=maker)
    assert error.__name__ in widget.view.message or "The discriminator can't take data" in widget.view.message
    assert widget.view.message.endswith("So the usual nets stand in.")
    assert widget.run(2, progress=False).step_number == 2


def test_nets_that_fail_on_the_way_lose_nothing(make):
    calls = []

    def maker():
        calls.append(1)
        if len(calls) > 4:
            raise NameError("name 'layer' is not defined")
        return nets.mlp([2, 4, 2])

    widget = make(make_generator=maker).run(20, progress=False)
    runs, settings = widget.runs, dict(widget.settings)
    calls += [1] * 4
    with pytest.raises(NameError):
        widget.set(seed=9)
    assert widget.runs is runs and widget.settings == settings and widget._controls["seed"].value == 0
    widget._controls["seed"].value = 9  # as a person would
    assert "name 'layer' is not defined" in widget.view.message and widget._controls["seed"].value == 0
    assert widget.run(2, progress=False).step_number == 22


def test_a_discriminator_that_ends_in_a_sigmoid_is_told(make):
    widget = make(make_discriminator=lambda: nets.mlp([2, 4, 1], output="sigmoid"))
    assert widget.view.message.startswith("Your discriminator ends in a sigmoid; it should give logits")


def test_the_table_is_the_signature_and_the_help():
    import inspect

    parameters = inspect.signature(ModeCollapse).parameters
    assert list(parameters)[0] == "data" and parameters["packing"].default == 1
    assert {"make_generator", "make_discriminator", "device"} <= parameters.keys()
    assert set(collapse.CollapseSettings.names()) <= parameters.keys()
    assert all(f"- {name}: " in ModeCollapse.__doc__ for name in collapse.CollapseSettings.names())


def test_an_impossible_control_says_so_and_goes_back(make):
    widget = make()
    widget.run(2, progress=False)
    widget._controls["lr_g"].value = -3.0
    assert widget.view.message == "lr_g must be a number above 0 and up to 1; got -3.0."
    assert widget._controls["lr_g"].value == widget.settings["lr_g"] == 1e-2
    with pytest.raises(TypeError, match="There is no setting 'colour'"):
        widget.set(colour="red")
    with pytest.raises(ValueError, match="'data' needs a new start"):
        widget.branch(data="grid")
    tell(widget, "jump")
    assert "has no button 'jump'" in widget.view.message


# --- the sweep


def test_a_sweep_counts_the_seeds_that_collapse(make):
    widget = make(seeds=2)
    assert widget.sweep_result is None
    widget.sweep("lr", "discriminator_steps", xs=[1e-3, 3e-3], ys=[1, 2, 3], steps=3, background=False)
    result = widget.sweep_result
    assert result["collapsed"].shape == (3, 2) and result["held"].shape == (3, 2)
    assert (result["collapsed"] == 1).all()  # nobody learns the ring in 3 steps
    content = [c for c, _ in widget.sent if c["kind"] == "sweep"][-1]["sweep"]
    assert content["done"] == 1 and content["running"] is False and content["modes"] == 8
    json.dumps(content)
    tell(widget, "ready")
    assert widget.sent[-1][0]["kind"] == "sweep"


def test_a_trained_generator_has_not_collapsed_in_a_sweep(make, monkeypatch):
    widget = make(seeds=2)
    scores = np.zeros((2, len(SCORES)), dtype=np.float32)
    scores[0, SCORES.index("held")], scores[1, SCORES.index("held")] = 8, 7
    monkeypatch.setattr(CollapseObserver, "__call__", lambda self, model: ({}, {"scores": scores}))
    result = widget.sweep("packing", "unroll", xs=[1], ys=[0], steps=1, background=False).sweep_result
    assert result["collapsed"].tolist() == [[0.5]] and result["held"].tolist() == [[7.5]]


def test_a_sweep_runs_in_the_background_and_stops(make):
    widget = make()
    tell(widget, "sweep", x="lr_g", y="packing", steps=100_000)
    assert widget.view.message == ""
    until(lambda: widget._sweep.done > 0)
    tell(widget, "stop_sweep")
    widget.wait(30)
    assert np.isnan(widget.sweep_result["collapsed"]).all() and widget._sweep.running is False
    widget.sweep(xs=[1e-3], ys=[1], steps=2)
    widget.wait(60)
    assert widget.sweep_result["collapsed"].tolist() == [[1.0]]
    widget.run(2, progress=False)


def test_a_sweep_that_diverges_says_so(make, monkeypatch):
    widget = make()

    def diverge(*how, **more):
        raise TrainingDiverged(1, {}, None)

    monkeypatch.setattr("gan_edu.collapse.sweep.train", diverge)
    widget.sweep("lr", "unroll", xs=[1.0], ys=[0], steps=4, background=False)
    assert widget._sweep.cells == [[{"collapsed": 1.0, "held": 0.0, "diverged": True}]]


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("lr", "colour"), "can't be over 'colour'"),
        (("lr", "lr"), "two settings that don't overlap"),
        (("lr", "lr_g"), "two settings that don't overlap"),
        (("lr", "penalty_weight"), "Choose a penalty first"),
        (("lr", "packing", None, [3]), "There is no packing 3"),
        (("lr", "packing", []), "at least one value"),
    ],
)
def test_sweeps_that_make_no_sense_are_refused(make, arguments, says):
    widget = make()
    with pytest.raises(ValueError, match=re.escape(says)):
        widget.sweep(*arguments)
    tell(widget, "sweep", x="lr", y="lr")
    assert "two settings that don't overlap" in widget.view.message


# --- pictures without a kernel


def test_the_still_and_the_player(make, tmp_path):
    widget = make(seeds=8)
    widget.run(60, progress=False)
    assert len(widget.still().findobj(lambda a: a.__class__.__name__ == "Axes")) >= 9
    widget.branch(penalty="r1")
    widget.run(10, progress=False)
    assert widget.still().axes
    frames = widget.thinned(widget.recording)
    assert len(frames) <= 24 and frames[-1].step == 70
    assert frames[0].arrays["fake"].dtype == np.int8 and frames[0].arrays["fake"].shape == (8, 100, 2)
    raw = b"".join(a.tobytes() for frame in frames for a in frame.arrays.values())
    assert len(zlib.compress(raw, 9)) <= 60 * 1024
    page = widget.export(tmp_path / "page.html").read_text()
    assert "ganEdu.play" in page and "as before" in page and "//cdn" not in page
    shown = widget._stored._outputs()[0]
    assert shown["text/plain"] == repr(widget) and shown["image/png"].startswith("iVBOR")


def test_int8_points_lie_where_the_int16_points_lie():
    packed = np.array([[[-32767, 32767], [0, 511], [-1, -512]]], dtype=np.int16)
    small = (packed // 512 * 2).astype(np.int8)
    assert np.abs(small / 127 - packed / 32767).max() < 0.02


def test_the_ensemble_of_the_widget_is_the_library_s():
    widget = ModeCollapse(seeds=2, hidden=8, batch=16)
    options = {"activation": "tanh"}
    gan = ensemble.gans(
        lambda: nets.mlp([2, 8, 8, 2], **options), lambda: nets.mlp([2, 8, 8, 1], **options), seeds=2, lr=1e-2
    )
    assert equal(weights(widget.runs[0], "generator"), [p.detach() for p in gan.generator.parameters()])
    widget.close()


# --- what takes long, stops or is asked twice


def test_a_sweep_that_never_returns_is_given_up(make):
    stuck, hangs = threading.Event(), []

    def maker():
        if hangs:
            hangs.clear()
            stuck.wait()
        return nets.mlp([2, 4, 2])

    widget = make(make_generator=maker)
    widget._trainer.patience = widget._sweeper.patience = 0.3
    for again in (lambda: tell(widget, "reset"), lambda: None):
        hangs.append(1)
        widget.sweep("lr_g", "lr_d", xs=[0.01], ys=[0.01], steps=2)
        until(lambda: not hangs)
        start = time.monotonic()
        again()
        widget.sweep("lr_g", "lr_d", xs=[0.01], ys=[0.01], steps=2)
        assert time.monotonic() - start < 5
        widget.wait(30)
        assert widget.sweep_result["collapsed"].tolist() == [[1.0]]
    stuck.set()


def test_a_sweep_that_is_interrupted_in_a_cell_no_longer_runs(make):
    calls = []

    def maker():
        calls.append(1)
        if len(calls) > 8:
            raise KeyboardInterrupt
        return nets.mlp([2, 4, 2])

    widget = make(make_generator=maker)
    with pytest.raises(KeyboardInterrupt):
        widget.sweep("lr_g", "lr_d", xs=[0.01], ys=[0.01, 0.02, 0.03, 0.04, 0.05], steps=2, background=False)
    assert widget._sweep.running is False


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"kind": "sweep"}, "There is no x None; there are: lr, "),
        ({"kind": "sweep", "x": ["lr"], "y": "lr"}, "There is no x ['lr']"),
        ({"kind": "sweep", "x": "lr", "y": "unroll", "steps": "many"}, "steps must be a whole number"),
        ({"kind": "jump"}, "Mode collapse has no button 'jump'."),
        (None, "has no button ''"),
    ],
)
def test_what_the_page_says_is_checked(make, message, says):
    widget = make()
    widget.view._handle_custom_msg(message, [])
    assert says in widget.view.message and widget.sweep_result is None
    with pytest.raises(ValueError, match="can't be over"):
        widget.sweep(x=["lr"])


@pytest.mark.parametrize("steps", [-1, 2.5, "9", True])
def test_numbers_of_steps_are_checked(make, steps):
    widget = make()
    for train in (widget.run, widget.step, widget.play):
        with pytest.raises((ValueError, TypeError), match="must be a whole number from 0"):
            train(steps)
    assert widget.step_number == 0


@pytest.mark.parametrize("name", ["ModeCollapse", "LatentSpace"])
def test_a_refused_constructor_says_one_thing(name):
    code = f"from gan_edu.widgets import {name}\n{name}(device='nowhere')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "nowhere" in ended.stderr and "ignored" not in ended.stderr and ended.returncode == 1


def test_a_set_that_changes_nothing_makes_no_row(make):
    widget = make().run(10, progress=False)
    widget.set()
    widget.set(lr_g=1e-2, penalty=None)
    assert len(widget.runs) == 1
    widget.set(lr_g=2e-2)
    assert len(widget.runs) == 2


def test_makers_with_any_options_get_them_all(make):
    widget = make(make_discriminator=lambda **options: nets.mlp([2 * options["packing"], 4, 1]))
    assert widget.view.message == ""
    widget.set(packing=2)
    assert widget.view.message == "" and widget.run(2, progress=False).step_number == 2

"""The surface widget without a browser: what it does, and what it tells its view."""

import base64
import json
import re
import threading
import time
import zlib

import ipywidgets
import numpy as np
import pytest
import torch
from torch import nn

from gan_edu import data, nets
from gan_edu.recorder import Frame
from gan_edu.training import TrainingDiverged
from gan_edu.widgets import DiscriminatorSurface, player
from gan_edu.widgets.trainer import Pace, Trainer


@pytest.fixture
def make():
    made = []

    def make_one(*arguments, **settings):
        widget = DiscriminatorSurface(*arguments, **({"hidden": 8, "batch": 16} | settings))
        widget.sent = []
        widget.view.send = lambda content, buffers=None: widget.sent.append((content, buffers or []))
        made.append(widget)
        return widget

    yield make_one
    for widget in made:
        widget.close()


def tell(widget, kind, **content):
    """As the browser would."""
    widget.view._handle_custom_msg({"kind": kind, **content}, [])


def until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def same_nets(first, second):
    pairs = zip(first.state()[0].items(), second.state()[0].items(), strict=True)
    return all(torch.equal(a, b) for (_, a), (_, b) in pairs)


# --- the trainer


def test_the_trainer_lets_others_in_between_steps_and_stops_at_once():
    done, ended = [], []

    def work():
        while True:
            done.append(threading.current_thread().name)
            time.sleep(0.005)
            yield 0

    trainer = Trainer(work, ended.append)
    trainer.play()
    trainer.play()  # once is enough
    until(lambda: len(done) > 3)
    assert sum(t.name == "gan_edu trainer" for t in threading.enumerate()) == 1
    start = time.monotonic()
    for _ in range(10):
        with trainer.between_steps():
            before = len(done)
            time.sleep(0.02)
            assert len(done) == before
    assert time.monotonic() - start < 5  # without room made for them, callers would starve
    trainer.pause()
    trainer.wait(5)
    assert not trainer.playing and ended == [None]
    assert set(done) == {"gan_edu trainer"}


def test_a_rest_does_not_hold_up_a_pause():
    trainer = Trainer(lambda: iter([60.0] * 5), lambda error: None)
    trainer.play()
    until(lambda: trainer.playing)
    trainer.pause()
    trainer.wait(2)


def test_what_stops_the_work_is_told_and_raised_once():
    def work():
        yield 0
        raise ArithmeticError("too hot")

    told = []
    trainer = Trainer(work, told.append)
    trainer.play()
    with pytest.raises(ArithmeticError, match="too hot"):
        trainer.wait(5)
    trainer.wait(5)
    assert [str(error) for error in told] == ["too hot"]
    trainer = Trainer(lambda: iter([9.0]), told.append)
    trainer.play()
    with pytest.raises(TimeoutError):
        trainer.wait(0.05)
    trainer.pause()


def test_frames_take_at_most_their_share_of_the_time(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("gan_edu.widgets.trainer.time.perf_counter", lambda: clock[0])
    pace = Pace(rate=20, share=0.25)
    for cost, wait in ((0.001, 0.05), (0.03, 0.12)):  # at most 20 a second; and 0.03 s are a quarter of 0.12 s
        start = clock[0]
        assert pace.due()
        with pace.frame():
            clock[0] += cost
        clock[0] = start + 0.99 * wait
        assert not pace.due()
        clock[0] = start + wait + 1e-9
        assert pace.due()


def test_frames_that_are_a_little_late_keep_the_rate(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("gan_edu.widgets.trainer.time.perf_counter", lambda: clock[0])
    pace, frames = Pace(rate=20, share=0.25), 0
    while clock[0] < 102:
        if pace.due():
            with pace.frame():
                frames += 1
        clock[0] += 0.012  # training steps
    assert 39 <= frames <= 41


# --- training


def test_training_in_the_background_is_training_in_the_cell(make):
    here, behind = make(), make()
    here.run(120, progress=False)
    behind.play(steps=120)
    behind.wait(60)
    assert same_nets(here.gan, behind.gan) and behind.step_number == 120
    assert not behind.view.playing and behind.sent[-1][0]["step"] == 120
    again = make().run(120, progress=False)
    again.reset()
    assert again.step_number == 0
    assert same_nets(again.run(120, progress=False).gan, here.gan)
    tell(again, "new_seed")
    assert again.settings["seed"] == 1 and again._controls["seed"].value == 1
    assert not same_nets(again.run(120, progress=False).gan, here.gan)


def test_the_buttons_of_the_browser_do_what_they_say(make):
    widget = make()
    tell(widget, "step")
    tell(widget, "step", player="discriminator")
    assert widget.step_number == 2 and widget.sent[-1][0]["step"] == 2
    tell(widget, "speed", speed="50 a second")
    tell(widget, "play")
    until(lambda: widget.step_number > 4)
    assert widget.view.playing
    tell(widget, "pause")
    widget.wait(5)
    resting = widget.step_number
    tell(widget, "branch", step=2)
    assert [run.step for run in widget.runs] == [2, 2]
    tell(widget, "keep", run=1)
    assert len(widget.runs) == 1
    tell(widget, "reset")
    assert widget.step_number == 0 < resting
    tell(widget, "branch", step=50)
    assert "no step 50" in widget.view.message
    tell(widget, "fly")
    assert "no button 'fly'" in widget.view.message
    tell(widget, "play")
    tell(widget, "gone")  # the page was closed
    widget.wait(5)


def test_slow_motion_tells_each_line_and_trains_as_ever(make):
    slow, plain = make(), make()
    lines = [phase["line"] for _ in range(3) for phase in slow.phases()]
    assert lines == [0, 1, 2, 3, 4, 5] * 3
    assert same_nets(slow.gan, plain.run(3, progress=False).gan)
    slow.slow = True
    slow.play()
    until(lambda: any("phase" in content for content, _ in slow.sent))
    slow.pause()
    slow.wait(3)


def test_settings_can_change_on_the_way(make):
    widget = make()
    widget.run(20, progress=False)
    widget._controls["loss"].value = "hinge"
    widget._controls["lr_d"].value = 0.01
    assert widget.gan.loss.name == "hinge" and widget.step_number == 20
    assert widget.gan.optimizers["discriminator"].param_groups[0]["lr"] == 0.01
    widget._controls["penalty"].value = "r1 + r2"
    assert widget.gan.penalties == {"r1": 1.0, "r2": 1.0}
    widget.run(20, progress=False)
    witness = widget.gan.copy()
    assert same_nets(widget.runs[0].rewind(40), witness)
    widget._controls["data"].value = "grid"
    assert widget.step_number == 0 and widget.runs[0].data.name == "grid" and widget.gan.loss.name == "hinge"


def test_what_if_changes_the_right_run_alone(make):
    widget = make().run(40, progress=False)
    widget.branch(20, lr_d=0.05)
    widget.set(lr_g=0.02)
    assert [run.model.settings["lr"] for run in widget.runs] == [(1e-3, 1e-3), (0.02, 0.05)]
    widget.run(20, progress=False)
    left, right = (run.recording for run in widget.runs)
    assert left.steps == right.steps == [0, 10, 20, 30, 40]
    equal = [np.array_equal(left.at(s).arrays["surface"], right.at(s).arrays["surface"]) for s in (0, 20, 40)]
    assert equal == [True, True, False]
    tell(widget, "keep", run=0)
    assert widget.settings["lr_g"] == widget.settings["lr_d"] == widget._controls["lr_d"].value == 1e-3


# --- one's own nets and data


class Own(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.layer = nn.Linear(2, outputs)

    def forward(self, x):
        return self.layer(x)


def test_ones_own_nets_and_data_are_trained_from_where_they_are(make):
    points = np.random.default_rng(0).normal(size=(500, 2))
    torch.manual_seed(3)
    g, d = Own(2), Own(1)
    widget = make(points, g, d)
    assert widget.view.message == "" and torch.equal(widget.gan.generator.layer.weight, g.layer.weight)
    before = g.layer.weight.clone()
    widget.run(5, progress=False)
    assert torch.equal(g.layer.weight, before)  # a copy is trained, so that reset can begin anew
    assert not torch.equal(widget.gan.generator.layer.weight, before)
    widget.reset()
    assert torch.equal(widget.gan.generator.layer.weight, before)
    widget.set(seed=1)
    assert not torch.equal(widget.gan.generator.layer.weight, before)
    assert "density" not in widget.recording.fixed and "modes" not in widget.recording.frames[0].values


class Broken(Own):
    def forward(self, x):
        return super().forward(x) * float("nan")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"data": np.zeros((9, 3))}, r"shape \(N, 2\).*\(9, 3\)"),
        ({"data": [[0, float("nan")], [1, 1]]}, "1 of the 2 points"),
        ({"data": "rign"}, "Did you mean 'ring'"),
        ({"data": object()}, "or points of shape"),
        ({"lr_g": 0}, "learning rate"),
        ({"lr_d": 1e9}, "learning rate"),
        ({"loss": "nothing"}, "no loss 'nothing'"),
        ({"penalty": "fine"}, "no penalty 'fine'"),
        ({"penalty_weight": -1}, "0 or more"),
        ({"discriminator_steps": 0}, "at least 1"),
        ({"hidden": 0}, "width of a layer"),
        ({"discriminator": Own(3)}, r"one logit per sample"),
        ({"generator": Own(5)}, r"shape \(5,\)"),
    ],
)
def test_what_can_not_be_used_is_told_in_a_sentence_and_the_widget_works(make, settings, words):
    widget = make(**settings)
    assert re.search(words, widget.view.message) and " for now." in widget.view.message + " for now." * (
        "stand in" in widget.view.message
    )
    assert widget.run(3, progress=False).step_number == 3


def test_a_refused_change_leaves_all_as_it_was(make):
    widget = make().run(10, progress=False)
    for name, wrong in (("lr_g", 0.0), ("lr_d", 1e9), ("penalty_weight", -2.0)):
        before = widget.settings[name]
        widget._controls[name].value = wrong
        assert widget.view.message and widget.settings[name] == before == widget._controls[name].value
    with pytest.raises(ValueError, match="shape"):
        widget.set(data=np.zeros((4, 3)))
    tell(widget, "draw", strokes=[])
    assert "empty" in widget.view.message
    assert widget.step_number == 10 and widget.settings["data"] == "ring"
    assert same_nets(widget.run(5, progress=False).gan, make().run(15, progress=False).gan)


def test_nans_are_told_and_the_past_stays(make):
    assert "NaN or infinite. So the usual nets stand in." in make(generator=Broken(2)).view.message
    widget = make().run(20, progress=False)
    with torch.no_grad():
        next(widget.gan.generator.parameters()).fill_(float("nan"))
    widget.play()
    with pytest.raises(TrainingDiverged):
        widget.wait(20)
    assert "no longer a finite number" in widget.view.message and not widget.view.playing
    tell(widget, "branch", step=20)
    assert [run.step for run in widget.runs] == [20, 20]
    tell(widget, "reset")
    assert widget.step_number == 0 and widget.view.message == ""


def test_a_drawing_becomes_data(make):
    widget = make()
    tell(widget, "draw", strokes=[[[-1, 0], [1, 0]], []])
    assert widget.runs[0].data.name == "drawn" and widget.step_number == 0
    assert widget.runs[0].data.sample(200, 0)[:, 1].abs().max() < 0.5


# --- what the view is told


def test_a_frame_is_small_and_whole(make):
    widget = DiscriminatorSurface()
    sent = []
    widget.view.send = lambda content, buffers=None: sent.append((content, buffers or []))
    widget.step()
    content, buffers = sent[-1]
    assert sum(map(len, buffers)) + len(json.dumps(content)) <= 20 * 1024
    sizes = [np.dtype(head["dtype"]).itemsize * int(np.prod(head["shape"])) for head in content["arrays"]]
    assert sizes == [len(buffer) for buffer in buffers]
    widget.close()


def test_a_view_that_comes_late_gets_what_it_asks_for(make):
    widget = make().run(30, progress=False)
    widget.sent.clear()
    tell(widget, "ready")
    kinds = [content["kind"] for content, _ in widget.sent]
    assert kinds == ["runs", "fixed", "frame", "steps"] and widget.sent[-1][0]["steps"] == [0, 10, 20, 30]
    tell(widget, "want", run=0, steps=[10, 20, 999])
    assert [content["step"] for content, _ in widget.sent[4:]] == [10, 20]
    assert json.dumps([content for content, _ in widget.sent])  # nothing that JSON doesn't know


def test_closing_closes_all_and_stops(make):
    widget = make()
    widget.play()
    parts = [widget.view, widget.controls, *widget.controls.children]
    widget.close()
    widget.wait(5)
    assert all(part.comm is None for part in parts)


def test_a_second_run_of_the_cell_replaces_the_first(make, monkeypatch):
    request = {"header": {"msg_id": "1"}, "metadata": {"cellId": "a"}}
    shell = type("Shell", (), {"get_parent": lambda self: request})()
    monkeypatch.setattr("gan_edu.widgets.base.get_ipython", lambda: shell)
    first, second = make(), make()  # two in one run of the cell
    first.play()
    request["header"] = {"msg_id": "2"}
    third = make()
    second.wait(5)
    assert first.comm is not None or first.playing  # only the newest of a kind is known
    assert second.comm is None and third.comm is not None


# --- readers without a kernel


def test_the_stored_output_has_a_picture_and_says_what_it_is(make):
    widget = make().run(20, progress=False)
    widget.branch(10)
    widget.run(10, progress=False)
    bundle = widget._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG") and len(bundle["image/png"]) < 60_000
    assert bundle["text/plain"] == "DiscriminatorSurface(ring, seed=0, step 20)" == repr(widget)


def test_the_player_holds_the_recording(make, tmp_path):
    widget = make().run(300, progress=False)
    page = widget.export(tmp_path / "run.html").read_text(encoding="utf-8")
    assert len(page) < 150_000 and "http" not in page.replace("http://www.w3.org", "")
    packed = zlib.decompress(base64.b64decode(re.search(r'"([A-Za-z0-9+/=]{1000,})", PAINTER', page).group(1)))
    assert len(packed) > 25 * 44 * 44
    assert page == widget.export(tmp_path / "again.html").read_text(encoding="utf-8")  # the same each time


def test_differences_between_frames_add_up_again():
    rng = np.random.default_rng(0)
    frames = [Frame(i, {}, {"a": rng.integers(0, 255, 50).astype(np.uint8)}) for i in range(5)]
    frames.append(Frame(9, {}, {"a": np.ones(3, dtype=np.uint8)}))
    runs = [{"about": {}, "fixed": {"f": np.array([0.25])}, "frames": frames}]
    text = player.html("// nothing", {}, [""], runs)
    content = json.loads(re.search(r"ganEdu.play\(.*?\), (\{.*\}), \"", text).group(1))
    packed = zlib.decompress(base64.b64decode(re.search(r'", ?"?([A-Za-z0-9+/=]+)", PAINTER|, "([A-Za-z0-9+/=]+)", PAINTER', text).group(2)))  # fmt: skip # noqa: E501
    place, before = 8, None
    for frame, head in zip(frames, content["runs"][0]["frames"], strict=True):
        array = np.frombuffer(packed[place : place + len(frame.arrays["a"])], dtype=np.uint8)
        before = before + array if head["arrays"][0]["delta"] else array
        assert np.array_equal(before, frame.arrays["a"])
        place += len(array)
    assert place == len(packed)


def test_names_that_are_not_widgets_are_told():
    import gan_edu.widgets

    assert "ModeCollapse" in dir(gan_edu.widgets)
    with pytest.raises(AttributeError, match="It has: DiscriminatorSurface"):
        gan_edu.widgets.Surface  # noqa: B018
    assert issubclass(DiscriminatorSurface, ipywidgets.VBox) and data and nets

"""The surface widget without a browser: what it does, and what it tells its view."""

import base64
import json
import re
import zlib

import ipywidgets
import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from widget_tools import tell, until

from gan_edu import data, nets
from gan_edu.data.points import points_of
from gan_edu.recorder import Frame
from gan_edu.training import TrainingDiverged
from gan_edu.widgets import DiscriminatorSurface, player


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


def same_nets(first, second):
    pairs = zip(first.state()[0].items(), second.state()[0].items(), strict=True)
    return all(torch.equal(a, b) for (_, a), (_, b) in pairs)


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
    lines = [phase["line"] for _ in range(3) for phase in slow.slow_step()]
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
    assert [run.model.settings.lr for run in widget.runs] == [(1e-3, 1e-3), (0.02, 0.05)]
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


def test_two_columns_of_a_table_are_points(make):
    """Whatever comes with two columns gives the same points; far from 1 they are scaled, and the widget says so."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.normal(40, 12, 200), "income": rng.normal(30_000, 9_000, 200)})
    x = frame.to_numpy()
    scaled = torch.tensor((x - x.mean(0)) / x.std(0), dtype=torch.float32)
    for form, names in ((frame, ("age", "income")), (x, ("x", "y")), (torch.tensor(x), ("x", "y"))):
        widget = make(form)
        points = widget.settings["data"]
        assert torch.allclose(points.points, scaled, atol=1e-5) and repr(points) == "200 points"
        assert widget.view.message.startswith("Points are drawn and learned in standard deviations: across (")
        assert all(f"({name} − " in widget.view.message for name in names)
        widget.run(2, progress=False)
    assert torch.allclose(make(data.table(frame)).settings["data"].points, data.table(frame).tensor(), atol=1e-6)
    near = make(scaled)
    assert torch.equal(near.settings["data"].points, scaled) and near.view.message == ""
    own = make(frame, discriminator=Own(1))  # a net of one's own may know where the points lie
    assert np.allclose(own.settings["data"].points, x, rtol=1e-6) and "standard deviations" not in own.view.message
    near.set(data="ring")
    widget.set(data="ring")
    assert widget.view.message == ""


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
        ({"data": np.zeros((2, 9))}, r"shape \(N, 2\); these have \(2, 9\): turn them round, with \.T"),
        ({"data": np.ones((9, 2))}, "All 9 points lie at one place"),
        ({"data": pd.DataFrame({"a": [1], "b": [2], "c": [3]})}, r"this table has 3 \(a, b, c\): choose two columns"),
        ({"data": pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})}, "columns 'a' and 'b' must hold numbers"),
        ({"data": pd.DataFrame({"a": [1, None], "b": [2, 3]})}, "1 of the 2 points have NaN .*: leave them out"),
        ({"data": np.eye(2) + 1j}, "got a ndarray"),
        ({"data": pd.Series([1.0, 2.0])}, r"shape \(N, 2\); these have \(2,\)"),
        ({"lr_g": 0}, "lr_g must be a number above 0 and up to 1; got 0. So lr_g is 0.001"),
        ({"lr_d": 1e9}, "lr_d must be a number"),
        ({"lr_d": [1e-3, 1e-4]}, "lr_d must be a number"),
        ({"lr_d": "1e-3"}, "lr_d must be a number"),
        ({"loss": "nothing"}, "no loss 'nothing'"),
        ({"loss": 7}, "no loss 7"),
        ({"penalty": "fine"}, "no penalty 'fine'"),
        ({"penalty_weight": -1}, "penalty_weight must be a number from 0"),
        ({"penalty_weight": float("nan")}, "penalty_weight must be a number from 0"),
        ({"discriminator_steps": 0}, "discriminator_steps must be a whole number from 1"),
        ({"hidden": 0}, "hidden must be a whole number from 1 to 4096"),
        ({"batch": 0}, "batch must be a whole number from 1"),
        ({"batch": 2.5}, "batch must be a whole number from 1"),
        ({"seed": None}, "seed must be a whole number"),
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


def test_names_that_do_not_exist_are_told_with_the_nearest_ones_and_the_widget_works(make):
    for wrong, meant in (
        ("penality", "Did you mean 'penalty'"),
        ("lr", "Did you mean 'lr_g' or 'lr_d'?"),
        ("genrator", "Did you mean 'generator'?"),
        ("devise", "Did you mean 'device'?"),
        ("colour", "There are: data, loss, "),
    ):
        widget = make(**{wrong: 1}, hidden=8)
        assert f"There is no setting {wrong!r}. {meant}" in widget.view.message and "\n" not in widget.view.message
        assert widget.settings["hidden"] == 8 and "colour" not in widget.settings
    assert widget.run(3, progress=False).step_number == 3


DAYS = pd.date_range("2024-01-05", periods=4)
DATES = r"The column 'day' holds dates, such as 2024-01-05.*, and points are numbers: data\.table\(frame\) makes num"


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (DAYS, DATES),
        (DAYS.tz_localize("UTC"), DATES),
        ([pd.NaT, *DAYS[:3]], DATES),
        (DAYS.strftime("%d.%m.%Y"), DATES.replace("2024-01-05", "05.01.2024")),
        (list(DAYS.date), DATES),
        (
            DAYS - DAYS[0],
            r"'day' holds spans of time, such as 0 days .*: make numbers of them, frame\['day'\]\.dt\.to",
        ),
        (
            DAYS.to_period("M"),
            r"'day' holds periods, such as 2024-01, .*: make dates of them, frame\['day'\]\.dt\.to",
        ),
    ],
)
def test_dates_are_told_with_what_to_do(make, days, words):
    frame = pd.DataFrame({"day": days, "x": [0.5, -0.5, 0.2, 0.1]})
    for given in (frame, frame[["x", "day"]]):
        with pytest.raises(ValueError, match=words) as caught:
            points_of(given)
        assert "\n" not in str(caught.value)
    assert re.search(words, make(data=frame).view.message)
    if words.startswith("The column") and not frame["day"].isna().any():  # what the sentence advises
        assert points_of(data.table(frame)).points.std(0, correction=0).allclose(torch.ones(2))


def test_arrays_of_dates_and_tables_with_dropped_columns_are_told(make):
    array = np.stack([DAYS.to_numpy(), DAYS.to_numpy()], axis=1)
    with pytest.raises(ValueError, match=r"Points are numbers, and these are dates \(datetime64.*\.astype\('datet"):
        points_of(array)
    with pytest.raises(ValueError, match="Points are numbers, and these are spans of time"):
        points_of(array - array[0])
    frame = pd.DataFrame({"day": DAYS - DAYS[0], "x": [0.5, -0.5, 0.2, 0.1], "same": 7})
    with pytest.raises(
        ValueError, match="table has 1 .x; left out are day: timedelta64.*, same: 7 in all rows.: choose"
    ):
        points_of(data.table(frame))


def test_a_table_is_points_in_its_own_units_and_takes_centres():
    x = np.random.default_rng(0).normal([500.0, -20.0], [100.0, 5.0], (80, 2))
    frame = pd.DataFrame(x, columns=["age", "income"])
    table, plain = points_of(data.table(frame.assign(same=7))), points_of(frame)
    assert torch.equal(table.points, plain.points) and table.note == plain.note != ""
    near = points_of(data.table((frame - x.mean(0)) / [80, 4]))
    assert near.note == "" and np.allclose(near.points, (x - x.mean(0)) / [80, 4], atol=1e-6)
    centres = np.array([[400.0, -20.0], [600.0, -20.0]])
    assert torch.equal(points_of((data.table(frame), centres)).modes, points_of((frame, centres)).modes)
    made = pd.DataFrame({"x": [1.0, np.nan, 2.0, 4.0], "same": 1})
    for other in (made, pd.DataFrame({"x": ["a", "b", "a"], "same": 1})):  # two numbers each, and no two columns
        with pytest.raises(ValueError, match="this table has [01] "):
            points_of(data.table(other))


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


# --- readers without a kernel


def _played(page: str) -> tuple[dict, bytes]:
    """What a player's script is given: the described frames, and all arrays' bytes one after the other."""
    content, packed = re.search(r"ganEdu\.play\(\w+, (\{.*\}), \"([A-Za-z0-9+/=]*)\", PAINTER\)", page).groups()
    return json.loads(content), zlib.decompress(base64.b64decode(packed))


def test_the_stored_output_has_a_picture_and_says_what_it_is(make):
    widget = make().run(20, progress=False)
    widget.branch(10)
    widget.run(10, progress=False)
    bundle = widget._stored._outputs()[0]
    assert bundle["image/png"].startswith("iVBOR") and len(bundle["image/png"]) < 80_000
    assert bundle["text/plain"] == "DiscriminatorSurface(ring, seed=0, step 20)" == repr(widget)


def test_the_player_holds_the_recording(make, tmp_path):
    widget = make().run(300, progress=False)
    page = widget.export(tmp_path / "run.html").read_text(encoding="utf-8")
    assert len(page) < 150_000 and "http" not in page.replace("http://www.w3.org", "")
    _, packed = _played(page)
    assert len(packed) > 25 * 44 * 44
    assert page == widget.export(tmp_path / "again.html").read_text(encoding="utf-8")  # the same each time


def test_differences_between_frames_add_up_again():
    rng = np.random.default_rng(0)
    frames = [Frame(i, {}, {"a": rng.integers(0, 255, 50).astype(np.uint8)}) for i in range(5)]
    frames.append(Frame(9, {}, {"a": np.ones(3, dtype=np.uint8)}))
    runs = [{"about": {}, "fixed": {"f": np.array([0.25])}, "frames": frames}]
    text = player.html("// nothing", {}, [""], runs)
    content, packed = _played(text)
    place, before = 8, None
    for frame, head in zip(frames, content["runs"][0]["frames"], strict=True):
        array = np.frombuffer(packed[place : place + len(frame.arrays["a"])], dtype=np.uint8)
        before = before + array if head["arrays"][0]["delta"] else array
        assert np.array_equal(before, frame.arrays["a"])
        place += len(array)
    assert place == len(packed)


def test_no_name_in_a_player_ends_its_script():
    page = player.html("// nothing", {"name": "<!--<script>"}, ["</script>"], [])
    assert page.count("<script>") == page.count("</script>") == 1 and "<!--" not in page
    assert _played(page)[0]["setup"]["name"] == "<!--<script>"  # and it is read as it was


def test_numbers_that_are_not_finite_are_sent_as_nothing(make):
    widget = make()
    frame = widget.recording.frames[-1]
    widget._push(0, Frame(0, {"a": float("inf"), "b": float("nan"), "c": np.float32(0.5)}, frame.arrays))
    content = json.loads(json.dumps(widget.sent[-1][0], allow_nan=False))
    assert content["values"] == {"a": None, "b": None, "c": 0.5}


def test_names_that_are_not_widgets_are_told():
    import gan_edu.widgets

    assert "ModeCollapse" in dir(gan_edu.widgets)
    with pytest.raises(AttributeError, match="It has: DiscriminatorSurface"):
        gan_edu.widgets.Surface  # noqa: B018
    assert issubclass(DiscriminatorSurface, ipywidgets.VBox) and data and nets


def test_no_penalty_may_be_called_none(make):
    widget = make(penalty=None)
    widget.set(penalty="r1")
    widget.run(2, progress=False)
    widget.branch(1, penalty=None)
    assert [run.model.penalties for run in widget.runs] == [{"r1": 1.0}, {}] and widget.view.message == ""
    widget.set(penalty=None)
    assert widget.settings["penalty"] == widget._controls["penalty"].value == "none"

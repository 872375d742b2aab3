"""The widget for causes without a browser; with one it is tested in tests/browser/test_seeing_widget.py."""

import json
import re
import threading
import time

import pytest
from widget_tools import tell, until

from gan_edu import plotting
from gan_edu.linear_graph import LinearGraph
from gan_edu.widgets import SeeingDoing, seeing_doing, stored


@pytest.fixture
def make():
    made = []

    def make_one(*arguments, **settings):
        made.append(SeeingDoing(*arguments, **settings))
        return made[-1]

    yield make_one
    for widget in made:
        widget.close()


def draw(widget, **changes):
    """The browser has drawn another graph."""
    widget.view.set_state({"graph": json.loads(json.dumps(widget.view.graph | changes))})


def test_it_tells_what_is_seen_and_done(make):
    widget = make()
    assert (widget.seen, widget.done, widget.given, widget.hidden) == (2, 1, (), ())
    assert widget.open_ways == ["T → Y", "T ← U → Y"]
    assert repr(widget) == "SeeingDoing(slope seen 2.00, done 1.00)"
    assert widget.set(given=["U"]) is widget and widget.adjusted == pytest.approx(1)
    assert repr(widget) == "SeeingDoing(slope seen 2.00, adjusted for U 1.00, done 1.00)" and "agree" in widget.why


@pytest.mark.parametrize("preset", seeing_doing.PRESETS)
def test_presets(make, preset):
    widget = make(preset)
    graph = widget.view.graph
    assert set(graph["places"]) == set(widget.graph.names) and graph == widget.view.presets[preset]["graph"]
    places = list(graph["places"].values())
    assert all(abs(a - c) + abs(b - d) > 0.25 for i, (a, b) in enumerate(places) for c, d in places[:i])
    assert "coincidence" not in widget.why
    for name in widget.graph.names:  # a strength that cancels out would teach the wrong thing
        if name not in ("T", "Y", *widget.hidden):
            assert "coincidence" not in widget.set(given=[name]).why


def test_what_the_presets_are_there_to_show(make):
    """name → slopes: seen, done, adjusted for the variable that is in the table."""
    expected = {
        "fork": (2, 1, 1), "pipe": (1, 1, 0), "collider": (1, 1, -0.6), "instrument": (4 / 3, 1, 2),
        "m_bias": (1, 1, 0.448), "front_door": (3, 2, 1),
    }  # fmt: skip
    for preset, slopes in expected.items():
        widget = make(preset)
        free = [name for name in widget.graph.names if name not in ("T", "Y", *widget.hidden)]
        widget.set(given=free)
        assert (widget.seen, widget.done, widget.adjusted) == pytest.approx(slopes, abs=5e-4), preset


def test_set_changes_all_that_is_named_or_nothing(make):
    widget = make("fork", strengths={"U->T": 0.5, "C->Y": -1}, given=["C"], seed=3)
    assert widget.strengths == {"U->T": 0.5, "U->Y": 2, "T->Y": 1, "C->Y": -1}
    before, noise = widget.view.graph, widget.view.noise
    for wrong in (
        {"strengths": {"Y->U": 1}}, {"strengths": {"U->T": 4}}, {"given": ["X"]}, {"hidden": ["C"]},
        {"preset": "forke"}, {"seed": -1}, {"seed": 4, "given": ["T"]},
    ):  # fmt: skip
        with pytest.raises((ValueError, TypeError)):
            widget.set(**wrong)
        assert widget.view.graph == before and widget.view.noise == noise and widget.seed == 3
    widget.set(strengths={"U->T": None}, hidden=["U"], seed=4)
    assert widget.strengths == {"U->Y": 2, "T->Y": 1, "C->Y": -1} and widget.hidden == ("U",)
    assert widget.view.noise != noise and widget.view.noise == make(seed=4).view.noise
    assert widget.set(preset="pipe").given == () and widget.strengths == {"T->M": 1, "M->Y": 1}


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"preset": "forks"}, "There is no preset 'forks'.*Did you mean 'fork'"),
        ({"preset": 3}, "There is no preset 3"),
        ({"strengths": {"Y->U": 1}}, "Y → U → Y would be a loop"),
        ({"preset": "instrument", "given": ["U"]}, "U is hidden"),
        ({"strengths": {"A->T": 1, "B->T": 1, "C->T": 1}}, "There may be 5 variables"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"strength": {}}, "strength"),
    ],
)
def test_a_constructor_that_cannot_be_used_says_why(arguments, words):
    with pytest.raises((ValueError, TypeError), match=words):
        SeeingDoing(**arguments)


def test_python_hears_what_is_drawn(make):
    widget = make()
    draw(widget, strengths={"U->T": 1.5, "T->Y": 1}, given=["U"])
    assert widget.strengths == {"U->T": 1.5, "T->Y": 1} and widget.given == ("U",) and widget.done == 1
    draw(widget, places=widget.view.graph["places"] | {"M": [0.2, 0.2]})
    assert widget.graph.names == ("T", "Y", "U", "M")
    widget.set(strengths={"M->Y": 1})
    assert widget.view.graph["places"]["M"] == [0.2, 0.2]  # moved circles stay where they are


@pytest.mark.parametrize(
    "nonsense",
    [
        {"strengths": {"T->Y": 1, "Y->T": 1}}, {"strengths": {"T->Y": 99}}, {"strengths": None}, {"given": ["T"]},
        {"given": ["nobody"]}, {"places": {"T": [0, 0], "Y": [2, 0]}}, {"places": {"T": [0], "Y": [1, 0]}},
        {"places": 7}, {"places": {}}, {"strengths": {"A->T": 1}}, {"hidden": 7}, {"hidden": [["U"]]},
    ],
)  # fmt: skip
def test_what_a_page_cannot_mean_is_refused_and_the_last_graph_comes_back(make, nonsense):
    widget = make()
    before = widget.view.graph
    draw(widget, **nonsense)
    assert widget.view.graph == before and widget.strengths == {"U->T": 1, "U->Y": 2, "T->Y": 1}
    assert widget.view.message.endswith(".") and "\n" not in widget.view.message
    widget.set(given=["U"])
    assert widget.view.message == ""


def test_new_variables_get_a_place_of_their_own(make):
    widget = make("fork", strengths={"M->Y": 1, "C->Y": 1})
    places = list(widget.view.graph["places"].values())
    assert all(abs(a - c) + abs(b - d) > 0.25 for i, (a, b) in enumerate(places) for c, d in places[:i])


def test_outputs_a_live_view_a_picture_and_a_page(make, monkeypatch):
    shown, updated = [], []
    monkeypatch.setattr(stored, "display", lambda data, **_: shown.append(data))
    monkeypatch.setattr(stored, "update_display", lambda data, **_: updated.append(data))
    widget = make(given=["U"])
    widget._ipython_display_()
    live, still, page = shown
    assert list(live) == [stored.VIEW] and len(still["image/png"]) > 5_000
    assert still["text/plain"] == page["text/plain"] == repr(widget)
    assert 'class="gan-edu-player"' in page["text/html"] and len(page["text/html"]) < 90_000
    held = json.loads(re.search(r"seeing\.play\(root, (\{.*\})\);\n", page["text/html"]).group(1))
    assert held["graph"] == widget.view.graph and len(held["noise"]) == seeing_doing.ROWS

    draw(widget, given=[])  # nobody has opened it yet: the outputs stay
    tell(widget, "ready")
    assert updated == []
    draw(widget, given=["U"], hidden=[])
    draw(widget, given=[])
    until(lambda: len(updated) == 2)
    assert updated[1]["text/plain"] == "SeeingDoing(slope seen 2.00, done 1.00)"


@pytest.mark.parametrize("preset", ["bare", "m_bias"])
def test_the_still_picture_shows_both_worlds(make, preset):
    widget = make(preset)
    figure = widget.still()
    texts = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert set(widget.graph.names) <= set(texts) and ("cut" in texts) == (preset == "m_bias")
    labels = [text.get_text() for ax in figure.axes if ax.get_legend() for text in ax.get_legend().get_texts()]
    assert labels == ["E[Y | T]: 1.00", "E[Y | do(T)]: 1.00", "E[Y | do(T)]: 1.00"]
    assert len(plotting.png(figure)) < 60_000


def test_export_writes_a_whole_page(make, tmp_path):
    page = make().export(tmp_path / "new/page.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and "http" not in page.replace("http://www.w3.org", "")


def test_outputs_follow_the_seed_and_the_newest_come_last(make, monkeypatch):
    updated, goes_on = [], threading.Event()
    monkeypatch.setattr(stored, "display", lambda data, **_: None)
    monkeypatch.setattr(stored, "update_display", lambda data, **_: updated.append(data))
    monkeypatch.setattr(stored.Stored.soon, "__defaults__", (0.0,))
    widget = make()
    widget._ipython_display_()
    tell(widget, "ready")
    widget.set(seed=1)
    until(lambda: len(updated) == 2)
    still, begun = widget.still, []

    def slow():
        begun.append(widget.given)
        figure = still()
        if len(begun) == 1:
            goes_on.wait(10)
        return figure

    monkeypatch.setattr(widget, "still", slow)
    draw(widget, given=["U"])
    until(lambda: begun)
    draw(widget, given=[])
    time.sleep(0.2)
    assert begun == [("U",)]
    goes_on.set()
    until(lambda: len(updated) == 6)
    assert updated[-1]["text/plain"] == "SeeingDoing(slope seen 2.00, done 1.00)"


def test_the_graph_it_holds_is_the_librarys(make):
    widget = make("collider", given=["C"])
    assert isinstance(widget.graph, LinearGraph) and widget.graph.adjusted == widget.adjusted == pytest.approx(-0.6)

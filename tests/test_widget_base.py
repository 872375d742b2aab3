"""What all widgets share, without a browser: the trainer, nets that misbehave, cells run twice, the page's messages."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
import types

import pytest
import torch
from torch import nn
from widget_tools import tell, until

from gan_edu import nets
from gan_edu.data import toy
from gan_edu.device import one_thread
from gan_edu.widgets import DiscriminatorSurface, LatentSpace, ModeCollapse, explain, stored
from gan_edu.widgets.trainer import Pace, StillRunning, Trainer


@pytest.fixture
def make():
    made = []

    def make_one(*arguments, **settings):
        widget = DiscriminatorSurface(*arguments, **({"hidden": 8, "batch": 16} | settings))
        widget._trainer.patience = 0.5
        made.append(widget)
        return widget

    yield make_one
    for widget in made:
        widget.close()


def trainers():
    return [thread for thread in threading.enumerate() if thread.name == "gan_edu trainer"]


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


def test_one_thread_puts_back_what_was_there_whoever_ends_first():
    until(lambda: not trainers())  # of other tests
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    first, second = one_thread(), one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert torch.get_num_threads() == 1
    second.__exit__(None, None, None)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


@pytest.mark.parametrize("more", ["", "time.sleep(0.3); w.pause(); w.play(); w.pause()"])
def test_a_process_that_ends_while_a_widget_plays_ends_well(more):
    code = "from gan_edu.widgets import DiscriminatorSurface; import time\n"
    code += f"w = DiscriminatorSurface(hidden=8); w.play(); time.sleep(0.3); {more}"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")


# --- nets that misbehave


class Own(nn.Module):
    """A generator that does `self.act()` before each step."""

    act = staticmethod(lambda: None)

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, z):
        type(self).act()
        return self.layer(z)


def rewinds(run):
    """Whether the run's past still leads to where it is."""
    states = (model.state()[0].items() for model in (run.model, run.rewind(run.step)))
    return all(torch.equal(a, b) for (_, a), (_, b) in zip(*states, strict=True))


def spin():
    while True:
        pass


asleep = threading.Event()  # waiting for it can't be ended from outside, as a long call into compiled code can't


@pytest.fixture
def own():
    asleep.clear()
    yield Own
    asleep.set()
    Own.act = staticmethod(lambda: None)


@pytest.mark.parametrize("act", [spin, asleep.wait])
@pytest.mark.parametrize("begin", ["play", "step", "control"])
def test_a_net_that_never_returns_is_given_up(make, own, act, begin):
    widget = make(generator=own())
    own.act = staticmethod(act)
    if begin == "control":
        widget._controls["lr_g"].value = 0.02
    else:
        tell(widget, begin)  # it comes back
    time.sleep(0.1)
    start = time.monotonic()
    tell(widget, "pause")
    tell(widget, "ready")  # the page is loaded again
    tell(widget, "step")
    assert "Reset, which gives it up" in widget.view.message
    with pytest.raises(StillRunning, match="more than 0.5 seconds"):
        widget.set(lr_g=0.1)
    assert widget.settings["lr_g"] == 1e-3
    own.act = staticmethod(lambda: None)
    tell(widget, "reset")
    assert time.monotonic() - start < 15 and widget.view.message == "" and widget.step_number == 0
    tell(widget, "step")
    widget.play(steps=9)
    widget.wait(20)
    assert widget.step_number == 10
    if act is spin:
        until(lambda: not trainers())  # it was asked to end, and did


def test_reset_waits_for_a_cell_rather_than_take_its_training_away(make):
    widget = make()
    with widget.between_steps():
        thread = threading.Thread(target=lambda: tell(widget, "reset"))
        thread.start()
        thread.join(10)
    assert "A cell is still training" in widget.view.message and widget.run(3, progress=False).step_number == 3


def test_what_takes_long_goes_on_and_is_told_late(make, own):
    widget = make(generator=own())
    widget._trainer.patience = 0.1
    slow = threading.Event()
    own.act = staticmethod(slow.wait)
    tell(widget, "step")
    assert "goes on in the background" in widget.view.message
    own.act = staticmethod(lambda: 1 / 0)
    slow.set()
    until(lambda: "ZeroDivisionError" in widget.view.message)


def fail_name():
    return undefined_name  # noqa: F821


def fail_key():
    return {}["x"]


def fail_assert():
    assert [] == [1]  # no message


def fail_exit():
    raise SystemExit


@pytest.mark.parametrize("act", [fail_name, fail_key, fail_assert, fail_exit])
def test_errors_of_ones_own_net_are_told_with_class_and_line_and_training_goes_on(make, own, act):
    error = {fail_name: NameError, fail_key: KeyError, fail_assert: AssertionError, fail_exit: SystemExit}[act]
    line = act.__code__.co_firstlineno + 1
    source = {fail_name: "undefined_name", fail_key: '{}["x"]', fail_assert: "[] == [1]", fail_exit: "SystemExit"}[act]
    widget = make(generator=own()).run(3, progress=False)
    own.act = staticmethod(act)
    for begin in ("step", "play"):
        widget.view.message = ""
        tell(widget, begin)
        until(lambda: widget.view.message)
        for word in (f"{error.__name__} in test_widget_base.py:{line} (", source):
            assert word in widget.view.message
        assert widget.view.message.endswith(".") and not widget.view.playing
    with pytest.raises(error):
        widget.wait(5)
    with pytest.raises(error):
        widget.run(3, progress=False)
    own.act = staticmethod(lambda: None)
    for begin in ("step", "play"):
        before = widget.step_number
        tell(widget, begin)
        until(lambda before=before: widget.step_number > before)
    widget.pause()
    widget.wait(5)
    assert rewinds(widget.runs[0])


@pytest.mark.parametrize("act", [fail_name, fail_key, fail_assert, fail_exit])
def test_a_net_that_fails_from_the_start_is_told_and_the_usual_ones_stand_in(make, own, act):
    own.act = staticmethod(act)
    widget = make(generator=own())
    assert f"test_widget_base.py:{act.__code__.co_firstlineno + 1}" in widget.view.message
    assert widget.view.message.endswith("So the usual nets stand in.")
    assert widget.run(2, progress=False).step_number == 2


def test_a_discriminator_that_ends_in_a_sigmoid_is_doubted_in_the_widget_alone(make, recwarn):
    widget = make(discriminator=nn.Sequential(nn.Linear(2, 1), nn.Sigmoid()))
    assert "ends in a sigmoid" in widget.view.message and not recwarn.list
    tell(widget, "step")
    tell(widget, "reset")
    assert "ends in a sigmoid" in widget.view.message


def test_an_interrupt_loses_nothing(make, own):
    widget = make(generator=own())
    widget.branch(0, lr_d=0.01)
    calls = []

    def interrupt():
        calls.append(0)
        if len(calls) == 40:
            raise KeyboardInterrupt

    own.act = staticmethod(interrupt)
    with pytest.raises(KeyboardInterrupt):
        widget.run(10**6, progress=False)
    assert 0 < widget.step_number < 40
    tell(widget, "step")
    widget.play(steps=5)
    widget.wait(20)
    widget.run(5, progress=False)
    assert len({run.step for run in widget.runs}) == 1  # in step again
    own.act = staticmethod(lambda: None)
    assert all(rewinds(run) for run in widget.runs)


def test_lines_of_cells_are_told_as_the_notebook_counts_them(monkeypatch):
    compiler = types.SimpleNamespace(format_code_name=lambda name: ("Cell", "In[7]") if "kernel" in name else None)
    monkeypatch.setattr("gan_edu.widgets.explain.get_ipython", lambda: types.SimpleNamespace(compile=compiler))
    try:
        exec(compile("\n1 / 0", "/tmp/ipykernel_1/2.py", "exec"))
    except ZeroDivisionError as error:
        assert explain.explain(error) == "ZeroDivisionError in cell In[7], line 2: division by zero."


# --- a constructor that is refused, settings that don't exist


def test_a_refused_constructor_says_one_thing(make):
    code = "from gan_edu.widgets import DiscriminatorSurface as D\n"
    ended = subprocess.run(
        [sys.executable, "-c", f"{code}D(device='nowhere')"],
        capture_output=True,
        text=True,
        env=os.environ,
        timeout=120,
    )
    assert "nowhere" in ended.stderr and "ignored" not in ended.stderr and ended.returncode == 1


def test_an_unknown_argument_is_told_in_the_widget_once_and_nothing_else_is_said():
    code = "from gan_edu.widgets import DiscriminatorSurface as D\nprint(D(bach=3).view.message)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, timeout=120)
    assert ended.stdout.count("'bach'") == 1 and "Did you mean 'batch'?" in ended.stdout
    assert ended.stderr == "" and ended.returncode == 0


@pytest.mark.parametrize("change", ["set", "branch"])
def test_a_setting_that_does_not_exist_costs_nothing(make, change):
    widget = make().run(30, progress=False)
    with pytest.raises(TypeError, match="no setting 'lr'. Did you mean 'lr_g' or 'lr_d'"):
        getattr(widget, change)(lr=1e-4)
    assert widget.step_number == 30 and len(widget.recording) == 4 and len(widget.runs) == 1


def test_a_branch_keeps_data_and_seed(make):
    widget = make().run(10, progress=False)
    with pytest.raises(ValueError, match="goes on with the same seed"):
        widget.branch(5, seed=3)
    assert len(widget.runs) == 1 and widget.settings["seed"] == 0


@pytest.mark.parametrize("steps", [-1, 2.5, "9", None, True])
def test_numbers_of_steps_are_checked(make, steps):
    widget = make()
    for train in (widget.run, widget.step):
        with pytest.raises((ValueError, TypeError), match="must be a whole number from 0"):
            train(steps)
    assert widget.step_number == 0


# --- what the page says


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"kind": "speed", "speed": "warp"}, "no speed 'warp'; there are: 1 step a second"),
        ({"kind": "speed"}, "no speed None"),
        ({"kind": "slow", "on": 1}, "on must be True or False"),
        ({"kind": "step", "player": "nobody"}, "no player 'nobody'"),
        ({"kind": "branch", "step": "3"}, "step must be a whole number"),
        ({"kind": "branch", "step": -1}, "step must be a whole number from 0"),
        ({"kind": "branch", "step": 99}, "no step 99"),
        ({"kind": "keep", "run": 2}, "run must be a whole number from 0 to 1"),
        ({"kind": "keep", "run": 1}, "run must be a whole number from 0 to 0"),
        ({"kind": "want", "run": 0, "steps": "all"}, "steps must be a list"),
        ({"kind": "want", "run": 0, "steps": [0, None]}, "a step must be a whole number"),
        ({"kind": "want", "run": -1, "steps": []}, "run must be a whole number"),
        ({"kind": "draw"}, "A drawing is a list of lines"),
        ({"kind": "draw", "strokes": 7}, "A drawing is a list of lines"),
        ({"kind": "draw", "strokes": [[[1, 2, 3]]]}, "A drawing is a list of lines"),
        ({"kind": "draw", "strokes": [[["a", 0]]]}, "A drawing is a list of lines"),
        ({"kind": "draw", "strokes": [[[0, float("nan")]]]}, "A drawing is a list of lines"),
        ({"kind": "draw", "strokes": [[[1e300, 0]]]}, "A drawing is a list of lines"),
        ({"kind": "dance"}, "no button 'dance'"),
        ({"kind": ["step"]}, "has no button"),
        ({}, "no button ''"),
    ],
)
def test_what_the_page_says_is_checked(make, message, words):
    widget = make().run(5, progress=False)
    before = (widget.step_number, len(widget.runs), widget.rest, widget.slow, widget.settings)
    widget.view._handle_custom_msg(message, [])
    assert words in widget.view.message
    assert (widget.step_number, len(widget.runs), widget.rest, widget.slow, widget.settings) == before


# --- a cell that is run again


class Shell:
    """A notebook's shell, as far as a widget asks it."""

    def __init__(self, cell_ids):
        self.cell_ids, self.execution_count, self.user_ns = cell_ids, 0, {}

    def transform_cell(self, code):
        return code

    def get_parent(self):
        return self.request

    def run(self, code, cell, make):
        self.execution_count += 1
        self.request = {
            "header": {"msg_id": str(self.execution_count)},
            "metadata": {"cellId": cell} if self.cell_ids else {},
            "content": {"code": code},
        }
        exec(code, self.user_ns | {"make": make}, self.user_ns)


@pytest.fixture
def shell(monkeypatch):
    def make_shell(cell_ids):
        made = Shell(cell_ids)
        monkeypatch.setattr("gan_edu.widgets.cells.get_ipython", lambda: made)
        monkeypatch.setattr("gan_edu.widgets.cells._made", {})
        return made

    return make_shell


@pytest.mark.parametrize("cell_ids", [True, False])
@pytest.mark.parametrize(
    "code", ["w = make(); w.play()", "make().play()", "w = [make(), make()]\nfor x in w: x.play()"]
)
def test_a_cell_that_runs_again_replaces_its_widgets(make, shell, cell_ids, code):
    notebook = shell(cell_ids)
    for _ in range(3):
        notebook.run(code, "a", make)
        until(lambda: len(trainers()) == code.count("make"))
    notebook.run(code + " # another", "b", make)
    if cell_ids:
        assert len(trainers()) == 2 * code.count("make")  # another cell, other widgets


def test_an_edited_cell_pauses_the_widget_whose_variable_it_takes(make, shell):
    notebook = shell(False)
    notebook.run("w = make(); w.play()", "a", make)
    first = notebook.user_ns["w"]
    notebook.run("w = make(lr_g=0.002)\nw.play()", "a", make)
    first.wait(5)
    assert not first.playing and first.comm is not None and notebook.user_ns["w"].playing
    notebook.run("v = make()", "b", make)
    assert notebook.user_ns["w"].playing


# --- what a saved notebook keeps


@pytest.fixture
def outputs(monkeypatch):
    """What is displayed: {display id: MIME bundle}; the live view has the id None."""
    shown = {}
    monkeypatch.setattr(
        "gan_edu.widgets.stored.display",
        lambda data, raw, display_id=None, metadata=None: shown.update({display_id: data}),
    )
    monkeypatch.setattr(
        "gan_edu.widgets.stored.update_display", lambda data, raw, display_id: shown.update({display_id: data})
    )
    yield shown
    stored._end()  # what is still being made is not for the next test


def test_the_stored_outputs_follow_when_it_rests(make, outputs):
    widget = make().run(10, progress=False)
    widget._ipython_display_()
    view, still, player = outputs.values()
    assert list(view) == ["application/vnd.jupyter.widget-view+json"]
    assert still["text/plain"].endswith("step 10)") and "text/html" not in still  # HTML would win, and can't run
    assert player["text/plain"] == "Recording(2 frames, steps 0 to 10)" and "image/png" not in player
    time.sleep(1.2)
    widget.step()
    time.sleep(1.5)
    assert outputs[list(outputs)[1]] is still  # no page is open, nothing changes behind a reader's back
    tell(widget, "ready")
    tell(widget, "step")
    until(lambda: list(outputs.values())[1]["text/plain"].endswith("step 12)"))
    until(lambda: list(outputs.values())[2]["text/plain"].endswith("steps 0 to 12)"))


def test_on_colab_the_live_output_says_where_the_code_of_widgets_comes_from(make, monkeypatch):
    """As anywidget does for its own: without this metadata Colab shows no widget but those of ipywidgets."""
    colab = types.ModuleType("google.colab.output")
    colab._widgets = types.SimpleNamespace(_installed_url="https://example.org/manager.js")
    colab.enable_custom_widget_manager = lambda: None
    told = []
    monkeypatch.setattr("gan_edu.widgets.stored.display", lambda data, **how: told.append((data, how.get("metadata"))))
    for where in ("elsewhere", "on Colab"):
        if where == "on Colab":
            monkeypatch.setitem(sys.modules, "google.colab.output", colab)
        widget = make()
        monkeypatch.setattr(type(widget), "_repr_mimebundle_", None)  # ipywidgets 7, which Colab has, has none
        widget._ipython_display_()
    key = "application/vnd.jupyter.widget-view+json"
    lives = [(data[key]["model_id"], metadata) for data, metadata in told if key in data]
    assert lives[1] == (
        widget.model_id,
        {key: {"colab": {"custom_widget_manager": {"url": colab._widgets._installed_url}}}},
    )
    assert lives[0][1] == {} and len(lives) == 2


def test_a_widget_that_is_shown_again_leaves_the_outputs_of_earlier_cells_alone(make, outputs):
    widget = make().run(10, progress=False)
    widget._ipython_display_()
    first = {name: data for name, data in outputs.items() if name}
    widget.run(10, progress=False)
    widget._ipython_display_()
    assert all(outputs[name] is data for name, data in first.items()) and len(outputs) == 1 + 2 * len(first)


def test_a_widget_that_was_not_trained_stores_no_player(make, outputs):
    make()._ipython_display_()
    _, still, nothing = outputs.values()
    assert "image/png" in still and list(nothing) == ["text/html"] and "<script" not in nothing["text/html"]


def test_outputs_follow_what_is_drawn_at_the_same_step(outputs):
    widget = LatentSpace(nets.VAE((1, 8, 8), 3, (8,)), torch.rand(60, 8, 8), axes=(0, 1), device="cpu")
    widget._ipython_display_()
    tell(widget, "ready")
    still = list(outputs.values())[1]
    widget.set(axes=(1, 2))
    until(lambda: list(outputs.values())[1] is not still)
    widget.close()


def test_a_process_that_ends_while_outputs_are_made_ends_well():
    code = """import time, torch, gan_edu.widgets.stored as stored
from gan_edu.widgets import DiscriminatorSurface
stored.display = stored.update_display = lambda *a, **k: None
w = DiscriminatorSurface(hidden=8).run(200, progress=False)
outputs = w._stored._outputs
def slow():
    x = torch.eye(300)
    end = time.monotonic() + 1
    while time.monotonic() < end:
        x = x @ x
    return outputs()
w._ipython_display_()
w._stored._outputs = slow
w._seen = True
w.step()
while w._stored._due is not None: time.sleep(0.001)
"""
    code += "time.sleep(0.1)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")


# --- interrupts, and what was given up


def test_others_that_waited_for_what_is_given_up_hold_nothing_up(make, own):
    widget = make(generator=own())
    widget.play()
    trainer = widget._trainer
    thread, begun = trainer._thread, []

    def hang():  # in what a control asks for; the one that plays waits for its end
        if threading.current_thread() is not thread and not begun:
            begun.append(0)
            spin()

    until(lambda: widget.step_number > 3)
    own.act = staticmethod(hang)
    widget._controls["lr_g"].value = 0.02
    assert "Reset gives it up" in widget.view.message
    until(lambda: thread in trainer._turn.waiting)
    tell(widget, "reset")
    own.act = staticmethod(lambda: None)
    until(lambda: not thread.is_alive() and not trainer._turn.waiting)
    widget.play()
    start, before = time.monotonic(), widget.step_number
    until(lambda: widget.step_number > before + 20)
    assert time.monotonic() - start < 10  # not one a second
    assert thread in trainer._threads  # a process that ends waits for it too


def test_a_change_that_was_given_up_changes_nothing_later(make, own):
    widget = make(generator=own()).run(3, progress=False)
    go, first = threading.Event(), []

    def hang():
        if not first:
            first.append(0)
            go.wait()

    own.act = staticmethod(hang)
    widget._controls["lr_g"].value = 0.01
    thread = widget._trainer._turn.holder
    tell(widget, "reset")
    widget.set(lr_g=0.005)
    go.set()
    until(lambda: not thread.is_alive())
    assert widget.settings["lr_g"] == widget._controls["lr_g"].value == widget.gan.settings.lr[0] == 0.005


def test_an_interrupt_at_any_moment_leaves_the_turn_free():
    trainer, times = Trainer(lambda: iter([]), lambda error: None), random.Random(0)

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    threads = torch.get_num_threads()
    try:
        for _ in range(300):
            try:
                signal.setitimer(signal.ITIMER_REAL, times.uniform(0.0002, 0.002))
                while True:
                    with trainer.between_steps(), trainer.between_steps(), one_thread():
                        pass
            except KeyboardInterrupt:
                pass
            assert not trainer._turn._is_owned() and not trainer._turn.waiting
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    with one_thread():
        pass
    assert torch.get_num_threads() == threads
    trainer.play()
    trainer.wait(5)


def test_a_thread_that_died_with_the_turn_does_not_keep_it():
    trainer = Trainer(lambda: iter([]), lambda error: None)
    trainer.patience = 0.1
    thread = threading.Thread(target=trainer.between_steps().__enter__)
    thread.start()
    thread.join()
    assert trainer._turn.holder is thread
    trainer.free()
    trainer.play()
    trainer.wait(5)
    with trainer.between_steps():
        trainer.free()  # the one who asks has it


def test_a_look_needs_no_gradients_from_outside(make):
    with torch.no_grad():
        make().step()


def test_play_has_told_the_view_before_it_can_end(make):
    widget = make()
    widget.view.observe(lambda change: time.sleep(0.1), "message")
    widget.view.message = "before"
    widget.play(steps=0)
    widget._trainer._thread.join(10)
    assert not widget.view.playing


# --- settings and messages


def test_a_branch_after_a_branch_begins_with_the_left_settings(make):
    widget = make().run(10, progress=False)
    widget.branch(5, lr_d=0.01)
    widget.branch(5, lr_g=0.02)
    assert [run.model.settings.lr for run in widget.runs] == [(1e-3, 1e-3), (0.02, 1e-3)]
    tell(widget, "keep", run=0)
    assert (widget.settings["lr_g"], widget.settings["lr_d"]) == widget.gan.settings.lr == (1e-3, 1e-3)


def test_settings_follow_the_model_when_the_look_fails(make, monkeypatch):
    widget = make()
    monkeypatch.setattr(widget.runs[0], "look", lambda model: fail_key())
    with pytest.raises(KeyError):
        widget.set(lr_g=0.02)
    assert widget.settings["lr_g"] == widget._controls["lr_g"].value == widget.gan.settings.lr[0] == 0.02


def test_messages_go_when_they_are_no_longer_true_and_stay_while_they_are(make):
    widget = make(discriminator=nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())).run(5, progress=False)
    doubt = widget.view.message
    assert "ends in a sigmoid" in doubt
    for then in ({"kind": "branch", "step": 3}, {"kind": "keep", "run": 1}, {"kind": "new_seed"}, {"kind": "step"}):
        tell(widget, "branch", step=99)
        assert "no step 99" in widget.view.message
        widget.view._handle_custom_msg(then, [])
        assert widget.view.message == doubt
    tell(widget, "branch", step=99)
    widget._controls["lr_g"].value = 0.002
    assert widget.view.message == doubt


def test_what_plays_so_many_steps_still_does_with_another_seed(make):
    widget = make(generator=nn.Linear(2, 2))
    for one in (widget, ModeCollapse(seeds=2, hidden=8, batch=16)):
        with one.between_steps():
            one.play(steps=60)
            one.set(seed=3)
            assert one._goal == 60 and one.playing
        one.wait(60)
        assert one.step_number == 60
        one.close()


def test_menus_show_ones_own_and_still_offer_all_others(make):
    widget = make(toy.ring(modes=5))
    menu = widget._controls["data"]
    assert menu.label == "ring (your own)" and "ring" in [word for word, _ in menu.options]
    menu.value = "ring"
    assert widget.settings["data"] == "ring" and "your own" not in [value for _, value in menu.options]
    widget.set(data=torch.randn(50, 2, requires_grad=True))
    assert menu.label == "your own" and repr(widget).startswith("DiscriminatorSurface(50 points")
    menu.value = "grid"
    assert widget.settings["data"] == "grid"


def test_a_control_may_move_in_slow_motion(make):
    widget = make()
    phases = widget.slow_step()
    for _ in range(4):
        next(phases)
    widget.set(lr_g=0.005)
    assert [phase["line"] for phase in phases] == [4, 5]
    assert f"{widget.settings['batch']} points" in next(widget.slow_step())["says"]
    phases = widget.slow_step()
    for _ in range(4):
        next(phases)
    widget.step()
    assert len(list(phases)) == 2
    widget.run(5, progress=False)
    assert rewinds(widget.runs[0])


def test_code_beside_the_course_is_the_learners():
    def told(name):
        try:
            exec(compile("1 / 0", name, "exec"))
        except ZeroDivisionError as error:
            return explain.explain(error)

    assert told(explain.HOUSE.rstrip(os.sep) + "_mine.py").startswith("ZeroDivisionError in gan_edu_mine.py:1")


def test_both_runs_of_a_branch_have_the_settings_that_the_controls_show(make):
    widget = make()
    widget.step(3)
    widget.set(lr_g=0.05)
    widget.step(2)
    widget.branch(1)
    assert [run.model.settings.rates[0] for run in widget.runs] == [0.05, 0.05]
    widget.set(lr_g=0.02)
    widget.keep(0)
    assert widget.runs[0].model.settings.rates[0] == widget.settings["lr_g"] == 0.05

"""What a learner does with the surface widget, in a real JupyterLab and a real browser."""

import re
import time

import nbformat
import pytest
from lab_harness import KERNEL, PANEL

IMPORT = "from gan_edu.widgets import DiscriminatorSurface"


def write(path, *cells):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nb.metadata["kernelspec"] = KERNEL
    nbformat.write(nb, path)
    return path


class Widget:
    """A widget of the course in an open page."""

    def __init__(self, page, number=0):
        self.page = page
        self.root = page.locator(".gan-edu").nth(number)
        self.root.wait_for(timeout=60_000)
        self.until(lambda: self.step is not None)

    def until(self, true, seconds=15):
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"waited in vain; the widget says {self.message!r} at step {self.step}"
            self.page.wait_for_timeout(50)

    @property
    def step(self):
        """The step shown, as the learner reads it."""
        shown = self.root.get_attribute("data-step")
        return None if shown is None else int(shown)

    @property
    def frames(self):
        return int(self.root.get_attribute("data-frames"))

    @property
    def message(self):
        return self.root.locator(".message").inner_text()

    def picture(self, number=0):
        self.page.wait_for_timeout(120)
        # what is to be painted is painted in the browser's next frame, however long that takes
        self.page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
        return self.root.locator("figure canvas").nth(number).evaluate("c => c.toDataURL()")

    def button(self, name):
        return self.root.get_by_role("button", name=re.compile(rf"(^|\W){re.escape(name)}\W?$"))

    def press(self, name):
        self.button(name).click()

    @property
    def playing(self):
        return self.button("Pause").count() == 1

    def rest(self, notebook, name="w"):
        """Wait until the paused widget `name` shows its last frame, and give its step. How fast it pauses is measured
        by benchmarks/widgets.py."""
        self.until(lambda: not self.playing)
        self.until(lambda: f"{self.step} False" == ask(notebook, f"print({name}.step_number, {name}.playing)"))
        return self.step

    def scrub(self, to):
        """Drag the time line, to a share of its length."""
        slider = self.root.get_by_role("slider")
        slider.evaluate(
            "(s, to) => { s.value = Math.round(to * s.max); s.dispatchEvent(new Event('input', {bubbles: true})) }", to
        )
        self.page.wait_for_timeout(150)


def ask(notebook, code, timeout=30):
    """Run code in the notebook's kernel, and give what it prints."""
    script = """async code => {
        const panel = window.jupyterapp.shell.currentWidget, kernel = panel.context.sessionContext.session.kernel;
        let text = '';
        const future = kernel.requestExecute({ code });
        future.onIOPub = m => { if (m.header.msg_type === 'stream') text += m.content.text;
                                if (m.header.msg_type === 'error') text += m.content.evalue };
        await future.done;
        return text }"""
    return notebook.page.evaluate(script, code).strip()


@pytest.fixture
def surface(room):
    """(notebook, widget) of a surface after 60 steps."""
    notebook = room(IMPORT, "w = DiscriminatorSurface(seed=1)\nw.run(60)")
    return notebook, Widget(notebook.page)


def test_it_draws_plays_pauses_steps_and_looks_back(surface):
    notebook, widget = surface
    assert notebook.errors() == []
    first = widget.picture()
    assert len(first) > 20_000 and widget.step == 60  # a picture, not an empty canvas

    widget.press("Play")
    widget.until(lambda: widget.step > 100)
    assert widget.playing and widget.picture() != first

    widget.press("Pause")
    resting = widget.rest(notebook)
    notebook.page.wait_for_timeout(700)
    assert widget.step == resting and ask(notebook, "print(w.step_number, w.playing)") == f"{resting} False"

    for name, moves in (("Step", "both"), ("Step D", "D"), ("Step G", "G")):
        before = ask(notebook, "import copy; b = w.gan.copy(); print(w.step_number)")
        widget.press(name)
        resting += 1
        widget.until(lambda now=resting: widget.step == now)
        changed = ask(
            notebook,
            "import torch\n"
            "print(*[any((x != y).any() for x, y in zip(w.gan.nets[n].parameters(), b.nets[n].parameters()))"
            " for n in ('discriminator', 'generator')])",
        )
        assert int(before) == resting - 1
        assert changed == {"both": "True True", "D": "True False", "G": "False True"}[moves]

    widget.scrub(0)
    widget.until(lambda: widget.step == 0 and widget.picture() != first)
    oldest = widget.picture()
    widget.scrub(1)
    widget.until(lambda: widget.step == resting and widget.picture() != oldest)
    widget.scrub(0)
    widget.until(lambda: widget.step == 0 and widget.picture() == oldest)  # exactly
    assert notebook.script_errors == []


def test_branching_changes_the_future_and_not_the_past(surface):
    notebook, widget = surface
    ask(notebook, "w.run(60)")
    widget.until(lambda: widget.step == 120 and widget.frames >= 13)
    widget.scrub(0)
    widget.until(lambda: widget.step == 0)
    past, steps = widget.picture(), ask(notebook, "print(w.recording.steps)")
    widget.scrub(0.5)
    widget.until(lambda: widget.step == 60)
    widget.press("What if from here")
    widget.until(lambda: widget.root.locator("figure").count() == 2)
    rate = notebook.page.locator(".widget-text", has_text="lr of D").locator("input")
    rate.fill("0.02")
    rate.press("Enter")
    ask(notebook, "w.run(60)")
    widget.until(lambda: widget.step == 120)
    assert widget.picture(0) != widget.picture(1)
    equal = "print(*[(w.runs[0].recording.at(s).arrays['surface'] == w.runs[1].recording.at(s).arrays['surface']).all() for s in (0, 30, 60, 120)])"  # fmt: skip # noqa: E501
    assert ask(notebook, equal) == "True True True False"
    assert ask(notebook, "print(w.runs[0].recording.steps)") == steps  # the left run flew again as before
    widget.press("Keep the left run")
    widget.until(lambda: widget.root.locator("figure").count() == 1)
    widget.scrub(0)
    widget.until(lambda: widget.step == 0 and widget.picture() == past)


def test_other_data_restart_and_ones_own_drawing_is_learned(surface):
    notebook, widget = surface
    page = notebook.page
    page.locator(".widget-dropdown", has_text="data").locator("select").select_option("spiral")
    widget.until(lambda: widget.step == 0)
    assert ask(notebook, "print(w.gan.step, w.runs[0].data.name)") == "0 spiral"

    widget.press("Draw data")
    widget.press("Train on my drawing")  # an empty one
    widget.until(lambda: "empty" in widget.message)
    widget.press("Draw data")
    canvas = widget.root.locator("figure canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y, s = box["x"], box["y"], box["width"]
    page.mouse.move(x + 0.2 * s, y + 0.8 * s)
    page.mouse.down()
    for share in (0.3, 0.4, 0.5, 0.6, 0.7):
        page.mouse.move(x + share * s, y + 0.8 * s)
    page.mouse.up()
    widget.press("Train on my drawing")
    widget.until(lambda: widget.message == "" and ask(notebook, "print(w.runs[0].data.name)") == "drawn")
    widget.press("Play")
    widget.until(lambda: widget.step > 600, seconds=60)
    widget.press("Pause")
    # the points that it makes have moved to the line near the lower edge
    low = ask(
        notebook, "import numpy as np; print(float(np.median(w.gan.sample(500)[:, 1]) / w.recording.about['extent']))"
    )
    assert -0.85 < float(low) < -0.35


def test_closing_stops_the_work_and_two_widgets_do_not_disturb_each_other(open_notebook, tmp_path):
    cells = (IMPORT, "a = DiscriminatorSurface(seed=1)\na", "b = DiscriminatorSurface('grid', seed=2)\nb")
    notebook = open_notebook(write(tmp_path / "two.ipynb", *cells))
    notebook.run_all()
    first, second = Widget(notebook.page, 0), Widget(notebook.page, 1)
    first.press("Play")
    second.press("Play")
    first.until(lambda: first.step > 50 and second.step > 50, seconds=30)
    first.press("Pause")
    resting, going = first.rest(notebook, "a"), second.step
    second.until(lambda: second.step > going + 20)
    assert first.step == resting and second.playing
    alone = "c = DiscriminatorSurface('ring', seed=1); c.run(a.step_number)\n"
    alone += (
        "print(all((x == y).all().item() for x, y in zip(a.gan.generator.parameters(), c.gan.generator.parameters())))"
    )
    assert ask(notebook, alone, timeout=120) == "True"  # bit for bit what it does alone

    threads = "import threading; print(sum(t.name == 'gan_edu trainer' for t in threading.enumerate()))"
    assert ask(notebook, threads) == "1"
    ask(notebook, "b.close()")
    notebook.page.wait_for_timeout(500)
    assert ask(notebook, threads) == "0"
    assert notebook.page.locator(".gan-edu").count() == 1


def test_running_all_again_leaks_nothing(room):
    cells = (IMPORT, "w = DiscriminatorSurface(seed=1)\nw.run(30)", "w.play()", "import matplotlib.pyplot as plt")
    count = "import gc, threading, comm; gc.collect(); import matplotlib.pyplot as plt\n"
    count += "print(sum(t.name == 'gan_edu trainer' for t in threading.enumerate()),"
    count += " len(comm.get_comm_manager().comms), len(plt.get_fignums()))"
    seen = []
    for _ in range(3):
        notebook = room(*cells)
        Widget(notebook.page)
        notebook.page.wait_for_timeout(500)
        seen.append(ask(notebook, count))
    assert seen[1] == seen[2] and seen[2].startswith("1 ") and seen[2].endswith(" 0"), seen
    assert notebook.errors() == []


def test_a_restarted_kernel_leaves_a_message_and_the_past(surface):
    notebook, widget = surface
    widget.scrub(0.5)
    widget.scrub(1)
    widget.until(lambda: widget.step == 60)
    restart = (
        "async () => { await window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart() }"
    )
    notebook.page.evaluate(restart)
    widget.until(lambda: "kernel" in widget.message and "run the cell again" in widget.message)
    assert widget.button("Play").is_disabled()
    newest = widget.picture()
    widget.scrub(0)
    widget.until(lambda: widget.step == 0 and widget.picture() != newest)


def test_the_keyboard_is_enough(surface):
    notebook, widget = surface
    page = notebook.page
    widget.root.focus()
    page.keyboard.press("Space")
    widget.until(lambda: widget.playing and widget.step > 80)
    page.keyboard.press("Space")
    resting = widget.rest(notebook)
    for key in "sdg":
        page.keyboard.press(key)
        resting += 1
        widget.until(lambda now=resting: widget.step == now)
    page.keyboard.press("Home")
    widget.until(lambda: widget.step == 0)
    page.keyboard.press("ArrowRight")
    widget.until(lambda: 0 < widget.step < resting)
    page.keyboard.press("End")
    widget.until(lambda: widget.step == resting)
    page.keyboard.press("p")
    widget.until(lambda: "big" in widget.root.get_attribute("class"))
    page.keyboard.press("r")
    widget.until(lambda: widget.step == 0)
    assert len(notebook.cells()) == 2  # none of the letters was a command of JupyterLab's
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "() => document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
            )
        )
    assert any(name.startswith("Time line") for name in reached) and any(name.startswith("What if") for name in reached)


def test_a_bad_setting_is_told_in_the_widget_which_stays_usable(surface):
    notebook, widget = surface
    rate = notebook.page.locator(".widget-text", has_text="lr of G").locator("input")
    for wrong in ("0", "1e9"):
        rate.fill(wrong)
        rate.press("Enter")
        widget.until(lambda: "lr_g must be a number above 0" in widget.message)
        widget.until(lambda: float(rate.input_value()) == 0.001)
        widget.press("Step")
        widget.until(lambda: widget.message == "")


def test_an_exported_page_plays_without_a_kernel(browser, tmp_path):
    from nbclient import NotebookClient
    from nbconvert import HTMLExporter

    path = write(tmp_path / "export.ipynb", IMPORT, "w = DiscriminatorSurface(seed=1)\nw.run(200, progress=False)")
    nb = nbformat.read(path, 4)
    NotebookClient(nb, store_widget_state=False).execute()
    page_file = tmp_path / "export.html"
    page_file.write_text(HTMLExporter().from_notebook_node(nb)[0], encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("http*://**", lambda route: route.abort())  # there is no network
    page.goto(page_file.as_uri())
    widget = Widget(page)
    assert widget.step == 200
    newest = widget.picture()
    widget.scrub(0)
    widget.until(lambda: widget.step == 0 and widget.picture() != newest)
    widget.press("Play")
    widget.until(lambda: 20 < widget.step < 200)
    widget.until(lambda: widget.step == 200 and not widget.playing)
    assert widget.picture() == newest
    assert widget.button("Step").count() == 0  # nothing that would need a kernel
    assert errors == []
    page.close()


# what a reader sees of the outputs of the two widgets' cells
SEEN = """() => [...document.querySelectorAll('.jp-OutputArea')].filter(a => a.querySelector('.gan-edu-player,img'))
    .map(area => [...area.querySelectorAll(':scope > .jp-OutputArea-child')].filter(child => child.offsetHeight >= 20)
        .map(child => child.querySelector('.gan-edu') ? 'player' : child.querySelector('img') ? 'picture'
            : child.innerText).join('+')).join()"""


def test_on_the_second_day_the_picture_and_the_recording_are_there(open_notebook, server, browser, tmp_path):
    cells = ["w = DiscriminatorSurface(seed=1)\nw", "untrained = DiscriminatorSurface(seed=2)\nuntrained", "print(7)"]
    notebook = open_notebook(write(tmp_path / "day.ipynb", IMPORT, *cells))
    notebook.run_all()
    widget = Widget(notebook.page)
    widget.press("Play")
    widget.until(lambda: widget.step > 50)
    widget.press("Pause")
    last = widget.rest(notebook)
    outputs = lambda: str(notebook.cells()[1]["outputs"])  # noqa: E731
    widget.until(lambda: f"step {last})" in outputs() and f"steps 0 to {last}" in outputs())
    assert notebook.page.locator(".jp-RenderedImage:visible, .gan-edu-player:visible").count() == 0  # only live ones
    newest = widget.picture()
    notebook.page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save') }")
    notebook.page.evaluate(f"async () => {{ {PANEL} await session.shutdown() }}")
    notebook.page.goto("about:blank")

    nb = nbformat.read(server.cwd / "day.ipynb", 4)
    nb.cells.append(nbformat.v4.new_markdown_cell("from elsewhere"))  # so that it isn't trusted
    nbformat.write(nb, server.cwd / "received.ipynb")
    page = notebook.page
    for place in ("lab/tree", "notebooks"):
        for name, shown in (("day", "player,picture"), ("received", "picture,picture")):
            page.goto(server.url(f"{place}/{name}.ipynb?reset"), wait_until="domcontentloaded")
            page.locator(".jp-RenderedText", has_text="7").wait_for(timeout=60_000)
            page.wait_for_timeout(1500)
            assert page.locator(".gan-edu-live").count() == 0
            page.wait_for_function(f"shown => ({SEEN})() === shown", arg=shown)
            if name == "day":
                again = Widget(page)
                assert again.step == last and abs(len(again.picture()) - len(newest)) < 0.5 * len(newest)
                again.scrub(0)
                again.until(lambda again=again: again.step == 0)
            page.goto("about:blank")


def test_colours_stretch_on_demand_and_the_scale_says_so(surface):
    notebook, widget = surface
    legend = widget.root.locator(".legend")
    assert " ".join(legend.inner_text().split()) == "D = 0, generated 1, real"
    before = widget.picture()
    widget.root.get_by_role("checkbox", name="contrast").check()
    widget.until(lambda: widget.picture() != before)
    low, high = (float(x) for x in re.findall(r"[\d.]+", legend.inner_text()))
    grid = ask(notebook, "s = w.recording.frames[-1].arrays['surface'] / 255; print(s.min(), s.max())").split()
    assert low <= float(grid[0]) and float(grid[1]) <= high and high - low < 1 and low + high == pytest.approx(1)
    assert "(colours stretched)" in legend.inner_text()


def test_the_width_is_used(surface):
    notebook, widget = surface
    page = notebook.page
    notebook.command("application:toggle-left-area")
    page.wait_for_timeout(600)
    box = widget.root.bounding_box()
    assert box["width"] > 1000
    edges = [c.bounding_box() for c in widget.root.locator(".charts canvas:visible").all()]
    assert len(edges) == 4 and all(box["x"] + box["width"] - 25 < e["x"] + e["width"] for e in edges)
    for row in (
        page.locator(".jp-OutputArea .widget-hbox").first.locator("> *:visible"),
        widget.root.locator("button"),
    ):
        tops = [each.bounding_box()["y"] for each in row.all()[:8]]
        assert max(tops) - min(tops) < 10  # one row
    notebook.command("application:toggle-left-area")  # the next test finds it as it was


def test_numbers_that_are_not_finite_reach_the_page(surface):
    notebook, widget = surface
    told = ask(
        notebook,
        "from gan_edu.recorder import Frame\nf = w.recording.frames[-1]\n"
        "w._push(0, Frame(f.step, f.values | {'loss_d': float('inf'), 'loss_g': float('nan')}, f.arrays))",
    )
    assert told == "" and notebook.errors() == []

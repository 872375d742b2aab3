"""The widget for causes in a real browser: what is drawn by mouse, keys and controls, and what the page computes."""

import random
import re
import time

import nbformat
import pytest
from lab_harness import ROOT
from nbconvert import HTMLExporter
from test_surface_widget import ask

from gan_edu.linear_graph import LinearGraph
from gan_edu.widgets import SeeingDoing
from gan_edu.widgets.base import script

IMPORT = "from gan_edu.widgets import SeeingDoing"


class Graph:
    """A widget in an open page."""

    def __init__(self, page):
        self.page = page
        self.root = page.locator(".gan-edu")
        self.root.wait_for(timeout=60_000)
        self.canvas = self.root.locator("canvas.draw")
        self.until(lambda: self.why)

    def until(self, true, seconds=15):
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"waited in vain; the widget says {self.message!r} and {self.why!r}"
            self.page.wait_for_timeout(50)

    @property
    def why(self):
        return self.root.locator(".why").inner_text()

    @property
    def message(self):
        return self.root.locator(".message").inner_text()

    def slope(self, name):
        text = self.root.locator(f'[data-slope="{name}"] b').inner_text()
        return float(text.replace("−", "-") or "nan")  # empty until the widget has drawn

    def place(self, x, y):
        """A place of the graph, from 0 to 1, in the page's pixels."""
        self.canvas.scroll_into_view_if_needed()
        box = self.canvas.bounding_box()
        margin = 24 if box["width"] > 265 else 21
        return (
            box["x"] + margin + x * (box["width"] - 2 * margin),
            box["y"] + margin + y * (box["height"] - 2 * margin),
        )

    def drag(self, start, end, drop=True):
        self.page.mouse.move(*self.place(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(*[(a + b) / 2 for a, b in zip(start, end, strict=True)]), steps=3)
        self.page.mouse.move(*self.place(*end), steps=3)
        if drop:
            self.page.mouse.up()

    def click(self, x, y):
        self.page.mouse.click(*self.place(x, y))

    def slider(self, arrow):
        return self.root.get_by_role("slider", name=f"strength of {arrow}")

    def picture(self, number=0):
        self.page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
        return self.root.locator("canvas").nth(number).evaluate("c => c.toDataURL()")


T, Y, U = (0.1, 0.9), (0.9, 0.9), (0.5, 0.05)  # where the fork has its circles


@pytest.fixture
def fork(room):
    notebook = room(IMPORT, "w = SeeingDoing()\nw")
    return notebook, Graph(notebook.page)


def heard(notebook, widget, code, answer):
    widget.until(lambda: ask(notebook, f"print({code})") == answer)


def test_arrows_are_drawn_slid_and_taken_out_with_the_mouse(fork):
    notebook, widget = fork
    assert notebook.errors() == []
    assert (widget.slope("seen"), widget.slope("done")) == (2, 1)
    assert widget.why == "Seeing and doing part: T ← U → Y is open, and T doesn't act along it."
    both = [widget.picture(0), widget.picture(2)]
    assert min(map(len, both)) > 5_000  # pictures, not empty canvases

    widget.click(0.3, 0.475)  # the arrow U → T
    assert widget.root.locator(".arrow.chosen").inner_text().startswith("U → T")
    notebook.page.keyboard.press("Delete")
    widget.until(lambda: widget.slope("seen") == 1)
    assert widget.why == "Seeing and doing agree: T acts along every open way."
    heard(notebook, widget, "w.strengths, w.seen", "{'U->Y': 2.0, 'T->Y': 1.0} 1.0")

    widget.drag(U, T)
    widget.until(lambda: widget.slope("seen") == 2)
    slider = widget.slider("U → T")
    slider.focus()
    for _ in range(5):
        notebook.page.keyboard.press("ArrowRight")
    heard(notebook, widget, "w.strengths['U->T'], round(w.seen, 2)", "1.5 1.92")
    assert widget.slope("seen") == 1.92 and widget.slope("done") == 1
    assert slider.evaluate("s => s === document.activeElement")  # it keeps the focus

    widget.root.get_by_label("adjust for U").check()
    widget.until(lambda: widget.slope("adjusted") == 1)
    assert widget.why == "Adjusted for U, seeing and doing agree: T acts along every open way."
    heard(notebook, widget, "w.given, round(w.adjusted, 9)", "('U',) 1.0")
    assert notebook.errors() == []


def test_what_makes_no_sense_is_refused_in_a_sentence_and_changes_nothing(fork):
    notebook, widget = fork
    before = ask(notebook, "print(w.strengths, w.given, w.hidden)")
    widget.drag(Y, U)
    widget.until(lambda: widget.message == "Y → U → Y would be a loop: nothing can be a cause of itself.")
    widget.drag(T, Y)
    widget.until(lambda: "is there already" in widget.message)
    widget.click(*T)
    for key, words in (("Delete", "they stay"), ("a", "can't be adjusted"), ("h", "can't be hidden")):
        notebook.page.keyboard.press(key)
        widget.until(lambda w=words: w in widget.message)
    widget.drag(U, U)  # a click
    widget.drag(U, (0.52, 0.08))  # a shake of the hand, onto itself
    widget.page.mouse.click(*widget.place(0.02, 0.02), button="right")
    notebook.page.keyboard.press("Escape")
    widget.drag(U, (0.2, 0.3), drop=False)
    notebook.page.keyboard.press("Escape")  # lets go
    notebook.page.mouse.up()
    notebook.page.wait_for_timeout(300)
    assert ask(notebook, "print(w.strengths, w.given, w.hidden)") == before
    assert ask(notebook, "print(w.view.graph['places'])") == "{'T': [0.1, 0.9], 'Y': [0.9, 0.9], 'U': [0.5, 0.05]}"
    assert notebook.errors() == []


def test_a_circle_is_moved_added_hidden_and_taken_out(fork):
    notebook, widget = fork
    widget.drag(U, (0.2, 0.2))
    heard(notebook, widget, "max(abs(a - 0.2) for a in w.view.graph['places']['U']) < 0.02", "True")
    assert widget.slope("seen") == 2
    for _ in range(2):
        widget.root.get_by_role("button", name="+ Variable").click()
    heard(notebook, widget, "w.graph.names", "('T', 'Y', 'U', 'M', 'C')")
    assert widget.root.get_by_role("button", name="+ Variable").is_disabled()
    widget.root.get_by_label("adjust for U").check()
    widget.root.get_by_label("hide U").check()
    heard(notebook, widget, "w.given, w.hidden", "() ('U',)")
    assert widget.message == "U is hidden now, so it is no longer adjusted for."
    assert widget.root.get_by_label("adjust for U").is_disabled()
    widget.root.get_by_role("button", name="take out U", exact=True).click()
    heard(notebook, widget, "w.graph.names, w.strengths, w.hidden", "('T', 'Y', 'M', 'C') {'T->Y': 1.0} ()")
    widget.root.get_by_role("button", name="Reset").click()
    heard(notebook, widget, "w.graph.names, w.seen", "('T', 'Y', 'U') 2.0")
    assert notebook.errors() == []


def test_everything_can_be_done_by_keys(fork):
    notebook, widget = fork
    press = notebook.page.keyboard.press
    widget.canvas.focus()
    press("u")
    press("a")
    widget.until(lambda: widget.slope("adjusted") == 1)
    press("h")
    heard(notebook, widget, "w.given, w.hidden", "() ('U',)")
    press("ArrowDown")
    heard(notebook, widget, "w.view.graph['places']['U']", "[0.5, 0.11]")
    press("Enter")  # from the last circle to the first arrow
    press("ArrowUp")
    heard(notebook, widget, "w.strengths['U->T']", "1.1")
    press("Delete")
    heard(notebook, widget, "list(w.strengths)", "['U->Y', 'T->Y']")
    for name, key in (("from", "T"), ("to", "U")):
        widget.root.get_by_label(name, exact=True).focus()
        press(key)
    press("Tab")
    press("Enter")  # Draw
    heard(notebook, widget, "w.strengths", "{'U->Y': 2.0, 'T->Y': 1.0, 'T->U': 1.0}")
    assert widget.slope("done") == widget.slope("seen") == 3
    widget.canvas.focus()
    press("p")
    widget.until(lambda: "big" in widget.root.get_attribute("class"))
    assert notebook.errors() == []


def test_python_and_the_page_follow_each_other(fork):
    notebook, widget = fork
    assert ask(notebook, "w.set(strengths={'U->T': 0.5, 'C->Y': -1}, hidden=['U'], seed=3)") == ""
    widget.until(lambda: widget.slope("seen") == 1.8)
    assert widget.slider("C → Y").input_value() == "-1" and widget.root.get_by_label("hide U").is_checked()
    assert "loop" in ask(notebook, "w.set(strengths={'Y->T': 1})") and widget.slope("seen") == 1.8
    widget.root.get_by_label("Graph", exact=True).select_option("collider")
    widget.root.get_by_label("adjust for C").check()
    heard(notebook, widget, "w", "SeeingDoing(slope seen 1.00, adjusted for C -0.60, done 1.00)")
    assert notebook.errors() == []


def test_it_works_on_when_the_kernel_has_stopped(fork):
    notebook, widget = fork
    notebook.page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart() }"
    )
    widget.until(lambda: "Python no longer hears" in widget.message, seconds=60)
    widget.root.get_by_label("adjust for U").check()
    widget.until(lambda: widget.slope("adjusted") == 1)  # (JupyterLab has script errors of its own here, or hasn't)


@pytest.mark.parametrize("width", [1200, 600])
def test_a_stored_page_works_without_a_kernel_and_a_network(browser, tmp_path, width):
    file = SeeingDoing("collider").export(tmp_path / "page.html")
    page = browser.new_page(viewport={"width": width, "height": 900})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.route("http*://**", lambda route: route.abort())
    page.goto(file.as_uri())
    widget = Graph(page)
    widget.root.get_by_label("adjust for C").check()
    widget.until(lambda: widget.slope("adjusted") == -0.6)
    widget.root.get_by_label("Graph", exact=True).select_option("fork")
    before = widget.picture(1)
    widget.drag(T, U)  # against the arrow: a loop
    widget.until(lambda: "T → U → T would be a loop" in widget.message)
    widget.slider("U → T").evaluate("s => { s.value = -2; s.dispatchEvent(new Event('input', { bubbles: true })) }")
    widget.until(lambda: widget.slope("seen") == 0.2 and widget.picture(1) != before)
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")  # nothing sticks out
    assert errors == []
    page.close()


def test_the_stored_chapter_shows_a_picture_and_works_when_exported(browser, tmp_path):
    chapter = nbformat.read(ROOT / "chapters/71_what_a_generator_cannot_know.ipynb", 4)
    shown = next(cell for cell in chapter.cells if cell.source == 'SeeingDoing("fork")')
    assert any(len(output["data"].get("image/png", "")) > 5_000 for output in shown.outputs)
    file = tmp_path / "chapter.html"
    file.write_text(HTMLExporter().from_notebook_node(chapter)[0], encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.route("http*://**", lambda route: route.abort())
    page.goto(file.as_uri())
    widget = Graph(page)
    widget.root.get_by_label("adjust for U").check()
    widget.until(lambda: widget.slope("adjusted") == 1)
    page.emulate_media(color_scheme="dark")
    page.keyboard.press("p")
    widget.until(lambda: "big" in widget.root.get_attribute("class"))
    widget.root.screenshot(path=str(tmp_path / "seeing.png"))
    page.close()


def test_the_page_computes_what_python_computes(browser):
    chance = random.Random(0)
    graphs = []
    for _ in range(400):
        names = ["T", "Y", "U", "M", "C"][: chance.choice((2, 3, 4, 5))]
        order = chance.sample(names, len(names))
        share = chance.choice((0.3, 0.6, 1.0))
        pairs = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :] if chance.random() < share]
        strengths = {f"{a}->{b}": chance.choice((-3, -1, 0, 0.1, 0.5, 1, 1.7, 2)) for a, b in pairs}
        given = [name for name in names[2:] if chance.random() < 0.4]
        graphs.append(LinearGraph(strengths, given=given, others=names[2:]))
    page = browser.new_page()
    page.add_script_tag(content=script("seeing") + "\nwindow.seeing = seeing;")
    sent = [
        {"places": dict.fromkeys(g.names, [0, 0]), "strengths": g.strengths, "given": list(g.given), "hidden": []}
        for g in graphs
    ]
    found = page.evaluate(
        """graphs => graphs.map(g => ({ ...window.seeing.slopes(g), why: window.seeing.explain(g),
             loops: Object.keys(g.places).map(a => Object.keys(g.places).map(b => window.seeing.loop(g, a, b))) }))""",
        sent,
    )
    for graph, here in zip(graphs, found, strict=True):
        for name in ("seen", "adjusted", "done"):
            assert here[name] == pytest.approx(getattr(graph, name), abs=1e-9)
        assert here["why"] == graph.why
        assert here["loops"] == [[graph.loop(a, b) for b in graph.names] for a in graph.names]
    kinds = {re.sub("[TYUMC]", "x", graph.why.split(":")[0]) for graph in graphs}
    assert len(kinds) >= 6  # agree, part and coincidence, with and without something given
    page.close()

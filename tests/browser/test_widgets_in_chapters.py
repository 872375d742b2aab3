"""The widgets as the chapters hold them: stored, run in JupyterLab, exported."""

import time

import nbformat
import pytest
from lab_harness import ROOT, Notebook
from test_surface_widget import Widget, ask

WITH_WIDGETS = ("01_workshop", "22_decision_surface", "23_mode_collapse", "24_from_autoencoders_to_vaes")
NAMES = ("DiscriminatorSurface(", "ModeCollapse(", "LatentSpace(")


def stored(name):
    return nbformat.read(ROOT / "chapters" / f"{name}.ipynb", 4)


def widget_cells(nb):
    return [
        cell
        for cell in nb.cells
        if cell.cell_type == "code"
        and any(out.get("data", {}).get("text/plain", "").startswith(NAMES) for out in cell.outputs)
    ]


def excerpt(name):
    """Code of a stored chapter without what its widgets don't need: the imports, and the cells that make widgets."""
    nb = stored(name)
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    keep = [code[0], *[c for c in code[1:] if "import" in c.source and "widgets" in c.source], *widget_cells(nb)]
    unique = list({id(cell): cell for cell in keep}.values())
    return [cell.source for cell in nb.cells if any(cell is kept for kept in unique)]


@pytest.mark.parametrize("name", WITH_WIDGETS)
def test_the_chapters_widgets_draw_play_and_pause(room, name):
    notebook = room(*excerpt(name), timeout=240)
    assert notebook.errors() == []
    count = notebook.page.locator(".gan-edu").count()
    assert count >= 1
    for number in range(count):
        widget = Widget(notebook.page, number)
        before, start = widget.picture(), widget.step
        assert len(before) > 4_000
        if not widget.button("Play").count():
            continue
        widget.press("Play")
        widget.until(lambda w=widget, s=start: w.step > s + 3, seconds=60)
        widget.press("Pause")
        widget.until(lambda w=widget: not w.playing)
        notebook.page.wait_for_timeout(1500)  # the last frame is on its way
        resting = widget.step
        notebook.page.wait_for_timeout(600)
        assert widget.step == resting and widget.picture() != before
    threads = "import threading; print([t.name for t in threading.enumerate() if t.name.startswith('gan_edu')])"
    waited = time.monotonic()
    while (left := ask(notebook, threads)) != "[]" and time.monotonic() - waited < 30:
        time.sleep(0.5)  # the picture that a saved notebook keeps is drawn a second after the last change
    assert left == "[]"


@pytest.mark.parametrize("name", WITH_WIDGETS)
def test_stored_chapters_show_a_picture_of_each_widget(name):
    cells = widget_cells(stored(name))
    assert cells
    for cell in cells:
        for output in cell.outputs:
            data = output.get("data", {})
            if data.get("text/plain", "").startswith(NAMES):
                assert len(data["image/png"]) > 3_000 and "application/vnd.jupyter.widget-view+json" not in data


@pytest.mark.parametrize("name", WITH_WIDGETS[1:])
def test_stored_chapters_play_when_exported(browser, tmp_path, name):
    from nbconvert import HTMLExporter

    page_file = tmp_path / f"{name}.html"
    page_file.write_text(HTMLExporter().from_notebook_node(stored(name))[0], encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("http*://**", lambda route: route.abort())  # there is no network
    page.goto(page_file.as_uri())
    widget = Widget(page)
    newest, last = widget.picture(), widget.step
    widget.scrub(0)
    widget.until(lambda: widget.step < last and widget.picture() != newest)
    widget.press("Play")
    widget.until(lambda: widget.step == last and not widget.playing, seconds=60)
    widget.until(lambda: widget.picture() == newest)
    assert [error for error in errors if "require" not in error and "MathJax" not in error] == []
    page.close()


def test_the_portrait_follows_its_controls(room):
    """Chapter 33's phase portrait: its controls draw it anew."""
    code = [cell for cell in stored("33_dynamics").cells if cell.cell_type == "code"]
    shown = next(cell for cell in code if cell.source.strip() == "Portrait()")
    assert any("image/png" in output.get("data", {}) for output in shown.outputs)  # for readers without a kernel
    parts = ("G_FACTOR =", "def play(", "class Portrait", "def painter")
    needed = [cell for cell in code if any(part in cell.source for part in parts)]
    notebook = room(*[cell.source for cell in (code[1], *needed, shown)])
    assert notebook.errors() == []
    picture = notebook.page.locator("img.widget-image")
    picture.wait_for()

    def changes(act):
        before = picture.get_attribute("src")
        act()
        notebook.page.wait_for_function("old => document.querySelector('img.widget-image').src !== old", arg=before)

    sliders = notebook.page.get_by_role("slider")
    assert sliders.count() == 2
    for slider in (sliders.nth(0), sliders.nth(1)):
        slider.focus()
        changes(lambda: notebook.page.keyboard.press("ArrowRight"))
    menus = notebook.page.locator(".jp-OutputArea select")
    changes(lambda: menus.nth(0).select_option("wasserstein"))
    changes(lambda: menus.nth(1).select_option("alternating"))
    assert notebook.errors() == []


PLAYERS = "() => [...document.querySelectorAll('.jp-OutputArea-output audio')].map(a => [a.duration || 0, a.paused])"


def test_the_first_sound_can_be_played_once_its_cell_has_run_and_stays(browser, server, open_notebook, tmp_path):
    """Chapter 55 says so. JupyterLab takes the sound out of outputs that didn't come from this computer."""
    nb = stored("55_sound")
    upto = next(i for i, cell in enumerate(nb.cells) if cell.source.rstrip().endswith("normalize=False)"))
    nb.cells = nb.cells[: upto + 1]
    for cell in nb.cells:
        cell.metadata.pop("jupyter", None)  # the harness looks at the numbers of cells, and folded ones have none
    nbformat.write(nb, tmp_path / "sound.ipynb")
    notebook = open_notebook(tmp_path / "sound.ipynb")
    assert notebook.page.evaluate(PLAYERS) == [[0, True]]
    notebook.run_all()
    notebook.page.wait_for_function(f"() => ({PLAYERS})()[0]?.[0] > 1")
    assert notebook.page.evaluate(PLAYERS)[0][1]  # nothing plays by itself
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    again = Notebook(browser.new_page(), server, notebook.path)
    try:
        again.page.wait_for_function(f"() => ({PLAYERS})()[0]?.[0] > 1")
    finally:
        again.close()

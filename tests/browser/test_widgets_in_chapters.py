"""The widgets as the chapters hold them: stored, run in JupyterLab, exported."""

import time

import nbformat
import pytest
from lab_harness import ROOT
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


def excerpt(name, folder):
    """A stored chapter without what its widgets don't need: the imports, and the cells that make widgets."""
    nb = stored(name)
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    keep = [code[0], *[c for c in code[1:] if "import" in c.source and "widgets" in c.source], *widget_cells(nb)]
    unique = list({id(cell): cell for cell in keep}.values())
    nb.cells = [cell for cell in nb.cells if any(cell is kept for kept in unique)]
    path = folder / f"{name}.ipynb"
    nbformat.write(nb, path)
    return path


@pytest.mark.parametrize("name", WITH_WIDGETS)
def test_the_chapters_widgets_draw_play_and_pause(open_notebook, tmp_path, name):
    notebook = open_notebook(excerpt(name, tmp_path))
    notebook.run_all(timeout=240)
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

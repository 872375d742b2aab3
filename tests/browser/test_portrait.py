"""Chapter 33's phase portrait, as stored, in JupyterLab: its controls draw it anew."""

import nbformat
from lab_harness import ROOT

PARTS = ("G_FACTOR =", "def play(", "class Portrait", "def painter")


def test_the_portrait_follows_its_controls(open_notebook, tmp_path):
    nb = nbformat.read(ROOT / "chapters" / "33_dynamics.ipynb", 4)
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    shown = next(cell for cell in code if cell.source.strip() == "Portrait()")
    assert any("image/png" in output.get("data", {}) for output in shown.outputs)  # for readers without a kernel
    nb.cells = [code[0], *[c for c in code if any(part in c.source for part in PARTS)], shown]
    nbformat.write(nb, tmp_path / "portrait.ipynb")

    notebook = open_notebook(tmp_path / "portrait.ipynb")
    notebook.run_all()
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

"""The learner's first minutes, in a real JupyterLab in a real browser."""

import json
import os
import sys
from urllib.error import HTTPError

import nbformat
import pytest
from lab_harness import KERNEL, ROOT, Server
from PIL import Image

from gan_edu import cli

START = ROOT / cli.START


def write(path, *sources):
    cells = [nbformat.v4.new_code_cell(source, execution_count=7) for source in sources]  # as if run before
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), path)
    return path


def test_the_first_chapter_runs_without_a_hitch(open_notebook):
    notebook = open_notebook(START)
    notebook.run_all(timeout=300)
    assert notebook.errors() == []
    assert notebook.pictures() >= 6
    assert notebook.widgets() == 0  # the tour's widgets are in chapter 01; bars have gone when the training is over


def test_pictures_sliders_and_progress_bars_show(open_notebook, tmp_path):
    """Whatever the chapters hold: matplotlib, ipywidgets and tqdm work in this JupyterLab; so does a learner's own
    picture in colours."""
    Image.new("RGB", (60, 40), (220, 30, 40)).save(tmp_path / "red.png")
    notebook = open_notebook(
        write(
            tmp_path / "shows.ipynb",
            "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()",
            "import ipywidgets\nslider = ipywidgets.IntSlider(1, 1, 9)\nout = ipywidgets.Label()\n"
            "slider.observe(lambda change: setattr(out, 'value', f'now {change.new}'), 'value')\n"
            "ipywidgets.VBox([slider, out])",
            "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): pass",
            "import torch\nfrom gan_edu import nets\nfrom gan_edu.widgets import LatentSpace\n"
            "LatentSpace(nets.ConvVAE((3, 32, 32), 2, 2), torch.rand(60, 3, 32, 32))",
        )
    )
    notebook.run_all()
    assert notebook.errors() == []
    assert [cell["execution_count"] for cell in notebook.cells()] == [1, 2, 3, 4]
    assert notebook.pictures() == 2  # the other one is what is kept of the widget
    assert notebook.widgets() == 3
    assert "3/3" in notebook.cell(2).inner_text()
    assert notebook.page.locator(".widget-hprogress, .jupyter-widget-hprogress").count() == 1

    notebook.page.locator(".noUi-handle").first.focus()
    notebook.page.keyboard.press("ArrowRight")
    notebook.page.locator(".widget-label", has_text="now 2").wait_for(timeout=15_000)

    latent = notebook.page.locator(".gan-edu")
    latent.locator("input[type=file]").set_input_files(tmp_path / "red.png")
    latent.get_by_text("yours → copy").wait_for(timeout=30_000)
    read = "c => Array.from(c.getContext('2d').getImageData(9, 9, 1, 1).data)"
    assert latent.get_by_label("picture → copy").evaluate(read) == [220, 30, 40, 255]


def test_what_goes_wrong_is_seen(open_notebook, tmp_path):
    """The harness itself: errors, cells that did not run, broken widgets and pictures are all reported."""
    notebook = open_notebook(
        write(
            tmp_path / "wrong.ipynb",
            "from IPython.display import HTML\nHTML('<img src=\"nowhere.png\">')",
            "1 / 0",
            "'never reached'",
        )
    )
    notebook.run_all()
    picture, error, unreached = sorted(notebook.errors(), key=lambda line: (not line.startswith("picture"), line))
    assert "nowhere.png" in picture
    assert error == "cell 1: ZeroDivisionError: division by zero"
    assert unreached == "cell 2 did not run"


@pytest.fixture
def started(tmp_path):
    """JupyterLab as `course.py lab --no-browser --port N` starts it, in the course's own folder."""
    running = Server([sys.executable, "-m", "gan_edu", "lab"], ROOT, tmp_path)
    yield running
    running.stop()


def test_lab_serves_the_course_and_stops_when_told(started):
    assert '"started"' in started.get("api/status")[1]
    address, _ = started.get("")
    assert address.split("?")[0].endswith(f"/lab/tree/{cli.START}")
    assert '"type": "notebook"' in started.get(f"api/contents/{cli.START}?content=0")[1]
    assert f"/lab/tree/{cli.START}?token=" in started.tail(20_000)  # the address that a person copies
    with pytest.raises(HTTPError):
        started.token = "wrong"
        started.get("api/status")
    assert started.stop() == 0 or os.name == "nt"
    with pytest.raises(OSError):
        started.get("api/status")


def test_jupyterlab_shows_nothing_of_the_tests_packages(started, browser):
    """nbgrader and jupytext are installed beside the tests; a learner who has run these sees no buttons of theirs."""
    page = browser.new_page()
    try:
        page.goto(started.url(f"lab/tree/{cli.START}"))
        page.locator(".jp-NotebookPanel-toolbar").first.wait_for(timeout=60_000)
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
        loaded = json.loads(page.locator("#jupyter-config-data").inner_text())
        hidden = {"@jupyter/nbgrader", "@jupyter-notebook/lab-extension", "jupyterlab-jupytext"}
        assert hidden <= {extension["name"] for extension in loaded["federated_extensions"]}, "they are installed"
        assert hidden <= set(loaded["disabledExtensions"])
        shown = page.locator(".jp-NotebookPanel-toolbar, #jp-MainMenu, #jp-top-bar, .jp-SideBar").all_inner_texts()
        titles = page.locator("[title]").evaluate_all("all => all.map(one => one.title)")
        for word in ("nbgrader", "assignment", "validate", "jupytext", "notebook 7"):
            assert word not in " ".join([*shown, *titles]).lower(), word
        page.locator("#jp-MainMenu li", has_text="File").first.click()
        menu = page.locator(".lm-Menu").first
        menu.wait_for()
        assert "jupytext" not in menu.inner_text().lower()
    finally:
        page.close()
    log = started.tail(50_000)
    assert "nbgrader" not in log and "jupytext" not in log

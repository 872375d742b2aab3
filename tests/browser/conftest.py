"""Fixtures for tests in a browser: `server`, `browser`, `open_notebook`, `room`."""

import nbformat
import pytest
from lab_harness import CHROMIUM_FLAGS, KERNEL, Notebook, Server, jupyterlab

from gan_edu.cli import NO_CHROMIUM, find_chromium

OUTCOME = pytest.StashKey()
SIZE = {"width": 1280, "height": 900}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call":
        item.stash[OUTCOME] = report
    return report


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A JupyterLab in an empty folder; `server.add(path)` puts files of the course into it."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "home").mkdir()
    running = Server(jupyterlab(), folder / "home", folder)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser():
    """Playwright's browser, for one module: its event loop would be in the way of other tests' loops."""
    program = find_chromium()
    if program is None:
        pytest.skip(NO_CHROMIUM)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def keep_pictures(request, server, tmp_path):
    """A function for the end of a test: takes pictures of these notebooks and pages if it has failed."""

    def keep(*shown):
        outcome = request.node.stash.get(OUTCOME, None)
        if outcome is not None and outcome.failed:
            for number, one in enumerate(shown):
                picture = tmp_path / f"failure-{number}.png"
                getattr(one, "page", one).screenshot(path=str(picture))
                print(f"What the browser showed: {picture}\nJupyterLab's last words:\n{server.tail()}")

    return keep


@pytest.fixture
def open_notebook(browser, server, keep_pictures):
    """A function: path of a notebook (relative to the course, or absolute) → Notebook, with a kernel of its own."""
    opened = []

    def open_one(path):
        opened.append(browser.new_page(viewport=SIZE))
        opened[-1] = Notebook(opened[-1], server, server.add(path))
        return opened[-1]

    yield open_one
    keep_pictures(*opened)
    for one in opened:
        one.close()


@pytest.fixture(scope="module")
def one_room(browser, server, tmp_path_factory):
    path = tmp_path_factory.mktemp("room") / "room.ipynb"
    nbformat.write(nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL}), path)
    notebook = Notebook(browser.new_page(viewport=SIZE), server, server.add(path))
    yield notebook
    notebook.close()


@pytest.fixture
def room(one_room, keep_pictures):
    """A function: sources of cells → Notebook in which they have run.

    Page and kernel are the module's, since opening them takes longer than most tests.
    """
    one_room.script_errors.clear()

    def run(*sources, timeout=120):
        if [cell["source"] for cell in one_room.cells()] != list(sources):  # a cell that runs again closes its widget
            one_room.write(*sources)
        one_room.run_all(timeout)
        return one_room

    yield run
    keep_pictures(one_room)

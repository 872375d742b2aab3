"""Fixtures for tests in a browser: `server`, `browser`, `open_notebook`."""

import pytest
from lab_harness import CHROMIUM_FLAGS, Notebook, Server, jupyterlab

from gan_edu.cli import NO_CHROMIUM, find_chromium

OUTCOME = pytest.StashKey()


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
def open_notebook(request, browser, server, tmp_path):
    """A function: path of a notebook (relative to the course, or absolute) → Notebook. Failures leave a picture."""
    opened = []

    def open_one(path, width=1280, height=900):
        page = browser.new_page(viewport={"width": width, "height": height})
        opened.append(page)
        opened[-1] = Notebook(page, server, server.add(path))
        return opened[-1]

    yield open_one
    outcome = request.node.stash.get(OUTCOME, None)
    for number, one in enumerate(opened):
        page = one.page if isinstance(one, Notebook) else one
        if outcome is not None and outcome.failed:
            picture = tmp_path / f"failure-{number}.png"
            page.screenshot(path=str(picture))
            print(f"What the browser showed: {picture}\nJupyterLab's last words:\n{server.tail()}")
        one.close()

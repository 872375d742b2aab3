"""Notebooks as a learner meets them: a real JupyterLab, and a real browser that looks at it.

The fixtures in conftest.py hand these out: tests call `open_notebook("chapters/00_start_here.ipynb")`, then its
`run_all()`, and ask it what it shows.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM_FLAGS = ["--disable-gpu", "--disable-quic", "--disable-sync", "--disable-dev-shm-usage", "--no-first-run"]
CHROMIUM_FLAGS += ["--disable-background-networking", "--disable-component-update"]
if hasattr(os, "geteuid") and os.geteuid() == 0:
    CHROMIUM_FLAGS.append("--no-sandbox")  # Chromium's sandbox refuses root


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def isolated_environment(folder):
    """An environment in which JupyterLab sees none of this user's settings, and asks nothing when it starts."""
    environment = dict(os.environ)
    for name in (
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
        "IPYTHONDIR",
        "JUPYTERLAB_SETTINGS_DIR",
        "JUPYTERLAB_WORKSPACES_DIR",
    ):
        environment[name] = str(folder / name.lower())
        Path(environment[name]).mkdir(parents=True)
    settings = {
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        # All cells are in the page, those far below too, so that tests find them.
        "notebook-extension/tracker": {"windowingMode": "none"},
    }
    for name, values in settings.items():
        file = Path(environment["JUPYTERLAB_SETTINGS_DIR"], "@jupyterlab", f"{name}.jupyterlab-settings")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    for name in ("MPLBACKEND", "TQDM_DISABLE"):  # a learner sees pictures and progress bars
        environment.pop(name, None)
    return environment


class Server:
    """A program that serves JupyterLab on a port of its own.

    command: a list; port, token and the root folder are added. Raises RuntimeError when it isn't up within two minutes.
    """

    def __init__(self, command, cwd, folder):
        self.cwd, self.port, self.token = Path(cwd), free_port(), secrets.token_hex(16)
        self.log = folder / "server.log"
        self._file = open(self.log, "w")
        line = [*command, "--no-browser", "--port", str(self.port), "--ServerApp.port_retries=0"]
        line += [f"--IdentityProvider.token={self.token}", "--LabApp.expose_app_in_browser=True"]
        self.process = subprocess.Popen(
            line,
            cwd=cwd,
            env=isolated_environment(folder / "settings"),
            stdout=self._file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 120
        while True:
            try:
                self.get("api/status")
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError(f"JupyterLab did not start:\n{self.tail()}") from None
                time.sleep(0.1)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}/{path}{'&' if '?' in path else '?'}token={self.token}"

    def get(self, path):
        """(address after redirects, text) of a page. Raises OSError, HTTPError included."""
        with urllib.request.urlopen(self.url(path), timeout=30) as answer:
            return answer.url, answer.read().decode()

    def add(self, path):
        """Copy a file of the course, or any other, below the server's folder; returns its place there."""
        path = (ROOT / path).resolve()
        inside = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path(path.name)
        target = self.cwd / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
        shutil.copytree(ROOT / "assets", self.cwd / "assets", dirs_exist_ok=True)  # pictures that chapters link
        return inside.as_posix()

    def tail(self, characters=3000):
        return self.log.read_text(errors="replace")[-characters:]

    def stop(self):
        """Ask it to stop, which shuts its kernels down; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._file.close()
        return self.process.returncode


def jupyterlab():
    """The command for a JupyterLab in this Python."""
    line = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", "--LabApp.extension_manager=readonly"]
    return line + ["--allow-root"] * (hasattr(os, "geteuid") and os.geteuid() == 0)


KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

# JavaScript that looks into JupyterLab's own model of the open notebook.
PANEL = "const panel = window.jupyterapp?.shell.currentWidget, session = panel?.context?.sessionContext;"
READY = f"""() => {{ {PANEL} const kernel = session?.session?.kernel;
    return !!(session?.isReady && !session.hasNoKernel && kernel?.connectionStatus === 'connected'
              && kernel.status === 'idle') }}"""
PROMPTS = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
ANY_STARTED = f"() => {PROMPTS}.some(e => /\\[(\\*|\\d+)\\]/.test(e.textContent))"
NONE_RUNNING = f"() => !{PROMPTS}.some(e => e.textContent.includes('*'))"
PICTURES = """() => [...document.querySelectorAll('.jp-Notebook img')].map(i =>
    ({ where: i.closest('.jp-OutputArea') ? 'output' : 'text', shown: i.complete && i.naturalWidth > 0,
       source: i.getAttribute('src')?.slice(0, 80) }))"""


class Notebook:
    """One notebook, open in a tab. `page` is Playwright's page, for everything that is not here."""

    def __init__(self, page, server, path):
        self.page, self.server, self.path = page, server, path
        self.script_errors = []
        page.on("pageerror", lambda error: self.script_errors.append(str(error)))
        page.goto(server.url(f"lab/tree/{path}?reset"), wait_until="domcontentloaded")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
        page.wait_for_function(READY, timeout=120_000)

    def write(self, *sources):
        """Replace all cells by code cells with these sources."""
        cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources]
        replace = f"""cells => {{ {PANEL} const shared = panel.content.model.sharedModel;
            shared.deleteCellRange(0, shared.cells.length); shared.insertCells(0, cells) }}"""
        self.page.evaluate(replace, cells)
        self.page.wait_for_function("n => document.querySelectorAll('.jp-CodeCell').length === n", arg=len(sources))

    def command(self, name):
        """Start one of JupyterLab's commands; doesn't wait for its end."""
        self.page.evaluate("name => { window.jupyterapp.commands.execute(name) }", name)

    def run_all(self, timeout=120):
        """Run all cells and wait until the kernel is idle again, at most `timeout` seconds."""
        for _ in range(6):
            # Just after loading, JupyterLab may drop the command without a word, or ask for a kernel: try again.
            question = self.page.locator(".jp-Dialog button.jp-mod-accept")
            if question.count():
                question.first.click()
            self.command("notebook:clear-all-cell-outputs")  # and their numbers, by which the start is seen
            self.command("notebook:run-all-cells")
            try:
                self.page.wait_for_function(ANY_STARTED, timeout=4000)
            except self._timeout():
                continue
            return self.wait_idle(timeout)
        raise RuntimeError("JupyterLab did not run the cells")

    def wait_idle(self, timeout=120):
        """Wait until no cell is waiting and the kernel is idle, at most `timeout` seconds."""
        self.page.wait_for_function(NONE_RUNNING, timeout=timeout * 1000)
        self.page.wait_for_function(READY, timeout=timeout * 1000)
        self.page.wait_for_timeout(300)  # the last outputs are being drawn

    def cells(self):
        """The notebook as JupyterLab holds it now: a list of cells as in an .ipynb file."""
        return self.page.evaluate(f"() => {{ {PANEL} return panel.content.model.sharedModel.toJSON().cells }}")

    def cell(self, number):
        """Playwright's locator of a cell, counted from 0, text cells included."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def errors(self):
        """What went wrong: errors in outputs, cells that did not run, widgets and pictures that don't show."""
        wrong = []
        for number, cell in enumerate(self.cells()):
            if cell["cell_type"] != "code":
                continue
            for output in cell["outputs"]:
                if output["output_type"] == "error":
                    wrong.append(f"cell {number}: {output['ename']}: {output['evalue']}")
            if cell["execution_count"] is None and "".join(cell["source"]).strip():
                wrong.append(f"cell {number} did not run")
        for words in ("Error displaying widget", "Loading widget...", "Error creating widget"):
            for found in self.page.locator(".jp-OutputArea-output", has_text=words).all():
                wrong.append(f"widget: {found.inner_text()[:200]}")
        wrong += [f"picture not shown: {p['source']}" for p in self.page.evaluate(PICTURES) if not p["shown"]]
        return wrong + [f"script: {error}" for error in self.script_errors]

    def pictures(self):
        """How many pictures the outputs show, those of widgets included."""
        return sum(p["shown"] and p["where"] == "output" for p in self.page.evaluate(PICTURES))

    def widgets(self):
        """How many widgets are drawn (their outermost boxes, controls or bars)."""
        return self.page.locator(
            ".jp-OutputArea-output .jupyter-widgets:not(.jupyter-widgets .jupyter-widgets)"
        ).count()

    def screenshot(self, file):
        self.page.screenshot(path=str(file))
        return file

    def close(self):
        """Shut the kernel down and leave."""
        try:
            self.page.evaluate(f"async () => {{ {PANEL} await session?.shutdown() }}")
        finally:
            self.page.context.close()

    @staticmethod
    def _timeout():
        from playwright.sync_api import TimeoutError

        return TimeoutError

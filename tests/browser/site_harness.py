"""A folder of pages on a local server, and a look at one page: what it fetches, what goes wrong, who is kept out."""

import functools
import threading
import time
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from axe_playwright_python.sync_playwright import Axe

SHOWN = "() => document.readyState === 'complete' && document.querySelectorAll('.math:not(:has(.katex))').length === 0"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextmanager
def served(folder):
    """The address of a server for `folder`, ending with a slash."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


class Visit:
    """One page in a browser, with nothing cached. page: Playwright's. seconds: until its formulas were drawn."""

    def __init__(self, browser, base, path, **context):
        self.base, self.context = base, browser.new_context(**context)
        self.page = self.context.new_page()
        self.wrong, self.outside, self._came = [], [], []
        self.page.on("console", lambda said: said.type in ("error", "warning") and self.wrong.append(said.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self._asked)
        self.page.on("requestfinished", lambda request: self._came.append(request))
        start = time.perf_counter()
        self.page.goto(base + path, wait_until="load")
        if context.get("java_script_enabled", True):
            self.page.wait_for_function(SHOWN)
        self.seconds = time.perf_counter() - start
        if self.page.locator(".katex-error").count():
            self.wrong.append("a formula that KaTeX can't read")

    def _asked(self, request):
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.outside.append(request.url)

    def bytes(self):
        """How much came from the server, uncompressed, without headers."""
        self.page.wait_for_load_state("networkidle")
        return sum(one.sizes()["responseBodySize"] for one in self._came if one.url.startswith(self.base))

    def kept_out(self):
        """The serious and critical faults that axe-core finds, each as "rule: element"."""
        found = Axe().run(self.page, options={"resultTypes": ["violations"]}).response["violations"]
        grave = [one for one in found if one["impact"] in ("serious", "critical")]
        return [f"{one['id']}: {node['html'][:120]}" for one in grave for node in one["nodes"]]

    def wider_than_the_screen(self):
        return self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")

    def close(self):
        self.context.close()

"""What a saved notebook keeps of a widget, so that readers see something without its kernel.

A widget makes three outputs: the live view; a still picture; the recording, which plays by itself. Of these a reader
sees one. The live view hides the others (see `CSS` in static/common.js). On the second day there is no live view, and
"model not found" stands in its place; a notebook that is trusted shows the player, whose style sheet hides the two
outputs before. In a notebook that isn't trusted scripts don't run, and the picture is left.
"""

import atexit
import base64
import contextlib
import operator
import threading
import time
import uuid
import weakref

from IPython.display import display, update_display

from gan_edu import plotting
from gan_edu.widgets import player
from gan_edu.widgets.trainer import PATIENCE, StillRunning

VIEW = "application/vnd.jupyter.widget-view+json"
_all: weakref.WeakSet = weakref.WeakSet()


class Stored:
    """The outputs of one widget, which has `newest()` (what it shows), `still()`, `page()`, `plays_alone()`, `words()`
    (what stands for the page as text) and `between_steps()`."""

    def __init__(self, widget):
        self.widget = widget
        self._names: list[str] = []  # of the outputs that are kept up to date
        self._shown: list | None = None  # what is in the outputs; None: there are none
        self._due: float | None = None
        self._thread: threading.Thread | None = None
        _all.add(self)

    def show(self, view, model_id: str) -> None:
        """Make the outputs. model_id: of the widget to show, which is `view` or a box around it.

        Outputs of earlier cells stay as they were.
        """
        self._names = [uuid.uuid4().hex for _ in range(2)]
        # The view is asked, for it is an anywidget: it knows what Colab must be told with each output. Colab's
        # ipywidgets 7 makes no such bundle for the box around it.
        data, metadata = view._repr_mimebundle_()
        display({VIEW: {**data[VIEW], "model_id": model_id}}, metadata=metadata, raw=True)
        for data, name in zip(self._outputs(), self._names, strict=True):
            display(data, raw=True, display_id=name)

    def _outputs(self) -> tuple[dict, dict]:
        widget = self.widget
        self._shown = widget.newest()
        still = {"text/plain": repr(widget), "image/png": base64.b64encode(plotting.png(widget.still())).decode()}
        if not widget.plays_alone():
            return still, {"text/html": player.NOTHING}
        return still, {"text/html": widget.page(), "text/plain": widget.words()}

    def soon(self, seconds: float = 1.0) -> None:
        """Bring the outputs up to date when nothing has happened for a while. Only for a page that is open: a notebook
        that is run without a reader keeps what its cells showed."""
        if self._shown is not None:
            waiting, self._due = self._due, time.monotonic() + seconds
            if waiting is None:
                self._thread = threading.Thread(
                    target=self._update, args=(self._thread,), daemon=True, name="gan_edu outputs"
                )
                self._thread.start()

    def cancel(self) -> None:
        self._due = None

    def _update(self, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # newer outputs come later, and who waits for the last thread waits for all
        while (due := self._due) is not None and (rest := due - time.monotonic()) > 0:
            time.sleep(min(rest, 0.1))  # it may be cancelled meanwhile
        if due is None:
            return
        self._due = None
        with contextlib.suppress(StillRunning), self.widget.between_steps():
            newest = self.widget.newest()
            if len(newest) != len(self._shown) or not all(map(operator.is_, newest, self._shown)):
                for data, name in zip(self._outputs(), self._names, strict=True):
                    update_display(data, raw=True, display_id=name)


@atexit.register
def _end() -> None:
    """A process that ends waits for outputs that are being made; torch would abort it otherwise."""
    for stored in list(_all):
        stored.cancel()
    for stored in list(_all):
        if stored._thread is not None:
            stored._thread.join(PATIENCE)

"""What the tests of the widgets share."""

import time


def tell(widget, kind, **content):
    """A message of the view, as the browser would send it."""
    widget.view._handle_custom_msg({"kind": kind, **content}, [])


def until(true, seconds=60):
    """Wait until true() is."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)

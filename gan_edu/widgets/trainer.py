"""Work in the background of a notebook that can be paused, changed and stopped between any two steps."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import torch


@contextlib.contextmanager
def one_thread():
    """Run torch on one CPU thread: nets this small are slower on two, and results stay the same in every thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Pace:
    """Says when the next frame is due: at most `rate` a second, and at most `share` of the time spent on frames."""

    def __init__(self, rate: float = 30.0, share: float = 0.25):
        self.rate, self.share = rate, share
        self._due = 0.0

    def due(self) -> bool:
        return time.perf_counter() >= self._due

    @contextlib.contextmanager
    def frame(self):
        """Around the making of a frame: measures what it costs."""
        start = time.perf_counter()
        yield
        cost = time.perf_counter() - start
        late = start - self._due
        on_time = self._due if late < 0.5 / self.rate else start  # a little late doesn't delay the next ones
        self._due = max(on_time + 1 / self.rate, start + cost / self.share)


class Trainer:
    """Runs a generator in a thread, step by step.

    work: makes an iterator; each `next` is one step, and gives the seconds to rest after it (0: none). Everything else
    that touches the same objects does so inside `between_steps()`, from any thread: it waits for the end of the step
    under way, a few milliseconds. ended: called in the thread when it stops, with the exception that ended it or None.
    """

    def __init__(self, work: Callable[[], Iterator[float]], ended: Callable[[BaseException | None], None]):
        self._work, self._ended = work, ended
        self._lock, self._waiting = threading.RLock(), 0
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.error: BaseException | None = None

    @property
    def playing(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and not self._stop.is_set()

    @contextlib.contextmanager
    def between_steps(self):
        self._waiting += 1  # the loop lets us in: without this it would take the lock again at once
        try:
            with self._lock:
                yield
        finally:
            self._waiting -= 1

    def play(self) -> None:
        """Begin, or do nothing when it runs already."""
        with self.between_steps():
            if self.playing:
                return
            self._stop, self.error = threading.Event(), None
            self._thread = threading.Thread(target=self._loop, args=(self._stop,), daemon=True, name="gan_edu trainer")
            self._thread.start()

    def pause(self) -> None:
        """Stop after the step under way; doesn't wait for it."""
        self._stop.set()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until it has stopped; raises what stopped it, or TimeoutError."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
            if thread.is_alive():
                raise TimeoutError(f"Still training after {timeout:g} seconds.")
        if self.error is not None:
            error, self.error = self.error, None
            raise error

    def _loop(self, stop: threading.Event) -> None:
        error = None
        try:
            with one_thread():
                work = self._work()
                while not stop.is_set():
                    with self._lock:
                        if stop.is_set():
                            break
                        rest = next(work, None)
                    if rest is None:
                        break
                    if rest:
                        stop.wait(rest)
                    patience = time.perf_counter() + 1
                    while self._waiting and not stop.is_set() and time.perf_counter() < patience:
                        time.sleep(0.0005)
        except Exception as raised:
            error = raised
        with self._lock:
            stop.set()
            if self._stop is stop:  # otherwise another thread plays already
                self.error = error
                self._ended(error)

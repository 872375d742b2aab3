"""Work in the background of a notebook that can be paused, changed and stopped between any two steps."""

import atexit
import contextlib
import ctypes
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator

from gan_edu.device import one_thread

PATIENCE = 3.0  # seconds that others wait for the step under way
_trainers: weakref.WeakSet = weakref.WeakSet()


class StillRunning(TimeoutError):
    """Somebody waited for a step that takes long, or never ends."""


class GivenUp(BaseException):
    """Raised in a thread whose step took too long, to end it: nobody waits for it any more."""


def trim_memory() -> None:
    """Give back to the system what was freed. Recordings free thousands of small blocks, which glibc would keep."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


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


class _Turn(type(threading.RLock())):
    """The lock that a step, or who else touches the same objects, holds; `holder` had it last, `waiting` want it.

    It is let go by the interpreter's own `__exit__`, before which no interrupt can come. A step that is given up keeps
    its own; others go on with a new one.
    """

    def __init__(self):
        self.waiting: set[threading.Thread] = set()
        self.holder: threading.Thread | None = None
        self.patience = PATIENCE

    def __enter__(self) -> None:
        self.take(self.patience)

    def take(self, patience: float) -> None:
        me = threading.current_thread()
        try:
            self.waiting.add(me)  # the loop lets us in: without this it would take the lock again at once
            if not self.acquire(timeout=patience):
                raise StillRunning(
                    f"A training step, or a cell, has been busy for more than {patience:g} seconds. Wait for it, "
                    "interrupt the kernel (■), or press Reset, which gives it up."
                )
            self.holder = me
            self.waiting.discard(me)
        except BaseException:  # an interrupt may come when the lock is taken already
            self.waiting.discard(me)
            if self._is_owned():
                self.release()
            raise


class Trainer:
    """Runs a generator in a thread, step by step.

    work: makes an iterator; each `next` is one step, and gives the seconds to rest after it (0: none). Everything else
    that touches the same objects does so inside `between_steps()`, from any thread, or by `do(…)`: both wait for the
    end of the step under way, a few milliseconds, and raise StillRunning when it doesn't end in `patience` seconds.
    ended: called in the thread when it stops, with the exception that ended it or None.
    """

    def __init__(self, work: Callable[[], Iterator[float]], ended: Callable[[BaseException | None], None]):
        self._work, self._ended, self.patience = work, ended, PATIENCE
        self._threads: weakref.WeakSet = weakref.WeakSet()
        self._begin()
        _trainers.add(self)

    def _begin(self) -> None:
        self._stop = threading.Event()
        self._turn = _Turn()
        self._thread: threading.Thread | None = None
        self.error: BaseException | None = None

    def _start(self, target, *arguments) -> threading.Thread:
        thread = threading.Thread(target=target, args=arguments, daemon=True, name="gan_edu trainer")
        self._threads.add(thread)
        thread.start()
        return thread

    @property
    def playing(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and not self._stop.is_set()

    def between_steps(self, patience: float | None = None):
        """Keep the steps from going on meanwhile. Raises StillRunning after `patience` seconds."""
        turn = self._turn
        if turn._is_owned():
            return contextlib.nullcontext()
        turn.patience = self.patience if patience is None else patience
        return turn

    def do(self, action: Callable[[], None], late: Callable[[BaseException | str], None]) -> None:
        """Run `action()` between two steps, in another thread: whatever it does, the caller gets away in time.

        Raises what it raises, or StillRunning when it takes longer than that. Then it goes on, and `late` gets its
        error, or "" at its end.
        """
        error, over, too_late = None, threading.Event(), threading.Event()

        def run():
            nonlocal error
            try:
                with self.between_steps(), one_thread():
                    action()
            except GivenUp:
                return
            except BaseException as raised:
                error = raised
            finally:
                over.set()
            if too_late.is_set():
                late(error or "")

        thread = self._start(run)
        try:
            # twice: its own waiting for a step under way raises first
            if not over.wait(2 * self.patience):
                too_late.set()
                raise StillRunning("This takes long, and goes on in the background. Reset gives it up.")
        except KeyboardInterrupt:
            _raise_in(thread, KeyboardInterrupt)
            raise
        if error is not None:
            raise error

    def free(self) -> None:
        """Wait for the step under way. One that doesn't end in time is given up: its thread is asked to end.

        Raises StillRunning when it is a cell that is busy: that can be interrupted.
        """
        turn = self._turn
        if turn._is_owned():
            return
        if turn.acquire(timeout=self.patience):
            turn.release()
        elif (holder := turn.holder) in self._threads or not (holder and holder.is_alive()):
            self._stop.set()
            if holder and holder.is_alive():
                _raise_in(holder, GivenUp)
            self._begin()
        else:
            raise StillRunning("A cell is still training with this widget. Wait for it, or interrupt the kernel (■).")

    def play(self) -> None:
        """Begin, or do nothing when it runs already."""
        with self.between_steps():
            if self.playing:
                return
            self._stop, self.error = threading.Event(), None
            self._thread = self._start(self._loop, self._stop)

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
        error, turn = None, self._turn
        try:
            with one_thread():
                work = self._work()
                while not stop.is_set():
                    turn.take(-1)
                    try:
                        if stop.is_set():
                            break
                        rest = next(work, None)
                    finally:
                        turn.release()
                    if rest is None:
                        break
                    if rest:
                        stop.wait(rest)
                    patience = time.perf_counter() + 1
                    while turn.waiting and not stop.is_set() and time.perf_counter() < patience:
                        time.sleep(0.0005)
        except GivenUp:
            return
        except BaseException as raised:  # of a learner's net, SystemExit too
            error = raised
        with contextlib.suppress(GivenUp):
            turn.take(-1)
            try:
                stop.set()
                if self._stop is stop:  # otherwise another thread plays already
                    self.error = error
                    self._ended(error)
            finally:
                turn.release()


def _raise_in(thread: threading.Thread, error: type[BaseException]) -> None:
    """Ask the interpreter to raise `error` in another thread, as soon as that runs Python code."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(error))


@atexit.register
def _stop_all() -> None:
    """A process that ends while something trains waits for the step under way; torch would abort it otherwise."""
    threads = [thread for trainer in list(_trainers) for thread in list(trainer._threads) if thread.is_alive()]
    for trainer in list(_trainers):
        trainer.pause()
    end = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            _raise_in(thread, GivenUp)
            thread.join(0.2)

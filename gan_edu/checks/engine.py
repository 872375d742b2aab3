"""The question engine. A question is written as its answer, and what goes with it:

    @question("The sum", hints=("What does + do?",), insight="…", probes=lambda: [(2, 3), (-1, 1)])
    def add(a, b):
        return a + b                      # the model answer: .solution() shows this source

    @add.misconception("a product; adding is +.")
    def _product_instead_of_sum(a, b):
        return a * b                      # what this misconception would give

    @add.test
    def _(learner):                       # for what isn't a value: gradients, statistics, side effects
        if learner(1, 2) != learner(2, 1):
            raise NotYet("the same whichever number comes first", looks_like="an order that matters.")

`check` calls the learner's object with each probe and compares with what the answer gives. A value that is not right
is looked up among the misconceptions: the one that gives the learner's values on *all* probes is named. Write its
explanation so that it goes on from "This looks like:". Then come the tests, in order. Every run starts from the same
random seed and works on a copy of the learner's module. Afterwards the learner's module is as it was, and so is what
an answer may have changed for everybody: random numbers, gradient and anomaly mode, default dtype and device, threads,
NumPy's error handling, functions of torch, NumPy, math and random.

"Not attempted" and "not yet" are exceptions, so that "Run all" and graders see them; Jupyter shows only their text.
"""

import builtins
import copy
import ctypes
import dis
import inspect
import math
import random
import re
import sys
import sysconfig
import threading
import time
import traceback
from ast import parse
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from textwrap import dedent, fill

import numpy as np

from gan_edu.checks import inputs, record
from gan_edu.checks.values import close, describe, difference, is_tensor, legible, negated, where_apart
from gan_edu.settings import Number

_MISSING = object()
_PACKAGE = Path(__file__).resolve().parents[1]
# Code below these folders is not the learner's: the library, Python's own modules, installed packages.
_NOT_LEARNERS = [str(_PACKAGE), *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))]


class NotDone(Exception):
    """What a check raises unless the answer is right. `str` of it is what the learner reads."""

    question = None

    def lines(self):
        raise NotImplementedError

    def __str__(self):
        return "\n".join(self.lines())

    def _render_traceback_(self):  # IPython asks for this instead of formatting a traceback
        return [_wrapped(line) for line in self.lines()]


class NotAttempted(NotDone):
    """The stub is still there."""

    def lines(self):
        name = f"q.{self.question.id}" if self.question else "q.…"
        return [
            f"○ Not attempted yet: {self.question.title if self.question else ''}",
            f"  {self.args[0]}",
            f"  A first push: {name}.hint()",
        ]


class NotYet(NotDone):
    """The answer is not right yet. Everything but `expected` may be left out.

    expected, got: a sentence, or a value that will be described.
    on: the input it happened on.
    looks_like: the name of one of the question's misconceptions, or a sentence.
    at: the learner's line.
    """

    def __init__(self, expected, got=_MISSING, *, on=None, looks_like=None, at=None):
        super().__init__(expected)
        self.expected, self.got, self.on, self.looks_like, self.at = expected, got, on, looks_like, at

    @property
    def misconception(self):
        """The name of the misconception that was recognised, or None."""
        known = self.question.misconceptions if self.question else {}
        return self.looks_like if self.looks_like in known else None

    def lines(self):
        """What it looks like comes first, then the evidence: six rows of a notebook, where the explanation is short."""
        head = [f"✗ Not yet: {self.question.title if self.question else ''}"]
        if self.looks_like:
            name = self.misconception
            known = self.question.misconceptions[name].explanation if name else self.looks_like
            head.append(f"  This looks like: {known}")
        evidence = {"expected:  ": self.expected, "got:       ": self.got, "in your ": self.at, "on input:  ": self.on}
        evidence = {label: value for label, value in evidence.items() if value is not _MISSING and value is not None}
        tail = [f"  Next: {self.question.next_help()}"] if self.question else []
        for long, left_out in ((2, ""), (2, "on input:  "), (1, "")):
            if left_out and not self.at:
                continue  # without a line of theirs, the input is what a learner can go by
            kept = [_row(f"  {label}", value, long) for label, value in evidence.items() if label != left_out]
            found = head + kept + tail
            if sum(_wrapped(line).count("\n") + 1 for line in found) <= 6:
                return found
        told = [value if isinstance(value, str) else describe(value) for value in (self.expected, self.got)]
        if "on input:  " in evidence and len(both := f"  expected {told[0]}; got {told[1]}") <= 100:
            return [*head, legible(both), _row("  on input:  ", self.on, 1), *tail]
        evidence.pop("on input:  ", None)
        return head + [_row(f"  {label}", value, 1) for label, value in evidence.items()] + tail


class _TimeUp(BaseException):
    """Not an Exception, so that `except Exception` in a loop that never ends doesn't swallow it."""


class Misconception:
    def __init__(self, explanation):
        self.explanation, self.functions = explanation, []


class _Help:
    """What questions and discussions share: a name, staged hints."""

    def __init__(self, subject, title, hints):
        self.id, self.title, self.hints = subject.__name__, title, tuple(hints)
        self.chapter = subject.__module__.rpartition(".")[2].removeprefix("chapter_")
        self._hints_shown = 0

    def hint(self):
        """Print the next hint; the last one repeats."""
        if not self.hints:
            print("No hints for this one.")
            return
        self._hints_shown = min(self._hints_shown + 1, len(self.hints))
        print(_wrapped(f"Hint {self._hints_shown} of {len(self.hints)}: {self.hints[self._hints_shown - 1]}"))

    def _done(self, message):
        trouble = record.note(self.chapter, self.id)
        print(message)
        if trouble:
            print(_wrapped(f"  {trouble}"))

    def next_help(self):
        return f"q.{self.id}.{'hint' if self._hints_shown < len(self.hints) else 'solution'}()"

    def __repr__(self):
        return f"Question {self.id} ({self.title}): .check(yours), .hint(), .solution()"


class Question(_Help):
    """One question; made by the decorator `question`, which says what the arguments mean."""

    def __init__(self, answer, title, *, hints, insight, probes=None, run=None, tol=1e-5, seconds=20.0, value=False):
        super().__init__(answer, title, hints)
        self.answer, self.insight, self.tol, self.seconds, self.value = answer, insight, tol, seconds, value
        self.probes = (lambda: [()]) if value else probes
        self.run = run
        self.misconceptions: dict[str, Misconception] = {}
        self.tests = []
        self._model_changes = None  # which arguments the model answer itself changes, once that was asked

    def misconception(self, explanation=None):
        """Decorator: the function gives what somebody with this misconception would give.

        Its name, without leading underscores, is the misconception's. A second function of the same name is a second
        way to make the same mistake, and needs no explanation.
        """

        def add(function):
            name = function.__name__.lstrip("_")
            if explanation is not None:
                self.misconceptions[name] = Misconception(explanation)
            elif name not in self.misconceptions:
                raise ValueError(f"The misconception {name} of {self.id} needs an explanation.")
            self.misconceptions[name].functions.append(function)
            return function

        return add

    def test(self, function):
        """Decorator: the function gets the learner's object and raises NotYet if something is not right yet."""
        self.tests.append(function)
        return function

    def check(self, yours=_MISSING, *, seconds=None):
        """Check your object: prints that it is right, or raises NotAttempted or NotYet.

        seconds: how long it may take. A loop that never ends is stopped after that; a single long call into compiled
        code (one huge matrix product, `time.sleep`) can only be stopped when it returns.
        """
        limit = self.seconds if seconds is None else Number(0, 1e6, above=True).check(seconds, "seconds")
        try:
            with _undisturbed():
                try:
                    with _time_limit(limit):
                        self._judge(yours)
                except _TimeUp as late:
                    at = _learners_line(late)
                    patience = f"q.{self.id}.check(…, seconds={6 * limit:g})"
                    raise NotYet(
                        f"an answer within {limit:g} seconds",
                        "none until then, so it was stopped" if at else "the check itself took longer",
                        at=at,
                        looks_like=f"a loop that never ends. (If your computer is just slow: {patience})"
                        if at
                        else f"a slow or busy computer. Give it more time: {patience}",
                    ) from None
        except NotDone as outcome:
            outcome.question = self
            raise outcome.with_traceback(None) from outcome.__cause__
        self._done(f"✓ Right: {self.title}\n{_wrapped('  ' + self.insight)}")

    def solution(self):
        """Print one way to write it."""
        print(self.source())

    def source(self):
        """The model answer's source, without the decorator above it."""
        lines = dedent(inspect.getsource(self.answer)).splitlines()
        return "\n".join(lines[parse("\n".join(lines)).body[0].lineno - 1 :])

    def _judge(self, yours):
        self._look_at(yours)
        subject = (lambda: yours) if self.value else yours
        watched = inputs.Watch(subject) if inputs.watchable(subject) else subject
        try:
            if self.probes:
                self._compare(watched)
            try:
                self._test(watched)
            except NotYet as outcome:
                if not outcome.looks_like:  # an input that was changed between two calls may have led to it
                    self._look_at_inputs(watched)
                raise
        except NotDone:
            raise
        except (Exception, SystemExit) as error:
            raise self._explained(error, subject) from error
        self._look_at_inputs(watched)

    def _test(self, subject):
        for test in self.tests:
            _seed()
            test(_copy(subject))

    def _look_at_inputs(self, watched):
        """NotYet if a call changed arguments that the model answer leaves alone."""
        if not isinstance(watched, inputs.Watch) or not watched.changes:
            return
        if self._model_changes is None:
            model = inputs.Watch(self.answer)
            if self.probes:
                self._compare(model)
            self._test(model)
            self._model_changes = self._named(model.changes)
        if found := sorted(self._named(watched.changes) - self._model_changes):
            name, kind = found[0]
            expected, got, looks_like = inputs.KINDS[kind]
            raise NotYet(expected.format(name=name), got, looks_like=looks_like)

    def _named(self, changes):
        names = dict(enumerate(inspect.signature(self.answer).parameters))
        return {
            (names.get(place, place if isinstance(place, str) else f"input {place + 1}"), how) for place, how in changes
        }

    def _look_at(self, yours):
        """The object itself: is it there, and of a kind that could be an answer?"""
        if yours is _MISSING:
            raise NotAttempted(f"Pass what you made: q.{self.id}.check({self.id})")
        if yours is None or yours is ... or _is_empty(yours):
            raise NotAttempted("There is nothing here yet. Write your answer, run that cell, then this one again.")
        if self.value:
            return
        if not callable(yours):
            result_of_call = "" if isinstance(yours, str) else " without calling it"
            raise NotYet(
                f"the {'class' if isinstance(self.answer, type) else 'function'} itself",
                describe(yours),
                looks_like=f"the wrong object in the brackets: pass yours{result_of_call}, "
                f"as in q.{self.id}.check({self.id})",
            )
        if isinstance(yours, type) and not isinstance(self.answer, type):
            raise NotYet("a function, or an object that can be called", yours, looks_like=_CLASS)
        if isinstance(self.answer, type) and hasattr(yours, "state_dict") and not isinstance(yours, type):
            raise NotYet("the class itself", f"an object of it, {describe(yours)}", looks_like=_OBJECT)

    def _compare(self, subject):
        expected = [self._value(self.answer, number) for number in range(len(self._fresh_probes()))]
        got, wrong = [], None
        for number, right in enumerate(expected):
            try:
                got.append(self._value(subject, number))
            except NotDone:
                raise
            except (Exception, SystemExit) as error:
                if wrong is not None:
                    break  # the first wrong value tells more
                raise self._explained(error, subject, on=self._on(number)) from error
            if wrong is None and not close(right, got[-1], self.tol):
                wrong = number
        if wrong is not None:
            name = self._recognised(got) if len(got) == len(expected) else None
            right, came = expected[wrong], got[wrong]
            if (
                isinstance(right, dict) and isinstance(came, dict) and right.keys() == came.keys()
            ):  # the first that differs
                key = next(key for key in right if not close(right[key], came[key], self.tol))
                right, came = {key: right[key]}, {key: came[key]}
            if describe(right) == describe(came) and (apart := where_apart(right, came, self.tol)):
                right, came = apart  # which number, where both read the same
            raise NotYet(
                right,
                came,
                on=self._on(wrong),
                looks_like=name or _symptom(expected[wrong], got[wrong], self.tol),
            )

    def _recognised(self, got):
        """The misconception that gives exactly these values on all probes."""
        for name, misconception in self.misconceptions.items():
            for function in misconception.functions:
                try:
                    if all(close(self._value(function, i), value, self.tol) for i, value in enumerate(got)):
                        return name
                except Exception:  # it may well fail on some input: then it isn't this one
                    continue
        return None

    def _fresh_probes(self):
        """New ones each time, always the same: nobody's in-place change reaches the next run."""
        _seed()
        return [probe if isinstance(probe, tuple) else (probe,) for probe in self.probes()]

    def _value(self, function, number):
        probe = self._fresh_probes()[number]
        _seed()
        value = self.run(_copy(function), *probe) if self.run else _copy(function)(*probe)
        if value is ...:
            raise NotAttempted("It still gives `...`. Put your code in its place.")
        return value

    def _on(self, number):
        probe = self._fresh_probes()[number]
        if self.run:
            names = list(inspect.signature(self.run).parameters)[1:]
        else:
            names = list(inspect.signature(self.answer).parameters)
        names += [f"input {i + 1}" for i in range(len(names), len(probe))]
        return ", ".join(f"{name} = {describe(value)}" for name, value in zip(names, probe, strict=False))

    def _explained(self, error, subject, on=None):
        """The outcome for an exception that the learner's object (or a test that used what it gave) raised."""
        at, on = _learners_line(error), on or getattr(error, "on_input", None)
        if isinstance(error, NotImplementedError) and at and _learners(traceback.extract_tb(error.__traceback__)[-1]):
            return NotAttempted(f"The stub is still there, in your {at}. Put your code in its place.")
        got = describe(error)
        if at is None and isinstance(error, TypeError) and not _same_arguments(subject, self.answer):
            return NotYet(
                f"{self.id}{_signature(self.answer)}", f"{self.id}{_signature(subject)}", on=on, looks_like=_ARGUMENTS
            )
        return NotYet("a result without an error", got, on=on, at=at, looks_like=None if at else _UNUSABLE)


_CLASS = "a class where an object of it belongs: make one first, with brackets."
_OBJECT = "an object where its class belongs: pass the class, without brackets."
_ARGUMENTS = "other arguments than the question asks for. Their number and order count, their names don't."
_UNUSABLE = "something in what your answer returns, or is made of, doesn't fit. Call it yourself, and look at it."


def question(title, *, hints, insight, probes=None, run=None, tol=1e-5, seconds=20.0, value=False):
    """Decorator: make a `Question` of its model answer, a function or a class. The name becomes the question's.

    hints: from a first push to nearly the answer.
    insight: one sentence that somebody who got it right did not know before.
    probes: function without arguments, gives a list of inputs (tuples of arguments); put one that reads well first.
    run: `run(candidate, *probe)` gives the value to compare; by default `candidate(*probe)`. For a training step: make
        small nets, call candidate, return what it changed.
    tol: how close values must be.
    seconds: time limit; a process's first optimizer needs some of it to be imported.
    value: the learner passes a value, not a function; the answer is a function without arguments that gives it.
    """
    options = dict(hints=hints, insight=insight, probes=probes, run=run, tol=tol, seconds=seconds, value=value)
    return lambda answer: Question(answer, title, **options)


class Discussion(_Help):
    """An open question: no machine judges it; it shows a model answer to compare with."""

    def __init__(self, subject, title, hints):
        super().__init__(subject, title, hints)
        self.answer = inspect.cleandoc(subject.__doc__)

    def check(self, yours=_MISSING):
        """Show the model answer, once you have written your own (a text; or nothing, if you wrote it elsewhere)."""
        if yours is None or yours is ... or (isinstance(yours, str) and not yours.strip()):
            outcome = NotAttempted("Write your own answer first, in a few words; then compare.")
            outcome.question = self
            raise outcome
        self.discuss()

    def discuss(self):
        """Print the model answer."""
        # One row for each paragraph and each entry of a list, so that it can be wrapped like all other texts.
        rows = re.sub(r"(?<!\n)\n(?!\n|- |\d+\. ) *", " ", self.answer).splitlines()
        told = "\n".join(_wrapped(f"  {row}" if row else "") for row in rows)
        self._done(f"For discussion: {self.title}\n{told}")

    solution = discuss


def discussion(title, *, hints=()):
    """Decorator: make a `Discussion` of a function whose docstring is the model answer."""
    return lambda subject: Discussion(subject, title, hints)


def value_of(learner, *args, shape=None):
    """What learner(*args) gives, for tests: a tensor, or NotYet says what came instead.

    shape: the shape that it must have.
    """
    on = ", ".join(describe(arg) for arg in args)
    try:
        value = learner(*args)
    except Exception as error:
        error.on_input = on
        raise
    if not is_tensor(value):
        expected = "a tensor" if shape is None else f"a tensor of shape {tuple(shape)}"
        raise NotYet(expected, value, on=on, looks_like=_symptom(np.zeros(1), value, 0.0) or "not a tensor.")
    if shape is not None and tuple(value.shape) != tuple(shape):
        raise NotYet(f"shape {tuple(shape)}", f"shape {tuple(value.shape)}", on=on)
    return value


# --- what came, in words


def _wrapped(line, width=100):
    """A long line in several: where JupyterLab has to break a line of output, it breaks words."""
    if len(line) <= width:
        return line
    start = len(line) - len(line.lstrip())
    return fill(line, width, subsequent_indent=" " * max(start, 2), break_long_words=False, break_on_hyphens=False)


def _row(label, value, rows, width=100):
    """A value on one row, a sentence on so many."""
    told = " ".join((value if isinstance(value, str) else describe(value)).split())
    return label + legible(told, (rows if isinstance(value, str) else 1) * (width - len(label)))


def _symptom(expected, got, tol):
    """What can be said of a wrong value without knowing the question, or None."""
    kind = difference(expected, got, tol)
    if kind == "missing":
        return "nothing came back (None). Is there a `return`?"
    if kind == "kind" and inspect.isroutine(got):
        return "a method instead of what it gives: are the brackets missing, as in x.mean()?"
    if kind == "kind" and is_tensor(expected):
        return f"{got.dtype} numbers on {got.device}: not ordinary ones." if is_tensor(got) else "not a tensor."
    if kind == "nan":
        return "not a number (NaN): the logarithm of 0, 0 divided by 0, or ∞ − ∞?"
    if kind == "value" and negated(expected) is not None and close(negated(expected), got, tol):
        return "the right size with the wrong sign."
    return None


def _learners(frame):
    return not frame.filename.startswith(("<frozen", *_NOT_LEARNERS))


def _learners_line(error):
    """The innermost line of the learner's own code that an exception came through, with its number, or None."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if _learners(frame):
            return f"line {frame.lineno}: `{legible(frame.line, 100)}`" if frame.line else f"line {frame.lineno}"
    return None


def _signature(function):
    try:
        return legible(str(inspect.signature(function)))
    except (TypeError, ValueError):
        return "(…)"


def _same_arguments(function, answer):
    try:
        count = len(inspect.signature(answer).parameters)
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # compiled functions have no signature
        pass
    return True


def _is_empty(function):
    """Whether there is nothing in it but `pass`, `...` or a docstring."""
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    body = [step for step in dis.get_instructions(code) if step.opname not in ("RESUME", "NOP")]
    opnames = [step.opname for step in body]
    return opnames in (["LOAD_CONST", "RETURN_VALUE"], ["RETURN_CONST"]) and body[0].argval is None


# --- the surroundings of a check


def _copy(subject):
    """A copy of a module, so that a check leaves no gradients or statistics in the learner's; others as they are."""
    if isinstance(subject, type) or not hasattr(subject, "state_dict"):
        return subject
    # what a module has computed and keeps can't be copied by itself
    layers = subject.modules() if hasattr(subject, "modules") else ()
    kept = [value for layer in layers for value in vars(layer).values() if hasattr(value, "is_leaf")]
    try:
        return copy.deepcopy(subject, {id(value): value.detach().clone() for value in kept if not value.is_leaf})
    except Exception:
        return subject


def _seed():
    random.seed(0)
    np.random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.default_generator.manual_seed(0)
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(0)


@contextmanager
def _undisturbed():
    """Inside, gradients are on, and nobody answers `input`; afterwards, what the docstring above names is as it was."""
    torch = sys.modules.get("torch")
    states = [(random.setstate, random.getstate()), (np.random.set_state, np.random.get_state())]
    modules = [builtins, random, math, np, np.random]
    settings = []
    if torch:
        states.append((torch.set_rng_state, torch.get_rng_state()))
        if torch.cuda.is_initialized():
            states.append((torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
        modules += [torch, torch.nn, torch.nn.functional]
        settings = [
            (torch.get_default_dtype, torch.set_default_dtype),
            # the CPU is what it is when nobody has set one; setting it would leave a mode behind
            (torch.get_default_device, lambda d: torch.set_default_device(None if d.type == "cpu" else d)),
            (torch.get_num_threads, torch.set_num_threads),
            (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
        ]
    settings = [(get, put, get()) for get, put in settings]
    functions = [(module, name, value) for module in modules for name, value in vars(module).items() if callable(value)]
    builtins.input = _nobody_types
    try:
        with ExitStack() as inside:
            inside.enter_context(redirect_stdout(_Sparing(sys.stdout)))
            inside.enter_context(redirect_stderr(_Sparing(sys.stderr)))
            inside.enter_context(np.errstate())
            if torch:
                inside.enter_context(torch.inference_mode(False))
                inside.enter_context(torch.enable_grad())
            yield
    finally:
        for module, name, value in functions:
            if getattr(module, name, None) is not value:
                setattr(module, name, value)
        for get, put, value in settings:
            if get() != value:
                put(value)
        for put, state in states:
            put(state)


def _nobody_types(*_):
    raise RuntimeError("nobody types during a check: use what your function is given instead of input()")


class _Sparing:
    """A stream that lets the first 5,000 letters pass: a notebook with a hundred thousand lines can't be opened."""

    def __init__(self, stream):
        self._stream, self._left = stream, 5000

    def write(self, text):
        if self._left > 0:
            end = "\n… (your answer prints more than a check shows)\n" if len(text) > self._left else ""
            self._stream.write(text[: self._left] + end)
        self._left -= len(text)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def __getattr__(self, name):
        return getattr(self._stream, name)


def _is_judging(ident):
    """Whether the thread with this number is inside `Question._judge`."""
    frame = sys._current_frames().get(ident)
    while frame is not None:
        if frame.f_code is Question._judge.__code__:
            return True
        frame = frame.f_back
    return False


@contextmanager
def _time_limit(seconds):
    """Raise _TimeUp in this thread after `seconds`.

    Signals would work in the main thread only, and not on Windows; so another thread asks the interpreter to raise the
    exception here. It is raised between two steps of Python code: a long call into compiled code ends first. It is
    raised again each second, in case the learner's code swallowed it.

    Time that a busy machine gives to others doesn't count, until six times as long has passed.
    """
    thread = ctypes.c_ulong(threading.get_ident())
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    over = threading.Event()

    def watch():
        enough, patience, wait = time.process_time() + seconds, time.monotonic() + 6 * seconds, seconds
        # Only while the answer is being judged: wherever else it arrived, it would stop somebody else's work.
        while not over.wait(wait) and _is_judging(thread.value):
            wait = min(enough - time.process_time(), patience - time.monotonic())
            if wait <= 0:
                raise_in(thread, ctypes.py_object(_TimeUp))
                wait = 1.0

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stopped = False
        while not stopped:  # one more may arrive just here
            try:
                over.set()
                watcher.join()
                # Not taken back by `raise_in(thread, None)`: after that Python 3.11 hangs under a debugger or %prun.
                for _ in range(100):
                    pass
                stopped = True
            except _TimeUp:
                pass

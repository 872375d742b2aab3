import functools
import math
import random
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from torch import nn

from gan_edu.checks.engine import NotAttempted, NotDone, NotYet, discussion, question, value_of
from gan_edu.checks.probes import expect_gradient_at, gradient_reaches
from gan_edu.checks.values import close, describe

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_EDU_STATE", str(tmp_path / "state"))


def make_scale():
    @question(
        "Twice as much",
        hints=("How often?", "Two times."),
        insight="Adding a number to itself does the same.",
        probes=lambda: [torch.tensor([1.0, -2.0]), (torch.zeros(2, 3),)],
    )
    def scale(x):
        # a comment that belongs to the answer
        return 2 * x

    @scale.misconception("squaring.")
    def _squares(x):
        return x**2

    @scale.misconception("halving.")
    def _halves(x):
        return x / 2

    @scale.misconception("fails everywhere.")
    def _fails(x):
        raise ValueError

    return scale


scale = make_scale()


def outcome_of(asked, yours, **options):
    with pytest.raises(NotDone) as outcome:
        asked.check(yours, **options)
    return outcome.value


# --- the four outcomes


def test_right_prints_the_insight_and_returns_nothing(capsys):
    assert scale.check(lambda x: x + x) is None
    assert capsys.readouterr().out == "✓ Right: Twice as much\n  Adding a number to itself does the same.\n"


@pytest.mark.parametrize("yours", [nn.Identity(), functools.partial(torch.mul, 3), lambda x: 3 * x])
def test_every_kind_of_callable_is_called(yours):
    assert "got:       tensor" in str(outcome_of(scale, yours))


class Double(nn.Module):
    def forward(self, x):
        return 2 * x


@pytest.mark.parametrize("yours", [Double(), functools.partial(torch.mul, 2), lambda x: x * 2.0])
def test_every_kind_of_callable_can_be_right(yours):
    scale.check(yours)


def test_not_yet_tells_what_where_and_which_misconception():
    outcome = outcome_of(scale, lambda x: x * x)
    assert type(outcome) is NotYet and outcome.misconception == "squares"
    assert str(outcome).splitlines() == [
        "✗ Not yet: Twice as much",
        "  This looks like: squaring.",
        "  expected:  tensor [2, -4]",
        "  got:       tensor [1, 4]",
        "  on input:  x = tensor [1, -2]",
        "  Next: q.scale.hint()",
    ]


def test_of_values_that_read_alike_the_first_difference_is_told():
    @question("Noise", hints=(), insight="", probes=lambda: [(torch.linspace(-1, 1, 64).reshape(8, 8),)])
    def same(x):
        return {"rows": [x, x.clone()]}

    def one_apart(x):
        other = x.clone()
        other[3, 2] += 0.25
        return {"rows": [x, other]}

    told = str(outcome_of(same, one_apart))
    assert "expected:  -0.174603 at ['rows'][1][3, 2]" in told and "got:       0.0753969 at" in told


def test_a_message_has_six_rows():
    """What it looks like, and one line of evidence each: longer ones are rarely read."""

    @question("Long", hints=(), insight="", probes=lambda: [(torch.rand(40, 40), "a word " * 100)])
    def long(x, word):
        return [x] * 30

    @long.misconception("words and " * 14)
    def _short(x, word):
        return [x] * 20

    for wrong in (lambda x, word: [x] * 20, lambda x, word: "no " * 1000, lambda x, word: {i: x for i in range(99)}):
        rows = "\n".join(outcome_of(long, wrong)._render_traceback_()).splitlines()
        assert len(rows) <= 6 and max(map(len, rows)) <= 100


def test_an_input_changed_in_place_is_told_though_the_result_is_right():
    for overwrites in (lambda x: x.mul_(2), lambda x: x.__imul__(2)):
        outcome = outcome_of(scale, overwrites)
        assert "“x” as it was before the call" in str(outcome) and "in place" in outcome.looks_like
    assert "in place" not in str(outcome_of(scale, lambda x: x.mul_(3)))


def test_what_the_model_answer_changes_an_answer_may_change():
    @question("Fill", hints=(), insight="", probes=lambda: [([1, 2], {"a": 1}), ([3], {})])
    def fill(places, names):
        places.append(0)
        return len(places)

    def right(places, names):
        places[:] = [*places, 0]
        return len(places)

    def also_names(places, names):
        names.clear()
        return len(places) + 1

    fill.check(right)
    assert "“names” as it was" in str(outcome_of(fill, also_names))


def test_inputs_without_numbers_are_left_alone():
    @question("Beside", hints=(), insight="", probes=lambda: [(nn.Linear(1, 1).to("meta"), torch.ones(1))])
    def beside(net, x):
        return str(x.to(net.weight.device).device)

    beside.check(lambda net, x: "meta")


def test_traces_left_in_a_net_are_told():
    def make_net():
        net = nn.Linear(2, 1)
        net(torch.ones(1, 2)).sum().backward()
        return net

    @question("Logits", hints=(), insight="", probes=lambda: [(make_net(),)], run=lambda f, net: f(net=net))
    def logits(net):
        return net(torch.ones(4, 2))

    def leaves(trace):
        def answer(net):
            trace(net)
            return net(torch.ones(4, 2)).clone()

        return answer

    logits.check(leaves(lambda net: net.eval().train()))
    for trace, words in {
        (lambda net: net.eval()): "eval() mode",
        (lambda net: net.requires_grad_(False)): "requires_grad",
        (lambda net: net.zero_grad()): "the gradients that",
        (lambda net: net.zero_grad(set_to_none=False)): "the gradients that",
    }.items():
        assert words in str(outcome_of(logits, leaves(trace)))


def test_a_misconception_must_fit_on_all_inputs():
    outcome = outcome_of(scale, lambda x: x**2 if x.ndim == 1 else x + 1)
    assert outcome.misconception is None and "looks like" not in str(outcome)


def test_a_misconception_cannot_lack_its_explanation():
    with pytest.raises(ValueError, match="needs an explanation"):

        @make_scale().misconception()
        def _new(x):
            return x


def test_stubs_are_not_attempted():
    def stub(x):
        # YOUR CODE HERE
        raise NotImplementedError()

    def only_pass(x):
        """Twice x."""
        pass

    class Stub(nn.Module):
        def forward(self, x):
            raise NotImplementedError

    for yours in (stub, only_pass, lambda x: ..., lambda x: None, ..., None, Stub()):
        outcome = outcome_of(scale, yours)
        assert type(outcome) is NotAttempted
        assert str(outcome).startswith("○ Not attempted yet: Twice as much\n")
        assert "q.scale.hint()" in str(outcome) and "Error:" not in str(outcome)
    assert "`raise NotImplementedError()`" in str(outcome_of(scale, stub))
    with pytest.raises(NotAttempted, match=r"q\.scale\.check\(scale\)"):
        scale.check()


def test_a_module_without_forward_is_no_stub():
    assert type(outcome_of(scale, nn.Module())) is NotYet
    assert type(outcome_of(scale, lambda x: nn.Module()(x))) is NotYet


def test_discussion_shows_the_model_answer(capsys):
    @discussion("Why?", hints=("Because of what?",))
    def why():
        """Because.

        Two paragraphs."""

    why.discuss()
    assert capsys.readouterr().out == "For discussion: Why?\n  Because.\n\n  Two paragraphs.\n"
    with pytest.raises(NotAttempted, match="your own answer first"):
        why.check("")


def test_discussion_is_wrapped_between_words(capsys):
    @discussion("Why?")
    def why():
        """1. The first entry of a list, whose source is as wide as the rest of the code, up to 120 characters in a row,
           and goes on below.
        2. A second one.

        - A paragraph of its own."""

    why.discuss()
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  1. The first entry of a list, whose source is as wide as the rest of the code, up to 120",
        "  characters in a row, and goes on below.",
        "  2. A second one.",
        "",
        "  - A paragraph of its own.",
    ]


# --- objects of the wrong kind, answers that raise or never end


@pytest.mark.parametrize(
    ("yours", "words"),
    [
        (torch.ones(3), "without calling it"),
        ("scale", "'scale'"),
        (nn.Linear, "the class Linear"),
        (lambda: 3, r"scale\(\)"),
        (lambda x, y: 3, r"scale\(x, y\)"),
        (lambda x: print(), "Is there a `return`"),
        (lambda x: x.mean, "brackets missing"),
        (lambda x: x.tolist(), "not a tensor"),
        (lambda x: x * torch.nan, r"\(NaN\)"),
        (lambda x: -2 * x, "wrong sign"),
        (scale, "a Question"),
    ],
)
def test_wrong_kinds_have_their_own_message(yours, words):
    outcome = outcome_of(scale, yours)
    assert type(outcome) is NotYet
    with pytest.raises(NotYet, match=words):
        raise outcome


def test_class_and_object_are_told_apart():
    @question("A net", hints=(), insight="i", probes=lambda: [()], run=lambda Net: Net().forward(1))
    class Net(nn.Module):
        def forward(self, x):
            return x

    Net.check(Net.answer)
    assert "the class itself" in str(outcome_of(Net, Net.answer()))
    assert Net.source().startswith("class Net(nn.Module):")


def test_an_exception_is_explained_with_the_learners_line():
    def wrong(x):
        y = x.reshape(7)  # the culprit
        return y

    outcome = outcome_of(scale, wrong)
    text = str(outcome)
    assert "RuntimeError: shape '[7]' is invalid" in text
    assert "`y = x.reshape(7) # the culprit`" in text and "on input" in text and len(text.splitlines()) == 6
    assert isinstance(outcome.__cause__, RuntimeError)


def test_the_first_wrong_value_tells_more_than_a_later_exception():
    outcome = outcome_of(scale, lambda x: x.reshape(2) * 3)
    assert "tensor [3, -6]" in str(outcome) and "Error" not in str(outcome)


def test_exit_is_explained_and_interrupt_passes():
    assert "SystemExit" in str(outcome_of(scale, lambda x: sys.exit(1)))

    def stop(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scale.check(stop)


def endless(x):
    while True:
        pass


def stubborn(x):
    while True:
        try:
            x = x + 1
        except Exception:
            pass


@pytest.mark.parametrize("yours", [endless, stubborn])
def test_an_answer_that_never_ends_is_stopped(yours):
    outcome = outcome_of(scale, yours, seconds=0.2)
    assert "within 0.2 seconds" in str(outcome) and "never ends" in str(outcome)
    assert "in your line" in str(outcome)
    scale.check(lambda x: 2 * x)  # nothing is left behind


def test_a_loop_is_stopped_in_another_thread_too():
    found = []
    thread = threading.Thread(target=lambda: found.append(outcome_of(scale, endless, seconds=0.2)))
    thread.start()
    thread.join(20)
    assert "never ends" in str(found[0])


def test_a_busy_machine_is_no_endless_loop(monkeypatch):
    """While others have the processor, the limit waits, but not for ever."""
    monkeypatch.setattr(time, "process_time", lambda: 0.0)

    def patient(x):
        time.sleep(0.2)
        return 2 * x

    scale.check(patient, seconds=0.1)
    assert "never ends" in str(outcome_of(scale, endless, seconds=0.05))


def test_a_check_that_ends_in_time_leaves_no_thread():
    before = threading.active_count()
    for _ in range(20):
        scale.check(lambda x: 2 * x, seconds=60)
    assert threading.active_count() == before


def test_the_limit_hits_nothing_after_the_check():
    """The time may run out at the very end: then the answer counts, or is late, and no stray exception follows."""
    for limit in np.linspace(1e-4, 2e-3, 60):
        try:
            scale.check(lambda x: 2 * x, seconds=limit)
        except NotYet as outcome:
            assert "an answer within" in str(outcome) or "never ends" in str(outcome)
        for _ in range(1000):
            pass


@pytest.mark.parametrize("seconds", ["x", 0, -1, math.nan, [1]])
def test_a_time_limit_that_is_none_is_refused(seconds):
    with pytest.raises((TypeError, ValueError), match="^seconds must be a number above 0"):
        scale.check(lambda x: 2 * x, seconds=seconds)


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


def raises(error):
    def answer(x):
        raise error

    return answer


class Odd:
    def __eq__(self, other):
        raise RuntimeError

    def __array__(self, *_, **__):
        raise KeyError


ITSELF, HERSELF = [], {}
ITSELF.append(ITSELF)
HERSELF["me"] = HERSELF


@pytest.mark.parametrize(
    ("yours", "words"),
    [
        (raises(ValueError("x" * 100_000)), "ValueError: xxx"),
        (raises(ValueError("\x1b[2J\x1b]0;title\x07\u202egnp")), r"ValueError: ·\[2J·]0;title··gnp"),
        (raises(Unprintable()), "Unprintable"),
        (lambda x: "a\x1b[31m" * 50_000, "a·"),
        (lambda x: ITSELF, "…"),
        (lambda x: HERSELF, "me: "),
        (lambda x: {"k" * 10_000 + str(i): i for i in range(1000)}, "kkk"),
        (lambda x: Odd(), "a Odd"),
        (lambda x: 2 * x.to(torch.complex64) + 3j, "complex64 tensor of shape"),
        (lambda x: 2 * x.to(torch.complex64), "complex64 numbers on cpu: not ordinary ones"),
        (lambda x: (2 * x).to(torch.float8_e5m2), "float8_e5m2 numbers on cpu: not ordinary"),
        (lambda x: (2 * x).numpy().astype(complex), "not a tensor"),
    ],
)
def test_odd_answers_get_a_short_and_legible_message(yours, words):
    outcome = outcome_of(scale, yours)
    assert type(outcome) is NotYet and re.search(words, str(outcome))
    assert len(str(outcome)) < 1500 and all(line.isprintable() for line in str(outcome).splitlines())


# --- what a check leaves as it was


def test_random_numbers_and_gradient_mode_stay(capsys):
    def noisy(x):
        print("hello from the learner")
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
        torch.manual_seed(random.randint(0, 9) + np.random.randint(9))
        return 2 * x + 0 * torch.randn(1)

    def draws():
        return random.random(), np.random.rand(), torch.rand(1).item()

    for begin in (random, np.random):
        begin.seed(5)
    torch.manual_seed(5)
    expected = draws()
    for begin in (random, np.random):
        begin.seed(5)
    torch.manual_seed(5)
    with torch.no_grad():
        scale.check(noisy)
        assert not torch.is_grad_enabled()
    with torch.inference_mode():
        scale.check(noisy)
        assert torch.is_inference_mode_enabled()
    outcome_of(scale, lambda x: torch.rand(1))
    assert draws() == expected
    assert "hello from the learner" in capsys.readouterr().out


def test_the_learners_module_stays():
    net = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 2))
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}

    @question("t", hints=(), insight="i")
    def trained(x):
        return x

    @trained.test
    def _(learner):
        learner(torch.randn(4, 2)).sum().backward()

    trained.check(net)
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())


def test_an_input_changed_in_place_reaches_nobody_else():
    outcome = outcome_of(scale, lambda x: x.mul_(3))
    assert "x = tensor [1, -2]" in str(outcome) and "expected:  tensor [2, -4]" in str(outcome)
    assert outcome_of(scale, lambda x: x.pow_(2)).misconception == "squares"


def test_what_an_answer_changes_for_everybody_is_put_back():
    def meddling(x):
        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(before[2] + 1)
        torch.autograd.set_detect_anomaly(True)
        np.seterr(all="raise")
        for module, name in replaced:
            setattr(module, name, lambda *_, **__: 1 / 0)
        return x + x

    replaced = [(torch, "randn"), (nn, "Linear"), (nn.functional, "relu"), (np.random, "rand"), (np, "exp")]
    replaced += [(math, "exp"), (random, "random")]

    def surroundings():
        settings = [torch.get_default_dtype(), torch.get_default_device(), torch.get_num_threads()]
        return settings + [torch.is_anomaly_enabled(), np.geterr(), *(getattr(*where) for where in replaced)]

    before = surroundings()
    scale.check(meddling)
    assert surroundings() == before
    outcome_of(scale, lambda x: (meddling(x), torch.set_default_device("meta"), 1 / 0))
    assert torch._C._len_torch_function_stack() == 0  # a device that is set, be it the CPU, leaves a mode behind
    assert surroundings() == before


def test_nobody_is_asked_to_type_during_a_check():
    asks = input
    outcome = outcome_of(scale, lambda x: float(input("how often? ")) * x)
    assert "nobody types during a check" in str(outcome) and "in your line" in str(outcome)
    assert input is asks


def test_what_an_answer_prints_is_cut(capsys):
    def talks(x):
        for number in range(10_000):
            print("step", number)
        return 2 * x

    scale.check(talks)
    shown = capsys.readouterr().out
    assert "step 1\n" in shown and len(shown) < 6000 and shown.count("prints more than a check shows") == 1
    assert shown.rstrip().splitlines()[-2] == "✓ Right: Twice as much"


def test_a_check_survives_a_tracer():
    code = (
        "import sys, torch; from gan_edu.checks import chapter_00 as q; q.noise.check(torch.randn)\n"
        "try: q.noise.check(lambda n, dim: [0 for i in iter(int, 1)], seconds=0.2)\n"
        "except Exception: sys.settrace(lambda *a: None); sum(range(10)); print('alive')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.endswith("alive\n"), done.stderr


# --- hints, solutions, tests, values, steps


def test_hints_are_staged_and_the_last_repeats(capsys):
    fresh = make_scale()
    for _ in range(3):
        assert fresh.hint() is None
    assert capsys.readouterr().out.splitlines() == ["Hint 1 of 2: How often?"] + 2 * ["Hint 2 of 2: Two times."]
    assert "Next: q.scale.solution()" in str(outcome_of(fresh, lambda x: x))


def test_solution_shows_the_source_without_the_decorator(capsys):
    scale.solution()
    shown = "def scale(x):\n    # a comment that belongs to the answer\n    return 2 * x\n"
    assert capsys.readouterr().out == shown
    assert "0x" not in repr(scale) and ".check(" in repr(scale)


def test_free_tests_may_name_a_misconception_or_say_it():
    asked = make_scale()

    @asked.test
    def _(learner):
        if learner(torch.ones(1)).requires_grad:
            raise NotYet("no gradient", "one", looks_like="squares")
        raise NotYet("never right", looks_like="some words.")

    assert outcome_of(asked, lambda x: 2 * x.requires_grad_()).misconception == "squares"
    said = outcome_of(asked, lambda x: 2 * x)
    assert said.misconception is None and "looks like: some words." in str(said) and "got:" not in str(said)


def test_an_error_in_using_what_came_is_no_traceback():
    @question("t", hints=(), insight="i")
    def items(x):
        return [x]

    # compiled as if it stood in the library, where tests stand
    space = {}
    code = "def uses(learner):\n    return learner(1)[0] + 1"
    exec(compile(code, ROOT / "gan_edu" / "checks" / "chapter_99.py", "exec"), space)
    items.test(space["uses"])
    items.check(items.answer)
    text = str(outcome_of(items, lambda x: 5))
    assert "TypeError" in text and "look at it" in text and "in your line" not in text


def test_value_questions_take_a_value():
    @question("ln 2", hints=(), insight="i", value=True, tol=1e-2)
    def loss():
        return 0.6931

    @loss.misconception("the discriminator's loss.")
    def _both():
        return 1.3863

    loss.check(0.69)
    loss.check(torch.tensor([0.693]))
    assert outcome_of(loss, 1.386).misconception == "both"
    assert type(outcome_of(loss, ...)) is NotAttempted


def test_a_training_step_is_recognised_by_what_it_changes():
    def after(step, lr):
        net = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(net.parameters(), lr=lr)
        for _ in range(2):
            step(net, optimizer, torch.ones(4, 2))
        return net.state_dict()

    @question("A step", hints=(), insight="i", probes=lambda: [0.1, 0.2], run=after)
    def step(net, optimizer, x):
        optimizer.zero_grad()
        net(x).square().mean().backward()
        optimizer.step()

    @step.misconception("gradients that add up: zero_grad is missing.")
    def _missing_zero_grad(net, optimizer, x):
        net(x).square().mean().backward()
        optimizer.step()

    step.check(step.answer, seconds=100)  # the first optimizer of a process takes seconds to import
    outcome = outcome_of(step, lambda net, opt, x: ((net(x) ** 2).mean().backward(), opt.step()))
    assert outcome.misconception == "missing_zero_grad"
    assert outcome.on == "lr = 0.1"


def test_value_of_asks_for_a_tensor_of_a_shape():
    assert value_of(torch.ones, 2, 3, shape=(2, 3)).sum() == 6
    for learner, words in [(lambda n: None, "return"), (lambda n: [1], "not a tensor"), (torch.ones, r"shape \(2,\)")]:
        with pytest.raises(NotYet, match=words):
            value_of(learner, 2, shape=(3,))

    @question("Noise", hints=(), insight="i")
    def noise(n, dim):
        return torch.randn(n, dim)

    @noise.test
    def _(learner):
        value_of(learner, 5, 3)

    assert "on input:  5, 3" in str(outcome_of(noise, lambda n, dim: 1 / 0))


# --- values


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        (1.0, torch.tensor([[1.0]], dtype=torch.float16), True),
        (torch.tensor(0.1), 0.1, True),
        (torch.full((3,), 0.1), torch.full((3,), 0.1, dtype=torch.bfloat16), True),
        (torch.full((3,), 0.1), torch.full((3,), 0.101), False),
        (torch.ones(3), torch.ones(3, dtype=torch.int64, requires_grad=False), True),
        (torch.ones(3), torch.ones(3, requires_grad=True), True),
        (torch.ones(3), torch.ones(3, 1), False),
        (torch.ones(3), np.ones(3), False),
        (np.ones(3), torch.ones(3), True),
        (torch.ones(3), None, False),
        (torch.zeros(2), torch.tensor([0.0, torch.nan]), False),
        (torch.tensor([torch.inf]), torch.tensor([torch.inf]), True),
        ((1.0, 2.0), [1, torch.tensor(2.0)], True),
        ((1.0, 2.0), (1.0, 2.0, 3.0), False),
        ({"a": 1.0}, {"a": np.float32(1)}, True),
        ({"a": 1.0}, {"b": 1.0}, False),
        ({"a": 1.0}, 1.0, False),
        ("ring", "ring", True),
        ("ring", 3, False),
        (3, "ring", False),
        (3, object(), False),
    ],
)
def test_close(expected, got, same):
    assert close(expected, got) is same


def test_tolerance_is_a_choice():
    assert close(100.0, 104.0, tol=0.05) and not close(100.0, 106.0, tol=0.05)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.69314718, "0.6931"),
        (-0.0, "0"),
        (torch.tensor([1.0, 0.5]), "tensor [1, 0.5]"),
        (torch.zeros(64, 784), "tensor of shape (64, 784), from 0 to 0"),
        (torch.zeros(64, 784, dtype=torch.uint8), "uint8 tensor of shape (64, 784), from 0 to 0"),
        (torch.full((5, 5), torch.nan), "tensor of shape (5, 5) with 25 NaN"),
        (torch.zeros(0, 2), "empty tensor of shape (0, 2)"),
        ((1, torch.ones(2)), "(1, tensor [1, 1])"),
        (nn.Linear(2, 2), "a Linear"),
        (nn.Linear, "the class Linear"),
        (lambda x: x, "a lambda"),
        (make_scale, "the function make_scale"),
        ("a text", "'a text'"),
        (True, "True"),
        (None, "None"),
        ({"loss": 1.0}, "{loss: 1}"),
        ([[[[[1.0]]]], "a"], "[[[…]], 'a']"),
    ],
)
def test_describe(value, words):
    assert describe(value) == words


# --- probes of training steps


def nets():
    torch.manual_seed(0)
    return nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))


def test_gradient_reaches():
    generator, discriminator = nets()
    noise = torch.randn(8, 2)
    assert gradient_reaches(generator, discriminator(generator(noise)).mean()) == ["weight", "bias"]
    detached = discriminator(generator(noise).detach()).mean()
    assert gradient_reaches(generator, detached) == [] and len(gradient_reaches(discriminator, detached)) == 4
    assert gradient_reaches(generator, detached.item()) == []
    assert all(parameter.grad is None for parameter in [*generator.parameters(), *discriminator.parameters()])
    detached.backward()
    assert gradient_reaches(generator) == [] and "0.weight" in gradient_reaches(discriminator)


def test_expect_gradient_at():
    x, y = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    expect_gradient_at(x * y, {"mean": x, "spread": y})
    for value in (x * y.detach(), x * y.mul(0).detach(), (x * y).detach(), x + 0 * y):
        with pytest.raises(NotYet, match="a gradient for the"):
            expect_gradient_at(value, {"mean": x, "spread": y})


# --- in Jupyter


NOTEBOOK = [
    "from gan_edu.checks import chapter_00 as q\nimport torch",
    "def noise(n, dim):\n    # YOUR CODE HERE\n    raise NotImplementedError()",
    "q.noise.check(noise)",
    "q.noise.check(torch.rand)",
    "def noise(n, dim):\n    x = torch.randn(n)\n    return x.reshape(n, dim)",
    "q.noise.check(noise)",
    "def noise(n, dim):\n    while True:\n        pass",
    "q.noise.check(noise, seconds=0.3)",
    "q.noise.check(torch.randn)",
]


def test_jupyter_shows_the_friendly_lines_only(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in NOTEBOOK])
    NotebookClient(notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}).execute()
    stub, uniform, raises, loop, right = (notebook.cells[i].outputs for i in (2, 3, 5, 7, 8))
    for output in (stub, uniform, raises, loop):
        assert [part.output_type for part in output] == ["error"]
        assert "Traceback" not in "\n".join(output[0].traceback)
        assert output[0].evalue.split() == "\n".join(output[0].traceback).split()
        assert max(map(len, "\n".join(output[0].traceback).splitlines())) <= 100  # or JupyterLab would break words
    assert stub[0].ename == "NotAttempted"
    assert stub[0].evalue.splitlines() == [
        "○ Not attempted yet: Noise for a generator",
        "  The stub is still there, in your line 3: `raise NotImplementedError()`. Put your code in its place.",
        "  A first push: q.noise.hint()",
    ]
    assert uniform[0].ename == "NotYet" and "  This looks like: uniform numbers" in uniform[0].evalue
    assert "  in your line 3: `return x.reshape(n, dim)`" in raises[0].traceback
    assert any(line.startswith(("  in your line 2:", "  in your line 3:")) for line in loop[0].traceback)
    assert right[0].text.startswith("✓ Right: Noise for a generator\n")

import ast
import functools
import json
import random
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from torch import nn

from gan_edu.checks import chapter_00, progress, record, show_progress
from gan_edu.checks.engine import NotAttempted, NotDone, NotYet, discussion, question, value_of
from gan_edu.checks.probes import changed, expect_gradient, expect_only_changed, gradient_reaches
from gan_edu.checks.values import close, describe

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_EDU_STATE", str(tmp_path / "state"))
    return tmp_path / "state" / "progress.json"


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
        "  expected:  tensor [2, -4]",
        "  got:       tensor [1, 4]",
        "  on input:  x = tensor [1, -2]",
        "  This looks like: squaring.",
        "  Next: q.scale.hint()",
    ]


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
    assert "`y = x.reshape(7)  # the culprit`" in text and "on input:  x = tensor [1, -2]" in text
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
            assert "never ends" in str(outcome)
        for _ in range(1000):
            pass


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
    assert "on input:  5, 3" in str(outcome_of(chapter_00.noise, lambda n, dim: 1 / 0))


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


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda g, d, z: d(g(z).detach()).mean(), r"no gradient reaches the generator[\s\S]*detach"),
        (lambda g, d, z: d(g(z)).mean().item(), r"float without a gradient[\s\S]*item"),
    ],
)
def test_expect_gradient(loss, words):
    generator, discriminator = nets()
    with pytest.raises(NotYet, match=words):
        expect_gradient(loss(generator, discriminator, torch.randn(4, 2)), to={"generator": generator})


def test_expect_no_gradient():
    generator, discriminator = nets()
    loss = discriminator(generator(torch.randn(4, 2))).mean()
    expect_gradient(loss, to={"generator": generator, "discriminator": discriminator})
    with pytest.raises(NotYet, match="it reaches 2 tensors of the generator"):
        expect_gradient(loss, not_to={"generator": generator})


def test_changed_names_what_a_step_changed():
    generator, discriminator = nets()
    with changed(generator=generator, discriminator=discriminator) as change, torch.no_grad():
        generator.weight += 1
        discriminator[2].bias += 1
    assert change == {"generator": ["weight"], "discriminator": ["2.bias"]}
    with pytest.raises(NotYet, match="your generator step also changed 1 tensor of the discriminator"):
        expect_only_changed(change, "generator", step="generator step")
    expect_only_changed(change, "generator", "discriminator", step="step")
    expect_only_changed({"generator": ["weight"], "discriminator": []}, "generator", step="step")
    with changed(generator=generator) as nothing:
        pass
    with pytest.raises(NotYet, match="left it as it was"):
        expect_only_changed(nothing, "generator", step="generator step")


# --- progress


def test_progress_is_noted_when_right_and_only_then(state, capsys):
    assert progress()["00"] == dict.fromkeys(["noise", "to_unit_range", "captured", "reading_curves"], False)
    outcome_of(chapter_00.noise, torch.rand)
    assert not state.exists()
    chapter_00.noise.check(torch.randn)
    chapter_00.noise.check(torch.randn)
    assert progress()["00"]["noise"] and not progress()["00"]["captured"]
    assert json.loads(state.read_text(encoding="utf-8")) == {"done": {"00": ["noise"]}}
    assert [path.name for path in state.parent.iterdir()] == ["progress.json"]
    capsys.readouterr()
    assert show_progress() is None
    shown = capsys.readouterr().out
    assert "  00  ✓ noise  ○ to_unit_range  ○ captured  ○ reading_curves\n" in shown
    assert shown.startswith("Your progress: 1 of ")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"done": 3}', '{"done": {"00": [1]}}', '{"other": {}}', "\x00\xff"])
def test_a_broken_file_is_set_aside(state, text):
    state.parent.mkdir()
    state.write_text(text, encoding="utf-8")
    chapter_00.noise.check(torch.randn)
    assert progress()["00"]["noise"]
    assert state.with_name("progress.broken.json").read_text(encoding="utf-8") == text


def test_a_file_that_is_no_text_is_set_aside(state):
    state.parent.mkdir()
    state.write_bytes(b"\xff\xfe\x80")
    assert not any(progress()["00"].values())
    assert state.with_name("progress.broken.json").exists()


def test_a_write_that_fails_leaves_the_old_file(state, monkeypatch):
    record.note("00", "noise")
    before = state.read_text(encoding="utf-8")

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(record.os, "replace", full)
    record.note("00", "captured")
    assert state.read_text(encoding="utf-8") == before
    assert [path.name for path in state.parent.iterdir()] == ["progress.json"]


def test_a_folder_that_cannot_be_made_stops_nobody(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GAN_EDU_STATE", str(tmp_path / "file" / "folder"))
    chapter_00.noise.check(torch.randn)
    assert not progress()["00"]["noise"]


def test_checks_are_imported_without_torch():
    code = (
        "import sys, gan_edu.checks as c; c.progress(); import gan_edu.checks.engine; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_every_chapter_of_questions_is_on_the_map():
    files = sorted((ROOT / "gan_edu" / "checks").glob("chapter_*.py"))
    assert list(progress()) == [file.stem.removeprefix("chapter_") for file in files]
    assert all(progress().values())
    for file in files:  # a question must not be hidden from the map by another way of writing its decorator
        marks = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        made = [mark for mark in marks if getattr(mark.func, "id", "") in record.MARKS]
        assert len(made) == len(progress()[file.stem.removeprefix("chapter_")])


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

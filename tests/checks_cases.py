"""A harness that tests questions as hard as the library: one `Case` for each question of a chapter.

    from checks_cases import Case, chapter_tests
    from gan_edu.checks import chapter_41 as q

    def stub(fake_logits):
        raise NotImplementedError()

    TestChapter41 = chapter_tests(q, Case(q.generator_loss, stub, right=[one, another],
                                     wrong={"no_detach": f, "swapped_labels": [g, h], "sign": i}))

The stub is "not attempted"; the model answer, and its printed source on its own, are right; so are at least two other
right answers; at least three named wrong answers get their own message, and those in `also_wrong` some message. No
message has more than six rows. The solution's hidden tests, which give the points, take all right answers and refuse
the stub, the library's own answer and at least half of the wrong ones.
"""

import functools
import gc
import math
import re
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu.checks import record
from gan_edu.checks.engine import Discussion, NotAttempted, NotYet, Question, _seed, _undisturbed
from gan_edu.grading import _is_librarys
from tools import build

PATIENCE = 120.0  # seconds: on a busy machine the first optimizer alone can take ten to import


@dataclass
class Case:
    """A question with answers to it.

    right: at least two right answers that are written in another way than the model answer.
    wrong: name of a misconception → an answer, or a list of answers, of somebody who has it; at least three names.
    also_wrong: answers that are not right, and of which no misconception is known.
    namespace: what the model answer uses beside torch, nn, F, math and np (what the notebook imports).
    """

    question: Question
    stub: object
    right: list
    wrong: dict
    also_wrong: list = field(default_factory=list)
    namespace: dict = field(default_factory=dict)

    def wrong_answers(self):
        """(name, answer) of every wrong answer: those written here, and those in the question's own table."""
        for name, answers in self.wrong.items():
            yield from ((name, answer) for answer in (answers if isinstance(answers, list) else [answers]))
        for name, misconception in self.question.misconceptions.items():
            for function in misconception.functions:
                yield name, function() if self.question.value else function


@functools.cache
def _librarys_functions():
    """The functions of the checks. `sealed` looks for them, for each answer, among all objects: here millions."""
    return [each for each in gc.get_objects() if _is_librarys(each)]


def hidden_tests(number):
    """{question: code} of the hidden tests in the solution of the chapter with this number, as students' notebooks get
    them."""
    found = {}
    for path in (build.ROOT / "sources/solutions").glob(f"{number}_*.py"):
        for cell in build.read_source(path).cells:
            asked, hidden = re.search(r"^q\.(\w+)\.check\(", cell.source, re.M), build.HIDDEN.search(cell.source)
            if asked and cell.metadata.get("nbgrader", {}).get("points"):
                found[asked[1]] = hidden and (hidden[2], re.search(r"\.check\((\w+)\)", cell.source)[1])
    return found


def chapter_tests(chapter, *cases):
    """A test class for all questions of the module `chapter`."""
    questions = {name: value for name, value in vars(chapter).items() if isinstance(value, Question)}
    discussions = [value for value in vars(chapter).values() if isinstance(value, Discussion)]
    hidden = hidden_tests(chapter.__name__[-2:])
    by_name = {case.question.id: case for case in cases}
    each_case = pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in by_name.items()])
    each_wrong = pytest.mark.parametrize(
        ("case", "name", "answer"),
        [
            pytest.param(case, name, answer, id=f"{case.question.id}-{name}")
            for case in cases
            for name, answer in case.wrong_answers()
        ],
    )
    each_also_wrong = pytest.mark.parametrize(
        ("case", "answer"),
        [
            pytest.param(case, answer, id=f"{case.question.id}-{number}")
            for case in cases
            for number, answer in enumerate(case.also_wrong)
        ],
    )
    each_discussion = pytest.mark.parametrize("discussion", [pytest.param(each, id=each.id) for each in discussions])

    class TestQuestions:
        @pytest.fixture(autouse=True)
        def own_state(self, tmp_path, monkeypatch):
            monkeypatch.setenv("GAN_EDU_STATE", str(tmp_path))
            torch.manual_seed(11)

        def test_every_question_has_a_case(self):
            assert set(by_name) == set(questions)
            assert all(name == question.id for name, question in questions.items())

        def test_the_map_knows_every_question(self):
            chapter_name = chapter.__name__.rpartition("chapter_")[2]
            assert set(record.progress()[chapter_name]) == {*questions, *(each.id for each in discussions)}

        @each_case
        def test_case_is_complete(self, case):
            assert len(case.right) >= 2, "at least two other right answers"
            assert len(case.wrong) >= 3, "at least three named wrong answers"
            unknown = set(case.wrong) - set(case.question.misconceptions)
            assert not unknown, f"no misconception of this name: {unknown}"
            assert 2 <= len(case.question.hints) <= 5 and case.question.insight

        @each_case
        def test_stub_is_not_attempted(self, case):
            for stub in (case.stub, ..., None):
                with pytest.raises(NotAttempted) as outcome:
                    case.question.check(stub)
                assert case.question.title in str(outcome.value)
            assert not _is_done(case.question)

        @each_case
        def test_solution_is_right(self, case, capsys):
            before = torch.get_rng_state()
            answer = case.question.answer() if case.question.value else case.question.answer
            assert case.question.check(answer, seconds=PATIENCE) is None
            assert case.question.insight in " ".join(capsys.readouterr().out.split())
            assert torch.equal(before, torch.get_rng_state()), "the check has drawn from the learner's random numbers"
            assert _is_done(case.question)

        @each_case
        def test_printed_solution_stands_on_its_own(self, case):
            space = {"torch": torch, "nn": nn, "F": F, "math": math, "np": np, **case.namespace}
            source = case.question.source()
            assert source.startswith(("def ", "class "))
            exec(compile(source, "<solution>", "exec"), space)
            answer = space[case.question.id]
            case.question.check(answer() if case.question.value else answer, seconds=PATIENCE)

        @each_case
        def test_other_right_answers(self, case):
            for answer in case.right:
                case.question.check(answer, seconds=PATIENCE)

        @each_wrong
        def test_named_wrong_answer(self, case, name, answer):
            with pytest.raises(NotYet) as outcome:
                case.question.check(answer, seconds=PATIENCE)
            assert outcome.value.misconception == name, str(outcome.value)
            assert case.question.misconceptions[name].explanation in str(outcome.value)
            rows = "\n".join(outcome.value._render_traceback_()).count("\n") + 1
            assert rows <= 6, str(outcome.value)
            assert not _is_done(case.question)

        @each_also_wrong
        def test_also_wrong(self, case, answer):
            with pytest.raises(NotYet) as outcome:
                case.question.check(answer, seconds=PATIENCE)
            assert outcome.value.misconception is None, str(outcome.value)

        def test_every_graded_question_has_a_hidden_test(self):
            assert [name for name, code in hidden.items() if not code] == []

        @each_case
        def test_hidden_tests_take_right_answers_and_refuse_others(self, case, monkeypatch):
            if case.question.id not in hidden:
                return  # shown in the chapter, and not graded
            code, name = hidden[case.question.id]
            functions = _librarys_functions()
            monkeypatch.setattr(gc, "get_objects", lambda: functions)

            def refused(answer):
                with _undisturbed():
                    _seed()
                    try:
                        exec(compile(code, "<hidden tests>", "exec"), {name: answer})
                    except Exception as error:
                        return error
                return None

            value = case.question.value
            for answer in case.right:
                error = refused(answer)
                if error and "the library answers no graded question" not in str(error):  # a variation of ours
                    raise AssertionError(answer) from error
            assert refused(case.stub), "the stub"
            assert value or refused(case.question.answer), "the library's own answer"
            wrong = [bool(refused(answer)) for _, answer in case.wrong_answers()]
            wrong += [bool(refused(answer)) for answer in case.also_wrong]
            assert sum(wrong) >= len(wrong) / 2, f"only {sum(wrong)} of {len(wrong)} wrong answers"

        @each_discussion
        def test_discussion(self, discussion, capsys):
            for empty in (..., None, "  "):
                with pytest.raises(NotAttempted):
                    discussion.check(empty)
            assert not _is_done(discussion)
            discussion.check("my own thoughts")
            told = " ".join(capsys.readouterr().out.split())  # lines are broken elsewhere than in the source
            assert " ".join(discussion.answer.split()) in told
            assert _is_done(discussion)

    return TestQuestions


def _is_done(question):
    return record.progress()[question.chapter][question.id]

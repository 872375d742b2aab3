"""Points only for answers: hidden tests, a class of ten of whom some cheat, and what `sealed` sees."""

import functools
import gc
import os
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
import torch
from test_build import notebook, write_course

from gan_edu.checks import chapter_34, chapter_41
from gan_edu.grading import sealed
from tools import build

NAME, ASKED = "wasserstein", chapter_34.wasserstein


# --- what `sealed` sees


class Callable:
    def __call__(self, *args):
        return ASKED.answer(*args)


def test_an_own_answer_is_let_in():
    for own in (lambda *args: 1, functools.partial(print), Callable, torch.nn.Linear(1, 1), 3.0, torch.zeros(2)):
        with sealed("chapter_34", NAME, own):
            pass


@pytest.mark.parametrize(
    "borrowed",
    [
        lambda: ASKED.answer,
        lambda: functools.partial(ASKED.answer),
        lambda: functools.wraps(ASKED.answer)(lambda *args: 1),
    ],
)
def test_the_librarys_answer_is_refused(borrowed):
    with (
        pytest.raises(AssertionError, match=f"{NAME} is the library's own answer"),
        sealed("chapter_34", NAME, borrowed()),
    ):
        pass


@pytest.mark.parametrize("nothing", [None, ...])
def test_no_answer_is_refused(nothing):
    with pytest.raises(AssertionError, match="there is no answer"), sealed("chapter_34", NAME, nothing):
        pass


def test_whoever_asks_the_library_inside_gets_no_answer_and_later_everybody_does():
    kept = ASKED.answer
    probe = ASKED._fresh_probes()[0]
    for asking in (lambda *args: ASKED.answer(*args), lambda *args: kept(*args), Callable()):
        with sealed("chapter_34", NAME, asking), pytest.raises(AssertionError, match="answers no graded question"):
            asking(*probe)
    with pytest.raises(ZeroDivisionError), sealed("chapter_34", NAME, len):
        raise ZeroDivisionError
    assert kept(*probe) is not None


def test_methods_of_a_model_class_are_shut_too():
    kept = chapter_41.Generator.answer
    with sealed("chapter_41", "Generator", lambda: 0), pytest.raises(AssertionError, match="answers no graded"):
        kept()
    kept()

    class Mine(kept):
        pass

    with pytest.raises(AssertionError, match="own answer"), sealed("chapter_41", "Generator", Mine):
        pass


@pytest.mark.parametrize(
    "place", [(torch, "allclose"), (torch, "equal"), (__import__("builtins"), "abs"), (torch.Tensor, "allclose")]
)
def test_a_replaced_comparison_is_told(place, monkeypatch):
    monkeypatch.setattr(*place, lambda *args, **named: True)
    with pytest.raises(AssertionError, match=f"{place[1]} has been replaced"), sealed("chapter_34", NAME, len):
        pass


def test_a_tensor_that_says_yes_to_everything_is_not_asked():
    class Yes(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            return True

    yes = torch.zeros(2).as_subclass(Yes)
    assert torch.allclose(yes, torch.ones(2))
    with sealed("chapter_34", NAME, len):
        assert not torch.allclose(yes, torch.ones(2)) and not (yes == torch.ones(2)).any()


def test_an_answer_hidden_from_the_collector_is_shut(request):
    kept = ASKED.answer
    request.addfinalizer(gc.unfreeze)
    gc.freeze()
    with sealed("chapter_34", NAME, len), pytest.raises(AssertionError, match="answers no graded question"):
        kept(*ASKED._fresh_probes()[0])


# --- a class


CLASS = {  # who: what is put into the notebook, and the points for it; there are 2 + 1, and 1 by hand
    "ada": ({"double": "def double(n): return n + n", "square": "def square(n): return n * n"}, 3),
    "bo": (
        {"double": "double = lambda n: n << 1", "square": "class square(int):\n    def __new__(cls, n): return n**2"},
        3,
    ),
    "cleo": ({"double": "def double(n): return 2 * n"}, 2),
    "dan": ({}, 0),
    "eve, by the example only": ({"double": "def double(n): return 4", "square": "def square(n): return 9"}, 0),
    "finn patches": (
        {"double": "import gan_edu.checks.chapter_41 as m\nm.Question.check = lambda *_: print('Right.')"},
        0,
    ),
    "kit shadows": (
        {
            "double": "q.double.check = q.square.check = lambda *_: None\ndouble = abs = lambda *_: 0",
            "square": "square = lambda n: 0",
        },
        0,
    ),
    "lea has variables": (
        {"double": "abs = 3\ndef double(n): return 2 * n", "square": "def square(n): return n * n"},
        3,
    ),
    "gus borrows": ({"double": "double = q.double.answer", "square": "square = q.square.answer"}, 0),
    "hal asks": (
        {
            "double": "ask = q.double.answer\ndef double(n): return ask(n)",
            "square": "def square(n): return q.square.answer(n)",
        },
        0,
    ),
    "ivy loops": ({"double": "def double(n):\n    while True: pass", "square": "def square(n): return n * n"}, 1),
    "jo deletes": ({"double": None, "check_double": None, "square": "def square(n): return n * n"}, 1),
}


def test_a_class_gets_points_for_answers_only(tmp_path, monkeypatch):
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    course = write_course(tmp_path / "course")
    monkeypatch.setattr(build, "pace", lambda env: build.PACE)  # nobody asks how long it takes
    assert build.main(["41_small"], course) == 0
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(course))
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.db_url = f"sqlite:///{tmp_path}/gradebook.db"
    config.Execute.timeout = 8
    (tmp_path / "source/gans").mkdir(parents=True)
    shutil.copy(course / "solutions/41_small.ipynb", tmp_path / "source/gans")
    api = NbGraderAPI(config=config)
    result = api.generate_assignment("gans")
    assert result["success"], result["log"]
    got = {}
    for number, (who, (put, _)) in enumerate(CLASS.items()):
        handed_in = notebook(tmp_path, "release/gans/41_small.ipynb")
        for cell in [*handed_in.cells]:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in put and put[name] is None:
                handed_in.cells.remove(cell)
            elif name in put:
                cell.source = put[name]
        place = tmp_path / f"submitted/student{number}/gans"
        place.mkdir(parents=True)
        nbformat.write(handed_in, place / "41_small.ipynb")
        result = api.autograde("gans", f"student{number}")
        with Gradebook(config.CourseDirectory.db_url) as gradebook:
            got[who] = sum(each.score for each in gradebook.find_submission("gans", f"student{number}").notebooks)
    assert got == {who: points for who, (_, points) in CLASS.items()}

"""The answer that a check shows and the one in the solution notebook are the same program."""

import ast
import importlib
import re
from pathlib import Path

import jupytext
import pytest

SOURCES = sorted((Path(__file__).resolve().parent.parent / "sources" / "solutions").glob("*.py"))


def answers(path):
    """(name, code) of each code cell marked answer="name"."""
    for cell in jupytext.read(path).cells:
        if cell.cell_type == "code" and "answer" in cell.metadata:
            yield cell.metadata["answer"], cell.source


def program(code, name):
    """The definition of `name` in some code, without docstrings and comments, as a text to compare."""
    definition = next(node for node in ast.parse(code).body if getattr(node, "name", None) == name)
    for node in ast.walk(definition):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.unparse(definition)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_shown_solution_is_the_notebooks(path):
    questions = importlib.import_module(f"gan_edu.checks.chapter_{path.stem[:2]}")
    found = list(answers(path))
    assert found
    for name, code in found:
        shown = getattr(questions, name).source()
        assert program(re.sub(r"### (BEGIN|END) SOLUTION", "", code), name) == program(shown, name)


def test_a_difference_would_be_seen():
    code = "def f(x):\n    '''Says.'''\n    return x + 1  # one"
    assert program(code, "f") == program("def f(x):\n    return x + 1", "f")
    assert program(code, "f") != program("def f(x):\n    return x + 2", "f")

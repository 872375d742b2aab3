"""What the five articles name is taught: `sources/coverage.csv` says in which chapter, under which heading."""

import csv
from pathlib import Path

import nbformat
import pytest

from tools.lint import notebooks

ROOT = Path(__file__).resolve().parents[1]


def headings_of_chapters():
    """{"21": its headings}, of the built chapters."""
    found = {}
    for path in notebooks(ROOT, "chapters"):
        text = "\n".join(c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown")
        lines = [line for line in text.splitlines() if line.startswith("#")]
        found[path.name[:2]] = {line.lstrip("#").strip() for line in lines}
    return found


def problems(rows, headings):
    ids = [row["id"] for row in rows]
    found = [f"{name} stands there twice" for name in sorted({name for name in ids if ids.count(name) > 1})]
    for row in rows:
        name, chapter, heading = row["id"], row["chapter"], row["heading"]
        if chapter not in headings:  # not written yet
            if heading:
                found.append(f"{name}: there is no chapter {chapter}")
        elif heading not in headings[chapter]:
            found.append(f"{name}: chapter {chapter} has no heading {heading!r}")
    return found


def rows():
    with open(ROOT / "sources/coverage.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_is_taught_where_the_table_says():
    found = problems(rows(), headings_of_chapters())
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"id": "a", "chapter": "21", "heading": "no such heading"}, "no heading"),
        ({"id": "a", "chapter": "21", "heading": ""}, "no heading"),
        ({"id": "a", "chapter": "99", "heading": "Recap"}, "no chapter 99"),
    ],
)
def test_a_row_that_points_nowhere_is_found(row, complaint):
    assert complaint in problems([row], {"21": {"Recap"}})[0]
    fine = {"id": "a", "chapter": "21", "heading": "Recap"}
    assert problems([fine], {"21": {"Recap"}}) == []
    assert "twice" in problems([fine, fine], {"21": {"Recap"}})[0]

"""A text for models of letters: prose of this course, as it stood when chapter 13 was written.

It is a copy that doesn't change when the chapters do, so what is measured on it stays true. Licence: CC BY 4.0.
"""

from pathlib import Path

FILE = Path(__file__).parent / "embedded" / "course_prose.txt"


def prose() -> str:
    """About 13,500 English words, one paragraph a line, without formulas, code and markup."""
    return FILE.read_text(encoding="utf-8")

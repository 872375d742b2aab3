"""Texts for models of letters: prose of this course, as it stood when a chapter was written.

They are copies that don't change when the chapters do, so what is measured on them stays true. Licence: CC BY 4.0.
"""

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "embedded"
FILE = FOLDER / "course_prose.txt"
CHAPTERS_FILE = FOLDER / "course_chapters.txt"
LETTERS = " abcdefghijklmnopqrstuvwxyz"


def prose() -> str:
    """About 13,500 English words, one paragraph a line, without formulas, code and markup."""
    return FILE.read_text(encoding="utf-8")


def chapters() -> dict[str, str]:
    """The prose of 29 chapters as it stood when chapter 57 was first written: {"00": its paragraphs, one a line, …}.

    Without formulas, code, tables and markup, and without the lines that stand in several chapters.
    """
    found: dict[str, list[str]] = {}
    for line in CHAPTERS_FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("= "):
            paragraphs = found[line[2:]] = []
        else:
            paragraphs.append(line)
    return {number: "\n".join(paragraphs) for number, paragraphs in found.items()}


def letters(text: str) -> str:
    """The text in the 27 signs of LETTERS: small letters, and one space for all else, accented letters
    too: "naïve" becomes "na ve"."""
    return re.sub("[^a-z]+", " ", text.lower()).strip()

"""The glossary, one line for each term, from which the tables of key terms are made.

`sources/glossary.csv` has the columns english, chinese, meaning. A chapter's source names its terms,
`{{terms: discriminator; mode collapse}}`, and the build puts the table in that place.
"""

import csv
import re
from pathlib import Path

from gan_edu.settings import near

MARK = re.compile(r"\{\{terms:([^}]*)\}\}")


def read(root: Path) -> dict[str, tuple[str, str]]:
    """English term → (Chinese, meaning). Raises ValueError for a term that stands there twice, or a fourth column."""
    terms = {}
    with open(Path(root) / "sources/glossary.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["english"] in terms:
                raise ValueError(f"glossary.csv defines {row['english']!r} twice.")
            if None in row:
                raise ValueError(f"glossary.csv: a meaning with a comma needs quotes, at {row['english']!r}.")
            terms[row["english"]] = row["chinese"], row["meaning"]
    return terms


def names(text: str) -> list[str]:
    """The terms that a chapter's text asks for."""
    return [" ".join(name.split()) for asked in MARK.findall(text) for name in asked.split(";")]


def table(root: Path, text: str) -> str:
    """The Markdown table of the terms that a cell asks for. Raises ValueError for one that the glossary hasn't."""
    terms, lines = read(root), ["| English | 中文 | Meaning |", "|---|---|---|"]
    for name in names(text):
        if name not in terms:
            raise ValueError(f"sources/glossary.csv has no term {name!r}.{near(name, terms)}")
        lines.append(f"| {name} | {terms[name][0]} | {terms[name][1]} |")
    return "\n".join(lines)

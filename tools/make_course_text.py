"""Write gan_edu/data/embedded/course_chapters.txt from the sources of the chapters, for gan_edu.data.chapters.

    python -m tools.make_course_text 00 60      the chapters from 00 to 60

The text that comes with the package is a copy that stays: what chapter 57 measures, and the finished model of letters,
belong to it. Run this only to make another one, and say so with --again.
"""

import argparse
import re
from collections import Counter

from gan_edu.data.text import CHAPTERS_FILE
from gan_edu.files import write_atomically
from tools.build import ROOT

WORDS = 5  # a shorter line is a heading or a rest


def paragraphs(source: str) -> list[str]:
    """The paragraphs of the markdown cells of a percent script, without formulas, code, tables and markup."""
    found = []
    for cell in re.split(r"^# %%", source, flags=re.M)[1:]:
        if not cell.startswith(" [markdown]"):
            continue
        text = "\n".join(line[2:] for line in cell.splitlines()[1:] if line.startswith("#"))
        formula = r"\$\$.*?\$\$|\$(?=\S)(?:(?!\n\s*\n)[^$])*(?<=\S)\$"  # no paragraph ends within, no space at its ends
        for pattern in (r"^```.*?^```", r"`[^`]*`", formula, r"</?[a-z][^>]*>", r"\{\{.*?\}\}"):
            text = re.sub(pattern, " ", text, flags=re.S | re.M)
        text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
        text = re.sub(r"[\u4e00-\u9fff]+", " ", text)
        for part in re.split(r"\n>?\s*\n|\n(?=#|>?\s*[-*] |\s*\d+\. )", text):
            if re.match(r"\s*(>\s*)?\|", part):
                continue  # a table
            plain = re.sub(r"^[\s>#=-]+|\*+|(?<!\w)_|_(?!\w)", "", re.sub(r"\n>?", " ", part))
            plain = re.sub(r"\s+([.,;:?!)])", r"\1", re.sub(r"\s+", " ", plain)).strip()
            if len(plain.split()) >= WORDS:
                found.append(plain)
    return found


def collect(first: str, last: str) -> dict[str, list[str]]:
    """{number: paragraphs} of the chapters from `first` to `last`; what stands in two of them is left out of both."""
    found = {
        path.name[:2]: paragraphs(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "sources/chapters").glob("*.py"))
        if first <= path.name[:2] <= last
    }
    count = Counter(line for lines in found.values() for line in set(lines))
    return {number: [line for line in lines if count[line] == 1] for number, lines in found.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first")
    parser.add_argument("last")
    parser.add_argument("--again", action="store_true", help="write over the text that models have learned from")
    arguments = parser.parse_args()
    if not arguments.again and CHAPTERS_FILE.exists():
        parser.error(f"{CHAPTERS_FILE.name} is there, and models have learned from it: --again writes over it")
    text = "".join(
        f"= {number}\n" + "".join(line + "\n" for line in lines)
        for number, lines in collect(arguments.first, arguments.last).items()
    )
    if not text:
        parser.error(f"there is no chapter from {arguments.first} to {arguments.last}")
    write_atomically(CHAPTERS_FILE, text.encode())
    print(f"{CHAPTERS_FILE.name}: {len(text.split()):,} words, {len(text) / 1e3:.0f} kB")

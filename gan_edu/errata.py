"""Errata: what five articles on GANs say, what is true, and how one can tell, as data.

    ENTRIES                              all of them, in the order of the articles
    get("E-35")                          one
    find("sigmoid", kind="code")         those that hold all these words and are of this kind
    show("S1")                           the entries of an article, folded, in a notebook

The data stand in `errata.csv`, one line for each entry, and can be sorted in any spreadsheet. Chapter 62 shows them.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from gan_edu.settings import near

ARTICLES = {  # key → subject, how the text begins (or what it calls itself)
    "S0": ("GANs and causal inference", "生成对抗网络……和因果推断……是两个非常热门的研究领域"),
    "S1": ("GANs, basics and applications", "《1. 深入浅出：生成对抗网络的基础和应用》"),
    "S2": ("Generative models and GANs", "人工智能……与计算机科学……之间的联系在不断加强"),
    "S3": ("Probability and statistics behind GANs", "随着人工智能技术的不断发展，生成对抗网络（GANs）已经成为……"),
    "S4": ("From GANs to VAEs", "深度学习是人工智能领域的一个重要分支"),
}
KINDS = {"fact": "Facts", "formula": "Formulas", "code": "Code", "advice": "Advice"}
GRAVITY = {3: "teaches something false, or can't work", 2: "wrong, in a limited way", 1: "imprecise"}
SEPARATOR, MUSEUM = " ; ", "60_museum_of_failures#"


@dataclass(frozen=True)
class Entry:
    """One sentence, formula or piece of code, and what is true.

    number: "E-35". article: a key of ARTICLES. lines: where, in the plain text. kind: a key of KINDS. gravity: 1 to 3.
    quote: a few words or signs as they stand there, to search for. says: the same in English. true: what is true.
    tell: how one can tell, in words, or "". course: "stem#heading" of the chapters that show it. source: links. words:
    more words to look it up by, English and Chinese, such as those of the question that it answers.
    """

    number: str
    article: str
    lines: str
    kind: str
    gravity: int
    quote: str
    says: str
    true: str
    tell: str = ""
    course: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    words: str = ""

    def __repr__(self) -> str:
        return f"Entry({self.number}, {self.article} {self.lines}, {self.kind}, {self.stars})"

    @property
    def stars(self) -> str:
        return "★" * self.gravity

    @property
    def where(self) -> str:
        """The lines, as a reader is told: "line 5", "lines 9, 18", "line 18 (also S3 5)"."""
        several = re.search("[,–]", self.lines.partition(" (")[0])
        return f"line{'s' * bool(several)} {self.lines}"

    @property
    def rooms(self) -> list:
        """The exhibits of the museum (chapter 60) that run this slip, or the nearest one that PyTorch has."""
        from gan_edu import museum  # which needs torch

        return [each for each in museum.EXHIBITS if self.number in each.errata]

    def text(self) -> str:
        """All that it says, as plain text."""
        rows = {
            "article": f"{self.article}, {self.where}: {self.quote}",
            "says": self.says,
            "true": self.true,
            "tell": self.tell,
            "course": "; ".join(label(each) for each in self.course),
            "museum": "; ".join(each.name for each in self.rooms),
            "source": "; ".join(self.source),
        }
        told = [f"{self.number}  {self.stars}  {self.kind}"]
        return "\n".join(told + [f"  {what + ':':9}{value}" for what, value in rows.items() if value])


def read(path: str | Path) -> tuple[Entry, ...]:
    """The entries of a CSV file with the columns of `errata.csv`."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["gravity"] = int(row["gravity"])
        for key in ("course", "source"):
            row[key] = tuple(filter(None, row[key].split(SEPARATOR)))
    return tuple(Entry(**row) for row in rows)


ENTRIES = read(Path(__file__).with_suffix(".csv"))


def get(number: str) -> Entry:
    """The entry with this number, such as "E-35"; ValueError with the nearest ones if there is none."""
    for each in ENTRIES:
        if each.number.lower() == str(number).strip().lower():
            return each
    raise ValueError(f"There is no entry {number!r}.{near(str(number), [each.number for each in ENTRIES])}")


def find(
    words: str = "", *, kind: str | None = None, article: str | None = None, gravity: int | None = None, by="article"
) -> list[Entry]:
    """The entries whose texts, or whose `words`, hold each of these words, in upper or lower case, English or Chinese.

    An English word is found where a word begins: "min" in "minimise" and not in "terminal".
    kind: one of KINDS. article: one of ARTICLES. gravity: 1, 2 or 3, and more grave ones too. by: the order, "article",
    "kind" or "gravity" (the gravest first).
    """
    for value, known, what in ((kind, KINDS, "kind"), (article, ARTICLES, "article"), (gravity, GRAVITY, "gravity")):
        if value is not None and value not in known:
            raise ValueError(f"There is no {what} {value!r}; there are: {', '.join(map(str, sorted(known)))}.")
    orders = {
        "article": lambda each: 0,
        "kind": lambda each: list(KINDS).index(each.kind),
        "gravity": lambda each: -each.gravity,
    }
    if by not in orders:
        raise ValueError(f"There is no order {by!r}; there are: {', '.join(orders)}.")
    wanted = [re.compile(_beginning(word), re.IGNORECASE) for word in str(words).split()]
    found = [
        each
        for each in ENTRIES
        if kind in (None, each.kind)
        and article in (None, each.article)
        and each.gravity >= (gravity or 0)
        and all(word.search(f"{each.text()}\n{each.words}") for word in wanted)
    ]
    return sorted(found, key=orders[by])


def _beginning(word: str) -> str:
    """A pattern for this word; if it begins with a letter from A to Z, no such letter may stand before it."""
    return ("(?<![a-z])" if re.match("[a-z]", word, re.IGNORECASE) else "") + re.escape(word)


# ---- for notebooks ---------------------------------------------------------------------------------------------------


def label(place: str) -> str:
    """The place "32_optimal_discriminator#1. Place by place", as a reader sees it: "32 · Place by place"."""
    stem, _, heading = place.partition("#")
    return f"{stem[:2]} · {re.sub(r'^[0-9]+[.] ', '', heading)}"


def link(place: str, text: str = "") -> str:
    """The same place as a link between notebooks, by JupyterLab's rule for headings; the text is its label."""
    stem, _, heading = place.partition("#")
    return f"[{text or label(place)}]({stem}.ipynb#{heading.replace(' ', '-')})"


def table(entries) -> str:
    """Entries as a Markdown table of four columns."""
    from gan_edu import museum

    lines = ["| Entry | The article says | What is true | How one can tell |", "|---|---|---|---|"]
    for each in entries:
        quote = f"`{each.quote}`" if each.kind in ("formula", "code") and each.quote.isascii() else each.quote
        rooms = ", ".join(link(MUSEUM + museum.FAMILIES[room.family][0], room.name) for room in each.rooms)
        tell = [_cell(each.tell), *map(link, each.course), rooms and f"museum: {rooms}", *each.source]
        row = (
            f"**{each.number}** {each.stars}<br>{each.where}",
            f"{_cell(each.says)}<br>{_cell(quote)}",
            _cell(each.true),
            "<br>".join(filter(None, tell)),
        )
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def as_markdown(article: str) -> str:
    """The entries of an article, folded by kind."""
    subject, begins = ARTICLES[article]
    told = [f"{article}: {subject}. It begins, or calls itself: {begins}"]
    for kind, title in KINDS.items():
        if chosen := find(article=article, kind=kind):
            told.append(
                f"<details><summary>{article} · {title}: {len(chosen)}</summary>\n\n{table(chosen)}\n\n</details>"
            )
    return "\n\n".join(told)


def show(article: str) -> None:
    """Show the entries of an article in a notebook, folded by kind."""
    from IPython.display import Markdown, display

    find(article=article)  # says what is wrong with a name
    display(Markdown(as_markdown(article)))


def _cell(text: str) -> str:
    """A text that stands in a cell of a table: bars, and underscores outside of code, are escaped."""
    parts = text.replace("|", r"\|").split("`")
    parts[::2] = [part.replace("_", r"\_") for part in parts[::2]]
    return "`".join(parts)

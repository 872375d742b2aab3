"""Where does the course speak of …? Sections, questions, terms and errata, found by words, English or Chinese, offline.

    find("loss is zero")       the entries that fit best, the best first
    ask("判别器损失为零")        the same, shown in a notebook with links, or printed

In a terminal: `gan-edu ask "loss is zero"`. What is searched are the chapters themselves, as they lie in the course's
folder: headings with the sentence below, the tables of key terms, and the errata.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gan_edu.cli import course_folder

ENOUGH = 0.25  # what chance gives: the best fit of words that the course does not hold
SMALL = frozenset(  # words that give a question its form; what it is about stands in the others
    (
        "a am an and any are as at be been but by can could did do does doing for from get gets had has have how "
        "i if in is it its just me must my need of on or our please really shall should so some than that the "
        "their them then there these they this those to us use very want was we were what what's when where which "
        "who why will with would you your "
    ).split()
)
FORMS = (
    "为什么 怎么办 怎么样 怎么 怎样 如何 什么是 是什么 什么 需要 应该 是不是 有没有 可以 请问 我的 吗 呢 的 了".split()
)
SKIPPED = ("The idea in a picture", "Exercises and neighbours", "Further reading", "Recap", "Three quick questions")


@dataclass(frozen=True)
class Entry:
    """A place in the course.

    place: "stem#heading" of a chapter. title: the heading, the term in English and Chinese, or what an article says.
    says: the first sentence below, the term's meaning, or what is true. words: more words to find it by; with
    semicolons between them they are other ways to ask, each compared by itself.
    """

    place: str
    title: str
    says: str = ""
    words: str = ""

    @property
    def chapter(self) -> str:
        return self.place[:2]

    @property
    def asked(self) -> list[str]:
        """The texts with which a question is compared: the closest one counts."""
        if ";" not in self.words:
            return [f"{self.title} {self.words}"]
        return [self.title, *(way.strip() for way in self.words.split(";") if way.strip())]

    def link(self, start: Path) -> str:
        """The address of the place as seen from the folder `start`, by JupyterLab's rule for headings."""
        stem, _, heading = self.place.partition("#")
        path = os.path.relpath(course_folder(to_read=True) / "chapters" / f"{stem}.ipynb", start)
        return Path(path).as_posix() + (f"#{anchor(heading)}" if heading else "")


def read() -> list[Entry]:
    """All entries, in the order of the course. Raises cli.Problem where the chapters aren't."""
    from gan_edu import errata

    entries = []
    for path in sorted((course_folder(to_read=True) / "chapters").glob("[0-9][0-9]_*.ipynb")):
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        except (OSError, ValueError, KeyError, TypeError):
            continue  # one that a learner has damaged: the others are searched all the same
        entries += _of_chapter(path.stem, text)
    for each in errata.ENTRIES:
        place = each.course[0] if each.course else "62_errata"
        entries.append(Entry(place, f"{each.number}: {each.says}", each.true, each.words))
    return entries


def _of_chapter(stem: str, text: str) -> Iterator[Entry]:
    fenced = re.compile(r"^```.*?^```", re.M | re.S)
    blocks = re.split(r"^(#{1,3} .+)$", fenced.sub("", text), flags=re.M)
    for heading, below in zip(blocks[1::2], blocks[2::2], strict=True):
        title = heading.lstrip("#").strip()
        if title == "Key terms":
            yield from (Entry(f"{stem}#Key terms", *row) for row in _terms(below))
        elif title not in SKIPPED:
            also = re.search(r"\*Also asked as:?\*(.+?)(?=-->|\n\s*\n|\Z)", below, re.S)
            words = " ".join(also[1].split()) if also else ""
            yield Entry(f"{stem}#{title}", _plain(title), _first_sentence(below), words)


def _terms(table: str) -> Iterator[tuple[str, str, str]]:
    for line in table.splitlines():
        cells = [_plain(cell) for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if len(cells) == 3 and cells[0] != "English" and set(cells[0]) - set("-: "):
            short = re.fullmatch(r"(.+) \(([A-Z]{2,})\)", cells[0])  # "inception score (IS)": asked for by either name
            yield f"{cells[0]} · {cells[1]}", cells[2], "; ".join((*short.groups(), cells[1])) if short else ""


def _plain(markdown: str) -> str:
    """A text without links, emphasis and code marks; formulas stay, and so does all that is code."""
    text, kept = "", r"(?P<marks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=marks)(?!`)|\$[^$]+\$"
    markdown, end = re.sub(r"!?\[([^]`]*)\]\([^)]*\)", r"\1", markdown.replace(r"\|", "|")), 0
    for found in re.finditer(kept, markdown):
        text += _bare(markdown[end : found.start()]) + (found["code"] or found[0])
        end = found.end()
    return (text + _bare(markdown[end:])).strip()


def _bare(text: str) -> str:
    return re.sub(r"[*`]|<[^>]+>", "", text)


def anchor(heading: str) -> str:
    """What a link to a heading, in Markdown, ends with: JupyterLab takes its text as shown, with hyphens for spaces."""
    shown = re.sub(r"\$([^$]+)\$", lambda formula: re.sub(r"[_^{}\\ ]", "", formula[1]), _plain(heading))
    return shown.replace(" ", "-")


def _matter(text: str) -> str:
    """A question without its form: "Why do I see a grid in my pictures?" asks about "see grid pictures"."""
    words = [word for word in re.findall(r"[^\s?!,.;:，。？！；：]+", text.lower()) if word not in SMALL]
    left = " ".join(words)
    for form in FORMS:
        left = left.replace(form, "")
    return left.strip() or text


def _first_sentence(below: str) -> str:
    """The first sentence of running text below a heading, at most 200 characters."""
    for paragraph in re.split(r"\n\s*\n", below):
        if paragraph.strip() and not re.match(r"\s*([|>#!<-]|\$\$|\d+\.|\*Also asked)", paragraph):
            text = " ".join(_plain(paragraph).split())
            sentence = re.match(r".+?[.!?](?= [A-Z*]|$)", text)
            sentence = sentence[0] if sentence else text
            return sentence if len(sentence) <= 200 else sentence[:199].rsplit(" ", 1)[0] + " …"
    return ""


def find(question: str, most: int = 8) -> list[Entry]:
    """The entries that fit a question best, the best first; an empty list where none does.

    Texts are compared by TF-IDF over runs of 2 to 5 letters, so that endings, slips of the keyboard and Chinese need no
    dictionary; the words of a question's form count nothing, titles twice. Raises ValueError for an empty question,
    cli.Problem where the chapters aren't.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not str(question).strip():
        raise ValueError('Ask something, for example "loss is zero".')
    entries = read()
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    asked = [_matter(text) for each in entries for text in each.asked]
    texts = letters.fit_transform([each.says for each in entries] + asked)
    fit = (texts @ letters.transform([_matter(str(question))]).T).toarray().ravel().tolist()
    said, closest = fit[: len(entries)], iter(fit[len(entries) :])
    score = [max(next(closest) for _ in each.asked) + 0.5 * half for each, half in zip(entries, said, strict=True)]
    best = sorted(range(len(entries)), key=lambda i: -score[i])
    once = {entries[i].title: entries[i] for i in reversed(best) if score[i] > ENOUGH}  # of each title its best place
    return list(reversed(once.values()))[:most]


def ask(question: str, most: int = 8) -> None:
    """Show in a notebook, with links, where the course speaks of something. Raises as `find` does."""
    from IPython.display import Markdown, display

    found = find(question, most)
    start = Path.cwd()
    lines = [f"- [{each.chapter} · {each.title}](<{each.link(start)}>)<br>{each.says}" for each in found]
    display(Markdown("\n".join(lines) or f"Nothing in the course is like “{question}”. Try other words."))


def as_text(question: str, most: int = 8) -> str:
    """The same as plain text, for a terminal."""
    found, start = find(question, most), Path.cwd()
    rows = [f"{each.chapter} · {each.title}\n     {each.says}\n     {each.link(start)}" for each in found]
    return "\n".join(rows) or f'Nothing in the course is like "{question}". Try other words.'

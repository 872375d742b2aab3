"""Turn the course's notebooks, as they are stored, into a site that is read without a kernel and without a network.

    python3 course.py site                  build/site/index.html
    python tools/make_site.py --check       only check the links of the site that is there

No cell is run: the site shows the outputs that `tools/build.py` has stored. Sphinx and myst-nb make the pages, with the
settings in sources/site/conf.py; this script prepares what they read (`pages`), and looks through what they wrote
(`finish`, `broken_links`). The same notebooks give the same files.
"""

import argparse
import ast
import csv
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools import course_map  # noqa: E402

KINDS = ("chapters", "exercises", "solutions")
SOURCE = {"chapters": "chapters", "exercises": "solutions", "solutions": "solutions"}  # folders of sources/
PARTS = re.compile(r"^\| (\d · [^|]+?) \|", re.M)  # README's map
HIDDEN_TESTS = re.compile(r"\n?### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS", re.S)
MARKS = re.compile(r"^ *(?:<!-- )?### (?:BEGIN|END) SOLUTION(?: -->)?\n?", re.M)
HINT = re.compile(r"^# q\.(\w+)\.hint\(\).*$", re.M)
TITLES = {"title", "suptitle", "xlabel", "ylabel", "label", "set_title", "set_xlabel", "set_ylabel", "supxlabel"}


class SiteError(Exception):
    """What is wrong with the pages, in words for an author."""


# ---- where the course lives --------------------------------------------------------------------------------------


def repository(root: Path) -> str:
    """The address of the course's repository on the web, from git's remote "origin"; "" where there is none."""
    if shutil.which("git") is None:
        return ""
    asked = subprocess.run(["git", "remote", "get-url", "origin"], cwd=root, capture_output=True, text=True)
    return web_address(asked.stdout.strip()) if asked.returncode == 0 else ""


def web_address(remote: str) -> str:
    """https://host/owner/name of a git remote; "" for one that is no web address, such as a folder."""
    found = re.fullmatch(r"(?:https?://|ssh://)?(?:[^/@]+@)?([\w.-]+\.\w+)(?::\d+)?[:/](.+?)(?:\.git)?/?", remote)
    return f"https://{found[1]}/{found[2]}" if found else ""


def file_address(address: str, path: str, action: str = "blob") -> str:
    """Where a forge shows a file (action "blob") or lets people edit it ("edit"). address: see `web_address`."""
    between = "/-/" if "gitlab" in urlsplit(address).netloc else "/"
    return f"{address}{between}{action}/main/{path}"


# ---- from notebooks to pages -------------------------------------------------------------------------------------


def page(nb, root: Path, kind: str, name: str, address: str = ""):
    """The notebook as the site shows it; `nb` itself is changed. kind: one of KINDS. address: see `web_address`.

    Raises SiteError for a hint that the checks haven't.
    """
    section = ""
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            section = (re.findall(r"^#+ +(.+)$", cell.source, re.M) or [section])[-1]
            cell.source = _summaries(_outside_links(cell.source, address))
            cell.metadata = {}
        else:
            folded = cell.metadata.get("jupyter", {}).get("source_hidden", False)
            cell.metadata = nbformat.from_dict({"tags": ["hide-input"]} if folded else {})
            if any("image/png" in output.get("data", {}) for output in cell.outputs):
                cell.metadata.mystnb = {"image": {"alt": described(cell.source, section)}}
            cell.source = HIDDEN_TESTS.sub("", cell.source)
        if kind == "solutions":
            cell.source = MARKS.sub("", cell.source)
            cell.source = HINT.sub("", cell.source).strip("\n")
    nb.metadata.pop("widgets", None)
    if kind == "exercises":
        known = hints(root, name)
        nb.cells = [new for cell in nb.cells for new in _with_hints(cell, name, known)]
        nb.cells.insert(1, nbformat.v4.new_markdown_cell(ANSWERED_IN_LAB.format(name=name)))
    if kind == "solutions":
        nb.cells[0].source = nb.cells[0].source.replace("# Exercises ", "# Solutions ", 1)
        nb.cells = [cell for cell in nb.cells if cell.source]
    for number, cell in enumerate(nb.cells):
        cell.id = f"cell-{number}"
    return nb


ANSWERED_IN_LAB = (
    ":::{{note}}\nThis page only shows the questions. In JupyterLab they answer back: call `python3 course.py lab` and "
    "open `exercises/{name}.ipynb`. Its checks say what a wrong answer looks like.\n:::"
)


def described(source: str, section: str) -> str:
    """Alternative text of a picture that a cell draws: where it stands, and the words that its code writes into it.

    source: Python, with IPython's magics or without. What isn't written down as a string isn't found.
    """
    words: list[str] = []
    try:
        tree = ast.parse(re.sub(r"^[%!].*$", "", source, flags=re.M))
    except SyntaxError:
        tree = ast.Module([], [])
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            values = [keyword.value for keyword in node.keywords if keyword.arg in TITLES]
            values += node.args[:1] if called in TITLES else []
            words += [one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    section = section.replace("`", "")
    said = "; ".join(dict.fromkeys(" ".join(word.split()) for word in words if word.strip()))
    return f"Picture drawn by the code above, in “{section}”." + (f" It says: {said}." if said else "")


def _outside_links(text: str, address: str) -> str:
    """Links to files that are no pages go to the repository, or become plain text where none is known."""

    def replace(match):
        words, path = match[1], match[2]
        if re.match(r"(assets|chapters|exercises|solutions)/", path):
            return match[0]
        return f"[{words}]({file_address(address, path)})" if address else words

    return re.sub(r"(?<!!)\[([^\]]+)\]\(\.\./([^)\s]+)\)", replace, text)


def _summaries(text: str) -> str:
    """What stands between <summary> tags is HTML, and no Markdown: formulas and code get their tags here."""

    def replace(match):
        inner = re.sub(r"\$([^$]+)\$", lambda found: f'<span class="math">{html.escape(found[1])}</span>', match[1])
        return "<summary>" + re.sub(r"`([^`]+)`", r"<code>\1</code>", inner) + "</summary>"

    return re.sub(r"<summary>(.*?)</summary>", replace, text, flags=re.S)


def hints(root: Path, name: str) -> dict[str, tuple[str, ...]]:
    """{question: its hints} of an exercise, read from its checks without importing them (torch takes seconds)."""
    tree = ast.parse((root / f"gan_edu/checks/chapter_{name[:2]}.py").read_text(encoding="utf-8"))
    found = {}
    for node in ast.walk(tree):
        for call in getattr(node, "decorator_list", []):
            for keyword in getattr(call, "keywords", []):
                if keyword.arg == "hints":
                    found[node.name] = ast.literal_eval(keyword.value)
    return found


def _with_hints(cell, name: str, known: dict[str, tuple[str, ...]]) -> list:
    """A cell that offers `q.name.hint()` becomes its hints, folded; other lines of it stay."""
    if cell.cell_type != "code" or not (asked := HINT.findall(cell.source)):
        return [cell]
    folded = []
    for question in asked:
        if question not in known:
            raise SiteError(f"exercises/{name}: gan_edu.checks has no question {question!r} to take hints from.")
        for number, hint in enumerate(known[question], 1):
            title = f"Hint {number} of {len(known[question])}"
            told = html.escape(hint).replace("\n", "<br>")
            folded.append(f'<details class="hint"><summary>{title}</summary><p>{told}</p></details>')
    cell.source = HINT.sub("", cell.source).strip()
    return [nbformat.v4.new_markdown_cell("\n".join(folded)), *([cell] if cell.source else [])]


def pages(root: Path, folder: Path, address: str) -> None:
    """Write what Sphinx reads into `folder`: all notebooks, the first page, the paths, the glossary."""
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(root / "assets", folder / "assets")
    names = [path.stem for path in sorted((root / "chapters").glob("[0-9][0-9]_*.ipynb"))]
    for kind in KINDS:
        (folder / kind).mkdir()
        for name in names:
            path = root / kind / f"{name}.ipynb"
            if path.exists():
                nb = page(nbformat.read(path, 4), root, kind, name, address)
                nbformat.write(nb, folder / kind / f"{name}.ipynb")
    index = (root / "sources/site/index.md").read_text(encoding="utf-8")
    _write(folder / "index.md", index.replace("{{map}}", chapter_map(root, names)) + contents(root, names))
    _write(folder / "paths.md", ways(root))
    _write(folder / "glossary.md", glossary_page(root))
    for kind, told in (("exercises", EXERCISES), ("solutions", SOLUTIONS)):
        there = [name for name in names if (folder / kind / f"{name}.ipynb").exists()]
        _write(folder / f"{kind}.md", told + toctree("", [f"{kind}/{name}" for name in there], hidden=False))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


EXERCISES = """# Exercises

Every chapter has exercises. Read the chapter first. Each question has hints, which are folded: open one, try again,
and only then open the next. The answers are in a place of their own, the [worked solutions](solutions.md).

"""
SOLUTIONS = """# Worked solutions

One right answer to each question, with what it prints. Try the [exercises](exercises.md) first: an answer that you
have found, or nearly found, stays longer than one that you have read.

"""


def toctree(caption: str, entries: list[str], hidden: bool = True) -> str:
    options = [f":caption: {caption}"] * bool(caption) + [":hidden:"] * hidden + [":maxdepth: 1"]
    return "\n".join(["```{toctree}", *options, "", *entries, "```", ""])


def parts(root: Path) -> dict[str, str]:
    """{"2": "2 · Concepts"}, from the map in the README."""
    return {title[0]: title for title in PARTS.findall((root / "README.md").read_text(encoding="utf-8"))}


def contents(root: Path, names: list[str]) -> str:
    """The order of the pages: the parts with their chapters, then what goes with them."""
    trees = [toctree("Course", ["paths"])]
    for digit, title in parts(root).items():
        if here := [f"chapters/{name}" for name in names if name[0] == digit]:
            trees.append(toctree(title, here))
    return "\n" + "\n".join([*trees, toctree("Beside the chapters", ["exercises", "solutions", "glossary"])])


def chapter_map(root: Path, names: list[str]) -> str:
    """A Markdown list of the parts and their chapters."""
    titles, lines = course_map.short_titles(root), []
    for digit, title in parts(root).items():
        links = [f"[{name[:2]} {titles[name[:2]]}](chapters/{name}.ipynb)" for name in names if name[0] == digit]
        if links:
            lines.append(f"- **{title}**: " + " · ".join(links))
    return "\n".join(lines)


def ways(root: Path) -> str:
    """The page of the three ways through the course, from the same file as chapter 00's table."""
    titles = course_map.short_titles(root)
    files = {path.stem[:2]: path.stem for path in sorted((root / "chapters").glob("[0-9][0-9]_*.ipynb"))}
    text = "# Three ways through the course\n\n" + course_map.paths_table(root)
    for name, wanted in course_map.PATHS.items():
        text += f"\n\n## {name[0].upper()}{name[1:]}\n\n"
        for chapter in wanted or files:
            read, solve = course_map.minutes(chapter, root)
            text += f"1. [{chapter} · {titles[chapter]}](chapters/{files[chapter]}.ipynb): {read} minutes to read"
            text += f", {solve} for the [exercises](exercises/{files[chapter]}.ipynb)\n" if solve else "\n"
    picture = "The map of the course: arrows go from a chapter to those that need it. The box “Before you start” "
    picture += "at the top of each chapter says the same in words."
    return f"{text}\n## What needs what\n\n![{picture}](assets/course_map.png)\n"


def slug(title: str) -> str:
    """The anchor of a heading, as JupyterLab makes it, and as the notebooks link it."""
    return title.replace(" ", "-")


def glossary(root: Path) -> list[tuple[str, str, str]]:
    """(English, Chinese, meaning) in the order of the file."""
    with open(root / "sources/glossary.csv", encoding="utf-8", newline="") as file:
        return [(row["english"], row["chinese"], row["meaning"]) for row in csv.DictReader(file)]


def anchor(term: str) -> str:
    """The place of a term on the glossary's page."""
    return "term-" + (re.sub(r"[^a-z0-9]+", "-", term.lower()).strip("-") or "x")


def glossary_page(root: Path) -> str:
    rows = sorted(glossary(root), key=lambda row: re.sub(r"\W", "", row[0].lower()))
    if twice := [name for name, number in Counter(anchor(row[0]) for row in rows).items() if number > 1]:
        raise SiteError(f"sources/glossary.csv: two terms have the place {twice[0]!r} on the page.")
    lines = ["# Glossary\n\nThe words of the course, in English and in Chinese. In the chapters, some of them have a"]
    lines += ["dotted line below: point at one, or reach it with the Tab key, and its meaning shows.", ""]
    lines += ["| Term | 中文 | Meaning |", "|---|---|---|"]
    for english, chinese, meaning in rows:
        term = f'<span id="{anchor(english)}" class="entry">{_bar(english)}</span>'
        lines.append(f'| {term} | <span lang="zh">{_bar(chinese)}</span> | {_bar(meaning)} |')
    return "\n".join(lines) + "\n"


def _bar(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


# ---- from pages to the site --------------------------------------------------------------------------------------


def make(root: Path = ROOT, out: Path | None = None, address: str | None = None) -> Path:
    """Make the site; returns its folder. Raises SiteError for what Sphinx complains about, and for broken links.

    out: the folder, build/site unless given; a site that is there is replaced when all is well, and SiteError is raised
    for a folder that holds something else. address: see `web_address`; asked of git unless given.
    """
    root = Path(root)
    out = Path(out) if out else root / "build/site"
    _check_replaceable(out)

    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    address = repository(root) if address is None else address
    settings = {"course_address": address, "course_root": str(root)}
    out.parent.mkdir(parents=True, exist_ok=True)
    # Beside it, so that nothing of it is published.
    with tempfile.TemporaryDirectory(prefix=f"{out.name}-work-", dir=out.parent) as work:
        work = Path(work)
        pages(root, work / "pages", address)
        with patch_docutils(str(root / "sources/site")), docutils_namespace():
            app = Sphinx(
                work / "pages", root / "sources/site", work / "site", work / "doctrees", "html", settings, status=None
            )
            app.build()
        if app._warncount:
            raise SiteError(f"Sphinx has {app._warncount} complaints about the pages; they stand above.")
        _write(work / "site/_static/game.js", game(root))
        finish(work / "site")
        if broken := broken_links(work / "site"):
            raise SiteError("Links that lead nowhere:\n" + "\n".join(broken))
        if out.exists():
            shutil.rmtree(out)
        shutil.move(work / "site", out)
    return out


def game(root: Path) -> str:
    """The script of the game on the first page: the widgets' view, the engine, the runs behind it, the page."""
    view = [root / f"gan_edu/widgets/static/{name}.js" for name in ("common", "surface")]
    own = [root / f"sources/site/game/{name}.js" for name in ("engine", "session", "page")]
    return "(() => {\n" + "\n".join(path.read_text(encoding="utf-8") for path in [*view, *own]) + "\n})();\n"


def _check_replaceable(out: Path) -> None:
    """Raise SiteError unless `out` isn't there, is empty, or holds a site that `make` has made."""
    made = (out / ".nojekyll").is_file() and (out / "_static/site.js").is_file() and not (out / ".git").exists()
    if out.exists() and not made and not (out.is_dir() and not any(out.iterdir())):
        raise SiteError(f"{out} holds something other than a site, and would be replaced. Name a new folder.")


# The theme draws its icons from fonts; this script of 1.6 MB draws icons that themes add, and the course adds none.
ICON_SCRIPT = re.compile(r"\s*<!-- So that users can add [^>]*-->\s*<script [^>]*/fontawesome\.js[^>]*></script>")

# The theme loads the whole index of words on every page, for results while one types, which is switched off.
INDEX = re.compile(r'\s*<script src="[^"]*(?:searchtools\.js|language_data\.js|searchindex\.js)"></script>')
# In the theme's sidebar, what folds a list has no name that could be read aloud.
TOGGLE = '<summary><span class="toctree-toggle"'
NAMED = TOGGLE.replace("<summary>", '<summary aria-label="Show or hide the pages below">')
IMAGE = re.compile(r'<img(?![^>]* loading=)(?=[^>]* src="([^"]+\.png)")')
ICON = re.compile(r"\.(fa-[\w-]+(?:,\.fa-[\w-]+)*)\{--fa:[^}]*\}")  # the theme's styles name two thousand


def finish(out: Path) -> None:
    """Take away what pages don't need, name what has no name. Raises SiteError where the theme isn't as it was."""
    for path in sorted(out.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        text, found = ICON_SCRIPT.subn("", text)
        if found != 1 and "fontawesome" in text:
            raise SiteError(f"{path.relative_to(out)}: the theme loads its icons in another way than `finish` knows.")
        if path.name != "search.html":
            text = INDEX.sub("", text)
        text = IMAGE.sub(partial(_lazy, path.parent), text)
        _write(path, text.replace(TOGGLE, NAMED))
    unused = [*out.rglob("*.map"), *(out / "_static").glob("*-macros.html"), out / "objects.inv", out / ".buildinfo"]
    for path in [*unused, out / "_static/scripts/fontawesome.js"]:
        path.unlink(missing_ok=True)
    shown = " ".join(path.read_text(encoding="utf-8") for path in [*out.rglob("*.html"), *out.rglob("scripts/*.js")])
    used = set(re.findall(r"fa-[\w-]+", shown))
    for path in out.glob("_static/styles/*.css"):
        text = path.read_text(encoding="utf-8")
        _write(path, ICON.sub(lambda found: found[0] if used & set(found[1].split(",.")) else "", text))
    _write(out / ".nojekyll", "")  # GitHub's pages leave out folders that begin with _ otherwise


def _lazy(folder: Path, found: re.Match) -> str:
    """A picture that is fetched when it comes near, and whose place is kept until then."""
    from PIL import Image

    path = folder / unquote(found[1])
    if not path.is_file():
        return found[0]  # `broken_links` tells of it
    with Image.open(path) as picture:
        width, height = picture.size
    return f'{found[0]} width="{width}" height="{height}" loading="lazy"'


class _Page(HTMLParser):
    """What a page links to, and the places in it that links can lead to."""

    def __init__(self, text: str):
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.twice: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if place := given.get("id"):
            self.twice += [place] * (place in self.places)
            self.places.add(place)
        for name in ("href", "src", "poster", "data-src"):
            if given.get(name):
                self.links.append(given[name])


def broken_links(out: Path) -> list[str]:
    """Links, pictures, scripts and anchors inside the site that aren't there, and ids that a page has twice.

    Raises SiteError where there are no pages.
    """
    found = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(out.rglob("*.html"))}
    if not found:
        raise SiteError(f"There are no pages in {out}.")
    wrong = []
    for path, one in found.items():
        here = path.relative_to(out)
        wrong += [f"{here}: the id {place} twice" for place in one.twice]
        for link in dict.fromkeys(one.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = Path(os.path.normpath(path.parent / unquote(parts.path))) if parts.path else path
            if not target.is_file():
                wrong.append(f"{here}: {link}")
            elif parts.fragment and target in found:
                if unquote(parts.fragment) not in found[target].places:
                    wrong.append(f"{here}: {link}")
    return wrong


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="course.py site", description="Make a site from the stored notebooks.")
    parser.add_argument("--check", action="store_true", help="only check the links of the site that is there")
    parser.add_argument("--out", type=Path, default=ROOT / "build/site", help="its folder, replaced (build/site)")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            broken = broken_links(options.out)
            print("\n".join(broken) or "every link leads somewhere")
            return int(bool(broken))
        out = make(out=options.out.resolve())
    except SiteError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(f"The site is in {out}. To look at it: python3 -m http.server --directory {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Slides of a chapter, made from its built notebook: one HTML file that needs no network, no kernel and no server.

    python -m tools.slides 21                 write slides/21_the_adversarial_game.html
    python -m tools.slides 21 23 --out DIR    several chapters, into another folder
    python -m tools.slides                    all chapters

The rule: each `##` section starts a slide. Shown are its first paragraph, lists, tables, displayed formulas, pictures,
recordings and what the cells print. A prediction stands alone on its slide, so that the class can answer before the
next one. Other prose and the code go into the notes (key N). What doesn't fit on a slide flows onto the next one; the
page itself sees to that, because only a browser knows how high things are. Formulas become MathML, which browsers draw.
"""

import argparse
import base64
import html
import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools import lint  # noqa: E402

PAGE = Path(__file__).with_name("slides.html")
LINE = 90  # letters that a line of printed text has room for
LEFT_OUT = ("Help, I get …", "Exercises and neighbours", "Further reading", "Key terms")
# Browsers set the name of a function close to what follows it, unless it is an operator with room on its right.
FUNCTION = re.compile(r"<mi>(log|ln|exp|sin|cos|tanh|max|min|sup|inf|det)</mi>")
IN_A_PARAGRAPH = re.compile(r"(?<=[.!?:)*])[ \n](?=\*\*(?:Predict|Before you run))")
CODE_OR_FORMULA = re.compile(r"(```.*?```|`[^`\n]+`)|\$\$(.+?)\$\$|(?<!\\)\$([^$]+)\$", re.S)


def write(notebook, folder):
    """Write the slides of a built chapter into `folder`. Returns their path."""
    nb = nbformat.read(notebook, 4)
    title, sections = parts(nb, Path(notebook).parent)
    sections = [f'<section data-title="{html.escape(name)}">{"".join(blocks)}</section>' for name, blocks in sections]
    page = (
        PAGE.read_text(encoding="utf-8")
        .replace("{{title}}", html.escape(title))
        .replace("{{sections}}", "\n".join(sections))
    )
    path = Path(folder, f"{Path(notebook).stem}.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def parts(nb, folder):
    """(title, [(heading, blocks)]) of a notebook; blocks are pieces of HTML. `folder`: where its pictures' paths start.

    The first section has no heading: it is the title, the sentence below it, and what one will be able to do.
    """
    first, *cells = nb.cells
    title = re.match(r"# (.+)", first.source)[1]
    able = re.search(r"\*\*You will be able to\*\*\n(.*?)\n>\s*\n", first.source, re.S)
    why = re.search(r"^\*(?!\*).+?\*$", first.source, re.S | re.M)
    words = f"# {title}\n\n{why[0] if why else ''}\n\n" + re.sub(r"^> ?", "", able[1] if able else "", flags=re.M)
    sections = [("", [*blocks_of(words, folder, keep=True)])]
    for cell in cells:
        if cell.cell_type == "code":
            sections[-1][1].extend(outputs(cell, folder))
            sections[-1][1].append(f'<aside class="notes"><pre>{html.escape(cell.source)}</pre></aside>')
            continue
        for piece in re.split(r"^(?=## )", cell.source, flags=re.M):
            if heading := re.match(r"## (.+)\n?", piece):
                sections.append((heading[1].replace("`", ""), []))
                piece = piece[heading.end() :]
            sections[-1][1].extend(blocks_of(piece, folder, keep=not sections[-1][1]))
    return title, [(name, blocks) for name, blocks in sections if name not in LEFT_OUT]


def blocks_of(text, folder, keep=False):
    """Markdown → pieces of HTML, each a block of a slide or a note. keep: show the first paragraph, too."""
    from bs4 import BeautifulSoup

    text = IN_A_PARAGRAPH.sub("\n\n", text)
    for element in BeautifulSoup(as_html(text, folder), "html.parser").find_all(recursive=False):
        asks = element.name == "p" and re.match(r"(Predict|Before you run)", element.get_text())
        shown = element.name != "p" or element.find("img") or element.find("math", display="block")
        if asks and element.find("strong"):
            yield f'<div class="asks">{element}</div>'
        elif shown or keep:
            yield str(element)
            keep = keep and element.name != "p"
        else:
            yield f'<aside class="notes">{element}</aside>'


def as_html(text, folder):
    """Markdown → HTML: formulas as MathML, pictures inside, links between notebooks as plain words."""
    from bs4 import BeautifulSoup
    from latex2mathml.converter import convert
    from nbconvert.filters import markdown2html

    formulas = []

    def keep(found):
        if found[1]:
            return found[1]
        latex = (found[2] or found[3]).strip().replace(r"\_", "_")
        mathml = convert(latex, display="block" if found[2] else "inline")
        formulas.append(FUNCTION.sub(r'<mo form="prefix" lspace="0.1em" rspace="0.17em">\1</mo>', mathml))
        return f"FORMULA{len(formulas) - 1}ENDS"

    page = BeautifulSoup(markdown2html(CODE_OR_FORMULA.sub(keep, text)), "html.parser")
    for link in page.find_all("a"):
        if "anchor-link" in link.get("class", []):
            link.decompose()
        elif not link.get("href", "").startswith("http"):
            link.unwrap()
    for image in page.find_all("img"):
        path = Path(folder, image["src"])
        image["src"] = f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
    return re.sub(r"FORMULA(\d+)ENDS", lambda found: formulas[int(found[1])], str(page))


def outputs(cell, folder):
    """What a cell shows, as blocks: printed text, Markdown, pictures, tables; of a widget, its recording."""
    plays = any("gan-edu-player" in "".join(each.get("data", {}).get("text/html", "")) for each in cell.outputs)
    for output in cell.outputs:
        data = output.get("data", {})
        if output.output_type == "stream":
            yield printed(output.text)
        elif "text/html" in data:
            yield f'<div class="html">{data["text/html"]}</div>'
        elif "text/markdown" in data:
            yield from blocks_of(data["text/markdown"], folder, keep=True)
        elif "image/png" in data and not plays:
            picture = data["image/png"].replace("\n", "")
            yield f'<p class="picture"><img src="data:image/png;base64,{picture}" alt="{_alternative(data)}"></p>'
        elif "text/plain" in data and "image/png" not in data and not any("widget-view" in kind for kind in data):
            yield printed(data["text/plain"])


def printed(text):
    """What a cell printed, in smaller letters where a printed table would be broken; very long lines are."""
    longest = max(map(len, text.splitlines()), default=0)
    size = f' style="font-size: {20 * LINE / longest:.1f}px"' if LINE < longest <= 1.7 * LINE else ""
    return f"<pre{size}>{html.escape(text.rstrip())}</pre>"


def _alternative(data):
    text = data.get("text/plain", "")
    return "a figure of the notebook" if text.startswith("<") or not text else html.escape(text, quote=True)


def main(arguments=None, root=ROOT):
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chapters", nargs="*", help="numbers, as 21; none: all")
    parser.add_argument("--out", default=Path(root, "slides"), help="the folder to write to (default: slides)")
    chosen = parser.parse_args(arguments)
    there = {path.name[:2]: path for path in lint.notebooks(root, "chapters")}
    for number in chosen.chapters:
        if number not in there:
            print(f"There is no chapter {number!r}. There are: {', '.join(there)}.", file=sys.stderr)
            return 2
    for number in chosen.chapters or there:
        try:
            path = write(there[number], chosen.out)
        except OSError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"{path}  ({path.stat().st_size / 1e6:.1f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

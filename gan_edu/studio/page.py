"""Pieces of a page of HTML that is one file: no script, no network, readable in light and dark, and on a phone."""

import base64
import html
import io
from collections.abc import Iterable, Mapping, Sequence

from PIL import Image

# Nothing may be loaded from anywhere, whatever a name of a file says.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --text: #1b1f24; --quiet: #57606a; --page: #fff; --card: #f4f6f8; --line: #d0d7de; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --quiet: #9da7b1; --page: #14181d; --card: #20262d; --line: #3b444d; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 62rem; background: var(--page); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .6rem; padding-top: .8rem; border-top: 1px solid var(--line); }
p { max-width: 44rem; margin: .5rem 0; }
.quiet, figcaption { color: var(--quiet); }
.row { display: grid; gap: 1rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr));
  align-items: start; margin: 1rem 0; }
figure { margin: 0; }
figcaption { font-size: .92rem; margin-bottom: .3rem; }
img { display: block; max-width: 100%; height: auto; border-radius: 4px; }
img.pixels { image-rendering: pixelated; }
img.drawn { background: #fff; padding: .4rem; border-radius: 8px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .6rem 0; }
caption { text-align: left; color: var(--quiet); font-size: .92rem; padding-bottom: .3rem; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th small { display: block; font-weight: 400; color: var(--quiet); max-width: 24rem; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th { font-weight: 600; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1rem; margin: .6rem 0; }
dt { color: var(--quiet); } dd { margin: 0; min-width: 0; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .9rem; }
pre { background: var(--card); padding: .8rem 1rem; border-radius: 8px; overflow-x: auto; overflow-wrap: normal; }
li { margin: .3rem 0; max-width: 44rem; }
"""


class Markup(str):
    """Text that is HTML already."""


def text(value) -> Markup:
    """Anything as text of a page: what is Markup stays as it is, everything else is escaped."""
    return value if isinstance(value, Markup) else Markup(html.escape(str(value)))


def element(tag: str, *inside, **attributes) -> Markup:
    """<tag attributes>inside</tag>; class_ is the attribute class."""
    said = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"' for name, value in attributes.items()
    )
    return Markup(f"<{tag}{said}>{''.join(map(text, inside))}</{tag}>")


def paragraph(*inside) -> Markup:
    return element("p", *inside)


def code(said: str) -> Markup:
    return element("code", said)


def program(said: str) -> Markup:
    return element("pre", element("code", said))


def facts(named: Mapping[str, object]) -> Markup:
    """Names and what they are."""
    rows = ((element("dt", name), element("dd", value)) for name, value in named.items())
    return element("dl", *(part for row in rows for part in row))


def bullets(items: Iterable) -> Markup:
    return element("ul", *(element("li", item) for item in items))


def table(head: Sequence[str], rows: Iterable[Sequence], caption: str) -> Markup:
    """The first cell of a row is its name. Numbers stand right."""

    def cell(value):
        said = str(value)
        numeric = not isinstance(value, Markup) and (said.lstrip("-")[:1].isdecimal() or said == "–")
        return element("td", value, **({"class_": "number"} if numeric else {}))

    top = element("tr", *(element("th", name, scope="col") for name in head))
    body = (element("tr", element("th", row[0], scope="row"), *map(cell, row[1:])) for row in rows)
    inside = element("caption", caption), element("thead", top), element("tbody", *body)
    return element("div", element("table", *inside), class_="wide", tabindex="0", role="region", aria_label=caption)


def name(said: str, meaning: str) -> Markup:
    """The name of a row, with what it means below."""
    return Markup(text(said) + element("small", meaning))


def section(title: str, *inside) -> Markup:
    return element("section", element("h2", title), *inside)


def figure(picture: Markup, caption) -> Markup:
    return element("figure", element("figcaption", caption), picture)


def row(*figures: Markup) -> Markup:
    return element("div", *figures, class_="row")


def uri(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def image(content: bytes, kind: str, alt: str, width: int, class_: str) -> Markup:
    """A picture of PNG, JPEG or GIF bytes, `width` pixels wide where there is room."""
    source = uri(content, kind)
    return Markup(
        f'<img class="{class_}" src="{source}" alt="{html.escape(alt)}" width="{width}" style="height: auto">'
    )


def pixels(picture: Image.Image, alt: str, scale: int = 1) -> Markup:
    """A grid of pictures. Large ones are stored as JPEG, which takes a quarter of the space."""
    buffer = io.BytesIO()
    large = picture.width * picture.height > 100_000
    picture.save(buffer, *(("JPEG",) if large else ("PNG",)), **({"quality": 90} if large else {"optimize": True}))
    return image(buffer.getvalue(), "jpeg" if large else "png", alt, scale * picture.width, "pixels")


def film(content: bytes, still: bytes, alt: str, width: int) -> Markup:
    """A GIF that stands still for those who want less motion."""
    reduced = f'<source media="(prefers-reduced-motion: reduce)" srcset="{uri(still, "png")}">'
    return Markup(f"<picture>{reduced}{image(content, 'gif', alt, width, 'pixels')}</picture>")


def page(title: str, *inside) -> bytes:
    """The whole file."""
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
    )
    return (head + "\n".join(map(text, inside)) + "\n</main>\n</body>\n</html>\n").encode("utf-8", "replace")

"""Sphinx's settings for the site. `tools/make_site.py` prepares the pages, and checks what Sphinx makes of them."""

import html
import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx.transforms import SphinxTransform

HERE = Path(__file__).resolve().parent
if str(HERE.parents[1]) not in sys.path:
    sys.path.insert(0, str(HERE.parents[1]))

from tools import glossary, make_site  # noqa: E402

project = "Generative adversarial networks, learned by doing"
author = "the authors of the course"
copyright = "the authors of the course; text and pictures CC BY 4.0, code Apache-2.0"
language = "en"
extensions = ["myst_nb"]
exclude_patterns = []
smartquotes = False  # the text has the quotation marks that it wants

nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "myst"
nb_ipywidgets_js = {}  # no widget needs a kernel here, and so no script from elsewhere
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4
myst_heading_slug_func = "tools.make_site.slug"

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["static"]
html_css_files = ["katex/katex.min.css", "site.css"]
html_js_files = [("katex/katex.min.js", {"defer": "defer"}), ("site.js", {"defer": "defer"})]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_math_renderer = "katex"
html_favicon = "static/favicon.svg"
html_context = {"default_mode": "auto"}
html_theme_options = {
    "use_download_button": False,
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "home_page_in_toc": True,
    "navbar_persistent": [],  # the field for searching stands in the sidebar
}


# ---- formulas: KaTeX draws them in the reader's browser, from the site's own files -------------------------------


def _inline(self, node):
    self.body.append(f'<span class="math notranslate">{html.escape(node.astext())}</span>')
    raise nodes.SkipNode


def _displayed(self, node):
    self.body.append(f'<div class="math notranslate">{html.escape(node.astext())}</div>\n')
    raise nodes.SkipNode


# ---- words of the glossary ---------------------------------------------------------------------------------------

NOT_IN = (nodes.title, nodes.reference, nodes.literal, nodes.literal_block, nodes.table, nodes.math, nodes.raw)
NOT_IN += (nodes.math_block,)


def written(term):
    """The ways in which a text may write a term: "evidence lower bound (ELBO)" as a whole, or its short form.

    None for those that only look like words: with a formula, or with a remark in brackets.
    """
    found = re.fullmatch(r"([^(),$]+?)(?: \(([A-Z]\w*)\))?", term)
    return [form for form in found.groups() if form] if found else []


class Words(SphinxTransform):
    """Underline each page's first use of a glossary's term, with its meaning.

    Terms of one word may mean something else in plain English; so only those that the chapter's own table lists.
    """

    default_priority = 900  # when the text is complete

    def apply(self, **kwargs):
        kind, _, name = self.env.docname.partition("/")
        if kind not in make_site.KINDS or not name:
            return
        root = Path(self.config.course_root)
        source = (root / f"sources/chapters/{name}.py").read_text(encoding="utf-8")
        own = set(glossary.names(source.replace("\n# ", " ")))
        meanings = {}
        for english, chinese, meaning in make_site.glossary(root):
            for form in written(english):
                if english in own or " " in form:
                    meanings[form.lower()] = english, chinese, meaning
        longest = sorted(map(re.escape, meanings), key=len, reverse=True)
        pattern = re.compile(rf"(?<![\w-])({'|'.join(longest)})(?:s?)(?![\w-])", re.I)
        seen = set()
        for text in list(self.document.findall(nodes.Text)):
            if not _within(text, NOT_IN):
                self.mark(text, pattern, meanings, seen)

    @staticmethod
    def mark(text, pattern, meanings, seen):
        whole, at, new = text.astext(), 0, []
        for match in pattern.finditer(whole):
            english, chinese, meaning = meanings[match[1].lower()]
            if english in seen:
                continue
            seen.add(english)
            link = f'<a class="term" href="../glossary.html#{make_site.anchor(english)}" '
            link += f'data-meaning="{html.escape(meaning)}" data-chinese="{html.escape(chinese)}">'
            new += [nodes.Text(whole[at : match.start()]), nodes.raw("", link, format="html")]
            new += [nodes.Text(match[0]), nodes.raw("", "</a>", format="html")]
            at = match.end()
        if new:
            text.parent.replace(text, [*new, nodes.Text(whole[at:])])


def _within(node, kinds):
    while node := node.parent:
        if isinstance(node, kinds):
            return True
    return False


# ---- "edit this page" --------------------------------------------------------------------------------------------


def edit_button(app, pagename, templatename, context, doctree):
    """A link to the source of a chapter or an exercise, where the course's address is known."""
    kind, _, name = pagename.partition("/")
    if app.config.course_address and name and kind in make_site.KINDS and "header_buttons" in context:
        path = f"sources/{make_site.SOURCE[kind]}/{name}.py"
        link = make_site.file_address(app.config.course_address, path, "edit")
        button = {"type": "link", "url": link, "text": "", "label": "edit-button", "icon": "fas fa-pencil-alt"}
        context["header_buttons"].append({**button, "tooltip": "Edit this page"})


def setup(app):
    app.add_config_value("course_address", "", "html", str)
    app.add_config_value("course_root", str(HERE.parents[1]), "html", str)
    app.add_html_math_renderer("katex", (_inline, None), (_displayed, None))
    app.add_transform(Words)
    app.connect("html-page-context", edit_button, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

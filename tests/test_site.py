"""tools/make_site.py: what a page holds, where its links lead. As a whole: tests/browser/test_built_site.py."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from tools import make_site
from tools.make_site import ROOT

NAME = "21_the_adversarial_game"


def page(*cells, kind="chapters", address=""):
    return make_site.page(new_notebook(cells=list(cells)), ROOT, kind, NAME, address)


def stored(kind):
    return make_site.page(nbformat.read(ROOT / kind / f"{NAME}.ipynb", 4), ROOT, kind, NAME)


def test_an_exercise_has_its_hints_folded_and_no_answer():
    shown = stored("exercises")
    hints = "\n".join(cell.source for cell in shown.cells if "<details" in cell.source)
    text = "\n".join(cell.source for cell in shown.cells if "<details" not in cell.source)
    assert hints.count("<summary>Hint 1 of 3</summary>") == 5 and "right answer got the probability" not in text
    assert ".hint()" not in text and "YOUR CODE HERE" in text and "return loss_d, loss_g" not in text
    assert "course.py lab" in shown.cells[1].source


def test_a_hint_that_is_not_there_is_told():
    with pytest.raises(make_site.SiteError, match="no question 'nothing'"):
        page(new_markdown_cell("# Exercises"), new_code_cell("# q.nothing.hint()"), kind="exercises")


def test_a_solution_shows_the_answer_without_marks_and_hidden_tests():
    shown = stored("solutions")
    text = "\n".join(cell.source for cell in shown.cells)
    assert "return loss_d, loss_g" in text and shown.cells[0].source.startswith("# Solutions 21")
    for mark in ("BEGIN SOLUTION", "HIDDEN TESTS", "sealed(", ".hint()"):
        assert mark not in text, mark


def test_folded_code_stays_folded_and_pictures_have_words():
    picture = new_output("display_data", {"image/png": "iVBORw0KGgo="})
    folded = {"jupyter": {"source_hidden": True}}
    draws = new_code_cell("ax.set(title='D after  training', xlabel='step')\nax.set_ylabel(name)", outputs=[picture])
    shown = page(new_markdown_cell("text\n## 2. The `D` game"), new_code_cell("x = 1", metadata=folded), draws)
    assert shown.cells[1].metadata.tags == ["hide-input"] and "tags" not in shown.cells[2].metadata
    words = "Picture drawn by the code above, in “2. The D game”. It says: D after training; step."
    assert shown.cells[2].metadata.mystnb.image.alt == words


def test_formulas_and_code_in_a_summary_are_drawn():
    shown = page(new_markdown_cell("<details><summary>Is $a<b$ in `x`?</summary>\n\n$c$\n\n</details>"))
    said = 'Is <span class="math">a&lt;b</span> in <code>x</code>?'
    assert shown.cells[0].source == f"<details><summary>{said}</summary>\n\n$c$\n\n</details>"


@pytest.mark.parametrize(
    "address, link",
    [
        ("", "README"),
        ("https://github.com/a/b", "[README](https://github.com/a/b/blob/main/README.md)"),
        ("https://gitlab.com/a/b", "[README](https://gitlab.com/a/b/-/blob/main/README.md)"),
    ],
)
def test_links_to_other_files_lead_to_the_repository(address, link):
    inside = "[c](../chapters/21_x.ipynb) ![p](../assets/p.png)"
    assert page(new_markdown_cell(f"[README](../README.md) {inside}"), address=address).cells[0].source == (
        f"{link} {inside}"
    )


@pytest.mark.parametrize(
    "remote, address",
    [
        ("git@github.com:a/b.git", "https://github.com/a/b"),
        ("https://somebody:secret@github.com/a/b.git", "https://github.com/a/b"),
        ("ssh://git@gitlab.example.org:22/a/b.git", "https://gitlab.example.org/a/b"),
        ("/home/somebody/course", ""),
        ("../course", ""),
    ],
)
def test_the_address_of_a_remote_holds_no_name_and_no_password(remote, address):
    assert make_site.web_address(remote) == address


def test_every_term_of_the_glossary_has_a_place_of_its_own():
    text = make_site.glossary_page(ROOT)
    for english, chinese, _ in make_site.glossary(ROOT):
        assert text.count(f'id="{make_site.anchor(english)}"') == 1, english
        assert f'<span lang="zh">{chinese}</span>' in text


def test_every_chapter_is_in_one_part_and_the_paths_link_theirs():
    names = [path.stem for path in sorted((ROOT / "sources/chapters").glob("*.py"))]
    trees = make_site.contents(ROOT, names)
    assert all(trees.count(f"chapters/{name}\n") == 1 for name in names)
    ways = make_site.ways(ROOT)
    assert "## An afternoon\n\n1. [00 · Start here](chapters/00_start_here.ipynb): " in ways
    assert ways.partition("## A term")[2].count("\n1. ") == len(names)


def test_broken_links_are_found(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.html").write_text('<p id="here"><a href="sub/b.html#there"></a><a href="#here"></a>')
    (tmp_path / "sub/b.html").write_text('<p id="there"><img src="../c.png"><a href="https://example.org/x"></a>')
    assert make_site.broken_links(tmp_path) == ["sub/b.html: ../c.png"]
    (tmp_path / "c.png").touch()
    assert make_site.broken_links(tmp_path) == []
    (tmp_path / "a.html").write_text(
        '<p id="x"><p id="x"><a href="sub/b.html#here"></a><a href="#here"></a><a href="sub/">'
    )
    wrong = ["a.html: the id x twice", "a.html: sub/b.html#here", "a.html: #here", "a.html: sub/"]
    assert make_site.broken_links(tmp_path) == wrong


def test_without_pages_there_is_nothing_to_check(tmp_path, capsys):
    assert make_site.main(["--check", "--out", str(tmp_path / "nowhere")]) == 1
    assert "no pages" in capsys.readouterr().err


def test_only_a_site_is_replaced(tmp_path, capsys):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("letters", "file"):
        assert make_site.main(["--out", str(tmp_path / name)]) == 1
        assert "something other than a site" in capsys.readouterr().err
    assert (tmp_path / "letters/mine.txt").read_text() == (tmp_path / "file").read_text() == "mine"
    (tmp_path / "site/_static").mkdir(parents=True)
    make_site._check_replaceable(tmp_path / "new")
    make_site._check_replaceable(tmp_path / "site/_static")  # empty
    for name in (".nojekyll", "_static/site.js"):
        (tmp_path / "site" / name).touch()
    make_site._check_replaceable(tmp_path / "site")
    (tmp_path / "site/.git").mkdir()
    with pytest.raises(make_site.SiteError):
        make_site._check_replaceable(tmp_path / "site")


def test_without_git_no_address_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert make_site.repository(tmp_path) == ""


def test_only_the_search_loads_the_index_of_words(tmp_path):
    for name in ("a.html", "search.html"):
        (tmp_path / name).write_text(
            '<p>\n<script src="../_static/searchtools.js"></script>\n<script src="x.js"></script>'
        )
    make_site.finish(tmp_path)
    assert "searchtools" not in (tmp_path / "a.html").read_text() and "x.js" in (tmp_path / "a.html").read_text()
    assert "searchtools" in (tmp_path / "search.html").read_text()


def test_pictures_come_when_they_are_near_and_their_place_is_kept(tmp_path):
    Image.new("L", (30, 20)).save(tmp_path / "p.png")
    (tmp_path / "a.html").write_text('<img alt="x" src="p.png" /><img src="https://e.org/p.svg">')
    for _ in range(2):
        make_site.finish(tmp_path)
        text = (tmp_path / "a.html").read_text()
        assert text.startswith('<img width="30" height="20" loading="lazy" alt=') and text.count("loading") == 1


def test_a_picture_that_is_not_there_is_a_broken_link(tmp_path):
    (tmp_path / "a.html").write_text('<img src="gone.png"><img src="https://e.org/p.png">')
    make_site.finish(tmp_path)
    assert make_site.broken_links(tmp_path) == ["a.html: gone.png"]


def test_a_theme_that_loads_its_icons_in_another_way_is_noticed(tmp_path):
    (tmp_path / "a.html").write_text('<script src="_static/fontawesome.min.js"></script>')
    with pytest.raises(make_site.SiteError, match="icons"):
        make_site.finish(tmp_path)

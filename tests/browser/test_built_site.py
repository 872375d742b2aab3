"""The site as readers meet it: all of it is made once, and a few pages that hold everything are opened."""

import re

import pytest

pytest.importorskip("myst_nb", reason="the site needs Sphinx: python3 course.py test installs it")

from site_harness import Visit, served  # noqa: E402

from tools import make_site  # noqa: E402

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
PLAYER = "chapters/22_decision_surface.html"
PAGES = [
    "index.html",
    PLAYER,
    "chapters/23_mode_collapse.html",
    "exercises/21_the_adversarial_game.html",
    "glossary.html",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The whole site. That it is made says that Sphinx had no complaint, and that every link leads somewhere."""
    out = tmp_path_factory.mktemp("site") / "site"
    return make_site.make(out=out, address="https://github.com/someone/course")


@pytest.fixture(scope="module")
def base(site):
    with served(site) as address:
        yield address


@pytest.fixture
def visit(browser, base):
    """A function: path of a page, options of Playwright's context → Visit."""
    opened = []

    def go(path, **context):
        opened.append(Visit(browser, base, path, **{"viewport": DESK, **context}))
        return opened[-1]

    yield go
    for one in opened:
        one.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_keeps_to_itself_fits_a_phone_and_keeps_nobody_out(visit, path):
    for options in ({"viewport": PHONE}, {"color_scheme": "dark"}):
        one = visit(path, **options)
        one.page.wait_for_timeout(300)
        assert one.outside == [] and one.wrong == []
        assert not one.wider_than_the_screen()
        assert one.kept_out() == []


def test_no_page_shows_answers_but_the_solutions(site):
    for path in sorted((site / "exercises").glob("*.html")):
        text = path.read_text(encoding="utf-8")
        assert "YOUR CODE HERE" in text or "answer" in text, path.name
        assert "BEGIN SOLUTION" not in text and "### END" not in text
        assert '<details class="hint"><summary>' in text and not re.search('<details class="hint"[^>]*open', text)
    solution = (site / "solutions/21_the_adversarial_game.html").read_text(encoding="utf-8")
    assert "Solutions 21" in solution and "YOUR CODE HERE</span>" not in solution


def test_a_chapter_has_its_neighbours_and_its_source(site):
    text = (site / PLAYER).read_text(encoding="utf-8")
    for link in ("21_the_adversarial_game.html", "23_mode_collapse.html"):
        assert re.search(rf'<a class="(left-prev|right-next)"\s+href="{link}"', text), link
    assert 'href="https://github.com/someone/course/edit/main/sources/chapters/22_decision_surface.py"' in text


def test_a_recording_plays_and_is_scrubbed(visit):
    page = visit(PLAYER).page
    player = page.locator(".gan-edu").first
    player.scroll_into_view_if_needed()
    picture = "one => one.querySelector('canvas').toDataURL()"
    time = player.get_by_label("Time line: training step shown")
    player.get_by_role("button", name="Play").wait_for()
    last = player.evaluate(picture)
    time.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(300)
    assert player.locator(".at").inner_text() == "step 0"
    first = player.evaluate(picture)
    assert first != last
    player.get_by_role("button", name="Play").click()
    page.wait_for_function("one => one.textContent !== 'step 0'", arg=player.locator(".at").element_handle())
    assert player.evaluate(picture) != first
    still = page.locator(".cell_output:has(.gan-edu) img")
    assert still.count() >= 1 and not still.first.is_visible()


def test_without_scripts_the_still_picture_and_the_text_are_there(visit):
    page = visit(PLAYER, java_script_enabled=False).page
    still = page.locator(".cell_output:has(.gan-edu-player) img").first
    assert still.is_visible() and page.get_by_role("heading", name="Recap").is_visible()


def test_a_term_says_what_it_means(visit):
    page = visit("chapters/34_wasserstein.html").page
    term = page.locator("a.term", has_text="Wasserstein distance").first
    term.focus()
    meaning = page.locator("#meaning")
    meaning.wait_for()
    assert "by squares of ways" in meaning.inner_text() and meaning.locator(".katex").count() == 2
    assert term.get_attribute("aria-describedby") == "meaning"
    page.keyboard.press("Escape")
    assert not meaning.is_visible()
    term.click()
    page.wait_for_url("**/glossary.html#term-wasserstein-distance")
    assert page.locator(".entry:target").inner_text() == "Wasserstein distance"


def test_the_search_finds_a_chapter(visit):
    one = visit("search.html?q=wasserstein")
    one.page.locator("#search-results li a", has_text="34 · Wasserstein").first.wait_for()
    assert one.outside == [] and one.wrong == []


def test_paper_holds_the_text_and_no_buttons(visit, tmp_path):
    page = visit(PLAYER).page
    page.emulate_media(media="print")
    assert page.get_by_role("heading", name="Recap").is_visible()
    for gone in (".bd-sidebar-primary", ".bd-header-article", ".prev-next-footer", ".gan-edu button"):
        assert not page.locator(gone).first.is_visible(), gone
    assert page.locator(".gan-edu canvas").first.is_visible()

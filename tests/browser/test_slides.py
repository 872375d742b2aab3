"""Slides in a real browser: nothing is cut off at 1280 × 720, nothing is fetched, and keys turn them."""

import pytest

from tools import slides

ROOT = slides.ROOT
CUT_OFF = """() => {
  const body = slides[here].querySelector(".body"), edge = body.getBoundingClientRect();
  // Closed folds and the inside of recordings have boxes that nobody sees.
  const seen = [...body.querySelectorAll("*")].filter(
    (each) => !each.closest(".gan-edu") && !(each.closest("details:not([open])") && each.tagName !== "SUMMARY"));
  const out = seen.filter((each) => {
    const box = each.getBoundingClientRect();
    return box.width > 0 && (box.bottom > edge.bottom + 2 || box.right > edge.right + 2 || box.top < edge.top - 2);
  });
  return out.map((each) => each.outerHTML.slice(0, 80));
}"""


@pytest.fixture
def page(browser):
    opened = browser.new_page(viewport={"width": 1280, "height": 720})
    opened.wanted, opened.wrong = [], []
    opened.on("request", lambda request: opened.wanted.append(request.url))
    opened.on("pageerror", lambda error: opened.wrong.append(str(error)))
    yield opened
    opened.close()


# Words and figures; a widget's recording; long formulas.
@pytest.mark.parametrize("name", ["21_the_adversarial_game", "23_mode_collapse", "32_optimal_discriminator"])
def test_nothing_is_cut_off_and_nothing_is_fetched(page, name, tmp_path):
    path = slides.write(ROOT / f"chapters/{name}.ipynb", tmp_path)
    page.goto(path.as_uri())
    count = page.evaluate("slides.length")
    assert 20 < count < 80
    for number in range(count):
        page.evaluate(f"show({number})")
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate(CUT_OFF) == [], f"slide {number + 1}"
        assert (
            page.evaluate(
                "slides[here].querySelector('.body').innerText.trim().length + "
                "slides[here].querySelectorAll('.body img').length"
            )
            > 0
        ), f"slide {number + 1} is empty"
    assert [url for url in page.wanted if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.wrong == []
    # Folds are laid out open, so that an answer has its room, too.
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    for number in range(count):
        page.evaluate(f"show({number})")
        assert page.evaluate(CUT_OFF) == [], f"slide {number + 1}, unfolded"


def test_keys_turn_the_slides_and_show_the_notes(page, tmp_path):
    page.goto(slides.write(ROOT / "chapters/21_the_adversarial_game.ipynb", tmp_path).as_uri())
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    assert page.evaluate("here") == 2 and page.url.endswith("#3")
    page.keyboard.press("PageUp")
    assert page.evaluate("here") == 1
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("here") == 0
    page.keyboard.press("End")
    assert page.evaluate("here") == page.evaluate("slides.length - 1")
    page.reload()
    assert page.evaluate("here") == page.evaluate("slides.length - 1")
    asks = page.evaluate("slides.findIndex((each) => each.querySelector('.asks'))")
    page.evaluate(f"show({asks})")
    assert page.evaluate("slides[here].querySelector('.body').children.length") == 1  # no answer beside the question
    assert not page.locator("#notes").is_visible()
    page.keyboard.press("n")
    assert page.locator("#notes").is_visible()
    page.set_viewport_size({"width": 640, "height": 360})
    page.wait_for_function("slides[here].getBoundingClientRect().width === 640")

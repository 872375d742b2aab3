"""The game on the site's first page: training steps a second, with its view open, beside gan_edu's own.

    python benchmarks/game.py        --seconds 5: how long each is measured

Nets 2-32-32-2 and 2-32-32-1, batches of 128, ring. "alone": the engine without a picture, in the page's main thread.
"playing": in its worker, while the page draws (headless Chromium). "gan_edu": the library's step on one thread, without
a picture. Prints Markdown. Needs the extras of tests, and Chromium.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests/browser")]

from lab_harness import CHROMIUM_FLAGS  # noqa: E402
from site_harness import Visit, served  # noqa: E402

from gan_edu import data, nets  # noqa: E402
from gan_edu.cli import find_chromium  # noqa: E402
from gan_edu.training import GAN, Run  # noqa: E402
from tools import make_site  # noqa: E402

ALONE = """(seconds) => {
  const engine = ganEngine(), game = new engine.Game(engine.DEFAULTS, engine.DATA.ring());
  for (let i = 0; i < 200; i++) game.step();
  const begin = performance.now();
  let steps = 0;
  while (performance.now() < begin + 1000 * seconds) { game.step(); steps++; }
  return 1000 * steps / (performance.now() - begin);
}"""


def in_browser(seconds):
    """(steps a second alone, steps a second playing, frames painted a second)."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = '<!DOCTYPE html><meta charset="utf-8"><div id="gan-game"></div><script src="game.js" defer></script>'
        Path(folder, "index.html").write_text(page, encoding="utf-8")
        Path(folder, "game.js").write_text(make_site.game(ROOT), encoding="utf-8")
        engine = (ROOT / "sources/site/game/engine.js").read_text(encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        with served(folder) as base:
            visit = Visit(browser, base, "index.html", viewport={"width": 1280, "height": 900})
            visit.page.add_script_tag(content=engine)
            alone = visit.page.evaluate(ALONE, seconds)
            seen = "() => { const d = document.querySelector('.gan-edu').dataset; return [+d.step, +d.painted]; }"
            visit.page.get_by_role("button", name="Play").click()
            visit.page.wait_for_timeout(1000)
            begin, before = time.perf_counter(), visit.page.evaluate(seen)
            visit.page.wait_for_timeout(1000 * seconds)
            after, took = visit.page.evaluate(seen), time.perf_counter() - begin
            visit.close()
        browser.close()
    return alone, *((b - a) / took for a, b in zip(before, after, strict=True))


def in_library(seconds):
    """Steps a second."""
    torch.set_num_threads(1)
    pair = [nets.mlp([2, 32, 32, outputs], activation="tanh") for outputs in (2, 1)]
    run = Run(GAN(*pair, lr=1e-3, device="cpu"), data.toy.make("ring"), batch=128, progress=False)
    for _ in range(50):
        run.step()
    steps, begin = 0, time.perf_counter()
    while time.perf_counter() < begin + seconds:
        run.step()
        steps += 1
    return steps / (time.perf_counter() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    seconds = parser.parse_args().seconds
    alone, playing, frames = in_browser(seconds)
    print("| | steps a second |\n|---|---|")
    print(
        f"| in the page, alone | {alone:.0f} |\n| in the page, playing, {frames:.0f} frames a second | {playing:.0f} |"
    )
    print(f"| gan_edu, no picture | {in_library(seconds):.0f} |")


if __name__ == "__main__":
    main()

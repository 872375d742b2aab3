"""Every page of the site in a browser: its weight with all that it fetches, the time until it is drawn, its faults.

    python benchmarks/site_pages.py        after `python3 course.py site`; --only 22: pages with "22" in their names

Nothing is cached from one page to the next, so that each is a reader's first. The server is this machine, without
compression. Prints Markdown; exit status 1 where a page weighs more than 1.5 MB or has a fault. Needs the extras of
tests, and Chromium.
"""

import argparse
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/browser"))

from lab_harness import CHROMIUM_FLAGS  # noqa: E402
from site_harness import Visit, served  # noqa: E402

from gan_edu.cli import find_chromium  # noqa: E402

MAX_BYTES = 1_500_000


def look(browser, base, path):
    """(bytes, seconds, faults) of a page, seen on a screen of 1280 × 900."""
    visit = Visit(browser, base, path, viewport={"width": 1280, "height": 900})
    try:
        faults = [f"asks for {address}" for address in visit.outside] + visit.wrong + visit.kept_out()
        if (weight := visit.bytes()) > MAX_BYTES:
            faults.append(f"{weight / 1e6:.2f} MB")
        return weight, visit.seconds, faults
    finally:
        visit.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build/site")
    parser.add_argument("--only", default="", help="pages with this in their path")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    names = sorted(path.relative_to(options.folder).as_posix() for path in options.folder.rglob("*.html"))
    names = [name for name in names if options.only in name]
    seen = {}
    with served(options.folder) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        for name in names:
            seen[name] = look(browser, base, name)
        browser.close()
    print(f"{len(seen)} pages | largest | median\n---|---|---")
    for what, which, unit in (("weight", 0, 1e6), ("time until drawn", 1, 1)):
        name = max(seen, key=lambda one: seen[one][which])
        largest, median = seen[name][which], statistics.median(one[which] for one in seen.values())
        print(f"{what} | {largest / unit:.2f} {('MB', 's')[which]} ({name}) | {median / unit:.2f} {('MB', 's')[which]}")
    faults = [f"{name}: {fault}" for name, (_, _, found) in seen.items() for fault in found]
    print("\nFaults:", *(dict.fromkeys(faults) or ["none"]), sep="\n- ")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())

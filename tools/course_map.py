"""Which chapter needs which, and ways through the course, for chapter 00; both read from the chapters themselves.

    python tools/course_map.py        draw assets/course_map.png

`needs` is what tests check: no circle, no chapter that isn't there. The picture remembers the arrows that it shows, so
that a test can tell when it is old.
"""

import graphlib
import hashlib
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

PICTURE = "assets/course_map.png"
STEP, WIDTH, HEIGHT = 1.0, 0.82, 0.74  # of columns, and of boxes
COLOURS = [
    "#555555",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#0072B2",
    "#B8860B",
    "#56B4E9",
    "#7B3FA0",
    "#8B4513",
]  # of parts
PATHS = {  # None: all chapters
    "an afternoon": ("00", "21", "23"),
    "a week": ("00", "21", "22", "23", "24", "36", "41", "42", "43", "59"),
    "a term": None,
}


def needs(root: Path = ROOT) -> dict[str, list[str]]:
    """For each chapter, "NN", those that its box *Before you start* links before the words "Helpful, not needed:".

    Raises ValueError for a box that isn't there, and graphlib.CycleError where chapters need each other in a circle.
    """
    graph = {}
    for path in sorted((root / "sources/chapters").glob("*.py")):
        box = re.search(r"\*\*Before you start\*\*(.*?)\n# >\n", path.read_text(encoding="utf-8"), re.S)
        if not box:
            raise ValueError(f"{path.name}: its first cell has no box with **Before you start**.")
        needed = " ".join(re.sub(r"^# > ?", "", box[1], flags=re.M).split()).partition("Helpful, not needed:")[0]
        graph[path.stem[:2]] = sorted(set(re.findall(r"\]\((\d\d)_\w+\.ipynb", needed)))
    graphlib.TopologicalSorter(graph).prepare()
    return graph


def shown(graph: dict[str, list[str]]) -> dict[str, list[str]]:
    """The same without arrows that others imply: a chapter needs what its needs need."""
    below: dict[str, set[str]] = {}
    for chapter in graphlib.TopologicalSorter(graph).static_order():
        below[chapter] = set(graph[chapter]).union(*(below[each] for each in graph[chapter]))
    return {
        chapter: [each for each in wanted if not any(each in below[other] for other in wanted)]
        for chapter, wanted in graph.items()
    }


def short_titles(root: Path = ROOT) -> dict[str, str]:
    """Each chapter's title, without its number."""
    titles = {}
    for path in sorted((root / "sources/chapters").glob("*.py")):
        found = re.search(r"^# # \d\d · (.+)$", path.read_text(encoding="utf-8"), re.M)
        titles[path.stem[:2]] = found[1].replace("`", "")
    return titles


def digest(root: Path = ROOT) -> str:
    """What the picture shows, as a short text that changes with it."""
    content = json.dumps([shown(needs(root)), short_titles(root)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def places(graph: dict[str, list[str]]) -> dict[str, tuple[int, float]]:
    """x: how many chapters lie before one, on the longest way; y: its row there, near the chapters that it needs."""
    depth: dict[str, int] = {}
    for chapter in graphlib.TopologicalSorter(graph).static_order():
        depth[chapter] = 1 + max((depth[each] for each in graph[chapter]), default=-1)
    columns = [[chapter for chapter in graph if depth[chapter] == x] for x in range(max(depth.values()) + 1)]
    most, y = max(map(len, columns)), {}
    for column in columns:
        wish = {each: sum(y[other] for other in graph[each]) / max(1, len(graph[each])) for each in column}
        for row, chapter in enumerate(sorted(column, key=lambda each: (wish[each], each))):
            y[chapter] = row + (most - len(column)) / 2
    return {chapter: (depth[chapter], y[chapter]) for chapter in graph}


def draw(root: Path = ROOT) -> Path:
    import matplotlib

    matplotlib.use("Agg")
    from textwrap import fill

    from gan_edu import plotting

    plotting.use_style()
    graph, titles = shown(needs(root)), short_titles(root)
    at = places(graph)
    columns, rows = max(x for x, _ in at.values()) + 1, max(y for _, y in at.values()) + 1
    figure = plotting.figure(1.75 * columns, 0.58 * rows)
    ax = figure.subplots()
    ax.set(xlim=(-WIDTH / 2 - 0.05, STEP * (columns - 1) + WIDTH / 2 + 0.05), ylim=(rows - 0.4, -0.6))
    ax.axis("off")
    for chapter, wanted in graph.items():
        x, y = at[chapter]
        for each in wanted:
            x0, y0 = at[each]
            start, end = (STEP * x0 + WIDTH / 2, y0), (STEP * x - WIDTH / 2, y)
            line = {"arrowstyle": "-|>", "color": COLOURS[int(each[0])], "linewidth": 1.3, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", end, start, arrowprops=line, zorder=1)
    for chapter, (x, y) in at.items():
        corner = STEP * x - WIDTH / 2, y - HEIGHT / 2
        box = matplotlib.patches.Rectangle(corner, WIDTH, HEIGHT, facecolor="white", zorder=2)
        box.set(edgecolor=COLOURS[int(chapter[0])], linewidth=1.8)
        ax.add_patch(box)
        name = titles[chapter].partition(":")[0].partition(", and ")[0]
        text = fill(f"{chapter} {name}", 22)
        ax.text(STEP * x, y, text, ha="center", va="center", fontsize=9, zorder=3)
    path = root / PICTURE
    figure.savefig(path, dpi=130, metadata={"Description": digest(root)})
    return path


def minutes(chapter: str, root: Path = ROOT) -> tuple[int, int]:
    """Minutes to read a chapter, and to solve its exercises, as their notebooks say."""
    (path,) = (root / "chapters").glob(f"{chapter}_*.ipynb")
    read = json.loads(path.read_text(encoding="utf-8"))["metadata"]["gan_edu"]["read_minutes"]
    exercises = root / "sources/solutions" / f"{path.stem}.py"
    asked = re.findall(r"· (\d+) minutes?\*", exercises.read_text(encoding="utf-8")) if exercises.exists() else []
    return read, sum(map(int, asked))


def paths_table(root: Path = ROOT) -> str:
    """The ways through the course as a Markdown table. Raises ValueError for a way that leaves out what it needs."""
    graph, lines = needs(root), ["| way | chapters | reading | with the exercises |", "|---|---|---|---|"]
    for name, wanted in PATHS.items():
        chosen = list(wanted or graph)
        for chapter in chosen:
            if missing := set(graph[chapter]) - set(chosen):
                raise ValueError(f"{name}: chapter {chapter} needs {', '.join(sorted(missing))}.")
        read, solve = map(sum, zip(*(minutes(each, root) for each in chosen), strict=True))
        told = ", ".join(chosen) if wanted else f"all {len(chosen)}"
        lines.append(f"| {name} | {told} | {_hours(read)} | {_hours(read + solve)} |")
    return "\n".join(lines)


def _hours(minutes: int) -> str:
    halves = round(minutes / 30)
    return f"{halves // 2}{'½' * (halves % 2)} hours"


if __name__ == "__main__":
    print(draw())

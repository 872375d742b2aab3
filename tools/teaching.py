"""What a teacher's guide can take from the course itself: minutes, questions for the class, wrong answers to expect.

    python -m tools.teaching            bring the made parts of teaching/ up to date
    python -m tools.teaching --check    only say which are old; exit status 1 if any is

Made are `board_questions.md` and `wrong_answers.md` as a whole, and in `guide.md` what stands between
`<!-- made: … -->` and `<!-- end -->`. The lessons come from `plans.toml`; their minutes are counted in the built
notebooks.
"""

import ast
import math
import re
import sys
import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools import build, course_map, lint  # noqa: E402

MADE = "<!-- Made by `python -m tools.teaching` from the notebooks and checks; edits are overwritten. -->"
ASKS = re.compile(r"\*\*(?:Predict|Before you run).*?(?=\n\n|\Z)", re.S)
MINUTES_A_PREDICTION = 2  # to think, to raise hands, and to say why
LEAST = 4  # minutes that a lesson leaves for what comes up
MOST_WORDS = 110


def chapters(root=ROOT):
    """{"21": the built chapter}, in the order of the course."""
    return {path.name[:2]: nbformat.read(path, 4) for path in lint.notebooks(root, "chapters")}


def title(nb):
    return re.match(r"# (.+)", nb.cells[0].source)[1]


def purpose(nb):
    """The sentence in italics below a chapter's title."""
    return " ".join(re.search(r"^\*(?!\*)(.+?)\*$", nb.cells[0].source, re.S | re.M)[1].split())


# ---- questions for the class -------------------------------------------------------------------------------------


def predictions(nb):
    """[(question, claims printed until the next text, first paragraphs of that text)] of a chapter."""
    found = []
    for number, cell in enumerate(nb.cells):
        if cell.cell_type != "markdown":
            continue
        for asked in ASKS.findall(cell.source):
            claims, answer = [], ""
            for later in nb.cells[number + 1 :]:
                if later.cell_type == "markdown":
                    answer = later.source
                    break
                printed = "".join(output.get("text", "") for output in later.outputs if output.output_type == "stream")
                printed = re.sub(r"\$([\d,.]*\d)", r"\1 dollars", printed)  # in Markdown it would begin a formula
                claims += re.findall(r"^✓ +(.+)$", printed, re.M)
            found.append((" ".join(asked.split()), claims, _beginning(answer)))
    return found


def _beginning(text):
    """The first paragraphs of a text, until there are enough words; no headings, folds and code."""
    kept, words = [], 0
    for paragraph in re.split(r"\n\n+", text):
        if paragraph.startswith(("#", "<details", "```", "|", "**Predict", "**Before you run")):
            break
        words += len(paragraph.split())
        if kept and words > MOST_WORDS:
            break
        kept.append(paragraph)
    return "\n\n".join(kept)


def board_questions(root=ROOT):
    lines = ["# Questions for the class", "", MADE, ""]
    lines += [
        "Ask before you run the cell. Let everybody decide, then run it. Below each question stand the claims that the",
        "cell checks, and how the chapter goes on; now and then the answer itself comes a little later there.",
        "",
    ]
    for nb in chapters(root).values():
        lines += [f"## {title(nb)}", ""]
        for asked, claims, answer in predictions(nb):
            lines += [f"**Ask.** {_links(_plain_ask(asked))}", ""]
            if claims:
                lines += [*(f"- ✓ {claim}" for claim in claims), ""]
            if answer:
                lines += [*(f"> {line}".rstrip() for line in _links(answer).splitlines()), ""]
    return "\n".join(lines).rstrip() + "\n"


def _plain_ask(text):
    plain = re.sub(r"^\*\*.*?\*\*[:,]?\s*", "", text) or text
    return plain[0].upper() + plain[1:]


def _links(text):
    """Links between notebooks, as seen from teaching/."""
    return re.sub(r"\]\((?:\.\./chapters/)?(\d\d_\w+\.ipynb)", r"](../chapters/\1", text)


# ---- wrong answers ----------------------------------------------------------------------------------------------


def wrong_answers(root=ROOT):
    lines = ["# Wrong answers to expect, and what to say", "", MADE, ""]
    lines += [
        "The checks know these mistakes by name. What stands here is what a check says to a learner after the words",
        "*This looks like*; you can say the same. Open questions have a model answer: `q.name.discuss()`.",
        "",
    ]
    for number, nb in chapters(root).items():
        lines += [f"## {title(nb)}", ""]
        for name, asked, mistakes in questions(root, number):
            lines += [f"**{asked}** (`{name}`)", ""]
            lines += [f"- {text}" for text in mistakes] or ["- An open question: nobody's answer is refused."]
            lines += [""]
    return "\n".join(lines).rstrip() + "\n"


def questions(root, number):
    """[(name, title, what its misconceptions say)] of a chapter, read from the source without importing it."""
    tree = _parsed(root, f"chapter_{number}")
    imported = [
        node.module for node in tree.body if isinstance(node, ast.ImportFrom) and "checks.chapter_" in node.module
    ]
    texts = {}
    for each in [tree, *(_parsed(root, name.rpartition(".")[2]) for name in imported)]:
        for node in each.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _is_text(node.value):
                texts.setdefault(node.targets[0].id, node.value.value)
    found = {}
    for node in tree.body:
        for mark in getattr(node, "decorator_list", []):
            if not isinstance(mark, ast.Call):
                continue
            if isinstance(mark.func, ast.Name) and mark.func.id in ("question", "discussion"):
                found[node.name] = (node.name, mark.args[0].value, [])
            elif getattr(mark.func, "attr", "") == "misconception" and mark.args:
                said = mark.args[0]
                text = said.value if _is_text(said) else texts[said.id]
                text = text[0].upper() + text[1:]
                if text not in found[mark.func.value.id][2]:
                    found[mark.func.value.id][2].append(text)
    return list(found.values())


def _parsed(root, name):
    return ast.parse(Path(root, f"gan_edu/checks/{name}.py").read_text(encoding="utf-8"))


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


# ---- lessons ----------------------------------------------------------------------------------------------------


def minutes(cells):
    """Minutes of a section in class: to read it, and for each prediction in it."""
    asked = sum(len(ASKS.findall(cell.source)) for cell in cells if cell.cell_type == "markdown")
    part = nbformat.v4.new_notebook(cells=cells)
    return build.read_minutes(part) + MINUTES_A_PREDICTION * asked


def exercises(root, number):
    """{1: (title, minutes)} of a chapter's exercises."""
    (path,) = Path(root, "sources/solutions").glob(f"{number}_*.py")
    pattern = r"^# ## (\d+)\. (.+)\n(?:#\n)*# \*Difficulty .*· (\d+) minutes\*"
    found = re.findall(pattern, path.read_text(encoding="utf-8"), re.M)
    return {int(count): (name, int(needed)) for count, name, needed in found}


def lesson(nb, plan, root=ROOT):
    """[(minutes, what)] of a lesson; the last row is what is left. Raises ValueError where nothing is left, and for a
    section that isn't there."""
    there, rows = {heading: [cell for _, cell in parts] for heading, parts in lint.sections(nb) if heading}, []
    for wanted in plan["sections"]:
        heading = next((each for each in there if each == wanted or each.startswith(f"{wanted}.")), None)
        if heading is None:
            raise ValueError(f"{title(nb)} has no section {wanted!r}.")
        rows.append((minutes(there[heading]), heading))
    asked = exercises(root, plan["chapter"])
    for number in plan["exercises"]:
        rows.append((asked[number][1], f"exercise {number}, {asked[number][0]}"))
    left = plan["minutes"] - sum(row[0] for row in rows)
    if left < LEAST:
        raise ValueError(f"{title(nb)}, {plan['minutes']} minutes: {left} are left for: {plan['then']}")
    return [*rows, (left, plan["then"])]


def lessons(root=ROOT):
    plans = tomllib.loads(Path(root, "teaching/plans.toml").read_text(encoding="utf-8"))["lesson"]
    books, lines, before = chapters(root), [], None
    for plan in plans:
        nb = books[plan["chapter"]]
        if plan["chapter"] != before:
            lines += [f"### {title(nb)}", ""]
        before = plan["chapter"]
        lines += [f"**{plan['minutes']} minutes.** {plan['aim']}", "", "| minutes | |", "|---:|---|"]
        lines += [f"| {count} | {what} |" for count, what in lesson(nb, plan, root)]
        lines += [""]
    return "\n".join(lines).rstrip()


def chapter_table(root=ROOT):
    lines = ["| chapter | what it is for | read | exercises |", "|---|---|---:|---:|"]
    for number, nb in chapters(root).items():
        read, solve = course_map.minutes(number, root)
        (path,) = Path(root, "sources/chapters").glob(f"{number}_*.py")
        link = f"[{title(nb)}](../chapters/{path.stem}.ipynb)"
        lines.append(f"| {link} | {purpose(nb)} | {read} | {solve} |")
    return "\n".join(lines)


def term_table(root=ROOT):
    weeks = tomllib.loads(Path(root, "teaching/plans.toml").read_text(encoding="utf-8"))["week"]
    books = chapters(root)
    lines = ["| week | in class | at home | exercises | hours at home |", "|---:|---|---|---|---:|"]
    for number, week in enumerate(weeks, 1):
        home = sum(course_map.minutes(each, root)[0] for each in week.get("home", []))
        solve = sum(course_map.minutes(each, root)[1] for each in week.get("exercises", []))
        names = [
            ", ".join(title(books[each]).replace(" ·", "") for each in week.get(key, [])) for key in ("class", "home")
        ]
        lines.append(
            f"| {number} | {week.get('note', '') or names[0]} | {names[1]} | {', '.join(week.get('exercises', []))} "
            f"| {math.ceil((home + solve) / 30) / 2:g} |"
        )
    return "\n".join(lines)


# ---- the files ----------------------------------------------------------------------------------------------------


PARTS = {"chapters": chapter_table, "lessons": lessons, "term": term_table}


def guide(root=ROOT):
    """`guide.md` with its made parts made anew. Raises ValueError for a part that nobody knows how to make."""
    text = Path(root, "teaching/guide.md").read_text(encoding="utf-8")

    def make(found):
        if found[1] not in PARTS:
            raise ValueError(f"guide.md: there is no part {found[1]!r} to make; there are: {', '.join(PARTS)}.")
        return f"<!-- made: {found[1]} -->\n\n{PARTS[found[1]](root)}\n\n<!-- end -->"

    return re.sub(r"<!-- made: (\w+) -->.*?<!-- end -->", make, text, flags=re.S)


FILES = {"guide.md": guide, "board_questions.md": board_questions, "wrong_answers.md": wrong_answers}


def main(arguments=None, root=ROOT):
    """The command line; returns the exit status."""
    check = "--check" in (sys.argv[1:] if arguments is None else arguments)
    old = []
    for name, make in FILES.items():
        path, text = Path(root, "teaching", name), make(root)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            old.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    print(f"{'old' if check else 'made'}: {', '.join(old) or 'nothing'}")
    return int(check and bool(old))


if __name__ == "__main__":
    sys.exit(main())

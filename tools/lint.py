"""What a chapter, an exercise and a stored notebook must look like.

Every function takes notebooks (nbformat nodes) or a root folder and returns a list of problems, each one sentence
that says where and what to do; an empty list means that all is well. `build.py` prints them, the tests fail on them.
CONTRIBUTING.md explains the same rules to authors.
"""

import ast
import getpass
import math
import re
import socket
import statistics
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote

import nbformat

MAX_CODE_LINES, USUAL_CODE_LINES, USUAL_SHARE = 25, 15, 0.8
MAX_WORDS = 200
WARN_BYTES, MAX_BYTES = 200_000, 600_000
USUAL_SECONDS, MAX_SECONDS, MAX_SLOW_CHAPTERS = 60, 120, 3

IDEA = "The idea in a picture"
ENDING = ["Help, I get …", "Recap", "Three quick questions", "Exercises and neighbours", "Further reading", "Key terms"]
HTML_TAGS = {"details", "summary", "br", "sub", "sup", "kbd"}
DOTS = r"[●○]{3}"
META_LINE = re.compile(rf"^\*Difficulty ({DOTS}) · importance ({DOTS}) · (\d+) minutes\*$")


# ---- texts -------------------------------------------------------------------------------------------------------


def without_code(text):
    """Markdown without fenced code and code spans, where `$`, `<` and `[` mean nothing."""
    text = re.sub(r"^(```|~~~).*?^\1[^\n]*$", "", text, flags=re.S | re.M)
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", " ", text, flags=re.S)


def without_math(text):
    """Markdown without formulas; an escaped dollar sign is no formula."""
    text = text.replace(r"\$", "")
    return re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " ", text, flags=re.S)


def count_words(text):
    """Words that a reader reads: no code, formulas, tables or addresses; a Chinese character counts as half a word."""
    text = without_math(without_code(text))
    text = re.sub(r"^\s*>?\s*\|.*$", " ", text, flags=re.M)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    text = re.sub(r"<[^>]*>", " ", text)
    chinese = len(re.findall(r"[\u4e00-\u9fff]", text))
    text = re.sub(r"[\u4e00-\u9fff]", " ", text)
    return sum(any(c.isalnum() for c in word) for word in text.split()) + chinese // 2


def count_formulas(text):
    """Formulas between words, and displayed ones."""
    text = without_code(text).replace(r"\$", "")
    rest, displayed = re.subn(r"\$\$.*?\$\$", " ", text, flags=re.S)
    return len(re.findall(r"\$[^$]+\$", rest)), displayed


def list_items(text):
    """The items of the top-level lists in a markdown text, each with its continuation lines."""
    items, inside = [], False
    for line in text.splitlines():
        if re.match(r"(?:[-*+]|\d+[.)])\s+\S", line):
            items.append(re.sub(r"^\S+\s+", "", line))
            inside = True
        elif inside and line.strip() and not line.startswith("#"):
            items[-1] += " " + line.strip()
        else:
            inside = False
    return items


def headings(text):
    """`(level, plain text)` of each heading of a markdown text."""
    found = re.findall(r"^(#{1,6})\s+(.+?)\s*#*\s*$", re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.S | re.M), re.M)
    return [(len(marks), plain(title)) for marks, title in found]


def plain(title):
    """A heading's text without its markup."""
    title = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title)
    return re.sub(r"[`*]|(?<!\w)_|_(?!\w)", "", title).strip()


def sections(nb, level=2):
    """Cut a notebook at its headings of one level: a list of (title, list of (cell number, cell or markdown part)).

    The first title is None and holds what comes before the first heading. Cell numbers count all cells from 1. A
    markdown cell that holds several headings is cut into parts.
    """
    result = [(None, [])]
    mark = re.compile(rf"^{'#' * level}\s+(.+?)\s*$")
    for number, cell in enumerate(nb.cells, 1):
        if cell.cell_type != "markdown":
            result[-1][1].append((number, cell))
            continue
        part, fenced = [], False
        for line in cell.source.splitlines():
            fenced ^= line.startswith(("```", "~~~"))
            match = None if fenced else mark.match(line)
            if match:
                _add(result, number, part)
                result.append((match.group(1), []))
                part = []
            else:
                part.append(line)
        _add(result, number, part)
    return result


def _add(result, number, lines):
    text = "\n".join(lines).strip()
    if text:
        result[-1][1].append((number, nbformat.v4.new_markdown_cell(text)))


def prose(parts):
    """All markdown of a section as one text."""
    return "\n\n".join(cell.source for _, cell in parts if cell.cell_type == "markdown")


def has_picture(cell, executed=True):
    """Whether a cell shows an image. Without outputs any code cell may be the one that draws."""
    if cell.cell_type == "markdown":
        return bool(re.search(r"!\[[^\]]*\]\([^)]+\)", cell.source))
    if not executed:
        return cell.cell_type == "code"
    return any(kind.startswith("image/") for output in cell.get("outputs", []) for kind in output.get("data", {}))


def about(seconds):
    """Measured seconds as a reader wants them: "about 40 s", "about 2.5 min"; None is "not measured"."""
    if seconds is None:
        return "not measured"
    if seconds <= 5:
        return "a few seconds"
    if seconds <= 57.5:
        return f"about {5 * math.ceil(seconds / 5 - 0.5)} s"
    return f"about {math.ceil(seconds / 30 - 0.25) / 2:g} min"


# ---- a chapter ---------------------------------------------------------------------------------------------------


MOST_MINUTES = 40


def check_chapter(nb, name, executed=True):
    """The skeleton of a chapter; see "The skeleton" in CONTRIBUTING.md.

    `name` is the file's stem, such as "41_mlp_gan". With `executed=False` (a notebook made from its source without
    running it) measured times and drawn pictures are not asked for.
    """
    problems = _check_head(nb, name, executed)
    parts = sections(nb)
    titles = [title for title, _ in parts]
    by_title = dict(parts)

    problems += _check_order(titles)
    problems += _check_idea(parts, executed)
    code = [cell.source for cell in nb.cells if cell.cell_type == "code"]
    text = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    if len(re.findall(r"\*\*(?:Before you run|Predict)", text)) < 2:
        problems.append(
            "the reader isn't asked to predict twice: add **Predict, and say why:** … and discuss the answer"
        )
    if not any(re.search(r"\bclaim\(", source) for source in code):
        problems.append("no claim(…): what the prose says about an experiment is an assertion beside it")
    if re.search(r"\b(claim|identity)\(", text):
        problems.append("claim( or identity( stands in markdown: a claim is code")

    if ENDING[0] in by_title:
        entries = re.findall(r"^(?:### \S|\*\*[^*\n]+\*\*)", prose(by_title[ENDING[0]]), re.M)
        if len(entries) != 5:
            problems.append(f"“{ENDING[0]}” has {len(entries)} entries (### … or **…** at the start of a line), not 5")
    if "Recap" in by_title:
        count = len(list_items(prose(by_title["Recap"])))
        if count != 5:
            problems.append(f"“Recap” has {count} list items, not 5")
    if ENDING[2] in by_title:
        problems += _check_questions(prose(by_title[ENDING[2]]))
    if ENDING[3] in by_title and f"../exercises/{name}.ipynb" not in prose(by_title[ENDING[3]]):
        problems.append(f"“{ENDING[3]}” has no link to ../exercises/{name}.ipynb: write {{{{neighbours}}}} there")
    if "Further reading" in by_title:
        problems += _check_reading(prose(by_title["Further reading"]))
    if "Key terms" in by_title:
        problems += _check_terms(prose(by_title["Key terms"]))
    return problems + check_cells(nb)


def _check_head(nb, name, executed):
    problems = []
    first = nb.cells[0] if nb.cells else None
    if first is None or first.cell_type != "markdown":
        return ["the first cell must be markdown: title, why, and the box"]
    text = first.source
    number = name.split("_")[0]
    if not re.match(rf"# {number} · \S", text):
        problems.append(f"the first line must be “# {number} · Title”")
    if sum(level == 1 for c in nb.cells if c.cell_type == "markdown" for level, _ in headings(c.source)) > 1:
        problems.append("there is more than one heading of level 1")
    after_title = text.split("\n", 1)[1].strip() if "\n" in text else ""
    if not re.match(r"\*[^*\s][^*]*[^*\s]\*(\n\s*\n|$)", after_title):
        problems.append("below the title one sentence in *italics* must say why the reader should care")
    box = "\n".join(re.findall(r"^> ?(.*)$", text, re.M))
    for label in ("You will be able to", "Before you start", "Minutes"):
        if f"**{label}**" not in box:
            problems.append(f"the box (> …) of the first cell has no **{label}**")
    able = re.search(r"\*\*You will be able to\*\*(.*?)(?=\*\*Before you start|\*\*Minutes|\Z)", box, re.S)
    if able and not 3 <= len(list_items(able.group(1))) <= 5:
        problems.append(f"**You will be able to** has {len(list_items(able.group(1)))} bullets, not 3 to 5")
    minutes = re.search(r"\*\*Minutes\*\*.*?(?=\n\s*\n|\Z)", box, re.S)
    stored = nb.metadata.get("gan_edu", {})
    if minutes and executed:
        line = minutes.group()
        facts = {"read_minutes": str(stored.get("read_minutes")), "run_time": about(stored.get("run_seconds"))}
        for fact, value in facts.items():
            if not re.search(rf"(?<!\d){re.escape(value)}(?!\d)", line):
                problems.append(f"**Minutes** doesn't show {{{{{fact}}}}}, as the build measured it ({value})")
        if (stored.get("read_minutes") or 0) > MOST_MINUTES:
            problems.append(
                f"takes {stored['read_minutes']} minutes to read: more than {MOST_MINUTES} are two sittings"
            )
        if "GPU" not in line:
            problems.append("**Minutes** says nothing about a GPU: use {{gpu_time}}, or say that none is needed")
    return problems


def _check_order(titles):
    problems = []
    wanted = [IDEA, *ENDING]
    for title in wanted:
        if titles.count(title) != 1:
            problems.append(f"the section “## {title}” occurs {titles.count(title)} times, not once")
    found = [title for title in titles if title in wanted]
    if not problems and found != wanted:
        problems.append(f"the sections stand in the order {found}, not {wanted}")
    numbers = [int(m.group(1)) for t in titles if t and (m := re.match(r"(\d+)\. \S", t))]
    if len(numbers) < 3:
        problems.append(f"there are {len(numbers)} numbered sections “## 1. …”, fewer than 3")
    if numbers != list(range(1, len(numbers) + 1)):
        problems.append(f"the numbered sections are numbered {numbers}, not 1, 2, 3, …")
    return problems


def _check_idea(parts, executed):
    for title, cells in parts:
        for number, cell in cells:
            if title == IDEA and has_picture(cell, executed):
                return []
            if cell.cell_type == "markdown" and "$" in without_code(cell.source).replace(r"\$", ""):
                return [f"cell {number}: a formula comes before the picture of “## {IDEA}”"]
        if title == IDEA:
            return [f"“## {IDEA}” shows no picture"]
    return []


def _check_questions(text):
    folded = re.findall(r"<details>.*?</details>", text, re.S)
    problems = [] if len(folded) == 3 else [f"“{ENDING[2]}” has {len(folded)} <details> … </details>, not 3"]
    for block in folded:
        match = re.match(r"<details>\s*<summary>(.+?)</summary>\n\s*\n(.*\S.*)</details>", block, re.S)
        if not match:
            problems.append("a quick question needs <details><summary>…</summary>, an empty line, then the answer")
    return problems


def _check_reading(text):
    problems = []
    items = list_items(text)
    if len(items) < 3:
        problems.append(f"“Further reading” has {len(items)} list items, fewer than 3")
    for item in items:
        if not re.search(r"\]\(https?://|<https?://", item):
            problems.append(f"further reading without a link: {item[:60]}")
        elif count_words(re.sub(r"\[[^\]]*\]\([^)]*\)", " ", item)) < 5:
            problems.append(f"further reading without a line on why to read it: {item[:60]}")
    return problems


def _check_terms(text):
    rows = [line for line in text.splitlines() if line.startswith("|")]
    if not rows or [c.strip() for c in rows[0].strip("|").split("|")] != ["English", "中文", "Meaning"]:
        return ["“Key terms” needs a table with the header | English | 中文 | Meaning |"]
    problems = [] if len(rows) >= 5 else [f"“Key terms” has {max(len(rows) - 2, 0)} terms, fewer than 3"]
    for row in rows[2:]:
        # A bar inside a formula is no cell border.
        cells = [c.strip() for c in re.sub(r"\$[^$]*\$|`[^`]*`", "x", row).replace(r"\|", "").strip("|").split("|")]
        if len(cells) != 3 or not all(cells) or not re.search(r"[\u4e00-\u9fff]", cells[1]):
            problems.append(f"a key term needs English, 中文 and a meaning: {row}")
    return problems


def check_cells(nb):
    """Cells short enough to take in at once; no bare HTML, no image without alt text."""
    problems, lengths = [], []
    for number, cell in enumerate(nb.cells, 1):
        if cell.cell_type == "code":
            # nobody reads a solution's hidden tests but whoever grades
            shown = re.sub(r"### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS", "", cell.source, flags=re.S)
            lines = sum(bool(line.strip()) for line in shown.splitlines())
            lengths.append(lines)
            if lines > MAX_CODE_LINES:
                problems.append(f"cell {number} has {lines} lines of code, more than {MAX_CODE_LINES}: cut it in two")
            if not lines:
                problems.append(f"cell {number} is empty")
        elif cell.cell_type == "markdown":
            words = count_words(cell.source)
            if words > MAX_WORDS:
                problems.append(f"cell {number} has {words} words, more than {MAX_WORDS}: a wall of text")
            if r"\$" in without_code(cell.source):
                problems.append(f"cell {number} has a dollar sign, a formula to JupyterLab: write “1,500 dollars”")
            problems += [
                f"cell {number}: “{_short(line)}” makes a list of a sentence" for line in _lists_by_chance(cell.source)
            ]
            text = without_math(without_code(cell.source))
            if re.search(r"!\[\s*\]\(", text):
                problems.append(f"cell {number} has an image without alternative text")
            for tag in re.findall(r"</?([a-zA-Z][a-zA-Z0-9]*)(?=[\s/>])", text):
                if tag.lower() not in HTML_TAGS:
                    problems.append(f"cell {number} has an HTML tag <{tag}>; allowed are {sorted(HTML_TAGS)}")
            if left := re.search(r"\{\{[a-z_]{4,}\}\}", text):
                problems.append(f"cell {number} has a placeholder {left.group()} that nobody fills")
    short = sum(n <= USUAL_CODE_LINES for n in lengths)
    if lengths and short < USUAL_SHARE * len(lengths):
        problems.append(f"only {short} of {len(lengths)} code cells have at most {USUAL_CODE_LINES} lines")
    styled = any("use_style()" in cell.source for cell in nb.cells)
    legends = [n for n, cell in enumerate(nb.cells, 1) if cell.cell_type == "code" and ".legend(" in cell.source]
    if legends and not styled:
        problems.append(f"cell {legends[0]} draws a legend, but no cell calls plotting.use_style()")
    return problems + check_clocks(nb)


def _lists_by_chance(text):
    """Lines that JupyterLab takes for a numbered list, though they go on a sentence: "1. " in a paragraph, any number
    in a bullet."""
    found, begun = [], ""  # begun: how the paragraph, or the item of a list, begins
    for line in re.sub(r"<!--.*?-->", "", without_code(text)).splitlines():
        if re.match(r"#{1,6} ", line):
            begun = ""
        elif not line.strip() or not begun or re.match(r"\s*[-*+] ", line):
            begun = line.strip()
        elif re.match(r"\s*\d+[.)]\s", begun):
            continue
        elif re.match(r"\s*\d+[.)]\s" if re.match(r"[-*+] ", begun) else r"\s*1[.)]\s", line):
            found.append(line)
    return found


# ---- an exercise -------------------------------------------------------------------------------------------------


def check_exercise(nb, name):
    """The skeleton of an exercise; takes the exercise or its solution, whose text outside the answers is the same."""
    problems = []
    first = nb.cells[0] if nb.cells else None
    number = name.split("_")[0]
    head = first.source if first is not None and first.cell_type == "markdown" else ""
    if not re.match(rf"# Exercises {number} · \S", head):
        problems.append(f"the first cell must start with “# Exercises {number} · Title”")
    for folder in ("chapters", "solutions"):
        if f"(../{folder}/{name}.ipynb)" not in head:
            problems.append(f"the first cell has no link to ../{folder}/{name}.ipynb")
    code = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "code")
    if not re.search(rf"^from gan_edu\.checks import chapter_{number} as q$", code, re.M):
        problems.append(f"no cell has the line “from gan_edu.checks import chapter_{number} as q”")

    questions = [(title, cells) for title, cells in sections(nb) if title and re.match(r"\d+\. \S", title)]
    numbers = [int(title.split(".")[0]) for title, _ in questions]
    if not 3 <= len(numbers) <= 6:
        problems.append(f"there are {len(numbers)} questions “## 1. …”, not 3 to 6")
    if numbers != list(range(1, len(numbers) + 1)):
        problems.append(f"the questions are numbered {numbers}, not 1, 2, 3, …")
    # Sections hold copies of markdown cells; the marks are read from the notebook's own cells.
    for title, cells in questions:
        lines = prose(cells).strip().splitlines()
        match = META_LINE.match(lines[0]) if lines else None
        good = match and all("●" in dots and "○●" not in dots for dots in match.groups()[:2])
        if not good:
            problems.append(
                f"question “{title}”: the first line must be “*Difficulty ●●○ · importance ●●● · 10 minutes*”"
            )
        problems += _check_marks(nb, title, sorted({n for n, _ in cells}))
    return problems + _check_lines(nb) + check_cells(nb)


def _check_lines(nb):
    """Commented calls that run once their # is gone; marks of an answer that stand on lines of their own."""
    problems = []
    for number, cell in enumerate(nb.cells, 1):
        for line in cell.source.splitlines():
            if cell.cell_type == "code" and line.startswith("# q."):
                try:
                    ast.parse(line[2:])
                except SyntaxError:
                    problems.append(f"cell {number}: “{line}” is no Python when its # is taken away")
            if cell.cell_type == "markdown" and "###" in line and not line.startswith("#"):
                if not re.fullmatch(r"<!-- ### (BEGIN|END) SOLUTION -->", line):
                    problems.append(f"cell {number}: the mark in “{_short(line)}” must stand on a line of its own")
    return problems


def _check_marks(nb, title, numbers):
    problems, open_answers, answered = [], {}, False
    for number in numbers:
        cell = nb.cells[number - 1]
        mark = cell.metadata.get("nbgrader")
        if not mark:
            continue
        if mark["solution"]:
            answered = True
            if cell.cell_type == "code":
                open_answers[f"check_{mark['grade_id']}"] = number
        elif mark["grade"]:
            if mark["grade_id"] not in open_answers:
                problems.append(f"question “{title}”: cell {number} checks what no answer cell above it gives")
            open_answers.pop(mark["grade_id"], None)
            if ".check(" not in cell.source:
                problems.append(f"question “{title}”: the check cell {number} calls no q.….check(…)")
    if not answered:
        problems.append(f'question “{title}” has no answer cell (# %% answer="…")')
    problems += [f"question “{title}”: no check for the answer in cell {number}" for number in open_answers.values()]
    return problems


def solution_blocks(nb):
    """The texts between BEGIN and END of solutions and hidden tests, and whole answer cells that have no such marks."""
    blocks = []
    for cell in nb.cells:
        found = re.findall(r"BEGIN (SOLUTION|HIDDEN TESTS)[^\n]*\n(.*?)\n?[^\n]*END \1", cell.source, re.S)
        blocks += [text for _, text in found]
        mark = cell.metadata.get("nbgrader") or {}
        if mark.get("solution") and not any(kind == "SOLUTION" for kind, _ in found):
            blocks.append(cell.source)
    return blocks


def check_leaks(solution, exercise):
    """No answer may be found in the exercise: no block of a solution, and no line of it with 25 characters or more."""
    problems = []
    told = [re.sub(r"\s+", " ", cell.source) for cell in exercise.cells]
    for block in solution_blocks(solution):
        lines = [re.sub(r"\s+", " ", line.strip()) for line in block.splitlines()]
        texts = {line for line in lines if len(line) >= 25}
        whole = re.sub(r"\s+", " ", block.strip())
        if len(whole) >= 12:
            texts.add(whole)
        for text in sorted(texts):
            shown = [n for n, source in enumerate(told, 1) if text in source]
            problems += [f"cell {n} of the exercise gives an answer away: {text[:80]}" for n in shown]
    for number, cell in enumerate(exercise.cells, 1):
        if re.search(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)", cell.source):
            problems.append(f"cell {number} of the exercise still has a mark of a solution")
        if cell.get("outputs") or cell.get("execution_count"):
            problems.append(f"cell {number} of the exercise has an output")
    return problems


# ---- stored outputs ----------------------------------------------------------------------------------------------

GENERIC_PATHS = re.compile(
    r"(?<![\w.:/-])/(?:home|Users|root|tmp|private|var|opt|usr|mnt|srv|workspaces?|builds?)/[\w.-]+"
    r"|\b[A-Z]:\\+Users\\|site-packages|\bipykernel_\d"
)
WARNING = re.compile(r"\b[A-Z]\w*Warning\b:")
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{8,}\b")
ANSI = re.compile(r"\x1b\[|\\u001b\[")


def private_words(root=None):
    """What would name the machine that this runs on: its folders, host and user."""
    words = {str(Path.home()), tempfile.gettempdir(), str(Path(tempfile.gettempdir()).resolve()), sys.prefix}
    words |= {str(Path(root)), str(Path(root).resolve())} if root else set()
    # Folders such as /tmp and /usr alone tell nothing; what lies in them is found by GENERIC_PATHS.
    words = {word for word in words if len(Path(word).parts) > 2}
    # A plain word such as "worker" may stand in any text; names with a digit or a hyphen are telling.
    try:
        names = {socket.gethostname(), getpass.getuser()}
    except (KeyError, OSError):
        names = set()
    words |= {name for name in names if len(name) >= 6 and re.search(r"[\d-]", name)}
    return sorted(words)


def output_texts(output):
    """Every text in one output. Not the players of recordings: these hold compressed numbers and our own script."""
    texts = [output.get("text", "")]
    for kind, value in output.get("data", {}).items():
        if kind == "text/html" and 'class="gan-edu-player"' in value:
            continue
        if not kind.startswith("image/") or kind.endswith("svg+xml"):
            texts.append(value if isinstance(value, str) else "".join(map(str, value)))
    return ["".join(t) if isinstance(t, list) else t for t in texts if t]


def check_outputs(nb, private=()):
    """What stored outputs must not hold: errors, stderr, warnings, names of a machine, times, widget state."""
    problems = []
    if "widgets" in nb.metadata:
        problems.append("the notebook stores widget state")
    for number, cell in enumerate(nb.cells, 1):
        if "execution" in cell.metadata:
            problems.append(f"cell {number} stores execution times")
        ignored = "nbval-ignore-output" in cell.metadata.get("tags", [])
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                problems.append(f"cell {number} ends in an error: {output.get('ename')}: {output.get('evalue')}")
                continue
            if output.output_type == "stream" and output.name == "stderr":
                problems.append(f"cell {number} writes to stderr: {_short(output.text)}")
            if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
                problems.append(f"cell {number} stores a widget view, which nobody can open without its state")
            for text in output_texts(output):
                if match := WARNING.search(text):
                    problems.append(f"cell {number} shows a warning: {_short(text[match.start() :])}")
                if match := GENERIC_PATHS.search(text):
                    problems.append(f"cell {number} shows a path of this machine: {_short(text[match.start() :])}")
                elif word := next((word for word in private if word in text), None):
                    problems.append(f"cell {number} shows a name or path of this machine: {word}")
                if (match := ADDRESS.search(text)) and not ignored:
                    problems.append(f"cell {number} shows a memory address, another one each run: {match.group()}")
                if ANSI.search(text):
                    problems.append(f"cell {number} shows terminal colour codes")
    return problems


CLOCKS = {"perf_counter", "perf_counter_ns", "process_time", "thread_time", "monotonic", "time_ns", "timeit"}
CLOCK_CALLS = re.compile(r"\b(?:time\.time|datetime\.now)\(")
TELLING = {"print", "display", "claim", "identity"}


def check_clocks(nb):
    """What the clock says differs in each run, so no cell may print or claim it whose output is compared.

    Functions that look at the clock are followed through the notebook, what they give is followed through its cell.
    """
    problems, clocks = [], set(CLOCKS)
    for number, cell in enumerate(nb.cells, 1):
        if cell.cell_type != "code":
            continue
        told, timed = bool(re.search(r"^%%?time", cell.source, re.M)), set(clocks)
        for statement in _statements(CLOCK_CALLS.sub("perf_counter(", cell.source)):
            nodes = list(ast.walk(statement))
            telling = [n for n in nodes if isinstance(n, ast.Call) and getattr(n.func, "id", None) in TELLING]
            told |= any(_names(call) & timed for call in telling)
            if _names(statement) & timed:
                timed |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
                if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                    clocks.add(statement.name)
                    timed.add(statement.name)
        if told and "nbval-ignore-output" not in cell.metadata.get("tags", []):
            problems.append(
                f"cell {number} tells what the clock said, something else in each run: draw it, or add "
                'tags=["nbval-ignore-output"]'
            )
    return problems


def _statements(code):
    try:
        return ast.parse(re.sub(r"^[%!].*", "", code, flags=re.M)).body
    except SyntaxError:  # the build says so
        return []


def _names(node):
    return {getattr(each, "id", getattr(each, "attr", None)) for each in ast.walk(node)}


def _short(text):
    return " ".join(text.split())[:120]


def check_widget_outputs(nb):
    """Cells with a live widget and no picture of it in the same output or the next: nothing of it can be stored, so
    nbval must not compare it."""
    problems = []
    for number, cell in enumerate(nb.cells, 1):
        outputs = cell.get("outputs", [])
        pairs = zip(outputs, [*outputs[1:], {}], strict=False)
        alone = any(is_bare_widget(output) and not _has_picture(following) for output, following in pairs)
        if alone and "nbval-ignore-output" not in cell.metadata.get("tags", []):
            problems.append(
                f"cell {number} shows a bare widget: if it is a progress bar, it must be off when TQDM_DISABLE is set; "
                'if it is meant to be there, add tags=["nbval-ignore-output"] to the cell, and a claim(…) below'
            )
    return problems


def is_bare_widget(output):
    """Whether an output holds a widget view and nothing else that a reader without a kernel could see."""
    return "application/vnd.jupyter.widget-view+json" in output.get("data", {}) and not _has_picture(output)


def _has_picture(output):
    return any(kind.startswith("image/") for kind in output.get("data", {}))


# ---- the tree ----------------------------------------------------------------------------------------------------


def check_tree(root):
    """Each source has its notebooks, each notebook its source, each chapter its exercises."""
    root = Path(root)
    chapters = {p.stem for p in (root / "sources/chapters").glob("*.py")}
    solutions = {p.stem for p in (root / "sources/solutions").glob("*.py")}
    problems = [] if chapters else ["there are no chapters in sources/chapters"]
    for folder, wanted in (("chapters", chapters), ("solutions", solutions), ("exercises", solutions)):
        found = {p.stem for p in notebooks(root, folder)}
        source = "chapters" if folder == "chapters" else "solutions"
        problems += [f"{folder}/{n}.ipynb is not built: python tools/build.py {n}" for n in sorted(wanted - found)]
        problems += [f"{folder}/{n}.ipynb has no source sources/{source}/{n}.py" for n in sorted(found - wanted)]
    problems += [f"sources/chapters/{n}.py has no exercises sources/solutions/{n}.py" for n in chapters - solutions]
    problems += [f"sources/solutions/{n}.py has no chapter sources/chapters/{n}.py" for n in solutions - chapters]
    for name in sorted(chapters | solutions):
        if not re.fullmatch(r"[0-8]\d_[a-z0-9_]+", name):
            problems.append(f"{name}: a file's name is NN_topic, in small letters, with the part as tens digit")
    numbers = [name[:2] for name in chapters]
    problems += [f"two chapters have the number {n}" for n in sorted(set(numbers)) if numbers.count(n) > 1]
    return problems


def notebooks(root, folder):
    """The notebooks of a folder, without those of a learner that `course.py update` has set aside."""
    return sorted(p for p in Path(root, folder).glob("*.ipynb") if ".mine-" not in p.name)


def check_sizes(root):
    """No notebook above the limit, and half of them well below."""
    sizes = {p: p.stat().st_size for f in ("chapters", "solutions", "exercises") for p in notebooks(root, f)}
    problems = [
        f"{p.parent.name}/{p.name} has {n // 1000} kB, more than {MAX_BYTES // 1000}: fewer or smaller pictures"
        for p, n in sorted(sizes.items())
        if n > MAX_BYTES
    ]
    if sizes and statistics.median_low(sizes.values()) > WARN_BYTES:
        problems.append(f"more than half of the notebooks have more than {WARN_BYTES // 1000} kB")
    return problems


def check_run_times(root):
    """The promise of a minute, from the seconds that the build stored."""
    seconds = {
        p.stem: nbformat.read(p, 4).metadata.get("gan_edu", {}).get("run_seconds", 0)
        for p in notebooks(root, "chapters")
    }
    problems = [f"{n} ran for {s:.0f} s, more than {MAX_SECONDS} s" for n, s in seconds.items() if s > MAX_SECONDS]
    slow = [n for n, s in seconds.items() if s > USUAL_SECONDS]
    if len(slow) > MAX_SLOW_CHAPTERS:
        problems.append(f"{len(slow)} chapters run for more than {USUAL_SECONDS} s: {', '.join(slow)}")
    return problems


def anchors(path):
    """The anchors of a file's headings: JupyterLab's rule for notebooks, GitHub's for markdown."""
    if path.suffix == ".ipynb":
        texts = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown"]
        return {title.replace(" ", "-") for text in texts for _, title in headings(text)}
    found = set()
    for _, title in headings(path.read_text(encoding="utf-8")):
        slug = base = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        count = 0
        while slug in found:
            count += 1
            slug = f"{base}-{count}"
        found.add(slug)
    return found


def links(text):
    """Targets of the links and images of a markdown text."""
    text = without_code(text)
    inline = re.findall(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)", text)
    references = re.findall(r"^\s*\[[^\]]+\]:\s+(\S+)", text, re.M)
    return inline + references + re.findall(r"\b(?:src|href)=\"([^\"]+)\"", text)


def documents(root):
    """The files whose links are checked: all notebooks, and the markdown files at the top and in the folders below."""
    root = Path(root)
    books = [p for folder in ("chapters", "exercises", "solutions") for p in notebooks(root, folder)]
    inner = [p for f in ("benchmarks", "gan_edu", "sources", "tests", "tools") for p in (root / f).rglob("*.md")]
    site = root / "sources/site"  # its links lead from place to place in the site, where make_site.py checks them
    return sorted(books) + sorted(root.glob("*.md")) + sorted(p for p in inner if not p.is_relative_to(site))


def _shown_markdown(cell):
    """The markdown texts that a code cell has shown."""
    texts = [output.get("data", {}).get("text/markdown") for output in cell.get("outputs", [])]
    return ["".join(text) for text in texts if text]


def check_links(root):
    """Links inside the course lead somewhere, headings included; also those in markdown that a cell has shown."""
    root = Path(root).resolve()
    problems, known = [], {}
    for path in documents(root):
        if path.suffix == ".ipynb":
            cells = list(enumerate(nbformat.read(path, 4).cells, 1))
            texts = [(f", cell {n}", c.source) for n, c in cells if c.cell_type == "markdown"]
            texts += [(f", output of cell {n}", text) for n, c in cells for text in _shown_markdown(c)]
        else:
            texts = [("", path.read_text(encoding="utf-8"))]
        for where, text in texts:
            for link in links(text):
                if re.match(r"[a-z][a-z0-9+.-]*:", link):
                    continue
                place = f"{path.relative_to(root).as_posix()}{where}"
                target, _, anchor = unquote(link).partition("#")
                file = (path.parent / target).resolve() if target else path
                if target.startswith("/") or not file.is_relative_to(root):
                    problems.append(f"{place}: the link {link} leads out of the course")
                elif not file.exists():
                    problems.append(f"{place}: the link {link} leads nowhere")
                elif anchor and file.suffix in (".ipynb", ".md"):
                    known.setdefault(file, None)
                    if known[file] is None:
                        known[file] = anchors(file)
                    if anchor not in known[file]:
                        problems.append(f"{place}: the link {link} names a heading that doesn't exist")
    return problems

"""For teachers: an nbgrader course made from the solutions, and what learners' files say about their progress.

Nothing here needs a network, an account or a server, and nothing is sent anywhere: a learner writes a file
(`gan-edu progress --export ada.csv`) and hands it in; `gan-edu classroom collect FOLDER` reads a folder of them.
"""

import csv
import io
import json
from pathlib import Path

from gan_edu.checks import record
from gan_edu.files import typed, write_atomically

COLUMNS = ["chapter", "question", "solved"]
CONFIG = '''\
"""nbgrader's settings for this course. Written by `gan-edu classroom init`; change it as you like."""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "gan_edu"
c.CourseDirectory.root = str(Path(__file__).parent)
c.Execute.timeout = 120  # seconds for one cell: a loop that never ends costs its question only

# What grading a notebook must not do: note questions as solved on the teacher's computer, or draw progress bars.
os.environ["GAN_EDU_STATE"] = str(Path(__file__).parent / ".progress-of-grading")
os.environ["TQDM_DISABLE"] = "1"
os.environ.setdefault("GAN_EDU_DEVICE", "cpu")  # the same points on every machine
# nbgrader calls the program alembic by its name; it lies beside this Python.
os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
'''


def make_course(folder, root):
    """Make an nbgrader course in `folder` with one assignment for each notebook in `root`/solutions.

    Returns the names of the new ones. Files that are there stay as they are, so that a second call adds what is new and
    overwrites nothing of a teacher's.
    Raises FileNotFoundError where there are no solutions, OSError where nothing can be written.
    """
    solutions = [path for path in sorted(Path(root, "solutions").glob("*.ipynb")) if ".mine-" not in path.name]
    if not solutions:
        raise FileNotFoundError(f"There are no solutions in {Path(root, 'solutions')}.")
    folder, made = Path(folder), []
    for path in solutions:
        place = folder / "source" / path.stem / path.name
        if not place.exists():
            write_atomically(place, path.read_bytes())
            made.append(path.stem)
    config = folder / "nbgrader_config.py"
    if not config.exists():
        write_atomically(config, CONFIG.encode())
    return made


def export(file):
    """Write the progress on this computer to `file`: CSV (chapter, question, solved: 0 or 1), or JSON by its ending.

    No name and no time are in it. Returns how many questions are solved, and how many there are. Raises ValueError for
    another ending, FileExistsError for a file that is something else than an earlier export, OSError where nothing can
    be written.
    """
    file = Path(file)
    rows = [[chapter, name, int(done)] for chapter, names in record.progress().items() for name, done in names.items()]
    kind = file.suffix.lower()
    if kind == ".csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
        content = text.getvalue()
    elif kind == ".json":
        content = json.dumps([dict(zip(COLUMNS, row, strict=True)) for row in rows], indent=1) + "\n"
    else:
        raise ValueError(f"{typed(file)}: name a file that ends in .csv or .json.")
    if file.exists():
        try:
            read(file)
        except ValueError:
            wrong = f"{typed(file)} is there already, and holds something else; say another name."
            raise FileExistsError(wrong) from None
    write_atomically(file, content.encode())
    return sum(row[2] for row in rows), len(rows)


def read(file):
    """(chapter, question) → whether it is solved, from a file that `export` wrote.

    Raises ValueError, in one sentence, for any other file.
    """
    file = Path(file)
    wrong = ValueError(f"{file.name} is not what gan-edu progress --export writes.")
    try:
        text = file.read_text(encoding="utf-8-sig")  # a table program may have saved it again
        if file.suffix.lower() == ".json":
            rows = json.loads(text)
        else:
            dialect = ";" if text.partition("\n")[0].count(";") == 2 else ","
            rows = list(csv.DictReader(io.StringIO(text), delimiter=dialect))
        found = {(str(row["chapter"]).zfill(2), row["question"]): bool(int(row["solved"])) for row in rows}
        if not found or not all(part.isprintable() for key in found for part in key):
            raise wrong
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, csv.Error):
        raise wrong from None
    return found


def collect(folder):
    """A table of all exported files in `folder`, as text: who has solved how many of a chapter's questions.

    A file's name says who it is. Chapters in which nobody has solved anything are left out. Files that can't be
    read are named at the end. Raises FileNotFoundError where there is no such folder or no file in it.
    """
    files = sorted(path for path in Path(folder).glob("*") if path.suffix.lower() in (".csv", ".json"))
    if not files:
        raise FileNotFoundError(f"There are no .csv or .json files in {typed(folder)}.")
    stems = [file.stem for file in files]
    learners, wrong = {}, []
    for file in files:
        try:
            learners[file.stem if stems.count(file.stem) == 1 else file.name] = read(file)
        except ValueError as error:
            wrong.append(str(error))
    solved = {key for marks in learners.values() for key, done in marks.items() if done}
    chapters = sorted({chapter for chapter, _ in solved})
    table = [["", *chapters, "all"]]
    for who, marks in learners.items():
        counts = [sum(done for (c, _), done in marks.items() if c == chapter) for chapter in chapters]
        table.append([who, *counts, sum(marks.values())])
    widths = [max(len(str(row[i])) for row in table) for i in range(len(table[0]))]
    lines = []
    for first, *rest in table:
        cells = [str(cell).rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]))
    rare = sorted((sum(marks.get(key, False) for marks in learners.values()), *key) for key in solved)[:5]
    if rare:
        lines += ["", f"Solved by fewest of {len(learners)}, in these chapters (questions nobody solved aside):"]
        lines += [f"  {chapter}.{name}: {count}" for count, chapter, name in rare]
    return "\n".join([*lines, *wrong])

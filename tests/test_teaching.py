"""The teacher's files: what is made is up to date, lessons fit, the exam and its marking scheme agree and are right."""

import math
import os
import re
import statistics
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import nbformat
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tools import offline_zip, slides, teaching

ROOT = Path(__file__).parents[1]
EXAM, MARKING = ((ROOT / f"teaching/{name}.md").read_text(encoding="utf-8") for name in ("exam", "exam_marking"))


# --- what is made from the notebooks


def test_what_is_made_is_up_to_date(capsys):
    assert teaching.main(["--check"]) == 0, "python -m tools.teaching brings teaching/ up to date"


def test_every_chapter_has_questions_and_most_have_answers_to_expect():
    books = teaching.chapters()
    assert len(books) == len(list((ROOT / "sources/chapters").glob("*.py")))
    for number, nb in books.items():
        asked = teaching.predictions(nb)
        assert len(asked) >= 2, f"chapter {number}"
        assert sum(bool(answer or claims) for _, claims, answer in asked) >= len(asked) - 1, f"chapter {number}"
        assert any(mistakes for _, _, mistakes in teaching.questions(ROOT, number)), f"chapter {number}"


def test_lessons_of_45_and_of_90_minutes_for_ten_chapters_and_more():
    plans = tomllib.loads((ROOT / "teaching/plans.toml").read_text(encoding="utf-8"))
    lengths = {}
    for plan in plans["lesson"]:
        lengths.setdefault(plan["chapter"], []).append(plan["minutes"])
    assert len(lengths) >= 10 and all(both == [45, 90] for both in lengths.values())
    assert len(plans["week"]) == 14
    # What is read at home or in class comes before what needs it, as the chapters' own boxes say.
    seen = []
    for week in plans["week"]:
        seen += week.get("class", []) + week.get("home", [])
        assert set(week.get("exercises", [])) <= set(seen)
    for chapter in seen:
        for needed in teaching.course_map.needs()[chapter]:
            assert needed not in seen or seen.index(needed) < seen.index(chapter), f"{chapter} needs {needed}"


def small_chapter(words=400):
    text = "## 1. A section\n\n" + "word " * words + "\n\n**Predict:** what comes?"
    cells = ["# 21 · A chapter", text, "## Recap\n\nwords"]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(cell) for cell in cells])


def test_the_minutes_of_a_lesson_are_counted_and_what_does_not_fit_is_told():
    plan = {"chapter": "21", "minutes": 45, "sections": ["1", "Recap"], "exercises": [], "then": "Talk."}
    rows = teaching.lesson(small_chapter(), plan)
    assert rows == [(3 + 2, "1. A section"), (1, "Recap"), (39, "Talk.")]  # 400 words, one prediction
    with pytest.raises(ValueError, match="are left for: Talk"):
        teaching.lesson(small_chapter(8000), plan)
    with pytest.raises(ValueError, match="has no section '7'"):
        teaching.lesson(small_chapter(), plan | {"sections": ["7"]})


# --- the exam


def parts(text):
    found = re.split(r"^### (\d+) · (.+) \((\d+) points\)$", text, flags=re.M)[1:]
    return {int(n): (name, int(points), body) for n, name, points, body in zip(*[iter(found)] * 4, strict=True)}


def test_exam_and_marking_scheme_have_the_same_twenty_questions():
    asked, marked = parts(EXAM), parts(MARKING)
    assert list(asked) == list(marked) == list(range(1, 21))
    assert [each[:2] for each in asked.values()] == [each[:2] for each in marked.values()]
    assert sum(each[1] for each in asked.values()) == 100
    for number, (_, _, body) in asked.items():  # each part that is asked for is marked
        letters = set(re.findall(r"\(([abc])\)", body))
        assert letters <= set(re.findall(r"\(([abc])\)", marked[number][2])), f"question {number}"


def fd(mean, std):
    return mean**2 + (1 - std) ** 2


RECOVERY = {("severe", 1): 0.5, ("severe", 0): 0.3, ("other", 1): 0.9, ("other", 0): 0.8}
TREATED = {"severe": 0.8, "other": 0.2}


def seen(treated):
    weight = {kind: share if treated else 1 - share for kind, share in TREATED.items()}
    return sum(weight[kind] * RECOVERY[kind, treated] for kind in weight) / sum(weight.values())


def done(treated):
    return statistics.mean(RECOVERY[kind, treated] for kind in TREATED)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


SEEDS = [8, 8, 7, 8, 3, 8, 8, 2]
NUMBERS = {  # question: what stands in bold in its marking scheme, in this order
    2: [0.3 / 0.4, math.log(3), 0.6 / 0.7],
    3: [2 * math.log(2), math.log(2)],
    4: [-sigmoid(-4), -sigmoid(4), math.exp(4)],
    5: [-2 * math.log(2), 0],
    7: [statistics.mean(SEEDS), statistics.median(SEEDS)],
    8: [1, 1 / 3, 0.5 * math.log(3) + math.log(1.5)],
    9: [math.sqrt(1.01), 1.01**50],
    11: [0.5 * (4 + 0.25 - 1 - math.log(0.25))],
    14: [fd(1, 2)],
    18: [seen(1), seen(0), done(1), done(0)],
    20: [(60 + 70) / 200, math.log(60 / 30)],
}


@pytest.mark.parametrize("number", NUMBERS)
def test_the_numbers_of_the_marking_scheme(number):
    found = re.findall(r"\*\*([−\d./]+)\*\*", parts(MARKING)[number][2])
    told = [each.replace("−", "-") for each in found]
    assert len(told) == len(NUMBERS[number]), told
    for text, right in zip(told, NUMBERS[number], strict=True):
        if "/" in text:
            above, below = text.split("/")
            assert float(above) / float(below) == pytest.approx(right)
        else:
            digits = len(text.partition(".")[2])
            assert float(text) == pytest.approx(right, abs=0.5 * 10**-digits + 1e-9)


class Standing:
    """An optimizer that takes no step, so that gradients can be compared; torch.optim would take seconds to import."""

    def __init__(self, net):
        self.zero_grad, self.step = net.zero_grad, lambda: None


def test_the_exams_program_stops_where_the_marking_scheme_says():
    program = re.search(r"```python\n(.+?)```", parts(EXAM)[6][2], re.S)[1]

    def run(text):
        torch.manual_seed(0)
        G, D = (nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1)) for _ in range(2))
        names = {"G": G, "D": D, "F": F, "torch": torch, "batches": [torch.randn(5, 1) for _ in range(2)]}
        names |= {"opt_g": Standing(G), "opt_d": Standing(D)}
        exec(compile(text, "exam", "exec"), names)
        return G[0].weight.grad.clone()

    with pytest.raises(RuntimeError, match="a second time") as stopped:
        run(program)
    line = next(entry.lineno for entry in stopped.traceback if str(entry.path).endswith("exam"))
    assert "loss_g.backward()" in program.splitlines()[line]
    mended = program.replace("D(fake)).mean()\n    opt_d", "D(fake.detach())).mean()\n    opt_d")
    assert mended != program
    cleared = mended.replace("    loss_g.backward()", "    opt_g.zero_grad()\n    loss_g.backward()")
    assert not torch.allclose(run(mended), run(cleared))  # without it the gradients add up


# --- what learners get


def test_the_zip_for_a_room_holds_the_course_and_nothing_of_the_teachers(tmp_path):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels/nothing-1-py3-none-any.whl").write_bytes(b"wheel")
    path = tmp_path / "room.zip"
    try:
        assert offline_zip.write(path, ROOT, tmp_path / "wheels") == path.stat().st_size
    except offline_zip.Failed as reason:
        pytest.skip(str(reason))
    with zipfile.ZipFile(path) as made:
        names = set(made.namelist())
        assert not [name for name in names if "exam" in Path(name).name or "/teaching/" in name]
        for needed in (
            "course.py",
            "offline.py",
            "pyproject.toml",
            "tools/installer.py",
            "wheels/nothing-1-py3-none-any.whl",
        ):
            assert f"gan-edu/{needed}" in names
        assert sum(name.startswith("gan-edu/chapters/") for name in names) == len(teaching.chapters())
        made.extractall(tmp_path / "a room")
    start = tmp_path / "a room/gan-edu/offline.py"
    text = start.read_text(encoding="utf-8")
    # It hands over to course.py with pip's settings for its own wheels, and with nobody else's.
    start.with_name("course.py").write_text(
        "import os, sys\nprint(sys.argv[1:], {k: v for k, v in os.environ.items() if k.startswith('PIP_')})", "utf-8"
    )
    line = [sys.executable, start, "lab", "--no-browser"]
    env = {"PIP_INDEX_URL": "https://elsewhere.example", "PATH": "", "SYSTEMROOT": "C:\\Windows"}
    told = subprocess.run(line, env=env, capture_output=True, text=True, check=True).stdout
    assert "['lab', '--no-browser']" in told and "a%20room/gan-edu/wheels" in told and "elsewhere" not in told
    start.write_text(re.sub(r"NEEDED = \('\d\.\d+'", "NEEDED = ('3.2'", text), encoding="utf-8")
    refused = subprocess.run(line, env=env, capture_output=True, text=True)
    assert refused.returncode == 1 and "for Python 3.2" in refused.stderr


def test_no_zip_without_the_course_and_none_cut_off(tmp_path):
    try:
        subprocess.run(["git", "init", "-q", tmp_path], check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("there is no git")
    inner, path = tmp_path / "unpacked here", tmp_path / "room.zip"
    inner.mkdir()
    (inner / "course.py").write_text("", encoding="utf-8")
    with pytest.raises(offline_zip.Failed, match="nobody knows which files"):
        offline_zip.write(path, inner, tmp_path)
    assert not path.exists()
    subprocess.run(["git", "-C", inner, "add", "course.py"], check=True)
    os.utime(inner / "course.py", (0, 0))  # images of machines have such dates; ZIP begins in 1980
    offline_zip.write(path, inner, tmp_path)
    before = path.read_bytes()
    (tmp_path / "gone.whl").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError):
        offline_zip.write(path, inner, tmp_path)
    assert path.read_bytes() == before


# --- slides (how they look is in browser/test_slides.py)


def test_slides_hold_predictions_pictures_and_claims_and_fold_the_rest():
    nb = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(
                "# 99 · A title\n\n*Why.*\n\n> **You will be able to**\n> - do it\n>\n> **Before you start** nothing"
            ),
            nbformat.v4.new_markdown_cell(
                "## 1. One\n\nFirst, with $x_1 < 2$.\n\nMore [here](22_x.ipynb).\n\n$$\\frac12$$\n\n**Predict:** what?"
            ),
            nbformat.v4.new_code_cell(
                "secret = 1 < 2",
                outputs=[
                    nbformat.v4.new_output("stream", text="✓ a claim <b>\n"),
                    nbformat.v4.new_output("display_data", {"text/markdown": "- *shown*", "text/plain": "<Markdown>"}),
                ],
            ),
            nbformat.v4.new_markdown_cell("## Help, I get …\n\nNot on slides."),
        ]
    )
    title, ((_, first), (name, blocks)) = slides.parts(nb, ROOT / "chapters")
    assert (title, name) == ("99 · A title", "1. One")
    assert "<li>do it</li>" in "".join(first) and "Before you start" not in "".join(first)
    shown = [block for block in blocks if not block.startswith("<aside")]
    notes = [block for block in blocks if block.startswith("<aside")]
    assert shown[0].startswith("<p>First, with <math") and "mfrac" in shown[1]
    assert shown[2].startswith('<div class="asks">') and shown[3] == "<pre>✓ a claim &lt;b&gt;</pre>"
    assert "<em>shown</em>" in shown[4]
    assert "More here." in notes[0] and "secret = 1 &lt; 2" in notes[1] and len(blocks) == 7


def test_a_chapter_that_is_not_there_is_told(capsys, tmp_path):
    assert slides.main(["98", "--out", str(tmp_path)]) == 2
    assert "There is no chapter '98'. There are: 00," in capsys.readouterr().err


def test_a_copy_that_an_update_set_aside_hides_no_chapter_and_a_bad_folder_is_told(tmp_path, capsys):
    (tmp_path / "chapters").mkdir()
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 21 · A chapter")])
    for name in ("21_x.ipynb", "21_x.mine-2026-11-28.ipynb"):
        nbformat.write(nb, tmp_path / "chapters" / name)
    assert slides.main(["21", "--out", str(tmp_path / "slides")], root=tmp_path) == 0
    assert [path.name for path in (tmp_path / "slides").iterdir()] == ["21_x.html"]
    assert slides.main(["21", "--out", str(tmp_path / "slides/21_x.html")], root=tmp_path) == 1
    assert "21_x.html" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted((ROOT / "teaching").glob("*.md")), ids=lambda path: path.name)
def test_links_lead_somewhere_and_a_dollar_sign_is_a_formula(path):
    text = teaching.build.lint.without_code(path.read_text(encoding="utf-8"))
    for link in re.findall(r"\]\(([^)#\s]+)", text):
        assert link.startswith("http") or (path.parent / link).exists(), link
    # What cells print is no Markdown: a price in it must not become a formula.
    assert not [line for line in text.splitlines() if line.startswith("- ✓") and "$" in line]

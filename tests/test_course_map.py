"""The map of chapter 00: which chapter needs which, and ways through the course."""

import graphlib
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tools import course_map

ROOT = Path(__file__).resolve().parent.parent


def write(root, **boxes):
    """Chapters "c11", … with these boxes, as sources; returns the root."""
    folder = root / "sources/chapters"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, box in boxes.items():
        text = f"# %% [markdown]\n# # {name[1:]} · Title\n#\n# > **Before you start** {box}\n# >\n# > **Minutes** 5\n"
        (folder / f"{name[1:]}_title.py").write_text(text, encoding="utf-8")
    return root


def test_needs_are_links_and_what_only_helps_is_none(tmp_path):
    root = write(
        tmp_path,
        c11="Nothing.",
        c12="[11 · Title](11_title.ipynb#1.-a), logarithms.",
        c13="[12 · Title](12_title.ipynb). Helpful, not\n# > needed: [11 · Title](11_title.ipynb).",
    )
    assert course_map.needs(root) == {"11": [], "12": ["11"], "13": ["12"]}


def test_a_circle_and_a_chapter_without_a_box_are_told(tmp_path):
    root = write(tmp_path, c11="[12](12_title.ipynb)", c12="[11](11_title.ipynb)")
    with pytest.raises(graphlib.CycleError):
        course_map.needs(root)
    (root / "sources/chapters/12_title.py").write_text("# %% [markdown]\n# # 12 · Title\n")
    with pytest.raises(ValueError, match="12_title.py: its first cell has no box"):
        course_map.needs(root)


def test_arrows_that_others_imply_are_not_shown():
    assert course_map.shown({"1": [], "2": ["1"], "3": ["1", "2"]}) == {"1": [], "2": ["1"], "3": ["2"]}


def test_no_two_boxes_lie_in_one_place():
    at = course_map.places(course_map.needs(ROOT))
    assert len(set(at.values())) == len(at)


def test_chapters_need_only_chapters_that_are_there():
    graph = course_map.needs(ROOT)
    assert {each for needed in graph.values() for each in needed} <= set(graph)


def test_the_picture_shows_the_boxes_as_they_are_now():
    with Image.open(ROOT / course_map.PICTURE) as picture:
        shown = picture.text["Description"]
    assert shown == course_map.digest(ROOT), "draw it again: python tools/course_map.py"


def test_a_way_that_leaves_out_what_it_needs_is_refused(monkeypatch):
    monkeypatch.setattr(course_map, "PATHS", {"a jump": ("00", "22")})
    with pytest.raises(ValueError, match="a jump: chapter 22 needs 21"):
        course_map.paths_table(ROOT)


def test_minutes_are_added_up(monkeypatch):
    (path,) = (ROOT / "chapters").glob("21_*.ipynb")
    read, solve = course_map.minutes("21")
    assert read == json.loads(path.read_text(encoding="utf-8"))["metadata"]["gan_edu"]["read_minutes"] and solve >= 15
    monkeypatch.setattr(course_map, "PATHS", {"two": ("00", "21")})
    monkeypatch.setattr(course_map, "minutes", lambda chapter, root: (40, 80))
    assert course_map.paths_table(ROOT).splitlines()[-1] == "| two | 00, 21 | 1½ hours | 4 hours |"

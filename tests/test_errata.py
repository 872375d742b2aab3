"""The errata: all entries are there once, each says how one can tell, and what it names exists."""

import dataclasses
import re
from pathlib import Path

import nbformat
import pytest

from gan_edu import errata, museum
from tools.lint import anchors

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
KNOWN = {}  # the headings of chapters that were read already
NUMBERS = {f"E-{n:02}" for n in range(1, 136)} | {"E-46b", "E-105b", "E-109b"}


def problems(entries, exhibits=museum.EXHIBITS):
    """What is wrong with the entries, one sentence each."""
    numbers = [each.number for each in entries]
    found = [f"{number} is missing" for number in sorted(NUMBERS - set(numbers))]
    found += [
        f"{number} is there twice or unknown"
        for number in numbers
        if numbers.count(number) > 1 or number not in NUMBERS
    ]
    for each in entries:
        words = (each.lines, each.quote, each.says, each.true)
        if not all(words) or each.article not in errata.ARTICLES or each.kind not in errata.KINDS:
            found.append(f"{each.number}: something isn't filled in")
        if each.gravity not in errata.GRAVITY or not re.match(r"\d+", each.lines):
            found.append(f"{each.number}: gravity {each.gravity}, lines {each.lines!r}")
        if len(each.quote) > 90 or len(each.true.split()) > 60:
            found.append(f"{each.number}: a quote is a few words, and what is true fits two or three sentences")
        rooms = [room for room in exhibits if each.number in room.errata]
        if not (each.tell or each.course or each.source or rooms):
            found.append(f"{each.number}: no way to tell")
        if each.kind == "code" and not rooms:
            found.append(f"{each.number}: a slip in code without a room in the museum")
        for place in each.course:
            stem, _, heading = place.partition("#")
            path = CHAPTERS / f"{stem}.ipynb"
            if path not in KNOWN:
                KNOWN[path] = anchors(path) if path.exists() else set()
            if heading.replace(" ", "-") not in KNOWN[path]:
                found.append(f"{each.number}: {place} leads nowhere")
        for source in each.source:
            if not re.fullmatch(r"\[[^\]]+\]\(https://[^\s)]+\)", source):
                found.append(f"{each.number}: {source} is no link")
    for room in exhibits:
        found += [f"{room.name}: there is no {number}" for number in room.errata if number not in NUMBERS]
    return found


def test_all_entries_are_there_and_lead_somewhere():
    found = problems(errata.ENTRIES)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("number", "change", "complaint"),
    [
        ("E-35", {"number": "E-36"}, "E-36 is there twice"),
        ("E-35", {"number": "E-36"}, "E-35 is missing"),
        ("E-35", {"course": ("32_optimal_discriminator#1. Place by Place",)}, "leads nowhere"),
        ("E-35", {"course": ("39_nothing#1. Place by place",)}, "leads nowhere"),
        ("E-35", {"source": ("Goodfellow 2014",)}, "is no link"),
        ("E-35", {"source": (), "course": (), "tell": ""}, "no way to tell"),
        ("E-35", {"kind": "code"}, "without a room"),
        ("E-35", {"kind": "joke"}, "isn't filled in"),
        ("E-35", {"quote": ""}, "isn't filled in"),
        ("E-35", {"quote": "生" * 91}, "a few words"),
        ("E-35", {"gravity": 4}, "gravity 4"),
    ],
)
def test_a_bad_entry_is_found(number, change, complaint):
    bad = [dataclasses.replace(each, **change) if each.number == number else each for each in errata.ENTRIES]
    assert any(complaint in problem for problem in problems(bad))


def test_a_room_of_an_unknown_entry_is_found():
    room = dataclasses.replace(museum.EXHIBITS[0], errata=("E-999",))
    assert any("there is no E-999" in problem for problem in problems(errata.ENTRIES, [*museum.EXHIBITS, room]))


def test_one_entry_and_its_text():
    one = errata.get(" e-127 ")
    assert one.rooms and "museum:" in one.text() and "line 212:" in one.text() and one.stars == "★★★"
    assert repr(one) == "Entry(E-127, S4 212, code, ★★★)"
    with pytest.raises(ValueError, match="There is no entry 'E-7'.*E-"):
        errata.get("E-7")


@pytest.mark.parametrize(
    ("question", "number"),
    [
        *[("不平衡", "E-50"), ("时间序列", "E-54"), ("私密", "E-53"), ("慢", "E-98"), ("损失函数", "E-107")],
        *[("相似度", "E-85"), ("相似度", "E-99"), ("稳定", "E-75"), ("多样", "E-76"), ("伊朗", "E-103")],
        *[("斯坦福", "E-32"), ("伯克利", "E-104"), ("训练速度", "E-98"), ("高维", "E-51"), ("缺失值", "E-52")],
    ],
)
def test_words_of_the_questions_find_their_entries(question, number):
    assert errata.get(number) in errata.find(question)


def test_one_line_and_several():
    assert errata.get("E-80").where == "lines 9, 18" and errata.get("E-02").where == "line 18 (also S3 5, S4 233)"
    assert errata.get("E-38").where == "lines 58–85" and "lines 9, 18" in errata.table([errata.get("E-80")])


def test_search_by_word_kind_article_and_gravity():
    assert errata.get("E-66") in errata.find("ONE tensor")
    assert {"E-105b", "E-34"} <= {each.number for each in errata.find("解码器")}
    assert all(each.kind == "advice" and each.gravity == 3 for each in errata.find(kind="advice", gravity=3))
    assert all(each.article == "S2" for each in errata.find(article="S2"))
    assert errata.find("no such words anywhere") == []
    assert errata.get("E-49") in errata.find("梯度消失") and errata.get("E-119") in errata.find("reparameterization")
    assert errata.get("E-35") in errata.find("min max") and errata.get("E-69") not in errata.find("min")
    assert errata.find() == list(errata.ENTRIES)
    assert [each.gravity for each in errata.find(by="gravity")] == sorted(
        (e.gravity for e in errata.ENTRIES), reverse=True
    )
    kinds = [list(errata.KINDS).index(each.kind) for each in errata.find(by="kind")]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"kind": "codes"}, "no kind 'codes'; there are: advice, code, fact, formula"),
        ({"article": "S5"}, "no article 'S5'; there are: S0, S1"),
        ({"gravity": 0}, "no gravity 0; there are: 1, 2, 3"),
        ({"by": "line"}, "no order 'line'; there are: article, kind, gravity"),
    ],
)
def test_what_can_not_be_looked_up_is_said(wish, sentence):
    with pytest.raises(ValueError, match=sentence):
        errata.find(**wish)


def test_articles_are_shown_folded_and_whole(monkeypatch):
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda what: shown.append(what.data))
    for article in errata.ARTICLES:
        errata.show(article)
    numbers = re.findall(r"^\| \*\*(E-\w+)\*\*", "\n".join(shown), re.M)
    assert len(numbers) == len(NUMBERS) and set(numbers) == NUMBERS
    assert all(text.count("<details>") == text.count("</details>") for text in shown)
    with pytest.raises(ValueError, match="no article 'S9'"):
        errata.show("S9")


def test_rows_of_tables_have_four_cells():
    for each in errata.ENTRIES:
        row = errata.table([each]).splitlines()[-1]
        assert len(re.findall(r"(?<!\\)\|", row)) == 5, row
        assert row.count("`") % 2 == 0


def test_the_page_holds_all_of_them_without_a_kernel():
    nb = nbformat.read(CHAPTERS / "62_errata.ipynb", 4)
    shown = [
        o.data["text/markdown"] for c in nb.cells for o in c.get("outputs", []) if "text/markdown" in o.get("data", {})
    ]
    assert set(re.findall(r"\*\*(E-\w+)\*\*", "\n".join(shown))) == NUMBERS

"""One glossary for the whole course."""

import re
from pathlib import Path

import pytest

from tools import glossary

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "sources/chapters").glob("*.py"))}


def asked(text):
    return glossary.names(re.sub(r"^# ?", "", text, flags=re.M))


def test_every_chapter_takes_its_terms_from_the_glossary_and_every_term_is_taken():
    terms = glossary.read(ROOT)
    taken = {stem: asked(text) for stem, text in SOURCES.items()}
    assert all(len(names) >= 3 for names in taken.values()), [stem for stem in taken if len(taken[stem]) < 3]
    assert {name for names in taken.values() for name in names} == set(terms)
    assert not [stem for stem, text in SOURCES.items() if "| English | 中文 |" in text]


def test_no_two_terms_are_one_thing():
    """Two English words with one Chinese word, or with one meaning, are two words for one thing."""
    chinese, meanings, same = {}, {}, []
    for name, (word, meaning) in glossary.read(ROOT).items():
        for known, key in ((chinese, re.sub(r"（.*?）", "", word)), (meanings, meaning.lower())):
            if key in known:
                same.append((known[key], name))
            known[key] = name
    assert not same


def test_a_term_has_a_word_in_the_chapter_that_lists_it():
    absent = []
    for stem, text in SOURCES.items():
        prose = glossary.MARK.sub("", re.sub(r"^# ?", "", text, flags=re.M)).lower()
        for name in asked(text):
            beginnings = [word[:5] for word in re.findall(r"[\w$·]+", name.lower()) if len(word) > 2 or word[:1] == "r"]
            if not any(beginning in prose for beginning in beginnings):
                absent.append((stem, name))
    assert not absent


def test_rows_are_whole():
    for name, (word, meaning) in glossary.read(ROOT).items():
        assert name and word and meaning and "|" not in (name + word + meaning).replace(r"\|", ""), name


def test_the_table_of_some_terms(tmp_path):
    (tmp_path / "sources").mkdir()
    csv = tmp_path / "sources/glossary.csv"
    csv.write_text("english,chinese,meaning\nowl,猫头鹰,a bird\ncomb,梳,teeth\n", encoding="utf-8")
    assert glossary.table(tmp_path, "{{terms: comb;\nowl}}").splitlines()[2:] == [
        "| comb | 梳 | teeth |",
        "| owl | 猫头鹰 | a bird |",
    ]
    with pytest.raises(ValueError, match="no term 'owls'.*owl"):
        glossary.table(tmp_path, "{{terms: owls}}")
    csv.write_text("english,chinese,meaning\nowl,猫头鹰,a bird\nowl,枭,a bird\n", encoding="utf-8")
    with pytest.raises(ValueError, match="'owl' twice"):
        glossary.read(tmp_path)
    csv.write_text("english,chinese,meaning\nowl,猫头鹰,a bird, awake at night\n", encoding="utf-8")
    with pytest.raises(ValueError, match="needs quotes, at 'owl'"):
        glossary.read(tmp_path)

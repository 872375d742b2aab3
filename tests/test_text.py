"""The text that comes with the package: whole, and of the letters that chapter 13 needs."""

import hashlib
import re

from gan_edu import data
from gan_edu.data import text


def test_text_is_the_one_that_the_chapter_was_measured_on():
    content = text.FILE.read_bytes().replace(b"\r\n", b"\n")
    assert hashlib.sha256(content).hexdigest() == "6173d95dd2b97d29476e56c24cd535070a4da3f67d2c971618ea413a20b8efcb"


def test_paragraphs_without_markup():
    lines = data.prose().splitlines()
    assert len(lines) == 437 and all(len(line.split()) >= 5 for line in lines)
    assert not re.search(r"[`$*{}<>|]|http", data.prose())


def test_every_letter_occurs():
    assert set("abcdefghijklmnopqrstuvwxyz ") <= set(data.prose().lower())

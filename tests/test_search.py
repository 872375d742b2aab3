"""`gan-edu ask`: where does the course speak of …?"""

import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import mistune
import pytest

from gan_edu import cli, search

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("question", "chapter", "word"),
    [
        ("mode collapse", "23", "Mode collapse"),
        ("mode colapse", "23", "Mode collapse"),  # a slip of the keyboard
        ("模式崩溃", "23", "mode collapse"),
        ("CPU or GPU", "01", "CPU or GPU?"),
        ("memory is full", "59", "Memory is full"),
        ("loss of nan", "46", "nan"),
        ("missing values", "62", "E-52"),
        ("what is a GAN", "00", "generative adversarial network"),  # the short name, in brackets
    ],
)
def test_a_question_finds_its_place(question, chapter, word):
    found = search.find(question, most=4)
    assert any(word in each.title for each in found)
    assert any(each.chapter == chapter for each in found) or "E-" in word


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("loss is zero", "loss goes to zero"),
        ("D loss is 0", "loss goes to zero"),
        ("判别器损失为零", "loss goes to zero"),
        ("generator loss increases", "generator's loss rises"),
        ("生成器损失一直上升", "generator's loss rises"),
        ("black images", "black"),
        ("生成的图片全黑", "black"),
        ("same image every time", "all pictures are the same"),
        ("生成的图片都一样", "all pictures are the same"),
        ("how many images do I need", "how many pictures"),
        ("when should I stop training", "when do I stop"),
        ("which GPU", "which GPU"),
        ("can I sell the samples", "sell"),
        ("are GANs dead", "diffusion"),
        ("GAN还是扩散模型", "diffusion"),
        ("checkerboard", "checkerboard"),
        ("批归一化", "batch norm"),
        ("why tanh", "tanh"),
        ("损失为nan", "NaN"),
        ("label smoothing", "label smoothing"),
        ("latent size", "how many numbers"),
        ("vanishing gradients", "vanishing"),
        ("GAN和VAE的区别", "VAE"),
        ("eval mode", "eval()"),
    ],
)
def test_what_people_ask_finds_its_answer_first(question, words):
    first = search.find(question, most=1)[0]
    assert first.chapter == "61" and words.lower() in first.title.lower(), first


def test_each_answer_of_chapter_61_has_ways_to_ask_in_english_and_chinese():
    answers = [each for each in search.read() if each.chapter == "61" and len(each.asked) > 1]
    ways = [way for each in answers for way in each.asked]
    assert len(answers) > 40 and len(set(ways)) == len(ways)
    for each in answers:
        chinese = [any("\u4e00" <= sign <= "\u9fff" for sign in way) for way in each.asked]
        assert any(chinese) and chinese.count(False) >= 3 and each.says, each


def test_every_place_is_a_heading_of_a_chapter_that_is_there():
    entries = search.read()
    assert len(entries) > 800 and all(each.title for each in entries)
    headings = {}
    for path in (ROOT / "chapters").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        lines = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown").splitlines()
        headings[path.stem] = {line.lstrip("#").strip() for line in lines if line.startswith("#")}
    for each in entries:
        stem, _, heading = each.place.partition("#")
        assert not heading or heading in headings[stem], each


def shown(heading):
    """A heading's text as a Markdown parser has it; of simple formulas JupyterLab shows letters and digits."""
    text = unescape(re.sub(r"<[^>]+>", "", mistune.html(f"## {heading}"))).strip()
    return re.sub(r"\$([^$]+)\$", lambda formula: re.sub(r"[_^{}]", "", formula[1]), text)


def test_links_end_with_what_jupyterlab_makes_of_a_heading():
    """createHeaderId: the heading's text as shown, with hyphens for spaces. Over all headings of the course."""
    entries = [each for each in search.read() if "#" in each.place]
    headings = {each.place.partition("#")[2] for each in entries}
    assert len(headings) > 600 and any("`" in each for each in headings)
    for heading in headings:
        assert search.anchor(heading) == shown(heading).replace(" ", "-"), heading
    for each in entries:
        assert each.link(ROOT / "chapters").partition("#")[2] == search.anchor(each.place.partition("#")[2])
    assert search.anchor("`[*]` that *stays*, `_cudnn_rnn`: $L_D$") == "[*]-that-stays,-_cudnn_rnn:-LD"


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("my generator always produces the same digit", "all pictures are the same"),
        ("is it legal to sell generated pictures", "sell"),
        ("why do I see a grid in my pictures", "checkerboard"),
        ("why is my image grey", "grey"),
        ("how can I generate rare disease images", "imbalance"),
        ("is a GAN better than SMOTE", "imbalance"),
        ("is WGAN better than GAN", "which loss"),
        ("model forgets earlier modes", "all pictures are the same"),
        ("需要多大的显存", "which gpu"),
        ("如何判断GAN训练好了", "when do I stop"),
        ("what is FID", "good"),
        ("images look like noise", "large gap"),
        ("损失是负数", "losses not tell"),
    ],
)
def test_questions_in_a_reader_s_own_words(question, words):
    found = search.find(question, most=3)
    assert any(each.chapter == "61" and words.lower() in each.title.lower() for each in found), found


def test_what_is_read_of_a_chapter():
    text = """# 99 · Owls

*Why owls?*

```
# no heading
```

## 1. Feathers `soft`

<!-- *Also asked as:* plumes; down -->

![a picture](owl.png)

An owl flies **silently**. It has [feathers](feathers.ipynb).

### Why?

*Also asked as:* noise of wings; silent
flight; 静音

Because of combs.

## Key terms

| English | 中文 | Meaning |
|---|---|---|
| comb | 梳 | teeth on a `feather` |
"""
    first, feathers, why, comb = search._of_chapter("99_owls", text)
    assert (first.title, first.says, first.chapter) == ("99 · Owls", "Why owls?", "99")
    assert feathers == search.Entry(
        "99_owls#1. Feathers `soft`", "1. Feathers soft", "An owl flies silently.", "plumes; down"
    )
    assert why.asked == ["Why?", "noise of wings", "silent flight", "静音"] and why.says == "Because of combs."
    assert feathers.asked == ["1. Feathers soft", "plumes", "down"]
    assert comb == search.Entry("99_owls#Key terms", "comb · 梳", "teeth on a feather")


def test_ask_in_the_terminal_and_in_a_cell(capsys, monkeypatch):
    assert cli.main(["ask", "mode", "collapse"]) == 0
    first, _, address = capsys.readouterr().out.splitlines()[:3]
    assert "ode collapse" in first and ".ipynb" in address
    assert cli.main(["ask", " "]) == 1 and "Ask something" in capsys.readouterr().err
    assert cli.main(["ask", "qqqq"]) == 0 and "Try other words" in capsys.readouterr().out

    shown = []
    monkeypatch.setattr("IPython.display.display", lambda what: shown.append(what.data))
    monkeypatch.chdir(ROOT / "exercises")
    search.ask("mode collapse", most=1)
    address = shown[0].partition("](")[2].partition(")")[0].partition("#")[0]
    assert (ROOT / "exercises" / unquote(address.lstrip("<"))).is_file()


def test_a_damaged_chapter_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "11_cut.ipynb").write_text('{"cells": [')
    whole = {"cells": [{"cell_type": "markdown", "source": ["# 12 · Whole\n", "\n", "*It is read.*"]}]}
    (tmp_path / "chapters" / "12_whole.ipynb").write_text(json.dumps(whole))
    monkeypatch.setattr(search, "course_folder", lambda to_read: tmp_path)
    assert search.read()[0] == search.Entry("12_whole#12 · Whole", "12 · Whole", "It is read.")

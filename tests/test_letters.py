"""The texts by chapter, and the transformer of letters: what it may see, its score, its finished model."""

import hashlib
import math
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

from gan_edu import data, models, nets
from gan_edu.data import text
from tools import make_course_text


def test_chapters_are_the_ones_that_chapter_57_was_measured_on():
    content = text.CHAPTERS_FILE.read_bytes().replace(b"\r\n", b"\n")
    assert hashlib.sha256(content).hexdigest() == "65a4d231f8463b5b482939e2ff2381d571d8a6b65c4e92d9a9d9d33234ee25dd"


def test_chapters_have_paragraphs_without_markup_and_share_none():
    found = data.chapters()
    assert len(found) == 29 and list(found) == sorted(found) and {"00", "13", "60"} <= found.keys()
    lines = [line for paragraphs in found.values() for line in paragraphs.splitlines()]
    assert len(set(lines)) == len(lines) and all(len(line.split()) >= 5 for line in lines)
    assert not any(mark in line for line in lines for mark in ("$", "`", "](", "{{", "**"))


def test_letters_are_27_signs_with_single_spaces():
    assert data.letters("  “Ganz” -- 2 Mäuse,\nA b!") == "ganz m use a b"
    assert set(data.letters("\n".join(data.chapters().values()))) == set(data.LETTERS) and len(data.LETTERS) == 27


def small():
    torch.manual_seed(0)
    return nets.LetterTransformer(signs=5, width=16, layers=2, heads=2, context=8).eval()


def test_a_place_sees_what_comes_before_it_and_nothing_after():
    net, signs = small(), torch.randint(5, (3, 8))
    later = signs.clone()
    later[:, 5:] = (later[:, 5:] + 1) % 5
    assert net(signs).shape == (3, 8, 5)
    assert torch.allclose(net(signs)[:, :5], net(later)[:, :5], atol=1e-5)
    first = signs.clone()
    first[:, 0] = (first[:, 0] + 1) % 5
    assert ((net(signs) - net(first)).abs().amax(dim=(0, 2)) > 1e-6).all()  # all places see the first sign
    with pytest.raises(ValueError, match="T from 1 to 8; got"):
        net(torch.zeros(1, 9, dtype=torch.long))


def test_surprise_is_the_bits_of_each_letter_in_windows_that_overlap_by_half():
    net, signs = small(), torch.randint(5, (29,))
    table = net.surprise(signs)
    assert table.shape == (6, 8)
    window = signs[8:17]
    by_hand = F.cross_entropy(net(window[None, :-1])[0], window[1:], reduction="none") / math.log(2)
    assert torch.allclose(table[2], by_hand.detach(), atol=1e-5)


def test_writing_goes_on_from_the_start_and_repeats_with_a_generator():
    net, start = small(), torch.tensor([[1, 2], [3, 4]])
    texts = [net.write(start, 12, 0.8, torch.Generator().manual_seed(7)) for _ in range(2)]
    assert torch.equal(*texts) and texts[0].shape == (2, 14) and torch.equal(texts[0][:, :2], start)
    cold = net.write(start, 1, 1e-4)
    assert torch.equal(cold[:, 2], net(start)[:, -1].argmax(1))


@pytest.mark.parametrize("context", [1, 2, 7])
def test_right_halves_of_windows_hold_each_letter_once(context):
    net, text = nets.LetterTransformer(signs=100, width=8, context=context), torch.arange(100)
    counted = net.surprise(text)[:, context // 2 :].numel()
    assert 100 - 2 * context <= counted + context // 2 <= 99


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: nets.LetterTransformer(width=65), "width must be a multiple of heads, 4; got 65"),
        (lambda: nets.LetterTransformer(context=0), "context must be a whole number from 1"),
        (lambda: small()(torch.full((1, 3), 5)), "signs must be whole numbers from 0 to 4"),
        (lambda: small()(torch.zeros(1, 3)), "signs must be whole numbers from 0 to 4"),
        (lambda: small()(torch.zeros(1, 0, dtype=torch.long)), "T from 1 to 8"),
        (lambda: small().write(torch.zeros(1, 0, dtype=torch.long), 2), "T from 1 to 8"),
        (lambda: small().write(torch.zeros(1, 1, dtype=torch.long), 2, 0.0), "temperature must be a number above 0"),
        (lambda: small().surprise(torch.zeros(8, dtype=torch.long)), "A text has more than 8 signs"),
    ],
)
def test_what_can_not_be_read_is_one_sentence(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()


def test_the_finished_model_is_as_good_as_its_card_says_and_small():
    net, facts = models.load_letters()
    lines = (models.FOLDER / "CARD_letters.md").read_text(encoding="utf-8").splitlines()
    promised = next(float(line.split("|")[2]) for line in lines if line.startswith("| held-out chapters |"))
    held_out = facts["held_out"].split()
    assert held_out == list(data.chapters())[3::7] and models.path("letters_transformer").stat().st_size < 300_000
    text = "".join(data.letters(data.chapters()[number]) + " " for number in held_out)
    signs = torch.tensor([data.LETTERS.index(letter) for letter in text])
    assert net.surprise(signs)[:, net.context // 2 :].mean().item() == pytest.approx(promised, abs=0.005)


def test_paragraphs_lose_formulas_code_and_tags_but_no_prose():
    source = """# %% [markdown]
# We paid 5 $ for the book and then, some days later, another 7 $ for the second one here.
#
# If p < 0.05 then we say so; if it is > 0.05 we keep quiet about it.
#
# Use `cost = "$"` here and then add the other words, `price = "$"` as a rule.
#
# The loss $x^2 +
# y$ is a <b>sum</b> of two squares, as [Pythagoras](https://example.org) knew.
# %%
print("no prose")
"""
    assert make_course_text.paragraphs(source) == [
        "We paid 5 $ for the book and then, some days later, another 7 $ for the second one here.",
        "If p < 0.05 then we say so; if it is > 0.05 we keep quiet about it.",
        "Use here and then add the other words, as a rule.",
        "The loss is a sum of two squares, as Pythagoras knew.",
    ]


def test_the_text_that_models_learned_from_is_not_written_over_by_accident():
    before = text.CHAPTERS_FILE.read_bytes()
    for arguments, says in ((["00", "60"], "--again writes over it"), (["99", "99", "--again"], "there is no chapter")):
        command = [sys.executable, "-m", "tools.make_course_text", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=make_course_text.ROOT)
        assert done.returncode == 2 and says in done.stderr
    assert text.CHAPTERS_FILE.read_bytes() == before

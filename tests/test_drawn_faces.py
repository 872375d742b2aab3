"""Drawn faces: what is said of a face is what can be seen in it."""

import pytest
import torch

from gan_edu import data, models, plotting
from gan_edu.data import drawn_faces
from gan_edu.data.drawn_faces import PARTS
from tools import train_faces

BINARY = ("glasses", "smile", "stripes", "mark")


def test_shapes_types_and_range():
    faces = data.faces(5, size=32, seed=3)
    assert len(faces) == 5 and faces.shape == (3, 32, 32) and faces.classes == ("no glasses", "glasses")
    assert faces.pixels.dtype == torch.uint8 and faces.pixels.shape == (5, 3, 32, 32)
    assert faces.parts.dtype == torch.uint8 and faces.parts.shape == (5, 32, 32)
    assert faces.tensor().shape == (5, 3, 32, 32) and faces.tensor().abs().max() <= 1
    assert faces.pairs().shape == (5, 3 * 32 * 32 + 2)
    assert all(len(value) == 5 for value in faces.attributes.values())
    assert all(faces.attributes[name].dtype == torch.bool for name in BINARY)
    assert torch.equal(faces.labels, faces.attributes["glasses"].long())
    assert repr(faces) == "Faces(5 drawn, 3×32×32, seed 3)"


@pytest.mark.parametrize("size", [8, 28, 33, 64, 128])
def test_every_size(size):
    faces = data.faces(2, size=size)
    assert faces.shape == (3, size, size)
    assert all(faces.pixels.float().std(dim=(1, 2, 3)) > 20)
    for name in ("mark_x", "mark_y"):
        assert torch.allclose(faces.attributes[name] * 64 / size, data.faces(2).attributes[name], atol=1e-4)


def test_a_seed_is_its_faces_and_the_longer_set_begins_with_the_shorter(monkeypatch):
    few, many, others = data.faces(3, size=32, seed=5), data.faces(70, size=32, seed=5), data.faces(3, size=32, seed=6)
    assert torch.equal(few.pixels, many.pixels[:3]) and torch.equal(few.parts, many.parts[:3])
    assert not torch.equal(few.pixels, others.pixels)
    monkeypatch.setattr(drawn_faces, "_AT_ONCE", 32 * 32 * 7)  # seven at a time
    assert torch.equal(data.faces(70, size=32, seed=5).pixels, many.pixels)


def test_drawing_leaves_the_stream_of_random_numbers_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    data.faces(4, size=32)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("name", BINARY)
def test_shares(name):
    for share in (0.0, 0.3, 1.0):
        having = data.faces(4000, size=8, **{name: share}).attributes[name].float().mean().item()
        assert having == share if share in (0, 1) else abs(having - share) < 0.03


@pytest.mark.parametrize(("name", "part"), [("glasses", "glasses"), ("mark", "mark"), ("stripes", "shirt")])
def test_a_share_changes_its_part_and_nothing_else(name, part):
    without, having = (data.faces(20, size=64, seed=2, **{name: share}) for share in (0, 1))
    for other, value in without.attributes.items():
        assert other == name or torch.equal(value, having.attributes[other])
    changed = (without.pixels != having.pixels).any(1)
    near = torch.nn.functional.max_pool2d((having.parts == PARTS.index(part)).float(), 5, 1, 2) > 0
    assert changed.flatten(1).any(1).all() and not (changed & ~near).any()


@pytest.mark.parametrize("size", [28, 64])
def test_parts_show_what_the_attributes_say(size):
    faces = data.faces(300, size=size, seed=1, mark=0.5)
    for name in ("glasses", "mark"):
        seen = (faces.parts == PARTS.index(name)).flatten(1).any(1)
        assert torch.equal(seen, faces.attributes[name])
    for part in ("background", "shirt", "skin", "eyes", "mouth"):
        assert (faces.parts == PARTS.index(part)).flatten(1).any(1).all(), part


def test_the_mark_is_blue_and_where_it_is_said_to_be():
    faces = data.faces(200, size=64, seed=4, mark=1)
    x, y = (faces.attributes[name].long() for name in ("mark_x", "mark_y"))
    colors = faces.pixels[torch.arange(200), :, y, x].float() / 255
    assert (colors - torch.tensor(drawn_faces.MARK)).abs().max() < 0.02
    skin = data.faces(200, size=64, seed=4, mark=0)
    assert (skin.parts[torch.arange(200), y, x] == PARTS.index("skin")).all()


def test_a_smile_goes_up_at_its_ends():
    for smile, sign in ((0, -1), (1, 1)):
        faces = data.faces(200, size=64, seed=7, smile=smile)
        mouth = faces.parts == PARTS.index("mouth")
        rows = torch.arange(64.0)[:, None].expand(64, 64)
        ups = []
        for each in mouth:
            columns = each.any(0).nonzero()[:, 0]
            middle = columns[len(columns) // 2]
            ends = [rows[:, k][each[:, k]].mean() for k in (columns[0], columns[-1])]
            ups.append(sign * (rows[:, middle][each[:, middle]].mean() - sum(ends) / 2))
        assert torch.stack(ups).mean() > 0.3 and (torch.stack(ups) > -2).all()


def test_stripes_have_the_colour_of_a_plain_shirt_on_average():
    pairs = [data.faces(50, size=32, seed=3, stripes=share) for share in (0, 1)]
    shirt = (pairs[0].parts == PARTS.index("shirt")).float()[:, None]
    whole = (torch.nn.functional.avg_pool2d(shirt, 4) == 1)[:, :, -1].expand(50, 3, 8)
    plain, striped = (torch.nn.functional.avg_pool2d(each.tensor(), 4)[:, :, -1][whole] for each in pairs)
    assert len(plain) > 300 and (plain - striped).abs().mean() < 0.005  # at 32 pixels a period is 4 pixels
    assert (pairs[0].tensor() - pairs[1].tensor())[:, :, -4:].abs().mean() > 0.2


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"count": 0}, ValueError, "count must be a whole number from 1"),
        ({"count": 10**10}, ValueError, "count must be a whole number from 1 to 1000000"),
        ({"count": 2.5}, (TypeError, ValueError), "count"),
        ({"count": 3, "size": 4}, ValueError, "size must be a whole number from 8 to 256"),
        ({"count": 3, "glasses": 1.5}, ValueError, "glasses must be a number from 0 and up to 1"),
        ({"count": 3, "mark": "rare"}, TypeError, "mark"),
        ({"count": 3, "seed": -1}, ValueError, "seed"),
    ],
)
def test_what_can_not_be_drawn_is_one_sentence(options, error, says):
    with pytest.raises(error, match=says):
        data.faces(**options)


def test_they_are_an_image_set_for_the_rest_of_the_library():
    faces = data.faces(40, size=32)
    assert faces.tensor(rows=slice(0, 3)).shape == (3, 3, 32, 32)
    plotting.contact_sheet(faces, columns=5)


def test_the_card_of_the_generator_says_how_it_was_made():
    facts = models.read(train_faces.ENTRY)[1]
    card = (models.FOLDER / "CARD_faces.md").read_text(encoding="utf-8")
    assert card.startswith(train_faces.recipe_of(facts)) and facts["steps"] == str(train_faces.STEPS)

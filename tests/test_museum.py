"""The museum: each slip in code is red when broken and green when mended; patients show what their exhibits say."""

import dataclasses
import math

import pytest
import torch

from gan_edu import museum
from gan_edu.museum import programs, ward

CODE = [each for each in museum.EXHIBITS if each.is_code]


@pytest.mark.parametrize("exhibit", CODE, ids=lambda each: each.name)
def test_red_when_broken_green_when_mended(exhibit):
    before = torch.get_rng_state()
    seen, says, green = museum.examine(exhibit)
    assert says is not None and green is None
    assert (seen is not None) == exhibit.stops
    assert torch.equal(before, torch.get_rng_state())


def test_every_exhibit_says_everything():
    names = [(each.family, each.name) for each in museum.EXHIBITS]
    assert len(set(names)) == len(names)
    assert museum.get("no zero_grad", "training") is not museum.get("no zero_grad")
    for each in museum.EXHIBITS:
        assert all((each.symptom, each.looks_like, each.cure, each.test, each.before, each.after))
        assert each.before != each.after and each.family in museum.FAMILIES
        assert each.test in programs.TESTS if each.is_code else each.test not in ("", "test_smoke")
        assert "E-" not in each.text()  # numbers of the errata are a field, not a text


def test_search_and_names():
    assert museum.get("the thread is cut") in museum.find("never CHANGE samples")
    assert museum.find("no such words anywhere") == []
    with pytest.raises(ValueError, match="Did you mean 'momentum'"):
        museum.get("momentun")
    with pytest.raises(ValueError, match="there are: runs"):
        museum.family("nothing")
    with pytest.raises(ValueError, match="ward plays it"):
        museum.subject(museum.get("momentum"))


def test_shown_exhibits_are_folded(monkeypatch):
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda what: shown.append(what.data))
    museum.show("shapes", "momentum")
    assert shown[0].count("<details>") == len(museum.family("shapes")) + 1 == shown[0].count("</details>")


def test_the_ward_plays_all_of_its_family_but_the_checkerboard():
    names = [each.name for each in museum.family("training")]
    assert [*ward.NAMES, "checkerboard"] == names


@pytest.mark.parametrize("name", [None, *ward.NAMES])
def test_a_play_is_short_repeatable_and_disturbs_nobody(name):
    before = torch.get_rng_state()
    first, second = (ward.play(name, seed=3, steps=2) for _ in range(2))
    assert torch.equal(first.loss, second.loss) and first.loss.shape == (2, 2, 8)
    assert torch.equal(before, torch.get_rng_state())
    assert first.gradients == (name == "no detach")


def test_a_second_opinion_is_asked_against_the_patients_own_data():
    asked = []

    class Spied:
        def sample(self, n, stream):
            asked.append(n)
            return ward.ring.sample(n, stream)

    chart = dataclasses.replace(ward.play("rare mode", steps=1), world=Spied())
    ward.second_opinion(chart, steps=3)
    assert len(asked) >= 3
    assert ward.play("rare mode", steps=1).world.mode_weights[0] < 0.02


def test_what_can_not_be_played_or_read_is_said():
    for name in ("checkerboard", "momentun", ""):
        with pytest.raises(ValueError, match="can't be played; these can: weak discriminator"):
            ward.play(name)
    with pytest.raises(ValueError, match="49 steps; the first look at the points is at step 50"):
        ward.findings(ward.play(steps=49))


def test_charts_of_any_length_are_shown():
    chart, found = ward.examined(steps=67)
    ward.bedside(chart, found, "patient of 67 steps")
    assert len(found["loss of D"]) == 8


def test_a_patient_is_played_once():
    assert ward.examined("momentum", steps=50) is ward.examined("momentum", 0, 50)


def test_the_eye_test_knows_two_sigmoids():
    eyes = ward.eye_test(ward.play("two sigmoids", steps=1), steps=30)
    assert (eyes > math.log(1 + 1 / math.e) + math.log(2)).all()

from dataclasses import FrozenInstanceError, dataclass

import numpy as np
import pytest

from gan_edu.settings import Any, Checked, Choice, Either, Flag, Number, Whole, near, setting


@dataclass(frozen=True)
class Settings(Checked):
    rate: float = setting(0.1, Number(0, 1, above=True), "how fast", label="rate")
    batch: int = setting(128, Whole(1), "samples in a batch")
    data: str = setting("ring", Choice(("ring", "grid")))
    deep: bool = setting(False, Flag())
    ema: float | None = setting(None, Either(Number(0, 1, below=True)))
    extra: dict = setting({}, Any(dict))


def test_values_are_kept_in_the_type_of_their_rule_and_can_not_be_changed():
    settings = Settings(rate=np.float32(0.5), batch=np.int64(3))
    assert type(settings.rate) is float and type(settings.batch) is int
    with pytest.raises(FrozenInstanceError):
        settings.batch = 2
    assert Settings().extra is not Settings().extra
    assert Settings.of(batch=7).with_(data="grid").to_dict() == Settings(batch=7, data="grid").to_dict()


@pytest.mark.parametrize(
    "values, error, message",
    [
        ({"rate": 0}, ValueError, "^rate must be a number above 0 and up to 1; got 0.$"),
        ({"rate": True}, TypeError, "^rate must be a number above 0 and up to 1; got True.$"),
        ({"rate": float("nan")}, ValueError, "got nan"),
        ({"rate": [0.1] * 99}, TypeError, r"got \[0.1, 0.1.*\.\.\..$"),
        ({"batch": 0}, ValueError, "^batch must be a whole number from 1; got 0.$"),
        ({"batch": "8"}, TypeError, "^batch must be a whole number from 1; got '8'.$"),
        ({"data": "rings"}, ValueError, "^There is no data 'rings'; there are: ring, grid. Did you mean 'ring'"),
        ({"data": ["ring"]}, ValueError, "There is no data"),
        ({"deep": 1}, TypeError, "deep must be True or False; got 1"),
        ({"ema": 1}, ValueError, "^ema must be a number from 0 and below 1; got 1.$"),
        ({"bach": 3}, TypeError, "^There is no setting 'bach'. Did you mean 'batch'"),
        ({"x": 3}, TypeError, "^There is no setting 'x'. There are: rate, batch, data, deep, ema, extra.$"),
    ],
)
def test_what_can_not_be_used_is_told_in_one_sentence_however_it_comes(values, error, message):
    for make in (Settings.of, Settings().with_):
        with pytest.raises(error, match=message):
            make(**values)


def test_near_names_are_found():
    assert near("lr", ("lr_g", "lr_d", "loss")) == " Did you mean 'lr_g' or 'lr_d'?"
    assert near("Ring", ("ring",)) == " Did you mean 'ring'?"
    assert near("zebra", ("ring",)) == near("", ("ring",)) == near(7, ("ring",)) == ""


def test_what_is_known_of_a_setting_can_be_asked():
    assert Settings.about("rate")["label"] == "rate" and Settings.names()[:2] == ("rate", "batch")
    assert Settings.check("batch", 5) == 5

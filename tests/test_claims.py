import numpy as np
import pytest
import torch

from gan_edu.claims import ClaimFailed, ClaimUnclear, claim, identity, rounded


@pytest.mark.parametrize(
    "true", [True, np.True_, np.array([True]), torch.tensor(True), torch.ones(1, 1).bool(), lambda: torch.tensor(True)]
)
def test_a_true_claim_prints_its_text(true, capsys):
    assert claim("two is more than one", true) is None
    assert capsys.readouterr().out == "✓ two is more than one\n"


@pytest.mark.parametrize("false", [False, np.False_, torch.tensor(False), lambda: np.bool_(False)])
def test_a_false_claim_raises_with_what_was_measured(false, capsys):
    with pytest.raises(ClaimFailed) as failure:
        claim("7 of 8 modes", false, measured={"modes": torch.tensor([3, 8]), "loss": 0.6931471805})
    assert isinstance(failure.value, AssertionError)
    assert str(failure.value) == "✗ 7 of 8 modes\n  measured: {modes: [3, 8], loss: 0.6931}"
    assert capsys.readouterr().out == ""
    with pytest.raises(ClaimFailed, match=r"^✗ alone$"):
        claim("alone", false)


def test_an_exception_is_chained():
    with pytest.raises(ClaimFailed, match="could not be measured: ZeroDivisionError: division by zero") as failure:
        claim("a ratio", lambda: 1 / 0 > 1)
    assert isinstance(failure.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "got nan; compare"),
        (torch.tensor(torch.nan), "got nan; compare"),
        (1, "got 1; compare"),
        (torch.tensor(0.25), "got 0.25; compare"),
        (torch.ones(3).bool(), r"got 3 values; say which are meant, for example with .all\(\) or .any\(\)"),
        (np.zeros(0, bool), "got 0 values"),
        ([True, True], "got 2 values"),
        (None, "got None; does the function return"),
        (lambda: None, "got None; does the function return"),
        (lambda: lambda: True, "got a function; call it"),
        ("yes", "got a str"),
    ],
)
def test_what_is_neither_true_nor_false_is_another_error(value, words):
    with pytest.raises(ClaimUnclear, match=f"^The claim 'text' needs True or False, and {words}") as failure:
        claim("text", value)
    assert not isinstance(failure.value, AssertionError)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456, "0.1235"),
        (123456.0, "1.235e+05"),
        (-0.0, "0"),
        (7, "7"),
        (True, "True"),
        (float("nan"), "nan"),
        (torch.tensor([[1.0, 2.00001]], requires_grad=True), "[[1, 2]]"),
        (torch.tensor(0.5, dtype=torch.bfloat16), "0.5"),
        ([1.23456, "a"], "[1.235, a]"),
        ({"seed 0": np.float32(0.1)}, "{seed 0: 0.1}"),
        (np.arange(100), "[" + ", ".join(str(i) for i in range(32)) + ", … (100 values of shape (100,))]"),
        (None, "None"),
    ],
)
def test_rounded(value, text):
    assert rounded(value) == text


def test_what_holds_itself_is_still_short():
    itself = ["a"]
    itself.append({"inside": itself})
    assert len(rounded(itself)) < 200


def test_an_identity_has_a_sign_of_its_own_and_can_fail(capsys):
    identity("two halves are one", 0.5 + 0.5 == 1)
    assert capsys.readouterr().out == "≡ two halves are one\n"
    with pytest.raises(ClaimFailed, match="^✗ three halves are one"):
        identity("three halves are one", 0.5 * 3 == 1)

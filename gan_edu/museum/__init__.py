"""A museum of failures: slips in programs of GANs and VAEs, and illnesses of their training, as data.

    EXHIBITS                        all of them, family after family
    get("the thread is cut")        one
    find("2 ln 2")                  those whose texts hold these words
    show("learns")                  a family, folded, in a notebook
    verdict(test, subject)          what a test complains of, or None
    examine(exhibit)                what you see without a test; what the test says; what it says of the mended program

An exhibit's code is really run: `examine` must be red on `before` and green on `after`, for every exhibit but those of
the family "training", which are played by `museum.ward`.
"""

from dataclasses import dataclass

import torch

from gan_edu.museum import programs
from gan_edu.museum.exhibits import FAMILIES, TABLES
from gan_edu.settings import near


@dataclass(frozen=True)
class Exhibit:
    """A failure.

    symptom: what somebody sees who doesn't test. looks_like: what it is easily taken for. test: the name of the test
    (or instrument) that finds it. cure: what to do. before, after: the broken and the mended code. errata: numbers in
    the list of errata. stops: whether it stops with an error, or shows an infinite number, at the first step.
    """

    family: str
    name: str
    symptom: str
    looks_like: str
    cure: str
    test: str
    before: str
    after: str
    errata: tuple[str, ...] = ()
    stops: bool = False

    def __repr__(self) -> str:
        return f"Exhibit({self.name!r}, family {self.family!r}, found by {self.test})"

    @property
    def is_code(self) -> bool:
        """Whether `examine` can run it: all but the family "training"."""
        return self.family != "training"

    def text(self) -> str:
        """All that it says, as plain text."""
        rows = {"you see": self.symptom, "looks like": self.looks_like, "found by": self.test, "cure": self.cure}
        told = [self.name, *(f"  {what + ':':12}{value}" for what, value in rows.items())]
        for what, code in (("before", self.before), ("after", self.after)):
            told += [f"  {what}:", *(f"      {line}" for line in code.strip("\n").splitlines())]
        return "\n".join(told)


EXHIBITS = tuple(
    Exhibit(family, name, symptom, looks, cure, test, before, after, tuple(errata.split()), stops)
    for family, table in TABLES.items()
    for name, symptom, looks, cure, test, before, after, errata, stops in table
)


def get(name: str, within: str | None = None) -> Exhibit:
    """The first exhibit of this name, or the one in this family (some names are a slip in code and an illness, too).

    Raises ValueError with the nearest name if there is none.
    """
    known = EXHIBITS if within is None else family(within)
    for each in known:
        if each.name == name:
            return each
    raise ValueError(f"There is no exhibit {name!r}.{near(str(name), [each.name for each in known])}")


def family(key: str) -> list[Exhibit]:
    """All exhibits of a family: one of FAMILIES."""
    if key not in FAMILIES:
        raise ValueError(f"There is no family {key!r}; there are: {', '.join(FAMILIES)}.")
    return [each for each in EXHIBITS if each.family == key]


def find(words: str) -> list[Exhibit]:
    """The exhibits whose texts hold each of these words, in upper or lower case."""
    wanted = words.lower().split()
    return [each for each in EXHIBITS if all(word in each.text().lower() for word in wanted)]


# ---- broken and mended programs, as things that tests can judge ------------------------------------------------------


def room(code: str = "") -> dict:
    """The names of `museum.programs`, with what this code defines in their place."""
    names = dict(vars(programs)) | {"__name__": "museum"}
    exec(code, names)
    return names


def subject(exhibit: Exhibit, which: str = "before"):
    """The broken ("before") or mended ("after") program of an exhibit, as its test takes it."""
    if not exhibit.is_code:
        raise ValueError(f"{exhibit.name!r} is an illness of training: museum.ward plays it.")
    code = getattr(exhibit, which)
    if exhibit.family == "runs":
        assert programs.SCRIPT.count(exhibit.after) == 1, "a slip changes exactly one place"
        return programs.SCRIPT.replace(exhibit.after, code)
    return programs.SUBJECTS[exhibit.test](room(code))


def verdict(test, subject) -> str | None:
    """What the test complains of, or None if it finds nothing. An error of another kind is told by its name."""
    try:
        with torch.random.fork_rng(devices=[]):
            test(subject)
    except Exception as error:
        own = isinstance(error, AssertionError) and str(error)
        return own or f"stops: {type(error).__name__}"
    return None


def examine(exhibit: Exhibit) -> tuple[str | None, str | None, str | None]:
    """What you see without a test, what the test says of the broken program, and what it says of the mended one."""
    test, habit = programs.TESTS[exhibit.test], programs.HABITS[exhibit.test]
    with torch.random.fork_rng(devices=[]):
        return (
            verdict(habit, subject(exhibit)),
            verdict(test, subject(exhibit)),
            verdict(test, subject(exhibit, "after")),
        )


# ---- for notebooks ---------------------------------------------------------------------------------------------------


def as_markdown(exhibit: Exhibit) -> str:
    """An exhibit, folded: a click on its name opens it."""
    before, after = exhibit.before.strip("\n"), exhibit.after.strip("\n")
    return (
        f"<details><summary>{exhibit.name}</summary>\n\n"
        f"- **You see** {exhibit.symptom}\n- **Looks like** {exhibit.looks_like}\n"
        f"- **Found by** `{exhibit.test}`\n- **Cure** {exhibit.cure}\n\n"
        f"Broken:\n\n```python\n{before}\n```\n\nMended:\n\n```python\n{after}\n```\n\n</details>"
    )


def show(*names: str) -> None:
    """Show exhibits in a notebook, folded: names of families or of exhibits."""
    from IPython.display import Markdown, display

    chosen = [each for name in names for each in (family(name) if name in FAMILIES else [get(name)])]
    display(Markdown("\n\n".join(as_markdown(each) for each in chosen)))

"""One place for what a setting may be: its default, its range, its words. Constructors, files, widgets' controls and
messages all read it here.

    @dataclass(frozen=True)
    class Settings(Checked):
        batch: int = setting(128, Whole(1), "samples in a batch")

    Settings(batch=0)       # ValueError: batch must be a whole number from 1; got 0.
    Settings.of(bach=64)    # TypeError: There is no setting 'bach'. Did you mean 'batch'?
"""

import dataclasses
import difflib
import math
import numbers
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Number:
    """A finite number from `low` to `high`; with `above` the number `low` itself is not allowed."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    below: bool = False

    def check(self, value, name: str):
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not self.holds(value):
            raise _wrong(
                value, name, f"must be {self}", isinstance(value, numbers.Real) and not isinstance(value, bool)
            )
        return float(value)

    def holds(self, value) -> bool:
        try:
            value = float(value)
        except OverflowError:
            return False
        over = value > self.low if self.above else value >= self.low
        under = value < self.high if self.below else value <= self.high
        return math.isfinite(value) and over and under

    def __str__(self) -> str:
        low, high = "", ""
        if math.isfinite(self.low):
            low = f" above {self.low:g}" if self.above else f" from {self.low:g}"
        if math.isfinite(self.high):
            high = f" below {self.high:g}" if self.below else f" up to {self.high:g}"
        return "a number" + low + (" and" if low and high else "") + high


@dataclass(frozen=True)
class Whole:
    """A whole number from `low` to `high`."""

    low: int | None = None
    high: int | None = None

    def check(self, value, name: str):
        whole = not isinstance(value, bool) and isinstance(value, numbers.Integral)
        if not whole or not (self.low is None or value >= self.low) or not (self.high is None or value <= self.high):
            raise _wrong(
                value, name, f"must be {self}", isinstance(value, numbers.Real) and not isinstance(value, bool)
            )
        return int(value)

    def __str__(self) -> str:
        low = "" if self.low is None else f" from {self.low}"
        return f"a whole number{low}" + ("" if self.high is None else f" to {self.high}")


SEED = Whole(0, 2**63 - 1)  # what PyTorch takes


@dataclass(frozen=True)
class Flag:
    """True or False."""

    def check(self, value, name: str):
        if not isinstance(value, bool):
            raise _wrong(value, name, "must be True or False", False)
        return value


@dataclass(frozen=True)
class Choice:
    """One of `names`; with `objects` also an object of that type."""

    names: tuple
    objects: type | tuple = ()

    def check(self, value, name: str):
        if self.objects and isinstance(value, self.objects):
            return value
        if any(type(known) is type(value) and known == value for known in self.names):
            return value
        raise ValueError(
            f"There is no {name} {value!r}; there are: {', '.join(map(str, self.names))}.{near(value, self.names)}"
        )


@dataclass(frozen=True)
class Either:
    """None, or what `rule` allows."""

    rule: object

    def check(self, value, name: str):
        return None if value is None else self.rule.check(value, name)

    def __str__(self) -> str:
        return f"None, or {self.rule}"


@dataclass(frozen=True)
class Any:
    """Anything; `function(value)` may raise, and gives the value that is kept."""

    function: Callable = lambda value: value

    def check(self, value, name: str):
        return self.function(value)


def setting(default, rule, help: str = "", **more):
    """A field of a `Checked` dataclass. `more` is for those who show it (a widget's label and step, for instance)."""
    if isinstance(default, dict | list | set):
        return field(default_factory=lambda: type(default)(default), metadata={"rule": rule, "help": help, **more})
    return field(default=default, metadata={"rule": rule, "help": help, **more})


@dataclass(frozen=True)
class Checked:
    """Base of settings: every value is checked by its rule when the object is made, however it is made."""

    def __post_init__(self):
        for each in dataclasses.fields(self):
            object.__setattr__(self, each.name, each.metadata["rule"].check(getattr(self, each.name), each.name))

    @classmethod
    def of(cls, **values):
        """Settings from keywords. Raises TypeError for a name that doesn't exist, with the nearest one that does."""
        unknown(values, cls.names())
        return cls(**values)

    def with_(self, **changes):
        """These settings with some changed. Raises as `of` does; these stay as they are."""
        unknown(changes, self.names())
        return dataclasses.replace(self, **changes)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(each.name for each in dataclasses.fields(cls))

    @classmethod
    def check(cls, name: str, value):
        """`value` as the setting `name` keeps it. Raises ValueError or TypeError when it can't be used."""
        unknown([name], cls.names())
        return cls.about(name)["rule"].check(value, name)

    @classmethod
    def about(cls, name: str) -> dict:
        """What is known of a setting: its rule, help, and what `setting` was told beside."""
        return dict(next(each for each in dataclasses.fields(cls) if each.name == name).metadata)

    def to_dict(self) -> dict:
        """Name → value, not copied any deeper."""
        return {name: getattr(self, name) for name in self.names()}


def unknown(given: Iterable[str], known: Iterable[str]) -> None:
    """Raise TypeError when a name in `given` isn't in `known`: with the nearest ones, or with all there are."""
    known = tuple(known)
    for name in given:
        if name not in known:
            raise TypeError(
                f"There is no setting {name!r}.{near(name, known) or ' There are: ' + ', '.join(known) + '.'}"
            )


def near(word, known: Iterable) -> str:
    """' Did you mean 'ring'?', or '' when no known word resembles it."""
    if not isinstance(word, str) or not word:
        return ""
    word, names = word.lower(), {str(each).lower(): str(each) for each in known}
    found = difflib.get_close_matches(word, names, n=2, cutoff=0.6)
    # lr for lr_g and lr_d
    found = found or [name for name in names if name.startswith(word) or word.startswith(name)][:2]
    found = [names[name] for name in found]
    return f" Did you mean {' or '.join(repr(name) for name in found)}?" if found else ""


def _wrong(value, name: str, must: str, right_type: bool) -> Exception:
    shown = repr(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return (ValueError if right_type else TypeError)(f"{name} {must}; got {shown}.")

"""Seeing and doing in a small graph of causes, exactly: what the widget `SeeingDoing` computes.

Every variable is the sum of its direct causes, each times the strength of its arrow, plus noise of its own: Gaussian,
independent, mean 0 and variance 1. T is the treatment, Y the result. Then all covariances have a closed form, and every
mean of Y is a line in T, so that one slope says it all: in units of Y per unit of T.

    graph = LinearGraph({"U->T": 1, "U->Y": 2, "T->Y": 1})
    graph.seen, graph.done              # 2.0 and 1.0
    graph.with_(given=["U"]).adjusted   # 1.0
    graph.why                           # Seeing and doing part: T ← U → Y is open, and T doesn't act along it.

The browser's part of the widget computes the same in static/seeing.js; tests/browser/test_seeing_widget.py compares.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from gan_edu.settings import Number, near

MOST = 5  # variables, so that the graph can be read
STRENGTH = Number(-3, 3)
SAME = 0.005  # slopes that are nearer than this look equal in two decimals
EQUAL = 1e-6  # slopes that are nearer than this differ by rounding only


class LinearGraph:
    """A graph, and what is adjusted for in it.

    - strengths: "cause->effect" → a number from −3 to 3; or "cause → effect". Strength 0: as if there were no arrow,
      though it may not close a loop either.
    - given: what is adjusted for, that is, put into the regression of Y on T
    - hidden: what isn't in the table, so that it can't be adjusted for
    - others: names of variables that may have no arrow

    T and Y are always there. Raises ValueError or TypeError in one sentence: a loop, an unknown name, more than five
    variables, a strength out of range, T or Y or something hidden in `given`.
    """

    def __init__(
        self,
        strengths: Mapping[str, float],
        given: Iterable[str] = (),
        hidden: Iterable[str] = (),
        others: Iterable[str] = (),
    ):
        if not isinstance(strengths, Mapping):
            raise TypeError(f"strengths must be a dict such as {{'U->T': 1.0}}; got {strengths!r}.")
        arrows = {ends(arrow): STRENGTH.check(value, f"the strength of {arrow}") for arrow, value in strengths.items()}
        self.arrows: dict[tuple[str, str], float] = {}
        both = (name for arrow in arrows for name in arrow)
        self.names = tuple(dict.fromkeys(("T", "Y", *map(_name, _listed(others, "others")), *both)))
        if len(self.names) > MOST:  # asked first: in a large graph a search for loops has no end
            raise ValueError(
                f"There may be {MOST} variables, T and Y among them; got {len(self.names)}: {', '.join(self.names)}."
            )
        for (cause, effect), value in arrows.items():
            if loop := self.loop(cause, effect):
                raise ValueError(loop)
            self.arrows[cause, effect] = value
        self.hidden = self._known(hidden, "hidden", "T and Y are what the question is about; they can't be hidden.")
        self.given = self._known(given, "given", "T and Y themselves can't be adjusted for.")
        for name in self.given:
            if name in self.hidden:
                raise ValueError(f"{name} is hidden, so it can't be adjusted for.")

    @property
    def strengths(self) -> dict[str, float]:
        """ "cause->effect" → strength."""
        return {f"{cause}->{effect}": value for (cause, effect), value in self.arrows.items()}

    def with_(self, strengths: Mapping[str, float | None] | None = None, given=None, hidden=None) -> "LinearGraph":
        """This graph with some of it changed: strengths are added to those that stand, None takes an arrow out."""
        if not isinstance(strengths, Mapping | None):
            raise TypeError(f"strengths must be a dict such as {{'U->T': 1.0}}; got {strengths!r}.")
        changed = {ends(arrow): value for arrow, value in (strengths or {}).items()}
        kept = {ends_: value for ends_, value in (self.arrows | changed).items() if value is not None}
        return LinearGraph(
            {f"{cause}->{effect}": value for (cause, effect), value in kept.items()},
            self.given if given is None else given,
            self.hidden if hidden is None else hidden,
            self.names,
        )

    def loop(self, cause: str, effect: str) -> str:
        """What is wrong with a new arrow: a sentence with the shortest loop that it would close, or ''."""
        way = [cause] if cause == effect else min(self._directed(effect, cause), key=len, default=None)
        if way is None:
            return ""
        return f"{' → '.join([cause, *way])} would be a loop: nothing can be a cause of itself."

    # --- slopes

    @cached_property
    def _total(self) -> np.ndarray:
        """(d, d): how much the variable of each row rises when the noise of each column does, by one unit."""
        direct = np.zeros((len(self.names),) * 2)
        for (cause, effect), value in self.arrows.items():
            direct[self.names.index(effect), self.names.index(cause)] = value
        return np.linalg.inv(np.eye(len(direct)) - direct)

    @property
    def covariance(self) -> np.ndarray:
        """(d, d), in the order of `names`: (I − B)⁻¹ (I − B)⁻ᵀ, with B[j, i] the strength of the arrow from i to j."""
        return self._total @ self._total.T

    @property
    def seen(self) -> float:
        """The slope of E[Y | T]: what a regression of Y on T alone finds in endless data."""
        return self._slope(())

    @property
    def adjusted(self) -> float:
        """The coefficient of T in a regression of Y on T and all that is given."""
        return self._slope(self.given)

    @property
    def done(self) -> float:
        """The slope of E[Y | do(T = t)]: the products of strengths along each way on which T acts, added up."""
        return float(self._total[self.names.index("Y"), self.names.index("T")])

    def _slope(self, given) -> float:
        columns = [self.names.index(name) for name in ("T", *given)]
        y = self.names.index("Y")
        return float(np.linalg.solve(self.covariance[np.ix_(columns, columns)], self.covariance[columns, y])[0])

    def rows(self, noise: np.ndarray, do: bool = False) -> np.ndarray:
        """A table (N, d) from standard noise (N, ≥ d), columns in the order of `names`. do: T isn't computed from its
        causes, but is its own noise, stretched so that T varies as much as before."""
        table = np.zeros((len(noise), len(self.names)))
        t = self.names.index("T")
        for name in self._order():
            j = self.names.index(name)
            table[:, j] = noise[:, j]
            if do and j == t:
                table[:, j] *= np.sqrt(self.covariance[t, t])
                continue
            for (cause, effect), value in self.arrows.items():
                if effect == name:
                    table[:, j] += value * table[:, self.names.index(cause)]
        return table

    # --- ways

    @property
    def _live(self) -> list[tuple[str, str]]:
        return [arrow for arrow, value in self.arrows.items() if value]

    def ways(self) -> list[tuple[str, ...]]:
        """All ways from T to Y along arrows, in whichever direction these point, that visit nothing twice."""

        def on(way):
            if way[-1] == "Y":
                yield tuple(way)
                return
            for name in self.names:
                if name not in way and ((way[-1], name) in self._live or (name, way[-1]) in self._live):
                    yield from on([*way, name])

        return list(on(["T"]))

    def acts(self, way) -> bool:
        """Whether T acts along it: all arrows point forward."""
        return all(pair in self._live for pair in zip(way, way[1:], strict=False))

    def is_open(self, way) -> bool:
        """Whether dependence passes along it, given `given` (d-separation: Pearl 1988): at a common effect it passes if
        that or one of its effects is given, at all other stations if they aren't."""
        return all(
            self._openers(station) if collider else station not in self.given
            for station, collider in self._stations(way)
        )

    @property
    def open_ways(self) -> list[str]:
        """The open ways between T and Y, written with arrows."""
        return [self.written(way) for way in self.ways() if self.is_open(way)]

    def written(self, way) -> str:
        signs = ["→" if pair in self._live else "←" for pair in zip(way, way[1:], strict=False)]
        return way[0] + "".join(f" {sign} {name}" for sign, name in zip(signs, way[1:], strict=True))

    @property
    def why(self) -> str:
        """One sentence: do seeing (after adjusting) and doing agree, and if not, for which reason?

        They agree at all strengths where the adjustment criterion holds (Shpitser, VanderWeele & Robins 2010): all ways
        along which T doesn't act are closed, and nothing is given that lies behind T on a way along which it acts.
        """
        ways = self.ways()
        acting = [way for way in ways if self.acts(way)]
        wrong = [way for way in ways if not self.acts(way) and self.is_open(way)]
        opened = [way for way in wrong if any(collider for _, collider in self._stations(way))]
        left = [way for way in wrong if way not in opened]
        closed = [way for way in acting if not self.is_open(way)]
        openers = {
            one for way in opened for station, hit in self._stations(way) if hit for one in self._openers(station)
        }
        behind = [name for name in self.names if any(name in way[1:] for way in acting)]  # what T moves, towards Y
        reasons = []
        if left:
            be, them = ("is", "it") if len(left) == 1 else ("are", "them")
            reasons.append(f"{self._some(left)} {be} open, and T doesn't act along {them}")
        if opened:
            by = _and(name for name in self.given if name in openers)
            reasons.append(f"adjusting for {by} opens {self._some(opened)}")
        if closed:
            by = _and(name for name in self.given if any(name in way for way in closed))
            along = "which" if len(closed) == 1 else "both of which" if len(closed) == 2 else "all of which"
            reasons.append(f"adjusting for {by} closes {self._some(closed)}, along {along} T acts")
        for name in self.given:
            before = [one for one in behind if name in self._effects(one) and name != one]
            if before and name not in behind and name not in openers:
                fixed = "Y" if "Y" in before else before[0]
                reasons.append(f"{name} is an effect of {fixed}, and adjusting for it partly fixes what T moves")
        words = f"Adjusted for {_and(self.given)}, seeing and doing" if self.given else "Seeing and doing"
        if reasons:
            off = abs(self.adjusted - self.done)
            do = "agree here by coincidence" if off < EQUAL else "hardly part" if off < SAME else "part"
            return f"{words} {do}: {'; '.join(reasons)}."
        return f"{words} agree: {'T acts along every open way' if acting else 'no way between T and Y is open'}."

    # --- parts

    def _known(self, names, argument: str, never: str) -> tuple[str, ...]:
        names = _listed(names, argument)
        for name in names:
            if name in ("T", "Y"):
                raise ValueError(never)
            if name not in self.names:
                raise ValueError(
                    f"There is no variable {name!r} in the graph; there are: {', '.join(self.names)}."
                    + near(name, self.names)
                )
        return tuple(name for name in self.names if name in names)

    def _directed(self, start: str, end: str):
        """Ways along all arrows, those of strength 0 as well."""
        if start == end:
            yield [end]
        for cause, effect in self.arrows:
            if cause == start:
                for rest in self._directed(effect, end):
                    yield [start, *rest]

    def _effects(self, name: str) -> set[str]:
        """The variable and all that it moves, directly or not."""
        found, new = set(), {name}
        while new:
            found |= new
            new = {effect for cause, effect in self._live if cause in new} - found
        return found

    def _openers(self, collider: str) -> set[str]:
        return self._effects(collider) & set(self.given)

    def _stations(self, way):
        """(name, whether two arrows meet there) of all between its ends."""
        for before, name, after in zip(way, way[1:], way[2:], strict=False):
            yield name, (before, name) in self._live and (after, name) in self._live

    def _some(self, ways) -> str:
        words = [self.written(way) for way in ways]
        if len(words) > 2:
            words = [*words[:2], "another way" if len(words) == 3 else f"{len(words) - 2} more ways"]
        return _and(words)

    def _order(self) -> list[str]:
        order: list[str] = []
        while len(order) < len(self.names):
            order += [
                name
                for name in self.names
                if name not in order and all(c in order for c, e in self.arrows if e == name)
            ][:1]
        return order


def ends(arrow: str) -> tuple[str, str]:
    """'U->T' or 'U → T' → ('U', 'T'). Raises ValueError for other texts, TypeError for what isn't one."""
    if not isinstance(arrow, str):
        raise TypeError(f"An arrow is written 'U->T', from cause to effect; got {arrow!r}.")
    parts = re.split(r"->|→", arrow)
    if len(parts) != 2:
        raise ValueError(f"An arrow is written 'U->T', from cause to effect; got {arrow!r}.")
    return _name(parts[0].strip()), _name(parts[1].strip())


def _name(name) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,2}", name):
        raise ValueError(f"A variable's name is a letter, with at most two letters or digits behind; got {name!r}.")
    return name


def _listed(names, argument: str) -> list[str]:
    if isinstance(names, str):
        return [names]
    try:
        return list(names)
    except TypeError:
        raise TypeError(f"{argument} must be a list of names such as ['U']; got {names!r}.") from None


def _and(words: Iterable[str]) -> str:
    words = list(words)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)

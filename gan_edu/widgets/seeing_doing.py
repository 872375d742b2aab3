"""The widget of chapter 71: a graph of causes that is drawn with the mouse, and what seeing and doing make of it.

It trains nothing. The view computes everything itself (static/seeing.js), so that a slider answers at once and a stored
page works without a kernel. Python hears of each change, and computes the same when it is asked.
"""

import contextlib
import textwrap
from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
import traitlets

from gan_edu import plotting
from gan_edu.linear_graph import MOST, LinearGraph
from gan_edu.settings import SEED, Choice, Number
from gan_edu.widgets import player
from gan_edu.widgets.base import ASK, script
from gan_edu.widgets.explain import explain
from gan_edu.widgets.stored import Stored

ROWS = 300
T, Y = [0.1, 0.9], [0.9, 0.9]
PRESETS = {  # name → (label, strengths, what is hidden, places: to the right and down, from 0 to 1)
    "fork": (
        "fork: a common cause (confounder)",
        {"U->T": 1.0, "U->Y": 2.0, "T->Y": 1.0}, [], {"T": T, "Y": Y, "U": [0.5, 0.05]},
    ),
    "pipe": (
        "pipe: a station on the way (mediator)",
        {"T->M": 1.0, "M->Y": 1.0}, [], {"T": T, "Y": Y, "M": [0.5, 0.3]},
    ),
    "collider": (
        "collider: a common effect",
        {"T->Y": 1.0, "T->C": 2.0, "Y->C": 2.0}, [], {"T": [0.1, 0.1], "Y": [0.9, 0.1], "C": [0.5, 0.95]},
    ),
    "instrument": (
        "instrument: moves T only",
        {"Z->T": 2.0, "U->T": 1.0, "U->Y": 2.0, "T->Y": 1.0}, ["U"],
        {"T": [0.35, 0.9], "Y": Y, "U": [0.62, 0.05], "Z": [0.05, 0.4]},
    ),
    "m_bias": (
        "M: two hidden causes",
        {"T->Y": 1.0, "U->T": 2.0, "U->C": 2.0, "V->C": 2.0, "V->Y": 2.0}, ["U", "V"],
        {"T": T, "Y": Y, "U": [0.1, 0.05], "C": [0.5, 0.45], "V": [0.9, 0.05]},
    ),
    "front_door": (
        "front door: a hidden cause, and a station",
        {"U->T": 1.0, "U->Y": 2.0, "T->M": 1.0, "M->Y": 2.0}, ["U"],
        {"T": T, "Y": Y, "U": [0.5, 0.05], "M": [0.5, 0.75]},
    ),
    "bare": ("T → Y, and the rest is yours", {"T->Y": 1.0}, [], {"T": T, "Y": Y}),
}  # fmt: skip
_PRESET = Choice(tuple(PRESETS))
_SHARE = Number(0, 1)
_FREE = ([0.5, 0.1], [0.1, 0.1], [0.9, 0.1], [0.5, 0.55], [0.5, 0.95])  # where new circles go
SEEN, SAME, OTHER, ACTS = plotting.NEUTRAL[0], "#8A6508", plotting.NEUTRAL[3], "0.8"


class _View(anywidget.AnyWidget):
    graph = traitlets.Dict().tag(sync=True)  # {"places", "strengths", "given", "hidden"}
    noise = traitlets.List().tag(sync=True)  # (ROWS, MOST), of which rows are made
    presets = traitlets.Dict().tag(sync=True)
    message = traitlets.Unicode("").tag(sync=True)

    def __init__(self, **traits):
        self._esm = script("seeing") + "\nexport default { render: (c) => seeing.render(c.model, c.el) };\n"
        super().__init__(**traits)


class SeeingDoing(ipywidgets.VBox):
    """A graph of at most five variables, T and Y among them. Draw arrows, set their strengths, adjust, and see when the
    slope of E[Y | T] (seeing) and that of E[Y | do(T)] (doing) part.

    Every variable is the sum of its causes times their arrows' strengths, plus noise of variance 1. The slopes are
    exact (`gan_edu.linear_graph` says how), the dots are 300 rows.

    Settings, also of `set`:
    - preset: "fork", "pipe", "collider", "instrument", "m_bias", "front_door" or "bare" (T → Y alone)
    - strengths: {"U->T": 0.5, …}, from −3 to 3, beside those of the preset; None takes an arrow out
    - given: names of what is adjusted for
    - hidden: names of what isn't in the table; None: as the preset has it
    - seed: of the dots

    Raises ValueError or TypeError for a loop, an unknown name, a sixth variable, or a hidden one that is adjusted for.
    """

    name = "Seeing and doing"
    _stored: Stored | None = None  # none yet when a constructor is refused

    def __init__(self, preset: str = "fork", *, strengths=None, given=(), hidden=None, seed: int = 0):
        places, graph = _started(preset, strengths, given, hidden)
        self.seed = SEED.check(seed, "seed")
        self._seen_by_somebody = False
        self.view = _View(
            graph=_state(places, graph),
            noise=_noise(self.seed),
            presets={
                name: {"label": label, "graph": _state(at, LinearGraph(arrows, (), away, at))}
                for name, (label, arrows, away, at) in PRESETS.items()
            },
        )
        self.graph = graph  # a LinearGraph: what is drawn now
        self._stored = Stored(self)
        self.view.observe(self._drawn, "graph")
        self.view.observe(self._outdated, "noise")
        self.view.on_msg(self._opened)
        super().__init__([self.view])

    # -- what learners ask ---------------------------------------------------------------------------------------
    @property
    def seen(self) -> float:
        """The slope of E[Y | T], in units of Y per unit of T."""
        return self.graph.seen

    @property
    def adjusted(self) -> float:
        """The slope when all that is given is held the same."""
        return self.graph.adjusted

    @property
    def done(self) -> float:
        """The slope of E[Y | do(T = t)]."""
        return self.graph.done

    @property
    def strengths(self) -> dict[str, float]:
        return self.graph.strengths

    @property
    def given(self) -> tuple[str, ...]:
        return self.graph.given

    @property
    def hidden(self) -> tuple[str, ...]:
        return self.graph.hidden

    @property
    def open_ways(self) -> list[str]:
        """Ways between T and Y along which dependence passes, such as "T ← U → Y"."""
        return self.graph.open_ways

    @property
    def why(self) -> str:
        """One sentence: do seeing and doing agree, and if not, for which reason?"""
        return self.graph.why

    def set(self, *, preset=None, strengths=None, given=None, hidden=None, seed=None) -> "SeeingDoing":
        """Change what is named, and nothing if something of it can't be used. A preset begins afresh. Returns itself,
        so that it may end a cell."""
        seed = self.seed if seed is None else SEED.check(seed, "seed")
        if preset is None:
            places, graph = dict(self.view.graph["places"]), self.graph.with_(strengths, given, hidden)
        else:
            places, graph = _started(preset, strengths, () if given is None else given, hidden)
        if seed != self.seed:
            self.seed, self.view.noise = seed, _noise(seed)
        self.view.message = ""
        self.view.graph = _state(places, graph)
        return self

    # -- the view ------------------------------------------------------------------------------------------------
    def _drawn(self, change) -> None:
        """The view, or `set`, has another graph. One that can't be is refused, and the last good one comes back."""
        try:
            self.graph = _read(change["new"])
        except ASK as error:
            self.view.message = explain(error)
            self.view.graph = change["old"]
            return
        self._outdated()

    def _outdated(self, *_) -> None:
        if self._seen_by_somebody:
            self._stored.soon()

    def _opened(self, *_) -> None:
        self._seen_by_somebody = True

    # -- in notebooks --------------------------------------------------------------------------------------------
    def newest(self) -> list:
        return [self.view.graph, self.view.noise]

    def words(self) -> str:
        return repr(self)

    def plays_alone(self) -> bool:
        return True

    def between_steps(self):
        return contextlib.nullcontext()  # nothing trains

    def still(self):
        """A matplotlib Figure of both worlds, for readers without a kernel."""
        figure = plotting.figure(plotting.WIDTH, 5.2)
        axes = figure.subplots(2, 2, height_ratios=(1, 1.2))
        state, noise = self.view.graph, np.array(self.view.noise)
        places, graph = state["places"], _read(state)  # of one moment: another thread may be drawing
        t, y = graph.names.index("T"), graph.names.index("Y")
        tables = [graph.rows(noise, do) for do in (False, True)]
        high = [max(abs(table[:, column]).max() for table in tables) * 1.05 for column in (t, y)]
        effect = graph.done, "black", ":", "E[Y | do(T)]"
        lines = [[(graph.seen, SEEN, "-", "E[Y | T]"), effect], [effect]]
        if graph.given:
            lines[0].insert(1, (graph.adjusted, SAME, "--", f"adjusted for {', '.join(graph.given)}"))
        for do, name in enumerate(("seen", "done")):
            _graph(axes[0, do], places, graph, bool(do))
            ax, table = axes[1, do], tables[do]
            ax.scatter(table[:, t], table[:, y], s=6, color="0.6", linewidths=0)
            for slope, colour, dash, label in lines[do]:
                ends = np.array([-high[0], high[0]])
                ax.plot(ends, slope * ends, color=colour, linestyle=dash, linewidth=2, label=f"{label}: {slope:.2f}")
            ax.set(xlim=(-high[0], high[0]), ylim=(-high[1], high[1]), xlabel="T", ylabel="Y")
            ax.legend(fontsize=9, loc="upper left")
            axes[0, do].set_title(name)
        figure.suptitle("\n".join(textwrap.wrap(graph.why, 95)), fontsize=10)
        return figure

    def page(self) -> str:
        """The widget as HTML that works without a kernel."""
        content = player.json_in_page(
            {"graph": self.view.graph, "noise": self.view.noise, "presets": self.view.presets}
        )
        return player.alone(content, script("seeing"), f"seeing.play(root, {content});")

    def export(self, path) -> Path:
        """Write a page that works without a kernel or a network."""
        return player.export(path, self.name, self.page())

    def close(self) -> None:
        """Leave the page."""
        if self._stored is None:
            return
        self._stored.cancel()
        for widget in (self.view.layout, self.view, self.layout):
            widget.close()
        super().close()

    def _ipython_display_(self) -> None:
        self._stored.show(self.view, self.model_id)

    def __repr__(self) -> str:
        between = f", adjusted for {' and '.join(self.given)} {self.adjusted:.2f}" if self.given else ""
        return f"SeeingDoing(slope seen {self.seen:.2f}{between}, done {self.done:.2f})"


# --- parts


def _started(preset, strengths, given, hidden) -> tuple[dict, LinearGraph]:
    _, arrows, away, places = PRESETS[_PRESET.check(preset, "preset")]
    graph = LinearGraph(arrows, others=places).with_(strengths)
    if hidden is None:
        hidden = away
    return dict(places), graph.with_(None, given, hidden)


def _state(places: dict, graph: LinearGraph) -> dict:
    """What the view holds. Variables without a place get the free one that is farthest from the others."""
    places = {name: places.get(name) for name in graph.names}
    for name in [name for name, place in places.items() if place is None]:
        taken = [place for place in places.values() if place is not None]
        places[name] = max(_FREE, key=lambda free: min(np.hypot(x - free[0], y - free[1]) for x, y in taken))
    return {
        "places": places,
        "strengths": graph.strengths,
        "given": list(graph.given),
        "hidden": list(graph.hidden),
    }


def _read(state) -> LinearGraph:
    for name, place in state["places"].items():
        x, y = place
        for share in (x, y):
            _SHARE.check(share, f"the place of {name}")
    graph = LinearGraph(state["strengths"], state["given"], state["hidden"], state["places"])
    if set(state["places"]) != set(graph.names):
        raise ValueError("A variable has no place in the picture.")
    return graph


def _noise(seed: int) -> list:
    return np.random.default_rng(seed).normal(size=(ROWS, MOST)).round(2).tolist()


def _graph(ax, places, graph, do) -> None:
    """The graph as the chapter draws it: hidden circles dotted, what is given in a square, cut arrows dashed."""
    at = {name: (x, 1 - y) for name, (x, y) in places.items()}
    for way in [] if do else [way for way in graph.ways() if graph.is_open(way)]:
        ax.plot(
            *zip(*[at[name] for name in way], strict=True),
            color=ACTS if graph.acts(way) else OTHER, linewidth=14 if graph.acts(way) else 8, zorder=0,
            alpha=1 if graph.acts(way) else 0.6, solid_capstyle="round",
        )  # fmt: skip
    for name, place in at.items():
        given = not do and name in graph.given
        style = dict(boxstyle="square,pad=0.4" if given else "circle,pad=0.35", edgecolor="black")
        style |= dict(facecolor="#F3D98B" if given else "#F2F2F2", linestyle=":" if name in graph.hidden else "-")
        ax.text(*place, name, ha="center", va="center", bbox=style, zorder=3, fontsize=11)
    for (cause, effect), value in graph.arrows.items():
        cut = do and effect == "T"
        look = dict(arrowstyle="-|>", shrinkA=14, shrinkB=14, linewidth=1 + 0.5 * abs(value))
        look |= dict(color="0.6" if cut else "black", linestyle="--" if cut or not value else "-")
        ax.annotate("", at[effect], at[cause], arrowprops=look)
        middle = [(a + b) / 2 for a, b in zip(at[cause], at[effect], strict=True)]
        words = "cut" if cut else f"{value:g}".replace("-", "−")
        background = dict(boxstyle="square,pad=0.1", facecolor="white", edgecolor="none", alpha=0.9)
        ax.text(*middle, words, ha="center", va="center", fontsize=9, bbox=background)
    ax.set(xlim=(-0.2, 1.2), ylim=(-0.25, 1.25))
    ax.axis("off")

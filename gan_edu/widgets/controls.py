"""Controls of a widget, its signature and its constructor's patience, all from one table of settings.

Each field of a `Checked` dataclass gets a control, unless it says control=False. `choices` make a menu (values, or
pairs of a word and a value); otherwise its rule says which control it is. `label`, `step` and `width` say how it looks.
"""

import inspect
from collections.abc import Iterable

import ipywidgets

from gan_edu.settings import Checked, Flag, Whole, unknown
from gan_edu.widgets.base import ASK
from gan_edu.widgets.explain import explain

OWN = "your own"  # stands in a menu for an object
NONE = "none"  # and for None, which menus keep for "nothing chosen"


class Controls(dict):
    """Name → ipywidget. What a person chooses goes to `widget.choose(name, value)`, between two training steps; what
    can't be used is said in the widget, and its `changed()` brings the control back."""

    def __init__(self, table: type[Checked], widget, **more: ipywidgets.Widget):
        names = [name for name in table.names() if table.about(name).get("control", True)]
        super().__init__({name: _control(table, name) for name in names} | more)
        self._choices = {name: table.about(name).get("choices") for name in names}
        self._widget, self._following = widget, False
        for name, control in self.items():
            control.observe(lambda change, name=name: self._moved(name, change["new"]), "value")

    def _moved(self, name: str, value) -> None:
        if self._following or value == OWN or not self._widget.runs:
            return
        value = None if value == NONE else value
        try:
            self._widget._trainer.do(lambda: self._widget.choose(name, value), self._widget.say)
        except BaseException as error:
            self._widget.say(error)
            self._widget.changed()

    def follow(self, values: dict, choices: dict | None = None, shown: dict | None = None) -> None:
        """Show these values, without telling anybody. choices: new ones for menus. shown: which controls to show."""
        self._following = True
        try:
            for name, control in self.items():
                if isinstance(control, ipywidgets.Dropdown):
                    _choose(control, values[name], (choices or {}).get(name) or self._choices[name])
                else:
                    control.value = values[name]
            for name, on in (shown or {}).items():
                self[name].layout.display = None if on else "none"
        finally:
            self._following = False


def menu(label: str, choices: Iterable, value=None, **more) -> ipywidgets.Dropdown:
    """A menu; choices are values, or pairs of a word and a value."""
    pairs = _pairs(choices)
    return ipywidgets.Dropdown(options=pairs, value=_shown(value, pairs), description=label, **_looks(), **more)


def _pairs(choices: Iterable) -> list[tuple[str, object]]:
    pairs = [one if isinstance(one, tuple) else (str(one), one) for one in choices]
    return [(word, NONE if value is None else value) for word, value in pairs]


def _known(value, pairs) -> bool:
    return any(type(each) is type(value) and each == value for _, each in pairs)


def _shown(value, pairs):
    """The value as a menu holds it: objects and None by a word."""
    if value is None:
        return NONE
    return value if _known(value, pairs) or isinstance(value, int | float | str) else OWN


def _choose(control: ipywidgets.Dropdown, value, choices: Iterable) -> None:
    pairs, given = _pairs(choices), value
    value = _shown(value, pairs)
    if value == OWN:  # it may bear the name of one that is in the menu
        name = str(getattr(given, "name", None) or OWN)
        pairs.append((f"{name} ({OWN})" if _known(name, pairs) else name, OWN))
    elif not _known(value, pairs):
        pairs.append((f"{value:g}" if isinstance(value, float) else str(value), value))
    if pairs != list(control.options):
        control.options = pairs
    control.value = value


def _looks(width: str = "auto") -> dict:
    # a layout of its own for each, because some hide
    layout = ipywidgets.Layout(width=width, margin="2px 10px 2px 2px")
    return {"layout": layout, "style": {"description_width": "initial"}}


def _control(table: type[Checked], name: str) -> ipywidgets.Widget:
    about, default = table.about(name), getattr(table, name)
    label, rule, tooltip = about.get("label", name), about["rule"], f"{name}: {about['help']}"
    if "choices" in about:
        return menu(label, about["choices"], default, tooltip=tooltip)
    common = {"value": default, "description": label, "tooltip": tooltip} | _looks(about.get("width", "auto"))
    if isinstance(rule, Flag):
        return ipywidgets.Checkbox(indent=False, **common)
    if isinstance(rule, Whole):
        high = 2**31 if rule.high is None else rule.high
        return ipywidgets.BoundedIntText(min=rule.low, max=high, continuous_update=False, **common)
    return ipywidgets.FloatText(step=about.get("step", 0.1), continuous_update=False, **common)


def described(table: type[Checked], *first: str):
    """A decorator for a widget: its signature and the end of its docstring are those of the table. first: names of the
    settings that can be given without their names."""

    def decorate(cls):
        kinds = {True: inspect.Parameter.POSITIONAL_OR_KEYWORD, False: inspect.Parameter.KEYWORD_ONLY}
        names = sorted(table.names(), key=lambda name: first.index(name) if name in first else len(first))
        made = [inspect.Parameter(name, kinds[name in first], default=getattr(table, name)) for name in names]
        own = [p for p in inspect.signature(cls.__init__).parameters.values() if p.kind is p.KEYWORD_ONLY]
        cls.__signature__ = inspect.Signature(made + own)
        cls.__doc__ += "\n    Settings:\n" + "".join(f"    - {n}: {table.about(n)['help']}.\n" for n in names)
        return cls

    return decorate


def patient(settings: Checked, given: dict, beside: tuple[str, ...] = ()) -> tuple[Checked, list[str]]:
    """Settings with what is given, one after the other, so that a bad one doesn't take the good ones with it; and a
    sentence for each one that can't be used. beside: arguments that are no settings, but may have been meant."""
    problems = []
    for name, value in given.items():
        try:
            unknown([name], (*settings.names(), *beside))
            settings = settings.with_(**{name: value})
        except ASK as error:
            stays = f" So {name} is {getattr(settings, name)!r} for now." if name in settings.names() else ""
            problems.append(explain(error) + stays)
    return settings, problems


def apply_to(where: tuple[str, ...], table: type[Checked], names: Iterable[str]) -> bool:
    """Whether all these settings apply to the "model", the "view" or what else `where` lists; those that don't say
    need a new "start". Raises TypeError for a name that doesn't exist."""
    unknown(names, table.names())
    return all(table.about(name).get("applies", "start") in where for name in names)

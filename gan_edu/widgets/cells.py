"""A second run of a cell replaces the widgets that it made before: they stop, and give their memory back."""

import ast
import contextlib
import weakref

from IPython import get_ipython

_made: dict[str, tuple[object, list[weakref.ref]]] = {}  # cell → its last run, and the widgets made in that


def replace_earlier(widget) -> None:
    """Close what an earlier run of this cell made.

    JupyterLab and VS Code say which cell is run. Where a front end doesn't, a cell is known by its code; if that was
    edited, the earlier widget is at least paused when the code puts another into its variable.
    """
    shell = get_ipython()
    if shell is None:
        return
    parent = getattr(shell, "get_parent", dict)() or {}
    code = parent.get("content", {}).get("code") or (shell.user_ns.get("In") or [""])[-1]
    run = parent.get("header", {}).get("msg_id", shell.execution_count)
    cell = parent.get("metadata", {}).get("cellId")
    last_run, widgets = _made.get(cell or code, (run, []))
    if last_run != run:
        for old in (each() for each in widgets):
            if old is not None:
                old.close()
        widgets = []
    if cell is None:
        for old in (shell.user_ns.get(name) for name in _assigned(shell, code)):
            if any(each() is old for _, known in _made.values() for each in known if old is not None):
                old.pause()
    _made[cell or code] = run, [*widgets, weakref.ref(widget)]


def _assigned(shell, code: str) -> set[str]:
    """The variables to which code assigns."""
    with contextlib.suppress(SyntaxError):
        nodes = ast.walk(ast.parse(shell.transform_cell(code)))
        return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return set()

"""Prints the table of what databases differ in: python -m scripts.differences."""

from __future__ import annotations

import ast
import inspect
from typing import Any

from crispml_core.adapters.sql.databases.capabilities import KINDS, Capabilities

_UNITS = ((1024**3, "GiB"), (1024**2, "MiB"))
# They name the database itself.
_NAMES = ("kind", "title")


def table() -> str:
    """Return it as Markdown: a row per capability, a column per kind of database."""
    titles = [known.title for known in KINDS.values()]
    lines = [f"| Capability | {' | '.join(titles)} |", "|" + "---|" * (1 + len(titles))]
    for name, what in _documented().items():
        cells = [_cell(name, getattr(known, name)) for known in KINDS.values()]
        lines.append(f"| `{name}`: {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _documented() -> dict[str, str]:
    """Return what is written below each field."""
    (made,) = ast.parse(inspect.getsource(Capabilities)).body
    assert isinstance(made, ast.ClassDef)
    found = {}
    for field, below in zip(made.body, made.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            assert isinstance(below, ast.Expr)
            said = " ".join(str(ast.literal_eval(below.value)).split()).rstrip(".")
            found[field.target.id] = said[0].lower() + said[1:]
    return {name: what for name, what in found.items() if name not in _NAMES}


def _cell(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "any"
    return _bytes(value) if name in ("blob_bytes", "clob_bytes") else str(value)


def _bytes(value: int) -> str:
    for unit, name in _UNITS:
        if value + 1 >= unit:
            rounded = value / unit
            return f"{rounded:.0f} {name}" if rounded > 0.99 and unit > 1 else f"{value} bytes"
    return f"{value} bytes"


if __name__ == "__main__":
    print(table())

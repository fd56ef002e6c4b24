"""What the console asks of Shiny that costs time."""

from __future__ import annotations

import ast
from pathlib import Path

CONSOLE = Path(__file__).parents[2] / "services" / "console" / "crispml_console"


def test_each_reactive_value_has_a_name() -> None:
    """Without one Shiny reads the sources of the whole stack for it: most of the time of a page."""
    nameless = [
        f"{file.relative_to(CONSOLE)}:{node.lineno}"
        for file in CONSOLE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).partition("[")[0] == "reactive.Value"
        and "name" not in {keyword.arg for keyword in node.keywords}
    ]
    assert nameless == []

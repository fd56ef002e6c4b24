"""One kind of database is told from another in one place, by named capabilities."""

import ast
import re
from pathlib import Path

CORE = Path(__file__).parents[2] / "crispml_core"
MAY_ASK = {
    # The only one that gives answers.
    "adapters/sql/databases/capabilities.py",
    # They have a URL and no dialect yet.
    "adapters/sql/databases/engine.py",
    "adapters/sql/databases/scripts.py",
    "cli/db.py",
    # What it says, OpenTelemetry names.
    "adapters/sql/databases/tracing.py",
    # It asks the databases of others, of more kinds than CrispML keeps its own data in.
    "adapters/sources/sql/spelling.py",
}


def test_nothing_else_asks_which_kind_of_database_it_has():
    asking = {
        file.relative_to(CORE).as_posix()
        for file in CORE.rglob("*.py")
        if any(map(_asks, ast.walk(ast.parse(file.read_text()))))
    }
    assert asking <= MAY_ASK


def _asks(node: ast.AST) -> bool:
    """Whether code reads the name of a dialect, or of the backend of a URL."""
    if not isinstance(node, ast.Attribute):
        return False
    if node.attr == "get_backend_name":
        return True
    of = node.value
    owner = of.attr if isinstance(of, ast.Attribute) else of.id if isinstance(of, ast.Name) else ""
    return node.attr == "name" and re.fullmatch(r"_?dialect", owner) is not None

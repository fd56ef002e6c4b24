"""THREATS.md names tests, and each of them exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "THREATS.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`((?:tests|examples)/[\w/]+\.py)::(\w+)`", TEXT)
ROW = re.compile(r"^\| (?!Attack|Asset|Who|-)(.+?) \|$", re.MULTILINE)


def test_every_test_that_is_named_exists() -> None:
    missing = [f"{file}::{name}" for file, name in NAMED if name not in functions(ROOT / file)]
    assert missing == []


def test_every_attack_has_a_test() -> None:
    attacks = TEXT[TEXT.index("\n## Outsiders") :].split("\n## What is left")[0]
    rows = [row for row in ROW.findall(attacks) if not set(row) <= set("-| ")]
    assert len(rows) > 10
    assert [row.split(" | ")[0] for row in rows if "::test_" not in row] == []


def functions(file: Path) -> set[str]:
    """Return the names of the test functions of a file; none if there is no such file."""
    if not file.is_file():
        return set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }

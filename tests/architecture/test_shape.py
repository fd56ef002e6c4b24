"""The tree keeps its shape: small files, explained rooms, a light base install."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from crispml_core.domain.runs import METHODS

ROOT = Path(__file__).parents[2]
MAP = ROOT / "ARCHITECTURE.md"
OURS = ("crispml_core", "services", "examples", "tests", "scripts", "benchmarks", "loadtest")
FILES = sorted(file for folder in OURS for file in (ROOT / folder).rglob("*.py"))


def test_every_file_is_under_400_lines():
    long = {str(file): len(file.read_text().splitlines()) for file in FILES}
    assert {file: lines for file, lines in long.items() if lines >= 400} == {}


def test_every_room_says_why_it_exists():
    for room in (ROOT / "crispml_core").rglob("__init__.py"):
        documented = ast.get_docstring(ast.parse(room.read_text()))
        assert documented, f"{room} has no docstring"


def test_the_map_of_the_architecture_names_every_room():
    (table,) = re.findall(r"^\| Room .*?\n\n", MAP.read_text(), re.MULTILINE | re.DOTALL)
    for room in (ROOT / "crispml_core").rglob("__init__.py"):
        name = room.parent.relative_to(ROOT / "crispml_core").as_posix()
        if name != "." and "migrations" not in name:
            assert f"`{name}`" in table or f"`{room.parent.name}`" in table, name


def test_nothing_but_the_settings_reads_the_environment():
    for file in (ROOT / "crispml_core").rglob("*.py"):
        if file.parts[-2:] == ("settings", "load.py") or "cli" in file.parts:
            continue
        names = {
            node.attr
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Attribute)
        }
        assert not names & {"environ", "getenv"}, f"{file} reads the environment"


def test_aliases_move_in_one_place_so_that_no_way_around_the_rules_exists():
    for file in [*(ROOT / "crispml_core").rglob("*.py"), *(ROOT / "services").rglob("*.py")]:
        if file.parts[-2:] == ("pipelines", "promotion.py"):
            continue
        assert "aliases.move(" not in file.read_text(), f"{file} moves an alias by itself"


def test_the_client_and_the_command_line_need_the_base_install_only():
    """They start without any package of the extras."""
    heavy = ("pandas", "numpy", "pyarrow", "sklearn", "sqlalchemy", "fastapi", "pydantic")
    code = (
        "import sys\n"
        f"for name in {heavy!r}: sys.modules[name] = None\n"
        "import crispml_core, crispml_core.client\n"
        "from crispml_core.cli import main\n"
        "sys.argv = ['crispml', '--help']\n"
        "main()\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert "demo" in found.stdout


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_one_class_in_its_own_file_with_one_verb(method):
    """The file is called like the method, and the class has no public method but ``run``."""
    name = "".join(part.capitalize() for part in method.split("-"))
    module = importlib.import_module(f"crispml_core.methods.{method.replace('-', '_')}")
    verbs = [
        verb
        for verb, value in vars(getattr(module, name)).items()
        if callable(value) and not verb.startswith("_")
    ]
    assert verbs == ["run"]

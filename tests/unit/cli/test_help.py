from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

from crispml_core.cli.root import crispml
from crispml_core.cli.verb import DefaultGroup

HEAVY = ("pandas", "numpy", "sqlalchemy", "alembic", "pydantic", "sklearn", "pyarrow", "yaml")


def verbs(group: click.Group = crispml, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        here = (*path, name)
        found += verbs(command, here) if isinstance(command, click.Group) else [here]
    return found


@pytest.mark.parametrize("verb", verbs(), ids=" ".join)
def test_every_verb_takes_json_and_shows_an_example_of_itself(crispml_cli, verb):
    result = crispml_cli(*verb, "--help")

    assert result.exit_code == 0
    assert "--json" in result.stdout
    example = result.stdout.rpartition("Example:")[2]
    assert "crispml " + " ".join(part for part in verb if part != "show") in example


def test_every_verb_of_the_design_is_there():
    assert set(crispml.commands) >= {
        *("up", "demo", "cycle", "run", "score", "label", "report"),
        *("models", "datasets", "runs", "use-case", "db"),
    }


def test_help_needs_only_the_base_install():
    code = (
        "import sys, json, crispml_core.cli.root as root\n"
        "print(json.dumps(sorted(name for name in sys.modules)))"
    )
    loaded = json.loads(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, text=True
        ).stdout
    )
    assert [name for name in HEAVY if name in loaded] == []
    assert "httpx" not in loaded, "httpx makes --help and completion slow"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_command(crispml_cli, shell):
    result = crispml_cli("completion", shell)

    assert result.exit_code == 0
    assert "_CRISPML_COMPLETE" in result.stdout


def test_completion_knows_the_verbs():
    from click.shell_completion import BashComplete

    found = BashComplete(crispml, {}, "crispml", "_CRISPML_COMPLETE").get_completions([], "da")

    assert [item.value for item in found] == ["datasets"]


def test_groups_with_a_default_keep_their_own_verbs():
    for group in crispml.commands.values():
        if isinstance(group, DefaultGroup):
            assert "show" in group.commands

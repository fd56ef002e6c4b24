"""Who is woken finds a page that says what to do, with commands and metrics that exist."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from crispml_core.cli.root import crispml
from scripts.dashboards.registered import registered
from tests.prometheus.conftest import ROOT
from tests.prometheus.test_rules import ALERTS, ALL

FOLDER = ROOT / "docs" / "runbooks"
PAGES = sorted(FOLDER.glob("*.md"))
SECTIONS = ["What it means", "How to check", "What to do"]
RECORDED = {rule["record"] for rule in ALL if "record" in rule}


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    assert {page.stem for page in PAGES} == set(ALERTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_how_and_what_to_do(page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    severity = ALERTS[page.stem]["labels"]["severity"]
    assert text.splitlines()[2].lower().startswith(severity.split()[0]) or "$labels" in severity
    assert re.search(r"^```(sh|promql)$", text, re.MULTILINE), "nothing to type"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_tells_to_type_exists(page: Path) -> None:
    text = page.read_text()
    for line in re.findall(r"(?:^|`)crispml ([^`\n|]+)", text, re.MULTILINE):
        _parse(line.split())
    named = {
        re.sub(r"_(bucket|count|sum)$", "", name)
        for name in re.findall(r"(?<![:\w])crispml_\w+(?![:\w])", text)
    }
    assert named <= set(registered())
    assert set(re.findall(r"\w+:crispml\w+:\w+", text)) <= RECORDED
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert (FOLDER / target).exists(), target


def _parse(words: list[str]) -> None:
    """Go down to the verb, and ask it for each option."""
    verb: click.Command = crispml
    context = click.Context(verb)
    while isinstance(verb, click.Group) and words and not words[0].startswith("-"):
        found = verb.get_command(context, words[0])
        if found is None:
            # A group with a verb of its own for whoever names none, as in `crispml models MODEL`.
            assert verb is not crispml, f"there is no crispml {words[0]}"
            break
        verb, words = found, words[1:]
    known = {option for parameter in verb.params for option in parameter.opts}
    for word in words:
        assert not word.startswith("--") or word in known, f"{verb.name} knows no {word}"

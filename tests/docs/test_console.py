"""The page of the console names its settings, metrics and pages as they are."""

from __future__ import annotations

import re
from pathlib import Path

from crispml_console.app.metrics import Metrics
from crispml_console.pages import PAGES
from crispml_console.service.visitors import Visitors
from crispml_console.settings import ConsoleSettings, Settings

TEXT = (Path(__file__).parents[2] / "docs" / "console.md").read_text()


def test_every_setting_has_a_row_with_its_default():
    rows = dict(
        re.findall(r"^\| `CRISPML_CONSOLE__(\w+)` \|(?: `?([^|`]+?)`?)? \|", TEXT, re.MULTILINE)
    )
    settings = ConsoleSettings()
    expected = {}
    for name in ConsoleSettings.model_fields:
        value = getattr(settings, name)
        value = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        expected[name.upper()] = f"{value:g}" if isinstance(value, int | float) else value
    assert rows == expected


def test_every_metric_has_a_row():
    registry = Metrics(Visitors(Settings())).registry
    known = {family.name for family in registry.collect()}
    assert set(re.findall(r"^\| `(crispml_console_\w+)` \|", TEXT, re.MULTILINE)) == known


def test_every_page_has_a_row():
    table = TEXT.split("## Pages")[1].split("##")[0]
    rows = re.findall(r"^\| (?!Page|-)([^|]+?) \|", table, re.MULTILINE)
    assert set(rows) >= {page.title for page in PAGES}

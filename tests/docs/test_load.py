"""The page of load tests names every setting, scenario, shape and figure."""

import re
from pathlib import Path

import msgspec

from loadtest.config import PREFIX, SCENARIOS, LoadSettings
from loadtest.names import NAMES
from loadtest.shapes import SHAPES
from loadtest.thresholds import DEFAULT, read_thresholds

PAGE = (Path(__file__).parents[2] / "docs" / "load.md").read_text()


def test_each_setting_has_a_row_with_its_default():
    rows = re.findall(rf"^\| `({PREFIX}\w+)` \| (?:`([^`]*)`)? ?\|", PAGE, re.MULTILINE)
    assert dict(rows) == LoadSettings().environment()


def test_each_scenario_and_each_of_its_users_has_a_row():
    part = PAGE.partition("## Scenarios")[2].partition("## Open loop")[0]
    rows = re.findall(r"^\| (?:`([\w-]+)`)? ?\| `(\w+)` \|", part, re.MULTILINE)
    found: dict[str, list[str]] = {}
    for scenario, user in rows:
        found.setdefault(scenario or list(found)[-1], []).append(user)
    assert found == {name: list(users) for name, users in SCENARIOS.items()}


def test_each_shape_has_a_row():
    assert all(f"\n| `{name}` |" in PAGE for name in SHAPES)


def test_each_figure_that_has_a_threshold_is_explained():
    for threshold in read_thresholds(DEFAULT):
        assert f"`{threshold.figure}`" in PAGE
        assert threshold.request is None or threshold.request in NAMES


def test_the_settings_are_explained_where_they_are_declared():
    documented = LoadSettings.__doc__ or ""
    for field in msgspec.structs.fields(LoadSettings):
        assert re.search(rf"\b{field.name}\b", documented), field.name

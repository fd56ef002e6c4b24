"""The page about access says what the tables in code say."""

from __future__ import annotations

import re

from crispml_core.governance.access import ROLES, Permission
from scripts import access


def test_the_tables_are_those_of_the_code():
    page = access.PAGE.read_text(encoding="utf-8")
    assert access.written(page) == page, "run: make access"


def test_every_permission_has_a_route_or_is_not_there_yet():
    named = set(re.findall(r"^\| `([a-z-]+)` \|", access.roles(), re.MULTILINE))
    assert named == set(Permission)
    assert access.roles().splitlines()[0].count("|") == len(ROLES) + 2


def test_a_table_that_differs_is_found():
    page = access.PAGE.read_text(encoding="utf-8")
    assert access.written(page.replace("✓", "", 1)) == page

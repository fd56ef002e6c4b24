"""What the page of audit and access says, and what it lets somebody choose."""

from __future__ import annotations

import pytest
from htmltools import TagList

from crispml_console.pages.audit.entries import outcome
from crispml_console.pages.audit.grants import offered, text_of
from crispml_console.pages.audit.roles import PERMISSIONS, ROLES
from crispml_console.pages.audit.verification import progress
from crispml_console.service.streamed import Progress
from crispml_core.client import Checked
from crispml_core.domain.access import Grant, Role
from crispml_core.governance import access


def test_the_table_of_roles_is_the_one_of_the_services():
    theirs = {role.value: {permission.value for permission in access.ROLES[role]} for role in Role}
    assert {role: set(may) for role, may in ROLES.items()} == theirs
    assert list(PERMISSIONS) == [permission.value for permission in access.Permission]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("use_case", ["*", "credit"])
@pytest.mark.parametrize("environment", ["*", "prod"])
def test_a_grant_is_written_as_the_services_read_it(role: str, use_case: str, environment: str):
    text = text_of(role, use_case, environment)
    assert Grant.parse(text) == Grant(Role(role), use_case, environment)
    assert str(Grant.parse(text)) == text


def test_an_admin_of_everything_chooses_from_everything():
    choices = offered(["admin"], ["churn", "credit"])
    assert list(choices.use_cases) == ["*", "churn", "credit"]
    assert list(choices.environments) == ["*", "dev", "qa", "prod"]


def test_an_admin_of_one_use_case_is_not_offered_the_others():
    choices = offered(["admin:credit:qa", "viewer"], ["churn", "credit"])
    assert list(choices.use_cases) == ["credit"]
    assert list(choices.environments) == ["qa"]


def shown(found: Progress[Checked]) -> str:
    return str(TagList(progress(found)))


def test_a_fault_is_named_while_the_rest_is_still_read():
    whole = Checked(what="alias_events", rows=7)
    broken = Checked(what="labels", rows=2, where="labels 9", fault="it was altered")
    text = shown(Progress((whole, broken), is_asking=True))
    assert "The evidence was touched: labels, labels 9" in text
    assert "it was altered" in text
    assert "9 rows of 2 tables so far" in text
    assert "Nothing was touched" not in text


def test_nothing_is_called_whole_before_the_end():
    whole = Checked(what="alias_events", rows=7, unsealed=1)
    assert "Nothing was touched" not in shown(Progress((whole,), is_asking=True))
    assert "Nothing was touched" not in shown(Progress((whole,)))
    done = shown(Progress((whole,), is_done=True))
    assert "Nothing was touched" in done
    assert "1 row is too new" in done


@pytest.mark.parametrize(
    ("text", "state"),
    [("done", "good"), ("200", "good"), ("403", "warn"), ("500", "bad"), ("failed", "bad")],
)
def test_an_outcome_looks_as_it_is(text: str, state: str):
    assert f"chip {state}" in str(outcome(text))


def test_what_was_only_asked_is_neither_good_nor_bad():
    assert 'class="chip"' in str(outcome("asked"))

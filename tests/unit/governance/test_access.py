"""Who may do what."""

from __future__ import annotations

import pytest

from crispml_core.domain.access import NOBODY, Grant, Principal, Role
from crispml_core.governance.access import ROLES, Permission, may, may_grant, use_cases_of


def somebody(*grants):
    return Principal("key:x", tuple(Grant.parse(grant) for grant in grants))


def test_every_role_has_a_row_and_every_permission_somebody_besides_the_admin_or_the_admin():
    assert set(ROLES) == set(Role)
    assert frozenset.union(*ROLES.values()) == frozenset(Permission)
    assert ROLES[Role.ADMIN] == frozenset(Permission)


def test_nobody_may_do_anything():
    assert not any(may(NOBODY, permission, "credit", "dev") for permission in Permission)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_an_admin_manages_keys_and_only_named_roles_do_the_rest(role):
    assert Permission.MANAGE_KEYS not in ROLES[role]
    assert Permission.PRIVACY not in ROLES[role]


def test_who_trains_does_not_approve_and_who_approves_does_not_train():
    assert Permission.APPROVE not in ROLES[Role.TRAINER]
    assert Permission.TRAIN not in ROLES[Role.APPROVER]


def test_rows_of_people_are_for_those_who_need_them():
    for role in (Role.VIEWER, Role.SCORER, Role.LABELLER, Role.APPROVER, Role.TRAINER):
        assert Permission.READ_RECORDS not in ROLES[role]


def test_a_grant_counts_for_its_use_case_and_environment_only():
    trainer = somebody("trainer:credit:dev")
    assert may(trainer, Permission.TRAIN, "credit", "dev")
    assert not may(trainer, Permission.TRAIN, "credit", "prod")
    assert not may(trainer, Permission.TRAIN, "churn", "dev")
    assert not may(trainer, Permission.TRAIN, None, "dev")


def test_use_cases_of_a_permission():
    mixed = somebody("viewer:credit", "trainer:churn:dev", "scorer")
    assert use_cases_of(mixed, Permission.READ, "dev") == {"credit", "churn"}
    assert use_cases_of(mixed, Permission.READ, "prod") == {"credit"}
    assert use_cases_of(mixed, Permission.SCORE, "prod") is None
    assert use_cases_of(mixed, Permission.APPROVE, "prod") == frozenset()


def test_nobody_grants_more_than_they_administrate():
    admin = somebody("admin:credit:dev", "viewer")
    assert may_grant(admin, Grant.parse("trainer:credit:dev"))
    assert not may_grant(admin, Grant.parse("trainer:credit"))
    assert not may_grant(admin, Grant.parse("viewer:churn:dev"))
    assert not may_grant(admin, Grant.parse("viewer"))
    assert may_grant(somebody("admin"), Grant.parse("admin"))
    assert not may_grant(somebody("trainer"), Grant.parse("viewer:credit"))

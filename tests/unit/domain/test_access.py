"""Grants, principals and API keys as values."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crispml_core.domain.access import ApiKey, Grant, Role, parse_grants
from crispml_core.domain.api_keys import digest_of, is_key, new_key
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.identifiers import utc_now


@pytest.mark.parametrize(
    ("text", "grant"),
    [
        ("viewer", Grant(Role.VIEWER)),
        ("viewer:*", Grant(Role.VIEWER)),
        ("trainer:credit", Grant(Role.TRAINER, "credit")),
        ("approver:credit:prod", Grant(Role.APPROVER, "credit", "prod")),
        ("admin:*:dev", Grant(Role.ADMIN, "*", "dev")),
    ],
)
def test_a_grant_is_read_and_written(text, grant):
    assert Grant.parse(text) == grant
    assert Grant.parse(str(grant)) == grant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vewer", "viewer"),
        ("", "begins with a role"),
        ("Viewer", "begins with a role"),
        ("viewer:../x", "its use case is no name"),
        ("viewer:credit:live", "one of dev, qa, prod"),
        ("viewer:credit:prod:x", "one of dev, qa, prod"),
        ("viewer:credit\n", "its use case is no name"),
    ],
)
def test_what_is_no_grant_is_refused_and_not_repeated(text, said):
    with pytest.raises(InvalidInput, match=said) as error:
        Grant.parse(text)
    assert not text or text not in error.value.message.replace("viewer", "")


def test_grants_are_counted_once_and_the_wrong_one_is_named():
    assert parse_grants(["viewer", "scorer:a", "viewer"]) == (
        Grant(Role.SCORER, "a"),
        Grant(Role.VIEWER),
    )
    with pytest.raises(InvalidInput, match=r"^grant 2: "):
        parse_grants(["viewer", "king"])


def test_a_grant_covers_its_use_case_in_its_environment():
    grant = Grant(Role.VIEWER, "credit", "prod")
    assert grant.covers("credit", "prod")
    assert not grant.covers("credit", "dev")
    assert not grant.covers("churn", "prod")
    assert not grant.covers(None, "prod")
    assert Grant(Role.VIEWER).covers(None, "dev")
    assert not Grant(Role.VIEWER, "*", "prod").covers(None, "dev")


def test_a_key_is_random_and_known_by_its_form():
    made = {new_key() for _ in range(100)}
    assert len({key_id for key_id, _ in made}) == 100
    for key_id, key in made:
        assert is_key(key)
        assert key.startswith(f"crispml_{key_id}_")
        assert len(digest_of(key)) == 64
        assert not is_key(f"{key}x")
        assert not is_key(key.upper())
    assert not is_key("eyJhbGciOiJSUzI1NiJ9.e30.x")


def test_a_key_opens_until_it_expires_or_is_revoked():
    now = utc_now()

    def key(**changes):
        facts = {"key_id": "a", "digest": "d", "name": "shop", "grants": (), "created_by": "x"}
        return ApiKey(**facts | {"created_at": now} | changes)

    assert key().is_valid(now)
    assert key(expires_at=now + timedelta(seconds=1)).is_valid(now)
    assert not key(expires_at=now).is_valid(now)
    assert not key(revoked_at=now).is_valid(now)
    assert key().principal.name == "key:shop"

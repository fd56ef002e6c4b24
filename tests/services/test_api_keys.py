"""API keys through both services: made, used, revoked, and known while the database is away."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from crispml_core.domain.access import Grant, Role
from crispml_core.domain.api_keys import digest_of, is_key, new_key
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.identifiers import utc_now
from crispml_core.rest.access.key_ring import POLL_S

RECORD = {"order_id": "O-1", "amount": 10.0, "items": 1, "channel": "web", "note": None}
SCORE = "/api/v1/use-cases/toy/new-data-score"
KEYS = "/api/v1/api-keys"


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_two_credentials_are_none(guarded: Any, header: str) -> None:
    """Whatever stands in front of a service may have looked at the other one."""
    credential = guarded.key_for("viewer")["Authorization"]
    text = credential if header == "Authorization" else credential.partition(" ")[2]
    one, two = [(header, text)], [(header, text)] * 2
    assert guarded.client.get("/api/v1/whoami", headers=one).status_code == 200
    assert guarded.client.get("/api/v1/whoami", headers=two).status_code == 401


def test_who_is_not_known_fills_no_table(guarded_scoring: Any) -> None:
    """What is refused to a key is kept, what is refused to anybody is only counted."""
    key = guarded_scoring.key_for("scorer:toy")
    assert guarded_scoring.client.post(SCORE, json=RECORD).status_code == 401
    assert guarded_scoring.client.post(SCORE, json={}, headers=key).status_code == 422
    deadline = time.monotonic() + 5
    events: list[Any] = []
    while not events and time.monotonic() < deadline:
        time.sleep(0.02)
        found = guarded_scoring.parts.events.find(limit=10)
        events = [event for event in found if event.status is not None]
    assert [event.status for event in events] == [422]


def test_a_key_works_in_either_header(guarded_scoring: Any) -> None:
    key = guarded_scoring.key_for("scorer:toy")["Authorization"].partition(" ")[2]
    for headers in ({"X-API-Key": key}, {"Authorization": f"bearer {key}"}):
        assert guarded_scoring.client.post(SCORE, json=RECORD, headers=headers).status_code == 200


def test_a_key_is_made_shown_once_used_and_revoked(guarded_training: Any) -> None:
    client, admin = guarded_training.client, guarded_training.key_for("admin", name="root")
    until = utc_now() + timedelta(days=1)
    body = {"name": "shop", "grants": ["viewer:toy"], "expires_at": until.isoformat()}
    made = client.post(KEYS, json=body, headers=admin)
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    key, facts = made.json()["key"], made.json()["facts"]
    assert is_key(key)
    assert (facts["name"], facts["grants"], facts["created_by"]) == (
        "shop",
        ["viewer:toy"],
        "key:root",
    )
    listed = client.get(KEYS, headers=admin)
    assert listed.json()["items"][0] == facts
    stored = next(item for item in guarded_training.parts.keys.list() if item.name == "shop")
    assert stored.digest == digest_of(key)
    for shown in (listed.text, repr(stored)):
        assert key not in shown
        assert key.rpartition("_")[2] not in shown

    theirs = {"Authorization": f"Bearer {key}"}
    assert client.get("/api/v1/models/toy/aliases", headers=theirs).status_code == 200
    revoked = client.delete(f"{KEYS}/{facts['key_id']}", headers=admin).json()
    assert (revoked["key_id"], revoked["revoked_by"]) == (facts["key_id"], "key:root")
    assert client.get("/api/v1/models/toy/aliases", headers=theirs).status_code == 401
    assert client.delete(f"{KEYS}/{facts['key_id']}", headers=admin).json() == revoked


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"grants": []}, 422, "grants"),
        ({"grants": ["king"]}, 422, "grant 1"),
        ({"grants": ["viewer:toy:mars"]}, 422, "grant 1"),
        ({"name": ""}, 422, "name"),
        ({"name": "a\nb"}, 422, "name"),
        ({"name": "settings"}, 422, "name"),
        ({"name": "root"}, 409, "there is a key of this name already"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "expires_at"),
        ({"CANARY": 1}, 422, "unknown"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(
    guarded_training: Any, changes: dict[str, Any], status: int, said: str
) -> None:
    admin = guarded_training.key_for("admin", name="root")
    body = {"name": "shop", "grants": ["viewer"]} | changes
    answer = guarded_training.client.post(KEYS, json=body, headers=admin)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert "CANARY" not in answer.text
    assert len(guarded_training.parts.keys.list()) == 1


def test_an_admin_of_one_use_case_manages_its_keys_only(guarded_training: Any) -> None:
    client = guarded_training.client
    theirs = guarded_training.key_for("admin:toy", name="toy-root")
    foreign = guarded_training.key_for("viewer:other", name="foreign")
    assert foreign

    def new(*grants: str) -> int:
        body = {"name": f"k{len(guarded_training.parts.keys.list())}", "grants": list(grants)}
        status: int = client.post(KEYS, json=body, headers=theirs).status_code
        return status

    assert new("trainer:toy", "viewer:toy:prod") == 201
    for grants in (("viewer",), ("viewer:other",), ("viewer:toy", "scorer:other"), ("admin",)):
        assert new(*grants) == 403
    names = [item["name"] for item in client.get(KEYS, headers=theirs).json()["items"]]
    assert "foreign" not in names
    assert len(names) == 2
    other = next(key for key in guarded_training.parts.keys.list() if key.name == "foreign")
    answer = client.delete(f"{KEYS}/{other.key_id}", headers=theirs)
    assert (answer.status_code, answer.json()["code"]) == (404, "API_key_not_found")
    assert (
        next(k for k in guarded_training.parts.keys.list() if k.name == "foreign").revoked_at
        is None
    )


def test_known_keys_go_on_while_the_database_is_away(
    guarded_scoring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, client = guarded_scoring.parts.keys, guarded_scoring.client
    known, unseen = (guarded_scoring.key_for(grant) for grant in ("scorer:toy", "scorer"))
    assert client.post(SCORE, json=RECORD, headers=known).status_code == 200
    asked = []

    def away() -> object:
        asked.append(True)
        raise StoreUnavailable("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(keys, "state", away)
        deadline = time.monotonic() + 3 * POLL_S
        while time.monotonic() < deadline:
            for headers in (known, unseen):  # the second one was never sent before
                assert client.post(SCORE, json=RECORD, headers=headers).status_code == 200
            time.sleep(0.05)
        assert (
            client.post(SCORE, json=RECORD, headers={"X-API-Key": new_key()[1]}).status_code == 401
        )
    assert asked
    (key,) = [key for key in keys.list() if key.grants == (Grant(Role.SCORER),)]
    keys.revoke(key.key_id, at=utc_now(), by="test")
    time.sleep(4 * POLL_S)
    assert client.post(SCORE, json=RECORD, headers=unseen).status_code == 401

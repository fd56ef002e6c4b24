"""Models, versions and aliases over REST."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from crispml_core import UseCase
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.governance.promotion import PromotionRules

CHAMPION = "/api/v1/models/toy/aliases/champion"
V1, V2 = "20260101-000000-abcdef01", "20260102-000000-abcdef02"


@pytest.fixture
def versions(training: Any, scoring: Any) -> tuple[str, str]:
    """Two versions in training; the manifest is that of the scoring fixture."""
    manifest = scoring.parts.models.get("toy", V1)
    training.parts.models.publish(manifest, {})
    training.parts.models.publish(replace(manifest, version=V2), {})
    return V1, V2


def test_models_and_versions_can_be_read_in_both_services(
    service: Any, toy: UseCase, versions: Any
) -> None:
    model = service.client.get("/api/v1/models/toy").json()
    assert model["name"] == "toy"
    assert service.client.get("/api/v1/models").json()["items"] == [model]
    listed = service.client.get("/api/v1/models/toy/versions").json()["items"]
    assert len(listed) == model["versions"]
    version = service.client.get(f"/api/v1/models/toy/versions/{V1}").json()
    assert version in listed
    assert version["kpis"]["test"]["auc"] is None
    assert version["lineage"]["run"] == "n"


def test_an_alias_is_created_moved_and_remembered(training: Any, versions: Any) -> None:
    new = training.client.put(
        CHAMPION, json={"version": V1, "reason": "first"}, headers={"If-None-Match": "*"}
    )
    assert (new.status_code, new.json()["version"]) == (200, V1)
    assert new.headers["ETag"] == f'"{V1}"'
    between = training.parts.aliases.current("toy", "champion").moved_at
    moved = training.client.put(
        CHAMPION, json={"version": V2}, headers={"If-Match": new.headers["ETag"]}
    )
    assert (moved.status_code, moved.headers["ETag"]) == (200, f'"{V2}"')
    now = training.client.get(CHAMPION)
    assert (now.json()["version"], now.headers["ETag"]) == (V2, f'"{V2}"')
    then = training.client.get(CHAMPION, params={"at": between.isoformat()})
    assert then.json()["version"] == V1
    history = training.client.get(f"{CHAMPION}/history").json()["items"]
    assert [(move["version"], move["reason"]) for move in history] == [(V2, ""), (V1, "first")]
    (alias,) = training.client.get("/api/v1/models/toy/aliases").json()["items"]
    assert (alias["alias"], alias["version"]) == ("champion", V2)
    assert training.client.get("/api/v1/models/toy").json()["aliases"] == {"champion": V2}


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 428, "precondition_required"),
        ({"If-None-Match": "*"}, 412, "precondition_failed"),
        ({"If-Match": f'"{V2}"'}, 412, "precondition_failed"),
        ({"If-Match": V1}, 422, "invalid_input"),
        ({"If-None-Match": f'"{V1}"'}, 422, "invalid_input"),
        ({"If-Match": "*", "If-None-Match": "*"}, 422, "invalid_input"),
    ],
)
def test_a_move_against_the_state_is_refused(
    training: Any, versions: Any, headers: dict[str, str], status: int, code: str
) -> None:
    training.parts.aliases.move("toy", "champion", V1, expected=None)
    answer = training.client.put(CHAMPION, json={"version": V2}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert training.client.get(CHAMPION).json()["version"] == V1


def test_a_version_carries_its_digest_and_a_move_is_bound_to_it(
    training: Any, versions: Any
) -> None:
    version = training.client.get(f"/api/v1/models/toy/versions/{V1}").json()
    assert version["digest"] == training.parts.models.digest("toy", V1)
    listed = training.client.get("/api/v1/models/toy/versions").json()["items"]
    assert version["digest"] in [item["digest"] for item in listed]
    move = training.client.put(CHAMPION, json={"version": V1, "moved_by": "ann"}).json()
    assert (move["digest"], move["moved_by"]) == (version["digest"], "ann")


def test_in_prod_a_move_needs_a_reason(training: Any, versions: Any) -> None:
    training.parts.training.stores = replace(
        training.parts.training.stores, rules=PromotionRules(environment="prod")
    )
    for reason in ({}, {"reason": " "}):
        answer = training.client.put(CHAMPION, json={"version": V1, **reason})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
        assert "reason: say why" in answer.json()["detail"]
    assert training.parts.aliases.aliases("toy") == {}


def test_the_history_of_an_alias_comes_in_pages(training: Any, versions: Any) -> None:
    for number in range(5):
        training.client.put(
            CHAMPION,
            json={"version": versions[number % 2], "reason": f"reason {number}"},
            headers={"If-Match": "*"},
        )
    reasons, cursor = [], None
    for _ in range(3):
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = training.client.get(f"{CHAMPION}/history", params=query).json()
        reasons += [move["reason"] for move in page["items"]]
        cursor = page["next_cursor"]
    assert reasons == [f"reason {number}" for number in (4, 3, 2, 1, 0)]
    assert cursor is None


def test_a_star_moves_in_any_case(training: Any, versions: Any) -> None:
    for version in (V1, V2):
        answer = training.client.put(CHAMPION, json={"version": version}, headers={"If-Match": "*"})
        assert answer.json()["version"] == version


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (CHAMPION, {"version": "CANARY"}, 404),
        (CHAMPION.replace("toy", "CANARY"), {"version": V1}, 404),
        (CHAMPION.replace("champion", "CANARY"), {"version": V1}, 422),
        (CHAMPION, {}, 422),
        (CHAMPION, {"version": V1, "CANARY": 1}, 422),
        (CHAMPION, {"version": V1, "reason": "CANARY" * 1000}, 422),
    ],
)
def test_a_move_to_nowhere_is_refused(
    training: Any, versions: Any, path: str, body: Any, status: int
) -> None:
    answer = training.client.put(path, json=body, headers={"If-Match": "*"})
    assert answer.status_code == status
    assert "CANARY" not in answer.text
    assert training.parts.aliases.aliases("toy") == {}


def test_an_unknown_alias_is_not_found_and_the_known_ones_are_listed(scoring: Any) -> None:
    for path in ("challenger", "challenger/history"):
        answer = scoring.client.get(f"/api/v1/models/toy/aliases/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "alias_not_found")
        assert "known: champion" in answer.json()["detail"]


def test_scoring_cannot_move_an_alias(scoring: Any) -> None:
    answer = scoring.client.put(CHAMPION, json={"version": V1}, headers={"If-Match": "*"})
    assert answer.status_code == 405


def test_a_committed_move_stands_when_the_volume_cannot_follow(
    training: Any, versions: Any, log: io.StringIO
) -> None:
    def full(model: str) -> None:
        raise StoreUnavailable("the registry volume is full")

    object.__setattr__(training.parts, "project_aliases", full)
    answer = training.client.put(CHAMPION, json={"version": V1})
    assert (answer.status_code, answer.json()["version"]) == (200, V1)
    assert "aliases_not_projected" in log.getvalue()


CHALLENGER = "/api/v1/models/toy/aliases/challenger"


def test_a_challenger_takes_a_share_and_is_removed(training: Any, versions: Any) -> None:
    training.parts.aliases.move("toy", "champion", V1, expected=None)
    set_ = training.client.put(CHALLENGER, json={"version": V2, "traffic": 0.25})
    assert set_.status_code == 200, set_.text
    assert set_.json()["traffic"] == 0.25
    gone = training.client.delete(
        CHALLENGER, params={"reason": "lost"}, headers={"If-Match": f'"{V2}"'}
    )
    assert (gone.status_code, gone.json()["version"], gone.json()["reason"]) == (200, "", "lost")
    assert training.client.get(CHALLENGER).status_code == 404
    history = training.client.get(f"{CHALLENGER}/history").json()["items"]
    assert [(move["version"], move["traffic"]) for move in history] == [("", 0.0), (V2, 0.25)]
    assert training.client.get("/api/v1/models/toy").json()["aliases"] == {"champion": V1}
    again = training.client.put(CHALLENGER, json={"version": V2}, headers={"If-None-Match": "*"})
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("alias", "body"),
    [
        ("challenger", {"version": V2, "traffic": 1.0}),
        ("challenger", {"version": V2, "traffic": -0.1}),
        ("champion", {"version": V2, "traffic": 0.1}),
        ("shadow", {"version": V2}),
        ("challenger", {"version": V1}),
    ],
)
def test_a_share_or_an_alias_that_makes_no_sense_is_refused(
    training: Any, versions: Any, alias: str, body: Any
) -> None:
    training.parts.aliases.move("toy", "champion", V1, expected=None)
    path = CHALLENGER.replace("challenger", alias)
    answer = training.client.put(path, json=body, headers={"If-Match": "*"})
    assert answer.status_code == 422
    assert set(training.parts.aliases.aliases("toy")) == {"champion"}


def test_a_challenger_of_another_definition_is_refused(training: Any, versions: Any) -> None:
    manifest = training.parts.models.get("toy", V2)
    other = "20260103-000000-abcdef03"
    training.parts.models.publish(replace(manifest, version=other, use_case_digest="0" * 64), {})
    answer = training.client.put(CHALLENGER, json={"version": other})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert "another definition" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("alias", "headers", "status"),
    [
        ("champion", {"If-Match": "*"}, 422),
        ("challenger", {}, 428),
        ("challenger", {"If-Match": f'"{V1}"'}, 412),
        ("other", {"If-Match": "*"}, 404),
    ],
)
def test_a_removal_against_the_state_is_refused(
    training: Any, versions: Any, alias: str, headers: dict[str, str], status: int
) -> None:
    training.parts.aliases.move("toy", "champion", V1, expected=None)
    training.parts.aliases.move("toy", "challenger", V2, expected=None)
    path = CHALLENGER.replace("challenger", alias)
    assert training.client.delete(path, headers=headers).status_code == status
    assert set(training.parts.aliases.aliases("toy")) == {"champion", "challenger"}

"""Who asks, through both services: objects of other use cases, names that are kept."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from crispml_core.domain.alerts import (
    ActionStatus,
    Alert,
    AlertState,
    Evaluation,
    TriggerAction,
)
from crispml_core.domain.datasets import DataSet, Stage
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.models import Artefact, ArtefactKind
from crispml_core.domain.runs import Run, RunStatus
from crispml_core.ports.monitor_store import Outcome
from crispml_training.app import create_app as create_training
from tests.services.conftest import TestClient

RECORD = {"order_id": "O-1", "amount": 10.0, "items": 1, "channel": "web", "note": None}
SCORE = "/api/v1/use-cases/toy/new-data-score"


def test_whoever_asks_is_told_who_they_are(guarded: Any) -> None:
    headers = guarded.key_for("scorer:toy", "viewer", name="shop")
    found = guarded.client.get("/api/v1/whoami", headers=headers).json()
    assert (found["name"], found["environment"]) == ("key:shop", "dev")
    assert found["grants"] == ["scorer:toy", "viewer"]
    assert found["permissions"] == {"describe": ["*"], "read": ["*"], "score": ["toy"]}
    assert guarded.client.get("/api/v1/whoami").status_code == 401


def test_without_authentication_everybody_is_anonymous_and_an_admin(service: Any) -> None:
    found = service.client.get("/api/v1/whoami").json()
    assert (found["name"], found["grants"], found["key_id"]) == ("anonymous", ["admin"], None)


def test_a_refusal_says_what_to_do_and_repeats_no_credential(guarded: Any) -> None:
    answer = guarded.client.get("/api/v1/runs", headers={"Authorization": "Bearer CANARY"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="crispml"'
    assert answer.json()["code"] == "unauthenticated"
    assert "CANARY" not in answer.text
    headers = guarded.key_for("scorer")
    answer = guarded.client.get("/api/v1/runs", headers=headers)
    assert answer.status_code == 403
    assert "permission read" in answer.json()["detail"]


def a_dataset(service: Any, use_case: str) -> DataSet:
    writer = service.parts.datasets.writer(use_case, Stage.RAW)
    table = pa.table({"order_id": ["O-1"], "owner": [use_case]})
    for batch in table.to_batches():
        writer.write(batch)
    stored: DataSet = writer.publish()
    return stored


def things_of_training(service: Any, use_case: str) -> dict[str, list[tuple[str, str]]]:
    """Store one of each thing, and return the addresses that read or change it, by kind."""
    parts, now = service.parts, utc_now()
    number = len(parts.runs.find()) + 1
    run = Run(
        id=str(new_id()),
        use_case=use_case,
        method="cycle",
        status=RunStatus.QUEUED,
        parameters={},
        created_at=now,
        timeout_s=1,
    )
    parts.runs.enqueue(run)
    dataset = a_dataset(service, use_case)
    report = str(new_id())
    parts.artefacts.publish(
        Artefact(id=report, kind=ArtefactKind.REPORT, use_case=use_case, created_at=now, facts={}),
        {"report.json": json.dumps({}).encode(), "report.html": b"<!doctype html>"},
    )
    evaluation = Evaluation(id=str(new_id()), use_case=use_case, sequence=number, at=now)
    alert = Alert(
        id=str(new_id()),
        use_case=use_case,
        rule="old",
        severity="critical",
        state=AlertState.FIRING,
        first_seen=now,
        last_seen=now,
        evaluation_id=evaluation.id,
        summary="",
    )
    action = TriggerAction(
        id=str(new_id()),
        use_case=use_case,
        rule="old",
        kind="promote",
        status=ActionStatus.AWAITING,
        evaluation_id=evaluation.id,
        created_at=now,
    )
    parts.findings.commit(Outcome(evaluation=evaluation, fired=[alert], actions=[action]))
    return {
        "run": [("GET", f"runs/{run.id}"), ("POST", f"runs/{run.id}/cancel")],
        "data set": [
            ("GET", f"datasets/{dataset.id}"),
            ("GET", f"datasets/{dataset.id}/notes"),
            ("GET", f"datasets/{dataset.id}/rows"),
            ("GET", f"datasets/{dataset.id}/content"),
            ("PATCH", f"datasets/{dataset.id}"),
            ("GET", f"datasets/{dataset.id}/diff/{dataset.id}"),
        ],
        "report": [("GET", f"reports/{report}")],
        "evaluation": [("GET", f"evaluations/{evaluation.id}")],
        "alert": [("POST", f"alerts/{alert.id}/acknowledge")],
        "approval": [("GET", f"approvals/{action.id}"), ("POST", f"approvals/{action.id}")],
        "node": [
            ("GET", f"lineage/run/{run.id}"),
            ("GET", f"lineage/dataset/{dataset.id}"),
            ("GET", f"lineage/report/{report}"),
            ("GET", f"lineage/version/{use_case}:x"),
            ("GET", f"lineage/source/{use_case}.csv"),
        ],
    }


def _ask(service: Any, method: str, path: str, headers: dict[str, str]) -> Any:
    content = {} if method == "GET" else {"json": {}}
    return service.client.request(method, f"/api/v1/{path}", headers=headers, **content)


def test_things_of_other_use_cases_are_not_there_for_who_may_not_see_them(
    guarded_training: Any,
) -> None:
    own = things_of_training(guarded_training, "toy")
    foreign = things_of_training(guarded_training, "other")
    headers = guarded_training.key_for("trainer:toy", "approver:toy")
    root = guarded_training.key_for("admin")
    for kind, addresses in foreign.items():
        for (method, path), (_, mine) in zip(addresses, own[kind], strict=True):
            answer = _ask(guarded_training, method, path, headers)
            assert answer.status_code == 404, (method, path)
            nowhere = _ask(guarded_training, method, _unknown(path), headers)
            assert _sentence(nowhere) == _sentence(answer)
            if "lineage/version" in path or "lineage/source" in path:
                continue  # nothing was stored for these: only their owner is asked
            # What is theirs they may ask for: the empty body of a change is refused later.
            assert _ask(guarded_training, method, mine, headers).status_code != 404, mine
            assert _ask(guarded_training, method, path, root).status_code != 404, path


def _unknown(path: str) -> str:
    head, _, rest = path.partition("/")
    if head == "lineage":
        return f"lineage/{rest.partition('/')[0]}/nothing:x"
    return "/".join([head, "nothing", *rest.split("/")[1:]])


def _sentence(answer: Any) -> tuple[int, str, str]:
    found = answer.json()
    return answer.status_code, found["code"], found["detail"]


def test_a_claim_in_the_query_opens_nothing(guarded_training: Any) -> None:
    foreign = things_of_training(guarded_training, "other")
    headers = guarded_training.key_for("trainer:toy")
    for kind, addresses in foreign.items():
        for method, path in addresses:
            for claim in ("use_case=toy", "model=toy"):
                answer = _ask(guarded_training, method, f"{path}?{claim}", headers)
                assert answer.status_code in (403, 404), (kind, path)


def test_two_data_sets_are_compared_by_who_may_see_both(guarded_training: Any) -> None:
    own, foreign = (a_dataset(guarded_training, name) for name in ("toy", "other"))
    headers = guarded_training.key_for("trainer:toy")
    for pair in ((own.id, foreign.id), (foreign.id, own.id)):
        path = f"datasets/{pair[0]}/diff/{pair[1]}"
        assert _ask(guarded_training, "GET", path, headers).status_code == 404
    path = f"datasets/{own.id}/diff/{own.id}"
    assert _ask(guarded_training, "GET", path, headers).status_code == 200


def test_scores_of_other_use_cases_are_not_there(guarded_scoring: Any) -> None:
    scorer = guarded_scoring.key_for("scorer:toy")
    made = guarded_scoring.client.post(SCORE, json=RECORD, headers=scorer).json()
    score_id = made["scores"][0]["score_id"]
    for path in (f"scores/{score_id}", f"scores/{score_id}/dossier", f"lineage/score/{score_id}"):
        for grants, status in (
            (("auditor:toy",), 200),
            (("auditor",), 200),
            (("auditor:other",), 404),
            (("auditor:toy:prod",), 403),
            (("scorer:toy",), 403),
        ):
            headers = guarded_scoring.key_for(*grants)
            answer = _ask(guarded_scoring, "GET", path, headers)
            assert answer.status_code == status, (path, grants)


def test_lists_show_what_their_reader_may_see(guarded_training: Any, guarded_scoring: Any) -> None:
    for service in (guarded_training, guarded_scoring):
        other = service.key_for("viewer:other")
        for path in ("use-cases", "models"):
            assert _ask(service, "GET", path, other).json()["items"] == []
        names = [
            item["name"]
            for item in _ask(service, "GET", "use-cases", service.key_for("viewer:toy")).json()[
                "items"
            ]
        ]
        assert names == ["toy"]
    theirs = guarded_scoring.client.post(
        "/v2/repository/index", headers=guarded_scoring.key_for("scorer:other")
    )
    assert theirs.json() == []
    own = guarded_scoring.client.post(
        "/v2/repository/index", headers=guarded_scoring.key_for("scorer:toy")
    )
    assert {entry["name"] for entry in own.json()} == {"toy"}


def test_an_invocation_that_names_no_use_case_is_about_the_only_one(guarded_scoring: Any) -> None:
    body = {"dataframe_records": [RECORD]}
    for grants, status in (
        (("scorer:toy",), 200),
        (("scorer:other",), 404),
        (("viewer:toy",), 403),
    ):
        headers = guarded_scoring.key_for(*grants)
        answer = guarded_scoring.client.post("/invocations", json=body, headers=headers)
        assert answer.status_code == status, grants


def test_readiness_of_a_model_tells_nobody_which_models_there_are(guarded_scoring: Any) -> None:
    answer = guarded_scoring.client.get("/v2/models/nothing/ready")
    assert answer.status_code == 404
    assert "toy" not in answer.text


MOVE = {"version": "20260101-000000-abcdef01"}


def test_what_is_changed_is_kept_under_the_name_of_who_asked(
    guarded_training: Any, manifest_of: Any, toy: Any
) -> None:
    guarded_training.parts.models.publish(manifest_of(toy, MOVE["version"]), {})
    headers = guarded_training.key_for("trainer:toy", name="ann")
    path = "/api/v1/models/toy/aliases/challenger"
    answer = guarded_training.client.put(
        path, json=MOVE | {"moved_by": "bob"}, headers=headers | {"If-None-Match": "*"}
    )
    assert answer.status_code == 422
    assert "moved_by: leave it out" in answer.json()["detail"]
    assert "bob" not in answer.text
    for body, condition in (
        (MOVE, {"If-None-Match": "*"}),
        (MOVE | {"moved_by": "key:ann"}, {"If-Match": "*"}),
    ):
        answer = guarded_training.client.put(path, json=body, headers=headers | condition)
        assert answer.json()["moved_by"] == "key:ann"


def test_a_run_knows_who_asked_for_it(guarded_training: Any, training: Any) -> None:
    headers = guarded_training.key_for("trainer:toy", name="ann")
    answer = guarded_training.client.post("/api/v1/use-cases/toy/cycle", json={}, headers=headers)
    assert (answer.status_code, answer.json()["requested_by"]) == (202, "key:ann")
    answer = training.client.post("/api/v1/use-cases/toy/cycle", json={})
    assert (answer.status_code, answer.json()["requested_by"]) == (202, "")


def test_an_alert_is_acknowledged_in_the_own_name(guarded_training: Any, training: Any) -> None:
    (alert,) = things_of_training(guarded_training, "toy")["alert"]
    headers = guarded_training.key_for("trainer:toy", name="ann")
    found = _ask(guarded_training, *alert, headers).json()
    assert found["acknowledged_by"] == "key:ann"
    (alert,) = things_of_training(training, "toy")["alert"]
    answer = _ask(training, *alert, {})
    assert (answer.status_code, answer.json()["detail"].partition(":")[0]) == (422, "by")


def test_metrics_may_be_closed(guarded_settings: Any) -> None:
    auth = guarded_settings.auth.model_copy(update={"metrics": "required"})
    app = create_training(None, guarded_settings.model_copy(update={"auth": auth}))
    client = TestClient(app)  # never started: nothing but the gate answers
    assert client.get("/metrics").status_code == 401
    assert client.get("/livez").status_code == 200
    app = create_training(None, guarded_settings)
    assert TestClient(app).get("/metrics").status_code == 200

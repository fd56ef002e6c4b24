"""Addresses and queries that were made to break something are refused, and nothing comes back."""

from __future__ import annotations

import io
from typing import Any

import pytest

CANARY = "CANARY-4711"
VERSION = "20260101-000000-abcdef01"
NAMES = (
    *(CANARY, f"..%2f{CANARY}", f"%00{CANARY}", f"%25{CANARY}", f"{CANARY}%ed%a0%80"),
    *(f"toy:{CANARY}", f"toy.{CANARY}", f"toy:{VERSION}:0000-01{CANARY}", f"%3Cb%3E{CANARY}"),
    *(f"toy:champion:{CANARY}", f"%27%20OR%201=1--{CANARY}", f"%{CANARY}", CANARY * 300),
)
SCORING = (
    *("lineage/{}/x", "lineage/source/{}", "lineage/dataset/{}", "lineage/artefact/{}"),
    *("lineage/version/{}", "lineage/alias/{}", "lineage/scores/{}", "lineage/score/{}"),
    *("lineage/label/{}", "lineage/report/{}", "lineage/run/{}", "scores/{}/dossier"),
    *("scores/{}/dossier?format=html", "reports/{}", "reports/{}?format=html"),
    *("reports/{}?format=csv", "reports?cursor={}", "reports?digest={}", "reports?from={}"),
    *("labels?cursor={}", "use-cases/{}/drift", "use-cases/toy/drift?version={}"),
    *("use-cases/toy/drift?window={}", "use-cases/toy/drift?to={}", "models/{}/challenge"),
    *("models/toy/challenge?as_of={}", "models/{}/aliases/champion/history"),
)
TRAINING = (
    *("models/{}/versions/x/card", "models/toy/versions/{}/card?format=html"),
    *("models/toy/versions/{}/bundle", "models/toy/versions/{}/approvals"),
    *("models/toy/versions/{}/health", "datasets/{}", "datasets/{}/notes"),
    *("datasets/{}/diff/x", "datasets/x/diff/{}", "datasets/x/diff/y?sample={}"),
    *("datasets?cursor={}", "datasets?stage={}", "datasets?sensitivity={}", "evaluations/{}"),
    *("evaluations?cursor={}", "alerts?state={}", "alerts?cursor={}", "actions?status={}"),
    *("approvals/{}", "approvals?cursor={}", "deliveries?status={}", "bundles?cursor={}"),
    *("lineage/{}/x", "lineage/version/{}", "lineage/source/{}", "lineage/run/{}"),
)
POSTS = (
    *(
        ("training", f"/{path}")
        for path in ("use-cases/{}/monitor", "use-cases/{}/monitor-dry-run")
    ),
    *(
        ("training", f"/models/{path}")
        for path in ("{}/versions/x/health", "toy/versions/{}/health")
    ),
    *(("training", f"/models/{path}") for path in ("{}/versions/x/reproduce", "toy/aliases/{}")),
    *(
        ("training", f"/{path}")
        for path in ("approvals/{}", "alerts/{}/acknowledge", "datasets/{}")
    ),
    *(("scoring", f"/use-cases/{path}") for path in ("{}/new-data-report", "{}/replays")),
)


@pytest.mark.parametrize(
    ("name", "path"),
    [("scoring", path) for path in SCORING] + [("training", path) for path in TRAINING],
)
def test_a_name_that_is_a_trap_leads_nowhere(
    request: pytest.FixtureRequest, log: io.StringIO, name: str, path: str
) -> None:
    client = request.getfixturevalue(name).client
    for trap in NAMES:
        answer = client.get(f"/api/v1/{path.format(trap)}")
        # A list of what is older than something unknown may be empty.
        is_empty = answer.status_code == 200 and answer.json().get("items") == []
        assert is_empty or answer.status_code in (404, 422), (trap, answer.text)
        assert CANARY not in answer.text
        assert CANARY not in str(answer.headers.get("link", ""))
    assert CANARY not in log.getvalue()


BODIES: tuple[Any, ...] = (
    {},
    [],
    CANARY,
    {CANARY: 1},
    {"version": CANARY, "reason": CANARY},
    {"healthy": True, "reason": CANARY},
    {"healthy": CANARY, "reason": 1},
    {"decision": "approve", "by": CANARY},
    {"decision": CANARY, "by": CANARY},
    {"by": CANARY},
    {"by": [CANARY]},
    {"owner": CANARY, "reason": CANARY},
    {"at": CANARY},
    {"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z", "step_days": 1e-300},
    {"from": "0001-01-01T00:00:00Z", "to": "0001-01-02T00:00:00Z", "step_days": 1e-300},
    {"version": VERSION, "from": "9999-12-31T23:59:59Z"},
)


@pytest.mark.parametrize(("name", "path"), POSTS)
def test_a_body_for_nothing_changes_nothing(
    request: pytest.FixtureRequest, log: io.StringIO, name: str, path: str
) -> None:
    service = request.getfixturevalue(name)
    method = "PATCH" if "datasets" in path else "PUT" if "aliases" in path else "POST"
    for trap in (*NAMES[:4], "toy"):
        for body in BODIES:
            address = f"/api/v1{path.format(trap)}"
            answer = service.client.request(
                method, address, json=body, headers={"If-Match": "*", "Idempotency-Key": CANARY}
            )
            assert answer.status_code in (400, 404, 409, 422, 201), (trap, body, answer.text)
            if answer.status_code == 201:  # a report about nothing
                assert (trap, path) == ("toy", "/use-cases/{}/new-data-report")
            else:
                assert CANARY not in answer.text
    assert CANARY not in log.getvalue()
    if name == "training":
        assert service.parts.runs.find() == []

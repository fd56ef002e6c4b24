"""Clients of other servers: Open Inference Protocol V2, MLflow and SageMaker."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from crispml_core.serving.stored_inputs import stored_rows, verify_rows

INFER = "/v2/models/toy/infer"
VERSION = "20260101-000000-abcdef01"
COLUMNS = [
    {"name": "order_id", "shape": [2, 1], "datatype": "BYTES", "data": ["O-1", "O-2"]},
    {"name": "amount", "shape": [2, 1], "datatype": "FP64", "data": [10.5, 3]},
    {"name": "items", "shape": [2, 1], "datatype": "INT64", "data": [[2], [1]]},
    {"name": "channel", "shape": [2, 1], "datatype": "BYTES", "data": ["web", "shop"]},
]
FRAME = {
    "columns": ["order_id", "amount", "items", "channel"],
    "data": [["O-1", 10.5, 2, "web"], ["O-2", 3.0, 1, "shop"]],
}
RECORDS = [dict(zip(FRAME["columns"], row, strict=True)) for row in FRAME["data"]]


def stored_keys(scoring: Any) -> list[str]:
    return sorted(score.record_key for score in scoring.parts.ledger.find())


def test_tensors_by_column_are_scored_and_kept(scoring: Any) -> None:
    answer = scoring.client.post(INFER, json={"id": "42", "inputs": COLUMNS})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["id"], body["model_name"], body["model_version"]) == ("42", "toy", VERSION)
    predict, probability = body["outputs"]
    assert (predict["name"], predict["datatype"], predict["shape"]) == ("predict", "BYTES", [2, 1])
    assert (predict["data"], probability["data"]) == (["yes", "yes"], [0.75, 0.75])
    assert stored_keys(scoring) == ["O-1", "O-2"]
    first = body["parameters"]["first_score_id"]
    assert scoring.client.get(f"/api/v1/scores/{first}").json()["record_key"] == "O-1"


def test_many_records_are_scored_and_kept_like_few(scoring: Any) -> None:
    rows = 300
    inputs = [
        {
            "name": tensor["name"],
            "shape": [rows, 1],
            "datatype": tensor["datatype"],
            "data": tensor["data"][:1] * rows,
        }
        for tensor in COLUMNS
    ]
    inputs[0]["data"] = [f"O-{number}" for number in range(rows)]
    inputs[2]["data"] = [2] * rows
    body = {"id": "42", "inputs": inputs, "outputs": [{"name": "probability"}]}
    answer = scoring.client.post(INFER, json=body)
    assert answer.status_code == 200
    said = answer.json()
    (output,) = said["outputs"]
    assert (said["id"], output["name"], output["data"]) == ("42", "probability", [0.75] * rows)
    group = scoring.parts.ledger.group(said["parameters"]["group_id"])
    names, kept = stored_rows(group)
    assert names == ("order_id", "amount", "items", "channel")
    assert kept == [(f"O-{number}", 10.5, 2, "web") for number in range(rows)]
    assert verify_rows(group) == []
    inputs[1]["data"][7] = "SECRET"
    refused = scoring.client.post(INFER, json=body)
    assert refused.status_code == 422
    assert "SECRET" not in refused.text


def test_binary_tensors_come_and_go(scoring: Any) -> None:
    texts = b"".join(struct.pack("<I", len(text)) + text for text in (b"O-1", b"O-2"))
    inputs = [dict(tensor) for tensor in COLUMNS]
    del inputs[0]["data"]
    inputs[0]["parameters"] = {"binary_data_size": len(texts)}
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    answer = scoring.client.post(
        INFER, content=head + texts, headers={"Inference-Header-Content-Length": str(len(head))}
    )
    length = int(answer.headers["Inference-Header-Content-Length"])
    body, tail = json.loads(answer.content[:length]), answer.content[length:]
    sizes = [output["parameters"]["binary_data_size"] for output in body["outputs"]]
    assert sum(sizes) == len(tail)
    assert struct.unpack("<2d", tail[sizes[0] :]) == (0.75, 0.75)
    assert stored_keys(scoring) == ["O-1", "O-2"]


def test_a_model_describes_itself_and_its_versions(scoring: Any) -> None:
    metadata = scoring.client.get("/v2/models/toy").json()
    assert (metadata["name"], metadata["versions"]) == ("toy", [VERSION])
    assert {each["name"]: each["datatype"] for each in metadata["inputs"]} == {
        "order_id": "BYTES",
        "amount": "FP64",
        "items": "INT64",
        "channel": "BYTES",
        "note": "BYTES",
    }
    one = scoring.client.get(f"/v2/models/toy/versions/{VERSION}").json()
    assert one == metadata
    assert scoring.client.get("/v2/models/toy/ready").json() == {"name": "toy", "ready": True}
    (entry,) = scoring.client.post("/v2/repository/index", json={}).json()
    assert (entry["name"], entry["version"], entry["state"]) == ("toy", VERSION, "READY")
    assert scoring.client.get("/v2").json()["name"] == "crispml-scoring"
    assert scoring.client.get("/v2/health/live").json() == {"live": True}
    assert scoring.client.get("/v2/health/ready").status_code == 200


def test_a_named_version_answers(scoring: Any) -> None:
    answer = scoring.client.post(
        f"/v2/models/toy/versions/{VERSION}/infer", json={"inputs": COLUMNS}
    )
    assert (answer.status_code, answer.json()["model_version"]) == (200, VERSION)
    missing = scoring.client.post("/v2/models/toy/versions/v9/infer", json={"inputs": COLUMNS})
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v2/models/OTHER/infer", {"inputs": COLUMNS}, 404),
        (INFER, {"inputs": COLUMNS[1:]}, 422),
        (INFER, {"inputs": []}, 422),
        (INFER, {"inputs": [*COLUMNS[:3], {**COLUMNS[3], "data": ["web", "SECRET"]}]}, 422),
        (INFER, {"inputs": COLUMNS, "outputs": [{"name": "nothing"}]}, 422),
    ],
)
def test_errors_have_the_member_that_clients_look_for(
    scoring: Any, path: str, body: Any, status: int
) -> None:
    answer = scoring.client.post(path, json=body)
    assert answer.status_code == status
    assert answer.json()["error"] == answer.json()["detail"]
    assert "SECRET" not in answer.text
    assert scoring.parts.ledger.find() == []


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": FRAME},
        {"dataframe_split": {**FRAME, "index": [7, 8]}},
        {"dataframe_records": RECORDS},
        {"instances": RECORDS},
        {"inputs": {name: [row[name] for row in RECORDS] for name in FRAME["columns"]}},
    ],
)
def test_every_form_of_an_invocation_gives_the_same_predictions(scoring: Any, body: Any) -> None:
    answer = scoring.client.post("/invocations", json=body)
    assert (answer.status_code, answer.json()) == (200, {"predictions": ["yes", "yes"]})
    assert answer.headers["CrispML-Version"] == VERSION
    assert stored_keys(scoring) == ["O-1", "O-2"]
    found = scoring.client.get(f"/api/v1/scores/{answer.headers['CrispML-Score-Id']}").json()
    assert found["record_key"] == "O-1"


def test_an_invocation_may_be_csv_and_may_ask_for_probabilities(scoring: Any) -> None:
    lines = "order_id,amount,items,channel\nO-1,10.5,2,web\n"
    answer = scoring.client.post(
        "/invocations", content=lines, headers={"Content-Type": "text/csv"}
    )
    assert answer.json() == {"predictions": ["yes"]}
    body = {"dataframe_records": RECORDS, "params": {"predict_method": "predict_proba"}}
    answer = scoring.client.post("/invocations", json=body)
    assert answer.json() == {"predictions": [[0.25, 0.75], [0.25, 0.75]]}


def test_an_invocation_with_two_keys_is_refused(scoring: Any) -> None:
    body = {"dataframe_records": RECORDS, "instances": RECORDS}
    assert scoring.client.post("/invocations", json=body).status_code == 422
    assert scoring.client.get("/ping").status_code == 200
    assert scoring.parts.ledger.find() == []


def test_without_a_champion_ping_says_so(scoring_without_champion: Any) -> None:
    client = scoring_without_champion.client
    assert client.get("/ping").status_code == 503
    assert client.get("/v2/health/ready").status_code == 503
    assert client.get("/v2/models/toy/ready").status_code == 503
    assert client.get("/v2/health/live").status_code == 200

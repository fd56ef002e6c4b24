"""The nine methods of the demo against a fake pair of services."""

from __future__ import annotations

import json
from collections import Counter

import click
import httpx
import pytest

from crispml_core.cli import demo as demo_module
from crispml_core.cli import services as services_module
from crispml_core.cli import tour as tour_module
from crispml_core.cli.tour import take_tour
from crispml_core.client import CrispMLClient

NAMES = [
    *("DataIngestion", "DataPreparation", "DataCuration", "ModelTraining", "ModelReport"),
    *("ModelPersist", "NewDataScore", "NewDataLabel", "NewDataReport"),
]
AUC = 0.7916666666666666
TEST_ROWS = 5


def step(method: str, rows: int, seconds: float, algorithm: str | None = None) -> dict:
    return {
        "method": method,
        "status": "succeeded",
        "started_at": "2026-01-01T00:00:00Z",
        "seconds": seconds,
        "rows": rows,
        "algorithm": algorithm,
    }


class Pair:
    """Training and scoring as the demo sees them: one use case, two algorithms, five test rows."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.verified_auc: float | None = AUC
        self.promoted = True
        self.raw_datasets: list[str] = []
        self.use_cases = ["credit"]
        self.scored: dict[str, str] = {}
        self.labels: dict[str, str] = {}

    def client(self) -> CrispMLClient:
        return CrispMLClient(
            "http://training", "http://scoring", transport=httpx.MockTransport(self.handle)
        )

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        parts = request.url.path.removeprefix("/api/v1/").split("/")
        answer = getattr(self, f"{request.url.host}_{parts[-1].replace('-', '_')}", None)
        if answer is None:
            return httpx.Response(404, json={"detail": "no such route"})
        return httpx.Response(200, json=answer(request))

    def training_report_v2(self, request: httpx.Request) -> str:
        return "<!doctype html>"

    def scoring_verification_1(self, request: httpx.Request) -> str:
        return "<!doctype html>"

    def training_use_cases(self, request: httpx.Request) -> dict:
        described = {
            "task": "binary",
            "target": {"name": "risk", "task": "binary", "values": ["g", "b"], "positive": "b"},
            "record_key": "id",
            "fields": [{"name": "id", "type": "string"}, {"name": "age", "type": "integer"}],
        }
        items = [{"name": name, **described} for name in self.use_cases]
        return {"items": items, "next_cursor": None}

    def training_datasets(self, request: httpx.Request) -> dict:
        items = [
            {
                "id": name,
                "use_case": "credit",
                "stage": "raw",
                "rows": 25,
                "columns": [],
                "content_digest": "x",
                "created_at": "2026-01-01T00:00:00Z",
            }
            for name in self.raw_datasets
        ]
        return {"items": items, "next_cursor": None}

    def training_cycle(self, request: httpx.Request) -> dict:
        versions = [
            {
                "algorithm": algorithm,
                "version": version,
                "report_id": f"report-{version}",
                "kpis": {"select": {"auc": auc}, "test": {"auc": auc, "brier": 0.2}},
                "gates": [{"kpi": "auc", "bound": 0.7, "value": auc, "passed": self.promoted}],
            }
            for algorithm, version, auc in (("gb", "v1", 0.7), ("lr", "v2", AUC))
        ]
        steps = [step("data-ingestion", 25, 0.5), step("data-preparation", 25, 0.25)]
        for algorithm in ("gb", "lr"):
            steps += [
                step("data-curation", 25, 0.5, algorithm),
                step("model-training", 15, 1.0, algorithm),
                step("model-report", TEST_ROWS, 0.25, algorithm),
                step("model-persist", 2, 0.125, algorithm),
            ]
        return {
            "id": "r1",
            "use_case": "credit",
            "method": "cycle",
            "status": "succeeded",
            "parameters": {},
            "created_at": "2026-01-01T00:00:00Z",
            "timeout_s": 60,
            "percent": 100,
            "steps": steps,
            "result": {
                "dataset_id": "raw-1234567890",
                "prepared_id": "prepared-1",
                "versions": versions,
                "best": "v2",
                "promoted": self.promoted,
                "model": "credit",
            },
        }

    def training_rows(self, request: httpx.Request) -> dict:
        assert request.url.path == "/api/v1/datasets/prepared-1/rows"
        assert request.url.params["split"] == "test"
        rows = [
            {"id": f"k{n}", "age": 20 + n, "age_squared": 1.0, "risk": "b" if n % 2 else "g"}
            for n in range(TEST_ROWS)
        ]
        return {"items": rows, "next_cursor": None}

    def scoring_new_data_score(self, request: httpx.Request) -> dict:
        body = json.loads(request.content)
        assert body["model_version"] == "v2"
        scores = []
        for record in body["records"]:
            assert set(record) == {"id", "age"}, "raw fields only, never the target"
            score_id = f"s{len(self.scored)}"
            self.scored[score_id] = record["id"]
            scores.append({"score_id": score_id, "record_key": record["id"], "prediction": "g"})
        return {"use_case": "credit", "model": "credit", "version": "v2", "scores": scores}

    def scoring_new_data_label(self, request: httpx.Request) -> dict:
        labels = json.loads(request.content)["labels"]
        self.labels |= {self.scored[label["score_id"]]: label["label"] for label in labels}
        return {
            "import_id": "i",
            "use_case": "credit",
            "received_at": "2026-01-01T00:00:00Z",
            "counts": {"accepted": len(labels), "duplicate": 0},
        }

    def scoring_new_data_report(self, request: httpx.Request) -> dict:
        assert json.loads(request.content) == {"version": "v2"}
        return {
            "id": "verification-1",
            "use_case": "credit",
            "created_at": "2026-01-01T00:00:00Z",
            "content": {
                "scored": len(self.scored),
                "labelled": len(self.labels),
                "coverage": len(self.labels) / len(self.scored),
                "kpis": {
                    "auc": {"value": self.verified_auc, "low": 0.6, "high": 0.9},
                    "brier": {"value": 0.2, "low": 0.1, "high": 0.3},
                },
            },
        }


@pytest.fixture
def pair() -> Pair:
    return Pair()


def tour(pair: Pair, **options):
    with pair.client() as client:
        return take_tour(
            client, "credit", **{"seed": 0, "report": lambda fraction, said: None, **options}
        )


def test_the_summary_is_the_json_of_the_issue(pair):
    summary = tour(pair).summary()

    assert list(summary) == [
        *("methods", "model", "training_report", "verification_report", "pages", "urls"),
    ]
    assert [method["name"] for method in summary["methods"]] == NAMES
    assert {method["status"] for method in summary["methods"]} == {"succeeded"}
    assert all(list(m) == ["name", "status", "rows", "seconds"] for m in summary["methods"])
    assert summary["model"] == {"name": "credit", "version": "v2", "algorithm": "lr"}
    assert summary["training_report"]["auc"] == AUC
    assert summary["verification_report"] == {
        "auc": AUC,
        "brier": 0.2,
        "scored": TEST_ROWS,
        "labelled": TEST_ROWS,
        "coverage": 1.0,
    }
    assert summary["urls"] == {
        "training_api": "http://training/docs",
        "scoring_api": "http://scoring/docs",
    }


def test_rows_and_seconds_are_sums_over_the_algorithms(pair):
    methods = {method["name"]: method for method in tour(pair).summary()["methods"]}

    assert (methods["DataIngestion"]["rows"], methods["DataIngestion"]["seconds"]) == (25, 0.5)
    assert (methods["DataCuration"]["rows"], methods["DataCuration"]["seconds"]) == (50, 1.0)
    assert (methods["ModelTraining"]["rows"], methods["ModelTraining"]["seconds"]) == (30, 2.0)
    assert methods["NewDataScore"]["rows"] == methods["NewDataLabel"]["rows"] == TEST_ROWS
    assert methods["NewDataReport"]["seconds"] > 0


def test_every_test_row_gets_its_own_truth_over_several_requests(pair, monkeypatch):
    monkeypatch.setattr(tour_module, "CHUNK", 2)

    tour(pair)

    assert pair.labels == {f"k{n}": "b" if n % 2 else "g" for n in range(TEST_ROWS)}
    sent = Counter(r.url.path.rpartition("/")[2] for r in pair.requests if r.method == "POST")
    assert sent == {"cycle": 1, "new-data-score": 3, "new-data-label": 3, "new-data-report": 1}
    keys = [r.headers["Idempotency-Key"] for r in pair.requests if r.method == "POST"]
    assert len(set(keys)) == len(keys)


def test_the_cycle_is_asked_to_promote_with_the_seed(pair):
    tour(pair, seed=7)

    cycle = next(request for request in pair.requests if request.url.path.endswith("/cycle"))
    assert json.loads(cycle.content) == {"seed": 7, "promote": True}


@pytest.mark.parametrize(("known", "said"), [([], "new"), (["raw-1234567890"], "unchanged")])
def test_a_raw_data_set_that_was_there_already_is_called_unchanged(pair, known, said):
    pair.raw_datasets = known

    assert tour(pair).steps[0].result == f"data set raw-1234, {said}"


@pytest.mark.parametrize("verified", [AUC + 2e-9, None])
def test_scores_that_do_not_verify_fail_the_demo(pair, verified):
    pair.verified_auc = verified

    with pytest.raises(click.ClickException, match=r"do not verify: auc is 0\.79"):
        tour(pair)


def test_a_difference_below_the_tolerance_passes(pair):
    pair.verified_auc = AUC + 5e-10

    assert tour(pair).summary()["verification_report"]["auc"] == AUC + 5e-10


def test_a_best_version_that_misses_a_gate_is_named_as_not_promoted(pair):
    pair.promoted = False

    assert "lr, not promoted (gates: auc)" in tour(pair).steps[5].result


def test_among_several_use_cases_the_one_of_the_reference_is_taken(pair):
    pair.use_cases = ["credit", "other"]

    assert tour(pair).use_case == "credit"


def test_progress_rises_to_the_end(pair):
    seen: list[float] = []

    tour(pair, report=lambda fraction, said: seen.append(fraction))

    assert seen == sorted(seen)
    assert seen[-1] == 1.0


class NoChildren:
    """Stands for the started services."""

    def __init__(self, folder, settings):
        self.urls = {"training": "http://training", "scoring": "http://scoring"}
        self.settings = settings
        NoChildren.last = self
        self.watched = False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def watch(self):
        self.watched = True


@pytest.fixture
def started(pair, monkeypatch, tmp_path):
    monkeypatch.setattr(services_module, "Services", NoChildren)
    monkeypatch.setattr(NoChildren, "client", lambda services: pair.client(), raising=False)
    (tmp_path / "credit.yaml").write_text("name: credit\n")
    return NoChildren


def test_once_prints_one_json_object_and_ends(crispml_cli, started, tmp_path):
    result = crispml_cli("demo", "--once", "--json", "--use-case", "credit.yaml")

    assert result.exit_code == 0, result.stderr
    assert [method["name"] for method in json.loads(result.stdout)["methods"]] == NAMES
    assert not started.last.watched
    assert started.last.settings["CRISPML_USE_CASES"] == "credit.yaml"
    assert (tmp_path / ".crispml" / "crispml.db").exists()


def test_a_person_gets_the_methods_the_kpis_and_the_addresses_and_the_demo_serves_on(
    crispml_cli, started
):
    result = crispml_cli("demo", "--use-case", "credit.yaml")

    lines = [line.split() for line in result.stdout.splitlines()]
    assert [line[0] for line in lines if line and line[0] in NAMES] == NAMES
    assert ["auc", "0.7917", "0.7917", "0.6", "0.9"] in lines
    assert "verification_report.html" in result.stdout
    assert "serving until Ctrl-C" in result.stdout
    assert started.last.watched


def test_the_command_that_serves_again_names_the_use_case(crispml_cli, started):
    result = crispml_cli("demo", "--once", "--use-case", "credit.yaml")

    again = "crispml up --folder .crispml --use-case credit.yaml"
    assert f"they are served again by: {again}\n" in result.stdout


def test_a_demo_that_does_not_verify_ends_with_one_sentence(crispml_cli, started, pair):
    pair.verified_auc = 0.5

    result = crispml_cli("demo", "--once", "--json", "--use-case", "credit.yaml")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: the scores do not verify")
    assert result.stderr.count("\n") == 1


def test_a_missing_use_case_file_is_said_before_anything_starts(crispml_cli, tmp_path):
    result = crispml_cli("demo", "--once")

    assert result.exit_code == 1
    assert "--use-case" in result.stderr
    assert list(tmp_path.iterdir()) == []
    assert demo_module.USE_CASE.partition(":")[0] in result.stderr

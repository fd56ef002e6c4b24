"""Model cards of a trained version: every number is what the named query answers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crispml_core.adapters.sql.schema import migrate
from crispml_core.bootstrap import scoring as scoring_parts
from crispml_core.bootstrap import training as training_parts
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import TRAINING_RUNS, Run, RunStatus
from crispml_core.reporting.citations import resolve
from crispml_core.runs.worker import work
from crispml_core.settings import CrispMLSettings
from crispml_scoring.app import create_app as create_scoring
from crispml_training.app import create_app as create_training

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
USE_CASE = f"{ROOT}/examples/german_credit/use_case.py:german_credit"


class NoExecutor:
    def start(self) -> None:
        pass

    wake = stop = start


class World:
    """Both services over real stores, with a version that was scored, labelled and verified."""

    def __init__(self, folder: Path, **more: Any) -> None:
        url = f"sqlite:///{folder}/crispml.db"
        migrate.upgrade(url)
        self.settings = CrispMLSettings.model_validate(
            {
                "use_cases": (USE_CASE,),
                "database": {"url": url},
                "registry": {"path": folder / "registry"},
                "journal": {"path": folder / "journal"},
                "batch": {"path": folder / "batches"},
                **more,
            }
        )
        self.training = training_parts.build(self.settings)
        self.result = self.run("cycle", limit=600, algorithms=["logistic_regression"])
        self.version = self.result["best"]
        self.path = f"/api/v1/models/german_credit/versions/{self.version}"
        self.training.aliases.move(
            "german_credit", "champion", self.version, expected=None, reason="first"
        )

    def run(self, method: str, **given: Any) -> dict[str, Any]:
        parts = self.training
        run = Run(
            id=str(new_id()),
            use_case="german_credit",
            method=method,
            status=RunStatus.QUEUED,
            parameters=parts.training.check("german_credit", method, given),
            created_at=utc_now(),
            timeout_s=300,
        )
        parts.runs.enqueue(run)
        parts.runs.lease("here", 300, TRAINING_RUNS)
        work(parts.runs, run.id, "here", parts.training.execute)
        ended = parts.runs.get(run.id)
        assert ended.error is None, ended.error
        return ended.result


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("cards"))


@pytest.fixture(scope="module")
def clients(world: World) -> Iterator[dict[str, TestClient]]:
    training_app = create_training(world.training, world.settings, lambda parts: NoExecutor())
    scoring_app = create_scoring(scoring_parts.build(world.settings), world.settings)
    with TestClient(training_app) as training, TestClient(scoring_app) as scoring:
        found = {"training": training, "scoring": scoring}
        _live(world, found)
        yield found


def _live(world: World, clients: dict[str, TestClient]) -> None:
    """Score records, label half of them, and verify."""
    raw = world.result["dataset_id"]
    rows = clients["training"].get(f"/api/v1/datasets/{raw}/rows?limit=400").json()["items"]
    target = world.training.use_cases["german_credit"].target.name
    records = [{name: row[name] for name in row if name != target} for row in rows]
    base = "/api/v1/use-cases/german_credit"
    scoring = clients["scoring"]
    scored = scoring.post(f"{base}/new-data-score", json={"records": records})
    assert scored.status_code == 200, scored.text
    labels = [
        {"score_id": score["score_id"], "label": row[target]}
        for score, row in zip(scored.json()["scores"], rows, strict=True)
    ][:360]
    assert scoring.post(f"{base}/new-data-label", json={"labels": labels}).status_code < 300
    assert scoring.post(f"{base}/new-data-report", json={}).status_code == 201


def walk(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf of a card with its place; a cited number is a leaf."""
    if isinstance(value, dict) and set(value) == {"value", "source"}:
        yield at, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from walk(part, f"{at}/{name}")
    elif isinstance(value, list):
        for n, part in enumerate(value):
            yield from walk(part, f"{at}/{n}")
    else:
        yield at, value


def test_every_number_is_what_the_query_that_it_names_answers(
    world: World, clients: dict[str, TestClient]
) -> None:
    card = clients["training"].get(f"{world.path}/card").json()
    answers: dict[tuple[str, str], Any] = {}
    cited = 0
    for place, leaf in walk(card["sections"]):
        if not isinstance(leaf, dict):
            assert leaf is None or isinstance(leaf, str), f"{place} is a number without its query"
            continue
        source = leaf["source"]
        key = (source["service"], source["path"])
        if key not in answers:
            answer = clients[source["service"]].get(source["path"])
            assert answer.status_code == 200, key
            answers[key] = answer.json()
        assert leaf["value"] == resolve(answers[key], source["pointer"]), place
        cited += leaf["value"] is not None
    assert cited > 70
    assert {service for service, _ in answers} == {"training", "scoring"}


def section(card: Any, name: str) -> Any:
    return next(part for part in card["sections"] if part["id"] == name)


def test_the_card_tells_the_facts_and_what_nobody_recorded(
    world: World, clients: dict[str, TestClient]
) -> None:
    card = clients["training"].get(f"{world.path}/card").json()
    manifest = clients["training"].get(world.path).json()
    general = section(card, "general")["facts"]
    assert general["digest"] == manifest["digest"]
    assert general["provider"] is None
    kpis = {
        row[0]: row[1]["value"] for row in section(card, "performance")["tables"]["kpis"]["rows"]
    }
    assert kpis["auc"] == manifest["kpis"]["test"]["auc"]
    stages = [row[0] for row in section(card, "data")["tables"]["data_sets"]["rows"]]
    assert stages == ["raw", "prepared", "curated"]
    (move,) = section(card, "changes")["tables"]["alias_history"]["rows"]
    assert (move[0], move[1], move[4]) == ("champion", world.version, "first")
    (report,) = section(card, "after_release")["tables"]["verification_reports"]["rows"]
    assert (report[2]["value"], report[3]["value"]) == (400, 360)
    assert section(card, "risk")["facts"] == {"risk_management": None}
    annex = [part["annex_iv"] for part in card["sections"]]
    assert annex == ["1", "2 (d)", "2", "3", "3", "4", "5", "6", "7, 8", "9"]


def test_the_card_tells_what_live_scores_showed_and_what_the_verdict_rests_on(
    world: World, clients: dict[str, TestClient]
) -> None:
    card = clients["training"].get(f"{world.path}/card").json()
    live = section(card, "after_release")
    table = live["tables"]["verification_reports"]
    (row,) = (dict(zip(table["columns"], row, strict=True)) for row in table["rows"])
    report = clients["scoring"].get(f"/api/v1/reports/{row['report']}").json()["content"]
    verdict = report["verdict"]
    assert verdict["kpis"]["auc"]["value"] is not None
    assert (row["kpi"], row["value"]["value"]) == ("auc", verdict["kpis"]["auc"]["value"])
    assert (row["rests on"], row["gates"]) == (verdict["basis"], verdict["overall"])
    assert [text.partition(":")[0] for text in row["fairness"]] == ["sex", "age_group"]

    compared = [line[:4] for line in live["tables"]["fairness"]["rows"]]
    assert ["sex", "good", "female", "disparate_impact"] in compared
    assert ["sex", "good", "female", "calibration"] in compared
    assert live["facts"]["drift_scores"]["value"] == 400
    assert live["facts"]["drift_detected_at"]
    drift = {line[0]: line[1:] for line in live["tables"]["drift"]["rows"]}
    assert set(drift) >= {"psi", "missing_rate", "unknown_rate"}
    assert drift["psi"][1]["value"] is not None


def test_the_page_is_self_contained_and_links_each_number(
    world: World, clients: dict[str, TestClient]
) -> None:
    answer = clients["training"].get(f"{world.path}/card?format=html")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "form-action 'none'" in answer.headers["Content-Security-Policy"]
    page = answer.text
    assert "not recorded" in page
    assert f'<a href="{world.path}" title="{world.path} at /seed">' in page
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    accepted = clients["training"].get(f"{world.path}/card", headers={"Accept": "text/html"})
    assert accepted.text == page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/models/german_credit/versions/CANARY/card", 404),
        ("/api/v1/models/CANARY/versions/v/card", 404),
        ("{path}/card?format=CANARY", 422),
    ],
)
def test_a_card_of_nothing_is_refused(
    world: World, clients: dict[str, TestClient], path: str, status: int
) -> None:
    answer = clients["training"].get(path.format(path=world.path))
    assert answer.status_code == status
    assert "CANARY" not in answer.text


def test_what_is_gone_or_changed_becomes_a_limitation(world: World, monkeypatch: Any) -> None:
    from dataclasses import replace

    from crispml_core.domain.errors import NotFound
    from crispml_core.pipelines.model_card import model_card

    stores = world.training.lineage().stores
    other = replace(world.training.use_cases["german_credit"], digest="0" * 64)

    class Gone:
        def get(self, *given: Any) -> Any:
            raise NotFound("artefact")

    card = model_card(
        replace(stores, artefacts=Gone(), use_cases={"german_credit": other}),
        world.training.catalogue,
        "german_credit",
        world.version,
    )
    told = " ".join(limit["text"] for limit in section(card, "limits")["texts"])
    assert "not the definition" in told
    assert "training report is not in this registry" in told
    rows = section(card, "performance")["tables"]["kpis"]["rows"]
    assert rows
    assert all(row[1]["source"]["path"] == world.path for row in rows)


def test_the_dossier_tells_everything_behind_a_score(
    world: World, clients: dict[str, TestClient]
) -> None:
    scoring = clients["scoring"]
    labelled = scoring.get("/api/v1/labels?limit=1").json()["items"][0]
    path = f"/api/v1/scores/{labelled['score_id']}/dossier"
    found = scoring.get(path).json()
    manifest = clients["training"].get(world.path).json()
    assert found["missing"] == []
    assert found["score"] == scoring.get(path.removesuffix("/dossier")).json()
    assert found["version"]["digest"] == manifest["digest"]
    assert found["code"] == {
        "use_case": "german_credit",
        "version": manifest["use_case_version"],
        "digest": manifest["use_case_digest"],
    }
    assert [one["stage"] for one in found["data_sets"]] == ["raw", "prepared", "curated"]
    assert (found["alias"]["version"], found["alias"]["reason"]) == (world.version, "first")
    assert [label["label_id"] for label in found["labels"]] == [labelled["label_id"]]
    assert [report["scored"] for report in found["reports"]] == [400]
    assert found["chain"]["verified"] is True
    kept = {
        field.name
        for field in world.training.use_cases["german_credit"].fields
        if field.privacy == "keep"
    }
    assert set(found["input"]) == kept
    kinds = {node["kind"] for node in found["lineage"]["nodes"]}
    assert kinds >= {"source", "dataset", "artefact", "version", "alias", "score", "run"}

    # Every node leads to the same graph again, whichever service is asked.
    for node in found["lineage"]["nodes"]:
        for client in clients.values():
            again = client.get(f"/api/v1/lineage/{node['kind']}/{node['id']}?depth=1")
            assert again.status_code == 200, node
            assert again.json()["nodes"][0] == node
    for node in found["lineage"]["nodes"]:
        if node["link"] is not None:
            linked = clients[node["service"]].get(f"/api/v1{node['link']}")
            assert linked.status_code == 200, node

    page = scoring.get(path, params={"format": "html"})
    assert "✓ It is stored as it was committed" in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_dossier_finds_a_changed_score_and_an_unknown_one(
    world: World, clients: dict[str, TestClient]
) -> None:
    import sqlite3

    scoring = clients["scoring"]
    score = scoring.get("/api/v1/scores?limit=1").json()["items"][0]
    path = f"/api/v1/scores/{score['score_id']}/dossier"
    file = world.settings.database.url.get_secret_value().removeprefix("sqlite:///")
    with sqlite3.connect(file) as connection:
        connection.execute(
            "UPDATE score_rows SET prediction = 'forged' WHERE record_key = ?",
            (score["record_key"],),
        )
    connection.close()
    chain = scoring.get(path).json()["chain"]
    assert (chain["verified"], chain["row_is_as_stored"], chain["root_follows"]) == (
        False,
        False,
        True,
    )
    assert "✗ What is stored is not" in scoring.get(path, params={"format": "html"}).text
    assert scoring.get("/api/v1/scores/CANARY/dossier").status_code == 404
    assert scoring.get(f"{path}?format=CANARY").status_code == 422

"""The dossier of a moment is the same to the byte ever after, and its bundle is signed."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from crispml_core.adapters.signing import make_key
from crispml_core.bootstrap import scoring as scoring_parts
from crispml_core.cli.root import crispml
from crispml_core.cli.verb import Session
from crispml_core.domain.alerts import Alert, AlertState, Evaluation
from crispml_core.domain.approval import DecisionKind, VersionDecision
from crispml_core.domain.identifiers import new_id, new_id_text, utc_now
from crispml_core.ports.monitor_store import Outcome
from crispml_scoring.app import create_app as create_scoring
from crispml_training.app import create_app as create_training
from tests.services.test_cards import NoExecutor, TestClient, World

pytestmark = pytest.mark.slow

BASE = "/api/v1/use-cases/german_credit"
FORMS = ("json", "html")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("dossier")
    key, trusted = folder / "key.pem", folder / "trusted" / "dev"
    make_key(key, trusted)
    signing = {"mode": "required", "key_file": key, "trusted": folder / "trusted"}
    return World(folder, signing=signing)


@pytest.fixture(scope="module")
def clients(world: World) -> Iterator[dict[str, TestClient]]:
    training_app = create_training(world.training, world.settings, lambda parts: NoExecutor())
    scoring_app = create_scoring(scoring_parts.build(world.settings), world.settings)
    with TestClient(training_app) as training, TestClient(scoring_app) as scoring:
        yield {"training": training, "scoring": scoring}


@pytest.fixture(scope="module")
def history(world: World, clients: dict[str, TestClient]) -> Any:
    """A score, what was told of it on its first day, and a lot that happened afterwards."""
    scoring, training = clients["scoring"], clients["training"]
    raw = world.result["dataset_id"]
    rows = training.get(f"/api/v1/datasets/{raw}/rows?limit=40").json()["items"]
    target = world.training.use_cases["german_credit"].target.name
    records = [{name: row[name] for name in row if name != target} for row in rows]
    _alert(world, "drifts")
    _decide(world, DecisionKind.APPROVAL, "meeting 12")
    scored = scoring.post(f"{BASE}/new-data-score?explain=true", json={"records": records})
    assert scored.status_code == 200, scored.text
    score_id = scored.json()["scores"][0]["score_id"]
    label = {"score_id": score_id, "label": "good"}
    assert scoring.post(f"{BASE}/new-data-label", json={"labels": [label]}).status_code == 200
    path = f"/api/v1/scores/{score_id}/dossier"
    first_day = scoring.get(path).json()["at"]
    told = {
        (name, form): client.get(path, params={"at": first_day, "format": form}).content
        for name, client in clients.items()
        for form in FORMS
    }
    bundle = training.get(path, params={"at": first_day, "format": "bundle"})
    assert bundle.status_code == 200, bundle.text

    second = world.run("cycle", limit=600, algorithms=["logistic_regression"], seed=3)["best"]
    for version in (second, world.version):
        world.training.aliases.move(
            "german_credit", "champion", version, expected="*", reason="switched"
        )
    world.training.aliases.move("german_credit", "fallback", second, expected=None)
    corrected = {"score_id": score_id, "label": "bad"}
    assert scoring.post(f"{BASE}/new-data-label", json={"labels": [corrected]}).status_code == 200
    assert scoring.post(f"{BASE}/new-data-score", json={"records": records[:1]}).status_code == 200
    end = datetime.now(UTC) + timedelta(seconds=1)
    body = {"from": (end - timedelta(days=1)).isoformat(), "to": end.isoformat()}
    assert scoring.post(f"{BASE}/new-data-report", json=body).status_code == 201
    _decide(world, DecisionKind.REFUSAL, "a complaint came")
    _alert(world, "too late")
    return SimpleNamespace(
        path=path, score_id=score_id, at=first_day, told=told, bundle=bundle.content
    )


def _decide(world: World, kind: DecisionKind, reason: str) -> None:
    """Keep a decision as an approver of this environment makes it."""
    stores = world.training.training.stores
    manifest = stores.models.get("german_credit", world.version)
    report = next(file.sha256 for file in manifest.files if file.name == "report.json")
    stores.approvals.add(
        VersionDecision(
            approval_id=new_id_text(),
            model="german_credit",
            version=world.version,
            digest=stores.models.digest("german_credit", world.version),
            report_digest=report,
            environment="dev",
            kind=kind,
            decided_by="user:bob",
            decided_at=utc_now(),
            reason=reason,
        )
    )


def _alert(world: World, rule: str) -> None:
    """Let a rule fire."""
    findings = world.training.findings
    latest = findings.latest("german_credit")
    now = utc_now()
    evaluation = Evaluation(
        id=str(new_id()),
        use_case="german_credit",
        sequence=1 if latest is None else latest.sequence + 1,
        at=now,
    )
    findings.commit(
        Outcome(
            evaluation=evaluation,
            fired=[
                Alert(
                    id=str(new_id()),
                    use_case="german_credit",
                    rule=rule,
                    severity="warning",
                    state=AlertState.FIRING,
                    first_seen=now,
                    last_seen=now,
                    evaluation_id=evaluation.id,
                    summary="found",
                )
            ],
        )
    )


def test_the_dossier_of_the_first_day_stays_the_same_to_the_byte(
    history: Any, clients: dict[str, TestClient]
) -> None:
    for (name, form), content in history.told.items():
        again = clients[name].get(history.path, params={"at": history.at, "format": form})
        assert again.status_code == 200
        if form == "json":
            assert again.json() == json.loads(content)
        assert again.content == content, (name, form)
    assert history.told["training", "json"] == history.told["scoring", "json"]
    bundle = {"at": history.at, "format": "bundle"}
    assert clients["training"].get(history.path, params=bundle).content == history.bundle


def test_it_tells_what_was_known_on_the_first_day(history: Any, world: World) -> None:
    found = json.loads(history.told["scoring", "json"])
    assert (found["at"], found["environment"], found["missing"]) == (history.at, "dev", [])
    assert found["score"]["score_id"] == history.score_id
    assert found["score"]["details"]["explanation"]
    assert found["version"]["version"] == world.version
    assert len(found["version"]["signed_by"]) == 64
    assert found["alias"]["until"] is None
    assert [(one["value"], one["is_current"]) for one in found["labels"]] == [("good", True)]
    assert (found["later_scores"], found["reports"]) == ([], [])
    assert [one["rule"] for one in found["alerts"]] == ["drifts"]
    (approval,) = found["approval"]["decisions"]
    assert (approval["decided_by"], approval["approval_id"]) == (
        "user:bob",
        found["approval"]["held"],
    )
    assert [one["stage"] for one in found["data_sets"]] == ["raw", "prepared", "curated"]


def test_today_it_tells_what_happened_since(history: Any, clients: dict[str, TestClient]) -> None:
    found = clients["scoring"].get(history.path).json()
    first = json.loads(history.told["scoring", "json"])
    assert found["alias"]["until"] is not None
    labels = {one["value"]: one["is_current"] for one in found["labels"]}
    assert labels == {"good": False, "bad": True}
    (later,) = found["later_scores"]
    assert later["score_id"] != history.score_id
    assert len(found["reports"]) == 1
    assert [one["kind"] for one in found["approval"]["decisions"]] == ["approval", "refusal"]
    assert found["approval"]["held"] == first["approval"]["held"]
    assert [one["rule"] for one in found["alerts"]] == ["drifts"]
    for part in ("score", "input", "chain", "version", "code", "data_sets", "group"):
        assert found[part] == first[part]


def test_the_page_tells_it_too(history: Any) -> None:
    page = history.told["scoring", "html"].decode()
    for text in (
        "user:bob",
        "meeting 12",
        "drifts",
        "✓ The version had been approved",
        "Reasons, on the scale",
    ):
        assert text in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("at", "says"),
    [("2001-01-01T00:00:00Z", "not made by then"), ("2901-01-01T00:00:00Z", "nobody knows yet")],
)
def test_a_moment_without_a_dossier_is_refused(
    history: Any, clients: dict[str, TestClient], at: str, says: str
) -> None:
    answer = clients["scoring"].get(history.path, params={"at": at})
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


def test_the_bundle_holds_the_evidence_as_it_is(history: Any, world: World) -> None:
    with tarfile.open(fileobj=io.BytesIO(history.bundle)) as archive:
        members = {one.name: archive.extractfile(one).read() for one in archive}  # type: ignore[union-attr]
    models = world.training.models
    assert list(members) == [
        *("index.json", "signature.json", "dossier.json", "dossier.html"),
        *("version/manifest.json", "version/signature.json", "version/report.json"),
    ]
    assert members["dossier.json"] == history.told["training", "json"]
    assert members["dossier.html"] == history.told["training", "html"]
    kept = models.manifest_bytes("german_credit", world.version)
    assert members["version/manifest.json"] == kept


def test_only_who_holds_a_key_signs(history: Any, clients: dict[str, TestClient]) -> None:
    answer = clients["scoring"].get(history.path, params={"format": "bundle"})
    assert answer.status_code == 422
    assert "ask the training service" in answer.json()["detail"]


def verified(clients: dict[str, TestClient], world: World, *args: str) -> Any:
    session = Session(transport=clients["training"]._transport)
    trusted = str(world.settings.signing.trusted / "dev")
    command = ["score", "dossier", *args, "--verify", "--trusted", trusted]
    return CliRunner().invoke(crispml, command, obj=session)


def test_the_command_line_verifies_a_bundle(
    history: Any, world: World, clients: dict[str, TestClient], tmp_path: Path
) -> None:
    file = tmp_path / "score.tar"
    done = verified(clients, world, history.score_id, "--at", history.at, "--bundle", str(file))
    assert done.exit_code == 0, done.output
    assert "verified: signed by a trusted key" in done.output
    assert file.read_bytes() == history.bundle


@pytest.mark.parametrize("part", [b'"reason":"meeting 12"', b'"format":"crispml-dossier"'])
def test_a_bundle_with_a_changed_byte_is_not_genuine(
    history: Any,
    world: World,
    clients: dict[str, TestClient],
    monkeypatch: pytest.MonkeyPatch,
    part: bytes,
) -> None:
    from crispml_core.client.training import TrainingClient

    assert part in history.bundle
    changed = history.bundle.replace(part, part[:-2] + b'x"', 1)
    monkeypatch.setattr(TrainingClient, "dossier_bundle", lambda *given, **more: changed)
    done = verified(clients, world, history.score_id, "--at", history.at)
    assert done.exit_code == 1
    assert "not those that were signed" in done.output


def test_a_key_that_nobody_trusts_vouches_for_nothing(
    history: Any, world: World, clients: dict[str, TestClient], tmp_path: Path
) -> None:
    make_key(tmp_path / "key.pem", tmp_path / "trusted")
    session = Session(transport=clients["training"]._transport)
    command = ["score", "dossier", history.score_id, "--verify", "--trusted"]
    done = CliRunner().invoke(crispml, [*command, str(tmp_path / "trusted")], obj=session)
    assert done.exit_code == 1
    assert "is not trusted here" in done.output

"""From the source to a report about a score, and back, over what a real cycle leaves behind."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from crispml_core.adapters.compilers import SklearnModelCompiler
from crispml_core.adapters.skops.codec import SkopsModelCodec
from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.labels import Label
from crispml_core.domain.lineage import Direction, NodeKind
from crispml_core.domain.reports import VerificationReport
from crispml_core.domain.runs import Run, RunStatus
from crispml_core.domain.scores import Encoding, ScoreGroup, ScoreRows, new_group_id
from crispml_core.pipelines.cycle import run_cycle
from crispml_core.pipelines.lineage.reader import LineageReader
from crispml_core.pipelines.lineage.stores import LineageStores
from crispml_core.pipelines.recorder import Recorder
from crispml_core.pipelines.requests import check_request
from crispml_core.pipelines.workplace import Workplace
from crispml_core.testing.fakes.label_store import FakeLabelStore
from crispml_core.testing.fakes.monitor_store import FakeMonitorStore
from crispml_core.testing.fakes.outbox import FakeOutbox
from crispml_core.testing.fakes.report_store import FakeReportStore
from crispml_core.testing.fakes.run_store import FakeRunStore
from crispml_core.testing.fakes.score_counts import FakeScoreCounts
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger

pytestmark = pytest.mark.slow


@pytest.fixture
def world(toy, toy_rows, make_stores):
    """One cycle as a run, a champion, two scores of which one is labelled twice, a report."""
    source = SimpleNamespace(
        read=lambda selection: toy_rows(300).to_batches(), explain=lambda selection: None
    )
    stores = make_stores(
        open_source=lambda use_case, upload_id: source,
        codec=lambda use_case: SkopsModelCodec(()),
        compiler=SklearnModelCompiler(),
        libraries=lambda: {"python": "3"},
        project_aliases=lambda model: None,
    )
    runs, ledger, reports = FakeRunStore(), FakeScoreLedger(), FakeReportStore()
    labels = FakeLabelStore(ledger)
    parameters = check_request(toy, "cycle", {"promote": True}, stores)
    run = runs.enqueue(
        Run(
            id=str(new_id()),
            use_case="toy",
            method="cycle",
            status=RunStatus.QUEUED,
            parameters=parameters,
            created_at=utc_now(),
            timeout_s=60,
        )
    )
    runs.lease("worker", 60, ("cycle",))
    recorder = Recorder("toy", stores.timings)
    result = run_cycle(Workplace(toy, stores, recorder, run.id), parameters)
    runs.progress(run.id, "worker", 100, "done", recorder.steps)
    runs.finish(run.id, "worker", RunStatus.SUCCEEDED, result=result)
    version = result["best"]
    group = ScoreGroup(
        group_id=new_group_id(),
        writer_id="w",
        sequence=1,
        use_case="toy",
        model="toy",
        version=version,
        alias="champion",
        created_at=utc_now(),
        classes=("no", "yes"),
        scores=ScoreRows(
            record_keys=["A", "B"],
            predictions=["yes", "no"],
            probabilities=[0.7, 0.2],
            segments=["{}", "{}"],
            request_ids=["r", "r"],
        ),
        inputs=b"",
        encoding=Encoding.ROWS,
        row_digests=bytes(64),
    )
    ledger.append([group])
    score = group.score(0).score_id
    for value in ("yes", "no"):
        labels.add("toy", [Label(value=value, label_time=utc_now(), record_key="A")])
    window = {"start": None, "end": (utc_now() + timedelta(days=1)).isoformat(), "as_of": None}
    report = reports.add(
        VerificationReport(
            id=str(new_id()),
            use_case="toy",
            created_at=utc_now(),
            content={"window": window, "versions": [{"version": version}], "scored": 2},
        )
    )
    reader = LineageReader(
        LineageStores(
            use_cases={"toy": toy},
            datasets=stores.datasets,
            artefacts=stores.artefacts,
            models=stores.models,
            aliases=stores.aliases,
            ledger=ledger,
            counts=FakeScoreCounts(ledger),
            labels=labels,
            reports=reports,
            runs=runs,
            approvals=stores.approvals,
            findings=FakeMonitorStore(FakeOutbox()),
        )
    )
    manifest = stores.models.get("toy", version)
    return SimpleNamespace(
        reader=reader, manifest=manifest, score=score, report=report, run=run, labels=labels
    )


def kinds(graph):
    return {node.kind for node in graph.nodes}


def edges(graph, *wanted):
    return {
        (edge.type, edge.source[0].value, edge.target[0].value)
        for edge in graph.edges
        if not wanted or edge.type in wanted
    }


def test_a_score_leads_back_to_the_source_and_on_to_its_labels_and_reports(world):
    graph = world.reader.graph("score", world.score)
    assert kinds(graph) == set(NodeKind) - {NodeKind.SCORES}
    assert edges(graph) >= {
        ("read", "source", "dataset"),
        ("derived", "dataset", "dataset"),
        ("fitted", "dataset", "artefact"),
        ("fitted", "artefact", "artefact"),
        ("evaluated", "artefact", "report"),
        ("published", "artefact", "version"),
        ("published", "report", "version"),
        ("pointed", "version", "alias"),
        ("answered", "version", "score"),
        ("answered", "alias", "score"),
        ("labelled", "score", "label"),
        ("verified", "score", "report"),
        ("made", "run", "dataset"),
        ("made", "run", "version"),
    }
    stages = [node.facts["stage"] for node in graph.nodes if node.kind is NodeKind.DATASET]
    assert sorted(stages) == ["curated", "prepared", "raw"]
    assert len({node.key for node in graph.nodes}) == len(graph.nodes)


def test_the_source_leads_on_to_the_report_through_scores_by_month(world):
    graph = world.reader.graph("source", "toy.csv")
    assert {NodeKind.VERSION, NodeKind.ALIAS, NodeKind.SCORES} <= kinds(graph)
    (scores,) = [node for node in graph.nodes if node.kind is NodeKind.SCORES]
    assert scores.facts["scores"] == 2
    assert scores.facts["by_alias"] == {"champion": 2}
    assert ("verified", "scores", "report") in edges(graph)
    assert world.report.id in {node.id for node in graph.nodes}
    back = world.reader.graph("report", world.report.id, direction=Direction.UP)
    assert ("report", world.report.id) == back.start
    assert "toy.csv" in {node.id for node in back.nodes}


def test_a_run_leads_to_everything_that_it_made(world):
    graph = world.reader.graph("run", world.run.id, direction=Direction.DOWN, depth=1)
    lineage = world.manifest.lineage
    assert {node.id for node in graph.nodes[1:]} == {
        *(lineage.raw, lineage.prepared, lineage.curated),
        *(lineage.curation, lineage.model, lineage.report),
        f"toy:{world.manifest.version}",
    }


def test_a_correction_follows_its_label(world):
    newest, oldest = world.labels.find(use_case="toy")
    graph = world.reader.graph("label", oldest.label_id, direction=Direction.DOWN)
    assert ("corrected", "label", "label") in edges(graph)
    up = world.reader.graph("label", newest.label_id, direction=Direction.UP, depth=1)
    assert {("labelled", "score", "label"), ("corrected", "label", "label")} == edges(up)


def test_no_value_of_a_record_is_in_the_graph(world):
    graph = world.reader.graph("score", world.score)
    told = str([node for node in graph.nodes if node.kind in (NodeKind.SCORE, NodeKind.LABEL)])
    assert "yes" not in told
    assert "'A'" not in told


def test_a_version_whose_artefacts_are_gone_still_names_its_data(world, monkeypatch):
    def gone(artefact_id, kind=None):
        raise NotFound("artefact")

    monkeypatch.setattr(world.reader.stores.artefacts, "get", gone)
    monkeypatch.setattr(world.reader.stores.artefacts, "find", lambda use_case: [])
    graph = world.reader.graph("version", f"toy:{world.manifest.version}", direction=Direction.UP)
    ids = {node.id for node in graph.nodes}
    assert {world.manifest.lineage.raw, world.manifest.lineage.curated, "toy.csv"} <= ids
    down = world.reader.graph("source", "toy.csv", direction=Direction.DOWN)
    assert f"toy:{world.manifest.version}" in {node.id for node in down.nodes}


def test_what_is_named_and_not_there_is_shown_as_gone(world, monkeypatch):
    def gone(dataset_id):
        raise NotFound("data set")

    monkeypatch.setattr(world.reader.stores.datasets, "get", gone)
    graph = world.reader.graph("version", f"toy:{world.manifest.version}", direction=Direction.UP)
    lost = [node for node in graph.nodes if node.facts.get("gone")]
    assert {node.id for node in lost} >= {world.manifest.lineage.prepared}
    assert all(node.link is None for node in lost)


def test_an_id_that_leads_nowhere_is_not_found(world):
    for kind in NodeKind:
        for name in ("none", "a:b", "a:b:c", "toy:x:2026-13", "toy:champion:9", "a.b"):
            with pytest.raises(NotFound, match=f"no such {kind.value}"):
                world.reader.graph(kind.value, name)


def test_an_unknown_kind_and_wrong_bounds_are_refused(world):
    with pytest.raises(InvalidInput, match="kind must be one of source"):
        world.reader.graph("secret", "x")
    for bounds in ({"depth": 0}, {"depth": 31}, {"limit": 0}, {"limit": 1001}):
        with pytest.raises(InvalidInput, match="whole number"):
            world.reader.graph("score", world.score, **bounds)


def test_a_period_of_an_alias_ends_with_the_next_move(world):
    aliases = world.reader.stores.aliases
    aliases.move("toy", "champion", world.manifest.version, expected="*", reason="again")
    graph = world.reader.graph("alias", "toy:champion:1", direction=Direction.DOWN)
    assert graph.nodes[0].facts["until"] is not None
    assert kinds(graph) == {NodeKind.ALIAS, NodeKind.SCORES, NodeKind.REPORT}
    later = world.reader.graph("alias", "toy:champion:2", direction=Direction.DOWN)
    assert later.nodes[0].facts["until"] is None
    assert kinds(later) == {NodeKind.ALIAS}  # it has answered nothing yet

"""The cycle chooses on select, promotes by gates on test, and leaves a trail."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from crispml_core import Algorithm, Gate
from crispml_core.adapters.compilers import SklearnModelCompiler
from crispml_core.adapters.skops.codec import SkopsModelCodec
from crispml_core.domain.datasets import Stage
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import CHALLENGER, CHAMPION
from crispml_core.domain.runs import TRAINING_METHODS, Run, RunStatus
from crispml_core.pipelines import cycle
from crispml_core.pipelines.cycle import method_calls, run_cycle
from crispml_core.pipelines.recorder import Recorder
from crispml_core.pipelines.requests import check_request
from crispml_core.pipelines.training import TrainingPipelines
from crispml_core.pipelines.workplace import Workplace
from crispml_core.serving.version_loader import VersionLoader

pytestmark = pytest.mark.slow


@pytest.fixture
def stores(make_stores, toy_rows):
    source = SimpleNamespace(
        read=lambda selection: toy_rows(400).to_batches(max_chunksize=150),
        explain=lambda selection: None,
    )
    return make_stores(
        open_source=lambda use_case, upload_id: source,
        codec=lambda use_case: SkopsModelCodec(()),
        compiler=SklearnModelCompiler(),
        libraries=lambda: {"python": "3"},
        project_aliases=lambda model: None,
    )


def workplace(use_case, stores):
    return Workplace(use_case, stores, Recorder(use_case.name, stores.timings), "run-1")


@pytest.fixture
def two(toy):
    """The toy use case with a second algorithm that has the same curation."""
    one = toy.algorithms[0]
    other = Algorithm(name="other", curate=one.curate, estimator=one.estimator)
    return replace(toy, algorithms=(one, other))


def test_a_cycle_publishes_a_version_that_loads_and_tells_where_it_comes_from(toy, stores):
    parameters = check_request(toy, "cycle", {"promote": True, "seed": 3}, stores)
    work = workplace(toy, stores)
    result = run_cycle(work, parameters)
    (version,) = result["versions"]
    assert [step.method for step in work.recorder.steps] == list(TRAINING_METHODS)
    assert all(step.status is RunStatus.SUCCEEDED for step in work.recorder.steps)
    assert method_calls(parameters) == 6
    assert result["promoted"] is version["gates"][0]["passed"] is True
    move = stores.aliases.current("toy", CHAMPION)
    assert (move.version, move.moved_by) == (result["best"], "run run-1")
    assert move.digest == stores.models.digest("toy", result["best"])

    manifest = stores.models.get("toy", result["best"])
    lineage = manifest.lineage
    assert (lineage.raw, lineage.prepared) == (result["dataset_id"], result["prepared_id"])
    assert (lineage.report, lineage.run) == (version["report_id"], "run-1")
    assert stores.datasets.get(lineage.curated).stage is Stage.CURATED
    assert stores.datasets.get(lineage.prepared).parents == (lineage.raw,)
    assert manifest.seed == 3

    scorer = VersionLoader(stores.models, stores.codec).load(toy, result["best"])
    raw = stores.datasets.table(lineage.raw).select(list(toy.schema.names))
    (batch,) = raw.combine_chunks().to_batches()
    assert len(scorer.answer_columns(batch).predictions) == 400


def test_a_published_version_is_compiled_and_says_how_close_it_is(toy, stores):
    result = run_cycle(workplace(toy, stores), check_request(toy, "cycle", {}, stores))
    manifest = stores.models.get("toy", result["best"])
    assert (manifest.compiled.kind, manifest.compiled.reason) == ("linear", "")
    assert manifest.compiled.deviation < 1e-12
    assert manifest.compiled.rows > manifest.golden_rows  # all of `test` was compared too
    codec = SimpleNamespace(loads=None)  # the pipeline is not restored
    scorer = VersionLoader(stores.models, lambda use_case: codec).load(toy, result["best"])
    assert scorer.is_fast


def test_a_version_that_cannot_be_compiled_says_why(toy, stores):
    use_case = replace(toy, prepare=lambda rows: rows.assign(price=1.0))
    result = run_cycle(workplace(use_case, stores), check_request(use_case, "cycle", {}, stores))
    manifest = stores.models.get("toy", result["best"])
    assert manifest.compiled.kind is None
    assert manifest.compiled.reason == "the preparation is a function"
    assert not VersionLoader(stores.models, stores.codec).load(use_case, result["best"]).is_fast


def test_the_same_data_are_the_same_data_set(toy, stores):
    parameters = check_request(toy, "cycle", {}, stores)
    one = run_cycle(workplace(toy, stores), parameters)
    given = check_request(toy, "cycle", {"dataset_id": one["dataset_id"]}, stores)
    work = workplace(toy, stores)
    again = run_cycle(work, given)
    assert again["prepared_id"] == one["prepared_id"]
    assert again["versions"][0]["kpis"] == one["versions"][0]["kpis"]
    assert method_calls(given) == len(work.recorder.steps) == 5
    assert one["promoted"] is False
    assert stores.aliases.aliases("toy") == {}


@pytest.fixture
def finished(monkeypatch, stores):
    """Stand in for the six methods; ``finished(...)`` gives the KPIs of each algorithm."""

    def use(**kpis):
        product = SimpleNamespace(id="id")
        for name in ("ingest", "prepare", "train", "report"):
            monkeypatch.setattr(cycle, name, lambda *given: product)
        trained = []
        monkeypatch.setattr(
            cycle, "curate", lambda work, data, name: trained.append(name) or product
        )

        def persist(work, model, report):
            name = trained[-1]
            select, test = kpis[name]
            return SimpleNamespace(
                version=f"v-{name}",
                algorithm=name,
                lineage=SimpleNamespace(report="id"),
                kpis={"select": {"auc": select}, "test": {"auc": test}},
            )

        monkeypatch.setattr(cycle, "persist", persist)
        monkeypatch.setattr(stores.models, "digest", lambda model, version: "d" * 64)

    return use


def promoted(use_case, stores):
    parameters = check_request(use_case, "cycle", {"promote": True}, stores)
    return run_cycle(workplace(use_case, stores), parameters)


@pytest.mark.parametrize(
    ("linear", "other", "best"),
    [
        ((0.8, 0.7), (0.7, 0.9), "v-linear"),
        ((0.7, 0.9), (0.8, 0.7), "v-other"),
        ((0.8, 0.7), (0.8, 0.9), "v-linear"),
        ((None, 0.9), (0.1, 0.7), "v-other"),
    ],
)
def test_select_chooses_and_test_does_not(two, stores, finished, linear, other, best):
    finished(linear=linear, other=other)
    result = promoted(two, stores)
    assert result["best"] == best
    assert result["promoted"]
    assert stores.aliases.current("toy", CHAMPION).version == best


@pytest.mark.parametrize("test", [0.59, None])
def test_a_gate_that_fails_stops_the_promotion(two, stores, finished, test):
    finished(linear=(0.9, test), other=(0.8, 0.99))
    stores.aliases.move("toy", CHAMPION, "v-before", expected=None)
    result = promoted(replace(two, gates=(Gate("auc", minimum=0.6),)), stores)
    assert (result["best"], result["promoted"]) == ("v-linear", False)
    assert stores.aliases.current("toy", CHAMPION).version == "v-before"
    assert [entry["gates"][0]["passed"] for entry in result["versions"]] == [False, True]


def test_a_lower_error_is_better_in_a_regression(toy_regression):
    def merit(rmse):
        manifest = SimpleNamespace(kpis={"select": {"rmse": rmse}})
        return cycle._merit(toy_regression, manifest)

    assert merit(1.0) > merit(2.0) > merit(None)


def test_a_cycle_can_make_its_best_version_challenger_and_leave_the_champion(toy, stores):
    first = run_cycle(
        workplace(toy, stores), check_request(toy, "cycle", {"promote": True}, stores)
    )
    again = run_cycle(
        workplace(toy, stores), check_request(toy, "cycle", {"challenge": True, "seed": 1}, stores)
    )
    assert (again["promoted"], again["challenger"]) == (False, True)
    assert stores.aliases.current("toy", CHAMPION).version == first["best"]
    assert stores.aliases.current("toy", CHALLENGER).version == again["best"]


def test_a_version_that_misses_a_gate_does_not_challenge(toy, stores):
    strict = replace(toy, gates=(Gate("auc", minimum=0.999),))
    result = run_cycle(
        workplace(strict, stores), check_request(strict, "cycle", {"challenge": True}, stores)
    )
    assert result["challenger"] is False
    assert stores.aliases.current("toy", CHALLENGER) is None


def test_a_cycle_that_was_queued_by_the_release_before_says_nothing_of_challengers(toy, stores):
    parameters = check_request(toy, "cycle", {}, stores)
    del parameters["challenge"]
    assert run_cycle(workplace(toy, stores), parameters)["challenger"] is False


@pytest.mark.parametrize("wrong", [{"challenge": 1}, {"promote": True, "challenge": True}])
def test_a_cycle_promotes_or_challenges(toy, stores, wrong):
    with pytest.raises(InvalidInput, match="challenge"):
        check_request(toy, "cycle", wrong, stores)


def asked(toy, stores, method, by, **given):
    """Execute a run that somebody asked for."""
    run = Run(
        id=f"run-{method}",
        use_case="toy",
        method=method,
        status=RunStatus.RUNNING,
        parameters=check_request(toy, method, given, stores),
        created_at=utc_now(),
        timeout_s=60,
        requested_by=by,
    )
    return TrainingPipelines({"toy": toy}, stores).execute(run)


def test_a_version_knows_who_asked_for_its_training(toy, stores):
    version = asked(toy, stores, "cycle", "key:ann")["best"]
    assert stores.models.get("toy", version).trained_by == ("key:ann",)


def test_who_publishes_a_model_counts_beside_who_fitted_it(toy, stores):
    made = asked(toy, stores, "cycle", "key:ann")["versions"][0]
    lineage = stores.models.get("toy", made["version"]).lineage

    again = asked(
        toy, stores, "model-persist", "key:bob", model_id=lineage.model, report_id=lineage.report
    )

    assert stores.models.get("toy", again["version"]).trained_by == ("key:ann", "key:bob")

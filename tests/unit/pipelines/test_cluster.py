"""A cycle whose parts are computed by workers makes what one process makes, bit for bit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crispml_core.adapters.compilers import SklearnModelCompiler
from crispml_core.adapters.dask import DaskCompute
from crispml_core.adapters.libraries import library_versions
from crispml_core.adapters.local_compute import LocalCompute
from crispml_core.adapters.sources import build_source
from crispml_core.adapters.volume import dataset_writer
from crispml_core.adapters.volume.artefact_store import VolumeArtefactStore
from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.adapters.volume.part_files import VolumePartFiles
from crispml_core.bootstrap.dask_tasks import sender
from crispml_core.bootstrap.parts import codec_of
from crispml_core.domain.errors import NotReady, RunCancelled
from crispml_core.domain.search import Search
from crispml_core.domain.sources import Selection
from crispml_core.domain.version_files import MODEL_FILE, REPORT_FILE, REPORT_PAGE
from crispml_core.pipelines import model_steps
from crispml_core.pipelines.data_steps import curate, ingest, prepare
from crispml_core.pipelines.model_steps import report, train
from crispml_core.pipelines.recorder import Recorder
from crispml_core.pipelines.workplace import Workplace
from crispml_core.settings import CrispMLSettings
from crispml_core.use_cases.loader import load_use_case
from tests.clusters import local_cluster

pytestmark = pytest.mark.slow

EXAMPLE = f"{Path(__file__).parents[3]}/examples/german_credit/use_case.py:german_credit"
PRELOAD = ["crispml_core.bootstrap.dask_worker"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(scope="module")
def cluster(root: Path) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISPML_USE_CASES", EXAMPLE)
        patch.setenv("CRISPML_REGISTRY__PATH", str(root))
        with local_cluster(2, preload=PRELOAD) as started:
            yield started


@pytest.fixture(autouse=True)
def many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_writer, "ROWS_PER_GROUP", 150)
    monkeypatch.setattr(model_steps, "utc_now", lambda: datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def workplace(make_stores: Callable[..., Any], cluster: Any, root: Path) -> Callable[..., Any]:
    def make(*, here: bool, progress: Any = lambda *told: None, **of_use_case: Any) -> Workplace:
        stores = make_stores(
            open_source=lambda use_case, upload_id: build_source(use_case, {}, None),
            codec=codec_of,
            compiler=SklearnModelCompiler(),
            libraries=library_versions,
            files=VolumePartFiles(root),
            send=sender(CrispMLSettings()),
        )
        stores = replace(
            stores,
            datasets=VolumeDataSetStore(root),
            artefacts=VolumeArtefactStore(root),
            compute=LocalCompute() if here else DaskCompute(cluster.scheduler_address),
        )
        use_case = replace(load_use_case(EXAMPLE), **of_use_case)
        recorder = Recorder(use_case.name, stores.timings, progress)
        return Workplace(use_case, stores, recorder, "run-1")

    return make


def raw_id(work: Workplace) -> str:
    return ingest(work, Selection(), None, {"sensitivity": "internal"}).id


def steps(work: Workplace, algorithm: str, search: Search) -> dict[str, Any]:
    """Do methods 1 to 5 and return all that came out."""
    prepared = prepare(work, raw_id(work), 7)
    curation = curate(work, prepared.id, algorithm)
    model = train(work, curation.id, {}, 7, search)
    evaluation = report(work, model.id)
    read = work.stores.artefacts.read
    return {
        "prepared": prepared.id,
        "model": read(model.id, MODEL_FILE),
        "search": model.facts["search"],
        "kpis": model.facts["kpis"],
        "report": json.loads(read(evaluation.id, REPORT_FILE)),
        "page": read(evaluation.id, REPORT_PAGE),
    }


def test_a_cluster_makes_what_one_process_makes(workplace, root):
    search = Search(kind="random", folds=2, iterations=1)
    told: list[str] = []
    here = steps(workplace(here=True), "logistic_regression", search)
    there = steps(
        workplace(here=False, progress=lambda percent, stage, done: told.append(stage)),
        "logistic_regression",
        search,
    )
    assert there == here
    assert len(workplace(here=True).stores.datasets.get(here["prepared"]).files) == 1
    assert workplace(here=True).stores.datasets.parts(here["prepared"]) > 4
    folds = [stage for stage in dict.fromkeys(told) if stage.startswith("search: fold")]
    assert folds == [f"search: fold {number} of 4" for number in range(1, 5)]
    assert list((root / ".staging").iterdir()) == []


def test_a_worker_with_another_definition_refuses(workplace):
    work = workplace(here=False, digest="another")
    with pytest.raises(NotReady, match="another definition of the use case"):
        prepare(work, raw_id(work), 7)


def test_a_run_that_is_cancelled_stops_while_a_part_is_computed(workplace, root):
    def stop(percent: float, stage: str, done: Any) -> None:
        if stage.startswith("search: fold"):
            raise RunCancelled("the run was cancelled on request")

    work = workplace(here=False, progress=stop)
    curation = curate(work, prepare(work, raw_id(work), 7).id, "logistic_regression")
    with pytest.raises(RunCancelled):
        train(work, curation.id, {}, 7, Search(folds=5))

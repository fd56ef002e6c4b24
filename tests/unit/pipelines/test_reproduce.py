"""A version is made again from what was recorded, on the shipped use cases and real folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crispml_core.adapters.compilers import SklearnModelCompiler
from crispml_core.adapters.libraries import library_versions
from crispml_core.adapters.sources import build_source
from crispml_core.adapters.volume.artefact_store import VolumeArtefactStore
from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from crispml_core.bootstrap.parts import codec_of
from crispml_core.bootstrap.scratch import scratch_in
from crispml_core.domain.datasets import Stage
from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.reproduction import AnswersCompared, Difference, Level, level_of
from crispml_core.pipelines.cycle import run_cycle
from crispml_core.pipelines.recorder import Recorder
from crispml_core.pipelines.reproduce import reproduce
from crispml_core.pipelines.requests import check_request
from crispml_core.pipelines.workplace import Workplace
from crispml_core.use_cases.loader import load_use_case

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[3] / "examples"
USE_CASES = {
    "german_credit": f"{EXAMPLES}/german_credit/use_case.py:german_credit",
    "telco_churn": f"{EXAMPLES}/telco_churn/use_case.yaml",
}


def stores_in(make_stores: Callable[..., Any], root: Path, **changes: Any) -> Any:
    stores = make_stores(
        open_source=lambda use_case, upload_id: build_source(use_case, {}, None),
        codec=codec_of,
        compiler=SklearnModelCompiler(),
        libraries=library_versions,
        project_aliases=lambda model: None,
        scratch=scratch_in(root),
    )
    return replace(
        stores,
        datasets=VolumeDataSetStore(root),
        artefacts=VolumeArtefactStore(root),
        models=VolumeModelRegistry(root),
        **changes,
    )


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {}


@pytest.fixture
def world(
    make_stores: Callable[..., Any],
    worlds: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
    tmp_path: Path,
) -> Callable[..., Any]:
    """Give a copy of a registry with one cycle of a use case."""

    def make(name: str, **wanted: Any) -> Any:
        use_case = load_use_case(USE_CASES[name])
        key = name + json.dumps(wanted, sort_keys=True)
        if key not in worlds:
            root = tmp_path_factory.mktemp(name)
            stores = stores_in(make_stores, root)
            parameters = check_request(
                use_case, "cycle", {"limit": 300, "seed": 7, **wanted}, stores
            )
            work = Workplace(use_case, stores, Recorder(name, stores.timings), "run-1")
            worlds[key] = (root, run_cycle(work, parameters))
        root, result = worlds[key]
        copy = tmp_path / "registry"
        shutil.copytree(root, copy)

        def again(version: str, **changes: Any) -> Any:
            stores = stores_in(make_stores, copy, **changes)
            check_request(use_case, "reproduce", {"model": name, "version": version}, stores)
            work = Workplace(use_case, stores, Recorder(name, stores.timings), "run-2")
            return reproduce(work, name, version)

        return SimpleNamespace(
            root=copy,
            use_case=use_case,
            stores=stores_in(make_stores, copy),
            versions=[entry["version"] for entry in result["versions"]],
            again=again,
        )

    return make


def files_of(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [("german_credit", "gradient_boosting"), ("telco_churn", "logistic_regression")],
)
def test_a_version_of_each_example_is_made_again_byte_by_byte(
    world: Any, name: str, algorithm: str
) -> None:
    found = world(name, algorithms=[algorithm])
    before = files_of(found.root)
    for version in found.versions:
        made = found.again(version)
        assert (made.level, made.differences) == (Level.IDENTICAL, ())
        assert made.files["model.skops"] is made.files["golden.json"] is True
        assert made.answers.different == made.answers.decisions == 0
        assert made.answers.records > 30
    assert files_of(found.root) == before  # nothing is published, nothing is left behind


def test_what_a_search_chose_is_made_again_without_the_search(world: Any) -> None:
    search = {"kind": "random", "folds": 2, "iterations": 2}
    found = world("german_credit", search=search, algorithms=["logistic_regression"])
    made = found.again(found.versions[0])
    assert made.level is Level.IDENTICAL


def planted(world: Any) -> Any:
    return world("german_credit", algorithms=["logistic_regression"])


def rewrite(found: Any, change: Callable[[dict[str, Any]], None]) -> None:
    (version,) = found.versions
    path = found.root / "models" / "german_credit" / version / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_another_library_is_told_and_makes_it_different(world: Any) -> None:
    found = planted(world)
    rewrite(found, lambda manifest: manifest["libraries"].update({"scikit-learn": "1.0"}))
    made = found.again(found.versions[0])
    assert made.level is Level.DIFFERENT
    (difference,) = made.differences
    assert difference.what == "library scikit-learn"
    assert (difference.recorded, difference.now) == ("1.0", library_versions()["scikit-learn"])
    assert all(made.files.values())  # which it says too


def test_another_definition_is_told(world: Any) -> None:
    found = planted(world)
    rewrite(found, lambda manifest: manifest.update(use_case_digest="0" * 64))
    made = found.again(found.versions[0])
    assert [difference.what for difference in made.differences] == ["use case digest"]
    assert made.level is Level.DIFFERENT


def test_another_hyperparameter_gives_other_answers(world: Any) -> None:
    found = planted(world)
    rewrite(found, lambda manifest: manifest["hyperparameters"].update(C=0.001))
    made = found.again(found.versions[0])
    assert made.level is Level.DIFFERENT
    assert not made.files["model.skops"]
    assert 0 < made.answers.different <= made.answers.records
    assert 0 < made.answers.largest_deviation < 1
    assert any(difference.what.startswith("kpi test") for difference in made.differences)


def test_other_rows_under_the_recorded_name_are_found(world: Any) -> None:
    found = planted(world)
    raw = found.stores.models.get("german_credit", found.versions[0]).lineage.raw
    dataset = found.stores.datasets.get(raw)
    table = found.stores.datasets.table(raw)
    part = found.root / "datasets" / raw / dataset.files[0].name
    place = table.schema.types.index(pa.int64(), 1)
    amounts = [value + 1 for value in table.column(place).to_pylist()]
    changed = table.set_column(place, table.schema.field(place), pa.array(amounts))
    pq.write_table(changed, part)

    # With the digest of before, the file is not what its manifest says.
    made = found.again(found.versions[0])
    assert made.level is Level.DIFFERENT
    assert made.differences[0].what == "raw data"
    assert made.answers is None

    # With a manifest that fits the file, the name still does not fit the rows.
    import hashlib

    path = found.root / "datasets" / raw / "manifest.json"
    manifest = json.loads(path.read_text())
    content = part.read_bytes()
    manifest["files"][0] |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    path.write_text(json.dumps(manifest))
    made = found.again(found.versions[0])
    assert made.level is Level.DIFFERENT
    told = [difference.what for difference in made.differences]
    assert told[0] == "raw data"
    assert "prepared data" in told


def test_raw_data_that_are_gone_are_told_before_a_run_is_queued(world: Any) -> None:
    found = planted(world)
    raw = found.stores.models.get("german_credit", found.versions[0]).lineage.raw
    shutil.rmtree(found.root / "datasets" / raw)
    with pytest.raises(InvalidInput, match="raw data set of the version is not in this registry"):
        found.again(found.versions[0])


def test_prepared_data_that_are_gone_are_no_obstacle_but_told(world: Any) -> None:
    found = planted(world)
    prepared = found.stores.models.get("german_credit", found.versions[0]).lineage.prepared
    shutil.rmtree(found.root / "datasets" / prepared)
    made = found.again(found.versions[0])
    assert made.level is Level.IDENTICAL


def test_an_unknown_version_is_not_found(world: Any) -> None:
    with pytest.raises(NotFound):
        planted(world).again("20200101-000000-abcdef01")


def test_a_cancelled_run_gives_no_verdict(world: Any) -> None:
    from crispml_core.domain.errors import RunCancelled

    found = planted(world)

    def cancelled(*given: Any) -> None:
        raise RunCancelled("cancelled")

    work = Workplace(
        found.use_case,
        found.stores,
        Recorder("german_credit", found.stores.timings, cancelled),
        "run-3",
    )
    with pytest.raises(RunCancelled):
        reproduce(work, "german_credit", found.versions[0])
    assert not [path for path in files_of(found.root) if ".staging" in path]


SAME = AnswersCompared(records=10, different=0, decisions=0, largest_deviation=0.0)


@pytest.mark.parametrize(
    ("files", "answers", "differences", "level"),
    [
        ({"a": True}, SAME, [], Level.IDENTICAL),
        ({"a": True, "b": False}, SAME, [], Level.SAME_ANSWERS),
        ({"a": True}, SAME, [Difference("kpi test auc", 1, 2)], Level.DIFFERENT),
        ({"a": False}, replace(SAME, different=1), [], Level.DIFFERENT),
        ({}, None, [], Level.DIFFERENT),
    ],
)
def test_the_level_follows_from_what_was_compared(
    files: Any, answers: Any, differences: Any, level: Level
) -> None:
    assert level_of(files, answers, differences) is level


def test_stages_have_the_names_of_the_lineage() -> None:
    assert {stage.value for stage in Stage} == {"raw", "prepared", "curated"}

"""ModelPersist packs a version that proves itself."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from crispml_core.domain.errors import InvalidInput
from crispml_core.methods.model_persist import GOLDEN_FILE, MODEL_FILE, ModelPersist, draft_version

NOW = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)


def test_a_package_holds_model_report_and_fifty_golden_records(toy, trained):
    package = ModelPersist(toy).run(
        trained.scorer, b"model bytes", {"report.json": b"{}"}, trained.prepared
    )
    assert set(package.files) == {MODEL_FILE, GOLDEN_FILE, "report.json"}
    golden = json.loads(package.files[GOLDEN_FILE])
    assert package.manifest.golden_rows == len(golden["records"]) == 50
    first = golden["records"][0]
    assert set(first) == set(toy.schema.names)
    assert isinstance(first["items"], int)
    assert sum(golden["probabilities"][0]) == pytest.approx(1)
    assert set(golden["decisions"]) <= {"yes", "no"}


def test_the_manifest_ties_the_version_to_everything_behind_it(toy, trained):
    manifest = draft_version(toy, trained.facts, b"model bytes", NOW)
    assert manifest.version.startswith("20260301-123015-")
    assert manifest.use_case_digest == toy.digest
    assert manifest.lineage == trained.facts.lineage
    assert manifest.classes == ("no", "yes")
    assert manifest.schema["record_key"] == "order_id"


def test_versions_sort_by_time_and_differ_by_content(toy, trained):
    early = draft_version(toy, trained.facts, b"a", NOW).version
    late = draft_version(toy, trained.facts, b"a", NOW + timedelta(seconds=1)).version
    other = draft_version(toy, trained.facts, b"b", NOW).version
    assert early < late
    assert early != other


def test_without_a_record_there_is_no_version(toy, trained):
    with pytest.raises(InvalidInput, match="golden"):
        ModelPersist(toy).run(trained.scorer, b"", {}, trained.prepared.head(0))

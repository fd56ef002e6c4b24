"""What every log of imported bundles does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crispml_core.domain.bundles import Approval, BundleImport

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def imports(stores):
    return stores.imports


@pytest.fixture
def record(stores):
    def make(bundle="b" * 64, version="v1", **changes):
        facts = {
            "model": "credit",
            "digest": "d" * 64,
            "environment": "qa",
            "imported_at": stores.clock(),
            "imported_by": "ann",
            "evidence": {"lineage": {"run": None}, "gates": [{"kpi": "auc", "value": 0.8}]},
        }
        return BundleImport(bundle=bundle, version=version, **facts | changes)

    return make


@pytest.fixture
def approval():
    def make(sequence=1, **changes):
        facts = {
            "model": "credit",
            "version": "v1",
            "digest": "d" * 64,
            "environment": "qa",
            "alias": "champion",
            "moved_at": NOON + timedelta(seconds=sequence),
            "moved_by": "bob",
            "reason": "good",
        }
        return Approval(sequence=sequence, **facts | changes)

    return make


def test_an_import_comes_back_as_it_was_given(imports, record, approval):
    kept = imports.add(record(), [approval(2), approval(1)])

    assert kept == record()
    assert imports.find() == [record()]
    assert imports.approvals("credit", "v1") == [
        approval(1, bundle="b" * 64),
        approval(2, bundle="b" * 64),
    ]


def test_the_same_bundle_again_changes_nothing(stores, imports, record, approval):
    first = imports.add(record(), [approval()])
    stores.clock.advance(10)

    assert imports.add(record(imported_by="eve"), [approval()]) == first
    assert len(imports.find()) == len(imports.approvals("credit", "v1")) == 1


def test_a_later_bundle_of_the_version_adds_what_is_new(imports, record, approval):
    imports.add(record(), [approval(1)])
    imports.add(record("c" * 64), [approval(1, bundle="elsewhere"), approval(2)])

    found = imports.approvals("credit", "v1")
    assert [(one.sequence, one.bundle[0]) for one in found] == [(1, "b"), (2, "c")]


def test_the_same_number_in_another_environment_is_another_move(imports, record, approval):
    imports.add(record(), [approval(1), approval(1, environment="dev")])

    assert [one.environment for one in imports.approvals("credit", "v1")] == ["dev", "qa"]


def test_imports_are_found_by_model_and_version_newest_first(stores, imports, record):
    for number in range(5):
        imports.add(record(f"{number}" * 64, version=f"v{number % 2}"), [])
        stores.clock.advance(number % 2)  # some at the same moment

    assert [one.bundle[0] for one in imports.find()] == ["4", "3", "2", "1", "0"]
    page = imports.find(limit=2)
    assert imports.find(limit=9, before=page[-1].bundle) == imports.find()[2:]
    assert [one.bundle[0] for one in imports.find(version="v1")] == ["3", "1"]
    assert imports.find(model="churn") == imports.find(before="nothing") == []


def test_a_version_that_nobody_imported_has_no_approvals(imports):
    assert imports.approvals("credit", "v9") == []

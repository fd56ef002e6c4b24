"""A bundle carries a version byte for byte, and the evidence about it."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from crispml_core.domain.errors import CrispMLError, NotFound
from crispml_core.serving.version_loader import VersionLoader

pytestmark = pytest.mark.slow


def test_a_version_comes_over_byte_for_byte_and_serves(approved, prod):
    outcome = prod.take_in(approved.content, imported_by="bob")

    here = {
        path.name: path.read_bytes()
        for path in (prod.folder / "models" / "toy" / approved.version).iterdir()
    }
    assert here == {
        name.removeprefix("version/"): data
        for name, data in approved.members.items()
        if name.startswith("version/")
    }
    assert (outcome.version, outcome.published) == (approved.version, True)
    assert outcome.digest == prod.stores.models.digest("toy", approved.version)
    assert [gate["passed"] for gate in outcome.gates] == [True]
    assert outcome.libraries == {}
    VersionLoader(prod.stores.models, prod.stores.codec).load(prod.use_case, approved.version)
    (record,) = prod.stores.imports.find()
    assert (record.bundle, record.imported_by) == (outcome.bundle, "bob")
    assert record.evidence["lineage"]["ids"]["run"] == "run-1"


def test_the_evidence_says_who_approved_what_why(approved, prod):
    (approval,) = prod.take_in(approved.content).approvals
    assert (approval.environment, approval.alias, approval.moved_by, approval.reason) == (
        *("qa", "champion", "ann", "approved in meeting 12"),
    )
    assert approval.digest == prod.stores.models.digest("toy", approved.version)


def test_the_same_content_gives_the_same_bytes_and_no_values_of_records(qa):
    version = qa.train()["best"]
    assert qa.export(version) == qa.export(version)
    lineage = json.loads(qa.members(qa.export(version))["lineage.json"])
    assert [dataset["stage"] for dataset in lineage["datasets"]] == ["raw", "prepared", "curated"]
    assert [dataset["profile"] for dataset in lineage["datasets"]] == [{}, {}, {}]


def test_to_import_twice_changes_nothing_and_a_later_bundle_adds_its_approvals(qa, prod):
    version = qa.train()["best"]
    first = qa.export(version)
    assert prod.take_in(first).published
    before = prod.leftovers()
    again = prod.take_in(first)
    assert (again.published, again.approvals) == (False, ())
    assert (prod.leftovers(), len(prod.stores.imports.find())) == (before, 1)
    qa.move("champion", version)
    later = prod.take_in(qa.export(version))
    assert (later.published, len(later.approvals)) == (False, 1)
    assert len(prod.stores.imports.find()) == 2


def test_of_many_imports_at_once_one_publishes_and_all_succeed(approved, environment):
    prod = environment("qa")
    barrier = threading.Barrier(4)

    def work(_):
        barrier.wait()
        return prod.take_in(approved.content)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(work, range(4)))
    assert sorted(outcome.published for outcome in outcomes) == [False, False, False, True]
    assert [path for path in prod.leftovers() if ".staging" in path] == []
    assert len(prod.stores.imports.find()) == 1


def test_what_came_along_goes_along(environment, prod):
    dev, qa = environment("dev"), environment("qa")
    version = dev.train()["best"]
    dev.move("champion", version)
    qa.take_in(dev.export(version))
    qa.move("champion", version)
    outcome = prod.take_in(qa.export(version))
    assert [approval.environment for approval in outcome.approvals] == ["dev", "qa"]
    lineage = prod.stores.imports.find()[0].evidence["lineage"]
    assert len(lineage["datasets"]) == 3


def test_a_damaged_version_is_not_exported(qa):
    version = qa.train()["best"]
    file = qa.folder / "models" / "toy" / version / "model.skops"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CrispMLError, match="not what its manifest says"):
        qa.bundles.export("toy", version)
    with pytest.raises(NotFound):
        qa.bundles.export("toy", "nothing")

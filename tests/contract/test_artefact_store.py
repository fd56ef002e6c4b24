"""What every artefact store does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crispml_core.adapters.volume.artefact_store import VolumeArtefactStore
from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.domain.models import Artefact, ArtefactKind
from crispml_core.testing.fakes.artefact_store import FakeArtefactStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["fake", "volume"])
def store(request, tmp_path):
    return FakeArtefactStore() if request.param == "fake" else VolumeArtefactStore(tmp_path / "r")


def artefact(name="m1", kind=ArtefactKind.MODEL, use_case="credit", minutes=0):
    return Artefact(
        id=name,
        kind=kind,
        use_case=use_case,
        created_at=NOON + timedelta(minutes=minutes),
        run_id="run-1",
        parents=("d1",),
        facts={"algorithm": "logistic", "threshold": 0.25},
    )


def test_a_published_artefact_comes_back_with_its_files(store):
    published = store.publish(artefact(), {"model.skops": b"\x00\xff", "notes.json": b"{}"})

    assert store.get("m1") == published
    assert [(file.name, file.size) for file in published.files] == [
        ("model.skops", 2),
        ("notes.json", 2),
    ]
    assert published.facts == {"algorithm": "logistic", "threshold": 0.25}
    assert store.read("m1", "model.skops") == b"\x00\xff"


def test_an_artefact_never_changes(store):
    store.publish(artefact(), {"model.skops": b"first"})

    with pytest.raises(Conflict):
        store.publish(artefact(), {"model.skops": b"second"})
    assert store.read("m1", "model.skops") == b"first"


def test_an_artefact_of_another_kind_is_not_found(store):
    store.publish(artefact(kind=ArtefactKind.CURATION), {})

    assert store.get("m1", ArtefactKind.CURATION).id == "m1"
    with pytest.raises(NotFound, match="no such model"):
        store.get("m1", ArtefactKind.MODEL)


def test_find_filters_and_gives_the_newest_first(store):
    store.publish(artefact("a", minutes=2), {})
    store.publish(artefact("b", minutes=3, kind=ArtefactKind.REPORT), {})
    store.publish(artefact("c", minutes=1), {})
    store.publish(artefact("d", minutes=4, use_case="churn"), {})

    assert [found.id for found in store.find()] == ["d", "b", "a", "c"]
    assert [found.id for found in store.find("credit", ArtefactKind.MODEL)] == ["a", "c"]


@pytest.mark.parametrize("name", ["nothing", "", "..", "../models", "a/b"])
def test_an_id_that_leads_nowhere_is_not_found(store, name):
    store.publish(artefact(), {})

    with pytest.raises(NotFound, match="no such artefact"):
        store.get(name)
    with pytest.raises(NotFound):
        store.read(name, "model.skops")


@pytest.mark.parametrize("file", ["other.skops", "", "manifest.json", "../m1/model.skops"])
def test_only_the_files_of_the_manifest_are_read(store, file):
    store.publish(artefact(), {"model.skops": b"x"})

    with pytest.raises(NotFound, match=r"known: model\.skops"):
        store.read("m1", file)

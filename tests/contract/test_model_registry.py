"""What every model registry does."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from crispml_core.domain.errors import (
    Conflict,
    InvalidInput,
    MalformedContent,
    NotFound,
    UntrustedSignature,
)
from crispml_core.domain.models import Lineage, ModelVersion
from crispml_core.testing.fakes.model_registry import FakeModelRegistry
from crispml_core.testing.fakes.signer import FakeSigner, FakeVerifier

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["fake", "volume"])
def registry(request, tmp_path):
    return FakeModelRegistry() if request.param == "fake" else VolumeModelRegistry(tmp_path / "r")


def manifest(model="credit", version="20260301-120000-0a1b2c3d", minutes=0):
    return ModelVersion(
        model=model,
        version=version,
        created_at=NOON + timedelta(minutes=minutes),
        use_case="credit",
        use_case_version="1",
        use_case_digest="d" * 64,
        task="binary",
        algorithm="logistic",
        hyperparameters={"C": 1.0, "max_iter": 500, "penalty": None},
        seed=0,
        classes=("good", "bad"),
        threshold=0.2,
        kpis={"select": {"auc": 0.78}, "test": {"auc": 0.77, "brier": None}},
        lineage=Lineage(
            raw="d1", prepared="d2", curated="d3", curation="a1", model="a2", report="a3", run="r1"
        ),
        libraries={"scikit-learn": "1.9"},
        trusted_types=("sklearn.tree._tree.Tree",),
        golden_rows=50,
        schema={"fields": [{"name": "age", "type": "integer"}]},
    )


def test_a_published_version_comes_back_with_its_files(registry):
    published = registry.publish(manifest(), {"model.skops": b"m", "golden.json": b"[]"}, "run-1")

    assert registry.get("credit", published.version) == published
    assert [file.name for file in published.files] == ["golden.json", "model.skops"]
    assert published.hyperparameters == {"C": 1.0, "max_iter": 500, "penalty": None}
    assert registry.read("credit", published.version, "model.skops") == b"m"


def test_a_version_never_changes(registry):
    version = registry.publish(manifest(), {"model.skops": b"first"}).version

    with pytest.raises(Conflict, match="exists"):
        registry.publish(manifest(), {"model.skops": b"second"})
    assert registry.read("credit", version, "model.skops") == b"first"


def test_models_are_sorted_and_versions_come_newest_first(registry):
    registry.publish(manifest(version="b", minutes=1), {})
    registry.publish(manifest(version="a", minutes=2), {})
    registry.publish(manifest(model="churn"), {})

    assert registry.models() == ["churn", "credit"]
    assert [found.version for found in registry.versions("credit")] == ["a", "b"]


@pytest.mark.parametrize("model", ["unknown", "", "..", "../datasets"])
def test_an_unknown_model_has_no_versions(registry, model):
    registry.publish(manifest(), {})

    assert registry.versions(model) == []
    with pytest.raises(NotFound, match="no such model version"):
        registry.get(model, manifest().version)


@pytest.mark.parametrize("version", ["unknown", "", ".", "../credit"])
def test_an_unknown_version_is_not_found(registry, version):
    registry.publish(manifest(), {})

    with pytest.raises(NotFound, match="no such model version"):
        registry.get("credit", version)


def test_only_the_files_of_the_manifest_are_read(registry):
    registry.publish(manifest(), {"model.skops": b"x"})

    with pytest.raises(NotFound, match=r"known: model\.skops"):
        registry.read("credit", manifest().version, "../other")


def test_an_empty_registry_has_no_models(registry):
    assert registry.models() == []


@pytest.mark.parametrize("name", ["../x", "A", "", "a/b"])
def test_a_name_that_cannot_be_a_folder_is_refused(registry, name):
    with pytest.raises(InvalidInput, match="must match"):
        registry.publish(manifest(model=name), {})
    with pytest.raises(InvalidInput, match="must match"):
        registry.publish(manifest(version=name), {})
    assert registry.models() == []


def test_a_digest_stands_for_every_byte_of_a_version(registry):
    files = {"model.skops": b"m", "golden.json": b"[]"}
    one = registry.publish(manifest(), files).version
    other = registry.publish(
        manifest(version="20260301-120000-ffffffff"), files | {"golden.json": b"[ ]"}
    ).version

    assert len(registry.digest("credit", one)) == 64
    assert registry.digest("credit", one) == registry.digest("credit", one)
    assert registry.digest("credit", one) != registry.digest("credit", other)
    with pytest.raises(NotFound):
        registry.digest("credit", "nothing")


def test_the_digest_on_a_volume_is_what_sha256sum_says_about_the_manifest(tmp_path):
    registry = VolumeModelRegistry(tmp_path)
    version = registry.publish(manifest(), {"model.skops": b"m"}).version

    content = (tmp_path / "models" / "credit" / version / "manifest.json").read_bytes()
    assert registry.digest("credit", version) == hashlib.sha256(content).hexdigest()


FILES = {"golden.json": b"[]", "model.skops": b"m" * 3_000_000}


@pytest.fixture
def sent(registry):
    """What another registry has: the manifest and the files of a version as bytes."""
    other = type(registry)() if isinstance(registry, FakeModelRegistry) else None
    if other is None:
        other = VolumeModelRegistry(registry._root.parent / "other")
    version = other.publish(manifest(), FILES).version
    files = {name: b"".join(other.chunks("credit", version, name)) for name in FILES}
    assert files == FILES
    return {**files, "manifest.json": other.manifest_bytes("credit", version)}


def receive(registry, sent):
    incoming = registry.receive("credit", manifest().version)
    for name, content in sent.items():
        incoming.write(name, [content[:1], content[1:]])
    return incoming


def test_a_version_arrives_byte_for_byte_and_is_seen_when_it_is_whole(registry, sent):
    incoming = receive(registry, sent)

    staged = incoming.get("credit", manifest().version)
    assert incoming.read("credit", staged.version, "golden.json") == b"[]"
    assert registry.models() == []
    assert incoming.publish()
    assert registry.get("credit", staged.version) == staged
    assert registry.manifest_bytes("credit", staged.version) == sent["manifest.json"]
    assert registry.read("credit", staged.version, "model.skops") == FILES["model.skops"]


def test_a_large_file_leaves_in_pieces(tmp_path):
    registry = VolumeModelRegistry(tmp_path)
    version = registry.publish(manifest(), FILES).version

    sizes = [len(chunk) for chunk in registry.chunks("credit", version, "model.skops")]
    assert sum(sizes) == 3_000_000
    assert max(sizes) <= 1 << 20


def test_the_same_version_may_arrive_again_but_not_another_of_its_name(registry, sent):
    assert receive(registry, sent).publish()
    assert not receive(registry, sent).publish()

    with pytest.raises(Conflict, match="other bytes"):
        receive(registry, {**sent, "manifest.json": sent["manifest.json"] + b" "}).publish()


@pytest.mark.parametrize(
    "changed",
    [{"manifest.json": b"{}"}, {"golden.json": b"[ ]"}, {"more.json": b"1"}, {"golden.json": b""}],
)
def test_files_that_do_not_fit_their_manifest_are_found(registry, sent, changed):
    incoming = receive(registry, {**sent, **changed})
    with pytest.raises(MalformedContent):
        incoming.get("credit", manifest().version)
    incoming.discard()
    assert registry.models() == []


def test_a_file_that_comes_twice_or_a_manifest_of_another_version_is_refused(registry, sent):
    incoming = receive(registry, sent)
    with pytest.raises(MalformedContent, match="twice"):
        incoming.write("golden.json", [b"[]"])
    with pytest.raises(MalformedContent, match="another version"):
        incoming.get("credit", "v2")
    with pytest.raises(InvalidInput):
        registry.receive("credit", "../v1")


@pytest.fixture(params=["fake", "volume"])
def signed(request, tmp_path):
    """A registry that signs, what it trusts, and how to open it again with another signer."""
    verifier = FakeVerifier([FakeSigner("old")])
    if request.param == "fake":
        registry = FakeModelRegistry(FakeSigner("old"), verifier)

        def again(signer):
            registry.signer = signer
            return registry

        return registry, verifier, again

    def opened(signer):
        return VolumeModelRegistry(tmp_path / "r", signer, verifier)

    return opened(FakeSigner("old")), verifier, opened


def test_a_version_is_signed_when_it_is_published(signed):
    registry, verifier, _ = signed
    version = registry.publish(manifest(), FILES).version

    signature = registry.signature("credit", version)
    assert signature.key_id == FakeSigner("old").key_id
    verifier.verify(registry.manifest_bytes("credit", version), signature)
    assert registry.get("credit", version).files


def test_without_signatures_none_is_asked_for(registry):
    version = registry.publish(manifest(), FILES).version
    assert registry.signature("credit", version) is None
    assert registry.raw_digest("credit", version) == registry.digest("credit", version)


READERS = {
    "get": lambda registry, version: registry.get("credit", version),
    "digest": lambda registry, version: registry.digest("credit", version),
    "signature": lambda registry, version: registry.signature("credit", version),
    "read": lambda registry, version: registry.read("credit", version, "golden.json"),
    "chunks": lambda registry, version: list(registry.chunks("credit", version, "golden.json")),
    "manifest_bytes": lambda registry, version: registry.manifest_bytes("credit", version),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_nobody_reads_a_version_that_is_not_signed(signed, reader):
    registry, _, again = signed
    version = again(None).publish(manifest(), FILES).version
    registry = again(FakeSigner("old"))

    with pytest.raises(UntrustedSignature, match="not signed"):
        reader(registry, version)
    assert registry.versions("credit") == []
    assert len(registry.raw_digest("credit", version)) == 64


def test_a_version_is_not_used_after_its_key_lost_the_trust(signed):
    registry, verifier, again = signed
    before = registry.publish(manifest(), FILES).version
    verifier.trusted |= {(new := FakeSigner("new")).key_id: new}
    after = again(new).publish(manifest(version="later"), FILES).version
    registry = again(new)
    assert [found.version for found in registry.versions("credit")] == [after, before]

    old = verifier.trusted.pop(FakeSigner("old").key_id)

    with pytest.raises(UntrustedSignature, match="not trusted"):
        registry.get("credit", before)
    assert registry.get("credit", after).version == after
    verifier.trusted[old.key_id] = old
    assert registry.get("credit", before).version == before


def test_a_version_is_signed_anew_if_it_is_the_one_that_was_meant(signed):
    _, _, again = signed
    version = again(None).publish(manifest(), FILES).version
    registry = again(FakeSigner("old"))
    digest = registry.raw_digest("credit", version)

    with pytest.raises(Conflict, match="look at it again"):
        registry.sign("credit", version, "0" * 64)
    registry.sign("credit", version, digest)

    assert registry.digest("credit", version) == digest
    with pytest.raises(NotFound):
        registry.sign("credit", "unknown", digest)


def test_a_version_that_arrives_is_signed_here_and_brings_no_signature(signed, tmp_path):
    registry, _, _ = signed
    other = VolumeModelRegistry(tmp_path / "other")
    version = other.publish(manifest(), FILES).version
    sent = {**FILES, "manifest.json": other.manifest_bytes("credit", version)}

    incoming = receive(registry, sent)
    with pytest.raises(MalformedContent):
        incoming.write("signature.json", [b"{}"])
    assert incoming.publish()

    assert registry.signature("credit", version).key_id == FakeSigner("old").key_id


def test_the_same_version_that_arrives_again_gets_the_signature_it_lacks(signed, tmp_path):
    _, _, again = signed
    version = again(None).publish(manifest(), FILES).version
    other = VolumeModelRegistry(tmp_path / "other")
    other.publish(manifest(), FILES)
    registry = again(FakeSigner("old"))
    content = other.manifest_bytes("credit", version)
    if registry.raw_digest("credit", version) != hashlib.sha256(content).hexdigest():
        content = msgspec.json.encode(registry._stored["credit", version][0])

    assert not receive(registry, {**FILES, "manifest.json": content}).publish()
    assert registry.get("credit", version).version == version

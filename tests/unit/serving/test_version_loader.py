"""A version is loaded only when it is what it says and says what it said."""

from dataclasses import replace

import msgspec
import pytest

from crispml_core.adapters.skops.codec import SkopsModelCodec
from crispml_core.domain.errors import NotFound, NotReady, RegistryDamaged
from crispml_core.domain.golden import GoldenRecords
from crispml_core.domain.identifiers import utc_now
from crispml_core.methods.model_persist import GOLDEN_FILE, MODEL_FILE, ModelPersist, draft_version
from crispml_core.serving.pipeline_scorer import PipelineScorer
from crispml_core.serving.version_loader import VersionLoader
from crispml_core.testing.fakes.model_registry import FakeModelRegistry


@pytest.fixture(scope="module")
def codec():
    return SkopsModelCodec(())


@pytest.fixture
def package(toy, trained, codec):
    """A version of the toy use case as ModelPersist packs it."""
    content, types = codec.dumps(trained.pipeline)
    draft = draft_version(toy, replace(trained.facts, trusted_types=types), content, utc_now())
    scorer = PipelineScorer(toy, draft, trained.pipeline)
    return ModelPersist(toy).run(scorer, content, {}, trained.prepared)


def load(toy, codec, manifest, files):
    registry = FakeModelRegistry()
    registry.publish(manifest, files)
    return VersionLoader(registry, lambda use_case: codec).load(toy, manifest.version)


def golden_of(package):
    return msgspec.json.decode(package.files[GOLDEN_FILE], type=GoldenRecords)


def with_golden(package, golden):
    return dict(package.files) | {GOLDEN_FILE: msgspec.json.encode(golden)}


def test_a_version_that_reproduces_itself_is_loaded(toy, codec, package):
    scorer = load(toy, codec, package.manifest, package.files)
    assert scorer.manifest.version == package.manifest.version


def test_an_unknown_version_is_not_found(toy, codec):
    with pytest.raises(NotFound):
        VersionLoader(FakeModelRegistry(), lambda use_case: codec).load(toy, "v1")


def test_another_definition_of_the_use_case_is_refused(toy, codec, package):
    with pytest.raises(NotReady, match="another definition of toy"):
        load(replace(toy, digest="e" * 64), codec, package.manifest, package.files)


def test_other_answers_than_the_golden_ones_are_refused(toy, codec, package):
    golden = golden_of(package)
    first = tuple(golden.probabilities[0][::-1])
    altered = replace(golden, probabilities=(first, *golden.probabilities[1:]))
    with pytest.raises(NotReady, match="golden record 0: a probability differs"):
        load(toy, codec, package.manifest, with_golden(package, altered))


def test_golden_records_that_are_not_json_are_damage(toy, codec, package):
    files = dict(package.files) | {GOLDEN_FILE: b'{"records": ['}
    with pytest.raises(RegistryDamaged, match="not readable"):
        load(toy, codec, package.manifest, files)


def test_golden_records_that_break_the_schema_are_damage(toy, codec, package):
    golden = golden_of(package)
    first = golden.records[0] | {"amount": "canary"}
    altered = replace(golden, records=(first, *golden.records[1:]))
    with pytest.raises(RegistryDamaged, match="does not hold the golden records") as caught:
        load(toy, codec, package.manifest, with_golden(package, altered))
    assert "canary" not in caught.value.message


def test_a_version_without_golden_records_proves_nothing(toy, codec, package):
    empty = GoldenRecords(records=(), decisions=(), probabilities=())
    with pytest.raises(RegistryDamaged, match="does not hold the golden records"):
        load(toy, codec, package.manifest, with_golden(package, empty))


def test_a_model_file_of_other_bytes_is_damage(toy, codec, package):
    files = dict(package.files) | {MODEL_FILE: b"not a model"}
    with pytest.raises(RegistryDamaged):
        load(toy, codec, package.manifest, files)


def test_a_damaged_file_of_the_registry_is_told_as_such(toy, codec, package):
    class Damaged(FakeModelRegistry):
        def read(self, model, version, file):
            raise RegistryDamaged(f"{file} is not what the manifest says")

    registry = Damaged()
    registry.publish(package.manifest, package.files)
    with pytest.raises(RegistryDamaged, match=MODEL_FILE):
        VersionLoader(registry, lambda use_case: codec).load(toy, package.manifest.version)

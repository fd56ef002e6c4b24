"""A version is loaded only when it is what it says and says what it said."""

from dataclasses import replace

import msgspec
import pytest

from crispml_core.adapters.compilers import SklearnModelCompiler
from crispml_core.adapters.skops.codec import SkopsModelCodec
from crispml_core.domain.compiled import CompiledForm
from crispml_core.domain.errors import NotFound, NotReady, RegistryDamaged
from crispml_core.domain.golden import GoldenRecords
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.version_files import COMPILED_FILE, GOLDEN_FILE, MODEL_FILE
from crispml_core.methods.model_persist import ModelPersist, draft_version
from crispml_core.serving.compiled.encoding import decode_plan, encode_plan
from crispml_core.serving.compiled.scorer import CompiledScorer
from crispml_core.serving.pipeline_scorer import PipelineScorer
from crispml_core.serving.version_loader import VersionLoader
from crispml_core.tables.compiled_form import Candidate
from crispml_core.tables.features import features
from crispml_core.testing.fakes.model_registry import FakeModelRegistry


@pytest.fixture(scope="module")
def codec():
    return SkopsModelCodec(())


@pytest.fixture
def pack(toy, trained, codec):
    """A version of the toy use case as ModelPersist packs it, compiled or not."""

    def run(*, compiled):
        content, types = codec.dumps(trained.pipeline)
        draft = draft_version(toy, replace(trained.facts, trusted_types=types), content, utc_now())
        form = "nobody compiled it"
        if compiled:
            training = features(toy, trained.prepared)
            plan = SklearnModelCompiler().compile(toy, trained.pipeline, training)
            form = Candidate(CompiledScorer(toy, draft, plan), encode_plan(plan))
        scorer = PipelineScorer(toy, draft, trained.pipeline)
        return ModelPersist(toy).run(scorer, content, {}, trained.prepared, form)

    return run


@pytest.fixture(params=["compiled", "scikit-learn"])
def package(request, pack):
    """Both ways to serve."""
    return pack(compiled=request.param == "compiled")


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


def test_a_compiled_version_does_not_touch_its_pipeline(toy, pack):
    package = pack(compiled=True)
    files = {COMPILED_FILE: b"", **package.files, MODEL_FILE: b"not a model"}
    scorer = load(toy, None, package.manifest, files)
    assert scorer.is_fast
    assert scorer.plan.kind == "linear"
    assert scorer.size_bytes > 0


def test_a_version_without_a_compiled_form_answers_by_its_pipeline(toy, codec, pack):
    package = pack(compiled=False)
    scorer = load(toy, codec, package.manifest, package.files)
    assert (scorer.is_fast, scorer.plan) == (False, None)
    assert scorer.size_bytes > len(package.files[MODEL_FILE])


@pytest.mark.parametrize("file", [MODEL_FILE, COMPILED_FILE])
def test_a_model_file_of_other_bytes_is_damage(toy, codec, pack, file):
    package = pack(compiled=file == COMPILED_FILE)
    files = dict(package.files) | {file: b"not a model"}
    with pytest.raises(RegistryDamaged):
        load(toy, codec, package.manifest, files)


def test_a_plan_of_another_kind_than_its_manifest_is_damage(toy, codec, pack):
    package = pack(compiled=True)
    manifest = replace(package.manifest, compiled=CompiledForm(kind="trees"))
    with pytest.raises(RegistryDamaged, match="another kind"):
        load(toy, codec, manifest, package.files)


def test_golden_records_that_are_refused_here_are_told(toy, codec, pack):
    """The plan refuses a channel that the version knew when it was made."""
    package = pack(compiled=True)
    plan = decode_plan(package.files[COMPILED_FILE])
    columns = tuple(
        replace(column, lookup=replace(column.lookup, unknown=None)) if column.lookup else column
        for column in plan.columns
    )
    files = dict(package.files) | {COMPILED_FILE: encode_plan(replace(plan, columns=columns))}
    with pytest.raises(NotReady, match=r"does not reproduce itself here: .* field channel"):
        load(toy, codec, package.manifest, files)


def test_a_missing_library_is_named(toy, pack):
    def codec(use_case):
        raise ModuleNotFoundError("No module named 'skops'", name="skops")

    package = pack(compiled=False)
    registry = FakeModelRegistry()
    registry.publish(package.manifest, package.files)
    with pytest.raises(NotReady, match="needs the library skops, which is not installed here"):
        VersionLoader(registry, codec).load(toy, package.manifest.version)


def test_a_damaged_file_of_the_registry_is_told_as_such(toy, codec, package):
    class Damaged(FakeModelRegistry):
        def read(self, model, version, file):
            raise RegistryDamaged(f"{file} is not what the manifest says")

    registry = Damaged()
    registry.publish(package.manifest, package.files)
    with pytest.raises(RegistryDamaged, match="is not what the manifest says"):
        VersionLoader(registry, lambda use_case: codec).load(toy, package.manifest.version)

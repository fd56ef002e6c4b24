"""A process that serves a linear model imports no library of data frames or models."""

import subprocess
import sys
from dataclasses import replace

import msgspec
import pytest

from crispml_core.adapters.compilers import SklearnModelCompiler
from crispml_core.methods.model_persist import ModelPersist
from crispml_core.serving.compiled.encoding import encode_plan
from crispml_core.serving.compiled.scorer import CompiledScorer
from crispml_core.tables.compiled_form import Candidate
from crispml_core.tables.features import features

HEAVY = ("matplotlib", "numpy", "onnxruntime", "pandas", "pyarrow", "scipy", "skops", "sklearn")

SERVE = """
import sys
from pathlib import Path
import msgspec
for name in {heavy!r}:
    sys.modules[name] = None  # an import fails
from crispml_core import Algorithm, Derive, Field, Segment, Target, UseCase
from crispml_core.domain.models import ModelVersion
from crispml_core.serving.version_loader import VersionLoader

class Registry:
    def get(self, model, version):
        return msgspec.json.decode((folder / "manifest.json").read_bytes(), type=ModelVersion)
    def read(self, model, version, file):
        return (folder / file).read_bytes()

folder = Path(sys.argv[1])
toy = UseCase(
    name="toy",
    record_key="order_id",
    fields=msgspec.json.decode((folder / "fields.json").read_bytes(), type=tuple[Field, ...]),
    target=Target("returned", "binary", values=("no", "yes"), positive="yes"),
    source=None,
    prepare=(Derive("price", "amount / items"),),
    algorithms=(Algorithm(name="linear", curate=list, estimator=list),),
    segments=(Segment("channel"), Segment("size", field="amount", bins=(100, 500))),
    digest="d" * 64,
)
scorer = VersionLoader(Registry(), None).load(toy, "any")
print(scorer.answer_rows([("O-1", 120.0, 3, "web", None)]).probabilities[0])
"""


@pytest.fixture
def published(toy, trained, tmp_path):
    """A compiled version of the toy use case in a folder."""
    plan = SklearnModelCompiler().compile(toy, trained.pipeline, features(toy, trained.prepared))
    scorer = CompiledScorer(toy, trained.scorer.manifest, plan)
    package = ModelPersist(toy).run(
        trained.scorer, b"", {}, trained.prepared, Candidate(scorer, encode_plan(plan))
    )
    for file, content in package.files.items():
        (tmp_path / file).write_bytes(content)
    (tmp_path / "manifest.json").write_bytes(msgspec.json.encode(replace(package.manifest)))
    (tmp_path / "fields.json").write_bytes(msgspec.json.encode(toy.fields))
    return tmp_path, scorer


def test_a_linear_version_is_loaded_proved_and_served_without_them(published):
    folder, scorer = published
    code = SERVE.format(heavy=HEAVY)
    found = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    wanted = scorer.answer_rows([("O-1", 120.0, 3, "web", None)]).probabilities[0]
    assert float(found.stdout) == wanted

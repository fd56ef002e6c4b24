"""Loading a model version so that it may answer."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from crispml_core.domain.errors import NotReady, RegistryDamaged
from crispml_core.domain.golden import GoldenRecords, deviation
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.use_case import UseCase
from crispml_core.methods.model_persist import GOLDEN_FILE, MODEL_FILE
from crispml_core.ports.model_codec import ModelCodec
from crispml_core.ports.model_registry import ModelRegistry
from crispml_core.serving.pipeline_scorer import PipelineScorer
from crispml_core.tables.frames import to_frame
from crispml_core.tables.golden import golden_answers
from crispml_core.tables.records import from_records


class VersionLoader:
    """Reads versions from the registry and lets none through that does not reproduce itself."""

    def __init__(self, registry: ModelRegistry, codec: Callable[[UseCase], ModelCodec]) -> None:
        self._registry, self._codec = registry, codec

    def load(self, use_case: UseCase, version: str) -> PipelineScorer:
        """Load a version of a use case's model.

        Raises
        ------
        NotFound
            If there is no such version.
        NotReady
            If it was trained with another definition of the use case, or does not reproduce its
            golden records here.
        RegistryDamaged
            If a file is not what the manifest says.
        """
        manifest = self._registry.get(use_case.name, version)
        if manifest.use_case_digest != use_case.digest:
            raise NotReady(
                f"version {version} was trained with another definition of {use_case.name}; "
                "deploy the same definition to both services, or train a new version"
            )
        content = self._registry.read(use_case.name, version, MODEL_FILE)
        pipeline = self._codec(use_case).loads(content, manifest.trusted_types)
        scorer = PipelineScorer(use_case, manifest, pipeline)
        self._prove(use_case, manifest, scorer)
        return scorer

    def _prove(self, use_case: UseCase, manifest: ModelVersion, scorer: PipelineScorer) -> None:
        content = self._registry.read(use_case.name, manifest.version, GOLDEN_FILE)
        try:
            golden = msgspec.json.decode(content, type=GoldenRecords)
        except msgspec.DecodeError as error:
            raise RegistryDamaged(f"{GOLDEN_FILE} of {manifest.version} is not readable") from error
        batch, findings = from_records(golden.records, use_case.schema)
        if findings or len(golden.records) != manifest.golden_rows:
            raise RegistryDamaged(
                f"{GOLDEN_FILE} of {manifest.version} does not hold the golden records"
            )
        found = golden_answers(use_case, scorer, to_frame(batch, use_case.schema))
        reason = deviation(golden, found)
        if reason is not None:
            raise NotReady(f"version {manifest.version} does not reproduce itself here: {reason}")

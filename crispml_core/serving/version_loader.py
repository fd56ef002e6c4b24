"""Loading a model version so that it may answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from crispml_core.domain.errors import CrispMLError, InvalidRecords, NotReady, RegistryDamaged
from crispml_core.domain.golden import GoldenRecords, deviation
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.use_case import UseCase
from crispml_core.domain.version_files import COMPILED_FILE, GOLDEN_FILE, MODEL_FILE
from crispml_core.ports.model_codec import ModelCodec
from crispml_core.ports.model_registry import VersionFiles
from crispml_core.ports.scorer import Scorer
from crispml_core.serving.compiled.encoding import decode_plan
from crispml_core.serving.compiled.scorer import CompiledScorer
from crispml_core.serving.pipeline_scorer import PipelineScorer
from crispml_core.serving.seeing import as_seen_by, shown
from crispml_core.tables.golden import golden_answers


class VersionLoader:
    """Reads versions from the registry and lets none through that does not reproduce itself.

    A version with a compiled form is loaded from that alone; its pipeline is not touched.

    Parameters
    ----------
    registry : VersionFiles
        Where the versions are.
    codec : callable
        Gives the codec that may restore the types of a use case; asked only for a version without
        a compiled form.
    """

    def __init__(self, registry: VersionFiles, codec: Callable[[UseCase], ModelCodec]) -> None:
        self._registry, self._codec = registry, codec

    def load(self, use_case: UseCase, version: str) -> Scorer:
        """Load a version of a use case's model.

        Raises
        ------
        NotFound
            If there is no such version.
        NotReady
            If it was trained with another definition of the use case, does not reproduce its
            golden records here, or needs a library that is not installed.
        RegistryDamaged
            If a file is not what the manifest says.
        """
        manifest = self._registry.get(use_case.name, version)
        if manifest.use_case_digest != use_case.digest:
            raise NotReady(
                f"version {version} was trained with another definition of {use_case.name}; "
                "deploy the same definition to both services, or train a new version"
            )
        seen = as_seen_by(use_case, manifest)
        try:
            scorer = self._restore(seen, manifest)
            self._prove(seen, manifest, scorer)
        except ImportError as error:
            raise NotReady(
                f"version {version} needs the library {error.name}, which is not installed here"
            ) from error
        return shown(use_case, seen, scorer)

    def load_every_form(self, use_case: UseCase, version: str) -> Scorer:
        """Load what serves, and see that the pipeline behind it loads and proves itself too.

        For a version that comes from elsewhere. The errors are those of `load`.
        """
        scorer = self.load(use_case, version)
        if scorer.manifest.compiled.kind is not None:
            seen = as_seen_by(use_case, scorer.manifest)
            pipeline = self._restore_pipeline(seen, scorer.manifest)
            try:
                self._prove(seen, scorer.manifest, pipeline)
            except NotReady as error:
                raise NotReady(f"{MODEL_FILE}: {error.message}") from error
        return scorer

    def _restore(self, use_case: UseCase, manifest: ModelVersion) -> Scorer:
        if manifest.compiled.kind is not None:
            content = self._registry.read(use_case.name, manifest.version, COMPILED_FILE)
            with _naming(COMPILED_FILE, manifest):
                plan = decode_plan(content)
                if plan.kind != manifest.compiled.kind:
                    raise RegistryDamaged("it is of another kind than its manifest")
                return CompiledScorer(use_case, manifest, plan)
        return self._restore_pipeline(use_case, manifest)

    def _restore_pipeline(self, use_case: UseCase, manifest: ModelVersion) -> PipelineScorer:
        content = self._registry.read(use_case.name, manifest.version, MODEL_FILE)
        with _naming(MODEL_FILE, manifest):
            pipeline = self._codec(use_case).loads(content, manifest.trusted_types)
        # In memory a pipeline takes about twice its file.
        return PipelineScorer(use_case, manifest, pipeline, size_bytes=2 * len(content))

    def _prove(self, use_case: UseCase, manifest: ModelVersion, scorer: Scorer) -> None:
        content = self._registry.read(use_case.name, manifest.version, GOLDEN_FILE)
        try:
            golden = msgspec.json.decode(content, type=GoldenRecords)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise RegistryDamaged(f"{GOLDEN_FILE} of {manifest.version} is not readable") from error
        damage = RegistryDamaged(
            f"{GOLDEN_FILE} of {manifest.version} does not hold the golden records"
        )
        if not golden.records or len(golden.records) != manifest.golden_rows:
            raise damage
        try:
            found = golden_answers(use_case, scorer, golden.records)
        except InvalidRecords:
            raise damage from None
        except CrispMLError as error:
            reason: str | None = error.message
        else:
            reason = deviation(golden, found, manifest.compiled.tolerance)
        if reason is not None:
            raise NotReady(f"version {manifest.version} does not reproduce itself here: {reason}")


@contextmanager
def _naming(file: str, manifest: ModelVersion) -> Iterator[None]:
    """Say of which file a finding is."""
    try:
        yield
    except RegistryDamaged as error:
        raise RegistryDamaged(f"{file} of {manifest.version}: {error.message}") from error

"""Method 6, CRISP-DM *plan deployment*.

In come a fitted model, its report and where they come from, out goes the package of an immutable
version: the manifest and the files beside it. Golden records, with the answers that this very model
gives to them, are part of the package. A compiled form of the model becomes what serves, if it
answers like the model itself. Storing the package is the business of the registry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from crispml_core.domain.compiled import CompiledForm
from crispml_core.domain.errors import InvalidInput, UseCaseError
from crispml_core.domain.identifiers import version_name
from crispml_core.domain.models import Lineage, ModelVersion
from crispml_core.domain.use_case import UseCase
from crispml_core.domain.version_files import COMPILED_FILE, GOLDEN_FILE, MODEL_FILE, REFERENCE_FILE
from crispml_core.governance.stand_ins import nobodys
from crispml_core.ports.scorer import Scorer
from crispml_core.tables.compiled_form import Candidate, judge
from crispml_core.tables.golden import golden_answers, rows_of

if TYPE_CHECKING:
    import pandas as pd

GOLDEN_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known about a fitted model, besides its bytes.

    Parameters
    ----------
    kpis : dict
        KPIs by split, ``select`` and ``test``.
    libraries : dict
        Versions of Python and of the libraries that a prediction depends on.
    trusted_types : tuple of str
        The types inside the bytes.
    conformal : dict or None
        The fitted table behind intervals and label sets.
    trained_by : tuple of str
        Who asked for the runs that fit and publish it; empty when that is not known of all.
    """

    algorithm: str
    hyperparameters: dict[str, Any]
    seed: int
    threshold: float | None
    kpis: dict[str, dict[str, Any]]
    libraries: dict[str, str]
    trusted_types: tuple[str, ...]
    lineage: Lineage
    conformal: dict[str, Any] | None = None
    trained_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A version that is ready to be published: its manifest and its files by name."""

    manifest: ModelVersion
    files: Mapping[str, bytes]


def draft_version(
    use_case: UseCase, facts: ModelFacts, model: bytes, created_at: datetime
) -> ModelVersion:
    """Return the manifest that a version of these bytes gets, without files and golden records.

    The method needs it before it runs: the scorer that answers the golden records carries it.
    """
    identity = hashlib.sha256(model)
    identity.update(msgspec.json.encode(facts, order="deterministic"))
    return ModelVersion(
        model=use_case.name,
        version=version_name(created_at, identity.hexdigest()),
        created_at=created_at,
        use_case=use_case.name,
        use_case_version=use_case.version,
        use_case_digest=use_case.digest,
        task=use_case.target.task,
        algorithm=facts.algorithm,
        hyperparameters=facts.hyperparameters,
        seed=facts.seed,
        classes=use_case.target.classes,
        threshold=facts.threshold,
        kpis=facts.kpis,
        lineage=facts.lineage,
        libraries=facts.libraries,
        trusted_types=facts.trusted_types,
        golden_rows=0,
        schema=msgspec.to_builtins(use_case.schema),
        conformal=facts.conformal,
        trained_by=facts.trained_by,
        masked=use_case.privacy.training,
    )


class ModelPersist:
    """Pack a model version."""

    def __init__(self, use_case: UseCase) -> None:
        self._use_case = use_case

    def run(
        self,
        scorer: Scorer,
        model: bytes,
        report: Mapping[str, bytes],
        test: pd.DataFrame,
        compiled: Candidate | str,
        train: pd.DataFrame | None = None,
    ) -> ModelPackage:
        """Pack a version.

        Parameters
        ----------
        scorer : Scorer
            The model as it was read back from `model`, under the manifest of `draft_version`.
        model : bytes
            The serialised pipeline.
        report : mapping
            Files of the training report by name.
        test : DataFrame
            Raw records that the model has not seen. The compiled form must answer all of them as
            `scorer` does; the first `GOLDEN_ROWS` become golden, with made-up values in place of
            private ones.
        compiled : Candidate or str
            The compiled form of the model, or why there is none.
        train : DataFrame, optional
            Prepared records that the model was fitted on. Their distribution, and that of what the
            model answers to `test`, is what drift is measured from; without them it is not.

        Raises
        ------
        InvalidInput
            If there is no record to be golden.
        """
        if test.empty:
            raise InvalidInput("a version needs at least one golden record, test is empty")
        # pandas comes with the records; a process that only reads this module does without.
        from crispml_core.tables.json_rows import to_records

        schema = self._use_case.schema
        records = nobodys(schema, to_records(test.head(GOLDEN_ROWS), schema))
        form = self._judge(scorer, compiled, test, records)
        files = {MODEL_FILE: model, **report}
        if isinstance(compiled, Candidate) and form.kind is not None:
            scorer = compiled.scorer
            files[COMPILED_FILE] = compiled.content
        golden = golden_answers(self._use_case, scorer, records)
        if train is not None:
            files[REFERENCE_FILE] = self._reference(scorer, train, test)
        return ModelPackage(
            manifest=replace(scorer.manifest, golden_rows=len(records), compiled=form),
            files={**files, GOLDEN_FILE: msgspec.json.encode(golden)},
        )

    def _reference(self, scorer: Scorer, train: pd.DataFrame, test: pd.DataFrame) -> bytes:
        """Freeze the cells that drift is counted in, and what was in them."""
        from crispml_core.monitoring.drift.records import reference_of_records
        from crispml_core.tables.frames import to_batch
        from crispml_core.tables.schema import arrow_schema
        from crispml_core.tables.segments import segment_groups

        schema = arrow_schema(self._use_case.schema)
        reference = reference_of_records(
            self._use_case,
            to_batch(train, schema),
            train[self._use_case.target.name],
            segment_groups(self._use_case, train),
            scorer.answer_columns(to_batch(test, schema)),
        )
        return reference.to_bytes()

    def _judge(
        self,
        scorer: Scorer,
        compiled: Candidate | str,
        test: pd.DataFrame,
        records: list[dict[str, Any]],
    ) -> CompiledForm:
        """Compare the compiled form with scikit-learn, row by row and column by column."""
        if isinstance(compiled, str):
            return CompiledForm(reason=compiled)
        from crispml_core.tables.frames import to_batch
        from crispml_core.tables.schema import arrow_schema

        batch = to_batch(test, arrow_schema(self._use_case.schema))
        rows = rows_of(self._use_case.schema, records)
        try:
            pairs = (
                (scorer.answer_rows(rows), compiled.scorer.answer_rows(rows)),
                (scorer.answer_columns(batch), compiled.scorer.answer_columns(batch)),
            )
        except UseCaseError as error:
            return CompiledForm(reason=f"one of both refuses a record: {error.message}")
        return judge(compiled, pairs)

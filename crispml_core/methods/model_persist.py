"""Method 6, CRISP-DM *plan deployment*.

In come a fitted model, its report and where they come from, out goes the package of an immutable
version: the manifest and the files beside it. Golden records, with the answers that this very model
gives to them, are part of the package. Storing it is the business of the registry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
import pandas as pd

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.identifiers import version_name
from crispml_core.domain.models import Lineage, ModelVersion
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.scorer import Scorer
from crispml_core.tables.golden import golden_answers

GOLDEN_ROWS = 50
MODEL_FILE, REPORT_FILE, REPORT_PAGE, GOLDEN_FILE = (
    "model.skops",
    "report.json",
    "report.html",
    "golden.json",
)


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
    """

    algorithm: str
    hyperparameters: dict[str, Any]
    seed: int
    threshold: float | None
    kpis: dict[str, dict[str, Any]]
    libraries: dict[str, str]
    trusted_types: tuple[str, ...]
    lineage: Lineage


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
        golden: pd.DataFrame,
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
        golden : DataFrame
            Raw records, of which the first `GOLDEN_ROWS` become golden.

        Raises
        ------
        InvalidInput
            If there is no record to be golden.
        """
        records = golden.head(GOLDEN_ROWS)
        if records.empty:
            raise InvalidInput("a version needs at least one golden record, test is empty")
        answers = golden_answers(self._use_case, scorer, records)
        return ModelPackage(
            manifest=replace(scorer.manifest, golden_rows=len(records)),
            files={MODEL_FILE: model, GOLDEN_FILE: msgspec.json.encode(answers), **report},
        )

"""Moving an alias by the rules of the environment: nobody moves one in another way."""

from __future__ import annotations

from crispml_core.domain.approval import VersionDecision
from crispml_core.domain.bundles import PromotionRefused
from crispml_core.domain.challenge import check_alias
from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.identifiers import check_name
from crispml_core.domain.models import (
    CHALLENGER,
    CHAMPION,
    AliasEvent,
    ArtefactKind,
    ModelVersion,
)
from crispml_core.domain.use_case import UseCase
from crispml_core.domain.version_files import MODEL_FILE
from crispml_core.governance.gates import check_gates
from crispml_core.governance.promotion import Candidate
from crispml_core.pipelines.standing import approval_of
from crispml_core.pipelines.stores import TrainingStores


def move_alias(
    stores: TrainingStores,
    model: str,
    alias: str,
    version: str,
    *,
    expected: str | None,
    moved_by: str = "",
    reason: str = "",
    traffic: float = 0.0,
    use_case: UseCase | None = None,
    glass: VersionDecision | None = None,
) -> AliasEvent:
    """Point an alias at a version, and bind the move to the bytes of that.

    The caller then projects the aliases to the volume, see `TrainingStores.project_aliases`.

    Parameters
    ----------
    traffic : float
        The share of the records that a challenger answers, in [0, 1).
    use_case : UseCase, optional
        The definition that serves; a challenger must have been trained for it.
    glass : VersionDecision, optional
        The broken glass that stands for an approval, as it is kept.

    Raises
    ------
    NotFound
        If there is no such version.
    InvalidInput
        If the alias cannot have this name or this share of the records, the challenger is the
        champion or of another definition, or there is no reason where one is needed.
    PreconditionFailed, PreconditionRequired
        See `crispml_core.ports.alias_log.AliasLog.move`.
    PromotionRefused
        If the rules of the environment forbid the version to answer.
    """
    check_name(alias, "the name of an alias")
    check_alias(alias, traffic)
    digest = stores.models.digest(model, version)
    if alias == CHALLENGER:
        _check_challenger(stores, stores.models.get(model, version), use_case)
    stores.rules.check_reason(reason)
    if stores.rules.concerns(alias, traffic):
        check_candidate(stores, model, version, use_case, glass)
    return stores.aliases.move(
        model,
        alias,
        version,
        expected=expected,
        moved_by=moved_by,
        reason=reason,
        digest=digest,
        traffic=traffic,
    )


def remove_alias(
    stores: TrainingStores,
    model: str,
    alias: str,
    *,
    expected: str | None,
    moved_by: str = "",
    reason: str = "",
) -> AliasEvent:
    """Let an alias point nowhere; the history keeps it.

    Raises
    ------
    NotFound
        If it points nowhere already.
    InvalidInput
        If it is the champion, or there is no reason where one is needed.
    PreconditionFailed, PreconditionRequired
        See `crispml_core.ports.alias_log.AliasLog.move`.
    """
    if alias == CHAMPION:
        raise InvalidInput(f"alias: {CHAMPION} cannot be removed; move it to another version")
    stores.rules.check_reason(reason)
    try:
        return stores.aliases.remove(
            model, alias, expected=expected, moved_by=moved_by, reason=reason
        )
    except NotFound:
        raise NotFound("alias", stores.aliases.aliases(model)) from None


def check_candidate(
    stores: TrainingStores,
    model: str,
    version: str,
    use_case: UseCase | None,
    glass: VersionDecision | None = None,
) -> None:
    """Raise `PromotionRefused` unless the rules let a version answer here."""
    refusal = stores.rules.refusal(_candidate(stores, model, version, use_case, glass))
    if refusal is not None:
        raise PromotionRefused(refusal)


def _check_challenger(
    stores: TrainingStores, manifest: ModelVersion, use_case: UseCase | None
) -> None:
    """Refuse a challenger that could not be compared with the champion."""
    champion = stores.aliases.current(manifest.model, CHAMPION)
    if champion is not None and champion.version == manifest.version:
        raise InvalidInput(f"version: it is the {CHAMPION}; a {CHALLENGER} is another version")
    if use_case is not None and use_case.digest != manifest.use_case_digest:
        raise InvalidInput(
            "version: it was trained for another definition of the use case than the one that "
            "serves; train a version with the present one"
        )


def _candidate(
    stores: TrainingStores,
    model: str,
    version: str,
    use_case: UseCase | None,
    glass: VersionDecision | None,
) -> Candidate:
    """Return what the rules want to know about a version."""
    if use_case is None:
        raise PromotionRefused("the use case of the model is not installed here: its gates decide")
    manifest = stores.models.get(model, version)
    verdict = stores.health.current(model).get(version)
    return Candidate(
        digest=stores.models.digest(model, version),
        gates=check_gates(use_case.gates, manifest.kpis.get("test", {})),
        approvals=stores.imports.approvals(model, version),
        trained_here=_is_trained_here(stores, manifest),
        unfit=None if verdict is None or verdict.fit else verdict.reason,
        approval=glass or approval_of(stores, model, version),
    )


def _is_trained_here(stores: TrainingStores, manifest: ModelVersion) -> bool:
    """Whether the version was made here, and of a fitted model that lies here byte for byte.

    A version that a bundle brought was not, even if somebody took the model file from here.
    """
    if _came_with_a_bundle(stores, manifest):
        return False
    try:
        artefact = stores.artefacts.get(manifest.lineage.model, ArtefactKind.MODEL)
    except NotFound:
        return False
    here = {file.sha256 for file in artefact.files if file.name == MODEL_FILE}
    return any(file.name == MODEL_FILE and file.sha256 in here for file in manifest.files)


def _came_with_a_bundle(stores: TrainingStores, manifest: ModelVersion) -> bool:
    before = None
    while page := stores.imports.find(
        model=manifest.model, version=manifest.version, before=before
    ):
        if not all(record.evidence.get("was_here") for record in page):
            return True
        before = page[-1].bundle
    return False

"""Moving an alias by the rules of the environment: nobody moves one in another way."""

from __future__ import annotations

from crispml_core.domain.identifiers import check_name
from crispml_core.domain.models import AliasEvent
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
) -> AliasEvent:
    """Point an alias at a version, and bind the move to the bytes of that.

    The caller then projects the aliases to the volume, see `TrainingStores.project_aliases`.

    Raises
    ------
    NotFound
        If there is no such version.
    InvalidInput
        If the alias cannot have this name, or there is no reason where one is needed.
    PreconditionFailed, PreconditionRequired
        See `crispml_core.ports.alias_log.AliasLog.move`.
    """
    check_name(alias, "the name of an alias")
    digest = stores.models.digest(model, version)
    stores.rules.check_reason(reason)
    return stores.aliases.move(
        model,
        alias,
        version,
        expected=expected,
        moved_by=moved_by,
        reason=reason,
        digest=digest,
    )

"""Which imported version is the fallback of prod."""

from __future__ import annotations

from crispml_core.domain.bundles import PromotionRefused
from crispml_core.domain.models import FALLBACK
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.promotion import PromotionMode
from crispml_core.pipelines.promotion import move_alias
from crispml_core.pipelines.stores import TrainingStores


def settle_fallback(stores: TrainingStores, use_case: UseCase, version: str) -> tuple[str, ...]:
    """Let an imported version be the fallback of prod, if that has none or stages the code.

    Asked when the version was imported, and again when somebody approved it.

    Returns
    -------
    tuple of str
        Why the rules refused, if they did.
    """
    model, rules = use_case.name, stores.rules
    newest = stores.imports.find(model=model, version=version, limit=1)
    if not rules.is_strict or not newest:
        return ()
    now = stores.aliases.current(model, FALLBACK)
    if now is not None and (rules.mode is PromotionMode.MODEL or now.digest == newest[0].digest):
        return ()
    try:
        move_alias(
            stores,
            model,
            FALLBACK,
            version,
            expected=None if now is None else now.version,
            moved_by="import",
            reason=f"bundle {newest[0].bundle[:12]} of {newest[0].environment} was imported",
            use_case=use_case,
        )
    except PromotionRefused as error:
        return (f"the version did not become {FALLBACK}: {error.message}",)
    stores.project_aliases(model)
    return ()

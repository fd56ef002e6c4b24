"""The references of model versions, read from the registry once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from crispml_core.domain.errors import NotFound
from crispml_core.domain.version_files import REFERENCE_FILE
from crispml_core.ports.model_registry import ModelRegistry

if TYPE_CHECKING:
    from crispml_core.monitoring.drift.reference import Reference

_KEPT = 64


class References:
    """Returns the reference of a use case and version, or None where there is none.

    Versions never change, so neither does an answer. A version from before references were kept
    has none.

    Parameters
    ----------
    registry : ModelRegistry
        Where the versions are.
    """

    def __init__(self, registry: ModelRegistry) -> None:
        self._registry = registry
        self._cached = lru_cache(_KEPT)(self._read)

    def __call__(self, use_case: str, version: str) -> Reference | None:
        """Return the reference; raise `RegistryDamaged` when it cannot be read."""
        return self._cached(use_case, version)

    def _read(self, use_case: str, version: str) -> Reference | None:
        try:
            content = self._registry.read(use_case, version, REFERENCE_FILE)
        except NotFound:
            return None
        from crispml_core.monitoring.drift.reference import Reference  # loads numpy

        return Reference.from_bytes(content)

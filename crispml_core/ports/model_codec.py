"""How a fitted pipeline becomes bytes and comes back, without executing anything from the bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class ModelCodec(Protocol):
    """Serialises scikit-learn objects."""

    def dumps(self, fitted: Any) -> tuple[bytes, tuple[str, ...]]:
        """Return the bytes and the names of the types inside that are not trusted by default.

        Raises
        ------
        InvalidInput
            If a type inside must not be persisted (a lambda, a function of ``__main__``).
        """
        ...

    def loads(self, content: bytes, trusted_types: Sequence[str]) -> Any:
        """Return the object; refuse bytes with any type outside `trusted_types`.

        Raises
        ------
        RegistryDamaged
            If the bytes hold another type or cannot be read.
        """
        ...

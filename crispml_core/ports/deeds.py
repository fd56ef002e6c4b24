"""Writing down what is done without a request, before it is done and after."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from crispml_core.domain.audit import AuditEvent


class Deeds(Protocol):
    """Gives a context for each deed: an entry of the audit log before it, and one at its end."""

    def __call__(self, event: AuditEvent) -> AbstractContextManager[dict[str, Any]]:
        """Return a context, which gives a dictionary for what is to be told of the end.

        Entering it raises `StoreUnavailable` when it cannot be written down: then nothing shall be
        done.
        """
        ...

"""What an id of another system names here."""

from __future__ import annotations

from typing import Any
from uuid import UUID


def named(identifier: Any) -> dict[str, Any]:
    """Return the entry for an id: a score where it is a UUID, and else a record.

    Our answers give score ids where other systems have ids of inferences, and those are UUIDs.
    """
    try:
        UUID(identifier)
    except (ValueError, TypeError, AttributeError):
        return {"record_key": identifier}
    return {"score_id": identifier}

"""Domain values as JSON answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from crispml_core.rest.content import JSON


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a domain value, or lists and dicts of them, as JSON.

    Endpoints return this instead of the value: it writes NaN as null and moments in RFC 3339, as
    the stores do, and spares a second validation of what the domain has validated.
    """
    return Response(
        msgspec.json.encode(value), status, media_type=JSON, headers=dict(headers or {})
    )

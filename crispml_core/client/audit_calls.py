"""The calls about the audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from crispml_core.client.errors import ServiceFailed
from crispml_core.client.http import API
from crispml_core.client.pages import Listing
from crispml_core.client.run_calls import RunCalls
from crispml_core.domain.audit import Checked

# Between two lines a whole table is read.
_PATIENCE_S = 3600.0


class AuditCalls(RunCalls):
    """Who did what, and whether anybody touched the evidence."""

    def audit_entries(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        actor: str | None = None,
        action: str | None = None,
        use_case: str | None = None,
        outcome: str | None = None,
        newest: bool | None = None,
        limit: int | None = None,
    ) -> Listing[dict[str, Any]]:
        """Yield entries in the order of the chain, the oldest first unless the newest shall be.

        Parameters
        ----------
        outcome : str, optional
            A status code, a class of them such as ``4xx``, ``asked``, ``done`` or ``failed``.
        """
        params = {
            "start": None if start is None else start.isoformat(),
            "end": None if end is None else end.isoformat(),
            "actor": actor,
            "action": action,
            "use_case": use_case,
            "outcome": outcome,
            "newest": _flag(newest),
        }
        return self._items("/audit/entries", dict[str, Any], params, limit=limit)

    def audit_heads(
        self, *, newest: bool | None = None, limit: int | None = None
    ) -> Listing[dict[str, Any]]:
        """Yield signed heads of the chain, the oldest first unless the newest shall be."""
        params = {"newest": _flag(newest)}
        return self._items("/audit/heads", dict[str, Any], params, limit=limit)

    def verify_audit(self, heads: Sequence[str] = (), *, scores: bool = True) -> Iterator[Checked]:
        """Yield what the service finds in each table, as soon as it has read it.

        Parameters
        ----------
        heads : sequence of str
            ``SEQUENCE:DIGEST`` of heads that were kept elsewhere.

        Raises
        ------
        ServiceFailed
            If the service could not go on to the end.
        """
        query = urlencode([("scores", str(scores).lower()), *(("head", head) for head in heads)])
        path = f"/audit/verification?{query}"
        with self.connection.stream(
            path, accept="application/x-ndjson", timeout_s=_PATIENCE_S
        ) as response:
            for line in response.iter_lines():
                found = json.loads(line)
                if "what" in found:
                    yield msgspec.convert(found, Checked)
                elif found["valid"] is None:
                    raise ServiceFailed(found["error"], status=503, code="verification_failed")
                else:
                    return
        raise ServiceFailed(
            "the verification ended before its last line", status=502, code="answer_incomplete"
        )

    def seal_audit(self) -> dict[str, Any]:
        """Seal every row that has no seal yet, and sign the head; return what came of it."""
        response = self.connection.request(
            "POST", API + "/audit/seals", body={}, timeout_s=_PATIENCE_S
        )
        return self.connection.decode(response, dict[str, Any])


def _flag(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()

"""The calls of the scoring service about versions that could answer instead."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crispml_core.client.access_calls import WhoCalls
from crispml_core.client.http import API, below
from crispml_core.domain.reports import VerificationReport


class ChallengeCalls(WhoCalls):
    """Challengers and replays."""

    def replay(
        self,
        use_case: str,
        version: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        of_version: str | None = None,
        idempotency_key: str | None = None,
    ) -> VerificationReport:
        """Ask a version about the records of a window [start, end) once more, in a new report.

        Parameters
        ----------
        version : str
            Who answers now.
        of_version : str, optional
            Only records that this version answered.
        """
        given = {
            "version": version,
            "from": start and start.isoformat(),
            "to": end and end.isoformat(),
            "of_version": of_version,
        }
        response = self.connection.request(
            "POST",
            API + "/use-cases" + below(use_case, "replays"),
            body={name: value for name, value in given.items() if value is not None},
            idempotency_key=idempotency_key,
        )
        return self.connection.decode(response, VerificationReport)

    def challenge(self, model: str, *, as_of: datetime | None = None) -> dict[str, Any]:
        """Return how the challenger of a model stands: ``decision`` is promote, keep or wait.

        Parameters
        ----------
        as_of : datetime, optional
            Only what was known until then.
        """
        path = "/models" + below(model, "challenge")
        params = {} if as_of is None else {"as_of": as_of.isoformat()}
        return self.connection.get(path, dict[str, Any], params)

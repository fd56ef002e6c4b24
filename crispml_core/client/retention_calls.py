"""The calls about rows that grew too old."""

from __future__ import annotations

from crispml_core.client.http import API
from crispml_core.client.run_calls import RunCalls
from crispml_core.domain.retention import RetentionOutcome


class RetentionCalls(RunCalls):
    """The rules of retention, as the service has them in its settings."""

    def retention(self) -> RetentionOutcome:
        """Return what the rules would delete now."""
        return self.connection.get("/retention", RetentionOutcome)

    def follow_retention(self, *, within_s: float = 20.0) -> RetentionOutcome:
        """Delete what is too old, for some seconds; call it again until it is complete."""
        response = self.connection.request(
            "POST", API + "/retention", body={"within_s": within_s}, timeout_s=within_s + 60
        )
        return self.connection.decode(response, RetentionOutcome)

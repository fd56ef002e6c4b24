"""Who lets a version answer: calls of the training service."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from crispml_core.client.catalogue import Catalogue
from crispml_core.client.http import API, below
from crispml_core.domain.approval import VersionApproval, VersionDecision
from crispml_core.domain.models import CHAMPION, AliasEvent


class ApprovalCalls(Catalogue):
    """Approvals of versions, and letting one answer without."""

    def version_approval(self, model: str, version: str) -> VersionApproval:
        """Return the checklist of a version, what was decided, and whether an approval holds."""
        path = "/models" + below(model, "versions", version, "approval")
        return self.connection.get(path, VersionApproval)

    def decide_version(
        self,
        model: str,
        version: str,
        *,
        approve: bool,
        reason: str,
        accept: Collection[str] = (),
    ) -> VersionDecision:
        """Approve or refuse a version, bound to its bytes and its report.

        Parameters
        ----------
        accept : collection of str
            Items of the checklist that are undecided and shall not stand in the way.

        Raises
        ------
        RequestRefused
            With status 409, if the checklist or four eyes stand against it.
        """
        body: dict[str, Any] = {"decision": "approve" if approve else "refuse", "reason": reason}
        response = self.connection.request(
            "POST",
            API + "/models" + below(model, "versions", version, "approval"),
            body=body | ({"accept": sorted(accept)} if accept else {}),
        )
        return self.connection.decode(response, VersionDecision)

    def break_glass(
        self, model: str, version: str, *, reason: str, alias: str = CHAMPION
    ) -> AliasEvent:
        """Let a version answer although nobody approved it; everybody hears of it."""
        response = self.connection.request(
            "POST",
            API + "/models" + below(model, "aliases", alias, "break-glass"),
            body={"version": version, "reason": reason},
        )
        return self.connection.decode(response, AliasEvent)

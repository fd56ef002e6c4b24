"""Dossiers of scores, as the training service gives them: it holds the key that signs bundles."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from crispml_core.client.catalogue import Catalogue
from crispml_core.client.http import API, below


class DossierCalls(Catalogue):
    """Everything behind one score, as of a moment."""

    def dossier(self, score_id: str, *, at: datetime | None = None) -> dict[str, Any]:
        """Return everything behind one score, as known at a moment; now by default."""
        content: dict[str, Any] = msgspec.json.decode(self.dossier_bytes(score_id, at=at))
        return content

    def dossier_bytes(self, score_id: str, *, at: datetime | None = None) -> bytes:
        """Return the same as JSON; of one moment it is the same to the byte."""
        return self._dossier(score_id, at, "json")

    def dossier_html(self, score_id: str, *, at: datetime | None = None) -> str:
        """Return it as one self-contained HTML page."""
        return self._dossier(score_id, at, "html").decode()

    def dossier_bundle(self, score_id: str, *, at: datetime | None = None) -> bytes:
        """Return it as a signed tar file with JSON, page and evidence; from training only."""
        return self._dossier(score_id, at, "bundle")

    def _dossier(self, score_id: str, at: datetime | None, form: str) -> bytes:
        params = {"at": at and at.isoformat(), "format": form}
        path = API + "/scores" + below(score_id, "dossier")
        return self.connection.request("GET", path, params=params).content

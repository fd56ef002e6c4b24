"""The calls about access: who asks, and the API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crispml_core.client.http import API, below
from crispml_core.client.pages import Listing
from crispml_core.client.run_calls import RunCalls
from crispml_core.domain.access import Caller, KeyView, NewKey


class WhoCalls(RunCalls):
    """Who asks, which both services tell."""

    def whoami(self) -> Caller:
        """Return the name and the grants of the credential of this client."""
        return self.connection.get("/whoami", Caller)


class KeyCalls(WhoCalls):
    """API keys, which an admin makes and revokes."""

    def new_api_key(
        self, name: str, grants: Sequence[str], *, expires_at: datetime | None = None
    ) -> NewKey:
        """Make a key; its text is in this answer and in no other.

        Parameters
        ----------
        name : str
            Who holds it.
        grants : sequence of str
            ``ROLE``, ``ROLE:USE_CASE`` or ``ROLE:USE_CASE:ENVIRONMENT`` each.
        """
        body = {"name": name, "grants": list(grants)}
        if expires_at is not None:
            body["expires_at"] = expires_at.isoformat()
        return self.connection.decode(
            self.connection.request("POST", f"{API}/api-keys", body=body), NewKey
        )

    def api_keys(self, *, limit: int | None = None) -> Listing[KeyView]:
        """Yield the keys that the holder of this one administrates, newest first."""
        return self._items("/api-keys", KeyView, {}, limit=limit)

    def revoke_api_key(self, key_id: str) -> KeyView:
        """Revoke a key; a second later it opens nothing."""
        response = self.connection.request("DELETE", f"{API}/api-keys{below(key_id)}")
        return self.connection.decode(response, KeyView)

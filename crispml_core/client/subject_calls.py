"""The calls about data subjects. Their names go in a header, so that no address holds one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from crispml_core.client.http import API
from crispml_core.client.run_calls import RunCalls

_PATH = "/subjects/-"
# Rows of everybody may have to be walked over.
_TIMEOUT_S = 3600.0


class SubjectCalls(RunCalls):
    """What is held about a person, and making it unreadable."""

    def subject(self, subject: str) -> dict[str, Any]:
        """Return everything that is held about a person.

        Parameters
        ----------
        subject : str
            As in the subject key of the use cases, or the record key where none is declared.
        """
        response = self.connection.request(
            "GET", API + _PATH, headers=_named(subject), timeout_s=_TIMEOUT_S
        )
        return self.connection.decode(response, dict[str, Any])

    def erase_subject(self, subject: str, *, reason: str = "") -> dict[str, Any]:
        """Make a person unreadable for good, and return the certificate and what came of it."""
        response = self.connection.request(
            "DELETE",
            API + _PATH,
            params={"reason": reason or None},
            headers=_named(subject),
            timeout_s=_TIMEOUT_S,
        )
        return self.connection.decode(response, dict[str, Any])


def _named(subject: str) -> Mapping[str, str]:
    return {"Crispml-Subject": quote(subject, safe="")}

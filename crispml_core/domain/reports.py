"""A verification report: what it was asked, what is in it, and the bytes that stand for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

REPLAY = "replay"
"""The ``kind`` of a report of a replay; those of periods have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuestion:
    """Which scores a report is about, and as of when.

    With the same answer to these four a report can be made again, to the byte.

    Parameters
    ----------
    start, end : datetime or None
        The window [start, end); None leaves a side open.
    version : str or None
        The model version; None means all.
    as_of : datetime or None
        What was stored later does not count. A stored report always has it.
    """

    start: datetime | None = None
    end: datetime | None = None
    version: str | None = None
    as_of: datetime | None = None

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> ReportQuestion:
        """Read the question of a stored report from its content."""
        window = content.get("window", {})
        moments = {
            name: datetime.fromisoformat(text)
            for name in ("start", "end", "as_of")
            if (text := window.get(name)) is not None
        }
        return cls(**moments, version=content.get("version"))


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationReport:
    """A stored report of a period of scores against their ground truth.

    Parameters
    ----------
    content : dict
        What is known about the period, as JSON values. Neither id nor moment of making is in it.
    digest : str
        Of the content, see `crispml_core.domain.reports.content_digest`: two reports with the same
        digest say the same.
    """

    id: str
    use_case: str
    created_at: datetime
    content: dict[str, Any]
    digest: str = ""


def canonical_bytes(content: Mapping[str, Any]) -> bytes:
    """Return the one way to write the content of a report.

    JSON in UTF-8 with sorted names, without white space, numbers with the fewest digits that read
    back as the same float, as Python's `json` writes them.

    Raises
    ------
    ValueError
        If a number is not finite.

    Examples
    --------
    >>> canonical_bytes({"b": [1, 0.1], "a": None})
    b'{"a":null,"b":[1,0.1]}'
    """
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def content_digest(content: Mapping[str, Any]) -> str:
    """Return SHA-256 over `canonical_bytes` in hexadecimal digits.

    The id of a report and the moment it was made are not part of its content, so whoever makes it
    again gets the same digest.
    """
    return hashlib.sha256(canonical_bytes(content)).hexdigest()

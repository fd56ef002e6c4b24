"""Data subjects whose values were made unreadable, and the certificate of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crispml_core.domain.identifiers import new_id_text
from crispml_core.domain.scores import Encoding, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One erasure; it stays for good.

    Parameters
    ----------
    subject_key_id : str
        A keyed digest of the subject, which names nobody.
    requested_by : str
        Name of a principal.
    reason : str
        Why; without personal data.
    certificate : mapping
        What was destroyed, and what was not; see `crispml_core.pipelines.subjects.erasing`.
    """

    subject_key_id: str
    erased_at: datetime
    requested_by: str
    reason: str
    certificate: Mapping[str, Any]
    erasure_id: str = field(default_factory=new_id_text)


def signed_bytes(certificate: Mapping[str, Any]) -> bytes:
    """Return the bytes of a certificate that are signed: all of it but the signature.

    They are JSON with sorted names and no blanks, so that a certificate may be laid out anew.
    """
    facts = {name: value for name, value in certificate.items() if name != "signature"}
    return json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldScore:
    """A score of a data subject, with what is stored of the record behind it.

    Parameters
    ----------
    inputs, encoding
        The stored fields of all records of its group; `Score.row` says which one is meant.
    subject_key_id : str or None
        Whose it is; None where the use case has no keys of data subjects.
    is_shadow : bool
        Whether nobody was answered with it.
    """

    score: Score
    inputs: bytes
    encoding: Encoding
    subject_key_id: str | None
    is_shadow: bool

"""The signed bundle of a dossier: its members, and what its index says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crispml_core.domain.datasets import StoredFile

FORMAT, FORMAT_VERSION = "crispml-dossier", 1
INDEX, SIGNATURE, DOSSIER, PAGE = "index.json", "signature.json", "dossier.json", "dossier.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierIndex:
    """What a bundle of a dossier says about itself; the signature is over its bytes.

    Parameters
    ----------
    at : datetime
        The moment of the dossier.
    members : tuple of StoredFile
        Every member but the index and the signature, in their order in the file.
    """

    format: str
    format_version: int
    environment: str
    score_id: str
    at: datetime
    members: tuple[StoredFile, ...]

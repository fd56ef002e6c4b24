"""A dossier as one signed file: JSON, page and evidence, whose digests an index has."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from crispml_core.domain.bundles import VERSION_PREFIX
from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.dossiers import (
    DOSSIER,
    FORMAT,
    FORMAT_VERSION,
    INDEX,
    PAGE,
    SIGNATURE,
    DossierIndex,
)
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.version_files import REPORT_FILE
from crispml_core.ports.bundle_format import BundleFormat
from crispml_core.ports.model_registry import ModelRegistry
from crispml_core.ports.signer import Signer


def pack_dossier(
    content: Mapping[str, Any],
    page: str,
    models: ModelRegistry,
    container: BundleFormat,
    signer: Signer | None,
) -> bytes:
    """Return a tar file of a dossier; the same content and key give the same bytes.

    The evidence is the manifest of the version, its signature, and its training report, as far as
    the dossier could read the version.

    Raises
    ------
    InvalidInput
        If there is no key to sign with.
    """
    if signer is None:
        raise InvalidInput("format: signing is off, so there is no signed bundle")
    members = {DOSSIER: msgspec.json.encode(content), PAGE: page.encode()}
    members |= _evidence(content, models)
    index = msgspec.json.encode(
        DossierIndex(
            format=FORMAT,
            format_version=FORMAT_VERSION,
            environment=content["environment"],
            score_id=content["score"]["score_id"],
            at=datetime.fromisoformat(content["at"]),
            members=tuple(
                StoredFile(name, len(data), hashlib.sha256(data).hexdigest())
                for name, data in members.items()
            ),
        )
    )
    whole = {INDEX: index, SIGNATURE: signer.sign(index).encode(), **members}
    return b"".join(container.pack((name, len(data), (data,)) for name, data in whole.items()))


def _evidence(content: Mapping[str, Any], models: ModelRegistry) -> dict[str, bytes]:
    if content["version"] is None:
        return {}
    model, version = content["version"]["model"], content["version"]["version"]
    found = {"manifest.json": models.manifest_bytes(model, version)}
    signature = models.signature(model, version)
    if signature is not None:
        found[SIGNATURE] = signature.encode()
    if REPORT_FILE in content["version"]["files"]:
        found[REPORT_FILE] = models.read(model, version, REPORT_FILE)
    return {f"{VERSION_PREFIX}{name}": data for name, data in found.items()}

"""Refuses to start on stores that are not encrypted, where that is wanted."""

from __future__ import annotations

from pathlib import Path

import structlog
from sqlalchemy import Engine

from crispml_core.adapters.encryption_at_rest import database_is_encrypted, folder_is_encrypted
from crispml_core.domain.errors import NotReady
from crispml_core.settings import CrispMLSettings

OK = "ok"
_WORDS = {True: "encrypted", False: "not encrypted", None: "encrypted or not: nobody here can tell"}
_log = structlog.get_logger("crispml.service")


def check_at_rest(settings: CrispMLSettings, engine: Engine, *volumes: Path) -> dict[str, str]:
    """Return what is known of the encryption of each store, in words of a readiness check.

    Parameters
    ----------
    *volumes : Path
        What the service writes to, beside the database and the registry.

    Raises
    ------
    NotReady
        If encryption is required and one of them is not known to have it.
    """
    if settings.encryption.at_rest == "off":
        return {}
    found = {
        "database": database_is_encrypted(engine),
        "registry": folder_is_encrypted(settings.registry.path),
    }
    found |= {volume.name: folder_is_encrypted(volume) for volume in volumes}
    lacking = sorted(name for name, is_encrypted in found.items() if not is_encrypted)
    if lacking and settings.encryption.at_rest == "required":
        raise NotReady(
            f"not known to be encrypted at rest: {', '.join(lacking)}; put them on volumes of "
            "dm-crypt (LUKS), use the native encryption of Db2, or set "
            "CRISPML_ENCRYPTION__AT_REST=warn where something below encrypts that this machine "
            "cannot see"
        )
    if lacking:
        _log.warning("not_encrypted_at_rest", stores=lacking)
    return {f"{name} at rest": f"{OK}, {_WORDS[known]}" for name, known in found.items()}

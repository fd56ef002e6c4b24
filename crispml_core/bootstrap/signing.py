"""Which key signs in this environment, and whose signatures count."""

from __future__ import annotations

import contextlib
from pathlib import Path

import structlog

from crispml_core.adapters.signing import Ed25519Signer, TrustedKeys, make_key
from crispml_core.adapters.signing.key_files import NEW_KEY
from crispml_core.domain.bundles import ENVIRONMENTS
from crispml_core.domain.errors import InvalidInput
from crispml_core.pipelines.bundles.authors import BundleAuthors
from crispml_core.ports.signer import Signer, Verifier
from crispml_core.settings import CrispMLSettings

_log = structlog.get_logger("crispml.signing")


def make_signer(settings: CrispMLSettings) -> Signer | None:
    """Return what signs with the key of the settings; None where signing is off.

    In dev a key is made where there is none.

    Raises
    ------
    InvalidInput
        If there is no such key, others can read it, or what it signs would not be trusted here.
    """
    if settings.signing.mode == "off":
        return None
    file, trusted = settings.signing.key_file, trusted_folder(settings)
    if settings.environment == "dev" and not file.exists():
        with contextlib.suppress(FileExistsError):  # another process of this service was faster
            key_id = make_key(file, trusted)
            _log.info("signing_key_made", key_id=key_id)
    signer = Ed25519Signer(file)
    if signer.key_id not in TrustedKeys(trusted):
        raise InvalidInput(
            f"CRISPML_SIGNING__TRUSTED has no public key {signer.key_id[:16]}… in its folder "
            f"{settings.environment}, so nothing that the signing key signs would be trusted: "
            f"put it there; {NEW_KEY} writes both parts"
        )
    return signer


def make_verifier(settings: CrispMLSettings) -> Verifier | None:
    """Return what knows whose signatures count in this environment; None where signing is off."""
    return None if settings.signing.mode == "off" else TrustedKeys(trusted_folder(settings))


def trusted_folder(settings: CrispMLSettings, environment: str = "") -> Path:
    """Return the folder with the public keys of an environment, by default of this one."""
    return settings.signing.trusted / (environment or settings.environment)


def bundle_authors(settings: CrispMLSettings) -> BundleAuthors:
    """Return what knows the keys of every environment, for bundles that come from there."""
    if settings.signing.mode == "off":
        return BundleAuthors()
    keys = {name: TrustedKeys(trusted_folder(settings, name)) for name in ENVIRONMENTS}
    return BundleAuthors(keys, settings.signing.unsigned_bundles)

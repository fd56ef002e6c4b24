"""Who may use the services, and whose signatures count."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from crispml_core.settings.concern import Concern
from crispml_core.settings.loopback import is_loopback


class AuthSettings(Concern):
    """Authentication of everybody who asks a service for something."""

    mode: Literal["required", "off"] = "required"
    """`required`, or `off` on an address of this machine only: then everybody may do everything."""

    open_address: str = ""
    """Address that may be served with the mode `off` although other machines reach it, as in
    `CRISPML_SERVER__HOST`."""

    metrics: Literal["open", "required"] = "open"
    """Whether `/metrics` is open to everybody, or needs a credential with the permission `read`."""

    admin_key_digest: str = ""
    """SHA-256 of an API key that is an admin while this is set, hexadecimal: to make the first."""

    oidc_issuer: str = ""
    """Issuer whose tokens are taken, as in their `iss`; none when it is empty."""

    oidc_audience: str = "crispml"
    """What a token must name in its `aud`."""

    oidc_tokens: Literal["at+jwt", "jwt"] = "at+jwt"
    """Which `typ` a token may have: `at+jwt` as RFC 9068 says, or `jwt` for a provider that does
    not tell access tokens from others; then the audience alone does."""

    oidc_roles_claim: str = "roles"
    """Claim with the grants of a token: a list of `ROLE`, `ROLE:USE_CASE` or
    `ROLE:USE_CASE:ENVIRONMENT`. With dots it leads into objects."""

    oidc_leeway_s: float = Field(default=30.0, ge=0, le=300)
    """How far the clock of the issuer may be off."""

    @field_validator("oidc_issuer")
    @classmethod
    def _is_safe(cls, value: str) -> str:
        scheme, _, rest = value.partition("://")
        host = rest.partition("/")[0].rpartition(":")[0] or rest.partition("/")[0]
        if value and scheme != "https" and (scheme != "http" or not is_loopback(host)):
            raise ValueError("must be https:// unless the provider is on this machine")
        return value

    @field_validator("admin_key_digest")
    @classmethod
    def _is_a_digest(cls, value: str) -> str:
        if value and (len(value) != 64 or set(value) - set("0123456789abcdef")):
            raise ValueError("must be a SHA-256 of 64 hexadecimal digits; `crispml keys digest`")
        return value


class AuditSettings(Concern):
    """The audit log."""

    interval_s: float = Field(default=60.0, ge=1, le=3600)
    """Time between two passes in which training seals new rows and signs the head of the log."""


class EncryptionSettings(Concern):
    """Encryption of what is stored, below the services."""

    at_rest: Literal["required", "warn", "off"] = "warn"
    """`required` refuses to start on a volume or database that is not known to be encrypted;
    `warn` says so in the log; `off` does not look."""


class SigningSettings(Concern):
    """Signatures of model versions, of bundles and of the audit log."""

    mode: Literal["required", "off"] = "required"
    """`required`, or `off`, which prod refuses: then nothing is signed and nothing verified."""

    key_file: Path = Path(".crispml/signing/key.pem")
    """Private key (Ed25519, PEM, mode 0600) that training signs with; scoring never reads it."""

    trusted: Path = Path(".crispml/signing/trusted")
    """Folder with a folder of public keys (`*.pem`) for each environment: `dev`, `qa`, `prod`."""

    unsigned_bundles: bool = False
    """Whether bundles that nobody signed are imported; only in dev."""


class PrivacySettings(Concern):
    """Keys of the privacy policies; `crispml privacy new-key` makes a file."""

    pseudonym_key_file: Path | None = None
    """File of the key that pseudonyms are made with (mode 0600); use cases that pseudonymise need
    it."""

    master_key_file: Path | None = None
    """File of the key that the keys of data subjects are encrypted with (mode 0600); use cases that
    encrypt, or declare a `subject_key`, need it."""

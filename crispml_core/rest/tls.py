"""TLS of a service, from files that may be exchanged while it runs."""

from __future__ import annotations

import ssl
from pathlib import Path

import structlog

from crispml_core.domain.errors import InvalidInput
from crispml_core.settings import ServerSettings

_log = structlog.get_logger("crispml.service")
_Seen = tuple[tuple[int, int, int], ...]


class ServerTls:
    """The certificate of a service: read at start, and again whenever its files have changed.

    Platforms exchange the files of a certificate before it expires. New connections get the new
    one; those that are open go on.

    Parameters
    ----------
    settings : ServerSettings
        With a certificate and a key.

    Raises
    ------
    InvalidInput
        If the files cannot be used; the text names the settings.
    """

    def __init__(self, settings: ServerSettings) -> None:
        assert settings.tls_cert_file is not None
        assert settings.tls_key_file is not None
        self._cert, self._key = settings.tls_cert_file, settings.tls_key_file
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._seen = self._look()
        try:
            self._load()
        except (OSError, ValueError):
            raise InvalidInput(
                "CRISPML_SERVER__TLS_CERT_FILE and CRISPML_SERVER__TLS_KEY_FILE must be readable "
                "PEM files of a certificate and its key, and the key must have no password"
            ) from None
        if settings.tls_client_ca_file is not None:
            self._ask_for_clients(settings.tls_client_ca_file)

    def _ask_for_clients(self, authorities: Path) -> None:
        self.context.verify_mode = ssl.CERT_REQUIRED
        try:
            self.context.load_verify_locations(cafile=authorities)
        except (OSError, ValueError):
            raise InvalidInput(
                "CRISPML_SERVER__TLS_CLIENT_CA_FILE must be a readable PEM file of certificates"
            ) from None

    def look(self) -> None:
        """Take the certificate that lies there now; the one before stays if that cannot be used."""
        found = self._look()
        if found == self._seen:
            return
        self._seen = found
        try:
            self._check()
            self._load()
        except (OSError, ValueError):
            _log.error("certificate_not_exchanged", setting="CRISPML_SERVER__TLS_CERT_FILE")
        else:
            _log.info("certificate_exchanged")

    def _check(self) -> None:
        """Try the files elsewhere: a certificate and a key that do not fit must not come in."""
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self._cert, self._key, _no_password)

    def _load(self) -> None:
        self.context.load_cert_chain(self._cert, self._key, _no_password)

    def _look(self) -> _Seen:
        """Return what tells the files from others that lay there before."""
        found = []
        for path in (self._cert, self._key):
            try:
                status = path.stat()
            except OSError:
                found.append((0, 0, 0))
            else:
                found.append((status.st_ino, status.st_mtime_ns, status.st_size))
        return tuple(found)


def _no_password() -> str:
    """Let no process wait at a prompt for the password of a key."""
    raise ValueError("the key has a password")

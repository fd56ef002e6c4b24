"""Whom the client trusts, and how it says who it is, where services speak TLS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from crispml_core.client.errors import ClientError


@dataclass(frozen=True, slots=True)
class ClientTls:
    """Files of a client, PEM.

    Parameters
    ----------
    ca_file : Path, optional
        Certificates of the CAs that are trusted, and no others; those of the system without it.
    cert_file, key_file : Path, optional
        Certificate and key of the client, for a service that asks for them.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return what checks a service.

        Raises
        ------
        ClientError
            If a file cannot be used; the text says which.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ValueError):
            raise ClientError(
                "the CA file must be a readable PEM file of certificates", code="invalid_ca_file"
            ) from None
        if self.cert_file is not None:
            try:
                context.load_cert_chain(self.cert_file, self.key_file, password=lambda: b"")
            except (OSError, ValueError):
                raise ClientError(
                    "certificate and key of the client must be readable PEM files that belong "
                    "together, the key without a password",
                    code="invalid_client_certificate",
                ) from None
        return context

"""Bundles: a version with its evidence as a file, and who vouches for it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from crispml_core.client.catalogue import Catalogue
from crispml_core.client.http import API, below
from crispml_core.domain.bundles import Approval, BundleImport, ImportOutcome
from crispml_core.domain.signatures import SignedVersion

TAR = "application/x-tar"


class BundleCalls(Catalogue):
    """Exporting, importing, what came with it, and signatures."""

    def export_bundle(self, model: str, version: str, file: Path) -> str:
        """Write a version with its evidence to a file, and return the digest of the bundle.

        The file appears when it is whole.
        """
        path = "/models" + below(model, "versions", version, "bundle")
        partial = file.with_name(f".{file.name}.{os.getpid()}.part")
        try:
            with self.connection.stream(path, accept=TAR) as response:
                with partial.open("wb") as target:
                    for chunk in response.iter_bytes():
                        target.write(chunk)
                digest: str = response.headers["ETag"].strip('"')
            os.replace(partial, file)
        finally:
            partial.unlink(missing_ok=True)
        return digest

    def import_bundle(self, file: Path, *, imported_by: str = "") -> ImportOutcome:
        """Send a bundle, which is verified and published; to send it again changes nothing.

        Raises
        ------
        RequestRefused
            If the bundle is damaged or does not fit; nothing was stored then.
        """
        response = self.connection.request(
            "POST",
            API + "/bundles",
            content=file,
            params={"imported_by": imported_by or None},
            headers={"Content-Type": TAR},
            # The same bytes are the same import, so a lost answer is asked for again.
            idempotency_key=_sha256(file),
        )
        return self.connection.decode(response, ImportOutcome)

    def bundles(
        self, *, model: str | None = None, limit: int | None = None
    ) -> Iterator[BundleImport]:
        """Yield the bundles that were imported, newest first."""
        return self._items("/bundles", BundleImport, {"model": model}, limit=limit)

    def signature(self, model: str, version: str) -> SignedVersion:
        """Return who vouches for a version."""
        path = API + "/models" + below(model, "versions", version, "signature")
        return self.connection.decode(self.connection.request("GET", path), SignedVersion)

    def sign(self, model: str, version: str) -> SignedVersion:
        """Let the service verify every byte of a version and sign it with its present key.

        Raises
        ------
        RequestRefused
            In prod, or if the bytes are not those that they were.
        """
        path = API + "/models" + below(model, "versions", version, "signature")
        return self.connection.decode(self.connection.request("POST", path), SignedVersion)

    def approvals(self, model: str, version: str) -> Iterator[Approval]:
        """Yield every move of an alias, in any environment, that binds the bytes of a version."""
        return self._items("/models" + below(model, "versions", version, "approvals"), Approval)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()

"""Bundles: a version with its evidence as a file, and who vouches for it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crispml_core.client.catalogue import Catalogue
from crispml_core.client.http import API, below
from crispml_core.client.pages import Listing
from crispml_core.domain.bundles import Approval, BundleImport, ImportOutcome
from crispml_core.domain.signatures import SignedVersion

TAR = "application/x-tar"


class BundleCalls(Catalogue):
    """Exporting, importing, what came with it, and signatures."""

    def export_bundle(self, model: str, version: str, file: Path) -> str:
        """Write a version with its evidence to a file, and return the digest of the bundle.

        The file appears when it is whole.
        """
        partial = file.with_name(f".{file.name}.{os.getpid()}.part")
        try:
            with self.open_bundle(model, version) as (digest, chunks), partial.open("wb") as target:
                for chunk in chunks:
                    target.write(chunk)
            os.replace(partial, file)
        finally:
            partial.unlink(missing_ok=True)
        return digest

    @contextmanager
    def open_bundle(self, model: str, version: str) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Open a version with its evidence as a stream: the digest of the bundle, and its bytes."""
        path = "/models" + below(model, "versions", version, "bundle")
        with self.connection.stream(path, accept=TAR) as response:
            yield response.headers["ETag"].strip('"'), response.iter_bytes()

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
    ) -> Listing[BundleImport]:
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

    def approvals(self, model: str, version: str) -> Listing[Approval]:
        """Yield every move of an alias, in any environment, that binds the bytes of a version."""
        return self._items("/models" + below(model, "versions", version, "approvals"), Approval)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()

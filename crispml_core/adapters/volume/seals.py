"""The signature beside a manifest: made when a version is published, asked before it is read."""

from __future__ import annotations

from pathlib import Path

from crispml_core.adapters.volume.errors import registry_errors
from crispml_core.adapters.volume.publish import StagedFolder, replace_file
from crispml_core.domain.errors import UntrustedSignature
from crispml_core.domain.signatures import FILE, Signature
from crispml_core.ports.signer import Signer, Verifier

_UNSIGNED = (
    "it is not signed: let `crispml models sign` sign it here, or in prod import its bundle again"
)
# More than any signature has; nobody needs to read more of what cannot be one.
_MOST_BYTES = 1024


class Seals:
    """Signs manifests of versions, and lets none be parsed that nobody trusted has signed.

    Parameters
    ----------
    signer : Signer or None
        None where nothing is signed.
    verifier : Verifier or None
        None where everything is believed.
    """

    def __init__(self, signer: Signer | None = None, verifier: Verifier | None = None) -> None:
        self._signer, self._verifier = signer, verifier

    def write(self, staged: StagedFolder, manifest: bytes) -> None:
        """Put the signature of a manifest into a folder that nobody sees yet."""
        if self._signer is not None:
            staged.write(FILE, self._signer.sign(manifest).encode())

    def renew(self, root: Path, folder: Path, manifest: bytes) -> None:
        """Put a new signature in the place of the one in a published folder, in one step."""
        if self._signer is not None:
            replace_file(root, folder / FILE, self._signer.sign(manifest).encode())

    def check(self, folder: Path, manifest: bytes) -> None:
        """Return if a trusted key signed these bytes.

        Raises
        ------
        UntrustedSignature
            If there is no signature, or not one that counts here; the text names the folder.
        """
        if self._verifier is None:
            return
        try:
            found = self.read(folder)
            if found is None:
                raise UntrustedSignature(_UNSIGNED)
            self._verifier.verify(manifest, found)
        except UntrustedSignature as error:
            where = "/".join(folder.parts[-2:])
            raise UntrustedSignature(f"version {where} is not used: {error.message}") from None

    def read(self, folder: Path) -> Signature | None:
        """Return the signature that lies in a folder, or None when there is none."""
        with registry_errors():
            try:
                with open(folder / FILE, "rb") as source:
                    content = source.read(_MOST_BYTES)
            except FileNotFoundError:
                return None
        return Signature.decode(content)

    def trust(self, folder: Path) -> object:
        """Return something that differs when the answer of `check` may have become another."""
        if self._verifier is None:
            return None
        with registry_errors():
            try:
                found = (folder / FILE).stat()
            except FileNotFoundError:
                return None
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        return stamp, self._verifier.state()

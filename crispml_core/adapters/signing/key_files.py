"""Private keys in files that nobody else can read."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from crispml_core.adapters.folders import make_folder
from crispml_core.adapters.secret_files import OthersCanRead, read_secret, write_new
from crispml_core.adapters.signing.key_ids import key_id_of
from crispml_core.domain.errors import InvalidInput

SETTING = "CRISPML_SIGNING__KEY_FILE"
NEW_KEY = "`crispml signing new-key`"


def read_private(file: Path) -> Ed25519PrivateKey:
    """Read a private key.

    Raises
    ------
    InvalidInput
        If there is no such key, or others can read it.
    """
    try:
        content = read_secret(file)
    except OthersCanRead:
        raise InvalidInput(
            f"others can read the signing key that {SETTING} names: chmod 600 it; "
            "if somebody may have read it, make a new one and stop trusting this one"
        ) from None
    except OSError:
        raise InvalidInput(
            f"the signing key that {SETTING} names cannot be read: {NEW_KEY} makes one"
        ) from None
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidInput(
            f"{SETTING} names no Ed25519 key as PEM without a password: {NEW_KEY} makes one"
        )
    return key


def make_key(file: Path, trusted: Path) -> str:
    """Make a new key: the private part in a file, the public one in a folder of trusted keys.

    Parameters
    ----------
    file : Path
        Private key; must not exist.
    trusted : Path
        Folder of public keys; the new one is called ``<id>.pem``.

    Returns
    -------
    str
        Id of the key.

    Raises
    ------
    FileExistsError
        If the file is there already; nothing is changed.
    """
    key = Ed25519PrivateKey.generate()
    key_id = key_id_of(key.public_key())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    make_folder(file.parent)
    make_folder(trusted)
    # Whoever sees the private part finds the public one trusted already.
    public_file = trusted / f"{key_id}.pem"
    write_new(public_file, public, 0o644)
    try:
        write_new(file, private)
    except FileExistsError:
        public_file.unlink()
        raise
    return key_id

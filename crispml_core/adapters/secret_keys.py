"""Secret keys in files that nobody else can read: one key a line, the newest at the end."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from crispml_core.adapters.folders import make_folder, sync_folder
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.pseudonyms import KEY_BYTES, SecretKeys, key_line

NEW_KEY = "`crispml privacy new-key`"


def read_keys(file: Path, setting: str) -> SecretKeys:
    """Read the keys of a file.

    A secret that a platform mounts belongs to root and is read through the group.

    Raises
    ------
    InvalidInput
        If there are no keys, or others can read them; the text names the setting.
    """
    try:
        with file.open(encoding="ascii") as source:
            found = os.fstat(source.fileno())
            content = source.read(1 << 16)
    except (OSError, ValueError):
        raise InvalidInput(
            f"the file that {setting} names cannot be read: {NEW_KEY} makes one"
        ) from None
    permitted = 0o640 if found.st_uid == 0 and os.getuid() != 0 else 0o600
    if stat.S_IMODE(found.st_mode) & ~permitted:
        raise InvalidInput(f"others can read the file that {setting} names: chmod 600 it")
    try:
        return SecretKeys.parse(content)
    except InvalidInput as error:
        raise InvalidInput(f"{setting}: {error.message}") from None


def make_keys(file: Path) -> str:
    """Make a file with one new key and return its id.

    Raises
    ------
    FileExistsError
        If the file is there already; nothing is changed.
    """
    make_folder(file.parent)
    _write(file, _new("k1"), os.O_EXCL)
    return "k1"


def add_key(file: Path, setting: str) -> str:
    """Add a new key behind those of a file and return its id; the others go on being known.

    Raises
    ------
    InvalidInput
        If there are no keys, or others can read them.
    """
    known = read_keys(file, setting)
    number = len(known.keys) + 1
    while (key_id := f"k{number}") in known.by_id:
        number += 1
    part = file.with_name(f".{file.name}.{secrets.token_hex(8)}.part")
    lines = [key_line(key.key_id, key.secret) for key in known.keys]
    try:
        _write(part, "".join([*lines, _new(key_id)]), os.O_EXCL)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(file.parent)
    return key_id


def _new(key_id: str) -> str:
    return key_line(key_id, secrets.token_bytes(KEY_BYTES))


def _write(file: Path, content: str, how: int) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | how, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
    sync_folder(file.parent)

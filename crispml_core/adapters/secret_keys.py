"""Secret keys in files that nobody else can read: one key a line, the newest at the end."""

from __future__ import annotations

import secrets
from pathlib import Path

from crispml_core.adapters.folders import make_folder
from crispml_core.adapters.secret_files import (
    OthersCanRead,
    read_secret,
    replace_secret,
    write_new,
)
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.pseudonyms import KEY_BYTES, SecretKeys, key_line

NEW_KEY = "`crispml privacy new-key`"


def read_keys(file: Path, setting: str) -> SecretKeys:
    """Read the keys of a file.

    Raises
    ------
    InvalidInput
        If there are no keys, or others can read them; the text names the setting.
    """
    try:
        content = read_secret(file).decode("ascii")
    except OthersCanRead:
        raise InvalidInput(f"others can read the file that {setting} names: chmod 600 it") from None
    except (OSError, ValueError):
        raise InvalidInput(
            f"the file that {setting} names cannot be read: {NEW_KEY} makes one"
        ) from None
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
    write_new(file, _new("k1").encode())
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
    lines = [key_line(key.key_id, key.secret) for key in known.keys]
    replace_secret(file, "".join([*lines, _new(key_id)]).encode())
    return key_id


def _new(key_id: str) -> str:
    return key_line(key_id, secrets.token_bytes(KEY_BYTES))

"""The key of whoever runs services on this machine: a file that only they can read."""

from __future__ import annotations

import os
from pathlib import Path

from crispml_core.domain.api_keys import is_key, new_key
from crispml_core.domain.errors import InvalidInput

FILE = "admin.key"


def read(folder: Path) -> str | None:
    """Return the key that `make` left in a folder; None if there is none that can be read."""
    try:
        text = (folder / FILE).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return text if is_key(text) else None


def make(folder: Path) -> str:
    """Return the key of a folder; it is made when there is none yet.

    Raises
    ------
    InvalidInput
        If the file holds no key, or others can read it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        found = read(folder)
        if found is None:
            raise InvalidInput(f"{file} holds no API key: remove it for a new one") from None
        if file.stat().st_mode & 0o077:
            raise InvalidInput(f"others can read {file}: chmod 600 it, or remove it") from None
        return found
    key = new_key()[1]
    with os.fdopen(descriptor, "w", encoding="ascii") as target:
        target.write(f"{key}\n")
    return key

"""Where the command line finds the credential that it sends."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crispml_core.cli import addresses, local_key


def find(urls: set[str], running: Mapping[str, str]) -> str | None:
    """Return the credential for services at these addresses, or None.

    Parameters
    ----------
    running : mapping of str to str
        The addresses of the services that run on this machine. Their key is for them, and is sent
        to no others.
    """
    if running and urls <= {*running.values()}:
        return local_key.read(Path(addresses.FOLDER))
    return None

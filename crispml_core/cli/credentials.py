"""Where the command line finds the credential that it sends."""

from __future__ import annotations

from pathlib import Path

from crispml_core.cli import addresses, local_key


def find(urls: set[str]) -> str | None:
    """Return the credential for services at these addresses, or None.

    A log-in is for the services that it was made for. The key of this machine is for the services
    that run here, in the folder of the caller. Neither is sent to others.
    """
    from crispml_core.cli import kept_login  # loads the client

    token = kept_login.token_for(urls)
    if token is not None:
        return token
    running = addresses.read(Path(addresses.FOLDER))
    if running and urls <= {*running.values()}:
        return local_key.read(Path(addresses.FOLDER))
    return None

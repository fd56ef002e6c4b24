"""The log-in that the command line keeps: a file that only its user can read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from crispml_core.client import login
from crispml_core.client.errors import ClientError


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLogin:
    """A log-in, and the addresses of the services that its token is sent to."""

    login: login.Login
    services: tuple[str, ...]


def file() -> Path:
    """Return where it is kept."""
    return Path(click.get_app_dir("crispml")) / "login.json"


def client_secret() -> str:
    """Return the secret of the client at the provider, which most have not."""
    return os.environ.get("CRISPML_LOGIN_CLIENT_SECRET", "")


def keep(kept: KeptLogin) -> None:
    """Keep a log-in instead of the one before."""
    target = file()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(msgspec.json.encode(kept))
    draft.replace(target)


def forget() -> bool:
    """Forget the log-in; return whether there was one."""
    target = file()
    is_there = target.exists()
    target.unlink(missing_ok=True)
    return is_there


def token_for(urls: set[str]) -> str | None:
    """Return the token for services at these addresses; it is refreshed when it has ended.

    None without a log-in, for other addresses, and when the log-in cannot go on.
    """
    try:
        kept = msgspec.json.decode(file().read_bytes(), type=KeptLogin)
    except (OSError, msgspec.MsgspecError):
        return None
    if not urls <= {*kept.services}:
        return None
    if kept.login.is_over:
        if not kept.login.refresh_token:
            return None
        try:
            new = login.refresh(
                login.discover(kept.login.issuer), kept.login, client_secret=client_secret()
            )
        except ClientError:
            return None
        kept = KeptLogin(login=new, services=kept.services)
        keep(kept)
    return kept.login.token

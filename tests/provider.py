"""A real OpenID provider on loopback, for tests: a package that is made for this."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def running_provider(users: dict[str, list[str]] | None = None) -> Iterator[str]:
    """Run a provider and yield its issuer; `users` have these roles, others have none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the package is built upon
        import oidc_provider_mock

        known: list[Any] = [
            oidc_provider_mock.User(sub=name, claims={"roles": roles})
            for name, roles in (users or {}).items()
        ]
        with oidc_provider_mock.run_server_in_thread(user_claims=known) as server:
            yield f"http://localhost:{server.server_port}"

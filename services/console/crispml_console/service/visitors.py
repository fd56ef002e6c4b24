"""Who is signed in. Kept in memory: a console that ends forgets everybody, and no disk knows."""

from __future__ import annotations

import contextlib
import math
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import structlog

from crispml_console.service.call import Call, scoring, training
from crispml_console.settings import Settings
from crispml_core.client import Caller, ClientError, CrispMLClient
from crispml_core.client.login import Issuer, Login, refresh
from crispml_core.client.scoring import ScoringClient
from crispml_core.client.training import TrainingClient

T = TypeVar("T")
OnCall = Callable[[str, str, str, float], None]
_log = structlog.get_logger("crispml.console")
_ANY = "*"
_BROKEN = 500
_USE_CASES_S = 10.0


class Visitor:
    """Somebody who signed in, with the client that asks the services in their name.

    Parameters
    ----------
    credential : str or None
        An API key or a token; None where the services ask for none.
    login : tuple of Issuer and Login, optional
        What a token came from, so that it can be renewed.
    now : float
        Seconds of the clock of `Visitors`.
    """

    def __init__(
        self,
        settings: Settings,
        credential: str | None,
        login: tuple[Issuer, Login] | None = None,
        now: float = 0.0,
        on_call: OnCall | None = None,
    ) -> None:
        self.since = self.seen = now
        self._on_call = on_call
        self._use_cases: tuple[str, ...] = ()
        self._use_cases_at = -math.inf
        self._settings, self._login = settings, login
        self._lock = threading.Lock()
        self._client = self._new_client(credential)
        try:
            self.caller: Caller = self._client.training.whoami()
        except BaseException:
            self._client.close()
            raise

    def run(self, call: Call[T]) -> T:
        """Do a call in their name; it blocks, so ask by `Asked` where others wait.

        Raises
        ------
        ClientError
            As the client raises it.
        """
        with self._counted(call):
            return call.run(self._current())

    def stream(self, call: Call[Iterator[T]], on_item: Callable[[T], bool]) -> None:
        """Do a call in their name and hand on each item as it comes, until nobody wants more.

        Parameters
        ----------
        on_item : callable
            Returns whether more are wanted.

        Raises
        ------
        ClientError
            As the client raises it.
        """
        with self._counted(call), contextlib.closing(call.items(self._current())) as items:
            for item in items:
                if not on_item(item):
                    return

    def use_cases(self) -> tuple[str, ...]:
        """Return the names of the use cases that they may see, which are kept for a while.

        While no service answers they are those that were known, or none.
        """
        now = time.monotonic()
        if now - self._use_cases_at > _USE_CASES_S:
            for call in (training(TrainingClient.use_cases), scoring(ScoringClient.use_cases)):
                try:
                    self._use_cases = tuple(sorted(found.name for found in self.run(call)))
                except ClientError:
                    continue
                self._use_cases_at = now
                break
        return self._use_cases

    def may(self, permission: str, use_case: str | None = None) -> bool:
        """Return whether they may do something to a use case; None asks for all of them.

        The services decide; this only keeps the console from offering what they would refuse.
        """
        where = self.caller.permissions.get(permission, ())
        return _ANY in where or (use_case is not None and use_case in where)

    def may_somewhere(self, permission: str) -> bool:
        """Return whether there is a use case to which they may do something."""
        return bool(self.caller.permissions.get(permission))

    def close(self) -> None:
        """Forget the credential and close every connection."""
        self._client.close()

    @contextlib.contextmanager
    def _counted(self, call: Call[Any]) -> Iterator[None]:
        begun, outcome = time.perf_counter(), "done"
        try:
            yield
        except ClientError as error:
            outcome = error.code
            if error.status is None or error.status >= _BROKEN:
                # What is refused is shown to whoever asked; what fails is for those who operate.
                _log.warning(
                    "call_failed",
                    asked=call.service,
                    call=call.method.__name__,
                    code=error.code,
                    request_id=error.request_id,
                )
            raise
        finally:
            if self._on_call is not None:
                seconds = time.perf_counter() - begun
                self._on_call(call.service, call.method.__name__, outcome, seconds)

    def _current(self) -> CrispMLClient:
        """Return the client, with a token that is still valid where the provider gives one."""
        with self._lock:
            if self._login is not None and self._login[1].is_over:
                provider, login = self._login
                if not login.refresh_token:
                    raise ClientError("your sign-in is over; sign in again", code="signed_out")
                secret = self._settings.console.oidc_client_secret.get_secret_value()
                renewed = refresh(provider, login, client_secret=secret)
                self._login = (provider, renewed)
                self._client.close()
                self._client = self._new_client(renewed.token)
            return self._client

    def _new_client(self, credential: str | None) -> CrispMLClient:
        console = self._settings.console
        return CrispMLClient(
            console.training_url,
            console.scoring_url,
            timeout_s=console.timeout_s,
            retries=1,  # somebody waits, and is shown that it is tried again
            credential=credential,
            tls=self._settings.tls,
        )


class Visitors:
    """Everybody who is signed in, by the secret of their cookie.

    Parameters
    ----------
    clock : callable
        Seconds that only grow; replaced in tests.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._lock = threading.Lock()
        self._known: dict[str, Visitor] = {}
        self.on_call: OnCall | None = None
        """Told service, method, outcome and seconds of each call."""

    def __len__(self) -> int:
        self._forget_old()
        return len(self._known)

    def admit(self, credential: str | None, login: tuple[Issuer, Login] | None = None) -> str:
        """Ask the services whom a credential belongs to, and let them in; return their secret.

        Raises
        ------
        ClientError
            If the services do not know the credential or do not answer, or if the console is full.
        """
        if len(self) >= self._settings.console.sessions:
            raise ClientError("too many people are signed in; try again later", code="console_full")
        visitor = Visitor(self._settings, credential, login, self._clock(), self.on_call)
        secret = secrets.token_urlsafe(32)
        with self._lock:
            self._known[secret] = visitor
        _log.info("signed_in", caller=visitor.caller.name, key_id=visitor.caller.key_id)
        return secret

    def find(self, secret: str, *, is_there: bool = True) -> Visitor | None:
        """Return who holds a secret; None if nobody does or their time is over.

        Parameters
        ----------
        is_there : bool
            Whether it is somebody who does something, which puts off that they are signed out.
        """
        with self._lock:
            visitor = self._known.get(secret)
            if visitor is not None and not self._is_over(visitor):
                if is_there:
                    visitor.seen = self._clock()
                return visitor
        self.dismiss(secret)
        return None

    def dismiss(self, secret: str) -> None:
        """Sign somebody out."""
        with self._lock:
            visitor = self._known.pop(secret, None)
        if visitor is not None:
            visitor.close()
            _log.info("signed_out", caller=visitor.caller.name, key_id=visitor.caller.key_id)

    def close(self) -> None:
        """Sign everybody out."""
        with self._lock:
            known = list(self._known)
        for secret in known:
            self.dismiss(secret)

    def _forget_old(self) -> None:
        with self._lock:
            over = [secret for secret, visitor in self._known.items() if self._is_over(visitor)]
        for secret in over:
            self.dismiss(secret)

    def _is_over(self, visitor: Visitor) -> bool:
        console, now = self._settings.console, self._clock()
        return now - visitor.seen > console.idle_s or now - visitor.since > console.longest_s

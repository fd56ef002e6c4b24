"""One HTTP connection to one service: addresses, timeouts, retries and errors."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx
import msgspec

from crispml_core.client.errors import (
    ClientError,
    RequestRefused,
    ServiceFailed,
    ServiceUnreachable,
    UnexpectedAnswer,
)
from crispml_core.client.tls import ClientTls
from crispml_core.client.tracing import calling
from crispml_core.domain.errors import Problem

T = TypeVar("T")
API = "/api/v1"
REQUEST_ID = "X-Request-ID"
_BUSY = frozenset({429, 502, 503, 504})
_LOST = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LONGEST_PAUSE_S = 10.0
_CHUNK = 1 << 20


class ServiceConnection:
    """A pool of connections to one service.

    A lost connection and the statuses 429, 502, 503 and 504 are tried again with growing pauses,
    but only where a second try cannot do something twice: a GET, or a POST with an
    ``Idempotency-Key``.

    Parameters
    ----------
    name : str
        What the service is called in messages.
    url : str
        Address of the service, without the API path.
    timeout_s : float
        Longest silence of the service within one answer.
    retries : int
        How many more times a request is tried.
    backoff_s : float
        First pause; each later one is twice as long, with a random part. A ``Retry-After`` of the
        service counts instead.
    transport : httpx.BaseTransport, optional
        Replaces the network, for tests.
    sleep : callable
        Replaces the pause, for tests.
    credential : str, optional
        Sent with every call, as a bearer.
    tls : ClientTls, optional
        For addresses that begin with https; the CAs of the system are trusted without it.
    request_id : str, optional
        Sent with every call; by default each call has one of its own.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        timeout_s: float = 60.0,
        retries: int = 4,
        backoff_s: float = 0.2,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        credential: str | None = None,
        tls: ClientTls | None = None,
        request_id: str | None = None,
    ) -> None:
        self._given_id = request_id
        self.name, self.url = name, url.rstrip("/")
        self._retries, self._backoff_s, self._sleep = retries, backoff_s, sleep
        try:
            address = httpx.URL(self.url)
        except httpx.InvalidURL:
            address = httpx.URL("")
        if address.scheme not in ("http", "https") or not address.host:
            raise ClientError(
                f"the address of the {name} service must look like http://host:port",
                code="invalid_address",
            )
        self._client = httpx.Client(
            base_url=self.url,
            headers={} if credential is None else {"Authorization": f"Bearer {credential}"},
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 5.0)),
            transport=transport,
            verify=True if tls is None else tls.context(),
            # A proxy of the company cannot reach this machine's own loopback.
            trust_env=address.host not in _LOOPBACK,
        )

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def get(self, path: str, kind: type[T], params: Mapping[str, Any] | None = None) -> T:
        """Read `path` below the API and return it as `kind`."""
        return self.decode(self.request("GET", API + path, params=params), kind)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        content: bytes | Path | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        timeout_s: float | None = None,
        sent_bytes: Callable[[int], None] | None = None,
    ) -> httpx.Response:
        """Send a request and return its answer.

        Parameters
        ----------
        path : str
            Path from the root of the service.
        params : mapping, optional
            Query parameters; None values are left out.
        body : object, optional
            Becomes JSON.
        content : bytes or Path, optional
            A body as it is; a file is streamed.
        timeout_s : float, optional
            Longest silence for this request.
        sent_bytes : callable, optional
            Told how much of a file was sent.

        Raises
        ------
        ServiceUnreachable
            If nobody answers.
        RequestRefused, ServiceFailed
            If the status is 400 or more.
        """
        sent = {REQUEST_ID: self._request_id(), **(headers or {})}
        if idempotency_key is not None:
            sent["Idempotency-Key"] = idempotency_key
        if body is not None:
            content = msgspec.json.encode(body)
            sent["Content-Type"] = "application/json"
        options: dict[str, Any] = {} if timeout_s is None else {"timeout": timeout_s}
        retries = self._retries if method == "GET" or idempotency_key is not None else 0
        for attempt in range(retries + 1):
            pause = self._pause(attempt)
            try:
                with calling(method, self._client.base_url) as call:
                    response = self._client.request(
                        method,
                        path,
                        params=_given(params),
                        content=_chunks(content, sent_bytes)
                        if isinstance(content, Path)
                        else content,
                        headers={**sent, **call.headers},
                        **options,
                    )
                    call.answered(response.status_code)
            except _LOST as error:
                if attempt == retries:
                    raise self._unreachable() from error
            except httpx.TransportError as error:
                raise self._unreachable() from error
            else:
                if response.status_code not in _BUSY or attempt == retries:
                    return self.checked(response)
                pause = _retry_after(response, pause)
            self._sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def stream(
        self,
        path: str,
        *,
        accept: str,
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
        content: bytes | Path | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        sent_bytes: Callable[[int], None] | None = None,
    ) -> Iterator[httpx.Response]:
        """Open `path` below the API as a stream; one attempt. The arguments are as in `request`."""
        sent = {"Accept": accept, REQUEST_ID: self._request_id(), **(headers or {})}
        options: dict[str, Any] = {} if timeout_s is None else {"timeout": timeout_s}
        if isinstance(content, Path):
            options["content"] = _chunks(content, sent_bytes)
        elif content is not None:
            options["content"] = content
        try:
            with (
                calling(method, self._client.base_url) as call,
                self._client.stream(
                    method,
                    API + path,
                    # None: no parameters at all would take those of the path away.
                    params=_given(params) or None,
                    headers={**sent, **call.headers},
                    **options,
                ) as response,
            ):
                call.answered(response.status_code)
                if response.status_code >= 400:
                    response.read()
                yield self.checked(response)
        except httpx.TransportError as error:
            raise self._unreachable() from error

    def checked(self, response: httpx.Response) -> httpx.Response:
        """Return an answer below 400; raise the problem that another one carries."""
        if response.status_code < 400:
            return response
        kind = RequestRefused if response.status_code < 500 else ServiceFailed
        try:
            problem = msgspec.json.decode(response.content, type=_ProblemDocument)
        except msgspec.MsgspecError:
            problem = _ProblemDocument()
        raise kind(
            problem.detail
            or problem.title
            or f"the {self.name} service answered with status {response.status_code}",
            status=response.status_code,
            code=problem.code,
            request_id=problem.request_id or response.headers.get(REQUEST_ID, ""),
            errors=problem.errors,
        )

    def decode(self, response: httpx.Response, kind: type[T]) -> T:
        """Return the JSON of an answer as `kind`."""
        return self.decode_bytes(response.content, kind, response)

    def decode_bytes(
        self, content: bytes, kind: type[T], response: httpx.Response | None = None
    ) -> T:
        """Return JSON as `kind`; `response` is named in the error."""
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.MsgspecError as error:
            raise UnexpectedAnswer(
                f"the {self.name} service gave an answer that this client does not understand; "
                "is the address right, and are client and service of the same release?",
                status=None if response is None else response.status_code,
                request_id="" if response is None else response.headers.get(REQUEST_ID, ""),
            ) from error

    def _request_id(self) -> str:
        return self._given_id or uuid4().hex

    def _pause(self, attempt: int) -> float:
        longest: float = min(self._backoff_s * 2**attempt, _LONGEST_PAUSE_S)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads callers, guards nothing

    def _unreachable(self) -> ServiceUnreachable:
        return ServiceUnreachable(
            f"the {self.name} service does not answer at {self.url}; "
            "check the address and that it runs"
        )


class _ProblemDocument(msgspec.Struct):
    title: str = ""
    detail: str = ""
    code: str = ""
    request_id: str = ""
    errors: tuple[Problem, ...] = ()


def below(*parts: str) -> str:
    """Join names to a path; a slash inside a name stays inside it."""
    return "".join("/" + quote(part, safe="") for part in parts)


def _given(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (params or {}).items() if value is not None}


def _chunks(path: Path, sent_bytes: Callable[[int], None] | None) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
            if sent_bytes is not None:
                sent_bytes(file.tell())


def _retry_after(response: httpx.Response, otherwise: float) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), _LONGEST_PAUSE_S) if text.isdecimal() else otherwise

"""One call of a service: done, or shown as what anybody could type."""

from __future__ import annotations

import inspect
import json
import shlex
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import httpx

from crispml_core.client import CrispMLClient, Listing, PageOf

P = ParamSpec("P")
T = TypeVar("T")
_KEY = "CRISPML_API_KEY"
_FILE = "FILE"


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A method of the client with its arguments. Make it by `training` or `scoring`.

    Parameters
    ----------
    service : str
        ``training`` or ``scoring``.
    method : callable
        A method of the client of that service.
    """

    service: str
    method: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    then: tuple[int, str | None] | None = None
    """Size and cursor of the page that is wanted of a listing."""

    def run(self, client: CrispMLClient) -> T:
        """Do it; what is yielded is collected, so that nothing is asked later and elsewhere."""
        found = self.method(getattr(client, self.service), *self.args, **self.kwargs)
        if self.then is not None:
            found = found.page(*self.then)
        return list(found) if isinstance(found, Iterator) else found  # type: ignore[return-value]

    def items(self, client: CrispMLClient) -> Generator[Any, None, None]:
        """Do it, and yield what is yielded as soon as it is there."""
        yield from self.method(getattr(client, self.service), *self.args, **self.kwargs)

    def as_python(self, training_url: str, scoring_url: str) -> str:
        """Return a program that does the same."""
        needed = inspect.signature(self.method).parameters
        shown = {
            name: value
            for name, value in self.kwargs.items()
            # What is told of progress says nothing, and what is left out as a rule neither.
            if not callable(value) and not (value is None and _has_default(needed.get(name)))
        }
        given = [_code(value) for value in self.args]
        given += [f"{name}={_code(value)}" for name, value in shown.items()]
        call = f"client.{self.service}.{self.method.__name__}({', '.join(given)})"
        if self.then is not None:
            size, cursor = self.then
            call += f".page({size})" if cursor is None else f".page({size}, {cursor!r})"
        return (
            f"{_imports((*self.args, *shown.values()))}\n"
            "from crispml_core.client import CrispMLClient\n\n"
            "with CrispMLClient(\n"
            f"    {training_url!r},\n"
            f"    {scoring_url!r},\n"
            f'    credential=os.environ["{_KEY}"],\n'
            ") as client:\n"
            f"    answer = {call}\n"
        )

    def as_curl(self, training_url: str, scoring_url: str) -> str:
        """Return a command line that sends the same request.

        The client makes the request and a transport that sends nothing takes it, so that what is
        shown is what would be sent.
        """
        request = self._request(training_url, scoring_url)
        parts = ["curl -sS", f"""-H @<(printf 'Authorization: Bearer %s' "${_KEY}")"""]
        if request.method not in ("GET", "POST") or (
            request.method == "POST" and not request.headers.get("content-type")
        ):
            parts.append(f"-X {request.method}")
        shown = (
            "accept",
            "content-encoding",
            "content-type",
            "crispml-subject",
            "idempotency-key",
            "if-match",
            "if-none-match",
            "prefer",
        )
        for name, value in request.headers.items():
            is_default = name == "accept" and value == "*/*"
            if name in shown and not is_default:
                parts.append(f"-H {shlex.quote(f'{name}: {value}')}")
        if not isinstance(request.stream, httpx.ByteStream):
            name = next((v.name for v in self.args if isinstance(v, Path)), _FILE)
            parts.append(f"--data-binary {shlex.quote(f'@{name}')}")
        elif request.content:
            parts.append(_body(request.content))
        parts.append(shlex.quote(str(request.url)))
        return " \\\n  ".join(parts)

    def _request(self, training_url: str, scoring_url: str) -> httpx.Request:
        with CrispMLClient(training_url, scoring_url, transport=_Taker(), retries=0) as client:
            try:
                self.run(client)
            except _Taken as taken:
                if isinstance(taken.request.stream, httpx.ByteStream):
                    taken.request.read()
                return taken.request
        raise AssertionError("the call sent no request")


def page(call: Call[Listing[T]], size: int, cursor: str | None = None) -> Call[PageOf[T]]:
    """Return the call of one page of a listing, from a cursor that the page before it named."""
    return Call(call.service, call.method, call.args, call.kwargs, (size, cursor))


def training(
    method: Callable[Concatenate[Any, P], T], /, *args: P.args, **kwargs: P.kwargs
) -> Call[T]:
    """Return a call of the training service: ``training(TrainingClient.run, run_id)``."""
    return Call("training", method, args, dict(kwargs))


def scoring(
    method: Callable[Concatenate[Any, P], T], /, *args: P.args, **kwargs: P.kwargs
) -> Call[T]:
    """Return a call of the scoring service: ``scoring(ScoringClient.stored_score, score_id)``."""
    return Call("scoring", method, args, dict(kwargs))


class _Taken(Exception):
    def __init__(self, request: httpx.Request) -> None:
        super().__init__()
        self.request = request


class _Taker(httpx.BaseTransport):
    """Takes a request without reading a file that would be sent."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise _Taken(request)


def _body(content: bytes) -> str:
    try:
        text = json.dumps(json.loads(content), ensure_ascii=False)
    except ValueError:
        return f"--data-binary @{_FILE}"
    return f"--data {shlex.quote(text)}"


def _has_default(parameter: inspect.Parameter | None) -> bool:
    return parameter is None or parameter.default is not inspect.Parameter.empty


def _code(value: Any) -> str:
    if isinstance(value, datetime):
        return f"datetime.fromisoformat({value.isoformat()!r})"
    if isinstance(value, Path):
        # Without its folder, which is one of the console.
        return f"Path({value.name!r})"
    if isinstance(value, Enum):
        return f"{type(value).__name__}({value.value!r})"
    return repr(value)


def _imports(values: tuple[Any, ...]) -> str:
    lines = {"import os"}
    for value in values:
        if isinstance(value, datetime):
            lines.add("from datetime import datetime")
        elif isinstance(value, Path):
            lines.add("from pathlib import Path")
        elif isinstance(value, Enum):
            lines.add(f"from {type(value).__module__} import {type(value).__name__}")
    return "".join(f"{line}\n" for line in sorted(lines, reverse=True))

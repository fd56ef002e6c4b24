"""One record in, one durable score out, on a raw ASGI route in front of the app.

The route machinery of the framework costs more than parsing, scoring and keeping a record together.
So a plain request (one JSON record, the champion, no idempotency key, no extras) is answered here,
and whatever is not plain, or not surely valid, goes on to the app, whose route for the same address
answers everything and describes it in the OpenAPI document.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from itertools import count
from types import SimpleNamespace
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crispml_core.bootstrap.scoring import ScoringParts
from crispml_core.domain.errors import CrispMLError
from crispml_core.domain.models import CHAMPION
from crispml_core.rest.app import API
from crispml_core.rest.errors import crispml_error_response
from crispml_core.rest.evidence import refusal
from crispml_core.rest.formats.single_json import SingleJson
from crispml_core.rest.metrics import HttpMetrics
from crispml_core.rest.request_id import HEADER, is_request_id, is_traceparent
from crispml_core.rest.slow_bodies import BodyClock, BodyTooSlow, arrived
from crispml_core.serving.engine import ScoringEngine
from crispml_core.serving.record_decoder import Record
from crispml_core.serving.scored import ScoreCall
from crispml_scoring.record_decoders import decoder_of

_REQUEST_ID = HEADER.lower().encode()
ROUTE = f"{API}/use-cases/{{use_case}}/new-data-score"
_ROUTE = SimpleNamespace(path=ROUTE)
# A request that carries one of these is not plain.
_EXTRAS = frozenset({b"idempotency-key", b"content-encoding", b"expect"})
_PLAIN_ACCEPT = frozenset({None, b"*/*", b"application/json"})


class HotPath:
    """ASGI middleware that answers plain requests for one score.

    Parameters
    ----------
    app : ASGI application
        Answers everything else.
    parts : callable
        Returns the parts of the service, once it has started.
    metrics : HttpMetrics
        Counts what is answered here.
    body_timeout_s : float
        See `crispml_core.rest.slow_bodies.BodyClock`.
    """

    def __init__(
        self,
        app: ASGIApp,
        parts: Callable[[], ScoringParts | None],
        metrics: HttpMetrics,
        body_timeout_s: float,
    ) -> None:
        self._app, self._parts, self._body_timeout_s = app, parts, body_timeout_s
        self._known: ScoringParts | None = None
        self._targets: dict[str, tuple[str, Callable[[bytes], Record | None]]] = {}
        self._answer = SingleJson()
        self._prefix, self._counter = f"{uuid4().hex[:20]}", count(1)
        self._observe = metrics.recorder(ROUTE, "POST").note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        parts = self._parts()
        if parts is not self._known:
            self._learn(parts)
        target = self._targets.get(scope.get("path", ""))
        if target is None or scope["method"] != "POST" or scope["query_string"]:
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        use_case, decode = target
        headers = dict(scope["headers"])
        if (
            headers.get(b"content-type") != b"application/json"
            or headers.get(b"accept") not in _PLAIN_ACCEPT
            or not _EXTRAS.isdisjoint(headers)
        ):
            await self._app(scope, receive, send)
            return
        message = arrived(receive)
        if message is None:
            try:
                message = await BodyClock(receive, self._body_timeout_s)()
            except BodyTooSlow as error:
                await self._app(scope, _failing(error), send)
                return
        record = None
        if not message.get("more_body", False):
            record = decode(message.get("body", b""))
        assert parts is not None  # without parts there are no targets
        engine = parts.engine
        active = engine.models.find(use_case, CHAMPION)
        if record is None or active is None or not active.loaded.scorer.is_fast:
            await self._app(scope, _again(message, receive), send)
            return
        given = headers.get(_REQUEST_ID)
        if given is None or not is_request_id(request_id := given.decode("latin-1")):
            request_id = f"{self._prefix}{next(self._counter):012x}"
        call = ScoreCall(use_case=use_case, alias=CHAMPION, request_id=request_id)
        try:
            scored = await engine.score_one(active, call, record)
        except CrispMLError as error:
            seconds = time.perf_counter() - start
            await self._refuse(engine, call, error, scope, message, send, seconds)
            return
        body = self._answer(scored)
        answered = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (_REQUEST_ID, request_id.encode()),
        ]
        trace = headers.get(b"traceparent")
        if trace is not None and is_traceparent(trace.decode("latin-1")):
            answered.append((b"traceparent", trace))
        await send({"type": "http.response.start", "status": 200, "headers": answered})
        await send({"type": "http.response.body", "body": body})
        self._observe(200, time.perf_counter() - start)

    def _learn(self, parts: ScoringParts | None) -> None:
        """Take over the plain requests of the use cases of a service."""
        self._known = parts
        self._targets = {
            f"{API}/use-cases/{name}/new-data-score": (name, decoder_of(use_case).one)
            for name, use_case in (parts.use_cases.items() if parts is not None else ())
        }

    async def _refuse(
        self,
        engine: ScoringEngine,
        call: ScoreCall,
        error: CrispMLError,
        scope: Scope,
        message: Message,
        send: Send,
        seconds: float,
    ) -> None:
        """Answer a record that was not scored; the app would do the work once more."""
        request_id = call.request_id
        scope.setdefault("state", {})["request_id"] = request_id
        scope["route"] = _ROUTE
        response = crispml_error_response(scope, error)
        response.headers[HEADER] = request_id
        digest = hashlib.sha256(message.get("body", b"")).hexdigest()
        engine.note(refusal(scope, response.status_code, call.use_case, digest))
        await response(scope, _nothing, send)
        self._observe(response.status_code, seconds)


def _again(first: Message, receive: Receive) -> Receive:
    """Return a `receive` that gives a message which was taken already once more."""
    taken = [first]

    async def again() -> Message:
        return taken.pop() if taken else await receive()

    return again


def _failing(error: CrispMLError) -> Receive:
    """Return a `receive` that raises an error, so that the app answers it like any other."""

    async def fail() -> Message:
        raise error

    return fail


async def _nothing() -> Message:
    return {"type": "http.disconnect"}

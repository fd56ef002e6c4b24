"""One record in, one durable score out, answered at the socket.

A plain request (one JSON record, the champion, no idempotency key, no extras) is answered here, and
whatever is not plain, or not surely valid, goes on to the app, whose route for the same address
answers everything and describes it in the OpenAPI document.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import structlog

from crispml_core.bootstrap.scoring import ScoringParts
from crispml_core.domain.errors import CrispMLError
from crispml_core.domain.models import CHAMPION
from crispml_core.rest.access.concurrency import InWork
from crispml_core.rest.access.gate import Gate
from crispml_core.rest.app import API
from crispml_core.rest.errors import crispml_error_response
from crispml_core.rest.evidence import refusal
from crispml_core.rest.formats.single_json import SingleJson
from crispml_core.rest.metrics import HttpMetrics
from crispml_core.rest.plain_heads import PlainHead, Reply
from crispml_core.rest.security_headers import PLAIN_FIELDS, SECURITY_FIELDS
from crispml_core.rest.unexpected import failure_response
from crispml_core.serving.engine import Committed
from crispml_core.serving.plain_records import PlainRecord
from crispml_core.serving.record_decoder import Record
from crispml_scoring.record_decoders import decoder_of

ROUTE = f"{API}/use-cases/{{use_case}}/new-data-score"
_ROUTE = SimpleNamespace(path=ROUTE)
_JSON = b"content-type: application/json\r\n" + PLAIN_FIELDS


class HotPath:
    """Answers plain requests for one score; see `crispml_core.rest.plain_requests.PlainAnswers`.

    Parameters
    ----------
    parts : callable
        Returns the parts of the service, once it has started.
    metrics : HttpMetrics
        Counts what is answered here.
    gate : Gate
        Knows who may score.
    """

    def __init__(
        self, parts: Callable[[], ScoringParts | None], metrics: HttpMetrics, gate: Gate
    ) -> None:
        self._parts, self._gate = parts, gate
        self._known: ScoringParts | None = None
        self._targets: dict[str, tuple[str, Callable[[bytes], Record | None]]] = {}
        self._write = SingleJson()
        self._prefix, self._counter = f"{uuid4().hex[:20]}", count(1)
        self._observe = metrics.recorder(ROUTE, "POST").note

    def is_answered(self, path: str) -> bool:
        """Return whether a path is that of a use case."""
        parts = self._parts()
        if parts is not self._known:
            self._learn(parts)
        return path in self._targets

    def answer(self, head: PlainHead, body: bytes, reply: Reply) -> bool:
        """Score a record; False if it is not surely valid, or no fast version serves."""
        start = time.perf_counter()
        parts = self._parts()
        if parts is None or parts is not self._known:
            return False
        tracer = parts.tracer
        if tracer.is_on and tracer.takes(_text(head.traceparent), again=True):
            return False  # the app follows it step by step
        use_case, decode = self._targets[head.path]
        work = self._gate.may_score(head.authorization, use_case)
        if work is None or work.now >= work.most:
            return False  # the app finds out who asks, or says why not
        active = parts.engine.models.find(use_case, CHAMPION)
        if active is None or not active.loaded.scorer.is_fast:
            return False
        record = decode(body)
        if record is None:
            return False
        if active.challenger is not None and active.challenger.takes(record):
            return False  # the app lets the champion answer if the challenger fails
        request_id = head.request_id or f"{self._prefix}{next(self._counter):012x}"
        tell = partial(self._tell, head, request_id, use_case, body, reply, start, work)
        work.now += 1
        try:
            parts.engine.score_plain(PlainRecord(active, record, request_id), tell)
        except Exception as error:
            tell(error)
        return True

    def _tell(
        self,
        head: PlainHead,
        request_id: str,
        use_case: str,
        body: bytes,
        reply: Reply,
        start: float,
        work: InWork,
        outcome: Committed | Exception,
    ) -> None:
        """Answer with what became of a record."""
        work.now -= 1
        try:
            if isinstance(outcome, Exception):
                raise outcome
            status, fields, content = 200, _JSON, self._write(*outcome)
        except Exception as error:
            status, fields, content = self._refused(request_id, use_case, body, error)
        more = b"content-length: %d\r\nx-request-id: %b\r\n" % (len(content), request_id.encode())
        if head.traceparent is not None:
            more += b"traceparent: %b\r\n" % head.traceparent
        reply(status, fields + more, content)
        self._observe(status, time.perf_counter() - start)

    def _learn(self, parts: ScoringParts | None) -> None:
        """Take over the plain requests of the use cases of a service."""
        self._known = parts
        self._targets = {
            f"{API}/use-cases/{name}/new-data-score": (name, decoder_of(use_case).one)
            for name, use_case in (parts.use_cases.items() if parts is not None else ())
        }

    def _refused(
        self, request_id: str, use_case: str, body: bytes, error: Exception
    ) -> tuple[int, bytes, bytes]:
        """Note and describe why a record was not scored; the app would do the work once more."""
        scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": ROUTE,
            "headers": [],
            "route": _ROUTE,
            "state": {"request_id": request_id},
        }
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = (
                crispml_error_response(scope, error)
                if isinstance(error, CrispMLError)
                else failure_response(scope, error)
            )
        parts = self._parts()
        if parts is not None:
            digest = parts.privacy.refused(
                parts.use_cases, use_case, hashlib.sha256(body).hexdigest()
            )
            parts.engine.note(refusal(scope, response.status_code, use_case, digest))
        fields = b"".join(
            b"%b: %b\r\n" % field for field in response.raw_headers if field[0] != b"content-length"
        )
        return response.status_code, fields + SECURITY_FIELDS, bytes(response.body)


def _text(traceparent: bytes | None) -> str | None:
    return None if traceparent is None else traceparent.decode()

"""A collector of traces on loopback: takes OTLP over HTTP and keeps every span."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.receiver import Receiver


@dataclass(frozen=True)
class Span:
    """What was sent about one span."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    facts: dict[str, Any]
    links: tuple[str, ...]
    failed: bool


class Collector(Receiver):
    """The server; its `url` is where traces go."""

    def __init__(self) -> None:
        super().__init__(200)
        self.url += "/v1/traces"

    @property
    def spans(self) -> list[Span]:
        """Everything that was sent until now."""
        return [span for body in list(self.bodies) for span in _spans(body)]

    def of_trace(self, trace_id: str, done: Callable[[list[Span]], bool]) -> list[Span]:
        """Return the spans of a trace once enough of them are there; they come a little later."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = [span for span in self.spans if span.trace_id == trace_id]
            if done(found):
                return found
            time.sleep(0.1)
        raise AssertionError(f"these came: {sorted({span.name for span in found})}")


def _spans(body: bytes) -> list[Span]:
    sent = ExportTraceServiceRequest.FromString(body)
    return [
        Span(
            service=_facts(resource.resource.attributes)["service.name"],
            name=span.name,
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_id=span.parent_span_id.hex(),
            facts=_facts(span.attributes),
            links=tuple(link.span_id.hex() for link in span.links),
            failed=span.status.code == 2,
        )
        for resource in sent.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _facts(attributes: Any) -> dict[str, Any]:
    return {fact.key: getattr(fact.value, fact.value.WhichOneof("value")) for fact in attributes}

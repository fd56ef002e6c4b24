"""A call of a service as a part of the trace that its caller makes, if it makes one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx


class Call:
    """One call: the headers that carry the trace on, and what is told about the answer."""

    headers: Mapping[str, str]

    def __init__(self) -> None:
        self.headers = {}

    def answered(self, status: int) -> None:
        """Take the status of the answer."""


class _TracedCall(Call):
    def __init__(self, span: Any) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._span = span
        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier)
        # The services read no other header of a trace.
        self.headers = {name: carrier[name] for name in carrier if name == "traceparent"}

    def answered(self, status: int) -> None:
        self._span.set_attribute("http.response.status_code", status)
        if status >= 400:
            from opentelemetry.trace import StatusCode

            self._span.set_attribute("error.type", str(status))
            self._span.set_status(StatusCode.ERROR)


@contextmanager
def calling(method: str, address: httpx.URL) -> Iterator[Call]:
    """Open the span of a call.

    A program that makes traces has loaded OpenTelemetry; for another one nothing is loaded here.
    A span has no path and no query: keys of records are in them.
    """
    if "opentelemetry.trace" not in sys.modules:
        yield Call()
        return
    from opentelemetry import trace

    with trace.get_tracer("crispml.client").start_as_current_span(
        method,
        kind=trace.SpanKind.CLIENT,
        attributes={
            "http.request.method": method,
            "server.address": address.host,
            "server.port": address.port or 0,
        },
        # Both would write the text of an exception, which may name the address.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield _TracedCall(span)
        except Exception as error:
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(trace.StatusCode.ERROR)
            raise

"""The tracer: which requests are traced, and what a span is made of."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, TraceFlags

from crispml_core.ports.tracer import Fact, Kind, Span

# Sending waits so long for the collector, at the end of the process too.
_TIMEOUT_S = 2.0
_EVERY_S = 1.0
_KINDS = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
}


def otlp_exporter(url: str, headers: Mapping[str, str]) -> SpanExporter:
    """Return what sends spans to a collector, as protobuf over HTTP."""
    return OTLPSpanExporter(endpoint=url, headers=dict(headers), timeout=_TIMEOUT_S)


class OtelTracer:
    """Traces through OpenTelemetry; see `crispml_core.ports.tracer.Tracer`.

    Spans wait in a bounded queue and are sent by a thread; what does not fit is dropped.

    Parameters
    ----------
    exporter : SpanExporter
        Where the spans go.
    ratio : float
        Share of the requests that are traced although their caller does not say so.
    resource : mapping
        What is said about this process, by the names of OpenTelemetry.
    """

    is_on = True

    def __init__(
        self, exporter: SpanExporter, *, ratio: float, resource: Mapping[str, str]
    ) -> None:
        # Who decides is `takes`: what is begun after it is kept.
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=Resource(dict(resource)), shutdown_on_exit=False
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                schedule_delay_millis=_EVERY_S * 1000,
                export_timeout_millis=_TIMEOUT_S * 1000,
            )
        )
        self._tracer = self._provider.get_tracer("crispml")
        self._ratio = ratio
        self._promised = 0  # requests that were taken, and that are asked about once more

    def takes(self, traceparent: str | None, *, again: bool = False) -> bool:
        """Return whether a request is traced."""
        if traceparent is not None:
            return bool(int(traceparent[-2:], 16) & TraceFlags.SAMPLED)
        if self._promised and not again:
            self._promised -= 1
            return True
        taken = random.random() < self._ratio  # noqa: S311 - chooses a share, guards nothing
        if taken and again:
            self._promised += 1
        return taken

    def trace(
        self,
        name: str,
        traceparent: str | None = None,
        *,
        links: Sequence[str] = (),
        kind: Kind = "internal",
        **facts: Fact,
    ) -> AbstractContextManager[Span]:
        """Begin a trace, or go on with one."""
        parent = context.Context()
        if traceparent is not None:
            remote = trace.NonRecordingSpan(_span_context(traceparent))
            parent = trace.set_span_in_context(remote, parent)
        return self._open(name, parent, [Link(_span_context(link)) for link in links], kind, facts)

    def span(
        self, name: str, *, kind: Kind = "internal", **facts: Fact
    ) -> AbstractContextManager[Span | None]:
        """Add a part to the trace that this context is in."""
        if not trace.get_current_span().is_recording():
            return nullcontext(None)
        return self._open(name, None, [], kind, facts)

    def close(self) -> None:
        """Send what waits, and stop."""
        self._provider.shutdown()

    @contextmanager
    def _open(
        self,
        name: str,
        parent: context.Context | None,
        links: Sequence[Link],
        kind: Kind,
        facts: Mapping[str, Fact],
    ) -> Iterator[OtelSpan]:
        with self._tracer.start_as_current_span(
            name,
            context=parent,
            kind=_KINDS[kind],
            links=links,
            attributes=_attributes(facts),
            # An exception is described below: its text may quote a value.
            record_exception=False,
            set_status_on_exception=False,
        ) as opened:
            span = OtelSpan(opened)
            try:
                yield span
            except BaseException as error:
                span.fail(f"{type(error).__module__}.{type(error).__qualname__}")
                raise


class OtelSpan:
    """An open span; see `crispml_core.ports.tracer.Span`."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        """What carries the trace on."""
        here = self._span.get_span_context()
        return f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}"

    def note(self, **facts: Fact) -> None:
        """Say something about what happens."""
        self._span.set_attributes(_attributes(facts))

    def rename(self, name: str) -> None:
        """Give the span its name."""
        self._span.update_name(name)

    def fail(self, reason: str) -> None:
        """Note that it failed."""
        self._span.set_attribute("error.type", reason)
        self._span.set_status(StatusCode.ERROR)


def _attributes(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    return {name.replace("__", "."): fact for name, fact in facts.items()}


def _span_context(traceparent: str) -> SpanContext:
    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16))
    )

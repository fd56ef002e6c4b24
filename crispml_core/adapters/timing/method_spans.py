"""The calls of methods as parts of the trace that they happen in."""

from __future__ import annotations

from contextlib import AbstractContextManager

from crispml_core.domain.timings import Call, Outcome
from crispml_core.ports.tracer import Span, Tracer


class MethodSpans:
    """Makes a span of each call; see `crispml_core.ports.timing_log.TimingLog`.

    A group of requests has a span of its own, which the ledger writer makes: it belongs to several
    traces.

    Parameters
    ----------
    tracer : Tracer
        Gets the spans.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._open: dict[int, tuple[AbstractContextManager[Span | None], Span]] = {}

    def enter(self, call: Call) -> None:
        """Open the span of a call, inside of a trace."""
        if call.is_group:
            return
        part = self._tracer.span(call.method, crispml__use_case=call.use_case)
        span = part.__enter__()
        if span is not None:
            self._open[id(call)] = part, span

    def exit(self, call: Call) -> None:
        """Close it, with what came of the call."""
        part, span = self._open.pop(id(call), (None, None))
        if part is None or span is None:
            return
        span.note(crispml__rows=call.rows)
        if call.outcome is Outcome.ERROR:
            span.fail(call.outcome.value)
        part.__exit__(None, None, None)

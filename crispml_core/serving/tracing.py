"""What scoring adds to the traces of its requests."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from crispml_core.ports.tracer import Tracer

if TYPE_CHECKING:
    from crispml_core.serving.active import Active
    from crispml_core.serving.ledger_writer import Entry


def commit_span(tracer: Tracer | None, entries: Sequence[Entry]) -> AbstractContextManager[Any]:
    """Return the span of a commit: a part of the first traced request in it, linked to the others.

    Requests share a commit, and a span has one parent.
    """
    if tracer is None or not tracer.is_on:
        return nullcontext()
    traced = [entry.call.traceparent for entry in entries if entry.call.traceparent is not None]
    if not traced:
        return nullcontext()
    first, *others = traced
    return tracer.trace(
        "commit scores",
        first,
        links=others,
        crispml__requests=len(entries),
        crispml__rows=sum(len(entry.scores) for entry in entries),
    )


def answer_span(
    tracer: Tracer | None, active: Active, records: Sequence[Any]
) -> AbstractContextManager[Any]:
    """Return the span of asking a version about some records."""
    if tracer is None or not tracer.is_on:
        return nullcontext()
    return tracer.span(
        "ask version",
        crispml__use_case=active.served.use_case,
        crispml__version=active.served.version,
        crispml__rows=len(records),
    )

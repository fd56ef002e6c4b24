"""What becomes of spans, and that nothing of a value does."""

from __future__ import annotations

import time

import pytest
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from crispml_core.adapters.otel import OtelTracer
from crispml_core.adapters.otel.tracer import otlp_exporter
from crispml_core.bootstrap.tracing import make_tracer
from crispml_core.domain.errors import InvalidInput
from crispml_core.settings import CrispMLSettings

SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_SAMPLED = SAMPLED[:-2] + "00"
SECRET = "Erika Mustermann"


def tracer(exporter, ratio=0.0):
    return OtelTracer(exporter, ratio=ratio, resource={"service.name": "test"})


@pytest.fixture
def sent():
    return InMemorySpanExporter()


def test_the_caller_decides_and_else_chance():
    always, never = tracer(InMemorySpanExporter(), 1.0), tracer(InMemorySpanExporter(), 0.0)

    assert always.takes(None)
    assert not never.takes(None)
    assert never.takes(SAMPLED)
    assert not always.takes(NOT_SAMPLED)


def test_who_asks_again_about_a_request_gets_the_same_answer():
    half = tracer(InMemorySpanExporter(), 0.5)
    taken = sum(half.takes(None, again=True) for _ in range(200))
    half._ratio = 0.0

    assert 0 < taken < 200
    assert sum(half.takes(None) for _ in range(200)) == taken


def test_an_exception_is_its_type_and_not_its_text(sent):
    made = tracer(sent)

    def work():
        with made.trace("work") as span:
            span.note(crispml__rows=3)
            raise ValueError(SECRET)

    with pytest.raises(ValueError, match=SECRET):
        work()
    made.close()

    (span,) = sent.get_finished_spans()
    assert dict(span.attributes) == {"crispml.rows": 3, "error.type": "builtins.ValueError"}
    assert SECRET not in span.to_json()


def test_outside_of_a_trace_there_is_no_span(sent):
    made = tracer(sent, 1.0)
    with made.span("SELECT runs") as span:
        assert span is None
    made.close()

    assert sent.get_finished_spans() == ()


def test_a_collector_that_is_away_keeps_nobody():
    made = tracer(otlp_exporter("http://127.0.0.1:9/v1/traces", {}), 1.0)
    start = time.monotonic()
    for _ in range(20_000):  # several times what waits in the queue
        with made.trace("work"):
            pass
    made.close()

    assert time.monotonic() - start < 30, "each span alone would have waited for the collector"


def test_a_collector_that_hangs_does_not_hold_up_the_end():
    class Hanging(InMemorySpanExporter):
        def export(self, spans):
            time.sleep(2.0)
            return SpanExportResult.FAILURE

    made = tracer(Hanging(), 1.0)
    with made.trace("work"):
        pass
    start = time.monotonic()
    made.close()

    assert time.monotonic() - start < 20


def test_without_a_collector_nothing_is_made_and_nothing_loaded():
    assert not make_tracer(CrispMLSettings(), "scoring").is_on


@pytest.mark.parametrize(
    ("name", "value"), [("url", "collector:4318"), ("headers", "authorization"), ("ratio", 2)]
)
def test_a_wrong_setting_is_refused(name, value):
    with pytest.raises(ValueError, match=name):
        CrispMLSettings.model_validate({"tracing": {name: value}})


def test_headers_are_parsed():
    wanted = "authorization=Bearer a=b, x-scope-orgid=bank"
    settings = CrispMLSettings.model_validate({"tracing": {"headers": wanted}})

    assert settings.tracing.parsed_headers() == {
        "authorization": "Bearer a=b",
        "x-scope-orgid": "bank",
    }


def test_a_missing_library_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "crispml_core.adapters.otel", None)
    settings = CrispMLSettings.model_validate({"tracing": {"url": "http://127.0.0.1:4318"}})
    with pytest.raises(InvalidInput, match="extra otel"):
        make_tracer(settings, "scoring")

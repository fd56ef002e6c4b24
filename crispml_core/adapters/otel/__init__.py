"""Traces as OpenTelemetry spans, sent over OTLP.

The libraries are loaded only in a process that sends some: the extra `otel` brings them.
"""

from __future__ import annotations

from crispml_core.adapters.otel.tracer import OtelTracer

__all__ = ["OtelTracer"]

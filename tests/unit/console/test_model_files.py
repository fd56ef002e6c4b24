from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar

from crispml_console.app.model_files import Passed

TRACE: ContextVar[str] = ContextVar("trace")


@contextmanager
def opened(said):
    token = TRACE.set("begun")
    try:
        yield "d1", iter([b"one", b"two"])
    finally:
        TRACE.reset(token)
        said.append("closed")


def test_a_stream_is_passed_on_and_closed():
    said = []
    passed = Passed(opened(said))
    assert passed.open() == "d1"
    assert list(passed.pieces()) == [b"one", b"two"]
    assert said == ["closed"]


def test_a_stream_is_closed_when_the_browser_goes():
    said = []
    passed = Passed(opened(said))
    passed.open()
    pieces = passed.pieces()
    assert next(pieces) == b"one"
    pieces.close()
    assert said == ["closed"]
    assert TRACE.get(None) is None

"""Clients that send too much, too slowly, or nonsense: refused, noted, and nobody else notices."""

import gzip
import json
import os
import socket
import struct
import time
from pathlib import Path

import pytest
import zstandard

from benchmarks.faults.load import Load
from benchmarks.faults.service import HOST, Service, until
from benchmarks.faults.world import SCORE, body

pytestmark = pytest.mark.slow

MIB = 2**20
# The shipped limit of a JSON body is 32 MiB; that of files is lowered for the test.
UPLOAD_MIB = 64
BODY_TIMEOUT_S = 1.0
JSON, CSV = "application/json", "text/csv"
GOOD = body("k-1")
BLOCK = bytes(16 * MIB)
BOMBS = {
    "gzip": gzip.compress(BLOCK, 1) * 64,
    "zstd": zstandard.ZstdCompressor().compress(BLOCK) * 64,
}


@pytest.fixture(scope="module")
def service(trained, tmp_path_factory):
    world = trained.copy(tmp_path_factory.mktemp("bad-clients") / "stores")
    settings = {
        "CRISPML_SERVER__BODY_TIMEOUT_S": str(BODY_TIMEOUT_S),
        "CRISPML_SERVER__MAX_UPLOAD_BYTES": str(UPLOAD_MIB * MIB),
    }
    with Service(world, settings) as started:
        started.ask("POST", SCORE, GOOD, {"Content-Type": CSV})  # what CSV needs is loaded now
        yield started


@pytest.fixture(autouse=True)
def bystander(service):
    """Clients that behave, and must not notice anything of the test beside them."""
    with Load(service, os.urandom(4).hex(), connections=4, pause_s=0.02) as load:
        until(lambda: len(load.heard.told) > 4)
        yield load
        before = len(load.heard.told)
        until(lambda: len(load.heard.told) > before + 4)
        heard = load.stop()
    assert heard.refused == []
    assert heard.broken == 0
    assert heard.slowest() < 2


@pytest.fixture
def memory(service):
    """Bound what the test adds to the memory of the process: ``memory(100)`` MiB."""
    Path(f"/proc/{service.pid}/clear_refs").write_text("5")  # the peak counts from here on
    before = service.peak_mib()
    return lambda most: service.peak_mib() - before < most


class Raw:
    """A connection of which every byte is chosen."""

    def __init__(self, service, request_id=""):
        self.socket = socket.create_connection((HOST, service.port), timeout=30)
        self.request_id = request_id

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def head(self, media=JSON, **headers):
        lines = [f"POST {SCORE} HTTP/1.1", "Host: x", f"Content-Type: {media}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += [f"X-Request-ID: {self.request_id}"] if self.request_id else []
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def answer(self):
        """Return status and body of what comes, until the end of either."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, content = received.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(content) < length:
            content += self._more()
        return int(head[9:12]), json.loads(content)

    def is_closed_by_the_server(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _more(self):
        piece = self.socket.recv(65536)
        assert piece, "the connection ended without an answer"
        return piece


def is_noted(service, request_id, status, code):
    def found():
        events = service.events(code)
        return [event for event in events if event["request_id"] == request_id]

    until(found, what="the refusal is an event")
    (event,) = found()
    assert event["status"] == status
    assert len(event["payload_digest"]) == 64
    assert event["use_case"] == "orders"


def in_flight(service):
    return service.metric("crispml_http_requests_in_flight")


def test_clients_that_go_in_the_middle_of_a_body_leave_nothing_behind(service, memory):
    for number in range(200):
        with Raw(service) as raw:
            raw.head(Content_Length=10_000 if number % 2 else len(GOOD))
            raw.socket.sendall(GOOD[: len(GOOD) // 2])
            if number % 3 == 0:  # with a reset instead of an orderly end
                raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: in_flight(service) <= 1)
    assert memory(20)


def test_clients_that_go_before_the_answer_have_their_score_all_the_same(service):
    keys = [f"gone-{number}" for number in range(50)]
    for key in keys:
        with Raw(service) as raw:
            content = body(key)
            raw.head(Content_Length=len(content))
            raw.socket.sendall(content)
    for key in keys[::10]:
        until(lambda key=key: len(service.get(f"/api/v1/scores?record_key={key}")["items"]) == 1)


@pytest.mark.parametrize("media", [JSON, CSV])
@pytest.mark.parametrize("first", [b"", b"{"], ids=["nothing comes", "byte by byte"])
def test_a_body_that_comes_too_slowly_is_refused_in_bounded_time(service, media, first):
    request_id = f"slow-{media[-3:]}-{len(first)}"
    began = time.monotonic()
    with Raw(service, request_id) as raw:
        raw.head(media, Content_Length=1000)
        raw.socket.settimeout(0.2)
        while True:
            raw.socket.sendall(first)
            try:
                status, problem = raw.answer()
                break
            except TimeoutError:
                assert time.monotonic() - began < BODY_TIMEOUT_S + 3
        raw.socket.settimeout(5)
        assert raw.is_closed_by_the_server()
    assert (status, problem["code"]) == (408, "body_too_slow")
    assert time.monotonic() - began > BODY_TIMEOUT_S * 0.9
    is_noted(service, request_id, 408, "body_too_slow")


def test_a_hundred_slow_clients_hold_nothing_for_longer_than_that(service, memory):
    slow = [Raw(service) for _ in range(100)]
    for number, raw in enumerate(slow):
        raw.head(JSON if number % 2 else CSV, Content_Length=5_000_000)
        raw.socket.sendall(b"[" * (number % 3))
    until(lambda: in_flight(service) <= 1, BODY_TIMEOUT_S + 4)
    assert {raw.answer()[0] for raw in slow} == {408}
    for raw in slow:
        raw.socket.close()
    assert memory(40)


@pytest.mark.parametrize(("media", "announced"), [(JSON, 33 * MIB), (CSV, 2**30)])
def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(service, media, announced):
    request_id = f"announced-{media[-3:]}"
    with Raw(service, request_id) as raw:
        raw.head(media, Content_Length=announced)
        status, problem = raw.answer()
    assert (status, problem["code"]) == (413, "too_large")
    is_noted(service, request_id, 413, "too_large")


@pytest.mark.parametrize(("media", "most_mib"), [(JSON, 32), (CSV, UPLOAD_MIB)])
def test_a_stream_without_a_length_is_refused_when_it_is_too_large(
    service, memory, media, most_mib
):
    request_id = f"streamed-{media[-3:]}"
    chunk = b"%x\r\n" % MIB + b" " * MIB + b"\r\n"
    sent = 0
    with Raw(service, request_id) as raw:
        raw.head(media, Transfer_Encoding="chunked")
        raw.socket.setblocking(False)
        status = None
        left = chunk
        while status is None and sent < 2**30:
            try:
                done = raw.socket.send(left)
                sent, left = sent + done, left[done:] or chunk
            except BlockingIOError:
                time.sleep(0.001)
            try:
                if raw.socket.recv(1, socket.MSG_PEEK):
                    raw.socket.setblocking(True)
                    status, problem = raw.answer()
            except BlockingIOError:
                pass
    assert (status, problem["code"]) == (413, "too_large")
    assert sent < (most_mib + 16) * MIB
    is_noted(service, request_id, 413, "too_large")
    assert memory(3 * most_mib + 40)


@pytest.mark.parametrize("media", [JSON, CSV])
@pytest.mark.parametrize("encoding", BOMBS)
def test_a_bomb_is_refused_when_it_has_grown_to_the_limit(service, memory, media, encoding):
    request_id = f"bomb-{encoding}-{media[-3:]}"
    bomb = BOMBS[encoding]
    with Raw(service, request_id) as raw:
        raw.head(media, Content_Length=len(bomb), Content_Encoding=encoding)
        raw.socket.sendall(bomb)
        status, problem = raw.answer()
    assert (status, problem["code"]) == (413, "too_large")
    is_noted(service, request_id, 413, "too_large")
    assert memory(3 * UPLOAD_MIB + 40)


def changed(**values):
    return json.dumps({**json.loads(GOOD), **values}).encode()


NONSENSE = {
    "nested-in-an-array": (b"[" * 10_000 + b"]" * 10_000, JSON, 413, "too_large"),
    "nested-in-a-record": (
        GOOD[:-1] + b',"more":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
        JSON,
        413,
        "too_large",
    ),
    "duplicate-key": (GOOD[:-1] + b',"items":1}', JSON, 400, "malformed_content"),
    "nan": (changed(amount=float("nan")), JSON, 400, "malformed_content"),
    "infinity": (changed(amount=float("inf")), JSON, 400, "malformed_content"),
    "beyond-a-float": (GOOD[:-1] + b',"amount":1e999}', JSON, 400, "malformed_content"),
    "huge-integer": (changed(items=10**4000), JSON, 422, "invalid_records"),
    "huger-integer": (GOOD.replace(b'"items":', b'"items":' + b"9" * 9000), JSON, 413, "too_large"),
    "wrong-content-type": (GOOD, "text/html", 415, "unsupported_content"),
    "wrong-charset": (GOOD, f"{JSON}; charset=utf-16", 415, "unsupported_content"),
    "wrong-bytes": (GOOD.replace(b"k-1", b"k-\xff"), JSON, 400, "malformed_content"),
    "other-charset": (GOOD.decode().encode("utf-16"), JSON, 400, "malformed_content"),
    "no-json": (b"order_id,amount\n", JSON, 400, "malformed_content"),
    "no-parquet": (GOOD, "application/vnd.apache.parquet", 400, "malformed_content"),
    "empty": (b"", JSON, 422, "invalid_input"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_refused_with_its_problem_and_an_event(service, name):
    content, media, status, code = NONSENSE[name]
    headers = {"Content-Type": media, "X-Request-ID": f"nonsense-{name}"}
    found, answer = service.ask("POST", SCORE, content, headers)
    assert (found, json.loads(answer)["code"]) == (status, code)
    is_noted(service, f"nonsense-{name}", status, code)


@pytest.mark.parametrize("value", [b"{}", b"[]", b'{"a":1}'], ids=["objects", "arrays", "records"])
def test_a_body_of_millions_of_tiny_values_takes_bounded_memory(service, memory, value):
    content = b"[" + (value + b",") * (31 * MIB // (len(value) + 1)) + value + b"]"
    began = time.monotonic()
    status, _ = service.ask("POST", SCORE, content, {"Content-Type": JSON})
    assert status == 413
    assert time.monotonic() - began < 5
    assert memory(3 * 32)

"""Plain requests are answered at the socket; whatever else comes reaches the app as it was sent."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest
import uvicorn

from crispml_core.rest import plain_requests
from crispml_core.rest.connections import Limits
from crispml_core.rest.plain_requests import protocol

BODY = b'{"a": 1}'
HEAD = (
    b"POST /plain HTTP/1.1\r\nhost: h\r\n"
    b"content-type: application/json\r\ncontent-length: 8\r\n\r\n"
)


class Answers:
    """Answers with what it was sent; can leave requests to the app, or answer late."""

    def __init__(self):
        self.seen, self.late, self.takes, self.waits = [], [], True, False

    def is_answered(self, path):
        return path == "/plain"

    def answer(self, head, body, reply):
        self.seen.append(body)
        if not self.takes:
            return False
        send = (reply, 200, b"content-length: %d\r\n" % len(body), body)
        if self.waits:
            self.late.append((asyncio.get_running_loop(), send))
        else:
            send[0](*send[1:])
        return True

    def let_go(self):
        loop, (reply, *answer) = self.late.pop(0)
        loop.call_soon_threadsafe(reply, *answer)


class App:
    """Answers with "app:" and what it was sent."""

    def __init__(self):
        self.seen = []

    async def __call__(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.seen.append(body)
        content = b"app:" + body
        length = (b"content-length", b"%d" % len(content))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": content})


class Connection:
    """A client that sends bytes as they are."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")

    def send(self, *parts, pause=0.0):
        for part in parts:
            self.socket.sendall(part)
            time.sleep(pause)

    def read(self):
        """Return the fields and the body of the next answer."""
        self.status = self.file.readline()
        fields = {}
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            fields[name.lower()] = value.strip()
        return fields, self.file.read(int(fields.get(b"content-length", 0)))

    def is_closed(self):
        return self.file.read(1) == b""

    def close(self):
        self.file.close()
        self.socket.close()


class World:
    def __init__(self):
        self.answers, self.app, self.connections = Answers(), App(), []
        listener = socket.create_server(("127.0.0.1", 0))  # the server closes it
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self.app,
            http=protocol(self.answers, Limits(1000, 10, 60)),
            loop="uvloop",
            lifespan="off",
            log_config=None,
            timeout_keep_alive=1,
            timeout_graceful_shutdown=1,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([listener],), daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def connect(self):
        self.connections.append(Connection(self.port))
        return self.connections[-1]

    def close(self):
        self.server.should_exit = True
        for connection in self.connections:
            connection.close()
        self.thread.join(10)
        assert not self.thread.is_alive()

    def ask(self, *parts, **options):
        connection = self.connect()
        connection.send(*parts, **options)
        return connection.read()[1]


@pytest.fixture
def world():
    made = World()
    yield made
    made.close()


def test_a_whole_request_never_reaches_the_app(world):
    connection = world.connect()
    for _ in range(3):
        connection.send(HEAD + BODY)
        fields, body = connection.read()
        assert (connection.status, body) == (b"HTTP/1.1 200 OK\r\n", BODY)
        assert b"date" in fields
    assert world.app.seen == []


def test_a_body_may_come_behind_its_head(world):
    assert world.ask(HEAD, BODY, pause=0.02) == BODY
    assert world.ask(HEAD + BODY[:3], BODY[3:5], BODY[5:], pause=0.02) == BODY
    assert world.app.seen == []


def test_a_body_that_takes_long_is_the_business_of_the_app(world):
    assert world.ask(HEAD, BODY, pause=3 * plain_requests.PATIENCE_S) == b"app:" + BODY
    assert world.answers.seen == []


def test_a_body_that_comes_byte_by_byte_gets_no_more_time(world):
    pieces = [BODY[place : place + 1] for place in range(len(BODY))]
    assert world.ask(HEAD, *pieces, pause=plain_requests.PATIENCE_S / 4) == b"app:" + BODY
    assert world.answers.seen == []


def test_a_head_in_two_parts_is_the_business_of_the_app(world):
    connection = world.connect()
    connection.send(HEAD[:30], HEAD[30:] + BODY, pause=0.02)
    assert connection.read()[1] == b"app:" + BODY
    connection.send(HEAD + BODY)
    assert connection.read()[1] == BODY


def test_what_is_not_taken_reaches_the_app_as_it_was_sent(world):
    world.answers.takes = False
    assert world.ask(HEAD + BODY) == b"app:" + BODY
    assert world.answers.seen == [BODY]


def test_requests_that_come_together_are_answered_in_order(world):
    connection = world.connect()
    connection.send(HEAD + BODY + HEAD + BODY.upper())
    assert [connection.read()[1] for _ in range(2)] == [b"app:" + BODY, b"app:" + BODY.upper()]


def test_the_next_request_waits_for_its_turn(world):
    world.answers.waits = True
    connection = world.connect()
    other = HEAD.replace(b"POST /plain", b"GET /other")
    connection.send(HEAD + BODY, HEAD + BODY.upper(), other + BODY, pause=0.05)
    assert world.answers.seen == [BODY]
    world.answers.let_go()
    assert connection.read()[1] == BODY
    time.sleep(0.05)
    assert world.answers.seen == [BODY, BODY.upper()]
    world.answers.let_go()
    assert [connection.read()[1] for _ in range(2)] == [BODY.upper(), b"app:" + BODY]


def plain_but(old, new):
    changed = HEAD.replace(old, new)
    assert changed != HEAD
    return changed


@pytest.mark.parametrize(
    "head",
    [
        plain_but(b"/plain", b"/plain?x=1"),
        plain_but(b"/plain", b"/other"),
        plain_but(b"/plain", b"/pl%61in"),
        plain_but(b"POST", b"PUT"),
        plain_but(b"HTTP/1.1", b"HTTP/1.0"),
        plain_but(b"application/json", b"application/json; charset=utf-8"),
        plain_but(b"host: h", b"host: h\r\naccept: text/csv"),
        plain_but(b"host: h", b"host: h\r\nidempotency-key: k"),
        plain_but(b"host: h", b"host: h\r\ncontent-encoding: identity"),
        plain_but(b"host: h", b"host: h\r\nconnection: close"),
        plain_but(b"host: h", b"host: h\r\nx-request-id: 1\r\nx-request-id: 2"),
        plain_but(b"host: h", b"host: h\r\nx-long: " + b"x" * 4000),
    ],
)
def test_whatever_is_not_plain_reaches_the_app(world, head):
    assert world.ask(head + BODY) == b"app:" + BODY
    assert world.answers.seen == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"content-length: 8", b"content-length: 8\r\ntransfer-encoding: chunked"),
        (b"content-length: 8", b"content-length: 8\r\ncontent-length: 9"),
        (b"content-length: 8", b"content-length: -8"),
        (b"content-length: 8", b"content-length: 8, 8"),
        (b"host: h", b"host : h"),
        (b"host: h", b"host: h\r\n folded: x"),
        (b"host: h", b"host: h\nx: y"),
        (b"host: h", b"host: h\0"),
        (b" HTTP/1.1", b" HTTP/1.1 x"),
    ],
)
def test_a_head_that_two_may_read_in_two_ways_is_left_to_the_server(world, old, new):
    connection = world.connect()
    connection.send(plain_but(old, new) + BODY)
    connection.read()
    assert world.answers.seen == []


def test_request_ids_are_read_from_every_head(world):
    seen = []
    world.answers.answer = lambda head, body, reply: seen.append(head.request_id) or False
    for number in range(3):
        world.ask(plain_but(b"host: h", b"host: h\r\nX-Request-ID: r-%d" % number) + BODY)
    world.ask(plain_but(b"host: h", b"host: h\r\nX-Request-ID: not one") + BODY)
    assert seen == ["r-0", "r-1", "r-2", None]


def test_a_quiet_connection_is_closed_and_a_busy_one_is_not(world):
    quiet, busy = world.connect(), world.connect()
    quiet.send(HEAD + BODY)
    quiet.read()
    for _ in range(8):
        busy.send(HEAD + BODY, pause=0.25)
        assert busy.read()[1] == BODY
    assert quiet.is_closed()


def test_an_answer_that_takes_longer_than_a_connection_may_be_quiet_arrives(world):
    connection = world.connect()
    connection.send(HEAD + BODY)
    connection.read()
    world.answers.waits = True
    connection.send(HEAD + BODY, pause=2.5)
    world.answers.let_go()
    assert connection.read()[1] == BODY


def test_a_server_that_stops_answers_what_it_has(world):
    world.answers.waits = True
    connection, idle = world.connect(), world.connect()
    connection.send(HEAD + BODY, pause=0.05)
    world.server.should_exit = True
    assert idle.is_closed()
    world.answers.let_go()
    assert connection.read()[1] == BODY
    assert connection.is_closed()
    world.thread.join(5)
    assert not world.thread.is_alive()


def test_a_client_that_is_gone_hurts_nobody(world):
    world.answers.waits = True
    connection = world.connect()
    connection.send(HEAD + BODY, pause=0.05)
    connection.close()
    time.sleep(0.05)
    world.answers.let_go()
    time.sleep(0.05)
    world.answers.waits = False
    assert world.ask(HEAD + BODY) == BODY


def test_a_client_that_leaves_within_a_body_hurts_nobody(world):
    connection = world.connect()
    connection.send(HEAD, pause=0.02)
    connection.close()
    time.sleep(2 * plain_requests.PATIENCE_S)
    assert world.ask(HEAD + BODY) == BODY

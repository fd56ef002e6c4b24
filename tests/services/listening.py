"""A real server in front of an app, on a port of loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI

from crispml_core.rest.server import listen, make_server
from crispml_core.settings import CrispMLSettings


@contextmanager
def listening(app: FastAPI, settings: CrispMLSettings, **options: Any) -> Iterator[int]:
    """Give the port that the app answers at; its lifespan is somebody else's business."""
    with listen("127.0.0.1", 0) as listener:
        server = make_server(app, settings, lifespan="off", **options)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


class Wire:
    """A client that sends bytes as they are."""

    def __init__(self, port: int, **options: int) -> None:
        self.socket = socket.socket()
        if "receive_buffer" in options:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options["receive_buffer"])
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def send(self, *parts: bytes, pause: float = 0.0) -> Wire:
        """Send bytes as far as the server takes them."""
        for part in parts:
            try:
                self.socket.sendall(part)
            except OSError:
                return self  # it has said what it has to say
            time.sleep(pause)
        return self

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Return status, fields and body of the next answer; the status is 0 if there is none."""
        line = self.file.readline().split()
        if not line:
            return 0, {}, b""
        fields = {}
        while (text := self.file.readline().decode().strip()) != "":
            name, _, value = text.partition(":")
            fields[name.lower()] = value.strip()
        return int(line[1]), fields, self.file.read(int(fields.get("content-length", 0)))

    def seconds_open(self) -> float:
        """Return after how long the server closes."""
        began = time.monotonic()
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return time.monotonic() - began

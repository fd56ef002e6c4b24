"""What lies between a service and its database, and may be slow, silent or cut at a moment."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

HOST = "127.0.0.1"
# What the server still has to say about a transaction comes in so long.
_REST_S = 0.3


class Proxy:
    """Passes bytes on between clients and a port of this machine, from entry to exit.

    Parameters
    ----------
    port : int
        Where the server listens.
    front : int
        Where the proxy listens; 0 for any free port.
    """

    def __init__(self, port: int, front: int = 0) -> None:
        self._server = port
        self._listener = socket.create_server((HOST, front))
        self._flows = threading.Event()
        self._flows.set()
        self._delay_s = 0.0
        self._marker: bytes | None = None
        self._sockets: list[socket.socket] = []
        self._is_closed = False
        self.cuts = 0

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_closed = True
        self._flows.set()
        # Closed alone it would take one more connection: somebody waits for one.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            _close(one)

    @property
    def port(self) -> int:
        """Where the proxy listens."""
        port: int = self._listener.getsockname()[1]
        return port

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """Take everything and pass nothing on inside the block; connections stay."""
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    @contextlib.contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Pass everything on so much later, in both directions."""
        self._delay_s = seconds
        try:
            yield
        finally:
            self._delay_s = 0.0

    def cut_after(self, marker: bytes) -> None:
        """Cut a connection once the server has committed a transaction that holds these bytes.

        The commit is passed on, its answer is not. A transaction is what lies between BEGIN and
        COMMIT, or a single statement.
        """
        self._marker = marker

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((HOST, self._server))
            except OSError:
                _close(client)
                continue
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets += [client, server]
            link = _Link(self, client, server)
            threading.Thread(target=link.up, daemon=True).start()
            threading.Thread(target=link.down, daemon=True).start()

    def pause(self) -> None:
        """Hold what was read, as long as the proxy is silent or slow."""
        if self._delay_s:
            time.sleep(self._delay_s)
        self._flows.wait()

    def wants_cut(self, transaction: bytes) -> bool:
        """Return whether a transaction, as far as it was sent, is the one to be cut, and whole."""
        marker = self._marker
        if marker is None or marker not in transaction:
            return False
        return b"BEGIN" not in transaction or b"COMMIT" in transaction

    def note_cut(self) -> None:
        """Cut no other."""
        self._marker = None
        self.cuts += 1


class _Link:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._transaction = b""
        self._is_last = False

    def up(self) -> None:
        """Pass on what the client sends."""
        with self._to_the_end():
            self._up()

    def down(self) -> None:
        """Pass on what the server answers, unless it is the answer that gets lost."""
        with self._to_the_end():
            self._down()

    def _up(self) -> None:
        for piece in self._pieces(self._client):
            self._transaction += piece
            self._is_last = self._proxy.wants_cut(self._transaction)
            if not self._is_last and (b"COMMIT" in piece or b"ROLLBACK" in piece):
                self._transaction = b""
            self._server.sendall(piece)

    def _down(self) -> None:
        for piece in self._pieces(self._server):
            if self._is_last:
                self._proxy.note_cut()
                time.sleep(_REST_S)
                return
            if b"BEGIN" not in self._transaction:
                self._transaction = b""
            self._client.sendall(piece)

    def _pieces(self, source: socket.socket) -> Iterator[bytes]:
        while piece := source.recv(65536):
            self._proxy.pause()
            yield piece

    @contextlib.contextmanager
    def _to_the_end(self) -> Iterator[None]:
        """Close both ends when one of them has ended."""
        try:
            with contextlib.suppress(OSError):
                yield
        finally:
            _close(self._client)
            _close(self._server)


def _close(one: Any) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()

"""A server on loopback that takes whatever is posted, and keeps it."""

from __future__ import annotations

import gzip
from email.message import Message

from tests.loopback import Handler, Loopback


class Receiver(Loopback):
    """The server; it ends with the block.

    Parameters
    ----------
    status : int
        What it answers.

    Attributes
    ----------
    bodies : list of bytes
        What was posted until now, decompressed.
    headers : list of Message
        The headers of each.
    """

    def __init__(self, status: int = 204) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[Message] = []
        receiver = self

        class Keeping(Handler):
            def do_POST(self) -> None:  # noqa: N802 - the name is the server's
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.headers.append(self.headers)
                zipped = self.headers.get("Content-Encoding") == "gzip"
                receiver.bodies.append(gzip.decompress(body) if zipped else body)
                self.send_response(status)
                self.end_headers()

        super().__init__(Keeping)

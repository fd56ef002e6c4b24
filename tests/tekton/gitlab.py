"""A server on loopback that answers as GitLab does, and keeps what it was asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.loopback import Handler, Loopback


@dataclass
class Call:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


Answers = dict[tuple[str, str], tuple[int, Any]]


class GitLab(Loopback):
    """The server; it ends with the block.

    Parameters
    ----------
    answers : dict, optional
        Status and body by method and path; others are answered 201 and nothing.
    """

    def __init__(self, answers: Answers | None = None) -> None:
        self.answers = {} if answers is None else answers
        self.calls: list[Call] = []
        gitlab = self

        class Answering(Handler):
            def _serve(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = json.loads(content) if content else None
                gitlab.calls.append(Call(self.command, self.path, dict(self.headers), body))
                status, answer = gitlab.answers.get((self.command, self.path), (201, {}))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the names are the server's

        super().__init__(Answering)

"""A call is done by the client, and shown as what would be sent."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from crispml_console.service.call import Call, page, scoring, training
from crispml_core.client import CrispMLClient
from crispml_core.client.scoring import ScoringClient
from crispml_core.client.training import TrainingClient

ADDRESSES = ("http://training:8101", "http://scoring:8102")


def test_a_read_becomes_an_address_with_its_query():
    call = training(TrainingClient.runs, use_case="churn", limit=5)
    assert "'http://training:8101/api/v1/runs?use_case=churn&limit=5'" in call.as_curl(*ADDRESSES)


def test_what_is_sent_is_shown_as_it_would_be_sent():
    call = scoring(ScoringClient.score, "churn", [{"name": "O'Neill"}])
    words = shlex.split(call.as_curl(*ADDRESSES).replace("\\\n", " "))
    assert words[-1] == "http://scoring:8102/api/v1/use-cases/churn/new-data-score"
    assert json.loads(words[words.index("--data") + 1])["records"] == [{"name": "O'Neill"}]
    assert "content-type: application/json" in words


def test_python_text_names_the_method_and_only_what_was_given():
    text = training(TrainingClient.runs, use_case="churn", status=None).as_python(*ADDRESSES)
    assert "client.training.runs(use_case='churn')" in text
    compile(text, "shown", "exec")


def test_python_text_with_a_moment_runs_as_it_stands():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    text = scoring(ScoringClient.drift, "churn", start=moment).as_python(*ADDRESSES)
    assert f"start=datetime.fromisoformat({moment.isoformat()!r})" in text
    names: dict[str, object] = {}
    exec(text.partition("with CrispMLClient")[0], names)
    assert names["datetime"] is datetime


def test_python_text_has_every_argument_that_the_method_asks_for():
    call = training(
        TrainingClient.move_alias, "churn", "champion", "3", expected=None, traffic=None
    )
    assert "'3', expected=None)" in call.as_python(*ADDRESSES)


def test_a_page_of_a_listing_is_one_request_from_its_cursor():
    call = page(scoring(ScoringClient.scores, use_case="churn"), 20, "abc")
    assert "limit=20" in call.as_curl(*ADDRESSES)
    assert "cursor=abc" in call.as_curl(*ADDRESSES)
    assert ".page(20, 'abc')" in call.as_python(*ADDRESSES)


def test_a_listing_is_read_where_it_is_asked_and_not_where_it_is_shown():
    answers = iter([{"items": [{"name": "a"}], "next_cursor": "x"}, {"items": [{"name": "b"}]}])
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=next(answers)))
    with CrispMLClient(*ADDRESSES, transport=transport) as client:
        found = training(TrainingClient.models).run(client)
    assert [model.name for model in found] == ["a", "b"]


def test_no_credential_is_ever_shown():
    shown = training(TrainingClient.whoami)
    for text in (shown.as_curl(*ADDRESSES), shown.as_python(*ADDRESSES)):
        assert "CRISPML_API_KEY" in text


class _Echo(BaseHTTPRequestHandler):
    seen: list[tuple[str, str, dict[str, str], bytes]]

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen.append((self.command, self.path, headers, body))
        answer = b"{}"
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def echo() -> Iterator[tuple[str, list[tuple[str, str, dict[str, str], bytes]]]]:
    seen: list[tuple[str, str, dict[str, str], bytes]] = []
    takes = {f"do_{verb}": _Echo._take for verb in ("GET", "POST", "PUT", "DELETE")}
    handler = type("Echo", (_Echo,), {"seen": seen, **takes})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("call", "method"),
    [
        (training(TrainingClient.cycle, "churn", promote=True, idempotency_key="k-1"), "POST"),
        (training(TrainingClient.cancel, "r-1"), "POST"),
        (training(TrainingClient.revoke_api_key, "k"), "DELETE"),
        (training(TrainingClient.move_alias, "churn", "champion", "3", expected=None), "PUT"),
        (training(TrainingClient.runs, use_case="a b&c"), "GET"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.method.__name__,
)
def test_a_shell_that_runs_the_text_sends_the_same_request(
    call: Call[object],
    method: str,
    echo: tuple[str, list[tuple[str, str, dict[str, str], bytes]]],
    tmp_path: Path,
):
    address, seen = echo
    subprocess.run(
        ["bash", "-c", call.as_curl(address, address)],
        env={**os.environ, "CRISPML_API_KEY": "the-key"},
        cwd=tmp_path,
        check=True,
        timeout=30,
    )
    request = call._request(address, address)
    sent_method, path, headers, body = seen[0]
    assert sent_method == method == request.method
    assert path == request.url.raw_path.decode()
    assert headers["authorization"] == "Bearer the-key"
    assert (json.loads(body) if body else None) == (
        json.loads(request.content) if request.content else None
    )
    assert headers.get("idempotency-key") == request.headers.get("idempotency-key")

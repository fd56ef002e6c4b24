"""Rules with real processes: a service that is killed, and a receiver that is away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from crispml_core.adapters.sql.schema import migrate
from crispml_core.bootstrap.training import build
from crispml_core.domain.alerts import ActionStatus, DeliveryStatus
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.models import CHALLENGER
from crispml_core.domain.runs import CYCLE, MONITOR, Run, RunStatus
from crispml_core.domain.webhooks import verify
from crispml_core.ports.progress import no_run_progress
from crispml_core.settings import CrispMLSettings

pytestmark = pytest.mark.trial

USE_CASE = f"{os.path.dirname(__file__)}/use_cases/watched.py:watched"
SECRET = "a secret of thirty-two bytes, plain"

# Evaluates and sends messages, and leaves trainings in the queue.
EVALUATOR = """
import time
from crispml_core.bootstrap.training import build
from crispml_core.bootstrap.training_background import build_executor
from crispml_core.bootstrap.webhook import build_deliverer
from crispml_core.settings import load_settings
parts = build(load_settings())
build_executor(parts, ("monitor",)).start()
build_deliverer(parts.settings, parts.outbox).start()
time.sleep(120)
"""
SERVICE = """
import time
from crispml_core.bootstrap.training import build
from crispml_core.bootstrap.training_background import Background
from crispml_core.settings import load_settings
Background(build(load_settings())).start()
time.sleep(120)
"""


@pytest.fixture
def port():
    """A port that nobody listens on yet."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return server.server_port


@pytest.fixture
def environment(tmp_path, port):
    url = f"sqlite:///{tmp_path}/crispml.db"
    migrate.upgrade(url)
    return {
        "CRISPML_USE_CASES": USE_CASE,
        "CRISPML_DATABASE__URL": url,
        "CRISPML_REGISTRY__PATH": str(tmp_path / "registry"),
        "CRISPML_RUNS__LEASE_S": "2",
        "CRISPML_RUNS__HEARTBEAT_S": "0.3",
        "CRISPML_MONITOR__WEBHOOK_URL": f"http://127.0.0.1:{port}/hook",
        "CRISPML_MONITOR__WEBHOOK_SECRET": SECRET,
        "CRISPML_MONITOR__WEBHOOK_ALLOWED_HOSTS": "127.0.0.1",
        "CRISPML_MONITOR__WEBHOOK_RETRY_S": "0.2",
    }


@pytest.fixture
def parts(environment, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    built = build(CrispMLSettings())
    yield built
    built.close()


@pytest.fixture
def service(environment):
    """Start a service without its API."""
    started = []

    def start(code):
        process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **environment})
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def receive(port):
    """Start the receiver; gives the messages that it took."""
    servers = []

    def start():
        taken = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                assert verify(headers, body, SECRET, time.time())
                taken.append((headers["webhook-id"], json.loads(body)["type"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return taken

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def a_run(parts, method, **given):
    return Run(
        id=str(new_id()),
        use_case="watched",
        method=method,
        status=RunStatus.QUEUED,
        parameters=parts.pipelines_of(method).check("watched", method, given),
        created_at=utc_now(),
        timeout_s=60,
    )


def evaluate(parts):
    key = parts.monitor.exclusive_key("watched", MONITOR)
    return parts.runs.enqueue(a_run(parts, MONITOR), exclusive_key=key)


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def succeeded(parts, run):
    def look():
        now = parts.runs.get(run.id)
        assert now.status not in (RunStatus.FAILED, RunStatus.CANCELLED), now.error
        return now.status is RunStatus.SUCCEEDED

    return until(look)


def test_after_a_kill_the_next_service_tells_and_trains_exactly_once(parts, service, receive):
    parts.execute(a_run(parts, CYCLE, promote=True), no_run_progress)
    first = service(EVALUATOR)
    evaluation = evaluate(parts)
    # The receiver is away: the message is written down and cannot be delivered yet.
    until(lambda: any(message.attempts for message in parts.outbox.find()))
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = {message.id for message in parts.outbox.find()}
    assert parts.outbox.counts() == {"pending": len(before)}

    taken = receive()
    service(SERVICE)
    succeeded(parts, evaluation)
    (action,) = until(
        lambda: parts.findings.actions(statuses=[ActionStatus.SUBMITTED, ActionStatus.SUCCEEDED])
    )
    succeeded(parts, parts.runs.get(action.run_id))
    until(lambda: not parts.outbox.find(status=DeliveryStatus.PENDING))
    second = evaluate(parts)
    succeeded(parts, second)
    until(lambda: not parts.outbox.find(status=DeliveryStatus.PENDING))

    # Nothing was scored, so nothing is known about drift, and the challenger waits.
    states = {d["rule"]: d["state"] for d in parts.findings.evaluation(second.id).decisions}
    assert states == {"old": "firing", "drifts": "unknown", "wins": "quiet"}
    # One alert, one retraining: its version challenges, and the champion stays.
    assert len(parts.findings.alerts()) == 1
    assert len(parts.runs.find(methods=(CYCLE,))) == 1
    challenger = parts.aliases.current("watched", CHALLENGER)
    assert challenger.version == parts.runs.get(action.run_id).result["best"]
    assert parts.aliases.current("watched", "champion").version != challenger.version
    # Every message came, under the id that it had before the kill.
    assert before <= {message_id for message_id, _ in taken}
    assert {kind for _, kind in taken} == {
        "com.crispml.alert.firing.v1",
        "com.crispml.retraining.submitted.v1",
        "com.crispml.retraining.ended.v1",
    }

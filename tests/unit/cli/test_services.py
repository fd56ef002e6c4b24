"""Child processes: started, waited for, watched, stopped, and never left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import click
import httpx
import pytest

from crispml_core.cli import addresses
from crispml_core.cli.ports import free_port
from crispml_core.cli.services import Plan, Services, local_settings, make_stores

ROOT = Path(__file__).parents[3]
SERVICE = """
import json, os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({n: v for n, v in os.environ.items() if n.startswith("CRISPML")}).encode()
        self.send_response(200 if self.path in ("/readyz?verbose", "/env") else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

signal.signal(signal.SIGTERM, lambda *args: sys.exit(0))
print("serving", flush=True)
port = int(os.environ["CRISPML_SERVER__PORT"])
HTTPServer((os.environ["CRISPML_SERVER__HOST"], port), Handler).serve_forever()
"""

CHECKS = {"database": "ok", "registry": "the volume is missing", "champion": "waiting: train"}
WAITING = SERVICE.replace("send_response(", "send_response(503 or ").replace(
    "body = ", f"body = json.dumps({{'checks': {CHECKS!r}}}).encode() or "
)


@pytest.fixture
def modules(tmp_path, monkeypatch) -> Path:
    """A folder of importable stand-ins for the services."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "stand_in.py").write_text(SERVICE)
    (folder / "stand_in_broken.py").write_text("raise SystemExit('use case x, load: broken')")
    (folder / "stand_in_logging.py").write_text(
        'print(\'{"event": "the database has no tables yet"}\')\nraise SystemExit(1)'
    )
    (folder / "stand_in_waiting.py").write_text(WAITING)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{ROOT}")
    return folder


def plan(module: str = "stand_in") -> Plan:
    return Plan("training", module, free_port(0))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie whose parent has not asked yet counts as ended.
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:1]


def gone(pid: int, within_s: float = 10.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if not is_alive(pid):
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def test_services_get_their_settings_and_note_their_addresses(modules, tmp_path):
    folder = tmp_path / "state"
    with Services(folder, {"CRISPML_USE_CASES": "a,b"}, [plan()]) as services:
        url = services.urls["training"]
        assert addresses.read(folder) == {"training": url}
        seen = httpx.get(f"{url}/env").json()
        assert (seen["CRISPML_USE_CASES"], seen["CRISPML_SERVER__HOST"]) == ("a,b", "127.0.0.1")
        assert services.log("training").read_text() == "serving\n"

    assert addresses.read(folder) == {}
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_a_taken_port_is_replaced_by_a_free_one(modules, tmp_path):
    wanted = plan()
    with (
        socket.create_server(("127.0.0.1", wanted.port)),
        Services(tmp_path / "state", {}, [wanted]) as services,
    ):
        assert not services.urls["training"].endswith(f":{wanted.port}")


def test_a_second_command_in_the_same_folder_is_refused_and_breaks_nothing(modules, tmp_path):
    folder = tmp_path / "state"
    with Services(folder, {}, [plan()]) as first:
        with pytest.raises(click.ClickException, match="already run"), Services(folder, {}, []):
            pass
        assert addresses.read(folder) == first.urls
    with Services(folder, {}, [plan()]):
        pass


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("stand_in_broken", "use case x, load: broken"),
        ("stand_in_logging", "the database has no tables yet"),
    ],
)
def test_a_service_that_does_not_start_is_quoted_from_its_log(modules, tmp_path, module, said):
    other = Plan("scoring", "stand_in", free_port(0))
    services = Services(tmp_path / "state", {}, [other, plan(module)])

    with pytest.raises(click.ClickException, match=said), services:
        pass

    assert gone_from(services.urls["scoring"])


def test_a_service_that_is_not_ready_is_quoted_from_its_checks(modules, tmp_path, monkeypatch):
    monkeypatch.setattr("crispml_core.cli.services._READY_S", 0.2)
    services = Services(tmp_path / "state", {}, [plan("stand_in_waiting")])

    with (
        pytest.raises(click.ClickException, match=r"ready: registry: the volume is missing$"),
        services,
    ):
        pass


def gone_from(url: str) -> bool:
    try:
        httpx.get(url)
    except httpx.ConnectError:
        return True
    return False


def test_a_service_that_is_not_installed_is_named(tmp_path):
    missing = Plan("training", "stand_in_missing", 0)

    with (
        pytest.raises(click.ClickException, match="install crispml-training"),
        Services(tmp_path / "state", {}, [missing]),
    ):
        pass


def test_a_service_that_ends_on_its_own_ends_the_watch(modules, tmp_path):
    with Services(tmp_path / "state", {}, [plan()]) as services:
        os.kill(child_of(services), signal.SIGKILL)
        with pytest.raises(click.ClickException, match="training service has ended"):
            services.watch()


def child_of(services: Services) -> int:
    return next(iter(services._children.values())).pid


def test_sigterm_ends_the_watch_and_the_handler_of_before_comes_back(modules, tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with Services(tmp_path / "state", {}, [plan()]) as services:
        child = child_of(services)
        services.check = lambda: os.kill(os.getpid(), signal.SIGTERM)
        services.watch()
    assert signal.getsignal(signal.SIGTERM) is before
    assert gone(child)


def test_children_end_when_the_command_is_killed(modules, tmp_path):
    """Nothing may be left behind, not even after kill -9."""
    code = textwrap.dedent(
        f"""
        import time
        from pathlib import Path
        from crispml_core.cli.services import Plan, Services
        with Services(Path({str(tmp_path / "state")!r}), {{}},
                      [Plan("training", "stand_in", 0)]) as services:
            print(services._children["training"].pid, flush=True)
            time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as command:
        child = int(command.stdout.readline())
        assert is_alive(child)
        command.kill()
        command.wait()
    assert gone(child)


def test_stores_are_made_before_the_services_need_them(tmp_path):
    settings = local_settings(tmp_path / "state")

    make_stores(settings)
    make_stores(settings)

    made = sorted(path.name for path in (tmp_path / "state").iterdir())
    assert [name for name in made if "-" not in name] == [
        "crispml.db",
        "privacy",
        "registry",
        "signing",
    ]


def test_a_signing_key_is_made_once_and_trusted(tmp_path):
    settings = local_settings(tmp_path / "state")
    make_stores(settings)
    key, trusted = (Path(settings[f"CRISPML_SIGNING__{name}"]) for name in ("KEY_FILE", "TRUSTED"))
    before = key.read_bytes()

    make_stores(settings)

    assert key.read_bytes() == before
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(list((trusted / "dev").iterdir())) == 1


def test_keys_of_privacy_policies_are_made_once_and_for_oneself(tmp_path):
    settings = local_settings(tmp_path / "state")
    make_stores(settings)
    files = [
        Path(settings[f"CRISPML_PRIVACY__{name}_KEY_FILE"]) for name in ("PSEUDONYM", "MASTER")
    ]
    before = [file.read_bytes() for file in files]

    make_stores(settings)

    assert [file.read_bytes() for file in files] == before
    assert before[0] != before[1]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_local_settings_keep_everything_below_the_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    settings = local_settings(Path("state"), ["a.py:a", "b.yaml"])

    assert settings == {
        "CRISPML_DATABASE__URL": f"sqlite:///{tmp_path}/state/crispml.db",
        "CRISPML_REGISTRY__PATH": f"{tmp_path}/state/registry",
        "CRISPML_JOURNAL__PATH": f"{tmp_path}/state/journal",
        "CRISPML_BATCH__PATH": f"{tmp_path}/state/batches",
        "CRISPML_SIGNING__KEY_FILE": f"{tmp_path}/state/signing/key.pem",
        "CRISPML_SIGNING__TRUSTED": f"{tmp_path}/state/signing/trusted",
        "CRISPML_PRIVACY__PSEUDONYM_KEY_FILE": f"{tmp_path}/state/privacy/pseudonyms.key",
        "CRISPML_PRIVACY__MASTER_KEY_FILE": f"{tmp_path}/state/privacy/master.key",
        "CRISPML_USE_CASES": "a.py:a,b.yaml",
    }
    assert "CRISPML_USE_CASES" not in local_settings(Path("state"))

"""Training and scoring as child processes of the command line."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

import httpx

from crispml_core.cli import addresses, local_key
from crispml_core.cli.db import upgrade_database
from crispml_core.cli.ports import HOST, PortClaims
from crispml_core.cli.verb import Failure
from crispml_core.domain.api_keys import digest_of

if TYPE_CHECKING:
    from crispml_core.client import CrispMLClient

# A stopping service gives open requests up to 20 s.
_START_S, _READY_S, _GRACE_S = 120.0, 15.0, 25.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How one service is started.

    Parameters
    ----------
    module : str
        Run with ``python -m``.
    port : int
        Taken if it is free.
    """

    name: str
    module: str
    port: int


PLANS = (
    Plan("training", "crispml_training", 8101),
    Plan("scoring", "crispml_scoring", 8102),
)
CONSOLE = Plan("console", "crispml_console", 8103)


def is_installed(plan: Plan) -> bool:
    """Return whether a service is here to be started."""
    return importlib.util.find_spec(plan.module) is not None


class Services:
    """Starts the services on entry and stops them on exit, however the block ends.

    Parameters
    ----------
    folder : Path
        Where logs, the file of addresses and the key of an admin go.
    settings : mapping
        Settings of both services, by the name of their environment variable.
    plans : sequence of Plan
        The services.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, str], plans: Sequence[Plan] = PLANS
    ) -> None:
        self.folder = folder
        self.urls: dict[str, str] = {}
        self.key = local_key.make(folder)
        self.taken_ports: dict[str, int] = {}
        self._ports = PortClaims()
        self._settings, self._plans = dict(settings), plans
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Services:
        running = addresses.read(self.folder)
        if running:
            where = " and ".join(sorted(running.values()))
            raise Failure(
                f"services already run in the folder {self.folder}, at {where}; "
                "stop them, or name another --folder"
            )
        # A supervisor stops a process by SIGTERM; it has to end the children as Ctrl-C does.
        self._previous = signal.signal(signal.SIGTERM, _interrupt)
        try:
            for plan in self._plans:
                self._start(plan)
            for plan in self._plans:
                self._wait_for(plan)
            addresses.write(self.folder, self.urls)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def client(self) -> CrispMLClient:
        """Return a client of the services, with the key of their folder."""
        from crispml_core.client import CrispMLClient

        training, scoring = (self.urls.get(name, "") for name in ("training", "scoring"))
        return CrispMLClient(training or scoring, scoring or training, credential=self.key)

    @property
    def processes(self) -> dict[str, int]:
        """The process of each service, by its id."""
        return {name: child.pid for name, child in self._children.items()}

    def log(self, name: str) -> Path:
        """Return the log file of a service."""
        return self.folder / "logs" / f"{name}.log"

    def watch(self) -> None:
        """Return on Ctrl-C or SIGTERM; raise `Failure` when a service ends on its own."""
        try:
            while True:
                self.check()
                time.sleep(0.5)
        except KeyboardInterrupt:
            return

    def check(self) -> None:
        """Raise `Failure` when a service has ended."""
        for name, child in self._children.items():
            if child.poll() is not None:
                raise Failure(f"the {name} service has ended{self._last_words(name)}")

    def stop(self) -> None:
        """Ask every service to stop, and kill what has not stopped after the grace time."""
        addresses.remove(self.folder)
        for child in self._children.values():
            child.terminate()
        deadline = time.monotonic() + _GRACE_S
        for child in self._children.values():
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            if child.stdin is not None:
                child.stdin.close()
        self._children.clear()
        self._ports.release()
        signal.signal(signal.SIGTERM, self._previous)

    def _start(self, plan: Plan) -> None:
        if not is_installed(plan):
            raise Failure(
                f"the {plan.name} service is not installed; install crispml-{plan.name} "
                "beside crispml-core"
            )
        port = self._ports.claim(plan.port)
        if port != plan.port:
            self.taken_ports[plan.name] = plan.port
        self.urls[plan.name] = f"http://{HOST}:{port}"
        log = self.log(plan.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        # The child needs the rest of the environment (PATH, locale); no setting is read from it.
        environment = {
            "OMP_WAIT_POLICY": "PASSIVE",  # threads that wait do not burn the cores of others
            **os.environ,
            **self._settings,
            # The key itself stays in its file: others may see the environment of a process.
            "CRISPML_AUTH__ADMIN_KEY_DIGEST": digest_of(self.key),
            "CRISPML_SERVER__HOST": HOST,
            "CRISPML_SERVER__PORT": str(port),
            # Those that were started before it; the console asks them.
            **{
                f"CRISPML_CONSOLE__{name.upper()}_URL": url
                for name, url in self.urls.items()
                if name != plan.name
            },
        }
        with log.open("wb") as target:
            self._children[plan.name] = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "crispml_core.cli.child", plan.module],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=target,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches this process only, which stops the child
            )

    def _wait_for(self, plan: Plan) -> None:
        deadline = time.monotonic() + _START_S
        reason: str | None = None
        with httpx.Client(base_url=self.urls[plan.name], timeout=5.0, trust_env=False) as client:
            while time.monotonic() < deadline:
                self.check()
                with contextlib.suppress(httpx.TransportError):
                    answer = client.get("/readyz?verbose")
                    if answer.status_code == httpx.codes.OK:
                        return
                    if reason is None:  # it answers; what keeps it from working will not last long
                        deadline = time.monotonic() + _READY_S
                    reason = _reason(answer)
                time.sleep(0.05)
        said = f": {reason}" if reason else self._last_words(plan.name)
        raise Failure(f"the {plan.name} service does not become ready{said}")

    def _last_words(self, name: str) -> str:
        """Return the end of a log as a part of a sentence."""
        log = self.log(name)
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        said = _message(lines[-1]) if lines else "nothing"
        return f"; its log {log} ends with: {said}"


_KEY_FILE, _TRUSTED = "CRISPML_SIGNING__KEY_FILE", "CRISPML_SIGNING__TRUSTED"
_PSEUDONYMS = "CRISPML_PRIVACY__PSEUDONYM_KEY_FILE"
_MASTER = "CRISPML_PRIVACY__MASTER_KEY_FILE"
# Where they are is nobody's business but that of the services.
_OTHER_PLACES = {
    "CRISPML_JOURNAL__PATH": "journal",
    "CRISPML_BATCH__PATH": "batches",
    _KEY_FILE: "signing/key.pem",
    _TRUSTED: "signing/trusted",
    _PSEUDONYMS: "privacy/pseudonyms.key",
    _MASTER: "privacy/master.key",
}


def local_settings(
    folder: Path,
    use_cases: Sequence[str] = (),
    database_url: str | None = None,
    registry: Path | None = None,
) -> dict[str, str]:
    """Return the settings of services that keep everything below `folder`.

    Parameters
    ----------
    use_cases : sequence of str
        References; empty leaves the setting as it is in the environment.
    database_url, registry : optional
        Stores elsewhere.
    """
    root = folder.resolve()
    settings = {
        "CRISPML_DATABASE__URL": database_url or f"sqlite:///{root / 'crispml.db'}",
        "CRISPML_REGISTRY__PATH": str(registry.resolve() if registry else root / "registry"),
        **{name: os.environ.get(name, str(root / below)) for name, below in _OTHER_PLACES.items()},
    }
    if use_cases:
        settings["CRISPML_USE_CASES"] = ",".join(use_cases)
    return settings


def make_stores(settings: Mapping[str, str]) -> None:
    """Upgrade the database, make the folder of the registry and the keys that there are none of.

    Services expect all of them.
    """
    from crispml_core.adapters.secret_keys import make_keys
    from crispml_core.adapters.signing import make_key

    upgrade_database(settings["CRISPML_DATABASE__URL"])
    Path(settings["CRISPML_REGISTRY__PATH"]).mkdir(parents=True, exist_ok=True)
    file = Path(settings[_KEY_FILE])
    if not file.exists():
        make_key(file, Path(settings[_TRUSTED]) / os.environ.get("CRISPML_ENVIRONMENT", "dev"))
    for name in (_PSEUDONYMS, _MASTER):
        if not Path(settings[name]).exists():
            make_keys(Path(settings[name]))


def _message(line: str) -> str:
    """Return the sentence inside a log line, which may be a JSON object."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line.strip()[:300]
    said = entry.get("error") or entry.get("event") if isinstance(entry, dict) else None
    return str(said or line).strip()[:300]


def _reason(answer: httpx.Response) -> str:
    """Return which check of ``/readyz?verbose`` failed, and why."""
    try:
        checks = answer.json()["checks"]
        bad = [
            f"{name}: {said}"
            for name, said in checks.items()
            if not said.startswith(("ok", "waiting"))
        ]
    except (ValueError, LookupError, TypeError, AttributeError):
        bad = []
    return "; ".join(bad) or f"status {answer.status_code}"


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt

"""Locust in processes of its own: what it patches in the standard library stays there."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from crispml_core.domain.errors import CrispMLError
from loadtest.collecting import read_report
from loadtest.config import SCORING_URL, TRAINING_URL, LoadSettings
from loadtest.figures import LoadReport

ROOT = Path(__file__).parents[1]
LOCUSTFILE = Path(__file__).with_name("locustfile.py")
LOG, CHARTS = "locust.log", "locust.html"
_HOST = "127.0.0.1"
# What starting, the last answers and the charts may take beside the load itself.
_START_S, _CUT_S = 90.0, 5.0


class LoadFailed(CrispMLError):
    """Locust did not get through a load; the text says how its log ends."""

    code = "load_failed"


def run_load(settings: LoadSettings, training_url: str, scoring_url: str) -> LoadReport:
    """Let Locust make a load, and return what it counted.

    Parameters
    ----------
    settings : LoadSettings
        Names the folder of the results, where its log and its charts go too.
    training_url : str
        Empty if there is no training service to ask.

    Raises
    ------
    LoadFailed
        If Locust ends with an error, or does not end, or one of its processes did not begin.
    """
    folder = Path(settings.results).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / LOG
    environment = {
        **os.environ,
        **settings.environment(),
        "LOADTEST_RESULTS": str(folder),
        SCORING_URL: scoring_url,
        TRAINING_URL: training_url,
        # A shape goes on at once.
        "LOCUST_WAIT_FOR_WORKERS_REPORT_AFTER_RAMP_UP": "0",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
    }
    longest = settings.warm_up_s + settings.seconds + settings.timeout_s + _START_S
    command = _command(settings, folder, scoring_url, has_training=bool(training_url))
    with log.open("wb") as target:
        code = _run(command, environment, target.fileno(), longest)
    if code:
        raise LoadFailed(f"Locust ended with {code}; its log {log} ends with: {_end_of(log)}")
    report = read_report(folder)
    wanted = settings.expect_workers or settings.processes
    if report.processes < wanted:
        raise LoadFailed(
            f"{report.processes} of {wanted} processes of Locust had anything to say; see its {log}"
        )
    return report


def _command(
    settings: LoadSettings, folder: Path, scoring_url: str, *, has_training: bool
) -> list[str]:
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless"]
    if settings.expect_workers:
        command += ["--master", "--expect-workers", str(settings.expect_workers)]
        command += ["--expect-workers-max-wait", str(int(_START_S))]
    else:
        port = str(_free_port())
        command += ["--processes", str(settings.processes)]
        command += ["--master-bind-host", _HOST, "--master-bind-port", port]
        command += ["--master-host", _HOST, "--master-port", port]
    command += ["--stop-timeout", str(int(settings.timeout_s + _CUT_S))]
    command += ["--host", scoring_url, "--html", str(folder / CHARTS), "--only-summary"]
    # A failed request is a figure, held against a threshold.
    command += ["--exit-code-on-error", "0"]
    return [*command, *settings.user_classes(has_training=has_training)]


def _run(command: list[str], environment: Mapping[str, str], output: int, longest: float) -> int:
    child = subprocess.Popen(  # noqa: S603 - our own locustfile
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # it has children, which are ended with it
    )
    try:
        return child.wait(longest)
    except subprocess.TimeoutExpired:
        raise LoadFailed(f"Locust has not ended within {longest:g} s") from None
    finally:
        if child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _free_port() -> int:
    with socket.create_server((_HOST, 0)) as free:
        return int(free.getsockname()[1])


def _end_of(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else "nothing"

"""Several processes behind one port: started, watched, started again, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from types import FrameType

import structlog
from prometheus_client.multiprocess import mark_process_dead

from crispml_core.settings import CrispMLSettings, child_environment

# A worker that ends sooner than this after its start is started again only after a pause.
_YOUNG_S, _PAUSE_S = 5.0, 1.0
_LOOK_S = 0.1
_log = structlog.get_logger("crispml.service")


def supervise(module: str, settings: CrispMLSettings, listener: socket.socket) -> int:
    """Run the processes of a service on one socket until SIGINT or SIGTERM.

    Each worker takes connections from the same socket, so one that dies takes none with it but its
    own. A worker that dies is started again. The first one that cannot start at all ends the
    service: its log says why.

    Parameters
    ----------
    module : str
        Run as ``python -m MODULE worker DESCRIPTOR``.

    Returns
    -------
    int
        How the service ends: as the worker that has something to say by it.
    """
    stopping, server = False, settings.server
    grace_s = server.stop_delay_s + server.shutdown_s + settings.journal.drain_s

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # Its input ends for every worker when this process ends, whatever ends it.
    life, held = os.pipe()
    with tempfile.TemporaryDirectory(prefix="crispml-metrics-") as metrics:
        workers = [_start(module, listener, metrics, life) for _ in range(server.workers)]
        started = dict.fromkeys(workers, time.monotonic())
        while not stopping:
            time.sleep(_LOOK_S)
            for number, worker in enumerate(workers):
                if worker.poll() is None or stopping:
                    continue
                lived = time.monotonic() - started.pop(worker)
                _log.error("worker_ended", pid=worker.pid, status=worker.returncode)
                # What it counted stays; what it measured is gone with it.
                mark_process_dead(worker.pid, metrics)  # type: ignore[no-untyped-call]
                if worker.returncode == 1 and lived < _YOUNG_S:
                    stopping = True
                    _stop(workers, grace_s)
                    return 1
                if lived < _YOUNG_S:
                    time.sleep(_PAUSE_S)
                workers[number] = _start(module, listener, metrics, life)
                started[workers[number]] = time.monotonic()
        _stop(workers, grace_s)
    os.close(life)
    os.close(held)
    return max((_status(worker.returncode) for worker in workers), default=0)


def _status(code: int) -> int:
    """Return how a worker ended, as a shell tells it.

    One that SIGTERM ended had not begun to serve. One that had to be killed may have left something
    in its journal.
    """
    return 0 if code == -signal.SIGTERM else code if code >= 0 else 128 - code


def end_with_supervisor() -> None:
    """Let this worker stop when its supervisor is gone: nobody would start or stop it any more."""

    def watch() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="supervisor-watch", daemon=True).start()


def _start(
    module: str, listener: socket.socket, metrics: str, life: int
) -> subprocess.Popen[bytes]:
    descriptor = listener.fileno()
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", module, "worker", str(descriptor)],
        pass_fds=[descriptor],
        # Read by prometheus_client when it is imported: the metrics of all workers are one.
        env=child_environment(PROMETHEUS_MULTIPROC_DIR=metrics),
        stdin=life,
        start_new_session=True,  # Ctrl-C reaches the supervisor only, which stops the workers
    )


def _stop(workers: list[subprocess.Popen[bytes]], grace_s: float) -> None:
    for worker in workers:
        worker.terminate()
    deadline = time.monotonic() + grace_s + 5
    for worker in workers:
        try:
            worker.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()

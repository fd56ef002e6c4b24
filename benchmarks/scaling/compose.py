"""Replicas as containers of docker compose on this machine, which is Linux with two cores."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import psutil

from benchmarks.harness.places import CLIENT_CORE, HOME, ROOT, SERVER_CORE
from benchmarks.scaling import images
from benchmarks.scaling.balancer import Balancer, say_to, wait_until_ready
from benchmarks.scaling.platform import READ_USED, Command, CommandFailed, Used, run, used_s
from loadtest.demo import Target

_FILES = (ROOT / "docker-compose.yml", ROOT / "benchmarks" / "scaling" / "compose.yml")
_SERVICES = ("postgres", "training", "scoring", "balancer")
_TRAINING_PORT, _SCORES_PORT, _SOCKET_PORT = 8101, 8080, 9999
# A quarter of a core takes its time to import the libraries.
_READY_S, _STOP_S = 120.0, 30


class Compose:
    """A project of docker compose with PostgreSQL, from entry to exit.

    Parameters
    ----------
    cores : float
        What one replica is given, of the core that all of them share.
    command : Command
        Runs commands.
    logs : Path
        Where the last words of balancer and replicas go.
    """

    name = "docker compose"
    shares_core = True

    def __init__(
        self, cores: float = 0.25, command: Command = run, logs: Path = HOME / "scaling-logs"
    ) -> None:
        self.cores, self.unclean, self.logs = cores, 0, logs
        self._project, self._command = f"crispml-scaling-{uuid.uuid4().hex[:8]}", command
        self._set = {"SCORING_WORKERS": "1", "SCORING_CPUS": f"{cores:g}"}
        self._balancer: Balancer
        self._addresses: dict[str, str] = {}
        self.target: Target

    def __enter__(self) -> Compose:
        self._folder = tempfile.TemporaryDirectory(prefix="scaling-")
        try:
            self._up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            with contextlib.suppress(CommandFailed):  # there may be none, if it did not start
                self._keep_logs()
            self._compose("down", "--volumes", "--remove-orphans", "--timeout", "20")
        finally:
            self._folder.cleanup()

    def ready(self) -> int:
        """Return how many replicas the balancer gives requests to."""
        return self._balancer.ready()

    def scale(self, replicas: int) -> None:
        """Start replicas, or stop the youngest ones, and wait until the balancer knows."""
        running = self._containers()
        if replicas >= len(running):
            self._compose(
                *("up", "--detach", "--no-build", "--no-recreate", "--no-deps"),
                *("--scale", f"scoring={replicas}", "scoring"),
            )
            self._introduce()
        else:
            self._stop(running[replicas:])
        self._balancer.wait_for(replicas, _READY_S)

    def replace(self) -> None:
        """Start a new replica, wait until it gets requests, and stop an old one; so with each."""
        old = self._containers()
        for container in old:
            self.scale(len(old) + 1)
            self._stop([container])
            self._balancer.wait_for(len(old), _READY_S)

    def set_workers(self, workers: int, cores: float) -> None:
        """Have one container with so many processes and cores."""
        self._stop(self._containers())
        self._balancer.wait_for(0, _READY_S)
        self._set |= {"SCORING_WORKERS": str(workers), "SCORING_CPUS": f"{cores:g}"}
        self.cores = cores
        self.scale(1)

    def used(self) -> Used:
        """Return the processor time of replicas, PostgreSQL and balancer, and of the machine."""
        at, times = time.monotonic(), psutil.cpu_times()
        seconds = {"machine": times.user + times.nice + times.system}
        seconds |= {
            service: sum(
                used_s(self._command("docker", "exec", one, *READ_USED))
                for one in self._containers(service)
            )
            for service in ("scoring", "postgres", "balancer")
        }
        return Used(at, seconds)

    def _keep_logs(self) -> None:
        """Leave what the balancer and the replicas said, for whoever looks for a failure."""
        self.logs.mkdir(parents=True, exist_ok=True)
        for service in ("balancer", "scoring"):
            said = self._compose("logs", "--no-color", "--timestamps", service)
            (self.logs / f"{service}.log").write_text(said, encoding="utf-8")

    def _up(self) -> None:
        folder = Path(self._folder.name)
        self._env = folder / "env"
        written = {**os.environ, "COMPOSE_ENV": str(self._env)}
        self._command(str(ROOT / "scripts" / "compose_env.sh"), "postgres", env=written)
        self._set |= images.others(command=self._command)
        self._compose("up", "--detach", "--no-build", "--wait", *_SERVICES)
        balancer = self._address_of("balancer")
        self._balancer = Balancer(say_to(balancer, _SOCKET_PORT))
        self._introduce()
        self._balancer.wait_for(1, _READY_S)
        self.target = Target(
            f"http://{self._address_of('training')}:{_TRAINING_PORT}",
            f"http://{balancer}:{_SCORES_PORT}",
            str(folder / "compose.key"),
        )

    def _introduce(self) -> None:
        """Tell the balancer of each new replica as soon as it is ready."""
        for container in self._containers():
            if container not in self._addresses:
                address = self._address(container)
                wait_until_ready(address, _READY_S)
                self._balancer.add(address)
                self._addresses[container] = address

    def _stop(self, containers: list[str]) -> None:
        if not containers:
            return
        self._command("docker", "stop", "--time", str(_STOP_S), *containers)
        self.unclean += sum(_exit_code(self._inspect(one)) != 0 for one in containers)
        for container in containers:
            self._balancer.remove(self._addresses.pop(container))
        self._command("docker", "rm", *containers)

    def _containers(self, service: str = "scoring") -> list[str]:
        """Return the ids of the containers of a service, the oldest first."""
        labels = {"project": self._project, "service": service}
        filters = [f"--filter=label=com.docker.compose.{name}={labels[name]}" for name in labels]
        return self._command("docker", "ps", "--quiet", "--no-trunc", *filters).split()[::-1]

    def _inspect(self, container: str) -> dict[str, Any]:
        (found,) = json.loads(self._command("docker", "inspect", container))
        return dict(found)

    def _address_of(self, service: str) -> str:
        (container,) = self._containers(service)
        return self._address(container)

    def _address(self, container: str) -> str:
        """Return an address in the network of the project, which this machine reaches on Linux."""
        networks = self._inspect(container)["NetworkSettings"]["Networks"]
        (address,) = (network["IPAddress"] for network in networks.values())
        if not re.fullmatch(r"[\d.]+", address):
            raise CommandFailed("a container has no address in the network of its project")
        return str(address)

    def _compose(self, *words: str) -> str:
        files = [word for file in _FILES for word in ("--file", str(file))]
        ports = dict.fromkeys(("TRAINING_PORT", "SCORING_PORT", "CONSOLE_PORT"), "0")
        cores = {"SCORING_CORE": str(SERVER_CORE), "OTHER_CORE": str(CLIENT_CORE)}
        # What the engine must know of before there is an image of it.
        named = {"BALANCER_IMAGE": "haproxy", **self._set}
        return self._command(
            *("docker", "compose", "--ansi", "never", "--project-name", self._project),
            *("--project-directory", str(ROOT), "--env-file", str(self._env), *files, *words),
            cwd=ROOT,
            env={**os.environ, **ports, **cores, **named},
        )


def _exit_code(container: dict[str, Any]) -> int:
    return int(container["State"]["ExitCode"])

"""A project of docker compose with volumes, ports and keys of its own."""

from __future__ import annotations

import os
import re
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from crispml_core.client import CrispMLClient
from tests.containers.engine import ROOT, docker, inspect, timed

PORTS = {"training": 8101, "scoring": 8102}
OFTEN = Path(__file__).parent / "looked_at_often.yml"


class Stack:
    """What `docker compose up` starts, for one test.

    Parameters
    ----------
    folder : Path
        Gets the file of variables and the key of the admin.
    profiles : sequence of str
        As `scripts/compose_env.sh` takes them.
    files : sequence of Path
        More files of compose, on top of that of the project.
    variables
        Override what the script wrote.
    """

    def __init__(
        self,
        folder: Path,
        profiles: Sequence[str] = (),
        files: Sequence[Path] = (),
        **variables: str,
    ) -> None:
        self.name = f"crispml-test-{uuid.uuid4().hex[:8]}"
        self._env = folder / "env"
        self._files = (ROOT / "docker-compose.yml", OFTEN, *files)
        subprocess.run(
            [ROOT / "scripts" / "compose_env.sh", *profiles],
            env={**os.environ, "COMPOSE_ENV": str(self._env)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        ports = ("TRAINING_PORT", "SCORING_PORT", "CONSOLE_PORT")
        self._variables = {**dict.fromkeys(ports, "0"), **variables}
        self.key = (folder / "compose.key").read_text().strip()

    def compose(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of docker compose on this project."""
        files = [word for file in self._files for word in ("--file", str(file))]
        return docker(
            *("compose", "--project-name", self.name, "--env-file", str(self._env), *files, *words),
            check=check,
            cwd=ROOT,
            env={**os.environ, **self._variables},
        )

    def script(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a script that finds the project as it does for people: by the environment."""
        return subprocess.run(
            [ROOT / "scripts" / words[0], *words[1:]],
            env={
                **os.environ,
                **self._variables,
                "COMPOSE_PROJECT_NAME": self.name,
                "COMPOSE_FILE": ":".join(map(str, self._files)),
                "COMPOSE_ENV_FILES": str(self._env),
            },
            capture_output=True,
            text=True,
        )

    def up(self, *words: str) -> None:
        """Start everything, and wait until it is healthy."""
        with timed("docker compose up, until everything is healthy"):
            started = self.compose("up", "--detach", "--no-build", "--wait", *words, check=False)
        if started.returncode:
            logs = self.compose("logs", "--no-color", "--tail", "30", check=False).stdout
            raise AssertionError(f"{started.stderr[-2000:]}\n{logs}")

    def down(self, *words: str) -> None:
        """Remove the containers and networks; with `--volumes` the volumes too."""
        self.compose("down", "--remove-orphans", "--timeout", "25", *words)

    def container(self, service: str) -> str:
        """Return the id of the container of a service."""
        return self.compose("ps", "--quiet", service).stdout.strip()

    def published(self, service: str) -> str:
        """Return the address of a service on this machine."""
        return "http://" + self.compose("port", service, str(PORTS[service])).stdout.strip()

    def inside(self, service: str) -> str:
        """Return the address of a service in the network of the project."""
        networks = inspect(self.container(service))["NetworkSettings"]["Networks"]
        (address,) = (network["IPAddress"] for network in networks.values())
        assert re.fullmatch(r"[\d.]+", address), networks
        return f"http://{address}:{PORTS[service]}"

    def client(self, *, inside: bool = False) -> CrispMLClient:
        """Return a client of both services, with the key of the admin."""
        where = self.inside if inside else self.published
        return CrispMLClient(where("training"), where("scoring"), credential=self.key)

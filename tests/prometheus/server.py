"""A Prometheus that watches services with the shipped configuration, only faster."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crispml_core.cli.ports import HOST, PortClaims
from tests.servers import missing

SHIPPED = Path(__file__).parents[2] / "deploy" / "prometheus"
SCRAPE_S = 1
"""As fast as it reads and thinks; 15 seconds, as it is shipped, would take minutes."""


def program(name: str) -> str:
    """Return where a program of Debian's Prometheus packages is."""
    return shutil.which(name) or missing(f"{name} is not installed")


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs.

    Parameters
    ----------
    url : str
        Where it answers.
    targets : Path
        The file by which it learns whom to ask.
    """

    url: str
    targets: Path

    def watch(self, urls: Mapping[str, str]) -> None:
        """Let it ask these services, by name, and no others."""
        targets = [
            {"targets": [url.removeprefix("http://")], "labels": {"job": f"crispml-{name}"}}
            for name, url in urls.items()
        ]
        part = self.targets.with_suffix(".part")  # it looks at the file at any time
        part.write_text(json.dumps(targets))  # which is YAML
        part.rename(self.targets)


@contextmanager
def prometheus(folder: Path) -> Iterator[Prometheus]:
    """Start one that watches nothing yet, and stop it afterwards.

    Parameters
    ----------
    folder : Path
        Gets its configuration, its data and its log.
    """
    binary, config, ports = program("prometheus"), folder / "prometheus", PortClaims()
    try:
        address = f"{HOST}:{ports.claim(0)}"
        found = Prometheus(f"http://{address}", _configure(config))
        found.watch({})
        command = [
            binary,
            f"--config.file={config / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address={address}",
            "--log.level=warn",
        ]
        with (folder / "prometheus.log").open("w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield found
        finally:
            process.terminate()
            process.wait(60)
    finally:
        ports.release()


def _configure(config: Path) -> Path:
    """Copy what is shipped, let all of it go faster, and return the file of its targets."""
    shutil.copytree(SHIPPED, config)
    for file in (config / "prometheus.yml", *(config / "rules").glob("*.yml")):
        text = re.sub(r"_interval: \w+", f"_interval: {SCRAPE_S}s", file.read_text())
        file.write_text(re.sub(r"^( +for): \w+", r"\1: 2s", text, flags=re.MULTILINE))
    return config / "targets" / "services.yml"

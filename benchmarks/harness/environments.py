"""One virtual environment per peer, made once and used again."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.places import ENVIRONMENTS, PEERS
from benchmarks.harness.say import say

_INSTALL_S = 600
# Installing waits for the network and for unpacking in turn: two at a time keep two cores busy.
_AT_A_TIME = 2


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment, or why there is none.

    Parameters
    ----------
    name : str
        Name of the folder in ``peers`` that pins it.
    python : str
        Its interpreter.
    problem : str
        Why it cannot be used; empty when it can.
    """

    name: str
    python: str
    problem: str = ""

    def versions(self, packages: Iterable[str]) -> dict[str, str]:
        """Return the pinned versions of some packages."""
        pinned = dict(
            line.split("==", 1)
            for line in _requirements(self.name).read_text().split()
            if "==" in line
        )
        return {package: pinned[package] for package in packages if package in pinned}


def make_environments(names: Iterable[str]) -> dict[str, Environment]:
    """Return environments by name, and make those that are missing or pinned otherwise."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        made = pool.map(_make, dict.fromkeys(names))
        return {environment.name: environment for environment in made}


def _make(name: str) -> Environment:
    folder = ENVIRONMENTS / name
    python = str(folder / "bin" / "python")
    stamp, pinned = folder / ".installed", _digest(_requirements(name))
    if stamp.exists() and stamp.read_text() == pinned:
        return Environment(name, python)
    say(f"installing the environment of {name}")
    uv = [sys.executable, "-m", "uv"]
    for command in (
        [*uv, "venv", "--clear", "--python", sys.executable, str(folder)],
        # Every package is pinned, so nothing is resolved again.
        [
            *(*uv, "pip", "install", "--no-deps", "--compile-bytecode", "--python", python),
            *("--requirement", str(_requirements(name))),
        ],
    ):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_S)
        except subprocess.TimeoutExpired:
            return Environment(name, python, f"not installed within {_INSTALL_S} s")
        if done.returncode:
            return Environment(name, python, f"not installed: {last_words(done.stderr)}")
    stamp.write_text(pinned)
    return Environment(name, python)


def last_words(text: str) -> str:
    """Return the end of an output in one line, without addresses."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"\w+://\S+", "(address)", lines[-1])[:300] if lines else "it said nothing"


def _requirements(name: str) -> Path:
    return PEERS / name / "requirements.txt"


def _digest(requirements: Path) -> str:
    return hashlib.sha256(sys.version.encode() + requirements.read_bytes()).hexdigest()

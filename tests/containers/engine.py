"""What tests do with the container engine: run its command, and say what took how long."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import missing

ROOT = Path(__file__).parents[2]
# As in every deployment: nothing can be written, and no right of root is left.
CLOSED = (
    "--read-only",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
    "--tmpfs",
    "/tmp",
)

NOTES: list[str] = []
"""Sizes and times of the session; pytest prints them at its end."""

_BUILT: list[str] = []


def docker(
    *words: str | Path, check: bool = True, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command of docker, and show what it said if it fails."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, **options)
    if check and done.returncode:
        raise AssertionError(f"docker {words[0]}: {done.stderr.strip()}\n{done.stdout.strip()}")
    return done


def require_engine() -> None:
    """Skip without an engine, or fail in CI."""
    if shutil.which("docker") is None or docker("info", check=False).returncode:
        missing("there is no container engine")


def inspect(name: str) -> dict[str, Any]:
    """Return what the engine knows about an image or a container."""
    (found,) = json.loads(docker("inspect", name).stdout)
    return found


def build(image: str, *words: str | Path) -> str:
    """Build an image of tests, and return its name; it is removed when the tests have ended."""
    if image not in _BUILT:
        _BUILT.append(image)
    docker("build", "--quiet", "--tag", image, *words)
    return image


@atexit.register
def _remove_built() -> None:
    if _BUILT:
        docker("rmi", "--force", *_BUILT, check=False)


def stand_in(target: str) -> str:
    """Build a program of others from Debian's packages, and return the name of its image."""
    return build(
        f"crispml-test-{target}",
        *("--network", os.environ["NETWORK"], "--target", target),
        ROOT / "tests" / "containers" / "stand_ins",
    )


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Note how long something took."""
    begun = time.monotonic()
    yield
    NOTES.append(f"{time.monotonic() - begun:6.1f} s  {what}")

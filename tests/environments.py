"""Environments of their own for programs of others, made once below ``.cache``.

    python -m tests.environments

makes all of them, so that tests find them there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache" / "environments"


def interpreter(wanted: Path) -> Path:
    """Return the interpreter of an environment with some requirements, and make it before.

    Where it cannot be installed the test is skipped with the reason; with ``CI=true`` it fails.
    """
    digest = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = CACHE / f"{wanted.stem}-{digest}"
    python, complete = folder / "bin" / "python", folder / "complete"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{wanted.stem}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            _install(folder, python, wanted)
            complete.touch()
    return python


def _install(folder: Path, python: Path, wanted: Path) -> None:
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--clear", "--python", sys.executable, folder], check=True)
    done = subprocess.run(
        [*uv, "pip", "install", "--python", python, "--requirement", wanted],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        reason = f"{wanted.stem} cannot be installed: {done.stderr.strip().splitlines()[-1:]}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def main() -> None:
    """Make the environments of all clients and oracles."""
    for folder in ("clients", "oracles"):
        for wanted in sorted((HERE / folder / "requirements").glob("*.txt")):
            print(interpreter(wanted))


if __name__ == "__main__":
    main()

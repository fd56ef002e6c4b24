"""What stands beside every figure: the machine, the commit, the versions."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from typing import Any

import psutil

from benchmarks.harness.environments import Environment
from benchmarks.harness.places import ROOT
from benchmarks.harness.servers import Server

_OURS = ("crispml-core", "scikit-learn", "pandas", "pyarrow", "fastapi", "uvicorn")


def machine() -> dict[str, Any]:
    """Describe where the figures come from, without a name or an address."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def commit() -> str:
    """Return the commit that is measured, marked when files differ from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    return described.stdout.strip() or "unknown"


def versions(
    environments: Iterable[Environment], servers: Iterable[Server]
) -> dict[str, dict[str, str]]:
    """Return the versions of the packages that matter, by environment."""
    known = {environment.name: environment for environment in environments}
    ours = {package: metadata.version(package) for package in _OURS}
    return {"crispml": ours} | {
        server.environment: known[server.environment].versions(server.packages)
        for server in servers
        if server.environment in known
    }

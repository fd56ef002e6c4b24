"""A machine of its own behind this one, which containers reach only over a route out."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers import missing

# Of the networks that are for documents, so that nobody else is there.
HERE, ADDRESS, MASK = "198.51.100.1", "198.51.100.2", 30


@contextmanager
def machine_beyond() -> Iterator[str]:
    """Make the machine, which has nothing but a network, and yield its address."""
    if shutil.which("ip") is None or os.geteuid():
        missing("only root, with iproute2, can make a machine that containers ask")
    name = f"crispml-{uuid.uuid4().hex[:6]}"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("address", "add", f"{HERE}/{MASK}", "dev", name)
        _ip("link", "set", name, "up")
        _ip("-netns", name, "address", "add", f"{ADDRESS}/{MASK}", "dev", "eth0")
        _ip("-netns", name, "link", "set", "eth0", "up")
        _ip("-netns", name, "route", "add", "default", "via", HERE)
        yield ADDRESS
    finally:
        _ip("netns", "delete", name)  # both ends of its cable go with it


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"

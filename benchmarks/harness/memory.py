"""How much memory a process needed at most."""

from __future__ import annotations

from pathlib import Path


def peak_rss_mib() -> float:
    """Return the largest resident memory of this program, in MiB.

    ``getrusage`` would also count what the parent had when it started this process: the kernel
    keeps the larger of both when a program is replaced by another one.
    """
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024

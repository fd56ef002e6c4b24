"""Removing what dead processes left in the staging folder."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from crispml_core.adapters.volume.errors import registry_errors
from crispml_core.adapters.volume.publish import STAGING


def sweep(root: Path, is_live: Callable[[str], bool], older_than_s: float = 3600.0) -> list[str]:
    """Remove staged folders of runs that are not live, and return their names.

    Parameters
    ----------
    root : Path
        The folder of the registry.
    is_live : callable
        Says whether the run with this id still works.
    older_than_s : float
        What was written to within this time stays in any case: an upload belongs to no run.
    """
    removed = []
    with registry_errors():
        try:
            entries = list(os.scandir(root / STAGING))
        except FileNotFoundError:
            return []
        for entry in entries:
            run_id = entry.name.rpartition(".")[0]
            if time.time() - _last_write(entry) < older_than_s or is_live(run_id):
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                Path(entry.path).unlink(missing_ok=True)
            if not os.path.lexists(entry.path):
                removed.append(entry.name)
    return sorted(removed)


def _last_write(entry: os.DirEntry[str]) -> float:
    # A file that grows does not touch the time of its folder.
    try:
        times = [entry.stat(follow_symlinks=False).st_mtime]
        if entry.is_dir(follow_symlinks=False):
            times += [file.stat(follow_symlinks=False).st_mtime for file in os.scandir(entry.path)]
    except FileNotFoundError:
        # Its writer published or removed it this moment.
        return time.time()
    return max(times)

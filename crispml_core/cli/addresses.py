"""Where the services are: the file that ``up`` and ``demo`` keep while they run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

FOLDER = ".crispml"
FILE = "services.json"
TRAINING_URL = "http://127.0.0.1:8101"
SCORING_URL = "http://127.0.0.1:8102"


def write(folder: Path, urls: Mapping[str, str]) -> None:
    """Note the addresses of the services that this process has started."""
    file = folder / FILE
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({**urls, "pid": os.getpid()}, indent=2) + "\n", encoding="utf-8")
    draft.replace(file)


def remove(folder: Path) -> None:
    """Forget the addresses, unless another process has written them since."""
    file = folder / FILE
    if _load(file).get("pid") == os.getpid():
        file.unlink(missing_ok=True)


def read(folder: Path) -> dict[str, str]:
    """Return the noted addresses by service; empty when the process that noted them has ended."""
    noted = _load(folder / FILE)
    pid = noted.get("pid")
    if not isinstance(pid, int) or not _is_alive(pid):
        return {}
    return {name: url for name, url in noted.items() if isinstance(url, str)}


def _load(file: Path) -> dict[str, object]:
    try:
        noted = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

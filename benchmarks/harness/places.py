"""Where the benchmark keeps things, and which core does what."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "benchmarks" / "peers"
RESULTS = ROOT / "benchmarks" / "results"
HOME = ROOT / ".bench"
ENVIRONMENTS = HOME / "envs"
DATA = HOME / "data"
MODELS = HOME / "models"
LOGS = HOME / "logs"
# On the disk of the checkout: a ledger in memory would flush for nothing.
STORES = HOME / "stores"

HOST = "127.0.0.1"
SERVER_CORE, CLIENT_CORE = 0, 1

"""A toy use case for tests of every room: small, complete, and made of plain values."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import settings
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from crispml_core import (
    Algorithm,
    CostMatrix,
    CsvSource,
    Derive,
    Field,
    Gate,
    Hyperparameter,
    Segment,
    Target,
    UseCase,
)
from crispml_core.tables.frames import to_frame
from crispml_core.tables.schema import arrow_schema
from tests.databases import Databases
from tests.environments import interpreter
from tests.servers import POSTGRESQL, Servers

# Most tests are not about who asks or who signed; those that are set the modes themselves.
os.environ.setdefault("CRISPML_AUTH__MODE", "off")
os.environ.setdefault("CRISPML_SIGNING__MODE", "off")

# `make check` runs fewer examples than `make test`, and `make proof` more: --hypothesis-profile.
# Performance is measured by the benchmarks: a busy machine must not fail a property.
settings.register_profile("quick", max_examples=15, deadline=None)
settings.register_profile("default", max_examples=30, deadline=None)
settings.register_profile("full", max_examples=200, deadline=None)
settings.load_profile("default")

# What takes minutes or programs of its own: `make test` leaves it to `make trial`.
TRIALS = ("clients", "oracles", "simulation", "e2e/faults", "fuzz")
# What looks at pages with a real browser: `make test` leaves it to `make browser`.
BROWSED = ("console",)
# Where the tests with a marker are. To import all other tests too takes a run of few longer than
# some of them.
FOLDERS = {
    "trial": (*TRIALS, "contract", "e2e", "services/test_examples_live.py"),
    "server": ("contract", "dashboards", "deploy", "e2e", "prometheus"),
    "browser": BROWSED,
    "container": ("containers", "manifests", "tekton"),
    "proof": ("containers", "e2e", "fuzz", "simulation"),
}
# Files are handed to processes one by one. Those that take longest come first, so that none of
# them keeps one process busy when the others have nothing left.
FIRST = (
    "contract/test_statements.py",
    "fuzz",
    "e2e/test_batch_clusters.py",
    "clients",
    "oracles",
    "e2e/test_story.py",
    "docs/test_sessions.py",
    "e2e",
)
# Ends the server that a run was told of, so nothing of that run may come after it.
LAST = ("e2e/faults/test_db2_away.py",)
# The first test of an environment installs it, which takes minutes on a busy machine.
INSTALLING, INSTALL_S = ("clients", "oracles"), 900


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start the servers that a run may need, and count tests by their database."""
    config.pluginmanager.register(Databases())
    wanted = config.option.markexpr.startswith(("server", "trial", "proof"))
    if not wanted or hasattr(config, "workerinput") or config.option.collectonly:
        return
    if POSTGRESQL not in os.environ:
        servers = Servers(Path(tempfile.mkdtemp(prefix="postgresql-")))
        servers.start()
        config.pluginmanager.register(servers)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where tests with one marker are asked for, look only where they are."""
    folders = FOLDERS.get(config.option.markexpr.partition(" ")[0])
    if folders is None or any(folder.is_relative_to(collection_path) for folder in _paths(folders)):
        return None
    return None if _is_below(collection_path, folders) else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their folder, and give those that install something the time for it."""
    items.sort(key=_turn)
    for item in items:
        if _is_below(item.path, TRIALS):
            item.add_marker(pytest.mark.trial)
        if _is_below(item.path, BROWSED):
            item.add_marker(pytest.mark.browser)
        if _is_below(item.path, INSTALLING):
            item.add_marker(pytest.mark.timeout(INSTALL_S))
        for marker, folders in FOLDERS.items():
            if item.get_closest_marker(marker) and not _is_below(item.path, folders):
                raise pytest.UsageError(f"FOLDERS of {__file__} lacks a {marker}: {item.nodeid}")


def _turn(item: pytest.Item) -> int:
    if _is_below(item.path, LAST):
        return len(FIRST) + 1
    turns = (turn for turn, first in enumerate(FIRST) if _is_below(item.path, (first,)))
    return next(turns, len(FIRST))


@cache
def _is_below(path: Path, folders: tuple[str, ...]) -> bool:
    return any(path.is_relative_to(folder) for folder in _paths(folders))


@cache
def _paths(folders: tuple[str, ...]) -> tuple[Path, ...]:
    return tuple(Path(__file__).parent / folder for folder in folders)


FIELDS = (
    Field("order_id", "string", "Number of the order.", max_length=20),
    Field("amount", "number", "Amount in euro.", minimum=0, maximum=10_000),
    Field("items", "integer", "Number of items.", minimum=1, maximum=100),
    Field("channel", "category", "Where it came from.", values=("shop", "web", "phone")),
    Field("note", "string", "Free text.", nullable=True, privacy="drop"),
)


def curate() -> ColumnTransformer:
    """Scale the numbers and encode the channel."""
    return ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["amount", "items", "price"]),
            ("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["channel"]),
        ]
    )


LINEAR = Algorithm(
    name="linear",
    curate=curate,
    estimator=LogisticRegression,
    hyperparameters=(
        Hyperparameter("C", 1.0, 1e-3, 1e3, search=(0.1, 1.0, 10.0), scale="log"),
        Hyperparameter("max_iter", 500, 1, 5000),
    ),
)


@pytest.fixture
def toy() -> UseCase:
    """Will an order be sent back? Binary, with a derived field, a segment, costs and a gate."""
    return UseCase(
        name="toy",
        record_key="order_id",
        fields=FIELDS,
        target=Target("returned", "binary", values=("no", "yes"), positive="yes"),
        source=CsvSource("toy.csv"),
        prepare=(Derive("price", "amount / items"),),
        algorithms=(LINEAR,),
        segments=(Segment("channel"), Segment("size", field="amount", bins=(100, 500))),
        cost_matrix=CostMatrix(false_positive=1, false_negative=3),
        gates=(Gate("auc", minimum=0.6),),
        digest="d" * 64,
    )


@pytest.fixture
def toy_regression(toy: UseCase) -> UseCase:
    """The same orders, with the days until delivery as target."""
    ridge = Algorithm(
        name="ridge",
        curate=curate,
        estimator=Ridge,
        hyperparameters=(Hyperparameter("alpha", 1.0, 1e-6, 1e6, search=(0.1, 1.0)),),
    )
    return UseCase(
        name="toy_days",
        record_key="order_id",
        fields=FIELDS,
        target=Target("days", "regression", minimum=0, maximum=1000),
        source=CsvSource("toy.csv"),
        prepare=(Derive("price", "amount / items"),),
        algorithms=(ridge,),
        segments=(Segment("channel"),),
        digest="d" * 64,
    )


def orders(rows: int, seed: int = 0) -> pa.Table:
    """Make conforming orders with a truth that the amount and the channel explain in part."""
    random = np.random.default_rng(seed)
    amount = random.uniform(1, 1000, rows).round(2)
    channel = random.choice(["shop", "web", "phone"], rows)
    odds = 0.004 * amount - 2.0 + (channel == "web") * 1.0
    returned = np.where(random.random(rows) < 1 / (1 + np.exp(-odds)), "yes", "no")
    schema = arrow_schema(FIELDS)
    columns = [
        pa.array([f"O-{number:06d}" for number in range(rows)]),
        pa.array(amount),
        pa.array(random.integers(1, 10, rows)),
        pa.array(channel.tolist()),
        pa.array([None if number % 3 else "as a gift" for number in range(rows)]),
    ]
    table = pa.table(columns, schema=schema)
    days = pa.array((amount / 100 + random.normal(5, 1, rows)).clip(0))
    return table.append_column("returned", pa.array(returned.tolist())).append_column("days", days)


@pytest.fixture
def toy_rows():
    """Give the orders of the binary use case as an Arrow table: ``toy_rows(100)``."""
    return lambda rows, seed=0: orders(rows, seed).drop_columns(["days"])


@pytest.fixture
def toy_days_rows():
    """Give the orders of the regression use case as an Arrow table."""
    return lambda rows, seed=0: orders(rows, seed).drop_columns(["returned"])


@pytest.fixture
def prepared():
    """Prepare Arrow rows in memory: ``prepared(use_case, table)`` gives a frame with the split."""
    from crispml_core.methods.data_preparation import DataPreparation

    def run(use_case: UseCase, table: pa.Table, seed: int = 0) -> pd.DataFrame:
        batches = DataPreparation(use_case).run(table.to_batches(), seed=seed)
        return to_frame(pa.Table.from_batches(list(batches)), use_case.schema)

    return run


@pytest.fixture(scope="session")
def environment() -> Callable[[Path], Path]:
    """Give the interpreter of an environment of its own: ``environment(requirements)``."""
    return interpreter

"""The world of a batch, with a source in it."""

import pyarrow.parquet as pq
import pytest

from tests.unit.pipelines.batches.world import World


@pytest.fixture
def world(toy, tmp_path):
    return World(toy, tmp_path)


@pytest.fixture
def orders(world, toy_rows):
    """Write 100 orders as the source, in row groups that do not fit the chunks."""
    table = toy_rows(100).drop_columns(["returned"])
    pq.write_table(table, world.root / "orders.parquet", row_group_size=17)
    return table

"""A migrated SQLite file."""

from __future__ import annotations

import pytest

from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.scores import Encoding, ScoreGroup, ScoreRows, new_group_id


@pytest.fixture
def file(tmp_path):
    return tmp_path / "crispml.db"


@pytest.fixture
def url(file):
    migrate.upgrade(f"sqlite:///{file}")
    return f"sqlite:///{file}"


@pytest.fixture
def engine(url):
    engine = make_engine(url, options=EngineOptions(busy_timeout_s=0.05))
    yield engine
    engine.dispose()


@pytest.fixture
def ledger(engine):
    return SqlScoreLedger(engine)


@pytest.fixture
def make_group():
    """Make a binary group with these record keys, the next one of its writer."""
    sequence = 0

    def make(*keys, **changes):
        nonlocal sequence
        sequence += 1
        facts = {
            "group_id": new_group_id(),
            "writer_id": "w",
            "sequence": sequence,
            "use_case": "credit",
            "model": "credit",
            "version": "v1",
            "alias": None,
            "created_at": utc_now(),
            "classes": ("bad", "good"),
            "scores": ScoreRows(
                record_keys=list(keys),
                predictions=["bad"] * len(keys),
                probabilities=[0.25] * len(keys),
                segments=["{}"] * len(keys),
                request_ids=["r"] * len(keys),
            ),
            "inputs": b"inputs",
            "encoding": Encoding.ROWS,
            "row_digests": bytes(32 * len(keys)),
            "root": bytes(32),
            "previous_root": bytes(32),
        }
        return ScoreGroup(**facts | changes)

    return make

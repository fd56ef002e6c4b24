"""What trips those who use Db2 through its driver does not trip the stores."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, insert, make_url, select

from crispml_core.adapters.sql.databases.engine import make_engine, reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken
from crispml_core.adapters.sql.schema.tables import audit_seals, score_rows, unindexed_groups
from crispml_core.adapters.sql.schema.types import SHORT_TEXT
from crispml_core.domain.errors import InvalidInput
from tests.contract.conftest import sql_stores
from tests.servers import DB2, address, own_schema, upgraded

pytestmark = [pytest.mark.server, pytest.mark.database("db2")]


@pytest.fixture(scope="module")
def url():
    return upgraded(own_schema("traps"))


@pytest.fixture
def engine(url):
    engine = make_engine(url)
    yield engine
    engine.dispose()


def test_of_many_rows_none_is_left_when_one_fails(engine):
    """The driver goes on after a row that fails, and the good ones stay in the transaction."""
    rows = [{"group_no": number, "next_row": 0} for number in (1, 2, 2, 3)]
    with pytest.raises(ConstraintBroken), writing(engine) as connection:
        connection.execute(insert(unindexed_groups), rows)

    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(unindexed_groups)).scalar() == 0


@pytest.mark.parametrize("probabilities", [(1, 0.25), (0.25, 1), (None, 1, 0.25, None)])
def test_whole_numbers_and_others_lie_in_one_column(engine, probabilities):
    """The driver takes the type of a column from its first row: "not homogeneous"."""
    stores = sql_stores(engine)
    group = stores.group(*(f"k{number}" for number in range(len(probabilities))))
    group.scores.probabilities[:] = probabilities

    stores.ledger.append([group])

    with reading(engine) as connection:
        query = select(score_rows.c.probability).order_by(score_rows.c.place.desc())
        found = connection.execute(query.limit(len(probabilities))).scalars().all()
    assert found[::-1] == list(probabilities)


def test_bytes_of_many_rows_are_stored_as_they_are(engine):
    """The driver unwraps them for one row only, and would store `<memory at 0x…>` for many."""
    rows = [
        {
            "table_name": "bytes",
            "seal_number": size,
            "kind": "rows",
            "first_key": "a",
            "last_key": "b",
            "row_count": 1,
            "audit_sequence": 1,
            "sealed_at": datetime(2026, 3, 1, tzinfo=UTC),
            "row_digests": bytes(range(256)) * size,
        }
        for size in (2, 60, 1)
    ]
    with writing(engine) as connection:
        connection.execute(insert(audit_seals), rows)

    query = select(audit_seals.c.seal_number, audit_seals.c.row_digests)
    with reading(engine) as connection:
        found = dict(connection.execute(query.where(audit_seals.c.table_name == "bytes")).all())
    assert found == {size: bytes(range(256)) * size for size in (2, 60, 1)}


def test_a_text_that_is_longer_than_its_column_is_refused_and_nothing_is_stored(engine):
    """The driver clears memory for all of a column, so those of scores are short."""
    stores = sql_stores(engine)
    group = stores.group("a", "b")
    group = replace(group, scores=replace(group.scores, details=["{}", "ä" * SHORT_TEXT]))

    with pytest.raises(InvalidInput, match="longer than the 65,536 bytes"):
        stores.ledger.append([group])

    assert stores.ledger.stored([group.group_id]) == set()


# Uses an engine, loses all of its connections, and uses it again. The driver reads once for each
# process how it is set up.
ASK_TWICE = """
import sys
from crispml_core.adapters.sql.databases.engine import make_engine, reading
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger

ledger = SqlScoreLedger(make_engine(sys.argv[1]))
for _ in range(2):
    print(ledger.last_root("nobody")[0], flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("reroutes", [False, True])
def test_a_connection_that_was_lost_is_not_used_again(url, tmp_path, reroutes):
    """With client reroute, its default, the driver has other codes for a lost connection."""
    with Relay(make_url(address(DB2))) as relay:
        file = tmp_path / "db2dsdriver.cfg"
        file.write_text(CONFIGURATION.format(port=relay.port, reroutes=str(reroutes).lower()))
        process = subprocess.Popen(
            [sys.executable, "-c", ASK_TWICE, through(url, relay.port)],
            env=os.environ | {"DB2DSDRIVER_CFG_PATH": str(file)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout.readline() == "0\n"
        assert relay.cut() > 0
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "0\n"
        process.communicate("\n", timeout=30)
    assert process.returncode == 0


CONFIGURATION = """<configuration><databases>
<database name="CIDB" host="127.0.0.1" port="{port}">
<parameter name="Authentication" value="SERVER"/>
<acr><parameter name="enableAcr" value="{reroutes}"/></acr>
</database>
</databases></configuration>"""


def through(url: str, port: int) -> str:
    return make_url(url).set(host="127.0.0.1", port=port).render_as_string(hide_password=False)


class Relay:
    """Passes connections on to a server, and can cut them all."""

    def __init__(self, server):
        self._to = server.host, server.port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception):
        self._listening.close()
        self.cut()

    def cut(self) -> int:
        """Cut every connection, and return how many ends there were."""
        found, self._open = self._open, []
        for end in found:
            end.close() if end.fileno() < 0 else end.shutdown(socket.SHUT_RDWR)
        return len(found)

    def _accept(self):
        while True:
            try:
                one, _ = self._listening.accept()
            except OSError:
                return
            other = socket.create_connection(self._to)
            self._open += [one, other]
            for source, target in ((one, other), (other, one)):
                threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source, target):
    try:
        while data := source.recv(65_536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, target):
            end.close()
